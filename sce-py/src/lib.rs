//! The native half of the Python package `sce`: conversion, errors, and one runtime a process. It decides nothing.
//!
//! What people see is in `python/sce`, which wraps what is here: a verb is one function that extracts its arguments, releases the
//! interpreter, calls the façade crate `sce` and converts what comes back.

mod account;
mod archive;
mod data;
mod errors;
mod inputs;
mod keys;
mod network;
mod offline;
mod runtime;
mod shared;
mod synth;
mod table;
mod target;

use std::ffi::OsString;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// The native half of `sce`; its names are not for use from outside the package.
#[pymodule]
mod _sce {
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::refuse_others(module.py())?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }

    #[pymodule_export]
    use super::account::{
        Drift, apply, changes, collect, drift, hand_over, hold, machines, observe, power, resolve_lock, status, undo,
        verify,
    };
    #[pymodule_export]
    use super::archive::{archive_identity, archive_restore, archive_verify, close_out};
    #[pymodule_export]
    use super::command;
    #[pymodule_export]
    use super::data::{data_get, data_ls, data_put, files};
    #[pymodule_export]
    use super::keys::{keys_finish, keys_ls, keys_make, keys_recover, keys_rotate};
    #[pymodule_export]
    use super::network::{Network, authorize, divide, read_network};
    #[pymodule_export]
    use super::offline::{
        Lock, Model, Plan, Spec, catalog, collection_permissions, example, permissions_table, read_saved, rules, schema,
    };
    #[pymodule_export]
    use super::runtime::Stop;
    #[pymodule_export]
    use super::shared::{account_apply, account_status};
    #[pymodule_export]
    use super::synth::{johns_tables, write_johns};
    #[pymodule_export]
    use super::table::Table;
    #[pymodule_export]
    use super::target::{Target, known};
}

/// Refuses any interpreter of the process but the first: classes and the runtime are the process's, and its objects must not be shared.
fn refuse_others(py: Python<'_>) -> PyResult<()> {
    static FIRST: AtomicUsize = AtomicUsize::new(0);
    // Each interpreter has builtins of its own, for as long as it lives.
    let this = py.import("builtins")?.as_ptr() as usize;
    match FIRST.compare_exchange(0, this, Ordering::SeqCst, Ordering::SeqCst) {
        Err(first) if first != this => Err(PyImportError::new_err(
            "sce has been imported by another interpreter of this process, and a subinterpreter cannot have it too",
        )),
        _ => Ok(()),
    }
}

/// Runs the `sce` command with these arguments, the program's name first, and returns its exit status.
#[pyfunction]
fn command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| sce_cli::main_with_args(arguments))
}
