//! What remains of an environment once it is closed: every version of every object, its specification and its journal, in a folder.
//!
//! Each object is a file of its own under a number, encrypted with [age](https://age-encryption.org/v1) unless danger is asked for
//! by name. `manifest.json` says which number is which object, in clear: keys were looked at for PHI when they were put
//! ([`transfer`](crate::transfer)). It holds a SHA-256 of each content and of each file, and a chain of hashes over its own
//! entries, so that one taken out, put in or moved shows. Whoever can write the manifest can also write a new chain: its last
//! hash, the head, is to be kept elsewhere (the registry) and compared.
//!
//! Writing, reading and restoring take a memory that does not grow with the size of an object; the manifest itself is held in memory.

mod bucket;
mod error;
mod files;
mod identity;
mod manifest;
mod restore;
mod verify;
mod writer;

pub use age::secrecy::{ExposeSecret, SecretString};

pub(crate) use bucket::versions;
pub use bucket::{ArchiveProgress, BucketArchived, archive_bucket};
pub use error::{ArchiveError, RestoreError, VerifyError};
pub use identity::{Identity, IdentityError, InvalidRecipient, make_identity};
pub use manifest::{DeleteMarker, Document, Encryption, InvalidManifest, Manifest, Object};
pub use restore::{RestoreReport, Restored, restore};
pub use verify::{Fault, Problem, VerifyReport, verify};
pub use writer::{About, Dangerous, ObjectMeta, ObjectSink, Protection, Writer};

#[cfg(test)]
mod tests;
