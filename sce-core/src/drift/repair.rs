//! How drift is put right.

use serde::Serialize;

use crate::aws::resource::{Kind, Properties, RouteTarget};
use crate::change::in_place;
use crate::model::Resource;
use crate::plan::Scope;
use crate::value::Value;

/// How a difference is put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repair {
    /// It is changed back where it is: `sce drift --repair` does it.
    InPlace,
    /// It is taken out: `sce drift --repair` does it.
    Remove,
    /// It could be put back in place, were the plan the one that was applied last: what it changes cannot be told from drift.
    OnceApplied,
    /// It is made anew: `sce apply` does it.
    MakeAnew,
    /// AWS does not change it back: `sce apply` replaces it.
    Replace,
    /// Its owner has to: sce lays no hand on what is somebody else's.
    OfOthers,
    /// By hand: whoever put it there may need it.
    ByHand,
}

impl Repair {
    /// Whether `sce drift --repair` does it.
    #[must_use]
    pub const fn is_done_here(self) -> bool {
        matches!(self, Self::InPlace | Self::Remove)
    }

    /// The same of a plan that may not be the one that was applied last.
    pub(super) const fn of(self, is_applied: bool) -> Self {
        if self.is_done_here() && !is_applied { Self::OnceApplied } else { self }
    }

    /// What to do about it, where `--repair` does not.
    #[must_use]
    pub const fn how(self) -> &'static str {
        match self {
            Self::InPlace => "`sce drift --repair` changes it back",
            Self::Remove => "`sce drift --repair` takes it out",
            Self::OnceApplied => {
                "the spec is not the one that was applied last: apply it, or put it back as it was, then ask `sce drift` again"
            }
            Self::MakeAnew => "`sce apply` makes it anew",
            Self::Replace => {
                "AWS does not change it back; `sce plan --against-account` shows what replacing it takes along, `sce apply` does it"
            }
            Self::OfOthers => {
                "it is somebody else's: settle it with its owner, or run `sce lock` and `sce check` again"
            }
            Self::ByHand => "find out who needs it, and take it out by hand",
        }
    }
}

/// `is_others` tells of a place in the plan whether somebody else's thing stands there.
pub(super) fn repair(before: Option<&Resource>, now: Option<&Resource>, is_others: impl Fn(&str) -> bool) -> Repair {
    match (before, now) {
        (Some(before), _) if before.scope == Scope::Existing => Repair::OfOthers,
        (Some(before), Some(now)) => {
            let differences = before.properties.differences(&now.properties);
            let all = differences.iter().all(|one| in_place(&before.properties, &now.properties, &one.field));
            if all { Repair::InPlace } else { Repair::Replace }
        }
        (Some(_), None) => Repair::MakeAnew,
        (None, Some(now)) if table_of(now).is_some_and(|table| is_others(&table)) => Repair::OfOthers,
        // A route is all there is to it: what it led to stays.
        (None, Some(now)) if is_route(now) => Repair::Remove,
        (None, _) => Repair::ByHand,
    }
}

/// The place in the plan of the table that a route is in.
fn table_of(resource: &Resource) -> Option<String> {
    let Properties::Route(route) = &resource.properties else { return None };
    match &route.table {
        Value::Ref(reference) => Some(reference.node.to_string()),
        Value::Known(_) => None,
    }
}

fn is_route(resource: &Resource) -> bool {
    let Properties::Route(route) = &resource.properties else { return false };
    // A virtual private gateway puts its routes in again by itself as long as it propagates them.
    let propagated = matches!(&route.target, RouteTarget::Other(id) if id.starts_with("vgw-"));
    resource.properties.kind() == Kind::Route && !propagated
}
