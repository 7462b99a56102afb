//! What each kind's calls need.
//!
//! Which ARN types an action knows, and by what they can be limited: AWS Service Authorization Reference, kept for these actions in
//! `data/iam/actions.csv`.

use super::{ACCOUNT, BUILD, BUILD_AND_TEARDOWN, DATA, On, Permission, READ, TEARDOWN, at_need, same, sent, unseen};
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
            Self::InstanceConnectEndpoint => INSTANCE_CONNECT_ENDPOINT,
            Self::SessionDocument => SESSION_DOCUMENT,
            Self::LaunchTemplate => LAUNCH_TEMPLATE,
            Self::Instance => INSTANCE,
            Self::Volume => VOLUME,
            Self::VolumeAttachment => VOLUME_ATTACHMENT,
            Self::DatabaseSubnetGroup => DATABASE_SUBNET_GROUP,
            Self::DatabaseParameterGroup => DATABASE_PARAMETER_GROUP,
            Self::DatabaseInstance => DATABASE_INSTANCE,
            Self::Trail => TRAIL,
            Self::ConfigRecorder => CONFIG_RECORDER,
            Self::EbsEncryption => EBS_ENCRYPTION,
            Self::PublicAccessBlock => PUBLIC_ACCESS_BLOCK,
            Self::PasswordPolicy => PASSWORD_POLICY,
            Self::MetricFilter => METRIC_FILTER,
            Self::Alarm => ALARM,
            Self::Detector => DETECTOR,
            Self::Table => TABLE,
            Self::Queue => QUEUE,
            Self::Topic => TOPIC,
            Self::Subscription => SUBSCRIPTION,
            Self::Function => FUNCTION,
            Self::FunctionPermission => FUNCTION_PERMISSION,
            Self::BucketNotification => BUCKET_NOTIFICATION,
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
        same!(at_need, BUILD, "ec2:ReplaceNetworkAclAssociation", On::Nobodys("network-acl")),
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
    same!(at_need, BUILD, "iam:DetachRolePolicy", On::Roles),
    same!(sent, TEARDOWN, "iam:DetachRolePolicy", On::Roles),
    same!(at_need, BUILD_AND_TEARDOWN, "iam:DeleteRolePolicy", On::Roles),
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
        same!(at_need, BUILD, "ec2:AuthorizeSecurityGroupIngress", On::Ours),
        same!(at_need, BUILD, "ec2:AuthorizeSecurityGroupIngress", On::Along("security-group-rule")),
        same!(sent, BUILD, "ec2:AuthorizeSecurityGroupEgress", On::Ours),
        same!(sent, BUILD, "ec2:AuthorizeSecurityGroupEgress", On::Along("security-group-rule")),
        same!(at_need, BUILD, "ec2:RevokeSecurityGroupIngress", On::Ours),
        same!(sent, BUILD_AND_TEARDOWN, "ec2:RevokeSecurityGroupEgress", On::Ours),
        same!(at_need, TEARDOWN, "ec2:RevokeSecurityGroupIngress", On::Ours),
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

const OWN_INTERFACE: &str = "EC2 makes the endpoint's network interface in the caller's name";

/// What AWS asks for along with the endpoint: EC2 user guide, "Grant permissions to create and use EC2 Instance Connect Endpoint".
static INSTANCE_CONNECT_ENDPOINT: &[Permission] = &{
    let [create, tags] = made!("CreateInstanceConnectEndpoint", "instance-connect-endpoint");
    [
        same!(sent, READ, "ec2:DescribeInstanceConnectEndpoints", On::Region),
        create,
        tags,
        same!(sent, BUILD, "ec2:CreateInstanceConnectEndpoint", On::Ours),
        unseen(
            BUILD,
            "ec2:CreateInstanceConnectEndpoint",
            OWN_INTERFACE,
            "ec2:CreateNetworkInterface",
            On::Along("network-interface"),
        ),
        unseen(BUILD, "ec2:CreateInstanceConnectEndpoint", OWN_INTERFACE, "ec2:CreateNetworkInterface", On::Ours),
        unseen(
            BUILD,
            "ec2:CreateInstanceConnectEndpoint",
            "the first endpoint of an account brings AWS's own role for them",
            "iam:CreateServiceLinkedRole",
            On::ServiceLinked("ec2-instance-connect"),
        ),
        same!(at_need, BUILD, "ec2:ModifyInstanceConnectEndpoint", On::Ours),
        same!(at_need, BUILD, "ec2:DeleteInstanceConnectEndpoint", On::Ours),
        same!(sent, TEARDOWN, "ec2:DeleteInstanceConnectEndpoint", On::Ours),
    ]
};

