//! People reach the private machine from the bastion, from the Instance Connect endpoint or through Session Manager, and nothing else
//! reaches it (L523, L597).

use std::collections::BTreeMap;

use super::machines::{describe, groups_around, groups_of, is_port, observe_groups};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{GroupRule, Kind, Peer};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("private-machine-admits-only-the-bastion"),
    title: "Nothing reaches the private machine but ssh by the one way in",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.308(a)(4)(i)")],
    nist80053: &[
        Control::crosswalk("AC-3"),
        Control::crosswalk("AC-6"),
        Control::judgement("SC-7(5)"),
        Control::judgement("AC-17(3)"),
    ],
    document_line: Some(523),
    status: Law::InForce,
    rationale: "The machine with the data has one way in. Where there is a bastion, or an Instance Connect \
        endpoint, its group is named, so that the rule follows it and holds no address that could come to belong to \
        somebody else. Through Session Manager the machine calls out itself, and no port is open at all.",
    fix: "remove the rule; let further machines in by naming their security group, after thought",
    cost: "none",
    bad: r#"security-group-private.ingress = ["tcp 22 from 10.0.0.0/16"]"#,
    good: r#"security-group-private.ingress = ["tcp 22 from group security-group-bastion"]"#,
    looks_at: &[Kind::SecurityGroup, Kind::Instance, Kind::LaunchTemplate, Kind::InstanceConnectEndpoint],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let bastion = groups_around(facts.model, |machine| machine.bastion);
    let endpoints = facts.model.instance_connect_endpoints();
    let tunnels: BTreeMap<_, _> = endpoints.flat_map(|(_, one)| groups_of(facts.model, &one.groups)).collect();
    let by_a_way_in = |rule: &GroupRule| {
        let Peer::Group(group) = &rule.peer else { return false };
        let leads_from = |label: &str| bastion.contains_key(label) || tunnels.contains_key(label);
        is_port(rule, 22) && facts.model.follow(group).is_some_and(|group| leads_from(group.label()))
    };
    let when_kept = match (bastion.is_empty(), tunnels.is_empty()) {
        (true, true) => "no port is open to anybody",
        (false, true) => "it admits ssh from the bastion's group only",
        (true, false) => "it admits ssh from the Instance Connect endpoint's group only",
        (false, false) => "it admits ssh from the bastion's and the Instance Connect endpoint's groups only",
    };
    observe_groups(groups_around(facts.model, |machine| !machine.bastion), when_kept, |group| {
        let stray = group.ingress.iter().find(|rule| !by_a_way_in(rule))?;
        Some(format!("it admits {}: that is no way in that was planned", describe(stray, "from")))
    })
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::rule::testing::Scene;

    #[test]
    fn an_endpoints_group_is_a_way_in_while_the_endpoint_is_there() {
        let mut scene = Scene::connected();
        let findings = super::RULE.findings(&scene.facts());
        let kept = "it admits ssh from the Instance Connect endpoint's group only";
        assert_eq!((findings.len(), findings[0].message.as_str()), (1, kept));
        scene.remove("connect-endpoint");
        assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Broken);
    }

    #[test]
    fn without_a_bastion_no_port_may_be_open() {
        let mut scene = Scene::with_machine();
        let findings = super::RULE.findings(&scene.facts());
        assert_eq!((findings.len(), findings[0].message.as_str()), (1, "no port is open to anybody"));
        let mut other = Scene::full();
        let ingress = other.security_group("security-group-private").ingress.clone();
        scene.security_group("security-group-private").ingress = ingress;
        assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Broken);
    }
}
