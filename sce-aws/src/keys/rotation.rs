use std::fs;
use std::io;
use std::path::Path;

use super::folder::{failed, read_private, read_public, remove, rename};
use super::pair::{complete, make_files};
use super::{Folder, KeyError, Protection, Recipients};

/// Makes a new pair under the key's name and keeps the old one as `NAME.previous`: both are in force until [`finish`].
///
/// In this order somebody is never without a key that opens, and [`resume`] goes on wherever it was cut short:
///
/// 1. The new pair is made as `NAME.next`. The old one is in force.
/// 2. The old halves get the name `NAME.previous` beside their own. The old one is in force, by two names.
/// 3. The public half is replaced. Both are in force, and the private half at hand is the old one.
/// 4. The private half is replaced.
///
/// # Errors
/// When there is no key of that name, it is being rotated already, or a file cannot be read or written.
pub fn rotate(folder: &Folder, what: &str, protection: &Protection, escrow: &Recipients) -> Result<(), KeyError> {
    let _held = folder.held()?;
    let (now, next, previous) = (folder.files(what), folder.next(what), folder.previous(what));
    if next.private.exists() {
        return Err(KeyError::CutShort(what.to_owned()));
    }
    if previous.public.exists() {
        return Err(KeyError::Rotating(what.to_owned()));
    }
    if read_public(&now.public)?.is_none() {
        return Err(KeyError::Missing { what: what.to_owned(), folder: folder.path().to_owned() });
    }
    // What a finish that was cut short left: without its public half it opens nothing, and it is in the way.
    remove(&previous.private)?;
    remove(&previous.escrow)?;
    make_files(&next, &folder.key_name(what), protection, escrow)?;
    swap(folder, what)
}

/// Goes on with a rotation that was cut short after the new pair was made, and says whether there was one.
///
/// # Errors
/// When a file cannot be read or written.
pub fn resume(folder: &Folder, what: &str) -> Result<bool, KeyError> {
    let _held = folder.held()?;
    let (now, next) = (folder.files(what), folder.next(what));
    let Some(private) = read_private(&next.private)? else { return Ok(false) };
    // The public half has been replaced already, if it is this one's.
    if read_public(&now.public)?.as_ref() != Some(&private.public) {
        complete(&next, &folder.key_name(what))?;
    }
    swap(folder, what)?;
    Ok(true)
}

/// The new pair takes the key's name, and the old one that of the pair before. Each step may have been taken already.
fn swap(folder: &Folder, what: &str) -> Result<(), KeyError> {
    let (now, next, previous) = (folder.files(what), folder.next(what), folder.previous(what));
    link_once(&now.private, &previous.private)?;
    link_once(&now.escrow, &previous.escrow)?;
    link_once(&now.public, &previous.public)?;
    if next.public.exists() {
        rename(&next.public, &now.public)?;
    }
    match next.escrow.exists() {
        true => rename(&next.escrow, &now.escrow)?,
        // Of the old key only: it would be taken for the new one's.
        false if same_file(&now.escrow, &previous.escrow)? => remove(&now.escrow)?,
        false => {}
    }
    rename(&next.private, &now.private)
}

/// Takes the key before out of force and removes it. Whoever has not got the new one is locked out from the next `sce apply` on.
///
/// # Errors
/// When no rotation is under way or one was cut short, or a file cannot be removed.
pub fn finish(folder: &Folder, what: &str) -> Result<(), KeyError> {
    let _held = folder.held()?;
    let previous = folder.previous(what);
    if folder.next(what).private.exists() {
        return Err(KeyError::CutShort(what.to_owned()));
    }
    let there = [&previous.public, &previous.private, &previous.escrow].into_iter().any(|path| path.exists());
    if !there {
        return Err(KeyError::NotRotating(what.to_owned()));
    }
    // The public half first: what is in force is told by public halves.
    remove(&previous.public)?;
    remove(&previous.private)?;
    remove(&previous.escrow)
}

/// A second name for a file, unless there is none or it has that name already.
fn link_once(from: &Path, to: &Path) -> Result<(), KeyError> {
    match fs::hard_link(from, to) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {
            Err(failed(to, "written", error))
        }
        _ => Ok(()),
    }
}

fn same_file(one: &Path, other: &Path) -> Result<bool, KeyError> {
    let read = |path: &Path| match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some).map_err(|source| failed(path, "read", source)),
    };
    let one = read(one)?;
    Ok(one.is_some() && one == read(other)?)
}
