//! Machines, from a spec to nothing left, with an independent client looking on.

use std::fs;
use std::path::Path;

use sce_tests::{Emulators, Ran, run, spec};
use serde_json::{Value, json};

/// The private instance with its data volume, and one person on it.
const PRIVATE: &str = "[access]\npeople = [{ name = \"r1\", email = \"r1@example.edu\" }]\n\
                       [compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n";

/// An Ed25519 key whose private half nobody has.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS";

#[test]
fn the_private_instance_is_built_verified_stopped_and_gone() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec_path = spec(folder.path(), "hipaa", PRIVATE);

    let applied = run(emulators.sce().arg("apply").arg(&spec_path).arg("--json")).with_status(0).json();
    assert_eq!(applied["verified"], true, "{applied:#}");
    check(&emulators, folder.path(), &spec_path);

    let before = emulators.snapshot();
    let again = run(emulators.sce().arg("apply").arg(&spec_path).arg("--json")).with_status(0).json();
    assert_eq!((&again["created"], &again["changed"]), (&json!([]), &json!([])));
    assert_eq!(emulators.snapshot(), before, "a second apply changes nothing");

    // Somebody more: only the list that the machine reads is written anew.
    let two = PRIVATE.replace("}]", "}, { name = \"r2\", email = \"r2@example.edu\" }]");
    assert_eq!(spec(folder.path(), "hipaa", &two), spec_path);
    let more = run(emulators.sce().arg("apply").arg(&spec_path).arg("--json")).with_status(0).json();
    assert_eq!((&more["created"], &more["changed"]), (&json!([]), &json!(["people"])));
    check(&emulators, folder.path(), &spec_path);

    let stopped = run(emulators.sce().args(["stop", "hipaa", "--json"])).with_status(0).json();
    assert_eq!(machine(&stopped), ("instance-private", "stopped", true));
    let verified = run(emulators.sce().arg("verify").arg(&spec_path).arg("--json")).with_status(0).json();
    assert_eq!(verified["verified"], true, "whether it runs is its users' choice: {verified:#}");
    check(&emulators, folder.path(), &spec_path);
    let status = run(emulators.sce().args(["status", "hipaa", "--json"])).with_status(0).json();
    assert_eq!(thing(&status, "instance-private")["machine"]["state"], "stopped");
    let again = run(emulators.sce().args(["stop", "hipaa", "--json"])).with_status(0).json();
    assert_eq!(machine(&again), ("instance-private", "stopped", false));
    let started = run(emulators.sce().args(["start", "hipaa", "--json"])).with_status(0).json();
    assert_eq!(machine(&started), ("instance-private", "running", true));
    let status = run(emulators.sce().args(["status", "hipaa", "--json"])).with_status(0).json();
    let private = &thing(&status, "instance-private")["machine"];
    assert_eq!((&private["state"], &private["public_address"]), (&json!("running"), &Value::Null));
    assert!(private["private_address"].as_str().is_some_and(|address| address.starts_with("10.0.")), "{private}");

    // Whoever protected it from termination does not keep the environment from its end.
    emulators.by_hand(&["protect_private_instance", "hipaa"]);
    let closed = close_out(&emulators, folder.path(), "hipaa");
    assert_eq!(closed["left"], json!([]));
    assert_eq!(closed["foreign"], json!([]));
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
    // Straight after, the same again: what ended is not taken for what is there.
    let applied = run(emulators.sce().arg("apply").arg(&spec_path).arg("--json")).with_status(0).json();
    assert_eq!(applied["verified"], true, "{applied:#}");
}

#[test]
fn what_is_opened_by_hand_is_seen_and_put_right() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", PRIVATE);
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    for deed in [
        "open_ssh_to_private_instance",
        "let_private_instance_out",
        "switch_tokens_off",
        "replace_template",
        "stop_recording_sessions",
        "empty_profile",
    ] {
        emulators.by_hand(&[deed, "hipaa"]);
    }
    let verified = run(emulators.sce().arg("verify").arg(&spec).arg("--json")).with_status(1).json();
    let fields = |node: &str| -> Vec<String> {
        let seen = verified["nodes"].as_array().unwrap().iter().find(|one| one["node"] == node).unwrap();
        let differences = seen["differences"].as_array().cloned().unwrap_or_default();
        differences.iter().filter_map(|one| one["field"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(fields("security-group-private"), ["egress", "ingress"]);
    assert_eq!(fields("instance-private"), ["metadata_hop_limit", "metadata_token_required"]);
    assert_eq!(fields("session-document"), ["log_group"]);
    assert_eq!(fields("compute-profile"), ["role"]);
    assert!(fields("template-private").contains(&"metadata_token_required".to_owned()), "{verified:#}");

    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    let expected =
        ["security-group-private", "session-document", "compute-profile", "template-private", "instance-private"];
    assert_eq!(applied["changed"], json!(expected));
    assert_eq!(applied["verified"], true);
    check(&emulators, folder.path(), &spec);
}

#[test]
fn without_a_way_out_services_come_to_the_subnet() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", &format!("[network]\negress = \"none\"\n{PRIVATE}"));
    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(applied["verified"], true, "{applied:#}");
    let created: Vec<&str> = applied["created"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let services = created.iter().filter(|node| node.starts_with("endpoint-")).count();
    assert_eq!(services, 6, "{created:?}");
    check(&emulators, folder.path(), &spec);
    let again = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!((&again["created"], &again["changed"]), (&json!([]), &json!([])));
    let closed = close_out(&emulators, folder.path(), "hipaa");
    assert_eq!((&closed["left"], &closed["foreign"]), (&json!([]), &json!([])));
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
}

