//! How long it takes to come from a spec to its judgement, stage by stage: what `sce check` does of the spec that `sce init` writes, the
//! start of the process and its output aside.
//!
//! A command runs once, so the first run, which reads the tables within the crate, counts as well as the best of many.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use sce_core::check::{Declared, Terms, judge};
use sce_core::lock::Lock;
use sce_core::model::Model;
use sce_core::pit::Pit;
use sce_core::plan::plan;
use sce_core::prove::{Intent, prove};
use sce_core::spec::{AccessMode, Format, example, parse};

const RUNS: usize = 20;
const STAGES: [&str; 6] =
    ["read the spec", "plan it", "judge it by every rule", "plan a twin beside it", "prove every claim", "together"];

#[expect(clippy::print_stdout, reason = "the figures are what the bench is run for")]
fn main() -> Result<(), Box<dyn Error>> {
    let pit: Pit = "hipaa".parse()?;
    let text = example(&pit, AccessMode::SessionManager);
    let first = milliseconds(&text)?;
    let mut best = first;
    for _ in 0..RUNS {
        let run = milliseconds(&text)?;
        best.iter_mut().zip(run).for_each(|(best, run)| *best = best.min(run));
    }
    for ((stage, first), best) in STAGES.iter().zip(first).zip(best) {
        println!("prove, {stage}: {first:.2} ms at first, {best:.2} ms at best");
    }
    Ok(())
}

/// What each stage took, and all of them together.
fn milliseconds(text: &str) -> Result<[f64; STAGES.len()], Box<dyn Error>> {
    let start = Instant::now();
    let mut ends = [0.0; STAGES.len() - 1];
    let passed = || start.elapsed().as_secs_f64() * 1000.0;
    let spec = parse(text, Format::Toml)?;
    ends[0] = passed();
    let lock = Lock::offline(&spec);
    let plan = plan(&spec, &lock)?;
    ends[1] = passed();
    let (model, declared) = (Model::planned(&plan), Declared::of(&spec));
    black_box(judge(&model, &declared, &Terms::on("2026-12-01".parse()?)));
    ends[2] = passed();
    let intent = Intent::of(&spec, &lock, &plan);
    ends[3] = passed();
    black_box(prove(&model, &intent));
    ends[4] = passed();
    let [read, planned, judged, twin, proved] = ends;
    Ok([read, planned - read, judged - planned, twin - judged, proved - twin, proved])
}
