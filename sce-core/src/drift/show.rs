//! Drift for people.

use std::fmt::Write as _;

use super::{ClaimChange, Doer, Drift, Drifted, RuleChange};
use crate::prove::Status as Came;

pub(super) fn text(drift: &Drift) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", head(drift));
    drift.findings.iter().for_each(|one| finding(&mut out, one));
    if !drift.foreign.is_empty() {
        let _ = writeln!(out, "\nIn the network and in no plan:");
        for one in &drift.foreign {
            let _ = writeln!(out, "  {}", one.message);
        }
    }
    unexplained(&mut out, drift);
    if !drift.unread.is_empty() {
        let _ = writeln!(out, "\nNot readable, so that nobody knows:");
        for one in &drift.unread {
            let _ = writeln!(out, "  {}: {}", one.node, one.why);
        }
    }
    out
}

fn head(drift: &Drift) -> String {
    let things = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let drifted = things(drift.findings.len(), "thing is otherwise than planned", "things are otherwise than planned");
    let foreign = things(drift.foreign.len(), "lies beside the plan", "lie beside the plan");
    match (drift.findings.is_empty(), drift.foreign.is_empty()) {
        (true, true) => "no drift: everything that could be read is as planned".to_owned(),
        (false, true) => drifted,
        (true, false) => foreign,
        (false, false) => format!("{drifted}, {foreign}"),
    }
}

fn finding(out: &mut String, one: &Drifted) {
    let _ = writeln!(out, "\n  {:8}  {}", one.severity, one.message);
    // The message ends with the first of them.
    for detail in one.details.iter().skip(1) {
        let _ = writeln!(out, "            {detail}");
    }
    for change in &one.rules {
        let _ = writeln!(out, "            {}", rule(change));
    }
    for change in &one.properties {
        let _ = writeln!(out, "            {}", claim(change));
    }
    for doer in &one.by {
        let _ = writeln!(out, "            {}", by(doer));
    }
    let _ = writeln!(out, "            repair: {}", one.repair.how());
}

fn rule(change: &RuleChange) -> String {
    let word = |status: Option<crate::check::Status>| status.map_or_else(|| "silent".to_owned(), |one| one.to_string());
    let RuleChange { rule, resource, before, now, message, .. } = change;
    format!("rule {} on {resource}: {}, was {}: {message}", rule.0, word(*now), word(*before))
}

fn claim(change: &ClaimChange) -> String {
    let word = |status: Came| match status {
        Came::Holds => "holds",
        Came::Violated => "violated",
        Came::Unknown => "unknown",
    };
    format!("property {}: {}, was {}: {}", change.id.0, word(change.now), word(change.before), change.why)
}

fn by(doer: &Doer) -> String {
    format!("by {} at {} ({})", doer.who, doer.when, doer.event)
}

/// What only several differences together bring about.
fn unexplained(out: &mut String, drift: &Drift) {
    let rules = drift.rules.iter().filter(|change| {
        let same =
            |one: &&RuleChange| one.rule == change.rule && one.resource == change.resource && one.now == change.now;
        !drift.findings.iter().any(|finding| finding.rules.iter().any(|one| same(&one)))
    });
    let claims = drift.properties.iter().filter(|change| {
        let same = |one: &&ClaimChange| one.id == change.id && one.now == change.now;
        !drift.findings.iter().any(|finding| finding.properties.iter().any(|one| same(&one)))
    });
    let told: Vec<String> = rules.map(rule).chain(claims.map(claim)).collect();
    if !told.is_empty() {
        let _ = writeln!(out, "\nBrought about by all of it together:");
        for line in told {
            let _ = writeln!(out, "  {line}");
        }
    }
}
