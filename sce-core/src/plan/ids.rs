//! What AWS calls the things of a plan, and the exchange of references and ids.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Node, Plan};
use crate::aws::resource::Properties;
use crate::value::{Attribute, NodeId, Reference, substitute};

/// What AWS told of a thing once it existed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attributes {
    /// Its id, or its name where AWS has no other.
    pub id: String,
    /// Its ARN, where something refers to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
}

impl Attributes {
    /// Of a thing that nothing refers to by ARN.
    pub fn id(id: impl Into<String>) -> Self {
        Self { id: id.into(), arn: None }
    }

    /// What AWS calls an existing thing: its name in the plan, whether or not it is there now, so that what refers to it is found all
    /// the same.
    #[must_use]
    pub fn of_existing(node: &Node) -> Self {
        match &node.properties {
            Properties::KmsKey(_) => {
                let id = node.name.rsplit_once('/').map_or(node.name.as_str(), |(_, id)| id);
                Self { id: id.to_owned(), arn: Some(node.name.clone()) }
            }
            _ => Self::id(&node.name),
        }
    }

    fn of(&self, attribute: Attribute) -> Option<&str> {
        match attribute {
            Attribute::Id => Some(&self.id),
            Attribute::Arn => self.arn.as_deref(),
        }
    }
}

/// What AWS calls the things of a plan, as far as they exist.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    found: BTreeMap<NodeId, Attributes>,
    known: BTreeMap<NodeId, String>,
}

impl Ids {
    /// None found yet, and these known from the journal.
    pub fn knowing<'a>(known: impl Iterator<Item = (&'a NodeId, &'a Attributes)>) -> Self {
        let known = known.map(|(node, attributes)| (node.clone(), attributes.id.clone())).collect();
        Self { found: BTreeMap::new(), known }
    }

    /// What exists already is called what the plan calls it: known without asking, so that what refers to it is found even where it is
    /// gone or closed to us.
    #[must_use]
    pub fn with_existing(mut self, plan: &Plan) -> Self {
        for node in plan.existing_nodes() {
            self.insert(&node.id, Attributes::of_existing(node));
        }
        self
    }

    /// Takes down what AWS calls a thing.
    pub fn insert(&mut self, node: &NodeId, attributes: Attributes) {
        self.found.insert(node.clone(), attributes);
    }

    /// What AWS calls a thing that was found.
    #[must_use]
    pub fn id(&self, node: &NodeId) -> Option<&str> {
        self.found.get(node).map(|attributes| attributes.id.as_str())
    }

    /// What the journal says that AWS calls a thing.
    #[must_use]
    pub fn known(&self, node: &NodeId) -> Option<&str> {
        self.known.get(node).map(String::as_str)
    }

    /// The properties with each reference exchanged for what AWS calls it; none while something referred to does not exist.
    #[must_use]
    pub fn resolve(&self, node: &Node) -> Option<Properties> {
        let all_there = node.references().iter().all(|reference| self.look_up(reference).is_some());
        let replace =
            |text: &str| Reference::parse(text).and_then(|reference| self.look_up(&reference)).map(str::to_owned);
        let resolved = substitute(&node.properties.to_json(), &replace);
        all_there.then(|| Properties::from_json(node.properties.kind(), resolved).ok()).flatten()
    }

    /// Properties read from AWS, with each id that the plan refers to exchanged for the reference; the way back of `resolve`.
    #[must_use]
    pub fn relabel(&self, plan: &Plan, found: &Properties) -> Properties {
        relabelled(&self.names(plan), found)
    }

    /// The reference that each id and ARN stands for which the plan refers to; and each id that AWS assigned, since what nobody planned
    /// may name it: a route that somebody put into a table.
    #[must_use]
    pub fn names(&self, plan: &Plan) -> BTreeMap<String, String> {
        let assigned = plan.nodes.iter().filter(|node| node.properties.kind().has_assigned_id());
        let assigned = assigned.map(|node| Reference { node: node.id.clone(), attribute: Attribute::Id });
        let references = assigned.chain(plan.nodes.iter().flat_map(Node::references));
        references.filter_map(|reference| Some((self.look_up(&reference)?.to_owned(), reference.to_string()))).collect()
    }

    fn look_up(&self, reference: &Reference) -> Option<&str> {
        self.found.get(&reference.node)?.of(reference.attribute)
    }
}

/// Properties with each text that has a name exchanged for it.
#[must_use]
pub fn relabelled(names: &BTreeMap<String, String>, found: &Properties) -> Properties {
    let relabelled = substitute(&found.to_json(), &|text| names.get(text).cloned());
    Properties::from_json(found.kind(), relabelled).unwrap_or_else(|_| found.clone())
}
