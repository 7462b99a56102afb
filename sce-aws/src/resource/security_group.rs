//! Security groups.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, SecurityGroup as SdkGroup, UserIdGroupPair,
};
use sce_core::account::AccountId;
use sce_core::aws::resource::{Difference, GroupRule, InvalidProtocol, Peer, Protocol, SecurityGroup};
use sce_core::cidr::Cidr;
use sce_core::pit::TAG_PIT;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::gone;
use super::{sent_once, tag_ec2};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, patiently};
use crate::session::Session;
use crate::tags;

/// Which way a rule lets traffic pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

/// One rule of a group: as the plan would say it, and as AWS does.
#[derive(Clone, Debug)]
struct Present {
    rule: GroupRule,
    permission: IpPermission,
}

/// Finds the group by its tags.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, SecurityGroup>) -> Result<Option<Found>, CloudError> {
    let Some(group) = group(session, wanted).await? else { return Ok(None) };
    let unreadable = |what: String| CloudError::unreadable("DescribeSecurityGroups", wanted.label(), what);
    let rules = |way| -> Result<BTreeSet<GroupRule>, CloudError> {
        let present = present(&group, way, session.account()).map_err(unreadable)?;
        Ok(present.into_iter().map(|present| present.rule).collect())
    };
    let properties = SecurityGroup {
        vpc: Value::Known(group.vpc_id().unwrap_or_default().parse().map_err(|_| unreadable("no VPC id".to_owned()))?),
        description: group.description().unwrap_or_default().to_owned(),
        ingress: rules(Way::In)?,
        egress: rules(Way::Out)?,
    };
    let attributes = Attributes::id(group.group_id().unwrap_or_default());
    Ok(Some(Found { attributes, properties: properties.into(), tags: tags::from_ec2(group.tags()) }))
}

/// One attempt: AWS takes no token. A second group of the name is refused, so what is there may be this call's own work.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, SecurityGroup>) -> Result<(), CloudError> {
    let send = || async {
        let request = session.ec2.create_security_group().group_name(&wanted.node.name);
        let request = request.description(&wanted.properties.description).vpc_id(wanted.properties.vpc.to_string());
        let request = request.tag_specifications(tags::specification(ResourceType::SecurityGroup, &wanted.node.tags));
        let request = request.customize().config_override(sent_once());
        request.send().await.map_err(cloud("CreateSecurityGroup", wanted.label()))
    };
    // The VPC may be too fresh to be seen.
    patiently(session, FRESH, |error| error.trouble == Trouble::NotFound, send).await.map(|_| ())
}

/// Takes out every rule that is not planned, AWS's own allowance of all egress among them, then lets in what is.
///
/// A rule that differs only in its description is the same rule to AWS, so the old one goes first.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, SecurityGroup>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let Some(group) = group(session, wanted).await? else { return Ok(()) };
    let id = found.attributes.id.as_str();
    for (way, planned) in [(Way::In, &wanted.properties.ingress), (Way::Out, &wanted.properties.egress)] {
        let present = present(&group, way, session.account())
            .map_err(|why| CloudError::unreadable("DescribeSecurityGroups", wanted.label(), why))?;
        for extra in present.iter().filter(|present| !planned.contains(&present.rule)) {
            revoke(session, wanted.label(), id, way, &extra.permission).await?;
        }
        for missing in planned.iter().filter(|rule| !present.iter().any(|present| present.rule == **rule)) {
            authorize(session, wanted.label(), id, way, missing).await?;
        }
    }
    Ok(())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// Without its rules, and without those of the environment's other groups that refer to it: two groups that refer to each other
/// could not go one after the other. A group that is not ours is not changed, only named.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let (label, id) = (node.id.as_str(), found.attributes.id.as_str());
    for group in described(session, label, "group-id", id).await? {
        for (way, permissions) in permissions(&group) {
            for permission in permissions {
                revoke(session, label, id, way, permission).await?;
            }
        }
    }
    forget(session, node, id).await?;
    let send = || async {
        let sent = session.ec2.delete_security_group().group_id(id).send().await;
        sent.map_err(cloud("DeleteSecurityGroup", label))
    };
    gone(patiently(session, 3 * FRESH, |error| error.trouble == Trouble::InUse, send).await)?;
    Ok(Deleted::Gone)
}

