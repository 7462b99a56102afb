//! Specs and locks as files.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use sce_aws::keys::{Folder, KeyError};
use sce_core::lock::{InvalidLock, Lock, LockFile};
use sce_core::spec::{Format, Spec, SpecError, parse};
use thiserror::Error;

/// A spec read from a file, and the lock file beside it.
#[derive(Clone, Debug)]
pub struct SpecFile {
    /// Where the spec is.
    pub path: PathBuf,
    /// What it says.
    pub spec: Spec,
}

/// Where a lock came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockSource {
    /// From `sce.lock` beside the spec.
    File,
    /// Placeholders, made on the fly.
    Placeholder,
}

/// What is wrong with a file.
#[derive(Debug, Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("`{path}` cannot be read")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It cannot be written.
    #[error("`{path}` cannot be written")]
    Write {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The spec is wrong; where, is in the source.
    #[error("`{path}` is no valid spec")]
    Spec {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        source: SpecError,
    },
    /// The lock file is wrong.
    #[error("`{path}` is no valid lock file")]
    Lock {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        source: InvalidLock,
    },
    /// A key beside the spec cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl SpecFile {
    /// Reads a spec: TOML, or JSON when the name ends so.
    ///
    /// # Errors
    /// When the file cannot be read, or is no valid spec.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let text = read_text(path)?;
        let format = Format::of_file(&path.to_string_lossy());
        let spec = parse(&text, format).map_err(|source| FileError::Spec { path: shown(path), source })?;
        Ok(Self { path: path.to_owned(), spec })
    }

    /// Where the lock is kept: `sce.lock` in the spec's folder.
    #[must_use]
    pub fn lock_path(&self) -> PathBuf {
        self.path.with_file_name("sce.lock")
    }

    /// The lock beside the spec; placeholders when there is none for this PIT.
    ///
    /// # Errors
    /// When there is a lock file and it cannot be read.
    pub fn lock(&self) -> Result<(Lock, LockSource), FileError> {
        match self.lock_file()?.pit.remove(&self.spec.pit) {
            Some(lock) => Ok((lock, LockSource::File)),
            None => Ok((self.with_keys(Lock::offline(&self.spec))?, LockSource::Placeholder)),
        }
    }

    /// The folder of keys beside the spec.
    #[must_use]
    pub fn keys(&self) -> Folder {
        Folder::beside(&self.path, &self.spec.pit)
    }

    /// The lock with the public halves of the keys beside the spec. A key that is not there keeps the public half that the lock beside
    /// the spec has: nobody is locked out because keys are kept elsewhere.
    ///
    /// # Errors
    /// When a key or the lock file cannot be read.
    pub fn with_keys(&self, mut lock: Lock) -> Result<Lock, FileError> {
        let folder = self.keys();
        let earlier = self.lock_file()?.pit.remove(&self.spec.pit);
        let (known, known_previous) = earlier.map(|lock| (lock.keys, lock.previous_keys)).unwrap_or_default();
        for key in wanted(&self.spec) {
            let seen = folder.look(key)?;
            let (current, previous) = match (seen.public, seen.previous) {
                (None, _) => (known.get(key).cloned(), known_previous.get(key).cloned()),
                // AWS replaces no key pair of a machine that lives: the one before is its key until the rotation is finished.
                (Some(_), Some(previous)) if MACHINES.contains(&key) => (Some(previous), None),
                (Some(public), previous) => (Some(public), previous),
            };
            lock.keys.extend(current.map(|public| (key.to_owned(), public)));
            lock.previous_keys.extend(previous.map(|public| (key.to_owned(), public)));
        }
        Ok(lock)
    }

    /// Brings the lock beside the spec, if there is one, in line with the keys beside it, and says whether there is one.
    ///
    /// # Errors
    /// When a key or the lock file cannot be read or written.
    pub fn refresh_keys(&self) -> Result<bool, FileError> {
        let Some(mut lock) = self.lock_file()?.pit.remove(&self.spec.pit) else { return Ok(false) };
        lock.keys.clear();
        lock.previous_keys.clear();
        self.keep_lock(&self.with_keys(lock)?)?;
        Ok(true)
    }

    /// Keeps a lock beside the spec, the locks of other specs in the folder untouched.
    ///
    /// # Errors
    /// When the lock file cannot be read or written.
    pub fn keep_lock(&self, lock: &Lock) -> Result<(), FileError> {
        let mut file = self.lock_file()?;
        file.pit.insert(self.spec.pit.clone(), lock.clone());
        write_atomically(&self.lock_path(), file.to_toml().as_bytes())
    }

    fn lock_file(&self) -> Result<LockFile, FileError> {
        let path = self.lock_path();
        let text = match read_text(&path) {
            Err(FileError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(LockFile::default());
            }
            other => other?,
        };
        LockFile::from_toml(&text).map_err(|source| FileError::Lock { path: shown(&path), source })
    }
}

/// The keys of machines, which EC2 calls key pairs.
const MACHINES: [&str; 2] = ["bastion", "private"];

/// What keys are for in that spec: the machines' own where the way in leads over a bastion, and people.
fn wanted(spec: &Spec) -> impl Iterator<Item = &str> {
    let machines = spec.bastion_machine().map(|_| MACHINES).into_iter().flatten();
    machines.chain(spec.access.people.iter().map(|person| person.name.as_str()))
}

/// Writes a file whole or not at all: under another name first, then renamed.
///
/// # Errors
/// When it cannot be written.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<(), FileError> {
    write(path, content, File::options().write(true).create(true).truncate(true))
}

/// The same, for a file that its owner alone may read (0600 on Unix), as ssh wants its settings.
///
/// # Errors
/// When it cannot be written.
pub fn write_privately(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    write(path, content, &options)
}

fn write(path: &Path, content: &[u8], options: &OpenOptions) -> Result<(), FileError> {
    let failed = |source| FileError::Write { path: shown(path), source };
    // The new file takes the place of the old one: of a device or a folder it would take it for good.
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is there, and is no file")));
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    let partial = PathBuf::from(partial);
    let written = options.open(&partial).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.and_then(|()| std::fs::rename(&partial, path)).map_err(|source| {
        // The rename's error is what matters; a leftover that cannot be removed either says nothing more.
        let _ = std::fs::remove_file(&partial);
        failed(source)
    })
}

/// Reads a text that people write: never more than 16 MiB, so that a device or a slip does not fill the memory.
///
/// # Errors
/// When it cannot be read, is no UTF-8, or is larger.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    let failed = |source| FileError::Read { path: shown(path), source };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    file.take(LARGEST_TEXT + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > LARGEST_TEXT {
        return Err(failed(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "it is larger than 16 MiB")));
    }
    Ok(text)
}

/// More than any spec, lock or price file has.
const LARGEST_TEXT: u64 = 16 << 20;

fn shown(path: &Path) -> String {
    path.display().to_string()
}
