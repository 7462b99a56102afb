//! Queues and topic refuse requests in clear text.

use super::questions::{is_clear_text, refuses_on_itself};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::Policy;
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};
use crate::model::Resource;

pub(super) static RULE: Rule = Rule {
    id: RuleId("ancillary-requires-tls"),
    title: "Queues and topic refuse requests that are not over TLS",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(e)(1)"), Citation::addressable("164.312(e)(2)(ii)")],
    nist80053: &[Control::crosswalk("SC-8"), Control::judgement("SC-8(1)")],
    document_line: Some(577),
    status: Law::InForce,
    rationale: "SQS and SNS answer in clear text as well as over TLS. What goes through them are names of files and \
        where they lie, which help whoever listens to find the data. A refusal in the policy of the queue or topic \
        binds every client, those that somebody misconfigured among them.",
    fix: "add a statement that denies sending and receiving to everyone when `aws:SecureTransport` is `false`",
    cost: "none",
    bad: "queue.policy without a statement on aws:SecureTransport",
    good: r#"{"Effect": "Deny", "Principal": "*",
 "Action": "sqs:*",
 "Resource": "arn:aws:sqs:us-west-2:111122223333:hipaa_queue",
 "Condition": {"Bool": {"aws:SecureTransport": "false"}}}"#,
    looks_at: &[Kind::Queue, Kind::Topic],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let queue_actions = ["sqs:ReceiveMessage", "sqs:SendMessage"];
    let queues = facts.model.queues();
    let queues = queues.map(|(resource, queue)| observe(resource, queue.policy.as_ref(), &queue_actions));
    let topics = facts.model.topics();
    let topics = topics.map(|(resource, topic)| observe(resource, topic.policy.as_ref(), &["sns:Publish"]));
    queues.chain(topics).collect()
}

fn observe(resource: &Resource, policy: Option<&Policy>, actions: &[&str]) -> Observation {
    let kept = refuses_on_itself(resource, policy, actions, is_clear_text);
    let when_kept = "requests in clear text are refused";
    Observation::of(resource.label(), kept, when_kept, "requests in clear text are not refused")
}
