//! What several rules ask of a model: routes, guards and policies.

use crate::aws::policy::{Conditions, Effect, Policy, Principal, Statement, Text};
use crate::aws::resource::{AclRule, Bucket, Kind, NetworkAcl, Properties, Protocol, Role, Route, RouteTable, Subnet};
use crate::check::Facts;
use crate::cidr::Cidr;
use crate::model::{Model, Resource};
use crate::value::Value;

/// The place of Sprivate in every plan.
const PRIVATE_SUBNET: &str = "subnet-private";

/// The places of the buckets that hold what researchers work on: S3D, S3O and S3A.
const STORES: [&str; 3] = ["bucket-data", "bucket-output", "bucket-ancillary"];

/// The table that rules a subnet: the one associated with it, else its VPC's main one.
pub(super) fn route_table_of<'a>(model: &'a Model, resource: &Resource, subnet: &Subnet) -> Option<&'a Resource> {
    let mut associations = model.associations();
    let explicit = associations.find(|(_, association)| is(model.follow(&association.subnet), resource));
    let main = |table: &RouteTable| table.main && table.vpc == subnet.vpc;
    match explicit {
        Some((_, association)) => model.follow(&association.table),
        None => model.route_tables().find(|(_, table)| main(table)).map(|(resource, _)| resource),
    }
}

/// The routes of a table, the local one aside.
pub(super) fn routes_of<'a>(model: &'a Model, table: &'a Resource) -> impl Iterator<Item = &'a Route> {
    model.routes().filter(move |(_, route)| is(model.follow(&route.table), table)).map(|(_, route)| route)
}

/// The routes that rule a subnet.
pub(super) fn routes_from<'a>(model: &'a Model, resource: &Resource, subnet: &Subnet) -> Vec<&'a Route> {
    route_table_of(model, resource, subnet).map(|table| routes_of(model, table).collect()).unwrap_or_default()
}

/// Sprivate, when the model has it.
pub(super) fn private_subnet(model: &Model) -> Option<(&Resource, &Subnet)> {
    model.subnets().find(|(resource, _)| resource.label() == PRIVATE_SUBNET)
}

/// Sprivate, and every other subnet where databases may lie.
pub(super) fn private_subnets(model: &Model) -> impl Iterator<Item = (&Resource, &Subnet)> {
    let for_databases = |subnet: &Resource| {
        let mut named = model.database_subnet_groups().flat_map(|(_, group)| &group.subnets);
        named.any(|named| is(model.follow(named), subnet))
    };
    model.subnets().filter(move |(resource, _)| resource.label() == PRIVATE_SUBNET || for_databases(resource))
}

/// The ACLs that guard a subnet, default ones not among them.
pub(super) fn acls_of<'a>(
    model: &'a Model,
    subnet: &'a Resource,
) -> impl Iterator<Item = (&'a Resource, &'a NetworkAcl)> {
    let guards = |acl: &NetworkAcl| acl.subnets.iter().any(|guarded| is(model.follow(guarded), subnet));
    model.network_acls().filter(move |(_, acl)| guards(acl))
}

/// Whether a range is so wide that it tells nobody apart: wider than any one organisation's (an IPv4 /8, an IPv6 /16).
pub(super) fn is_the_world(cidr: &Cidr) -> bool {
    cidr.prefix_len() < if cidr.is_ipv4() { 8 } else { 16 }
}

/// The rules of one direction that let something pass: allowing ones that no earlier refusal makes moot.
pub(super) fn effective_allows<'a>(rules: impl IntoIterator<Item = &'a AclRule>) -> Vec<&'a AclRule> {
    let mut refused: Vec<&AclRule> = Vec::new();
    let mut allowed = Vec::new();
    for rule in rules {
        match rule.allow {
            true if !refused.iter().any(|earlier| covers(earlier, rule)) => allowed.push(rule),
            true => {}
            false => refused.push(rule),
        }
    }
    allowed
}

fn covers(wide: &AclRule, narrow: &AclRule) -> bool {
    let protocol = wide.protocol == Protocol::All || wide.protocol == narrow.protocol;
    let ports = match (wide.ports, narrow.ports) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => wide.0 <= narrow.0 && narrow.1 <= wide.1,
    };
    protocol && ports && wide.cidr.covers(&narrow.cidr)
}

