//! How an account differs from its plan, told in the words of the network and of the rules.
//!
//! Drift is the difference of two models: the planned one and the observed one. What a single difference means is found by putting it
//! alone into the planned model and asking rules and properties again: those that answer otherwise changed because of it, and they give
//! it its severity. Nothing here reads anything.

mod effect;
mod events;
mod names;
mod policies;
mod repair;
mod show;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;

use serde::Serialize;

pub use effect::{ClaimChange, RuleChange};
pub use events::events;
pub use names::Names;
pub use repair::Repair;

use self::effect::Ground;
use crate::aws::resource::{Difference, Kind};
use crate::check::{Declared, Severity, Terms};
use crate::model::{Foreign, Model, Resource};
use crate::plan::Scope;
use crate::prove::Intent;
use crate::value::NodeId;

/// How an account differs from its plan.
#[derive(Clone, Debug, Serialize)]
pub struct Drift {
    /// Each thing that is otherwise than planned, the most severe first.
    pub findings: Vec<Drifted>,
    /// Rules that answer otherwise than on the plan, all drift taken together.
    pub rules: Vec<RuleChange>,
    /// Properties that come out otherwise than on the plan, all drift taken together.
    pub properties: Vec<ClaimChange>,
    /// What lies in the network and is in no plan.
    pub foreign: Vec<Foreign>,
    /// What could not be read, and why: nobody knows whether it drifted.
    pub unread: Vec<Unseen>,
}

/// A thing that is otherwise than planned.
#[derive(Clone, Debug, Serialize)]
pub struct Drifted {
    /// Its place in the plan; none for what no plan has.
    pub node: Option<NodeId>,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub scope: Scope,
    /// What AWS calls it; none when it is gone and nobody remembers.
    pub id: Option<String>,
    /// What happened to it.
    pub what: What,
    /// How bad that is, by the rules and properties that changed their answer.
    pub severity: Severity,
    /// What happened, in a sentence.
    pub message: String,
    /// Each change, in a sentence.
    pub details: Vec<String>,
    /// The same by property, for programs.
    pub differences: Vec<Difference>,
    /// Rules that answer otherwise because of it alone.
    pub rules: Vec<RuleChange>,
    /// Properties that come out otherwise because of it alone.
    pub properties: Vec<ClaimChange>,
    /// How it is put right.
    pub repair: Repair,
    /// Who did it, as far as CloudTrail tells; whoever asks it fills this in.
    pub by: Vec<Doer>,
}

/// What happened to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It is there and otherwise than planned.
    Changed,
    /// It is not there any more.
    Gone,
    /// It is not there, and no run ever made it.
    NotMade,
    /// It is there, in what is ours, and no plan has it.
    Added,
}

/// Somebody who changed a thing, as CloudTrail has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doer {
    /// Who, by ARN, or the AWS service.
    pub who: String,
    /// When, as RFC 3339 has it, in UTC.
    pub when: String,
    /// By which call, such as `ReplaceRoute`.
    pub event: String,
    /// CloudTrail's id of the event.
    pub event_id: String,
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unseen {
    /// What.
    pub node: NodeId,
    /// Why.
    pub why: String,
}

/// What a difference is judged by beside the two models.
#[derive(Clone, Copy, Debug)]
pub struct Measure<'a> {
    /// What no API tells.
    pub declared: &'a Declared,
    /// The day, the catalogue, the institution's policy.
    pub terms: &'a Terms,
    /// What properties are held to.
    pub intent: &'a Intent,
    /// What AWS calls things.
    pub names: &'a Names,
    /// What a run did.
    pub done: Done<'a>,
}

/// What was done of a plan before anybody asks how the account differs from it.
#[derive(Clone, Copy, Debug)]
pub struct Done<'a> {
    /// Whether the plan is the one that was applied last. If not, what it changes looks like drift.
    pub is_applied: bool,
    /// Places in the plan where no run ever made anything.
    pub never_made: &'a BTreeSet<NodeId>,
}

impl Drift {
    /// Whether anything is otherwise than planned, or beside it.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.findings.is_empty() || !self.foreign.is_empty()
    }

    /// The drift for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        show::text(self)
    }
}

