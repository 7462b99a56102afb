//! Where the spec asks for no way out, no route leads to the internet.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Kind, RouteTarget};
use crate::check::{Facts, Severity};
use crate::spec::Egress;

pub(super) static RULE: Rule = Rule {
    id: RuleId("egress-none-has-no-way-out"),
    title: "With `egress = \"none\"` no route leads to the internet",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("SC-7(5)")],
    document_line: Some(246),
    status: Law::InForce,
    rationale: "Someone decided that data cannot leave but through endpoints, and others rely on it. A single route \
        to a NAT or internet gateway undoes that decision without a word in the spec.",
    fix: "remove the route, or ask for the way out in the spec so that the risk is seen",
    cost: "updates come through endpoints or a mirror inside the VPC",
    bad: "[network]\n\
        egress = \"none\"   # and a route 0.0.0.0/0 to a NAT gateway",
    good: "[network]\n\
        egress = \"none\"",
    looks_at: &[Kind::Vpc, Kind::Route],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    if facts.declared.egress != Egress::None {
        return Vec::new();
    }
    let leads_out = |target: &RouteTarget| !matches!(target, RouteTarget::Other(_));
    let routes = facts.model.routes().filter(|(_, route)| leads_out(&route.target));
    let broken: Vec<Observation> = routes
        .map(|(resource, route)| {
            let message =
                format!("a route to {} leads to the internet, though no way out was asked for", route.destination);
            Observation::of(resource.label(), false, "", &message)
        })
        .collect();
    if !broken.is_empty() {
        return broken;
    }
    let kept = |label: &str| Observation::of(label, true, "no route leads to the internet", "");
    facts.model.vpcs().map(|(resource, _)| kept(resource.label())).collect()
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::rule::testing::Scene;

    #[test]
    fn a_plan_without_egress_keeps_it() {
        let scene = Scene::of("[network]\negress = \"none\"\n");
        let findings = super::RULE.findings(&scene.facts());
        assert_eq!((findings.len(), findings[0].status), (1, Status::Kept));
    }
}
