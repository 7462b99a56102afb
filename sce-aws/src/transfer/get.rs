//! An object out of a bucket.

use std::fs;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tokio::task::{JoinError, JoinSet};

use super::{
    Digest, IN_FLIGHT, Listener, PART_BYTES, Place, Progress, SHA256_METADATA, TransferError, byte_count, file,
};
use crate::error::{CloudError, Trouble, cloud};
use crate::session::Session;

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is fetched.
    Keep,
    /// It is replaced, in one step, once the object has come whole.
    Overwrite,
}

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// How many bytes.
    pub bytes: u64,
    /// The SHA-256 of the file as written.
    pub sha256: Digest,
    /// Whether that was compared with what the object carries; an object that [`put`](super::put()) did not make carries none.
    pub verified: bool,
    /// AWS's id of the version, where the bucket keeps versions.
    pub version_id: Option<String>,
}

/// Fetches an object into a file that only its owner may read.
///
/// It is written as `TARGET.partial` beside the target, four parts of 8 MiB at a time, read again to compare its SHA-256, and renamed
/// once it is on the disk. The partial file goes when anything fails, or when the future is dropped.
///
/// # Errors
/// When the target exists, the object is not there, changes meanwhile or is not what was put there, or AWS or the disk fails.
pub async fn get(
    session: &Session,
    place: &Place,
    target: &Path,
    existing: Existing,
    progress: Listener<'_>,
) -> Result<Fetched, TransferError> {
    place.check_length()?;
    refuse_existing(target, existing)?;
    let object = look(session, place).await?;
    let partial = Partial::create(target)?;
    let mut file = File::from_std(partial.file.try_clone().map_err(TransferError::file(&partial.path, "made"))?);
    receive(session, place, &object, &mut file, &partial.path, progress).await?;
    file.sync_all().await.map_err(TransferError::file(&partial.path, "written"))?;
    let sha256 = check(&partial.path, object.bytes, progress).await?;
    if let Some(expected) = object.sha256.filter(|expected| *expected != sha256) {
        return Err(TransferError::Differs { place: place.clone(), expected, found: sha256 });
    }
    refuse_existing(target, existing)?;
    partial.rename(target)?;
    Ok(Fetched { bytes: object.bytes, sha256, verified: object.sha256.is_some(), version_id: object.version_id })
}

/// What an object says of itself.
struct Object {
    bytes: u64,
    etag: String,
    sha256: Option<Digest>,
    version_id: Option<String>,
}

async fn look(session: &Session, place: &Place) -> Result<Object, TransferError> {
    let request = session.s3.head_object().bucket(&place.bucket).key(&place.key);
    let answer = request.send().await.map_err(cloud("HeadObject", &place.to_string()))?;
    let unreadable = |what| CloudError::unreadable("HeadObject", &place.to_string(), what);
    let sha256 = answer.metadata().and_then(|metadata| metadata.get(SHA256_METADATA));
    Ok(Object {
        bytes: byte_count(answer.content_length()).ok_or_else(|| unreadable("no size"))?,
        etag: answer.e_tag().ok_or_else(|| unreadable("no ETag"))?.to_owned(),
        sha256: sha256.and_then(|text| text.parse().ok()),
        version_id: answer.version_id().map(str::to_owned),
    })
}

async fn receive(
    session: &Session,
    place: &Place,
    object: &Object,
    file: &mut File,
    path: &Path,
    progress: Listener<'_>,
) -> Result<(), TransferError> {
    let mut flying = JoinSet::new();
    let mut done = 0;
    let mut next = 0;
    while done < object.bytes {
        while next < object.bytes && flying.len() < IN_FLIGHT {
            let length = PART_BYTES.min(object.bytes - next);
            let part = Part { place: place.clone(), etag: object.etag.clone(), start: next, length };
            flying.spawn(part.fetch(session.clone()));
            next += length;
        }
        let (start, content) = landed(place, flying.join_next().await)?;
        write_at(file, start, &content).await.map_err(TransferError::file(path, "written"))?;
        done += content.len() as u64;
        progress(Progress::Receiving { done, total: object.bytes });
    }
    file.flush().await.map_err(TransferError::file(path, "written"))
}

type Fetch = Result<(u64, Vec<u8>), CloudError>;

fn landed(place: &Place, joined: Option<Result<Fetch, JoinError>>) -> Result<(u64, Vec<u8>), TransferError> {
    let lost = |why: String| CloudError::plain("GetObject", &place.to_string(), Trouble::NoAnswer, why);
    let joined = joined.unwrap_or_else(|| Ok(Err(lost("no part is under way".to_owned()))));
    match joined.unwrap_or_else(|error| Err(lost(error.to_string()))) {
        Ok(part) => Ok(part),
        Err(error) if error.has_code("PreconditionFailed") => Err(TransferError::ObjectChanged(place.clone())),
        Err(error) => Err(error.into()),
    }
}

/// A range of an object.
struct Part {
    place: Place,
    etag: String,
    start: u64,
    length: u64,
}

