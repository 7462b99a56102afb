//! Networks from `aws ec2 describe-*`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::Place;
use super::saved::{Saved, not_saved};
use super::thing::{
    Thing, each, flag, items, known, listed, number, optional, parsed, policy, required, said, stated, text,
};
use crate::aws::resource::{
    AclRule, DefaultSecurityGroup, ElasticIp, FlowLog, GatewayEndpoint, GroupRule, InstanceConnectEndpoint,
    InterfaceEndpoint, InternetGateway, InvalidProtocol, KeyPair, NatGateway, NetworkAcl, Peer, Protocol, Route,
    RouteTable, RouteTableAssociation, RouteTarget, SecurityGroup, Subnet, Tenancy, Traffic, Vpc,
};
use crate::pit::Tags;
use crate::plan::Attributes;
use crate::value::Value;

type Things = Result<Vec<Thing>, String>;

pub(super) fn vpcs(saved: &Saved) -> Things {
    let vpcs = saved.all("Vpcs", "ec2 describe-vpcs")?;
    let attribute = |id: &str, key: &str, word: &str| {
        let found = saved.agreed_beside(key, "VpcId", id)?;
        let value = found.and_then(|found| found["Value"].as_bool());
        value.ok_or_else(|| not_saved(&format!("ec2 describe-vpc-attribute --vpc-id {id} --attribute {word}")))
    };
    let read = |vpc: &Json| {
        let id = text(vpc, "VpcId");
        Ok(Vpc {
            cidr: parsed(vpc, "CidrBlock")?,
            tenancy: tenancy(required(vpc, "InstanceTenancy")?),
            dns_support: attribute(id, "EnableDnsSupport", "enableDnsSupport")?,
            dns_hostnames: attribute(id, "EnableDnsHostnames", "enableDnsHostnames")?,
        })
    };
    Ok(vpcs.into_iter().map(|vpc| Thing::of_ec2(vpc, "VpcId", read(vpc))).collect())
}

pub(super) fn subnets(saved: &Saved) -> Things {
    let read = |subnet: &Json| {
        let (vpc, cidr, zone) =
            (known(subnet, "VpcId")?, parsed(subnet, "CidrBlock")?, parsed(subnet, "AvailabilityZone")?);
        Ok(Subnet { vpc, cidr, zone, public_address_on_launch: stated(subnet, "MapPublicIpOnLaunch")? })
    };
    let subnets = saved.all("Subnets", "ec2 describe-subnets")?;
    Ok(subnets.into_iter().map(|subnet| Thing::of_ec2(subnet, "SubnetId", read(subnet))).collect())
}

pub(super) fn internet_gateways(saved: &Saved) -> Things {
    let read = |gateway: &Json| {
        let vpc = listed(gateway, "Attachments")?.first().map(|attachment| known(attachment, "VpcId")).transpose()?;
        Ok(InternetGateway { vpc })
    };
    let gateways = saved.all("InternetGateways", "ec2 describe-internet-gateways")?;
    Ok(gateways.into_iter().map(|gateway| Thing::of_ec2(gateway, "InternetGatewayId", read(gateway))).collect())
}

pub(super) fn addresses(saved: &Saved) -> Things {
    let addresses = saved.all("Addresses", "ec2 describe-addresses")?;
    Ok(addresses.into_iter().map(|address| Thing::of_ec2(address, "AllocationId", Ok(ElasticIp {}))).collect())
}

/// A deleted or failed gateway stays visible for an hour, and is none.
pub(super) fn nat_gateways(saved: &Saved) -> Things {
    let read = |gateway: &Json| {
        let address = items(gateway, "NatGatewayAddresses").next().unwrap_or(&Json::Null);
        Ok(NatGateway { subnet: known(gateway, "SubnetId")?, address: known(address, "AllocationId")? })
    };
    let gateways = saved.all("NatGateways", "ec2 describe-nat-gateways")?.into_iter();
    let live = gateways.filter(|gateway| !matches!(text(gateway, "State"), "deleted" | "deleting" | "failed"));
    Ok(live.map(|gateway| Thing::of_ec2(gateway, "NatGatewayId", read(gateway))).collect())
}

