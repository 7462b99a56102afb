//! `sce reach` over answers that were saved from an environment with a bastion, and over what people get wrong.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The bastion of the saved environment and its public address, and the private machine E.
const BASTION: (&str, &str) = ("i-b5ec7383542eafc82", "54.214.113.85");
const PRIVATE: &str = "10.0.1.4";

fn saved() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/describe/bastion")
}

/// Exit status, standard output and standard error.
fn reach(tree: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sce"))
        .arg("reach")
        .arg(tree)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses the tree reads nothing.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn flow(from: &str, src_ip: &str, dst_ip: &str, port: u16) -> String {
    format!(r#"{{"from":"{from}","src_ip":"{src_ip}","dst_ip":"{dst_ip}","protocol":"tcp","dst_port":{port}}}"#) + "\n"
}

fn verdicts(flows: &str) -> Vec<String> {
    let (status, lines, told) = reach(&saved(), &["--flows", "-"], flows);
    assert_eq!(status, 0, "{told}");
    let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines
        .map(|line| {
            assert_eq!(line["schema_version"], 1);
            assert!(line["why"].is_string() && line["path"].is_array(), "{line}");
            line["verdict"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn the_way_in_is_the_bastion_from_the_allowed_range() {
    let ssh = |from: &str| flow("internet", from, BASTION.1, 22);
    let flows = [
        ssh("128.95.1.1"),
        ssh("198.51.100.1"),
        flow("internet", "128.95.1.1", BASTION.1, 443),
        flow("internet", "128.95.1.1", PRIVATE, 22),
        flow(BASTION.0, "10.0.0.4", PRIVATE, 22),
        flow(BASTION.0, "10.0.0.4", PRIVATE, 443),
    ];
    let expected = ["delivered", "denied", "denied", "no_such_host", "delivered", "denied"];
    assert_eq!(verdicts(&flows.concat()), expected);
}

#[test]
fn only_the_bastion_is_exposed() {
    let (status, text, told) = reach(&saved(), &["--exposed", "--json"], "");
    assert_eq!(status, 0, "{told}");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let [exposed] = document["exposed"].as_array().unwrap().as_slice() else { panic!("{document:#}") };
    assert_eq!(exposed["instance"], BASTION.0);
    assert_eq!((&exposed["protocol"], &exposed["ports"]), (&"tcp".into(), &"22-22".into()));
    assert_eq!(exposed["sources"], serde_json::json!(["128.95.0.0/16"]));
    assert_eq!(verdicts(&format!("{}\n", exposed["witness"])), ["delivered"]);
    // The emulator had no answer to these.
    let unread: Vec<&str> =
        document["unread"].as_array().unwrap().iter().map(|unread| unread["what"].as_str().unwrap()).collect();
    let expected = ["ClientVpnEndpoints", "InstanceConnectEndpoints", "VerifiedAccessEndpoints"];
    assert_eq!(unread, expected.map(|key| format!("`{key}` in us-west-2")));

    let (_, table, warnings) = reach(&saved(), &["--exposed"], "");
    insta::assert_snapshot!(table);
    assert!(warnings.contains("`aws ec2 describe-client-vpn-endpoints` does"), "{warnings}");
}

#[test]
fn flows_come_from_a_file_too_and_empty_lines_are_let_be() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flows.jsonl");
    fs::write(&file, format!("\n{}\n", flow("internet", "128.95.1.1", BASTION.1, 22))).unwrap();
    let (status, lines, _) = reach(&saved(), &["--flows", file.to_str().unwrap()], "");
    assert_eq!((status, lines.lines().count()), (0, 1));
}

#[test]
fn a_bad_line_is_refused_with_its_place_and_what_was_meant() {
    let good = flow("internet", "128.95.1.1", BASTION.1, 22);
    let cases = [
        (good.replace("tcp", "tpc"), "`tpc` is no protocol", "did you mean `tcp`?"),
        (good.replace("dst_port", "dst_prot"), "unknown field `dst_prot`", "did you mean `dst_port`?"),
        (good.replace("internet", "i-nothing"), "nothing described bears that id", "write `internet`, or the id"),
        (good.replace("128.95.1.1", "128.95.1"), "expected an address", "a flow is one line"),
        (good.replace('}', ""), "the line ends within an object: expected `,` or `}`", "a flow is one line"),
    ];
    for (bad, message, help) in cases {
        let (status, lines, told) = reach(&saved(), &["--flows", "-"], &format!("{good}{bad}"));
        assert_eq!((status, lines.lines().count()), (2, 1), "{told}");
        assert!(told.contains("standard input:2: ") && told.contains(message) && told.contains(help), "{told}");
    }
}

#[test]
fn a_tree_that_cannot_answer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (status, _, told) = reach(folder.path(), &["--exposed"], "");
    assert_eq!(status, 2, "{told}");
    assert!(told.contains("describes a network") && told.contains("describe-vpcs"), "{told}");
    fs::write(folder.path().join("vpcs.json"), "{\"Vpcs\": [\n  {\"VpcId\": \"vpc-1\"").unwrap();
    let (status, _, told) = reach(folder.path(), &["--exposed"], "");
    assert_eq!(status, 2, "{told}");
    assert!(told.contains("vpcs.json:2:19: the file ends within an object: expected `,` or `}`"), "{told}");
    let (status, _, told) = reach(&folder.path().join("none"), &["--exposed"], "");
    assert_eq!(status, 2, "{told}");
    let (status, _, told) = reach(folder.path(), &[], "");
    assert_eq!(status, 2, "{told}");
}

#[test]
fn the_session_of_the_handbook_is_what_happens() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/describe.md")).unwrap();
    let session = page.split("```console\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut told = String::new();
    for command in session.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let (arguments, input) = match command.split_once(" | ") {
            Some((echo, command)) => (command, echo.trim_start_matches("echo '").trim_end_matches('\'')),
            None => (command, ""),
        };
        let arguments =
            arguments.strip_prefix("sce reach tests/fixtures/describe/bastion ").expect("a command of this page");
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let (_, output, _) = reach(&saved(), &[arguments.as_slice(), &["--quiet"]].concat(), input);
        told.push_str(&format!("$ {command}\n{output}"));
    }
    assert_eq!(session, told);
}
