//! EBS volumes.

use std::time::Duration;

use aws_sdk_ec2::types::{ResourceType, Volume as SdkVolume, VolumeModificationState, VolumeState, VolumeType};
use sce_core::aws::arn::Arn;
use sce_core::aws::resource::{Difference, Volume};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::gone;
use super::{sent_once, tag_ec2, volume_attachment};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, patiently, poll};
use crate::session::Session;
use crate::tags;

/// Finds the volume by its tags; one that is being made is waited for, and one that is being deleted is none.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Volume>) -> Result<Option<Found>, CloudError> {
    let settled = || async {
        let found = live(session, wanted).await?;
        let creating = found.as_ref().is_some_and(|volume| volume.state() == Some(&VolumeState::Creating));
        Ok((!creating).then_some(found))
    };
    let still_creating =
        || CloudError::plain("DescribeVolumes", wanted.label(), Trouble::InUse, "still being made after five minutes");
    let found = poll(session, FRESH, settled).await?.ok_or_else(still_creating)?;
    let Some(volume) = found else { return Ok(None) };
    let unreadable = |why: &str| CloudError::unreadable("DescribeVolumes", wanted.label(), why);
    if volume.state() == Some(&VolumeState::Error) {
        return Err(unreadable("it is in the state `error`: its hardware failed, or its key is not there"));
    }
    let properties = Volume {
        zone: volume.availability_zone().unwrap_or_default().parse().map_err(|_| unreadable("no zone"))?,
        size_gib: size(&volume),
        volume_type: kind(&volume),
        encrypted: volume.encrypted().unwrap_or(false),
        key: key_of(session, wanted.label(), wanted.properties.key.as_ref(), volume.kms_key_id()).await?,
    };
    let attributes = Attributes::id(volume.volume_id().unwrap_or_default());
    Ok(Some(Found { attributes, properties: properties.into(), tags: tags::from_ec2(volume.tags()) }))
}

/// With our token. A key that AWS may not use shows only afterwards: the volume is then gone again.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Volume>) -> Result<(), CloudError> {
    let volume = wanted.properties;
    let send = || async {
        let request = session.ec2.create_volume().availability_zone(volume.zone.to_string());
        let request = request.set_size(i32::try_from(volume.size_gib).ok());
        let request = request.volume_type(VolumeType::from(volume.volume_type.as_str())).encrypted(volume.encrypted);
        let request = request.set_kms_key_id(volume.key.as_ref().map(ToString::to_string));
        let request = request.client_token(wanted.token());
        let request = request.tag_specifications(tags::specification(ResourceType::Volume, &wanted.node.tags));
        let request = request.customize().config_override(sent_once());
        request.send().await.map_err(cloud("CreateVolume", wanted.label()))
    };
    let answer = patiently(session, FRESH, |error| error.trouble == Trouble::NotFound, send).await?;
    let id = answer.volume_id().unwrap_or_default();
    let outcome = || async {
        Ok(match described(session, wanted.label(), id).await?.and_then(|volume| volume.state) {
            None | Some(VolumeState::Creating) => None,
            Some(VolumeState::Available | VolumeState::InUse) => Some(Ok(())),
            Some(state) => {
                let message = format!("it is in the state `{}` after creation; is its key usable?", state.as_str());
                Some(Err(CloudError::plain("CreateVolume", wanted.label(), Trouble::Refused, message)))
            }
        })
    };
    let never = || {
        let message = "AWS took the call, and the volume is not there after five minutes: is its key usable?";
        Err(CloudError::plain("CreateVolume", wanted.label(), Trouble::Refused, message))
    };
    poll(session, FRESH, outcome).await?.unwrap_or_else(never)
}

/// A volume grows and changes its type in place; the rest takes another one.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Volume>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let planned = wanted.properties;
    let id = found.attributes.id.as_str();
    let send = || async {
        let request = session.ec2.modify_volume().volume_id(id).set_size(i32::try_from(planned.size_gib).ok());
        let request = request.volume_type(VolumeType::from(planned.volume_type.as_str()));
        request.send().await.map_err(cloud("ModifyVolume", wanted.label()))
    };
    // An earlier change may still be under way.
    patiently(session, FRESH, |error| error.trouble == Trouble::InUse, send).await?;
    let changed = poll(session, 2 * FRESH, || async { modified(session, wanted.label(), id).await }).await?;
    changed.unwrap_or_else(|| {
        Err(CloudError::plain("ModifyVolume", wanted.label(), Trouble::InUse, "still under way after ten minutes"))
    })
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// Detached from wherever it is, then deleted; AWS may take minutes.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let (label, id) = (node.id.as_str(), found.attributes.id.as_str());
    volume_attachment::detach(session, label, id).await?;
    let send = || async {
        let sent = session.ec2.delete_volume().volume_id(id).send().await;
        sent.map_err(cloud("DeleteVolume", label))
    };
    gone(patiently(session, FRESH, |error| error.trouble == Trouble::InUse, send).await)?;
    let is_gone = || async { Ok((!lives(session, label, id).await?).then_some(Deleted::Gone)) };
    let still_there = || CloudError::plain("DeleteVolume", label, Trouble::InUse, "still there after ten minutes");
    poll(session, 2 * FRESH, is_gone).await?.ok_or_else(still_there)
}

