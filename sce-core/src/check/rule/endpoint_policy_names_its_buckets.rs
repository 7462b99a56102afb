//! The endpoint's policy names the buckets that may be reached through it; the document left it at full access
//! (L1103, C36).

use super::questions::{any_resource_matches, is_limited_by};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::{Effect, Statement};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("endpoint-policy-names-its-buckets"),
    title: "The S3 endpoint's policy names the buckets that it lets through",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(e)(1)")],
    nist80053: &[
        Control::crosswalk("AC-3"),
        Control::crosswalk("AC-6"),
        Control::judgement("SC-7"),
        Control::judgement("AC-4"),
    ],
    document_line: Some(1103),
    status: Law::InForce,
    rationale: "With full access, whoever is inside the private subnet can copy data to any bucket in the world with \
        credentials of their own, and no firewall sees it. The document means to restrict it at a later step that \
        was never written. A policy that names the project's buckets closes that way out.",
    fix: "list the project's buckets and the package repositories as the policy's resources",
    cost: "each further bucket that work needs is added to the policy",
    bad: r#"{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}"#,
    good: r#"{"Effect": "Allow", "Principal": "*",
 "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::hipaa-data-111122223333-us-west-2/*"}"#,
    looks_at: &[Kind::GatewayEndpoint],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let endpoints = facts.model.endpoints();
    endpoints
        .map(|(resource, endpoint)| {
            let kept = !endpoint.policy.statements().iter().any(lets_any_bucket_through);
            let when_kept =
                "only buckets that it names can be reached; the package repositories among them can be read only";
            Observation::of(
                resource.label(),
                kept,
                when_kept,
                "any bucket of any account can be reached: data can leave by it",
            )
        })
        .collect()
}

fn lets_any_bucket_through(statement: &Statement) -> bool {
    let anybodys =
        ["aws", "aws-us-gov", "aws-cn"].map(|partition| format!("arn:{partition}:s3:::bucket-of-somebody-else/key"));
    let any = !statement.not_resources.is_empty()
        || anybodys.iter().any(|arn| any_resource_matches(&statement.resources, arn));
    let owned =
        is_limited_by(&statement.conditions, &["aws:ResourceAccount", "s3:ResourceAccount", "aws:ResourceOrgID"]);
    statement.effect == Effect::Allow && any && !owned
}

#[cfg(test)]
mod tests {
    use super::lets_any_bucket_through;
    use crate::aws::policy::{Statement, text};

    #[test]
    fn any_wildcard_over_bucket_names_is_too_wide() {
        let allow = |resource: &str| Statement::allow("S3").everyone().actions(["s3:*"]).resources([text(resource)]);
        for resource in ["*", "arn:aws:s3:::*", "arn:aws:s3:::*/*", "arn:aws:s3:::*bucket*"] {
            assert!(lets_any_bucket_through(&allow(resource)), "{resource}");
        }
        assert!(!lets_any_bucket_through(&allow("arn:aws:s3:::hipaa-data-1/*")));
        assert!(!lets_any_bucket_through(&allow("*").when(
            "StringEquals",
            "aws:ResourceAccount",
            [text("111122223333")]
        )));
    }
}
