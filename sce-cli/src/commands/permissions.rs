//! `sce permissions`

use std::path::Path;

use sce::aws::permissions::Need;
use sce::rights::{self, Extras, Line, table};
use sce::{AccountPlace, AccountSettings};
use serde::Serialize;

use crate::cli::{Global, Permissions};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::prepared::{self, Prepared};

/// What `--json` writes without a spec.
#[derive(Serialize)]
struct Table {
    schema_version: u32,
    permissions: Vec<Line>,
}

pub(crate) fn run(asked: &Permissions, global: &Global) -> Result<Exit, Failure> {
    match (&asked.spec, asked.format.json) {
        _ if asked.collect => output::document(&sce::collection_permissions().to_json())?,
        (Some(spec), _) => for_spec(spec, asked, global)?,
        (None, true) => output::json(&Table { schema_version: 1, permissions: table() })?,
        (None, false) => output::result(&text(&table()))?,
    }
    Ok(Exit::Done)
}

fn for_spec(spec: &Path, asked: &Permissions, global: &Global) -> Result<(), Failure> {
    let prepared = prepared::offline(spec, global.quiet)?;
    let permissions = match asked.account {
        true => for_account(&prepared),
        false => sce::permissions(&prepared.plan, Extras { bypass_governance: asked.bypass_governance }),
    };
    match asked.format.json {
        true => output::document(&permissions.to_json()),
        false => output::result(&permissions.to_text()),
    }
}

/// The lock tells the account; its administrators are in no policy for whoever runs sce.
fn for_account(prepared: &Prepared) -> rights::Permissions {
    let place = AccountPlace {
        account: prepared.plan.account.clone(),
        region: prepared.plan.region.clone(),
        administrators: Vec::new(),
    };
    sce::account_permissions(&AccountSettings::of(&prepared.file.spec), &place)
}

fn text(lines: &[Line]) -> String {
    let row = |line: &Line| {
        let permission = line.permission;
        let duties: Vec<String> = permission.duties.iter().map(ToString::to_string).collect();
        let why = match permission.need {
            Need::Sent(_) => String::new(),
            Need::SentAtNeed(_) => "only at need".to_owned(),
            Need::Unseen(_, why) => why.to_owned(),
        };
        let kind = line.kind.map_or("every environment", |kind| kind.descriptor().title);
        [kind.to_owned(), duties.join(", "), permission.need.operation().to_owned(), permission.action.to_owned(), why]
    };
    output::table(["KIND", "DUTY", "CALL", "ACTION", "WHY"], &lines.iter().map(row).collect::<Vec<_>>())
}
