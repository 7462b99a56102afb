//! The billing mechanism is settled before anything is built (L26, L100).

use super::{Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Severity};
use crate::spec::says_something;

pub(super) static RULE: Rule = Rule {
    id: RuleId("budget-is-declared"),
    title: "A budget is declared that pays for the environment",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[],
    nist80053: &[Control::judgement("PM-3")],
    document_line: Some(26),
    status: Law::InForce,
    rationale: "The document asks for a billing mechanism with the request, because an environment that nobody pays \
        for is switched off or left to decay with data in it. No paragraph of the Security Rule asks for it.",
    fix: "give the budget's number as `approvals.billing`",
    cost: "none",
    bad: "[approvals]\n\
        irb = \"STUDY00001234\"",
    good: "[approvals]\n\
        billing = \"BUDGET-77\"",
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let budget = facts.declared.billing.as_deref().filter(|text| says_something(text));
    let budget = budget.map(|budget| format!("declared: `{budget}` pays"));
    let missing = "no budget is declared that pays for the environment";
    vec![Observation::declaration("spec", budget, missing).at("approvals.billing")]
}