/// The buckets that hold what researchers work on.
pub(super) fn stores<'a>(facts: &Facts<'a>) -> impl Iterator<Item = (&'a Resource, &'a Bucket)> {
    facts.model.buckets().filter(|(resource, _)| STORES.contains(&resource.label()))
}

/// The stores that are declared to hold PHI.
pub(super) fn phi_stores<'a>(facts: &Facts<'a>) -> impl Iterator<Item = (&'a Resource, &'a Bucket)> {
    let declared = &facts.declared.phi_stores;
    facts.model.buckets().filter(|(resource, _)| declared.contains(resource.label()))
}

/// Whether a value leads to a thing of that kind in the model.
pub(super) fn leads_to<T: ToString>(model: &Model, value: &Value<T>, kind: Kind) -> bool {
    model.follow(value).is_some_and(|resource| resource.properties.kind() == kind)
}

/// Whether the policy refuses everyone each action on each resource, under conditions that satisfy `when`.
pub(super) fn refuses(
    policy: Option<&Policy>,
    actions: &[&str],
    resources: &[String],
    when: impl Fn(&Conditions) -> bool,
) -> bool {
    let statements = policy.map(Policy::statements).unwrap_or_default();
    let refusals: Vec<&Statement> =
        statements.iter().filter(|statement| refuses_everyone(statement) && when(&statement.conditions)).collect();
    let refused = |action: &str, resource: &str| {
        refusals.iter().any(|statement| {
            any_action_matches(&statement.actions, action) && any_resource_matches(&statement.resources, resource)
        })
    };
    actions.iter().all(|action| resources.iter().all(|resource| refused(action, resource)))
}

fn refuses_everyone(statement: &Statement) -> bool {
    statement.effect == Effect::Deny && statement.principal == Some(Principal::Everyone)
}

/// A bucket and its objects, as policies name them.
pub(super) fn bucket_and_objects(name: &str, policy: Option<&Policy>) -> [String; 2] {
    let bucket = format!("arn:{}:s3:::{name}", partition(policy));
    [bucket.clone(), format!("{bucket}/*")]
}

/// Whether the policy of a queue or topic refuses everyone each action on it, under conditions that satisfy `when`.
pub(super) fn refuses_on_itself(
    resource: &Resource,
    policy: Option<&Policy>,
    actions: &[&str],
    when: impl Fn(&Conditions) -> bool,
) -> bool {
    let statements = policy.map(Policy::statements).unwrap_or_default().iter();
    let refusals: Vec<&Statement> = statements
        .filter(|statement| refuses_everyone(statement) && when(&statement.conditions) && names(statement, resource))
        .collect();
    actions.iter().all(|action| refusals.iter().any(|statement| any_action_matches(&statement.actions, action)))
}

/// Whether a statement is about the thing: by reference, as a live model has it, or by an ARN that ends with its name.
fn names(statement: &Statement, resource: &Resource) -> bool {
    statement.resources.iter().any(|named| match named {
        Value::Ref(reference) => resource.node.as_ref() == Some(&reference.node),
        Value::Known(pattern) => matches(pattern.rsplit(':').next().unwrap_or_default(), &resource.name),
    })
}

/// The account, as the name of its registry tells.
pub(super) fn account(model: &Model) -> Option<&str> {
    model.resource("registry")?.name.strip_prefix("sce-registry-")?.split('-').next()
}

/// Whether the conditions are that the request comes in clear text, and no other: every further one would let some of it pass.
pub(super) fn is_clear_text(conditions: &Conditions) -> bool {
    let values = [crate::aws::policy::text("false")].into();
    *conditions == [("Bool".to_owned(), [("aws:SecureTransport".to_owned(), values)].into())].into()
}

/// The partition that a policy's own ARNs name. A policy can name no bucket of another partition.
fn partition(policy: Option<&Policy>) -> &str {
    let statements = policy.map(Policy::statements).unwrap_or_default();
    let mut resources =
        statements.iter().flat_map(|statement| &statement.resources).filter_map(|resource| resource.known());
    resources.find_map(|arn| arn.split(':').nth(1)).unwrap_or("aws")
}

/// Whether the statement grants to that AWS service.
pub(super) fn serves(statement: &Statement, service: &str) -> bool {
    services(statement).any(|named| named == service)
}

/// Whether the statement grants to a service whose name begins so; the rest of the name is the region.
pub(super) fn serves_prefix(statement: &Statement, prefix: &str) -> bool {
    services(statement).any(|named| named.starts_with(prefix))
}

