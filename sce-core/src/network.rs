//! What decides where a packet goes: networks as facts, made from a model or from saved describe output.
//!
//! Reachability sees nothing else. Things refer to each other by their place in a [`Table`], so a million interfaces are as many
//! small records, and AWS's ids are looked up once, when the facts are gathered.

mod of_model;
mod table;

use std::net::{IpAddr, Ipv4Addr};

pub use table::{Duplicate, Id, Table};

use crate::cidr::Cidr;

/// Networks, and all that is known to stand in them.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// The VPCs.
    pub vpcs: Table<Vpc>,
    /// Their subnets.
    pub subnets: Table<Subnet>,
    /// The network interfaces in them.
    pub interfaces: Table<Interface>,
    /// The route tables.
    pub route_tables: Table<RouteTable>,
    /// The network ACLs.
    pub acls: Table<Acl>,
    /// The security groups.
    pub groups: Table<Group>,
    /// The lists of prefixes, AWS's own and managed ones.
    pub prefix_lists: Table<PrefixList>,
    /// What routes can lead to, interfaces aside.
    pub gateways: Table<Gateway>,
    /// Ways into a network that no route shows, and that nothing here follows: a claim names them as outside.
    pub ways_around: Vec<WayAround>,
    /// Subnets of others that a gateway of theirs stands in and the model does not have: taken to lead to the internet.
    pub taken_to_lead_out: Vec<Id<Subnet>>,
    /// What would matter and could not be read: an answer that rests on it is `unknown`.
    pub unread: Vec<Unread>,
}

impl Network {
    /// Sixteen IPv4 addresses of the VPC that no subnet has, the last such.
    pub(crate) fn free_block(&self, vpc: Id<Vpc>) -> Option<Cidr> {
        const ADDRESSES: u32 = 16;
        let whole = self.vpcs[vpc].blocks.iter().find(|block| block.is_ipv4())?;
        let IpAddr::V4(first) = whole.first() else { return None };
        let taken: Vec<&Cidr> = self.subnets.iter().flat_map(|(_, subnet)| &subnet.blocks).collect();
        let pieces = u32::try_from(whole.size() / u128::from(ADDRESSES)).unwrap_or(u32::MAX);
        let mut candidates = (0..pieces.min(4096)).rev().filter_map(|index| {
            let address = Ipv4Addr::from_bits(first.to_bits().checked_add(index * ADDRESSES)?);
            format!("{address}/28").parse::<Cidr>().ok()
        });
        candidates.find(|block| !taken.iter().any(|subnet| subnet.overlaps(block)))
    }
}

/// A VPC.
#[derive(Clone, Debug)]
pub struct Vpc {
    /// Its blocks, of both families; every route table has a local route for each.
    pub blocks: Vec<Cidr>,
    /// The table that rules subnets without one of their own.
    pub main_table: Option<Id<RouteTable>>,
    /// The ACL that guards subnets without one of their own.
    pub default_acl: Option<Id<Acl>>,
    /// The account it belongs to, when known.
    pub account: Option<Box<str>>,
    /// Its region, when known.
    pub region: Option<Box<str>>,
}

/// A subnet.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// Its VPC.
    pub vpc: Id<Vpc>,
    /// Its blocks, of both families.
    pub blocks: Vec<Cidr>,
    /// Its own route table; none means the VPC's main one.
    pub table: Option<Id<RouteTable>>,
    /// Its own ACL; none means the VPC's default one.
    pub acl: Option<Id<Acl>>,
    /// Whether a new interface gets a public address when an instance is launched.
    pub public_on_launch: bool,
}

/// A network interface.
#[derive(Clone, Debug)]
pub struct Interface {
    /// The subnet it is in.
    pub subnet: Id<Subnet>,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// The groups around it; none at all lets nothing in or out by group, and [`Holder::NatGateway`] has none by nature.
    pub groups: Box<[Id<Group>]>,
    /// Whether AWS drops what is neither from nor for its own addresses.
    pub checks_addresses: bool,
    /// What it belongs to.
    pub holder: Holder,
}

/// An address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Inside the VPC.
    pub private: Place,
    /// The public IPv4 address that the internet gateway exchanges it for.
    pub public: Option<IpAddr>,
}

/// Where an address lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At a known address.
    At(IpAddr),
    /// At one that AWS will choose from here; what is proved holds for each.
    Within(Cidr),
}

/// What an interface belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An instance, by its id.
    Instance(Box<str>),
    /// A NAT gateway.
    NatGateway(Id<Gateway>),
    /// An interface endpoint, by its id.
    Endpoint(Box<str>),
    /// Anything else, as AWS describes it.
    Other(Box<str>),
}

/// A route table. Local routes are not listed: each VPC block has one.
#[derive(Clone, Debug)]
pub struct RouteTable {
    /// Its VPC.
    pub vpc: Id<Vpc>,
    /// Its routes.
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// For what destinations.
    pub destination: Destination,
    /// Where they are sent.
    pub target: Target,
    /// How it came to be.
    pub origin: Origin,
}

