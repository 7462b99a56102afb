//! Where an object is, and which names are taken.

use std::fmt;
use std::path::Path;

use sce_core::identifiers::{Review, Suspicion, refused, scan};
use thiserror::Error;

use super::TransferError;

/// An object of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key.
    pub key: String,
}

/// Why a key is not taken. It never repeats the key, which may identify a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidKey {
    /// There is none.
    #[error("the key is empty")]
    Empty,
    /// AWS takes 1024 bytes of UTF-8 (S3 User Guide, object keys).
    #[error("the key is too long by {by} bytes: it may have {LONGEST}")]
    TooLong {
        /// How many bytes must go.
        by: usize,
    },
    /// It would look like a path from the root once restored.
    #[error("the key begins with `/`")]
    LeadingSlash,
    /// It would leave the folder once restored.
    #[error("the key has a `..` segment")]
    Parent,
    /// Listings and logs are lines of text.
    #[error("the key has a control character at byte {at}")]
    Control {
        /// Which byte, counted from 0.
        at: usize,
    },
}

/// Which name a suspicion is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The object's key.
    Key,
    /// The name of the file on this machine.
    FileName,
}

const LONGEST: usize = 1024;

impl Place {
    /// Refuses what no object can be called.
    pub(crate) fn check_length(&self) -> Result<(), InvalidKey> {
        match self.key.len() {
            0 => Err(InvalidKey::Empty),
            length if length > LONGEST => Err(InvalidKey::TooLong { by: length - LONGEST }),
            _ => Ok(()),
        }
    }

    /// Refuses also what other programs would stumble over.
    fn check_key(&self) -> Result<(), InvalidKey> {
        self.check_length()?;
        if self.key.starts_with('/') {
            return Err(InvalidKey::LeadingSlash);
        }
        if self.key.split('/').any(|segment| segment == "..") {
            return Err(InvalidKey::Parent);
        }
        match self.key.char_indices().find(|(_, c)| c.is_control()) {
            Some((at, _)) => Err(InvalidKey::Control { at }),
            None => Ok(()),
        }
    }
}

/// Refuses a bad key, and a key or file name that looks like Protected Health Information and that nobody has reviewed.
pub(super) fn accept_names(source: &Path, place: &Place, names: &Review<'_>) -> Result<(), TransferError> {
    place.check_key()?;
    look_at(Named::Key, &place.key, names)?;
    let file_name = source.file_name().unwrap_or_default().to_string_lossy();
    look_at(Named::FileName, &file_name, names)
}

fn look_at(named: Named, text: &str, names: &Review<'_>) -> Result<(), TransferError> {
    let suspicions = scan(text, names);
    let suspicions: Vec<Suspicion> = refused(&suspicions).cloned().collect();
    if suspicions.is_empty() { Ok(()) } else { Err(TransferError::Identifying { named, suspicions }) }
}

impl InvalidKey {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Empty => "name the object, such as `incoming/visits.csv`",
            Self::TooLong { .. } => "choose a shorter key",
            Self::LeadingSlash => "leave the first `/` away",
            Self::Parent => "write the key without `..`",
            Self::Control { .. } => "write the key without tabs, line ends and other control characters",
        };
        Some(help.to_owned())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "key",
            Self::FileName => "file name",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(key: &str) -> Place {
        Place { bucket: "hipaa-data".to_owned(), key: key.to_owned() }
    }

    #[test]
    fn keys_that_other_programs_would_stumble_over_are_refused() {
        let long = "a".repeat(1027);
        let cases = [
            ("", InvalidKey::Empty, "the key is empty"),
            (&long, InvalidKey::TooLong { by: 3 }, "the key is too long by 3 bytes: it may have 1024"),
            ("/etc/passwd", InvalidKey::LeadingSlash, "the key begins with `/`"),
            ("a/../b", InvalidKey::Parent, "the key has a `..` segment"),
            ("a\nb", InvalidKey::Control { at: 1 }, "the key has a control character at byte 1"),
        ];
        for (key, expected, message) in cases {
            assert_eq!(place(key).check_key(), Err(expected));
            assert_eq!(expected.to_string(), message);
            assert!(expected.help().is_some());
        }
        for good in ["a", "a/b..c/d", "é/ü.csv", &long[..1024]] {
            assert_eq!(place(good).check_key(), Ok(()), "{good}");
        }
    }

    #[test]
    fn identifying_names_are_refused_without_being_repeated() {
        let review = Review::default();
        let error = accept_names(Path::new("/d/x.csv"), &place("scans/ssn_123-45-6789.dcm"), &review).unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with("the key may identify a person: may be a social security number: `ddd-dd-dddd`"),
            "{message}"
        );
        assert!(!format!("{message} {error:?} {:?}", error.help()).contains("6789"));
        let error = accept_names(Path::new("/d/123-45-6789.csv"), &place("x.csv"), &review).unwrap_err();
        assert!(error.to_string().starts_with("the file name may identify a person"), "{error}");
    }

    #[test]
    fn a_review_lets_a_name_pass() {
        let pattern = "*ssn_123-45-6789*".to_owned();
        let allowed = [sce_core::identifiers::Allowed { pattern, reason: "synthetic".to_owned() }];
        let review = Review { allowed: &allowed, ..Review::default() };
        assert!(accept_names(Path::new("x"), &place("scans/ssn_123-45-6789.dcm"), &review).is_ok());
    }
}
