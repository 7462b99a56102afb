//! E-mail addresses.

use std::ops::Range;

/// Where addresses stand. Each `@` is looked at once and no character belongs to two addresses, so the whole is linear.
pub(super) fn spans(text: &str) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for (at, sign) in text.match_indices('@') {
        let floor = spans.last().map_or(0, |span| span.end);
        let local = text[floor..at].len() - text[floor..at].trim_end_matches(is_local).len();
        let domain = domain_len(&text[at + sign.len()..]);
        if local > 0 && domain > 0 {
            spans.push(at - local..at + sign.len() + domain);
        }
    }
    spans
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric() || "._%+-".contains(c)
}

/// The length of a domain with at least one dot and a last label of letters, or 0.
fn domain_len(text: &str) -> usize {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')).unwrap_or(text.len());
    let domain = text[..end].trim_end_matches(['.', '-']);
    let fits = domain.rsplit_once('.').is_some_and(|(host, last)| {
        !host.is_empty() && last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic())
    });
    if fits { domain.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_local_part_and_a_dotted_domain() {
        let found = |text: &str| spans(text).into_iter().map(|span| text[span].to_owned()).collect::<Vec<_>>();
        assert_eq!(found("to jane.roe+x@example.org, ok"), ["jane.roe+x@example.org"]);
        assert_eq!(found("a@b.co@c.de"), ["a@b.co"]);
        for text in ["@", "a@", "@b.co", "root@localhost", "v1@2.0", "a@.", "a@@b.co", "50@1.5mg"] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
