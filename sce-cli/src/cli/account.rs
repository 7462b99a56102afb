//! What is seen to once for an account, and who may do what in it, as arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sce::account::Region;
use sce::aws::arn::Arn;

use super::{Format, region};

/// `sce account`
#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Make what the account lacks and tighten what is loose; nothing is deleted or loosened.
    Apply(AccountApply),
    /// Show how the account stands, and hold it to the rules; read-only.
    Status(AccountStatus),
}

/// `sce account apply`
#[derive(Debug, Args)]
pub(crate) struct AccountApply {
    #[command(flatten)]
    pub(crate) asked: AccountAsked,
    /// Take the lease over from a run that is dead.
    #[arg(long)]
    pub(crate) take_over: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce permissions`
#[derive(Debug, Args)]
pub(crate) struct Permissions {
    /// The spec: TOML, or JSON when its name ends so; without one, what each call needs.
    pub(crate) spec: Option<PathBuf>,
    /// For `sce account` in place of the spec's environment: what seeing to the account takes.
    #[arg(long, requires = "spec")]
    pub(crate) account: bool,
    /// Allow as well what `sce close-out --dangerously-bypass-governance` takes: to delete objects that are locked in governance mode.
    #[arg(long, requires = "spec", conflicts_with = "account")]
    pub(crate) bypass_governance: bool,
    /// For `sce collect`: the policy, as IAM takes it, that lets it read an account and do nothing else.
    #[arg(long, conflicts_with_all = ["spec", "account"])]
    pub(crate) collect: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce account status`
#[derive(Debug, Args)]
pub(crate) struct AccountStatus {
    #[command(flatten)]
    pub(crate) asked: AccountAsked,
    /// Show what is kept or declared too: the risk that remains.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// What the account shall be like, by a spec or by flags.
#[derive(Debug, Args)]
pub(crate) struct AccountAsked {
    /// A spec, whose region, `[account]` and `[retention]` count.
    #[arg(conflicts_with_all = ["region", "cloudtrail", "config", "guardduty", "notify"])]
    pub(crate) spec: Option<PathBuf>,
    /// The region, where no spec is given.
    #[arg(long, value_parser = region)]
    pub(crate) region: Option<Region>,
    /// Who looks after CloudTrail.
    #[arg(long, value_name = "WHO", value_enum)]
    pub(crate) cloudtrail: Option<TrailCare>,
    /// Who looks after AWS Config.
    #[arg(long, value_name = "WHO", value_enum)]
    pub(crate) config: Option<RecorderCare>,
    /// Switch GuardDuty on, which AWS bills by what it analyses.
    #[arg(long)]
    pub(crate) guardduty: bool,
    /// An SNS topic that alarms tell.
    #[arg(long, value_name = "ARN", value_parser = arn)]
    pub(crate) notify: Option<Arn>,
}

/// Who looks after CloudTrail, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrailCare {
    /// `sce account`, unless a trail is there that suffices.
    Managed,
    /// The organisation.
    Existing,
}

/// Who looks after AWS Config, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecorderCare {
    /// `sce account`, unless a recorder is there.
    Managed,
    /// The organisation.
    Existing,
    /// Nobody.
    None,
}

fn arn(text: &str) -> Result<Arn, String> {
    text.parse().map_err(|error: sce::aws::arn::InvalidId| error.to_string())
}
