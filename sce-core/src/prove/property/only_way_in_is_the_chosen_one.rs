//! The only way in is the one that the spec chose, from where it allows (L425-L430, C10).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Examined, Grounds, Property, PropertyId, ROUTERS, standard};
use crate::cidr::Cidr;
use crate::network::{Holder, Id, Interface};
use crate::prove::Counter;
use crate::reach::{Contact, Exit, Exposure, Flow, Vantage, Way};
use crate::spec::{AccessMode, NamedRange};

pub(super) static PROPERTY: Property = Property {
    id: PropertyId("only-way-in-is-the-chosen-one"),
    claim: "The only way in over the network is the chosen access mode, from the allowed ranges",
    quantifier: "every sender on the internet and behind every gateway, every packet header, every interface of the environment; and \
        from every host that these reach, whoever has taken it over, every packet to every other",
    assumptions: &[
        ROUTERS,
        "whoever gets in by the chosen way is let on by the private machine as a person of the spec, and from there reaches what \
         that machine reaches",
    ],
    outside_claim: &[
        "Session Manager, which needs no way in over the network: IAM decides who opens a session",
        "the EC2 serial console, which IAM and the account's settings decide on",
    ],
    cfr: &[standard("164.312(a)(1)"), standard("164.312(d)"), standard("164.312(e)(1)")],
    required: |_| true,
    examine,
};

const SSH: (u16, u16) = (22, 22);
const TCP: (u8, u8) = (6, 6);
const BASTION: &str = "instance-bastion";
const PRIVATE: &str = "instance-private";

/// Ways into a VPC that are no packets to an interface from its internet gateway, and whether a model would show them.
const OTHER_WAYS: [(&str, Seen); 12] = [
    ("AWS Client VPN", Seen::Not),
    ("site-to-site VPN, Direct Connect, transit gateway, peering, Cloud WAN", Seen::AsRoute),
    ("load balancers (ALB, NLB, CLB) with targets in the private subnet", Seen::Not),
    ("AWS Global Accelerator", Seen::Not),
    ("CloudFront VPC origins", Seen::Not),
    ("API Gateway VPC links", Seen::Not),
    ("VPC Lattice", Seen::Not),
    ("endpoint services over PrivateLink", Seen::Not),
    ("AWS Verified Access", Seen::Not),
    ("RDS databases with a public address", Seen::AsInterface),
    ("interfaces of Lambda, ECS and other services", Seen::Not),
    ("subnets shared with other accounts by RAM", Seen::Not),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// It leads nowhere without a route, and routes are seen.
    AsRoute,
    /// It is an interface, and those are followed.
    AsInterface,
    /// The model has no kind for it.
    Not,
}

fn examine(grounds: &Grounds<'_>) -> Examined {
    let private = grounds.private_subnets();
    if private.is_empty() {
        return Examined::unknown("the model has no private subnet");
    }
    let exposed = grounds.reach.from_internet(Contact::Deliver);
    let counter_example = from_the_internet(grounds, &exposed)
        .or_else(|| from_host_to_host(grounds, &exposed))
        .or_else(|| from_behind_gateways(grounds));
    let connect = grounds.intent.declared.access.mode == AccessMode::InstanceConnect;
    let holding = match exposed.as_slice() {
        [] if connect => {
            "nothing on the internet gets a packet to any interface; who comes through the Instance Connect endpoint \
            is IAM's to say, and is not looked at here"
                .to_owned()
        }
        [] => "nothing on the internet gets a packet to any interface".to_owned(),
        _ => format!("internet → {BASTION} tcp 22 from the allowed ranges → {PRIVATE} tcp 22, and no other"),
    };
    Examined::of(counter_example, &grounds.unread_network(), holding).outside(other_ways(grounds))
}

/// Something that the internet reaches and that is not the bastion's ssh, from the allowed ranges.
fn from_the_internet(grounds: &Grounds<'_>, exposed: &[Exposure<'_>]) -> Option<Counter> {
    exposed.iter().find(|exposure| !is_chosen(grounds, exposure)).map(|exposure| {
        let witness = exposure.witness.as_ref().and_then(|flow| grounds.replayed(flow));
        let (protocol, ports, interface) = (exposure.protocol(), exposure.port_range(), exposure.interface);
        let from: Vec<String> = exposure.sources.iter().take(3).map(ToString::to_string).collect();
        let why = format!("{interface} is reached at {protocol} {ports} from {}, which nobody chose", from.join(", "));
        (why, witness)
    })
}

