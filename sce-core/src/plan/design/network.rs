//! The network: addresses, subnets, routes, the way out, filters.

use std::collections::{BTreeMap, BTreeSet};

use super::{Design, Handle, policies};
use crate::aws::resource::{
    AclRule, DefaultSecurityGroup, ElasticIp, GatewayEndpoint, InternetGateway, NatGateway, NetworkAcl, Protocol,
    Route, RouteTable, RouteTableAssociation, RouteTarget, Subnet, Vpc,
};
use crate::cidr::{self, Cidr, Need};
use crate::pit::Named;
use crate::plan::PlanError;
use crate::spec::{AccessMode, Egress, MainRoute, Profile, Spec};

/// Usable addresses of a subnet when the spec does not say: a /24, as in the document (L378).
const HOSTS: u32 = 251;

/// The ranges of the VPC and its two subnets.
pub(super) struct Addresses {
    pub(super) vpc: Cidr,
    /// None where the environment uses a VPC of others without one.
    pub(super) public: Option<Cidr>,
    pub(super) private: Cidr,
}

pub(super) fn addresses(spec: &Spec) -> Result<Addresses, PlanError> {
    let network = &spec.network;
    let taken: Vec<Cidr> = network.taken.iter().map(|range| range.cidr).collect();
    let vpc = match network.cidr {
        Some(block) => block,
        None => first_free_private_network(&taken).ok_or(PlanError::NoFreeNetwork)?,
    };
    let given: Vec<Cidr> = [network.public, network.private].into_iter().flatten().collect();
    let wanted = |name: &str, given: Option<Cidr>, hosts: Option<u32>| {
        given.is_none().then(|| Need { name: name.to_owned(), hosts: hosts.unwrap_or(HOSTS) })
    };
    let needs: Vec<Need> = [
        wanted("public", network.public, network.public_hosts),
        wanted("private", network.private, network.private_hosts),
    ]
    .into_iter()
    .flatten()
    .collect();
    let failed = |source| PlanError::Addresses { block: vpc.to_string(), source };
    let allocation = cidr::allocate(&vpc, &needs, &given).map_err(failed)?;
    let planned = |name: &str| allocation.subnets.iter().find(|subnet| subnet.name == name).map(|subnet| subnet.cidr);
    Ok(Addresses {
        vpc,
        public: Some(network.public.or_else(|| planned("public")).ok_or(PlanError::NoFreeNetwork)?),
        private: network.private.or_else(|| planned("private")).ok_or(PlanError::NoFreeNetwork)?,
    })
}

/// The first private range of 65,536 addresses that overlaps nothing taken (RFC 1918; the document's 10.0.0.0/16 when it is free).
fn first_free_private_network(taken: &[Cidr]) -> Option<Cidr> {
    let of_ten = (0..=255).map(|second| format!("10.{second}.0.0/16"));
    let others = (16..=31).map(|second| format!("172.{second}.0.0/16")).chain(["192.168.0.0/16".to_owned()]);
    let mut networks = of_ten.chain(others).filter_map(|text| text.parse::<Cidr>().ok());
    networks.find(|network| !taken.iter().any(|range| range.overlaps(network)))
}

/// The network's parts that others refer to.
pub(super) struct NetworkParts {
    pub(super) vpc: Handle<Vpc>,
    pub(super) public: Option<Handle<Subnet>>,
    pub(super) private: Handle<Subnet>,
    /// The tables whose subnets reach S3 through the endpoint.
    pub(super) endpoint_tables: Vec<Handle<RouteTable>>,
}

