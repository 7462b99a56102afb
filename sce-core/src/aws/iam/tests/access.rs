//! Who can read, with every edge between principals, on small accounts.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{
    Act, Attachment, Document, Holder, Home, Key, Machine, Picture, Policies, Possible, Principal, Question, Request,
    Somebody, Store, Verdict, evaluate, possible,
};

const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/k";

fn document(statements: Value, attachment: Attachment) -> Arc<Document> {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    Arc::new(Document::read(&text, attachment).unwrap_or_else(|error| panic!("{error}: {text}")))
}

fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{name}")
}

/// A role that may do these things on these resources, and trusts these principals.
fn role(name: &str, grants: &[(&str, &str)], trusts: &Value) -> Holder {
    let grants: Vec<Value> = grants
        .iter()
        .map(|(action, resource)| json!({"Effect": "Allow", "Action": action, "Resource": resource}))
        .collect();
    let trust = json!([{"Effect": "Allow", "Principal": trusts, "Action": "sts:AssumeRole"}]);
    Holder {
        label: name.to_owned(),
        principal: Principal::from_arn(&role_arn(name)).unwrap(),
        identity: vec![document(json!(grants), Attachment::Identity)],
        boundary: Vec::new(),
        trust: Some(document(trust, Attachment::Trust)),
        attached: [format!("arn:aws:iam::111122223333:policy/{name}")].into(),
        groups: BTreeSet::new(),
        beside: false,
    }
}

fn picture(roles: Vec<Holder>) -> Picture {
    let home = Home { partition: "aws".to_owned(), account: "111122223333".to_owned(), region: "us-west-2".to_owned() };
    let key_policy = json!([
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": ["kms:PutKeyPolicy", "kms:CreateGrant"], "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:Decrypt", "Resource": "*",
         "Condition": {"ArnLike": {"aws:PrincipalArn": role_arn("reader*")}, "StringEquals": {"kms:ViaService": "s3.us-west-2.amazonaws.com"}}}]);
    let stores = vec![Store {
        label: "store".to_owned(),
        name: "b".to_owned(),
        policy: None,
        public_access_blocked: true,
        key: Some(KEY.to_owned()),
        bucket_key: true,
    }];
    let keys = vec![Key {
        label: "key".to_owned(),
        arn: KEY.to_owned(),
        policy: document(key_policy, Attachment::Resource),
        aliases: BTreeSet::new(),
    }];
    Picture {
        home,
        roles,
        unattached: Vec::new(),
        stores,
        keys,
        gates: Vec::new(),
        users: Vec::new(),
        shows_users: false,
        machines: vec![machine()],
        function_roles: [role_arn("reader")].into(),
        administrators: Vec::new(),
        unknown: Vec::new(),
    }
}

fn machine() -> Machine {
    let keys = [("aws:resourcetag/sce:pit".to_owned(), "hipaa".to_owned())].into();
    Machine { role: role_arn("reader"), arn: "arn:aws:ec2:us-west-2:111122223333:instance/(machine)".to_owned(), keys }
}

fn services() -> Value {
    json!({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]})
}

fn reader() -> Holder {
    role("reader", &[("s3:GetObject", "arn:aws:s3:::b/*"), ("kms:Decrypt", "*")], &services())
}

/// The acts by which that role gets at the objects; none when it does not.
fn acts(picture: &Picture, name: &str) -> Option<Vec<Act>> {
    let readers = picture.readers("b").unwrap();
    assert_eq!(readers.unknown, Vec::<String>::new());
    for reader in &readers.readers {
        let proofs = reader.steps.iter().flat_map(|step| &step.proofs).chain(&reader.reads);
        proofs.for_each(|proof| assert!(proof.holds(), "{proof:?}"));
    }
    let who = Somebody::Role(role_arn(name));
    let found = readers.readers.iter().find(|reader| reader.who == who)?;
    Some(found.steps.iter().map(|step| step.act).collect())
}

#[test]
fn who_has_both_locks_reads_and_who_lacks_one_does_not() {
    let grants = [("s3:GetObject", "arn:aws:s3:::b/*"), ("kms:Decrypt", "*")];
    let roles = vec![
        reader(),
        role("without-key", &grants, &services()),
        role("reader-of-nothing", &grants[1..], &services()),
        role("reader-elsewhere", &[("s3:GetObject", "arn:aws:s3:::c/*"), ("kms:Decrypt", "*")], &services()),
    ];
    let picture = picture(roles);
    assert_eq!(acts(&picture, "reader"), Some(vec![]));
    for name in ["without-key", "reader-of-nothing", "reader-elsewhere"] {
        assert_eq!(acts(&picture, name), None, "{name}");
    }
    let all: Vec<_> = picture.readers("b").unwrap().readers.into_iter().map(|reader| reader.who).collect();
    assert_eq!(all, [Somebody::Role(role_arn("reader"))]);
    assert!(picture.readers("none").is_none());
}

