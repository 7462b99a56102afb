//! Gathers what a tree describes, as it comes: each thing once, whoever describes it, and a note where two files disagree.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use super::Answer;
use super::record::{
    Acl, Attachment, ClientVpnEndpoint, Cluster, DbInstance, EgressOnlyInternetGateway, EndpointService, Group,
    InstanceConnectEndpoint, Interface, InternetGateway, LoadBalancer, NatGateway, Peering, Permission, PrefixList,
    PrefixListEntry, Reservation, RouteTable, Subnet, TransitGateway, TransitGatewayAttachment, VerifiedAccessEndpoint,
    Vpc, VpcEndpoint, VpnGateway,
};
use super::tree::{Document, Reader, Source};
use super::wire::Text;
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
    /// What two files describe differently; the first is kept.
    pub(super) conflicts: Vec<(Text<'a>, FileId, FileId)>,
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
        for instance in reservation.instances {
            for mut interface in instance.network_interfaces {
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
                let (known, first) = &self.things[*place as usize];
                if *known != thing {
                    self.conflicts.push((id, *first, file));
                }
            }
        }
    }
}

impl<T> Default for Records<'_, T> {
    fn default() -> Self {
        Self { things: Vec::new(), places: HashMap::new(), conflicts: Vec::new() }
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
    ($($record:ident: $id:ident $(, sorts $($list:ident),+)?;)*) => {
        $(
            impl<'a> Record<'a> for $record<'a> {
                fn id(&self) -> Option<&Text<'a>> {
                    Some(&self.$id)
                }

                $(
                    fn settle(&mut self) {
                        $(self.$list.sort_unstable();)+
                    }
                )?
            }
        )*
    };
}

named! {
    Vpc: vpc_id, sorts cidr_block_association_set, ipv6_cidr_block_association_set;
    Subnet: subnet_id, sorts ipv6_cidr_block_association_set;
    // The primary address stays first.
    Interface: network_interface_id, sorts groups, ipv6_addresses;
    RouteTable: route_table_id, sorts associations, routes;
    Acl: network_acl_id, sorts associations, entries;
    InternetGateway: internet_gateway_id, sorts attachments;
    EgressOnlyInternetGateway: egress_only_internet_gateway_id, sorts attachments;
    NatGateway: nat_gateway_id, sorts nat_gateway_addresses;
    VpcEndpoint: vpc_endpoint_id, sorts network_interface_ids;
    Peering: vpc_peering_connection_id;
    PrefixList: prefix_list_id;
    TransitGateway: transit_gateway_id;
    TransitGatewayAttachment: transit_gateway_attachment_id;
    VpnGateway: vpn_gateway_id, sorts vpc_attachments;
    ClientVpnEndpoint: client_vpn_endpoint_id;
    InstanceConnectEndpoint: instance_connect_endpoint_id;
    EndpointService: service_name;
    VerifiedAccessEndpoint: verified_access_endpoint_id;
}

impl<'a> Record<'a> for Group<'a> {
    fn id(&self) -> Option<&Text<'a>> {
        Some(&self.group_id)
    }

    fn settle(&mut self) {
        for permissions in [&mut self.ip_permissions, &mut self.ip_permissions_egress] {
            permissions.iter_mut().for_each(settle);
            permissions.sort_unstable();
        }
    }
}

fn settle(permission: &mut Permission<'_>) {
    permission.ip_ranges.sort_unstable();
    permission.ipv6_ranges.sort_unstable();
    permission.prefix_list_ids.sort_unstable();
    permission.user_id_group_pairs.sort_unstable();
}

// What follows has names that another region may use again; the ARN tells them apart.
impl<'a> Record<'a> for LoadBalancer<'a> {
    fn id(&self) -> Option<&Text<'a>> {
        self.load_balancer_arn.as_ref().or(Some(&self.load_balancer_name))
    }
}

impl<'a> Record<'a> for DbInstance<'a> {
    fn id(&self) -> Option<&Text<'a>> {
        self.db_instance_arn.as_ref().or(Some(&self.db_instance_identifier))
    }
}

// Other services have clusters too; theirs bear other names.
impl<'a> Record<'a> for Cluster<'a> {
    fn id(&self) -> Option<&Text<'a>> {
        self.cluster_namespace_arn.as_ref().or(self.cluster_identifier.as_ref())
    }
}
