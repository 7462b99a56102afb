//! IAM: policy documents read strictly, and requests decided as AWS decides them.
//!
//! [`Document`] is a policy ready to be evaluated: read from AWS's JSON, or made of the types that plans are written in. A
//! [`Request`] and the [`Policies`] in force are [`evaluate`]d to a [`Decision`]. What lies outside: access lists of S3, access
//! points, grants of KMS, and whatever a service checks beside its policies.
//!
//! Source: AWS IAM guide, "Policy evaluation logic" and the pages it leads to.

mod access;
mod atoms;
mod authorize;
mod closure;
mod condition;
mod document;
mod evaluate;
mod json;
mod keys;
mod pattern;
mod picture;
mod principal;
mod public;
mod quantity;
mod request;
mod search;
mod space;
mod tri;

pub use access::{Act, Actor, Asking, Breach, Can, Deed, Meant, Proof, READS, Reader, Readers, Somebody, Step};
pub use atoms::TooWild;
pub use authorize::{AuthorizeError, authorize, read_request};
pub use document::{Attachment, Document, StatementName, Symbols, read};
pub use evaluate::{Because, Decision, Layer, Policies, Verdict, evaluate, evaluate_some};
pub use json::Invalid;
pub use picture::{Gate, Holder, Home, Key, Machine, Picture, Store};
pub use principal::{InvalidPrincipal, Principal};
pub use public::{PublicAccessBlock, is_public};
pub use request::{Context, DuplicateKey, Request};
pub(crate) use search::is_granted_at_all;
pub use search::{Possible, Question, possible};

#[cfg(test)]
mod tests;
