//! The table, the queues, the topic and the function's settings are encrypted with the project's key.

use super::questions::leads_to;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::arn::Arn;
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};
use crate::model::Resource;
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    id: RuleId("ancillary-is-encrypted-with-own-key"),
    title: "Table, queues, topic and function are encrypted with the project's key",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::addressable("164.312(a)(2)(iv)")],
    nist80053: &[Control::crosswalk("SC-13"), Control::judgement("SC-28(1)"), Control::judgement("SC-12")],
    document_line: Some(577),
    status: Law::InForce,
    rationale: "Names of files tell what a study does, even where they carry no PHI. Without a key of ours AWS encrypts \
        a table and a queue with keys that everybody who may read them may use, and a topic not at all. With the \
        project's key every use of it is logged, and destroying it at close-out destroys every copy.",
    fix: "set the KMS key of the table, the queue, the topic or the function to the project's",
    cost: "some cents of KMS calls a month",
    bad: "file-table.key = null",
    good: r#"file-table.key = "${key.arn}""#,
    looks_at: &[Kind::Table, Kind::Queue, Kind::Topic, Kind::Function, Kind::KmsKey],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let model = facts.model;
    let keys = model.tables().map(|(resource, table)| (resource, &table.key));
    let keys = keys.chain(model.queues().map(|(resource, queue)| (resource, &queue.key)));
    let keys = keys.chain(model.topics().map(|(resource, topic)| (resource, &topic.key)));
    let keys = keys.chain(model.functions().map(|(resource, function)| (resource, &function.key)));
    let observe = |(resource, key): (&Resource, &Option<Value<Arn>>)| {
        let kept = key.as_ref().is_some_and(|key| leads_to(model, key, Kind::KmsKey));
        let when_kept = "encrypted with the project's key";
        Observation::of(resource.label(), kept, when_kept, "not encrypted with a key of the project")
    };
    keys.map(observe).collect()
}
