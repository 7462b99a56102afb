//! The kinds of resource an environment is made of, and their properties.
//!
//! One struct serves the plan and the account alike: a plan's properties say what shall be, the same struct read back says what
//! is, and verification is equality. [`Kind::descriptor`] is the one place that tells what a kind is; its match is exhaustive, so a
//! kind with a forgotten part does not compile.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::arn::{AllocationId, Arn, InternetGatewayId, KeyId, NatGatewayId, RouteTableId, SubnetId, VpcId};
use super::policy::Policy;
use crate::account::Zone;
use crate::cidr::Cidr;
use crate::value::Value;

/// A virtual private cloud: V of the document (L386-L420).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// Its address range; no IPv6 (L391).
    pub cidr: Cidr,
    /// Whether instances share hardware with other AWS customers.
    pub tenancy: Tenancy,
    /// Whether names resolve inside the VPC at all.
    pub dns_support: bool,
    /// Whether instances get DNS names; endpoints need it.
    pub dns_hostnames: bool,
}

/// Whether instances share hardware with other AWS customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tenancy {
    /// Shared hardware; since 2017 no duty under the BAA speaks against it (L192).
    #[default]
    Default,
    /// Hardware of one's own, at a premium (L388).
    Dedicated,
}

/// A subnet: Spublic or Sprivate (L421-L434).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// The VPC it lies in.
    pub vpc: Value<VpcId>,
    /// Its share of the VPC's range.
    pub cidr: Cidr,
    /// Its availability zone.
    pub zone: Zone,
    /// Whether a new network interface gets a public address (L461).
    pub public_address_on_launch: bool,
}

/// An internet gateway, IG (L435-L440).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternetGateway {
    /// The VPC it is attached to; none while it is not.
    pub vpc: Option<Value<VpcId>>,
}

/// A public IPv4 address of the account's own (L446).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElasticIp {}

/// A NAT gateway, NG: a way out that is no way in (L441-L446, L277).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatGateway {
    /// The public subnet it stands in.
    pub subnet: Value<SubnetId>,
    /// Its public address.
    pub address: Value<AllocationId>,
}

/// A route table; its local route is AWS's own and not listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTable {
    /// The VPC it belongs to.
    pub vpc: Value<VpcId>,
    /// Whether it rules every subnet without a table of its own: RT of the document (L393-L398), made by AWS with the VPC.
    pub main: bool,
}

/// A route, other than the local one and those that an endpoint puts in by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The table it is in.
    pub table: Value<RouteTableId>,
    /// Where packets want to go.
    pub destination: Cidr,
    /// Where they are sent.
    pub target: RouteTarget,
}

/// Where a route sends packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteTarget {
    /// To the internet, and from it.
    InternetGateway(Value<InternetGatewayId>),
    /// To the internet, replies only.
    NatGateway(Value<NatGatewayId>),
    /// To something no plan makes: a peering, a transit gateway, an interface. As AWS names it.
    Other(String),
}

/// The explicit rule of a route table over a subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTableAssociation {
    /// The table.
    pub table: Value<RouteTableId>,
    /// The subnet.
    pub subnet: Value<SubnetId>,
}

/// A gateway endpoint: traffic to S3 that never crosses the internet (L491-L495).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayEndpoint {
    /// The VPC it serves.
    pub vpc: Value<VpcId>,
    /// The service, such as `com.amazonaws.us-west-2.s3`.
    pub service: String,
    /// The tables that get a route to it.
    pub route_tables: BTreeSet<Value<RouteTableId>>,
    /// What may pass through it.
    pub policy: Policy,
}

/// The VPC's default security group, which AWS makes and nobody can delete (L399-L402).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefaultSecurityGroup {
    /// The VPC it belongs to.
    pub vpc: Value<VpcId>,
    /// Rules for traffic in, each as AWS describes it; none is safe.
    pub ingress: BTreeSet<String>,
    /// Rules for traffic out; none is safe.
    pub egress: BTreeSet<String>,
}

