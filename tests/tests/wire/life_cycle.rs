//! One environment, from a spec to nothing left, with an independent client looking on.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use sce_tests::{Emulators, run, spec};
use serde_json::Value;

#[test]
fn what_the_plan_says_is_there_and_after_close_out_nothing_is() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");

    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(applied["verified"], true, "{applied:#}");
    assert!(applied["calls"].as_u64().unwrap() > 0);
    let plan = run(emulators.sce().arg("plan").arg(&spec).arg("--json")).with_status(0);
    let nodes = plan.json()["nodes"].as_array().unwrap().len();
    let made = applied["created"].as_array().unwrap().len() + applied["changed"].as_array().unwrap().len();
    assert_eq!(made, nodes, "everything was made, or came with the VPC and was changed");

    let path = folder.path().join("plan.json");
    fs::write(&path, &plan.stdout).unwrap();
    let checked = emulators.reader(&["check", path.to_str().unwrap()]);
    assert_eq!((checked.stdout.trim(), checked.status), ("", 0), "{}", checked.stderr);

    let before = emulators.snapshot();
    let again = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!((&again["created"], &again["changed"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    assert_eq!(emulators.snapshot(), before, "a second apply changes nothing");

    let verified = run(emulators.sce().arg("verify").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(verified["verified"], true);
    let not_shown = verified["not_shown"].as_array().unwrap();
    assert!(
        not_shown.iter().any(|one| one["node"] == "flow-log"),
        "what the emulator cannot show is said: {not_shown:?}"
    );

    let status = run(emulators.sce().args(["status", "hipaa", "--json"])).with_status(0).json();
    assert_eq!(status["present"], status["planned"]);

    let archive = folder.path().join("archive");
    let closed =
        run(emulators.sce().args(["close-out", "hipaa", "--json", "--archive"]).arg(&archive)).with_status(0).json();
    assert_eq!(closed["left"], Value::Array(vec![]));
    assert_eq!(closed["foreign"], Value::Array(vec![]));
    assert_eq!(closed["pending"].as_array().unwrap().len(), 1, "the key waits for its deletion: {}", closed["pending"]);
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);

    // Straight after, the same again.
    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(applied["verified"], true);
    let archive = folder.path().join("second");
    run(emulators.sce().args(["close-out", "hipaa", "--archive"]).arg(&archive)).with_status(0);
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion", "kms-key PendingDeletion"]);
}

#[test]
fn data_goes_in_comes_out_and_ends_up_in_an_archive_that_opens() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);

    let johns = folder.path().join("johns");
    run(emulators.sce().args(["synth", "johns", "--out"]).arg(&johns)).with_status(0);
    // Two and a half parts: enough to go up and down in several pieces.
    let large = johns.join("large.bin");
    fs::write(&large, (0..20_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<u8>>())
        .unwrap();
    for file in ["timeseries.csv", "large.bin"] {
        run(emulators.sce().args(["data", "put"]).arg(johns.join(file)).arg("hipaa")).with_status(0);
        let back = folder.path().join(format!("back-{file}"));
        run(emulators.sce().args(["data", "get", "hipaa", file, "-o"]).arg(&back)).with_status(0);
        assert!(fs::read(&back).unwrap() == fs::read(johns.join(file)).unwrap(), "{file} came back as it went in");
    }
    let listed = run(emulators.sce().args(["data", "ls", "hipaa"])).with_status(0);
    assert!(listed.stdout.contains("timeseries.csv"), "{}", listed.stdout);

    let phi = folder.path().join("john_smith_123-45-6789.csv");
    fs::write(&phi, "x").unwrap();
    let refused = run(emulators.sce().args(["data", "put"]).arg(&phi).arg("hipaa")).with_status(2);
    assert!(!refused.stderr.contains("123-45-6789"), "a refusal repeats no PHI: {}", refused.stderr);

    let archive = folder.path().join("archive");
    let closed =
        run(emulators.sce().args(["close-out", "hipaa", "--json", "--archive"]).arg(&archive)).with_status(0).json();
    let sums: Vec<&str> =
        closed["archived"].as_array().unwrap().iter().filter_map(|one| one["sha256"].as_str()).collect();
    assert_eq!(sums.len(), 2);
    let ciphertext =
        fs::read_dir(archive.join("objects")).unwrap().filter_map(|entry| fs::read(entry.unwrap().path()).ok());
    assert!(
        ciphertext.into_iter().all(|bytes| bytes.starts_with(b"age-encryption.org/")),
        "nothing lies there in clear"
    );
    run(emulators.sce().args(["archive", "verify"]).arg(&archive)).with_status(0);
    let restored = folder.path().join("restored");
    let identity = folder.path().join("archive.identity");
    run(emulators
        .sce()
        .args(["archive", "restore"])
        .arg(&archive)
        .arg("--to")
        .arg(&restored)
        .arg("--identity")
        .arg(&identity))
    .with_status(0);
    let bucket = fs::read_dir(&restored)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("hipaa-data-")));
    let restored = fs::read(bucket.unwrap().join("timeseries.csv")).unwrap();
    assert!(restored == fs::read(johns.join("timeseries.csv")).unwrap(), "what was archived is what was put in");
}

