//! Why a transfer failed, and what it left behind.

use std::fmt;
use std::io;
use std::path::PathBuf;

use sce_core::identifiers::Suspicion;
use thiserror::Error;

use super::{Digest, InvalidKey, Named, Place};
use crate::error::CloudError;

/// Why nothing was moved.
#[derive(Debug, Error)]
pub enum TransferError {
    /// The key is not one that may be used.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// A name looks like Protected Health Information. Nothing was sent.
    #[error("the {named} may identify a person: {}", listed(suspicions))]
    Identifying {
        /// Which name.
        named: Named,
        /// What it looks like: kinds and shapes, never the text.
        suspicions: Vec<Suspicion>,
    },
    /// A file could not be read, written, renamed or made.
    #[error("`{}` could not be {deed}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was to be done with it.
        deed: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A folder, a device or a pipe.
    #[error("`{}` is not a file", .0.display())]
    NotAFile(PathBuf),
    /// More than one object of this version's uploads can hold.
    #[error("`{}` has {bytes} bytes, more than the 5 TiB that can be sent", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size, in bytes.
        bytes: u64,
    },
    /// The file was written to while it was read.
    #[error("`{}` changed while it was sent; {left}", path.display())]
    FileChanged {
        /// The file.
        path: PathBuf,
        /// What is left in the bucket.
        left: Left,
    },
    /// A part did not arrive, or the parts could not be put together.
    #[error("the upload failed; {left}")]
    Upload {
        /// What is left in the bucket.
        left: Left,
        /// What went wrong.
        #[source]
        source: Box<CloudError>,
    },
    /// What is stored is not what was sent. The object is there.
    #[error("`{place}` is stored with {property} `{found}` instead of `{expected}`")]
    StoredOtherwise {
        /// The object.
        place: Place,
        /// Which property differs.
        property: &'static str,
        /// What was sent.
        expected: String,
        /// What AWS says it has.
        found: String,
    },
    /// There is a file already.
    #[error("`{}` exists", .0.display())]
    TargetExists(PathBuf),
    /// Another transfer writes there, or one that was killed did.
    #[error("`{}` of another transfer is in the way", .0.display())]
    PartialExists(PathBuf),
    /// The object was replaced while it was fetched.
    #[error("`{0}` changed while it was fetched")]
    ObjectChanged(Place),
    /// The object is not what was once put there.
    #[error("`{place}` has SHA-256 {found}, but {expected} was put there")]
    Differs {
        /// The object.
        place: Place,
        /// The digest stored with it.
        expected: Digest,
        /// The digest of what came.
        found: Digest,
    },
    /// AWS refused or failed.
    #[error(transparent)]
    Cloud(Box<CloudError>),
}

/// What a failed upload left in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// Parts of an upload, which cost storage until they are deleted.
    Parts {
        /// The object they were for.
        place: Place,
        /// AWS's id of the upload.
        upload_id: String,
    },
    /// Nobody knows whether the object was made.
    PerhapsObject(Place),
}

impl TransferError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Key(error) => return error.help(),
            Self::Identifying { suspicions, .. } => return suspicions.iter().find_map(Suspicion::help),
            Self::Cloud(error) => return error.help().map(str::to_owned),
            Self::Upload { left, source } => return left.help().or_else(|| source.help().map(str::to_owned)),
            Self::FileChanged { left, .. } => {
                return left.help().or_else(|| Some("wait until nothing writes to it, and send it again".to_owned()));
            }
            Self::File { source, .. } => return help_with_file(source),
            Self::NotAFile(_) => "name a regular file; a folder is sent file by file",
            Self::TooLarge { .. } => "split the file",
            Self::StoredOtherwise { .. } => {
                "delete that version, and check the bucket's encryption and who else writes to it"
            }
            Self::TargetExists(_) => "choose another name, or say that it may be overwritten",
            Self::PartialExists(_) => "delete it if no other transfer is running",
            Self::ObjectChanged(_) => "fetch it again",
            Self::Differs { .. } => "fetch an earlier version, and find out in the logs who wrote to it",
        };
        Some(help.to_owned())
    }

    pub(super) fn file(path: &std::path::Path, deed: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, deed, source }
    }
}

impl From<CloudError> for TransferError {
    fn from(error: CloudError) -> Self {
        Self::Cloud(Box::new(error))
    }
}

impl Left {
    fn help(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Parts { .. } => Some(
                "they go with the bucket's lifecycle rule or at close-out; sending the file again is safe".to_owned(),
            ),
            Self::PerhapsObject(_) => Some("list the bucket to see; sending the file again is safe".to_owned()),
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing is left in the bucket"),
            Self::Parts { place, upload_id } => {
                write!(f, "parts of `{place}` are left in the bucket as upload `{upload_id}`")
            }
            Self::PerhapsObject(place) => write!(f, "whether `{place}` was made is not known"),
        }
    }
}

fn help_with_file(error: &io::Error) -> Option<String> {
    let help = match error.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied => "check who may read or write there",
        io::ErrorKind::StorageFull => "free space on the disk",
        _ => return None,
    };
    Some(help.to_owned())
}

fn listed(suspicions: &[Suspicion]) -> String {
    suspicions.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Trouble;

    #[test]
    fn a_failed_upload_says_what_it_left() {
        let place = Place { bucket: "b".to_owned(), key: "k".to_owned() };
        let source = Box::new(CloudError::plain("UploadPart", "s3://b/k", Trouble::Denied, "no"));
        let left = Left::Parts { place, upload_id: "u-1".to_owned() };
        let error = TransferError::Upload { left, source };
        assert_eq!(error.to_string(), "the upload failed; parts of `s3://b/k` are left in the bucket as upload `u-1`");
        let help = "they go with the bucket's lifecycle rule or at close-out; sending the file again is safe";
        assert_eq!(error.help().as_deref(), Some(help));
    }

    #[test]
    fn a_missing_file_is_told_with_its_path() {
        let error = TransferError::file("/x/y".as_ref(), "read")(io::Error::from(io::ErrorKind::NotFound));
        assert_eq!(error.to_string(), "`/x/y` could not be read");
        assert_eq!(error.help().as_deref(), Some("check the path"));
    }
}
