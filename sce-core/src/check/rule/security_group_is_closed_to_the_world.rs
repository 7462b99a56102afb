//! No security group lets the world in, on any port (L513-L514, C8).

use super::machines::describe;
use super::questions::is_the_world;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{GroupRule, Kind, Peer};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("security-group-is-closed-to-the-world"),
    title: "No security group admits traffic from anywhere",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("AC-17"), Control::judgement("SC-7(5)")],
    document_line: Some(513),
    status: Law::InForce,
    rationale: "The document found 0.0.0.0/0 in its own bastion's table and noted that best practice restricts it. \
        Everything that can reach an open port is tried within minutes, whatever listens there. A range wider than a \
        /8 tells nobody apart, and is judged as the world.",
    fix: "remove the rule, or narrow it to ranges of your own",
    cost: "people outside the ranges use the institution's VPN",
    bad: r#"security-group-bastion.ingress = ["tcp 22 from 0.0.0.0/0"]"#,
    good: r#"security-group-bastion.ingress = ["tcp 22 from 192.0.2.0/24"]   # with your own range"#,
    looks_at: &[Kind::SecurityGroup],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let world = |rule: &&GroupRule| matches!(&rule.peer, Peer::Cidr(cidr) if is_the_world(cidr));
    let groups = facts.model.security_groups();
    groups
        .map(|(resource, group)| {
            let open = group.ingress.iter().find(world).map(|rule| describe(rule, "from"));
            let broken = format!("it admits {}", open.as_deref().unwrap_or_default());
            Observation::of(resource.label(), open.is_none(), "nobody is let in merely for being somewhere", &broken)
        })
        .collect()
}
