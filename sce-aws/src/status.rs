//! What is there of an environment, from the registry and the account.

use std::collections::BTreeMap;

use sce_core::aws::resource::Kind;
use sce_core::pit::Pit;
use sce_core::plan::{Plan, Scope};
use sce_core::value::NodeId;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::close_out::{Closed, EndBegun, certificate};
use crate::error::CloudError;
use crate::hold::{Hold, in_force};
use crate::observe::{Observed, observe};
use crate::power::MachineState;
use crate::registry::{Journal, Registry, RegistryError, environments};
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
    /// The legal holds in force: while there is one, it is not closed out.
    pub holds: Vec<Hold>,
    /// The end that has begun and is not over.
    pub ending: Option<EndBegun>,
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
    let (holds, ending) = tokio::try_join!(in_force(&registry), ending(&registry))?;
    let (pit, digest) = (pit.clone(), plan.digest);
    Ok(Status { schema_version: 1, pit, digest, things, present, planned, holds, ending, closed })
}

/// The end of its present life that has begun.
async fn ending(registry: &Registry<'_>) -> Result<Option<EndBegun>, RegistryError> {
    let (last, life) = tokio::try_join!(EndBegun::last(registry), registry.read("life"))?;
    Ok(last.filter(|begun| life.is_some_and(|life| life == begun.life.as_bytes())))
}

/// An environment that a registry knows, in a line.
#[derive(Clone, Debug, Serialize)]
pub struct Known {
    /// The environment.
    pub pit: String,
    /// The region of its registry.
    pub region: String,
    /// Whether it has a life, has been closed out, or was never built.
    pub state: Life,
    /// The digest of the plan last applied.
    pub digest: Option<String>,
    /// How many of the project's own things the plan has.
    pub planned: usize,
    /// The name of the last run that wrote a journal, which begins with its time.
    pub last_run: Option<String>,
    /// Whether a run holds the lease.
    pub leased: bool,
    /// The legal holds in force: while there is one, it is not closed out.
    pub holds: Vec<Hold>,
    /// Why its documents could not be read.
    pub unread: Option<String>,
}

/// Where an environment is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// Begun, and not closed out.
    Alive,
    /// Half closed out: what is left waits for its end.
    Ending,
    /// Closed out, and not begun again.
    ClosedOut,
    /// Known by name only: no apply got so far as to build anything.
    NeverBuilt,
    /// Its documents could not be read.
    Unknown,
}

/// How many environments are read at once: each takes six small reads, of which S3 takes thousands in a second.
const AT_ONCE: usize = 16;

/// Every environment that the registry of the session's region knows, by name: read-only, and from the registry alone.
///
/// # Errors
/// When the registry cannot be listed. What cannot be read of one environment is told with it.
pub async fn overview(session: &Session) -> Result<Vec<Known>, CloudError> {
    let mut names = environments(session).await?.into_iter();
    let mut tasks = JoinSet::new();
    let mut known = Vec::new();
    loop {
        while tasks.len() < AT_ONCE
            && let Some(name) = names.next()
        {
            let session = session.clone();
            tasks.spawn(async move { in_a_line(&session, name).await });
        }
        match tasks.join_next().await {
            Some(Ok(line)) => known.push(line),
            // A task ends otherwise only when the runtime does.
            Some(Err(_)) => {}
            None => break,
        }
    }
    known.sort_by(|one: &Known, other| one.pit.cmp(&other.pit));
    Ok(known)
}

async fn in_a_line(session: &Session, name: String) -> Known {
    let region = session.region().to_string();
    let blank = |state, unread| Known {
        pit: name.clone(),
        region: region.clone(),
        state,
        digest: None,
        planned: 0,
        last_run: None,
        leased: false,
        holds: Vec::new(),
        unread,
    };
    let pit = match name.parse::<Pit>() {
        Ok(pit) => pit,
        Err(error) => return blank(Life::Unknown, Some(error.to_string())),
    };
    let registry = Registry::new(session, &pit);
    match tokio::try_join!(
        registry.read("plan.json"),
        registry.read("life"),
        registry.read("lease.json"),
        registry.runs(),
        in_force(&registry),
        EndBegun::last(&registry)
    ) {
        Err(error) => blank(Life::Unknown, Some(error.to_string())),
        Ok((plan, life, lease, runs, holds, begun)) => {
            let plan = plan.map(|text| Plan::from_json(&String::from_utf8_lossy(&text))).transpose();
            let unread = plan.as_ref().err().map(ToString::to_string);
            let plan = plan.ok().flatten();
            let state = match (life, &plan, &unread) {
                (_, _, Some(_)) => Life::Unknown,
                (Some(life), ..) if begun.is_some_and(|begun| begun.life.as_bytes() == life) => Life::Ending,
                (Some(_), ..) => Life::Alive,
                (None, Some(_), None) => Life::ClosedOut,
                (None, None, None) => Life::NeverBuilt,
            };
            let run = |name: &String| name.trim_start_matches("journal/").trim_end_matches(".jsonl").to_owned();
            Known {
                planned: plan.as_ref().map_or(0, |plan| plan.pit_nodes().count()),
                digest: plan.map(|plan| plan.digest),
                last_run: runs.last().map(run),
                leased: lease.is_some(),
                holds,
                ..blank(state, unread)
            }
        }
    }
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
