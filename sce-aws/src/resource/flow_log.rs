//! Flow logs.

use aws_sdk_ec2::types::{FlowLog as SdkFlowLog, FlowLogsResourceType, LogDestinationType, ResourceType, TrafficType};
use sce_core::aws::resource::{Difference, FlowLog, Traffic};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::gateway_endpoint::refused;
use super::{sent_once, tag_ec2};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, patiently};
use crate::session::Session;
use crate::tags;

/// Finds the flow log by its tags.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, FlowLog>) -> Result<Option<Found>, CloudError> {
    let request = session.ec2.describe_flow_logs().set_filter(Some(tags::filters(wanted.node)));
    let found = request.into_paginator().items().send().try_collect().await;
    let found = found.map_err(cloud("DescribeFlowLogs", wanted.label()))?;
    let Some(log) = only_ours("DescribeFlowLogs", wanted, found, |log| log.tags(), |log| log.flow_log_id())? else {
        return Ok(None);
    };
    let unreadable = |what: &str| CloudError::unreadable("DescribeFlowLogs", wanted.label(), what);
    let properties = FlowLog {
        vpc: Value::Known(log.resource_id().unwrap_or_default().parse().map_err(|_| unreadable("no VPC id"))?),
        traffic: traffic(&log).ok_or_else(|| unreadable("no traffic type"))?,
        destination: Value::Known(destination(session, &log).parse().map_err(|_| unreadable("no destination"))?),
        role: Value::Known(
            log.deliver_logs_permission_arn().unwrap_or_default().parse().map_err(|_| unreadable("no role"))?,
        ),
        aggregation_seconds: log
            .max_aggregation_interval()
            .and_then(|seconds| u32::try_from(seconds).ok())
            .unwrap_or(600),
    };
    let attributes = Attributes::id(log.flow_log_id().unwrap_or_default());
    Ok(Some(Found { attributes, properties: properties.into(), tags: tags::from_ec2(log.tags()) }))
}

/// With our token, which the SDK does not set for this call; the fresh role may not be seen yet (aws-behaviour 1a).
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, FlowLog>) -> Result<(), CloudError> {
    let log = wanted.properties;
    let send = || async {
        let request =
            session.ec2.create_flow_logs().resource_type(FlowLogsResourceType::Vpc).resource_ids(log.vpc.to_string());
        let request = request.traffic_type(match log.traffic {
            Traffic::All => TrafficType::All,
            Traffic::Accept => TrafficType::Accept,
            Traffic::Reject => TrafficType::Reject,
        });
        let request = request.log_destination_type(LogDestinationType::CloudWatchLogs);
        let request =
            request.log_destination(log.destination.to_string()).deliver_logs_permission_arn(log.role.to_string());
        let request = request.set_max_aggregation_interval(i32::try_from(log.aggregation_seconds).ok());
        let request = request.client_token(wanted.token());
        let request = request.tag_specifications(tags::specification(ResourceType::VpcFlowLog, &wanted.node.tags));
        let request = request.customize().config_override(sent_once());
        let answer = request.send().await.map_err(cloud("CreateFlowLogs", wanted.label()))?;
        refused("CreateFlowLogs", wanted.node, answer.unsuccessful(), "FlowLogAlreadyExists")
    };
    let fresh = |error: &CloudError| {
        let unseen_role = error.message.as_deref().is_some_and(|message| message.contains("assume"));
        error.trouble == Trouble::NotFound || unseen_role
    };
    patiently(session, FRESH, fresh, send).await
}

/// Nothing of it can be changed in place.
pub(crate) async fn settle(
    _: &Session,
    _: &Wanted<'_, FlowLog>,
    _: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    Ok(())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// Delivery goes on for minutes after this; the log group goes later, and its writer may not make it anew.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let sent = session.ec2.delete_flow_logs().flow_log_ids(&found.attributes.id).send().await;
    match sent.map_err(cloud("DeleteFlowLogs", node.id.as_str())) {
        Err(error) if error.trouble == Trouble::NotFound => {}
        other => refused("DeleteFlowLogs", node, other?.unsuccessful(), "InvalidFlowLogId.NotFound")?,
    }
    Ok(Deleted::Gone)
}

fn traffic(log: &SdkFlowLog) -> Option<Traffic> {
    match log.traffic_type()? {
        TrafficType::All => Some(Traffic::All),
        TrafficType::Accept => Some(Traffic::Accept),
        TrafficType::Reject => Some(Traffic::Reject),
        _ => None,
    }
}

/// AWS tells a log group's ARN, or only its name, by how the flow log was made.
fn destination(session: &Session, log: &SdkFlowLog) -> String {
    match (log.log_destination(), log.log_group_name()) {
        (Some(arn), _) if !arn.is_empty() => arn.trim_end_matches(":*").to_owned(),
        (_, Some(name)) => {
            let (region, account) = (session.region(), session.account());
            format!("arn:{}:logs:{region}:{account}:log-group:{name}", region.partition())
        }
        _ => String::new(),
    }
}
