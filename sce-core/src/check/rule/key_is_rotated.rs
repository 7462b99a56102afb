//! AWS renews the key's material every year.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("key-is-rotated"),
    title: "The project's key is rotated",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::addressable("164.312(a)(2)(iv)")],
    nist80053: &[Control::judgement("SC-12"), Control::crosswalk("SC-13")],
    document_line: None,
    status: Law::InForce,
    rationale: "Rotation bounds how much is encrypted under one piece of key material. AWS keeps the older material, \
        so nothing is re-encrypted and nothing becomes unreadable. The document leaves keys to the account's \
        defaults; one key of the project's own, rotated, needs no more care and can be destroyed with the project.",
    fix: "turn on automatic rotation of the key",
    cost: "none with symmetric keys in KMS's own store",
    bad: "key.rotation = false",
    good: "key.rotation = true",
    looks_at: &[Kind::KmsKey],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, rotated: bool| {
        Observation::of(label, rotated, "its material is renewed every year", "its material is never renewed")
    };
    facts.model.keys().map(|(resource, key)| observe(resource.label(), key.rotation)).collect()
}
