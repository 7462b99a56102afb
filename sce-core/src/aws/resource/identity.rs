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
}

/// A customer-managed IAM policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedPolicy {
    /// What it grants.
    pub document: Policy,
}
