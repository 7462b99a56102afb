//! SNS topics.

use std::collections::HashMap;

use aws_sdk_sns::types::Tag;
use sce_core::aws::policy::Policy;
use sce_core::aws::resource::{Difference, Topic};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::bucket::key_arn;
use super::kms_prefix;
use super::role::{PASSING, gone};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently};
use crate::session::Session;

/// Finds the topic by its name, which makes its ARN. One that goes while it is read is gone.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Topic>) -> Result<Option<Found>, CloudError> {
    match read(session, wanted.node).await {
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// Made whole: encrypted and with its policy from the first message on. The same call twice makes one topic.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Topic>) -> Result<(), CloudError> {
    let attributes: HashMap<String, String> = ["key", "policy"]
        .into_iter()
        .map(|field| attribute(wanted.properties, field))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let send = || async {
        let request = session.sns.create_topic().name(&wanted.node.name);
        let request = request.set_attributes(Some(attributes.clone())).set_tags(Some(sns_tags(&wanted.node.tags)));
        request.send().await.map(drop).map_err(cloud("CreateTopic", wanted.label()))
    };
    patiently(session, PASSING, is_unseen_principal, send).await
}

/// SNS takes one attribute a call.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Topic>,
    _: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    for difference in differences {
        let (name, value) = attribute(wanted.properties, &difference.field);
        let send = || async {
            let request = session.sns.set_topic_attributes().topic_arn(arn(session, &wanted.node.name));
            let request = request.attribute_name(name).attribute_value(&value);
            request.send().await.map(drop).map_err(cloud("SetTopicAttributes", wanted.label()))
        };
        let passes = |error: &CloudError| error.trouble == Trouble::NotFound || is_unseen_principal(error);
        patiently(session, PASSING, passes, send).await?;
    }
    Ok(())
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, _: &Found) -> Result<(), CloudError> {
    let request = session.sns.tag_resource().resource_arn(arn(session, &node.name));
    request.set_tags(Some(sns_tags(&node.tags))).send().await.map(drop).map_err(cloud("TagResource", node.id.as_str()))
}

/// Deletes the topic, and with it its subscriptions.
pub(crate) async fn delete(session: &Session, node: &Node, _: &Found) -> Result<Deleted, CloudError> {
    let sent = session.sns.delete_topic().topic_arn(arn(session, &node.name)).send().await;
    gone(sent.map_err(cloud("DeleteTopic", node.id.as_str())))?;
    Ok(Deleted::Gone)
}

async fn read(session: &Session, node: &Node) -> Result<Found, CloudError> {
    let (label, arn) = (node.id.as_str(), arn(session, &node.name));
    let read = async {
        let sent = session.sns.get_topic_attributes().topic_arn(&arn).send().await;
        sent.map_err(cloud("GetTopicAttributes", label))
    };
    let tags = async {
        let sent = session.sns.list_tags_for_resource().resource_arn(&arn).send().await;
        sent.map_err(cloud("ListTagsForResource", label))
    };
    let (answer, tags) = tokio::try_join!(read, tags)?;
    let attributes = answer.attributes.unwrap_or_default();
    let properties = properties(&kms_prefix(session), &attributes);
    let properties = properties.map_err(|why| CloudError::unreadable("GetTopicAttributes", label, why))?;
    let tags: Tags = tags.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
    let attributes = Attributes { id: node.name.clone(), arn: Some(arn) };
    Ok(Found { attributes, properties: properties.into(), tags })
}

fn properties(kms: &str, attributes: &HashMap<String, String>) -> Result<Topic, String> {
    let text = |name: &str| attributes.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let policy = text("Policy").map(Policy::from_json).transpose();
    Ok(Topic {
        key: text("KmsMasterKeyId").and_then(|key| key_arn(kms, Some(key))).map(Value::Known),
        policy: policy.map_err(|error| format!("its policy: {error}"))?,
    })
}

/// A field as SNS takes it; an empty text removes it.
fn attribute(topic: &Topic, field: &str) -> (&'static str, String) {
    match field {
        "key" => ("KmsMasterKeyId", topic.key.as_ref().map(ToString::to_string).unwrap_or_default()),
        _ => ("Policy", topic.policy.as_ref().map(Policy::to_json).unwrap_or_default()),
    }
}

fn arn(session: &Session, name: &str) -> String {
    let region = session.region();
    format!("arn:{}:sns:{region}:{}:{name}", region.partition(), session.account())
}

/// SNS calls a policy that names somebody just made an invalid parameter (aws-behaviour 1d).
fn is_unseen_principal(error: &CloudError) -> bool {
    let invalid = error.code.as_deref().is_some_and(|code| code.starts_with("InvalidParameter"));
    invalid && error.message.as_deref().is_some_and(|message| message.contains("PrincipalNotFound"))
}

fn sns_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_reads_back_the_same() {
        let kms = "arn:aws:kms:us-west-2:111122223333:";
        let key = Some(Value::Known(format!("{kms}key/k").parse().unwrap()));
        let topic = Topic { key, policy: Some(Policy::new(Vec::new())) };
        let sent = ["key", "policy"].map(|field| attribute(&topic, field));
        let sent = sent.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(properties(kms, &sent), Ok(topic));
        assert_eq!(properties(kms, &HashMap::new()), Ok(Topic { key: None, policy: None }));
    }

    #[test]
    fn a_key_by_its_bare_id_is_the_same_key() {
        let kms = "arn:aws:kms:us-west-2:111122223333:";
        let sent = HashMap::from([("KmsMasterKeyId".to_owned(), "k".to_owned())]);
        assert_eq!(properties(kms, &sent).unwrap().key.unwrap().to_string(), format!("{kms}key/k"));
    }
}
