//! No t2 machine is asked for on dedicated hardware: EC2 does not start one (L94, L506-L507, C2).

use super::machines::observe_machines;
use super::{Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("machine-type-fits-its-tenancy"),
    title: "No t2 machine is asked for on dedicated hardware",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[],
    nist80053: &[Control::judgement("CM-6"), Control::judgement("CP-2")],
    document_line: Some(94),
    status: Law::InForce,
    rationale: "The document forbids t types altogether, and gives its reason: they do not connect to a VPC of \
        dedicated tenancy. That is so for t2 and for nothing newer, so the rule is kept to its cause. A machine that \
        cannot start stops the work, not the risk.",
    fix: "leave `network.tenancy` out, or choose another type, such as `m7i.large`",
    cost: "none",
    bad: "[network]\n\
        tenancy = \"dedicated\"\n\
        [compute.private]\n\
        type = \"t2.large\"",
    good: "[network]\n\
        tenancy = \"default\"\n\
        [compute.private]\n\
        type = \"t2.large\"",
    looks_at: &[Kind::Instance, Kind::LaunchTemplate],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let kept = "EC2 offers its type on the hardware that is asked for";
    observe_machines(facts, |machine| !machine.cannot_start(), kept, "EC2 starts no t2 machine on dedicated hardware")
}
