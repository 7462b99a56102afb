//! The kinds of resource an environment is made of, and their properties.
//!
//! One struct serves the plan and the account alike: a plan's properties say what shall be, the same struct read back says what
//! is, and verification is equality. [`Kind::descriptor`] is the one place that tells what a kind is; its match is exhaustive, so a
//! kind with a forgotten part does not compile.

mod account;
mod ancillary;
mod databases;
mod identity;
mod keys;
mod logs;
mod machines;
mod network;
mod stores;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use account::{
    Alarm, ConfigRecorder, Detector, EbsEncryption, MetricFilter, PasswordPolicy, PublicAccessBlock, Trail,
};
pub use ancillary::{BucketNotification, Function, FunctionPermission, Queue, Redrive, Subscription, Table, Topic};
pub use databases::{DatabaseInstance, DatabaseParameterGroup, DatabaseSubnetGroup};
pub use identity::{ManagedPolicy, Role};
pub use keys::{KmsAlias, KmsKey};
pub use logs::{FlowLog, LogGroup, Traffic};
pub use machines::{
    BucketObject, GroupRule, Instance, InstanceConnectEndpoint, InstanceProfile, InterfaceEndpoint, KeyPair,
    LaunchTemplate, Peer, RootVolume, SecurityGroup, SessionDocument, Volume, VolumeAttachment,
};
pub use network::{
    AclRule, DefaultSecurityGroup, ElasticIp, GatewayEndpoint, InternetGateway, InvalidProtocol, NatGateway,
    NetworkAcl, Protocol, Route, RouteTable, RouteTableAssociation, RouteTarget, Subnet, Tenancy, Vpc,
};
pub use stores::{AccessLog, Bucket, Encryption, LifecycleRule};

use super::service::Service;

/// What closing out does to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Teardown {
    /// Deletes it.
    Delete,
    /// Deletes what is in it, then it.
    EmptyAndDelete,
    /// Deletes it only when its holder says that what is in it may go: no archive holds it.
    DeleteWhenDiscarded,
    /// Starts AWS's waiting period, after which AWS deletes it.
    Schedule,
    /// Nothing: AWS made it with the VPC, and it goes with the VPC.
    GoesWithVpc,
    /// Nothing: it is the account's, and stays.
    Stays,
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
    BucketObject, "bucket-object";
    SecurityGroup, "security-group";
    KeyPair, "key-pair";
    InstanceProfile, "instance-profile";
    InterfaceEndpoint, "interface-endpoint";
    InstanceConnectEndpoint, "instance-connect-endpoint";
    SessionDocument, "session-document";
    LaunchTemplate, "launch-template";
    Instance, "instance";
    Volume, "volume";
    VolumeAttachment, "volume-attachment";
    DatabaseSubnetGroup, "database-subnet-group";
    DatabaseParameterGroup, "database-parameter-group";
    DatabaseInstance, "database-instance";
    Trail, "trail";
    ConfigRecorder, "config-recorder";
    EbsEncryption, "ebs-encryption";
    PublicAccessBlock, "public-access-block";
    PasswordPolicy, "password-policy";
    MetricFilter, "metric-filter";
    Alarm, "alarm";
    Detector, "detector";
    Table, "dynamodb-table";
    Queue, "queue";
    Topic, "topic";
    Subscription, "subscription";
    Function, "function";
    FunctionPermission, "function-permission";
    BucketNotification, "bucket-notification";
}

