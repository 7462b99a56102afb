//! What an end is refused for, what its archive holds and where it may lie.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use sce_tests::proxy::{Fault, Proxy, Rule};
use sce_tests::{Emulators, Ran, root, run, signalled, signalled_when, spec};
use serde_json::Value;

const MACHINE: &str = "[compute.private]\ntype = \"m7i.large\"\n";

#[test]
fn an_end_waits_for_holds_machines_and_those_who_still_write() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", MACHINE))).with_status(0);
    put(&emulators, folder.path(), "visits.csv");
    let before = emulators.traces("hipaa");
    let close_out = |archive: &str, more: &[&str]| {
        let mut sce = emulators.sce();
        run(sce.args(["close-out", "hipaa", "--archive"]).arg(folder.path().join(archive)).args(more))
    };

    run(emulators.sce().args(["hold", "hipaa", "--reason", "Doe v. Hospital"])).with_status(0);
    let held = close_out("a", &["--while-machines-run"]).with_status(1);
    assert!(
        held.stderr.contains("under a legal hold") && held.stderr.contains("`Doe v. Hospital` by arn:"),
        "{held:?}"
    );
    let status = run(emulators.sce().args(["status", "hipaa", "--json"])).with_status(0).json();
    assert_eq!(status["holds"][0]["reason"], "Doe v. Hospital");
    let released = run(emulators.sce().args(["hold", "hipaa", "--release", "--reason", "settled", "--json"]))
        .with_status(0)
        .json();
    assert_eq!(released["holds"][0]["released"]["reason"], "settled", "{released}");

    let running = close_out("a", &[]).with_status(1);
    assert!(
        running.stderr.contains("machines of `hipaa` run") && running.stderr.contains("`instance-private` (i-"),
        "{running:?}"
    );
    assert_eq!(emulators.traces("hipaa"), before, "a refused end deletes nothing");
    assert!(!folder.path().join("a").exists());

    run(emulators.sce().args(["stop", "hipaa"])).with_status(0);
    let mut first = emulators.sce();
    first.args(["close-out", "hipaa", "--archive"]).arg(folder.path().join("a"));
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(first.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("deleted ")), "it begins to delete");
    first.kill().unwrap();
    first.wait().unwrap();
    // S3 tells times in whole seconds.
    std::thread::sleep(Duration::from_millis(1100));
    emulators.by_hand(&["put_plain", "hipaa-data-123456789012-us-west-2", "late.csv", "4,5,6"]);
    let newer = close_out("a", &["--take-over"]).with_status(1);
    let told = "1 versions of objects in `hipaa-data-123456789012-us-west-2` are newer than the last archive";
    assert!(newer.stderr.contains(told), "{newer:?}");
    let closed = close_out("b", &["--take-over", "--archive-again", "--json"]).with_status(0).json();
    let archived = closed["archived"].as_array().unwrap().iter().filter_map(|one| one["object"].as_str());
    assert!(archived.clone().any(|object| object.ends_with("/late.csv")), "{closed:#}");
    assert!(archived.clone().any(|object| object.ends_with("/visits.csv")), "{closed:#}");
    assert_eq!(closed["archives"].as_array().unwrap().len(), 2, "both are to be kept: {closed:#}");
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
}

