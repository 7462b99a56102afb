//! The key's policy says who may decrypt, and does not leave that to whatever any IAM policy of the account allows.

use super::questions::{any_action_matches, is_limited_by};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::{Effect, Principal, Statement};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("key-policy-names-its-users"),
    title: "The key's policy names those who may decrypt",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::addressable("164.312(a)(2)(iv)"), Citation::standard("164.312(a)(1)")],
    nist80053: &[Control::judgement("SC-12"), Control::crosswalk("AC-3"), Control::crosswalk("AC-6")],
    document_line: Some(229),
    status: Law::InForce,
    rationale: "AWS's default key policy gives the account all rights over the key, so that any administrator who \
        attaches a broad IAM policy makes someone a reader of PHI without touching the key. A policy that names its \
        users makes reading take two deliberate acts: being named here, and being allowed there. Administration of \
        the key may stay with the account, or nobody could ever mend it.",
    fix: "grant `kms:Decrypt` only with a condition on `aws:PrincipalArn` or to listed roles, and leave the account \
        root administration alone",
    cost: "each new reader takes a change of the key's policy",
    bad: r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
 "Action": "kms:*",
 "Resource": "*"}"#,
    good: r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/Researcher"},
 "Action": "kms:Decrypt",
 "Resource": "*"}"#,
    looks_at: &[Kind::KmsKey],
    examine,
};

/// The conditions that name a person or role.
const WHO: [&str; 3] = ["aws:PrincipalArn", "aws:userid", "aws:username"];

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    facts
        .model
        .keys()
        .map(|(resource, key)| {
            let kept = !key.policy.statements().iter().any(lets_anyone_decrypt);
            let when_kept = "only those whom the policy names may decrypt; the account may still change the policy";
            Observation::of(resource.label(), kept, when_kept, "whoever an IAM policy of the account lets may decrypt")
        })
        .collect()
}

fn lets_anyone_decrypt(statement: &Statement) -> bool {
    let decrypts = any_action_matches(&statement.actions, "kms:Decrypt")
        || (!statement.not_actions.is_empty() && !any_action_matches(&statement.not_actions, "kms:Decrypt"));
    statement.effect == Effect::Allow && decrypts && is_anyone(statement) && !is_limited_by(&statement.conditions, &WHO)
}

fn is_anyone(statement: &Statement) -> bool {
    let whole_account =
        |name: &str| name == "*" || name.ends_with(":root") || name.bytes().all(|byte| byte.is_ascii_digit());
    match &statement.principal {
        None => statement.not_principal.is_some(),
        Some(Principal::Everyone) => true,
        Some(Principal::Listed(listed)) => {
            listed.get("AWS").into_iter().flatten().any(|name| name.known().is_some_and(|name| whole_account(name)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::lets_anyone_decrypt;
    use crate::aws::policy::{Statement, text};

    #[test]
    fn the_account_may_administer_and_not_decrypt() {
        let root = |actions: [&'static str; 1]| {
            Statement::allow("Root")
                .principals([text("arn:aws:iam::111122223333:root")])
                .actions(actions)
                .resources([text("*")])
        };
        let cases = [
            (root(["kms:*"]), true),
            (root(["kms:De*"]), true),
            (root(["KMS:decrypt"]), true),
            (root(["kms:Describe*"]), false),
            (
                root(["kms:Decrypt"]).when("ArnLike", "aws:PrincipalArn", [text("arn:aws:iam::111122223333:role/R")]),
                false,
            ),
            (
                root(["kms:Decrypt"]).when("ArnLike", "aws:PrincipalArn", [text("arn:aws:iam::111122223333:role/*")]),
                true,
            ),
            (root(["kms:Decrypt"]).when("StringEquals", "kms:ViaService", [text("s3.us-west-2.amazonaws.com")]), true),
            (Statement::allow("A").principals([text("111122223333")]).actions(["kms:Decrypt"]), true),
            (Statement::allow("L").service("logs.us-west-2.amazonaws.com").actions(["kms:Decrypt"]), false),
            (Statement::allow("E").everyone().actions(["kms:Decrypt"]), true),
            (Statement { actions: [].into(), not_actions: [text("kms:Create*")].into(), ..root(["kms:*"]) }, true),
        ];
        for (statement, open) in cases {
            assert_eq!(lets_anyone_decrypt(&statement), open, "{statement:?}");
        }
    }
}
