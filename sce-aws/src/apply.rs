//! Building what is missing, and only that.

mod error;
mod preflight;
mod run;
mod undo;
mod walk;

use std::collections::BTreeSet;

use futures_util::future::{join, try_join, try_join_all, try_join3, try_join5};
use sce_core::check::{CheckedPlan, Declared};
use sce_core::pit::{ACCOUNT_SCOPE, TAG_ID, TAG_PIT, TAG_SCOPE};
use sce_core::plan::{Node, Plan, Scope};
use sce_core::value::NodeId;
use serde::Serialize;

pub use self::error::{ApplyError, LeftBehind};
pub use self::preflight::Shortage;
use self::preflight::{Outlook, outlook};
pub(crate) use self::run::{Run, Work, about, registry};
pub use self::undo::{RunUndone, UndoOptions, Undone, undo};
use crate::account;
use crate::change::Clearing;
use crate::close_out::EndBegun;
use crate::data_events;
use crate::interrupt::Interrupt;
use crate::progress::{Listener, Teller};
use crate::provider::Found;
use crate::registry::{Held, Journal, Registry, RegistryError, run_name};
use crate::session::Session;
use crate::verify::{Verification, held_to};

/// How apply goes about it.
#[derive(Clone, Debug, Default)]
pub struct ApplyOptions {
    /// Whether to take a lease over that another run holds.
    pub take_over: bool,
    /// Whether a run that fails or is interrupted deletes what it made. What was there before stays, changed in place or not.
    pub undo_on_failure: bool,
    /// Things that may be deleted, to be replaced or because the plan gave them up, with the data that they hold.
    pub dangerously_replace: BTreeSet<NodeId>,
    /// Whether machines that run may be stopped, and started again, where a change takes that.
    pub may_stop_machines: bool,
    /// Whether to build on where a close-out has begun: what it deleted is made anew, and empty.
    pub reopen: bool,
    /// By what the run is asked to stop: calls in flight are finished and journalled, and nothing new is begun.
    pub interrupt: Interrupt,
}

/// What apply did.
#[derive(Clone, Debug, Serialize)]
pub struct Applied {
    /// The version of this format.
    pub schema_version: u32,
    /// Nodes that were made.
    pub created: Vec<String>,
    /// Nodes that were there and were changed in place.
    pub changed: Vec<String>,
    /// Nodes that were there as planned.
    pub kept: Vec<String>,
    /// What was deleted: to be made anew, or because the plan has it no more.
    pub removed: Vec<String>,
    /// Requests sent, retries included.
    pub calls: u64,
    /// Of those, requests that may change something, writing the registry's lease and journal among them.
    pub mutating_calls: u64,
    /// Whether everything that can be shown reads back as planned.
    pub verified: bool,
    /// What looking ahead for quotas and offers could not tell, and why; empty when nothing was to be made.
    pub not_checked: Vec<String>,
    /// What reading back showed.
    pub verification: Verification,
}

