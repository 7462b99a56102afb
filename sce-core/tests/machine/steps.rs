//! The program's steps, and that nobody is let in before the machine is secured.

use std::fs;

use sce_core::spec::Packages;

use crate::scratch::{KEY, Scratch, bastion, private};
use crate::sshd::Sshd;

/// A private machine with a blank volume, and one person on the list.
fn machine(program: &str) -> Scratch {
    let scratch = Scratch::new(program);
    scratch.write("dev/sdf", vec![0; 16 << 20]);
    scratch.people(&[("r1", Some(KEY))]);
    scratch
}

fn whole(program: &str) -> Scratch {
    let scratch = machine(program);
    let ran = scratch.run();
    let people = scratch.people_log();
    assert_eq!(ran.status, 0, "{}{}{people}", ran.told, scratch.log());
    scratch
}

/// Whether sshd, which reads a person's key as that person, gets to it.
fn open(scratch: &Scratch) -> bool {
    scratch.mode("etc/sce/keys") & 0o001 != 0
}

#[test]
fn a_private_machine_is_secured_and_opened() {
    let scratch = whole(&private(&Packages::Internet));
    insta::assert_snapshot!("private_calls", scratch.calls().join("\n"));
    assert!(open(&scratch));
    assert!(scratch.log().ends_with("whole, people are in\n"), "{}", scratch.log());
    assert_eq!(scratch.mode("var/log/sce-setup.log"), 0o600);
    assert_eq!(scratch.read("etc/sce/keys/r1"), format!("restrict,pty,port-forwarding {KEY} r1\n"));
}

#[test]
fn a_bastion_is_secured_and_opened() {
    let scratch = whole(&bastion("10.0.1.0/24"));
    insta::assert_snapshot!("bastion_calls", scratch.calls().join("\n"));
    assert!(open(&scratch));
    assert_eq!(scratch.read("etc/sce/keys/r1"), format!("restrict,port-forwarding {KEY} r1\n"));
    assert!(!scratch.root().join("hipaa").exists());
}

#[test]
fn a_second_run_changes_nothing() {
    for program in [private(&Packages::Mirror("https://mirror.example.edu/simple".to_owned())), bastion("10.0.1.0/24")]
    {
        let scratch = whole(&program);
        let before = scratch.everything();
        let _ = scratch.calls();
        let ran = scratch.run();
        assert_eq!(ran.status, 0, "{}", scratch.log());
        let now = scratch.everything();
        let changed: Vec<_> = now.iter().filter(|file| !before.contains(file)).map(|file| &file.0).collect();
        assert!(now == before, "{changed:?}");
        let calls = scratch.calls();
        let makes = ["useradd", "usermod", "groupadd", "mkfs", "mkswap", "fallocate", "mount ", "pip"];
        let made: Vec<_> = calls.iter().filter(|call| makes.iter().any(|make| call.starts_with(make))).collect();
        assert!(made.is_empty(), "{made:?}");
    }
}

/// cloud-init runs the program without a word: it installs itself and leaves the rest to its service.
#[test]
fn first_boot_starts_a_service_that_also_runs_at_every_other_boot() {
    let program = private(&Packages::Internet);
    let scratch = machine(&program);
    let ran = scratch.first_boot();
    assert_eq!(ran.status, 0, "{}", ran.told);
    assert_eq!(scratch.read("usr/local/libexec/sce-setup"), program);
    assert_eq!(scratch.mode("usr/local/libexec/sce-setup"), 0o700);
    assert_eq!(
        scratch.calls(),
        [
            "systemctl daemon-reload",
            "systemctl enable sce-setup.service",
            "systemctl start --no-block sce-setup.service"
        ]
    );
    let unit = scratch.read("etc/systemd/system/sce-setup.service");
    for line in ["ExecStart=/usr/local/libexec/sce-setup run", "Restart=on-failure", "WantedBy=multi-user.target"] {
        assert!(unit.lines().any(|other| other == line), "{unit}");
    }
}

