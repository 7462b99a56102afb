//! A difference in sentences: what a thing does now that it did not, and the other way round.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{Names, policies, tags_off};
use crate::aws::resource::{
    AccessLog, AclRule, Bucket, DefaultSecurityGroup, Difference, Encryption, GatewayEndpoint, GroupRule, Instance,
    InterfaceEndpoint, KmsKey, LogGroup, NetworkAcl, Peer, Properties, Protocol, Role, Route, RouteTarget,
    SecurityGroup, Subnet,
};
use crate::model::Resource;
use crate::value::Value;

/// What happened to a thing, a sentence each; at least one.
pub(super) fn sentences(names: &Names, before: Option<&Resource>, now: Option<&Resource>) -> Vec<String> {
    match (before, now) {
        (Some(before), Some(now)) => changed(names, before, now),
        (Some(before), None) => vec![gone(names, before)],
        (None, Some(now)) => vec![added(names, now)],
        (None, None) => Vec::new(),
    }
}

fn gone(names: &Names, before: &Resource) -> String {
    match &before.properties {
        Properties::Route(route) => {
            format!(
                "route table {} no longer sends {} to {}",
                table(names, route),
                route.destination,
                target(names, &route.target)
            )
        }
        Properties::RouteTableAssociation(one) => {
            format!(
                "{} is no longer ruled by route table {}, so that the VPC's main table rules it",
                value(names, &one.subnet),
                value(names, &one.table)
            )
        }
        _ => format!("{} is gone", names.thing(before)),
    }
}

fn added(names: &Names, now: &Resource) -> String {
    match &now.properties {
        Properties::Route(route) => {
            format!(
                "route table {} now sends {} to {}",
                table(names, route),
                route.destination,
                target(names, &route.target)
            )
        }
        Properties::Subnet(subnet) => {
            format!("subnet {} ({}) is in the network and in no plan", now.name, subnet.cidr)
        }
        _ => format!("{} is there and in no plan", names.thing(now)),
    }
}

fn changed(names: &Names, before: &Resource, now: &Resource) -> Vec<String> {
    let it = names.thing(now);
    let mut told = match (&before.properties, &now.properties) {
        (Properties::Route(before), Properties::Route(now)) => vec![route(names, before, now)],
        (Properties::RouteTableAssociation(before), Properties::RouteTableAssociation(now)) => vec![format!(
            "{} is now ruled by route table {}, not by {}",
            value(names, &now.subnet),
            value(names, &now.table),
            value(names, &before.table)
        )],
        (Properties::Subnet(before), Properties::Subnet(now)) => subnet(&it, before, now),
        (Properties::SecurityGroup(before), Properties::SecurityGroup(now)) => group(names, &it, before, now),
        (Properties::DefaultSecurityGroup(before), Properties::DefaultSecurityGroup(now)) => {
            default_group(&it, before, now)
        }
        (Properties::NetworkAcl(before), Properties::NetworkAcl(now)) => acl(names, &it, before, now),
        (Properties::Bucket(before), Properties::Bucket(now)) => bucket(names, &it, before, now),
        (Properties::KmsKey(before), Properties::KmsKey(now)) => key(names, &it, before, now),
        (Properties::GatewayEndpoint(before), Properties::GatewayEndpoint(now)) => endpoint(names, &it, before, now),
        (Properties::InterfaceEndpoint(before), Properties::InterfaceEndpoint(now)) => {
            interface_endpoint(names, &it, before, now)
        }
        (Properties::Role(before), Properties::Role(now)) => role(names, &it, before, now),
        (Properties::ManagedPolicy(before), Properties::ManagedPolicy(now)) => {
            policies::sentences(names, &it, Some(&before.document), Some(&now.document))
        }
        (Properties::Queue(before), Properties::Queue(now)) => {
            policies::sentences(names, &it, before.policy.as_ref(), now.policy.as_ref())
        }
        (Properties::Topic(before), Properties::Topic(now)) => {
            policies::sentences(names, &it, before.policy.as_ref(), now.policy.as_ref())
        }
        (Properties::LogGroup(before), Properties::LogGroup(now)) => log_group(names, &it, before, now),
        (Properties::Instance(before), Properties::Instance(now)) => instance(names, &it, before, now),
        _ => Vec::new(),
    };
    let said = said(&before.properties);
    let rest = before.properties.differences(&now.properties);
    told.extend(rest.iter().filter(|one| !said.contains(&one.field.as_str())).map(|one| plain(names, &it, one)));
    told.extend(tags_off(before, now).map(|(key, planned, found)| match found {
        Some(found) => format!("the tag `{key}` of {it} is `{found}`, not `{planned}`"),
        None => format!("the tag `{key}` of {it} is gone"),
    }));
    told
}

