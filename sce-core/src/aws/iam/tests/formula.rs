//! Which policies must allow, and which deny.

use serde_json::{Value, json};

use super::super::{Layer, Policies, Principal, Request, Verdict, evaluate, is_public, read_request};
use super::{decide, told};

const OWN: &str = "111122223333";
const USER: &str = "arn:aws:iam::111122223333:user/alice";
const ROLE: &str = "arn:aws:iam::111122223333:role/sce/reader";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/reader/monday";
const ROOT: &str = "arn:aws:iam::111122223333:root";
const STRANGER: &str = "arn:aws:iam::444455556666:role/stranger";

fn aws(arn: &str) -> Value {
    json!({"type": "aws", "arn": arn})
}

/// A policy of one statement about everything.
fn policy(effect: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Sid": effect, "Effect": effect, "Action": "*", "Resource": "*"}]})
}

/// The same, for a principal.
fn to(effect: &str, principal: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": effect, "Effect": effect, "Principal": principal, "Action": "*", "Resource": "*"}]})
}

fn get(principal: &Value, policies: &Value) -> Value {
    json!({"principal": principal, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "resource_account": OWN,
        "context": {}, "policies": policies})
}

#[test]
fn what_nobody_allows_is_denied() {
    assert_eq!(told(&get(&aws(USER), &json!({}))), "implicit_deny identity null");
    assert_eq!(told(&get(&aws(STRANGER), &json!({}))), "implicit_deny resource null");
    assert_eq!(told(&get(&json!({"type": "anonymous"}), &json!({}))), "implicit_deny resource null");
    assert_eq!(
        told(&get(&json!({"type": "service", "name": "x.amazonaws.com"}), &json!({}))),
        "implicit_deny resource null"
    );
}

#[test]
fn a_denial_in_any_layer_wins() {
    let all = json!({"identity": [policy("Allow")], "resource": to("Allow", &json!("*")), "boundary": [policy("Allow")],
        "session": [policy("Allow")], "scp": [[policy("Allow")], [policy("Allow")]], "rcp": [[to("Allow", &json!("*"))]],
        "endpoint": [to("Allow", &json!("*"))]});
    assert_eq!(told(&get(&aws(SESSION), &all)), "allow identity Allow");
    for (layer, denial) in [
        ("identity", json!([policy("Allow"), policy("Deny")])),
        ("resource", to("Deny", &json!("*"))),
        ("boundary", json!([policy("Allow"), policy("Deny")])),
        ("session", json!([policy("Allow"), policy("Deny")])),
        ("scp", json!([[policy("Allow")], [policy("Allow"), policy("Deny")]])),
        ("rcp", json!([[to("Deny", &json!("*"))]])),
        ("endpoint", json!([to("Allow", &json!("*")), to("Deny", &json!("*"))])),
    ] {
        let mut policies = all.clone();
        policies[layer] = denial;
        assert_eq!(told(&get(&aws(SESSION), &policies)), format!("explicit_deny {layer} Deny"));
    }
}

#[test]
fn organisation_and_endpoint_must_allow_at_every_level() {
    let with = |layer: &str, value: Value| {
        let mut policies = json!({"identity": [policy("Allow")]});
        policies[layer] = value;
        told(&get(&aws(USER), &policies))
    };
    let other = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}});
    assert_eq!(with("scp", json!([])), "allow identity Allow");
    assert_eq!(with("scp", json!([[policy("Allow")], [other.clone(), policy("Allow")]])), "allow identity Allow");
    assert_eq!(with("scp", json!([[policy("Allow")], [other.clone()]])), "implicit_deny scp null");
    assert_eq!(with("scp", json!([[policy("Allow")], []])), "implicit_deny scp null");
    // AWS's own resource control policy allows everything and is always there.
    assert_eq!(with("rcp", json!([[]])), "allow identity Allow");
    let mut endpoint = to("Allow", &json!("*"));
    assert_eq!(with("endpoint", json!([endpoint])), "allow identity Allow");
    endpoint["Statement"][0]["Action"] = json!("s3:PutObject");
    assert_eq!(with("endpoint", json!([endpoint])), "implicit_deny endpoint null");
}

