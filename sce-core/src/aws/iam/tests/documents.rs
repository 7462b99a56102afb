//! What is read and what is refused, with its place and the nearest word.

use serde_json::{Value, json};

use super::super::{Attachment, Document, authorize, read};
use crate::model::Model;
use crate::plan::{plan, sample};

fn refused(document: &Value, attachment: Attachment) -> (String, Option<String>) {
    let error = Document::read(&document.to_string(), attachment).expect_err("refused");
    (error.to_string(), error.help())
}

fn one(statement: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

#[test]
fn unknown_words_are_refused_with_the_nearest() {
    for (document, message, help) in [
        (
            json!({"version": "2012-10-17", "Statement": []}),
            "version: unknown element `version`, expected one of `Version`, `Id`, `Statement`",
            "did you mean `Version`?",
        ),
        (
            json!({"Version": "2012-10-07", "Statement": []}),
            "Version: unknown version `2012-10-07`, expected one of `2012-10-17`, `2008-10-17`",
            "did you mean `2012-10-17`?",
        ),
        (
            one(&json!({"Effect": "allow", "Action": "s3:*", "Resource": "*"})),
            "Statement[0].Effect: unknown effect `allow`, expected one of `Allow`, `Deny`",
            "did you mean `Allow`?",
        ),
        (
            one(&json!({"Effect": "Allow", "Actions": "s3:*", "Resource": "*"})),
            "Statement[0].Actions: unknown element `Actions`, expected one of `Sid`, `Effect`, `Principal`, `NotPrincipal`, `Action`, `NotAction`, `Resource`, `NotResource`, `Condition`",
            "did you mean `Action`?",
        ),
        (
            one(
                &json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringLik": {"aws:x": "y"}}}),
            ),
            "Statement[0].Condition.StringLik: unknown operator `StringLik`, expected one of 157 words such as `StringEquals`",
            "did you mean `StringLike`?",
        ),
        (
            one(
                &json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"ForAnyValues:StringLike": {"aws:x": "y"}}}),
            ),
            "Statement[0].Condition.ForAnyValues:StringLike: unknown operator `ForAnyValues:StringLike`, expected one of 157 words such as `StringEquals`",
            "did you mean `ForAnyValue:StringLike`?",
        ),
    ] {
        assert_eq!(refused(&document, Attachment::Identity), (message.to_owned(), Some(help.to_owned())));
    }
    let principal =
        one(&json!({"Effect": "Allow", "Principal": {"Aws": "111122223333"}, "Action": "s3:*", "Resource": "*"}));
    let (message, help) = refused(&principal, Attachment::Resource);
    assert!(message.starts_with("Statement[0].Principal.Aws: unknown type of principal `Aws`"), "{message}");
    assert_eq!(help.as_deref(), Some("did you mean `AWS`?"));
}

