//! What holds of every policy, whatever it says.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::super::{Attachment, Document, Policies, Principal, Request, Verdict, evaluate};

const ACTIONS: [&str; 5] = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "kms:Decrypt", "iam:PassRole"];
const RESOURCES: [&str; 4] = ["arn:aws:s3:::b", "arn:aws:s3:::b/k", "arn:aws:s3:::b/x/y", "arn:aws:s3:::c/k"];
const CALLERS: [&str; 4] = [
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:iam::111122223333:role/reader",
    "arn:aws:sts::111122223333:assumed-role/reader/monday",
    "arn:aws:iam::444455556666:role/stranger",
];

fn action_pattern() -> impl Strategy<Value = &'static str> {
    select(vec!["*", "s3:*", "s3:Get*", "S3:GETOBJECT", "s3:?utObject", "kms:*", "iam:PassRole", "s3:List*"])
}

fn resource_pattern() -> impl Strategy<Value = &'static str> {
    select(vec![
        "*",
        "arn:aws:s3:::b",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::*/k",
        "arn:aws:s3:::b/${aws:username}",
        "arn:aws:s3:::?/x/*",
    ])
}

fn condition() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
        json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}),
        json!({"Bool": {"aws:SecureTransport": "false"}}),
        json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}),
        json!({"ForAnyValue:StringLike": {"aws:TagKeys": "a*"}}),
        json!({"ForAllValues:StringLike": {"aws:TagKeys": ["a*", "b"]}}),
        json!({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}),
        json!({"Null": {"aws:SourceIp": "true"}}),
    ])
}

fn principal() -> impl Strategy<Value = Value> {
    let mut all = vec![json!("*"), json!({"AWS": "111122223333"}), json!({"AWS": "444455556666"})];
    all.extend(CALLERS.iter().map(|arn| json!({"AWS": arn})));
    select(all)
}

fn statement(effect: &'static str, with_principal: bool) -> impl Strategy<Value = Value> {
    (action_pattern(), any::<bool>(), resource_pattern(), any::<bool>(), condition(), principal()).prop_map(
        move |(action, not_action, resource, not_resource, condition, principal)| {
            let mut statement = json!({"Effect": effect, "Condition": condition});
            statement[if not_action { "NotAction" } else { "Action" }] = json!(action);
            statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resource);
            if with_principal {
                statement["Principal"] = principal;
            }
            statement
        },
    )
}

fn statements(with_principal: bool) -> impl Strategy<Value = Vec<Value>> {
    let one = prop_oneof![statement("Allow", with_principal), statement("Deny", with_principal)];
    prop::collection::vec(one, 0..4)
}