static SESSION_DOCUMENT: &[Permission] = &[
    same!(at_need, READ, "ssm:DescribeDocument", On::Documents),
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
        unseen(BUILD, "ec2:RunInstances", VOLUMES, "kms:CreateGrant", On::KeysLent("ec2")),
        unseen(BUILD, "ec2:RunInstances", VOLUMES, "kms:Decrypt", On::KeysThrough("ec2")),
        unseen(BUILD, "ec2:RunInstances", VOLUMES, "kms:GenerateDataKeyWithoutPlaintext", On::KeysThrough("ec2")),
        unseen(BUILD, "ec2:RunInstances", VOLUMES, "kms:ReEncryptFrom", On::KeysThrough("ec2")),
        unseen(BUILD, "ec2:RunInstances", VOLUMES, "kms:ReEncryptTo", On::KeysThrough("ec2")),
        same!(at_need, READ, "ec2:DescribeNetworkInterfaceAttribute", On::Region),
        same!(at_need, READ, "ec2:GetEbsDefaultKmsKeyId", On::Region),
        same!(at_need, BUILD, "ec2:ModifyInstanceMetadataOptions", On::Ours),
        same!(at_need, BUILD, "ec2:MonitorInstances", On::Ours),
        same!(at_need, BUILD, "ec2:UnmonitorInstances", On::Ours),
        same!(at_need, BUILD, "ec2:ModifyNetworkInterfaceAttribute", On::Ours),
        same!(at_need, BUILD, "ec2:DescribeIamInstanceProfileAssociations", On::Region),
        same!(at_need, BUILD, "ec2:AssociateIamInstanceProfile", On::Ours),
        same!(at_need, BUILD, "ec2:ReplaceIamInstanceProfileAssociation", On::Ours),
        same!(at_need, BUILD, "ec2:DisassociateIamInstanceProfile", On::Ours),
        same!(at_need, BUILD, "ec2:StartInstances", On::Ours),
        same!(at_need, BUILD, "ec2:StopInstances", On::Ours),
        same!(at_need, BUILD_AND_TEARDOWN, "ec2:ModifyInstanceAttribute", On::Ours),
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
        same!(at_need, BUILD, "ec2:DescribeVolumesModifications", On::Region),
        same!(sent, TEARDOWN, "ec2:DeleteVolume", On::Ours),
    ]
};

/// A machine that runs is stopped before its volume comes off.
static VOLUME_ATTACHMENT: &[Permission] = &[
    same!(sent, BUILD, "ec2:AttachVolume", On::Ours),
    unseen(BUILD, "ec2:AttachVolume", VOLUMES, "kms:CreateGrant", On::KeysLent("ec2")),
    same!(sent, TEARDOWN, "ec2:StopInstances", On::Ours),
    same!(sent, TEARDOWN, "ec2:DetachVolume", On::Ours),
];

static DATABASE_SUBNET_GROUP: &[Permission] = &[
    same!(sent, READ, "rds:DescribeDBSubnetGroups", On::Region),
    same!(sent, READ, "rds:ListTagsForResource", On::Region),
    same!(sent, BUILD, "rds:CreateDBSubnetGroup", On::NewDatabases),
    unseen(BUILD, "rds:CreateDBSubnetGroup", "tags in the creating call", "rds:AddTagsToResource", On::NewDatabases),
    same!(at_need, BUILD, "rds:AddTagsToResource", On::Databases),
    same!(at_need, BUILD, "rds:ModifyDBSubnetGroup", On::Databases),
    same!(sent, TEARDOWN, "rds:DeleteDBSubnetGroup", On::Databases),
];

static DATABASE_PARAMETER_GROUP: &[Permission] = &[
    same!(sent, READ, "rds:DescribeDBParameterGroups", On::Region),
    same!(sent, READ, "rds:DescribeDBParameters", On::Region),
    same!(sent, READ, "rds:ListTagsForResource", On::Region),
    same!(sent, BUILD, "rds:CreateDBParameterGroup", On::NewDatabases),
    unseen(BUILD, "rds:CreateDBParameterGroup", "tags in the creating call", "rds:AddTagsToResource", On::NewDatabases),
    same!(sent, BUILD, "rds:ModifyDBParameterGroup", On::Databases),
    same!(at_need, BUILD, "rds:ResetDBParameterGroup", On::Databases),
    same!(at_need, BUILD, "rds:AddTagsToResource", On::Databases),
    same!(sent, TEARDOWN, "rds:DeleteDBParameterGroup", On::Databases),
];

