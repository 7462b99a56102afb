//! What has to be torn down, and in which order.

use crate::plan::{Node, Plan};

/// The latest plan with everything that earlier plans had and it has no more, each node after all that it needs.
///
/// An environment's end must reach what any of its plans made, not only the last one: a way out that a changed spec gave up still
/// costs money until it is deleted.
#[must_use]
pub fn with_earlier(latest: Plan, earlier: impl IntoIterator<Item = Plan>) -> Plan {
    let mut whole = latest;
    for plan in earlier {
        for node in plan.nodes {
            if whole.node(&node.id).is_none() {
                whole.nodes.push(node);
            }
        }
    }
    whole.nodes = in_order(whole.nodes);
    whole
}

/// Each node after all that it needs; otherwise as they came. What needs something that no plan has goes last.
fn in_order(mut nodes: Vec<Node>) -> Vec<Node> {
    let mut ordered: Vec<Node> = Vec::with_capacity(nodes.len());
    while !nodes.is_empty() {
        let is_placed = |node: &Node| node.needs.iter().all(|need| ordered.iter().any(|placed| placed.id == *need));
        let next = nodes.iter().position(is_placed).unwrap_or(0);
        ordered.push(nodes.remove(next));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Lock;
    use crate::spec::{Format, parse};

    fn planned(rest: &str) -> Plan {
        let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n{rest}");
        let spec = parse(&text, Format::Toml).unwrap();
        crate::plan::plan(&spec, &Lock::offline(&spec)).unwrap()
    }

    #[test]
    fn what_a_changed_spec_gave_up_is_still_torn_down_and_in_order() {
        let (open, closed) = (planned(""), planned("[network]\negress = \"none\"\n"));
        let whole = with_earlier(closed.clone(), [open.clone()]);
        assert_eq!(whole.nodes.len(), open.nodes.len());
        for (index, node) in whole.nodes.iter().enumerate() {
            for need in &node.needs {
                assert!(whole.nodes[..index].iter().any(|earlier| earlier.id == *need), "{} needs {need}", node.id);
            }
        }
        assert_eq!(with_earlier(closed.clone(), [closed.clone()]).nodes, closed.nodes);
    }
}
