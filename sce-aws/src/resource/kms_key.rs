//! KMS keys.

use aws_sdk_kms::types::{KeyMetadata, KeyState, Tag};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use sce_core::aws::policy::Policy;
use sce_core::aws::resource::{Difference, KmsKey};
use sce_core::pit::{TAG_ID, TAG_PIT, TAG_SCOPE, Tags};
use sce_core::plan::{Node, Scope};

use super::role::{PASSING, is_unseen_principal};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, only, patiently};
use crate::session::{Session, once};

/// Days that KMS waits before it deletes a key: the fewest it allows (KMS API reference, `ScheduleKeyDeletion`).
const WAITING_DAYS: i32 = 7;

/// How many keys are asked for their tags at once; how fast is the service's rate.
const AT_ONCE: usize = 16;

/// Finds the key behind the alias of its name, or by its tags while there is no alias. A key that awaits deletion is none.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, KmsKey>) -> Result<Option<Found>, CloudError> {
    let node = wanted.node;
    if node.is_existing() {
        // By the ARN that the lock names, in whatever state it is: what becomes of it is not ours to decide, and has to show.
        let Some(key) = described(session, node, &node.name).await? else { return Ok(None) };
        return read(session, node, &key).await.map(Some);
    }
    let key = match live(session, node, &format!("alias/{}", node.name)).await? {
        Some(key) => Some(key),
        None => tagged(session, wanted).await?,
    };
    let Some(key) = key else { return Ok(None) };
    // The key is there: if a part of it does not show yet, to say there is none would make a second.
    let read = || read(session, node, &key);
    patiently(session, PASSING, |error| error.trouble == Trouble::NotFound, read).await.map(Some)
}

/// Reads the key of that id, which was just made: nothing has to be searched for. None until it shows.
pub(crate) async fn look_at_new(session: &Session, node: &Node, id: &str) -> Result<Option<Found>, CloudError> {
    let looked = tokio::try_join!(live(session, node, id), parts(session, node, id));
    match looked {
        Ok((Some(key), parts)) => Ok(Some(found(&key, parts))),
        Ok((None, _)) => Ok(None),
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// One attempt: AWS takes no token, and a second call makes a second key, which cannot be deleted within a week. What KMS refuses
/// because it does not know a principal yet, or has no time, is not done and may be sent again. Answers the key's id: to search for
/// it takes a call for every key of the region.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, KmsKey>) -> Result<String, CloudError> {
    let send = || async {
        let request = session.kms.create_key().description(&wanted.properties.description);
        let request = request.policy(wanted.properties.policy.to_json()).set_tags(Some(kms_tags(&wanted.node.tags)));
        let request = request.customize().config_override(aws_sdk_kms::config::Builder::new().retry_config(once()));
        request.send().await.map_err(cloud("CreateKey", wanted.label()))
    };
    let passes = |error: &CloudError| is_unseen_principal(error) || error.trouble == Trouble::Throttled;
    let answer = patiently(session, PASSING, passes, send).await?;
    let id = answer.key_metadata.map(|key| key.key_id);
    id.ok_or_else(|| CloudError::unreadable("CreateKey", wanted.label(), "no key id"))
}

/// The policy first: it is what allows the rest. A disabled key takes no rotation, so enabling comes before it.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, KmsKey>,
    found: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    for field in ["policy", "enabled", "rotation", "description"] {
        if differences.iter().any(|difference| difference.field == field) {
            let passes = |error: &CloudError| error.trouble == Trouble::NotFound || is_unseen_principal(error);
            patiently(session, PASSING, passes, || change(session, wanted, &found.attributes.id, field)).await?;
        }
    }
    Ok(())
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let request = session.kms.tag_resource().key_id(&found.attributes.id).set_tags(Some(kms_tags(&node.tags)));
    request.send().await.map_err(cloud("TagResource", node.id.as_str()))?;
    Ok(())
}

