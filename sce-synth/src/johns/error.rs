//! What can go wrong with the Johns.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::files::JohnsFile;

/// Why there are no Johns.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JohnsError {
    /// A visit fell to a patient there is none of. The document's program picks one of patients 0 to 99 for
    /// each visit (line 902) however many there are, and stops with an `IndexError`.
    #[error("visit {row} falls to patient {id}, but there are only {patients} patients")]
    NoSuchPatient {
        /// The visit, counted from 1.
        row: u64,
        /// The patient drawn.
        id: u32,
        /// How many patients were asked for.
        patients: u32,
    },
    /// The study ran past the last day of the calendar, where Python raises an `OverflowError`. The document's
    /// program draws one more date than it writes (line 945), and fails when that one is past the end.
    #[error("after {fit} of {rows} visits the study passes 9999-12-31, the last day there is")]
    CalendarEnds {
        /// How many visits there can be with this seed.
        fit: u64,
        /// How many visits were asked for.
        rows: u64,
    },
    /// Visits are a day apart at least, so this many cannot fit before the calendar ends.
    #[error("`{rows}` visits cannot all take place by 9999-12-31, the last day there is")]
    TooManyRows {
        /// How many visits were asked for.
        rows: u64,
        /// How many there could be if each came the day after the one before.
        most: u64,
    },
    /// The corrected variant needs someone to visit the doctor.
    #[error("there are no patients")]
    NoPatients,
    /// The corrected variant gives each patient a surname of his own, of one capital and three small letters.
    #[error("`{patients}` patients cannot each have a surname of their own")]
    SurnamesRunOut {
        /// How many patients were asked for.
        patients: u32,
        /// How many surnames there are.
        most: u32,
    },
    /// One of the files could not be written.
    #[error("`{file}` could not be written")]
    Write {
        /// The file.
        file: JohnsFile,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The directory could not be made or written to, or a finished file could not be put in its place.
    #[error("`{path}` could not be written")]
    Place {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl JohnsError {
    /// What to do about it, when that is known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoSuchPatient { .. } => Some(
                "the document's program sends patients 0 to 99 to the doctor however many there are: ask for 100 \
                 patients or more, or for the corrected variant"
                    .to_owned(),
            ),
            Self::CalendarEnds { fit, .. } => Some(format!("with this seed, ask for {fit} visits or fewer")),
            Self::TooManyRows { most, .. } => Some(format!(
                "visits are 1 or 2 days apart: {most} could fit at the most, and about {} do",
                most * 2 / 3
            )),
            Self::NoPatients => Some("ask for at least 1 patient".to_owned()),
            Self::SurnamesRunOut { most, .. } => Some(format!(
                "ask for {most} patients or fewer, or for the faithful variant, which lets surnames repeat"
            )),
            Self::Write { .. } => Some("see that there is room for it".to_owned()),
            Self::Place { .. } => Some("name a directory that can be written to".to_owned()),
        }
    }
}