/// Each program that a step needs, made to fail in turn: that step fails by name, all others are still done, and nobody gets in.
#[test]
fn a_failure_keeps_people_out_and_the_rest_is_still_secured() {
    for (program, step) in [
        ("groupadd", "make_groups"),
        ("sshd", "harden_sshd"),
        ("mkfs.ext4", "mount_data"),
        ("mount", "mount_data"),
        ("augenrules", "watch_files"),
        ("amazon-cloudwatch-agent-ctl", "ship_logs"),
    ] {
        let scratch = machine(&private(&Packages::Internet));
        scratch.ends(program, 1);
        let ran = scratch.run();
        let log = scratch.log();
        assert_eq!(ran.status, 1, "{program}: {log}");
        assert!(log.contains(&format!("FAILED {step} (")), "{program}: {log}");
        assert!(log.contains(&format!("REFUSED: nobody is let in: {step}\n")), "{program}: {log}");
        assert!(log.contains("done install_people"), "{program} stopped the steps after it: {log}");
        assert!(!open(&scratch), "{program}");
        let calls = scratch.calls();
        assert!(!calls.iter().any(|call| call.starts_with("useradd")), "{program}: {calls:?}");
        assert!(!calls.iter().any(|call| call.starts_with("systemctl start sce-people")), "{program}: {calls:?}");
        scratch.ends(program, 0);
        assert_eq!(scratch.run().status, 0, "{program} does again what it should: {}", scratch.log());
        assert!(open(&scratch), "{program}");
    }
}

#[test]
fn what_is_only_useful_keeps_nobody_out_but_is_tried_again() {
    for (program, step) in [("swapon", "add_swap"), ("fallocate", "add_swap"), ("python3.11", "install_software")] {
        let scratch = machine(&private(&Packages::Internet));
        scratch.ends(program, 1);
        assert_eq!(scratch.run().status, 1, "systemd tries again: {}", scratch.log());
        assert!(scratch.log().contains(&format!("people are in, not whole: {step}\n")), "{}", scratch.log());
        assert!(open(&scratch));
    }
}

#[test]
fn nobody_is_let_in_before_the_list_was_read() {
    let scratch = machine(&private(&Packages::Internet));
    scratch.list("not a list");
    assert_eq!(scratch.run().status, 1);
    assert!(scratch.log().contains("FAILED open_to_people"), "{}", scratch.log());
    assert!(!open(&scratch));
}

/// At the next boot, when /run is empty, everybody is out until the list was read: somebody may have been struck off it meanwhile.
#[test]
fn every_boot_begins_closed() {
    let scratch = whole(&private(&Packages::Internet));
    fs::remove_file(scratch.root().join("run/sce-open")).unwrap();
    scratch.ends("aws", 1);
    assert_eq!(scratch.run().status, 1);
    assert!(!open(&scratch));
    scratch.ends("aws", 0);
    assert_eq!(scratch.run().status, 0);
    assert!(open(&scratch));
}

/// A second try within one boot does not lock out who is in, but closes when the machine turns out not to be secured.
#[test]
fn a_machine_that_is_no_longer_secured_closes() {
    let scratch = whole(&private(&Packages::Internet));
    scratch.ends("sshd", 1);
    assert_eq!(scratch.run().status, 1);
    assert!(!open(&scratch));
}

#[test]
fn sshd_takes_keys_only_and_ours_before_its_own_settings() {
    let scratch = whole(&private(&Packages::Internet));
    let first = scratch.read("etc/ssh/sshd_config");
    assert_eq!(
        first.lines().next(),
        Some("Include /etc/ssh/sshd_config.d/*.conf"),
        "sshd keeps the first value it reads"
    );
    let rules = scratch.read("etc/ssh/sshd_config.d/00-sce.conf");
    for line in [
        "PermitRootLogin no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "AuthenticationMethods publickey",
        "AllowAgentForwarding no",
        "AuthorizedKeysFile /etc/sce/keys/%u",
        "PermitOpen 127.0.0.1:* localhost:*",
        "LogLevel VERBOSE",
    ] {
        assert!(rules.lines().any(|other| other == line), "{line}");
    }
    assert_eq!(scratch.mode("etc/ssh/sshd_config.d/00-sce.conf"), 0o600);
}

#[test]
fn a_bastion_forwards_to_port_22_of_the_private_subnet_alone() {
    let rules = |subnet: &str| {
        let scratch = whole(&bastion(subnet));
        scratch.read("etc/ssh/sshd_config.d/00-sce.conf")
    };
    let text = rules("10.0.1.0/28");
    let hosts: Vec<String> = (4..15).map(|host| format!("10.0.1.{host}:22")).collect();
    assert!(text.contains(&format!("\nPermitOpen {}\nPermitTTY no\nForceCommand /sbin/nologin\n", hosts.join(" "))));
    assert!(rules("10.0.0.0/16").contains("\nPermitOpen *:22\n"));
}