/// Builds what is missing of the plan, changes in place what differs, replaces what AWS does not change, deletes what the plan gave up,
/// then reads everything back. What holds data is deleted only where the options name it.
///
/// Things are made side by side, each as soon as what it needs is there. Every creation is looked for first and written down before
/// and after. A call that AWS would do twice is sent once; if its answer is lost, the thing is looked for, and if it does not show,
/// the run stops rather than make a second.
///
/// # Errors
/// When something cannot be built: nothing new is begun then, and what is in flight is finished. The error says what was left behind
/// and what else failed, and the next run continues there.
pub async fn apply(
    session: &Session,
    checked: &CheckedPlan,
    options: ApplyOptions,
    listener: Listener<'_>,
) -> Result<Applied, ApplyError> {
    let (plan, session) = (checked.plan(), &session.stopping_machines(options.may_stop_machines));
    admissible(session, plan)?;
    let (calls, mutating) = (session.calls().all(), session.calls().mutating());
    let run = Run::new(session, plan, &options.interrupt);
    let teller = Teller::new(listener, plan.nodes.len());
    try_join_all(plan.existing_nodes().map(|node| run.existing(node, &teller))).await?;
    for node in plan.nodes.iter().filter(|node| node.scope == Scope::Account) {
        run.without_journal(node, &teller).await.map_err(|error| error.or_interrupted().leaving(run.left()))?;
    }
    let documents = Registry::new(session, &plan.pit);
    let name = run_name(session);
    let held = documents.lease(&name, options.take_over).await.map_err(registry)?;
    let built = build(&run, checked, &documents, &held, &name, &options, &teller).await;
    let released = async { held.release().await.map_err(registry) };
    let Built { removed, not_checked } = match built {
        Err(error) => {
            // Why it stopped matters more than that the lease is left to run out.
            drop(released.await);
            return Err(error);
        }
        Ok(built) => built,
    };
    let recorded = async {
        data_events::add(session, plan).await.map_err(|source| about("data-events", source))?;
        Ok(account::facts(session).await)
    };
    let read = async { Ok(run.read_back(&removed).await) };
    let read = try_join3(released, recorded, read).await;
    let ((), facts, observed) = read.map_err(|error| error.leaving(run.left()))?;
    let verification = held_to(session, plan, &observed, facts, &Declared::of(checked.spec()), checked.terms()).await;
    let done = run.done();
    Ok(Applied {
        schema_version: 1,
        created: done.created,
        changed: done.changed,
        kept: done.kept,
        removed,
        calls: session.calls().all() - calls,
        mutating_calls: session.calls().mutating() - mutating,
        verified: verification.verified,
        not_checked,
        verification,
    })
}

fn admissible(session: &Session, plan: &Plan) -> Result<(), ApplyError> {
    if plan.offline {
        return Err(ApplyError::Offline);
    }
    let planned = format!("{} {}", plan.account, plan.region);
    let here = format!("{} {}", session.account(), session.region());
    if planned == here { Ok(()) } else { Err(ApplyError::Elsewhere { planned, session: here }) }
}

/// What building did beside what its run knows.
struct Built {
    removed: Vec<String>,
    /// What looking ahead could not tell.
    not_checked: Vec<String>,
}

/// The PIT's own nodes, each journalled, while the lease is held.
async fn build(
    run: &Run<'_>,
    checked: &CheckedPlan,
    documents: &Registry<'_>,
    held: &Held<'_>,
    name: &str,
    options: &ApplyOptions,
    teller: &Teller<'_>,
) -> Result<Built, ApplyError> {
    let plan = checked.plan();
    let tell = |node: &Node, deed| teller.node(node, deed);
    let clearing = Clearing { session: &run.session, registry: documents, held, name, tell: &tell };
    let not_removed = |error| ApplyError::from(error).leaving(run.left());
    let keeping = Keeping::of(checked, documents);
    let (journal, ending) = (Journal::open(documents, name), EndBegun::last(documents));
    let read = try_join5(journal, ending, documents.life(), documents.last_plan(), keeping.changed());
    let (journal, ending, life, last, changed) = read.await.map_err(|source| registry(source).leaving(run.left()))?;
    let ending = ending.filter(|begun| begun.life == life);
    if let Some(begun) = ending.clone().filter(|_| !options.reopen) {
        return Err(ApplyError::Ending { pit: plan.pit.clone(), begun });
    }
    let last = last.map(|plan| plan.digest);
    let cleared = clearing.before(plan, last.as_deref(), &options.dangerously_replace, &journal).await;
    let cleared = cleared.map_err(not_removed)?;
    let journal = match cleared.removed.is_empty() {
        true => journal,
        false => Journal::open(documents, name).await.map_err(|source| registry(source).leaving(run.left()))?,
    };
    let known: BTreeSet<&NodeId> = journal.present().collect();
    let missing: Vec<&Node> = plan.pit_nodes().filter(|node| !known.contains(&node.id)).collect();
    let ahead = held.during(join(outlook(&run.session, plan, &missing), run.look_ahead(&journal)));
    let (Outlook { shortages, not_checked }, ()) = ahead.await;
    if !shortages.is_empty() {
        return Err(ApplyError::Short { shortages });
    }
    // Whatever refuses has refused by now: only what is built on is no longer ending.
    if ending.is_some() {
        EndBegun::forget(documents).await.map_err(|source| registry(source).leaving(run.left()))?;
    }
    let kept = keeping.keep(&changed, last.as_deref()).await;
    kept.map_err(|source| registry(source).leaving(run.left()))?;
    let work = Work::new(held, journal, life);
    let nodes: Vec<&Node> = plan.pit_nodes().collect();
    let walked = run.walk(&nodes, &work, teller).await;
    match walked {
        Err(error) if options.undo_on_failure => {
            let undone = run.undo(&work, teller).await;
            let before = error.left_behind().cloned().unwrap_or_default();
            Err(error.leaving(LeftBehind { undone: Some(undone), ..before.still(&run.left()) }))
        }
        Err(error) => Err(error),
        Ok(()) => Ok(Built { removed: clearing.after(cleared).await.map_err(not_removed)?, not_checked }),
    }
}

