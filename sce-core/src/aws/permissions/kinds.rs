//! What each kind's calls need.
//!
//! Which ARN types an action knows, and by what they can be limited: AWS Service Authorization Reference, kept for these actions in
//! `data/iam/actions.csv`.

use super::{BUILD, BUILD_AND_TEARDOWN, On, Permission, READ, TEARDOWN, at_need, same, sent, unseen};
use crate::aws::resource::Kind;

impl Kind {
    /// What looking at, making, settling, tagging and deleting things of this kind needs to be allowed.
    #[must_use]
    pub const fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Vpc => VPC,
            Self::Subnet => SUBNET,
            Self::InternetGateway => INTERNET_GATEWAY,
            Self::ElasticIp => ELASTIC_IP,
            Self::NatGateway => NAT_GATEWAY,
            Self::RouteTable => ROUTE_TABLE,
            Self::Route => ROUTE,
            Self::RouteTableAssociation => ROUTE_TABLE_ASSOCIATION,
            Self::GatewayEndpoint => GATEWAY_ENDPOINT,
            Self::DefaultSecurityGroup => DEFAULT_SECURITY_GROUP,
            Self::NetworkAcl => NETWORK_ACL,
            Self::FlowLog => FLOW_LOG,
            Self::LogGroup => LOG_GROUP,
            Self::Role => ROLE,
            Self::ManagedPolicy => MANAGED_POLICY,
            Self::KmsKey => KMS_KEY,
            Self::KmsAlias => KMS_ALIAS,
            Self::Bucket => BUCKET,
            Self::BucketObject => BUCKET_OBJECT,
            Self::SecurityGroup => SECURITY_GROUP,
            Self::KeyPair => KEY_PAIR,
            Self::InstanceProfile => INSTANCE_PROFILE,
            Self::InterfaceEndpoint => INTERFACE_ENDPOINT,
            Self::SessionDocument => SESSION_DOCUMENT,
            Self::LaunchTemplate => LAUNCH_TEMPLATE,
            Self::Instance => INSTANCE,
            Self::Volume => VOLUME,
            Self::VolumeAttachment => VOLUME_ATTACHMENT,
            Self::DatabaseSubnetGroup => DATABASE_SUBNET_GROUP,
            Self::DatabaseParameterGroup => DATABASE_PARAMETER_GROUP,
            Self::DatabaseInstance => DATABASE_INSTANCE,
            Self::Trail => &[],
            Self::ConfigRecorder => &[],
            Self::EbsEncryption => &[],
            Self::PublicAccessBlock => &[],
            Self::PasswordPolicy => &[],
            Self::MetricFilter => &[],
            Self::Alarm => &[],
            Self::Detector => &[],
            Self::Table => &[],
            Self::Queue => &[],
            Self::Topic => &[],
            Self::Subscription => &[],
            Self::Function => &[],
            Self::FunctionPermission => &[],
            Self::BucketNotification => &[],
        }
    }
}

const TAGS_AT_BIRTH: &str = "tags in the creating call are checked as CreateTags";

/// A thing of EC2's that bears its tags from the call that makes it.
macro_rules! made {
    ($create:literal, $operation:literal, $kind:literal) => {
        [
            sent(BUILD, concat!("ec2:", $create), concat!("ec2:", $create), On::Made($kind)),
            unseen(BUILD, concat!("ec2:", $create), TAGS_AT_BIRTH, "ec2:CreateTags", On::CreatedBy($operation)),
        ]
    };
    ($create:literal, $kind:literal) => {
        made!($create, $create, $kind)
    };
}

static VPC: &[Permission] = &{
    let [create, tags] = made!("CreateVpc", "vpc");
    [
        same!(sent, READ, "ec2:DescribeVpcs", On::Region),
        same!(sent, READ, "ec2:DescribeVpcAttribute", On::Region),
        create,
        tags,
        same!(sent, BUILD, "ec2:ModifyVpcAttribute", On::Ours),
        same!(sent, TEARDOWN, "ec2:DeleteVpc", On::Ours),
    ]
};

static SUBNET: &[Permission] = &{
    let [create, tags] = made!("CreateSubnet", "subnet");
    [
        same!(sent, READ, "ec2:DescribeSubnets", On::Region),
        create,
        tags,
        same!(sent, BUILD, "ec2:CreateSubnet", On::Ours),
        same!(sent, BUILD, "ec2:ModifySubnetAttribute", On::Ours),
        same!(sent, TEARDOWN, "ec2:DeleteSubnet", On::Ours),
    ]
};

