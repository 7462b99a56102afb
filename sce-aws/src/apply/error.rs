//! Why apply stopped, and what it leaves.

use sce_core::aws::resource::Kind;
use sce_core::pit::{Pit, TAG_ID};
use sce_core::schedule::Ring;
use sce_core::value::NodeId;
use serde::Serialize;
use thiserror::Error;

use super::preflight::Shortage;
use super::undo::Undone;
use crate::change::RemoveError;
use crate::close_out::EndBegun;
use crate::error::{CloudError, Trouble};
use crate::registry::RegistryError;

/// Why apply stopped. What was made stays, is in the journal, and is found again by the next run.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// The plan rests on placeholders.
    #[error("the plan rests on placeholders: its lock was made offline")]
    Offline,
    /// The plan is for another account or region.
    #[error("the plan is for `{planned}`, and the session is in `{session}`")]
    Elsewhere {
        /// Where the plan is for.
        planned: String,
        /// Where the session is.
        session: String,
    },
    /// The plan has no order.
    #[error("the plan cannot be built in any order")]
    NoOrder(#[source] Ring),
    /// The account or the region does not have what the plan takes; nothing was made.
    #[error("the account is short of what the plan takes, so nothing was made")]
    Short {
        /// All that is short.
        shortages: Vec<Shortage>,
    },
    /// The registry could not be used.
    #[error("the registry could not be used")]
    Registry {
        /// What was left behind.
        left: LeftBehind,
        /// Why.
        #[source]
        source: RegistryError,
    },
    /// One node could not be made or changed.
    #[error("`{node}` could not be built")]
    Node {
        /// The node.
        node: String,
        /// What was left behind.
        left: LeftBehind,
        /// Why.
        #[source]
        source: CloudError,
    },
    /// Somebody asked it to stop.
    #[error("apply was interrupted; what was in flight was finished")]
    Interrupted {
        /// What was left behind.
        left: LeftBehind,
    },
    /// Another run took the lease over.
    #[error("another run took the lease over, so that this one stopped")]
    TakenOver {
        /// What was left behind.
        left: LeftBehind,
    },
    /// The plan has somebody else's things in the place of what earlier plans made.
    #[error("the plan uses what exists in the place of {}, which earlier plans made", .nodes.join(", "))]
    Displaced {
        /// Their places.
        nodes: Vec<String>,
    },
    /// A change takes machines to be stopped that run, and nobody said that they may be; nothing was changed.
    #[error("applying this plan stops {}, so nothing was changed", .machines.join(", "))]
    Runs {
        /// Each with its id.
        machines: Vec<String>,
    },
    /// The plan replaces or gives up what holds data, and nobody named it; nothing was changed.
    #[error("applying this plan loses {}, so nothing was changed", .things.join("; "))]
    Loses {
        /// The places of what holds it.
        nodes: Vec<NodeId>,
        /// Each thing with what is lost.
        things: Vec<String>,
    },
    /// Somebody else's thing is not as it was when the plan was checked.
    #[error("`{node}` is somebody else's, and {why}")]
    Existing {
        /// The node.
        node: String,
        /// What is the matter.
        why: String,
        /// What was left behind.
        left: LeftBehind,
    },
    /// Something of that name is there and is not this environment's.
    #[error("`{name}` exists and is not this environment's `{node}`: {why}")]
    Foreign {
        /// The node.
        node: String,
        /// What is there.
        name: String,
        /// How that shows.
        why: String,
        /// What was left behind.
        left: LeftBehind,
    },
    /// Its end has begun; nothing was changed.
    #[error("`{pit}` is being closed out, since {} by {}, so nothing was changed", begun.at, begun.by)]
    Ending {
        /// The environment.
        pit: Pit,
        /// The end that has begun.
        begun: EndBegun,
    },
    /// Several things say that they are one node, so that no run may pick.
    #[error("{} all bear the tags of `{node}`", .things.iter().map(|thing| format!("`{thing}`")).collect::<Vec<_>>().join(" and "))]
    Twice {
        /// The node.
        node: String,
        /// Its kind.
        kind: Kind,
        /// What AWS calls each of them.
        things: Vec<String>,
        /// The one of them that the journal knows, if it knows one.
        known: Option<String>,
        /// What was left behind.
        left: LeftBehind,
    },
}

