//! The AWS services that an environment is made of or looked after with, as AWS's lists of eligible services call them.

use serde::Serialize;

/// A service, by the name that contracts know it by: finer than an endpoint, since EBS and the VPC are EC2's to the SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// AWS CloudTrail.
    CloudTrail,
    /// Amazon CloudWatch.
    CloudWatch,
    /// Amazon CloudWatch Logs.
    CloudWatchLogs,
    /// AWS Config.
    Config,
    /// AWS Cost Explorer.
    CostExplorer,
    /// Amazon DynamoDB.
    DynamoDb,
    /// Amazon Elastic Block Store.
    Ebs,
    /// Amazon Elastic Compute Cloud.
    Ec2,
    /// Amazon GuardDuty.
    GuardDuty,
    /// AWS Identity and Access Management.
    Iam,
    /// EC2 Image Builder.
    ImageBuilder,
    /// AWS Key Management Service.
    Kms,
    /// AWS Lambda.
    Lambda,
    /// Amazon Relational Database Service.
    Rds,
    /// Amazon Simple Storage Service.
    S3,
    /// Amazon Simple Notification Service.
    Sns,
    /// Amazon Simple Queue Service.
    Sqs,
    /// AWS Systems Manager.
    SystemsManager,
    /// Amazon Virtual Private Cloud.
    Vpc,
}

impl Service {
    /// All of them, in order of name.
    pub const ALL: [Self; 19] = [
        Self::CloudTrail,
        Self::CloudWatch,
        Self::CloudWatchLogs,
        Self::Config,
        Self::CostExplorer,
        Self::DynamoDb,
        Self::Ebs,
        Self::Ec2,
        Self::GuardDuty,
        Self::Iam,
        Self::ImageBuilder,
        Self::Kms,
        Self::Lambda,
        Self::Rds,
        Self::S3,
        Self::Sns,
        Self::Sqs,
        Self::SystemsManager,
        Self::Vpc,
    ];

    /// What AWS calls it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::CloudTrail => "AWS CloudTrail",
            Self::CloudWatch => "Amazon CloudWatch",
            Self::CloudWatchLogs => "Amazon CloudWatch Logs",
            Self::Config => "AWS Config",
            Self::CostExplorer => "AWS Cost Explorer",
            Self::DynamoDb => "Amazon DynamoDB",
            Self::Ebs => "Amazon Elastic Block Store",
            Self::Ec2 => "Amazon Elastic Compute Cloud",
            Self::GuardDuty => "Amazon GuardDuty",
            Self::Iam => "AWS Identity and Access Management",
            Self::ImageBuilder => "EC2 Image Builder",
            Self::Kms => "AWS Key Management Service",
            Self::Lambda => "AWS Lambda",
            Self::Rds => "Amazon Relational Database Service",
            Self::S3 => "Amazon Simple Storage Service",
            Self::Sns => "Amazon Simple Notification Service",
            Self::Sqs => "Amazon Simple Queue Service",
            Self::SystemsManager => "AWS Systems Manager",
            Self::Vpc => "Amazon Virtual Private Cloud",
        }
    }

    /// The short name that the document lists it by, where that is not a part of its title.
    #[must_use]
    pub const fn short(self) -> Option<&'static str> {
        match self {
            Self::Ebs => Some("EBS"),
            Self::Ec2 => Some("EC2"),
            Self::Rds => Some("RDS"),
            Self::S3 => Some("S3"),
            _ => None,
        }
    }

    /// Whether it is a tool that holds no PHI and is on no list for that reason: names, permissions, recipes and bills.
    #[must_use]
    pub const fn is_tool(self) -> bool {
        matches!(self, Self::CostExplorer | Self::Iam | Self::ImageBuilder)
    }
}
