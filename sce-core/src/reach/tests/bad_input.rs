//! What no sound account describes is answered all the same: in bounded time, and without a panic.

use std::net::{IpAddr, Ipv4Addr};

use crate::cidr::Cidr;
use crate::network::{
    Acl, Address, Destination, Entry, Gateway, Group, Holder, Id, Interface, Network, Origin, Peer, Place, Route,
    RouteTable, Rule, Subnet, Target, Traffic, Vpc,
};
use crate::reach::{Contact, Flow, Reach, Source, Vantage, Verdict};

fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn tcp(first: u16, last: u16) -> Traffic {
    Traffic::Ports { protocol: 6, first, last }
}

/// One VPC with a public subnet, and an interface in it with a public address and these groups.
fn one_host(rules: Vec<Rule>, acl: Option<Vec<Entry>>) -> Network {
    let mut network = Network::default();
    let vpc = add_vpc(&mut network, "vpc-1", "10.0.0.0/16", "203.0.113.5", "eni-1", rules);
    if let Some(entries) = acl {
        let acl = Acl { vpc, ingress: entries.clone(), egress: entries };
        let acl = network.acls.add("acl-1", acl).unwrap();
        network.vpcs.change(vpc).default_acl = Some(acl);
    }
    network
}

fn add_vpc(network: &mut Network, name: &str, block: &str, public: &str, eni: &str, ingress: Vec<Rule>) -> Id<Vpc> {
    let vpc = Vpc { blocks: vec![cidr(block)], main_table: None, default_acl: None, account: None, region: None };
    let vpc = network.vpcs.add(name, vpc).unwrap();
    let gateway = network.gateways.add(&format!("igw of {name}"), Gateway::Internet(Some(vpc))).unwrap();
    let out = Route {
        destination: Destination::Block(cidr("0.0.0.0/0")),
        target: Target::Gateway(gateway),
        origin: Origin::Static,
    };
    let table = network.route_tables.add(&format!("rtb of {name}"), RouteTable { vpc, routes: vec![out] }).unwrap();
    network.vpcs.change(vpc).main_table = Some(table);
    let egress = vec![Rule { traffic: Traffic::All, peer: Peer::Block(cidr("0.0.0.0/0")) }];
    let group = network.groups.add(&format!("sg of {name}"), Group { vpc: Some(vpc), ingress, egress }).unwrap();
    let subnet = Subnet { vpc, blocks: vec![cidr(block)], table: None, acl: None, public_on_launch: true };
    let subnet = network.subnets.add(&format!("subnet of {name}"), subnet).unwrap();
    let IpAddr::V4(first) = cidr(block).first() else { panic!("blocks are of IPv4") };
    let address =
        Address { private: Place::At(Ipv4Addr::from_bits(first.to_bits() + 10).into()), public: Some(ip(public)) };
    let holder = Holder::Instance(format!("i of {eni}").into());
    let groups = vec![group].into();
    let interface = Interface { subnet, addresses: vec![address], groups, checks_addresses: true, holder };
    network.interfaces.add(eni, interface).unwrap();
    vpc
}

fn ssh_from(source: &str, dst: &str) -> Flow {
    Flow { from: Source::Internet, src_ip: ip(source), dst_ip: ip(dst), protocol: 6, src_port: None, dst_port: 22 }
}

#[test]
fn backward_ports_match_nothing() {
    let backwards = Rule { traffic: tcp(443, 22), peer: Peer::Block(cidr("0.0.0.0/0")) };
    let network = one_host(vec![backwards], None);
    assert_eq!(Reach::of(&network).exposed(), []);
    assert_eq!(crate::reach::walk(&network, &ssh_from("198.51.100.1", "203.0.113.5")).verdict, Verdict::Denied);
}

#[test]
fn everywhere_in_every_field_is_one_exposure() {
    let open = Rule { traffic: Traffic::All, peer: Peer::Block(cidr("0.0.0.0/0")) };
    let entry = |number, allow| Entry { number, allow, traffic: Traffic::All, block: cidr("0.0.0.0/0") };
    let mut network = one_host(vec![open.clone(), open], Some(vec![entry(1, true), entry(2, false), entry(2, true)]));
    let vpc = network.vpcs.find("vpc-1").unwrap();
    network.vpcs.change(vpc).blocks = vec![cidr("0.0.0.0/0"), cidr("0.0.0.0/0"), cidr("::/0")];
    let reach = Reach::of(&network);
    // The static route for everything has taken the place of the local one, which is as long.
    let exposed = reach.exposed();
    assert_eq!(exposed.len(), 1, "{exposed:?}");
    assert_eq!((exposed[0].protocol().as_str(), exposed[0].port_range().as_str()), ("all", "0-65535"));
    assert_eq!(exposed[0].sources[..], [cidr("0.0.0.0/0")]);
}

