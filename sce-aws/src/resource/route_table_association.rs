//! Associations of route tables and subnets.

use aws_sdk_ec2::types::{RouteTableAssociation as SdkAssociation, RouteTableAssociationStateCode};
use sce_core::aws::resource::{Difference, RouteTableAssociation};
use sce_core::plan::Node;
use sce_core::value::Value;

use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, patiently};
use crate::session::Session;
use crate::tags;

/// Finds the subnet's explicit association, to whichever table it is; a subnet has one at most.
pub(crate) async fn look(
    session: &Session,
    wanted: &Wanted<'_, RouteTableAssociation>,
) -> Result<Option<Found>, CloudError> {
    let subnet = wanted.properties.subnet.to_string();
    let request = session.ec2.describe_route_tables().filters(tags::filter("association.subnet-id", &subnet));
    let tables = request.into_paginator().items().send().try_collect().await;
    let tables = tables.map_err(cloud("DescribeRouteTables", wanted.label()))?;
    let found = tables.iter().flat_map(|table| table.associations()).find(|association| is_of(association, &subnet));
    let Some(association) = found else { return Ok(None) };
    let table = association.route_table_id().unwrap_or_default().parse();
    let table =
        table.map_err(|_| CloudError::unreadable("DescribeRouteTables", wanted.label(), "no route table id"))?;
    let properties = RouteTableAssociation { table: Value::Known(table), subnet: wanted.properties.subnet.clone() };
    let attributes = Attributes::id(association.route_table_association_id().unwrap_or_default());
    Ok(Some(Found { attributes, properties: properties.into(), tags: wanted.node.tags.clone() }))
}

/// May be sent again: the subnet's association is found before a second one is made.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, RouteTableAssociation>) -> Result<(), CloudError> {
    let RouteTableAssociation { table, subnet } = wanted.properties;
    let send = || async {
        let request =
            session.ec2.associate_route_table().route_table_id(table.to_string()).subnet_id(subnet.to_string());
        request.send().await.map_err(cloud("AssociateRouteTable", wanted.label()))
    };
    patiently(session, FRESH, |error| error.trouble == Trouble::NotFound, send).await.map(|_| ())
}

/// Puts the subnet under the table of the plan.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, RouteTableAssociation>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let request = session.ec2.replace_route_table_association().association_id(&found.attributes.id);
    let request = request.route_table_id(wanted.properties.table.to_string());
    request.send().await.map_err(cloud("ReplaceRouteTableAssociation", wanted.label()))?;
    Ok(())
}

/// An association takes no tags.
pub(crate) async fn tag(_: &Session, _: &Node, _: &Found) -> Result<(), CloudError> {
    Ok(())
}

pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let request = session.ec2.disassociate_route_table().association_id(&found.attributes.id);
    match request.send().await.map_err(cloud("DisassociateRouteTable", node.id.as_str())) {
        Err(error) if error.trouble == Trouble::NotFound => Ok(Deleted::Gone),
        other => other.map(|_| Deleted::Gone),
    }
}

fn is_of(association: &SdkAssociation, subnet: &str) -> bool {
    let state = association.association_state().and_then(|state| state.state());
    association.subnet_id() == Some(subnet) && state != Some(&RouteTableAssociationStateCode::Disassociated)
}
