//! The first packet, from where it starts to where it ends.

use std::net::IpAddr;

use super::choose::Choices;
use super::find::{self, Kind};
use super::reply::{self, Back, Hop};
use super::{Exit, Found, Stop, Thing, Verdict, Why};
use crate::network::{
    Acl, Gateway, Group, Holder, Id, Interface, Nat, Peer, Peering, Place, PrefixList, Rule, Subnet, Target, Vpc,
};
use crate::reach::index::{LINK_LOCAL_SERVICES, Reach, Start, is_carried, is_global};
use crate::reach::packet::{Flow, ICMP, Source, TCP, UDP};

/// A packet on its way, and what has been seen of it.
pub(super) struct Walk<'a, 'n> {
    reach: &'a Reach<'n>,
    flow: &'a Flow,
    choices: &'a mut Choices,
    kind: Kind,
    src: IpAddr,
    dst: IpAddr,
    /// Whose packet it is, when it is from an interface's own address.
    origin: Option<Id<Interface>>,
    /// Who of those whose address AWS has yet to choose is at the destination.
    placed: Option<Id<Interface>>,
    /// Whether rules may take the sender for a member of a group: not when it comes by a public address.
    by_private_address: bool,
    nat: Option<Id<Gateway>>,
    /// Lists that were not read, and whether they have the address.
    listed: Vec<(IpAddr, Id<PrefixList>, bool)>,
    path: Vec<Thing>,
    /// Whether the path will be told; most walks only show that a witness gets there.
    told: bool,
    reply: Vec<Hop>,
}

impl<'a, 'n> Walk<'a, 'n> {
    pub(super) fn new(reach: &'a Reach<'n>, flow: &'a Flow, choices: &'a mut Choices, told: bool) -> Self {
        Self {
            reach,
            flow,
            choices,
            kind: Kind { protocol: flow.protocol, port: flow.dst_port },
            src: flow.src_ip,
            dst: flow.dst_ip,
            origin: None,
            placed: None,
            by_private_address: true,
            nat: None,
            listed: Vec::new(),
            path: Vec::new(),
            told,
            reply: Vec::with_capacity(4),
        }
    }

    pub(super) fn run(mut self) -> Found {
        let first = self.depart();
        let reply = match first {
            Ok(_) => self.comes_back(),
            Err(_) => Ok(()),
        };
        Found { first, reply, path: self.path }
    }

    fn comes_back(&mut self) -> Result<(), Stop> {
        let hops = std::mem::take(&mut self.reply);
        let (kind, port) = (self.kind, self.flow.src_port);
        let reach = self.reach;
        reply::comes_back(reach, &hops, kind, port, |address, list| self.is_listed(list, address))
    }

    fn depart(&mut self) -> Result<Exit, Stop> {
        let id = match &self.flow.from {
            Source::Internet => {
                if !is_carried(self.src) {
                    return Err(stop(Verdict::NoRoute, None, Why::NotCarried(self.src)));
                }
                return self.come_in(None);
            }
            Source::Id(id) => id,
        };
        match self.reach.start(id, Some(self.src)) {
            None => Err(stop(Verdict::NoSuchHost, None, Why::NothingCalled(id.clone()))),
            Some(Start::Interface(interface)) => self.start_at_interface(interface),
            Some(Start::Subnet(subnet)) => self.start_in_subnet(subnet),
            Some(Start::Gateway(gateway)) => self.start_behind(gateway),
        }
    }

    fn start_at_interface(&mut self, id: Id<Interface>) -> Result<Exit, Stop> {
        let interface = &self.reach.network.interfaces[id];
        self.meet(Thing::Interface(id));
        if matches!(interface.holder, Holder::NatGateway(_) | Holder::Endpoint(_)) {
            return Err(denied(Thing::Interface(id), Why::StartsNothing));
        }
        let own = interface.addresses.iter().any(|address| address.private.may_be(self.src));
        if !own && interface.checks_addresses {
            return Err(denied(Thing::Interface(id), Why::NotItsAddress(self.src)));
        }
        self.origin = own.then_some(id);
        self.place();
        if let Some(exit) = self.amazon(interface.subnet)? {
            return Ok(exit);
        }
        if !self.groups_let(id, true) {
            return Err(denied(around(id, &interface.groups), Why::GroupOut(self.dst)));
        }
        self.leave(interface.subnet)
    }

