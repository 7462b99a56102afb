//! Changes for people.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::{Change, PlannedChange};
use crate::aws::resource::Difference;
use crate::value::NodeId;

pub(super) fn text(changes: &[PlannedChange]) -> String {
    let told: Vec<&PlannedChange> = changes.iter().filter(|one| one.change != Change::Keep).collect();
    let mut out = head(changes);
    let width = |part: &dyn Fn(&PlannedChange) -> usize| told.iter().map(|one| part(one)).max().unwrap_or(0);
    let (nodes, names) = (width(&|one| one.node.as_str().len()), width(&|one| called(one).len()));
    for one in &told {
        let (word, node, name, about) = (one.change.word(), one.node.as_str(), called(one), about(&one.change));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}", format!("  {word:7}  {node:nodes$}  {name:names$}  {about}").trim_end());
    }
    out.push_str(&lost(&told));
    out.push_str(&stopped(&told));
    out
}

/// How many there are of each, in the order in which they matter.
fn head(changes: &[PlannedChange]) -> String {
    let count = |word: &str| changes.iter().filter(|one| one.change.word() == word).count();
    let kinds = [
        ("create", "to create"),
        ("update", "to update in place"),
        ("replace", "to replace"),
        ("delete", "to delete"),
        ("unread", "not readable"),
        ("keep", "as planned"),
    ];
    let counted = kinds.into_iter().map(|(word, words)| (count(word), words)).filter(|(count, _)| *count > 0);
    let told: Vec<String> = counted.map(|(count, words)| format!("{count} {words}")).collect();
    format!("{}\n", told.join(", "))
}

/// By what it is known to whoever looks at the account.
fn called(one: &PlannedChange) -> &str {
    one.id.as_deref().unwrap_or(&one.name)
}

fn about(change: &Change) -> String {
    match change {
        Change::Create | Change::Keep => String::new(),
        Change::Update { differences, because_of, stops } => {
            let stops = if *stops { "in place (the machine is stopped for it)" } else { "" };
            [fields(differences), because(because_of), stops.to_owned()].join_parts("; ")
        }
        Change::Replace { differences, because_of, takes_along, loses } => {
            let along = match takes_along.as_slice() {
                [] => String::new(),
                nodes => format!("takes along {}", listed(nodes)),
            };
            let loses = loses.map(|loses| format!("LOSES {loses}")).unwrap_or_default();
            [fields(differences), because(because_of), along, loses].join_parts("; ")
        }
        Change::Delete { loses } => {
            let loses = loses.map(|loses| format!("LOSES {loses}")).unwrap_or_default();
            ["an earlier plan made it, this one has it no more".to_owned(), loses].join_parts("; ")
        }
        Change::Unread { why } => why.clone(),
    }
}

fn because(nodes: &[NodeId]) -> String {
    if nodes.is_empty() { String::new() } else { format!("{} will be another", listed(nodes)) }
}

/// Each property with its values where they are short, else by its name.
fn fields(differences: &[Difference]) -> String {
    let short = |json: &Json| match json {
        Json::Bool(_) | Json::Number(_) | Json::Null => true,
        Json::String(text) => text.len() <= 40,
        Json::Array(_) | Json::Object(_) => false,
    };
    let told = |one: &Difference| match short(&one.planned) && short(&one.found) {
        true => format!("{} {} -> {}", one.field, one.found, one.planned),
        false => one.field.clone(),
    };
    differences.iter().map(told).collect::<Vec<_>>().join(", ")
}

/// What to know before it is done.
fn lost(told: &[&PlannedChange]) -> String {
    let losing: Vec<&&PlannedChange> = told.iter().filter(|one| one.change.loses().is_some()).collect();
    if losing.is_empty() {
        return String::new();
    }
    let lines: String = losing
        .iter()
        .map(|one| format!("  {} ({}): {}\n", one.node, called(one), one.change.loses().unwrap_or_default()))
        .collect();
    let nodes: Vec<&str> = losing.iter().map(|one| one.node.as_str()).collect();
    format!(
        "\nApplying this plan loses data:\n{lines}`sce apply` refuses until each is named: --dangerously-replace {}\n",
        nodes.join(" ")
    )
}

