//! `sce authorize` as other programs see it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const PAGE: &str = include_str!("../../docs/authorize.md");

/// Runs the command on these lines, by standard input.
fn authorize(lines: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sce"));
    command.args(["authorize", "--requests", "-"]).env_clear();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn block(language: &str) -> &'static str {
    let fence = format!("```{language}\n");
    let start = PAGE.find(&fence).unwrap() + fence.len();
    &PAGE[start..start + PAGE[start..].find("```").unwrap()]
}

#[test]
fn the_page_shows_what_the_command_says() {
    let ran = authorize(block("jsonl"));
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), block("json"));
    assert_eq!((ran.status.code(), ran.stderr.len()), (Some(0), 0));
}

#[test]
fn a_bad_line_is_told_with_its_place_and_nothing_is_half_written() {
    let good = block("jsonl");
    let bad = good.lines().next().unwrap().replace("StringNotEquals", "StringNotEqual");
    let ran = authorize(&format!("{good}\n{bad}\n"));
    let told = String::from_utf8(ran.stderr).unwrap();
    assert_eq!((ran.status.code(), ran.stdout.len()), (Some(2), 0));
    let place = "standard input:5: this is no request to decide: policies.resource.Statement[0].Condition.StringNotEqual: unknown";
    assert!(told.contains(place), "{told}");
    assert!(told.contains("help: did you mean `StringNotEquals`?"), "{told}");
    for odd in ["\u{0}", "{", "[]", "{}", "null"] {
        assert_eq!(authorize(odd).status.code(), Some(2), "{odd:?}");
    }
    assert_eq!(authorize("\n\n").status.code(), Some(0));
}
