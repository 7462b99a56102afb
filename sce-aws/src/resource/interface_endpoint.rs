//! Interface endpoints.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{ResourceType, State, VpcEndpoint as SdkEndpoint, VpcEndpointType};
use sce_core::aws::arn::InvalidId;
use sce_core::aws::policy::Policy;
use sce_core::aws::resource::{Difference, InterfaceEndpoint, Properties};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::gateway_endpoint::{is_live, lives, refused};
use super::{sent_once, tag_ec2};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, patiently, poll};
use crate::session::Session;
use crate::tags;

/// Finds the endpoint by its tags; one that is pending is waited for, and one that is deleted stays visible for a while and is none.
pub(crate) async fn look(
    session: &Session,
    wanted: &Wanted<'_, InterfaceEndpoint>,
) -> Result<Option<Found>, CloudError> {
    let settled = || async {
        let found = live(session, wanted).await?;
        let pending = found.as_ref().is_some_and(is_pending);
        Ok((!pending).then_some(found))
    };
    let still_pending =
        || CloudError::plain("DescribeVpcEndpoints", wanted.label(), Trouble::InUse, "still pending after ten minutes");
    let found = poll(session, 2 * FRESH, settled).await?.ok_or_else(still_pending)?;
    let Some(endpoint) = found else { return Ok(None) };
    let unreadable = |what: String| CloudError::unreadable("DescribeVpcEndpoints", wanted.label(), what);
    let subnets = endpoint.subnet_ids().iter().map(|id| id.parse().map(Value::Known));
    let groups = endpoint.groups().iter().map(|group| group.group_id().unwrap_or_default().parse().map(Value::Known));
    let properties = InterfaceEndpoint {
        vpc: Value::Known(
            endpoint.vpc_id().unwrap_or_default().parse().map_err(|_| unreadable("no VPC id".to_owned()))?,
        ),
        service: endpoint.service_name().unwrap_or_default().to_owned(),
        subnets: subnets.collect::<Result<_, InvalidId>>().map_err(|error| unreadable(error.to_string()))?,
        groups: groups.collect::<Result<_, InvalidId>>().map_err(|error| unreadable(error.to_string()))?,
        private_dns: endpoint.private_dns_enabled().unwrap_or(false),
        policy: Policy::from_json(endpoint.policy_document().unwrap_or_default())
            .map_err(|error| unreadable(format!("its policy: {error}")))?,
    };
    let attributes = Attributes::id(endpoint.vpc_endpoint_id().unwrap_or_default());
    Ok(Some(Found { attributes, properties: properties.into(), tags: tags::from_ec2(endpoint.tags()) }))
}

/// With our token: the SDK sets none for this call (aws-behaviour 0.3). AWS lets four through and then one every three seconds, so a
/// throttled call is sent again for longer than the SDK would; one that fails after the answer is told as what AWS says of it.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, InterfaceEndpoint>) -> Result<(), CloudError> {
    let InterfaceEndpoint { vpc, service, subnets, groups, private_dns, policy } = wanted.properties;
    let send = || async {
        let request = session.ec2.create_vpc_endpoint().vpc_id(vpc.to_string()).service_name(service);
        let request = request.vpc_endpoint_type(VpcEndpointType::Interface).policy_document(policy.to_json());
        let request = request.set_subnet_ids(Some(ids(subnets))).set_security_group_ids(Some(ids(groups)));
        let request = request.private_dns_enabled(*private_dns).client_token(wanted.token());
        let request = request.tag_specifications(tags::specification(ResourceType::VpcEndpoint, &wanted.node.tags));
        let request = request.customize().config_override(sent_once());
        request.send().await.map_err(cloud("CreateVpcEndpoint", wanted.label()))
    };
    let passes = |error: &CloudError| matches!(error.trouble, Trouble::NotFound | Trouble::Throttled);
    let answer = patiently(session, FRESH, passes, send).await?;
    let id = answer.vpc_endpoint().and_then(SdkEndpoint::vpc_endpoint_id).unwrap_or_default().to_owned();
    let failure = poll(session, 2 * FRESH, || async { outcome(session, wanted.label(), &id).await }).await?;
    failure.flatten().map_or(Ok(()), Err)
}

