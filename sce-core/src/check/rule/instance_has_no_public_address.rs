//! No machine but the bastion has a public address; the private one never (L218, L461, L523).

use super::machines::machines;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("instance-has-no-public-address"),
    title: "No machine but the bastion has a public address",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("SC-7"), Control::judgement("SC-7(5)")],
    document_line: Some(218),
    status: Law::InForce,
    rationale: "The document calls it tremendously important that a new machine is not publicly visible. An address of \
        its own puts a machine on the internet as soon as one route or one rule is wrong. The bastion has one because \
        it is for being reached.",
    fix: "launch the machine anew without a public address, in the private subnet",
    cost: "none",
    bad: "instance-private.public_address = true",
    good: "instance-private.public_address = false",
    looks_at: &[Kind::Instance, Kind::LaunchTemplate],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let inner = machines(facts.model).filter(|machine| !machine.bastion);
    inner
        .map(|machine| {
            let broken = "it has, or gets, a public address, and it is no bastion";
            Observation::of(machine.label, !machine.public_address, "it has no public address", broken)
        })
        .collect()
}
