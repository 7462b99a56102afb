//! The risk register: what could go wrong, how bad, what is done about it, and what remains (L1111).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::civil::Date;
use serde::Serialize;

use super::finding::{Finding, Severity, Status};
use super::rule::{Citation, Control, Rule, RuleId, all};
use crate::spec::Waiver;

/// A risk register, for those who answer for risk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Register {
    /// The version of this format.
    pub schema_version: u32,
    /// The environment.
    pub pit: String,
    /// Who answers for it.
    pub owner: String,
    /// The day of the judgement.
    pub on: Date,
    /// The risks, worst first by what remains; then open before accepted, and by name.
    pub risks: Vec<Risk>,
}

/// One risk: what a rule guards against.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Risk {
    /// The rule.
    pub rule: RuleId,
    /// What must hold.
    pub title: &'static str,
    /// How the rule stands.
    pub state: RiskState,
    /// What remains: the severity that applies as things stand.
    pub residual: Severity,
    /// The risk when the protocol is broken.
    pub severity_broken: Severity,
    /// The risk that remains when the protocol is kept.
    pub severity_kept: Severity,
    /// Where it is open, or was accepted.
    pub resources: BTreeSet<String>,
    /// What it costs to keep, and where more of it stops paying.
    pub cost: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// The regulation.
    pub cfr: &'static [Citation],
    /// The controls.
    pub nist80053: &'static [Control],
    /// Who accepted it, until when.
    pub waivers: Vec<Waiver>,
}

/// How a rule stands in an environment, by the worst that it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RiskState {
    /// Broken somewhere.
    Open,
    /// Broken nowhere that could be read.
    Unknown,
    /// Broken, and accepted by a waiver everywhere that it is.
    Waived,
    /// Kept if what is declared is true.
    Declared,
    /// Kept.
    Kept,
}

impl RiskState {
    /// How a rule stands by these findings of it; none when it found nothing to look at.
    #[must_use]
    pub fn of<'a>(findings: impl Iterator<Item = &'a Finding>) -> Option<Self> {
        let state = |finding: &Finding| match (finding.status, finding.waived) {
            (Status::Broken | Status::Unknown, true) => Self::Waived,
            (Status::Broken, false) => Self::Open,
            (Status::Unknown, false) => Self::Unknown,
            (Status::Declared, _) => Self::Declared,
            (Status::Kept, _) => Self::Kept,
        };
        findings.map(state).min()
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Unknown => "unknown",
            Self::Waived => "waived",
            Self::Declared => "declared",
            Self::Kept => "kept",
        }
    }
}

/// The register of an environment by what the rules said of it. A rule that found nothing to look at is no risk there.
#[must_use]
pub fn register(findings: &[Finding], pit: &str, owner: &str, on: Date) -> Register {
    let mut risks: Vec<Risk> = all().iter().filter_map(|rule| risk(rule, findings)).collect();
    risks.sort_by_key(|risk| (std::cmp::Reverse((risk.residual, risk.severity_broken)), risk.state, risk.rule));
    Register { schema_version: 1, pit: pit.to_owned(), owner: owner.to_owned(), on, risks }
}

fn risk(rule: &Rule, findings: &[Finding]) -> Option<Risk> {
    let about = || findings.iter().filter(|finding| finding.rule == rule.id);
    let to_tell = about().filter(|finding| finding.open() || finding.waived);
    let mut waivers: Vec<Waiver> = Vec::new();
    for waiver in about().filter_map(|finding| finding.waiver.as_ref()) {
        if !waivers.contains(waiver) {
            waivers.push(waiver.clone());
        }
    }
    Some(Risk {
        rule: rule.id,
        title: rule.title,
        state: RiskState::of(about())?,
        residual: about().map(|finding| finding.severity).max()?,
        severity_broken: rule.severity_broken,
        severity_kept: rule.severity_kept,
        resources: to_tell.map(|finding| finding.resource.clone()).collect(),
        cost: rule.cost,
        fix: rule.fix,
        cfr: rule.cfr,
        nist80053: rule.nist80053,
        waivers,
    })
}

