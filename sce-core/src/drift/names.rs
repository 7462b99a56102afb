//! What things are called: by the document's words where it has one, and by AWS's ids.

use std::collections::BTreeMap;

use crate::model::Resource;
use crate::value::{NodeId, Reference};

/// What AWS calls the things of a plan, as far as they exist or somebody remembers.
#[derive(Clone, Debug, Default)]
pub struct Names {
    ids: BTreeMap<NodeId, String>,
}

impl Names {
    /// Of these ids.
    #[must_use]
    pub const fn of(ids: BTreeMap<NodeId, String>) -> Self {
        Self { ids }
    }

    /// What AWS calls a thing.
    #[must_use]
    pub fn id_of(&self, resource: &Resource) -> Option<String> {
        match &resource.node {
            Some(node) => self.ids.get(node).cloned(),
            None => Some(resource.name.clone()),
        }
    }

    /// A thing in a sentence: `Sprivate`, or `route table rtb-0a (route-table-private)`.
    pub(super) fn thing(&self, resource: &Resource) -> String {
        let title = resource.properties.kind().descriptor().title;
        match &resource.node {
            Some(node) => documents_word(node).map_or_else(|| self.titled(title, node, &resource.name), str::to_owned),
            None => format!("{title} {}", resource.name),
        }
    }

    fn titled(&self, title: &str, node: &NodeId, name: &str) -> String {
        let id = self.ids.get(node).map_or(name, String::as_str);
        // Of some things the id is an ARN or two ids in one; their name says more.
        let short = if id.contains([':', ' ', '/']) { name } else { id };
        if short == node.as_str() { format!("{title} {node}") } else { format!("{title} {short} ({node})") }
    }

    /// A text of a model as AWS has it: a reference becomes the id it stands for.
    pub(super) fn value(&self, text: &str) -> String {
        let Some(reference) = Reference::parse(text) else { return text.to_owned() };
        let node = &reference.node;
        let id = self.ids.get(node).map_or_else(|| node.to_string(), Clone::clone);
        documents_word(node).map_or(id, str::to_owned)
    }
}

/// What the document calls the thing of this place (L386-L434).
fn documents_word(node: &NodeId) -> Option<&'static str> {
    match node.as_str() {
        "subnet-private" => Some("Sprivate"),
        "subnet-public" => Some("Spublic"),
        _ => None,
    }
}