    /// A host in the subnet that nobody has described: no group is around it.
    fn start_in_subnet(&mut self, id: Id<Subnet>) -> Result<Exit, Stop> {
        let here = |interface: &&Id<Interface>| self.reach.network.interfaces[**interface].subnet == id;
        if let Some(interface) = self.reach.private_at(self.src).iter().find(here) {
            return self.start_at_interface(*interface);
        }
        self.meet(Thing::Subnet(id));
        if !self.reach.network.subnets[id].blocks.iter().any(|block| block.contains(&self.src)) {
            return Err(denied(Thing::Subnet(id), Why::NotItsAddress(self.src)));
        }
        self.place();
        if let Some(exit) = self.amazon(id)? {
            return Ok(exit);
        }
        self.leave(id)
    }

    fn start_behind(&mut self, id: Id<Gateway>) -> Result<Exit, Stop> {
        let lets_nothing_in = Err(denied(Thing::Gateway(id), Why::LetsNothingIn));
        self.place();
        match &self.reach.network.gateways[id] {
            Gateway::Internet(vpc) => {
                if !is_carried(self.src) {
                    return Err(stop(Verdict::NoRoute, Some(Thing::Gateway(id)), Why::NotCarried(self.src)));
                }
                let vpc = vpc.ok_or_else(|| denied(Thing::Gateway(id), Why::NotAttached))?;
                self.come_in(Some(vpc))
            }
            Gateway::EgressOnly(_) | Gateway::Nat(_) | Gateway::Endpoint(_) => {
                self.meet(Thing::Gateway(id));
                lets_nothing_in
            }
            Gateway::VirtualPrivate(vpc) => {
                self.meet(Thing::Gateway(id));
                let vpc = vpc.ok_or_else(|| denied(Thing::Gateway(id), Why::NotAttached))?;
                self.arrive(vpc, Back::Gateway(id))
            }
            Gateway::Transit(vpcs) => {
                self.meet(Thing::Gateway(id));
                let owners: Vec<Id<Vpc>> =
                    vpcs.iter().filter(|vpc| self.reach.has_block(**vpc, self.dst)).copied().collect();
                if owners.is_empty() {
                    return Err(stop(Verdict::NoRoute, Some(Thing::Gateway(id)), Why::NoRoute(self.dst)));
                }
                let vpc = owners[self.choices.choose(owners.len())];
                self.arrive(vpc, Back::Gateway(id))
            }
            Gateway::Peering(peering) => {
                self.meet(Thing::Gateway(id));
                if !peering.active {
                    return Err(denied(Thing::Gateway(id), Why::PeeringInactive));
                }
                let sides = peering.sides.iter().flatten();
                let owners: Vec<Id<Vpc>> = sides.filter(|vpc| self.reach.has_block(**vpc, self.dst)).copied().collect();
                if owners.is_empty() {
                    return Err(denied(Thing::Gateway(id), Why::NotTransitive(self.dst)));
                }
                let vpc = owners[self.choices.choose(owners.len())];
                self.arrive(vpc, Back::Gateway(id))
            }
        }
    }

    /// Chooses who is at the destination among those that may be.
    fn place(&mut self) {
        let network = self.reach.network;
        let known = self.reach.private_at(self.dst);
        let may = |id: &&Id<Interface>| {
            let mut places = network.interfaces[**id].addresses.iter().map(|address| address.private);
            let taken = known.iter().any(|other| self.reach.vpc_of(*other) == self.reach.vpc_of(**id));
            !taken && places.any(|place| matches!(place, Place::Within(block) if block.contains(&self.dst)))
        };
        let candidates: Vec<Id<Interface>> = self.reach.floating.iter().filter(may).copied().collect();
        if !candidates.is_empty() {
            let chosen = self.choices.choose(candidates.len() + 1);
            self.placed = candidates.get(chosen).copied();
        }
    }

    /// What answers in every VPC, past all filters.
    fn amazon(&self, subnet: Id<Subnet>) -> Result<Option<Exit>, Stop> {
        let resolver = self.reach.network.vpcs[self.reach.network.subnets[subnet].vpc].resolver();
        if resolver == Some(self.dst) || LINK_LOCAL_SERVICES.contains(&self.dst) {
            return Ok(Some(Exit::Amazon));
        }
        match self.dst {
            IpAddr::V4(v4) if v4.is_link_local() => {
                Err(stop(Verdict::NoRoute, Some(Thing::Subnet(subnet)), Why::LinkLocal(self.dst)))
            }
            _ => Ok(None),
        }
    }

