//! Putting back in place what drifted, under the lease and journalled.

use sce_core::aws::resource::Properties;
use sce_core::change::in_place;
use sce_core::drift::{Drift, Drifted, Repair};
use sce_core::journal::Event;
use sce_core::plan::{Node, Plan, Scope};
use serde::Serialize;
use thiserror::Error;

use super::is_applied;
use crate::error::{CloudError, Trouble};
use crate::observe::{Observed, observe_remembering};
use crate::progress::{Deed, Listener, Step};
use crate::provider;
use crate::registry::{Held, Journal, Registry, RegistryError, run_name};
use crate::resource::route;
use crate::session::Session;

/// How repairing goes about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct RepairOptions {
    /// Whether to take a lease over that another run holds.
    pub take_over: bool,
}

/// What was put back.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Repaired {
    /// Things that were changed back.
    pub changed: Vec<String>,
    /// Things that were taken out.
    pub removed: Vec<String>,
    /// Things that were to be put back and were not.
    pub failed: Vec<NotRepaired>,
}

/// Something that was not put back.
#[derive(Clone, Debug, Serialize)]
pub struct NotRepaired {
    /// What.
    pub resource: String,
    /// Why.
    pub why: String,
}

/// Why nothing was put back.
#[derive(Debug, Error)]
pub enum RepairError {
    /// The plan is not the one that was applied last, so that putting back could be changing.
    #[error("the spec was changed since it was last applied, so that not everything that differs is drift")]
    NotApplied,
    /// The registry could not be used.
    #[error("the registry could not be used")]
    Registry(#[from] RegistryError),
}

impl RepairError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NotApplied => Some(
                "`sce plan --against-account` shows what applying it would do, `sce apply` does it; or put the spec back as it was"
                    .to_owned(),
            ),
            Self::Registry(error) => error.help(),
        }
    }
}

/// Puts back what the drift tells and can be put back in place; nothing else, whatever drifted meanwhile. A failure does not stop the
/// rest.
///
/// # Errors
/// Before anything is changed: when the plan was not the last to be applied, or the lease is somebody else's.
pub async fn repair(
    session: &Session,
    plan: &Plan,
    drift: &Drift,
    options: RepairOptions,
    listener: Listener<'_>,
) -> Result<Repaired, RepairError> {
    let registry = Registry::new(session, &plan.pit);
    if !is_applied(&registry, plan).await? {
        return Err(RepairError::NotApplied);
    }
    let name = run_name(session);
    let held = registry.lease(&name, options.take_over).await?;
    let repaired = all(session, plan, drift, &registry, &held, &name, listener).await;
    held.release().await?;
    Ok(repaired?)
}

async fn all(
    session: &Session,
    plan: &Plan,
    drift: &Drift,
    registry: &Registry<'_>,
    held: &Held<'_>,
    name: &str,
    listener: Listener<'_>,
) -> Result<Repaired, RegistryError> {
    let journal = Journal::open(registry, name).await?;
    // As it is now, not as it was when somebody looked at it and said yes.
    let observed = observe_remembering(session, plan, &journal).await;
    let mut work = Work { session, plan, observed, journal };
    let mut repaired = Repaired::default();
    let findings: Vec<&Drifted> = drift.findings.iter().filter(|one| one.repair.is_done_here()).collect();
    for (done, finding) in findings.iter().enumerate() {
        held.renew().await?;
        let subject = finding.node.as_ref().map_or_else(|| finding.name.clone(), ToString::to_string);
        let tell = |deed, done| {
            let (subject, total) = (subject.clone(), findings.len());
            listener(&Step { subject, deed, done, total, on: Vec::new(), expected: None });
        };
        tell(Deed::Settling, done);
        let put_back = held.during(work.one(finding)).await;
        let deed = match put_back {
            Ok(()) if finding.repair == Repair::Remove => {
                repaired.removed.push(subject.clone());
                Deed::Deleted
            }
            Ok(()) => {
                repaired.changed.push(subject.clone());
                Deed::Settled
            }
            Err(why) => {
                repaired.failed.push(NotRepaired { resource: subject.clone(), why });
                Deed::Left
            }
        };
        tell(deed, done + 1);
    }
    Ok(repaired)
}

struct Work<'a> {
    session: &'a Session,
    plan: &'a Plan,
    observed: Observed,
    journal: Journal<'a>,
}

impl Work<'_> {
    /// Puts one thing back, or says why not.
    async fn one(&mut self, finding: &Drifted) -> Result<(), String> {
        match finding.node.as_ref().and_then(|id| self.plan.node(id)) {
            Some(node) => self.settle(node).await,
            None => self.take_out(finding).await.map_err(|error| error.to_string()),
        }
    }

    async fn settle(&mut self, node: &Node) -> Result<(), String> {
        let Some(found) = self.observed.found.get(&node.id).cloned() else {
            return Err("it is gone meanwhile; `sce apply` makes it anew".to_owned());
        };
        let planned =
            self.observed.ids.resolve(node).ok_or("something it refers to is not there; `sce apply` makes it")?;
        let differences = self.observed.off(self.session, node, &planned, &found.properties);
        let untagged = self.observed.tags_off(self.session, node).is_some();
        if let Some(fixed) = differences.iter().find(|one| !in_place(&planned, &found.properties, &one.field)) {
            return Err(format!("`{}` is not changed in place; `sce apply` replaces it", fixed.field));
        }
        let journalled = node.scope == Scope::Pit;
        if journalled {
            // Whoever applied it may not have lived to write down that it is there.
            if self.journal.attributes(&node.id) != Some(&found.attributes) {
                self.record(node, Event::Present(found.attributes.clone())).await?;
            }
            self.record(node, Event::Changing).await?;
        }
        let told = |error: CloudError| error.to_string();
        if !differences.is_empty() {
            provider::settle(self.session, node, &planned, &found, &differences).await.map_err(told)?;
        }
        if untagged {
            provider::tag(self.session, node, &found).await.map_err(told)?;
        }
        if journalled {
            self.record(node, Event::Present(found.attributes)).await?;
        }
        Ok(())
    }

    /// A route that nobody planned, in a table of the plan's, if it is still there.
    async fn take_out(&self, finding: &Drifted) -> Result<(), CloudError> {
        let here = self.observed.unplanned.iter().find(|(name, _)| *name == finding.name);
        let Some((name, Properties::Route(one))) = here else { return Ok(()) };
        if self.plan.existing_nodes().any(|node| node.name == one.table.to_string()) {
            return Err(CloudError::plain("DeleteRoute", name, Trouble::Refused, "the table is somebody else's"));
        }
        route::remove(self.session, name, one).await
    }

    async fn record(&mut self, node: &Node, event: Event<crate::ids::Attributes>) -> Result<(), String> {
        self.journal.record(&node.id, event).await.map_err(|error| error.to_string())
    }
}
