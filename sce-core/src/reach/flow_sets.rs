//! Where all packets of a sender can go, as sets of headers: the walk of [`super::walk`] taken for every header at once.

use std::collections::HashMap;
use std::net::IpAddr;

use super::filter::{Assumed, GLOBAL, Members, acl_clauses, carried};
use super::index::{LINK_LOCAL_SERVICES, Reach};
use super::packet::{ICMP, ICMP_V6, TCP, UDP, echo_reply};
use super::sets::span::{self, number};
use super::sets::{ALL_PORTS, Clause, Cube, End, Family, Ports, Protocols, Set, Span};
use super::walk::{CLIENT_PORTS, Exit};
use crate::network::{Acl, Gateway, Holder, Id, Interface, Nat, Peering, PrefixList, Subnet, Target, Vpc};

/// Who sends, as far as it matters where packets go.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    /// The subnet it is in.
    subnet: Id<Subnet>,
    /// The interface it sends by; none for a host in the subnet that nobody has described.
    by: Option<Id<Interface>>,
    /// Its addresses.
    src: Vec<Span>,
    /// Whether they are the interface's own.
    own: bool,
    /// What the internet knows it by.
    public: Option<IpAddr>,
}

/// Headers that get somewhere.
#[derive(Clone, Debug)]
pub(super) struct Passage {
    /// Where.
    pub(super) exit: Exit,
    /// First packets that do.
    pub(super) may_deliver: Set,
    /// Those whose reply comes back.
    pub(super) may_connect: Set,
}

/// What is assumed of lists that were not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Assumption {
    pub(super) src: Vec<Id<PrefixList>>,
    pub(super) dst: Vec<Id<PrefixList>>,
}

/// A packet's source as filters on the way see it.
#[derive(Clone, Copy, Debug)]
struct Seen {
    end: End,
    members: Members,
}

/// What the reply must pass.
#[derive(Clone, Debug, Default)]
struct Back {
    /// Filters on the client's port, each with the end that it looks at.
    client: Vec<(Option<Id<Acl>>, bool, End)>,
    /// Filters on the port that a NAT gateway chose.
    nat: Vec<(Option<Id<Acl>>, bool, End)>,
    /// Where packets to the sender are routed as they must be; false when they cannot.
    routes: Vec<(End, Vec<Span>)>,
}

/// Where a reply's route must lead.
#[derive(Clone, Copy, Debug)]
enum Way {
    Local,
    Internet,
    Peering(Id<Vpc>),
    Transit(Id<Vpc>),
    Gateway(Id<Gateway>),
}

/// One look at a network: a family, and an assumption.
pub(super) struct Flows<'a, 'n> {
    reach: &'a Reach<'n>,
    family: Family,
    assumption: Assumption,
    acls: HashMap<(Id<Acl>, bool), Vec<Clause>>,
}

/// A sender's packets on their way.
struct Trip<'n> {
    sender: &'n Sender,
    /// Interfaces whose arrivals are asked for, by subnet; whether at known addresses or wherever they are.
    wanted: &'n HashMap<Id<Subnet>, Vec<Id<Interface>>>,
    floating: bool,
    nat: Option<Id<Gateway>>,
    found: Vec<Passage>,
}

