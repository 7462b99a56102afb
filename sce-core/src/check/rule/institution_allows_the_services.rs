//! What an environment is made of is what the institution has looked at.

use super::institution::{against, breach};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Institution, Severity};
use crate::model::Resource;

pub(super) static RULE: Rule = Rule {
    id: RuleId("institution-allows-the-services"),
    title: "Everything is of a service and a kind that the institution allows",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.316(a)")],
    nist80053: &[Control::crosswalk("PL-1"), Control::crosswalk("RA-1"), Control::judgement("CM-7")],
    document_line: Some(90),
    status: Law::InForce,
    rationale: "An institution's review covers the services that it reviewed, as the BAA covers those that AWS \
        lists. What is made of others may be safe, and nobody there has said so. A list that is held mechanically \
        saves a meeting for each environment.",
    fix: "leave out what needs the service, or have the institution add it to `allow.services` or take it out of \
        `forbid.kinds`",
    cost: "a review of each service, once",
    bad: r#"# policy: forbid.kinds = ["nat-gateway"]
[network]
egress = "nat""#,
    good: r#"# policy: forbid.kinds = ["nat-gateway"]
[network]
egress = "none""#,
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let kept = |institution: &Institution| {
        let says = institution.allow.services.is_some() || !institution.forbid.kinds.is_empty();
        says.then(|| format!("everything is of a service and a kind that {} allows", institution.name))
    };
    against(facts, kept, |institution| {
        facts.model.resources.iter().filter_map(|resource| refused(institution, resource)).collect()
    })
}

fn refused(institution: &Institution, resource: &Resource) -> Option<Observation> {
    let (kind, name) = (resource.properties.kind(), &institution.name);
    let service = kind.descriptor().service;
    let listed = |services: &Vec<String>| services.iter().any(|allowed| allowed == service);
    let message = if institution.forbid.kinds.contains(&kind) {
        format!("{name} forbids `{}`", kind.word())
    } else if institution.allow.services.as_ref().is_none_or(listed) {
        return None;
    } else {
        format!("{name} does not allow service `{service}`, which a {} is of", kind.descriptor().title)
    };
    Some(breach(resource.label(), &message))
}
