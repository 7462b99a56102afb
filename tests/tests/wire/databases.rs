//! A database: built private, read back, put right after changes by hand, and never deleted with what is in it unless somebody says so.

use sce_tests::{Emulators, run, spec};

const DATABASE: &str = "[[database]]\nengine = \"postgres\"\nphi_contact = true\n";

#[test]
fn a_database_is_built_and_put_right_and_ends_only_when_told() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", DATABASE);
    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(applied["verified"], true, "{applied:#}");

    let plan = folder.path().join("plan.json");
    std::fs::write(&plan, run(emulators.sce().arg("plan").arg(&spec).arg("--json")).with_status(0).stdout).unwrap();
    let checked = emulators.reader(&["check", plan.to_str().unwrap()]);
    assert_eq!(checked.status, 0, "{}{}", checked.stdout, checked.stderr);

    let again = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!((again["created"].as_array().unwrap().len(), again["changed"].as_array().unwrap().len()), (0, 0));

    emulators.by_hand(&["loosen_database", "hipaa-postgres"]);
    emulators.by_hand(&["accept_connections_in_clear", "hipaa-postgres-parameters"]);
    let live = run(emulators.sce().arg("check").arg(&spec).args(["--live", "--json"])).with_status(1).json();
    let open: Vec<&str> = live["findings"].as_array().unwrap().iter().filter_map(|one| one["rule"].as_str()).collect();
    for rule in ["database-is-backed-up", "database-is-private", "database-requires-tls"] {
        assert!(open.contains(&rule), "{rule} in {open:?}");
    }
    let mended = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(mended["changed"], serde_json::json!(["database-parameters-postgres", "database-postgres"]));

    let archive = folder.path().join("archive");
    let before = emulators.snapshot();
    let mut refused = emulators.sce();
    let refused = run(refused.args(["close-out", "hipaa", "--archive"]).arg(&archive)).with_status(1);
    assert!(
        refused.stderr.contains("no archive holds what is in `database-postgres` (hipaa-postgres)"),
        "{}",
        refused.stderr
    );
    // How it gets out is shown, with the name that RDS gave it.
    let address = emulators.reader(&["do", "address_of_database", "hipaa-postgres"]).with_status(0);
    for told in [
        format!("host={} user=sce_master dbname=NAME sslmode=require", address.stdout.trim()),
        "-NAME.dump s3://hipaa-output-".to_owned(),
        "pg_dump --format=custom --file ~/database-postgres-NAME.dump".to_owned(),
    ] {
        assert!(refused.stderr.contains(&told), "{told} in {}", refused.stderr);
    }
    assert!(!refused.stderr.contains("warning"), "there is no archive to warn of: {}", refused.stderr);
    assert_eq!(emulators.snapshot()["databases"], before["databases"]);

    let mut ended = emulators.sce();
    let ended = ended.args(["close-out", "hipaa", "--dangerously-discard-unarchived", "--json", "--archive"]);
    let ended = run(ended.arg(folder.path().join("archive"))).with_status(0).json();
    assert_eq!(ended["left"].as_array().unwrap().len(), 0, "{ended:#}");
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
}
