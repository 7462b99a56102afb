//! Gateway endpoints.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{ResourceType, UnsuccessfulItem, VpcEndpoint as SdkEndpoint, VpcEndpointType};
use sce_core::aws::policy::Policy;
use sce_core::aws::resource::{Difference, GatewayEndpoint, Properties};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::{sent_once, tag_ec2};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, patiently, poll};
use crate::session::Session;
use crate::tags;

/// Finds the endpoint by its tags, one of others by its id; one that is deleted stays visible for a while and is none.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, GatewayEndpoint>) -> Result<Option<Found>, CloudError> {
    let request = session.ec2.describe_vpc_endpoints();
    let request = match wanted.node.is_existing() {
        true => request.vpc_endpoint_ids(&wanted.node.name),
        false => request.set_filters(Some(tags::filters(wanted.node))),
    };
    let found = request.into_paginator().items().send().try_collect().await;
    let found = match found.map_err(cloud("DescribeVpcEndpoints", wanted.label())) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
        other => other?,
    };
    let found = found.into_iter().filter(is_live).collect();
    let Some(endpoint) = only_ours(
        "DescribeVpcEndpoints",
        wanted,
        found,
        |endpoint| endpoint.tags(),
        |endpoint| endpoint.vpc_endpoint_id(),
    )?
    else {
        return Ok(None);
    };
    let unreadable = |what: &str| CloudError::unreadable("DescribeVpcEndpoints", wanted.label(), what);
    let tables = endpoint.route_table_ids().iter().filter_map(|id| id.parse().ok().map(Value::Known));
    let properties = GatewayEndpoint {
        vpc: Value::Known(endpoint.vpc_id().unwrap_or_default().parse().map_err(|_| unreadable("no VPC id"))?),
        service: endpoint.service_name().unwrap_or_default().to_owned(),
        route_tables: tables.collect(),
        policy: Policy::from_json(endpoint.policy_document().unwrap_or_default())
            .map_err(|error| unreadable(&format!("its policy: {error}")))?,
    };
    let attributes = Attributes::id(endpoint.vpc_endpoint_id().unwrap_or_default());
    Ok(Some(Found { attributes, properties: properties.into(), tags: tags::from_ec2(endpoint.tags()) }))
}

/// With our token: the SDK sets none for this call (aws-behaviour 0.3).
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, GatewayEndpoint>) -> Result<(), CloudError> {
    let GatewayEndpoint { vpc, service, route_tables, policy } = wanted.properties;
    let send = || async {
        let request = session.ec2.create_vpc_endpoint().vpc_id(vpc.to_string()).service_name(service);
        let request = request.vpc_endpoint_type(VpcEndpointType::Gateway).policy_document(policy.to_json());
        let request = request.set_route_table_ids(Some(route_tables.iter().map(ToString::to_string).collect()));
        let request = request.client_token(wanted.token());
        let request = request.tag_specifications(tags::specification(ResourceType::VpcEndpoint, &wanted.node.tags));
        let request = request.customize().config_override(sent_once());
        request.send().await.map_err(cloud("CreateVpcEndpoint", wanted.label()))
    };
    patiently(session, FRESH, |error| error.trouble == Trouble::NotFound, send).await.map(|_| ())
}

/// Policy and route tables can be changed in place.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, GatewayEndpoint>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let Properties::GatewayEndpoint(GatewayEndpoint { route_tables: present, .. }) = &found.properties else {
        return Ok(());
    };
    let planned = &wanted.properties.route_tables;
    let ids = |tables: &BTreeSet<Value<_>>, but: &BTreeSet<Value<_>>| {
        let ids: Vec<String> = tables.difference(but).map(ToString::to_string).collect();
        (!ids.is_empty()).then_some(ids)
    };
    let request = session.ec2.modify_vpc_endpoint().vpc_endpoint_id(&found.attributes.id);
    let request =
        request.set_add_route_table_ids(ids(planned, present)).set_remove_route_table_ids(ids(present, planned));
    let request = request.policy_document(wanted.properties.policy.to_json());
    request.send().await.map_err(cloud("ModifyVpcEndpoint", wanted.label()))?;
    Ok(())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// Its routes go with it.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let id = &found.attributes.id;
    let sent = session.ec2.delete_vpc_endpoints().vpc_endpoint_ids(id).send().await;
    let answer = sent.map_err(cloud("DeleteVpcEndpoints", node.id.as_str()))?;
    refused("DeleteVpcEndpoints", node, answer.unsuccessful(), "InvalidVpcEndpoint.NotFound")?;
    let gone = || async { Ok((!lives(session, node.id.as_str(), id).await?).then_some(Deleted::Gone)) };
    let waited = poll(session, 2 * FRESH, gone).await?;
    waited.ok_or_else(|| {
        CloudError::plain("DeleteVpcEndpoints", node.id.as_str(), Trouble::InUse, "still there after ten minutes")
    })
}

/// Whether an endpoint is there, tombstones aside.
pub(crate) async fn lives(session: &Session, label: &str, id: &str) -> Result<bool, CloudError> {
    let sent = session.ec2.describe_vpc_endpoints().vpc_endpoint_ids(id).send().await;
    match sent.map_err(cloud("DescribeVpcEndpoints", label)) {
        Err(error) if error.trouble == Trouble::NotFound => Ok(false),
        other => Ok(other?.vpc_endpoints().iter().any(is_live)),
    }
}

/// A refusal that hides in an answer of success (aws-behaviour 0.9), unless it says that the thing is gone already.
pub(super) fn refused(
    operation: &'static str,
    node: &Node,
    unsuccessful: &[UnsuccessfulItem],
    gone: &str,
) -> Result<(), CloudError> {
    let said = unsuccessful.iter().filter_map(UnsuccessfulItem::error).find(|error| error.code() != Some(gone));
    let Some(said) = said else { return Ok(()) };
    let mut error =
        CloudError::plain(operation, node.id.as_str(), Trouble::Refused, said.message().unwrap_or_default());
    error.code = said.code().map(str::to_owned);
    Err(error)
}

/// Whether an endpoint is there: one that is deleted stays listed for a while.
pub(crate) fn is_live(endpoint: &SdkEndpoint) -> bool {
    let state = endpoint.state().map(|state| state.as_str().to_ascii_lowercase());
    !matches!(state.as_deref(), Some("deleted" | "deleting" | "failed" | "rejected" | "expired"))
}
