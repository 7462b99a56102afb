//! What was accepted for a time is not accepted for ever.

use super::waivers::{called, each};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, JudgedWaiver, Outcome, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("waiver-is-in-force"),
    title: "No waiver is past its day",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::required("164.308(a)(1)(ii)(B)")],
    nist80053: &[Control::crosswalk("RA-3"), Control::judgement("CA-5"), Control::judgement("RA-7")],
    document_line: Some(1111),
    status: Law::InForce,
    rationale: "A risk is accepted for a time, while the better way is prepared. Past its day nobody has accepted it, and what it \
        covered is open again. A waiver that stays in the spec after that looks like an approval and is none.",
    fix: "take the waiver out and mend what it covered, or have its approver accept it anew until a later day",
    cost: "an appointment with the approver once a year",
    bad: r#"[network]
tenancy = "dedicated"
[[waiver]]
rule = "tenancy-is-shared"
resource = "vpc"
digest = "3fd1c371304aa309"
reason = "the grant asks for hardware of its own"
approver = "ciso@example.edu"
expires = 2020-03-01"#,
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
    let kept = |judged: &JudgedWaiver| {
        let waiver = &judged.waiver;
        format!(
            "{} holds until {}; `{}` accepts it: {}",
            called(judged),
            waiver.expires,
            waiver.approver,
            waiver.reason
        )
    };
    each(facts, kept, |judged| {
        let expires = judged.waiver.expires;
        (judged.outcome == Outcome::Expired).then(|| format!("{} expired on {expires}", called(judged)))
    })
}
