//! Saved answers of an account, made by `sce collect` on emulators (`tests/fixtures/collected`): the rules find of them what they find
//! of the account, and one changed field breaks the rule that is about it and no other.

use std::collections::{BTreeMap, BTreeSet};

use sce_core::aws::describe::model::{Place, Saved, of_account, of_plan};
use sce_core::check::{Declared, Finding, Status, Terms, judge, rules};
use sce_core::lock::LockFile;
use sce_core::model::Model;
use sce_core::plan::{Plan, plan};
use sce_core::prove::{Intent, Proof, Status as Judged, prove};
use sce_core::spec::{Format, parse};
use serde_json::Value as Json;

/// Which tree: machines behind a bastion with a database, or a network without a way out with roles of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tree {
    Bastion,
    Shut,
}
use Tree::{Bastion, Shut};

const DATA: &str = "s3/hipaa-data-123456789012-us-west-2";
const OUTPUT: &str = "s3/hipaa-output-123456789012-us-west-2";
const ANCILLARY: &str = "s3/hipaa-ancillary-123456789012-us-west-2";
const ACCESS_LOGS: &str = "s3/hipaa-accesslogs-123456789012-us-west-2";
const REGISTRY: &str = "s3/sce-registry-123456789012-us-west-2";
const DETAILS: &str = "iam/get-account-authorization-details.json";
const TRAIL: &str = "cloudtrail/arn%3Aaws%3Acloudtrail%3Aus-west-2%3A123456789012%3Atrail%2Fsce_account_trail";

/// An opening to all addresses for everything, as an entry of an ACL.
const OPEN_IN: &str =
    r#"{"RuleNumber":99,"Protocol":"-1","Egress":false,"CidrBlock":"0.0.0.0/0","RuleAction":"allow"}"#;
const OPEN_OUT: &str =
    r#"{"RuleNumber":99,"Protocol":"-1","Egress":true,"CidrBlock":"0.0.0.0/0","RuleAction":"allow"}"#;
const ALL: &str = r#"{"Sid":"All","Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#;

