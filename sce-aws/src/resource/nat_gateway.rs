//! NAT gateways.

use std::time::Duration;

use aws_sdk_ec2::types::{NatGateway as SdkNatGateway, NatGatewayState, ResourceType};
use sce_core::aws::resource::{Difference, NatGateway};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::{sent_once, tag_ec2};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, patiently, poll};
use crate::session::Session;
use crate::tags;

/// Finds the gateway by its tags; a deleted or failed one stays visible for an hour and is none (aws-behaviour 2b).
///
/// One that is still pending is waited for: AWS takes a minute or two, and says only then whether it failed.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, NatGateway>) -> Result<Option<Found>, CloudError> {
    let settled = || async {
        let found = live(session, wanted).await?;
        let pending = found.as_ref().is_some_and(|gateway| gateway.state() == Some(&NatGatewayState::Pending));
        Ok((!pending).then_some(found))
    };
    let Some(found) = poll(session, 2 * FRESH, settled).await? else {
        return Err(CloudError::plain(
            "DescribeNatGateways",
            wanted.label(),
            Trouble::InUse,
            "still pending after ten minutes",
        ));
    };
    let Some(gateway) = found else { return Ok(None) };
    let unreadable = |what: &str| CloudError::unreadable("DescribeNatGateways", wanted.label(), what);
    let address = gateway.nat_gateway_addresses().first().and_then(|address| address.allocation_id());
    let properties = NatGateway {
        subnet: Value::Known(gateway.subnet_id().unwrap_or_default().parse().map_err(|_| unreadable("no subnet id"))?),
        address: Value::Known(address.unwrap_or_default().parse().map_err(|_| unreadable("no address"))?),
    };
    let attributes = Attributes::id(gateway.nat_gateway_id().unwrap_or_default());
    Ok(Some(Found { attributes, properties: properties.into(), tags: tags::from_ec2(gateway.tags()) }))
}

/// With our token, so that AWS recognises a second send; a gateway that fails after the answer is told as what AWS says of it.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, NatGateway>) -> Result<(), CloudError> {
    let NatGateway { subnet, address } = wanted.properties;
    let send = || async {
        let request = session.ec2.create_nat_gateway().subnet_id(subnet.to_string()).allocation_id(address.to_string());
        let request = request.client_token(wanted.token());
        let request = request.tag_specifications(tags::specification(ResourceType::Natgateway, &wanted.node.tags));
        let request = request.customize().config_override(sent_once());
        request.send().await.map_err(cloud("CreateNatGateway", wanted.label()))
    };
    let fresh = |error: &CloudError| error.trouble == Trouble::NotFound || error.has_code("InvalidSubnet");
    let answer = patiently(session, FRESH, fresh, send).await?;
    let id = answer.nat_gateway().and_then(SdkNatGateway::nat_gateway_id).unwrap_or_default().to_owned();
    let failure = poll(session, 2 * FRESH, || async { outcome(session, wanted.label(), &id).await }).await?;
    failure.flatten().map_or(Ok(()), Err)
}

/// Nothing of it can be changed in place.
pub(crate) async fn settle(
    _: &Session,
    _: &Wanted<'_, NatGateway>,
    _: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    Ok(())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// Waits until it is gone: until then it holds its address and its subnet.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let id = &found.attributes.id;
    match session
        .ec2
        .delete_nat_gateway()
        .nat_gateway_id(id)
        .send()
        .await
        .map_err(cloud("DeleteNatGateway", node.id.as_str()))
    {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(Deleted::Gone),
        other => drop(other?),
    }
    let gone = || async { Ok((!lives(session, node.id.as_str(), id).await?).then_some(Deleted::Gone)) };
    let waited = poll(session, Duration::from_secs(1800), gone).await?;
    waited.ok_or_else(|| {
        CloudError::plain("DeleteNatGateway", node.id.as_str(), Trouble::InUse, "still there after half an hour")
    })
}

/// Whether a gateway is there, tombstones aside; one that is being deleted still holds its address and its subnet.
pub(crate) async fn lives(session: &Session, label: &str, id: &str) -> Result<bool, CloudError> {
    let state = state(session, label, id).await?.and_then(|gateway| gateway.state);
    Ok(!matches!(state, None | Some(NatGatewayState::Deleted | NatGatewayState::Failed)))
}

async fn live(session: &Session, wanted: &Wanted<'_, NatGateway>) -> Result<Option<SdkNatGateway>, CloudError> {
    let mut filters = tags::filters(wanted.node);
    filters.push(aws_sdk_ec2::types::Filter::builder().name("state").values("pending").values("available").build());
    let request = session.ec2.describe_nat_gateways().set_filter(Some(filters));
    let found = request.into_paginator().items().send().try_collect().await;
    only_ours(
        "DescribeNatGateways",
        wanted,
        found.map_err(cloud("DescribeNatGateways", wanted.label()))?,
        |gateway| gateway.tags(),
        |gateway| gateway.nat_gateway_id(),
    )
}

async fn state(session: &Session, label: &str, id: &str) -> Result<Option<SdkNatGateway>, CloudError> {
    let request = session.ec2.describe_nat_gateways().filter(tags::filter("nat-gateway-id", id));
    let answer = request.send().await.map_err(cloud("DescribeNatGateways", label))?;
    Ok(answer.nat_gateways.unwrap_or_default().into_iter().next())
}

/// None while it is pending or unseen; then the failure, if it is one.
async fn outcome(session: &Session, label: &str, id: &str) -> Result<Option<Option<CloudError>>, CloudError> {
    let Some(gateway) = state(session, label, id).await? else { return Ok(None) };
    Ok(match gateway.state() {
        Some(NatGatewayState::Pending) | None => None,
        Some(NatGatewayState::Failed) => {
            let said = [gateway.failure_code(), gateway.failure_message()];
            let said = said.into_iter().flatten().collect::<Vec<_>>().join(": ");
            Some(Some(CloudError::plain(
                "CreateNatGateway",
                label,
                Trouble::Refused,
                format!("it failed after creation: {said}"),
            )))
        }
        Some(_) => Some(None),
    })
}
