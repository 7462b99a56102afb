//! AWS is unkinder than emulators: it does not see at once what was just made, takes minutes to let go, and says so in a code of each
//! service's own. One row a rule of `aws-behaviour.md`; its paragraph stands first in the row.
//!
//! What is told by unit tests is not repeated: which codes mean what (`error.rs`), which words of Lambda, DynamoDB, RDS, CloudWatch Logs
//! and IAM pass and which do not (beside each in `sce-aws/src/resource`), and all of the Instance Connect endpoint, which no emulator has.

use std::collections::BTreeMap;

use sce_tests::proxy::{Call, Fault, Moment, Proxy, Rule};
use sce_tests::reader::Reader;
use sce_tests::{Emulators, Ran, run, spec};

/// A machine with a volume, a database, a table of files, queues, a function, a topic and who hears of it.
const EVERYTHING: &str = "[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 20\n\
                          [ancillary]\nnotify = [\"builder@example.edu\"]\n\
                          [[database]]\nengine = \"postgres\"\nphi_contact = true\n";

/// Paragraph, operation, status, code, words.
type Row = (&'static str, &'static str, u16, &'static str, &'static str);

/// What passes when something new is seen everywhere, or another change is over.
const NOT_YET: [Row; 42] = [
    ("1a VPC", "ec2:ModifyVpcAttribute", 400, "InvalidVpcID.NotFound", "The vpc ID does not exist"),
    ("1a subnet", "ec2:CreateSubnet", 400, "InvalidVpcID.NotFound", "The vpc ID does not exist"),
    ("1a IGW", "ec2:AttachInternetGateway", 400, "InvalidInternetGatewayID.NotFound", "does not exist"),
    ("1a NAT", "ec2:CreateNatGateway", 400, "InvalidSubnet", "The subnet is not there"),
    ("1a EIP", "ec2:CreateNatGateway", 400, "InvalidAllocationID.NotFound", "The allocation ID does not exist"),
    ("1a NAT", "ec2:CreateNatGateway", 400, "InvalidElasticIpID.NotFound", "does not exist"),
    ("1a route table", "ec2:CreateRouteTable", 400, "InvalidVpcID.NotFound", "The vpc ID does not exist"),
    ("1a route", "ec2:CreateRoute", 400, "InvalidRouteTableID.NotFound", "The routeTable ID does not exist"),
    ("1a route", "ec2:CreateRoute", 400, "InvalidNatGatewayID.NotFound", "The natGateway ID does not exist"),
    ("1a route", "ec2:CreateRoute", 400, "InvalidGatewayID.NotFound", "The gateway ID does not exist"),
    ("1a route", "ec2:CreateRoute", 400, "InvalidParameterException", "The target is not there yet"),
    ("1a association", "ec2:AssociateRouteTable", 400, "InvalidRouteTableID.NotFound", "does not exist"),
    ("1a endpoint", "ec2:CreateVpcEndpoint", 400, "InvalidRouteTableId.NotFound", "does not exist"),
    ("1a SG", "ec2:CreateSecurityGroup", 400, "InvalidVpcID.NotFound", "The vpc ID does not exist"),
    ("1a SG rule", "ec2:AuthorizeSecurityGroupEgress", 400, "InvalidGroup.NotFound", "does not exist"),
    ("1a NACL", "ec2:CreateNetworkAcl", 400, "InvalidVpcID.NotFound", "The vpc ID does not exist"),
    ("1a NACL", "ec2:CreateNetworkAclEntry", 400, "InvalidNetworkAclID.NotFound", "does not exist"),
    ("1a NACL", "ec2:ReplaceNetworkAclAssociation", 400, "InvalidNetworkAclID.NotFound", "does not exist"),
    ("1a flow log", "ec2:CreateFlowLogs", 400, "InvalidParameter", "Unable to assume given IAM role"),
    ("1a template", "ec2:CreateLaunchTemplate", 400, "InvalidGroup.NotFound", "does not exist"),
    ("1a instance", "ec2:RunInstances", 400, "InvalidParameterValue", "Invalid IAM Instance Profile name"),
    (
        "1a instance",
        "ec2:RunInstances",
        400,
        "InvalidParameterValue",
        "IAM Instance Profile has no associated IAM Roles",
    ),
    ("1a EBS", "ec2:AttachVolume", 400, "IncorrectState", "Instance is not running"),
    ("1a EBS", "ec2:AttachVolume", 400, "IncorrectInstanceState", "is not in a state to attach"),
    ("1b create", "s3:CreateBucket", 409, "OperationAborted", "A conflicting conditional operation is in progress"),
    (
        "1b retries",
        "s3:PutBucketEncryption",
        409,
        "OperationAborted",
        "A conflicting conditional operation is in progress",
    ),
    ("1b retries", "s3:PutBucketVersioning", 404, "NoSuchBucket", "The specified bucket does not exist"),
    ("1b policy", "s3:PutBucketPolicy", 400, "MalformedPolicy", "Invalid principal in policy"),
    (
        "1b notification",
        "s3:PutBucketNotificationConfiguration",
        400,
        "InvalidArgument",
        "Unable to validate the following destination configurations",
    ),
    ("1c role", "iam:CreateRole", 400, "MalformedPolicyDocument", "Invalid principal in policy"),
    ("1c policy", "iam:AttachRolePolicy", 409, "ConcurrentModification", "The request was rejected"),
    ("1c profile", "iam:AddRoleToInstanceProfile", 404, "NoSuchEntity", "The role with name x cannot be found"),
    ("1c KMS key", "kms:CreateKey", 400, "MalformedPolicyDocumentException", "Policy contains invalid principals"),
    ("1c KMS key", "kms:EnableKeyRotation", 400, "NotFoundException", "Key does not exist"),
    ("1c KMS alias", "kms:CreateAlias", 400, "NotFoundException", "Key does not exist"),
    (
        "1c log group",
        "logs:CreateLogGroup",
        400,
        "AccessDeniedException",
        "The specified KMS key does not exist or is not allowed to be used with Arn x",
    ),
    ("1c log group", "logs:PutRetentionPolicy", 400, "OperationAbortedException", "Multiple concurrent requests"),
    ("1d DynamoDB", "dynamodb:UpdateContinuousBackups", 400, "ContinuousBackupsUnavailableException", "being enabled"),
    ("1d SQS", "sqs:CreateQueue", 400, "AWS.SimpleQueueService.QueueDeletedRecently", "wait 60 seconds"),
    (
        "1d Lambda",
        "lambda:CreateFunction",
        400,
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    ),
    ("1d Lambda", "lambda:AddPermission", 404, "ResourceNotFoundException", "Function not found"),
    ("1d SNS", "sns:Subscribe", 404, "NotFound", "Topic does not exist"),
];