impl Reach<'_> {
    /// Every assumption that can be made of lists that were not read: which of them have the sender's address, and which the other.
    pub(super) fn assumptions(&self) -> Vec<Assumption> {
        /// More sets of lists than these are not told apart.
        const MOST: usize = 32;
        let unread = self.network.prefix_lists.iter().filter(|(_, list)| list.entries.is_none()).map(|(id, _)| id);
        let mut sets: Vec<Vec<Id<PrefixList>>> = vec![Vec::new()];
        for list in unread {
            let with = |set: &Vec<Id<PrefixList>>| {
                let fits = !set.iter().any(|other| self.are_apart(list, *other));
                fits.then(|| set.iter().copied().chain([list]).collect())
            };
            let more: Vec<Vec<Id<PrefixList>>> = sets.iter().filter_map(with).collect();
            sets.extend(more);
            sets.truncate(MOST);
        }
        let pair = |src: &Vec<Id<PrefixList>>| {
            let src = src.clone();
            sets.iter().map(move |dst| Assumption { src: src.clone(), dst: dst.clone() }).collect::<Vec<_>>()
        };
        sets.iter().flat_map(pair).collect()
    }

    /// An interface as the senders that it can be.
    pub(super) fn senders(&self, id: Id<Interface>, family: Family) -> Vec<Sender> {
        let interface = &self.network.interfaces[id];
        if matches!(interface.holder, Holder::NatGateway(_) | Holder::Endpoint(_)) {
            return Vec::new();
        }
        let subnet = interface.subnet;
        let mut senders = Vec::new();
        for address in &interface.addresses {
            let src = match address.private {
                crate::network::Place::At(at) if Family::of(at) == family => Span::one(number(at)),
                crate::network::Place::At(_) => continue,
                crate::network::Place::Within(block) => match Span::of(&block, family) {
                    Some(span) => span,
                    None => continue,
                },
            };
            senders.push(Sender { subnet, by: Some(id), src: vec![src], own: true, public: address.public });
        }
        if !interface.checks_addresses {
            let own: Vec<Span> = senders.iter().flat_map(|sender| sender.src.clone()).collect();
            let src = span::meet(&span::complement(&own), &[family.all()]);
            senders.push(Sender { subnet, by: Some(id), src, own: false, public: None });
        }
        senders
    }

    /// A host in a subnet that nobody has described.
    pub(super) fn stranger(&self, subnet: Id<Subnet>, family: Family) -> Sender {
        let facts = &self.network.subnets[subnet];
        let blocks = span::union(facts.blocks.iter().filter_map(|block| Span::of(block, family)).collect());
        let here = |id: &Id<Interface>| self.network.interfaces[*id].subnet == subnet;
        let taken: Vec<Span> = self
            .taken(facts.vpc, family)
            .iter()
            .filter(|span| {
                // Neighbouring addresses are one span; each may be of another subnet.
                (span.first..=span.last).any(|at| self.private_at(family.address(at)).iter().any(here))
            })
            .copied()
            .collect();
        let taken = taken.iter().flat_map(|span| span.first..=span.last);
        let taken = taken.filter(|at| self.private_at(family.address(*at)).iter().any(here)).map(Span::one);
        let src = span::meet(&blocks, &span::complement(&taken.collect::<Vec<_>>()));
        Sender { subnet, by: None, src, own: false, public: None }
    }
}

impl<'a, 'n> Flows<'a, 'n> {
    pub(super) fn new(reach: &'a Reach<'n>, family: Family, assumption: Assumption) -> Self {
        Self { reach, family, assumption, acls: HashMap::new() }
    }

    /// Where a sender's packets can go: out of what is known, and to interfaces that are asked for.
    pub(super) fn from(&mut self, sender: &Sender, wanted: &[Id<Interface>]) -> Vec<Passage> {
        let by_subnet = self.by_subnet(wanted);
        let mut found = self.trip(sender, &by_subnet, None);
        // Whom a rule's group means may depend on who is at the destination, so those that may be anywhere are asked for one by one.
        let (reach, family) = (self.reach, self.family);
        for id in wanted.iter().filter(|id| !reach.floating_spans(**id, family).is_empty()) {
            let alone = self.by_subnet(&[*id]);
            found.extend(self.trip(sender, &alone, Some(*id)));
        }
        found
    }

    /// What the internet can send to an interface.
    pub(super) fn inbound(&mut self, to: Id<Interface>) -> Vec<Passage> {
        let src = carried(self.family);
        let sender =
            Sender { subnet: self.reach.network.interfaces[to].subnet, by: None, src, own: false, public: None };
        let wanted = self.by_subnet(&[to]);
        let mut trip = Trip { sender: &sender, wanted: &wanted, floating: false, nat: None, found: Vec::new() };
        let set = Set::between(&sender.src, &[self.family.all()]);
        self.come_in(&mut trip, &set, End::Src, &Back::default());
        trip.found
    }

