//! Topics, alarms and the detector, of services that do not answer in the CLI's JSON.

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use super::{CollectError, Collector, list, object};
use crate::error::cloud;

pub(super) async fn collect(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    topics(collector).await?;
    subscriptions(collector).await?;
    alarms(collector).await?;
    detectors(collector).await
}

async fn topics(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let sns = &collector.session.sns;
    let sent = sns.list_topics().into_paginator().items().send().try_collect().await;
    let Some(topics) = collector.answer(sent.map_err(cloud("ListTopics", "all")))? else { return Ok(()) };
    collector
        .save("sns/list-topics.json", json!({ "Topics": list(&topics, |one| object!(one; "TopicArn": topic_arn)) }))?;
    for arn in topics.iter().filter_map(|topic| topic.topic_arn()) {
        let name = arn.rsplit(':').next().unwrap_or(arn);
        let sent = sns.get_topic_attributes().topic_arn(arn).send().await;
        if let Some(answer) = collector.answer(sent.map_err(cloud("GetTopicAttributes", name)))? {
            let json = json!({ "Attributes": texts(answer.attributes()) });
            collector.save_of("sns", name, "get-topic-attributes", json)?;
        }
        let sent = sns.list_tags_for_resource().resource_arn(arn).send().await;
        if let Some(answer) = collector.answer(sent.map_err(cloud("ListTagsForResource", name)))? {
            let tags = list(answer.tags(), |tag| json!({ "Key": tag.key(), "Value": tag.value() }));
            collector.save_of("sns", name, "list-tags-for-resource", json!({ "Tags": tags }))?;
        }
    }
    Ok(())
}

async fn subscriptions(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let sns = &collector.session.sns;
    let sent = sns.list_subscriptions().into_paginator().items().send().try_collect().await;
    let Some(listed) = collector.answer(sent.map_err(cloud("ListSubscriptions", "all")))? else { return Ok(()) };
    let json = list(&listed, |one| {
        object!(one; "SubscriptionArn": subscription_arn, "TopicArn": topic_arn, "Protocol": protocol, "Endpoint": endpoint,
            "Owner": owner)
    });
    collector.save("sns/list-subscriptions.json", json!({ "Subscriptions": json }))?;
    let arns = listed.iter().filter_map(|one| one.subscription_arn()).filter(|arn| arn.starts_with("arn:"));
    for arn in arns {
        let sent = sns.get_subscription_attributes().subscription_arn(arn).send().await;
        if let Some(answer) = collector.answer(sent.map_err(cloud("GetSubscriptionAttributes", arn)))? {
            let json = json!({ "Attributes": texts(answer.attributes()) });
            collector.save_of("sns", arn, "get-subscription-attributes", json)?;
        }
    }
    Ok(())
}

async fn alarms(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let cloudwatch = &collector.session.cloudwatch;
    let (mut alarms, mut next) = (Vec::new(), None);
    loop {
        let sent = cloudwatch.describe_alarms().set_next_token(next).send().await;
        let Some(page) = collector.answer(sent.map_err(cloud("DescribeAlarms", "all")))? else { return Ok(()) };
        alarms.extend(page.metric_alarms.unwrap_or_default());
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            break;
        }
    }
    let json = list(&alarms, |one| {
        object!(one; "AlarmName": alarm_name, "AlarmArn": alarm_arn, "ActionsEnabled": actions_enabled,
            "AlarmActions": alarm_actions, "MetricName": metric_name, "Namespace": namespace, "Period": period,
            "EvaluationPeriods": evaluation_periods, "Threshold": threshold, "TreatMissingData": treat_missing_data;
            "Statistic": statistic, "ComparisonOperator": comparison_operator)
    });
    collector.save("cloudwatch/describe-alarms.json", json!({ "MetricAlarms": json }))?;
    for arn in alarms.iter().filter_map(|one| one.alarm_arn()) {
        let sent = cloudwatch.list_tags_for_resource().resource_arn(arn).send().await;
        if let Some(answer) = collector.answer(sent.map_err(cloud("ListTagsForResource", arn)))? {
            let tags = list(answer.tags(), |tag| object!(tag; "Key": key, "Value": value));
            collector.save_of("cloudwatch", arn, "list-tags-for-resource", json!({ "Tags": tags }))?;
        }
    }
    Ok(())
}

async fn detectors(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let guardduty = &collector.session.guardduty;
    let sent = guardduty.list_detectors().into_paginator().items().send().try_collect().await;
    let listed: Result<Vec<String>, _> = sent;
    let Some(ids) = collector.answer(listed.map_err(cloud("ListDetectors", "all")))? else { return Ok(()) };
    collector.save("guardduty/list-detectors.json", json!({ "DetectorIds": ids.clone() }))?;
    for id in &ids {
        let sent = guardduty.get_detector().detector_id(id).send().await;
        if let Some(answer) = collector.answer(sent.map_err(cloud("GetDetector", id)))? {
            let json = json!({ "Status": answer.status().map(|it| it.as_str()), "Tags": texts(answer.tags()) });
            collector.save_of("guardduty", id, "get-detector", json)?;
        }
    }
    Ok(())
}

fn texts(texts: Option<&HashMap<String, String>>) -> Json {
    texts.into_iter().flatten().map(|(key, value)| (key.clone(), Json::String(value.clone()))).collect()
}
