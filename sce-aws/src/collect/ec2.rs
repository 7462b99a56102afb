//! EC2, which answers in XML.

use aws_sdk_ec2::types::{
    Instance, InstanceAttributeName, InstanceNetworkInterface, IpPermission,
    LaunchTemplateInstanceNetworkInterfaceSpecification, NetworkAcl, NetworkInterface, NetworkInterfaceAttribute,
    ResponseLaunchTemplateData, RouteTable, SecurityGroup, Tag, Volume, VpcAttributeName, VpcEndpoint,
    VpcPeeringConnectionVpcInfo,
};
use aws_smithy_types::base64;
use serde_json::{Value as Json, json};

use super::{CollectError, Collector, list, object, time};
use crate::error::{CloudError, cloud};
use crate::transfer::Digest;

/// All pages of a call, each item as JSON, under one key.
macro_rules! pages {
    ($collector:expr, $request:expr, $operation:literal, $path:literal, $key:literal, $each:expr) => {{
        let sent = $request.into_paginator().items().send().try_collect().await;
        let answered = $collector.answer(sent.map_err(cloud($operation, "all")))?;
        if let Some(items) = &answered {
            $collector.save(concat!("ec2/", $path, ".json"), json!({ $key: list(items, $each) }))?;
        }
        answered.unwrap_or_default()
    }};
}

pub(super) async fn collect(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    networks(collector).await?;
    firewalls(collector).await?;
    neighbours(collector).await?;
    machines(collector).await?;
    templates(collector).await?;
    settings(collector).await
}