#[test]
fn a_bastion_stands_before_the_private_instance() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let allowed = "[access]\nmode = \"bastion\"\nallow = [{ name = \"campus-vpn\", cidr = \"132.198.0.0/16\" }]\n";
    let people = format!("people = [{{ name = \"r1\", email = \"r1@example.edu\", key = \"{KEY}\" }}]\n");
    let spec = spec(folder.path(), "hipaa", &format!("{allowed}{people}[compute.private]\ntype = \"m7g.large\"\n"));
    run(emulators.sce().arg("lock").arg(&spec)).with_status(0);
    give_keys(&folder.path().join("sce.lock"), "hipaa");

    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(applied["verified"], true, "{applied:#}");
    check(&emulators, folder.path(), &spec);
    let status = run(emulators.sce().args(["status", "hipaa", "--json"])).with_status(0).json();
    assert!(thing(&status, "instance-bastion")["machine"]["public_address"].is_string(), "{status:#}");
    assert!(thing(&status, "instance-private")["machine"]["public_address"].is_null(), "{status:#}");

    // A stopped bastion has lost its address, and gets another when it starts.
    run(emulators.sce().args(["stop", "hipaa"])).with_status(0);
    let verified = run(emulators.sce().arg("verify").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(verified["verified"], true, "{verified:#}");
    run(emulators.sce().args(["start", "hipaa"])).with_status(0);
    let closed = close_out(&emulators, folder.path(), "hipaa");
    assert_eq!((&closed["left"], &closed["foreign"]), (&json!([]), &json!([])));
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
}

#[test]
fn there_is_nothing_to_stop_without_machines() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", ""))).with_status(0);
    let refused = run(emulators.sce().args(["stop", "hipaa"])).with_status(2);
    assert!(refused.stderr.contains("`hipaa` has no machines"), "{}", refused.stderr);
    let unknown = run(emulators.sce().args(["start", "omop"])).with_status(2);
    assert!(unknown.stderr.contains("`omop`"), "{}", unknown.stderr);
}

/// Holds the account to the plan with the independent reader.
fn check(emulators: &Emulators, folder: &Path, spec: &Path) {
    let plan = run(emulators.sce().arg("plan").arg(spec).arg("--json")).with_status(0);
    let path = folder.join("plan.json");
    fs::write(&path, &plan.stdout).expect("the test has it");
    let Ran { status, stdout, stderr } = emulators.reader(&["check", path.to_str().expect("the test has it")]);
    assert_eq!((stdout.trim(), status), ("", 0), "{stderr}");
}

fn close_out(emulators: &Emulators, folder: &Path, pit: &str) -> Value {
    let archive = folder.join("archive");
    run(emulators
        .sce()
        .args(["close-out", pit, "--json", "--dangerously-discard-unarchived", "--while-machines-run", "--archive"])
        .arg(&archive))
    .with_status(0)
    .json()
}

/// Writes public keys of both machines into the lock, as `sce keys make` does.
fn give_keys(lock: &Path, pit: &str) {
    let text = fs::read_to_string(lock).expect("the test has it");
    let keys = format!("\n[pit.{pit}.keys]\nbastion = \"{KEY}\"\nprivate = \"{KEY}\"\n");
    fs::write(lock, text + &keys).expect("the test has it");
}

fn machine(powered: &Value) -> (&str, &str, bool) {
    let one = &powered["machines"][0];
    (
        one["node"].as_str().expect("the test has it"),
        one["state"].as_str().expect("the test has it"),
        one["changed"].as_bool().expect("the test has it"),
    )
}

fn thing<'a>(status: &'a Value, node: &str) -> &'a Value {
    status["things"]
        .as_array()
        .expect("the test has it")
        .iter()
        .find(|thing| thing["node"] == node)
        .expect("the test has it")
}
