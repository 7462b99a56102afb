//! Volumes are encrypted with the project's key and not with the account's (L229, L590, C4).

use super::questions::leads_to;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::arn::Arn;
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    id: RuleId("volume-is-encrypted-with-own-key"),
    title: "Every volume is encrypted with the project's key",
    severity_kept: Severity::Low,
    severity_broken: Severity::Medium,
    cfr: &[Citation::addressable("164.312(a)(2)(iv)")],
    nist80053: &[Control::crosswalk("SC-13"), Control::judgement("SC-12"), Control::judgement("SC-28(1)")],
    document_line: Some(229),
    status: Law::InForce,
    rationale: "The document calls the account's default key simplest and secure, and in another place a risk. Anyone \
        in the account whose policy allows EC2 may open a volume under the default key, and no policy on that key can \
        be written. With the project's key reading takes that key's leave, and destroying it at close-out destroys \
        every copy.",
    fix: "use `profile = \"modern\"`; a volume is moved to another key by a snapshot copied under that key",
    cost: "none beside the key that there is anyway",
    bad: r#"volume-private.key = "none""#,
    good: r#"volume-private.key = "${key.arn}""#,
    looks_at: &[Kind::Volume, Kind::LaunchTemplate, Kind::KmsKey],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, key: Option<&Value<Arn>>| {
        let kept = key.is_some_and(|key| leads_to(facts.model, key, Kind::KmsKey));
        let when_kept = "it is encrypted with the project's key; who may use the key reads it";
        Observation::of(label, kept, when_kept, "it is encrypted with a key that is not the project's")
    };
    // What is not encrypted at all is another rule's to say.
    let volumes = facts.model.volumes().filter(|(_, volume)| volume.encrypted);
    let volumes = volumes.map(|(resource, volume)| observe(resource.label(), volume.key.as_ref()));
    let of_templates = facts.model.launch_templates().map(|(resource, template)| (resource, template.root.as_ref()));
    let of_instances = facts.model.instances().map(|(resource, instance)| (resource, instance.root.as_ref()));
    let roots = of_templates.chain(of_instances).filter_map(|(resource, root)| Some((resource, root?)));
    let roots = roots.filter(|(_, root)| root.encrypted);
    let roots = roots.map(|(resource, root)| observe(resource.label(), root.key.as_ref()));
    volumes.chain(roots).collect()
}
