//! What is read of each thing that AWS describes: the members that decide where packets go. Everything else is skipped.

use serde::Deserialize;

use super::wire::{Action, Block, Ip, Number, Port, Protocol, Text, nullable};

/// A list that AWS writes also when it is empty: without it the answer was cut or changed, and what it held is not known.
pub(super) type Listed<T> = Option<Vec<T>>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a VPC")]
pub(super) struct Vpc<'a> {
    #[serde(borrow)]
    pub(super) vpc_id: Text<'a>,
    pub(super) cidr_block: Option<Block>,
    #[serde(borrow)]
    pub(super) cidr_block_association_set: Listed<Ipv4Association<'a>>,
    #[serde(borrow, default, deserialize_with = "nullable")]
    pub(super) ipv6_cidr_block_association_set: Vec<Ipv6Association<'a>>,
    #[serde(borrow)]
    pub(super) owner_id: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an IPv4 block of a VPC")]
pub(super) struct Ipv4Association<'a> {
    pub(super) cidr_block: Option<Block>,
    #[serde(borrow)]
    pub(super) cidr_block_state: Option<State<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an IPv6 block of a VPC or subnet")]
pub(super) struct Ipv6Association<'a> {
    pub(super) ipv6_cidr_block: Option<Block>,
    #[serde(borrow)]
    pub(super) ipv6_cidr_block_state: Option<State<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a state")]
pub(super) struct State<'a> {
    #[serde(borrow)]
    pub(super) state: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a status")]
pub(super) struct Status<'a> {
    #[serde(borrow)]
    pub(super) code: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a subnet")]
pub(super) struct Subnet<'a> {
    #[serde(borrow)]
    pub(super) subnet_id: Text<'a>,
    #[serde(borrow)]
    pub(super) vpc_id: Text<'a>,
    pub(super) cidr_block: Option<Block>,
    #[serde(borrow, default, deserialize_with = "nullable")]
    pub(super) ipv6_cidr_block_association_set: Vec<Ipv6Association<'a>>,
    pub(super) map_public_ip_on_launch: Option<bool>,
    #[serde(borrow)]
    pub(super) availability_zone: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a network interface")]
pub(super) struct Interface<'a> {
    #[serde(borrow)]
    pub(super) network_interface_id: Text<'a>,
    #[serde(borrow)]
    pub(super) subnet_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) vpc_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) groups: Listed<GroupName<'a>>,
    pub(super) private_ip_address: Option<Ip>,
    pub(super) association: Option<Association>,
    pub(super) private_ip_addresses: Listed<PrivateAddress>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) ipv6_addresses: Vec<Ipv6Address>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) ipv4_prefixes: Vec<Ipv4Prefix>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) ipv6_prefixes: Vec<Ipv6Prefix>,
    pub(super) source_dest_check: Option<bool>,
    #[serde(borrow)]
    pub(super) interface_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) description: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) attachment: Option<Attachment<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a security group's id")]
pub(super) struct GroupName<'a> {
    #[serde(borrow)]
    pub(super) group_id: Text<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "the public side of an address")]
