//! A network, a key and a log bucket that central IT made: used, judged, and left exactly as they were.

use std::path::{Path, PathBuf};

use sce_tests::{Emulators, Ran, run, spec};
use serde_json::Value;

/// What central IT made, and how it looks to an independent client.
struct Central<'a> {
    emulators: &'a Emulators,
    ids: Value,
}

impl<'a> Central<'a> {
    fn made(emulators: &'a Emulators, arguments: &[&str]) -> Self {
        let ran = emulators.reader(&[&["do", "make_central"], arguments].concat()).with_status(0);
        Self { emulators, ids: ran.json() }
    }

    fn id(&self, key: &str) -> &str {
        self.ids[key].as_str().expect("what was made has an id")
    }

    /// Everything of theirs, as it is now.
    fn now(&self) -> Value {
        self.emulators.reader(&["central", &self.ids.to_string()]).with_status(0).json()
    }

    /// A spec that uses all of it.
    fn spec(&self, folder: &Path, rest: &str) -> PathBuf {
        let used = ["vpc", "public_subnet", "private_subnet", "key", "log_bucket"];
        let lines: Vec<String> = used.map(|key| format!("{key} = \"{}\"\n", self.id(key))).into();
        spec(folder, "hipaa", &format!("{rest}[use_existing]\n{}", lines.concat()))
    }
}

fn findings(ran: &Ran) -> Vec<(String, String, String)> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let found = ran.json()["findings"].as_array().cloned().unwrap_or_default();
    found.iter().map(|one| (text(one, "rule"), text(one, "resource"), text(one, "status"))).collect()
}

fn rules(ran: &Ran) -> Vec<String> {
    findings(ran).into_iter().map(|(rule, ..)| rule).collect()
}

