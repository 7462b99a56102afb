//! Every operator, with its prefixes and suffixes, on keys that are absent, single and many.

use serde_json::{Value, json};

use super::super::condition::Operator;
use super::{Verdict, decide};

/// Whether a statement of that effect applies under the condition; a grant of everything stands beside a denial.
fn applies(effect: &str, version: &str, condition: &Value, context: &Value) -> bool {
    let statement = |effect: &str, condition: &Value| json!({"Effect": effect, "Action": "s3:GetObject", "Resource": "*", "Condition": condition});
    let mut statements = vec![statement(effect, condition)];
    if effect == "Deny" {
        statements.push(statement("Allow", &json!({})));
    }
    let verdict = decide(&json!({
        "principal": {"type": "aws", "arn": "arn:aws:iam::111122223333:user/alice"},
        "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "resource_account": "111122223333",
        "context": context,
        "policies": {"identity": [{"Version": version, "Statement": statements}]},
    }))
    .verdict;
    if effect == "Deny" { verdict == Verdict::ExplicitDeny } else { verdict == Verdict::Allow }
}

fn holds(condition: &Value, context: &Value) -> bool {
    let (grants, denies) =
        (applies("Allow", "2012-10-17", condition, context), applies("Deny", "2012-10-17", condition, context));
    assert_eq!(grants, denies, "{condition} {context}");
    grants
}

/// Each row: an operator, what the policy says of `t:k`, what the request says of it, and whether that holds.
fn table(rows: &[(&str, Value, Value, bool)]) {
    for (operator, policy, request, expected) in rows {
        let condition = json!({*operator: {"t:K": policy}});
        assert_eq!(holds(&condition, &json!({"T:k": request})), *expected, "{operator} {policy} {request}");
    }
}

#[test]
fn texts_are_compared() {
    table(&[
        ("StringEquals", json!("a"), json!("a"), true),
        ("StringEquals", json!("a"), json!("A"), false),
        ("StringEquals", json!("a*"), json!("ab"), false),
        ("StringEquals", json!(["a", "b"]), json!("b"), true),
        ("StringNotEquals", json!(["a", "b"]), json!("b"), false),
        ("StringNotEquals", json!(["a", "b"]), json!("c"), true),
        ("StringEqualsIgnoreCase", json!("Ab"), json!("aB"), true),
        ("StringEqualsIgnoreCase", json!("É"), json!("é"), true),
        ("StringNotEqualsIgnoreCase", json!("Ab"), json!("aB"), false),
        ("StringLike", json!("a?c*"), json!("abcd"), true),
        ("StringLike", json!("a?c*"), json!("ABCD"), false),
        ("StringNotLike", json!("a*"), json!("ab"), false),
        ("StringNotLike", json!("a*"), json!("b"), true),
    ]);
}

#[test]
fn numbers_are_compared_by_what_they_are_worth() {
    table(&[
        ("NumericEquals", json!(10), json!("10.0"), true),
        ("NumericNotEquals", json!(10), json!(11), true),
        ("NumericLessThan", json!("1.2"), json!("1.1"), true),
        ("NumericLessThan", json!("1.2"), json!("1.2"), false),
        ("NumericLessThan", json!("9"), json!("10"), false),
        ("NumericLessThanEquals", json!("1.2"), json!(1.2), true),
        ("NumericGreaterThan", json!(3), json!(4), true),
        ("NumericGreaterThan", json!(4), json!(4), false),
        ("NumericGreaterThanEquals", json!(4), json!(4), true),
        ("NumericEquals", json!(10), json!("ten"), false),
        ("NumericNotEquals", json!(10), json!("ten"), true),
        ("NumericLessThan", json!([1, 5]), json!(4), true),
    ]);
}

