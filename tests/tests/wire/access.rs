//! What people are handed when there is an account to ask: addresses and ids as another reader sees them.

use sce_tests::{Emulators, run, spec};
use serde_json::Value;

const ACCESS: &str = "[access]\nmode = \"bastion\"\nallow = [{ name = \"campus\", cidr = \"140.142.0.0/16\" }]\n\
                      people = [{ name = \"r1\", email = \"r1@example.edu\" }]\n[compute.private]\ntype = \"m7i.large\"\n";

fn run_machine(emulators: &Emulators, node: &str) -> String {
    let ran = emulators.reader(&["do", "run_machine", "hipaa", node]).with_status(0);
    ran.stdout.trim().to_owned()
}

fn shown(emulators: &Emulators, id: &str) -> Value {
    emulators.reader(&["do", "show_machine", id]).with_status(0).json()
}

#[test]
fn addresses_are_those_of_the_account_and_a_second_machine_in_a_place_is_refused() {
    let emulators = Emulators::start();
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path(), "hipaa", ACCESS);
    let none = run(emulators.sce().arg("access").arg(&spec).arg("--json")).with_status(0);
    assert!(none.stderr.contains("there are no machines yet"), "{}", none.stderr);
    assert!(none.json()["people"][0]["ssh_config"].as_str().unwrap().contains("HostName BASTION-ADDRESS"));

    let (bastion, private) = (run_machine(&emulators, "instance-bastion"), run_machine(&emulators, "instance-private"));
    let gone = run_machine(&emulators, "instance-private");
    emulators.by_hand(&["terminate_machine", &gone]);
    let document = run(emulators.sce().arg("access").arg(&spec).arg("--json")).with_status(0).json();
    assert_eq!(document["live"], true);
    let machines = document["machines"].as_array().unwrap();
    let ids: Vec<&str> = machines.iter().map(|machine| machine["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&bastion, &private], "the one that is gone is left out");
    let config = document["people"][0]["ssh_config"].as_str().unwrap();
    for (id, side) in [(&bastion, "public"), (&private, "private")] {
        let address = shown(&emulators, id)[side].as_str().unwrap().to_owned();
        assert!(config.contains(&format!("HostName {address}\n")), "{address} in {config}");
        assert!(config.contains(&format!("HostKeyAlias {id}\n")), "{id} in {config}");
    }

    let other = run_machine(&emulators, "instance-private");
    let refused = run(emulators.sce().arg("access").arg(&spec)).with_status(3);
    assert!(refused.stderr.contains("more than one machine is tagged as `instance-private`"), "{}", refused.stderr);
    assert!(refused.stderr.contains(&private) && refused.stderr.contains(&other), "{}", refused.stderr);
    assert_eq!(refused.stdout, "");
}
