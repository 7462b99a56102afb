//! What matches a packet: traffic, ACL entries, routes.

use std::net::IpAddr;

use crate::network::{Destination, Entry, Id, Network, Origin, PrefixList, RouteTable, Target, Traffic};

/// What a filter sees of a packet, addresses aside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// The protocol's number.
    pub(super) protocol: u8,
    /// The destination port, or type and code.
    pub(super) port: u16,
}

/// Whether a rule or entry is for such packets.
pub(super) fn is_for(traffic: Traffic, kind: Kind) -> bool {
    let [icmp_type, icmp_code] = kind.port.to_be_bytes();
    match traffic {
        Traffic::All => true,
        Traffic::Ports { protocol, first, last } => protocol == kind.protocol && (first..=last).contains(&kind.port),
        Traffic::Icmp { kind: None, code: Some(_), .. } => false,
        Traffic::Icmp { protocol, kind: wanted, code } => {
            protocol == kind.protocol
                && wanted.is_none_or(|wanted| wanted == icmp_type)
                && code.is_none_or(|code| code == icmp_code)
        }
        Traffic::Protocol(protocol) => protocol == kind.protocol,
    }
}

/// Whether the ACL's entries let it pass: the first that matches decides.
pub(super) fn passes(entries: &[Entry], kind: Kind, peer: IpAddr) -> bool {
    let matching = |entry: &&Entry| entry.block.contains(&peer) && is_for(entry.traffic, kind);
    entries.iter().find(matching).is_some_and(|entry| entry.allow)
}

/// A route that may be the one.
#[derive(Clone, Copy, Debug)]
struct Candidate<'n> {
    /// None when a list that was not read decides: then it is some length above 0.
    length: Option<u8>,
    rank: Rank,
    target: &'n Target,
}

/// What wins among routes of equal length (VPC guide, "Route priority"), the last first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Propagated,
    List,
    /// The local route, unless a static one has been put in its place.
    Local,
    Block,
}

/// Where a table sends packets for an address; several when AWS would choose, or when it turns on what was not read. None when nothing
/// matches.
pub(super) fn targets<'n>(
    network: &'n Network,
    table: Id<RouteTable>,
    address: IpAddr,
    mut is_listed: impl FnMut(Id<PrefixList>) -> bool,
) -> Vec<&'n Target> {
    let facts = &network.route_tables[table];
    let mut candidates: Vec<Candidate<'n>> = Vec::new();
    for block in network.vpcs[facts.vpc].blocks.iter().filter(|block| block.contains(&address)) {
        candidates.push(Candidate { length: Some(block.prefix_len()), rank: Rank::Local, target: &Target::Local });
    }
    for route in &facts.routes {
        let (length, rank) = match route.destination {
            Destination::Block(block) if block.contains(&address) => (Some(block.prefix_len()), Rank::Block),
            Destination::Block(_) => continue,
            Destination::List(list) => match &network.prefix_lists[list].entries {
                Some(entries) => {
                    let lengths =
                        entries.iter().filter(|entry| entry.contains(&address)).map(|entry| entry.prefix_len());
                    let Some(longest) = lengths.max() else { continue };
                    (Some(longest), Rank::List)
                }
                None if is_listed(list) => (None, Rank::List),
                None => continue,
            },
        };
        let rank = if route.origin == Origin::Propagated { Rank::Propagated } else { rank };
        candidates.push(Candidate { length, rank, target: &route.target });
    }
    // The local route beats what was propagated, even when that is more specific.
    if candidates.iter().any(|candidate| candidate.rank == Rank::Local) {
        candidates.retain(|candidate| candidate.rank != Rank::Propagated);
    }
    winners(&candidates)
}

fn winners<'n>(candidates: &[Candidate<'n>]) -> Vec<&'n Target> {
    let longest = candidates.iter().filter_map(|candidate| Some((candidate.length?, candidate.rank))).max();
    let unsure = candidates.iter().any(|candidate| candidate.length.is_none());
    let wins = |candidate: &&Candidate<'n>| match candidate.length {
        None => true,
        Some(length) => Some((length, candidate.rank)) == longest && !(unsure && length == 0),
    };
    let mut targets: Vec<&Target> = Vec::new();
    for candidate in candidates.iter().filter(wins) {
        if !targets.contains(&candidate.target) {
            targets.push(candidate.target);
        }
    }
    targets
}
