//! The registry: one bucket of account scope that keeps each environment's spec, lock, plan, journal and lease, and outlives it.
//!
//! The account is the state; the registry is what the account cannot say of itself: what was asked, and who made what.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use sce_core::account::Region;
use sce_core::journal::{self, Event, IllegalMove, State};
use sce_core::lock::Lock;
use sce_core::pit::{Pit, registry_bucket};
use sce_core::plan::account::no_project;
use sce_core::plan::{InvalidPlan, Plan};
use sce_core::spec::{Format, Spec};
use sce_core::value::NodeId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::close_out::ArchiveRecord;
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::session::Session;

/// How long a lease lasts unless it is renewed.
const LEASE: Duration = Duration::from_secs(120);

/// How old a lease may grow before its holder renews it.
const RENEW: Duration = Duration::from_secs(30);

/// What the registry could not do or say.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// AWS refused or failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// No environment of that name is known.
    #[error("no environment `{pit}` is in the registry")]
    Unknown {
        /// The name asked for.
        pit: Pit,
        /// Names that are known.
        known: Vec<String>,
    },
    /// Somebody else is at work.
    #[error("another run holds the lease on `{pit}`: {holder}, since {since}, until {until} unless renewed")]
    Leased {
        /// The environment.
        pit: Pit,
        /// Whose run it is.
        holder: String,
        /// Since when.
        since: Timestamp,
        /// Until when, if it is not renewed.
        until: Timestamp,
    },
    /// The environment's key is not there, so nothing could be encrypted with it.
    #[error("the key of `{pit}` is not there")]
    NoKey {
        /// The environment.
        pit: Pit,
    },
    /// A document in it cannot be read.
    #[error("`{key}` in the registry cannot be read")]
    Unreadable {
        /// The document.
        key: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl RegistryError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Cloud(error) => error.help().map(str::to_owned),
            Self::Unknown { known, .. } if known.is_empty() => Some("the registry knows none yet: `sce apply SPEC` makes one".to_owned()),
            Self::Unknown { known, .. } => Some(format!("it knows {}", known.join(", "))),
            Self::Leased { .. } => Some(
                "wait until it ends; if that run is dead, add `--take-over`. The lease warns of a second run, it does not stop one"
                    .to_owned(),
            ),
            Self::NoKey { .. } => Some("`sce status` tells what is there; `sce apply` makes what is missing".to_owned()),
            Self::Unreadable { .. } => Some("it was altered, or written by a later version of sce".to_owned()),
        }
    }
}

/// The registry's part about one environment.
#[derive(Debug)]
pub(crate) struct Registry<'a> {
    session: &'a Session,
    bucket: String,
    pit: Pit,
    /// Where its documents lie.
    folder: String,
}

/// A lease, as the registry has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lease {
    schema_version: u32,
    run: String,
    holder: String,
    since: Timestamp,
    until: Timestamp,
}

/// The right to work on an environment, for as long as it is renewed.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    registry: &'a Registry<'a>,
    lease: Mutex<Lease>,
}

impl<'a> Registry<'a> {
    pub(crate) fn new(session: &'a Session, pit: &Pit) -> Self {
        let bucket = registry_bucket(session.account(), session.region());
        Self { session, bucket, pit: pit.clone(), folder: format!("pits/{pit}") }
    }

    /// The part about what is account-wide, which is no environment's.
    pub(crate) fn of_account(session: &'a Session) -> Self {
        let bucket = registry_bucket(session.account(), session.region());
        Self { session, bucket, pit: no_project(), folder: "account".to_owned() }
    }

    /// Where it keeps a document, for messages.
    pub(crate) fn location(&self, name: &str) -> String {
        format!("s3://{}/{}", self.bucket, self.key(name))
    }

    /// The plan last applied.
    pub(crate) async fn plan(&self) -> Result<Plan, RegistryError> {
        let Some(text) = self.read("plan.json").await? else {
            return Err(RegistryError::Unknown { pit: self.pit.clone(), known: self.known().await? });
        };
        let plan = Plan::from_json(&String::from_utf8_lossy(&text));
        plan.map_err(|error: InvalidPlan| self.unreadable("plan.json", error))
    }