/// The properties that the sentences of a kind tell of; the others are told plainly.
const fn said(properties: &Properties) -> &'static [&'static str] {
    match properties {
        Properties::Route(_) => &["target"],
        Properties::RouteTableAssociation(_) => &["table"],
        Properties::Subnet(_) => &["public_address_on_launch"],
        Properties::SecurityGroup(_) | Properties::DefaultSecurityGroup(_) => &["ingress", "egress"],
        Properties::NetworkAcl(_) => &["ingress", "egress", "subnets"],
        Properties::Bucket(_) => &[
            "encryption",
            "versioning",
            "ownership_enforced",
            "public_access_blocked",
            "policy",
            "access_log",
            "lifecycle",
        ],
        Properties::KmsKey(_) => &["policy", "rotation", "enabled"],
        Properties::GatewayEndpoint(_) => &["policy", "route_tables"],
        Properties::InterfaceEndpoint(_) => &["policy", "groups", "subnets"],
        Properties::Role(_) => &["trust", "policies", "inline_policies", "permissions_boundary", "max_session_seconds"],
        Properties::ManagedPolicy(_) => &["document"],
        Properties::Queue(_) | Properties::Topic(_) => &["policy"],
        Properties::LogGroup(_) => &["retention_days", "key"],
        Properties::Instance(_) => {
            &["metadata_token_required", "metadata_hop_limit", "public_address", "groups", "volumes_encrypted"]
        }
        _ => &[],
    }
}

/// A property by its name, with its values where they are short.
fn plain(names: &Names, it: &str, difference: &Difference) -> String {
    let short = |json: &Json| match json {
        Json::Null => Some("none".to_owned()),
        Json::Bool(_) | Json::Number(_) => Some(json.to_string()),
        Json::String(text) => Some(names.value(text)).filter(|text| text.len() <= 80),
        Json::Array(items) if items.is_empty() => Some("none".to_owned()),
        Json::Object(fields) if fields.is_empty() => Some("none".to_owned()),
        Json::Array(_) | Json::Object(_) => None,
    };
    let field = difference.field.replace('_', " ");
    match (short(&difference.planned), short(&difference.found)) {
        (Some(planned), Some(found)) => format!("the {field} of {it} is {found}, not {planned}"),
        _ => format!("the {field} of {it} is not as planned"),
    }
}

fn route(names: &Names, before: &Route, now: &Route) -> String {
    format!(
        "route table {} now sends {} to {}, not to {}",
        table(names, now),
        now.destination,
        target(names, &now.target),
        target(names, &before.target)
    )
}

fn table(names: &Names, route: &Route) -> String {
    value(names, &route.table)
}

fn target(names: &Names, target: &RouteTarget) -> String {
    match target {
        RouteTarget::InternetGateway(id) => value(names, id),
        RouteTarget::NatGateway(id) => value(names, id),
        RouteTarget::Other(id) => names.value(id),
    }
}

fn value<T: std::fmt::Display>(names: &Names, value: &Value<T>) -> String {
    names.value(&value.to_string())
}

