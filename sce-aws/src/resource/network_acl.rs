//! Network ACLs.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{NetworkAcl as SdkNetworkAcl, NetworkAclEntry, PortRange, ResourceType, RuleAction};
use sce_core::aws::arn::SubnetId;
use sce_core::aws::resource::{AclRule, Difference, NetworkAcl, Properties, Protocol};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::{sent_once, tag_ec2};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, patiently};
use crate::session::Session;
use crate::tags;

/// The number of the rule that AWS puts last by itself: deny.
const LAST: i32 = 32_767;

type Rules = BTreeMap<u16, AclRule>;

/// Finds the ACL by its tags; one of others, by its id.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, NetworkAcl>) -> Result<Option<Found>, CloudError> {
    let request = session.ec2.describe_network_acls();
    let request = match wanted.node.is_existing() {
        true => request.network_acl_ids(&wanted.node.name),
        false => request.set_filters(Some(tags::filters(wanted.node))),
    };
    let found = request.into_paginator().items().send().try_collect().await;
    let found = match found.map_err(cloud("DescribeNetworkAcls", wanted.label())) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
        other => other?,
    };
    let Some(acl) = only_ours("DescribeNetworkAcls", wanted, found, |acl| acl.tags(), |acl| acl.network_acl_id())?
    else {
        return Ok(None);
    };
    let unreadable = |what: &str| CloudError::unreadable("DescribeNetworkAcls", wanted.label(), what);
    let subnets = acl.associations().iter().filter_map(|association| association.subnet_id()?.parse().ok());
    let properties = NetworkAcl {
        vpc: Value::Known(acl.vpc_id().unwrap_or_default().parse().map_err(|_| unreadable("no VPC id"))?),
        subnets: subnets.map(Value::Known).collect(),
        ingress: rules(&acl, false).ok_or_else(|| unreadable("a rule in"))?,
        egress: rules(&acl, true).ok_or_else(|| unreadable("a rule out"))?,
    };
    let attributes = Attributes::id(acl.network_acl_id().unwrap_or_default());
    Ok(Some(Found { attributes, properties: properties.into(), tags: tags::from_ec2(acl.tags()) }))
}

/// With our token.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, NetworkAcl>) -> Result<(), CloudError> {
    let send = || async {
        let request =
            session.ec2.create_network_acl().vpc_id(wanted.properties.vpc.to_string()).client_token(wanted.token());
        let request = request.tag_specifications(tags::specification(ResourceType::NetworkAcl, &wanted.node.tags));
        let request = request.customize().config_override(sent_once());
        request.send().await.map_err(cloud("CreateNetworkAcl", wanted.label()))
    };
    patiently(session, FRESH, |error| error.trouble == Trouble::NotFound, send).await.map(|_| ())
}

/// Rules first, subnets after: no subnet is guarded by a half-written list.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, NetworkAcl>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let Properties::NetworkAcl(present) = &found.properties else { return Ok(()) };
    let id = &found.attributes.id;
    write_rules(session, wanted, id, false, &wanted.properties.ingress, &present.ingress).await?;
    write_rules(session, wanted, id, true, &wanted.properties.egress, &present.egress).await?;
    for subnet in wanted.properties.subnets.difference(&present.subnets) {
        guard(session, wanted.label(), &subnet.to_string(), id).await?;
    }
    let unplanned: BTreeSet<_> = present.subnets.difference(&wanted.properties.subnets).collect();
    hand_back(session, wanted.label(), present, unplanned).await
}

/// Puts subnets back under the VPC's default ACL: a subnet always has one.
async fn hand_back(
    session: &Session,
    label: &str,
    present: &NetworkAcl,
    subnets: BTreeSet<&Value<SubnetId>>,
) -> Result<(), CloudError> {
    if subnets.is_empty() {
        return Ok(());
    }
    let default = default_acl(session, label, &present.vpc.to_string()).await?;
    for subnet in subnets {
        guard(session, label, &subnet.to_string(), &default).await?;
    }
    Ok(())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// Hands its subnets back first.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let Properties::NetworkAcl(present) = &found.properties else { return Ok(Deleted::Gone) };
    hand_back(session, node.id.as_str(), present, present.subnets.iter().collect()).await?;
    let send = || async {
        let sent = session.ec2.delete_network_acl().network_acl_id(&found.attributes.id).send().await;
        sent.map_err(cloud("DeleteNetworkAcl", node.id.as_str()))
    };
    match patiently(session, FRESH, |error| error.trouble == Trouble::InUse, send).await {
        Err(error) if error.trouble == Trouble::NotFound => Ok(Deleted::Gone),
        other => other.map(|_| Deleted::Gone),
    }
}

/// Whether an ACL is there.
pub(crate) async fn lives(session: &Session, label: &str, id: &str) -> Result<bool, CloudError> {
    let sent = session.ec2.describe_network_acls().network_acl_ids(id).send().await;
    match sent.map_err(cloud("DescribeNetworkAcls", label)) {
        Err(error) if error.trouble == Trouble::NotFound => Ok(false),
        other => Ok(!other?.network_acls().is_empty()),
    }
}

async fn write_rules(
    session: &Session,
    wanted: &Wanted<'_, NetworkAcl>,
    id: &str,
    egress: bool,
    planned: &Rules,
    present: &Rules,
) -> Result<(), CloudError> {
    for number in present.keys().filter(|number| !planned.contains_key(number)) {
        let request = session.ec2.delete_network_acl_entry().network_acl_id(id).egress(egress);
        let sent = request.rule_number(i32::from(*number)).send().await;
        sent.map_err(cloud("DeleteNetworkAclEntry", wanted.label()))?;
    }
    for (number, rule) in planned.iter().filter(|(number, rule)| present.get(number) != Some(rule)) {
        let send = || write_rule(session, wanted.label(), id, egress, *number, rule, present.contains_key(number));
        patiently(session, FRESH, |error| error.trouble == Trouble::NotFound, send).await?;
    }
    Ok(())
}

