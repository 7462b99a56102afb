//! What an archive says it holds.

use jiff::Timestamp;
use sce_core::account::{AccountId, Region};
use sce_core::pit::Pit;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::SignerKey;
use super::files::{DOCUMENTS, OBJECTS};
use crate::transfer::Digest;

/// What an archive says it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this format.
    pub schema_version: u32,
    /// Whose environment it was.
    pub pit: Pit,
    /// The account it was in.
    pub account: AccountId,
    /// The region it was in.
    pub region: Region,
    /// When the archive was made.
    pub made_at: Timestamp,
    /// How its files are encrypted.
    pub encryption: Encryption,
    /// For whom: recipients of age, or the ARN of the KMS key.
    pub recipients: Vec<String>,
    /// The key that signed this manifest; none in an archive of schema version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<SignerKey>,
    /// Specification, plan, journal and their like.
    pub documents: Vec<Document>,
    /// Every version of every object.
    pub objects: Vec<Object>,
    /// Deletions, which are versions without content.
    pub delete_markers: Vec<DeleteMarker>,
    /// A hash for the part above `documents` (since version 2 as a list of two: what stands above `signer`, and `signer`), then one for each document, object and delete marker in that order. Each is the
    /// SHA-256 of the hash before it (the first: of nothing), a word for the kind of entry, a line end, and the entry as compact
    /// JSON with its fields in the order shown.
    pub chain: Vec<Digest>,
    /// The last hash of the chain: to be kept elsewhere, and compared.
    pub head: Digest,
}

/// How the files of an archive are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// With age (`age-encryption.org/v1`), for X25519 recipients.
    Age,
    /// By S3, with a key of KMS's that is not the environment's (SSE-KMS).
    Kms,
    /// Not at all.
    None,
}

/// A document of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its file, from the archive's folder.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Its size, in bytes.
    pub bytes: u64,
    /// The SHA-256 of its content.
    pub sha256: Digest,
    /// The size of its file, in bytes.
    pub stored_bytes: u64,
    /// The SHA-256 of its file.
    pub stored_sha256: Digest,
}

/// A version of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// Its file, from the archive's folder.
    pub file: String,
    /// The bucket it was in.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// AWS's id of this version, if the bucket kept versions.
    pub version_id: Option<String>,
    /// Whether it was the latest version.
    pub latest: bool,
    /// Its size, in bytes.
    pub bytes: u64,
    /// The SHA-256 of its content.
    pub sha256: Digest,
    /// The size of its file, in bytes.
    pub stored_bytes: u64,
    /// The SHA-256 of its file.
    pub stored_sha256: Digest,
    /// When it was put into the bucket.
    pub last_modified: Option<Timestamp>,
}

/// A deletion: the object's earlier versions are still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteMarker {
    /// The bucket it was in.
    pub bucket: String,
    /// The key that was deleted.
    pub key: String,
    /// AWS's id of this version.
    pub version_id: Option<String>,
    /// Whether it was the latest version, so that the object counted as deleted.
    pub latest: bool,
    /// When it was deleted.
    pub last_modified: Option<Timestamp>,
}

/// Why a text is no manifest.
#[derive(Debug, Error)]
pub enum InvalidManifest {
    /// It is longer than any that is read.
    #[error("it is longer than {LONGEST} bytes")]
    TooLong,
    /// It is not the JSON that is expected.
    #[error("it is not as expected")]
    Json(#[from] serde_json::Error),
    /// A newer version wrote it.
    #[error("its schema version is `{0}`, newer than `{SCHEMA_VERSION}`")]
    Newer(u64),
    /// A file is not where the archive's writer puts it.
    #[error("it names the file `{}` where `{expected}` is", found.escape_debug())]
    File {
        /// What it names.
        found: String,
        /// What it must name.
        expected: String,
    },
    /// A document has a name that cannot be.
    #[error("`{}` is no name for a document", .0.escape_debug())]
    DocumentName(String),
    /// Recipients and encryption do not fit.
    #[error("its recipients do not fit its encryption")]
    Recipients,
    /// It names no key that signed it, or is of a time when none did and names one.
    #[error("who signed it does not fit its schema version")]
    Signer,
}

/// 2: signed, and of an archive that may lie in a bucket.
pub(super) const SCHEMA_VERSION: u32 = 2;

/// No manifest is longer: at some 600 bytes each, that is well over a million objects.
pub(super) const LONGEST: u64 = 1 << 30;

impl Manifest {
    /// Reads a manifest, and refuses one whose file names are not those that the writer gives.
    ///
    /// # Errors
    /// When it is no such JSON, of a newer version, or names other files.
    pub fn from_json(json: &[u8]) -> Result<Self, InvalidManifest> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: u64,
        }
        let Version { schema_version } = serde_json::from_slice(json)?;
        if schema_version > u64::from(SCHEMA_VERSION) {
            return Err(InvalidManifest::Newer(schema_version));
        }
        let manifest: Self = serde_json::from_slice(json)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Whether the chain of hashes fits the entries.
    #[must_use]
    pub fn is_chained(&self) -> bool {
        self.chain == self.computed_chain() && self.chain.last() == Some(&self.head)
    }

