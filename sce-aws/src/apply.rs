//! Building what is missing, and only that.

use std::time::Duration;

use sce_core::aws::resource::{Difference, Properties};
use sce_core::check::{CheckedPlan, Declared};
use sce_core::journal::{Event, State};
use sce_core::pit::{ACCOUNT_SCOPE, TAG_ID, TAG_PIT, TAG_SCOPE};
use sce_core::plan::{Node, Plan, Scope};
use sce_core::value::NodeId;
use serde::Serialize;
use thiserror::Error;

use crate::close_out::goes_with_vpc;
use crate::data_events;
use crate::error::{CloudError, Outcome, Trouble};
use crate::ids::{Attributes, Ids};
use crate::progress::{Deed, Listener, Teller};
use crate::provider::{self, FRESH, Found, poll};
use crate::registry::{Held, Journal, Registry, RegistryError, run_name};
use crate::session::Session;
use crate::verify::{Verification, shown, tag_difference, verify};

/// How long a thing whose creation got no answer is looked for before the run gives up.
const DOUBT: Duration = Duration::from_secs(20);

/// How apply goes about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApplyOptions {
    /// Whether to take a lease over that another run holds.
    pub take_over: bool,
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
    /// Requests sent, retries included.
    pub calls: u64,
    /// Of those, requests that may change something, writing the registry's lease and journal among them.
    pub mutating_calls: u64,
    /// Whether everything that can be shown reads back as planned.
    pub verified: bool,
    /// What reading back showed.
    pub verification: Verification,
}

/// Why apply stopped. What was made stays, is in the journal, and is found again by the next run.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// The plan rests on placeholders.
    #[error("the plan rests on placeholders: its lock was made offline")]
    Offline,
    /// The plan is for another account or region.
    #[error("the plan is for `{planned}`, and the session is in `{session}`")]
    Elsewhere {
        /// Where the plan is for.
        planned: String,
        /// Where the session is.
        session: String,
    },
    /// The registry could not be used.
    #[error("the registry could not be used")]
    Registry {
        /// What was left behind.
        left: LeftBehind,
        /// Why.
        #[source]
        source: RegistryError,
    },
    /// One node could not be made or changed.
    #[error("`{node}` could not be built")]
    Node {
        /// The node.
        node: String,
        /// What was left behind.
        left: LeftBehind,
        /// Why.
        #[source]
        source: CloudError,
    },
    /// The plan has things no more that exist.
    #[error("the plan no longer has {}, which earlier plans made", .nodes.join(", "))]
    Dropped {
        /// Their places in the earlier plans.
        nodes: Vec<String>,
    },
    /// Somebody else's thing is not as it was when the plan was checked.
    #[error("`{node}` is somebody else's, and {why}")]
    Existing {
        /// The node.
        node: String,
        /// What is the matter.
        why: String,
        /// What was left behind.
        left: LeftBehind,
    },
    /// Something of that name is there and is not this environment's.
    #[error("`{name}` exists and is not this environment's `{node}`: {why}")]
    Foreign {
        /// The node.
        node: String,
        /// What is there.
        name: String,
        /// How that shows.
        why: String,
        /// What was left behind.
        left: LeftBehind,
    },
}

/// What a stopped run leaves in the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftBehind {
    /// Nodes that exist, this run's and earlier ones'.
    pub present: Vec<String>,
    /// Nodes of which nobody knows whether they exist: their creation got no answer.
    pub in_doubt: Vec<String>,
}

impl ApplyError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Offline => Some("run `sce lock SPEC` with the account at hand".to_owned()),
            Self::Elsewhere { .. } => Some("run `sce lock SPEC` again, or choose the account that is meant".to_owned()),
            Self::Registry { source, .. } => source.help(),
            Self::Node { source, .. } if source.trouble == Trouble::AlreadyExists => {
                Some("this version replaces nothing: put the old value back, or close out and apply the new spec".to_owned())
            }
            Self::Node { source, .. } => source.help().map(str::to_owned),
            Self::Dropped { .. } => Some(
                "this version removes nothing but a whole environment: put them back, or close out and apply the new spec"
                    .to_owned(),
            ),
            Self::Existing { .. } => {
                Some("run `sce lock SPEC` and `sce check SPEC` again: the plan was judged by what was there then".to_owned())
            }
            Self::Foreign { .. } => Some("choose another PIT, or remove what is there if it is yours".to_owned()),
        }
    }

    /// What the run leaves in the account.
    #[must_use]
    pub fn left_behind(&self) -> Option<&LeftBehind> {
        match self {
            Self::Offline | Self::Elsewhere { .. } | Self::Dropped { .. } => None,
            Self::Registry { source: RegistryError::Leased { .. }, .. } => None,
            Self::Registry { left, .. }
            | Self::Node { left, .. }
            | Self::Existing { left, .. }
            | Self::Foreign { left, .. } => Some(left),
        }
    }
}

