//! The policies of an environment, written as types.
//!
//! What each statement is for stands in its name (`Sid`) and the comment above it; that they do so is the IAM evaluator's to show.

mod ancillary;
mod machines;
mod people;

use super::databases::database_log_group;
use crate::account::Partition;
use crate::aws::policy::{Policy, Statement, Text, text};
use crate::lock::Lock;
use crate::pit::{BucketRole, Named};
use crate::spec::{AccessMode, Spec};

pub(super) use ancillary::{function, function_trust, queue, topic};
pub(super) use machines::{bastion, compute, instance_trust, interface_endpoint};
pub(super) use people::{access, custodian, custodian_trust, uploader, uploader_trust};

/// What administering a key takes: everything but using it.
pub(in crate::plan) const KEY_ADMINISTRATION: [&str; 14] = [
    "kms:CancelKeyDeletion",
    "kms:Create*",
    "kms:Delete*",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:Put*",
    "kms:Revoke*",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
];

/// The registry: over TLS only.
pub(super) fn registry(bucket: &str, partition: Partition) -> Policy {
    Policy::new(tls_only(bucket, partition).into())
}

/// The PIT's key: the account administers it, administrators use it through S3, CloudWatch Logs uses it for the PIT's log groups.
///
/// AWS's default key policy hands use of the key to whatever any IAM policy of the account allows; this one hands out administration
/// only, so that reading data takes being named here.
pub(super) fn key(spec: &Spec, lock: &Lock) -> Policy {
    let (partition, account, region) = (lock.partition, &lock.account, &spec.region);
    let usage = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"];
    let sessions = spec.private_machine().is_some().then_some(Named::SessionsLogGroup);
    let group = |named| text(format!("arn:{partition}:logs:{region}:{account}:log-group:{}", spec.pit.name(named)));
    let of_databases = spec.database.iter().map(|database| {
        let name = database_log_group(&format!("{}-{}", spec.pit, database.name()));
        text(format!("arn:{partition}:logs:{region}:{account}:log-group:{name}"))
    });
    let named = [Some(Named::LogGroup), sessions].into_iter().flatten().map(group);
    let mut groups: Vec<Text> = named.chain(of_databases).collect();
    if spec.ancillary.file_table {
        let name = spec.pit.function_log_group();
        groups.push(text(format!("arn:{partition}:logs:{region}:{account}:log-group:{name}")));
    }
    let mut statements = vec![
        Statement::allow("AccountAdministersKey")
            .principals([text(format!("arn:{partition}:iam::{account}:root"))])
            .actions(KEY_ADMINISTRATION)
            .resources([text("*")]),
        Statement::allow("AdministratorsUseKeyThroughS3")
            .principals([text(format!("arn:{partition}:iam::{account}:root"))])
            .actions(usage)
            .resources([text("*")])
            .when("ArnLike", "aws:PrincipalArn", administrators(lock))
            .when("StringEquals", "kms:ViaService", [text(format!("s3.{region}.amazonaws.com"))]),
        Statement::allow("LogsUseKeyForThisGroup")
            .service(&format!("logs.{region}.amazonaws.com"))
            .actions(usage)
            .resources([text("*")])
            .when("ArnEquals", "kms:EncryptionContext:aws:logs:arn", groups),
    ];
    statements.extend(people::key(spec, lock));
    if spec.private_machine().is_some() {
        statements.extend(key_of_machines(spec, lock));
    }
    if !spec.database.is_empty() {
        statements.extend(key_of_databases(spec, lock));
    }
    if spec.ancillary.file_table {
        statements.extend(ancillary::key(spec, lock));
    }
    Policy::new(statements)
}

/// Whoever makes databases lets RDS use the key for their storage, and Secrets Manager for the master password that RDS keeps there.
fn key_of_databases(spec: &Spec, lock: &Lock) -> [Statement; 2] {
    let root = || text(format!("arn:{}:iam::{}:root", lock.partition, lock.account));
    let through = || ["rds", "secretsmanager"].map(|service| text(format!("{service}.{}.amazonaws.com", spec.region)));
    let usage = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"];
    [
        Statement::allow("AdministratorsUseKeyThroughRds")
            .principals([root()])
            .actions(usage)
            .resources([text("*")])
            .when("ArnLike", "aws:PrincipalArn", administrators(lock))
            .when("StringEquals", "kms:ViaService", through()),
        Statement::allow("AdministratorsLendKeyToDatabases")
            .principals([root()])
            .actions(["kms:CreateGrant"])
            .resources([text("*")])
            .when("ArnLike", "aws:PrincipalArn", administrators(lock))
            .when("Bool", "kms:GrantIsForAWSResource", [text("true")])
            .when("StringEquals", "kms:ViaService", through()),
    ]
}

