//! Everything of a bucket into an archive.

use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::ObjectVersion;
use jiff::Timestamp;

use super::sink::{Archiver, Entry, Sink};
use super::{ArchiveError, DeleteMarker, ObjectMeta};
use crate::error::{CloudError, Trouble, cloud};
use crate::session::Session;
use crate::transfer::{Digest, Place, SHA256_METADATA, timestamp};

/// What an archive got of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BucketArchived {
    /// How many versions of objects.
    pub(crate) objects: u64,
    /// How many deletions.
    pub(crate) delete_markers: u64,
    /// How many bytes of content.
    pub(crate) bytes: u64,
    /// Objects whose content, fetched twice, is not what their own SHA-256 says. They are in the archive as they came: look into each
    /// before its bucket is deleted.
    pub(crate) differing: Vec<Place>,
}

/// Copies every version of every object of a bucket into an archive, and notes every deletion.
///
/// Nothing may write to the bucket meanwhile: what comes after its page was listed is not in the archive. A content that breaks off
/// is continued where it stopped. Asked to stop, it gives up the object it is at, of which nothing stays.
///
/// # Errors
/// When AWS or the disk fails, or an object does not come as listed. The archive holds what was copied before.
pub(crate) async fn archive_bucket(
    session: &Session,
    archiver: &mut Archiver<'_>,
    bucket: &str,
) -> Result<BucketArchived, ArchiveError> {
    let mut archived = BucketArchived::default();
    let mut markers = (None, None);
    loop {
        let page = page(session, bucket, &markers).await?;
        for marker in page.delete_markers() {
            let unnamed = || CloudError::unreadable("ListObjectVersions", bucket, "a deletion without a key");
            archiver.add_delete_marker(DeleteMarker {
                bucket: bucket.to_owned(),
                key: marker.key().ok_or_else(unnamed)?.to_owned(),
                version_id: marker.version_id().map(str::to_owned),
                latest: marker.is_latest() == Some(true),
                last_modified: timestamp(marker.last_modified()),
            });
            archived.delete_markers += 1;
        }
        for version in page.versions() {
            let version = Version::read(bucket, version)?;
            // A page begins after its markers; one that begins with them would put an object into the archive twice.
            if markers == version.markers() {
                continue;
            }
            archive_version(session, archiver, version, &mut archived).await?;
        }
        match after(&page, bucket, &markers)? {
            Some(next) => markers = next,
            None => return Ok(archived),
        }
    }
}

/// A version of an object, as listed.
pub(crate) struct Listed {
    pub(crate) key: String,
    pub(crate) version_id: Option<String>,
    pub(crate) last_modified: Option<Timestamp>,
}

/// Every version of every object that a bucket holds, deletions aside.
pub(crate) async fn versions(session: &Session, bucket: &str) -> Result<Vec<Listed>, CloudError> {
    let (mut all, mut markers) = (Vec::new(), (None, None));
    loop {
        let page = page(session, bucket, &markers).await?;
        all.extend(page.versions().iter().filter_map(|version| {
            Some(Listed {
                key: version.key()?.to_owned(),
                version_id: version.version_id().map(str::to_owned),
                last_modified: timestamp(version.last_modified()),
            })
        }));
        match after(&page, bucket, &markers)? {
            Some(next) => markers = next,
            None => return Ok(all),
        }
    }
}

type Markers = (Option<String>, Option<String>);

/// Where the page after this one begins; none after the last.
fn after(page: &ListObjectVersionsOutput, bucket: &str, markers: &Markers) -> Result<Option<Markers>, CloudError> {
    if page.is_truncated() != Some(true) {
        return Ok(None);
    }
    let next = (page.next_key_marker.clone(), page.next_version_id_marker.clone());
    if next.0.is_none() || next == *markers {
        return Err(CloudError::unreadable("ListObjectVersions", bucket, "the same page again"));
    }
    Ok(Some(next))
}

async fn page(session: &Session, bucket: &str, markers: &Markers) -> Result<ListObjectVersionsOutput, CloudError> {
    let request = session.s3.list_object_versions().bucket(bucket);
    let request = request.set_key_marker(markers.0.clone()).set_version_id_marker(markers.1.clone());
    request.send().await.map_err(cloud("ListObjectVersions", bucket))
}

/// A version as listed.
struct Version {
    meta: ObjectMeta,
    bytes: u64,
    etag: Option<String>,
}

impl Version {
    fn read(bucket: &str, version: &ObjectVersion) -> Result<Self, CloudError> {
        let unreadable = |what| CloudError::unreadable("ListObjectVersions", bucket, what);
        let meta = ObjectMeta {
            bucket: bucket.to_owned(),
            key: version.key().ok_or_else(|| unreadable("a version without a key"))?.to_owned(),
            version_id: version.version_id().map(str::to_owned),
            latest: version.is_latest() == Some(true),
            last_modified: timestamp(version.last_modified()),
        };
        let bytes = version.size().and_then(|size| u64::try_from(size).ok());
        let bytes = bytes.ok_or_else(|| unreadable("a version without a size"))?;
        Ok(Self { meta, bytes, etag: version.e_tag().map(str::to_owned) })
    }