impl Design<'_> {
    pub(super) fn network(&mut self, addresses: &Addresses) -> NetworkParts {
        if let Some(existing) = self.existing_network() {
            return existing;
        }
        let tenancy = self.spec.tenancy();
        let vpc = Vpc { cidr: addresses.vpc, tenancy, dns_support: true, dns_hostnames: true };
        let vpc = self.add("vpc", Named::Vpc, &[], vpc);
        let group = DefaultSecurityGroup { vpc: vpc.id(), ingress: BTreeSet::new(), egress: BTreeSet::new() };
        self.add("security-group-default", Named::SecurityGroup, &[], group);
        let to_nat = self.spec.network.egress == Egress::Nat;
        // A network that is made has both; see `addresses`.
        let range = addresses.public.unwrap_or(addresses.vpc);
        let public = self.subnet("subnet-public", Named::PublicSubnet, &vpc, range, to_nat);
        let private = self.subnet("subnet-private", Named::PrivateSubnet, &vpc, addresses.private, false);
        let main = self.add("route-table-main", Named::RoutingTable, &[], RouteTable { vpc: vpc.id(), main: true });
        let table = RouteTable { vpc: vpc.id(), main: false };
        let public_table = self.add("route-table-public", Named::PublicRoutes, &[], table.clone());
        self.associate("association-public", &public_table, &public);
        // The document leaves Sprivate to the main table (L475-L477); today it has its own, so that neither depends on the other.
        let private_table = (self.spec.profile == Profile::Modern).then(|| {
            let private_table = self.add("route-table-private", Named::PrivateRoutes, &[], table);
            self.associate("association-private", &private_table, &private);
            private_table
        });
        if self.spec.network.egress == Egress::Nat {
            self.way_out(&vpc, &public, &public_table, private_table.as_ref(), &main);
        }
        let mut endpoint_tables = vec![private_table.unwrap_or(main)];
        if self.spec.bastion_machine().is_some() {
            // B reads who may pass from S3A.
            endpoint_tables.push(public_table);
        }
        NetworkParts { vpc, public: Some(public), private, endpoint_tables }
    }

    /// Internet gateway, NAT gateway and the routes to them.
    fn way_out(
        &mut self,
        vpc: &Handle<Vpc>,
        public: &Handle<Subnet>,
        public_table: &Handle<RouteTable>,
        private_table: Option<&Handle<RouteTable>>,
        main: &Handle<RouteTable>,
    ) {
        let gateway =
            self.add("internet-gateway", Named::InternetGateway, &[], InternetGateway { vpc: Some(vpc.id()) });
        let to_internet = RouteTarget::InternetGateway(gateway.id());
        let out = self.route("route-public-internet", public_table, to_internet);
        let address = self.add("nat-address", Named::NatGatewayAddress, &[&gateway.node], ElasticIp {});
        let nat = NatGateway { subnet: public.id(), address: address.id() };
        let nat = self.add("nat-gateway", Named::NatGateway, &[&out.node], nat);
        if let Some(table) = private_table {
            self.route("route-private-nat", table, RouteTarget::NatGateway(nat.id()));
        }
        if self.spec.main_route() == MainRoute::Nat {
            self.route("route-main-nat", main, RouteTarget::NatGateway(nat.id()));
        }
    }

    pub(super) fn endpoint(&mut self, network: &NetworkParts) -> Handle<GatewayEndpoint> {
        if let Some(existing) = self.taken_up("s3-endpoint") {
            return existing;
        }
        let endpoint = GatewayEndpoint {
            vpc: network.vpc.id(),
            service: format!("com.amazonaws.{}.s3", self.spec.region),
            route_tables: network.endpoint_tables.iter().map(Handle::id).collect(),
            policy: policies::endpoint(self.spec, self.lock),
        };
        self.add("s3-endpoint", Named::S3Endpoint, &[], endpoint)
    }

    /// A subnet has one ACL, so one of ours would take the place of what guards a subnet of others: theirs stay.
    pub(super) fn firewalls(&mut self, network: &NetworkParts, addresses: &Addresses) {
        let (None, Some(public)) = (self.existing_network(), &network.public) else { return };
        let acl = |subnet: &Handle<Subnet>, (ingress, egress)| NetworkAcl {
            vpc: network.vpc.id(),
            subnets: BTreeSet::from([subnet.id()]),
            ingress,
            egress,
        };
        let public = acl(public, public_rules(self.spec, addresses));
        self.add("network-acl-public", Named::PublicNetworkAcl, &[], public);
        let private = acl(&network.private, private_rules(self.spec, addresses));
        self.add("network-acl-private", Named::PrivateNetworkAcl, &[], private);
    }

    fn subnet(&mut self, id: &str, name: Named, vpc: &Handle<Vpc>, cidr: Cidr, public: bool) -> Handle<Subnet> {
        let zone = self.spec.network.zone.clone().unwrap_or_else(|| self.lock.zone.clone());
        self.add(id, name, &[], Subnet { vpc: vpc.id(), cidr, zone, public_address_on_launch: public })
    }

    fn associate(&mut self, id: &str, table: &Handle<RouteTable>, subnet: &Handle<Subnet>) {
        let association = RouteTableAssociation { table: table.id(), subnet: subnet.id() };
        self.add_named(id, format!("{} {}", table.node, subnet.node), &[], association);
    }

    fn route(&mut self, id: &str, table: &Handle<RouteTable>, target: RouteTarget) -> Handle<Route> {
        let destination = anywhere();
        let name = format!("{} {destination}", table.node);
        self.add_named(id, name, &[], Route { table: table.id(), destination, target })
    }
}

