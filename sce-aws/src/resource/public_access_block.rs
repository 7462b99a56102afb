//! The account's S3 public access block.

use aws_sdk_s3control::types::PublicAccessBlockConfiguration;
use sce_core::aws::resource::{Difference, PublicAccessBlock};
use sce_core::pit::Tags;
use sce_core::plan::Node;

use super::stays;
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted};
use crate::session::Session;

/// Reads the block; an account that never set one has none.
pub(crate) async fn look(
    session: &Session,
    wanted: &Wanted<'_, PublicAccessBlock>,
) -> Result<Option<Found>, CloudError> {
    let Some(properties) = read(session, wanted.label()).await? else { return Ok(None) };
    let attributes = Attributes::id(session.account().as_str());
    Ok(Some(Found { attributes, properties: properties.into(), tags: Tags::new() }))
}

/// The block itself.
pub(crate) async fn read(session: &Session, label: &str) -> Result<Option<PublicAccessBlock>, CloudError> {
    let request = session.s3control.get_public_access_block().account_id(session.account().as_str());
    let answer = match request.send().await.map_err(cloud("GetPublicAccessBlock", label)) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
        other => other?,
    };
    let all = |blocks: &PublicAccessBlockConfiguration| {
        blocks.block_public_acls().unwrap_or_default()
            && blocks.ignore_public_acls().unwrap_or_default()
            && blocks.block_public_policy().unwrap_or_default()
            && blocks.restrict_public_buckets().unwrap_or_default()
    };
    let blocked = answer.public_access_block_configuration().is_some_and(all);
    Ok(Some(PublicAccessBlock { blocked }))
}

/// Puts all four on.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, PublicAccessBlock>) -> Result<(), CloudError> {
    let blocks = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true)
        .build();
    let request = session.s3control.put_public_access_block().account_id(session.account().as_str());
    let request = request.public_access_block_configuration(blocks);
    request.send().await.map(drop).map_err(cloud("PutPublicAccessBlock", wanted.label()))
}

/// Puts all four on; nothing of ours takes one off.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, PublicAccessBlock>,
    _: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    if differences.is_empty() || !wanted.properties.blocked { Ok(()) } else { make(session, wanted).await }
}

/// It has none.
pub(crate) async fn tag(_: &Session, _: &Node, _: &Found) -> Result<(), CloudError> {
    Ok(())
}

/// It stays.
pub(crate) async fn delete(_: &Session, node: &Node, _: &Found) -> Result<Deleted, CloudError> {
    stays("DeletePublicAccessBlock", node)
}
