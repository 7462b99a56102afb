//! Two environments in one account, one's name the beginning of the other's, and things that are nobody's.

use sce_tests::{Emulators, run, spec};
use serde_json::Value;

#[test]
fn one_environments_end_leaves_the_other_and_the_foreign_alone() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let specs = ["omop", "omop-2"].map(|pit| spec(folder.path(), pit, ""));

    // Both at once: each finds its own, and both share one registry.
    let started = specs.each_ref().map(|spec| {
        let mut command = emulators.sce();
        command
            .arg("apply")
            .arg(spec)
            .arg("--json")
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    });
    for process in started {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let applied: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(applied["verified"], true, "{applied:#}");
    }
    emulators.by_hand(&["add_forged_vpc", "omop"]);
    let other = emulators.traces("omop-2");

    let archive = folder.path().join("archive");
    let closed =
        run(emulators.sce().args(["close-out", "omop", "--json", "--archive"]).arg(&archive)).with_status(0).json();
    assert_eq!(closed["left"], Value::Array(vec![]));
    let foreign = closed["foreign"].as_array().unwrap();
    assert_eq!(
        foreign.len(),
        1,
        "a forged tag is reported and nothing is done about it, and nothing else is: {foreign:?}"
    );
    let left = emulators.traces("omop");
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.iter().any(|line| line.starts_with("vpc ")), "the forged VPC still stands: {left:?}");
    assert_eq!(emulators.traces("omop-2"), other, "the other environment is as it was");
    run(emulators.sce().arg("verify").arg(&specs[1])).with_status(0);

    let listed = run(emulators.sce().args(["status", "--json"])).with_status(0).json();
    let states = listed["environments"].as_array().unwrap().iter();
    let states: Vec<_> = states.map(|one| [&one["pit"], &one["state"], &one["leased"]].map(Value::to_string)).collect();
    assert_eq!(states, [["\"omop\"", "\"closed-out\"", "false"], ["\"omop-2\"", "\"alive\"", "false"]]);
}

#[test]
fn tags_forged_on_another_vpc_neither_delete_it_nor_block_the_end() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", ""))).with_status(0);
    emulators.by_hand(&["forge_our_vpc", "hipaa"]);
    let archive = folder.path().join("archive");
    let closed =
        run(emulators.sce().args(["close-out", "hipaa", "--json", "--archive"]).arg(&archive)).with_status(0).json();
    assert_eq!(closed["left"], Value::Array(vec![]));
    assert_eq!(closed["foreign"].as_array().unwrap().len(), 1, "{closed:#}");
    let left = emulators.traces("hipaa");
    assert_eq!(left.iter().filter(|line| line.starts_with("vpc ")).count(), 1, "{left:?}");
}
