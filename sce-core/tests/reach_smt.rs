//! What reaches what, held to formulas in SMT-LIB that Z3 decides.
//!
//! The formulas say what AWS documents (VPC guide: route priority, network ACLs, internet gateways, NAT gateways, peering; EC2 guide:
//! security groups) in terms of nothing but a packet's bits, and share no code with the engines under test: a route wins if it matches
//! and none that beats it does; an entry decides if it matches and none before it does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sce_core::cidr::Cidr;
use sce_core::network::{
    Acl, Address, Destination, Entry, Gateway, Group, Holder, Id, Interface, Nat, Network, Origin, Peer, Peering,
    Place, Route, RouteTable, Rule, Subnet, Target, Traffic, Vpc,
};
use sce_core::reach::{Contact, Exit, Flow, Reach, Source, Vantage, Verdict};

const NETWORKS: u64 = 60;

#[test]
fn sets_and_walk_agree_with_z3() {
    let Some(z3) = z3() else { return };
    let (mut reached, mut cut_off) = (0, 0);
    for seed in 0..NETWORKS {
        let network = network(&mut Dice(seed));
        let questions = questions(&network);
        let answers = decide(&z3, &network, &questions);
        assert_eq!(answers.len(), questions.len(), "seed {seed}: Z3 answers every question");
        let reach = Reach::of(&network);
        for (question, answer) in questions.iter().zip(&answers) {
            let sets = !ways(&reach, question).is_empty();
            assert_eq!(sets, answer.is_some(), "seed {seed}: {question:?}, where Z3 finds {answer:?}");
            let Some(flow) = answer else {
                cut_off += 1;
                continue;
            };
            reached += 1;
            let outcome = reach.walk(&flow_of(&network, question, flow));
            let arrives = match question.contact {
                Contact::Deliver => outcome.arrives,
                Contact::Connect => matches!(outcome.verdict, Verdict::Delivered | Verdict::LeavesNetwork),
            };
            assert!(arrives, "seed {seed}: {question:?} by {flow:?}: {outcome:?}");
        }
    }
    assert!(reached > 300 && cut_off > 300, "both answers are frequent: {reached} reached, {cut_off} cut off");
}

/// Whether a packet can get from here to there.
#[derive(Clone, Copy, Debug)]
struct Question {
    /// None is the internet.
    from: Option<Id<Interface>>,
    /// None is the internet.
    to: Option<Id<Interface>>,
    contact: Contact,
}

/// What Z3 found.
#[derive(Clone, Copy, Debug)]
struct Packet {
    src: u32,
    dst: u32,
    protocol: u8,
    port: u16,
    client: u16,
}

fn ways(reach: &Reach<'_>, question: &Question) -> Vec<Option<Flow>> {
    let from = question.from.map_or(Vantage::Internet, Vantage::Interface);
    let ways = match question.to {
        Some(to) => reach.ways_to(from, &[to], question.contact),
        None => {
            let mut ways = reach.ways_out(from, question.contact);
            ways.retain(|way| matches!(way.to, Exit::Internet { .. }));
            ways
        }
    };
    assert!(ways.iter().all(|way| way.witness.is_some()), "{question:?}: a way without a witness");
    ways.into_iter().map(|way| way.witness).collect()
}

fn questions(network: &Network) -> Vec<Question> {
    let places = || network.interfaces.iter().map(|(id, _)| Some(id)).chain([None]);
    let pairs = places().flat_map(|from| places().map(move |to| (from, to))).filter(|(from, to)| from != to);
    let both = [Contact::Deliver, Contact::Connect];
    pairs.flat_map(|(from, to)| both.map(|contact| Question { from, to, contact })).collect()
}

fn flow_of(network: &Network, question: &Question, packet: &Packet) -> Flow {
    let from = question.from.map_or(Source::Internet, |id| Source::Id(network.interfaces.name(id).into()));
    let address = |bits: u32| IpAddr::from(Ipv4Addr::from_bits(bits));
    let ports = matches!(packet.protocol, 6 | 17);
    Flow {
        from,
        src_ip: address(packet.src),
        dst_ip: address(packet.dst),
        protocol: packet.protocol,
        src_port: (ports && question.contact == Contact::Connect).then_some(packet.client),
        dst_port: packet.port,
    }
}

