//! Whether something is possible at all: whether some request of a kind is allowed, whatever it says of itself.
//!
//! The keys that the policies ask about are settled one after the other, each to one value of every kind that they can tell apart;
//! as soon as what is settled decides, the rest is not looked at. A request that is found is decided again by [`evaluate`] before it
//! is told, and a search that was not complete answers that it does not know, never that nothing is possible.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::atoms::{self, TooWild};
use super::condition::Test;
use super::document::{Document, Rule};
use super::evaluate::{Policies, Verdict, evaluate, judge};
use super::pattern::{Pattern, tokens};
use super::principal::Principal;
use super::request::{Request, View};
use super::space::{Domain, domain};
use super::tri::Tri;
use crate::aws::policy::Effect;

/// What is asked: a request whose resource may be a pattern, and whose context is not all said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The request; what its context says is settled.
    pub request: Request,
    /// Keys that it says nothing of, in lower case.
    pub absent: BTreeSet<String>,
}

/// Whether something is possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Possible {
    /// It is: this request is allowed.
    Yes(Box<Request>),
    /// It is not.
    No,
    /// Nobody knows, and why.
    Unknown(&'static str),
}

/// How many partly settled requests are looked at.
const MOST_LOOKS: usize = 50_000;

impl Question {
    /// Whether the request is possible, with nothing settled but what it says.
    #[must_use]
    pub fn new(request: Request) -> Self {
        Self { request, absent: BTreeSet::new() }
    }

    /// The same, saying nothing of the key.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.absent.insert(key.to_lowercase());
        self
    }
}

impl Possible {
    /// Whether it is possible, or may be.
    #[must_use]
    pub const fn is_not_excluded(&self) -> bool {
        !matches!(self, Self::No)
    }
}

/// Whether some request of the kind is allowed by the policies.
#[must_use]
pub fn possible(question: &Question, policies: &Policies) -> Possible {
    let who_grants = policies.identity.iter().chain(&policies.resource);
    let Request { principal, action, resource, .. } = &question.request;
    if !is_granted_at_all(who_grants, principal, action, resource) {
        return Possible::No;
    }
    let relevant = relevant(&question.request, policies);
    let Ok(instances) = instances(&question.request, &relevant) else {
        return Possible::Unknown("the policies tell more resources apart than can be looked at");
    };
    let mut answer = Possible::No;
    for resource in instances {
        let resource_account = question.request.owner().map(str::to_owned);
        let request = Request { resource, resource_account, ..question.request.clone() };
        match of_one(request, question, policies, &relevant) {
            Possible::No => {}
            Possible::Yes(request) => return Possible::Yes(request),
            unknown @ Possible::Unknown(_) => answer = unknown,
        }
    }
    answer
}

/// One resource for each way in which the statements can tell apart those of the request's pattern.
fn instances(request: &Request, relevant: &[&Rule]) -> Result<Vec<String>, TooWild> {
    if !request.is_pattern() {
        return Ok(vec![request.resource.clone()]);
    }
    let view = View::new(request);
    let patterns = relevant.iter().flat_map(|rule| rule.resource_patterns());
    let resolved: Vec<_> = patterns.filter_map(|pattern| pattern.resolved(&view).ok()).collect();
    atoms::representatives(&tokens(&request.resource), &resolved)
}

