//! The design of a Secure Compute Environment: which things, with which properties, in which order.
//!
//! The order is also the order of teardown, reversed: what writes logs goes before the log group, so that nobody re-creates it.

mod policies;

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use super::{Node, PlanError, Scope, node};
use crate::aws::arn::{
    AllocationId, InternetGatewayId, KeyId, NatGatewayId, RouteTableId, SubnetId, VpcEndpointId, VpcId,
};
use crate::aws::resource::{
    AccessLog, AclRule, Bucket, DefaultSecurityGroup, ElasticIp, Encryption, FlowLog, GatewayEndpoint, InternetGateway,
    KmsAlias, KmsKey, LifecycleRule, LogGroup, ManagedPolicy, NatGateway, NetworkAcl, Properties, Protocol, Role,
    Route, RouteTable, RouteTableAssociation, RouteTarget, Subnet, Traffic, Vpc,
};
use crate::cidr::{self, Cidr, Need};
use crate::lock::Lock;
use crate::pit::{self, BucketRole, Named};
use crate::spec::{AccessMode, Egress, MainRoute, Profile, Spec};
use crate::value::{Attribute, NodeId, Reference, Value};

/// Usable addresses of a subnet when the spec does not say: a /24, as in the document (L378).
const HOSTS: u32 = 251;

/// Days after which an unfinished multi-part upload is dropped.
const ABORT_UPLOAD_DAYS: i32 = 7;

/// The nodes of the environment, each after all that it needs.
pub(super) fn nodes(spec: &Spec, lock: &Lock) -> Result<Vec<Node>, PlanError> {
    let addresses = addresses(spec)?;
    let mut design = Design { spec, lock, nodes: Vec::new() };
    design.registry();
    let key = design.key();
    let group = design.log_group(&key);
    let writer = design.flow_log_role(&group);
    let network = design.network(&addresses);
    design.flow_log(&network, &group, &writer);
    let endpoint = design.endpoint(&network);
    design.firewalls(&network, &addresses);
    design.buckets(&key, &endpoint);
    Ok(design.nodes)
}

/// The ranges of the VPC and its two subnets.
struct Addresses {
    vpc: Cidr,
    public: Cidr,
    private: Cidr,
}

fn addresses(spec: &Spec) -> Result<Addresses, PlanError> {
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
        public: network.public.or_else(|| planned("public")).ok_or(PlanError::NoFreeNetwork)?,
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

/// A node already designed, typed by what it is, so that a subnet's id cannot stand for a VPC's.
struct Handle<K> {
    node: NodeId,
    kind: PhantomData<K>,
}

/// A kind whose id others refer to.
trait HasId: Into<Properties> {
    type Id;
}

macro_rules! has_id {
    ($($kind:ty => $id:ty,)*) => {
        $(impl HasId for $kind { type Id = $id; })*
    };
}

has_id! {
    Vpc => VpcId,
    Subnet => SubnetId,
    InternetGateway => InternetGatewayId,
    ElasticIp => AllocationId,
    NatGateway => NatGatewayId,
    RouteTable => RouteTableId,
    GatewayEndpoint => VpcEndpointId,
    KmsKey => KeyId,
}

impl<K> Handle<K> {
    /// The node's ARN, as a value of the type that wants it.
    fn arn<T>(&self) -> Value<T> {
        Value::Ref(Reference { node: self.node.clone(), attribute: Attribute::Arn })
    }
}

impl<K: HasId> Handle<K> {
    fn id(&self) -> Value<K::Id> {
        Value::Ref(self.reference())
    }

    /// The id as text in a policy.
    fn id_text(&self) -> Value<String> {
        Value::Ref(self.reference())
    }

    fn reference(&self) -> Reference {
        Reference { node: self.node.clone(), attribute: Attribute::Id }
    }
}

/// The network's parts that others refer to.
struct NetworkParts {
    vpc: Handle<Vpc>,
    public: Handle<Subnet>,
    private: Handle<Subnet>,
    /// The tables whose subnets reach S3 through the endpoint.
    endpoint_tables: Vec<Handle<RouteTable>>,
}

struct Design<'a> {
    spec: &'a Spec,
    lock: &'a Lock,
    nodes: Vec<Node>,
}