pub(super) fn route_tables(saved: &Saved) -> Things {
    let read = |table: &Json| {
        // A table whose routes are not told may lead anywhere, and is as little known as one whose subnets are not told.
        listed(table, "Routes")?;
        Ok(RouteTable { vpc: known(table, "VpcId")?, main: is_main(table)? })
    };
    Ok(tables(saved)?.into_iter().map(|table| Thing::of_ec2(table, "RouteTableId", read(table))).collect())
}

/// Routes that somebody put in: not the local one, not those of endpoints, which AWS puts in by itself.
pub(super) fn routes(saved: &Saved) -> Things {
    let mut things = Vec::new();
    for table in tables(saved)? {
        for route in items(table, "Routes") {
            let Some(target) = target(route) else { continue };
            let destination = ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];
            let destination = destination.into_iter().find_map(|key| said(route, key)).unwrap_or_default();
            let to = format!("`{destination}` is a list of addresses, which this version cannot judge");
            let properties = known(table, "RouteTableId")
                .and_then(|table| Ok(Route { table, destination: destination.parse().map_err(|_| to)?, target }));
            things.push(Thing::plain(&format!("{} {destination}", text(table, "RouteTableId")), properties));
        }
    }
    Ok(things)
}

pub(super) fn associations(saved: &Saved) -> Things {
    let explicit = |association: &&Json| {
        said(association, "SubnetId").is_some() && association["AssociationState"]["State"] != "disassociated"
    };
    let read = |table: &Json, association: &Json| {
        Ok(RouteTableAssociation { table: known(table, "RouteTableId")?, subnet: known(association, "SubnetId")? })
    };
    let of_table = |table| {
        let associations = items(table, "Associations").filter(explicit);
        associations.map(move |one| Thing::plain(text(one, "RouteTableAssociationId"), read(table, one)))
    };
    Ok(tables(saved)?.into_iter().flat_map(of_table).collect())
}

pub(super) fn gateway_endpoints(saved: &Saved) -> Things {
    let read = |endpoint: &Json| {
        required(endpoint, "VpcEndpointType")?;
        Ok(GatewayEndpoint {
            vpc: known(endpoint, "VpcId")?,
            service: text(endpoint, "ServiceName").to_owned(),
            route_tables: each(names(endpoint, "RouteTableIds")?)?,
            policy: policy(&endpoint["PolicyDocument"])?,
        })
    };
    let endpoints = endpoints(saved)?.into_iter().filter(|endpoint| is_or_may_be(endpoint, "Gateway"));
    Ok(endpoints.map(|endpoint| Thing::of_ec2(endpoint, "VpcEndpointId", read(endpoint))).collect())
}

pub(super) fn interface_endpoints(saved: &Saved) -> Things {
    let read = |endpoint: &Json| {
        required(endpoint, "VpcEndpointType")?;
        Ok(InterfaceEndpoint {
            vpc: known(endpoint, "VpcId")?,
            service: text(endpoint, "ServiceName").to_owned(),
            subnets: each(names(endpoint, "SubnetIds")?)?,
            groups: each(listed(endpoint, "Groups")?.iter().map(|group| text(group, "GroupId")))?,
            private_dns: stated(endpoint, "PrivateDnsEnabled")?,
            policy: policy(&endpoint["PolicyDocument"])?,
        })
    };
    let endpoints = endpoints(saved)?.into_iter().filter(|endpoint| is_or_may_be(endpoint, "Interface"));
    Ok(endpoints.map(|endpoint| Thing::of_ec2(endpoint, "VpcEndpointId", read(endpoint))).collect())
}

pub(super) fn instance_connect_endpoints(saved: &Saved) -> Things {
    let read = |endpoint: &Json| {
        let preserve = endpoint["PreserveClientIp"].as_bool();
        Ok(InstanceConnectEndpoint {
            subnet: known(endpoint, "SubnetId")?,
            groups: each(names(endpoint, "SecurityGroupIds")?)?,
            preserve_client_ip: preserve.ok_or("whether callers' addresses are kept is not saved")?,
        })
    };
    let endpoints = saved.all("InstanceConnectEndpoints", "ec2 describe-instance-connect-endpoints")?.into_iter();
    let there = endpoints.filter(|one| !["create-failed", "delete-complete"].contains(&text(one, "State")));
    Ok(there.map(|endpoint| Thing::of_ec2(endpoint, "InstanceConnectEndpointId", read(endpoint))).collect())
}

