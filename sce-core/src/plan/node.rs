//! One thing that shall be.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::hex_sha256;
use crate::aws::resource::{Kind, Properties};
use crate::pit;
use crate::value::{NodeId, Reference, references};

/// Whether a thing ends with the project, belongs to the account, or is somebody else's (R44, C19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The project's own.
    Pit,
    /// Shared by all projects of the account; never torn down with one.
    Account,
    /// Somebody else's, and used: read and judged, never made, changed, tagged or deleted. The node's name is what AWS calls it.
    Existing,
}

/// One thing that shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its place in the plan.
    pub id: NodeId,
    /// What AWS and people call it.
    pub name: String,
    /// Whose it is.
    pub scope: Scope,
    /// What must exist before it, in order.
    pub needs: Vec<NodeId>,
    /// The tags it is created with.
    pub tags: BTreeMap<String, String>,
    /// What it shall be like.
    pub properties: Properties,
}

impl Node {
    /// Whether it is somebody else's, on which no hand is laid.
    #[must_use]
    pub fn is_existing(&self) -> bool {
        self.scope == Scope::Existing
    }

    /// What its properties refer to.
    #[must_use]
    pub fn references(&self) -> Vec<Reference> {
        references(&self.properties.to_json())
    }

    /// The first 16 hexadecimal digits of the SHA-256 of kind, name and properties, tags aside: the value of `sce:node`.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(&self.name, &self.properties)
    }
}

/// A node of the account's own: tagged as such, and after what it refers to and these.
pub(super) fn of_account(id: NodeId, name: String, after: &[&NodeId], properties: Properties) -> Node {
    let tags = BTreeMap::new();
    let mut node = Node { id, name, scope: Scope::Account, needs: Vec::new(), tags, properties };
    let references = node.references().into_iter().map(|reference| reference.node);
    for need in references.chain(after.iter().map(|id| (*id).clone())) {
        if !node.needs.contains(&need) {
            node.needs.push(need);
        }
    }
    if node.properties.kind().descriptor().taggable {
        node.tags = pit::account_tags(&node.id, &node.digest());
    }
    node
}

/// See [`Node::digest`]. What somebody else decides a plan never says, so it does not count in an account either.
pub(crate) fn digest(name: &str, properties: &Properties) -> String {
    let kind = properties.kind();
    let mut json = properties.to_json();
    for field in kind.observed_only() {
        json[*field] = serde_json::Value::Null;
    }
    short_digest(&(kind.word(), name, json))
}

/// The first 16 hexadecimal digits of the SHA-256 of a value's JSON.
pub(crate) fn short_digest(content: &impl Serialize) -> String {
    let mut digest = hex_sha256(serde_json::to_string(content).unwrap_or_default().as_bytes());
    digest.truncate(16);
    digest
}

/// A node as JSON has it: the kind apart from the properties.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    id: NodeId,
    kind: Kind,
    name: String,
    scope: Scope,
    needs: Vec<NodeId>,
    tags: BTreeMap<String, String>,
    properties: serde_json::Value,
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { id, name, scope, needs, tags, properties } = self.clone();
        let (kind, properties) = (properties.kind(), properties.to_json());
        Record { id, kind, name, scope, needs, tags, properties }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Record { id, kind, name, scope, needs, tags, properties } = Record::deserialize(deserializer)?;
        let properties = Properties::from_json(kind, properties).map_err(de::Error::custom)?;
        Ok(Self { id, name, scope, needs, tags, properties })
    }
}
