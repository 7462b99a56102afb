//! Filters and routes as sets: what a group's rules, an ACL's entries and a table's routes let pass.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::index::{NOT_CARRIED, Reach};
use super::sets::span::{self, number};
use super::sets::{ALL_PORTS, ALL_PROTOCOLS, Clause, Family, Ports, Protocols, Span};
use crate::cidr::Cidr;
use crate::network::{
    Destination, Entry, Group, Id, Interface, Origin, Peer, Place, PrefixList, RouteTable, Rule, Target, Traffic, Vpc,
};

/// Of ACLs with very many overlapping entries no more boxes than this are made; what is left over is taken to pass if any entry lets it.
/// An ACL that AWS takes has forty entries at most and comes nowhere near.
const MOST_BOXES: usize = 8192;

/// The packets that a rule or entry is for; none when no packet is.
pub(super) fn kinds(traffic: Traffic) -> Option<(Protocols, Ports)> {
    let kinds = match traffic {
        Traffic::All => (ALL_PROTOCOLS, ALL_PORTS),
        Traffic::Ports { protocol, first, last } => ((protocol, protocol), (first, last)),
        Traffic::Icmp { kind: None, code: Some(_), .. } => return None,
        Traffic::Icmp { protocol, kind: None, code: None } => ((protocol, protocol), ALL_PORTS),
        Traffic::Icmp { protocol, kind: Some(kind), code } => {
            let port = |code: u8| u16::from_be_bytes([kind, code]);
            ((protocol, protocol), (port(code.unwrap_or(0)), port(code.unwrap_or(u8::MAX))))
        }
        Traffic::Protocol(protocol) => ((protocol, protocol), ALL_PORTS),
    };
    let (_, (first, last)) = kinds;
    (first <= last).then_some(kinds)
}

/// What a rule's group stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Members {
    /// Nothing: the packet comes by a public address.
    None,
    /// Those at known addresses.
    Known,
    /// Those, and whoever may be at an address that AWS has yet to choose.
    Any,
    /// Those at known addresses, and this interface wherever it is.
    KnownAnd(Id<Interface>),
    /// Those at known addresses, and this interface, whose own address the packet has anyway.
    KnownOrOwn(Id<Interface>),
}

/// What is assumed of lists that were not read: the packet's address is in these and in no others.
pub(super) type Assumed<'a> = &'a [Id<PrefixList>];