/// Builds what is missing of the plan, changes in place what differs, then reads everything back.
///
/// Every creation is looked for first and written down before and after. A call that AWS would do twice is sent once; if its answer
/// is lost, the thing is looked for, and if it does not show, the run stops rather than make a second.
///
/// # Errors
/// At the first node that cannot be built; the error says what was left behind, and the next run continues there.
pub async fn apply(
    session: &Session,
    checked: &CheckedPlan,
    options: ApplyOptions,
    listener: Listener<'_>,
) -> Result<Applied, ApplyError> {
    let plan = checked.plan();
    admissible(session, plan)?;
    let (calls, mutating) = (session.calls().all(), session.calls().mutating());
    let mut run = Run::new(session, plan);
    let mut teller = Teller::new(listener, plan.nodes.len());
    let registry = Registry::new(session, &plan.pit);
    for node in plan.existing_nodes() {
        run.existing(node, &mut teller).await?;
    }
    for node in plan.nodes.iter().filter(|node| node.scope == Scope::Account) {
        run.without_journal(node, &mut teller).await?;
    }
    let name = run_name(session);
    let held = registry.lease(&name, options.take_over).await.map_err(|source| run.registry(source))?;
    let built = run.build(checked, &registry, &held, &name, &mut teller).await;
    let released = held.release().await;
    built?;
    released.map_err(|source| run.registry(source))?;
    data_events::add(session, plan).await.map_err(|source| run.about("data-events", source))?;
    let verification = verify(session, plan, &Declared::of(checked.spec()), checked.terms()).await;
    Ok(Applied {
        schema_version: 1,
        created: run.done.created,
        changed: run.done.changed,
        kept: run.done.kept,
        calls: session.calls().all() - calls,
        mutating_calls: session.calls().mutating() - mutating,
        verified: verification.verified,
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

/// What was done to which nodes.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) created: Vec<String>,
    pub(crate) changed: Vec<String>,
    pub(crate) kept: Vec<String>,
}

/// One run of apply.
pub(crate) struct Run<'a> {
    session: &'a Session,
    plan: &'a Plan,
    ids: Ids,
    left: LeftBehind,
    pub(crate) done: Done,
}

impl<'a> Run<'a> {
    pub(crate) fn new(session: &'a Session, plan: &'a Plan) -> Self {
        Self {
            session,
            plan,
            ids: Ids::default().with_existing(plan),
            left: LeftBehind::default(),
            done: Done::default(),
        }
    }
}

impl Run<'_> {
    /// The PIT's own nodes, each journalled.
    async fn build(
        &mut self,
        checked: &CheckedPlan,
        registry: &Registry<'_>,
        held: &Held<'_>,
        name: &str,
        teller: &mut Teller<'_>,
    ) -> Result<(), ApplyError> {
        let mut journal = Journal::open(registry, name).await.map_err(|source| self.registry(source))?;
        let dropped = dropped(self.plan, &journal);
        if !dropped.is_empty() {
            return Err(ApplyError::Dropped { nodes: dropped });
        }
        self.keep(checked, registry).await.map_err(|source| self.registry(source))?;
        let life = registry.life().await.map_err(|source| self.registry(source))?;
        for node in self.plan.pit_nodes() {
            self.journalled(node, held, &mut journal, &life, teller).await?;
        }
        Ok(())
    }

    /// One node that the journal knows, while the lease is held.
    pub(crate) async fn journalled(
        &mut self,
        node: &Node,
        held: &Held<'_>,
        journal: &mut Journal<'_>,
        life: &str,
        teller: &mut Teller<'_>,
    ) -> Result<(), ApplyError> {
        held.renew().await.map_err(|source| self.registry(source))?;
        let deed = held.during(self.node(node, journal, life, teller)).await?;
        teller.node(node, deed);
        self.finished(node, deed);
        Ok(())
    }

    /// Keeps what was asked where it outlives the environment.
    async fn keep(&self, checked: &CheckedPlan, registry: &Registry<'_>) -> Result<(), RegistryError> {
        let json = |value: serde_json::Result<String>| value.unwrap_or_default();
        registry.keep("spec.json", &json(serde_json::to_string_pretty(checked.spec()))).await?;
        registry.keep("lock.json", &json(serde_json::to_string_pretty(checked.lock()))).await?;
        registry.keep_plan(self.plan).await?;
        registry.keep("findings.json", &json(serde_json::to_string_pretty(checked.findings()))).await?;
        registry.keep("proofs.json", &json(serde_json::to_string_pretty(checked.proofs()))).await
    }

    /// One node: looked for, made if it is not there, settled if it is not as planned.
    async fn node(
        &mut self,
        node: &Node,
        journal: &mut Journal<'_>,
        life: &str,
        teller: &mut Teller<'_>,
    ) -> Result<Deed, ApplyError> {
        teller.node(node, Deed::Looking);
        let in_doubt = *journal.state(&node.id) == State::Creating;
        let found = self.find(node, in_doubt).await?;
        let made = found.is_none();
        let found = match found {
            Some(found) => found,
            None => {
                teller.node(node, Deed::Creating);
                self.record(journal, node, Event::Creating).await?;
                self.make(node, journal, life).await?
            }
        };
        self.own(node, &found, made)?;
        if journal.attributes(&node.id) != Some(&found.attributes) {
            self.record(journal, node, Event::Present(found.attributes.clone())).await?;
        }
        self.ids.insert(&node.id, found.attributes.clone());
        self.left.present.push(node.id.to_string());
        let settled = self.settle(node, found, Some(journal), teller).await?;
        Ok(match (made, settled) {
            (true, _) => Deed::Created,
            (false, true) => Deed::Settled,
            (false, false) => Deed::Kept,
        })
    }

    /// Somebody else's: looked at, and nothing more. Nothing is built on what is not as the rules judged it.
    async fn existing(&mut self, node: &Node, teller: &mut Teller<'_>) -> Result<(), ApplyError> {
        teller.node(node, Deed::Looking);
        let wrong = |why: String| ApplyError::Existing { node: node.id.to_string(), why, left: LeftBehind::default() };
        let Some(found) = self.find(node, false).await? else {
            return Err(wrong(format!("`{}` is not there any more", node.name)));
        };
        let planned = self.resolved(node)?;
        let differences = shown(&self.session.divergences, node, planned.differences(&found.properties));
        if let Some(first) = differences.first() {
            let Difference { field, planned, found } = first;
            return Err(wrong(format!("its `{field}` is {found}, and was {planned} when the lock was made")));
        }
        teller.node(node, Deed::Kept);
        self.finished(node, Deed::Kept);
        Ok(())
    }

    /// The account's own nodes, which hold the journal and so are not in it.
    pub(crate) async fn without_journal(&mut self, node: &Node, teller: &mut Teller<'_>) -> Result<(), ApplyError> {
        teller.node(node, Deed::Looking);
        let found = self.find(node, false).await?;
        let made = found.is_none();
        if made {
            teller.node(node, Deed::Creating);
            let properties = self.resolved(node)?;
            match provider::make(self.session, node, &properties, "account").await {
                // Another environment's run was quicker; the registry is everybody's.
                Err(error) if error.trouble == Trouble::AlreadyExists => {}
                other => other.map_err(|source| self.failed(node, source))?,
            }
        }
        let found = match found {
            Some(found) => found,
            None => self.await_sight(node).await?,
        };
        self.own(node, &found, made)?;
        self.ids.insert(&node.id, found.attributes.clone());
        self.left.present.push(node.id.to_string());
        let settled = self.settle(node, found, None, teller).await?;
        let deed = if made {
            Deed::Created
        } else if settled {
            Deed::Settled
        } else {
            Deed::Kept
        };
        teller.node(node, deed);
        self.finished(node, deed);
        Ok(())
    }

    /// Looks once; for longer when an earlier run sent a creation and recorded no answer, since searches lag (aws-behaviour 0.10).
    async fn find(&self, node: &Node, in_doubt: bool) -> Result<Option<Found>, ApplyError> {
        let look = || provider::look(self.session, node, &self.ids);
        let found = if in_doubt { poll(self.session, DOUBT, look).await } else { look().await };
        found.map_err(|source| self.failed(node, source))
    }

    /// Sends the creating call and waits until the thing shows.
    async fn make(&mut self, node: &Node, journal: &mut Journal<'_>, life: &str) -> Result<Found, ApplyError> {
        let properties = self.resolved(node)?;
        let Err(error) = provider::make(self.session, node, &properties, life).await else {
            return self.await_sight(node).await;
        };
        // Whatever the answer was, the thing may be there: look before anything else, and never send again blindly.
        let doubtful = error.outcome() == Outcome::Unknown;
        let look = || provider::look(self.session, node, &self.ids);
        let shown = if doubtful { poll(self.session, DOUBT, look).await } else { Ok(None) };
        if let Ok(Some(found)) = shown {
            return Ok(found);
        }
        if doubtful {
            self.left.in_doubt.push(node.id.to_string());
        }
        // The journal may be out of reach for the same reason as the call; the error that matters is the call's.
        drop(journal.record(&node.id, Event::Failed(error.to_string())).await);
        Err(self.failed(node, error))
    }

    async fn await_sight(&self, node: &Node) -> Result<Found, ApplyError> {
        let look = || provider::look(self.session, node, &self.ids);
        let seen = poll(self.session, FRESH, look).await.map_err(|source| self.failed(node, source))?;
        seen.ok_or_else(|| {
            let message = "AWS took the call, and the thing does not show after five minutes";
            self.failed(node, CloudError::plain("Create", node.id.as_str(), Trouble::NoAnswer, message))
        })
    }

    /// Changes what differs, and says whether anything did.
    async fn settle(
        &mut self,
        node: &Node,
        found: Found,
        mut journal: Option<&mut Journal<'_>>,
        teller: &mut Teller<'_>,
    ) -> Result<bool, ApplyError> {
        let divergences = self.session.divergences.clone();
        let planned = self.resolved(node)?;
        let differences = shown(&divergences, node, planned.differences(&found.properties));
        let tags = tag_difference(&node.tags, &found.tags).into_iter().collect();
        let untagged = !shown(&divergences, node, tags).is_empty();
        if differences.is_empty() && !untagged {
            return Ok(false);
        }
        teller.node(node, Deed::Settling);
        let attributes = found.attributes.clone();
        if let Some(journal) = journal.as_deref_mut() {
            self.record(journal, node, Event::Changing).await?;
        }
        if !differences.is_empty() {
            let settled = provider::settle(self.session, node, &planned, &found, &differences).await;
            settled.map_err(|source| self.failed(node, source))?;
        }
        if untagged {
            provider::tag(self.session, node, &found).await.map_err(|source| self.failed(node, source))?;
        }
        if let Some(journal) = journal {
            self.record(journal, node, Event::Present(attributes)).await?;
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
        match foreign(node, found) {
            None => Ok(()),
            Some(why) => Err(ApplyError::Foreign {
                node: node.id.to_string(),
                name: node.name.clone(),
                why,
                left: self.left.clone(),
            }),
        }
    }

    fn resolved(&self, node: &Node) -> Result<Properties, ApplyError> {
        self.ids.resolve(node).ok_or_else(|| {
            let message = "something it refers to has no id yet";
            self.failed(node, CloudError::plain("Resolve", node.id.as_str(), Trouble::NotFound, message))
        })
    }

    async fn record(&self, journal: &mut Journal<'_>, node: &Node, event: Event<Attributes>) -> Result<(), ApplyError> {
        journal.record(&node.id, event).await.map_err(|source| self.registry(source))
    }

    fn finished(&mut self, node: &Node, deed: Deed) {
        let list = match deed {
            Deed::Created => &mut self.done.created,
            Deed::Settled => &mut self.done.changed,
            _ => &mut self.done.kept,
        };
        list.push(node.id.to_string());
    }

    fn failed(&self, node: &Node, source: CloudError) -> ApplyError {
        ApplyError::Node { node: node.id.to_string(), left: self.left.clone(), source }
    }

    /// A failure that is no node's.
    pub(crate) fn about(&self, what: &str, source: CloudError) -> ApplyError {
        ApplyError::Node { node: what.to_owned(), left: self.left.clone(), source }
    }

    pub(crate) fn registry(&self, source: RegistryError) -> ApplyError {
        ApplyError::Registry { left: self.left.clone(), source }
    }
}

/// What earlier plans made that this plan has no more. This version deletes nothing but a whole environment, so it must not be left
/// to run on unseen.
fn dropped(plan: &Plan, journal: &Journal<'_>) -> Vec<String> {
    // What exists already in the place of what was made drops the latter just the same.
    let is_ours = |id: &NodeId| plan.node(id).is_some_and(|node| !node.is_existing());
    journal.present().filter(|id| !is_ours(id)).map(ToString::to_string).collect()
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
