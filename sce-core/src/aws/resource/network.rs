//! Networks: VPC, subnets, gateways, routes, filters.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::account::Zone;
use crate::aws::arn::{AllocationId, InternetGatewayId, NatGatewayId, RouteTableId, SubnetId, VpcId};
use crate::aws::policy::Policy;
use crate::cidr::Cidr;
use crate::value::Value;

/// A virtual private cloud: V of the document (L386-L420).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// Its address range; no IPv6 (L391).
    pub cidr: Cidr,
    /// Whether instances share hardware with other AWS customers.
    pub tenancy: Tenancy,
    /// Whether names resolve inside the VPC at all.
    pub dns_support: bool,
    /// Whether instances get DNS names; endpoints need it.
    pub dns_hostnames: bool,
}

/// Whether instances share hardware with other AWS customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tenancy {
    /// Shared hardware; since 2017 no duty under the BAA speaks against it (L192).
    #[default]
    Default,
    /// Hardware of one's own, at a premium (L388).
    Dedicated,
}

/// A subnet: Spublic or Sprivate (L421-L434).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// The VPC it lies in.
    pub vpc: Value<VpcId>,
    /// Its share of the VPC's range.
    pub cidr: Cidr,
    /// Its availability zone.
    pub zone: Zone,
    /// Whether a new network interface gets a public address (L461).
    pub public_address_on_launch: bool,
}

/// An internet gateway, IG (L435-L440).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternetGateway {
    /// The VPC it is attached to; none while it is not.
    pub vpc: Option<Value<VpcId>>,
}

/// A public IPv4 address of the account's own (L446).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElasticIp {}

/// A NAT gateway, NG: a way out that is no way in (L441-L446, L277).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatGateway {
    /// The public subnet it stands in.
    pub subnet: Value<SubnetId>,
    /// Its public address.
    pub address: Value<AllocationId>,
}

/// A route table; its local route is AWS's own and not listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTable {
    /// The VPC it belongs to.
    pub vpc: Value<VpcId>,
    /// Whether it rules every subnet without a table of its own: RT of the document (L393-L398), made by AWS with the VPC.
    pub main: bool,
}

/// A route, other than the local one and those that an endpoint puts in by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The table it is in.
    pub table: Value<RouteTableId>,
    /// Where packets want to go.
    pub destination: Cidr,
    /// Where they are sent.
    pub target: RouteTarget,
}

/// Where a route sends packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteTarget {
    /// To the internet, and from it.
    InternetGateway(Value<InternetGatewayId>),
    /// To the internet, replies only.
    NatGateway(Value<NatGatewayId>),
    /// To something no plan makes: a peering, a transit gateway, an interface. As AWS names it.
    Other(String),
}

/// The explicit rule of a route table over a subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTableAssociation {
    /// The table.
    pub table: Value<RouteTableId>,
    /// The subnet.
    pub subnet: Value<SubnetId>,
}

/// A gateway endpoint: traffic to S3 that never crosses the internet (L491-L495).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayEndpoint {
    /// The VPC it serves.
    pub vpc: Value<VpcId>,
    /// The service, such as `com.amazonaws.us-west-2.s3`.
    pub service: String,
    /// The tables that get a route to it.
    pub route_tables: BTreeSet<Value<RouteTableId>>,
    /// What may pass through it.
    pub policy: Policy,
}

/// The VPC's default security group, which AWS makes and nobody can delete (L399-L402).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefaultSecurityGroup {
    /// The VPC it belongs to.
    pub vpc: Value<VpcId>,
    /// Rules for traffic in, each as AWS describes it; none is safe.
    pub ingress: BTreeSet<String>,
    /// Rules for traffic out; none is safe.
    pub egress: BTreeSet<String>,
}

/// A network ACL: a stateless filter at a subnet's edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkAcl {
    /// The VPC it belongs to.
    pub vpc: Value<VpcId>,
    /// The subnets it guards.
    pub subnets: BTreeSet<Value<SubnetId>>,
    /// Rules in, by number; the lowest that matches decides, none that matches denies.
    pub ingress: BTreeMap<u16, AclRule>,
    /// Rules out, likewise.
    pub egress: BTreeMap<u16, AclRule>,
}

/// One rule of a network ACL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AclRule {
    /// Whether what matches may pass.
    pub allow: bool,
    /// The protocol.
    pub protocol: Protocol,
    /// The other side's addresses.
    pub cidr: Cidr,
    /// First and last destination port; none for protocols without ports.
    pub ports: Option<(u16, u16)>,
}

/// A protocol in a firewall rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// All of them (AWS's `-1`).
    All,
    /// TCP, number 6.
    Tcp,
    /// UDP, number 17.
    Udp,
    /// Any other, by its IANA number.
    Number(u8),
}

/// Why a text is no [`Protocol`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no protocol")]
pub struct InvalidProtocol(String);

impl Protocol {
    /// The numbers of ICMP and of ICMP for IPv6, whose ports are a type and a code (IANA, "Assigned Internet Protocol Numbers").
    pub const ICMP: [u8; 2] = [1, 58];
}

/// As EC2 writes it: `-1` for all, the common ones as words or numbers, the others as numbers.
impl FromStr for Protocol {
    type Err = InvalidProtocol;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "-1" => Self::All,
            "tcp" | "6" => Self::Tcp,
            "udp" | "17" => Self::Udp,
            "icmp" => Self::Number(Self::ICMP[0]),
            "icmpv6" => Self::Number(Self::ICMP[1]),
            number => Self::Number(number.parse().map_err(|_| InvalidProtocol(number.to_owned()))?),
        })
    }
}
