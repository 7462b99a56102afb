//! After the endpoint is made, the private subnet's route to the NAT gateway is still there (L569).

use super::questions::{leads_to, private_subnet, routes_from};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Kind, RouteTarget};
use crate::check::{Facts, Severity};
use crate::spec::Egress;

pub(super) static RULE: Rule = Rule {
    id: RuleId("nat-route-survives-endpoint"),
    title: "The private subnet still has its route to the NAT gateway",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::required("164.308(a)(1)(ii)(B)")],
    nist80053: &[Control::judgement("CM-6"), Control::judgement("SI-2")],
    document_line: Some(569),
    status: Law::InForce,
    rationale: "The document warns that the route to the NAT gateway had vanished after the endpoint was added. \
        Nothing in AWS's documentation explains it, but a route can be lost to any slip of the hand. Without it no \
        security update arrives, and nobody notices until one is needed.",
    fix: "add the route 0.0.0.0/0 to the NAT gateway again, as `sce apply` does",
    cost: "none",
    bad: "[network]\n\
        egress = \"nat\"   # and no route 0.0.0.0/0 in route-table-private",
    good: r#"route-private-nat = { destination = "0.0.0.0/0", target = "${nat-gateway.id}" }"#,
    looks_at: &[Kind::Subnet, Kind::RouteTable, Kind::RouteTableAssociation, Kind::Route, Kind::NatGateway],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let Some((resource, subnet)) = private_subnet(facts.model) else { return Vec::new() };
    if facts.declared.egress != Egress::Nat {
        return Vec::new();
    }
    let to_nat = |target: &RouteTarget| match target {
        RouteTarget::NatGateway(nat) => leads_to(facts.model, nat, Kind::NatGateway),
        RouteTarget::InternetGateway(_) | RouteTarget::Other(_) => false,
    };
    let routes = routes_from(facts.model, resource, subnet);
    let kept = routes.iter().any(|route| route.destination.is_everywhere() && to_nat(&route.target));
    let when_broken = "its route to the NAT gateway is gone: updates do not arrive";
    vec![Observation::of(resource.label(), kept, "its route to the NAT gateway is there", when_broken)]
}
