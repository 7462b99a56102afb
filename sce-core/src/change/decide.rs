//! From a plan and what is there to what applying would do.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, PlannedChange, in_place};
use crate::aws::resource::{Difference, Kind, Properties};
use crate::plan::{Node, Plan, Scope};
use crate::value::{NodeId, references};

/// What is there of a plan and of those before it, in the plan's own terms.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// What was found.
    pub found: BTreeMap<NodeId, There>,
    /// What could not be read, and why.
    pub unread: BTreeMap<NodeId, String>,
    /// What some run made and nobody of us deleted: if it is not there, what names it is to be told of its successor.
    pub made: BTreeSet<NodeId>,
}

/// A thing that is there.
#[derive(Clone, Debug)]
pub struct There {
    /// What AWS calls it.
    pub id: String,
    /// What it is like.
    pub properties: Properties,
    /// Its tags, where they are not as planned.
    pub tags: Option<Difference>,
    /// Whether it was found to hold nothing, so that nothing is lost with it.
    pub empty: bool,
}

/// What applying the plan would do to each of its things, in its order, and then to each of those that earlier plans made and it has no
/// more, in the order in which they go: each before what it needs.
#[must_use]
pub fn changes(plan: &Plan, dropped: &[Node], account: &Account) -> Vec<PlannedChange> {
    let mut renewed = BTreeMap::new();
    let mut planned: Vec<PlannedChange> = Vec::with_capacity(plan.nodes.len());
    for node in &plan.nodes {
        let change = one(node, account, &renewed);
        let anew = match &change {
            Change::Replace { .. } => Some(true),
            Change::Create if account.made.contains(&node.id) => Some(false),
            _ => None,
        };
        if let Some(is_there) = anew {
            renewed.insert(node.id.clone(), Renewed { kind: node.properties.kind(), is_there });
        }
        planned.push(described(node, account, change));
    }
    take_along(&mut planned);
    let gone = dropped.iter().rev().filter_map(|node| Some(described(node, account, drop_it(node, account)?)));
    planned.extend(gone);
    planned
}

/// Something that gets a new id.
struct Renewed {
    kind: Kind,
    /// Whether the one before is still there, and has to be deleted first.
    is_there: bool,
}

fn described(node: &Node, account: &Account, change: Change) -> PlannedChange {
    PlannedChange {
        node: node.id.clone(),
        kind: node.properties.kind(),
        name: node.name.clone(),
        scope: node.scope,
        id: account.found.get(&node.id).map(|there| there.id.clone()),
        change,
    }
}

fn one(node: &Node, account: &Account, renewed: &BTreeMap<NodeId, Renewed>) -> Change {
    if let Some(why) = account.unread.get(&node.id) {
        return Change::Unread { why: why.clone() };
    }
    let Some(there) = account.found.get(&node.id) else { return Change::Create };
    let mut differences = node.properties.differences(&there.properties);
    let fixed = |field: &str| !in_place(&node.properties, &there.properties, field);
    let named = named_anew(&node.properties, renewed);
    let goes_along = named
        .iter()
        .any(|(field, renewed)| fixed(field) || (renewed.is_there && renewed.kind.held_by(node.properties.kind())));
    let because_of: Vec<NodeId> = named_ids(&node.properties, renewed);
    let replaced = goes_along || differences.iter().any(|difference| fixed(&difference.field));
    differences.extend(there.tags.clone());
    match (replaced, differences.is_empty() && because_of.is_empty()) {
        // Nobody replaces what is somebody else's, or the account's: it is changed in place or not at all.
        (true, _) if node.scope == Scope::Pit => {
            Change::Replace { differences, because_of, takes_along: Vec::new(), loses: loses(node, there) }
        }
        (_, true) => Change::Keep,
        _ => {
            let stops = differences.iter().any(|one| node.properties.kind().stopped_for(&one.field));
            Change::Update { differences, because_of, stops }
        }
    }
}

fn loses(node: &Node, there: &There) -> Option<&'static str> {
    node.properties.kind().loses().filter(|_| !there.empty)
}

