//! ShellCheck reads what machines run: the programs as they are sent, which are golden in `sce-core`.

use std::fs;
use std::process::Command;

use sce_tests::{installed, root, run};

/// A golden program, without the note that insta puts before it.
fn golden(name: &str) -> String {
    let file = root().join("sce-core/tests/machine/snapshots").join(format!("machine__text__{name}.snap"));
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.splitn(3, "---\n").nth(2).expect("a golden file begins with a note").to_owned()
}

fn findings(program: &str) -> String {
    let folder = tempfile::tempdir().expect("a scratch folder can be made");
    let file = folder.path().join("program");
    fs::write(&file, program).expect("the scratch folder can be written to");
    let ran = run(Command::new(installed("shellcheck")).args(["--norc", "--shell=bash"]).arg(&file));
    assert!(ran.status <= 1, "{}{}", ran.stdout, ran.stderr);
    ran.stdout
}

#[test]
fn shellcheck_finds_nothing() {
    for name in ["a_bastion", "a_private_machine"] {
        let program = golden(name);
        assert!(program.starts_with("#!/bin/bash\n"), "{name}");
        assert_eq!(findings(&program), "", "{name}");
    }
    let jupyter = fs::read_to_string(root().join("sce-core/data/machine/jupyter.sh")).unwrap();
    assert_eq!(findings(&format!("#!/bin/bash\nidle=900\nfolder=/hipaa\n{jupyter}")), "");
}

/// It would find something.
#[test]
fn shellcheck_finds_a_word_without_quotes() {
    let program = golden("a_private_machine").replace("chmod 700 \"$place\"", "chmod 700 $place");
    assert!(findings(&program).contains("SC2086"));
}
