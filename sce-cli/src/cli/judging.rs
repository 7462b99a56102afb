//! What a judgement rests on beside the facts, as arguments.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

/// What a judgement rests on.
#[derive(Debug, Default, Args)]
pub(crate) struct Judging {
    /// The institution's policy (TOML): what it allows, who may accept risks, what an environment may cost.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// The same for commands that change nothing.
#[derive(Debug, Default, Args)]
pub(crate) struct Looking {
    #[command(flatten)]
    pub(crate) judging: Judging,
    /// Judge as of this day rather than today: what waivers will have lapsed by then.
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<Date>,
}
