//! Gathers what a tree describes, as it comes: each thing once, whoever describes it, and a note where two files disagree.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use super::Answer;
use super::record::{
    Acl, Attachment, ClientVpnEndpoint, Cluster, DbInstance, EgressOnlyInternetGateway, EndpointService, Group,
    InstanceConnectEndpoint, Interface, InternetGateway, Listed, LoadBalancer, NatGateway, Peering, Permission,
    PrefixList, PrefixListEntry, PrivateAddress, Reservation, RouteTable, Subnet, TransitGateway,
    TransitGatewayAttachment, VerifiedAccessEndpoint, Vpc, VpcEndpoint, VpnGateway,
};
use super::tree::{Document, Reader, Source};
use super::wire::{Ip, Text};
use crate::cidr::Cidr;

/// Everything a tree describes of networks.
#[derive(Default)]
pub(super) struct Gathered<'a> {
    /// The files read, for what is told about them.
    pub(super) files: Vec<Source<'a>>,
    pub(super) vpcs: Records<'a, Vpc<'a>>,
    pub(super) subnets: Records<'a, Subnet<'a>>,
    pub(super) interfaces: Records<'a, Interface<'a>>,
    /// Interfaces as their instances describe them, which is all there is when nobody asked for interfaces.
    pub(super) of_instances: Records<'a, Interface<'a>>,
    /// Public addresses that instances tell of themselves.
    pub(super) public: Vec<(Text<'a>, IpAddr, FileId)>,
    /// Instances that do not tell their interfaces.
    pub(super) without_interfaces: Vec<(Text<'a>, FileId)>,
    /// Files with something that bears no name and does not tell a member.
    pub(super) without: Vec<(&'a str, &'static str)>,
    pub(super) route_tables: Records<'a, RouteTable<'a>>,
    pub(super) acls: Records<'a, Acl<'a>>,
    pub(super) groups: Records<'a, Group<'a>>,
    pub(super) internet_gateways: Records<'a, InternetGateway<'a>>,
    pub(super) egress_only: Records<'a, EgressOnlyInternetGateway<'a>>,
    pub(super) nat_gateways: Records<'a, NatGateway<'a>>,
    pub(super) endpoints: Records<'a, VpcEndpoint<'a>>,
    pub(super) peerings: Records<'a, Peering<'a>>,
    pub(super) prefix_lists: Records<'a, PrefixList<'a>>,
    /// Lists as `describe-managed-prefix-lists` has them: names and no entries.
    pub(super) managed_lists: Records<'a, PrefixList<'a>>,
    /// What lists keep, by their ids.
    pub(super) entries: BTreeMap<&'a str, BTreeSet<Cidr>>,
    /// Files with entries of a list that they do not name.
    pub(super) nameless: Vec<&'a str>,
    pub(super) transit_gateways: Records<'a, TransitGateway<'a>>,
    pub(super) transit_attachments: Records<'a, TransitGatewayAttachment<'a>>,
    /// Attachments as `describe-transit-gateway-vpc-attachments` has them.
    pub(super) vpc_attachments: Records<'a, TransitGatewayAttachment<'a>>,
    pub(super) vpn_gateways: Records<'a, VpnGateway<'a>>,
    pub(super) client_vpns: Records<'a, ClientVpnEndpoint<'a>>,
    pub(super) instance_connect: Records<'a, InstanceConnectEndpoint<'a>>,
    pub(super) load_balancers: Records<'a, LoadBalancer<'a>>,
    pub(super) databases: Records<'a, DbInstance<'a>>,
    pub(super) clusters: Records<'a, Cluster<'a>>,
    pub(super) endpoint_services: Records<'a, EndpointService<'a>>,
    pub(super) verified_access: Records<'a, VerifiedAccessEndpoint<'a>>,
    /// What was answered for each account and region that paths name, and how many pages of it.
    pub(super) seen: BTreeMap<Where<'a>, BTreeMap<Answer, Pages<'a>>>,
    /// Every other answer, as it stands.
    pub(super) documents: Vec<Document<'a>>,
}

/// The account and the region that a path names.
pub(super) type Where<'a> = (Option<&'a str>, Option<&'a str>);

/// The pages of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pages<'a> {
    /// How many were read.
    pub(super) read: usize,
    /// How many of them told of another.
    pub(super) more: usize,
    /// The file with the last of these.
    pub(super) last: &'a str,
}

/// Things of one kind, each once.
pub(super) struct Records<'a, T> {
    things: Vec<(T, FileId)>,
    places: HashMap<Text<'a>, u32>,
    /// What two files describe differently, by its place: the files, and whether it was [reconciled](Record::reconcile).
    conflicts: BTreeMap<u32, Conflict>,
}