    /// What can come to an interface of a VPC by a gateway from beyond what is known.
    pub(super) fn behind(&mut self, gateway: Id<Gateway>, vpc: Id<Vpc>, to: Id<Interface>) -> Vec<Passage> {
        let subnet = self.reach.network.interfaces[to].subnet;
        let sender = Sender { subnet, by: None, src: vec![self.family.all()], own: false, public: None };
        let wanted = self.by_subnet(&[to]);
        let mut found = Vec::new();
        for floating in [false, true] {
            let mut trip = Trip { sender: &sender, wanted: &wanted, floating, nat: None, found: Vec::new() };
            let set = Set::between(&sender.src, &[self.family.all()]);
            let seen = Seen { end: End::Src, members: Members::Any };
            self.arrive(&mut trip, vpc, &set, seen, Back::default(), Way::Gateway(gateway));
            found.extend(trip.found);
        }
        found
    }

    fn by_subnet(&self, wanted: &[Id<Interface>]) -> HashMap<Id<Subnet>, Vec<Id<Interface>>> {
        let mut found: HashMap<Id<Subnet>, Vec<Id<Interface>>> = HashMap::new();
        for id in wanted {
            found.entry(self.reach.network.interfaces[*id].subnet).or_default().push(*id);
        }
        found
    }

    fn trip(
        &mut self,
        sender: &Sender,
        wanted: &HashMap<Id<Subnet>, Vec<Id<Interface>>>,
        placed: Option<Id<Interface>>,
    ) -> Vec<Passage> {
        let network = self.reach.network;
        let mut trip = Trip { sender, wanted, floating: placed.is_some(), nat: None, found: Vec::new() };
        let blocks: Vec<Span> =
            network.subnets[sender.subnet].blocks.iter().filter_map(|block| Span::of(block, self.family)).collect();
        let mut set = Set::between(&sender.src, &[self.family.all()]).without(&self.amazons(sender.subnet), End::Dst);
        if let Some(by) = sender.by {
            let members = placed.map_or(Members::Any, Members::KnownAnd);
            set = set.through(&self.group_clauses(by, true, members), End::Dst);
        }
        let members = match (sender.own, sender.by) {
            (true, Some(own)) => Members::KnownOrOwn(own),
            _ => Members::Any,
        };
        let seen = Seen { end: End::Src, members };
        let near = set.only(&span::union(blocks.clone()), End::Dst);
        self.enter(&mut trip, sender.subnet, &near, seen, &Back::default());
        let far = set.without(&blocks, End::Dst);
        let far = self.past_acl(sender.subnet, true, &far, End::Dst);
        let mut back = Back::default();
        back.client.push((self.reach.acl_of(sender.subnet), false, End::Dst));
        self.route(&mut trip, sender.subnet, &far, seen, &back);
        // Only the first trip tells of ways out: the others are for one interface each.
        if placed.is_some() {
            trip.found.retain(|passage| matches!(passage.exit, Exit::Interface(_)));
        }
        trip.found
    }

    fn amazons(&self, subnet: Id<Subnet>) -> Vec<Span> {
        let resolver = self.reach.network.vpcs[self.reach.network.subnets[subnet].vpc].resolver();
        let services = LINK_LOCAL_SERVICES.into_iter().chain(resolver);
        let of_family = services.filter(|address| Family::of(*address) == self.family);
        let link_local = Span { first: 0xa9fe_0000, last: 0xa9fe_ffff };
        let link_local = (self.family == Family::V4).then_some(link_local);
        of_family.map(|address| Span::one(number(address))).chain(link_local).collect()
    }

