//! What a bucket holds.

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::{Digest, IN_FLIGHT, Place, SHA256_METADATA, TransferError, byte_count, timestamp};
use crate::error::{CloudError, Trouble, cloud};
use crate::session::Session;

/// An object in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Its size, in bytes.
    pub bytes: u64,
    /// When it was put there.
    pub modified: Option<Timestamp>,
    /// The SHA-256 it carries, when it was asked for and there is one.
    pub sha256: Option<Digest>,
}

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Details {
    /// What a listing tells.
    Listing,
    /// The SHA-256 as well: one more request for each object.
    Digests,
}

/// Up to a thousand objects, by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The objects.
    pub entries: Vec<Entry>,
    /// Where the next page begins, if there is one.
    pub next: Option<Continuation>,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation(String);

/// The objects whose keys begin with a prefix: the first page, or the one that follows.
///
/// # Errors
/// What AWS says.
pub async fn list(
    session: &Session,
    bucket: &str,
    prefix: &str,
    details: Details,
    from: Option<&Continuation>,
) -> Result<Page, TransferError> {
    let request = session.s3.list_objects_v2().bucket(bucket).prefix(prefix);
    let request = request.set_continuation_token(from.map(|from| from.0.clone()));
    let answer = request.send().await.map_err(cloud("ListObjectsV2", bucket))?;
    let unreadable = |what| CloudError::unreadable("ListObjectsV2", bucket, what);
    let mut entries = Vec::new();
    for object in answer.contents() {
        entries.push(Entry {
            key: object.key().ok_or_else(|| unreadable("an object without a key"))?.to_owned(),
            bytes: byte_count(object.size()).ok_or_else(|| unreadable("an object without a size"))?,
            modified: timestamp(object.last_modified()),
            sha256: None,
        });
    }
    let next = answer.next_continuation_token().filter(|_| answer.is_truncated() == Some(true));
    let next = next.map(|token| Continuation(token.to_owned()));
    if next.is_some() && next.as_ref() == from {
        return Err(unreadable("the same page again").into());
    }
    if details == Details::Digests {
        add_digests(session, bucket, &mut entries).await?;
    }
    Ok(Page { entries, next })
}

async fn add_digests(session: &Session, bucket: &str, entries: &mut [Entry]) -> Result<(), CloudError> {
    let mut flying = JoinSet::new();
    let mut next = 0;
    while next < entries.len() || !flying.is_empty() {
        while next < entries.len() && flying.len() < IN_FLIGHT {
            let place = Place { bucket: bucket.to_owned(), key: entries[next].key.clone() };
            flying.spawn(digest(session.s3.clone(), place, next));
            next += 1;
        }
        if let Some(joined) = flying.join_next().await {
            let lost = |error: tokio::task::JoinError| {
                CloudError::plain("HeadObject", bucket, Trouble::NoAnswer, error.to_string())
            };
            let (at, sha256) = joined.map_err(lost).and_then(|found| found)?;
            entries[at].sha256 = sha256;
        }
    }
    Ok(())
}

/// What the object carries; none when it carries none, or was deleted since it was listed.
async fn digest(s3: aws_sdk_s3::Client, place: Place, at: usize) -> Result<(usize, Option<Digest>), CloudError> {
    let sent = s3.head_object().bucket(&place.bucket).key(&place.key).send().await;
    match sent.map_err(cloud("HeadObject", &place.to_string())) {
        Ok(found) => {
            let text = found.metadata().and_then(|metadata| metadata.get(SHA256_METADATA));
            Ok((at, text.and_then(|text| text.parse().ok())))
        }
        Err(error) if error.trouble == Trouble::NotFound => Ok((at, None)),
        Err(error) => Err(error),
    }
}
