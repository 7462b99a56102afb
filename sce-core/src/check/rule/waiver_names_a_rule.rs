//! A waiver of a rule that does not exist accepts nothing, and somebody thinks it does.

use super::waivers::{called, each};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, JudgedWaiver, Outcome, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("waiver-names-a-rule"),
    title: "Every waiver names a rule that can be waived",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::required("164.308(a)(1)(ii)(B)")],
    nist80053: &[Control::crosswalk("RA-3"), Control::judgement("CA-5"), Control::judgement("RA-7")],
    document_line: Some(1111),
    status: Law::InForce,
    rationale: "A slip in the rule's name leaves the risk open while its approver believes it accepted. Rules about waivers \
        cannot be waived themselves, or a waiver could accept its own lapse. Names of rules never change, so what is \
        not found was never there.",
    fix: "correct the rule's name: `sce explain --all` lists every rule",
    cost: "none",
    bad: r#"[network]
tenancy = "dedicated"
[[waiver]]
rule = "tenancy-is-shard"
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
    let kept = |judged: &JudgedWaiver| format!("{} names a rule", called(judged));
    each(facts, kept, |judged| match &judged.outcome {
        Outcome::UnknownRule(nearest) => {
            let meant = nearest.map(|rule| format!("; did you mean `{rule}`?")).unwrap_or_default();
            Some(format!("no rule that can be waived is called `{}`{meant}", judged.waiver.rule))
        }
        _ => None,
    })
}
