//! One flow at a time, each for one thing that AWS does.

use std::net::IpAddr;

use crate::cidr::Cidr;
use crate::network::{
    Acl, Address, Destination, Endpoint, Entry, Gateway, Group, Holder, Interface, Nat, Network, Origin, Peer, Peering,
    Place, PrefixList, Route, RouteTable, Rule, Subnet, Target, Traffic, Vpc,
};
use crate::reach::{Flow, Outcome, Reach, Verdict};

fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A public subnet with B and a NAT gateway, a private one with E, and a peer with P: all allowed, so that each test forbids one thing.
struct Campus(Network);

impl Campus {
    fn new() -> Self {
        let mut campus = Self(Network::default());
        campus.vpc("vpc-1", "10.0.0.0/16");
        campus.vpc("vpc-2", "10.1.0.0/16");
        campus.subnet("public", "vpc-1", "10.0.0.0/24");
        campus.subnet("private", "vpc-1", "10.0.1.0/24");
        campus.subnet("peer", "vpc-2", "10.1.0.0/24");
        let vpc = campus.0.vpcs.find("vpc-1");
        campus.gateway("igw", Gateway::Internet(vpc));
        let subnet = campus.0.subnets.find("public").unwrap();
        let (private, public) = (Place::At(ip("10.0.0.250")), Some(ip("203.0.113.250")));
        campus.gateway("nat", Gateway::Nat(Nat { subnet, private, public }));
        let endpoint = Endpoint { vpc: vpc.unwrap(), service: "com.amazonaws.us-west-2.s3".into() };
        campus.gateway("vpce-s3", Gateway::Endpoint(endpoint));
        let sides = [vpc, campus.0.vpcs.find("vpc-2")];
        campus.gateway("pcx", Gateway::Peering(Peering { sides, active: true }));
        campus.gateway("vgw", Gateway::VirtualPrivate(vpc));
        let service = Some("com.amazonaws.us-west-2.s3".into());
        campus.0.prefix_lists.add("pl-s3", PrefixList { service, entries: Some(vec![cidr("52.218.0.0/17")]) }).unwrap();
        campus.host("eni-b", "public", "10.0.0.10", Some("203.0.113.10"));
        campus.host("eni-e", "private", "10.0.1.10", None);
        campus.host("eni-p", "peer", "10.1.0.10", None);
        campus.route("public", "0.0.0.0/0", "igw");
        campus.route("private", "0.0.0.0/0", "nat");
        campus.route("private", "10.1.0.0/16", "pcx");
        campus.route("peer", "10.0.0.0/16", "pcx");
        campus
    }

    fn vpc(&mut self, name: &str, block: &str) {
        let vpc = Vpc { blocks: vec![cidr(block)], main_table: None, default_acl: None, account: None, region: None };
        self.0.vpcs.add(name, vpc).unwrap();
    }

    fn subnet(&mut self, name: &str, vpc: &str, block: &str) {
        let vpc = self.0.vpcs.find(vpc).unwrap();
        let table = self.0.route_tables.add(&format!("rtb-{name}"), RouteTable { vpc, routes: Vec::new() }).ok();
        let all = vec![entry(100, true, Traffic::All, "0.0.0.0/0"), entry(100, true, Traffic::All, "::/0")];
        let acl = self.0.acls.add(&format!("acl-{name}"), Acl { vpc, ingress: all.clone(), egress: all }).ok();
        let subnet = Subnet { vpc, blocks: vec![cidr(block)], table, acl, public_on_launch: false };
        self.0.subnets.add(name, subnet).unwrap();
    }

    fn gateway(&mut self, name: &str, gateway: Gateway) {
        self.0.gateways.add(name, gateway).unwrap();
    }

