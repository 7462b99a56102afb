//! Synthetic data to rehearse a Secure Compute Environment with, before real health data comes near it.
//!
//! So far this holds one data set, the *Johns*: the imaginary patients of POC A (document lines 690-956),
//! a town of a hundred people all named John who between them see the doctor every day or two for 41 years.
//! The document gives a Python program for it. [`write_johns`] writes the same three files, byte for byte,
//! at a small part of the time; or, asked for [`Variant::Corrected`], the files the program's comments
//! promise.
//!
//! ```
//! use sce_synth::{Johns, write_johns};
//!
//! let out = tempfile::tempdir()?;
//! let manifest = write_johns(out.path(), &Johns::default(), &mut |_rows| {})?;
//! assert_eq!(manifest.files[2].name, "timeseries.csv");
//! assert_eq!(manifest.files[2].rows, 10_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | `johns` | what to generate, the files it goes to, and the order the random numbers are drawn in |
//! | `johns::faults` | where the document's program strays from what it says, and what is done about it |
//! | `python` | CPython's random numbers and its way of writing a float, in both dialects |
//! | `cells` | where values go: a file, or columns in memory |
//! | `csv` | Python's `excel` CSV dialect, digested as it is written |
//! | `manifest` | the account of what was written |
//!
//! Nothing here reads a clock or any other source of chance: the same [`Johns`] gives the same bytes.

mod cells;
mod csv;
mod johns;
mod manifest;
mod python;

pub use cells::{Column, Table};
pub use johns::{Johns, JohnsError, JohnsFile, JohnsFiles, Variant, generate_johns, johns_tables, write_johns};
pub use manifest::{Correction, Fault, FileRecord, Generator, Manifest};
pub use python::{Dialect, UnknownDialect};
