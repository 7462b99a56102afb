//! What a bucket tells a function of.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, LambdaFunctionConfiguration, NotificationConfiguration,
    NotificationConfigurationFilter, S3KeyFilter,
};
use sce_core::aws::resource::{BucketNotification, Difference};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::{PASSING, gone};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently};
use crate::session::Session;

/// Finds our part of the bucket's notifications, by its name, and names the others.
pub(crate) async fn look(
    session: &Session,
    wanted: &Wanted<'_, BucketNotification>,
) -> Result<Option<Found>, CloudError> {
    let (label, bucket) = (wanted.label(), &wanted.properties.bucket);
    let sent = session.s3.get_bucket_notification_configuration().bucket(bucket).send().await;
    let answer = match sent.map_err(cloud("GetBucketNotificationConfiguration", label)) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
        other => other?,
    };
    let properties = properties(&answer, bucket, label)
        .map_err(|why| CloudError::unreadable("GetBucketNotificationConfiguration", label, why))?;
    let found = |properties: BucketNotification| Found {
        attributes: Attributes::id(format!("{bucket} {label}")),
        properties: properties.into(),
        tags: Tags::new(),
    };
    Ok(properties.map(found))
}

/// S3 asks whether it may call the function, which it may not know at once (aws-behaviour 1b). Whatever else the bucket told of goes.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, BucketNotification>) -> Result<(), CloudError> {
    put(session, wanted.label(), &wanted.properties.bucket, configuration(wanted.label(), wanted.properties)).await
}

/// S3 takes the whole of it at once.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, BucketNotification>,
    _: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    make(session, wanted).await
}

/// It has no tags.
pub(crate) async fn tag(_: &Session, _: &Node, _: &Found) -> Result<(), CloudError> {
    Ok(())
}

/// The bucket tells nobody any more.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let label = node.id.as_str();
    let bucket = found.attributes.id.strip_suffix(label).unwrap_or_default().trim_end();
    gone(put(session, label, bucket, NotificationConfiguration::builder().build()).await)?;
    Ok(Deleted::Gone)
}

async fn put(
    session: &Session,
    label: &str,
    bucket: &str,
    configuration: NotificationConfiguration,
) -> Result<(), CloudError> {
    let send = || async {
        let request = session.s3.put_bucket_notification_configuration().bucket(bucket);
        let request = request.notification_configuration(configuration.clone());
        request.send().await.map(drop).map_err(cloud("PutBucketNotificationConfiguration", label))
    };
    let passes = |error: &CloudError| {
        let unseen = error.message.as_deref().is_some_and(|message| message.contains("Unable to validate"));
        error.has_code("OperationAborted") || (error.has_code("InvalidArgument") && unseen)
    };
    patiently(session, PASSING, passes, send).await
}

fn configuration(id: &str, wanted: &BucketNotification) -> NotificationConfiguration {
    let rules = wanted
        .filter
        .iter()
        .map(|(name, value)| FilterRule::builder().name(FilterRuleName::from(name.as_str())).value(value).build());
    let key = S3KeyFilter::builder().set_filter_rules(Some(rules.collect())).build();
    let filter = (!wanted.filter.is_empty()).then(|| NotificationConfigurationFilter::builder().key(key).build());
    let told = LambdaFunctionConfiguration::builder()
        .id(id)
        .lambda_function_arn(wanted.function.to_string())
        .set_events(Some(wanted.events.iter().map(|event| Event::from(event.as_str())).collect()))
        .set_filter(filter)
        .build()
        .expect("function and events are given");
    NotificationConfiguration::builder().lambda_function_configurations(told).build()
}

fn properties(
    answer: &GetBucketNotificationConfigurationOutput,
    bucket: &str,
    id: &str,
) -> Result<Option<BucketNotification>, String> {
    let functions = answer.lambda_function_configurations();
    let Some(ours) = functions.iter().find(|told| told.id() == Some(id)) else { return Ok(None) };
    let name = |kind: &str, id: Option<&str>| format!("{kind} {}", id.unwrap_or("(no name)"));
    let functions = functions.iter().filter(|told| told.id() != Some(id)).map(|told| name("function", told.id()));
    let queues = answer.queue_configurations().iter().map(|told| name("queue", told.id()));
    let topics = answer.topic_configurations().iter().map(|told| name("topic", told.id()));
    let bus = answer.event_bridge_configuration().map(|_| "event bus".to_owned());
    let rules = ours.filter().and_then(|filter| filter.key()).map(S3KeyFilter::filter_rules).unwrap_or_default();
    let rule = |rule: &FilterRule| {
        let name = rule.name().map(|name| name.as_str().to_ascii_lowercase()).unwrap_or_default();
        (name, rule.value().unwrap_or_default().to_owned())
    };
    let function = ours.lambda_function_arn().parse().map_err(|error| format!("its function: {error}"))?;
    Ok(Some(BucketNotification {
        bucket: bucket.to_owned(),
        function: Value::Known(function),
        events: ours.events().iter().map(|event| event.as_str().to_owned()).collect(),
        filter: rules.iter().map(rule).collect::<BTreeMap<_, _>>(),
        others: functions.chain(queues).chain(topics).chain(bus).collect::<BTreeSet<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::types::EventBridgeConfiguration;

    fn notification() -> BucketNotification {
        BucketNotification {
            bucket: "b".to_owned(),
            function: Value::Known("arn:aws:lambda:us-west-2:111122223333:function:f".parse().unwrap()),
            events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"].map(str::to_owned).into(),
            filter: BTreeMap::from([("prefix".to_owned(), "in/".to_owned())]),
            others: BTreeSet::new(),
        }
    }

    #[test]
    fn what_is_sent_reads_back_the_same_and_others_are_named() {
        let sent = configuration("n", &notification());
        let answer = GetBucketNotificationConfigurationOutput::builder()
            .set_lambda_function_configurations(sent.lambda_function_configurations);
        let read = |answer: &GetBucketNotificationConfigurationOutput, id: &str| properties(answer, "b", id).unwrap();
        let alone = answer.clone().build();
        assert_eq!(read(&alone, "n"), Some(notification()));
        assert_eq!(read(&alone, "m"), None);
        let beside = answer.event_bridge_configuration(EventBridgeConfiguration::builder().build()).build();
        assert_eq!(read(&beside, "n").unwrap().others, BTreeSet::from(["event bus".to_owned()]));
    }
}