pub(super) struct Association {
    pub(super) public_ip: Option<Ip>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a private address")]
pub(super) struct PrivateAddress {
    pub(super) private_ip_address: Option<Ip>,
    pub(super) association: Option<Association>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an IPv6 address")]
pub(super) struct Ipv6Address {
    pub(super) ipv6_address: Ip,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a delegated IPv4 prefix")]
pub(super) struct Ipv4Prefix {
    pub(super) ipv4_prefix: Block,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a delegated IPv6 prefix")]
pub(super) struct Ipv6Prefix {
    pub(super) ipv6_prefix: Block,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an interface's attachment")]
pub(super) struct Attachment<'a> {
    #[serde(borrow)]
    pub(super) instance_id: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a reservation of instances")]
pub(super) struct Reservation<'a> {
    #[serde(borrow)]
    pub(super) instances: Listed<Instance<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an instance")]
pub(super) struct Instance<'a> {
    #[serde(borrow)]
    pub(super) instance_id: Text<'a>,
    pub(super) public_ip_address: Option<Ip>,
    #[serde(borrow)]
    pub(super) network_interfaces: Listed<Interface<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a route table")]
pub(super) struct RouteTable<'a> {
    #[serde(borrow)]
    pub(super) route_table_id: Text<'a>,
    #[serde(borrow)]
    pub(super) vpc_id: Text<'a>,
    #[serde(borrow)]
    pub(super) associations: Listed<TableAssociation<'a>>,
    #[serde(borrow)]
    pub(super) routes: Listed<Route<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "what a route table is for")]
pub(super) struct TableAssociation<'a> {
    pub(super) main: Option<bool>,
    #[serde(borrow)]
    pub(super) subnet_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) gateway_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) association_state: Option<State<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a route")]
pub(super) struct Route<'a> {
    pub(super) destination_cidr_block: Option<Block>,
    pub(super) destination_ipv6_cidr_block: Option<Block>,
    #[serde(borrow)]
    pub(super) destination_prefix_list_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) gateway_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) nat_gateway_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) vpc_peering_connection_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) transit_gateway_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) egress_only_internet_gateway_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) network_interface_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) instance_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) local_gateway_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) carrier_gateway_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) core_network_arn: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) odb_network_arn: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) origin: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) state: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a network ACL")]
pub(super) struct Acl<'a> {
    #[serde(borrow)]
    pub(super) network_acl_id: Text<'a>,
    #[serde(borrow)]
    pub(super) vpc_id: Text<'a>,
    pub(super) is_default: Option<bool>,
    #[serde(borrow)]
    pub(super) associations: Listed<AclAssociation<'a>>,
    pub(super) entries: Listed<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a subnet that a network ACL guards")]
pub(super) struct AclAssociation<'a> {
    #[serde(borrow)]
    pub(super) subnet_id: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an entry of a network ACL")]
pub(super) struct Entry {
    pub(super) rule_number: Number,
    pub(super) rule_action: Action,
    pub(super) egress: bool,
    pub(super) protocol: Protocol,
    pub(super) cidr_block: Option<Block>,
    pub(super) ipv6_cidr_block: Option<Block>,
    pub(super) port_range: Option<PortRange>,
    pub(super) icmp_type_code: Option<IcmpTypeCode>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "AnyRange")]
pub(super) struct PortRange {
    pub(super) from: Option<Port>,
    pub(super) to: Option<Port>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a range of ports")]
struct AnyRange {
    from: Option<Port>,
    to: Option<Port>,
}

impl TryFrom<AnyRange> for PortRange {
    type Error = String;

    fn try_from(AnyRange { from, to }: AnyRange) -> Result<Self, String> {
        in_order(from, to).map(|()| Self { from, to })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an ICMP type and code")]
pub(super) struct IcmpTypeCode {
    pub(super) r#type: Option<Port>,
    pub(super) code: Option<Port>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a security group")]
pub(super) struct Group<'a> {
    #[serde(borrow)]
    pub(super) group_id: Text<'a>,
    #[serde(borrow)]
    pub(super) vpc_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) ip_permissions: Listed<Permission<'a>>,
    #[serde(borrow)]
    pub(super) ip_permissions_egress: Listed<Permission<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "AnyPermission<'a>", bound(deserialize = "'de: 'a"))]
pub(super) struct Permission<'a> {
    pub(super) ip_protocol: Protocol,
    pub(super) from_port: Option<Port>,
    pub(super) to_port: Option<Port>,
    pub(super) ip_ranges: Listed<IpRange>,
    pub(super) ipv6_ranges: Listed<Ipv6Range>,
    pub(super) prefix_list_ids: Listed<PrefixListName<'a>>,
    pub(super) user_id_group_pairs: Listed<GroupPair<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a permission of a security group")]
struct AnyPermission<'a> {
    ip_protocol: Protocol,
    from_port: Option<Port>,
    to_port: Option<Port>,
    ip_ranges: Listed<IpRange>,
    ipv6_ranges: Listed<Ipv6Range>,
    #[serde(borrow)]
    prefix_list_ids: Listed<PrefixListName<'a>>,
    #[serde(borrow)]
    user_id_group_pairs: Listed<GroupPair<'a>>,
}

