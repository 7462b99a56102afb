//! An account saved as files: collecting it, and the model that the files tell of.

use std::fs;
use std::io;
use std::path::Path;

use sce_aws::Session;
use sce_aws::collect::{Answer, CollectError, Collected};
use sce_aws::endpoint::SERVICES;
use sce_core::aws::describe::model::{Place, Saved, of_account, of_plan};
use sce_core::model::Model;
use sce_core::plan::Plan;
use thiserror::Error;

use crate::describe::{TreeError, read_tree};
use crate::files::{FileError, write_atomically};

/// Why a folder of saved answers was not written or read.
#[derive(Debug, Error)]
pub enum SavedError {
    /// There are files in it already.
    #[error("`{0}` is not empty, and what was saved before would be taken for what is now")]
    NotEmpty(String),
    /// A file or folder cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The folder cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The account could not be read.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// There is no saved answer in it.
    #[error("no saved answer of AWS is in `{0}`")]
    Nothing(String),
    /// The answers do not say whose they are.
    #[error("what is in `{0}` does not tell its account and region")]
    NoPlace(String),
}

impl SavedError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let advice = match self {
            Self::NotEmpty(_) => Some("name another folder, or replace what an earlier run saved with `--force`"),
            Self::Nothing(_) => {
                Some("save an account with `sce collect -o DIR`, or with the AWS CLI (docs/collect.md)")
            }
            Self::NoPlace(_) => Some("save `aws sts get-caller-identity`, and name the folder after the region"),
            Self::Collect(error) => error.help(),
            Self::Tree(error) => return error.help(),
            Self::File(_) => None,
        };
        advice.map(str::to_owned)
    }
}

/// The file that tells what was collected, and the one that tells what could not be.
const SUMMARY: &str = "collected.json";
const UNREAD: &str = "unread.json";

/// Saves the account in the session's region into a folder, which is made; read-only for the account. `told` hears of each file.
///
/// Each file is written whole or not at all, and the summary `collected.json` last. With `replace`, answers that an earlier run saved
/// in the folder go first.
///
/// # Errors
/// When the folder has something in it and nothing is to be replaced, a file cannot be written, or nobody answers.
pub async fn collect(
    session: &Session,
    folder: &Path,
    replace: bool,
    told: &(dyn Fn(&str) + Sync),
) -> Result<Collected, SavedError> {
    let occupied = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    match (occupied, replace) {
        (true, false) => return Err(SavedError::NotEmpty(folder.display().to_string())),
        (true, true) => remove_earlier(folder)?,
        (false, _) => {}
    }
    let mut keep = |answer: &Answer| {
        told(&answer.path);
        keep(folder, answer)
    };
    let collected = sce_aws::collect::collect(session, &mut keep).await?;
    write(&folder.join(UNREAD), &serde_json::json!({ "schema_version": 1, "unread": collected.unread }))?;
    write(&folder.join(SUMMARY), &collected)?;
    Ok(collected)
}

/// What a folder of saved answers tells.
#[derive(Clone, Debug)]
pub struct Told {
    /// The model.
    pub model: Model,
    /// Files that hold no JSON to begin with, by their paths below the folder: nothing was taken from them.
    pub left_out: Vec<String>,
}

/// What the files in a folder, and in folders in it, tell: of the plan's environment in the plan's terms, or of the whole account.
///
/// # Errors
/// When a file cannot be read, one breaks off, none holds an answer of AWS, or, without a plan, nothing says whose
/// the answers are.
pub fn model(folder: &Path, plan: Option<&Plan>) -> Result<Told, SavedError> {
    let (saved, left_out) = read(folder)?;
    let model = match plan {
        Some(plan) => of_plan(&saved, plan),
        None => {
            let place = Place::of(&saved).ok_or_else(|| SavedError::NoPlace(folder.display().to_string()))?;
            of_account(&saved, &place)
        }
    };
    Ok(Told { model, left_out })
}

/// The answers in the files of a folder, and of folders in it, and the files that hold no JSON.
fn read(folder: &Path) -> Result<(Saved, Vec<String>), SavedError> {
    let tree = read_tree(folder)?;
    let own = |path: &str| [SUMMARY, UNREAD].iter().any(|name| path.rsplit('/').next() == Some(name));
    let files = tree.files().filter(|file| !own(file.path)).map(|file| (file.path, file.bytes));
    let (saved, broken) = Saved::read(files);
    // With a part missing, what is open could look shut.
    if let Some(source) = broken.into_iter().next() {
        return Err(TreeError::Broken { path: folder.join(&source.path).display().to_string(), source }.into());
    }
    let left_out = tree.passed_by().map(|(path, _)| path.to_owned()).collect();
    if saved.is_empty() {
        return Err(SavedError::Nothing(folder.display().to_string()));
    }
    Ok((saved, left_out))
}

/// Takes away what an earlier run saved: the folders of services that it made, and no other file.
fn remove_earlier(folder: &Path) -> Result<(), SavedError> {
    if !folder.join(SUMMARY).is_file() && !folder.join(UNREAD).is_file() {
        return Err(SavedError::NotEmpty(folder.display().to_string()));
    }
    for service in SERVICES {
        let path = folder.join(service);
        match fs::remove_dir_all(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(FileError::Write { path: path.display().to_string(), source }.into());
            }
            _ => {}
        }
    }
    Ok(())
}

fn keep(folder: &Path, answer: &Answer) -> io::Result<()> {
    let path = folder.join(&answer.path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    write(&path, &answer.json).map_err(|error| match error {
        FileError::Write { source, .. } => source,
        other => io::Error::other(other),
    })
}

fn write(path: &Path, json: &impl serde::Serialize) -> Result<(), FileError> {
    let failed =
        |source: serde_json::Error| FileError::Write { path: path.display().to_string(), source: source.into() };
    let mut text = serde_json::to_vec_pretty(json).map_err(failed)?;
    text.push(b'\n');
    write_atomically(path, &text)
}
