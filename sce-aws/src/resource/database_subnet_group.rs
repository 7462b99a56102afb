//! Subnet groups of databases, and what RDS's kinds have in common.

use aws_sdk_rds::types::Tag;
use sce_core::aws::resource::{DatabaseSubnetGroup, Difference, Properties};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::{PASSING, gone, unless_own_work};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently};
use crate::session::Session;

/// Finds the group by its name.
pub(crate) async fn look(
    session: &Session,
    wanted: &Wanted<'_, DatabaseSubnetGroup>,
) -> Result<Option<Found>, CloudError> {
    let label = wanted.label();
    let sent = session.rds.describe_db_subnet_groups().db_subnet_group_name(&wanted.node.name).send().await;
    let answer = match sent.map_err(cloud("DescribeDBSubnetGroups", label)) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
        other => other?,
    };
    let Some(group) = answer.db_subnet_groups().first() else { return Ok(None) };
    let unreadable = |what: &str| CloudError::unreadable("DescribeDBSubnetGroups", label, what);
    let subnet = |subnet: &aws_sdk_rds::types::Subnet| {
        let id = subnet.subnet_identifier().unwrap_or_default().parse();
        id.map(Value::Known).map_err(|_| unreadable("a subnet without id"))
    };
    let properties = DatabaseSubnetGroup {
        description: group.db_subnet_group_description().unwrap_or_default().to_owned(),
        subnets: group.subnets().iter().map(subnet).collect::<Result<_, _>>()?,
    };
    let arn = group.db_subnet_group_arn().ok_or_else(|| unreadable("no ARN"))?;
    found(session, label, &wanted.node.name, arn, properties.into()).await.map(Some)
}

/// The name is the group's own: a second call of the same name makes no second group.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, DatabaseSubnetGroup>) -> Result<(), CloudError> {
    let request = session.rds.create_db_subnet_group().db_subnet_group_name(&wanted.node.name);
    let request = request.db_subnet_group_description(&wanted.properties.description);
    let request = request.set_subnet_ids(Some(subnets(wanted.properties)));
    let sent = request.set_tags(Some(rds_tags(&wanted.node.tags))).send().await;
    match sent.map_err(cloud("CreateDBSubnetGroup", wanted.label())) {
        Err(error) if error.trouble == Trouble::AlreadyExists => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())
        }
        other => other.map(|_| ()),
    }
}

/// Subnets and description are replaced as a whole.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, DatabaseSubnetGroup>,
    _: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let request = session.rds.modify_db_subnet_group().db_subnet_group_name(&wanted.node.name);
    let request = request.db_subnet_group_description(&wanted.properties.description);
    let sent = request.set_subnet_ids(Some(subnets(wanted.properties))).send().await;
    sent.map_err(cloud("ModifyDBSubnetGroup", wanted.label()))?;
    Ok(())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_rds(session, node, found).await
}

/// A database that goes holds its group for a while (aws-behaviour 2b).
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let send = || async {
        let sent = session.rds.delete_db_subnet_group().db_subnet_group_name(&found.attributes.id).send().await;
        sent.map_err(cloud("DeleteDBSubnetGroup", node.id.as_str()))
    };
    gone(patiently(session, PASSING, |error| error.trouble == Trouble::InUse, send).await)?;
    Ok(Deleted::Gone)
}

fn subnets(group: &DatabaseSubnetGroup) -> Vec<String> {
    group.subnets.iter().map(ToString::to_string).collect()
}

/// What was found, with its tags, which RDS tells by ARN.
pub(super) async fn found(
    session: &Session,
    label: &str,
    name: &str,
    arn: &str,
    properties: Properties,
) -> Result<Found, CloudError> {
    let sent = session.rds.list_tags_for_resource().resource_name(arn).send().await;
    let answer = sent.map_err(cloud("ListTagsForResource", label))?;
    let attributes = Attributes { id: name.to_owned(), arn: Some(arn.to_owned()) };
    Ok(Found { attributes, properties, tags: from_rds_tags(answer.tag_list()) })
}

/// Adds the node's tags; others stay.
pub(super) async fn tag_rds(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let arn = found.attributes.arn.as_deref().unwrap_or_default();
    let request = session.rds.add_tags_to_resource().resource_name(arn).set_tags(Some(rds_tags(&node.tags)));
    request.send().await.map_err(cloud("AddTagsToResource", node.id.as_str()))?;
    Ok(())
}

/// Tags as RDS takes them.
pub(super) fn rds_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags as RDS hands them back.
pub(crate) fn from_rds_tags(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()))).collect()
}
