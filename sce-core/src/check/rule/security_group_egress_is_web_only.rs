//! What leaves for beyond the network leaves as web traffic (L278, L680, C27).

use super::machines::{describe, is_inside, is_port};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{GroupRule, Kind, Peer};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("security-group-egress-is-web-only"),
    title: "Security groups let nothing out of the network but web traffic",
    severity_kept: Severity::Medium,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::addressable("164.308(a)(5)(ii)(B)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("SC-7(5)"), Control::judgement("AC-4")],
    document_line: Some(680),
    status: Law::InForce,
    rationale: "Updates and packages come over the web, and nothing else that a machine must do leads out of the \
        network. Every other port is a tunnel for whoever gets hold of the machine. AWS gives each new group a rule \
        that allows everything out, so an absent line is no closed door.",
    fix: "remove the rule; name port 443 or 80, an address within the network, a group or a list of AWS",
    cost: "what needs another port out takes a change of the plan",
    bad: r#"security-group-private.egress = ["all traffic to 0.0.0.0/0"]"#,
    good: r#"security-group-private.egress = ["tcp 443 to 0.0.0.0/0"]"#,
    looks_at: &[Kind::SecurityGroup, Kind::Vpc],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let stays_or_is_web = |rule: &GroupRule| match &rule.peer {
        Peer::Group(_) | Peer::PrefixList(_) => true,
        Peer::Other(_) => false,
        Peer::Cidr(cidr) => is_inside(facts.model, cidr) || is_port(rule, 443) || is_port(rule, 80),
    };
    let groups = facts.model.security_groups();
    groups
        .map(|(resource, group)| {
            let stray = group.egress.iter().find(|rule| !stays_or_is_web(rule)).map(|rule| describe(rule, "to"));
            let broken = format!("it lets out {}", stray.as_deref().unwrap_or_default());
            let kept = "only web traffic leaves the network; data could still leave that way, as files to any web site";
            Observation::of(resource.label(), stray.is_none(), kept, &broken)
        })
        .collect()
}
