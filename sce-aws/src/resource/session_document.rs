//! Session documents of Systems Manager: how a session runs, and where it is recorded.

use aws_sdk_ssm::types::{DocumentFormat, DocumentType, ResourceTypeForTagging, Tag};
use sce_core::aws::resource::{Difference, SessionDocument};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use serde_json::{Value as Json, json};

use super::role::{gone, unless_own_work};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, poll};
use crate::session::Session;

/// The version that is in force.
const IN_FORCE: &str = "$DEFAULT";

/// Finds the document by its name; the version in force is what counts.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, SessionDocument>) -> Result<Option<Found>, CloudError> {
    let name = wanted.node.name.as_str();
    let Some(content) = content(session, wanted.label(), name, IN_FORCE).await? else { return Ok(None) };
    let properties = read(session, &content);
    let Some(tags) = tags_of(session, wanted.label(), name).await? else { return Ok(None) };
    Ok(Some(Found { attributes: Attributes::id(name), properties: properties.into(), tags }))
}

/// AWS refuses a second one of the name, so what is there may be this call's own work.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, SessionDocument>) -> Result<(), CloudError> {
    let request = session.ssm.create_document().name(&wanted.node.name).content(written(wanted.properties));
    let request = request.document_type(DocumentType::Session).document_format(DocumentFormat::Json);
    let request = request.set_tags(Some(ssm_tags(&wanted.node.tags)));
    match request.send().await.map_err(cloud("CreateDocument", wanted.label())) {
        Err(error) if error.trouble == Trouble::AlreadyExists => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())
        }
        other => other.map(|_| ()),
    }
}

/// A new version, put in force. AWS keeps no version twice: one that says the same already is put in force again.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, SessionDocument>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let (label, name) = (wanted.label(), found.attributes.id.as_str());
    let request = session.ssm.update_document().name(name).content(written(wanted.properties));
    let request = request.document_version("$LATEST").document_format(DocumentFormat::Json);
    let version = match request.send().await.map_err(cloud("UpdateDocument", label)) {
        Err(error) if error.has_code("DuplicateDocumentContent") => {
            as_planned(session, wanted, name).await?.ok_or(error)?
        }
        other => {
            let version = other?.document_description.and_then(|document| document.document_version);
            version.ok_or_else(|| CloudError::unreadable("UpdateDocument", label, "no version"))?
        }
    };
    let request = session.ssm.update_document_default_version().name(name).document_version(version);
    request.send().await.map_err(cloud("UpdateDocumentDefaultVersion", label))?;
    Ok(())
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let request = session.ssm.add_tags_to_resource().resource_type(ResourceTypeForTagging::Document);
    let request = request.resource_id(&found.attributes.id).set_tags(Some(ssm_tags(&node.tags)));
    request.send().await.map_err(cloud("AddTagsToResource", node.id.as_str()))?;
    Ok(())
}

/// With every version of it.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let (label, name) = (node.id.as_str(), found.attributes.id.as_str());
    gone(session.ssm.delete_document().name(name).send().await.map_err(cloud("DeleteDocument", label)))?;
    let is_gone = || async { Ok(content(session, label, name, IN_FORCE).await?.is_none().then_some(Deleted::Gone)) };
    let still_there = || CloudError::plain("DeleteDocument", label, Trouble::InUse, "still there after five minutes");
    poll(session, FRESH, is_gone).await?.ok_or_else(still_there)
}

/// What a version says; none when there is no such document.
async fn content(session: &Session, label: &str, name: &str, version: &str) -> Result<Option<Json>, CloudError> {
    let request = session.ssm.get_document().name(name).document_format(DocumentFormat::Json);
    // The one in force is told when no version is named.
    let request = request.set_document_version((version != IN_FORCE).then(|| version.to_owned()));
    let answer = match request.send().await.map_err(cloud("GetDocument", label)) {
        // A single version may have been deleted.
        Err(error) if error.has_code("InvalidDocument") || error.has_code("InvalidDocumentVersion") => return Ok(None),
        other => other?,
    };
    let json = serde_json::from_str(answer.content().unwrap_or_default());
    json.map(Some).map_err(|error| CloudError::unreadable("GetDocument", label, format!("its content: {error}")))
}

