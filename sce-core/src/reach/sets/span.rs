//! Intervals of addresses of one family.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::cidr::Cidr;

/// A family of addresses; a set of headers is of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::reach) enum Family {
    V4,
    V6,
}

/// Addresses from first to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::reach) struct Span {
    pub(in crate::reach) first: u128,
    pub(in crate::reach) last: u128,
}

impl Family {
    pub(in crate::reach) const BOTH: [Self; 2] = [Self::V4, Self::V6];

    pub(in crate::reach) fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// Every address.
    pub(in crate::reach) const fn all(self) -> Span {
        match self {
            Self::V4 => Span { first: 0, last: u32::MAX as u128 },
            Self::V6 => Span { first: 0, last: u128::MAX },
        }
    }

    pub(in crate::reach) fn address(self, number: u128) -> IpAddr {
        match self {
            // INVARIANT: spans of IPv4 end at `u32::MAX`.
            Self::V4 => Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX)).into(),
            Self::V6 => Ipv6Addr::from_bits(number).into(),
        }
    }
}

/// An address as a number.
pub(in crate::reach) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl Span {
    pub(in crate::reach) const fn one(address: u128) -> Self {
        Self { first: address, last: address }
    }

    /// A block's addresses, if it is of the family.
    pub(in crate::reach) fn of(block: &Cidr, family: Family) -> Option<Self> {
        let fits = block.is_ipv4() == (family == Family::V4);
        fits.then(|| Self { first: number(block.first()), last: number(block.last()) })
    }

    pub(in crate::reach) fn meet(self, other: Self) -> Option<Self> {
        let both = Self { first: self.first.max(other.first), last: self.last.min(other.last) };
        (both.first <= both.last).then_some(both)
    }

    pub(in crate::reach) fn has(self, address: u128) -> bool {
        self.first <= address && address <= self.last
    }

    /// The fewest blocks that are the span.
    pub(in crate::reach) fn blocks(self, family: Family) -> Vec<Cidr> {
        let nets: Vec<IpNet> = match (family.address(self.first), family.address(self.last)) {
            (IpAddr::V4(first), IpAddr::V4(last)) => ipnet::Ipv4Subnets::new(first, last, 0).map(IpNet::V4).collect(),
            (IpAddr::V6(first), IpAddr::V6(last)) => ipnet::Ipv6Subnets::new(first, last, 0).map(IpNet::V6).collect(),
            _ => Vec::new(),
        };
        nets.into_iter().filter_map(|net| Cidr::try_from(net).ok()).collect()
    }
}

/// The same addresses as spans in order that neither meet nor touch.
pub(in crate::reach) fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.first <= last.last.saturating_add(1) => last.last = last.last.max(span.last),
            _ => joined.push(span),
        }
    }
    joined
}

/// What both have; each list is in order and shares no address.
pub(in crate::reach) fn meet(one: &[Span], other: &[Span]) -> Vec<Span> {
    let (mut i, mut j, mut both) = (0, 0, Vec::new());
    while i < one.len() && j < other.len() {
        both.extend(one[i].meet(other[j]));
        if one[i].last < other[j].last { i += 1 } else { j += 1 }
    }
    both
}

/// Everything else; of IPv4 beyond its end as well, where no address is.
pub(in crate::reach) fn complement(spans: &[Span]) -> Vec<Span> {
    let (mut rest, mut next) = (Vec::new(), Some(0));
    for span in union(spans.to_vec()) {
        if let Some(first) = next
            && first < span.first
        {
            rest.push(Span { first, last: span.first - 1 });
        }
        next = span.last.checked_add(1);
    }
    rest.extend(next.map(|first| Span { first, last: u128::MAX }));
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(first: u128, last: u128) -> Span {
        Span { first, last }
    }

    #[test]
    fn spans_join_meet_and_leave_the_rest() {
        assert_eq!(union(vec![span(5, 9), span(1, 2), span(3, 4), span(20, 30), span(7, 21)]), [span(1, 30)]);
        assert_eq!(meet(&[span(1, 5), span(8, 9)], &[span(4, 8)]), [span(4, 5), span(8, 8)]);
        assert_eq!(complement(&[span(0, 3), span(6, u128::MAX)]), [span(4, 5)]);
        assert_eq!(complement(&[]), [span(0, u128::MAX)]);
    }

    #[test]
    fn a_span_is_told_in_blocks() {
        let text = |span: Span| span.blocks(Family::V4).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(text(Family::V4.all()), "0.0.0.0/0");
        assert_eq!(text(span(1, 4)), "0.0.0.1/32 0.0.0.2/31 0.0.0.4/32");
        assert_eq!(Family::V6.all().blocks(Family::V6)[0].to_string(), "::/0");
    }
}