impl Design<'_> {
    fn registry(&mut self) {
        let name = pit::registry_bucket(&self.lock.account, &self.spec.region);
        let policy = policies::registry(&name, self.lock.partition);
        let lifecycle = LifecycleRule { abort_upload_days: Some(ABORT_UPLOAD_DAYS), ..LifecycleRule::default() };
        let bucket = Bucket {
            encryption: Encryption::S3,
            versioning: true,
            ownership_enforced: true,
            public_access_blocked: true,
            policy: Some(policy),
            access_log: None,
            lifecycle: BTreeMap::from([("abort-uploads".to_owned(), lifecycle)]),
        };
        let id = node_id("registry");
        let tags = pit::account_tags(&id, &node::digest(&name, &bucket.clone().into()));
        self.nodes.push(Node { id, name, scope: Scope::Account, needs: Vec::new(), tags, properties: bucket.into() });
    }

    fn key(&mut self) -> Handle<KmsKey> {
        let policy = policies::key(self.spec, self.lock);
        let description = format!("data and logs of the secure compute environment {}", self.spec.pit);
        let key = self.add("key", Named::Key, &[], KmsKey { description, policy, rotation: true, enabled: true });
        let alias = KmsAlias { key: key.id() };
        self.add_named("key-alias", self.spec.pit.key_alias(), &[], alias);
        key
    }

    fn log_group(&mut self, key: &Handle<KmsKey>) -> Handle<LogGroup> {
        let retention_days = Some(self.spec.retention.logs_days);
        self.add("log-group", Named::LogGroup, &[], LogGroup { retention_days, key: Some(key.arn()) })
    }

    fn flow_log_role(&mut self, group: &Handle<LogGroup>) -> Handle<Role> {
        let document = policies::flow_log_writer(self.spec, self.lock);
        let policy = self.add("flow-log-policy", Named::FlowLogPolicy, &[&group.node], ManagedPolicy { document });
        let trust = policies::flow_log_trust(self.spec, self.lock);
        let policies = BTreeSet::from([policy.arn()]);
        self.add("flow-log-role", Named::FlowLogRole, &[], Role { trust, policies, inline_policies: BTreeSet::new() })
    }

    fn network(&mut self, addresses: &Addresses) -> NetworkParts {
        let tenancy = self.spec.tenancy();
        let vpc = Vpc { cidr: addresses.vpc, tenancy, dns_support: true, dns_hostnames: true };
        let vpc = self.add("vpc", Named::Vpc, &[], vpc);
        let group = DefaultSecurityGroup { vpc: vpc.id(), ingress: BTreeSet::new(), egress: BTreeSet::new() };
        self.add("security-group-default", Named::SecurityGroup, &[], group);
        let public = self.subnet(
            "subnet-public",
            Named::PublicSubnet,
            &vpc,
            addresses.public,
            self.spec.network.egress == Egress::Nat,
        );
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
        let endpoint_tables = vec![private_table.unwrap_or(main)];
        NetworkParts { vpc, public, private, endpoint_tables }
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

    fn flow_log(&mut self, network: &NetworkParts, group: &Handle<LogGroup>, writer: &Handle<Role>) {
        let log = FlowLog {
            vpc: network.vpc.id(),
            traffic: Traffic::All,
            destination: group.arn(),
            role: writer.arn(),
            aggregation_seconds: 60,
        };
        self.add("flow-log", Named::FlowLog, &[], log);
    }

    fn endpoint(&mut self, network: &NetworkParts) -> Handle<GatewayEndpoint> {
        let endpoint = GatewayEndpoint {
            vpc: network.vpc.id(),
            service: format!("com.amazonaws.{}.s3", self.spec.region),
            route_tables: network.endpoint_tables.iter().map(Handle::id).collect(),
            policy: policies::endpoint(self.spec, self.lock),
        };
        self.add("s3-endpoint", Named::S3Endpoint, &[], endpoint)
    }

    fn firewalls(&mut self, network: &NetworkParts, addresses: &Addresses) {
        let acl = |subnet: &Handle<Subnet>, (ingress, egress)| NetworkAcl {
            vpc: network.vpc.id(),
            subnets: BTreeSet::from([subnet.id()]),
            ingress,
            egress,
        };
        let public = acl(&network.public, public_rules(self.spec, addresses));
        self.add("network-acl-public", Named::PublicNetworkAcl, &[], public);
        let private = acl(&network.private, private_rules(self.spec, addresses));
        self.add("network-acl-private", Named::PrivateNetworkAcl, &[], private);
    }

    fn buckets(&mut self, key: &Handle<KmsKey>, endpoint: &Handle<GatewayEndpoint>) {
        let logs = self.bucket_name(BucketRole::AccessLogs);
        let logging = Bucket {
            encryption: Encryption::S3,
            policy: Some(policies::access_logs(&logs, self.spec, self.lock)),
            lifecycle: BTreeMap::from([
                (
                    "abort-uploads".to_owned(),
                    LifecycleRule { abort_upload_days: Some(ABORT_UPLOAD_DAYS), ..LifecycleRule::default() },
                ),
                (
                    "expire".to_owned(),
                    LifecycleRule { expire_days: days(self.spec.retention.logs_days), ..LifecycleRule::default() },
                ),
            ]),
            ..private_bucket()
        };
        let target = self.add_named("bucket-accesslogs", logs.clone(), &[], logging);
        for role in [BucketRole::Data, BucketRole::Output, BucketRole::Ancillary] {
            let name = self.bucket_name(role);
            let older = days(self.spec.retention.versions_days);
            let bucket = Bucket {
                encryption: Encryption::Kms { key: key.arn(), bucket_key: true },
                policy: Some(policies::store(&name, self.lock, &key.arn(), &endpoint.id_text())),
                access_log: Some(AccessLog { bucket: logs.clone(), prefix: format!("{}/", role.as_str()) }),
                lifecycle: BTreeMap::from([
                    (
                        "abort-uploads".to_owned(),
                        LifecycleRule { abort_upload_days: Some(ABORT_UPLOAD_DAYS), ..LifecycleRule::default() },
                    ),
                    (
                        "older-versions".to_owned(),
                        LifecycleRule { expire_older_versions_days: older, ..LifecycleRule::default() },
                    ),
                ]),
                ..private_bucket()
            };
            self.add_named(&format!("bucket-{}", role.as_str()), name, &[&target.node], bucket);
        }
    }

    fn bucket_name(&self, role: BucketRole) -> String {
        self.spec.pit.bucket(role, &self.lock.account, &self.spec.region)
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

    fn add<P: Into<Properties>>(&mut self, id: &str, name: Named, after: &[&NodeId], properties: P) -> Handle<P> {
        self.add_named(id, self.spec.pit.name(name), after, properties)
    }

    fn add_named<P: Into<Properties>>(
        &mut self,
        id: &str,
        name: String,
        after: &[&NodeId],
        properties: P,
    ) -> Handle<P> {
        let id = node_id(id);
        let properties = properties.into();
        let mut node =
            Node { id: id.clone(), name, scope: Scope::Pit, needs: Vec::new(), tags: BTreeMap::new(), properties };
        let references = node.references().into_iter().map(|reference| reference.node);
        for need in references.chain(after.iter().map(|id| (*id).clone())) {
            if !node.needs.contains(&need) {
                node.needs.push(need);
            }
        }
        if node.properties.kind().descriptor().taggable {
            node.tags = pit::ownership_tags(&self.spec.pit, &node.id, &node.digest());
            node.tags.insert("Name".to_owned(), node.name.clone());
            node.tags.insert(pit::TAG_OWNER.to_owned(), self.spec.owner.clone());
        }
        self.nodes.push(node);
        Handle { node: id, kind: PhantomData }
    }
}

/// A bucket as all of ours are: nothing public, nothing of somebody else's, nothing overwritten for good.
fn private_bucket() -> Bucket {
    Bucket {
        encryption: Encryption::S3,
        versioning: true,
        ownership_enforced: true,
        public_access_blocked: true,
        policy: None,
        access_log: None,
        lifecycle: BTreeMap::new(),
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
    if spec.access.mode == AccessMode::Bastion {
        ingress.insert(190, tcp(addresses.public, (22, 22)));
        egress.insert(190, tcp(addresses.public, REPLIES));
    }
    (ingress, egress)
}

fn tcp(cidr: Cidr, ports: (u16, u16)) -> AclRule {
    AclRule { allow: true, protocol: Protocol::Tcp, cidr, ports: Some(ports) }
}

/// Days as S3 takes them; the spec's bounds keep them in range.
fn days(days: u32) -> Option<i32> {
    i32::try_from(days).ok()
}

/// Every IPv4 address.
fn anywhere() -> Cidr {
    "0.0.0.0/0".parse().expect("the whole of IPv4 is a range")
}

fn node_id(text: &str) -> NodeId {
    text.parse().expect("the design's own ids are lower-case words with hyphens")
}
