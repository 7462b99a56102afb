//! Dividing a network into subnets.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::block::{LARGEST_PREFIX, RESERVED_COUNT, SMALLEST_PREFIX};
use super::{Cidr, InvalidBlock, VpcBlock};

/// A subnet that is wanted: its name and how many hosts it must hold. Written `NAME=HOSTS`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// What the subnet is for, such as `private`. Subnets are told apart by it, never by order (document L376, L422).
    pub name: String,
    /// How many addresses hosts will use; AWS's five come on top.
    pub hosts: u32,
}

/// Why a text is no [`Need`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is no need: expected `NAME=HOSTS`, such as `private=200`")]
pub struct InvalidNeed {
    text: String,
}

/// A subnet that has its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// The need it meets.
    pub name: String,
    /// Its block.
    pub cidr: Cidr,
    /// How many hosts it holds.
    pub usable: u32,
    /// The first address that a host may have.
    pub first_usable: Ipv4Addr,
    /// The last address that a host may have.
    pub last_usable: Ipv4Addr,
}

/// A network divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// One subnet for each need, in the order of the needs.
    pub subnets: Vec<Subnet>,
    /// What is left, as the fewest and largest blocks, ascending.
    pub free: Vec<Cidr>,
}

/// Why a network cannot be divided as wanted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AllocationError {
    /// The network is none that AWS allows.
    #[error("the network cannot be divided")]
    Block(#[source] InvalidBlock),
    /// A need without a name.
    #[error("a need has no name")]
    NoName,
    /// Two needs of one name.
    #[error("two needs are named `{0}`")]
    DuplicateName(String),
    /// A need for no host at all.
    #[error("the need `{0}` asks for no hosts")]
    NoHosts(String),
    /// More hosts than the largest subnet holds.
    #[error("the need `{name}` asks for {hosts} hosts, more than the 65531 that the largest subnet (/16) holds")]
    TooManyHosts {
        /// The need.
        name: String,
        /// What it asks for.
        hosts: u32,
    },
    /// The needs together are more than what is free.
    #[error("`{block}` is short by {by} addresses: the needs take {asked} in all, {free} are free")]
    Short {
        /// The network.
        block: Cidr,
        /// The first need, in order, that found no place.
        need: String,
        /// The sizes of all wanted subnets together.
        asked: u64,
        /// What is free in blocks of /28 or larger.
        free: u64,
        /// How many addresses are missing.
        by: u64,
        /// What would help.
        remedy: Remedy,
    },
    /// There is room enough, but not in one piece.
    #[error(
        "the need `{need}` takes {size} addresses in one piece, and the largest free in `{block}`, `{largest}`, is short by {by}"
    )]
    Fragmented {
        /// The network.
        block: Cidr,
        /// The need that found no place.
        need: String,
        /// The size of the subnet it takes.
        size: u64,
        /// The largest piece that is free when its turn comes.
        largest: Cidr,
        /// How much larger that piece would have to be.
        by: u64,
        /// What would help.
        remedy: Remedy,
    },
}

/// What would let the needs have their place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedy {
    /// The smallest block around the network that would do, when a /16 or less would.
    pub larger: Option<Cidr>,
    /// The taken ranges but for which the network would do.
    pub in_the_way: Vec<Cidr>,
}

