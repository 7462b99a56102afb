//! Every volume is encrypted, the one that a machine boots from too (L232-L233 against L590, C3).

use super::machines::observe_machines;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("instance-volumes-are-encrypted"),
    title: "Every volume is encrypted: root, swap and data",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::addressable("164.312(a)(2)(iv)"), Citation::standard("164.310(d)(1)")],
    nist80053: &[Control::crosswalk("SC-13"), Control::judgement("SC-28(1)"), Control::crosswalk("MP-4")],
    document_line: Some(232),
    status: Law::InForce,
    rationale: "The document lists an unencrypted boot volume and PHI in swap as risks, and elsewhere leaves the root \
        volume unencrypted on purpose. Swap, temporary files and logs lie on the root volume, so PHI ends up there \
        whatever anyone intends. Encryption of EBS costs nothing and takes no noticeable time.",
    fix: "use `profile = \"modern\"`, which encrypts every volume; an unencrypted one is replaced, since it cannot be \
        encrypted in place",
    cost: "none: EBS encrypts without charge",
    bad: "instance-private.volumes_encrypted = false",
    good: "instance-private.volumes_encrypted = true",
    looks_at: &[Kind::Instance, Kind::LaunchTemplate, Kind::Volume],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let kept = "it is encrypted; whoever is logged in to the machine reads it in the clear";
    let machines = observe_machines(facts, |machine| machine.encrypted, kept, "it has a volume that is not encrypted");
    let volumes = facts.model.volumes();
    let volumes = volumes
        .map(|(resource, volume)| Observation::of(resource.label(), volume.encrypted, kept, "it is not encrypted"));
    machines.into_iter().chain(volumes).collect()
}