/// What destinations a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A block.
    Block(Cidr),
    /// Every entry of a list, each with its own length.
    List(Id<PrefixList>),
}

/// How a route came to be; at equal lengths it decides which wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Somebody put it in, or an endpoint did.
    Static,
    /// A virtual private gateway announced it.
    Propagated,
}

/// Where a route sends packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Inside the VPC: a more specific route than the local one, or the local one written out.
    Local,
    /// A gateway of the table.
    Gateway(Id<Gateway>),
    /// An interface: a middlebox.
    Interface(Id<Interface>),
    /// Nowhere: it wins its match and drops.
    Blackhole,
    /// Something not understood, as AWS names it: anything may come of it.
    Unknown(Box<str>),
}

/// A list of prefixes.
#[derive(Clone, Debug)]
pub struct PrefixList {
    /// The service whose addresses it keeps, such as `com.amazonaws.us-west-2.s3`; none for a list of customers.
    pub service: Option<Box<str>>,
    /// Its entries; none when they were not read.
    pub entries: Option<Vec<Cidr>>,
}

/// What routes lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// An internet gateway, and the VPC it is attached to.
    Internet(Option<Id<Vpc>>),
    /// An internet gateway for IPv6 that lets nothing in, and its VPC.
    EgressOnly(Option<Id<Vpc>>),
    /// A NAT gateway.
    Nat(Nat),
    /// A gateway endpoint.
    Endpoint(Endpoint),
    /// A peering of two VPCs.
    Peering(Peering),
    /// A virtual private gateway and the VPC it is attached to: whatever lies behind it is outside.
    VirtualPrivate(Option<Id<Vpc>>),
    /// A transit gateway: every VPC attached to it may be reached, and whatever else lies behind it. An over-approximation, and it says so.
    Transit(Vec<Id<Vpc>>),
}

/// A NAT gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nat {
    /// The subnet it stands in.
    pub subnet: Id<Subnet>,
    /// Its private address.
    pub private: Place,
    /// Its public address; none for a private NAT gateway.
    pub public: Option<IpAddr>,
}

/// A gateway endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The VPC it serves.
    pub vpc: Id<Vpc>,
    /// The service, such as `com.amazonaws.us-west-2.s3`.
    pub service: Box<str>,
}

/// A peering of two VPCs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peering {
    /// Either side, when it is among the VPCs known.
    pub sides: [Option<Id<Vpc>>; 2],
    /// Whether packets pass.
    pub active: bool,
}

/// A security group: what it does not allow, it drops.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its VPC, when known.
    pub vpc: Option<Id<Vpc>>,
    /// What may come in.
    pub ingress: Vec<Rule>,
    /// What may go out.
    pub egress: Vec<Rule>,
}

/// A rule of a security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which packets.
    pub traffic: Traffic,
    /// Who is on the other side.
    pub peer: Peer,
}

/// Who is on the other side of a group's rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A block.
    Block(Cidr),
    /// Every entry of a list.
    List(Id<PrefixList>),
    /// The private addresses of all that is in a group.
    Group(Id<Group>),
    /// A group that is not among those known, by its id.
    Foreign(Box<str>),
}

/// A network ACL.
#[derive(Clone, Debug)]
pub struct Acl {
    /// Its VPC.
    pub vpc: Id<Vpc>,
    /// Entries in, by ascending number; the first that matches decides, and none denies.
    pub ingress: Vec<Entry>,
    /// Entries out, likewise.
    pub egress: Vec<Entry>,
}

/// An entry of a network ACL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub number: u16,
    /// Whether what matches passes.
    pub allow: bool,
    /// Which packets.
    pub traffic: Traffic,
    /// The other side's addresses.
    pub block: Cidr,
}

/// Packets by protocol and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// All of them.
    All,
    /// TCP or UDP (6 or 17) with a destination port from first to last; backwards matches nothing.
    Ports {
        /// 6 or 17.
        protocol: u8,
        /// The first port.
        first: u16,
        /// The last port.
        last: u16,
    },
    /// ICMP or ICMPv6 (1 or 58).
    Icmp {
        /// 1 or 58.
        protocol: u8,
        /// A single type; none for all.
        kind: Option<u8>,
        /// A single code; none for all. With no type it matches nothing.
        code: Option<u8>,
    },
    /// Any other protocol, whole.
    Protocol(u8),
}

/// A way into a network that no route shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayAround {
    /// What it is, such as `EC2 Instance Connect Endpoint`.
    pub kind: &'static str,
    /// Its name.
    pub name: Box<str>,
    /// The VPC it leads into, when known.
    pub vpc: Option<Id<Vpc>>,
}

/// Something that would matter and could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What it is.
    pub what: Box<str>,
    /// Why.
    pub why: Box<str>,
}