#[test]
fn routes_to_nothing_lead_nowhere() {
    let mut network = one_host(vec![Rule { traffic: tcp(22, 22), peer: Peer::Block(cidr("0.0.0.0/0")) }], None);
    let unattached = network.gateways.add("igw-2", Gateway::Internet(None)).unwrap();
    let table = network.route_tables.find("rtb of vpc-1").unwrap();
    network.route_tables.change(table).routes[0].target = Target::Gateway(unattached);
    let reach = Reach::of(&network);
    let outcome = reach.walk(&ssh_from("198.51.100.1", "203.0.113.5"));
    assert_eq!(
        (outcome.verdict, outcome.arrives, outcome.blocked_at.as_deref()),
        (Verdict::NoRoute, true, Some("rtb of vpc-1"))
    );
    assert_eq!(reach.exposed(), []);
    network.route_tables.change(table).routes[0].target = Target::Unknown("what-1".into());
    // Anything may come of what is not understood.
    assert_eq!(Reach::of(&network).exposed().len(), 1);
}

#[test]
fn equal_addresses_in_two_networks_are_two_hosts() {
    let rule = |port| vec![Rule { traffic: tcp(port, port), peer: Peer::Block(cidr("0.0.0.0/0")) }];
    let mut network = Network::default();
    add_vpc(&mut network, "vpc-1", "10.0.0.0/16", "203.0.113.5", "eni-1", rule(22));
    add_vpc(&mut network, "vpc-2", "10.0.0.0/16", "203.0.113.6", "eni-2", rule(80));
    let reach = Reach::of(&network);
    let told: Vec<(&str, String)> = reach.exposed().iter().map(|e| (e.interface, e.port_range())).collect();
    assert_eq!(told, [("eni-1", "22-22".to_owned()), ("eni-2", "80-80".to_owned())]);
    let inside =
        Flow { from: Source::Id("eni-1".into()), dst_ip: ip("10.0.0.10"), ..ssh_from("10.0.0.10", "10.0.0.10") };
    assert_eq!(reach.walk(&inside).path.last().map(|id| &**id), Some("eni-1"));
}

#[test]
fn a_public_address_that_two_have_is_told_of_both() {
    let rule = || vec![Rule { traffic: tcp(22, 22), peer: Peer::Block(cidr("0.0.0.0/0")) }];
    let mut network = Network::default();
    add_vpc(&mut network, "vpc-1", "10.0.0.0/16", "203.0.113.5", "eni-1", rule());
    add_vpc(&mut network, "vpc-2", "10.1.0.0/16", "203.0.113.5", "eni-2", rule());
    let exposed = Reach::of(&network).exposed().len();
    assert_eq!(exposed, 2);
}

#[test]
fn a_hundred_thousand_groups_in_a_ring_are_answered() {
    const GROUPS: usize = 100_000;
    let mut network = one_host(Vec::new(), None);
    let vpc = network.vpcs.find("vpc-1");
    let groups: Vec<Id<Group>> = (0..GROUPS)
        .map(|n| {
            network.groups.add(&format!("sg-{n}"), Group { vpc, ingress: Vec::new(), egress: Vec::new() }).unwrap()
        })
        .collect();
    for (n, group) in groups.iter().enumerate() {
        let next = Rule { traffic: Traffic::All, peer: Peer::Group(groups[(n + 1) % GROUPS]) };
        let facts = network.groups.change(*group);
        (facts.ingress, facts.egress) = (vec![next.clone(), next.clone()], vec![next]);
    }
    let host = network.interfaces.find("eni-1").unwrap();
    network.interfaces.change(host).groups = groups.into();
    let reach = Reach::of(&network);
    assert_eq!(reach.exposed(), []);
    let around =
        Flow { from: Source::Id("eni-1".into()), dst_ip: ip("10.0.0.10"), ..ssh_from("10.0.0.10", "10.0.0.10") };
    assert_eq!(reach.walk(&around).verdict, Verdict::Delivered);
    assert!(reach.ways_out(Vantage::Interface(host), Contact::Deliver).is_empty());
}

#[test]
fn an_acl_beyond_all_bounds_is_taken_wider_and_answered() {
    let entry = |n: u16| Entry {
        number: n,
        allow: n.is_multiple_of(2),
        traffic: tcp(n % 977, 40_000 + n % 991),
        block: cidr(&format!("{}.{}.0.0/{}", 1 + n % 200, (n / 200) % 128 * 2, 15)),
    };
    let open = Rule { traffic: Traffic::All, peer: Peer::Block(cidr("0.0.0.0/0")) };
    let network = one_host(vec![open], Some((1..17_000).map(entry).collect()));
    assert!(!Reach::of(&network).from_internet(Contact::Deliver).is_empty());
}

#[test]
fn nothing_at_all_is_answered() {
    let network = Network::default();
    let reach = Reach::of(&network);
    let outcome = reach.walk(&ssh_from("198.51.100.1", "203.0.113.5"));
    assert_eq!((outcome.verdict, outcome.blocked_at), (Verdict::NoSuchHost, None));
    let nowhere = Flow { from: Source::Id("eni-9".into()), ..ssh_from("198.51.100.1", "203.0.113.5") };
    assert_eq!(reach.walk(&nowhere).verdict, Verdict::NoSuchHost);
    assert!(!reach.knows(&nowhere.from));
    assert_eq!((reach.exposed().len(), reach.closure(Contact::Deliver).len()), (0, 0));
}
