//! CloudWatch alarms on a metric.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::types::{ComparisonOperator, MetricAlarm, Statistic, Tag};
use sce_core::aws::arn::Arn;
use sce_core::aws::resource::{Alarm, Difference};
use sce_core::pit::Tags;
use sce_core::plan::Node;

use super::stays;
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted};
use crate::session::Session;

/// Finds the alarm by its name.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Alarm>) -> Result<Option<Found>, CloudError> {
    let (name, label) = (wanted.node.name.as_str(), wanted.label());
    let sent = session.cloudwatch.describe_alarms().alarm_names(name).send().await;
    let answer = sent.map_err(cloud("DescribeAlarms", label))?;
    let Some(alarm) = answer.metric_alarms().iter().find(|alarm| alarm.alarm_name() == Some(name)) else {
        return Ok(None);
    };
    let properties =
        read(alarm).ok_or_else(|| CloudError::unreadable("DescribeAlarms", label, "an alarm on no metric"))?;
    let arn = alarm.alarm_arn().unwrap_or_default();
    let tags = session.cloudwatch.list_tags_for_resource().resource_arn(arn).send().await;
    let tags = tags.map_err(cloud("ListTagsForResource", label))?;
    let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
    let tags = tags.tags().iter().filter_map(pair).collect();
    let attributes = Attributes { id: name.to_owned(), arn: Some(arn.to_owned()) };
    Ok(Some(Found { attributes, properties: properties.into(), tags }))
}

/// The region's alarms on these metrics, each a namespace and a name, by the alarms' names.
pub(crate) async fn on_metrics(
    session: &Session,
    metrics: &BTreeSet<(String, String)>,
) -> Result<Vec<(String, Alarm)>, CloudError> {
    let pages = session.cloudwatch.describe_alarms().into_paginator();
    let mut pages = pages.send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(cloud("DescribeAlarms", "account-alarms"))?;
        let read = page.metric_alarms().iter().filter_map(|alarm| Some((alarm.alarm_name()?.to_owned(), read(alarm)?)));
        found.extend(read.filter(|(_, alarm)| metrics.contains(&(alarm.namespace.clone(), alarm.metric.clone()))));
    }
    Ok(found)
}

/// The same call makes and changes; tags go with the first.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Alarm>) -> Result<(), CloudError> {
    put(session, wanted, true).await
}

/// See [`make`].
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Alarm>,
    _: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    if differences.is_empty() { Ok(()) } else { put(session, wanted, false).await }
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let request = session.cloudwatch.tag_resource().set_resource_arn(found.attributes.arn.clone());
    let request = request.set_tags(Some(alarm_tags(&node.tags)));
    request.send().await.map_err(cloud("TagResource", node.id.as_str()))?;
    Ok(())
}

/// It stays.
pub(crate) async fn delete(_: &Session, node: &Node, _: &Found) -> Result<Deleted, CloudError> {
    stays("DeleteAlarms", node)
}

async fn put(session: &Session, wanted: &Wanted<'_, Alarm>, new: bool) -> Result<(), CloudError> {
    let planned = wanted.properties;
    let threshold: f64 = planned.threshold.parse().map_err(|_| {
        CloudError::plain("PutMetricAlarm", wanted.label(), Trouble::Refused, "its threshold is no number")
    })?;
    let request = session.cloudwatch.put_metric_alarm().alarm_name(&wanted.node.name);
    let request = request.namespace(&planned.namespace).metric_name(&planned.metric);
    let request = request.statistic(Statistic::from(planned.statistic.as_str())).threshold(threshold);
    let request = request.set_period(i32::try_from(planned.period_seconds).ok());
    let request = request.set_evaluation_periods(i32::try_from(planned.periods).ok());
    let request = request.comparison_operator(ComparisonOperator::from(planned.comparison.as_str()));
    let request = request.treat_missing_data(&planned.missing_data).actions_enabled(planned.enabled);
    let request = request.set_alarm_actions(Some(planned.tells.iter().map(ToString::to_string).collect()));
    let request = request.set_tags(new.then(|| alarm_tags(&wanted.node.tags)));
    request.send().await.map(drop).map_err(cloud("PutMetricAlarm", wanted.label()))
}

/// An alarm on one metric; those on expressions are none of these.
fn read(alarm: &MetricAlarm) -> Option<Alarm> {
    let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
    let tells: Result<BTreeSet<Arn>, _> = alarm.alarm_actions().iter().map(|arn| arn.parse()).collect();
    Some(Alarm {
        namespace: alarm.namespace()?.to_owned(),
        metric: alarm.metric_name()?.to_owned(),
        statistic: alarm.statistic().map(Statistic::as_str).unwrap_or_default().to_owned(),
        period_seconds: number(alarm.period())?,
        periods: number(alarm.evaluation_periods())?,
        comparison: alarm.comparison_operator().map(ComparisonOperator::as_str).unwrap_or_default().to_owned(),
        threshold: alarm.threshold()?.to_string(),
        missing_data: alarm.treat_missing_data().unwrap_or("missing").to_owned(),
        tells: tells.ok()?,
        enabled: alarm.actions_enabled().unwrap_or_default(),
    })
}

fn alarm_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
