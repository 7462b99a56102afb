//! What is in an archive that is being made, wherever it goes.

use super::manifest::{SCHEMA_VERSION, document_file, is_document_name, object_file};
use super::sink::{Added, Entry};
use super::{
    About, ArchiveError, DeleteMarker, Document, Encryption, Manifest, Object, ObjectMeta, Signer, SignerError,
};
use crate::transfer::Digest;

/// Everything that has been added so far.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) documents: Vec<Document>,
    pub(super) objects: Vec<Object>,
    pub(super) delete_markers: Vec<DeleteMarker>,
}

/// Sizes in bytes and digests, of a content and of the file that holds it.
pub(super) struct Sums {
    pub(super) bytes: u64,
    pub(super) sha256: Digest,
    pub(super) stored_bytes: u64,
    pub(super) stored_sha256: Digest,
}

impl Contents {
    /// The file of the next object.
    pub(super) fn object_file(&self, encryption: Encryption) -> String {
        object_file(self.objects.len() as u64 + 1, encryption)
    }

    /// The file of a document that is to be added.
    pub(super) fn document_file(&self, name: &str, encryption: Encryption) -> Result<String, ArchiveError> {
        if !is_document_name(name) {
            return Err(ArchiveError::DocumentName(name.to_owned()));
        }
        if self.documents.iter().any(|document| document.name == name) {
            return Err(ArchiveError::DocumentExists(name.to_owned()));
        }
        Ok(document_file(name, encryption))
    }

    /// Adds what has its file now.
    pub(super) fn add(&mut self, file: String, entry: Entry, sums: Sums) -> Added {
        let Sums { bytes, sha256, stored_bytes, stored_sha256 } = sums;
        match entry {
            Entry::Document(name) => {
                self.documents.push(Document { file, name, bytes, sha256, stored_bytes, stored_sha256 });
            }
            Entry::Object(ObjectMeta { bucket, key, version_id, latest, last_modified }) => {
                self.objects.push(Object {
                    file,
                    bucket,
                    key,
                    version_id,
                    latest,
                    bytes,
                    sha256,
                    stored_bytes,
                    stored_sha256,
                    last_modified,
                });
            }
        }
        Added { bytes, sha256 }
    }

    /// The manifest of all that was added.
    pub(super) fn manifest(
        self,
        about: About,
        encryption: Encryption,
        recipients: Vec<String>,
        signer: &Signer,
    ) -> Manifest {
        let About { pit, account, region, made_at } = about;
        let mut manifest = Manifest {
            schema_version: SCHEMA_VERSION,
            pit,
            account,
            region,
            made_at,
            encryption,
            recipients,
            signer: Some(signer.public_key()),
            documents: self.documents,
            objects: self.objects,
            delete_markers: self.delete_markers,
            chain: Vec::new(),
            head: Digest::of(b""),
        };
        manifest.chain = manifest.computed_chain();
        manifest.head = *manifest.chain.last().expect("the archive itself is the first link");
        manifest
    }
}

/// A manifest as it is written, its signature, and the public key, each as the text of a file.
pub(super) struct Signed {
    pub(super) text: String,
    pub(super) signature: String,
    pub(super) public_key: String,
}

impl Signed {
    pub(super) fn new(manifest: &Manifest, signer: &Signer) -> Result<Self, SignerError> {
        let mut text = serde_json::to_string_pretty(manifest).expect("texts, numbers and lists are JSON");
        text.push('\n');
        let signature = signer.sign(text.as_bytes())?;
        Ok(Self { text, signature, public_key: format!("{} {}\n", signer.public_key(), manifest.pit) })
    }
}