impl Reach<'_> {
    /// What the rules let pass, by the address of the other side. `vpc` is that of what they are around.
    pub(super) fn rules(
        &self,
        rules: &[Rule],
        vpc: Id<Vpc>,
        family: Family,
        members: Members,
        assumed: Assumed<'_>,
    ) -> Vec<Clause> {
        let mut clauses = Vec::new();
        for rule in rules {
            let Some((protocols, ports)) = kinds(rule.traffic) else { continue };
            let mut add = |peer: Span| clauses.push(Clause { peer, protocols, ports });
            match &rule.peer {
                Peer::Block(block) => Span::of(block, family).into_iter().for_each(&mut add),
                Peer::List(list) => self.listed(*list, family, assumed).into_iter().for_each(&mut add),
                Peer::Group(group) if self.may_name(vpc, *group) => {
                    self.member_spans(*group, family, members).into_iter().for_each(&mut add);
                }
                Peer::Group(_) => {}
                Peer::Foreign(_) => self.strangers(family, members).into_iter().for_each(&mut add),
            }
        }
        clauses
    }

    /// The addresses of a list; of one that was not read all that it may have, if so assumed.
    pub(super) fn listed(&self, list: Id<PrefixList>, family: Family, assumed: Assumed<'_>) -> Vec<Span> {
        let facts = &self.network.prefix_lists[list];
        match &facts.entries {
            Some(entries) => span::union(entries.iter().filter_map(|entry| Span::of(entry, family)).collect()),
            None if !assumed.contains(&list) => Vec::new(),
            None if facts.service.is_some() => carried(family),
            None => vec![family.all()],
        }
    }

    fn member_spans(&self, group: Id<Group>, family: Family, members: Members) -> Vec<Span> {
        let network = self.network;
        let own = match members {
            Members::None => return Vec::new(),
            Members::KnownOrOwn(own) if network.interfaces[own].groups.contains(&group) => return vec![family.all()],
            Members::KnownAnd(own) if network.interfaces[own].groups.contains(&group) => {
                self.floating_spans(own, family)
            }
            _ => Vec::new(),
        };
        let of_member = |id: &Id<Interface>| {
            let mut spans = self.known_spans(*id, family);
            if matches!(members, Members::Any) {
                spans.extend(self.floating_spans(*id, family));
            }
            spans
        };
        span::union(self.members(group).iter().flat_map(of_member).chain(own).collect())
    }

    /// Where members of groups not known here may be.
    fn strangers(&self, family: Family, members: Members) -> Vec<Span> {
        if matches!(members, Members::None) {
            return Vec::new();
        }
        let known = self.network.interfaces.iter().flat_map(|(id, _)| self.known_spans(id, family));
        let taken = known.chain(carried(family)).collect::<Vec<_>>();
        span::meet(&span::complement(&taken), &[family.all()])
    }

    /// An interface's known addresses.
    pub(super) fn known_spans(&self, id: Id<Interface>, family: Family) -> Vec<Span> {
        let places = self.network.interfaces[id].addresses.iter().map(|address| address.private);
        let known = places.filter_map(|place| match place {
            Place::At(at) if Family::of(at) == family => Some(Span::one(number(at))),
            _ => None,
        });
        span::union(known.collect())
    }

    /// Where an interface may turn out to be; nobody else known in its VPC is there.
    pub(super) fn floating_spans(&self, id: Id<Interface>, family: Family) -> Vec<Span> {
        let places = self.network.interfaces[id].addresses.iter().map(|address| address.private);
        let blocks = places.filter_map(|place| match place {
            Place::Within(block) => Span::of(&block, family),
            Place::At(_) => None,
        });
        let blocks = span::union(blocks.collect());
        if blocks.is_empty() {
            return blocks;
        }
        span::meet(&blocks, &span::complement(self.taken(self.vpc_of(id), family)))
    }

    /// Where a table sends what: each target with the addresses it gets. Overlapping targets are AWS's choice, or turn on what was not
    /// read.
    pub(super) fn routes(
        &self,
        table: Id<RouteTable>,
        family: Family,
        assumed: Assumed<'_>,
    ) -> Vec<(&Target, Vec<Span>)> {
        let mut routes: Vec<(&Target, Vec<Span>)> = Vec::new();
        let levels = self.levels(table, family);
        let unsure = self.unsure(table, family, assumed);
        let listed = span::union(unsure.iter().flat_map(|(_, spans)| spans.iter().copied()).collect());
        let others = span::complement(&listed);
        sweep(&levels, family, |stretch, stack| {
            for (unsure, parts) in [(true, &listed), (false, &others)] {
                let parts = span::meet(&[stretch], parts);
                for target in winners(stack, unsure).into_iter().filter(|_| !parts.is_empty()) {
                    match routes.iter_mut().find(|(known, _)| *known == target) {
                        Some((_, spans)) => spans.extend_from_slice(&parts),
                        None => routes.push((target, parts.clone())),
                    }
                }
            }
        });
        routes.extend(unsure);
        for (_, spans) in &mut routes {
            *spans = span::union(std::mem::take(spans));
        }
        routes
    }

    /// Routes of lists that were not read and are assumed to have the address.
    fn unsure(&self, table: Id<RouteTable>, family: Family, assumed: Assumed<'_>) -> Vec<(&Target, Vec<Span>)> {
        let facts = &self.network.route_tables[table];
        let local: Vec<Span> =
            self.network.vpcs[facts.vpc].blocks.iter().filter_map(|block| Span::of(block, family)).collect();
        let unread = facts.routes.iter().filter_map(|route| match route.destination {
            Destination::List(list) if self.network.prefix_lists[list].entries.is_none() => {
                let mut spans = self.listed(list, family, assumed);
                if route.origin == Origin::Propagated {
                    spans = span::meet(&spans, &span::complement(&local));
                }
                Some((&route.target, spans))
            }
            _ => None,
        });
        unread.filter(|(_, spans)| !spans.is_empty()).collect()
    }

    fn levels(&self, table: Id<RouteTable>, family: Family) -> BTreeMap<LevelKey, Level<'_>> {
        let facts = &self.network.route_tables[table];
        let mut levels: BTreeMap<LevelKey, Level<'_>> = BTreeMap::new();
        for span in self.network.vpcs[facts.vpc].blocks.iter().filter_map(|block| Span::of(block, family)) {
            levels.entry((span.first, Reverse(span.last))).or_default().local = true;
        }
        for route in &facts.routes {
            let blocks: &[Cidr] = match &route.destination {
                Destination::Block(block) => std::slice::from_ref(block),
                Destination::List(list) => self.network.prefix_lists[*list].entries.as_deref().unwrap_or_default(),
            };
            let is_list = matches!(route.destination, Destination::List(_));
            for span in blocks.iter().filter_map(|block| Span::of(block, family)) {
                let level = levels.entry((span.first, Reverse(span.last))).or_default();
                let targets = match (route.origin, is_list) {
                    (Origin::Propagated, _) => &mut level.propagated,
                    (Origin::Static, true) => &mut level.lists,
                    (Origin::Static, false) => &mut level.blocks,
                };
                if !targets.contains(&&route.target) {
                    targets.push(&route.target);
                }
            }
        }
        levels
    }
}

