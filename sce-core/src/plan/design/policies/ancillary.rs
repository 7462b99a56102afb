//! Who may use what goes on around the data: the function its table, everybody else nothing.

use crate::aws::policy::{Policy, Statement, Text, text};
use crate::lock::Lock;
use crate::pit::Named;
use crate::spec::Spec;

/// Lambda lends the role to functions.
pub(in super::super) fn function_trust() -> Policy {
    let statement = Statement::allow("LambdaAssumesRole").service("lambda.amazonaws.com").actions(["sts:AssumeRole"]);
    Policy::new(vec![statement])
}

/// The function writes into its table and its log group, hands on what it fails at, and tells whom it shall tell. It may read no
/// object, and may not make log groups: its group would come back after it is deleted.
pub(in super::super) fn function(spec: &Spec, lock: &Lock) -> Policy {
    let arn = |service: &str, rest: &str| {
        text(format!("arn:{}:{service}:{}:{}:{rest}", lock.partition, spec.region, lock.account))
    };
    let name = |named| spec.pit.name(named);
    let mut services = vec![via(spec, "dynamodb"), via(spec, "sqs")];
    let mut statements = vec![
        Statement::allow("RecordFiles")
            .actions(["dynamodb:PutItem"])
            .resources([arn("dynamodb", &format!("table/{}", name(Named::FileTable)))]),
        Statement::allow("HandOnFailures")
            .actions(["sqs:SendMessage"])
            .resources([arn("sqs", &name(Named::DeadLetters))]),
        Statement::allow("WriteLogs")
            .actions(["logs:CreateLogStream", "logs:PutLogEvents"])
            .resources([arn("logs", &format!("log-group:{}:*", spec.pit.function_log_group()))]),
    ];
    if !spec.ancillary.notify.is_empty() {
        services.push(via(spec, "sns"));
        statements.push(
            Statement::allow("TellOfFiles").actions(["sns:Publish"]).resources([arn("sns", &name(Named::Topic))]),
        );
    }
    let keys = || arn("kms", "key/*");
    let alias = || [text(spec.pit.key_alias())];
    statements.extend([
        Statement::allow("UseKeyThroughServices")
            .actions(["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"])
            .resources([keys()])
            .when("StringEquals", "kms:ViaService", services)
            .when("ForAnyValue:StringEquals", "kms:ResourceAliases", alias()),
        Statement::allow("OpenOwnSettings")
            .actions(["kms:Decrypt"])
            .resources([keys()])
            .when("StringEquals", "kms:EncryptionContext:aws:lambda:FunctionArn", [function_arn(spec, lock)])
            .when("ForAnyValue:StringEquals", "kms:ResourceAliases", alias()),
    ]);
    Policy::new(statements)
}

/// What the PIT's key allows for the ancillary services: the function through the services it writes to, and for its own settings;
/// administrators through the services they look after.
pub(super) fn key(spec: &Spec, lock: &Lock) -> [Statement; 3] {
    let root = || text(format!("arn:{}:iam::{}:root", lock.partition, lock.account));
    let role = || [role_arn(spec, lock)];
    [
        Statement::allow("AdministratorsUseKeyThroughServices")
            .principals([root()])
            .actions(["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"])
            .resources([text("*")])
            .when("ArnLike", "aws:PrincipalArn", super::administrators(lock))
            .when("StringEquals", "kms:ViaService", ["dynamodb", "lambda", "sns", "sqs"].map(|name| via(spec, name))),
        Statement::allow("FunctionUsesKeyThroughServices")
            .principals([root()])
            .actions(["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"])
            .resources([text("*")])
            .when("ArnLike", "aws:PrincipalArn", role())
            .when("StringEquals", "kms:ViaService", ["dynamodb", "sns", "sqs"].map(|name| via(spec, name))),
        Statement::allow("FunctionOpensOwnSettings")
            .principals([root()])
            .actions(["kms:Decrypt"])
            .resources([text("*")])
            .when("ArnLike", "aws:PrincipalArn", role())
            .when("StringEquals", "kms:EncryptionContext:aws:lambda:FunctionArn", [function_arn(spec, lock)]),
    ]
}

/// A queue: over TLS, for principals of this account. It opens nothing by itself: IAM says which of them.
pub(in super::super) fn queue(spec: &Spec, lock: &Lock, named: Named) -> Policy {
    let arn = format!("arn:{}:sqs:{}:{}:{}", lock.partition, spec.region, lock.account, spec.pit.name(named));
    let deny = |sid: &str| Statement::deny(sid).everyone().actions(["sqs:*"]).resources([text(arn.as_str())]);
    Policy::new(vec![
        deny("DenyWithoutTls").when("Bool", "aws:SecureTransport", [text("false")]),
        deny("DenyOtherAccounts").when("StringNotEquals", "aws:PrincipalAccount", [text(lock.account.as_str())]),
    ])
}

/// The topic: over TLS, told by the function alone, subscribed to by principals of this account.
///
/// SNS takes no `sns:*` in a topic's policy: it holds actions on other things than topics (SNS developer guide, "SNS access policies").
pub(in super::super) fn topic(spec: &Spec, lock: &Lock) -> Policy {
    let name = spec.pit.name(Named::Topic);
    let arn = format!("arn:{}:sns:{}:{}:{name}", lock.partition, spec.region, lock.account);
    let deny = |sid: &str, actions: &[&'static str]| {
        Statement::deny(sid).everyone().actions(actions.iter().copied()).resources([text(arn.as_str())])
    };
    Policy::new(vec![
        deny("DenyWithoutTls", &["sns:Publish", "sns:Subscribe"]).when("Bool", "aws:SecureTransport", [text("false")]),
        deny("DenyOtherPublishers", &["sns:Publish"]).when("ArnNotEquals", "aws:PrincipalArn", [role_arn(spec, lock)]),
        deny("DenyOtherAccounts", &["sns:Publish", "sns:Subscribe"]).when(
            "StringNotEquals",
            "aws:PrincipalAccount",
            [text(lock.account.as_str())],
        ),
    ])
}

fn via(spec: &Spec, service: &str) -> Text {
    text(format!("{service}.{}.amazonaws.com", spec.region))
}

fn role_arn(spec: &Spec, lock: &Lock) -> Text {
    text(format!("arn:{}:iam::{}:role/{}", lock.partition, lock.account, spec.pit.name(Named::FileTableRole)))
}

fn function_arn(spec: &Spec, lock: &Lock) -> Text {
    let name = spec.pit.name(Named::FileTableFunction);
    text(format!("arn:{}:lambda:{}:{}:function:{name}", lock.partition, spec.region, lock.account))
}