fn subnet(it: &str, before: &Subnet, now: &Subnet) -> Vec<String> {
    match (before.public_address_on_launch, now.public_address_on_launch) {
        (false, true) => vec![format!("what starts in {it} now gets a public address")],
        (true, false) => vec![format!("what starts in {it} gets no public address any more")],
        _ => Vec::new(),
    }
}

fn group(names: &Names, it: &str, before: &SecurityGroup, now: &SecurityGroup) -> Vec<String> {
    let way = |verb: &str, preposition: &str, before: &BTreeSet<GroupRule>, now: &BTreeSet<GroupRule>| {
        let told = |rule: &GroupRule| {
            format!("{} {preposition} {}", traffic(rule.protocol, rule.ports), peer(names, &rule.peer))
        };
        // A rule whose description alone changed opens nothing.
        let (was, is): (BTreeSet<String>, BTreeSet<String>) =
            (before.iter().map(told).collect(), now.iter().map(told).collect());
        let new = is.difference(&was).map(|rule| format!("{it} now lets {verb} {rule}"));
        let lost = was.difference(&is).map(|rule| format!("{it} no longer lets {verb} {rule}"));
        let reworded = was == is && before != now;
        let reworded = reworded.then(|| format!("a rule of {it} that lets {verb} has another description"));
        new.chain(lost).chain(reworded).collect::<Vec<_>>()
    };
    [way("in", "from", &before.ingress, &now.ingress), way("out", "to", &before.egress, &now.egress)].concat()
}

fn default_group(it: &str, before: &DefaultSecurityGroup, now: &DefaultSecurityGroup) -> Vec<String> {
    let way = |verb: &str, before: &BTreeSet<String>, now: &BTreeSet<String>| {
        let new = now.difference(before).map(|rule| format!("the VPC's {it} now lets {verb}: {rule}"));
        new.collect::<Vec<_>>()
    };
    [way("in", &before.ingress, &now.ingress), way("out", &before.egress, &now.egress)].concat()
}

fn acl(names: &Names, it: &str, before: &NetworkAcl, now: &NetworkAcl) -> Vec<String> {
    let way = |direction: &str, before: &BTreeMap<u16, AclRule>, now: &BTreeMap<u16, AclRule>| {
        let told = |number: &u16, rule: &AclRule| {
            let verb = if rule.allow { "allows" } else { "denies" };
            let preposition = if direction == "in" { "from" } else { "to" };
            format!(
                "{verb} {} {preposition} {} {direction} (rule {number})",
                traffic(rule.protocol, rule.ports),
                rule.cidr
            )
        };
        let new = now.iter().filter(|(number, rule)| before.get(*number) != Some(*rule));
        let new = new.map(|(number, rule)| format!("{it} now {}", told(number, rule)));
        let lost = before.iter().filter(|(number, _)| !now.contains_key(*number));
        let lost = lost.map(|(number, rule)| format!("{it} no longer {}", told(number, rule)));
        new.chain(lost).collect::<Vec<_>>()
    };
    let guards = now.subnets.difference(&before.subnets).map(|one| format!("{it} now guards {}", value(names, one)));
    let leaves = before.subnets.difference(&now.subnets);
    let leaves = leaves.map(|one| format!("{it} no longer guards {}", value(names, one)));
    let subnets: Vec<String> = guards.chain(leaves).collect();
    [subnets, way("in", &before.ingress, &now.ingress), way("out", &before.egress, &now.egress)].concat()
}

/// `tcp 22`, `udp 1024-65535`, `all traffic`.
fn traffic(protocol: Protocol, ports: Option<(u16, u16)>) -> String {
    let name = match protocol {
        Protocol::All => return "all traffic".to_owned(),
        Protocol::Tcp => "tcp".to_owned(),
        Protocol::Udp => "udp".to_owned(),
        Protocol::Number(1) => "icmp".to_owned(),
        Protocol::Number(number) => format!("protocol {number}"),
    };
    match ports {
        None | Some((0, u16::MAX)) => name,
        Some((first, last)) if first == last => format!("{name} {first}"),
        Some((first, last)) => format!("{name} {first}-{last}"),
    }
}

