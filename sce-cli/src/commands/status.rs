//! `sce status`

use sce::{Known, Life, Status as Found};
use serde::Serialize;

use super::{close_out, hold, power};
use crate::cli::{Environment, Global, Status};
use crate::failure::{Exit, Failure};
use crate::output::{self, table, word};
use crate::progress::Progress;
use crate::target;

pub(crate) async fn run(asked: &Status, global: &Global) -> Result<Exit, Failure> {
    let Some(pit) = asked.pit.clone() else { return list(asked, global).await };
    let environment = Environment { pit, region: asked.region.clone() };
    let session = target::session(global, &environment).await?;
    let progress = Progress::new(global.quiet, "looking at everything");
    let found = sce::status(&session, &environment.pit).await?;
    drop(progress);
    match asked.format.json {
        true => output::json(&found)?,
        false => output::result(&text(&found, &session.region().to_string()))?,
    }
    Ok(Exit::Done)
}

/// Every environment that the account knows.
#[derive(Serialize)]
struct List {
    schema_version: u32,
    environments: Vec<Known>,
}

async fn list(asked: &Status, global: &Global) -> Result<Exit, Failure> {
    let chosen = target::Chosen::from(global)?;
    let progress = Progress::new(global.quiet, "asking the registries");
    let environments = chosen.overview(asked.region.as_ref()).await?;
    drop(progress);
    match asked.format.json {
        true => output::json(&List { schema_version: 1, environments })?,
        false => output::result(&lines(&environments))?,
    }
    Ok(Exit::Done)
}

fn lines(environments: &[Known]) -> String {
    let rows: Vec<_> = environments
        .iter()
        .map(|known| {
            let state = match (known.state, known.leased) {
                (Life::Unknown, _) => format!("unreadable: {}", known.unread.as_deref().unwrap_or_default()),
                (state, true) => format!("{}, a run holds the lease", word(&state)),
                (state, false) => word(&state),
            };
            let run = known.last_run.clone().unwrap_or_default();
            [known.pit.clone(), known.region.clone(), known.planned.to_string(), run, state]
        })
        .collect();
    let heading = ["ENVIRONMENT", "REGION", "THINGS PLANNED", "LAST RUN", "STATE"];
    format!("{}\n{} environments; `sce status PIT` looks at one\n", table(heading, &rows), environments.len())
}

fn text(found: &Found, region: &str) -> String {
    let rows = found.things.iter().map(|thing| {
        let there = match (&thing.id, &thing.unread) {
            (Some(id), _) => match &thing.machine {
                Some(machine) => format!("{id} {}", power::state(machine)),
                None => id.clone(),
            },
            (None, Some(why)) => format!("unreadable: {why}"),
            (None, None) => "not there".to_owned(),
        };
        [thing.node.clone(), thing.name.clone(), word(&thing.scope), thing.journal.to_owned(), there]
    });
    let heading = ["THING", "NAME", "SCOPE", "JOURNAL", "IN THE ACCOUNT"];
    let certificate = found.closed.as_ref().map(|closed| format!("\n{}", close_out::text(closed, None)));
    format!(
        "`{}` in {region}: {} of {} things are there\n{}\n{}{}",
        found.pit,
        found.present,
        found.planned,
        found.holds.iter().map(hold::text).collect::<String>(),
        table(heading, &rows.collect::<Vec<_>>()),
        certificate.unwrap_or_default()
    )
}
