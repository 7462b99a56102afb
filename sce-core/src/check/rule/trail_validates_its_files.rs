//! What was written cannot be changed unseen: each hour's files are hashed, the hashes signed and chained.

use super::account::on_trail;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("trail-validates-its-files"),
    title: "The trail's files can be validated",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(c)(1)"), Citation::standard("164.312(b)")],
    nist80053: &[Control::crosswalk("SI-7"), Control::judgement("AU-9"), Control::judgement("AU-10")],
    document_line: None,
    status: Law::InForce,
    rationale: "A log that its subject could have changed proves nothing. With validation on, CloudTrail writes \
        signed digests of its files, each with the hash of the one before, so that a changed or missing file \
        shows. It cannot be had for the time before it was switched on.",
    fix: "run `sce account apply`, or have the organisation's trail changed to validate its files",
    cost: "none",
    bad: r#"account-trail.validated = false"#,
    good: r#"account-trail.validated = true"#,
    looks_at: &[Kind::Trail],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    on_trail(facts, "a trail whose files are validated", |label, trail| {
        Observation::of(
            label,
            trail.validated,
            "its files are hashed, and the hashes signed",
            "its files could be changed unseen",
        )
    })
}
