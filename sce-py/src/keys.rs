//! Keys that machines and people are reached with, in the folder beside the spec.

use std::path::PathBuf;

use pyo3::prelude::*;
use sce::archive::{Identity, SecretString};
use sce::keys::{self, Dangerous, KeyError, Protection, check_passphrase};
use sce::{SpecFile, SpecKey, SpecKeyError};
use serde_json::json;

use crate::errors::{Raise, input};
use crate::offline::{Spec, to_python};

/// How private halves that are made are kept: encrypted with a passphrase, or, said aloud, not at all.
#[derive(FromPyObject)]
pub(crate) struct Keeping(Option<String>, bool);

impl Keeping {
    fn protection(&self) -> Result<Protection, Raise> {
        match self {
            Self(Some(_), true) => Err(input("`passphrase` and `dangerously_unencrypted` are both given")),
            Self(None, true) => Ok(Protection::Unencrypted(Dangerous::keep_private_key_unencrypted())),
            Self(Some(passphrase), false) => {
                let passphrase = SecretString::from(passphrase.as_str());
                check_passphrase(&passphrase)?;
                Ok(Protection::Passphrase(passphrase))
            }
            Self(None, false) => Err(input("the private key needs a passphrase")
                .advise("say `passphrase=getpass.getpass()`; for a rehearsal, `dangerously_unencrypted=True`")),
        }
    }
}

fn file(spec: &Spec) -> Result<SpecFile, Raise> {
    spec.file().ok_or_else(|| {
        input("the spec is in no file, and keys are kept beside it")
            .advise("`spec.save(\"hipaa.json\")` writes it, and returns the one to use")
    })
}

fn told(py: Python<'_>, file: &SpecFile, keys: &[SpecKey]) -> PyResult<Py<PyAny>> {
    let folder = file.keys();
    let told = keys.iter().map(|key| {
        let mut told = json!(key);
        told["file"] = json!(folder.private_half(&key.key));
        told
    });
    to_python(py, &told.collect::<Vec<_>>())
}

/// Makes the pairs that are missing.
#[pyfunction]
pub(crate) fn keys_make(
    py: Python<'_>,
    spec: &Spec,
    people: Vec<String>,
    keeping: Keeping,
    escrow_to: Vec<String>,
) -> PyResult<Py<PyAny>> {
    let file = file(spec)?;
    let made = py.detach(|| sce::make_keys::<Raise>(&file, &people, &escrow_to, |_| keeping.protection()))?;
    told(py, &file, &made.keys)
}

/// Makes a new pair beside the old one.
#[pyfunction]
pub(crate) fn keys_rotate(
    py: Python<'_>,
    spec: &Spec,
    key: &str,
    keeping: Keeping,
    escrow_to: Vec<String>,
) -> PyResult<Py<PyAny>> {
    let file = file(spec)?;
    let rotated = py.detach(|| sce::rotate_key::<Raise>(&file, key, &escrow_to, |_| keeping.protection()))?;
    told(py, &file, &rotated.keys)
}

/// Takes the key before out of force.
#[pyfunction]
pub(crate) fn keys_finish(py: Python<'_>, spec: &Spec, key: &str) -> PyResult<Py<PyAny>> {
    let file = file(spec)?;
    let finished = sce::finish_key(&file, key).map_err(Raise::from)?;
    told(py, &file, &finished.keys)
}

/// The keys that the spec wants, and how each is kept.
#[pyfunction]
pub(crate) fn keys_ls(py: Python<'_>, spec: &Spec) -> PyResult<Py<PyAny>> {
    let file = file(spec)?;
    told(py, &file, &sce::list_keys(&file).map_err(Raise::from)?)
}

/// Gets a private half back from its escrow copy; its name and fingerprint.
#[pyfunction]
pub(crate) fn keys_recover(
    py: Python<'_>,
    copy: PathBuf,
    identity: (PathBuf, Option<String>),
    to: PathBuf,
    keeping: Keeping,
) -> PyResult<(String, String)> {
    let (path, passphrase) = identity;
    let recovered = py.detach(|| {
        let identity = Identity::load(&path, passphrase.map(SecretString::from).as_ref())?;
        let protection = keeping.protection()?;
        Ok::<_, Raise>(keys::recover(&copy, &identity, &to, &protection)?)
    })?;
    Ok((recovered.name, recovered.fingerprint))
}

impl From<KeyError> for Raise {
    fn from(error: KeyError) -> Self {
        SpecKeyError::from(error).into()
    }
}
