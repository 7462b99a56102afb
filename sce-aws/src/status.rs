//! What is there of an environment, from the registry and the account.

use std::collections::BTreeMap;

use sce_core::aws::resource::Kind;
use sce_core::pit::Pit;
use sce_core::plan::{Plan, Scope};
use sce_core::value::NodeId;
use serde::Serialize;

use crate::close_out::{Closed, certificate};
use crate::observe::{Observed, observe};
use crate::power::MachineState;
use crate::registry::{Journal, Registry, RegistryError};
use crate::resource::instance;
use crate::session::Session;

/// What is there of an environment.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The version of this format.
    pub schema_version: u32,
    /// The environment.
    pub pit: Pit,
    /// The digest of the plan last applied.
    pub digest: String,
    /// Each thing of the plan.
    pub things: Vec<Thing>,
    /// How many of the project's own things exist.
    pub present: usize,
    /// How many of them the plan has.
    pub planned: usize,
    /// The certificate of its end, where it has been closed out and not been built again.
    pub closed: Option<Closed>,
}

/// One thing of an environment.
#[derive(Clone, Debug, Serialize)]
pub struct Thing {
    /// Its place in the plan.
    pub node: String,
    /// Its kind.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub scope: Scope,
    /// What AWS calls it; none when it is not there.
    pub id: Option<String>,
    /// Why it could not be read.
    pub unread: Option<String>,
    /// Of a machine that is there: whether it runs, and its addresses.
    pub machine: Option<MachineState>,
    /// What the journal says of it.
    pub journal: &'static str,
}

/// Reads the registry and looks at everything the plan has: read-only.
///
/// # Errors
/// When the registry does not know the environment or cannot be read.
pub async fn status(session: &Session, pit: &Pit) -> Result<Status, RegistryError> {
    let registry = Registry::new(session, pit);
    let plan = registry.plan().await?;
    let journal = Journal::open(&registry, "status").await?;
    let observed = observe(session, &plan).await;
    let mut machines = machines(session, &plan, &observed).await?;
    let things: Vec<Thing> = plan
        .nodes
        .iter()
        .map(|node| Thing {
            node: node.id.to_string(),
            kind: node.properties.kind().word(),
            name: node.name.clone(),
            scope: node.scope,
            id: observed.found.get(&node.id).map(|found| found.attributes.id.clone()),
            machine: machines.remove(&node.id),
            unread: observed.unread.get(&node.id).map(ToString::to_string),
            journal: match node.scope {
                // The registry holds the journal, so it is not in it.
                Scope::Account => "not journalled",
                Scope::Existing => "somebody else's",
                Scope::Pit => journal.state(&node.id).word(),
            },
        })
        .collect();
    let own = |thing: &&Thing| thing.scope == Scope::Pit;
    let present = things.iter().filter(own).filter(|thing| thing.id.is_some()).count();
    let planned = things.iter().filter(own).count();
    let closed = certificate(&registry).await?;
    Ok(Status { schema_version: 1, pit: pit.clone(), digest: plan.digest, things, present, planned, closed })
}

/// How each machine that is there is at the moment.
async fn machines(
    session: &Session,
    plan: &Plan,
    observed: &Observed,
) -> Result<BTreeMap<NodeId, MachineState>, RegistryError> {
    let mut machines = BTreeMap::new();
    for node in plan.nodes.iter().filter(|node| node.properties.kind() == Kind::Instance) {
        let Some(found) = observed.found.get(&node.id) else { continue };
        if let Some(state) = instance::state(session, node.id.as_str(), &found.attributes.id).await? {
            machines.insert(node.id.clone(), state);
        }
    }
    Ok(machines)
}
