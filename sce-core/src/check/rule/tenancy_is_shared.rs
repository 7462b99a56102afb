//! Dedicated hardware is paid for without a duty (L191-L192 against L388 and L1117, C1).

use super::{Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Kind, Tenancy};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("tenancy-is-shared"),
    title: "The VPC does not pay for dedicated hardware",
    severity_kept: Severity::Info,
    severity_broken: Severity::Info,
    cfr: &[],
    nist80053: &[Control::judgement("SC-4")],
    document_line: Some(192),
    status: Law::InForce,
    rationale: "The document stipulates dedicated tenancy in one place and says in another, later one that shared \
        tenancy is allowed and dedicated is not to be used. No paragraph of the Security Rule asks for dedicated \
        hardware, and the BAA has not since 2017. It is the document's own example of diminishing returns: the same \
        money buys more safety elsewhere.",
    fix: "set `network.tenancy` to `default`, or leave it out",
    cost: "dedicated instances cost more by the hour, and a fee for each region",
    bad: "[network]\n\
        tenancy = \"dedicated\"",
    good: "[network]\n\
        tenancy = \"default\"",
    looks_at: &[Kind::Vpc],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, tenancy: Tenancy| {
        let broken = "its hardware is dedicated: no HIPAA duty asks for that, and the returns diminish";
        Observation::of(label, tenancy == Tenancy::Default, "its hardware is shared, which the BAA allows", broken)
    };
    facts.model.vpcs().map(|(resource, vpc)| observe(resource.label(), vpc.tenancy)).collect()
}