/// Two files that describe a thing differently.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conflict {
    pub(super) first: FileId,
    pub(super) other: FileId,
    /// Whether what they differ in is taken as wide as it may be; otherwise the first is taken.
    pub(super) wide: bool,
}

/// The place of a file among those read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileId(u32);

/// A thing that AWS describes.
pub(super) trait Record<'a>: PartialEq {
    /// Its name; none for what bears none, which is dropped.
    fn id(&self) -> Option<&Text<'a>>;

    /// Puts in order what AWS lists in any, so that equal things are told to be so.
    fn settle(&mut self) {}

    /// Takes what another description tells differently as not told, or as both together, so that neither hides what the other opens;
    /// false when it is left as it is.
    fn reconcile(&mut self, _: Self) -> bool
    where
        Self: Sized,
    {
        false
    }
}

impl<'a> Gathered<'a> {
    /// The file's path.
    pub(super) fn path(&self, file: FileId) -> &'a str {
        self.source(file).path
    }

    /// What the file's path tells.
    pub(super) fn source(&self, file: FileId) -> &Source<'a> {
        &self.files[file.0 as usize]
    }

    fn file(&mut self, source: &Source<'a>) -> FileId {
        if self.files.last().is_none_or(|last| last.path != source.path) {
            self.files.push(source.clone());
        }
        FileId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    fn reservation(&mut self, reservation: Reservation<'a>, file: FileId) {
        let Some(instances) = reservation.instances else {
            self.without.push((self.path(file), "Instances"));
            return;
        };
        for instance in instances {
            if let Some(Ip(address)) = instance.public_ip_address {
                self.public.push((instance.instance_id.clone(), address, file));
            }
            if instance.network_interfaces.is_none() {
                self.without_interfaces.push((instance.instance_id.clone(), file));
            }
            for mut interface in instance.network_interfaces.into_iter().flatten() {
                interface.attachment = Some(Attachment { instance_id: Some(instance.instance_id.clone()) });
                self.of_instances.add(interface, file);
            }
        }
    }

    /// Two calls answer with lists under one key, the one with entries and the other without.
    fn prefix_list(&mut self, list: PrefixList<'a>, file: FileId) {
        let lists = if list.cidrs.is_some() { &mut self.prefix_lists } else { &mut self.managed_lists };
        lists.add(list, file);
    }

    fn entries_of<D: Deserializer<'a>>(&mut self, source: &Source<'a>, value: D) -> Result<(), D::Error> {
        let mut blocks = BTreeSet::new();
        each(value, |entry: PrefixListEntry| blocks.extend([entry.cidr.0]))?;
        match source.part("pl-") {
            Some(list) => self.entries.entry(list).or_default().extend(blocks),
            None => self.nameless.push(source.path),
        }
        Ok(())
    }
}

impl<'a> Reader<'a> for Gathered<'a> {
    fn read<D: Deserializer<'a>>(&mut self, answer: Answer, source: &Source<'a>, value: D) -> Result<(), D::Error> {
        let file = self.file(source);
        match answer {
            Answer::Vpcs => self.vpcs.read(value, file),
            Answer::Subnets => self.subnets.read(value, file),
            Answer::NetworkInterfaces => self.interfaces.read(value, file),
            Answer::Reservations => each(value, |reservation| self.reservation(reservation, file)),
            Answer::RouteTables => self.route_tables.read(value, file),
            Answer::NetworkAcls => self.acls.read(value, file),
            Answer::SecurityGroups => self.groups.read(value, file),
            Answer::InternetGateways => self.internet_gateways.read(value, file),
            Answer::EgressOnlyInternetGateways => self.egress_only.read(value, file),
            Answer::NatGateways => self.nat_gateways.read(value, file),
            Answer::VpcEndpoints => self.endpoints.read(value, file),
            Answer::VpcPeeringConnections => self.peerings.read(value, file),
            Answer::PrefixLists | Answer::ManagedPrefixLists => each(value, |list| self.prefix_list(list, file)),
            Answer::PrefixListEntries => self.entries_of(source, value),
            Answer::TransitGateways => self.transit_gateways.read(value, file),
            Answer::TransitGatewayAttachments => self.transit_attachments.read(value, file),
            Answer::TransitGatewayVpcAttachments => self.vpc_attachments.read(value, file),
            Answer::VpnGateways => self.vpn_gateways.read(value, file),
            Answer::ClientVpnEndpoints => self.client_vpns.read(value, file),
            Answer::InstanceConnectEndpoints => self.instance_connect.read(value, file),
            Answer::LoadBalancers | Answer::ClassicLoadBalancers => self.load_balancers.read(value, file),
            Answer::DBInstances => self.databases.read(value, file),
            Answer::Clusters => self.clusters.read(value, file),
            Answer::EndpointServices => self.endpoint_services.read(value, file),
            Answer::VerifiedAccessEndpoints => self.verified_access.read(value, file),
            _ => self.documents.read(answer, source, value),
        }
    }

    fn ended(&mut self, answers: &[Answer], source: &Source<'a>, more: bool) {
        let seen = self.seen.entry((source.account, source.region)).or_default();
        for answer in answers {
            let pages = seen.entry(*answer).or_default();
            pages.read += 1;
            if more {
                pages.more += 1;
                pages.last = source.path;
            }
        }
        let of_network = |document: &&mut Document<'a>| document.source.path == source.path;
        let others = self.documents.iter_mut().rev().take_while(of_network);
        others.filter(|document| answers.contains(&document.answer)).for_each(|document| document.more = more);
    }
}

