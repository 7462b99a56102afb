//! Each planned subnet is guarded by an ACL of the plan, not by the default one that admits everything.

use super::questions::acls_of;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("subnet-has-network-acl"),
    title: "Each subnet is guarded by a network ACL of its own",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(a)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("SC-7"), Control::judgement("SC-7(5)")],
    document_line: Some(424),
    status: Law::InForce,
    rationale: "A new subnet falls to the VPC's default ACL, which lets everything in and out. The document wants \
        the private subnet firewalled; an ACL at its edge holds for every machine in it, whatever security group \
        someone gives that machine.",
    fix: "associate the subnet with its planned network ACL, as `sce apply` does",
    cost: "rules for both directions, since ACLs know no connections",
    bad: "network-acl-private.subnets = []",
    good: r#"network-acl-private.subnets = ["${subnet-private.id}"]"#,
    looks_at: &[Kind::Subnet, Kind::NetworkAcl],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let planned = facts.model.subnets().filter(|(resource, _)| resource.node.is_some());
    planned
        .map(|(resource, _)| {
            let kept = acls_of(facts.model, resource).any(|(acl, _)| acl.node.is_some());
            let when_broken = "no network ACL of the plan guards it, so the default one admits everything";
            Observation::of(resource.label(), kept, "a network ACL of the plan guards it", when_broken)
        })
        .collect()
}
