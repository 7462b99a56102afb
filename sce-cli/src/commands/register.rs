//! `sce register`

use sce::Finding;
use sce::checks::register;

use super::check::{Judged, judged};
use crate::cli::{Global, View};
use crate::failure::{Exit, Failure};
use crate::output;

pub(crate) async fn run(view: &View, global: &Global) -> Result<Exit, Failure> {
    let Judged { findings, spec, on, .. } = judged(&view.spec, &view.source, &view.looking, global).await?;
    let register = register(&findings, spec.pit.as_str(), &spec.owner, on);
    match view.format.json {
        true => output::json(&register)?,
        false => output::result(&register.to_markdown())?,
    }
    Ok(Exit::findings(findings.iter().any(Finding::blocks)))
}