const STORAGE: &str = "RDS uses the key for the database's storage in the caller's name";
const MASTER_PASSWORD: &str = "RDS keeps the master password in Secrets Manager in the caller's name";

/// What RDS asks for along with a master password that it keeps: RDS user guide, "Password management with Amazon RDS and AWS Secrets
/// Manager".
static DATABASE_INSTANCE: &[Permission] = &[
    same!(sent, READ, "rds:DescribeDBInstances", On::Region),
    same!(sent, BUILD, "rds:CreateDBInstance", On::NewDatabases),
    unseen(BUILD, "rds:CreateDBInstance", "tags in the creating call", "rds:AddTagsToResource", On::NewDatabases),
    unseen(
        BUILD,
        "rds:CreateDBInstance",
        "the first database of an account brings RDS's own role",
        "iam:CreateServiceLinkedRole",
        On::ServiceLinked("rds"),
    ),
    unseen(BUILD, "rds:CreateDBInstance", STORAGE, "kms:CreateGrant", On::KeysLent("rds")),
    unseen(BUILD, "rds:CreateDBInstance", STORAGE, "kms:GenerateDataKey", On::KeysThrough("rds")),
    unseen(BUILD, "rds:CreateDBInstance", STORAGE, "kms:Decrypt", On::KeysThrough("rds")),
    unseen(BUILD, "rds:CreateDBInstance", MASTER_PASSWORD, "secretsmanager:CreateSecret", On::DatabaseSecrets),
    unseen(BUILD, "rds:CreateDBInstance", MASTER_PASSWORD, "secretsmanager:TagResource", On::DatabaseSecrets),
    unseen(BUILD, "rds:CreateDBInstance", MASTER_PASSWORD, "kms:CreateGrant", On::KeysLent("secretsmanager")),
    unseen(BUILD, "rds:CreateDBInstance", MASTER_PASSWORD, "kms:GenerateDataKey", On::KeysThrough("secretsmanager")),
    unseen(BUILD, "rds:CreateDBInstance", MASTER_PASSWORD, "kms:Decrypt", On::KeysThrough("secretsmanager")),
    same!(at_need, BUILD, "rds:AddTagsToResource", On::Databases),
    same!(at_need, BUILD, "rds:ModifyDBInstance", On::Databases),
    same!(sent, TEARDOWN, "rds:ModifyDBInstance", On::Databases),
    same!(sent, TEARDOWN, "rds:DeleteDBInstance", On::Databases),
];

static TRAIL: &[Permission] = &[
    same!(at_need, READ, "cloudtrail:ListTags", On::Region),
    same!(sent, ACCOUNT, "cloudtrail:CreateTrail", On::AccountTrail),
    unseen(ACCOUNT, "cloudtrail:CreateTrail", "tags in the creating call", "cloudtrail:AddTags", On::AccountTrail),
    unseen(
        ACCOUNT,
        "cloudtrail:CreateTrail",
        "the trail is handed its role",
        "iam:PassRole",
        On::PassedTo("cloudtrail"),
    ),
    same!(at_need, ACCOUNT, "cloudtrail:AddTags", On::AccountTrail),
    same!(at_need, ACCOUNT, "cloudtrail:UpdateTrail", On::AccountTrail),
    same!(at_need, ACCOUNT, "cloudtrail:PutEventSelectors", On::AccountTrail),
    same!(sent, ACCOUNT, "cloudtrail:StartLogging", On::AccountTrail),
];

static CONFIG_RECORDER: &[Permission] = &[
    same!(at_need, READ, "config:ListTagsForResource", On::Region),
    same!(sent, ACCOUNT, "iam:CreateServiceLinkedRole", On::ServiceLinked("config")),
    same!(sent, ACCOUNT, "config:PutConfigurationRecorder", On::AccountRecorder),
    unseen(
        ACCOUNT,
        "config:PutConfigurationRecorder",
        "the recorder is handed AWS's own role for it",
        "iam:PassRole",
        On::ServiceLinkedPassed("config"),
    ),
    unseen(
        ACCOUNT,
        "config:PutConfigurationRecorder",
        "tags in the creating call",
        "config:TagResource",
        On::AccountRecorder,
    ),
    same!(at_need, ACCOUNT, "config:TagResource", On::AccountRecorder),
    same!(sent, ACCOUNT, "config:PutDeliveryChannel", On::Region),
    same!(sent, ACCOUNT, "config:StartConfigurationRecorder", On::AccountRecorder),
];