#[test]
fn an_archive_holds_all_records_and_logs_signed_with_the_key_given() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", ""))).with_status(0);
    put(&emulators, folder.path(), "visits.csv");
    run(emulators.sce().args(["hold", "hipaa", "--reason", "audit"])).with_status(0);
    run(emulators.sce().args(["hold", "hipaa", "--reason", "done", "--release", "1"])).with_status(0);
    emulators.by_hand(&["put_log_event", "hipaa_loggroup", "eni-1", "2 123456789012 eni-1 ACCEPT"]);

    let archive = folder.path().join("archive");
    let mut close_out = emulators.sce();
    close_out.args(["close-out", "hipaa", "--json", "--dangerously-plain", "--archive"]).arg(&archive);
    let closed = run(&mut close_out).with_status(0).json();
    let signer = closed["signed_by"]["fingerprint"].as_str().unwrap();
    let seen = run(emulators.python(&root().join("tests/verify_archive.py")).arg(&archive)).with_status(0);
    let mut seen: Vec<&str> = seen.stdout.lines().collect();
    assert_eq!(seen.pop(), Some(signer), "an independent reader finds the same key");
    let told: BTreeSet<&str> =
        closed["documents"].as_array().unwrap().iter().filter_map(|one| one["object"].as_str()).collect();
    assert_eq!(told, seen.iter().copied().collect());
    for name in
        ["spec.json", "lock.json", "plan.json", "findings.json", "proofs.json", "holds.json", "file-table.jsonl"]
    {
        assert!(told.contains(name), "{name} in {told:?}");
    }
    for beginning in ["journal-", "plan-", "logs-"] {
        assert!(told.iter().any(|name| name.starts_with(beginning)), "{beginning} in {told:?}");
    }
    let logs: String = told
        .iter()
        .filter(|name| name.starts_with("logs-"))
        .map(|name| fs::read_to_string(archive.join("documents").join(name)).unwrap())
        .collect();
    assert!(logs.contains("\"message\":\"2 123456789012 eni-1 ACCEPT\""), "{logs}");

    let verify = |key: &str| run(emulators.sce().args(["archive", "verify"]).arg(&archive).args(["--key", key]));
    verify(signer).with_status(0);
    verify("SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").with_status(1);
    // The certificate that the registry keeps tells the key again.
    let status = run(emulators.sce().args(["status", "hipaa", "--json"])).with_status(0).json();
    assert_eq!(status["closed"]["signed_by"]["fingerprint"], signer);
}

#[test]
fn an_archive_in_a_bucket_is_locked_under_another_key_and_outlives_the_environments() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", ""))).with_status(0);
    put(&emulators, folder.path(), "visits.csv");
    // More than a part, so that it goes up in two.
    let large = folder.path().join("large.bin");
    fs::write(&large, (0..9_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<u8>>())
        .unwrap();
    run(emulators.sce().args(["data", "put"]).arg(&large).arg("hipaa")).with_status(0);
    let make = |arguments: &[&str]| {
        let made = emulators.reader(&[&["do", "make_vault"], arguments].concat()).with_status(0);
        made.stdout.trim().to_owned()
    };
    let key = make(&["archives-2026"]);
    make(&["archives-open", "lock", "block"]);
    let before = emulators.traces("hipaa");
    let close_out = |dest: &str, key: &str, more: &[&str]| {
        let vault = ["--retain-days", "30", "--kms-key", key];
        run(emulators.sce().args(["close-out", "hipaa", "--json", "--archive", dest]).args(vault).args(more))
    };
    let own = run(emulators.sce().args(["status", "hipaa", "--json"])).with_status(0).json();
    let things = own["things"].as_array().unwrap();
    let own_key = things.iter().find(|thing| thing["node"] == "key").unwrap()["id"].as_str().unwrap();
    let own_key = format!("arn:aws:kms:us-west-2:123456789012:key/{}", own_key.rsplit('/').next().unwrap());
    let refused = |ran: Ran, why: &str| {
        assert!(ran.status == 2 && ran.stderr.contains(why), "{why}: {ran:?}");
    };
    refused(close_out("s3://hipaa-output-123456789012-us-west-2/x", &key, &[]), "goes with the environment");
    refused(close_out("s3://sce-registry-123456789012-us-west-2/x", &key, &[]), "or is the registry");
    refused(close_out("s3://archives-nowhere/x", &key, &[]), "is not there");
    refused(close_out("s3://archives-2026/x", &own_key, &[]), "the key goes with the environment");
    let open = close_out("s3://archives-open/x", &key, &[]);
    refused(open, "the bucket has no Object Lock; the bucket may be made public");
    refused(close_out("s3://archives-2026/x", &key, &["--dangerously-plain"]), "is encrypted with a KMS key");
    refused(
        run(emulators.sce().args(["close-out", "hipaa", "--archive", "s3://archives-2026/x"])),
        "needs `--retain-days DAYS`",
    );
    assert_eq!(emulators.traces("hipaa"), before, "a refused end deletes nothing");

    let closed = close_out("s3://archives-2026/studies/hipaa", &key, &[]).with_status(0).json();
    assert_eq!(closed["manifest"], "s3://archives-2026/studies/hipaa/manifest.json");
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"], "the archive is readable without that key");
    let objects = emulators.reader(&["do", "vault", "archives-2026", "studies/hipaa", &key]).with_status(0).stdout;
    assert!(objects.contains("objects/000001 ") && objects.contains("manifest.json.sig "), "{objects}");

    let place = ["s3://archives-2026/studies/hipaa", "--region", "us-west-2"];
    let signer = closed["signed_by"]["fingerprint"].as_str().unwrap();
    let mut verify = emulators.sce();
    let verified = run(verify.args(["archive", "verify", "--json", "--key", signer]).args(place)).with_status(0).json();
    assert!(verified["locked_until"].is_string() && verified["signer_pinned"] == true, "{verified}");
    let restored = folder.path().join("restored");
    run(emulators.sce().args(["archive", "restore"]).args(place).arg("--to").arg(&restored)).with_status(0);
    let back = fs::read(restored.join("hipaa-data-123456789012-us-west-2/large.bin")).unwrap();
    assert!(back == fs::read(&large).unwrap(), "what was archived is what was put in");
    // A lock keeps versions, and lets newer ones in: that shows.
    emulators.by_hand(&["put_plain", "archives-2026", "studies/hipaa/objects/000001", "forged"]);
    let forged = run(emulators.sce().args(["archive", "verify"]).args(place)).with_status(1);
    assert!(forged.stdout.contains("`objects/000001` is"), "{forged:?}");
}

