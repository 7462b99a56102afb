//! What a difference does: to the network, to the rules, to the properties.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Measure;
use crate::aws::resource::{Kind, RouteTarget};
use crate::check::{Finding, RuleId, Severity, Status, judge};
use crate::model::{Model, Resource};
use crate::plan::Scope;
use crate::prove::{Proof, PropertyId, Status as Came, prove};
use crate::value::Value;

/// A rule that answers otherwise of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleChange {
    /// The rule.
    pub rule: RuleId,
    /// Of what.
    pub resource: String,
    /// What it said of the plan; none where it had nothing to say.
    pub before: Option<Status>,
    /// What it says now; none where it has nothing to say any more.
    pub now: Option<Status>,
    /// How bad that is.
    pub severity: Severity,
    /// What it says now.
    pub message: String,
}

/// A property that comes out otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimChange {
    /// The property.
    pub id: PropertyId,
    /// Whether the spec asks for it.
    pub required: bool,
    /// What came of it on the plan.
    pub before: Came,
    /// What comes of it now.
    pub now: Came,
    /// Why.
    pub why: String,
}

/// What a single difference does.
#[derive(Clone, Debug, Default)]
pub(super) struct Effect {
    pub(super) consequences: Vec<String>,
    pub(super) rules: Vec<RuleChange>,
    pub(super) properties: Vec<ClaimChange>,
}

impl Effect {
    /// The worst that rules and properties make of it. What none of them minds is still otherwise than planned.
    pub(super) fn severity(&self, only_tags: bool) -> Severity {
        let open = |status: Option<Status>| matches!(status, Some(Status::Broken | Status::Unknown));
        let worse = |change: &&RuleChange| open(change.now) && change.before != change.now;
        let rules = self.rules.iter().filter(worse).map(|change| change.severity).max();
        // A plan without a property that its spec asks for is refused, as one with a finding that is high.
        let lost = self.properties.iter().any(|change| change.required && change.now != Came::Holds);
        let claims = lost.then_some(Severity::High);
        rules.max(claims).unwrap_or(if only_tags { Severity::Info } else { Severity::Low })
    }
}

/// What is compared: the plan's answers, and a way to ask with a difference put in.
pub(super) struct Ground<'a> {
    pub(super) measure: &'a Measure<'a>,
    planned: Model,
    observed: &'a Model,
    findings: Vec<Finding>,
    proofs: Vec<Proof>,
}

impl<'a> Ground<'a> {
    /// Whether what stands in that place of the plan is somebody else's.
    pub(super) fn is_others(&self, node: &str) -> bool {
        self.planned.resource(node).is_some_and(|one| one.scope == Scope::Existing)
    }

    pub(super) fn of(planned: &Model, observed: &'a Model, measure: &'a Measure<'a>) -> Self {
        // What could not be read, and where facts come from, are the same on both sides: only differences shall show.
        let planned =
            Model { source: observed.source, unread: observed.unread.clone(), ..without_unread(planned, observed) };
        let findings = judge(&planned, measure.declared, measure.terms);
        let proofs = prove(&planned, measure.intent);
        Self { measure, planned, observed, findings, proofs }
    }

    /// Of all differences together.
    pub(super) fn all_told(&self) -> (Vec<RuleChange>, Vec<ClaimChange>) {
        self.answers(self.observed)
    }

    /// Of one difference alone.
    pub(super) fn effect(&self, before: Option<&Resource>, now: Option<&Resource>) -> Effect {
        let drifted = with(&self.planned, before, now);
        let (rules, properties) = self.answers(&drifted);
        Effect { consequences: self.consequences(&drifted), rules, properties }
    }

    fn answers(&self, model: &Model) -> (Vec<RuleChange>, Vec<ClaimChange>) {
        let findings = judge(model, self.measure.declared, self.measure.terms);
        let proofs = prove(model, self.measure.intent);
        (rules(&self.findings, &findings), claims(&self.proofs, &proofs))
    }

