//! Inside the VPC a service's usual name leads to its endpoint.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("interface-endpoint-answers-to-the-usual-name"),
    title: "Services' usual names lead to their endpoints",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("SC-8"), Control::judgement("SC-7(4)")],
    document_line: Some(495),
    status: Law::InForce,
    rationale: "Programs call a service by its public name and know nothing of endpoints. Without private DNS the name \
        leads to the internet: with a way out the traffic takes it, and without one nothing answers. Nobody notices \
        which of the two happened.",
    fix: "switch private DNS on for the endpoint, and DNS support and host names for the VPC",
    cost: "none",
    bad: "endpoint-ssm.private_dns = false",
    good: "endpoint-ssm.private_dns = true",
    looks_at: &[Kind::InterfaceEndpoint],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let endpoints = facts.model.interface_endpoints();
    endpoints
        .map(|(resource, endpoint)| {
            let kept = "the service's usual name leads to it";
            let broken = "the service's usual name leads past it, to the internet";
            Observation::of(resource.label(), endpoint.private_dns, kept, broken)
        })
        .collect()
}