/// What works on a machine ends with its stop.
fn stopped(told: &[&PlannedChange]) -> String {
    let machines: Vec<String> =
        told.iter().filter(|one| one.change.stops()).map(|one| format!("{} ({})", one.node, called(one))).collect();
    if machines.is_empty() {
        return String::new();
    }
    format!(
        "\nApplying this plan stops {} for the change, and starts again what ran.\n\
         `sce apply` refuses while one runs, until it is told so: --may-stop-machines\n",
        machines.join(", ")
    )
}

fn listed(nodes: &[NodeId]) -> String {
    nodes.iter().map(NodeId::as_str).collect::<Vec<_>>().join(", ")
}

/// Those that say something, joined.
trait JoinParts {
    fn join_parts(&self, between: &str) -> String;
}

impl<const N: usize> JoinParts for [String; N] {
    fn join_parts(&self, between: &str) -> String {
        let parts: Vec<&str> = self.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        parts.join(between)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::resource::Kind;
    use crate::plan::Scope;

    fn one(node: &str, kind: Kind, id: Option<&str>, change: Change) -> PlannedChange {
        let (node, name) = (node.parse().unwrap(), format!("hipaa_{node}"));
        PlannedChange { node, kind, name, scope: Scope::Pit, id: id.map(str::to_owned), change }
    }

    #[test]
    fn changes_read_as_reviewed() {
        let differs = |field: &str, found: Json, planned: Json| Difference { field: field.to_owned(), planned, found };
        let volume = Change::Replace {
            differences: vec![differs("size_gib", json!(200), json!(100))],
            because_of: Vec::new(),
            takes_along: vec!["attachment-data".parse().unwrap()],
            loses: Kind::Volume.loses(),
        };
        let attachment = Change::Replace {
            differences: Vec::new(),
            because_of: vec!["volume-data".parse().unwrap()],
            takes_along: Vec::new(),
            loses: None,
        };
        let bucket = Change::Update {
            differences: vec![
                differs("policy", json!({}), json!({"a": 1})),
                differs("versioning", json!(false), json!(true)),
            ],
            because_of: Vec::new(),
            stops: false,
        };
        let machine = Change::Update {
            differences: vec![differs("instance_type", json!("m7i.large"), json!("m7i.xlarge"))],
            because_of: Vec::new(),
            stops: true,
        };
        let changes = [
            one("flow-log", Kind::FlowLog, None, Change::Create),
            one("bucket-data", Kind::Bucket, Some("hipaa-data-1"), bucket),
            one("instance", Kind::Instance, Some("i-0a"), machine),
            one("volume-data", Kind::Volume, Some("vol-0a"), volume),
            one("attachment-data", Kind::VolumeAttachment, Some("vol-0a i-0a"), attachment),
            one("key", Kind::KmsKey, None, Change::Unread { why: "denied".to_owned() }),
            one("vpc", Kind::Vpc, Some("vpc-0a"), Change::Keep),
            one("nat-gateway", Kind::NatGateway, Some("nat-0a"), Change::Delete { loses: None }),
        ];
        insta::assert_snapshot!(text(&changes), @r#"
        1 to create, 2 to update in place, 2 to replace, 1 to delete, 1 not readable, 1 as planned
          create   flow-log         hipaa_flow-log
          update   bucket-data      hipaa-data-1    policy, versioning false -> true
          update   instance         i-0a            instance_type "m7i.large" -> "m7i.xlarge"; in place (the machine is stopped for it)
          replace  volume-data      vol-0a          size_gib 200 -> 100; takes along attachment-data; LOSES the files on it
          replace  attachment-data  vol-0a i-0a     volume-data will be another
          unread   key              hipaa_key       denied
          delete   nat-gateway      nat-0a          an earlier plan made it, this one has it no more

        Applying this plan loses data:
          volume-data (vol-0a): the files on it
        `sce apply` refuses until each is named: --dangerously-replace volume-data

        Applying this plan stops instance (i-0a) for the change, and starts again what ran.
        `sce apply` refuses while one runs, until it is told so: --may-stop-machines
        "#);
    }

    #[test]
    fn nothing_to_do_is_one_line() {
        let changes = [one("vpc", Kind::Vpc, Some("vpc-0a"), Change::Keep)];
        assert_eq!(text(&changes), "1 as planned\n");
    }
}
