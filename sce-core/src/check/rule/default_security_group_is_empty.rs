//! The default security group lets nothing in and nothing out, so that what forgets to name a group reaches
//! nothing.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("default-security-group-is-empty"),
    title: "The VPC's default security group has no rules",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)")],
    nist80053: &[
        Control::crosswalk("AC-3"),
        Control::crosswalk("AC-6"),
        Control::judgement("SC-7(5)"),
        Control::judgement("CM-6"),
    ],
    document_line: Some(401),
    status: Law::InForce,
    rationale: "AWS gives every VPC a default group in which members reach each other and everywhere else. Whatever \
        is started without a group of its own falls into it, by accident and without a word. It cannot be deleted, \
        so it is emptied.",
    fix: "remove every rule from the default security group, and give each machine a group of its own",
    cost: "a machine started without a group reaches nothing, which is the point",
    bad: r#"security-group-default.egress = ["-1 0.0.0.0/0"]"#,
    good: "security-group-default.egress = []",
    looks_at: &[Kind::DefaultSecurityGroup],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, rules: usize| {
        let broken = format!("it has {rules} rule(s): what forgets to name a group can reach others by it");
        Observation::of(label, rules == 0, "it lets nothing in and nothing out", &broken)
    };
    let groups = facts.model.default_security_groups();
    groups.map(|(resource, group)| observe(resource.label(), group.ingress.len() + group.egress.len())).collect()
}
