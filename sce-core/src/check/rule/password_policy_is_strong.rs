//! Passwords of IAM users are long, mixed, and not used again.

use super::account::setting;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Kind, PasswordPolicy};
use crate::check::{Facts, Severity, Status};

pub(super) static RULE: Rule = Rule {
    id: RuleId("password-policy-is-strong"),
    title: "The password policy of IAM users is strong",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::addressable("164.308(a)(5)(ii)(D)"), Citation::standard("164.312(d)")],
    nist80053: &[Control::crosswalk("IA-2"), Control::judgement("IA-5(1)")],
    document_line: None,
    status: Law::InForce,
    rationale: "An IAM user with a password signs in from anywhere. Without a policy AWS takes eight characters. A \
        stricter policy of the organisation is kept, since it is at least as good.",
    fix: "run `sce account apply`, which only ever tightens it; where nobody has a password, set `account.password_policy = false`",
    cost: "none",
    bad: r#"password-policy.minimum_length = 8"#,
    good: r#"password-policy.minimum_length = 14"#,
    looks_at: &[Kind::PasswordPolicy],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    if !facts.declared.account.password_policy {
        let message = "declared: no IAM user has a password".to_owned();
        return vec![Observation::told("spec", Status::Declared, message).at("account.password_policy")];
    }
    let strong = PasswordPolicy::strong();
    let seen = facts.model.password_policies().map(|(resource, policy)| {
        let kept = format!(
            "{} characters or more, of every class, the last {} not again",
            policy.minimum_length, policy.remembered
        );
        let broken = format!(
            "it asks for less than {} characters of every class, the last {} not again",
            strong.minimum_length, strong.remembered
        );
        Observation::of(resource.label(), policy.is_at_least(&strong), &kept, &broken)
    });
    setting(facts, Kind::PasswordPolicy, seen.collect(), "the password policy")
}