fn services(statement: &Statement) -> impl Iterator<Item = &str> {
    let listed = match (&statement.effect, &statement.principal) {
        (Effect::Allow, Some(Principal::Listed(listed))) => listed.get("Service"),
        _ => None,
    };
    listed.into_iter().flatten().filter_map(|name| name.known()).map(String::as_str)
}

/// What a condition key is compared with, whatever the operator; AWS ignores the case of keys.
pub(super) fn values_of<'a>(conditions: &'a Conditions, key: &str) -> Vec<&'a Text> {
    let named = conditions.values().flatten().filter(|(named, _)| named.eq_ignore_ascii_case(key));
    named.flat_map(|(_, values)| values).collect()
}

/// Whether the statement grants to whoever asks: to everyone, or to all but some.
pub(super) fn grants_everyone(statement: &Statement) -> bool {
    statement.effect == Effect::Allow
        && (statement.not_principal.is_some() || statement.principal.as_ref().is_some_and(names_everyone))
}

fn names_everyone(principal: &Principal) -> bool {
    match principal {
        Principal::Everyone => true,
        Principal::Listed(listed) => listed.values().flatten().any(|name| name.known().is_some_and(|name| name == "*")),
    }
}

/// Whether one of the keys must equal a value that names something: no negation, no `IfExists`, no lone wildcard.
pub(super) fn is_limited_by(conditions: &Conditions, keys: &[&str]) -> bool {
    let demands = |operator: &str| {
        let positive = ["StringEquals", "StringLike", "ArnEquals", "ArnLike", "IpAddress", "StringEqualsIgnoreCase"];
        positive.iter().any(|known| operator.trim_start_matches("ForAnyValue:") == *known)
    };
    let named = |key: &str| keys.iter().any(|wanted| key.eq_ignore_ascii_case(wanted));
    conditions
        .iter()
        .filter(|(operator, _)| demands(operator))
        .any(|(_, demanded)| demanded.iter().any(|(key, values)| named(key) && !values.iter().any(names_nothing)))
}

/// Whether a condition's value fits anything: `*`, an ARN of any account or with a wildcard for a name, every address.
pub(super) fn names_nothing(value: &Text) -> bool {
    let world = |text: &str| text.parse::<Cidr>().is_ok_and(|cidr| is_the_world(&cidr));
    value.known().is_some_and(|text| text == "*" || names_nobody(text) || world(text))
}

fn names_nobody(arn: &str) -> bool {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, _, _, account, resource] = fields.as_slice() else { return false };
    let name = resource.split_once('/').map_or(*resource, |(_, name)| name);
    *account == "*" || name == "*"
}

/// The documents of the managed policies attached to a role, as far as the model has them.
pub(super) fn policies_of<'a>(model: &'a Model, role: &'a Role) -> impl Iterator<Item = &'a Policy> {
    role.policies.iter().filter_map(|policy| match &model.follow(policy)?.properties {
        Properties::ManagedPolicy(policy) => Some(&policy.document),
        _ => None,
    })
}

/// Which of the actions these policies allow, in statements about what `concerns` says; conditions are not weighed.
pub(super) fn allowing<'a>(
    policies: impl Iterator<Item = &'a Policy>,
    actions: &[&'static str],
    concerns: impl Fn(&Statement) -> bool,
) -> Vec<&'static str> {
    let grants = policies.flat_map(Policy::statements).filter(|statement| statement.effect == Effect::Allow);
    let grants: Vec<&Statement> = grants.filter(|statement| concerns(statement)).collect();
    let allows = |action: &str, statement: &Statement| {
        any_action_matches(&statement.actions, action)
            || (!statement.not_actions.is_empty() && !any_action_matches(&statement.not_actions, action))
    };
    actions.iter().copied().filter(|action| grants.iter().any(|statement| allows(action, statement))).collect()
}

/// Whether any of a policy's action patterns fits the action; AWS ignores their case.
pub(super) fn any_action_matches<'a>(patterns: impl IntoIterator<Item = &'a Text>, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let fits = |pattern: &String| matches(&pattern.to_ascii_lowercase(), &action);
    patterns.into_iter().any(|pattern| pattern.known().is_some_and(fits))
}

/// Whether any of a policy's resource patterns fits the ARN, case and all.
pub(super) fn any_resource_matches<'a>(patterns: impl IntoIterator<Item = &'a Text>, arn: &str) -> bool {
    patterns.into_iter().any(|pattern| pattern.known().is_some_and(|pattern| matches(pattern, arn)))
}

