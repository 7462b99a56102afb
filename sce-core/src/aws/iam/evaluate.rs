//! The decision on a request: whether it is allowed, and which policy and statement decide that.
//!
//! Source: AWS IAM guide, "Policy evaluation logic", "How AWS enforcement code logic evaluates requests to allow or deny access",
//! "Cross-account policy evaluation logic" and "Permissions boundaries for IAM entities".

use std::sync::Arc;

use serde::Serialize;

use super::atoms::{self, TooWild};
use super::document::{Document, StatementName};
use super::pattern::tokens;
use super::principal::{Grantee, Principal};
use super::request::{Request, View};
use super::tri::Tri;
use crate::aws::policy::Effect;

/// The policies that a request meets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policies {
    /// Those of the caller's identity.
    pub identity: Vec<Arc<Document>>,
    /// That of the resource.
    pub resource: Option<Arc<Document>>,
    /// The caller's permissions boundary; none when empty.
    pub boundary: Vec<Arc<Document>>,
    /// Those of the session; none when empty.
    pub session: Vec<Arc<Document>>,
    /// Service control policies of the caller's organisation, level by level from the root to the account; none when empty.
    pub scp: Vec<Vec<Arc<Document>>>,
    /// Resource control policies of the resource's organisation, level by level. AWS's own, which allows everything, is always there.
    pub rcp: Vec<Vec<Arc<Document>>>,
    /// Those of the VPC endpoint that the request takes; none when it takes none.
    pub endpoint: Vec<Arc<Document>>,
    /// Whether S3 cuts a public policy down to the owner's account and AWS services: `RestrictPublicBuckets` of the bucket or account.
    pub restrict_public_buckets: bool,
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may be done.
    Allow,
    /// It may not, since nothing allows it.
    ImplicitDeny,
    /// It may not, since something denies it.
    ExplicitDeny,
}

/// Which kind of policy decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Service control policies.
    Scp,
    /// Resource control policies.
    Rcp,
    /// The resource's policy.
    Resource,
    /// The caller's own policies.
    Identity,
    /// The caller's boundary.
    Boundary,
    /// The session's policies.
    Session,
    /// The endpoint's policies.
    Endpoint,
    /// Nothing but being the root of the account.
    Root,
    /// S3's public access block.
    PublicAccessBlock,
}

/// What a decision rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Because {
    /// The kind of policy: what allows, what denies, or what should allow and does not.
    pub layer: Layer,
    /// The statement; none when it is the lack of one.
    pub statement: Option<StatementName>,
}

/// What is decided, and what that rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// What is decided.
    pub verdict: Verdict,
    /// What that rests on.
    pub because: Because,
}

/// Decides the request, on one resource: `*` in its ARN is a character of its name.
///
/// The context is taken as it is given; of what AWS itself adds, `aws:PrincipalArn`, `aws:PrincipalAccount` and
/// `aws:PrincipalIsAWSService` are put in where they are missing, since no signed request lacks them.
#[must_use]
pub fn evaluate(request: &Request, policies: &Policies) -> Decision {
    judge(&View::new(request), policies).decision()
}

/// Decides whether the request is allowed on some resource of the pattern that it names, by the best answer of all.
///
/// # Errors
/// When the policies tell more resources apart than can be looked at.
pub fn evaluate_some(request: &Request, policies: &Policies) -> Result<Decision, TooWild> {
    let rank = |decision: &Decision| match decision.verdict {
        Verdict::Allow => 0,
        Verdict::ImplicitDeny => 1,
        Verdict::ExplicitDeny => 2,
    };
    let instances = resources(&View::new(request), policies)?.into_iter().map(|resource| {
        let resource_account = request.owner().map(str::to_owned);
        evaluate(&Request { resource, resource_account, ..request.clone() }, policies)
    });
    // A pattern matches something, so there is an instance.
    Ok(instances.min_by_key(rank).unwrap_or_else(|| evaluate(request, policies)))
}

/// One resource for each way in which the policies can tell apart those of the request's pattern.
fn resources(view: &View<'_>, policies: &Policies) -> Result<Vec<String>, TooWild> {
    let patterns = policies.documents().flat_map(|document| document.resource_patterns());
    let resolved: Vec<_> = patterns.filter_map(|pattern| pattern.resolved(view).ok()).collect();
    atoms::representatives(&tokens(&view.request().resource), &resolved)
}