/// Whoever launches machines lets EC2 use the key for their volumes; the machines read and write S3 with it, and open the keys of
/// sessions. Their own policies say which of them: this hands the decision to the roles named, and to nobody else.
fn key_of_machines(spec: &Spec, lock: &Lock) -> Vec<Statement> {
    let (partition, account, region) = (lock.partition, &lock.account, &spec.region);
    let root = || text(format!("arn:{partition}:iam::{account}:root"));
    let of_volumes = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*"];
    let ec2 = || [text(format!("ec2.{region}.amazonaws.com"))];
    let mut statements = vec![
        Statement::allow("AdministratorsUseKeyThroughEc2")
            .principals([root()])
            .actions(of_volumes)
            .resources([text("*")])
            .when("ArnLike", "aws:PrincipalArn", administrators(lock))
            .when("StringEquals", "kms:ViaService", ec2()),
        // Whoever starts a stopped machine lends the key to its volumes anew.
        Statement::allow("KeyIsLentToVolumes")
            .principals([root()])
            .actions(["kms:CreateGrant"])
            .resources([text("*")])
            .when("ArnLike", "aws:PrincipalArn", administrators(lock).into_iter().chain(operators(spec)))
            .when("Bool", "kms:GrantIsForAWSResource", [text("true")])
            .when("StringEquals", "kms:ViaService", ec2()),
        Statement::allow("MachinesUseKeyThroughS3")
            .principals([root()])
            .actions(["kms:Decrypt", "kms:GenerateDataKey"])
            .resources([text("*")])
            .when("ArnLike", "aws:PrincipalArn", ["compute", "bastion"].map(|what| role(spec, lock, what)))
            .when("StringEquals", "kms:ViaService", [text(format!("s3.{region}.amazonaws.com"))]),
    ];
    if spec.access.mode == AccessMode::SessionManager {
        statements.extend(key_of_sessions(spec, lock));
    }
    statements
}

/// A person's session plugin asks for a key of its own and the agent on the machine opens it; neither says a service, both the
/// session (Systems Manager user guide, "Turn on KMS key encryption of session data"). A new key opens nothing that was there.
fn key_of_sessions(spec: &Spec, lock: &Lock) -> [Statement; 2] {
    let root = || text(format!("arn:{}:iam::{}:root", lock.partition, lock.account));
    let of_a_session = |sid: &str, action| {
        let statement = Statement::allow(sid).principals([root()]).actions([action]).resources([text("*")]);
        statement.when("Null", OF_A_SESSION, [text("false")])
    };
    [
        of_a_session("SessionsMakeKeys", "kms:GenerateDataKey"),
        of_a_session("MachineOpensSessionKeys", "kms:Decrypt").when(
            "ArnLike",
            "aws:PrincipalArn",
            [role(spec, lock, "compute")],
        ),
    ]
}

/// What a request that concerns a session says of itself to KMS.
const OF_A_SESSION: &str = "kms:EncryptionContext:aws:ssm:SessionId";

/// Who may write flow logs: the service, for this account's flow logs only (AWS VPC guide, "confused deputy").
pub(super) fn flow_log_trust(spec: &Spec, lock: &Lock) -> Policy {
    let source = format!("arn:{}:ec2:{}:{}:vpc-flow-log/*", lock.partition, spec.region, lock.account);
    let statement = Statement::allow("FlowLogsAssumeRole")
        .service("vpc-flow-logs.amazonaws.com")
        .actions(["sts:AssumeRole"])
        .when("StringEquals", "aws:SourceAccount", [text(lock.account.as_str())])
        .when("ArnLike", "aws:SourceArn", [text(source)]);
    Policy::new(vec![statement])
}

/// What the flow log's writer may do. It may not create log groups: the group would come back after it is deleted.
pub(super) fn flow_log_writer(spec: &Spec, lock: &Lock) -> Policy {
    let prefix = format!("arn:{}:logs:{}:{}:log-group:", lock.partition, spec.region, lock.account);
    let group = format!("{prefix}{}", spec.pit.name(Named::LogGroup));
    Policy::new(vec![
        Statement::allow("WriteToThisGroup")
            .actions(["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"])
            .resources([text(format!("{group}:*"))]),
        Statement::allow("FindGroups").actions(["logs:DescribeLogGroups"]).resources([text(format!("{prefix}*"))]),
    ])
}

/// What may pass the endpoint: the PIT's buckets for callers of this account, and Amazon Linux's repositories to read (C13, C36).
pub(super) fn endpoint(spec: &Spec, lock: &Lock) -> Policy {
    let partition = lock.partition;
    let names = [BucketRole::Data, BucketRole::Output, BucketRole::Ancillary]
        .map(|role| spec.pit.bucket(role, &lock.account, &spec.region));
    let actions = [
        "s3:AbortMultipartUpload",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    ];
    Policy::new(vec![
        Statement::allow("OwnBuckets")
            .everyone()
            .actions(actions)
            .resources(names.iter().flat_map(|name| bucket_and_objects(name, partition)))
            .when("StringEquals", "aws:PrincipalAccount", [text(lock.account.as_str())]),
        Statement::allow("AmazonLinuxRepositories")
            .everyone()
            .actions(["s3:GetObject"])
            .resources([text(amazon_linux_repositories(spec, partition))]),
    ])
}

