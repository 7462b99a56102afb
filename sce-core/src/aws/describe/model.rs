//! The state of an environment from saved answers of AWS: the same facts as of a live account, with no account at hand.
//!
//! What was not saved is unread: rules about it answer `unknown`, never `fine`. A file `SERVICE/NAME/CALL.json` that holds `{}` says
//! that AWS was asked and there is nothing, such as no policy of a bucket; no file says that nobody asked.

mod account;
mod ancillary;
mod bystanders;
mod databases;
mod identity;
mod machines;
mod network;
mod residents;
mod saved;
mod stores;
mod thing;

use std::collections::{BTreeMap, BTreeSet};

pub use machines::DIGEST;
pub use saved::{Saved, folder, percent_decoded};

use self::thing::Thing;
use crate::account::{AccountId, Region};
use crate::aws::resource::{Alarm, Kind, MetricFilter, Properties, RouteTable, Subnet, Trail};
use crate::model::{Bystander, Foreign, Model, Resource, Source, Unread, foreign};
use crate::pit::{TAG_ID, TAG_PIT, TAG_SCOPE};
use crate::plan::{Ids, Node, Plan, Scope, hex_sha256, relabelled};
use crate::value::{NodeId, Value};

/// Which account and region answers are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

/// What the answers tell of a plan's environment, in the plan's own terms, and of the account around it.
#[must_use]
pub fn of_plan(saved: &Saved, plan: &Plan) -> Model {
    let place = Place { account: plan.account.clone(), region: plan.region.clone() };
    let saved = &saved.within(&place);
    let read = Reading::of(saved, &place);
    let mut matched = Matched { read: &read, ids: Ids::default().with_existing(plan), found: BTreeMap::new() };
    let mut unread = BTreeMap::new();
    for node in &plan.nodes {
        if let Err(why) = matched.look(node) {
            unread.insert(node.id.clone(), Unread { kind: node.properties.kind(), why });
        }
    }
    let names = matched.ids.names(plan);
    let mut resources: Vec<Resource> = plan.nodes.iter().filter_map(|node| matched.resource(node, &names)).collect();
    resources.extend(matched.beside(plan, &names));
    matched.unread_beside(plan, &mut unread);
    let foreign = matched.foreign(plan, saved, &mut unread);
    let bystanders = matched.bystanders(plan, saved, &names, &mut unread);
    let data_events = BTreeSet::new();
    let mut model = Model { source: Source::Account, resources, unread, data_events, foreign, bystanders };
    read.add_account(&mut model, saved, &place);
    model
}

/// What the answers tell of an account, whatever is in it. What bears tags of ours has its place in the plan that they name, and is
/// referred to by it; where several environments have the same place, the first by name has it.
#[must_use]
pub fn of_account(saved: &Saved, place: &Place) -> Model {
    let saved = &saved.within(place);
    let read = Reading::of(saved, place);
    let mut places: BTreeMap<NodeId, (Kind, &Thing)> = BTreeMap::new();
    for (kind, thing) in read.things() {
        let id = thing.tags.get(TAG_ID).and_then(|id| id.parse().ok());
        let Some(id) = id.filter(|_| kind.descriptor().taggable) else { continue };
        let first = places.get(&id).is_none_or(|(_, other)| thing.tags.get(TAG_PIT) < other.tags.get(TAG_PIT));
        if first {
            places.insert(id, (kind, thing));
        }
    }
    let place_of = |kind: Kind, thing: &Thing| {
        let id: Option<NodeId> = thing.tags.get(TAG_ID).and_then(|id| id.parse().ok());
        id.filter(|id| places.get(id).is_some_and(|(other, one)| *other == kind && std::ptr::eq(*one, thing)))
    };
    let mut names = BTreeMap::new();
    for (id, (_, thing)) in &places {
        names.insert(thing.attributes.id.clone(), format!("${{{id}.id}}"));
        if let Some(arn) = &thing.attributes.arn {
            names.insert(arn.clone(), format!("${{{id}.arn}}"));
        }
    }
    let once = |kind: Kind| ACCOUNT_WIDE.contains(&kind);
    let mut unread: BTreeMap<NodeId, Unread> = BTreeMap::new();
    let mut resources = Vec::new();
    for (kind, thing) in read.things().filter(|(kind, _)| !once(*kind)) {
        let node = place_of(kind, thing);
        match &thing.properties {
            Ok(properties) => resources.push(Resource {
                scope: if thing.tags.contains_key(TAG_PIT) { Scope::Pit } else { Scope::Account },
                name: if node.is_some() { thing.name.clone() } else { thing.attributes.id.clone() },
                node,
                tags: thing.tags.clone(),
                properties: relabelled(&names, properties),
            }),
            Err(why) => {
                let id = node.unwrap_or_else(|| label(kind, &thing.name));
                unread.insert(id, Unread { kind, why: why.clone() });
            }
        }
    }
    for (kind, why) in read.not_saved().filter(|(kind, _)| !once(*kind)) {
        unread.insert(label(kind, ""), Unread { kind, why: why.to_owned() });
    }
    let (data_events, foreign) = (BTreeSet::new(), Vec::new());
    // Of an account without a plan, every role is one of the model.
    let bystanders = None;
    let mut model = Model { source: Source::Account, resources, unread, data_events, foreign, bystanders };
    read.add_account(&mut model, saved, place);
    model
}