    fn place(&self) -> Place {
        Place { bucket: self.meta.bucket.clone(), key: self.meta.key.clone() }
    }

    fn markers(&self) -> Markers {
        (Some(self.meta.key.clone()), self.meta.version_id.clone())
    }

    fn name(&self) -> String {
        match &self.meta.version_id {
            Some(version) => format!("{}@{version}", self.place()),
            None => self.place().to_string(),
        }
    }

    /// The content from an offset on, of this very version.
    async fn content(&self, session: &Session, from: u64) -> Result<GetObjectOutput, CloudError> {
        let request = session.s3.get_object().bucket(&self.meta.bucket).key(&self.meta.key);
        let request = request.set_version_id(self.meta.version_id.clone()).set_if_match(self.etag.clone());
        let request = request.set_range((from > 0).then(|| format!("bytes={from}-")));
        let answer = request.send().await.map_err(cloud("GetObject", &self.name()))?;
        let prefix = format!("bytes {from}-");
        if from > 0 && !answer.content_range().is_some_and(|range| range.starts_with(&prefix)) {
            return Err(CloudError::unreadable("GetObject", &self.name(), "another range than was asked for"));
        }
        Ok(answer)
    }
}

async fn archive_version(
    session: &Session,
    archiver: &mut Archiver<'_>,
    version: Version,
    archived: &mut BucketArchived,
) -> Result<(), ArchiveError> {
    session.interrupt.go_on(&version.meta.bucket)?;
    let (entry, bytes) = (Entry::Object(version.meta.clone()), version.bytes);
    let (mut sink, mut carried) = copied(session, &version, archiver.begin(entry.clone(), bytes)?).await?;
    if carried.is_some_and(|carried| carried != sink.digest()) {
        // The way may have altered it; what comes alike twice is stored so.
        sink.abandon().await;
        (sink, carried) = copied(session, &version, archiver.begin(entry, bytes)?).await?;
    }
    let added = sink.finish().await?;
    if carried.is_some_and(|carried| carried != added.sha256) {
        archived.differing.push(version.place());
    }
    archived.objects += 1;
    archived.bytes += added.bytes;
    Ok(())
}

/// Copies the content into a sink that is given up when that fails: nothing stays half.
async fn copied<'a, 's>(
    session: &Session,
    version: &Version,
    mut sink: Sink<'a, 's>,
) -> Result<(Sink<'a, 's>, Option<Digest>), ArchiveError> {
    match copy(session, version, &mut sink).await {
        Ok(carried) => Ok((sink, carried)),
        Err(error) => {
            sink.abandon().await;
            Err(error)
        }
    }
}

/// Copies the content, and says the SHA-256 that the object carries.
async fn copy(session: &Session, version: &Version, sink: &mut Sink<'_, '_>) -> Result<Option<Digest>, ArchiveError> {
    const ATTEMPTS: u32 = 4;
    let mut answer = version.content(session, 0).await?;
    let carried =
        answer.metadata().and_then(|metadata| metadata.get(SHA256_METADATA)).and_then(|text| text.parse().ok());
    let (mut done, mut failures) = (0, 0);
    loop {
        let before = done;
        let broken = match pour(session, &mut answer, sink, &mut done, version.bytes).await? {
            None if done == version.bytes => return Ok(carried),
            None if done > version.bytes => {
                return Err(ArchiveError::Size { object: version.name(), expected: version.bytes, found: done });
            }
            None => "it broke off".to_owned(),
            Some(broken) => broken,
        };
        failures = if done > before { 1 } else { failures + 1 };
        if failures == ATTEMPTS {
            return Err(CloudError::plain("GetObject", &version.name(), Trouble::NoAnswer, broken).into());
        }
        session.world.sleep(Duration::from_millis(200 << failures)).await;
        answer = version.content(session, done).await?;
    }
}

/// Writes what comes until it ends or breaks off, and says why it broke off.
async fn pour(
    session: &Session,
    answer: &mut GetObjectOutput,
    sink: &mut Sink<'_, '_>,
    done: &mut u64,
    expected: u64,
) -> Result<Option<String>, ArchiveError> {
    while *done <= expected {
        let chunk = match answer.body.next().await {
            None => return Ok(None),
            Some(Err(error)) => return Ok(Some(error.to_string())),
            Some(Ok(chunk)) => chunk,
        };
        // Hours may go by between two objects.
        session.interrupt.go_on("object")?;
        sink.write(&chunk).await?;
        *done += chunk.len() as u64;
    }
    Ok(None)
}
