//! The table of uploaded files, the function that fills it, queues and topic: from a file put to an archive that holds the table.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use sce_tests::{Emulators, run, spec};
use serde_json::Value;

const NOTIFY: &str = "[ancillary]\nnotify = [\"builder@example.edu\"]\n";

#[test]
fn a_file_that_comes_and_goes_is_recorded_told_and_archived() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", NOTIFY);
    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(applied["verified"], true, "{applied:#}");
    checked_by_reader(&emulators, folder.path(), &spec);
    emulators.by_hand(&["listen_to_topic", "hipaa"]);

    let file = folder.path().join("visits + notes.csv");
    fs::write(&file, "1,2,3").unwrap();
    run(emulators.sce().args(["data", "put"]).arg(&file).arg("hipaa")).with_status(0);
    let files = await_files(&emulators, 1);
    assert_eq!(files[0]["key"], "visits + notes.csv", "the key is as it is in the bucket");
    assert_eq!((&files[0]["bytes"], &files[0]["event"]), (&5.into(), &"ObjectCreated:Put".into()));
    emulators.by_hand(&["await_mail", "hipaa", "visits + notes.csv"]);

    emulators.by_hand(&["replay_last_event", "hipaa", "visits + notes.csv"]);
    assert_eq!(recorded(&emulators), files, "a replay changes nothing");

    emulators.by_hand(&["delete_object", "hipaa", "visits + notes.csv"]);
    let files = await_files(&emulators, 2);
    assert_eq!(files[1]["event"], "ObjectRemoved:DeleteMarkerCreated");

    let before = emulators.snapshot();
    let again = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!((&again["created"], &again["changed"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    assert_eq!(emulators.snapshot(), before, "a second apply changes nothing");

    let shown = run(emulators.sce().args(["data", "ls", "hipaa", "--table"])).with_status(0);
    assert!(shown.stdout.ends_with("2 entries in the table of files\n"), "{}", shown.stdout);

    // More than the megabyte that DynamoDB gives a page, in every type it has.
    emulators.by_hand(&["fill_file_table", "hipaa"]);
    let items = emulators.reader(&["do", "items_of_file_table", "hipaa"]).with_status(0).json();
    let archive = folder.path().join("archive");
    let closed =
        run(emulators.sce().args(["close-out", "hipaa", "--json", "--archive"]).arg(&archive)).with_status(0).json();
    assert_eq!((&closed["left"], &closed["foreign"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
    let lines = archived_table(&emulators, folder.path(), &archive);
    assert_eq!(lines.len(), 2 + 8);
    assert_eq!(by_key(lines), by_key(items.as_array().unwrap().clone()), "the archive has what boto3 read");
    let document =
        closed["documents"].as_array().unwrap().iter().find(|one| one["object"] == "file-table.jsonl").unwrap();
    let restored = folder.path().join("restored/@documents/file-table.jsonl");
    let digest = emulators.reader(&["do", "sha256_of", restored.to_str().unwrap()]).with_status(0);
    assert_eq!(document["sha256"], digest.stdout.trim());
}

#[test]
fn what_the_function_cannot_deal_with_is_kept_as_a_dead_letter() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", ""))).with_status(0);
    emulators.by_hand(&["send_bad_event", "hipaa"]);
    emulators.by_hand(&["await_dead_letter", "hipaa", "aws:s3"]);
    assert_eq!(recorded(&emulators), Vec::<Value>::new());
}

#[test]
fn changes_by_hand_are_seen_told_by_the_rules_and_put_right() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    let by_hand = [
        "switch_off_recovery",
        "open_queue",
        "change_function_settings",
        "let_another_account_call_function",
        "tell_function_less",
    ];
    for change in by_hand {
        emulators.by_hand(&[change, "hipaa"]);
    }
    let changed = ["file-table", "queue", "file-table-function", "file-table-permission", "file-table-notification"];
    let verified = run(emulators.sce().arg("verify").arg(&spec).arg("--json")).with_status(1).json();
    let nodes = verified["nodes"].as_array().unwrap().iter();
    let different: Vec<&str> =
        nodes.filter(|node| node["seen"] == "different").filter_map(|node| node["node"].as_str()).collect();
    assert_eq!(different, changed);

    let live = run(emulators.sce().arg("check").arg(&spec).args(["--live", "--json"])).with_status(1).json();
    let open = |rule: &str, resource: &str| {
        let findings = live["findings"].as_array().unwrap().iter();
        findings.filter(|one| one["rule"] == rule && one["resource"] == resource && one["status"] == "broken").count()
    };
    for (rule, resource) in [
        ("file-table-can-be-restored", "file-table"),
        ("ancillary-requires-tls", "queue"),
        ("ancillary-stays-in-the-account", "queue"),
        ("ancillary-stays-in-the-account", "file-table-permission"),
        ("file-table-records-every-file", "file-table-function"),
    ] {
        assert_eq!(open(rule, resource), 1, "{rule} {resource}: {:#}", live["findings"]);
    }

    let applied = run(emulators.sce().arg("apply").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(applied["changed"], serde_json::json!(changed));
    run(emulators.sce().arg("verify").arg(&spec)).with_status(0);
    checked_by_reader(&emulators, folder.path(), &spec);
}

#[test]
fn one_environments_end_leaves_the_others_table_and_function() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let specs = ["omop", "omop-2"].map(|pit| spec(folder.path(), pit, NOTIFY));
    for spec in &specs {
        run(emulators.sce().arg("apply").arg(spec)).with_status(0);
    }
    let other = emulators.traces("omop-2");
    for kind in ["dynamodb-table", "queue", "topic", "function", "log-group /aws/lambda/"] {
        assert!(other.iter().any(|line| line.starts_with(kind)), "{kind}: {other:?}");
    }
    let archive = folder.path().join("archive");
    run(emulators.sce().args(["close-out", "omop", "--archive"]).arg(&archive)).with_status(0);
    assert_eq!(emulators.traces("omop"), ["kms-key PendingDeletion"]);
    assert_eq!(emulators.traces("omop-2"), other, "the other environment is as it was");
    run(emulators.sce().arg("verify").arg(&specs[1])).with_status(0);
}

#[test]
fn without_a_table_there_is_nothing_of_it_and_asking_for_it_says_so() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "[ancillary]\nfile_table = false\n");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    let traces = emulators.traces("hipaa");
    assert!(
        !traces.iter().any(|line| line.starts_with("dynamodb-table") || line.starts_with("function")),
        "{traces:?}"
    );
    let refused = run(emulators.sce().args(["data", "ls", "hipaa", "--table"])).with_status(2);
    assert!(refused.stderr.contains("`hipaa` has no table of files"), "{}", refused.stderr);
}

fn checked_by_reader(emulators: &Emulators, folder: &Path, spec: &Path) {
    let plan = run(emulators.sce().arg("plan").arg(spec).arg("--json")).with_status(0);
    let path = folder.join("plan.json");
    fs::write(&path, &plan.stdout).expect("the test has it");
    let checked = emulators.reader(&["check", path.to_str().expect("the test has it")]);
    assert_eq!((checked.stdout.trim(), checked.status), ("", 0), "{}", checked.stderr);
}

/// What the table says, by `sce data ls --table`.
fn recorded(emulators: &Emulators) -> Vec<Value> {
    let listed = run(emulators.sce().args(["data", "ls", "hipaa", "--table", "--json"])).with_status(0).json();
    listed["files"].as_array().expect("the test has it").clone()
}

/// The table once it has so many entries; half a minute at most.
fn await_files(emulators: &Emulators, count: usize) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let files = recorded(emulators);
        if files.len() >= count || begun.elapsed() > Duration::from_secs(30) {
            assert_eq!(files.len(), count, "{files:?}");
            return files;
        }
        sleep(Duration::from_millis(200));
    }
}

/// Items in DynamoDB's own JSON, in the order of their keys.
fn by_key(mut items: Vec<Value>) -> Vec<Value> {
    items.sort_by_key(|item| (item["key"]["S"].to_string(), item["version"]["S"].to_string()));
    items
}

/// The table as the archive keeps it, opened with the custodian's key.
fn archived_table(emulators: &Emulators, folder: &Path, archive: &Path) -> Vec<Value> {
    let restored = folder.join("restored");
    let mut restore = emulators.sce();
    restore.args(["archive", "restore"]).arg(archive).arg("--to").arg(&restored);
    run(restore.arg("--identity").arg(folder.join("archive.identity"))).with_status(0);
    let lines = fs::read_to_string(restored.join("@documents").join("file-table.jsonl")).expect("the test has it");
    lines.lines().map(|line| serde_json::from_str(line).expect("the test has it")).collect()
}
