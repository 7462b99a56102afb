//! Tunnels through the Instance Connect endpoint end at port 22 of the environment's own network, and nobody calls the endpoint.

use super::machines::{describe, groups_of, is_inside, is_port};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{GroupRule, InstanceConnectEndpoint, Kind, Peer, SecurityGroup};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("connect-endpoint-leads-only-to-ssh"),
    title: "The Instance Connect endpoint leads to ssh inside the network and nowhere else",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.308(a)(4)(i)")],
    nist80053: &[
        Control::crosswalk("AC-3"),
        Control::crosswalk("AC-6"),
        Control::judgement("SC-7(5)"),
        Control::judgement("AC-17(3)"),
    ],
    document_line: None,
    status: Law::InForce,
    rationale: "Whoever may open a tunnel reaches through the endpoint whatever its security group lets out to, on 22 and \
        on the port of remote desktops, in this network and in those that are joined to it. Tunnels come to it through \
        AWS and by no connection of the network's, so that it need admit nobody. Machines must see its own address: with \
        the caller's, a rule for the endpoint's group admits nobody, and one for addresses would have to open the machine.",
    fix: "let the endpoint's group admit nothing and let out port 22 to the private subnet only; make the endpoint anew \
        without the caller's address, as `sce apply` does",
    cost: "none",
    bad: r#"security-group-connect.egress = ["all traffic to 0.0.0.0/0"]"#,
    good: r#"security-group-connect.egress = ["tcp 22 to 10.0.1.0/24"]"#,
    looks_at: &[Kind::InstanceConnectEndpoint, Kind::SecurityGroup, Kind::Vpc],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, endpoint: &InstanceConnectEndpoint| {
        let groups = groups_of(facts.model, &endpoint.groups);
        if groups.values().any(Option::is_none) || endpoint.groups.is_empty() {
            return Some(Observation::unknown(label, "the rules of its security group are not known"));
        }
        if groups.is_empty() {
            return None;
        }
        let stray = groups.values().flatten().find_map(|group| stray(facts, group));
        let seen = "machines see the callers' addresses, so that no rule of theirs can name the endpoint".to_owned();
        let broken = endpoint.preserve_client_ip.then_some(seen).or(stray);
        let kept = "it leads to ssh inside the network; whoever may open a tunnel may knock there";
        Some(Observation::of(label, broken.is_none(), kept, &broken.unwrap_or_default()))
    };
    let endpoints = facts.model.instance_connect_endpoints();
    endpoints.filter_map(|(resource, endpoint)| observe(resource.label(), endpoint)).collect()
}

/// The rule that the group must not have, if there is one.
fn stray(facts: &Facts<'_>, group: &SecurityGroup) -> Option<String> {
    let to_ssh_inside = |rule: &GroupRule| {
        let inside = match &rule.peer {
            Peer::Group(_) => true,
            Peer::Cidr(cidr) => is_inside(facts.model, cidr),
            Peer::PrefixList(_) | Peer::Other(_) => false,
        };
        inside && is_port(rule, 22)
    };
    let admits = group.ingress.first().map(|rule| format!("its security group admits {}", describe(rule, "from")));
    let strays = || group.egress.iter().find(|rule| !to_ssh_inside(rule));
    admits.or_else(|| strays().map(|rule| format!("its security group lets out {}", describe(rule, "to"))))
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::rule::testing::{Scene, tcp};

    #[test]
    fn what_comes_in_and_what_leaves_otherwise_is_told() {
        let mut scene = Scene::connected();
        let message = |scene: &Scene| super::RULE.findings(&scene.facts())[0].message.clone();
        assert_eq!(message(&scene), "it leads to ssh inside the network; whoever may open a tunnel may knock there");
        scene.security_group("security-group-connect").ingress.insert(tcp(22, "10.0.0.0/16"));
        assert_eq!(message(&scene), "its security group admits tcp port 22 from 10.0.0.0/16");
        scene.security_group("security-group-connect").ingress.clear();
        scene.security_group("security-group-connect").egress.insert(tcp(22, "192.168.0.0/16"));
        assert_eq!(message(&scene), "its security group lets out tcp port 22 to 192.168.0.0/16");
        scene.instance_connect_endpoint("connect-endpoint").preserve_client_ip = true;
        assert!(message(&scene).starts_with("machines see the callers' addresses"));
        scene.remove("security-group-connect");
        assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Unknown);
    }
}
