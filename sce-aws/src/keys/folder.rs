use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sce_core::access;
use sce_core::pit::Pit;
use sce_core::ssh::PublicKey;
use ssh_key::HashAlg;

use super::KeyError;
use crate::transfer::file;

/// The folder that an environment's keys are kept in: `PIT-keys` beside the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
    pit: Pit,
}

/// Specs are kept under version control, and private keys must not come along.
const UNVERSIONED: &str = "*\n!*.pub\n";

/// The files of one key.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) private: PathBuf,
    pub(super) public: PathBuf,
    pub(super) escrow: PathBuf,
}

/// What is there of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How far it is.
    pub state: State,
    /// The public half.
    pub public: Option<PublicKey>,
    /// The public half of the key before, while a rotation is under way.
    pub previous: Option<PublicKey>,
    /// The public half's fingerprint, as `ssh-keygen -l` shows it.
    pub fingerprint: Option<String>,
    /// Whether the private half is encrypted; none when it is not here.
    pub encrypted: Option<bool>,
    /// Whether an administrator has a copy.
    pub escrow: bool,
}

/// How far a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is none.
    Missing,
    /// Both halves are here.
    Whole,
    /// Only the public half is here: the private one has been handed over.
    HandedOver,
    /// Two keys are in force, the new one and the one before.
    Rotating,
    /// A run was cut short; the same command goes on from there.
    CutShort,
}

impl Folder {
    /// The folder beside that spec.
    #[must_use]
    pub fn beside(spec: &Path, pit: &Pit) -> Self {
        Self { path: spec.with_file_name(format!("{pit}-keys")), pit: pit.clone() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of a key by what it is for: `hipaa_bastion_keypair` (L517) and its like.
    #[must_use]
    pub fn key_name(&self, what: &str) -> String {
        access::key_name(&self.pit, what)
    }

    /// Where a key's private half is.
    #[must_use]
    pub fn private_half(&self, what: &str) -> PathBuf {
        self.files(what).private
    }

    /// What is there of a key.
    ///
    /// # Errors
    /// When a file cannot be read, or holds something else.
    pub fn look(&self, what: &str) -> Result<Seen, KeyError> {
        let (files, next) = (self.files(what), self.next(what));
        let public = read_public(&files.public)?;
        let previous = read_public(&self.previous(what).public)?;
        let private = read_private(&files.private)?;
        if let (Some(private), Some(public)) = (&private, &public)
            && !next.private.exists()
            && private.public != *public
        {
            return Err(KeyError::Halves { public: files.public, private: files.private });
        }
        let state = match (&private, &public, &previous) {
            _ if next.private.exists() => State::CutShort,
            (None, None, None) => State::Missing,
            (_, None, _) => State::CutShort,
            (_, Some(_), Some(_)) => State::Rotating,
            (Some(_), Some(_), None) => State::Whole,
            (None, Some(_), None) => State::HandedOver,
        };
        Ok(Seen {
            state,
            fingerprint: public.as_ref().and_then(fingerprint),
            public,
            previous,
            encrypted: private.map(|private| private.encrypted),
            escrow: files.escrow.exists(),
        })
    }

    pub(super) fn files(&self, what: &str) -> Files {
        self.files_with(what, "")
    }

    /// The new pair of a rotation, until it takes the key's name.
    pub(super) fn next(&self, what: &str) -> Files {
        self.files_with(what, ".next")
    }

    /// The pair before, until the rotation is finished.
    pub(super) fn previous(&self, what: &str) -> Files {
        self.files_with(what, ".previous")
    }

    fn files_with(&self, what: &str, suffix: &str) -> Files {
        let file = |ending: &str| self.path.join(format!("{}{suffix}{ending}", self.key_name(what)));
        Files { private: file(""), public: file(".pub"), escrow: file(".escrow.age") }
    }

    /// Makes the folder if need be, closes it to others, and keeps other runs out until the file is dropped.
    pub(super) fn held(&self) -> Result<fs::File, KeyError> {
        let made = file::create_private_folder(&self.path).and_then(|()| close_to_others(&self.path));
        made.map_err(|source| failed(&self.path, "made", source))?;
        match place(&self.path.join(".gitignore"), UNVERSIONED.as_bytes(), 0o644) {
            Ok(()) | Err(KeyError::Exists(_)) => {}
            Err(error) => return Err(error),
        }
        let path = self.path.join(".lock");
        let held = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path).and_then(|file| {
            file.lock()?;
            Ok(file)
        });
        held.map_err(|source| failed(&path, "locked", source))
    }
}

impl Files {
    /// Where an escrow copy is until the key that it is a copy of is there.
    pub(super) fn unproven_escrow(&self) -> PathBuf {
        let mut path = self.escrow.clone().into_os_string();
        path.push(".partial");
        path.into()
    }
}

/// What can be told of a private half without its passphrase.
pub(super) struct Private {
    pub(super) public: PublicKey,
    encrypted: bool,
}

/// A private half's public one and whether it is encrypted, if the file is there.
pub(super) fn read_private(path: &Path) -> Result<Option<Private>, KeyError> {
    let text = match fs::read(path).map(zeroize::Zeroizing::new) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|source| failed(path, "read", source))?,
    };
    let none = || KeyError::NoPrivateKey(path.to_owned());
    let key = ssh_key::PrivateKey::from_openssh(text.as_slice()).map_err(|_| none())?;
    let line = key.public_key().to_openssh().map_err(|_| none())?;
    Ok(Some(Private { public: line.parse().map_err(|_| none())?, encrypted: key.is_encrypted() }))
}

/// A public half, if the file is there.
pub(super) fn read_public(path: &Path) -> Result<Option<PublicKey>, KeyError> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|source| failed(path, "read", source))?,
    };
    text.trim_end().parse().map(Some).map_err(|source| KeyError::NoPublicKey { path: path.to_owned(), source })
}

/// Puts a file where there was none, whole or not at all: written under another name, then linked, which never replaces.
pub(super) fn place(path: &Path, content: &[u8], mode: u32) -> Result<(), KeyError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    write_over(&partial, content, mode)?;
    let linked = fs::hard_link(&partial, path).and_then(|()| file::sync_folder_of(path));
    // Under its other name it is of no more use, whatever came of the link.
    let removed = remove(&partial);
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(KeyError::Exists(path.to_owned())),
        other => other.map_err(|source| failed(path, "written", source)).and(removed),
    }
}

/// Writes a file of ours that may be left from a run that was cut short.
pub(super) fn write_over(path: &Path, content: &[u8], mode: u32) -> Result<(), KeyError> {
    remove(path)?;
    let written = file::create_with_mode(path, mode).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(|source| {
        // Half a file is worse than none; the failure that is about to be told matters more than whether this works.
        let _ = fs::remove_file(path);
        failed(path, "written", source)
    })
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), KeyError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, "removed", error)),
        _ => Ok(()),
    }
}

/// Gives a file another name, replacing what has it.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), KeyError> {
    fs::rename(from, to).and_then(|()| file::sync_folder_of(to)).map_err(|source| failed(to, "written", source))
}

pub(super) fn failed(path: &Path, deed: &'static str, source: io::Error) -> KeyError {
    KeyError::File { path: path.to_owned(), deed, source }
}

fn fingerprint(key: &PublicKey) -> Option<String> {
    let key = ssh_key::PublicKey::from_openssh(key.as_str()).ok()?;
    Some(key.fingerprint(HashAlg::Sha256).to_string())
}

#[cfg(unix)]
fn close_to_others(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))
}

#[cfg(not(unix))]
fn close_to_others(_folder: &Path) -> io::Result<()> {
    Ok(())
}
