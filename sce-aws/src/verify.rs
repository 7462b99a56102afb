//! Holding what is there to what was planned, strictly.

use sce_core::aws::resource::{Difference, Kind};
use sce_core::check::{Declared, Finding, Terms, judge};
use sce_core::model::{Model, Unread};
use sce_core::pit::Tags;
use sce_core::plan::{Node, Plan};
use sce_core::prove::{Intent, Proof, prove};
use serde::Serialize;

use crate::account::{self, Facts};
use crate::divergence::Divergences;
use crate::drift::beside;
use crate::observe::{Observed, observe};
use crate::session::Session;

/// What reading everything back showed.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    /// Whether everything that can be shown is as planned, and nothing lies beside it.
    pub verified: bool,
    /// Each node and what was seen of it, in the plan's order.
    pub nodes: Vec<Verdict>,
    /// What lies in the plan's network and is in no plan.
    pub unplanned: Vec<String>,
    /// What those who answer cannot show: never counted as verified.
    pub not_shown: Vec<NotShown>,
    /// What the rules say of what is there.
    pub findings: Vec<Finding>,
    /// What comes of every claim about what is there; none of an account without an environment.
    pub proofs: Vec<Proof>,
}

impl Verification {
    /// Whether something is to be done: it is not as planned, a finding blocks, or a claim that the spec asks for is not proved.
    #[must_use]
    pub fn blocks(&self) -> bool {
        !self.verified || self.findings.iter().any(Finding::blocks) || self.proofs.iter().any(Proof::blocks)
    }
}

/// What was seen of one node.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The node.
    pub node: String,
    /// What was seen.
    #[serde(flatten)]
    pub seen: Seen,
}

/// What was seen of one node.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "seen")]
pub enum Seen {
    /// It is as planned.
    AsPlanned,
    /// It is there, and otherwise than planned.
    Different {
        /// Where.
        differences: Vec<Difference>,
    },
    /// It is somebody else's, and is no longer as it was when the lock was made. Nothing here mends it: the lock is to be made anew,
    /// and what the rules then say is to be settled with its owner.
    ChangedByOthers {
        /// Where.
        differences: Vec<Difference>,
    },
    /// It is not there.
    Missing,
    /// It could not be read.
    Unreadable {
        /// Why.
        why: String,
    },
}

/// Something that those who answer cannot show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NotShown {
    /// The node.
    pub node: String,
    /// Its kind.
    pub kind: &'static str,
    /// The property or behaviour.
    pub what: String,
    /// Why it cannot be shown.
    pub why: String,
}

/// What is there of a plan, beside it and around it in the account, as facts in the plan's own terms: read-only.
///
/// It does not fail: what cannot be read is in the answer.
pub async fn model(session: &Session, plan: &Plan) -> Model {
    let (observed, facts) = tokio::join!(observe(session, plan), account::facts(session));
    around(session, plan, &observed, facts).await
}

/// What was read of a plan, with what lies in its network beside it, and what the account has around it.
async fn around(session: &Session, plan: &Plan, observed: &Observed, facts: Facts) -> Model {
    let mut model = observed.model(plan);
    let (foreign, unread) = beside(session, plan, observed).await;
    facts.add_to(&mut model);
    model.foreign = foreign;
    for (node, why) in unread {
        model.unread.entry(node).or_insert_with(|| Unread { kind: Kind::Vpc, why });
    }
    model
}

/// Reads everything back and compares: read-only.
///
/// It does not fail: what cannot be read is in the answer.
pub async fn verify(session: &Session, plan: &Plan, declared: &Declared, terms: &Terms) -> Verification {
    let (observed, facts) = tokio::join!(observe(session, plan), account::facts(session));
    held_to(session, plan, &observed, facts, declared, terms).await
}

/// What was read, and what the account has around it, held to the plan, the rules and the claims.
pub(crate) async fn held_to(
    session: &Session,
    plan: &Plan,
    observed: &Observed,
    facts: Facts,
    declared: &Declared,
    terms: &Terms,
) -> Verification {
    let model = around(session, plan, observed, facts).await;
    let proofs = prove(&model, &Intent::of_applied(declared, plan));
    let verification = compared(session, plan, observed, judge(&model, declared, terms));
    Verification { proofs, ..verification }
}

