//! The end of an environment and its archive, as arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sce::account::{AccountId, Region};
use sce::archive::VaultPlace;
use sce::aws::arn::Arn;

use super::{AsCustodian, Environment, Format, region};

/// `sce close-out`
#[derive(Debug, Args)]
pub(crate) struct CloseOut {
    #[command(flatten)]
    pub(crate) environment: Environment,
    /// Where to archive into: a folder, or a bucket outside the environment (s3://BUCKET/PREFIX).
    #[arg(long, value_name = "DEST")]
    pub(crate) archive: Dest,
    #[command(flatten)]
    pub(crate) vault: VaultSettings,
    #[command(flatten)]
    pub(crate) custodian: AsCustodian,
    /// Who can open the archive: a public key (age1…); a key is made when nobody is named.
    #[arg(long, value_name = "KEY")]
    pub(crate) recipient: Vec<String>,
    /// A file whose first line protects the key that is made.
    #[arg(long, value_name = "FILE", conflicts_with = "recipient")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Delete databases, data volumes and copies of volumes with what is in them. No archive holds it: copy it to the output bucket first;
    /// without this the refusal shows how (`pg_dump`). RDS is asked for no last snapshot, since the key that would open it goes too.
    #[arg(long)]
    pub(crate) dangerously_discard_unarchived: bool,
    /// The Ed25519 private key that signs the archive (OpenSSH's form); without it one is made, and forgotten afterwards.
    #[arg(long, value_name = "FILE")]
    pub(crate) signing_key: Option<PathBuf>,
    /// A file whose first line opens the signing key.
    #[arg(long, value_name = "FILE", requires = "signing_key")]
    pub(crate) signing_passphrase_file: Option<PathBuf>,
    /// Write the certificate as a page for a review board, too; the archive has it in any case.
    #[arg(long, value_name = "FILE.html")]
    pub(crate) page: Option<PathBuf>,
    /// Go on although machines run.
    #[arg(long)]
    pub(crate) while_machines_run: bool,
    /// Make another archive although something is newer than the last one. DEST is then a new folder.
    #[arg(long)]
    pub(crate) archive_again: bool,
    /// Delete objects of the environment's stores that are locked in governance mode before their time.
    #[arg(long)]
    pub(crate) dangerously_bypass_governance: bool,
    /// Archive without encryption. Anyone who gets at the folder can read the data.
    #[arg(long, conflicts_with_all = ["recipient", "passphrase_file"])]
    pub(crate) dangerously_plain: bool,
    /// Take the lease over from a run that is dead.
    #[arg(long)]
    pub(crate) take_over: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// Of an archive in a bucket.
#[derive(Debug, Args)]
pub(crate) struct VaultSettings {
    /// For how many days nobody may delete the archive in the bucket.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) retain_days: Option<u32>,
    /// How strictly: under `compliance` nobody at all, under `governance` nobody without leave to bypass it.
    #[arg(long, value_name = "MODE", value_enum, requires = "retain_days")]
    pub(crate) retain_mode: Option<RetainMode>,
    /// The KMS key that encrypts the archive in the bucket: not one of the environment's.
    #[arg(long, value_name = "ARN")]
    pub(crate) kms_key: Option<Arn>,
    /// The account of bucket and key, where it is another.
    #[arg(long, value_name = "ID")]
    pub(crate) archive_account: Option<AccountId>,
}

/// How strictly S3 keeps an archive, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RetainMode {
    /// Whoever may bypass it can delete earlier.
    Governance,
    /// Nobody can delete earlier.
    Compliance,
}

/// Where an archive is or goes.
#[derive(Clone, Debug)]
pub(crate) enum Dest {
    /// A folder.
    Folder(PathBuf),
    /// A bucket.
    Bucket(VaultPlace),
}

impl std::str::FromStr for Dest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.starts_with("s3:") {
            return Ok(Self::Folder(text.into()));
        }
        let place = text.parse::<VaultPlace>().map_err(|error| format!("{error}; {}", error.help()))?;
        Ok(Self::Bucket(place))
    }
}

/// `sce archive`
#[derive(Debug, Subcommand)]
pub(crate) enum Archive {
    /// Compare an archive with its manifest.
    Verify(ArchiveVerify),
    /// Write an archive's objects into a folder.
    Restore(ArchiveRestore),
}

/// `sce archive verify`
#[derive(Debug, Args)]
pub(crate) struct ArchiveVerify {
    /// The archive's folder, or its bucket (s3://BUCKET/PREFIX).
    pub(crate) dest: Dest,
    /// The bucket's region.
    #[arg(long, value_parser = region)]
    pub(crate) region: Option<Region>,
    /// The key that must have signed it: `SHA256:…`, `ssh-ed25519 …`, or a file of a public key. Close-out printed it.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Vec<String>,
    /// The private key; with it the contents are compared too.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// A file whose first line opens the private key.
    #[arg(long, value_name = "FILE", requires = "identity")]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce archive restore`
#[derive(Debug, Args)]
pub(crate) struct ArchiveRestore {
    /// The archive's folder, or its bucket (s3://BUCKET/PREFIX).
    pub(crate) dest: Dest,
    /// The bucket's region.
    #[arg(long, value_parser = region)]
    pub(crate) region: Option<Region>,
    /// The folder to write into.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
    /// The private key.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// A file whose first line opens the private key.
    #[arg(long, value_name = "FILE", requires = "identity")]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) format: Format,
}
