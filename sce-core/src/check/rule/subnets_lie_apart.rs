//! Subnets lie inside their VPC and share no address (L375-L376).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Kind, Properties, Subnet};
use crate::check::{Facts, Severity};
use crate::model::{Model, Resource};

pub(super) static RULE: Rule = Rule {
    id: RuleId("subnets-lie-apart"),
    title: "Subnets lie inside the VPC and apart from each other",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::required("164.308(a)(1)(ii)(B)")],
    nist80053: &[Control::judgement("CM-6"), Control::judgement("SC-7")],
    document_line: Some(376),
    status: Law::InForce,
    rationale: "The document limits subnets to the VPC's range, each a part of it. AWS refuses an overlap, but only \
        when half of the environment is built. Found in a plan, it costs nothing.",
    fix: "leave out `network.public` and `network.private` and let them be planned, or give ranges that do not \
        overlap",
    cost: "none",
    bad: r#"subnet-public.cidr = "10.0.0.0/23" beside subnet-private.cidr = "10.0.1.0/24""#,
    good: r#"subnet-public.cidr = "10.0.0.0/24" beside subnet-private.cidr = "10.0.1.0/24""#,
    looks_at: &[Kind::Subnet, Kind::Vpc],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let subnets = facts.model.subnets();
    subnets
        .map(|(resource, subnet)| {
            let broken = outside(facts.model, subnet).or_else(|| overlap(facts.model, resource, subnet));
            let kept = "it lies inside the VPC and apart from other subnets";
            Observation::of(resource.label(), broken.is_none(), kept, &broken.unwrap_or_default())
        })
        .collect()
}

fn outside(model: &Model, subnet: &Subnet) -> Option<String> {
    let Properties::Vpc(vpc) = &model.follow(&subnet.vpc)?.properties else { return None };
    (!vpc.cidr.covers(&subnet.cidr)).then(|| format!("{} is not inside the VPC's {}", subnet.cidr, vpc.cidr))
}

fn overlap(model: &Model, resource: &Resource, subnet: &Subnet) -> Option<String> {
    let mut others = model.subnets().filter(|(other, _)| !std::ptr::eq(*other, resource));
    let meets = |other: &Subnet| other.vpc == subnet.vpc && other.cidr.overlaps(&subnet.cidr);
    let (name, other) = others.find(|(_, other)| meets(other))?;
    Some(format!("{} overlaps {} of `{}`", subnet.cidr, other.cidr, name.label()))
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::Scene;

    #[test]
    fn a_subnet_outside_the_vpc_is_told_so() {
        let mut scene = Scene::clean();
        scene.subnet("subnet-private").cidr = "192.168.0.0/24".parse().unwrap();
        let findings = super::RULE.findings(&scene.facts());
        let open = findings.iter().find(|finding| finding.open()).unwrap();
        assert_eq!(open.message, "192.168.0.0/24 is not inside the VPC's 10.0.0.0/16");
    }
}
