//! Unwinding what one run made: that and nothing else, in reverse order, journalled like everything that is deleted.

use std::collections::BTreeSet;

use futures_util::future::try_join;
use sce_core::aws::resource::Teardown;
use sce_core::journal::Event;
use sce_core::pit::Pit;
use sce_core::plan::Node;
use sce_core::teardown::with_earlier;
use sce_core::value::NodeId;
use serde::Serialize;

use super::foreign;
use super::run::{Run, Work};
use crate::close_out::goes_with_vpc;
use crate::error::{CloudError, cloud};
use crate::interrupt::Interrupt;
use crate::progress::{Deed, Listener, Teller};
use crate::provider::{self, Deleted, Found, poll};
use crate::registry::{Journal, Registry, RegistryError, run_name};
use crate::session::Session;

/// What came of undoing a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// Nodes that the run made and that are gone.
    pub deleted: Vec<String>,
    /// Nodes that AWS deletes at a later time, each with it.
    pub pending: Vec<String>,
    /// Nodes that are still there, each with the reason.
    pub left: Vec<String>,
    /// Whether it was asked to stop on its way.
    pub interrupted: bool,
}

/// How undoing goes about it.
#[derive(Clone, Debug, Default)]
pub struct UndoOptions {
    /// Whether to take a lease over that another run holds.
    pub take_over: bool,
    /// By what it is asked to stop: the call in flight is finished and journalled, and nothing new is begun.
    pub interrupt: Interrupt,
}

/// What came of undoing the latest run that made anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunUndone {
    /// The version of this format.
    pub schema_version: u32,
    /// The run's name, which begins with its time; none where no run made anything that is there.
    pub run: Option<String>,
    /// What came of it.
    #[serde(flatten)]
    pub undone: Undone,
}

/// Undoes the latest run of an environment that made anything which is still there, from the registry alone; called again, the one
/// before. Databases and data volumes stay, since by now they may hold what no archive does; so do stores that are not empty.
///
/// # Errors
/// When the registry cannot be used, does not know the environment, or another run holds the lease.
pub async fn undo(
    session: &Session,
    pit: &Pit,
    options: UndoOptions,
    listener: Listener<'_>,
) -> Result<RunUndone, RegistryError> {
    let session = &session.interrupted_by(&options.interrupt);
    let registry = Registry::new(session, pit);
    let plan = with_earlier(registry.plan().await?, registry.every_plan().await?);
    let name = run_name(session);
    let held = registry.lease(&name, options.take_over).await?;
    let undone = async {
        let (journal, life) = try_join(Journal::open(&registry, &name), registry.life()).await?;
        let Some((latest, made)) = journal.latest_made() else {
            return Ok(RunUndone { schema_version: 1, run: None, undone: Undone::default() });
        };
        let run = Run::knowing(session, &plan, &journal);
        let nodes: Vec<&Node> = plan.pit_nodes().filter(|node| made.contains(&node.id)).collect();
        let teller = Teller::new(listener, nodes.len());
        let undone = run.undo_all(&nodes, Age::Earlier, &Work::new(&held, journal, life), &teller).await;
        Ok(RunUndone { schema_version: 1, run: Some(latest), undone })
    };
    let undone: Result<RunUndone, RegistryError> = undone.await;
    let released = held.release().await;
    undone.and_then(|undone| released.map(|()| undone))
}

/// When what is undone was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// By the very run that is undone: nobody has worked with it.
    ThisRun,
    /// By an earlier one.
    Earlier,
}

/// Stores that people put data into: one that is not empty is not deleted, whoever made it.
const STORES: [&str; 2] = ["bucket-data", "bucket-output"];

