//! Getting out what an archive holds.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use super::files::is_empty_or_absent;
use super::manifest::Stored;
use super::verify::{ReadManifest, Refusal, check_file, read_manifest};
use super::{Encryption, Identity, Manifest, Object, Problem, RestoreError};
use crate::transfer::file;

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreReport {
    /// Where each document is.
    pub documents: Vec<PathBuf>,
    /// Where each object is.
    pub objects: Vec<Restored>,
}

/// A version of an object, restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The bucket it was in.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// AWS's id of the version.
    pub version_id: Option<String>,
    /// The file.
    pub path: PathBuf,
    /// Whether the file has the key's name; else the key could not be a path here (or clashed with another's), and the file is
    /// named after the archive's.
    pub by_key: bool,
}

/// Restores an archive into a folder that is empty or not there yet.
///
/// An object becomes `TARGET/BUCKET/KEY`, an earlier version `TARGET/BUCKET/KEY@VERSION`, a document `TARGET/@documents/NAME`. S3 knows
/// keys that are no paths (`a` beside `a/b`, `a//b`, `a/`): their content is found as `TARGET/@objects/NUMBER`, and the report says
/// which is which. Every file is compared with its SHA-256 before it gets its name.
///
/// # Errors
/// Before anything is written: when the archive cannot be read, its chain or signature does not hold, its identity is missing, a key would leave the folder,
/// or the target holds something. While writing: when a file is not what the manifest says, or the disk fails.
pub fn restore(folder: &Path, identity: Option<&Identity>, target: &Path) -> Result<RestoreReport, RestoreError> {
    let ReadManifest { manifest, problems } = read_manifest(folder)?;
    if let Some(problem) = problems.into_iter().next() {
        return Err(RestoreError::Damaged(problem));
    }
    if manifest.encryption == Encryption::Age && identity.is_none() {
        return Err(RestoreError::NeedsIdentity { recipients: manifest.recipients.clone() });
    }
    let paths = plan(&manifest)?;
    if !is_empty_or_absent(target).map_err(RestoreError::file(target))? {
        return Err(RestoreError::NotEmpty(target.to_owned()));
    }
    file::create_private_folder(target).map_err(RestoreError::file(target))?;
    let mut files = manifest.files();
    for (stored, (path, _)) in files.by_ref().zip(&paths) {
        restore_file(folder, &manifest, &stored, identity, target, path)?;
    }
    drop(files);
    Ok(report(&manifest, target, paths))
}

/// Where each document and object goes, and whether under its own name.
pub(super) fn plan(manifest: &Manifest) -> Result<Vec<(PathBuf, bool)>, RestoreError> {
    let mut taken = Taken::default();
    let documents = manifest.documents.iter().map(|document| Ok((Path::new("@documents").join(&document.name), true)));
    let objects = (1_u64..).zip(&manifest.objects).map(|(number, object)| {
        if !is_bucket(&object.bucket) {
            return Err(RestoreError::UnsafeKey { file: object.file.clone(), key: object.key.clone() });
        }
        // A key that would leave the folder is somebody's data all the same: it is restored under its number.
        let own = own_path(object).filter(|path| !leaves_folder(&object.key) && taken.take(path));
        let by_key = own.is_some();
        Ok((own.unwrap_or_else(|| Path::new("@objects").join(format!("{number:06}"))), by_key))
    });
    documents.chain(objects).collect()
}

/// Whether a key is a way out of the folder on some system.
fn leaves_folder(key: &str) -> bool {
    let is_drive = key.as_bytes().get(1) == Some(&b':');
    key.starts_with(['/', '\\'])
        || is_drive
        || key.contains('\0')
        || key.split(['/', '\\']).any(|segment| segment == "..")
}

/// A bucket's name holds no slash and is neither `.` nor `..` (S3 User Guide, bucket naming rules).
pub(super) fn is_bucket(name: &str) -> bool {
    let usual = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    (3..=63).contains(&name.len()) && name.bytes().all(usual) && !name.contains("..") && !name.starts_with('.')
}

fn own_path(object: &Object) -> Option<PathBuf> {
    let name = match (&object.version_id, object.latest) {
        (_, true) => object.key.clone(),
        (Some(version), false) if !version.contains('/') => format!("{}@{version}", object.key),
        _ => return None,
    };
    let fits = name.split('/').all(is_file_name) && name.len() <= 1024;
    fits.then(|| Path::new(&object.bucket).join(name))
}

/// Names that every file system takes as they are.
fn is_file_name(segment: &str) -> bool {
    let odd = |c: char| c.is_control() || (cfg!(windows) && "<>:\"|?*".contains(c)) || c == '\\';
    !segment.is_empty() && segment != "." && segment.len() <= 255 && !segment.contains(odd)
}

/// No file may stand where another or its folder does.
#[derive(Default)]
struct Taken {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl Taken {
    fn take(&mut self, path: &Path) -> bool {
        let above = || path.ancestors().skip(1);
        if self.files.contains(path) || self.folders.contains(path) || above().any(|folder| self.files.contains(folder))
        {
            return false;
        }
        self.folders.extend(above().map(Path::to_owned));
        self.files.insert(path.to_owned())
    }
}

fn restore_file(
    folder: &Path,
    manifest: &Manifest,
    stored: &Stored<'_>,
    identity: Option<&Identity>,
    target: &Path,
    path: &Path,
) -> Result<(), RestoreError> {
    let partial = target.join(PARTIAL);
    let written = write_checked(folder, manifest, stored, identity, &partial);
    keep(written, &partial, &target.join(path))
}

/// What is being written, until it has its name.
pub(super) const PARTIAL: &str = "@partial";

/// Gives what was written its name, or removes it: nothing that was not compared stays.
pub(super) fn keep(written: Result<(), RestoreError>, partial: &Path, path: &Path) -> Result<(), RestoreError> {
    let placed = written.and_then(|()| place(partial, path).map_err(RestoreError::file(path)));
    if placed.is_err() {
        // It may not even have been made.
        let _ = fs::remove_file(partial);
    }
    placed
}

fn write_checked(
    folder: &Path,
    manifest: &Manifest,
    stored: &Stored<'_>,
    identity: Option<&Identity>,
    partial: &Path,
) -> Result<(), RestoreError> {
    let mut output = BufWriter::new(file::create_private(partial).map_err(RestoreError::file(partial))?);
    check_file(folder, manifest, stored, identity, &mut output).map_err(|refusal| match refusal {
        Refusal::Fault(fault) => RestoreError::Damaged(Problem { file: stored.file.to_owned(), fault }),
        Refusal::Archive(error) => RestoreError::Archive(error),
        Refusal::Output(error) => RestoreError::file(partial)(error),
    })?;
    let output = output.into_inner().map_err(io::IntoInnerError::into_error);
    output.and_then(|file| file.sync_all()).map_err(RestoreError::file(partial))
}

fn place(partial: &Path, path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        file::create_private_folder(folder)?;
    }
    // Two keys may be one name here, where upper and lower case are not told apart.
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(partial, path)?;
    file::sync_folder_of(path)
}

pub(super) fn report(manifest: &Manifest, target: &Path, paths: Vec<(PathBuf, bool)>) -> RestoreReport {
    let mut paths = paths.into_iter();
    let documents = paths.by_ref().take(manifest.documents.len()).map(|(path, _)| target.join(path)).collect();
    let restored = |(object, (path, by_key)): (&Object, (PathBuf, bool))| Restored {
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        version_id: object.version_id.clone(),
        path: target.join(path),
        by_key,
    };
    RestoreReport { documents, objects: manifest.objects.iter().zip(paths).map(restored).collect() }
}
