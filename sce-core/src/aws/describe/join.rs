//! Joins what a tree describes into a [`Network`]: ids become places, and what is referred to and nowhere described is told.
//!
//! A member that AWS always writes and that a file does not have is [unread](Join::required), whatever it would have held. What is not
//! known is taken to be as wide as it may be, so that nothing looks shut for want of a file: a group that nobody describes
//! lets everything pass, and a route to a gateway that nobody describes may lead anywhere. So does what two files tell differently.

mod coverage;
mod route;
mod traffic;
mod ways;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use super::Answer;
use super::gather::{FileId, Gathered};
use super::record::{self, Listed};
use super::wire::{Action, Text};
use crate::account::Zone;
use crate::cidr::Cidr;
use crate::network::{
    Acl, Address, Endpoint, Gateway, Group, Holder, Id, Interface, Nat, Network, Peer, Peering, Place, PrefixList,
    RouteTable, Rule, Subnet, Traffic, Unread, Vpc,
};

/// The network that was gathered.
pub(super) fn network(gathered: Gathered<'_>) -> Network {
    let mut join = Join {
        of: &gathered,
        network: Network::default(),
        unread: BTreeSet::new(),
        missed: HashSet::new(),
        gone: BTreeSet::new(),
        disputed: coverage::disputed(&gathered),
        uncertain: HashSet::new(),
    };
    join.vpcs();
    join.subnets();
    join.gateways();
    join.prefix_lists();
    join.groups();
    join.interfaces();
    join.addresses_of_instances();
    join.route_tables();
    join.acls();
    join.ways_around();
    join.coverage();
    let Join { mut network, unread, .. } = join;
    let told = |(what, why): (String, String)| Unread { what: what.into(), why: why.into() };
    network.unread = unread.into_iter().map(told).collect();
    network
}

struct Join<'g, 'a> {
    of: &'g Gathered<'a>,
    network: Network,
    unread: BTreeSet<(String, String)>,
    /// What was told to be missing, and which call would answer.
    missed: HashSet<(String, Answer)>,
    /// Gateways that AWS still describes and that are no more.
    gone: BTreeSet<&'g str>,
    /// What two files describe differently: that is told, and what is not told of it for that reason needs no second word.
    disputed: HashSet<&'g str>,
    /// VPCs of which it is not told what rules, or guards, the subnets without a table or ACL of their own.
    uncertain: HashSet<(Id<Vpc>, Answer)>,
}

/// States of what is no more, or never came to be.
const GONE: [&str; 8] =
    ["deleted", "deleting", "failed", "rejected", "expired", "disassociated", "detached", "detaching"];

/// Whether what is in that state is there; without a state it is.
fn is_there(state: Option<&Text<'_>>) -> bool {
    state.is_none_or(|state| !GONE.iter().any(|gone| state.as_str().eq_ignore_ascii_case(gone)))
}

impl<'g, 'a> Join<'g, 'a> {
    fn note(&mut self, what: &str, why: String) {
        self.unread.insert((what.to_owned(), why));
    }

