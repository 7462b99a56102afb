//! SQS queues.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use sce_core::aws::policy::Policy;
use sce_core::aws::resource::{Difference, Properties, Queue, Redrive};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;
use serde::Deserialize;

use super::bucket::key_arn;
use super::kms_prefix;
use super::role::{PASSING, gone, is_unseen_principal, unless_own_work};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently, poll};
use crate::session::Session;

/// How long a name that was just given up stays taken, and then some (SQS API reference, `CreateQueue`: 60 seconds).
const NAME_FREE: Duration = Duration::from_secs(90);

/// How long a deleted queue may still show (SQS API reference, `DeleteQueue`: 60 seconds; Terraform waits 3 minutes).
const FADING: Duration = Duration::from_secs(180);

/// Finds the queue by its name. One that goes while it is read is gone.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Queue>) -> Result<Option<Found>, CloudError> {
    let Some(url) = url(session, wanted.node).await? else { return Ok(None) };
    match read(session, wanted.node, &url).await {
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// Made whole: encrypted and with its policy from the first message on.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Queue>) -> Result<(), CloudError> {
    let mut attributes = attributes(wanted.properties, |_| true);
    attributes.retain(|_, value| !value.is_empty());
    let send = || async {
        let request = session.sqs.create_queue().queue_name(&wanted.node.name);
        let request = request.set_attributes(Some(attributes.clone()));
        let request = request.set_tags(Some(wanted.node.tags.clone().into_iter().collect()));
        request.send().await.map_err(cloud("CreateQueue", wanted.label()))
    };
    let passes = |error: &CloudError| {
        let code = error.code.as_deref().unwrap_or_default();
        code.ends_with("QueueDeletedRecently") || is_fresh(error)
    };
    match patiently(session, NAME_FREE, passes, send).await {
        Err(error) if error.trouble == Trouble::AlreadyExists => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())
        }
        other => other.map(drop),
    }
}

/// Sets what differs, and waits until SQS shows it: attributes take up to a minute to be the same everywhere.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Queue>,
    _: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    let changed = |field: &str| differences.iter().any(|difference| difference.field == field);
    let attributes = attributes(wanted.properties, changed);
    let send = || async {
        let url = url(session, wanted.node).await?.ok_or_else(|| missing(wanted.label()))?;
        let request = session.sqs.set_queue_attributes().queue_url(url).set_attributes(Some(attributes.clone()));
        request.send().await.map(drop).map_err(cloud("SetQueueAttributes", wanted.label()))
    };
    let passes = |error: &CloudError| error.trouble == Trouble::NotFound || is_fresh(error);
    patiently(session, PASSING, passes, send).await?;
    let planned: Properties = wanted.properties.clone().into();
    let shows = || async {
        let found = look(session, wanted).await?;
        let off = |found: &Found| planned.differences(&found.properties).iter().any(|one| changed(&one.field));
        Ok(found.is_some_and(|found| !off(&found)).then_some(()))
    };
    // What does not show in time is for verifying to tell.
    poll(session, PASSING, shows).await.map(drop)
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, _: &Found) -> Result<(), CloudError> {
    let url = url(session, node).await?.ok_or_else(|| missing(node.id.as_str()))?;
    let request = session.sqs.tag_queue().queue_url(url).set_tags(Some(node.tags.clone().into_iter().collect()));
    request.send().await.map(drop).map_err(cloud("TagQueue", node.id.as_str()))
}

/// Deletes the queue with its messages, and waits until it shows no more.
pub(crate) async fn delete(session: &Session, node: &Node, _: &Found) -> Result<Deleted, CloudError> {
    let Some(address) = url(session, node).await? else { return Ok(Deleted::Gone) };
    let sent = session.sqs.delete_queue().queue_url(address).send().await;
    gone(sent.map_err(cloud("DeleteQueue", node.id.as_str())))?;
    let is_gone = || async { Ok(url(session, node).await?.is_none().then_some(Deleted::Gone)) };
    let still_there =
        || CloudError::plain("DeleteQueue", node.id.as_str(), Trouble::InUse, "still there after three minutes");
    poll(session, FADING, is_gone).await?.ok_or_else(still_there)
}

async fn url(session: &Session, node: &Node) -> Result<Option<String>, CloudError> {
    let sent = session.sqs.get_queue_url().queue_name(&node.name).send().await;
    match sent.map_err(cloud("GetQueueUrl", node.id.as_str())) {
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        other => Ok(other?.queue_url),
    }
}

async fn read(session: &Session, node: &Node, url: &str) -> Result<Found, CloudError> {
    let label = node.id.as_str();
    let read = async {
        let request = session.sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
        request.send().await.map_err(cloud("GetQueueAttributes", label))
    };
    let tags = async {
        let sent = session.sqs.list_queue_tags().queue_url(url).send().await;
        sent.map_err(cloud("ListQueueTags", label))
    };
    let (answer, tags) = tokio::try_join!(read, tags)?;
    let attributes = answer.attributes.unwrap_or_default();
    let properties = properties(&kms_prefix(session), &attributes);
    let properties = properties.map_err(|why| CloudError::unreadable("GetQueueAttributes", label, why))?;
    let arn = attributes.get(&QueueAttributeName::QueueArn).cloned();
    let tags: Tags = tags.tags.unwrap_or_default().into_iter().collect();
    let attributes = Attributes { id: node.name.clone(), arn };
    Ok(Found { attributes, properties: properties.into(), tags })
}

/// A redrive policy as SQS hands it back: the number may be text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SdkRedrive {
    dead_letter_target_arn: String,
    max_receive_count: serde_json::Value,
}

