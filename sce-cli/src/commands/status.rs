//! `sce status`

use sce::{Known, Life, Status as Found};
use serde::Serialize;

use super::{close_out, hold, power};
use crate::cli::{Environment, Global, Status};
use crate::failure::{Exit, Failure};
use crate::output::{self, counted, table, word};
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
            let state = match known.state {
                Life::Unknown => format!("unreadable: {}", known.unread.as_deref().unwrap_or_default()),
                state => word(&state),
            };
            let held = (!known.holds.is_empty()).then(|| counted(known.holds.len(), "legal hold", "legal holds"));
            let leased = known.leased.then(|| "a run holds the lease".to_owned());
            let state = [Some(state), held, leased].into_iter().flatten().collect::<Vec<_>>().join(", ");
            let run = known.last_run.clone().unwrap_or_default();
            [known.pit.clone(), known.region.clone(), known.planned.to_string(), run, state]
        })
        .collect();
    let heading = ["ENVIRONMENT", "REGION", "THINGS PLANNED", "LAST RUN", "STATE"];
    let count = counted(environments.len(), "environment", "environments");
    format!("{}\n{count}; `sce status PIT` looks at one\n", table(heading, &rows))
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
    let ending = found.ending.as_ref().map(|begun| {
        format!(
            "being closed out since {} by {}; its archive is `{}`, and `sce close-out {}` goes on\n",
            begun.at, begun.by, begun.manifest, found.pit
        )
    });
    let certificate = found.closed.as_ref().map(|closed| format!("\n{}", close_out::text(closed, None)));
    format!(
        "`{}` in {region}: {} of {} things are there\n{}{}\n{}{}",
        found.pit,
        found.present,
        found.planned,
        found.holds.iter().map(hold::text).collect::<String>(),
        ending.unwrap_or_default(),
        table(heading, &rows.collect::<Vec<_>>()),
        certificate.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use sce::Hold;

    use super::*;

    fn known(pit: &str, holds: usize) -> Known {
        let since = "2026-11-30T12:00:00Z".parse().unwrap();
        let (reason, by) = ("Doe v. Hospital".to_owned(), "a".to_owned());
        let hold = |number| Hold { number, reason: reason.clone(), by: by.clone(), since, released: None };
        Known {
            pit: pit.to_owned(),
            region: "us-west-2".to_owned(),
            state: Life::Alive,
            digest: None,
            planned: 30,
            last_run: None,
            leased: holds == 2,
            holds: (1..).take(holds).map(hold).collect(),
            unread: None,
        }
    }

    #[test]
    fn the_list_tells_of_holds_and_counts_as_people_do() {
        let one = lines(&[known("hipaa", 0)]);
        assert!(one.ends_with("\n1 environment; `sce status PIT` looks at one\n") && !one.contains("hold"), "{one}");
        let several = lines(&[known("hipaa", 1), known("johns", 2)]);
        assert!(several.contains("alive, 1 legal hold\n"), "{several}");
        assert!(several.contains("alive, 2 legal holds, a run holds the lease\n"), "{several}");
        assert!(several.ends_with("\n2 environments; `sce status PIT` looks at one\n"), "{several}");
    }
}
