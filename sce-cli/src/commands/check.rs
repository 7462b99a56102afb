//! `sce check`

use sce::spec::Waiver;
use sce::{Declared, Finding, NotShown, Proof, Report};
use serde::Serialize;

use super::prove;
use crate::cli::{Check, Global};
use crate::failure::{Exit, Failure};
use crate::output::{self, counted, wrapped};
use crate::prepared::{self, Keep, Prepared};
use crate::progress::Progress;

/// What `--json` writes: the report, and of an account what could not be shown.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: Report<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_shown: Option<&'a [NotShown]>,
}

/// What was judged.
struct Judged {
    findings: Vec<Finding>,
    proofs: Vec<Proof>,
    /// What those who answer cannot show; none of a plan.
    not_shown: Option<Vec<NotShown>>,
}

pub(crate) async fn run(check: &Check, global: &Global) -> Result<Exit, Failure> {
    let judged = match check.live {
        true => live(check, global).await?,
        false => planned(check, global)?,
    };
    let Judged { findings, proofs, not_shown } = &judged;
    let unproved = proofs.iter().any(Proof::blocks);
    if check.format.json {
        let not_shown = not_shown.as_deref();
        output::json(&Document { report: Report::new(findings, check.all), not_shown })?;
    } else {
        let not_shown = not_shown.as_deref().unwrap_or_default();
        let proofs = if unproved { prove::in_short(proofs) } else { String::new() };
        output::result(&format!("{}{proofs}{}", text(findings, check.all), not_shown_text(not_shown)))?;
    }
    Ok(Exit::findings(unproved || findings.iter().any(Finding::blocks)))
}

fn planned(check: &Check, global: &Global) -> Result<Judged, Failure> {
    let Prepared { file, lock, plan } = prepared::offline(&check.spec, global.quiet)?;
    let (findings, proofs) = match sce::check(plan, file.spec, lock, prepared::terms(Some(&check.day))) {
        Ok(checked) => (checked.findings().to_vec(), checked.proofs().to_vec()),
        Err(refused) => (refused.findings, refused.proofs),
    };
    Ok(Judged { findings, proofs, not_shown: None })
}

async fn live(check: &Check, global: &Global) -> Result<Judged, Failure> {
    let (session, prepared) = prepared::with_account(&check.spec, global, Keep::Nowhere).await?;
    let _progress = Progress::new(global.quiet, "reading the account");
    let (declared, terms) = (Declared::of(&prepared.file.spec), prepared::terms(Some(&check.day)));
    let seen = sce::verify(&session, &prepared.plan, &declared, &terms).await;
    Ok(Judged { findings: seen.findings, proofs: seen.proofs, not_shown: Some(seen.not_shown) })
}

/// The open findings, or all; then how many there are.
pub(crate) fn text(findings: &[Finding], all: bool) -> String {
    let shown: Vec<&Finding> = findings.iter().filter(|finding| all || finding.open()).collect();
    let width = shown.iter().map(|finding| finding.rule.0.len()).max().unwrap_or(0);
    let told: String = shown.iter().map(|finding| entry(finding, width)).collect();
    format!("{told}{}\n", summary(findings, all))
}

/// What those who answer cannot show: told apart, since nobody saw it kept. What holds of several things is told once.
pub(crate) fn not_shown_text(not_shown: &[NotShown]) -> String {
    let mut groups: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for NotShown { node, what, why, .. } in not_shown {
        match groups.iter_mut().find(|(told, reason, _)| told == what && reason == why) {
            Some((_, _, nodes)) => nodes.push(node),
            None => groups.push((what, why, vec![node])),
        }
    }
    if groups.is_empty() {
        return String::new();
    }
    let told = groups.into_iter().map(|(what, _, nodes)| match nodes.as_slice() {
        [only] => format!("{what} of {only}"),
        several => format!("{what} of {} things", several.len()),
    });
    let told = wrapped(&told.collect::<Vec<_>>().join(", "), "  ");
    format!("\nnot shown by this emulator, and so not verified (`--json` says why):\n{told}\n")
}

fn entry(finding: &Finding, width: usize) -> String {
    let Finding { severity, status, rule, resource, message, .. } = finding;
    let head = format!("{severity:8}  {status:8}  {rule:width$}  {resource}\n{}\n", wrapped(message, "          "));
    let more = match &finding.waiver {
        Some(Waiver { approver, expires, reason, .. }) => {
            vec![format!("waived until {expires} by {approver}: {reason}")]
        }
        None if finding.open() && finding.waivable() => {
            vec![format!("help: {}", finding.help), format!("digest, for a waiver: {}", finding.digest)]
        }
        None if finding.open() => vec![format!("help: {}", finding.help)],
        None => Vec::new(),
    };
    std::iter::once(head).chain(more.iter().map(|line| format!("{}\n", wrapped(line, "          ")))).collect()
}

fn summary(findings: &[Finding], all: bool) -> String {
    let report = Report::new(findings, all);
    let open = findings.iter().filter(|finding| finding.open()).count();
    let by_severity: Vec<String> =
        report.summary.open.iter().rev().map(|(severity, count)| format!("{count} {severity}")).collect();
    let waived = findings.iter().filter(|finding| finding.waived).count();
    let residual = findings.len() - open - waived;
    let hint = if all || residual + waived == 0 { "" } else { " (shown with `--all`)" };
    let waived = if waived == 0 { String::new() } else { format!(", {waived} waived") };
    let open = match open {
        0 => "nothing is open".to_owned(),
        open => format!("{}: {}", counted(open, "finding is open", "findings are open"), by_severity.join(", ")),
    };
    format!("{open}; {residual} kept or declared{waived}{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_of_several_things_is_told_once() {
        let not_shown = |node: &str, why: &str| NotShown {
            node: node.to_owned(),
            kind: "bucket",
            what: "delivery".to_owned(),
            why: why.to_owned(),
        };
        let text =
            not_shown_text(&[not_shown("a", "none comes"), not_shown("b", "late"), not_shown("c", "none comes")]);
        let expected = "\nnot shown by this emulator, and so not verified (`--json` says why):\n  delivery of 2 things, delivery of b\n";
        assert_eq!(text, expected);
        assert_eq!(not_shown_text(&[]), "");
    }
}