impl Register {
    /// As Markdown: a table of all risks, and below it what is open and what was accepted.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let Self { pit, owner, on, risks, .. } = self;
        let mut text = format!(
            "# Risk register of `{pit}`, {on}\n\n\
             {owner} answers for each risk here; a waiver names who accepted one. The severity if kept is what remains while the\n\
             protocol is followed, if broken what follows when it is not; what remains is the one of the two that applies.\n\n\
             | remains | if broken | if kept | state | risk: what must hold | where | cost, and where more stops paying | answers | waiver |\n\
             |---|---|---|---|---|---|---|---|---|\n"
        );
        for risk in risks {
            text.push_str(&row(risk));
        }
        let open: Vec<&Risk> = risks.iter().filter(|risk| risk.state <= RiskState::Unknown).collect();
        let waived: Vec<&Waiver> = risks.iter().flat_map(|risk| &risk.waivers).collect();
        section(&mut text, "To be done", open.iter().map(|risk| format!("`{}`: {}", risk.rule, risk.fix)));
        section(&mut text, "Accepted", waived.into_iter().map(accepted));
        text
    }
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.map(|line| format!("- {line}\n")).collect();
    let told = if lines.is_empty() { "Nothing.\n".to_owned() } else { lines.concat() };
    // Writing to a string cannot fail.
    let _ = write!(text, "\n## {title}\n\n{told}");
}

fn row(risk: &Risk) -> String {
    let places: Vec<&str> = risk.resources.iter().map(String::as_str).collect();
    let cfr = risk.cfr.iter().map(|cited| cited.citation.to_owned());
    let nist = risk.nist80053.iter().map(|control| control.control.to_owned());
    let waivers = risk.waivers.iter().map(|waiver| format!("{} until {}", waiver.approver, waiver.expires));
    let cells = [
        risk.residual.to_string(),
        risk.severity_broken.to_string(),
        risk.severity_kept.to_string(),
        risk.state.word().to_owned(),
        format!("{} (`{}`)", risk.title, risk.rule),
        places.join(", "),
        risk.cost.to_owned(),
        cfr.chain(nist).collect::<Vec<_>>().join(", "),
        waivers.collect::<Vec<_>>().join(", "),
    ];
    format!("| {} |\n", cells.map(|cell| cell_text(&cell)).join(" | "))
}

/// A text as a cell of a Markdown table.
pub(crate) fn cell_text(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn accepted(waiver: &Waiver) -> String {
    let Waiver { rule, resource, reason, approver, expires, addressable, .. } = waiver;
    let why = addressable.as_ref().map(|addressable| {
        let instead =
            addressable.instead.as_deref().map(|text| format!("; instead: {}", quoted(text))).unwrap_or_default();
        format!(" 45 CFR 164.306(d)(3): {}{instead}.", quoted(&addressable.why))
    });
    let (rule, resource, reason) = (code(rule), code(resource), quoted(reason));
    format!("{rule} for {resource} by {} until {expires}: {reason}.{}", quoted(approver), why.unwrap_or_default())
}

/// Somebody's words within a paragraph: one line, in which nothing is markup.
fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().fold(String::new(), |mut quoted, c| {
        if "\\`*_[]<>#|!&~".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
        quoted
    })
}

/// The same as code.
fn code(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("`{}`", line.replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Declared, Terms, judge};
    use crate::lock::Lock;
    use crate::model::Model;
    use crate::plan::plan;
    use crate::spec::{Format, parse};

    fn of(text: &str) -> Register {
        let spec = parse(text, Format::Toml).unwrap();
        let model = Model::planned(&plan(&spec, &Lock::offline(&spec)).unwrap());
        let today = "2026-11-24".parse().unwrap();
        register(&judge(&model, &Declared::of(&spec), &Terms::on(today)), spec.pit.as_str(), &spec.owner, today)
    }

    const SPEC: &str = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n[network]\ntenancy = \"dedicated\"\n\
        [access]\nidle_minutes = 45\n[[waiver]]\nrule = \"tenancy-is-shared\"\nresource = \"vpc\"\ndigest = \"3fd1c371304aa309\"\n\
        reason = \"a grant | or two\"\napprover = \"ciso@example.edu\"\nexpires = 2027-03-01\n";

    #[test]
    fn the_register_reads_as_it_should() {
        insta::assert_snapshot!(of(SPEC).to_markdown());
    }

    #[test]
    fn the_worst_that_remains_comes_first() {
        let register = of(SPEC);
        assert!(register.risks.is_sorted_by(|a, b| a.residual >= b.residual));
        assert_eq!(register.risks[0].state, RiskState::Open);
        let tenancy = register.risks.iter().find(|risk| risk.rule.0 == "tenancy-is-shared").unwrap();
        assert_eq!((tenancy.state, tenancy.waivers.len()), (RiskState::Waived, 1));
        assert!(register.risks.iter().all(|risk| risk.rule.0 != "database-is-private"), "there is no database");
    }
}
