//! `sce plan`

use sce::change::{self, Change, PlannedChange};
use serde::Serialize;

use crate::cli::{Global, PlanAsked};
use crate::failure::{Exit, Failure};
use crate::output::note;
use crate::prepared::{self, Keep};
use crate::progress::Progress;
use crate::{output, prepared::Prepared};

/// What `--json` writes with `--against-account`: the plan, and what applying it would do.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    plan: &'a sce::Plan,
    changes: &'a [PlannedChange],
}

pub(crate) async fn run(asked: &PlanAsked, global: &Global) -> Result<Exit, Failure> {
    if asked.against_account {
        return against_account(asked, global).await;
    }
    let prepared = prepared::offline(&asked.spec, global.quiet)?;
    match asked.format.json {
        true => output::document(&prepared.plan.to_json())?,
        false => output::result(&prepared.plan.to_text())?,
    }
    Ok(Exit::Done)
}

async fn against_account(asked: &PlanAsked, global: &Global) -> Result<Exit, Failure> {
    let (session, Prepared { plan, .. }) = prepared::with_account(&asked.spec, global, Keep::Nowhere).await?;
    let progress = Progress::new(global.quiet, "reading the account");
    let changes = sce::changes(&session, &plan).await?;
    drop(progress);
    match asked.format.json {
        true => output::json(&Document { plan: &plan, changes: &changes })?,
        false => {
            let head = format!("What applying would do to `{}` in {} ({}):", plan.pit, plan.account, plan.region);
            output::result(&format!("{head} {}", change::to_text(&changes)))?;
        }
    }
    if asked.format.json && changes.iter().any(|one| one.change.loses().is_some()) {
        note("note: applying this plan loses data; `loses` says of what");
    }
    if changes.iter().any(|one| matches!(one.change, Change::Unread { .. })) {
        note("note: something could not be read, so what would become of it is not known");
    }
    Ok(Exit::Done)
}
