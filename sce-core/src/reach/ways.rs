//! Ways out of places, ways into them, and how far somebody gets who takes over host after host.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::exposed::Contact;
use super::flow_sets::{Flows, Passage, Sender};
use super::index::Reach;
use super::packet::{Flow, ICMP, ICMP_V6, Source, TCP, UDP, echo_request};
use super::sets::{Cube, End, Family, Set, Span, holds};
use super::walk::{Exit, Found};
use crate::cidr::Cidr;
use crate::network::{Gateway, Holder, Id, Interface, PrefixList, Subnet};

/// Where packets come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vantage {
    /// The internet.
    Internet,
    /// An interface.
    Interface(Id<Interface>),
    /// A host in a subnet that nobody has described: no group is around it.
    Subnet(Id<Subnet>),
    /// What lies behind a gateway, beyond what is known.
    Gateway(Id<Gateway>),
}

/// A way from a place to another, or out.
#[derive(Clone, Debug)]
pub struct Way {
    /// Where it starts.
    pub from: Vantage,
    /// Where it ends.
    pub to: Exit,
    /// The packets that take it, as boxes whose union they are.
    pub headers: Vec<Headers>,
    /// Lists that were not read, and that the destinations are taken to be in; the packets are such only if they are.
    pub listed: Vec<Id<PrefixList>>,
    /// A flow that takes it, as [`Reach::walk`] has found; none when it found none.
    pub witness: Option<Flow>,
}

/// A box of packet headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// The senders.
    pub sources: Vec<Cidr>,
    /// To whom.
    pub destinations: Vec<Cidr>,
    /// First and last protocol, by number.
    pub protocols: (u8, u8),
    /// First and last destination port; of ICMP, type times 256 and code.
    pub ports: (u16, u16),
}

/// How somebody from the internet gets to a host, by hosts taken over before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The host's interface.
    pub to: Id<Interface>,
    /// From where: the internet, or an interface got to before.
    pub from: Vantage,
    /// How many hops it takes; from the internet one.
    pub hops: usize,
    /// A flow of this hop, as [`Reach::walk`] has found; none when it found none.
    pub witness: Option<Flow>,
}

