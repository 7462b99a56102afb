//! The Institutional Review Board approves before anything is built (L25, L98).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Severity};
use crate::spec::says_something;

pub(super) static RULE: Rule = Rule {
    id: RuleId("review-board-approval-is-declared"),
    title: "The Institutional Review Board has approved the study",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::addressable("164.308(a)(4)(ii)(B)"), Citation::other("164.512(i)")],
    nist80053: &[Control::crosswalk("AC-2"), Control::crosswalk("PS-6")],
    document_line: Some(25),
    status: Law::InForce,
    rationale: "Access to PHI for research needs somebody's authority, and the document makes the board's approval \
        the first gate. Approval alone is no permission to use PHI: that takes an authorization, a waiver (45 CFR \
        164.512(i)) or a limited data set with an agreement. No API can check any of it, so the spec declares the \
        number.",
    fix: "give the study's number as `approvals.irb`, and build nothing for PHI before there is one",
    cost: "weeks of the board's time, which no engineering replaces",
    bad: "[approvals]\n\
        billing = \"BUDGET-77\"",
    good: "[approvals]\n\
        irb = \"STUDY00001234\"",
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let number = facts.declared.irb.as_deref().filter(|text| says_something(text));
    let number = number
        .map(|number| format!("declared: approved as `{number}`; whether it covers these data is the board's to say"));
    vec![Observation::declaration("spec", number, "no approval of a review board is declared").at("approvals.irb")]
}

#[cfg(test)]
mod tests {
    use crate::check::Severity;
    use crate::check::rule::testing::Scene;

    #[test]
    fn an_empty_number_is_no_approval() {
        let mut scene = Scene::clean();
        scene.declared.irb = Some(" ".to_owned());
        let findings = super::RULE.findings(&scene.facts());
        assert_eq!(findings[0].message, "no approval of a review board is declared");
        assert!(findings[0].blocks() && findings[0].severity == Severity::High);
    }
}
