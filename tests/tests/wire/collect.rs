//! What `sce collect` saves tells the same as the account itself, and so does what boto3 saves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use sce::aws::permissions::collection;
use sce::model::{Model, Resource};
use sce::{Endpoints, Plan, Session, SpecFile, Target};
use sce_tests::{Emulators, Ran, root, run, spec};
use serde_json::{Value, json};

/// Machines behind a bastion, people, a data volume, a database, queues, a topic with a reader.
const FULL: &str = "[access]\nmode = \"bastion\"\nlaptop = \"managed\"\n\
    allow = [{ name = \"campus-vpn\", cidr = \"140.142.0.0/16\" }]\n\
    people = [{ name = \"r1\", email = \"r1@example.edu\" }]\n\
    [compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n\
    [[database]]\nengine = \"postgres\"\nphi_contact = true\n";

/// What asks about things that this account has none of.
const NOT_SENT_HERE: [&str; 5] = [
    "config:ListTagsForResource",
    "guardduty:GetDetector",
    "sns:GetSubscriptionAttributes",
    "ssm:GetDocument",
    "ssm:ListTagsForResource",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_tells_what_the_account_tells() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", FULL);
    run(emulators.sce().args(["keys", "make", "--dangerously-unencrypted"]).arg(&spec)).with_status(0);
    run(emulators.sce().args(["account", "apply", "--region", "us-west-2"])).with_status(0);
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);

    let ours = folder.path().join("ours");
    let before = emulators.snapshot();
    let collected = run(emulators.sce().args(["collect", "--json", "-o"]).arg(&ours)).with_status(0).json();
    assert_eq!(emulators.snapshot(), before, "it only reads");
    let calls = collected["collected"][0]["calls"].as_array().unwrap();
    let reads = |call: &Value| {
        let name = call.as_str().and_then(|call| call.split(':').nth(1)).unwrap_or_default();
        ["Describe", "Get", "List", "Head"].iter().any(|verb| name.starts_with(verb))
    };
    assert!(calls.len() > 50 && calls.iter().all(reads), "{calls:#?}");
    // Each is in the table that the policy is made of, and nothing in it is asked for in vain.
    let sent: BTreeSet<&str> = calls.iter().filter_map(Value::as_str).collect();
    let table: BTreeSet<&str> = collection().iter().map(|(operation, _)| *operation).collect();
    assert_eq!(sent.difference(&table).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert_eq!(table.difference(&sent).copied().collect::<Vec<_>>(), NOT_SENT_HERE);
    let again = run(emulators.sce().args(["collect", "-o"]).arg(&ours)).with_status(2);
    assert!(again.stderr.contains("is not empty") && again.stderr.contains("`--force`"), "{}", again.stderr);
    run(emulators.sce().args(["collect", "--force", "-o"]).arg(&ours)).with_status(0);

    let theirs = folder.path().join("theirs");
    let mut saving = emulators.python(&root().join("tests/save.py"));
    run(saving.arg(&theirs)).with_status(0);

    let plan = planned(&spec);
    let live = sce::observe(&session(&emulators).await, &plan).await;
    assert_eq!(live.unread, BTreeMap::new());
    for (whose, saved) in [("ours", &ours), ("theirs", &theirs)] {
        let sce::saved::Told { model, left_out } = sce::saved::model(saved, Some(&plan)).unwrap();
        assert_eq!(left_out, Vec::<String>::new());
        assert_same(whose, &live, &model);
    }

    // The rules say of the files what they say of the account, without any account.
    let live = run(emulators.sce().args(["check", "--live", "--json", "--all"]).arg(&spec)).json();
    let saved = run(sce_tests::sce().args(["check", "--json", "--all", "--saved"]).arg(&ours).arg(&spec)).json();
    let (live, saved) = (told(&live), told(&saved));
    // What is in buckets is not saved, the list of people among it: so nothing is said of all things together.
    let of_objects =
        |(rule, resource, _): &(String, String, String)| resource == "people" || rule == "everything-is-tagged";
    let differ: Vec<_> = live.iter().filter(|one| !of_objects(one) && !saved.contains(one)).collect();
    assert_eq!(differ, Vec::<&(String, String, String)>::new());
    no_secrets(&ours);

    // So do the proofs; and a route that goes past the NAT gateway, written into the files, is one that they show.
    let live = claims(&run(emulators.sce().args(["prove", "--live", "--json"]).arg(&spec)));
    assert_eq!(live.len(), 10);
    assert_eq!(claims(&saved_proofs(&ours, &spec)), live);
    past_the_nat_gateway(&ours);
    let opened = claims(&saved_proofs(&ours, &spec).with_status(1));
    let id = Value::from("nat-route-survives-the-endpoint");
    let held = |told: &[(Value, Value)]| told.iter().find(|(claim, _)| *claim == id).map(|(_, holds)| holds.clone());
    assert_eq!((held(&live), held(&opened)), (Some(Value::Bool(true)), Some(Value::Bool(false))));
}

