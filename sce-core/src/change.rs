//! What applying a plan would do to an account: to each thing, from how it is planned and how it is there.
//!
//! What AWS changes in place stands in one table ([`Kind::changed_in_place`]); everything else takes a replacement, and with it goes
//! whatever refers to the thing and cannot be told of its successor. The provider settles by the same table.

mod decide;
mod show;
mod table;

use serde::Serialize;

pub use decide::{Account, There, changes};
pub use table::in_place;

use crate::aws::resource::{Difference, Kind};
use crate::plan::Scope;
use crate::value::NodeId;

/// What applying would do to one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "change")]
pub enum Change {
    /// It is made: it is not there.
    Create,
    /// It is changed where it is.
    Update {
        /// What is not as planned.
        differences: Vec<Difference>,
        /// Things that it names and that get a new id.
        because_of: Vec<NodeId>,
        /// Whether it is a machine that is stopped for it, and started again.
        stops: bool,
    },
    /// It is deleted and made anew.
    Replace {
        /// What is not as planned, and AWS does not change.
        differences: Vec<Difference>,
        /// Things that it names, that get a new id, and of which it cannot be told in place.
        because_of: Vec<NodeId>,
        /// Things that name it and must go with it.
        takes_along: Vec<NodeId>,
        /// What is lost with it.
        loses: Option<&'static str>,
    },
    /// It is deleted: an earlier plan made it, and this one has it no more.
    Delete {
        /// What is lost with it.
        loses: Option<&'static str>,
    },
    /// Nothing: it is as planned.
    Keep,
    /// Nobody knows: it could not be read.
    Unread {
        /// Why.
        why: String,
    },
}

/// What applying would do to one thing, and to which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedChange {
    /// Its place in the plan, or in the earlier plan that made it.
    pub node: NodeId,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub scope: Scope,
    /// What AWS calls it; none when it is not there.
    pub id: Option<String>,
    /// What would be done.
    #[serde(flatten)]
    pub change: Change,
}

impl Change {
    /// What is lost by it.
    #[must_use]
    pub const fn loses(&self) -> Option<&'static str> {
        match self {
            Self::Replace { loses, .. } | Self::Delete { loses } => *loses,
            Self::Create | Self::Update { .. } | Self::Keep | Self::Unread { .. } => None,
        }
    }

    /// Whether a machine is stopped for it.
    #[must_use]
    pub const fn stops(&self) -> bool {
        matches!(self, Self::Update { stops: true, .. })
    }

    /// Whether the thing that is there is deleted by it.
    #[must_use]
    pub const fn removes(&self) -> bool {
        matches!(self, Self::Replace { .. } | Self::Delete { .. })
    }

    /// The change as a word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update { .. } => "update",
            Self::Replace { .. } => "replace",
            Self::Delete { .. } => "delete",
            Self::Keep => "keep",
            Self::Unread { .. } => "unread",
        }
    }
}

/// The changes for people: one line each, those that keep things as they are only counted, and a note where data would be lost.
#[must_use]
pub fn to_text(changes: &[PlannedChange]) -> String {
    show::text(changes)
}
