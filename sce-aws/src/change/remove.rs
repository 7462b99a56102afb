//! What applying a changed plan deletes: things that AWS does not change in place, with what must go along, and what the plan gave up.
//!
//! Deleted before the walk that makes and changes things is what is replaced, and what was given up and nothing names any more; what
//! something that stays still names goes after the walk, which takes the name out. All of it is journalled, so that a run that was cut
//! short goes on: what is gone is made by the next walk, and what is left is found by its journal.

use std::collections::BTreeSet;

use sce_core::change::{Change, PlannedChange};
use sce_core::journal::{Event, State};
use sce_core::plan::{Node, Plan, Scope};
use sce_core::value::{NodeId, references};
use thiserror::Error;

use super::Against;
use crate::apply::foreign;
use crate::close_out::goes_with_vpc;
use crate::error::CloudError;
use crate::progress::Deed;
use crate::provider::{self, Deleted, Found};
use crate::registry::{Held, Journal, Registry, RegistryError};
use crate::resource::instance;
use crate::session::Session;

/// Why something was not deleted.
#[derive(Debug, Error)]
pub(crate) enum RemoveError {
    /// The registry could not be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Somebody else's things are in the place of what earlier plans made.
    #[error("what exists is used in the place of {}", .nodes.join(", "))]
    Displaced {
        /// Their places.
        nodes: Vec<String>,
    },
    /// Data would be lost, and nobody named it.
    #[error("applying this plan loses {}, so nothing was changed", .things.join("; "))]
    Loses {
        /// The places of what holds it.
        nodes: Vec<NodeId>,
        /// Each thing with what is lost.
        things: Vec<String>,
    },
    /// Machines run that have to be stopped for a change, and nobody said that they may be.
    #[error("applying this plan stops {}, so nothing was changed", .machines.join(", "))]
    Runs {
        /// Each with its id.
        machines: Vec<String>,
    },
    /// One thing could not be looked at.
    #[error("whether `{node}` runs could not be read")]
    Unseen {
        /// The node.
        node: NodeId,
        /// Why.
        #[source]
        source: CloudError,
    },
    /// One thing could not be deleted.
    #[error("`{node}` could not be deleted")]
    Node {
        /// The node.
        node: NodeId,
        /// Why.
        #[source]
        source: CloudError,
    },
    /// One thing is to be deleted and is not ours.
    #[error("`{node}` is to be deleted, and is not this environment's: {why}")]
    Foreign {
        /// The node.
        node: NodeId,
        /// What is there.
        name: String,
        /// How that shows.
        why: String,
    },
}

/// What is still to be deleted once the walk is over.
#[derive(Debug, Default)]
pub(crate) struct Cleared {
    /// What was deleted.
    pub(crate) removed: Vec<String>,
    later: Vec<(Node, Found)>,
}

/// Who deletes: one run, under its lease.
pub(crate) struct Clearing<'a> {
    pub(crate) session: &'a Session,
    pub(crate) registry: &'a Registry<'a>,
    pub(crate) held: &'a Held<'a>,
    /// The run's name.
    pub(crate) name: &'a str,
    /// Tells of what is being done.
    pub(crate) tell: &'a (dyn Fn(&Node, Deed) + Sync),
}

impl Clearing<'_> {
    /// Deletes what has to go before the plan's things can be made, after it has refused what would lose data and is not among
    /// `dangerous`. Nothing is read of an environment whose plan is the one last applied, `last` by digest, and gave nothing up.
    pub(crate) async fn before(
        &self,
        plan: &Plan,
        last: Option<&str>,
        dangerous: &BTreeSet<NodeId>,
        known: &Journal<'_>,
    ) -> Result<Cleared, RemoveError> {
        let displaced: Vec<String> = super::displaced(plan, known).map(|node| node.id.to_string()).collect();
        if !displaced.is_empty() {
            return Err(RemoveError::Displaced { nodes: displaced });
        }
        let another = last.is_some_and(|last| last != plan.digest);
        let gave_up = known.present().any(|id| plan.node(id).is_none());
        if !another && !gave_up && dangerous.is_empty() {
            return Ok(Cleared::default());
        }
        // A document of its own that sorts before the walk's, since names sort as runs happened.
        let mut journal = Journal::open(self.registry, &format!("{}-0", self.name)).await?;
        let earlier = self.registry.every_plan().await?;
        let Against { whole, observed, changes } =
            self.held.during(Against::look(self.session, plan, earlier, &journal)).await;
        refuse_loss(&changes, dangerous)?;
        refuse_stop(self.session, &changes).await?;
        let staying = staying(&changes, &whole, |node| observed.shown(self.session, &whole, node));
        let mut cleared = Cleared::default();
        // Of what is planned, the order of teardown; what was given up is told in that order already, and needs what is planned.
        let (dropped, replaced): (Vec<&PlannedChange>, Vec<&PlannedChange>) = changes
            .iter()
            .filter(|one| one.change.removes())
            .partition(|one| matches!(one.change, Change::Delete { .. }));
        let order: Vec<&Node> = whole.nodes.iter().rev().collect();
        let mut kept_for_later: BTreeSet<NodeId> = BTreeSet::new();
        for node in order {
            let is = |list: &[&PlannedChange]| list.iter().any(|one| one.node == node.id);
            if !is(&dropped) && !is(&replaced) {
                continue;
            }
            let Some(found) = observed.found.get(&node.id) else { continue };
            if is(&dropped) && (staying.contains(&node.id) || kept_for_later.contains(&node.id)) {
                // What it needs cannot go before it.
                kept_for_later.extend(node.needs.iter().cloned());
                cleared.later.push((node.clone(), found.clone()));
                continue;
            }
            self.delete(node, found, &mut journal).await?;
            cleared.removed.push(node.id.to_string());
        }
        Ok(cleared)
    }

    /// Deletes what something that stays named until the walk was over.
    pub(crate) async fn after(&self, cleared: Cleared) -> Result<Vec<String>, RemoveError> {
        let Cleared { mut removed, later } = cleared;
        if later.is_empty() {
            return Ok(removed);
        }
        // `~` sorts after the walk's document.
        let mut journal = Journal::open(self.registry, &format!("{}~", self.name)).await?;
        for (node, found) in later {
            self.delete(&node, &found, &mut journal).await?;
            removed.push(node.id.to_string());
        }
        Ok(removed)
    }

    async fn delete(&self, node: &Node, found: &Found, journal: &mut Journal<'_>) -> Result<(), RemoveError> {
        self.held.renew().await?;
        if let Some(why) = not_ours(node, found, journal) {
            return Err(RemoveError::Foreign { node: node.id.clone(), name: found.attributes.id.clone(), why });
        }
        journal.record(&node.id, Event::Deleting).await?;
        // AWS made it with the VPC and takes it away with the VPC.
        if goes_with_vpc(node) {
            return Ok(journal.record(&node.id, Event::Gone).await?);
        }
        (self.tell)(node, Deed::Deleting);
        let event = match self.held.during(provider::delete(self.session, node, found)).await {
            Ok(Deleted::Gone) => Event::Gone,
            Ok(Deleted::Scheduled(until)) => Event::Scheduled(until),
            Err(source) => {
                // The journal may be out of reach for the same reason as the call; the error that matters is the call's.
                drop(journal.record(&node.id, Event::Failed(source.to_string())).await);
                return Err(RemoveError::Node { node: node.id.clone(), source });
            }
        };
        Ok(journal.record(&node.id, event).await?)
    }
}

