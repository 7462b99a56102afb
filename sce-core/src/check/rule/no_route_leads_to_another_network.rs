//! No route leads to a peered network, a VPN or an interface that no plan made (L190).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Kind, RouteTarget};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("no-route-leads-to-another-network"),
    title: "No route leads into another network",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.308(a)(4)(i)")],
    nist80053: &[
        Control::crosswalk("AC-3"),
        Control::judgement("AC-4"),
        Control::judgement("SC-7"),
        Control::judgement("CA-3"),
    ],
    document_line: Some(190),
    status: Law::InForce,
    rationale: "The document says that peered VPCs are to be avoided. A route to a peering, a transit gateway or a \
        VPN joins the environment to machines that nobody here judged, and their way out becomes its way out. Where \
        such a route is needed, somebody should know that it is there.",
    fix: "remove the route, or have the other network judged as part of the environment",
    cost: "what the other network offers must come by another way",
    bad: r#"route-other = { destination = "10.9.0.0/16", target = "pcx-0abc" }"#,
    good: r#"route-private-nat = { destination = "0.0.0.0/0", target = "${nat-gateway.id}" }"#,
    looks_at: &[Kind::Vpc, Kind::Route],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let elsewhere = facts.model.routes().filter_map(|(resource, route)| match &route.target {
        RouteTarget::Other(target) => Some((resource, route.destination, target)),
        RouteTarget::InternetGateway(_) | RouteTarget::NatGateway(_) => None,
    });
    let broken: Vec<Observation> = elsewhere
        .map(|(resource, destination, target)| {
            let message = format!("a route to {destination} leads to `{target}`, which no plan made");
            Observation::of(resource.label(), false, "", &message)
        })
        .collect();
    if !broken.is_empty() {
        return broken;
    }
    let kept = |label: &str| Observation::of(label, true, "no route leads into another network", "");
    facts.model.vpcs().map(|(resource, _)| kept(resource.label())).collect()
}
