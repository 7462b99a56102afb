//! `sce verify`

use sce::{Declared, Seen, Verdict, Verification};
use serde::Serialize;

use super::{check, prove};
use crate::cli::{Global, Verify};
use crate::failure::{Exit, Failure};
use crate::output::{self, counted};
use crate::prepared::{self, Keep};
use crate::progress::Progress;

/// What `--json` writes.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    verified: bool,
    nodes: &'a [Verdict],
    unplanned: &'a [String],
    not_shown: &'a [sce::NotShown],
    /// Those about which something is to be done, as `sce check` counts them.
    findings: Vec<&'a sce::Finding>,
    /// What comes of every claim.
    properties: &'a [sce::Proof],
}

pub(crate) async fn run(asked: &Verify, global: &Global) -> Result<Exit, Failure> {
    let (session, prepared) = prepared::with_account(&asked.spec, global, Keep::Nowhere).await?;
    let (declared, terms) = (Declared::of(&prepared.file.spec), prepared.terms(&asked.judging)?);
    let progress = Progress::new(global.quiet, "reading everything back");
    let verification = sce::verify(&session, &prepared.plan, &declared, &terms).await;
    drop(progress);
    match asked.format.json {
        true => output::json(&document(&verification))?,
        false => output::result(&text(&verification, asked.all, "--all"))?,
    }
    Ok(Exit::findings(verification.blocks()))
}

fn document(verification: &Verification) -> Document<'_> {
    Document {
        schema_version: 1,
        verified: verification.verified,
        nodes: &verification.nodes,
        unplanned: &verification.unplanned,
        not_shown: &verification.not_shown,
        findings: verification.findings.iter().filter(|finding| finding.open()).collect(),
        properties: &verification.proofs,
    }
}

/// What is not as planned, what the rules say of what is there, and what nobody could see.
pub(crate) fn text(verification: &Verification, all: bool, shown_with: &str) -> String {
    let Verification { verified, nodes, unplanned, not_shown, findings, proofs } = verification;
    let as_planned = counted(nodes.len(), "thing reads back as planned", "things read back as planned");
    let head = match (verified, verification.blocks()) {
        (true, false) => format!("verified: {as_planned}\n"),
        (true, true) => format!("verified: {as_planned}; what is there is not in order all the same\n"),
        (false, _) => "not verified\n".to_owned(),
    };
    let off: String = nodes.iter().filter_map(verdict).collect();
    let beside: String = unplanned.iter().map(|id| format!("  {id}: is there and in no plan\n")).collect();
    let (findings, proofs) = (check::text(findings, all, shown_with), prove::in_short(proofs));
    format!("{head}{off}{beside}\n{findings}{proofs}{}", check::not_shown_text(not_shown))
}

/// What is the matter with a node, if anything.
fn verdict(verdict: &Verdict) -> Option<String> {
    let node = &verdict.node;
    match &verdict.seen {
        Seen::AsPlanned => None,
        Seen::Missing => Some(format!("  {node}: is not there\n")),
        Seen::Unreadable { why } => Some(format!("  {node}: could not be read: {why}\n")),
        Seen::ChangedByOthers { differences } => {
            let told = |difference: &sce::aws::resource::Difference| {
                format!(
                    "  {node}: is somebody else's and was changed: {} is {}, was {} when the lock was made\n",
                    difference.field, difference.found, difference.planned
                )
            };
            let then = "    sce mends nothing of others: run `sce lock` and `sce check` again, and settle with its owner what they say\n";
            Some(differences.iter().map(told).chain([then.to_owned()]).collect())
        }
        Seen::Different { differences } => {
            let told = |difference: &sce::aws::resource::Difference| {
                format!("  {node}: {} is {}, planned {}\n", difference.field, difference.found, difference.planned)
            };
            Some(differences.iter().map(told).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_as_planned_is_told_node_by_node() {
        let verification = Verification {
            verified: false,
            nodes: vec![
                Verdict { node: "vpc".to_owned(), seen: Seen::AsPlanned },
                Verdict { node: "key".to_owned(), seen: Seen::Missing },
                Verdict { node: "flow-log".to_owned(), seen: Seen::Unreadable { why: "denied".to_owned() } },
            ],
            unplanned: vec!["sg-1".to_owned()],
            not_shown: Vec::new(),
            findings: Vec::new(),
            proofs: Vec::new(),
        };
        let expected = "not verified\n  key: is not there\n  flow-log: could not be read: denied\n  sg-1: is there and in no plan\n\nnothing is open; 0 kept or declared\n";
        assert_eq!(text(&verification, false, "--all"), expected);
    }
}
