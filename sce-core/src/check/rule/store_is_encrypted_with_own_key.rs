//! S3D, S3O and S3A are encrypted with the project's key (L485, C4).

use super::questions::{leads_to, stores};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Encryption, Kind};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("store-is-encrypted-with-own-key"),
    title: "Every store is encrypted with the project's key",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::addressable("164.312(a)(2)(iv)")],
    nist80053: &[Control::crosswalk("SC-13"), Control::judgement("SC-28(1)"), Control::judgement("SC-12")],
    document_line: Some(485),
    status: Law::InForce,
    rationale: "S3 encrypts everything with keys of its own, which protects against a stolen disk and nothing else: \
        whoever may read the bucket reads the data. With the project's key, reading takes the key's leave as well, \
        every use of it is logged, and destroying it at close-out destroys every copy. Data encrypted to HHS's \
        guidance are not 'unsecured' PHI if they are lost (45 CFR 164.402).",
    fix: "set the bucket's default encryption to SSE-KMS with the project's key and a bucket key",
    cost: "some cents of KMS calls a month, with bucket keys on; one key to look after",
    bad: r#"bucket-data.encryption = "s3""#,
    good: r#"bucket-data.encryption = { kms = { key = "${key.arn}", bucket_key = true } }"#,
    looks_at: &[Kind::Bucket, Kind::KmsKey],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    stores(facts)
        .map(|(resource, bucket)| {
            let kept = match &bucket.encryption {
                Encryption::S3 => false,
                Encryption::Kms { key, .. } => leads_to(facts.model, key, Kind::KmsKey),
            };
            let when_kept = "new objects are encrypted with the project's key; who may use the key reads them";
            Observation::of(resource.label(), kept, when_kept, "new objects are not encrypted with the project's key")
        })
        .collect()
}