    /// Keeps a plan, and beside it every plan that was ever applied.
    pub(crate) async fn keep_plan(&self, plan: &Plan) -> Result<(), RegistryError> {
        let text = plan.to_json();
        self.keep(&format!("plans/{}.json", plan.digest), &text).await?;
        self.keep("plan.json", &text).await
    }

    /// Every plan that was ever applied, in no order that means anything.
    pub(crate) async fn every_plan(&self) -> Result<Vec<Plan>, RegistryError> {
        let mut plans = Vec::new();
        for name in self.names_under("plans/").await? {
            let text = self.read(&name).await?.unwrap_or_default();
            let plan = Plan::from_json(&String::from_utf8_lossy(&text));
            plans.push(plan.map_err(|error| self.unreadable(&name, error))?);
        }
        Ok(plans)
    }

    /// The spec of the plan last applied.
    pub(crate) async fn spec(&self) -> Result<Spec, RegistryError> {
        let Some(text) = self.read("spec.json").await? else {
            return Err(RegistryError::Unknown { pit: self.pit.clone(), known: self.known().await? });
        };
        let spec = sce_core::spec::parse(&String::from_utf8_lossy(&text), Format::Json);
        spec.map_err(|error| self.unreadable("spec.json", error))
    }

    /// The lock of the plan last applied.
    pub(crate) async fn lock(&self) -> Result<Lock, RegistryError> {
        let Some(text) = self.read("lock.json").await? else {
            return Err(RegistryError::Unknown { pit: self.pit.clone(), known: self.known().await? });
        };
        serde_json::from_slice(&text).map_err(|error| self.unreadable("lock.json", error))
    }

    /// What the registry knows of the archives under a folder.
    pub(crate) async fn archives(&self, folder: &str) -> Result<Vec<ArchiveRecord>, RegistryError> {
        let mut records = Vec::new();
        for name in self.names_under(folder).await? {
            let text = self.read(&name).await?.unwrap_or_default();
            records.push(serde_json::from_slice(&text).map_err(|error| self.unreadable(&name, error))?);
        }
        Ok(records)
    }

    /// Writes a document unless it is there already with the same content.
    pub(crate) async fn keep(&self, name: &str, content: &str) -> Result<(), RegistryError> {
        if self.read(name).await?.as_deref() == Some(content.as_bytes()) {
            return Ok(());
        }
        self.write(name, content).await
    }

    /// The document, if there is one.
    pub(crate) async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, RegistryError> {
        let request = self.session.s3.get_object().bucket(&self.bucket).key(self.key(name));
        let answer = match request.send().await.map_err(cloud("GetObject", &self.location(name))) {
            Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
            other => other?,
        };
        let body = answer.body.collect().await;
        let body = body.map_err(|error| {
            CloudError::plain("GetObject", &self.location(name), Trouble::NoAnswer, error.to_string())
        })?;
        Ok(Some(body.into_bytes().into()))
    }

    /// Writes a document, over what was there.
    pub(crate) async fn write(&self, name: &str, content: &str) -> Result<(), RegistryError> {
        let request = self.session.s3.put_object().bucket(&self.bucket).key(self.key(name));
        let request = request.content_type("application/json").body(content.as_bytes().to_vec().into());
        request.send().await.map_err(cloud("PutObject", &self.location(name)))?;
        Ok(())
    }

