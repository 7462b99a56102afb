//! `sce schema`

use crate::failure::{Exit, Failure};
use crate::output;

pub(crate) fn run() -> Result<Exit, Failure> {
    output::json(&sce::spec::schema())?;
    Ok(Exit::Done)
}
