//! What lies in the network: read in full, whosever it is.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Filter, InstanceStateName, NetworkInterface, VpcPeeringConnection};
use sce_core::aws::resource::Kind;
use sce_core::model::{Resident, ResidentKind};
use sce_core::plan::{Node, Plan, Scope};

use super::Unread;
use crate::error::{CloudError, cloud};
use crate::session::Session;
use crate::tags;

/// What lies in the plan's network. In a VPC of others, what lies in our own subnets: the rest is their business.
pub(crate) async fn residents(session: &Session, plan: &Plan, id: impl Fn(&Node) -> Option<String>) -> Residents {
    let of_kind = |kind: Kind| plan.nodes.iter().filter(move |node| node.properties.kind() == kind);
    let Some((vpc, vpc_id)) = of_kind(Kind::Vpc).find_map(|node| Some((node, id(node)?))) else {
        return (Vec::new(), Vec::new());
    };
    let subnets: BTreeSet<String> =
        of_kind(Kind::Subnet).filter(|node| node.scope == Scope::Pit).filter_map(&id).collect();
    let whole = !vpc.is_existing();
    let here = Here { session, label: vpc.id.as_str(), vpc: vpc_id, subnets: (!whole).then_some(subnets) };
    let mut read = Read { residents: Vec::new(), unread: Vec::new(), holders: BTreeMap::new(), going: BTreeSet::new() };
    let in_subnets = async { tokio::join!(here.interfaces(), here.instances(), here.nat_gateways()) };
    let of_all = async {
        if !whole {
            return None;
        }
        let plain = async {
            let listed = tokio::join!(
                here.security_groups(),
                here.network_acls(),
                here.route_tables(),
                here.peerings(),
                here.vpn_gateways(),
                here.transit_gateway_attachments(),
                here.internet_gateways(),
            );
            [listed.0, listed.1, listed.2, listed.3, listed.4, listed.5, listed.6]
        };
        Some(tokio::join!(plain, here.endpoints()))
    };
    let ((interfaces, instances, gateways), of_all) = tokio::join!(in_subnets, of_all);
    read.take(vpc, interfaces);
    read.take(vpc, instances);
    let gateways = gateways.map(|(gateways, going)| {
        read.going.extend(going);
        gateways
    });
    read.take_holders(vpc, gateways);
    if let Some((plain, endpoints)) = of_all {
        plain.into_iter().for_each(|listed| read.take(vpc, listed));
        read.take_holders(vpc, endpoints);
    }
    let Read { mut residents, unread, holders, going } = read;
    residents.retain(|one| !going.contains(&one.id));
    for resident in residents.iter_mut().filter(|one| one.kind == ResidentKind::Interface) {
        let holder = holders.get(&resident.id);
        resident.attached_to = resident.attached_to.take().or_else(|| holder.cloned());
    }
    (residents, unread)
}

/// What lies in a network, and what could not be read of it.
pub(crate) type Residents = (Vec<Resident>, Unread);

struct Read {
    residents: Vec<Resident>,
    unread: Unread,
    /// The gateway or endpoint that says of an interface that it is its own.
    holders: BTreeMap<String, String>,
    /// Interfaces of gateways that are deleted, which go with them.
    going: BTreeSet<String>,
}

/// Things, and the interfaces that each says are its own.
type WithInterfaces = Vec<(Resident, Vec<String>)>;

impl Read {
    /// The same, of things that have interfaces.
    fn take_holders(&mut self, vpc: &Node, read: Result<WithInterfaces, CloudError>) {
        let residents = read.map(|holders| {
            let known = holders.iter().flat_map(|(holder, own)| own.iter().map(|one| (one.clone(), holder.id.clone())));
            self.holders.extend(known);
            holders.into_iter().map(|(resident, _)| resident).collect()
        });
        self.take(vpc, residents);
    }

    /// One part that cannot be read does not stop the others.
    fn take(&mut self, vpc: &Node, read: Result<Vec<Resident>, CloudError>) {
        match read {
            Ok(residents) => self.residents.extend(residents),
            Err(error) => self.unread.push((vpc.id.clone(), error.to_string())),
        }
    }
}

/// A network that is looked into.
struct Here<'a> {
    session: &'a Session,
    label: &'a str,
    vpc: String,
    /// The subnets that count; none for all.
    subnets: Option<BTreeSet<String>>,
}