impl Kind {
    /// What the kind is.
    #[must_use]
    pub const fn descriptor(self) -> Descriptor {
        use PhiContact::{DataAndCompute, TriggersAndOrchestration};
        use Teardown::{Delete, DeleteWhenDiscarded, EmptyAndDelete, GoesWithVpc, Schedule, Stays};
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
            Self::BucketObject => ("configuration object", "s3", TriggersAndOrchestration, Delete, true, false),
            Self::SecurityGroup => ("security group", "ec2", TriggersAndOrchestration, Delete, true, false),
            Self::KeyPair => ("key pair", "ec2", TriggersAndOrchestration, Delete, true, false),
            Self::InstanceProfile => ("instance profile", "iam", TriggersAndOrchestration, Delete, true, false),
            Self::InterfaceEndpoint => ("interface endpoint", "ec2", DataAndCompute, Delete, true, false),
            Self::InstanceConnectEndpoint => ("Instance Connect endpoint", "ec2", DataAndCompute, Delete, true, false),
            Self::SessionDocument => ("session document", "ssm", TriggersAndOrchestration, Delete, true, false),
            Self::LaunchTemplate => ("launch template", "ec2", TriggersAndOrchestration, Delete, true, false),
            Self::Instance => ("EC2 instance", "ec2", DataAndCompute, Delete, true, false),
            Self::Volume => ("EBS volume", "ec2", DataAndCompute, DeleteWhenDiscarded, true, false),
            Self::VolumeAttachment => ("volume attachment", "ec2", TriggersAndOrchestration, Delete, false, false),
            Self::DatabaseSubnetGroup => {
                ("database subnet group", "rds", TriggersAndOrchestration, Delete, true, false)
            }
            Self::DatabaseParameterGroup => {
                ("database parameter group", "rds", TriggersAndOrchestration, Delete, true, false)
            }
            Self::DatabaseInstance => ("RDS database", "rds", DataAndCompute, DeleteWhenDiscarded, true, false),
            Self::Trail => ("CloudTrail trail", "cloudtrail", TriggersAndOrchestration, Stays, true, false),
            Self::ConfigRecorder => ("Config recorder", "config", TriggersAndOrchestration, Stays, true, false),
            Self::EbsEncryption => ("EBS encryption by default", "ec2", TriggersAndOrchestration, Stays, false, false),
            Self::PublicAccessBlock => {
                ("S3 public access block", "s3control", TriggersAndOrchestration, Stays, false, false)
            }
            Self::PasswordPolicy => ("password policy", "iam", TriggersAndOrchestration, Stays, false, false),
            Self::MetricFilter => ("metric filter", "logs", TriggersAndOrchestration, Stays, false, false),
            Self::Alarm => ("alarm", "cloudwatch", TriggersAndOrchestration, Stays, true, false),
            Self::Detector => ("GuardDuty detector", "guardduty", TriggersAndOrchestration, Stays, true, false),
            Self::Table => ("DynamoDB table", "dynamodb", TriggersAndOrchestration, EmptyAndDelete, true, false),
            Self::Queue => ("SQS queue", "sqs", TriggersAndOrchestration, EmptyAndDelete, true, false),
            Self::Topic => ("SNS topic", "sns", TriggersAndOrchestration, Delete, true, false),
            Self::Subscription => ("SNS subscription", "sns", TriggersAndOrchestration, Delete, false, false),
            Self::Function => ("Lambda function", "lambda", TriggersAndOrchestration, Delete, true, false),
            Self::FunctionPermission => {
                ("permission to call a function", "lambda", TriggersAndOrchestration, Delete, false, false)
            }
            Self::BucketNotification => ("bucket notification", "s3", TriggersAndOrchestration, Delete, false, false),
        };
        Descriptor { title, service, phi_contact, teardown, taggable, duplicable }
    }

    /// Whether AWS assigns the id of such a thing, which is then like no other text, and its tags alone tell whose it is.
    #[must_use]
    pub const fn has_assigned_id(self) -> bool {
        matches!(
            self,
            Self::Vpc
                | Self::Subnet
                | Self::InternetGateway
                | Self::ElasticIp
                | Self::NatGateway
                | Self::RouteTable
                | Self::GatewayEndpoint
                | Self::NetworkAcl
                | Self::FlowLog
                | Self::SecurityGroup
                | Self::InterfaceEndpoint
                | Self::InstanceConnectEndpoint
                | Self::LaunchTemplate
                | Self::Instance
                | Self::Volume
        )
    }

    /// The service it is of, as AWS's lists of eligible services know it.
    #[must_use]
    pub const fn of_service(self) -> Service {
        match self {
            Self::Vpc
            | Self::Subnet
            | Self::InternetGateway
            | Self::ElasticIp
            | Self::NatGateway
            | Self::RouteTable
            | Self::Route
            | Self::RouteTableAssociation
            | Self::GatewayEndpoint
            | Self::DefaultSecurityGroup
            | Self::NetworkAcl
            | Self::FlowLog
            | Self::SecurityGroup
            | Self::InterfaceEndpoint
            | Self::InstanceConnectEndpoint => Service::Vpc,
            Self::KeyPair | Self::LaunchTemplate | Self::Instance => Service::Ec2,
            Self::Volume | Self::VolumeAttachment | Self::EbsEncryption => Service::Ebs,
            Self::Bucket | Self::BucketObject | Self::BucketNotification | Self::PublicAccessBlock => Service::S3,
            Self::KmsKey | Self::KmsAlias => Service::Kms,
            Self::Role | Self::ManagedPolicy | Self::InstanceProfile | Self::PasswordPolicy => Service::Iam,
            Self::LogGroup | Self::MetricFilter => Service::CloudWatchLogs,
            Self::Alarm => Service::CloudWatch,
            Self::SessionDocument => Service::SystemsManager,
            Self::DatabaseSubnetGroup | Self::DatabaseParameterGroup | Self::DatabaseInstance => Service::Rds,
            Self::Trail => Service::CloudTrail,
            Self::ConfigRecorder => Service::Config,
            Self::Detector => Service::GuardDuty,
            Self::Table => Service::DynamoDb,
            Self::Queue => Service::Sqs,
            Self::Topic | Self::Subscription => Service::Sns,
            Self::Function | Self::FunctionPermission => Service::Lambda,
        }
    }

    /// Properties that somebody else decides, so that a plan says nothing of them and they are never a difference.
    #[must_use]
    pub const fn observed_only(self) -> &'static [&'static str] {
        match self {
            // Whoever reads the mail confirms.
            Self::Subscription => &["confirmed"],
            _ => &[],
        }
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
        let observed = self.kind().observed_only();
        let differs = |name: &&String| planned.get(*name) != found.get(*name) && !observed.contains(&name.as_str());
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
    fn what_somebody_else_decides_is_no_difference() {
        let topic = crate::value::Value::Known("arn:aws:sns:us-west-2:111122223333:hipaa_topic".parse().unwrap());
        let subscription = |endpoint: &str, confirmed| -> Properties {
            let (topic, protocol, endpoint) = (topic.clone(), "email".to_owned(), endpoint.to_owned());
            Subscription { topic, protocol, endpoint, confirmed }.into()
        };
        let planned = subscription("a@b.edu", None);
        assert!(planned.differences(&subscription("a@b.edu", Some(false))).is_empty());
        assert_eq!(planned.differences(&subscription("c@d.edu", Some(true))).len(), 1);
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
