//! A store of PHI is read through the endpoint, or by the declared administrators (L567, L1140-L1144).

use std::collections::BTreeSet;

use super::questions::{bucket_and_objects, leads_to, names_nothing, phi_stores, refuses};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::{Conditions, Text};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};
use crate::model::Model;

pub(super) static RULE: Rule = Rule {
    id: RuleId("store-refuses-reads-off-endpoint"),
    title: "Stores of PHI refuse reads that do not come through the endpoint",
    severity_kept: Severity::Medium,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("AC-4"), Control::judgement("SC-7")],
    document_line: Some(1143),
    status: Law::InForce,
    rationale: "Credentials leak: from a laptop, a repository, a phishing page. If the bucket answers only to the \
        VPC's own endpoint, stolen credentials are worth nothing outside. The declared administrators are the one \
        way round, for emergencies and for close-out; that way remains, and is a risk to be managed.",
    fix: "deny reads to everyone when `aws:SourceVpce` is not the environment's endpoint, except for the declared \
        administrators",
    cost: "data are looked at inside the environment, not from a desk",
    bad: "bucket-data.policy without DenyReadsOffEndpoint",
    good: r#"{"Effect": "Deny", "Principal": "*",
 "Action": ["s3:GetObject", "s3:ListBucket"],
 "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
 "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-0abc"}}}"#,
    looks_at: &[Kind::Bucket, Kind::GatewayEndpoint],
    examine,
};

/// Everything that shows what a bucket holds.
const READS: [&str; 4] = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"];

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    phi_stores(facts)
        .map(|(resource, bucket)| {
            let policy = bucket.policy.as_ref();
            let off_endpoint = |conditions: &Conditions| is_off_endpoint(facts.model, conditions);
            let kept = refuses(policy, &READS, &bucket_and_objects(&resource.name, policy), off_endpoint);
            let when_kept =
                "only the endpoint and the declared administrators can read; those administrators can from anywhere";
            Observation::of(resource.label(), kept, when_kept, "whoever has credentials can read from anywhere")
        })
        .collect()
}

/// The request does not come by the environment's endpoint, and at most named principals are left out.
fn is_off_endpoint(model: &Model, conditions: &Conditions) -> bool {
    let endpoints = conditions.get("StringNotEquals").and_then(|keys| keys.get("aws:SourceVpce"));
    let ours = |values: &BTreeSet<Text>| values.iter().all(|value| leads_to(model, value, Kind::GatewayEndpoint));
    let mut demands = conditions.iter().flat_map(|(operator, keys)| keys.iter().map(move |demand| (operator, demand)));
    endpoints.is_some_and(|values| !values.is_empty() && ours(values))
        && demands.all(|(operator, (key, values))| match (operator.as_str(), key.as_str()) {
            ("StringNotEquals", "aws:SourceVpce") => true,
            ("ArnNotLike" | "ArnNotEquals" | "StringNotLike" | "StringNotEquals", "aws:PrincipalArn") => {
                !values.iter().any(names_nothing)
            }
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::is_off_endpoint;
    use crate::aws::policy::{Statement, text};
    use crate::check::rule::testing::Scene;
    use crate::value::{Reference, Value};

    #[test]
    fn only_our_endpoint_and_named_principals_are_left_out() {
        let model = Scene::clean().model;
        let ours = || Value::Ref(Reference::parse("${s3-endpoint.id}").unwrap());
        let deny = || Statement::deny("Reads").when("StringNotEquals", "aws:SourceVpce", [ours()]);
        let role = text("arn:aws:iam::111122223333:role/administrator");
        let cases = [
            (deny(), true),
            (deny().when("ArnNotLike", "aws:PrincipalArn", [role]), true),
            (deny().when("ArnNotLike", "aws:PrincipalArn", [text("arn:aws:iam::111122223333:role/*")]), false),
            (deny().when("StringNotEquals", "aws:SourceVpce", [text("vpce-of-somebody-else")]), false),
            (deny().when("StringEquals", "aws:PrincipalAccount", [text("111122223333")]), false),
            (Statement::deny("Reads").when("StringNotEqualsIfExists", "aws:SourceVpce", [ours()]), false),
            (Statement::deny("Reads"), false),
        ];
        for (statement, kept) in cases {
            assert_eq!(is_off_endpoint(&model, &statement.conditions), kept, "{statement:?}");
        }
    }
}
