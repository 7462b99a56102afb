//! What applying would do, told before it is done.

use std::collections::BTreeMap;

use sce_tests::{Emulators, run, spec};
use serde_json::Value;

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

    // Logs are kept longer: in place. Another type of machine: replaced, with its attachment; the volume stays.
    let longer = format!("{}[retention]\nlogs_days = 3653\n", MACHINE.replace("m7i.large", "m7i.xlarge"));
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
fn a_machine_of_another_type_is_replaced_once_it_is_named_and_the_volume_stays() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let path = spec(folder.path(), "hipaa", MACHINE);
    run(emulators.sce().arg("apply").arg(&path)).with_status(0);
    let before = ids(&emulators, &path);

    drop(spec(folder.path(), "hipaa", &MACHINE.replace("m7i.large", "m7i.xlarge")));
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
    // moto shows a launch template's tags as they were when it was made; see tools/divergences.toml.
    let shown = |line: &&str| !line.is_empty() && !line.starts_with("template-private: tags is");
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
