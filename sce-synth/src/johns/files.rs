//! The three files, and how they are put in place.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::error::JohnsError;
use super::{Johns, generate_johns};
use crate::manifest::Manifest;

/// One of the files, under the name the document gives it (lines 723-725).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JohnsFile {
    /// `patients.csv`: who there is.
    Patients,
    /// `patientParameters.csv`: the ranges each one's vital signs keep to, and the sums of the three effects.
    PatientParameters,
    /// `timeseries.csv`: the visits.
    Timeseries,
}

impl JohnsFile {
    /// The name of the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Patients => "patients.csv",
            Self::PatientParameters => "patientParameters.csv",
            Self::Timeseries => "timeseries.csv",
        }
    }

    /// Says which file a failure to write belongs to.
    pub(super) fn failed(self) -> impl FnOnce(io::Error) -> JohnsError + Copy {
        move |source| JohnsError::Write { file: self, source }
    }
}

impl fmt::Display for JohnsFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Where each of the three files goes. They are written in large pieces, so a writer needs no buffer.
#[derive(Debug)]
pub struct JohnsFiles<W> {
    /// For `patients.csv`.
    pub patients: W,
    /// For `patientParameters.csv`, which is written last.
    pub patient_parameters: W,
    /// For `timeseries.csv`.
    pub timeseries: W,
}

/// The name of the account of what was written.
const MANIFEST: &str = "manifest.json";

/// Writes `patients.csv`, `patientParameters.csv`, `timeseries.csv` and `manifest.json` into the directory
/// `out`, which is made if need be, and returns the manifest.
///
/// Each file is written under a temporary name and takes its own only when all are complete, in place of what
/// bore it before; after an error the directory is as it was, save that a failure in the midst of that last
/// exchange can leave old files beside new ones. There is no `manifest.json` then: one that is there
/// describes the files beside it. Only their owner can read the files.
///
/// `progress` hears now and then how many rows of the time series there are so far.
///
/// # Errors
///
/// Those of [`generate_johns`], and [`JohnsError::Place`] when the directory cannot be written to.
pub fn write_johns(out: &Path, johns: &Johns, progress: &mut dyn FnMut(u64)) -> Result<Manifest, JohnsError> {
    fs::create_dir_all(out).map_err(cannot_place(out))?;
    let partial =
        JohnsFiles { patients: temporary(out)?, patient_parameters: temporary(out)?, timeseries: temporary(out)? };
    let manifest = generate_johns(johns, partial.opened(), progress)?;
    put_in_place(out, partial, &manifest)?;
    Ok(manifest)
}

impl JohnsFiles<NamedTempFile> {
    fn opened(&self) -> JohnsFiles<&File> {
        JohnsFiles {
            patients: self.patients.as_file(),
            patient_parameters: self.patient_parameters.as_file(),
            timeseries: self.timeseries.as_file(),
        }
    }
}

/// An old manifest goes first and the new one comes last, so that none ever stands beside files it does not
/// describe.
fn put_in_place(out: &Path, complete: JohnsFiles<NamedTempFile>, manifest: &Manifest) -> Result<(), JohnsError> {
    let account = temporary(out)?;
    write_manifest(account.as_file(), manifest).map_err(cannot_place(&out.join(MANIFEST)))?;
    remove_if_there(&out.join(MANIFEST))?;
    rename(complete.patients, &out.join(JohnsFile::Patients.name()))?;
    rename(complete.patient_parameters, &out.join(JohnsFile::PatientParameters.name()))?;
    rename(complete.timeseries, &out.join(JohnsFile::Timeseries.name()))?;
    rename(account, &out.join(MANIFEST))
}

fn write_manifest(mut file: &File, manifest: &Manifest) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(manifest)?;
    text.push(b'\n');
    file.write_all(&text)
}

fn temporary(out: &Path) -> Result<NamedTempFile, JohnsError> {
    tempfile::Builder::new().prefix(".johns-").suffix(".partial").tempfile_in(out).map_err(cannot_place(out))
}

fn rename(complete: NamedTempFile, path: &Path) -> Result<(), JohnsError> {
    complete.persist(path).map_err(|failure| cannot_place(path)(failure.error))?;
    Ok(())
}

fn remove_if_there(path: &Path) -> Result<(), JohnsError> {
    match fs::remove_file(path) {
        Err(failure) if failure.kind() != io::ErrorKind::NotFound => Err(cannot_place(path)(failure)),
        _ => Ok(()),
    }
}

fn cannot_place(path: &Path) -> impl FnOnce(io::Error) -> JohnsError {
    move |source| JohnsError::Place { path: path.to_owned(), source }
}
