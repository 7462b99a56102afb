//! Each machine has a role of its own, and so needs no stored access key (L234, L1144).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::arn::Arn;
use crate::aws::resource::{Instance, InstanceProfile, Kind, Properties};
use crate::check::{Facts, Severity};
use crate::model::Model;
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    id: RuleId("instance-has-a-role-of-its-own"),
    title: "Every machine has a role of its own",
    severity_kept: Severity::Low,
    severity_broken: Severity::Medium,
    cfr: &[Citation::required("164.312(a)(2)(i)"), Citation::standard("164.312(a)(1)")],
    nist80053: &[Control::crosswalk("IA-3"), Control::crosswalk("AC-6"), Control::crosswalk("AC-2")],
    document_line: Some(1144),
    status: Law::InForce,
    rationale: "A machine without a role gets access keys pasted into it sooner or later, and those are copied, kept \
        and forgotten. A role shared by two machines gives each the rights of both, and the log cannot tell them \
        apart. So each machine has its own, with what that machine needs.",
    fix: "launch the machine from its template, which names its instance profile",
    cost: "none",
    bad: r#"instance-private.profile = "none""#,
    good: r#"instance-private.profile = "${compute-profile.arn}""#,
    looks_at: &[Kind::Instance, Kind::InstanceProfile],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let role = |instance: &Instance| instance.profile.as_ref().map(|profile| role_of(facts.model, profile));
    let shared = |label: &str, instance: &Instance| {
        let mut others = facts.model.instances().filter(|(resource, _)| resource.label() != label);
        others.any(|(_, other)| role(other) == role(instance))
    };
    let instances = facts.model.instances();
    instances
        .map(|(resource, instance)| {
            let label = resource.label();
            let (kept, broken) = match &instance.profile {
                None => (false, "it has no role, so that work on it takes stored keys"),
                Some(_) => (!shared(label, instance), "it shares its role with another machine"),
            };
            Observation::of(label, kept, "it has a role of its own", broken)
        })
        .collect()
}

/// The role that a profile lends; the profile itself where the model does not have it.
fn role_of(model: &Model, profile: &Value<Arn>) -> String {
    match model.follow(profile).map(|resource| &resource.properties) {
        Some(Properties::InstanceProfile(InstanceProfile { role: Some(role) })) => text(role),
        _ => text(profile),
    }
}

fn text<T: ToString>(value: &Value<T>) -> String {
    match value {
        Value::Known(known) => known.to_string(),
        Value::Ref(reference) => reference.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::Scene;

    #[test]
    fn two_profiles_that_lend_one_role_share_it() {
        let mut scene = Scene::full();
        let role = scene.instance_profile("compute-profile").role.clone();
        scene.instance_profile("bastion-profile").role = role;
        assert!(super::RULE.findings(&scene.facts()).iter().all(|finding| finding.open()));
    }

    #[test]
    fn a_shared_role_is_told_at_both_machines() {
        let mut scene = Scene::full();
        let profile = scene.instance("instance-private").profile.clone();
        scene.instance("instance-bastion").profile = profile;
        let findings = super::RULE.findings(&scene.facts());
        assert!(
            findings.len() == 2 && findings.iter().all(|finding| finding.message.starts_with("it shares its role"))
        );
    }
}
