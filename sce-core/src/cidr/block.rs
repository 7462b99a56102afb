//! The IPv4 blocks that AWS allows to a VPC and its subnets, and the addresses it keeps in each subnet.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Cidr, InvalidCidr};

/// An IPv4 block as a VPC, or a subnet of one, may have: /16 to /28.
///
/// Source: Amazon VPC user guide, "VPC CIDR blocks" and "Subnet CIDR blocks".
///
/// ```
/// use sce_core::cidr::VpcBlock;
/// let subnet: VpcBlock = "10.0.0.0/24".parse().unwrap();
/// assert_eq!(subnet.usable_hosts(), 251);
/// assert_eq!(subnet.first_usable().to_string(), "10.0.0.4");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9.]+/(1[6-9]|2[0-8])$", "examples" = ["10.0.0.0/16"]))]
pub struct VpcBlock(Ipv4Net);

/// Why a block is no [`VpcBlock`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidBlock {
    /// The text is no block at all.
    #[error(transparent)]
    Cidr(InvalidCidr),
    /// An IPv6 block, which AWS assigns rather than the user.
    #[error("`{0}` is an IPv6 block where a network needs an IPv4 one")]
    Ipv6(Cidr),
    /// More than 65,536 addresses.
    #[error("`{0}` is larger than the /16 that AWS allows")]
    TooLarge(Cidr),
    /// Fewer than 16 addresses.
    #[error("`{0}` is smaller than the /28 that AWS allows")]
    TooSmall(Cidr),
}

/// An address that AWS keeps in a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// The address.
    pub address: Ipv4Addr,
    /// What it is kept for.
    pub purpose: ReservedFor,
}

/// What AWS keeps an address for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservedFor {
    /// The first: the network's own address.
    Network,
    /// The second: the VPC's router.
    Router,
    /// The third: the DNS server, kept in each subnet although it answers at the VPC's base plus two.
    Dns,
    /// The fourth: future use.
    Future,
    /// The last: broadcast, which a VPC does not carry.
    Broadcast,
}

/// How many addresses AWS keeps in each subnet: the first four and the last (document L376-378, which has .0-.3 and .255 of a /24).
pub(crate) const RESERVED_COUNT: u32 = 5;
pub(crate) const LARGEST_PREFIX: u8 = 16;
pub(crate) const SMALLEST_PREFIX: u8 = 28;

impl VpcBlock {
    /// How many hosts fit: all addresses but the five that AWS keeps.
    #[must_use]
    pub fn usable_hosts(&self) -> u32 {
        (1 << (32 - self.0.prefix_len())) - RESERVED_COUNT
    }

    /// The fifth address, the first that a host may have.
    #[must_use]
    pub fn first_usable(&self) -> Ipv4Addr {
        self.at(4)
    }

    /// The last but one, the last that a host may have.
    #[must_use]
    pub fn last_usable(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.0.broadcast().to_bits() - 1)
    }

    /// The addresses that AWS keeps when the block is a subnet, in ascending order.
    ///
    /// Source: Amazon VPC user guide, "Subnet CIDR blocks".
    #[must_use]
    pub fn reserved(&self) -> [Reserved; 5] {
        [
            Reserved { address: self.at(0), purpose: ReservedFor::Network },
            Reserved { address: self.at(1), purpose: ReservedFor::Router },
            Reserved { address: self.at(2), purpose: ReservedFor::Dns },
            Reserved { address: self.at(3), purpose: ReservedFor::Future },
            Reserved { address: self.0.broadcast(), purpose: ReservedFor::Broadcast },
        ]
    }

    /// The same block as one of either family.
    #[must_use]
    pub fn cidr(&self) -> Cidr {
        Cidr(IpNet::V4(self.0))
    }

    pub(crate) fn net(&self) -> Ipv4Net {
        self.0
    }

    fn at(&self, offset: u32) -> Ipv4Addr {
        // INVARIANT: the block has at least 16 addresses and starts at a multiple of its size, so no offset carries.
        Ipv4Addr::from_bits(self.0.network().to_bits() | offset)
    }
}