/// What an account has once, or watches itself with: read for it, whatever is planned.
const ACCOUNT_WIDE: [Kind; 7] = [
    Kind::Trail,
    Kind::ConfigRecorder,
    Kind::EbsEncryption,
    Kind::PublicAccessBlock,
    Kind::PasswordPolicy,
    Kind::MetricFilter,
    Kind::Alarm,
];

/// Everything that the answers tell of, by kind; why not, of kinds that nobody asked about.
struct Reading {
    kinds: BTreeMap<Kind, Result<Vec<Thing>, String>>,
}

impl Reading {
    fn of(saved: &Saved, place: &Place) -> Self {
        Self { kinds: Kind::ALL.iter().map(|kind| (*kind, things(*kind, saved, place))).collect() }
    }

    fn of_kind(&self, kind: Kind) -> Result<&[Thing], &str> {
        match self.kinds.get(&kind) {
            Some(Ok(things)) => Ok(things),
            Some(Err(why)) => Err(why),
            None => Err("it is of a kind that this version does not know"),
        }
    }

    fn things(&self) -> impl Iterator<Item = (Kind, &Thing)> {
        self.kinds.iter().flat_map(|(kind, things)| things.iter().flatten().map(|thing| (*kind, thing)))
    }

    fn not_saved(&self) -> impl Iterator<Item = (Kind, &str)> {
        self.kinds.iter().filter_map(|(kind, things)| Some((*kind, things.as_ref().err()?.as_str())))
    }

    /// What is account-wide, as nothing of a plan's: as much as is read of a live account beside any plan.
    fn add_account(&self, model: &mut Model, saved: &Saved, place: &Place) {
        let mut seen: Vec<(String, Properties)> = Vec::new();
        let once = [
            (Kind::Trail, "account-trail", None),
            (Kind::ConfigRecorder, "account-config", None),
            (Kind::EbsEncryption, "ebs-encryption", Some("EBS encryption by default")),
            (Kind::PublicAccessBlock, "public-access-block", Some("S3 public access block")),
            (Kind::PasswordPolicy, "password-policy", Some("password policy")),
        ];
        for (kind, id, name) in once {
            self.account_part(model, kind, id, |thing| {
                let Ok(properties) = &thing.properties else { return };
                seen.push((name.unwrap_or(&thing.name).to_owned(), properties.clone()));
            });
        }
        let here = format!(":logs:{}:{}:log-group:", place.region, place.account);
        let group = |(_, properties): &(String, Properties)| match properties {
            Properties::Trail(Trail { log_group: Some(arn), .. }) => {
                arn.to_string().split_once(&here).map(|(_, name)| name.to_owned())
            }
            _ => None,
        };
        let groups: BTreeSet<String> = seen.iter().filter_map(group).collect();
        let mut metrics = BTreeSet::new();
        if !groups.is_empty() {
            self.account_part(model, Kind::MetricFilter, "account-filters", |thing| {
                let Ok(Properties::MetricFilter(filter)) = &thing.properties else { return };
                let MetricFilter { log_group: Value::Known(group), namespace, metric, .. } = filter else { return };
                if groups.contains(group) {
                    metrics.insert((namespace.clone(), metric.clone()));
                    seen.push((thing.name.clone(), filter.clone().into()));
                }
            });
        }
        if !metrics.is_empty() {
            self.account_part(model, Kind::Alarm, "account-alarms", |thing| {
                let Ok(Properties::Alarm(alarm)) = &thing.properties else { return };
                let Alarm { namespace, metric, .. } = alarm;
                if metrics.contains(&(namespace.clone(), metric.clone())) {
                    seen.push((thing.name.clone(), alarm.clone().into()));
                }
            });
        }
        model.resources.extend(seen.into_iter().map(|(name, properties)| Resource {
            node: None,
            name,
            scope: Scope::Account,
            tags: BTreeMap::new(),
            properties,
        }));
        model.data_events.extend(account::data_events(saved));
    }