    /// Removes a document; its older versions stay.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), RegistryError> {
        let request = self.session.s3.delete_object().bucket(&self.bucket).key(self.key(name));
        request.send().await.map_err(cloud("DeleteObject", &self.location(name)))?;
        Ok(())
    }

    /// The name of the environment's present life; made at the first apply, ended by close-out.
    pub(crate) async fn life(&self) -> Result<String, RegistryError> {
        if let Some(life) = self.read("life").await? {
            return Ok(String::from_utf8_lossy(&life).into_owned());
        }
        let life = format!("{:016x}", self.session.world.random());
        self.write("life", &life).await?;
        Ok(life)
    }

    /// Takes the lease, or says who holds it.
    pub(crate) async fn lease(&'a self, run: &str, take_over: bool) -> Result<Held<'a>, RegistryError> {
        let now = self.session.world.now();
        let holder = self.session.caller().to_owned();
        let lease = Lease { schema_version: 1, run: run.to_owned(), holder, since: now, until: after(now) };
        let text = serde_json::to_string(&lease).unwrap_or_default();
        let request = self.session.s3.put_object().bucket(&self.bucket).key(self.key("lease.json"));
        let sent = request.if_none_match("*").body(text.clone().into_bytes().into()).send().await;
        match sent.map_err(cloud("PutObject", &self.location("lease.json"))) {
            Ok(_) => {}
            Err(error) if error.has_code("PreconditionFailed") || error.has_code("ConditionalRequestConflict") => {
                self.overrule(now, take_over).await?;
                self.write("lease.json", &text).await?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Held { registry: self, lease: Mutex::new(lease) })
    }

    /// Names of the environments that the registry knows.
    pub(crate) async fn known(&self) -> Result<Vec<String>, RegistryError> {
        environments(self.session).await.map_err(RegistryError::Cloud)
    }

    /// Whether the lease that is there has run out, or is to be taken over.
    async fn overrule(&self, now: Timestamp, take_over: bool) -> Result<(), RegistryError> {
        if take_over {
            return Ok(());
        }
        let Some(text) = self.read("lease.json").await? else { return Ok(()) };
        let other: Lease = serde_json::from_slice(&text).map_err(|error| self.unreadable("lease.json", error))?;
        if other.until < now {
            return Ok(());
        }
        Err(RegistryError::Leased {
            pit: self.pit.clone(),
            holder: other.holder,
            since: other.since,
            until: other.until,
        })
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    pub(crate) fn unreadable(
        &self,
        name: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> RegistryError {
        RegistryError::Unreadable { key: self.location(name), source: source.into() }
    }
}

impl Held<'_> {
    /// Renews the lease when it is getting old.
    pub(crate) async fn renew(&self) -> Result<(), RegistryError> {
        let now = self.registry.session.world.now();
        let renewed = {
            // A poisoned lock still holds a whole lease: nothing is half-written under it.
            let mut lease = self.lease.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let fresh_until = lease.until.checked_sub(LEASE - RENEW).unwrap_or(lease.until);
            if now < fresh_until {
                return Ok(());
            }
            lease.until = after(now);
            serde_json::to_string(&*lease).unwrap_or_default()
        };
        self.registry.write("lease.json", &renewed).await
    }

    /// Does the work, and renews the lease as long as it takes: a database takes ten minutes to make, and a lease lasts two.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = self.registry.session.world.sleep(RENEW) => {
                    // The lease warns others; that it cannot be renewed is no reason to abandon a call half-way.
                    if let Err(error) = self.renew().await {
                        tracing::warn!(%error, "the lease could not be renewed");
                    }
                }
            }
        }
    }

    /// Gives the lease back.
    pub(crate) async fn release(self) -> Result<(), RegistryError> {
        self.registry.remove("lease.json").await
    }
}

/// The journal of one environment, one document a run.
#[derive(Debug)]
pub(crate) struct Journal<'a> {
    registry: &'a Registry<'a>,
    run: String,
    lines: String,
    states: BTreeMap<NodeId, State<Attributes>>,
}

/// One line of the journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    schema_version: u32,
    at: Timestamp,
    node: NodeId,
    event: Event<Attributes>,
}

impl<'a> Journal<'a> {
    /// Reads what earlier runs wrote; `run` begins with the time, so that names sort as runs happened.
    pub(crate) async fn open(registry: &'a Registry<'a>, run: &str) -> Result<Self, RegistryError> {
        let mut events = Vec::new();
        for name in registry.runs().await? {
            let text = registry.read(&name).await?.unwrap_or_default();
            for line in String::from_utf8_lossy(&text).lines() {
                let line: Line = serde_json::from_str(line).map_err(|error| registry.unreadable(&name, error))?;
                events.push((line.node, line.event));
            }
        }
        let states = journal::states(events).map_err(|error: IllegalMove| registry.unreadable("journal", error))?;
        Ok(Self { registry, run: run.to_owned(), lines: String::new(), states })
    }

    /// What is known of a thing.
    pub(crate) fn state(&self, node: &NodeId) -> &State<Attributes> {
        self.states.get(node).unwrap_or(&State::Absent)
    }