#[test]
fn every_edge_between_principals_is_followed() {
    let own = role_arn("reader");
    let policy = "arn:aws:iam::111122223333:policy/reader";
    for (grants, expected) in [
        (vec![("iam:UpdateAssumeRolePolicy", own.as_str())], vec![Act::RewriteTrust]),
        (vec![("iam:PassRole", own.as_str()), ("ec2:RunInstances", "*")], vec![Act::LaunchMachine]),
        (vec![("iam:PassRole", own.as_str()), ("lambda:CreateFunction", "*")], vec![Act::CreateFunction]),
        (vec![("ssm:StartSession", "*")], vec![Act::EnterMachine]),
        (vec![("ssm:SendCommand", "*")], vec![Act::EnterMachine]),
        (vec![("ec2-instance-connect:SendSSHPublicKey", "*")], vec![Act::EnterMachine]),
        (vec![("lambda:UpdateFunctionCode", "*")], vec![Act::RewriteFunction]),
        (vec![("s3:GetObject", "*"), ("kms:PutKeyPolicy", KEY), ("kms:Decrypt", "*")], vec![Act::OpenKey]),
        (vec![("s3:GetObject", "*"), ("kms:CreateGrant", KEY)], vec![Act::OpenKey]),
        (
            vec![("s3:PutBucketPolicy", "arn:aws:s3:::b"), ("kms:CreateGrant", KEY)],
            vec![Act::RewriteBucketPolicy, Act::OpenKey],
        ),
    ] {
        let picture = picture(vec![reader(), role("climber", &grants, &services())]);
        assert_eq!(acts(&picture, "climber"), Some(expected), "{grants:?}");
    }
    // Half an edge is none.
    for grants in [
        vec![("iam:PassRole", own.as_str())],
        vec![("ec2:RunInstances", "*")],
        vec![("iam:CreatePolicyVersion", policy)],
        vec![("iam:PutRolePolicy", own.as_str())],
        vec![("kms:CreateGrant", KEY)],
        vec![("s3:PutBucketPolicy", "arn:aws:s3:::b")],
        vec![("s3:GetObject", "*"), ("kms:Decrypt", "*")],
        vec![("sts:AssumeRole", "*")],
    ] {
        let picture = picture(vec![reader(), role("climber", &grants, &services())]);
        assert_eq!(acts(&picture, "climber"), None, "{grants:?}");
    }
}

#[test]
fn own_policies_rewritten_allow_everything() {
    let own = role_arn("climber");
    for grants in [
        vec![("iam:PutRolePolicy", own.as_str())],
        vec![("iam:AttachRolePolicy", own.as_str())],
        vec![("iam:CreatePolicyVersion", "arn:aws:iam::111122223333:policy/climber")],
    ] {
        let picture = picture(vec![reader(), role("climber", &grants, &services())]);
        let found = acts(&picture, "climber").unwrap_or_else(|| panic!("{grants:?}"));
        assert_eq!(found[0], Act::RewritePolicies, "{grants:?}");
    }
    let grants = [("iam:CreateRole", "*"), ("iam:PutRolePolicy", "arn:aws:iam::111122223333:role/new-*")];
    let made = picture(vec![role("climber", &grants, &services())]);
    assert_eq!(acts(&made, "climber").unwrap()[0], Act::CreatePrincipal);
}

#[test]
fn roles_are_taken_on_in_chains_and_in_circles() {
    let chain = |trusted: &str| json!({"AWS": role_arn(trusted)});
    let mut last = reader();
    last.trust = Some(document(
        json!([{"Effect": "Allow", "Principal": chain("b"), "Action": "sts:AssumeRole"}]),
        Attachment::Trust,
    ));
    let picture = picture(vec![
        last,
        role("a", &[], &chain("b")),
        role("b", &[], &chain("a")),
        role("c", &[("sts:AssumeRole", "*")], &chain("nobody")),
    ]);
    assert_eq!(acts(&picture, "b"), Some(vec![Act::AssumeRole]));
    assert_eq!(acts(&picture, "a"), Some(vec![Act::AssumeRole, Act::AssumeRole]));
    assert_eq!(acts(&picture, "c"), None);
    // Somebody whom no role of the picture is, and who is trusted with `c`, gets no further.
    let readers = picture.readers("b").unwrap();
    assert!(!readers.readers.iter().any(|reader| reader.who == Somebody::Named(role_arn("nobody"))));
}