#[test]
fn times_are_compared() {
    let day = json!("2026-03-01");
    table(&[
        ("DateEquals", day.clone(), json!("2026-03-01T00:00:00Z"), true),
        ("DateNotEquals", day.clone(), json!("2026-03-02T00:00:00Z"), true),
        ("DateLessThan", day.clone(), json!("2026-02-28T23:59:59Z"), true),
        ("DateLessThanEquals", day.clone(), json!("2026-03-01T01:00:00+01:00"), true),
        ("DateGreaterThan", day.clone(), json!("2026-03-01T00:00:00Z"), false),
        ("DateGreaterThanEquals", day.clone(), json!(1_772_323_200), true),
        ("DateGreaterThan", json!("1772323200"), json!("2026-03-02"), true),
        ("DateLessThan", day, json!("yesterday"), false),
    ]);
}

#[test]
fn flags_bytes_and_addresses_are_compared() {
    table(&[
        ("Bool", json!(true), json!("true"), true),
        ("Bool", json!("false"), json!(true), false),
        ("Bool", json!("True"), json!("TRUE"), true),
        ("Bool", json!("true"), json!("1"), false),
        ("BinaryEquals", json!("aGk="), json!("aGk="), true),
        ("BinaryEquals", json!("aGk="), json!("aGg="), false),
        ("IpAddress", json!("198.51.100.0/24"), json!("198.51.100.7"), true),
        ("IpAddress", json!("198.51.100.9/24"), json!("198.51.100.7"), true),
        ("IpAddress", json!("198.51.100.7"), json!("198.51.100.7"), true),
        ("IpAddress", json!(["10.0.0.0/8", "2001:db8::/32"]), json!("2001:db8::1"), true),
        ("IpAddress", json!("198.51.100.0/24"), json!("2001:db8::1"), false),
        ("IpAddress", json!("0.0.0.0/0"), json!("nowhere"), false),
        ("NotIpAddress", json!("198.51.100.0/24"), json!("198.51.101.7"), true),
        ("NotIpAddress", json!(["198.51.100.0/24", "203.0.113.0/24"]), json!("203.0.113.1"), false),
    ]);
}

#[test]
fn arns_are_compared_part_by_part_and_both_operators_are_wild() {
    let role = json!("arn:aws:iam::111122223333:role/sce/a");
    for (like, unlike) in [("ArnLike", "ArnNotLike"), ("ArnEquals", "ArnNotEquals")] {
        table(&[
            (like, json!("arn:aws:iam::111122223333:role/*"), role.clone(), true),
            (like, json!("arn:aws:iam::*:role/sce/?"), role.clone(), true),
            (like, json!("arn:aws:ec2:*"), role.clone(), false),
            (unlike, json!("arn:aws:iam::111122223333:role/*"), role.clone(), false),
            (unlike, json!("arn:aws:iam::111122223333:user/*"), role.clone(), true),
            (like, json!("arn:aws:iam::111122223333:role/*"), json!("no arn"), false),
        ]);
    }
}

/// A missing key fails a positive operator and satisfies a negated one, `IfExists` and `ForAllValues`.
#[test]
fn a_missing_key_decides_by_the_operator() {
    for word in Operator::words() {
        let operator = Operator::read(&word).unwrap();
        let value = match word.trim_start_matches("ForAllValues:").trim_start_matches("ForAnyValue:") {
            name if name.starts_with("Numeric") => "1",
            name if name.starts_with("Date") => "2026",
            name if name.starts_with("Bool") || name.starts_with("Null") => "true",
            name if name.contains("Ip") => "10.0.0.0/8",
            name if name.starts_with("Arn") => "arn:aws:s3:::b",
            _ => "aGk=",
        };
        let expected = match word.as_str() {
            "Null" => true,
            _ if operator.if_exists() || word.starts_with("ForAllValues") => true,
            _ if word.starts_with("ForAnyValue") => false,
            _ => word.contains("Not"),
        };
        let condition = json!({&word: {"t:k": value}});
        assert_eq!(holds(&condition, &json!({})), expected, "{word}");
        // No value at all is as good as no key.
        assert_eq!(holds(&condition, &json!({"t:k": []})), expected, "{word} of nothing");
        assert_eq!(holds(&condition, &json!({"t:k": null})), expected, "{word} of null");
    }
}

