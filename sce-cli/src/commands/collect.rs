//! `sce collect`

use std::path::PathBuf;

use sce::account::Region;
use sce::{Collected, NotRead, Session};
use serde::Serialize;

use crate::cli::{Collect, Global};
use crate::failure::{Exit, Failure};
use crate::output::{self, counted, note};
use crate::target::Chosen;

/// What `--json` writes.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    collected: &'a [Place],
}

/// One region's collection, and where it is.
#[derive(Serialize)]
struct Place {
    folder: String,
    #[serde(flatten)]
    collected: Collected,
}

pub(crate) async fn run(asked: &Collect, global: &Global) -> Result<Exit, Failure> {
    let sessions = sessions(asked, global).await?;
    let several = sessions.len() > 1;
    let mut places = Vec::new();
    for session in sessions {
        let folder = match several {
            true => asked.output.join(session.region().as_str()),
            false => asked.output.clone(),
        };
        places.push(one(&session, folder, asked, global).await?);
    }
    match asked.format.json {
        true => output::json(&Document { schema_version: 1, collected: &places })?,
        false => output::result(&places.iter().map(text).collect::<String>())?,
    }
    Ok(Exit::Done)
}

async fn one(session: &Session, folder: PathBuf, asked: &Collect, global: &Global) -> Result<Place, Failure> {
    let quiet = global.quiet;
    let told = |path: &str| {
        if !quiet {
            note(&format!("saved {path}"));
        }
    };
    let collected = sce::saved::collect(session, &folder, asked.force, &told).await?;
    if !quiet {
        collected.unread.iter().for_each(|unread| note(&format!("not read: {}", unread.why)));
    }
    Ok(Place { folder: folder.display().to_string(), collected })
}

/// A session in the region that is named, or in each where there is a registry.
async fn sessions(asked: &Collect, global: &Global) -> Result<Vec<Session>, Failure> {
    if let Some(region) = &asked.region {
        return Ok(vec![Chosen::from(global)?.open(region).await?]);
    }
    let anywhere: Region = ANYWHERE.parse().map_err(|error| Failure::usage("no region").because(&error))?;
    let regions = sce::regions(&Chosen::from(global)?.open(&anywhere).await?).await?;
    if regions.is_empty() {
        let message = "no region of this account has a registry of `sce`, so it is not clear which one is meant";
        return Err(Failure::usage(message).advise("name the region with `--region`"));
    }
    let mut sessions = Vec::new();
    for region in regions {
        sessions.push(Chosen::from(global)?.open(&region).await?);
    }
    Ok(sessions)
}

/// Buckets are listed for the whole account from any region.
const ANYWHERE: &str = "us-east-1";

fn text(place: &Place) -> String {
    let Place { folder, collected: Collected { account, region, files, calls, unread, .. } } = place;
    let files = counted(*files, "answer", "answers");
    let calls: Vec<&str> = calls.iter().map(String::as_str).collect();
    let unread = match unread.as_slice() {
        [] => "everything that was asked for was answered\n".to_owned(),
        some => some.iter().map(unread_line).collect(),
    };
    let calls = output::wrapped(&calls.join(", "), "  ");
    format!(
        "{files} of account {account} in {region} saved in `{folder}`\n{unread}calls sent, all of which only read:\n{calls}\n"
    )
}

fn unread_line(unread: &NotRead) -> String {
    format!("not read, and so unknown: {}\n", unread.why)
}
