//! A spec made ready: read, locked and planned.

use std::path::Path;

use jiff::civil::Date;
use sce::catalog::{Catalogue, InvalidCatalogue};
use sce::checks::{Institution, InvalidInstitution};
use sce::lock::Lock;
use sce::{LockSource, Plan, Session, SpecFile, Terms};

use crate::cli::{Global, Judging, Looking};
use crate::failure::Failure;
use crate::output::{counted, note};
use crate::progress::Progress;
use crate::target::Chosen;

/// A spec, what the account supplies to it, and its plan.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) file: SpecFile,
    pub(crate) lock: Lock,
    pub(crate) plan: Plan,
}

impl Prepared {
    /// What the plan is judged by beside the facts, as of today.
    pub(crate) fn terms(&self, asked: &Judging) -> Result<Terms, Failure> {
        self.terms_on(sce::today(), asked)
    }

    /// The same for a command that only looks, which may ask for another day.
    pub(crate) fn terms_looking(&self, asked: &Looking) -> Result<Terms, Failure> {
        self.terms_on(asked.on.unwrap_or_else(sce::today), &asked.judging)
    }

    fn terms_on(&self, day: Date, asked: &Judging) -> Result<Terms, Failure> {
        let terms = match &asked.catalog {
            Some(path) => Terms::on(day).by(catalogue(path)?),
            None => Terms::on(day),
        };
        Ok(match &asked.policy {
            Some(path) => terms.under(institution(path)?).priced(&self.plan),
            None => terms,
        })
    }
}

/// An institution's policy, told by file and line as a spec is when something is wrong with it.
pub(crate) fn institution(path: &Path) -> Result<Institution, Failure> {
    sce::read_text(path)?.parse().map_err(|error: InvalidInstitution| {
        let shown = path.display().to_string();
        Failure::usage(format!("`{shown}` is no valid policy")).with_problems(&shown, &error.problems)
    })
}

/// A list of the services that may touch PHI, told by file and line when something is wrong with it.
pub(crate) fn catalogue(path: &Path) -> Result<Catalogue, Failure> {
    sce::read_text(path)?.parse().map_err(|error: InvalidCatalogue| {
        let shown = path.display().to_string();
        Failure::usage(format!("`{shown}` is no valid catalogue")).at(&shown, error.line(), &error, error.help())
    })
}

/// What a folder of saved answers tells of the plan's environment; files that nothing was taken from are named.
pub(crate) fn saved(folder: &Path, plan: &Plan, quiet: bool) -> Result<sce::saved::Told, Failure> {
    const MOST: usize = 5;
    let told = sce::saved::model(folder, Some(plan))?;
    if !quiet {
        if plan.offline {
            note(
                "note: what was saved is matched with names that hold the account: put the `sce.lock` that the environment was built with beside the spec",
            );
        }
        for path in told.left_out.iter().take(MOST) {
            note(&format!("note: `{path}` is no JSON, so nothing was taken from it"));
        }
        if told.left_out.len() > MOST {
            note(&format!("note: nor from {} more", counted(told.left_out.len() - MOST, "file", "files")));
        }
    }
    Ok(told)
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
