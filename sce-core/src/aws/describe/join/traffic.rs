//! Protocols and ports as groups and network ACLs write them.

use crate::network::{self, Traffic};

use super::super::record::{Entry, Permission};
use super::super::wire::{Port, Protocol};
use super::all_blocks;

/// What a permission of a group is about: an end that is missing or `-1` is open.
pub(super) fn of_permission(permission: &Permission<'_>) -> Traffic {
    of(permission.ip_protocol, permission.from_port, permission.to_port, (permission.from_port, permission.to_port))
}

/// What an entry of a network ACL is about; ICMP's type and code have a member of their own.
pub(super) fn of_entry(entry: &Entry) -> Traffic {
    let (first, last) = entry.port_range.as_ref().map_or((None, None), |range| (range.from, range.to));
    let icmp = entry.icmp_type_code.as_ref().map_or((None, None), |icmp| (icmp.r#type, icmp.code));
    of(entry.protocol, first, last, icmp)
}

/// Whether an entry about ports does not tell which: AWS always writes both ends.
pub(super) fn lacks_ports(entry: &Entry) -> bool {
    let told = entry.port_range.as_ref().is_some_and(|range| range.from.is_some() && range.to.is_some());
    matches!(entry.protocol.0, Some(6 | 17)) && !told
}

/// Entries that let everything pass.
pub(super) fn allowed() -> Vec<network::Entry> {
    let entry = |block| network::Entry { number: 1, allow: true, traffic: Traffic::All, block };
    all_blocks().map(entry).collect()
}

fn of(protocol: Protocol, first: Option<Port>, last: Option<Port>, icmp: (Option<Port>, Option<Port>)) -> Traffic {
    let end = |port: Option<Port>| port.and_then(|port| port.0);
    match protocol.0 {
        None => Traffic::All,
        Some(protocol @ (6 | 17)) => {
            let (first, last) = (end(first).unwrap_or(u16::MIN), end(last).unwrap_or(u16::MAX));
            Traffic::Ports { protocol, first, last }
        }
        Some(protocol @ (1 | 58)) => {
            let byte = |port| end(port).map(u8::try_from);
            match (byte(icmp.0).transpose(), byte(icmp.1).transpose()) {
                (Ok(kind), Ok(code)) => Traffic::Icmp { protocol, kind, code },
                // A type beyond 255 is none; a code without a type matches nothing.
                _ => Traffic::Icmp { protocol, kind: None, code: Some(u8::MAX) },
            }
        }
        Some(other) => Traffic::Protocol(other),
    }
}
