//! A required specification of the Security Rule must be implemented (45 CFR 164.306(d)(2)).

use super::waivers::{called, each};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, JudgedWaiver, Outcome, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("waiver-is-of-no-required-specification"),
    title: "No waiver is for what the Security Rule requires",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::other("164.306(d)(2)"), Citation::required("164.308(a)(1)(ii)(B)")],
    nist80053: &[Control::crosswalk("RA-3"), Control::judgement("RA-7")],
    document_line: Some(1111),
    status: Law::InForce,
    rationale: "The Security Rule marks some specifications as required, and leaves nobody a choice about those. A waiver of one is an \
        agreement to break the rule, whoever signs it. So it accepts nothing, and the finding that it was meant for \
        stays open.",
    fix: "take the waiver out, and do what the rule that it names asks for",
    cost: "none that can be weighed: the law asks for it",
    bad: r#"[network]
tenancy = "dedicated"
[[waiver]]
rule = "trail-is-logging"
resource = "vpc"
digest = "3fd1c371304aa309"
reason = "the grant asks for hardware of its own"
approver = "ciso@example.edu"
expires = 2027-03-01"#,
    good: r#"[network]
tenancy = "dedicated"
[[waiver]]
rule = "tenancy-is-shared"
resource = "vpc"
digest = "3fd1c371304aa309"
reason = "the grant asks for hardware of its own"
approver = "ciso@example.edu"
expires = 2027-03-01"#,
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let kept = |judged: &JudgedWaiver| format!("{} touches no required specification", called(judged));
    each(facts, kept, |judged| match judged.outcome {
        Outcome::Required(citation) => {
            Some(format!("{} accepts nothing: 45 CFR {citation} is required, and cannot be waived", called(judged)))
        }
        _ => None,
    })
}
