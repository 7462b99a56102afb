//! The keys of a spec, in the folder beside its file: made, rotated and listed, with the lock beside it brought in line.

use sce_aws::keys::{self, Folder, KeyError, Protection, Recipients, Seen, State};
use sce_core::spec::{Person, Spec, UnknownPerson};
use serde::Serialize;
use thiserror::Error;

use crate::files::{FileError, SpecFile};

/// The keys of machines.
const MACHINES: [&str; 2] = ["bastion", "private"];

/// What was done with keys of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecKeys {
    /// Each key that was looked at.
    pub keys: Vec<SpecKey>,
    /// Whether there is a lock beside the spec, which has the public halves now.
    pub locked: bool,
}

/// A key of a spec, and how it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpecKey {
    /// What it is for: `bastion`, `private` or a person's name.
    pub key: String,
    /// Its name, which is the private half's file name too.
    pub name: String,
    /// What was done: `made`, `mended`, `rotated`, `finished`, or nothing: `kept`.
    pub done: &'static str,
    /// How far it is: `missing`, `whole`, `handed-over`, `rotating`, `cut-short`, or `own` when the spec has the public half.
    pub state: &'static str,
    /// Whether the private half is encrypted; none when it is not here.
    pub encrypted: Option<bool>,
    /// Whether there is an escrow copy.
    pub escrow: bool,
    /// As `ssh-keygen -l` shows it.
    pub fingerprint: Option<String>,
}

/// Why nothing was done with a key of a spec.
#[derive(Debug, Error)]
pub enum SpecKeyError {
    /// It needs none.
    #[error("the spec wants no key: it has no people, and no bastion")]
    NoneWanted,
    /// The person's key is in the spec, so none is made here.
    #[error("`{0}` has an own key: the spec says which")]
    Own(String),
    /// It has no key of that name.
    #[error("the spec has no key of `{key}`")]
    Unknown {
        /// The name.
        key: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// It has nobody of that name.
    #[error(transparent)]
    Person(#[from] UnknownPerson),
    /// A key cannot be used as it is.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The lock beside the spec cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl SpecKeyError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoneWanted => {
                Some("add people to `[access]`, as `people = [{ name = \"r1\", email = \"r1@example.edu\" }]`".to_owned())
            }
            Self::Own(_) => Some(
                "to replace it, put the new public key into `key` and the old one into `previous_key`, apply, and take the old one out \
                 once the new one has worked; to have one made here, take `key` out"
                    .to_owned(),
            ),
            Self::Unknown { known, .. } => Some(format!("keys of the spec: {}", known.join(", "))),
            Self::Person(error) => Some(error.help()),
            Self::Key(error) => error.help(),
            Self::File(_) => None,
        }
    }
}

/// Makes the pairs that are missing, of all whom the spec has or of those people only, and mends what a run that was cut short left.
///
/// `protection` is asked by the name of each key that is made; `escrow_to` are more public keys of age than the spec names.
///
/// # Errors
/// When the spec wants no key, somebody is not in it or has an own key, or a file cannot be read or written.
pub fn make_keys<E: From<SpecKeyError>>(
    file: &SpecFile,
    people: &[String],
    escrow_to: &[String],
    mut protection: impl FnMut(&str) -> Result<Protection, E>,
) -> Result<SpecKeys, E> {
    let folder = file.keys();
    let wanted = chosen(&file.spec, people)?;
    if wanted.is_empty() {
        return Err(SpecKeyError::NoneWanted.into());
    }
    let escrow = escrow(&file.spec, escrow_to)?;
    let mut made = Vec::new();
    for key in wanted {
        let done = match look(&folder, key)?.state {
            _ if owned(&file.spec, key) => "kept",
            State::Missing => {
                let protection = protection(&folder.key_name(key))?;
                keys::make(&folder, key, &protection, &escrow).map_err(SpecKeyError::from)?;
                "made"
            }
            State::CutShort => mended(&folder, key)?,
            State::Whole | State::HandedOver | State::Rotating => "kept",
        };
        made.push(entry(&file.spec, &folder, key, done)?);
    }
    Ok(SpecKeys { keys: made, locked: refresh(file)? })
}