/// For each rule that can be seen: the tree, folder and file, where in it, and what stands there then; `-` takes it away.
///
/// A pointer is one of RFC 6901 that can also choose an item of a list: `@ID` by the tag `sce:id`, `KEY=VALUE` by a field, `*` the first
/// in which the rest is found; `+` adds one. It goes on into text that is JSON, as policies are.
#[rustfmt::skip]
const MUTATIONS: &[(&str, Tree, &str, &str, &str, &str)] = &[
    ("access-log-target-admits-deliveries", Bastion, ACCESS_LOGS, "get-bucket-policy.json", "/Policy/Statement/Sid=LogServiceWrites/Action", "\"s3:GetObject\""),
    ("access-log-target-uses-s3-keys", Bastion, ACCESS_LOGS, "get-bucket-encryption.json", "/ServerSideEncryptionConfiguration/Rules/0/ApplyServerSideEncryptionByDefault/SSEAlgorithm", "\"aws:kms\""),
    ("account-blocks-public-access", Bastion, "s3control/123456789012", "get-public-access-block.json", "/PublicAccessBlockConfiguration/BlockPublicAcls", "false"),
    ("alarms-watch-the-account", Bastion, "cloudwatch", "describe-alarms.json", "/MetricAlarms/AlarmName=sce_account_root-use/MetricName", "\"other\""),
    ("ancillary-is-encrypted-with-own-key", Bastion, "sns/hipaa_topic", "get-topic-attributes.json", "/Attributes/KmsMasterKeyId", "\"\""),
    ("ancillary-requires-tls", Bastion, "sqs/hipaa_dead_letters", "get-queue-attributes.json", "/Attributes/Policy/Statement/Sid=DenyWithoutTls/Action", "\"sqs:ListQueues\""),
    ("ancillary-stays-in-the-account", Bastion, "sns/hipaa_topic", "get-topic-attributes.json", "/Attributes/Policy/Statement/Sid=DenyOtherAccounts/Action", "\"sns:ListTopics\""),
    ("bastion-admits-only-allowed-ssh", Bastion, "ec2", "describe-security-groups.json", "/SecurityGroups/@security-group-bastion/IpPermissions/0/ToPort", "8888"),
    ("bucket-blocks-public-access", Bastion, REGISTRY, "get-public-access-block.json", "/PublicAccessBlockConfiguration/RestrictPublicBuckets", "false"),
    ("bucket-is-versioned", Bastion, DATA, "get-bucket-versioning.json", "/Status", "\"Suspended\""),
    ("bucket-ownership-is-enforced", Bastion, OUTPUT, "get-bucket-ownership-controls.json", "/OwnershipControls/Rules/0/ObjectOwnership", "\"ObjectWriter\""),
    ("bucket-policy-grants-not-to-everyone", Bastion, DATA, "get-bucket-policy.json", "/Policy/Statement/+", r#"{"Sid":"Read","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}"#),
    ("bucket-requires-tls", Bastion, REGISTRY, "get-bucket-policy.json", "/Policy/Statement/Sid=DenyWithoutTls/Action", "\"s3:ListBucket\""),
    ("compute-role-cannot-write-data", Shut, "", DETAILS, "/Policies/Arn=arn:aws:iam::123456789012:policy~1hipaa_compute_policy/PolicyVersionList/0/Document/Statement/+", r#"{"Sid":"W","Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::hipaa-*/*"}"#),
    ("config-records-everything", Bastion, "config", "describe-configuration-recorders.json", "/ConfigurationRecorders/0/recordingGroup/allSupported", "false"),
    ("custodian-needs-mfa", Shut, "", DETAILS, "/RoleDetailList/RoleName=hipaa_custodian_role/AssumeRolePolicyDocument/Statement/0/Condition/Bool", "-"),
    ("data-events-of-stores-are-recorded", Bastion, TRAIL, "get-event-selectors.json", "/AdvancedEventSelectors/Name=sce hipaa/FieldSelectors/Field=resources.ARN/StartsWith/1", "-"),
    ("database-authenticates-with-tokens", Bastion, "rds", "describe-db-instances.json", "/DBInstances/0/MasterUserSecret", "-"),
    ("database-is-backed-up", Bastion, "rds", "describe-db-instances.json", "/DBInstances/0/BackupRetentionPeriod", "0"),
    ("database-is-encrypted-with-own-key", Bastion, "rds", "describe-db-instances.json", "/DBInstances/0/KmsKeyId", "-"),
    ("database-is-private", Bastion, "rds", "describe-db-instances.json", "/DBInstances/0/PubliclyAccessible", "true"),
    ("database-requires-tls", Bastion, "rds/hipaa-postgres-parameters", "describe-db-parameters.json", "/Parameters/ParameterName=rds.force_ssl/ParameterValue", "\"0\""),
    ("default-security-group-is-empty", Bastion, "ec2", "describe-security-groups.json", "/SecurityGroups/@security-group-default/IpPermissionsEgress/+", r#"{"IpProtocol":"-1","IpRanges":[{"CidrIp":"0.0.0.0/0"}]}"#),
    ("ebs-is-encrypted-by-default", Bastion, "ec2", "get-ebs-encryption-by-default.json", "/EbsEncryptionByDefault", "false"),
    ("egress-is-web-only", Bastion, "ec2", "describe-network-acls.json", "/NetworkAcls/@network-acl-private/Entries/+", OPEN_OUT),
    ("egress-none-has-no-way-out", Shut, "ec2", "describe-route-tables.json", "/RouteTables/@route-table-private/Routes/+", r#"{"DestinationCidrBlock":"0.0.0.0/0","NatGatewayId":"nat-0a1b2c3d4e5f60718"}"#),
    ("endpoint-policy-names-its-buckets", Bastion, "ec2", "describe-vpc-endpoints.json", "/VpcEndpoints/@s3-endpoint/PolicyDocument/Statement/+", ALL),
    ("everything-is-tagged", Bastion, DATA, "get-bucket-tagging.json", "/TagSet/Key=sce:id", "-"),
    ("failures-are-kept", Bastion, "sqs/hipaa_queue", "get-queue-attributes.json", "/Attributes/RedrivePolicy", "-"),
    ("file-table-can-be-restored", Bastion, "dynamodb/hipaa_filetable", "describe-continuous-backups.json", "/ContinuousBackupsDescription/PointInTimeRecoveryDescription/PointInTimeRecoveryStatus", "\"DISABLED\""),
    ("file-table-records-every-file", Bastion, DATA, "get-bucket-notification-configuration.json", "/LambdaFunctionConfigurations/0/Events/1", "-"),
    ("flow-log-records-all-traffic", Bastion, "ec2", "describe-flow-logs.json", "/FlowLogs/@flow-log/TrafficType", "\"REJECT\""),
    ("function-logs-to-own-group", Bastion, "lambda/hipaa_filetable_function", "get-function.json", "/Configuration/LoggingConfig/LogGroup", "\"/aws/lambda/somewhere\""),
    ("function-reads-no-objects", Bastion, "", DETAILS, "/Policies/Arn=arn:aws:iam::123456789012:policy~1hipaa_filetable_policy/PolicyVersionList/0/Document/Statement/+", r#"{"Sid":"R","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#),
    ("instance-has-a-role-of-its-own", Bastion, "ec2", "describe-instances.json", "/Reservations/*/Instances/@instance-private/IamInstanceProfile", "-"),
    ("instance-has-no-public-address", Bastion, "ec2", "describe-instances.json", "/Reservations/*/Instances/@instance-private/PublicIpAddress", "\"203.0.113.9\""),
    ("instance-is-monitored-in-detail", Bastion, "ec2", "describe-instances.json", "/Reservations/*/Instances/@instance-bastion/Monitoring/State", "\"disabled\""),
    ("instance-requires-metadata-tokens", Bastion, "ec2", "describe-instances.json", "/Reservations/*/Instances/@instance-private/MetadataOptions/HttpTokens", "\"optional\""),
    ("instance-volumes-are-encrypted", Bastion, "ec2", "describe-volumes.json", "/Volumes/@volume-private/Encrypted", "false"),
    ("interface-endpoint-admits-only-the-network", Shut, "ec2", "describe-security-groups.json", "/SecurityGroups/@security-group-endpoints/IpPermissions/0/IpRanges/+", r#"{"CidrIp":"10.128.0.0/9","Description":"from elsewhere"}"#),
    ("interface-endpoint-answers-to-the-usual-name", Shut, "ec2", "describe-vpc-endpoints.json", "/VpcEndpoints/@endpoint-kms/PrivateDnsEnabled", "false"),
    ("interface-endpoint-serves-own-account", Shut, "ec2", "describe-vpc-endpoints.json", "/VpcEndpoints/@endpoint-logs/PolicyDocument/Statement/+", ALL),
    ("key-is-rotated", Bastion, "kms/{key}", "get-key-rotation-status.json", "/KeyRotationEnabled", "false"),
    ("key-pair-is-ed25519", Bastion, "ec2", "describe-key-pairs.json", "/KeyPairs/@key-pair-private/PublicKey", "\"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ\""),
    ("key-policy-names-its-users", Bastion, "kms/{key}", "get-key-policy.json", "/Policy/Statement/+", r#"{"Sid":"Default","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}"#),
    ("key-serves-its-log-groups", Bastion, "kms/{key}", "get-key-policy.json", "/Policy/Statement/Sid=LogsUseKeyForThisGroup/Action", "\"kms:DescribeKey\""),
    ("log-group-is-encrypted-with-own-key", Bastion, "logs", "describe-log-groups.json", "/logGroups/logGroupName=hipaa_loggroup/kmsKeyId", "-"),
    ("log-group-keeps-logs-long-enough", Bastion, "logs", "describe-log-groups.json", "/logGroups/logGroupName=hipaa_loggroup/retentionInDays", "30"),
    ("machine-type-is-not-burstable", Bastion, "ec2", "describe-instances.json", "/Reservations/*/Instances/@instance-private/InstanceType", "\"t3.large\""),
    ("machine-type-is-on-nitro", Bastion, "ec2", "describe-instances.json", "/Reservations/*/Instances/@instance-private/InstanceType", "\"m4.large\""),
    ("main-route-table-is-local-only", Bastion, "ec2", "describe-route-tables.json", "/RouteTables/@route-table-main/Routes/+", r#"{"DestinationCidrBlock":"0.0.0.0/0","NatGatewayId":"nat-0a1b2c3d4e5f60718"}"#),
    ("names-carry-no-identifiers", Bastion, DATA, "get-bucket-tagging.json", "/TagSet/+", r#"{"Key":"note","Value":"ssn 123-45-6789"}"#),
    ("nat-route-survives-endpoint", Bastion, "ec2", "describe-route-tables.json", "/RouteTables/@route-table-private/Routes/DestinationCidrBlock=0.0.0.0~10", "-"),
    ("network-acl-is-closed-to-anywhere", Bastion, "ec2", "describe-network-acls.json", "/NetworkAcls/@network-acl-private/Entries/+", OPEN_IN),
    ("network-holds-only-what-is-planned", Bastion, "ec2", "describe-instances.json", "/Reservations/+", r#"{"Instances":[{"InstanceId":"i-0eeeeeeeeeeeeeeee","VpcId":"vpc-a4b1d8900fb913469","State":{"Name":"running"}}]}"#),
    ("no-route-leads-to-another-network", Bastion, "ec2", "describe-route-tables.json", "/RouteTables/@route-table-public/Routes/+", r#"{"DestinationCidrBlock":"10.9.0.0/16","VpcPeeringConnectionId":"pcx-0abc"}"#),
    ("password-policy-is-strong", Bastion, "iam/account", "get-account-password-policy.json", "/PasswordPolicy/MinimumPasswordLength", "8"),
    ("private-machine-admits-only-the-bastion", Bastion, "ec2", "describe-security-groups.json", "/SecurityGroups/@security-group-private/IpPermissions/0/IpRanges/+", r#"{"CidrIp":"10.0.0.0/16","Description":"ssh"}"#),
    ("private-subnet-has-no-internet-gateway-route", Bastion, "ec2", "describe-route-tables.json", "/RouteTables/@route-table-private/Routes/+", r#"{"DestinationCidrBlock":"192.0.2.0/24","GatewayId":"igw-0a1b2c3d4e5f60718"}"#),
    ("private-subnet-has-no-public-address", Bastion, "ec2", "describe-subnets.json", "/Subnets/@subnet-private/MapPublicIpOnLaunch", "true"),
    ("private-traffic-to-s3-takes-the-endpoint", Bastion, "ec2", "describe-vpc-endpoints.json", "/VpcEndpoints/@s3-endpoint/RouteTableIds", "[]"),
    ("role-has-no-wildcards", Bastion, "", DETAILS, "/Policies/Arn=arn:aws:iam::123456789012:policy~1hipaa_flowlog_policy/PolicyVersionList/0/Document/Statement/+", r#"{"Sid":"All","Effect":"Allow","Action":"logs:*","Resource":"*"}"#),
    ("role-trust-names-principals", Bastion, "", DETAILS, "/RoleDetailList/RoleName=hipaa_flowlog_role/AssumeRolePolicyDocument/Statement/0/Principal", r#"{"AWS":"arn:aws:iam::123456789012:root"}"#),
    ("security-group-egress-is-web-only", Bastion, "ec2", "describe-security-groups.json", "/SecurityGroups/@security-group-private/IpPermissionsEgress/+", r#"{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"IpRanges":[{"CidrIp":"192.0.2.0/24","Description":"ssh"}],"Ipv6Ranges":[],"PrefixListIds":[],"UserIdGroupPairs":[]}"#),
    ("security-group-is-closed-to-the-world", Bastion, "ec2", "describe-security-groups.json", "/SecurityGroups/@security-group-databases/IpPermissions/0/IpRanges/+", r#"{"CidrIp":"0.0.0.0/0","Description":"anybody"}"#),
    ("security-group-rules-are-described", Bastion, "ec2", "describe-security-groups.json", "/SecurityGroups/@security-group-private/IpPermissions/0/UserIdGroupPairs/0/Description", "-"),
    ("sessions-are-recorded", Shut, "ssm/hipaa_session_document", "get-document.json", "/Content/inputs/cloudWatchLogGroupName", "\"elsewhere\""),
    ("sessions-end-when-idle", Shut, "ssm/hipaa_session_document", "get-document.json", "/Content/inputs/idleSessionTimeout", "\"45\""),
    ("sessions-reach-their-services", Shut, "ec2", "describe-vpc-endpoints.json", "/VpcEndpoints/@endpoint-ssmmessages/State", "\"deleted\""),
    ("store-is-encrypted-with-own-key", Bastion, ANCILLARY, "get-bucket-encryption.json", "/ServerSideEncryptionConfiguration/Rules/0/ApplyServerSideEncryptionByDefault/SSEAlgorithm", "\"AES256\""),
    ("store-logs-access", Bastion, DATA, "get-bucket-logging.json", "/LoggingEnabled", "-"),
    ("store-refuses-other-encryption", Bastion, DATA, "get-bucket-policy.json", "/Policy/Statement/Sid=DenyOtherEncryption/Action", "\"s3:ListBucket\""),
    ("store-refuses-reads-off-endpoint", Bastion, OUTPUT, "get-bucket-policy.json", "/Policy/Statement/Sid=DenyReadsOffEndpoint/Action", "\"s3:ListBucket\""),
    ("subnet-has-network-acl", Bastion, "ec2", "describe-network-acls.json", "/NetworkAcls/@network-acl-private/Associations", "[]"),
    ("subnets-lie-apart", Bastion, "ec2", "describe-subnets.json", "/Subnets/@subnet-public/CidrBlock", "\"10.0.1.0/24\""),
    ("subscription-is-confirmed", Bastion, "sns/*", "get-subscription-attributes.json", "/Attributes/PendingConfirmation", "\"true\""),
    ("tenancy-is-shared", Bastion, "ec2", "describe-vpcs.json", "/Vpcs/@vpc/InstanceTenancy", "\"dedicated\""),
    ("trail-covers-all-regions", Bastion, "cloudtrail", "describe-trails.json", "/trailList/0/IsMultiRegionTrail", "false"),
    ("trail-is-encrypted", Bastion, "cloudtrail", "describe-trails.json", "/trailList/0/KmsKeyId", "-"),
    ("trail-is-logging", Bastion, TRAIL, "get-trail-status.json", "/IsLogging", "false"),
    ("trail-validates-its-files", Bastion, "cloudtrail", "describe-trails.json", "/trailList/0/LogFileValidationEnabled", "false"),
    ("uploader-cannot-read", Shut, "", DETAILS, "/Policies/Arn=arn:aws:iam::123456789012:policy~1hipaa_uploader_policy/PolicyVersionList/0/Document/Statement/+", r#"{"Sid":"R","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::hipaa-data-123456789012-us-west-2/*"}"#),
    ("volume-is-encrypted-with-own-key", Bastion, "ec2", "describe-volumes.json", "/Volumes/@volume-private/KmsKeyId", "-"),
];

/// Rules that no answer of AWS can break, or no single field of one, and why.
const NOT_SEEN: &[(&str, &str)] = &[
    ("connect-endpoint-leads-only-to-ssh", "no emulator has the endpoint, so no collected account has one"),
    ("institution-accepts-the-waivers", "what the institution's policy file says, which no account tells"),
    ("institution-allows-the-choices", "what the institution's policy file says, which no account tells"),
    ("institution-allows-the-ranges", "what the institution's policy file says, which no account tells"),
    ("institution-allows-the-region", "what the institution's policy file says, which no account tells"),
    ("institution-allows-the-services", "what the institution's policy file says, which no account tells"),
    ("institution-bounds-the-cost", "what the institution's policy file says, which no account tells"),
    (
        "phi-stays-on-eligible-services",
        "which kinds there are, not what one is like: each is of an eligible service in today's edition",
    ),
    ("waiver-fits-what-it-accepts", "a waiver stands in the spec"),
    ("waiver-is-in-force", "a waiver stands in the spec"),
    ("waiver-is-of-no-required-specification", "a waiver stands in the spec"),
    ("waiver-is-used", "a waiver stands in the spec"),
    ("waiver-names-a-rule", "a waiver stands in the spec"),
    ("waiver-reasons-why-not", "a waiver stands in the spec"),
    ("account-is-designated-for-phi", "the spec declares it"),
    ("allowed-range-is-not-an-example", "the spec declares the ranges"),
    ("allowed-range-is-not-the-world", "the spec declares the ranges"),
    ("budget-is-declared", "the spec declares it"),
    ("key-ends-with-project", "whether a key is somebody else's is in the plan"),
    ("laptop-is-managed", "the spec declares it"),
    ("logs-are-kept-six-years", "the spec declares it"),
    ("machine-type-fits-its-tenancy", "it takes a type and a tenancy that do not go together: two fields"),
    ("people-have-an-account-each", "the list of people is an object of a bucket, and what is in buckets is not saved"),
    ("person-has-a-key", "the list of people is an object of a bucket, and what is in buckets is not saved"),
    ("review-board-approval-is-declared", "the spec declares it"),
    ("role-has-the-boundary", "the bound is declared; without one in the spec no role lacks it"),
    ("software-has-a-source", "the spec declares it"),
    ("spec-is-built-in-full", "it is about the spec"),
    ("unused-allowed-range-is-not-an-example", "the spec declares the ranges"),
    ("way-in-needs-no-bastion", "a bastion is in the plan or not"),
];

/// What follows from what a rule is about: a trail that does not log records no data events either.
const CONSEQUENCES: &[(&str, &str)] = &[
    // The interface of an endpoint that is gone is nobody's.
    ("sessions-reach-their-services", "network-holds-only-what-is-planned"),
    ("trail-is-logging", "data-events-of-stores-are-recorded"),
];

/// A finding as far as it tells what was found: rule, resource and status.
type Open = BTreeSet<(&'static str, String, Status)>;

#[test]
fn each_changed_field_breaks_its_own_rule_and_no_other() {
    let trees = [(Bastion, Scene::of(Bastion)), (Shut, Scene::of(Shut))];
    let mut wrong = Vec::new();
    for (rule, tree, folder, file, pointer, value) in MUTATIONS {
        let scene = trees.iter().find(|(name, _)| name == tree).map(|(_, scene)| scene).unwrap();
        let before = scene.open(&scene.files);
        let after = scene.open(&scene.changed(folder, file, pointer, value));
        let opened: BTreeSet<_> = after.difference(&before).collect();
        let consequence = |name: &&str| CONSEQUENCES.contains(&(*rule, *name));
        let rules: BTreeSet<&str> = opened.iter().map(|(rule, ..)| *rule).filter(|name| !consequence(name)).collect();
        let broken = opened.iter().any(|(name, _, status)| name == rule && *status == Status::Broken);
        let closed: Vec<_> =
            before.difference(&after).filter(|(name, ..)| name != rule && !consequence(name)).collect();
        if rules != [*rule].into() || !broken || !closed.is_empty() {
            wrong.push(format!("{rule}: opened {opened:?}, closed {closed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_rule_has_a_field_or_a_reason() {
    let told: BTreeSet<&str> =
        MUTATIONS.iter().map(|(rule, ..)| *rule).chain(NOT_SEEN.iter().map(|(rule, _)| *rule)).collect();
    assert_eq!(told, rules().iter().map(|rule| rule.id.0).collect());
    assert_eq!(told.len(), MUTATIONS.len() + NOT_SEEN.len(), "each is told once");
    assert!(MUTATIONS.len() >= 45, "{}", MUTATIONS.len());
}

#[test]
fn a_clean_account_is_clean_as_saved() {
    let about_objects = ["everything-is-tagged", "people-have-an-account-each", "person-has-a-key"];
    // moto keeps no description of a rule about a list of addresses (tools/divergences.toml).
    let trees = [(Bastion, "way-in-needs-no-bastion"), (Shut, "security-group-rules-are-described")];
    for (tree, expected) in trees {
        let scene = Scene::of(tree);
        let open = scene.open(&scene.files);
        let (unknown, broken): (Vec<_>, Vec<_>) = open.iter().partition(|(_, _, status)| *status == Status::Unknown);
        assert!(unknown.iter().all(|(rule, ..)| about_objects.contains(rule)), "{unknown:?}");
        assert_eq!(broken.iter().map(|(rule, ..)| *rule).collect::<Vec<_>>(), [expected]);
    }
}

/// Lists and flags that AWS always writes, and whose absence would look safe: the end of the file's path, where, and the member.
const ALWAYS: &[(&str, &str, &str)] = &[
    ("describe-vpcs.json", "Vpcs", "InstanceTenancy"),
    ("describe-subnets.json", "Subnets", "MapPublicIpOnLaunch"),
    ("describe-internet-gateways.json", "InternetGateways", "Attachments"),
    ("describe-nat-gateways.json", "NatGateways", "NatGatewayAddresses"),
    ("describe-route-tables.json", "RouteTables", "Routes"),
    ("describe-route-tables.json", "RouteTables", "Associations"),
    ("describe-vpc-endpoints.json", "VpcEndpoints", "RouteTableIds"),
    ("describe-vpc-endpoints.json", "VpcEndpoints", "SubnetIds"),
    ("describe-vpc-endpoints.json", "VpcEndpoints", "Groups"),
    ("describe-vpc-endpoints.json", "VpcEndpoints", "VpcEndpointType"),
    ("describe-vpc-endpoints.json", "VpcEndpoints", "PrivateDnsEnabled"),
    ("describe-network-acls.json", "NetworkAcls", "Entries"),
    ("describe-network-acls.json", "NetworkAcls", "Associations"),
    ("describe-network-acls.json", "NetworkAcls/Entries", "Egress"),
    ("describe-network-acls.json", "NetworkAcls/Entries", "PortRange"),
    ("describe-security-groups.json", "SecurityGroups", "IpPermissions"),
    ("describe-security-groups.json", "SecurityGroups", "IpPermissionsEgress"),
    ("describe-security-groups.json", "SecurityGroups/IpPermissions", "IpRanges"),
    ("describe-security-groups.json", "SecurityGroups/IpPermissions", "Ipv6Ranges"),
    ("describe-security-groups.json", "SecurityGroups/IpPermissions", "PrefixListIds"),
    ("describe-security-groups.json", "SecurityGroups/IpPermissions", "UserIdGroupPairs"),
    ("describe-network-interfaces.json", "NetworkInterfaces", "VpcId"),
    ("describe-instances.json", "Reservations", "Instances"),
    ("describe-instances.json", "Reservations/Instances", "SecurityGroups"),
    ("describe-instances.json", "Reservations/Instances", "NetworkInterfaces"),
    ("describe-instances.json", "Reservations/Instances", "BlockDeviceMappings"),
    ("describe-instances.json", "Reservations/Instances/NetworkInterfaces", "Groups"),
    ("describe-instances.json", "Reservations/Instances/NetworkInterfaces", "PrivateIpAddresses"),
    ("describe-instances.json", "Reservations/Instances/MetadataOptions", "HttpPutResponseHopLimit"),
    ("describe-volumes.json", "Volumes", "Attachments"),
    ("describe-db-instances.json", "DBInstances", "PubliclyAccessible"),
    ("describe-db-instances.json", "DBInstances", "VpcSecurityGroups"),
    ("describe-db-subnet-groups.json", "DBSubnetGroups", "Subnets"),
    ("describe-db-parameters.json", "", "Parameters"),
    ("get-account-authorization-details.json", "RoleDetailList", "AttachedManagedPolicies"),
    ("get-account-authorization-details.json", "RoleDetailList", "RolePolicyList"),
    ("list-instance-profiles.json", "InstanceProfiles", "Roles"),
    ("get-topic-attributes.json", "", "Attributes"),
    ("describe-trails.json", "trailList", "IsOrganizationTrail"),
];

#[test]
fn a_member_that_is_not_there_is_unread_and_nothing_is_kept_for_it() {
    for tree in [Bastion, Shut] {
        let scene = Scene::of(tree);
        let kept = |files: &BTreeMap<String, Json>| -> BTreeSet<(&str, String)> {
            let kept = scene.judged(files).into_iter().filter(|finding| finding.status == Status::Kept);
            kept.map(|finding| (finding.rule.0, finding.resource)).collect()
        };
        let whole = kept(&scene.files);
        let mut tried = 0;
        // Of the bastion's endpoints none is an interface, and what only interfaces have is not read of the others.
        let of_interfaces = ["SubnetIds", "Groups", "PrivateDnsEnabled"];
        let counts = |at: &str, member: &str| tree == Shut || at != "VpcEndpoints" || !of_interfaces.contains(&member);
        for (file, at, member) in ALWAYS.iter().filter(|(_, at, member)| counts(at, member)) {
            let mut files = scene.files.clone();
            let steps: Vec<&str> = at.split('/').filter(|step| !step.is_empty()).collect();
            let mut taken = 0;
            for (_, json) in files.iter_mut().filter(|(path, _)| path.ends_with(file)) {
                taken += take(json, &steps, member);
            }
            if taken == 0 {
                continue;
            }
            tried += 1;
            let model = scene.model(&files);
            let told = model.unread.values().any(|unread| unread.why.contains(&format!("`{member}`")))
                || (*member == "NatGatewayAddresses"
                    && model.unread.values().any(|it| it.why.contains("AllocationId")));
            assert!(told, "{tree:?}: {at} without {member}: {:?}", model.unread);
            let more: Vec<_> = kept(&files).difference(&whole).cloned().collect();
            assert_eq!(more, Vec::new(), "{tree:?}: {at} without {member}");
        }
        assert!(tried > 25, "{tried}");
    }
}

#[test]
fn an_open_door_that_is_cut_out_is_not_shut() {
    // Opened first, so that the member hides something; then the whole list is taken away, or is written in another case.
    let world = r#"{"IpProtocol":"-1","IpRanges":[{"CidrIp":"0.0.0.0/0"}],"Ipv6Ranges":[],"PrefixListIds":[],"UserIdGroupPairs":[]}"#;
    let nat = r#"{"DestinationCidrBlock":"0.0.0.0/0","NatGatewayId":"nat-0a1b2c3d4e5f60718"}"#;
    let cases = [
        (
            "security-group-is-closed-to-the-world",
            "ec2/describe-security-groups.json",
            "SecurityGroups",
            "IpPermissions",
            world,
        ),
        (
            "default-security-group-is-empty",
            "ec2/describe-security-groups.json",
            "SecurityGroups",
            "IpPermissionsEgress",
            world,
        ),
        ("network-acl-is-closed-to-anywhere", "ec2/describe-network-acls.json", "NetworkAcls", "Entries", OPEN_IN),
        ("egress-none-has-no-way-out", "ec2/describe-route-tables.json", "RouteTables", "Routes", nat),
    ];
    let scene = Scene::of(Shut);
    for (rule, file, key, member, opening) in cases {
        let opening: Json = serde_json::from_str(opening).unwrap();
        let mut open = scene.files.clone();
        for thing in open.get_mut(file).unwrap()[key].as_array_mut().unwrap() {
            thing[member].as_array_mut().unwrap().push(opening.clone());
        }
        for renamed in [false, true] {
            let mut files = open.clone();
            for thing in files.get_mut(file).unwrap()[key].as_array_mut().unwrap() {
                let fields = thing.as_object_mut().unwrap();
                let value = fields.remove(member).unwrap();
                if renamed {
                    fields.insert(member.to_lowercase(), value);
                }
            }
            let about: Vec<Status> =
                scene.judged(&files).into_iter().filter(|one| one.rule.0 == rule).map(|one| one.status).collect();
            assert!(about.contains(&Status::Unknown) && !about.contains(&Status::Kept), "{rule}: {about:?}");
        }
    }
}

/// Takes a member away from all objects that the steps lead to, and says from how many.
fn take(json: &mut Json, steps: &[&str], member: &str) -> usize {
    match (json, steps) {
        (Json::Array(items), _) => items.iter_mut().map(|item| take(item, steps, member)).sum(),
        (Json::Object(fields), []) => usize::from(fields.remove(member).is_some()),
        (Json::Object(fields), [step, rest @ ..]) => fields.get_mut(*step).map_or(0, |inner| take(inner, rest, member)),
        _ => 0,
    }
}

#[test]
fn a_policy_in_another_case_is_not_the_want_of_one() {
    let scene = Scene::of(Bastion);
    for (file, key) in
        [("get-bucket-policy.json", "Policy"), ("get-bucket-encryption.json", "ServerSideEncryptionConfiguration")]
    {
        let mut files = scene.files.clone();
        let path = format!("{DATA}/{file}");
        let value = files[&path][key].clone();
        files.insert(path, serde_json::json!({ key.to_lowercase(): value }));
        let model = scene.model(&files);
        let told = model.unread.values().any(|unread| unread.why.contains(&format!("`{key}` is missing")));
        assert!(told, "{:?}", model.unread);
    }
}

#[test]
fn what_was_not_saved_is_unknown_and_never_fine() {
    let scene = Scene::of(Bastion);
    let whole = scene.judged(&scene.files);
    for path in scene.files.keys().filter(|path| !path.starts_with("sts/")) {
        let mut files = scene.files.clone();
        files.remove(path);
        let kept = |findings: &[Finding]| -> BTreeSet<(&str, String)> {
            let kept = findings.iter().filter(|finding| finding.status == Status::Kept);
            kept.map(|finding| (finding.rule.0, finding.resource.clone())).collect()
        };
        let without = scene.judged(&files);
        let more: Vec<_> = kept(&without).difference(&kept(&whole)).cloned().collect();
        assert_eq!(more, Vec::new(), "without `{path}`");
    }
}

#[test]
fn without_a_plan_things_of_ours_have_their_places_all_the_same() {
    let scene = Scene::of(Bastion);
    let saved = saved(&scene.files);
    let model = of_account(&saved, &Place::of(&saved).unwrap());
    let planned = scene.model(&scene.files);
    for place in [
        "vpc",
        "subnet-private",
        "bucket-data",
        "instance-private",
        "key",
        "topic",
        "file-table-function",
        "route-table-private",
    ] {
        let (own, ours) = (model.resource(place).unwrap(), planned.resource(place).unwrap());
        assert_eq!(own.properties.kind(), ours.properties.kind(), "{place}");
    }
    assert_eq!(
        model.resource("subnet-private").unwrap().properties,
        planned.resource("subnet-private").unwrap().properties
    );
    let strangers = model.vpcs().filter(|(vpc, _)| vpc.node.is_none()).count();
    assert_eq!(strangers, 1, "the default VPC is nobody's of ours, and is there");
}

#[test]
fn answers_that_bear_a_name_and_disagree_are_told_and_neither_is_taken() {
    let scene = Scene::of(Bastion);
    let key = format!("kms/{}/describe-key.json", scene.key());
    for (path, at, field, value, node) in [
        (key.as_str(), "KeyMetadata", "KeyState", serde_json::json!("Disabled"), "key"),
        (
            "iam/hipaa_compute_role/get-role.json",
            "Role",
            "MaxSessionDuration",
            serde_json::json!(43_200),
            "compute-role",
        ),
    ] {
        for second in ["a/other.json", "z/other.json"] {
            let mut files = scene.files.clone();
            let mut other = files.get(path).unwrap_or_else(|| panic!("{path}: {:?}", scene.files.keys())).clone();
            other[at][field] = value.clone();
            files.insert(second.to_owned(), other);
            let model = scene.model(&files);
            assert!(model.resource(node).is_none(), "{node} with {second}");
            let why = &model.unread.iter().find(|(id, _)| id.as_str() == node).unwrap().1.why;
            assert!(why.contains(path) && why.contains(second) && why.contains("say differently"), "{why}");
        }
    }
}

/// What is claimed of who reads the stores, of the saved account.
fn who_reads(scene: &Scene, files: &BTreeMap<String, Json>) -> Proof {
    let proofs = prove(&scene.model(files), &Intent::of_applied(&scene.declared, &scene.plan));
    proofs
        .into_iter()
        .find(|proof| proof.property.id.0 == "stores-are-read-by-the-listed-only")
        .expect("every claim is proved")
}

#[test]
fn other_roles_and_users_of_a_saved_account_are_judged_too() {
    const OTHER: &str = "arn:aws:iam::123456789012";
    let scene = Scene::of(Shut);
    let clean = who_reads(&scene, &scene.files);
    assert_eq!(clean.status, Judged::Holds, "{}", clean.why);
    // Two roles are of the account and in no plan of the environment: one of the trail, one of a service's own.
    assert!(clean.assumptions.iter().any(|one| one.contains("2 other roles and users")), "{:?}", clean.assumptions);
    let machine = &scene.files["ec2/describe-instances.json"]["Reservations"];
    let find = |one: &&Json| one["Tags"].as_array().unwrap().iter().any(|tag| tag["Value"] == "instance-private");
    let all = machine.as_array().unwrap().iter().flat_map(|one| one["Instances"].as_array().unwrap());
    let id = all.clone().find(find).unwrap()["InstanceId"].as_str().unwrap();
    let user = |action: &str, on: &str| {
        let statement = serde_json::json!({"Effect": "Allow", "Action": action, "Resource": on});
        let document = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
        serde_json::json!({"UserName": "u", "Arn": format!("{OTHER}:user/u"), "Path": "/", "UserId": "AIDA1", "GroupList": [],
            "AttachedManagedPolicies": [], "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}]})
    };
    let with = |user: Json| {
        let mut files = scene.files.clone();
        files.get_mut(DETAILS).unwrap()["UserDetailList"].as_array_mut().unwrap().push(user);
        who_reads(&scene, &files)
    };
    let machine = format!("arn:aws:ec2:us-west-2:123456789012:instance/{id}");
    for (action, on, status) in [
        ("ssm:SendCommand", machine.as_str(), Judged::Violated),
        ("ssm:SendCommand", "arn:aws:ec2:us-west-2:123456789012:instance/i-0fffffffffffffff0", Judged::Holds),
        ("iam:AttachRolePolicy", "*", Judged::Violated),
    ] {
        let proof = with(user(action, on));
        assert_eq!(proof.status, status, "{action} on {on}: {}", proof.why);
        assert!(status == Judged::Holds || proof.why.starts_with(&format!("{OTHER}:user/u may")), "{}", proof.why);
    }
    let mut attached = user("s3:GetObject", "*");
    let policy = serde_json::json!([{"PolicyName": "gone", "PolicyArn": format!("{OTHER}:policy/gone")}]);
    attached["AttachedManagedPolicies"] = policy;
    let proof = with(attached);
    assert_eq!(proof.status, Judged::Unknown);
    assert!(proof.why.contains("policy/gone` says is not among what was saved"), "{}", proof.why);
    let mut files = scene.files.clone();
    files.get_mut(DETAILS).unwrap().as_object_mut().unwrap().remove("UserDetailList");
    assert_eq!(who_reads(&scene, &files).status, Judged::Unknown);
}

struct Scene {
    plan: Plan,
    declared: Declared,
    files: BTreeMap<String, Json>,
}

impl Scene {
    fn of(tree: Tree) -> Self {
        let [spec, lock, files] = match tree {
            Bastion => [
                include_str!("../../tests/fixtures/collected/bastion.toml"),
                include_str!("../../tests/fixtures/collected/bastion.lock"),
                include_str!("../../tests/fixtures/collected/bastion.json"),
            ],
            Shut => [
                include_str!("../../tests/fixtures/collected/shut.toml"),
                include_str!("../../tests/fixtures/collected/shut.lock"),
                include_str!("../../tests/fixtures/collected/shut.json"),
            ],
        };
        let spec = parse(spec, Format::Toml).expect("the fixture has it");
        let lock =
            LockFile::from_toml(lock).expect("the fixture has it").pit.remove(&spec.pit).expect("the fixture has it");
        let (plan, declared) = (plan(&spec, &lock).expect("the fixture has it"), Declared::of(&spec));
        Self { plan, declared, files: serde_json::from_str(files).expect("the fixture has it") }
    }

    fn model(&self, files: &BTreeMap<String, Json>) -> Model {
        of_plan(&saved(files), &self.plan)
    }

    fn judged(&self, files: &BTreeMap<String, Json>) -> Vec<Finding> {
        judge(&self.model(files), &self.declared, &Terms::on(jiff::civil::date(2026, 11, 24)))
    }

    fn open(&self, files: &BTreeMap<String, Json>) -> Open {
        let findings = self.judged(files).into_iter().filter(Finding::open);
        findings.map(|finding| (finding.rule.0, finding.resource, finding.status)).collect()
    }

    fn changed(&self, folder: &str, file: &str, pointer: &str, value: &str) -> BTreeMap<String, Json> {
        let mut files = self.files.clone();
        let folder = folder.replace("{key}", &self.key());
        let (start, end) = folder.split_once('*').unwrap_or((folder.as_str(), ""));
        let is_this = |path: &&String| path.starts_with(start) && path.ends_with(file) && path.contains(end);
        let path = files.keys().find(is_this).unwrap_or_else(|| panic!("{folder} {file}")).clone();
        let steps: Vec<&str> = pointer.split('/').skip(1).collect();
        let done = change(files.get_mut(&path).expect("the fixture has it"), &steps, value);
        assert!(done, "{path} has no {pointer}");
        files
    }

    /// The id of the environment's key.
    fn key(&self) -> String {
        let aliases = self.files["kms/list-aliases.json"]["Aliases"].as_array().expect("the fixture has it");
        let alias = aliases.iter().find(|alias| alias["AliasName"] == "alias/hipaa_key").expect("the fixture has it");
        alias["TargetKeyId"].as_str().expect("the fixture has it").to_owned()
    }
}

fn saved(files: &BTreeMap<String, Json>) -> Saved {
    let mut saved = Saved::default();
    files.iter().for_each(|(path, answer)| saved.add(path, answer.clone()));
    saved
}

/// Puts the value where the steps lead, and says whether they lead anywhere.
fn change(json: &mut Json, steps: &[&str], value: &str) -> bool {
    let Some((step, rest)) = steps.split_first() else { return false };
    let step = step.replace("~1", "/");
    match json {
        Json::String(text) => {
            let Ok(mut inner) = serde_json::from_str::<Json>(text) else { return false };
            let done = change(&mut inner, steps, value);
            *text = inner.to_string();
            done
        }
        Json::Object(fields) => match (rest, value) {
            ([], "-") => fields.remove(&step).is_some(),
            ([], value) => {
                fields.insert(step, serde_json::from_str(value).expect("the fixture has it")).as_ref()
                    != Some(&serde_json::from_str(value).expect("the fixture has it"))
            }
            _ => fields.get_mut(&step).is_some_and(|inner| change(inner, rest, value)),
        },
        Json::Array(items) => {
            if step == "+" {
                items.push(serde_json::from_str(value).expect("the fixture has it"));
                return true;
            }
            if step == "*" {
                return items.iter_mut().any(|item| change(item, rest, value));
            }
            let Some(place) = items.iter().enumerate().position(|(place, item)| chosen(&step, place, item)) else {
                return false;
            };
            if rest.is_empty() && value == "-" {
                items.remove(place);
                return true;
            }
            change(&mut items[place], rest, value)
        }
        _ => false,
    }
}

fn chosen(step: &str, place: usize, item: &Json) -> bool {
    if let Some(id) = step.strip_prefix('@') {
        let tags = item["Tags"].as_array().into_iter().flatten();
        return tags.into_iter().any(|tag| tag["Key"] == "sce:id" && tag["Value"] == id);
    }
    match step.split_once('=') {
        Some((key, value)) => item[key] == value,
        None => step.parse() == Ok(place),
    }
}