    /// A list that AWS writes also when it is empty. Where a file does not have it, that is told, and it is for the caller to take what it
    /// held as wide as it may be.
    fn required<'r, T>(&mut self, list: &'r Listed<T>, of: &str, key: &str, file: FileId) -> Option<&'r [T]> {
        if list.is_none() {
            self.untold(of, key, file);
        }
        list.as_deref()
    }

    /// Whether something is open, by a flag that AWS always writes; where a file does not have it, that is told, and it is.
    fn flag(&mut self, open: Option<bool>, of: &str, key: &str, file: FileId) -> bool {
        if open.is_none() {
            self.untold(of, key, file);
        }
        open.unwrap_or(true)
    }

    /// Tells that a file lacks a member that AWS always writes.
    fn untold(&mut self, what: &str, key: &str, file: FileId) {
        if !self.disputed.contains(what) {
            self.note(what, format!("`{}` does not tell its `{key}`, which AWS always writes", self.of.path(file)));
        }
    }

    /// Tells that a file refers to something that no file describes.
    fn missing(&mut self, what: &str, by: FileId, answer: Answer) {
        // One file says enough.
        if self.missed.insert((what.to_owned(), answer)) {
            let path = self.of.path(by);
            self.note(what, format!("`{path}` refers to it and no file describes it; `aws {}` does", answer.call()));
        }
    }

    fn vpcs(&mut self) {
        let of = self.of;
        for (record, file) in of.vpcs.iter() {
            let further = self.required(
                &record.cidr_block_association_set,
                record.vpc_id.as_str(),
                "CidrBlockAssociationSet",
                file,
            );
            let ipv4 = further.unwrap_or_default().iter().filter(|one| is_associated(one.cidr_block_state.as_ref()));
            let ipv6 = &record.ipv6_cidr_block_association_set;
            let all = record.cidr_block.into_iter().chain(ipv4.filter_map(|one| one.cidr_block)).map(|block| block.0);
            let mut blocks: Vec<Cidr> = Vec::new();
            // The primary block comes first, and again among the rest.
            for block in all.chain(associated(ipv6)) {
                if !blocks.contains(&block) {
                    blocks.push(block);
                }
            }
            let source = of.source(file);
            let account = record.owner_id.as_ref().map(Text::as_str).or(source.account).map(Into::into);
            let region = source.region.map(Into::into);
            let vpc = Vpc { blocks, main_table: None, default_acl: None, account, region };
            // A name is gathered once, so it is free.
            let _ = self.network.vpcs.add(record.vpc_id.as_str(), vpc);
        }
    }

    /// The VPC of that name, which may be one that no file describes.
    fn vpc(&mut self, name: &str, by: FileId) -> Id<Vpc> {
        if let Some(id) = self.network.vpcs.find(name) {
            return id;
        }
        self.missing(name, by, Answer::Vpcs);
        let source = self.of.source(by);
        let (account, region) = (source.account.map(Into::into), source.region.map(Into::into));
        let vpc = Vpc { blocks: Vec::new(), main_table: None, default_acl: None, account, region };
        added(&mut self.network.vpcs, name, vpc)
    }

    fn subnets(&mut self) {
        let of = self.of;
        for (record, file) in of.subnets.iter() {
            let vpc = self.vpc(record.vpc_id.as_str(), file);
            if self.network.vpcs[vpc].region.is_none() {
                let zone = record.availability_zone.as_ref().and_then(|zone| zone.as_str().parse::<Zone>().ok());
                self.network.vpcs.change(vpc).region = zone.map(|zone| zone.region().as_str().into());
            }
            let ipv4 = record.cidr_block.map(|block| block.0);
            let blocks: Vec<Cidr> =
                ipv4.into_iter().chain(associated(&record.ipv6_cidr_block_association_set)).collect();
            if blocks.is_empty() {
                self.untold(record.subnet_id.as_str(), "CidrBlock", file);
            }
            let public_on_launch =
                self.flag(record.map_public_ip_on_launch, record.subnet_id.as_str(), "MapPublicIpOnLaunch", file);
            let subnet = Subnet { vpc, blocks, table: None, acl: None, public_on_launch };
            let _ = self.network.subnets.add(record.subnet_id.as_str(), subnet);
        }
    }

    /// The subnet of that name in a VPC, which may be one that no file describes; none when its VPC is not told either.
    fn subnet(&mut self, name: &str, vpc: Option<&str>, by: FileId) -> Option<Id<Subnet>> {
        if let Some(id) = self.network.subnets.find(name) {
            return Some(id);
        }
        self.missing(name, by, Answer::Subnets);
        let vpc = self.vpc(vpc?, by);
        let subnet = Subnet { vpc, blocks: Vec::new(), table: None, acl: None, public_on_launch: false };
        Some(added(&mut self.network.subnets, name, subnet))
    }

    fn gateways(&mut self) {
        let of = self.of;
        for (record, file) in of.internet_gateways.iter() {
            let name = record.internet_gateway_id.as_str();
            if let Some(vpc) = self.attached(&record.attachments, name, "Attachments", file) {
                self.gateway(name, Gateway::Internet(vpc));
            }
        }
        for (record, file) in of.egress_only.iter() {
            let name = record.egress_only_internet_gateway_id.as_str();
            if let Some(vpc) = self.attached(&record.attachments, name, "Attachments", file) {
                self.gateway(name, Gateway::EgressOnly(vpc));
            }
        }
        for (record, file) in of.vpn_gateways.iter().filter(|(record, _)| is_there(record.state.as_ref())) {
            let name = record.vpn_gateway_id.as_str();
            if let Some(vpc) = self.attached(&record.vpc_attachments, name, "VpcAttachments", file) {
                self.gateway(name, Gateway::VirtualPrivate(vpc));
            }
        }
        for (record, file) in of.nat_gateways.iter() {
            self.nat(record, file);
        }
        for (record, file) in of.endpoints.iter() {
            self.endpoint(record, file);
        }
        for (record, _) in of.peerings.iter() {
            self.peering(record);
        }
        self.transit_gateways();
    }

    fn gateway(&mut self, name: &str, gateway: Gateway) -> Id<Gateway> {
        added(&mut self.network.gateways, name, gateway)
    }

    /// The VPC that something is attached to, if to any; none when that is not told, and then it is attached to whatever routes lead
    /// to it from.
    fn attached(
        &mut self,
        attachments: &Listed<record::VpcAttachment<'a>>,
        name: &str,
        key: &str,
        file: FileId,
    ) -> Option<Option<Id<Vpc>>> {
        let attachments = self.required(attachments, name, key, file)?;
        let Some(attachment) = attachments.iter().find(|attachment| is_there(attachment.state.as_ref())) else {
            return Some(None);
        };
        match &attachment.vpc_id {
            Some(vpc) => Some(Some(self.vpc(vpc.as_str(), file))),
            None => {
                self.untold(name, "VpcId", file);
                None
            }
        }
    }

    fn nat(&mut self, record: &'g record::NatGateway<'a>, file: FileId) {
        let name = record.nat_gateway_id.as_str();
        if !is_there(record.state.as_ref()) {
            self.gone.insert(name);
            return;
        }
        let vpc = record.vpc_id.as_ref().map(Text::as_str);
        let subnet = record.subnet_id.as_ref().and_then(|subnet| self.subnet(subnet.as_str(), vpc, file));
        let Some(subnet) = subnet else {
            self.note(name, "a NAT gateway in no subnet: it may lead anywhere".to_owned());
            return;
        };
        let primary = |address: &&record::NatAddress<'_>| address.is_primary == Some(true);
        let Some(addresses) = self.required(&record.nat_gateway_addresses, name, "NatGatewayAddresses", file) else {
            return;
        };
        let address = addresses.iter().find(primary).or(addresses.first());
        if addresses.len() > 1 {
            self.note(name, "a NAT gateway of several addresses: it is followed by its primary one".to_owned());
        }
        let chosen =
            self.network.subnets[subnet].blocks.iter().find(|block| block.is_ipv4()).map(|block| Place::Within(*block));
        let Some(private) = address.and_then(|address| address.private_ip).map(|ip| Place::At(ip.0)).or(chosen) else {
            self.note(name, "a NAT gateway of no known address: it may lead anywhere".to_owned());
            return;
        };
        let public = address.and_then(|address| address.public_ip).map(|ip| ip.0);
        self.gateway(name, Gateway::Nat(Nat { subnet, private, public }));
    }

    fn endpoint(&mut self, record: &'g record::VpcEndpoint<'a>, file: FileId) {
        let name = record.vpc_endpoint_id.as_str();
        if !is_there(record.state.as_ref()) {
            self.gone.insert(name);
        } else if kind_of(record) == "Gateway" {
            let vpc = self.vpc(record.vpc_id.as_str(), file);
            let service = record.service_name.as_ref().map_or("an unknown service", Text::as_str).into();
            self.gateway(name, Gateway::Endpoint(Endpoint { vpc, service }));
        }
    }

    fn peering(&mut self, record: &'g record::Peering<'a>) {
        let name = record.vpc_peering_connection_id.as_str();
        let status = record.status.as_ref().and_then(|status| status.code.as_ref());
        let side = |side: Option<&record::PeeringSide<'a>>| {
            side.and_then(|side| side.vpc_id.as_ref()).and_then(|vpc| self.network.vpcs.find(vpc.as_str()))
        };
        let sides = [side(record.requester_vpc_info.as_ref()), side(record.accepter_vpc_info.as_ref())];
        let active = status.is_none_or(|status| status.as_str() == "active");
        if active && sides.contains(&None) {
            self.note(name, "a peering with a VPC that no file describes: what is there is not seen".to_owned());
        }
        self.gateway(name, Gateway::Peering(Peering { sides, active }));
    }

    fn transit_gateways(&mut self) {
        let of = self.of;
        let mut attached: HashMap<&str, Vec<Id<Vpc>>> = HashMap::new();
        for (record, file) in of.transit_attachments.iter().chain(of.vpc_attachments.iter()) {
            let vpcs = attached.entry(record.transit_gateway_id.as_str()).or_default();
            let of_vpc = record.resource_type.as_ref().is_some_and(|kind| kind.as_str() == "vpc");
            let vpc = record.vpc_id.as_ref().or(record.resource_id.as_ref().filter(|_| of_vpc));
            if let (Some(vpc), true) = (vpc, is_there(record.state.as_ref())) {
                let vpc = self.vpc(vpc.as_str(), file);
                if !vpcs.contains(&vpc) {
                    vpcs.push(vpc);
                }
            }
        }
        for (record, _) in of.transit_gateways.iter().filter(|(record, _)| is_there(record.state.as_ref())) {
            attached.entry(record.transit_gateway_id.as_str()).or_default();
        }
        let mut attached: Vec<_> = attached.into_iter().collect();
        attached.sort_unstable();
        for (name, vpcs) in attached {
            self.gateway(name, Gateway::Transit(vpcs));
        }
    }

    fn prefix_lists(&mut self) {
        let of = self.of;
        for (record, _) in of.prefix_lists.iter().chain(of.managed_lists.iter()) {
            let name = record.prefix_list_id.as_str();
            let title = record.prefix_list_name.as_ref().map(Text::as_str);
            let service = title.filter(|title| title.starts_with("com.amazonaws.")).map(Into::into);
            let of_record = record.cidrs.iter().flatten().map(|block| block.0);
            let saved = of.entries.get(name);
            let entries: BTreeSet<Cidr> = of_record.chain(saved.into_iter().flatten().copied()).collect();
            let was_read = record.cidrs.is_some() || saved.is_some();
            let list = PrefixList { service, entries: was_read.then(|| entries.into_iter().collect()) };
            match self.network.prefix_lists.find(name) {
                Some(known) if self.network.prefix_lists[known].entries.is_some() => {}
                Some(known) => *self.network.prefix_lists.change(known) = list,
                None => drop(self.network.prefix_lists.add(name, list)),
            }
        }
        for (name, entries) in &of.entries {
            let list = PrefixList { service: None, entries: Some(entries.iter().copied().collect()) };
            // Taken when it was described too, entries and all.
            let _ = self.network.prefix_lists.add(name, list);
        }
        for path in &of.nameless {
            let why =
                "entries of a prefix list that the path does not name: keep them in a folder named by its `pl-` id";
            self.note(path, why.to_owned());
        }
    }

    /// The list of that name, which may be one that no file describes.
    fn prefix_list(&mut self, name: &str, by: FileId) -> Id<PrefixList> {
        let known = self.network.prefix_lists.find(name);
        if known.is_none_or(|id| self.network.prefix_lists[id].entries.is_none()) {
            self.missing(name, by, Answer::PrefixListEntries);
        }
        known
            .unwrap_or_else(|| added(&mut self.network.prefix_lists, name, PrefixList { service: None, entries: None }))
    }

    fn groups(&mut self) {
        let of = self.of;
        // First all of them, since they refer to each other.
        for (record, file) in of.groups.iter() {
            let vpc = record.vpc_id.as_ref().map(|vpc| self.vpc(vpc.as_str(), file));
            let group = Group { vpc, ingress: Vec::new(), egress: Vec::new() };
            let _ = self.network.groups.add(record.group_id.as_str(), group);
        }
        for (record, file) in of.groups.iter() {
            let name = record.group_id.as_str();
            let ingress = self.rules(&record.ip_permissions, name, "IpPermissions", file);
            let egress = self.rules(&record.ip_permissions_egress, name, "IpPermissionsEgress", file);
            if let Some(id) = self.network.groups.find(name) {
                let group = self.network.groups.change(id);
                (group.ingress, group.egress) = (ingress, egress);
            }
        }
    }

    /// The rules of a group in one direction; of permissions that are not told, everything may be allowed.
    fn rules(
        &mut self,
        permissions: &Listed<record::Permission<'a>>,
        group: &str,
        key: &str,
        file: FileId,
    ) -> Vec<Rule> {
        let Some(permissions) = self.required(permissions, group, key, file) else { return everything() };
        permissions.iter().flat_map(|permission| self.permission(permission, group, file)).collect()
    }

    fn permission(&mut self, permission: &record::Permission<'a>, group: &str, file: FileId) -> Vec<Rule> {
        let traffic = traffic::of_permission(permission);
        let ipv4 = self.required(&permission.ip_ranges, group, "IpRanges", file);
        let ipv6 = self.required(&permission.ipv6_ranges, group, "Ipv6Ranges", file);
        let lists = self.required(&permission.prefix_list_ids, group, "PrefixListIds", file);
        let pairs = self.required(&permission.user_id_group_pairs, group, "UserIdGroupPairs", file);
        let counts = [ipv4.map(<[_]>::len), ipv6.map(<[_]>::len), lists.map(<[_]>::len), pairs.map(<[_]>::len)];
        // A permission is for somebody: where nobody is told, it may be anybody.
        if counts.contains(&None) && counts.iter().flatten().sum::<usize>() == 0 {
            return everyone().map(|peer| Rule { traffic, peer }).collect();
        }
        let mut peers: Vec<Peer> = ipv4.unwrap_or_default().iter().map(|range| Peer::Block(range.cidr_ip.0)).collect();
        peers.extend(ipv6.unwrap_or_default().iter().map(|range| Peer::Block(range.cidr_ipv6.0)));
        for list in lists.unwrap_or_default() {
            peers.push(Peer::List(self.prefix_list(list.prefix_list_id.as_str(), file)));
        }
        let stale = |pair: &&record::GroupPair<'_>| !is_there(pair.peering_status.as_ref());
        for pair in pairs.unwrap_or_default().iter().filter(|pair| !stale(pair)) {
            peers.extend(self.peer(pair, file));
        }
        peers.into_iter().map(|peer| Rule { traffic, peer }).collect()
    }

    fn peer(&mut self, pair: &record::GroupPair<'a>, file: FileId) -> Option<Peer> {
        let name = pair.group_id.as_ref().or(pair.group_name.as_ref())?.as_str();
        if let Some(id) = self.network.groups.find(name) {
            return Some(Peer::Group(id));
        }
        self.missing(name, file, Answer::SecurityGroups);
        Some(Peer::Foreign(name.into()))
    }

    /// The group of that name around an interface; one that no file describes lets everything pass.
    fn group(&mut self, name: &str, vpc: Id<Vpc>, by: FileId) -> Id<Group> {
        if let Some(id) = self.network.groups.find(name) {
            return id;
        }
        self.missing(name, by, Answer::SecurityGroups);
        self.open_group(name, vpc)
    }

    fn open_group(&mut self, name: &str, vpc: Id<Vpc>) -> Id<Group> {
        let group = Group { vpc: Some(vpc), ingress: everything(), egress: everything() };
        added(&mut self.network.groups, name, group)
    }

    fn interfaces(&mut self) {
        let of = self.of;
        let holders = self.holders();
        let described = of.interfaces.iter();
        let further =
            of.of_instances.iter().filter(|(one, _)| of.interfaces.find(one.network_interface_id.as_str()).is_none());
        for (record, file) in described.chain(further) {
            self.interface(record, file, &holders);
        }
    }

    fn interface(&mut self, record: &'g record::Interface<'a>, file: FileId, holders: &HashMap<&str, Holder>) {
        let name = record.network_interface_id.as_str();
        let vpc = record.vpc_id.as_ref().map(Text::as_str);
        let subnet = record.subnet_id.as_ref().and_then(|subnet| self.subnet(subnet.as_str(), vpc, file));
        let Some(subnet) = subnet else {
            self.note(name, format!("`{}` does not tell its subnet and VPC", self.of.path(file)));
            return;
        };
        let vpc = self.network.subnets[subnet].vpc;
        let groups = match self.required(&record.groups, name, "Groups", file) {
            Some(groups) => groups.iter().map(|group| self.group(group.group_id.as_str(), vpc, file)).collect(),
            None => [self.open_group(&format!("the groups of {name}"), vpc)].into(),
        };
        self.required(&record.private_ip_addresses, name, "PrivateIpAddresses", file);
        let mut addresses = addresses(record);
        if addresses.is_empty() {
            self.untold(name, "PrivateIpAddress", file);
            let blocks = &self.network.subnets[subnet].blocks;
            addresses.extend(blocks.iter().map(|block| Address { private: Place::Within(*block), public: None }));
        }
        let unchecked = self.flag(record.source_dest_check.map(|checks| !checks), name, "SourceDestCheck", file);
        let interface = Interface {
            subnet,
            addresses,
            groups,
            checks_addresses: !unchecked,
            holder: holders.get(name).cloned().unwrap_or_else(|| holder(record)),
        };
        let _ = self.network.interfaces.add(name, interface);
    }

    /// Public addresses that instances tell of and their interfaces do not: an interface has no `Association` when it has no public
    /// address, so that only the instance shows that one is missing.
    fn addresses_of_instances(&mut self) {
        let of = self.of;
        let mut known: HashSet<IpAddr> =
            self.network.interfaces.iter().flat_map(|(_, one)| &one.addresses).filter_map(|one| one.public).collect();
        let mut instances: HashMap<Box<str>, Id<Interface>> = HashMap::new();
        for (id, interface) in self.network.interfaces.iter() {
            if let Holder::Instance(instance) = &interface.holder {
                instances.entry(instance.clone()).or_insert(id);
            }
        }
        for (record, file) in of.of_instances.iter() {
            let Some(interface) = self.network.interfaces.find(record.network_interface_id.as_str()) else { continue };
            for address in addresses(record) {
                if let Some(public) = address.public.filter(|public| known.insert(*public)) {
                    self.also_at(interface, Some(address.private), public, file);
                }
            }
        }
        for (instance, public, file) in of.public.iter().filter(|(_, public, _)| !known.contains(public)) {
            match instances.get(instance.as_str()) {
                Some(interface) => self.also_at(*interface, None, *public, *file),
                None => {
                    let path = self.of.path(*file);
                    let why =
                        format!("`{path}` tells its public address `{public}`, and no file the interface that has it");
                    self.note(instance.as_str(), why);
                }
            }
        }
        for (instance, file) in &of.without_interfaces {
            self.untold(instance.as_str(), "NetworkInterfaces", *file);
        }
        for (path, key) in &of.without {
            self.note(path, format!("it does not tell `{key}`, which AWS always writes"));
        }
    }

    /// Gives an interface a public address that only its instance tells of, at the private one that is told, or its first.
    fn also_at(&mut self, interface: Id<Interface>, private: Option<Place>, public: IpAddr, file: FileId) {
        let name = self.network.interfaces.name(interface).to_owned();
        let path = self.of.path(file);
        let why =
            format!("`{path}` tells its instance's public address `{public}`, and what describes it has none such");
        self.note(&name, why);
        let addresses = &mut self.network.interfaces.change(interface).addresses;
        let first = addresses.first().map(|address| address.private);
        let Some(private) = private.or(first) else { return };
        match addresses.iter_mut().find(|address| address.private == private && address.public.is_none()) {
            Some(address) => address.public = Some(public),
            None => addresses.push(Address { private, public: Some(public) }),
        }
    }

    /// What gateways and endpoints say of the interfaces they hold.
    fn holders(&self) -> HashMap<&'g str, Holder> {
        let of = self.of;
        let mut holders = HashMap::new();
        for (record, _) in of.nat_gateways.iter() {
            let Some(nat) = self.network.gateways.find(record.nat_gateway_id.as_str()) else { continue };
            let addresses = record.nat_gateway_addresses.iter().flatten();
            let interfaces = addresses.filter_map(|one| one.network_interface_id.as_ref());
            holders.extend(interfaces.map(|interface| (interface.as_str(), Holder::NatGateway(nat))));
        }
        for (record, _) in of.endpoints.iter().filter(|(record, _)| kind_of(record) == "Interface") {
            let holder = Holder::Endpoint(record.vpc_endpoint_id.as_str().into());
            holders.extend(record.network_interface_ids.iter().map(|interface| (interface.as_str(), holder.clone())));
        }
        holders
    }

    fn route_tables(&mut self) {
        let of = self.of;
        for (record, file) in of.route_tables.iter() {
            let name = record.route_table_id.as_str();
            let vpc = self.vpc(record.vpc_id.as_str(), file);
            let routes = match self.required(&record.routes, name, "Routes", file) {
                Some(_) => {
                    record.routes.iter().flatten().filter_map(|route| self.route(route, name, vpc, file)).collect()
                }
                None => route::anywhere(),
            };
            let id = added(&mut self.network.route_tables, name, RouteTable { vpc, routes });
            if self.required(&record.associations, name, "Associations", file).is_none() {
                self.uncertain.insert((vpc, Answer::RouteTables));
            }
            for association in record.associations.iter().flatten() {
                self.associate(association, id, vpc, file);
            }
        }
        // A table that does not tell what it rules may rule any subnet that no other does.
        for (vpc, _) in self.uncertain.iter().filter(|(_, answer)| *answer == Answer::RouteTables) {
            self.network.vpcs.change(*vpc).main_table = None;
        }
    }

    fn associate(
        &mut self,
        association: &'g record::TableAssociation<'a>,
        table: Id<RouteTable>,
        vpc: Id<Vpc>,
        file: FileId,
    ) {
        let state = association.association_state.as_ref().and_then(|state| state.state.as_ref());
        if !is_there(state) {
            return;
        }
        // What is for a subnet or a gateway is not the main one, told or not.
        let main =
            association.main.or((association.subnet_id.is_some() || association.gateway_id.is_some()).then_some(false));
        match main {
            Some(true) => self.network.vpcs.change(vpc).main_table = Some(table),
            Some(false) => {}
            None => {
                let table = self.network.route_tables.name(table).to_owned();
                self.untold(&table, "Main", file);
                self.uncertain.insert((vpc, Answer::RouteTables));
            }
        }
        if let Some(subnet) = &association.subnet_id {
            let vpc = self.network.vpcs.name(vpc).to_owned();
            if let Some(subnet) = self.subnet(subnet.as_str(), Some(&vpc), file) {
                self.network.subnets.change(subnet).table = Some(table);
            }
        }
        if let Some(gateway) = &association.gateway_id {
            let table = self.network.route_tables.name(table).to_owned();
            let why =
                format!("the route table of `{}`: where it leads what comes in is not followed", gateway.as_str());
            self.note(&table, why);
        }
    }

    fn acls(&mut self) {
        let of = self.of;
        for (record, file) in of.acls.iter() {
            let vpc = self.vpc(record.vpc_id.as_str(), file);
            let name = record.network_acl_id.as_str();
            let (ingress, egress) = match self.required(&record.entries, name, "Entries", file) {
                Some(entries) => (self.acl_entries(entries, name, false), self.acl_entries(entries, name, true)),
                None => (traffic::allowed(), traffic::allowed()),
            };
            let id = added(&mut self.network.acls, name, Acl { vpc, ingress, egress });
            if record.is_default == Some(true) {
                self.network.vpcs.change(vpc).default_acl = Some(id);
            }
            if self.required(&record.associations, name, "Associations", file).is_none() {
                self.uncertain.insert((vpc, Answer::NetworkAcls));
            }
            let vpc = record.vpc_id.as_str();
            for subnet in record.associations.iter().flatten().filter_map(|association| association.subnet_id.as_ref())
            {
                if let Some(subnet) = self.subnet(subnet.as_str(), Some(vpc), file) {
                    self.network.subnets.change(subnet).acl = Some(id);
                }
            }
        }
        // An ACL that does not tell what it guards may guard any subnet that no other does.
        for (vpc, _) in self.uncertain.iter().filter(|(_, answer)| *answer == Answer::NetworkAcls) {
            self.network.vpcs.change(*vpc).default_acl = None;
        }
    }

    fn acl_entries(&mut self, told: &[record::Entry], acl: &str, egress: bool) -> Vec<crate::network::Entry> {
        let mut entries: Vec<_> = Vec::new();
        for entry in told.iter().filter(|entry| entry.egress == egress) {
            let number = entry.rule_number.0;
            let blocks: Vec<Cidr> =
                [entry.cidr_block, entry.ipv6_cidr_block].into_iter().flatten().map(|block| block.0).collect();
            if blocks.is_empty() {
                self.note(acl, format!("its entry {number} has no block"));
            }
            let allow = entry.rule_action == Action::Allow;
            if !allow && traffic::lacks_ports(entry) {
                self.note(acl, format!("its entry {number} does not tell its `PortRange`, which AWS always writes"));
                continue;
            }
            let traffic = traffic::of_entry(entry);
            entries.extend(blocks.into_iter().map(|block| crate::network::Entry { number, allow, traffic, block }));
        }
        entries.sort_by_key(|entry| entry.number);
        entries
    }
}

