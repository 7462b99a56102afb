//! Reading back everything a plan is about.

use std::collections::{BTreeMap, BTreeSet};

use sce_core::aws::resource::{Kind, Properties};
use sce_core::model::{Model, Resource, Source, Unread};
use sce_core::plan::{Node, Plan, Scope};
use sce_core::value::NodeId;

use crate::error::CloudError;
use crate::ids::Ids;
use crate::provider::{Found, look};
use crate::resource::{route, subnet};
use crate::session::Session;

/// What is there of a plan, and beside it.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    pub(crate) ids: Ids,
    pub(crate) found: BTreeMap<NodeId, Found>,
    pub(crate) unread: BTreeMap<NodeId, CloudError>,
    /// What lies in the plan's network and is in no plan: name and properties.
    pub(crate) unplanned: Vec<(String, Properties)>,
}

/// Looks at every node, in order, and at what else is in the network. A node that cannot be read does not stop the others.
pub(crate) async fn observe(session: &Session, plan: &Plan) -> Observed {
    observe_knowing(session, plan, Ids::default()).await
}

/// The same, knowing from the journal what AWS called things.
pub(crate) async fn observe_knowing(session: &Session, plan: &Plan, ids: Ids) -> Observed {
    let mut observed = Observed { ids: ids.with_existing(plan), ..Observed::default() };
    for node in &plan.nodes {
        match look(session, node, &observed.ids).await {
            Ok(Some(found)) => {
                observed.ids.insert(&node.id, found.attributes.clone());
                observed.found.insert(node.id.clone(), found);
            }
            Ok(None) => {}
            Err(error) => drop(observed.unread.insert(node.id.clone(), error)),
        }
    }
    observed.unplanned = unplanned(session, plan, &mut observed).await;
    observed
}

impl Observed {
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
        Model { source: Source::Account, resources, unread: unread.collect(), data_events: BTreeSet::new() }
    }
}

/// Routes in the plan's tables and subnets in its VPC that no node asked for. In a VPC of others, other subnets are their business.
async fn unplanned(session: &Session, plan: &Plan, observed: &mut Observed) -> Vec<(String, Properties)> {
    let mut beside = Vec::new();
    let looked_into = |node: &&Node| match node.properties.kind() {
        Kind::RouteTable => true,
        Kind::Vpc => !node.is_existing(),
        _ => false,
    };
    for node in plan.nodes.iter().filter(looked_into) {
        let Some(found) = observed.found.get(&node.id) else { continue };
        let id = &found.attributes.id;
        let listed: Result<Vec<(String, Properties)>, CloudError> = match node.properties.kind() {
            Kind::RouteTable => route::routes_of(session, node.id.as_str(), id).await.map(|routes| {
                routes.into_iter().map(|route| (format!("{id} {}", route.destination), route.into())).collect()
            }),
            _ => subnet::subnets_of(session, node.id.as_str(), id)
                .await
                .map(|subnets| subnets.into_iter().map(|(id, subnet)| (id, subnet.into())).collect()),
        };
        match listed {
            Ok(listed) => beside.extend(listed),
            Err(error) => drop(observed.unread.insert(node.id.clone(), error)),
        }
    }
    let known: Vec<&str> = observed.found.values().map(|found| found.attributes.id.as_str()).collect();
    beside.retain(|(name, _)| !known.contains(&name.as_str()));
    beside
}
