//! `sce init`

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use crate::cli::{Global, Init};
use crate::failure::{Exit, Failure};
use crate::output::{self, note};
use crate::prepared;

pub(crate) fn run(init: &Init, global: &Global) -> Result<Exit, Failure> {
    let institution = init.policy.as_deref().map(prepared::institution).transpose()?;
    let (defaults, whose) = institution.map(|policy| (policy.defaults, policy.name)).unwrap_or_default();
    let text = defaults.spec(&init.pit, init.access.map(Into::into), &whose);
    match &init.output {
        // Escapes of JSON are those of TOML.
        None => output::document(&text)?,
        Some(path) if init.force => sce::write_atomically(path, text.as_bytes())?,
        Some(path) => create(path, &text)?,
    }
    if let Some(path) = init.output.as_deref().filter(|_| !global.quiet) {
        let path = path.display();
        note(&format!("`{path}` is written: put your own values in, then run `sce check {path}`"));
    }
    Ok(Exit::Done)
}

/// Makes the file, unless there is one.
fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let written = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::usage(format!("`{}` is there already", path.display()))
            .advise("choose another name, or add `--force` to overwrite it"),
        _ => Failure::usage(format!("`{}` cannot be written", path.display())).because(&error),
    })
}
