//! Secure Compute Environments (SCE) for health data on AWS: the verbs in one place.
//!
//! `plan` → `check` → `apply` → `verify` → operate → audit → `close out`; each is one function here and one subcommand of `sce`.
//! The first two need no account.
//!
//! ```
//! use sce::spec::Format;
//!
//! let text = r#"
//! pit = "hipaa"
//! region = "us-west-2"
//! owner = "builder@example.edu"
//! approvals = { irb = "STUDY00001234", billing = "BUDGET-77", baa = "2026-03-01" }
//! "#;
//! let spec = sce::spec::parse(text, Format::Toml)?;
//! let lock = sce::lock::Lock::offline(&spec);
//! let plan = sce::plan(&spec, &lock)?;
//! let checked = sce::check(plan, spec, lock, sce::Terms::on(sce::today()))?;
//! assert!(checked.findings().iter().all(|finding| !finding.blocks()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With an account, or emulators standing in for one, `apply` takes what `check` made and nothing else:
//!
//! ```no_run
//! # async fn build(checked: sce::CheckedPlan) -> Result<(), Box<dyn std::error::Error>> {
//! use sce::{Endpoints, Session, Target};
//!
//! let target = Target::Emulator(Endpoints::from_flags(["http://127.0.0.1:5000"])?);
//! let session = Session::open(&target, &checked.plan().region).await?;
//! let applied = sce::apply(&session, &checked, Default::default(), &|step| eprintln!("{step:?}")).await?;
//! assert!(applied.verified);
//! # Ok(())
//! # }
//! ```

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

mod custodian;
pub mod describe;
mod environment;
mod files;
pub mod saved;
mod spec_keys;

pub use sce_aws::access::{AccessError, Machine, located, machines};
pub use sce_aws::account::{
    Applied as AccountApplied, Status as AccountStatus, apply as apply_account, status as account_status,
};
pub use sce_aws::agreement::Addendum;
pub use sce_aws::apply::{
    Applied, ApplyError, ApplyOptions, LeftBehind, RunUndone, Shortage, UndoOptions, Undone, apply, undo,
};
pub use sce_aws::change::changes;
pub use sce_aws::close_out::{Archived, CloseOutError, CloseOutOptions, Closed, EndBegun, Left, Pending, close_out};
pub use sce_aws::collect::{CollectError, Collected, NotRead};
pub use sce_aws::divergence::{Divergences, InvalidDivergences};
pub use sce_aws::drift::{
    DriftReport, NotRepaired, RepairError, RepairOptions, Repaired, TrailRead, drift as drift_of, repair,
};
pub use sce_aws::endpoint::{Endpoints, InvalidEndpoint};
pub use sce_aws::file_table::{FileEntry, FileTableError, await_file, files};
pub use sce_aws::hold::{Hold, HoldDeed, HoldError, Release, hold};
pub use sce_aws::lock::{
    Dated, ImageNews, Images, LockError, resolve as resolve_lock, resolve_again as resolve_lock_again,
};
pub use sce_aws::power::{MachineState, PowerError, PowerOptions, Powered, PoweredMachine, start, stop};
pub use sce_aws::progress::{Deed, Listener, Step};
pub use sce_aws::registry::{RegistryError, environments, regions};
pub use sce_aws::status::{Known, Life, Status, status};
pub use sce_aws::stores::{Stores, kept_lock, kept_spec, stores};
pub use sce_aws::verify::{NotShown, Seen, Verdict, Verification, model as observe, verify};
pub use sce_aws::{
    Calls, CloudError, ExistingError, Interrupt, Mfa, Outcome, Session, SessionError, Target, Trouble, today,
};
pub use sce_aws::{archive, keys, transfer};
pub use sce_core::check::{CheckedPlan, Declared, Finding, Refused, Report, Severity, Terms, check, judge};
pub use sce_core::cost::estimate;
pub use sce_core::permissions::{
    of_account as account_permissions, of_collection as collection_permissions, permissions,
};
pub use sce_core::plan::account::{Place as AccountPlace, Settings as AccountSettings, account as plan_account};
pub use sce_core::plan::{Plan, PlanError, diff, plan};
pub use sce_core::prove::{Intent, Proof, prove};
pub use sce_core::{
    access, account, aws, catalog, change, check as checks, cidr, cost, coverage, drift, identifiers, journal, lock,
    model, network, permissions as rights, pit, prove as proofs, reach, render, spec, ssh, value,
};
pub use sce_synth as synth;

pub use custodian::{CustodianError, as_custodian};
pub use environment::{FindError, find, known};
pub use files::{FileError, LockSource, SpecFile, read_text, write_atomically, write_privately};
pub use spec_keys::{SpecKey, SpecKeyError, SpecKeys, finish_key, list_keys, make_keys, rotate_key};
