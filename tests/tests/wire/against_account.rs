//! What applying would do, told before it is done.

use std::collections::BTreeMap;

use sce_tests::proxy::{Call, Fault, Moment, Proxy, Rule};
use sce_tests::{Emulators, run, spec};
use serde_json::{Value, json};

const MACHINE: &str = "[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 20\n";

/// Each node's change by its word.
fn changes(told: &Value) -> BTreeMap<&str, &str> {
    let changes = told["changes"].as_array().unwrap().iter();
    changes.map(|one| (one["node"].as_str().unwrap(), one["change"].as_str().unwrap())).collect()
}

#[test]
fn a_plan_is_held_against_the_account() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let against = |path: &std::path::Path| {
        run(emulators.sce().arg("plan").arg(path).args(["--against-account", "--json"])).with_status(0).json()
    };
    let path = spec(folder.path(), "hipaa", MACHINE);
    let told = against(&path);
    assert!(changes(&told).values().all(|word| *word == "create"), "{told:#}");
    assert_eq!(told["nodes"].as_array().unwrap().len(), told["changes"].as_array().unwrap().len());

    run(emulators.sce().arg("apply").arg(&path)).with_status(0);
    let told = against(&path);
    assert!(changes(&told).values().all(|word| *word == "keep"), "{told:#}");

    // Logs are kept longer: in place. Another root volume: another machine, with its attachment; the data volume stays.
    let longer = format!("{MACHINE}root_volume_gib = 60\n[retention]\nlogs_days = 3653\n");
    drop(spec(folder.path(), "hipaa", &longer));
    let told = against(&path);
    let words = changes(&told);
    assert_eq!(words["log-group"], "update");
    for (node, word) in [("instance-private", "replace"), ("attachment-private", "replace"), ("volume-private", "keep")]
    {
        assert_eq!(words[node], word, "{node}");
    }
    let machine = told["changes"].as_array().unwrap().iter().find(|one| one["node"] == "instance-private").unwrap();
    assert_eq!(machine["takes_along"], serde_json::json!(["attachment-private"]));
    assert!(machine["loses"].as_str().unwrap().contains("root volume"));
    let text = run(emulators.sce().arg("plan").arg(&path).arg("--against-account")).with_status(0).stdout;
    assert!(text.contains("--dangerously-replace instance-private"), "{text}");

    // Another type of machine: in place, while it is stopped.
    drop(spec(folder.path(), "hipaa", &MACHINE.replace("m7i.large", "m7i.xlarge")));
    let told = against(&path);
    let machine = told["changes"].as_array().unwrap().iter().find(|one| one["node"] == "instance-private").unwrap();
    assert_eq!((&machine["change"], &machine["stops"]), (&"update".into(), &true.into()), "{machine:#}");
    let text = run(emulators.sce().arg("plan").arg(&path).arg("--against-account")).with_status(0).stdout;
    assert!(text.contains("\"m7i.large\" -> \"m7i.xlarge\", tags; in place (the machine is stopped for it)"), "{text}");
    assert!(text.contains("--may-stop-machines") && !text.contains("loses data"), "{text}");

    // No way out and no machine any more: what earlier plans made goes, last made first.
    drop(spec(folder.path(), "hipaa", "[network]\negress = \"none\"\n"));
    let told = against(&path);
    let gone: Vec<&str> = told["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["change"] == "delete")
        .filter_map(|one| one["node"].as_str())
        .collect();
    let place = |node: &str| gone.iter().position(|one| *one == node).unwrap_or_else(|| panic!("{node}: {gone:?}"));
    assert!(place("attachment-private") < place("volume-private"), "{gone:?}");
    assert!(place("nat-gateway") < place("nat-address"), "{gone:?}");
    // The plan alone says the same as ever, byte for byte.
    let plain = run(emulators.sce().arg("plan").arg(&path).arg("--json")).with_status(0);
    assert!(plain.json().get("changes").is_none());
}