static INTERNET_GATEWAY: &[Permission] = &{
    let [create, tags] = made!("CreateInternetGateway", "internet-gateway");
    [
        same!(sent, READ, "ec2:DescribeInternetGateways", On::Region),
        create,
        tags,
        same!(sent, BUILD, "ec2:AttachInternetGateway", On::Ours),
        same!(sent, TEARDOWN, "ec2:DetachInternetGateway", On::Ours),
        same!(sent, TEARDOWN, "ec2:DeleteInternetGateway", On::Ours),
    ]
};

static ELASTIC_IP: &[Permission] = &{
    let [create, tags] = made!("AllocateAddress", "elastic-ip");
    [
        same!(sent, READ, "ec2:DescribeAddresses", On::Region),
        create,
        tags,
        same!(sent, TEARDOWN, "ec2:ReleaseAddress", On::Ours),
    ]
};

static NAT_GATEWAY: &[Permission] = &{
    let [create, tags] = made!("CreateNatGateway", "natgateway");
    [
        same!(sent, READ, "ec2:DescribeNatGateways", On::Region),
        create,
        tags,
        same!(sent, BUILD, "ec2:CreateNatGateway", On::Ours),
        same!(sent, TEARDOWN, "ec2:DeleteNatGateway", On::Ours),
    ]
};

/// The main table comes with the VPC and bears no PIT until it is given one.
static ROUTE_TABLE: &[Permission] = &{
    let [create, tags] = made!("CreateRouteTable", "route-table");
    [
        same!(sent, READ, "ec2:DescribeRouteTables", On::Region),
        create,
        tags,
        same!(sent, BUILD, "ec2:CreateRouteTable", On::Ours),
        same!(sent, BUILD, "ec2:CreateTags", On::Nobodys("route-table")),
        same!(sent, TEARDOWN, "ec2:DeleteRouteTable", On::Ours),
    ]
};

static ROUTE: &[Permission] = &[
    same!(sent, BUILD, "ec2:CreateRoute", On::Ours),
    same!(at_need, BUILD, "ec2:ReplaceRoute", On::Ours),
    same!(sent, TEARDOWN, "ec2:DeleteRoute", On::Ours),
];

static ROUTE_TABLE_ASSOCIATION: &[Permission] = &[
    same!(sent, BUILD, "ec2:AssociateRouteTable", On::Ours),
    same!(at_need, BUILD, "ec2:ReplaceRouteTableAssociation", On::Ours),
    same!(sent, TEARDOWN, "ec2:DisassociateRouteTable", On::Ours),
];

static GATEWAY_ENDPOINT: &[Permission] = &{
    let [create, tags] = made!("CreateVpcEndpoint", "vpc-endpoint");
    [
        same!(sent, READ, "ec2:DescribeVpcEndpoints", On::Region),
        create,
        tags,
        same!(sent, BUILD, "ec2:CreateVpcEndpoint", On::Ours),
        same!(at_need, BUILD, "ec2:ModifyVpcEndpoint", On::Ours),
        same!(sent, TEARDOWN, "ec2:DeleteVpcEndpoints", On::Ours),
    ]
};

/// It comes with the VPC, open, and bears no PIT until it is emptied.
static DEFAULT_SECURITY_GROUP: &[Permission] = &[
    same!(sent, READ, "ec2:DescribeSecurityGroups", On::Region),
    same!(sent, BUILD, "ec2:RevokeSecurityGroupIngress", On::Nobodys("security-group")),
    same!(sent, BUILD, "ec2:RevokeSecurityGroupEgress", On::Nobodys("security-group")),
    same!(at_need, BUILD, "ec2:RevokeSecurityGroupIngress", On::Ours),
    same!(at_need, BUILD, "ec2:RevokeSecurityGroupEgress", On::Ours),
    same!(sent, BUILD, "ec2:CreateTags", On::Nobodys("security-group")),
];