/// Whether a volume is there; one that is being deleted is until it has gone.
async fn lives(session: &Session, label: &str, id: &str) -> Result<bool, CloudError> {
    let state = described(session, label, id).await?.and_then(|volume| volume.state);
    Ok(!matches!(state, None | Some(VolumeState::Deleted)))
}

/// Whether a volume is there to stay: one that AWS is deleting, as the root volume of a machine that ended, is not.
pub(crate) async fn stays(session: &Session, label: &str, id: &str) -> Result<bool, CloudError> {
    let state = described(session, label, id).await?.and_then(|volume| volume.state);
    Ok(!matches!(state, None | Some(VolumeState::Deleting | VolumeState::Deleted)))
}

/// The volume of that id; none when it is not there.
pub(super) async fn described(session: &Session, label: &str, id: &str) -> Result<Option<SdkVolume>, CloudError> {
    let request = session.ec2.describe_volumes().filters(tags::filter("volume-id", id));
    let answer = request.send().await.map_err(cloud("DescribeVolumes", label))?;
    Ok(answer.volumes.unwrap_or_default().into_iter().find(|volume| volume.volume_id() == Some(id)))
}

/// Volumes attached to an instance.
pub(crate) async fn attached_to(session: &Session, label: &str, instance: &str) -> Result<Vec<SdkVolume>, CloudError> {
    let request = session.ec2.describe_volumes().filters(tags::filter("attachment.instance-id", instance));
    let found = request.into_paginator().items().send().try_collect().await;
    found.map_err(cloud("DescribeVolumes", label))
}

pub(super) fn size(volume: &SdkVolume) -> u32 {
    volume.size().and_then(|size| u32::try_from(size).ok()).unwrap_or(0)
}

pub(super) fn kind(volume: &SdkVolume) -> String {
    volume.volume_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default()
}

/// The key as a plan says it. AWS always names a key; one that no plan chose is none where it is the account's default, which only
/// the account can tell.
pub(super) async fn key_of(
    session: &Session,
    label: &str,
    planned: Option<&Value<Arn>>,
    found: Option<&str>,
) -> Result<Option<Value<Arn>>, CloudError> {
    let Some(found) = found.filter(|key| !key.is_empty()) else { return Ok(None) };
    let key = || found.parse().map(Value::Known).map(Some);
    let unreadable = |why: String| CloudError::unreadable("DescribeVolumes", label, why);
    if planned.is_some() {
        return key().map_err(|error| unreadable(format!("its key: {error}")));
    }
    let sent = session.ec2.get_ebs_default_kms_key_id().send().await;
    let default = sent.map_err(cloud("GetEbsDefaultKmsKeyId", label))?.kms_key_id.unwrap_or_default();
    // An alias, an id or an ARN, as somebody set it.
    let sent = session.kms.describe_key().key_id(&default).send().await;
    let default = sent.map_err(cloud("DescribeKey", label))?.key_metadata.and_then(|key| key.arn);
    if default.as_deref() == Some(found) {
        return Ok(None);
    }
    key().map_err(|error| unreadable(format!("its key: {error}")))
}

async fn live(session: &Session, wanted: &Wanted<'_, Volume>) -> Result<Option<SdkVolume>, CloudError> {
    let request = session.ec2.describe_volumes().set_filters(Some(tags::filters(wanted.node)));
    let found = request.into_paginator().items().send().try_collect().await;
    let found: Vec<SdkVolume> = found.map_err(cloud("DescribeVolumes", wanted.label()))?;
    let live = |volume: &SdkVolume| !matches!(volume.state(), Some(VolumeState::Deleting | VolumeState::Deleted));
    only_ours(
        "DescribeVolumes",
        wanted,
        found.into_iter().filter(live).collect(),
        |volume| volume.tags(),
        |volume| volume.volume_id(),
    )
}

/// None while the newest change is under way; from `optimizing` on the volume has its new size.
async fn modified(session: &Session, label: &str, id: &str) -> Result<Option<Result<(), CloudError>>, CloudError> {
    let sent = session.ec2.describe_volumes_modifications().volume_ids(id).send().await;
    let answer = sent.map_err(cloud("DescribeVolumesModifications", label))?;
    let newest = answer.volumes_modifications().iter().max_by_key(|one| one.start_time().map(|time| time.secs()));
    Ok(match newest.and_then(|one| one.modification_state()) {
        Some(VolumeModificationState::Completed | VolumeModificationState::Optimizing) => Some(Ok(())),
        Some(VolumeModificationState::Failed) => {
            let why = newest.and_then(|one| one.status_message()).unwrap_or("AWS does not say why");
            Some(Err(CloudError::plain("ModifyVolume", label, Trouble::Refused, format!("the change failed: {why}"))))
        }
        _ => None,
    })
}

/// How long a volume may take to come off an instance: its file system is written out first.
pub(super) const DETACHING: Duration = Duration::from_secs(600);