impl<'a, T: Record<'a>> Records<'a, T> {
    /// What is of that name, and where it was read.
    pub(super) fn find(&self, name: &str) -> Option<&T> {
        self.places.get(name).map(|place| &self.things[*place as usize].0)
    }

    /// What two files describe differently.
    pub(super) fn conflicts(&self) -> impl Iterator<Item = (&T, Conflict)> {
        self.conflicts.iter().map(|(place, conflict)| (&self.things[*place as usize].0, *conflict))
    }

    /// All of them, in the order read.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&T, FileId)> {
        self.things.iter().map(|(thing, file)| (thing, *file))
    }

    fn read<D: Deserializer<'a>>(&mut self, value: D, file: FileId) -> Result<(), D::Error>
    where
        T: Deserialize<'a>,
    {
        each(value, |thing| self.add(thing, file))
    }

    fn add(&mut self, mut thing: T, file: FileId) {
        thing.settle();
        let Some(id) = thing.id().cloned() else { return };
        match self.places.get(&id) {
            None => {
                let place = u32::try_from(self.things.len()).unwrap_or(u32::MAX);
                self.places.insert(id, place);
                self.things.push((thing, file));
            }
            Some(place) => {
                let (known, first) = &mut self.things[*place as usize];
                if *known != thing {
                    let wide = known.reconcile(thing);
                    // Two files say enough.
                    self.conflicts.entry(*place).or_insert(Conflict { first: *first, other: file, wide });
                }
            }
        }
    }
}

impl<T> Default for Records<'_, T> {
    fn default() -> Self {
        Self { things: Vec::new(), places: HashMap::new(), conflicts: BTreeMap::new() }
    }
}

/// Hands on the elements of a list one by one, so that the list itself is never held.
fn each<'a, D: Deserializer<'a>, T: Deserialize<'a>>(value: D, take: impl FnMut(T)) -> Result<(), D::Error> {
    value.deserialize_any(Each { take, of: PhantomData })
}

struct Each<F, T> {
    take: F,
    of: PhantomData<fn(T)>,
}

impl<'a, F: FnMut(T), T: Deserialize<'a>> Visitor<'a> for Each<F, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'a>>(mut self, mut list: S) -> Result<(), S::Error> {
        while let Some(thing) = list.next_element()? {
            (self.take)(thing);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

macro_rules! named {
    ($($record:ident: $id:ident $(sorts($($list:ident),+))? $(agrees($($member:ident),+))?;)*) => {
        $(
            impl<'a> Record<'a> for $record<'a> {
                fn id(&self) -> Option<&Text<'a>> {
                    Some(&self.$id)
                }

                $(
                    fn settle(&mut self) {
                        $(self.$list.sorted();)+
                    }
                )?

                $(
                    fn reconcile(&mut self, other: Self) -> bool {
                        $(agree(&mut self.$member, &other.$member);)+
                        true
                    }
                )?
            }
        )*
    };
}

