//! KMS keys.

use serde::{Deserialize, Serialize};

use crate::aws::arn::KeyId;
use crate::aws::policy::Policy;
use crate::value::Value;

/// A customer-managed KMS key: one a PIT, so that closing out can shred what it encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmsKey {
    /// What it is for.
    pub description: String,
    /// Who may do what with it.
    pub policy: Policy,
    /// Whether AWS renews its material yearly.
    pub rotation: bool,
    /// Whether it can be used.
    pub enabled: bool,
}

/// A KMS alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmsAlias {
    /// The key it names.
    pub key: Value<KeyId>,
}