/// Divides a network: each need gets the smallest subnet (/28 to /16) that holds its hosts, clear of what is taken.
///
/// Needs are placed in the order given, each at the lowest address of the smallest free piece that holds it. So
///
/// - **a need appended moves nothing**: a subnet's place depends only on the needs before it;
/// - **nothing better is possible**: if any arrangement of the same subnets fits, in whatever order, this one does.
///
/// Why the second: sizes are powers of two and pieces are aligned, so the needs fit exactly when for every size `s` the needs of
/// size `s` and more take no more than the free pieces of size `s` and more hold (write `N(s) ≤ F(s)`). Placing a need of size `n`
/// in a piece of size `p` keeps this true. For `s ≤ n` both sides fall by `n`, for `s > p` neither changes. For `n < s ≤ p` the
/// piece leaves halves `n, 2n, … p/2`, so `F(s)` falls by `s` while `N(s)` stays; but the piece was the smallest that held the
/// need, so no free piece had a size from `n` to below `p`, thus `F(s) = F(n) ≥ N(n) ≥ N(s) + n`; and as `F(s)` and `N(s)` are
/// both multiples of `s`, `F(s) ≥ N(s) + s`: there was an `s` to lose.
///
/// Taken ranges may lie anywhere and be of either family.
///
/// # Errors
/// [`AllocationError`] says which need is at fault, or how many addresses are missing and what would help.
///
/// ```
/// use sce_core::cidr::{Need, allocate};
/// let needs = [Need { name: "public".into(), hosts: 251 }, Need { name: "private".into(), hosts: 251 }];
/// let allocation = allocate(&"10.0.0.0/16".parse().unwrap(), &needs, &[]).unwrap();
/// assert_eq!(allocation.subnets[1].cidr.to_string(), "10.0.1.0/24");
/// assert_eq!(allocation.free[0].to_string(), "10.0.2.0/23");
/// ```
pub fn allocate(block: &Cidr, needs: &[Need], taken: &[Cidr]) -> Result<Allocation, AllocationError> {
    let network = VpcBlock::try_from(*block).map_err(AllocationError::Block)?.net();
    let prefixes = prefixes(needs)?;
    let taken = ipv4(taken);
    let (placed, free) =
        place(network, &prefixes, &taken).map_err(|failure| explain(network, needs, &prefixes, &taken, &failure))?;
    let subnets = needs.iter().zip(placed).map(|(need, net)| subnet(need, net)).collect::<Result<_, _>>()?;
    Ok(Allocation { subnets, free: free.into_iter().map(v4).collect() })
}

/// The smallest subnet of each need, by its prefix length.
fn prefixes(needs: &[Need]) -> Result<Vec<u8>, AllocationError> {
    let mut names = BTreeSet::new();
    let prefix = |need: &Need| {
        if need.name.is_empty() {
            return Err(AllocationError::NoName);
        }
        if !names.insert(need.name.clone()) {
            return Err(AllocationError::DuplicateName(need.name.clone()));
        }
        smallest_prefix(need)
    };
    needs.iter().map(prefix).collect()
}

fn smallest_prefix(need: &Need) -> Result<u8, AllocationError> {
    if need.hosts == 0 {
        return Err(AllocationError::NoHosts(need.name.clone()));
    }
    let holds = |prefix: &u8| size(*prefix) >= u64::from(need.hosts) + u64::from(RESERVED_COUNT);
    let too_many = || AllocationError::TooManyHosts { name: need.name.clone(), hosts: need.hosts };
    (LARGEST_PREFIX..=SMALLEST_PREFIX).rev().find(holds).ok_or_else(too_many)
}

fn size(prefix: u8) -> u64 {
    1 << (32 - u32::from(prefix))
}

fn ipv4(taken: &[Cidr]) -> Vec<Ipv4Net> {
    let net = |cidr: &Cidr| match cidr.as_net() {
        IpNet::V4(net) => Some(net),
        IpNet::V6(_) => None,
    };
    taken.iter().filter_map(net).collect()
}

