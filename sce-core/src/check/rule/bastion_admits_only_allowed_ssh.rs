//! The bastion is open on port 22 to the allowed ranges, and on nothing else to nobody else (L502-L503, C8).

use super::machines::{describe, groups_around, is_port, observe_groups};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{GroupRule, Kind, Peer};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("bastion-admits-only-allowed-ssh"),
    title: "The bastion admits ssh from the allowed ranges and nothing else",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("AC-17"), Control::judgement("SC-7(5)")],
    document_line: Some(502),
    status: Law::InForce,
    rationale: "The document gives B one open port, and narrows it to a subset of the world by its security group. \
        Every further port is a further program that strangers may try, and every further range a further crowd of \
        strangers. A rule that somebody added in haste stays until somebody looks.",
    fix: "remove the rule, or name its range in `access.allow` so that it is seen and judged",
    cost: "people outside the ranges use the institution's VPN",
    bad: r#"security-group-bastion.ingress = ["tcp 8888 from 192.0.2.0/24"]"#,
    good: r#"security-group-bastion.ingress = ["tcp 22 from 192.0.2.0/24"]   # and the range is in access.allow"#,
    looks_at: &[Kind::SecurityGroup, Kind::Instance, Kind::LaunchTemplate],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let allowed = |rule: &GroupRule| {
        let Peer::Cidr(cidr) = &rule.peer else { return false };
        is_port(rule, 22) && facts.declared.access.allow.iter().any(|range| range.cidr.covers(cidr))
    };
    let when_kept = "it admits ssh from the allowed ranges only; whoever is inside them may still knock";
    observe_groups(groups_around(facts.model, |machine| machine.bastion), when_kept, |group| {
        let stray = group.ingress.iter().find(|rule| !allowed(rule))?;
        Some(format!("it admits {}, which no allowed range stands for", describe(stray, "from")))
    })
}

#[cfg(test)]
mod tests {
    use crate::aws::resource::{GroupRule, Peer, Protocol};
    use crate::check::Status;
    use crate::check::rule::testing::Scene;

    #[test]
    fn a_part_of_an_allowed_range_is_allowed_and_a_wider_one_is_not() {
        for (cidr, port, kept) in
            [("140.142.9.0/24", 22, true), ("140.142.0.0/15", 22, false), ("140.142.9.0/24", 23, false)]
        {
            let mut scene = Scene::full();
            let rule = GroupRule {
                protocol: Protocol::Tcp,
                ports: Some((port, port)),
                peer: Peer::Cidr(cidr.parse().unwrap()),
                description: "test".to_owned(),
            };
            scene.security_group("security-group-bastion").ingress = [rule].into();
            let findings = super::RULE.findings(&scene.facts());
            assert_eq!((findings.len(), findings[0].status == Status::Kept), (1, kept), "{cidr} {port}");
        }
    }

    #[test]
    fn a_group_that_nobody_knows_is_unknown() {
        let mut scene = Scene::full();
        scene.remove("security-group-bastion");
        assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Unknown);
    }
}
