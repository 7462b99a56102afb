//! The path that people take, with a real sshd playing each machine: over the bastion, with the keys that `sce keys` makes and the
//! settings that `sce access` writes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sce_tests::sshd::{Machine, OpenSsh, Plays};
use sce_tests::{Ran, run, sce, spec};
use serde_json::Value;
use tempfile::TempDir;

const PASSPHRASE: &str = "four words that belong";

/// Access over a bastion for two people, their keys made.
struct Builder {
    folder: TempDir,
    spec: PathBuf,
}

/// The environment: B before E.
struct Place {
    bastion: Machine,
    private: Machine,
}

impl Builder {
    fn new(protection: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let spec = spec(folder.path(), "hipaa", &access("r1, r2"));
        fs::write(folder.path().join("pass"), PASSPHRASE).unwrap();
        let builder = Self { folder, spec };
        builder.sce(&[&["keys", "make"], protection].concat());
        builder
    }

    /// Runs a command on the spec, which must work.
    fn sce(&self, arguments: &[&str]) -> Ran {
        let (command, rest) = arguments.split_at(arguments.iter().take_while(|word| !word.starts_with('-')).count());
        run(sce().current_dir(self.folder.path()).args(command).arg(&self.spec).args(rest)).with_status(0)
    }

    /// The spec with other people.
    fn people_are(&self, names: &str) {
        assert_eq!(spec(self.folder.path(), "hipaa", &access(names)), self.spec, "it is written over");
    }

    /// The list of people as the plan has it for the machines.
    fn people(&self) -> Value {
        let plan = self.sce(&["plan", "--json", "--quiet"]).json();
        let nodes = plan["nodes"].as_array().unwrap();
        let people = nodes.iter().find(|node| node["id"] == "people").unwrap();
        let content = people.pointer("/properties/content").or(people["properties"].pointer("/bucket_object/content"));
        let content = content.unwrap_or_else(|| panic!("{people:#}")).as_str().unwrap();
        serde_json::from_str(content).unwrap()
    }

    fn start(&self, ssh: &OpenSsh, idle_seconds: u32) -> Place {
        let people = self.people();
        let private = ssh.start(Plays::Private { idle_seconds }, &people);
        let bastion = ssh.start(Plays::Bastion { private_port: private.port }, &people);
        Place { bastion, private }
    }

    /// `ssh` as that person would call it, from a computer of the person's own: settings and key in a folder, addresses overridden.
    fn ssh(&self, ssh: &OpenSsh, place: &Place, person: &str) -> Command {
        let laptop = self.folder.path().join("laptop").join(person);
        fs::create_dir_all(&laptop).unwrap();
        for name in [format!("hipaa_{person}_keypair"), format!("hipaa_{person}_keypair.previous")] {
            let key = self.folder.path().join("hipaa-keys").join(&name);
            let _ = fs::remove_file(laptop.join(&name));
            if key.exists() {
                fs::copy(key, laptop.join(&name)).unwrap();
            }
        }
        let (out, keys) = (self.folder.path().join("out"), laptop.display().to_string());
        self.sce(&["access", "--offline", "--person", person, "--keys-in", &keys, "-o", &out.display().to_string()]);
        let written = out.join(person).join("config");
        let at = |host: &str, port: u16| format!("Host {host}\n    HostName 127.0.0.1\n    Port {port}\n");
        let settings = format!(
            "{}{}Host *\n    Include \"{}\"\n",
            at("hipaa-bastion", place.bastion.port),
            at("hipaa", place.private.port),
            written.display()
        );
        fs::write(laptop.join("settings"), settings).unwrap();
        let mut command = ssh.ssh();
        command.arg("-F").arg(laptop.join("settings"));
        command.env("SSH_ASKPASS", self.askpass()).env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", ":0");
        command
    }

