//! A bastion, and a role that is taken on from outside, let in ranges that exist, not those of a template (RFC 5737, RFC 3849, RFC 9637).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Severity};
use crate::spec::NamedRange;

pub(super) static RULE: Rule = Rule {
    id: RuleId("allowed-range-is-not-an-example"),
    title: "No range that a bastion or a role lets in is one kept for examples",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("AC-17"), Control::judgement("SC-7(5)")],
    document_line: Some(514),
    status: Law::InForce,
    rationale: "Documentation ranges are routed nowhere, so a spec that still has one was copied and not thought \
        through. Nobody gets in, and the next edit is made in a hurry: usually to 0.0.0.0/0. Only the builder knows \
        from where people will come.",
    fix: "replace it with your own networks, such as the campus VPN's range",
    cost: "asking the network department once",
    bad: "[access]\n\
        mode = \"bastion\"\n\
        allow = [{ name = \"campus-vpn\", cidr = \"198.51.100.0/24\" }]",
    good: "[access]\n\
        mode = \"session-manager\"",
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    if !facts.declared.uses_allowed_ranges() {
        return Vec::new();
    }
    facts.declared.access.allow.iter().enumerate().map(observe).collect()
}

fn observe((index, range): (usize, &NamedRange)) -> Observation {
    let NamedRange { name, cidr } = range;
    let kept = format!("allowed range `{cidr}` ({name}) is not one kept for examples");
    let broken = format!("allowed range `{cidr}` ({name}) is kept for examples: nobody comes from there");
    Observation::of("spec", !cidr.is_documentation(), &kept, &broken).at(format!("access.allow.{index}"))
}