fn of_one(request: Request, question: &Question, policies: &Policies, relevant: &[&Rule]) -> Possible {
    let settled = |key: &str| !request.context.values(key).is_empty() || question.absent.contains(key) || is_told(key);
    let tests: Vec<&Test> = relevant.iter().flat_map(|rule| &rule.tests).collect();
    let patterns = relevant.iter().flat_map(|rule| rule.resource_patterns());
    let variables: BTreeSet<&str> = patterns.flat_map(Pattern::variables).filter(|key| !settled(key)).collect();
    let tested = tests.iter().flat_map(|test| test.keys()).filter(|key| !settled(key));
    let keys: BTreeSet<&str> = tested.chain(variables.iter().copied()).collect();
    let open: BTreeSet<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    // Most end here, before anybody lists what the keys may say.
    if judge(&View::new(&request).with_open(&open), policies).holds() == Tri::No {
        return Possible::No;
    }
    let view = View::new(&request);
    let of_key = |key: &&str| {
        let of_key: Vec<&Test> = tests.iter().filter(|test| test.key() == *key).copied().collect();
        ((*key).to_owned(), domain(key, &of_key, &view))
    };
    let mut domains: Vec<(String, Domain)> = keys.iter().map(of_key).collect();
    domains.sort_by_key(|(_, domain)| domain.values.len());
    let hangs = !variables.is_empty() || tests.iter().flat_map(|test| test.variables()).any(|key| !settled(key));
    let complete = !hangs && domains.iter().all(|(_, domain)| domain.complete);
    let mut search = Search { policies, domains, looks: 0 };
    match search.settle(request.clone(), open, 0) {
        Some(found) if evaluate(&found, policies).verdict == Verdict::Allow => Possible::Yes(Box::new(found)),
        Some(_) => Possible::Unknown("a request was found that does not stand up to being decided again"),
        None if search.looks >= MOST_LOOKS => {
            Possible::Unknown("there are more kinds of request than can be looked at")
        }
        None if !complete => Possible::Unknown("what the policies ask for hangs on values that cannot be listed"),
        None => Possible::No,
    }
}

/// What AWS tells of the caller, so that it is never open.
fn is_told(key: &str) -> bool {
    matches!(key, "aws:principalarn" | "aws:principalaccount" | "aws:principalisawsservice")
}

/// Whether the caller's own policies and the resource's have a grant that could be meant, of the resource or some of its pattern; most
/// questions end here.
pub(crate) fn is_granted_at_all<'a>(
    who_grants: impl IntoIterator<Item = &'a Arc<Document>>,
    principal: &Principal,
    action: &str,
    resource: &str,
) -> bool {
    let beginning = resource.split(['*', '?']).next().unwrap_or_default();
    let action = action.to_lowercase();
    let mut rules = who_grants.into_iter().flat_map(|document| &document.statements);
    // Whether there is a boundary matters to denials only.
    let is_meant = |rule: &Rule| rule.covers_action(&action) && rule.grantee(principal, false).is_some();
    matches!(principal, Principal::Root(_))
        || rules.any(|rule| rule.effect == Effect::Allow && rule.may_cover(beginning) && is_meant(rule))
}

/// The statements that can apply to the request at all.
fn relevant<'a>(request: &Request, policies: &'a Policies) -> Vec<&'a Rule> {
    let (action, bounded) = (request.action.to_lowercase(), !policies.boundary.is_empty());
    let rules = policies.documents().flat_map(|document| &document.statements);
    rules.filter(|rule| rule.covers_action(&action) && rule.grantee(&request.principal, bounded).is_some()).collect()
}

struct Search<'a> {
    policies: &'a Policies,
    domains: Vec<(String, Domain)>,
    looks: usize,
}

impl Search<'_> {
    /// A request that is allowed, with the keys from `at` on still open.
    fn settle(&mut self, request: Request, open: BTreeSet<String>, at: usize) -> Option<Request> {
        self.looks += 1;
        if self.looks >= MOST_LOOKS {
            return None;
        }
        let holds = judge(&View::new(&request).with_open(&open), self.policies).holds();
        let (key, domain) = match (holds, self.domains.get(at)) {
            (Tri::No, _) => return None,
            (Tri::Yes, None) => return Some(request),
            (Tri::Maybe, None) => return None,
            (_, Some((key, domain))) => (key.clone(), domain.values.clone()),
        };
        let mut open = open;
        open.remove(&key);
        for values in domain {
            let mut settled = request.clone();
            if !values.is_empty() {
                settled.context.set(&key, values);
            }
            if let Some(found) = self.settle(settled, open.clone(), at + 1) {
                return Some(found);
            }
        }
        None
    }
}
