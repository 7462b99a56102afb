//! A model's network, planned or live alike.
//!
//! A model says which subnet a machine is in, not at which address: each may be at any of its subnet. A public address that AWS will
//! give has a stand-in from 240.0.0.0/4, which nobody on the internet has.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};

use super::{
    Acl, Address, Destination, Endpoint, Entry, Gateway, Group, Holder, Id, Interface, Nat, Network, Origin, Peer,
    Peering, Place, PrefixList, Route, RouteTable, Rule, Subnet, Target, Traffic, Unread, Vpc,
};
use crate::aws::resource::{self, AclRule, GroupRule, Kind, Protocol, RouteTarget};
use crate::cidr::Cidr;
use crate::model::{Model, Resource};
use crate::plan::Scope;
use crate::value::Value;

impl Network {
    /// The network that a model describes. What it does not describe in full is taken as wide as it may be, and listed as unread.
    #[must_use]
    pub fn of_model(model: &Model) -> Self {
        let mut reading = Reading { model, network: Self::default(), lists: HashMap::new(), stand_ins: 0 };
        reading.unread();
        reading.vpcs();
        reading.subnets();
        reading.tables();
        reading.acls();
        reading.gateways();
        reading.routes();
        reading.groups();
        reading.interfaces();
        reading.network
    }
}

/// Kinds that decide where packets go.
const MATTERS: [Kind; 15] = [
    Kind::Vpc,
    Kind::Subnet,
    Kind::InternetGateway,
    Kind::ElasticIp,
    Kind::NatGateway,
    Kind::RouteTable,
    Kind::Route,
    Kind::RouteTableAssociation,
    Kind::GatewayEndpoint,
    Kind::DefaultSecurityGroup,
    Kind::NetworkAcl,
    Kind::SecurityGroup,
    Kind::InterfaceEndpoint,
    Kind::Instance,
    Kind::DatabaseInstance,
];

struct Reading<'m> {
    model: &'m Model,
    network: Network,
    lists: HashMap<String, Id<PrefixList>>,
    stand_ins: u32,
}

