//! The `sce` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    sce_cli::main_with_args(std::env::args_os()).into()
}