/// Policy, subnets, groups and the private name can be changed in place.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, InterfaceEndpoint>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let Properties::InterfaceEndpoint(present) = &found.properties else { return Ok(()) };
    let planned = wanted.properties;
    let send = || async {
        let request = session.ec2.modify_vpc_endpoint().vpc_endpoint_id(&found.attributes.id);
        let request = request.set_add_subnet_ids(beyond(&planned.subnets, &present.subnets));
        let request = request.set_remove_subnet_ids(beyond(&present.subnets, &planned.subnets));
        let request = request.set_add_security_group_ids(beyond(&planned.groups, &present.groups));
        let request = request.set_remove_security_group_ids(beyond(&present.groups, &planned.groups));
        let private_dns = (planned.private_dns != present.private_dns).then_some(planned.private_dns);
        let request = request.set_private_dns_enabled(private_dns).policy_document(planned.policy.to_json());
        request.send().await.map_err(cloud("ModifyVpcEndpoint", wanted.label()))
    };
    patiently(session, FRESH, |error| error.trouble == Trouble::Throttled, send).await.map(|_| ())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// Waits until it is gone: until then its interfaces hold the subnet and the groups.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let (label, id) = (node.id.as_str(), &found.attributes.id);
    let send = || async {
        let sent = session.ec2.delete_vpc_endpoints().vpc_endpoint_ids(id).send().await;
        sent.map_err(cloud("DeleteVpcEndpoints", label))
    };
    let answer = patiently(session, FRESH, |error| error.trouble == Trouble::Throttled, send).await?;
    refused("DeleteVpcEndpoints", node, answer.unsuccessful(), "InvalidVpcEndpoint.NotFound")?;
    // An endpoint that is being deleted counts as gone elsewhere; its interfaces do not.
    let gone = || async { Ok((!is_there(session, label, id).await?).then_some(Deleted::Gone)) };
    let still_there =
        || CloudError::plain("DeleteVpcEndpoints", label, Trouble::InUse, "still there after ten minutes");
    poll(session, 2 * FRESH, gone).await?.ok_or_else(still_there)
}

async fn live(session: &Session, wanted: &Wanted<'_, InterfaceEndpoint>) -> Result<Option<SdkEndpoint>, CloudError> {
    let request = session.ec2.describe_vpc_endpoints().set_filters(Some(tags::filters(wanted.node)));
    let found = request.into_paginator().items().send().try_collect().await;
    let found: Vec<SdkEndpoint> = found.map_err(cloud("DescribeVpcEndpoints", wanted.label()))?;
    only_ours(
        "DescribeVpcEndpoints",
        wanted,
        found.into_iter().filter(is_live).collect(),
        |endpoint| endpoint.tags(),
        |endpoint| endpoint.vpc_endpoint_id(),
    )
}

/// The endpoint of that id, tombstones too.
async fn described(session: &Session, label: &str, id: &str) -> Result<Option<SdkEndpoint>, CloudError> {
    let sent = session.ec2.describe_vpc_endpoints().vpc_endpoint_ids(id).send().await;
    match sent.map_err(cloud("DescribeVpcEndpoints", label)) {
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        other => Ok(other?.vpc_endpoints.unwrap_or_default().into_iter().next()),
    }
}

/// Whether the endpoint, or what it is being taken apart to, is there.
async fn is_there(session: &Session, label: &str, id: &str) -> Result<bool, CloudError> {
    let deleting = described(session, label, id).await?.is_some_and(|endpoint| state(&endpoint) == "deleting");
    Ok(deleting || lives(session, label, id).await?)
}

/// None while it is pending or unseen; then the failure, if it is one.
async fn outcome(session: &Session, label: &str, id: &str) -> Result<Option<Option<CloudError>>, CloudError> {
    let Some(endpoint) = described(session, label, id).await? else { return Ok(None) };
    if is_pending(&endpoint) {
        return Ok(None);
    }
    if is_live(&endpoint) {
        return Ok(Some(None));
    }
    let last = endpoint.last_error().and_then(|error| error.message());
    let said = [endpoint.failure_reason(), last].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let message = format!("it is {} after creation: {said}", state(&endpoint));
    Ok(Some(Some(CloudError::plain("CreateVpcEndpoint", label, Trouble::Refused, message))))
}

fn is_pending(endpoint: &SdkEndpoint) -> bool {
    state(endpoint) == "pending"
}

/// In lower case: AWS writes it in either.
fn state(endpoint: &SdkEndpoint) -> String {
    endpoint.state().map(State::as_str).unwrap_or_default().to_ascii_lowercase()
}

fn ids<T: std::fmt::Display>(values: &BTreeSet<Value<T>>) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

/// What one set has beyond another; none rather than nothing.
fn beyond<T: std::fmt::Display + Ord>(set: &BTreeSet<Value<T>>, other: &BTreeSet<Value<T>>) -> Option<Vec<String>> {
    let ids: Vec<String> = set.difference(other).map(ToString::to_string).collect();
    (!ids.is_empty()).then_some(ids)
}
