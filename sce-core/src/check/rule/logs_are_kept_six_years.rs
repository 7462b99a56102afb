//! Logs are asked to be kept as long as the documentation that may rest on them.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("logs-are-kept-six-years"),
    title: "The spec asks for six years of logs",
    severity_kept: Severity::Info,
    severity_broken: Severity::Low,
    cfr: &[Citation::required("164.316(b)(2)(i)")],
    nist80053: &[Control::crosswalk("SI-12"), Control::judgement("AU-11")],
    document_line: Some(117),
    status: Law::InForce,
    rationale: "The Security Rule asks for six years of documentation, counted from its making or its last effective \
        date (45 CFR 164.316(b)(2)(i)). It does not say so of raw logs. Still, a log that answers a question about \
        an action or an incident becomes part of the documentation, and an accounting of disclosures looks six years \
        back.",
    fix: "set `retention.logs_days` to 2192, or keep reports made from the logs for six years",
    cost: "storage, which for the logs of one project is small",
    bad: "[retention]\n\
        logs_days = 365",
    good: "[retention]\n\
        logs_days = 2192",
    looks_at: &[],
    examine,
};

/// The most days that six calendar years have: two of them may be leap years.
const SIX_YEARS: u32 = 2192;

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let days = facts.declared.logs_days;
    let kept = format!("{days} days of logs are asked for");
    let broken = format!(
        "{days} days of logs are asked for; the six years of 164.316(b)(2)(i) are for documentation, not for raw logs"
    );
    vec![Observation::of("spec", days >= SIX_YEARS, &kept, &broken).at("retention.logs_days")]
}
