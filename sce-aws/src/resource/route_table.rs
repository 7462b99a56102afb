//! Route tables, the main one among them.

use aws_sdk_ec2::types::{ResourceType, RouteTable as SdkRouteTable};
use sce_core::aws::resource::{Difference, RouteTable};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::{sent_once, tag_ec2};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only, ours, patiently};
use crate::session::Session;
use crate::tags;

/// Finds the table by its tags; the main one by its VPC, since AWS makes it, untagged.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, RouteTable>) -> Result<Option<Found>, CloudError> {
    let by_vpc = wanted.properties.main && !wanted.node.is_existing();
    let filters = match by_vpc {
        true => {
            vec![tags::filter("vpc-id", &wanted.properties.vpc.to_string()), tags::filter("association.main", "true")]
        }
        false => tags::filters(wanted.node),
    };
    let request = session.ec2.describe_route_tables().set_filters(Some(filters));
    let found = request.into_paginator().items().send().try_collect().await;
    let found = found.map_err(cloud("DescribeRouteTables", wanted.label()))?;
    let tagged = |found| ours(wanted.node, found, |table: &SdkRouteTable| table.tags(), |table| table.route_table_id());
    let found = if by_vpc { found } else { tagged(found) };
    let Some(table) = only("DescribeRouteTables", wanted, found, |table| table.route_table_id())? else {
        return Ok(None);
    };
    let unreadable = |what: &str| CloudError::unreadable("DescribeRouteTables", wanted.label(), what);
    let properties = RouteTable {
        vpc: Value::Known(table.vpc_id().unwrap_or_default().parse().map_err(|_| unreadable("no VPC id"))?),
        main: is_main(&table),
    };
    let attributes = Attributes::id(table.route_table_id().unwrap_or_default());
    Ok(Some(Found { attributes, properties: properties.into(), tags: tags::from_ec2(table.tags()) }))
}

/// With our token.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, RouteTable>) -> Result<(), CloudError> {
    if wanted.properties.main {
        let message = "the VPC has no main route table, although AWS makes one with it";
        return Err(CloudError::plain("DescribeRouteTables", wanted.label(), Trouble::NotFound, message));
    }
    let send = || async {
        let request =
            session.ec2.create_route_table().vpc_id(wanted.properties.vpc.to_string()).client_token(wanted.token());
        let request = request.tag_specifications(tags::specification(ResourceType::RouteTable, &wanted.node.tags));
        let request = request.customize().config_override(sent_once());
        request.send().await.map_err(cloud("CreateRouteTable", wanted.label()))
    };
    patiently(session, FRESH, |error| error.has_code("InvalidVpcID.NotFound"), send).await.map(|_| ())
}

/// Nothing of it can be changed in place; routes and associations are things of their own.
pub(crate) async fn settle(
    _: &Session,
    _: &Wanted<'_, RouteTable>,
    _: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    Ok(())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let send = || async {
        let sent = session.ec2.delete_route_table().route_table_id(&found.attributes.id).send().await;
        sent.map_err(cloud("DeleteRouteTable", node.id.as_str()))
    };
    match patiently(session, FRESH, |error| error.trouble == Trouble::InUse, send).await {
        Err(error) if error.trouble == Trouble::NotFound => Ok(Deleted::Gone),
        other => other.map(|_| Deleted::Gone),
    }
}

/// The table of that id, with its routes and associations.
pub(super) async fn table(session: &Session, label: &str, id: &str) -> Result<Option<SdkRouteTable>, CloudError> {
    let request = session.ec2.describe_route_tables().filters(tags::filter("route-table-id", id));
    let answer = request.send().await.map_err(cloud("DescribeRouteTables", label))?;
    Ok(answer.route_tables.unwrap_or_default().into_iter().next())
}

fn is_main(table: &SdkRouteTable) -> bool {
    table.associations().iter().any(|association| association.main() == Some(true))
}
