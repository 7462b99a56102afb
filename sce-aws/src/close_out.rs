//! The end of an environment: archived, deleted, swept, and an account of what is left.
//!
//! From the registry alone: no spec is at hand any more. Nothing is deleted on tags alone, since anyone may be able to write a tag:
//! the tag, the plan and the journal must agree, else a thing is reported as foreign and left.

mod archiving;
mod begun;
mod certificate;
mod dump;
mod error;
mod leftovers;
mod page;
mod refusals;

use std::collections::{BTreeMap, BTreeSet};

use sce_core::aws::resource::{Kind, Properties, Teardown};
use sce_core::journal::{Event, State};
use sce_core::pit::Pit;
use sce_core::plan::{Node, Plan, Scope};
use sce_core::teardown::{deletion_order, with_earlier};
use sce_core::value::NodeId;

use crate::apply::foreign;
use crate::archive::{Destination, Signer};
use crate::data_events;
use crate::error::{CloudError, Trouble, cloud};
use crate::hold;
use crate::interrupt::Interrupt;
use crate::observe::{Observed, observe_knowing};
use crate::progress::{Deed, Listener, Teller};
use crate::provider::{self, Deleted, Found};
use crate::registry::{Held, Journal, Registry, run_name};
use crate::session::Session;
use crate::sweep::{INTERFACE, LOG_GROUP, in_network, traces};

pub use begun::EndBegun;
use certificate::CERTIFICATE;
pub(crate) use certificate::certificate;
pub use certificate::{ArchiveRecord, Archived, Closed, Ending, Left, Pending, SignedBy};
pub use dump::Dump;
pub use error::CloseOutError;

/// How close-out goes about it.
#[derive(Clone, Debug)]
pub struct CloseOutOptions {
    /// Where the archive goes, and who can open it.
    pub archive: Destination,
    /// Whether to take a lease over that another run holds.
    pub take_over: bool,
    /// Whether databases and data volumes may go with what is in them: no archive holds it.
    pub discard_unarchived: bool,
    /// Whether objects in the environment's own stores that are locked in governance mode may go before their time.
    pub bypass_governance: bool,
    /// Whether to go on while machines run.
    pub while_machines_run: bool,
    /// Whether to make another archive where something is newer than the last one.
    pub archive_again: bool,
    /// The key that signs the archive's manifest; without one a key is made, and forgotten with the run.
    pub signer: Option<Signer>,
    /// The custodian's session, which the stores are then archived by: whoever deletes need not be able to read. It lasts an hour. Access
    /// logs and tables, which no custodian reads, are archived by the session that closes out.
    pub custodian: Option<Session>,
    /// By what the run is asked to stop: the call in flight is finished and journalled, and nothing new is begun.
    pub interrupt: Interrupt,
}

/// Archives the environment's data and records, deletes everything of it in reverse order, and looks for what is left.
///
/// # Errors
/// Before anything is deleted: when the registry does not know it, something cannot be read, or the archive cannot be written.
/// After that failures are in the answer, under `left`; only an interrupt ends it on its way, and says what it left.
pub async fn close_out(
    session: &Session,
    pit: &Pit,
    options: &CloseOutOptions,
    listener: Listener<'_>,
) -> Result<Closed, CloseOutError> {
    let session = &session.interrupted_by(&options.interrupt);
    let custodian = options.custodian.as_ref().map(|custodian| custodian.interrupted_by(&options.interrupt));
    let options = &CloseOutOptions { custodian, ..options.clone() };
    let registry = Registry::new(session, pit);
    let plan = with_earlier(registry.plan().await?, registry.every_plan().await?);
    // It has ended already, and nothing has been built since: what was certified stands.
    if let Some(closed) = certificate(&registry).await? {
        return Ok(closed.told_again());
    }
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
    let holds = hold::in_force(registry).await?;
    if !holds.is_empty() {
        return Err(CloseOutError::Held { pit: plan.pit.clone(), holds });
    }
    let journal = Journal::open(registry, name).await?;
    let mut observed = observe_knowing(session, plan, &journal).await;
    // What is somebody else's is neither archived nor deleted, so that it cannot be read stops nothing.
    observed.unread.retain(|id, _| plan.node(id).is_none_or(|node| !node.is_existing()));
    if let Some((node, source)) = observed.unread.pop_first() {
        return Err(CloseOutError::Unread { node: node.to_string(), source });
    }
    let life = registry.life().await?;
    let archives = format!("archives/{life}/");
    let mut end = End {
        session,
        plan,
        observed,
        journal,
        closed: blank(plan),
        kept: BTreeSet::new(),
        damaged: BTreeMap::new(),
        signer: None,
        copies: Vec::new(),
        interfaces_cleared: false,
        life,
        archives,
    };
    match end.all(registry, held, options, listener).await {
        Ok(()) => Ok(end.closed),
        Err(error) if error.is_interrupt() => Err(end.interrupted()),
        Err(error) => Err(error),
    }
}