impl Run<'_> {
    /// Deletes what this run made, in reverse order; what cannot go keeps what it needs, and is told.
    pub(crate) async fn undo(&self, work: &Work<'_>, teller: &Teller<'_>) -> Undone {
        let nodes = self.begun();
        self.undo_all(&nodes, Age::ThisRun, work, &teller.anew(nodes.len())).await
    }

    /// The same of these nodes.
    async fn undo_all(&self, nodes: &[&Node], age: Age, work: &Work<'_>, teller: &Teller<'_>) -> Undone {
        // Undoing is what an interrupt asked for, so it is not ended by the same one.
        let asked_for = self.session.interrupt.is_asked();
        let interrupt = if asked_for { Interrupt::default() } else { self.session.interrupt.clone() };
        let session = self.session.interrupted_by(&interrupt);
        let (mut undone, mut kept) = (Undone::default(), BTreeSet::<NodeId>::new());
        for node in nodes.iter().rev() {
            let outcome = match (interrupt.is_asked(), kept.contains(&node.id)) {
                (true, _) => Err("not begun".to_owned()),
                (false, true) => Err("something that needs it is still there".to_owned()),
                (false, false) => {
                    teller.node(node, Deed::Deleting);
                    work.held.during(self.undo_node(&session, node, age, work)).await
                }
            };
            match outcome {
                Ok(Deleted::Gone) => {
                    self.gone_with(node, work);
                    undone.deleted.push(node.id.to_string());
                    teller.node(node, Deed::Deleted);
                }
                Ok(Deleted::Scheduled(until)) => {
                    self.forget(&node.id);
                    undone.pending.push(format!("{} until {until}", node.id));
                    teller.node(node, Deed::Scheduled);
                }
                Err(why) => {
                    kept.insert(node.id.clone());
                    kept.extend(node.needs.iter().cloned());
                    undone.left.push(format!("{}: {why}", node.id));
                    teller.node(node, Deed::Left);
                }
            }
        }
        undone.interrupted = interrupt.is_asked();
        if let Err(error) = work.write_all().await {
            undone.left.push(format!("journal: {error}"));
        }
        undone
    }

    /// The node is there no more, nor is what AWS made and took away with it.
    fn gone_with(&self, node: &Node, work: &Work<'_>) {
        self.forget(&node.id);
        let with_it = self.plan.pit_nodes().filter(|other| goes_with_vpc(other) && other.needs.contains(&node.id));
        for other in with_it.filter(|other| work.known(other).is_some()) {
            self.forget(&other.id);
            // Of what was there the table has these moves, so there is nothing to fail.
            drop(work.result(other, Event::Deleting).and_then(|()| work.result(other, Event::Gone)));
        }
    }

    async fn undo_node(&self, session: &Session, node: &Node, age: Age, work: &Work<'_>) -> Result<Deleted, String> {
        let told = |error: CloudError| error.to_string();
        let noted = |error: RegistryError| error.to_string();
        let ids = self.ids();
        // A creation whose answer was lost may show only after a while.
        let in_doubt = work.known(node).is_none();
        let look = || provider::look(session, node, &ids);
        let found = if in_doubt { poll(session, super::run::DOUBT, look).await } else { look().await };
        let found = found.map_err(told)?;
        if let Some(found) = &found {
            self.undoable(session, node, found, age, work).await?;
        }
        let Some(found) = found.filter(|_| !goes_with_vpc(node)) else {
            work.result(node, Event::Deleting).and_then(|()| work.result(node, Event::Gone)).map_err(noted)?;
            return Ok(Deleted::Gone);
        };
        work.intend(node, Event::Deleting).await.map_err(noted)?;
        let deleted = match provider::delete(session, node, &found).await {
            Ok(deleted) => deleted,
            Err(error) => {
                drop(work.result(node, Event::Failed(error.to_string())));
                return Err(told(error));
            }
        };
        let event = match &deleted {
            Deleted::Gone => Event::Gone,
            Deleted::Scheduled(until) => Event::Scheduled(until.clone()),
        };
        work.result(node, event).map_err(noted)?;
        Ok(deleted)
    }

    /// Whether what is there is what the run made, and nobody has put data into it.
    async fn undoable(
        &self,
        session: &Session,
        node: &Node,
        found: &Found,
        age: Age,
        work: &Work<'_>,
    ) -> Result<(), String> {
        let taggable = node.properties.kind().descriptor().taggable && !goes_with_vpc(node);
        if let Some(why) = foreign(node, found).filter(|_| taggable) {
            return Err(why);
        }
        if let Some(known) = work.known(node).filter(|known| known.id != found.attributes.id) {
            return Err(format!("the journal knows `{}`, not `{}`", known.id, found.attributes.id));
        }
        let holds_what_no_archive_does = node.properties.kind().descriptor().teardown == Teardown::DeleteWhenDiscarded;
        if age == Age::Earlier && holds_what_no_archive_does {
            return Err("it may hold what no archive does: `sce close-out` says how to end it".to_owned());
        }
        if STORES.contains(&node.id.as_str()) && holds_data(session, node).await.map_err(|error| error.to_string())? {
            return Err("it is not empty: archive it with `sce close-out`".to_owned());
        }
        Ok(())
    }
}

async fn holds_data(session: &Session, node: &Node) -> Result<bool, CloudError> {
    let request = session.s3.list_object_versions().bucket(&node.name).max_keys(1);
    let listed = request.send().await.map_err(cloud("ListObjectVersions", node.id.as_str()))?;
    Ok(!listed.versions().is_empty() || !listed.delete_markers().is_empty())
}
