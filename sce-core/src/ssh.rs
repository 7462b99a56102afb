//! Public keys of people and machines, as OpenSSH writes them.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// An Ed25519 public key, without its comment: `ssh-ed25519 AAAA…` (RFC 8709; OpenSSH's `authorized_keys`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
pub struct PublicKey(#[schemars(regex(pattern = r"^ssh-ed25519 [A-Za-z0-9+/]{68}( .*)?$"))] String);

/// Why a text is no [`PublicKey`]. The text is not repeated: it may be a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidPublicKey {
    /// It is the half that nobody else may see.
    #[error("this is a private key")]
    Private,
    /// It is of another kind.
    #[error("this is no Ed25519 public key")]
    OtherKind,
}

/// What every Ed25519 key begins with in OpenSSH's encoding: the length and name of the algorithm, and the length of the key.
const BEGINNING: &str = "AAAAC3NzaC1lZDI1NTE5AAAAI";

impl InvalidPublicKey {
    /// What to do about it.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Private => "take it out of the spec and out of its history, and make a new pair: this one is spent",
            Self::OtherKind => {
                "use the line in the file ending in `.pub` that `ssh-keygen -t ed25519` or `sce keys make` writes"
            }
        }
    }
}

impl PublicKey {
    /// Algorithm and key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicKey {
    type Err = InvalidPublicKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains("PRIVATE KEY") {
            return Err(InvalidPublicKey::Private);
        }
        let mut words = text.split_ascii_whitespace();
        let (Some("ssh-ed25519"), Some(key)) = (words.next(), words.next()) else {
            return Err(InvalidPublicKey::OtherKind);
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
        if key.len() != 68 || !key.starts_with(BEGINNING) || !key.chars().all(legal) || text.contains(['\n', '\r']) {
            return Err(InvalidPublicKey::OtherKind);
        }
        Ok(Self(format!("ssh-ed25519 {key}")))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS";

    #[test]
    fn a_key_is_kept_without_its_comment() {
        let key: PublicKey = format!("{KEY} r1@example.edu").parse().unwrap();
        assert_eq!(key.as_str(), KEY);
    }

    #[test]
    fn a_private_key_is_refused_and_not_repeated() {
        let refused = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl".parse::<PublicKey>().unwrap_err();
        assert_eq!(refused.to_string(), "this is a private key");
    }

    #[test]
    fn other_kinds_and_broken_keys_are_refused() {
        for bad in ["", "ssh-rsa AAAA", "ssh-ed25519", "ssh-ed25519 AAAA", &KEY[..KEY.len() - 1], &format!("{KEY}\nx")]
        {
            assert_eq!(bad.parse::<PublicKey>(), Err(InvalidPublicKey::OtherKind), "{bad}");
        }
    }
}
