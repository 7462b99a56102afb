//! The design of a Secure Compute Environment: which things, with which properties, in which order.
//!
//! The order is also the order of teardown, reversed: what writes logs goes before the log group, so that nobody re-creates it.

mod ancillary;
mod databases;
mod existing;
mod machines;
mod network;
mod people;
pub(super) mod policies;
pub(super) mod stores;

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use super::{Node, PlanError, Scope};
use crate::aws::arn::{
    AllocationId, Arn, InstanceId, InternetGatewayId, KeyId, LaunchTemplateId, NatGatewayId, RouteTableId,
    SecurityGroupId, SubnetId, VolumeId, VpcEndpointId, VpcId,
};
use crate::aws::policy::Policy;
use crate::aws::resource::{
    Bucket, DatabaseParameterGroup, DatabaseSubnetGroup, ElasticIp, FlowLog, Function, GatewayEndpoint, Instance,
    InternetGateway, KeyPair, KmsAlias, KmsKey, LaunchTemplate, LogGroup, ManagedPolicy, NatGateway, Properties, Role,
    RouteTable, SecurityGroup, Subnet, Traffic, Volume, Vpc,
};
use crate::lock::{Existing, Lock};
use crate::pit::{self, Named};
use crate::spec::Spec;
use crate::value::{Attribute, NodeId, Reference, Value};
#[cfg(test)]
pub(crate) use existing::sample;
use network::NetworkParts;

/// The nodes of the environment, each after all that it needs.
pub(super) fn nodes(spec: &Spec, lock: &Lock) -> Result<Vec<Node>, PlanError> {
    let existing = existing::locked(spec, lock)?;
    let addresses = match existing::addresses(spec, lock, existing)? {
        Some(addresses) => addresses,
        None => network::addresses(spec)?,
    };
    let mut design = Design { spec, lock, existing, nodes: Vec::new() };
    design.registry();
    design.take_up();
    let key = design.key();
    let group = design.log_group(&key);
    design.session_log_group(&key);
    let writer = design.flow_log_role(&group);
    design.people(&addresses, &key);
    let network = design.network(&addresses);
    design.flow_log(&network, &group, &writer);
    let endpoint = design.endpoint(&network);
    design.firewalls(&network, &addresses);
    design.buckets(&key, &endpoint);
    design.ancillary(&key);
    let machines = design.machines(&network, &addresses, &key)?;
    design.databases(&network, &addresses, &key, machines.as_ref())?;
    Ok(design.nodes)
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
    Role => String,
    KeyPair => String,
    Bucket => String,
    SecurityGroup => SecurityGroupId,
    LaunchTemplate => LaunchTemplateId,
    Instance => InstanceId,
    Volume => VolumeId,
    DatabaseSubnetGroup => String,
    DatabaseParameterGroup => String,
    Function => String,
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

struct Design<'a> {
    spec: &'a Spec,
    lock: &'a Lock,
    existing: Option<&'a Existing>,
    nodes: Vec<Node>,
}

impl Design<'_> {
    /// An existing key gets no alias: that would be a name on what is somebody else's.
    fn key(&mut self) -> Handle<KmsKey> {
        if let Some(key) = self.taken_up("key") {
            return key;
        }
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
        let role = self.role(trust, policies);
        self.add("flow-log-role", Named::FlowLogRole, &[], role)
    }

    /// A role of the environment, within the bound that the organisation sets to all of them.
    fn role(&self, trust: Policy, policies: BTreeSet<Value<Arn>>) -> Role {
        Role::new(trust, policies, self.spec.account.permissions_boundary.clone())
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

fn node_id(text: &str) -> NodeId {
    text.parse().expect("the design's own ids are lower-case words with hyphens")
}