impl Reading<'_> {
    fn unread(&mut self) {
        for (id, unread) in &self.model.unread {
            if MATTERS.contains(&unread.kind) {
                self.note(id.as_str(), &unread.why);
            }
        }
        for foreign in self.model.foreign.iter().filter(|foreign| !foreign.idle) {
            self.note(&foreign.id, &format!("{}; what it lets through is not followed", foreign.message));
        }
    }

    fn vpcs(&mut self) {
        let model = self.model;
        for (thing, vpc) in model.vpcs() {
            let facts =
                Vpc { blocks: vec![vpc.cidr], main_table: None, default_acl: None, account: None, region: None };
            let added = self.network.vpcs.add(thing.label(), facts);
            self.once(thing.label(), added.is_ok());
        }
    }

    fn subnets(&mut self) {
        let model = self.model;
        for (thing, subnet) in model.subnets() {
            let Some(vpc) = self.known(thing, &subnet.vpc, |network, name| network.vpcs.find(name)) else { continue };
            let blocks = vec![subnet.cidr];
            let public_on_launch = subnet.public_address_on_launch;
            let facts = Subnet { vpc, blocks, table: None, acl: None, public_on_launch };
            let added = self.network.subnets.add(thing.label(), facts);
            self.once(thing.label(), added.is_ok());
        }
    }

    fn tables(&mut self) {
        let model = self.model;
        for (thing, table) in model.route_tables() {
            let Some(vpc) = self.known(thing, &table.vpc, |network, name| network.vpcs.find(name)) else { continue };
            match self.network.route_tables.add(thing.label(), RouteTable { vpc, routes: Vec::new() }) {
                Ok(id) if table.main => self.network.vpcs.change(vpc).main_table = Some(id),
                Ok(_) => {}
                Err(_) => self.once(thing.label(), false),
            }
        }
        for (thing, association) in model.associations() {
            let table = self.known(thing, &association.table, |network, name| network.route_tables.find(name));
            let subnet = self.known(thing, &association.subnet, |network, name| network.subnets.find(name));
            if let (Some(table), Some(subnet)) = (table, subnet) {
                self.network.subnets.change(subnet).table = Some(table);
            }
        }
    }

    fn acls(&mut self) {
        let model = self.model;
        for (thing, acl) in model.network_acls() {
            let Some(vpc) = self.known(thing, &acl.vpc, |network, name| network.vpcs.find(name)) else { continue };
            let entries = |rules: &BTreeMap<u16, AclRule>| rules.iter().map(entry).collect();
            let facts = Acl { vpc, ingress: entries(&acl.ingress), egress: entries(&acl.egress) };
            let Ok(id) = self.network.acls.add(thing.label(), facts) else {
                self.once(thing.label(), false);
                continue;
            };
            for subnet in acl.subnets.iter().filter(|subnet| !is_beside(model, thing, *subnet)) {
                if let Some(subnet) = self.known(thing, subnet, |network, name| network.subnets.find(name)) {
                    self.network.subnets.change(subnet).acl = Some(id);
                }
            }
        }
    }

    fn gateways(&mut self) {
        let model = self.model;
        for thing in model.of_kind(Kind::InternetGateway) {
            let resource::Properties::InternetGateway(gateway) = &thing.properties else { continue };
            let vpc =
                gateway.vpc.as_ref().and_then(|vpc| self.known(thing, vpc, |network, name| network.vpcs.find(name)));
            let added = self.network.gateways.add(thing.label(), Gateway::Internet(vpc));
            self.once(thing.label(), added.is_ok());
        }
        for thing in model.of_kind(Kind::NatGateway) {
            let resource::Properties::NatGateway(gateway) = &thing.properties else { continue };
            if is_beside(model, thing, &gateway.subnet) {
                // It is made up when it is known what routes there are.
                continue;
            }
            let Some(subnet) = self.known(thing, &gateway.subnet, |network, name| network.subnets.find(name)) else {
                continue;
            };
            self.nat_gateway(thing.label(), subnet);
        }
        for (thing, endpoint) in model.endpoints() {
            let Some(vpc) = self.known(thing, &endpoint.vpc, |network, name| network.vpcs.find(name)) else { continue };
            let facts = Endpoint { vpc, service: endpoint.service.as_str().into() };
            let Ok(id) = self.network.gateways.add(thing.label(), Gateway::Endpoint(facts)) else {
                self.once(thing.label(), false);
                continue;
            };
            let Some(list) = self.list(&endpoint.service, Some(&endpoint.service)) else { continue };
            for table in endpoint.route_tables.iter().filter(|table| !is_beside(model, thing, *table)) {
                let Some(table) = self.known(thing, table, |network, name| network.route_tables.find(name)) else {
                    continue;
                };
                let destination = Destination::List(list);
                let route = Route { destination, target: Target::Gateway(id), origin: Origin::Static };
                self.network.route_tables.change(table).routes.push(route);
            }
        }
    }

    fn nat_gateway(&mut self, label: &str, subnet: Id<Subnet>) {
        let Some(private) = self.anywhere_in(subnet) else { return };
        let public = Some(self.stand_in());
        let Ok(id) = self.network.gateways.add(label, Gateway::Nat(Nat { subnet, private, public })) else {
            self.once(label, false);
            return;
        };
        let addresses = vec![Address { private, public }];
        let holder = Holder::NatGateway(id);
        let interface = Interface { subnet, addresses, groups: Box::default(), checks_addresses: false, holder };
        let added = self.network.interfaces.add(&format!("{label}/interface"), interface);
        self.once(label, added.is_ok());
    }

    /// Where a NAT gateway of others stands in a subnet that the spec does not name, nobody read what rules that subnet. It stands in the
    /// VPC of the table that leads to it (VPC guide, "Route tables"). What matters to the subnets that are read is where it leads: to the
    /// internet, as one that works does, which is also the widest it can.
    fn gateways_beside(&mut self) {
        let model = self.model;
        for (_, route) in model.routes() {
            let RouteTarget::NatGateway(nat) = &route.target else { continue };
            let Some(thing) = model.follow(nat) else { continue };
            let resource::Properties::NatGateway(gateway) = &thing.properties else { continue };
            let table = model.follow(&route.table).and_then(|table| self.network.route_tables.find(table.label()));
            let is_new = self.network.gateways.find(thing.label()).is_none();
            if let (Value::Known(id), Some(table), true) = (&gateway.subnet, table, is_new)
                && is_beside(model, thing, &gateway.subnet)
            {
                let vpc = self.network.route_tables[table].vpc;
                self.nat_gateway_beside(thing.label(), id.as_str(), vpc);
            }
        }
    }

    /// A NAT gateway in a subnet of others, which leads to the internet.
    fn nat_gateway_beside(&mut self, label: &str, subnet: &str, vpc: Id<Vpc>) {
        let attached =
            |(_, gateway): &(Id<Gateway>, &Gateway)| matches!(gateway, Gateway::Internet(Some(at)) if *at == vpc);
        let internet = self.network.gateways.iter().find(attached).map(|(id, _)| id);
        let internet = internet.or_else(|| {
            let name = format!("internet gateway of {}", self.network.vpcs.name(vpc));
            self.network.gateways.add(&name, Gateway::Internet(Some(vpc))).ok()
        });
        let found = self.network.subnets.find(subnet).or_else(|| {
            let everywhere = Destination::Block("0.0.0.0/0".parse().ok()?);
            let route = Route { destination: everywhere, target: Target::Gateway(internet?), origin: Origin::Static };
            let table = RouteTable { vpc, routes: vec![route] };
            let table = self.network.route_tables.add(&format!("route table of {subnet}"), table).ok();
            let blocks = vec![self.network.free_block(vpc)?];
            let facts = Subnet { vpc, blocks, table, acl: None, public_on_launch: false };
            let added = self.network.subnets.add(subnet, facts).ok()?;
            self.network.taken_to_lead_out.push(added);
            Some(added)
        });
        match found {
            Some(subnet) => self.nat_gateway(label, subnet),
            None => self.note(label, "it stands in a subnet that was not read, and the VPC has no room for one more"),
        }
    }

    /// What others made and routes name by AWS's id. AWS takes a route to an internet gateway or a NAT gateway of the table's own VPC
    /// only (VPC guide, "Route tables"), so the first is attached there, and the second stands in one of its subnets: which, no route
    /// tells, and it is taken to be one that leads to the internet, as a NAT gateway that works does.
    fn gateways_of_others(&mut self) {
        let model = self.model;
        let mut nats = Vec::new();
        let mut public = BTreeSet::new();
        for (thing, route) in model.routes() {
            let table = model.follow(&route.table).and_then(|table| self.network.route_tables.find(table.label()));
            let Some(table) = table else { continue };
            let vpc = self.network.route_tables[table].vpc;
            match &route.target {
                RouteTarget::InternetGateway(id) => {
                    public.insert(table);
                    if let (Value::Known(id), Target::Unknown(_)) = (id, self.gateway(id)) {
                        // One that is there already was named by another route.
                        let _ = self.network.gateways.add(id.as_str(), Gateway::Internet(Some(vpc)));
                    }
                }
                RouteTarget::NatGateway(Value::Known(id)) => nats.push((id.to_string(), vpc, thing.scope)),
                RouteTarget::NatGateway(_) | RouteTarget::Other(_) => {}
            }
        }
        for (name, vpc, scope) in nats {
            let main = self.network.vpcs[vpc].main_table;
            let leads_out = |subnet: &Subnet| {
                subnet.vpc == vpc && subnet.table.or(main).is_some_and(|table| public.contains(&table))
            };
            let subnet = self.network.subnets.iter().find(|(_, subnet)| leads_out(subnet)).map(|(id, _)| id);
            match (subnet, self.network.gateways.find(&name)) {
                (Some(subnet), None) => self.nat_gateway(&name, subnet),
                (None, None) if scope == Scope::Existing => {
                    self.nat_gateway_beside(&name, &format!("the subnet of {name}"), vpc);
                }
                _ => {}
            }
        }
    }

    /// A peering joins two VPCs, and AWS takes a route to it in tables of these alone (VPC peering guide, "Update your route tables"); so
    /// where tables of two VPCs route to one, it joins those two. Its other state no route tells: it is taken to be active. Of one that a
    /// single VPC routes to, the model says no more.
    fn peerings(&mut self) {
        let model = self.model;
        let mut sides: BTreeMap<&str, BTreeSet<Id<Vpc>>> = BTreeMap::new();
        for (_, route) in model.routes() {
            let table = model.follow(&route.table).and_then(|table| self.network.route_tables.find(table.label()));
            if let (RouteTarget::Other(name), Some(table)) = (&route.target, table)
                && name.starts_with("pcx-")
            {
                sides.entry(name).or_default().insert(self.network.route_tables[table].vpc);
            }
        }
        for (name, sides) in sides {
            if let [one, other] = *sides.into_iter().collect::<Vec<_>>() {
                let peering = Peering { sides: [Some(one), Some(other)], active: true };
                let added = self.network.gateways.add(name, Gateway::Peering(peering));
                self.once(name, added.is_ok());
            }
        }
    }

    fn routes(&mut self) {
        // Internet gateways are named by routes, and a VPC has one.
        self.gateways_of_others();
        self.gateways_beside();
        self.peerings();
        let model = self.model;
        for (thing, route) in model.routes() {
            let Some(table) = self.known(thing, &route.table, |network, name| network.route_tables.find(name)) else {
                continue;
            };
            let target = match &route.target {
                RouteTarget::InternetGateway(id) => self.gateway(id),
                RouteTarget::NatGateway(id) => self.gateway(id),
                RouteTarget::Other(name) => match self.network.gateways.find(name) {
                    Some(peering) => Target::Gateway(peering),
                    None => Target::Unknown(name.as_str().into()),
                },
            };
            if let Target::Unknown(name) = &target {
                let why = format!("it leads to `{name}`, of which the model says no more");
                self.note(thing.label(), &why);
            }
            let route = Route { destination: Destination::Block(route.destination), target, origin: Origin::Static };
            self.network.route_tables.change(table).routes.push(route);
        }
    }

    fn gateway<T: ToString>(&self, id: &Value<T>) -> Target {
        let ours = self.model.follow(id).and_then(|thing| self.network.gateways.find(thing.label()));
        let of_others = || id.known().and_then(|id| self.network.gateways.find(&id.to_string()));
        let found = ours.or_else(of_others);
        found.map_or_else(|| Target::Unknown(written(id).into()), Target::Gateway)
    }

    /// The groups first, since their rules refer to each other.
    fn groups(&mut self) {
        let model = self.model;
        for (thing, group) in model.security_groups() {
            let vpc = self.known(thing, &group.vpc, |network, name| network.vpcs.find(name));
            let added = self.network.groups.add(thing.label(), Group { vpc, ingress: Vec::new(), egress: Vec::new() });
            self.once(thing.label(), added.is_ok());
        }
        for (thing, group) in model.security_groups() {
            let ingress: Vec<Rule> = group.ingress.iter().flat_map(|rule| self.rules(thing, rule)).collect();
            let egress: Vec<Rule> = group.egress.iter().flat_map(|rule| self.rules(thing, rule)).collect();
            if let Some(id) = self.network.groups.find(thing.label()) {
                let facts = self.network.groups.change(id);
                (facts.ingress, facts.egress) = (ingress, egress);
            }
        }
        for (thing, group) in model.default_security_groups() {
            let vpc = self.known(thing, &group.vpc, |network, name| network.vpcs.find(name));
            let ingress = self.rules_in_words(thing, group.ingress.len());
            let egress = self.rules_in_words(thing, group.egress.len());
            let added = self.network.groups.add(thing.label(), Group { vpc, ingress, egress });
            self.once(thing.label(), added.is_ok());
        }
    }

    fn rules(&mut self, thing: &Resource, rule: &GroupRule) -> Vec<Rule> {
        let traffic = traffic(rule.protocol, rule.ports);
        let peer = match &rule.peer {
            resource::Peer::Cidr(block) => Peer::Block(*block),
            resource::Peer::Group(group) => {
                let found = self.model.follow(group).and_then(|group| self.network.groups.find(group.label()));
                found.map_or_else(|| Peer::Foreign(written(group).into()), Peer::Group)
            }
            resource::Peer::PrefixList(id) => match self.list(id, None) {
                Some(list) => Peer::List(list),
                None => return everywhere(traffic),
            },
            resource::Peer::Other(words) => {
                let why = format!("a rule says `{words}`, which is taken as everywhere");
                self.note(thing.label(), &why);
                return everywhere(traffic);
            }
        };
        vec![Rule { traffic, peer }]
    }

    /// A default group's rules are a line of text each in a model; any of them is taken as everything.
    fn rules_in_words(&mut self, thing: &Resource, count: usize) -> Vec<Rule> {
        if count == 0 {
            return Vec::new();
        }
        self.note(thing.label(), "it has rules, which are taken to allow everything");
        everywhere(Traffic::All)
    }

    fn interfaces(&mut self) {
        let model = self.model;
        for (thing, instance) in model.instances() {
            let subnet = self.known(thing, &instance.subnet, |network, name| network.subnets.find(name));
            let holder = Holder::Instance(thing.label().into());
            self.interface(thing, thing.label(), subnet, &instance.groups, instance.public_address, holder);
        }
        for (thing, endpoint) in model.interface_endpoints() {
            for subnet in &endpoint.subnets {
                let found = self.known(thing, subnet, |network, name| network.subnets.find(name));
                let name = match endpoint.subnets.len() {
                    1 => thing.label().to_owned(),
                    _ => format!("{}/{}", thing.label(), written(subnet)),
                };
                let holder = Holder::Endpoint(thing.label().into());
                self.interface(thing, &name, found, &endpoint.groups, false, holder);
            }
        }
        self.databases();
    }

    /// A database is in one subnet of its group: one in its own zone, and there is seldom a second.
    fn databases(&mut self) {
        let model = self.model;
        for (thing, database) in model.database_instances() {
            let group = model.follow(&database.subnet_group).map(|group| &group.properties);
            let Some(resource::Properties::DatabaseSubnetGroup(group)) = group else {
                self.note(thing.label(), "its subnet group is not in the model");
                continue;
            };
            for subnet in &group.subnets {
                let facts = model.follow(subnet).map(|subnet| &subnet.properties);
                if matches!(facts, Some(resource::Properties::Subnet(facts)) if facts.zone != database.zone) {
                    continue;
                }
                let found = self.known(thing, subnet, |network, name| network.subnets.find(name));
                let name = format!("{}/{}", thing.label(), written(subnet));
                let holder = Holder::Other("RDS database".into());
                self.interface(thing, &name, found, &database.groups, database.public, holder);
            }
        }
    }

    fn interface<G: ToString>(
        &mut self,
        thing: &Resource,
        name: &str,
        subnet: Option<Id<Subnet>>,
        groups: &BTreeSet<Value<G>>,
        public: bool,
        holder: Holder,
    ) {
        let Some(subnet) = subnet else { return };
        let Some(private) = self.anywhere_in(subnet) else { return };
        let public = public.then(|| self.stand_in());
        let groups: Vec<Id<Group>> = groups.iter().filter_map(|group| self.group_around(thing, group)).collect();
        let addresses = vec![Address { private, public }];
        let interface = Interface { subnet, addresses, groups: groups.into(), checks_addresses: true, holder };
        let added = self.network.interfaces.add(name, interface);
        self.once(name, added.is_ok());
    }

    /// A group that the model does not describe may allow anything.
    fn group_around<G: ToString>(&mut self, thing: &Resource, group: &Value<G>) -> Option<Id<Group>> {
        let name = self.model.follow(group).map_or_else(|| written(group), |found| found.label().to_owned());
        if let Some(id) = self.network.groups.find(&name) {
            return Some(id);
        }
        let why = format!("`{name}` is around it and not in the model, so it is taken to allow everything");
        self.note(thing.label(), &why);
        let open = || everywhere(Traffic::All);
        self.network.groups.add(&name, Group { vpc: None, ingress: open(), egress: open() }).ok()
    }

    fn list(&mut self, name: &str, service: Option<&str>) -> Option<Id<PrefixList>> {
        if let Some(id) = self.lists.get(name) {
            return Some(*id);
        }
        let list = PrefixList { service: service.map(Into::into), entries: None };
        let id = self.network.prefix_lists.add(name, list).ok()?;
        self.lists.insert(name.to_owned(), id);
        Some(id)
    }

    fn anywhere_in(&self, subnet: Id<Subnet>) -> Option<Place> {
        self.network.subnets[subnet].blocks.first().copied().map(Place::Within)
    }

    fn stand_in(&mut self) -> IpAddr {
        self.stand_ins += 1;
        Ipv4Addr::from_bits(Ipv4Addr::new(240, 0, 0, 0).to_bits() | (self.stand_ins & 0x0fff_ffff)).into()
    }

    /// What a property refers to, or a note that the model does not have it.
    fn known<T: ToString, K>(
        &mut self,
        thing: &Resource,
        value: &Value<T>,
        find: impl Fn(&Network, &str) -> Option<Id<K>>,
    ) -> Option<Id<K>> {
        let found = self.model.follow(value).and_then(|found| find(&self.network, found.label()));
        if found.is_none() {
            let why = format!("it refers to `{}`, which is not in the model", written(value));
            self.note(thing.label(), &why);
        }
        found
    }

    fn once(&mut self, label: &str, added: bool) {
        if !added {
            self.note(label, "it is there twice, and the second is not looked at");
        }
    }

    fn note(&mut self, what: &str, why: &str) {
        self.network.unread.push(Unread { what: what.into(), why: why.into() });
    }
}