#[test]
fn what_central_it_made_is_used_and_left_as_it_was() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let central = Central::made(&emulators, &[]);
    let before = central.now();
    let spec = central.spec(folder.path(), "");

    // Without a look at the account nothing of it is called fine.
    let offline = run(emulators.sce().arg("check").arg(&spec).arg("--json")).with_status(1);
    let unknown = findings(&offline).into_iter().filter(|(.., status)| status == "unknown").count();
    assert!(unknown > 5, "{}", offline.stdout);

    run(emulators.sce().arg("lock").arg(&spec)).with_status(0);
    let checked = run(emulators.sce().arg("check").arg(&spec).arg("--json")).with_status(0);
    assert_eq!(rules(&checked), ["key-ends-with-project"], "{}", checked.stdout);
    let plan = run(emulators.sce().arg("plan").arg(&spec).arg("--json")).with_status(0);
    let nodes = plan.json()["nodes"].as_array().unwrap().clone();
    let existing = nodes.iter().filter(|node| node["scope"] == "existing").count();
    assert!(existing > 10, "{}", plan.stdout);

    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(applied["verified"], true, "{applied:#}");
    assert_eq!(applied["created"].as_array().unwrap().len() + existing, nodes.len(), "{applied:#}");
    assert_eq!(central.now(), before, "apply left what is theirs as it was");
    let path = folder.path().join("plan.json");
    std::fs::write(&path, &plan.stdout).unwrap();
    let read = emulators.reader(&["check", path.to_str().unwrap()]);
    assert_eq!((read.stdout.trim(), read.status), ("", 0), "{}", read.stderr);

    let again = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!((&again["created"], &again["changed"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    run(emulators.sce().arg("verify").arg(&spec)).with_status(0);
    let status = run(emulators.sce().args(["status", "hipaa", "--json"])).with_status(0).json();
    let ours = nodes.iter().filter(|node| node["scope"] == "pit").count();
    assert_eq!((&status["present"], &status["planned"]), (&ours.into(), &ours.into()), "{status:#}");

    // Data goes in and comes out under their key.
    let file = folder.path().join("results.csv");
    std::fs::write(&file, "a,b\n1,2\n").unwrap();
    run(emulators.sce().args(["data", "put"]).arg(&file).arg("hipaa")).with_status(0);
    run(emulators.sce().args(["data", "get", "hipaa", "results.csv", "-o"]).arg(folder.path().join("back")))
        .with_status(0);

    let archive = folder.path().join("archive");
    let closed =
        run(emulators.sce().args(["close-out", "hipaa", "--json", "--archive"]).arg(&archive)).with_status(0).json();
    for list in ["left", "foreign", "pending"] {
        assert_eq!(closed[list], Value::Array(vec![]), "{list}: {closed:#}");
    }
    assert_eq!(central.now(), before, "close-out left what is theirs as it was");
    assert_eq!(emulators.traces("hipaa"), Vec::<String>::new(), "everything of ours is gone");
    let stays = closed["stays"].as_array().unwrap().iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n");
    for key in ["vpc", "key", "log_bucket"] {
        assert!(stays.contains(central.id(key)), "{stays}");
    }
    let notes = closed["notes"].to_string();
    assert!(
        notes.contains("can still read copies of what it encrypted") && notes.contains("is not emptied"),
        "{notes}"
    );
}

#[test]
fn drift_of_theirs_is_told_and_not_mended() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let central = Central::made(&emulators, &[]);
    let spec = central.spec(folder.path(), "");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);

    emulators.by_hand(&["open_default_group", central.id("default_group")]);
    emulators.by_hand(&["point_route", central.id("private_table"), "0.0.0.0/0", central.id("gateway")]);
    emulators.by_hand(&["add_route", central.id("private_table"), "192.0.2.0/24", central.id("gateway")]);
    let drifted = central.now();

    let verified = run(emulators.sce().arg("verify").arg(&spec).arg("--json")).with_status(1);
    let json = verified.json();
    let seen = |node: &str| {
        let nodes = json["nodes"].as_array().unwrap();
        nodes.iter().find(|one| one["node"] == node).map(|one| one["seen"].clone()).unwrap_or_default()
    };
    assert_eq!((seen("security-group-default"), seen("vpc")), ("changed-by-others".into(), "as-planned".into()));
    assert_eq!(seen("route-private-0-0-0-0-0"), "changed-by-others");
    assert_eq!(json["unplanned"], serde_json::json!([format!("{} 192.0.2.0/24", central.id("private_table"))]));
    let broken = rules(&verified);
    for rule in ["default-security-group-is-empty", "private-subnet-has-no-internet-gateway-route"] {
        assert!(broken.iter().any(|one| one == rule), "{broken:?}");
    }
    let text = run(emulators.sce().arg("verify").arg(&spec)).with_status(1);
    assert!(text.stdout.contains("security-group-default: is somebody else's and was changed"), "{}", text.stdout);

    // Nothing is built on what is not as it was judged; and what is there now does not pass.
    let refused = run(emulators.sce().arg("apply").arg(&spec)).with_status(2);
    assert!(refused.stderr.contains("is somebody else's, and its `"), "{}", refused.stderr);
    assert!(refused.stderr.contains("run `sce lock SPEC` and `sce check SPEC` again"), "{}", refused.stderr);
    run(emulators.sce().arg("lock").arg(&spec)).with_status(0);
    run(emulators.sce().arg("apply").arg(&spec)).with_status(1);
    assert_eq!(central.now(), drifted, "nothing was mended");

    // Nor does it stand in the way of the end, even where their key is about to go.
    emulators.by_hand(&["schedule_key", central.id("key")]);
    let drifted = central.now();
    let archive = folder.path().join("archive");
    run(emulators.sce().args(["close-out", "hipaa", "--archive"]).arg(&archive)).with_status(0);
    assert_eq!(emulators.traces("hipaa"), Vec::<String>::new());
    assert_eq!(central.now(), drifted);
}