/// What was asked, kept where it outlives the environment.
struct Keeping<'a> {
    plan: &'a Plan,
    documents: &'a Registry<'a>,
    /// Name and content.
    texts: [(&'static str, String); 4],
}

impl<'a> Keeping<'a> {
    fn of(checked: &'a CheckedPlan, documents: &'a Registry<'a>) -> Self {
        let json = |value: serde_json::Result<String>| value.unwrap_or_default();
        let texts = [
            ("spec.json", json(serde_json::to_string_pretty(checked.spec()))),
            ("lock.json", json(serde_json::to_string_pretty(checked.lock()))),
            ("findings.json", json(serde_json::to_string_pretty(checked.findings()))),
            ("proofs.json", json(serde_json::to_string_pretty(checked.proofs()))),
        ];
        Self { plan: checked.plan(), documents, texts }
    }

    /// Names of those that are not kept as they are now.
    async fn changed(&self) -> Result<Vec<&'static str>, RegistryError> {
        let read = self.texts.iter().map(|(name, text)| async move {
            let kept = self.documents.read(name).await?;
            Ok::<_, RegistryError>((kept.as_deref() != Some(text.as_bytes())).then_some(*name))
        });
        Ok(try_join_all(read).await?.into_iter().flatten().collect())
    }

    /// Writes those, and the plan unless it is the one that was applied last.
    async fn keep(&self, changed: &[&str], last: Option<&str>) -> Result<(), RegistryError> {
        let changed = self.texts.iter().filter(|(name, _)| changed.contains(name));
        let others = try_join_all(changed.map(|(name, text)| self.documents.write(name, text)));
        try_join(self.documents.keep_plan(self.plan, last), others).await.map(drop)
    }
}

/// How it shows that a thing is not what this node made; none when it is.
pub(crate) fn foreign(node: &Node, found: &Found) -> Option<String> {
    let (key, wanted) = match node.scope {
        Scope::Pit => (TAG_PIT, node.tags.get(TAG_PIT)?.as_str()),
        Scope::Account => (TAG_SCOPE, ACCOUNT_SCOPE),
        Scope::Existing => return Some("it is somebody else's, and only used".to_owned()),
    };
    for (key, wanted) in [(key, wanted), (TAG_ID, node.id.as_str())] {
        match found.tags.get(key) {
            Some(value) if value == wanted => {}
            Some(value) => return Some(format!("its tag `{key}` is `{value}`, not `{wanted}`")),
            None => return Some(format!("it has no tag `{key}`")),
        }
    }
    None
}