/// What an earlier plan made and this one has no more: none where it is not there, or never was ours.
fn drop_it(node: &Node, account: &Account) -> Option<Change> {
    if let Some(why) = account.unread.get(&node.id) {
        return Some(Change::Unread { why: why.clone() });
    }
    let there = account.found.get(&node.id).filter(|_| node.scope == Scope::Pit)?;
    Some(Change::Delete { loses: loses(node, there) })
}

/// The fields that name things which get a new id, each with the thing.
fn named_anew<'a>(properties: &Properties, renewed: &'a BTreeMap<NodeId, Renewed>) -> Vec<(String, &'a Renewed)> {
    let json = properties.to_json();
    let fields = json.as_object().into_iter().flatten();
    let named = fields.flat_map(|(field, value)| {
        let things = references(value).into_iter().filter_map(|reference| renewed.get(&reference.node));
        things.map(|thing| (field.clone(), thing)).collect::<Vec<_>>()
    });
    named.collect()
}

fn named_ids(properties: &Properties, renewed: &BTreeMap<NodeId, Renewed>) -> Vec<NodeId> {
    let named: BTreeSet<NodeId> =
        references(&properties.to_json()).into_iter().map(|reference| reference.node).collect();
    named.into_iter().filter(|id| renewed.contains_key(id)).collect()
}

