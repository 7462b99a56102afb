//! A clean environment for the rules' tests, to break one thing of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};

use crate::aws::policy::{Policy, Statement, text};
use crate::aws::resource::{
    Bucket, BucketNotification, BucketObject, DatabaseInstance, DatabaseParameterGroup, DefaultSecurityGroup, FlowLog,
    Function, FunctionPermission, GatewayEndpoint, GroupRule, Instance, InstanceConnectEndpoint, InstanceProfile,
    InterfaceEndpoint, KeyPair, Kind, KmsKey, LaunchTemplate, LogGroup, ManagedPolicy, NetworkAcl, Peer, Properties,
    Protocol, Queue, Role, Route, RouteTableAssociation, RouteTarget, SecurityGroup, SessionDocument, Subnet, Table,
    Topic, Trail, Volume, Vpc,
};
use crate::check::facts::Digests;
use crate::check::{Declared, Facts, Finding, Terms, judge};
use crate::lock::Lock;
use crate::model::{Model, Resource, Unread};
use crate::plan::account::{Place, Present, Settings, account};
use crate::plan::{Scope, plan, sample};
use crate::spec::{Format, parse};
use crate::value::{Reference, Value};

/// The day of the tests.
pub(super) const TODAY: Date = date(2026, 11, 24);

/// What rules know, to be changed.
pub(super) struct Scene {
    pub(super) model: Model,
    pub(super) declared: Declared,
    pub(super) terms: Terms,
}

impl Scene {
    /// The planned environment of the least spec with its approvals.
    pub(super) fn clean() -> Self {
        Self::of("")
    }

    /// The same, with more lines of spec.
    pub(super) fn of(rest: &str) -> Self {
        let approvals = "[approvals]\nirb = \"STUDY00001234\"\nbilling = \"BUDGET-77\"\nbaa = \"2026-03-01\"\n";
        Self::of_spec(&format!("{LEAST}{rest}{approvals}"))
    }

    /// The planned environment with a database in it.
    pub(super) fn with_database() -> Self {
        Self::of("[[database]]\nengine = \"postgres\"\nphi_contact = true\n")
    }

    /// A planned environment with a machine that people reach through Session Manager.
    pub(super) fn with_machine() -> Self {
        Self::of(&format!("{MACHINE}[access]\n{PEOPLE}"))
    }

    /// The same without a way out, so that AWS's services have endpoints inside.
    pub(super) fn shut() -> Self {
        let packages = "packages = { mirror = \"https://pypi.example.edu/simple\" }\n";
        Self::of(&format!("{MACHINE}{packages}[network]\negress = \"none\"\n[access]\n{PEOPLE}"))
    }

    /// A planned environment with a machine that people reach through an Instance Connect endpoint.
    pub(super) fn connected() -> Self {
        Self::of(&format!("{MACHINE}[access]\nmode = \"instance-connect\"\n{PEOPLE}"))
    }

    /// A planned environment with all that there is of machines: a bastion, key pairs, a data volume.
    pub(super) fn full() -> Self {
        let allow = "mode = \"bastion\"\nallow = [{ name = \"campus-vpn\", cidr = \"140.142.0.0/16\" }]\n";
        Self::of(&format!("{MACHINE}[access]\n{allow}{PEOPLE}"))
    }

    /// The planned environment of a whole spec.
    pub(super) fn of_spec(text: &str) -> Self {
        let spec = parse(text, Format::Toml).unwrap();
        let plan = plan(&spec, &Lock::offline(&spec)).unwrap();
        Self { model: Model::planned(&plan), declared: Declared::of(&spec), terms: Terms::on(TODAY) }
    }

    /// The environment of a spec that uses what exists, as a lock made with the account tells of it.
    pub(super) fn existing(text: &str) -> Self {
        let (spec, lock) = sample::locked(text);
        let plan = plan(&spec, &lock).unwrap();
        Self { model: Model::planned(&plan), declared: Declared::of(&spec), terms: Terms::on(TODAY) }
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        let digests = Digests::default();
        Facts { model: &self.model, declared: &self.declared, terms: &self.terms, waivers: &[], digests }
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        judge(&self.model, &self.declared, &self.terms)
    }

