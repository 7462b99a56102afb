//! `sce coverage`

use sce::coverage::{Answer, Proof, coverage};

use super::check::{Judged, judged};
use crate::cli::{Global, View};
use crate::failure::{Exit, Failure};
use crate::output;

pub(crate) async fn run(view: &View, global: &Global) -> Result<Exit, Failure> {
    let Judged { findings, proofs, spec, on, .. } = judged(&view.spec, &view.source, &view.looking, global).await?;
    let proofs: Vec<Proof> = proofs.iter().map(Proof::from).collect();
    let coverage = coverage(&findings, &proofs, spec.pit.as_str(), on);
    match view.format.json {
        true => output::json(&coverage)?,
        false => output::result(&coverage.to_markdown())?,
    }
    Ok(Exit::findings(coverage.items.iter().any(|item| item.answer == Answer::Open)))
}