/// A store of data: over TLS, encrypted with the PIT's key, read inside the VPC, or by administrators and the custodian.
pub(super) fn store(bucket: &str, spec: &Spec, lock: &Lock, key: &Text, endpoint: &Text) -> Policy {
    let objects = || text(format!("arn:{}:s3:::{bucket}/*", lock.partition));
    let reads = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"];
    let mut statements: Vec<Statement> = tls_only(bucket, lock.partition).into();
    statements.extend([
        // An absent header means the bucket's default, which is the PIT's key; so only a header that says otherwise is refused (C5).
        Statement::deny("DenyOtherEncryption")
            .everyone()
            .actions(["s3:PutObject"])
            .resources([objects()])
            .when("Null", "s3:x-amz-server-side-encryption", [text("false")])
            .when("StringNotEquals", "s3:x-amz-server-side-encryption", [text("aws:kms")]),
        Statement::deny("DenyOtherKey")
            .everyone()
            .actions(["s3:PutObject"])
            .resources([objects()])
            .when("Null", "s3:x-amz-server-side-encryption-aws-kms-key-id", [text("false")])
            .when("StringNotEquals", "s3:x-amz-server-side-encryption-aws-kms-key-id", [key.clone()]),
        // A key of the writer's own (SSE-C) comes in other headers, and would make data that the PIT's key cannot open.
        Statement::deny("DenyCustomerKeys").everyone().actions(["s3:PutObject"]).resources([objects()]).when(
            "Null",
            "s3:x-amz-server-side-encryption-customer-algorithm",
            [text("false")],
        ),
        Statement::deny("DenyReadsOffEndpoint")
            .everyone()
            .actions(reads)
            .resources(bucket_and_objects(bucket, lock.partition))
            .when("StringNotEquals", "aws:SourceVpce", [endpoint.clone()])
            .when("ArnNotLike", "aws:PrincipalArn", administrators(lock).into_iter().chain(custodian_role(spec, lock))),
    ]);
    Policy::new(statements)
}

/// The access-log target: S3's log service writes for the PIT's buckets; over TLS.
pub(super) fn access_logs(bucket: &str, spec: &Spec, lock: &Lock) -> Policy {
    let sources = [BucketRole::Data, BucketRole::Output, BucketRole::Ancillary]
        .map(|role| spec.pit.bucket(role, &lock.account, &spec.region))
        .map(|name| text(format!("arn:{}:s3:::{name}", lock.partition)));
    let mut statements: Vec<Statement> = tls_only(bucket, lock.partition).into();
    statements.push(
        Statement::allow("LogServiceWrites")
            .service("logging.s3.amazonaws.com")
            .actions(["s3:PutObject"])
            .resources([text(format!("arn:{}:s3:::{bucket}/*", lock.partition))])
            .when("ArnLike", "aws:SourceArn", sources)
            .when("StringEquals", "aws:SourceAccount", [text(lock.account.as_str())]),
    );
    Policy::new(statements)
}

/// Nothing in clear, nothing by a TLS older than 1.2.
pub(in crate::plan) fn tls_only(bucket: &str, partition: Partition) -> [Statement; 2] {
    let deny =
        |sid: &str| Statement::deny(sid).everyone().actions(["s3:*"]).resources(bucket_and_objects(bucket, partition));
    [
        deny("DenyWithoutTls").when("Bool", "aws:SecureTransport", [text("false")]),
        deny("DenyOldTls").when("NumericLessThan", "s3:TlsVersion", [text("1.2")]),
    ]
}

pub(in crate::plan) fn bucket_and_objects(bucket: &str, partition: Partition) -> [Text; 2] {
    [text(format!("arn:{partition}:s3:::{bucket}")), text(format!("arn:{partition}:s3:::{bucket}/*"))]
}

fn administrators(lock: &Lock) -> Vec<Text> {
    lock.administrators.iter().map(|arn| text(arn.as_str())).collect()
}

/// Who may read from outside the endpoint beside the administrators.
fn custodian_role(spec: &Spec, lock: &Lock) -> Option<Text> {
    (!spec.roles.custodians.is_empty()).then(|| role(spec, lock, "custodian"))
}

fn operators(spec: &Spec) -> impl Iterator<Item = Text> {
    spec.roles.operators.iter().map(|arn| text(arn.as_str()))
}

/// The ARN of one of the PIT's own roles.
fn role(spec: &Spec, lock: &Lock, what: &str) -> Text {
    text(format!("arn:{}:iam::{}:role/{}{what}_role", lock.partition, lock.account, spec.pit.name_prefix()))
}

/// Amazon Linux 2023's package repositories.
///
/// Source: Amazon Linux 2023 user guide, "Using AL2023 repositories from a VPC without internet access".
fn amazon_linux_repositories(spec: &Spec, partition: Partition) -> String {
    format!("arn:{partition}:s3:::al2023-repos-{}-de612dc2/*", spec.region)
}