async fn group(session: &Session, wanted: &Wanted<'_, SecurityGroup>) -> Result<Option<SdkGroup>, CloudError> {
    let request = session.ec2.describe_security_groups().set_filters(Some(tags::filters(wanted.node)));
    let found = request.into_paginator().items().send().try_collect().await;
    only_ours(
        "DescribeSecurityGroups",
        wanted,
        found.map_err(cloud("DescribeSecurityGroups", wanted.label()))?,
        |group| group.tags(),
        |group| group.group_id(),
    )
}

async fn described(session: &Session, label: &str, filter: &str, value: &str) -> Result<Vec<SdkGroup>, CloudError> {
    let request = session.ec2.describe_security_groups().filters(tags::filter(filter, value));
    let found = request.into_paginator().items().send().try_collect().await;
    found.map_err(cloud("DescribeSecurityGroups", label))
}

/// Takes the rules that name this group out of the environment's other groups.
async fn forget(session: &Session, node: &Node, id: &str) -> Result<(), CloudError> {
    let label = node.id.as_str();
    let mut groups = described(session, label, "ip-permission.group-id", id).await?;
    groups.extend(described(session, label, "egress.ip-permission.group-id", id).await?);
    for group in groups.iter().filter(|group| group.group_id() != Some(id)) {
        let other = group.group_id().unwrap_or_default();
        let naming = |permission: &IpPermission| {
            let pairs = permission.user_id_group_pairs().iter().filter(|pair| pair.group_id() == Some(id));
            let pairs: Vec<UserIdGroupPair> = pairs.cloned().collect();
            (!pairs.is_empty()).then(|| bare(permission).set_user_id_group_pairs(Some(pairs)).build())
        };
        let ours = tags::from_ec2(group.tags()).get(TAG_PIT) == node.tags.get(TAG_PIT);
        for (way, permissions) in permissions(group) {
            for permission in permissions.iter().filter_map(naming) {
                if !ours {
                    let message =
                        format!("the group `{other}`, which is not this environment's, has a rule that names it");
                    return Err(CloudError::plain("DeleteSecurityGroup", label, Trouble::InUse, message));
                }
                revoke(session, label, other, way, &permission).await?;
            }
        }
    }
    Ok(())
}

fn permissions(group: &SdkGroup) -> [(Way, &[IpPermission]); 2] {
    [(Way::In, group.ip_permissions()), (Way::Out, group.ip_permissions_egress())]
}

async fn revoke(
    session: &Session,
    label: &str,
    id: &str,
    way: Way,
    permission: &IpPermission,
) -> Result<(), CloudError> {
    gone(match way {
        Way::In => {
            let request = session.ec2.revoke_security_group_ingress().group_id(id).ip_permissions(permission.clone());
            request.send().await.map(drop).map_err(cloud("RevokeSecurityGroupIngress", label))
        }
        Way::Out => {
            let request = session.ec2.revoke_security_group_egress().group_id(id).ip_permissions(permission.clone());
            request.send().await.map(drop).map_err(cloud("RevokeSecurityGroupEgress", label))
        }
    })
}

/// One rule a call: of several, one that is there already would keep the others out. The group, or one that it names, may be too
/// fresh to be seen.
async fn authorize(session: &Session, label: &str, id: &str, way: Way, rule: &GroupRule) -> Result<(), CloudError> {
    let unsayable = || CloudError::plain("AuthorizeSecurityGroup", label, Trouble::Refused, "a rule that no plan has");
    let permission = permission(rule).ok_or_else(unsayable)?;
    let send = || async {
        match way {
            Way::In => {
                let request = session.ec2.authorize_security_group_ingress().group_id(id);
                let sent = request.ip_permissions(permission.clone()).send().await;
                sent.map(drop).map_err(cloud("AuthorizeSecurityGroupIngress", label))
            }
            Way::Out => {
                let request = session.ec2.authorize_security_group_egress().group_id(id);
                let sent = request.ip_permissions(permission.clone()).send().await;
                sent.map(drop).map_err(cloud("AuthorizeSecurityGroupEgress", label))
            }
        }
    };
    match patiently(session, FRESH, |error| error.trouble == Trouble::NotFound, send).await {
        Err(error) if error.has_code("InvalidPermission.Duplicate") => Ok(()),
        other => other,
    }
}

