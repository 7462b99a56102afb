//! What changes from one plan to another.

use serde::Serialize;

use super::Plan;
use crate::aws::resource::Difference;
use crate::value::NodeId;

/// A change from one plan to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Only the later plan has it.
    Added(NodeId),
    /// Only the earlier plan has it.
    Removed(NodeId),
    /// Both have it, differently.
    Changed {
        /// The node.
        id: NodeId,
        /// How: `planned` is the later plan's, `found` the earlier's.
        differences: Vec<Difference>,
    },
}

/// What changes from `earlier` to `later`, in the later plan's order, what is removed last.
#[must_use]
pub fn diff(earlier: &Plan, later: &Plan) -> Vec<Change> {
    let kept_or_added = later.nodes.iter().filter_map(|node| match earlier.node(&node.id) {
        None => Some(Change::Added(node.id.clone())),
        Some(before) => {
            let differences = node.properties.differences(&before.properties);
            (!differences.is_empty()).then(|| Change::Changed { id: node.id.clone(), differences })
        }
    });
    let gone = earlier.nodes.iter().filter(|node| later.node(&node.id).is_none());
    kept_or_added.chain(gone.map(|node| Change::Removed(node.id.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Lock;
    use crate::spec::{Format, parse};

    fn planned(rest: &str) -> Plan {
        let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n{rest}");
        let spec = parse(&text, Format::Toml).unwrap();
        super::super::plan(&spec, &Lock::offline(&spec)).unwrap()
    }

    #[test]
    fn a_plan_does_not_differ_from_itself() {
        assert_eq!(diff(&planned(""), &planned("")), []);
    }

    #[test]
    fn giving_up_the_way_out_removes_it_and_changes_little_else() {
        let changes = diff(&planned(""), &planned("[network]\negress = \"none\"\n"));
        assert!(changes.contains(&Change::Removed("nat-gateway".parse().unwrap())));
        assert!(!changes.iter().any(|change| matches!(change, Change::Added(_))));
        let back = diff(&planned("[network]\negress = \"none\"\n"), &planned(""));
        assert!(back.contains(&Change::Added("nat-gateway".parse().unwrap())));
    }

    #[test]
    fn a_longer_retention_touches_what_keeps_logs() {
        let changes = diff(&planned(""), &planned("[retention]\nlogs_days = 3653\n"));
        let ids: Vec<String> = changes
            .iter()
            .map(|change| match change {
                Change::Added(id) | Change::Removed(id) | Change::Changed { id, .. } => id.to_string(),
            })
            .collect();
        assert_eq!(ids, ["log-group", "bucket-accesslogs", "log-group-file-table"]);
    }
}
