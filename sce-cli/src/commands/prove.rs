//! `sce prove`

use std::path::Path;

use sce::model::Model;
use sce::proofs::{Report, Status};
use sce::{Declared, Intent, Proof};

use crate::cli::{Global, Judging, Prove};
use crate::failure::{Exit, Failure};
use crate::output::{self, wrapped};
use crate::prepared::{self, Keep};
use crate::progress::Progress;

pub(crate) async fn run(asked: &Prove, global: &Global) -> Result<Exit, Failure> {
    if asked.spec.is_dir() {
        let message = format!("`{}` is a folder, and claims are proved of a spec", asked.spec.display());
        let advice = format!(
            "name the spec: `sce prove SPEC --saved {}` proves its claims of what the folder tells",
            asked.spec.display()
        );
        return Err(Failure::usage(message).advise(advice));
    }
    let proofs = match &asked.saved {
        Some(folder) => saved(asked, folder, global)?,
        None if asked.live => live(asked, global).await?,
        None => planned(asked, global)?,
    };
    match asked.format.json {
        true => output::json(&Report::new(&proofs))?,
        false => output::result(&text(&proofs, asked.all))?,
    }
    Ok(Exit::findings(proofs.iter().any(Proof::blocks)))
}

fn planned(asked: &Prove, global: &Global) -> Result<Vec<Proof>, Failure> {
    let prepared = prepared::offline(&asked.spec, global.quiet)?;
    let intent = Intent::of(&prepared.file.spec, &prepared.lock, &prepared.plan);
    let intent = match &asked.beside {
        None => intent,
        Some(other) => {
            let other = prepared::offline(other, true)?;
            if other.plan.pit == prepared.plan.pit {
                let message = format!("both specs are of `{}`: no environment is isolated from itself", other.plan.pit);
                return Err(Failure::usage(message).advise("name the spec of another PIT"));
            }
            intent.beside(Model::planned(&other.plan))
        }
    };
    Ok(sce::prove(&Model::planned(&prepared.plan), &intent))
}

/// What was saved of the account, in the words of the plan that the spec and its lock make.
fn saved(asked: &Prove, folder: &Path, global: &Global) -> Result<Vec<Proof>, Failure> {
    let prepared = prepared::offline(&asked.spec, global.quiet)?;
    let told = prepared::saved(folder, &prepared.plan, global.quiet)?;
    Ok(sce::prove(&told.model, &Intent::of(&prepared.file.spec, &prepared.lock, &prepared.plan)))
}

async fn live(asked: &Prove, global: &Global) -> Result<Vec<Proof>, Failure> {
    let (session, prepared) = prepared::with_account(&asked.spec, global, Keep::Nowhere).await?;
    let _progress = Progress::new(global.quiet, "reading the account");
    let declared = Declared::of(&prepared.file.spec);
    Ok(sce::verify(&session, &prepared.plan, &declared, &prepared.terms(&Judging::default())?).await.proofs)
}

/// Each claim, what came of it, and why; then how many there are of each.
pub(crate) fn text(proofs: &[Proof], all: bool) -> String {
    let told = entries(proofs.iter(), all);
    let hint = if all { "" } else { " (`--all` tells what each takes for granted and leaves out)" };
    format!("{told}{}{hint}\n", summary(proofs))
}

/// Those that do not hold, and how many do.
pub(crate) fn in_short(proofs: &[Proof]) -> String {
    if proofs.is_empty() {
        return String::new();
    }
    let told = entries(proofs.iter().filter(|proof| proof.blocks()), false);
    format!("{told}{}\n", summary(proofs))
}

/// The claims one after another. What keeps several from being told is said at the first, and what to do about it.
fn entries<'a>(proofs: impl Iterator<Item = &'a Proof>, all: bool) -> String {
    let mut unknown: Vec<&Proof> = Vec::new();
    let mut told = String::new();
    for proof in proofs {
        let same = unknown.iter().find(|earlier| earlier.why == proof.why && earlier.help == proof.help).copied();
        told += &entry(proof, same.map(|earlier| earlier.property.id.0), all);
        if proof.status == Status::Unknown && same.is_none() {
            unknown.push(proof);
        }
    }
    told
}

