//! A file into a bucket.

use std::path::Path;

use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, ServerSideEncryption};
use aws_smithy_types::byte_stream::ByteStream;
use sce_core::identifiers::Review;
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncSeekExt;
use tokio::task::{JoinError, JoinSet};

use super::place::accept_names;
use super::{
    Digest, IN_FLIGHT, Left, Listener, PART_BYTES, Place, Progress, SHA256_METADATA, TransferError, byte_count, file,
};
use crate::error::{CloudError, Outcome, Trouble, cloud};
use crate::session::Session;

/// What an upload made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Where it is.
    pub place: Place,
    /// Its size, in bytes.
    pub bytes: u64,
    /// The SHA-256 of the file, which the object carries as metadata.
    pub sha256: Digest,
    /// AWS's id of this version, where the bucket keeps versions.
    pub version_id: Option<String>,
    /// In how many parts it was sent.
    pub parts: u64,
}

/// The most parts that an upload can have (S3 User Guide, multipart upload limits).
const MOST_PARTS: u64 = 10_000;

/// Parts are whole mebibytes.
const MEBIBYTE: u64 = 1 << 20;

/// The largest object that this version sends: 5 TiB (S3 User Guide, multipart upload limits, as of 2023).
const LARGEST: u64 = 5 << 40;

/// Sends a file, encrypted with the KMS key of that ARN, and asks afterwards whether AWS has it so.
///
/// A file above 8 MiB goes in parts, four at a time: no more than four parts of it are in memory (8 MiB each up to 78 GiB, then
/// growing so that ten thousand suffice). It is read twice, and refused when the second reading differs from the first.
///
/// When the future is dropped its parts stay in the bucket, since nothing can be awaited any more: call [`abandon`] then. What
/// that misses goes with the bucket's lifecycle rule, or at close-out.
///
/// # Errors
/// When a name is bad or looks like PHI (nothing is sent), the file cannot be read or changes, AWS fails, or what it stored is
/// not what was sent. Parts are deleted before an error is returned; the error says what is left.
pub async fn put(
    session: &Session,
    source: &Path,
    place: &Place,
    kms_key_arn: &str,
    names: &Review<'_>,
    progress: Listener<'_>,
) -> Result<Stored, TransferError> {
    accept_names(source, place, names)?;
    let (mut file, bytes) = open(source).await?;
    let put = Put { session, source, place, kms_key_arn, bytes, progress };
    if bytes <= PART_BYTES { put.in_one(&mut file).await } else { put.in_parts(&mut file).await }
}

/// Deletes what unfinished uploads of this object left, and says how many uploads those were.
///
/// For use after [`put`] was dropped. It would also end another process's upload of the same object.
///
/// # Errors
/// What AWS says.
pub async fn abandon(session: &Session, place: &Place) -> Result<usize, TransferError> {
    let mut abandoned = 0;
    for upload_id in unfinished(session, place).await? {
        let left = give_up(session, place, &upload_id).await;
        if left == Left::Nothing {
            abandoned += 1;
        } else {
            let source = CloudError::plain("AbortMultipartUpload", &place.to_string(), Trouble::InUse, "parts remain");
            return Err(TransferError::Upload { left, source: Box::new(source) });
        }
    }
    Ok(abandoned)
}

struct Put<'a> {
    session: &'a Session,
    source: &'a Path,
    place: &'a Place,
    kms_key_arn: &'a str,
    bytes: u64,
    progress: Listener<'a>,
}

