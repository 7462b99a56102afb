//! Data to rehearse with.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampSecondArray};
use pyo3::prelude::*;
use sce::synth::{self, Column, Johns, JohnsError, Variant};

use crate::errors::{Raise, refused};
use crate::inputs::read;
use crate::offline::to_python;
use crate::runtime::{Stop, Telling};
use crate::table::Table;

/// What to generate.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Asked {
    rows: u64,
    patients: u32,
    seed: u64,
    dialect: String,
    corrected: bool,
}

impl Asked {
    fn johns(&self) -> Result<Johns, Raise> {
        let Self { rows, patients, seed, ref dialect, corrected } = *self;
        let variant = if corrected { Variant::Corrected } else { Variant::Faithful };
        Ok(Johns { variant, dialect: read("a dialect", dialect)?, seed, patients, rows, digests: true })
    }
}

fn raise(error: JohnsError) -> PyErr {
    PyErr::from(refused(&error, error.help()))
}

/// Writes the three files and their manifest, which is returned.
#[pyfunction]
pub(crate) fn write_johns(
    py: Python<'_>,
    asked: Asked,
    folder: PathBuf,
    told: Option<Py<PyAny>>,
) -> PyResult<Py<PyAny>> {
    let johns = asked.johns()?;
    let stop = Stop::default();
    let telling = Telling::new(told, &stop);
    let written = py.detach(|| {
        synth::write_johns(&folder, &johns, &mut |rows| telling.tell("timeseries.csv", "rows", rows, johns.rows))
    });
    let manifest = telling.end(written.map_err(raise))?;
    to_python(py, &manifest)
}

/// The three tables in memory: patients, their parameters, and the visits.
#[pyfunction]
pub(crate) fn johns_tables(py: Python<'_>, asked: Asked) -> PyResult<(Table, Table, Table)> {
    let johns = Johns { digests: false, ..asked.johns()? };
    let tables = py.detach(|| synth::johns_tables(&johns)).map_err(raise)?;
    Ok((table(tables.patients)?, table(tables.patient_parameters)?, table(tables.timeseries)?))
}

fn table(table: synth::Table) -> PyResult<Table> {
    let columns = table.columns.into_iter().map(|(name, column)| {
        let array: ArrayRef = match column {
            Column::Integers(values) => Arc::new(Int64Array::from(values)),
            Column::Floats(values) => Arc::new(Float64Array::from(values)),
            Column::Texts(values) => Arc::new(StringArray::from(values)),
            Column::Days(seconds) => Arc::new(TimestampSecondArray::from(seconds)),
        };
        (name.to_owned(), array)
    });
    Table::of_columns(columns.collect())
}