fn document(statements: &[Value], attachment: Attachment) -> Arc<Document> {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    Arc::new(Document::read(&text, attachment).unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// The statements of every layer; the second of each pair tells whether there is such a layer at all.
#[derive(Clone, Debug)]
struct Layers {
    identity: Vec<Value>,
    resource: Vec<Value>,
    boundary: Option<Vec<Value>>,
    session: Option<Vec<Value>>,
    scp: Option<Vec<Value>>,
    endpoint: Option<Vec<Value>>,
}

impl Layers {
    fn policies(&self) -> Policies {
        let own = |statements: &Option<Vec<Value>>| {
            statements.iter().map(|statements| document(statements, Attachment::Identity)).collect::<Vec<_>>()
        };
        Policies {
            identity: vec![document(&self.identity, Attachment::Identity)],
            resource: Some(document(&self.resource, Attachment::Resource)),
            boundary: own(&self.boundary),
            session: own(&self.session),
            scp: self.scp.iter().map(|statements| vec![document(statements, Attachment::Identity)]).collect(),
            endpoint: self.endpoint.iter().map(|statements| document(statements, Attachment::Endpoint)).collect(),
            ..Policies::default()
        }
    }

    /// Every list of statements, and whether its statements name principals.
    fn each(&mut self) -> Vec<(&mut Vec<Value>, bool)> {
        let Self { identity, resource, boundary, session, scp, endpoint } = self;
        let mut all = vec![(identity, false), (resource, true)];
        all.extend([boundary, session, scp].into_iter().flatten().map(|statements| (statements, false)));
        all.extend(endpoint.as_mut().map(|statements| (statements, true)));
        all
    }
}

fn layers() -> impl Strategy<Value = Layers> {
    let maybe = |with_principal| prop::option::weighted(0.3, statements(with_principal));
    (statements(false), statements(true), maybe(false), maybe(false), maybe(false), maybe(true)).prop_map(
        |(identity, resource, boundary, session, scp, endpoint)| Layers {
            identity,
            resource,
            boundary,
            session,
            scp,
            endpoint,
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    let key = |name: &'static str, values: Vec<&'static str>| {
        prop::option::of(select(values)).prop_map(move |value| value.map(|value| (name, value)))
    };
    let keys = (
        key("aws:SourceVpce", vec!["vpce-1", "vpce-2"]),
        key("aws:SecureTransport", vec!["true", "false"]),
        key("aws:SourceIp", vec!["198.51.100.7", "192.0.2.1"]),
        key("aws:username", vec!["k", "*"]),
        key("aws:TagKeys", vec!["a1", "b"]),
    );
    (select(CALLERS.to_vec()), select(ACTIONS.to_vec()), select(RESOURCES.to_vec()), keys).prop_map(
        |(caller, action, resource, (a, b, c, d, e))| {
            let principal = Principal::from_arn(caller).expect("a principal");
            let plain = Request::new(principal, action, resource).in_account("111122223333");
            [a, b, c, d, e].into_iter().flatten().fold(plain, |request, (key, value)| request.with(key, value))
        },
    )
}

fn allowed(request: &Request, layers: &Layers) -> bool {
    evaluate(request, &layers.policies()).verdict == Verdict::Allow
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_denial_that_applies_wins_wherever_it_stands(request in request(), layers in layers(), at: prop::sample::Index) {
        let mut layers = layers;
        let denial = json!({"Sid": "Stop", "Effect": "Deny", "Action": "*", "Resource": "*"});
        let mut all = layers.each();
        let chosen = at.index(all.len());
        let (statements, with_principal) = &mut all[chosen];
        let mut denial = denial;
        if *with_principal {
            denial["Principal"] = json!("*");
        }
        statements.push(denial);
        prop_assert_eq!(evaluate(&request, &layers.policies()).verdict, Verdict::ExplicitDeny);
    }

    #[test]
    fn another_grant_takes_nothing_away(request in request(), layers in layers(), at: prop::sample::Index,
        own in statement("Allow", false), others in statement("Allow", true)) {
        let before = allowed(&request, &layers);
        let mut more = layers;
        let mut all = more.each();
        let chosen = at.index(all.len());
        let (statements, with_principal) = &mut all[chosen];
        statements.push(if *with_principal { others } else { own });
        prop_assert!(!before || allowed(&request, &more));
    }

    #[test]
    fn another_denial_gives_nothing(request in request(), layers in layers(), at: prop::sample::Index,
        own in statement("Deny", false), others in statement("Deny", true)) {
        let before = allowed(&request, &layers);
        let mut more = layers;
        let mut all = more.each();
        let chosen = at.index(all.len());
        let (statements, with_principal) = &mut all[chosen];
        statements.push(if *with_principal { others } else { own });
        prop_assert!(before || !allowed(&request, &more));
    }

    #[test]
    fn a_layer_more_gives_nothing(request in request(), layers in layers()) {
        let bare = Layers { boundary: None, session: None, scp: None, endpoint: None, ..layers.clone() };
        prop_assert!(!allowed(&request, &layers) || allowed(&request, &bare));
    }

    #[test]
    fn the_order_of_statements_and_documents_means_nothing(request in request(), layers in layers(), other in statements(false)) {
        let mut turned = layers.clone();
        turned.each().into_iter().for_each(|(statements, _)| statements.reverse());
        prop_assert_eq!(
            evaluate(&request, &layers.policies()).verdict,
            evaluate(&request, &turned.policies()).verdict
        );
        let mut apart = layers.policies();
        apart.identity.push(document(&other, Attachment::Identity));
        let mut turned = apart.clone();
        turned.identity.reverse();
        prop_assert_eq!(evaluate(&request, &apart).verdict, evaluate(&request, &turned).verdict);
    }

    #[test]
    fn the_case_of_actions_and_keys_means_nothing(request in request(), layers in layers()) {
        let shouted = Request { action: request.action.to_uppercase(), ..request.clone() };
        prop_assert_eq!(evaluate(&request, &layers.policies()), evaluate(&shouted, &layers.policies()));
    }

    /// What a list covers and what its complement covers is everything, and nothing twice.
    #[test]
    fn not_action_and_not_resource_are_complements(request in request(), actions in prop::collection::vec(action_pattern(), 1..3),
        resources in prop::collection::vec(resource_pattern(), 1..3)) {
        let granted = |action: &str, resource: &str| {
            let statement = json!({"Effect": "Allow", action: actions, resource: resources});
            let identity = vec![document(&[statement], Attachment::Identity)];
            let own = Request { resource_account: None, ..request.clone() };
            evaluate(&own, &Policies { identity, ..Policies::default() }).verdict == Verdict::Allow
        };
        let ways = [("Action", "Resource"), ("Action", "NotResource"), ("NotAction", "Resource"), ("NotAction", "NotResource")];
        prop_assert_eq!(ways.iter().filter(|(action, resource)| granted(action, resource)).count(), 1);
    }
}