    /// Each thing of a kind; what cannot be read of it is told under a name of the account's.
    fn account_part(&self, model: &mut Model, kind: Kind, id: &'static str, mut take: impl FnMut(&Thing)) {
        let things = self.of_kind(kind);
        things.unwrap_or_default().iter().for_each(&mut take);
        let broken = things.map_or_else(
            |why| Some(why.to_owned()),
            |things| things.iter().find_map(|thing| thing.properties.as_ref().err().cloned()),
        );
        if let (Some(why), Ok(id)) = (broken, id.parse()) {
            model.unread.insert(id, Unread { kind, why });
        }
    }
}

/// Everything of a kind that the answers tell of.
fn things(kind: Kind, saved: &Saved, place: &Place) -> Result<Vec<Thing>, String> {
    match kind {
        Kind::Vpc => network::vpcs(saved),
        Kind::Subnet => network::subnets(saved),
        Kind::InternetGateway => network::internet_gateways(saved),
        Kind::ElasticIp => network::addresses(saved),
        Kind::NatGateway => network::nat_gateways(saved),
        Kind::RouteTable => network::route_tables(saved),
        Kind::Route => network::routes(saved),
        Kind::RouteTableAssociation => network::associations(saved),
        Kind::GatewayEndpoint => network::gateway_endpoints(saved),
        Kind::DefaultSecurityGroup => network::default_security_groups(saved),
        Kind::NetworkAcl => network::network_acls(saved),
        Kind::FlowLog => network::flow_logs(saved, place),
        Kind::SecurityGroup => network::security_groups(saved),
        Kind::KeyPair => network::key_pairs(saved),
        Kind::InterfaceEndpoint => network::interface_endpoints(saved),
        Kind::InstanceConnectEndpoint => network::instance_connect_endpoints(saved),
        Kind::LogGroup => account::log_groups(saved),
        Kind::Role => identity::roles(saved),
        Kind::ManagedPolicy => identity::policies(saved),
        Kind::KmsKey => identity::keys(saved),
        Kind::KmsAlias => identity::aliases(saved),
        Kind::PasswordPolicy => identity::password_policy(saved),
        Kind::Bucket => stores::buckets(saved, place),
        Kind::BucketNotification => stores::notifications(saved),
        Kind::BucketObject => Err("what is in buckets is not saved".to_owned()),
        Kind::InstanceProfile => machines::profiles(saved),
        Kind::SessionDocument => machines::session_documents(saved, place),
        Kind::LaunchTemplate => machines::templates(saved, place),
        Kind::Instance => machines::instances(saved, place),
        Kind::Volume => machines::volumes(saved, place),
        Kind::VolumeAttachment => machines::attachments(saved),
        Kind::DatabaseSubnetGroup => databases::subnet_groups(saved),
        Kind::DatabaseParameterGroup => databases::parameter_groups(saved),
        Kind::DatabaseInstance => databases::instances(saved),
        Kind::Trail => account::trails(saved),
        Kind::ConfigRecorder => account::recorders(saved),
        Kind::EbsEncryption => account::ebs_encryption(saved, place),
        Kind::PublicAccessBlock => account::public_access_block(saved, place),
        Kind::MetricFilter => account::metric_filters(saved),
        Kind::Alarm => account::alarms(saved),
        Kind::Detector => account::detectors(saved),
        Kind::Table => ancillary::tables(saved, place),
        Kind::Queue => ancillary::queues(saved, place),
        Kind::Topic => ancillary::topics(saved, place),
        Kind::Subscription => ancillary::subscriptions(saved),
        Kind::Function => ancillary::functions(saved),
        Kind::FunctionPermission => ancillary::permissions(saved),
    }
}

