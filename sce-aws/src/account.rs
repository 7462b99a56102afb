//! What is account-wide: read, held to the rules, and made where the organisation has none.
//!
//! Nothing here deletes, and nothing loosens what is there. There is no undo by deletion: [`Applied::by_hand`] tells how to go back.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join3;
use sce_core::aws::resource::{Kind, Properties, Trail};
use sce_core::check::{Declared, Terms, judge_account};
use sce_core::model::{Model, Resource, Source, Unread};
use sce_core::pit::{ACCOUNT_SCOPE, TAG_SCOPE};
use sce_core::plan::account::{Place, Present, RECORDER, Settings, account as plan_account, by_hand};
use sce_core::plan::{Node, Plan, Scope};
use sce_core::value::NodeId;
use serde::Serialize;

use crate::agreement::{Addendum, addendum};
use crate::apply::{ApplyError, ApplyOptions, Run, Work, about, registry};
use crate::error::CloudError;
use crate::lock::administrators;
use crate::observe::{Observed, observe};
use crate::progress::{Listener, Teller};
use crate::registry::{Journal, Registry, run_name};
use crate::resource::{
    alarm, config_recorder, detector, ebs_encryption, metric_filter, password_policy, public_access_block, trail,
};
use crate::session::Session;
use crate::verify::{Verification, compared};
use crate::world::day;

/// What `sce account apply` did.
#[derive(Clone, Debug, Serialize)]
pub struct Applied {
    /// The version of this format.
    pub schema_version: u32,
    /// What was made.
    pub created: Vec<String>,
    /// What was there and was tightened or mended.
    pub changed: Vec<String>,
    /// What was there as it shall be.
    pub kept: Vec<String>,
    /// What the organisation has already, and so was not made.
    pub adopted: Vec<String>,
    /// Requests that may change something, writing the registry's lease and journal among them.
    pub mutating_calls: u64,
    /// For what was made or changed, how to go back by hand.
    pub by_hand: Vec<String>,
    /// What reading back showed, and what the rules say of it.
    pub verification: Verification,
}

/// How an account stands.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The version of this format.
    pub schema_version: u32,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// What the organisation has already.
    pub adopted: Vec<String>,
    /// What AWS Artifact says of the Business Associate Addendum.
    pub addendum: Addendum,
    /// What there shall be, as it is, and what the rules say of the account.
    pub verification: Verification,
}

/// Makes what the account lacks, tightens what is loose, and reads everything back.
///
/// # Errors
/// When what is there cannot be read, since it could not be adopted then; and at the first thing that cannot be made.
pub async fn apply(
    session: &Session,
    settings: &Settings,
    options: ApplyOptions,
    listener: Listener<'_>,
) -> Result<Applied, ApplyError> {
    let mutating = session.calls().mutating();
    let facts = facts(session).await;
    let place = place(session, settings).await;
    let detector = others_detector(session, settings).await;
    let plan = plan_account(settings, &place, &facts.present(&place, detector.as_ref().is_ok_and(Option::is_some)));
    let run = Run::new(session, &plan, &options.interrupt);
    // What cannot be read might be the organisation's, and a second beside it would be wrong.
    if let Some((node, unread)) = facts.unread.into_iter().find(|(_, unread)| unread.matters(settings)) {
        return Err(about(node.as_str(), unread.error));
    }
    detector.map_err(|source| about("detector", source))?;
    let teller = Teller::new(listener, plan.nodes.len());
    let (shared, others): (Vec<_>, Vec<_>) = plan.nodes.iter().partition(|node| node.id.as_str() == "registry");
    for node in shared {
        run.without_journal(node, &teller).await?;
    }
    let documents = Registry::of_account(session);
    let name = run_name(session);
    let held = documents.lease(&name, options.take_over).await.map_err(registry)?;
    let built = async {
        let read = try_join3(Journal::open(&documents, &name), documents.life(), documents.last_plan());
        let (journal, life, last) = read.await.map_err(registry)?;
        documents.keep_plan(&plan, last.as_ref().map(|last| last.digest.as_str())).await.map_err(registry)?;
        run.walk(&others, &Work::new(&held, journal, life), &teller).await
    };
    let built = built.await;
    let released = held.release().await;
    built?;
    released.map_err(registry)?;
    let done = run.done();
    let is_touched = |node: &Node| done.created.iter().chain(&done.changed).any(|id| id == node.id.as_str());
    let by_hand = by_hand(&plan, is_touched);
    let (verification, adopted) = judged(session, settings, &plan, &run.read_back(&[]).await).await;
    Ok(Applied {
        schema_version: 1,
        created: done.created,
        changed: done.changed,
        kept: done.kept,
        adopted,
        mutating_calls: session.calls().mutating() - mutating,
        by_hand,
        verification,
    })
}

