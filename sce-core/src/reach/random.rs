//! Random small networks, in which addresses, ports and ids are few, so that things meet.

use std::net::{IpAddr, Ipv4Addr};

use crate::cidr::Cidr;
use crate::network::{
    Acl, Address, Destination, Endpoint, Entry, Gateway, Group, Holder, Id, Interface, Nat, Network, Origin, Peer,
    Peering, Place, PrefixList, Route, RouteTable, Rule, Subnet, Target, Traffic, Vpc,
};
use crate::reach::{Flow, Source};

/// A generator of numbers that is good enough for tests (Vigna, "splitmix64").
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }

    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

const PORTS: [u16; 9] = [0, 22, 80, 443, 1023, 1024, 2000, 50_000, 65_535];

fn block(text: &str) -> Cidr {
    text.parse().unwrap()
}

fn v4(text: &str) -> IpAddr {
    text.parse().unwrap()
}

const BLOCKS: [&str; 14] = [
    "0.0.0.0/0",
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.0/24",
    "10.0.0.0/26",
    "10.0.1.0/24",
    "10.0.1.64/26",
    "10.0.0.4/32",
    "198.51.100.0/24",
    "198.51.100.0/25",
    "203.0.113.0/24",
    "203.0.113.7/32",
    "52.0.0.0/8",
    "52.1.0.0/16",
];

/// A network of two or three VPCs, the first two of which may have the same block.
pub(crate) fn network(dice: &mut Dice) -> Network {
    let mut network = Network::default();
    let blocks = ["10.0.0.0/24", dice.pick(&["10.0.1.0/24", "10.0.0.0/24"]), "10.0.2.0/24"];
    let vpcs: Vec<Id<Vpc>> = (0..2 + dice.below(2))
        .map(|n| {
            let vpc = Vpc {
                blocks: vec![block(blocks[n])],
                main_table: None,
                default_acl: None,
                account: None,
                region: None,
            };
            network.vpcs.add(&format!("vpc-{n}"), vpc).unwrap()
        })
        .collect();
    let read = !dice.one_in(3);
    let lists = [
        network.prefix_lists.add(
            "pl-s3",
            PrefixList {
                service: Some("s3".into()),
                entries: read.then(|| vec![block("52.1.0.0/16"), block("52.2.0.0/15")]),
            },
        ),
        network.prefix_lists.add("pl-own", PrefixList { service: None, entries: Some(vec![block("203.0.113.0/28")]) }),
    ]
    .map(Result::unwrap);
    for (n, vpc) in vpcs.iter().enumerate() {
        let traffic_acl = acl(dice, *vpc);
        let default_acl =
            (!dice.one_in(3)).then(|| network.acls.add(&format!("acl-default-{n}"), traffic_acl).unwrap());
        network.vpcs.change(*vpc).default_acl = default_acl;
        let main = network.route_tables.add(&format!("rtb-main-{n}"), RouteTable { vpc: *vpc, routes: Vec::new() });
        network.vpcs.change(*vpc).main_table = main.ok().filter(|_| !dice.one_in(12));
    }
    let mut subnets = Vec::new();
    for (n, vpc) in vpcs.iter().enumerate() {
        for part in 0..1 + dice.below(3) {
            let prefix = blocks[n].strip_suffix(".0/24").unwrap();
            let own_acl = acl(dice, *vpc);
            let acl = dice.one_in(2).then(|| network.acls.add(&format!("acl-{n}-{part}"), own_acl).unwrap());
            let table = RouteTable { vpc: *vpc, routes: Vec::new() };
            let table = dice.one_in(2).then(|| network.route_tables.add(&format!("rtb-{n}-{part}"), table).unwrap());
            let blocks = vec![block(&format!("{prefix}.{}/26", part * 64))];
            let subnet = Subnet { vpc: *vpc, blocks, table, acl, public_on_launch: dice.one_in(3) };
            subnets.push(network.subnets.add(&format!("subnet-{n}-{part}"), subnet).unwrap());
        }
    }
    let gateways = gateways(dice, &mut network, &vpcs, &subnets);
    let groups = groups(dice, &mut network, &vpcs, &lists);
    interfaces(dice, &mut network, &subnets, &groups);
    let tables: Vec<Id<RouteTable>> = network.route_tables.iter().map(|(id, _)| id).collect();
    for table in tables {
        let routes: Vec<Route> = (0..dice.below(5)).map(|_| route(dice, &network, &gateways, &lists)).collect();
        network.route_tables.change(table).routes = routes;
        if dice.one_in(2) {
            let vpc = network.route_tables[table].vpc;
            let fitting = |id: &&Id<Gateway>| match &network.gateways[**id] {
                Gateway::Internet(attached) => *attached == Some(vpc),
                Gateway::Nat(nat) => network.subnets[nat.subnet].vpc == vpc,
                _ => false,
            };
            let fitting: Vec<Id<Gateway>> = gateways.iter().filter(fitting).copied().collect();
            if !fitting.is_empty() {
                let target = Target::Gateway(dice.pick(&fitting));
                let destination = Destination::Block(block("0.0.0.0/0"));
                network.route_tables.change(table).routes.push(Route { destination, target, origin: Origin::Static });
            }
        }
    }
    network
}

