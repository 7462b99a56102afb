//! What AWS calls the things of a plan: the core's own, since saved answers are read by the same exchange.

pub(crate) use sce_core::plan::{Attributes, Ids};
