//! The trail's files are encrypted with a key of the account's own.

use super::account::on_trail;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("trail-is-encrypted"),
    title: "The trail's files are encrypted with a KMS key",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::addressable("164.312(a)(2)(iv)")],
    nist80053: &[Control::crosswalk("SC-13"), Control::judgement("SC-28(1)"), Control::judgement("AU-9")],
    document_line: Some(627),
    status: Law::InForce,
    rationale: "Whoever may list the log bucket could read the trail's files, which tell who did what with which \
        data. With a KMS key, reading takes the key's leave as well, and each use of the key is itself \
        recorded. S3's own encryption protects the disk, and gives that to everyone who may read the bucket.",
    fix: "run `sce account apply`, or have the organisation's trail given a KMS key",
    cost: "a KMS key, at its monthly price, and its requests",
    bad: r#"account-trail.key = null"#,
    good: r#"account-trail.key = "${account-key.arn}""#,
    looks_at: &[Kind::Trail],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    on_trail(facts, "a trail encrypted with a key", |label, trail| {
        Observation::of(
            label,
            trail.key.is_some(),
            "its files are encrypted with a KMS key",
            "its files are under S3's own keys",
        )
    })
}
