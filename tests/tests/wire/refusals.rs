//! What goes wrong, and what a person is told: exit status, message, what was left behind.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use sce_tests::{Emulators, run, sce, spec};

#[test]
fn without_an_endpoint_or_an_account_nothing_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    let refused = run(sce().arg("apply").arg(&spec)).with_status(2);
    assert!(refused.stderr.contains("--real-account"), "{}", refused.stderr);
    let elsewhere =
        run(sce().args(["--endpoint-url", "https://ec2.us-west-2.amazonaws.com", "apply"]).arg(&spec)).with_status(2);
    assert!(elsewhere.stderr.contains("not on this machine"), "{}", elsewhere.stderr);
    let both =
        run(sce().args(["--endpoint-url", "http://127.0.0.1:9", "--real-account", "111122223333", "apply"]).arg(&spec));
    assert_eq!(both.with_status(2).stdout, "");
}

#[test]
fn an_endpoint_where_nobody_answers_is_a_failure_of_the_cloud() {
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    // A port that was free a moment ago: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let failed = run(sce().args(["--endpoint-url", &url, "apply"]).arg(&spec)).with_status(3);
    assert!(failed.stderr.contains("reached nobody"), "{}", failed.stderr);
    assert!(failed.stderr.contains("help:"), "{}", failed.stderr);
}

#[test]
fn credentials_that_open_nothing_are_told_with_awss_own_code() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    // Our dummy keys are nobody.
    emulators.enforce_iam();
    let denied = run(emulators.sce().arg("apply").arg(&spec)).with_status(3);
    assert!(denied.stderr.contains("was denied"), "{}", denied.stderr);
    assert!(denied.stderr.contains("check the credentials"), "{}", denied.stderr);
}

#[test]
fn a_bad_spec_is_refused_with_file_line_and_help() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.toml");
    fs::write(&path, "pit = \"hipaa\"\nregoin = \"us-west-2\"\n").unwrap();
    for command in ["plan", "check", "apply", "cost"] {
        let refused = run(sce().arg(command).arg(&path)).with_status(2);
        assert!(refused.stderr.contains("bad.toml:2"), "{}", refused.stderr);
        assert!(refused.stderr.contains("did you mean `region`?"), "{}", refused.stderr);
        assert_eq!(refused.stdout, "");
    }
}

#[test]
fn a_network_that_overlaps_one_taken_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let rest = "[network]\ncidr = \"10.0.0.0/16\"\ntaken = [{ name = \"campus\", cidr = \"10.0.0.0/8\" }]\n";
    let refused = run(sce().arg("plan").arg(spec(folder.path(), "hipaa", rest))).with_status(2);
    assert!(refused.stderr.contains("taken by `campus`"), "{}", refused.stderr);
}

#[test]
fn findings_stop_a_plan_before_anything_is_sent() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hipaa.toml");
    fs::write(&path, "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n").unwrap();
    let refused = run(emulators.sce().arg("apply").arg(&path)).with_status(1);
    assert!(refused.stderr.contains("high") || refused.stdout.contains("high"), "{refused:?}");
    assert_eq!(emulators.traces("hipaa").len(), 0);
}

#[test]
fn a_bucket_that_somebody_else_has_is_not_taken_over() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    emulators.by_hand(&["take_bucket", "hipaa-data-123456789012-us-west-2"]);
    let refused = run(emulators.sce().arg("apply").arg(&spec)).with_status(3);
    assert!(refused.stderr.contains("is not this environment's `bucket-data`"), "{}", refused.stderr);
    assert!(refused.stderr.contains("vpc"), "what was left behind is told: {}", refused.stderr);
    let archive = folder.path().join("archive");
    let closed =
        run(emulators.sce().args(["close-out", "hipaa", "--json", "--archive"]).arg(&archive)).with_status(0).json();
    assert_eq!(closed["foreign"].as_array().unwrap().len(), 1, "the bucket is reported, not deleted: {closed:#}");
}

#[test]
fn an_account_that_dies_half_way_is_told_with_what_is_there() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", "");
    let mut apply = emulators.sce();
    let mut apply = apply.arg("apply").arg(&spec).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = String::new();
    for line in BufReader::new(apply.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        // The VPC is a good third of the way.
        if line.starts_with("created vpc") {
            assert!(Command::new("kill").args(["-9", &emulators.control_pid]).status().unwrap().success());
        }
        told += &format!("{line}\n");
    }
    assert_eq!(apply.wait().unwrap().code(), Some(3), "{told}");
    assert!(told.contains("vpc") && told.contains("left behind"), "what is there is told: {told}");
    assert!(!told.contains("panicked"), "{told}");
}

#[test]
fn an_environment_nobody_built_is_told_with_those_that_are() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", ""))).with_status(0);
    let unknown = run(emulators.sce().args(["status", "hipa"])).with_status(2);
    assert!(unknown.stderr.contains("no environment `hipa`"), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("hipaa"), "{}", unknown.stderr);
}