fn properties(kms: &str, attributes: &HashMap<QueueAttributeName, String>) -> Result<Queue, String> {
    let text = |name| attributes.get(&name).map(String::as_str).filter(|text| !text.is_empty());
    let number = |name: QueueAttributeName| {
        let unreadable = || format!("`{}` is no number", name.as_str());
        text(name.clone()).and_then(|text| text.parse().ok()).ok_or_else(unreadable)
    };
    let policy = text(QueueAttributeName::Policy).map(Policy::from_json).transpose();
    Ok(Queue {
        key: text(QueueAttributeName::KmsMasterKeyId).and_then(|key| key_arn(kms, Some(key))).map(Value::Known),
        retention_seconds: number(QueueAttributeName::MessageRetentionPeriod)?,
        visibility_seconds: number(QueueAttributeName::VisibilityTimeout)?,
        redrive: text(QueueAttributeName::RedrivePolicy).map(redrive).transpose()?,
        policy: policy.map_err(|error| format!("its policy: {error}"))?,
    })
}

fn redrive(text: &str) -> Result<Redrive, String> {
    let read: SdkRedrive = serde_json::from_str(text).map_err(|error| format!("its redrive policy: {error}"))?;
    let queue = read.dead_letter_target_arn.parse().map_err(|error| format!("its redrive policy: {error}"))?;
    let count = match &read.max_receive_count {
        serde_json::Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|count| u32::try_from(count).ok()),
    };
    let max_receives = count.ok_or_else(|| "its redrive policy: no number of receives".to_owned())?;
    Ok(Redrive { queue: Value::Known(queue), max_receives })
}

/// The attributes of these fields as SQS takes them; an empty text removes one.
fn attributes(queue: &Queue, fields: impl Fn(&str) -> bool) -> HashMap<QueueAttributeName, String> {
    let redrive = |redrive: &Redrive| {
        let (target, count) = (redrive.queue.to_string(), redrive.max_receives);
        serde_json::json!({ "deadLetterTargetArn": target, "maxReceiveCount": count }).to_string()
    };
    let all = [
        ("key", QueueAttributeName::KmsMasterKeyId, queue.key.as_ref().map(ToString::to_string)),
        ("retention_seconds", QueueAttributeName::MessageRetentionPeriod, Some(queue.retention_seconds.to_string())),
        ("visibility_seconds", QueueAttributeName::VisibilityTimeout, Some(queue.visibility_seconds.to_string())),
        ("redrive", QueueAttributeName::RedrivePolicy, queue.redrive.as_ref().map(redrive)),
        ("policy", QueueAttributeName::Policy, queue.policy.as_ref().map(Policy::to_json)),
    ];
    let asked = all.into_iter().filter(|(field, ..)| fields(field));
    asked.map(|(_, name, value)| (name, value.unwrap_or_default())).collect()
}

fn missing(label: &str) -> CloudError {
    CloudError::plain("GetQueueUrl", label, Trouble::NotFound, "the queue is not there")
}

/// A policy that names somebody, or a redrive that names a queue, just made.
fn is_fresh(error: &CloudError) -> bool {
    let says = |words: &str| error.message.as_deref().is_some_and(|message| message.contains(words));
    let dead_letters = error.code.as_deref().is_some_and(|code| code.ends_with("InvalidParameterValue"))
        && says("Dead letter target does not exist");
    is_unseen_principal(error) || dead_letters
}

#[cfg(test)]
mod tests {
    use super::*;

    const KMS: &str = "arn:aws:kms:us-west-2:111122223333:";
    const LETTERS: &str = "arn:aws:sqs:us-west-2:111122223333:hipaa_dead_letters";

    fn queue() -> Queue {
        Queue {
            key: Some(Value::Known(format!("{KMS}key/k").parse().unwrap())),
            retention_seconds: 345_600,
            visibility_seconds: 3600,
            redrive: Some(Redrive { queue: Value::Known(LETTERS.parse().unwrap()), max_receives: 3 }),
            policy: Some(Policy::new(Vec::new())),
        }
    }

    #[test]
    fn what_is_sent_reads_back_the_same() {
        let sent = attributes(&queue(), |_| true);
        assert_eq!(properties(KMS, &sent), Ok(queue()));
    }

    #[test]
    fn what_is_not_set_is_none_and_a_number_may_be_text() {
        let mut sent = attributes(&queue(), |field| field.ends_with("_seconds"));
        let bare = properties(KMS, &sent).unwrap();
        assert_eq!((bare.key, bare.redrive, bare.policy), (None, None, None));
        let text = format!(r#"{{"deadLetterTargetArn":"{LETTERS}","maxReceiveCount":"3"}}"#);
        sent.insert(QueueAttributeName::RedrivePolicy, text);
        assert_eq!(properties(KMS, &sent).unwrap().redrive, queue().redrive);
        sent.insert(QueueAttributeName::RedrivePolicy, "\"x\"".to_owned());
        assert!(properties(KMS, &sent).unwrap_err().starts_with("its redrive policy"));
        sent.remove(&QueueAttributeName::VisibilityTimeout);
        sent.remove(&QueueAttributeName::RedrivePolicy);
        assert_eq!(properties(KMS, &sent).unwrap_err(), "`VisibilityTimeout` is no number");
    }

    #[test]
    fn a_removed_setting_is_sent_empty() {
        let plain = Queue { policy: None, ..queue() };
        let sent = attributes(&plain, |field| field == "policy");
        assert_eq!(sent, HashMap::from([(QueueAttributeName::Policy, String::new())]));
    }
}
