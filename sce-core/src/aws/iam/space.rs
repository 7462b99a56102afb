//! What a request can say of a key, as far as policies can tell: one value for each way of matching.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use super::atoms::{self, Shape};
use super::condition::{Test, Values};
use super::pattern::{Token, tokens};
use super::quantity::Decimal;
use super::request::View;

/// What a key can be: its lists of values, an empty one for a key that is absent.
#[derive(Clone, Debug)]
pub(super) struct Domain {
    pub(super) values: Vec<Vec<String>>,
    /// Whether every way of matching is among them.
    pub(super) complete: bool,
}

/// Keys that no signed request lacks, and no request at all for the first three.
const ALWAYS: [&str; 4] = ["aws:securetransport", "aws:currenttime", "aws:epochtime", "aws:useragent"];

/// Keys of which AWS tells all values.
const KNOWN: [(&str, &[&str]); 4] = [
    ("aws:securetransport", &["true", "false"]),
    ("aws:multifactorauthpresent", &["true", "false"]),
    ("s3:tlsversion", &["1.3", "1.2", "1.1", "1.0"]),
    ("kms:grantisforawsresource", &["true", "false"]),
];

/// More values of a multi-valued key than this are not taken together in every way.
const MOST_TOGETHER: usize = 6;

/// What the tests of a key can tell apart.
pub(super) fn domain(key: &str, tests: &[&Test], view: &View<'_>) -> Domain {
    let mut singles = BTreeSet::new();
    let mut complete = true;
    match KNOWN.iter().find(|(known, _)| *known == key) {
        Some((_, values)) => singles.extend(values.iter().map(|value| (*value).to_owned())),
        None => complete = matched(tests, view, &mut singles),
    }
    let together = tests.iter().any(|test| test.operator().set().is_some());
    let mut values = if together && singles.len() <= MOST_TOGETHER {
        subsets(&singles.into_iter().collect::<Vec<_>>())
    } else {
        complete &= !together;
        singles.into_iter().map(|value| vec![value]).collect()
    };
    if !ALWAYS.contains(&key) {
        values.push(Vec::new());
    }
    Domain { values, complete }
}

/// One value for each way in which the tests match; tells whether those are all.
fn matched(tests: &[&Test], view: &View<'_>, values: &mut BTreeSet<String>) -> bool {
    let (mut shapes, mut numbers, mut times, mut networks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut complete, mut flags) = (true, false);
    for test in tests {
        complete &= !test.has_variables();
        match test.values() {
            Values::Texts(patterns) => {
                let resolved = patterns.iter().filter_map(|pattern| pattern.resolved(view).ok());
                let arn = test.operator().base().is_arn();
                shapes.extend(
                    resolved
                        .map(|tokens| Shape { tokens: if arn { by_parts(tokens) } else { tokens }, caseless: false }),
                );
            }
            Values::Caseless(patterns) => {
                let resolved = patterns.iter().filter_map(|pattern| pattern.resolved(view).ok());
                shapes.extend(resolved.map(|tokens| Shape { tokens, caseless: true }));
            }
            Values::Numbers(all) => numbers.extend(all.iter().cloned()),
            Values::Times(all) => times.extend(all.iter().copied()),
            Values::Networks(all) => networks.extend(all.iter().copied()),
            Values::Flags(_) => flags = true,
            Values::Bytes(all) => values.extend(all.iter().map(|bytes| base64(bytes))),
        }
    }
    match atoms::of_shapes(&tokens("*"), &shapes) {
        // An empty value stands for nothing that AWS says; the shortest others do.
        Ok(texts) => values.extend(texts.into_iter().map(|text| if text.is_empty() { fresh(&shapes) } else { text })),
        Err(_) => complete = false,
    }
    complete &= around_numbers(&mut numbers, values);
    around_times(&mut times, values);
    around_networks(&networks, values);
    if flags {
        values.extend(["true", "false"].map(str::to_owned));
    }
    complete
}

