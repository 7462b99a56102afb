//! What is asked for on the machine can also be fetched (L332, L680).

use super::{Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Severity};
use crate::spec::{Machine, Packages, Software};

pub(super) static RULE: Rule = Rule {
    id: RuleId("software-has-a-source"),
    title: "The software that is asked for has a source",
    severity_kept: Severity::Info,
    severity_broken: Severity::Low,
    cfr: &[],
    nist80053: &[Control::judgement("CM-7"), Control::judgement("SA-22")],
    document_line: Some(680),
    status: Law::InForce,
    rationale: "Amazon Linux's own repositories come through the S3 endpoint, and JupyterLab is not among them. \
        Without a way out or a mirror the machine comes up without it. People then ask for a way out, and the \
        environment gets a hole for the sake of a program.",
    fix: "name a Python package index inside with `packages = { mirror = \"https://…\" }`, or leave `jupyterlab` out \
        of `software`",
    cost: "a mirror to keep, or one program less",
    bad: "[network]\n\
        egress = \"none\"\n\
        [compute.private]\n\
        type = \"m7i.large\"\n\
        software = [\"python\", \"jupyterlab\"]",
    good: "[network]\n\
        egress = \"none\"\n\
        [compute.private]\n\
        type = \"m7i.large\"\n\
        software = [\"python\", \"r\"]",
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |machine: &Machine| {
        let asked = machine.software.contains(&Software::JupyterLab);
        let broken = "JupyterLab is asked for, and there is nowhere to fetch it from";
        let kept = !asked || facts.declared.packages != Packages::None;
        Observation::of("spec", kept, "everything that is asked for can be fetched", broken)
            .at("compute.private.software")
    };
    facts.declared.machine.iter().map(observe).collect()
}
