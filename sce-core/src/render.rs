//! What is shown of a plan beyond text.

pub mod svg;
