//! Address blocks in CIDR notation (document L367-378), the addresses AWS keeps in each, and how a network is divided.

mod allocate;
mod block;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use allocate::{Allocation, AllocationError, InvalidNeed, Need, Remedy, Subnet, allocate};
pub use block::{InvalidBlock, Reserved, ReservedFor, VpcBlock};

/// A block of addresses, of either family: `10.0.0.0/16`, `2001:db8::/32`.
///
/// - The address is the block's first: no host bit is set. AWS would quietly mend `10.0.0.7/16`; then what is planned and what
///   is built differ.
/// - It is no IPv4 block in IPv6 clothing (`::ffff:10.0.0.0/104`), which would compare as disjoint from the block it is.
///
/// ```
/// use sce_core::cidr::Cidr;
/// let vpc: Cidr = "10.0.0.0/16".parse().unwrap();
/// assert_eq!(vpc.size(), 65_536);
/// assert!(vpc.covers(&"10.0.1.0/24".parse().unwrap()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9a-fA-F.:]+/[0-9]{1,3}$", "examples" = ["10.0.0.0/16"]))]
pub struct Cidr(IpNet);

/// Why a text is no [`Cidr`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidCidr {
    /// An address stands alone.
    #[error("`{0}` has no prefix length")]
    NoPrefix(IpAddr),
    /// The part before the slash is no address.
    #[error("`{0}` is no address block: expected an address, a slash and a prefix length")]
    Address(String),
    /// The part after the slash is no length that the family has.
    #[error("`{text}` has no valid prefix length: expected 0 to {longest}")]
    Prefix {
        /// What was given.
        text: String,
        /// 32 or 128.
        longest: u8,
    },
    /// The address lies inside the block rather than at its start.
    #[error("`{found}` has host bits set: a block of that size does not start there")]
    HostBits {
        /// What was given.
        found: IpNet,
    },
    /// An IPv4 block written as IPv6 (RFC 4291, section 2.5.5.2).
    #[error("`{found}` is an IPv4 block written as IPv6")]
    Mapped {
        /// What was given.
        found: Ipv6Net,
    },
}

/// Two ranges that share addresses, and what each was called.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{cidr}` ({label}) overlaps `{other}` ({other_label})")]
pub struct Overlap {
    /// The range looked at.
    pub cidr: Cidr,
    /// What it was called.
    pub label: String,
    /// The range it meets.
    pub other: Cidr,
    /// What that was called.
    pub other_label: String,
}

impl Cidr {
    /// The first address.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.0.network()
    }

    /// The last address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        self.0.broadcast()
    }

    /// The number after the slash.
    #[must_use]
    pub fn prefix_len(&self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether these are IPv4 addresses.
    #[must_use]
    pub fn is_ipv4(&self) -> bool {
        matches!(self.0, IpNet::V4(_))
    }

    /// The block as the `ipnet` crate has it.
    #[must_use]
    pub fn as_net(&self) -> IpNet {
        self.0
    }

    /// How many addresses there are: 2^(32 − N) for IPv4, so 256 for a /24 (document L367-371).
    ///
    /// The one block with more than a `u128` counts, `::/0`, gives `u128::MAX`.
    #[must_use]
    pub fn size(&self) -> u128 {
        let host_bits = u32::from(self.0.max_prefix_len() - self.0.prefix_len());
        1u128.checked_shl(host_bits).unwrap_or(u128::MAX)
    }

    /// Whether the address is in the block; one of the other family never is.
    #[must_use]
    pub fn contains(&self, address: &IpAddr) -> bool {
        self.0.contains(address)
    }

    /// Whether every address of the other block is in this one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether the two share an address. Blocks are nested or apart, so one covers the other or they are disjoint.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// Whether the block is everything its family has: `0.0.0.0/0` or `::/0`.
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        self.prefix_len() == 0
    }

    /// Whether it lies in the private IPv4 ranges of RFC 1918. No router of the internet carries these, which is why every
    /// network may use them without meeting another (document L260).
    #[must_use]
    pub fn is_rfc1918(&self) -> bool {
        let within = |range: Ipv4Net| self.0.addr().is_ipv4() && IpNet::V4(range).contains(&self.0);
        [v4([10, 0, 0, 0], 8), v4([172, 16, 0, 0], 12), v4([192, 168, 0, 0], 16)].into_iter().any(within)
    }

    /// Whether it lies in a range kept for examples (RFC 5737, RFC 3849, RFC 9637): a leftover of somebody's template.
    #[must_use]
    pub fn is_documentation(&self) -> bool {
        let examples = [
            IpNet::V4(v4([192, 0, 2, 0], 24)),
            IpNet::V4(v4([198, 51, 100, 0], 24)),
            IpNet::V4(v4([203, 0, 113, 0], 24)),
            IpNet::V6(v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32)),
            IpNet::V6(v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20)),
        ];
        examples.iter().any(|range| range.contains(&self.0))
    }
}

fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::from_octets(octets), prefix)
}

fn v6(segments: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::from_segments(segments), prefix)
}

/// The first candidate that meets a range in use elsewhere: another VPC it may be peered with, a VPN, a range already taken.
/// VPCs that are independent may overlap; peered ones and those on a VPN may not (document L187-190).
///
/// ```
/// use sce_core::cidr::{Cidr, first_overlap};
/// let vpc: Cidr = "10.0.0.0/16".parse().unwrap();
/// let campus: Cidr = "10.0.0.0/8".parse().unwrap();
/// let overlap = first_overlap(&[("vpc", vpc)], &[("campus-vpn", campus)]).unwrap();
/// assert_eq!(overlap.to_string(), "`10.0.0.0/16` (vpc) overlaps `10.0.0.0/8` (campus-vpn)");
/// ```
#[must_use]
pub fn first_overlap<A: AsRef<str>, B: AsRef<str>>(candidates: &[(A, Cidr)], taken: &[(B, Cidr)]) -> Option<Overlap> {
    candidates.iter().find_map(|one| taken.iter().find_map(|other| overlap(one, other)))
}

/// The first two ranges of one list that meet: allow-ranges, say, which AWS would refuse one by one.
#[must_use]
pub fn first_overlap_within<A: AsRef<str>>(ranges: &[(A, Cidr)]) -> Option<Overlap> {
    ranges.iter().enumerate().find_map(|(i, one)| ranges[i + 1..].iter().find_map(|other| overlap(one, other)))
}

fn overlap<A: AsRef<str>, B: AsRef<str>>(one: &(A, Cidr), other: &(B, Cidr)) -> Option<Overlap> {
    one.1.overlaps(&other.1).then(|| Overlap {
        cidr: one.1,
        label: one.0.as_ref().to_owned(),
        other: other.1,
        other_label: other.0.as_ref().to_owned(),
    })
}

impl InvalidCidr {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoPrefix(address) if address.is_ipv4() => Some(format!("write `{address}/32` for that one address")),
            Self::NoPrefix(address) => Some(format!("write `{address}/128` for that one address")),
            Self::Address(_) => Some("write a block such as `10.0.0.0/16`".to_owned()),
            Self::Prefix { longest, .. } => {
                Some(format!("a smaller number is a larger block; /{longest} is one address"))
            }
            Self::HostBits { found } => Some(format!("write `{}`", found.trunc())),
            Self::Mapped { found } => mapped(found).map(|plain| format!("write `{plain}`")),
        }
    }
}

fn mapped(net: &Ipv6Net) -> Option<Ipv4Net> {
    let address = net.addr().to_ipv4_mapped()?;
    Ipv4Net::new(address, net.prefix_len().checked_sub(96)?).ok()
}

impl TryFrom<IpNet> for Cidr {
    type Error = InvalidCidr;

    fn try_from(net: IpNet) -> Result<Self, Self::Error> {
        if let IpNet::V6(found) = net
            && mapped(&found).is_some()
        {
            return Err(InvalidCidr::Mapped { found });
        }
        if net.addr() != net.network() {
            return Err(InvalidCidr::HostBits { found: net });
        }
        Ok(Self(net))
    }
}

impl FromStr for Cidr {
    type Err = InvalidCidr;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((address, prefix)) = text.split_once('/') else {
            return Err(text.parse().map_or_else(|_| InvalidCidr::Address(text.to_owned()), InvalidCidr::NoPrefix));
        };
        let address: IpAddr = address.parse().map_err(|_| InvalidCidr::Address(text.to_owned()))?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let wrong_prefix = || InvalidCidr::Prefix { text: text.to_owned(), longest };
        let all_digits = prefix.bytes().all(|b| b.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|_| all_digits).ok_or_else(wrong_prefix)?;
        IpNet::new(address, prefix).map_err(|_| wrong_prefix())?.try_into()
    }
}

impl TryFrom<String> for Cidr {
    type Error = InvalidCidr;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Cidr> for String {
    fn from(cidr: Cidr) -> Self {
        cidr.to_string()
    }
}

impl From<Cidr> for IpNet {
    fn from(cidr: Cidr) -> Self {
        cidr.0
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().expect(text)
    }