// What may be left as it is told first has no member here that lets less pass for one description than for the other.
named! {
    Vpc: vpc_id sorts(cidr_block_association_set, ipv6_cidr_block_association_set);
    Subnet: subnet_id sorts(ipv6_cidr_block_association_set) agrees(map_public_ip_on_launch);
    RouteTable: route_table_id sorts(associations, routes) agrees(associations, routes);
    Acl: network_acl_id sorts(associations, entries) agrees(associations, entries, is_default);
    InternetGateway: internet_gateway_id sorts(attachments) agrees(attachments);
    EgressOnlyInternetGateway: egress_only_internet_gateway_id sorts(attachments) agrees(attachments);
    NatGateway: nat_gateway_id sorts(nat_gateway_addresses) agrees(nat_gateway_addresses, state);
    VpcEndpoint: vpc_endpoint_id sorts(network_interface_ids) agrees(state);
    Peering: vpc_peering_connection_id agrees(status);
    PrefixList: prefix_list_id agrees(cidrs);
    TransitGateway: transit_gateway_id agrees(state);
    TransitGatewayAttachment: transit_gateway_attachment_id agrees(state);
    VpnGateway: vpn_gateway_id sorts(vpc_attachments) agrees(vpc_attachments, state);
    ClientVpnEndpoint: client_vpn_endpoint_id agrees(status);
    InstanceConnectEndpoint: instance_connect_endpoint_id agrees(state);
    EndpointService: service_name agrees(service_state);
    VerifiedAccessEndpoint: verified_access_endpoint_id agrees(status);
}

/// Takes what is told in two ways as not told: a list that AWS always writes is then unread, and what has no state is there.
fn agree<T: PartialEq>(one: &mut Option<T>, other: &Option<T>) {
    if one != other {
        *one = None;
    }
}

/// Lists that AWS writes in any order.
trait Sorted {
    fn sorted(&mut self);
}

impl<T: Ord> Sorted for Vec<T> {
    fn sorted(&mut self) {
        self.sort_unstable();
    }
}

impl<T: Ord> Sorted for Listed<T> {
    fn sorted(&mut self) {
        self.iter_mut().for_each(Sorted::sorted);
    }
}

impl<'a> Record<'a> for Interface<'a> {
    fn id(&self) -> Option<&Text<'a>> {
        Some(&self.network_interface_id)
    }

    fn settle(&mut self) {
        // The primary address stays first.
        self.groups.sorted();
        self.ipv6_addresses.sorted();
    }

    fn reconcile(&mut self, other: Self) -> bool {
        agree(&mut self.groups, &other.groups);
        agree(&mut self.source_dest_check, &other.source_dest_check);
        let primary = PrivateAddress { private_ip_address: other.private_ip_address, association: other.association };
        let further = other.private_ip_addresses.into_iter().flatten().chain([primary]);
        let addresses = self.private_ip_addresses.get_or_insert_default();
        addresses.extend(further.filter(|address| address.private_ip_address.is_some()));
        self.ipv6_addresses.extend(other.ipv6_addresses);
        true
    }
}

impl<'a> Record<'a> for Group<'a> {
    fn id(&self) -> Option<&Text<'a>> {
        Some(&self.group_id)
    }

    fn settle(&mut self) {
        for permissions in [&mut self.ip_permissions, &mut self.ip_permissions_egress].into_iter().flatten() {
            permissions.iter_mut().for_each(settle);
            permissions.sorted();
        }
    }

    fn reconcile(&mut self, other: Self) -> bool {
        agree(&mut self.ip_permissions, &other.ip_permissions);
        agree(&mut self.ip_permissions_egress, &other.ip_permissions_egress);
        true
    }
}

fn settle(permission: &mut Permission<'_>) {
    permission.ip_ranges.sorted();
    permission.ipv6_ranges.sorted();
    permission.prefix_list_ids.sorted();
    permission.user_id_group_pairs.sorted();
}

// What follows has names that another region may use again; the ARN tells them apart.
impl<'a> Record<'a> for LoadBalancer<'a> {
    fn id(&self) -> Option<&Text<'a>> {
        self.load_balancer_arn.as_ref().or(Some(&self.load_balancer_name))
    }

    fn reconcile(&mut self, other: Self) -> bool {
        agree(&mut self.scheme, &other.scheme);
        true
    }
}

impl<'a> Record<'a> for DbInstance<'a> {
    fn id(&self) -> Option<&Text<'a>> {
        self.db_instance_arn.as_ref().or(Some(&self.db_instance_identifier))
    }

    fn reconcile(&mut self, other: Self) -> bool {
        agree(&mut self.publicly_accessible, &other.publicly_accessible);
        true
    }
}

// Other services have clusters too; theirs bear other names.
impl<'a> Record<'a> for Cluster<'a> {
    fn id(&self) -> Option<&Text<'a>> {
        self.cluster_namespace_arn.as_ref().or(self.cluster_identifier.as_ref())
    }

    fn reconcile(&mut self, other: Self) -> bool {
        agree(&mut self.publicly_accessible, &other.publicly_accessible);
        true
    }
}