// Z3

/// The program that `tools/emulators.py install` puts into `.sce/venv`, or the machine's own; or the reason why there is none, told.
fn z3() -> Option<PathBuf> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sce/venv/bin/z3");
    let runs = |program: &PathBuf| Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok();
    let found = [ours, PathBuf::from("z3")].into_iter().find(runs);
    if found.is_none() {
        assert!(
            std::env::var_os("SCE_NO_SKIP").is_none(),
            "there is no z3: `python3 tools/emulators.py install` brings it"
        );
        let mut stderr = std::io::stderr();
        writeln!(stderr, "\nskipped: reachability beside Z3, since there is no z3 in .sce/venv or on the path\n")
            .unwrap();
    }
    found
}

fn decide(z3: &Path, network: &Network, questions: &[Question]) -> Vec<Option<Packet>> {
    let mut child =
        Command::new(z3).args(["-in", "-smt2"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut text = preamble(network);
    for question in questions {
        let formula = formula(network, question);
        writeln!(text, "(push)\n(assert {formula})\n(check-sat)").unwrap();
        // A model is asked for whether or not there is one, in full: what does not matter is some number too.
        for name in ["src", "dst", "protocol", "port", "client"] {
            writeln!(text, "(eval {name} :completion true)").unwrap();
        }
        writeln!(text, "(pop)").unwrap();
    }
    // Z3 answers while it reads, so somebody else must write.
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let mut answers = Vec::new();
    let mut lines = output.lines();
    while let Some(line) = lines.next() {
        match line {
            "sat" => {
                let mut bits = || u32::from_str_radix(lines.next().unwrap().strip_prefix("#x").unwrap(), 16).unwrap();
                let (src, dst) = (bits(), bits());
                let (protocol, port, client) = (bits() as u8, bits() as u16, bits() as u16);
                answers.push(Some(Packet { src, dst, protocol, port, client }));
            }
            "unsat" => answers.push(None),
            other => assert!(other.contains("model is not available"), "Z3 says `{other}`"),
        }
    }
    answers
}

// The formulas

fn preamble(network: &Network) -> String {
    let mut text = String::from("(set-option :produce-models true)\n(set-logic QF_BV)\n");
    for (name, bits) in [("src", 32), ("dst", 32), ("protocol", 8), ("port", 16), ("client", 16), ("nat", 16)] {
        writeln!(text, "(declare-const {name} (_ BitVec {bits}))").unwrap();
    }
    for (id, acl) in network.acls.iter() {
        for (direction, entries) in [("in", &acl.ingress), ("out", &acl.egress)] {
            let decided = entries.iter().rev().fold("false".to_owned(), |rest, entry| {
                let matches = and(&[within("peer", &entry.block), traffic(entry.traffic)]);
                format!("(ite {matches} {} {rest})", entry.allow)
            });
            writeln!(text, "(define-fun acl-{direction}-{} {ADDRESSED} Bool {decided})", id.index()).unwrap();
        }
    }
    for (id, table) in network.route_tables.iter() {
        let routes = routes(network, table);
        for (n, route) in routes.iter().enumerate() {
            let beaten = routes.iter().enumerate().filter(|(m, other)| *m != n && beats(other, route));
            let unbeaten = beaten.map(|(_, other)| not(&within("to", &other.block)));
            let wins = and(&[vec![within("to", &route.block)], unbeaten.collect()].concat());
            writeln!(text, "(define-fun route-{}-{n} ((to (_ BitVec 32))) Bool {wins})", id.index()).unwrap();
        }
    }
    text
}

const ADDRESSED: &str = "((peer (_ BitVec 32)) (protocol (_ BitVec 8)) (port (_ BitVec 16)))";

/// A route of a table, the local ones among them.
struct Way {
    block: Cidr,
    target: Target,
    is_local: bool,
    origin: Origin,
}

fn routes(network: &Network, table: &RouteTable) -> Vec<Way> {
    let local = network.vpcs[table.vpc].blocks.iter();
    let local = local.map(|block| Way { block: *block, target: Target::Local, is_local: true, origin: Origin::Static });
    let listed = table.routes.iter().map(|route| {
        let Destination::Block(block) = route.destination else { panic!("these networks have no lists") };
        Way { block, target: route.target.clone(), is_local: false, origin: route.origin }
    });
    local.chain(listed).collect()
}

/// Longest prefix; at equal length static before local before propagated; the local route before what was propagated at any length.
fn beats(one: &Way, other: &Way) -> bool {
    let propagated = |way: &Way| way.origin == Origin::Propagated;
    if one.is_local && propagated(other) {
        return true;
    }
    if propagated(one) && other.is_local {
        return false;
    }
    let rank = |way: &Way| {
        if propagated(way) {
            0
        } else if way.is_local {
            1
        } else {
            2
        }
    };
    (one.block.prefix_len(), rank(one)) > (other.block.prefix_len(), rank(other))
}

/// That the subnet's table sends a packet for `to` to a target that will do.
fn routed(network: &Network, subnet: Id<Subnet>, to: &str, will_do: impl Fn(&Target) -> bool) -> String {
    let facts = &network.subnets[subnet];
    let table = facts.table.or(network.vpcs[facts.vpc].main_table).unwrap();
    let routes = routes(network, &network.route_tables[table]);
    let chosen = routes.iter().enumerate().filter(|(_, route)| will_do(&route.target));
    or(&chosen.map(|(n, _)| format!("(route-{}-{n} {to})", table.index())).collect::<Vec<_>>())
}

fn acl(network: &Network, subnet: Id<Subnet>, direction: &str, peer: &str, port: &str) -> String {
    let acl = network.subnets[subnet].acl.unwrap();
    format!("(acl-{direction}-{} {peer} protocol {port})", acl.index())
}

/// That some rule of some group around the interface lets it pass.
fn groups(network: &Network, around: Id<Interface>, out: bool, peer: &str, by_reference: bool) -> String {
    let vpc = network.subnets[network.interfaces[around].subnet].vpc;
    let rules = network.interfaces[around].groups.iter().flat_map(|group| {
        let group = &network.groups[*group];
        if out { &group.egress } else { &group.ingress }
    });
    let passes = rules.map(|rule| {
        let other = match &rule.peer {
            Peer::Block(block) => within(peer, block),
            Peer::Group(group) if by_reference && may_name(network, vpc, *group) => {
                let members = network.interfaces.iter().filter(|(_, interface)| interface.groups.contains(group));
                or(&members.map(|(id, _)| equals(peer, private(network, id))).collect::<Vec<_>>())
            }
            _ => "false".to_owned(),
        };
        and(&[other, traffic(rule.traffic)])
    });
    or(&passes.collect::<Vec<_>>())
}

fn may_name(network: &Network, vpc: Id<Vpc>, group: Id<Group>) -> bool {
    let other = network.groups[group].vpc.unwrap();
    other == vpc || network.gateways.iter().any(|(_, gateway)| peers(gateway, vpc, other))
}

fn peers(gateway: &Gateway, one: Id<Vpc>, other: Id<Vpc>) -> bool {
    matches!(gateway, Gateway::Peering(peering) if peering.active
        && peering.sides.contains(&Some(one)) && peering.sides.contains(&Some(other)) && one != other)
}

fn formula(network: &Network, question: &Question) -> String {
    let first = match (question.from, question.to) {
        (Some(from), Some(to)) => {
            or(&[inside(network, from, to, question), around_by_internet(network, from, to, question)])
        }
        (None, Some(to)) => {
            let carried = and(&NOT_CARRIED.map(|block| not(&within("src", &cidr(block)))));
            and(&[carried, in_from_internet(network, to, "src", question)])
        }
        (Some(from), None) => {
            let ours = public_addresses(network).map(|public| equals("dst", public)).collect::<Vec<_>>();
            and(&[out_to_internet(network, from, question).0, not(&or(&ours))])
        }
        (None, None) => "false".to_owned(),
    };
    // What answers past all filters is no question here.
    let resolvers = network.vpcs.iter().map(|(_, vpc)| {
        let IpAddr::V4(base) = vpc.blocks[0].first() else { panic!("these networks have IPv4 alone") };
        not(&equals("dst", base.to_bits() + 2))
    });
    and(&[vec![first, not(&within("dst", &cidr("169.254.0.0/16")))], resolvers.collect()].concat())
}

const NOT_CARRIED: [&str; 9] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

/// From one private address to another: in a subnet, in a VPC, or over a peering.
fn inside(network: &Network, from: Id<Interface>, to: Id<Interface>, question: &Question) -> String {
    let (source, target) = (network.interfaces[from].subnet, network.interfaces[to].subnet);
    let (here, there) = (network.subnets[source].vpc, network.subnets[target].vpc);
    let ends = [
        equals("src", private(network, from)),
        equals("dst", private(network, to)),
        groups(network, from, true, "dst", true),
        groups(network, to, false, "src", true),
    ];
    let near = or(&network.subnets[source].blocks.iter().map(|block| within("dst", block)).collect::<Vec<_>>());
    if source == target {
        return and(&ends);
    }
    let leads = |there: Id<Vpc>, here: Id<Vpc>| {
        move |target: &Target| match target {
            Target::Local => here == there,
            Target::Gateway(gateway) => peers(&network.gateways[*gateway], here, there),
            _ => false,
        }
    };
    let way = [
        not(&near),
        acl(network, source, "out", "dst", "port"),
        routed(network, source, "dst", leads(there, here)),
        acl(network, target, "in", "src", "port"),
    ];
    let back = [
        routed(network, target, "src", leads(here, there)),
        acl(network, target, "out", "src", "client"),
        acl(network, source, "in", "dst", "client"),
    ];
    and(&[and(&ends), and(&way), answered(question, &back)])
}

/// That the reply comes back, when the question asks so: on a port that clients choose.
fn answered(question: &Question, back: &[String]) -> String {
    if question.contact == Contact::Deliver {
        return "true".to_owned();
    }
    let by_port = "(=> (or (= protocol #x06) (= protocol #x11)) (bvuge client #x0400))".to_owned();
    let by_nat = "(=> (or (= protocol #x06) (= protocol #x11)) (bvuge nat #x0400))".to_owned();
    // ICMP is answered by an echo reply: of type 0, or of type 129 in IPv6.
    let echoed = "(=> (= protocol #x01) (and (= client #x0000) (= nat #x0000)))".to_owned();
    let echoed6 = "(=> (= protocol #x3a) (and (= client #x8100) (= nat #x8100)))".to_owned();
    and(&[vec![by_port, by_nat, echoed, echoed6], back.to_vec()].concat())
}

/// In from the internet to an interface's public address.
fn in_from_internet(network: &Network, to: Id<Interface>, src: &str, question: &Question) -> String {
    let (arrives, back) = arrival(network, to, src);
    and(&[arrives, answered(question, &back)])
}

fn arrival(network: &Network, to: Id<Interface>, src: &str) -> (String, Vec<String>) {
    let (Some(public), subnet) = (public(network, to), network.interfaces[to].subnet) else {
        return ("false".to_owned(), Vec::new());
    };
    let vpc = network.subnets[subnet].vpc;
    let attached = network.gateways.iter().any(|(_, gateway)| *gateway == Gateway::Internet(Some(vpc)));
    let arrives = and(&[
        attached.to_string(),
        equals("dst", public),
        acl(network, subnet, "in", src, "port"),
        groups(network, to, false, src, false),
    ]);
    let back = vec![
        routed(network, subnet, src, |target| is_internet(network, target, vpc)),
        acl(network, subnet, "out", src, "client"),
    ];
    (arrives, back)
}

fn is_internet(network: &Network, target: &Target, vpc: Id<Vpc>) -> bool {
    matches!(target, Target::Gateway(gateway) if network.gateways[*gateway] == Gateway::Internet(Some(vpc)))
}

/// Out to the internet, by the interface's own public address or by a NAT gateway's; and each way with what its sender then is.
fn departures(network: &Network, from: Id<Interface>) -> Vec<(String, Vec<String>, u32)> {
    let subnet = network.interfaces[from].subnet;
    let vpc = network.subnets[subnet].vpc;
    let near = or(&network.subnets[subnet].blocks.iter().map(|block| within("dst", block)).collect::<Vec<_>>());
    let leaves = and(&[
        equals("src", private(network, from)),
        groups(network, from, true, "dst", true),
        not(&near),
        acl(network, subnet, "out", "dst", "port"),
    ]);
    let back = acl(network, subnet, "in", "dst", "client");
    let mut ways = Vec::new();
    if let Some(public) = public(network, from) {
        let routed = routed(network, subnet, "dst", |target| is_internet(network, target, vpc));
        ways.push((and(&[leaves.clone(), routed]), vec![back.clone()], public));
    }
    for (id, gateway) in network.gateways.iter() {
        let Gateway::Nat(nat) = gateway else { continue };
        let (Some(IpAddr::V4(public)), true) = (nat.public, network.subnets[nat.subnet].vpc == vpc) else { continue };
        let way = and(&[
            leaves.clone(),
            routed(network, subnet, "dst", |target| *target == Target::Gateway(id)),
            "(or (= protocol #x06) (= protocol #x11) (= protocol #x01))".to_owned(),
            acl(network, nat.subnet, "in", "src", "port"),
            acl(network, nat.subnet, "out", "dst", "port"),
            routed(network, nat.subnet, "dst", |target| is_internet(network, target, vpc)),
        ]);
        let back = vec![
            acl(network, nat.subnet, "in", "dst", "nat"),
            acl(network, nat.subnet, "out", "src", "client"),
            routed(network, nat.subnet, "src", |target| *target == Target::Local),
            back.clone(),
        ];
        ways.push((way, back, public.to_bits()));
    }
    ways
}

fn out_to_internet(network: &Network, from: Id<Interface>, question: &Question) -> (String, ()) {
    let ways = departures(network, from).into_iter();
    (or(&ways.map(|(way, back, _)| and(&[way, answered(question, &back)])).collect::<Vec<_>>()), ())
}

/// Out by an internet gateway and back in by one.
fn around_by_internet(network: &Network, from: Id<Interface>, to: Id<Interface>, question: &Question) -> String {
    let ways = departures(network, from).into_iter().map(|(way, back, sender)| {
        let (arrives, there) = arrival(network, to, &format!("#x{sender:08x}"));
        and(&[way, arrives, answered(question, &[back, there].concat())])
    });
    or(&ways.collect::<Vec<_>>())
}

fn private(network: &Network, id: Id<Interface>) -> u32 {
    match network.interfaces[id].addresses[0].private {
        Place::At(IpAddr::V4(at)) => at.to_bits(),
        _ => panic!("these networks have known addresses of IPv4"),
    }
}

fn public(network: &Network, id: Id<Interface>) -> Option<u32> {
    network.interfaces[id].addresses[0].public.map(|public| match public {
        IpAddr::V4(at) => at.to_bits(),
        IpAddr::V6(_) => panic!("these networks have IPv4 alone"),
    })
}

fn public_addresses(network: &Network) -> impl Iterator<Item = u32> {
    let nats = network.gateways.iter().filter_map(|(_, gateway)| match gateway {
        Gateway::Nat(Nat { public: Some(IpAddr::V4(public)), .. }) => Some(public.to_bits()),
        _ => None,
    });
    network.interfaces.iter().filter_map(|(id, _)| public(network, id)).chain(nats)
}

fn traffic(traffic: Traffic) -> String {
    let is = |protocol: u8| format!("(= protocol #x{protocol:02x})");
    match traffic {
        Traffic::All => "true".to_owned(),
        Traffic::Ports { protocol, first, last } => {
            and(&[is(protocol), format!("(bvule #x{first:04x} port)"), format!("(bvule port #x{last:04x})")])
        }
        Traffic::Icmp { kind: None, code: Some(_), .. } => "false".to_owned(),
        Traffic::Icmp { protocol, kind, code } => {
            let kind = kind.map_or("true".to_owned(), |kind| format!("(= ((_ extract 15 8) port) #x{kind:02x})"));
            let code = code.map_or("true".to_owned(), |code| format!("(= ((_ extract 7 0) port) #x{code:02x})"));
            and(&[is(protocol), kind, code])
        }
        Traffic::Protocol(protocol) => is(protocol),
    }
}

fn within(address: &str, block: &Cidr) -> String {
    let IpAddr::V4(first) = block.first() else { panic!("these networks have IPv4 alone") };
    match block.prefix_len() {
        0 => "true".to_owned(),
        length => {
            let mask = u32::MAX << (32 - u32::from(length));
            format!("(= (bvand {address} #x{mask:08x}) #x{:08x})", first.to_bits())
        }
    }
}

fn equals(address: &str, bits: u32) -> String {
    format!("(= {address} #x{bits:08x})")
}

fn and(parts: &[String]) -> String {
    if parts.is_empty() { "true".to_owned() } else { format!("(and {})", parts.join(" ")) }
}

fn or(parts: &[String]) -> String {
    if parts.is_empty() { "false".to_owned() } else { format!("(or {})", parts.join(" ")) }
}

fn not(part: &str) -> String {
    format!("(not {part})")
}

fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

// Networks

/// Numbers that are good enough to draw networks from (Vigna, "splitmix64").
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit.max(1) as u64).unwrap()
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }
}

