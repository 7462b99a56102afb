//! What following packets needs to find quickly.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use super::filter::GLOBAL;
use super::packet::Source;
use super::sets::span::{self, Family, Span};
use crate::network::{
    Acl, Gateway, Group, Holder, Id, Interface, Network, Place, PrefixList, RouteTable, Subnet, Target, Vpc,
};

/// A network with what it takes to follow packets through it.
#[derive(Debug)]
pub struct Reach<'n> {
    pub(super) network: &'n Network,
    /// The internet gateways attached to each VPC.
    internet: Vec<Vec<Id<Gateway>>>,
    /// The subnets of each VPC.
    subnets: Vec<Vec<Id<Subnet>>>,
    /// The VPCs that a group's rule may name groups of, beside its own: by peering or transit gateway.
    neighbours: Vec<Vec<Id<Vpc>>>,
    /// Interfaces by an address that the internet knows them by.
    public: HashMap<IpAddr, Vec<Id<Interface>>>,
    /// NAT gateways by public address.
    nat: HashMap<IpAddr, Id<Gateway>>,
    /// Interfaces with an address that AWS has yet to choose.
    pub(super) floating: Vec<Id<Interface>>,
    private: OnceLock<HashMap<IpAddr, Vec<Id<Interface>>>>,
    taken: OnceLock<Vec<[Vec<Span>; 2]>>,
    members: OnceLock<Vec<Vec<Id<Interface>>>>,
    instances: OnceLock<HashMap<&'n str, Vec<Id<Interface>>>>,
}

/// Where a flow starts, found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Interface(Id<Interface>),
    Subnet(Id<Subnet>),
    Gateway(Id<Gateway>),
}

impl<'n> Reach<'n> {
    /// Gathers what it takes, in one pass over the network.
    #[must_use]
    pub fn of(network: &'n Network) -> Self {
        let per_vpc = || vec![Vec::new(); network.vpcs.len()];
        let mut reach = Self {
            network,
            internet: per_vpc(),
            subnets: vec![Vec::new(); network.vpcs.len()],
            neighbours: vec![Vec::new(); network.vpcs.len()],
            public: HashMap::new(),
            nat: HashMap::new(),
            floating: Vec::new(),
            private: OnceLock::new(),
            taken: OnceLock::new(),
            members: OnceLock::new(),
            instances: OnceLock::new(),
        };
        for (id, subnet) in network.subnets.iter() {
            reach.subnets[subnet.vpc.index()].push(id);
        }
        for (id, gateway) in network.gateways.iter() {
            reach.note_gateway(id, gateway);
        }
        for (id, interface) in network.interfaces.iter() {
            reach.note_interface(id, interface);
        }
        reach
    }

    fn note_gateway(&mut self, id: Id<Gateway>, gateway: &Gateway) {
        match gateway {
            Gateway::Internet(Some(vpc)) => self.internet[vpc.index()].push(id),
            Gateway::Nat(nat) => {
                if let Some(public) = nat.public {
                    self.nat.insert(public, id);
                }
            }
            Gateway::Peering(peering) => {
                if let ([Some(one), Some(other)], true) = (peering.sides, peering.active) {
                    self.neighbours[one.index()].push(other);
                    self.neighbours[other.index()].push(one);
                }
            }
            Gateway::Transit(vpcs) => {
                for one in vpcs {
                    let others = vpcs.iter().filter(|other| *other != one);
                    self.neighbours[one.index()].extend(others);
                }
            }
            Gateway::Internet(None) | Gateway::EgressOnly(_) | Gateway::Endpoint(_) | Gateway::VirtualPrivate(_) => {}
        }
    }

    fn note_interface(&mut self, id: Id<Interface>, interface: &Interface) {
        for address in &interface.addresses {
            match address.private {
                Place::At(own @ IpAddr::V6(_)) if is_global(own) => self.public.entry(own).or_default().push(id),
                Place::At(_) => {}
                Place::Within(_) => self.floating.push(id),
            }
            if let Some(public) = address.public {
                self.public.entry(public).or_default().push(id);
            }
        }
    }

