//! That an end has begun: from its first deletion on, what is there is no environment any more, and nothing is built into it unasked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::registry::{Registry, RegistryError};

/// Its name in the registry.
const ENDING: &str = "ending.json";

/// An end that has begun and is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndBegun {
    /// The life of the environment that it ends: what a later life finds is not about it.
    pub(crate) life: String,
    /// When its archive was finished, and deleting began.
    pub at: Timestamp,
    /// Who began it, as AWS names the caller.
    pub by: String,
    /// The manifest of its archive.
    pub manifest: String,
}

impl EndBegun {
    /// The last end that was begun, of whatever life; none that was given up.
    pub(crate) async fn last(registry: &Registry<'_>) -> Result<Option<Self>, RegistryError> {
        let Some(text) = registry.read(ENDING).await? else { return Ok(None) };
        serde_json::from_slice(&text).map(Some).map_err(|source| registry.unreadable(ENDING, source))
    }

    /// Writes it down, unless that was done.
    pub(super) async fn keep(&self, registry: &Registry<'_>) -> Result<(), RegistryError> {
        if Self::last(registry).await?.is_some_and(|begun| begun.life == self.life) {
            return Ok(());
        }
        registry.write(ENDING, &serde_json::to_string_pretty(self).unwrap_or_default()).await
    }

    /// Forgets it: the environment is built on.
    pub(crate) async fn forget(registry: &Registry<'_>) -> Result<(), RegistryError> {
        registry.remove(ENDING).await
    }
}
