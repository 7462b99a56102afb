//! What was changed by hand is seen, told in the words of the rules, and put right by the next apply.

use sce_tests::{Emulators, run, spec};

const MACHINE: &str = "[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 20\n";

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
fn what_was_never_built_has_not_drifted_and_a_changed_spec_is_promised_nothing() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let built = spec(folder.path(), "hipaa", "");
    let drift = |more: &[&str]| run(emulators.sce().arg("drift").arg(&built).args(more));
    let unknown = drift(&[]).with_status(2);
    assert!(unknown.stderr.contains("no environment `hipaa` is in the registry"), "{unknown:?}");

    run(emulators.sce().arg("apply").arg(&built)).with_status(0);
    emulators.by_hand(&["make_private_subnet_public", "hipaa"]);
    let changed = spec(folder.path(), "hipaa", "[ancillary]\nnotify = [\"builder@example.edu\"]\n");
    assert_eq!(changed, built);
    let told = drift(&[]).with_status(1).stdout;
    assert!(told.contains(" was not made yet\n") && !told.contains(" is gone"), "{told}");
    assert!(!told.contains("`sce drift --repair`"), "{told}");
    assert!(told.contains("repair: the spec is not the one that was applied last"), "{told}");
    let refused = drift(&["--repair", "--yes"]).with_status(2);
    assert!(refused.stderr.contains("the spec was changed since it was last applied"), "{refused:?}");

    let mut closing = emulators.sce();
    run(closing.args(["close-out", "hipaa", "--archive"]).arg(folder.path().join("archive"))).with_status(0);
    let ended = drift(&[]).with_status(2);
    assert!(ended.stderr.contains("`hipaa` was closed out, and nothing was built since"), "{ended:?}");
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

#[test]
fn an_untouched_environment_has_no_drift_whatever_aws_adds_by_itself() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", MACHINE);
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    let told = run(emulators.sce().arg("drift").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(told["drifted"], false);
    assert_eq!(told["is_applied"], true);
    assert_eq!(told["trail"]["asked"], "nothing-to-ask");
    for part in ["findings", "foreign", "unread", "rules", "properties"] {
        assert_eq!(told[part], serde_json::json!([]), "{part}");
    }
}

#[test]
fn what_somebody_loosened_is_told_in_words_and_put_back() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    emulators.by_hand(&["loosen_everything", "hipaa"]);

    let told = run(emulators.sce().arg("drift").arg(&spec).arg("--json")).with_status(1).json();
    let findings = told["findings"].as_array().unwrap();
    let of = |node: &str| findings.iter().find(|one| one["node"] == node).unwrap_or_else(|| panic!("{node}: {told:#}"));
    let message = of("route-private-nat")["message"].as_str().unwrap();
    assert!(message.starts_with("Sprivate became public: route table rtb-"), "{message}");
    assert!(message.contains("now sends 0.0.0.0/0 to igw-") && message.contains("not to nat-"), "{message}");
    assert_eq!(of("route-private-nat")["severity"], "critical");
    let rules = of("route-private-nat")["rules"].as_array().unwrap();
    assert!(rules.iter().any(|one| one["rule"] == "private-subnet-has-no-internet-gateway-route"), "{rules:?}");
    let nodes = [
        "bucket-data",
        "flow-log-role",
        "key",
        "log-group",
        "network-acl-private",
        "route-private-nat",
        "s3-endpoint",
        "subnet-private",
    ];
    let mut drifted: Vec<&str> = findings.iter().filter_map(|one| one["node"].as_str()).collect();
    drifted.sort_unstable();
    assert_eq!(drifted, nodes);
    let added: Vec<&serde_json::Value> = findings.iter().filter(|one| one["what"] == "added").collect();
    assert!(added.len() == 1 && added[0]["name"].as_str().unwrap().ends_with(" 203.0.113.0/24"), "{added:?}");
    assert_eq!(told["trail"]["asked"], "not-readable", "no emulator has CloudTrail's history");
    assert!(findings.iter().all(|one| one["by"] == serde_json::json!([])), "and no name is made up");

    // Nobody is there to say yes, so nothing is changed, and what would be is told.
    let refused = run(emulators.sce().arg("drift").arg(&spec).arg("--repair")).with_status(2);
    assert!(refused.stderr.contains("To be put back:") && refused.stderr.contains("--yes"), "{}", refused.stderr);
    let repaired =
        run(emulators.sce().arg("drift").arg(&spec).args(["--repair", "--yes", "--json"])).with_status(0).json();
    let mut changed: Vec<&str> =
        repaired["repaired"]["changed"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
    changed.sort_unstable();
    assert_eq!(changed, nodes);
    assert_eq!(repaired["repaired"]["removed"].as_array().unwrap().len(), 1);
    assert_eq!(repaired["drifted"], false);

    let plan = run(emulators.sce().arg("plan").arg(&spec).arg("--json")).with_status(0).stdout;
    let path = folder.path().join("plan.json");
    std::fs::write(&path, plan).unwrap();
    let read = emulators.reader(&["check", path.to_str().unwrap()]);
    assert_eq!((read.status, read.stdout.trim()), (0, ""), "boto3 reads it back: {}", read.stderr);
    let kept = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!((&kept["created"], &kept["changed"]), (&serde_json::json!([]), &serde_json::json!([])));
}

#[test]
fn what_moved_into_the_network_is_reported_and_left() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    emulators.by_hand(&["move_in", "hipaa"]);
    let told = run(emulators.sce().arg("drift").arg(&spec).arg("--json")).with_status(1).json();
    assert_eq!(told["findings"], serde_json::json!([]));
    let mut kinds: Vec<&str> =
        told["foreign"].as_array().unwrap().iter().filter_map(|one| one["kind"].as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["instance", "interface", "peering", "route-table", "security-group", "vpn-gateway"], "{told:#}");
    let repaired = run(emulators.sce().arg("drift").arg(&spec).args(["--repair", "--yes"])).with_status(1);
    assert!(repaired.stderr.contains("nothing of this can be put back in place"), "{}", repaired.stderr);
    let after = run(emulators.sce().arg("drift").arg(&spec).arg("--json")).with_status(1).json();
    assert_eq!(after["foreign"], told["foreign"], "what is not ours is not touched");
    let verified = run(emulators.sce().arg("verify").arg(&spec).arg("--json")).with_status(1).json();
    let rules: Vec<&str> =
        verified["findings"].as_array().unwrap().iter().filter_map(|one| one["rule"].as_str()).collect();
    assert!(rules.contains(&"network-holds-only-what-is-planned"), "{rules:?}");
}

#[test]
fn what_is_gone_is_told_with_what_it_was_called_and_apply_makes_it_anew() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    emulators.by_hand(&["delete_flow_log", "hipaa"]);
    let told = run(emulators.sce().arg("drift").arg(&spec)).with_status(1).stdout;
    assert!(told.contains("flow log fl-") && told.contains("(flow-log) is gone"), "{told}");
    assert!(told.contains("repair: `sce apply` makes it anew"), "{told}");
}
