//! Every bucket refuses requests in clear text (L565).

use super::questions::{bucket_and_objects, is_clear_text, refuses};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::Policy;
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("bucket-requires-tls"),
    title: "Every bucket refuses requests that are not over TLS",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(e)(1)"), Citation::addressable("164.312(e)(2)(ii)")],
    nist80053: &[Control::crosswalk("SC-8"), Control::judgement("SC-8(1)")],
    document_line: Some(565),
    status: Law::InForce,
    rationale: "S3 answers on port 80 as well, and a client misconfigured to use it sends data in clear. The \
        document rests encryption in transit on the https endpoint; a refusal in the bucket's own policy makes that \
        more than a habit. It must bind everyone, on the bucket and on its objects, without further conditions.",
    fix: "add a statement that denies `s3:*` to everyone on the bucket and its objects when `aws:SecureTransport` is \
        `false`",
    cost: "none",
    bad: "bucket-data.policy without a statement on aws:SecureTransport",
    good: r#"{"Effect": "Deny", "Principal": "*",
 "Action": "s3:*",
 "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
 "Condition": {"Bool": {"aws:SecureTransport": "false"}}}"#,
    looks_at: &[Kind::Bucket],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, kept: bool| {
        Observation::of(label, kept, "requests in clear text are refused", "requests in clear text are not refused")
    };
    let buckets = facts.model.buckets();
    buckets
        .map(|(resource, bucket)| observe(resource.label(), refuses_clear_text(&resource.name, bucket.policy.as_ref())))
        .collect()
}

fn refuses_clear_text(name: &str, policy: Option<&Policy>) -> bool {
    refuses(policy, &["s3:*"], &bucket_and_objects(name, policy), is_clear_text)
}

#[cfg(test)]
mod tests {
    use super::refuses_clear_text;
    use crate::aws::policy::{Policy, Statement, text};

    fn deny() -> Statement {
        let deny = Statement::deny("DenyWithoutTls").everyone().actions(["s3:*"]);
        deny.resources([text("arn:aws:s3:::b"), text("arn:aws:s3:::b/*")])
    }

    #[test]
    fn the_refusal_must_bind_all_requests_of_everyone() {
        let clear = |statement: Statement| statement.when("Bool", "aws:SecureTransport", [text("false")]);
        let cases = [
            (clear(deny()), true),
            (clear(Statement { resources: [text("*")].into(), ..deny() }), true),
            (clear(Statement { resources: [text("arn:aws:s3:::b/*")].into(), ..deny() }), false),
            (clear(Statement { actions: [text("s3:GetObject")].into(), ..deny() }), false),
            (
                clear(Statement { principal: None, ..deny() }).principals([text("arn:aws:iam::111122223333:root")]),
                false,
            ),
            (clear(deny()).when("StringEquals", "aws:SourceVpc", [text("vpc-1")]), false),
            (deny().when("Bool", "aws:SecureTransport", [text("true")]), false),
        ];
        for (statement, kept) in cases {
            let policy = Policy::new(vec![statement]);
            assert_eq!(refuses_clear_text("b", Some(&policy)), kept, "{policy:?}");
        }
        assert!(!refuses_clear_text("b", None));
    }
}
