//! Machines are of a generation built on the Nitro system (C2).

use super::machines::machines;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("machine-type-is-on-nitro"),
    title: "Machines are of a type built on AWS's Nitro system",
    severity_kept: Severity::Info,
    severity_broken: Severity::Info,
    cfr: &[Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("SC-8"), Control::judgement("SC-39")],
    document_line: Some(504),
    status: Law::InForce,
    rationale: "The document's m4 is of a generation whose hypervisor runs on the same processor as its guests. On \
        Nitro, memory and network are kept apart by hardware of its own that nobody logs in to, and many types \
        encrypt what passes between them. The newer types also do more for the money.",
    fix: "choose a current type, such as `m7i.large` for m4.large",
    cost: "none: newer types cost about the same",
    bad: "[compute.private]\n\
        type = \"m4.large\"",
    good: "[compute.private]\n\
        type = \"m7i.large\"",
    looks_at: &[Kind::Instance, Kind::LaunchTemplate],
    examine,
};

/// The families whose hypervisor EC2's `DescribeInstanceTypes` calls `xen`, and those of their time that it no longer lists.
const ON_XEN: [&str; 26] = [
    "c1", "c3", "c4", "cc2", "cr1", "d2", "f1", "g2", "g3", "g3s", "h1", "hs1", "i2", "i3", "m1", "m2", "m3", "m4",
    "p2", "p3", "r3", "r4", "t1", "t2", "x1", "x1e",
];

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let startable = machines(facts.model).filter(|machine| !machine.cannot_start());
    startable
        .map(|machine| {
            let broken = format!("`{}` is of a generation before Nitro", machine.instance_type);
            let kept = !ON_XEN.contains(&machine.family()) || machine.instance_type.contains(".metal");
            Observation::of(machine.label, kept, "its type is built on Nitro", &broken)
        })
        .collect()
}