fn blank(plan: &Plan) -> Closed {
    let account = plan.nodes.iter().filter(|node| node.scope == Scope::Account).map(|node| node.name.clone());
    let existing = plan.existing_nodes().map(|node| format!("{} {} (somebody else's)", node.id, node.name));
    Closed {
        schema_version: 1,
        pit: plan.pit.clone(),
        ending: None,
        archived: Vec::new(),
        documents: Vec::new(),
        deleted: Vec::new(),
        left: Vec::new(),
        pending: Vec::new(),
        foreign: Vec::new(),
        stays: account.chain(existing).collect(),
        notes: notes(plan),
        manifest: String::new(),
        archives: Vec::new(),
        manifest_head: String::new(),
        signed_by: None,
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
    /// The key that signed the archive, where this run has it.
    signer: Option<Signer>,
    /// Snapshots and images of the environment's volumes and machines.
    copies: Vec<leftovers::Copy>,
    /// Whether leftover network interfaces were looked for.
    interfaces_cleared: bool,
    /// The life of the environment that ends.
    life: String,
    /// Where the registry keeps the archives of this life of the environment.
    archives: String,
    /// Buckets whose content is not what was stored, and how that shows: evidence, which is not deleted.
    damaged: BTreeMap<NodeId, String>,
}

impl End<'_> {
    /// The whole of it, in order. Once the sweep has begun there is nothing left to stop for.
    async fn all(
        &mut self,
        registry: &Registry<'_>,
        held: &Held<'_>,
        options: &CloseOutOptions,
        listener: Listener<'_>,
    ) -> Result<(), CloseOutError> {
        self.copies = self.find_copies().await.map_err(CloseOutError::Beside)?;
        self.refuse(registry, options).await?;
        let mut teller = Teller::new(listener, self.plan.pit_nodes().count());
        self.tell_strangers(&teller).await?;
        self.archive(registry, held, options, &mut teller).await?;
        self.go_on()?;
        self.begun().keep(registry).await?;
        self.delete_copies(options).await;
        // What goes with the VPC is told once it is known whether the VPC went.
        let (with_vpc, own): (Vec<&Node>, Vec<&Node>) =
            deletion_order(self.plan).into_iter().partition(|node| goes_with_vpc(node));
        for node in own.into_iter().chain(with_vpc) {
            self.go_on()?;
            if matches!(node.properties.kind(), Kind::Subnet | Kind::SecurityGroup) {
                held.during(self.clear_interfaces()).await;
            }
            if options.bypass_governance && node.properties.kind() == Kind::Bucket {
                held.during(self.bypass_lock(node)).await;
            }
            // The lease warns others; that it cannot be renewed is no reason to leave things behind.
            drop(held.renew().await);
            held.during(self.node(node, &mut teller)).await?;
        }
        self.go_on()?;
        self.stop_recording().await;
        self.sweep().await?;
        self.closed.ending = Some(Ending {
            account: self.plan.account.clone(),
            region: self.plan.region.clone(),
            at: self.session.world.now(),
            by: self.session.caller().to_owned(),
        });
        self.keep_certificate(options).await;
        if self.closed.left.is_empty() {
            let certificate = serde_json::to_string_pretty(&self.closed).unwrap_or_default();
            registry.write(CERTIFICATE, &certificate).await?;
            registry.remove("life").await?;
        }
        Ok(())
    }

    /// That its things go from now on.
    fn begun(&self) -> EndBegun {
        EndBegun {
            life: self.life.clone(),
            at: self.session.world.now(),
            by: self.session.caller().to_owned(),
            manifest: self.closed.manifest.clone(),
        }
    }

    /// Stops before something is begun once somebody asked for that.
    fn go_on(&self) -> Result<(), CloseOutError> {
        self.session.interrupt.go_on(self.plan.pit.as_str()).map_err(CloseOutError::Beside)
    }

    /// What an interrupt leaves: what was there when the run began and is neither gone nor going, nor somebody else's.
    fn interrupted(&self) -> CloseOutError {
        let (plan, journal) = (self.plan, &self.journal);
        let is_left = |node: &&Node| {
            let gone = matches!(journal.state(&node.id), State::Absent | State::Scheduled(_));
            let found = self.observed.found.get(&node.id);
            found.is_some_and(|found| !gone && self.foreign(node, found).is_none())
        };
        CloseOutError::Interrupted {
            archive: Some(self.closed.manifest.clone()).filter(|manifest| !manifest.is_empty()),
            deleted: self.closed.deleted.clone(),
            left: plan.pit_nodes().filter(is_left).map(|node| node.id.to_string()).collect(),
        }
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
        if let Some(why) = self.occupied(node, &found).await {
            self.leave(node, &found, why, teller);
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
            // The journal says that its deletion was begun: the next run looks whether it went.
            Err(error) if error.trouble == Trouble::Interrupted => return Err(CloseOutError::Beside(error)),
            Err(error) => {
                drop(self.journal.record(&node.id, Event::Failed(error.to_string())).await);
                self.leave(node, &found, error.to_string(), teller);
            }
        }
        Ok(())
    }

    /// What stands in our VPC and is nobody's by plan: AWS would refuse to delete it, again and again. Interfaces do not count: those of
    /// what has just gone stay for a while.
    async fn occupied(&self, node: &Node, found: &Found) -> Option<String> {
        if node.properties.kind() != Kind::Vpc {
            return None;
        }
        let others = self.strangers(&found.attributes.id).await.ok()?;
        (!others.is_empty()).then(|| format!("in it stands what is not the environment's: {}", others.join(", ")))
    }

    /// What stands in that VPC and is nobody's by plan, interfaces aside.
    async fn strangers(&self, vpc: &str) -> Result<Vec<String>, CloudError> {
        let planned: BTreeSet<&str> = self.observed.found.values().map(|found| found.attributes.id.as_str()).collect();
        let there = in_network(self.session, &self.plan.pit, vpc).await?;
        let others = there.iter().filter(|trace| trace.kind != INTERFACE && !planned.contains(trace.id.as_str()));
        Ok(others.map(|trace| format!("{} {}", trace.kind, trace.id)).collect())
    }

    /// Tells, while everything is still there, what of others will lose its network and keep the VPC.
    async fn tell_strangers(&self, teller: &Teller<'_>) -> Result<(), CloseOutError> {
        let Some(vpc) = self.ours_of(Kind::Vpc).first().map(|node| &self.observed.found[&node.id]) else {
            return Ok(());
        };
        let others = self.strangers(&vpc.attributes.id).await.map_err(CloseOutError::Beside)?;
        others.iter().for_each(|other| teller.foreign(other));
        Ok(())
    }

    /// What is not there needs no deleting; the journal may not know it yet.
    async fn absent(&mut self, node: &Node) -> Result<(), CloseOutError> {
        match self.journal.state(&node.id) {
            State::Absent => {}
            // The sweep finds it with its date.
            State::Scheduled(_) if node.properties.kind() == Kind::KmsKey => {}
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
        if self.kept.contains(&node.id) || node.needs.iter().any(|need| self.kept.contains(need)) {
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

    /// Looks for anything that bears the PIT or stands in its network, whatever the plan says.
    async fn sweep(&mut self) -> Result<(), CloseOutError> {
        let pit = &self.plan.pit;
        let mut found = traces(self.session, pit).await.map_err(CloseOutError::Sweep)?;
        if let Some(vpc) = self.own_vpc() {
            found.extend(in_network(self.session, pit, &vpc).await.map_err(CloseOutError::Sweep)?);
        }
        let known: BTreeSet<String> = self.accounted_for();
        found.retain(|trace| !known.contains(&trace.id));
        found.dedup_by(|one, other| one.id == other.id);
        for trace in found {
            let resource = format!("{} {}", trace.kind, trace.id);
            if let Some(until) = trace.until {
                self.closed.pending.push(Pending { resource, until });
                continue;
            }
            if trace.kind == LOG_GROUP && self.delete_again(&trace.id).await {
                continue;
            }
            let node = trace.node.as_deref().map(|node| format!(", calling itself `{node}`")).unwrap_or_default();
            let bears = if trace.in_network { "stands in the environment's network" } else { "bears the PIT" };
            let why = format!("{bears}{node}, and is in no plan and no journal");
            self.closed.foreign.push(Left { resource, why });
        }
        Ok(())
    }

    /// The environment's own VPC, while it is still there.
    fn own_vpc(&self) -> Option<String> {
        let node = self.plan.pit_nodes().find(|node| node.properties.kind() == Kind::Vpc)?;
        let found = self.observed.found.get(&node.id)?;
        (self.kept.contains(&node.id) && self.foreign(node, found).is_none()).then(|| found.attributes.id.clone())
    }

    /// A log group of the plan that this end has deleted and a service has made again goes once more.
    async fn delete_again(&mut self, group: &str) -> bool {
        let ours = self.plan.pit_nodes().find(|node| node.properties.kind() == Kind::LogGroup && node.name == group);
        let Some(node) = ours.filter(|node| *self.journal.state(&node.id) == State::Absent) else { return false };
        let sent = self.session.logs.delete_log_group().log_group_name(group).send().await;
        if let Err(error) = sent.map_err(cloud("DeleteLogGroup", node.id.as_str())) {
            let why = format!("a service made it again, and {error}");
            self.closed.left.push(Left { resource: format!("{} {group}", node.id), why });
        }
        true
    }

    /// Ids and names of what is reported already.
    fn accounted_for(&self) -> BTreeSet<String> {
        let kept = self.plan.nodes.iter().filter(|node| self.kept.contains(&node.id));
        let found = kept.filter_map(|node| self.observed.found.get(&node.id));
        let pending = self.closed.pending.iter().filter_map(|one| one.resource.rsplit(' ').next());
        let left = self.closed.left.iter().filter_map(|one| one.resource.rsplit(' ').next());
        let ids = pending.chain(left).map(str::to_owned);
        found.map(|found| found.attributes.id.clone()).chain(ids).collect()
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
