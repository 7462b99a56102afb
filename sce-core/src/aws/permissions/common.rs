//! What sce asks of AWS beside the kinds of a plan: who it is, what a lock needs, the registry, data, and the last look around.

use super::{
    ACCOUNT, BUILD, BUILD_AND_TEARDOWN, DATA, Duty, On, Permission, READ, TEARDOWN, at_need, same, sent, unseen,
};

/// Calls of every environment, whatever is in it.
#[must_use]
pub const fn common() -> &'static [Permission] {
    COMMON
}

/// Whether seeing to what an account has once takes it, too: who the caller is, the registry, and how the account stands.
pub(crate) fn is_for_account(permission: &Permission) -> bool {
    matches!(permission.on, On::Registry | On::RegistryObjects) || OF_ACCOUNT.contains(&permission.need.operation())
}

/// Whether only a close-out takes it that goes against locks.
pub(crate) fn is_for_bypass(permission: &Permission) -> bool {
    permission.action == "s3:BypassGovernanceRetention"
}

/// The reading calls that are about the account, most of them of every environment.
const OF_ACCOUNT: [&str; 13] = [
    "artifact:ListCustomerAgreements",
    "sts:GetCallerIdentity",
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:GetEventSelectors",
    "config:DescribeConfigurationRecorders",
    "config:DescribeConfigurationRecorderStatus",
    "config:DescribeDeliveryChannels",
    "ec2:GetEbsEncryptionByDefault",
    "s3control:GetPublicAccessBlock",
    "iam:GetAccountPasswordPolicy",
    "logs:DescribeMetricFilters",
    "cloudwatch:DescribeAlarms",
];

const DATA_AND_TEARDOWN: &[Duty] = &[Duty::Data, Duty::Teardown];

const BYPASS: &str = "`--dangerously-bypass-governance` deletes what is locked in governance mode";

const LOCK_SHOWN: &str = "S3 tells of an object's lock only to who may read it";

const THROUGH_S3: &str = "S3 calls KMS in the caller's name for what is encrypted with the PIT's key";