impl Policies {
    /// All of them.
    pub(super) fn documents(&self) -> impl Iterator<Item = &Arc<Document>> {
        let own = self.identity.iter().chain(&self.boundary).chain(&self.session);
        let levels = self.scp.iter().chain(&self.rcp).flatten();
        own.chain(&self.resource).chain(levels).chain(&self.endpoint)
    }
}

/// How far something is so, and on which statement that rests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    pub(super) certainty: Tri,
    layer: Layer,
    statement: Option<&'a StatementName>,
}

/// What is known of a request: whether it is denied, and whether what must allow it does.
pub(super) struct Judgement<'a> {
    pub(super) denied: Found<'a>,
    /// All that must allow: the least of them decides.
    pub(super) allowed: Found<'a>,
}

impl Judgement<'_> {
    /// Whether the request is allowed.
    pub(super) fn holds(&self) -> Tri {
        self.allowed.certainty.and(!self.denied.certainty)
    }

    fn decision(&self) -> Decision {
        let (verdict, found) = if self.denied.certainty == Tri::Yes {
            (Verdict::ExplicitDeny, self.denied)
        } else if self.allowed.certainty == Tri::Yes {
            (Verdict::Allow, self.allowed)
        } else {
            (Verdict::ImplicitDeny, Found { statement: None, ..self.allowed })
        };
        Decision { verdict, because: Because { layer: found.layer, statement: found.statement.cloned() } }
    }
}

/// What is known of the request, which may have open keys.
pub(super) fn judge<'a>(view: &View<'_>, policies: &'a Policies) -> Judgement<'a> {
    let asked = Asked {
        view,
        action: view.request().action.to_lowercase(),
        bounded: !policies.boundary.is_empty(),
        organised: !view.principal().is_service_linked() && view.principal().account().is_some(),
    };
    Judgement { denied: asked.denied(policies), allowed: asked.allowed(policies) }
}

/// A request, and what of it every policy is asked.
struct Asked<'v> {
    view: &'v View<'v>,
    action: String,
    /// Whether the caller has a permissions boundary.
    bounded: bool,
    /// Whether the organisation's policies bound the caller: neither somebody unknown, nor a service, nor a role that a service made.
    organised: bool,
}

