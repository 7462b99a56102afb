//! A clean environment for the rules' tests, to break one thing of it.

use std::collections::BTreeSet;

use crate::aws::policy::Policy;
use crate::aws::resource::{
    Bucket, BucketNotification, DefaultSecurityGroup, FlowLog, Function, FunctionPermission, GatewayEndpoint, KmsKey,
    LogGroup, ManagedPolicy, NetworkAcl, Properties, Queue, Role, Route, RouteTableAssociation, RouteTarget, Subnet,
    Table, Topic, Vpc,
};
use crate::check::{Declared, Facts, Finding, judge};
use crate::lock::Lock;
use crate::model::{Model, Resource, Unread};
use crate::plan::{Scope, plan};
use crate::spec::{Format, parse};
use crate::value::{Reference, Value};

/// What rules know, to be changed.
pub(super) struct Scene {
    pub(super) model: Model,
    pub(super) declared: Declared,
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

    /// The planned environment of a whole spec.
    pub(super) fn of_spec(text: &str) -> Self {
        let spec = parse(text, Format::Toml).unwrap();
        let plan = plan(&spec, &Lock::offline(&spec)).unwrap();
        Self { model: Model::planned(&plan), declared: Declared::of(&spec) }
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        Facts { model: &self.model, declared: &self.declared }
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        judge(&self.model, &self.declared)
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
        let (tags, properties) = (std::collections::BTreeMap::new(), route.into());
        self.model.resources.push(Resource { node: None, name, scope: Scope::Account, tags, properties });
    }

    /// Something that a plan could have.
    pub(super) fn add(&mut self, id: &str, properties: Properties) {
        let tags = std::collections::BTreeMap::new();
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
    table -> Table;
    queue -> Queue;
    topic -> Topic;
    function -> Function;
    function_permission -> FunctionPermission;
    bucket_notification -> BucketNotification;
}
