//! EBS encryption by default, a setting of the region.

use sce_core::aws::resource::{Difference, EbsEncryption};
use sce_core::pit::Tags;
use sce_core::plan::Node;

use super::stays;
use crate::error::{CloudError, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted};
use crate::session::Session;

/// Reads the setting, which every region has.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, EbsEncryption>) -> Result<Option<Found>, CloudError> {
    let properties = read(session, wanted.label()).await?;
    let attributes = Attributes::id(session.region().as_str());
    Ok(Some(Found { attributes, properties: properties.into(), tags: Tags::new() }))
}

/// The setting itself.
pub(crate) async fn read(session: &Session, label: &str) -> Result<EbsEncryption, CloudError> {
    let sent = session.ec2.get_ebs_encryption_by_default().send().await;
    let answer = sent.map_err(cloud("GetEbsEncryptionByDefault", label))?;
    Ok(EbsEncryption { by_default: answer.ebs_encryption_by_default().unwrap_or_default() })
}

/// Switches it on.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, EbsEncryption>) -> Result<(), CloudError> {
    let sent = session.ec2.enable_ebs_encryption_by_default().send().await;
    sent.map(drop).map_err(cloud("EnableEbsEncryptionByDefault", wanted.label()))
}

/// Switches it on; nothing of ours switches it off.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, EbsEncryption>,
    _: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    if differences.is_empty() || !wanted.properties.by_default { Ok(()) } else { make(session, wanted).await }
}

/// It has none.
pub(crate) async fn tag(_: &Session, _: &Node, _: &Found) -> Result<(), CloudError> {
    Ok(())
}

/// It stays.
pub(crate) async fn delete(_: &Session, node: &Node, _: &Found) -> Result<Deleted, CloudError> {
    stays("DisableEbsEncryptionByDefault", node)
}