    /// By the subnet's table to wherever it leads.
    fn route(&mut self, trip: &mut Trip<'_>, subnet: Id<Subnet>, set: &Set, seen: Seen, back: &Back) {
        if set.is_empty() {
            return;
        }
        let dst = self.assumption.dst.clone();
        for (target, spans) in self.routes(subnet, &dst) {
            let set = set.only(&spans, End::Dst);
            if !set.is_empty() {
                self.onward(trip, subnet, target, &set, seen, back);
            }
        }
    }

    fn routes(&self, subnet: Id<Subnet>, assumed: Assumed<'_>) -> Vec<(&'a Target, Vec<Span>)> {
        static LOCAL: Target = Target::Local;
        let reach: &'a Reach<'n> = self.reach;
        if let Some(table) = reach.table_of(subnet) {
            return reach.routes(table, self.family, assumed);
        }
        let vpc = &reach.network.vpcs[reach.network.subnets[subnet].vpc];
        let local = span::union(vpc.blocks.iter().filter_map(|block| Span::of(block, self.family)).collect());
        let rest = span::meet(&span::complement(&local), &[self.family.all()]);
        vec![(&LOCAL, local), (reach.unread_table(), rest)]
    }

    fn onward(&mut self, trip: &mut Trip<'_>, subnet: Id<Subnet>, target: &Target, set: &Set, seen: Seen, back: &Back) {
        let network = self.reach.network;
        let vpc = network.subnets[subnet].vpc;
        let id = match target {
            Target::Local => return self.arrive(trip, vpc, set, seen, back.clone(), Way::Local),
            Target::Interface(middlebox) => return self.meet_middlebox(trip, subnet, *middlebox, set, seen, back),
            Target::Unknown(what) => return self.out(trip, Exit::Unknown(what.clone()), set, back),
            Target::Blackhole => return,
            Target::Gateway(id) => *id,
        };
        match &network.gateways[id] {
            Gateway::Internet(attached) if *attached == Some(vpc) => {
                self.go_public(trip, subnet, id, set, seen, back);
            }
            Gateway::EgressOnly(attached) if *attached == Some(vpc) && self.family == Family::V6 => {
                let set = set.only(&[GLOBAL], End::Src);
                self.meet_internet(trip, id, &set, seen.end, back);
            }
            Gateway::Nat(nat) => self.through_nat(trip, id, nat, vpc, set, back),
            Gateway::Endpoint(endpoint) if endpoint.vpc == vpc => self.out(trip, Exit::Service(id), set, back),
            Gateway::Peering(peering) if trip.nat.is_none() && peering.active => {
                self.over_peering(trip, id, (peering, vpc), set, seen, back);
            }
            Gateway::VirtualPrivate(attached) if trip.nat.is_none() && *attached == Some(vpc) => {
                self.out(trip, Exit::VirtualPrivate(id), set, back);
            }
            Gateway::Transit(vpcs) => {
                let mut rest = set.clone();
                for there in vpcs.iter().filter(|there| **there != vpc) {
                    let blocks = self.blocks(*there);
                    let inside = set.only(&blocks, End::Dst);
                    self.arrive(trip, *there, &inside, seen, back.clone(), Way::Transit(vpc));
                    rest = rest.without(&blocks, End::Dst);
                }
                self.out(trip, Exit::Transit(id), &rest, back);
            }
            _ => {}
        }
    }

    fn over_peering(
        &mut self,
        trip: &mut Trip<'_>,
        id: Id<Gateway>,
        (peering, vpc): (&Peering, Id<Vpc>),
        set: &Set,
        seen: Seen,
        back: &Back,
    ) {
        let other = match peering.sides {
            [Some(one), other] if one == vpc => other,
            [other, Some(one)] if one == vpc => other,
            _ => return,
        };
        match other {
            None => self.out(trip, Exit::Peering(id), set, back),
            Some(there) => {
                let set = set.only(&self.blocks(there), End::Dst);
                self.arrive(trip, there, &set, seen, back.clone(), Way::Peering(vpc));
            }
        }
    }

