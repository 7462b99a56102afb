//! Roles of people and the organisation's bound: made, read back, repaired, ended.

use std::fs;

use sce_tests::{Emulators, run, spec};

/// Whoever is named, and from where they come.
const ROLES: &str = "\
[access]
allow = [{ name = \"campus-vpn\", cidr = \"140.142.0.0/16\" }]
[account]
permissions_boundary = \"arn:aws:iam::123456789012:policy/Boundary\"
[roles]
uploaders = [\"arn:aws:iam::123456789012:user/clinic\"]
custodians = [\"arn:aws:iam::123456789012:user/custodian\"]
";

#[test]
fn roles_of_people_are_made_as_planned_and_a_loosened_one_is_found_and_mended() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", ROLES);
    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(applied["verified"], true, "{applied:#}");
    let plan = run(emulators.sce().arg("plan").arg(&spec).arg("--json")).with_status(0);
    let path = folder.path().join("plan.json");
    fs::write(&path, &plan.stdout).unwrap();
    let checked = emulators.reader(&["check", path.to_str().unwrap()]);
    assert_eq!((checked.status, checked.stdout.trim()), (0, ""), "{}", checked.stderr);

    emulators.by_hand(&["loosen_role", "hipaa_custodian_role"]);
    emulators.by_hand(&["trust_everybody_without_mfa", "hipaa_uploader_role", "arn:aws:iam::123456789012:root"]);
    let drifted = run(emulators.sce().arg("verify").arg(&spec).arg("--json")).with_status(1).json();
    let open: Vec<&str> =
        drifted["findings"].as_array().unwrap().iter().filter_map(|finding| finding["rule"].as_str()).collect();
    // What the account lacks is found as well, and is not this test's.
    let open: Vec<&str> =
        open.into_iter().filter(|rule| rule.starts_with("custodian-") || rule.starts_with("role-")).collect();
    assert_eq!(open, ["custodian-needs-mfa", "role-has-the-boundary", "role-trust-names-principals"], "{drifted:#}");
    let mended = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(mended["changed"], serde_json::json!(["uploader-role", "custodian-role"]));
    let checked = emulators.reader(&["check", path.to_str().unwrap()]);
    assert_eq!((checked.status, checked.stdout.trim()), (0, ""), "{}", checked.stderr);

    let archive = folder.path().join("archive");
    run(emulators.sce().args(["close-out", "hipaa", "--archive"]).arg(&archive)).with_status(0);
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
}
