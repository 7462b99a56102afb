//! The reply: ACLs and routes have no memory, so it is let back on its own merits. Groups, NAT gateways and internet gateways remember.

use std::net::IpAddr;

use super::find::{self, Kind};
use super::{Stop, Thing, Verdict, Why};
use crate::network::{Acl, Entry, Gateway, Id, Network, PrefixList, Subnet, Target, Traffic, Vpc};
use crate::reach::index::Reach;
use crate::reach::packet::{ICMP, ICMP_V6, TCP, UDP, echo_reply};

/// Ports that clients choose from: whatever asked, its replies go to one of these (VPC guide, "Ephemeral ports").
pub(in crate::reach) const CLIENT_PORTS: (u16, u16) = (1024, 65_535);

/// Something on the reply's way.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hop {
    Acl {
        acl: Option<Id<Acl>>,
        out: bool,
        peer: IpAddr,
        /// Whether the port is one that a NAT gateway chose, rather than the client.
        nat: bool,
    },
    Route {
        subnet: Id<Subnet>,
        to: IpAddr,
        back: Back,
    },
}

/// Where a reply's route must lead.
#[derive(Clone, Copy, Debug)]
pub(super) enum Back {
    Local,
    Internet,
    Peering(Id<Vpc>),
    Transit(Id<Vpc>),
    Gateway(Id<Gateway>),
}

/// Follows a reply along hops that were noted on the way there, from the last to the first.
///
/// ICMP other than an echo request asks for none. It is held to an echo's way back all the same: what is asked is whether two can talk.
pub(super) fn comes_back(
    reach: &Reach<'_>,
    hops: &[Hop],
    asked: Kind,
    src_port: Option<u16>,
    mut is_listed: impl FnMut(IpAddr, Id<PrefixList>) -> bool,
) -> Result<(), Stop> {
    for hop in hops.iter().rev() {
        if let Hop::Route { subnet, to, back } = *hop {
            leads_back(reach, subnet, to, back, |list| is_listed(to, list))?;
        }
    }
    some_port(reach.network, hops, true, asked.protocol, None)?;
    some_port(reach.network, hops, false, asked.protocol, src_port)
}

fn leads_back(
    reach: &Reach<'_>,
    subnet: Id<Subnet>,
    to: IpAddr,
    back: Back,
    is_listed: impl FnMut(Id<PrefixList>) -> bool,
) -> Result<(), Stop> {
    let Some(table) = reach.table_of(subnet) else { return Ok(()) };
    let targets = find::targets(reach.network, table, to, is_listed);
    if targets.iter().any(|target| leads(reach, target, subnet, back)) {
        return Ok(());
    }
    let why = match targets.first() {
        None => Why::NoRoute(to),
        Some(Target::Blackhole) => Why::Blackhole(to),
        Some(_) => Why::ReplyGoesElsewhere(to),
    };
    Err(Stop { verdict: Verdict::NoRoute, at: Some(Thing::Table(table)), why })
}

fn leads(reach: &Reach<'_>, target: &Target, subnet: Id<Subnet>, back: Back) -> bool {
    if reach.may_be_anything(target) {
        return true;
    }
    let here = reach.network.subnets[subnet].vpc;
    match (target, back) {
        (Target::Local, Back::Local) => true,
        (Target::Gateway(gateway), Back::Gateway(wanted)) => *gateway == wanted,
        (Target::Gateway(gateway), Back::Peering(there)) => reach.peered(*gateway, here, there),
        (Target::Gateway(gateway), back) => match (&reach.network.gateways[*gateway], back) {
            (Gateway::Internet(attached), Back::Internet) => *attached == Some(here),
            (Gateway::EgressOnly(_), Back::Internet) => false,
            (Gateway::Transit(vpcs), Back::Transit(there)) => vpcs.contains(&there),
            _ => false,
        },
        _ => false,
    }
}

/// Whether one port, the one given or any that a client chooses, passes every ACL: those that see a NAT gateway's port, or the others.
fn some_port(network: &Network, hops: &[Hop], nat: bool, protocol: u8, src_port: Option<u16>) -> Result<(), Stop> {
    let try_port = |port: u16| {
        let seen = hops.iter().rev().filter(|hop| matches!(hop, Hop::Acl { nat: of_nat, .. } if *of_nat == nat));
        seen.map(|hop| stops(network, hop, Kind { protocol, port })).find_map(|stop| stop)
    };
    let first = match (protocol, src_port) {
        (TCP | UDP, Some(port)) => try_port(port),
        (TCP | UDP, None) => try_port(CLIENT_PORTS.0),
        (ICMP | ICMP_V6, _) => try_port(u16::from(echo_reply(protocol)) << 8),
        _ => try_port(0),
    };
    let Some(stop) = first else { return Ok(()) };
    let choosing = matches!(protocol, TCP | UDP) && src_port.is_none();
    if choosing && telling_ports(network, hops, nat).into_iter().any(|port| try_port(port).is_none()) {
        return Ok(());
    }
    Err(stop)
}

/// Ports that stand for all others: between two of them no entry begins or ends.
fn telling_ports(network: &Network, hops: &[Hop], nat: bool) -> Vec<u16> {
    let seen = hops.iter().filter(|hop| matches!(hop, Hop::Acl { nat: of_nat, .. } if *of_nat == nat));
    let mut ports = Vec::new();
    for entry in seen.filter_map(|hop| entries(network, hop)).flatten() {
        if let Traffic::Ports { first, last, .. } = entry.traffic {
            ports.extend([Some(first), last.checked_add(1)].into_iter().flatten());
        }
    }
    ports.retain(|port| *port >= CLIENT_PORTS.0);
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn entries<'n>(network: &'n Network, hop: &Hop) -> Option<&'n [Entry]> {
    match *hop {
        Hop::Acl { acl: Some(acl), out: true, .. } => Some(&network.acls[acl].egress),
        Hop::Acl { acl: Some(acl), out: false, .. } => Some(&network.acls[acl].ingress),
        Hop::Acl { acl: None, .. } | Hop::Route { .. } => None,
    }
}

fn stops(network: &Network, hop: &Hop, kind: Kind) -> Option<Stop> {
    let Hop::Acl { acl: Some(acl), out, peer, .. } = *hop else { return None };
    if find::passes(entries(network, hop)?, kind, peer) {
        return None;
    }
    let why = if out { Why::AclOut(peer) } else { Why::AclIn(peer) };
    Some(Stop { verdict: Verdict::Denied, at: Some(Thing::Acl(acl)), why })
}
