//! What a judgement rests on beside the facts, as arguments.

use clap::Args;
use jiff::civil::Date;

/// The day of a judgement, for those that change nothing.
#[derive(Debug, Default, Args)]
pub(crate) struct Day {
    /// Judge as of this day rather than today: what waivers will have lapsed by then.
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<Date>,
}