/// Each node as it is beside as it was planned, with these findings.
pub(crate) fn compared(session: &Session, plan: &Plan, observed: &Observed, findings: Vec<Finding>) -> Verification {
    let mut not_shown = Vec::new();
    let nodes: Vec<Verdict> = plan
        .nodes
        .iter()
        .map(|node| Verdict { node: node.id.to_string(), seen: seen(session, plan, node, observed, &mut not_shown) })
        .collect();
    let unplanned: Vec<String> = observed.unplanned.iter().map(|(name, _)| name.clone()).collect();
    let as_planned = nodes.iter().all(|verdict| matches!(verdict.seen, Seen::AsPlanned));
    Verification {
        verified: as_planned && unplanned.is_empty(),
        nodes,
        unplanned,
        not_shown,
        findings,
        proofs: Vec::new(),
    }
}

/// What those who answer cannot show of what is there.
pub(crate) fn not_shown(session: &Session, plan: &Plan, observed: &Observed) -> Vec<NotShown> {
    let mut all = Vec::new();
    plan.nodes.iter().for_each(|node| drop(seen(session, plan, node, observed, &mut all)));
    all
}

fn seen(session: &Session, plan: &Plan, node: &Node, observed: &Observed, not_shown: &mut Vec<NotShown>) -> Seen {
    if let Some(error) = observed.unread.get(&node.id) {
        return Seen::Unreadable { why: error.to_string() };
    }
    let Some(found) = observed.found.get(&node.id) else { return Seen::Missing };
    let kind = node.properties.kind();
    let not_shown_of = |what: &str, why: &str| NotShown {
        node: node.id.to_string(),
        kind: kind.word(),
        what: what.to_owned(),
        why: why.to_owned(),
    };
    not_shown.extend(session.divergences.behaviours(kind).map(|entry| not_shown_of(&entry.field, &entry.why)));
    let planned = observed.planned(plan, node);
    let mut differences = planned.differences(&observed.ids.relabel(plan, &found.properties));
    differences.extend(tag_difference(&node.tags, &found.tags));
    differences.retain(|difference| match session.divergences.of_difference(kind, difference) {
        Some(entry) => {
            not_shown.push(not_shown_of(&entry.field, &entry.why));
            false
        }
        None => true,
    });
    match (differences.is_empty(), node.is_existing()) {
        (true, _) => Seen::AsPlanned,
        (false, true) => Seen::ChangedByOthers { differences },
        (false, false) => Seen::Different { differences },
    }
}

/// Differences that can be acted on: those that those who answer can show.
pub(crate) fn shown(divergences: &Divergences, node: &Node, differences: Vec<Difference>) -> Vec<Difference> {
    let kind = node.properties.kind();
    differences.into_iter().filter(|difference| divergences.of_difference(kind, difference).is_none()).collect()
}

/// Planned tags that are missing or have another value; tags that others added are theirs.
pub(crate) fn tag_difference(planned: &Tags, found: &Tags) -> Option<Difference> {
    let off: Tags = planned.iter().filter(|(key, value)| found.get(*key) != Some(*value)).map(owned).collect();
    if off.is_empty() {
        return None;
    }
    let present: Tags = found.iter().filter(|(key, _)| off.contains_key(*key)).map(owned).collect();
    let json = |tags: &Tags| serde_json::to_value(tags).unwrap_or_default();
    Some(Difference { field: "tags".to_owned(), planned: json(&off), found: json(&present) })
}

fn owned((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn tags_of_others_are_no_difference() {
        let planned = tags(&[("sce:pit", "hipaa")]);
        assert!(tag_difference(&planned, &tags(&[("sce:pit", "hipaa"), ("cost-centre", "7")])).is_none());
        let difference = tag_difference(&planned, &tags(&[("sce:pit", "omop")])).unwrap();
        assert_eq!(difference.found["sce:pit"], "omop");
    }
}