    /// Each host has a group of its own.
    fn host(&mut self, name: &str, subnet: &str, private: &str, public: Option<&str>) {
        let subnet = self.0.subnets.find(subnet).unwrap();
        let vpc = Some(self.0.subnets[subnet].vpc);
        let all = vec![Rule { traffic: Traffic::All, peer: Peer::Block(cidr("0.0.0.0/0")) }];
        let group = Group { vpc, ingress: all.clone(), egress: all };
        let group = self.0.groups.add(&name.replace("eni", "sg"), group).unwrap();
        let address = Address { private: Place::At(ip(private)), public: public.map(ip) };
        let holder = Holder::Instance(name.replace("eni", "i").into());
        let groups = vec![group].into();
        let interface = Interface { subnet, addresses: vec![address], groups, checks_addresses: true, holder };
        self.0.interfaces.add(name, interface).unwrap();
    }

    fn route(&mut self, subnet: &str, block: &str, gateway: &str) {
        let target = Target::Gateway(self.0.gateways.find(gateway).unwrap());
        self.target(subnet, Destination::Block(cidr(block)), target, Origin::Static);
    }

    fn target(&mut self, subnet: &str, destination: Destination, target: Target, origin: Origin) {
        let table = self.0.route_tables.find(&format!("rtb-{subnet}")).unwrap();
        self.0.route_tables.change(table).routes.push(Route { destination, target, origin });
    }

    fn list_route(&mut self, subnet: &str, target: &str) {
        let list = Destination::List(self.0.prefix_lists.find("pl-s3").unwrap());
        let target = Target::Gateway(self.0.gateways.find(target).unwrap());
        self.target(subnet, list, target, Origin::Static);
    }

    fn group(&mut self, name: &str) -> &mut Group {
        let id = self.0.groups.find(name).unwrap();
        self.0.groups.change(id)
    }

    fn acl(&mut self, subnet: &str) -> &mut Acl {
        let id = self.0.acls.find(&format!("acl-{subnet}")).unwrap();
        self.0.acls.change(id)
    }

