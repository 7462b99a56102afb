use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use age::{Decryptor, Encryptor, x25519};
use ssh_key::{HashAlg, PrivateKey};

use super::folder::{failed, place};
use super::pair::protected;
use super::{KeyError, Protection};
use crate::archive::{Identity, InvalidRecipient};

/// Who can open the escrow copies of private halves: public keys of age.
#[derive(Clone, Default)]
pub struct Recipients(Vec<x25519::Recipient>);

/// A private half that was got back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The name it was made under.
    pub name: String,
    /// The public half's fingerprint, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
}

/// A private half in OpenSSH's format is some 400 bytes; no honest copy is longer than this.
const LONGEST: u64 = 64 << 10;

impl Recipients {
    /// Those public keys (`age1…`); the same one twice counts once.
    ///
    /// # Errors
    /// When one is none.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidRecipient> {
        let mut texts: Vec<&str> = texts.into_iter().map(str::trim).collect();
        texts.sort_unstable();
        texts.dedup();
        texts
            .into_iter()
            .map(|text| text.parse().map_err(|_| InvalidRecipient::new(text)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The content, so that any of them can open it.
    pub(super) fn seal(&self, content: &[u8]) -> Result<Vec<u8>, KeyError> {
        let recipients = self.0.iter().map(|recipient| recipient as &dyn age::Recipient);
        let sealed = Encryptor::with_recipients(recipients).map_err(std::io::Error::other).and_then(|encryptor| {
            let mut layer = encryptor.wrap_output(Vec::new())?;
            layer.write_all(content)?;
            layer.finish()
        });
        sealed.map_err(|source| failed(Path::new("the escrow copy"), "encrypted", source))
    }
}

/// Opens an escrow copy and writes the private half, protected anew, where there was nothing.
///
/// # Errors
/// When the copy cannot be read, is for another identity or holds no key, or the target exists.
pub fn recover(copy: &Path, identity: &Identity, to: &Path, protection: &Protection) -> Result<Recovered, KeyError> {
    let mut sealed = Vec::new();
    let read = fs::File::open(copy).and_then(|file| file.take(LONGEST).read_to_end(&mut sealed));
    read.map_err(|source| failed(copy, "read", source))?;
    let none = || KeyError::NoPrivateKey(copy.to_owned());
    let decryptor = Decryptor::new_buffered(sealed.as_slice()).map_err(|_| none())?;
    let opened = decryptor.decrypt(std::iter::once(identity.as_age()));
    let mut text = zeroize::Zeroizing::new(String::new());
    opened
        .map_err(|_| KeyError::OtherIdentity(copy.to_owned()))?
        .take(LONGEST)
        .read_to_string(&mut text)
        .map_err(|_| none())?;
    let key = PrivateKey::from_openssh(text.as_bytes()).map_err(|_| none())?;
    place(to, protected(&key, protection)?.as_bytes(), 0o400)?;
    Ok(Recovered { name: key.comment().to_owned(), fingerprint: key.fingerprint(HashAlg::Sha256).to_string() })
}
