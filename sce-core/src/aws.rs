//! What is AWS's own law: the policy language, resource kinds and their attributes.
//!
//! Another cloud would be a folder beside this one.

pub mod arn;
pub mod describe;
pub mod iam;
pub mod permissions;
pub mod policy;
pub mod resource;
pub mod service;
