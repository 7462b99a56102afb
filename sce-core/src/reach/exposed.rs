//! What the internet can reach.
//!
//! Interfaces in one subnet with the same groups differ by address alone, and an address that the internet sees is no part of any filter
//! on the way in. So the work is done once for each such class; what passes a subnet's ACL both ways and is routed back is worked out
//! once for each subnet, and a group's rules once for each group.
//!
//! Witnesses too: the walk of a packet from the internet asks of its destination only who is there ([`Reach::is_alone_at`]), and from
//! then on of the subnet and the groups of whoever that is. So a flow that was walked to one interface of a class gets to every other
//! that alone has its address, with that address in place of the first, and its reply comes back or not alike. Where two may be at one
//! address, the walk has a choice to make, and each is walked to.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::filter::{acl_clauses, carried, kinds};
use super::flow_sets::reply_kinds;
use super::index::Reach;
use super::packet::{Flow, ICMP, ICMP_V6, Source, TCP, UDP, echo_request, protocol_name};
use super::sets::span;
use super::sets::{ALL_PORTS, ALL_PROTOCOLS, Clause, Family, Ports, Protocols, Span, holds, narrow, tidy};
use super::walk::Exit;
use crate::cidr::Cidr;
use crate::network::{Destination, Gateway, Group, Holder, Id, Interface, Peer, PrefixList, Subnet, Target, Vpc};

/// Something that the internet can have a conversation with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure<'n> {
    /// Where the interface is.
    pub id: Id<Interface>,
    /// The interface's id.
    pub interface: &'n str,
    /// The id of the instance that it belongs to, if it does.
    pub instance: Option<&'n str>,
    /// First and last protocol, by number.
    pub protocols: (u8, u8),
    /// First and last port; of ICMP, type times 256 and code.
    pub ports: (u16, u16),
    /// Who can.
    pub sources: Arc<[Cidr]>,
    /// A flow that gets there and whose reply comes back, as [`Reach::walk`] has found; none when it found none, as for an ACL with more
    /// entries than are looked at one by one.
    pub witness: Option<Flow>,
}

/// Whether it is enough that a packet arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contact {
    /// A packet may arrive, be it answered or not.
    Deliver,
    /// A packet may arrive, and its reply come back.
    Connect,
}

impl Serialize for Exposure<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("interface", self.interface)?;
        map.serialize_entry("instance", &self.instance)?;
        map.serialize_entry("protocol", &self.protocol())?;
        map.serialize_entry("ports", &self.port_range())?;
        map.serialize_entry("sources", &self.sources[..])?;
        map.serialize_entry("witness", &self.witness)?;
        map.end()
    }
}

impl Exposure<'_> {
    /// `tcp`, `udp`, `icmp`, a number, `all`, or two numbers with a hyphen.
    #[must_use]
    pub fn protocol(&self) -> String {
        match self.protocols {
            ALL_PROTOCOLS => "all".to_owned(),
            (one, other) if one == other => protocol_name(one).map_or_else(|| one.to_string(), str::to_owned),
            (first, last) => format!("{first}-{last}"),
        }
    }

    /// First and last port, as in `22-22`; of ICMP first and last type.
    #[must_use]
    pub fn port_range(&self) -> String {
        let (first, last) = self.ports;
        match self.protocols {
            (ICMP, ICMP) | (ICMP_V6, ICMP_V6) => format!("{}-{}", first >> 8, last >> 8),
            _ => format!("{first}-{last}"),
        }
    }
}

