//! A waiver that accepts nothing is an approval lying about.

use super::waivers::{called, each};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, JudgedWaiver, Outcome, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("waiver-is-used"),
    title: "Every waiver accepts something that a rule found",
    severity_kept: Severity::Info,
    severity_broken: Severity::Low,
    cfr: &[Citation::required("164.308(a)(1)(ii)(B)")],
    nist80053: &[Control::crosswalk("RA-3"), Control::judgement("CA-5"), Control::judgement("RA-7")],
    document_line: Some(1111),
    status: Law::InForce,
    rationale: "What the waiver was for was mended, or never was. Left in the spec, it would silently accept the same thing the day it \
        comes back. The record of risks should list those that are run, and no others.",
    fix: "take the waiver out; if it was meant for something else, copy rule and resource from what `sce check` says",
    cost: "none",
    bad: r#"[network]
tenancy = "default"
[[waiver]]
rule = "tenancy-is-shared"
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
    let kept = |judged: &JudgedWaiver| format!("{} accepts what that rule found", called(judged));
    each(facts, kept, |judged| {
        let unused = judged.outcome == Outcome::Unused;
        unused.then(|| format!("{} accepts nothing: the rule has nothing open there", called(judged)))
    })
}
