//! What machines may do, and who may pass the endpoints.

use super::OF_A_SESSION;
use crate::aws::policy::{Policy, Statement, Text, text};
use crate::lock::Lock;
use crate::pit::{BucketRole, Named};
use crate::plan::design::machines::PEOPLE;
use crate::spec::{AccessMode, Spec};

/// EC2 lends the role to instances.
pub(in super::super) fn instance_trust() -> Policy {
    let statement = Statement::allow("InstancesAssumeRole").service("ec2.amazonaws.com").actions(["sts:AssumeRole"]);
    Policy::new(vec![statement])
}

/// Role R (L1144): E reads S3D, reads and writes S3O, reads S3A, writes its logs, and nothing else.
pub(in super::super) fn compute(spec: &Spec, lock: &Lock, key: &Text) -> Policy {
    let bucket = |role| spec.pit.bucket(role, &lock.account, &spec.region);
    let (data, output, ancillary) =
        (bucket(BucketRole::Data), bucket(BucketRole::Output), bucket(BucketRole::Ancillary));
    let object = |bucket: &str| text(format!("arn:{}:s3:::{bucket}/*", lock.partition));
    let all = [&data, &output, &ancillary].map(|bucket| text(format!("arn:{}:s3:::{bucket}", lock.partition)));
    let mut statements = vec![
        Statement::allow("ListOwnBuckets").actions(["s3:GetBucketLocation", "s3:ListBucket"]).resources(all),
        Statement::allow("ReadOwnBuckets").actions(["s3:GetObject", "s3:GetObjectVersion"]).resources([
            object(&data),
            object(&output),
            object(&ancillary),
        ]),
        Statement::allow("WriteResults")
            .actions(["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"])
            .resources([object(&output)]),
        use_key_through_s3(spec, key, &["kms:Decrypt", "kms:GenerateDataKey"]),
        write_logs(spec, lock),
    ];
    if spec.access.mode == AccessMode::SessionManager {
        statements.extend(session_manager(lock, key));
    }
    Policy::new(statements)
}

/// B reads who may pass, writes its logs, and nothing else.
pub(in super::super) fn bastion(spec: &Spec, lock: &Lock, key: &Text) -> Policy {
    let bucket = spec.pit.bucket(BucketRole::Ancillary, &lock.account, &spec.region);
    Policy::new(vec![
        Statement::allow("ReadPeople")
            .actions(["s3:GetObject"])
            .resources([text(format!("arn:{}:s3:::{bucket}/{PEOPLE}", lock.partition))]),
        use_key_through_s3(spec, key, &["kms:Decrypt"]),
        write_logs(spec, lock),
    ])
}

/// What may pass an interface endpoint: calls of this account's own principals.
pub(in super::super) fn interface_endpoint(lock: &Lock) -> Policy {
    let statement = Statement::allow("OwnAccount").everyone().actions(["*"]).resources([text("*")]).when(
        "StringEquals",
        "aws:PrincipalAccount",
        [text(lock.account.as_str())],
    );
    Policy::new(vec![statement])
}

/// The agent's own channel to Session Manager: those actions know no resources (AWS Service Authorization Reference, "Amazon
/// Message Gateway Service" and "AWS Systems Manager").
fn session_manager(lock: &Lock, key: &Text) -> [Statement; 2] {
    let actions = [
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ];
    [
        Statement::allow("ServeSessions").actions(actions).resources([text("*")]).when(
            "StringEquals",
            "aws:ResourceAccount",
            [text(lock.account.as_str())],
        ),
        Statement::allow("OpenSessionKeys").actions(["kms:Decrypt"]).resources([key.clone()]).when(
            "Null",
            OF_A_SESSION,
            [text("false")],
        ),
    ]
}

/// The PIT's key, for what S3 does in the caller's name.
pub(super) fn use_key_through_s3(spec: &Spec, key: &Text, actions: &[&str]) -> Statement {
    Statement::allow("UseKeyThroughS3").actions(actions.iter().copied()).resources([key.clone()]).when(
        "StringEquals",
        "kms:ViaService",
        [text(format!("s3.{}.amazonaws.com", spec.region))],
    )
}

/// The agent on the machine may fill the group's streams; it may not make groups.
fn write_logs(spec: &Spec, lock: &Lock) -> Statement {
    let group = spec.pit.name(Named::SessionsLogGroup);
    let arn = format!("arn:{}:logs:{}:{}:log-group:{group}", lock.partition, spec.region, lock.account);
    Statement::allow("WriteLogs")
        .actions(["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"])
        .resources([text(format!("{arn}:*"))])
}