impl<'n> Reach<'n> {
    /// All that a host on the internet can have a conversation with, in the order of interfaces.
    #[must_use]
    pub fn exposed(&self) -> Vec<Exposure<'n>> {
        self.from_internet(Contact::Connect)
    }

    /// All that a host on the internet can reach.
    #[must_use]
    pub fn from_internet(&self, contact: Contact) -> Vec<Exposure<'n>> {
        let (fronts, groups, classes) = (HashMap::new(), HashMap::new(), HashMap::new());
        let (exposed, carried) = (Vec::new(), Family::BOTH.map(carried));
        let mut search = Search { reach: self, contact, fronts, groups, classes, exposed, carried };
        let mut told = Vec::new();
        self.each_internet_address(|known| search.expose(&known, &mut told));
        told
    }

    /// What the internet knows interfaces by, where it can reach their VPC at all.
    fn each_internet_address(&self, mut found: impl FnMut(Known)) {
        let network = self.network;
        for (id, interface) in network.interfaces.iter() {
            let attached = !self.internet_of(network.subnets[interface.subnet].vpc).is_empty();
            if !attached || matches!(interface.holder, Holder::NatGateway(_)) {
                continue;
            }
            let mut note = |dst_ip: IpAddr| {
                if self.nat_at(dst_ip).is_none() {
                    found(Known { id, family: Family::of(dst_ip), dst_ip });
                }
            };
            interface.addresses.iter().filter_map(|address| address.public).for_each(&mut note);
            if interface.addresses.iter().any(|address| address.private.is_v6()) {
                let spans = self.public_spans_of(id, Family::V6);
                spans.iter().for_each(|span| note(Family::V6.address(span.first)));
            }
        }
    }

    /// Lists that were not read, one at a time, and none.
    fn unread_lists(&self) -> impl Iterator<Item = Id<PrefixList>> {
        self.network.prefix_lists.iter().filter(|(_, list)| list.entries.is_none()).map(|(id, _)| id)
    }
}

/// A thing seen by one family, while a list that was not read is assumed to have the sender.
type Assuming<T> = (Id<T>, Family, Option<Id<PrefixList>>);
/// What interfaces have in common that are exposed alike.
type Class<'n> = (Id<Subnet>, &'n [Id<Group>], Family);

struct Search<'a, 'n> {
    reach: &'a Reach<'n>,
    contact: Contact,
    fronts: HashMap<Assuming<Subnet>, Arc<Front>>,
    groups: HashMap<Assuming<Group>, Arc<[Clause]>>,
    classes: HashMap<Class<'n>, usize>,
    /// What each class is exposed to, once it is known.
    exposed: Vec<Option<Vec<Exposed>>>,
    /// What routers carry, of either family.
    carried: [Vec<Span>; 2],
}

/// An address that the internet knows an interface by.
struct Known {
    id: Id<Interface>,
    family: Family,
    dst_ip: IpAddr,
}

/// What gets from the internet to the edge of a subnet's interfaces, by the sender's address.
enum Front {
    /// All of it.
    Open,
    /// These boxes, in order of their senders; and whether both first and last senders are in order, so that those of a block are together.
    Boxes(Vec<Clause>, bool),
}

/// What every interface of a class is exposed to.
struct Exposed {
    protocols: Protocols,
    ports: Ports,
    sources: Arc<[Cidr]>,
    /// A sender.
    sender: u128,
    /// What the walk has shown of one interface that alone has its address, and so of all such; none before one is walked to.
    shown: Option<Option<Flow>>,
}

