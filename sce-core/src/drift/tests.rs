//! Drift of many kinds, each told in words.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::*;
use crate::aws::resource::Properties;
use crate::lock::Lock;
use crate::model::Unread;
use crate::plan::Plan;
use crate::spec::{Format, Spec, parse};

struct Scene {
    spec: Spec,
    plan: Plan,
    observed: Model,
}

impl Scene {
    fn new() -> Self {
        let text = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n\
            approvals = { irb = \"STUDY00001234\", billing = \"BUDGET-77\", baa = \"2026-03-01\" }\n\
            [access]\nlaptop = \"managed\"\n[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n";
        let spec = parse(text, Format::Toml).unwrap();
        let plan = crate::plan::plan(&spec, &Lock::offline(&spec)).unwrap();
        let observed = Model { source: crate::model::Source::Account, ..Model::planned(&plan) };
        Self { spec, plan, observed }
    }

    fn resource(&mut self, node: &str) -> &mut Resource {
        let of = |one: &&mut Resource| one.node.as_ref().is_some_and(|id| id.as_str() == node);
        self.observed.resources.iter_mut().find(of).unwrap_or_else(|| panic!("no {node}"))
    }

    /// Something that somebody changes, as JSON.
    fn change(mut self, node: &str, change: impl FnOnce(&mut Json)) -> Self {
        let resource = self.resource(node);
        let mut json = resource.properties.to_json();
        change(&mut json);
        resource.properties = Properties::from_json(resource.properties.kind(), json).unwrap();
        self
    }

    fn set(self, node: &str, field: &str, value: Json) -> Self {
        self.change(node, |json| json[field] = value)
    }

    fn remove(mut self, node: &str) -> Self {
        self.resource(node);
        self.observed.resources.retain(|one| one.node.as_ref().is_none_or(|id| id.as_str() != node));
        self
    }

    fn add(mut self, name: &str, properties: Json, kind: Kind) -> Self {
        let properties = Properties::from_json(kind, properties).unwrap();
        let (tags, scope) = (BTreeMap::new(), Scope::Account);
        self.observed.resources.push(Resource { node: None, name: name.to_owned(), scope, tags, properties });
        self
    }

    fn drift(&self) -> Drift {
        self.drift_since(Done { is_applied: true, never_made: &BTreeSet::new() })
    }

    fn drift_since(&self, done: Done<'_>) -> Drift {
        let ids = ["vpc", "route-table-private", "route-table-public", "nat-gateway", "internet-gateway"];
        let ids = ids.map(|node| (node.parse().unwrap(), format!("{node}-0a"))).into();
        let (declared, terms) = (Declared::of(&self.spec), Terms::on("2026-11-30".parse().unwrap()));
        let (intent, names) = (Intent::of_applied(&declared, &self.plan), Names::of(ids));
        let measure = Measure { declared: &declared, terms: &terms, intent: &intent, names: &names, done };
        drift(&Model::planned(&self.plan), &self.observed, &measure, Vec::new())
    }

    fn details(&self) -> Vec<String> {
        self.drift().findings.into_iter().flat_map(|one| one.details).collect()
    }
}

/// What one change of one thing is told as.
fn told(node: &str, field: &str, value: Json) -> String {
    Scene::new().set(node, field, value).details().join("\n")
}

fn rule(peer: Json) -> Json {
    json!({"protocol": "tcp", "ports": [22, 22], "peer": peer, "description": "x"})
}

#[test]
fn what_is_as_planned_is_no_drift() {
    let drift = Scene::new().drift();
    assert!(!drift.any() && drift.rules.is_empty() && drift.properties.is_empty());
    assert_eq!(drift.to_text(), "no drift: everything that could be read is as planned\n");
}

#[test]
fn the_private_subnet_becomes_public_by_a_route() {
    let scene = Scene::new().set("route-private-nat", "target", json!({"internet-gateway": "${internet-gateway.id}"}));
    let drift = scene.drift();
    let [one] = drift.findings.as_slice() else { panic!("{:#?}", drift.findings) };
    assert_eq!(
        one.message,
        "Sprivate became public: route table route-table-private-0a now sends 0.0.0.0/0 to internet-gateway-0a, not to nat-gateway-0a"
    );
    assert_eq!((one.severity, one.repair), (Severity::Critical, Repair::InPlace));
    let broken = |rule: &str| {
        one.rules.iter().any(|change| change.rule.0 == rule && change.now == Some(crate::check::Status::Broken))
    };
    assert!(broken("private-subnet-has-no-internet-gateway-route"), "{:#?}", one.rules);
    assert_eq!(drift.rules, one.rules, "it alone explains all");
}

#[test]
fn a_table_that_is_changed_for_another_opens_a_subnet_as_well() {
    let scene = Scene::new().set("association-private", "table", json!("${route-table-public.id}"));
    let drift = scene.drift();
    assert_eq!(
        drift.findings[0].message,
        "Sprivate became public: Sprivate is now ruled by route table route-table-public-0a, not by route-table-private-0a"
    );
    let gone = Scene::new().remove("route-private-nat").drift();
    assert_eq!(
        gone.findings[0].message,
        "Sprivate lost its way out: route table route-table-private-0a no longer sends 0.0.0.0/0 to nat-gateway-0a"
    );
    assert_eq!(gone.findings[0].repair, Repair::MakeAnew);
}

#[test]
fn of_a_plan_that_was_not_applied_nothing_is_promised_and_what_was_never_made_is_not_gone() {
    let never_made = BTreeSet::from(["flow-log".parse().unwrap()]);
    let scene = Scene::new().remove("flow-log").set("vpc", "dns_hostnames", json!(false));
    let drift = scene.drift_since(Done { is_applied: false, never_made: &never_made });
    let of =
        |node: &str| drift.findings.iter().find(|one| one.node.as_ref().is_some_and(|id| id.as_str() == node)).unwrap();
    let flow_log = of("flow-log");
    assert_eq!((flow_log.what, flow_log.repair), (What::NotMade, Repair::MakeAnew));
    assert_eq!(flow_log.details, ["flow log hipaa_flowlog (flow-log) was not made yet"]);
    assert_eq!(of("vpc").repair, Repair::OnceApplied, "`--repair` would refuse");
    assert_eq!(scene.drift().findings.len(), drift.findings.len());
}

#[test]
fn a_route_that_nobody_planned_is_told_and_can_be_taken_out() {
    let route =
        json!({"table": "${route-table-private.id}", "destination": "10.9.0.0/16", "target": {"other": "pcx-1"}});
    let drift = Scene::new().add("rtb-1 10.9.0.0/16", route, Kind::Route).drift();
    let [one] = drift.findings.as_slice() else { panic!() };
    assert_eq!(one.message, "route table route-table-private-0a now sends 10.9.0.0/16 to pcx-1");
    assert_eq!((one.what, one.repair, one.id.as_deref()), (What::Added, Repair::Remove, Some("rtb-1 10.9.0.0/16")));
    let vpn = json!({"table": "${route-table-private.id}", "destination": "10.9.0.0/16", "target": {"other": "vgw-1"}});
    let drift = Scene::new().add("rtb-1 10.9.0.0/16", vpn, Kind::Route).drift();
    assert_eq!(drift.findings[0].repair, Repair::ByHand, "a VPN gateway puts it in again");
    let mut scene = Scene::new().add(
        "rtb-1 10.9.0.0/16",
        json!({"table": "${route-table-private.id}", "destination": "10.9.0.0/16", "target": {"other": "pcx-1"}}),
        Kind::Route,
    );
    let table = scene.plan.nodes.iter_mut().find(|node| node.id.as_str() == "route-table-private").unwrap();
    table.scope = Scope::Existing;
    scene.plan.offline = false;
    assert_eq!(scene.drift().findings[0].repair, Repair::OfOthers, "the table is somebody else's");
}

#[test]
fn firewalls_are_told_by_what_they_let_through() {
    let everyone = rule(json!({"cidr": "0.0.0.0/0"}));
    let opened =
        Scene::new().change("security-group-private", |json| json["ingress"].as_array_mut().unwrap().push(everyone));
    let opened = opened.drift();
    assert_eq!(opened.findings[0].details[0].rsplit_once(") ").unwrap().1, "now lets in tcp 22 from 0.0.0.0/0");
    assert!(opened.findings[0].severity >= Severity::High, "{:#?}", opened.findings[0].rules);
    let default = told("security-group-default", "ingress", json!(["tcp 22 from 0.0.0.0/0"]));
    assert!(default.contains("now lets in: tcp 22 from 0.0.0.0/0"), "{default}");
    let allow = json!({"allow": true, "protocol": "all", "cidr": "0.0.0.0/0", "ports": null});
    let acl = Scene::new().change("network-acl-private", |json| json["ingress"]["90"] = allow).details();
    assert!(acl[0].ends_with("now allows all traffic from 0.0.0.0/0 in (rule 90)"), "{acl:?}");
    let left = told("network-acl-private", "subnets", json!([]));
    assert!(left.ends_with("no longer guards Sprivate"), "{left}");
}

#[test]
fn drift_of_many_kinds_reads_as_reviewed() {
    let statement =
        json!({"Sid": "Everyone", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"});
    let trust = json!({"Sid": "Other", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999988887777:root"}, "Action": "sts:AssumeRole"});
    let scene = Scene::new()
        .set("subnet-private", "public_address_on_launch", json!(true))
        .set("bucket-data", "versioning", json!(false))
        .set("bucket-data", "public_access_blocked", json!(false))
        .set("bucket-data", "encryption", json!("s3"))
        .set("bucket-data", "access_log", json!(null))
        .change("bucket-data", |json| json["policy"]["Statement"].as_array_mut().unwrap().push(statement.clone()))
        .set("bucket-output", "policy", json!(null))
        .set("bucket-output", "lifecycle", json!({}))
        .set("key", "rotation", json!(false))
        .set("key", "enabled", json!(false))
        .change("key", |json| drop(json["policy"]["Statement"].as_array_mut().unwrap().remove(0)))
        .change("s3-endpoint", |json| json["policy"]["Statement"][0]["Action"] = json!("s3:*"))
        .set("s3-endpoint", "route_tables", json!([]))
        .set("log-group", "retention_days", json!(1))
        .set("log-group", "key", json!(null))
        .set("flow-log-role", "inline_policies", json!(["extra"]))
        .set("flow-log-role", "max_session_seconds", json!(43_200))
        .change("flow-log-role", |json| {
            json["policies"].as_array_mut().unwrap().push(json!("arn:aws:iam::aws:policy/AdministratorAccess"));
        })
        .change("flow-log-role", |json| json["trust"]["Statement"].as_array_mut().unwrap().push(trust))
        .change("flow-log-policy", |json| json["document"]["Statement"][0]["Resource"] = json!("*"))
        .set("instance-private", "metadata_token_required", json!(false))
        .set("instance-private", "metadata_hop_limit", json!(64))
        .set("instance-private", "public_address", json!(true))
        .set("instance-private", "groups", json!(["sg-9"]))
        .set("vpc", "dns_support", json!(false))
        .set("volume-private", "size_gib", json!(200))
        .remove("flow-log");
    let mut scene = scene.add(
        "subnet-9",
        json!({"vpc": "${vpc.id}", "cidr": "10.0.7.0/24", "zone": "us-west-2a", "public_address_on_launch": true}),
        Kind::Subnet,
    );
    scene.resource("vpc").tags.insert("sce:owner".to_owned(), "somebody@example.edu".to_owned());
    scene.resource("vpc").tags.remove("Name");
    let drift = scene.drift();
    let lines: Vec<String> = drift
        .findings
        .iter()
        .flat_map(|one| {
            one.details.iter().map(move |detail| {
                format!("{:8} {detail} [{}]", one.severity, serde_json::to_value(one.repair).unwrap().as_str().unwrap())
            })
        })
        .collect();
    insta::assert_snapshot!("many_kinds", lines.join("\n"));
    insta::assert_snapshot!("many_kinds_for_people", drift.to_text());
}

#[test]
fn tags_alone_are_told_and_matter_little() {
    let mut scene = Scene::new();
    scene.resource("vpc").tags.insert("sce:owner".to_owned(), "x".to_owned());
    scene.resource("subnet-private").tags.insert("cost-centre".to_owned(), "7".to_owned());
    let drift = scene.drift();
    let [one] = drift.findings.as_slice() else { panic!("tags that others added are theirs: {:#?}", drift.findings) };
    assert_eq!(one.message, "the tag `sce:owner` of VPC vpc-0a (vpc) is `x`, not `builder@example.edu`");
    assert_eq!(one.differences[0].field, "tags");
    assert_eq!(one.repair, Repair::InPlace);
}

#[test]
fn what_could_not_be_read_is_neither_drift_nor_fine() {
    let mut scene = Scene::new().remove("key");
    let unread = Unread { kind: Kind::KmsKey, why: "denied".to_owned() };
    scene.observed.unread.insert("key".parse().unwrap(), unread);
    let drift = scene.drift();
    assert!(drift.findings.is_empty() && drift.rules.is_empty(), "{:#?}", drift.rules);
    assert_eq!(drift.unread, [Unseen { node: "key".parse().unwrap(), why: "denied".to_owned() }]);
    assert!(drift.to_text().contains("Not readable"));
}

#[test]
fn what_only_two_changes_together_bring_about_is_told_apart() {
    let scene = Scene::new()
        .set("route-private-nat", "target", json!({"internet-gateway": "${internet-gateway.id}"}))
        .set("subnet-private", "public_address_on_launch", json!(true));
    let drift = scene.drift();
    assert_eq!(drift.findings.len(), 2);
    let alone: Vec<&RuleChange> = drift.findings.iter().flat_map(|one| &one.rules).collect();
    assert!(drift.rules.iter().filter(|change| change.now == Some(crate::check::Status::Broken)).all(|change| {
        alone.iter().any(|one| one.rule == change.rule)
            || drift.to_text().contains("Brought about by all of it together")
    }));
}

#[test]
fn every_difference_of_every_thing_is_told_in_at_least_one_sentence() {
    let plan = Scene::new().plan;
    let planned = Model::planned(&plan);
    for node in &plan.nodes {
        let fields: Vec<String> = node.properties.to_json().as_object().unwrap().keys().cloned().collect();
        for field in fields {
            let Some(other) = otherwise(&node.properties, &field) else { continue };
            let before = planned.resource(node.id.as_str()).unwrap();
            let now = Resource { properties: other, ..before.clone() };
            let told = words::sentences(&Names::default(), Some(before), Some(&now));
            assert!(!told.is_empty() && told.iter().all(|told| !told.is_empty()), "{}.{field}", node.id);
        }
    }
}

/// The same with another value of one field; none where no other of the same type comes to mind, or nobody compares it.
fn otherwise(properties: &Properties, field: &str) -> Option<Properties> {
    let mut json = properties.to_json();
    let candidates = match &json[field] {
        Json::Bool(value) => vec![json!(!value)],
        Json::Number(value) => vec![json!(value.as_u64()? + 1)],
        Json::String(value) => vec![json!(format!("{value}x")), json!("10.250.0.0/16"), json!("us-west-2d")],
        Json::Array(_) => vec![json!([])],
        Json::Object(_) => vec![json!({}), json!(null)],
        Json::Null => vec![json!(1), json!("x")],
    };
    candidates.into_iter().find_map(|other| {
        json[field] = other;
        let read = Properties::from_json(properties.kind(), json.clone()).ok()?;
        (!properties.differences(&read).is_empty()).then_some(read)
    })
}
