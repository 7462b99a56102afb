//! What those who answer cannot show, as dated data from outside this crate.

use serde::Deserialize;
use thiserror::Error;

use sce_core::aws::resource::Kind;

/// What those who answer cannot show. Empty for a real account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Divergences {
    /// The version of this format.
    #[serde(default)]
    pub schema_version: u32,
    /// The day they were measured.
    #[serde(default)]
    pub as_of: String,
    /// Each of them.
    #[serde(default, rename = "divergence")]
    pub divergences: Vec<Divergence>,
}

/// One thing that cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Divergence {
    /// Who cannot show it.
    pub emulator: String,
    /// Its version when measured.
    pub version: String,
    /// The kind of resource.
    pub kind: Kind,
    /// The property that reads back wrongly, or the behaviour that is missing.
    pub field: String,
    /// Whether this is a behaviour rather than a property that could be read back.
    #[serde(default)]
    pub behaviour: bool,
    /// What AWS does and the emulator does not.
    pub why: String,
    /// Where that was measured.
    pub evidence: String,
}

/// Why a text is no list of divergences.
#[derive(Debug, Error)]
#[error("the list of divergences is not as expected")]
pub struct InvalidDivergences(#[source] toml::de::Error);

impl Divergences {
    /// Reads the list.
    ///
    /// # Errors
    /// What the TOML reader says.
    pub fn from_toml(text: &str) -> Result<Self, InvalidDivergences> {
        toml::from_str(text).map_err(InvalidDivergences)
    }

    /// The entry that says a property of a kind reads back wrongly.
    #[must_use]
    pub fn of_property(&self, kind: Kind, field: &str) -> Option<&Divergence> {
        self.divergences.iter().find(|entry| !entry.behaviour && entry.kind == kind && entry.field == field)
    }

    /// The behaviours that cannot be shown of a kind.
    pub fn behaviours(&self, kind: Kind) -> impl Iterator<Item = &Divergence> {
        self.divergences.iter().filter(move |entry| entry.behaviour && entry.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_and_behaviours_are_told_apart() {
        let text = "schema_version = 1\nas_of = \"2026-11-24\"\n[[divergence]]\nemulator = \"moto\"\nversion = \"5.2.5\"\nkind = \"flow-log\"\nfield = \"delivery\"\nbehaviour = true\nwhy = \"w\"\nevidence = \"e\"\n";
        let list = Divergences::from_toml(text).unwrap();
        assert_eq!(list.behaviours(Kind::FlowLog).count(), 1);
        assert_eq!(list.of_property(Kind::FlowLog, "delivery"), None);
        assert!(Divergences::from_toml("kind = 1").is_err());
    }
}
