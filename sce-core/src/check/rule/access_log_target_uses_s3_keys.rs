//! The bucket that access logs go to is encrypted with S3's own keys: S3 delivers to no other (AWS S3 guide,
//! "Enabling Amazon S3 server access logging").

use std::collections::BTreeSet;

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Encryption, Kind};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("access-log-target-uses-s3-keys"),
    title: "The bucket that receives access logs is encrypted with S3's own keys",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(b)")],
    nist80053: &[Control::crosswalk("AU-2"), Control::crosswalk("AU-4"), Control::judgement("AU-9")],
    document_line: Some(637),
    status: Law::InForce,
    rationale: "S3's log delivery cannot write to a bucket whose default encryption is a KMS key, and it says \
        nothing when it fails: the logs are simply absent when somebody needs them. So the one bucket of access logs \
        keeps SSE-S3. The records tell who asked for which key, not what was in it.",
    fix: "set the target's default encryption to SSE-S3 (AES256)",
    cost: "the log bucket cannot be shredded with the project's key; its expiry does that",
    bad: r#"bucket-accesslogs.encryption = { kms = "…" }"#,
    good: r#"bucket-accesslogs.encryption = "s3""#,
    looks_at: &[Kind::Bucket],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let logs = facts.model.buckets().filter_map(|(_, bucket)| bucket.access_log.as_ref());
    let targets: BTreeSet<&str> = logs.map(|log| log.bucket.as_str()).collect();
    let buckets = facts.model.buckets().filter(|(resource, _)| targets.contains(resource.name.as_str()));
    let observe = |encryption: &Encryption, label: &str| {
        let kept = "encrypted with S3's own keys, to which log delivery can write";
        Observation::of(
            label,
            *encryption == Encryption::S3,
            kept,
            "encrypted with a KMS key, so no access log arrives",
        )
    };
    buckets.map(|(resource, bucket)| observe(&bucket.encryption, resource.label())).collect()
}