async fn networks(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let ec2 = &collector.session.ec2;
    let vpcs = pages!(collector, ec2.describe_vpcs(), "DescribeVpcs", "describe-vpcs", "Vpcs", |vpc| {
        let blocks = list(vpc.cidr_block_association_set(), |one| {
            let state = one.cidr_block_state().and_then(|it| it.state()).map(|it| it.as_str());
            object!(one; "AssociationId": association_id, "CidrBlock": cidr_block; ; "CidrBlockState" = json!({"State": state}))
        });
        let blocks6 = list(vpc.ipv6_cidr_block_association_set(), |one| {
            let state = one.ipv6_cidr_block_state().and_then(|it| it.state()).map(|it| it.as_str());
            object!(one; "AssociationId": association_id, "Ipv6CidrBlock": ipv6_cidr_block; ;
                "Ipv6CidrBlockState" = json!({"State": state}))
        });
        object!(vpc; "VpcId": vpc_id, "CidrBlock": cidr_block, "OwnerId": owner_id, "IsDefault": is_default,
            "DhcpOptionsId": dhcp_options_id; "InstanceTenancy": instance_tenancy, "State": state;
            "CidrBlockAssociationSet" = blocks, "Ipv6CidrBlockAssociationSet" = blocks6, "Tags" = tags(vpc.tags()))
    });
    for id in vpcs.iter().filter_map(|vpc| vpc.vpc_id()) {
        for attribute in [VpcAttributeName::EnableDnsSupport, VpcAttributeName::EnableDnsHostnames] {
            vpc_attribute(collector, id, attribute).await?;
        }
    }
    pages!(collector, ec2.describe_subnets(), "DescribeSubnets", "describe-subnets", "Subnets", |subnet| {
        let blocks = list(subnet.ipv6_cidr_block_association_set(), |one| {
            let state = one.ipv6_cidr_block_state().and_then(|it| it.state()).map(|it| it.as_str());
            object!(one; "AssociationId": association_id, "Ipv6CidrBlock": ipv6_cidr_block; ;
                "Ipv6CidrBlockState" = json!({"State": state}))
        });
        object!(subnet; "SubnetId": subnet_id, "VpcId": vpc_id, "CidrBlock": cidr_block,
            "AvailabilityZone": availability_zone, "AvailabilityZoneId": availability_zone_id, "OwnerId": owner_id,
            "MapPublicIpOnLaunch": map_public_ip_on_launch, "AssignIpv6AddressOnCreation": assign_ipv6_address_on_creation,
            "DefaultForAz": default_for_az, "SubnetArn": subnet_arn; "State": state;
            "Ipv6CidrBlockAssociationSet" = blocks, "Tags" = tags(subnet.tags()))
    });
    pages!(
        collector,
        ec2.describe_route_tables(),
        "DescribeRouteTables",
        "describe-route-tables",
        "RouteTables",
        route_table
    );
    pages!(
        collector,
        ec2.describe_internet_gateways(),
        "DescribeInternetGateways",
        "describe-internet-gateways",
        "InternetGateways",
        |gateway| {
            let attachments = list(gateway.attachments(), |one| object!(one; "VpcId": vpc_id; "State": state));
            object!(gateway; "InternetGatewayId": internet_gateway_id, "OwnerId": owner_id; ;
                "Attachments" = attachments, "Tags" = tags(gateway.tags()))
        }
    );
    pages!(
        collector,
        ec2.describe_egress_only_internet_gateways(),
        "DescribeEgressOnlyInternetGateways",
        "describe-egress-only-internet-gateways",
        "EgressOnlyInternetGateways",
        |gateway| {
            let attachments = list(gateway.attachments(), |one| object!(one; "VpcId": vpc_id; "State": state));
            object!(gateway; "EgressOnlyInternetGatewayId": egress_only_internet_gateway_id; ;
                "Attachments" = attachments, "Tags" = tags(gateway.tags()))
        }
    );
    pages!(
        collector,
        ec2.describe_nat_gateways(),
        "DescribeNatGateways",
        "describe-nat-gateways",
        "NatGateways",
        |gateway| {
            let addresses = list(gateway.nat_gateway_addresses(), |one| {
                object!(one; "AllocationId": allocation_id, "NetworkInterfaceId": network_interface_id,
                "PrivateIp": private_ip, "PublicIp": public_ip)
            });
            object!(gateway; "NatGatewayId": nat_gateway_id, "SubnetId": subnet_id, "VpcId": vpc_id;
            "State": state, "ConnectivityType": connectivity_type;
            "NatGatewayAddresses" = addresses, "Tags" = tags(gateway.tags()))
        }
    );
    let sent = ec2.describe_addresses().send().await;
    if let Some(answer) = collector.answer(sent.map_err(cloud("DescribeAddresses", "all")))? {
        let addresses = list(answer.addresses(), |one| {
            object!(one; "AllocationId": allocation_id, "AssociationId": association_id, "PublicIp": public_ip,
                "InstanceId": instance_id, "NetworkInterfaceId": network_interface_id, "PrivateIpAddress": private_ip_address;
                "Domain": domain; "Tags" = tags(one.tags()))
        });
        collector.save("ec2/describe-addresses.json", json!({ "Addresses": addresses }))?;
    }
    pages!(
        collector,
        ec2.describe_vpc_endpoints(),
        "DescribeVpcEndpoints",
        "describe-vpc-endpoints",
        "VpcEndpoints",
        endpoint
    );
    pages!(
        collector,
        ec2.describe_instance_connect_endpoints(),
        "DescribeInstanceConnectEndpoints",
        "describe-instance-connect-endpoints",
        "InstanceConnectEndpoints",
        |endpoint| {
            object!(endpoint; "InstanceConnectEndpointId": instance_connect_endpoint_id, "SubnetId": subnet_id,
                "VpcId": vpc_id, "PreserveClientIp": preserve_client_ip; "State": state;
                "SecurityGroupIds" = endpoint.security_group_ids(), "Tags" = tags(endpoint.tags()))
        }
    );
    pages!(collector, ec2.describe_flow_logs(), "DescribeFlowLogs", "describe-flow-logs", "FlowLogs", |log| {
        object!(log; "FlowLogId": flow_log_id, "FlowLogStatus": flow_log_status, "ResourceId": resource_id,
            "LogGroupName": log_group_name, "LogDestination": log_destination, "LogFormat": log_format,
            "DeliverLogsPermissionArn": deliver_logs_permission_arn, "DeliverLogsStatus": deliver_logs_status,
            "MaxAggregationInterval": max_aggregation_interval;
            "TrafficType": traffic_type, "LogDestinationType": log_destination_type; "Tags" = tags(log.tags()))
    });
    Ok(())
}