    fn go_public(
        &mut self,
        trip: &mut Trip<'_>,
        subnet: Id<Subnet>,
        id: Id<Gateway>,
        set: &Set,
        seen: Seen,
        back: &Back,
    ) {
        let network = self.reach.network;
        if let Some(nat) = trip.nat {
            if let Gateway::Nat(Nat { public: Some(public), .. }) = &network.gateways[nat] {
                self.meet_internet(trip, id, set, End::Fixed(number(*public)), back);
            }
            return;
        }
        if self.family == Family::V6 {
            let set = set.only(&[GLOBAL], End::Src);
            return self.meet_internet(trip, id, &set, seen.end, back);
        }
        match (trip.sender.by, trip.sender.public) {
            (Some(_), Some(public)) => self.meet_internet(trip, id, set, End::Fixed(number(public)), back),
            // By a public address that nobody knows yet.
            (None, _) if network.subnets[subnet].public_on_launch => {
                self.out(trip, Exit::Internet { gateway: id, nat: None }, set, back);
            }
            _ => {}
        }
    }

    /// Out to the internet, but for addresses of ours, where it comes back in.
    fn meet_internet(&mut self, trip: &mut Trip<'_>, id: Id<Gateway>, set: &Set, seen: End, back: &Back) {
        let ours = self.reach.public_spans(self.family);
        let exit = Exit::Internet { gateway: id, nat: trip.nat };
        self.out(trip, exit, &set.without(&ours, End::Dst), back);
        let ours = set.only(&ours, End::Dst);
        self.come_in(trip, &ours, seen, back);
    }

    fn come_in(&mut self, trip: &mut Trip<'_>, set: &Set, seen: End, back: &Back) {
        if set.is_empty() {
            return;
        }
        let reach = self.reach;
        let set = set.without(&reach.nat_spans(self.family), End::Dst);
        let seen = Seen { end: seen, members: Members::None };
        let wanted: Vec<Id<Interface>> = trip.wanted.values().flatten().copied().collect();
        for id in wanted {
            let (subnet, vpc) = (reach.network.interfaces[id].subnet, reach.vpc_of(id));
            let dst = reach.public_spans_of(id, self.family);
            if reach.internet_of(vpc).is_empty() || dst.is_empty() {
                continue;
            }
            let set = self.past_acl(subnet, false, &set.only(&dst, End::Dst), seen.end);
            let mut back = back.clone();
            back.routes.push((seen.end, self.leading(subnet, Way::Internet)));
            back.client.push((reach.acl_of(subnet), true, seen.end));
            self.enter_interface(trip, id, &set, seen, &back);
        }
    }

    fn through_nat(&mut self, trip: &mut Trip<'_>, id: Id<Gateway>, nat: &Nat, vpc: Id<Vpc>, set: &Set, back: &Back) {
        let elsewhere = self.reach.network.subnets[nat.subnet].vpc != vpc;
        if elsewhere || trip.nat.is_some() || self.family == Family::V6 {
            return;
        }
        let passed = [TCP, UDP, ICMP].map(|protocol| Clause {
            peer: self.family.all(),
            protocols: (protocol, protocol),
            ports: ALL_PORTS,
        });
        let set = self.past_acl(nat.subnet, false, &set.through(&passed, End::Src), End::Src);
        let mut back = back.clone();
        let acl = self.reach.acl_of(nat.subnet);
        back.routes.push((End::Src, self.leading(nat.subnet, Way::Local)));
        back.client.push((acl, true, End::Src));
        back.nat.push((acl, false, End::Dst));
        let set = self.past_acl(nat.subnet, true, &set, End::Dst);
        trip.nat = Some(id);
        let seen = Seen { end: End::Fixed(number(nat.private.representative())), members: Members::Known };
        self.route(trip, nat.subnet, &set, seen, &back);
        trip.nat = None;
    }