    /// Puts the environment under an institution's policy.
    pub(super) fn under(&mut self, policy: &str) {
        self.terms.institution = Some(format!("schema_version = 1\nname = \"Example\"\n{policy}\n").parse().unwrap());
    }

    /// The rules with an open finding.
    pub(super) fn open(&self) -> BTreeSet<&'static str> {
        self.findings().iter().filter(|finding| finding.open()).map(|finding| finding.rule.0).collect()
    }

    pub(super) fn resource(&mut self, id: &str) -> &mut Resource {
        self.model.resources.iter_mut().find(|resource| resource.label() == id).unwrap()
    }

    pub(super) fn remove(&mut self, id: &str) -> Resource {
        let index = self.model.resources.iter().position(|resource| resource.label() == id).unwrap();
        self.model.resources.remove(index)
    }

    /// As an account answers when a permission is missing.
    pub(super) fn unread(&mut self, id: &str) {
        let resource = self.remove(id);
        let why = "access was denied".to_owned();
        self.model.unread.insert(resource.node.unwrap(), Unread { kind: resource.properties.kind(), why });
    }

    /// A thing of the account's.
    pub(super) fn add(&mut self, id: &str, properties: impl Into<Properties>) {
        let tags = crate::pit::account_tags(&id.parse().unwrap(), "0");
        let (name, properties) = (id.to_owned(), properties.into());
        let node = id.parse().ok();
        self.model.resources.push(Resource { node, name, scope: Scope::Account, tags, properties });
    }

    /// A trail that does all that a trail should, but for one thing.
    pub(super) fn add_trail(&mut self, change: impl Fn(&mut Trail)) {
        let key = Some(Value::Known("arn:aws:kms:us-west-2:111122223333:key/k".parse().unwrap()));
        let mut trail = Trail {
            bucket: "sce-logs-111122223333-us-west-2".to_owned(),
            key,
            log_group: None,
            log_group_role: None,
            all_regions: true,
            global_events: true,
            validated: true,
            management_events: true,
            organization: false,
            logging: true,
        };
        change(&mut trail);
        self.add("account-trail", trail);
    }

    /// The same, recording the stores' data events.
    pub(super) fn add_recording_trail(&mut self, change: impl Fn(&mut Trail)) {
        self.add_trail(change);
        self.model.data_events.insert("arn:aws:s3:::hipaa-".to_owned());
    }

    /// Every filter and alarm that `sce account apply` makes.
    pub(super) fn add_alarms(&mut self) {
        let settings = Settings { account: self.declared.account.clone(), logs_days: self.declared.logs_days };
        let place = Place {
            account: "111122223333".parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
            administrators: Vec::new(),
        };
        let planned = account(&settings, &place, &Present::default());
        for node in
            planned.nodes.into_iter().filter(|node| matches!(node.properties.kind(), Kind::MetricFilter | Kind::Alarm))
        {
            self.add(node.id.as_str(), node.properties);
        }
    }

    /// A route that no plan made, from a planned table to the internet gateway.
    pub(super) fn add_internet_route(&mut self, table: &str, destination: &str) {
        let gateway = Value::Ref(Reference::parse("${internet-gateway.id}").unwrap());
        self.add_route(table, destination, RouteTarget::InternetGateway(gateway));
    }

    /// A route that no plan made.
    pub(super) fn add_route(&mut self, table: &str, destination: &str, target: RouteTarget) {
        let table = Value::Ref(Reference::parse(&format!("${{{table}.id}}")).unwrap());
        let route = Route { table, destination: destination.parse().unwrap(), target };
        let name = format!("route to {destination}");
        let (tags, properties) = (BTreeMap::new(), route.into());
        self.model.resources.push(Resource { node: None, name, scope: Scope::Account, tags, properties });
    }

    /// A security group that no plan made, around nothing.
    pub(super) fn add_stray_group(&mut self, ingress: GroupRule) {
        let vpc = Value::Ref(Reference::parse("${vpc.id}").unwrap());
        let group = SecurityGroup {
            vpc,
            description: "test".to_owned(),
            ingress: BTreeSet::from([ingress]),
            egress: BTreeSet::new(),
        };
        let (name, tags, properties) = ("sg-0abc".to_owned(), BTreeMap::new(), group.into());
        self.model.resources.push(Resource { node: None, name, scope: Scope::Account, tags, properties });
    }

    /// The managed policy with one grant more.
    pub(super) fn allow(&mut self, policy: &str, action: &'static str, resource: &str) {
        let policy = self.managed_policy(policy);
        let more = Statement::allow("More").actions([action]).resources([text(resource)]);
        let statements = policy.document.statements().iter().cloned().chain([more]);
        policy.document = Policy::new(statements.collect());
    }

    /// Something that a plan could have.
    pub(super) fn add_planned(&mut self, id: &str, properties: Properties) {
        let tags = BTreeMap::new();
        let node = Some(id.parse().unwrap());
        self.model.resources.push(Resource { node, name: id.to_owned(), scope: Scope::Pit, tags, properties });
    }

    /// The bucket's policy without a statement.
    pub(super) fn without_statement(&mut self, bucket: &str, sid: &str) {
        let bucket = self.bucket(bucket);
        let statements = bucket.policy.as_ref().unwrap().statements().iter();
        let kept = statements.filter(|statement| statement.sid.as_deref() != Some(sid)).cloned().collect();
        bucket.policy = Some(Policy::new(kept));
    }
}

