//! Reading back everything a plan is about.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use sce_core::aws::resource::{Difference, Kind, Properties};
use sce_core::model::{Model, Resource, Source, Unread};
use sce_core::plan::{Node, Plan, Scope};
use sce_core::schedule::{Schedule, Task};
use sce_core::value::NodeId;

use crate::error::CloudError;
use crate::ids::{Attributes, Ids};
use crate::provider::{Found, look};
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
}

/// Looks at every node, each after what it needs, and at what else is in the network. A node that cannot be read does not stop the others.
pub(crate) async fn observe(session: &Session, plan: &Plan) -> Observed {
    observe_knowing(session, plan, Ids::default()).await
}

/// The same, knowing from the journal what AWS called things.
pub(crate) async fn observe_knowing(session: &Session, plan: &Plan, ids: Ids) -> Observed {
    observe_with(session, plan, ids, |_| None).await
}

/// The same, and what is gone is still called what the journal knows it as: what names it is found all the same, a bucket whose key
/// somebody deleted for one.
pub(crate) async fn observe_remembering(session: &Session, plan: &Plan, journal: &Journal<'_>) -> Observed {
    let known = Ids::knowing(plan.nodes.iter().filter_map(|node| Some((&node.id, journal.attributes(&node.id)?))));
    observe_with(session, plan, known, |id| journal.attributes(id).cloned()).await
}

async fn observe_with(
    session: &Session,
    plan: &Plan,
    ids: Ids,
    remembered: impl Fn(&NodeId) -> Option<Attributes>,
) -> Observed {
    let mut observed = Observed { ids: ids.with_existing(plan), ..Observed::default() };
    let mut schedule = Schedule::new(tasks(plan)).expect("nodes wait only on nodes before them");
    let mut in_flight = FuturesUnordered::new();
    loop {
        while in_flight.len() < IN_FLIGHT
            && let Some(node) = schedule.start().and_then(|id| plan.node(&id))
        {
            let ids = observed.ids.clone();
            in_flight.push(async move { (node, look(session, node, &ids).await) });
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
    observed.unplanned = unplanned(session, plan, &mut observed).await;
    observed
}

/// How many nodes are looked at at once.
const IN_FLIGHT: usize = 24;

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
        }
    }
}

/// Routes in the plan's tables and subnets in its VPC that no node asked for. In a VPC of others, other subnets are their business.
async fn unplanned(session: &Session, plan: &Plan, observed: &mut Observed) -> Vec<(String, Properties)> {
    let looked_into = |node: &&Node| match node.properties.kind() {
        Kind::RouteTable => true,
        Kind::Vpc => !node.is_existing(),
        _ => false,
    };
    let there = plan.nodes.iter().filter(looked_into).filter_map(|node| Some((node, observed.found.get(&node.id)?)));
    let listed = join_all(there.map(|(node, found)| async move { (node, listed(session, node, found).await) })).await;
    let mut beside = Vec::new();
    for (node, listed) in listed {
        match listed {
            Ok(listed) => beside.extend(listed),
            Err(error) => drop(observed.unread.insert(node.id.clone(), error)),
        }
    }
    let known: Vec<&str> = observed.found.values().map(|found| found.attributes.id.as_str()).collect();
    beside.retain(|(name, _)| !known.contains(&name.as_str()));
    beside
}

/// The routes in a table, or the subnets in a VPC: name and properties.
async fn listed(session: &Session, node: &Node, found: &Found) -> Result<Vec<(String, Properties)>, CloudError> {
    let id = &found.attributes.id;
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
