//! Counter-examples, each replayed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::aws::iam::{Decision, Request};
use crate::reach::{Flow, Outcome};

/// A counter-example, with what became of it when it was tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Witness {
    /// A flow, followed hop by hop.
    Flow {
        /// In one sentence.
        told: String,
        /// The flow.
        flow: Flow,
        /// What becomes of it.
        outcome: Outcome,
    },
    /// Requests, which together do what shall not be done.
    Request {
        /// In one sentence.
        told: String,
        /// The requests, each with its decision.
        requests: Vec<Asked>,
    },
}

/// A request, and what was decided on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// Who asks, by ARN, or `anonymous`, or a service.
    pub principal: String,
    /// For what.
    pub action: String,
    /// Of what resource.
    pub resource: String,
    /// What the request says of itself.
    pub context: BTreeMap<String, Vec<String>>,
    /// What is decided, and on what that rests.
    #[serde(flatten)]
    pub decision: Decision,
}

impl Witness {
    /// What it shows, in one sentence.
    #[must_use]
    pub fn told(&self) -> &str {
        match self {
            Self::Flow { told, .. } | Self::Request { told, .. } => told,
        }
    }
}

impl Asked {
    pub(super) fn new(request: &Request, decision: Decision) -> Self {
        let context = request.context.iter().map(|(key, values)| (key.to_owned(), values.to_vec()));
        Self {
            principal: request.principal.to_string(),
            action: request.action.clone(),
            resource: request.resource.clone(),
            context: context.collect(),
            decision,
        }
    }
}