/// Blocks in order, each before those within it.
type LevelKey = (u128, Reverse<u128>);

/// The routes for one block.
#[derive(Debug, Default)]
struct Level<'n> {
    local: bool,
    blocks: Vec<&'n Target>,
    lists: Vec<&'n Target>,
    propagated: Vec<&'n Target>,
}

/// Calls back for each stretch of addresses with the blocks that have it, the widest first. Blocks are nested or apart, so they come and
/// go like brackets.
fn sweep<'l, 'n>(
    levels: &'l BTreeMap<LevelKey, Level<'n>>,
    family: Family,
    mut visit: impl FnMut(Span, &[(Span, &'l Level<'n>)]),
) {
    let mut stack: Vec<(Span, &'l Level<'n>)> = Vec::new();
    let mut next = 0;
    let mut close_before = |stack: &mut Vec<(Span, &'l Level<'n>)>, next: &mut u128, limit: Option<u128>| {
        while let Some((top, _)) = stack.last()
            && limit.is_none_or(|limit| top.last < limit)
        {
            let top = *top;
            if *next <= top.last {
                visit(Span { first: *next, last: top.last }, stack);
                *next = top.last.saturating_add(1);
            }
            stack.pop();
            if top.last == family.all().last {
                // Nothing is left above it; wider blocks end here too.
                stack.clear();
            }
        }
        if let Some(limit) = limit
            && *next < limit
        {
            if !stack.is_empty() {
                visit(Span { first: *next, last: limit - 1 }, stack);
            }
            *next = limit;
        }
    };
    for ((first, Reverse(last)), level) in levels {
        close_before(&mut stack, &mut next, Some(*first));
        stack.push((Span { first: *first, last: *last }, level));
    }
    close_before(&mut stack, &mut next, None);
}

fn winners<'n>(stack: &[(Span, &Level<'n>)], unsure: bool) -> Vec<&'n Target> {
    static LOCAL: Target = Target::Local;
    let has_local = stack.iter().any(|(_, level)| level.local);
    for (span, level) in stack.iter().rev() {
        // A list that was not read has some length above 0, so it beats a default route, and may or may not beat any other.
        if unsure && span.first == 0 && (span.last == u128::MAX || span.last == u128::from(u32::MAX)) {
            return Vec::new();
        }
        if !level.blocks.is_empty() {
            return level.blocks.clone();
        }
        if level.local {
            return vec![&LOCAL];
        }
        if !level.lists.is_empty() {
            return level.lists.clone();
        }
        if !has_local && !level.propagated.is_empty() {
            return level.propagated.clone();
        }
    }
    Vec::new()
}

/// What the entries of an ACL let pass, as boxes that share nothing; the first entry that matches decides.
///
/// Between two addresses where no block begins or ends the same entries apply, and among those between two ports likewise; so the number
/// of boxes grows with the cube of the entries at worst, and an ACL has forty at most.
pub(super) fn acl_clauses(entries: &[Entry], family: Family) -> Vec<Clause> {
    let of_family: Vec<(Span, Protocols, Ports, bool)> = entries
        .iter()
        .filter_map(|entry| {
            let (protocols, ports) = kinds(entry.traffic)?;
            Some((Span::of(&entry.block, family)?, protocols, ports, entry.allow))
        })
        .collect();
    let mut clauses: Vec<Clause> = Vec::new();
    let mut before: Vec<(Protocols, Ports)> = Vec::new();
    for stretch in stretches(of_family.iter().map(|(span, ..)| *span)) {
        if clauses.len() > MOST_BOXES {
            clauses.extend(too_many(&of_family, stretch.first));
            break;
        }
        let here: Vec<(Protocols, Ports, bool)> = of_family
            .iter()
            .filter(|(span, ..)| span.has(stretch.first))
            .map(|(_, protocols, ports, allow)| (*protocols, *ports, *allow))
            .collect();
        let passing = passing(&here);
        let continues = clauses.last().is_some_and(|last| last.peer.last.checked_add(1) == Some(stretch.first));
        if continues && passing == before {
            let first = clauses.len() - passing.len();
            clauses[first..].iter_mut().for_each(|clause| clause.peer.last = stretch.last);
        } else {
            clauses.extend(passing.iter().map(|(protocols, ports)| Clause {
                peer: stretch,
                protocols: *protocols,
                ports: *ports,
            }));
            before = passing;
        }
    }
    clauses
}