/// Its end hands the subnets back to the VPC's default ACL, which bears no PIT.
static NETWORK_ACL: &[Permission] = &{
    let [create, tags] = made!("CreateNetworkAcl", "network-acl");
    [
        same!(sent, READ, "ec2:DescribeNetworkAcls", On::Region),
        create,
        tags,
        same!(sent, BUILD, "ec2:CreateNetworkAcl", On::Ours),
        same!(sent, BUILD, "ec2:CreateNetworkAclEntry", On::Ours),
        same!(at_need, BUILD, "ec2:ReplaceNetworkAclEntry", On::Ours),
        same!(at_need, BUILD, "ec2:DeleteNetworkAclEntry", On::Ours),
        same!(sent, BUILD_AND_TEARDOWN, "ec2:ReplaceNetworkAclAssociation", On::Ours),
        same!(sent, TEARDOWN, "ec2:ReplaceNetworkAclAssociation", On::Nobodys("network-acl")),
        same!(sent, TEARDOWN, "ec2:DeleteNetworkAcl", On::Ours),
    ]
};

static FLOW_LOG: &[Permission] = &{
    let [create, tags] = made!("CreateFlowLogs", "vpc-flow-log");
    [
        same!(sent, READ, "ec2:DescribeFlowLogs", On::Region),
        create,
        tags,
        same!(sent, BUILD, "ec2:CreateFlowLogs", On::Ours),
        unseen(
            BUILD,
            "ec2:CreateFlowLogs",
            "the flow log is handed its role",
            "iam:PassRole",
            On::PassedTo("vpc-flow-logs"),
        ),
        same!(sent, TEARDOWN, "ec2:DeleteFlowLogs", On::Ours),
    ]
};

static LOG_GROUP: &[Permission] = &[
    same!(sent, READ, "logs:DescribeLogGroups", On::Region),
    same!(sent, READ, "logs:ListTagsForResource", On::LogGroups),
    same!(sent, BUILD, "logs:CreateLogGroup", On::LogGroups),
    unseen(BUILD, "logs:CreateLogGroup", "tags in the creating call", "logs:TagResource", On::LogGroups),
    same!(at_need, BUILD, "logs:TagResource", On::LogGroups),
    same!(sent, BUILD, "logs:PutRetentionPolicy", On::LogGroups),
    same!(at_need, BUILD, "logs:DeleteRetentionPolicy", On::LogGroups),
    same!(at_need, BUILD, "logs:AssociateKmsKey", On::LogGroups),
    same!(at_need, BUILD, "logs:DisassociateKmsKey", On::LogGroups),
    same!(sent, TEARDOWN, "logs:DeleteLogGroup", On::LogGroups),
];

static ROLE: &[Permission] = &[
    same!(sent, READ, "iam:GetRole", On::Roles),
    same!(sent, READ, "iam:ListAttachedRolePolicies", On::Roles),
    same!(sent, READ, "iam:ListRolePolicies", On::Roles),
    same!(sent, BUILD, "iam:CreateRole", On::RolesWithin),
    unseen(BUILD, "iam:CreateRole", "tags in the creating call", "iam:TagRole", On::Roles),
    same!(at_need, BUILD, "iam:TagRole", On::Roles),
    same!(sent, BUILD, "iam:AttachRolePolicy", On::RolesOwnPolicies),
    same!(at_need, BUILD, "iam:PutRolePermissionsBoundary", On::RolesWithin),
    same!(at_need, BUILD, "iam:DeleteRolePermissionsBoundary", On::RolesUnbound),
    same!(at_need, BUILD, "iam:UpdateAssumeRolePolicy", On::Roles),
    same!(at_need, BUILD, "iam:UpdateRole", On::Roles),
    same!(sent, TEARDOWN, "iam:DetachRolePolicy", On::Roles),
    same!(at_need, TEARDOWN, "iam:DeleteRolePolicy", On::Roles),
    same!(sent, TEARDOWN, "iam:DeleteRole", On::Roles),
];

static MANAGED_POLICY: &[Permission] = &[
    same!(sent, READ, "iam:GetPolicy", On::Policies),
    same!(sent, READ, "iam:GetPolicyVersion", On::Policies),
    same!(at_need, BUILD, "iam:ListPolicyVersions", On::Policies),
    same!(sent, TEARDOWN, "iam:ListPolicyVersions", On::Policies),
    same!(sent, BUILD, "iam:CreatePolicy", On::Policies),
    unseen(BUILD, "iam:CreatePolicy", "tags in the creating call", "iam:TagPolicy", On::Policies),
    same!(at_need, BUILD, "iam:TagPolicy", On::Policies),
    same!(at_need, BUILD, "iam:CreatePolicyVersion", On::Policies),
    same!(at_need, BUILD_AND_TEARDOWN, "iam:DeletePolicyVersion", On::Policies),
    same!(sent, TEARDOWN, "iam:DeletePolicy", On::Policies),
];

