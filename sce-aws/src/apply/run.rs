//! One run, and what it does to one node: look, make if it is not there, settle if it is not as planned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sce_core::aws::resource::{Difference, Properties};
use sce_core::journal::{Event, State};
use sce_core::plan::{Node, Plan};
use sce_core::value::NodeId;

use super::{ApplyError, LeftBehind, foreign};
use crate::close_out::goes_with_vpc;
use crate::error::{CloudError, Outcome, Trouble};
use crate::ids::{Attributes, Ids};
use crate::interrupt::Interrupt;
use crate::observe::{Ahead, Observed, observe_settled};
use crate::progress::{Deed, Teller};
use crate::provider::{self, FRESH, Found, Made, poll};
use crate::registry::{Held, Journal, Pages, RegistryError};
use crate::session::Session;
use crate::verify::{shown, tag_difference};

/// How long a thing whose creation got no answer is looked for before the run gives up.
pub(super) const DOUBT: Duration = Duration::from_secs(20);

/// One run of apply; its nodes are worked on side by side.
pub(crate) struct Run<'a> {
    pub(super) session: Session,
    pub(super) plan: &'a Plan,
    so_far: Mutex<SoFar>,
    /// What the journal knew at the start, looked at at once.
    ahead: Mutex<Ahead>,
}

/// What a run knows and did.
#[derive(Debug, Default)]
struct SoFar {
    ids: Ids,
    /// How each thing was last seen, before this run changed it if it did.
    seen: BTreeMap<NodeId, Found>,
    present: BTreeSet<NodeId>,
    in_doubt: BTreeSet<NodeId>,
    /// Nodes whose creation this run was about to send.
    begun: BTreeSet<NodeId>,
    deeds: BTreeMap<NodeId, Deed>,
}

/// What was done to which nodes, each list in the plan's order.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) created: Vec<String>,
    pub(crate) changed: Vec<String>,
    pub(crate) kept: Vec<String>,
}

/// What journalled work is done under: the lease, the journal and the environment's present life.
pub(crate) struct Work<'a> {
    pub(crate) held: &'a Held<'a>,
    journal: Mutex<Journal<'a>>,
    pages: Pages<'a>,
    pub(super) life: String,
}

impl<'a> Work<'a> {
    pub(crate) fn new(held: &'a Held<'a>, journal: Journal<'a>, life: String) -> Self {
        Self { held, pages: journal.pages(), journal: Mutex::new(journal), life }
    }

    pub(super) fn journal(&self) -> MutexGuard<'_, Journal<'a>> {
        // A poisoned lock still holds a whole journal: a line is noted in one step.
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what is about to be sent, and waits until that is durable.
    pub(super) async fn intend(&self, node: &Node, event: Event<Attributes>) -> Result<(), RegistryError> {
        let mark = self.journal().note(&node.id, event)?;
        self.pages.write(mark).await
    }

    /// Notes what came of it. It becomes durable with the next intent, and at the end at the latest: if the run dies before, the
    /// thing is looked for, as after any answer that was lost.
    pub(super) fn result(&self, node: &Node, event: Event<Attributes>) -> Result<(), RegistryError> {
        self.journal().note(&node.id, event).map(drop)
    }

    /// Makes everything that was noted durable.
    pub(crate) async fn write_all(&self) -> Result<(), RegistryError> {
        self.pages.write_all().await
    }

    /// What the journal says that AWS calls a thing.
    pub(super) fn known(&self, node: &Node) -> Option<Attributes> {
        self.journal().attributes(&node.id).cloned()
    }
}

impl<'a> Run<'a> {
    pub(crate) fn new(session: &Session, plan: &'a Plan, interrupt: &Interrupt) -> Self {
        let so_far = SoFar { ids: Ids::default().with_existing(plan), ..SoFar::default() };
        let session = session.interrupted_by(interrupt);
        Self { session, plan, so_far: Mutex::new(so_far), ahead: Mutex::default() }
    }

    /// A run that takes from the journal what AWS calls things, and is asked to stop as its session is.
    pub(super) fn knowing(session: &Session, plan: &'a Plan, journal: &Journal<'_>) -> Self {
        let run = Self::new(session, plan, &session.interrupt);
        for node in &plan.nodes {
            if let Some(attributes) = journal.attributes(&node.id) {
                run.so_far().ids.insert(&node.id, attributes.clone());
            }
        }
        run
    }

