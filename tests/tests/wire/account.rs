//! What is account-wide: made once, adopted where somebody has it, shared by environments and outliving them.

use std::process::Command;

use sce_tests::{Emulators, Ran, run, spec};
use serde_json::{Value, json};

const TRAIL: &str = "sce_account_trail";

#[test]
fn a_fresh_account_is_seen_to_once() {
    let emulators = Emulators::start();
    let status = account(&emulators, &["status", "--json"]).with_status(1).json();
    assert_eq!(found(&status, "trail-covers-all-regions")[0]["status"], "broken", "{status:#}");
    // No emulator has AWS Artifact, and what cannot be asked is not made up.
    assert_eq!(status["addendum"]["evidence"], "declared", "{status:#}");

    let first = account(&emulators, &["apply", "--json", "--guardduty"]).with_status(0).json();
    assert_eq!((&first["verified"], &first["adopted"]), (&json!(true), &json!([])), "{first:#}");
    assert!(open(&first).is_empty(), "{first:#}");
    let billed = first["billed"]["prices"].as_array().unwrap();
    let guardduty = billed.iter().find(|price| price["item"] == "guardduty-management-events").unwrap();
    assert_eq!((&guardduty["unit"], guardduty["unit_price"].as_f64()), (&json!("1M events"), Some(4.0)), "{first:#}");
    let by_hand = first["by_hand"].to_string();
    assert!(by_hand.contains("aws cloudtrail stop-logging --name sce_account_trail"), "{by_hand}");
    assert!(by_hand.contains("delete-public-access-block --account-id 123456789012"), "{by_hand}");
    // An independent reader finds each thing as the plan in the registry says.
    let checked = emulators.reader(&["check-account"]);
    assert_eq!((checked.status, checked.stdout.trim()), (0, ""), "{}", checked.stderr);

    let before = snapshot(&emulators);
    let second = account(&emulators, &["apply", "--json", "--guardduty"]).with_status(0).json();
    assert_eq!((&second["created"], &second["changed"]), (&json!([]), &json!([])), "{second:#}");
    assert_eq!(second["by_hand"], json!([]));
    assert_eq!(snapshot(&emulators), before);
    let told = account(&emulators, &["status", "--guardduty"]).with_status(0);
    assert!(told.stdout.contains("GuardDuty, management events 4.00 per 1M events"), "{}", told.stdout);
}

#[test]
fn what_the_organisation_has_is_adopted_and_not_changed() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    emulators.by_hand(&["add_foreign_trail", "org"]);
    emulators.by_hand(&["add_foreign_recorder", "org"]);
    let before = snapshot(&emulators);

    let applied = account(&emulators, &["apply", "--json"]).with_status(0).json();
    assert_eq!(applied["adopted"], json!(["trail org", "config-recorder org"]), "{applied:#}");
    assert_eq!(found(&applied, "trail-validates-its-files")[0]["status"], "kept");
    let after = snapshot(&emulators);
    for theirs in ["trails", "recorders", "channels", "recording", "filters", "alarms", "bucket"] {
        assert_eq!(after[theirs], before[theirs], "{theirs}");
    }
    assert_eq!((&after["ebs"], &after["passwords"]["MinimumPasswordLength"]), (&json!(true), &json!(14)));

    // An environment changes nothing of theirs, and is told what to ask for.
    let spec = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    assert_eq!(snapshot(&emulators)["trails"], before["trails"]);
    let checked = run(emulators.sce().args(["check", "--live", "--json"]).arg(&spec)).json();
    let missing = &found(&checked, "data-events-of-stores-are-recorded")[0];
    assert_eq!(missing["status"], "broken");
    let selector = r#"{"Field":"resources.ARN","StartsWith":["arn:aws:s3:::hipaa-data-123456789012-us-west-2/"]}"#;
    assert!(missing["message"].as_str().unwrap().contains(selector), "{missing:#}");
}

#[test]
fn environments_add_and_remove_their_own_data_events_only() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    account(&emulators, &["apply"]).with_status(0);
    emulators.by_hand(&["add_selector", TRAIL, "theirs", "arn:aws:s3:::theirs/"]);
    let before = snapshot(&emulators);

    // Both at once: each reads, changes and writes the same list.
    let started = ["omop", "omop-2"].map(|pit| {
        let mut command = emulators.sce();
        command.arg("apply").arg(spec(folder.path(), pit, ""));
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    });
    for process in started {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut names = selectors(&emulators);
    names.sort();
    assert_eq!(names, ["management events", "sce omop", "sce omop-2", "theirs"]);
    let recorded =
        run(emulators.sce().args(["check", "--live", "--all", "--json"]).arg(folder.path().join("omop.toml")));
    let recorded = found(&recorded.json(), "data-events-of-stores-are-recorded");
    assert!(recorded.len() == 2 && recorded.iter().all(|one| one["status"] == "kept"), "{recorded:#?}");
    // What is account-wide is nobody's trace, and seeing to it again leaves the environments' selectors.
    let again = account(&emulators, &["apply", "--json"]).with_status(0).json();
    assert_eq!((&again["created"], &again["changed"]), (&json!([]), &json!([])), "{again:#}");

    let close = |pit: &str| {
        let archive = folder.path().join(format!("archive-{pit}"));
        let mut command = emulators.sce();
        command.args(["close-out", pit, "--json", "--archive"]).arg(&archive);
        let closed = run(&mut command).with_status(0).json();
        assert_eq!((&closed["left"], &closed["foreign"]), (&json!([]), &json!([])), "{closed:#}");
        assert!(closed["deleted"].as_array().unwrap().contains(&json!("data-events")), "{closed:#}");
    };
    close("omop");
    let mut names = selectors(&emulators);
    names.sort();
    assert_eq!(names, ["management events", "sce omop-2", "theirs"]);
    close("omop-2");
    assert_eq!(snapshot(&emulators), before, "the account is as it was");
}

