//! People come from the networks that the institution knows.

use super::institution::{against, breach};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Institution, Severity};
use crate::spec::NamedRange;

pub(super) static RULE: Rule = Rule {
    id: RuleId("institution-allows-the-ranges"),
    title: "Every allowed range lies inside one of the institution's",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.316(a)")],
    nist80053: &[
        Control::crosswalk("PL-1"),
        Control::crosswalk("RA-1"),
        Control::judgement("AC-17"),
        Control::judgement("SC-7(5)"),
    ],
    document_line: Some(513),
    status: Law::InForce,
    rationale: "The document narrows the bastion's ranges to campus, hospital and VPN. The network department knows \
        those ranges and a builder guesses them. A range beyond them lets in people whom no campus account stands \
        behind.",
    fix: "use a part of one of the policy's `allow.ranges`",
    cost: "asking the network department once, for all environments",
    bad: r#"# policy: allow.ranges = [{ name = "campus", cidr = "140.142.0.0/16" }]
[access]
allow = [{ name = "home", cidr = "203.0.113.0/24" }]"#,
    good: r#"# policy: allow.ranges = [{ name = "campus", cidr = "140.142.0.0/16" }]
[access]
allow = [{ name = "campus-vpn", cidr = "140.142.8.0/24" }]"#,
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let kept = |institution: &Institution| {
        let says = institution.allow.ranges.is_some() && !facts.declared.access.allow.is_empty();
        says.then(|| format!("every allowed range lies inside one of {}", institution.name))
    };
    against(facts, kept, |institution| {
        let Some(ranges) = &institution.allow.ranges else { return Vec::new() };
        let outside = facts.declared.access.allow.iter().enumerate().filter(|(_, range)| !inside(range, ranges));
        let told = |(index, range): (usize, &NamedRange)| {
            let NamedRange { name, cidr } = range;
            let message = format!("allowed range `{cidr}` ({name}) lies outside the networks of {}", institution.name);
            breach("spec", &message).at(format!("access.allow.{index}"))
        };
        outside.map(told).collect()
    })
}

fn inside(range: &NamedRange, ranges: &[NamedRange]) -> bool {
    ranges.iter().any(|allowed| allowed.cidr.covers(&range.cidr))
}
