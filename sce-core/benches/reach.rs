//! How long it takes to find all that the internet can reach, with a witness for each, in networks of 1,000 to 1,000,000 interfaces.
//!
//! The networks are synthetic and drawn from a fixed seed: 5,000 groups of 20 rules, 500 subnets, half of them public with a public
//! address for every interface, three to five groups around each. In one column every interface has a set of groups of its own, which is
//! the worst case; in the other the sets repeat, as they do where machines are launched from templates. Seconds are of one core, best of
//! three, and start when the facts are in memory.

use std::net::Ipv4Addr;
use std::time::Instant;

use sce_core::cidr::Cidr;
use sce_core::network::{
    Acl, Address, Destination, Entry, Gateway, Group, Holder, Id, Interface, Network, Origin, Peer, Place, Route,
    RouteTable, Rule, Subnet, Target, Traffic, Vpc,
};
use sce_core::reach::Reach;

const GROUPS: usize = 5_000;
const SUBNETS: u32 = 500;
const RUNS: usize = 3;
/// Sets of groups that the interfaces share when sets repeat.
const SETS: usize = 300;

#[expect(clippy::print_stdout, reason = "the figures are what the bench is run for")]
fn main() {
    for interfaces in [1_000, 10_000, 100_000, 1_000_000] {
        for repeat in [false, true] {
            let network = network(interfaces, repeat);
            let (mut index, mut best, mut found, mut shown) = (f64::INFINITY, f64::INFINITY, 0, 0);
            for _ in 0..RUNS {
                let start = Instant::now();
                let reach = Reach::of(&network);
                index = index.min(start.elapsed().as_secs_f64());
                let exposed = reach.exposed();
                best = best.min(start.elapsed().as_secs_f64());
                (found, shown) = (exposed.len(), exposed.iter().filter(|exposure| exposure.witness.is_some()).count());
            }
            println!(
                "reach, group sets {}: {interfaces} interfaces, {GROUPS} groups of 20 rules, {SUBNETS} subnets; {best:.4} s \
                 ({index:.4} s of it the index), {found} exposures, {shown} of them with a witness",
                if repeat { "repeat" } else { "are random" },
            );
        }
    }
}

/// Numbers that are good enough to draw networks from (Vigna, "splitmix64").
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit.max(1) as u64).unwrap_or(0)
    }

    fn bits(&mut self) -> u32 {
        u32::try_from(self.below(1 << 32)).unwrap_or(0)
    }
}

fn network(interfaces: usize, repeat: bool) -> Network {
    let mut dice = Dice(2026);
    let mut network = Network::default();
    let vpc = Vpc { blocks: vec![block(10, 8)], main_table: None, default_acl: None, account: None, region: None };
    let vpc = add(network.vpcs.add("vpc", vpc));
    let gateway = add(network.gateways.add("igw", Gateway::Internet(Some(vpc))));
    let everywhere = Destination::Block(cidr(0, 0));
    let out = Route { destination: everywhere, target: Target::Gateway(gateway), origin: Origin::Static };
    let public = add(network.route_tables.add("rtb-public", RouteTable { vpc, routes: vec![out] }));
    let main = add(network.route_tables.add("rtb-main", RouteTable { vpc, routes: Vec::new() }));
    network.vpcs.change(vpc).main_table = Some(main);
    let subnets: Vec<Id<Subnet>> = (0..SUBNETS)
        .map(|n| {
            let acl = add(network.acls.add(&format!("acl-{n}"), acl(&mut dice, vpc)));
            let table = n.is_multiple_of(2).then_some(public);
            let blocks = vec![cidr((10 << 24) | (n << 14), 18)];
            let subnet = Subnet { vpc, blocks, table, acl: Some(acl), public_on_launch: table.is_some() };
            add(network.subnets.add(&format!("subnet-{n}"), subnet))
        })
        .collect();
    let groups: Vec<Id<Group>> = (0..GROUPS)
        .map(|n| {
            let group = Group { vpc: Some(vpc), ingress: Vec::new(), egress: Vec::new() };
            add(network.groups.add(&format!("sg-{n}"), group))
        })
        .collect();
    for group in &groups {
        let rules: Vec<Rule> = (0..20).map(|_| rule(&mut dice, &groups)).collect();
        network.groups.change(*group).ingress = rules;
    }
    let sets: Vec<Box<[Id<Group>]>> = (0..SETS).map(|_| some_of(&mut dice, &groups)).collect();
    let mut hosts = vec![4_u32; subnets.len()];
    for n in 0..interfaces {
        let at = if repeat { n % subnets.len() } else { dice.below(subnets.len()) };
        hosts[at] += 1;
        let first = (10 << 24) | ((at as u32) << 14);
        let private = Place::At(Ipv4Addr::from_bits(first + hosts[at]).into());
        let public = at.is_multiple_of(2).then(|| Ipv4Addr::from_bits((52 << 24) + n as u32).into());
        // Machines of one template are in one subnet and have its groups.
        let groups = if repeat { sets[at % sets.len()].clone() } else { some_of(&mut dice, &groups) };
        let holder = Holder::Instance(format!("i-{n}").into());
        let addresses = vec![Address { private, public }];
        let interface = Interface { subnet: subnets[at], addresses, groups, checks_addresses: true, holder };
        add(network.interfaces.add(&format!("eni-{n}"), interface));
    }
    network
}

