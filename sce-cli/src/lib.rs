//! The `sce` command: arguments in, the `sce` library called, results out. It decides nothing itself.
//!
//! A library too, so that the Python package's `sce` is the very same command.

mod cli;
mod commands;
mod failure;
mod output;
mod prepared;
mod progress;
mod signals;
mod target;

use std::ffi::OsString;

use clap::Parser as _;

use crate::cli::Cli;

/// Runs the command with these arguments, the first of which is the program's name, and tells the exit status.
///
/// Results go to standard output and all else to standard error, as the binary does it. Settings come from the process's environment.
#[must_use]
pub fn main_with_args(args: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(refused) => {
            // Help and version come this way too. If nobody can be told, there is nobody to tell that.
            drop(refused.print());
            return u8::try_from(refused.exit_code()).unwrap_or(failure::Exit::Usage.status());
        }
    };
    match commands::run(cli) {
        Ok(exit) => exit.status(),
        Err(failure) => {
            output::note(&failure.to_string());
            failure.exit().status()
        }
    }
}
