//! Why an archive could not be made, read or restored.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{InvalidManifest, InvalidRecipient, Problem};
use crate::error::CloudError;

/// Why an archive was not made, or not further.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The folder holds something.
    #[error("`{}` is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// Encryption was asked for, but for nobody.
    #[error("no recipient is named who could decrypt the archive")]
    NoRecipients,
    /// A recipient is not one.
    #[error(transparent)]
    Recipient(#[from] InvalidRecipient),
    /// A document's name is not one that an archive takes.
    #[error("`{0}` is no name for a document of an archive")]
    DocumentName(String),
    /// Two documents have one name.
    #[error("the archive has a document `{0}` already")]
    DocumentExists(String),
    /// The disk or the encryption failed.
    #[error("`{}` could not be written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// An object did not come as it was listed.
    #[error("`{object}` came with {found} bytes instead of {expected}")]
    Size {
        /// The object, with its version.
        object: String,
        /// Bytes, as listed.
        expected: u64,
        /// Bytes that came.
        found: u64,
    },
    /// AWS refused or failed.
    #[error(transparent)]
    Cloud(Box<CloudError>),
}

/// Why an archive could not be verified at all. What is wrong inside is told by the report.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// There is no such folder.
    #[error("`{}` is not a folder", .0.display())]
    NoFolder(PathBuf),
    /// The folder has no manifest.
    #[error("`{}` has no `manifest.json`", .0.display())]
    NoManifest(PathBuf),
    /// The manifest is not one.
    #[error("the manifest of `{}` is not one that this version reads", path.display())]
    Manifest {
        /// The archive.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<InvalidManifest>,
    },
    /// A file or folder of the archive could not be read.
    #[error("`{}` could not be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The archive was encrypted for others.
    #[error("the identity opens nothing in the archive")]
    WrongIdentity {
        /// For whom it was encrypted.
        recipients: Vec<String>,
    },
}

/// Why an archive was not restored, or not further. What was restored until then is whole and stays.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(#[from] VerifyError),
    /// The archive is encrypted and no identity is given.
    #[error("the archive is encrypted")]
    NeedsIdentity {
        /// For whom it was encrypted.
        recipients: Vec<String>,
    },
    /// The target folder holds something.
    #[error("`{}` is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// A key would be restored outside the target.
    #[error("the key `{}` of `{file}` would leave the folder", key.escape_debug())]
    UnsafeKey {
        /// The archive's file.
        file: String,
        /// The key.
        key: String,
    },
    /// Something in the archive is not as its manifest says.
    #[error("the archive is damaged: {0}")]
    Damaged(Problem),
    /// A file could not be written.
    #[error("`{}` could not be written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl ArchiveError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::NotEmpty(_) => "name a new or empty folder: an archive never overwrites anything",
            Self::NoRecipients => "name a recipient (`age1…`), such as that of a new identity",
            Self::Recipient(error) => return error.help(),
            Self::DocumentName(_) => {
                "use lower-case letters, digits, `.`, `_` and `-`, beginning with a letter, up to 100"
            }
            Self::DocumentExists(_) => "give each document its own name",
            Self::File { source, .. } => return help_with_file(source),
            Self::Size { .. } => "stop whatever writes to the bucket, and make the archive again",
            Self::Cloud(error) => return error.help().map(str::to_owned),
        };
        Some(help.to_owned())
    }

    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

impl From<CloudError> for ArchiveError {
    fn from(error: CloudError) -> Self {
        Self::Cloud(Box::new(error))
    }
}

impl VerifyError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoFolder(_) => Some("name the folder that close-out made".to_owned()),
            Self::NoManifest(_) => Some(
                "it is no archive, or one that was never finished: close-out deletes nothing before that".to_owned(),
            ),
            Self::Manifest { source, .. } => source.help(),
            Self::File { source, .. } => help_with_file(source),
            Self::WrongIdentity { recipients } => Some(format!("it was encrypted for {}", recipients.join(", "))),
        }
    }

    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

impl RestoreError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Archive(error) => error.help(),
            Self::NeedsIdentity { recipients } => Some(format!("give the identity of {}", recipients.join(" or "))),
            Self::NotEmpty(_) => Some("name a new or empty folder: restoring never overwrites anything".to_owned()),
            Self::UnsafeKey { file, .. } => Some(format!(
                "`age --decrypt -i IDENTITY {file}` decrypts that object alone; restore the rest without it from a copy"
            )),
            Self::Damaged(_) => {
                Some("verify the archive to see all that is wrong, and take another copy of it".to_owned())
            }
            Self::File { source, .. } => help_with_file(source),
        }
    }

    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
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