/// A network ACL: a stateless filter at a subnet's edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkAcl {
    /// The VPC it belongs to.
    pub vpc: Value<VpcId>,
    /// The subnets it guards.
    pub subnets: BTreeSet<Value<SubnetId>>,
    /// Rules in, by number; the lowest that matches decides, none that matches denies.
    pub ingress: BTreeMap<u16, AclRule>,
    /// Rules out, likewise.
    pub egress: BTreeMap<u16, AclRule>,
}

/// One rule of a network ACL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AclRule {
    /// Whether what matches may pass.
    pub allow: bool,
    /// The protocol.
    pub protocol: Protocol,
    /// The other side's addresses.
    pub cidr: Cidr,
    /// First and last destination port; none for protocols without ports.
    pub ports: Option<(u16, u16)>,
}

/// A protocol in a firewall rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// All of them (AWS's `-1`).
    All,
    /// TCP, number 6.
    Tcp,
    /// UDP, number 17.
    Udp,
    /// Any other, by its IANA number.
    Number(u8),
}

/// A flow log, FL (L403-L417).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowLog {
    /// The VPC whose traffic it records.
    pub vpc: Value<VpcId>,
    /// Which traffic; the document requires all (L414).
    pub traffic: Traffic,
    /// The log group it writes to.
    pub destination: Value<Arn>,
    /// The role it writes as.
    pub role: Value<Arn>,
    /// Seconds over which packets are summed up: 60 or 600.
    pub aggregation_seconds: u32,
}

/// Which traffic a flow log records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Traffic {
    /// Accepted and rejected.
    All,
    /// Accepted only.
    Accept,
    /// Rejected only.
    Reject,
}

/// A CloudWatch log group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogGroup {
    /// Days that events are kept; none for ever.
    pub retention_days: Option<u32>,
    /// The KMS key it is encrypted with; none means CloudWatch's own.
    pub key: Option<Value<Arn>>,
}

/// An IAM role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Who may take it on.
    pub trust: Policy,
    /// The managed policies attached to it.
    pub policies: BTreeSet<Value<Arn>>,
    /// Names of inline policies; a plan has none.
    pub inline_policies: BTreeSet<String>,
}

/// A customer-managed IAM policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedPolicy {
    /// What it grants.
    pub document: Policy,
}

/// A customer-managed KMS key: one a PIT, so that closing out can shred what it encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmsKey {
    /// What it is for.
    pub description: String,
    /// Who may do what with it.
    pub policy: Policy,
    /// Whether AWS renews its material yearly.
    pub rotation: bool,
    /// Whether it can be used.
    pub enabled: bool,
}

/// A KMS alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmsAlias {
    /// The key it names.
    pub key: Value<KeyId>,
}

/// An S3 bucket: S3D, S3O, S3L, S3A (L1131-L1135), or the account's registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// How new objects are encrypted unless the writer says otherwise.
    pub encryption: Encryption,
    /// Whether an overwritten or deleted object stays as an older version.
    pub versioning: bool,
    /// Whether access lists are off and every object belongs to the bucket's owner.
    pub ownership_enforced: bool,
    /// Whether all four public-access blocks are on.
    pub public_access_blocked: bool,
    /// Who may do what.
    pub policy: Option<Policy>,
    /// Where requests to it are recorded.
    pub access_log: Option<AccessLog>,
    /// What happens to objects with time, by rule id.
    pub lifecycle: BTreeMap<String, LifecycleRule>,
}

/// Default encryption of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// With S3's own keys (SSE-S3, AES256).
    S3,
    /// With a KMS key (SSE-KMS).
    Kms {
        /// The key.
        key: Value<Arn>,
        /// Whether a bucket key saves calls to KMS.
        bucket_key: bool,
    },
}

/// Server access logging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessLog {
    /// The bucket that gets the records.
    pub bucket: String,
    /// What their keys begin with.
    pub prefix: String,
}

