//! Trees of saved describe output, as folders.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sce_core::aws::describe::tree::{BrokenAnswer, decoded};
use thiserror::Error;

pub use sce_core::aws::describe::{Answer, Described, flow, read, tree};

/// More than any answer that is worth keeping in one piece: a million interfaces take 2 GB, and AWS gives them out a thousand a page.
const LARGEST_FILE: u64 = 4 << 30;

/// The files of a tree, in the order of their paths.
#[derive(Clone, Debug)]
pub struct SavedTree {
    /// The folder.
    pub root: PathBuf,
    files: Vec<(String, Vec<u8>)>,
    /// What was not read, and why: links to folders, devices, and files that are no JSON to begin with.
    passed_by: Vec<(String, &'static str)>,
}

/// Why a tree cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A file or folder cannot be read.
    #[error("`{path}` cannot be read")]
    Read {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is neither a folder nor a file.
    #[error("`{path}` is neither a folder nor a file")]
    Nothing {
        /// Which.
        path: String,
    },
    /// A file is too large.
    #[error("`{path}` is larger than {} GiB", LARGEST_FILE >> 30)]
    TooLarge {
        /// Which.
        path: String,
    },
    /// An answer is broken.
    #[error("`{path}` holds a broken answer")]
    Broken {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        source: BrokenAnswer,
    },
}

impl TreeError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Broken { source, .. } => source.help(),
            Self::TooLarge { .. } => Some("save the answer in pages, a file each".to_owned()),
            Self::Nothing { .. } => Some("name a folder of saved answers, or one file".to_owned()),
            Self::Read { .. } => None,
        }
    }
}

/// Reads the files of a folder and all folders in it, or one file. What its name begins with a dot is left out, links to folders are
/// not followed, and nothing but files is opened.
///
/// # Errors
/// When something cannot be read or is too large.
pub fn read_tree(root: &Path) -> Result<SavedTree, TreeError> {
    let mut saved = SavedTree { root: root.to_owned(), files: Vec::new(), passed_by: Vec::new() };
    let metadata = fs::metadata(root).map_err(|source| unreadable(root, source))?;
    if metadata.is_file() {
        let name = root.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        saved.root = root.parent().unwrap_or(root).to_owned();
        saved.file(root, name)?;
        return Ok(saved);
    }
    if !metadata.is_dir() {
        return Err(TreeError::Nothing { path: shown(root) });
    }
    let mut paths = vec![PathBuf::new()];
    while let Some(below) = paths.pop() {
        // Last in, first out: so what comes first goes in last.
        paths.extend(saved.entry(&below)?.into_iter().rev());
    }
    Ok(saved)
}

impl SavedTree {
    /// The files, for whoever reads them in a way of its own.
    pub fn files(&self) -> impl Iterator<Item = tree::File<'_>> {
        self.files.iter().map(|(path, bytes)| tree::File { path, bytes })
    }

    /// What the files describe.
    ///
    /// # Errors
    /// When an answer is broken.
    pub fn described(&self) -> Result<Described<'_>, TreeError> {
        let mut described = read(self.files()).map_err(|error| self.broken(error))?;
        described.not_understood.extend(self.not_read());
        described.not_understood.sort_by_key(|file| file.path);
        Ok(described)
    }

    /// The answers as they stand.
    ///
    /// # Errors
    /// When an answer is broken.
    pub fn answers(&self) -> Result<tree::Tree<'_>, TreeError> {
        let mut answers = tree::read(self.files()).map_err(|error| self.broken(error))?;
        answers.not_understood.extend(self.not_read());
        answers.not_understood.sort_by_key(|file| file.path);
        Ok(answers)
    }

    /// What was not read, by its path below the root, and why: links to folders, devices, and files that are no JSON to begin with.
    pub fn passed_by(&self) -> impl Iterator<Item = (&str, &str)> {
        self.passed_by.iter().map(|(path, why)| (path.as_str(), *why))
    }

    fn not_read(&self) -> impl Iterator<Item = tree::NotUnderstood<'_>> {
        self.passed_by.iter().map(|(path, why)| tree::NotUnderstood { path, why: (*why).to_owned() })
    }

    fn broken(&self, source: BrokenAnswer) -> TreeError {
        TreeError::Broken { path: shown(&self.root.join(&source.path)), source }
    }

    /// Reads a file, or tells what is in a folder.
    fn entry(&mut self, below: &Path) -> Result<Vec<PathBuf>, TreeError> {
        let path = if below.as_os_str().is_empty() { self.root.clone() } else { self.root.join(below) };
        let name = slashed(below);
        let is_root = name.is_empty();
        let failed = |source| unreadable(&path, source);
        let own = fs::symlink_metadata(&path).map_err(failed)?;
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if own.is_symlink() && error.kind() == io::ErrorKind::NotFound => {
                self.passed_by.push((name, "a link to nothing"));
                return Ok(Vec::new());
            }
            Err(error) => return Err(failed(error)),
        };
        match kind(&metadata) {
            Entry::Folder if own.is_symlink() && !is_root => self.passed_by.push((name, "a link to a folder")),
            Entry::Folder => return children(&path, below).map_err(failed),
            Entry::File => self.file(&path, name)?,
            Entry::Other => self.passed_by.push((name, "neither a file nor a folder")),
        }
        Ok(Vec::new())
    }

    fn file(&mut self, path: &Path, name: String) -> Result<(), TreeError> {
        let failed = |source| unreadable(path, source);
        let mut file = File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.by_ref().take(FIRST).read_to_end(&mut bytes).map_err(failed)?;
        if !may_be_json(&bytes) {
            self.passed_by.push((name, "it is no JSON"));
            return Ok(());
        }
        // What is read is what was looked at, whatever the folder says meanwhile.
        let size = file.metadata().map_err(failed)?.len();
        if size > LARGEST_FILE {
            return Err(TreeError::TooLarge { path: shown(path) });
        }
        bytes.reserve_exact(usize::try_from(size.saturating_sub(bytes.len() as u64)).unwrap_or(0));
        file.take(LARGEST_FILE).read_to_end(&mut bytes).map_err(failed)?;
        self.files.push((name, decoded(bytes)));
        Ok(())
    }
}