impl Put<'_> {
    /// What is hashed is what is sent, so one reading is enough.
    async fn in_one(&self, file: &mut File) -> Result<Stored, TransferError> {
        let mut hasher = Sha256::new();
        let content = file::read_part(file, PART_BYTES + 1, &mut hasher).await;
        let content = content.map_err(TransferError::file(self.source, "read"))?;
        if content.len() as u64 != self.bytes {
            return Err(TransferError::FileChanged { path: self.source.to_owned(), left: Left::Nothing });
        }
        let sha256 = Digest::from_hasher(hasher);
        (self.progress)(Progress::Sending { done: 0, total: self.bytes });
        let request = self.session.s3.put_object().bucket(&self.place.bucket).key(&self.place.key);
        let request = request.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(self.kms_key_arn);
        let request = request.checksum_algorithm(ChecksumAlgorithm::Sha256);
        let request = request.metadata(SHA256_METADATA, sha256.to_string()).body(ByteStream::from(content));
        let answer = request.send().await.map_err(cloud("PutObject", &self.place.to_string())).map_err(|error| {
            let left = match error.outcome() {
                Outcome::NotDone => Left::Nothing,
                Outcome::Unknown => Left::PerhapsObject(self.place.clone()),
            };
            TransferError::Upload { left, source: Box::new(error) }
        })?;
        (self.progress)(Progress::Sending { done: self.bytes, total: self.bytes });
        self.confirm(sha256, answer.version_id(), 1).await
    }

    async fn in_parts(&self, file: &mut File) -> Result<Stored, TransferError> {
        let tell = |done| (self.progress)(Progress::Hashing { done, total: self.bytes });
        let (sha256, read) = file::digest(file, tell).await.map_err(TransferError::file(self.source, "read"))?;
        file.rewind().await.map_err(TransferError::file(self.source, "read"))?;
        if read != self.bytes {
            return Err(TransferError::FileChanged { path: self.source.to_owned(), left: Left::Nothing });
        }
        let upload_id = self.begin(sha256).await?;
        // On failure all parts must have landed or stopped before they are deleted: one that lands later would stay.
        let mut flying = JoinSet::new();
        let sent = self.send_parts(file, sha256, &upload_id, &mut flying).await;
        flying.shutdown().await;
        let sent = match sent {
            Ok(parts) => self.complete(parts, &upload_id).await.map_err(Failure::Complete),
            Err(failure) => Err(failure),
        };
        match sent {
            Ok(version_id) => self.confirm(sha256, version_id.as_deref(), part_count(self.bytes)).await,
            Err(failure) => self.after(failure, sha256, &upload_id).await,
        }
    }

    async fn begin(&self, sha256: Digest) -> Result<String, TransferError> {
        let request = self.session.s3.create_multipart_upload().bucket(&self.place.bucket).key(&self.place.key);
        let request = request.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(self.kms_key_arn);
        let request = request.checksum_algorithm(ChecksumAlgorithm::Sha256);
        let request = request.metadata(SHA256_METADATA, sha256.to_string());
        let answer = request.send().await.map_err(cloud("CreateMultipartUpload", &self.place.to_string()))?;
        let unreadable = || CloudError::unreadable("CreateMultipartUpload", &self.place.to_string(), "no upload id");
        Ok(answer.upload_id().ok_or_else(unreadable)?.to_owned())
    }

    async fn send_parts(
        &self,
        file: &mut File,
        expected: Digest,
        upload_id: &str,
        flying: &mut Flying,
    ) -> Result<Vec<CompletedPart>, Failure> {
        let mut landed = Landed { parts: Vec::new(), done: 0, put: self };
        let mut hasher = Sha256::new();
        let mut left = self.bytes;
        for number in 1.. {
            if left == 0 {
                break;
            }
            if flying.len() == IN_FLIGHT {
                landed.take(flying).await?;
            }
            let length = left.min(part_bytes(self.bytes));
            let part = file::read_part(file, length, &mut hasher).await.map_err(Failure::Reading)?;
            if part.len() as u64 != length {
                return Err(Failure::Changed);
            }
            left -= length;
            flying.spawn(send_part(self.session.s3.clone(), self.place.clone(), upload_id.to_owned(), number, part));
        }
        while !flying.is_empty() {
            landed.take(flying).await?;
        }
        let more = file::read_part(file, 1, &mut hasher).await.map_err(Failure::Reading)?;
        if !more.is_empty() || Digest::from_hasher(hasher) != expected {
            return Err(Failure::Changed);
        }
        landed.parts.sort_by_key(CompletedPart::part_number);
        Ok(landed.parts)
    }

    async fn complete(&self, parts: Vec<CompletedPart>, upload_id: &str) -> Result<Option<String>, CloudError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self.session.s3.complete_multipart_upload().bucket(&self.place.bucket).key(&self.place.key);
        let request =
            request.upload_id(upload_id).multipart_upload(parts).set_mpu_object_size(i64::try_from(self.bytes).ok());
        let answer = request.send().await.map_err(cloud("CompleteMultipartUpload", &self.place.to_string()))?;
        Ok(answer.version_id().map(str::to_owned))
    }

    /// Deletes the parts, unless the object came into being all the same: an answer may be lost after the deed.
    async fn after(&self, failure: Failure, sha256: Digest, upload_id: &str) -> Result<Stored, TransferError> {
        let perhaps = match &failure {
            Failure::Complete(error) => error.outcome() == Outcome::Unknown || error.trouble == Trouble::NotFound,
            _ => false,
        };
        if perhaps && let Ok(stored) = self.confirm(sha256, None, part_count(self.bytes)).await {
            return Ok(stored);
        }
        let left = match give_up(self.session, self.place, upload_id).await {
            Left::Nothing if perhaps => Left::PerhapsObject(self.place.clone()),
            left => left,
        };
        Err(match failure {
            Failure::Reading(source) => TransferError::File { path: self.source.to_owned(), deed: "read", source },
            Failure::Changed => TransferError::FileChanged { path: self.source.to_owned(), left },
            Failure::Part(source) | Failure::Complete(source) => {
                TransferError::Upload { left, source: Box::new(source) }
            }
        })
    }

    /// Asks AWS whether it has what was sent, encrypted as asked.
    async fn confirm(&self, sha256: Digest, version_id: Option<&str>, parts: u64) -> Result<Stored, TransferError> {
        let request = self.session.s3.head_object().bucket(&self.place.bucket).key(&self.place.key);
        let request = request.set_version_id(version_id.map(str::to_owned));
        let found = request.send().await.map_err(cloud("HeadObject", &self.place.to_string()))?;
        let metadata = found.metadata().and_then(|metadata| metadata.get(SHA256_METADATA));
        let size = byte_count(found.content_length()).map(|bytes| bytes.to_string());
        let encryption = found.server_side_encryption().map(ServerSideEncryption::as_str);
        self.compare("size", &self.bytes.to_string(), size.as_deref())?;
        self.compare("metadata `sha256`", &sha256.to_string(), metadata.map(String::as_str))?;
        self.compare("encryption", ServerSideEncryption::AwsKms.as_str(), encryption)?;
        self.compare("KMS key", self.kms_key_arn, found.ssekms_key_id())?;
        let version_id = version_id.or(found.version_id()).map(str::to_owned);
        Ok(Stored { place: self.place.clone(), bytes: self.bytes, sha256, version_id, parts })
    }

    fn compare(&self, property: &'static str, expected: &str, found: Option<&str>) -> Result<(), TransferError> {
        if found == Some(expected) {
            return Ok(());
        }
        let (expected, found) = (expected.to_owned(), found.unwrap_or("none").to_owned());
        Err(TransferError::StoredOtherwise { place: self.place.clone(), property, expected, found })
    }
}