fn meet(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

/// The first need without a place, and the largest piece that was free for it.
struct Unplaced {
    index: usize,
    largest: Option<Ipv4Net>,
}

fn place(network: Ipv4Net, prefixes: &[u8], taken: &[Ipv4Net]) -> Result<(Vec<Ipv4Net>, Vec<Ipv4Net>), Unplaced> {
    let mut free = free_pieces(network, taken);
    let mut placed = Vec::with_capacity(prefixes.len());
    for (index, &prefix) in prefixes.iter().enumerate() {
        let fitting = free.iter().copied().filter(|piece| piece.prefix_len() <= prefix);
        // The longest prefix is the smallest piece; of equals, the lowest address.
        let best = fitting.max_by_key(|piece| (piece.prefix_len(), std::cmp::Reverse(piece.network())));
        let Some(piece) = best else {
            return Err(Unplaced {
                index,
                largest: free.into_iter().min_by_key(|piece| (piece.prefix_len(), piece.network())),
            });
        };
        free.retain(|other| *other != piece);
        placed.push(carve(piece, prefix, &mut free));
    }
    free.sort();
    Ok((placed, free))
}

/// Takes the lowest part of the piece and gives each upper half back; no two of what is free then form one larger piece.
fn carve(mut piece: Ipv4Net, prefix: u8, free: &mut Vec<Ipv4Net>) -> Ipv4Net {
    while piece.prefix_len() < prefix {
        let (low, high) = halves(piece);
        free.push(high);
        piece = low;
    }
    piece
}

/// What of the network is not taken, as the largest aligned pieces, ascending.
fn free_pieces(network: Ipv4Net, taken: &[Ipv4Net]) -> Vec<Ipv4Net> {
    let met: Vec<Ipv4Net> = taken.iter().copied().filter(|net| meet(network, *net)).collect();
    if met.is_empty() {
        return vec![network];
    }
    if met.iter().any(|net| net.contains(&network)) {
        return Vec::new();
    }
    let (low, high) = halves(network);
    [free_pieces(low, &met), free_pieces(high, &met)].concat()
}

fn halves(net: Ipv4Net) -> (Ipv4Net, Ipv4Net) {
    // INVARIANT: only blocks larger than something they hold are halved, so there is a longer prefix.
    let prefix = (net.prefix_len() + 1).min(32);
    let upper = net.network().to_bits() | (1u32 << (32 - u32::from(prefix)));
    (Ipv4Net::new_assert(net.network(), prefix), Ipv4Net::new_assert(Ipv4Addr::from_bits(upper), prefix))
}

fn explain(
    network: Ipv4Net,
    needs: &[Need],
    prefixes: &[u8],
    taken: &[Ipv4Net],
    failure: &Unplaced,
) -> AllocationError {
    let asked: u64 = prefixes.iter().map(|&prefix| size(prefix)).sum();
    let pieces = free_pieces(network, taken).into_iter().map(|piece| piece.prefix_len());
    let free: u64 = pieces.filter(|&prefix| prefix <= SMALLEST_PREFIX).map(size).sum();
    let (block, need, remedy) = (v4(network), needs[failure.index].name.clone(), remedy(network, prefixes, taken));
    match failure.largest {
        // What is placed takes less than what is asked, so when that is free something is left.
        Some(largest) if asked <= free => {
            let size_needed = size(prefixes[failure.index]);
            let by = size_needed - size(largest.prefix_len());
            AllocationError::Fragmented { block, need, size: size_needed, largest: v4(largest), by, remedy }
        }
        _ => AllocationError::Short { block, need, asked, free, by: asked.saturating_sub(free), remedy },
    }
}

fn remedy(network: Ipv4Net, prefixes: &[u8], taken: &[Ipv4Net]) -> Remedy {
    let would_do = place(network, prefixes, &[]).is_ok();
    let in_the_way = taken.iter().filter(|net| would_do && meet(network, **net)).map(|net| v4(*net)).collect();
    Remedy { larger: larger(network, prefixes, taken), in_the_way }
}

/// The smallest block around the network with room for all. What is taken around the network is unknown unless it was given.
fn larger(network: Ipv4Net, prefixes: &[u8], taken: &[Ipv4Net]) -> Option<Cidr> {
    let around = (LARGEST_PREFIX..network.prefix_len()).rev();
    let blocks = around.filter_map(|prefix| Ipv4Net::new(network.network(), prefix).ok().map(|net| net.trunc()));
    blocks.into_iter().find(|block| place(*block, prefixes, taken).is_ok()).map(v4)
}

fn subnet(need: &Need, net: Ipv4Net) -> Result<Subnet, AllocationError> {
    let block = VpcBlock::try_from(v4(net)).map_err(AllocationError::Block)?;
    Ok(Subnet {
        name: need.name.clone(),
        cidr: block.cidr(),
        usable: block.usable_hosts(),
        first_usable: block.first_usable(),
        last_usable: block.last_usable(),
    })
}

fn v4(net: Ipv4Net) -> Cidr {
    Cidr(IpNet::V4(net))
}

impl AllocationError {
    /// What would help.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Block(error) => error.help(),
            Self::NoName => Some("write each need as `NAME=HOSTS`, such as `private=200`".to_owned()),
            Self::DuplicateName(name) => Some(format!("rename one, such as `{name}-2`")),
            Self::NoHosts(_) => Some("ask for at least 1 host, or leave the need out".to_owned()),
            Self::TooManyHosts { .. } => {
                Some("divide it among several subnets, each of at most 65531 hosts".to_owned())
            }
            Self::Short { remedy, .. } | Self::Fragmented { remedy, .. } => Some(remedy.advice()),
        }
    }
}

impl Remedy {
    fn advice(&self) -> String {
        let larger = self.larger.map(|block| format!("the smallest block that would do is `{block}`"));
        let in_the_way = (!self.in_the_way.is_empty()).then(|| format!("in the way: {}", self.listed()));
        match (in_the_way, larger) {
            (Some(ranges), Some(block)) => format!("{ranges}; around them, {block}"),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => {
                "no single block of /16 or less would do: ask for fewer hosts, or use more than one VPC".to_owned()
            }
        }
    }