fn peer(names: &Names, peer: &Peer) -> String {
    match peer {
        Peer::Cidr(range) => range.to_string(),
        Peer::Group(group) => format!("group {}", value(names, group)),
        Peer::PrefixList(text) | Peer::Other(text) => names.value(text),
    }
}

fn bucket(names: &Names, it: &str, before: &Bucket, now: &Bucket) -> Vec<String> {
    let mut told = Vec::new();
    if before.public_access_blocked && !now.public_access_blocked {
        told.push(format!("the public access block of {it} is no longer on in all four parts"));
    }
    told.extend(policies::sentences(names, it, before.policy.as_ref(), now.policy.as_ref()));
    if before.encryption != now.encryption {
        let with = |encryption: &Encryption| match encryption {
            Encryption::S3 => "keys of S3's own".to_owned(),
            Encryption::Kms { key, bucket_key } => {
                let saved = if *bucket_key { "" } else { ", without a bucket key" };
                format!("the key {}{saved}", value(names, key))
            }
        };
        told.push(format!(
            "new objects in {it} are encrypted with {}, not with {}",
            with(&now.encryption),
            with(&before.encryption)
        ));
    }
    match (before.versioning, now.versioning) {
        (true, false) => told.push(format!("{it} no longer keeps what is overwritten or deleted")),
        (false, true) => told.push(format!("{it} now keeps what is overwritten or deleted")),
        _ => {}
    }
    if before.ownership_enforced && !now.ownership_enforced {
        told.push(format!("objects in {it} can have access lists and other owners again"));
    }
    if before.access_log != now.access_log {
        let into = |log: &AccessLog| format!("`{}` under `{}`", log.bucket, log.prefix);
        told.push(match &now.access_log {
            None => format!("requests to {it} are no longer recorded"),
            Some(log) => format!("requests to {it} are now recorded in {}", into(log)),
        });
    }
    told.extend(lifecycle(it, before, now));
    told
}

fn lifecycle(it: &str, before: &Bucket, now: &Bucket) -> Vec<String> {
    let names: BTreeSet<&String> = before.lifecycle.keys().chain(now.lifecycle.keys()).collect();
    let told = names.into_iter().filter_map(|name| match (before.lifecycle.get(name), now.lifecycle.get(name)) {
        (Some(before), Some(now)) if before == now => None,
        (Some(_), None) => Some(format!("{it} lost its lifecycle rule `{name}`")),
        (_, Some(now)) => {
            let drops = now.expire_days.map(|days| format!(": it drops objects after {days} days")).unwrap_or_default();
            Some(format!("the lifecycle rule `{name}` of {it} is not as planned{drops}"))
        }
        (None, None) => None,
    });
    told.collect()
}

fn key(names: &Names, it: &str, before: &KmsKey, now: &KmsKey) -> Vec<String> {
    let enabled = match (before.enabled, now.enabled) {
        (true, false) => Some(format!("{it} is disabled: nothing that was encrypted with it can be read")),
        (false, true) => Some(format!("{it} is enabled")),
        _ => None,
    };
    let rotation = match (before.rotation, now.rotation) {
        (true, false) => Some(format!("{it} is no longer rotated")),
        (false, true) => Some(format!("{it} is now rotated")),
        _ => None,
    };
    let policy = policies::sentences(names, it, Some(&before.policy), Some(&now.policy));
    enabled.into_iter().chain(policy).chain(rotation).collect()
}

fn endpoint(names: &Names, it: &str, before: &GatewayEndpoint, now: &GatewayEndpoint) -> Vec<String> {
    let lost = before.route_tables.difference(&now.route_tables);
    let lost = lost.map(|table| format!("{it} no longer serves route table {}", value(names, table)));
    let new = now.route_tables.difference(&before.route_tables);
    let new = new.map(|table| format!("{it} now serves route table {}", value(names, table)));
    lost.chain(new).chain(policies::sentences(names, it, Some(&before.policy), Some(&now.policy))).collect()
}

