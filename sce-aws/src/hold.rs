//! Legal holds: while one is in force, an environment is not closed out.
//!
//! A hold is a document in the registry, written under the lease, so that none is placed in the midst of a close-out. Released ones
//! stay in it: who held what, and who let it go, is itself a record.

use jiff::Timestamp;
use sce_core::pit::Pit;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::registry::{Registry, RegistryError, run_name};
use crate::session::Session;

/// The document's name in the registry.
pub(crate) const HOLDS: &str = "holds.json";

/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 300;

/// A legal hold, in force until it is released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Which of the environment's holds it is, from 1 on.
    pub number: u32,
    /// Why: the matter's name, and no PHI.
    pub reason: String,
    /// Who placed it: the caller, as AWS names it.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
    /// How it ended; none while it is in force.
    pub released: Option<Release>,
}

/// How a hold ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Why.
    pub reason: String,
    /// Who released it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Every hold of an environment, as the registry keeps them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema_version: u32,
    holds: Vec<Hold>,
}

/// What is to be done about holds.
#[derive(Clone, Debug)]
pub enum HoldDeed {
    /// Place one more.
    Place,
    /// Release one; without a number the only one in force.
    Release(Option<u32>),
}

/// Why a hold was neither placed nor released.
#[derive(Debug, Error)]
pub enum HoldError {
    /// The registry could not be used, or does not know the environment.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The reason is none.
    #[error("the reason is empty, longer than {LONGEST_REASON} characters, or more than one line")]
    Reason,
    /// No hold of that number is in force.
    #[error("`{pit}` has no hold {} in force", .number.map(|number| format!("`{number}`")).unwrap_or_default())]
    None {
        /// The environment.
        pit: Pit,
        /// The number asked for.
        number: Option<u32>,
    },
    /// Several are in force, and none was named.
    #[error("`{pit}` has {} holds in force", .holds.len())]
    Several {
        /// The environment.
        pit: Pit,
        /// Those in force.
        holds: Vec<Hold>,
    },
}

impl HoldError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.help(),
            Self::Reason => Some("name the matter in one line, without anybody's health in it".to_owned()),
            Self::None { pit, .. } => Some(format!("`sce status {pit}` shows those in force")),
            Self::Several { holds, .. } => {
                let named: Vec<String> =
                    holds.iter().map(|hold| format!("`--release {}` ({})", hold.number, hold.reason)).collect();
                Some(format!("say which: {}", named.join(", ")))
            }
        }
    }
}

/// Places a hold or releases one, and says which holds there are now.
///
/// # Errors
/// When the registry does not know the environment, somebody else is at work on it, or there is nothing to release.
pub async fn hold(
    session: &Session,
    pit: &Pit,
    deed: &HoldDeed,
    reason: &str,
    take_over: bool,
) -> Result<Vec<Hold>, HoldError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON || reason.contains(char::is_control) {
        return Err(HoldError::Reason);
    }
    let registry = Registry::new(session, pit);
    registry.plan().await?;
    let held = registry.lease(&run_name(session), take_over).await?;
    let done = change(session, &registry, pit, deed, reason).await;
    held.release().await?;
    done
}

async fn change(
    session: &Session,
    registry: &Registry<'_>,
    pit: &Pit,
    deed: &HoldDeed,
    reason: &str,
) -> Result<Vec<Hold>, HoldError> {
    let mut holds = every_hold(registry).await?;
    let (by, at) = (session.caller().to_owned(), session.world.now());
    match deed {
        HoldDeed::Place => {
            let number = holds.iter().map(|hold| hold.number).max().unwrap_or(0) + 1;
            holds.push(Hold { number, reason: reason.to_owned(), by, since: at, released: None });
        }
        HoldDeed::Release(number) => {
            let chosen = chosen(pit, &mut holds, *number)?;
            chosen.released = Some(Release { reason: reason.to_owned(), by, at });
        }
    }
    let document = Document { schema_version: 1, holds };
    let text = serde_json::to_string_pretty(&document).map_err(|error| registry.unreadable(HOLDS, error))?;
    registry.write(HOLDS, &text).await?;
    Ok(document.holds)
}

/// The one that is meant, of those in force.
fn chosen<'a>(pit: &Pit, holds: &'a mut [Hold], number: Option<u32>) -> Result<&'a mut Hold, HoldError> {
    let fits = |hold: &Hold| hold.released.is_none() && number.is_none_or(|number| number == hold.number);
    let fitting: Vec<usize> = (0..holds.len()).filter(|at| fits(&holds[*at])).collect();
    match fitting.as_slice() {
        [] => Err(HoldError::None { pit: pit.clone(), number }),
        [at] => Ok(&mut holds[*at]),
        _ => {
            let holds = fitting.iter().map(|at| holds[*at].clone()).collect();
            Err(HoldError::Several { pit: pit.clone(), holds })
        }
    }
}

/// The holds in force.
pub(crate) async fn in_force(registry: &Registry<'_>) -> Result<Vec<Hold>, RegistryError> {
    let mut holds = every_hold(registry).await?;
    holds.retain(|hold| hold.released.is_none());
    Ok(holds)
}

/// A document that cannot be read is an error: a hold must never be lost by damage.
async fn every_hold(registry: &Registry<'_>) -> Result<Vec<Hold>, RegistryError> {
    let Some(text) = registry.read(HOLDS).await? else { return Ok(Vec::new()) };
    let document: Document = serde_json::from_slice(&text).map_err(|error| registry.unreadable(HOLDS, error))?;
    Ok(document.holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(number: u32, released: bool) -> Hold {
        let released =
            released.then(|| Release { reason: "settled".to_owned(), by: "b".to_owned(), at: Timestamp::UNIX_EPOCH });
        Hold { number, reason: format!("matter {number}"), by: "a".to_owned(), since: Timestamp::UNIX_EPOCH, released }
    }

    #[test]
    fn the_only_one_in_force_needs_no_number_and_of_several_one_must_be_named() {
        let pit = "hipaa".parse().unwrap();
        let number = |holds: &mut [Hold], asked| chosen(&pit, holds, asked).map(|hold| hold.number);
        assert_eq!(number(&mut [held(1, true), held(2, false)], None).unwrap(), 2);
        assert_eq!(number(&mut [held(1, false), held(2, false)], Some(1)).unwrap(), 1);
        let several = number(&mut [held(1, false), held(2, false)], None).unwrap_err();
        assert_eq!(several.to_string(), "`hipaa` has 2 holds in force");
        assert_eq!(several.help().unwrap(), "say which: `--release 1` (matter 1), `--release 2` (matter 2)");
        let gone = number(&mut [held(1, true)], Some(1)).unwrap_err();
        assert_eq!(gone.to_string(), "`hipaa` has no hold `1` in force");
    }
}
