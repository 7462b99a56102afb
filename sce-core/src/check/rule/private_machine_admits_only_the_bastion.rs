//! People reach the private machine from the bastion or through Session Manager, and nothing else reaches it (L523, L597).

use super::machines::{describe, groups_around, is_port, observe_groups};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{GroupRule, Kind, Peer};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("private-machine-admits-only-the-bastion"),
    title: "Nothing reaches the private machine but ssh from the bastion",
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
    rationale: "The machine with the data has one way in. Where there is a bastion its group is named, so that the \
        rule follows the bastion and holds no address that could come to belong to somebody else. Through Session \
        Manager the machine calls out itself, and no port is open at all.",
    fix: "remove the rule; let further machines in by naming their security group, after thought",
    cost: "none",
    bad: r#"security-group-private.ingress = ["tcp 22 from 10.0.0.0/16"]"#,
    good: r#"security-group-private.ingress = ["tcp 22 from group security-group-bastion"]"#,
    looks_at: &[Kind::SecurityGroup, Kind::Instance, Kind::LaunchTemplate],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let bastion = groups_around(facts.model, |machine| machine.bastion);
    let from_bastion = |rule: &GroupRule| {
        let Peer::Group(group) = &rule.peer else { return false };
        is_port(rule, 22) && facts.model.follow(group).is_some_and(|group| bastion.contains_key(group.label()))
    };
    let when_kept =
        if bastion.is_empty() { "no port is open to anybody" } else { "it admits ssh from the bastion's group only" };
    observe_groups(groups_around(facts.model, |machine| !machine.bastion), when_kept, |group| {
        let stray = group.ingress.iter().find(|rule| !from_bastion(rule))?;
        Some(format!("it admits {}: that is no way in that was planned", describe(stray, "from")))
    })
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::rule::testing::Scene;

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
