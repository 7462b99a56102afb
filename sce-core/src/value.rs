//! A value that the plan knows, or a reference to what AWS will only tell once something exists.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// A node's place in the plan, such as `subnet-private`: lower case, digits and hyphens.
///
/// It is also the value of the `sce:id` tag, so it never changes between versions for the same thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(String);

/// Why a text is no [`NodeId`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no place in a plan: expected lower-case letters, digits and hyphens")]
pub struct InvalidNodeId(String);

/// What a reference asks of the node it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attribute {
    /// The id that AWS assigns, such as `vpc-0abc`; an allocation id for an address, a key id for a key.
    Id,
    /// The Amazon Resource Name.
    Arn,
}

/// An attribute of a node, told by AWS once the node exists. Written `${subnet-private.id}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The node that will have the attribute.
    pub node: NodeId,
    /// Which attribute.
    pub attribute: Attribute,
}

/// Known when the plan is made, or a [`Reference`] to what only AWS can tell.
///
/// In JSON both are strings; a reference reads `${node.attribute}`, which no AWS id, ARN or policy variable does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value<T> {
    /// The value itself.
    Known(T),
    /// Where it will come from.
    Ref(Reference),
}

impl NodeId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T> Value<T> {
    /// The value, when it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Ref(_) => None,
        }
    }

    /// Whether this refers to the given node.
    #[must_use]
    pub fn refers_to(&self, id: &NodeId) -> bool {
        matches!(self, Self::Ref(reference) if reference.node == *id)
    }
}

impl FromStr for NodeId {
    type Err = InvalidNodeId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() || !text.chars().all(legal) {
            return Err(InvalidNodeId(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::Arn => "arn",
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{{}.{}}}", self.node, self.attribute)
    }
}

impl Reference {
    /// Reads `${node.attribute}`; any other text is no reference.
    ///
    /// ```
    /// use sce_core::value::Reference;
    /// assert!(Reference::parse("${vpc.id}").is_some());
    /// assert!(Reference::parse("${aws:PrincipalTag/team}").is_none());
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let inner = text.strip_prefix("${")?.strip_suffix('}')?;
        let (node, attribute) = inner.split_once('.')?;
        let attribute = match attribute {
            "id" => Attribute::Id,
            "arn" => Attribute::Arn,
            _ => return None,
        };
        Some(Self { node: node.parse().ok()?, attribute })
    }
}

impl<T: fmt::Display> fmt::Display for Value<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(value) => value.fmt(f),
            Self::Ref(reference) => reference.fmt(f),
        }
    }
}

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<T: fmt::Display> Serialize for Value<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Value<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match Reference::parse(&text) {
            Some(reference) => Ok(Self::Ref(reference)),
            None => text.parse().map(Self::Known).map_err(de::Error::custom),
        }
    }
}

/// Every reference in a JSON document, in order of appearance and without repeats.
#[must_use]
pub fn references(json: &serde_json::Value) -> Vec<Reference> {
    let mut found = Vec::new();
    visit_strings(json, &mut |text| {
        if let Some(reference) = Reference::parse(text)
            && !found.contains(&reference)
        {
            found.push(reference);
        }
    });
    found
}

/// The document with each string for which `replace` has an answer exchanged for it; keys stay as they are.
///
/// One mechanism serves both ways: references become the ids of an account, and the ids of an account become references.
#[must_use]
pub fn substitute(json: &serde_json::Value, replace: &dyn Fn(&str) -> Option<String>) -> serde_json::Value {
    use serde_json::Value as Json;
    match json {
        Json::String(text) => Json::String(replace(text).unwrap_or_else(|| text.clone())),
        Json::Array(items) => items.iter().map(|item| substitute(item, replace)).collect(),
        Json::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), substitute(value, replace))).collect(),
        other => other.clone(),
    }
}

fn visit_strings(json: &serde_json::Value, visit: &mut dyn FnMut(&str)) {
    use serde_json::Value as Json;
    match json {
        Json::String(text) => visit(text),
        Json::Array(items) => items.iter().for_each(|item| visit_strings(item, visit)),
        Json::Object(fields) => fields.values().for_each(|value| visit_strings(value, visit)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(text: &str) -> Reference {
        Reference::parse(text).expect("a reference")
    }

    #[test]
    fn a_reference_reads_back_as_it_is_written() {
        let subnet = reference("${subnet-private.id}");
        assert_eq!(subnet.node.as_str(), "subnet-private");
        assert_eq!(subnet.to_string(), "${subnet-private.id}");
    }

    #[test]
    fn policy_variables_and_ids_are_no_references() {
        for text in ["${aws:username}", "${*}", "vpc-0a1b2c", "${vpc}", "${Vpc.id}", "${vpc.name}"] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }

    #[test]
    fn references_and_ids_change_places() {
        let planned = serde_json::json!({"vpc": "${vpc.id}", "list": ["${key.arn}", "plain"]});
        assert_eq!(references(&planned).len(), 2);
        let resolved = substitute(&planned, &|text| (text == "${vpc.id}").then(|| "vpc-1".to_owned()));
        assert_eq!(resolved["vpc"], "vpc-1");
        let back = substitute(&resolved, &|text| (text == "vpc-1").then(|| "${vpc.id}".to_owned()));
        assert_eq!(back, planned);
    }
}