    /// Out of a subnet, unless the destination is in it.
    fn leave(&mut self, subnet: Id<Subnet>) -> Result<Exit, Stop> {
        if self.reach.network.subnets[subnet].blocks.iter().any(|block| block.contains(&self.dst)) {
            return self.enter(subnet);
        }
        self.acl(subnet, true, self.dst)?;
        self.back_past(subnet, false, self.dst, false);
        let target = self.route(subnet)?;
        self.onward(subnet, target)
    }

    /// Where the subnet's table sends it.
    fn route(&mut self, subnet: Id<Subnet>) -> Result<&'a Target, Stop> {
        let Some(table) = self.reach.table_of(subnet) else { return Ok(self.by_unread_table(subnet)) };
        self.meet(Thing::Table(table));
        let reach = self.reach;
        let dst = self.dst;
        let targets = find::targets(reach.network, table, dst, |list| self.is_listed(list, dst));
        match targets.as_slice() {
            [] => Err(stop(Verdict::NoRoute, Some(Thing::Table(table)), Why::NoRoute(dst))),
            _ => match targets[self.choices.choose(targets.len())] {
                Target::Blackhole => Err(stop(Verdict::NoRoute, Some(Thing::Table(table)), Why::Blackhole(dst))),
                target => Ok(target),
            },
        }
    }

    /// Every table has the local route; of what else is in one that was not read, nothing is known.
    fn by_unread_table(&self, subnet: Id<Subnet>) -> &'a Target {
        static LOCAL: Target = Target::Local;
        if self.reach.has_block(self.reach.network.subnets[subnet].vpc, self.dst) {
            return &LOCAL;
        }
        self.reach.unread_table()
    }

    fn onward(&mut self, subnet: Id<Subnet>, target: &'a Target) -> Result<Exit, Stop> {
        let vpc = self.reach.network.subnets[subnet].vpc;
        let id = match target {
            Target::Local => return self.arrive(vpc, Back::Local),
            Target::Interface(middlebox) => return self.meet_middlebox(subnet, *middlebox),
            Target::Unknown(what) => return Ok(Exit::Unknown(what.clone())),
            Target::Blackhole => return Err(stop(Verdict::NoRoute, None, Why::Blackhole(self.dst))),
            Target::Gateway(id) => *id,
        };
        self.meet(Thing::Gateway(id));
        match &self.reach.network.gateways[id] {
            Gateway::Internet(attached) => self.go_public(subnet, id, *attached == Some(vpc)),
            Gateway::EgressOnly(attached) => self.go_egress_only(id, *attached == Some(vpc)),
            Gateway::Nat(nat) => self.through_nat(id, nat, vpc),
            Gateway::Endpoint(endpoint) if endpoint.vpc == vpc => Ok(Exit::Service(id)),
            Gateway::Endpoint(_) => Err(denied(Thing::Gateway(id), Why::NotAttached)),
            Gateway::Peering(peering) => self.over_peering(id, peering, vpc),
            Gateway::VirtualPrivate(attached) => match (self.nat, *attached == Some(vpc)) {
                (Some(nat), _) => Err(denied(Thing::Gateway(nat), Why::NatPassesNot)),
                (None, true) => Ok(Exit::VirtualPrivate(id)),
                (None, false) => Err(denied(Thing::Gateway(id), Why::NotAttached)),
            },
            Gateway::Transit(vpcs) => {
                let owns = |other: &&Id<Vpc>| **other != vpc && self.reach.has_block(**other, self.dst);
                let owners: Vec<Id<Vpc>> = vpcs.iter().filter(owns).copied().collect();
                if owners.is_empty() {
                    return Ok(Exit::Transit(id));
                }
                let there = owners[self.choices.choose(owners.len())];
                self.arrive(there, Back::Transit(vpc))
            }
        }
    }

    /// The address that the internet knows the sender by, if any, takes the place of its private one.
    fn go_public(&mut self, subnet: Id<Subnet>, id: Id<Gateway>, attached: bool) -> Result<Exit, Stop> {
        if !attached {
            return Err(denied(Thing::Gateway(id), Why::NotAttached));
        }
        if self.nat.is_none() && self.src.is_ipv6() {
            if !is_global(self.src) {
                return Err(denied(Thing::Gateway(id), Why::NoPublicAddress(self.src)));
            }
        } else if let Some(public) = self.public_of_sender(id)? {
            self.src = public;
        } else if self.reach.network.subnets[subnet].public_on_launch {
            // By a public address that nobody knows yet.
            return Ok(Exit::Internet { gateway: id, nat: None });
        } else {
            return Err(denied(Thing::Gateway(id), Why::NoPublicAddress(self.src)));
        }
        self.meet_internet(id)
    }

    fn public_of_sender(&mut self, gateway: Id<Gateway>) -> Result<Option<IpAddr>, Stop> {
        let network = self.reach.network;
        if let Some(nat) = self.nat {
            let Gateway::Nat(facts) = &network.gateways[nat] else { return Ok(None) };
            return facts.public.map(Some).ok_or_else(|| denied(Thing::Gateway(nat), Why::NatHasNoPublicAddress));
        }
        let no_address = denied(Thing::Gateway(gateway), Why::NoPublicAddress(self.src));
        if let Some(origin) = self.origin {
            let mut own =
                network.interfaces[origin].addresses.iter().filter(|address| address.private.may_be(self.src));
            return own.find_map(|address| address.public).map(Some).ok_or(no_address);
        }
        // An interface that speaks for others, or a host in a subnet that nobody has described.
        match &self.flow.from {
            Source::Id(id) if network.subnets.find(id).is_some() => Ok(None),
            _ => Err(no_address),
        }
    }

    /// Out to the internet; or back in, when the address is one of ours.
    fn meet_internet(&mut self, gateway: Id<Gateway>) -> Result<Exit, Stop> {
        let ours = self.reach.nat_at(self.dst).is_some() || !self.reach.public_at(self.dst).is_empty();
        if ours {
            self.by_private_address = false;
            return self.come_in(None);
        }
        Ok(Exit::Internet { gateway, nat: self.nat })
    }

    fn go_egress_only(&mut self, id: Id<Gateway>, attached: bool) -> Result<Exit, Stop> {
        if !attached {
            return Err(denied(Thing::Gateway(id), Why::NotAttached));
        }
        if self.src.is_ipv4() {
            return Err(denied(Thing::Gateway(id), Why::Ipv6Only));
        }
        if !is_global(self.src) {
            return Err(denied(Thing::Gateway(id), Why::NoPublicAddress(self.src)));
        }
        self.meet_internet(id)
    }

    fn through_nat(&mut self, id: Id<Gateway>, nat: &'a Nat, vpc: Id<Vpc>) -> Result<Exit, Stop> {
        if self.reach.network.subnets[nat.subnet].vpc != vpc {
            return Err(denied(Thing::Gateway(id), Why::NotAttached));
        }
        if self.nat.is_some() {
            return Err(denied(Thing::Gateway(id), Why::NatPassesNot));
        }
        if self.src.is_ipv6() {
            return Err(denied(Thing::Gateway(id), Why::Ipv4Only));
        }
        if !matches!(self.kind.protocol, TCP | UDP | ICMP) {
            return Err(denied(Thing::Gateway(id), Why::OtherProtocol));
        }
        let asker = self.src;
        self.acl(nat.subnet, false, asker)?;
        self.reply.push(Hop::Route { subnet: nat.subnet, to: asker, back: Back::Local });
        self.back_past(nat.subnet, true, asker, false);
        self.back_past(nat.subnet, false, self.dst, true);
        self.nat = Some(id);
        self.src = nat.private.representative();
        self.origin = None;
        self.acl(nat.subnet, true, self.dst)?;
        let target = self.route(nat.subnet)?;
        self.onward(nat.subnet, target)
    }

    fn over_peering(&mut self, id: Id<Gateway>, peering: &Peering, vpc: Id<Vpc>) -> Result<Exit, Stop> {
        if let Some(nat) = self.nat {
            return Err(denied(Thing::Gateway(nat), Why::NatPassesNot));
        }
        if !peering.active {
            return Err(denied(Thing::Gateway(id), Why::PeeringInactive));
        }
        let other = match peering.sides {
            [Some(one), other] if one == vpc => other,
            [other, Some(one)] if one == vpc => other,
            _ => return Err(denied(Thing::Gateway(id), Why::NotAttached)),
        };
        match other {
            None => Ok(Exit::Peering(id)),
            Some(there) if self.reach.has_block(there, self.dst) => self.arrive(there, Back::Peering(vpc)),
            Some(_) => Err(denied(Thing::Gateway(id), Why::NotTransitive(self.dst))),
        }
    }

    fn meet_middlebox(&mut self, from: Id<Subnet>, id: Id<Interface>) -> Result<Exit, Stop> {
        let interface = &self.reach.network.interfaces[id];
        if interface.subnet != from {
            self.acl(interface.subnet, false, self.src)?;
        }
        self.meet(Thing::Interface(id));
        if interface.checks_addresses {
            return Err(denied(Thing::Interface(id), Why::NotForIt(self.dst)));
        }
        if !self.groups_let(id, false) {
            return Err(denied(around(id, &interface.groups), Why::GroupIn(self.src)));
        }
        Ok(Exit::Middlebox(id))
    }

    /// In from the internet, to whatever has that public address.
    fn come_in(&mut self, only: Option<Id<Vpc>>) -> Result<Exit, Stop> {
        self.by_private_address = false;
        self.origin = None;
        if let Some(nat) = self.reach.nat_at(self.dst) {
            self.meet(Thing::Gateway(nat));
            return Err(denied(Thing::Gateway(nat), Why::LetsNothingIn));
        }
        let reach = self.reach;
        let owners = reach.public_at(self.dst);
        let fits = |owner: &&Id<Interface>| only.is_none_or(|vpc| reach.vpc_of(**owner) == vpc);
        let count = owners.iter().filter(fits).count();
        let chosen = self.choices.choose(count);
        let Some(owner) = owners.iter().filter(fits).nth(chosen).copied() else {
            return Err(stop(Verdict::NoSuchHost, None, Why::NoHost(self.dst)));
        };
        let vpc = self.reach.vpc_of(owner);
        let Some(gateway) = self.reach.internet_of(vpc).first() else {
            return Err(stop(Verdict::NoRoute, Some(Thing::Vpc(vpc)), Why::NotAttached));
        };
        self.meet(Thing::Gateway(*gateway));
        let subnet = self.reach.network.interfaces[owner].subnet;
        self.reply.push(Hop::Route { subnet, to: self.src, back: Back::Internet });
        self.acl(subnet, false, self.src)?;
        self.back_past(subnet, true, self.src, false);
        self.enter_interface(owner)
    }

    /// By a router of the VPC, into the subnet that has the destination.
    fn arrive(&mut self, vpc: Id<Vpc>, back: Back) -> Result<Exit, Stop> {
        let Some(subnet) = self.reach.subnet_at(vpc, self.dst) else {
            return Err(stop(Verdict::NoSuchHost, Some(Thing::Vpc(vpc)), Why::NoSubnet(self.dst)));
        };
        self.reply.push(Hop::Route { subnet, to: self.src, back });
        self.acl(subnet, false, self.src)?;
        self.back_past(subnet, true, self.src, false);
        self.enter(subnet)
    }

    /// To what has the destination, in its subnet.
    fn enter(&mut self, subnet: Id<Subnet>) -> Result<Exit, Stop> {
        let network = self.reach.network;
        let here = |id: &&Id<Interface>| network.interfaces[**id].subnet == subnet;
        let known = self.reach.private_at(self.dst).iter().filter(here);
        let owners: Vec<Id<Interface>> = known.chain(self.placed.iter().filter(here)).copied().collect();
        if owners.is_empty() {
            return Err(stop(Verdict::NoSuchHost, Some(Thing::Subnet(subnet)), Why::NoHost(self.dst)));
        }
        let owner = owners[self.choices.choose(owners.len())];
        self.enter_interface(owner)
    }

    fn enter_interface(&mut self, id: Id<Interface>) -> Result<Exit, Stop> {
        let interface = &self.reach.network.interfaces[id];
        self.meet(Thing::Interface(id));
        if let Holder::NatGateway(nat) = interface.holder {
            return Err(denied(Thing::Gateway(nat), Why::LetsNothingIn));
        }
        if !self.groups_let(id, false) {
            return Err(denied(around(id, &interface.groups), Why::GroupIn(self.src)));
        }
        Ok(Exit::Interface(id))
    }

    fn meet(&mut self, thing: Thing) {
        if self.told {
            self.path.push(thing);
        }
    }

    /// Past a subnet's ACL.
    fn acl(&mut self, subnet: Id<Subnet>, out: bool, peer: IpAddr) -> Result<(), Stop> {
        let Some(acl) = self.reach.acl_of(subnet) else { return Ok(()) };
        self.meet(Thing::Acl(acl));
        let facts: &Acl = &self.reach.network.acls[acl];
        if find::passes(if out { &facts.egress } else { &facts.ingress }, self.kind, peer) {
            return Ok(());
        }
        Err(denied(Thing::Acl(acl), if out { Why::AclOut(peer) } else { Why::AclIn(peer) }))
    }

    /// Notes that the reply must pass a subnet's ACL.
    fn back_past(&mut self, subnet: Id<Subnet>, out: bool, peer: IpAddr, nat: bool) {
        self.reply.push(Hop::Acl { acl: self.reach.acl_of(subnet), out, peer, nat });
    }

    /// Whether the groups around an interface let the packet out, or in: any rule of any of them.
    fn groups_let(&mut self, around: Id<Interface>, out: bool) -> bool {
        let (network, kind) = (self.reach.network, self.kind);
        let interface = &network.interfaces[around];
        interface.groups.iter().any(|group| {
            let rules: &'a [Rule] = if out { &network.groups[*group].egress } else { &network.groups[*group].ingress };
            rules.iter().any(|rule| find::is_for(rule.traffic, kind) && self.is_peer(around, &rule.peer, out))
        })
    }

    fn is_peer(&mut self, around: Id<Interface>, peer: &Peer, out: bool) -> bool {
        let address = if out { self.dst } else { self.src };
        match peer {
            Peer::Block(block) => block.contains(&address),
            Peer::List(list) => match &self.reach.network.prefix_lists[*list].entries {
                Some(entries) => entries.iter().any(|entry| entry.contains(&address)),
                None => self.is_listed(*list, address),
            },
            Peer::Group(group) => {
                let by_address = out || self.by_private_address;
                by_address
                    && self.reach.may_name(self.reach.vpc_of(around), *group)
                    && self.is_member(*group, address, out)
            }
            Peer::Foreign(_) => {
                (out || self.by_private_address) && !is_carried(address) && self.reach.private_at(address).is_empty()
            }
        }
    }

    /// Whether the address is that of a member. Where AWS has yet to choose, it is a member's only if the packet's end is that member.
    fn is_member(&self, group: Id<Group>, address: IpAddr, out: bool) -> bool {
        let network = self.reach.network;
        let carries = |id: Id<Interface>| network.interfaces[id].groups.contains(&group);
        let end = if out { self.placed } else { self.origin };
        if end.is_some_and(carries) || self.reach.private_at(address).iter().any(|id| carries(*id)) {
            return true;
        }
        // Nobody knows who sends it: whoever may have the address may.
        let stranger = !out && self.origin.is_none() && self.nat.is_none();
        // In a VPC an address is one interface's: where a known one stands, nobody else turns out to be.
        let taken = |id: Id<Interface>| {
            let vpc = self.reach.vpc_of(id);
            self.reach.private_at(address).iter().any(|known| self.reach.vpc_of(*known) == vpc)
        };
        let may_be = |id: Id<Interface>| network.interfaces[id].addresses.iter().any(|a| a.private.may_be(address));
        stranger && self.reach.members(group).iter().any(|id| may_be(*id) && !taken(*id))
    }

    /// Whether a list that was not read has an address: both, in turn. Lists of AWS's services are apart from each other.
    fn is_listed(&mut self, list: Id<PrefixList>, address: IpAddr) -> bool {
        if !self.reach.may_list(list, address) {
            return false;
        }
        if let Some((.., answer)) = self.listed.iter().find(|(at, which, _)| (*at, *which) == (address, list)) {
            return *answer;
        }
        let apart = |other: Id<PrefixList>| self.reach.are_apart(list, other);
        let elsewhere = self.listed.iter().any(|(at, other, answer)| *at == address && *answer && apart(*other));
        let answer = !elsewhere && self.choices.choose(2) == 1;
        self.listed.push((address, list, answer));
        answer
    }
}

impl Place {
    /// An address to go on with where any will do.
    pub(in crate::reach) fn representative(self) -> IpAddr {
        match self {
            Self::At(at) => at,
            Self::Within(block) => block.first(),
        }
    }
}

fn around(id: Id<Interface>, groups: &[Id<Group>]) -> Thing {
    groups.first().map_or(Thing::Interface(id), |group| Thing::Group(*group))
}

fn denied(at: Thing, why: Why) -> Stop {
    stop(Verdict::Denied, Some(at), why)
}

fn stop(verdict: Verdict, at: Option<Thing>, why: Why) -> Stop {
    Stop { verdict, at, why }
}