/// Reads how the account stands: read-only. What cannot be read is in the answer, as `unknown`.
pub async fn status(session: &Session, settings: &Settings) -> Status {
    let place = place(session, settings).await;
    // A detector that cannot be read is told as such, node by node, below.
    let detector = others_detector(session, settings).await.is_ok_and(|found| found.is_some());
    let plan = plan_account(settings, &place, &facts(session).await.present(&place, detector));
    let (verification, adopted) = judged(session, settings, &plan, &observe(session, &plan).await).await;
    Status {
        schema_version: 1,
        account: session.account().to_string(),
        region: session.region().to_string(),
        adopted,
        addendum: addendum(session).await,
        verification,
    }
}

/// The detector that somebody else made, asked for only where one is wanted.
async fn others_detector(session: &Session, settings: &Settings) -> Result<Option<String>, CloudError> {
    if !settings.account.guardduty {
        return Ok(None);
    }
    let found = detector::only(session, "detector").await?;
    let others = found.filter(|found| found.tags.get(TAG_SCOPE).map(String::as_str) != Some(ACCOUNT_SCOPE));
    Ok(others.map(|found| found.attributes.id))
}

async fn place(session: &Session, settings: &Settings) -> Place {
    Place {
        account: session.account().clone(),
        region: session.region().clone(),
        administrators: administrators(session, &settings.account.administrators).await,
    }
}

async fn judged(
    session: &Session,
    settings: &Settings,
    plan: &Plan,
    observed: &Observed,
) -> (Verification, Vec<String>) {
    let facts = facts(session).await;
    let planned = |kind: Kind| plan.nodes.iter().any(|node| node.properties.kind() == kind);
    let adopts = |kind: Kind| matches!(kind, Kind::Trail | Kind::ConfigRecorder) && !planned(kind);
    let foreign = facts.seen.iter().filter(|(_, properties)| adopts(properties.kind()));
    let mut adopted: Vec<String> = foreign.map(|(name, one)| format!("{} {name}", one.kind().word())).collect();
    if let Ok(Some(id)) = others_detector(session, settings).await {
        adopted.push(format!("{} {id}", Kind::Detector.word()));
    }
    let (resources, unread, data_events) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
    let (foreign, bystanders) = (Vec::new(), None);
    let mut model = Model { source: Source::Account, resources, unread, data_events, foreign, bystanders };
    facts.add_to(&mut model);
    let findings = judge_account(&model, &Declared::of_account(settings), &Terms::on(day(session.world.now())));
    (compared(session, plan, observed, findings), adopted)
}

/// What an account has once, or once a region, whoever made it.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    seen: Vec<(String, Properties)>,
    unread: Vec<(NodeId, Unreadable)>,
    data_events: BTreeSet<String>,
    /// ARNs of trails, in the order of those in `seen`.
    trails: Vec<String>,
}

/// Something that could not be read.
#[derive(Debug)]
struct Unreadable {
    kind: Kind,
    error: CloudError,
}

impl Unreadable {
    /// Whether anything is decided on it: whether to adopt, and what may not be loosened.
    fn matters(&self, settings: &Settings) -> bool {
        match self.kind {
            Kind::Detector => settings.account.guardduty,
            Kind::PasswordPolicy => settings.account.password_policy,
            Kind::Trail | Kind::ConfigRecorder => true,
            _ => false,
        }
    }
}