/// What holds on for a while when it should go.
const STILL_HELD: [Row; 22] = [
    ("2b VPC", "ec2:DeleteVpc", 400, "DependencyViolation", "The vpc has dependencies and cannot be deleted"),
    ("2b subnet", "ec2:DeleteSubnet", 400, "DependencyViolation", "The subnet has dependencies and cannot be deleted"),
    ("2b IGW detach", "ec2:DetachInternetGateway", 400, "DependencyViolation", "has some mapped public address(es)"),
    ("2b IGW delete", "ec2:DeleteInternetGateway", 400, "DependencyViolation", "has dependencies"),
    ("2b EIP", "ec2:ReleaseAddress", 400, "AuthFailure", "You do not have permission to access the specified resource"),
    ("2b EIP", "ec2:ReleaseAddress", 400, "InvalidIPAddress.InUse", "Address is in use"),
    ("2b route table", "ec2:DeleteRouteTable", 400, "DependencyViolation", "has dependencies"),
    ("2b SG", "ec2:DeleteSecurityGroup", 400, "DependencyViolation", "resource has a dependent object"),
    ("2b SG", "ec2:DeleteSecurityGroup", 400, "InvalidGroup.InUse", "There are active instances using the group"),
    ("2b NACL", "ec2:DeleteNetworkAcl", 400, "DependencyViolation", "has dependencies"),
    ("2b EBS", "ec2:DeleteVolume", 400, "VolumeInUse", "is currently attached"),
    ("2b instance", "ec2:DetachVolume", 400, "IncorrectInstanceState", "the instance is stopping"),
    ("2b S3 bucket", "s3:DeleteBucket", 409, "BucketNotEmpty", "The bucket you tried to delete is not empty"),
    ("2b S3 bucket", "s3:DeleteBucket", 409, "OperationAborted", "A conflicting conditional operation is in progress"),
    ("2b role", "iam:DeleteRole", 409, "DeleteConflict", "must detach all policies first"),
    ("2b profile", "iam:DeleteInstanceProfile", 409, "DeleteConflict", "must remove roles from instance profile first"),
    ("2b policy", "iam:DeletePolicy", 409, "DeleteConflict", "still attached"),
    ("2b log group", "logs:DeleteLogGroup", 400, "OperationAbortedException", "try again"),
    ("2b DynamoDB", "dynamodb:DeleteTable", 400, "ResourceInUseException", "Table is being updated"),
    ("2b Lambda", "lambda:DeleteFunction", 409, "ResourceConflictException", "an update is in progress"),
    ("2b RDS", "rds:DeleteDBInstance", 400, "InvalidDBInstanceState", "Instance is not in available state"),
    ("2b RDS", "rds:DeleteDBSubnetGroup", 400, "InvalidDBSubnetGroupStateFault", "still in use"),
];

