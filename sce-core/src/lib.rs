//! The pure domain of a Secure Compute Environment (SCE): what is asked ([`spec`]), what the account supplies ([`lock`]), what shall
//! be ([`plan`](mod@plan)), what is ([`model`]), and whether it may be so ([`check`](mod@check)).
//!
//! Nothing here knows a runtime, an SDK, the clock, a file or the network: every function answers from its arguments alone.

pub mod access;
pub mod account;
pub mod aws;
pub mod catalog;
pub mod change;
pub mod check;
pub mod cidr;
pub mod cost;
pub mod coverage;
pub mod drift;
pub mod function;
pub mod html;
pub mod identifiers;
pub mod journal;
pub mod lock;
pub mod machine;
pub mod model;
pub mod network;
pub mod permissions;
pub mod pit;
pub mod plan;
pub mod prove;
pub mod rates;
pub mod reach;
pub mod render;
pub mod schedule;
pub mod spec;
pub mod ssh;
pub mod teardown;
pub mod value;
