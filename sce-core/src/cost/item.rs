//! What AWS bills, and which kinds of resource give rise to it.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::aws::resource::Kind;
use crate::spec::nearest;

/// Something that AWS has a price for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// A VPC; free (L156), and listed because people ask.
    Vpc,
    /// A gateway endpoint to S3; free, and listed because people ask.
    S3GatewayEndpoint,
    /// An Instance Connect endpoint; free, and listed because people ask.
    InstanceConnectEndpoint,
    /// A NAT gateway's being there (L157).
    NatGatewayHours,
    /// What passes through a NAT gateway (L157).
    NatGatewayData,
    /// A public IPv4 address, in use or not.
    PublicIpv4Hours,
    /// What leaves AWS for the internet, from machines or out of S3 (L156).
    InternetEgress,
    /// What passes between availability zones (L196).
    InterZoneData,
    /// General-purpose volumes of the kind the document knew (L160).
    EbsGp2Storage,
    /// Snapshots of volumes (L163).
    EbsSnapshotStorage,
    /// A customer-managed key.
    KmsKey,
    /// Objects in S3's Standard class (L158).
    S3Storage,
    /// Log events taken in by CloudWatch Logs.
    LogIngestion,
    /// General-purpose storage of a database (L160).
    RdsGp2Storage,
    /// A machine's running, by its type (L504).
    InstanceHours,
    /// What dedicated hardware costs for each region, on top of what each machine costs (L191-L192).
    DedicatedFee,
    /// An interface endpoint's being there, in each zone.
    InterfaceEndpointHours,
    /// What passes through an interface endpoint.
    InterfaceEndpointData,
    /// General-purpose volumes of today's kind.
    EbsGp3Storage,
    /// A metric kept in CloudWatch beyond those that are free.
    CloudwatchMetric,
    /// An alarm on a metric.
    CloudwatchAlarm,
    /// Calls on objects and rows that CloudTrail records.
    CloudtrailDataEvents,
    /// Changes of resources that Config records.
    ConfigItems,
    /// Evaluations of Config's rules.
    ConfigRuleEvaluations,
    /// Management events that GuardDuty looks through.
    GuarddutyManagementEvents,
    /// Flow and DNS logs that GuardDuty looks through.
    GuarddutyFlowLogs,
    /// Checks that Security Hub makes.
    SecurityHubChecks,
    /// Writes to a DynamoDB table on demand.
    DynamodbWrites,
    /// Reads from a DynamoDB table on demand.
    DynamodbReads,
    /// What a DynamoDB table holds.
    DynamodbStorage,
    /// Calls of a function.
    LambdaRequests,
    /// A function's running.
    LambdaDuration,
    /// Requests to a standard queue.
    SqsRequests,
    /// Requests to a topic.
    SnsRequests,
    /// Notifications by e-mail.
    SnsEmails,
    /// A database's running, by its type (L159).
    RdsInstanceHours,
    /// General-purpose storage of a database, of today's kind.
    RdsGp3Storage,
}

/// Why a text names no [`Item`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is nothing that sce prices")]
pub struct InvalidItem {
    text: String,
}

impl InvalidItem {
    /// The nearest word, or all of them.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let words = || Item::ALL.iter().map(|item| item.word());
        Some(nearest(&self.text, words()).map_or_else(
            || format!("known are {}", words().collect::<Vec<_>>().join(", ")),
            |word| format!("did you mean `{word}`?"),
        ))
    }
}

impl Item {
    /// All of them.
    pub const ALL: [Self; 37] = [
        Self::Vpc,
        Self::S3GatewayEndpoint,
        Self::InstanceConnectEndpoint,
        Self::NatGatewayHours,
        Self::NatGatewayData,
        Self::PublicIpv4Hours,
        Self::InternetEgress,
        Self::InterZoneData,
        Self::EbsGp2Storage,
        Self::EbsSnapshotStorage,
        Self::KmsKey,
        Self::S3Storage,
        Self::LogIngestion,
        Self::RdsGp2Storage,
        Self::InstanceHours,
        Self::DedicatedFee,
        Self::InterfaceEndpointHours,
        Self::InterfaceEndpointData,
        Self::EbsGp3Storage,
        Self::CloudwatchMetric,
        Self::CloudwatchAlarm,
        Self::CloudtrailDataEvents,
        Self::ConfigItems,
        Self::ConfigRuleEvaluations,
        Self::GuarddutyManagementEvents,
        Self::GuarddutyFlowLogs,
        Self::SecurityHubChecks,
        Self::DynamodbWrites,
        Self::DynamodbReads,
        Self::DynamodbStorage,
        Self::LambdaRequests,
        Self::LambdaDuration,
        Self::SqsRequests,
        Self::SnsRequests,
        Self::SnsEmails,
        Self::RdsInstanceHours,
        Self::RdsGp3Storage,
    ];

