//! `sce check`

use std::path::Path;

use jiff::civil::Date;
use sce::checks::{SpecText, sarif};
use sce::spec::{Format, Spec, Waiver};
use sce::{Declared, Finding, Intent, NotShown, Proof, Report, Verification};
use serde::Serialize;
use serde_json::Value;

use super::prove;
use crate::cli::{Check, Global, Looking, Source};
use crate::failure::{Exit, Failure};
use crate::output::{self, counted, wrapped};
use crate::prepared::{self, Keep, Prepared};
use crate::progress::Progress;

/// What `--json` writes: the report, the claims, of an account what could not be shown, and of saved files those left out.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: Report<'a>,
    /// What came of every claim.
    properties: &'a [Proof],
    #[serde(skip_serializing_if = "Option::is_none")]
    not_shown: Option<&'a [NotShown]>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    left_out: &'a [String],
}

/// What was judged.
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    /// What came of every claim.
    pub(crate) proofs: Vec<Proof>,
    pub(crate) spec: Spec,
    /// The day of the judgement.
    pub(crate) on: Date,
    /// What those who answer cannot show; none of a plan.
    not_shown: Option<Vec<NotShown>>,
    /// Saved files that nothing was taken from.
    left_out: Vec<String>,
}

pub(crate) async fn run(check: &Check, global: &Global) -> Result<Exit, Failure> {
    let judged = judged(&check.spec, &check.source, &check.looking, global).await?;
    let Judged { findings, proofs, not_shown, left_out, .. } = &judged;
    let unproved = proofs.iter().any(Proof::blocks);
    if check.sarif {
        output::json(&as_sarif(&judged, check)?)?;
    } else if check.format.json {
        let not_shown = not_shown.as_deref();
        output::json(&Document { report: Report::new(findings, check.all), properties: proofs, not_shown, left_out })?;
    } else {
        let not_shown = not_shown.as_deref().unwrap_or_default();
        let proofs = if unproved { prove::in_short(proofs) } else { String::new() };
        output::result(&format!("{}{proofs}{}", text(findings, check.all, "--all"), not_shown_text(not_shown)))?;
    }
    Ok(Exit::findings(unproved || findings.iter().any(Finding::blocks)))
}

/// The spec's plan, what is in the account, or what was saved of it, by every rule.
pub(crate) async fn judged(spec: &Path, of: &Source, looking: &Looking, global: &Global) -> Result<Judged, Failure> {
    match &of.saved {
        Some(folder) => saved(spec, folder, looking, global),
        None if of.live => of_account(spec, looking, global).await,
        None => of_plan(spec, looking, global),
    }
}

fn of_plan(spec: &Path, looking: &Looking, global: &Global) -> Result<Judged, Failure> {
    let prepared = prepared::offline(spec, global.quiet)?;
    let terms = prepared.terms_looking(looking)?;
    let Prepared { file, lock, plan } = prepared;
    let (spec, on) = (file.spec.clone(), terms.today);
    let (findings, proofs) = match sce::check(plan, file.spec, lock, terms) {
        Ok(checked) => (checked.findings().to_vec(), checked.proofs().to_vec()),
        Err(refused) => (refused.findings, refused.proofs),
    };
    Ok(Judged { findings, proofs, spec, on, not_shown: None, left_out: Vec::new() })
}

/// What was saved of the account, in the words of the plan that the spec and its lock make.
fn saved(spec: &Path, folder: &Path, looking: &Looking, global: &Global) -> Result<Judged, Failure> {
    let prepared = prepared::offline(spec, global.quiet)?;
    let terms = prepared.terms_looking(looking)?;
    let sce::saved::Told { model, left_out } = prepared::saved(folder, &prepared.plan, global.quiet)?;
    let findings = sce::judge(&model, &Declared::of(&prepared.file.spec), &terms);
    let proofs = sce::prove(&model, &Intent::of(&prepared.file.spec, &prepared.lock, &prepared.plan));
    Ok(Judged { findings, proofs, spec: prepared.file.spec, on: terms.today, not_shown: None, left_out })
}