#[test]
fn an_endpoint_of_ours_comes_only_when_allowed_and_goes_again() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let central = Central::made(&emulators, &["without-endpoint"]);
    let before = central.now();
    let without = central.spec(folder.path(), "");
    run(emulators.sce().arg("lock").arg(&without)).with_status(0);
    let refused = run(emulators.sce().arg("plan").arg(&without)).with_status(2);
    assert!(refused.stderr.contains("has no gateway endpoint for S3"), "{}", refused.stderr);
    assert!(refused.stderr.contains("may_add_endpoint = true"), "{}", refused.stderr);

    let text = std::fs::read_to_string(&without).unwrap();
    std::fs::write(&without, format!("{text}may_add_endpoint = true\n")).unwrap();
    let stale = run(emulators.sce().arg("apply").arg(&without)).with_status(2);
    assert!(stale.stderr.contains("the lock does not tell of the existing things"), "{}", stale.stderr);
    run(emulators.sce().arg("lock").arg(&without)).with_status(0);
    let applied = run(emulators.sce().arg("apply").arg(&without).arg("--json")).with_status(0).json();
    assert!(applied["created"].as_array().unwrap().contains(&"s3-endpoint".into()), "{applied:#}");
    // Locked anew, what we put there is still ours.
    run(emulators.sce().arg("lock").arg(&without)).with_status(0);
    let again = run(emulators.sce().arg("apply").arg(&without).arg("--json")).with_status(0).json();
    assert_eq!(again["created"], Value::Array(vec![]));

    let archive = folder.path().join("archive");
    run(emulators.sce().args(["close-out", "hipaa", "--archive"]).arg(&archive)).with_status(0);
    assert_eq!(emulators.traces("hipaa"), Vec::<String>::new());
    assert_eq!(central.now(), before, "the route that our endpoint put into their table went with it");
}

#[test]
fn what_cannot_be_used_is_refused_before_anything_is_made() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let central = Central::made(&emulators, &[]);
    let other = Central::made(&emulators, &["with-endpoint", "10.30.0.0/16"]);
    let account = central.id("key").split(':').nth(4).unwrap().to_owned();
    let lock = |existing: &str| {
        let spec = spec(folder.path(), "hipaa", &format!("[use_existing]\n{existing}"));
        run(emulators.sce().arg("lock").arg(&spec)).with_status(2).stderr
    };
    let network = |vpc: &str, subnet: &str| format!("vpc = \"{vpc}\"\nprivate_subnet = \"{subnet}\"\n");
    let key = |arn: &str| format!("key = \"{arn}\"\n");
    let snapshot = emulators.snapshot();

    let told = lock(&network("vpc-0123456789abcdef0", central.id("private_subnet")));
    assert!(told.contains("there is no VPC `vpc-0123456789abcdef0` in this account and region"), "{told}");
    let told = lock(&network(central.id("vpc"), "subnet-0123456789abcdef0"));
    assert!(told.contains("there is no subnet `subnet-0123456789abcdef0`"), "{told}");
    let told = lock(&network(central.id("vpc"), other.id("private_subnet")));
    assert!(told.contains(&format!("it lies in `{}`, not in `{}`", other.id("vpc"), central.id("vpc"))), "{told}");
    let told = lock(&key(&central.id("key").replace(&account, "444455556666")));
    assert!(told.contains("belongs to account `444455556666`"), "{told}");
    let told = lock(&key(&format!("arn:aws:kms:us-west-2:{account}:key/00000000-0000-0000-0000-000000000000")));
    assert!(told.contains("there is no KMS key"), "{told}");
    let told = lock(&key(&central.id("key").replace("us-west-2", "us-east-1")));
    assert!(told.contains("the key is in region `us-east-1`"), "{told}");
    let told = lock("log_bucket = \"no-such-bucket-of-central-it\"\n");
    assert!(told.contains("there is no bucket `no-such-bucket-of-central-it`"), "{told}");
    assert_eq!(emulators.snapshot(), snapshot, "asking changes nothing");

    emulators.by_hand(&["disable_key", central.id("key")]);
    assert!(lock(&key(central.id("key"))).contains("it is disabled"));
    emulators.by_hand(&["schedule_key", other.id("key")]);
    assert!(lock(&key(other.id("key"))).contains("it awaits its deletion"));
    emulators.by_hand(&["add_range", other.id("vpc"), "10.31.0.0/16"]);
    let told = lock(&network(other.id("vpc"), other.id("private_subnet")));
    assert!(told.contains("it has more than one range of addresses"), "{told}");
    emulators.by_hand(&["tag", central.id("private_subnet"), "sce:pit", "omop"]);
    let told = lock(&network(central.id("vpc"), central.id("private_subnet")));
    assert!(told.contains("is of the environment `omop`"), "{told}");
}

