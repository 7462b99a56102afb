//! What close-out tells of an end, and what the registry keeps of it.

use jiff::Timestamp;
use sce_core::account::{AccountId, Region};
use sce_core::pit::Pit;
use serde::{Deserialize, Serialize};

use crate::archive::SignerKey;
use crate::registry::{Registry, RegistryError};

/// What close-out did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Closed {
    /// The version of this format.
    pub schema_version: u32,
    /// The environment.
    pub pit: Pit,
    /// Where it was, and who ended it when; none in a certificate of an older version.
    #[serde(default)]
    pub ending: Option<Ending>,
    /// Every object in the archive.
    pub archived: Vec<Archived>,
    /// Every document in the archive: specification, plans, journal, findings, proofs, logs.
    #[serde(default)]
    pub documents: Vec<Archived>,
    /// What is gone.
    pub deleted: Vec<String>,
    /// What is still there and should not be.
    pub left: Vec<Left>,
    /// What AWS deletes by itself at a later time.
    pub pending: Vec<Pending>,
    /// What bears the PIT and is not ours by plan and journal: looked at, not touched.
    pub foreign: Vec<Left>,
    /// What stays on purpose.
    pub stays: Vec<String>,
    /// What a reader of this must know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Where the archive's manifest is.
    pub manifest: String,
    /// Every archive that holds what this environment had: more than one when an earlier run was cut short. Keep them all.
    pub archives: Vec<ArchiveRecord>,
    /// The last hash of the manifest's chain: kept in the registry as well, so that a manifest written anew shows.
    pub manifest_head: String,
    /// Who signed the manifest; none in a certificate of an older version.
    #[serde(default)]
    pub signed_by: Option<SignedBy>,
}

/// Where an environment was, and who ended it when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// The account it was in.
    pub account: AccountId,
    /// The region it was in.
    pub region: Region,
    /// When what is left was looked for.
    pub at: Timestamp,
    /// Who closed it out, as AWS names the caller.
    pub by: String,
}

/// The key that signed an archive's manifest: its public half.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBy {
    /// The key, as OpenSSH writes it.
    pub public_key: SignerKey,
    /// Its fingerprint, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
}

/// An archive, as the registry keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveRecord {
    /// The last hash of its manifest's chain.
    pub head: String,
    /// When it was made; older versions of sce did not keep it.
    #[serde(default)]
    pub made_at: Option<Timestamp>,
    /// The fingerprint of the key that signed it; older versions of sce signed nothing.
    #[serde(default)]
    pub signer: Option<String>,
    /// Where its manifest was written.
    pub manifest: String,
    /// How many versions of objects it holds.
    pub objects: usize,
    /// In how many buckets something did not have the SHA-256 it was stored with; those are not deleted.
    pub differing_buckets: usize,
}

/// An object or a document in the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    /// Where it was; of a document, its name.
    pub object: String,
    /// The SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

/// Something that is still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// What it is.
    pub resource: String,
    /// Why it is still there.
    pub why: String,
}

/// Something that AWS deletes at a later time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// What it is.
    pub resource: String,
    /// When AWS deletes it.
    pub until: String,
}

impl Closed {
    /// The same, told to somebody who ends what has ended: nothing was done.
    pub(super) fn told_again(mut self) -> Self {
        self.notes.push("it had been closed out already, and nothing was done: this is its certificate".to_owned());
        self
    }
}

/// The certificate of the last end of an environment, as the registry keeps it; none while it has a life.
///
/// # Errors
/// When the registry cannot be read, or what it keeps is no certificate.
pub(crate) async fn certificate(registry: &Registry<'_>) -> Result<Option<Closed>, RegistryError> {
    if registry.read("life").await?.is_some() {
        return Ok(None);
    }
    let Some(text) = registry.read(CERTIFICATE).await? else { return Ok(None) };
    serde_json::from_slice(&text).map(Some).map_err(|source| registry.unreadable(CERTIFICATE, source))
}

/// The name of the certificate in the registry.
pub(super) const CERTIFICATE: &str = "closed.json";

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::archive::Signer;

    /// A certificate as it is when everything went well.
    pub(in crate::close_out) fn closed() -> Closed {
        let public_key = Signer::make().unwrap().public_key();
        let fingerprint = public_key.fingerprint();
        Closed {
            schema_version: 1,
            pit: "hipaa".parse().unwrap(),
            ending: Some(Ending {
                account: "111122223333".parse().unwrap(),
                region: "us-west-2".parse().unwrap(),
                at: "2026-11-30T12:00:00Z".parse().unwrap(),
                by: "arn:aws:iam::111122223333:role/Builder".to_owned(),
            }),
            archived: Vec::new(),
            documents: Vec::new(),
            deleted: vec!["vpc".to_owned()],
            left: Vec::new(),
            pending: vec![Pending { resource: "kms-key 1".to_owned(), until: "2026-12-30T12:00:00Z".to_owned() }],
            foreign: Vec::new(),
            stays: Vec::new(),
            notes: Vec::new(),
            manifest: "hipaa-archive/manifest.json".to_owned(),
            archives: Vec::new(),
            manifest_head: "0".repeat(64),
            signed_by: Some(SignedBy { public_key, fingerprint }),
        }
    }

    #[test]
    fn a_certificate_of_an_older_version_is_read() {
        let mut old = serde_json::to_value(closed()).unwrap();
        for field in ["ending", "documents", "signed_by"] {
            old.as_object_mut().unwrap().remove(field);
        }
        let read: Closed = serde_json::from_value(old).unwrap();
        assert!(read.ending.is_none() && read.signed_by.is_none() && read.documents.is_empty());
    }
}