/// What is gone already when its deletion comes: it was deleted, and AWS says that there is no such thing.
const GONE: [Row; 18] = [
    ("2b VPC", "ec2:DeleteVpc", 400, "InvalidVpcID.NotFound", "does not exist"),
    ("2b subnet", "ec2:DeleteSubnet", 400, "InvalidSubnetID.NotFound", "does not exist"),
    ("2b IGW detach", "ec2:DetachInternetGateway", 400, "Gateway.NotAttached", "is not attached"),
    ("2b IGW delete", "ec2:DeleteInternetGateway", 400, "InvalidInternetGatewayID.NotFound", "does not exist"),
    ("2b NAT", "ec2:DeleteNatGateway", 400, "NatGatewayNotFound", "does not exist"),
    ("2b EIP", "ec2:ReleaseAddress", 400, "InvalidAllocationID.NotFound", "does not exist"),
    ("2b route", "ec2:DeleteRoute", 400, "InvalidRoute.NotFound", "no route with that destination"),
    ("2b route table", "ec2:DeleteRouteTable", 400, "InvalidRouteTableID.NotFound", "does not exist"),
    ("2b SG", "ec2:DeleteSecurityGroup", 400, "InvalidGroup.NotFound", "does not exist"),
    ("2b NACL", "ec2:DeleteNetworkAcl", 400, "InvalidNetworkAclID.NotFound", "does not exist"),
    ("2b EBS", "ec2:DeleteVolume", 400, "InvalidVolume.NotFound", "does not exist"),
    ("2b S3 bucket", "s3:DeleteBucket", 404, "NoSuchBucket", "The specified bucket does not exist"),
    ("2b role", "iam:DeleteRole", 404, "NoSuchEntity", "cannot be found"),
    ("2b KMS key", "kms:ScheduleKeyDeletion", 400, "KMSInvalidStateException", "is pending deletion."),
    ("2b log group", "logs:DeleteLogGroup", 400, "ResourceNotFoundException", "does not exist"),
    ("2b DynamoDB", "dynamodb:DeleteTable", 400, "ResourceNotFoundException", "Table not found"),
    ("2b Lambda", "lambda:DeleteFunction", 404, "ResourceNotFoundException", "Function not found"),
    ("2b SQS", "sqs:DeleteQueue", 400, "AWS.SimpleQueueService.NonExistentQueue", "does not exist"),
];