impl<'a> TryFrom<AnyPermission<'a>> for Permission<'a> {
    type Error = String;

    fn try_from(any: AnyPermission<'a>) -> Result<Self, String> {
        let AnyPermission {
            ip_protocol,
            from_port,
            to_port,
            ip_ranges,
            ipv6_ranges,
            prefix_list_ids,
            user_id_group_pairs,
        } = any;
        // Of ICMP these are type and code, and of all protocols they say nothing.
        if matches!(ip_protocol.0, Some(6 | 17)) {
            in_order(from_port, to_port)?;
        }
        Ok(Self { ip_protocol, from_port, to_port, ip_ranges, ipv6_ranges, prefix_list_ids, user_id_group_pairs })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an IPv4 range")]
pub(super) struct IpRange {
    pub(super) cidr_ip: Block,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an IPv6 range")]
pub(super) struct Ipv6Range {
    pub(super) cidr_ipv6: Block,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a prefix list's id")]
pub(super) struct PrefixListName<'a> {
    #[serde(borrow)]
    pub(super) prefix_list_id: Text<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a reference to a security group")]
pub(super) struct GroupPair<'a> {
    #[serde(borrow)]
    pub(super) group_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) group_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) peering_status: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an internet gateway")]
pub(super) struct InternetGateway<'a> {
    #[serde(borrow)]
    pub(super) internet_gateway_id: Text<'a>,
    #[serde(borrow)]
    pub(super) attachments: Listed<VpcAttachment<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an egress-only internet gateway")]
pub(super) struct EgressOnlyInternetGateway<'a> {
    #[serde(borrow)]
    pub(super) egress_only_internet_gateway_id: Text<'a>,
    #[serde(borrow)]
    pub(super) attachments: Listed<VpcAttachment<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an attachment to a VPC")]
pub(super) struct VpcAttachment<'a> {
    #[serde(borrow)]
    pub(super) state: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) vpc_id: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a NAT gateway")]
pub(super) struct NatGateway<'a> {
    #[serde(borrow)]
    pub(super) nat_gateway_id: Text<'a>,
    #[serde(borrow)]
    pub(super) subnet_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) vpc_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) state: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) nat_gateway_addresses: Listed<NatAddress<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an address of a NAT gateway")]
pub(super) struct NatAddress<'a> {
    pub(super) private_ip: Option<Ip>,
    pub(super) public_ip: Option<Ip>,
    #[serde(borrow)]
    pub(super) network_interface_id: Option<Text<'a>>,
    pub(super) is_primary: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a VPC endpoint")]
pub(super) struct VpcEndpoint<'a> {
    #[serde(borrow)]
    pub(super) vpc_endpoint_id: Text<'a>,
    #[serde(borrow)]
    pub(super) vpc_endpoint_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) vpc_id: Text<'a>,
    #[serde(borrow)]
    pub(super) service_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) state: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "nullable")]
    pub(super) network_interface_ids: Vec<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a peering of VPCs")]
pub(super) struct Peering<'a> {
    #[serde(borrow)]
    pub(super) vpc_peering_connection_id: Text<'a>,
    #[serde(borrow)]
    pub(super) requester_vpc_info: Option<PeeringSide<'a>>,
    #[serde(borrow)]
    pub(super) accepter_vpc_info: Option<PeeringSide<'a>>,
    #[serde(borrow)]
    pub(super) status: Option<Status<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a side of a peering")]
pub(super) struct PeeringSide<'a> {
    #[serde(borrow)]
    pub(super) vpc_id: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a prefix list")]
