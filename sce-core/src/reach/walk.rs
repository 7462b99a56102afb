//! One flow, followed hop by hop: the first packet there, then its reply back.

mod choose;
mod find;
mod forward;
mod reply;

use std::net::IpAddr;

use serde::Serialize;

use self::choose::Choices;
use self::forward::Walk;
pub(super) use self::reply::CLIENT_PORTS;
use super::index::Reach;
use super::packet::Flow;
use crate::network::{Acl, Gateway, Group, Id, Interface, Network, RouteTable, Subnet, Vpc};

/// What becomes of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// In a word.
    pub verdict: Verdict,
    /// What stopped it, by id; none when it was not stopped, or when no one thing did.
    pub blocked_at: Option<Box<str>>,
    /// Interfaces, ACLs, route tables and gateways that its first packet met, by id, in order.
    pub path: Vec<Box<str>>,
    /// Why, in one sentence.
    pub why: String,
    /// Whether the first packet arrives or leaves, be its reply stopped or not: enough to carry something out.
    #[serde(skip)]
    pub arrives: bool,
    /// Where the first packet ends, when it arrives or leaves.
    #[serde(skip)]
    pub exit: Option<Exit>,
}

/// What becomes of a flow, in a word. A flow is delivered, or leaves the network, when its first packet does and its reply comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There is nothing at the address.
    NoSuchHost,
    /// No route leads there, or one that leads nowhere.
    NoRoute,
    /// A filter stopped it, or something that passes on no such packets.
    Denied,
    /// It ends beyond what is known here: on the internet, at a service, behind a gateway.
    LeavesNetwork,
    /// It ends at an interface.
    Delivered,
}

/// Where a packet ends that nothing stopped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    /// At an interface.
    Interface(Id<Interface>),
    /// At one of Amazon's own addresses that no group or ACL filters: metadata, DNS, time.
    Amazon,
    /// On the internet, by an internet gateway, through a NAT gateway perhaps.
    Internet {
        /// The internet gateway, or the egress-only one.
        gateway: Id<Gateway>,
        /// The NAT gateway before it.
        nat: Option<Id<Gateway>>,
    },
    /// At a service, by a gateway endpoint.
    Service(Id<Gateway>),
    /// In a VPC that is not among those known, by a peering.
    Peering(Id<Gateway>),
    /// Behind a virtual private gateway.
    VirtualPrivate(Id<Gateway>),
    /// Behind a transit gateway.
    Transit(Id<Gateway>),
    /// At an interface that passes on what is not for it: anything may come out of it.
    Middlebox(Id<Interface>),
    /// At something not understood, as AWS names it: anything may come of it.
    Unknown(Box<str>),
}

impl Reach<'_> {
    /// Follows one flow: of all ways it may go while something is unknown or AWS's own to choose, the one that gets furthest.
    #[must_use]
    pub fn walk(&self, flow: &Flow) -> Outcome {
        let mut best: Option<Found> = None;
        self.each_way(flow, true, |found| {
            let done = found.verdict() == Verdict::Delivered;
            if best.as_ref().is_none_or(|best| found.rank() > best.rank()) {
                best = Some(found);
            }
            done
        });
        // INVARIANT: `each_way` tries at least one.
        best.map_or_else(Outcome::nothing, |found| found.outcome(self.network))
    }

    /// Whether some way of the flow satisfies a condition: how a witness is held to what it shall show.
    pub(super) fn some_way(&self, flow: &Flow, mut condition: impl FnMut(&Found) -> bool) -> bool {
        let mut met = false;
        self.each_way(flow, false, |found| {
            met = condition(&found);
            met
        });
        met
    }

    /// Every way the flow may go, until the caller has seen enough; the path is noted only when it will be told.
    fn each_way(&self, flow: &Flow, told: bool, mut enough: impl FnMut(Found) -> bool) {
        let mut choices = Choices::default();
        loop {
            let found = Walk::new(self, flow, &mut choices, told).run();
            if enough(found) || !choices.next() {
                return;
            }
        }
    }
}

/// One way of a flow.
#[derive(Debug)]
pub(super) struct Found {
    /// Where the first packet ended, or what stopped it.
    pub(super) first: Result<Exit, Stop>,
    /// What stopped the reply.
    pub(super) reply: Result<(), Stop>,
    path: Vec<Thing>,
}

/// What a packet meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    Vpc(Id<Vpc>),
    Subnet(Id<Subnet>),
    Interface(Id<Interface>),
    Group(Id<Group>),
    Acl(Id<Acl>),
    Table(Id<RouteTable>),
    Gateway(Id<Gateway>),
}

/// That a packet goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) verdict: Verdict,
    pub(super) at: Option<Thing>,
    pub(super) why: Why,
}

/// Why a packet goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    NotCarried(IpAddr),
    NothingCalled(Box<str>),
    StartsNothing,
    NotItsAddress(IpAddr),
    GroupOut(IpAddr),
    GroupIn(IpAddr),
    AclOut(IpAddr),
    AclIn(IpAddr),
    NoRoute(IpAddr),
    Blackhole(IpAddr),
    ReplyGoesElsewhere(IpAddr),
    NoSubnet(IpAddr),
    NoHost(IpAddr),
    NotAttached,
    NoPublicAddress(IpAddr),
    Ipv4Only,
    Ipv6Only,
    OtherProtocol,
    LetsNothingIn,
    NatPassesNot,
    NatHasNoPublicAddress,
    NotTransitive(IpAddr),
    PeeringInactive,
    NotForIt(IpAddr),
    LinkLocal(IpAddr),
}

