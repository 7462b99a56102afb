//! Why close-out stopped before it deleted anything.

use jiff::Timestamp;
use sce_core::pit::Pit;
use thiserror::Error;

use super::Dump;
use crate::archive::ArchiveError;
use crate::error::{CloudError, Trouble};
use crate::hold::Hold;
use crate::registry::RegistryError;

/// Why close-out stopped before it deleted anything; once it deletes, it carries on past a failure and reports it.
#[derive(Debug, Error)]
pub enum CloseOutError {
    /// The registry could not be used, or does not know the environment.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A legal hold is in force.
    #[error("`{pit}` is under a legal hold, so nothing was archived or deleted: {}", told(.holds))]
    Held {
        /// The environment.
        pit: Pit,
        /// The holds in force.
        holds: Vec<Hold>,
    },
    /// Machines run.
    #[error("machines of `{pit}` run, so nothing was archived or deleted: {}", .machines.join(", "))]
    Running {
        /// The environment.
        pit: Pit,
        /// Each with its id.
        machines: Vec<String>,
    },
    /// What there is beside the plan could not be looked at: machines, copies of volumes.
    #[error("what is there beside the plan could not be looked at, so nothing was deleted")]
    Beside(#[source] CloudError),
    /// Something was written after the last archive was made.
    #[error("{} than the last archive, which is of {made_at}, so nothing was deleted", newer(.stores))]
    Newer {
        /// Each store, and how many versions of objects are newer. Their keys are not told: they may be anybody's.
        stores: Vec<(String, usize)>,
        /// When the last archive was made.
        made_at: Timestamp,
    },
    /// Something could not be read, so what it holds could not be archived.
    #[error("`{node}` could not be read, so nothing was deleted")]
    Unread {
        /// The node.
        node: String,
        /// Why.
        #[source]
        source: CloudError,
    },
    /// Something holds what no archive does, and nobody said that it may go.
    #[error("no archive holds what is in {}, so nothing was deleted", .things.join(", "))]
    Unarchived {
        /// Databases, data volumes and copies of volumes, each with its id.
        things: Vec<String>,
        /// How what is in the databases gets out.
        dumps: Vec<Dump>,
    },
    /// The archive could not be written.
    #[error("the archive could not be made, so nothing was deleted")]
    Archive(#[from] ArchiveError),
    /// It was asked to stop.
    #[error("close-out was interrupted; what was in flight was finished")]
    Interrupted {
        /// The manifest of the archive; none where the archive was not finished, and then nothing is deleted.
        archive: Option<String>,
        /// What is gone.
        deleted: Vec<String>,
        /// What is still there.
        left: Vec<String>,
    },
    /// What is left could not be looked for.
    #[error("what is left could not be looked for; `sce close-out` can be run again")]
    Sweep(#[source] CloudError),
}

impl CloseOutError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.help(),
            Self::Archive(error) => error.help(),
            Self::Held { pit, holds } => {
                let number = holds.first().map_or(1, |hold| hold.number);
                Some(format!(
                    "whoever answers for the matter releases it: `sce hold {pit} --release {number} --reason REASON`"
                ))
            }
            Self::Running { pit, .. } => Some(format!(
                "see that nobody works on them and stop them (`sce stop {pit}`), or say `--while-machines-run`"
            )),
            Self::Newer { .. } => Some(
                "somebody still writes: see to it that they stop, then run this again with `--archive-again` and a new folder, which \
                 archives everything that is still there"
                    .to_owned(),
            ),
            Self::Unarchived { dumps, .. } => {
                let copy = "copy what must last into the output bucket (`aws s3 cp` on the machine, `pg_dump` of a database), then run \
                            this again with `--dangerously-discard-unarchived`";
                Some([copy.to_owned()].into_iter().chain(dumps.iter().map(Dump::to_string)).collect::<Vec<_>>().join("; "))
            }
            Self::Interrupted { .. } => Some(
                "run the same command again: it goes on from here; `sce status PIT` shows what is there".to_owned(),
            ),
            Self::Unread { source, .. } | Self::Beside(source) | Self::Sweep(source) => {
                source.help().map(str::to_owned)
            }
        }
    }
}

impl CloseOutError {
    /// Whether all that it says is that somebody asked for an end.
    pub(super) fn is_interrupt(&self) -> bool {
        let source = match self {
            Self::Registry(RegistryError::Cloud(source)) => source,
            Self::Archive(ArchiveError::Cloud(source)) => source,
            Self::Beside(source) | Self::Sweep(source) | Self::Unread { source, .. } => source,
            _ => return false,
        };
        source.trouble == Trouble::Interrupted
    }
}

fn told(holds: &[Hold]) -> String {
    let one = |hold: &Hold| format!("`{}` by {} since {}", hold.reason, hold.by, hold.since);
    holds.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn newer(stores: &[(String, usize)]) -> String {
    let one = |(store, count): &(String, usize)| format!("{count} versions of objects in `{store}`");
    format!("{} are newer", stores.iter().map(one).collect::<Vec<_>>().join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_who_holds_what_and_what_to_do() {
        let since: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        let pit: Pit = "hipaa".parse().unwrap();
        let hold = Hold { number: 3, reason: "Doe".to_owned(), by: "a".to_owned(), since, released: None };
        let held = CloseOutError::Held { pit: pit.clone(), holds: vec![hold] };
        assert_eq!(
            held.to_string(),
            "`hipaa` is under a legal hold, so nothing was archived or deleted: `Doe` by a since 2026-11-30T12:00:00Z"
        );
        assert!(held.help().unwrap().contains("`sce hold hipaa --release 3 --reason REASON`"));
        let running = CloseOutError::Running { pit, machines: vec!["`instance-private` (i-1)".to_owned()] };
        assert!(running.help().unwrap().contains("`--while-machines-run`"));
        let stores = vec![("hipaa-data".to_owned(), 2), ("hipaa-output".to_owned(), 1)];
        let newer = CloseOutError::Newer { stores, made_at: since };
        assert_eq!(
            newer.to_string(),
            "2 versions of objects in `hipaa-data` and 1 versions of objects in `hipaa-output` are newer than the last archive, \
             which is of 2026-11-30T12:00:00Z, so nothing was deleted"
        );
        assert!(newer.help().unwrap().contains("`--archive-again`"));
    }
}