static EBS_ENCRYPTION: &[Permission] = &[
    same!(sent, READ, "ec2:GetEbsEncryptionByDefault", On::Region),
    same!(sent, ACCOUNT, "ec2:EnableEbsEncryptionByDefault", On::Region),
];

static PUBLIC_ACCESS_BLOCK: &[Permission] = &[
    sent(READ, "s3control:GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock", On::Anything),
    sent(ACCOUNT, "s3control:PutPublicAccessBlock", "s3:PutAccountPublicAccessBlock", On::Anything),
];

static PASSWORD_POLICY: &[Permission] = &[
    same!(sent, READ, "iam:GetAccountPasswordPolicy", On::Anything),
    same!(sent, ACCOUNT, "iam:UpdateAccountPasswordPolicy", On::Anything),
];

static METRIC_FILTER: &[Permission] = &[
    same!(sent, READ, "logs:DescribeMetricFilters", On::Region),
    same!(sent, ACCOUNT, "logs:PutMetricFilter", On::AccountLogGroup),
];

static ALARM: &[Permission] = &[
    same!(sent, READ, "cloudwatch:DescribeAlarms", On::Region),
    same!(sent, READ, "cloudwatch:ListTagsForResource", On::Region),
    same!(sent, ACCOUNT, "cloudwatch:PutMetricAlarm", On::AccountAlarms),
    unseen(
        ACCOUNT,
        "cloudwatch:PutMetricAlarm",
        "tags in the creating call",
        "cloudwatch:TagResource",
        On::AccountAlarms,
    ),
    same!(at_need, ACCOUNT, "cloudwatch:TagResource", On::AccountAlarms),
];

static DETECTOR: &[Permission] = &[
    same!(sent, READ, "guardduty:ListDetectors", On::Region),
    same!(sent, READ, "guardduty:GetDetector", On::Region),
    same!(sent, ACCOUNT, "guardduty:CreateDetector", On::Region),
    unseen(
        ACCOUNT,
        "guardduty:CreateDetector",
        "the first detector of an account brings GuardDuty's own role",
        "iam:CreateServiceLinkedRole",
        On::ServiceLinked("guardduty"),
    ),
    unseen(ACCOUNT, "guardduty:CreateDetector", "tags in the creating call", "guardduty:TagResource", On::Detectors),
    same!(at_need, ACCOUNT, "guardduty:TagResource", On::Detectors),
    same!(at_need, ACCOUNT, "guardduty:UpdateDetector", On::Detectors),
];

const TABLE_KEY: &str = "DynamoDB uses the key for the table in the caller's name";

/// Its protection and its recovery are lifted before it is deleted.
static TABLE: &[Permission] = &[
    same!(sent, READ, "dynamodb:DescribeTable", On::Tables),
    same!(sent, READ, "dynamodb:DescribeContinuousBackups", On::Tables),
    same!(sent, READ, "dynamodb:DescribeTimeToLive", On::Tables),
    same!(sent, READ, "dynamodb:ListTagsOfResource", On::Tables),
    same!(sent, BUILD, "dynamodb:CreateTable", On::Tables),
    unseen(BUILD, "dynamodb:CreateTable", "tags in the creating call", "dynamodb:TagResource", On::Tables),
    unseen(BUILD, "dynamodb:CreateTable", TABLE_KEY, "kms:CreateGrant", On::KeysLent("dynamodb")),
    unseen(BUILD, "dynamodb:CreateTable", TABLE_KEY, "kms:Decrypt", On::KeysThrough("dynamodb")),
    same!(at_need, BUILD, "dynamodb:TagResource", On::Tables),
    same!(at_need, BUILD, "dynamodb:UpdateTimeToLive", On::Tables),
    same!(sent, BUILD_AND_TEARDOWN, "dynamodb:UpdateContinuousBackups", On::Tables),
    same!(at_need, BUILD, "dynamodb:UpdateTable", On::Tables),
    same!(sent, TEARDOWN, "dynamodb:UpdateTable", On::Tables),
    same!(sent, TEARDOWN, "dynamodb:DeleteTable", On::Tables),
    same!(sent, DATA, "dynamodb:Scan", On::Tables),
    same!(at_need, DATA, "dynamodb:GetItem", On::Tables),
    unseen(DATA, "dynamodb:Scan", TABLE_KEY, "kms:Decrypt", On::KeysThrough("dynamodb")),
];