    /// Whether a flow can start there: an id that nothing bears is most likely a mistake of whoever wrote it.
    #[must_use]
    pub fn knows(&self, source: &Source) -> bool {
        match source {
            Source::Internet => true,
            Source::Id(id) => self.start(id, None).is_some(),
        }
    }

    /// What bears the id; of an instance the interface with that address, or else its first.
    pub(super) fn start(&self, id: &str, src_ip: Option<IpAddr>) -> Option<Start> {
        let network = self.network;
        let of_instance = || {
            let interfaces = self.instances().get(id)?;
            let has = |interface: &&Id<Interface>| {
                src_ip.is_some_and(|ip| network.interfaces[**interface].addresses.iter().any(|a| a.private.may_be(ip)))
            };
            interfaces.iter().find(has).or(interfaces.first()).map(|interface| Start::Interface(*interface))
        };
        let interface = network.interfaces.find(id).map(Start::Interface).or_else(of_instance);
        let subnet = || network.subnets.find(id).map(Start::Subnet);
        interface.or_else(subnet).or_else(|| network.gateways.find(id).map(Start::Gateway))
    }

    fn instances(&self) -> &HashMap<&'n str, Vec<Id<Interface>>> {
        self.instances.get_or_init(|| {
            let mut found: HashMap<&str, Vec<Id<Interface>>> = HashMap::new();
            for (id, interface) in self.network.interfaces.iter() {
                if let Holder::Instance(instance) = &interface.holder {
                    found.entry(instance).or_default().push(id);
                }
            }
            found
        })
    }

    pub(super) fn vpc_of(&self, interface: Id<Interface>) -> Id<Vpc> {
        self.network.subnets[self.network.interfaces[interface].subnet].vpc
    }

    /// The table that rules a subnet; none when it was not read.
    pub(super) fn table_of(&self, subnet: Id<Subnet>) -> Option<Id<RouteTable>> {
        let subnet = &self.network.subnets[subnet];
        subnet.table.or(self.network.vpcs[subnet.vpc].main_table)
    }

    /// The ACL that guards a subnet; none when it was not read, and then it is taken to let everything pass, as AWS's own does.
    pub(super) fn acl_of(&self, subnet: Id<Subnet>) -> Option<Id<Acl>> {
        let subnet = &self.network.subnets[subnet];
        subnet.acl.or(self.network.vpcs[subnet.vpc].default_acl)
    }

    /// The internet gateways attached to a VPC: AWS allows one.
    pub(super) fn internet_of(&self, vpc: Id<Vpc>) -> &[Id<Gateway>] {
        &self.internet[vpc.index()]
    }

    pub(super) fn subnets_of(&self, vpc: Id<Vpc>) -> &[Id<Subnet>] {
        &self.subnets[vpc.index()]
    }

    pub(super) fn has_block(&self, vpc: Id<Vpc>, address: IpAddr) -> bool {
        self.network.vpcs[vpc].blocks.iter().any(|block| block.contains(&address))
    }

    /// The subnet of a VPC that has an address.
    pub(super) fn subnet_at(&self, vpc: Id<Vpc>, address: IpAddr) -> Option<Id<Subnet>> {
        let has = |subnet: &&Id<Subnet>| self.network.subnets[**subnet].blocks.iter().any(|b| b.contains(&address));
        self.subnets_of(vpc).iter().find(has).copied()
    }

    /// Interfaces that the internet knows by an address, those AWS has yet to give an IPv6 address of a global block among them.
    pub(super) fn public_at(&self, address: IpAddr) -> Cow<'_, [Id<Interface>]> {
        let known = self.public.get(&address).map_or(&[][..], Vec::as_slice);
        if !is_global(address) || self.floating.is_empty() {
            return Cow::Borrowed(known);
        }
        let may = |id: &&Id<Interface>| self.network.interfaces[**id].addresses.iter().any(|a| a.floats_over(address));
        Cow::Owned(known.iter().chain(self.floating.iter().filter(may)).copied().collect())
    }

    /// Whether that interface, and nothing else known, is what the internet finds at an address.
    pub(super) fn is_alone_at(&self, address: IpAddr, id: Id<Interface>) -> bool {
        self.nat_at(address).is_none() && *self.public_at(address) == [id]
    }

    /// What the internet knows interfaces and NAT gateways by.
    pub(super) fn public_spans(&self, family: Family) -> Vec<Span> {
        let known = self.public.keys().chain(self.nat.keys()).filter(|address| Family::of(**address) == family);
        let known = known.map(|address| Span::one(span::number(*address)));
        let floating = self.floating.iter().flat_map(|id| self.global_spans(*id, family));
        span::union(known.chain(floating).collect())
    }

    pub(super) fn nat_spans(&self, family: Family) -> Vec<Span> {
        let of_family = self.nat.keys().filter(|address| Family::of(**address) == family);
        span::union(of_family.map(|address| Span::one(span::number(*address))).collect())
    }

    /// What the internet knows an interface by.
    pub(super) fn public_spans_of(&self, id: Id<Interface>, family: Family) -> Vec<Span> {
        let addresses = &self.network.interfaces[id].addresses;
        let public = addresses.iter().filter_map(|address| address.public);
        let global = addresses.iter().filter_map(|address| match address.private {
            Place::At(at) if is_global(at) => Some(at),
            _ => None,
        });
        let known = public.chain(global).filter(|address| Family::of(*address) == family);
        let known = known.map(|address| Span::one(span::number(address)));
        span::union(known.chain(self.global_spans(id, family)).collect())
    }

    /// Where an interface may turn out to be that the internet can see.
    fn global_spans(&self, id: Id<Interface>, family: Family) -> Vec<Span> {
        let addresses = &self.network.interfaces[id].addresses;
        let blocks = addresses.iter().filter_map(|address| match address.private {
            Place::Within(block) if !block.is_ipv4() && family == Family::V6 => Span::of(&block, family)?.meet(GLOBAL),
            _ => None,
        });
        blocks.collect()
    }

    pub(super) fn nat_at(&self, public: IpAddr) -> Option<Id<Gateway>> {
        // Asked of every address, and most networks have none.
        if self.nat.is_empty() { None } else { self.nat.get(&public).copied() }
    }

    /// Interfaces known to have a private address.
    pub(super) fn private_at(&self, address: IpAddr) -> &[Id<Interface>] {
        let private = self.private.get_or_init(|| {
            let mut found: HashMap<IpAddr, Vec<Id<Interface>>> = HashMap::new();
            for (id, interface) in self.network.interfaces.iter() {
                for place in interface.addresses.iter().map(|address| address.private) {
                    if let Place::At(at) = place {
                        found.entry(at).or_default().push(id);
                    }
                }
            }
            found
        });
        private.get(&address).map_or(&[], Vec::as_slice)
    }

    /// Known addresses of a VPC, in order.
    pub(super) fn taken(&self, vpc: Id<Vpc>, family: Family) -> &[Span] {
        let taken = self.taken.get_or_init(|| {
            let mut found = vec![[Vec::new(), Vec::new()]; self.network.vpcs.len()];
            for (id, interface) in self.network.interfaces.iter() {
                for place in interface.addresses.iter().map(|address| address.private) {
                    if let Place::At(at) = place {
                        found[self.vpc_of(id).index()][Family::of(at) as usize].push(Span::one(span::number(at)));
                    }
                }
            }
            found.into_iter().map(|families| families.map(span::union)).collect()
        });
        &taken[vpc.index()][family as usize]
    }

    /// The interfaces in a group.
    pub(super) fn members(&self, group: Id<Group>) -> &[Id<Interface>] {
        let members = self.members.get_or_init(|| {
            let mut found = vec![Vec::new(); self.network.groups.len()];
            for (id, interface) in self.network.interfaces.iter() {
                for group in &interface.groups {
                    found[group.index()].push(id);
                }
            }
            found
        });
        &members[group.index()]
    }

    /// Whether a rule around something in a VPC may name a group: one of the same VPC, or of a VPC that is peered with it in the same
    /// region, or, since that can be allowed, of one at the same transit gateway. A rule that names another has gone stale.
    pub(super) fn may_name(&self, vpc: Id<Vpc>, group: Id<Group>) -> bool {
        let Some(other) = self.network.groups[group].vpc else { return true };
        let region = |vpc: Id<Vpc>| self.network.vpcs[vpc].region.as_deref();
        let abroad = matches!((region(vpc), region(other)), (Some(one), Some(two)) if one != two);
        other == vpc || (!abroad && self.neighbours[vpc.index()].contains(&other))
    }

    /// Whether a VPC and another have a peering that works.
    pub(super) fn peered(&self, gateway: Id<Gateway>, one: Id<Vpc>, other: Id<Vpc>) -> bool {
        matches!(&self.network.gateways[gateway], Gateway::Peering(peering)
            if peering.active && (peering.sides == [Some(one), Some(other)] || peering.sides == [Some(other), Some(one)]))
    }

    /// Whether a list that was not read may have an address: AWS's own lists have public ones only.
    pub(super) fn may_list(&self, list: Id<PrefixList>, address: IpAddr) -> bool {
        self.network.prefix_lists[list].service.is_none() || is_carried(address)
    }

    /// Whether two lists have no address in common, read or not: those of different services of AWS.
    pub(super) fn are_apart(&self, one: Id<PrefixList>, other: Id<PrefixList>) -> bool {
        let service = |list: Id<PrefixList>| self.network.prefix_lists[list].service.as_deref();
        matches!((service(one), service(other)), (Some(one), Some(other)) if one != other)
    }

    /// Where a table that was not read may lead: anywhere.
    pub(super) fn unread_table(&self) -> &Target {
        static UNREAD: OnceLock<Target> = OnceLock::new();
        UNREAD.get_or_init(|| Target::Unknown("a route table that was not read".into()))
    }

    /// Whether what a route leads to may bring a packet anywhere, since nobody knows what it is.
    pub(super) fn may_be_anything(&self, target: &Target) -> bool {
        match target {
            Target::Unknown(_) => true,
            Target::Interface(middlebox) => !self.network.interfaces[*middlebox].checks_addresses,
            Target::Local | Target::Gateway(_) | Target::Blackhole => false,
        }
    }
}

