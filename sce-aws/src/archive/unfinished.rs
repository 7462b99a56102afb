//! The mark of an archive in a folder that is not finished: whose it is, so that the next run may begin anew in its place.
//!
//! It is there before anything else is and goes once the registry knows the archive, which is before anything is deleted from the
//! account. So what lies under a mark holds nothing that the account has not, and may go, whatever state it is in: none of it is
//! trusted, or read.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use sce_core::account::{AccountId, Region};
use sce_core::pit::Pit;
use serde::{Deserialize, Serialize};

use super::files::{BESIDE, DOCUMENTS, MANIFEST, OBJECTS, PARTIAL, UNFINISHED, is_empty_or_absent, write_whole};
use super::manifest::{is_document_name, is_object_name};
use super::{ArchiveError, Destination};
use crate::transfer::file;

/// Whose archive a folder is to become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unfinished {
    pub(crate) schema_version: u32,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) pit: Pit,
    /// The environment's life: another environment of that name is another's.
    pub(crate) life: String,
}

impl Unfinished {
    /// Puts the mark into a folder that is empty; takes away what lies there under this mark, unless a run is still at work there. The
    /// file is locked while it is open.
    pub(super) fn begin(&self, folder: &Path) -> Result<File, ArchiveError> {
        let path = folder.join(UNFINISHED);
        match marked(folder)? {
            Some(mark) if mark == *self => {
                let mark = alone(&path, folder)?;
                return clear(folder).map(|()| mark);
            }
            Some(other) => return Err(ArchiveError::Others { path: folder.to_owned(), whose: other.whose() }),
            None => {}
        }
        // Killed before it had its name, the mark is all there is.
        let partial = folder.join(PARTIAL);
        if entries(folder).map_err(ArchiveError::file(folder))? == [partial.clone()] {
            fs::remove_file(&partial).map_err(ArchiveError::file(&partial))?;
        }
        if !is_empty_or_absent(folder).map_err(ArchiveError::file(folder))? {
            return Err(ArchiveError::NotEmpty(folder.to_owned()));
        }
        file::create_private_folder(folder).map_err(ArchiveError::file(folder))?;
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        write_whole(&path, text.as_bytes()).map_err(ArchiveError::file(&path))?;
        alone(&path, folder)
    }

    fn whose(&self) -> String {
        format!("{} {} {} {}", self.account, self.region, self.pit, self.life)
    }
}

/// The mark, locked: a run that was taken over, and wakes, is still at work while it has it. File systems without locks go on as without.
fn alone(path: &Path, folder: &Path) -> Result<File, ArchiveError> {
    let mark = File::open(path).map_err(ArchiveError::file(path))?;
    match mark.try_lock() {
        Err(TryLockError::WouldBlock) => Err(ArchiveError::AtWork(folder.to_owned())),
        _ => Ok(mark),
    }
}

/// Takes the mark off: the registry knows the archive now. One that is not there is off already.
/// What lies in a bucket bears none: it is locked there, and is not begun anew.
pub(crate) fn finished(archive: &Destination) -> Result<(), ArchiveError> {
    match archive {
        Destination::Folder { path, .. } => unmark(path),
        Destination::Vault(_) => Ok(()),
    }
}

