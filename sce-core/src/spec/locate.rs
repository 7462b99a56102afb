//! Where in its text a spec says a thing.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::value::RawValue;

use super::Format;

/// The line of the value at `path` (keys and list indices), counted from 1; its parent's line when it is not there, so that a
/// message about something missing still points somewhere.
#[must_use]
pub fn line_of(text: &str, format: Format, path: &[&str]) -> Option<usize> {
    let offset = match format {
        Format::Toml => toml_offset(text, path),
        Format::Json => json_offset(text, path),
    };
    offset.map(|offset| line_at(text, offset))
}

/// The line that holds the byte at `offset`, counted from 1.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn toml_offset(text: &str, path: &[&str]) -> Option<usize> {
    let document = toml::de::DeTable::parse(text).ok()?;
    let (first, rest) = path.split_first()?;
    let mut node = document.get_ref().get(*first)?;
    let mut span: Range<usize> = node.span();
    for key in rest {
        let next = match node.get_ref() {
            toml::de::DeValue::Table(table) => table.get(*key),
            toml::de::DeValue::Array(items) => key.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        let Some(next) = next else { break };
        node = next;
        span = node.span();
    }
    Some(span.start)
}

fn json_offset(text: &str, path: &[&str]) -> Option<usize> {
    let mut raw: &RawValue = serde_json::from_str(text).ok()?;
    for key in path {
        match json_child(raw, key) {
            Some(next) => raw = next,
            None => break,
        }
    }
    // The raw value borrows from `text`, so the distance of the two is the offset.
    (raw.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)
}

fn json_child<'a>(raw: &'a RawValue, key: &str) -> Option<&'a RawValue> {
    if let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(raw.get()) {
        return fields.get(key).copied();
    }
    let items = serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok()?;
    items.get(key.parse::<usize>().ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_in_toml() {
        let text = "pit = \"a\"\n\n[network]\ncidr = \"10.0.0.0/16\"\n[[network.taken]]\nname = \"x\"\ncidr = \"10.1.0.0/16\"\n";
        let line = |path: &[&str]| line_of(text, Format::Toml, path);
        assert_eq!(line(&["pit"]), Some(1));
        assert_eq!(line(&["network", "cidr"]), Some(4));
        assert_eq!(line(&["network", "taken", "0", "cidr"]), Some(7));
        assert_eq!(line(&["network", "absent"]), Some(3));
        assert_eq!(line(&["absent"]), None);
    }

    #[test]
    fn lines_are_found_in_json() {
        let text = "{\n \"pit\": \"a\",\n \"network\": {\n  \"taken\": [\n   {\"cidr\": \"10.0.0.0/8\"}]}}";
        let line = |path: &[&str]| line_of(text, Format::Json, path);
        assert_eq!(line(&["pit"]), Some(2));
        assert_eq!(line(&["network", "taken", "0", "cidr"]), Some(5));
        assert_eq!(line(&["network", "absent"]), Some(3));
    }
}
