//! AWS Config's recorder and its delivery channel: a region has one of each.

use aws_sdk_config::types::{ConfigurationRecorder, DeliveryChannel, RecordingGroup, Tag};
use sce_core::aws::resource::{ConfigRecorder, Difference};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::PASSING;
use super::stays;
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently};
use crate::session::Session;

/// Finds the recorder by its name.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, ConfigRecorder>) -> Result<Option<Found>, CloudError> {
    let label = wanted.label();
    let recorders = customers(session, label).await?;
    let Some(recorder) = recorders.iter().find(|one| one.name() == Some(wanted.node.name.as_str())) else {
        return Ok(None);
    };
    let properties = read(session, label, recorder).await?;
    let tags = tags_of(session, label, recorder).await?;
    let attributes = Attributes { id: wanted.node.name.clone(), arn: recorder.arn().map(str::to_owned) };
    Ok(Some(Found { attributes, properties: properties.into(), tags }))
}

/// The region's recorder, whoever made it, by its name; those that AWS services keep for themselves aside.
pub(crate) async fn only(session: &Session) -> Result<Option<(String, ConfigRecorder)>, CloudError> {
    let label = "account-config";
    let Some(recorder) = customers(session, label).await?.into_iter().next() else { return Ok(None) };
    let properties = read(session, label, &recorder).await?;
    Ok(Some((recorder.name().unwrap_or_default().to_owned(), properties)))
}

/// The same call makes and changes. The role is AWS's own for Config, which the account has once somebody asked for it.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, ConfigRecorder>) -> Result<(), CloudError> {
    service_role(session, wanted.label()).await?;
    put_recorder(session, wanted, true).await
}

/// Recorder, channel, start: each needs the one before (aws-behaviour 1c).
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, ConfigRecorder>,
    _: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    let changed = |fields: &[&str]| differences.iter().any(|difference| fields.contains(&difference.field.as_str()));
    if changed(&["role"]) {
        service_role(session, wanted.label()).await?;
    }
    if changed(&["role", "everything", "global_resources"]) {
        put_recorder(session, wanted, false).await?;
    }
    if changed(&["bucket"]) {
        put_channel(session, wanted).await?;
    }
    if changed(&["recording"]) {
        let request = session.config.start_configuration_recorder().configuration_recorder_name(&wanted.node.name);
        request.send().await.map_err(cloud("StartConfigurationRecorder", wanted.label()))?;
    }
    Ok(())
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let request = session.config.tag_resource().set_resource_arn(found.attributes.arn.clone());
    let request = request.set_tags(Some(config_tags(&node.tags)));
    request.send().await.map_err(cloud("TagResource", node.id.as_str()))?;
    Ok(())
}

/// It stays.
pub(crate) async fn delete(_: &Session, node: &Node, _: &Found) -> Result<Deleted, CloudError> {
    stays("DeleteConfigurationRecorder", node)
}

/// Asks for the role; one that is there is refused as taken, which is as good (aws-behaviour 1c).
async fn service_role(session: &Session, label: &str) -> Result<(), CloudError> {
    let sent = session.iam.create_service_linked_role().aws_service_name("config.amazonaws.com").send().await;
    match sent.map_err(cloud("CreateServiceLinkedRole", label)) {
        Err(error) if error.has_code("InvalidInput") || error.trouble == Trouble::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

async fn customers(session: &Session, label: &str) -> Result<Vec<ConfigurationRecorder>, CloudError> {
    let sent = session.config.describe_configuration_recorders().send().await;
    let listed = sent.map_err(cloud("DescribeConfigurationRecorders", label))?.configuration_recorders;
    Ok(listed.unwrap_or_default().into_iter().filter(|one| one.service_principal().is_none()).collect())
}

async fn read(session: &Session, label: &str, recorder: &ConfigurationRecorder) -> Result<ConfigRecorder, CloudError> {
    let role = recorder.role_arn().unwrap_or_default().parse();
    let role = role.map_err(|_| CloudError::unreadable("DescribeConfigurationRecorders", label, "no role"))?;
    let group = recorder.recording_group();
    let channels = session.config.describe_delivery_channels().send().await;
    let channels = channels.map_err(cloud("DescribeDeliveryChannels", label))?;
    let bucket = channels.delivery_channels().first().and_then(|channel| channel.s3_bucket_name());
    let states = session.config.describe_configuration_recorder_status().send().await;
    let states = states.map_err(cloud("DescribeConfigurationRecorderStatus", label))?;
    let mut states = states.configuration_recorders_status().iter();
    let recording = states.find(|state| state.name() == recorder.name()).is_some_and(|state| state.recording());
    Ok(ConfigRecorder {
        role: Value::Known(role),
        everything: group.is_some_and(RecordingGroup::all_supported),
        global_resources: group.is_some_and(RecordingGroup::include_global_resource_types),
        bucket: bucket.map(str::to_owned),
        recording,
    })
}

/// A recorder whose ARN is not told has no tags that could be asked for.
async fn tags_of(session: &Session, label: &str, recorder: &ConfigurationRecorder) -> Result<Tags, CloudError> {
    let Some(arn) = recorder.arn() else { return Ok(Tags::new()) };
    let sent = session.config.list_tags_for_resource().resource_arn(arn).send().await;
    let answer = sent.map_err(cloud("ListTagsForResource", label))?;
    let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
    Ok(answer.tags().iter().filter_map(pair).collect())
}

async fn put_recorder(session: &Session, wanted: &Wanted<'_, ConfigRecorder>, new: bool) -> Result<(), CloudError> {
    let planned = wanted.properties;
    let group = RecordingGroup::builder()
        .all_supported(planned.everything)
        .include_global_resource_types(planned.global_resources)
        .build();
    let recorder = ConfigurationRecorder::builder()
        .name(&wanted.node.name)
        .role_arn(planned.role.to_string())
        .recording_group(group)
        .build();
    let send = || async {
        let request = session.config.put_configuration_recorder().configuration_recorder(recorder.clone());
        let request = request.set_tags(new.then(|| config_tags(&wanted.node.tags)));
        request.send().await.map_err(cloud("PutConfigurationRecorder", wanted.label()))
    };
    patiently(session, PASSING, |error| error.has_code("InvalidRoleException"), send).await.map(drop)
}

async fn put_channel(session: &Session, wanted: &Wanted<'_, ConfigRecorder>) -> Result<(), CloudError> {
    let channel =
        DeliveryChannel::builder().name(&wanted.node.name).set_s3_bucket_name(wanted.properties.bucket.clone()).build();
    let send = || async {
        let request = session.config.put_delivery_channel().delivery_channel(channel.clone());
        request.send().await.map_err(cloud("PutDeliveryChannel", wanted.label()))
    };
    let passes = |error: &CloudError| {
        error.has_code("InsufficientDeliveryPolicyException") || error.trouble == Trouble::Throttled
    };
    patiently(session, PASSING, passes, send).await.map(drop)
}

fn config_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