/// Every rule of one way, each with one other side: AWS groups those of the same protocol and ports.
fn present(group: &SdkGroup, way: Way, account: &AccountId) -> Result<Vec<Present>, String> {
    let permissions = if way == Way::In { group.ip_permissions() } else { group.ip_permissions_egress() };
    let each = permissions.iter().map(|permission| each(permission, account));
    Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
}

fn each(permission: &IpPermission, account: &AccountId) -> Result<Vec<Present>, String> {
    let mut present = Vec::new();
    let mut add = |peer: Peer, description: Option<&str>, permission: IpPermission| {
        present.push(Present { rule: rule(&permission, peer, description)?, permission });
        Ok::<(), String>(())
    };
    for range in permission.ip_ranges() {
        let peer = Peer::Cidr(cidr(range.cidr_ip())?);
        add(peer, range.description(), bare(permission).ip_ranges(range.clone()).build())?;
    }
    for range in permission.ipv6_ranges() {
        let peer = Peer::Cidr(cidr(range.cidr_ipv6())?);
        add(peer, range.description(), bare(permission).ipv6_ranges(range.clone()).build())?;
    }
    for list in permission.prefix_list_ids() {
        let peer = Peer::PrefixList(list.prefix_list_id().unwrap_or_default().to_owned());
        add(peer, list.description(), bare(permission).prefix_list_ids(list.clone()).build())?;
    }
    for pair in permission.user_id_group_pairs() {
        add(
            group_peer(pair, account)?,
            pair.description(),
            bare(permission).user_id_group_pairs(pair.clone()).build(),
        )?;
    }
    Ok(present)
}

/// Protocol and ports, without another side.
fn bare(permission: &IpPermission) -> aws_sdk_ec2::types::builders::IpPermissionBuilder {
    IpPermission::builder()
        .set_ip_protocol(permission.ip_protocol().map(str::to_owned))
        .set_from_port(permission.from_port())
        .set_to_port(permission.to_port())
}

fn cidr(text: Option<&str>) -> Result<Cidr, String> {
    let text = text.unwrap_or_default();
    text.parse().map_err(|_| format!("`{text}` is no range of addresses"))
}

/// A group of this account's is planned by its id; one of another account's, or behind a peering, is not planned at all.
fn group_peer(pair: &UserIdGroupPair, account: &AccountId) -> Result<Peer, String> {
    let id = pair.group_id().unwrap_or_default();
    let abroad = pair.user_id().filter(|owner| *owner != account.as_str());
    let via = pair.vpc_peering_connection_id();
    if abroad.is_none() && via.is_none() {
        return id.parse().map(|id| Peer::Group(Value::Known(id))).map_err(|_| format!("`{id}` is no group"));
    }
    let abroad = abroad.map(|owner| format!(" of account {owner}")).unwrap_or_default();
    let via = via.map(|via| format!(" through {via}")).unwrap_or_default();
    Ok(Peer::Other(format!("group {id}{abroad}{via}")))
}

fn rule(permission: &IpPermission, peer: Peer, description: Option<&str>) -> Result<GroupRule, String> {
    let protocol = permission.ip_protocol().unwrap_or("-1").parse();
    let protocol = protocol.map_err(|error: InvalidProtocol| error.to_string())?;
    let (from, to) = (permission.from_port().unwrap_or(-1), permission.to_port().unwrap_or(-1));
    let port = |number: i32| u16::try_from(number).ok();
    let (ports, peer) = match (protocol, port(from), port(to)) {
        (Protocol::All, _, _) => (None, peer),
        (_, Some(from), Some(to)) => (Some((from, to)), peer),
        // For ICMP these are type and code, and -1 is any.
        (Protocol::Number(number), Some(kind), None) if Protocol::ICMP.contains(&number) => {
            (None, Peer::Other(format!("{peer}, ICMP of type {kind}")))
        }
        _ => (None, peer),
    };
    Ok(GroupRule { protocol, ports, peer, description: description.unwrap_or_default().to_owned() })
}