/// Whether a thing of others refers by AWS's id to something else of theirs that was not read, since the spec does not use it: an ACL
/// guards other subnets too, an endpoint serves other tables. What is not read guards and rules nothing that is.
fn is_beside<T: ToString>(model: &Model, thing: &Resource, value: &Value<T>) -> bool {
    thing.scope == Scope::Existing && value.known().is_some() && model.follow(value).is_none()
}

fn written<T: ToString>(value: &Value<T>) -> String {
    match value {
        Value::Known(id) => id.to_string(),
        Value::Ref(reference) => reference.node.to_string(),
    }
}

fn entry((number, rule): (&u16, &AclRule)) -> Entry {
    Entry { number: *number, allow: rule.allow, traffic: traffic(rule.protocol, rule.ports), block: rule.cidr }
}

fn traffic(protocol: Protocol, ports: Option<(u16, u16)>) -> Traffic {
    let (first, last) = ports.unwrap_or((0, u16::MAX));
    match protocol {
        Protocol::All => Traffic::All,
        Protocol::Tcp => Traffic::Ports { protocol: 6, first, last },
        Protocol::Udp => Traffic::Ports { protocol: 17, first, last },
        Protocol::Number(number @ (6 | 17)) => Traffic::Ports { protocol: number, first, last },
        Protocol::Number(number @ (1 | 58)) => Traffic::Icmp { protocol: number, kind: None, code: None },
        Protocol::Number(number) => Traffic::Protocol(number),
    }
}

