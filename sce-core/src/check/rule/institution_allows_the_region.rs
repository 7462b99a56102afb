//! Data stay where the institution decided that they may be.

use super::institution::{against, breach};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Institution, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("institution-allows-the-region"),
    title: "The region is one that the institution allows",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.316(a)")],
    nist80053: &[Control::crosswalk("PL-1"), Control::crosswalk("RA-1"), Control::judgement("SA-9(5)")],
    document_line: Some(193),
    status: Law::InForce,
    rationale: "Contracts, data use agreements and state law can bind data to a place, and AWS never moves them out \
        of the region that is chosen. The institution knows its agreements, and the builder of one environment may \
        not. A move afterwards is a new environment and a transfer.",
    fix: "set `region` to one that the policy's `allow.regions` lists, or have the institution add it",
    cost: "none: regions cost about the same",
    bad: r#"# policy: allow.regions = ["us-west-2"]
region = "eu-west-1""#,
    good: r#"# policy: allow.regions = ["us-west-2"]
region = "us-west-2""#,
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let Some(region) = &facts.declared.region else { return Vec::new() };
    let kept = |institution: &Institution| {
        institution.allow.regions.as_ref().map(|_| format!("{} allows region `{region}`", institution.name))
    };
    against(facts, kept, |institution| {
        let allowed = institution.allow.regions.as_ref().is_none_or(|regions| regions.contains(region));
        let message = format!("{} does not allow region `{region}`", institution.name);
        (!allowed).then(|| breach("spec", &message).at("region")).into_iter().collect()
    })
}
