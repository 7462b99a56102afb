//! Planned environments for the properties' tests, to break one thing of.

use std::collections::BTreeMap;

use super::{Asked, Intent, Proof, Witness, properties, prove_each};
use crate::aws::policy::{Policy, Statement, text};
use crate::aws::resource::{
    AclRule, Bucket, DefaultSecurityGroup, GatewayEndpoint, GroupRule, Instance, KmsKey, ManagedPolicy, NetworkAcl,
    Peer, Properties, Protocol, Role, Route, RouteTarget, SecurityGroup,
};
use crate::lock::Lock;
use crate::model::{Model, Resource, Unread};
use crate::plan::{Scope, plan, sample};
use crate::reach::{Flow, Outcome};
use crate::spec::{Format, parse};
use crate::value::{Reference, Value};

/// A model and what it is held to.
pub(super) struct Scene {
    pub(super) model: Model,
    pub(super) intent: Intent,
}

const MACHINE: &str = "[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n";
const MIRROR: &str = "packages = { mirror = \"https://pypi.example.edu/simple\" }\n[network]\negress = \"none\"\n";
const BASTION: &str = "[access]\nmode = \"bastion\"\nallow = [{ name = \"campus-vpn\", cidr = \"140.142.0.0/16\" }]\n";
const PEOPLE: &str = "[access]\nallow = [{ name = \"campus-vpn\", cidr = \"140.142.0.0/16\" }]\n[roles]\n\
    uploaders = [\"arn:aws:iam::111122223333:user/uploader\"]\ncustodians = [\"arn:aws:iam::111122223333:user/custodian\"]\n\
    operators = [\"arn:aws:iam::111122223333:role/operators\"]\n";

impl Scene {
    /// A machine that people reach through Session Manager, and a way out.
    pub(super) fn machine() -> Self {
        Self::of("hipaa", MACHINE)
    }

    /// The same under another PIT, with more said.
    pub(super) fn machine_as(pit: &str, more: &str) -> Self {
        Self::of(pit, &format!("{MACHINE}{more}"))
    }

    /// The same without a way out.
    pub(super) fn shut() -> Self {
        Self::shut_as("hipaa")
    }

    /// The same under another PIT.
    pub(super) fn shut_as(pit: &str) -> Self {
        Self::of(pit, &format!("{MACHINE}{MIRROR}"))
    }

    /// With a bastion.
    pub(super) fn bastion() -> Self {
        Self::of("hipaa", &format!("{MACHINE}{BASTION}"))
    }

    /// With uploaders, custodians and operators.
    pub(super) fn people() -> Self {
        Self::of("hipaa", &format!("{MACHINE}{PEOPLE}"))
    }

    pub(super) fn of(pit: &str, rest: &str) -> Self {
        let text = format!("pit = \"{pit}\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n{rest}");
        let spec = parse(&text, Format::Toml).unwrap();
        let lock = Lock::offline(&spec);
        let plan = plan(&spec, &lock).unwrap();
        Self { model: Model::planned(&plan), intent: Intent::of(&spec, &lock, &plan) }
    }

    /// With what exists of others, as a lock made with the account tells of it.
    pub(super) fn existing(text: &str) -> Self {
        let (spec, lock) = sample::locked(text);
        let plan = plan(&spec, &lock).unwrap();
        Self { model: Model::planned(&plan), intent: Intent::of(&spec, &lock, &plan) }
    }

    pub(super) fn proof(&self, id: &str) -> Proof {
        let property = properties().iter().find(|property| property.id.0 == id).unwrap();
        prove_each(&self.model, &self.intent, &[property]).pop().unwrap()
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

    pub(super) fn add_route(&mut self, table: &str, destination: &str, target: RouteTarget) {
        let table = Value::Ref(Reference::parse(&format!("${{{table}.id}}")).unwrap());
        let route = Route { table, destination: destination.parse().unwrap(), target };
        let (name, tags) = (format!("route to {destination}"), BTreeMap::new());
        self.model.resources.push(Resource { node: None, name, scope: Scope::Account, tags, properties: route.into() });
    }

    pub(super) fn to_nat(&self) -> RouteTarget {
        RouteTarget::NatGateway(Value::Ref(Reference::parse("${nat-gateway.id}").unwrap()))
    }

    pub(super) fn to_internet(&self) -> RouteTarget {
        RouteTarget::InternetGateway(Value::Ref(Reference::parse("${internet-gateway.id}").unwrap()))
    }

    /// An ACL's entry that lets everything pass.
    pub(super) fn open_entry() -> AclRule {
        AclRule { allow: true, protocol: Protocol::All, cidr: "0.0.0.0/0".parse().unwrap(), ports: None }
    }

    /// The managed policy with one grant more.
    pub(super) fn allow(&mut self, policy: &str, action: &'static str, resource: &str) {
        let policy = self.managed_policy(policy);
        let more = Statement::allow("More").actions([action]).resources([text(resource)]);
        let statements = policy.document.statements().iter().cloned().chain([more]);
        policy.document = Policy::new(statements.collect());
    }

    /// The bucket's policy without a statement.
    pub(super) fn without_statement(&mut self, bucket: &str, sid: &str) {
        let bucket = self.bucket(bucket);
        let statements = bucket.policy.as_ref().unwrap().statements().iter();
        let kept = statements.filter(|statement| statement.sid.as_deref() != Some(sid)).cloned().collect();
        bucket.policy = Some(Policy::new(kept));
    }

    /// An endpoint, gateway or interface, under another policy.
    pub(super) fn open_endpoint(&mut self, id: &str, policy: Policy) {
        match &mut self.resource(id).properties {
            Properties::GatewayEndpoint(endpoint) => endpoint.policy = policy,
            Properties::InterfaceEndpoint(endpoint) => endpoint.policy = policy,
            other => panic!("`{id}` is a {}", other.kind().word()),
        }
    }
}

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
    instance -> Instance;
    security_group -> SecurityGroup;
    default_security_group -> DefaultSecurityGroup;
    network_acl -> NetworkAcl;
    endpoint -> GatewayEndpoint;
    managed_policy -> ManagedPolicy;
    role -> Role;
    bucket -> Bucket;
    key -> KmsKey;
}

/// A rule of a security group for TCP.
pub(super) fn tcp(port: u16, cidr: &str) -> GroupRule {
    let peer = Peer::Cidr(cidr.parse().unwrap());
    GroupRule { protocol: Protocol::Tcp, ports: Some((port, port)), peer, description: "test".to_owned() }
}

/// The flow of a proof's witness, and what becomes of it.
pub(super) fn flow_of(proof: &Proof) -> (&Flow, &Outcome) {
    match &proof.witness {
        Some(Witness::Flow { flow, outcome, .. }) => (flow, outcome),
        other => panic!("{}: {other:?}", proof.why),
    }
}

/// The requests of a proof's witness.
pub(super) fn requests_of(proof: &Proof) -> &[Asked] {
    match &proof.witness {
        Some(Witness::Request { requests, .. }) => requests,
        other => panic!("{}: {other:?}", proof.why),
    }
}