/// The plan's nodes and what was read of each, found as a live account's things are.
struct Matched<'r> {
    read: &'r Reading,
    ids: Ids,
    found: BTreeMap<NodeId, (&'r Thing, Properties)>,
}

impl<'r> Matched<'r> {
    /// Finds the node's thing, if it is there.
    fn look(&mut self, node: &Node) -> Result<(), String> {
        // While something it refers to does not exist, neither does it.
        let Some(wanted) = self.ids.resolve(node) else { return Ok(()) };
        let things = self.read.of_kind(wanted.kind())?;
        let alias = self.aliased(node);
        let is_this = |thing: &&Thing| is_of(node, &wanted, alias.as_deref(), thing);
        let found: Vec<&'r Thing> = things.iter().filter(is_this).collect();
        let thing = match found.as_slice() {
            // Of what cannot be read, anything may be the node's that does not say that it is another's.
            [] => return things.iter().find_map(|thing| may_be(node, thing)).map_or(Ok(()), Err),
            [only] => *only,
            several => {
                let ids: Vec<&str> = several.iter().map(|thing| thing.attributes.id.as_str()).collect();
                return Err(format!("{} things bear its tags: {}", several.len(), ids.join(", ")));
            }
        };
        self.ids.insert(&node.id, thing.attributes.clone());
        let properties = revealed(&wanted, thing.properties.clone()?);
        self.found.insert(node.id.clone(), (thing, properties));
        Ok(())
    }

    /// The id of the key behind the alias of the node's name.
    fn aliased(&self, node: &Node) -> Option<String> {
        let name = format!("alias/{}", node.name);
        let aliases = self.read.of_kind(Kind::KmsAlias).unwrap_or_default();
        let alias = aliases.iter().find(|thing| thing.name == name)?;
        match &alias.properties {
            Ok(Properties::KmsAlias(alias)) => alias.key.known().map(ToString::to_string),
            _ => None,
        }
    }

    fn resource(&self, node: &Node, names: &BTreeMap<String, String>) -> Option<Resource> {
        let (thing, properties) = self.found.get(&node.id)?;
        // What has no tags of its own is found by what it belongs to.
        let by_owner = matches!(properties.kind(), Kind::Route | Kind::RouteTableAssociation);
        Some(Resource {
            node: Some(node.id.clone()),
            name: node.name.clone(),
            scope: node.scope,
            tags: if by_owner { node.tags.clone() } else { thing.tags.clone() },
            properties: relabelled(names, properties),
        })
    }

    /// What lies in the plan's network and is no node's. In a VPC of others, what lies in our own subnets.
    fn foreign(&self, plan: &Plan, saved: &Saved, unread: &mut BTreeMap<NodeId, Unread>) -> Vec<Foreign> {
        let id = |node: &Node| Some(self.found.get(&node.id)?.0.attributes.id.clone());
        let of_kind = |kind: Kind| plan.nodes.iter().filter(move |node| node.properties.kind() == kind);
        let Some((vpc, id_of_vpc)) = of_kind(Kind::Vpc).find_map(|node| Some((node, id(node)?))) else {
            return Vec::new();
        };
        let own: BTreeSet<String> = of_kind(Kind::Subnet).filter(|node| !node.is_existing()).filter_map(id).collect();
        let subnets = vpc.is_existing().then_some(&own);
        let ours = self.found.values().map(|(thing, _)| thing.attributes.id.clone()).collect();
        match residents::residents(saved, &id_of_vpc, subnets) {
            Ok(residents) => foreign(&plan.pit, &residents, &ours),
            Err(why) => {
                unread.entry(vpc.id.clone()).or_insert(Unread { kind: Kind::Vpc, why });
                Vec::new()
            }
        }
    }

