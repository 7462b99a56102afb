//! Who made an archive: the Ed25519 signature of its manifest, in the form of OpenSSH (`ssh-keygen -Y verify` reads it).

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use age::secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};
use thiserror::Error;

/// What the signature is for: one that was made for anything else does not count (PROTOCOL.sshsig).
pub const NAMESPACE: &str = "sce-archive";

/// The key that signs. It shows itself nowhere, and goes to no account.
///
/// One that is made for an archive is forgotten with the run that made it: what nobody keeps, nobody can sign a second manifest with.
#[derive(Clone)]
pub struct Signer(PrivateKey);

/// The public half of a key that signs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SignerKey(PublicKey);

/// A key that a signature must be by: its fingerprint (`SHA256:…`), or the key itself (`ssh-ed25519 …`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin(String);

/// Why there is no key to sign with.
#[derive(Debug, Error)]
pub enum SignerError {
    /// The file could not be read.
    #[error("the signing key `{}` could not be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file holds no private key of OpenSSH's.
    #[error("`{}` holds no private key", .0.display())]
    NoKey(PathBuf),
    /// The key is of another kind.
    #[error("the key in `{}` is no Ed25519 key", .0.display())]
    OtherKind(PathBuf),
    /// The key is encrypted, and no passphrase is given or another one.
    #[error("the signing key `{}` is encrypted with another passphrase, or with one that is not given", .0.display())]
    Locked(PathBuf),
    /// No key could be made, or nothing signed.
    #[error("the archive could not be signed")]
    Signing(#[source] ssh_key::Error),
}

/// A text is neither a fingerprint nor a public key of Ed25519.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is neither a fingerprint (`SHA256:…`) nor an Ed25519 public key")]
pub struct InvalidSignerKey(String);

impl SignerError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::File { .. } => "check the path, and who may read there",
            Self::NoKey(_) | Self::OtherKind(_) => {
                "make one with `ssh-keygen -t ed25519`, or leave the option out: a key is made then"
            }
            Self::Locked(_) => "give the file whose first line is its passphrase: `--signing-passphrase-file`",
            Self::Signing(_) => return None,
        };
        Some(help.to_owned())
    }
}

impl Signer {
    /// A new key.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn make() -> Result<Self, SignerError> {
        PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map(Self).map_err(SignerError::Signing)
    }

    /// The key in a file of OpenSSH's.
    ///
    /// # Errors
    /// When it cannot be read, holds no Ed25519 private key, or is encrypted otherwise.
    pub fn load(path: &Path, passphrase: Option<&SecretString>) -> Result<Self, SignerError> {
        let text = std::fs::read(path).map_err(|source| SignerError::File { path: path.to_owned(), source })?;
        let text = zeroize::Zeroizing::new(text);
        let key = PrivateKey::from_openssh(text.as_slice()).map_err(|_| SignerError::NoKey(path.to_owned()))?;
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(SignerError::OtherKind(path.to_owned()));
        }
        if !key.is_encrypted() {
            return Ok(Self(key));
        }
        let locked = || SignerError::Locked(path.to_owned());
        let passphrase = passphrase.ok_or_else(locked)?;
        key.decrypt(passphrase.expose_secret()).map(Self).map_err(|_| locked())
    }

    /// Its public half.
    #[must_use]
    pub fn public_key(&self) -> SignerKey {
        SignerKey(PublicKey::new(self.0.public_key().key_data().clone(), ""))
    }

    /// The signature of a text, as a file of OpenSSH's.
    pub(super) fn sign(&self, text: &[u8]) -> Result<String, SignerError> {
        let signed = self.0.sign(NAMESPACE, HashAlg::Sha512, text);
        signed.and_then(|signature| signature.to_pem(LineEnding::LF)).map_err(SignerError::Signing)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public_key().fingerprint())
    }
}

impl SignerKey {
    /// Its fingerprint, as `ssh-keygen -l` shows it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// Whether a signature is this key's of that text.
    #[must_use]
    pub fn has_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        SshSig::from_pem(signature).is_ok_and(|signature| self.0.verify(NAMESPACE, text, &signature).is_ok())
    }
}

impl fmt::Display for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // INVARIANT: an Ed25519 key always has a text.
        f.write_str(&self.0.to_openssh().map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({})", self.fingerprint())
    }
}