impl Asked<'_> {
    fn denied<'a>(&self, policies: &'a Policies) -> Found<'a> {
        let scps = if self.organised { policies.scp.as_slice() } else { &[] };
        let rcps = if self.view.principal().is_service_linked() { &[] } else { policies.rcp.as_slice() };
        let layers: [(Layer, &mut dyn Iterator<Item = &'a Arc<Document>>); 7] = [
            (Layer::Scp, &mut scps.iter().flatten()),
            (Layer::Rcp, &mut rcps.iter().flatten()),
            (Layer::Resource, &mut policies.resource.iter()),
            (Layer::Identity, &mut policies.identity.iter()),
            (Layer::Boundary, &mut policies.boundary.iter()),
            (Layer::Session, &mut policies.session.iter()),
            (Layer::Endpoint, &mut policies.endpoint.iter()),
        ];
        let mut surest = Found::no(Layer::Identity);
        for (layer, documents) in layers {
            let found = self.find(layer, documents, Effect::Deny, &|_| true);
            if found.certainty > surest.certainty {
                surest = found;
            }
            if surest.certainty == Tri::Yes {
                break;
            }
        }
        surest
    }

    /// The organisation, the endpoint and somebody who grants must all allow.
    fn allowed<'a>(&self, policies: &'a Policies) -> Found<'a> {
        let mut least = self.granted(policies);
        if !policies.endpoint.is_empty() {
            least = self.find(Layer::Endpoint, policies.endpoint.iter(), Effect::Allow, &|_| true).unless(least);
        }
        if self.organised {
            for level in &policies.scp {
                least = self.find(Layer::Scp, level.iter(), Effect::Allow, &|_| true).unless(least);
            }
        }
        least
    }

    fn granted<'a>(&self, policies: &'a Policies) -> Found<'a> {
        let principal = self.view.principal();
        match principal.account() {
            None => self.by_resource(policies, Grantee::Directly),
            Some(account) if self.view.request().owner() == Some(account) => self.in_account(policies),
            Some(_) => self.across_accounts(policies),
        }
    }

    /// Within one account: the caller's policies grant, or the resource's do. What the resource grants the caller in person asks
    /// nobody else; what it grants the caller's role is bounded still.
    fn in_account<'a>(&self, policies: &'a Policies) -> Found<'a> {
        let identity = self.by_identity(policies);
        let by_account = if self.resource_must_grant() {
            self.by_resource(policies, Grantee::Account).and(identity)
        } else {
            identity
        };
        let to_role = self.bounded(self.by_resource(policies, Grantee::Role), policies);
        let in_person = self.by_resource(policies, Grantee::Directly);
        by_account.or(in_person).or(to_role)
    }

    /// Across accounts both sides grant.
    fn across_accounts<'a>(&self, policies: &'a Policies) -> Found<'a> {
        let resource = self.by_resource(policies, Grantee::Account);
        self.by_identity(policies).and(resource)
    }

    /// What the caller's own policies grant, within boundary and session; the root user of an account has none and needs none.
    fn by_identity<'a>(&self, policies: &'a Policies) -> Found<'a> {
        match self.view.principal() {
            Principal::Root(_) => Found { certainty: Tri::Yes, layer: Layer::Root, statement: None },
            _ => {
                let own = self.find(Layer::Identity, policies.identity.iter(), Effect::Allow, &|_| true);
                self.bounded(own, policies)
            }
        }
    }

    /// As far as boundary and session allow it too.
    fn bounded<'a>(&self, found: Found<'a>, policies: &'a Policies) -> Found<'a> {
        let mut least = found;
        if !policies.boundary.is_empty() {
            least = self.find(Layer::Boundary, policies.boundary.iter(), Effect::Allow, &|_| true).unless(least);
        }
        // A federated user without a session policy may do nothing by his own (STS API reference, `GetFederationToken`).
        if !policies.session.is_empty() || matches!(self.view.principal(), Principal::Federated(_)) {
            least = self.find(Layer::Session, policies.session.iter(), Effect::Allow, &|_| true).unless(least);
        }
        least
    }

    /// What the resource's policy grants the caller when it names him at least so closely.
    fn by_resource<'a>(&self, policies: &'a Policies, closeness: Grantee) -> Found<'a> {
        let Some(document) = &policies.resource else { return Found::no(Layer::Resource) };
        let account = self.view.principal().account();
        let outsider = account.is_none() || self.view.request().owner() != account;
        let service = matches!(self.view.principal(), Principal::Service(_));
        if policies.restrict_public_buckets && outsider && !service && super::public::is_public(document) {
            return Found::no(Layer::PublicAccessBlock);
        }
        self.find(Layer::Resource, std::iter::once(document), Effect::Allow, &|grantee| grantee >= closeness)
    }

    /// A KMS key and a role's trust are not open to their account's policies unless their own policy says so (KMS developer guide,
    /// "Key policies"; IAM guide, "Role trust policies").
    fn resource_must_grant(&self) -> bool {
        let of_a_key = self.action.starts_with("kms:") && self.view.request().resource.contains(":key/");
        of_a_key
            || is_symbol_of_key(&self.action, &self.view.request().resource)
            || self.action.starts_with("sts:assumerole")
    }

    /// The first statement of that effect that applies most surely.
    fn find<'a>(
        &self,
        layer: Layer,
        documents: impl Iterator<Item = &'a Arc<Document>>,
        effect: Effect,
        counts: &dyn Fn(Grantee) -> bool,
    ) -> Found<'a> {
        let mut surest = Found::no(layer);
        for rule in documents.flat_map(|document| &document.statements).filter(|rule| rule.effect == effect) {
            if !rule.grantee(self.view.principal(), self.bounded).is_some_and(counts) {
                continue;
            }
            let certainty = rule.applies(self.view, &self.action);
            if certainty > surest.certainty {
                surest = Found { certainty, layer, statement: Some(&rule.name) };
                if certainty == Tri::Yes {
                    break;
                }
            }
        }
        surest
    }
}

/// A key that is only planned has no ARN yet, and is named by a reference.
fn is_symbol_of_key(action: &str, resource: &str) -> bool {
    action.starts_with("kms:") && resource.starts_with("${")
}

impl<'a> Found<'a> {
    const fn no(layer: Layer) -> Self {
        Self { certainty: Tri::No, layer, statement: None }
    }

    /// Both must be so: the less sure is told, and of two sure ones the other.
    fn and(self, other: Self) -> Self {
        if self.certainty < other.certainty { self } else { other }
    }

    /// One must be so: the surer is told, and of two alike this.
    fn or(self, other: Self) -> Self {
        if other.certainty > self.certainty { other } else { self }
    }

    /// What else must allow: told when it is less sure than what is told so far.
    fn unless(self, so_far: Found<'a>) -> Found<'a> {
        if self.certainty < so_far.certainty { self } else { so_far }
    }
}
