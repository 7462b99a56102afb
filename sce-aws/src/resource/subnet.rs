//! Subnets.

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Subnet as SdkSubnet};
use sce_core::aws::resource::{Difference, Subnet};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::tag_ec2;
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, patiently};
use crate::session::Session;
use crate::tags;

/// Finds the subnet by its tags.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Subnet>) -> Result<Option<Found>, CloudError> {
    let request = session.ec2.describe_subnets().set_filters(Some(tags::filters(wanted.node)));
    let found = request
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(cloud("DescribeSubnets", wanted.label()))?;
    let Some(subnet) =
        only_ours("DescribeSubnets", wanted, found, |subnet| subnet.tags(), |subnet| subnet.subnet_id())?
    else {
        return Ok(None);
    };
    let properties = described(wanted.label(), &subnet)?;
    let id = subnet.subnet_id().unwrap_or_default();
    Ok(Some(Found {
        attributes: Attributes::id(id),
        properties: properties.into(),
        tags: tags::from_ec2(subnet.tags()),
    }))
}

/// May be sent again: AWS refuses a second subnet of the same range.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Subnet>) -> Result<(), CloudError> {
    let Subnet { vpc, cidr, zone, .. } = wanted.properties;
    let send = || async {
        let request = session.ec2.create_subnet().vpc_id(vpc.to_string()).cidr_block(cidr.to_string());
        let request = request.availability_zone(zone.to_string());
        let request = request.tag_specifications(tags::specification(ResourceType::Subnet, &wanted.node.tags));
        request.send().await.map_err(cloud("CreateSubnet", wanted.label()))
    };
    patiently(session, FRESH, |error| error.has_code("InvalidVpcID.NotFound"), send).await.map(|_| ())
}

/// Whether new interfaces get a public address is a call of its own.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Subnet>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let send = || async {
        let value = AttributeBooleanValue::builder().value(wanted.properties.public_address_on_launch).build();
        let request =
            session.ec2.modify_subnet_attribute().subnet_id(&found.attributes.id).map_public_ip_on_launch(value);
        request.send().await.map_err(cloud("ModifySubnetAttribute", wanted.label()))
    };
    patiently(session, FRESH, |error| error.trouble == Trouble::NotFound, send).await.map(|_| ())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// Interfaces of services just deleted may hold it for minutes.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let send = || async {
        let sent = session.ec2.delete_subnet().subnet_id(&found.attributes.id).send().await;
        sent.map_err(cloud("DeleteSubnet", node.id.as_str()))
    };
    match patiently(session, 4 * FRESH, |error| error.trouble == Trouble::InUse, send).await {
        Err(error) if error.trouble == Trouble::NotFound => Ok(Deleted::Gone),
        other => other.map(|_| Deleted::Gone),
    }
}

/// The subnets of a VPC, by id, whoever made them.
pub(crate) async fn subnets_of(session: &Session, label: &str, vpc: &str) -> Result<Vec<(String, Subnet)>, CloudError> {
    let request = session.ec2.describe_subnets().filters(tags::filter("vpc-id", vpc));
    let found = request.into_paginator().items().send().try_collect().await;
    let found = found.map_err(cloud("DescribeSubnets", label))?;
    let named = |subnet: &SdkSubnet| Ok((subnet.subnet_id().unwrap_or_default().to_owned(), described(label, subnet)?));
    found.iter().map(named).collect()
}

fn described(label: &str, subnet: &SdkSubnet) -> Result<Subnet, CloudError> {
    let unreadable = |what: &str| CloudError::unreadable("DescribeSubnets", label, what);
    Ok(Subnet {
        vpc: Value::Known(subnet.vpc_id().unwrap_or_default().parse().map_err(|_| unreadable("no VPC id"))?),
        cidr: subnet.cidr_block().unwrap_or_default().parse().map_err(|_| unreadable("no address range"))?,
        zone: subnet.availability_zone().unwrap_or_default().parse().map_err(|_| unreadable("no zone"))?,
        public_address_on_launch: subnet.map_public_ip_on_launch().unwrap_or(false),
    })
}