type Flying = JoinSet<Result<(CompletedPart, u64), CloudError>>;

/// Why an upload stopped once it had begun.
enum Failure {
    Reading(std::io::Error),
    Changed,
    Part(CloudError),
    Complete(CloudError),
}

struct Landed<'a, 'b> {
    parts: Vec<CompletedPart>,
    done: u64,
    put: &'a Put<'b>,
}

impl Landed<'_, '_> {
    async fn take(&mut self, flying: &mut Flying) -> Result<(), Failure> {
        let stopped = |error: JoinError| {
            CloudError::plain("UploadPart", &self.put.place.to_string(), Trouble::NoAnswer, error.to_string())
        };
        let Some(landed) = flying.join_next().await else { return Ok(()) };
        let (part, bytes) = landed.map_err(stopped).and_then(|sent| sent).map_err(Failure::Part)?;
        self.parts.push(part);
        self.done += bytes;
        (self.put.progress)(Progress::Sending { done: self.done, total: self.put.bytes });
        Ok(())
    }
}

async fn send_part(
    s3: aws_sdk_s3::Client,
    place: Place,
    upload_id: String,
    number: i32,
    content: Vec<u8>,
) -> Result<(CompletedPart, u64), CloudError> {
    let bytes = content.len() as u64;
    let request = s3.upload_part().bucket(&place.bucket).key(&place.key).upload_id(upload_id).part_number(number);
    let request = request.checksum_algorithm(ChecksumAlgorithm::Sha256).body(ByteStream::from(content));
    let answer = request.send().await.map_err(cloud("UploadPart", &place.to_string()))?;
    let part = CompletedPart::builder()
        .part_number(number)
        .set_e_tag(answer.e_tag)
        .set_checksum_sha256(answer.checksum_sha256);
    Ok((part.build(), bytes))
}

