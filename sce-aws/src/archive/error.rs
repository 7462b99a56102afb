//! Why an archive could not be made, read or restored.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{InvalidManifest, InvalidRecipient, Problem, SignerError, Unfit};
use crate::error::CloudError;

/// Why an archive was not made, or not further.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The folder holds something.
    #[error("`{}` is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// Another run is at work in the folder.
    #[error("another run is archiving into `{}`", .0.display())]
    AtWork(PathBuf),
    /// The folder holds an archive that was begun and is another environment's, or an earlier one's of that name.
    #[error("`{}` holds the unfinished archive of `{whose}`", path.display())]
    Others {
        /// The folder.
        path: PathBuf,
        /// Whose it is: account, region, PIT and life.
        whose: String,
    },
    /// The folder holds this environment's unfinished archive, and beside it what is no part of any archive.
    #[error("`{}` holds an unfinished archive and beside it `{file}`, which is no part of it", path.display())]
    Beside {
        /// The folder.
        path: PathBuf,
        /// What is no part of it.
        file: String,
    },
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
    /// The bucket or the key is not fit to hold an archive.
    #[error("`{vault}` is no place for the archive: {}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unfit {
        /// Where it should go.
        vault: String,
        /// All that does not fit.
        problems: Vec<Unfit>,
    },
    /// Something lies there already.
    #[error("something lies under `{0}` already")]
    TakenPrefix(String),
    /// S3 does not say of an object of the archive what it should.
    #[error("`{object}` was sent, and S3 says otherwise of it: {why}")]
    Unconfirmed {
        /// The object.
        object: String,
        /// What is the matter.
        why: &'static str,
    },
    /// It could not be signed.
    #[error(transparent)]
    Signer(#[from] SignerError),
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
    /// S3 refused or failed.
    #[error(transparent)]
    Cloud(Box<CloudError>),
    /// What lies there is a copy of a folder.
    #[error("`{0}` is a copy of an archive that was made in a folder")]
    CopyOfFolder(String),
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
            Self::Others { .. } => "name a new or empty folder",
            Self::AtWork(_) => "end that run, or let it finish; then run this again",
            Self::Beside { .. } => {
                "move that elsewhere, or name a new or empty folder: nothing of anybody else's is taken away"
            }
            Self::NoRecipients => "name a recipient (`age1…`), such as that of a new identity",
            Self::Recipient(error) => return error.help(),
            Self::DocumentName(_) => {
                "use lower-case letters, digits, `.`, `_` and `-`, beginning with a letter, up to 100"
            }
            Self::DocumentExists(_) => "give each document its own name",
            Self::File { source, .. } => return help_with_file(source),
            Self::Size { .. } => "stop whatever writes to the bucket, and make the archive again",
            Self::Unfit { .. } => {
                "name a bucket of this region with Object Lock, default encryption and no public access, and a key that does not go with \
                 the environment; what is another account's takes `--archive-account`"
            }
            Self::TakenPrefix(_) => {
                "name another prefix: an archive never overwrites anything, and what is locked cannot be taken away"
            }
            Self::Unconfirmed { .. } => "look at the bucket's policy and defaults, then name another prefix",
            Self::Signer(error) => return error.help(),
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
                "it is no archive, or one that was never finished: close-out deletes nothing before that, and run again it makes the \
                 archive anew in the same folder"
                    .to_owned(),
            ),
            Self::Manifest { source, .. } => source.help(),
            Self::File { source, .. } => help_with_file(source),
            Self::Cloud(error) => error.help().map(str::to_owned),
            Self::CopyOfFolder(_) => {
                Some("copy it back into a folder (`aws s3 cp --recursive`), and name that".to_owned())
            }
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
