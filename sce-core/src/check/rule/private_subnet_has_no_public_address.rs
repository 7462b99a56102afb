//! Only the public subnet hands out public addresses (L461, L218).

use super::questions::{private_subnets, routes_from};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Kind, RouteTarget, Subnet};
use crate::check::{Facts, Severity};
use crate::model::{Model, Resource};

pub(super) static RULE: Rule = Rule {
    id: RuleId("private-subnet-has-no-public-address"),
    title: "Nothing outside the public subnet gets a public address",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.308(a)(4)(i)")],
    nist80053: &[
        Control::crosswalk("AC-3"),
        Control::judgement("SC-7"),
        Control::judgement("SC-7(5)"),
        Control::judgement("CM-6"),
    ],
    document_line: Some(461),
    status: Law::InForce,
    rationale: "The document sets auto-assignment to yes for Spublic and to no for Sprivate. A public address in a \
        private subnet does nothing until someone changes a route, and then the machine is on the internet at once. \
        A subnet counts as public if the table that rules it leads to an internet gateway, and never if it is the \
        planned private one or of a database's subnet group.",
    fix: "switch off auto-assignment of public addresses for the subnet",
    cost: "none",
    bad: "subnet-private.public_address_on_launch = true",
    good: "subnet-private.public_address_on_launch = false",
    looks_at: &[Kind::Subnet, Kind::RouteTable, Kind::RouteTableAssociation, Kind::Route, Kind::DatabaseSubnetGroup],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let private = facts.model.subnets().filter(|(resource, subnet)| !is_public(facts.model, resource, subnet));
    private
        .map(|(resource, subnet)| {
            let kept = "new network interfaces get no public address";
            let broken = "it is private, and new network interfaces get a public address";
            Observation::of(resource.label(), !subnet.public_address_on_launch, kept, broken)
        })
        .collect()
}

fn is_public(model: &Model, resource: &Resource, subnet: &Subnet) -> bool {
    let mut routes = routes_from(model, resource, subnet).into_iter();
    let is_private = private_subnets(model).any(|(private, _)| std::ptr::eq(private, resource));
    !is_private && routes.any(|route| matches!(route.target, RouteTarget::InternetGateway(_)))
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::Scene;

    #[test]
    fn a_subnet_whose_table_leads_nowhere_is_private() {
        let mut scene = Scene::clean();
        scene.remove("route-public-internet");
        let findings = super::RULE.findings(&scene.facts());
        let open: Vec<&str> =
            findings.iter().filter(|finding| finding.open()).map(|finding| finding.resource.as_str()).collect();
        assert_eq!(open, ["subnet-public"]);
    }
}
