//! How the account differs from the plan that was applied, in words, with who did it where that can be read; and putting it back.

mod network;
mod repair;
mod trail;

use std::collections::{BTreeMap, BTreeSet};

use sce_core::check::{Declared, Terms};
use sce_core::drift::{Done, Drift, Measure, Names, Unseen};
use sce_core::model::{Foreign, Model, Resource, Source, foreign};
use sce_core::plan::{Node, Plan};
use sce_core::prove::Intent;
use sce_core::value::NodeId;
use serde::Serialize;

pub use repair::{NotRepaired, RepairError, RepairOptions, Repaired, repair};
pub use trail::TrailRead;

pub(crate) use self::network::{Residents, residents};
use crate::account;
use crate::change::absent_is_empty;
use crate::close_out::certificate;
use crate::observe::{Observed, observe_remembering};
use crate::registry::{Journal, Registry, RegistryError};
use crate::session::Session;
use crate::verify::{NotShown, not_shown};

/// How the account differs from the plan.
#[derive(Clone, Debug, Serialize)]
pub struct DriftReport {
    /// Whether anything is otherwise than planned, or lies beside it.
    pub drifted: bool,
    /// Whether the plan is the one that was applied last. If not, what it changes counts as drift too.
    pub is_applied: bool,
    /// What is otherwise.
    #[serde(flatten)]
    pub drift: Drift,
    /// Whether CloudTrail could be asked who did it.
    pub trail: TrailRead,
    /// What those who answer cannot show.
    pub not_shown: Vec<NotShown>,
}

/// Reads everything back and tells what is otherwise than planned: read-only.
///
/// # Errors
/// When the registry cannot be read or knows no such environment, or it was closed out: then there is nothing that could have drifted.
/// What cannot be read of the account is in the answer.
pub async fn drift(
    session: &Session,
    plan: &Plan,
    declared: &Declared,
    terms: &Terms,
) -> Result<DriftReport, RegistryError> {
    let registry = Registry::new(session, &plan.pit);
    let is_applied = registry.plan().await?.digest == plan.digest;
    if let Some(closed) = certificate(&registry).await? {
        return Err(RegistryError::ClosedOut { pit: closed.pit });
    }
    let journal = Journal::open(&registry, "drift").await?;
    let observed = observe_remembering(session, plan, &journal).await;
    let (planned, found) = models(session, plan, &observed).await;
    let (foreign, unread) = beside(session, plan, &observed).await;
    let names = names(plan, &observed, &journal);
    let intent = Intent::of_applied(declared, plan);
    let never_made: BTreeSet<NodeId> =
        plan.pit_nodes().filter(|node| journal.touched(&node.id).is_none()).map(|node| node.id.clone()).collect();
    let done = Done { is_applied, never_made: &never_made };
    let measure = Measure { declared, terms, intent: &intent, names: &names, done };
    let mut drift = sce_core::drift::drift(&planned, &found, &measure, foreign);
    drift.unread.extend(unread.into_iter().map(|(node, why)| Unseen { node, why }));
    let trail = trail::attribute(session, &mut drift, &journal).await;
    let not_shown = not_shown(session, plan, &observed);
    Ok(DriftReport { drifted: drift.any(), is_applied, drift, trail, not_shown })
}

/// What lies in the plan's network and is in no plan, and what could not be read of it.
pub(crate) async fn beside(session: &Session, plan: &Plan, observed: &Observed) -> (Vec<Foreign>, Unread) {
    let (residents, unread) = match &observed.residents {
        Some(read) => read.clone(),
        None => residents(session, plan, |node| observed.id(node)).await,
    };
    (foreign(&plan.pit, &residents, &ours(observed)), unread)
}

async fn is_applied(registry: &Registry<'_>, plan: &Plan) -> Result<bool, RegistryError> {
    match absent_is_empty(registry.plan().await.map(Some), || None) {
        Ok(kept) => Ok(kept.is_some_and(|kept| kept.digest == plan.digest)),
        Err(RegistryError::Unknown { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The planned and the observed model, both in the plan's own terms and both with what the account has beside the environment.
async fn models(session: &Session, plan: &Plan, observed: &Observed) -> (Model, Model) {
    let resource = |node: &Node, properties, tags| Resource {
        node: Some(node.id.clone()),
        name: node.name.clone(),
        scope: node.scope,
        tags,
        properties,
    };
    let planned = plan.nodes.iter().map(|node| resource(node, node.properties.clone(), node.tags.clone()));
    let mut planned = Model {
        source: Source::Account,
        resources: planned.collect(),
        unread: BTreeMap::new(),
        data_events: BTreeSet::new(),
        foreign: Vec::new(),
        bystanders: None,
    };
    let mut found = observed.model(plan);
    for one in &mut found.resources {
        let Some(node) = one.node.as_ref().and_then(|id| plan.node(id)) else { continue };
        // What those who answer cannot show is as planned.
        if let Some(shown) = observed.shown(session, plan, node) {
            one.properties = shown;
        }
        if observed.tags_off(session, node).is_none() {
            one.tags = node.tags.clone();
        }
    }
    let of_environment = found.resources.len();
    account::facts(session).await.add_to(&mut found);
    planned.resources.extend(found.resources[of_environment..].iter().cloned());
    planned.data_events.clone_from(&found.data_events);
    (planned, found)
}

/// What AWS calls things, or last called those that are gone.
fn names(plan: &Plan, observed: &Observed, journal: &Journal<'_>) -> Names {
    let id = |node: &Node| {
        let found = observed.found.get(&node.id).map(|found| &found.attributes);
        let attributes = found.or_else(|| journal.attributes(&node.id))?;
        Some((node.id.clone(), attributes.id.clone()))
    };
    Names::of(plan.nodes.iter().filter_map(id).collect())
}

/// The ids that AWS gave to what is there of the plan.
fn ours(observed: &Observed) -> BTreeSet<String> {
    observed.found.values().map(|found| found.attributes.id.clone()).collect()
}

/// What could not be read, by what it is of.
pub(crate) type Unread = Vec<(NodeId, String)>;
