//! What those who answer cannot show, as dated data from outside this crate.

use sce_core::aws::resource::{Difference, Kind};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

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
    /// The part of the property that reads back wrongly, when the rest of it reads back well.
    #[serde(default)]
    pub part: Option<String>,
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

    /// The entry that says why a property of a kind reads back otherwise than planned; none when it really is otherwise.
    #[must_use]
    pub fn of_difference(&self, kind: Kind, difference: &Difference) -> Option<&Divergence> {
        let explains = |entry: &&Divergence| match &entry.part {
            None => true,
            Some(part) => without(&difference.planned, part) == without(&difference.found, part),
        };
        let of_field = |entry: &&Divergence| !entry.behaviour && entry.kind == kind && entry.field == difference.field;
        self.divergences.iter().filter(of_field).find(explains)
    }

    /// The behaviours that cannot be shown of a kind.
    pub fn behaviours(&self, kind: Kind) -> impl Iterator<Item = &Divergence> {
        self.divergences.iter().filter(move |entry| entry.behaviour && entry.kind == kind)
    }
}

/// The document without that part, wherever it has it.
fn without(json: &Value, part: &str) -> Value {
    match json {
        Value::Array(items) => items.iter().map(|item| without(item, part)).collect(),
        Value::Object(fields) => {
            let others = fields.iter().filter(|(key, _)| *key != part);
            others.map(|(key, value)| (key.clone(), without(value, part))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(entry: &str) -> Divergences {
        let head = "[[divergence]]\nemulator = \"moto\"\nversion = \"5.2.5\"\nwhy = \"w\"\nevidence = \"e\"\n";
        Divergences::from_toml(&format!("schema_version = 1\nas_of = \"2026-11-24\"\n{head}{entry}")).unwrap()
    }

    #[test]
    fn a_part_that_reads_back_wrongly_hides_nothing_else() {
        let list = list("kind = \"security-group\"\nfield = \"egress\"\npart = \"description\"\n");
        let difference = |found: Value| Difference {
            field: "egress".to_owned(),
            planned: json!([{"ports": [443, 443], "description": "why"}]),
            found,
        };
        let explained = |found| list.of_difference(Kind::SecurityGroup, &difference(found)).is_some();
        assert!(explained(json!([{"ports": [443, 443], "description": ""}])));
        assert!(!explained(json!([{"ports": [22, 22], "description": "why"}])));
        assert!(!explained(json!([{"ports": [443, 443], "description": ""}, {"ports": [22, 22], "description": ""}])));
    }

    #[test]
    fn properties_and_behaviours_are_told_apart() {
        let list = list("kind = \"flow-log\"\nfield = \"delivery\"\nbehaviour = true\n");
        assert_eq!(list.behaviours(Kind::FlowLog).count(), 1);
        let delivery = Difference { field: "delivery".to_owned(), planned: json!(true), found: json!(false) };
        assert_eq!(list.of_difference(Kind::FlowLog, &delivery), None);
        assert!(Divergences::from_toml("kind = 1").is_err());
    }
}
