//! Where packets can go in a [`Network`]: for one flow by following it, for all flows at once by sets of headers.
//!
//! [`Reach::walk`] follows a single flow hop by hop, as AWS's routers, network ACLs and security groups treat it. [`Reach::exposed`] and
//! the queries beside it answer for every address and port together, and each example they give has been walked before it is told.
//! What is taken to be wider than it may be, and what lies outside, is in `docs/reach.md`.
//!
//! Addresses that AWS has yet to choose are taken at every place they may have; so an answer is about what *may* pass.

mod exposed;
mod filter;
mod flow_sets;
mod index;
mod packet;
#[cfg(test)]
mod random;
mod sets;
#[cfg(test)]
mod tests;
mod walk;
mod ways;

pub use exposed::{Contact, Exposure};
pub use index::Reach;
pub use packet::{Flow, InvalidFlow, Source};
pub use walk::{Exit, Outcome, Verdict};
pub use ways::{Headers, Hop, Vantage, Way};

use crate::network::Network;

/// Follows one flow. For many, make a [`Reach`] once.
#[must_use]
pub fn walk(network: &Network, flow: &Flow) -> Outcome {
    Reach::of(network).walk(flow)
}

/// All that a host on the internet can have a conversation with.
#[must_use]
pub fn exposed(network: &Network) -> Vec<Exposure<'_>> {
    Reach::of(network).exposed()
}