/// Without its list of addresses, B would forward anywhere.
#[test]
fn a_bastion_whose_addresses_cannot_be_listed_stays_closed() {
    let scratch = machine(&bastion("10.0.1.0/24").replace("FORWARD_TO='10.0.1.0/24'", "FORWARD_TO='10.0.1.7/24'"));
    assert_eq!(scratch.run().status, 1);
    assert!(scratch.log().contains("nobody is let in: harden_sshd"), "{}", scratch.log());
    assert!(!scratch.root().join("etc/ssh/sshd_config.d/00-sce.conf").exists());
    assert!(!open(&scratch));
}

#[test]
fn logs_of_every_kind_are_sent_to_streams_of_their_own() {
    let scratch = whole(&private(&Packages::Internet));
    let text = scratch.read("opt/aws/amazon-cloudwatch-agent/etc/sce.json");
    let settings: serde_json::Value = serde_json::from_str(&text).unwrap();
    let files = settings["logs"]["logs_collected"]["files"]["collect_list"].as_array().unwrap();
    let pairs: Vec<_> = files.iter().map(|file| (&file["file_path"], &file["log_stream_name"])).collect();
    let expected = [
        ("/var/log/secure", "{instance_id}/secure"),
        ("/var/log/messages", "{instance_id}/messages"),
        ("/var/log/audit/audit.log", "{instance_id}/audit"),
        ("/var/log/sce-setup.log", "{instance_id}/sce-setup"),
        ("/var/log/sce-people.log", "{instance_id}/sce-people"),
    ];
    assert_eq!(pairs.len(), expected.len());
    for ((path, stream), wanted) in pairs.into_iter().zip(expected) {
        assert_eq!((path.as_str().unwrap(), stream.as_str().unwrap()), wanted);
    }
    assert!(files.iter().all(|file| file["log_group_name"] == "hipaa_sessions_loggroup"));
    assert_eq!(settings["agent"]["region"], "us-west-2");
}

#[test]
fn audit_rules_watch_people_accounts_and_data() {
    let scratch = whole(&private(&Packages::Internet));
    assert!(!scratch.read("etc/audit/rules.d/audit.rules").contains("never,task"));
    insta::assert_snapshot!("audit_rules", scratch.read("etc/audit/rules.d/50-sce.rules"));
    let bastion = whole(&bastion("10.0.1.0/24"));
    assert!(!bastion.read("etc/audit/rules.d/50-sce.rules").contains("dir="), "a bastion has no data");
}

#[test]
fn swap_is_made_once_and_never_over_a_file_of_somebody_elses() {
    let scratch = whole(&private(&Packages::Internet));
    assert_eq!(scratch.mode("swapfile"), 0o600);
    assert!(scratch.read("etc/fstab").contains("\n/swapfile none swap defaults 0 0\n"));
    let scratch = Scratch::private();
    scratch.write("swapfile", "somebody's results");
    let ran = scratch.function("add_swap");
    assert_ne!(ran.status, 0);
    assert!(ran.told.contains("/swapfile is no swap file of ours"), "{}", ran.told);
    assert_eq!(scratch.read("swapfile"), "somebody's results");
    assert!(!scratch.calls().iter().any(|call| call.starts_with("swapon") || call.starts_with("mkswap")));
}

#[test]
fn packages_come_from_where_the_spec_says() {
    let mirror = whole(&private(&Packages::Mirror("https://mirror.example.edu/simple".to_owned())));
    assert_eq!(mirror.read("etc/pip.conf"), "[global]\nindex-url = https://mirror.example.edu/simple\n");
    let none = whole(&private(&Packages::None));
    assert_eq!(none.read("etc/pip.conf"), "[global]\nno-index = true\n");
    assert!(none.log().contains("JupyterLab is skipped: packages = \"none\""), "{}", none.log());
    assert!(none.read("etc/motd.d/50-sce").contains("JupyterLab: not installed: no package index is allowed"));
    assert!(!none.calls().iter().any(|call| call.starts_with("pip")));
    let internet = whole(&private(&Packages::Internet));
    assert!(!internet.root().join("etc/pip.conf").exists());
    let calls = internet.calls();
    assert!(
        calls.iter().any(|call| call.starts_with("pip install") && call.ends_with("jupyterlab==4.6.6")),
        "{calls:?}"
    );
    assert!(calls.contains(&"dnf -y -q install R".to_owned()));
}

