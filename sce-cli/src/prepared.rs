//! A spec made ready: read, locked and planned.

use std::path::Path;

use sce::lock::Lock;
use sce::{LockSource, Plan, Session, SpecFile, Terms};

use crate::cli::{Day, Global};
use crate::failure::Failure;
use crate::output::note;
use crate::progress::Progress;
use crate::target::Chosen;

/// A spec, what the account supplies to it, and its plan.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) file: SpecFile,
    pub(crate) lock: Lock,
    pub(crate) plan: Plan,
}

/// What things are judged by beside the facts: as of today, unless the command only looks and another day is asked for.
pub(crate) fn terms(day: Option<&Day>) -> Terms {
    Terms::on(day.and_then(|day| day.on).unwrap_or_else(sce::today))
}

/// Whether a lock that had to be resolved is kept beside the spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// It is.
    BesideTheSpec,
    /// It is not: the command only reads.
    Nowhere,
}

/// Without an account: with the lock beside the spec, or placeholders.
pub(crate) fn offline(path: &Path, quiet: bool) -> Result<Prepared, Failure> {
    let file = SpecFile::read(path)?;
    let (lock, source) = file.lock()?;
    if source == LockSource::Placeholder && !quiet {
        note(
            "note: there is no `sce.lock` for this spec, so account, zone and administrators are placeholders; `sce lock` asks the account",
        );
    }
    let plan = sce::plan(&file.spec, &lock)?;
    Ok(Prepared { file, lock, plan })
}

/// With an account: with the lock beside the spec, or one that is resolved now.
pub(crate) async fn with_account(path: &Path, global: &Global, keep: Keep) -> Result<(Session, Prepared), Failure> {
    let file = SpecFile::read(path)?;
    let (kept, source) = file.lock()?;
    let chosen = Chosen::from(global)?;
    let _progress = Progress::new(global.quiet, "asking the account");
    let session = chosen.open(&file.spec.region).await?;
    let lock = match source {
        LockSource::File if !kept.offline => kept,
        _ => resolve(&session, &file, keep, global.quiet).await?,
    };
    if lock.account != *session.account() {
        let message =
            format!("the lock is for account `{}`, and the session is in `{}`", lock.account, session.account());
        return Err(Failure::usage(message).advise("run `sce lock SPEC` again, or choose the account that is meant"));
    }
    let plan = sce::plan(&file.spec, &lock)?;
    Ok((session, Prepared { file, lock, plan }))
}

async fn resolve(session: &Session, file: &SpecFile, keep: Keep, quiet: bool) -> Result<Lock, Failure> {
    let lock = file.with_keys(sce::resolve_lock(session, &file.spec).await?)?;
    if keep == Keep::BesideTheSpec {
        file.keep_lock(&lock)?;
        if !quiet {
            note(&format!("note: what the account supplies is kept in `{}`", file.lock_path().display()));
        }
    }
    Ok(lock)
}