static QUEUE: &[Permission] = &[
    same!(sent, READ, "sqs:GetQueueUrl", On::Queues),
    same!(sent, READ, "sqs:GetQueueAttributes", On::Queues),
    same!(sent, READ, "sqs:ListQueueTags", On::Queues),
    same!(sent, BUILD, "sqs:CreateQueue", On::Queues),
    unseen(BUILD, "sqs:CreateQueue", "tags in the creating call", "sqs:TagQueue", On::Queues),
    same!(at_need, BUILD, "sqs:TagQueue", On::Queues),
    same!(at_need, BUILD, "sqs:SetQueueAttributes", On::Queues),
    same!(sent, TEARDOWN, "sqs:DeleteQueue", On::Queues),
];

static TOPIC: &[Permission] = &[
    same!(sent, READ, "sns:GetTopicAttributes", On::Topics),
    same!(sent, READ, "sns:ListTagsForResource", On::Topics),
    same!(sent, BUILD, "sns:CreateTopic", On::Topics),
    unseen(BUILD, "sns:CreateTopic", "tags in the creating call", "sns:TagResource", On::Topics),
    same!(at_need, BUILD, "sns:TagResource", On::Topics),
    same!(at_need, BUILD, "sns:SetTopicAttributes", On::Topics),
    same!(sent, TEARDOWN, "sns:DeleteTopic", On::Topics),
];

/// One that nobody confirmed has no ARN, cannot be asked and cannot be ended.
static SUBSCRIPTION: &[Permission] = &[
    same!(sent, READ, "sns:ListSubscriptionsByTopic", On::Topics),
    same!(at_need, READ, "sns:GetSubscriptionAttributes", On::Topics),
    same!(sent, BUILD, "sns:Subscribe", On::Topics),
    same!(at_need, TEARDOWN, "sns:Unsubscribe", On::Topics),
];

const SETTINGS_KEY: &str = "Lambda encrypts the function's settings with the key in the caller's name";

static FUNCTION: &[Permission] = &[
    same!(sent, READ, "lambda:GetFunction", On::Functions),
    unseen(READ, "lambda:GetFunction", "tags in the answer", "lambda:ListTags", On::Functions),
    unseen(READ, "lambda:GetFunction", SETTINGS_KEY, "kms:Decrypt", On::KeysThrough("lambda")),
    same!(sent, BUILD, "lambda:CreateFunction", On::Functions),
    unseen(BUILD, "lambda:CreateFunction", "tags in the creating call", "lambda:TagResource", On::Functions),
    unseen(BUILD, "lambda:CreateFunction", "the function is handed its role", "iam:PassRole", On::PassedTo("lambda")),
    unseen(BUILD, "lambda:CreateFunction", SETTINGS_KEY, "kms:CreateGrant", On::KeysLent("lambda")),
    unseen(BUILD, "lambda:CreateFunction", SETTINGS_KEY, "kms:Encrypt", On::KeysThrough("lambda")),
    same!(at_need, BUILD, "lambda:TagResource", On::Functions),
    same!(at_need, BUILD, "lambda:UpdateFunctionConfiguration", On::Functions),
    same!(at_need, BUILD, "lambda:UpdateFunctionCode", On::Functions),
    same!(at_need, BUILD, "lambda:PutFunctionConcurrency", On::Functions),
    same!(at_need, BUILD, "lambda:DeleteFunctionConcurrency", On::Functions),
    same!(sent, TEARDOWN, "lambda:DeleteFunction", On::Functions),
];

static FUNCTION_PERMISSION: &[Permission] = &[
    same!(sent, READ, "lambda:GetPolicy", On::Functions),
    same!(sent, BUILD, "lambda:AddPermission", On::Functions),
    same!(at_need, BUILD, "lambda:RemovePermission", On::Functions),
    same!(sent, TEARDOWN, "lambda:RemovePermission", On::Functions),
];

static BUCKET_NOTIFICATION: &[Permission] = &[
    sent(READ, "s3:GetBucketNotificationConfiguration", "s3:GetBucketNotification", On::Buckets),
    sent(BUILD_AND_TEARDOWN, "s3:PutBucketNotificationConfiguration", "s3:PutBucketNotification", On::Buckets),
];
