use std::io;
use std::path::PathBuf;

use sce_core::ssh::InvalidPublicKey;
use thiserror::Error;

use super::pair::SHORTEST_PASSPHRASE;
use crate::archive::{IdentityError, InvalidRecipient};

/// Why nothing was done to a key, or not all.
#[derive(Debug, Error)]
pub enum KeyError {
    /// There is one already.
    #[error("`{}` exists", .0.display())]
    Exists(PathBuf),
    /// There is none of that name.
    #[error("there is no key of `{what}` in `{}`", folder.display())]
    Missing {
        /// What the key is for.
        what: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// A file could not be read or written.
    #[error("`{}` could not be {deed}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried, such as `read`.
        deed: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The passphrase is too short to keep anybody out.
    #[error("the passphrase has fewer than {SHORTEST_PASSPHRASE} characters")]
    ShortPassphrase,
    /// The file holds no private key of ssh.
    #[error("`{}` holds no private key in OpenSSH's format", .0.display())]
    NoPrivateKey(PathBuf),
    /// The file holds no public key.
    #[error("`{}` holds no public key", path.display())]
    NoPublicKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: InvalidPublicKey,
    },
    /// The two halves are of two keys.
    #[error("`{}` is not the public half of `{}`", public.display(), private.display())]
    Halves {
        /// The public half.
        public: PathBuf,
        /// The private half.
        private: PathBuf,
    },
    /// It is being rotated already.
    #[error("the key of `{0}` is being rotated already: the one before is still in force")]
    Rotating(String),
    /// It is not being rotated.
    #[error("the key of `{0}` is not being rotated")]
    NotRotating(String),
    /// The rotation was cut short.
    #[error("the rotation of the key of `{0}` was cut short")]
    CutShort(String),
    /// An escrow copy is for nobody.
    #[error(transparent)]
    Recipient(#[from] InvalidRecipient),
    /// The identity that shall open an escrow copy cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The escrow copy is for another identity.
    #[error("the identity does not open `{}`", .0.display())]
    OtherIdentity(PathBuf),
    /// The system gave no random numbers, or the key could not be encrypted.
    #[error("no key could be made")]
    Making(#[source] ssh_key::Error),
}

impl KeyError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Exists(_) => "a key is never overwritten: to replace it use `sce keys rotate`, or move the file away",
            Self::Missing { .. } => "make it with `sce keys make SPEC`; `sce keys ls SPEC` shows those there are",
            Self::File { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "check who may read or write there"
            }
            Self::File { .. } | Self::Making(_) => return None,
            Self::ShortPassphrase => "choose a longer one: four words that belong to nobody are easy to remember",
            Self::NoPrivateKey(_) => "name the file that `sce keys make` or `ssh-keygen` wrote",
            Self::NoPublicKey { source, .. } => source.help(),
            Self::Halves { .. } => {
                "remove the public half if it is not in use anywhere: `sce keys make` writes it anew from the private one"
            }
            Self::Rotating(_) => {
                "once a login with the new key has worked, run `sce keys rotate SPEC --key NAME --finish`"
            }
            Self::NotRotating(_) => "begin with `sce keys rotate SPEC --key NAME`",
            Self::CutShort(_) => "run `sce keys rotate SPEC --key NAME` again: it goes on from there",
            Self::Recipient(error) => return error.help(),
            Self::Identity(error) => return error.help(),
            Self::OtherIdentity(_) => "use the identity of one of those whom the copy was made for",
        };
        Some(help.to_owned())
    }
}
