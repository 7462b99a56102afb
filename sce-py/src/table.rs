//! Tables that other libraries take without a copy, through Arrow's PyCapsule interface.

use std::ffi::CStr;
use std::sync::Arc;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, to_ffi};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{
    Array as _, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchIterator, StringArray,
    StructArray,
};
use arrow_schema::{ArrowError, Field, Schema};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

/// A table in memory; its columns are Arrow's.
#[pyclass(frozen, module = "sce._sce")]
pub(crate) struct Table {
    batch: RecordBatch,
}

const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";
const STREAM: &CStr = c"arrow_array_stream";

#[pymethods]
impl Table {
    /// A table of rows that are dictionaries. Columns are names and types: `string`, `int64`, `float64` or `bool`; any value may be None.
    #[staticmethod]
    fn of_rows(columns: Vec<(String, String)>, rows: Vec<Bound<'_, PyDict>>) -> PyResult<Self> {
        let made = columns.into_iter().map(|(name, kind)| {
            let array: ArrayRef = match kind.as_str() {
                "string" => Arc::new(StringArray::from(cells::<String>(&name, &rows)?)),
                "int64" => Arc::new(Int64Array::from(cells::<i64>(&name, &rows)?)),
                "float64" => Arc::new(Float64Array::from(cells::<f64>(&name, &rows)?)),
                "bool" => Arc::new(BooleanArray::from(cells::<bool>(&name, &rows)?)),
                other => return Err(PyValueError::new_err(format!("`{other}` is no type of a column"))),
            };
            Ok((name, array))
        });
        Self::of_columns(made.collect::<PyResult<Vec<_>>>()?)
    }

    #[getter]
    fn num_rows(&self) -> usize {
        self.batch.num_rows()
    }

    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.batch.schema().as_ref()).map_err(|error| told(&error))?;
        PyCapsule::new_with_value(py, schema, SCHEMA)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        // The protocol lets a producer keep its own schema, and this one does.
        drop(requested_schema);
        let data = StructArray::from(self.batch.clone()).to_data();
        let (array, schema): (FFI_ArrowArray, FFI_ArrowSchema) = to_ffi(&data).map_err(|error| told(&error))?;
        let schema = PyCapsule::new_with_value(py, schema, SCHEMA)?;
        Ok((schema, PyCapsule::new_with_value(py, array, ARRAY)?))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        let batches = RecordBatchIterator::new([Ok(self.batch.clone())], self.batch.schema());
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(batches)), STREAM)
    }
}

impl Table {
    pub(crate) fn of_columns(columns: Vec<(String, ArrayRef)>) -> PyResult<Self> {
        let field =
            |(name, array): &(String, ArrayRef)| Field::new(name, array.data_type().clone(), array.is_nullable());
        let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        Ok(Self { batch: RecordBatch::try_new(Arc::new(schema), arrays).map_err(|error| told(&error))? })
    }
}

fn cells<'py, T: FromPyObjectOwned<'py>>(name: &str, rows: &[Bound<'py, PyDict>]) -> PyResult<Vec<Option<T>>> {
    rows.iter()
        .map(|row| match row.get_item(name)? {
            Some(value) if !value.is_none() => value.extract().map(Some).map_err(Into::into),
            _ => Ok(None),
        })
        .collect()
}

fn told(error: &ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
