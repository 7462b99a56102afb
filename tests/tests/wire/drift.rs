//! What was changed by hand is seen, told in the words of the rules, and put right by the next apply.

use sce_tests::{Emulators, run, spec};

#[test]
fn changes_by_hand_are_seen_and_put_right() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);

    emulators.by_hand(&["make_private_subnet_public", "hipaa"]);
    emulators.by_hand(&["route_private_subnet_to_internet", "hipaa"]);
    let verified = run(emulators.sce().arg("verify").arg(&spec).arg("--json")).with_status(1).json();
    let different: Vec<&str> = verified["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|node| node["seen"] == "different")
        .filter_map(|node| node["node"].as_str())
        .collect();
    assert_eq!(different, ["subnet-private", "route-private-nat"]);

    let live = run(emulators.sce().arg("check").arg(&spec).args(["--live", "--json"])).with_status(1).json();
    let rules: Vec<&str> =
        live["findings"].as_array().unwrap().iter().filter_map(|finding| finding["rule"].as_str()).collect();
    assert!(rules.contains(&"private-subnet-has-no-internet-gateway-route"), "{rules:?}");

    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(applied["changed"], serde_json::json!(["subnet-private", "route-private-nat"]));
    run(emulators.sce().arg("verify").arg(&spec)).with_status(0);
}

#[test]
fn what_nobody_planned_in_the_network_is_reported() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    emulators.by_hand(&["add_foreign_subnet", "hipaa", "10.0.7.0/24"]);
    let verified = run(emulators.sce().arg("verify").arg(&spec).arg("--json")).with_status(1).json();
    assert_eq!(verified["unplanned"].as_array().unwrap().len(), 1);
}

#[test]
fn what_was_deleted_by_hand_is_made_anew() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    emulators.by_hand(&["delete_flow_log", "hipaa"]);
    let verified = run(emulators.sce().arg("verify").arg(&spec).arg("--json")).with_status(1).json();
    assert!(
        verified["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|node| node["node"] == "flow-log" && node["seen"] == "missing")
    );
    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(applied["created"], serde_json::json!(["flow-log"]));
}