async fn vpc_attribute(
    collector: &mut Collector<'_>,
    id: &str,
    attribute: VpcAttributeName,
) -> Result<(), CollectError> {
    let call = format!("describe-vpc-attribute-{}", attribute.as_str());
    let sent = collector.session.ec2.describe_vpc_attribute().vpc_id(id).attribute(attribute).send().await;
    let Some(answer) = collector.answer(sent.map_err(cloud("DescribeVpcAttribute", id)))? else { return Ok(()) };
    let value = |told: Option<&aws_sdk_ec2::types::AttributeBooleanValue>| {
        told.and_then(|told| told.value()).map(|value| json!({ "Value": value }))
    };
    let json = json!({
        "VpcId": id,
        "EnableDnsSupport": value(answer.enable_dns_support()),
        "EnableDnsHostnames": value(answer.enable_dns_hostnames()),
    });
    collector.save_of("ec2", id, &call, json)
}

async fn firewalls(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let ec2 = &collector.session.ec2;
    pages!(
        collector,
        ec2.describe_network_acls(),
        "DescribeNetworkAcls",
        "describe-network-acls",
        "NetworkAcls",
        network_acl
    );
    pages!(
        collector,
        ec2.describe_security_groups(),
        "DescribeSecurityGroups",
        "describe-security-groups",
        "SecurityGroups",
        security_group
    );
    pages!(
        collector,
        ec2.describe_network_interfaces(),
        "DescribeNetworkInterfaces",
        "describe-network-interfaces",
        "NetworkInterfaces",
        network_interface
    );
    Ok(())
}

/// What leads elsewhere.
async fn neighbours(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let ec2 = &collector.session.ec2;
    pages!(
        collector,
        ec2.describe_vpc_peering_connections(),
        "DescribeVpcPeeringConnections",
        "describe-vpc-peering-connections",
        "VpcPeeringConnections",
        |peering| {
            let status = peering.status().map(|it| object!(it; "Message": message; "Code": code));
            object!(peering; "VpcPeeringConnectionId": vpc_peering_connection_id; ; "Status" = status,
                "AccepterVpcInfo" = peering.accepter_vpc_info().map(peer), "RequesterVpcInfo" = peering.requester_vpc_info().map(peer),
                "Tags" = tags(peering.tags()))
        }
    );
    pages!(
        collector,
        ec2.describe_prefix_lists(),
        "DescribePrefixLists",
        "describe-prefix-lists",
        "PrefixLists",
        |one| { object!(one; "PrefixListId": prefix_list_id, "PrefixListName": prefix_list_name, "Cidrs": cidrs) }
    );
    let lists = pages!(
        collector,
        ec2.describe_managed_prefix_lists(),
        "DescribeManagedPrefixLists",
        "describe-managed-prefix-lists",
        "PrefixLists",
        |one| {
            object!(one; "PrefixListId": prefix_list_id, "PrefixListName": prefix_list_name, "PrefixListArn": prefix_list_arn,
                "AddressFamily": address_family, "OwnerId": owner_id, "MaxEntries": max_entries; "State": state;
                "Tags" = tags(one.tags()))
        }
    );
    for id in lists.iter().filter_map(|one| one.prefix_list_id()) {
        let entries = ec2.get_managed_prefix_list_entries().prefix_list_id(id).into_paginator().items();
        let sent = entries.send().try_collect().await.map_err(cloud("GetManagedPrefixListEntries", id));
        if let Some(entries) = collector.answer(sent)? {
            let entries = list(&entries, |one| object!(one; "Cidr": cidr, "Description": description));
            collector.save_of("ec2", id, "get-managed-prefix-list-entries", json!({ "Entries": entries }))?;
        }
    }
    pages!(
        collector,
        ec2.describe_transit_gateway_attachments(),
        "DescribeTransitGatewayAttachments",
        "describe-transit-gateway-attachments",
        "TransitGatewayAttachments",
        |one| {
            object!(one; "TransitGatewayAttachmentId": transit_gateway_attachment_id, "TransitGatewayId": transit_gateway_id,
                "ResourceId": resource_id, "ResourceOwnerId": resource_owner_id; "ResourceType": resource_type, "State": state;
                "Tags" = tags(one.tags()))
        }
    );
    let sent = ec2.describe_vpn_gateways().send().await;
    if let Some(answer) = collector.answer(sent.map_err(cloud("DescribeVpnGateways", "all")))? {
        let gateways = list(answer.vpn_gateways(), |one| {
            let attachments = list(one.vpc_attachments(), |it| object!(it; "VpcId": vpc_id; "State": state));
            object!(one; "VpnGatewayId": vpn_gateway_id; "State": state, "Type": r#type;
                "VpcAttachments" = attachments, "Tags" = tags(one.tags()))
        });
        collector.save("ec2/describe-vpn-gateways.json", json!({ "VpnGateways": gateways }))?;
    }
    Ok(())
}

