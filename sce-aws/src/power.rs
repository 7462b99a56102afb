//! Stopping and starting an environment's machines: whether they run is their users' choice, and what they cost.

use sce_core::aws::resource::Kind;
use sce_core::pit::Pit;
use sce_core::plan::{Node, Plan};
use serde::Serialize;
use thiserror::Error;

use crate::apply::foreign;
use crate::error::CloudError;
use crate::observe::observe_knowing;
use crate::progress::{Deed, Listener, Teller};
use crate::provider::Found;
use crate::registry::{Journal, Registry, RegistryError, run_name};
use crate::resource::instance;
pub use crate::resource::instance::MachineState;
use crate::session::Session;

/// How stopping or starting goes about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct PowerOptions {
    /// Whether to take a lease over that another run holds.
    pub take_over: bool,
}

/// What stopping or starting did.
#[derive(Clone, Debug, Serialize)]
pub struct Powered {
    /// The version of this format.
    pub schema_version: u32,
    /// The environment.
    pub pit: Pit,
    /// Its machines, as they are now.
    pub machines: Vec<PoweredMachine>,
}

/// One machine of an environment.
#[derive(Clone, Debug, Serialize)]
pub struct PoweredMachine {
    /// Its place in the plan.
    pub node: String,
    /// Its name.
    pub name: String,
    /// What AWS calls it.
    pub id: String,
    /// Whether this run changed it; one that was so already was not.
    pub changed: bool,
    /// How it is now.
    #[serde(flatten)]
    pub state: MachineState,
}

/// Why machines were not stopped or started.
#[derive(Debug, Error)]
pub enum PowerError {
    /// The registry could not be used, or does not know the environment.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// There is no machine in the environment's plan.
    #[error("`{pit}` has no machines")]
    NoMachines {
        /// The environment.
        pit: Pit,
    },
    /// A machine of the plan is not there.
    #[error("the machine `{node}` of `{pit}` is not there")]
    NotThere {
        /// The environment.
        pit: Pit,
        /// Its place in the plan.
        node: String,
    },
    /// What is there in its place is not ours.
    #[error("`{id}` is not this environment's `{node}`: {why}")]
    Foreign {
        /// The machine's place in the plan.
        node: String,
        /// What is there.
        id: String,
        /// How that shows.
        why: String,
    },
    /// AWS refused or failed.
    #[error("`{node}` could not be {goal}")]
    Machine {
        /// The machine's place in the plan.
        node: String,
        /// What it should be.
        goal: &'static str,
        /// Why.
        #[source]
        source: CloudError,
    },
}

impl PowerError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.help(),
            Self::NoMachines { .. } => {
                Some("machines come from the spec's `[compute.private]`: add it and run `sce apply`".to_owned())
            }
            Self::NotThere { .. } => Some("`sce apply` makes what is missing".to_owned()),
            Self::Foreign { .. } => Some("look at it in the EC2 console; sce does not touch it".to_owned()),
            Self::Machine { source, .. } => source.help().map(str::to_owned),
        }
    }
}

/// Stops every machine of the environment, and waits until they are stopped. Volumes stay, and are paid for.
///
/// # Errors
/// When the registry does not know the environment, it has no machines, or one cannot be stopped.
pub async fn stop(
    session: &Session,
    pit: &Pit,
    options: PowerOptions,
    listener: Listener<'_>,
) -> Result<Powered, PowerError> {
    power(session, pit, Goal::Stopped, options, listener).await
}

/// Starts every machine of the environment, and waits until they run.
///
/// # Errors
/// As [`stop`].
pub async fn start(
    session: &Session,
    pit: &Pit,
    options: PowerOptions,
    listener: Listener<'_>,
) -> Result<Powered, PowerError> {
    power(session, pit, Goal::Started, options, listener).await
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Stopped,
    Started,
}

/// Under the lease, so that nobody applies or closes out meanwhile.
async fn power(
    session: &Session,
    pit: &Pit,
    goal: Goal,
    options: PowerOptions,
    listener: Listener<'_>,
) -> Result<Powered, PowerError> {
    let registry = Registry::new(session, pit);
    let plan = registry.plan().await?;
    let name = run_name(session);
    let journal = Journal::open(&registry, &name).await?;
    let machines = machines(session, pit, &plan, &journal).await?;
    let held = registry.lease(&name, options.take_over).await?;
    let changed = change(session, pit, goal, &machines, listener).await;
    held.release().await?;
    changed
}

/// The environment's own machines: by plan, tags and journal.
async fn machines<'a>(
    session: &Session,
    pit: &Pit,
    plan: &'a Plan,
    journal: &Journal<'_>,
) -> Result<Vec<(&'a Node, Found)>, PowerError> {
    let nodes: Vec<&Node> = plan.pit_nodes().filter(|node| node.properties.kind() == Kind::Instance).collect();
    if nodes.is_empty() {
        return Err(PowerError::NoMachines { pit: pit.clone() });
    }
    let mut observed = observe_knowing(session, plan, journal).await;
    let mut machines = Vec::new();
    for node in nodes {
        if let Some(source) = observed.unread.remove(&node.id) {
            return Err(PowerError::Machine { node: node.id.to_string(), goal: "looked at", source });
        }
        let not_there = || PowerError::NotThere { pit: pit.clone(), node: node.id.to_string() };
        let found = observed.found.remove(&node.id).ok_or_else(not_there)?;
        let unknown = || match journal.attributes(&node.id) {
            Some(known) if known.id == found.attributes.id => None,
            Some(known) => Some(format!("the registry knows `{}`", known.id)),
            None => Some("the registry does not know that any run made it".to_owned()),
        };
        if let Some(why) = foreign(node, &found).or_else(unknown) {
            return Err(PowerError::Foreign { node: node.id.to_string(), id: found.attributes.id, why });
        }
        machines.push((node, found));
    }
    Ok(machines)
}

async fn change(
    session: &Session,
    pit: &Pit,
    goal: Goal,
    machines: &[(&Node, Found)],
    listener: Listener<'_>,
) -> Result<Powered, PowerError> {
    let teller = Teller::new(listener, machines.len());
    let mut done = Vec::new();
    // The private machine before the bastion that leads to it, and the other way round.
    let order: Vec<&(&Node, Found)> = match goal {
        Goal::Stopped => machines.iter().rev().collect(),
        Goal::Started => machines.iter().collect(),
    };
    for (node, found) in order {
        let (label, id) = (node.id.as_str(), found.attributes.id.as_str());
        let (begun, ended, word) = match goal {
            Goal::Stopped => (Deed::Stopping, Deed::Stopped, "stopped"),
            Goal::Started => (Deed::Starting, Deed::Started, "started"),
        };
        teller.node(node, begun);
        let failed = |source| PowerError::Machine { node: node.id.to_string(), goal: word, source };
        let changed = match goal {
            Goal::Stopped => instance::stop(session, label, id).await,
            Goal::Started => instance::start(session, label, id).await,
        };
        let changed = changed.map_err(failed)?;
        let state = instance::state(session, label, id).await.map_err(failed)?;
        let state = state.ok_or_else(|| PowerError::NotThere { pit: pit.clone(), node: node.id.to_string() })?;
        teller.node(node, ended);
        let (node, name) = (node.id.to_string(), node.name.clone());
        done.push(PoweredMachine { node, name, id: id.to_owned(), changed, state });
    }
    Ok(Powered { schema_version: 1, pit: pit.clone(), machines: done })
}