    /// Looks at once at all that the journal knows, so that a walk over what is there waits for nothing; and where no run has made
    /// anything yet, whether something is there all the same. What a run before this one may have begun is looked at in its turn.
    pub(super) async fn look_ahead(&self, journal: &Journal<'_>) {
        let ahead = if journal.is_first() {
            Ahead::absent(&self.session, self.plan.pit_nodes()).await
        } else {
            let known = self.plan.pit_nodes().filter(|node| journal.attributes(&node.id).is_some());
            Ahead::known(&self.session, known.collect::<Vec<_>>(), self.ids(), journal).await
        };
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = ahead;
    }

    /// Everything as it is after the run: what the run saw where it changed and removed nothing at all, and otherwise all read again,
    /// since one change may touch another thing.
    pub(crate) async fn read_back(&self, removed: &[String]) -> Observed {
        let (ids, seen, touched) = {
            let so_far = self.so_far();
            let is_touched = |deed: &Deed| !matches!(deed, Deed::Kept);
            let touched: BTreeSet<NodeId> =
                so_far.deeds.iter().filter(|(_, deed)| is_touched(deed)).map(|(id, _)| id.clone()).collect();
            (so_far.ids.clone(), so_far.seen.clone(), touched)
        };
        // All is done: reading it is brought to its end, whoever asks for one.
        let session = self.session.interrupted_by(&Interrupt::default());
        let saw_all = self.plan.nodes.iter().all(|node| seen.contains_key(&node.id));
        match touched.is_empty() && removed.is_empty() && saw_all {
            true => Observed::of_run(&session, self.plan, ids, seen).await,
            false => observe_settled(&session, self.plan, &ids, &touched).await,
        }
    }

    /// What was done to which nodes.
    pub(crate) fn done(&self) -> Done {
        let (so_far, mut done) = (self.so_far(), Done::default());
        for node in &self.plan.nodes {
            match so_far.deeds.get(&node.id) {
                Some(Deed::Created) => done.created.push(node.id.to_string()),
                Some(Deed::Settled) => done.changed.push(node.id.to_string()),
                Some(_) => done.kept.push(node.id.to_string()),
                None => {}
            }
        }
        done
    }

    /// What the run leaves in the account as things stand.
    pub(super) fn left(&self) -> LeftBehind {
        let so_far = self.so_far();
        let named = |ids: &BTreeSet<NodeId>| {
            self.plan.nodes.iter().filter(|node| ids.contains(&node.id)).map(|node| node.id.to_string()).collect()
        };
        LeftBehind { present: named(&so_far.present), in_doubt: named(&so_far.in_doubt), ..LeftBehind::default() }
    }

    /// Nodes whose creation this run was about to send, in the plan's order.
    pub(super) fn begun(&self) -> Vec<&'a Node> {
        let so_far = self.so_far();
        self.plan.nodes.iter().filter(|node| so_far.begun.contains(&node.id)).collect()
    }

    /// One that is there no more.
    pub(super) fn forget(&self, node: &NodeId) {
        let mut so_far = self.so_far();
        so_far.present.remove(node);
        so_far.in_doubt.remove(node);
    }

    pub(super) fn ids(&self) -> Ids {
        self.so_far().ids.clone()
    }

    fn so_far(&self) -> MutexGuard<'_, SoFar> {
        // A poisoned lock still holds whole sets: each change is one step.
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One node that the journal knows.
    pub(super) async fn journalled(&self, node: &Node, work: &Work<'_>, teller: &Teller<'_>) -> Result<(), ApplyError> {
        let deed = self.node(node, work, teller).await?;
        teller.node(node, deed);
        self.so_far().deeds.insert(node.id.clone(), deed);
        Ok(())
    }

    async fn node(&self, node: &Node, work: &Work<'_>, teller: &Teller<'_>) -> Result<Deed, ApplyError> {
        teller.node(node, Deed::Looking);
        // All that it refers to is there by now.
        let ids = self.ids();
        let in_doubt = *work.journal().state(&node.id) == State::Creating;
        let found = self.find(node, &ids, in_doubt, Some(work)).await?;
        let made = found.is_none();
        let found = match found {
            Some(found) => found,
            None => {
                self.go_on(node)?;
                teller.node(node, Deed::Creating);
                work.intend(node, Event::Creating).await.map_err(registry)?;
                self.so_far().begun.insert(node.id.clone());
                self.make(node, &ids, work).await?
            }
        };
        self.own(node, &found, made)?;
        if work.known(node).as_ref() != Some(&found.attributes) {
            work.result(node, Event::Present(found.attributes.clone())).map_err(registry)?;
        }
        self.is_there(node, &found);
        // What was just made is written down as being made, and needs no second line before it is finished.
        let intend = (!made).then_some(work);
        let settled = self.settle(node, found, intend, teller).await?;
        Ok(deed(made, settled))
    }