async fn machines(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let ec2 = &collector.session.ec2;
    let reservations = pages!(
        collector,
        ec2.describe_instances(),
        "DescribeInstances",
        "describe-instances",
        "Reservations",
        |reservation| {
            object!(reservation; "ReservationId": reservation_id, "OwnerId": owner_id; ;
                "Instances" = list(reservation.instances(), instance))
        }
    );
    let ended =
        |one: &&Instance| one.state().and_then(|it| it.name()).is_some_and(|name| name.as_str() == "terminated");
    for one in reservations.iter().flat_map(|it| it.instances()).filter(|one| !ended(one)) {
        let Some(id) = one.instance_id() else { continue };
        user_data(collector, id).await?;
        for interface in one.network_interfaces().iter().filter_map(|it| it.network_interface_id()) {
            interface_address(collector, interface).await?;
        }
    }
    pages!(collector, ec2.describe_volumes(), "DescribeVolumes", "describe-volumes", "Volumes", volume);
    let sent = ec2.describe_key_pairs().include_public_key(true).send().await;
    if let Some(answer) = collector.answer(sent.map_err(cloud("DescribeKeyPairs", "all")))? {
        let pairs = list(answer.key_pairs(), |one| {
            object!(one; "KeyPairId": key_pair_id, "KeyName": key_name, "KeyFingerprint": key_fingerprint, "PublicKey": public_key;
                "KeyType": key_type; "Tags" = tags(one.tags()))
        });
        collector.save("ec2/describe-key-pairs.json", json!({ "KeyPairs": pairs }))?;
    }
    Ok(())
}

/// The digest alone: a program at first boot may hold secrets.
async fn user_data(collector: &mut Collector<'_>, id: &str) -> Result<(), CollectError> {
    let request = collector.session.ec2.describe_instance_attribute().instance_id(id);
    let sent = request.attribute(InstanceAttributeName::UserData).send().await;
    let Some(answer) = collector.answer(sent.map_err(cloud("DescribeInstanceAttribute", id)))? else { return Ok(()) };
    let text = answer.user_data().and_then(|data| data.value()).unwrap_or_default();
    let digest = base64::decode(text).map(|program| Digest::of(&program).to_string());
    let digest = digest.map_err(|_| CloudError::unreadable("DescribeInstanceAttribute", id, "no base64"));
    let Some(digest) = collector.answer(digest)? else { return Ok(()) };
    let json = json!({ "InstanceId": id, "UserDataSha256": digest });
    collector.save_of("ec2", id, "describe-instance-attribute-user-data-sha256", json)
}

