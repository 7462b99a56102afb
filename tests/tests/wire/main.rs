//! End to end over the wire: one program, so that the SDK is linked once and waits overlap.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod account;
mod against_account;
mod ancillary;
mod apply;
mod close_out;
mod collect;
mod databases;
mod drift;
mod existing;
mod faults;
mod life_cycle;
mod lost_answers;
mod machine_programs;
mod machines;
mod permissions;
mod poc_a;
mod refusals;
mod risk;
mod roles;
mod ssh;
mod two_environments;
mod unkind;
