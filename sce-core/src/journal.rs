//! What was done to each thing, and what state that leaves it in.
//!
//! Intent is written before a call and its result after; so whatever happened in between, the journal says which things may exist.
//! The state is a pure function of state and event, and an illegal move is an error. The journal is generic over what it calls a
//! thing and what AWS said of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The version of the journal's format that this crate writes.
pub const SCHEMA_VERSION: u32 = 1;

/// Something that was done, or is about to be, to one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event<A> {
    /// A call that makes it is about to be sent.
    Creating,
    /// It exists, and AWS calls it this.
    Present(A),
    /// A call that changes it is about to be sent.
    Changing,
    /// AWS refused or failed; what the call left behind is not known.
    Failed(String),
    /// A call that deletes it is about to be sent.
    Deleting,
    /// AWS will delete it at a later time, which is named.
    Scheduled(String),
    /// It is gone.
    Gone,
}

/// The state a thing is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State<A> {
    /// It does not exist.
    Absent,
    /// It may exist: a call was sent, and no answer was recorded.
    Creating,
    /// It exists.
    Present(A),
    /// It exists, and may be half-changed.
    Changing(A),
    /// It may still exist: a deletion was sent, and no answer was recorded.
    Deleting(Option<A>),
    /// AWS will delete it at the time named.
    Scheduled(String),
}

/// A move that the table does not have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the journal says `{event}` of something that is {state}")]
pub struct IllegalMove {
    state: &'static str,
    event: &'static str,
}

impl<A: Clone> State<A> {
    /// The state after an event.
    ///
    /// # Errors
    /// When no thing in this state can see that event.
    pub fn after(&self, event: &Event<A>) -> Result<Self, IllegalMove> {
        use Event as E;
        match (self, event) {
            // Whatever was known: whoever is about to create has looked, and found that it is not there (any more).
            (_, E::Creating) => Ok(Self::Creating),
            // Found by looking, whether or not a creation was seen: the account is the state, the journal its witness.
            (_, E::Present(a)) => Ok(Self::Present(a.clone())),
            (Self::Present(a) | Self::Changing(a), E::Changing) => Ok(Self::Changing(a.clone())),
            (state, E::Failed(_)) => Ok(state.clone()),
            (Self::Present(a) | Self::Changing(a), E::Deleting) => Ok(Self::Deleting(Some(a.clone()))),
            (Self::Absent | Self::Creating | Self::Scheduled(_), E::Deleting) => Ok(Self::Deleting(None)),
            (Self::Deleting(a), E::Deleting) => Ok(Self::Deleting(a.clone())),
            (Self::Deleting(_) | Self::Scheduled(_), E::Scheduled(until)) => Ok(Self::Scheduled(until.clone())),
            (Self::Deleting(_) | Self::Absent | Self::Creating | Self::Scheduled(_), E::Gone) => Ok(Self::Absent),
            (state, event) => Err(IllegalMove { state: state.word(), event: event.word() }),
        }
    }

    /// The state in a word or three.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Creating => "being created",
            Self::Present(_) => "present",
            Self::Changing(_) => "being changed",
            Self::Deleting(_) => "being deleted",
            Self::Scheduled(_) => "scheduled for deletion",
        }
    }
}

impl<A> Event<A> {
    fn word(&self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Present(_) => "present",
            Self::Changing => "changing",
            Self::Failed(_) => "failed",
            Self::Deleting => "deleting",
            Self::Scheduled(_) => "scheduled",
            Self::Gone => "gone",
        }
    }
}

/// The state of every thing that the events tell of, in the order in which they happened.
///
/// # Errors
/// At the first illegal move.
pub fn states<I: Clone + Ord, A: Clone>(
    events: impl IntoIterator<Item = (I, Event<A>)>,
) -> Result<BTreeMap<I, State<A>>, IllegalMove> {
    let mut states: BTreeMap<I, State<A>> = BTreeMap::new();
    for (id, event) in events {
        let state = states.get(&id).unwrap_or(&State::Absent).after(&event)?;
        states.insert(id, state);
    }
    Ok(states)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Events = Vec<(&'static str, Event<&'static str>)>;

    fn state_of(events: Events) -> Result<State<&'static str>, IllegalMove> {
        states(events).map(|states| states["vpc"].clone())
    }

    #[test]
    fn a_life_from_creation_to_the_end() {
        let life = vec![
            ("vpc", Event::Creating),
            ("vpc", Event::Present("vpc-1")),
            ("vpc", Event::Changing),
            ("vpc", Event::Present("vpc-1")),
            ("vpc", Event::Deleting),
            ("vpc", Event::Gone),
        ];
        assert_eq!(state_of(life), Ok(State::Absent));
    }

    #[test]
    fn an_answer_that_never_came_leaves_a_thing_that_may_exist() {
        assert_eq!(state_of(vec![("vpc", Event::Creating)]), Ok(State::Creating));
        let failed = vec![("vpc", Event::Creating), ("vpc", Event::Failed("timeout".to_owned()))];
        assert_eq!(state_of(failed), Ok(State::Creating));
        let deleting = vec![("vpc", Event::Present("vpc-1")), ("vpc", Event::Deleting)];
        assert_eq!(state_of(deleting), Ok(State::Deleting(Some("vpc-1"))));
    }

    #[test]
    fn a_key_waits_for_its_deletion_and_may_be_succeeded() {
        let scheduled = vec![
            ("vpc", Event::Present("key-1")),
            ("vpc", Event::Deleting),
            ("vpc", Event::Scheduled("2026-12-01".to_owned())),
            ("vpc", Event::Creating),
            ("vpc", Event::Present("key-2")),
        ];
        assert_eq!(state_of(scheduled), Ok(State::Present("key-2")));
    }

    #[test]
    fn what_somebody_else_deleted_is_made_anew() {
        let anew = vec![("vpc", Event::Present("vpc-1")), ("vpc", Event::Creating), ("vpc", Event::Present("vpc-2"))];
        assert_eq!(state_of(anew), Ok(State::Present("vpc-2")));
    }

    #[test]
    fn illegal_moves_are_errors() {
        let error = state_of(vec![("vpc", Event::Changing)]).unwrap_err();
        assert_eq!(error.to_string(), "the journal says `changing` of something that is absent");
        assert!(state_of(vec![("vpc", Event::Present("a")), ("vpc", Event::Gone)]).is_err());
    }
}
