//! Where results go: standard output for the result, standard error for all else.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::failure::Failure;

/// Writes the result, as it stands, with an end of line if it has none.
///
/// A reader that has seen enough (`sce plan … | head`) closes the pipe, which is no failure of ours.
pub(crate) fn result(text: &str) -> Result<(), Failure> {
    write(&printable(text))
}

/// Writes a JSON document, as it stands.
pub(crate) fn document(json: &str) -> Result<(), Failure> {
    write(&printable_json(json))
}

fn write(text: &str) -> Result<(), Failure> {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.write_all(end.as_bytes()));
    match written.and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::usage("the result could not be written to standard output").because(&error))
        }
        _ => Ok(()),
    }
}

/// Writes the result as one JSON document.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::usage("the result could not be written as JSON").because(&error))?;
    document(&text)
}

/// Writes a line for people to standard error. If nobody can be told, there is nobody to tell that.
pub(crate) fn note(text: &str) {
    drop(writeln!(io::stderr().lock(), "{}", printable(text.trim_end())));
}

/// The text without what a terminal would obey: words of a user or of AWS may hold escapes.
pub(crate) fn printable(text: &str) -> String {
    escaped(text, &['\n', '\t'], |c| c.escape_default().to_string())
}

/// The same of JSON, which stays JSON: what is escaped here stands within strings only.
fn printable_json(json: &str) -> String {
    escaped(json, &['\n'], |c| format!("\\u{:04x}", u32::from(c)))
}

/// One cell of a table, which has one line.
fn cell(text: &str) -> String {
    escaped(text, &[], |c| c.escape_default().to_string())
}

fn escaped(text: &str, but: &[char], escape: impl Fn(char) -> String) -> String {
    let shown = |c: char| if is_order(c) && !but.contains(&c) { escape(c) } else { c.to_string() };
    text.chars().map(shown).collect()
}

/// What a terminal obeys instead of showing it: control characters, and those that turn the direction of what follows, so that it reads
/// as something else (Unicode Technical Report 36, "Bidirectional Text Spoofing").
fn is_order(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Rows under a heading, each column as wide as its widest cell.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = rows.iter().map(|row| std::array::from_fn(|column| cell(&row[column]))).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([heading[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |cells: [&str; N]| {
        let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let body = rows.iter().map(|row| line(std::array::from_fn(|column| row[column].as_str())));
    std::iter::once(line(heading)).chain(body).collect()
}

/// Text broken into lines of a width that reads well, each after the same indent.
pub(crate) fn wrapped(text: &str, indent: &str) -> String {
    const WIDTH: usize = 100;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{indent}{word}")),
        }
    }
    lines.join("\n")
}

/// Text as it is broken already, each line after the same indent.
pub(crate) fn indented(text: &str, indent: &str) -> String {
    text.trim_end().lines().map(|line| format!("{indent}{line}\n")).collect()
}

/// The word that a value has in JSON, such as `in_force`.
pub(crate) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// `1 thing`, `2 things`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gives_orders_to_the_terminal() {
        let bad = "a\u{1b}[2Jb\u{9b}31m\u{202e}\u{7f}\r é";
        assert_eq!(printable(bad), "a\\u{1b}[2Jb\\u{9b}31m\\u{202e}\\u{7f}\\r é");
        assert_eq!(printable("a\n\tb"), "a\n\tb", "lines and columns stay");
        let json = printable_json(&serde_json::to_string_pretty(&[bad]).unwrap());
        assert!(!json.chars().any(|c| is_order(c) && c != '\n'), "{json}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).unwrap(), [bad], "it says the same");
        assert_eq!(table(["X"], &[["a\nb".to_owned()]]), "X\na\\nb\n");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a".to_owned(), "b".to_owned()], ["wide — wide".to_owned(), String::new()]];
        assert_eq!(table(["X", "Y"], &rows), "X            Y\na            b\nwide — wide\n");
        assert_eq!(table(["X"], &[]), "X\n");
    }

    #[test]
    fn long_text_is_broken_between_words() {
        let text = "word ".repeat(40);
        let lines = wrapped(&text, "  ");
        assert!(lines.lines().all(|line| line.starts_with("  word") && line.len() <= 100), "{lines}");
        assert_eq!(lines.split_whitespace().count(), 40);
        assert_eq!(wrapped("", "  "), "");
    }

    #[test]
    fn words_are_those_of_the_json() {
        assert_eq!(word(&sce::checks::Law::InForce), "in_force");
        assert_eq!(word(&3), "3");
    }
}