/// What a stopped run leaves in the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftBehind {
    /// Nodes that exist, this run's and earlier ones'.
    pub present: Vec<String>,
    /// Nodes of which nobody knows whether they exist: their creation got no answer, or was not waited for.
    pub in_doubt: Vec<String>,
    /// What else failed while things in flight were finished: the node, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_failed: Vec<String>,
    /// Nodes that were not begun.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_begun: Vec<String>,
    /// What was undone, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone: Option<Undone>,
}

impl From<RemoveError> for ApplyError {
    fn from(error: RemoveError) -> Self {
        let left = LeftBehind::default();
        match error {
            RemoveError::Registry(source) => Self::Registry { left, source },
            RemoveError::Displaced { nodes } => Self::Displaced { nodes },
            RemoveError::Loses { nodes, things } => Self::Loses { nodes, things },
            RemoveError::Runs { machines } => Self::Runs { machines },
            RemoveError::Unseen { node, source } => Self::Node { node: node.to_string(), left, source },
            RemoveError::Node { node, source } => Self::Node { node: node.to_string(), left, source },
            RemoveError::Foreign { node, name, why } => Self::Foreign { node: node.to_string(), name, why, left },
        }
    }
}

impl LeftBehind {
    /// The same, with what is there after things were undone.
    pub(super) fn still(self, now: &Self) -> Self {
        Self { present: now.present.clone(), in_doubt: now.in_doubt.clone(), ..self }
    }
}

impl ApplyError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Offline => Some("run `sce lock SPEC` with the account at hand".to_owned()),
            Self::Elsewhere { .. } => {
                Some("run `sce lock SPEC` again, or choose the account that is meant".to_owned())
            }
            Self::NoOrder(_) => Some("the plan was written by no version of sce, or altered".to_owned()),
            Self::Short { .. } => Some(
                "ask for more in the Service Quotas console, free what is no longer used, or change the spec; then run the same \
                 command again"
                    .to_owned(),
            ),
            Self::Registry { source, .. } => source.help(),
            Self::Node { node, source, .. } if source.trouble == Trouble::AlreadyExists => Some(format!(
                "`sce plan SPEC --against-account` shows what replacing it takes along and loses; `sce apply SPEC \
                 --dangerously-replace {node}` does it"
            )),
            Self::Node { source, .. } => source.help().map(str::to_owned),
            Self::Interrupted { .. } => Some(
                "`sce apply SPEC` goes on from here; `sce apply --undo SPEC` undoes what this run made, `sce close-out PIT` ends \
                 the environment"
                    .to_owned(),
            ),
            Self::TakenOver { .. } => {
                Some("wait until the other run ends; `sce status PIT` shows what is there".to_owned())
            }
            Self::Displaced { .. } => {
                Some("an environment does not move: close it out, and apply the new spec then".to_owned())
            }
            Self::Loses { nodes, .. } => Some(format!(
                "copy out what must last, then name each: `--dangerously-replace {}`; or put them back into the spec as they were",
                nodes.iter().map(NodeId::as_str).collect::<Vec<_>>().join(" ")
            )),
            Self::Runs { .. } => Some(
                "see that nobody works on them, then say `--may-stop-machines`; or stop them first: `sce stop PIT`".to_owned(),
            ),
            Self::Existing { .. } => Some(
                "run `sce lock SPEC` and `sce check SPEC` again: the plan was judged by what was there then".to_owned(),
            ),
            Self::Foreign { .. } => Some("choose another PIT, or remove what is there if it is yours".to_owned()),
            Self::Ending { pit, .. } => Some(format!(
                "`sce close-out {pit} --archive DEST` goes on with it; to build on instead, say `--reopen`: what it deleted is made anew \
                 and empty, and what was in it is in the archive"
            )),
            Self::Twice { kind, things, known, .. } => Some(repair(*kind, things, known.as_deref())),
        }
    }

    /// What the run leaves in the account.
    #[must_use]
    pub fn left_behind(&self) -> Option<&LeftBehind> {
        match self {
            Self::Offline
            | Self::Elsewhere { .. }
            | Self::NoOrder(_)
            | Self::Short { .. }
            | Self::Displaced { .. }
            | Self::Loses { .. }
            | Self::Runs { .. }
            | Self::Ending { .. }
            | Self::Registry { source: RegistryError::Leased { .. }, .. } => None,
            Self::Registry { left, .. }
            | Self::Node { left, .. }
            | Self::Interrupted { left }
            | Self::TakenOver { left }
            | Self::Existing { left, .. }
            | Self::Foreign { left, .. }
            | Self::Twice { left, .. } => Some(left),
        }
    }

    /// The error with what was left behind, as it is once everything in flight has ended.
    pub(super) fn leaving(mut self, behind: LeftBehind) -> Self {
        match &mut self {
            Self::Offline | Self::Elsewhere { .. } | Self::NoOrder(_) | Self::Short { .. } => {}
            Self::Displaced { .. } | Self::Loses { .. } | Self::Runs { .. } | Self::Ending { .. } => {}
            Self::Registry { left, .. }
            | Self::Node { left, .. }
            | Self::Interrupted { left }
            | Self::TakenOver { left }
            | Self::Existing { left, .. }
            | Self::Foreign { left, .. }
            | Self::Twice { left, .. } => *left = behind,
        }
        self
    }

    /// As an interrupt, if that is all it says.
    pub(super) fn or_interrupted(self) -> Self {
        match self.is_interrupt() {
            true => Self::Interrupted { left: LeftBehind::default() },
            false => self,
        }
    }

    /// Whether it only says that the run was asked to stop.
    pub(super) fn is_interrupt(&self) -> bool {
        match self {
            Self::Interrupted { .. } => true,
            Self::Node { source, .. } => source.trouble == Trouble::Interrupted,
            _ => false,
        }
    }

    /// In one line, with its cause.
    pub(super) fn line(&self) -> String {
        match std::error::Error::source(self) {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        }
    }
}