impl<'n> Search<'_, 'n> {
    /// The number of the address's class.
    fn class_of(&mut self, known: &Known) -> usize {
        let interface = &self.reach.network.interfaces[known.id];
        let next = self.classes.len();
        let class = *self.classes.entry((interface.subnet, &interface.groups, known.family)).or_insert(next);
        if class == self.exposed.len() {
            self.exposed.push(None);
        }
        class
    }

    fn expose(&mut self, known: &Known, told: &mut Vec<Exposure<'n>>) {
        let network = self.reach.network;
        let Known { id, family, dst_ip } = *known;
        let interface = &network.interfaces[id];
        let class = self.class_of(known);
        if self.exposed[class].is_none() {
            self.exposed[class] = Some(self.class(interface.subnet, &interface.groups, family));
        }
        let instance = match &interface.holder {
            Holder::Instance(instance) => Some(&**instance),
            _ => None,
        };
        let (name, alone) = (network.interfaces.name(id), self.reach.is_alone_at(dst_ip, id));
        told.extend(self.exposed[class].iter_mut().flatten().map(|exposed| Exposure {
            id,
            interface: name,
            instance,
            protocols: exposed.protocols,
            ports: exposed.ports,
            sources: Arc::clone(&exposed.sources),
            witness: if alone {
                let shown = exposed.shown.take().unwrap_or_else(|| walked(self.reach, self.contact, known, exposed));
                exposed.shown.insert(shown).clone().map(|flow| Flow { dst_ip, ..flow })
            } else {
                walked(self.reach, self.contact, known, exposed)
            },
        }));
    }

    fn class(&mut self, subnet: Id<Subnet>, groups: &[Id<Group>], family: Family) -> Vec<Exposed> {
        let mut boxes = self.boxes(subnet, groups, family, None);
        for list in self.reach.unread_lists().collect::<Vec<_>>() {
            if self.is_routed(subnet, list) || groups.iter().any(|group| self.names(*group, list)) {
                boxes.extend(self.boxes(subnet, groups, family, Some(list)));
            }
        }
        let vpc = self.reach.network.subnets[subnet].vpc;
        grouped(boxes, &internet(self.reach, vpc, &self.carried[family as usize], family), family)
    }

    /// Whether replies from the subnet are routed by the list: by its entries, they may come back another way.
    fn is_routed(&self, subnet: Id<Subnet>, list: Id<PrefixList>) -> bool {
        let routes = self.reach.table_of(subnet).map(|table| &self.reach.network.route_tables[table].routes);
        routes.into_iter().flatten().any(|route| route.destination == Destination::List(list))
    }

    fn names(&self, group: Id<Group>, list: Id<PrefixList>) -> bool {
        self.reach.network.groups[group].ingress.iter().any(|rule| rule.peer == Peer::List(list))
    }

    fn boxes(
        &mut self,
        subnet: Id<Subnet>,
        groups: &[Id<Group>],
        family: Family,
        assumed: Option<Id<PrefixList>>,
    ) -> Vec<Clause> {
        let front = self.front(subnet, family, assumed);
        let mut boxes = Vec::new();
        for group in groups {
            let clauses = self.group(*group, family, assumed);
            match &*front {
                Front::Open => boxes.extend_from_slice(&clauses),
                Front::Boxes(front, in_order) => {
                    for clause in clauses.iter() {
                        let near = if *in_order { near(front, clause.peer) } else { front };
                        boxes.extend(near.iter().filter_map(|other| clause.meet(other)));
                    }
                }
            }
        }
        boxes
    }

    /// A group's rules in that the internet can match: those by address, where routers carry it.
    fn group(&mut self, group: Id<Group>, family: Family, assumed: Option<Id<PrefixList>>) -> Arc<[Clause]> {
        let reach = self.reach;
        let clauses = self.groups.entry((group, family, assumed)).or_insert_with(|| {
            let carried = carried(family);
            let rules = reach.network.groups[group].ingress.iter();
            let clauses = rules.flat_map(|rule| {
                let spans = match &rule.peer {
                    Peer::Block(block) => Span::of(block, family).into_iter().collect(),
                    Peer::List(list) => reach.listed(*list, family, assumed.as_slice()),
                    Peer::Group(_) | Peer::Foreign(_) => Vec::new(),
                };
                let spans =
                    spans.into_iter().filter(|span| carried.iter().any(|carried| carried.meet(*span).is_some()));
                let kinds = kinds(rule.traffic);
                spans.filter_map(move |peer| kinds.map(|(protocols, ports)| Clause { peer, protocols, ports }))
            });
            tidy(clauses.collect()).into()
        });
        Arc::clone(clauses)
    }

    /// Past the ACL on the way in, and, for a conversation, back past it and along the route to the internet gateway.
    fn front(&mut self, subnet: Id<Subnet>, family: Family, assumed: Option<Id<PrefixList>>) -> Arc<Front> {
        let (reach, contact) = (self.reach, self.contact);
        let front = self.fronts.entry((subnet, family, assumed)).or_insert_with(|| {
            let everything = Clause { peer: family.all(), protocols: ALL_PROTOCOLS, ports: ALL_PORTS };
            let acl = reach.acl_of(subnet).map(|acl| &reach.network.acls[acl]);
            let mut boxes = acl.map_or_else(|| vec![everything], |acl| acl_clauses(&acl.ingress, family));
            if contact == Contact::Connect {
                let replies = acl.map_or_else(|| vec![everything], |acl| acl_clauses(&acl.egress, family));
                let back = routed_back(reach, subnet, family, assumed.as_slice());
                boxes = answered(&boxes, &replies, &back);
            }
            let open = boxes.contains(&everything);
            Arc::new(if open { Front::Open } else { Front::of(tidy(boxes)) })
        });
        Arc::clone(front)
    }
}

