//! How many rows a CPU second the Johns are written at, beside CPython running the document's own program.
//!
//! Both write all three files to a temporary directory, and ours its manifest; a second line has ours take each
//! file's SHA-256 as well, which the document's program does not. The
//! python2 dialect is timed against CPython 2.7 when the environment variable `PYTHON2` names one, and else
//! against Python 3 made to draw as Python 2 does.

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::Command;

use cpu_time::ProcessTime;
use sce_synth::{Dialect, Johns, write_johns};

const ROWS: u64 = 300_000;
/// Each side runs this often, and its best run counts: what disturbs a run only ever slows it down.
const RUNS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    for dialect in [Dialect::Python2, Dialect::Python3] {
        let johns = Johns { dialect, rows: ROWS, digests: false, ..Johns::default() };
        let interpreter = interpreter(dialect);
        let theirs = best_of(|out| their_cpu_seconds(&johns, &interpreter, out))?;
        for johns in [johns, Johns { digests: true, ..johns }] {
            let ours = best_of(|out| our_cpu_seconds(&johns, out))?;
            report(&johns, ours, &version(&interpreter)?, theirs);
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figures are what the bench is run for")]
fn report(johns: &Johns, ours: f64, peer: &str, theirs: f64) {
    let per_second = |seconds: f64| johns.rows as f64 / seconds;
    println!(
        "johns {}{}: {} rows; sce-synth {ours:.4} CPU s, {:.0} rows/CPU s; {peer} {theirs:.3} CPU s, {:.0} rows/CPU s; \
         ratio {:.1}",
        johns.dialect,
        if johns.digests { " and SHA-256" } else { "" },
        johns.rows,
        per_second(ours),
        per_second(theirs),
        theirs / ours,
    );
}

fn best_of(run: impl Fn(&Path) -> Result<f64, Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let out = tempfile::tempdir()?;
        best = best.min(run(out.path())?);
    }
    Ok(best)
}

fn our_cpu_seconds(johns: &Johns, out: &Path) -> Result<f64, Box<dyn Error>> {
    let start = ProcessTime::try_now()?;
    write_johns(out, johns, &mut |_rows| {})?;
    Ok(start.try_elapsed()?.as_secs_f64())
}

/// The oracle prints its own CPU seconds, by `time.process_time` or, in Python 2, `time.clock`.
fn their_cpu_seconds(johns: &Johns, interpreter: &str, out: &Path) -> Result<f64, Box<dyn Error>> {
    let output = Command::new(interpreter)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/oracle/johns.py"))
        .args(["--dialect", &johns.dialect.to_string()])
        .args(["--seed", &johns.seed.to_string()])
        .args(["--patients", &johns.patients.to_string()])
        .args(["--rows", &johns.rows.to_string()])
        .current_dir(out)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

fn interpreter(dialect: Dialect) -> String {
    match (dialect, env::var("PYTHON2")) {
        (Dialect::Python2, Ok(python2)) => python2,
        _ => "python3".to_owned(),
    }
}

fn version(interpreter: &str) -> Result<String, Box<dyn Error>> {
    let code = "import platform; print(platform.python_implementation() + ' ' + platform.python_version())";
    let output = Command::new(interpreter).args(["-c", code]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
