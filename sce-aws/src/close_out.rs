//! The end of an environment: archived, deleted, swept, and an account of what is left.
//!
//! From the registry alone: no spec is at hand any more. Nothing is deleted on tags alone, since anyone may be able to write a tag:
//! the tag, the plan and the journal must agree, else a thing is reported as foreign and left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use sce_core::aws::resource::{Kind, Properties, Teardown};
use sce_core::journal::{Event, State};
use sce_core::pit::{BucketRole, Pit};
use sce_core::plan::{Node, Plan, Scope};
use sce_core::teardown::with_earlier;
use sce_core::value::NodeId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::apply::foreign;
use crate::archive::{self, ArchiveError, Manifest, Protection};
use crate::data_events;
use crate::error::CloudError;
use crate::file_table;
use crate::ids::Ids;
use crate::observe::{Observed, observe_knowing};
use crate::progress::{Deed, Listener, Teller};
use crate::provider::{self, Deleted, Found};
use crate::registry::{Held, Journal, Registry, RegistryError, run_name};
use crate::session::Session;
use crate::sweep::traces;
use crate::transfer::Digest;

/// How close-out goes about it.
#[derive(Clone, Debug)]
pub struct CloseOutOptions {
    /// The folder that the archive goes to.
    pub archive: PathBuf,
    /// Who can open it.
    pub protection: Protection,
    /// Whether to take a lease over that another run holds.
    pub take_over: bool,
    /// Whether databases and data volumes may go with what is in them: no archive holds it.
    pub discard_unarchived: bool,
    /// The custodian's session, which the stores are then archived by: whoever deletes need not be able to read. It lasts an hour. Access
    /// logs and tables, which no custodian reads, are archived by the session that closes out.
    pub custodian: Option<Session>,
}

/// What close-out did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Closed {
    /// The version of this format.
    pub schema_version: u32,
    /// The environment.
    pub pit: Pit,
    /// Every object in the archive.
    pub archived: Vec<Archived>,
    /// What is gone.
    pub deleted: Vec<String>,
    /// What is still there and should not be.
    pub left: Vec<Left>,
    /// What AWS deletes by itself at a later time.
    pub pending: Vec<Pending>,
    /// What bears the PIT and is not ours by plan and journal: looked at, not touched.
    pub foreign: Vec<Left>,
    /// What stays on purpose.
    pub stays: Vec<String>,
    /// What a reader of this must know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Where the archive's manifest is.
    pub manifest: String,
    /// Every archive that holds what this environment had: more than one when an earlier run was cut short. Keep them all.
    pub archives: Vec<ArchiveRecord>,
    /// The last hash of the manifest's chain: kept in the registry as well, so that a manifest written anew shows.
    pub manifest_head: String,
}

/// An archive, as the registry keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveRecord {
    /// The last hash of its manifest's chain.
    pub head: String,
    /// Where its manifest was written.
    pub manifest: String,
    /// How many versions of objects it holds.
    pub objects: usize,
    /// In how many buckets something did not have the SHA-256 it was stored with; those are not deleted.
    pub differing_buckets: usize,
}

/// An object in the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    /// Where it was.
    pub object: String,
    /// The SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

/// Something that is still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// What it is.
    pub resource: String,
    /// Why it is still there.
    pub why: String,
}

/// Something that AWS deletes at a later time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// What it is.
    pub resource: String,
    /// When AWS deletes it.
    pub until: String,
}

/// Why close-out stopped before it deleted anything; once it deletes, it carries on past a failure and reports it.
#[derive(Debug, Error)]
pub enum CloseOutError {
    /// The registry could not be used, or does not know the environment.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Something could not be read, so what it holds could not be archived.
    #[error("`{node}` could not be read, so nothing was deleted")]
    Unread {
        /// The node.
        node: String,
        /// Why.
        #[source]
        source: CloudError,
    },
    /// Something holds what no archive does, and nobody said that it may go.
    #[error("no archive holds what is in {}, so nothing was deleted", .things.join(", "))]
    Unarchived {
        /// Databases and data volumes, each with its id.
        things: Vec<String>,
    },
    /// The archive could not be written.
    #[error("the archive could not be made, so nothing was deleted")]
    Archive(#[from] ArchiveError),
    /// What is left could not be looked for.
    #[error("what is left could not be looked for; `sce close-out` can be run again")]
    Sweep(#[source] CloudError),
}

impl CloseOutError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.help(),
            Self::Archive(error) => error.help(),
            Self::Unarchived { .. } => Some(
                "copy what must last into the output bucket (`aws s3 cp` on the machine, `pg_dump` of a database), then run this \
                 again with `--dangerously-discard-unarchived`"
                    .to_owned(),
            ),
            Self::Unread { source, .. } | Self::Sweep(source) => source.help().map(str::to_owned),
        }
    }
}

