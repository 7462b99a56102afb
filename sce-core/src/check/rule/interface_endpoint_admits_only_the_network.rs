//! Endpoints of AWS services are reached from within the network, on port 443.

use super::machines::{describe, groups_of, is_inside, is_port};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{GroupRule, Kind, Peer};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("interface-endpoint-admits-only-the-network"),
    title: "Interface endpoints are reached from within the network only",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("SC-7(4)"), Control::judgement("AC-4")],
    document_line: Some(495),
    status: Law::InForce,
    rationale: "An endpoint has an address in the private subnet and answers whoever its security group admits. \
        Networks that are joined to this one later would use it, and its way to the account's services, without \
        anybody having decided so. The machines of the environment are all that need it.",
    fix: "let the endpoint's group admit port 443 from the machines' group only",
    cost: "none",
    bad: r#"security-group-endpoints.ingress = ["tcp 443 from 10.0.0.0/8"]"#,
    good: r#"security-group-endpoints.ingress = ["tcp 443 from group security-group-private"]"#,
    looks_at: &[Kind::InterfaceEndpoint, Kind::SecurityGroup, Kind::Vpc],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let from_within = |rule: &GroupRule| {
        let within = match &rule.peer {
            Peer::Group(_) => true,
            Peer::Cidr(cidr) => is_inside(facts.model, cidr),
            Peer::PrefixList(_) | Peer::Other(_) => false,
        };
        within && is_port(rule, 443)
    };
    let endpoints = facts.model.interface_endpoints();
    endpoints
        .flat_map(|(resource, endpoint)| {
            let groups = groups_of(facts.model, &endpoint.groups);
            let strays = groups.values().flatten().flat_map(|group| &group.ingress).find(|rule| !from_within(rule));
            let broken = strays.map(|rule| format!("its security group admits {}", describe(rule, "from")));
            match groups.values().any(Option::is_none) || endpoint.groups.is_empty() {
                true => Some(Observation::unknown(resource.label(), "the rules of its security group are not known")),
                false if groups.is_empty() => None,
                false => {
                    let kept = "it is reached from within the network, on port 443";
                    Some(Observation::of(resource.label(), broken.is_none(), kept, &broken.unwrap_or_default()))
                }
            }
        })
        .collect()
}
