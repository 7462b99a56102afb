//! From anywhere, network ACLs let in replies and nothing else (L425, L501-L503).

use super::questions::{effective_allows, is_the_world};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{AclRule, Kind, Protocol};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("network-acl-is-closed-to-anywhere"),
    title: "No network ACL admits more than replies from anywhere",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("SC-7(5)"), Control::judgement("AC-17")],
    document_line: Some(513),
    status: Law::InForce,
    rationale: "Network ACLs know no connections, so replies to what the environment asked for must be let in by \
        their ports, 1024 and up. Every service worth attacking listens below that, ssh on 22 first of all; letting \
        anywhere in there is what the document's best practice restricts. A range wider than /8 counts as anywhere, \
        so that two halves do not pass for less than the whole.",
    fix: "restrict the rule to your own networks, or to TCP ports from 1024 up",
    cost: "a range to keep up to date where there is a bastion",
    bad: "network-acl-public.ingress = { 200 = allow tcp 22 from 0.0.0.0/0 }",
    good: "network-acl-public.ingress = { 200 = allow tcp 22 from 192.0.2.0/24 }   # with your own range",
    looks_at: &[Kind::NetworkAcl],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    facts
        .model
        .network_acls()
        .map(|(resource, acl)| {
            let open = effective_allows(acl.ingress.values()).into_iter().find(|rule| is_open(rule));
            let broken = open.map(|rule| format!("it admits {} from {}", traffic(rule), rule.cidr));
            let kept =
                "from anywhere it admits replies only; services on ports from 1024 up are for security groups to guard";
            Observation::of(resource.label(), broken.is_none(), kept, &broken.unwrap_or_default())
        })
        .collect()
}

fn is_open(rule: &AclRule) -> bool {
    is_the_world(&rule.cidr) && !is_replies(rule)
}

/// Ports that clients choose to be answered on (RFC 6056; AWS VPC guide, "Ephemeral ports").
fn is_replies(rule: &AclRule) -> bool {
    rule.protocol == Protocol::Tcp && rule.ports.is_some_and(|(first, _)| first >= 1024)
}

fn traffic(rule: &AclRule) -> String {
    let protocol = match rule.protocol {
        Protocol::All => return "all traffic".to_owned(),
        Protocol::Tcp => "tcp".to_owned(),
        Protocol::Udp => "udp".to_owned(),
        Protocol::Number(number) => format!("protocol {number}"),
    };
    match rule.ports {
        Some((first, last)) if first == last => format!("{protocol} port {first}"),
        Some((first, last)) => format!("{protocol} ports {first} to {last}"),
        None => format!("{protocol} on every port"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::aws::resource::{AclRule, Protocol};
    use crate::check::rule::testing::Scene;

    fn rule(allow: bool, protocol: Protocol, cidr: &str, ports: Option<(u16, u16)>) -> AclRule {
        AclRule { allow, protocol, cidr: cidr.parse().unwrap(), ports }
    }

    fn message(rules: impl IntoIterator<Item = AclRule>) -> Option<String> {
        let mut scene = Scene::clean();
        scene.network_acl("network-acl-private").ingress = (1..).zip(rules).collect::<BTreeMap<_, _>>();
        let findings = super::RULE.findings(&scene.facts());
        let open = findings.into_iter().find(|finding| finding.resource == "network-acl-private" && finding.open());
        open.map(|finding| finding.message)
    }

    #[test]
    fn what_is_open_is_named() {
        use Protocol::{All, Number, Tcp, Udp};
        let cases = [
            (rule(true, All, "0.0.0.0/0", None), "it admits all traffic from 0.0.0.0/0"),
            (rule(true, Tcp, "0.0.0.0/0", Some((22, 22))), "it admits tcp port 22 from 0.0.0.0/0"),
            (rule(true, Tcp, "128.0.0.0/1", Some((0, 65535))), "it admits tcp ports 0 to 65535 from 128.0.0.0/1"),
            (rule(true, Udp, "::/0", Some((1024, 65535))), "it admits udp ports 1024 to 65535 from ::/0"),
            (rule(true, Number(50), "0.0.0.0/0", None), "it admits protocol 50 on every port from 0.0.0.0/0"),
        ];
        for (rule, expected) in cases {
            assert_eq!(message([rule]).as_deref(), Some(expected));
        }
    }

    #[test]
    fn refusals_before_it_make_a_rule_moot() {
        use Protocol::{All, Tcp};
        let ssh = || rule(true, Tcp, "0.0.0.0/0", Some((22, 22)));
        assert_eq!(message([rule(false, All, "0.0.0.0/0", None), ssh()]), None);
        assert_eq!(message([rule(false, Tcp, "0.0.0.0/0", Some((0, 1023))), ssh()]), None);
        assert!(message([rule(false, Tcp, "10.0.0.0/8", None), ssh()]).is_some());
        assert!(message([ssh(), rule(false, All, "0.0.0.0/0", None)]).is_some());
        assert_eq!(message([rule(true, Tcp, "10.0.0.0/16", Some((22, 22)))]), None);
    }
}
