//! CloudWatch log groups.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::LogGroup as SdkLogGroup;
use sce_core::aws::resource::{Difference, LogGroup};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::{PASSING, gone, unless_own_work};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently};
use crate::session::Session;

/// How long another change of the same group may take (aws-behaviour 2b).
const OTHER_CHANGE: Duration = Duration::from_secs(60);

/// Finds the log group by its name. One that goes while it is read is gone.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, LogGroup>) -> Result<Option<Found>, CloudError> {
    let (name, label) = (wanted.node.name.as_str(), wanted.label());
    let request = session.logs.describe_log_groups().log_group_name_prefix(name);
    let listed = request.into_paginator().items().send().try_collect().await;
    let listed = listed.map_err(cloud("DescribeLogGroups", label))?;
    let Some(group) = listed.iter().find(|group| group.log_group_name() == Some(name)) else { return Ok(None) };
    let properties = properties(group).map_err(|why| CloudError::unreadable("DescribeLogGroups", label, why))?;
    let arn = arn(group).ok_or_else(|| CloudError::unreadable("DescribeLogGroups", label, "no ARN"))?;
    match tags_of(session, label, &arn).await {
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        other => {
            let attributes = Attributes { id: name.to_owned(), arn: Some(arn) };
            Ok(Some(Found { attributes, properties: properties.into(), tags: other? }))
        }
    }
}

/// CloudWatch may not see the key, or what its policy allows, at once; it says so in the words of a denial.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, LogGroup>) -> Result<(), CloudError> {
    let send = || async {
        let request = session.logs.create_log_group().log_group_name(&wanted.node.name);
        let request = request.set_kms_key_id(wanted.properties.key.as_ref().map(ToString::to_string));
        let request = request.set_tags(Some(wanted.node.tags.clone().into_iter().collect()));
        request.send().await.map_err(cloud("CreateLogGroup", wanted.label()))
    };
    match patiently(session, PASSING, is_passing, send).await {
        Err(error) if error.trouble == Trouble::AlreadyExists => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())
        }
        other => other.map(|_| ()),
    }
}

/// The key before the retention: from then on events are encrypted.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, LogGroup>,
    _: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    let changed = |field: &str| differences.iter().any(|difference| difference.field == field);
    let passes = |error: &CloudError| is_passing(error) || error.trouble == Trouble::NotFound;
    if changed("key") {
        patiently(session, PASSING, passes, || put_key(session, wanted)).await?;
    }
    if changed("retention_days") {
        patiently(session, PASSING, passes, || put_retention(session, wanted)).await?;
    }
    Ok(())
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let request = session.logs.tag_resource().set_resource_arn(found.attributes.arn.clone());
    let request = request.set_tags(Some(node.tags.clone().into_iter().collect()));
    request.send().await.map_err(cloud("TagResource", node.id.as_str()))?;
    Ok(())
}

/// Deletes the group with all its events.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let send = || async {
        let sent = session.logs.delete_log_group().log_group_name(&found.attributes.id).send().await;
        sent.map_err(cloud("DeleteLogGroup", node.id.as_str()))
    };
    gone(patiently(session, OTHER_CHANGE, |error| error.trouble == Trouble::InUse, send).await)?;
    Ok(Deleted::Gone)
}

fn properties(group: &SdkLogGroup) -> Result<LogGroup, String> {
    let key = group.kms_key_id().map(str::parse).transpose().map_err(|error| format!("its key: {error}"))?;
    let retention_days = group.retention_in_days().map(u32::try_from).transpose();
    let retention_days = retention_days.map_err(|_| "a negative retention".to_owned())?;
    Ok(LogGroup { retention_days, key: key.map(Value::Known) })
}

/// Without the `:*` for the group's streams, which neither tags nor flow logs take (Logs API reference, `LogGroup`).
fn arn(group: &SdkLogGroup) -> Option<String> {
    let arn = group.log_group_arn().or(group.arn())?;
    Some(arn.strip_suffix(":*").unwrap_or(arn).to_owned())
}

async fn tags_of(session: &Session, label: &str, arn: &str) -> Result<Tags, CloudError> {
    let sent = session.logs.list_tags_for_resource().resource_arn(arn).send().await;
    let answer = sent.map_err(cloud("ListTagsForResource", label))?;
    Ok(answer.tags.unwrap_or_default().into_iter().collect())
}

async fn put_key(session: &Session, wanted: &Wanted<'_, LogGroup>) -> Result<(), CloudError> {
    let name = &wanted.node.name;
    match &wanted.properties.key {
        Some(key) => {
            let request = session.logs.associate_kms_key().log_group_name(name).kms_key_id(key.to_string());
            request.send().await.map(drop).map_err(cloud("AssociateKmsKey", wanted.label()))
        }
        None => {
            let sent = session.logs.disassociate_kms_key().log_group_name(name).send().await;
            sent.map(drop).map_err(cloud("DisassociateKmsKey", wanted.label()))
        }
    }
}

async fn put_retention(session: &Session, wanted: &Wanted<'_, LogGroup>) -> Result<(), CloudError> {
    let name = &wanted.node.name;
    match wanted.properties.retention_days.and_then(|days| i32::try_from(days).ok()) {
        Some(days) => {
            let request = session.logs.put_retention_policy().log_group_name(name).retention_in_days(days);
            request.send().await.map(drop).map_err(cloud("PutRetentionPolicy", wanted.label()))
        }
        None => {
            let sent = session.logs.delete_retention_policy().log_group_name(name).send().await;
            sent.map(drop).map_err(cloud("DeleteRetentionPolicy", wanted.label()))
        }
    }
}

/// Another change that is under way, or a key that CloudWatch does not see yet (aws-behaviour 1c).
fn is_passing(error: &CloudError) -> bool {
    let of_key = error.has_code("AccessDeniedException") || error.has_code("InvalidParameterException");
    let names_key = error.message.as_deref().is_some_and(|message| message.contains("KMS"));
    error.trouble == Trouble::InUse || (of_key && names_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:logs:us-west-2:111122223333:log-group:hipaa_loggroup";

    #[test]
    fn the_arn_is_the_groups_not_its_streams() {
        let old = SdkLogGroup::builder().arn(format!("{ARN}:*")).build();
        let new = SdkLogGroup::builder().arn(format!("{ARN}:*")).log_group_arn(ARN).build();
        assert_eq!((arn(&old).as_deref(), arn(&new).as_deref()), (Some(ARN), Some(ARN)));
        assert_eq!(arn(&SdkLogGroup::builder().build()), None);
    }

    #[test]
    fn retention_and_key_are_read_as_planned() {
        let key = "arn:aws:kms:us-west-2:111122223333:key/k";
        let group = SdkLogGroup::builder().retention_in_days(2192).kms_key_id(key).build();
        let expected = LogGroup { retention_days: Some(2192), key: Some(Value::Known(key.parse().unwrap())) };
        assert_eq!(properties(&group), Ok(expected));
        let odd = SdkLogGroup::builder().kms_key_id("k").build();
        assert!(properties(&odd).unwrap_err().starts_with("its key: `k` is no ARN"));
    }

    #[test]
    fn a_denial_passes_only_when_it_is_about_the_key() {
        let denied = |message: &str| {
            let mut error = CloudError::plain("CreateLogGroup", "log-group", Trouble::Denied, message);
            error.code = Some("AccessDeniedException".to_owned());
            error
        };
        assert!(is_passing(&denied("The specified KMS key does not exist or is not allowed to be used with Arn x")));
        assert!(!is_passing(&denied("User: x is not authorized to perform: logs:CreateLogGroup on resource: y")));
    }
}