/// A lifecycle rule over a whole bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifecycleRule {
    /// Days after which an unfinished multi-part upload is dropped.
    pub abort_upload_days: Option<i32>,
    /// Days after which an older version is dropped.
    pub expire_older_versions_days: Option<i32>,
    /// Days after which an object is dropped.
    pub expire_days: Option<i32>,
    /// Anything else that the rule does, as AWS describes it; a plan has none.
    pub other: Option<String>,
}

/// What closing out does to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Teardown {
    /// Deletes it.
    Delete,
    /// Deletes what is in it, then it.
    EmptyAndDelete,
    /// Starts AWS's waiting period, after which AWS deletes it.
    Schedule,
    /// Nothing: AWS made it with the VPC, and it goes with the VPC.
    GoesWithVpc,
}

/// Whether a kind of resource meets Protected Health Information (L280-L282).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhiContact {
    /// Holds or carries it.
    DataAndCompute,
    /// Never sees it.
    TriggersAndOrchestration,
}

/// What a kind is, apart from its properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// What people call it.
    pub title: &'static str,
    /// The AWS service it belongs to, as the SDK and the endpoint variables name it.
    pub service: &'static str,
    /// Whether it meets PHI.
    pub phi_contact: PhiContact,
    /// What closing out does to it.
    pub teardown: Teardown,
    /// Whether AWS lets it carry tags.
    pub taggable: bool,
    /// Whether making it twice is possible because AWS takes no token and no name (aws-behaviour 0.2).
    pub duplicable: bool,
}

macro_rules! kinds {
    ($($kind:ident, $word:literal;)*) => {
        /// A kind of resource.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $(
                #[doc = concat!("[`", stringify!($kind), "`], written `", $word, "`.")]
                #[serde(rename = $word)]
                $kind,
            )*
        }

        /// The properties of a resource of any kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Properties {
            $(
                #[doc = concat!("Of a [`", stringify!($kind), "`].")]
                $kind($kind),
            )*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The kind as JSON and messages write it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$kind => $word,)* }
            }
        }

        impl Properties {
            /// The kind of resource these belong to.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind,)* }
            }

            /// As JSON, references written `${node.attribute}`.
            #[must_use]
            pub fn to_json(&self) -> serde_json::Value {
                // The structs hold text, numbers and maps with text keys only, which JSON can always say.
                match self { $(Self::$kind(properties) => serde_json::to_value(properties).unwrap_or_default(),)* }
            }

            /// Reads what [`Properties::to_json`] wrote.
            ///
            /// # Errors
            /// What the JSON reader says.
            pub fn from_json(kind: Kind, json: serde_json::Value) -> Result<Self, serde_json::Error> {
                match kind { $(Kind::$kind => serde_json::from_value(json).map(Self::$kind),)* }
            }
        }

        $(
            impl From<$kind> for Properties {
                fn from(properties: $kind) -> Self {
                    Self::$kind(properties)
                }
            }
        )*
    };
}

kinds! {
    Vpc, "vpc";
    Subnet, "subnet";
    InternetGateway, "internet-gateway";
    ElasticIp, "elastic-ip";
    NatGateway, "nat-gateway";
    RouteTable, "route-table";
    Route, "route";
    RouteTableAssociation, "route-table-association";
    GatewayEndpoint, "gateway-endpoint";
    DefaultSecurityGroup, "default-security-group";
    NetworkAcl, "network-acl";
    FlowLog, "flow-log";
    LogGroup, "log-group";
    Role, "role";
    ManagedPolicy, "managed-policy";
    KmsKey, "kms-key";
    KmsAlias, "kms-alias";
    Bucket, "bucket";
}

