//! Who may accept a risk is for the institution to say, and for how long.

use super::waivers::{called, each};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, JudgedWaiver, Outcome, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("institution-accepts-the-waivers"),
    title: "Every waiver is of somebody, and of a term, that the institution admits",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.316(a)"), Citation::standard("164.308(a)(2)")],
    nist80053: &[Control::crosswalk("PL-1"), Control::judgement("RA-7")],
    document_line: Some(91),
    status: Law::InForce,
    rationale: "The document asks who is responsible for a risk and leaves it open. An institution that names its \
        approvers answers: a signature of anybody else accepts nothing for it. A bound on the term brings each \
        accepted risk back to the table.",
    fix: "have one of the policy's `waivers.approvers` accept it, for no longer than `waivers.longest_days`",
    cost: "an appointment with the approver once a year",
    bad: r#"# policy: waivers.approvers = ["ciso@example.edu"]
[[waiver]]
approver = "colleague@example.edu""#,
    good: r#"# policy: waivers.approvers = ["ciso@example.edu"]
[[waiver]]
approver = "ciso@example.edu""#,
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let Some(institution) = &facts.terms.institution else { return Vec::new() };
    let kept = |judged: &JudgedWaiver| format!("{} is as {} admits", called(judged), institution.name);
    each(facts, kept, |judged| match &judged.outcome {
        Outcome::NotAdmitted(why) => Some(format!("{} accepts nothing: {why}", called(judged))),
        _ => None,
    })
}