/// Whether an interface gets a public address when its machine starts. Not every partition knows this attribute, which is of 2024.
async fn interface_address(collector: &mut Collector<'_>, id: &str) -> Result<(), CollectError> {
    let request = collector.session.ec2.describe_network_interface_attribute().network_interface_id(id);
    let sent = request.attribute(NetworkInterfaceAttribute::AssociatePublicIpAddress).send().await;
    let answered = sent.map_err(cloud("DescribeNetworkInterfaceAttribute", id));
    if answered.as_ref().is_err_and(|error| error.has_code("InvalidParameterValue")) {
        return Ok(());
    }
    let Some(answer) = collector.answer(answered)? else { return Ok(()) };
    let json = json!({ "NetworkInterfaceId": id, "AssociatePublicIpAddress": answer.associate_public_ip_address() });
    collector.save_of("ec2", id, "describe-network-interface-attribute", json)
}

async fn templates(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let ec2 = &collector.session.ec2;
    let templates = pages!(
        collector,
        ec2.describe_launch_templates(),
        "DescribeLaunchTemplates",
        "describe-launch-templates",
        "LaunchTemplates",
        |one| {
            object!(one; "LaunchTemplateId": launch_template_id, "LaunchTemplateName": launch_template_name,
                "DefaultVersionNumber": default_version_number, "LatestVersionNumber": latest_version_number; ;
                "Tags" = tags(one.tags()))
        }
    );
    for id in templates.iter().filter_map(|one| one.launch_template_id()) {
        let versions = ec2.describe_launch_template_versions().launch_template_id(id).into_paginator().items();
        let sent = versions.send().try_collect().await.map_err(cloud("DescribeLaunchTemplateVersions", id));
        if let Some(versions) = collector.answer(sent)? {
            let versions = list(&versions, |one| {
                object!(one; "LaunchTemplateId": launch_template_id, "LaunchTemplateName": launch_template_name,
                    "VersionNumber": version_number, "DefaultVersion": default_version; ;
                    "LaunchTemplateData" = one.launch_template_data().map(template_data))
            });
            let json = json!({ "LaunchTemplateVersions": versions });
            collector.save_of("ec2", id, "describe-launch-template-versions", json)?;
        }
    }
    Ok(())
}

async fn settings(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let ec2 = &collector.session.ec2;
    let sent = ec2.get_ebs_encryption_by_default().send().await;
    if let Some(answer) = collector.answer(sent.map_err(cloud("GetEbsEncryptionByDefault", "all")))? {
        let json = json!({ "EbsEncryptionByDefault": answer.ebs_encryption_by_default().unwrap_or_default() });
        collector.save("ec2/get-ebs-encryption-by-default.json", json)?;
    }
    let sent = ec2.get_ebs_default_kms_key_id().send().await;
    if let Some(answer) = collector.answer(sent.map_err(cloud("GetEbsDefaultKmsKeyId", "all")))? {
        collector.save("ec2/get-ebs-default-kms-key-id.json", json!({ "KmsKeyId": answer.kms_key_id() }))?;
    }
    Ok(())
}

fn tags(tags: &[Tag]) -> Json {
    list(tags, |tag| object!(tag; "Key": key, "Value": value))
}

fn groups(groups: &[aws_sdk_ec2::types::GroupIdentifier]) -> Json {
    list(groups, |group| object!(group; "GroupId": group_id, "GroupName": group_name))
}

fn route_table(table: &RouteTable) -> Json {
    let routes = list(table.routes(), |route| {
        object!(route; "DestinationCidrBlock": destination_cidr_block, "DestinationIpv6CidrBlock": destination_ipv6_cidr_block,
            "DestinationPrefixListId": destination_prefix_list_id, "GatewayId": gateway_id, "NatGatewayId": nat_gateway_id,
            "EgressOnlyInternetGatewayId": egress_only_internet_gateway_id, "InstanceId": instance_id,
            "InstanceOwnerId": instance_owner_id, "TransitGatewayId": transit_gateway_id, "LocalGatewayId": local_gateway_id,
            "CarrierGatewayId": carrier_gateway_id, "NetworkInterfaceId": network_interface_id,
            "VpcPeeringConnectionId": vpc_peering_connection_id, "CoreNetworkArn": core_network_arn;
            "Origin": origin, "State": state)
    });
    let associations = list(table.associations(), |one| {
        let state = one.association_state().and_then(|it| it.state()).map(|it| json!({ "State": it.as_str() }));
        object!(one; "RouteTableAssociationId": route_table_association_id, "RouteTableId": route_table_id, "SubnetId": subnet_id,
            "GatewayId": gateway_id, "Main": main; ; "AssociationState" = state)
    });
    object!(table; "RouteTableId": route_table_id, "VpcId": vpc_id, "OwnerId": owner_id; ;
        "Routes" = routes, "Associations" = associations, "Tags" = tags(table.tags()))
}

