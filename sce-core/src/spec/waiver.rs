//! Risks that somebody accepts, by name and until a day.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A risk that somebody accepts: what one rule says of one thing, as that thing is, until a day.
///
/// A rule that answers a *required* specification of the Security Rule cannot be waived, and one that answers an *addressable*
/// specification only with the reasoning of 45 CFR 164.306(d)(3): see [`crate::check`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The rule, as `sce check` names it.
    pub rule: String,
    /// What the rule speaks about, as `sce check` names it: a place in the plan, or `spec`.
    pub resource: String,
    /// The digest of what is accepted, as `sce check` shows it beside the finding: of the plan's node, or of the spec's own value.
    /// What changes is no longer what was accepted.
    pub digest: String,
    /// Why the risk may be taken.
    pub reason: String,
    /// The e-mail address of the person who accepts it; never the owner's.
    pub approver: String,
    /// The last day on which it holds.
    #[serde(deserialize_with = "super::parse::date")]
    #[schemars(with = "String")]
    pub expires: Date,
    /// The reasoning of 45 CFR 164.306(d)(3), for a rule that answers an addressable specification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addressable: Option<Addressable>,
}

/// Why an addressable specification is not implemented as it stands (45 CFR 164.306(d)(3)(ii)(B)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Addressable {
    /// Why it would not be reasonable and appropriate here.
    pub why: String,
    /// The equivalent measure that stands in its place, if one is reasonable and appropriate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}