fn unmark(folder: &Path) -> Result<(), ArchiveError> {
    let path = folder.join(UNFINISHED);
    match fs::remove_file(&path) {
        Ok(()) => file::sync_folder_of(&path).map_err(ArchiveError::file(&path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(ArchiveError::file(&path)(error)),
    }
}

/// The mark in a folder; what cannot be read as one is none.
fn marked(folder: &Path) -> Result<Option<Unfinished>, ArchiveError> {
    let path = folder.join(UNFINISHED);
    match fs::symlink_metadata(&path) {
        Ok(about) if about.is_file() => {}
        _ => return Ok(None),
    }
    let text = fs::read(&path).map_err(ArchiveError::file(&path))?;
    Ok(serde_json::from_slice(&text).ok())
}

/// Takes away everything but the mark, once all of it is seen to be what an archive consists of.
fn clear(folder: &Path) -> Result<(), ArchiveError> {
    let mut files = Vec::new();
    for path in entries(folder).map_err(ArchiveError::file(folder))? {
        let name = file_name(&path);
        match name.as_str() {
            UNFINISHED => {}
            OBJECTS | DOCUMENTS if is_folder(&path) => {
                let is_ours = if name == OBJECTS { is_object_name } else { is_document_file };
                for inner in entries(&path).map_err(ArchiveError::file(&path))? {
                    files.push(known(folder, inner, is_ours)?);
                }
            }
            _ => files.push(known(folder, path, |name| name == PARTIAL || BESIDE.contains(&name))?),
        }
    }
    // Without its manifest it is no archive, whatever is left of it: that goes first.
    files.sort_by_key(|path| file_name(path) != MANIFEST);
    for path in files {
        fs::remove_file(&path).map_err(ArchiveError::file(&path))?;
    }
    file::sync_folder_of(&folder.join(UNFINISHED)).map_err(ArchiveError::file(folder))
}

/// A regular file of a name that an archive gives; anything else is somebody's, and stays.
fn known(folder: &Path, path: PathBuf, is_ours: impl Fn(&str) -> bool) -> Result<PathBuf, ArchiveError> {
    let is_file = fs::symlink_metadata(&path).map_err(ArchiveError::file(&path))?.is_file();
    if is_file && is_ours(&file_name(&path)) {
        return Ok(path);
    }
    let file = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
    Err(ArchiveError::Beside { path: folder.to_owned(), file })
}

fn is_document_file(name: &str) -> bool {
    is_document_name(name.strip_suffix(".age").unwrap_or(name))
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.is_dir())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed?.map(|entry| entry.map(|entry| entry.path())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{About, Dangerous, Protection, Signer, Writer, verify};

    fn mark(life: &str) -> Unfinished {
        Unfinished {
            schema_version: 1,
            account: "111122223333".parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
            pit: "hipaa".parse().unwrap(),
            life: life.to_owned(),
        }
    }

    fn plain() -> Protection {
        Protection::Plain(Dangerous::store_health_data_in_clear())
    }

    fn create(folder: &Path, life: &str) -> Result<Writer, ArchiveError> {
        Writer::create_marked(folder, &plain(), &mark(life))
    }

    fn about() -> About {
        let Unfinished { account, region, pit, .. } = mark("");
        About { pit, account, region, made_at: "2026-11-30T12:00:00Z".parse().unwrap() }
    }

    #[test]
    fn what_was_begun_is_begun_anew_and_nothing_of_it_is_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("a");
        let mut first = create(&archive, "1").unwrap();
        first.add_document("spec.json", b"{}").unwrap();
        first.add_document("lock.json", b"{}").unwrap();
        drop(first);
        // A kill leaves what was not ended, and names that the next one does not use.
        fs::write(archive.join("objects/000007"), "half").unwrap();
        fs::write(archive.join("documents/spec.json"), "forged").unwrap();
        fs::write(archive.join(PARTIAL), "{").unwrap();
        let mut second = create(&archive, "1").unwrap();
        second.add_document("spec.json", b"{}").unwrap();
        second.finish(about(), &Signer::make().unwrap()).unwrap();
        assert!(verify(&archive, None).unwrap().is_sound(), "the mark is no part of it");
        unmark(&archive).unwrap();
        unmark(&archive).unwrap();
        assert!(verify(&archive, None).unwrap().is_sound());
        assert!(matches!(create(&archive, "1").unwrap_err(), ArchiveError::NotEmpty(_)), "a finished one stays");
    }

    #[test]
    fn what_is_anybody_elses_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("a");
        drop(create(&archive, "1").unwrap());
        let error = create(&archive, "2").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`{}` holds the unfinished archive of `111122223333 us-west-2 hipaa 1`", archive.display())
        );
        fs::write(archive.join("objects/000001"), "x").unwrap();
        fs::write(archive.join("objects/notes.txt"), "mine").unwrap();
        let error = create(&archive, "1").unwrap_err();
        assert!(error.to_string().ends_with("beside it `objects/notes.txt`, which is no part of it"), "{error}");
        assert!(archive.join("objects/000001").exists(), "nothing goes before all of it is seen");
        fs::remove_file(archive.join("objects/notes.txt")).unwrap();
        fs::write(archive.join(UNFINISHED), "{").unwrap();
        assert!(matches!(create(&archive, "1").unwrap_err(), ArchiveError::NotEmpty(_)), "no mark that can be read");
    }

    #[test]
    fn two_runs_never_write_into_one_folder() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("a");
        let first = create(&archive, "1").unwrap();
        let error = create(&archive, "1").unwrap_err();
        assert!(error.to_string().starts_with("another run is archiving into"), "{error}");
        drop(first);
        assert!(create(&archive, "1").is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (archive, other) = (folder.path().join("a"), folder.path().join("other"));
        drop(create(&archive, "1").unwrap());
        fs::create_dir(&other).unwrap();
        fs::write(other.join("000001"), "somebody's").unwrap();
        fs::remove_dir(archive.join("objects")).unwrap();
        std::os::unix::fs::symlink(&other, archive.join("objects")).unwrap();
        assert!(matches!(create(&archive, "1").unwrap_err(), ArchiveError::Beside { .. }));
        assert!(other.join("000001").exists());
    }

    #[test]
    fn killed_before_its_mark_had_a_name_the_folder_is_as_good_as_empty() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(PARTIAL), "{").unwrap();
        assert!(create(folder.path(), "1").is_ok());
    }
}
