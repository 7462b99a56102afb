//! `sce prove`, as arguments.

use std::path::PathBuf;

use clap::Args;

use super::Format;

/// `sce prove`
#[derive(Debug, Args)]
pub(crate) struct Prove {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    /// Another spec of the same account, to prove both isolated; a twin under another PIT when left out.
    #[arg(long, value_name = "SPEC")]
    pub(crate) beside: Option<PathBuf>,
    /// Of what is in the account, rather than of the plan.
    #[arg(long, conflicts_with = "beside")]
    pub(crate) live: bool,
    /// Of what `sce collect`, or the AWS CLI, saved in this folder rather than of the plan; no account is needed.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["beside", "live"])]
    pub(crate) saved: Option<PathBuf>,
    /// Tell of each claim over what it is made, what it takes for granted and what lies outside it.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}