fn everywhere(traffic: Traffic) -> Vec<Rule> {
    let blocks = ["0.0.0.0/0", "::/0"].map(str::parse::<Cidr>);
    blocks.into_iter().flatten().map(|block| Rule { traffic, peer: Peer::Block(block) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Lock;
    use crate::plan::plan;
    use crate::spec::{Format, parse};

    fn planned() -> Model {
        let text = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n";
        let spec = parse(text, Format::Toml).unwrap();
        Model::planned(&plan(&spec, &Lock::offline(&spec)).unwrap())
    }

    #[test]
    fn a_planned_network_is_read_whole() {
        let network = Network::of_model(&planned());
        assert_eq!(network.unread, []);
        assert_eq!((network.vpcs.len(), network.subnets.len()), (1, 2));
        let private = network.subnets.find("subnet-private").unwrap();
        let table = network.subnets[private].table.unwrap();
        let nat = network.gateways.find("nat-gateway").unwrap();
        let targets: Vec<&Target> = network.route_tables[table].routes.iter().map(|route| &route.target).collect();
        let endpoint = network.gateways.find("s3-endpoint").unwrap();
        assert_eq!(targets, [&Target::Gateway(endpoint), &Target::Gateway(nat)]);
        assert!(network.subnets[private].acl.is_some());
    }

    #[test]
    fn gateways_of_others_are_told_by_the_routes_that_lead_to_them() {
        let mut model = planned();
        model.resources.retain(|thing| !matches!(thing.properties.kind(), Kind::InternetGateway | Kind::NatGateway));
        for thing in &mut model.resources {
            if let resource::Properties::Route(route) = &mut thing.properties {
                route.target = match route.target {
                    RouteTarget::InternetGateway(_) => {
                        RouteTarget::InternetGateway(Value::Known("igw-0a1b2c3d".parse().unwrap()))
                    }
                    _ => RouteTarget::NatGateway(Value::Known("nat-0a1b2c3d".parse().unwrap())),
                };
            }
        }
        let network = Network::of_model(&model);
        let vpc = network.vpcs.find("vpc").unwrap();
        let found = |name: &str| &network.gateways[network.gateways.find(name).unwrap()];
        assert_eq!(*found("igw-0a1b2c3d"), Gateway::Internet(Some(vpc)));
        let Gateway::Nat(nat) = found("nat-0a1b2c3d") else { panic!("no NAT gateway") };
        assert_eq!(network.subnets.name(nat.subnet), "subnet-public");
        assert_eq!(network.unread, []);
    }
}
