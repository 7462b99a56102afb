//! Sets of packet headers: unions of boxes.
//!
//! Everything that AWS filters by is an interval: a block of addresses, a range of ports, one protocol or all. So what passes a path is
//! a union of boxes, exactly, and intersections are all that a path needs.

pub(super) mod span;

#[cfg(test)]
use std::net::IpAddr;

pub(super) use span::{Family, Span};

/// First and last protocol.
pub(super) type Protocols = (u8, u8);
/// First and last destination port, or type and code of ICMP.
pub(super) type Ports = (u16, u16);

pub(super) const ALL_PROTOCOLS: Protocols = (0, u8::MAX);
pub(super) const ALL_PORTS: Ports = (0, u16::MAX);

/// What a filter lets pass: one address, protocol and port at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Clause {
    pub(super) peer: Span,
    pub(super) protocols: Protocols,
    pub(super) ports: Ports,
}

/// A box of headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cube {
    pub(super) src: Span,
    pub(super) dst: Span,
    pub(super) protocols: Protocols,
    pub(super) ports: Ports,
}

/// Which address of a packet a filter looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Src,
    Dst,
    /// One that a gateway has put in the packet's place, so that the packet's own no longer matters.
    Fixed(u128),
}

/// A set of headers, of one family.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Set {
    pub(super) cubes: Vec<Cube>,
}

impl Clause {
    pub(super) fn meet(&self, other: &Self) -> Option<Self> {
        Some(Self {
            protocols: narrow(self.protocols, other.protocols)?,
            ports: narrow(self.ports, other.ports)?,
            peer: self.peer.meet(other.peer)?,
        })
    }

    fn covers(&self, other: &Self) -> bool {
        self.meet(other) == Some(*other)
    }
}

impl Cube {
    fn meet(&self, other: &Self) -> Option<Self> {
        Some(Self {
            protocols: narrow(self.protocols, other.protocols)?,
            ports: narrow(self.ports, other.ports)?,
            src: self.src.meet(other.src)?,
            dst: self.dst.meet(other.dst)?,
        })
    }

    fn within(&self, clause: &Clause, end: End) -> Option<Self> {
        let protocols = narrow(self.protocols, clause.protocols)?;
        let ports = narrow(self.ports, clause.ports)?;
        let (src, dst) = match end {
            End::Src => (self.src.meet(clause.peer)?, self.dst),
            End::Dst => (self.src, self.dst.meet(clause.peer)?),
            End::Fixed(address) if clause.peer.has(address) => (self.src, self.dst),
            End::Fixed(_) => return None,
        };
        Some(Self { src, dst, protocols, ports })
    }

    fn at(&self, end: End) -> Span {
        match end {
            End::Src => self.src,
            End::Dst => self.dst,
            End::Fixed(address) => Span::one(address),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        self.meet(other) == Some(*other)
    }

    /// Whether it has a header.
    #[cfg(test)]
    pub(super) fn has(&self, src: u128, dst: u128, protocol: u8, port: u16) -> bool {
        self.src.has(src) && self.dst.has(dst) && holds(self.protocols, protocol) && holds(self.ports, port)
    }
}

impl Set {
    /// All headers between addresses.
    pub(super) fn between(src: &[Span], dst: &[Span]) -> Self {
        let pairs = src.iter().flat_map(|src| dst.iter().map(|dst| (*src, *dst)));
        let cube = |(src, dst)| Cube { src, dst, protocols: ALL_PROTOCOLS, ports: ALL_PORTS };
        Self { cubes: pairs.map(cube).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cubes.is_empty()
    }

    /// Whether it has a header.
    #[cfg(test)]
    pub(super) fn has(&self, src: IpAddr, dst: IpAddr, protocol: u8, port: u16) -> bool {
        let (src, dst) = (span::number(src), span::number(dst));
        self.cubes.iter().any(|cube| cube.has(src, dst, protocol, port))
    }

    /// What of it passes a filter that looks at one end.
    pub(super) fn through(&self, clauses: &[Clause], end: End) -> Self {
        let pairs =
            self.cubes.iter().flat_map(|cube| clauses.iter().filter_map(move |clause| cube.within(clause, end)));
        Self { cubes: pairs.collect() }.tidy()
    }

    /// What of it has that end in one of these spans, which share no address.
    pub(super) fn only(&self, spans: &[Span], end: End) -> Self {
        let clause = |peer: &Span| Clause { peer: *peer, protocols: ALL_PROTOCOLS, ports: ALL_PORTS };
        let pairs =
            self.cubes.iter().flat_map(|cube| spans.iter().filter_map(move |span| cube.within(&clause(span), end)));
        Self { cubes: pairs.collect() }
    }

    /// What of it has that end in none of these spans.
    pub(super) fn without(&self, spans: &[Span], end: End) -> Self {
        let rest = span::complement(spans);
        self.only(&rest, end)
    }

    /// What both have.
    pub(super) fn meet(&self, other: &Self) -> Self {
        let pairs = self.cubes.iter().flat_map(|one| other.cubes.iter().filter_map(move |two| one.meet(two)));
        Self { cubes: pairs.collect() }.tidy()
    }

    /// Whatever address is at that end, in order and without repeats.
    pub(super) fn ends(&self, end: End) -> Vec<Span> {
        span::union(self.cubes.iter().map(|cube| cube.at(end)).collect())
    }

    /// The same without boxes that lie in others; of very many, only repeats go, since it is quadratic and changes nothing that is
    /// answered.
    fn tidy(mut self) -> Self {
        const MANY: usize = 512;
        if self.cubes.len() > MANY {
            self.cubes.sort_unstable_by_key(|cube| (cube.src, cube.dst, cube.protocols, cube.ports));
            self.cubes.dedup();
            return self;
        }
        let mut kept: Vec<Cube> = Vec::with_capacity(self.cubes.len());
        for cube in self.cubes {
            if !kept.iter().any(|other| other.covers(&cube)) {
                kept.retain(|other| !cube.covers(other));
                kept.push(cube);
            }
        }
        Self { cubes: kept }
    }
}

/// Clauses without those that lie in others.
pub(super) fn tidy(clauses: Vec<Clause>) -> Vec<Clause> {
    const MANY: usize = 512;
    if clauses.len() > MANY {
        return clauses;
    }
    let mut kept: Vec<Clause> = Vec::with_capacity(clauses.len());
    for clause in clauses {
        if !kept.iter().any(|other| other.covers(&clause)) {
            kept.retain(|other| !clause.covers(other));
            kept.push(clause);
        }
    }
    kept
}

pub(super) fn narrow<T: Ord + Copy>(one: (T, T), other: (T, T)) -> Option<(T, T)> {
    let both = (one.0.max(other.0), one.1.min(other.1));
    (both.0 <= both.1).then_some(both)
}

pub(super) fn holds<T: PartialOrd>((first, last): (T, T), value: T) -> bool {
    first <= value && value <= last
}
