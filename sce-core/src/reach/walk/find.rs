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
    let matching = |entry: &&Entry| is_for(entry.traffic, kind) && entry.block.contains(&peer);
    entries.iter().find(matching).is_some_and(|entry| entry.allow)
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

/// Where a table sends packets for an address: none when nothing matches; several when AWS would choose, or when it turns on what was not
/// read.
pub(super) fn targets<'n>(
    network: &'n Network,
    table: Id<RouteTable>,
    address: IpAddr,
    mut is_listed: impl FnMut(Id<PrefixList>) -> bool,
) -> Vec<&'n Target> {
    static LOCAL: Target = Target::Local;
    let facts = &network.route_tables[table];
    let local = network.vpcs[facts.vpc].blocks.iter().filter(|block| block.contains(&address));
    let local = local.map(|block| (block.prefix_len(), Rank::Local)).max();
    let (mut best, mut targets) = (local, Vec::new());
    if local.is_some() {
        targets.push(&LOCAL);
    }
    // Lists that were not read, and have the address: each is of some length above 0.
    let mut unsure: Vec<&'n Target> = Vec::new();
    for route in &facts.routes {
        let (length, rank) = match route.destination {
            Destination::Block(block) if block.contains(&address) => (block.prefix_len(), Rank::Block),
            Destination::Block(_) => continue,
            Destination::List(list) => match &network.prefix_lists[list].entries {
                Some(entries) => {
                    match entries.iter().filter(|entry| entry.contains(&address)).max_by_key(|e| e.prefix_len()) {
                        Some(longest) => (longest.prefix_len(), Rank::List),
                        None => continue,
                    }
                }
                None => {
                    if (route.origin == Origin::Static || local.is_none()) && is_listed(list) {
                        unsure.push(&route.target);
                    }
                    continue;
                }
            },
        };
        let rank = if route.origin == Origin::Propagated { Rank::Propagated } else { rank };
        // The local route beats what was propagated, even when that is more specific.
        if rank == Rank::Propagated && local.is_some() {
            continue;
        }
        if best.is_none_or(|best| best < (length, rank)) {
            best = Some((length, rank));
            targets.clear();
        }
        if best == Some((length, rank)) && !targets.contains(&&route.target) {
            targets.push(&route.target);
        }
    }
    if unsure.is_empty() {
        return targets;
    }
    targets.retain(|target| best.is_some_and(|(length, _)| length > 0) && !unsure.contains(target));
    targets.extend(unsure);
    targets
}