async fn of_account(spec: &Path, looking: &Looking, global: &Global) -> Result<Judged, Failure> {
    let (session, prepared) = prepared::with_account(spec, global, Keep::Nowhere).await?;
    let _progress = Progress::new(global.quiet, "reading the account");
    let (declared, terms) = (Declared::of(&prepared.file.spec), prepared.terms_looking(looking)?);
    let seen = sce::verify(&session, &prepared.plan, &declared, &terms).await;
    let (spec, on) = (prepared.file.spec, terms.today);
    let Verification { findings, proofs, not_shown, .. } = seen;
    Ok(Judged { findings, proofs, spec, on, not_shown: Some(not_shown), left_out: Vec::new() })
}

/// Findings as SARIF, with the lines of the spec that they are about.
fn as_sarif(judged: &Judged, check: &Check) -> Result<Value, Failure> {
    let text = sce::read_text(&check.spec)?;
    let uri = uri(&check.spec);
    let spec = SpecText { uri: &uri, text: &text, format: Format::of_file(&uri) };
    Ok(sarif(&judged.findings, &judged.proofs, spec, check.all))
}

/// A path as a URI reference: relative stays relative, and what a URI cannot hold is escaped.
fn uri(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let shown = path.display().to_string().replace('\\', "/");
    shown.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The open findings, or all; then how many there are, and with what the others are `shown_with`.
pub(crate) fn text(findings: &[Finding], all: bool, shown_with: &str) -> String {
    let shown: Vec<&Finding> = findings.iter().filter(|finding| all || finding.open()).collect();
    let width = shown.iter().map(|finding| finding.rule.0.len()).max().unwrap_or(0);
    let told: String = shown.iter().map(|finding| entry(finding, width)).collect();
    format!("{told}{}\n", summary(findings, all, shown_with))
}

/// What those who answer cannot show: told apart, since nobody saw it kept. What holds of several things is told once, whatever the
/// reasons, which are not told here.
pub(crate) fn not_shown_text(not_shown: &[NotShown]) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for NotShown { node, what, .. } in not_shown {
        match groups.iter_mut().find(|(told, _)| told == what) {
            Some((_, nodes)) if nodes.contains(&node.as_str()) => {}
            Some((_, nodes)) => nodes.push(node),
            None => groups.push((what, vec![node])),
        }
    }
    if groups.is_empty() {
        return String::new();
    }
    let told = groups.into_iter().map(|(what, nodes)| match nodes.as_slice() {
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
        None if finding.open() => {
            let waiver = match finding.unwaivable() {
                None => format!("digest, for a waiver: {}", finding.digest),
                Some(why) => format!("no waiver accepts it: {why}"),
            };
            vec![format!("help: {}", finding.advice()), waiver]
        }
        None => Vec::new(),
    };
    std::iter::once(head).chain(more.iter().map(|line| format!("{}\n", wrapped(line, "          ")))).collect()
}

fn summary(findings: &[Finding], all: bool, shown_with: &str) -> String {
    let report = Report::new(findings, all);
    let open = findings.iter().filter(|finding| finding.open()).count();
    let by_severity: Vec<String> =
        report.summary.open.iter().rev().map(|(severity, count)| format!("{count} {severity}")).collect();
    let waived = findings.iter().filter(|finding| finding.waived).count();
    let residual = findings.len() - open - waived;
    let hint = match all || residual + waived == 0 {
        true => String::new(),
        false => format!(" (shown with `{shown_with}`)"),
    };
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
    fn a_path_is_a_uri_reference() {
        assert_eq!(uri(Path::new("my specs/hipaa.toml")), "my%20specs/hipaa.toml");
    }

    #[test]
    fn what_holds_of_several_things_is_told_once() {
        let not_shown = |node: &str, why: &str| NotShown {
            node: node.to_owned(),
            kind: "bucket",
            what: "delivery".to_owned(),
            why: why.to_owned(),
        };
        let text = not_shown_text(&[not_shown("a", "none comes"), not_shown("b", "late"), not_shown("a", "late")]);
        let expected =
            "\nnot shown by this emulator, and so not verified (`--json` says why):\n  delivery of 2 things\n";
        assert_eq!(text, expected);
        assert_eq!(not_shown_text(&[]), "");
    }
}