    #[test]
    fn the_documents_sizes() {
        let cases = [("10.0.0.0/24", 256), ("10.0.0.0/16", 65_536), ("10.0.0.1/32", 1), ("0.0.0.0/0", 1 << 32)];
        for (text, size) in cases {
            assert_eq!(cidr(text).size(), size, "{text}");
        }
        assert_eq!(cidr("2001:db8::/64").size(), 1 << 64);
        assert_eq!(cidr("::/0").size(), u128::MAX);
    }

    #[test]
    fn each_refusal_says_what_to_write() {
        let cases = [
            ("10.0.0.7/16", "has host bits set", "write `10.0.0.0/16`"),
            ("2001:db8::1/32", "has host bits set", "write `2001:db8::/32`"),
            ("10.0.0.0", "has no prefix length", "write `10.0.0.0/32`"),
            ("2001:db8::", "has no prefix length", "write `2001:db8::/128`"),
            ("10.0.0.0/33", "expected 0 to 32", "/32 is one address"),
            ("10.0.0.0/+8", "expected 0 to 32", "/32 is one address"),
            ("2001:db8::/129", "expected 0 to 128", "/128 is one address"),
            ("10.0.0/16", "is no address block", "`10.0.0.0/16`"),
            ("010.0.0.0/8", "is no address block", "`10.0.0.0/16`"),
            ("", "is no address block", "`10.0.0.0/16`"),
            ("::ffff:10.0.0.0/104", "IPv4 block written as IPv6", "write `10.0.0.0/8`"),
        ];
        for (text, message, help) in cases {
            let error = text.parse::<Cidr>().expect_err(text);
            assert!(error.to_string().contains(message), "{text}: {error}");
            assert!(error.help().is_some_and(|advice| advice.contains(help)), "{text}: {:?}", error.help());
        }
    }

    #[test]
    fn private_and_example_ranges_are_known() {
        for text in ["10.0.0.0/16", "172.31.0.0/16", "192.168.4.0/28", "10.0.0.0/8"] {
            assert!(cidr(text).is_rfc1918() && !cidr(text).is_documentation(), "{text}");
        }
        for text in ["198.51.100.0/24", "192.0.2.7/32", "203.0.113.128/25", "2001:db8:1::/48", "3fff::/20"] {
            assert!(cidr(text).is_documentation() && !cidr(text).is_rfc1918(), "{text}");
        }
        for text in ["172.32.0.0/16", "8.0.0.0/6", "0.0.0.0/0", "::/0", "128.95.0.0/16", "198.51.0.0/16"] {
            assert!(!cidr(text).is_documentation() && !cidr(text).is_rfc1918(), "{text}");
        }
    }

    #[test]
    fn overlaps_are_told_by_label() {
        let allowed = [("campus", cidr("128.95.0.0/16")), ("home", cidr("8.8.8.0/24")), ("lab", cidr("128.95.4.0/24"))];
        let found = first_overlap_within(&allowed).map(|overlap| overlap.to_string());
        assert_eq!(found.as_deref(), Some("`128.95.0.0/16` (campus) overlaps `128.95.4.0/24` (lab)"));
        assert_eq!(first_overlap_within(&allowed[..2]), None);
        assert_eq!(first_overlap(&allowed, &[("six", cidr("::/0"))]), None);
    }

    #[test]
    fn json_and_text_share_one_validator() {
        let read: Result<Cidr, _> = serde_json::from_str("\"10.0.0.7/16\"");
        assert!(read.expect_err("host bits").to_string().contains("host bits"));
        assert_eq!(serde_json::to_string(&cidr("10.0.0.0/16")).expect("text"), "\"10.0.0.0/16\"");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(address: u32, prefix in 0u8..=32) {
            let net = Ipv4Net::new(address.into(), prefix).expect("a length IPv4 has").trunc();
            let written = Cidr(IpNet::V4(net));
            prop_assert_eq!(written.to_string().parse(), Ok(written));
        }

        #[test]
        fn blocks_overlap_when_they_share_an_end(a: u32, b: u32, p in 0u8..=32, q in 0u8..=32) {
            let block = |address: u32, prefix| Cidr(IpNet::V4(Ipv4Net::new(address.into(), prefix).expect("a length").trunc()));
            let (one, other) = (block(a, p), block(b, q));
            let share = one.contains(&other.first()) || other.contains(&one.first());
            prop_assert_eq!(one.overlaps(&other), share);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,24}") {
            if let Err(error) = text.parse::<Cidr>() {
                prop_assert!(error.help().is_some());
            }
        }
    }
}