/// Nine entries: some denials of small blocks and ports, and then the usual.
fn acl(dice: &mut Dice, vpc: Id<Vpc>) -> Acl {
    let mut ingress: Vec<Entry> =
        (0..8).map(|n| Entry { number: n, allow: false, traffic: ports(dice), block: abroad(dice) }).collect();
    let all = Entry { number: 100, allow: true, traffic: Traffic::All, block: cidr(0, 0) };
    ingress.push(all.clone());
    Acl { vpc, ingress, egress: vec![all] }
}

/// Half of the rules name groups, a third a block inside, the rest blocks of the internet; one in a hundred the whole of it.
fn rule(dice: &mut Dice, groups: &[Id<Group>]) -> Rule {
    let peer = match dice.below(100) {
        0..50 => Peer::Group(groups[dice.below(groups.len())]),
        50..83 => Peer::Block(cidr((10 << 24) | (dice.bits() & 0x00ff_ff00), 24)),
        83..99 => Peer::Block(abroad(dice)),
        _ => Peer::Block(cidr(0, 0)),
    };
    Rule { traffic: ports(dice), peer }
}

fn ports(dice: &mut Dice) -> Traffic {
    let first = u16::try_from(dice.below(65_000)).unwrap_or(0);
    let last = first + u16::try_from(dice.below(500)).unwrap_or(0);
    Traffic::Ports { protocol: if dice.below(4) == 0 { 17 } else { 6 }, first, last }
}

/// A block of the internet, from 64.0.0.0 to 95.255.255.255, of 8 to 24 bits.
fn abroad(dice: &mut Dice) -> Cidr {
    let length = u8::try_from(8 + dice.below(17)).unwrap_or(8);
    let bits = (64 << 24) | (dice.bits() & 0x1fff_ffff);
    cidr(bits & (u32::MAX << (32 - length)), length)
}

fn some_of(dice: &mut Dice, groups: &[Id<Group>]) -> Box<[Id<Group>]> {
    (0..3 + dice.below(3)).map(|_| groups[dice.below(groups.len())]).collect()
}

fn block(first: u8, length: u8) -> Cidr {
    cidr(u32::from(first) << 24, length)
}

fn cidr(bits: u32, length: u8) -> Cidr {
    format!("{}/{length}", Ipv4Addr::from_bits(bits)).parse().expect("a block whose host bits are clear")
}

fn add<T>(added: Result<T, sce_core::network::Duplicate>) -> T {
    added.expect("names that are counted up are all different")
}
