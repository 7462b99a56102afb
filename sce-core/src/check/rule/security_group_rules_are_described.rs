//! Every rule of a security group says why it is there (L512).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("security-group-rules-are-described"),
    title: "Every rule of a security group says why it is there",
    severity_kept: Severity::Info,
    severity_broken: Severity::Low,
    cfr: &[Citation::standard("164.316(b)(1)"), Citation::required("164.316(b)(2)(iii)")],
    nist80053: &[Control::crosswalk("PL-2"), Control::judgement("CM-6"), Control::crosswalk("CA-1")],
    document_line: Some(512),
    status: Law::InForce,
    rationale: "Nobody dares to remove a rule whose purpose nobody knows, and so groups only ever grow. The document \
        gives its group a description and leaves its rules without. A word on each lets the next review take away \
        what no longer has a reason.",
    fix: "describe each rule by what needs it",
    cost: "a word on each rule",
    bad: r#"security-group-bastion.ingress = [{ port = 22, peer = "192.0.2.0/24", description = "" }]"#,
    good: r#"security-group-bastion.ingress = [{ port = 22, peer = "192.0.2.0/24", description = "ssh from the campus VPN" }]"#,
    looks_at: &[Kind::SecurityGroup],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let groups = facts.model.security_groups();
    groups
        .map(|(resource, group)| {
            let rules = group.ingress.iter().chain(&group.egress);
            let silent = rules.filter(|rule| rule.description.trim().is_empty()).count();
            let broken = format!("{silent} of its rules do not say why they are there");
            Observation::of(resource.label(), silent == 0, "each of its rules says why it is there", &broken)
        })
        .collect()
}
