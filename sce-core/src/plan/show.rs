//! The plan for people.

use std::fmt::Write as _;

use super::{Node, Plan, Scope};
use crate::aws::resource::{Encryption, Properties, RouteTarget};
use crate::value::Value;

pub(super) fn text(plan: &Plan) -> String {
    let mut out = String::new();
    let short = plan.digest.get(..12).unwrap_or_default();
    let offline = if plan.offline { ", placeholders for the account" } else { "" };
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "Plan {short} for `{}` in {} ({}){offline}: {} things\n",
        plan.pit,
        plan.account,
        plan.region,
        plan.nodes.len()
    );
    let width = |text: &dyn Fn(&Node) -> usize| plan.nodes.iter().map(text).max().unwrap_or(0);
    let (ids, names) = (width(&|node| node.id.as_str().len()), width(&|node| node.name.len()));
    for node in &plan.nodes {
        let scope = match node.scope {
            Scope::Pit => "",
            Scope::Account => " [account, stays]",
            Scope::Existing => " [exists, not touched]",
        };
        let _ =
            writeln!(out, "  {:ids$}  {:names$}  {}{scope}", node.id.as_str(), node.name, summary(&node.properties));
    }
    out
}

/// What matters most about a thing, in a few words.
fn summary(properties: &Properties) -> String {
    match properties {
        Properties::Vpc(vpc) => format!("{}, {:?} tenancy", vpc.cidr, vpc.tenancy).to_lowercase(),
        Properties::Subnet(subnet) => {
            let public = if subnet.public_address_on_launch { "public addresses" } else { "no public address" };
            format!("{} in {}, {public}", subnet.cidr, subnet.zone)
        }
        Properties::InternetGateway(_) => "attached to the VPC".to_owned(),
        Properties::ElasticIp(_) => "public address of the NAT gateway".to_owned(),
        Properties::NatGateway(_) => "way out of the private subnet, no way in".to_owned(),
        Properties::RouteTable(table) if table.main => "main: rules subnets without a table of their own".to_owned(),
        Properties::RouteTable(_) => "local route".to_owned(),
        Properties::Route(route) => format!("{} -> {}", route.destination, target(&route.target)),
        Properties::RouteTableAssociation(association) => {
            format!("{} ruled by {}", value(&association.subnet), value(&association.table))
        }
        Properties::GatewayEndpoint(endpoint) => {
            format!("{}, {} policy statements", endpoint.service, endpoint.policy.statements().len())
        }
        Properties::DefaultSecurityGroup(group) if group.ingress.is_empty() && group.egress.is_empty() => {
            "emptied".to_owned()
        }
        Properties::DefaultSecurityGroup(_) => "has rules".to_owned(),
        Properties::NetworkAcl(acl) => format!("{} rules in, {} out", acl.ingress.len(), acl.egress.len()),
        Properties::FlowLog(log) => format!("{:?} traffic to the log group", log.traffic).to_lowercase(),
        Properties::LogGroup(group) => match group.retention_days {
            Some(days) => format!("kept {days} days, encrypted"),
            None => "kept for ever".to_owned(),
        },
        Properties::Role(role) => {
            let bound = if role.permissions_boundary.is_some() { ", within the boundary" } else { "" };
            format!("managed policies: {}, inline: {}{bound}", role.policies.len(), role.inline_policies.len())
        }
        Properties::ManagedPolicy(policy) => format!("{} statements", policy.document.statements().len()),
        Properties::KmsKey(key) => {
            format!("customer-managed, {}", if key.rotation { "rotated yearly" } else { "not rotated" })
        }
        Properties::KmsAlias(alias) => format!("names {}", value(&alias.key)),
        Properties::Bucket(bucket) => {
            let encryption = match bucket.encryption {
                Encryption::S3 => "SSE-S3",
                Encryption::Kms { .. } => "SSE-KMS with the PIT's key",
            };
            let versions = if bucket.versioning { "versioned" } else { "not versioned" };
            let access =
                if bucket.public_access_blocked { "public access blocked" } else { "public access not blocked" };
            format!("{encryption}, {versions}, {access}")
        }
        Properties::BucketObject(object) => format!("{}, {} bytes", object.key, object.content.len()),
        Properties::SecurityGroup(group) => format!("{} rules in, {} out", group.ingress.len(), group.egress.len()),
        Properties::KeyPair(_) => "public half of a key pair made here".to_owned(),
        Properties::InstanceProfile(profile) => {
            format!("lends {}", profile.role.as_ref().map_or_else(|| "nothing".to_owned(), value))
        }
        Properties::InterfaceEndpoint(endpoint) => endpoint.service.clone(),
        Properties::InstanceConnectEndpoint(endpoint) => {
            let seen = if endpoint.preserve_client_ip { "the caller's address" } else { "its own address" };
            format!("in {}, machines see {seen}", value(&endpoint.subnet))
        }
        Properties::SessionDocument(document) => {
            let recorded =
                document.log_group.as_deref().map_or("not recorded".to_owned(), |group| format!("recorded in {group}"));
            format!("sessions end after {} idle minutes, {recorded}", document.idle_minutes)
        }
        Properties::LaunchTemplate(template) => {
            let metadata = if template.metadata_token_required { "IMDSv2" } else { "IMDSv1" };
            let root = if template.root.as_ref().is_some_and(|root| root.encrypted) {
                "encrypted root"
            } else {
                "root in clear"
            };
            format!("{} from {}, {metadata}, {root}", template.instance_type, template.image)
        }
        Properties::Instance(instance) => {
            let public = if instance.public_address { "public address" } else { "no public address" };
            format!("{} in {}, {public}", instance.instance_type, value(&instance.subnet))
        }
        Properties::Volume(volume) => {
            let encrypted = if volume.encrypted { "encrypted" } else { "in clear" };
            format!("{} GiB {}, {encrypted}", volume.size_gib, volume.volume_type)
        }
        Properties::DatabaseSubnetGroup(group) => format!("{} subnets", group.subnets.len()),
        Properties::DatabaseParameterGroup(group) => format!("{}, {} settings", group.family, group.parameters.len()),
        Properties::DatabaseInstance(database) => {
            let public = if database.public { "public" } else { "private" };
            let encrypted = if database.encrypted { "encrypted" } else { "in clear" };
            format!("{} {} on {}, {public}, {encrypted}", database.engine, database.major_version, database.class)
        }
        Properties::Table(table) => {
            let keys: Vec<&str> =
                std::iter::once(&table.partition_key).chain(&table.sort_key).map(String::as_str).collect();
            let recovery = if table.point_in_time_recovery { "restorable" } else { "not restorable" };
            format!("an entry each {}, {recovery}", keys.join(" and "))
        }
        Properties::Queue(queue) => {
            let days = queue.retention_seconds / 86_400;
            let letters = queue.redrive.as_ref().map_or_else(String::new, |redrive| {
                format!(", then to {} after {} tries", value(&redrive.queue), redrive.max_receives)
            });
            format!("messages kept {days} days{letters}")
        }
        Properties::Topic(topic) => {
            let encrypted = if topic.key.is_some() { "encrypted with the PIT's key" } else { "not encrypted" };
            encrypted.to_owned()
        }
        Properties::Subscription(subscription) => {
            format!("{} from {}, once confirmed", subscription.protocol, value(&subscription.topic))
        }
        Properties::Function(function) => {
            let code = function.code_sha256.get(..12).unwrap_or_default();
            format!("{} as {}, code {code}", function.runtime, value(&function.role))
        }
        Properties::FunctionPermission(permission) => format!("{} may call it", permission.service),
        Properties::BucketNotification(notification) => {
            let events: Vec<&str> = notification.events.iter().map(String::as_str).collect();
            format!("{} to {}", events.join(", "), value(&notification.function))
        }
        Properties::VolumeAttachment(attachment) => {
            format!("{} to {} as {}", value(&attachment.volume), value(&attachment.instance), attachment.device)
        }
        Properties::Trail(trail) => {
            let regions = if trail.all_regions { "all regions" } else { "one region" };
            format!("{regions}, {}", if trail.validated { "files validated" } else { "files not validated" })
        }
        Properties::ConfigRecorder(recorder) if recorder.everything => "records every type of resource".to_owned(),
        Properties::ConfigRecorder(_) => "records some types of resources".to_owned(),
        Properties::EbsEncryption(ebs) if ebs.by_default => "new volumes are encrypted".to_owned(),
        Properties::EbsEncryption(_) => "new volumes are in clear unless asked".to_owned(),
        Properties::PublicAccessBlock(block) if block.blocked => "all four blocks on".to_owned(),
        Properties::PublicAccessBlock(_) => "some blocks off".to_owned(),
        Properties::PasswordPolicy(policy) => format!("{} characters or more", policy.minimum_length),
        Properties::MetricFilter(filter) => format!("counts {}", filter.metric),
        Properties::Alarm(alarm) => match alarm.tells.len() {
            0 => format!("on {}, tells nobody", alarm.metric),
            topics => format!("on {}, tells {topics} topics", alarm.metric),
        },
        Properties::Detector(detector) if detector.enabled => "watches".to_owned(),
        Properties::Detector(_) => "does not watch".to_owned(),
    }
}

fn target(target: &RouteTarget) -> String {
    match target {
        RouteTarget::InternetGateway(id) => value(id),
        RouteTarget::NatGateway(id) => value(id),
        RouteTarget::Other(id) => id.clone(),
    }
}

/// The thing referred to by its place in the plan, which people can look up; what is known, as it is.
fn value<T: std::fmt::Display>(value: &Value<T>) -> String {
    match value {
        Value::Known(known) => known.to_string(),
        Value::Ref(reference) => reference.node.to_string(),
    }
}