pub(super) fn default_security_groups(saved: &Saved) -> Things {
    let lines = |group: &Json, key: &str| Ok::<_, String>(listed(group, key)?.iter().map(line).collect());
    let read = |group: &Json| {
        let (ingress, egress) = (lines(group, "IpPermissions")?, lines(group, "IpPermissionsEgress")?);
        Ok(DefaultSecurityGroup { vpc: known(group, "VpcId")?, ingress, egress })
    };
    let groups = groups(saved)?.into_iter().filter(|group| text(group, "GroupName") == "default");
    Ok(groups.map(|group| Thing::of_ec2(group, "GroupId", read(group))).collect())
}

pub(super) fn security_groups(saved: &Saved) -> Things {
    let read = |group: &Json| {
        Ok(SecurityGroup {
            vpc: known(group, "VpcId")?,
            description: text(group, "Description").to_owned(),
            ingress: rules(group, "IpPermissions")?,
            egress: rules(group, "IpPermissionsEgress")?,
        })
    };
    let groups = groups(saved)?.into_iter().filter(|group| text(group, "GroupName") != "default");
    Ok(groups.map(|group| Thing::of_ec2(group, "GroupId", read(group))).collect())
}

pub(super) fn network_acls(saved: &Saved) -> Things {
    let read = |acl: &Json| {
        let subnets = listed(acl, "Associations")?.iter().filter_map(|association| said(association, "SubnetId"));
        Ok(NetworkAcl {
            vpc: known(acl, "VpcId")?,
            subnets: each(subnets)?,
            ingress: entries(acl, false)?,
            egress: entries(acl, true)?,
        })
    };
    let acls = saved.all("NetworkAcls", "ec2 describe-network-acls")?;
    Ok(acls.into_iter().map(|acl| Thing::of_ec2(acl, "NetworkAclId", read(acl))).collect())
}

/// Whether its hardware is shared, where a description says so.
pub(super) fn tenancy(json: &Json) -> Tenancy {
    if json == "dedicated" { Tenancy::Dedicated } else { Tenancy::Default }
}

fn tables(saved: &Saved) -> Result<Vec<&Json>, String> {
    saved.all("RouteTables", "ec2 describe-route-tables")
}

fn groups(saved: &Saved) -> Result<Vec<&Json>, String> {
    saved.all("SecurityGroups", "ec2 describe-security-groups")
}

/// Those that are there, tombstones aside; AWS writes states in either case.
fn endpoints(saved: &Saved) -> Result<Vec<&Json>, String> {
    let gone = ["deleted", "deleting", "failed", "rejected", "expired"];
    let endpoints = saved.all("VpcEndpoints", "ec2 describe-vpc-endpoints")?.into_iter();
    Ok(endpoints.filter(|one| !gone.contains(&text(one, "State").to_ascii_lowercase().as_str())).collect())
}

/// Whether an endpoint is of a type; one that does not tell may be of any.
fn is_or_may_be(endpoint: &Json, kind: &str) -> bool {
    said(endpoint, "VpcEndpointType").is_none_or(|told| told == kind)
}

fn is_main(table: &Json) -> Result<bool, String> {
    let associations = listed(table, "Associations")?;
    // What is for a subnet or a gateway is not the main one, told or not.
    let explicit = |one: &Json| said(one, "SubnetId").is_some() || said(one, "GatewayId").is_some();
    for association in associations.iter().filter(|one| !explicit(one)) {
        stated(association, "Main")?;
    }
    Ok(associations.iter().any(|association| flag(association, "Main")))
}

/// The texts in a list that AWS writes also when it is empty.
fn names<'a>(json: &'a Json, key: &str) -> Result<impl Iterator<Item = &'a str>, String> {
    Ok(listed(json, key)?.iter().filter_map(Json::as_str))
}