impl Front {
    fn of(mut boxes: Vec<Clause>) -> Self {
        boxes.sort_unstable_by_key(|one| one.peer);
        let in_order = boxes.is_sorted_by_key(|one| one.peer.last);
        Self::Boxes(boxes, in_order)
    }
}

/// The boxes that share senders with a block.
fn near(boxes: &[Clause], block: Span) -> &[Clause] {
    let from = boxes.partition_point(|one| one.peer.last < block.first);
    let to = boxes.partition_point(|one| one.peer.first <= block.last);
    &boxes[from.min(to)..to]
}

/// Of what comes in, what is answered.
fn answered(inward: &[Clause], replies: &[Clause], back: &[Span]) -> Vec<Clause> {
    let kinds = reply_kinds();
    let replies: Vec<Clause> = replies
        .iter()
        .flat_map(|reply| {
            let kinds = kinds.iter().filter_map(|(protocols, ports)| {
                narrow(*ports, reply.ports)?;
                Some((narrow(*protocols, reply.protocols)?, reply.peer))
            });
            let spans = kinds
                .flat_map(|(protocols, peer)| back.iter().filter_map(move |back| Some((protocols, peer.meet(*back)?))));
            spans.map(|(protocols, peer)| Clause { peer, protocols, ports: ALL_PORTS }).collect::<Vec<_>>()
        })
        .collect();
    let replies = whole(replies);
    let answered = inward.iter().flat_map(|clause| replies.iter().filter_map(|reply| clause.meet(reply)));
    answered.collect()
}

/// The same in the fewest boxes over protocols: where every kind of reply passes from one block, that is one box.
fn whole(mut replies: Vec<Clause>) -> Vec<Clause> {
    replies.sort_unstable_by_key(|reply| reply.peer);
    let alike = replies.chunk_by(|one, other| one.peer == other.peer);
    let boxes = alike.flat_map(|alike| {
        let protocols = alike.iter().map(|reply| reply.protocols);
        let spans = protocols.map(|(first, last)| Span { first: first.into(), last: last.into() });
        span::union(spans.collect()).into_iter().map(|joined| {
            let narrowed = |number: u128| u8::try_from(number).unwrap_or(u8::MAX);
            Clause { peer: alike[0].peer, protocols: (narrowed(joined.first), narrowed(joined.last)), ports: ALL_PORTS }
        })
    });
    boxes.collect()
}

/// The senders to whom a subnet's table leads back by the internet gateway. Those that routers do not carry are let be, so that
/// `0.0.0.0/0` stays in one piece beside a VPC's own local route.
fn routed_back(reach: &Reach<'_>, subnet: Id<Subnet>, family: Family, assumed: &[Id<PrefixList>]) -> Vec<Span> {
    let Some(table) = reach.table_of(subnet) else { return vec![family.all()] };
    let vpc = reach.network.subnets[subnet].vpc;
    let leads = |target: &Target| match target {
        Target::Gateway(gateway) => reach.network.gateways[*gateway] == Gateway::Internet(Some(vpc)),
        target => reach.may_be_anything(target),
    };
    let routes = reach.routes(table, family, assumed);
    let good = routes.into_iter().filter(|(target, _)| leads(target)).flat_map(|(_, spans)| spans).collect();
    let astray = span::meet(&internet(reach, vpc, &carried(family), family), &span::complement(&span::union(good)));
    span::meet(&span::complement(&astray), &[family.all()])
}

/// The addresses of the internet as a VPC sees it: its own blocks are not there, be they global ones of IPv6. A block that no VPC can have,
/// since it is too large, is let be.
fn internet<'c>(reach: &Reach<'_>, vpc: Id<Vpc>, carried: &'c [Span], family: Family) -> Cow<'c, [Span]> {
    let blocks = reach.network.vpcs[vpc].blocks.iter().filter(|block| block.prefix_len() >= 16);
    let blocks = blocks.filter_map(|block| Span::of(block, family));
    let own: Vec<Span> = blocks.filter(|block| carried.iter().any(|one| one.meet(*block).is_some())).collect();
    match own.as_slice() {
        [] => Cow::Borrowed(carried),
        own => Cow::Owned(span::meet(carried, &span::complement(own))),
    }
}

