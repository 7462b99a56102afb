//! What has to be torn down, and in which order.

use crate::aws::resource::Kind;
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

/// The environment's own nodes as they are deleted: each before all that it needs, and log groups as late as that lets them.
///
/// A service that may still write makes its log group anew, unencrypted and kept for ever: so everything that writes, and the roles it
/// writes with, goes first.
#[must_use]
pub fn deletion_order(plan: &Plan) -> Vec<&Node> {
    let mut waiting: Vec<&Node> = plan.pit_nodes().rev().collect();
    let mut order = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_needed = |node: &Node| waiting.iter().any(|other| other.needs.contains(&node.id));
        let is_log = |node: &Node| node.properties.kind() == Kind::LogGroup;
        let free = |late: bool| waiting.iter().position(|node| is_log(node) == late && !is_needed(node));
        // A circle of needs, which no plan has, would be broken where it comes.
        let next = free(false).or_else(|| free(true)).unwrap_or(0);
        order.push(waiting.remove(next));
    }
    order
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

    #[test]
    fn everything_goes_before_what_it_needs_and_roles_before_log_groups() {
        let rest = "[compute.private]\ntype = \"m7i.large\"\n[[database]]\nengine = \"postgres\"\nphi_contact = true\n";
        let plan = planned(rest);
        let order = deletion_order(&plan);
        assert_eq!(order.len(), plan.pit_nodes().count());
        let place = |id: &str| order.iter().position(|node| node.id.as_str() == id);
        for node in &order {
            for need in &node.needs {
                assert!(
                    place(need.as_str()).is_none_or(|later| place(node.id.as_str()) < Some(later)),
                    "{} {need}",
                    node.id
                );
            }
        }
        let places = |kind: Kind| {
            order.iter().enumerate().filter(move |(_, node)| node.properties.kind() == kind).map(|(place, _)| place)
        };
        let first_log = places(Kind::LogGroup).min();
        for writer in
            [Kind::Role, Kind::ManagedPolicy, Kind::Function, Kind::Instance, Kind::DatabaseInstance, Kind::FlowLog]
        {
            assert!(places(writer).max() < first_log, "{writer:?}");
        }
        assert!(places(Kind::LogGroup).count() >= 3 && places(Kind::KmsKey).max() > places(Kind::LogGroup).max());
    }
}
