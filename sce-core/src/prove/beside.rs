//! Two environments in one account, as one model.

use crate::aws::resource::Properties;
use crate::model::{Model, Resource};
use crate::plan::Scope;
use crate::value::{NodeId, Reference};

/// What the labels of the second environment's things begin with.
pub(super) const OTHER: &str = "other-";

/// Both, the second's things under labels of their own. What both use, since it is the account's or somebody else's, is there once.
pub(super) fn together(one: &Model, other: &Model) -> Model {
    let is_shared = |thing: &Resource| {
        thing.scope != Scope::Pit && one.resource(thing.label()).is_some_and(|same| same.name == thing.name)
    };
    let shared: Vec<&str> = other.resources.iter().filter(|thing| is_shared(thing)).map(Resource::label).collect();
    let renamed = other.resources.iter().filter(|thing| !is_shared(thing)).map(|thing| renamed(thing, &shared));
    let mut both = one.clone();
    both.resources.extend(renamed);
    let unread = other.unread.iter().filter_map(|(id, unread)| Some((prefixed(id)?, unread.clone())));
    both.unread.extend(unread.collect::<Vec<_>>());
    both
}

fn renamed(thing: &Resource, shared: &[&str]) -> Resource {
    let mut json = thing.properties.to_json();
    rename(&mut json, shared);
    let properties = Properties::from_json(thing.properties.kind(), json);
    // What was written can be read; a reference is a text of the same form under either name.
    let properties = properties.unwrap_or_else(|_| thing.properties.clone());
    let node = thing.node.as_ref().and_then(prefixed);
    Resource { node, name: thing.name.clone(), properties, ..thing.clone() }
}

fn rename(json: &mut serde_json::Value, shared: &[&str]) {
    match json {
        serde_json::Value::String(text) => {
            if let Some(reference) = Reference::parse(text)
                && !shared.contains(&reference.node.as_str())
                && let Some(node) = prefixed(&reference.node)
            {
                *text = Reference { node, ..reference }.to_string();
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| rename(item, shared)),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(|value| rename(value, shared)),
        _ => {}
    }
}

fn prefixed(id: &NodeId) -> Option<NodeId> {
    format!("{OTHER}{id}").parse().ok()
}