/// The newest version that says what is planned, if one does. Versions are counted up from 1.
async fn as_planned(
    session: &Session,
    wanted: &Wanted<'_, SessionDocument>,
    name: &str,
) -> Result<Option<String>, CloudError> {
    let sent = session.ssm.describe_document().name(name).send().await;
    let document = sent.map_err(cloud("DescribeDocument", wanted.label()))?.document;
    let latest = document.as_ref().and_then(|document| document.latest_version()).and_then(|text| text.parse().ok());
    for version in (1..=latest.unwrap_or(0_u32)).rev().map(|number| number.to_string()) {
        let content = content(session, wanted.label(), name, &version).await?;
        if content.is_some_and(|content| read(session, &content) == *wanted.properties) {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

async fn tags_of(session: &Session, label: &str, name: &str) -> Result<Option<Tags>, CloudError> {
    let request = session.ssm.list_tags_for_resource().resource_type(ResourceTypeForTagging::Document);
    let answer = match request.resource_id(name).send().await.map_err(cloud("ListTagsForResource", label)) {
        Err(error) if error.has_code("InvalidResourceId") => return Ok(None),
        other => other?,
    };
    Ok(Some(answer.tag_list().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()))
}

fn ssm_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

/// The document as Systems Manager takes it (user guide, "Session document schema").
fn written(document: &SessionDocument) -> String {
    let text = |value: Option<String>| value.unwrap_or_default();
    json!({
        "schemaVersion": "1.0",
        "description": "how sessions of this secure compute environment run",
        "sessionType": "Standard_Stream",
        "inputs": {
            "s3BucketName": "",
            "s3KeyPrefix": "",
            "s3EncryptionEnabled": true,
            "cloudWatchLogGroupName": text(document.log_group.clone()),
            "cloudWatchEncryptionEnabled": true,
            "cloudWatchStreamingEnabled": true,
            "kmsKeyId": text(document.key.as_ref().map(ToString::to_string)),
            "idleSessionTimeout": document.idle_minutes.to_string(),
            "maxSessionDuration": text(document.max_minutes.map(|minutes| minutes.to_string())),
            "runAsEnabled": document.run_as_self,
            "runAsDefaultUser": "",
            "shellProfile": { "linux": "", "windows": "" },
        },
    })
    .to_string()
}

/// What a document means, whoever wrote it.
fn read(session: &Session, content: &Json) -> SessionDocument {
    let kms = format!("arn:{}:kms:{}:{}:", session.region().partition(), session.region(), session.account());
    SessionDocument::of_content(&kms, content)
}

#[cfg(test)]
mod tests {
    use sce_core::value::Value;

    use super::*;

    const KMS: &str = "arn:aws:kms:us-west-2:111122223333:";

    fn planned() -> SessionDocument {
        SessionDocument {
            log_group: Some("hipaa_sessions_loggroup".to_owned()),
            key: Some(Value::Known(format!("{KMS}key/k").parse().unwrap())),
            idle_minutes: 15,
            max_minutes: Some(720),
            run_as_self: true,
            other: None,
        }
    }

    #[test]
    fn a_document_reads_back_as_it_is_written() {
        let json: Json = serde_json::from_str(&written(&planned())).unwrap();
        assert_eq!(SessionDocument::of_content(KMS, &json), planned());
    }

    #[test]
    fn numbers_ids_and_missing_words_mean_what_aws_takes_them_for() {
        let json = json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {
            "cloudWatchLogGroupName": "hipaa_sessions_loggroup", "kmsKeyId": "k", "idleSessionTimeout": 15,
            "maxSessionDuration": "720", "runAsEnabled": true}});
        assert_eq!(SessionDocument::of_content(KMS, &json), planned());
        let empty = json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {}});
        let expected = SessionDocument {
            log_group: None,
            key: None,
            idle_minutes: 20,
            max_minutes: None,
            run_as_self: false,
            other: None,
        };
        assert_eq!(SessionDocument::of_content(KMS, &empty), expected);
    }

    #[test]
    fn what_no_plan_says_is_told() {
        let mut json: Json = serde_json::from_str(&written(&planned())).unwrap();
        json["inputs"]["runAsDefaultUser"] = "root".into();
        json["inputs"]["cloudWatchEncryptionEnabled"] = false.into();
        let other = SessionDocument::of_content(KMS, &json).other.unwrap();
        assert_eq!(other, "records in clear; lets whoever has no account work as `root`");
    }
}
