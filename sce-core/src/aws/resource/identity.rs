//! Identities and what they may do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::aws::arn::Arn;
use crate::aws::policy::Policy;
use crate::value::Value;

/// An IAM role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Who may take it on.
    pub trust: Policy,
    /// The managed policies attached to it.
    pub policies: BTreeSet<Value<Arn>>,
    /// Names of inline policies; a plan has none.
    pub inline_policies: BTreeSet<String>,
    /// What the role may at most be allowed, where the organisation demands such a bound.
    #[serde(default)]
    pub permissions_boundary: Option<Arn>,
    /// Seconds after which a session of the role ends: 3,600 to 43,200 (IAM API reference, `CreateRole`).
    #[serde(default = "an_hour")]
    pub max_session_seconds: u32,
}

impl Role {
    /// IAM's own bound of a session, and the shortest there is: one hour.
    pub const SHORTEST_SESSION_SECONDS: u32 = 3_600;

    /// A role with managed policies only, for sessions of an hour.
    #[must_use]
    pub fn new(trust: Policy, policies: BTreeSet<Value<Arn>>, permissions_boundary: Option<Arn>) -> Self {
        let (inline_policies, max_session_seconds) = (BTreeSet::new(), Self::SHORTEST_SESSION_SECONDS);
        Self { trust, policies, inline_policies, permissions_boundary, max_session_seconds }
    }
}

/// What roles had that were planned before the plan said so.
const fn an_hour() -> u32 {
    Role::SHORTEST_SESSION_SECONDS
}

/// A customer-managed IAM policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedPolicy {
    /// What it grants.
    pub document: Policy,
}
