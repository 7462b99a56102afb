//! Ways in are narrowed to ranges that tell people apart (L503, L513-L514).

use super::questions::is_the_world;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Severity};
use crate::spec::NamedRange;

pub(super) static RULE: Rule = Rule {
    id: RuleId("allowed-range-is-not-the-world"),
    title: "No allowed range is wider than one organisation's network",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("AC-17"), Control::judgement("SC-7(5)")],
    document_line: Some(514),
    status: Law::InForce,
    rationale: "The document notes that 0.0.0.0/0 means anywhere and that best practice restricts it. Everything \
        that can reach an ssh port is tried within minutes; a range as wide as a /7 restricts nobody. Institutions \
        have ranges of their own, and a VPN gives those outside one of them.",
    fix: "name the ranges of your campus and its VPN; none wider than /8",
    cost: "people outside the ranges use the institution's VPN",
    bad: "[access]\n\
        allow = [{ name = \"anywhere\", cidr = \"0.0.0.0/0\" }]",
    good: "[access]\n\
        allow = [{ name = \"campus-vpn\", cidr = \"192.0.2.0/24\" }]   # with your own range",
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    facts.declared.access.allow.iter().enumerate().map(observe).collect()
}

fn observe((index, range): (usize, &NamedRange)) -> Observation {
    let NamedRange { name, cidr } = range;
    let kept = format!("allowed range `{cidr}` ({name}) tells people apart; whoever is inside it may still knock");
    let broken = format!("allowed range `{cidr}` ({name}) is as good as anywhere");
    Observation::of("spec", !is_the_world(cidr), &kept, &broken).at(format!("access.allow.{index}"))
}
