//! What applying a plan would do to the account: read-only.

mod remove;

use std::collections::BTreeMap;

use sce_core::aws::resource::Kind;
use sce_core::change::{self, Account, PlannedChange, There};
use sce_core::plan::{Node, Plan, Scope};
use sce_core::teardown::with_earlier;

pub(crate) use self::remove::{Clearing, RemoveError};
use crate::apply::foreign;
use crate::close_out::goes_with_vpc;
use crate::error::{CloudError, Trouble, cloud};
use crate::observe::{Observed, observe_remembering};
use crate::provider::Found;
use crate::registry::{Journal, Registry, RegistryError};
use crate::session::Session;

/// What applying the plan would do to each of its things, and to what earlier plans made and it has no more.
///
/// # Errors
/// When the registry cannot be read; a thing of the account that cannot be read is in the answer.
pub async fn changes(session: &Session, plan: &Plan) -> Result<Vec<PlannedChange>, RegistryError> {
    let registry = Registry::new(session, &plan.pit);
    let journal = absent_is_empty(Journal::open(&registry, "plan").await, || Journal::empty(&registry))?;
    let earlier = absent_is_empty(registry.every_plan().await, Vec::new)?;
    Ok(Against::look(session, plan, earlier, &journal).await.changes)
}

/// Before the first apply there is no registry to read.
pub(crate) fn absent_is_empty<T>(
    read: Result<T, RegistryError>,
    empty: impl FnOnce() -> T,
) -> Result<T, RegistryError> {
    match read {
        Err(RegistryError::Cloud(error)) if error.trouble == Trouble::NotFound => Ok(empty()),
        other => other,
    }
}

/// A plan held against the account.
pub(crate) struct Against {
    /// The plan with everything that earlier plans had and it has no more.
    pub(crate) whole: Plan,
    /// What was read of all that.
    pub(crate) observed: Observed,
    /// What is to be done.
    pub(crate) changes: Vec<PlannedChange>,
}

impl Against {
    pub(crate) async fn look(session: &Session, plan: &Plan, earlier: Vec<Plan>, journal: &Journal<'_>) -> Self {
        let whole = with_earlier(plan.clone(), earlier);
        let observed = observe_remembering(session, &whole, journal).await;
        let dropped: Vec<Node> = whole.nodes.iter().filter(|node| is_dropped(plan, node, journal)).cloned().collect();
        let mut account = account(session, &whole, &observed, journal);
        let mut changes = change::changes(plan, &dropped, &account);
        if leave_out_the_empty(session, &changes, &mut account).await {
            changes = change::changes(plan, &dropped, &account);
        }
        Self { whole, observed, changes }
    }
}

/// Whether an earlier plan made it, and the plan has it no more.
fn is_dropped(plan: &Plan, node: &Node, journal: &Journal<'_>) -> bool {
    plan.node(&node.id).is_none() && node.scope == Scope::Pit && journal.present().any(|id| *id == node.id)
}

/// What the plan has of somebody else's in the place of what earlier plans made. An environment does not move.
fn displaced<'a>(plan: &'a Plan, journal: &Journal<'_>) -> impl Iterator<Item = &'a Node> {
    plan.existing_nodes().filter(|node| journal.present().any(|id| *id == node.id))
}

fn account(session: &Session, whole: &Plan, observed: &Observed, journal: &Journal<'_>) -> Account {
    let mut unread: BTreeMap<_, _> =
        observed.unread.iter().map(|(id, error)| (id.clone(), error.to_string())).collect();
    let moves = "it exists and is somebody else's, and an earlier plan made one here: close that out first";
    unread.extend(displaced(whole, journal).map(|node| (node.id.clone(), moves.to_owned())));
    let mut found = BTreeMap::new();
    for node in &whole.nodes {
        let (Some(there), Some(properties)) = (observed.found.get(&node.id), observed.shown(session, whole, node))
        else {
            continue;
        };
        if let Some(why) = not_ours(session, node, there, observed) {
            unread.insert(node.id.clone(), format!("it is there and is not this environment's: {why}"));
            continue;
        }
        let there = There {
            id: there.attributes.id.clone(),
            properties,
            tags: observed.tags_off(session, node).filter(|_| !node.is_existing()),
            empty: false,
        };
        found.insert(node.id.clone(), there);
    }
    let made = journal.present().cloned().collect();
    Account { found, unread, made }
}

/// How it shows that a thing in the place of ours is not ours, where tags can show it.
fn not_ours(session: &Session, node: &Node, found: &Found, observed: &Observed) -> Option<String> {
    let has_tags = node.properties.kind().descriptor().taggable && !goes_with_vpc(node) && !node.is_existing();
    let told = has_tags.then(|| foreign(node, found)).flatten()?;
    // Tags that those who answer cannot show would make everything look foreign.
    observed.tags_off(session, node).map(|_| told)
}

/// Marks what is to be deleted and holds nothing, so that nothing is lost with it; whether there was any. What cannot be looked into
/// counts as full.
async fn leave_out_the_empty(session: &Session, changes: &[PlannedChange], account: &mut Account) -> bool {
    let mut any = false;
    for one in changes.iter().filter(|one| one.change.loses().is_some()) {
        let empty = match one.kind {
            Kind::Bucket => bucket_is_empty(session, &one.name).await,
            Kind::Table => table_is_empty(session, &one.name).await,
            _ => Ok(false),
        };
        if let (Ok(true), Some(there)) = (empty, account.found.get_mut(&one.node)) {
            there.empty = true;
            any = true;
        }
    }
    any
}

async fn bucket_is_empty(session: &Session, bucket: &str) -> Result<bool, CloudError> {
    let sent = session.s3.list_object_versions().bucket(bucket).max_keys(1).send().await;
    let page = sent.map_err(cloud("ListObjectVersions", bucket))?;
    Ok(page.versions().is_empty() && page.delete_markers().is_empty())
}

async fn table_is_empty(session: &Session, table: &str) -> Result<bool, CloudError> {
    let sent = session.dynamodb.scan().table_name(table).limit(1).send().await;
    Ok(sent.map_err(cloud("Scan", table))?.items().is_empty())
}