impl InvalidBlock {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Cidr(error) => error.help(),
            Self::Ipv6(_) => Some("AWS assigns the IPv6 block; give an IPv4 one such as `10.0.0.0/16`".to_owned()),
            Self::TooLarge(cidr) => {
                Some(format!("write `{}/{LARGEST_PREFIX}`, which has 65,536 addresses", cidr.first()))
            }
            Self::TooSmall(cidr) => {
                let widened = IpNet::new(cidr.first(), SMALLEST_PREFIX).map(|net| net.trunc()).ok()?;
                Some(format!("write `{widened}`, which has 11 usable addresses"))
            }
        }
    }
}

impl TryFrom<Cidr> for VpcBlock {
    type Error = InvalidBlock;

    fn try_from(cidr: Cidr) -> Result<Self, Self::Error> {
        match cidr.0 {
            IpNet::V6(_) => Err(InvalidBlock::Ipv6(cidr)),
            IpNet::V4(net) if net.prefix_len() < LARGEST_PREFIX => Err(InvalidBlock::TooLarge(cidr)),
            IpNet::V4(net) if net.prefix_len() > SMALLEST_PREFIX => Err(InvalidBlock::TooSmall(cidr)),
            IpNet::V4(net) => Ok(Self(net)),
        }
    }
}

impl FromStr for VpcBlock {
    type Err = InvalidBlock;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Cidr>().map_err(InvalidBlock::Cidr)?.try_into()
    }
}

impl TryFrom<String> for VpcBlock {
    type Error = InvalidBlock;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<VpcBlock> for String {
    fn from(block: VpcBlock) -> Self {
        block.to_string()
    }
}

impl From<VpcBlock> for Cidr {
    fn from(block: VpcBlock) -> Self {
        block.cidr()
    }
}

impl fmt::Display for VpcBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ReservedFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Network => "network address",
            Self::Router => "VPC router",
            Self::Dns => "DNS server",
            Self::Future => "future use",
            Self::Broadcast => "broadcast address",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> VpcBlock {
        text.parse().expect(text)
    }

    #[test]
    fn the_documents_subnet_has_251_hosts() {
        let subnet = block("10.0.0.0/24");
        assert_eq!(subnet.usable_hosts(), 251);
        assert_eq!(subnet.first_usable(), Ipv4Addr::new(10, 0, 0, 4));
        assert_eq!(subnet.last_usable(), Ipv4Addr::new(10, 0, 0, 254));
    }

    #[test]
    fn the_reserved_are_computed_for_any_size() {
        let cases = [
            ("10.0.0.0/24", ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.255"], 251),
            ("10.0.0.240/28", ["10.0.0.240", "10.0.0.241", "10.0.0.242", "10.0.0.243", "10.0.0.255"], 11),
            ("172.31.0.0/16", ["172.31.0.0", "172.31.0.1", "172.31.0.2", "172.31.0.3", "172.31.255.255"], 65_531),
            ("10.0.6.0/23", ["10.0.6.0", "10.0.6.1", "10.0.6.2", "10.0.6.3", "10.0.7.255"], 507),
        ];
        for (text, addresses, usable) in cases {
            let found = block(text).reserved().map(|reserved| reserved.address.to_string());
            assert_eq!(found, addresses, "{text}");
            assert_eq!(block(text).usable_hosts(), usable, "{text}");
        }
        let purposes = block("10.0.0.0/24").reserved().map(|reserved| reserved.purpose.to_string());
        assert_eq!(purposes.join(", "), "network address, VPC router, DNS server, future use, broadcast address");
    }

    #[test]
    fn each_refusal_says_what_to_write() {
        let cases = [
            ("10.0.0.0/8", "larger than the /16", "write `10.0.0.0/16`"),
            ("10.0.0.24/29", "smaller than the /28", "write `10.0.0.16/28`"),
            ("2001:db8::/56", "is an IPv6 block", "AWS assigns"),
            ("10.0.0.1/24", "has host bits set", "write `10.0.0.0/24`"),
        ];
        for (text, message, help) in cases {
            let error = text.parse::<VpcBlock>().expect_err(text);
            assert!(error.to_string().contains(message), "{text}: {error}");
            assert!(error.help().is_some_and(|advice| advice.contains(help)), "{text}: {:?}", error.help());
        }
    }
}
