//! GuardDuty's detector: a region has one.

use aws_sdk_guardduty::types::DetectorStatus;
use sce_core::aws::resource::{Detector, Difference};
use sce_core::pit::Tags;
use sce_core::plan::Node;

use super::stays;
use crate::error::{CloudError, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted};
use crate::session::Session;

/// Finds the region's detector, whoever made it: its tags tell.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Detector>) -> Result<Option<Found>, CloudError> {
    only(session, wanted.label()).await
}

/// The region's detector.
pub(crate) async fn only(session: &Session, label: &str) -> Result<Option<Found>, CloudError> {
    let sent = session.guardduty.list_detectors().send().await;
    let listed = sent.map_err(cloud("ListDetectors", label))?;
    let Some(id) = listed.detector_ids().first() else { return Ok(None) };
    let sent = session.guardduty.get_detector().detector_id(id).send().await;
    let answer = sent.map_err(cloud("GetDetector", label))?;
    let properties = Detector { enabled: answer.status() == Some(&DetectorStatus::Enabled) };
    let tags: Tags = answer.tags.unwrap_or_default().into_iter().collect();
    Ok(Some(Found { attributes: Attributes::id(id.as_str()), properties: properties.into(), tags }))
}

/// With our token, so that a call sent twice makes one.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Detector>) -> Result<(), CloudError> {
    let request = session.guardduty.create_detector().enable(wanted.properties.enabled).client_token(wanted.token());
    let request = request.set_tags(Some(wanted.node.tags.clone().into_iter().collect()));
    request.send().await.map(drop).map_err(cloud("CreateDetector", wanted.label()))
}

/// Switches it on; nothing of ours switches it off.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Detector>,
    found: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    if differences.is_empty() || !wanted.properties.enabled {
        return Ok(());
    }
    let request = session.guardduty.update_detector().detector_id(&found.attributes.id).enable(true);
    request.send().await.map(drop).map_err(cloud("UpdateDetector", wanted.label()))
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let (region, account) = (session.region(), session.account());
    let id = &found.attributes.id;
    let arn = format!("arn:{}:guardduty:{region}:{account}:detector/{id}", region.partition());
    let request = session.guardduty.tag_resource().resource_arn(arn);
    let request = request.set_tags(Some(node.tags.clone().into_iter().collect()));
    request.send().await.map(drop).map_err(cloud("TagResource", node.id.as_str()))
}

/// It stays.
pub(crate) async fn delete(_: &Session, node: &Node, _: &Found) -> Result<Deleted, CloudError> {
    stays("DeleteDetector", node)
}