    fn listed(&self) -> String {
        const SHOWN: usize = 3;
        let mut text: Vec<String> = self.in_the_way.iter().take(SHOWN).map(|cidr| format!("`{cidr}`")).collect();
        if let more @ 1.. = self.in_the_way.len().saturating_sub(SHOWN) {
            text.push(format!("{more} more"));
        }
        text.join(", ")
    }
}

impl InvalidNeed {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let (name, hosts) = self.text.split_once('=')?;
        let digits: String = hosts.chars().filter(char::is_ascii_digit).collect();
        let hosts: u32 = digits.parse().ok()?;
        (!name.is_empty()).then(|| format!("write `{name}={hosts}`"))
    }
}

impl FromStr for Need {
    type Err = InvalidNeed;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidNeed { text: text.to_owned() };
        let (name, hosts) = text.split_once('=').ok_or_else(invalid)?;
        let digits_only = hosts.bytes().all(|b| b.is_ascii_digit());
        match hosts.parse() {
            Ok(hosts) if digits_only && !name.is_empty() => Ok(Self { name: name.to_owned(), hosts }),
            _ => Err(invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().expect(text)
    }

    fn needs(texts: &[&str]) -> Vec<Need> {
        texts.iter().map(|text| text.parse().expect("a need")).collect()
    }

    fn divided(block: &str, wanted: &[&str], taken: &[&str]) -> String {
        let taken: Vec<Cidr> = taken.iter().map(|text| cidr(text)).collect();
        let allocation = allocate(&cidr(block), &needs(wanted), &taken).expect("room");
        let subnets = allocation.subnets.iter().map(|subnet| format!("{}={}", subnet.name, subnet.cidr));
        let free = allocation.free.iter().map(Cidr::to_string);
        subnets.chain(["|".to_owned()]).chain(free).collect::<Vec<_>>().join(" ")
    }

    fn failed(block: &str, wanted: &[&str], taken: &[&str]) -> (String, String) {
        let taken: Vec<Cidr> = taken.iter().map(|text| cidr(text)).collect();
        let error = allocate(&cidr(block), &needs(wanted), &taken).expect_err("no room");
        (error.to_string(), error.help().unwrap_or_default())
    }

    #[test]
    fn the_documents_subnets_come_out_in_their_places() {
        let allocation = allocate(&cidr("10.0.0.0/16"), &needs(&["public=251", "private=251"]), &[]).expect("room");
        let public = &allocation.subnets[0];
        assert_eq!((public.cidr, public.usable), (cidr("10.0.0.0/24"), 251));
        assert_eq!(public.first_usable.to_string(), "10.0.0.4");
        assert_eq!(public.last_usable.to_string(), "10.0.0.254");
        assert_eq!(allocation.subnets[1].cidr, cidr("10.0.1.0/24"));
        assert_eq!(allocation.free.len(), 7);
    }

    #[test]
    fn each_need_gets_the_smallest_subnet_in_the_smallest_piece() {
        assert_eq!(
            divided("10.0.0.0/24", &["a=11", "b=12", "c=59", "d=1"], &[]),
            "a=10.0.0.0/28 b=10.0.0.32/27 c=10.0.0.64/26 d=10.0.0.16/28 | 10.0.0.128/25"
        );
        assert_eq!(
            divided("10.0.0.0/24", &["a=11"], &["10.0.0.0/32", "10.0.0.128/25", "::/0", "11.0.0.0/8"]),
            "a=10.0.0.16/28 | 10.0.0.1/32 10.0.0.2/31 10.0.0.4/30 10.0.0.8/29 10.0.0.32/27 10.0.0.64/26"
        );
        assert_eq!(divided("10.0.0.0/16", &["all=65531"], &[]), "all=10.0.0.0/16 |");
        assert_eq!(divided("10.0.0.0/28", &[], &[]), "| 10.0.0.0/28");
    }

    #[test]
    fn json_is_what_the_contract_says() {
        let allocation = allocate(&cidr("10.0.0.0/28"), &needs(&["a=11"]), &[]).expect("room");
        let json = serde_json::to_string(&allocation).expect("text");
        let subnet =
            r#"{"name":"a","cidr":"10.0.0.0/28","usable":11,"first_usable":"10.0.0.4","last_usable":"10.0.0.14"}"#;
        assert_eq!(json, format!(r#"{{"subnets":[{subnet}],"free":[]}}"#));
    }

    #[test]
    fn a_shortage_says_by_how_much_and_what_would_do() {
        let (message, help) = failed("10.0.1.0/24", &["a=251", "b=11"], &[]);
        assert_eq!(message, "`10.0.1.0/24` is short by 16 addresses: the needs take 272 in all, 256 are free");
        assert_eq!(help, "the smallest block that would do is `10.0.0.0/23`");
        let (message, help) = failed("10.0.0.0/24", &["a=251"], &["10.0.0.16/28"]);
        assert!(message.contains("is short by 16 addresses"), "{message}");
        assert_eq!(help, "in the way: `10.0.0.16/28`; around them, the smallest block that would do is `10.0.0.0/23`");
        let (_, help) = failed("10.0.0.0/24", &["a=251", "b=251"], &["10.0.1.0/28"]);
        assert_eq!(help, "the smallest block that would do is `10.0.0.0/22`");
        let (message, help) = failed("10.0.0.0/16", &["a=65531", "b=1"], &[]);
        assert!(message.contains("is short by 16 addresses"), "{message}");
        assert!(help.contains("no single block of /16 or less would do"), "{help}");
        let (_, help) =
            failed("10.0.0.0/16", &["a=65531"], &["10.0.0.0/28", "10.0.1.0/28", "10.0.2.0/28", "10.0.3.0/28"]);
        assert_eq!(help, "in the way: `10.0.0.0/28`, `10.0.1.0/28`, `10.0.2.0/28`, 1 more");
    }

    #[test]
    fn scattered_room_is_told_apart_from_too_little() {
        let (message, help) = failed("10.0.0.0/24", &["small=11", "large=100"], &["10.0.0.64/26", "10.0.0.128/26"]);
        assert_eq!(message, "`10.0.0.0/24` is short by 16 addresses: the needs take 144 in all, 128 are free");
        assert!(help.starts_with("in the way: `10.0.0.64/26`, `10.0.0.128/26`"), "{help}");
        let (message, _) = failed("10.0.0.0/24", &["large=100"], &["10.0.0.64/26", "10.0.0.128/26"]);
        assert_eq!(
            message,
            "the need `large` takes 128 addresses in one piece, and the largest free in `10.0.0.0/24`, `10.0.0.0/26`, is short by 64"
        );
    }

    #[test]
    fn faulty_needs_and_networks_are_refused() {
        let cases = [
            ("10.0.0.0/8", vec!["a=1"], "cannot be divided", "write `10.0.0.0/16`"),
            ("2001:db8::/56", vec!["a=1"], "cannot be divided", "AWS assigns"),
            ("10.0.0.0/24", vec!["a=1", "a=2"], "two needs are named `a`", "`a-2`"),
            ("10.0.0.0/24", vec!["a=0"], "the need `a` asks for no hosts", "at least 1"),
            ("10.0.0.0/24", vec!["a=65532"], "more than the 65531", "several subnets"),
        ];
        for (block, wanted, message, help) in cases {
            let (said, advised) = failed(block, &wanted, &[]);
            assert!(said.contains(message), "{said}");
            assert!(advised.contains(help), "{advised}");
        }
        for text in ["a", "a=", "=1", "a=+1", "a=-1", "a=99999999999"] {
            assert!(text.parse::<Need>().is_err(), "{text}");
        }
        let error = "a=1,000".parse::<Need>().expect_err("a comma");
        assert_eq!(error.help().as_deref(), Some("write `a=1000`"));
    }

    /// Needs of 1 to 8 units of 16 addresses; a /24 has 16 units.
    fn small_needs() -> impl Strategy<Value = Vec<Need>> {
        prop::collection::vec(prop::sample::select(vec![11u32, 27, 59, 123]), 0..6).prop_map(|hosts| {
            hosts.into_iter().enumerate().map(|(i, hosts)| Need { name: format!("n{i}"), hosts }).collect()
        })
    }

    fn taken_units() -> impl Strategy<Value = Vec<Cidr>> {
        prop::collection::vec((0u32..40, 26u8..=32), 0..5).prop_map(|units| {
            let net = |(unit, prefix)| {
                Ipv4Net::new(Ipv4Addr::from_bits(0x0a00_0000 | (unit * 16)), prefix).expect("a length")
            };
            units.into_iter().map(|unit| v4(net(unit).trunc())).collect()
        })
    }

    /// Tries every aligned place for every need.
    fn any_arrangement(units: &[u32], used: u32) -> bool {
        let Some((&size, rest)) = units.split_first() else { return true };
        let mask = (1u32 << size) - 1;
        (0..16).step_by(size as usize).any(|at| used & (mask << at) == 0 && any_arrangement(rest, used | (mask << at)))
    }

    fn used_units(taken: &[Cidr]) -> u32 {
        let unit = |at: u32| v4(Ipv4Net::new(Ipv4Addr::from_bits(0x0a00_0000 | (at * 16)), 28).expect("a length"));
        (0..16).filter(|&at| taken.iter().any(|cidr| cidr.overlaps(&unit(at)))).fold(0, |used, at| used | (1 << at))
    }

    proptest! {
        #[test]
        fn it_fits_exactly_when_any_arrangement_does(needs in small_needs(), taken in taken_units()) {
            let units: Vec<u32> = needs.iter().map(|need| (need.hosts + 5) / 16).collect();
            let possible = any_arrangement(&units, used_units(&taken));
            prop_assert_eq!(allocate(&cidr("10.0.0.0/24"), &needs, &taken).is_ok(), possible);
        }

        #[test]
        fn what_is_given_is_sound(hosts in prop::collection::vec(1u32..3000, 0..24), taken in taken_units()) {
            let needs: Vec<Need> =
                hosts.into_iter().enumerate().map(|(i, hosts)| Need { name: format!("n{i}"), hosts }).collect();
            let block = cidr("10.0.0.0/17");
            if let Ok(allocation) = allocate(&block, &needs, &taken) {
                for (need, subnet) in needs.iter().zip(&allocation.subnets) {
                    prop_assert!(subnet.usable >= need.hosts && block.covers(&subnet.cidr));
                    prop_assert!(need.hosts <= 11 || (subnet.usable + 5) / 2 < need.hosts + 5, "not the smallest");
                    prop_assert!(!taken.iter().any(|range| range.overlaps(&subnet.cidr)));
                }
                let mut pieces: Vec<Cidr> = allocation.subnets.iter().map(|subnet| subnet.cidr).collect();
                pieces.extend(&allocation.free);
                pieces.sort();
                prop_assert!(pieces.windows(2).all(|pair| !pair[0].overlaps(&pair[1])), "pieces overlap");
                let whole = Ipv4Net::aggregate(&ipv4(&taken));
                let sum: u128 = pieces.iter().map(Cidr::size).sum();
                let occupied: u128 = whole.iter().map(|net| v4(*net).size()).sum();
                prop_assert_eq!(sum + occupied, block.size());
                let free: Vec<Ipv4Net> = ipv4(&allocation.free);
                prop_assert_eq!(Ipv4Net::aggregate(&free), free);
            }
        }

        #[test]
        fn a_need_appended_moves_nothing(needs in small_needs(), taken in taken_units()) {
            if let Ok(whole) = allocate(&cidr("10.0.0.0/24"), &needs, &taken) {
                for count in 0..needs.len() {
                    let part = allocate(&cidr("10.0.0.0/24"), &needs[..count], &taken).expect("fewer needs fit too");
                    prop_assert_eq!(&part.subnets[..], &whole.subnets[..count]);
                }
            }
        }

        #[test]
        fn an_untouched_block_is_used_to_the_last_address(sizes in prop::collection::vec(18u8..=28, 1..40)) {
            let needs: Vec<Need> = sizes.iter().enumerate()
                .map(|(i, &prefix)| Need { name: format!("n{i}"), hosts: (1 << (32 - prefix)) - 5 }).collect();
            let asked: u64 = sizes.iter().map(|&prefix| size(prefix)).sum();
            prop_assert_eq!(allocate(&cidr("10.0.0.0/16"), &needs, &[]).is_ok(), asked <= 65_536);
        }

        #[test]
        fn the_remedy_does(needs in small_needs(), taken in taken_units()) {
            let error = allocate(&cidr("10.0.0.0/24"), &needs, &taken).err();
            if let Some(AllocationError::Short { remedy, by, .. } | AllocationError::Fragmented { remedy, by, .. }) = error {
                prop_assert!(by > 0);
                let larger = remedy.larger.expect("a /16 holds any five small needs");
                prop_assert!(allocate(&larger, &needs, &taken).is_ok());
            }
        }
    }
}