/// A claim; `as_of` names the one that told the reason already.
fn entry(proof: &Proof, as_of: Option<&str>, all: bool) -> String {
    let required = match (proof.required, proof.status) {
        (true, _) => "required",
        (false, Status::Violated) => "given up",
        (false, _) => "not asked",
    };
    let indent = "          ";
    let line = |text: &str| format!("{}\n", wrapped(text, indent));
    let head =
        format!("{:8}  {required:9}  {}\n{}", word(proof.status), proof.property.id.0, line(proof.property.claim));
    let why = match as_of {
        Some(earlier) => line(&format!("why: the same as of `{earlier}`")),
        None => {
            let help = proof.help.as_ref().map(|help| line(&format!("help: {help}"))).unwrap_or_default();
            format!("{}{help}", line(&format!("why: {}", proof.why)))
        }
    };
    let shown = proof.witness.as_ref().map(|witness| line(&format!("shown by: {}", witness.told())));
    let list =
        |what: &str, told: &[String]| told.iter().map(|told| line(&format!("{what}: {told}"))).collect::<String>();
    let more = match all {
        true => {
            let over = line(&format!("over: {}", proof.property.quantifier));
            format!("{over}{}{}", list("given", &proof.assumptions), list("outside", &proof.outside_claim))
        }
        false => String::new(),
    };
    format!("{head}{why}{}{more}", shown.unwrap_or_default())
}

fn summary(proofs: &[Proof]) -> String {
    let count = |status: Status| proofs.iter().filter(|proof| proof.status == status).count();
    let blocking = proofs.iter().filter(|proof| proof.blocks()).count();
    let given_up = proofs.iter().filter(|proof| proof.status == Status::Violated && !proof.required).count();
    let openly = if given_up == 0 { String::new() } else { format!(" ({given_up} given up openly by the spec)") };
    let so = if blocking == 0 { "what the spec asks for is proved" } else { "what the spec asks for is not proved" };
    format!(
        "{so}: of {} claims {} hold, {} violated{openly}, {} unknown",
        proofs.len(),
        count(Status::Holds),
        match count(Status::Violated) {
            1 => "1 is".to_owned(),
            several => format!("{several} are"),
        },
        match count(Status::Unknown) {
            1 => "1 is".to_owned(),
            several => format!("{several} are"),
        },
    )
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Holds => "holds",
        Status::Violated => "violated",
        Status::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use sce::lock::Lock;
    use sce::model::{Foreign, ResidentKind};
    use sce::proofs::properties;

    use super::*;

    fn proofs(foreign: &[(&str, bool)]) -> Vec<Proof> {
        let text = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n[compute.private]\ntype = \"m7i.large\"\n";
        let spec = sce::spec::parse(text, sce::spec::Format::Toml).unwrap();
        let lock = Lock::offline(&spec);
        let plan = sce::plan(&spec, &lock).unwrap();
        let mut model = Model::planned(&plan);
        model.foreign = foreign
            .iter()
            .map(|(id, idle)| Foreign {
                kind: ResidentKind::SecurityGroup,
                id: (*id).to_owned(),
                message: format!("security group {id} lies in the network and in no plan: it bears no tag"),
                idle: *idle,
            })
            .collect();
        sce::prove(&model, &Intent::of(&spec, &lock, &plan))
    }

    #[test]
    fn what_keeps_several_claims_from_being_told_is_told_once() {
        let told = text(&proofs(&[("sg-0a", false)]), false);
        let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words.matches("why: nothing speaks against it, and it rests on").count(), 1, "{told}");
        assert!(words.contains("security group sg-0a lies in the network"), "{told}");
        assert!(words.contains("what it lets through is not followed"), "{told}");
        let first = properties()[0].id.0;
        assert!(words.matches(&format!("why: the same as of `{first}`")).count() >= 3, "{told}");
    }

    #[test]
    fn a_group_around_nothing_keeps_no_claim_from_being_told() {
        let proofs = proofs(&[("sg-0a", true)]);
        assert!(proofs.iter().all(|proof| proof.status != Status::Unknown && !proof.blocks()), "{proofs:#?}");
    }
}