#[test]
fn a_key_that_exists_counts_whatever_the_suffix() {
    table(&[
        ("StringEqualsIfExists", json!("a"), json!("b"), false),
        ("StringNotEqualsIfExists", json!("a"), json!("a"), false),
        ("BoolIfExists", json!("true"), json!("true"), true),
        ("IpAddressIfExists", json!("10.0.0.0/8"), json!("192.0.2.1"), false),
        ("Null", json!("true"), json!("x"), false),
        ("Null", json!("false"), json!("x"), true),
        ("Null", json!(["true", "false"]), json!("x"), true),
    ]);
    assert!(!holds(&json!({"Null": {"t:k": "false"}}), &json!({})));
}

#[test]
fn several_values_are_taken_by_the_prefix() {
    table(&[
        ("ForAllValues:StringEquals", json!(["a", "b"]), json!(["a", "b"]), true),
        ("ForAllValues:StringEquals", json!(["a", "b"]), json!(["a", "c"]), false),
        ("ForAllValues:StringNotEquals", json!(["a", "b"]), json!(["c", "d"]), true),
        ("ForAllValues:StringNotEquals", json!(["a", "b"]), json!(["c", "a"]), false),
        ("ForAnyValue:StringLike", json!("a*"), json!(["b", "ab"]), true),
        ("ForAnyValue:StringLike", json!("a*"), json!(["b", "c"]), false),
        ("ForAnyValue:StringNotEquals", json!("a"), json!(["a", "b"]), true),
        ("ForAnyValue:StringNotEquals", json!("a"), json!(["a", "a"]), false),
        ("ForAllValues:NumericLessThan", json!(5), json!([1, 2, 3]), true),
        ("ForAnyValue:IpAddress", json!("10.0.0.0/8"), json!(["192.0.2.1", "10.1.1.1"]), true),
        ("ForAllValues:StringEqualsIfExists", json!("a"), json!(["a"]), true),
    ]);
}

/// AWS leaves it open what an operator without prefix makes of several values; a grant may match then, a denial may not.
#[test]
fn several_values_without_a_prefix_are_taken_on_the_safe_side() {
    let condition = json!({"StringEquals": {"t:k": "a"}});
    let some = json!({"t:k": ["a", "b"]});
    assert!(applies("Allow", "2012-10-17", &condition, &some));
    assert!(!applies("Deny", "2012-10-17", &condition, &some));
    assert!(holds(&condition, &json!({"t:k": ["a", "a"]})));
    assert!(holds(&condition, &json!({"t:k": ["a"]})));
}

#[test]
fn all_operators_and_all_keys_must_hold() {
    let condition = json!({"StringEquals": {"t:a": "1", "t:b": ["2", "3"]}, "Bool": {"t:c": true}});
    assert!(holds(&condition, &json!({"t:a": "1", "t:b": "3", "t:c": true})));
    for missed in [
        json!({"t:a": "2", "t:b": "3", "t:c": true}),
        json!({"t:a": "1", "t:b": "4", "t:c": true}),
        json!({"t:a": "1", "t:b": "3"}),
    ] {
        assert!(!holds(&condition, &missed), "{missed}");
    }
}

#[test]
fn variables_are_of_the_newer_language_only() {
    let condition = json!({"StringLike": {"s3:prefix": "home/${aws:username}/*"}});
    let context = json!({"aws:username": "alice", "s3:prefix": "home/alice/x"});
    assert!(applies("Allow", "2012-10-17", &condition, &context));
    assert!(!applies("Allow", "2008-10-17", &condition, &context));
    let literal = json!({"aws:username": "alice", "s3:prefix": "home/${aws:username}/x"});
    assert!(applies("Allow", "2008-10-17", &condition, &literal));
    // One that nobody says matches nothing, and so what must not match it does not.
    assert!(!applies("Allow", "2012-10-17", &condition, &json!({"s3:prefix": "home//x"})));
    let unlike = json!({"StringNotLike": {"s3:prefix": "home/${aws:username}/*"}});
    assert!(applies("Deny", "2012-10-17", &unlike, &json!({"s3:prefix": "home//x"})));
    // Several values are no one value.
    assert!(!applies(
        "Allow",
        "2012-10-17",
        &condition,
        &json!({"aws:username": ["alice", "bob"], "s3:prefix": "home/alice/x"})
    ));
}
