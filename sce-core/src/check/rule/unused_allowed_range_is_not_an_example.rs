//! An example range (RFC 5737) in a spec whose way in uses no ranges yet: harmless today, a trap the day the mode
//! changes.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Severity};
use crate::spec::NamedRange;

pub(super) static RULE: Rule = Rule {
    id: RuleId("unused-allowed-range-is-not-an-example"),
    title: "No allowed range is a leftover example, even where the way in uses none",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(a)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("CM-6")],
    document_line: Some(514),
    status: Law::InForce,
    rationale: "Without a bastion the allowed ranges open no port, so an example among them does no harm today. It \
        is still what the environment would trust after one word of the spec changes, and a reader takes it for a \
        decision that somebody made. Where a bastion uses the ranges, `allowed-range-is-not-an-example` says so with \
        greater severity.",
    fix: "replace it with your own networks, or leave `access.allow` out",
    cost: "none",
    bad: "[access]\n\
        mode = \"session-manager\"\n\
        allow = [{ name = \"campus-vpn\", cidr = \"198.51.100.0/24\" }]",
    good: "[access]\n\
        mode = \"session-manager\"",
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    if facts.declared.uses_allowed_ranges() {
        return Vec::new();
    }
    facts.declared.access.allow.iter().enumerate().map(observe).collect()
}

fn observe((index, range): (usize, &NamedRange)) -> Observation {
    let NamedRange { name, cidr } = range;
    let kept = format!("allowed range `{cidr}` ({name}) is not one kept for examples");
    let broken =
        format!("allowed range `{cidr}` ({name}) is kept for examples: it opens nothing today, and is no decision");
    Observation::of("spec", !cidr.is_documentation(), &kept, &broken).at(format!("access.allow.{index}"))
}
