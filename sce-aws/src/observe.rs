//! Reading back everything a plan is about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{join, join_all};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use sce_core::aws::resource::{Difference, Kind, Properties};
use sce_core::model::{Model, Resource, Source, Unread};
use sce_core::plan::{Node, Plan, Scope};
use sce_core::schedule::{Schedule, Task};
use sce_core::value::NodeId;

use crate::drift::{Residents, residents};
use crate::error::CloudError;
use crate::ids::{Attributes, Ids};
use crate::provider::{Found, is_absent, look, poll};
use crate::registry::Journal;
use crate::resource::{route, subnet};
use crate::session::Session;
use crate::verify::{shown, tag_difference};

/// What is there of a plan, and beside it.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    pub(crate) ids: Ids,
    pub(crate) found: BTreeMap<NodeId, Found>,
    pub(crate) unread: BTreeMap<NodeId, CloudError>,
    /// What lies in the plan's network and is in no plan: name and properties.
    pub(crate) unplanned: Vec<(String, Properties)>,
    /// What lies in the plan's network, whosever it is, where it was read together with the rest.
    pub(crate) residents: Option<Residents>,
}

/// Looks at every node, each after what it needs, and at what else is in the network. A node that cannot be read does not stop the others.
pub(crate) async fn observe(session: &Session, plan: &Plan) -> Observed {
    let ids = Ids::default().with_existing(plan);
    let mut observed = look_at_all(session, plan, ids, Ahead::default(), |_| None).await;
    observed.list_unplanned(session, plan).await;
    observed
}

/// The same, with what the journal says that AWS calls things: where several bear one node's tags, it knows which is ours, and what it
/// knows is looked at at once.
pub(crate) async fn observe_knowing(session: &Session, plan: &Plan, journal: &Journal<'_>) -> Observed {
    observe_with(session, plan, journal, |_| None).await
}

/// The same, and what is gone is still called what the journal knows it as: what names it is found all the same, a bucket whose key
/// somebody deleted for one.
pub(crate) async fn observe_remembering(session: &Session, plan: &Plan, journal: &Journal<'_>) -> Observed {
    observe_with(session, plan, journal, |id| journal.attributes(id).cloned()).await
}

async fn observe_with(
    session: &Session,
    plan: &Plan,
    journal: &Journal<'_>,
    remembered: impl Fn(&NodeId) -> Option<Attributes>,
) -> Observed {
    let recorded = plan.nodes.iter().filter_map(|node| Some((&node.id, journal.attributes(&node.id)?)));
    let ids = Ids::knowing(recorded).with_existing(plan);
    let ahead = Ahead::known(session, &plan.nodes, ids.clone(), journal).await;
    let mut observed = look_at_all(session, plan, ids, ahead, remembered).await;
    observed.list_unplanned(session, plan).await;
    observed
}

/// What is there after a run that was told all ids. What it has touched and does not show as planned yet is looked at again, until it
/// does or the time is up: AWS shows some changes only after a while (aws-behaviour 0.10).
pub(crate) async fn observe_settled(session: &Session, plan: &Plan, ids: &Ids, touched: &BTreeSet<NodeId>) -> Observed {
    let id = |node: &Node| ids.id(&node.id).map(str::to_owned);
    let around = join(listed(session, plan, id), residents(session, plan, id));
    let (ahead, (listed, residents)) = join(Ahead::look(session, &plan.nodes, ids), around).await;
    let mut observed = look_at_all(session, plan, ids.clone().with_existing(plan), ahead, |_| None).await;
    observed.residents = Some(residents);
    let seen = &observed;
    let mut late = Vec::new();
    for node in plan.nodes.iter().filter(|node| touched.contains(&node.id)) {
        if !seen.is_as_planned(session, plan, node) {
            late.push(async move { (node, await_plan(session, plan, node, seen).await) }.boxed());
        }
    }
    let again = join_all(late).await;
    for (node, found) in again {
        if let Some(found) = found {
            observed.unread.remove(&node.id);
            observed.ids.insert(&node.id, found.attributes.clone());
            observed.found.insert(node.id.clone(), found);
        }
    }
    observed.take_listed(listed);
    observed
}

