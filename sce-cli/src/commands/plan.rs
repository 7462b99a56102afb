//! `sce plan`

use crate::cli::{Global, SpecJson};
use crate::failure::{Exit, Failure};
use crate::{output, prepared};

pub(crate) fn run(plan: &SpecJson, global: &Global) -> Result<Exit, Failure> {
    let prepared = prepared::offline(&plan.spec, global.quiet)?;
    let text = if plan.format.json { prepared.plan.to_json() } else { prepared.plan.to_text() };
    output::result(&text)?;
    Ok(Exit::Done)
}