    /// Things that exist, or may.
    pub(crate) fn present(&self) -> impl Iterator<Item = &NodeId> {
        let gone = |state: &State<Attributes>| matches!(state, State::Absent | State::Scheduled(_));
        self.states.iter().filter(move |(_, state)| !gone(state)).map(|(id, _)| id)
    }

    /// What AWS was last known to call a thing.
    pub(crate) fn attributes(&self, node: &NodeId) -> Option<&Attributes> {
        match self.state(node) {
            State::Present(attributes) | State::Changing(attributes) | State::Deleting(Some(attributes)) => {
                Some(attributes)
            }
            State::Absent | State::Creating | State::Deleting(None) | State::Scheduled(_) => None,
        }
    }

    /// Writes down what is about to happen or has happened.
    pub(crate) async fn record(&mut self, node: &NodeId, event: Event<Attributes>) -> Result<(), RegistryError> {
        let state = self.state(node).after(&event).map_err(|error| self.registry.unreadable("journal", error))?;
        let line = Line {
            schema_version: journal::SCHEMA_VERSION,
            at: self.registry.session.world.now(),
            node: node.clone(),
            event,
        };
        self.lines.push_str(&serde_json::to_string(&line).unwrap_or_default());
        self.lines.push('\n');
        self.states.insert(node.clone(), state);
        self.registry.write(&format!("journal/{}.jsonl", self.run), &self.lines).await
    }
}

impl Registry<'_> {
    /// The names of the journal's documents, oldest first.
    pub(crate) async fn runs(&self) -> Result<Vec<String>, RegistryError> {
        self.names_under("journal/").await
    }

    /// The names of the documents in a folder, sorted.
    async fn names_under(&self, folder: &str) -> Result<Vec<String>, RegistryError> {
        let prefix = self.key(folder);
        let request = self.session.s3.list_objects_v2().bucket(&self.bucket).prefix(&prefix);
        let mut pages = request.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(cloud("ListObjectsV2", &self.location(folder)))?;
            let keys = page.contents().iter().filter_map(|object| object.key());
            names.extend(keys.filter_map(|key| key.strip_prefix(&prefix)).map(|name| format!("{folder}{name}")));
        }
        names.sort();
        Ok(names)
    }
}

/// The name of a run: the time, then something nobody else has.
pub(crate) fn run_name(session: &Session) -> String {
    let now = session.world.now().as_second();
    let time = Timestamp::from_second(now).map(|time| time.to_string()).unwrap_or_default();
    format!("{}-{:08x}", time.replace([':', '-'], "").to_lowercase(), session.world.random() >> 32)
}

/// The regions that have a registry in the session's account.
///
/// # Errors
/// When AWS does not list the buckets.
pub async fn regions(session: &Session) -> Result<Vec<Region>, CloudError> {
    let prefix = format!("sce-registry-{}-", session.account());
    let request = session.s3.list_buckets().prefix(&prefix).max_buckets(1000);
    let mut pages = request.into_paginator().send();
    let mut regions = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(cloud("ListBuckets", "registry"))?;
        let names = page.buckets().iter().filter_map(|bucket| bucket.name());
        regions.extend(names.filter_map(|name| name.strip_prefix(&prefix)?.parse::<Region>().ok()));
    }
    Ok(regions)
}

/// The environments that the registry of the session's region knows.
///
/// # Errors
/// When AWS does not list them; a region without a registry knows none.
pub async fn environments(session: &Session) -> Result<Vec<String>, CloudError> {
    let bucket = registry_bucket(session.account(), session.region());
    let request = session.s3.list_objects_v2().bucket(&bucket).prefix("pits/").delimiter("/");
    let mut pages = request.into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let page = match page.map_err(cloud("ListObjectsV2", &bucket)) {
            Err(error) if error.trouble == Trouble::NotFound => return Ok(names),
            other => other?,
        };
        let prefixes = page.common_prefixes().iter().filter_map(|prefix| prefix.prefix());
        names.extend(prefixes.filter_map(|prefix| prefix.strip_prefix("pits/")?.strip_suffix('/').map(str::to_owned)));
    }
    Ok(names)
}

fn after(now: Timestamp) -> Timestamp {
    now.checked_add(LEASE).unwrap_or(now)
}