    /// Every file that the archive must hold, besides the manifest.
    pub(super) fn files(&self) -> impl Iterator<Item = Stored<'_>> {
        let documents = self.documents.iter().map(|entry| Stored {
            file: &entry.file,
            content: (entry.bytes, entry.sha256),
            stored: (entry.stored_bytes, entry.stored_sha256),
        });
        let objects = self.objects.iter().map(|entry| Stored {
            file: &entry.file,
            content: (entry.bytes, entry.sha256),
            stored: (entry.stored_bytes, entry.stored_sha256),
        });
        documents.chain(objects)
    }

    pub(super) fn computed_chain(&self) -> Vec<Digest> {
        #[derive(Serialize)]
        struct Top<'a>(u32, &'a Pit, &'a AccountId, &'a Region, &'a Timestamp, Encryption, &'a [String]);
        #[derive(Serialize)]
        struct SignedTop<'a>(Top<'a>, &'a SignerKey);
        let Self { schema_version, pit, account, region, made_at, encryption, recipients, .. } = self;
        let mut chain = Vec::with_capacity(1 + self.documents.len() + self.objects.len() + self.delete_markers.len());
        let top = Top(*schema_version, pit, account, region, made_at, *encryption, recipients);
        match &self.signer {
            Some(signer) => push(&mut chain, "archive", &SignedTop(top, signer)),
            None => push(&mut chain, "archive", &top),
        }
        self.documents.iter().for_each(|entry| push(&mut chain, "document", entry));
        self.objects.iter().for_each(|entry| push(&mut chain, "object", entry));
        self.delete_markers.iter().for_each(|entry| push(&mut chain, "delete-marker", entry));
        chain
    }

    fn check(&self) -> Result<(), InvalidManifest> {
        if self.recipients.is_empty() != (self.encryption == Encryption::None) {
            return Err(InvalidManifest::Recipients);
        }
        if self.signer.is_some() != (self.schema_version > 1) {
            return Err(InvalidManifest::Signer);
        }
        for document in &self.documents {
            if !is_document_name(&document.name) {
                return Err(InvalidManifest::DocumentName(document.name.clone()));
            }
            same_file(&document.file, document_file(&document.name, self.encryption))?;
        }
        for (number, object) in (1..).zip(&self.objects) {
            same_file(&object.file, object_file(number, self.encryption))?;
        }
        Ok(())
    }
}

/// A file of an archive: sizes in bytes and digests, of its content and of itself.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a> {
    pub(super) file: &'a str,
    pub(super) content: (u64, Digest),
    pub(super) stored: (u64, Digest),
}

pub(super) fn object_file(number: u64, encryption: Encryption) -> String {
    format!("{OBJECTS}/{number:06}{}", suffix(encryption))
}

pub(super) fn document_file(name: &str, encryption: Encryption) -> String {
    format!("{DOCUMENTS}/{name}{}", suffix(encryption))
}

/// A name that is one on every system, and leads nowhere else.
pub(super) fn is_document_name(name: &str) -> bool {
    let usual = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    name.len() <= 100
        && name.bytes().all(usual)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('.')
}

/// The name of an object's file, as [`object_file`] gives it.
pub(super) fn is_object_name(name: &str) -> bool {
    let number = name.strip_suffix(".age").unwrap_or(name);
    number.len() >= 6 && number.bytes().all(|b| b.is_ascii_digit())
}

fn suffix(encryption: Encryption) -> &'static str {
    match encryption {
        Encryption::Age => ".age",
        Encryption::Kms | Encryption::None => "",
    }
}

fn same_file(found: &str, expected: String) -> Result<(), InvalidManifest> {
    if found == expected { Ok(()) } else { Err(InvalidManifest::File { found: found.to_owned(), expected }) }
}

fn push(chain: &mut Vec<Digest>, kind: &str, entry: &impl Serialize) {
    let mut hasher = Sha256::new();
    if let Some(last) = chain.last() {
        hasher.update(last.as_bytes());
    }
    hasher.update(kind);
    hasher.update(b"\n");
    hasher.update(serde_json::to_vec(entry).expect("texts, numbers and lists are JSON"));
    chain.push(Digest::from_hasher(hasher));
}

impl InvalidManifest {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Newer(_) => "read it with the version of sce that made it, or a later one",
            _ => "it was changed or cut short after it was made: take another copy of the archive",
        };
        Some(help.to_owned())
    }
}
