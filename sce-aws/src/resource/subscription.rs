//! Subscriptions to SNS topics. They carry no tags; topic, protocol and address make them.

use aws_sdk_sns::types::Subscription as SdkSubscription;
use sce_core::aws::resource::{Difference, Subscription};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::{PASSING, gone};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently};
use crate::session::Session;

/// Finds the subscription among the topic's. One that nobody confirmed has no ARN yet.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Subscription>) -> Result<Option<Found>, CloudError> {
    let planned = wanted.properties;
    let request = session.sns.list_subscriptions_by_topic().topic_arn(planned.topic.to_string());
    let listed = request.into_paginator().items().send().try_collect().await;
    let listed = match listed.map_err(cloud("ListSubscriptionsByTopic", wanted.label())) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
        other => other?,
    };
    let is_this = |one: &&SdkSubscription| {
        one.protocol() == Some(planned.protocol.as_str()) && one.endpoint() == Some(planned.endpoint.as_str())
    };
    let Some(found) = listed.iter().find(is_this) else { return Ok(None) };
    let properties = Subscription {
        topic: Value::Known(parsed(wanted.label(), found.topic_arn())?),
        protocol: found.protocol().unwrap_or_default().to_owned(),
        endpoint: found.endpoint().unwrap_or_default().to_owned(),
        confirmed: Some(confirmed(session, wanted.label(), found).await?),
    };
    // The address stays the same before and after it is confirmed; the ARN does not.
    let arn = found.subscription_arn().filter(|arn| arn.starts_with("arn:")).map(str::to_owned);
    let id = format!("{} {}", properties.protocol, properties.endpoint);
    let attributes = Attributes { id, arn };
    Ok(Some(Found { attributes, properties: properties.into(), tags: Tags::new() }))
}

/// The same call twice makes one subscription, and sends the mail to confirm again.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Subscription>) -> Result<(), CloudError> {
    let planned = wanted.properties;
    let send = || async {
        let request = session.sns.subscribe().topic_arn(planned.topic.to_string());
        let request = request.protocol(&planned.protocol).endpoint(&planned.endpoint);
        request.send().await.map(drop).map_err(cloud("Subscribe", wanted.label()))
    };
    // The topic may be fresh.
    patiently(session, PASSING, |error| error.trouble == Trouble::NotFound, send).await
}

/// Whether it is confirmed is not ours to settle, and all else makes it what it is.
pub(crate) async fn settle(
    _: &Session,
    _: &Wanted<'_, Subscription>,
    _: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    Ok(())
}

/// It has no tags.
pub(crate) async fn tag(_: &Session, _: &Node, _: &Found) -> Result<(), CloudError> {
    Ok(())
}

/// Ends it. One that nobody confirmed cannot be ended: it goes with its topic, which is deleted next (aws-behaviour 1d).
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let Some(arn) = &found.attributes.arn else { return Ok(Deleted::Gone) };
    let sent = session.sns.unsubscribe().subscription_arn(arn).send().await;
    gone(sent.map_err(cloud("Unsubscribe", node.id.as_str())))?;
    Ok(Deleted::Gone)
}

/// A listing shows `PendingConfirmation` in the ARN's place; where it shows an ARN, the subscription itself says more.
async fn confirmed(session: &Session, label: &str, found: &SdkSubscription) -> Result<bool, CloudError> {
    let Some(arn) = found.subscription_arn().filter(|arn| arn.starts_with("arn:")) else { return Ok(false) };
    let sent = session.sns.get_subscription_attributes().subscription_arn(arn).send().await;
    let attributes = sent.map_err(cloud("GetSubscriptionAttributes", label))?.attributes.unwrap_or_default();
    Ok(attributes.get("PendingConfirmation").map(String::as_str) == Some("false"))
}

fn parsed(label: &str, arn: Option<&str>) -> Result<sce_core::aws::arn::Arn, CloudError> {
    let unreadable = |error| CloudError::unreadable("ListSubscriptionsByTopic", label, format!("its topic: {error}"));
    arn.unwrap_or_default().parse().map_err(unreadable)
}
