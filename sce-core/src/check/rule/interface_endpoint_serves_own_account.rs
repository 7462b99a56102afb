//! What passes an interface endpoint is of the own account (L1103, C36).

use super::questions::{grants_everyone, is_limited_by};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::Statement;
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("interface-endpoint-serves-own-account"),
    title: "Interface endpoints let only the own account through",
    severity_kept: Severity::Low,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::crosswalk("AC-6"), Control::judgement("AC-4")],
    document_line: Some(1103),
    status: Law::InForce,
    rationale: "An endpoint without a policy passes calls for any account, so whoever is inside can carry data out \
        with credentials of another one. AWS's default policy allows everything, as the document's S3 endpoint did. A \
        condition on the account closes that way.",
    fix: "grant only with a condition on `aws:PrincipalAccount`",
    cost: "none",
    bad: r#"{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}"#,
    good: r#"{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
 "Condition": {"StringEquals": {"aws:PrincipalAccount": ["111122223333"]}}}"#,
    looks_at: &[Kind::InterfaceEndpoint],
    examine,
};

/// The conditions that keep strangers' credentials out.
const WHOSE: [&str; 4] = ["aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"];

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let endpoints = facts.model.interface_endpoints();
    endpoints
        .map(|(resource, endpoint)| {
            let open =
                |statement: &Statement| grants_everyone(statement) && !is_limited_by(&statement.conditions, &WHOSE);
            let kept = !endpoint.policy.statements().iter().any(open);
            let when_kept = "only calls of the own account pass; those who may call a service still can";
            Observation::of(resource.label(), kept, when_kept, "calls with credentials of any account pass")
        })
        .collect()
}
