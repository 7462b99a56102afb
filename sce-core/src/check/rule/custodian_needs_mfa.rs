//! The custodian, who goes round the endpoint, proves who he is with a second factor, for an hour, from a known place.

use super::questions::is_limited_by;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::{Effect, Statement, Text};
use crate::aws::resource::{Kind, Role};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("custodian-needs-mfa"),
    title: "The custodian takes the role on with MFA, for an hour, from an allowed range",
    severity_kept: Severity::Medium,
    severity_broken: Severity::Critical,
    cfr: &[Citation::standard("164.312(d)"), Citation::standard("164.312(a)(1)")],
    nist80053: &[Control::judgement("IA-2(1)"), Control::crosswalk("AC-3"), Control::judgement("AC-12")],
    document_line: Some(1144),
    status: Law::InForce,
    rationale: "The custodian's role is the one way to the data that does not lead through the VPC's endpoint, so a stolen \
        password or key must not be enough for it. A second factor of the last hour, a session that ends by itself \
        and a known network are what makes the theft of one thing not suffice. What remains is a custodian who means \
        it: the access logs are for that.",
    fix: "demand `aws:MultiFactorAuthPresent`, an `aws:MultiFactorAuthAge` of at most 3600 and `aws:SourceIp` in the role's trust, \
        and leave its sessions at one hour",
    cost: "a code from a device each time",
    bad: r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/custodian"},
 "Action": "sts:AssumeRole"}"#,
    good: r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/custodian"},
 "Action": "sts:AssumeRole",
 "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"},
  "NumericLessThanEquals": {"aws:MultiFactorAuthAge": "3600"},
  "IpAddress": {"aws:SourceIp": "140.142.0.0/16"}}}"#,
    looks_at: &[Kind::Role],
    examine,
};

/// Where the custodian's role stands in every plan that has one.
const CUSTODIAN: &str = "custodian-role";

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let roles = facts.model.roles().filter(|(resource, _)| resource.label() == CUSTODIAN);
    roles.map(|(resource, role)| observe(resource.label(), role)).collect()
}

fn observe(label: &str, role: &Role) -> Observation {
    let mut grants = role.trust.statements().iter().filter(|statement| statement.effect == Effect::Allow);
    let kept = grants.all(demands_mfa) && role.max_session_seconds <= Role::SHORTEST_SESSION_SECONDS;
    let when_kept = "it takes MFA of the last hour from an allowed range, and ends after an hour; the custodian can read everything";
    Observation::of(
        label,
        kept,
        when_kept,
        "it can be had without a fresh second factor, from anywhere, or for longer than an hour",
    )
}

/// `BoolIfExists` would let in whoever has no such thing, and a missing age passes no numeric comparison.
fn demands_mfa(statement: &Statement) -> bool {
    let values = |operator: &str, key: &str| {
        let keys = statement.conditions.get(operator)?;
        keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, values)| values)
    };
    let all = |operator: &str, key: &str, good: fn(&str) -> bool| {
        values(operator, key).is_some_and(|values| {
            !values.is_empty() && values.iter().all(|value: &Text| value.known().is_some_and(|value| good(value)))
        })
    };
    let an_hour = |value: &str| value.parse::<u32>().is_ok_and(|age| age <= Role::SHORTEST_SESSION_SECONDS);
    let fresh = |operator| all(operator, "aws:MultiFactorAuthAge", an_hour);
    all("Bool", "aws:MultiFactorAuthPresent", |value| value == "true")
        && (fresh("NumericLessThan") || fresh("NumericLessThanEquals"))
        && is_limited_by(&statement.conditions, &["aws:SourceIp"])
}

#[cfg(test)]
mod tests {
    use super::demands_mfa;
    use crate::aws::policy::{Statement, text};

    #[test]
    fn each_demand_is_needed_and_binds() {
        let trust = |present: &str, age: &str, range: &str| {
            Statement::allow("A")
                .when(present, "aws:MultiFactorAuthPresent", [text("true")])
                .when("NumericLessThan", "aws:multifactorauthage", [text(age)])
                .when("IpAddress", "aws:SourceIp", [text(range)])
        };
        assert!(demands_mfa(&trust("Bool", "3600", "140.142.0.0/16")));
        assert!(!demands_mfa(&trust("BoolIfExists", "3600", "140.142.0.0/16")));
        assert!(!demands_mfa(&trust("Bool", "43200", "140.142.0.0/16")));
        assert!(!demands_mfa(&trust("Bool", "3600", "0.0.0.0/0")));
        assert!(!demands_mfa(&Statement::allow("A").when("Bool", "aws:MultiFactorAuthPresent", [text("true")])));
    }
}