#[test]
fn the_organisation_bounds_neither_strangers_nor_services_nor_what_services_made() {
    let closed =
        json!({"identity": [policy("Allow")], "resource": to("Allow", &json!("*")), "scp": [[policy("Deny")]]});
    assert_eq!(told(&get(&aws(USER), &closed)), "explicit_deny scp Deny");
    assert_eq!(told(&get(&aws(ROOT), &closed)), "explicit_deny scp Deny");
    for free in [
        json!({"type": "anonymous"}),
        json!({"type": "service", "name": "logging.s3.amazonaws.com"}),
        aws("arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"),
    ] {
        assert_eq!(decide(&get(&free, &closed)).verdict, Verdict::Allow, "{free}");
    }
    let rcp = json!({"resource": to("Allow", &json!("*")), "rcp": [[to("Deny", &json!("*"))]]});
    assert_eq!(told(&get(&json!({"type": "anonymous"}), &rcp)), "explicit_deny rcp Deny");
}

#[test]
fn boundary_and_session_bound_what_the_identity_grants() {
    let nothing = json!({"Version": "2012-10-17", "Statement": []});
    let with = |layer: &str, documents: Value| {
        let mut policies = json!({"identity": [policy("Allow")]});
        policies[layer] = documents;
        told(&get(&aws(SESSION), &policies))
    };
    for layer in ["boundary", "session"] {
        assert_eq!(with(layer, json!([])), "allow identity Allow");
        assert_eq!(with(layer, json!([nothing, policy("Allow")])), "allow identity Allow");
        assert_eq!(with(layer, json!([nothing])), format!("implicit_deny {layer} null"));
    }
}

/// Which limits a grant in the bucket policy escapes depends on how it names the caller.
#[test]
fn what_a_resource_grants_depends_on_whom_it_names() {
    let nothing = json!({"Version": "2012-10-17", "Statement": []});
    let verdict = |caller: &str, named: &Value, limit: &str| {
        let mut policies = json!({"resource": to("Allow", named)});
        if !limit.is_empty() {
            policies[limit] = json!([nothing]);
        }
        told(&get(&aws(caller), &policies))
    };
    let granted = "allow resource Allow";
    // By user, by session and as everyone: neither boundary nor session limits it.
    for (caller, named) in [(USER, json!({"AWS": USER})), (SESSION, json!({"AWS": SESSION})), (SESSION, json!("*"))] {
        for limit in ["", "boundary", "session"] {
            assert_eq!(verdict(caller, &named, limit), granted, "{caller} {named} {limit}");
        }
    }
    // By role: both do, whatever the identity policies say.
    let role = json!({"AWS": ROLE});
    assert_eq!(verdict(SESSION, &role, ""), granted);
    assert_eq!(verdict(ROLE, &role, ""), granted);
    assert_eq!(verdict(SESSION, &role, "boundary"), "implicit_deny identity null");
    assert_eq!(verdict(SESSION, &role, "session"), "implicit_deny identity null");
    // By account: nothing beyond what the identity policies grant.
    for account in [json!({"AWS": OWN}), json!({"AWS": ROOT})] {
        assert_eq!(verdict(USER, &account, ""), "implicit_deny identity null");
        assert_eq!(verdict(SESSION, &account, ""), "implicit_deny identity null");
    }
    // Somebody else.
    for other in
        [json!({"AWS": STRANGER}), json!({"AWS": "AROAEXAMPLEID12345678"}), json!({"Service": "ec2.amazonaws.com"})]
    {
        assert_eq!(verdict(SESSION, &other, ""), "implicit_deny identity null", "{other}");
    }
    let other_session = json!({"AWS": "arn:aws:sts::111122223333:assumed-role/reader/tuesday"});
    assert_eq!(verdict(SESSION, &other_session, ""), "implicit_deny identity null");
    // Some session of the role bears that name.
    assert_eq!(verdict(ROLE, &other_session, ""), granted);
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let both = |named: &Value| json!({"identity": [policy("Allow")], "resource": to("Allow", named)});
    for named in [json!({"AWS": STRANGER}), json!({"AWS": "444455556666"}), json!("*")] {
        assert_eq!(decide(&get(&aws(STRANGER), &both(&named))).verdict, Verdict::Allow, "{named}");
    }
    let mut one_side = both(&json!({"AWS": STRANGER}));
    one_side["identity"] = json!([]);
    assert_eq!(told(&get(&aws(STRANGER), &one_side)), "implicit_deny identity null");
    one_side["identity"] = json!([policy("Allow")]);
    one_side["resource"] = json!(null);
    assert_eq!(told(&get(&aws(STRANGER), &one_side)), "implicit_deny resource null");
    let mut bounded = both(&json!({"AWS": STRANGER}));
    bounded["boundary"] = json!([{"Statement": []}]);
    assert_eq!(told(&get(&aws(STRANGER), &bounded)), "implicit_deny boundary null");
    let root = "arn:aws:iam::444455556666:root";
    assert_eq!(
        told(&get(&aws(root), &json!({"resource": to("Allow", &json!({"AWS": root}))}))),
        "allow resource Allow"
    );
    assert_eq!(told(&get(&aws(root), &json!({}))), "implicit_deny resource null");
}