/// How `observed` differs from `planned`. Both are in the plan's own terms; what the account has beside the environment is in both.
#[must_use]
pub fn drift(planned: &Model, observed: &Model, measure: &Measure<'_>, foreign: Vec<Foreign>) -> Drift {
    let ground = Ground::of(planned, observed, measure);
    let mut findings: Vec<Drifted> =
        differing(planned, observed).into_iter().map(|(before, now)| drifted(&ground, before, now)).collect();
    // Stable: those of one severity stay in the plan's order.
    findings.sort_by_key(|one| std::cmp::Reverse(one.severity));
    let (rules, properties) = if findings.is_empty() { Default::default() } else { ground.all_told() };
    let unread = observed.unread.iter().map(|(node, unread)| Unseen { node: node.clone(), why: unread.why.clone() });
    Drift { findings, rules, properties, foreign, unread: unread.collect() }
}

/// Things that are not the same on both sides, each as it was planned and as it is, in the plan's order and then in the account's.
fn differing<'a>(planned: &'a Model, observed: &'a Model) -> Vec<(Option<&'a Resource>, Option<&'a Resource>)> {
    let same_place = |a: &Resource, b: &Resource| match (&a.node, &b.node) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.name == b.name && a.properties.kind() == b.properties.kind(),
        _ => false,
    };
    let unread = |one: &&Resource| one.node.as_ref().is_none_or(|node| !observed.unread.contains_key(node));
    let before = planned.resources.iter().filter(unread).filter_map(|before| {
        let now = observed.resources.iter().find(|now| same_place(before, now));
        let same = now.is_some_and(|now| is_as_planned(before, now));
        (!same).then_some((Some(before), now))
    });
    let added = observed.resources.iter().filter(|now| !planned.resources.iter().any(|one| same_place(one, now)));
    before.chain(added.map(|now| (None, Some(now)))).collect()
}

/// Tags that others added are theirs.
fn is_as_planned(planned: &Resource, found: &Resource) -> bool {
    planned.properties.differences(&found.properties).is_empty() && tags_off(planned, found).next().is_none()
}

/// Planned tags that are missing or say something else: key, planned value, value found.
fn tags_off<'a>(
    planned: &'a Resource,
    found: &'a Resource,
) -> impl Iterator<Item = (&'a str, &'a str, Option<&'a str>)> {
    let off = planned.tags.iter().filter(|(key, value)| found.tags.get(*key) != Some(*value));
    off.map(|(key, value)| (key.as_str(), value.as_str(), found.tags.get(key).map(String::as_str)))
}

fn drifted(ground: &Ground<'_>, before: Option<&Resource>, now: Option<&Resource>) -> Drifted {
    // INVARIANT: `differing` gives at least one side.
    let one = before.or(now).unwrap_or_else(|| unreachable!("a difference has a side"));
    let never_made = one.node.as_ref().is_some_and(|node| ground.measure.done.never_made.contains(node));
    let what = match (before, now) {
        (Some(_), Some(_)) => What::Changed,
        (Some(_), None) if never_made => What::NotMade,
        (Some(_), None) => What::Gone,
        (None, _) => What::Added,
    };
    let effect = ground.effect(before, now);
    let details = match what {
        What::NotMade => vec![format!("{} was not made yet", ground.measure.names.thing(one))],
        What::Changed | What::Gone | What::Added => words::sentences(ground.measure.names, before, now),
    };
    let told = details.first().cloned().unwrap_or_default();
    let message = effect.consequences.first().map_or_else(|| told.clone(), |became| format!("{became}: {told}"));
    let mut differences = match (before, now) {
        (Some(before), Some(now)) => before.properties.differences(&now.properties),
        _ => Vec::new(),
    };
    let only_tags = what == What::Changed && differences.is_empty();
    if let (Some(before), Some(now)) = (before, now) {
        differences.extend(tag_difference(before, now));
    }
    Drifted {
        node: one.node.clone(),
        kind: one.properties.kind(),
        name: one.name.clone(),
        scope: one.scope,
        id: ground.measure.names.id_of(one),
        what,
        severity: effect.severity(only_tags),
        message,
        details,
        differences,
        rules: effect.rules,
        properties: effect.properties,
        repair: repair::repair(before, now, |node| ground.is_others(node)).of(ground.measure.done.is_applied),
        by: Vec::new(),
    }
}

fn tag_difference(planned: &Resource, found: &Resource) -> Option<Difference> {
    let (mut wanted, mut present) = (serde_json::Map::new(), serde_json::Map::new());
    for (key, value, is) in tags_off(planned, found) {
        wanted.insert(key.to_owned(), value.into());
        if let Some(is) = is {
            present.insert(key.to_owned(), is.into());
        }
    }
    let differs = Difference { field: "tags".to_owned(), planned: wanted.into(), found: present.into() };
    (differs.planned.as_object().is_some_and(|tags| !tags.is_empty())).then_some(differs)
}
