//! The state of an environment as facts: from a plan what will be, from an account what is.
//!
//! Both look alike. An id that AWS assigned to something the plan knows is written as a reference to that thing, in a live model as
//! in a planned one; so rules follow references without asking where the model came from, and a difference between two models is a
//! difference between what they describe.

mod bystander;
mod foreign;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use bystander::Bystander;
pub use foreign::{Foreign, Resident, ResidentKind, foreign};

use crate::aws::resource::{Kind, Properties};
use crate::plan::{Plan, Scope, digest};
use crate::value::{NodeId, Value};

/// The state of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Where the facts come from.
    pub source: Source,
    /// What there is.
    pub resources: Vec<Resource>,
    /// What could not be read, and why: rules about it answer `unknown`, never `fine`.
    pub unread: BTreeMap<NodeId, Unread>,
    /// What S3 data events the account's trail records: ARNs that objects' ARNs begin with.
    pub data_events: BTreeSet<String>,
    /// What lies in the environment's network and is in no plan of it. What it lets through is not followed, so that no claim about
    /// packets holds while there is something that may let something through.
    pub foreign: Vec<Foreign>,
    /// The roles and users of the account that are in no plan; none where nobody looked.
    pub bystanders: Option<Vec<Bystander>>,
}

/// Where the facts of a model come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A plan: what will be.
    Plan,
    /// An account: what is.
    Account,
}

/// Something that is there, or may be, and could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Why it could not be read.
    pub why: String,
}

/// Why a placeholder is unread.
const UNASKED: &str = "it exists, and the lock was made offline, so nobody has looked at it";

impl Unread {
    /// Whether nobody was asked: it exists, and stands in a lock made offline.
    #[must_use]
    pub fn is_unasked(&self) -> bool {
        self.why == UNASKED
    }
}

/// One thing there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its place in the plan; none for what no plan of ours made.
    pub node: Option<NodeId>,
    /// Its name, or its AWS id when it has no name.
    pub name: String,
    /// Whether it ends with the project; what no plan made is the account's.
    pub scope: Scope,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What it is like.
    pub properties: Properties,
}

impl Model {
    /// What the plan will make.
    #[must_use]
    pub fn planned(plan: &Plan) -> Self {
        let resource = |node: &crate::plan::Node| Resource {
            node: Some(node.id.clone()),
            name: node.name.clone(),
            scope: node.scope,
            tags: node.tags.clone(),
            properties: node.properties.clone(),
        };
        // A lock made offline has placeholders for what exists, and a placeholder is no fact.
        let (guessed, known): (Vec<_>, Vec<_>) =
            plan.nodes.iter().partition(|node| plan.offline && node.scope == Scope::Existing);
        let unread = guessed
            .into_iter()
            .map(|node| (node.id.clone(), Unread { kind: node.properties.kind(), why: UNASKED.to_owned() }));
        let resources = known.into_iter().map(resource).collect();
        Self {
            source: Source::Plan,
            resources,
            unread: unread.collect(),
            data_events: BTreeSet::new(),
            foreign: Vec::new(),
            bystanders: None,
        }
    }

    /// What the plan knows as `id`.
    #[must_use]
    pub fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.node.as_ref().is_some_and(|node| node.as_str() == id))
    }

    /// All that findings call so.
    pub fn named<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.resources.iter().filter(move |resource| resource.label() == label)
    }

    /// The thing that a value refers to, if the model has it.
    pub fn follow<T: ToString>(&self, value: &Value<T>) -> Option<&Resource> {
        match value {
            Value::Ref(reference) => self.resource(reference.node.as_str()),
            Value::Known(id) => {
                let id = id.to_string();
                self.resources.iter().find(|resource| resource.node.is_none() && resource.name == id)
            }
        }
    }

    /// All of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(move |resource| resource.properties.kind() == kind)
    }
}

macro_rules! each {
    ($($(#[$doc:meta])* $method:ident -> $kind:ident;)*) => {
        impl Model {
            $(
                $(#[$doc])*
                pub fn $method(&self) -> impl Iterator<Item = (&Resource, &crate::aws::resource::$kind)> {
                    self.resources.iter().filter_map(|resource| match &resource.properties {
                        Properties::$kind(properties) => Some((resource, properties)),
                        _ => None,
                    })
                }
            )*
        }
    };
}

each! {
    /// The VPCs.
    vpcs -> Vpc;
    /// The subnets.
    subnets -> Subnet;
    /// The route tables.
    route_tables -> RouteTable;
    /// The routes, local ones aside.
    routes -> Route;
    /// The explicit associations of route tables and subnets.
    associations -> RouteTableAssociation;
    /// The gateway endpoints.
    endpoints -> GatewayEndpoint;
    /// The default security groups.
    default_security_groups -> DefaultSecurityGroup;
    /// The network ACLs.
    network_acls -> NetworkAcl;
    /// The flow logs.
    flow_logs -> FlowLog;
    /// The log groups.
    log_groups -> LogGroup;
    /// The roles.
    roles -> Role;
    /// The managed policies.
    managed_policies -> ManagedPolicy;
    /// The KMS keys.
    keys -> KmsKey;
    /// The buckets.
    buckets -> Bucket;
    /// The configuration objects.
    bucket_objects -> BucketObject;
    /// The security groups, default ones aside.
    security_groups -> SecurityGroup;
    /// The key pairs.
    key_pairs -> KeyPair;
    /// The instance profiles.
    instance_profiles -> InstanceProfile;
    /// The interface endpoints.
    interface_endpoints -> InterfaceEndpoint;
    /// The Instance Connect endpoints.
    instance_connect_endpoints -> InstanceConnectEndpoint;
    /// The session documents.
    session_documents -> SessionDocument;
    /// The launch templates.
    launch_templates -> LaunchTemplate;
    /// The instances.
    instances -> Instance;
    /// The EBS volumes that are no instance's root.
    volumes -> Volume;
    /// The subnet groups of databases.
    database_subnet_groups -> DatabaseSubnetGroup;
    /// The parameter groups of databases.
    database_parameter_groups -> DatabaseParameterGroup;
    /// The databases.
    database_instances -> DatabaseInstance;
    /// The attachments of volumes to instances.
    volume_attachments -> VolumeAttachment;
    /// The trails.
    trails -> Trail;
    /// The Config recorders.
    config_recorders -> ConfigRecorder;
    /// Whether volumes are encrypted by default.
    ebs_encryptions -> EbsEncryption;
    /// The account's public access blocks.
    public_access_blocks -> PublicAccessBlock;
    /// The password policies.
    password_policies -> PasswordPolicy;
    /// The metric filters.
    metric_filters -> MetricFilter;
    /// The alarms.
    alarms -> Alarm;
    /// GuardDuty's detectors.
    detectors -> Detector;
    /// The DynamoDB tables.
    tables -> Table;
    /// The queues.
    queues -> Queue;
    /// The topics.
    topics -> Topic;
    /// The subscriptions to topics.
    subscriptions -> Subscription;
    /// The functions.
    functions -> Function;
    /// Who may call functions.
    function_permissions -> FunctionPermission;
    /// What buckets tell functions of.
    bucket_notifications -> BucketNotification;
}

impl Resource {
    /// What findings call it: its place in the plan, else its name.
    #[must_use]
    pub fn label(&self) -> &str {
        self.node.as_ref().map_or(self.name.as_str(), NodeId::as_str)
    }

    /// The digest of what it is like, tags aside: its node's, where it is as planned. What somebody else decides does not count.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(&self.name, &self.properties)
    }
}
