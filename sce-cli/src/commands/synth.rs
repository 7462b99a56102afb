//! `sce synth`

use sce::synth::{FileRecord, Johns as Parameters, Manifest, Variant, write_johns};

use crate::cli::{Global, Johns, Synth};
use crate::failure::{Exit, Failure};
use crate::output::{self, table};
use crate::progress::Progress;

pub(crate) fn run(synth: &Synth, global: &Global) -> Result<Exit, Failure> {
    match synth {
        Synth::Johns(asked) => johns(asked, global),
    }
}

fn johns(asked: &Johns, global: &Global) -> Result<Exit, Failure> {
    let Johns { dialect, seed, patients, rows, .. } = *asked;
    let variant = if asked.corrected { Variant::Corrected } else { Variant::Faithful };
    let progress = Progress::new(global.quiet, "writing visits");
    let parameters = Parameters { variant, dialect, seed, patients, rows, digests: true };
    let manifest = write_johns(&asked.out, &parameters, &mut |done| progress.amount(done, rows))?;
    drop(progress);
    match asked.format.json {
        true => output::json(&manifest)?,
        false => output::result(&text(&manifest, &asked.out.display().to_string()))?,
    }
    Ok(Exit::Done)
}

fn text(manifest: &Manifest, out: &str) -> String {
    let row = |file: &FileRecord| {
        [file.name.clone(), file.rows.to_string(), file.bytes.to_string(), file.sha256.clone().unwrap_or_default()]
    };
    let rows: Vec<_> = manifest.files.iter().map(row).collect();
    format!("{}\nin `{out}`, with `manifest.json`\n", table(["FILE", "ROWS", "BYTES", "SHA-256"], &rows))
}
