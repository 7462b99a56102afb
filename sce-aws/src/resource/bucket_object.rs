//! Objects that configure something.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ObjectVersion, ServerSideEncryption, Tag, Tagging};
use sce_core::aws::resource::{BucketObject, Difference, Properties};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::{PASSING, gone};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently};
use crate::session::Session;

/// More than any configuration has; what is larger is not ours, and is read no further.
const LARGEST: usize = 1 << 20;

/// Finds the object by its key.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, BucketObject>) -> Result<Option<Found>, CloudError> {
    match read(session, wanted).await {
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// With its tags, its encryption and its SHA-256, which S3 compares with what came. Sent twice it is the same object.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, BucketObject>) -> Result<(), CloudError> {
    put(session, wanted, &wanted.node.tags).await
}

/// Written anew; the bucket keeps the older version for as long as it keeps any.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, BucketObject>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let mut tags = found.tags.clone();
    tags.extend(wanted.node.tags.clone());
    put(session, wanted, &tags).await
}

/// S3 replaces the whole set, so tags of others are sent along.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let Properties::BucketObject(object) = &found.properties else { return Ok(()) };
    let mut tags = found.tags.clone();
    tags.extend(node.tags.clone());
    let tags = tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect();
    let tagging = Tagging::builder().set_tag_set(Some(tags)).build().expect("a set of tags is given");
    let request = session.s3.put_object_tagging().bucket(object.bucket.to_string()).key(&object.key);
    request.tagging(tagging).send().await.map_err(cloud("PutObjectTagging", node.id.as_str()))?;
    Ok(())
}

/// Every version of it: a marker would only hide it.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let Properties::BucketObject(object) = &found.properties else { return Ok(Deleted::Gone) };
    let (label, bucket) = (node.id.as_str(), object.bucket.to_string());
    for version in versions(session, label, &bucket, &object.key).await? {
        let request = session.s3.delete_object().bucket(&bucket).key(&object.key).set_version_id(version);
        gone(request.send().await.map_err(cloud("DeleteObject", label)))?;
    }
    Ok(Deleted::Gone)
}

async fn put(session: &Session, wanted: &Wanted<'_, BucketObject>, tags: &Tags) -> Result<(), CloudError> {
    let object = wanted.properties;
    let send = || async {
        let request = session.s3.put_object().bucket(object.bucket.to_string()).key(&object.key);
        let request = request.checksum_algorithm(ChecksumAlgorithm::Sha256).tagging(query(tags));
        let request = match &object.encryption_key {
            Some(key) => request.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(key.to_string()),
            None => request.server_side_encryption(ServerSideEncryption::Aes256),
        };
        let request = request.body(ByteStream::from(object.content.clone().into_bytes()));
        request.send().await.map_err(cloud("PutObject", wanted.label()))
    };
    // The bucket may be too fresh to be seen.
    patiently(session, PASSING, |error| error.trouble == Trouble::NotFound, send).await.map(|_| ())
}

async fn read(session: &Session, wanted: &Wanted<'_, BucketObject>) -> Result<Found, CloudError> {
    let (label, bucket, key) = (wanted.label(), wanted.properties.bucket.to_string(), &wanted.properties.key);
    let sent = session.s3.get_object().bucket(&bucket).key(key).send().await;
    let answer = sent.map_err(cloud("GetObject", label))?;
    let encryption_key = match answer.server_side_encryption() {
        Some(ServerSideEncryption::AwsKms) => answer.ssekms_key_id().map(str::parse).transpose(),
        _ => Ok(None),
    };
    let encryption_key = encryption_key
        .map_err(|error| CloudError::unreadable("GetObject", label, format!("its key: {error}")))?
        .map(Value::Known);
    let content = content(label, answer).await?;
    let sent = session.s3.get_object_tagging().bucket(&bucket).key(key).send().await;
    let tags = sent.map_err(cloud("GetObjectTagging", label))?.tag_set;
    let properties = BucketObject { bucket: Value::Known(bucket), key: key.clone(), content, encryption_key };
    let tags = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    Ok(Found { attributes: Attributes::id(wanted.node.name.clone()), properties: properties.into(), tags })
}

/// What it says, up to more than a plan ever says.
async fn content(label: &str, mut answer: GetObjectOutput) -> Result<String, CloudError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.body.next().await {
        let chunk = chunk.map_err(|error| {
            CloudError::plain("GetObject", label, Trouble::NoAnswer, format!("its content broke off: {error}"))
        })?;
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST {
            bytes.truncate(LARGEST);
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The ids of every version and every marker of exactly this key.
async fn versions(session: &Session, label: &str, bucket: &str, key: &str) -> Result<Vec<Option<String>>, CloudError> {
    let mut ids = Vec::new();
    let (mut key_marker, mut version_marker) = (None, None);
    loop {
        let request = session.s3.list_object_versions().bucket(bucket).prefix(key);
        let request = request.set_key_marker(key_marker).set_version_id_marker(version_marker);
        let answer = match request.send().await.map_err(cloud("ListObjectVersions", label)) {
            Err(error) if error.trouble == Trouble::NotFound => return Ok(ids),
            other => other?,
        };
        let same = |version: &&ObjectVersion| version.key() == Some(key);
        ids.extend(answer.versions().iter().filter(same).map(|version| version.version_id().map(str::to_owned)));
        let markers = answer.delete_markers().iter().filter(|marker| marker.key() == Some(key));
        ids.extend(markers.map(|marker| marker.version_id().map(str::to_owned)));
        if answer.is_truncated() != Some(true) {
            return Ok(ids);
        }
        (key_marker, version_marker) = (answer.next_key_marker, answer.next_version_id_marker);
    }
}

/// Tags as a query string, which is how S3 takes them with an object (S3 API reference, `x-amz-tagging`).
fn query(tags: &Tags) -> String {
    let pairs: Vec<String> = tags.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect();
    pairs.join("&")
}

/// Percent-encoded but for what RFC 3986 leaves alone.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_as_a_query_string() {
        let tags = [("sce:pit", "hipaa"), ("Name", "a b/c@d+é")];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        assert_eq!(query(&tags), "Name=a%20b%2Fc%40d%2B%C3%A9&sce%3Apit=hipaa");
    }
}