impl Kind {
    /// What the kind is.
    #[must_use]
    pub const fn descriptor(self) -> Descriptor {
        use PhiContact::{DataAndCompute, TriggersAndOrchestration};
        use Teardown::{Delete, EmptyAndDelete, GoesWithVpc, Schedule};
        let (title, service, phi_contact, teardown, taggable, duplicable) = match self {
            Self::Vpc => ("VPC", "ec2", DataAndCompute, Delete, true, true),
            Self::Subnet => ("subnet", "ec2", DataAndCompute, Delete, true, false),
            Self::InternetGateway => ("internet gateway", "ec2", DataAndCompute, Delete, true, true),
            Self::ElasticIp => ("Elastic IP address", "ec2", TriggersAndOrchestration, Delete, true, true),
            Self::NatGateway => ("NAT gateway", "ec2", DataAndCompute, Delete, true, false),
            Self::RouteTable => ("route table", "ec2", TriggersAndOrchestration, Delete, true, false),
            Self::Route => ("route", "ec2", TriggersAndOrchestration, Delete, false, false),
            Self::RouteTableAssociation => {
                ("route table association", "ec2", TriggersAndOrchestration, Delete, false, false)
            }
            Self::GatewayEndpoint => ("S3 gateway endpoint", "ec2", DataAndCompute, Delete, true, false),
            Self::DefaultSecurityGroup => {
                ("default security group", "ec2", TriggersAndOrchestration, GoesWithVpc, true, false)
            }
            Self::NetworkAcl => ("network ACL", "ec2", TriggersAndOrchestration, Delete, true, false),
            Self::FlowLog => ("flow log", "ec2", TriggersAndOrchestration, Delete, true, false),
            Self::LogGroup => ("log group", "logs", TriggersAndOrchestration, Delete, true, false),
            Self::Role => ("IAM role", "iam", TriggersAndOrchestration, Delete, true, false),
            Self::ManagedPolicy => ("IAM policy", "iam", TriggersAndOrchestration, Delete, true, false),
            Self::KmsKey => ("KMS key", "kms", DataAndCompute, Schedule, true, true),
            Self::KmsAlias => ("KMS alias", "kms", TriggersAndOrchestration, Delete, false, false),
            Self::Bucket => ("S3 bucket", "s3", DataAndCompute, EmptyAndDelete, true, false),
        };
        Descriptor { title, service, phi_contact, teardown, taggable, duplicable }
    }
}

/// A property that is not as planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The property's name.
    pub field: String,
    /// What the plan says.
    pub planned: serde_json::Value,
    /// What is there.
    pub found: serde_json::Value,
}

impl Properties {
    /// Where `found` is not as these planned properties say, in order of field.
    #[must_use]
    pub fn differences(&self, found: &Self) -> Vec<Difference> {
        let (planned, found) = (self.to_json(), found.to_json());
        let nothing = serde_json::Map::new();
        let fields = |json: &serde_json::Value| json.as_object().cloned().unwrap_or_else(|| nothing.clone());
        let (planned, found) = (fields(&planned), fields(&found));
        let names: BTreeSet<&String> = planned.keys().chain(found.keys()).collect();
        let differs = |name: &&String| planned.get(*name) != found.get(*name);
        let difference = |name: &String| Difference {
            field: name.clone(),
            planned: planned.get(name).cloned().unwrap_or_default(),
            found: found.get(name).cloned().unwrap_or_default(),
        };
        names.into_iter().filter(differs).map(difference).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vpc(hostnames: bool) -> Properties {
        let cidr = "10.0.0.0/16".parse().unwrap();
        Vpc { cidr, tenancy: Tenancy::Default, dns_support: true, dns_hostnames: hostnames }.into()
    }

    #[test]
    fn properties_read_back_as_they_are_written() {
        let read = Properties::from_json(Kind::Vpc, vpc(true).to_json()).unwrap();
        assert_eq!(read, vpc(true));
    }

    #[test]
    fn a_difference_names_the_field_and_both_values() {
        let differences = vpc(true).differences(&vpc(false));
        assert_eq!(differences.len(), 1);
        assert_eq!((differences[0].field.as_str(), &differences[0].found), ("dns_hostnames", &false.into()));
        assert!(vpc(true).differences(&vpc(true)).is_empty());
    }

    #[test]
    fn kinds_are_written_once_and_apart() {
        let words: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
        assert_eq!(words.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
            assert!(!kind.descriptor().title.is_empty());
        }
    }
}