fn is_chosen(grounds: &Grounds<'_>, exposure: &Exposure<'_>) -> bool {
    let access = &grounds.intent.declared.access;
    access.mode == AccessMode::Bastion
        && exposure.interface == BASTION
        && (exposure.protocols, exposure.ports) == (TCP, SSH)
        && exposure.sources.iter().all(|source| is_allowed(&access.allow, source))
}

/// Whether every address of the source lies in one of the ranges: two that lie beside each other may be told as one.
fn is_allowed(ranges: &[NamedRange], source: &Cidr) -> bool {
    let mut inside: Vec<&Cidr> =
        ranges.iter().map(|range| &range.cidr).filter(|range| range.overlaps(source)).collect();
    inside.sort_by_key(|range| range.first());
    let mut next = Some(source.first());
    for range in inside {
        let Some(address) = next.filter(|next| *next <= source.last()) else { break };
        if range.first() > address {
            return false;
        }
        next = if range.last() >= address { following(range.last()) } else { Some(address) };
    }
    next.is_none_or(|next| next > source.last())
}

/// The address after this one; none after the last.
fn following(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => address.to_bits().checked_add(1).map(|bits| Ipv4Addr::from_bits(bits).into()),
        IpAddr::V6(address) => address.to_bits().checked_add(1).map(|bits| Ipv6Addr::from_bits(bits).into()),
    }
}

/// From what the internet reaches, on to something else than ssh of the private machine.
fn from_host_to_host(grounds: &Grounds<'_>, exposed: &[Exposure<'_>]) -> Option<Counter> {
    let network = grounds.network;
    let can_be_taken =
        |id: &Id<Interface>| !matches!(network.interfaces[*id].holder, Holder::NatGateway(_) | Holder::Endpoint(_));
    let others: Vec<Id<Interface>> = network.interfaces.iter().map(|(id, _)| id).filter(can_be_taken).collect();
    exposed.iter().find_map(|exposure| {
        let others: Vec<Id<Interface>> = others.iter().copied().filter(|id| *id != exposure.id).collect();
        let ways = grounds.reach.ways_to(Vantage::Interface(exposure.id), &others, Contact::Deliver);
        ways.into_iter().find(|way| !is_second_hop(grounds, way)).map(|way| {
            let witness = way.witness.and_then(|flow| grounds.replayed(&beside_ssh(flow, &way.headers)));
            let to = match way.to {
                Exit::Interface(id) => network.interfaces.name(id),
                _ => "another host",
            };
            (format!("who takes {} over gets from it to {to} otherwise than by ssh", exposure.interface), witness)
        })
    })
}

fn is_second_hop(grounds: &Grounds<'_>, way: &Way) -> bool {
    let is_private = matches!(&way.to, Exit::Interface(id) if grounds.network.interfaces.name(*id) == PRIVATE);
    is_private && way.headers.iter().all(|headers| (headers.protocols, headers.ports) == (TCP, SSH))
}

/// Of a way that has ssh and more, the more.
fn beside_ssh(flow: Flow, headers: &[crate::reach::Headers]) -> Flow {
    if (flow.protocol, flow.dst_port) != (TCP.0, SSH.0) {
        return flow;
    }
    let more = headers.iter().find_map(|headers| {
        let protocol =
            if headers.protocols.0 <= TCP.0 && TCP.0 <= headers.protocols.1 { TCP.0 } else { headers.protocols.0 };
        let (first, last) = headers.ports;
        let port = [first, last].into_iter().find(|port| (protocol, *port) != (TCP.0, SSH.0))?;
        Some((protocol, port))
    });
    match more {
        Some((protocol, dst_port)) => Flow { protocol, dst_port, ..flow },
        None => flow,
    }
}

/// From beyond a gateway that is not the internet's.
fn from_behind_gateways(grounds: &Grounds<'_>) -> Option<Counter> {
    let (network, private) = (grounds.network, grounds.interfaces_in(&grounds.private_subnets()));
    network.gateways.iter().find_map(|(id, _)| {
        let ways = grounds.reach.ways_to(Vantage::Gateway(id), &private, Contact::Deliver);
        ways.into_iter().next().map(|way| {
            let witness = way.witness.and_then(|flow| grounds.replayed(&flow));
            (format!("what lies behind {} reaches the private subnet", network.gateways.name(id)), witness)
        })
    })
}

