//! The log group is encrypted with the project's own key, so that closing out can shred what it held.

use super::questions::leads_to;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("log-group-is-encrypted-with-own-key"),
    title: "Every log group is encrypted with the project's key",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::addressable("164.312(a)(2)(iv)"), Citation::standard("164.312(b)")],
    nist80053: &[Control::crosswalk("SC-13"), Control::judgement("SC-28(1)"), Control::judgement("AU-9")],
    document_line: None,
    status: Law::InForce,
    rationale: "Flow logs tell which machines spoke and when. CloudWatch encrypts them with a key of its own in any \
        case, which everybody who may read logs may use. With the project's key, reading takes the key's leave too, \
        and destroying the key destroys every copy.",
    fix: "set the log group's KMS key to the project's",
    cost: "some cents of KMS calls a month",
    bad: "log-group.key = null",
    good: r#"log-group.key = "${key.arn}""#,
    looks_at: &[Kind::LogGroup, Kind::KmsKey],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    facts
        .model
        .log_groups()
        .map(|(resource, group)| {
            let kept = group.key.as_ref().is_some_and(|key| leads_to(facts.model, key, Kind::KmsKey));
            let when_kept = "encrypted with the project's key";
            Observation::of(resource.label(), kept, when_kept, "not encrypted with a key of the project")
        })
        .collect()
}