fn interface_endpoint(names: &Names, it: &str, before: &InterfaceEndpoint, now: &InterfaceEndpoint) -> Vec<String> {
    let groups = around(names, it, &before.groups, &now.groups, "group");
    let subnets = around(names, it, &before.subnets, &now.subnets, "subnet");
    let policy = policies::sentences(names, it, Some(&before.policy), Some(&now.policy));
    [groups, subnets, policy].concat()
}

/// What a thing lies in now and did not, and the other way round.
fn around<T: std::fmt::Display + Ord>(
    names: &Names,
    it: &str,
    before: &BTreeSet<Value<T>>,
    now: &BTreeSet<Value<T>>,
    what: &str,
) -> Vec<String> {
    let new = now.difference(before).map(|one| format!("{it} is now in {what} {}", value(names, one)));
    let lost = before.difference(now).map(|one| format!("{it} is no longer in {what} {}", value(names, one)));
    new.chain(lost).collect()
}

fn role(names: &Names, it: &str, before: &Role, now: &Role) -> Vec<String> {
    let mut told =
        policies::sentences(names, &format!("{it} about who may take it on"), Some(&before.trust), Some(&now.trust));
    let attached = now.policies.difference(&before.policies);
    told.extend(attached.map(|policy| format!("{it} now also has the policy {}", value(names, policy))));
    let detached = before.policies.difference(&now.policies);
    told.extend(detached.map(|policy| format!("{it} no longer has the policy {}", value(names, policy))));
    let inline = now.inline_policies.difference(&before.inline_policies);
    told.extend(inline.map(|name| format!("{it} now has an inline policy `{name}`")));
    if before.permissions_boundary != now.permissions_boundary {
        told.push(match &now.permissions_boundary {
            None => format!("{it} is no longer bound by a permissions boundary"),
            Some(boundary) => format!("{it} is now bound by {boundary}"),
        });
    }
    if before.max_session_seconds != now.max_session_seconds {
        let (is, was) = (now.max_session_seconds, before.max_session_seconds);
        told.push(format!("sessions of {it} may last {is} seconds, not {was}"));
    }
    told
}

fn log_group(names: &Names, it: &str, before: &LogGroup, now: &LogGroup) -> Vec<String> {
    let mut told = Vec::new();
    if before.retention_days != now.retention_days {
        let days = |days: Option<u32>| days.map_or_else(|| "for ever".to_owned(), |days| format!("for {days} days"));
        told.push(format!("{it} keeps records {}, not {}", days(now.retention_days), days(before.retention_days)));
    }
    match (&before.key, &now.key) {
        (before, now) if before == now => {}
        (_, None) => told.push(format!("{it} is no longer encrypted with a key of the project's")),
        (_, Some(key)) => told.push(format!("{it} is now encrypted with the key {}", value(names, key))),
    }
    told
}

fn instance(names: &Names, it: &str, before: &Instance, now: &Instance) -> Vec<String> {
    let mut told = Vec::new();
    match (before.metadata_token_required, now.metadata_token_required) {
        (true, false) => told.push(format!("the metadata service of {it} answers without a session token (IMDSv1)")),
        (false, true) => told.push(format!("the metadata service of {it} now asks for a session token")),
        _ => {}
    }
    if before.metadata_hop_limit != now.metadata_hop_limit {
        let (is, was) = (now.metadata_hop_limit, before.metadata_hop_limit);
        told.push(format!("answers of the metadata service of {it} may go {is} hops, not {was}"));
    }
    match (before.public_address, now.public_address) {
        (false, true) => told.push(format!("{it} has a public address")),
        (true, false) => told.push(format!("{it} has no public address any more")),
        _ => {}
    }
    told.extend(around(names, it, &before.groups, &now.groups, "group"));
    if before.volumes_encrypted && !now.volumes_encrypted {
        told.push(format!("a volume that is not encrypted is attached to {it}"));
    }
    told
}
