//! The Johns: what to generate, and the files it goes to.

mod error;
mod faults;
mod files;
mod patients;
mod visits;

use std::io::Write;

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

pub use self::error::JohnsError;
pub use self::files::{JohnsFile, JohnsFiles, write_johns};
use crate::cells::{Cells, Table};
use crate::csv::Sheet;
use crate::manifest::{FileRecord, Generator, Manifest};
use crate::python::{Dialect, Random};

/// What to generate. The default is the document's own: 100 patients and 10,000 visits from seed 31415, in
/// the dialect of Python 2, faults included.
///
/// ```
/// use sce_synth::{Johns, Variant};
///
/// let johns = Johns { variant: Variant::Corrected, rows: 500, ..Johns::default() };
/// assert_eq!(johns.seed, 31_415);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Johns {
    /// Whether to reproduce the faults of the document's program.
    pub variant: Variant,
    /// Whose random numbers to draw.
    pub dialect: Dialect,
    /// The seed (document line 728). Python seeds with the absolute value of a number, so a negative seed
    /// gives there what its positive twin gives here.
    pub seed: u64,
    /// How many patients there are (document line 804).
    pub patients: u32,
    /// How many visits to the doctor there are (document line 900).
    pub rows: u64,
    /// Whether to take each file's SHA-256 while it is written, for the manifest; the document's program takes none.
    pub digests: bool,
}

impl Default for Johns {
    fn default() -> Self {
        Self {
            variant: Variant::Faithful,
            dialect: Dialect::Python2,
            seed: 31_415,
            patients: 100,
            rows: 10_000,
            digests: true,
        }
    }
}

/// How the data stand to the document's program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// What the program writes, byte for byte: body temperatures between 90 and 149 °F and all.
    #[default]
    Faithful,
    /// What the program's comments and names promise. Each departure is listed in the
    /// [`Manifest`].
    Corrected,
}

/// Writes the Johns to three writers, and tells what was written; nothing else is kept from it.
///
/// `progress` hears now and then how many rows of the time series there are so far. Memory does not grow with
/// the rows. In the faithful variant it does not grow with the patients either, since the document's program
/// never lets any but the first hundred visit.
///
/// # Errors
///
/// When the document's program would fail in the same place ([`JohnsError::NoSuchPatient`],
/// [`JohnsError::CalendarEnds`], [`JohnsError::TooManyRows`]); when the corrected variant cannot be had
/// ([`JohnsError::NoPatients`], [`JohnsError::SurnamesRunOut`]); and when a writer fails. What the writers
/// hold by then is of no use; [`write_johns`] clears it away.
pub fn generate_johns<W: Write>(
    johns: &Johns,
    files: JohnsFiles<W>,
    progress: &mut dyn FnMut(u64),
) -> Result<Manifest, JohnsError> {
    Ok(manifest(johns, generate_from(STUDY_BEGINS, johns, sheets(johns, files), progress)?))
}

/// The Johns as tables in memory, with the values that [`write_johns`] writes, in the same order.
///
/// Memory grows with the rows: 128 bytes for each visit.
///
/// # Errors
///
/// Those of [`generate_johns`] but the writers'.
pub fn johns_tables(johns: &Johns) -> Result<JohnsFiles<Table>, JohnsError> {
    let mut tables = JohnsFiles {
        patients: Table::headed(&patients::COLUMNS),
        patient_parameters: Table::headed(&patients::PARAMETERS),
        timeseries: Table::headed(&visits::COLUMNS),
    };
    let JohnsFiles { patients, patient_parameters, timeseries } = &mut tables;
    generate_from(STUDY_BEGINS, johns, JohnsFiles { patients, patient_parameters, timeseries }, &mut |_rows| {})?;
    Ok(tables)
}

/// Each file with its heading.
fn sheets<W: Write>(johns: &Johns, files: JohnsFiles<W>) -> JohnsFiles<Sheet<W>> {
    JohnsFiles {
        patients: Sheet::headed(files.patients, &patients::COLUMNS, johns.digests),
        patient_parameters: Sheet::headed(files.patient_parameters, &patients::PARAMETERS, johns.digests),
        timeseries: Sheet::headed(files.timeseries, &visits::COLUMNS, johns.digests),
    }
}

/// The first day of the study, document line 721.
const STUDY_BEGINS: Date = date(1938, 10, 30);

/// The order of the draws is the document's: all surnames and heights, then all parameters, then the visits.
/// The parameters are written last, with the sums the visits ran up. Rather than keep those of every patient
/// until then, they are drawn a second time.
fn generate_from<C: Cells>(
    first_day: Date,
    johns: &Johns,
    files: JohnsFiles<C>,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<FileRecord>, JohnsError> {
    refuse_the_impossible(first_day, johns)?;
    let mut random = Random::seeded(johns.seed, johns.dialect);
    let (heights, patients) = patients::write_patients(johns, &mut random, files.patients)?;
    let mut again = random.clone();
    let mut visitors = patients::draw_visitors(johns, &mut random, heights);
    let timeseries = visits::write_visits(first_day, johns, &mut random, &mut visitors, files.timeseries, progress)?;
    let parameters = patients::write_parameters(johns, &mut again, &visitors, files.patient_parameters)?;
    Ok(vec![patients, parameters, timeseries])
}

/// Finds early what could only fail late.
fn refuse_the_impossible(first_day: Date, johns: &Johns) -> Result<(), JohnsError> {
    let most = visits::most_rows(first_day, johns.variant);
    if johns.rows > most {
        return Err(JohnsError::TooManyRows { rows: johns.rows, most });
    }
    match (johns.variant, johns.patients) {
        (Variant::Corrected, 0) => Err(JohnsError::NoPatients),
        (Variant::Corrected, asked) if asked > patients::MOST_SURNAMES => {
            Err(JohnsError::SurnamesRunOut { patients: asked, most: patients::MOST_SURNAMES })
        }
        _ => Ok(()),
    }
}

fn manifest(johns: &Johns, files: Vec<FileRecord>) -> Manifest {
    let (corrections, reproduced) = faults::accounted_for(johns.variant);
    Manifest {
        schema_version: 1,
        generator: Generator::this(),
        dataset: "johns".to_owned(),
        variant: johns.variant,
        dialect: johns.dialect,
        seed: johns.seed,
        patients: johns.patients,
        rows: johns.rows,
        files,
        corrections,
        reproduced,
    }
}

#[cfg(test)]
mod tests;