/// A machine to work on, with a data volume.
const MACHINE: &str = "[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n";

/// Two people with keys, at laptops that are looked after. The keys are of pairs whose private halves nobody has.
const PEOPLE: &str = "laptop = \"managed\"\npeople = [\
    { name = \"r1\", email = \"r1@example.edu\", key = \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS\" }, \
    { name = \"r2\", email = \"r2@example.edu\", key = \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\" }]\n";

/// A rule of a security group for TCP.
pub(super) fn tcp(port: u16, cidr: &str) -> GroupRule {
    GroupRule {
        protocol: Protocol::Tcp,
        ports: Some((port, port)),
        peer: Peer::Cidr(cidr.parse().unwrap()),
        description: "test".to_owned(),
    }
}

/// The least spec there is.
pub(super) const LEAST: &str = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n";

macro_rules! parts {
    ($($method:ident -> $kind:ident;)*) => {
        impl Scene {
            $(
                pub(super) fn $method(&mut self, id: &str) -> &mut $kind {
                    match &mut self.resource(id).properties {
                        Properties::$kind(properties) => properties,
                        other => panic!("`{id}` is a {}", other.kind().word()),
                    }
                }
            )*
        }
    };
}

parts! {
    vpc -> Vpc;
    subnet -> Subnet;
    association -> RouteTableAssociation;
    endpoint -> GatewayEndpoint;
    default_security_group -> DefaultSecurityGroup;
    network_acl -> NetworkAcl;
    flow_log -> FlowLog;
    log_group -> LogGroup;
    role -> Role;
    managed_policy -> ManagedPolicy;
    key -> KmsKey;
    bucket -> Bucket;
    database -> DatabaseInstance;
    database_parameters -> DatabaseParameterGroup;
    bucket_object -> BucketObject;
    security_group -> SecurityGroup;
    key_pair -> KeyPair;
    interface_endpoint -> InterfaceEndpoint;
    instance_connect_endpoint -> InstanceConnectEndpoint;
    session_document -> SessionDocument;
    launch_template -> LaunchTemplate;
    instance -> Instance;
    instance_profile -> InstanceProfile;
    volume -> Volume;
    table -> Table;
    queue -> Queue;
    topic -> Topic;
    function -> Function;
    function_permission -> FunctionPermission;
    bucket_notification -> BucketNotification;
}