const BLOCKS: [&str; 10] = [
    "0.0.0.0/0",
    "0.0.0.0/0",
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.0/25",
    "10.0.1.0/24",
    "52.0.0.0/8",
    "198.51.100.0/24",
    "203.0.113.0/28",
    "128.0.0.0/1",
];

fn network(dice: &mut Dice) -> Network {
    let mut network = Network::default();
    let mut subnets = Vec::new();
    for (n, block) in ["10.0.0.0/24", "10.0.1.0/24"].into_iter().enumerate() {
        let vpc = Vpc { blocks: vec![cidr(block)], main_table: None, default_acl: None, account: None, region: None };
        let vpc = network.vpcs.add(&format!("vpc-{n}"), vpc).unwrap();
        let main = network.route_tables.add(&format!("rtb-{n}"), RouteTable { vpc, routes: Vec::new() }).unwrap();
        network.vpcs.change(vpc).main_table = Some(main);
        network.gateways.add(&format!("igw-{n}"), Gateway::Internet((!dice.one_in(5)).then_some(vpc))).unwrap();
        for part in 0..2 {
            let guard = Acl { vpc, ingress: entries(dice), egress: entries(dice) };
            let guard = network.acls.add(&format!("acl-{n}-{part}"), guard).unwrap();
            let table = network.route_tables.add(&format!("rtb-{n}-{part}"), RouteTable { vpc, routes: Vec::new() });
            let blocks = vec![cidr(&format!("10.0.{n}.{}/25", part * 128))];
            let subnet = Subnet { vpc, blocks, table: table.ok(), acl: Some(guard), public_on_launch: false };
            subnets.push(network.subnets.add(&format!("subnet-{n}-{part}"), subnet).unwrap());
        }
        let private = Place::At(IpAddr::V4(Ipv4Addr::new(10, 0, n as u8, 120)));
        let public = (!dice.one_in(4)).then_some(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 100 + n as u8)));
        let nat = Nat { subnet: subnets[n * 2], private, public };
        network.gateways.add(&format!("nat-{n}"), Gateway::Nat(nat)).unwrap();
    }
    let vpcs: Vec<Id<Vpc>> = network.vpcs.iter().map(|(id, _)| id).collect();
    let peering = Peering { sides: [Some(vpcs[0]), Some(vpcs[1])], active: !dice.one_in(5) };
    network.gateways.add("pcx", Gateway::Peering(peering)).unwrap();
    let groups: Vec<Id<Group>> = (0..4)
        .map(|n| {
            let group = Group { vpc: Some(vpcs[n % 2]), ingress: Vec::new(), egress: Vec::new() };
            network.groups.add(&format!("sg-{n}"), group).unwrap()
        })
        .collect();
    for group in &groups {
        let (ingress, egress) = (rules(dice, &groups), rules(dice, &groups));
        let facts = network.groups.change(*group);
        (facts.ingress, facts.egress) = (ingress, egress);
    }
    for n in 0..4_u8 {
        let subnet = subnets[usize::from(n)];
        let IpAddr::V4(first) = network.subnets[subnet].blocks[0].first() else { panic!("blocks are of IPv4") };
        let private = Place::At(Ipv4Addr::from_bits(first.to_bits() + 10).into());
        let public = (!dice.one_in(3)).then_some(IpAddr::V4(Ipv4Addr::new(198, 51, 100, n + 1)));
        let around = groups.iter().filter(|_| dice.one_in(2)).copied().collect();
        let holder = Holder::Instance(format!("i-{n}").into());
        let addresses = vec![Address { private, public }];
        let interface = Interface { subnet, addresses, groups: around, checks_addresses: true, holder };
        network.interfaces.add(&format!("eni-{n}"), interface).unwrap();
    }
    routes_of(dice, &mut network);
    network
}