    /// The roles and users that no node is, in the plan's own terms.
    fn bystanders(
        &self,
        plan: &Plan,
        saved: &Saved,
        names: &BTreeMap<String, String>,
        unread: &mut BTreeMap<NodeId, Unread>,
    ) -> Option<Vec<Bystander>> {
        let roles = plan.nodes.iter().filter(|node| node.properties.kind() == Kind::Role);
        let planned: BTreeSet<&str> = roles.map(|node| node.name.as_str()).collect();
        let mut names = names.clone();
        // What policies call a machine by; the model calls it by its place.
        for (id, (thing, _)) in self.found.iter().filter(|(_, (_, it))| it.kind() == Kind::Instance) {
            let arn = |name: &str| {
                let (region, account) = (&plan.region, &plan.account);
                format!("arn:{}:ec2:{region}:{account}:instance/{name}", region.partition())
            };
            names.insert(arn(&thing.attributes.id), arn(&format!("({id})")));
        }
        match bystanders::bystanders(saved, &planned, &names) {
            Ok(found) => Some(found),
            Err(why) => {
                unread.insert(label(Kind::Role, "others"), Unread { kind: Kind::Role, why });
                None
            }
        }
    }

    /// Routes in the plan's tables and subnets in its VPC that no node asked for. In a VPC of others, other subnets are their business.
    fn beside(&self, plan: &Plan, names: &BTreeMap<String, String>) -> Vec<Resource> {
        let owners = self.owners(plan);
        let taken: BTreeSet<&str> = self.found.values().map(|(thing, _)| thing.attributes.id.as_str()).collect();
        let kinds = [Kind::Route, Kind::Subnet].map(|kind| self.read.of_kind(kind).unwrap_or_default());
        let beside = kinds.into_iter().flatten().filter(|thing| !taken.contains(thing.attributes.id.as_str()));
        let inside = beside.filter(|thing| match &thing.properties {
            Ok(Properties::Route(route)) => owners.contains(route.table.to_string().as_str()),
            Ok(Properties::Subnet(Subnet { vpc, .. })) => owners.contains(vpc.to_string().as_str()),
            _ => false,
        });
        let resource = |thing: &Thing| {
            let properties = thing.properties.as_ref().ok()?;
            Some(Resource {
                node: None,
                name: thing.attributes.id.clone(),
                scope: Scope::Account,
                tags: BTreeMap::new(),
                properties: relabelled(names, properties),
            })
        };
        inside.filter_map(resource).collect()
    }

    /// The plan's tables, and its VPC unless it is one of others.
    fn owners(&self, plan: &Plan) -> BTreeSet<&'r str> {
        let looked_into = |node: &&Node| match node.properties.kind() {
            Kind::RouteTable => true,
            Kind::Vpc => !node.is_existing(),
            _ => false,
        };
        let nodes = plan.nodes.iter().filter(looked_into);
        nodes.filter_map(|node| Some(self.found.get(&node.id)?.0.attributes.id.as_str())).collect()
    }

    /// Routes of the plan's tables that cannot be read, and subnets and tables that cannot: those may lie in its VPC. Whatever routes a
    /// table has that is not known, nobody knows what they are routes of.
    fn unread_beside(&self, plan: &Plan, unread: &mut BTreeMap<NodeId, Unread>) {
        let owners = self.owners(plan);
        let ours = |kind: Kind, thing: &Thing| match kind {
            Kind::Route => thing.name.split(' ').next().is_some_and(|table| owners.contains(table)),
            _ => !thing.tags.contains_key(TAG_ID),
        };
        for table in self.read.of_kind(Kind::RouteTable).unwrap_or_default() {
            if let Err(why) = &table.properties {
                unread.insert(label(Kind::Route, &table.name), Unread { kind: Kind::Route, why: why.clone() });
            }
        }
        for kind in [Kind::Route, Kind::Subnet] {
            for thing in self.read.of_kind(kind).unwrap_or_default() {
                if let (Err(why), true) = (&thing.properties, ours(kind, thing)) {
                    unread.insert(label(kind, &thing.name), Unread { kind, why: why.clone() });
                }
            }
        }
    }
}