/// On loopback only, behind the token that JupyterLab makes, and gone when it is idle.
#[test]
fn jupyterlab_is_started_on_loopback_for_whoever_asks() {
    let scratch = whole(&private(&Packages::Internet));
    let program = scratch.read("usr/local/bin/sce-jupyter");
    assert!(program.starts_with("#!/bin/bash\nidle=900\nfolder=/hipaa\n"), "{program}");
    let shown = scratch.root().join("usr/local/bin/shown");
    fs::write(&shown, program.replace("exec /opt/sce/venv/bin/jupyter-lab", "printf '%s\\n'")).unwrap();
    let ran = scratch.command("bash", &[&shown.to_string_lossy(), "--ip=0.0.0.0"]);
    assert_eq!(ran.status, 0, "{}", ran.told);
    assert!(ran.told.contains("\n--ip=127.0.0.1\n"), "{}", ran.told);
    assert!(!ran.told.contains("0.0.0.0"), "no argument may move it off loopback: {}", ran.told);
    assert!(ran.told.contains("--ServerApp.shutdown_no_activity_timeout=900"), "{}", ran.told);
    let port = ran.told.lines().find_map(|line| line.strip_prefix("--port=")).unwrap();
    assert!(ran.told.contains(&format!("ssh -N -L {port}:127.0.0.1:{port} HOST")), "{}", ran.told);
}

#[test]
fn sessions_end_when_idle() {
    let scratch = whole(&private(&Packages::Internet));
    assert_eq!(scratch.read("etc/systemd/logind.conf.d/50-sce.conf"), "[Login]\nStopIdleSessionSec=15min\n");
    let profile = scratch.root().join("etc/profile.d/sce.sh");
    let line = format!(". {}; TMOUT=0; echo still here", profile.display());
    let ran = scratch.command("bash", &["-c", &line]);
    assert!(ran.told.contains("TMOUT: readonly variable"), "{}", ran.told);
}

/// What the real sshd makes of the rules, for a person and for everybody else: also where its command line, as EC2 Instance Connect's
/// package has it, and later lines of its settings say otherwise.
#[test]
fn sshd_reads_the_rules_as_meant() {
    let Some(sshd) = Sshd::find() else { return };
    for (program, of_people) in [
        (bastion("10.0.1.0/28"), ["permitopen 10.0.1.4:22 10.0.1.5:22 ", "forcecommand /sbin/nologin", "permittty no"]),
        (private(&Packages::Internet), ["permitopen 127.0.0.1:* localhost:*", "forcecommand none", "permittty yes"]),
    ] {
        let scratch = whole(&program);
        // `daemon` is a group of every Linux, with a user of the same name in it.
        let rules = scratch.read("etc/ssh/sshd_config.d/00-sce.conf").replace("sce-people", "daemon");
        let later =
            "PermitRootLogin yes\nX11Forwarding yes\nPasswordAuthentication yes\nAuthorizedKeysCommandUser nobody\n";
        let told = |user: &str| sshd.told(&rules, later, user);
        let (person, other) = (told("daemon"), told("bin"));
        for line in of_people.into_iter().chain(["authorizedkeysfile /etc/sce/keys/%u"]) {
            assert!(person.contains(&format!("\n{line}")), "{line}\n{person}");
        }
        assert!(other.contains("\nauthorizedkeysfile .ssh/authorized_keys"), "{other}");
        for line in [
            "permitrootlogin no",
            "passwordauthentication no",
            "x11forwarding no",
            "allowagentforwarding no",
            "authenticationmethods publickey",
            "authorizedkeyscommand none",
            "allowtcpforwarding local",
            "loglevel VERBOSE",
        ] {
            assert!(
                person.contains(&format!("\n{line}\n")) && other.contains(&format!("\n{line}\n")),
                "{line}\n{other}"
            );
        }
    }
}