impl Found {
    pub(super) fn verdict(&self) -> Verdict {
        match (&self.first, &self.reply) {
            (Err(stop), _) | (Ok(_), Err(stop)) => stop.verdict,
            (Ok(Exit::Interface(_) | Exit::Amazon), Ok(())) => Verdict::Delivered,
            (Ok(_), Ok(())) => Verdict::LeavesNetwork,
        }
    }

    /// What arrives and is not answered has got further than what does not arrive.
    fn rank(&self) -> (bool, bool, Verdict) {
        (self.first.is_ok() && self.reply.is_ok(), self.first.is_ok(), self.verdict())
    }

    fn outcome(self, network: &Network) -> Outcome {
        let verdict = self.verdict();
        let stop = self.first.as_ref().err().or(self.reply.as_ref().err());
        let why = match (&self.first, &self.reply) {
            (Err(stop), _) => stop.sentence(),
            (Ok(exit), Err(stop)) => format!("{}, and its reply comes not back: {}", exit.sentence(), stop.sentence()),
            (Ok(exit), Ok(())) => exit.sentence(),
        };
        Outcome {
            verdict,
            blocked_at: stop.and_then(|stop| stop.at).map(|thing| thing.name(network).into()),
            path: self.path.iter().map(|thing| thing.name(network).into()).collect(),
            why,
            arrives: self.first.is_ok(),
            exit: self.first.ok(),
        }
    }
}

impl Outcome {
    fn nothing() -> Self {
        let (verdict, why) = (Verdict::NoSuchHost, String::new());
        Self { verdict, blocked_at: None, path: Vec::new(), why, arrives: false, exit: None }
    }
}

impl Thing {
    fn name(self, network: &Network) -> &str {
        match self {
            Self::Vpc(id) => network.vpcs.name(id),
            Self::Subnet(id) => network.subnets.name(id),
            Self::Interface(id) => network.interfaces.name(id),
            Self::Group(id) => network.groups.name(id),
            Self::Acl(id) => network.acls.name(id),
            Self::Table(id) => network.route_tables.name(id),
            Self::Gateway(id) => network.gateways.name(id),
        }
    }
}

impl Exit {
    fn sentence(&self) -> String {
        match self {
            Self::Interface(_) => "it arrives".to_owned(),
            Self::Amazon => "it arrives at an address of Amazon's own, which no group or ACL filters".to_owned(),
            Self::Internet { nat: None, .. } => "it leaves by the internet gateway".to_owned(),
            Self::Internet { nat: Some(_), .. } => "it leaves by the NAT gateway and the internet gateway".to_owned(),
            Self::Service(_) => "it leaves by the gateway endpoint, to the service".to_owned(),
            Self::Peering(_) => "it leaves by the peering, to a network not known here".to_owned(),
            Self::VirtualPrivate(_) => "it leaves by the virtual private gateway".to_owned(),
            Self::Transit(_) => {
                "it leaves by the transit gateway, whose own tables are not read: it may end anywhere behind it"
                    .to_owned()
            }
            Self::Middlebox(_) => {
                "it reaches an interface that passes packets on: anything may come out of it".to_owned()
            }
            Self::Unknown(what) => {
                format!("its route leads to `{what}`, which is not understood: anything may come of it")
            }
        }
    }
}

impl Stop {
    fn sentence(&self) -> String {
        match &self.why {
            Why::NotCarried(address) => format!("no router of the internet carries packets of `{address}`"),
            Why::NothingCalled(name) => format!("there is no `{name}` here to start at"),
            Why::StartsNothing => "it answers, and starts nothing by itself".to_owned(),
            Why::NotItsAddress(address) => {
                format!("`{address}` is no address of where it starts, and senders are checked")
            }
            Why::GroupOut(address) => format!("no security group lets it out to `{address}`"),
            Why::GroupIn(address) => format!("no security group lets it in from `{address}`"),
            Why::AclOut(address) => format!("the network ACL does not let it out to `{address}`"),
            Why::AclIn(address) => format!("the network ACL does not let it in from `{address}`"),
            Why::NoRoute(address) => format!("no route leads to `{address}`"),
            Why::Blackhole(address) => format!("the route to `{address}` is a black hole: what it led to is gone"),
            Why::ReplyGoesElsewhere(address) => {
                format!("the route to `{address}` does not lead back where it came from")
            }
            Why::NoSubnet(address) => format!("no subnet has `{address}`"),
            Why::NoHost(address) => format!("nothing has the address `{address}`"),
            Why::NotAttached => "the gateway is not attached to this VPC".to_owned(),
            Why::NoPublicAddress(address) => {
                format!("`{address}` has no public address for the internet gateway to give it")
            }
            Why::Ipv4Only => "a NAT gateway passes IPv4 only".to_owned(),
            Why::Ipv6Only => "an egress-only internet gateway passes IPv6 only".to_owned(),
            Why::OtherProtocol => "a NAT gateway passes TCP, UDP and ICMP only".to_owned(),
            Why::LetsNothingIn => "it lets nothing in but replies".to_owned(),
            Why::NatPassesNot => "a NAT gateway passes nothing on to there".to_owned(),
            Why::NatHasNoPublicAddress => "a private NAT gateway has no public address".to_owned(),
            Why::NotTransitive(address) => {
                format!("a peering leads to the peer's own blocks only, and `{address}` is in none")
            }
            Why::PeeringInactive => "the peering is not active".to_owned(),
            Why::NotForIt(address) => format!("it drops what is not for itself, and `{address}` is not its address"),
            Why::LinkLocal(address) => format!("`{address}` is link-local, and nothing answers there"),
        }
    }
}