/// Starts the waiting period; a key that is in it already keeps its day.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let (id, label) = (found.attributes.id.as_str(), node.id.as_str());
    let request = session.kms.schedule_key_deletion().key_id(id).pending_window_in_days(WAITING_DAYS);
    let day = match request.send().await.map_err(cloud("ScheduleKeyDeletion", label)) {
        Ok(answer) => answer.deletion_date().copied(),
        Err(error) if error.trouble == Trouble::NotFound => return Ok(Deleted::Gone),
        Err(error) if error.has_code("KMSInvalidStateException") => match described(session, node, id).await? {
            None => return Ok(Deleted::Gone),
            Some(key) if awaits_deletion(&key) => key.deletion_date().copied(),
            Some(_) => return Err(error),
        },
        Err(error) => return Err(error),
    };
    let text = day.as_ref().and_then(utc_text);
    let no_day = || CloudError::unreadable("ScheduleKeyDeletion", label, "no day of deletion");
    text.map(Deleted::Scheduled).ok_or_else(no_day)
}

async fn described(session: &Session, node: &Node, id: &str) -> Result<Option<KeyMetadata>, CloudError> {
    match session.kms.describe_key().key_id(id).send().await.map_err(cloud("DescribeKey", node.id.as_str())) {
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        other => Ok(other?.key_metadata),
    }
}

async fn live(session: &Session, node: &Node, id: &str) -> Result<Option<KeyMetadata>, CloudError> {
    Ok(described(session, node, id).await?.filter(|key| !awaits_deletion(key)))
}

fn awaits_deletion(key: &KeyMetadata) -> bool {
    matches!(key.key_state(), Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion))
}

/// Asks every key of the region for its tags, since KMS has no search. Keys of others may be closed to us and cannot be this one;
/// but when all are closed, this one may be among them.
async fn tagged(session: &Session, wanted: &Wanted<'_, KmsKey>) -> Result<Option<KeyMetadata>, CloudError> {
    let node = wanted.node;
    let listed = session.kms.list_keys().into_paginator().items().send().try_collect().await;
    let listed = listed.map_err(cloud("ListKeys", node.id.as_str()))?;
    let (mut found, mut denied, mut any_open) = (Vec::new(), None, false);
    let mut asked = Vec::new();
    for id in listed.iter().filter_map(|key| key.key_id()) {
        asked.push(async move { (id, tags_of(session, node, id).await) }.boxed());
    }
    let mut answers = stream::iter(asked).buffered(AT_ONCE);
    while let Some((id, tags)) = answers.next().await {
        match tags {
            Ok(tags) => {
                any_open = true;
                if is_of(node, &tags) {
                    found.extend(live(session, node, id).await?);
                }
            }
            Err(error) if error.trouble == Trouble::NotFound => {}
            Err(error) if error.trouble == Trouble::Denied => denied = Some(error),
            Err(error) => return Err(error),
        }
    }
    match denied {
        Some(error) if !any_open => Err(error),
        _ => only("ListKeys", wanted, found, |key| Some(key.key_id())),
    }
}

async fn tags_of(session: &Session, node: &Node, id: &str) -> Result<Tags, CloudError> {
    let tags = session.kms.list_resource_tags().key_id(id).into_paginator().items().send().try_collect().await;
    Ok(from_kms_tags(&tags.map_err(cloud("ListResourceTags", node.id.as_str()))?))
}

/// Whether the tags are of this owner, a PIT or the account, and this place.
fn is_of(node: &Node, tags: &Tags) -> bool {
    let owner = match node.scope {
        Scope::Pit => TAG_PIT,
        Scope::Account => TAG_SCOPE,
        // Found by its id, never by tags that others write.
        Scope::Existing => return false,
    };
    [owner, TAG_ID].iter().all(|key| node.tags.get(*key).is_some_and(|value| tags.get(*key) == Some(value)))
}

async fn read(session: &Session, node: &Node, key: &KeyMetadata) -> Result<Found, CloudError> {
    Ok(found(key, parts(session, node, key.key_id()).await?))
}

/// What calls of their own tell of a key.
async fn parts(session: &Session, node: &Node, id: &str) -> Result<(Policy, bool, Tags), CloudError> {
    tokio::try_join!(policy(session, node, id), rotation(session, node, id), tags_of(session, node, id))
}

fn found(key: &KeyMetadata, (policy, rotation, tags): (Policy, bool, Tags)) -> Found {
    let properties = KmsKey {
        description: key.description().unwrap_or_default().to_owned(),
        policy,
        rotation,
        enabled: key.key_state() == Some(&KeyState::Enabled),
    };
    let attributes = Attributes { id: key.key_id().to_owned(), arn: key.arn().map(str::to_owned) };
    Found { attributes, properties: properties.into(), tags }
}