fn routes_of(dice: &mut Dice, network: &mut Network) {
    let gateways: Vec<Id<Gateway>> = network.gateways.iter().map(|(id, _)| id).collect();
    let tables: Vec<Id<RouteTable>> = network.route_tables.iter().map(|(id, _)| id).collect();
    for table in tables {
        let n = usize::from(network.route_tables[table].vpc != network.vpcs.find("vpc-0").unwrap());
        // Mostly ways that make sense; now and then any block to any gateway.
        let named = |name: String| network.gateways.find(&name).unwrap();
        let sensible = [
            ("0.0.0.0/0", named(format!("igw-{n}"))),
            ("0.0.0.0/0", named(format!("nat-{n}"))),
            (if n == 0 { "10.0.1.0/24" } else { "10.0.0.0/24" }, named("pcx".to_owned())),
        ];
        let mut routes: Vec<Route> = Vec::new();
        for _ in 0..4 {
            let (block, gateway) = match dice.one_in(4) {
                true => (dice.pick(&BLOCKS), dice.pick(&gateways)),
                false => dice.pick(&sensible),
            };
            let destination = Destination::Block(cidr(block));
            let origin = if dice.one_in(6) { Origin::Propagated } else { Origin::Static };
            let target = if dice.one_in(8) { Target::Blackhole } else { Target::Gateway(gateway) };
            // Two routes of one kind for one block are AWS's to refuse.
            let taken = |route: &Route| route.destination == destination && route.origin == origin;
            if !routes.iter().any(taken) {
                routes.push(Route { destination, target, origin });
            }
        }
        network.route_tables.change(table).routes = routes;
    }
}

