//! Volumes' being attached.

use aws_sdk_ec2::types::{VolumeAttachment as SdkAttachment, VolumeAttachmentState};
use sce_core::aws::resource::{Difference, Properties, VolumeAttachment};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::instance;
use super::volume::{DETACHING, described};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, patiently, poll};
use crate::session::Session;

/// Finds what the volume is attached to. One that is coming on is waited for.
pub(crate) async fn look(
    session: &Session,
    wanted: &Wanted<'_, VolumeAttachment>,
) -> Result<Option<Found>, CloudError> {
    let volume = wanted.properties.volume.to_string();
    let settled = || async {
        let found = attachment(session, wanted.label(), &volume).await?;
        let attaching = found.as_ref().is_some_and(|one| one.state() == Some(&VolumeAttachmentState::Attaching));
        Ok((!attaching).then_some(found))
    };
    let still_attaching = || {
        CloudError::plain("DescribeVolumes", wanted.label(), Trouble::InUse, "still being attached after five minutes")
    };
    let found = poll(session, FRESH, settled).await?.ok_or_else(still_attaching)?;
    let Some(found) = found else { return Ok(None) };
    let unreadable = || CloudError::unreadable("DescribeVolumes", wanted.label(), "attached to no instance");
    let instance = found.instance_id().unwrap_or_default();
    let properties = VolumeAttachment {
        volume: wanted.properties.volume.clone(),
        instance: Value::Known(instance.parse().map_err(|_| unreadable())?),
        device: found.device().unwrap_or_default().to_owned(),
    };
    let attributes = Attributes::id(format!("{volume} at {instance}"));
    Ok(Some(Found { attributes, properties: properties.into(), tags: Default::default() }))
}

/// An instance takes a volume when it runs or is stopped, not in between.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, VolumeAttachment>) -> Result<(), CloudError> {
    let VolumeAttachment { volume, instance, device } = wanted.properties;
    let send = || async {
        let request = session.ec2.attach_volume().volume_id(volume.to_string()).instance_id(instance.to_string());
        request.device(device).send().await.map_err(cloud("AttachVolume", wanted.label()))
    };
    let passes = |error: &CloudError| {
        let between = ["IncorrectState", "IncorrectInstanceState"].iter().any(|code| error.has_code(code));
        between || error.trouble == Trouble::NotFound
    };
    patiently(session, FRESH, passes, send).await.map(|_| ())
}

/// An attachment is not changed: whoever attached the volume elsewhere has to say what is on it.
pub(crate) async fn settle(
    _: &Session,
    _: &Wanted<'_, VolumeAttachment>,
    _: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    Ok(())
}

/// AWS tags no attachments.
pub(crate) async fn tag(_: &Session, _: &Node, _: &Found) -> Result<(), CloudError> {
    Ok(())
}

/// Takes the volume off.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    if let Properties::VolumeAttachment(VolumeAttachment { volume, .. }) = &found.properties {
        detach(session, node.id.as_str(), &volume.to_string()).await?;
    }
    Ok(Deleted::Gone)
}

/// Takes a volume off whatever it is on. A machine that runs is stopped first: it writes its file systems out, and a volume in use
/// would not come off (aws-behaviour 1a, `busy`).
pub(super) async fn detach(session: &Session, label: &str, volume: &str) -> Result<(), CloudError> {
    let Some(found) = attachment(session, label, volume).await? else { return Ok(()) };
    let machine = found.instance_id().unwrap_or_default();
    instance::stop(session, label, machine).await?;
    let send = || async {
        let request = session.ec2.detach_volume().volume_id(volume).instance_id(machine);
        request.send().await.map_err(cloud("DetachVolume", label))
    };
    let between = |error: &CloudError| error.has_code("IncorrectInstanceState");
    match patiently(session, FRESH, between, send).await {
        // It came off meanwhile, which AWS calls a wrong state.
        Err(error) if error.trouble == Trouble::NotFound || error.has_code("IncorrectState") => {}
        other => drop(other?),
    }
    let off = || async { Ok(attachment(session, label, volume).await?.is_none().then_some(())) };
    let still_on = || CloudError::plain("DetachVolume", label, Trouble::InUse, "still attached after ten minutes");
    poll(session, DETACHING, off).await?.ok_or_else(still_on)
}

/// The attachment of a volume, unless it has come off.
async fn attachment(session: &Session, label: &str, volume: &str) -> Result<Option<SdkAttachment>, CloudError> {
    let attachments = described(session, label, volume).await?.and_then(|volume| volume.attachments);
    let on = |one: &SdkAttachment| one.state() != Some(&VolumeAttachmentState::Detached);
    Ok(attachments.unwrap_or_default().into_iter().find(on))
}