/// Boxes by protocol and ports, each with all its senders.
fn grouped(mut boxes: Vec<Clause>, carried: &[Span], family: Family) -> Vec<Exposed> {
    boxes.sort_unstable_by_key(|one| (one.protocols, one.ports, one.peer));
    let alike = boxes.chunk_by(|one, other| (one.protocols, one.ports) == (other.protocols, other.ports));
    let exposed = alike.filter_map(|alike| {
        let peers = span::union(alike.iter().map(|one| one.peer).collect());
        let senders = span::meet(&peers, carried);
        let sources = blocks(&peers, carried, family);
        let (protocols, ports) = (alike[0].protocols, alike[0].ports);
        Some(Exposed { protocols, ports, sources, sender: sender(&senders)?, shown: None })
    });
    exposed.collect()
}

/// A flow that the walk finds to arrive there.
fn walked(reach: &Reach<'_>, contact: Contact, known: &Known, exposed: &Exposed) -> Option<Flow> {
    let Known { id, family, dst_ip } = *known;
    let protocol = telling_protocol(exposed.protocols);
    let with_ports = matches!(protocol, TCP | UDP);
    let echo = u16::from(echo_request(protocol)) << 8;
    let dst_port = match protocol {
        TCP | UDP => exposed.ports.0,
        ICMP | ICMP_V6 if holds(exposed.ports, echo) => echo,
        ICMP | ICMP_V6 => exposed.ports.0,
        _ => 0,
    };
    let src_ip = family.address(exposed.sender);
    let mut flow = Flow { from: Source::Internet, src_ip, dst_ip, protocol, src_port: None, dst_port };
    // Any port that replies may go to will do; ports of common clients first, and none leaves the choice to the walk.
    let ports = if with_ports { &[Some(50_000), Some(33_000), Some(1024), None][..] } else { &[None] };
    for src_port in ports {
        flow.src_port = *src_port;
        let shows = |found: &super::walk::Found| {
            found.first == Ok(Exit::Interface(id)) && (contact == Contact::Deliver || found.reply.is_ok())
        };
        if reach.some_way(&flow, shows) {
            return Some(flow);
        }
    }
    None
}

/// A sender to show: one inside a block rather than its first address, which a block of a router's own has no host at.
fn sender(senders: &[Span]) -> Option<u128> {
    let first = senders.first()?;
    Some(if first.last > first.first { first.first + 1 } else { first.first })
}

/// The senders as blocks. Gaps that no router carries are filled, which leaves fewer and plainer blocks and adds no sender.
fn blocks(peers: &[Span], carried: &[Span], family: Family) -> Arc<[Cidr]> {
    let mut filled: Vec<Span> = Vec::new();
    for peer in peers.iter().filter(|peer| carried.iter().any(|one| one.meet(**peer).is_some())) {
        match filled.last_mut() {
            Some(last) if !touches(carried, last.last, peer.first) => last.last = peer.last,
            _ => filled.push(*peer),
        }
    }
    if let ([only], Some(low), Some(high)) = (filled.as_slice(), carried.first(), carried.last())
        && only.first <= low.first
        && only.last >= high.last
    {
        filled = vec![family.all()];
    }
    filled.iter().flat_map(|span| span.blocks(family)).collect()
}

/// Whether routers carry an address strictly between the two.
fn touches(carried: &[Span], after: u128, before: u128) -> bool {
    let between = Span { first: after.saturating_add(1), last: before.saturating_sub(1) };
    between.first <= between.last && carried.iter().any(|one| one.meet(between).is_some())
}

/// The protocol to show a range by.
fn telling_protocol((first, last): Protocols) -> u8 {
    [TCP, UDP, ICMP].into_iter().find(|protocol| holds((first, last), *protocol)).unwrap_or(first)
}