/// The rule as AWS takes it; none for what no plan says.
fn permission(rule: &GroupRule) -> Option<IpPermission> {
    let protocol = match rule.protocol {
        Protocol::All => "-1".to_owned(),
        Protocol::Tcp => "tcp".to_owned(),
        Protocol::Udp => "udp".to_owned(),
        Protocol::Number(number) => number.to_string(),
    };
    let (from, to) = match (rule.protocol, rule.ports) {
        (_, Some((from, to))) => (Some(i32::from(from)), Some(i32::from(to))),
        (Protocol::Tcp | Protocol::Udp, None) => (Some(0), Some(i32::from(u16::MAX))),
        (Protocol::Number(number), None) if Protocol::ICMP.contains(&number) => (Some(-1), Some(-1)),
        (_, None) => (None, None),
    };
    let builder = IpPermission::builder().ip_protocol(protocol).set_from_port(from).set_to_port(to);
    let why = (!rule.description.is_empty()).then(|| rule.description.clone());
    Some(
        match &rule.peer {
            Peer::Cidr(range) if range.is_ipv4() => {
                builder.ip_ranges(IpRange::builder().cidr_ip(range.to_string()).set_description(why).build())
            }
            Peer::Cidr(range) => {
                builder.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(range.to_string()).set_description(why).build())
            }
            Peer::Group(group) => builder.user_id_group_pairs(
                UserIdGroupPair::builder().group_id(group.to_string()).set_description(why).build(),
            ),
            Peer::PrefixList(list) => {
                builder.prefix_list_ids(PrefixListId::builder().prefix_list_id(list).set_description(why).build())
            }
            Peer::Other(_) => return None,
        }
        .build(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        "111122223333".parse().unwrap()
    }

    fn read(permission: IpPermission) -> Vec<GroupRule> {
        each(&permission, &account()).unwrap().into_iter().map(|present| present.rule).collect()
    }

    #[test]
    fn every_planned_rule_reads_back_as_it_is_written() {
        let peers = [
            Peer::Cidr("198.51.100.0/24".parse().unwrap()),
            Peer::Cidr("2001:db8::/32".parse().unwrap()),
            Peer::Group(Value::Known("sg-0a1b2c3d".parse().unwrap())),
            Peer::PrefixList("pl-0a1b2c3d".to_owned()),
        ];
        for peer in peers {
            for (protocol, ports) in
                [(Protocol::Tcp, Some((22, 22))), (Protocol::All, None), (Protocol::Number(1), None)]
            {
                let rule = GroupRule { protocol, ports, peer: peer.clone(), description: "why".to_owned() };
                assert_eq!(read(permission(&rule).unwrap()), [rule]);
            }
        }
    }

    #[test]
    fn rules_that_aws_groups_are_taken_apart() {
        let range = |cidr: &str| IpRange::builder().cidr_ip(cidr).build();
        let grouped = IpPermission::builder().ip_protocol("tcp").from_port(443).to_port(443);
        let grouped = grouped.ip_ranges(range("10.0.0.0/16")).ip_ranges(range("0.0.0.0/0"));
        let both = each(&grouped.build(), &account()).unwrap();
        assert_eq!(both.len(), 2);
        assert!(both.iter().all(|present| present.permission.ip_ranges().len() == 1));
    }

    #[test]
    fn what_no_plan_says_is_not_lost() {
        let pair = UserIdGroupPair::builder().group_id("sg-0a").user_id("444455556666").build();
        let abroad = IpPermission::builder().ip_protocol("-1").user_id_group_pairs(pair).build();
        assert_eq!(read(abroad)[0].peer, Peer::Other("group sg-0a of account 444455556666".to_owned()));
        let ping = IpPermission::builder().ip_protocol("icmp").from_port(8).to_port(-1);
        let ping = ping.ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build()).build();
        assert_eq!(read(ping)[0].peer, Peer::Other("0.0.0.0/0, ICMP of type 8".to_owned()));
    }
}