    /// Somebody else's: looked at, and nothing more. Nothing is built on what is not as the rules judged it.
    pub(super) async fn existing(&self, node: &Node, teller: &Teller<'_>) -> Result<(), ApplyError> {
        teller.node(node, Deed::Looking);
        let wrong = |why: String| ApplyError::Existing { node: node.id.to_string(), why, left: LeftBehind::default() };
        let ids = self.ids();
        let Some(found) = self.find(node, &ids, false, None).await? else {
            return Err(wrong(format!("`{}` is not there any more", node.name)));
        };
        let planned = resolved(node, &ids)?;
        let differences = shown(&self.session.divergences, node, planned.differences(&found.properties));
        if let Some(first) = differences.first() {
            let Difference { field, planned, found } = first;
            return Err(wrong(format!("its `{field}` is {found}, and was {planned} when the lock was made")));
        }
        teller.node(node, Deed::Kept);
        let mut so_far = self.so_far();
        so_far.seen.insert(node.id.clone(), found);
        so_far.deeds.insert(node.id.clone(), Deed::Kept);
        Ok(())
    }

    /// The account's own nodes, which hold the journal and so are not in it.
    pub(crate) async fn without_journal(&self, node: &Node, teller: &Teller<'_>) -> Result<(), ApplyError> {
        teller.node(node, Deed::Looking);
        let ids = self.ids();
        let found = self.find(node, &ids, false, None).await?;
        let made = found.is_none();
        let found = match found {
            Some(found) => found,
            None => {
                self.go_on(node)?;
                teller.node(node, Deed::Creating);
                let properties = resolved(node, &ids)?;
                let made = match provider::make(&self.session, node, &properties, "account").await {
                    // Another environment's run was quicker; the registry is everybody's.
                    Err(error) if error.trouble == Trouble::AlreadyExists => Made::default(),
                    other => other.map_err(|source| failed(node, source))?,
                };
                self.await_sight(node, &ids, &made).await?
            }
        };
        self.own(node, &found, made)?;
        self.is_there(node, &found);
        let settled = self.settle(node, found, None, teller).await?;
        let deed = deed(made, settled);
        teller.node(node, deed);
        self.so_far().deeds.insert(node.id.clone(), deed);
        Ok(())
    }

    fn is_there(&self, node: &Node, found: &Found) {
        let mut so_far = self.so_far();
        so_far.ids.insert(&node.id, found.attributes.clone());
        so_far.seen.insert(node.id.clone(), found.clone());
        so_far.present.insert(node.id.clone());
    }

    /// Stops before a change once somebody asked for that: nothing of the node was begun.
    fn go_on(&self, node: &Node) -> Result<(), ApplyError> {
        self.session.interrupt.go_on(node.id.as_str()).map_err(|error| failed(node, error))
    }

    /// Looks once; for longer when an earlier run sent a creation and recorded no answer, since searches lag (aws-behaviour 0.10).
    pub(super) async fn find(
        &self,
        node: &Node,
        ids: &Ids,
        in_doubt: bool,
        work: Option<&Work<'_>>,
    ) -> Result<Option<Found>, ApplyError> {
        let look = || provider::look(&self.session, node, ids);
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take(node, ids);
        let found = match ahead {
            _ if in_doubt => poll(&self.session, DOUBT, look).await,
            Some(looked) => looked,
            None => look().await,
        };
        found.map_err(|error| match error.trouble {
            Trouble::Twice => ApplyError::Twice {
                node: node.id.to_string(),
                kind: node.properties.kind(),
                things: error.twins,
                known: work.and_then(|work| work.known(node)).map(|known| known.id),
                left: LeftBehind::default(),
            },
            _ => failed(node, error),
        })
    }

