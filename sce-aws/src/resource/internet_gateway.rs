//! Internet gateways.

use aws_sdk_ec2::types::ResourceType;
use sce_core::aws::resource::{Difference, InternetGateway, Properties};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::{sent_once, tag_ec2};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, patiently};
use crate::session::Session;
use crate::tags;

/// Finds the gateway by its tags.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, InternetGateway>) -> Result<Option<Found>, CloudError> {
    let request = session.ec2.describe_internet_gateways().set_filters(Some(tags::filters(wanted.node)));
    let found = request.into_paginator().items().send().try_collect().await;
    let found = found.map_err(cloud("DescribeInternetGateways", wanted.label()))?;
    let Some(gateway) = only_ours(
        "DescribeInternetGateways",
        wanted,
        found,
        |gateway| gateway.tags(),
        |gateway| gateway.internet_gateway_id(),
    )?
    else {
        return Ok(None);
    };
    let vpc = gateway.attachments().first().and_then(|attachment| attachment.vpc_id()?.parse().ok());
    let properties = InternetGateway { vpc: vpc.map(Value::Known) };
    let attributes = Attributes::id(gateway.internet_gateway_id().unwrap_or_default());
    Ok(Some(Found { attributes, properties: properties.into(), tags: tags::from_ec2(gateway.tags()) }))
}

/// One attempt: AWS takes no token.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, InternetGateway>) -> Result<(), CloudError> {
    let tags = tags::specification(ResourceType::InternetGateway, &wanted.node.tags);
    let request = session.ec2.create_internet_gateway().tag_specifications(tags);
    let request = request.customize().config_override(sent_once());
    request.send().await.map_err(cloud("CreateInternetGateway", wanted.label()))?;
    Ok(())
}

/// Attaches it.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, InternetGateway>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let Some(vpc) = &wanted.properties.vpc else { return Ok(()) };
    let send = || async {
        let request = session.ec2.attach_internet_gateway().internet_gateway_id(&found.attributes.id);
        request.vpc_id(vpc.to_string()).send().await.map_err(cloud("AttachInternetGateway", wanted.label()))
    };
    match patiently(session, FRESH, |error| error.trouble == Trouble::NotFound, send).await {
        Err(error) if error.has_code("Resource.AlreadyAssociated") => Ok(()),
        other => other.map(|_| ()),
    }
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// Detaches first; public addresses still mapped in the VPC hold it until they are fully gone.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let id = &found.attributes.id;
    if let Properties::InternetGateway(InternetGateway { vpc: Some(vpc) }) = &found.properties {
        let send = || async {
            let request = session.ec2.detach_internet_gateway().internet_gateway_id(id).vpc_id(vpc.to_string());
            request.send().await.map_err(cloud("DetachInternetGateway", node.id.as_str()))
        };
        match patiently(session, 4 * FRESH, |error| error.trouble == Trouble::InUse, send).await {
            Err(error) if error.has_code("Gateway.NotAttached") || error.trouble == Trouble::NotFound => {}
            other => drop(other?),
        }
    }
    let send = || async {
        let sent = session.ec2.delete_internet_gateway().internet_gateway_id(id).send().await;
        sent.map_err(cloud("DeleteInternetGateway", node.id.as_str()))
    };
    match patiently(session, FRESH, |error| error.trouble == Trouble::InUse, send).await {
        Err(error) if error.trouble == Trouble::NotFound => Ok(Deleted::Gone),
        other => other.map(|_| Deleted::Gone),
    }
}