fn target(route: &Json) -> Option<RouteTarget> {
    let gateway = text(route, "GatewayId");
    if gateway == "local" || text(route, "Origin") == "CreateRouteTable" || gateway.starts_with("vpce-") {
        return None;
    }
    if let Ok(Some(id)) = optional(route, "NatGatewayId") {
        return Some(RouteTarget::NatGateway(id));
    }
    if let Ok(id) = gateway.parse() {
        return Some(RouteTarget::InternetGateway(Value::Known(id)));
    }
    let others = [
        "GatewayId",
        "VpcPeeringConnectionId",
        "TransitGatewayId",
        "NetworkInterfaceId",
        "InstanceId",
        "EgressOnlyInternetGatewayId",
        "LocalGatewayId",
        "CarrierGatewayId",
        "CoreNetworkArn",
    ];
    let named = others.into_iter().find_map(|key| said(route, key));
    Some(RouteTarget::Other(named.unwrap_or("something AWS does not name").to_owned()))
}

/// A rule of a default group in a line: protocol, ports, and everybody it names.
fn line(rule: &Json) -> String {
    let ports = match (rule["FromPort"].as_i64(), rule["ToPort"].as_i64()) {
        (Some(from), Some(to)) if from >= 0 => format!(" ports {from}-{to}"),
        _ => String::new(),
    };
    let lists = [
        ("IpRanges", "CidrIp"),
        ("Ipv6Ranges", "CidrIpv6"),
        ("UserIdGroupPairs", "GroupId"),
        ("PrefixListIds", "PrefixListId"),
    ];
    let others: BTreeSet<&str> =
        lists.iter().flat_map(|(list, key)| items(rule, list).filter_map(|one| said(one, key))).collect();
    let protocol = said(rule, "IpProtocol").unwrap_or("-1");
    format!("protocol {protocol}{ports} with {}", others.into_iter().collect::<Vec<_>>().join(", "))
}

/// Every rule of one way, each with one other side: AWS groups those of the same protocol and ports.
fn rules(group: &Json, way: &str) -> Result<BTreeSet<GroupRule>, String> {
    let owner = text(group, "OwnerId");
    let mut rules = BTreeSet::new();
    for permission in listed(group, way)? {
        for (list, key) in [("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")] {
            for range in listed(permission, list)? {
                rules.insert(rule(permission, Peer::Cidr(parsed(range, key)?), range)?);
            }
        }
        for list in listed(permission, "PrefixListIds")? {
            rules.insert(rule(permission, Peer::PrefixList(text(list, "PrefixListId").to_owned()), list)?);
        }
        for pair in listed(permission, "UserIdGroupPairs")? {
            rules.insert(rule(permission, group_peer(pair, owner)?, pair)?);
        }
    }
    Ok(rules)
}

/// A group of this account's is planned by its id; one of another account's, or behind a peering, is not planned at all.
fn group_peer(pair: &Json, account: &str) -> Result<Peer, String> {
    let abroad = said(pair, "UserId").filter(|owner| !account.is_empty() && *owner != account);
    let via = said(pair, "VpcPeeringConnectionId");
    if abroad.is_none() && via.is_none() {
        return known(pair, "GroupId").map(Peer::Group);
    }
    let abroad = abroad.map(|owner| format!(" of account {owner}")).unwrap_or_default();
    let via = via.map(|via| format!(" through {via}")).unwrap_or_default();
    Ok(Peer::Other(format!("group {}{abroad}{via}", text(pair, "GroupId"))))
}

fn rule(permission: &Json, peer: Peer, side: &Json) -> Result<GroupRule, String> {
    let protocol = protocol(said(permission, "IpProtocol").unwrap_or("-1"))?;
    in_order(protocol, permission, ["FromPort", "ToPort"])?;
    let port = |key: &str| permission[key].as_u64().and_then(|port| u16::try_from(port).ok());
    let (ports, peer) = match (protocol, port("FromPort"), port("ToPort")) {
        (Protocol::All, _, _) => (None, peer),
        (_, Some(from), Some(to)) => (Some((from, to)), peer),
        // For ICMP these are type and code, and -1 is any.
        (Protocol::Number(number), Some(kind), None) if Protocol::ICMP.contains(&number) => {
            (None, Peer::Other(format!("{peer}, ICMP of type {kind}")))
        }
        _ => (None, peer),
    };
    Ok(GroupRule { protocol, ports, peer, description: text(side, "Description").to_owned() })
}

