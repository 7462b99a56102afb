//! JSON as it is written: every key, repeated ones too, in order, with the place each thing stands at.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, de};
use thiserror::Error;

use crate::spec::nearest;

/// A JSON value. Depth is bounded by the reader's own limit of 128.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Flag(bool),
    Number(String),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// What is wrong with a policy document or a request, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{fault}", .path.prefix())]
pub struct Invalid {
    path: Path,
    fault: Fault,
}

/// A place in a JSON document, such as `Statement[2].Condition.StringLike`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(String);

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Fault {
    #[error("this is no JSON: {0}")]
    Json(String),
    #[error("{bytes} bytes are more than AWS takes, expected {limit} at most")]
    TooLong { bytes: usize, limit: usize },
    #[error("unknown {what} `{found}`, expected {}", one_of(.known))]
    Unknown { what: &'static str, found: String, known: Vec<String> },
    #[error("`{0}` is there twice, expected once")]
    Duplicate(String),
    #[error("`{0}` and `{1}` are both there, expected one of them")]
    Both(&'static str, &'static str),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{what} has no place in {place}")]
    Misplaced { what: &'static str, place: &'static str },
    #[error("this is {found}, expected {expected}")]
    Type { found: &'static str, expected: &'static str },
    #[error("`{found}` is not possible here, expected {expected}")]
    Value { found: String, expected: &'static str },
}

impl Invalid {
    pub(super) fn new(path: &Path, fault: Fault) -> Self {
        Self { path: path.clone(), fault }
    }

    /// Where it is wrong, such as `Statement[2].Condition.StringLike`; empty for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path.0
    }

    /// What to do about it: the nearest valid word.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match &self.fault {
            Fault::Unknown { found, known, .. } => {
                let lower = found.to_lowercase();
                let same = known.iter().find(|word| word.to_lowercase() == lower);
                let like = || nearest_word(found, known);
                same.map(String::as_str).or_else(like).map(|word| format!("did you mean `{word}`?"))
            }
            Fault::Misplaced { .. } => Some("leave it out, or move the statement to a policy it belongs to".to_owned()),
            _ => None,
        }
    }

    /// The same, at a place within `path`.
    pub(super) fn within(self, path: &Path) -> Self {
        let Self { path: Path(inner), fault } = self;
        let joined = match (path.0.as_str(), inner.as_str()) {
            ("", _) => inner,
            (outer, "") => outer.to_owned(),
            (outer, inner) => format!("{outer}.{inner}"),
        };
        Self { path: Path(joined), fault }
    }
}

/// The nearest of the words, whatever their case.
fn nearest_word<'a>(found: &str, known: &'a [String]) -> Option<&'a str> {
    let lower: Vec<String> = known.iter().map(|word| word.to_lowercase()).collect();
    let best = nearest(found, lower.iter().map(String::as_str))?;
    lower.iter().position(|word| word == best).map(|index| known[index].as_str())
}

fn one_of(words: &[String]) -> String {
    match words {
        [only] => format!("`{only}`"),
        // Every form of every operator would fill a page.
        many if many.len() > 16 => format!("one of {} words such as `{}`", many.len(), many[0]),
        many => format!("one of `{}`", many.join("`, `")),
    }
}

impl Path {
    pub(super) fn field(&self, key: &str) -> Self {
        if self.0.is_empty() { Self(key.to_owned()) } else { Self(format!("{}.{key}", self.0)) }
    }

    pub(super) fn item(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    fn prefix(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!("{}: ", self.0) }
    }
}

impl Json {
    /// Reads a text that is one JSON value.
    pub(super) fn read(text: &str) -> Result<Self, Invalid> {
        serde_json::from_str(text).map_err(|error| Invalid::new(&Path::default(), Fault::Json(error.to_string())))
    }

    /// How long it is at the least, written without spaces.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Null => 4,
            Self::Flag(flag) => {
                if *flag {
                    4
                } else {
                    5
                }
            }
            Self::Number(number) => number.len(),
            Self::Text(text) => text.len() + 2,
            Self::List(items) => items.iter().map(|item| item.bytes() + 1).sum::<usize>() + 1,
            Self::Object(entries) => {
                entries.iter().map(|(key, value)| key.len() + value.bytes() + 4).sum::<usize>() + 1
            }
        }
    }

    /// What it is, in words.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// It is not what it should be.
    pub(super) fn not(&self, expected: &'static str, path: &Path) -> Invalid {
        Invalid::new(path, Fault::Type { found: self.kind(), expected })
    }

    /// The fields of an object that knows these only, each once.
    pub(super) fn fields<'a>(
        &'a self,
        what: &'static str,
        known: &[&'static str],
        path: &Path,
    ) -> Result<Vec<(&'static str, &'a Self)>, Invalid> {
        let entries = self.entries("an object", path)?;
        let place = |key: &str| {
            known.iter().find(|word| **word == key).copied().ok_or_else(|| {
                let known = known.iter().map(|word| (*word).to_owned()).collect();
                Invalid::new(&path.field(key), Fault::Unknown { what, found: key.to_owned(), known })
            })
        };
        entries.iter().map(|(key, value)| Ok((place(key)?, value))).collect()
    }

    /// The entries of an object, no key twice.
    pub(super) fn entries(&self, expected: &'static str, path: &Path) -> Result<&[(String, Self)], Invalid> {
        let Self::Object(entries) = self else { return Err(self.not(expected, path)) };
        let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        match keys.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Invalid::new(path, Fault::Duplicate(pair[0].to_owned()))),
            None => Ok(entries),
        }
    }

    /// A text.
    pub(super) fn text(&self, expected: &'static str, path: &Path) -> Result<&str, Invalid> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(other.not(expected, path)),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Flag(flag))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number.to_string()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Number(number.to_string()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Json::Object(entries))
    }
}