/// A text in the class of the empty one: it matches what the empty one does.
fn fresh(shapes: &[Shape]) -> String {
    let matches = |text: &str| {
        let one = |shape: &Shape| {
            let text = if shape.caseless { text.to_lowercase() } else { text.to_owned() };
            super::pattern::glob(&shape.tokens, text.as_bytes())
        };
        shapes.iter().map(one).collect::<Vec<_>>()
    };
    let empty = matches("");
    ["other", "x", "0"].into_iter().find(|text| matches(text) == empty).unwrap_or_default().to_owned()
}

/// An ARN's pattern as one that keeps its stars within their parts, the last part aside.
fn by_parts(tokens: Vec<Token>) -> Vec<Token> {
    let last = tokens.iter().filter(|token| **token == Token::Byte(b':')).count().min(5);
    let mut colons = 0;
    let within = |token: Token| {
        let inner = colons < last;
        colons += usize::from(token == Token::Byte(b':'));
        match token {
            Token::Any if inner => Token::AnyInPart,
            Token::One if inner => Token::OneInPart,
            other => other,
        }
    };
    tokens.into_iter().map(within).collect()
}

/// Each number, and one in every gap between and beside them.
fn around_numbers(numbers: &mut Vec<Decimal>, values: &mut BTreeSet<String>) -> bool {
    numbers.sort();
    numbers.dedup();
    values.extend(numbers.iter().map(Decimal::to_string));
    let floats: Vec<f64> = numbers.iter().filter_map(|number| number.to_string().parse().ok()).collect();
    let (Some(first), Some(last)) = (floats.first(), floats.last()) else { return numbers.is_empty() };
    let gaps = floats.windows(2).map(|pair| between(pair[0], pair[1]));
    let all: Vec<f64> = [first - 1.0, last + 1.0].into_iter().chain(gaps).collect();
    values.extend(all.iter().map(|number| format!("{number}")));
    // Numbers that a float cannot tell apart leave gaps that it cannot fill.
    numbers.iter().all(|number| number.is_small())
}

fn between(low: f64, high: f64) -> f64 {
    let next = low.floor() + 1.0;
    if next < high { next } else { f64::midpoint(low, high) }
}

fn around_times(times: &mut Vec<Timestamp>, values: &mut BTreeSet<String>) {
    times.sort_unstable();
    times.dedup();
    let second = SignedDuration::from_secs(1);
    for time in times.iter() {
        values.insert(time.to_string());
        // Two limits less than a second apart leave no gap that a clock of seconds can tell.
        values.extend(time.checked_add(second).map(|after| after.to_string()));
        values.extend(time.checked_sub(second).map(|before| before.to_string()));
    }
}

/// The first address of each stretch that the networks tell apart: where one begins, and behind the end of each.
fn around_networks(networks: &[IpNet], values: &mut BTreeSet<String>) {
    if networks.is_empty() {
        return;
    }
    let outside = ["203.0.113.77", "192.0.2.77", "0.0.0.0", "::"].map(|text| text.parse::<IpAddr>());
    let outside = outside.into_iter().flatten();
    let begin = networks.iter().map(IpNet::network);
    let behind = networks.iter().filter_map(|network| match network.broadcast() {
        IpAddr::V4(last) => u32::from(last).checked_add(1).map(|next| IpAddr::V4(Ipv4Addr::from(next))),
        IpAddr::V6(last) => u128::from(last).checked_add(1).map(|next| IpAddr::V6(Ipv6Addr::from(next))),
    });
    // One address for each set of networks that it is in.
    let mut seen = BTreeSet::new();
    for address in outside.chain(begin).chain(behind) {
        let inside: Vec<bool> = networks.iter().map(|network| network.contains(&address)).collect();
        if seen.insert(inside) {
            values.insert(address.to_string());
        }
    }
}

/// Every list of some of the values, in order.
fn subsets(values: &[String]) -> Vec<Vec<String>> {
    let all = 1_usize << values.len();
    let chosen = |mask: usize| values.iter().enumerate().filter(move |(at, _)| mask & (1 << at) != 0);
    (1..all).map(|mask| chosen(mask).map(|(_, value)| value.clone()).collect()).collect()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at > group.len() { '=' } else { char::from(letter) });
        }
    }
    text
}
