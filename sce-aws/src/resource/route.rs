//! Routes.

use aws_sdk_ec2::types::{Route as SdkRoute, RouteOrigin};
use sce_core::aws::resource::{Difference, Properties, Route, RouteTarget};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::route_table::table;
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, patiently};
use crate::session::Session;

/// Finds the route by its table and destination.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Route>) -> Result<Option<Found>, CloudError> {
    let id = wanted.properties.table.to_string();
    let Some(table) = table(session, wanted.label(), &id).await? else { return Ok(None) };
    let routes = table.routes().iter().filter_map(|route| described(&id, route));
    let found = routes.into_iter().find(|route| route.destination == wanted.properties.destination);
    Ok(found.map(|route| Found { attributes: named(&route), properties: route.into(), tags: wanted.node.tags.clone() }))
}

/// May be sent again: AWS refuses a second route to the same destination.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Route>) -> Result<(), CloudError> {
    let send = || async {
        let request = session.ec2.create_route().route_table_id(wanted.properties.table.to_string());
        let request = request.destination_cidr_block(wanted.properties.destination.to_string());
        let request = match &wanted.properties.target {
            RouteTarget::InternetGateway(id) => request.gateway_id(id.to_string()),
            RouteTarget::NatGateway(id) => request.nat_gateway_id(id.to_string()),
            RouteTarget::Other(id) => request.gateway_id(id),
        };
        request.send().await.map_err(cloud("CreateRoute", wanted.label()))
    };
    let fresh = |error: &CloudError| error.trouble == Trouble::NotFound || error.has_code("InvalidParameterException");
    patiently(session, FRESH, fresh, send).await.map(|_| ())
}

/// Points it where the plan says.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Route>,
    _: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let request = session.ec2.replace_route().route_table_id(wanted.properties.table.to_string());
    let request = request.destination_cidr_block(wanted.properties.destination.to_string());
    let request = match &wanted.properties.target {
        RouteTarget::InternetGateway(id) => request.gateway_id(id.to_string()),
        RouteTarget::NatGateway(id) => request.nat_gateway_id(id.to_string()),
        RouteTarget::Other(id) => request.gateway_id(id),
    };
    request.send().await.map_err(cloud("ReplaceRoute", wanted.label()))?;
    Ok(())
}

/// A route takes no tags.
pub(crate) async fn tag(_: &Session, _: &Node, _: &Found) -> Result<(), CloudError> {
    Ok(())
}

pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let Properties::Route(route) = &found.properties else { return Ok(Deleted::Gone) };
    remove(session, node.id.as_str(), route).await.map(|()| Deleted::Gone)
}

/// Takes a route out of its table, whoever put it there.
pub(crate) async fn remove(session: &Session, label: &str, route: &Route) -> Result<(), CloudError> {
    let request = session.ec2.delete_route().route_table_id(route.table.to_string());
    let destination = route.destination.to_string();
    let request = match route.destination.is_ipv4() {
        true => request.destination_cidr_block(destination),
        false => request.destination_ipv6_cidr_block(destination),
    };
    match request.send().await.map_err(cloud("DeleteRoute", label)) {
        Err(error) if error.trouble == Trouble::NotFound => Ok(()),
        other => other.map(drop),
    }
}

/// The routes of a table that somebody put in: not the local one, not those of endpoints, which AWS puts in by itself.
pub(crate) async fn routes_of(session: &Session, label: &str, id: &str) -> Result<Vec<Route>, CloudError> {
    let table = table(session, label, id).await?;
    if let Some(list) = table.iter().flat_map(|table| table.routes()).find_map(unreadable_destination) {
        let message = format!("a route to the addresses that `{list}` lists, which this version cannot judge");
        return Err(CloudError::unreadable("DescribeRouteTables", label, message));
    }
    Ok(table.iter().flat_map(|table| table.routes()).filter_map(|route| described(id, route)).collect())
}

/// The list of addresses that a route names instead of a range, unless the route is an endpoint's own.
fn unreadable_destination(route: &SdkRoute) -> Option<&str> {
    target(route).and_then(|_| route.destination_prefix_list_id())
}

fn described(table: &str, route: &SdkRoute) -> Option<Route> {
    let target = target(route)?;
    let destination = route.destination_cidr_block().or(route.destination_ipv6_cidr_block())?.parse().ok()?;
    Some(Route { table: Value::Known(table.parse().ok()?), destination, target })
}

fn target(route: &SdkRoute) -> Option<RouteTarget> {
    let gateway = route.gateway_id().unwrap_or_default();
    let local = gateway == "local" || route.origin() == Some(&RouteOrigin::CreateRouteTable);
    if local || gateway.starts_with("vpce-") {
        return None;
    }
    if let Some(id) = route.nat_gateway_id().and_then(|id| id.parse().ok()) {
        return Some(RouteTarget::NatGateway(Value::Known(id)));
    }
    if let Ok(id) = gateway.parse() {
        return Some(RouteTarget::InternetGateway(Value::Known(id)));
    }
    let others = [
        route.gateway_id(),
        route.vpc_peering_connection_id(),
        route.transit_gateway_id(),
        route.network_interface_id(),
        route.instance_id(),
        route.egress_only_internet_gateway_id(),
        route.local_gateway_id(),
        route.carrier_gateway_id(),
        route.core_network_arn(),
    ];
    let named = others.into_iter().flatten().find(|id| !id.is_empty());
    Some(RouteTarget::Other(named.unwrap_or("something AWS does not name").to_owned()))
}

fn named(route: &Route) -> Attributes {
    Attributes::id(format!("{} {}", route.table, route.destination))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(gateway: &str, nat: Option<&str>) -> SdkRoute {
        let route = SdkRoute::builder().destination_cidr_block("0.0.0.0/0").gateway_id(gateway);
        route.set_nat_gateway_id(nat.map(str::to_owned)).build()
    }

    #[test]
    fn routes_of_aws_itself_are_left_out() {
        assert_eq!(described("rtb-1", &route("local", None)), None);
        assert_eq!(described("rtb-1", &route("vpce-1", None)), None);
    }

    #[test]
    fn a_route_to_a_list_of_addresses_is_not_overlooked() {
        let to_list =
            |gateway: &str| SdkRoute::builder().destination_prefix_list_id("pl-1").gateway_id(gateway).build();
        assert_eq!(unreadable_destination(&to_list("igw-1")), Some("pl-1"));
        assert_eq!(unreadable_destination(&to_list("vpce-1")), None);
        assert_eq!(unreadable_destination(&route("igw-1", None)), None);
    }

    #[test]
    fn targets_are_told_apart() {
        let target = |route: &SdkRoute| described("rtb-1", route).unwrap().target;
        assert!(matches!(target(&route("igw-1", None)), RouteTarget::InternetGateway(_)));
        assert!(matches!(target(&route("", Some("nat-1"))), RouteTarget::NatGateway(_)));
        assert_eq!(target(&route("vgw-1", None)), RouteTarget::Other("vgw-1".to_owned()));
    }
}
