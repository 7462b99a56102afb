use age::secrecy::{ExposeSecret as _, SecretString};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey};

use super::folder::{Files, place, read_private, read_public, remove, rename, write_over};
use super::{Folder, KeyError, Recipients};

/// How a private half is kept.
#[derive(Clone, Debug)]
pub enum Protection {
    /// Encrypted with a passphrase.
    Passphrase(SecretString),
    /// Not at all.
    Unencrypted(Dangerous),
}

/// Leave to keep a private half unencrypted: whoever gets at the file gets in. Good for rehearsals.
#[derive(Clone, Copy, Debug)]
pub struct Dangerous(());

impl Dangerous {
    /// Says so aloud.
    #[must_use]
    pub const fn keep_private_key_unencrypted() -> Self {
        Self(())
    }
}

/// NIST SP 800-63B's least for a secret that people choose.
pub(super) const SHORTEST_PASSPHRASE: usize = 8;

/// Whether a passphrase is long enough to protect a key.
///
/// # Errors
/// When it is not.
pub fn check_passphrase(passphrase: &SecretString) -> Result<(), KeyError> {
    match passphrase.expose_secret().chars().count() {
        0..SHORTEST_PASSPHRASE => Err(KeyError::ShortPassphrase),
        _ => Ok(()),
    }
}

/// Makes an Ed25519 pair where there is none: private half, public half, and an escrow copy when there is somebody to have it.
///
/// # Errors
/// When any of its files exists or cannot be written, or the passphrase is too short.
pub fn make(folder: &Folder, what: &str, protection: &Protection, escrow: &Recipients) -> Result<(), KeyError> {
    let _held = folder.held()?;
    make_files(&folder.files(what), &folder.key_name(what), protection, escrow)
}

/// Finishes what a run that was cut short left: a private half without its public one. Says whether there was anything to do.
///
/// # Errors
/// When a file cannot be read or written.
pub fn mend(folder: &Folder, what: &str) -> Result<bool, KeyError> {
    let _held = folder.held()?;
    let files = folder.files(what);
    let halved = files.private.exists() && !files.public.exists();
    if halved {
        complete(&files, &folder.key_name(what))?;
    }
    Ok(halved)
}

/// The escrow copy is written first and gets its name when the key is there: no key is without its copy, and no copy without its key.
pub(super) fn make_files(
    files: &Files,
    name: &str,
    protection: &Protection,
    escrow: &Recipients,
) -> Result<(), KeyError> {
    for path in [&files.private, &files.public, &files.escrow] {
        if path.exists() {
            return Err(KeyError::Exists(path.clone()));
        }
    }
    remove(&files.unproven_escrow())?;
    let mut key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(KeyError::Making)?;
    key.set_comment(name);
    if !escrow.is_empty() {
        let text = key.to_openssh(LineEnding::LF).map_err(KeyError::Making)?;
        write_over(&files.unproven_escrow(), &escrow.seal(text.as_bytes())?, 0o400)?;
    }
    place(&files.private, protected(&key, protection)?.as_bytes(), 0o400)?;
    complete(files, name)
}

/// What follows once the private half is there.
pub(super) fn complete(files: &Files, name: &str) -> Result<(), KeyError> {
    if files.unproven_escrow().exists() {
        rename(&files.unproven_escrow(), &files.escrow)?;
    }
    let Some(private) = read_private(&files.private)? else {
        return Err(KeyError::NoPrivateKey(files.private.clone()));
    };
    match read_public(&files.public)? {
        Some(public) if public == private.public => Ok(()),
        Some(_) => Err(KeyError::Halves { public: files.public.clone(), private: files.private.clone() }),
        None => place(&files.public, format!("{} {name}\n", private.public).as_bytes(), 0o644),
    }
}

/// The private half as it is written, wiped from memory when it is dropped.
pub(super) fn protected(key: &PrivateKey, protection: &Protection) -> Result<zeroize::Zeroizing<String>, KeyError> {
    match protection {
        Protection::Unencrypted(Dangerous(())) => key.to_openssh(LineEnding::LF),
        Protection::Passphrase(passphrase) => {
            check_passphrase(passphrase)?;
            key.encrypt(&mut OsRng, passphrase.expose_secret()).and_then(|key| key.to_openssh(LineEnding::LF))
        }
    }
    .map_err(KeyError::Making)
}