#[test]
fn copies_leftovers_and_locks_are_dealt_with_and_the_rest_is_told() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let machine = format!("{MACHINE}data_volume_gib = 100\n");
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", &machine))).with_status(0);
    run(emulators.sce().args(["stop", "hipaa"])).with_status(0);
    put(&emulators, folder.path(), "visits.csv");
    let bucket = "hipaa-data-123456789012-us-west-2";
    let copies = emulators.reader(&["do", "copy_volume", "hipaa"]).with_status(0).stdout;
    emulators.by_hand(&["leave_interface", "hipaa", "instance-private"]);
    emulators.by_hand(&["make_orphans", "hipaa"]);
    emulators.by_hand(&["lock_object", bucket, "visits.csv"]);
    let archive = folder.path().join("archive");
    let page = folder.path().join("page.html");
    let close_out = |more: &[&str]| {
        let mut sce = emulators.sce();
        run(sce.args(["close-out", "hipaa", "--json", "--archive"]).arg(&archive).args(more))
    };

    let refused = close_out(&[]).with_status(1);
    for copy in copies.lines() {
        assert!(refused.stderr.contains(&format!("`{copy}`")), "{copy} holds what no archive does: {}", refused.stderr);
    }
    let discard = "--dangerously-discard-unarchived";
    let left = close_out(&[discard]).with_status(1).json();
    let of = |closed: &Value, field: &str| -> Vec<String> {
        let told = closed[field].as_array().unwrap().iter();
        told.map(|one| one["resource"].as_str().or(one.as_str()).unwrap().to_owned()).collect()
    };
    let kept = of(&left, "left");
    assert!(kept[0] == format!("bucket-data {bucket}") && kept.iter().any(|one| one.starts_with("key ")), "{left:#}");
    let deleted = of(&left, "deleted");
    for copy in copies.lines() {
        assert!(deleted.contains(&format!("copy {copy}")), "{copy} in {deleted:?}");
    }
    assert!(deleted.iter().any(|one| one.starts_with("network-interface eni-")), "{deleted:?}");
    assert!(deleted.iter().any(|one| one == "nat-gateway"), "what the bucket does not need goes: {deleted:?}");

    let closed = close_out(&[discard, "--dangerously-bypass-governance", "--page", page.to_str().unwrap()])
        .with_status(0)
        .json();
    let foreign = of(&closed, "foreign");
    assert_eq!(foreign.len(), 2, "{foreign:?}");
    assert!(foreign[0].starts_with("alarm hipaa_orphan") && foreign[1].starts_with("kms-key "), "{foreign:?}");
    assert_eq!(
        emulators.traces("hipaa"),
        ["kms-key Enabled", "kms-key PendingDeletion"],
        "the orphan is nobody's to delete"
    );

    let page = fs::read_to_string(page).unwrap();
    let until = closed["pending"][0]["until"].as_str().unwrap();
    for told in [
        "Nothing of the environment is left but",
        until,
        closed["manifest_head"].as_str().unwrap(),
        "alarm hipaa_orphan",
    ] {
        assert!(page.contains(told), "{told} in {page}");
    }
    // The second run had no key to sign with: nothing is taken for signed that is not.
    assert!(!archive.join("certificate.json.sig").exists() && archive.join("certificate.html").exists());
    run(emulators.sce().args(["archive", "verify"]).arg(&archive)).with_status(0);
}