async fn write_rule(
    session: &Session,
    label: &str,
    id: &str,
    egress: bool,
    number: u16,
    rule: &AclRule,
    replaces: bool,
) -> Result<(), CloudError> {
    let number = i32::from(number);
    let action = if rule.allow { RuleAction::Allow } else { RuleAction::Deny };
    let ports = rule.ports.map(|(from, to)| PortRange::builder().from(from.into()).to(to.into()).build());
    // The two calls take the same fields and have no type in common.
    macro_rules! filled {
        ($request:expr) => {{
            let request = $request.network_acl_id(id).egress(egress).rule_number(number).rule_action(action);
            let request = request.protocol(protocol_number(rule.protocol)).set_port_range(ports);
            if rule.cidr.is_ipv4() {
                request.cidr_block(rule.cidr.to_string())
            } else {
                request.ipv6_cidr_block(rule.cidr.to_string())
            }
        }};
    }
    if replaces {
        let request = filled!(session.ec2.replace_network_acl_entry());
        return request.send().await.map(drop).map_err(cloud("ReplaceNetworkAclEntry", label));
    }
    let request = filled!(session.ec2.create_network_acl_entry());
    match request.send().await.map_err(cloud("CreateNetworkAclEntry", label)) {
        Err(error) if error.has_code("NetworkAclEntryAlreadyExists") => Ok(()),
        other => other.map(drop),
    }
}

/// Puts a subnet under an ACL, whichever guards it now.
async fn guard(session: &Session, label: &str, subnet: &str, acl: &str) -> Result<(), CloudError> {
    let request = session.ec2.describe_network_acls().filters(tags::filter("association.subnet-id", subnet));
    let found = request.into_paginator().items().send().try_collect().await;
    let found = found.map_err(cloud("DescribeNetworkAcls", label))?;
    let mut associations = found.iter().flat_map(|acl| acl.associations());
    let association = associations.find(|association| association.subnet_id() == Some(subnet));
    let Some(association) = association.and_then(|association| association.network_acl_association_id()) else {
        return Err(CloudError::plain(
            "DescribeNetworkAcls",
            label,
            Trouble::NotFound,
            format!("no ACL guards `{subnet}`"),
        ));
    };
    let send = || async {
        let request = session.ec2.replace_network_acl_association().association_id(association).network_acl_id(acl);
        request.send().await.map(drop).map_err(cloud("ReplaceNetworkAclAssociation", label))
    };
    // The ACL may be fresh.
    patiently(session, FRESH, |error| error.has_code("InvalidNetworkAclID.NotFound"), send).await
}

async fn default_acl(session: &Session, label: &str, vpc: &str) -> Result<String, CloudError> {
    let request = session.ec2.describe_network_acls();
    let request = request.filters(tags::filter("vpc-id", vpc)).filters(tags::filter("default", "true"));
    let answer = request.send().await.map_err(cloud("DescribeNetworkAcls", label))?;
    let id = answer.network_acls().first().and_then(SdkNetworkAcl::network_acl_id);
    let missing =
        || CloudError::plain("DescribeNetworkAcls", label, Trouble::NotFound, format!("`{vpc}` has no default ACL"));
    id.map(str::to_owned).ok_or_else(missing)
}

/// The rules of one direction, AWS's own last one aside; none when one cannot be read.
fn rules(acl: &SdkNetworkAcl, egress: bool) -> Option<Rules> {
    let of_direction = acl.entries().iter().filter(|entry| entry.egress() == Some(egress));
    let ours = of_direction.filter(|entry| entry.rule_number().is_some_and(|number| number < LAST));
    ours.map(|entry| Some((u16::try_from(entry.rule_number()?).ok()?, rule(entry)?))).collect()
}

fn rule(entry: &NetworkAclEntry) -> Option<AclRule> {
    let ports = entry.port_range().and_then(|ports| {
        let (from, to) = (ports.from()?, ports.to()?);
        Some((u16::try_from(from).ok()?, u16::try_from(to).ok()?))
    });
    Some(AclRule {
        allow: entry.rule_action() == Some(&RuleAction::Allow),
        protocol: entry.protocol()?.parse().ok()?,
        cidr: entry.cidr_block().or(entry.ipv6_cidr_block())?.parse().ok()?,
        ports,
    })
}

/// AWS names protocols by their IANA numbers here, and all of them by -1.
fn protocol_number(protocol: Protocol) -> String {
    match protocol {
        Protocol::All => "-1".to_owned(),
        Protocol::Tcp => "6".to_owned(),
        Protocol::Udp => "17".to_owned(),
        Protocol::Number(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_read_back_as_they_are_written() {
        for each in [Protocol::All, Protocol::Tcp, Protocol::Udp, Protocol::Number(1)] {
            assert_eq!(protocol_number(each).parse(), Ok(each));
        }
        assert!("icmpish".parse::<Protocol>().is_err());
    }

    #[test]
    fn the_rule_that_aws_puts_last_is_not_ours() {
        let entry = |number| {
            let entry = NetworkAclEntry::builder().rule_number(number).egress(false).protocol("-1");
            entry.rule_action(RuleAction::Deny).cidr_block("0.0.0.0/0").build()
        };
        let acl = SdkNetworkAcl::builder().entries(entry(100)).entries(entry(LAST)).build();
        assert_eq!(rules(&acl, false).unwrap().keys().collect::<Vec<_>>(), [&100]);
    }
}