#[test]
fn a_machine_of_another_type_is_stopped_once_it_may_be_and_stays_the_same() {
    let emulators = Emulators::start();
    let proxy = Proxy::before(&emulators);
    let folder = tempfile::tempdir().unwrap();
    let path = spec(folder.path(), "hipaa", MACHINE);
    run(emulators.sce().arg("apply").arg(&path)).with_status(0);
    let before = ids(&emulators, &path);
    let machine = || {
        let told = run(emulators.sce().args(["status", "hipaa", "--json"])).with_status(0).json();
        let things = told["things"].as_array().unwrap();
        let machine = things.iter().find(|thing| thing["node"] == "instance-private").unwrap().clone();
        machine["machine"]["state"].as_str().unwrap().to_owned()
    };

    drop(spec(folder.path(), "hipaa", &MACHINE.replace("m7i.large", "m7i.xlarge")));
    let refused = run(emulators.sce().arg("apply").arg(&path)).with_status(2);
    assert!(refused.stderr.contains("applying this plan stops `instance-private` (i-"), "{}", refused.stderr);
    assert!(refused.stderr.contains("so nothing was changed"), "{}", refused.stderr);
    assert!(refused.stderr.contains("help: see that nobody works on them, then say `--may-stop-machines`"));
    assert_eq!(machine(), "running");

    // AWS has no room for the new type: the machine runs again as it was.
    proxy.rule([Rule::first("ec2:StartInstances", 1, Fault::error(500, "InsufficientInstanceCapacity"))]);
    let mut apply = proxy.sce(&emulators);
    let full = proxy.run(apply.arg("apply").arg(&path).arg("--may-stop-machines")).with_status(3);
    assert!(full.stderr.contains("InsufficientInstanceCapacity"), "{}", full.stderr);
    let order: Vec<String> = proxy.calls().iter().filter(|call| is_power(call)).map(name).collect();
    let [stop, modify, start] = POWER;
    assert_eq!(order, [stop, modify, start, modify, start]);
    assert_eq!(machine(), "running");

    // It may be killed on the way: what is stopped then is as planned, and the next run needs no leave to go on.
    proxy.rule([Rule::once("ec2:ModifyInstanceAttribute", 0, Moment::Before, Fault::Kill)]);
    let mut apply = proxy.sce(&emulators);
    let killed = proxy.run(apply.arg("apply").arg(&path).arg("--may-stop-machines"));
    assert_eq!((killed.status, machine().as_str()), (-1, "stopped"), "{killed:?}");
    let mut apply = emulators.sce();
    let applied = run(apply.arg("apply").arg(&path).args(["--json", "--take-over"])).with_status(0).json();
    assert_eq!((&applied["created"], &applied["removed"]), (&json!([]), &json!([])), "{applied:#}");
    assert!(applied["changed"].as_array().unwrap().contains(&"instance-private".into()), "{applied:#}");
    assert_eq!(machine(), "stopped", "nobody starts what was stopped");
    run(emulators.sce().args(["start", "hipaa"])).with_status(0);

    // Back to the first type, in one go.
    drop(spec(folder.path(), "hipaa", MACHINE));
    proxy.rule([]);
    let mut apply = proxy.sce(&emulators);
    let applied =
        proxy.run(apply.arg("apply").arg(&path).args(["--json", "--may-stop-machines"])).with_status(0).json();
    assert_eq!(applied["verified"], true, "{applied:#}");
    let order: Vec<String> = proxy.calls().iter().filter(|call| is_power(call)).map(name).collect();
    assert_eq!((order.as_slice(), machine().as_str()), (POWER.map(str::to_owned).as_slice(), "running"));
    assert_eq!(ids(&emulators, &path), before, "the machine, its volumes and its addresses are the same");
    let plan = folder.path().join("plan.json");
    std::fs::write(&plan, run(emulators.sce().arg("plan").arg(&path).arg("--json")).with_status(0).stdout).unwrap();
    let read = emulators.reader(&["check", plan.to_str().unwrap()]);
    let off: Vec<&str> = read.stdout.lines().filter(shown).collect();
    assert_eq!(off, [""; 0], "{}", read.stderr);
}

/// What is sent for another type, in order.
const POWER: [&str; 3] = ["ec2:StopInstances", "ec2:ModifyInstanceAttribute", "ec2:StartInstances"];

/// The first attempt counts: what AWS has no room for, the SDK asks for again.
fn is_power(call: &Call) -> bool {
    call.attempt == 0 && POWER.contains(&call.operation.as_str())
}

fn name(call: &Call) -> String {
    call.operation.clone()
}

/// moto shows a launch template's tags as they were when it was made; see tools/divergences.toml.
fn shown(line: &&str) -> bool {
    !line.is_empty() && !line.starts_with("template-private: tags is")
}