#[test]
fn what_breaks_a_rule_stops_apply_and_is_left_alone() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let central = Central::made(&emulators, &[]);
    emulators.by_hand(&["point_route", central.id("private_table"), "0.0.0.0/0", central.id("gateway")]);
    emulators.by_hand(&["open_key", central.id("key")]);
    emulators.by_hand(&["close_log_bucket", central.id("log_bucket")]);
    emulators.by_hand(&["open_default_group", central.id("default_group")]);
    let before = emulators.snapshot();

    let spec = central.spec(folder.path(), "");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(1);
    let checked = run(emulators.sce().arg("check").arg(&spec).arg("--json")).with_status(1);
    let broken = rules(&checked);
    for rule in [
        "access-log-target-admits-deliveries",
        "default-security-group-is-empty",
        "key-policy-names-its-users",
        "key-serves-its-log-groups",
        "private-subnet-has-no-internet-gateway-route",
    ] {
        assert!(broken.iter().any(|one| one == rule), "{rule} in {broken:?}");
    }
    assert_eq!(emulators.snapshot(), before, "nothing was made and nothing mended");

    let taken = "[network]\ntaken = [{ name = \"campus\", cidr = \"10.20.128.0/17\" }]\n";
    let spec = central.spec(folder.path(), taken);
    let refused = run(emulators.sce().arg("plan").arg(&spec)).with_status(2);
    let expected = "the existing VPC `10.20.0.0/16` overlaps `10.20.128.0/17`, taken by `campus`";
    assert!(refused.stderr.contains(expected), "{}", refused.stderr);
}

const DATABASE: &str = "[[database]]\nengine = \"postgres\"\nphi_contact = true\n";

/// A spec with a database in those subnets of central IT's.
fn with_database(central: &Central<'_>, folder: &Path, subnets: &[&str]) -> PathBuf {
    let spec = central.spec(folder, DATABASE);
    let text = std::fs::read_to_string(&spec).unwrap();
    std::fs::write(&spec, format!("{text}database_subnets = {subnets:?}\n")).unwrap();
    spec
}