/// Tells each thing that is replaced of those that go with it.
fn take_along(changes: &mut [PlannedChange]) {
    let along: Vec<(NodeId, Vec<NodeId>)> = changes
        .iter()
        .filter_map(|one| match &one.change {
            Change::Replace { because_of, .. } => Some((one.node.clone(), because_of.clone())),
            _ => None,
        })
        .collect();
    for one in changes {
        if let Change::Replace { takes_along, .. } = &mut one.change {
            let goes = |(_, because_of): &&(NodeId, Vec<NodeId>)| because_of.contains(&one.node);
            takes_along.extend(along.iter().filter(goes).map(|(node, _)| node.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::resource::Teardown;
    use crate::lock::Lock;
    use crate::spec::{Format, parse};

    /// An environment with all there is, but for how people get in.
    fn planned(access: &str) -> Plan {
        let text = format!(
            "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n{access}\n\
             [compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n\
             [ancillary]\nnotify = [\"r1@example.edu\"]\n[[database]]\nengine = \"postgres\"\nphi_contact = true\n"
        );
        let spec = parse(&text, Format::Toml).unwrap();
        crate::plan::plan(&spec, &Lock::offline(&spec)).unwrap()
    }

    fn plan() -> Plan {
        planned("")
    }

    const BASTION: &str = "[access]\nmode = \"bastion\"\nallow = [{ name = \"campus\", cidr = \"140.142.0.0/16\" }]";
    const CONNECT: &str = "[access]\nmode = \"instance-connect\"";

    /// Everything is there as planned, under ids of its own.
    fn built(plan: &Plan) -> Account {
        let there = |node: &Node| There {
            id: format!("{}-1", node.id),
            properties: node.properties.clone(),
            tags: None,
            empty: false,
        };
        let found = plan.nodes.iter().map(|node| (node.id.clone(), there(node))).collect();
        let made = plan.pit_nodes().map(|node| node.id.clone()).collect();
        Account { found, unread: BTreeMap::new(), made }
    }

    /// The same with one field of one thing as it is not planned.
    fn with(mut account: Account, node: &str, field: &str, value: serde_json::Value) -> Account {
        let there = account.found.get_mut(&node.parse().unwrap()).unwrap();
        let mut json = there.properties.to_json();
        json[field] = value;
        there.properties = Properties::from_json(there.properties.kind(), json).unwrap();
        account
    }

    fn without(mut account: Account, nodes: &[&str]) -> Account {
        account.found.retain(|id, _| !nodes.contains(&id.as_str()));
        account
    }

    fn words(changes: &[PlannedChange]) -> Vec<String> {
        let told = changes.iter().filter(|one| one.change != Change::Keep);
        told.map(|one| format!("{} {}", one.change.word(), one.node)).collect()
    }

    #[test]
    fn what_is_as_planned_is_kept_and_what_is_not_there_is_made() {
        let plan = plan();
        assert_eq!(words(&changes(&plan, &[], &built(&plan))), [""; 0]);
        let all = changes(&plan, &[], &Account::default());
        assert!(all.iter().all(|one| one.change == Change::Create) && all.len() == plan.nodes.len());
        let unread = BTreeMap::from([("vpc".parse().unwrap(), "denied".to_owned())]);
        let told = changes(&plan, &[], &Account { unread, ..built(&plan) });
        assert_eq!(words(&told), ["unread vpc"]);
    }

    #[test]
    fn what_aws_changes_in_place_is_updated_and_nothing_else_is_touched() {
        let plan = plan();
        let there = with(built(&plan), "subnet-private", "public_address_on_launch", json!(true));
        assert_eq!(words(&changes(&plan, &[], &there)), ["update subnet-private"]);
        let there = with(built(&plan), "bucket-data", "versioning", json!(false));
        assert_eq!(words(&changes(&plan, &[], &there)), ["update bucket-data"]);
    }

    #[test]
    fn a_flow_log_is_replaced_and_loses_nothing() {
        let plan = plan();
        let told = changes(&plan, &[], &with(built(&plan), "flow-log", "aggregation_seconds", json!(600)));
        assert_eq!(words(&told), ["replace flow-log"]);
        assert!(told.iter().all(|one| one.change.loses().is_none()));
    }

    #[test]
    fn a_machine_is_stopped_for_another_type_and_keeps_its_volumes() {
        let plan = plan();
        let another = with(built(&plan), "instance-private", "instance_type", json!("t3.nano"));
        let told = changes(&plan, &[], &another);
        assert_eq!(words(&told), ["update instance-private"]);
        let stops = |told: &[PlannedChange]| told.iter().any(|one| one.change.stops());
        assert!(stops(&told) && told.iter().all(|one| one.change.loses().is_none()));
        let profile = changes(&plan, &[], &with(built(&plan), "instance-private", "profile", json!(null)));
        assert!(words(&profile) == ["update instance-private"] && !stops(&profile), "the rest changes while it runs");
        // One of another architecture boots from another image.
        let told = changes(&plan, &[], &with(another, "instance-private", "image", json!("ami-0b")));
        assert_eq!(words(&told), ["replace instance-private", "replace attachment-private"]);
    }

    #[test]
    fn a_machine_takes_its_attachment_along_and_leaves_the_volume() {
        let plan = plan();
        let told = changes(&plan, &[], &with(built(&plan), "instance-private", "image", json!("ami-0b")));
        assert_eq!(words(&told), ["replace instance-private", "replace attachment-private"]);
        let Change::Replace { takes_along, loses, .. } =
            &told.iter().find(|one| one.node.as_str() == "instance-private").unwrap().change
        else {
            panic!()
        };
        assert_eq!(takes_along.iter().map(NodeId::as_str).collect::<Vec<_>>(), ["attachment-private"]);
        assert!(loses.is_some_and(|loses| loses.contains("root volume")));
    }

    #[test]
    fn a_volume_grows_in_place_and_shrinks_only_by_a_replacement_that_loses_what_is_on_it() {
        let plan = plan();
        let size = plan.node_named("volume-private").unwrap().properties.to_json()["size_gib"].as_u64().unwrap();
        let grows = changes(&plan, &[], &with(built(&plan), "volume-private", "size_gib", json!(size - 1)));
        assert_eq!(words(&grows), ["update volume-private"]);
        let shrinks = changes(&plan, &[], &with(built(&plan), "volume-private", "size_gib", json!(size + 1)));
        assert_eq!(words(&shrinks), ["replace volume-private", "replace attachment-private"]);
        let lost = shrinks.iter().find_map(|one| one.change.loses());
        assert_eq!(lost, Some("the files on it"));
    }

    #[test]
    fn another_range_of_the_network_replaces_what_stands_in_it_and_no_store() {
        let plan = plan();
        let told = changes(&plan, &[], &with(built(&plan), "vpc", "cidr", json!("10.99.0.0/16")));
        let replaced: BTreeSet<&str> =
            told.iter().filter(|one| one.change.removes()).map(|one| one.node.as_str()).collect();
        for node in ["vpc", "subnet-private", "route-table-private", "s3-endpoint", "instance-private", "flow-log"] {
            assert!(replaced.contains(node), "{node}: {replaced:?}");
        }
        for node in ["bucket-data", "key", "log-group", "volume-private", "compute-role", "template-private"] {
            assert!(!replaced.contains(node), "{node}: {replaced:?}");
        }
        // The buckets' policies name the endpoint, and are told of the new one in place.
        assert!(words(&told).contains(&"update bucket-data".to_owned()), "{:?}", words(&told));
    }

    #[test]
    fn everything_that_a_replacement_takes_along_names_it_directly_or_not() {
        let plan = plan();
        for node in plan.pit_nodes() {
            let mut there = built(&plan);
            // As if AWS changed none of it in place: the thing itself is made anew by hand.
            let Some(fixed) = node.properties.to_json().as_object().and_then(|fields| {
                fields
                    .keys()
                    .find(|field| !node.properties.kind().changed_in_place().contains(&field.as_str()))
                    .cloned()
            }) else {
                continue;
            };
            let differs = Difference { field: fixed, planned: json!(1), found: json!(2) };
            there.found.get_mut(&node.id).unwrap().tags = Some(differs);
            let told = changes(&plan, &[], &there);
            for one in &told {
                let Change::Replace { because_of, .. } = &one.change else { continue };
                for cause in because_of {
                    let cause = told.iter().find(|other| other.node == *cause).unwrap();
                    assert!(cause.change.removes(), "{} because of {}", one.node, cause.node);
                }
            }
        }
    }

    #[test]
    fn what_names_a_thing_that_somebody_deleted_is_told_of_the_next() {
        let plan = plan();
        let told = changes(&plan, &[], &without(built(&plan), &["s3-endpoint"]));
        let words = words(&told);
        assert!(words.contains(&"create s3-endpoint".to_owned()) && words.contains(&"update bucket-data".to_owned()));
        assert!(!words.iter().any(|word| word.starts_with("replace")), "{words:?}");
    }

    #[test]
    fn what_the_plan_gave_up_goes_in_reverse_order_and_what_it_held_is_told() {
        let whole = plan();
        let gives_up = ["volume-private", "attachment-private"];
        let (dropped, kept): (Vec<Node>, Vec<Node>) =
            whole.nodes.iter().cloned().partition(|node| gives_up.contains(&node.id.as_str()));
        let plan = Plan { nodes: kept, ..whole.clone() };
        let told = changes(&plan, &dropped, &built(&whole));
        assert_eq!(words(&told), ["delete attachment-private", "delete volume-private"]);
        let gone = changes(&plan, &dropped, &without(built(&whole), &gives_up));
        assert_eq!(words(&gone), [""; 0]);
        let mut there = built(&whole);
        there.found.get_mut(&"volume-private".parse().unwrap()).unwrap().empty = true;
        assert!(changes(&plan, &dropped, &there).iter().all(|one| one.change.loses().is_none()));
    }

    #[test]
    fn every_field_of_the_table_is_one_that_the_kind_has() {
        let mut seen = BTreeSet::new();
        let plans = [plan(), planned(BASTION), planned(CONNECT), planned("[network]\negress = \"none\"")];
        for node in plans.iter().flat_map(|plan| &plan.nodes) {
            let (kind, json) = (node.properties.kind(), node.properties.to_json());
            seen.insert(kind);
            for field in kind.changed_in_place() {
                let optional = [(Kind::LaunchTemplate, "other"), (Kind::SessionDocument, "other")];
                assert!(json.get(field).is_some() || optional.contains(&(kind, field)), "{kind:?} has no `{field}`");
            }
        }
        // The others are the account's.
        let unseen = Kind::ALL.iter().filter(|kind| !seen.contains(kind));
        assert!(
            unseen.clone().all(|kind| kind.descriptor().teardown == Teardown::Stays),
            "{:?}",
            unseen.collect::<Vec<_>>()
        );
    }
}