    fn walk(&self, from: &str, src: &str, dst: &str, protocol: &str, rest: &str) -> Outcome {
        let json = format!(r#"{{"from":"{from}","src_ip":"{src}","dst_ip":"{dst}","protocol":"{protocol}"{rest}}}"#);
        let flow: Flow = serde_json::from_str(&json).unwrap();
        Reach::of(&self.0).walk(&flow)
    }

    /// Verdict, what blocked it, and the path.
    fn tcp(&self, from: &str, src: &str, dst: &str, port: u16) -> (Verdict, Option<String>, String) {
        told(&self.walk(from, src, dst, "tcp", &format!(r#","dst_port":{port}"#)))
    }
}

fn told(outcome: &Outcome) -> (Verdict, Option<String>, String) {
    (outcome.verdict, outcome.blocked_at.as_deref().map(str::to_owned), outcome.path.join(" "))
}

fn entry(number: u16, allow: bool, traffic: Traffic, block: &str) -> Entry {
    Entry { number, allow, traffic, block: cidr(block) }
}

fn ports(first: u16, last: u16) -> Traffic {
    Traffic::Ports { protocol: 6, first, last }
}

fn expect(verdict: Verdict, blocked_at: &str, path: &str) -> (Verdict, Option<String>, String) {
    (verdict, Some(blocked_at.to_owned()).filter(|id| !id.is_empty()), path.to_owned())
}

const INTERNET: &str = "198.51.100.7";

#[test]
fn what_is_allowed_arrives_by_these_things() {
    let campus = Campus::new();
    let path = "igw acl-public eni-b";
    assert_eq!(campus.tcp("internet", INTERNET, "203.0.113.10", 22), expect(Verdict::Delivered, "", path));
    let path = "eni-b acl-public rtb-public acl-private eni-e";
    assert_eq!(campus.tcp("i-b", "10.0.0.10", "10.0.1.10", 22), expect(Verdict::Delivered, "", path));
    let path = "eni-e acl-private rtb-private nat acl-public acl-public rtb-public igw";
    assert_eq!(campus.tcp("eni-e", "10.0.1.10", "8.8.8.8", 443), expect(Verdict::LeavesNetwork, "", path));
    let path = "eni-e acl-private rtb-private pcx acl-peer eni-p";
    assert_eq!(campus.tcp("eni-e", "10.0.1.10", "10.1.0.10", 22), expect(Verdict::Delivered, "", path));
}

#[test]
fn an_outcome_is_written_as_the_contract_says() {
    let outcome = Campus::new().walk("internet", INTERNET, "203.0.113.10", "tcp", r#","dst_port":22"#);
    let json = r#"{"verdict":"delivered","blocked_at":null,"path":["igw","acl-public","eni-b"],"why":"it arrives"}"#;
    assert_eq!(serde_json::to_string(&outcome).unwrap(), json);
}

#[test]
fn a_sender_has_an_address_of_its_own() {
    let mut campus = Campus::new();
    assert_eq!(campus.tcp("eni-b", "10.0.0.99", "10.0.1.10", 22), expect(Verdict::Denied, "eni-b", "eni-b"));
    let id = campus.0.interfaces.find("eni-b").unwrap();
    campus.0.interfaces.change(id).checks_addresses = false;
    assert_eq!(campus.tcp("eni-b", "10.0.0.99", "10.0.1.10", 22).0, Verdict::Delivered);
}

#[test]
fn a_group_means_private_addresses_of_its_members() {
    let mut campus = Campus::new();
    let bastions = campus.0.groups.find("sg-b").unwrap();
    campus.group("sg-e").ingress = vec![Rule { traffic: ports(22, 22), peer: Peer::Group(bastions) }];
    assert_eq!(campus.tcp("eni-b", "10.0.0.10", "10.0.1.10", 22).0, Verdict::Delivered);
    assert_eq!(
        campus.tcp("eni-b", "10.0.0.10", "10.0.1.10", 23),
        expect(Verdict::Denied, "sg-e", "eni-b acl-public rtb-public acl-private eni-e")
    );
    // By its public address the sender is nobody's member.
    campus.host("eni-c", "public", "10.0.0.11", Some("203.0.113.11"));
    campus.group("sg-b").ingress = vec![Rule { traffic: Traffic::All, peer: Peer::Group(bastions) }];
    let bastions = vec![bastions].into();
    let id = campus.0.interfaces.find("eni-c").unwrap();
    campus.0.interfaces.change(id).groups = bastions;
    assert_eq!(campus.tcp("eni-c", "10.0.0.11", "10.0.0.10", 22).0, Verdict::Delivered);
    assert_eq!(campus.tcp("eni-c", "10.0.0.11", "203.0.113.10", 22).0, Verdict::Denied);
}

#[test]
fn a_group_across_a_peering_counts_while_the_peering_works() {
    let mut campus = Campus::new();
    let machines = campus.0.groups.find("sg-e").unwrap();
    campus.group("sg-p").ingress = vec![Rule { traffic: Traffic::All, peer: Peer::Group(machines) }];
    assert_eq!(campus.tcp("eni-e", "10.0.1.10", "10.1.0.10", 22).0, Verdict::Delivered);
    for (vpc, region) in [("vpc-1", "us-west-2"), ("vpc-2", "us-east-1")] {
        let id = campus.0.vpcs.find(vpc).unwrap();
        campus.0.vpcs.change(id).region = Some(region.into());
    }
    assert_eq!(campus.tcp("eni-e", "10.0.1.10", "10.1.0.10", 22).1.as_deref(), Some("sg-p"));
}

#[test]
fn in_one_subnet_no_acl_is_met() {
    let mut campus = Campus::new();
    campus.host("eni-c", "public", "10.0.0.11", None);
    (campus.acl("public").ingress, campus.acl("public").egress) = (Vec::new(), Vec::new());
    assert_eq!(campus.tcp("eni-c", "10.0.0.11", "10.0.0.10", 22), expect(Verdict::Delivered, "", "eni-c eni-b"));
    assert_eq!(campus.tcp("eni-c", "10.0.0.11", "10.0.0.12", 22), expect(Verdict::NoSuchHost, "public", "eni-c"));
}

#[test]
fn the_first_entry_of_an_acl_that_matches_decides() {
    let mut campus = Campus::new();
    let world = "0.0.0.0/0";
    campus.acl("private").ingress =
        vec![entry(1, false, ports(22, 22), "10.0.0.0/25"), entry(2, true, Traffic::All, world)];
    let path = "eni-b acl-public rtb-public acl-private";
    assert_eq!(campus.tcp("eni-b", "10.0.0.10", "10.0.1.10", 22), expect(Verdict::Denied, "acl-private", path));
    assert_eq!(campus.tcp("eni-b", "10.0.0.10", "10.0.1.10", 23).0, Verdict::Delivered);
    campus.acl("private").ingress.reverse();
    assert_eq!(campus.tcp("eni-b", "10.0.0.10", "10.0.1.10", 22).0, Verdict::Delivered);
}

#[test]
fn an_acl_has_no_memory_so_the_reply_needs_its_port() {
    let mut campus = Campus::new();
    campus.acl("public").egress = vec![entry(1, true, ports(32_768, 60_999), "0.0.0.0/0")];
    let ssh =
        |port: &str| campus.walk("internet", INTERNET, "203.0.113.10", "tcp", &format!(r#","dst_port":22{port}"#));
    let outcome = ssh(r#","src_port":2000"#);
    assert_eq!(
        (outcome.verdict, outcome.blocked_at.as_deref(), outcome.arrives),
        (Verdict::Denied, Some("acl-public"), true)
    );
    assert_eq!(ssh(r#","src_port":40000"#).verdict, Verdict::Delivered);
    assert_eq!(ssh("").verdict, Verdict::Delivered);
    // A ping's reply is of type 0.
    let ping = campus.walk("internet", INTERNET, "203.0.113.10", "icmp", "");
    assert_eq!(ping.verdict, Verdict::Denied);
    campus.acl("public").egress =
        vec![entry(1, true, Traffic::Icmp { protocol: 1, kind: Some(0), code: None }, "0.0.0.0/0")];
    assert_eq!(campus.walk("internet", INTERNET, "203.0.113.10", "icmp", "").verdict, Verdict::Delivered);
}

#[test]
fn a_code_without_a_type_matches_nothing() {
    let mut campus = Campus::new();
    let rule = |kind, code| {
        vec![Rule { traffic: Traffic::Icmp { protocol: 1, kind, code }, peer: Peer::Block(cidr("0.0.0.0/0")) }]
    };
    let ping = |campus: &Campus| campus.walk("internet", INTERNET, "203.0.113.10", "icmp", "").verdict;
    campus.group("sg-b").ingress = rule(None, Some(0));
    assert_eq!(ping(&campus), Verdict::Denied);
    campus.group("sg-b").ingress = rule(Some(8), Some(0));
    assert_eq!(ping(&campus), Verdict::Delivered);
}

#[test]
fn without_a_route_back_a_packet_arrives_and_no_conversation_comes_about() {
    let mut campus = Campus::new();
    let table = campus.0.route_tables.find("rtb-public").unwrap();
    campus.0.route_tables.change(table).routes.clear();
    let outcome = campus.walk("internet", INTERNET, "203.0.113.10", "tcp", r#","dst_port":22"#);
    assert_eq!(
        (outcome.verdict, outcome.blocked_at.as_deref(), outcome.arrives),
        (Verdict::NoRoute, Some("rtb-public"), true)
    );
}

#[test]
fn an_internet_gateway_wants_a_public_address_and_to_be_attached() {
    let mut campus = Campus::new();
    campus.host("eni-c", "public", "10.0.0.11", None);
    let path = "eni-c acl-public rtb-public igw";
    assert_eq!(campus.tcp("eni-c", "10.0.0.11", "8.8.8.8", 443), expect(Verdict::Denied, "igw", path));
    let id = campus.0.gateways.find("igw").unwrap();
    *campus.0.gateways.change(id) = Gateway::Internet(None);
    assert_eq!(campus.tcp("internet", INTERNET, "203.0.113.10", 22), expect(Verdict::NoRoute, "vpc-1", ""));
}

#[test]
fn a_nat_gateway_lets_out_and_nothing_in() {
    let mut campus = Campus::new();
    assert_eq!(campus.tcp("internet", INTERNET, "203.0.113.250", 443), expect(Verdict::Denied, "nat", "nat"));
    assert_eq!(campus.walk("eni-e", "10.0.1.10", "8.8.8.8", "47", "").blocked_at.as_deref(), Some("nat"));
    // Its own subnet's table decides what becomes of it.
    let table = campus.0.route_tables.find("rtb-public").unwrap();
    campus.0.route_tables.change(table).routes.clear();
    assert_eq!(campus.tcp("eni-e", "10.0.1.10", "8.8.8.8", 443).1.as_deref(), Some("rtb-public"));
}

#[test]
fn a_peering_leads_no_further() {
    let mut campus = Campus::new();
    campus.route("peer", "0.0.0.0/0", "pcx");
    assert_eq!(campus.tcp("eni-p", "10.1.0.10", "8.8.8.8", 443).1.as_deref(), Some("pcx"));
    // Replies need a route in the peer.
    let table = campus.0.route_tables.find("rtb-peer").unwrap();
    campus.0.route_tables.change(table).routes.clear();
    assert_eq!(campus.tcp("eni-e", "10.0.1.10", "10.1.0.10", 22).1.as_deref(), Some("rtb-peer"));
}

#[test]
fn the_longest_prefix_wins_and_a_list_is_as_long_as_its_entry() {
    let mut campus = Campus::new();
    assert!(campus.tcp("eni-e", "10.0.1.10", "52.218.1.1", 443).2.contains("nat"));
    campus.list_route("private", "vpce-s3");
    let path = "eni-e acl-private rtb-private vpce-s3";
    assert_eq!(campus.tcp("eni-e", "10.0.1.10", "52.218.1.1", 443), expect(Verdict::LeavesNetwork, "", path));
    assert!(campus.tcp("eni-e", "10.0.1.10", "52.219.1.1", 443).2.contains("nat"));
    // At equal lengths a static block wins.
    campus.route("private", "52.218.0.0/17", "nat");
    assert!(campus.tcp("eni-e", "10.0.1.10", "52.218.1.1", 443).2.contains("nat"));
    // A black hole wins its match too.
    campus.target("private", Destination::Block(cidr("52.218.1.0/24")), Target::Blackhole, Origin::Static);
    assert_eq!(campus.tcp("eni-e", "10.0.1.10", "52.218.1.1", 443).0, Verdict::NoRoute);
}

#[test]
fn the_local_route_beats_what_is_propagated_and_yields_to_what_is_static() {
    let mut campus = Campus::new();
    let vgw = || Target::Gateway(campus_gateway(&Campus::new(), "vgw"));
    campus.target("public", Destination::Block(cidr("10.0.1.0/24")), vgw(), Origin::Propagated);
    assert_eq!(campus.tcp("eni-b", "10.0.0.10", "10.0.1.10", 22).0, Verdict::Delivered);
    campus.target("public", Destination::Block(cidr("10.0.1.0/24")), vgw(), Origin::Static);
    assert_eq!(campus.tcp("eni-b", "10.0.0.10", "10.0.1.10", 22).0, Verdict::LeavesNetwork);
    // A propagated route leads where no local one does, and back.
    campus.target("private", Destination::Block(cidr("172.16.0.0/12")), vgw(), Origin::Propagated);
    assert_eq!(campus.tcp("eni-e", "10.0.1.10", "172.16.0.9", 22).0, Verdict::LeavesNetwork);
    assert_eq!(campus.tcp("vgw", "172.16.0.9", "10.0.1.10", 22).0, Verdict::Delivered);
}

fn campus_gateway(campus: &Campus, name: &str) -> crate::network::Id<Gateway> {
    campus.0.gateways.find(name).unwrap()
}

#[test]
fn amazons_own_addresses_are_past_all_filters() {
    let mut campus = Campus::new();
    campus.group("sg-e").egress.clear();
    for address in ["10.0.0.2", "169.254.169.254", "169.254.169.253"] {
        assert_eq!(campus.tcp("eni-e", "10.0.1.10", address, 53), expect(Verdict::Delivered, "", "eni-e"), "{address}");
    }
    assert_eq!(campus.tcp("eni-e", "10.0.1.10", "8.8.8.8", 53), expect(Verdict::Denied, "sg-e", "eni-e"));
}

#[test]
fn a_middlebox_may_pass_on_anything_unless_it_is_checked() {
    let mut campus = Campus::new();
    let bastion = campus.0.interfaces.find("eni-b").unwrap();
    campus.target("private", Destination::Block(cidr("9.9.9.0/24")), Target::Interface(bastion), Origin::Static);
    assert_eq!(campus.tcp("eni-e", "10.0.1.10", "9.9.9.9", 443).1.as_deref(), Some("eni-b"));
    campus.0.interfaces.change(bastion).checks_addresses = false;
    assert_eq!(campus.tcp("eni-e", "10.0.1.10", "9.9.9.9", 443).0, Verdict::LeavesNetwork);
}

#[test]
fn the_internet_carries_no_private_addresses() {
    let campus = Campus::new();
    assert_eq!(campus.tcp("internet", "10.9.9.9", "203.0.113.10", 22).0, Verdict::NoRoute);
    assert_eq!(campus.tcp("internet", INTERNET, "203.0.113.99", 22), expect(Verdict::NoSuchHost, "", ""));
    let mut campus = Campus::new();
    campus.group("sg-b").ingress = vec![Rule { traffic: Traffic::All, peer: Peer::Block(cidr("10.0.0.0/8")) }];
    assert_eq!(Reach::of(&campus.0).exposed(), []);
}

#[test]
fn ipv6_needs_no_translation_and_an_egress_only_gateway_lets_nothing_in() {
    let mut campus = Campus::new();
    let vpc = campus.0.vpcs.find("vpc-1").unwrap();
    campus.0.vpcs.change(vpc).blocks.push(cidr("2600:1f14::/56"));
    let subnet = campus.0.subnets.find("private").unwrap();
    campus.0.subnets.change(subnet).blocks.push(cidr("2600:1f14::/64"));
    let machine = campus.0.interfaces.find("eni-e").unwrap();
    let address = Address { private: Place::At(ip("2600:1f14::10")), public: None };
    campus.0.interfaces.change(machine).addresses.push(address);
    let all = Rule { traffic: Traffic::All, peer: Peer::Block(cidr("::/0")) };
    campus.group("sg-e").ingress.push(all.clone());
    campus.group("sg-e").egress.push(all);
    campus.gateway("eigw", Gateway::EgressOnly(Some(vpc)));
    campus.route("private", "::/0", "eigw");
    assert_eq!(campus.tcp("eni-e", "2600:1f14::10", "2001:4860:4860::8888", 443).0, Verdict::LeavesNetwork);
    let outcome = campus.walk("internet", "2001:4860:4860::8888", "2600:1f14::10", "tcp", r#","dst_port":22"#);
    assert_eq!((outcome.verdict, outcome.arrives), (Verdict::NoRoute, true));
    assert_eq!(
        campus.tcp("eigw", "2001:4860:4860::8888", "2600:1f14::10", 22),
        expect(Verdict::Denied, "eigw", "eigw")
    );
    assert!(Reach::of(&campus.0).exposed().iter().all(|exposure| exposure.interface == "eni-b"));
    let table = campus.0.route_tables.find("rtb-private").unwrap();
    campus.0.route_tables.change(table).routes.retain(|route| route.destination != Destination::Block(cidr("::/0")));
    campus.route("private", "::/0", "igw");
    let exposed = Reach::of(&campus.0).exposed().iter().find(|e| e.interface == "eni-e").cloned().unwrap();
    assert_eq!((exposed.protocol().as_str(), &exposed.sources[..]), ("all", &[cidr("::/0")][..]));
}