    /// What becomes of subnets: the words in which people think of routes.
    fn consequences(&self, drifted: &Model) -> Vec<String> {
        let subnets = self.planned.of_kind(Kind::Subnet);
        let became = subnets.filter_map(|subnet| {
            let (before, now) = (ways(&self.planned, subnet), ways(drifted, subnet));
            let what = match (before.internet, now.internet, before.out && !now.out) {
                (false, true, _) => "became public",
                (true, false, _) => "lost its way to the internet",
                (_, _, true) => "lost its way out",
                _ => return None,
            };
            Some(format!("{} {what}", self.measure.names.thing(subnet)))
        });
        became.collect()
    }
}

/// The planned model without what could not be read on the other side: nobody can say whether that is so.
fn without_unread(planned: &Model, observed: &Model) -> Model {
    let mut planned = planned.clone();
    let unread = |one: &Resource| one.node.as_ref().is_some_and(|node| observed.unread.contains_key(node));
    planned.resources.retain(|one| !unread(one));
    planned
}

fn with(planned: &Model, before: Option<&Resource>, now: Option<&Resource>) -> Model {
    let mut model = planned.clone();
    let place = before.and_then(|before| model.resources.iter().position(|one| one == before));
    match (place, now) {
        (Some(place), Some(now)) => model.resources[place] = now.clone(),
        (Some(place), None) => drop(model.resources.remove(place)),
        (None, Some(now)) => model.resources.push(now.clone()),
        (None, None) => {}
    }
    model
}

/// Where the routes of a subnet lead.
struct Ways {
    internet: bool,
    out: bool,
}

/// By the table associated with it, else by the main one.
fn ways(model: &Model, subnet: &Resource) -> Ways {
    let is_this = |value: &Value<_>| model.follow(value).is_some_and(|one| one.label() == subnet.label());
    let own = model.associations().find(|(_, one)| is_this(&one.subnet));
    let table = match own {
        Some((_, association)) => model.follow(&association.table),
        None => model.route_tables().find(|(_, table)| table.main).map(|(resource, _)| resource),
    };
    let label = table.map(Resource::label);
    let routes =
        model.routes().filter(|(_, route)| label.is_some() && model.follow(&route.table).map(Resource::label) == label);
    let targets: Vec<_> = routes.map(|(_, route)| route).collect();
    Ways {
        internet: targets.iter().any(|route| matches!(route.target, RouteTarget::InternetGateway(_))),
        out: targets.iter().any(|route| route.destination.prefix_len() == 0),
    }
}

fn rules(before: &[Finding], now: &[Finding]) -> Vec<RuleChange> {
    let (before, now) = (by_place(before), by_place(now));
    let changed = now.iter().filter(|(place, one)| before.get(*place).map(|one| one.status) != Some(one.status));
    let changed = changed.map(|((rule, resource), one)| RuleChange {
        rule: *rule,
        resource: resource.clone(),
        before: before.get(&(*rule, resource.clone())).map(|one| one.status),
        now: Some(one.status),
        severity: one.severity,
        message: one.message.clone(),
    });
    let silent = before.iter().filter(|(place, _)| !now.contains_key(*place));
    let silent = silent.map(|((rule, resource), one)| RuleChange {
        rule: *rule,
        resource: resource.clone(),
        before: Some(one.status),
        now: None,
        severity: Severity::Info,
        message: "it has nothing to say of it any more".to_owned(),
    });
    let mut all: Vec<RuleChange> = changed.chain(silent).collect();
    all.sort_by_key(|change| std::cmp::Reverse(change.severity));
    all
}

/// The worst finding of each rule on each resource.
fn by_place(findings: &[Finding]) -> BTreeMap<(RuleId, String), &Finding> {
    let mut places: BTreeMap<(RuleId, String), &Finding> = BTreeMap::new();
    for finding in findings {
        let place = places.entry((finding.rule, finding.resource.clone())).or_insert(finding);
        if finding.status < place.status {
            *place = finding;
        }
    }
    places
}

fn claims(before: &[Proof], now: &[Proof]) -> Vec<ClaimChange> {
    let pairs = before.iter().zip(now).filter(|(before, now)| before.status != now.status);
    let changed = pairs.map(|(before, now)| ClaimChange {
        id: now.property.id,
        required: now.required,
        before: before.status,
        now: now.status,
        why: now.why.clone(),
    });
    changed.collect()
}