    /// A program that types the passphrase.
    fn askpass(&self) -> PathBuf {
        let path = self.folder.path().join("askpass");
        fs::write(&path, format!("#!/bin/sh\necho '{PASSPHRASE}'\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path
    }
}

fn access(names: &str) -> String {
    let person = |name: &str| format!("{{ name = \"{name}\", email = \"{name}@example.edu\" }}");
    let people: Vec<String> = names.split(", ").map(person).collect();
    format!(
        "[access]\nmode = \"bastion\"\nallow = [{{ name = \"campus\", cidr = \"140.142.0.0/16\" }}]\npeople = [{}]\n\
         [compute.private]\ntype = \"m7i.large\"\n",
        people.join(", ")
    )
}

const UNENCRYPTED: [&str; 1] = ["--dangerously-unencrypted"];

#[test]
fn a_key_with_a_passphrase_leads_over_the_bastion_and_is_never_on_it() {
    let Some(ssh) = OpenSsh::find() else { return };
    let builder = Builder::new(&["--passphrase-file", "pass"]);
    let place = builder.start(&ssh, 60);
    let there = run(builder.ssh(&ssh, &place, "r1").args(["hipaa", "echo $USER at $HOME ${SSH_AUTH_SOCK:-no agent}"]));
    let there = there.with_status(0);
    let home = place.private.folder.join("home/r1");
    assert_eq!(there.stdout.trim(), format!("r1 at {} no agent", home.display()));
    let accepted = |machine: &Machine| machine.log().matches("Accepted publickey for r1").count();
    assert_eq!((accepted(&place.bastion), accepted(&place.private)), (1, 1), "{}", place.bastion.log());
    assert_eq!(place.bastion.private_keys(), Vec::<PathBuf>::new());
    assert_eq!(place.private.private_keys(), Vec::<PathBuf>::new());
    // E saw a connection from B's side of the path, and both keep to the file of known machines beside the key.
    let known = fs::read_to_string(builder.folder.path().join("laptop/r1/known_hosts")).unwrap();
    assert_eq!(known.lines().count(), 2, "{known}");
}

#[test]
fn the_bastion_forwards_to_the_machine_and_does_nothing_else() {
    let Some(ssh) = OpenSsh::find() else { return };
    let builder = Builder::new(&UNENCRYPTED);
    let place = builder.start(&ssh, 60);
    let command = run(builder.ssh(&ssh, &place, "r1").args(["hipaa-bastion", "echo got a shell"]));
    assert_ne!(command.status, 0, "{command:?}");
    assert!(!command.stdout.contains("got a shell"), "{command:?}");
    let other = ssh.start(Plays::Private { idle_seconds: 60 }, &builder.people());
    let elsewhere = format!("127.0.0.1:{}", other.port);
    let forwarded = run(builder.ssh(&ssh, &place, "r1").args(["-W", &elsewhere, "hipaa-bastion"]));
    assert_ne!(forwarded.status, 0, "{forwarded:?}");
    assert!(place.bastion.log().contains("the request was denied"), "{}", place.bastion.log());
}

#[test]
fn another_persons_key_and_a_password_are_refused() {
    let Some(ssh) = OpenSsh::find() else { return };
    let builder = Builder::new(&UNENCRYPTED);
    let place = builder.start(&ssh, 60);
    let mut as_r2 = builder.ssh(&ssh, &place, "r1");
    let refused = run(as_r2.args(["-o", "User=r2", "-o", "ProxyJump=none", "hipaa", "true"])).with_status(255);
    assert!(refused.stderr.contains("Permission denied (publickey)"), "{}", refused.stderr);
    let mut password = builder.ssh(&ssh, &place, "r1");
    password.args(["-o", "PasswordAuthentication=yes", "-o", "PreferredAuthentications=password"]);
    let refused = run(password.args(["-o", "ProxyJump=none", "hipaa", "true"])).with_status(255);
    assert!(refused.stderr.contains("Permission denied (publickey)"), "{}", refused.stderr);
}

#[test]
fn who_is_taken_off_the_list_is_refused_and_others_are_not() {
    let Some(ssh) = OpenSsh::find() else { return };
    let builder = Builder::new(&UNENCRYPTED);
    let place = builder.start(&ssh, 60);
    let mut r2 = builder.ssh(&ssh, &place, "r2");
    let r2 = r2.args(["hipaa", "true"]);
    let ran = run(r2);
    assert_eq!(ran.status, 0, "{ran:?}\n{}\n{}", place.bastion.log(), place.private.log());
    builder.people_are("r1");
    for machine in [&place.bastion, &place.private] {
        machine.admit(&builder.people());
    }
    let refused = run(r2).with_status(255);
    assert!(refused.stderr.contains("r2@127.0.0.1: Permission denied (publickey)"), "{}", refused.stderr);
    run(builder.ssh(&ssh, &place, "r1").args(["hipaa", "true"])).with_status(0);
}

#[test]
fn both_keys_open_while_one_is_rotated_and_then_only_the_new_one() {
    let Some(ssh) = OpenSsh::find() else { return };
    let builder = Builder::new(&UNENCRYPTED);
    let place = builder.start(&ssh, 60);
    let admit = || [&place.bastion, &place.private].into_iter().for_each(|machine| machine.admit(&builder.people()));
    let old = kept_aside(&builder, "old");
    let with = |key: &Path| {
        let mut command = builder.ssh(&ssh, &place, "r1");
        let (laptop, name) = (builder.folder.path().join("laptop/r1"), "hipaa_r1_keypair");
        let _ = fs::remove_file(laptop.join(format!("{name}.previous")));
        fs::remove_file(laptop.join(name)).unwrap();
        fs::copy(key, laptop.join(name)).unwrap();
        run(command.args(["hipaa", "true"])).status
    };
    builder.sce(&["keys", "rotate", "--key", "r1", "--dangerously-unencrypted"]);
    let new = kept_aside(&builder, "new");
    assert_ne!(fs::read(&old).unwrap(), fs::read(&new).unwrap());
    // Until the machines are told, the old key opens; then both do; once it is finished and they are told, the new one alone.
    assert_eq!((with(&old), with(&new)), (0, 255));
    admit();
    assert_eq!((with(&old), with(&new)), (0, 0));
    builder.sce(&["keys", "rotate", "--key", "r1", "--finish"]);
    admit();
    assert_eq!((with(&old), with(&new)), (255, 0));
}

/// The private half as it is now.
fn kept_aside(builder: &Builder, name: &str) -> PathBuf {
    let to = builder.folder.path().join(name);
    fs::copy(builder.folder.path().join("hipaa-keys/hipaa_r1_keypair"), &to).unwrap();
    to
}

#[test]
fn an_idle_session_ends_by_itself_and_its_way_over_the_bastion_with_it() {
    let Some(ssh) = OpenSsh::find() else { return };
    let builder = Builder::new(&UNENCRYPTED);
    let place = builder.start(&ssh, 2);
    let mut command = builder.ssh(&ssh, &place, "r1");
    let begun = Instant::now();
    // A terminal and an input that stays open without a word: a person who went away.
    let mut session = command.args(["-tt", "hipaa"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let input = session.stdin.take();
    let ended = loop {
        if let Some(status) = session.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "an idle session does not end: {}", place.private.log());
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(begun.elapsed() >= Duration::from_secs(2), "it ended before it was idle for long: {ended}");
    drop(input);
    let said = session.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("timed out waiting for input"), "{said}");
    // The jump is a connection of the same person's; it ends with the session it carried, with a farewell or, on a busy machine, without.
    let gone = Instant::now();
    while !ended_after_log_in(&place.bastion.log()) {
        assert!(gone.elapsed() < Duration::from_secs(10), "{}", place.bastion.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether sshd saw the end of the connection by which `r1` logged in, other ends before it aside.
fn ended_after_log_in(log: &str) -> bool {
    let since = log.rsplit_once("Accepted publickey for r1").map_or("", |(_, since)| since);
    ["Disconnected from user r1", "Connection closed by"].iter().any(|end| since.contains(end))
}
