//! `sce hold`

use sce::pit::Pit;
use sce::{Hold, HoldDeed};
use serde::Serialize;

use crate::cli::{Global, Hold as Asked};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::target;

/// What `--json` writes.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    pit: &'a Pit,
    holds: &'a [Hold],
}

pub(crate) async fn run(asked: &Asked, global: &Global) -> Result<Exit, Failure> {
    let session = target::session(global, &asked.environment).await?;
    let pit = &asked.environment.pit;
    let deed = asked.release.map_or(HoldDeed::Place, HoldDeed::Release);
    let holds = sce::hold(&session, pit, &deed, &asked.reason, asked.take_over).await?;
    match asked.format.json {
        true => output::json(&Document { schema_version: 1, pit, holds: &holds })?,
        false => output::result(&holds.iter().map(text).collect::<String>())?,
    }
    Ok(Exit::Done)
}

/// One line about a hold.
pub(super) fn text(hold: &Hold) -> String {
    let Hold { number, reason, by, since, .. } = hold;
    let released = hold
        .released
        .as_ref()
        .map(|release| format!("; released by {} at {}: {}", release.by, release.at, release.reason));
    format!("legal hold {number}, by {by} since {since}: {reason}{}\n", released.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use sce::Release;

    use super::*;

    #[test]
    fn who_held_and_who_let_go_is_told() {
        let since = "2026-11-30T12:00:00Z".parse().unwrap();
        let mut hold =
            Hold { number: 1, reason: "Doe v. Hospital".to_owned(), by: "a".to_owned(), since, released: None };
        assert_eq!(text(&hold), "legal hold 1, by a since 2026-11-30T12:00:00Z: Doe v. Hospital\n");
        hold.released = Some(Release { reason: "settled".to_owned(), by: "b".to_owned(), at: since });
        assert!(text(&hold).ends_with("; released by b at 2026-11-30T12:00:00Z: settled\n"));
    }
}
