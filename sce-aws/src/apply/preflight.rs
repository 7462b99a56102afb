//! Before the first change: whether the account and the region have what the plan takes. All that is short is told at once.
//!
//! It only reads. What cannot be asked is told as not checked and stops nothing: the creating call says it then.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_ec2::types::{AccountAttributeName, Filter, InstanceType, LocationType, Tag};
use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use sce_core::aws::resource::{Kind, Properties};
use sce_core::pit::{TAG_ID, TAG_PIT};
use sce_core::plan::{Node, Plan};
use sce_core::value::{NodeId, Value};
use serde::Serialize;

use crate::error::{CloudError, Trouble, cloud};
use crate::session::Session;
use crate::tags::filter;

/// What a list of divergences calls quotas of an emulator that enforces none.
const BEHAVIOUR: &str = "quota";

/// What errors call it.
const LABEL: &str = "preflight";

/// Something that the account or the region does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "short")]
pub enum Shortage {
    /// A quota is used up, or nearly.
    Quota {
        /// What is counted.
        what: String,
        /// How many there may be.
        limit: u64,
        /// How many there are.
        used: u64,
        /// How many more the plan takes.
        needed: u64,
    },
    /// AWS does not offer it there.
    NotOffered {
        /// What.
        what: String,
        /// Where.
        place: String,
    },
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quota { what, limit, used, needed } => {
                write!(f, "{what}: the plan takes {needed} more, and {used} of {limit} are used")
            }
            Self::NotOffered { what, place } => write!(f, "{what} is not offered in `{place}`"),
        }
    }
}

/// What looking ahead showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outlook {
    pub(super) shortages: Vec<Shortage>,
    /// What was not checked, and why.
    pub(super) not_checked: Vec<String>,
}

/// What came of one question.
type Answer = Result<Option<Shortage>, CloudError>;

/// Looks ahead for what these nodes take, which the journal does not know to be there.
pub(super) async fn outlook(session: &Session, plan: &Plan, missing: &[&Node]) -> Outlook {
    let ahead = Ahead { session, plan };
    let counted = |kind: Kind| {
        let shown = !session.divergences.behaviours(kind).any(|entry| entry.field == BEHAVIOUR);
        let of_kind: Vec<&Node> = missing.iter().filter(|node| node.properties.kind() == kind).copied().collect();
        (shown && !of_kind.is_empty()).then_some(of_kind)
    };
    let mut questions: Vec<(&str, BoxFuture<'_, Answer>)> = Vec::new();
    if let Some(nodes) = counted(Kind::Vpc) {
        questions.push(("the quota of VPCs", ahead.vpcs(nodes).boxed()));
    }
    if let Some(nodes) = counted(Kind::InternetGateway) {
        questions.push(("the quota of internet gateways", ahead.internet_gateways(nodes).boxed()));
    }
    if let Some(nodes) = counted(Kind::ElasticIp) {
        questions.push(("the quota of public addresses", ahead.addresses(nodes).boxed()));
    }
    if let Some(nodes) = counted(Kind::NatGateway) {
        questions.push(("the quota of NAT gateways", ahead.nat_gateways(nodes).boxed()));
    }
    if let Some(nodes) = counted(Kind::Instance) {
        questions.push(("the quota of vCPUs", ahead.virtual_processors(nodes).boxed()));
    }
    for (instance_type, zone) in ahead.types(missing) {
        questions.push(("where instance types are offered", ahead.offered(instance_type, zone).boxed()));
    }
    for (service, zone) in ahead.services(missing) {
        questions.push(("where endpoint services are offered", ahead.served(service, zone).boxed()));
    }
    let mut outlook = Outlook::default();
    if missing.iter().any(|node| node.properties.kind() == Kind::DatabaseInstance) {
        outlook.not_checked.push("whether the zone has the database's class, and the quota of databases".to_owned());
    }
    let (names, answers): (Vec<_>, Vec<_>) = questions.into_iter().unzip();
    for (name, answer) in names.into_iter().zip(join_all(answers).await) {
        match answer {
            Ok(None) => {}
            Ok(Some(shortage)) => outlook.shortages.push(shortage),
            Err(error) => outlook.not_checked.push(format!("{name}: {error}")),
        }
    }
    outlook
}

/// A short quota; none where it suffices.
fn quota(what: impl Into<String>, limit: u64, used: u64, needed: u64) -> Option<Shortage> {
    (used + needed > limit).then(|| Shortage::Quota { what: what.into(), limit, used, needed })
}

struct Ahead<'a> {
    session: &'a Session,
    plan: &'a Plan,
}

