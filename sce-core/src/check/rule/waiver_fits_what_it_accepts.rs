//! What changed since it was accepted is not what was accepted.

use super::waivers::{called, each};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, JudgedWaiver, Outcome, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("waiver-fits-what-it-accepts"),
    title: "Every waiver is for the thing as it is now",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::required("164.308(a)(1)(ii)(B)")],
    nist80053: &[Control::crosswalk("RA-3"), Control::judgement("CA-5"), Control::judgement("RA-7")],
    document_line: Some(1111),
    status: Law::InForce,
    rationale: "An approver accepts a thing as it was shown, not whatever it becomes. The waiver carries the digest of that thing, and \
        a digest that no longer fits means that properties changed afterwards. What was accepted for a small change \
        could otherwise cover a large one.",
    fix: "look at what changed; if it may stay, have its approver accept it and copy the digest that `sce check` shows",
    cost: "a look by the approver whenever the thing changes",
    bad: r#"[network]
tenancy = "dedicated"
[[waiver]]
rule = "tenancy-is-shared"
resource = "vpc"
digest = "0000000000000000"
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
    let kept = |judged: &JudgedWaiver| format!("{} is for the thing as it is", called(judged));
    each(facts, kept, |judged| match &judged.outcome {
        Outcome::Outgrown(now) => Some(format!(
            "{} accepts digest `{}`, and `{}` is of digest `{now}` now",
            called(judged),
            judged.waiver.digest,
            judged.waiver.resource
        )),
        _ => None,
    })
}