pub(super) struct PrefixList<'a> {
    #[serde(borrow)]
    pub(super) prefix_list_id: Text<'a>,
    #[serde(borrow)]
    pub(super) prefix_list_name: Option<Text<'a>>,
    pub(super) cidrs: Option<Vec<Block>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an entry of a prefix list")]
pub(super) struct PrefixListEntry {
    pub(super) cidr: Block,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a transit gateway")]
pub(super) struct TransitGateway<'a> {
    #[serde(borrow)]
    pub(super) transit_gateway_id: Text<'a>,
    #[serde(borrow)]
    pub(super) state: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an attachment of a transit gateway")]
pub(super) struct TransitGatewayAttachment<'a> {
    #[serde(borrow)]
    pub(super) transit_gateway_attachment_id: Text<'a>,
    #[serde(borrow)]
    pub(super) transit_gateway_id: Text<'a>,
    #[serde(borrow)]
    pub(super) vpc_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) resource_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) resource_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) state: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a virtual private gateway")]
pub(super) struct VpnGateway<'a> {
    #[serde(borrow)]
    pub(super) vpn_gateway_id: Text<'a>,
    #[serde(borrow)]
    pub(super) state: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) vpc_attachments: Listed<VpcAttachment<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a Client VPN endpoint")]
pub(super) struct ClientVpnEndpoint<'a> {
    #[serde(borrow)]
    pub(super) client_vpn_endpoint_id: Text<'a>,
    #[serde(borrow)]
    pub(super) vpc_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) status: Option<Status<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an EC2 Instance Connect Endpoint")]
pub(super) struct InstanceConnectEndpoint<'a> {
    #[serde(borrow)]
    pub(super) instance_connect_endpoint_id: Text<'a>,
    #[serde(borrow)]
    pub(super) vpc_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) state: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a load balancer")]
pub(super) struct LoadBalancer<'a> {
    #[serde(borrow)]
    pub(super) load_balancer_name: Text<'a>,
    #[serde(borrow)]
    pub(super) load_balancer_arn: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) scheme: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) r#type: Option<Text<'a>>,
    #[serde(borrow, alias = "VPCId")]
    pub(super) vpc_id: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a database instance")]
pub(super) struct DbInstance<'a> {
    #[serde(borrow, rename = "DBInstanceIdentifier")]
    pub(super) db_instance_identifier: Text<'a>,
    #[serde(borrow, rename = "DBInstanceArn")]
    pub(super) db_instance_arn: Option<Text<'a>>,
    pub(super) publicly_accessible: Option<bool>,
    #[serde(borrow, rename = "DBSubnetGroup")]
    pub(super) db_subnet_group: Option<DbSubnetGroup<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a subnet group")]
pub(super) struct DbSubnetGroup<'a> {
    #[serde(borrow)]
    pub(super) vpc_id: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a Redshift cluster")]
pub(super) struct Cluster<'a> {
    #[serde(borrow)]
    pub(super) cluster_identifier: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) cluster_namespace_arn: Option<Text<'a>>,
    pub(super) publicly_accessible: Option<bool>,
    #[serde(borrow)]
    pub(super) vpc_id: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an endpoint service")]
pub(super) struct EndpointService<'a> {
    #[serde(borrow)]
    pub(super) service_name: Text<'a>,
    #[serde(borrow)]
    pub(super) service_state: Option<Text<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "a Verified Access endpoint")]
pub(super) struct VerifiedAccessEndpoint<'a> {
    #[serde(borrow)]
    pub(super) verified_access_endpoint_id: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Option<Status<'a>>,
}

/// AWS takes no range that ends before it begins.
fn in_order(first: Option<Port>, last: Option<Port>) -> Result<(), String> {
    match (first.and_then(|port| port.0), last.and_then(|port| port.0)) {
        (Some(first), Some(last)) if first > last => {
            Err(format!("ports from {first} to {last}, expected a range that ends after it begins"))
        }
        _ => Ok(()),
    }
}