#[test]
fn what_aws_does_not_see_yet_or_not_yet_let_go_is_waited_for() {
    let emulators = Emulators::start();
    let proxy = Proxy::before(&emulators);
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", EVERYTHING);

    proxy.rule(each_once(&NOT_YET, Moment::Before));
    let mut apply = proxy.sce(&emulators);
    let applied = proxy.run(apply.arg("apply").arg(&spec).arg("--json"));
    assert_eq!((applied.status, unmet(&proxy, &NOT_YET)), (0, vec![]), "{}", applied.stderr);
    assert_eq!(applied.json()["verified"], true, "{}", applied.stdout);
    let plan = folder.path().join("plan.json");
    std::fs::write(&plan, run(emulators.sce().arg("plan").arg(&spec).arg("--json")).with_status(0).stdout).unwrap();
    let checked = emulators.reader(&["check", plan.to_str().unwrap()]);
    assert_eq!((checked.stdout.trim(), checked.status), ("", 0), "{}", checked.stderr);

    proxy.rule(each_once(&STILL_HELD, Moment::Before));
    let closed = close_out(&proxy, &emulators, folder.path());
    assert_eq!((closed.status, unmet(&proxy, &STILL_HELD)), (0, vec![]), "{}{}", closed.stdout, closed.stderr);
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
}

#[test]
fn what_is_gone_already_counts_as_deleted() {
    let emulators = Emulators::start();
    let proxy = Proxy::before(&emulators);
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", EVERYTHING))).with_status(0);
    proxy.rule(each_once(&GONE, Moment::After));
    let closed = close_out(&proxy, &emulators, folder.path());
    assert_eq!((closed.status, unmet(&proxy, &GONE)), (0, vec![]), "{}{}", closed.stdout, closed.stderr);
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
}

