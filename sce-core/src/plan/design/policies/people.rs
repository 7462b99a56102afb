//! What people may do, and who may take on their roles: the uploader, the custodian, and those who work on the machines.

use super::machines::use_key_through_s3;
use super::{OF_A_SESSION, role};
use crate::aws::arn::Arn;
use crate::aws::policy::{Policy, Statement, Text, text};
use crate::aws::resource::Role;
use crate::cidr::Cidr;
use crate::lock::Lock;
use crate::pit::{BucketRole, Named, TAG_ID, TAG_PIT};
use crate::spec::{AccessMode, Spec};

/// Who may upload: those named, with MFA, from the allowed ranges (C7).
pub(in super::super) fn uploader_trust(spec: &Spec) -> Policy {
    Policy::new(vec![trust("UploadersAssumeRole", &spec.roles.uploaders, spec)])
}

/// The uploader puts files into S3D and finishes what was cut short; it neither reads nor lists (C12, L1137).
///
/// S3 asks for `kms:Decrypt` too, to put the parts of a large upload together (S3 user guide, "Multipart upload API and
/// permissions"). It opens no object: that takes `s3:GetObject`, and the key answers S3 only.
pub(in super::super) fn uploader(spec: &Spec, lock: &Lock, key: &Text) -> Policy {
    let bucket = spec.pit.bucket(BucketRole::Data, &lock.account, &spec.region);
    let put = Statement::allow("PutData")
        .actions(["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"])
        .resources([text(format!("arn:{}:s3:::{bucket}/*", lock.partition))]);
    Policy::new(vec![
        from_allowed_ranges(over_tls(put), spec),
        use_key_through_s3(spec, key, &["kms:Decrypt", "kms:GenerateDataKey"]),
    ])
}

/// Who may be custodian: those named, with an MFA of the last hour, from the allowed ranges.
pub(in super::super) fn custodian_trust(spec: &Spec) -> Policy {
    let fresh = [text(Role::SHORTEST_SESSION_SECONDS.to_string())];
    let statement = trust("CustodiansAssumeRole", &spec.roles.custodians, spec);
    Policy::new(vec![statement.when("NumericLessThanEquals", "aws:MultiFactorAuthAge", fresh)])
}

/// The custodian reads and lists what the stores hold, older versions included, from outside the endpoint; it writes nothing.
pub(in super::super) fn custodian(spec: &Spec, lock: &Lock, key: &Text) -> Policy {
    let buckets = BucketRole::READ_BY_CUSTODIAN
        .map(|role| format!("arn:{}:s3:::{}", lock.partition, spec.pit.bucket(role, &lock.account, &spec.region)));
    let list = Statement::allow("ListStores")
        .actions(["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions"])
        .resources(buckets.clone().map(text));
    let read = Statement::allow("ReadStores")
        .actions(["s3:GetObject", "s3:GetObjectVersion"])
        .resources(buckets.map(|bucket| text(format!("{bucket}/*"))));
    Policy::new(vec![
        from_allowed_ranges(over_tls(list), spec),
        from_allowed_ranges(over_tls(read), spec),
        use_key_through_s3(spec, key, &["kms:Decrypt"]),
    ])
}

/// What the key lets the people's roles do.
pub(super) fn key(spec: &Spec, lock: &Lock) -> Vec<Statement> {
    let through_s3 = |sid: &str, actions: &[&'static str], what: &str| {
        Statement::allow(sid)
            .principals([text(format!("arn:{}:iam::{}:root", lock.partition, lock.account))])
            .actions(actions.iter().copied())
            .resources([text("*")])
            .when("ArnLike", "aws:PrincipalArn", [role(spec, lock, what)])
            .when("StringEquals", "kms:ViaService", [text(format!("s3.{}.amazonaws.com", spec.region))])
    };
    let mut statements = Vec::new();
    if !spec.roles.uploaders.is_empty() {
        let actions = ["kms:Decrypt", "kms:GenerateDataKey"];
        statements.push(through_s3("UploaderUsesKeyThroughS3", &actions, "uploader"));
    }
    if !spec.roles.custodians.is_empty() {
        statements.push(through_s3("CustodianUsesKeyThroughS3", &["kms:Decrypt"], "custodian"));
    }
    statements
}