/// Whether a thing is the node's, by what a live account's is found by: tags, name, or what it belongs to.
fn is_of(node: &Node, wanted: &Properties, alias: Option<&str>, thing: &Thing) -> bool {
    let Ok(own) = &thing.properties else { return bears_tags(node, thing) || thing.name == node.name };
    if node.is_existing()
        && wanted.kind().descriptor().taggable
        && !matches!(wanted, Properties::DefaultSecurityGroup(_))
    {
        return [Some(&thing.attributes.id), thing.attributes.arn.as_ref()].contains(&Some(&node.name));
    }
    match (wanted, own) {
        (Properties::Route(wanted), Properties::Route(own)) => {
            wanted.table == own.table && wanted.destination == own.destination
        }
        (Properties::RouteTableAssociation(wanted), Properties::RouteTableAssociation(own)) => {
            wanted.subnet == own.subnet
        }
        (Properties::VolumeAttachment(wanted), Properties::VolumeAttachment(own)) => wanted.volume == own.volume,
        (Properties::DefaultSecurityGroup(wanted), Properties::DefaultSecurityGroup(own)) => wanted.vpc == own.vpc,
        (Properties::RouteTable(RouteTable { vpc, main: true }), Properties::RouteTable(own)) => {
            own.main && own.vpc == *vpc
        }
        (Properties::Subscription(wanted), Properties::Subscription(own)) => {
            (&wanted.topic, &wanted.protocol, &wanted.endpoint) == (&own.topic, &own.protocol, &own.endpoint)
        }
        (Properties::FunctionPermission(wanted), Properties::FunctionPermission(_)) => {
            thing.name == format!("{} {}", wanted.function, node.id)
        }
        (Properties::BucketNotification(wanted), Properties::BucketNotification(_)) => {
            thing.name == format!("{} {}", wanted.bucket, node.id)
        }
        (Properties::MetricFilter(wanted), Properties::MetricFilter(own)) => {
            wanted.log_group == own.log_group && thing.name == node.name
        }
        (Properties::KmsKey(_), Properties::KmsKey(_)) => match alias {
            Some(id) => thing.attributes.id == id,
            None => bears_tags(node, thing),
        },
        (
            Properties::EbsEncryption(_)
            | Properties::PublicAccessBlock(_)
            | Properties::PasswordPolicy(_)
            | Properties::Detector(_),
            _,
        ) => true,
        _ if wanted.kind().has_assigned_id() => bears_tags(node, thing),
        _ => thing.name == node.name,
    }
}

/// Whether it bears the node's place, and the project or the account as its owner.
fn bears_tags(node: &Node, thing: &Thing) -> bool {
    let owner = match node.scope {
        Scope::Pit => TAG_PIT,
        Scope::Account => TAG_SCOPE,
        Scope::Existing => return false,
    };
    [owner, TAG_ID].iter().all(|key| node.tags.get(*key).is_some_and(|value| thing.tags.get(*key) == Some(value)))
}

/// Why a thing that cannot be read may be the node's.
fn may_be(node: &Node, thing: &Thing) -> Option<String> {
    let why = thing.properties.as_ref().err()?;
    let tells = thing.tags.contains_key(TAG_ID) || is_named(node.properties.kind());
    (!tells).then(|| format!("`{}` may be it: {why}", thing.name))
}

/// Whether a thing of the kind is found by the name that the plan gives it, which shows also while the rest cannot be read.
fn is_named(kind: Kind) -> bool {
    !kind.has_assigned_id()
        && kind.descriptor().taggable
        && !matches!(kind, Kind::KmsKey | Kind::DefaultSecurityGroup | Kind::Detector)
}

/// Properties with each text that was saved as its digest alone, since it may hold secrets, exchanged for the planned one of that digest.
fn revealed(wanted: &Properties, mut found: Properties) -> Properties {
    let is_of = |digest: &str, text: &str| digest.strip_prefix(DIGEST) == Some(hex_sha256(text.as_bytes()).as_str());
    match (wanted, &mut found) {
        (Properties::LaunchTemplate(wanted), Properties::LaunchTemplate(found))
            if is_of(&found.user_data, &wanted.user_data) =>
        {
            found.user_data.clone_from(&wanted.user_data);
        }
        (Properties::Function(wanted), Properties::Function(found)) => {
            for (name, value) in &mut found.environment {
                let planned = wanted.environment.get(name);
                if let Some(planned) = planned.filter(|planned| is_of(&value.to_string(), &planned.to_string())) {
                    *value = planned.clone();
                }
            }
        }
        _ => {}
    }
    found
}

/// What an unread thing without a place in a plan is called: its kind and its name, as far as a place can say them.
fn label(kind: Kind, name: &str) -> NodeId {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(plain).collect();
    let text = if name.is_empty() { kind.word().to_owned() } else { format!("{}-{name}", kind.word()) };
    text.parse().expect("letters, digits and hyphens alone")
}