#[test]
fn what_is_stricter_stays_and_what_was_switched_off_is_mended() {
    let emulators = Emulators::start();
    emulators.by_hand(&["set_password_length", "20"]);
    account(&emulators, &["apply"]).with_status(0);
    let passwords = &snapshot(&emulators)["passwords"];
    assert_eq!((&passwords["MinimumPasswordLength"], &passwords["MaxPasswordAge"]), (&json!(20), &json!(90)));
    assert_eq!(passwords["RequireSymbols"], true, "what was looser is tightened");

    emulators.by_hand(&["stop_trail", TRAIL]);
    let status = account(&emulators, &["status", "--json"]).with_status(1).json();
    assert_eq!(found(&status, "trail-is-logging")[0]["status"], "broken", "{status:#}");
    let mended = account(&emulators, &["apply", "--json"]).with_status(0).json();
    assert_eq!((&mended["created"], &mended["changed"]), (&json!([]), &json!(["account-trail"])), "{mended:#}");
}

#[test]
fn what_may_not_be_read_is_unknown_and_nothing_is_made_beside_it() {
    let emulators = Emulators::start();
    account(&emulators, &["apply"]).with_status(0);
    // CloudTrail alone is where our dummy keys are nobody's.
    let shut = Emulators::start();
    let url = format!("{}/moto-api/reset-auth", shut.control);
    let python =
        "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], b'0', {'Content-Type': 'text/plain'}))";
    assert!(Command::new("python3").args(["-c", python, &url]).status().unwrap().success());
    let denied = |arguments: &[&str]| {
        let mut command = emulators.sce();
        command.env("AWS_ENDPOINT_URL_CLOUDTRAIL", &shut.control);
        run(command.arg("account").args(arguments).args(["--region", "us-west-2"]))
    };
    let status = denied(&["status", "--json"]).with_status(1).json();
    for rule in ["trail-covers-all-regions", "trail-is-encrypted", "trail-is-logging", "trail-validates-its-files"] {
        let findings = found(&status, rule);
        assert!(!findings.is_empty() && findings.iter().all(|one| one["status"] == "unknown"), "{rule}: {findings:#?}");
    }
    assert_eq!(found(&status, "config-records-everything")[0]["status"], "kept", "the rest is read all the same");
    let before = snapshot(&emulators);
    let refused = denied(&["apply"]).with_status(3);
    assert!(refused.stderr.contains("DescribeTrails for `account-trail` was denied"), "{}", refused.stderr);
    assert!(refused.stderr.contains("check the credentials"), "{}", refused.stderr);
    assert_eq!(snapshot(&emulators), before);
}

#[test]
fn neither_a_spec_nor_a_region_is_a_slip() {
    let refused = run(sce_tests::sce().args(["account", "apply"])).with_status(2);
    assert!(refused.stderr.contains("--region"), "{}", refused.stderr);
    let slip = run(sce_tests::sce().args(["account", "status", "--region", "us-west-2", "--notify", "topic"]));
    assert!(slip.with_status(2).stderr.contains("`topic` is no ARN"));
    let nobody = run(sce_tests::sce().args(["account", "status", "--region", "us-west-2"])).with_status(2);
    assert!(nobody.stderr.contains("--real-account"), "{}", nobody.stderr);
}

fn account(emulators: &Emulators, arguments: &[&str]) -> Ran {
    run(emulators.sce().arg("account").args(arguments).args(["--region", "us-west-2"]))
}

/// What is account-wide, by the independent reader.
fn snapshot(emulators: &Emulators) -> Value {
    let ran = emulators.reader(&["account"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    ran.json()
}

fn selectors(emulators: &Emulators) -> Vec<String> {
    let selectors = snapshot(emulators)["trails"][0]["selectors"].clone();
    selectors.as_array().expect("a list").iter().map(|one| one["Name"].as_str().expect("a name").to_owned()).collect()
}

fn found(document: &Value, rule: &str) -> Vec<Value> {
    let findings = document["findings"].as_array().expect("a list");
    findings.iter().filter(|finding| finding["rule"] == rule).cloned().collect()
}

fn open(document: &Value) -> Vec<Value> {
    let is_open = |finding: &&Value| finding["status"] == "broken" || finding["status"] == "unknown";
    document["findings"].as_array().expect("a list").iter().filter(is_open).cloned().collect()
}
