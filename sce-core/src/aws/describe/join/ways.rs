//! Ways into a network that no route shows.

use crate::network::{Gateway, Id, Vpc, WayAround};

use super::super::wire::Text;
use super::{Join, is_there, kind_of};

impl<'a> Join<'_, 'a> {
    /// Lists them.
    pub(super) fn ways_around(&mut self) {
        let of = self.of;
        for (record, _) in of.instance_connect.iter().filter(|(record, _)| is_there(record.state.as_ref())) {
            let name = record.instance_connect_endpoint_id.as_str();
            self.way("EC2 Instance Connect Endpoint", name, record.vpc_id.as_ref());
        }
        for (record, _) in of.client_vpns.iter() {
            if is_there(record.status.as_ref().and_then(|status| status.code.as_ref())) {
                self.way("Client VPN endpoint", record.client_vpn_endpoint_id.as_str(), record.vpc_id.as_ref());
            }
        }
        for (record, file) in of.load_balancers.iter() {
            let name = record.load_balancer_name.as_str();
            // One of the type `gateway` has no scheme.
            let has_scheme = record.r#type.as_ref().is_none_or(|kind| kind.as_str() != "gateway");
            if record.scheme.is_none() && has_scheme {
                self.untold(name, "Scheme", file);
            }
            if record.scheme.as_ref().map_or(has_scheme, |scheme| scheme.as_str() == "internet-facing") {
                self.way("internet-facing load balancer", name, record.vpc_id.as_ref());
            }
        }
        for (record, file) in of.databases.iter() {
            let name = record.db_instance_identifier.as_str();
            if self.flag(record.publicly_accessible, name, "PubliclyAccessible", file) {
                let vpc = record.db_subnet_group.as_ref().and_then(|group| group.vpc_id.as_ref());
                self.way("publicly accessible database", name, vpc);
            }
        }
        for (record, file) in of.clusters.iter() {
            let name = record.cluster_identifier.as_ref().map_or("", Text::as_str);
            if self.flag(record.publicly_accessible, name, "PubliclyAccessible", file) {
                self.way("publicly accessible Redshift cluster", name, record.vpc_id.as_ref());
            }
        }
        for (record, _) in of.endpoint_services.iter().filter(|(one, _)| is_there(one.service_state.as_ref())) {
            self.way("endpoint service", record.service_name.as_str(), None);
        }
        for (record, _) in of.verified_access.iter() {
            if is_there(record.status.as_ref().and_then(|status| status.code.as_ref())) {
                self.way("Verified Access endpoint", record.verified_access_endpoint_id.as_str(), None);
            }
        }
        for (record, _) in of.endpoints.iter().filter(|(record, _)| is_there(record.state.as_ref())) {
            match kind_of(record) {
                "Gateway" | "Interface" => {}
                "GatewayLoadBalancer" => {
                    let name = record.vpc_endpoint_id.as_str();
                    self.way("Gateway Load Balancer endpoint", name, Some(&record.vpc_id));
                }
                _ => self.way("endpoint of a shared resource", record.vpc_endpoint_id.as_str(), Some(&record.vpc_id)),
            }
        }
        self.through_gateways();
    }

    /// What lies behind these may reach any subnet of the VPC, whatever the subnet's own table says.
    fn through_gateways(&mut self) {
        let mut ways = Vec::new();
        for (id, gateway) in self.network.gateways.iter() {
            let (kind, vpcs) = match gateway {
                Gateway::VirtualPrivate(Some(vpc)) => ("VPN or Direct Connect", std::slice::from_ref(vpc)),
                Gateway::Transit(vpcs) => ("transit gateway", vpcs.as_slice()),
                _ => continue,
            };
            let name = self.network.gateways.name(id);
            ways.extend(vpcs.iter().map(|vpc| WayAround { kind, name: name.into(), vpc: Some(*vpc) }));
        }
        self.network.ways_around.extend(ways);
    }

    fn way(&mut self, kind: &'static str, name: &str, vpc: Option<&Text<'a>>) {
        let vpc: Option<Id<Vpc>> = vpc.and_then(|vpc| self.network.vpcs.find(vpc.as_str()));
        self.network.ways_around.push(WayAround { kind, name: name.into(), vpc });
    }
}
