//! The `sce` command: arguments in, the `sce` library called, results out. It decides nothing itself.

mod cli;
mod commands;
mod failure;
mod output;
mod prepared;
mod progress;
mod signals;
mod target;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;

fn main() -> ExitCode {
    match commands::run(Cli::parse()) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::note(&failure.to_string());
            failure.exit().into()
        }
    }
}
