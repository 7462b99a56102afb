//! A store refuses objects that ask for any encryption but the project's key (L485, L553-L554, C5).

use super::questions::{bucket_and_objects, refuses, stores};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::Conditions;
use crate::aws::resource::{Bucket, Encryption, Kind};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("store-refuses-other-encryption"),
    title: "Every store refuses objects encrypted otherwise",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::addressable("164.312(a)(2)(iv)")],
    nist80053: &[Control::crosswalk("SC-13"), Control::judgement("SC-28(1)")],
    document_line: Some(553),
    status: Law::InForce,
    rationale: "A writer can ask for another encryption than the bucket's default, and S3 obeys. The document's \
        policy refuses uploads that do not ask for encryption at all; since 2023 an upload that asks for nothing \
        gets the default, so only one that asks for something else needs refusing. Else some objects outlive the \
        destruction of the key.",
    fix: "deny `s3:PutObject` to everyone when the encryption header is present and not `aws:kms`, or names another \
        key",
    cost: "clients with a habit of sending `AES256` must drop it",
    bad: "bucket-data.policy without DenyOtherEncryption",
    good: r#"{"Effect": "Deny", "Principal": "*",
 "Action": "s3:PutObject",
 "Resource": "arn:aws:s3:::b/*",
 "Condition": {"Null": {"s3:x-amz-server-side-encryption": "false"},
  "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}}"#,
    looks_at: &[Kind::Bucket],
    examine,
};

const ALGORITHM: &str = "s3:x-amz-server-side-encryption";
const KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    stores(facts)
        .map(|(resource, bucket)| {
            let broken = match (
                refuses_unless(&resource.name, bucket, ALGORITHM, "aws:kms"),
                refuses_other_keys(&resource.name, bucket),
            ) {
                (true, true) => None,
                (false, _) => Some("objects that ask for another encryption than `aws:kms` are accepted"),
                (true, false) => Some("objects that ask for another key are accepted"),
            };
            let kept = "objects that ask for another encryption or key are refused";
            Observation::of(resource.label(), broken.is_none(), kept, broken.unwrap_or_default())
        })
        .collect()
}

/// Another key than the bucket's default. A bucket without one is another rule's finding.
fn refuses_other_keys(name: &str, bucket: &Bucket) -> bool {
    match &bucket.encryption {
        Encryption::S3 => true,
        Encryption::Kms { key, .. } => refuses_unless(name, bucket, KEY, &key.to_string()),
    }
}

fn refuses_unless(name: &str, bucket: &Bucket, header: &str, wanted: &str) -> bool {
    let policy = bucket.policy.as_ref();
    let [_, objects] = bucket_and_objects(name, policy);
    refuses(policy, &["s3:PutObject"], &[objects], |conditions| is_other_than(conditions, header, wanted))
}

/// The header is not what is wanted; a condition that it is there at all may stand beside, and nothing else.
fn is_other_than(conditions: &Conditions, header: &str, wanted: &str) -> bool {
    let mut demands = conditions.iter().flat_map(|(operator, keys)| keys.iter().map(move |demand| (operator, demand)));
    let only = |values: &std::collections::BTreeSet<_>, text: &str| {
        values.len() == 1 && values.iter().all(|value: &crate::aws::policy::Text| value.to_string() == text)
    };
    let differs = conditions.get("StringNotEquals").and_then(|keys| keys.get(header));
    differs.is_some_and(|values| only(values, wanted))
        && demands.all(|(operator, (key, values))| match operator.as_str() {
            "StringNotEquals" => key == header,
            "Null" => key == header && only(values, "false"),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use crate::aws::policy::{Policy, Statement, text};
    use crate::check::Finding;
    use crate::check::rule::testing::Scene;

    fn message(drop: &str) -> String {
        let mut scene = Scene::clean();
        scene.without_statement("bucket-data", drop);
        let findings = super::RULE.findings(&scene.facts());
        findings.into_iter().find(Finding::open).map(|finding| finding.message).unwrap_or_default()
    }

    #[test]
    fn both_the_algorithm_and_the_key_are_guarded() {
        assert_eq!(
            message("DenyOtherEncryption"),
            "objects that ask for another encryption than `aws:kms` are accepted"
        );
        assert_eq!(message("DenyOtherKey"), "objects that ask for another key are accepted");
        assert_eq!(message("DenyReadsOffEndpoint"), "");
    }

    #[test]
    fn a_refusal_with_a_further_condition_does_not_count() {
        let mut scene = Scene::clean();
        let bucket = scene.bucket("bucket-data");
        let statements: Vec<Statement> = bucket
            .policy
            .as_ref()
            .unwrap()
            .statements()
            .iter()
            .cloned()
            .map(|statement| statement.when("StringEquals", "aws:SourceVpc", [text("vpc-1")]))
            .collect();
        bucket.policy = Some(Policy::new(statements));
        assert!(super::RULE.findings(&scene.facts()).iter().any(Finding::open));
    }
}