/// Makes a new pair beside the old one; both open until [`finish_key`]. A rotation that was cut short is gone on with.
///
/// # Errors
/// When the spec has no such key or it is not made here, there is none yet, it is being rotated, or a file cannot be read or written.
pub fn rotate_key<E: From<SpecKeyError>>(
    file: &SpecFile,
    key: &str,
    escrow_to: &[String],
    protection: impl FnOnce(&str) -> Result<Protection, E>,
) -> Result<SpecKeys, E> {
    let folder = for_rotation(file, key)?;
    if !keys::resume(&folder, key).map_err(SpecKeyError::from)? {
        // Before anybody is asked for a passphrase.
        rotatable(&folder, key)?;
        let escrow = escrow(&file.spec, escrow_to)?;
        let protection = protection(&folder.key_name(key))?;
        keys::rotate(&folder, key, &protection, &escrow).map_err(SpecKeyError::from)?;
    }
    Ok(one(file, &folder, key, "rotated")?)
}

/// Takes the key before out of force and removes it. Whoever has not got the new one is locked out from the next apply on.
///
/// # Errors
/// As [`rotate_key`], and when no rotation is under way.
pub fn finish_key(file: &SpecFile, key: &str) -> Result<SpecKeys, SpecKeyError> {
    let folder = for_rotation(file, key)?;
    keys::finish(&folder, key)?;
    one(file, &folder, key, "finished")
}

/// The keys that the spec wants, and how each is kept; nothing is changed.
///
/// # Errors
/// When a file cannot be read, or holds something else.
pub fn list_keys(file: &SpecFile) -> Result<Vec<SpecKey>, SpecKeyError> {
    let folder = file.keys();
    chosen(&file.spec, &[])?.into_iter().map(|key| entry(&file.spec, &folder, key, "kept")).collect()
}

fn one(file: &SpecFile, folder: &Folder, key: &str, done: &'static str) -> Result<SpecKeys, SpecKeyError> {
    let locked = refresh(file)?;
    Ok(SpecKeys { keys: vec![entry(&file.spec, folder, key, done)?], locked })
}

fn refresh(file: &SpecFile) -> Result<bool, SpecKeyError> {
    Ok(file.refresh_keys()?)
}

fn look(folder: &Folder, key: &str) -> Result<Seen, SpecKeyError> {
    Ok(folder.look(key)?)
}

fn mended(folder: &Folder, key: &str) -> Result<&'static str, SpecKeyError> {
    match keys::mend(folder, key)? {
        true => Ok("mended"),
        false => Err(KeyError::CutShort(key.to_owned()).into()),
    }
}

fn rotatable(folder: &Folder, key: &str) -> Result<(), SpecKeyError> {
    match look(folder, key)?.state {
        State::Missing => Err(KeyError::Missing { what: key.to_owned(), folder: folder.path().to_owned() }.into()),
        State::Rotating => Err(KeyError::Rotating(key.to_owned()).into()),
        State::Whole | State::HandedOver | State::CutShort => Ok(()),
    }
}

/// What keys are for: all that the spec needs, or of those people only.
fn chosen<'a>(spec: &'a Spec, people: &[String]) -> Result<Vec<&'a str>, SpecKeyError> {
    if people.is_empty() {
        let machines = spec.bastion_machine().map(|_| MACHINES).into_iter().flatten();
        return Ok(machines.chain(spec.access.people.iter().map(|person| person.name.as_str())).collect());
    }
    people.iter().map(|name| only_made_here(spec.person(name)?)).collect()
}

fn only_made_here(person: &Person) -> Result<&str, SpecKeyError> {
    match person.key {
        None => Ok(&person.name),
        Some(_) => Err(SpecKeyError::Own(person.name.clone())),
    }
}