/// The certificate of the last end of an environment, as the registry keeps it; none while it has a life.
///
/// # Errors
/// When the registry cannot be read, or what it keeps is no certificate.
pub(crate) async fn certificate(registry: &Registry<'_>) -> Result<Option<Closed>, RegistryError> {
    if registry.read("life").await?.is_some() {
        return Ok(None);
    }
    let Some(text) = registry.read(CERTIFICATE).await? else { return Ok(None) };
    serde_json::from_slice(&text).map(Some).map_err(|source| registry.unreadable(CERTIFICATE, source))
}

/// The name of the certificate in the registry.
const CERTIFICATE: &str = "closed.json";

/// Archives the environment's data and records, deletes everything of it in reverse order, and looks for what is left.
///
/// # Errors
/// Before anything is deleted: when the registry does not know it, something cannot be read, or the archive cannot be written.
/// After that failures are in the answer, under `left`.
pub async fn close_out(
    session: &Session,
    pit: &Pit,
    options: &CloseOutOptions,
    listener: Listener<'_>,
) -> Result<Closed, CloseOutError> {
    let registry = Registry::new(session, pit);
    let plan = with_earlier(registry.plan().await?, registry.every_plan().await?);
    let name = run_name(session);
    let held = registry.lease(&name, options.take_over).await?;
    let closed = run(session, &plan, &registry, &held, &name, options, listener).await;
    held.release().await?;
    closed
}

async fn run(
    session: &Session,
    plan: &Plan,
    registry: &Registry<'_>,
    held: &Held<'_>,
    name: &str,
    options: &CloseOutOptions,
    listener: Listener<'_>,
) -> Result<Closed, CloseOutError> {
    let journal = Journal::open(registry, name).await?;
    // Where several things bear one node's tags, the journal knows which of them is ours.
    let known = Ids::knowing(plan.nodes.iter().filter_map(|node| Some((&node.id, journal.attributes(&node.id)?))));
    let mut observed = observe_knowing(session, plan, known).await;
    // What is somebody else's is neither archived nor deleted, so that it cannot be read stops nothing.
    observed.unread.retain(|id, _| plan.node(id).is_none_or(|node| !node.is_existing()));
    if let Some((node, source)) = observed.unread.pop_first() {
        return Err(CloseOutError::Unread { node: node.to_string(), source });
    }
    let archives = format!("archives/{}/", registry.life().await?);
    let mut end = End {
        session,
        plan,
        observed,
        journal,
        closed: blank(plan),
        kept: BTreeSet::new(),
        damaged: BTreeMap::new(),
        archives,
    };
    let unarchived = end.unarchived();
    if !unarchived.is_empty() && !options.discard_unarchived {
        return Err(CloseOutError::Unarchived { things: unarchived });
    }
    let mut teller = Teller::new(listener, plan.pit_nodes().count());
    end.archive(registry, held, options, &mut teller).await?;
    for node in plan.pit_nodes().rev() {
        // The lease warns others; that it cannot be renewed is no reason to leave things behind.
        drop(held.renew().await);
        held.during(end.node(node, &mut teller)).await?;
    }
    end.stop_recording().await;
    end.sweep().await?;
    if end.closed.left.is_empty() {
        let certificate = serde_json::to_string_pretty(&end.closed).unwrap_or_default();
        registry.write(CERTIFICATE, &certificate).await?;
        registry.remove("life").await?;
    }
    Ok(end.closed)
}

fn blank(plan: &Plan) -> Closed {
    let account = plan.nodes.iter().filter(|node| node.scope == Scope::Account).map(|node| node.name.clone());
    let existing = plan.existing_nodes().map(|node| format!("{} {} (somebody else's)", node.id, node.name));
    Closed {
        schema_version: 1,
        pit: plan.pit.clone(),
        archived: Vec::new(),
        deleted: Vec::new(),
        left: Vec::new(),
        pending: Vec::new(),
        foreign: Vec::new(),
        stays: account.chain(existing).collect(),
        notes: notes(plan),
        manifest: String::new(),
        archives: Vec::new(),
        manifest_head: String::new(),
    }
}

