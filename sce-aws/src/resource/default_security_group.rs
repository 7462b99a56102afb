//! The default security group: AWS makes it open between its members and to the world; ours has no rule at all.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{IpPermission, SecurityGroup};
use sce_core::aws::resource::{DefaultSecurityGroup, Difference};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::tag_ec2;
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, only};
use crate::session::Session;
use crate::tags;

/// Finds the group by its VPC and its name, which nobody can give to another.
pub(crate) async fn look(
    session: &Session,
    wanted: &Wanted<'_, DefaultSecurityGroup>,
) -> Result<Option<Found>, CloudError> {
    let Some(group) = group(session, wanted).await? else { return Ok(None) };
    let properties = DefaultSecurityGroup {
        vpc: Value::Known(
            group
                .vpc_id()
                .unwrap_or_default()
                .parse()
                .map_err(|_| CloudError::unreadable("DescribeSecurityGroups", wanted.label(), "no VPC id"))?,
        ),
        ingress: group.ip_permissions().iter().map(described).collect(),
        egress: group.ip_permissions_egress().iter().map(described).collect(),
    };
    let attributes = Attributes::id(group.group_id().unwrap_or_default());
    Ok(Some(Found { attributes, properties: properties.into(), tags: tags::from_ec2(group.tags()) }))
}

/// AWS makes it with the VPC.
pub(crate) async fn make(_: &Session, wanted: &Wanted<'_, DefaultSecurityGroup>) -> Result<(), CloudError> {
    let message = "the VPC has no default security group, although AWS makes one with it";
    Err(CloudError::plain("DescribeSecurityGroups", wanted.label(), Trouble::NotFound, message))
}

/// Takes every rule out.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, DefaultSecurityGroup>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let Some(group) = group(session, wanted).await? else { return Ok(()) };
    let id = &found.attributes.id;
    let gone = |error: CloudError| if error.trouble == Trouble::NotFound { Ok(()) } else { Err(error) };
    if !group.ip_permissions().is_empty() {
        let request = session.ec2.revoke_security_group_ingress().group_id(id);
        let sent = request.set_ip_permissions(Some(group.ip_permissions().to_vec())).send().await;
        sent.map(drop).map_err(cloud("RevokeSecurityGroupIngress", wanted.label())).or_else(gone)?;
    }
    if !group.ip_permissions_egress().is_empty() {
        let request = session.ec2.revoke_security_group_egress().group_id(id);
        let sent = request.set_ip_permissions(Some(group.ip_permissions_egress().to_vec())).send().await;
        sent.map(drop).map_err(cloud("RevokeSecurityGroupEgress", wanted.label())).or_else(gone)?;
    }
    Ok(())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// It goes with its VPC; nobody can delete it before.
pub(crate) async fn delete(_: &Session, _: &Node, _: &Found) -> Result<Deleted, CloudError> {
    Ok(Deleted::Gone)
}

async fn group(
    session: &Session,
    wanted: &Wanted<'_, DefaultSecurityGroup>,
) -> Result<Option<SecurityGroup>, CloudError> {
    let request = session.ec2.describe_security_groups();
    let request = request.filters(tags::filter("vpc-id", &wanted.properties.vpc.to_string()));
    let request = request.filters(tags::filter("group-name", "default"));
    let found = request.into_paginator().items().send().try_collect().await;
    only("DescribeSecurityGroups", wanted, found.map_err(cloud("DescribeSecurityGroups", wanted.label()))?, |group| {
        group.group_id()
    })
}

/// A rule in a line: protocol, ports, and everybody it names.
fn described(rule: &IpPermission) -> String {
    let ports = match (rule.from_port(), rule.to_port()) {
        (Some(from), Some(to)) if from >= 0 => format!(" ports {from}-{to}"),
        _ => String::new(),
    };
    let ranges = rule.ip_ranges().iter().filter_map(|range| range.cidr_ip());
    let ranges = ranges.chain(rule.ipv6_ranges().iter().filter_map(|range| range.cidr_ipv6()));
    let groups = rule.user_id_group_pairs().iter().filter_map(|pair| pair.group_id());
    let lists = rule.prefix_list_ids().iter().filter_map(|list| list.prefix_list_id());
    let others: BTreeSet<&str> = ranges.chain(groups).chain(lists).collect();
    let protocol = rule.ip_protocol().unwrap_or("-1");
    format!("protocol {protocol}{ports} with {}", others.into_iter().collect::<Vec<_>>().join(", "))
}