impl Part {
    /// The SDK repeats a request, but not an answer that breaks off in the middle.
    async fn fetch(self, session: Session) -> Fetch {
        const ATTEMPTS: u32 = 4;
        let mut attempt = 1;
        loop {
            match self.fetch_once(&session).await {
                Err(error) if error.trouble == Trouble::NoAnswer && attempt < ATTEMPTS => {
                    tracing::debug!(attempt, error = %error, "a part is fetched again");
                    session.world.sleep(std::time::Duration::from_millis(200 << attempt)).await;
                    attempt += 1;
                }
                Err(error) => return Err(error),
                Ok(content) => return Ok((self.start, content)),
            }
        }
    }

    async fn fetch_once(&self, session: &Session) -> Result<Vec<u8>, CloudError> {
        let place = self.place.to_string();
        let range = format!("bytes={}-{}", self.start, self.start + self.length - 1);
        let request = session.s3.get_object().bucket(&self.place.bucket).key(&self.place.key);
        let answer = request.range(range).if_match(&self.etag).send().await.map_err(cloud("GetObject", &place))?;
        if answer.e_tag() != Some(&self.etag) {
            return Err(CloudError::unreadable("GetObject", &place, "another ETag than was asked for"));
        }
        let prefix = format!("bytes {}-{}/", self.start, self.start + self.length - 1);
        if !answer.content_range().is_some_and(|range| range.starts_with(&prefix)) {
            return Err(CloudError::unreadable("GetObject", &place, "another range than was asked for"));
        }
        let mut body = answer.body;
        let mut content = Vec::with_capacity(usize::try_from(self.length).unwrap_or_default());
        while let Some(chunk) = body.next().await {
            let broken = |error: aws_smithy_types::byte_stream::error::Error| {
                CloudError::plain("GetObject", &place, Trouble::NoAnswer, error.to_string())
            };
            content.extend_from_slice(&chunk.map_err(broken)?);
            if content.len() as u64 > self.length {
                return Err(CloudError::unreadable("GetObject", &place, "more bytes than it announced"));
            }
        }
        if content.len() as u64 == self.length {
            Ok(content)
        } else {
            Err(CloudError::plain("GetObject", &place, Trouble::NoAnswer, "the answer broke off"))
        }
    }
}

async fn write_at(file: &mut File, start: u64, content: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(start)).await?;
    file.write_all(content).await
}

async fn check(path: &Path, total: u64, progress: Listener<'_>) -> Result<Digest, TransferError> {
    let mut file = File::open(path).await.map_err(TransferError::file(path, "read"))?;
    let tell = |done| progress(Progress::Checking { done, total });
    Ok(file::digest(&mut file, tell).await.map_err(TransferError::file(path, "read"))?.0)
}

fn refuse_existing(target: &Path, existing: Existing) -> Result<(), TransferError> {
    match (fs::symlink_metadata(target), existing) {
        // A device or a pipe is not what anybody means to replace by a file.
        (Ok(found), Existing::Overwrite) if !found.is_file() => Err(TransferError::NotAFile(target.to_owned())),
        (Ok(_), Existing::Keep) => Err(TransferError::TargetExists(target.to_owned())),
        (Ok(_), Existing::Overwrite) => Ok(()),
        (Err(error), _) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        (Err(error), _) => Err(TransferError::file(target, "made")(error)),
    }
}

/// A file that goes unless it was renamed.
#[derive(Debug)]
struct Partial {
    path: PathBuf,
    file: fs::File,
    keep: bool,
}

impl Partial {
    fn create(target: &Path) -> Result<Self, TransferError> {
        let mut path = target.as_os_str().to_owned();
        path.push(".partial");
        let path = PathBuf::from(path);
        match file::create_private(&path) {
            Ok(file) => Ok(Self { path, file, keep: false }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(TransferError::PartialExists(path)),
            Err(error) => Err(TransferError::file(&path, "made")(error)),
        }
    }

    fn rename(mut self, target: &Path) -> Result<(), TransferError> {
        fs::rename(&self.path, target).map_err(TransferError::file(target, "made"))?;
        self.keep = true;
        file::sync_folder_of(target).map_err(TransferError::file(target, "written"))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.keep
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), error = %error, "a partial file is left");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_file_goes_unless_renamed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("visits.csv");
        let partial = Partial::create(&target).unwrap();
        assert!(folder.path().join("visits.csv.partial").exists());
        let second = Partial::create(&target).unwrap_err();
        assert!(second.to_string().ends_with("visits.csv.partial` of another transfer is in the way"), "{second}");
        assert_eq!(second.help().as_deref(), Some("delete it if no other transfer is running"));
        drop(partial);
        assert!(!folder.path().join("visits.csv.partial").exists());
        Partial::create(&target).unwrap().rename(&target).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_what_was_fetched() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("visits.csv");
        Partial::create(&target).unwrap().rename(&target).unwrap();
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_existing_target_is_overwritten_only_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("visits.csv");
        assert!(refuse_existing(&target, Existing::Keep).is_ok());
        fs::write(&target, "x").unwrap();
        let error = refuse_existing(&target, Existing::Keep).unwrap_err();
        assert_eq!(error.help().as_deref(), Some("choose another name, or say that it may be overwritten"));
        assert!(refuse_existing(&target, Existing::Overwrite).is_ok());
        assert!(matches!(refuse_existing(folder.path(), Existing::Overwrite), Err(TransferError::NotAFile(_))));
    }
}