fn notes(plan: &Plan) -> Vec<String> {
    let key = plan.existing_nodes().find(|node| node.properties.kind() == Kind::KmsKey).map(|node| {
        format!(
            "the key `{}` is somebody else's and stays: whoever may use it can still read copies of what it encrypted",
            node.name
        )
    });
    let logs = plan.existing_nodes().find(|node| node.properties.kind() == Kind::Bucket).map(|node| {
        format!(
            "access logs under `{}/` in bucket `{}` stay: the bucket is somebody else's, and is not emptied",
            plan.pit, node.name
        )
    });
    key.into_iter().chain(logs).collect()
}

/// One run of close-out.
struct End<'a> {
    session: &'a Session,
    plan: &'a Plan,
    observed: Observed,
    journal: Journal<'a>,
    closed: Closed,
    /// Nodes that are not deleted: what they need must stay as well.
    kept: BTreeSet<NodeId>,
    /// Where the registry keeps the archives of this life of the environment.
    archives: String,
    /// Buckets whose content is not what was stored, and how that shows: evidence, which is not deleted.
    damaged: BTreeMap<NodeId, String>,
}

impl End<'_> {
    /// What is ours and holds what no archive does.
    fn unarchived(&self) -> Vec<String> {
        let nodes = self.plan.pit_nodes();
        let holds = nodes.filter(|node| node.properties.kind().descriptor().teardown == Teardown::DeleteWhenDiscarded);
        let found = holds.filter_map(|node| Some((node, self.observed.found.get(&node.id)?)));
        let ours = found.filter(|(node, found)| self.foreign(node, found).is_none());
        ours.map(|(node, found)| format!("`{}` ({})", node.id, found.attributes.id)).collect()
    }

    /// Copies out every version of every object, and what the registry knows.
    async fn archive(
        &mut self,
        registry: &Registry<'_>,
        held: &Held<'_>,
        options: &CloseOutOptions,
        teller: &mut Teller<'_>,
    ) -> Result<(), CloseOutError> {
        if let Some(manifest) = self.earlier_archive(registry, options).await? {
            self.archived(&manifest, options);
            self.closed.archives = registry.archives(&self.archives).await?;
            return Ok(());
        }
        let mut damaged = BTreeMap::new();
        let mut writer = archive::Writer::create(&options.archive, &options.protection)?;
        for document in ["spec.json", "lock.json", "plan.json", "findings.json", "proofs.json"] {
            if let Some(content) = registry.read(document).await? {
                writer.add_document(document, &content)?;
            }
        }
        for run in registry.runs().await? {
            if let Some(content) = registry.read(&run).await? {
                writer.add_document(&run.replace('/', "-"), &content)?;
            }
        }
        for node in self.plan.pit_nodes().filter(|node| node.properties.kind() == Kind::Bucket) {
            let Some(found) = self.observed.found.get(&node.id) else { continue };
            if self.foreign(node, found).is_some() {
                continue;
            }
            teller.node(node, Deed::Archiving);
            held.renew().await?;
            let reader = self.reader(node, options);
            let copied = archive::archive_bucket(reader, &mut writer, &node.name, &|_| {}).await?;
            if !copied.differing.is_empty() {
                let why =
                    format!("{} of its objects do not have the SHA-256 they were stored with", copied.differing.len());
                damaged.insert(node.id.clone(), why);
            }
        }
        for (name, content) in self.tables().await? {
            writer.add_document(&name, &content)?;
        }
        self.damaged = damaged;
        let manifest = writer.finish(archive::About {
            pit: self.plan.pit.clone(),
            account: self.plan.account.clone(),
            region: self.plan.region.clone(),
            made_at: self.session.world.now(),
        })?;
        self.archived(&manifest, options);
        // Before anything is deleted: the registry knows each archive that holds what is about to go.
        let record = ArchiveRecord {
            head: manifest.head.to_string(),
            manifest: self.closed.manifest.clone(),
            objects: manifest.objects.len(),
            differing_buckets: self.damaged.len(),
        };
        let text = serde_json::to_string_pretty(&record).unwrap_or_default();
        registry.write(&format!("{}{}.json", self.archives, record.head), &text).await?;
        self.closed.archives = registry.archives(&self.archives).await?;
        Ok(())
    }

    /// The archive that an earlier run of this end made in the same folder, if the registry knows it by its head and it holds every
    /// version of every object that is still there.
    async fn earlier_archive(
        &self,
        registry: &Registry<'_>,
        options: &CloseOutOptions,
    ) -> Result<Option<Manifest>, CloseOutError> {
        let Ok(text) = std::fs::read(options.archive.join("manifest.json")) else { return Ok(None) };
        let Ok(manifest) = Manifest::from_json(&text) else { return Ok(None) };
        let records = registry.archives(&self.archives).await?;
        let known =
            records.iter().any(|record| record.head == manifest.head.to_string() && record.differing_buckets == 0);
        if !known || !manifest.is_chained() || manifest.pit != self.plan.pit {
            return Ok(None);
        }
        // The manifest alone proves nothing: what it names must still lie there, every hash as written.
        if !archive::verify(&options.archive, None).is_ok_and(|report| report.is_sound()) {
            return Ok(None);
        }
        let held: BTreeSet<(&str, &str, Option<&str>)> = manifest
            .objects
            .iter()
            .map(|object| (object.bucket.as_str(), object.key.as_str(), object.version_id.as_deref()))
            .collect();
        for node in self.plan.pit_nodes().filter(|node| node.properties.kind() == Kind::Bucket) {
            if !self.observed.found.contains_key(&node.id) {
                continue;
            }
            let there = archive::versions(self.reader(node, options), &node.name).await.map_err(ArchiveError::from)?;
            if !there.iter().all(|(key, version)| held.contains(&(node.name.as_str(), key, version.as_deref()))) {
                return Ok(None);
            }
        }
        // What a table says may have changed since; an archive that says otherwise is not the one.
        for (name, content) in self.tables().await? {
            let same = |document: &archive::Document| document.name == name && document.sha256 == Digest::of(&content);
            if !manifest.documents.iter().any(same) {
                return Ok(None);
            }
        }
        Ok(Some(manifest))
    }

    /// Who reads that bucket.
    fn reader<'s>(&'s self, node: &Node, options: &'s CloseOutOptions) -> &'s Session {
        let stores = BucketRole::READ_BY_CUSTODIAN;
        let name = |role| self.plan.pit.bucket(role, &self.plan.account, &self.plan.region);
        let is_store = stores.into_iter().any(|role| name(role) == node.name);
        options.custodian.as_ref().filter(|_| is_store).unwrap_or(self.session)
    }

    /// What every table of ours that is still there says, by the name of the document that keeps it.
    async fn tables(&self) -> Result<Vec<(String, Vec<u8>)>, CloseOutError> {
        let mut tables = Vec::new();
        for node in self.plan.pit_nodes().filter(|node| node.properties.kind() == Kind::Table) {
            let Some(found) = self.observed.found.get(&node.id) else { continue };
            if self.foreign(node, found).is_none() {
                let lines = file_table::lines(self.session, &node.name).await.map_err(ArchiveError::from)?;
                tables.push((format!("{}.jsonl", node.id), lines.into_bytes()));
            }
        }
        Ok(tables)
    }

    fn archived(&mut self, manifest: &Manifest, options: &CloseOutOptions) {
        let archived = manifest.objects.iter().map(|object| Archived {
            object: format!("s3://{}/{}", object.bucket, object.key),
            sha256: object.sha256.to_string(),
        });
        self.closed.archived = archived.collect();
        self.closed.manifest_head = manifest.head.to_string();
        self.closed.manifest = options.archive.join("manifest.json").display().to_string();
    }

    /// Deletes one node, or says why not.
    async fn node(&mut self, node: &Node, teller: &mut Teller<'_>) -> Result<(), CloseOutError> {
        let Some(found) = self.observed.found.get(&node.id).cloned() else {
            return self.absent(node).await;
        };
        if let Some(why) = self.foreign(node, &found) {
            // What is not ours needs nothing of ours, so it keeps nothing from being deleted.
            self.kept.insert(node.id.clone());
            self.closed.foreign.push(Left { resource: described(node, &found), why });
            teller.node(node, Deed::Left);
            return Ok(());
        }
        if goes_with_vpc(node) {
            return self.with_vpc(node, &found, teller).await;
        }
        if let Some(why) = self.damaged.get(&node.id).cloned() {
            self.leave(node, &found, why, teller);
            return Ok(());
        }
        if self.kept.contains(&node.id) {
            self.leave(node, &found, "something that needs it is still there".to_owned(), teller);
            return Ok(());
        }
        teller.node(node, Deed::Deleting);
        self.journal.record(&node.id, Event::Deleting).await?;
        match provider::delete(self.session, node, &found).await {
            Ok(Deleted::Gone) => {
                self.journal.record(&node.id, Event::Gone).await?;
                self.closed.deleted.push(node.id.to_string());
                teller.node(node, Deed::Deleted);
            }
            Ok(Deleted::Scheduled(until)) => {
                self.journal.record(&node.id, Event::Scheduled(until.clone())).await?;
                self.closed.pending.push(Pending { resource: described(node, &found), until });
                teller.node(node, Deed::Scheduled);
            }
            Err(error) => {
                drop(self.journal.record(&node.id, Event::Failed(error.to_string())).await);
                self.leave(node, &found, error.to_string(), teller);
            }
        }
        Ok(())
    }

    /// What is not there needs no deleting; the journal may not know it yet.
    async fn absent(&mut self, node: &Node) -> Result<(), CloseOutError> {
        match self.journal.state(&node.id) {
            State::Absent => {}
            State::Scheduled(until) => {
                let pending = Pending { resource: format!("{} {}", node.id, node.name), until: until.clone() };
                self.closed.pending.push(pending);
            }
            _ => {
                self.journal.record(&node.id, Event::Deleting).await?;
                self.journal.record(&node.id, Event::Gone).await?;
            }
        }
        Ok(())
    }

    /// AWS made it with the VPC and takes it away with the VPC.
    async fn with_vpc(&mut self, node: &Node, found: &Found, teller: &mut Teller<'_>) -> Result<(), CloseOutError> {
        if self.kept.contains(&node.id) {
            self.leave(node, found, "it goes with its VPC, which is still there".to_owned(), teller);
            return Ok(());
        }
        self.journal.record(&node.id, Event::Deleting).await?;
        self.journal.record(&node.id, Event::Gone).await?;
        self.closed.deleted.push(node.id.to_string());
        teller.node(node, Deed::Deleted);
        Ok(())
    }

    fn leave(&mut self, node: &Node, found: &Found, why: String, teller: &mut Teller<'_>) {
        self.keep(node);
        self.closed.left.push(Left { resource: described(node, found), why });
        teller.node(node, Deed::Left);
    }

    /// What stays keeps what it needs: no key is scheduled for deletion while something encrypted with it is left.
    fn keep(&mut self, node: &Node) {
        self.kept.insert(node.id.clone());
        self.kept.extend(node.needs.iter().cloned());
    }

    /// How it shows that a thing is not ours by tag and journal; none when it is.
    fn foreign(&self, node: &Node, found: &Found) -> Option<String> {
        if goes_with_vpc(node) {
            return None;
        }
        if node.properties.kind().descriptor().taggable
            && let Some(why) = foreign(node, found)
        {
            return Some(why);
        }
        match (self.journal.state(&node.id), self.journal.attributes(&node.id)) {
            // Its creation was sent and its answer lost: the tags are all there is, and they agree.
            (State::Creating | State::Deleting(None), _) => None,
            (_, Some(known)) if known.id == found.attributes.id => None,
            (_, Some(known)) => Some(format!("the registry knows `{}`, not `{}`", known.id, found.attributes.id)),
            (_, None) => Some("the registry does not know that any run made it".to_owned()),
        }
    }

    /// Takes this environment's selector off the account's trail; the trail and the selectors of others stay.
    async fn stop_recording(&mut self) {
        match data_events::remove(self.session, &self.plan.pit).await {
            Ok(true) => self.closed.deleted.push("data-events".to_owned()),
            Ok(false) => {}
            Err(error) => {
                self.closed.left.push(Left { resource: "data-events".to_owned(), why: error.to_string() });
            }
        }
    }

    /// Looks for anything that bears the PIT, whatever the plan says.
    async fn sweep(&mut self) -> Result<(), CloseOutError> {
        let known: BTreeSet<String> = self.accounted_for();
        for trace in traces(self.session, &self.plan.pit).await.map_err(CloseOutError::Sweep)? {
            if known.contains(&trace.id) {
                continue;
            }
            let node = trace.node.as_deref().map(|node| format!(", calling itself `{node}`")).unwrap_or_default();
            let why = format!("bears the PIT{node}, and is in no plan and no journal");
            self.closed.foreign.push(Left { resource: format!("{} {}", trace.kind, trace.id), why });
        }
        Ok(())
    }

    /// Ids and names of what is reported already.
    fn accounted_for(&self) -> BTreeSet<String> {
        let kept = self.plan.nodes.iter().filter(|node| self.kept.contains(&node.id));
        let found = kept.filter_map(|node| self.observed.found.get(&node.id));
        found.map(|found| found.attributes.id.clone()).collect()
    }
}

/// What AWS made with the VPC: the default security group, and the main route table.
pub(crate) fn goes_with_vpc(node: &Node) -> bool {
    let main = matches!(&node.properties, Properties::RouteTable(table) if table.main);
    main || node.properties.kind().descriptor().teardown == Teardown::GoesWithVpc
}

fn described(node: &Node, found: &Found) -> String {
    format!("{} {}", node.id, found.attributes.id)
}