impl Place {
    /// Whether it is one of IPv6.
    pub(super) fn is_v6(&self) -> bool {
        match self {
            Self::At(at) => at.is_ipv6(),
            Self::Within(block) => !block.is_ipv4(),
        }
    }

    /// Whether it is, or may turn out to be, at that address.
    pub(super) fn may_be(&self, address: IpAddr) -> bool {
        match self {
            Self::At(at) => *at == address,
            Self::Within(block) => block.contains(&address),
        }
    }
}

impl crate::network::Address {
    fn floats_over(&self, address: IpAddr) -> bool {
        matches!(self.private, Place::Within(block) if block.contains(&address))
    }
}

/// The ranges of IPv4 that no router of the internet carries (RFC 6890, RFC 5771, RFC 1112). Those kept for examples are left in, since
/// examples use them.
pub(super) const NOT_CARRIED: [(Ipv4Addr, u8); 9] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Whether routers of the internet carry packets from an address.
pub(super) fn is_carried(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let bits = v4.to_bits();
            !NOT_CARRIED.iter().any(|(first, length)| (bits ^ first.to_bits()) >> (32 - u32::from(*length)) == 0)
        }
        IpAddr::V6(_) => is_global(address),
    }
}

/// Whether it is a global unicast address of IPv6 (RFC 4291, section 2.4, as assigned by IANA).
pub(super) fn is_global(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.segments()[0] >> 13 == 1)
}

/// What answers at link-local addresses in every VPC, whatever groups and ACLs say (VPC guide, "Control subnet traffic with network
/// ACLs"; EC2 guide, "Security group rules"): metadata, DNS, time.
pub(super) const LINK_LOCAL_SERVICES: [IpAddr; 6] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 253)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 123)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x123)),
];

impl Vpc {
    /// Where Amazon's DNS resolver answers: two above the first address of the VPC's primary block.
    pub(super) fn resolver(&self) -> Option<IpAddr> {
        match self.blocks.iter().find(|block| block.is_ipv4())?.first() {
            IpAddr::V4(first) => first.to_bits().checked_add(2).map(|bits| Ipv4Addr::from_bits(bits).into()),
            IpAddr::V6(_) => None,
        }
    }
}