enum Entry {
    Folder,
    File,
    Other,
}

fn kind(metadata: &Metadata) -> Entry {
    match (metadata.is_dir(), metadata.is_file()) {
        (true, _) => Entry::Folder,
        (_, true) => Entry::File,
        _ => Entry::Other,
    }
}

/// How much of a file tells whether it may be JSON: a log beside the answers may be large.
const FIRST: u64 = 4096;

/// Whether what a file begins with may be JSON: a bracket, a mark of UTF-16, or nothing but space.
fn may_be_json(first: &[u8]) -> bool {
    let first = first.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(first).trim_ascii_start();
    first.is_empty() || matches!(first, [b'{' | b'[', ..] | [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..])
}

fn children(path: &Path, below: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if !name.as_encoded_bytes().starts_with(b".") {
            names.push(below.join(name));
        }
    }
    names.sort();
    Ok(names)
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

fn unreadable(path: &Path, source: io::Error) -> TreeError {
    TreeError::Read { path: shown(path), source }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_below_are_read_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/.git")).unwrap();
        for (name, text) in
            [("b/2.json", "{}"), ("a.json", " {}"), ("b/.git/x.json", "{}"), ("b/log.txt", "x{}"), ("c", "")]
        {
            fs::write(root.join(name), text).unwrap();
        }
        let saved = read_tree(root).unwrap();
        assert_eq!(saved.files().map(|file| file.path).collect::<Vec<_>>(), ["a.json", "b/2.json", "c"]);
        let passed: Vec<&str> = saved.described().unwrap().not_understood.iter().map(|file| file.path).collect();
        assert_eq!(passed, ["a.json", "b/2.json", "b/log.txt", "c"]);
        assert_eq!(read_tree(&root.join("a.json")).unwrap().files().count(), 1);
    }

    #[test]
    fn a_tree_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_tree(&folder.path().join("none")).unwrap_err();
        assert!(matches!(error, TreeError::Read { .. }), "{error}");
        fs::write(folder.path().join("a.json"), "{\"Vpcs\": [").unwrap();
        let saved = read_tree(folder.path()).unwrap();
        let error = saved.described().unwrap_err();
        assert!(error.to_string().ends_with("a.json` holds a broken answer"), "{error}");
        assert!(error.help().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn links_in_circles_and_devices_are_passed_by() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("a")).unwrap();
        std::os::unix::fs::symlink(root, root.join("a/round")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", root.join("zero")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("lost")).unwrap();
        let saved = read_tree(root).unwrap();
        assert_eq!(saved.files().count(), 0);
        let described = saved.described().unwrap();
        let told: Vec<_> = described.not_understood.iter().map(|file| (file.path, file.why.as_str())).collect();
        let expected =
            [("a/round", "a link to a folder"), ("lost", "a link to nothing"), ("zero", "neither a file nor a folder")];
        assert_eq!(told, expected);
    }
}