type Rules = BTreeMap<u16, AclRule>;

/// Ports that replies go to: clients choose from them (RFC 6056; AWS VPC guide, "Ephemeral ports").
const REPLIES: (u16, u16) = (1024, 65_535);

/// Spublic: web traffic of the NAT gateway and its replies, and ssh from the allowed ranges where there is a bastion.
fn public_rules(spec: &Spec, addresses: &Addresses) -> (Rules, Rules) {
    let anywhere = anywhere();
    let (mut ingress, mut egress) = (Rules::new(), Rules::new());
    if spec.network.egress == Egress::Nat {
        ingress.insert(100, tcp(addresses.private, (443, 443)));
        ingress.insert(110, tcp(addresses.private, (80, 80)));
        ingress.insert(120, tcp(anywhere, REPLIES));
        egress.insert(100, tcp(anywhere, (443, 443)));
        egress.insert(110, tcp(anywhere, (80, 80)));
        egress.insert(120, tcp(addresses.private, REPLIES));
    }
    if spec.access.mode == AccessMode::Bastion {
        for (number, range) in (200..).step_by(10).zip(&spec.access.allow) {
            ingress.insert(number, tcp(range.cidr, (22, 22)));
            egress.insert(number, tcp(range.cidr, REPLIES));
        }
        egress.insert(190, tcp(addresses.private, (22, 22)));
    }
    (ingress, egress)
}

/// Sprivate: out to the web (S3's addresses are public, also through the endpoint), replies in, ssh from a bastion.
fn private_rules(spec: &Spec, addresses: &Addresses) -> (Rules, Rules) {
    let anywhere = anywhere();
    let mut ingress = Rules::from([(120, tcp(anywhere, REPLIES))]);
    let mut egress = Rules::from([(100, tcp(anywhere, (443, 443)))]);
    if spec.network.egress == Egress::Nat {
        egress.insert(110, tcp(anywhere, (80, 80)));
    }
    if let (AccessMode::Bastion, Some(public)) = (spec.access.mode, addresses.public) {
        ingress.insert(190, tcp(public, (22, 22)));
        egress.insert(190, tcp(public, REPLIES));
    }
    (ingress, egress)
}

fn tcp(cidr: Cidr, ports: (u16, u16)) -> AclRule {
    AclRule { allow: true, protocol: Protocol::Tcp, cidr, ports: Some(ports) }
}

/// Every IPv4 address.
pub(super) fn anywhere() -> Cidr {
    "0.0.0.0/0".parse().expect("the whole of IPv4 is a range")
}
