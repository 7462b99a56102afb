//! What lies in a network, whosever it is, as saved answers tell.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::saved::Saved;
use super::thing::{flag, items, pairs, required, said, text, texts};
use crate::model::{Resident, ResidentKind};

/// What lies in a VPC, or in those subnets of it.
///
/// # Errors
/// When the interfaces were not saved: without them nobody knows who is there. Of other kinds, what was not saved is not told; a gateway
/// or a peering lets nothing through without a route, and routes are read for themselves.
pub(super) fn residents(saved: &Saved, vpc: &str, subnets: Option<&BTreeSet<String>>) -> Result<Vec<Resident>, String> {
    let counts = |json: &&Json| match subnets {
        Some(subnets) => subnets.contains(text(json, "SubnetId")),
        None => text(json, "VpcId") == vpc,
    };
    let listed = |key: &str| saved.all(key, key).unwrap_or_default();
    let interfaces = saved.all("NetworkInterfaces", "ec2 describe-network-interfaces")?;
    for one in &interfaces {
        for key in ["VpcId", "SubnetId"] {
            // One that does not tell where it is may be here.
            required(one, key).map_err(|why| format!("{}: {why}", text(one, "NetworkInterfaceId")))?;
        }
    }
    let mut found: Vec<Resident> = interfaces.into_iter().filter(counts).map(interface).collect();

    let ended = ["terminated", "shutting-down"];
    let machines = listed("Reservations").into_iter().flat_map(|reservation| items(reservation, "Instances"));
    let live = machines.filter(counts).filter(|one| !ended.contains(&text(&one["State"], "Name")));
    found.extend(live.map(|one| resident(ResidentKind::Instance, one, "InstanceId")));

    let mut holders: BTreeMap<String, String> = BTreeMap::new();
    for one in listed("NatGateways").into_iter().filter(counts) {
        let own = items(one, "NatGatewayAddresses").map(|address| text(address, "NetworkInterfaceId").to_owned());
        if is_there(one) {
            holders.extend(own.map(|own| (own, text(one, "NatGatewayId").to_owned())));
            found.push(resident(ResidentKind::NatGateway, one, "NatGatewayId"));
        } else {
            // The interfaces of a gateway that is deleted go with it.
            let going: BTreeSet<String> = own.collect();
            found.retain(|one| !going.contains(&one.id));
        }
    }
    let connect = listed("InstanceConnectEndpoints").into_iter().filter(counts);
    let connect = connect.filter(|one| !["create-failed", "delete-complete"].contains(&text(one, "State")));
    found.extend(connect.map(|one| resident(ResidentKind::ConnectEndpoint, one, "InstanceConnectEndpointId")));
    if subnets.is_none() {
        for one in listed("VpcEndpoints").into_iter().filter(counts).filter(|one| is_there(one)) {
            let own = texts(one, "NetworkInterfaceIds").map(str::to_owned);
            holders.extend(own.map(|own| (own, text(one, "VpcEndpointId").to_owned())));
            let (of_service, description) = (flag(one, "RequesterManaged"), text(one, "ServiceName").to_owned());
            let endpoint = resident(ResidentKind::Endpoint, one, "VpcEndpointId");
            found.push(Resident { of_service, description, ..endpoint });
        }
        found.extend(of_the_whole(vpc, &listed));
    }
    for one in found.iter_mut().filter(|one| one.kind == ResidentKind::Interface) {
        one.attached_to = one.attached_to.take().or_else(|| holders.get(&one.id).cloned());
    }
    Ok(found)
}

/// What belongs to a VPC and to no subnet of it.
fn of_the_whole<'s>(vpc: &str, listed: &impl Fn(&str) -> Vec<&'s Json>) -> Vec<Resident> {
    let in_vpc = |json: &&Json| text(json, "VpcId") == vpc;
    let groups = listed("SecurityGroups").into_iter().filter(in_vpc).map(|one| Resident {
        comes_with_vpc: text(one, "GroupName") == "default",
        description: text(one, "GroupName").to_owned(),
        ..resident(ResidentKind::SecurityGroup, one, "GroupId")
    });
    let acls = listed("NetworkAcls").into_iter().filter(in_vpc).map(|one| Resident {
        comes_with_vpc: flag(one, "IsDefault"),
        ..resident(ResidentKind::NetworkAcl, one, "NetworkAclId")
    });
    let tables = listed("RouteTables").into_iter().filter(in_vpc).map(|one| Resident {
        comes_with_vpc: items(one, "Associations").any(|association| flag(association, "Main")),
        ..resident(ResidentKind::RouteTable, one, "RouteTableId")
    });
    let attached = |one: &Json, key: &str| {
        items(one, key).any(|attachment| text(attachment, "VpcId") == vpc && text(attachment, "State") != "detached")
    };
    let gateways = listed("InternetGateways").into_iter().filter(|one| attached(one, "Attachments"));
    let gateways = gateways.map(|one| resident(ResidentKind::InternetGateway, one, "InternetGatewayId"));
    let vpns = listed("VpnGateways").into_iter().filter(|one| attached(one, "VpcAttachments"));
    let vpns = vpns.map(|one| resident(ResidentKind::VpnGateway, one, "VpnGatewayId"));
    let side = |one: &Json, side: &str| text(&one[side], "VpcId") == vpc;
    let ended = ["deleted", "deleting", "expired", "failed", "rejected"];
    let peerings = listed("VpcPeeringConnections").into_iter();
    let peerings = peerings.filter(|one| side(one, "RequesterVpcInfo") || side(one, "AccepterVpcInfo"));
    let peerings = peerings.filter(|one| !ended.contains(&text(&one["Status"], "Code")));
    let peerings = peerings.map(|one| resident(ResidentKind::Peering, one, "VpcPeeringConnectionId"));
    let transit = listed("TransitGatewayAttachments").into_iter();
    let transit = transit.filter(|one| text(one, "ResourceId") == vpc && is_there(one));
    let transit =
        transit.map(|one| resident(ResidentKind::TransitGatewayAttachment, one, "TransitGatewayAttachmentId"));
    groups.chain(acls).chain(tables).chain(gateways).chain(vpns).chain(peerings).chain(transit).collect()
}

/// Not a tombstone; AWS writes states in either case.
fn is_there(json: &Json) -> bool {
    let gone = ["deleted", "deleting", "failed", "rejected", "expired"];
    !gone.contains(&text(json, "State").to_ascii_lowercase().as_str())
}

fn interface(json: &Json) -> Resident {
    Resident {
        of_service: flag(json, "RequesterManaged"),
        attached_to: said(&json["Attachment"], "InstanceId").map(str::to_owned),
        groups: items(json, "Groups").map(|group| text(group, "GroupId").to_owned()).collect(),
        description: text(json, "Description").to_owned(),
        tags: pairs(&json["TagSet"]),
        ..resident(ResidentKind::Interface, json, "NetworkInterfaceId")
    }
}

fn resident(kind: ResidentKind, json: &Json, id: &str) -> Resident {
    Resident {
        kind,
        id: text(json, id).to_owned(),
        tags: pairs(&json["Tags"]),
        comes_with_vpc: false,
        of_service: false,
        attached_to: None,
        groups: BTreeSet::new(),
        description: String::new(),
    }
}
