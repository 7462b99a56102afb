//! KMS aliases.

use sce_core::aws::resource::{Difference, KmsAlias, Properties};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::{PASSING, gone};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently};
use crate::session::Session;

/// Finds the alias by its name, also while the key behind it awaits deletion.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, KmsAlias>) -> Result<Option<Found>, CloudError> {
    let name = wanted.node.name.as_str();
    let sent = session.kms.describe_key().key_id(name).send().await.map_err(cloud("DescribeKey", wanted.label()));
    let answer = match sent {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
        other => other?,
    };
    let key = answer.key_metadata().and_then(|key| key.key_id().parse().ok());
    let key = key.ok_or_else(|| CloudError::unreadable("DescribeKey", wanted.label(), "no key id"))?;
    let properties = KmsAlias { key: Value::Known(key) };
    Ok(Some(Found { attributes: Attributes::id(name), properties: properties.into(), tags: Tags::new() }))
}

/// The key may be too fresh to be known.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, KmsAlias>) -> Result<(), CloudError> {
    let send = || async {
        let request = session.kms.create_alias().alias_name(&wanted.node.name);
        let request = request.target_key_id(wanted.properties.key.to_string());
        request.send().await.map_err(cloud("CreateAlias", wanted.label()))
    };
    match patiently(session, PASSING, |error| error.trouble == Trouble::NotFound, send).await {
        // The SDK sends again when no answer came, and then finds its own work there.
        Err(error) if error.trouble == Trouble::AlreadyExists => match look(session, wanted).await {
            Ok(Some(found)) if found.properties == Properties::from(wanted.properties.clone()) => Ok(()),
            _ => Err(error),
        },
        other => other.map(|_| ()),
    }
}

/// An alias is moved from key to key.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, KmsAlias>,
    found: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    if differences.is_empty() {
        return Ok(());
    }
    let send = || async {
        let request = session.kms.update_alias().alias_name(&found.attributes.id);
        let request = request.target_key_id(wanted.properties.key.to_string());
        request.send().await.map_err(cloud("UpdateAlias", wanted.label()))
    };
    patiently(session, PASSING, |error| error.trouble == Trouble::NotFound, send).await.map(|_| ())
}

/// KMS lets no alias bear tags.
pub(crate) async fn tag(_: &Session, _: &Node, _: &Found) -> Result<(), CloudError> {
    Ok(())
}

/// Frees the name; the key behind it stays.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let sent = session.kms.delete_alias().alias_name(&found.attributes.id).send().await;
    gone(sent.map_err(cloud("DeleteAlias", node.id.as_str())))?;
    Ok(Deleted::Gone)
}