#[test]
fn an_image_of_the_machine_goes_with_its_snapshots_and_one_that_only_says_so_stays() {
    let emulators = Emulators::start();
    let proxy = Proxy::before(&emulators);
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", MACHINE))).with_status(0);
    let made = emulators.reader(&["do", "make_image", "hipaa"]).with_status(0).stdout;
    let made: Vec<Vec<&str>> = made.lines().map(|line| line.split(' ').collect()).collect();
    let [image, snapshot, _, volume] = made[0][..] else { panic!("{made:?}") };
    let [other, others_snapshot, ..] = made[1][..] else { panic!("{made:?}") };
    run(emulators.sce().args(["stop", "hipaa"])).with_status(0);
    // moto makes the snapshots of images of volumes of its own: AWS tells the machine's.
    let snapshots = format!(
        "<DescribeSnapshotsResponse><requestId>r</requestId><snapshotSet><item><snapshotId>{snapshot}</snapshotId>\
         <volumeId>{volume}</volumeId></item></snapshotSet></DescribeSnapshotsResponse>"
    );
    let close_out = |more: &[&str]| {
        proxy.rule([Rule::first("ec2:DescribeSnapshots", 1, Fault::Says(snapshots.clone()))]);
        let mut sce = proxy.sce(&emulators);
        sce.args(["close-out", "hipaa", "--json", "--archive"]).arg(folder.path().join("archive")).args(more);
        proxy.run(&mut sce)
    };
    let refused = close_out(&[]).with_status(1).stderr;
    assert!(refused.contains(&format!("`{image}`, `{snapshot}`")) && !refused.contains(other), "{refused}");
    let closed = close_out(&["--dangerously-discard-unarchived"]).with_status(0).json();
    let deleted: Vec<&str> = closed["deleted"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let place = |id: &str| deleted.iter().position(|one| *one == format!("copy {id}")).unwrap();
    // AWS refuses to delete the snapshot of an image that is there, and so does moto.
    assert!(place(image) < place(snapshot), "{deleted:?}");
    let foreign: Vec<&str> =
        closed["foreign"].as_array().unwrap().iter().filter_map(|one| one["resource"].as_str()).collect();
    assert_eq!(foreign, [format!("image {other}"), format!("snapshot {others_snapshot}")], "a tag alone is no proof");
}

#[test]
fn what_stands_in_the_network_and_is_nobodys_is_named_where_it_keeps_the_vpc() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", ""))).with_status(0);
    emulators.by_hand(&["add_foreign_subnet", "hipaa", "10.0.9.0/24"]);
    let archive = folder.path().join("archive");
    let mut close_out = emulators.sce();
    let closed = run(close_out.args(["close-out", "hipaa", "--json", "--archive"]).arg(&archive));
    let place = |what: &str| closed.stderr.find(what).unwrap_or_else(|| panic!("no `{what}`: {closed:?}"));
    assert!(place("not ours: subnet subnet-") < place("deleted "), "it is told while everything is there: {closed:?}");
    let document = closed.json();
    let left = document["left"].as_array().unwrap();
    assert!(
        closed.status == 1 && left.iter().any(|one| one["resource"].as_str().unwrap().starts_with("vpc ")),
        "{document:#}"
    );
    let foreign = document["foreign"].as_array().unwrap();
    let told = |one: &Value| {
        one["resource"].as_str().unwrap().starts_with("subnet ")
            && one["why"].as_str().unwrap().starts_with("stands in the environment's network")
    };
    assert_eq!(foreign.iter().filter(|one| told(one)).count(), 1, "{document:#}");
    // The certificate of an end that is not one says so, and is signed as well.
    let certificate = archive.join("certificate.json");
    run(emulators.sce().args(["archive", "verify"]).arg(&archive)).with_status(0);
    fs::write(&certificate, fs::read_to_string(&certificate).unwrap().replace("\"left\"", "\"was\"")).unwrap();
    let forged = run(emulators.sce().args(["archive", "verify"]).arg(&archive)).with_status(1);
    assert!(forged.stdout.contains("`certificate.json` is not what was written"), "{forged:?}");
}