/// How to get from several things of one name to one.
fn repair(kind: Kind, things: &[String], known: Option<&str>) -> String {
    let untag = |thing: &str| match kind {
        Kind::KmsKey => format!("aws kms untag-resource --key-id {thing} --tag-keys {TAG_ID}"),
        _ => format!("aws ec2 delete-tags --resources {thing} --tags Key={TAG_ID}"),
    };
    match known.filter(|known| things.iter().any(|thing| thing == known)) {
        Some(known) => {
            let others: Vec<String> = things.iter().filter(|thing| *thing != known).map(|thing| untag(thing)).collect();
            format!(
                "the journal knows `{known}`: take the tag off what is not ours (`{}`) or delete it, then run the same command again",
                others.join("`, `")
            )
        }
        None => {
            let each: Vec<String> = things.iter().map(|thing| untag(thing)).collect();
            format!(
                "the journal knows none of them: find out which is in use, take the tag off the others (`{}`) or delete them, then run \
                 the same command again",
                each.join("` or `")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twice(known: Option<&str>) -> ApplyError {
        let things = vec!["vpc-1".to_owned(), "vpc-2".to_owned()];
        let (node, known) = ("vpc".to_owned(), known.map(str::to_owned));
        ApplyError::Twice { node, kind: Kind::Vpc, things, known, left: LeftBehind::default() }
    }

    #[test]
    fn two_things_of_one_name_are_told_with_a_repair() {
        assert_eq!(twice(None).to_string(), "`vpc-1` and `vpc-2` all bear the tags of `vpc`");
        let help = twice(Some("vpc-1")).help().unwrap();
        assert!(help.starts_with("the journal knows `vpc-1`: take the tag off what is not ours"), "{help}");
        assert!(help.contains("(`aws ec2 delete-tags --resources vpc-2 --tags Key=sce:id`)"), "{help}");
        let help = twice(Some("vpc-3")).help().unwrap();
        assert!(help.contains("--resources vpc-1") && help.contains("--resources vpc-2"), "{help}");
    }

    #[test]
    fn what_is_left_is_told_as_it_is_in_the_end() {
        let left = LeftBehind { present: vec!["vpc".to_owned()], ..LeftBehind::default() };
        assert_eq!(twice(None).leaving(left.clone()).left_behind(), Some(&left));
        assert_eq!(ApplyError::Offline.leaving(left).left_behind(), None);
    }
}
