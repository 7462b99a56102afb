//! No route of Sprivate, nor of another subnet for databases, leads to an internet gateway (L218, L475-L477).

use super::questions::{private_subnets, route_table_of, routes_of};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Kind, RouteTarget, Subnet};
use crate::check::{Facts, Severity};
use crate::model::{Model, Resource};

pub(super) static RULE: Rule = Rule {
    id: RuleId("private-subnet-has-no-internet-gateway-route"),
    title: "The private subnet has no route to an internet gateway",
    severity_kept: Severity::Info,
    severity_broken: Severity::Critical,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.308(a)(4)(i)")],
    nist80053: &[
        Control::crosswalk("AC-3"),
        Control::judgement("SC-7"),
        Control::judgement("SC-7(5)"),
        Control::judgement("AC-4"),
    ],
    document_line: Some(218),
    status: Law::InForce,
    rationale: "A route to an internet gateway is what makes a subnet public: whatever has a public address there \
        can be reached from everywhere. The private subnet is where work on PHI proceeds; a database may be put into any \
        subnet of its group, so each of them is held to the same. The document calls it \
        tremendously important that nothing new there becomes visible, and asks how one verifies it; this is how.",
    fix: "take the route out of the private subnet's table, and let traffic go by the NAT gateway",
    cost: "none",
    bad: r#"route-private-internet = { destination = "0.0.0.0/0", target = "${internet-gateway.id}" }"#,
    good: r#"route-private-nat = { destination = "0.0.0.0/0", target = "${nat-gateway.id}" }"#,
    looks_at: &[Kind::Subnet, Kind::RouteTable, Kind::RouteTableAssociation, Kind::Route, Kind::DatabaseSubnetGroup],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    private_subnets(facts.model).map(|(resource, subnet)| examine_one(facts.model, resource, subnet)).collect()
}

fn examine_one(model: &Model, resource: &Resource, subnet: &Subnet) -> Observation {
    let Some(table) = route_table_of(model, resource, subnet) else {
        return Observation::unknown(resource.label(), "the route table that rules it is not known");
    };
    let mut routes = routes_of(model, table);
    let public = routes.find(|route| matches!(route.target, RouteTarget::InternetGateway(_)));
    let broken = public.map(|route| format!("its route to {} leads to an internet gateway", route.destination));
    let kept = "none of its routes leads to an internet gateway";
    Observation::of(resource.label(), broken.is_none(), kept, &broken.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::rule::testing::Scene;
    use crate::value::Value;

    #[test]
    fn a_subnet_without_a_table_of_its_own_follows_the_main_one() {
        let mut scene = Scene::clean();
        scene.remove("association-private");
        scene.add_internet_route("route-table-main", "0.0.0.0/0");
        assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Broken);
    }

    #[test]
    fn a_table_that_nobody_knows_is_not_called_fine() {
        let mut scene = Scene::clean();
        scene.association("association-private").table = Value::Known("rtb-0123456789abcdef0".parse().unwrap());
        assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Unknown);
    }

    #[test]
    fn every_subnet_where_a_database_may_lie_is_private() {
        let mut scene = Scene::with_database();
        assert_eq!(super::RULE.findings(&scene.facts()).len(), 2);
        scene.add_internet_route("route-table-main", "0.0.0.0/0");
        let findings = super::RULE.findings(&scene.facts());
        let open: Vec<&str> =
            findings.iter().filter(|finding| finding.open()).map(|finding| finding.resource.as_str()).collect();
        assert_eq!(open, ["subnet-spare"]);
    }

    #[test]
    fn an_association_with_the_public_table_shows() {
        let mut scene = Scene::clean();
        let public = scene.association("association-public").table.clone();
        scene.association("association-private").table = public;
        let message = &super::RULE.findings(&scene.facts())[0].message;
        assert_eq!(message, "its route to 0.0.0.0/0 leads to an internet gateway");
    }

    #[test]
    fn what_could_not_be_read_leaves_the_answer_open() {
        let mut scene = Scene::clean();
        scene.unread("route-private-nat");
        let findings = super::RULE.findings(&scene.facts());
        assert!(findings.iter().all(|finding| finding.status == Status::Unknown && finding.blocks()), "{findings:?}");
    }
}