/// Looks until the thing is as planned or the time is up, and answers how it was last seen.
async fn await_plan(session: &Session, plan: &Plan, node: &Node, observed: &Observed) -> Option<Found> {
    let last = Mutex::new(None);
    let seen = || async {
        let found = look(session, node, &observed.ids).await?;
        let done = found.as_ref().is_some_and(|found| observed.agrees(session, plan, node, found));
        *last.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(done.then_some(()))
    };
    // How it was last seen says the rest: a reading that fails, too, leaves the one before it.
    drop(poll(session, SETTLING, seen).await);
    last.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// How long what was made or changed may take to show as planned.
const SETTLING: Duration = Duration::from_secs(60);

/// What was looked at before its turn.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    /// With ids that were known already.
    seen: BTreeMap<NodeId, (Properties, Result<Option<Found>, CloudError>)>,
    /// Not there, whatever is made before their turn.
    absent: BTreeSet<NodeId>,
}

impl Ahead {
    /// Looks at once at every node whose references these ids resolve.
    pub(crate) async fn look(session: &Session, nodes: impl IntoIterator<Item = &Node>, ids: &Ids) -> Self {
        let mut looks = Vec::new();
        for node in nodes {
            if let Some(properties) = ids.resolve(node) {
                let looked = async move { (node.id.clone(), (properties, look(session, node, ids).await)) };
                looks.push(looked.boxed());
            }
        }
        let seen = stream::iter(looks).buffer_unordered(IN_FLIGHT).collect().await;
        Self { seen, absent: BTreeSet::new() }
    }

    /// Looks at once whether these nodes' things are there, before what they refer to is: for an environment of which no run has made
    /// anything yet, and under its lease, so that nobody makes one of them meanwhile.
    pub(crate) async fn absent<'a>(session: &Session, nodes: impl IntoIterator<Item = &'a Node>) -> Self {
        let mut looks = Vec::new();
        for node in nodes {
            let looked = async move { is_absent(session, node).await.then(|| node.id.clone()) };
            looks.push(looked.boxed());
        }
        let absent = stream::iter(looks).buffer_unordered(IN_FLIGHT).filter_map(std::future::ready).collect().await;
        Self { seen: BTreeMap::new(), absent }
    }

    /// The same, by these ids and by what the journal says that AWS calls the nodes.
    pub(crate) async fn known<'a>(
        session: &Session,
        nodes: impl IntoIterator<Item = &'a Node> + Clone,
        mut ids: Ids,
        journal: &Journal<'_>,
    ) -> Self {
        for node in nodes.clone() {
            if let Some(attributes) = journal.attributes(&node.id) {
                ids.insert(&node.id, attributes.clone());
            }
        }
        Self::look(session, nodes, &ids).await
    }

    /// What was seen of a node, if what it refers to is called the same now.
    pub(crate) fn take(&mut self, node: &Node, ids: &Ids) -> Option<Result<Option<Found>, CloudError>> {
        if self.absent.remove(&node.id) {
            return Some(Ok(None));
        }
        let (asked, looked) = self.seen.remove(&node.id)?;
        (ids.resolve(node)? == asked).then_some(looked)
    }
}

