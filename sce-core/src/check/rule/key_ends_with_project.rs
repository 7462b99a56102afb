//! The key that everything is encrypted with ends with the project (L229-L233).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};
use crate::model::Resource;
use crate::plan::Scope;

pub(super) static RULE: Rule = Rule {
    id: RuleId("key-ends-with-project"),
    title: "The key is the project's own, and ends with it",
    severity_kept: Severity::Info,
    severity_broken: Severity::Low,
    cfr: &[Citation::required("164.310(d)(2)(i)")],
    nist80053: &[Control::crosswalk("MP-6"), Control::judgement("SC-12")],
    document_line: Some(229),
    status: Law::InForce,
    rationale: "Close-out lets AWS delete the project's key, and with it every copy that anybody kept of what it \
        encrypted becomes unreadable. A key that others look after stays, so that last lock is lost: what is gone \
        from the stores is gone there only. Whoever may use such a key may also read what other projects wrote with it.",
    fix: "leave `use_existing.key` out; where the organisation demands its own key, dispose of copies by other means and say so",
    cost: "one key a project, some cents a month",
    bad: r#"use_existing.key = "arn:aws:kms:us-west-2:111122223333:key/0a1b2c3d""#,
    good: "use_existing.key = null",
    looks_at: &[Kind::KmsKey],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |resource: &Resource| {
        let kept = "close-out lets AWS delete it, and every copy of what it encrypted becomes unreadable";
        let broken = "it is somebody else's and outlives the project: copies of what it encrypted stay readable";
        Observation::of(resource.label(), resource.scope != Scope::Existing, kept, broken)
    };
    facts.model.keys().map(|(resource, _)| observe(resource)).collect()
}
