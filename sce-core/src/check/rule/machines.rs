//! What several rules ask of machines: of instances, and of the templates that outlive them and make the next ones.

use std::collections::{BTreeMap, BTreeSet};

use super::Observation;
use crate::aws::arn::SecurityGroupId;
use crate::aws::resource::{GroupRule, Peer, Properties, Protocol, SecurityGroup, Tenancy};
use crate::check::Facts;
use crate::cidr::Cidr;
use crate::machine::{Login, People};
use crate::model::Model;
use crate::value::Value;

/// The places of the bastion and of its template in every plan.
const BASTION: [&str; 2] = ["instance-bastion", "template-bastion"];

/// The place of the list of people in every plan.
const PEOPLE: &str = "people";

/// An instance or a template: what both say of a machine.
pub(super) struct Machine<'a> {
    pub(super) label: &'a str,
    pub(super) bastion: bool,
    pub(super) instance_type: &'a str,
    pub(super) groups: &'a BTreeSet<Value<SecurityGroupId>>,
    pub(super) public_address: bool,
    pub(super) metadata_token_required: bool,
    pub(super) detailed_monitoring: bool,
    pub(super) tenancy: Tenancy,
    pub(super) encrypted: bool,
}

/// Every instance and every template. What no plan made is taken for a machine that people work on.
pub(super) fn machines(model: &Model) -> impl Iterator<Item = Machine<'_>> {
    let instances = model.instances().map(|(resource, instance)| Machine {
        label: resource.label(),
        bastion: is_bastion(resource.label()),
        instance_type: &instance.instance_type,
        groups: &instance.groups,
        public_address: instance.public_address,
        metadata_token_required: instance.metadata_token_required,
        detailed_monitoring: instance.detailed_monitoring,
        tenancy: instance.tenancy,
        encrypted: instance.volumes_encrypted,
    });
    let templates = model.launch_templates().map(|(resource, template)| Machine {
        label: resource.label(),
        bastion: is_bastion(resource.label()),
        instance_type: &template.instance_type,
        groups: &template.groups,
        public_address: template.public_address,
        metadata_token_required: template.metadata_token_required,
        detailed_monitoring: template.detailed_monitoring,
        tenancy: template.tenancy,
        encrypted: template.root.as_ref().is_some_and(|root| root.encrypted),
    });
    instances.chain(templates)
}

/// Whether that place is the bastion's or its template's.
pub(super) fn is_bastion(label: &str) -> bool {
    BASTION.contains(&label)
}

/// The list of people that the machines read, under its label; none if it is not as sce writes it.
pub(super) fn people(model: &Model) -> impl Iterator<Item = (&str, Option<Vec<Login>>)> {
    let lists = model.bucket_objects().filter(|(resource, _)| resource.label() == PEOPLE);
    lists.map(|(resource, object)| {
        let people = serde_json::from_str::<People>(&object.content);
        (resource.label(), people.ok().map(|people| people.people))
    })
}

impl Machine<'_> {
    /// The family of its type, such as `m7i`.
    pub(super) fn family(&self) -> &str {
        self.instance_type.split('.').next().unwrap_or_default()
    }

    /// Whether EC2 refuses to start it: t2 knows no dedicated hardware (L94, L507).
    pub(super) fn cannot_start(&self) -> bool {
        self.family() == "t2" && self.tenancy == Tenancy::Dedicated
    }
}

/// The security groups, each once, that are around the machines that `which` picks; none for one that the model does not have.
pub(super) fn groups_around<'a>(
    model: &'a Model,
    which: impl Fn(&Machine<'a>) -> bool,
) -> BTreeMap<String, Option<&'a SecurityGroup>> {
    let machines = machines(model).filter(|machine| which(machine));
    machines.flat_map(|machine| machine.groups).filter_map(|group| found(model, group)).collect()
}

/// The groups among `values`, each under its label.
pub(super) fn groups_of<'a>(
    model: &'a Model,
    values: &'a BTreeSet<Value<SecurityGroupId>>,
) -> BTreeMap<String, Option<&'a SecurityGroup>> {
    values.iter().filter_map(|group| found(model, group)).collect()
}

/// The group under its label. One that could not be read is left to [`super::Rule::findings`], which says so.
fn found<'a>(model: &'a Model, value: &Value<SecurityGroupId>) -> Option<(String, Option<&'a SecurityGroup>)> {
    match (model.follow(value), value) {
        (Some(resource), _) => match &resource.properties {
            Properties::SecurityGroup(group) => Some((resource.label().to_owned(), Some(group))),
            _ => Some((resource.label().to_owned(), None)),
        },
        (None, Value::Ref(reference)) if model.unread.contains_key(&reference.node) => None,
        (None, Value::Ref(reference)) => Some((reference.node.to_string(), None)),
        (None, Value::Known(id)) => Some((id.to_string(), None)),
    }
}

/// What `examine` says of each group: the rule that it must not have, if there is one. A group unknown to the model is unknown.
pub(super) fn observe_groups(
    groups: BTreeMap<String, Option<&SecurityGroup>>,
    when_kept: &str,
    examine: impl Fn(&SecurityGroup) -> Option<String>,
) -> Vec<Observation> {
    let observe = |(label, group): (String, Option<&SecurityGroup>)| match group.map(&examine) {
        None => Observation::unknown(&label, "a machine is in this security group, and its rules are not known"),
        Some(None) => Observation::of(&label, true, when_kept, ""),
        Some(Some(broken)) => Observation::of(&label, false, "", &broken),
    };
    groups.into_iter().map(observe).collect()
}

/// One observation for each machine, by the same words.
pub(super) fn observe_machines(
    facts: &Facts<'_>,
    kept: impl Fn(&Machine<'_>) -> bool,
    when_kept: &str,
    when_broken: &str,
) -> Vec<Observation> {
    let observe = |machine: Machine<'_>| Observation::of(machine.label, kept(&machine), when_kept, when_broken);
    machines(facts.model).map(observe).collect()
}

/// Whether the rule is for that one TCP port and nothing else.
pub(super) fn is_port(rule: &GroupRule, port: u16) -> bool {
    rule.protocol == Protocol::Tcp && rule.ports == Some((port, port))
}

/// Whether a range lies inside a VPC of the model.
pub(super) fn is_inside(model: &Model, cidr: &Cidr) -> bool {
    model.vpcs().any(|(_, vpc)| vpc.cidr.covers(cidr))
}

/// A rule as people read it, such as `tcp port 22 from 0.0.0.0/0`; `way` is `from` or `to`.
pub(super) fn describe(rule: &GroupRule, way: &str) -> String {
    let protocol = match rule.protocol {
        Protocol::All => "all traffic".to_owned(),
        Protocol::Tcp => "tcp".to_owned(),
        Protocol::Udp => "udp".to_owned(),
        Protocol::Number(number) => format!("protocol {number}"),
    };
    let ports = match rule.ports {
        None => String::new(),
        Some((first, last)) if first == last => format!(" port {first}"),
        Some((first, last)) => format!(" ports {first} to {last}"),
    };
    let peer = match &rule.peer {
        Peer::Cidr(cidr) => cidr.to_string(),
        Peer::Group(Value::Known(group)) => format!("group {group}"),
        Peer::Group(Value::Ref(reference)) => format!("group {}", reference.node),
        Peer::PrefixList(list) => format!("list {list}"),
        Peer::Other(other) => other.clone(),
    };
    format!("{protocol}{ports} {way} {peer}")
}