/// What no waiting helps: paragraph, operation, status, code, words; what is told of it; and how many such things the plan has.
const REFUSED: [(Row, &str, usize); 9] = [
    (
        ("5 quota", "ec2:CreateVpc", 400, "VpcLimitExceeded", "The maximum number of VPCs has been reached."),
        "hit a quota: VpcLimitExceeded: The maximum number of VPCs has been reached.",
        1,
    ),
    (
        ("5 quota", "ec2:AllocateAddress", 400, "AddressLimitExceeded", "Too many addresses allocated"),
        "hit a quota: AddressLimitExceeded",
        1,
    ),
    (
        ("5 quota", "ec2:CreateNatGateway", 400, "NatGatewayLimitExceeded", "5 is the most"),
        "hit a quota: NatGatewayLimitExceeded",
        1,
    ),
    (
        (
            "6 rights",
            "ec2:CreateSubnet",
            403,
            "UnauthorizedOperation",
            "You are not authorized to perform this operation.",
        ),
        "`sce permissions` prints what is needed",
        2,
    ),
    (
        ("0.7 wire code", "iam:CreateRole", 409, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000"),
        "hit a quota: LimitExceeded",
        2,
    ),
    (
        ("1b create", "s3:CreateBucket", 409, "BucketAlreadyExists", "The requested bucket name is not available."),
        "BucketAlreadyExists",
        1,
    ),
    (
        ("1c role", "iam:CreateRole", 400, "MalformedPolicyDocument", "Syntax errors in policy."),
        "MalformedPolicyDocument: Syntax errors in policy.",
        2,
    ),
    (("0.10b clock", "ec2:CreateVpc", 400, "RequestExpired", "Request has expired."), "RequestExpired", 1),
    (
        ("0.1 and 0.2 sent once", "ec2:CreateInternetGateway", 500, "InternalError", "An internal error has occurred"),
        "whether it was done is not known",
        1,
    ),
];

#[test]
fn what_no_waiting_helps_is_told_at_once_and_the_next_run_goes_on() {
    let emulators = Emulators::start();
    let proxy = Proxy::before(&emulators);
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    let mut reader = Reader::of(&emulators);
    for ((paragraph, operation, status, code, words), told, things) in REFUSED {
        reader.reset();
        proxy.rule([Rule::first(operation, usize::MAX, Fault::worded(status, code, words))]);
        let mut apply = proxy.sce(&emulators);
        let refused = proxy.run(apply.arg("apply").arg(&spec));
        assert_eq!(refused.status, 3, "{paragraph}: {}", refused.stderr);
        assert!(refused.stderr.contains(told), "{paragraph}: {}", refused.stderr);
        // Once for each thing of the kind, since they are made side by side, and never again.
        assert!((1..=things).contains(&proxy.fired()), "{paragraph}: {operation} was sent {} times", proxy.fired());
    }
    proxy.rule([]);
    let mut apply = proxy.sce(&emulators);
    proxy.run(apply.arg("apply").arg(&spec)).with_status(0);
    let twice: Vec<_> = emulators.traces("hipaa").into_iter().filter(|line| line.starts_with("vpc ")).collect();
    assert_eq!(twice.len(), 1, "{twice:?}");
}

#[test]
fn a_machine_that_aws_has_no_room_for_is_asked_for_once() {
    let emulators = Emulators::start();
    let proxy = Proxy::before(&emulators);
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "[compute.private]\ntype = \"m7i.large\"\n");
    // 0.8: it comes as an internal error, which the SDK would send again.
    let none = Fault::worded(500, "InsufficientInstanceCapacity", "We currently do not have sufficient capacity.");
    proxy.rule([Rule::first("ec2:RunInstances", usize::MAX, none)]);
    let mut apply = proxy.sce(&emulators);
    let refused = proxy.run(apply.arg("apply").arg(&spec)).with_status(3);
    assert!(refused.stderr.contains("found no capacity: InsufficientInstanceCapacity"), "{}", refused.stderr);
    assert!(refused.stderr.contains("choose another instance type or zone"), "{}", refused.stderr);
    let first = calls_of(&proxy, "ec2:RunInstances");
    assert_eq!(first.len(), 1, "sent once: {first:?}");

    // 0.3: a token outlives the process that sent it.
    proxy.rule([]);
    let mut apply = proxy.sce(&emulators);
    proxy.run(apply.arg("apply").arg(&spec)).with_status(0);
    let second = calls_of(&proxy, "ec2:RunInstances");
    assert!(first[0].token.is_some());
    assert_eq!(first[0].token, second[0].token, "the same call of the same life has one token");
}

#[test]
fn success_that_hides_a_failure_is_a_failure() {
    let emulators = Emulators::start();
    let proxy = Proxy::before(&emulators);
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    // 0.9: status 200, and in it that nothing was done.
    let unsuccessful = |operation: &str, code: &str, words: &str| {
        Fault::Says(format!(
            "<{operation}Response><requestId>r</requestId><unsuccessful><item><error><code>{code}</code>\
             <message>{words}</message></error><resourceId>x</resourceId></item></unsuccessful></{operation}Response>"
        ))
    };
    let refusal = unsuccessful("CreateFlowLogs", "FlowLogsLimitExceeded", "too many flow logs");
    proxy.rule([Rule::first("ec2:CreateFlowLogs", usize::MAX, refusal)]);
    let mut apply = proxy.sce(&emulators);
    let refused = proxy.run(apply.arg("apply").arg(&spec)).with_status(3);
    assert!(refused.stderr.contains("`flow-log` could not be built"), "{}", refused.stderr);
    assert!(refused.stderr.contains("FlowLogsLimitExceeded: too many flow logs"), "{}", refused.stderr);

    proxy.rule([]);
    let mut apply = proxy.sce(&emulators);
    proxy.run(apply.arg("apply").arg(&spec)).with_status(0);
    let held = unsuccessful("DeleteVpcEndpoints", "InvalidParameter", "the endpoint is held");
    proxy.rule([Rule::first("ec2:DeleteVpcEndpoints", usize::MAX, held)]);
    let closed = close_out(&proxy, &emulators, folder.path());
    assert_eq!(closed.status, 1, "{}", closed.stderr);
    let left = closed.json()["left"].to_string();
    assert!(left.contains("s3-endpoint") && left.contains("the endpoint is held"), "{left}");
    let remain = emulators.traces("hipaa");
    assert!(remain.iter().any(|line| line.starts_with("gateway-endpoint ")), "{remain:?}");

    // The rest went, and what was left goes with the next run.
    proxy.rule([]);
    let mut again = proxy.sce(&emulators);
    let again = again
        .args(["close-out", "hipaa", "--json", "--while-machines-run", "--archive"])
        .arg(folder.path().join("archive"));
    proxy.run(again).with_status(0);
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
}