    fn meet_middlebox(
        &mut self,
        trip: &mut Trip<'_>,
        from: Id<Subnet>,
        id: Id<Interface>,
        set: &Set,
        seen: Seen,
        back: &Back,
    ) {
        let interface = &self.reach.network.interfaces[id];
        if interface.checks_addresses {
            return;
        }
        let set = match interface.subnet == from {
            true => set.clone(),
            false => self.past_acl(interface.subnet, false, set, seen.end),
        };
        let set = set.through(&self.group_clauses(id, false, seen.members), seen.end);
        self.out(trip, Exit::Middlebox(id), &set, back);
    }

    /// By a router of the VPC, into the subnets that have the destinations.
    fn arrive(&mut self, trip: &mut Trip<'_>, vpc: Id<Vpc>, set: &Set, seen: Seen, back: Back, way: Way) {
        let reach = self.reach;
        let mut before: Vec<Span> = Vec::new();
        for subnet in reach.subnets_of(vpc) {
            let blocks = reach.network.subnets[*subnet].blocks.iter();
            let blocks = span::union(blocks.filter_map(|block| Span::of(block, self.family)).collect());
            if trip.wanted.contains_key(subnet) {
                let inside = set.only(&span::meet(&blocks, &span::complement(&before)), End::Dst);
                let inside = self.past_acl(*subnet, false, &inside, seen.end);
                if !inside.is_empty() {
                    let mut back = back.clone();
                    back.routes.push((seen.end, self.leading(*subnet, way)));
                    back.client.push((reach.acl_of(*subnet), true, seen.end));
                    self.enter(trip, *subnet, &inside, seen, &back);
                }
            }
            before.extend(blocks);
        }
    }

    /// To the interfaces asked for that have the destinations.
    fn enter(&mut self, trip: &mut Trip<'_>, subnet: Id<Subnet>, set: &Set, seen: Seen, back: &Back) {
        for id in trip.wanted.get(&subnet).into_iter().flatten() {
            let dst = match trip.floating {
                true => self.reach.floating_spans(*id, self.family),
                false => self.reach.known_spans(*id, self.family),
            };
            let set = set.only(&dst, End::Dst);
            self.enter_interface(trip, *id, &set, seen, back);
        }
    }

    fn enter_interface(&mut self, trip: &mut Trip<'_>, id: Id<Interface>, set: &Set, seen: Seen, back: &Back) {
        if set.is_empty() || matches!(self.reach.network.interfaces[id].holder, Holder::NatGateway(_)) {
            return;
        }
        let set = set.through(&self.group_clauses(id, false, seen.members), seen.end);
        self.out(trip, Exit::Interface(id), &set, back);
    }

    /// Notes where packets end, and which of them are answered.
    fn out(&mut self, trip: &mut Trip<'_>, exit: Exit, set: &Set, back: &Back) {
        if !set.is_empty() {
            let may_connect = self.answered(set, back);
            trip.found.push(Passage { exit, may_deliver: set.clone(), may_connect });
        }
    }

    /// The headers whose reply comes back, by a port that lets it.
    fn answered(&mut self, set: &Set, back: &Back) -> Set {
        let mut asking = set.clone();
        for (end, spans) in &back.routes {
            asking = match end {
                End::Fixed(address) if spans.iter().any(|span| span.has(*address)) => asking,
                End::Fixed(_) => Set::default(),
                end => asking.only(spans, *end),
            };
        }
        for filters in [&back.client, &back.nat] {
            if asking.is_empty() {
                break;
            }
            let filters: Vec<_> = filters.iter().filter(|(acl, ..)| acl.is_some()).copied().collect();
            if !filters.is_empty() {
                asking = asking.meet(&self.replies(&asking, &filters));
            }
        }
        asking
    }

