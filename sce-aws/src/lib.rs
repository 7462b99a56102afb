//! The AWS account behind a Secure Compute Environment, reached through the official SDK.
//!
//! A [`Session`] is the only way in, and there is none without an explicit emulator endpoint or a confirmed real account. Everything
//! else takes one: [`lock`] asks the account what a plan needs, [`apply`] builds what is missing, [`verify`] reads everything back,
//! [`transfer`] moves data, [`power`] stops and starts machines, [`access`] tells where they are, [`close_out`] archives and deletes,
//! [`hold`] keeps it from that; and [`account`] sees to what an account has once. [`keys`] alone needs no session: it makes the pairs that people and machines have.
//!
//! Nothing here knows an emulator. What one cannot show is data ([`divergence`]), given from outside.

pub mod access;
pub mod account;
pub mod agreement;
pub mod apply;
pub mod archive;
pub mod change;
pub mod close_out;
pub mod collect;
mod data_events;
pub mod divergence;
pub mod drift;
pub mod endpoint;
mod error;
mod existing;
pub mod file_table;
pub mod hold;
mod ids;
mod interrupt;
pub mod keys;
pub mod lock;
mod observe;
mod pace;
pub mod power;
pub mod progress;
mod provider;
pub mod registry;
#[cfg(test)]
mod replay;
mod resource;
mod session;
pub mod status;
pub mod stores;
mod sweep;
mod tags;
pub mod transfer;
pub mod verify;
mod world;

pub use error::{CloudError, Outcome, Trouble};
pub use existing::ExistingError;
pub use interrupt::Interrupt;
pub use session::{Calls, Mfa, Session, SessionError, Target};
pub use world::{SystemWorld, World, today};
