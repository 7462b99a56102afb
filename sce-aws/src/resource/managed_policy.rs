//! Customer-managed IAM policies.

use aws_sdk_iam::types::PolicyVersion;
use sce_core::aws::resource::{Difference, ManagedPolicy};
use sce_core::plan::Node;

use super::role::{PASSING, document, from_iam_tags, gone, iam_tags, unless_own_work};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently};
use crate::session::Session;

/// How many versions IAM keeps of a policy (IAM guide, "Versioning IAM policies").
const VERSIONS: usize = 5;

/// Finds the policy by its ARN, which its name tells. One that goes while it is read is gone.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, ManagedPolicy>) -> Result<Option<Found>, CloudError> {
    match read(session, wanted.node).await {
        Err(error) if error.has_code("NoSuchEntity") => Ok(None),
        other => other.map(Some),
    }
}

/// The document's grants are not checked against anything that must exist.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, ManagedPolicy>) -> Result<(), CloudError> {
    let request = session.iam.create_policy().policy_name(&wanted.node.name);
    let request = request.policy_document(wanted.properties.document.to_json());
    let request = request.set_tags(Some(iam_tags(&wanted.node.tags)));
    match request.send().await.map_err(cloud("CreatePolicy", wanted.label())) {
        Err(error) if error.trouble == Trouble::AlreadyExists => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())
        }
        other => other.map(|_| ()),
    }
}

/// A changed document is a new version, for which the oldest makes room.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, ManagedPolicy>,
    found: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    if differences.is_empty() {
        return Ok(());
    }
    let arn = found.attributes.id.as_str();
    let versions = versions(session, wanted.label(), arn).await?;
    if versions.len() >= VERSIONS
        && let Some(oldest) = oldest(&versions)
    {
        delete_version(session, wanted.label(), arn, oldest).await?;
    }
    let request = session.iam.create_policy_version().policy_arn(arn).set_as_default(true);
    let request = request.policy_document(wanted.properties.document.to_json());
    request.send().await.map_err(cloud("CreatePolicyVersion", wanted.label()))?;
    Ok(())
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let request = session.iam.tag_policy().policy_arn(&found.attributes.id).set_tags(Some(iam_tags(&node.tags)));
    request.send().await.map_err(cloud("TagPolicy", node.id.as_str()))?;
    Ok(())
}

/// IAM deletes a policy only without other versions, and attached to nothing.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    gone(delete_with_versions(session, node.id.as_str(), &found.attributes.id).await)?;
    Ok(Deleted::Gone)
}

async fn read(session: &Session, node: &Node) -> Result<Found, CloudError> {
    let label = node.id.as_str();
    let arn = format!("arn:{}:iam::{}:policy/{}", session.region().partition(), session.account(), node.name);
    let sent = session.iam.get_policy().policy_arn(&arn).send().await;
    let answer = sent.map_err(cloud("GetPolicy", label))?;
    let policy = answer.policy().ok_or_else(|| CloudError::unreadable("GetPolicy", label, "no policy"))?;
    let version = policy.default_version_id().unwrap_or_default();
    let sent = session.iam.get_policy_version().policy_arn(&arn).version_id(version).send().await;
    let answer = sent.map_err(cloud("GetPolicyVersion", label))?;
    let text = answer.policy_version().and_then(PolicyVersion::document);
    let properties = ManagedPolicy { document: document("GetPolicyVersion", label, text)? };
    let tags = from_iam_tags(policy.tags());
    Ok(Found { attributes: Attributes { id: arn.clone(), arn: Some(arn) }, properties: properties.into(), tags })
}

async fn delete_with_versions(session: &Session, label: &str, arn: &str) -> Result<(), CloudError> {
    for version in versions(session, label, arn).await?.iter().filter(|version| !version.is_default_version()) {
        delete_version(session, label, arn, version).await?;
    }
    let send = || async {
        let sent = session.iam.delete_policy().policy_arn(arn).send().await;
        sent.map_err(cloud("DeletePolicy", label))
    };
    patiently(session, PASSING, |error| error.trouble == Trouble::InUse, send).await.map(|_| ())
}

async fn versions(session: &Session, label: &str, arn: &str) -> Result<Vec<PolicyVersion>, CloudError> {
    let pages = session.iam.list_policy_versions().policy_arn(arn).into_paginator().items().send();
    pages.try_collect().await.map_err(cloud("ListPolicyVersions", label))
}

async fn delete_version(session: &Session, label: &str, arn: &str, version: &PolicyVersion) -> Result<(), CloudError> {
    let request =
        session.iam.delete_policy_version().policy_arn(arn).set_version_id(version.version_id().map(str::to_owned));
    gone(request.send().await.map_err(cloud("DeletePolicyVersion", label)))
}

/// The version of the lowest number that is not in force.
fn oldest(versions: &[PolicyVersion]) -> Option<&PolicyVersion> {
    versions.iter().filter(|version| !version.is_default_version()).min_by_key(|version| number(version))
}

/// IAM counts versions up and never uses a number again: `v1`, `v2`. What is not so named counts as the newest.
fn number(version: &PolicyVersion) -> u64 {
    let digits = version.version_id().and_then(|id| id.strip_prefix('v'));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_version_is_by_number_and_not_the_one_in_force() {
        let version = |id: &str, default| PolicyVersion::builder().version_id(id).is_default_version(default).build();
        let versions = [version("v10", false), version("v2", true), version("v9", false), version("odd", false)];
        assert_eq!(oldest(&versions).and_then(PolicyVersion::version_id), Some("v9"));
        assert!(oldest(&[version("v1", true)]).is_none());
    }
}
