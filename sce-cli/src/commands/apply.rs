//! `sce apply`

use sce::{
    Applied, ApplyOptions, CheckedPlan, Finding, Interrupt, NotShown, Proof, Refused, Seen, SpecFile, UndoOptions,
    Verdict, Verification,
};
use serde::Serialize;

use super::{check, prove, verify};
use crate::cli::{Apply, Global};
use crate::failure::{Exit, Failure, undone_lines};
use crate::output::{self, counted, note};
use crate::prepared::{self, Keep, Prepared};
use crate::progress::Progress;
use crate::target::Chosen;

/// What `--json` writes.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    created: &'a [String],
    changed: &'a [String],
    kept: &'a [String],
    removed: &'a [String],
    calls: u64,
    mutating_calls: u64,
    verified: bool,
    /// Nodes that do not read back as planned.
    not_as_planned: Vec<&'a Verdict>,
    unplanned: &'a [String],
    findings: Vec<&'a Finding>,
    /// What came of every claim.
    properties: &'a [Proof],
    not_shown: &'a [NotShown],
    /// What looking ahead for quotas and offers could not tell, and why.
    not_checked: &'a [String],
}

pub(crate) async fn run(asked: &Apply, global: &Global, interrupt: Interrupt) -> Result<Exit, Failure> {
    if asked.undo {
        return undo(asked, global, interrupt).await;
    }
    let (session, prepared) = prepared::with_account(&asked.spec, global, Keep::BesideTheSpec).await?;
    let Some(checked) = checked(prepared, asked)? else { return Ok(Exit::Findings) };
    let progress = Progress::new(global.quiet, "building");
    let options = ApplyOptions {
        take_over: asked.take_over,
        undo_on_failure: asked.undo_on_failure,
        dangerously_replace: asked.dangerously_replace.iter().cloned().collect(),
        may_stop_machines: asked.may_stop_machines,
        reopen: asked.reopen,
        interrupt,
    };
    let applied = sce::apply(&session, &checked, options, &|step| progress.step(step)).await?;
    drop(progress);
    match asked.format.json {
        true => output::json(&document(&applied))?,
        false => output::result(&text(&checked, &applied))?,
    }
    Ok(Exit::findings(applied.verification.blocks()))
}

/// Undoes the latest run, by the registry: neither plan nor rules are asked.
async fn undo(asked: &Apply, global: &Global, interrupt: Interrupt) -> Result<Exit, Failure> {
    let spec = SpecFile::read(&asked.spec)?.spec;
    let session = Chosen::from(global)?.open(&spec.region).await?;
    let progress = Progress::new(global.quiet, "undoing");
    let options = UndoOptions { take_over: asked.take_over, interrupt };
    let undone = sce::undo(&session, &spec.pit, options, &|step| progress.step(step)).await?;
    drop(progress);
    match (asked.format.json, &undone.run) {
        (true, _) => output::json(&undone)?,
        (false, None) => output::result("nothing to undo: no run made anything that is there")?,
        (false, Some(run)) => {
            output::result(&format!("run {run}\n{}", undone_lines(&undone.undone).join("\n")))?;
        }
    }
    if undone.undone.interrupted {
        let failure = Failure::cloud("undoing was interrupted; what was in flight was finished");
        return Err(failure.advise("run the same command again: it goes on from here"));
    }
    Ok(Exit::findings(!undone.undone.left.is_empty()))
}

/// The plan, if the rules let it pass; what they said, if not.
fn checked(prepared: Prepared, asked: &Apply) -> Result<Option<CheckedPlan>, Failure> {
    let terms = prepared.terms(&asked.judging)?;
    let Prepared { file, lock, plan } = prepared;
    let refused = match sce::check(plan, file.spec, lock, terms) {
        Ok(checked) => return Ok(Some(checked)),
        Err(refused) => refused,
    };
    match asked.format.json {
        true => output::json(&nothing_done(&refused))?,
        false => {
            let (findings, proofs) =
                (check::text(&refused.findings, false, "sce check --all"), prove::in_short(&refused.proofs));
            output::result(&format!("{findings}{proofs}"))?;
        }
    }
    note(&format!("error: {refused}; nothing was built"));
    Ok(None)
}

/// What is told of a plan that the rules refused.
fn nothing_done(refused: &Refused) -> Document<'_> {
    Document {
        schema_version: 1,
        created: &[],
        changed: &[],
        kept: &[],
        removed: &[],
        calls: 0,
        mutating_calls: 0,
        verified: false,
        not_as_planned: Vec::new(),
        unplanned: &[],
        findings: refused.findings.iter().filter(|finding| finding.open()).collect(),
        properties: &refused.proofs,
        not_shown: &[],
        not_checked: &[],
    }
}

fn document(applied: &Applied) -> Document<'_> {
    let Verification { nodes, unplanned, not_shown, findings, proofs, .. } = &applied.verification;
    Document {
        schema_version: applied.schema_version,
        created: &applied.created,
        changed: &applied.changed,
        kept: &applied.kept,
        removed: &applied.removed,
        calls: applied.calls,
        mutating_calls: applied.mutating_calls,
        verified: applied.verified,
        not_as_planned: nodes.iter().filter(|verdict| !matches!(verdict.seen, Seen::AsPlanned)).collect(),
        unplanned,
        findings: findings.iter().filter(|finding| finding.open()).collect(),
        properties: proofs,
        not_shown,
        not_checked: &applied.not_checked,
    }
}

fn text(checked: &CheckedPlan, applied: &Applied) -> String {
    let plan = checked.plan();
    let not_checked: String =
        applied.not_checked.iter().map(|what| format!("not checked beforehand: {what}\n")).collect();
    format!(
        "`{}` in {} ({}): {} created, {} changed, {} kept, {} removed; {}, {} of which may change something\n{not_checked}{}",
        plan.pit,
        plan.account,
        plan.region,
        applied.created.len(),
        applied.changed.len(),
        applied.kept.len(),
        applied.removed.len(),
        counted(usize::try_from(applied.calls).unwrap_or(usize::MAX), "request", "requests"),
        applied.mutating_calls,
        verify::text(&applied.verification, false, "sce verify --all"),
    )
}