/// Reads it all; one part that cannot be read does not stop the others.
pub(crate) async fn facts(session: &Session) -> Facts {
    let mut facts = Facts::default();
    let (trails, recorder, ebs, block, passwords) = tokio::join!(
        trail::all(session),
        config_recorder::only(session),
        ebs_encryption::read(session, "ebs-encryption"),
        public_access_block::read(session, "public-access-block"),
        password_policy::read(session, "password-policy"),
    );
    for one in facts.read("account-trail", Kind::Trail, trails).unwrap_or_default() {
        if one.trail.logging {
            facts.data_events.extend(one.data_events);
        }
        facts.trails.push(one.arn);
        facts.seen.push((one.name, one.trail.into()));
    }
    if let Some(Some((name, recorder))) = facts.read("account-config", Kind::ConfigRecorder, recorder) {
        facts.seen.push((name, recorder.into()));
    }
    if let Some(ebs) = facts.read("ebs-encryption", Kind::EbsEncryption, ebs) {
        facts.seen.push(("EBS encryption by default".to_owned(), ebs.into()));
    }
    if let Some(Some(block)) = facts.read("public-access-block", Kind::PublicAccessBlock, block) {
        facts.seen.push(("S3 public access block".to_owned(), block.into()));
    }
    if let Some(Some(policy)) = facts.read("password-policy", Kind::PasswordPolicy, passwords) {
        facts.seen.push(("password policy".to_owned(), policy.into()));
    }
    facts.watches(session).await;
    facts
}

impl Facts {
    /// What somebody else made that need not, or cannot, be made again. Once we have a trail of our own we look after it, whatever
    /// others are there.
    fn present(&self, place: &Place, detector: bool) -> Present {
        let own = place.trail();
        let trails = self.seen.iter().filter_map(|(_, properties)| match properties {
            Properties::Trail(trail) => Some(trail),
            _ => None,
        });
        let others = self.trails.iter().zip(trails).filter(|(arn, _)| **arn != own);
        let suffices = others.map(|(_, trail)| trail).any(|trail| trail.suffices());
        let of_others = |kind: Kind, name: &str| {
            self.seen.iter().any(|(other, properties)| properties.kind() == kind && other != name)
        };
        let password_policy = self.seen.iter().find_map(|(_, properties)| match properties {
            Properties::PasswordPolicy(policy) => Some(policy.clone()),
            _ => None,
        });
        Present {
            trail: suffices && !self.trails.contains(&own),
            recorder: of_others(Kind::ConfigRecorder, RECORDER),
            detector,
            password_policy,
        }
    }

    /// Puts them into a model, as nothing of a plan's.
    pub(crate) fn add_to(self, model: &mut Model) {
        let resources = self.seen.into_iter().map(|(name, properties)| Resource {
            node: None,
            name,
            scope: Scope::Account,
            tags: BTreeMap::new(),
            properties,
        });
        model.resources.extend(resources);
        let unread = self.unread.into_iter();
        model.unread.extend(unread.map(|(id, one)| (id, Unread { kind: one.kind, why: one.error.to_string() })));
        model.data_events.extend(self.data_events);
    }

    /// The metric filters on the trails' log groups of this account and region, and the alarms on what they count.
    async fn watches(&mut self, session: &Session) {
        let here = format!(":logs:{}:{}:log-group:", session.region(), session.account());
        let group = |(_, properties): &(String, Properties)| match properties {
            Properties::Trail(Trail { log_group: Some(arn), .. }) => {
                arn.to_string().split_once(&here).map(|(_, name)| name.to_owned())
            }
            _ => None,
        };
        let groups: BTreeSet<String> = self.seen.iter().filter_map(group).collect();
        let mut metrics = BTreeSet::new();
        for group in groups {
            let read = metric_filter::of_group(session, "account-filters", &group).await;
            for (name, filter) in self.read("account-filters", Kind::MetricFilter, read).unwrap_or_default() {
                metrics.insert((filter.namespace.clone(), filter.metric.clone()));
                self.seen.push((name, filter.into()));
            }
        }
        if metrics.is_empty() {
            return;
        }
        let read = alarm::on_metrics(session, &metrics).await;
        for (name, alarm) in self.read("account-alarms", Kind::Alarm, read).unwrap_or_default() {
            self.seen.push((name, alarm.into()));
        }
    }

    fn read<T>(&mut self, node: &str, kind: Kind, read: Result<T, CloudError>) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(error) => {
                let node = node.parse().expect("lower-case words with hyphens");
                self.unread.push((node, Unreadable { kind, error }));
                None
            }
        }
    }
}