    /// Addresses and protocols for which some port passes every filter.
    fn replies(&mut self, asking: &Set, filters: &[(Option<Id<Acl>>, bool, End)]) -> Set {
        let (src, dst) = (asking.ends(End::Src), asking.ends(End::Dst));
        let hull = |spans: &[Span]| Span {
            first: spans.first().map_or(0, |span| span.first),
            last: spans.last().map_or(0, |span| span.last),
        };
        let cube = |(protocols, ports): (Protocols, Ports)| Cube { src: hull(&src), dst: hull(&dst), protocols, ports };
        let mut replies = Set { cubes: reply_kinds().into_iter().map(cube).collect() };
        for (acl, out, end) in filters {
            if let Some(acl) = acl {
                replies = replies.through(self.acl(*acl, *out), *end);
            }
        }
        replies.cubes.iter_mut().for_each(|cube| cube.ports = ALL_PORTS);
        replies
    }

    /// Where packets are routed as a reply must be, from a subnet.
    fn leading(&self, subnet: Id<Subnet>, way: Way) -> Vec<Span> {
        if self.reach.table_of(subnet).is_none() {
            return vec![self.family.all()];
        }
        let routes = self.routes(subnet, &self.assumption.src);
        let leading = routes.into_iter().filter(|(target, _)| self.leads(target, subnet, way));
        span::union(leading.flat_map(|(_, spans)| spans).collect())
    }

    fn leads(&self, target: &Target, subnet: Id<Subnet>, way: Way) -> bool {
        let here = self.reach.network.subnets[subnet].vpc;
        let gateway = match (target, way) {
            (target, _) if self.reach.may_be_anything(target) => return true,
            (Target::Local, Way::Local) => return true,
            (Target::Gateway(gateway), _) => *gateway,
            _ => return false,
        };
        match way {
            Way::Local => false,
            Way::Internet => self.reach.network.gateways[gateway] == Gateway::Internet(Some(here)),
            Way::Peering(there) => self.reach.peered(gateway, here, there),
            Way::Transit(there) => {
                matches!(&self.reach.network.gateways[gateway], Gateway::Transit(vpcs) if vpcs.contains(&there))
            }
            Way::Gateway(wanted) => gateway == wanted,
        }
    }

    fn past_acl(&mut self, subnet: Id<Subnet>, out: bool, set: &Set, end: End) -> Set {
        match self.reach.acl_of(subnet) {
            Some(acl) => set.through(self.acl(acl, out), end),
            None => set.clone(),
        }
    }

    fn acl(&mut self, acl: Id<Acl>, out: bool) -> &[Clause] {
        let facts = &self.reach.network.acls[acl];
        let entries = if out { &facts.egress } else { &facts.ingress };
        self.acls.entry((acl, out)).or_insert_with(|| acl_clauses(entries, self.family))
    }

    fn group_clauses(&self, around: Id<Interface>, out: bool, members: Members) -> Vec<Clause> {
        let network = self.reach.network;
        let assumed = if out { &self.assumption.dst } else { &self.assumption.src };
        let vpc = self.reach.vpc_of(around);
        let clauses = network.interfaces[around].groups.iter().flat_map(|group| {
            let group = &network.groups[*group];
            let rules = if out { &group.egress } else { &group.ingress };
            self.reach.rules(rules, vpc, self.family, members, assumed)
        });
        clauses.collect()
    }

    fn blocks(&self, vpc: Id<Vpc>) -> Vec<Span> {
        let blocks = self.reach.network.vpcs[vpc].blocks.iter();
        span::union(blocks.filter_map(|block| Span::of(block, self.family)).collect())
    }
}

/// Replies by what ACLs look at: the port that the client, or a NAT gateway, chose.
pub(super) fn reply_kinds() -> Vec<(Protocols, Ports)> {
    let echo = |protocol: u8| {
        ((protocol, protocol), (u16::from(echo_reply(protocol)) << 8, u16::from(echo_reply(protocol)) << 8))
    };
    let chosen = |protocol: u8| ((protocol, protocol), CLIENT_PORTS);
    let others = [(0, 0), (2, 5), (7, 16), (18, 57), (59, u8::MAX)].map(|protocols| (protocols, (0, 0)));
    others.into_iter().chain([echo(ICMP), echo(ICMP_V6), chosen(TCP), chosen(UDP)]).collect()
}