static KMS_KEY: &[Permission] = &[
    same!(sent, READ, "kms:DescribeKey", On::AnyKey),
    same!(sent, READ, "kms:ListKeys", On::Region),
    same!(sent, READ, "kms:ListResourceTags", On::AnyKey),
    same!(sent, READ, "kms:GetKeyPolicy", On::Keys),
    same!(sent, READ, "kms:GetKeyRotationStatus", On::Keys),
    same!(sent, BUILD, "kms:CreateKey", On::NewKey),
    unseen(BUILD, "kms:CreateKey", "tags in the creating call", "kms:TagResource", On::NewKey),
    same!(at_need, BUILD, "kms:TagResource", On::Keys),
    same!(sent, BUILD, "kms:EnableKeyRotation", On::Keys),
    same!(at_need, BUILD, "kms:DisableKeyRotation", On::Keys),
    same!(at_need, BUILD, "kms:EnableKey", On::Keys),
    same!(at_need, BUILD, "kms:DisableKey", On::Keys),
    same!(at_need, BUILD, "kms:PutKeyPolicy", On::Keys),
    same!(at_need, BUILD, "kms:UpdateKeyDescription", On::Keys),
    same!(sent, TEARDOWN, "kms:ScheduleKeyDeletion", On::Keys),
];

/// Calls about an alias need rights on the alias and on the key (KMS developer guide, "Controlling access to aliases").
static KMS_ALIAS: &[Permission] = &[
    same!(sent, BUILD, "kms:CreateAlias", On::Aliases),
    same!(sent, BUILD, "kms:CreateAlias", On::Keys),
    same!(at_need, BUILD, "kms:UpdateAlias", On::Aliases),
    same!(at_need, BUILD, "kms:UpdateAlias", On::Keys),
    same!(sent, TEARDOWN, "kms:DeleteAlias", On::Aliases),
    same!(sent, TEARDOWN, "kms:DeleteAlias", On::Keys),
];

/// S3 limits by name: tags count there only for buckets that have attribute-based control switched on.
static BUCKET: &[Permission] = &[
    sent(READ, "s3:HeadBucket", "s3:ListBucket", On::BucketsAndRegistry),
    sent(READ, "s3:GetBucketEncryption", "s3:GetEncryptionConfiguration", On::BucketsAndRegistry),
    sent(READ, "s3:GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration", On::BucketsAndRegistry),
    sent(READ, "s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", On::BucketsAndRegistry),
    same!(sent, READ, "s3:GetBucketLogging", On::BucketsAndRegistry),
    same!(sent, READ, "s3:GetBucketOwnershipControls", On::BucketsAndRegistry),
    same!(sent, READ, "s3:GetBucketPolicy", On::BucketsAndRegistry),
    same!(sent, READ, "s3:GetBucketTagging", On::BucketsAndRegistry),
    same!(sent, READ, "s3:GetBucketVersioning", On::BucketsAndRegistry),
    same!(sent, BUILD, "s3:CreateBucket", On::BucketsAndRegistry),
    unseen(BUILD, "s3:CreateBucket", "tags in the creating call", "s3:TagResource", On::BucketsAndRegistry),
    same!(at_need, BUILD, "s3:PutBucketTagging", On::BucketsAndRegistry),
    sent(BUILD, "s3:PutBucketEncryption", "s3:PutEncryptionConfiguration", On::BucketsAndRegistry),
    sent(BUILD, "s3:PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration", On::BucketsAndRegistry),
    at_need(BUILD, "s3:DeleteBucketLifecycle", "s3:PutLifecycleConfiguration", On::BucketsAndRegistry),
    sent(BUILD, "s3:PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock", On::BucketsAndRegistry),
    same!(sent, BUILD, "s3:PutBucketLogging", On::BucketsAndRegistry),
    same!(sent, BUILD, "s3:PutBucketOwnershipControls", On::BucketsAndRegistry),
    same!(sent, BUILD, "s3:PutBucketPolicy", On::BucketsAndRegistry),
    same!(at_need, BUILD, "s3:DeleteBucketPolicy", On::BucketsAndRegistry),
    same!(sent, BUILD, "s3:PutBucketVersioning", On::BucketsAndRegistry),
    sent(TEARDOWN, "s3:DeleteObjects", "s3:DeleteObject", On::Objects),
    sent(TEARDOWN, "s3:DeleteObjects", "s3:DeleteObjectVersion", On::Objects),
    same!(sent, TEARDOWN, "s3:DeleteBucket", On::Buckets),
];

