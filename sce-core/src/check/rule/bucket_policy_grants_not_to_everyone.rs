//! No bucket policy grants to everyone without saying which account, network or service is meant.

use super::questions::{grants_everyone, is_limited_by};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::{Policy, Statement};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("bucket-policy-grants-not-to-everyone"),
    title: "No bucket policy grants to everyone",
    severity_kept: Severity::Low,
    severity_broken: Severity::Critical,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.308(a)(4)(i)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::crosswalk("AC-6")],
    document_line: Some(1137),
    status: Law::InForce,
    rationale: "A grant to `*` is a grant to anonymous callers and to every AWS account, unless a condition says \
        whose. The document wants its buckets to accept nothing but what the project sends. The public access block \
        catches such a policy too; two locks are better than one, since either can be taken off by one call.",
    fix: "name the principals, or add a condition on `aws:PrincipalAccount`, `aws:PrincipalArn` or `aws:SourceVpce`",
    cost: "none",
    bad: r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}"#,
    good: r#"{"Effect": "Deny", "Principal": "*",
 "Action": "s3:*",
 "Condition": {"Bool": {"aws:SecureTransport": "false"}}}"#,
    looks_at: &[Kind::Bucket],
    examine,
};

/// The keys that say whose a request is (AWS S3 guide, "The meaning of public").
const WHOSE: [&str; 9] = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:userid",
];

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, policy: Option<&Policy>| {
        let open = policy.map(Policy::statements).unwrap_or_default().iter().find(|statement| is_open(statement));
        let broken = open.map(|statement| format!("{} grants to everyone", statement_name(statement)));
        let kept = "no statement grants to everyone; what IAM policies of the account grant stands beside it";
        Observation::of(label, broken.is_none(), kept, &broken.unwrap_or_default())
    };
    facts.model.buckets().map(|(resource, bucket)| observe(resource.label(), bucket.policy.as_ref())).collect()
}

fn is_open(statement: &Statement) -> bool {
    grants_everyone(statement) && !is_limited_by(&statement.conditions, &WHOSE)
}

fn statement_name(statement: &Statement) -> String {
    statement.sid.as_ref().map_or_else(|| "a statement without a name".to_owned(), |sid| format!("statement `{sid}`"))
}

#[cfg(test)]
mod tests {
    use super::is_open;
    use crate::aws::policy::{Statement, text};

    fn grant() -> Statement {
        Statement::allow("Read").actions(["s3:GetObject"]).resources([text("arn:aws:s3:::b/*")])
    }

    #[test]
    fn a_condition_must_say_whose() {
        let cases = [
            (grant().everyone(), true),
            (grant().principals([text("*"), text("arn:aws:iam::111122223333:root")]), true),
            (grant().principals([text("arn:aws:iam::111122223333:root")]), false),
            (grant().everyone().when("Bool", "aws:SecureTransport", [text("true")]), true),
            (grant().everyone().when("StringEquals", "aws:PrincipalAccount", [text("111122223333")]), false),
            (grant().everyone().when("StringNotEquals", "aws:PrincipalAccount", [text("111122223333")]), true),
            (grant().everyone().when("StringEqualsIfExists", "aws:SourceVpce", [text("vpce-1")]), true),
            (grant().everyone().when("StringLike", "aws:PrincipalArn", [text("*")]), true),
            (grant().everyone().when("IpAddress", "aws:SourceIp", [text("0.0.0.0/0")]), true),
            (grant().everyone().when("IpAddress", "aws:SourceIp", [text("192.0.2.0/24")]), false),
            (Statement { not_principal: Some(crate::aws::policy::Principal::Everyone), ..grant() }, true),
        ];
        for (statement, open) in cases {
            assert_eq!(is_open(&statement), open, "{statement:?}");
        }
    }
}