fn gateways(dice: &mut Dice, network: &mut Network, vpcs: &[Id<Vpc>], subnets: &[Id<Subnet>]) -> Vec<Id<Gateway>> {
    let mut gateways = Vec::new();
    let mut add = |network: &mut Network, name: String, gateway: Gateway| {
        gateways.push(network.gateways.add(&name, gateway).unwrap());
    };
    for (n, vpc) in vpcs.iter().enumerate() {
        add(network, format!("igw-{n}"), Gateway::Internet((!dice.one_in(6)).then_some(*vpc)));
        let subnet = dice.pick(subnets);
        let host = u32::from(64 - 2 - n as u8);
        let IpAddr::V4(first) = network.subnets[subnet].blocks[0].first() else { unreachable!("blocks are of IPv4") };
        let private = Place::At(Ipv4Addr::from_bits(first.to_bits() + host).into());
        let public = (!dice.one_in(4)).then(|| v4(&format!("198.51.100.{}", 20 + n)));
        add(network, format!("nat-{n}"), Gateway::Nat(Nat { subnet, private, public }));
        add(network, format!("vpce-{n}"), Gateway::Endpoint(Endpoint { vpc: *vpc, service: "s3".into() }));
        add(network, format!("vgw-{n}"), Gateway::VirtualPrivate(Some(*vpc)));
    }
    let side = (!dice.one_in(4)).then_some(vpcs[1]);
    add(
        network,
        "pcx-1".to_owned(),
        Gateway::Peering(Peering { sides: [Some(vpcs[0]), side], active: !dice.one_in(5) }),
    );
    let attached = vpcs.iter().filter(|_| !dice.one_in(3)).copied().collect();
    add(network, "tgw-1".to_owned(), Gateway::Transit(attached));
    gateways
}

fn groups(dice: &mut Dice, network: &mut Network, vpcs: &[Id<Vpc>], lists: &[Id<PrefixList>]) -> Vec<Id<Group>> {
    let groups: Vec<Id<Group>> = (0..4)
        .map(|n| {
            let vpc = (!dice.one_in(8)).then(|| dice.pick(vpcs));
            network.groups.add(&format!("sg-{n}"), Group { vpc, ingress: Vec::new(), egress: Vec::new() }).unwrap()
        })
        .collect();
    for group in &groups {
        let ingress = (0..dice.below(4)).map(|_| rule(dice, &groups, lists)).collect();
        let mut egress: Vec<Rule> = (0..dice.below(4)).map(|_| rule(dice, &groups, lists)).collect();
        if dice.one_in(2) {
            egress.push(Rule { traffic: Traffic::All, peer: Peer::Block(block("0.0.0.0/0")) });
        }
        let facts = network.groups.change(*group);
        (facts.ingress, facts.egress) = (ingress, egress);
    }
    groups
}

fn rule(dice: &mut Dice, groups: &[Id<Group>], lists: &[Id<PrefixList>]) -> Rule {
    let peer = match dice.below(8) {
        0 | 1 => Peer::Group(dice.pick(groups)),
        2 => Peer::List(dice.pick(lists)),
        3 if dice.one_in(4) => Peer::Foreign("sg-elsewhere".into()),
        _ => Peer::Block(block(dice.pick(&BLOCKS))),
    };
    Rule { traffic: traffic(dice), peer }
}