/// All addresses of both families.
fn all_blocks() -> impl Iterator<Item = Cidr> {
    ["0.0.0.0/0", "::/0"].into_iter().filter_map(|block| block.parse().ok())
}

/// Whoever it may be.
fn everyone() -> impl Iterator<Item = Peer> {
    all_blocks().map(Peer::Block)
}

/// Rules that let everything pass.
fn everything() -> Vec<Rule> {
    everyone().map(|peer| Rule { traffic: Traffic::All, peer }).collect()
}

/// Adds a thing, or finds what bears its name already.
fn added<T>(table: &mut crate::network::Table<T>, name: &str, thing: T) -> Id<T> {
    match table.find(name) {
        Some(id) => id,
        // INVARIANT: the name was not found, so it is free.
        None => table.add(name, thing).expect("a name that is not there is free"),
    }
}

fn is_associated(state: Option<&record::State<'_>>) -> bool {
    is_there(state.and_then(|state| state.state.as_ref()))
}

fn associated<'r>(associations: &'r [record::Ipv6Association<'_>]) -> impl Iterator<Item = Cidr> + 'r {
    let there = associations.iter().filter(|one| is_associated(one.ipv6_cidr_block_state.as_ref()));
    there.filter_map(|one| one.ipv6_cidr_block).map(|block| block.0)
}

/// `Gateway`, `Interface`, `GatewayLoadBalancer`, …; AWS says which, and older answers are gateways when they hold no interface.
fn kind_of<'r>(endpoint: &'r record::VpcEndpoint<'_>) -> &'r str {
    match &endpoint.vpc_endpoint_type {
        Some(kind) => kind.as_str(),
        None if endpoint.network_interface_ids.is_empty() => "Gateway",
        None => "Interface",
    }
}

fn addresses(record: &record::Interface<'_>) -> Vec<Address> {
    let public = |association: Option<&record::Association>| association.and_then(|one| one.public_ip).map(|ip| ip.0);
    let private = |ip: IpAddr, public| Address { private: Place::At(ip), public };
    let listed =
        record.private_ip_addresses.iter().flatten().filter_map(|address| {
            address.private_ip_address.map(|ip| private(ip.0, public(address.association.as_ref())))
        });
    let mut addresses: Vec<Address> = listed.collect();
    // AWS tells the primary address once more beside the list, and its public side too.
    if let Some(ip) = record.private_ip_address.map(|ip| ip.0) {
        let public = public(record.association.as_ref());
        match addresses.iter_mut().find(|address| address.private == Place::At(ip)) {
            Some(primary) => primary.public = primary.public.or(public),
            None => addresses.insert(0, private(ip, public)),
        }
    }
    addresses.extend(record.ipv6_addresses.iter().map(|address| private(address.ipv6_address.0, None)));
    let prefixes = record.ipv4_prefixes.iter().map(|prefix| prefix.ipv4_prefix.0);
    let prefixes = prefixes.chain(record.ipv6_prefixes.iter().map(|prefix| prefix.ipv6_prefix.0));
    addresses.extend(prefixes.map(|block| Address { private: Place::Within(block), public: None }));
    addresses.shrink_to_fit();
    addresses
}

fn holder(record: &record::Interface<'_>) -> Holder {
    if let Some(instance) = record.attachment.as_ref().and_then(|attachment| attachment.instance_id.as_ref()) {
        return Holder::Instance(instance.as_str().into());
    }
    let description = record.description.as_ref().map(Text::as_str).filter(|description| !description.is_empty());
    let kind = record.interface_type.as_ref().map(Text::as_str);
    Holder::Other(description.or(kind).unwrap_or("nothing").into())
}

#[cfg(test)]
mod tests;
