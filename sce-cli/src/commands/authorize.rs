//! `sce authorize`

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use sce::aws::iam::{Decision, authorize};
use serde::Serialize;

use crate::cli::Authorize;
use crate::failure::{Exit, Failure};
use crate::output;

/// One line of the answer.
#[derive(Serialize)]
struct Line<'a> {
    schema_version: u32,
    #[serde(flatten)]
    decision: &'a Decision,
}

/// Nothing is written before every line is decided.
pub(crate) fn run(asked: &Authorize) -> Result<Exit, Failure> {
    let (name, mut lines) = open(&asked.requests)?;
    let (mut answers, mut number) = (String::new(), 0);
    while let Some(text) = next(&name, number + 1, &mut *lines)? {
        number += 1;
        let decided = authorize(number, &text).map_err(|error| {
            let failure = Failure::usage(format!("`{name}` has a line that cannot be decided"));
            failure.at(&name, Some(error.line()), &error, error.help())
        })?;
        let Some(decision) = &decided else { continue };
        let answer = serde_json::to_string(&Line { schema_version: 1, decision })
            .map_err(|error| Failure::usage("the result could not be written as JSON").because(&error))?;
        answers.push_str(&answer);
        answers.push('\n');
    }
    if !answers.is_empty() {
        output::document(&answers)?;
    }
    Ok(Exit::Done)
}

/// What messages call the file, and its lines: there may be more of them than memory holds.
fn open(path: &Path) -> Result<(String, Box<dyn BufRead>), Failure> {
    if path == Path::new("-") {
        return Ok(("standard input".to_owned(), Box::new(io::stdin().lock())));
    }
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
    Ok((name, Box::new(BufReader::new(file))))
}

/// The next line; a device or a slip does not fill the memory.
fn next(name: &str, number: usize, lines: &mut dyn BufRead) -> Result<Option<String>, Failure> {
    let mut line = Vec::new();
    let read = lines.take(LONGEST_LINE + 1).read_until(b'\n', &mut line).map_err(|error| unreadable(name, &error))?;
    let wrong = |kind, what| {
        let failure = Failure::usage(format!("`{name}` cannot be read"));
        Err(failure.at(name, Some(number), &io::Error::new(kind, what), None))
    };
    if read as u64 > LONGEST_LINE {
        return wrong(io::ErrorKind::FileTooLarge, "this line is longer than 16 MiB");
    }
    match String::from_utf8(line) {
        Ok(text) => Ok((read > 0).then_some(text)),
        Err(_) => wrong(io::ErrorKind::InvalidData, "this line is no UTF-8"),
    }
}

/// More than a request with all its policies takes.
const LONGEST_LINE: u64 = 16 << 20;

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::usage(format!("`{name}` cannot be read")).because(error)
}
