//! `sce lock`

use sce::SpecFile;
use sce::lock::Lock as Resolved;

use crate::cli::{Global, Lock};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::progress::Progress;
use crate::target::Chosen;

pub(crate) async fn run(asked: &Lock, global: &Global) -> Result<Exit, Failure> {
    let file = SpecFile::read(&asked.spec)?;
    let lock = match asked.offline {
        true => Resolved::offline(&file.spec),
        false => resolve(&file, global).await?,
    };
    let lock = file.with_keys(lock)?;
    file.keep_lock(&lock)?;
    output::result(&text(&file, &lock))?;
    Ok(Exit::Done)
}

async fn resolve(file: &SpecFile, global: &Global) -> Result<Resolved, Failure> {
    let chosen = Chosen::from(global)?;
    let _progress = Progress::new(global.quiet, "asking the account");
    let session = chosen.open(&file.spec.region).await?;
    Ok(sce::resolve_lock(&session, &file.spec).await?)
}

fn text(file: &SpecFile, lock: &Resolved) -> String {
    let path = file.lock_path();
    let kind = if lock.offline { ", placeholders: good for planning, not for building" } else { "" };
    let administrators: Vec<String> = lock.administrators.iter().map(ToString::to_string).collect();
    let keys = match lock.keys.is_empty() {
        true => String::new(),
        false => format!("  keys            {}\n", lock.keys.keys().cloned().collect::<Vec<_>>().join(", ")),
    };
    let existing = lock.existing.iter().flat_map(|existing| &existing.things);
    let existing: String =
        existing.map(|thing| format!("  exists          {} {}\n", thing.place, thing.name)).collect();
    format!(
        "`{}` in `{}`{kind}\n  account         {}\n  zone            {}\n  administrators  {}\n{keys}{existing}",
        file.spec.pit,
        path.display(),
        lock.account,
        lock.zone,
        administrators.join("\n                  "),
    )
}
