//! `sce cost`

use std::path::Path;

use sce::cost::{Assumptions, InvalidPrices, Prices};

use crate::cli::{Cost, Global};
use crate::failure::{Exit, Failure};
use crate::{output, prepared};

pub(crate) fn run(asked: &Cost, global: &Global) -> Result<Exit, Failure> {
    let prepared = prepared::offline(&asked.spec, global.quiet)?;
    let read = asked.prices.as_deref().map(read).transpose()?;
    let prices = read.as_ref().unwrap_or(Prices::built_in());
    let usual = Assumptions::default();
    let hours_per_week = asked.hours_per_week.unwrap_or(usual.hours_per_week);
    let estimate = sce::estimate(&prepared.plan, &Assumptions { hours_per_week, ..usual }, prices)?;
    match asked.format.json {
        true => output::document(&estimate.to_json())?,
        false => output::result(&estimate.to_text())?,
    }
    Ok(Exit::Done)
}

fn read(path: &Path) -> Result<Prices, Failure> {
    let text = sce::read_text(path)?;
    text.parse().map_err(|error| invalid(path, &error))
}

/// As problems of a spec are told: with file and line.
fn invalid(path: &Path, error: &InvalidPrices) -> Failure {
    let message = format!("`{}` is no valid price file", path.display());
    Failure::usage(message).at(&path.display().to_string(), error.line(), error, error.help())
}