/// All that some entry lets pass from an address on, denials aside: wider than it is, never narrower.
fn too_many(entries: &[(Span, Protocols, Ports, bool)], from: u128) -> Vec<Clause> {
    let rest = Span { first: from, last: u128::MAX };
    let allowed = entries.iter().filter(|(.., allow)| *allow);
    allowed
        .filter_map(|(span, protocols, ports, _)| {
            Some(Clause { peer: span.meet(rest)?, protocols: *protocols, ports: *ports })
        })
        .collect()
}

/// Protocols and ports that entries let pass for one address.
fn passing(entries: &[(Protocols, Ports, bool)]) -> Vec<(Protocols, Ports)> {
    let mut passing: Vec<(Protocols, Ports)> = Vec::new();
    let protocols = cuts(entries.iter().map(|(protocols, ..)| (u32::from(protocols.0), u32::from(protocols.1))), 255);
    for (first, last) in protocols {
        let (low, high) = (u8::try_from(first).unwrap_or(u8::MAX), u8::try_from(last).unwrap_or(u8::MAX));
        let here: Vec<&(Protocols, Ports, bool)> =
            entries.iter().filter(|(protocols, ..)| protocols.0 <= low && low <= protocols.1).collect();
        let mut open: Option<Ports> = None;
        for (first, last) in cuts(here.iter().map(|(_, ports, _)| (u32::from(ports.0), u32::from(ports.1))), 65_535) {
            let (first, last) = (u16::try_from(first).unwrap_or(u16::MAX), u16::try_from(last).unwrap_or(u16::MAX));
            let decides = here.iter().find(|(_, ports, _)| ports.0 <= first && first <= ports.1);
            match (decides.is_some_and(|(.., allow)| *allow), &mut open) {
                (true, Some(ports)) => ports.1 = last,
                (true, None) => open = Some((first, last)),
                (false, _) => passing.extend(open.take().map(|ports| ((low, high), ports))),
            }
        }
        passing.extend(open.map(|ports| ((low, high), ports)));
    }
    passing
}

/// The whole range up to `last`, cut wherever one of the ranges begins or ends.
fn cuts(ranges: impl Iterator<Item = (u32, u32)>, last: u32) -> Vec<(u32, u32)> {
    let mut begins: Vec<u32> =
        ranges.flat_map(|(first, end)| [first, end + 1]).chain([0]).filter(|at| *at <= last).collect();
    begins.sort_unstable();
    begins.dedup();
    let ends = begins.iter().skip(1).map(|next| next - 1).chain([last]);
    begins.iter().copied().zip(ends).collect()
}

/// Stretches of addresses between which blocks begin or end.
fn stretches(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut begins: Vec<u128> = Vec::new();
    let mut end = None;
    for span in spans {
        begins.push(span.first);
        begins.extend(span.last.checked_add(1));
        end = end.max(Some(span.last));
    }
    let Some(end) = end else { return Vec::new() };
    begins.sort_unstable();
    begins.dedup();
    begins.retain(|begin| *begin <= end);
    let ends = begins.iter().skip(1).map(|next| next - 1).chain([end]);
    begins.iter().copied().zip(ends).map(|(first, last)| Span { first, last }).collect()
}

/// Addresses whose packets routers of the internet carry.
pub(super) fn carried(family: Family) -> Vec<Span> {
    match family {
        Family::V4 => {
            let not = NOT_CARRIED.map(|(first, length)| {
                let first = u128::from(first.to_bits());
                Span { first, last: first | u128::from(u32::MAX >> length) }
            });
            span::meet(&span::complement(&not), &[family.all()])
        }
        Family::V6 => vec![GLOBAL],
    }
}

/// Global unicast addresses of IPv6.
pub(super) const GLOBAL: Span = Span { first: 1 << 125, last: (1 << 126) - 1 };