    /// The item as price files and JSON write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.descriptor().0
    }

    /// What people call it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.descriptor().1
    }

    /// What it is counted in; a GB is taken as 2^30 bytes, as price lists count 10 TB as 10,240 GB.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        self.descriptor().2
    }

    /// Whether its price differs with the type of machine.
    #[must_use]
    pub const fn is_by_type(self) -> bool {
        matches!(self, Self::InstanceHours | Self::RdsInstanceHours)
    }

    const fn descriptor(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Vpc => ("vpc", "VPC", "month"),
            Self::S3GatewayEndpoint => ("s3-gateway-endpoint", "S3 gateway endpoint", "month"),
            Self::InstanceConnectEndpoint => ("instance-connect-endpoint", "Instance Connect endpoint", "month"),
            Self::NatGatewayHours => ("nat-gateway-hours", "NAT gateway, hours", "h"),
            Self::NatGatewayData => ("nat-gateway-data", "NAT gateway, data", "GB"),
            Self::PublicIpv4Hours => ("public-ipv4-hours", "public IPv4 address", "h"),
            Self::InternetEgress => ("internet-egress", "egress to the internet", "GB"),
            Self::InterZoneData => ("inter-zone-data", "data between zones", "GB"),
            Self::EbsGp2Storage => ("ebs-gp2-storage", "EBS gp2 storage", "GB-month"),
            Self::EbsSnapshotStorage => ("ebs-snapshot-storage", "EBS snapshot storage", "GB-month"),
            Self::KmsKey => ("kms-key", "KMS key", "month"),
            Self::S3Storage => ("s3-storage", "S3 storage", "GB-month"),
            Self::LogIngestion => ("log-ingestion", "log ingestion", "GB"),
            Self::RdsGp2Storage => ("rds-gp2-storage", "RDS gp2 storage", "GB-month"),
            Self::InstanceHours => ("instance-hours", "machine", "h"),
            Self::DedicatedFee => ("dedicated-fee", "dedicated hardware, fee", "h"),
            Self::InterfaceEndpointHours => ("interface-endpoint-hours", "interface endpoint, hours", "h"),
            Self::InterfaceEndpointData => ("interface-endpoint-data", "interface endpoint, data", "GB"),
            Self::EbsGp3Storage => ("ebs-gp3-storage", "EBS gp3 storage", "GB-month"),
            Self::CloudwatchMetric => ("cloudwatch-metric", "CloudWatch metric", "metric-month"),
            Self::CloudwatchAlarm => ("cloudwatch-alarm", "CloudWatch alarm", "alarm-month"),
            Self::CloudtrailDataEvents => ("cloudtrail-data-events", "CloudTrail data events", "100k events"),
            Self::ConfigItems => ("config-items", "Config items", "item"),
            Self::ConfigRuleEvaluations => ("config-rule-evaluations", "Config rule evaluations", "evaluation"),
            Self::GuarddutyManagementEvents => {
                ("guardduty-management-events", "GuardDuty, management events", "1M events")
            }
            Self::GuarddutyFlowLogs => ("guardduty-flow-logs", "GuardDuty, flow and DNS logs", "GB"),
            Self::SecurityHubChecks => ("security-hub-checks", "Security Hub checks", "check"),
            Self::DynamodbWrites => ("dynamodb-writes", "DynamoDB writes", "1M units"),
            Self::DynamodbReads => ("dynamodb-reads", "DynamoDB reads", "1M units"),
            Self::DynamodbStorage => ("dynamodb-storage", "DynamoDB storage", "GB-month"),
            Self::LambdaRequests => ("lambda-requests", "Lambda requests", "1M requests"),
            Self::LambdaDuration => ("lambda-duration", "Lambda duration", "1k GB-seconds"),
            Self::SqsRequests => ("sqs-requests", "SQS requests", "1M requests"),
            Self::SnsRequests => ("sns-requests", "SNS requests", "1M requests"),
            Self::SnsEmails => ("sns-emails", "SNS e-mails", "100k e-mails"),
            Self::RdsInstanceHours => ("rds-instance-hours", "RDS instance", "h"),
            Self::RdsGp3Storage => ("rds-gp3-storage", "RDS gp3 storage", "GB-month"),
        }
    }
}