impl Ahead<'_> {
    async fn vpcs(&self, nodes: Vec<&Node>) -> Answer {
        let listed = self.session.ec2.describe_vpcs().into_paginator().items().send().try_collect();
        let (found, limit) = tokio::join!(listed, self.limit("vpc", "L-F678F1CE"));
        let found = found.map_err(cloud("DescribeVpcs", LABEL))?;
        let needed = self.needed(&nodes, found.iter().map(|vpc| vpc.tags()));
        Ok(quota("VPCs in the region", limit?, found.len() as u64, needed))
    }

    async fn internet_gateways(&self, nodes: Vec<&Node>) -> Answer {
        let listed = self.session.ec2.describe_internet_gateways().into_paginator().items().send().try_collect();
        let (found, limit) = tokio::join!(listed, self.limit("vpc", "L-A4707A72"));
        let found = found.map_err(cloud("DescribeInternetGateways", LABEL))?;
        let needed = self.needed(&nodes, found.iter().map(|gateway| gateway.tags()));
        Ok(quota("internet gateways in the region", limit?, found.len() as u64, needed))
    }

    async fn addresses(&self, nodes: Vec<&Node>) -> Answer {
        let attribute = AccountAttributeName::from("vpc-max-elastic-ips");
        let asked = self.session.ec2.describe_account_attributes().attribute_names(attribute.clone()).send();
        let (found, attributes) = tokio::join!(self.session.ec2.describe_addresses().send(), asked);
        let found = found.map_err(cloud("DescribeAddresses", LABEL))?;
        let attributes = attributes.map_err(cloud("DescribeAccountAttributes", LABEL))?;
        let named = attributes.account_attributes().iter().find(|one| one.attribute_name() == Some(attribute.as_str()));
        let value = named.and_then(|one| one.attribute_values().first()?.attribute_value()?.parse().ok());
        let limit = value.ok_or_else(|| CloudError::unreadable("DescribeAccountAttributes", LABEL, "no such quota"))?;
        let needed = self.needed(&nodes, found.addresses().iter().map(|address| address.tags()));
        Ok(quota("public addresses (Elastic IPs) in the region", limit, found.addresses().len() as u64, needed))
    }

    /// Gateways are counted by zone; those that are being deleted count (aws-behaviour 5).
    async fn nat_gateways(&self, nodes: Vec<&Node>) -> Answer {
        let states = any_of("state", ["pending", "available", "deleting"]);
        let listed = self.session.ec2.describe_nat_gateways().filter(states).into_paginator().items().send();
        let subnets = self.session.ec2.describe_subnets().into_paginator().items().send().try_collect();
        let (found, subnets, limit) = tokio::join!(listed.try_collect(), subnets, self.limit("vpc", "L-FE5A380F"));
        let (found, subnets) =
            (found.map_err(cloud("DescribeNatGateways", LABEL))?, subnets.map_err(cloud("DescribeSubnets", LABEL))?);
        let zone_of = |id: Option<&str>| {
            subnets.iter().find(|subnet| subnet.subnet_id() == id).and_then(|subnet| subnet.availability_zone())
        };
        let mut short = None;
        for zone in nodes.iter().filter_map(|node| self.zone(node)).collect::<BTreeSet<_>>() {
            let here: Vec<&Node> =
                nodes.iter().filter(|node| self.zone(node).as_ref() == Some(&zone)).copied().collect();
            let there = found.iter().filter(|gateway| zone_of(gateway.subnet_id()) == Some(zone.as_str()));
            let needed = self.needed(&here, there.clone().map(|gateway| gateway.tags()));
            let limit = *limit.as_ref().map_err(again)?;
            short = short.or(quota(format!("NAT gateways in `{zone}`"), limit, there.count() as u64, needed));
        }
        Ok(short)
    }

    /// vCPUs of running machines of the standard families, which share one quota.
    async fn virtual_processors(&self, nodes: Vec<&Node>) -> Answer {
        let standard = |name: &str| name.starts_with(|first: char| "acdhimrtz".contains(first));
        let types: Vec<&str> = nodes.iter().filter_map(|node| type_of(node)).filter(|name| standard(name)).collect();
        if types.is_empty() {
            return Err(CloudError::plain("GetServiceQuota", LABEL, Trouble::Unreadable, "no standard family"));
        }
        let asked: BTreeSet<&str> = types.iter().copied().collect();
        let asked = asked.into_iter().map(InstanceType::from).collect();
        let described = self.session.ec2.describe_instance_types().set_instance_types(Some(asked)).send();
        let states = any_of("instance-state-name", ["pending", "running"]);
        let running = self.session.ec2.describe_instances().filters(states).into_paginator().items().send();
        let (described, running, limit) =
            tokio::join!(described, running.try_collect(), self.limit("ec2", "L-1216C47A"));
        let described = described.map_err(cloud("DescribeInstanceTypes", LABEL))?;
        let running = running.map_err(cloud("DescribeInstances", LABEL))?;
        let each: BTreeMap<&str, u64> = described
            .instance_types()
            .iter()
            .filter_map(|one| Some((one.instance_type()?.as_str(), count(one.v_cpu_info()?.default_v_cpus()?))))
            .collect();
        let machines = running.iter().flat_map(|reservation| reservation.instances());
        let of_standard = machines.clone().filter(|one| one.instance_type().is_some_and(|one| standard(one.as_str())));
        let used = of_standard
            .filter_map(|one| one.cpu_options())
            .map(|cpu| count(cpu.core_count().unwrap_or(0)) * count(cpu.threads_per_core().unwrap_or(1)));
        let there: BTreeSet<String> = machines.filter_map(|one| self.ours(one.tags())).collect();
        let missing = nodes.iter().filter(|node| !there.contains(node.id.as_str()));
        let needed = missing.filter_map(|node| each.get(type_of(node)?)).sum();
        Ok(quota("vCPUs of running on-demand standard machines", limit?, used.sum(), needed))
    }

    async fn offered(&self, instance_type: &str, zone: String) -> Answer {
        let request = self.session.ec2.describe_instance_type_offerings().location_type(LocationType::AvailabilityZone);
        let request = request.filters(filter("instance-type", instance_type)).filters(filter("location", &zone));
        let answer = request.send().await.map_err(cloud("DescribeInstanceTypeOfferings", LABEL))?;
        let (what, place) = (format!("instance type `{instance_type}`"), zone);
        Ok(answer.instance_type_offerings().is_empty().then_some(Shortage::NotOffered { what, place }))
    }

    /// An interface endpoint is asked for in its zone, a gateway endpoint in the region.
    async fn served(&self, service: &str, zone: Option<String>) -> Answer {
        let request = self.session.ec2.describe_vpc_endpoint_services().service_names(service);
        let place = zone.clone().unwrap_or_else(|| self.plan.region.to_string());
        let short = Some(Shortage::NotOffered { what: format!("an endpoint of `{service}`"), place });
        let answer = match request.send().await.map_err(cloud("DescribeVpcEndpointServices", LABEL)) {
            Err(error) if error.has_code("InvalidServiceName") => return Ok(short),
            other => other?,
        };
        let serves = answer
            .service_details()
            .iter()
            .any(|details| zone.as_ref().is_none_or(|zone| details.availability_zones().contains(zone)));
        Ok(short.filter(|_| !serves))
    }

    /// The quota as applied to the account, or AWS's default where none was applied.
    async fn limit(&self, service: &str, code: &str) -> Result<u64, CloudError> {
        let request = self.session.service_quotas.get_service_quota().service_code(service).quota_code(code);
        let applied = request.send().await.map_err(cloud("GetServiceQuota", LABEL));
        let quota = match applied {
            Err(error) if error.has_code("NoSuchResourceException") => {
                let request = self.session.service_quotas.get_aws_default_service_quota();
                let sent = request.service_code(service).quota_code(code).send().await;
                sent.map_err(cloud("GetAWSDefaultServiceQuota", LABEL))?.quota
            }
            other => other?.quota,
        };
        let value = quota.and_then(|quota| quota.value());
        let unreadable = || CloudError::unreadable("GetServiceQuota", LABEL, format!("quota `{code}` has no value"));
        // Quotas of things that are counted are whole and far below what a float holds exactly.
        value.map(|value| value as u64).ok_or_else(unreadable)
    }

    /// How many of the nodes have nothing that bears their tags.
    fn needed<'t>(&self, nodes: &[&Node], found: impl Iterator<Item = &'t [Tag]>) -> u64 {
        let there: BTreeSet<String> = found.filter_map(|tags| self.ours(tags)).collect();
        nodes.iter().filter(|node| !there.contains(node.id.as_str())).count() as u64
    }

    /// The node that tags name, if they are this environment's.
    fn ours(&self, tags: &[Tag]) -> Option<String> {
        let value = |key: &str| tags.iter().find(|tag| tag.key() == Some(key))?.value();
        (value(TAG_PIT)? == self.plan.pit.as_str()).then(|| value(TAG_ID).map(str::to_owned))?
    }

    fn types<'n>(&self, missing: &[&'n Node]) -> BTreeSet<(&'n str, String)> {
        missing.iter().filter_map(|node| Some((type_of(node)?, self.zone(node)?))).collect()
    }

    fn services<'n>(&self, missing: &[&'n Node]) -> BTreeSet<(&'n str, Option<String>)> {
        let of = |node: &&'n Node| match &node.properties {
            Properties::InterfaceEndpoint(endpoint) => Some((endpoint.service.as_str(), self.zone(node))),
            Properties::GatewayEndpoint(endpoint) => Some((endpoint.service.as_str(), None)),
            _ => None,
        };
        missing.iter().filter_map(of).collect()
    }

    /// The zone of the subnet that a node stands in.
    fn zone(&self, node: &Node) -> Option<String> {
        let subnet: &NodeId = match &node.properties {
            Properties::Instance(instance) => node_of(&instance.subnet)?,
            Properties::NatGateway(gateway) => node_of(&gateway.subnet)?,
            Properties::InterfaceEndpoint(endpoint) => node_of(endpoint.subnets.first()?)?,
            _ => return None,
        };
        match &self.plan.node(subnet)?.properties {
            Properties::Subnet(subnet) => Some(subnet.zone.to_string()),
            _ => None,
        }
    }
}