/// Each node after those that it needs, unless it was looked at ahead.
async fn look_at_all(
    session: &Session,
    plan: &Plan,
    ids: Ids,
    mut ahead: Ahead,
    remembered: impl Fn(&NodeId) -> Option<Attributes>,
) -> Observed {
    let mut observed = Observed { ids, ..Observed::default() };
    let mut schedule = Schedule::new(tasks(plan)).expect("nodes wait only on nodes before them");
    let mut in_flight = FuturesUnordered::new();
    loop {
        while in_flight.len() < IN_FLIGHT
            && let Some(node) = schedule.start().and_then(|id| plan.node(&id))
        {
            let ids = observed.ids.clone();
            let looked = ahead.take(node, &ids);
            in_flight.push(async move {
                let looked = match looked {
                    Some(looked) => looked,
                    None => look(session, node, &ids).await,
                };
                (node, looked)
            });
        }
        let Some((node, looked)) = in_flight.next().await else { break };
        schedule.done(&node.id);
        match looked {
            Ok(Some(found)) => {
                observed.ids.insert(&node.id, found.attributes.clone());
                observed.found.insert(node.id.clone(), found);
            }
            Ok(None) => {
                if let Some(attributes) = remembered(&node.id) {
                    observed.ids.insert(&node.id, attributes);
                }
            }
            Err(error) => drop(observed.unread.insert(node.id.clone(), error)),
        }
    }
    observed
}

/// How many nodes are looked at at once: most environments whole. How fast requests go out is decided by the service's rates.
const IN_FLIGHT: usize = 64;

/// Looking at each node, after those before it that it needs: plans of several times put together may have others.
fn tasks(plan: &Plan) -> Vec<Task<NodeId>> {
    let mut before = BTreeSet::new();
    let mut tasks = Vec::new();
    for node in &plan.nodes {
        let needs = node.needs.iter().filter(|need| before.contains(*need)).cloned().collect();
        tasks.push(Task { id: node.id.clone(), needs, expected: Duration::ZERO });
        before.insert(&node.id);
    }
    tasks
}

impl Observed {
    /// What a run saw of every node, and nothing changed since; and what else is in the network.
    pub(crate) async fn of_run(session: &Session, plan: &Plan, ids: Ids, found: BTreeMap<NodeId, Found>) -> Self {
        let mut observed = Self { ids, found, ..Self::default() };
        let id = |node: &Node| observed.id(node);
        let (listed, residents) = join(listed(session, plan, id), residents(session, plan, id)).await;
        observed.residents = Some(residents);
        observed.take_listed(listed);
        observed
    }

    /// Reads what lies in the plan's network and in no plan.
    async fn list_unplanned(&mut self, session: &Session, plan: &Plan) {
        let listed = listed(session, plan, |node| self.id(node)).await;
        self.take_listed(listed);
    }

    /// Keeps of what the network lists what no node is, where the network is there.
    fn take_listed(&mut self, listed: Listed<'_>) {
        for (node, listed) in listed {
            match listed {
                _ if !self.found.contains_key(&node.id) => {}
                Ok(listed) => self.unplanned.extend(listed),
                Err(error) => drop(self.unread.insert(node.id.clone(), error)),
            }
        }
        let known: BTreeSet<&str> = self.found.values().map(|found| found.attributes.id.as_str()).collect();
        self.unplanned.retain(|(name, _)| !known.contains(name.as_str()));
    }

    /// What AWS calls a node's thing, if it is there.
    pub(crate) fn id(&self, node: &Node) -> Option<String> {
        self.found.get(&node.id).map(|found| found.attributes.id.clone())
    }

    /// Whether a node is there as planned, as far as that can be shown.
    fn is_as_planned(&self, session: &Session, plan: &Plan, node: &Node) -> bool {
        self.found.get(&node.id).is_some_and(|found| self.agrees(session, plan, node, found))
    }

    fn agrees(&self, session: &Session, plan: &Plan, node: &Node, found: &Found) -> bool {
        let properties = self.ids.relabel(plan, &found.properties);
        let tags = tag_difference(&node.tags, &found.tags).into_iter().collect();
        self.off(session, node, &self.planned(plan, node), &properties).is_empty()
            && shown(&session.divergences, node, tags).is_empty()
    }

    /// The node's properties as planned, gone the same way as those that are read: a planned text may happen to be something's id.
    pub(crate) fn planned(&self, plan: &Plan, node: &Node) -> Properties {
        let planned = self.ids.resolve(node).map(|resolved| self.ids.relabel(plan, &resolved));
        planned.unwrap_or_else(|| node.properties.clone())
    }