/// What holds data and is to go is named by whoever applies, or nothing is done.
fn refuse_loss(changes: &[PlannedChange], dangerous: &BTreeSet<NodeId>) -> Result<(), RemoveError> {
    let losing = changes.iter().filter_map(|one| Some((one, one.change.loses()?)));
    let (nodes, things): (Vec<NodeId>, Vec<String>) = losing
        .filter(|(one, _)| !dangerous.contains(&one.node))
        .map(|(one, loses)| {
            let id = one.id.as_deref().unwrap_or(&one.name);
            (one.node.clone(), format!("{loses} (`{}`, {id})", one.node))
        })
        .unzip();
    if nodes.is_empty() { Ok(()) } else { Err(RemoveError::Loses { nodes, things }) }
}

/// A machine that runs is stopped only when whoever applies says that it may be.
async fn refuse_stop(session: &Session, changes: &[PlannedChange]) -> Result<(), RemoveError> {
    let mut machines = Vec::new();
    for one in changes.iter().filter(|one| one.change.stops() && !session.may_stop_machines) {
        let Some(id) = &one.id else { continue };
        let runs = instance::runs(session, one.node.as_str(), id).await;
        if runs.map_err(|source| RemoveError::Unseen { node: one.node.clone(), source })? {
            machines.push(format!("`{}` ({id}) to change it", one.node));
        }
    }
    if machines.is_empty() { Ok(()) } else { Err(RemoveError::Runs { machines }) }
}

/// What is named by things that stay, as they are now: it cannot go before they are told otherwise.
fn staying(
    changes: &[PlannedChange],
    whole: &Plan,
    found: impl Fn(&Node) -> Option<sce_core::aws::resource::Properties>,
) -> BTreeSet<NodeId> {
    let stays = |node: &&Node| {
        node.scope == Scope::Pit && changes.iter().any(|one| one.node == node.id && !one.change.removes())
    };
    let named = whole.nodes.iter().filter(stays).filter_map(found);
    named.flat_map(|properties| references(&properties.to_json())).map(|reference| reference.node).collect()
}

/// How it shows that a thing is not ours by tag, plan and journal; none when they agree.
fn not_ours(node: &Node, found: &Found, journal: &Journal<'_>) -> Option<String> {
    if goes_with_vpc(node) {
        return None;
    }
    if node.properties.kind().descriptor().taggable
        && let Some(why) = foreign(node, found)
    {
        return Some(why);
    }
    match (journal.state(&node.id), journal.attributes(&node.id)) {
        (State::Creating | State::Deleting(None), _) => None,
        (_, Some(known)) if known.id == found.attributes.id => None,
        (_, Some(known)) => Some(format!("the registry knows `{}`, not `{}`", known.id, found.attributes.id)),
        (_, None) => Some("the registry does not know that any run made it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use sce_core::aws::resource::Kind;

    use super::*;

    fn losing(node: &str) -> PlannedChange {
        PlannedChange {
            node: node.parse().unwrap(),
            kind: Kind::Volume,
            name: format!("hipaa_{node}"),
            scope: Scope::Pit,
            id: Some("vol-1".to_owned()),
            change: Change::Delete { loses: Kind::Volume.loses() },
        }
    }

    #[test]
    fn data_goes_only_when_it_is_named() {
        let changes = [losing("volume-private"), losing("volume-other")];
        let named = |nodes: &[&str]| nodes.iter().map(|node| node.parse().unwrap()).collect::<BTreeSet<NodeId>>();
        let refused = refuse_loss(&changes, &named(&["volume-other"])).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "applying this plan loses the files on it (`volume-private`, vol-1), so nothing was changed"
        );
        assert!(refuse_loss(&changes, &named(&["volume-other", "volume-private"])).is_ok());
    }
}