#[test]
fn a_database_lies_in_subnets_of_others_and_they_are_left_as_they_were() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let central = Central::made(&emulators, &[]);
    let before = central.now();
    let spec = with_database(&central, folder.path(), &[central.id("database_subnet")]);

    run(emulators.sce().arg("lock").arg(&spec)).with_status(0);
    let checked = run(emulators.sce().arg("check").arg(&spec).arg("--json")).with_status(0);
    assert_eq!(rules(&checked), ["key-ends-with-project"], "{}", checked.stdout);
    let plan = run(emulators.sce().arg("plan").arg(&spec).arg("--json")).with_status(0);
    let nodes = plan.json()["nodes"].as_array().unwrap().clone();
    let spare = nodes.iter().find(|node| node["id"] == "subnet-spare").unwrap();
    assert_eq!((&spare["scope"], spare["name"].as_str()), (&"existing".into(), Some(central.id("database_subnet"))));

    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(applied["verified"], true, "{applied:#}");
    assert_eq!(central.now(), before, "apply left what is theirs as it was");
    let path = folder.path().join("plan.json");
    std::fs::write(&path, &plan.stdout).unwrap();
    let read = emulators.reader(&["check", path.to_str().unwrap()]);
    assert_eq!((read.stdout.trim(), read.status), ("", 0), "{}", read.stderr);
    let mut expected = [central.id("private_subnet"), central.id("database_subnet")];
    expected.sort_unstable();
    let group = emulators.reader(&["do", "subnets_of_databases", "hipaa-databases"]).with_status(0).json();
    assert_eq!(group, serde_json::json!(expected));
    let again = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!((&again["created"], &again["changed"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    run(emulators.sce().arg("verify").arg(&spec)).with_status(0);
    let proved = run(emulators.sce().args(["prove", "--live", "--json"]).arg(&spec)).with_status(0).json();
    let holds = |id: &str| {
        let properties = proved["properties"].as_array().unwrap();
        properties.iter().find(|property| property["id"] == id).unwrap()["holds"].clone()
    };
    for id in ["no-path-from-internet-to-private-subnet", "private-traffic-to-s3-takes-the-endpoint"] {
        assert_eq!(holds(id), true, "{id}: {proved:#}");
    }

    let mut closed = emulators.sce();
    let closed = closed.args(["close-out", "hipaa", "--dangerously-discard-unarchived", "--json", "--archive"]);
    let closed = run(closed.arg(folder.path().join("archive"))).with_status(0).json();
    for list in ["left", "foreign", "pending"] {
        assert_eq!(closed[list], Value::Array(vec![]), "{list}: {closed:#}");
    }
    assert_eq!(central.now(), before, "close-out left what is theirs as it was");
    assert_eq!(emulators.traces("hipaa"), Vec::<String>::new(), "everything of ours is gone");
}

#[test]
fn subnets_that_no_database_may_lie_in_are_refused_before_anything_is_made() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let central = Central::made(&emulators, &[]);
    let other = Central::made(&emulators, &["with-endpoint", "10.30.0.0/16"]);
    let before = emulators.snapshot();
    let told = |verb: &str, subnets: &[&str]| {
        let spec = with_database(&central, folder.path(), subnets);
        run(emulators.sce().arg(verb).arg(&spec)).with_status(2).stderr
    };

    let none = told("lock", &[]);
    assert!(none.contains("a database in a VPC that exists needs a second private subnet"), "{none}");
    assert!(none.contains("database_subnets = ["), "{none}");
    let public = told("lock", &[central.id("public_subnet")]);
    assert!(public.contains("is given for databases and is the public subnet too"), "{public}");
    let elsewhere = told("lock", &[other.id("database_subnet")]);
    let expected = format!("it lies in `{}`, not in `{}`", other.id("vpc"), central.id("vpc"));
    assert!(elsewhere.contains(&expected), "{elsewhere}");
    let same_zone = central.id("others");
    run(emulators.sce().arg("lock").arg(with_database(&central, folder.path(), &[same_zone]))).with_status(0);
    let refused = told("apply", &[same_zone]);
    assert!(refused.contains(&format!("subnet `{same_zone}` lies in zone `us-west-2b`")), "{refused}");
    assert_eq!(emulators.snapshot(), before, "asking changes nothing");

    // One whose table leads to the internet is judged, and stops everything.
    emulators.by_hand(&["add_route", central.id("database_table"), "0.0.0.0/0", central.id("gateway")]);
    let before = emulators.snapshot();
    let spec = with_database(&central, folder.path(), &[central.id("database_subnet")]);
    run(emulators.sce().arg("lock").arg(&spec)).with_status(0);
    let checked = run(emulators.sce().arg("check").arg(&spec).arg("--json")).with_status(1);
    let public = ("private-subnet-has-no-internet-gateway-route", "subnet-spare", "broken");
    let public = (public.0.to_owned(), public.1.to_owned(), public.2.to_owned());
    assert!(findings(&checked).contains(&public), "{}", checked.stdout);
    run(emulators.sce().arg("apply").arg(&spec)).with_status(1);
    assert_eq!(emulators.snapshot(), before, "nothing was made");
}

#[test]
fn an_environment_does_not_move_into_a_vpc_of_others_under_its_own_things() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let central = Central::made(&emulators, &[]);
    let own = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&own)).with_status(0);
    let spec = central.spec(folder.path(), "");
    run(emulators.sce().arg("lock").arg(&spec)).with_status(0);
    let refused = run(emulators.sce().arg("apply").arg(&spec)).with_status(2);
    assert!(refused.stderr.contains("the plan uses what exists in the place of"), "{}", refused.stderr);
    assert!(refused.stderr.contains("vpc"), "{}", refused.stderr);
    // Its end still reaches everything it made.
    let archive = folder.path().join("archive");
    run(emulators.sce().args(["close-out", "hipaa", "--archive"]).arg(&archive)).with_status(0);
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
}
