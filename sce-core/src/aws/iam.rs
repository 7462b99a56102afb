//! IAM: policy documents read strictly, and requests decided as AWS decides them.
//!
//! [`Document`] is a policy ready to be evaluated: read from AWS's JSON, or made of the types that plans are written in. A
//! [`Request`] and the [`Policies`] in force are [`evaluate`]d to a [`Decision`]. What lies outside: access lists of S3, access
//! points, grants of KMS, and whatever a service checks beside its policies.
//!
//! Source: AWS IAM guide, "Policy evaluation logic" and the pages it leads to.

mod atoms;
mod authorize;
mod condition;
mod document;
mod evaluate;
mod json;
mod pattern;
mod principal;
mod public;
mod quantity;
mod request;
mod tri;

pub use atoms::TooWild;
pub use authorize::{AuthorizeError, authorize, read_request};
pub use document::{Attachment, Document, StatementName, Symbols, read};
pub use evaluate::{Because, Decision, Layer, Policies, Verdict, evaluate, evaluate_some};
pub use json::Invalid;
pub use principal::{InvalidPrincipal, Principal};
pub use public::{PublicAccessBlock, is_public};
pub use request::{Context, DuplicateKey, Request};

#[cfg(test)]
mod tests;