fn endpoint(endpoint: &VpcEndpoint) -> Json {
    let groups = list(endpoint.groups(), |group| object!(group; "GroupId": group_id, "GroupName": group_name));
    object!(endpoint; "VpcEndpointId": vpc_endpoint_id, "VpcId": vpc_id, "ServiceName": service_name,
        "PolicyDocument": policy_document, "RouteTableIds": route_table_ids, "SubnetIds": subnet_ids,
        "NetworkInterfaceIds": network_interface_ids, "PrivateDnsEnabled": private_dns_enabled, "OwnerId": owner_id;
        "VpcEndpointType": vpc_endpoint_type, "State": state; "Groups" = groups, "Tags" = tags(endpoint.tags()))
}

fn network_acl(acl: &NetworkAcl) -> Json {
    let associations = list(
        acl.associations(),
        |one| object!(one; "NetworkAclAssociationId": network_acl_association_id, "NetworkAclId": network_acl_id, "SubnetId": subnet_id),
    );
    let entries = list(acl.entries(), |one| {
        let ports = one.port_range().map(|ports| object!(ports; "From": from, "To": to));
        let icmp = one.icmp_type_code().map(|icmp| object!(icmp; "Code": code, "Type": r#type));
        object!(one; "RuleNumber": rule_number, "Protocol": protocol, "Egress": egress, "CidrBlock": cidr_block,
            "Ipv6CidrBlock": ipv6_cidr_block; "RuleAction": rule_action; "PortRange" = ports, "IcmpTypeCode" = icmp)
    });
    object!(acl; "NetworkAclId": network_acl_id, "VpcId": vpc_id, "IsDefault": is_default, "OwnerId": owner_id; ;
        "Associations" = associations, "Entries" = entries, "Tags" = tags(acl.tags()))
}

fn security_group(group: &SecurityGroup) -> Json {
    object!(group; "GroupId": group_id, "GroupName": group_name, "Description": description, "VpcId": vpc_id,
        "OwnerId": owner_id; ; "IpPermissions" = list(group.ip_permissions(), permission),
        "IpPermissionsEgress" = list(group.ip_permissions_egress(), permission), "Tags" = tags(group.tags()))
}

fn permission(rule: &IpPermission) -> Json {
    let ranges = list(rule.ip_ranges(), |one| object!(one; "CidrIp": cidr_ip, "Description": description));
    let ranges6 = list(rule.ipv6_ranges(), |one| object!(one; "CidrIpv6": cidr_ipv6, "Description": description));
    let lists =
        list(rule.prefix_list_ids(), |one| object!(one; "PrefixListId": prefix_list_id, "Description": description));
    let pairs = list(rule.user_id_group_pairs(), |one| {
        object!(one; "GroupId": group_id, "UserId": user_id, "VpcId": vpc_id, "Description": description,
            "VpcPeeringConnectionId": vpc_peering_connection_id)
    });
    object!(rule; "IpProtocol": ip_protocol, "FromPort": from_port, "ToPort": to_port; ;
        "IpRanges" = ranges, "Ipv6Ranges" = ranges6, "PrefixListIds" = lists, "UserIdGroupPairs" = pairs)
}

fn network_interface(interface: &NetworkInterface) -> Json {
    let association = |one: &aws_sdk_ec2::types::NetworkInterfaceAssociation| {
        object!(one; "PublicIp": public_ip, "AllocationId": allocation_id, "AssociationId": association_id,
            "IpOwnerId": ip_owner_id)
    };
    let addresses = list(interface.private_ip_addresses(), |one| {
        object!(one; "PrivateIpAddress": private_ip_address, "Primary": primary; ;
            "Association" = one.association().map(association))
    });
    let addresses6 = list(interface.ipv6_addresses(), |one| object!(one; "Ipv6Address": ipv6_address));
    let attachment = interface.attachment().map(|one| {
        object!(one; "AttachmentId": attachment_id, "InstanceId": instance_id, "InstanceOwnerId": instance_owner_id,
            "DeviceIndex": device_index; "Status": status)
    });
    object!(interface; "NetworkInterfaceId": network_interface_id, "SubnetId": subnet_id, "VpcId": vpc_id,
        "PrivateIpAddress": private_ip_address, "OwnerId": owner_id, "RequesterId": requester_id,
        "RequesterManaged": requester_managed, "SourceDestCheck": source_dest_check, "Description": description,
        "AvailabilityZone": availability_zone; "InterfaceType": interface_type, "Status": status;
        "Association" = interface.association().map(association), "Attachment" = attachment,
        "Groups" = groups(interface.groups()), "PrivateIpAddresses" = addresses, "Ipv6Addresses" = addresses6,
        "TagSet" = tags(interface.tag_set()))
}

fn peer(side: &VpcPeeringConnectionVpcInfo) -> Json {
    let blocks = list(side.cidr_block_set(), |one| object!(one; "CidrBlock": cidr_block));
    let blocks6 = list(side.ipv6_cidr_block_set(), |one| object!(one; "Ipv6CidrBlock": ipv6_cidr_block));
    object!(side; "VpcId": vpc_id, "OwnerId": owner_id, "Region": region, "CidrBlock": cidr_block; ;
        "CidrBlockSet" = blocks, "Ipv6CidrBlockSet" = blocks6)
}

fn instance(one: &Instance) -> Json {
    let metadata = one.metadata_options().map(|it| {
        object!(it; "HttpPutResponseHopLimit": http_put_response_hop_limit; "HttpTokens": http_tokens, "HttpEndpoint": http_endpoint)
    });
    let profile = one.iam_instance_profile().map(|it| object!(it; "Arn": arn, "Id": id));
    let monitoring = one.monitoring().and_then(|it| it.state()).map(|it| json!({ "State": it.as_str() }));
    let placement = one.placement().map(|it| object!(it; "AvailabilityZone": availability_zone; "Tenancy": tenancy));
    let state = one.state().map(|it| object!(it; "Code": code; "Name": name));
    let devices = list(one.block_device_mappings(), |it| {
        let ebs = it.ebs().map(
            |ebs| object!(ebs; "VolumeId": volume_id, "DeleteOnTermination": delete_on_termination; "Status": status),
        );
        object!(it; "DeviceName": device_name; ; "Ebs" = ebs)
    });
    object!(one; "InstanceId": instance_id, "ImageId": image_id, "SubnetId": subnet_id, "VpcId": vpc_id, "KeyName": key_name,
        "PrivateIpAddress": private_ip_address, "PublicIpAddress": public_ip_address, "RootDeviceName": root_device_name,
        "SourceDestCheck": source_dest_check, "EbsOptimized": ebs_optimized;
        "InstanceType": instance_type, "Architecture": architecture;
        "LaunchTime" = time(one.launch_time()), "State" = state, "MetadataOptions" = metadata, "IamInstanceProfile" = profile,
        "Monitoring" = monitoring, "Placement" = placement, "SecurityGroups" = groups(one.security_groups()),
        "NetworkInterfaces" = list(one.network_interfaces(), interface_of), "BlockDeviceMappings" = devices, "Tags" = tags(one.tags()))
}

fn interface_of(interface: &InstanceNetworkInterface) -> Json {
    let association = |it: &aws_sdk_ec2::types::InstanceNetworkInterfaceAssociation| object!(it; "PublicIp": public_ip, "IpOwnerId": ip_owner_id);
    let addresses = list(interface.private_ip_addresses(), |one| {
        object!(one; "PrivateIpAddress": private_ip_address, "Primary": primary; ;
            "Association" = one.association().map(association))
    });
    let addresses6 = list(interface.ipv6_addresses(), |one| object!(one; "Ipv6Address": ipv6_address));
    object!(interface; "NetworkInterfaceId": network_interface_id, "SubnetId": subnet_id, "VpcId": vpc_id,
        "PrivateIpAddress": private_ip_address, "SourceDestCheck": source_dest_check; "Status": status;
        "Association" = interface.association().map(association), "Groups" = groups(interface.groups()),
        "PrivateIpAddresses" = addresses, "Ipv6Addresses" = addresses6)
}

fn volume(volume: &Volume) -> Json {
    let attachments = list(volume.attachments(), |one| {
        object!(one; "VolumeId": volume_id, "InstanceId": instance_id, "Device": device,
            "DeleteOnTermination": delete_on_termination; "State": state)
    });
    object!(volume; "VolumeId": volume_id, "AvailabilityZone": availability_zone, "Size": size, "Encrypted": encrypted,
        "KmsKeyId": kms_key_id, "SnapshotId": snapshot_id, "Iops": iops, "Throughput": throughput;
        "VolumeType": volume_type, "State": state; "Attachments" = attachments, "Tags" = tags(volume.tags()))
}

fn template_data(data: &ResponseLaunchTemplateData) -> Json {
    let metadata = data.metadata_options().map(|it| {
        object!(it; "HttpPutResponseHopLimit": http_put_response_hop_limit; "HttpTokens": http_tokens, "HttpEndpoint": http_endpoint)
    });
    let profile = data.iam_instance_profile().map(|it| object!(it; "Arn": arn, "Name": name));
    let placement = data.placement().map(|it| object!(it; "AvailabilityZone": availability_zone; "Tenancy": tenancy));
    let devices = list(data.block_device_mappings(), |it| {
        let ebs = it.ebs().map(|ebs| {
            object!(ebs; "Encrypted": encrypted, "DeleteOnTermination": delete_on_termination, "KmsKeyId": kms_key_id,
                "VolumeSize": volume_size; "VolumeType": volume_type)
        });
        object!(it; "DeviceName": device_name; ; "Ebs" = ebs)
    });
    let digest = data.user_data().map(|text| {
        let program = base64::decode(text).unwrap_or_else(|_| text.as_bytes().to_owned());
        Digest::of(&program).to_string()
    });
    let licences =
        list(data.license_specifications(), |it| object!(it; "LicenseConfigurationArn": license_configuration_arn));
    object!(data; "ImageId": image_id, "KeyName": key_name, "SecurityGroupIds": security_group_ids,
        "SecurityGroups": security_groups, "KernelId": kernel_id, "RamDiskId": ram_disk_id,
        "DisableApiTermination": disable_api_termination; "InstanceType": instance_type;
        "IamInstanceProfile" = profile, "Placement" = placement, "MetadataOptions" = metadata, "BlockDeviceMappings" = devices,
        "Monitoring" = data.monitoring().map(|it| json!({ "Enabled": it.enabled() })),
        "NetworkInterfaces" = list(data.network_interfaces(), template_interface),
        "InstanceMarketOptions" = data.instance_market_options().map(|_| json!({})),
        "InstanceRequirements" = data.instance_requirements().map(|_| json!({})),
        "HibernationOptions" = data.hibernation_options().map(|it| json!({ "Configured": it.configured() })),
        "LicenseSpecifications" = licences, "UserDataSha256" = digest)
}

fn template_interface(interface: &LaunchTemplateInstanceNetworkInterfaceSpecification) -> Json {
    object!(interface; "DeviceIndex": device_index, "AssociatePublicIpAddress": associate_public_ip_address, "Groups": groups,
        "NetworkInterfaceId": network_interface_id, "SubnetId": subnet_id, "DeleteOnTermination": delete_on_termination)
}
