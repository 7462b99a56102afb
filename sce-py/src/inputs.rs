//! Arguments, read as the command reads its own.

use std::error::Error;
use std::path::Path;
use std::str::FromStr;

use jiff::civil::Date;
use sce::catalog::{Catalogue, InvalidCatalogue};
use sce::checks::{Institution, InvalidInstitution};
use sce::cost::{InvalidPrices, Prices};
use sce::{Plan, Terms};

use crate::errors::{Raise, input, refused};

/// A value of the domain, such as a region, or what is wrong with it.
pub(crate) fn read<T>(what: &str, text: &str) -> Result<T, Raise>
where
    T: FromStr,
    T::Err: Error,
{
    text.parse().map_err(|error: T::Err| refused(&error, Some(format!("`{text}` was given as {what}"))))
}

/// What a plan is judged by beside the facts.
#[derive(Default, pyo3::FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Judging {
    /// The day, as `2026-11-24`; today when absent.
    on: Option<String>,
    /// The file of an institution's policy.
    policy: Option<std::path::PathBuf>,
    /// The file of a catalogue of eligible services.
    catalog: Option<std::path::PathBuf>,
}

impl Judging {
    pub(crate) fn terms(&self, plan: &Plan) -> Result<Terms, Raise> {
        let terms = Terms::on(self.day()?);
        let terms = match &self.catalog {
            Some(path) => terms.by(catalogue(path)?),
            None => terms,
        };
        Ok(match &self.policy {
            Some(path) => terms.under(institution(path)?).priced(plan),
            None => terms,
        })
    }

    pub(crate) fn day(&self) -> Result<Date, Raise> {
        self.on.as_deref().map_or_else(|| Ok(sce::today()), |text| read("a day", text))
    }
}

pub(crate) fn institution(path: &Path) -> Result<Institution, Raise> {
    sce::read_text(path)?.parse().map_err(|error: InvalidInstitution| {
        let shown = path.display().to_string();
        input(format!("`{shown}` is no valid policy")).with("problems", &error.problems).with("path", shown)
    })
}

pub(crate) fn catalogue(path: &Path) -> Result<Catalogue, Raise> {
    sce::read_text(path)?.parse().map_err(|error: InvalidCatalogue| refused(&error, error.help()))
}

pub(crate) fn prices(path: &Path) -> Result<Prices, Raise> {
    sce::read_text(path)?.parse().map_err(|error: InvalidPrices| refused(&error, error.help()))
}
