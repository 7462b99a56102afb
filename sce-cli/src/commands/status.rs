//! `sce status`

use sce::Status as Found;

use super::{close_out, power};
use crate::cli::{Global, Status};
use crate::failure::{Exit, Failure};
use crate::output::{self, table, word};
use crate::progress::Progress;
use crate::target;

pub(crate) async fn run(asked: &Status, global: &Global) -> Result<Exit, Failure> {
    let session = target::session(global, &asked.environment).await?;
    let progress = Progress::new(global.quiet, "looking at everything");
    let found = sce::status(&session, &asked.environment.pit).await?;
    drop(progress);
    match asked.format.json {
        true => output::json(&found)?,
        false => output::result(&text(&found, &session.region().to_string()))?,
    }
    Ok(Exit::Done)
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
        "`{}` in {region}: {} of {} things are there\n\n{}{}",
        found.pit,
        found.present,
        found.planned,
        table(heading, &rows.collect::<Vec<_>>()),
        certificate.unwrap_or_default()
    )
}