#[test]
fn an_end_that_is_interrupted_says_how_far_it_got_and_goes_on() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", ""))).with_status(0);
    put(&emulators, folder.path(), "visits.csv");
    let before = emulators.traces("hipaa");
    let archive = folder.path().join("archive");
    // Slow enough to be met in the midst of it.
    let proxy = Proxy::before(&emulators);
    proxy.delay(Duration::from_millis(20));
    let close_out = || {
        let mut sce = proxy.sce(&emulators);
        sce.args(["close-out", "hipaa", "--archive"]).arg(&archive);
        sce
    };

    let archiving = || archive.join("documents/plan.json.age").exists();
    let told = signalled_when(&mut close_out(), archiving, "-INT").with_status(3).stderr;
    assert!(told.contains("stopping: what is in flight is finished"), "{told}");
    assert!(told.contains("error: close-out was interrupted; what was in flight was finished\n"), "{told}");
    assert!(
        told.contains("\narchived: not finished, so nothing was deleted\ndeleted: nothing\nleft behind: key, "),
        "{told}"
    );
    assert!(told.contains("help: run the same command again"), "{told}");
    assert_eq!(emulators.traces("hipaa"), before);
    assert!(archive.join("unfinished.json").exists() && !archive.join("manifest.json").exists());
    assert!(!folder.path().join("archive.identity").exists(), "a key that opens nothing is not left lying about");

    // The lease was given back, and the folder is its own.
    let told = signalled(&mut close_out(), "deleted nat-gateway", "-INT").with_status(3).stderr;
    let manifest = archive.join("manifest.json");
    assert!(told.contains(&format!("\narchived: everything, in `{}`\ndeleted: ", manifest.display())), "{told}");
    let line = |begins: &str| told.lines().find_map(|line| line.strip_prefix(begins)).unwrap();
    let (deleted, left) = (line("deleted: "), line("left behind: "));
    assert!(deleted.split(", ").any(|one| one == "nat-gateway") && left.split(", ").any(|one| one == "vpc"), "{told}");
    let (whole, now) = (before.len(), emulators.traces("hipaa").len());
    assert!(now < whole && now > 1, "{now} of {whole} are left");

    run(&mut close_out()).with_status(0);
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
    let mut verify = emulators.sce();
    let identity = folder.path().join("archive.identity");
    run(verify.args(["archive", "verify"]).arg(&archive).arg("--identity").arg(identity)).with_status(0);
}

