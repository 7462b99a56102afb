//! Roles and users of the account that are in no plan.

use std::collections::BTreeSet;

use crate::aws::policy::Policy;

/// A role or user of the account beside the plan, with what its policies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bystander {
    /// Its ARN.
    pub arn: String,
    /// Who may take it on; none of a user.
    pub trust: Option<Policy>,
    /// What it may do, by policy: its own, its groups', and those attached; by ARN, or by the name of an inline one.
    pub policies: Vec<(String, Policy)>,
    /// What it may at most do.
    pub boundary: Option<Policy>,
    /// The ARNs of the groups that a user is in.
    pub groups: BTreeSet<String>,
    /// What of it could not be read. It may allow anything.
    pub unread: Vec<String>,
}
