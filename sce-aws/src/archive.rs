//! What remains of an environment once it is closed: every version of every object, its specification, its logs and its journal, in a
//! folder or in a bucket outside the environment.
//!
//! Each object is a file of its own under a number, encrypted with [age](https://age-encryption.org/v1) unless danger is asked for
//! by name. `manifest.json` says which number is which object, in clear: keys were looked at for PHI when they were put
//! ([`transfer`](crate::transfer)). It holds a SHA-256 of each content and of each file, and a chain of hashes over its own
//! entries, so that one taken out, put in or moved shows. Whoever can write the manifest can also write a new chain and sign it with
//! a key of their own: its last hash, the head, and the fingerprint of the key that signed it are to be kept elsewhere (the registry,
//! the certificate) and compared.
//!
//! Writing, reading and restoring take a memory that does not grow with the size of an object; the manifest itself is held in memory.

mod bucket;
mod certificate;
mod contents;
mod error;
mod files;
mod identity;
mod logs;
mod manifest;
mod restore;
mod signature;
mod sink;
mod unfinished;
mod vault;
mod verify;
mod writer;

pub use age::secrecy::{ExposeSecret, SecretString};

pub(crate) use bucket::{Listed, archive_bucket, versions};
pub(crate) use certificate::keep_certificate;
pub use error::{ArchiveError, RestoreError, VerifyError};
pub use identity::{Identity, IdentityError, InvalidRecipient, make_identity};
pub(crate) use logs::archive_log_group;
pub use manifest::{DeleteMarker, Document, Encryption, InvalidManifest, Manifest, Object};
pub use restore::{RestoreReport, Restored, restore};
pub use signature::{InvalidSignerKey, NAMESPACE, Pin, Signer, SignerError, SignerKey};
pub use sink::Added;
pub(crate) use sink::Archiver;
pub(crate) use unfinished::{Unfinished, finished};
pub use vault::{InvalidVaultPlace, Retention, RetentionMode, Unfit, Vault, VaultPlace, restore_vault, verify_vault};
pub(crate) use vault::{Outside, vault_manifest};
pub use verify::{Fault, Problem, VerifyReport, verify};
pub use writer::{About, Dangerous, FolderSink, ObjectMeta, Protection, Writer};

/// Where an archive goes, and who can open it there.
#[derive(Clone, Debug)]
pub enum Destination {
    /// A folder that is empty or not there yet.
    Folder {
        /// Which; one where an earlier run did not finish this very archive will do as well.
        path: std::path::PathBuf,
        /// Who can open it.
        protection: Protection,
    },
    /// A bucket outside the environment.
    Vault(Vault),
}

#[cfg(test)]
mod tests;