#[test]
fn what_a_changed_spec_gives_up_goes_and_the_end_is_clean() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", ""))).with_status(0);
    let shut = spec(folder.path(), "hipaa", "[network]\negress = \"none\"\n");
    let applied = run(emulators.sce().arg("apply").arg(&shut).arg("--json")).with_status(0).json();
    let removed: Vec<&str> = applied["removed"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for node in ["nat-gateway", "nat-address", "internet-gateway", "route-private-nat"] {
        assert!(removed.contains(&node), "{node}: {removed:?}");
    }
    assert_eq!(applied["verified"], true);
    let left = emulators.traces("hipaa");
    assert!(!left.iter().any(|trace| trace.contains("nat") || trace.contains("internet-gateway")), "{left:?}");
    let plan = folder.path().join("plan.json");
    fs::write(&plan, run(emulators.sce().arg("plan").arg(&shut).arg("--json")).with_status(0).stdout).unwrap();
    let read = emulators.reader(&["check", plan.to_str().unwrap()]);
    assert_eq!((read.status, read.stdout.trim()), (0, ""), "{}", read.stderr);

    let archive = folder.path().join("archive");
    let closed =
        run(emulators.sce().args(["close-out", "hipaa", "--json", "--archive"]).arg(&archive)).with_status(0).json();
    assert_eq!(closed["foreign"], Value::Array(vec![]));
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
}

#[test]
fn an_end_that_was_cut_short_goes_on_into_the_same_archive() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", ""))).with_status(0);
    let data = folder.path().join("visits.csv");
    fs::write(&data, "1,2,3").unwrap();
    run(emulators.sce().args(["data", "put"]).arg(&data).arg("hipaa")).with_status(0);

    let archive = folder.path().join("archive");
    let mut first = emulators.sce();
    first.args(["close-out", "hipaa", "--archive"]).arg(&archive).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut first = first.spawn().unwrap();
    let mut lines = BufReader::new(first.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("deleted flow-log")), "it gets half-way");
    first.kill().unwrap();
    first.wait().unwrap();

    let mut again = emulators.sce();
    again.args(["close-out", "hipaa", "--json", "--take-over", "--archive"]).arg(&archive);
    let closed = run(&mut again).with_status(0).json();
    assert_eq!(closed["left"], Value::Array(vec![]));
    assert_eq!(closed["foreign"], Value::Array(vec![]), "what it deleted itself is nobody else's");
    assert_eq!(closed["archived"].as_array().unwrap().len(), 1, "the archive of the first run counts");
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
}

#[test]
fn an_end_that_was_cut_short_does_not_rely_on_an_archive_that_lost_a_file() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", ""))).with_status(0);
    let data = folder.path().join("visits.csv");
    fs::write(&data, "1,2,3").unwrap();
    run(emulators.sce().args(["data", "put"]).arg(&data).arg("hipaa")).with_status(0);
    let archive = folder.path().join("archive");
    let mut first = emulators.sce();
    first.args(["close-out", "hipaa", "--archive"]).arg(&archive).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut first = first.spawn().unwrap();
    let mut lines = BufReader::new(first.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("deleted bucket-ancillary")), "it begins to delete");
    first.kill().unwrap();
    first.wait().unwrap();
    let object = fs::read_dir(archive.join("objects")).unwrap().next().unwrap().unwrap();
    fs::remove_file(object.path()).unwrap();

    let mut again = emulators.sce();
    again.args(["close-out", "hipaa", "--take-over", "--archive"]).arg(&archive);
    let refused = run(&mut again);
    assert_ne!(refused.status, 0, "{refused:?}");
    assert!(emulators.traces("hipaa").iter().any(|line| line.starts_with("vpc ")), "nothing more was deleted");
}
