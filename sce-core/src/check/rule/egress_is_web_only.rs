//! Out of Sprivate go web requests and nothing else; what remains is the residual risk that the document asks about
//! (L246, L277-L278).

use super::questions::{acls_of, effective_allows, is_the_world, private_subnet, routes_from};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{AclRule, Kind, Protocol};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("egress-is-web-only"),
    title: "The private subnet sends nothing but web requests to the internet",
    severity_kept: Severity::Medium,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(e)(1)"), Citation::addressable("164.308(a)(5)(ii)(B)")],
    nist80053: &[
        Control::crosswalk("SC-8"),
        Control::judgement("SC-7(5)"),
        Control::judgement("SC-7(10)"),
        Control::judgement("SI-3"),
    ],
    document_line: Some(278),
    status: Law::InForce,
    rationale: "A NAT gateway is a diode: nobody comes in by it. But what runs inside may send data out by it and \
        fetch malware, and the document says that then you have done it to yourself. Letting only web ports pass \
        keeps tunnels on other ports out; over port 443 the risk remains, and it is named here so that somebody \
        accepts it.",
    fix: "let the private subnet's network ACL allow only TCP 443 and 80 to anywhere, or set `network.egress` to \
        `none`",
    cost: "updates from mirrors on other ports need another way; no egress at all needs a package mirror inside",
    bad: "network-acl-private.egress = { 100 = allow all to 0.0.0.0/0 }",
    good: "[network]\n\
        egress = \"none\"",
    looks_at: &[Kind::Subnet, Kind::RouteTable, Kind::RouteTableAssociation, Kind::Route, Kind::NetworkAcl],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let Some((resource, subnet)) = private_subnet(facts.model) else { return Vec::new() };
    if routes_from(facts.model, resource, subnet).is_empty() {
        return Vec::new();
    }
    let acls = acls_of(facts.model, resource);
    acls.map(|(acl, rules)| {
        let wide =
            effective_allows(rules.egress.values()).into_iter().any(|rule| is_the_world(&rule.cidr) && !is_web(rule));
        let kept = "only web requests leave, to anywhere: data can go out by them, and malware come in";
        Observation::of(acl.label(), !wide, kept, "more than web requests may leave to anywhere")
    })
    .collect()
}

fn is_web(rule: &AclRule) -> bool {
    rule.protocol == Protocol::Tcp && matches!(rule.ports, Some((443, 443) | (80, 80)))
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::Scene;

    #[test]
    fn without_a_way_out_there_is_nothing_to_say() {
        assert!(super::RULE.findings(&Scene::of("[network]\negress = \"none\"\n").facts()).is_empty());
        assert_eq!(super::RULE.findings(&Scene::clean().facts()).len(), 1);
    }
}
