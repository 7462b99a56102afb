//! `sce drift`

use std::io::{self, BufRead as _, IsTerminal as _};

use sce::drift::{Drift, Drifted};
use sce::{Declared, DriftReport, RepairError, RepairOptions, Repaired, Session, TrailRead};
use serde::Serialize;

use super::check;
use crate::cli::{DriftAsked, Global};
use crate::failure::{Exit, Failure};
use crate::output::{self, note};
use crate::prepared::{self, Keep, Prepared};
use crate::progress::Progress;

/// What `--json` writes.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    pit: &'a str,
    #[serde(flatten)]
    report: &'a DriftReport,
    /// With `--repair`: what was put back before this was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    repaired: Option<&'a Repaired>,
}

pub(crate) async fn run(asked: &DriftAsked, global: &Global) -> Result<Exit, Failure> {
    let (session, prepared) = prepared::with_account(&asked.spec, global, Keep::Nowhere).await?;
    let report = read(&session, &prepared, asked, global).await?;
    if !asked.repair {
        return tell(&prepared, &report, None, asked);
    }
    if !report.is_applied {
        tell(&prepared, &report, Some(&Repaired::default()), asked)?;
        return Err(RepairError::NotApplied.into());
    }
    if !report.drift.findings.iter().any(|one| one.repair.is_done_here()) {
        let exit = tell(&prepared, &report, Some(&Repaired::default()), asked)?;
        note("note: nothing of this can be put back in place");
        return Ok(exit);
    }
    confirm(&report.drift, asked)?;
    let progress = Progress::new(global.quiet, "putting back");
    let options = RepairOptions { take_over: asked.take_over };
    let repaired = sce::repair(&session, &prepared.plan, &report.drift, options, &|step| progress.step(step)).await?;
    drop(progress);
    let after = read(&session, &prepared, asked, global).await?;
    tell(&prepared, &after, Some(&repaired), asked)
}

async fn read(
    session: &Session,
    prepared: &Prepared,
    asked: &DriftAsked,
    global: &Global,
) -> Result<DriftReport, Failure> {
    let (declared, terms) = (Declared::of(&prepared.file.spec), prepared.terms(&asked.judging)?);
    let progress = Progress::new(global.quiet, "reading everything back");
    let report = sce::drift_of(session, &prepared.plan, &declared, &terms).await?;
    drop(progress);
    Ok(report)
}

fn tell(
    prepared: &Prepared,
    report: &DriftReport,
    repaired: Option<&Repaired>,
    asked: &DriftAsked,
) -> Result<Exit, Failure> {
    match asked.format.json {
        true => {
            let pit = prepared.plan.pit.as_str();
            output::json(&Document { schema_version: 1, pit, report, repaired })?;
        }
        false => output::result(&text(report, repaired))?,
    }
    if !report.is_applied {
        note(
            "note: this spec is not the one that was applied last: what it changes is told as drift too; \
             `sce plan --against-account` tells them as changes",
        );
    }
    let failed = repaired.is_some_and(|repaired| !repaired.failed.is_empty());
    Ok(Exit::findings(report.drifted || !report.drift.unread.is_empty() || failed))
}

fn text(report: &DriftReport, repaired: Option<&Repaired>) -> String {
    let head = repaired.map(put_back).unwrap_or_default();
    let trail = match &report.trail {
        TrailRead::NotReadable { why } => format!("\nWho did it is not readable: {why}\n"),
        TrailRead::Read | TrailRead::NothingToAsk => String::new(),
    };
    format!("{head}{}{trail}{}", report.drift.to_text(), check::not_shown_text(&report.not_shown))
}

fn put_back(repaired: &Repaired) -> String {
    let changed = repaired.changed.iter().map(|one| format!("put back: {one}\n"));
    let removed = repaired.removed.iter().map(|one| format!("taken out: {one}\n"));
    let failed = repaired.failed.iter().map(|one| format!("not put back: {}: {}\n", one.resource, one.why));
    changed.chain(removed).chain(failed).collect()
}

/// Lists exactly what is about to change, and asks for a yes.
fn confirm(drift: &Drift, asked: &DriftAsked) -> Result<(), Failure> {
    note(&about_to_change(drift));
    if asked.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        let help = "read what would be changed above, then add `--yes`";
        return Err(Failure::usage("there is nobody to ask whether this may be changed").advise(help));
    }
    note("Change this in the account? Type `yes`:");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match read.is_ok() && answer.trim() == "yes" {
        true => Ok(()),
        false => Err(Failure::usage("nothing was changed").advise("type `yes`, or add `--yes`")),
    }
}

fn about_to_change(drift: &Drift) -> String {
    let (done, not): (Vec<&Drifted>, Vec<&Drifted>) = drift.findings.iter().partition(|one| one.repair.is_done_here());
    let line = |one: &&Drifted| {
        let subject = one.node.as_ref().map_or_else(|| one.name.clone(), ToString::to_string);
        format!("  {subject}: {}: {}\n", one.repair.how(), one.details.join("; "))
    };
    let section = |title: &str, findings: &[&Drifted]| {
        let lines: String = findings.iter().map(line).collect();
        if lines.is_empty() { lines } else { format!("{title}\n{lines}") }
    };
    let foreign: String = drift.foreign.iter().map(|one| format!("  {} {}\n", one.kind.title(), one.id)).collect();
    let foreign = if foreign.is_empty() { foreign } else { format!("Not touched, since it is not ours:\n{foreign}") };
    format!("{}{}{foreign}", section("To be put back:", &done), section("Not put back:", &not))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_back_is_told_first() {
        let repaired = Repaired {
            changed: vec!["subnet-private".to_owned()],
            removed: vec!["rtb-1 10.9.0.0/16".to_owned()],
            failed: vec![sce::NotRepaired { resource: "key".to_owned(), why: "denied".to_owned() }],
        };
        let expected = "put back: subnet-private\ntaken out: rtb-1 10.9.0.0/16\nnot put back: key: denied\n";
        assert_eq!(put_back(&repaired), expected);
    }
}