fn traffic(dice: &mut Dice) -> Traffic {
    match dice.below(8) {
        0 | 1 => Traffic::All,
        2 => Traffic::Icmp {
            protocol: 1,
            kind: dice.pick(&[None, Some(8), Some(0), Some(3)]),
            code: dice.pick(&[None, None, Some(0), Some(4)]),
        },
        3 => Traffic::Protocol(dice.pick(&[47, 50])),
        _ => {
            let (first, last) = (dice.pick(&PORTS), dice.pick(&PORTS));
            // Now and then backwards, which matches nothing.
            let (first, last) = if first > last && !dice.one_in(8) { (last, first) } else { (first, last) };
            Traffic::Ports { protocol: dice.pick(&[6, 6, 17]), first, last }
        }
    }
}

fn acl(dice: &mut Dice, vpc: Id<Vpc>) -> Acl {
    let mut entries = |dice: &mut Dice| {
        let mut entries: Vec<Entry> = (0..dice.below(5))
            .map(|n| Entry {
                number: n as u16,
                allow: !dice.one_in(3),
                traffic: traffic(dice),
                block: block(dice.pick(&BLOCKS)),
            })
            .collect();
        if !dice.one_in(3) {
            entries.push(Entry { number: 100, allow: true, traffic: Traffic::All, block: block("0.0.0.0/0") });
        }
        entries
    };
    Acl { vpc, ingress: entries(dice), egress: entries(dice) }
}

fn interfaces(dice: &mut Dice, network: &mut Network, subnets: &[Id<Subnet>], groups: &[Id<Group>]) {
    for n in 0..3 + dice.below(6) {
        let subnet = dice.pick(subnets);
        let whole = network.subnets[subnet].blocks[0];
        let IpAddr::V4(first) = whole.first() else { unreachable!("blocks are of IPv4") };
        let private = match dice.one_in(3) {
            true => Place::Within(whole),
            false => Place::At(Ipv4Addr::from_bits(first.to_bits() + 4 + n as u32).into()),
        };
        let public = dice.one_in(2).then(|| v4(&format!("198.51.100.{}", n + 1)));
        let groups: Vec<Id<Group>> = groups.iter().filter(|_| dice.one_in(2)).copied().collect();
        let holder = match dice.below(6) {
            0 => Holder::Endpoint("vpce-interface".into()),
            1 => Holder::Other("load balancer".into()),
            _ => Holder::Instance(format!("i-{n}").into()),
        };
        let addresses = vec![Address { private, public }];
        let checks_addresses = !dice.one_in(5);
        let interface = Interface { subnet, addresses, groups: groups.into(), checks_addresses, holder };
        network.interfaces.add(&format!("eni-{n}"), interface).unwrap();
    }
}

fn route(dice: &mut Dice, network: &Network, gateways: &[Id<Gateway>], lists: &[Id<PrefixList>]) -> Route {
    let destination = match dice.below(5) {
        0 => Destination::List(dice.pick(lists)),
        _ => Destination::Block(block(dice.pick(&BLOCKS))),
    };
    let interfaces: Vec<Id<Interface>> = network.interfaces.iter().map(|(id, _)| id).collect();
    let target = match dice.below(10) {
        0 => Target::Blackhole,
        1 if dice.one_in(2) => Target::Unknown("cagw-1".into()),
        2 => Target::Interface(dice.pick(&interfaces)),
        3 => Target::Local,
        _ => Target::Gateway(dice.pick(gateways)),
    };
    Route { destination, target, origin: if dice.one_in(4) { Origin::Propagated } else { Origin::Static } }
}

/// A flow whose addresses and ports are those the network speaks of, or next to them.
pub(crate) fn flow(dice: &mut Dice, from: Source) -> Flow {
    let address = |dice: &mut Dice| {
        let fixed = ["203.0.113.7", "203.0.113.99", "52.1.2.3", "52.3.0.1", "8.8.8.8", "10.0.0.2", "198.51.100.20"];
        match dice.below(4) {
            0 => v4(dice.pick(&fixed)),
            1 => v4(&format!("198.51.100.{}", 1 + dice.below(10))),
            _ => v4(&format!("10.0.{}.{}", dice.below(3), dice.pick(&[0_usize, 64, 128]) + dice.below(14))),
        }
    };
    let protocol = dice.pick(&[6, 6, 6, 17, 1, 47, 50]);
    let dst_port = match protocol {
        6 | 17 => dice.pick(&PORTS).wrapping_add(dice.pick(&[0, 0, 1, u16::MAX])),
        1 => dice.pick(&[0x0800, 0x0000, 0x0300, 0x0304]),
        _ => 0,
    };
    Flow { from, src_ip: address(dice), dst_ip: address(dice), protocol, src_port: None, dst_port }
}