/// An endpoint through which AWS lets in whomever IAM allows: no packet of its users' crosses a gateway.
fn connect_endpoint(grounds: &Grounds<'_>) -> Vec<String> {
    let what = "EC2 Instance Connect Endpoint";
    let there: Vec<String> = grounds
        .model
        .instance_connect_endpoints()
        .map(|(thing, _)| {
            format!("{what} `{}` is the environment's own: IAM decides who opens a tunnel", thing.label())
        })
        .collect();
    if there.is_empty() {
        return vec![format!("{what}: the plan makes none, and a model does not show whether somebody else did")];
    }
    there
}

fn other_ways(grounds: &Grounds<'_>) -> Vec<String> {
    let mut outside: Vec<String> = OTHER_WAYS
        .iter()
        .map(|(what, seen)| match seen {
            Seen::AsRoute => format!("{what}: ruled out as far as routes of the model show"),
            Seen::AsInterface => format!("{what}: followed as an interface like any other"),
            Seen::Not => format!("{what}: no plan makes one, and a model does not show whether somebody else did"),
        })
        .chain(connect_endpoint(grounds))
        .collect();
    let seen = grounds.network.ways_around.iter();
    outside.extend(seen.map(|way| format!("{} `{}` is there: what it lets in is not followed", way.kind, way.name)));
    outside
}

#[cfg(test)]
mod tests {
    use crate::prove::Status;
    use crate::prove::testing::{Scene, flow_of, tcp};

    const ID: &str = "only-way-in-is-the-chosen-one";

    #[test]
    fn it_holds_of_every_mode_and_tells_what_it_cannot_see() {
        for scene in [Scene::machine(), Scene::shut(), Scene::bastion()] {
            let proof = scene.proof(ID);
            assert_eq!(proof.status, Status::Holds, "{}", proof.why);
            assert!(proof.outside_claim.iter().any(|told| told.contains("Global Accelerator")));
        }
        assert!(Scene::bastion().proof(ID).why.contains("instance-bastion tcp 22"));
    }

    #[test]
    fn ranges_beside_each_other_are_allowed_together_and_no_further() {
        use super::is_allowed;
        use crate::spec::NamedRange;
        let range = |cidr: &str| NamedRange { name: "a".to_owned(), cidr: cidr.parse().unwrap() };
        let ranges = [range("20.0.1.0/24"), range("20.0.0.0/24"), range("20.0.3.0/24"), range("2001:db8::/33")];
        let allowed = |source: &str| is_allowed(&ranges, &source.parse().unwrap());
        assert!(allowed("20.0.0.0/23") && allowed("20.0.1.128/25") && allowed("2001:db8::/33"));
        assert!(
            !allowed("20.0.0.0/22") && !allowed("20.0.2.0/23") && !allowed("2001:db8::/32") && !allowed("9.0.0.0/8")
        );
        assert!(is_allowed(&[range("128.0.0.0/1"), range("0.0.0.0/1")], &"0.0.0.0/0".parse().unwrap()));
    }

    #[test]
    fn a_wider_range_is_not_the_chosen_one() {
        let mut scene = Scene::bastion();
        scene.security_group("security-group-bastion").ingress.insert(tcp(22, "140.0.0.0/8"));
        scene.network_acl("network-acl-public").ingress.insert(10, Scene::open_entry());
        let proof = scene.proof(ID);
        let (flow, _) = flow_of(&proof);
        assert_eq!((proof.status, flow.dst_port), (Status::Violated, 22));
        assert!(proof.why.contains("instance-bastion"), "{}", proof.why);
    }

    #[test]
    fn from_the_bastion_nothing_is_reached_but_ssh() {
        let mut scene = Scene::bastion();
        let to_private = tcp(5432, "10.0.0.0/16");
        scene.security_group("security-group-bastion").egress.insert(to_private);
        scene.security_group("security-group-private").ingress.insert(tcp(5432, "10.0.0.0/16"));
        scene.network_acl("network-acl-public").egress.insert(10, Scene::open_entry());
        scene.network_acl("network-acl-private").ingress.insert(10, Scene::open_entry());
        let proof = scene.proof(ID);
        let (flow, outcome) = flow_of(&proof);
        assert_eq!((proof.status, flow.dst_port), (Status::Violated, 5432), "{}", proof.why);
        assert_eq!(flow.from.to_string(), "instance-bastion");
        assert!(outcome.arrives);
    }
}