fn owned(spec: &Spec, key: &str) -> bool {
    spec.person(key).is_ok_and(|person| person.key.is_some())
}

/// The folder of the spec's keys, if it has one of that name that is made here.
fn for_rotation(file: &SpecFile, key: &str) -> Result<Folder, SpecKeyError> {
    let known = chosen(&file.spec, &[])?;
    if !known.contains(&key) {
        let known = known.into_iter().map(str::to_owned).collect();
        return Err(SpecKeyError::Unknown { key: key.to_owned(), known });
    }
    if let Ok(person) = file.spec.person(key) {
        only_made_here(person)?;
    }
    Ok(file.keys())
}

/// Those in the spec who hold keys to archives, and those named now.
fn escrow(spec: &Spec, more: &[String]) -> Result<Recipients, SpecKeyError> {
    let all = spec.archive.recipients.iter().chain(more).map(String::as_str);
    Recipients::parse(all).map_err(|error| KeyError::from(error).into())
}

fn entry(spec: &Spec, folder: &Folder, key: &str, done: &'static str) -> Result<SpecKey, SpecKeyError> {
    let Seen { state, encrypted, escrow, fingerprint, .. } = look(folder, key)?;
    let state = match state {
        _ if owned(spec, key) => "own",
        State::Missing => "missing",
        State::Whole => "whole",
        State::HandedOver => "handed-over",
        State::Rotating => "rotating",
        State::CutShort => "cut-short",
    };
    Ok(SpecKey { key: key.to_owned(), name: folder.key_name(key), done, state, encrypted, escrow, fingerprint })
}

#[cfg(test)]
mod tests {
    use sce_aws::keys::Dangerous;

    use super::*;

    fn spec(folder: &tempfile::TempDir, people: &str) -> SpecFile {
        let path = folder.path().join("hipaa.toml");
        let text = format!(
            "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n[access]\npeople = [{people}]\n"
        );
        std::fs::write(&path, text).unwrap();
        SpecFile::read(&path).unwrap()
    }

    fn bare(_: &str) -> Result<Protection, SpecKeyError> {
        Ok(Protection::Unencrypted(Dangerous::keep_private_key_unencrypted()))
    }

    const R1: &str = "{ name = \"r1\", email = \"r1@example.edu\" }";

    #[test]
    fn a_key_is_made_once_rotated_and_finished() {
        let folder = tempfile::tempdir().unwrap();
        let file = spec(&folder, R1);
        assert_eq!(list_keys(&file).unwrap()[0].state, "missing");
        let done = |keys: SpecKeys| (keys.keys[0].done, keys.keys[0].state, keys.locked);
        assert_eq!(done(make_keys(&file, &[], &[], bare).unwrap()), ("made", "whole", false));
        assert_eq!(done(make_keys(&file, &[], &[], bare).unwrap()), ("kept", "whole", false));
        assert_eq!(done(rotate_key(&file, "r1", &[], bare).unwrap()), ("rotated", "rotating", false));
        assert!(matches!(rotate_key(&file, "r1", &[], bare), Err(SpecKeyError::Key(KeyError::Rotating(_)))));
        assert_eq!(done(finish_key(&file, "r1").unwrap()), ("finished", "whole", false));
    }

    #[test]
    fn nobody_is_asked_for_a_passphrase_in_vain() {
        let folder = tempfile::tempdir().unwrap();
        let file = spec(&folder, R1);
        let never = |name: &str| -> Result<Protection, SpecKeyError> { panic!("asked for {name}") };
        assert!(matches!(rotate_key(&file, "r1", &[], never), Err(SpecKeyError::Key(KeyError::Missing { .. }))));
        let unknown = rotate_key(&file, "r2", &[], never).unwrap_err();
        assert_eq!(unknown.help().as_deref(), Some("keys of the spec: r1"));
        let nobody = make_keys(&spec(&folder, ""), &[], &[], never).unwrap_err();
        assert_eq!(nobody.to_string(), "the spec wants no key: it has no people, and no bastion");
    }
}