    /// Sends the creating call and waits until the thing shows.
    async fn make(&self, node: &Node, ids: &Ids, work: &Work<'_>) -> Result<Found, ApplyError> {
        let properties = resolved(node, ids)?;
        let sent = provider::make(&self.session, node, &properties, &work.life).await;
        let error = match sent {
            Ok(made) => {
                let seen = self.await_sight(node, ids, &made).await;
                if seen.is_err() {
                    self.so_far().in_doubt.insert(node.id.clone());
                }
                return seen;
            }
            Err(error) => error,
        };
        // Whatever the answer was, the thing may be there: look before anything else, and never send again blindly.
        let doubtful = error.outcome() == Outcome::Unknown;
        let look = || provider::look(&self.session, node, ids);
        let shown = if doubtful { poll(&self.session, DOUBT, look).await } else { Ok(None) };
        if let Ok(Some(found)) = shown {
            return Ok(found);
        }
        if doubtful {
            self.so_far().in_doubt.insert(node.id.clone());
        }
        // The journal may be out of reach for the same reason as the call; the error that matters is the call's.
        drop(work.intend(node, Event::Failed(error.to_string())).await);
        Err(failed(node, error))
    }

    async fn await_sight(&self, node: &Node, ids: &Ids, made: &Made) -> Result<Found, ApplyError> {
        let look = || provider::look_at_new(&self.session, node, ids, made);
        let seen = poll(&self.session, FRESH, look).await.map_err(|source| failed(node, source))?;
        seen.ok_or_else(|| {
            let message = "AWS took the call, and the thing does not show after five minutes";
            failed(node, CloudError::plain("Create", node.id.as_str(), Trouble::NoAnswer, message))
        })
    }

    /// Changes what differs, and says whether anything did; `work` has it written down first.
    async fn settle(
        &self,
        node: &Node,
        found: Found,
        work: Option<&Work<'_>>,
        teller: &Teller<'_>,
    ) -> Result<bool, ApplyError> {
        let planned = resolved(node, &self.ids())?;
        let differences = shown(&self.session.divergences, node, planned.differences(&found.properties));
        let tags = tag_difference(&node.tags, &found.tags).into_iter().collect();
        let untagged = !shown(&self.session.divergences, node, tags).is_empty();
        if differences.is_empty() && !untagged {
            return Ok(false);
        }
        self.go_on(node)?;
        teller.node(node, Deed::Settling);
        let attributes = found.attributes.clone();
        if let Some(work) = work {
            work.intend(node, Event::Changing).await.map_err(registry)?;
        }
        if !differences.is_empty() {
            let settled = provider::settle(&self.session, node, &planned, &found, &differences).await;
            settled.map_err(|source| failed(node, source))?;
        }
        if untagged {
            provider::tag(&self.session, node, &found).await.map_err(|source| failed(node, source))?;
        }
        if let Some(work) = work {
            work.result(node, Event::Present(attributes)).map_err(registry)?;
        }
        Ok(true)
    }

    /// Refuses what bears the name and is not this environment's. Tags come with the creating call, so what any run made has them.
    fn own(&self, node: &Node, found: &Found, made: bool) -> Result<(), ApplyError> {
        let descriptor = node.properties.kind().descriptor();
        // Tags that those who answer cannot show would make everything look foreign.
        let explained = |off| self.session.divergences.of_difference(node.properties.kind(), &off).is_some();
        let unseen = tag_difference(&node.tags, &found.tags).is_some_and(explained);
        if made || goes_with_vpc(node) || !descriptor.taggable || unseen {
            return Ok(());
        }
        let Some(why) = foreign(node, found) else { return Ok(()) };
        let (node, name) = (node.id.to_string(), node.name.clone());
        Err(ApplyError::Foreign { node, name, why, left: LeftBehind::default() })
    }
}

fn deed(made: bool, settled: bool) -> Deed {
    match (made, settled) {
        (true, _) => Deed::Created,
        (false, true) => Deed::Settled,
        (false, false) => Deed::Kept,
    }
}

pub(super) fn resolved(node: &Node, ids: &Ids) -> Result<Properties, ApplyError> {
    ids.resolve(node).ok_or_else(|| {
        let message = "something it refers to has no id yet";
        failed(node, CloudError::plain("Resolve", node.id.as_str(), Trouble::NotFound, message))
    })
}

pub(super) fn failed(node: &Node, source: CloudError) -> ApplyError {
    about(node.id.as_str(), source)
}

/// A failure that may be no node's.
pub(crate) fn about(what: &str, source: CloudError) -> ApplyError {
    ApplyError::Node { node: what.to_owned(), left: LeftBehind::default(), source }
}

pub(crate) fn registry(source: RegistryError) -> ApplyError {
    ApplyError::Registry { left: LeftBehind::default(), source }
}
