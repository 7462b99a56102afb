//! The account of what was written, kept beside it as `manifest.json`.

use serde::{Deserialize, Serialize};

use crate::johns::Variant;
use crate::python::Dialect;

/// What `manifest.json` says: which program made the files, with which parameters, what each file holds, and
/// how the data stand to the document's program.
///
/// It holds no date and no host, so the same parameters give the same manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this layout, 1.
    pub schema_version: u32,
    /// The program that made the files.
    pub generator: Generator,
    /// The data set, `johns`.
    pub dataset: String,
    /// Whether the document's faults are in the data.
    pub variant: Variant,
    /// Whose random numbers were drawn.
    pub dialect: Dialect,
    /// The seed of the random numbers.
    pub seed: u64,
    /// How many patients were asked for.
    pub patients: u32,
    /// How many visits were asked for.
    pub rows: u64,
    /// The files, in the order patients, patient parameters, time series.
    pub files: Vec<FileRecord>,
    /// What is done otherwise than the document's program does it; empty in the faithful variant.
    pub corrections: Vec<Correction>,
    /// The faults of the document's program that are in the data all the same.
    pub reproduced: Vec<Fault>,
}

/// The program that made the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generator {
    /// The crate's name.
    pub name: String,
    /// The crate's version.
    pub version: String,
}

impl Generator {
    pub(crate) fn this() -> Self {
        Self { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// What one file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// The file's name, without a directory.
    pub name: String,
    /// The SHA-256 of its bytes, in lower-case hexadecimal.
    pub sha256: Option<String>,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its rows, the heading not counted.
    pub rows: u64,
}

/// A fault of the document's program that was put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// A short name for it, stable across versions.
    pub id: String,
    /// The line of the document where it sits.
    pub document_line: u32,
    /// What the document's program does.
    pub document: String,
    /// What is done instead.
    pub instead: String,
}

/// A fault of the document's program that was left in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// A short name for it, stable across versions.
    pub id: String,
    /// The line of the document where it sits.
    pub document_line: u32,
    /// What the document's program does.
    pub document: String,
}