const WITH_THE_KEY: &str = "S3 calls KMS in the caller's name for what is encrypted with the PIT's key";

static BUCKET_OBJECT: &[Permission] = &[
    sent(READ, "s3:HeadObject", "s3:GetObject", On::Configuration),
    same!(sent, READ, "s3:GetObject", On::Configuration),
    same!(sent, READ, "s3:GetObjectTagging", On::Configuration),
    unseen(READ, "s3:GetObject", WITH_THE_KEY, "kms:Decrypt", On::KeysThrough("s3")),
    same!(sent, BUILD, "s3:PutObject", On::Configuration),
    unseen(BUILD, "s3:PutObject", "tags in the creating call", "s3:PutObjectTagging", On::Configuration),
    same!(at_need, BUILD, "s3:PutObjectTagging", On::Configuration),
    unseen(BUILD, "s3:PutObject", WITH_THE_KEY, "kms:GenerateDataKey", On::KeysThrough("s3")),
    same!(sent, TEARDOWN, "s3:DeleteObject", On::Configuration),
];

static SECURITY_GROUP: &[Permission] = &{
    let [create, tags] = made!("CreateSecurityGroup", "security-group");
    [
        same!(sent, READ, "ec2:DescribeSecurityGroups", On::Region),
        create,
        tags,
        same!(sent, BUILD, "ec2:CreateSecurityGroup", On::Ours),
        same!(sent, BUILD, "ec2:AuthorizeSecurityGroupIngress", On::Ours),
        same!(sent, BUILD, "ec2:AuthorizeSecurityGroupIngress", On::Along("security-group-rule")),
        same!(sent, BUILD, "ec2:AuthorizeSecurityGroupEgress", On::Ours),
        same!(sent, BUILD, "ec2:AuthorizeSecurityGroupEgress", On::Along("security-group-rule")),
        same!(at_need, BUILD, "ec2:RevokeSecurityGroupIngress", On::Ours),
        same!(sent, BUILD, "ec2:RevokeSecurityGroupEgress", On::Ours),
        same!(sent, TEARDOWN, "ec2:DeleteSecurityGroup", On::Ours),
    ]
};

static KEY_PAIR: &[Permission] = &{
    let [import, tags] = made!("ImportKeyPair", "key-pair");
    [
        same!(sent, READ, "ec2:DescribeKeyPairs", On::Region),
        import,
        tags,
        same!(sent, TEARDOWN, "ec2:DeleteKeyPair", On::Ours),
    ]
};

static INSTANCE_PROFILE: &[Permission] = &[
    same!(sent, READ, "iam:GetInstanceProfile", On::Profiles),
    same!(sent, BUILD, "iam:CreateInstanceProfile", On::Profiles),
    unseen(BUILD, "iam:CreateInstanceProfile", "tags in the creating call", "iam:TagInstanceProfile", On::Profiles),
    same!(at_need, BUILD, "iam:TagInstanceProfile", On::Profiles),
    same!(sent, BUILD, "iam:AddRoleToInstanceProfile", On::Profiles),
    unseen(
        BUILD,
        "iam:AddRoleToInstanceProfile",
        "the profile hands its role to instances",
        "iam:PassRole",
        On::PassedTo("ec2"),
    ),
    same!(sent, TEARDOWN, "iam:RemoveRoleFromInstanceProfile", On::Profiles),
    same!(sent, TEARDOWN, "iam:DeleteInstanceProfile", On::Profiles),
];

static INTERFACE_ENDPOINT: &[Permission] = &{
    let [create, tags] = made!("CreateVpcEndpoint", "vpc-endpoint");
    [
        same!(sent, READ, "ec2:DescribeVpcEndpoints", On::Region),
        create,
        tags,
        same!(sent, BUILD, "ec2:CreateVpcEndpoint", On::Ours),
        unseen(
            BUILD,
            "ec2:CreateVpcEndpoint",
            "private DNS names live in a hosted zone of AWS's that is associated with the VPC",
            "route53:AssociateVPCWithHostedZone",
            On::HostedZones,
        ),
        same!(at_need, BUILD, "ec2:ModifyVpcEndpoint", On::Ours),
        same!(sent, TEARDOWN, "ec2:DeleteVpcEndpoints", On::Ours),
    ]
};