/// Sends what goes through the NAT gateway to the internet gateway.
fn past_the_nat_gateway(saved: &Path) {
    let path = saved.join("ec2/describe-route-tables.json");
    let mut answer: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let tables = answer["RouteTables"].as_array_mut().unwrap();
    let mut routes: Vec<&mut Value> = tables.iter_mut().flat_map(|one| one["Routes"].as_array_mut().unwrap()).collect();
    let is_internet = |route: &Value| route["GatewayId"].as_str().is_some_and(|id| id.starts_with("igw-"));
    let gateway = routes.iter().find(|route| is_internet(route)).unwrap()["GatewayId"].clone();
    let through = routes.iter_mut().find(|route| route["NatGatewayId"].is_string()).unwrap();
    through.as_object_mut().unwrap().remove("NatGatewayId");
    through["GatewayId"] = gateway;
    std::fs::write(path, answer.to_string()).unwrap();
}

fn saved_proofs(saved: &Path, spec: &Path) -> Ran {
    run(sce_tests::sce().args(["prove", "--json", "--saved"]).arg(saved).arg(spec))
}

/// Each claim, and whether it holds.
fn claims(ran: &Ran) -> Vec<(Value, Value)> {
    let report = ran.json();
    let properties = report["properties"].as_array().expect("a report of proofs");
    properties.iter().map(|one| (one["id"].clone(), one["holds"].clone())).collect()
}

/// Every thing that can be saved is there, in the same words.
fn assert_same(whose: &str, live: &Model, saved: &Model) {
    let unread: Vec<String> = saved.unread.iter().map(|(id, unread)| format!("{id}: {}", unread.why)).collect();
    assert!(unread.iter().all(|why| why.ends_with("what is in buckets is not saved")), "{whose}: {unread:#?}");
    let is_object = |resource: &&Resource| resource.properties.kind().word() == "bucket-object";
    let by_name = |model: &Model| -> BTreeMap<String, Value> {
        let resources = model.resources.iter().filter(|resource| !is_object(resource));
        let words = |one: &Resource| {
            let properties = one.properties.to_json();
            json!({ "tags": one.tags, "scope": one.scope, "properties": properties, "name": one.name })
        };
        resources.map(|one| (format!("{} {}", one.properties.kind().word(), one.label()), words(one))).collect()
    };
    let (live_things, saved_things) = (by_name(live), by_name(saved));
    for (name, thing) in &live_things {
        assert_eq!(saved_things.get(name), Some(thing), "{whose}: {name}");
    }
    let beside: Vec<&String> = saved_things.keys().filter(|name| !live_things.contains_key(*name)).collect();
    assert_eq!(beside, Vec::<&String>::new(), "{whose}");
    assert_eq!(saved.data_events, live.data_events, "{whose}");
}

fn told(report: &Value) -> Vec<(String, String, String)> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().expect("the test has it");
    findings.iter().map(|one| (text(one, "rule"), text(one, "resource"), text(one, "status"))).collect()
}

/// No program of a first boot, no setting of a function, no signed address.
fn no_secrets(folder: &Path) {
    let found = run(Command::new("grep").args(["-rlE", "X-Amz-Signature|\"UserData\"|#!/bin/"]).arg(folder));
    assert_eq!(found.stdout, "");
}

fn planned(spec: &Path) -> Plan {
    let file = SpecFile::read(spec).expect("the test has it");
    let (lock, _) = file.lock().expect("the test has it");
    sce::plan(&file.spec, &lock).expect("the test has it")
}

async fn session(emulators: &Emulators) -> Session {
    let data = ["s3", "lambda", "dynamodb", "sqs", "sns", "cloudwatch"];
    let data = data.map(|service| format!("{service}={}", emulators.data));
    let flags = std::iter::once(emulators.control.as_str()).chain(data.iter().map(String::as_str));
    let target = Target::Emulator(Endpoints::from_flags(flags).expect("the test has it"));
    Session::open(&target, &"us-west-2".parse().expect("the test has it")).await.expect("the test has it")
}
