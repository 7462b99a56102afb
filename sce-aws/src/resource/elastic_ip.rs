//! Elastic IP addresses.

use aws_sdk_ec2::types::{DomainType, ResourceType};
use sce_core::aws::resource::{Difference, ElasticIp};
use sce_core::plan::Node;

use super::{sent_once, tag_ec2};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, patiently};
use crate::session::Session;
use crate::tags;

/// Finds the address by its tags; AWS does not page this call.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, ElasticIp>) -> Result<Option<Found>, CloudError> {
    let request = session.ec2.describe_addresses().set_filters(Some(tags::filters(wanted.node)));
    let answer = request.send().await.map_err(cloud("DescribeAddresses", wanted.label()))?;
    let found = answer.addresses.unwrap_or_default();
    let Some(address) =
        only_ours("DescribeAddresses", wanted, found, |address| address.tags(), |address| address.allocation_id())?
    else {
        return Ok(None);
    };
    let attributes = Attributes::id(address.allocation_id().unwrap_or_default());
    Ok(Some(Found { attributes, properties: ElasticIp {}.into(), tags: tags::from_ec2(address.tags()) }))
}

/// One attempt: AWS takes no token, and each repeat uses up one of five.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, ElasticIp>) -> Result<(), CloudError> {
    let tags = tags::specification(ResourceType::ElasticIp, &wanted.node.tags);
    let request = session.ec2.allocate_address().domain(DomainType::Vpc).tag_specifications(tags);
    let request = request.customize().config_override(sent_once());
    request.send().await.map_err(cloud("AllocateAddress", wanted.label()))?;
    Ok(())
}

/// There is nothing to settle.
pub(crate) async fn settle(
    _: &Session,
    _: &Wanted<'_, ElasticIp>,
    _: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    Ok(())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// `AuthFailure` here means that a NAT gateway still holds it, not that the caller may not (aws-behaviour 2b).
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let send = || async {
        let sent = session.ec2.release_address().allocation_id(&found.attributes.id).send().await;
        sent.map_err(cloud("ReleaseAddress", node.id.as_str()))
    };
    let held = |error: &CloudError| error.trouble == Trouble::InUse || error.has_code("AuthFailure");
    match patiently(session, FRESH, held, send).await {
        Err(error) if error.trouble == Trouble::NotFound => Ok(Deleted::Gone),
        other => other.map(|_| Deleted::Gone),
    }
}
