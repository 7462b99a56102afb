//! Parameter groups of databases.

use std::collections::BTreeMap;

use aws_sdk_rds::types::{ApplyMethod, Parameter};
use sce_core::aws::resource::{DatabaseParameterGroup, Difference, Properties};
use sce_core::plan::Node;

use super::database_subnet_group::{found, rds_tags, tag_rds};
use super::role::{PASSING, gone, unless_own_work};
use crate::error::{CloudError, Trouble, cloud};
use crate::provider::{Deleted, Found, Wanted, patiently};
use crate::session::Session;

/// Finds the group by its name, and reads what was set by hand of any user.
pub(crate) async fn look(
    session: &Session,
    wanted: &Wanted<'_, DatabaseParameterGroup>,
) -> Result<Option<Found>, CloudError> {
    let (name, label) = (wanted.node.name.as_str(), wanted.label());
    let sent = session.rds.describe_db_parameter_groups().db_parameter_group_name(name).send().await;
    let answer = match sent.map_err(cloud("DescribeDBParameterGroups", label)) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
        other => other?,
    };
    let Some(group) = answer.db_parameter_groups().first() else { return Ok(None) };
    let request = session.rds.describe_db_parameters().db_parameter_group_name(name).source("user");
    let listed = request.into_paginator().items().send().try_collect().await;
    let listed = listed.map_err(cloud("DescribeDBParameters", label))?;
    let set =
        |parameter: &Parameter| Some((parameter.parameter_name()?.to_owned(), parameter.parameter_value()?.to_owned()));
    let properties = DatabaseParameterGroup {
        family: group.db_parameter_group_family().unwrap_or_default().to_owned(),
        parameters: listed.iter().filter_map(set).collect::<BTreeMap<_, _>>(),
    };
    let arn = group.db_parameter_group_arn();
    let arn = arn.ok_or_else(|| CloudError::unreadable("DescribeDBParameterGroups", label, "no ARN"))?;
    found(session, label, name, arn, properties.into()).await.map(Some)
}

/// The name is the group's own. Its settings come with `settle`: AWS takes them in a second call.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, DatabaseParameterGroup>) -> Result<(), CloudError> {
    let request = session.rds.create_db_parameter_group().db_parameter_group_name(&wanted.node.name);
    let request = request.db_parameter_group_family(&wanted.properties.family);
    let request = request.description(format!("settings of {}", wanted.node.name));
    let sent = request.set_tags(Some(rds_tags(&wanted.node.tags))).send().await;
    match sent.map_err(cloud("CreateDBParameterGroup", wanted.label())) {
        Err(error) if error.trouble == Trouble::AlreadyExists => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())
        }
        other => other.map(|_| ()),
    }
}

/// Sets what differs and puts back to the default what nobody planned; both hold from the next start, which AWS takes for static and
/// dynamic settings alike.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, DatabaseParameterGroup>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let Properties::DatabaseParameterGroup(present) = &found.properties else { return Ok(()) };
    let (planned, present) = (&wanted.properties.parameters, &present.parameters);
    let set: Vec<Parameter> = planned
        .iter()
        .filter(|(name, value)| present.get(*name) != Some(*value))
        .map(|(name, value)| parameter(name).parameter_value(value).build())
        .collect();
    if !set.is_empty() {
        let request = session.rds.modify_db_parameter_group().db_parameter_group_name(&wanted.node.name);
        let sent = request.set_parameters(Some(set)).send().await;
        sent.map_err(cloud("ModifyDBParameterGroup", wanted.label()))?;
    }
    let unplanned: Vec<Parameter> =
        present.keys().filter(|name| !planned.contains_key(*name)).map(|name| parameter(name).build()).collect();
    if !unplanned.is_empty() {
        let request = session.rds.reset_db_parameter_group().db_parameter_group_name(&wanted.node.name);
        let sent = request.reset_all_parameters(false).set_parameters(Some(unplanned)).send().await;
        sent.map_err(cloud("ResetDBParameterGroup", wanted.label()))?;
    }
    Ok(())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_rds(session, node, found).await
}

/// A database that goes holds its group for a while (aws-behaviour 2b).
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let send = || async {
        let sent = session.rds.delete_db_parameter_group().db_parameter_group_name(&found.attributes.id).send().await;
        sent.map_err(cloud("DeleteDBParameterGroup", node.id.as_str()))
    };
    gone(patiently(session, PASSING, |error| error.trouble == Trouble::InUse, send).await)?;
    Ok(Deleted::Gone)
}

fn parameter(name: &str) -> aws_sdk_rds::types::builders::ParameterBuilder {
    Parameter::builder().parameter_name(name).apply_method(ApplyMethod::PendingReboot)
}