#[test]
fn nothing_is_built_into_an_environment_whose_end_has_begun_unless_that_is_said() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", MACHINE);
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    let archive = folder.path().join("archive");
    let proxy = Proxy::before(&emulators);
    proxy.delay(Duration::from_millis(20));
    let mut ended = proxy.sce(&emulators);
    ended.args(["close-out", "hipaa", "--while-machines-run", "--archive"]).arg(&archive);
    signalled(&mut ended, "deleted nat-gateway", "-INT").with_status(3);
    let before = emulators.traces("hipaa");

    let refused = run(emulators.sce().arg("apply").arg(&spec)).with_status(2);
    let told = "`hipaa` is being closed out, since ";
    assert!(refused.stderr.contains(told) && refused.stderr.contains("say `--reopen`"), "{refused:?}");
    assert_eq!(emulators.traces("hipaa"), before, "a refused apply makes nothing");
    let status = run(emulators.sce().args(["status", "hipaa"])).with_status(0);
    assert!(status.stdout.contains("\nbeing closed out since "), "{status:?}");
    let list = run(emulators.sce().args(["status", "--json"])).with_status(0).json();
    assert_eq!(list["environments"][0]["state"], "ending", "{list:#}");

    run(emulators.sce().arg("apply").arg(&spec).arg("--reopen")).with_status(0);
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
    let status = run(emulators.sce().args(["status", "hipaa", "--json"])).with_status(0).json();
    assert_eq!(status["ending"], Value::Null, "{status:#}");

    // What apply puts into a store is nobody's work: it does not make the archive old. There is nothing else in the stores.
    let mut closing = emulators.sce();
    closing.args(["close-out", "hipaa", "--while-machines-run", "--archive"]).arg(folder.path().join("second"));
    run(&mut closing).with_status(0);
    // The next life has not begun to end.
    run(emulators.sce().arg("apply").arg(&spec)).with_status(0);
}

#[test]
fn an_end_that_is_killed_while_it_archives_begins_anew_in_the_same_folder() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    run(emulators.sce().arg("apply").arg(spec(folder.path(), "hipaa", ""))).with_status(0);
    put(&emulators, folder.path(), "visits.csv");
    let archive = folder.path().join("archive");
    let close_out = |pit: &str, more: &[&str]| {
        let mut sce = emulators.sce();
        sce.args(["close-out", pit, "--archive"]).arg(&archive).args(more);
        sce
    };
    let proxy = Proxy::before(&emulators);
    proxy.delay(Duration::from_millis(20));
    let mut slow = close_out("hipaa", &[]);
    proxy.point(&mut slow);
    let killed = signalled_when(&mut slow, || archive.join("objects/000001.age").exists(), "-KILL");
    assert_eq!(killed.status, -1, "{killed:?}");
    assert!(archive.join("unfinished.json").exists() && !archive.join("manifest.json").exists());
    let unfinished = run(emulators.sce().args(["archive", "verify"]).arg(&archive)).with_status(2);
    assert!(unfinished.stderr.contains("was never finished"), "{unfinished:?}");

    // What lies there is looked at before anything goes, and is nobody else's to take.
    fs::write(archive.join("objects/000001.age"), "forged").unwrap();
    fs::write(archive.join("notes.txt"), "mine").unwrap();
    let refused = run(&mut close_out("hipaa", &["--take-over"])).with_status(2);
    assert!(refused.stderr.contains("beside it `notes.txt`, which is no part of it"), "{refused:?}");
    fs::remove_file(archive.join("notes.txt")).unwrap();

    let closed = run(&mut close_out("hipaa", &["--take-over", "--json"])).with_status(0).json();
    assert_eq!(closed["left"], serde_json::json!([]));
    assert!(!archive.join("unfinished.json").exists());
    let mut verify = emulators.sce();
    let identity = folder.path().join("archive.identity");
    run(verify.args(["archive", "verify"]).arg(&archive).arg("--identity").arg(&identity)).with_status(0);
    let back = folder.path().join("back");
    let mut restore = emulators.sce();
    run(restore.args(["archive", "restore"]).arg(&archive).arg("--to").arg(&back).arg("--identity").arg(&identity))
        .with_status(0);
    assert_eq!(fs::read(back.join("hipaa-data-123456789012-us-west-2/visits.csv")).unwrap(), b"1,2,3");
    assert_eq!(emulators.traces("hipaa"), ["kms-key PendingDeletion"]);
}

fn put(emulators: &Emulators, folder: &Path, name: &str) {
    let path = folder.join(name);
    fs::write(&path, "1,2,3").unwrap();
    run(emulators.sce().args(["data", "put"]).arg(&path).arg("hipaa")).with_status(0);
}