#[test]
fn strangers_services_and_the_public_are_asked_about() {
    let mut open = picture(vec![]);
    open.stores[0].key = None;
    let who = |picture: &Picture| -> Vec<Somebody> {
        picture.readers("b").unwrap().readers.into_iter().map(|reader| reader.who).collect()
    };
    assert_eq!(who(&open), [Somebody::AnyoneInAccount]);
    let to = |principal: Value| {
        Some(document(
            json!([{"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]),
            Attachment::Resource,
        ))
    };
    open.stores[0].public_access_blocked = false;
    open.stores[0].policy = to(json!("*"));
    assert_eq!(who(&open), [Somebody::AnyoneInAccount, Somebody::AnotherAccount, Somebody::Anonymous]);
    open.stores[0].public_access_blocked = true;
    assert_eq!(who(&open), [Somebody::AnyoneInAccount]);
    open.stores[0].policy = to(json!({"AWS": "444455556666", "Service": "x.amazonaws.com"}));
    let named = Somebody::Named("arn:aws:iam::444455556666:role/somebody".to_owned());
    assert_eq!(who(&open), [named, Somebody::Service("x.amazonaws.com".to_owned()), Somebody::AnyoneInAccount]);
    open.administrators = vec!["arn:aws:iam::111122223333:role/*".to_owned()];
    assert_eq!(who(&open).len(), 2);
}

#[test]
fn what_is_not_shown_is_told_and_never_taken_for_safe() {
    let mut lost = picture(vec![reader()]);
    lost.keys.clear();
    let readers = lost.readers("b").unwrap();
    assert_eq!(readers.unknown, [format!("store: the policy of its key `{KEY}` is not shown")]);
    assert!(!readers.readers.is_empty());
}

fn on_user(statements: Value) -> (Policies, Question) {
    let identity = vec![document(statements, Attachment::Identity)];
    let principal = Principal::from_arn("arn:aws:iam::111122223333:user/alice").unwrap();
    let request = Request::new(principal, "s3:GetObject", "arn:aws:s3:::b/*").in_account("111122223333");
    (Policies { identity, ..Policies::default() }, Question::new(request))
}

#[test]
fn a_request_is_found_between_all_the_conditions() {
    let allow = |conditions: Value| json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": conditions});
    let deny = |conditions: Value| json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": conditions});
    for (statements, expected) in [
        // Between two ranges, between two numbers, and within the first of two seconds.
        (
            json!([
                allow(json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
                deny(json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/9", "10.192.0.0/10"]}}))
            ]),
            true,
        ),
        (
            json!([
                allow(json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
                deny(json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}}))
            ]),
            false,
        ),
        (
            json!([allow(
                json!({"NumericGreaterThan": {"s3:max-keys": "1"}, "NumericLessThan": {"s3:max-keys": "2"}})
            )]),
            true,
        ),
        (
            json!([allow(
                json!({"NumericGreaterThan": {"s3:max-keys": "2"}, "NumericLessThan": {"s3:max-keys": "2"}})
            )]),
            false,
        ),
        (
            json!([allow(
                json!({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01"}, "DateLessThan": {"aws:CurrentTime": "2026-02-01"}})
            )]),
            true,
        ),
        (
            json!([allow(
                json!({"DateGreaterThan": {"aws:CurrentTime": "2026-02-01"}, "DateLessThan": {"aws:CurrentTime": "2026-01-01"}})
            )]),
            false,
        ),
        (
            json!([
                allow(json!({"StringLike": {"s3:prefix": "a*"}})),
                deny(json!({"StringNotLike": {"s3:prefix": "*z"}}))
            ]),
            true,
        ),
        (
            json!([
                allow(json!({"StringLike": {"s3:prefix": "a*"}})),
                deny(json!({"StringLike": {"s3:prefix": "?*"}}))
            ]),
            false,
        ),
        (
            json!([
                allow(json!({"StringEqualsIgnoreCase": {"s3:prefix": "abc"}})),
                deny(json!({"StringEquals": {"s3:prefix": "abc"}}))
            ]),
            true,
        ),
        (json!([allow(json!({"Null": {"t:k": "false"}})), deny(json!({"StringNotEquals": {"t:k": "x"}}))]), true),
        (json!([allow(json!({"Null": {"t:k": "true"}})), deny(json!({"StringNotEquals": {"t:k": "x"}}))]), false),
        (
            json!([
                allow(json!({"ForAnyValue:StringEquals": {"t:k": "a"}})),
                deny(json!({"ForAllValues:StringEquals": {"t:k": ["a", "b"]}}))
            ]),
            true,
        ),
        (
            json!([
                allow(json!({"ArnLike": {"t:k": "arn:aws:iam::*:role/a"}})),
                deny(json!({"ArnNotLike": {"t:k": "arn:aws:iam::*:user/*"}}))
            ]),
            false,
        ),
        (json!([allow(json!({"BinaryEquals": {"t:k": "aGk="}}))]), true),
        // No request lacks these.
        (json!([allow(json!({"Null": {"aws:SecureTransport": "true"}}))]), false),
        (
            json!([allow(json!({"StringNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/alice"}}))]),
            false,
        ),
        // An object whose name no denial covers.
        (json!([allow(json!({})), {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b/only"}]), true),
        (
            json!([allow(json!({})), {"Effect": "Deny", "Action": "*", "Resource": ["arn:aws:s3:::b/a*", "arn:aws:s3:::b/*"]}]),
            false,
        ),
    ] {
        let (policies, question) = on_user(statements.clone());
        match possible(&question, &policies) {
            Possible::Yes(request) => {
                assert!(expected, "{statements} {request:?}");
                assert_eq!(evaluate(&request, &policies).verdict, Verdict::Allow);
            }
            Possible::No => assert!(!expected, "{statements}"),
            Possible::Unknown(why) => panic!("{why}: {statements}"),
        }
    }
}

#[test]
fn what_hangs_on_a_variable_is_not_known_rather_than_excluded() {
    let (policies, question) = on_user(json!([{"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"t:a": "x-${t:b}"}, "StringNotLike": {"t:a": "x-*"}}}]));
    assert!(matches!(possible(&question, &policies), Possible::Unknown(_)));
}

#[test]
fn what_is_denied_whatever_it_says_is_excluded_though_its_values_cannot_be_listed() {
    let allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"t:a": "x-${t:b}"}, "StringNotLike": {"t:a": "x-*"}}});
    let (policies, question) = on_user(json!([allow, {"Effect": "Deny", "Action": "*", "Resource": "*"}]));
    assert_eq!(possible(&question, &policies), Possible::No);
}

fn conditions() -> impl Strategy<Value = Value> {
    let one = prop::sample::select(vec![
        json!({"StringEquals": {"t:a": "x"}}),
        json!({"StringNotEquals": {"t:a": "x"}}),
        json!({"StringLike": {"t:a": ["x*", "y"]}}),
        json!({"StringNotLike": {"t:b": "?"}}),
        json!({"StringEqualsIfExists": {"t:b": "X"}}),
        json!({"StringEqualsIgnoreCase": {"t:b": "x"}}),
        json!({"Null": {"t:a": "true"}}),
        json!({"ForAnyValue:StringLike": {"t:c": "x*"}}),
        json!({"ForAllValues:StringEquals": {"t:c": ["x", "y"]}}),
        json!({"NumericLessThan": {"t:d": "5"}, "Null": {"t:b": "false"}}),
        json!({"NumericGreaterThanEquals": {"t:d": "4.5"}}),
        json!({}),
    ]);
    prop::collection::vec((one, any::<bool>()), 1..5).prop_map(|all| {
        all.into_iter()
            .map(|(condition, allow)| json!({"Effect": if allow { "Allow" } else { "Deny" }, "Action": "*", "Resource": "*", "Condition": condition}))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    /// What is called impossible is not allowed by any of many requests, and what is called possible comes with one that is.
    #[test]
    fn the_search_and_single_decisions_agree(statements in conditions()) {
        let (policies, question) = on_user(statements);
        let answer = possible(&question, &policies);
        if let Possible::Yes(request) = &answer {
            prop_assert_eq!(evaluate(request, &policies).verdict, Verdict::Allow);
        }
        prop_assert!(!matches!(answer, Possible::Unknown(_)));
        let texts = ["", "x", "X", "xx", "y", "z", "Xy"];
        let one = |at: usize| if at == 0 { vec![] } else { vec![texts[at].to_owned()] };
        let many: [&[&str]; 7] = [&[], &["x"], &["y"], &["x", "y"], &["xx"], &["x", "z"], &["z"]];
        let mut some = false;
        for a in 0..7 {
            for b in 0..7 {
                for c in many {
                    for d in ["", "4", "4.5", "4.7", "5", "9"] {
                        let mut request = question.request.clone();
                        request.resource = "arn:aws:s3:::b/k".to_owned();
                        request.context.set("t:a", one(a));
                        request.context.set("t:b", one(b));
                        request.context.set("t:c", c.iter().map(|text| (*text).to_owned()));
                        request.context.set("t:d", if d.is_empty() { vec![] } else { vec![d.to_owned()] });
                        some |= evaluate(&request, &policies).verdict == Verdict::Allow;
                    }
                }
            }
        }
        prop_assert_eq!(matches!(answer, Possible::Yes(_)), some);
    }
}