static SESSION_DOCUMENT: &[Permission] = &[
    same!(sent, READ, "ssm:DescribeDocument", On::Documents),
    same!(sent, READ, "ssm:GetDocument", On::Documents),
    same!(sent, READ, "ssm:ListTagsForResource", On::Documents),
    same!(sent, BUILD, "ssm:CreateDocument", On::Documents),
    unseen(BUILD, "ssm:CreateDocument", "tags in the creating call", "ssm:AddTagsToResource", On::Documents),
    same!(at_need, BUILD, "ssm:AddTagsToResource", On::Documents),
    same!(at_need, BUILD, "ssm:UpdateDocument", On::Documents),
    same!(at_need, BUILD, "ssm:UpdateDocumentDefaultVersion", On::Documents),
    same!(sent, TEARDOWN, "ssm:DeleteDocument", On::Documents),
];

static LAUNCH_TEMPLATE: &[Permission] = &{
    let [create, tags] = made!("CreateLaunchTemplate", "launch-template");
    [
        same!(sent, READ, "ec2:DescribeLaunchTemplates", On::Region),
        same!(sent, READ, "ec2:DescribeLaunchTemplateVersions", On::Region),
        create,
        tags,
        same!(at_need, BUILD, "ec2:CreateLaunchTemplateVersion", On::Ours),
        same!(at_need, BUILD, "ec2:ModifyLaunchTemplate", On::Ours),
        same!(sent, TEARDOWN, "ec2:DeleteLaunchTemplate", On::Ours),
    ]
};

const VOLUMES: &str = "EC2 uses the key for the machine's encrypted volumes in the caller's name";

static INSTANCE: &[Permission] = &{
    let [run, tags] = made!("RunInstances", "instance");
    [
        same!(sent, READ, "ec2:DescribeInstances", On::Region),
        same!(sent, READ, "ec2:DescribeInstanceAttribute", On::Region),
        same!(sent, READ, "ec2:DescribeVolumes", On::Region),
        run,
        tags,
        same!(sent, BUILD, "ec2:RunInstances", On::Made("volume")),
        same!(sent, BUILD, "ec2:RunInstances", On::Along("network-interface")),
        same!(sent, BUILD, "ec2:RunInstances", On::AmazonImages),
        same!(sent, BUILD, "ec2:RunInstances", On::Ours),
        unseen(BUILD, "ec2:RunInstances", "the instance is handed its role", "iam:PassRole", On::PassedTo("ec2")),
        unseen(BUILD, "ec2:RunInstances", VOLUMES, "kms:CreateGrant", On::KeysLent),
        unseen(BUILD, "ec2:RunInstances", VOLUMES, "kms:Decrypt", On::KeysThrough("ec2")),
        unseen(BUILD, "ec2:RunInstances", VOLUMES, "kms:GenerateDataKeyWithoutPlaintext", On::KeysThrough("ec2")),
        unseen(BUILD, "ec2:RunInstances", VOLUMES, "kms:ReEncryptFrom", On::KeysThrough("ec2")),
        unseen(BUILD, "ec2:RunInstances", VOLUMES, "kms:ReEncryptTo", On::KeysThrough("ec2")),
        same!(at_need, BUILD, "ec2:ModifyInstanceAttribute", On::Ours),
        same!(at_need, BUILD, "ec2:ModifyInstanceMetadataOptions", On::Ours),
        same!(at_need, BUILD, "ec2:MonitorInstances", On::Ours),
        same!(sent, TEARDOWN, "ec2:TerminateInstances", On::Ours),
    ]
};

static VOLUME: &[Permission] = &{
    let [create, tags] = made!("CreateVolume", "volume");
    [
        same!(sent, READ, "ec2:DescribeVolumes", On::Region),
        create,
        tags,
        unseen(BUILD, "ec2:CreateVolume", VOLUMES, "kms:GenerateDataKeyWithoutPlaintext", On::KeysThrough("ec2")),
        same!(at_need, BUILD, "ec2:ModifyVolume", On::Ours),
        same!(sent, TEARDOWN, "ec2:DeleteVolume", On::Ours),
    ]
};

static VOLUME_ATTACHMENT: &[Permission] = &[
    same!(sent, BUILD, "ec2:AttachVolume", On::Ours),
    unseen(BUILD, "ec2:AttachVolume", VOLUMES, "kms:CreateGrant", On::KeysLent),
    same!(sent, TEARDOWN, "ec2:DetachVolume", On::Ours),
];

static DATABASE_SUBNET_GROUP: &[Permission] = &[];
static DATABASE_PARAMETER_GROUP: &[Permission] = &[];
static DATABASE_INSTANCE: &[Permission] = &[];