#[test]
fn what_contradicts_itself_or_lacks_something_is_refused() {
    for (statement, message) in [
        (json!({"Action": "s3:*", "Resource": "*"}), "Statement[0]: `Effect` is missing"),
        (json!({"Effect": "Allow", "Resource": "*"}), "Statement[0]: `Action` is missing"),
        (json!({"Effect": "Allow", "Action": "s3:*"}), "Statement[0]: `Resource` is missing"),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "NotAction": "s3:*", "Resource": "*"}),
            "Statement[0]: `Action` and `NotAction` are both there, expected one of them",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "NotResource": "*"}),
            "Statement[0]: `Resource` and `NotResource` are both there, expected one of them",
        ),
        (
            json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}),
            "Statement[0]: `Principal` has no place in a policy of an identity",
        ),
        (
            json!({"Effect": "Allow", "NotPrincipal": "*", "Action": "s3:*", "Resource": "*"}),
            "Statement[0]: `NotPrincipal` has no place in a policy of an identity",
        ),
        (
            json!({"Effect": "Allow", "Action": [], "Resource": "*"}),
            "Statement[0].Action: this is a list, expected at least one text",
        ),
        (
            json!({"Effect": "Allow", "Action": 7, "Resource": "*"}),
            "Statement[0].Action: this is a number, expected a text or a list of texts",
        ),
        (
            json!({"Effect": "Allow", "Action": ["s3:*", ["s3:*"]], "Resource": "*"}),
            "Statement[0].Action[1]: this is a list, expected a text or a list of texts",
        ),
        (
            json!({"Effect": "Allow", "Action": "GetObject", "Resource": "*"}),
            "Statement[0].Action: `GetObject` is not possible here, expected `*`, or a service and its action such as `s3:GetObject`",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}),
            "Statement[0].Resource: `bucket` is not possible here, expected `*` or an ARN such as `arn:aws:s3:::bucket/*`",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:username"}),
            "Statement[0].Resource: `arn:aws:s3:::${aws:username` is not possible here, expected `}` after `${`",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:x": "yes"}}}),
            "Statement[0].Condition.Bool.aws:x: `yes` is not possible here, expected `true` or `false`",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}}}),
            "Statement[0].Condition.IpAddress.aws:SourceIp: `10.0.0.0/33` is not possible here, expected an address or range such as `198.51.100.0/24`",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"NumericEquals": {"s3:max-keys": "ten"}}}),
            "Statement[0].Condition.NumericEquals.s3:max-keys: `ten` is not possible here, expected a number such as `1.2`",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"ArnLike": {"aws:SourceArn": "bucket"}}}),
            "Statement[0].Condition.ArnLike.aws:SourceArn: `bucket` is not possible here, expected an ARN of six parts, `*` for any of them",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"SourceIp": "x"}}}),
            "Statement[0].Condition.StringEquals.SourceIp: `SourceIp` is not possible here, expected a condition key such as `aws:SourceIp`",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": []}),
            "Statement[0].Condition: this is a list, expected an object of operators",
        ),
    ] {
        assert_eq!(refused(&one(&statement), Attachment::Identity).0, message);
    }
    for (statement, message) in [
        (json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}), "Statement[0]: `Principal` is missing"),
        (
            json!({"Effect": "Allow", "Principal": "*", "NotPrincipal": "*", "Action": "s3:*"}),
            "Statement[0]: `Principal` and `NotPrincipal` are both there, expected one of them",
        ),
        (
            json!({"Effect": "Allow", "Principal": {}, "Action": "s3:*"}),
            "Statement[0].Principal: a principal is missing",
        ),
        (
            json!({"Effect": "Allow", "Principal": "111122223333", "Action": "s3:*"}),
            "Statement[0].Principal: `111122223333` is not possible here, expected `*` or an object such as `{\"AWS\": \"111122223333\"}`",
        ),
        (
            json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}, "Action": "s3:*"}),
            "Statement[0].Principal.AWS: `arn:aws:iam::111122223333:role/*` is not possible here, expected `*`, an account's number, or the ARN of a user, role or session without wildcards",
        ),
        (
            json!({"Effect": "Allow", "Principal": {"Service": "*"}, "Action": "s3:*"}),
            "Statement[0].Principal.Service: `*` is not possible here, expected a service such as `logging.s3.amazonaws.com`",
        ),
    ] {
        assert_eq!(refused(&one(&statement), Attachment::Resource).0, message);
    }
    let named =
        one(&json!({"Effect": "Deny", "Principal": {"AWS": "111122223333"}, "Action": "s3:*", "Resource": "*"}));
    assert_eq!(
        refused(&named, Attachment::ResourceControl).0,
        "Statement[0]: a principal other than `*` has no place in a resource control policy"
    );
    let trust = one(&json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}));
    assert_eq!(refused(&trust, Attachment::Trust).0, "Statement[0]: `Resource` has no place in a trust policy");
}

