//! An archive in a bucket outside the environment: under Object Lock, encrypted with a key that outlives the environment's.
//!
//! Every object of it is sent with its own retention and with the outside key by name, whatever the bucket's defaults, and is asked
//! for afterwards: what S3 does not say of it is not taken to be so. Nothing of it is readable with the environment's key, so that key
//! may be scheduled for deletion once the manifest is there.

mod fitness;
mod read;
mod writer;

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use sce_core::account::AccountId;
use sce_core::aws::arn::Arn;
use thiserror::Error;

pub(crate) use fitness::Outside;
pub use fitness::Unfit;
pub(crate) use read::manifest as vault_manifest;
pub use read::{restore as restore_vault, verify as verify_vault};
pub(super) use writer::{VaultSink, VaultWriter, put_beside};

/// Where an archive lies in S3: `s3://BUCKET/PREFIX`, or the whole bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultPlace {
    /// The bucket.
    pub bucket: String,
    /// What every key begins with, without a slash at either end; may be empty.
    pub prefix: String,
}

/// A bucket outside the environment to archive into.
#[derive(Clone, Debug)]
pub struct Vault {
    /// Where.
    pub place: VaultPlace,
    /// The KMS key that the archive is encrypted with: not the environment's.
    pub kms_key: Arn,
    /// For how long nobody may delete it.
    pub retention: Retention,
    /// Whose the bucket and the key are, where they are another account's; none: the session's own.
    pub account: Option<AccountId>,
}

/// For how long nobody may delete an archive, and how strictly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days from the archive on.
    pub days: u32,
    /// How strictly.
    pub mode: RetentionMode,
}

/// How strictly S3 keeps an object (S3 User Guide, Object Lock retention modes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionMode {
    /// Whoever has `s3:BypassGovernanceRetention` may delete it earlier.
    Governance,
    /// Nobody may delete it earlier, the account's root user included.
    Compliance,
}

/// A text is no place for an archive in S3.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no place in S3")]
pub struct InvalidVaultPlace(String);

impl InvalidVaultPlace {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        "write `s3://BUCKET/PREFIX`, with letters, digits and `-_.=/` in the prefix".to_owned()
    }
}

impl VaultPlace {
    /// The key of a file of the archive.
    #[must_use]
    pub fn key(&self, file: &str) -> String {
        if self.prefix.is_empty() { file.to_owned() } else { format!("{}/{file}", self.prefix) }
    }

    /// Where a file of the archive is, for people.
    #[must_use]
    pub fn location(&self, file: &str) -> String {
        format!("s3://{}/{}", self.bucket, self.key(file))
    }

    /// What the keys of the archive begin with.
    fn folder(&self) -> String {
        self.key("")
    }
}

impl fmt::Display for VaultPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(f, "s3://{}{slash}{}", self.bucket, self.prefix)
    }
}

impl FromStr for VaultPlace {
    type Err = InvalidVaultPlace;

    fn from_str(text: &str) -> Result<Self, InvalidVaultPlace> {
        let invalid = || InvalidVaultPlace(text.escape_debug().to_string());
        let rest = text.strip_prefix("s3://").ok_or_else(invalid)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let usual = |c: char| c.is_ascii_alphanumeric() || "-_.=/".contains(c);
        let plain = prefix.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let fits = prefix.is_empty() || (plain && prefix.len() <= 512 && prefix.chars().all(usual));
        if !fits || !super::restore::is_bucket(bucket) {
            return Err(invalid());
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl Retention {
    /// Until when an object that is written then is kept; none when time has no such day.
    fn until(self, now: Timestamp) -> Option<Timestamp> {
        let until = now.checked_add(SignedDuration::from_hours(24 * i64::from(self.days))).ok()?;
        // S3 keeps whole seconds.
        Timestamp::from_second(until.as_second()).ok()
    }
}

impl fmt::Display for RetentionMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Governance => "governance",
            Self::Compliance => "compliance",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_what_keys_begin_with() {
        let place: VaultPlace = "s3://archives-2026/studies/hipaa/".parse().unwrap();
        assert_eq!(place.to_string(), "s3://archives-2026/studies/hipaa");
        assert_eq!(place.location("manifest.json"), "s3://archives-2026/studies/hipaa/manifest.json");
        let whole: VaultPlace = "s3://archives-2026".parse().unwrap();
        assert_eq!((whole.key("a"), whole.to_string()), ("a".to_owned(), "s3://archives-2026".to_owned()));
        for bad in [
            "archives",
            "s3://",
            "s3://a",
            "s3://../x",
            "s3://archives/a//b",
            "s3://archives/../b",
            "s3://archives/a b",
        ] {
            assert!(bad.parse::<VaultPlace>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_retention_ends_at_a_whole_second() {
        let retention = Retention { days: 2, mode: RetentionMode::Governance };
        let until = retention.until("2026-11-30T12:00:00.7Z".parse().unwrap()).unwrap();
        assert_eq!(until.to_string(), "2026-12-02T12:00:00Z");
        assert_eq!(Retention { days: u32::MAX, ..retention }.until(until), None);
    }
}