fn node_of<T>(value: &Value<T>) -> Option<&NodeId> {
    match value {
        Value::Ref(reference) => Some(&reference.node),
        Value::Known(_) => None,
    }
}

fn type_of(node: &Node) -> Option<&str> {
    match &node.properties {
        Properties::Instance(instance) => Some(&instance.instance_type),
        _ => None,
    }
}

fn any_of<const N: usize>(name: &str, values: [&str; N]) -> Filter {
    Filter::builder().name(name).set_values(Some(values.map(str::to_owned).to_vec())).build()
}

fn count(number: i32) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// The same error once more, for each that waits on one answer.
fn again(error: &CloudError) -> CloudError {
    CloudError::plain(error.operation, LABEL, error.trouble, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_short_by_what_is_over_it() {
        assert_eq!(quota("VPCs", 5, 4, 1), None);
        let short = quota("VPCs in the region", 5, 5, 1).unwrap();
        assert_eq!(short.to_string(), "VPCs in the region: the plan takes 1 more, and 5 of 5 are used");
        let (what, place) = ("instance type `m7i.large`".to_owned(), "us-west-2d".to_owned());
        let none = Shortage::NotOffered { what, place };
        assert_eq!(none.to_string(), "instance type `m7i.large` is not offered in `us-west-2d`");
    }
}
