//! `sce apply`

use sce::{Applied, ApplyOptions, CheckedPlan, Finding, NotShown, Proof, Refused, Seen, Verdict, Verification};
use serde::Serialize;

use super::{check, prove, verify};
use crate::cli::{Apply, Global};
use crate::failure::{Exit, Failure};
use crate::output::{self, counted, note};
use crate::prepared::{self, Keep, Prepared};
use crate::progress::Progress;

/// What `--json` writes.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    created: &'a [String],
    changed: &'a [String],
    kept: &'a [String],
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
}

pub(crate) async fn run(asked: &Apply, global: &Global) -> Result<Exit, Failure> {
    let (session, prepared) = prepared::with_account(&asked.spec, global, Keep::BesideTheSpec).await?;
    let Some(checked) = checked(prepared, asked)? else { return Ok(Exit::Findings) };
    let progress = Progress::new(global.quiet, "building");
    let options = ApplyOptions { take_over: asked.take_over };
    let applied = sce::apply(&session, &checked, options, &|step| progress.step(step)).await?;
    drop(progress);
    match asked.format.json {
        true => output::json(&document(&applied))?,
        false => output::result(&text(&checked, &applied))?,
    }
    let Verification { findings, proofs, .. } = &applied.verification;
    let blocked = findings.iter().any(Finding::blocks) || proofs.iter().any(Proof::blocks);
    Ok(Exit::findings(!applied.verified || blocked))
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
            let (findings, proofs) = (check::text(&refused.findings, false), prove::in_short(&refused.proofs));
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
        calls: 0,
        mutating_calls: 0,
        verified: false,
        not_as_planned: Vec::new(),
        unplanned: &[],
        findings: refused.findings.iter().filter(|finding| finding.open()).collect(),
        properties: &refused.proofs,
        not_shown: &[],
    }
}

fn document(applied: &Applied) -> Document<'_> {
    let Verification { nodes, unplanned, not_shown, findings, proofs, .. } = &applied.verification;
    Document {
        schema_version: applied.schema_version,
        created: &applied.created,
        changed: &applied.changed,
        kept: &applied.kept,
        calls: applied.calls,
        mutating_calls: applied.mutating_calls,
        verified: applied.verified,
        not_as_planned: nodes.iter().filter(|verdict| !matches!(verdict.seen, Seen::AsPlanned)).collect(),
        unplanned,
        findings: findings.iter().filter(|finding| finding.open()).collect(),
        properties: proofs,
        not_shown,
    }
}

fn text(checked: &CheckedPlan, applied: &Applied) -> String {
    let plan = checked.plan();
    format!(
        "`{}` in {} ({}): {} created, {} changed, {} kept; {}, {} of which may change something\n{}",
        plan.pit,
        plan.account,
        plan.region,
        applied.created.len(),
        applied.changed.len(),
        applied.kept.len(),
        counted(usize::try_from(applied.calls).unwrap_or(usize::MAX), "request", "requests"),
        applied.mutating_calls,
        verify::text(&applied.verification),
    )
}