#[test]
fn killed_between_two_documents_of_a_plan_the_registry_reads_as_one() {
    let emulators = Emulators::start();
    let proxy = Proxy::before(&emulators);
    let folder = tempfile::tempdir().unwrap();
    let path = spec(folder.path(), "hipaa", "");
    run(emulators.sce().arg("apply").arg(&path)).with_status(0);
    let kept = || emulators.reader(&["do", "registry_plans", "hipaa"]).with_status(0).stdout.trim().to_owned();
    let before = kept();
    assert!(before.starts_with("1 "), "{before}");

    // Another plan, that deletes nothing. Each run dies at the first document that it writes after the lease.
    drop(spec(folder.path(), "hipaa", "[retention]\nlogs_days = 3653\n"));
    let mut seen = vec![before.clone()];
    for dead in 0..4 {
        // A dead run's lease is asked for once and then taken over.
        let first = if dead == 0 { 1 } else { 2 };
        proxy.rule([Rule::once("s3:PutObject", first, Moment::After, Fault::Kill)]);
        let mut apply = proxy.sce(&emulators);
        let killed = proxy.run(apply.arg("apply").arg(&path).arg("--take-over"));
        assert_eq!(killed.status, -1, "{killed:?}");
        seen.push(kept());
        // Whichever were written: every command reads them, and still sees what is to be changed.
        run(emulators.sce().args(["status", "hipaa"])).with_status(0);
        let told = run(emulators.sce().arg("plan").arg(&path).args(["--against-account", "--json"])).with_status(0);
        assert_eq!(changes(&told.json())["log-group"], "update");
        if seen.last().unwrap().split(' ').nth(1) != before.split(' ').nth(1) {
            break;
        }
    }
    // The list of plans comes first, so that nothing is ever made by a plan that is not in it.
    let between = format!("2 {}", before.split(' ').nth(1).unwrap());
    assert!(seen.contains(&between), "{seen:?}");
    let applied = run(emulators.sce().arg("apply").arg(&path).args(["--json", "--take-over"])).with_status(0).json();
    assert_eq!(applied["verified"], true, "{applied:#}");
    assert!(kept().starts_with("2 ") && kept() != between);
}

#[test]
fn a_machine_with_another_root_is_replaced_once_it_is_named_and_the_volume_stays() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let path = spec(folder.path(), "hipaa", MACHINE);
    run(emulators.sce().arg("apply").arg(&path)).with_status(0);
    let before = ids(&emulators, &path);

    drop(spec(folder.path(), "hipaa", &format!("{MACHINE}root_volume_gib = 60\n")));
    let refused = run(emulators.sce().arg("apply").arg(&path)).with_status(2);
    assert!(
        refused.stderr.contains("loses its root volume") && refused.stderr.contains("nothing was changed"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("--dangerously-replace instance-private"), "{}", refused.stderr);
    assert_eq!(ids(&emulators, &path), before);

    let mut apply = emulators.sce();
    apply.arg("apply").arg(&path).args(["--json", "--dangerously-replace", "instance-private"]);
    let applied = run(&mut apply).with_status(0).json();
    assert_eq!(applied["removed"], serde_json::json!(["attachment-private", "instance-private"]));
    assert_eq!(applied["created"], serde_json::json!(["instance-private", "attachment-private"]));
    let after = ids(&emulators, &path);
    assert_ne!(after["instance-private"], before["instance-private"]);
    assert_eq!(after["volume-private"], before["volume-private"], "the data stay");
    let plan = folder.path().join("plan.json");
    std::fs::write(&plan, run(emulators.sce().arg("plan").arg(&path).arg("--json")).with_status(0).stdout).unwrap();
    let read = emulators.reader(&["check", plan.to_str().unwrap()]);
    let off: Vec<&str> = read.stdout.lines().filter(shown).collect();
    assert_eq!(off, [""; 0], "{}", read.stderr);
    let again = run(emulators.sce().arg("apply").arg(&path).arg("--json")).with_status(0).json();
    for part in ["created", "changed", "removed"] {
        assert_eq!(again[part], serde_json::json!([]), "{part}");
    }
}

/// What AWS calls each thing.
fn ids(emulators: &Emulators, spec: &std::path::Path) -> BTreeMap<String, String> {
    let told = run(emulators.sce().arg("plan").arg(spec).args(["--against-account", "--json"])).with_status(0).json();
    let changes = told["changes"].as_array().unwrap().iter();
    changes.filter_map(|one| Some((one["node"].as_str()?.to_owned(), one["id"].as_str()?.to_owned()))).collect()
}
