//! Instance profiles.

use aws_sdk_iam::types::InstanceProfile as SdkProfile;
use sce_core::aws::resource::{Difference, InstanceProfile, Properties};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::{PASSING, from_iam_tags, gone, iam_tags, unless_own_work};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently};
use crate::session::Session;

/// Finds the profile by its name.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, InstanceProfile>) -> Result<Option<Found>, CloudError> {
    let Some(profile) = profile(session, wanted.label(), &wanted.node.name).await? else { return Ok(None) };
    let role = profile.roles().first().map(|role| Value::Known(role.role_name().to_owned()));
    let attributes = Attributes { id: profile.instance_profile_name().to_owned(), arn: Some(profile.arn().to_owned()) };
    let tags = from_iam_tags(profile.tags());
    Ok(Some(Found { attributes, properties: InstanceProfile { role }.into(), tags }))
}

/// Empty; its role comes with settling.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, InstanceProfile>) -> Result<(), CloudError> {
    let request = session.iam.create_instance_profile().instance_profile_name(&wanted.node.name);
    let request = request.set_tags(Some(iam_tags(&wanted.node.tags)));
    match request.send().await.map_err(cloud("CreateInstanceProfile", wanted.label())) {
        Err(error) if error.trouble == Trouble::AlreadyExists => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())
        }
        other => other.map(|_| ()),
    }
}

/// A profile holds one role: another one makes room first.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, InstanceProfile>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let Properties::InstanceProfile(present) = &found.properties else { return Ok(()) };
    if present.role == wanted.properties.role {
        return Ok(());
    }
    if let Some(other) = &present.role {
        take_out(session, wanted.label(), &found.attributes.id, &other.to_string()).await?;
    }
    let Some(role) = &wanted.properties.role else { return Ok(()) };
    let send = || async {
        let request = session.iam.add_role_to_instance_profile().instance_profile_name(&found.attributes.id);
        request.role_name(role.to_string()).send().await.map_err(cloud("AddRoleToInstanceProfile", wanted.label()))
    };
    patiently(session, PASSING, is_unseen, send).await.map(|_| ())
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let request = session.iam.tag_instance_profile().instance_profile_name(&found.attributes.id);
    let request = request.set_tags(Some(iam_tags(&node.tags)));
    request.send().await.map_err(cloud("TagInstanceProfile", node.id.as_str()))?;
    Ok(())
}

/// IAM deletes an empty profile only.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let (label, name) = (node.id.as_str(), found.attributes.id.as_str());
    let Some(profile) = profile(session, label, name).await? else { return Ok(Deleted::Gone) };
    for role in profile.roles() {
        take_out(session, label, name, role.role_name()).await?;
    }
    let send = || async {
        let sent = session.iam.delete_instance_profile().instance_profile_name(name).send().await;
        sent.map_err(cloud("DeleteInstanceProfile", label))
    };
    gone(patiently(session, PASSING, |error| error.trouble == Trouble::InUse, send).await)?;
    Ok(Deleted::Gone)
}

async fn profile(session: &Session, label: &str, name: &str) -> Result<Option<SdkProfile>, CloudError> {
    let sent = session.iam.get_instance_profile().instance_profile_name(name).send().await;
    match sent.map_err(cloud("GetInstanceProfile", label)) {
        Err(error) if error.has_code("NoSuchEntity") => Ok(None),
        other => Ok(other?.instance_profile),
    }
}

async fn take_out(session: &Session, label: &str, name: &str, role: &str) -> Result<(), CloudError> {
    let request = session.iam.remove_role_from_instance_profile().instance_profile_name(name).role_name(role);
    gone(request.send().await.map_err(cloud("RemoveRoleFromInstanceProfile", label)))
}

/// A profile or a role just made, which IAM does not see everywhere yet (aws-behaviour 1c).
fn is_unseen(error: &CloudError) -> bool {
    let names_profile = error.message.as_deref().is_some_and(|message| message.contains("Instance Profile"));
    matches!(error.trouble, Trouble::NotFound | Trouble::InUse)
        || (error.has_code("InvalidParameterValue") && names_profile)
}
