//! What a judgement rests on beside the facts, as arguments; and the commands that show what came of it.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use super::Format;

/// What a judgement rests on.
#[derive(Debug, Default, Args)]
pub(crate) struct Judging {
    /// The institution's policy (TOML): what it allows, who may accept risks, what an environment may cost.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Another list (TOML) of the services that may touch PHI than the one built in.
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
}

/// The same for commands that change nothing.
#[derive(Debug, Default, Args)]
pub(crate) struct Looking {
    #[command(flatten)]
    pub(crate) judging: Judging,
    /// Judge as of this day rather than today: by the catalogue of that day, and without the waivers that lapse before.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(crate) on: Option<Date>,
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "expected a date such as `2026-03-01`".to_owned())
}

/// What is judged.
#[derive(Debug, Default, Args)]
pub(crate) struct Source {
    /// Judge what is in the account rather than the plan; read-only.
    #[arg(long)]
    pub(crate) live: bool,
    /// Judge what `sce collect`, or the AWS CLI, saved in this folder rather than the plan; no account is needed.
    #[arg(long, value_name = "DIR", conflicts_with = "live")]
    pub(crate) saved: Option<PathBuf>,
}

/// `sce coverage` and `sce register`
#[derive(Debug, Args)]
pub(crate) struct View {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) looking: Looking,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce catalog`
#[derive(Debug, Args)]
pub(crate) struct Catalog {
    /// The edition that holds on this day; today's when left out.
    #[arg(long, visible_alias = "on", value_name = "DATE", value_parser = date)]
    pub(crate) edition: Option<Date>,
    /// Another list (TOML) than the one built in.
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
    /// Every service on the list too.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}