/// What those who work on the machines need of AWS: to see them, start and stop them, and open sessions on E (C10). The organisation
/// attaches this policy to its own permission set, so that an operator is no IAM user.
///
/// Which instances are the PIT's is told by their tags. In `session-manager` mode a session must name the PIT's own session document, or
/// the one for ssh, and a person ends and takes up his own sessions only: a user's are told by their names, a role's by the tag that
/// Systems Manager gives them (its user guide, "Additional sample IAM policies for Session Manager", example 4).
///
/// In `instance-connect` mode a tunnel must lead through the PIT's own endpoint to port 22 in the private subnet. It lasts an hour at
/// most, by AWS's own limit (EC2 user guide, "Connect using EC2 Instance Connect Endpoint").
pub(in super::super) fn access(spec: &Spec, lock: &Lock, private: &Cidr, key: &Text) -> Policy {
    let (partition, region, account) = (lock.partition, &spec.region, &lock.account);
    let instances = || text(format!("arn:{partition}:ec2:{region}:{account}:instance/*"));
    let of_the_pit = |statement: Statement| statement.when("StringEquals", &tag(TAG_PIT), [text(spec.pit.as_str())]);
    let mut statements = vec![
        Statement::allow("SeeMachines")
            .actions(["ec2:DescribeInstances", "ec2:DescribeInstanceStatus"])
            .resources([text("*")])
            .when("StringEquals", "aws:RequestedRegion", [text(region.as_str())]),
        of_the_pit(
            Statement::allow("StartAndStopMachines")
                .actions(["ec2:StartInstances", "ec2:StopInstances"])
                .resources([instances()]),
        ),
        Statement::allow("LendKeyToVolumes")
            .actions(["kms:CreateGrant"])
            .resources([key.clone()])
            .when("Bool", "kms:GrantIsForAWSResource", [text("true")])
            .when("StringEquals", "kms:ViaService", [text(format!("ec2.{region}.amazonaws.com"))]),
    ];
    if spec.access.mode == AccessMode::SessionManager {
        let documents = [
            format!("arn:{partition}:ssm:{region}:{account}:document/{}", spec.pit.name(Named::SessionDocument)),
            format!("arn:{partition}:ssm:{region}::document/AWS-StartSSHSession"),
        ];
        let checked = |sid: &str| {
            let statement = Statement::allow(sid).actions(["ssm:StartSession"]);
            statement.when("BoolIfExists", "ssm:SessionDocumentAccessCheck", [text("true")])
        };
        let sessions = |whose: &str| text(format!("arn:{partition}:ssm:{region}:{account}:session/{whose}*"));
        let own = || ["${aws:username}-", "${aws:userid}-"].map(sessions);
        let end = ["ssm:ResumeSession", "ssm:TerminateSession"];
        statements.extend([
            of_the_pit(checked("OpenSessionsOnE").resources([instances()])).when(
                "StringEquals",
                &tag(TAG_ID),
                [text("instance-private")],
            ),
            checked("OpenThemOurWay").resources(documents.map(text)),
            Statement::allow("OpenOwnChannels").actions(["ssmmessages:OpenDataChannel"]).resources(own()),
            Statement::allow("EndOwnSessions").actions(end).resources(own()),
            Statement::allow("EndOwnSessionsOfARole").actions(end).resources([sessions("")]).when(
                "StringEquals",
                "ssm:resourceTag/aws:ssmmessages:session-id",
                [text("${aws:userid}")],
            ),
            Statement::allow("MakeSessionKeys").actions(["kms:GenerateDataKey"]).resources([key.clone()]).when(
                "Null",
                OF_A_SESSION,
                [text("false")],
            ),
        ]);
    }
    if spec.access.mode == AccessMode::InstanceConnect {
        let endpoints = text(format!("arn:{partition}:ec2:{region}:{account}:instance-connect-endpoint/*"));
        statements.extend([
            Statement::allow("FindTunnels")
                .actions(["ec2:DescribeInstanceConnectEndpoints"])
                .resources([text("*")])
                .when("StringEquals", "aws:RequestedRegion", [text(region.as_str())]),
            of_the_pit(
                Statement::allow("OpenTunnelsToE")
                    .actions(["ec2-instance-connect:OpenTunnel"])
                    .resources([endpoints])
                    .when("NumericEquals", "ec2-instance-connect:remotePort", [text("22")])
                    .when("IpAddress", "ec2-instance-connect:privateIpAddress", [text(private.to_string())]),
            ),
        ]);
    }
    Policy::new(statements)
}

fn tag(key: &str) -> String {
    format!("aws:ResourceTag/{key}")
}

fn trust(sid: &str, principals: &[Arn], spec: &Spec) -> Statement {
    let statement = Statement::allow(sid)
        .principals(principals.iter().map(|arn| text(arn.as_str())))
        .actions(["sts:AssumeRole"])
        .when("Bool", "aws:MultiFactorAuthPresent", [text("true")]);
    from_allowed_ranges(statement, spec)
}

fn from_allowed_ranges(statement: Statement, spec: &Spec) -> Statement {
    statement.when("IpAddress", "aws:SourceIp", spec.access.allow.iter().map(|range| text(range.cidr.to_string())))
}

fn over_tls(statement: Statement) -> Statement {
    statement.when("Bool", "aws:SecureTransport", [text("true")])
}