impl FromStr for SignerKey {
    type Err = InvalidSignerKey;

    fn from_str(text: &str) -> Result<Self, InvalidSignerKey> {
        let key = PublicKey::from_openssh(text.trim()).ok().filter(|key| key.algorithm() == Algorithm::Ed25519);
        let key = key.ok_or_else(|| InvalidSignerKey(text.chars().take(80).collect()))?;
        // The comment is no part of the key.
        Ok(Self(PublicKey::new(key.key_data().clone(), "")))
    }
}

impl TryFrom<String> for SignerKey {
    type Error = InvalidSignerKey;

    fn try_from(text: String) -> Result<Self, InvalidSignerKey> {
        text.parse()
    }
}

impl From<SignerKey> for String {
    fn from(key: SignerKey) -> Self {
        key.to_string()
    }
}

impl Pin {
    /// Whether it is that key's.
    #[must_use]
    pub fn is_of(&self, key: &SignerKey) -> bool {
        self.0 == key.fingerprint()
    }
}

impl FromStr for Pin {
    type Err = InvalidSignerKey;

    fn from_str(text: &str) -> Result<Self, InvalidSignerKey> {
        let text = text.trim();
        match text.parse::<ssh_key::Fingerprint>() {
            Ok(fingerprint) if fingerprint.is_sha256() => Ok(Self(fingerprint.to_string())),
            _ => text.parse::<SignerKey>().map(|key| Self(key.fingerprint())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_text_by_one_key_for_one_purpose() {
        let (signer, other) = (Signer::make().unwrap(), Signer::make().unwrap());
        let signature = signer.sign(b"manifest").unwrap();
        assert!(signer.public_key().has_signed(b"manifest", signature.as_bytes()));
        assert!(!signer.public_key().has_signed(b"manifesto", signature.as_bytes()));
        assert!(!other.public_key().has_signed(b"manifest", signature.as_bytes()));
        assert!(!signer.public_key().has_signed(b"manifest", b""));
        let elsewhere = signer.0.sign("file", HashAlg::Sha512, b"manifest").unwrap().to_pem(LineEnding::LF).unwrap();
        assert!(!signer.public_key().has_signed(b"manifest", elsewhere.as_bytes()));
    }

    #[test]
    fn a_key_is_pinned_by_fingerprint_or_by_itself_and_shows_no_secret() {
        let signer = Signer::make().unwrap();
        let key = signer.public_key();
        let fingerprint: Pin = key.fingerprint().parse().unwrap();
        let itself: Pin = format!("{key} somebody@example.edu\n").parse().unwrap();
        assert!(fingerprint.is_of(&key) && itself.is_of(&key));
        assert!(!fingerprint.is_of(&Signer::make().unwrap().public_key()));
        let bad = "SHA512:abc".parse::<Pin>().unwrap_err();
        assert_eq!(bad.to_string(), "`SHA512:abc` is neither a fingerprint (`SHA256:…`) nor an Ed25519 public key");
        assert_eq!(format!("{signer:?}"), format!("Signer({})", key.fingerprint()));
        assert_eq!(serde_json::from_str::<SignerKey>(&serde_json::to_string(&key).unwrap()).unwrap(), key);
    }

    #[test]
    fn a_given_key_must_be_ed25519_and_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let passphrase = SecretString::from("correct horse");
        let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).unwrap();
        let locked = key.encrypt(&mut OsRng, passphrase.expose_secret()).unwrap();
        std::fs::write(&path, locked.to_openssh(LineEnding::LF).unwrap()).unwrap();
        assert!(matches!(Signer::load(&path, None), Err(SignerError::Locked(_))));
        assert!(matches!(Signer::load(&path, Some(&SecretString::from("wrong"))), Err(SignerError::Locked(_))));
        let loaded = Signer::load(&path, Some(&passphrase)).unwrap();
        assert_eq!(loaded.public_key().fingerprint(), key.fingerprint(HashAlg::Sha256).to_string());
        std::fs::write(&path, "no key").unwrap();
        let none = Signer::load(&path, None).unwrap_err();
        assert!(none.to_string().ends_with("holds no private key") && none.help().unwrap().contains("ssh-keygen"));
    }
}