#[test]
fn the_root_of_the_account_needs_no_policy_and_obeys_denials() {
    assert_eq!(told(&get(&aws(ROOT), &json!({}))), "allow root null");
    assert_eq!(told(&get(&aws(ROOT), &json!({"resource": to("Deny", &json!("*"))}))), "explicit_deny resource Deny");
    assert_eq!(told(&get(&aws(ROOT), &json!({"scp": [[policy("Allow")], []]}))), "implicit_deny scp null");
}

#[test]
fn strangers_and_services_have_the_resources_word_only() {
    let anonymous = json!({"type": "anonymous"});
    for everyone in [json!("*"), json!({"AWS": "*"}), json!({"AWS": ["*", OWN]})] {
        assert_eq!(told(&get(&anonymous, &json!({"resource": to("Allow", &everyone)}))), "allow resource Allow");
    }
    assert_eq!(
        told(&get(&anonymous, &json!({"resource": to("Allow", &json!({"AWS": OWN})), "identity": [policy("Allow")]}))),
        "implicit_deny resource null"
    );
    let service = json!({"type": "service", "name": "logging.s3.amazonaws.com"});
    assert_eq!(
        told(&get(&service, &json!({"resource": to("Allow", &json!({"Service": "logging.s3.amazonaws.com"}))}))),
        "allow resource Allow"
    );
    assert_eq!(
        told(&get(&service, &json!({"resource": to("Allow", &json!({"Service": "config.amazonaws.com"}))}))),
        "implicit_deny resource null"
    );
}

#[test]
fn a_federated_user_has_what_his_session_policy_gives_of_it() {
    let federated = aws("arn:aws:sts::111122223333:federated-user/bob");
    assert_eq!(told(&get(&federated, &json!({"identity": [policy("Allow")]}))), "implicit_deny session null");
    assert_eq!(
        told(&get(&federated, &json!({"identity": [policy("Allow")], "session": [policy("Allow")]}))),
        "allow identity Allow"
    );
    let named = to("Allow", &json!({"AWS": "arn:aws:sts::111122223333:federated-user/bob"}));
    assert_eq!(told(&get(&federated, &json!({"resource": named}))), "allow resource Allow");
}

/// A denial to all but some spares a session only when its own ARN, its role's and its account's are all listed, and nobody who has
/// a boundary.
#[test]
fn not_principal_denies_more_than_it_seems() {
    let denial = |listed: Value| {
        json!({"Version": "2012-10-17", "Statement":
            [{"Sid": "Deny", "Effect": "Deny", "NotPrincipal": {"AWS": listed}, "Action": "*", "Resource": "*"}]})
    };
    let verdict = |caller: &str, listed: Value, boundary: Value| {
        let policies = json!({"identity": [policy("Allow")], "resource": denial(listed), "boundary": boundary});
        decide(&get(&aws(caller), &policies)).verdict
    };
    let none = json!([]);
    for (caller, listed, expected) in [
        (USER, json!([USER, OWN]), Verdict::Allow),
        (USER, json!([USER]), Verdict::ExplicitDeny),
        (USER, json!([OWN]), Verdict::ExplicitDeny),
        (SESSION, json!([SESSION, ROLE, ROOT]), Verdict::Allow),
        (SESSION, json!([SESSION, ROLE]), Verdict::ExplicitDeny),
        (SESSION, json!([ROLE, ROOT]), Verdict::ExplicitDeny),
        (SESSION, json!([SESSION, ROOT]), Verdict::ExplicitDeny),
        (ROOT, json!([OWN]), Verdict::Allow),
        (ROOT, json!([USER]), Verdict::ExplicitDeny),
        (USER, json!("*"), Verdict::Allow),
    ] {
        assert_eq!(verdict(caller, listed.clone(), none.clone()), expected, "{caller} {listed}");
    }
    assert_eq!(verdict(USER, json!([USER, OWN]), json!([policy("Allow")])), Verdict::ExplicitDeny);
    // A grant to all but some is a grant to everybody else, whoever they are.
    let grant =
        json!({"Statement": [{"Effect": "Allow", "NotPrincipal": {"AWS": USER}, "Action": "*", "Resource": "*"}]});
    assert_eq!(told(&get(&json!({"type": "anonymous"}), &json!({"resource": grant}))), "allow resource 0");
    assert_eq!(told(&get(&aws(USER), &json!({"resource": grant}))), "implicit_deny identity null");
}

