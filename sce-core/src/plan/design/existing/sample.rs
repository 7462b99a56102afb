//! A network, a key and a log bucket of others that keep every rule, for tests: what a plan of ours makes, under foreign ids.

use crate::aws::resource::{AccessLog, Kind, Properties};
use crate::lock::{Existing, Lock, Thing};
use crate::plan::{Plan, plan};
use crate::spec::{Format, Spec, parse};
use crate::value::{Attribute, Reference, substitute};

/// The key's ARN.
pub(crate) const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/0c0ffee0";

/// The least spec that uses everything of it, with its approvals.
pub(crate) const SPEC: &str = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n\
    [approvals]\nirb = \"STUDY00001234\"\nbilling = \"BUDGET-77\"\nbaa = \"2026-03-01\"\n\
    [use_existing]\nvpc = \"vpc-0vpc\"\npublic_subnet = \"subnet-0subnet-public\"\n\
    private_subnet = \"subnet-0subnet-private\"\nlog_bucket = \"central-logs\"\n\
    key = \"arn:aws:kms:us-west-2:111122223333:key/0c0ffee0\"\n";

/// What makes that a spec with a database in it.
pub(crate) const DATABASE: &str =
    "database_subnets = [\"subnet-0subnet-spare\"]\n[[database]]\nengine = \"postgres\"\nphi_contact = true\n";

/// A spec, and a lock that tells of everything it uses.
pub(crate) fn locked(text: &str) -> (Spec, Lock) {
    let spec = parse(text, Format::Toml).unwrap();
    let mut own = spec.clone();
    own.use_existing = Default::default();
    let mut lock = Lock::offline(&own);
    let made = plan(&own, &lock).unwrap();
    lock.offline = false;
    let is_read = |place: &str| spec.use_existing.public_subnet.is_some() || !of_public_subnet(place);
    let things = made.nodes.iter().filter(|node| is_foreign(&spec, node.properties.kind(), node.id.as_str()));
    let things = things.filter(|node| is_read(node.id.as_str()));
    let things = things.map(|node| thing(&made, node.id.as_str())).collect();
    lock.existing = Some(Existing { asked: spec.use_existing.clone(), things });
    (spec, lock)
}

/// What `sce lock` reads of a subnet only where the spec names it.
fn of_public_subnet(place: &str) -> bool {
    ["subnet-public", "association-public", "network-acl-public", "route-table-public"].contains(&place)
        || place.starts_with("route-public-")
}

fn is_foreign(spec: &Spec, kind: Kind, place: &str) -> bool {
    let network = matches!(
        kind,
        Kind::Vpc
            | Kind::DefaultSecurityGroup
            | Kind::Subnet
            | Kind::RouteTable
            | Kind::RouteTableAssociation
            | Kind::Route
            | Kind::NatGateway
            | Kind::NetworkAcl
            | Kind::GatewayEndpoint
    );
    let endpoint = kind == Kind::GatewayEndpoint && spec.use_existing.may_add_endpoint;
    (network && !endpoint && spec.use_existing.vpc.is_some())
        || (place == "key" && spec.use_existing.key.is_some())
        || (place == "bucket-accesslogs" && spec.use_existing.log_bucket.is_some())
}

fn thing(made: &Plan, place: &str) -> Thing {
    let node = made.node_named(place).unwrap();
    let known = |text: &str| {
        Reference::parse(text).map(|reference| name_of(made, reference.node.as_str(), reference.attribute))
    };
    let json = substitute(&node.properties.to_json(), &known);
    let mut properties = Properties::from_json(node.properties.kind(), json).unwrap();
    if let Properties::Bucket(bucket) = &mut properties {
        let text = serde_json::to_string(&bucket.policy).unwrap().replace(&node.name, "central-logs");
        bucket.policy = serde_json::from_str(&text).unwrap();
        bucket.access_log = None::<AccessLog>;
    }
    Thing { place: place.parse().unwrap(), name: name_of(made, place, Attribute::Id), properties }
}

fn name_of(made: &Plan, place: &str, attribute: Attribute) -> String {
    let prefix = match made.node_named(place).unwrap().properties.kind() {
        Kind::Vpc => "vpc",
        Kind::Subnet => "subnet",
        Kind::RouteTable => "rtb",
        Kind::NatGateway => "nat",
        Kind::InternetGateway => "igw",
        Kind::ElasticIp => "eipalloc",
        Kind::NetworkAcl => "acl",
        Kind::GatewayEndpoint => "vpce",
        Kind::DefaultSecurityGroup => "sg",
        Kind::KmsKey => return KEY.to_owned(),
        Kind::Bucket => return "central-logs".to_owned(),
        _ => return format!("{place} {attribute}"),
    };
    format!("{prefix}-0{place}")
}