fn rules(dice: &mut Dice, groups: &[Id<Group>]) -> Vec<Rule> {
    let count = 1 + dice.below(3);
    let peer = |dice: &mut Dice| match dice.below(3) {
        0 => Peer::Group(dice.pick(groups)),
        _ => Peer::Block(cidr(dice.pick(&BLOCKS))),
    };
    (0..count).map(|_| Rule { traffic: some_traffic(dice), peer: peer(dice) }).collect()
}

fn entries(dice: &mut Dice) -> Vec<Entry> {
    let count = dice.below(4);
    let mut entries: Vec<Entry> = (0..count)
        .map(|n| Entry {
            number: n as u16,
            allow: dice.one_in(2),
            traffic: some_traffic(dice),
            block: cidr(dice.pick(&BLOCKS)),
        })
        .collect();
    if !dice.one_in(4) {
        entries.push(Entry { number: 100, allow: true, traffic: Traffic::All, block: cidr("0.0.0.0/0") });
    }
    entries
}

fn some_traffic(dice: &mut Dice) -> Traffic {
    match dice.below(6) {
        0 | 1 => Traffic::All,
        2 => {
            Traffic::Icmp { protocol: 1, kind: dice.pick(&[None, Some(8), Some(0)]), code: dice.pick(&[None, Some(0)]) }
        }
        3 => Traffic::Protocol(47),
        _ => {
            let (first, last) = (dice.pick(&[0, 22, 1000, 40_000]), dice.pick(&[22, 443, 1023, 50_000, 65_535]));
            Traffic::Ports { protocol: dice.pick(&[6, 17]), first, last }
        }
    }
}