#[test]
fn what_was_just_made_and_does_not_show_is_looked_for_again() {
    let emulators = Emulators::start();
    let proxy = Proxy::before(&emulators);
    let folder = tempfile::tempdir().unwrap();
    // 0.10: searches lag creation. The first look finds nothing truly, the next ones only because AWS is slow.
    let empty = |operation: &str, set: &str| {
        let text = format!("<{operation}Response><requestId>r</requestId><{set}/></{operation}Response>");
        Rule { from: 1, calls: 2, ..Rule::first(&format!("ec2:{operation}"), 2, Fault::Says(text)) }
    };
    proxy.rule([empty("DescribeVpcs", "vpcSet"), empty("DescribeInternetGateways", "internetGatewaySet")]);
    let mut apply = proxy.sce(&emulators);
    proxy.run(apply.arg("apply").arg(spec(folder.path(), "hipaa", ""))).with_status(0);
    assert_eq!(proxy.fired(), 4);
    assert_eq!((proxy.number("ec2:CreateVpc"), proxy.number("ec2:CreateInternetGateway")), (1, 1));
}

/// Every row once, each at a call of its operation that no earlier row has.
fn each_once(rows: &[Row], moment: Moment) -> Vec<Rule> {
    let mut earlier = BTreeMap::new();
    let rule = |(_, operation, status, code, words): &Row| {
        let number: &mut usize = earlier.entry(*operation).or_default();
        let rule = Rule::once(operation, *number, moment, Fault::worded(*status, code, words));
        *number += 1;
        Rule { attempts: usize::MAX, ..rule }
    };
    rows.iter().map(rule).collect()
}

/// Rows whose call never came.
fn unmet(proxy: &Proxy, rows: &[Row]) -> Vec<String> {
    let mut met = BTreeMap::<String, usize>::new();
    for call in proxy.calls().into_iter().filter(|call| call.faulted && call.attempt == 0) {
        *met.entry(call.operation).or_default() += 1;
    }
    let mut unmet = Vec::new();
    for (paragraph, operation, _, code, _) in rows {
        match met.get_mut(*operation) {
            Some(left) if *left > 0 => *left -= 1,
            _ => unmet.push(format!("{paragraph}: {operation} {code}")),
        }
    }
    unmet
}

fn calls_of(proxy: &Proxy, operation: &str) -> Vec<Call> {
    proxy.calls().into_iter().filter(|call| call.operation == operation).collect()
}

fn close_out(proxy: &Proxy, emulators: &Emulators, folder: &std::path::Path) -> Ran {
    let mut command = proxy.sce(emulators);
    let told = ["--dangerously-discard-unarchived", "--while-machines-run", "--json", "--archive"];
    command.args(["close-out", "hipaa"]).args(told);
    proxy.run(command.arg(folder.join("archive")))
}