static COMMON: &[Permission] = &[
    // Sessions.
    same!(sent, READ, "sts:GetCallerIdentity", On::Anything),
    same!(at_need, DATA, "sts:AssumeRole", On::Custodian),
    // The lock.
    same!(sent, READ, "ec2:DescribeAvailabilityZones", On::Region),
    same!(at_need, READ, "ec2:DescribeImages", On::Region),
    same!(at_need, READ, "ec2:DescribeManagedPrefixLists", On::Region),
    // Before the first change: quotas, and what is offered where.
    same!(at_need, BUILD, "ec2:DescribeAccountAttributes", On::Region),
    same!(at_need, BUILD, "ec2:DescribeInstanceTypes", On::Region),
    same!(at_need, BUILD, "ec2:DescribeInstanceTypeOfferings", On::Region),
    same!(at_need, BUILD, "ec2:DescribeVpcEndpointServices", On::Region),
    same!(at_need, BUILD, "servicequotas:GetServiceQuota", On::Region),
    same!(at_need, BUILD, "servicequotas:GetAWSDefaultServiceQuota", On::Region),
    // Where environments are.
    sent(READ, "s3:ListBuckets", "s3:ListAllMyBuckets", On::Anything),
    // The registry's objects; the bucket itself is a kind.
    sent(READ, "s3:ListObjectsV2", "s3:ListBucket", On::Registry),
    same!(sent, READ, "s3:GetObject", On::RegistryObjects),
    same!(sent, BUILD_AND_TEARDOWN, "s3:PutObject", On::RegistryObjects),
    same!(sent, BUILD_AND_TEARDOWN, "s3:DeleteObject", On::RegistryObjects),
    // Data in.
    same!(sent, DATA, "s3:PutObject", On::Objects),
    sent(DATA, "s3:HeadObject", "s3:GetObject", On::Objects),
    at_need(DATA, "s3:CreateMultipartUpload", "s3:PutObject", On::Objects),
    at_need(DATA, "s3:UploadPart", "s3:PutObject", On::Objects),
    at_need(DATA, "s3:CompleteMultipartUpload", "s3:PutObject", On::Objects),
    same!(at_need, DATA_AND_TEARDOWN, "s3:AbortMultipartUpload", On::Objects),
    at_need(DATA_AND_TEARDOWN, "s3:ListMultipartUploads", "s3:ListBucketMultipartUploads", On::Buckets),
    at_need(DATA, "s3:ListParts", "s3:ListMultipartUploadParts", On::Objects),
    unseen(DATA, "s3:PutObject", THROUGH_S3, "kms:GenerateDataKey", On::KeysThrough("s3")),
    // Data out, and the archive, older versions included.
    same!(sent, DATA, "s3:GetObject", On::Objects),
    sent(DATA, "s3:GetObject", "s3:GetObjectVersion", On::Objects),
    sent(DATA, "s3:ListObjectsV2", "s3:ListBucket", On::Buckets),
    sent(DATA_AND_TEARDOWN, "s3:ListObjectVersions", "s3:ListBucketVersions", On::Buckets),
    unseen(DATA, "s3:GetObject", THROUGH_S3, "kms:Decrypt", On::KeysThrough("s3")),
    // What log groups say, for the archive.
    same!(at_need, TEARDOWN, "logs:FilterLogEvents", On::LogGroups),
    // An archive in a bucket outside the environment: whether it is fit, what goes there, and what is read back.
    at_need(TEARDOWN, "s3:HeadBucket", "s3:ListBucket", On::Vault),
    at_need(TEARDOWN, "s3:ListObjectsV2", "s3:ListBucket", On::Vault),
    same!(at_need, TEARDOWN, "s3:GetBucketTagging", On::Vault),
    at_need(TEARDOWN, "s3:GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration", On::Vault),
    at_need(TEARDOWN, "s3:GetBucketEncryption", "s3:GetEncryptionConfiguration", On::Vault),
    at_need(TEARDOWN, "s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", On::Vault),
    same!(at_need, TEARDOWN, "s3:PutObject", On::VaultObjects),
    same!(at_need, TEARDOWN, "s3:PutObjectRetention", On::VaultObjects),
    at_need(TEARDOWN, "s3:CreateMultipartUpload", "s3:PutObject", On::VaultObjects),
    at_need(TEARDOWN, "s3:UploadPart", "s3:PutObject", On::VaultObjects),
    at_need(TEARDOWN, "s3:CompleteMultipartUpload", "s3:PutObject", On::VaultObjects),
    same!(at_need, TEARDOWN, "s3:AbortMultipartUpload", On::VaultObjects),
    at_need(TEARDOWN, "s3:HeadObject", "s3:GetObject", On::VaultObjects),
    same!(at_need, TEARDOWN, "s3:GetObject", On::VaultObjects),
    unseen(TEARDOWN, "s3:HeadObject", LOCK_SHOWN, "s3:GetObjectRetention", On::VaultObjects),
    same!(at_need, TEARDOWN, "kms:DescribeKey", On::VaultKey),
    same!(at_need, TEARDOWN, "kms:ListResourceTags", On::VaultKey),
    unseen(TEARDOWN, "s3:PutObject", THROUGH_S3, "kms:GenerateDataKey", On::VaultKey),
    unseen(TEARDOWN, "s3:GetObject", THROUGH_S3, "kms:Decrypt", On::VaultKey),
    // What an environment leaves beside its plan, where it bears the PIT.
    same!(at_need, TEARDOWN, "ec2:DeregisterImage", On::Ours),
    same!(at_need, TEARDOWN, "ec2:DeleteSnapshot", On::Ours),
    same!(at_need, TEARDOWN, "ec2:DeleteNetworkInterface", On::Ours),
    unseen(TEARDOWN, "s3:DeleteObjects", BYPASS, "s3:BypassGovernanceRetention", On::Objects),
    // Whether a machine runs that no plan names.
    same!(sent, READ, "ec2:DescribeInstances", On::Region),
    // The last look around for what bears the PIT.
    same!(sent, READ, "ec2:DescribeTags", On::Region),
    same!(sent, READ, "iam:ListRoles", On::Anything),
    same!(sent, READ, "iam:ListPolicies", On::Anything),
    same!(sent, READ, "kms:ListAliases", On::Region),
    same!(sent, READ, "logs:DescribeLogGroups", On::Region),
    same!(at_need, READ, "ec2:DescribeInstanceConnectEndpoints", On::Region),
    same!(at_need, READ, "ec2:DescribeNetworkInterfaces", On::Region),
    same!(at_need, READ, "ec2:DescribeSnapshots", On::Region),
    same!(sent, READ, "ec2:DescribeKeyPairs", On::Region),
    same!(sent, READ, "ec2:DescribeLaunchTemplates", On::Region),
    same!(sent, READ, "iam:ListInstanceProfiles", On::Anything),
    same!(sent, READ, "ssm:ListDocuments", On::Region),
    same!(sent, READ, "dynamodb:ListTables", On::Region),
    same!(sent, READ, "lambda:ListFunctions", On::Region),
    same!(sent, READ, "sns:ListTopics", On::Region),
    same!(sent, READ, "sqs:ListQueues", On::Region),
    same!(at_need, READ, "sqs:GetQueueAttributes", On::Queues),
    same!(sent, READ, "rds:DescribeDBInstances", On::Region),
    same!(sent, READ, "rds:DescribeDBParameterGroups", On::Region),
    same!(sent, READ, "rds:DescribeDBSnapshots", On::Region),
    same!(sent, READ, "rds:DescribeDBSubnetGroups", On::Region),
    same!(at_need, READ, "rds:ListTagsForResource", On::Region),
    // What verification reads of the account.
    same!(sent, READ, "cloudtrail:DescribeTrails", On::Region),
    same!(at_need, READ, "cloudtrail:GetTrailStatus", On::Region),
    same!(at_need, READ, "cloudtrail:GetEventSelectors", On::Region),
    same!(sent, READ, "config:DescribeConfigurationRecorders", On::Region),
    same!(at_need, READ, "config:DescribeConfigurationRecorderStatus", On::Region),
    same!(at_need, READ, "config:DescribeDeliveryChannels", On::Region),
    same!(sent, READ, "ec2:GetEbsEncryptionByDefault", On::Region),
    sent(READ, "s3control:GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock", On::Anything),
    same!(sent, READ, "iam:GetAccountPasswordPolicy", On::Anything),
    same!(at_need, READ, "logs:DescribeMetricFilters", On::Region),
    same!(at_need, READ, "cloudwatch:DescribeAlarms", On::Region),
    // What drift looks for: who did it, and what lies in the network beside the plan.
    same!(at_need, READ, "cloudtrail:LookupEvents", On::Region),
    same!(at_need, READ, "ec2:DescribeInternetGateways", On::Region),
    same!(at_need, READ, "ec2:DescribeNatGateways", On::Region),
    same!(at_need, READ, "ec2:DescribeNetworkAcls", On::Region),
    same!(at_need, READ, "ec2:DescribeRouteTables", On::Region),
    same!(at_need, READ, "ec2:DescribeSecurityGroups", On::Region),
    same!(at_need, READ, "ec2:DescribeVpcEndpoints", On::Region),
    same!(at_need, READ, "ec2:DescribeVpcPeeringConnections", On::Region),
    same!(at_need, READ, "ec2:DescribeVpnGateways", On::Region),
    same!(at_need, READ, "ec2:DescribeTransitGatewayVpcAttachments", On::Region),
    // A route that nobody planned is taken out again.
    same!(at_need, BUILD, "ec2:DeleteRoute", On::Ours),
    // The stores' data events, in the trail that `sce account` made, under the account's lease.
    same!(at_need, READ, "cloudtrail:ListTags", On::Region),
    same!(at_need, BUILD_AND_TEARDOWN, "cloudtrail:PutEventSelectors", On::AccountTrail),
    same!(at_need, BUILD_AND_TEARDOWN, "s3:GetObject", On::AccountRecords),
    same!(at_need, BUILD_AND_TEARDOWN, "s3:PutObject", On::AccountRecords),
    same!(at_need, BUILD_AND_TEARDOWN, "s3:DeleteObject", On::AccountRecords),
    // The evidence of the BAA, for whoever sees to the account; where it is not allowed, the day stays declared.
    same!(at_need, ACCOUNT, "artifact:ListCustomerAgreements", On::Anything),
    // What exists and lost a tag.
    same!(at_need, BUILD, "ec2:CreateTags", On::Ours),
];
