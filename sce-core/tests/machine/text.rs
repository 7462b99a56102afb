//! The program as text: what EC2 is sent.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use sce_core::machine::{USER_DATA_LIMIT, user_data};
use sce_core::spec::Packages;

use crate::scratch::{self, Scratch, bastion, bastion_settings, private, private_settings};

/// Every kind of program there is.
fn programs() -> Vec<(&'static str, String)> {
    vec![
        ("a bastion", bastion("10.0.0.0/24")),
        ("from the internet", private(&Packages::Internet)),
        ("from a mirror", private(&Packages::Mirror("https://mirror.example.edu/simple".to_owned()))),
        ("from nowhere", private(&Packages::None)),
    ]
}

#[test]
fn a_private_machine() {
    insta::assert_snapshot!(private(&Packages::Mirror("https://mirror.example.edu/simple".to_owned())));
}

#[test]
fn a_bastion() {
    insta::assert_snapshot!(bastion("10.0.1.0/24"));
}

/// The longest values that names, regions and sizes can have, and a long address of a mirror.
#[test]
fn the_longest_program_fits() {
    let packages = Packages::Mirror(format!("https://{}/simple", "m".repeat(253)));
    let (bucket, region) = ("b".repeat(63), "ap-southeast-99");
    let mut longest = private_settings(&packages);
    longest.pit = "abcdefghijklmnop";
    longest.region = region;
    longest.people = (&bucket, "machine/people.json");
    longest.log_group = "abcdefghijklmnop_sessions_loggroup";
    longest.swap_gib = Some(u32::MAX);
    longest.idle_minutes = u32::MAX;
    for text in [user_data(&longest), bastion("10.255.255.0/24")] {
        assert!(text.len() <= USER_DATA_LIMIT, "{} bytes", text.len());
    }
}

#[test]
fn bash_reads_it() {
    for (what, text) in programs() {
        let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
        bash.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(bash.wait().unwrap().success(), "{what}");
    }
}

/// Amazon Linux 2023's own Python is 3.9.
#[test]
fn python_of_amazon_linux_reads_the_program_for_people() {
    let scratch = Scratch::private();
    assert_eq!(scratch.function("install_people").status, 0);
    let file = scratch.root().join("usr/local/libexec/sce-people");
    let read = "import ast, sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3, 9))";
    for arguments in [["-c", read], ["-m", "py_compile"]] {
        let read = Command::new("python3").args(arguments).arg(&file).output().unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    }
}

/// Whatever a setting says, it is one word of the shell and no command.
#[test]
fn settings_are_never_run() {
    let scratch = Scratch::private();
    let mark = scratch.fakes().join("injected");
    let touch = format!("touch {}", mark.display());
    for evil in ["$(X)", "`X`", "'; X; '", "\"; X; \"", "x\nX\n", "'\nEND\nX\n'", "\\'; X #", "@people.py@\nX", "${X}"]
    {
        let evil = evil.replace('X', &touch);
        let packages = Packages::Mirror(evil.clone());
        let mut settings = private_settings(&packages);
        (settings.pit, settings.region, settings.log_group) = (&evil, &evil, &evil);
        settings.people = (&evil, &evil);
        fs::write(scratch.program(), user_data(&settings)).unwrap();
        let told = scratch.told("printf '%s' \"$PIT\"");
        assert_eq!(told, evil);
        assert_eq!(scratch.told("printf '%s' \"$PACKAGE_INDEX\""), evil);
        let people: serde_json::Value = serde_json::from_str(&scratch.told("printf '%s' \"$PEOPLE\"")).unwrap();
        assert_eq!(people["bucket"], evil.as_str());
        let _ = scratch.function("configure_pip");
        assert!(!mark.exists(), "{evil} was run");
        assert!(!scratch.root().join("etc/pip.conf").exists(), "{evil} became pip's configuration");
    }
}

#[test]
fn comments_stay_at_home() {
    for (what, text) in programs() {
        let comment = |line: &&str| line.trim_start().starts_with('#') && !line.starts_with("#!");
        assert_eq!(text.lines().find(comment), None, "{what}");
    }
    let mut settings = bastion_settings(scratch::SUBNET);
    settings.idle_minutes = 5;
    assert!(user_data(&settings).contains("IDLE_MINUTES='5'\n"));
}
