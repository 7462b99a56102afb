//! `sce plan`

use crate::cli::{Global, SpecJson};
use crate::failure::{Exit, Failure};
use crate::{output, prepared};

pub(crate) fn run(plan: &SpecJson, global: &Global) -> Result<Exit, Failure> {
    let prepared = prepared::offline(&plan.spec, global.quiet)?;
    match plan.format.json {
        true => output::document(&prepared.plan.to_json())?,
        false => output::result(&prepared.plan.to_text())?,
    }
    Ok(Exit::Done)
}
