//! Metric filters of log groups.

use aws_sdk_cloudwatchlogs::types::{MetricFilter as SdkMetricFilter, MetricTransformation};
use sce_core::aws::resource::{Difference, MetricFilter};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::stays;
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted};
use crate::session::Session;

/// Finds the filter by its name, in its group.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, MetricFilter>) -> Result<Option<Found>, CloudError> {
    let name = wanted.node.name.as_str();
    let listed = of_group(session, wanted.label(), &wanted.properties.log_group.to_string()).await?;
    let found = listed.into_iter().find(|(other, _)| other == name);
    Ok(found.map(|(name, properties)| Found {
        attributes: Attributes::id(name),
        properties: properties.into(),
        tags: Tags::new(),
    }))
}

/// The filters of a group, by name; a group that is not there has none.
pub(crate) async fn of_group(
    session: &Session,
    label: &str,
    group: &str,
) -> Result<Vec<(String, MetricFilter)>, CloudError> {
    let request = session.logs.describe_metric_filters().log_group_name(group);
    let listed = request.into_paginator().items().send().try_collect().await;
    let listed = match listed.map_err(cloud("DescribeMetricFilters", label)) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    Ok(listed.iter().filter_map(|filter| read(filter, group)).collect())
}

/// The same call makes and changes.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, MetricFilter>) -> Result<(), CloudError> {
    let planned = wanted.properties;
    let transformation = MetricTransformation::builder()
        .metric_name(&planned.metric)
        .metric_namespace(&planned.namespace)
        .metric_value(&planned.value)
        .build();
    let transformation = transformation.expect("name, namespace and value are given");
    let request = session.logs.put_metric_filter().filter_name(&wanted.node.name).filter_pattern(&planned.pattern);
    let request = request.log_group_name(planned.log_group.to_string()).metric_transformations(transformation);
    request.send().await.map(drop).map_err(cloud("PutMetricFilter", wanted.label()))
}

/// See [`make`].
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, MetricFilter>,
    _: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    if differences.is_empty() { Ok(()) } else { make(session, wanted).await }
}

/// It has none.
pub(crate) async fn tag(_: &Session, _: &Node, _: &Found) -> Result<(), CloudError> {
    Ok(())
}

/// It stays.
pub(crate) async fn delete(_: &Session, node: &Node, _: &Found) -> Result<Deleted, CloudError> {
    stays("DeleteMetricFilter", node)
}

/// A filter without a metric counts nothing, and is none of these.
fn read(filter: &SdkMetricFilter, group: &str) -> Option<(String, MetricFilter)> {
    let metric = filter.metric_transformations().first()?;
    let properties = MetricFilter {
        log_group: Value::Known(group.to_owned()),
        pattern: filter.filter_pattern().unwrap_or_default().to_owned(),
        namespace: metric.metric_namespace().to_owned(),
        metric: metric.metric_name().to_owned(),
        value: metric.metric_value().to_owned(),
    };
    Some((filter.filter_name()?.to_owned(), properties))
}
