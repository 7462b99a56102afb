//! What `sce collect` asks: every call of it reads, and none reads what is in a bucket, a table or a queue.

/// An operation as endpoints and the SDK's clients name it, and the action of the Service Authorization Reference that allows it.
pub type Read = (&'static str, &'static str);

/// Every call that saving an account may send.
#[must_use]
pub const fn collection() -> &'static [Read] {
    COLLECTION
}

const fn same(operation: &'static str) -> Read {
    (operation, operation)
}

const COLLECTION: &[Read] = &[
    same("cloudtrail:DescribeTrails"),
    same("cloudtrail:GetEventSelectors"),
    same("cloudtrail:GetTrailStatus"),
    same("cloudtrail:ListTags"),
    same("cloudwatch:DescribeAlarms"),
    same("cloudwatch:ListTagsForResource"),
    same("config:DescribeConfigurationRecorderStatus"),
    same("config:DescribeConfigurationRecorders"),
    same("config:DescribeDeliveryChannels"),
    same("config:ListTagsForResource"),
    same("dynamodb:DescribeContinuousBackups"),
    same("dynamodb:DescribeTable"),
    same("dynamodb:DescribeTimeToLive"),
    same("dynamodb:ListTables"),
    same("dynamodb:ListTagsOfResource"),
    same("ec2:DescribeAddresses"),
    same("ec2:DescribeEgressOnlyInternetGateways"),
    same("ec2:DescribeFlowLogs"),
    same("ec2:DescribeInstanceAttribute"),
    same("ec2:DescribeInstanceConnectEndpoints"),
    same("ec2:DescribeInstances"),
    same("ec2:DescribeInternetGateways"),
    same("ec2:DescribeKeyPairs"),
    same("ec2:DescribeLaunchTemplateVersions"),
    same("ec2:DescribeLaunchTemplates"),
    same("ec2:DescribeManagedPrefixLists"),
    same("ec2:DescribeNatGateways"),
    same("ec2:DescribeNetworkAcls"),
    same("ec2:DescribeNetworkInterfaceAttribute"),
    same("ec2:DescribeNetworkInterfaces"),
    same("ec2:DescribePrefixLists"),
    same("ec2:DescribeRouteTables"),
    same("ec2:DescribeSecurityGroups"),
    same("ec2:DescribeSubnets"),
    same("ec2:DescribeTransitGatewayAttachments"),
    same("ec2:DescribeVolumes"),
    same("ec2:DescribeVpcAttribute"),
    same("ec2:DescribeVpcEndpoints"),
    same("ec2:DescribeVpcPeeringConnections"),
    same("ec2:DescribeVpcs"),
    same("ec2:DescribeVpnGateways"),
    same("ec2:GetEbsDefaultKmsKeyId"),
    same("ec2:GetEbsEncryptionByDefault"),
    same("ec2:GetManagedPrefixListEntries"),
    same("guardduty:GetDetector"),
    same("guardduty:ListDetectors"),
    same("iam:GetAccountAuthorizationDetails"),
    same("iam:GetAccountPasswordPolicy"),
    same("iam:GetInstanceProfile"),
    same("iam:GetPolicy"),
    same("iam:GetRole"),
    same("iam:ListInstanceProfiles"),
    same("kms:DescribeKey"),
    same("kms:GetKeyPolicy"),
    same("kms:GetKeyRotationStatus"),
    same("kms:ListAliases"),
    same("kms:ListKeys"),
    same("kms:ListResourceTags"),
    same("lambda:GetFunction"),
    same("lambda:GetPolicy"),
    same("lambda:ListFunctions"),
    same("logs:DescribeLogGroups"),
    same("logs:DescribeMetricFilters"),
    same("logs:ListTagsForResource"),
    same("rds:DescribeDBInstances"),
    same("rds:DescribeDBParameterGroups"),
    same("rds:DescribeDBParameters"),
    same("rds:DescribeDBSubnetGroups"),
    same("rds:ListTagsForResource"),
    ("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    ("s3:GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
    same("s3:GetBucketLogging"),
    ("s3:GetBucketNotificationConfiguration", "s3:GetBucketNotification"),
    same("s3:GetBucketOwnershipControls"),
    same("s3:GetBucketPolicy"),
    same("s3:GetBucketTagging"),
    same("s3:GetBucketVersioning"),
    ("s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("s3:ListBuckets", "s3:ListAllMyBuckets"),
    ("s3control:GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock"),
    same("sns:GetSubscriptionAttributes"),
    same("sns:GetTopicAttributes"),
    same("sns:ListSubscriptions"),
    same("sns:ListTagsForResource"),
    same("sns:ListTopics"),
    same("sqs:GetQueueAttributes"),
    same("sqs:ListQueueTags"),
    same("sqs:ListQueues"),
    same("ssm:GetDocument"),
    same("ssm:ListDocuments"),
    same("ssm:ListTagsForResource"),
    same("sts:GetCallerIdentity"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_only_reads_and_stands_in_the_order_of_its_name() {
        let reads = |action: &str| {
            ["Describe", "Get", "List"]
                .iter()
                .any(|verb| action.split(':').nth(1).is_some_and(|name| name.starts_with(verb)))
        };
        assert!(COLLECTION.iter().all(|(_, action)| reads(action)));
        assert!(COLLECTION.is_sorted());
        // What hands out content is no part of it.
        let hands_out = [
            "s3:GetObject",
            "dynamodb:GetItem",
            "logs:GetLogEvents",
            "ssm:GetParameter",
            "secretsmanager:GetSecretValue",
        ];
        assert!(COLLECTION.iter().all(|(_, action)| !hands_out.contains(action)));
    }
}
