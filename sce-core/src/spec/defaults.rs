//! What an institution's new specs start with.

use serde::Deserialize;
use toml::{Table, Value};
use toml_edit::{DocumentMut, Item};

use super::{AccessMode, Format, example, parse};
use crate::pit::Pit;

/// A fragment of a spec, which `sce init --policy` writes into the specs it makes: from then on they are the spec's own values, so that
/// what is built is told by the spec alone.
///
/// ```
/// use sce_core::spec::{AccessMode, Defaults};
/// let defaults = Defaults::from_iter([("region".to_owned(), "us-east-1".into())]);
/// let spec = defaults.spec(&"hipaa".parse()?, None, "Example University");
/// assert!(spec.contains("region = \"us-east-1\"  # default of Example University\n"));
/// # Ok::<(), sce_core::pit::InvalidPit>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Defaults(Table);

impl FromIterator<(String, Value)> for Defaults {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

/// What is each project's own, so that no default can stand for it.
const OWN: [&str; 4] = ["schema_version", "pit", "approvals", "waiver"];

/// A key of a default, and what is wrong with its value.
pub(crate) struct Violation {
    /// The keys that lead to it.
    pub(crate) path: Vec<String>,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

impl Defaults {
    /// A commented spec that starts with these; `whose` they are stands beside each. A way in that is asked for goes before theirs.
    #[must_use]
    pub fn spec(&self, pit: &Pit, mode: Option<AccessMode>, whose: &str) -> String {
        let theirs = || self.0.get("access")?.get("mode")?.clone().try_into().ok();
        let mode = mode.or_else(theirs);
        let text = example(pit, mode.unwrap_or_default());
        let mut document: DocumentMut = text.parse().expect("the example is TOML, as its tests show");
        for (path, value) in self.leaves() {
            // The example is written for its way in; one that is none has to be seen to be wrong.
            if path != ["access", "mode"] || mode.is_none() {
                set(document.as_item_mut(), &path, value, whose);
            }
        }
        document.to_string()
    }

    /// What no spec could have: each value is tried by itself, then all of them together.
    pub(crate) fn violations(&self) -> Vec<Violation> {
        let mut found: Vec<Violation> =
            self.leaves().into_iter().filter_map(|(path, value)| wrong(&path, value)).collect();
        if found.is_empty() {
            found.extend(self.problem().map(|(message, help)| Violation { path: Vec::new(), message, help }));
        }
        found
    }

    /// What is wrong with a spec that starts with these.
    fn problem(&self) -> Option<(String, Option<String>)> {
        let pit = "hipaa".parse().expect("the document's own PIT is one");
        let problem = parse(&self.spec(&pit, None, ""), Format::Toml).err()?.problems.into_iter().next()?;
        Some((problem.message, problem.help))
    }

    fn leaves(&self) -> Vec<(Vec<&str>, &Value)> {
        let mut found = Vec::new();
        gather(&self.0, &[], &mut found);
        found
    }
}

fn gather<'a>(table: &'a Table, above: &[&'a str], found: &mut Vec<(Vec<&'a str>, &'a Value)>) {
    for (key, value) in table {
        let path: Vec<&str> = above.iter().copied().chain([key.as_str()]).collect();
        match value {
            Value::Table(table) => gather(table, &path, found),
            _ => found.push((path, value)),
        }
    }
}

fn wrong(path: &[&str], value: &Value) -> Option<Violation> {
    let violation =
        |message, help| Some(Violation { path: path.iter().map(|&key| key.to_owned()).collect(), message, help });
    if let Some(own) = path.first().filter(|key| OWN.contains(key)) {
        return violation(format!("`{own}` is each project's own"), Some("leave it to the specs".to_owned()));
    }
    let mut alone = value.clone();
    for &key in path[1..].iter().rev() {
        alone = Value::Table(Table::from_iter([(key.to_owned(), alone)]));
    }
    let (message, help) = Defaults(Table::from_iter([(path[0].to_owned(), alone)])).problem()?;
    violation(message, help)
}

/// Puts a value at its place, in the stead of the example's and of its remark.
fn set(document: &mut Item, path: &[&str], value: &Value, whose: &str) {
    let mut item = document;
    for key in path {
        if item.is_none() {
            *item = Item::Table(toml_edit::Table::new());
        }
        match item.get_mut(key) {
            Some(_) => {}
            None => item[key] = Item::None,
        }
        item = &mut item[key];
    }
    let mut written: toml_edit::Value = value.to_string().parse().expect("TOML's writer writes TOML");
    let whose: String = whose.chars().filter(|c| !c.is_control()).collect();
    *written.decor_mut() = toml_edit::Decor::new(" ", format!("  # default of {whose}"));
    *item = Item::Value(written);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Egress;

    fn defaults(text: &str) -> Defaults {
        toml::from_str(text).unwrap()
    }

    const WHOLE: &str = "region = \"us-east-1\"\nprofile = \"modern\"\n[network]\negress = \"nat\"\n[access]\nmode = \"bastion\"\n\
        allow = [{ name = \"campus\", cidr = \"140.142.0.0/16\" }]\n[compute.private]\ntype = \"m6i.large\"\n[retention]\nlogs_days = 3653\n";

    #[test]
    fn a_new_spec_starts_with_them() {
        let text = defaults(WHOLE).spec(&"omop".parse().unwrap(), None, "Example\nUniversity");
        let spec = parse(&text, Format::Toml).unwrap();
        assert_eq!((spec.pit.as_str(), spec.region.as_str(), spec.network.egress), ("omop", "us-east-1", Egress::Nat));
        assert_eq!((spec.access.mode, spec.access.allow[0].name.as_str()), (AccessMode::Bastion, "campus"));
        assert_eq!((spec.access.allow.len(), spec.retention.logs_days), (1, 3653));
        assert_eq!(spec.private_machine().map(|machine| machine.data_volume_gib), Some(Some(100)));
        assert!(text.contains("egress = \"nat\"  # default of ExampleUniversity\n"), "{text}");
        assert!(text.starts_with("# A Secure Compute Environment"), "{text}");
        let asked = defaults(WHOLE).spec(&"omop".parse().unwrap(), Some(AccessMode::InstanceConnect), "x");
        assert_eq!(parse(&asked, Format::Toml).unwrap().access.mode, AccessMode::InstanceConnect);
    }

    #[test]
    fn none_is_the_example() {
        let pit = "omop".parse().unwrap();
        assert_eq!(Defaults::default().spec(&pit, None, ""), example(&pit, AccessMode::SessionManager));
        assert!(Defaults::default().violations().is_empty() && defaults(WHOLE).violations().is_empty());
    }

    #[test]
    fn what_no_spec_could_have_is_told_by_its_place() {
        let told = |text: &str| {
            let violation = defaults(text).violations().remove(0);
            (violation.path.join("."), violation.message, violation.help)
        };
        let (path, _, help) = told("[network]\negres = \"nat\"\n");
        assert_eq!((path.as_str(), help.as_deref()), ("network.egres", Some("did you mean `egress`?")));
        assert_eq!(told("[retention]\nlogs_days = 2000\n").0, "retention.logs_days");
        assert_eq!(told("[access]\nmode = \"bastoin\"\n").0, "access.mode");
        assert_eq!(told("[approvals]\nirb = \"STUDY\"\n").1, "`approvals` is each project's own");
        assert_eq!(told("network = 3\n").0, "network");
        assert_eq!(told("[pit]\nx = 1\n").1, "`pit` is each project's own");
    }
}
