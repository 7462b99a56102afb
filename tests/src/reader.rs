//! The independent reader, kept running: starting Python takes longer than what is asked of it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::Value;

use crate::{Emulators, root};

/// `tests/normalised.py`, at one pair of emulators.
#[derive(Debug)]
pub struct Reader {
    process: Child,
    asked: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Reader {
    /// Starts it.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn of(emulators: &Emulators) -> Self {
        let mut command = emulators.python(&root().join("tests/normalised.py"));
        let mut process = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let asked = process.stdin.take().expect("stdin is piped");
        let said = BufReader::new(process.stdout.take().expect("stdout is piped"));
        Self { process, asked, said }
    }

    /// The whole account without ids and times, and which places of a plan are there twice.
    ///
    /// # Panics
    /// When the account cannot be read.
    pub fn whole(&mut self) -> (Value, Vec<String>) {
        let mut answer = self.ask(&["whole"]);
        let twice = answer["twice"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        let twice = twice.collect();
        (answer["account"].take(), twice)
    }

    /// Both emulators as they were when they started.
    ///
    /// # Panics
    /// When they do not take the order.
    pub fn reset(&mut self) {
        self.ask(&["reset"]);
    }

    /// A change by hand; what it printed.
    ///
    /// # Panics
    /// When it fails.
    pub fn by_hand(&mut self, arguments: &[&str]) -> String {
        let answer = self.ask(&[&["do"], arguments].concat());
        answer.as_str().unwrap_or_default().to_owned()
    }

    fn ask(&mut self, arguments: &[&str]) -> Value {
        writeln!(self.asked, "{}", serde_json::json!(arguments)).expect("the reader listens");
        let mut line = String::new();
        self.said.read_line(&mut line).expect("the reader answers");
        let mut answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"));
        assert!(answer["error"].is_null(), "{arguments:?}: {}", answer["error"]);
        answer["answer"].take()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How two readings of an account differ: what is only in the first, and what only in the second, each with the list it stands in.
#[must_use]
pub fn differences(expected: &Value, found: &Value) -> (Vec<String>, Vec<String>) {
    let (mut missing, mut extra) = (Vec::new(), Vec::new());
    let empty = serde_json::Map::new();
    let (expected, found) = (expected.as_object().unwrap_or(&empty), found.as_object().unwrap_or(&empty));
    for name in expected.keys().chain(found.keys().filter(|name| !expected.contains_key(*name))) {
        let things = |of: &serde_json::Map<String, Value>| match of.get(name) {
            Some(Value::Array(things)) => things.iter().map(|thing| format!("{name}: {thing}")).collect::<Vec<_>>(),
            Some(other) => vec![format!("{name}: {other}")],
            None => Vec::new(),
        };
        let mut more = things(found);
        for thing in things(expected) {
            match more.iter().position(|other| *other == thing) {
                Some(place) => drop(more.remove(place)),
                None => missing.push(thing),
            }
        }
        extra.extend(more);
    }
    (missing, extra)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_second_thing_like_the_first_is_one_too_many() {
        let expected = json!({ "Vpcs": [{ "id": "vpc" }], "ebs": false });
        let found = json!({ "Vpcs": [{ "id": "vpc" }, { "id": "vpc" }], "ebs": true });
        let (missing, extra) = differences(&expected, &found);
        assert_eq!(missing, ["ebs: false"]);
        assert_eq!(extra, [r#"Vpcs: {"id":"vpc"}"#, "ebs: true"]);
    }
}