async fn policy(session: &Session, node: &Node, id: &str) -> Result<Policy, CloudError> {
    let sent = session.kms.get_key_policy().key_id(id).policy_name("default").send().await;
    let answer = sent.map_err(cloud("GetKeyPolicy", node.id.as_str()))?;
    Policy::from_json(answer.policy().unwrap_or_default())
        .map_err(|error| CloudError::unreadable("GetKeyPolicy", node.id.as_str(), format!("its policy: {error}")))
}

/// A key of a kind that has no rotation is not rotated.
async fn rotation(session: &Session, node: &Node, id: &str) -> Result<bool, CloudError> {
    let sent = session.kms.get_key_rotation_status().key_id(id).send().await;
    match sent.map_err(cloud("GetKeyRotationStatus", node.id.as_str())) {
        Err(error) if error.has_code("UnsupportedOperationException") => Ok(false),
        other => Ok(other?.key_rotation_enabled()),
    }
}

/// The one call that makes this property as planned.
async fn change(session: &Session, wanted: &Wanted<'_, KmsKey>, id: &str, field: &str) -> Result<(), CloudError> {
    let (kms, planned, label) = (&session.kms, wanted.properties, wanted.label());
    match (field, planned.enabled, planned.rotation) {
        ("policy", ..) => {
            let request = kms.put_key_policy().key_id(id).policy_name("default").policy(planned.policy.to_json());
            request.send().await.map(drop).map_err(cloud("PutKeyPolicy", label))
        }
        ("enabled", true, _) => kms.enable_key().key_id(id).send().await.map(drop).map_err(cloud("EnableKey", label)),
        ("enabled", false, _) => {
            kms.disable_key().key_id(id).send().await.map(drop).map_err(cloud("DisableKey", label))
        }
        ("rotation", _, true) => {
            let sent = kms.enable_key_rotation().key_id(id).send().await;
            sent.map(drop).map_err(cloud("EnableKeyRotation", label))
        }
        ("rotation", _, false) => {
            let sent = kms.disable_key_rotation().key_id(id).send().await;
            sent.map(drop).map_err(cloud("DisableKeyRotation", label))
        }
        _ => {
            let sent = kms.update_key_description().key_id(id).description(&planned.description).send().await;
            sent.map(drop).map_err(cloud("UpdateKeyDescription", label))
        }
    }
}

/// The second, in RFC 3339's text and UTC.
fn utc_text(time: &DateTime) -> Option<String> {
    DateTime::from_secs(time.secs()).fmt(Format::DateTime).ok()
}

fn kms_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().filter_map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build().ok()).collect()
}

fn from_kms_tags(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.tag_key().to_owned(), tag.tag_value().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn node(tags: Tags) -> Node {
        let policy = Policy::new(Vec::new());
        Node {
            id: "key".parse().unwrap(),
            name: "hipaa_key".to_owned(),
            scope: Scope::Pit,
            needs: Vec::new(),
            tags,
            properties: KmsKey { description: String::new(), policy, rotation: true, enabled: true }.into(),
        }
    }

    #[test]
    fn a_key_is_found_by_pit_and_place_together() {
        let key = node(tags(&[("sce:pit", "hipaa"), ("sce:id", "key"), ("sce:node", "1")]));
        assert!(is_of(&key, &tags(&[("sce:pit", "hipaa"), ("sce:id", "key"), ("sce:node", "2"), ("team", "a")])));
        assert!(!is_of(&key, &tags(&[("sce:pit", "omop"), ("sce:id", "key")])));
        assert!(!is_of(&key, &tags(&[("sce:pit", "hipaa")])));
        assert!(!is_of(&node(Tags::new()), &Tags::new()));
    }

    #[test]
    fn tags_go_to_kms_and_back() {
        let planned = tags(&[("sce:pit", "hipaa"), ("empty", "")]);
        assert_eq!(from_kms_tags(&kms_tags(&planned)), planned);
    }

    #[test]
    fn the_day_of_deletion_is_written_in_utc() {
        let time = DateTime::from_secs_and_nanos(1_796_090_167, 664_402_000);
        assert_eq!(utc_text(&time).as_deref(), Some("2026-12-01T01:56:07Z"));
    }

    #[test]
    fn a_key_that_awaits_deletion_is_none() {
        let key = |state| KeyMetadata::builder().key_id("k").key_state(state).build().unwrap();
        assert!(awaits_deletion(&key(KeyState::PendingDeletion)));
        assert!(!awaits_deletion(&key(KeyState::Disabled)));
    }
}
