//! A role's trust names who may take it on: a service, or single users and roles.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::{Effect, Principal, Statement, Text};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("role-trust-names-principals"),
    title: "The trust of every role names services, users or roles, never a whole account",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(d)"), Citation::addressable("164.308(a)(4)(ii)(B)")],
    nist80053: &[Control::crosswalk("IA-2"), Control::crosswalk("AC-3"), Control::crosswalk("AC-2")],
    document_line: Some(234),
    status: Law::InForce,
    rationale: "A trust policy that names an account hands the role to whomever that account's policies let take it on: \
        today's and tomorrow's. One that names users and roles is a list that a reader can check against the approvals. \
        Federated principals belong to a provider that this plan knows nothing of.",
    fix: "name the user or role that may take it on, by its whole ARN",
    cost: "each new person or role takes a change of the trust",
    bad: r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
 "Action": "sts:AssumeRole"}"#,
    good: r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/Custodian"},
 "Action": "sts:AssumeRole"}"#,
    looks_at: &[Kind::Role],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    facts
        .model
        .roles()
        .map(|(resource, role)| {
            let kept = role.trust.statements().iter().all(names_principals);
            Observation::of(
                resource.label(),
                kept,
                "its trust names who may take it on",
                "its trust names no one in particular",
            )
        })
        .collect()
}

/// Services are named by AWS; anything else must be a user's or a role's whole ARN.
fn names_principals(statement: &Statement) -> bool {
    let named = |kind: &str, name: &Text| match kind {
        "Service" => true,
        "AWS" => name.known().is_some_and(|arn| is_user_or_role(arn)),
        _ => false,
    };
    match &statement.principal {
        _ if statement.effect == Effect::Deny => true,
        Some(Principal::Listed(listed)) => {
            listed.iter().all(|(kind, names)| names.iter().all(|name| named(kind, name)))
        }
        _ => false,
    }
}

fn is_user_or_role(arn: &str) -> bool {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", _, account, resource] = fields.as_slice() else { return false };
    let name = resource.strip_prefix("role/").or_else(|| resource.strip_prefix("user/"));
    account.len() == 12 && name.is_some_and(|name| !name.is_empty() && !name.contains(['*', '?']))
}

#[cfg(test)]
mod tests {
    use super::names_principals;
    use crate::aws::policy::{Statement, text};

    #[test]
    fn whole_accounts_and_strangers_are_nobody_in_particular() {
        let trusts = |principal: &str| Statement::allow("A").principals([text(principal)]);
        for named in ["arn:aws:iam::111122223333:role/path/R", "arn:aws-us-gov:iam::111122223333:user/u"] {
            assert!(names_principals(&trusts(named)), "{named}");
        }
        for anyone in
            ["*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/*", "AROAEXAMPLE"]
        {
            assert!(!names_principals(&trusts(anyone)), "{anyone}");
        }
        assert!(names_principals(&Statement::allow("S").service("ec2.amazonaws.com")));
        assert!(!names_principals(&Statement::allow("E").everyone()));
        let federated = r#"{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/p"},"Action":"sts:AssumeRoleWithSAML"}"#;
        assert!(!names_principals(&serde_json::from_str(federated).unwrap()));
    }
}