    /// What was read of a node, in the plan's own terms: as the node says, but for what differs and can be shown.
    pub(crate) fn shown(&self, session: &Session, plan: &Plan, node: &Node) -> Option<Properties> {
        let found = self.ids.relabel(plan, &self.found.get(&node.id)?.properties);
        let mut json = node.properties.to_json();
        for difference in self.off(session, node, &self.planned(plan, node), &found) {
            json[difference.field] = difference.found;
        }
        Some(Properties::from_json(found.kind(), json).unwrap_or(found))
    }

    /// Where what was found is not as planned, ids as AWS has them, as far as that can be shown.
    pub(crate) fn off(
        &self,
        session: &Session,
        node: &Node,
        planned: &Properties,
        found: &Properties,
    ) -> Vec<Difference> {
        shown(&session.divergences, node, planned.differences(found))
    }

    /// Where the tags of a node are not as planned, as far as that can be shown.
    pub(crate) fn tags_off(&self, session: &Session, node: &Node) -> Option<Difference> {
        let off = tag_difference(&node.tags, &self.found.get(&node.id)?.tags)?;
        shown(&session.divergences, node, vec![off]).pop()
    }

    /// What was read, in the plan's own terms: ids that the plan refers to are references again.
    pub(crate) fn model(&self, plan: &Plan) -> Model {
        let planned = plan.nodes.iter().filter_map(|node| {
            let found = self.found.get(&node.id)?;
            Some(Resource {
                node: Some(node.id.clone()),
                name: node.name.clone(),
                scope: node.scope,
                tags: found.tags.clone(),
                properties: self.ids.relabel(plan, &found.properties),
            })
        });
        let beside = self.unplanned.iter().map(|(name, properties)| Resource {
            node: None,
            name: name.clone(),
            scope: Scope::Account,
            tags: BTreeMap::new(),
            properties: self.ids.relabel(plan, properties),
        });
        let unread = self.unread.iter().filter_map(|(id, error)| {
            let kind = plan.node(id)?.properties.kind();
            Some((id.clone(), Unread { kind, why: error.to_string() }))
        });
        let resources = planned.chain(beside).collect();
        Model {
            source: Source::Account,
            resources,
            unread: unread.collect(),
            data_events: BTreeSet::new(),
            foreign: Vec::new(),
            bystanders: None,
        }
    }
}

/// What a node's network lists: name and properties of each thing in it.
type Listed<'a> = Vec<(&'a Node, Result<Vec<(String, Properties)>, CloudError>)>;

/// The routes in the plan's tables and the subnets in its VPC, planned or not. In a VPC of others, other subnets are their business.
async fn listed<'a>(session: &Session, plan: &'a Plan, id: impl Fn(&Node) -> Option<String>) -> Listed<'a> {
    let looked_into = |node: &&Node| match node.properties.kind() {
        Kind::RouteTable => true,
        Kind::Vpc => !node.is_existing(),
        _ => false,
    };
    let there = plan.nodes.iter().filter(looked_into).filter_map(|node| Some((node, id(node)?)));
    join_all(there.map(|(node, id)| async move { (node, listed_in(session, node, &id).await) })).await
}

/// The routes in a table, or the subnets in a VPC.
async fn listed_in(session: &Session, node: &Node, id: &str) -> Result<Vec<(String, Properties)>, CloudError> {
    Ok(match node.properties.kind() {
        Kind::RouteTable => {
            let routes = route::routes_of(session, node.id.as_str(), id).await?;
            routes.into_iter().map(|route| (format!("{id} {}", route.destination), route.into())).collect()
        }
        _ => {
            let subnets = subnet::subnets_of(session, node.id.as_str(), id).await?;
            subnets.into_iter().map(|(id, subnet)| (id, subnet.into())).collect()
        }
    })
}