impl Here<'_> {
    fn counts(&self, subnet: Option<&str>) -> bool {
        self.subnets.as_ref().is_none_or(|subnets| subnet.is_some_and(|subnet| subnets.contains(subnet)))
    }

    fn in_vpc(&self) -> Filter {
        tags::filter("vpc-id", &self.vpc)
    }

    async fn interfaces(&self) -> Result<Vec<Resident>, CloudError> {
        let request = self.session.ec2.describe_network_interfaces().filters(self.in_vpc());
        let found = request.into_paginator().items().send().try_collect().await;
        let found = found.map_err(cloud("DescribeNetworkInterfaces", self.label))?;
        Ok(found.iter().filter(|one| self.counts(one.subnet_id())).map(interface).collect())
    }

    async fn instances(&self) -> Result<Vec<Resident>, CloudError> {
        let request = self.session.ec2.describe_instances().filters(self.in_vpc());
        let pages = request.into_paginator().items().send().try_collect().await;
        let reservations = pages.map_err(cloud("DescribeInstances", self.label))?;
        let gone = [InstanceStateName::Terminated, InstanceStateName::ShuttingDown];
        let instances = reservations.iter().flat_map(|reservation| reservation.instances());
        let here = instances.filter(|one| self.counts(one.subnet_id()));
        let live =
            here.filter(|one| !one.state().and_then(|state| state.name()).is_some_and(|name| gone.contains(name)));
        Ok(live.map(|one| resident(ResidentKind::Instance, one.instance_id(), one.tags())).collect())
    }

    /// Those that are there, and the interfaces of those that are not any more.
    async fn nat_gateways(&self) -> Result<(WithInterfaces, Vec<String>), CloudError> {
        let request = self.session.ec2.describe_nat_gateways().filter(self.in_vpc());
        let found = request.into_paginator().items().send().try_collect().await;
        let found = found.map_err(cloud("DescribeNatGateways", self.label))?;
        let ended = ["deleted", "deleting", "failed"];
        let here = found.iter().filter(|one| self.counts(one.subnet_id()));
        let (gone, live): (Vec<_>, Vec<_>) =
            here.partition(|one| one.state().is_some_and(|state| ended.contains(&state.as_str())));
        let own = |one: &aws_sdk_ec2::types::NatGateway| -> Vec<String> {
            let own = one.nat_gateway_addresses().iter();
            own.filter_map(|one| one.network_interface_id().map(str::to_owned)).collect()
        };
        let gateway = |one: &&aws_sdk_ec2::types::NatGateway| {
            (resident(ResidentKind::NatGateway, one.nat_gateway_id(), one.tags()), own(one))
        };
        Ok((live.iter().map(gateway).collect(), gone.into_iter().flat_map(own).collect()))
    }

    async fn security_groups(&self) -> Result<Vec<Resident>, CloudError> {
        let request = self.session.ec2.describe_security_groups().filters(self.in_vpc());
        let found = request.into_paginator().items().send().try_collect().await;
        let found = found.map_err(cloud("DescribeSecurityGroups", self.label))?;
        let group = |one: &aws_sdk_ec2::types::SecurityGroup| Resident {
            comes_with_vpc: one.group_name() == Some("default"),
            description: one.group_name().unwrap_or_default().to_owned(),
            ..resident(ResidentKind::SecurityGroup, one.group_id(), one.tags())
        };
        Ok(found.iter().map(group).collect())
    }

    async fn network_acls(&self) -> Result<Vec<Resident>, CloudError> {
        let request = self.session.ec2.describe_network_acls().filters(self.in_vpc());
        let found = request.into_paginator().items().send().try_collect().await;
        let found = found.map_err(cloud("DescribeNetworkAcls", self.label))?;
        let acl = |one: &aws_sdk_ec2::types::NetworkAcl| Resident {
            comes_with_vpc: one.is_default() == Some(true),
            ..resident(ResidentKind::NetworkAcl, one.network_acl_id(), one.tags())
        };
        Ok(found.iter().map(acl).collect())
    }

    async fn endpoints(&self) -> Result<WithInterfaces, CloudError> {
        let request = self.session.ec2.describe_vpc_endpoints().filters(self.in_vpc());
        let found = request.into_paginator().items().send().try_collect().await;
        let found = found.map_err(cloud("DescribeVpcEndpoints", self.label))?;
        let ended = ["deleted", "deleting", "failed", "rejected", "expired"];
        let live = found.iter().filter(|one| {
            !one.state().is_some_and(|state| ended.contains(&state.as_str().to_ascii_lowercase().as_str()))
        });
        let endpoint = |one: &aws_sdk_ec2::types::VpcEndpoint| {
            let endpoint = Resident {
                of_service: one.requester_managed() == Some(true),
                description: one.service_name().unwrap_or_default().to_owned(),
                ..resident(ResidentKind::Endpoint, one.vpc_endpoint_id(), one.tags())
            };
            (endpoint, one.network_interface_ids().to_vec())
        };
        Ok(live.map(endpoint).collect())
    }

    async fn route_tables(&self) -> Result<Vec<Resident>, CloudError> {
        let request = self.session.ec2.describe_route_tables().filters(self.in_vpc());
        let found = request.into_paginator().items().send().try_collect().await;
        let found = found.map_err(cloud("DescribeRouteTables", self.label))?;
        let table = |one: &aws_sdk_ec2::types::RouteTable| Resident {
            comes_with_vpc: one.associations().iter().any(|association| association.main() == Some(true)),
            ..resident(ResidentKind::RouteTable, one.route_table_id(), one.tags())
        };
        Ok(found.iter().map(table).collect())
    }

    async fn peerings(&self) -> Result<Vec<Resident>, CloudError> {
        let (asked, asked_for) = tokio::try_join!(
            self.peerings_of("requester-vpc-info.vpc-id"),
            self.peerings_of("accepter-vpc-info.vpc-id"),
        )?;
        let mut found = BTreeMap::new();
        for one in asked.into_iter().chain(asked_for) {
            let ended = ["deleted", "deleting", "expired", "failed", "rejected"];
            let state = one.status().and_then(|status| status.code()).map(|code| code.as_str().to_owned());
            if state.is_some_and(|state| ended.contains(&state.as_str())) {
                continue;
            }
            let resident = resident(ResidentKind::Peering, one.vpc_peering_connection_id(), one.tags());
            found.insert(resident.id.clone(), resident);
        }
        Ok(found.into_values().collect())
    }

    async fn peerings_of(&self, side: &str) -> Result<Vec<VpcPeeringConnection>, CloudError> {
        let request = self.session.ec2.describe_vpc_peering_connections().filters(tags::filter(side, &self.vpc));
        let listed = request.into_paginator().items().send().try_collect().await;
        listed.map_err(cloud("DescribeVpcPeeringConnections", self.label))
    }

    async fn vpn_gateways(&self) -> Result<Vec<Resident>, CloudError> {
        let request = self.session.ec2.describe_vpn_gateways();
        let sent = request.filters(tags::filter("attachment.vpc-id", &self.vpc)).send().await;
        let found = sent.map_err(cloud("DescribeVpnGateways", self.label))?;
        let here = |one: &&aws_sdk_ec2::types::VpnGateway| {
            let attached = |attachment: &aws_sdk_ec2::types::VpcAttachment| {
                let state = attachment.state().map(|state| state.as_str().to_owned());
                attachment.vpc_id() == Some(self.vpc.as_str()) && state.as_deref() != Some("detached")
            };
            one.vpc_attachments().iter().any(attached)
        };
        let found = found.vpn_gateways().iter().filter(here);
        Ok(found.map(|one| resident(ResidentKind::VpnGateway, one.vpn_gateway_id(), one.tags())).collect())
    }

    async fn transit_gateway_attachments(&self) -> Result<Vec<Resident>, CloudError> {
        let request = self.session.ec2.describe_transit_gateway_vpc_attachments().filters(self.in_vpc());
        let found = request.into_paginator().items().send().try_collect().await;
        let found = found.map_err(cloud("DescribeTransitGatewayVpcAttachments", self.label))?;
        let ended = ["deleted", "deleting", "failed", "rejected"];
        let live = found.iter().filter(|one| !one.state().is_some_and(|state| ended.contains(&state.as_str())));
        let attachment = |one: &aws_sdk_ec2::types::TransitGatewayVpcAttachment| {
            resident(ResidentKind::TransitGatewayAttachment, one.transit_gateway_attachment_id(), one.tags())
        };
        Ok(live.map(attachment).collect())
    }

    async fn internet_gateways(&self) -> Result<Vec<Resident>, CloudError> {
        let request = self.session.ec2.describe_internet_gateways();
        let request = request.filters(tags::filter("attachment.vpc-id", &self.vpc));
        let found = request.into_paginator().items().send().try_collect().await;
        let found = found.map_err(cloud("DescribeInternetGateways", self.label))?;
        let gateway = |one: &aws_sdk_ec2::types::InternetGateway| {
            resident(ResidentKind::InternetGateway, one.internet_gateway_id(), one.tags())
        };
        Ok(found.iter().map(gateway).collect())
    }
}

fn interface(one: &NetworkInterface) -> Resident {
    let groups = one.groups().iter().filter_map(|group| group.group_id().map(str::to_owned));
    Resident {
        of_service: one.requester_managed() == Some(true),
        attached_to: one.attachment().and_then(|attachment| attachment.instance_id()).map(str::to_owned),
        groups: groups.collect(),
        description: one.description().unwrap_or_default().to_owned(),
        ..resident(ResidentKind::Interface, one.network_interface_id(), one.tag_set())
    }
}

fn resident(kind: ResidentKind, id: Option<&str>, tagged: &[aws_sdk_ec2::types::Tag]) -> Resident {
    Resident {
        kind,
        id: id.unwrap_or_default().to_owned(),
        tags: tags::from_ec2(tagged),
        comes_with_vpc: false,
        of_service: false,
        attached_to: None,
        groups: BTreeSet::new(),
        description: String::new(),
    }
}