/// Refuses a range of ports that ends before it begins, which AWS does not take.
fn in_order(protocol: Protocol, range: &Json, [first, last]: [&str; 2]) -> Result<(), String> {
    match (protocol, range[first].as_u64(), range[last].as_u64()) {
        (Protocol::Tcp | Protocol::Udp, Some(first), Some(last)) if first > last => {
            Err(format!("ports from {first} to {last}, expected a range that ends after it begins"))
        }
        _ => Ok(()),
    }
}

fn protocol(text: &str) -> Result<Protocol, String> {
    text.parse().map_err(|error: InvalidProtocol| error.to_string())
}

/// The number of the rule that AWS puts last by itself: deny.
const LAST: u32 = 32_767;

/// The rules of one direction, AWS's own last one aside.
fn entries(acl: &Json, egress: bool) -> Result<BTreeMap<u16, AclRule>, String> {
    let mut rules = BTreeMap::new();
    for entry in listed(acl, "Entries")? {
        if stated(entry, "Egress")? != egress {
            continue;
        }
        let place = number(&entry["RuleNumber"]).ok_or_else(|| "a rule without number".to_owned())?;
        if place >= LAST {
            continue;
        }
        let cidr = if said(entry, "CidrBlock").is_some() { "CidrBlock" } else { "Ipv6CidrBlock" };
        let port = |key: &str| entry["PortRange"][key].as_u64().and_then(|port| u16::try_from(port).ok());
        let place = u16::try_from(place).map_err(|_| "a rule of too high a number".to_owned())?;
        let protocol = protocol(text(entry, "Protocol"))?;
        if matches!(protocol, Protocol::Tcp | Protocol::Udp) {
            in_order(protocol, required(entry, "PortRange")?, ["From", "To"])?;
        }
        let rule = AclRule {
            allow: match text(entry, "RuleAction") {
                "allow" => true,
                "deny" => false,
                _ => return Err("a rule that neither allows nor denies".to_owned()),
            },
            protocol,
            cidr: parsed(entry, cidr)?,
            ports: port("From").zip(port("To")),
        };
        rules.insert(place, rule);
    }
    Ok(rules)
}

/// Flow logs of VPCs.
pub(super) fn flow_logs(saved: &Saved, place: &Place) -> Things {
    let destination = |log: &Json| match (said(log, "LogDestination"), said(log, "LogGroupName")) {
        (Some(arn), _) => Ok(arn.trim_end_matches(":*").to_owned()),
        (_, Some(name)) => {
            let (region, account) = (&place.region, &place.account);
            Ok(format!("arn:{}:logs:{region}:{account}:log-group:{name}", region.partition()))
        }
        _ => Err("no destination".to_owned()),
    };
    let read = |log: &Json| {
        Ok(FlowLog {
            vpc: known(log, "ResourceId")?,
            traffic: match text(log, "TrafficType") {
                "ALL" => Traffic::All,
                "ACCEPT" => Traffic::Accept,
                "REJECT" => Traffic::Reject,
                _ => return Err("no traffic type".to_owned()),
            },
            destination: Value::Known(destination(log)?.parse().map_err(|error| format!("its destination: {error}"))?),
            role: known(log, "DeliverLogsPermissionArn")?,
            aggregation_seconds: number(&log["MaxAggregationInterval"]).unwrap_or(600),
        })
    };
    let logs = saved.all("FlowLogs", "ec2 describe-flow-logs")?;
    Ok(logs.into_iter().map(|log| Thing::of_ec2(log, "FlowLogId", read(log))).collect())
}

/// Public halves of key pairs.
pub(super) fn key_pairs(saved: &Saved) -> Things {
    let read = |pair: &Json| {
        let line = said(pair, "PublicKey");
        let line = line.ok_or_else(|| not_saved("ec2 describe-key-pairs --include-public-key"))?;
        // AWS writes the pair's name after algorithm and key.
        Ok(KeyPair { public_key: line.split_ascii_whitespace().take(2).collect::<Vec<_>>().join(" ") })
    };
    let named = |pair: &Json| {
        let name = text(pair, "KeyName");
        let tags: Tags = super::thing::pairs(&pair["Tags"]);
        Thing::new(Attributes::id(name), name, tags, read(pair))
    };
    Ok(saved.all("KeyPairs", "ec2 describe-key-pairs")?.into_iter().map(named).collect())
}
