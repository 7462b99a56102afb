//! Key pairs: the public half of one, since the private half was made where it is used.

use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::{KeyPairInfo, ResourceType};
use sce_core::aws::resource::{Difference, KeyPair};
use sce_core::plan::Node;

use super::role::{gone, unless_own_work};
use super::tag_ec2;
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted};
use crate::session::Session;
use crate::tags;

/// Finds the key pair by its name, which templates and instances refer to it by.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, KeyPair>) -> Result<Option<Found>, CloudError> {
    let Some(pair) = pair(session, wanted.label(), &wanted.node.name).await? else { return Ok(None) };
    let properties = KeyPair { public_key: without_comment(pair.public_key().unwrap_or_default()) };
    let attributes = Attributes::id(wanted.node.name.clone());
    Ok(Some(Found { attributes, properties: properties.into(), tags: tags::from_ec2(pair.tags()) }))
}

/// AWS refuses a second one of the name, so what is there may be this call's own work.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, KeyPair>) -> Result<(), CloudError> {
    let request = session.ec2.import_key_pair().key_name(&wanted.node.name);
    let request = request.public_key_material(Blob::new(wanted.properties.public_key.as_bytes()));
    let request = request.tag_specifications(tags::specification(ResourceType::KeyPair, &wanted.node.tags));
    match request.send().await.map_err(cloud("ImportKeyPair", wanted.label())) {
        Err(error) if error.trouble == Trouble::AlreadyExists => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())
        }
        other => other.map(|_| ()),
    }
}

/// A key is what it is.
pub(crate) async fn settle(
    _: &Session,
    _: &Wanted<'_, KeyPair>,
    _: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    Ok(())
}

/// By its id: EC2 tags no names.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let pair = pair(session, node.id.as_str(), &found.attributes.id).await?;
    match pair.as_ref().and_then(KeyPairInfo::key_pair_id) {
        Some(id) => tag_ec2(session, node, id).await,
        None => Ok(()),
    }
}

/// AWS forgets the public half; machines that have it in their lists of keys keep it.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let sent = session.ec2.delete_key_pair().key_name(&found.attributes.id).send().await;
    gone(sent.map_err(cloud("DeleteKeyPair", node.id.as_str())))?;
    Ok(Deleted::Gone)
}

/// AWS does not page this call, and takes a filter for what may not exist.
async fn pair(session: &Session, label: &str, name: &str) -> Result<Option<KeyPairInfo>, CloudError> {
    let request = session.ec2.describe_key_pairs().filters(tags::filter("key-name", name)).include_public_key(true);
    let answer = request.send().await.map_err(cloud("DescribeKeyPairs", label))?;
    Ok(answer.key_pairs.unwrap_or_default().into_iter().find(|pair| pair.key_name() == Some(name)))
}

/// Algorithm and key: AWS writes the pair's name after them.
fn without_comment(line: &str) -> String {
    line.split_ascii_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_compared_without_its_comment() {
        assert_eq!(without_comment("ssh-ed25519 AAAA hipaa_bastion_keypair\n"), "ssh-ed25519 AAAA");
        assert_eq!(without_comment(""), "");
    }
}
