//! The policies of what is account-wide.

use super::Place;
use crate::aws::policy::{Policy, Statement, Text, text};
use crate::plan::design::policies::{KEY_ADMINISTRATION, bucket_and_objects, tls_only};

/// The log bucket: CloudTrail and Config write, each for this account only, and nothing goes in clear.
///
/// Source: CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail"; Config developer guide, "Permissions for the Amazon S3
/// bucket for the AWS Config delivery channel".
pub(super) fn logs(bucket: &str, trail: &str, place: &Place) -> Policy {
    let partition = place.region.partition();
    let [itself, _] = bucket_and_objects(bucket, partition);
    let objects = |folder: &str| text(format!("arn:{partition}:s3:::{bucket}/AWSLogs/{}/{folder}", place.account));
    let of_trail = |statement: Statement| statement.when("StringEquals", "aws:SourceArn", [text(trail)]);
    let of_account =
        |statement: Statement| statement.when("StringEquals", "aws:SourceAccount", [text(place.account.as_str())]);
    let owned =
        |statement: Statement| statement.when("StringEquals", "s3:x-amz-acl", [text("bucket-owner-full-control")]);
    let allow = |sid, service, actions: &[&str], on: Text| {
        Statement::allow(sid).service(service).actions(actions.iter().copied()).resources([on])
    };
    let mut statements: Vec<Statement> = tls_only(bucket, partition).into();
    statements.extend([
        of_trail(allow("TrailLooks", TRAILS, &["s3:GetBucketAcl"], itself.clone())),
        owned(of_trail(allow("TrailWrites", TRAILS, &["s3:PutObject"], objects("*")))),
        of_account(allow("ConfigLooks", CONFIG, &["s3:GetBucketAcl", "s3:ListBucket"], itself)),
        owned(of_account(allow("ConfigWrites", CONFIG, &["s3:PutObject"], objects("Config/*")))),
    ]);
    Policy::new(statements)
}

/// The trail's key: the account administers it, the trail encrypts, its log group is encrypted, administrators read.
///
/// Source: CloudTrail user guide, "Configure AWS KMS key policies for CloudTrail"; CloudWatch Logs user guide, "Encrypt log data in
/// CloudWatch Logs using AWS KMS".
pub(super) fn key(trail: &str, group: &str, place: &Place) -> Policy {
    let (partition, account, region) = (place.region.partition(), &place.account, &place.region);
    let root = || text(format!("arn:{partition}:iam::{account}:root"));
    let trails = || [text(format!("arn:{partition}:cloudtrail:*:{account}:trail/*"))];
    let usage = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"];
    let administrators = || place.administrators.iter().map(|arn| text(arn.as_str()));
    Policy::new(vec![
        Statement::allow("AccountAdministersKey")
            .principals([root()])
            .actions(KEY_ADMINISTRATION)
            .resources([text("*")]),
        Statement::allow("TrailEncrypts")
            .service(TRAILS)
            .actions(["kms:GenerateDataKey*"])
            .resources([text("*")])
            .when("StringEquals", "aws:SourceArn", [text(trail)])
            .when("StringLike", "kms:EncryptionContext:aws:cloudtrail:arn", trails()),
        Statement::allow("TrailDescribes").service(TRAILS).actions(["kms:DescribeKey"]).resources([text("*")]).when(
            "StringEquals",
            "aws:SourceArn",
            [text(trail)],
        ),
        Statement::allow("AdministratorsReadTrail")
            .principals([root()])
            .actions(["kms:Decrypt", "kms:ReEncryptFrom"])
            .resources([text("*")])
            .when("ArnLike", "aws:PrincipalArn", administrators())
            .when("StringLike", "kms:EncryptionContext:aws:cloudtrail:arn", trails()),
        Statement::allow("LogsUseKeyForThisGroup")
            .service(&format!("logs.{region}.{}", place.region.partition().dns_suffix()))
            .actions(usage)
            .resources([text("*")])
            .when("ArnEquals", "kms:EncryptionContext:aws:logs:arn", [text(group)]),
    ])
}

/// Who may write the trail's events to the log group.
///
/// Source: CloudTrail user guide, "Role policy document for CloudTrail to use CloudWatch Logs for monitoring".
pub(super) fn trail_trust() -> Policy {
    Policy::new(vec![Statement::allow("TrailAssumesRole").service(TRAILS).actions(["sts:AssumeRole"])])
}

/// What the trail's role may do: write its own streams of its one group.
pub(super) fn trail_writer(group: &str, place: &Place) -> Policy {
    let streams = format!("{group}:log-stream:{}_CloudTrail_{}*", place.account, place.region);
    let statement = Statement::allow("WriteTrail")
        .actions(["logs:CreateLogStream", "logs:PutLogEvents"])
        .resources([text(streams)]);
    Policy::new(vec![statement])
}

const TRAILS: &str = "cloudtrail.amazonaws.com";
const CONFIG: &str = "config.amazonaws.com";