impl FromStr for Item {
    type Err = InvalidItem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|item| item.word() == text);
        named.ok_or_else(|| InvalidItem { text: text.to_owned() })
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// What a resource of that kind gives rise to, free things that people ask about included.
///
/// The match is exhaustive, so that a new kind does not compile until somebody decides what it costs.
///
/// ```
/// use sce_core::aws::resource::Kind;
/// use sce_core::cost::{Item, items};
/// assert_eq!(items(Kind::NatGateway), [Item::NatGatewayHours, Item::NatGatewayData]);
/// assert!(items(Kind::Role).is_empty());
/// ```
#[must_use]
pub const fn items(kind: Kind) -> &'static [Item] {
    match kind {
        Kind::Vpc => &[Item::Vpc, Item::DedicatedFee],
        Kind::InternetGateway => &[Item::InternetEgress],
        Kind::ElasticIp => &[Item::PublicIpv4Hours],
        Kind::NatGateway => &[Item::NatGatewayHours, Item::NatGatewayData],
        Kind::GatewayEndpoint => &[Item::S3GatewayEndpoint],
        Kind::InstanceConnectEndpoint => &[Item::InstanceConnectEndpoint],
        Kind::FlowLog => &[Item::LogIngestion],
        Kind::KmsKey => &[Item::KmsKey],
        Kind::Bucket => &[Item::S3Storage, Item::InternetEgress],
        Kind::LogGroup => &[Item::LogIngestion],
        Kind::InterfaceEndpoint => &[Item::InterfaceEndpointHours, Item::InterfaceEndpointData],
        Kind::Instance => &[
            Item::InstanceHours,
            Item::EbsGp3Storage,
            Item::EbsGp2Storage,
            Item::CloudwatchMetric,
            Item::PublicIpv4Hours,
        ],
        Kind::Volume => &[Item::EbsGp3Storage, Item::EbsGp2Storage],
        Kind::DatabaseInstance => &[Item::RdsInstanceHours, Item::RdsGp3Storage],
        // What a table, a queue, a topic and a function cost goes by requests: see `left_out`.
        Kind::Table
        | Kind::Queue
        | Kind::Topic
        | Kind::Subscription
        | Kind::Function
        | Kind::FunctionPermission
        | Kind::BucketNotification => &[],
        // Settings within a network and identities: AWS bills none of them.
        Kind::Subnet
        | Kind::RouteTable
        | Kind::Route
        | Kind::RouteTableAssociation
        | Kind::DefaultSecurityGroup
        | Kind::NetworkAcl
        | Kind::Role
        | Kind::ManagedPolicy
        | Kind::KmsAlias
        | Kind::BucketObject
        | Kind::SecurityGroup
        | Kind::KeyPair
        | Kind::InstanceProfile
        | Kind::SessionDocument
        | Kind::LaunchTemplate
        | Kind::VolumeAttachment
        | Kind::DatabaseSubnetGroup
        | Kind::DatabaseParameterGroup
        | Kind::Trail
        | Kind::ConfigRecorder
        | Kind::EbsEncryption
        | Kind::PublicAccessBlock
        | Kind::PasswordPolicy
        | Kind::MetricFilter
        | Kind::Alarm
        | Kind::Detector => &[],
    }
}

/// What a resource of that kind may also cost, for which no figure is at hand.
pub(super) const fn left_out(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::LogGroup => Some("log events while they are kept"),
        Kind::KmsKey => Some("requests to KMS, and former material of a rotated key"),
        Kind::Instance => Some("processor time of burstable machines beyond their credits"),
        Kind::DatabaseInstance => Some("backups beyond the database's own size, and what CloudWatch Logs takes in"),
        Kind::Volume => Some("snapshots of volumes, and speed beyond what a volume has by itself"),
        Kind::Bucket => Some("requests to S3, and older versions of objects"),
        Kind::Trail => Some("S3 data events that the trail records"),
        Kind::ConfigRecorder => Some("configuration items that Config records"),
        Kind::MetricFilter => Some("the metric that the filter makes"),
        Kind::Alarm => Some("the alarm"),
        Kind::Detector => Some("events that GuardDuty analyses"),
        Kind::Table => Some("writes to the table of files, what it holds and its backup"),
        Kind::Queue => Some("requests to SQS"),
        Kind::Topic => Some("messages of SNS"),
        Kind::Function => Some("runs of the Lambda function, one a file"),
        Kind::Vpc
        | Kind::Subnet
        | Kind::InternetGateway
        | Kind::ElasticIp
        | Kind::NatGateway
        | Kind::RouteTable
        | Kind::Route
        | Kind::RouteTableAssociation
        | Kind::GatewayEndpoint
        | Kind::DefaultSecurityGroup
        | Kind::NetworkAcl
        | Kind::FlowLog
        | Kind::Role
        | Kind::ManagedPolicy
        | Kind::KmsAlias
        | Kind::BucketObject
        | Kind::SecurityGroup
        | Kind::KeyPair
        | Kind::InstanceProfile
        | Kind::InterfaceEndpoint
        | Kind::InstanceConnectEndpoint
        | Kind::SessionDocument
        | Kind::LaunchTemplate
        | Kind::VolumeAttachment
        | Kind::DatabaseSubnetGroup
        | Kind::DatabaseParameterGroup
        | Kind::EbsEncryption
        | Kind::PublicAccessBlock
        | Kind::PasswordPolicy
        | Kind::Subscription
        | Kind::FunctionPermission
        | Kind::BucketNotification => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_found_by_its_own_word() {
        for item in Item::ALL {
            assert_eq!(item.word().parse(), Ok(item));
        }
    }

    #[test]
    fn an_unknown_item_is_told_the_nearest() {
        let error = "nat-gateway-hour".parse::<Item>().unwrap_err();
        assert_eq!(error.to_string(), "`nat-gateway-hour` is nothing that sce prices");
        assert_eq!(error.help().as_deref(), Some("did you mean `nat-gateway-hours`?"));
        assert!("42".parse::<Item>().unwrap_err().help().unwrap().starts_with("known are vpc, s3-gateway-endpoint"));
    }
}