#[test]
fn not_action_and_not_resource_are_complements() {
    let one = |statement: Value| {
        let mut statement = statement;
        statement["Effect"] = json!("Allow");
        told(&get(&aws(USER), &json!({"identity": [{"Version": "2012-10-17", "Statement": [statement]}]})))
    };
    let (yes, no) = ("allow identity 0", "implicit_deny identity null");
    assert_eq!(one(json!({"NotAction": "iam:*", "Resource": "*"})), yes);
    assert_eq!(one(json!({"NotAction": ["iam:*", "S3:get*"], "Resource": "*"})), no);
    assert_eq!(one(json!({"Action": "s3:*", "NotResource": "arn:aws:s3:::other/*"})), yes);
    assert_eq!(one(json!({"Action": "s3:*", "NotResource": "arn:aws:s3:::b/*"})), no);
    // A bucket is not its objects.
    assert_eq!(one(json!({"Action": "s3:*", "Resource": "arn:aws:s3:::b"})), no);
    assert_eq!(one(json!({"Action": "s3:*", "NotResource": "arn:aws:s3:::b"})), yes);
    // Services, too, have other resources.
    assert_eq!(one(json!({"Action": "*", "NotResource": "arn:aws:dynamodb:*:*:table/x"})), yes);
}

#[test]
fn a_key_and_a_role_answer_to_their_own_policy_first() {
    let key = "arn:aws:kms:us-west-2:111122223333:key/k";
    let decrypt = |caller: &str, resource: Value| {
        let mut request = get(&aws(caller), &json!({"identity": [policy("Allow")], "resource": resource}));
        request["action"] = json!("kms:Decrypt");
        request["resource"] = json!(key);
        told(&request)
    };
    assert_eq!(decrypt(USER, json!(null)), "implicit_deny resource null");
    assert_eq!(decrypt(ROOT, json!(null)), "implicit_deny resource null");
    assert_eq!(decrypt(USER, to("Allow", &json!({"AWS": ROOT}))), "allow identity Allow");
    assert_eq!(decrypt(ROOT, to("Allow", &json!({"AWS": ROOT}))), "allow root null");
    assert_eq!(decrypt(USER, to("Allow", &json!({"AWS": ROLE}))), "implicit_deny resource null");
    let trust = |principal: Value| json!({"Statement": [{"Sid": "Trust", "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]});
    let assume = |identity: Value, resource: Value| {
        let mut request = get(&aws(USER), &json!({"identity": identity, "resource": resource}));
        request["action"] = json!("sts:AssumeRole");
        request["resource"] = json!(ROLE);
        told(&request)
    };
    assert_eq!(
        assume(json!([policy("Allow")]), trust(json!({"Service": "ec2.amazonaws.com"}))),
        "implicit_deny resource null"
    );
    assert_eq!(assume(json!([policy("Allow")]), trust(json!({"AWS": OWN}))), "allow identity Allow");
    assert_eq!(assume(json!([]), trust(json!({"AWS": OWN}))), "implicit_deny identity null");
    assert_eq!(assume(json!([]), trust(json!({"AWS": USER}))), "allow resource Trust");
}

#[test]
fn what_aws_says_of_the_caller_is_known_without_being_said() {
    let only = |key: &str, value: &str| {
        json!({"resource": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*",
            "Resource": "*", "Condition": {"StringEquals": {key: value}}}]}})
    };
    let verdict =
        |caller: &Value, key: &str, value: &str| decide(&get(caller, &only(key, value))).verdict == Verdict::Allow;
    assert!(verdict(&aws(SESSION), "aws:PrincipalArn", "arn:aws:iam::111122223333:role/reader"));
    assert!(verdict(&aws(USER), "aws:principalarn", USER));
    assert!(verdict(&aws(USER), "aws:PrincipalAccount", OWN));
    let service = json!({"type": "service", "name": "logging.s3.amazonaws.com"});
    assert!(verdict(&service, "aws:PrincipalIsAWSService", "true"));
    assert!(verdict(&aws(USER), "aws:PrincipalIsAWSService", "false"));
    assert!(!verdict(&json!({"type": "anonymous"}), "aws:PrincipalIsAWSService", "false"));
    // What is said counts.
    let mut request = get(&aws(SESSION), &only("aws:PrincipalArn", ROLE));
    assert_eq!(decide(&request).verdict, Verdict::ImplicitDeny);
    request["context"] = json!({"aws:PrincipalArn": ROLE});
    assert_eq!(decide(&request).verdict, Verdict::Allow);
}

/// Through the endpoint `aws:SourceIp` is absent, off it `aws:SourceVpce` is, and a negated condition holds of an absent key.
#[test]
fn a_denial_by_where_a_request_comes_from_reaches_those_who_do_not_say() {
    let deny = |operator: &str, key: &str, value: &str| {
        json!({"identity": [policy("Allow")], "resource": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny",
            "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {operator: {key: value}}}]}})
    };
    let verdict = |policies: &Value, context: Value| {
        let mut request = get(&aws(USER), policies);
        request["context"] = context;
        decide(&request).verdict
    };
    let by_endpoint = deny("StringNotEquals", "aws:SourceVpce", "vpce-1");
    assert_eq!(verdict(&by_endpoint, json!({"aws:SourceVpce": "vpce-1"})), Verdict::Allow);
    assert_eq!(verdict(&by_endpoint, json!({"aws:SourceVpce": "vpce-2"})), Verdict::ExplicitDeny);
    assert_eq!(verdict(&by_endpoint, json!({"aws:SourceIp": "192.0.2.1"})), Verdict::ExplicitDeny);
    let by_address = deny("NotIpAddress", "aws:SourceIp", "192.0.2.0/24");
    assert_eq!(verdict(&by_address, json!({"aws:SourceIp": "192.0.2.1"})), Verdict::Allow);
    assert_eq!(verdict(&by_address, json!({"aws:SourceVpce": "vpce-1"})), Verdict::ExplicitDeny);
}

#[test]
fn a_pattern_asks_for_some_resource() {
    let ask = |resource: &str, statements: Value| {
        let mut request = get(&aws(USER), &json!({"identity": [{"Version": "2012-10-17", "Statement": statements}]}));
        request["resource"] = json!(resource);
        told(&request)
    };
    let allow = |resource: &str| json!({"Effect": "Allow", "Action": "*", "Resource": resource});
    let deny = |resource: &str| json!({"Effect": "Deny", "Action": "*", "Resource": resource});
    let (yes, no) = ("allow identity 0", "implicit_deny identity null");
    assert_eq!(ask("arn:aws:s3:::b/*", json!([allow("arn:aws:s3:::b/data/*")])), yes);
    assert_eq!(ask("arn:aws:s3:::b/*", json!([allow("arn:aws:s3:::c/*")])), no);
    assert_eq!(ask("*", json!([allow("arn:aws:s3:::c/*")])), yes);
    // What is denied leaves something over, or nothing.
    assert_eq!(ask("arn:aws:s3:::b/*", json!([allow("arn:aws:s3:::b/*"), deny("arn:aws:s3:::b/secret/*")])), yes);
    assert_eq!(
        ask("arn:aws:s3:::b/*", json!([allow("arn:aws:s3:::b/d*"), deny("arn:aws:s3:::b/*")])),
        "explicit_deny identity 1"
    );
    assert_eq!(ask("arn:aws:s3:::b/?", json!([allow("arn:aws:s3:::b/??")])), no);
}

#[test]
fn a_public_policy_is_cut_down_to_the_owners_account() {
    let public = to("Allow", &json!("*"));
    let strangers = [json!({"type": "anonymous"}), aws(STRANGER)];
    let decide = |principal: &Value, resource: &Value| {
        let line = get(principal, &json!({"identity": [policy("Allow")], "resource": resource})).to_string();
        let (request, policies) = read_request(&line).unwrap();
        evaluate(&request, &Policies { restrict_public_buckets: true, ..policies })
    };
    for stranger in &strangers {
        let decision = decide(stranger, &public);
        assert_eq!((decision.verdict, decision.because.layer), (Verdict::ImplicitDeny, Layer::PublicAccessBlock));
    }
    assert_eq!(decide(&aws(USER), &public).verdict, Verdict::Allow);
    assert_eq!(
        decide(&json!({"type": "service", "name": "logging.s3.amazonaws.com"}), &public).verdict,
        Verdict::Allow
    );
    // Even the part that is not public is cut, once some of the policy is; a policy that is not public stays as it is.
    let mut mixed = to("Allow", &json!({"AWS": STRANGER}));
    assert_eq!(decide(&strangers[1], &mixed).verdict, Verdict::Allow);
    mixed["Statement"].as_array_mut().unwrap().push(public["Statement"][0].clone());
    assert_eq!(decide(&strangers[1], &mixed).verdict, Verdict::ImplicitDeny);
}

#[test]
fn public_is_what_s3_calls_so() {
    let public = |principal: &str, condition: Value| {
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*", "Condition": condition});
        let line = get(
            &json!({"type": "anonymous"}),
            &json!({"resource": {"Version": "2012-10-17", "Statement": [statement]}}),
        );
        is_public(&read_request(&line.to_string()).unwrap().1.resource.unwrap())
    };
    for (condition, expected) in [
        (json!({}), true),
        (json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}), false),
        (json!({"StringLike": {"aws:SourceVpce": "vpce-*"}}), true),
        (json!({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}), true),
        (json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}), true),
        (json!({"ForAllValues:StringEquals": {"aws:SourceVpce": "vpce-1"}}), true),
        (json!({"StringEquals": {"aws:SourceVpc": "${aws:PrincipalTag/vpc}"}}), true),
        (json!({"IpAddress": {"aws:SourceIp": ["198.51.100.0/24", "10.0.0.0/8"]}}), false),
        (json!({"IpAddress": {"aws:SourceIp": ["198.51.100.0/24", "0.0.0.0/1"]}}), true),
        (json!({"IpAddress": {"aws:SourceIp": "2001:db8::/31"}}), true),
        (json!({"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}}), true),
        (json!({"StringEquals": {"s3:prefix": "x"}}), true),
        (json!({"StringEquals": {"aws:userid": "AROAEXAMPLE:monday"}}), false),
        (json!({"StringLike": {"aws:userid": "AROAEXAMPLE:*"}}), true),
        (json!({"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:111122223333:accesspoint/*"}}), false),
        (json!({"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:*:accesspoint/a"}}), true),
    ] {
        assert_eq!(public("*", condition.clone()), expected, "{condition}");
    }
}

#[test]
fn principals_are_read_from_their_arns_and_nothing_else_is() {
    for (arn, role) in [(SESSION, "arn:aws:iam::111122223333:role/reader"), (ROLE, ROLE), (USER, USER), (ROOT, ROOT)] {
        assert_eq!(Principal::from_arn(arn).unwrap().role_or_user_arn().as_deref(), Some(role));
    }
    for wrong in [
        "",
        "*",
        "111122223333",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:sts::111122223333:assumed-role/x",
        "arn:aws:iam:::user/x",
        "arn:aws:s3:::b",
    ] {
        assert!(Principal::from_arn(wrong).is_err(), "{wrong}");
    }
    let request = Request::new(Principal::from_arn(USER).unwrap(), "s3:GetObject", "arn:aws:s3:::b/k");
    assert_eq!(request.owner(), Some(OWN));
    assert_eq!(request.in_account("444455556666").owner(), Some("444455556666"));
}