impl Reach<'_> {
    /// Every way from a place out of what is known: the internet, services, peers, gateways, and what is not understood.
    ///
    /// Destinations at Amazon's own addresses in the VPC (metadata, DNS, time) are not told: no filter here stops those, ever.
    #[must_use]
    pub fn ways_out(&self, from: Vantage, contact: Contact) -> Vec<Way> {
        self.ways(from, &[], contact, |exit| !matches!(exit, Exit::Interface(_)))
    }

    /// Every way from a place to interfaces.
    #[must_use]
    pub fn ways_to(&self, from: Vantage, to: &[Id<Interface>], contact: Contact) -> Vec<Way> {
        self.ways(from, to, contact, |exit| matches!(exit, Exit::Interface(_)))
    }

    /// Every way into a subnet from without: from the internet, from interfaces in other subnets, from what lies behind gateways.
    #[must_use]
    pub fn ways_in(&self, subnet: Id<Subnet>, contact: Contact) -> Vec<Way> {
        let network = self.network;
        let is_here = |id: &Id<Interface>| network.interfaces[*id].subnet == subnet;
        let here: Vec<Id<Interface>> = network.interfaces.iter().map(|(id, _)| id).filter(is_here).collect();
        let others = network.interfaces.iter().map(|(id, _)| id).filter(|id| !is_here(id)).map(Vantage::Interface);
        let gateways = network.gateways.iter().map(|(id, _)| Vantage::Gateway(id));
        let places = [Vantage::Internet].into_iter().chain(others).chain(gateways);
        places.flat_map(|place| self.ways_to(place, &here, contact)).collect()
    }

    /// All hosts that somebody on the internet gets to, taking over one after another: breadth first, so each by the fewest hops.
    ///
    /// NAT gateways and interface endpoints are AWS's own and are not taken over. A middlebox may pass on anything, so whoever gets
    /// packets to one is taken to have it.
    #[must_use]
    pub fn closure(&self, contact: Contact) -> Vec<Hop> {
        let network = self.network;
        let mut reached: BTreeMap<Id<Interface>, Hop> = BTreeMap::new();
        let mut queue: VecDeque<Id<Interface>> = VecDeque::new();
        let first = self.from_internet(contact).into_iter();
        for exposure in first.filter(|exposure| self.can_be_taken(exposure.id)) {
            reached.entry(exposure.id).or_insert_with(|| {
                queue.push_back(exposure.id);
                Hop { to: exposure.id, from: Vantage::Internet, hops: 1, witness: exposure.witness }
            });
        }
        while let Some(from) = queue.pop_front() {
            let hops = reached.get(&from).map_or(1, |hop| hop.hops) + 1;
            let is_left = |id: &Id<Interface>| self.can_be_taken(*id) && !reached.contains_key(id);
            let left: Vec<Id<Interface>> = network.interfaces.iter().map(|(id, _)| id).filter(is_left).collect();
            let is_to_interface = |exit: &Exit| matches!(exit, Exit::Interface(_) | Exit::Middlebox(_));
            for way in self.ways(Vantage::Interface(from), &left, contact, is_to_interface) {
                let (Exit::Interface(to) | Exit::Middlebox(to)) = way.to else { continue };
                if self.can_be_taken(to) {
                    let from = Vantage::Interface(from);
                    reached.entry(to).or_insert_with(|| {
                        queue.push_back(to);
                        Hop { to, from, hops, witness: way.witness }
                    });
                }
            }
        }
        let mut hops: Vec<Hop> = reached.into_values().collect();
        hops.sort_by_key(|hop| (hop.hops, hop.to));
        hops
    }

    fn can_be_taken(&self, id: Id<Interface>) -> bool {
        !matches!(self.network.interfaces[id].holder, Holder::NatGateway(_) | Holder::Endpoint(_))
    }

    /// The ways whose ends are wanted.
    fn ways(
        &self,
        from: Vantage,
        to: &[Id<Interface>],
        contact: Contact,
        is_wanted: impl Fn(&Exit) -> bool,
    ) -> Vec<Way> {
        let mut ways: Vec<Way> = Vec::new();
        for family in Family::BOTH {
            let mut seen: HashSet<(Exit, Set)> = HashSet::new();
            for assumption in self.assumptions() {
                let listed = assumption.dst.clone();
                let mut flows = Flows::new(self, family, assumption);
                for passage in self.passages(&mut flows, from, to, family) {
                    let Passage { exit, may_deliver, may_connect } = passage;
                    let set = match contact {
                        Contact::Deliver => may_deliver,
                        Contact::Connect => may_connect,
                    };
                    // What does not turn on a list is found again under each assumption.
                    if is_wanted(&exit) && !set.is_empty() && seen.insert((exit.clone(), set.clone())) {
                        ways.push(self.way(from, exit, &set, contact, family, &listed));
                    }
                }
            }
        }
        ways
    }

    fn passages(&self, flows: &mut Flows<'_, '_>, from: Vantage, to: &[Id<Interface>], family: Family) -> Vec<Passage> {
        let senders: Vec<Sender> = match from {
            Vantage::Internet => return to.iter().flat_map(|to| flows.inbound(*to)).collect(),
            Vantage::Gateway(id) => {
                let pairs = to.iter().flat_map(|to| self.vpcs_behind(id).into_iter().map(move |vpc| (vpc, *to)));
                return pairs.flat_map(|(vpc, to)| flows.behind(id, vpc, to)).collect();
            }
            Vantage::Interface(id) => self.senders(id, family),
            Vantage::Subnet(id) => vec![self.stranger(id, family)],
        };
        senders.iter().flat_map(|sender| flows.from(sender, to)).collect()
    }

    /// The VPCs that what lies behind a gateway, beyond what is known, can send packets to.
    fn vpcs_behind(&self, gateway: Id<Gateway>) -> Vec<Id<crate::network::Vpc>> {
        match &self.network.gateways[gateway] {
            Gateway::VirtualPrivate(vpc) => vpc.iter().copied().collect(),
            Gateway::Transit(vpcs) => vpcs.clone(),
            // When both sides are known, what comes by the peering comes from interfaces that are.
            Gateway::Peering(peering) if peering.active && peering.sides.contains(&None) => {
                peering.sides.iter().flatten().copied().collect()
            }
            _ => Vec::new(),
        }
    }

    fn way(
        &self,
        from: Vantage,
        to: Exit,
        set: &Set,
        contact: Contact,
        family: Family,
        listed: &[Id<PrefixList>],
    ) -> Way {
        let witness = self.witness_of(from, &to, set, contact, family);
        let headers = set.cubes.iter().map(|cube| headers(cube, family)).collect();
        Way { from, to, headers, listed: listed.to_vec(), witness }
    }

    /// A flow of the set that the walk finds to end there.
    fn witness_of(&self, from: Vantage, exit: &Exit, set: &Set, contact: Contact, family: Family) -> Option<Flow> {
        let network = self.network;
        let from = match from {
            Vantage::Internet => Source::Internet,
            Vantage::Interface(id) => Source::Id(network.interfaces.name(id).into()),
            Vantage::Subnet(id) => Source::Id(network.subnets.name(id).into()),
            Vantage::Gateway(id) => Source::Id(network.gateways.name(id).into()),
        };
        let shows =
            |found: &Found| found.first.as_ref() == Ok(exit) && (contact == Contact::Deliver || found.reply.is_ok());
        // Addresses of the internet show best what leaves to it; of others, each set is of headers that get there, so one will do.
        let carried = super::filter::carried(family);
        let telling = set.only(&carried, End::Dst);
        let mut flows = telling.cubes.iter().chain(&set.cubes).map(|cube| flow(&from, cube, family));
        flows.find(|flow| self.some_way(flow, shows))
    }
}

fn headers(cube: &Cube, family: Family) -> Headers {
    Headers {
        sources: cube.src.blocks(family),
        destinations: cube.dst.blocks(family),
        protocols: cube.protocols,
        ports: cube.ports,
    }
}

fn flow(from: &Source, cube: &Cube, family: Family) -> Flow {
    let protocol = [TCP, UDP, ICMP].into_iter().find(|protocol| holds(cube.protocols, *protocol));
    let protocol = protocol.unwrap_or(cube.protocols.0);
    let echo = u16::from(echo_request(protocol)) << 8;
    let dst_port = match protocol {
        // The web's own port shows best where it will do.
        TCP | UDP if holds(cube.ports, 443) => 443,
        ICMP | ICMP_V6 if holds(cube.ports, echo) => echo,
        TCP | UDP | ICMP | ICMP_V6 => cube.ports.0,
        _ => 0,
    };
    let address = |span: Span| family.address(inside(span));
    Flow {
        from: from.clone(),
        src_ip: address(cube.src),
        dst_ip: address(cube.dst),
        protocol,
        src_port: None,
        dst_port,
    }
}

/// An address where a host may be: past the first few of a block, which AWS keeps.
fn inside(span: Span) -> u128 {
    const KEPT: u128 = 10;
    let wished = span.first.saturating_add(KEPT);
    if wished < span.last { wished } else { span.first }
}