/// Whether a pattern fits a text: `*` stands for any characters, `?` for one.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                // The last star takes one character more.
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, t) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

fn is(found: Option<&Resource>, wanted: &Resource) -> bool {
    found.is_some_and(|found| match (&found.node, &wanted.node) {
        (Some(found), Some(wanted)) => found == wanted,
        (None, None) => found.name == wanted.name && found.properties.kind() == wanted.properties.kind(),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::aws::policy::text;
    use crate::check::rule::testing::Scene;

    fn rule(allow: bool, cidr: &str, ports: Option<(u16, u16)>) -> AclRule {
        AclRule { allow, protocol: Protocol::Tcp, cidr: cidr.parse().unwrap(), ports }
    }

    #[test]
    fn a_subnet_follows_its_own_table_else_the_main_one() {
        let mut scene = Scene::clean();
        let label = |scene: &Scene| {
            let (resource, subnet) = private_subnet(&scene.model).unwrap();
            route_table_of(&scene.model, resource, subnet).unwrap().label().to_owned()
        };
        assert_eq!(label(&scene), "route-table-private");
        scene.remove("association-private");
        assert_eq!(label(&scene), "route-table-main");
    }

    #[test]
    fn a_range_wider_than_an_organisation_is_the_world() {
        let cases =
            [("0.0.0.0/0", true), ("10.0.0.0/7", true), ("10.0.0.0/8", false), ("::/0", true), ("2001::/16", false)];
        for (cidr, world) in cases {
            assert_eq!(is_the_world(&cidr.parse().unwrap()), world, "{cidr}");
        }
    }

    #[test]
    fn only_a_refusal_of_all_of_it_makes_a_rule_moot() {
        let ssh = rule(true, "0.0.0.0/0", Some((22, 22)));
        let cases = [
            (rule(false, "0.0.0.0/0", Some((0, 1023))), 0),
            (rule(false, "0.0.0.0/0", None), 0),
            (rule(false, "0.0.0.0/1", Some((22, 22))), 1),
            (rule(false, "0.0.0.0/0", Some((23, 80))), 1),
            (AclRule { protocol: Protocol::Udp, ..rule(false, "0.0.0.0/0", Some((22, 22))) }, 1),
        ];
        for (refusal, allows) in cases {
            assert_eq!(effective_allows([&refusal, &ssh]).len(), allows, "{refusal:?}");
        }
    }

    #[test]
    fn a_limit_must_name_something_and_bind() {
        let limited = |operator: &str, value: &str| {
            let statement = Statement::allow("A").when(operator, "aws:principalarn", [text(value)]);
            is_limited_by(&statement.conditions, &["aws:PrincipalArn"])
        };
        assert!(limited("ArnLike", "arn:aws:iam::111122223333:role/R*") && limited("ForAnyValue:StringLike", "x"));
        for value in ["*", "arn:aws:iam::111122223333:role/*", "arn:aws:iam::111122223333:*", "arn:aws:iam::*:role/R"] {
            assert!(!limited("ArnLike", value), "{value}");
        }
        assert!(
            !limited("ArnNotLike", "x")
                && !limited("StringEqualsIfExists", "x")
                && !limited("ForAllValues:StringLike", "x")
        );
    }

    #[test]
    fn patterns_fit_as_aws_says() {
        let cases = [
            ("s3:*", "s3:GetObject", true),
            ("s3:Get?bject", "s3:GetObject", true),
            ("s3:Get*Acl", "s3:GetObjectAcl", true),
            ("s3:Get*Acl", "s3:GetObject", false),
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
            ("a*b*c", "aXbYbZc", true),
            ("s3:GetObject", "s3:GetObjectAcl", false),
        ];
        for (pattern, text, fits) in cases {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn case_counts_in_resources_and_not_in_actions() {
        let patterns = [text("S3:GETOBJECT")];
        assert!(any_action_matches(&patterns, "s3:GetObject") && !any_resource_matches(&patterns, "s3:GetObject"));
    }

    fn slowly(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), None) => slowly(rest, text),
            (Some((b'*', rest)), Some((_, after))) => slowly(rest, text) || slowly(pattern, after),
            (Some((one, rest)), Some((other, after))) => (*one == b'?' || one == other) && slowly(rest, after),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn patterns_fit_as_the_definition_says(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            prop_assert_eq!(matches(&pattern, &text), slowly(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