/// Deletes an upload's parts, and looks whether they are gone: one that was under way may land after the first deletion
/// (S3 API, AbortMultipartUpload).
async fn give_up(session: &Session, place: &Place, upload_id: &str) -> Left {
    const ATTEMPTS: usize = 3;
    for _ in 0..ATTEMPTS {
        let abort = session.s3.abort_multipart_upload().bucket(&place.bucket).key(&place.key).upload_id(upload_id);
        if let Err(error) = abort.send().await.map_err(cloud("AbortMultipartUpload", &place.to_string())) {
            tracing::warn!(upload_id, error = %error, "parts could not be deleted");
        }
        let parts = session.s3.list_parts().bucket(&place.bucket).key(&place.key).upload_id(upload_id);
        let parts = parts.send().await.map_err(cloud("ListParts", &place.to_string()));
        if parts.is_err_and(|error| error.trouble == Trouble::NotFound) {
            return Left::Nothing;
        }
    }
    Left::Parts { place: place.clone(), upload_id: upload_id.to_owned() }
}

/// The ids of this object's unfinished uploads. AWS lists by prefix, so other objects' are sorted out.
async fn unfinished(session: &Session, place: &Place) -> Result<Vec<String>, CloudError> {
    let mut ids = Vec::new();
    let request = session.s3.list_multipart_uploads().bucket(&place.bucket).prefix(&place.key);
    let mut page = request.clone().send().await.map_err(cloud("ListMultipartUploads", &place.to_string()))?;
    loop {
        let own = page.uploads().iter().filter(|upload| upload.key() == Some(&place.key));
        ids.extend(own.filter_map(|upload| upload.upload_id().map(str::to_owned)));
        // A key sorts before those it begins, so once the marker has left it there is no more of it.
        let more = page.is_truncated() == Some(true) && page.next_key_marker() == Some(&place.key);
        let (key, id) = (page.next_key_marker().map(str::to_owned), page.next_upload_id_marker().map(str::to_owned));
        if !more || id.is_none() || id.as_deref() == page.upload_id_marker() {
            return Ok(ids);
        }
        let next = request.clone().set_key_marker(key).set_upload_id_marker(id);
        page = next.send().await.map_err(cloud("ListMultipartUploads", &place.to_string()))?;
    }
}

async fn open(source: &Path) -> Result<(File, u64), TransferError> {
    // A pipe would block while it is opened, so what it is comes first.
    let metadata = tokio::fs::metadata(source).await.map_err(TransferError::file(source, "read"))?;
    if !metadata.is_file() {
        return Err(TransferError::NotAFile(source.to_owned()));
    }
    let file = File::open(source).await.map_err(TransferError::file(source, "read"))?;
    let bytes = file.metadata().await.map_err(TransferError::file(source, "read"))?.len();
    if bytes > LARGEST {
        return Err(TransferError::TooLarge { path: source.to_owned(), bytes });
    }
    Ok((file, bytes))
}

/// The size of each part but the last.
fn part_bytes(bytes: u64) -> u64 {
    bytes.div_ceil(MOST_PARTS).next_multiple_of(MEBIBYTE).max(PART_BYTES)
}

fn part_count(bytes: u64) -> u64 {
    bytes.div_ceil(part_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_parts_always_suffice() {
        for bytes in [PART_BYTES + 1, 40 << 20, PART_BYTES * MOST_PARTS, PART_BYTES * MOST_PARTS + 1, LARGEST] {
            let (size, count) = (part_bytes(bytes), part_count(bytes));
            assert!(count <= MOST_PARTS && (PART_BYTES..=5 << 30).contains(&size), "{bytes}: {count} of {size}");
            assert!((count - 1) * size < bytes && count * size >= bytes, "{bytes}: {count} of {size}");
        }
        assert_eq!(part_bytes(PART_BYTES * MOST_PARTS), PART_BYTES);
        assert_eq!(part_bytes(PART_BYTES * MOST_PARTS + 1), PART_BYTES + MEBIBYTE);
    }

    #[tokio::test]
    async fn folders_and_missing_files_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let error = open(folder.path()).await.unwrap_err();
        assert!(matches!(error, TransferError::NotAFile(_)), "{error}");
        let error = open(&folder.path().join("none")).await.unwrap_err();
        assert_eq!(error.help().as_deref(), Some("check the path"));
    }

    #[tokio::test]
    async fn a_part_is_hashed_as_it_is_read() {
        let content: Vec<u8> = (0..3 * MEBIBYTE + 7).map(|i| (i % 251) as u8).collect();
        let mut source = &content[..];
        let mut hasher = Sha256::new();
        let first = file::read_part(&mut source, 2 * MEBIBYTE + 1, &mut hasher).await.unwrap();
        let second = file::read_part(&mut source, 8 * MEBIBYTE, &mut hasher).await.unwrap();
        assert_eq!([first, second].concat(), content);
        assert_eq!(Digest::from_hasher(hasher), Digest::of(&content));
    }
}