#[test]
fn repeated_keys_are_refused_wherever_they_are() {
    for (text, message) in [
        (r#"{"Statement":[],"Statement":[]}"#, "`Statement` is there twice, expected once"),
        (
            r#"{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}"#,
            "Statement: `Effect` is there twice, expected once",
        ),
        (
            r#"{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"a:b":true,"a:b":false}}}]}"#,
            "Statement[0].Condition.Bool: `a:b` is there twice, expected once",
        ),
        (
            r#"{"Statement":[{"Sid":"A","Effect":"Deny","Action":"*","Resource":"*"},{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"}]}"#,
            "Statement: `A` is there twice, expected once",
        ),
    ] {
        assert_eq!(Document::read(text, Attachment::Identity).unwrap_err().to_string(), message);
    }
}

#[test]
fn what_is_no_json_too_deep_or_too_long_is_refused_at_once() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let stars = format!(r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":"{}"}}}}"#, "*?".repeat(500_000));
    let many = format!(
        r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":["arn:aws:s3:::{}"]}}}}"#,
        "*a\",\"arn:aws:s3:::".repeat(60_000)
    );
    for (text, start) in [
        ("", "this is no JSON"),
        ("{", "this is no JSON"),
        ("{\"Statement\":[]} x", "this is no JSON"),
        ("[]", "this is a list, expected an object"),
        (deep.as_str(), "this is no JSON: recursion limit exceeded"),
        (stars.as_str(), "1000"),
        (many.as_str(), "1080"),
    ] {
        let message = Document::read(text, Attachment::Identity).unwrap_err().to_string();
        assert!(message.starts_with(start), "{message}");
    }
}

/// A policy of our own plan loses nothing on the way through JSON, references included.
#[test]
fn what_is_written_is_read_back() {
    let (spec, lock) = sample::locked(sample::SPEC);
    let plan = plan(&spec, &lock).unwrap();
    let model = Model::planned(&plan);
    let documents = model.buckets().filter_map(|(_, bucket)| bucket.policy.clone());
    let documents = documents.chain(model.roles().map(|(_, role)| role.trust.clone()));
    let documents = documents.chain(model.managed_policies().map(|(_, policy)| policy.document.clone()));
    let all: Vec<_> = documents.chain(model.keys().map(|(_, key)| key.policy.clone())).collect();
    assert!(all.len() > 8);
    for policy in all {
        assert_eq!(read(&policy.to_json()).unwrap(), policy);
    }
}

#[test]
fn the_line_and_the_place_within_a_request_are_told() {
    let good = json!({"principal": {"type": "anonymous"}, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"});
    let error = |wrong: Value| {
        let mut request = good.clone();
        for (key, value) in wrong.as_object().unwrap() {
            request[key] = value.clone();
        }
        let error = authorize(3, &request.to_string()).unwrap_err();
        assert_eq!(error.line(), 3);
        (std::error::Error::source(&error).unwrap().to_string(), error.help())
    };
    let statement =
        json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringLik": {"aws:x": "y"}}});
    let (message, help) = error(json!({"policies": {"identity": [one(&statement)]}}));
    assert!(
        message.starts_with("policies.identity[0].Statement[0].Condition.StringLik: unknown operator"),
        "{message}"
    );
    assert_eq!(help.as_deref(), Some("did you mean `StringLike`?"));
    for (wrong, message) in [
        (
            json!({"polices": {}}),
            "polices: unknown field `polices`, expected one of `principal`, `action`, `resource`, `resource_account`, `context`, `policies`",
        ),
        (json!({"action": "s3:*"}), "action: `s3:*` is not possible here, expected one action such as `s3:GetObject`"),
        (
            json!({"resource": "b/k"}),
            "resource: `b/k` is not possible here, expected an ARN such as `arn:aws:s3:::bucket/key`, a pattern of ARNs, or `*`",
        ),
        (
            json!({"resource_account": "12"}),
            "resource_account: `12` is not possible here, expected an account's twelve digits",
        ),
        (
            json!({"context": {"aws:SourceIp": {}}}),
            "context.aws:SourceIp: this is an object, expected a text, a number, a boolean, or a list of them",
        ),
        (
            json!({"context": {"aws:SourceIp": "192.0.2.1", "aws:sourceip": "192.0.2.2"}}),
            "context: `aws:sourceip` is there twice, expected once",
        ),
        (
            json!({"principal": {"type": "user"}}),
            "principal.type: unknown type of principal `user`, expected one of `anonymous`, `service`, `aws`",
        ),
        (json!({"principal": {"type": "aws"}}), "principal: `arn` is missing"),
        (
            json!({"principal": {"type": "aws", "arn": "arn:aws:iam::111122223333:group/g"}}),
            "principal.arn: `arn:aws:iam::111122223333:group/g` is not possible here, expected the ARN of a user, a role, a session of a role or the root of an account",
        ),
        (
            json!({"principal": {"type": "anonymous", "arn": "x"}}),
            "principal: `arn` has no place in an anonymous principal",
        ),
        (json!({"policies": {"scp": [{}]}}), "policies.scp[0]: this is an object, expected a list of documents"),
    ] {
        assert_eq!(error(wrong).0, message);
    }
}
