//! Routes: what for, and what they lead to.

use crate::network::{Destination, Gateway, Holder, Id, Origin, Route, Target, Vpc};

use super::super::Answer;
use super::super::gather::FileId;
use super::super::record;
use super::super::wire::Text;
use super::{Join, all_blocks};

impl<'g, 'a> Join<'g, 'a> {
    /// A route of a table; none for the local ones, which every table has, and for one without a destination, which is told.
    pub(super) fn route(
        &mut self,
        record: &'g record::Route<'a>,
        table: &str,
        vpc: Id<Vpc>,
        file: FileId,
    ) -> Option<Route> {
        let block = record.destination_cidr_block.or(record.destination_ipv6_cidr_block).map(|block| block.0);
        let list = record.destination_prefix_list_id.as_ref();
        let destination = match (block, list) {
            (Some(block), _) => Destination::Block(block),
            (None, Some(list)) => Destination::List(self.prefix_list(list.as_str(), file)),
            (None, None) => {
                self.note(table, "it has a route without a destination".to_owned());
                return None;
            }
        };
        let target = self.target(record, table, vpc, file);
        let is_of_vpc = block.is_some_and(|block| self.network.vpcs[vpc].blocks.contains(&block));
        if target == Target::Local && is_of_vpc {
            return None;
        }
        let propagated = record.origin.as_ref().is_some_and(|origin| origin.as_str() == "EnableVgwRoutePropagation");
        let origin = if propagated { Origin::Propagated } else { Origin::Static };
        Some(Route { destination, target, origin })
    }

    fn target(&mut self, record: &'g record::Route<'a>, table: &str, vpc: Id<Vpc>, file: FileId) -> Target {
        if record.state.as_ref().is_some_and(|state| state.as_str() == "blackhole") {
            return Target::Blackhole;
        }
        if let Some(interface) = &record.network_interface_id {
            return self.route_to_interface(interface.as_str(), file);
        }
        let gateways = [
            &record.gateway_id,
            &record.nat_gateway_id,
            &record.vpc_peering_connection_id,
            &record.transit_gateway_id,
            &record.egress_only_internet_gateway_id,
        ];
        if let Some(gateway) = gateways.into_iter().flatten().next() {
            return self.route_to_gateway(gateway.as_str(), vpc, file);
        }
        if let Some(instance) = &record.instance_id {
            return self.route_to_instance(instance.as_str());
        }
        let others =
            [&record.core_network_arn, &record.local_gateway_id, &record.carrier_gateway_id, &record.odb_network_arn];
        let other = others.into_iter().flatten().next().map(Text::as_str);
        let what = other.unwrap_or("nothing that AWS names");
        self.note(table, format!("it has a route to {what}: it may lead anywhere"));
        Target::Unknown(what.into())
    }

    fn route_to_interface(&mut self, name: &str, file: FileId) -> Target {
        if let Some(id) = self.network.interfaces.find(name) {
            return Target::Interface(id);
        }
        self.missing(name, file, Answer::NetworkInterfaces);
        Target::Unknown(name.into())
    }

    /// A route to an instance is one to its interface, when it has one.
    fn route_to_instance(&mut self, name: &str) -> Target {
        let holds = |holder: &Holder| matches!(holder, Holder::Instance(instance) if **instance == *name);
        let mut interfaces = self.network.interfaces.iter().filter(|(_, interface)| holds(&interface.holder));
        match (interfaces.next(), interfaces.next()) {
            (Some((id, _)), None) => Target::Interface(id),
            _ => Target::Unknown(name.into()),
        }
    }

    fn route_to_gateway(&mut self, name: &str, vpc: Id<Vpc>, file: FileId) -> Target {
        if name == "local" {
            return Target::Local;
        }
        if let Some(id) = self.network.gateways.find(name) {
            return Target::Gateway(id);
        }
        if self.gone.contains(name) {
            return Target::Blackhole;
        }
        let of = self.of;
        let known = of.endpoints.find(name).is_some()
            || of.nat_gateways.find(name).is_some()
            || of.internet_gateways.find(name).is_some()
            || of.egress_only.find(name).is_some()
            || of.vpn_gateways.find(name).is_some();
        if !known {
            self.missing(name, file, answer_for(name));
        }
        // AWS routes to one of these only while it is attached to the table's own VPC.
        let implied = match prefix(name) {
            "igw" => Gateway::Internet(Some(vpc)),
            "eigw" => Gateway::EgressOnly(Some(vpc)),
            "vgw" => Gateway::VirtualPrivate(Some(vpc)),
            _ => return Target::Unknown(name.into()),
        };
        Target::Gateway(self.gateway(name, implied))
    }
}

/// The routes of a table that does not tell them.
pub(super) fn anywhere() -> Vec<Route> {
    let route = |block| Route {
        destination: Destination::Block(block),
        target: Target::Unknown("whatever its table says, which was not read".into()),
        origin: Origin::Static,
    };
    all_blocks().map(route).collect()
}

fn prefix(name: &str) -> &str {
    name.split_once('-').map_or(name, |(prefix, _)| prefix)
}

/// The call that describes what bears such an id.
fn answer_for(name: &str) -> Answer {
    match prefix(name) {
        "eigw" => Answer::EgressOnlyInternetGateways,
        "nat" => Answer::NatGateways,
        "pcx" => Answer::VpcPeeringConnections,
        "tgw" => Answer::TransitGateways,
        "vgw" => Answer::VpnGateways,
        "vpce" => Answer::VpcEndpoints,
        _ => Answer::InternetGateways,
    }
}
