//! What may be asked, and how it is written.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sce::account::{AccountId, Region};
use sce::cidr::{Cidr, Need};
use sce::cost::HoursPerWeek;
use sce::pit::Pit;
use sce::spec::AccessMode;
use sce::synth::Dialect;

/// Builds, checks, operates and closes out Secure Compute Environments (SCE) for health data on AWS.
#[derive(Debug, Parser)]
#[command(name = "sce", version, max_term_width = 110, after_help = AFTER_HELP, after_long_help = AFTER_LONG_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Start:       sce init -o hipaa.toml && sce check hipaa.toml && sce plan hipaa.toml
Exit status: 0 done; 1 findings, drift or leftovers; 2 bad usage or input; 3 the cloud refused or failed";

const AFTER_LONG_HELP: &str = "\
From nothing to a spec that is checked, planned and priced, without an account:
  sce init -o hipaa.toml
  sce check hipaa.toml
  sce plan hipaa.toml
  sce cost hipaa.toml

Rehearse on an emulator, then build in the account that you name:
  sce apply hipaa.toml --endpoint-url http://127.0.0.1:5000
  sce apply hipaa.toml --real-account 111122223333

Work, and end:
  sce data put visits.csv hipaa --real-account 111122223333
  sce close-out hipaa --archive ./hipaa-archive --real-account 111122223333

Environment:
  AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE>  where emulators listen, as --endpoint-url
  SCE_DIVERGENCES                               as --divergences

Exit status:
  0  done
  1  findings, violations, drift or leftovers
  2  bad usage, or an invalid spec or input file
  3  the cloud refused or failed; the message says what was left behind";

const ACCOUNT: &str = "Account or emulator";

/// What every command takes, before its name or after.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// An emulator on this machine; repeat it as SERVICE=URL for single services.
    #[arg(long, global = true, value_name = "[SERVICE=]URL", help_heading = ACCOUNT)]
    pub(crate) endpoint_url: Vec<String>,
    /// The real account to work in; compared with whose credentials they are before anything else.
    #[arg(long, global = true, value_name = "ID", value_parser = account, help_heading = ACCOUNT)]
    pub(crate) real_account: Option<AccountId>,
    /// A dated list (TOML) of what the emulators cannot show.
    #[arg(long, global = true, value_name = "FILE", help_heading = ACCOUNT)]
    pub(crate) divergences: Option<PathBuf>,
    /// Nothing on standard error but errors and warnings.
    #[arg(short, long, global = true, display_order = 900)]
    pub(crate) quiet: bool,
}

/// The commands, in the order of an environment's life.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a commented spec to start from.
    Init(Init),
    /// Print the spec's JSON Schema, for editors.
    Schema,
    /// Divide a network into subnets.
    Cidr(Subnets),
    /// Ask the account what a plan needs, and keep it in `sce.lock` beside the spec.
    Lock(Lock),
    /// Show everything that will be built, in order.
    Plan(SpecJson),
    /// Judge the plan, or what is in the account, by every rule.
    Check(Check),
    /// Tell what a rule asks for, why, and what to do.
    Explain(Explain),
    /// Estimate what it will cost a month.
    Cost(Cost),
    /// Build what is missing, then read everything back.
    Apply(Apply),
    /// Read everything back and hold it to the plan.
    Verify(SpecJson),
    /// Show what is there of an environment.
    Status(Status),
    /// Move data in and out, and list it.
    #[command(subcommand)]
    Data(Data),
    /// Archive all data, delete the environment, and prove that it is gone.
    CloseOut(CloseOut),
    /// Verify or restore an archive that close-out made.
    #[command(subcommand)]
    Archive(Archive),
    /// Make synthetic data to rehearse with.
    #[command(subcommand)]
    Synth(Synth),
}

/// `sce init`
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The Project Identifier Tag (PIT), which names and tags everything.
    #[arg(long, default_value = "hipaa", value_parser = pit)]
    pub(crate) pit: Pit,
    /// How people get in.
    #[arg(long, value_name = "MODE", value_enum, default_value_t = Access::SessionManager)]
    pub(crate) access: Access,
    /// Where to write it; standard output when left out.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite the file if there is one.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}

/// How people get in, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Access {
    /// AWS Systems Manager: no inbound port.
    SessionManager,
    /// A bastion: ssh from named ranges.
    Bastion,
    /// EC2 Instance Connect Endpoint.
    InstanceConnect,
}

/// `sce cidr`
#[derive(Debug, Args)]
#[command(override_usage = "sce cidr [OPTIONS] <BLOCK> --need <NAME=HOSTS>...")]
pub(crate) struct Subnets {
    /// The network, such as 10.0.0.0/16.
    #[arg(value_parser = cidr)]
    pub(crate) block: Cidr,
    /// A subnet and how many hosts it must hold; the five addresses that AWS keeps come on top.
    #[arg(long, value_name = "NAME=HOSTS", value_parser = need, num_args = 1.., required = true)]
    pub(crate) need: Vec<Need>,
    /// Ranges to keep clear of.
    #[arg(long, value_name = "CIDR", value_parser = cidr, num_args = 1..)]
    pub(crate) taken: Vec<Cidr>,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce lock`
#[derive(Debug, Args)]
pub(crate) struct Lock {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    /// Placeholders instead of an account: good for planning and checking, not for building.
    #[arg(long)]
    pub(crate) offline: bool,
}

/// A command on a spec that has nothing to choose.
#[derive(Debug, Args)]
pub(crate) struct SpecJson {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// How the result is written.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Format {
    /// One JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sce check`
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    /// Show what is kept or declared too: the risk that remains.
    #[arg(long)]
    pub(crate) all: bool,
    /// Judge what is in the account rather than the plan; read-only.
    #[arg(long)]
    pub(crate) live: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce explain`
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The rule's name, as `sce check` shows it.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub(crate) rule: Option<String>,
    /// Every rule.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce cost`
#[derive(Debug, Args)]
pub(crate) struct Cost {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    /// How many hours a week the machines run.
    #[arg(long, value_name = "N", value_parser = hours_per_week)]
    pub(crate) hours_per_week: Option<HoursPerWeek>,
    /// Another price list (TOML) than the one built in.
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce apply`
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    /// Take the lease over from a run that is dead.
    #[arg(long)]
    pub(crate) take_over: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// An environment, by name.
#[derive(Debug, Args)]
pub(crate) struct Environment {
    /// The environment's Project Identifier Tag (PIT).
    #[arg(value_parser = pit)]
    pub(crate) pit: Pit,
    /// Its region, when several have one of that name.
    #[arg(long, value_parser = region)]
    pub(crate) region: Option<Region>,
}

/// `sce status`
#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) environment: Environment,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce data`
#[derive(Debug, Subcommand)]
pub(crate) enum Data {
    /// Copy a file into a store, encrypted, its hash compared.
    Put(Put),
    /// Copy an object out to a file, its hash compared.
    Get(Fetch),
    /// List what a store holds.
    Ls(List),
}

/// One of an environment's stores, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    /// Data that came in (S3D).
    Data,
    /// Results to be taken out (S3O).
    Output,
    /// Everything beside the data (S3A).
    Ancillary,
}

/// `sce data put`
#[derive(Debug, Args)]
pub(crate) struct Put {
    /// The file.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) environment: Environment,
    /// The object's key; the file's name when left out.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// The store.
    #[arg(long, value_name = "STORE", value_enum, default_value_t = Store::Data)]
    pub(crate) to: Store,
    /// Why a name that looks like PHI is none.
    #[arg(long, value_name = "REASON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) reviewed: Option<String>,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce data get`
#[derive(Debug, Args)]
pub(crate) struct Fetch {
    #[command(flatten)]
    pub(crate) environment: Environment,
    /// The object's key.
    pub(crate) key: String,
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Overwrite the file if there is one.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// The store.
    #[arg(long, value_name = "STORE", value_enum, default_value_t = Store::Data)]
    pub(crate) from: Store,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce data ls`
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) environment: Environment,
    /// Only keys that begin so.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    /// The store.
    #[arg(long, value_name = "STORE", value_enum, default_value_t = Store::Data)]
    pub(crate) from: Store,
    /// Ask for each object's SHA-256 too: one more request for each.
    #[arg(long)]
    pub(crate) digests: bool,
    /// List the table of uploaded files instead: every version that came or went, as the environment's function recorded it.
    #[arg(long, conflicts_with_all = ["from", "digests"])]
    pub(crate) table: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce close-out`
#[derive(Debug, Args)]
pub(crate) struct CloseOut {
    #[command(flatten)]
    pub(crate) environment: Environment,
    /// The folder to archive into.
    #[arg(long, value_name = "DEST")]
    pub(crate) archive: PathBuf,
    /// Who can open the archive: a public key (age1…); a key is made when nobody is named.
    #[arg(long, value_name = "KEY")]
    pub(crate) recipient: Vec<String>,
    /// A file whose first line protects the key that is made.
    #[arg(long, value_name = "FILE", conflicts_with = "recipient")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Archive without encryption. Anyone who gets at the folder can read the data.
    #[arg(long, conflicts_with_all = ["recipient", "passphrase_file"])]
    pub(crate) dangerously_plain: bool,
    /// Take the lease over from a run that is dead.
    #[arg(long)]
    pub(crate) take_over: bool,
    #[command(flatten)]
    pub(crate) format: Format,
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
    /// The archive's folder.
    pub(crate) dest: PathBuf,
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
    /// The archive's folder.
    pub(crate) dest: PathBuf,
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

/// `sce synth`
#[derive(Debug, Subcommand)]
pub(crate) enum Synth {
    /// The three CSV files of POC A: imaginary patients named John.
    Johns(Johns),
}

/// `sce synth johns`
#[derive(Debug, Args)]
pub(crate) struct Johns {
    /// The folder to write into.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Whose random numbers to draw: python2, the document's own, or python3.
    #[arg(long, default_value_t = Dialect::Python2, value_parser = dialect)]
    pub(crate) dialect: Dialect,
    /// What the program's comments promise rather than, byte for byte, what it writes.
    #[arg(long)]
    pub(crate) corrected: bool,
    /// How many visits to the doctor.
    #[arg(long, value_name = "N", default_value_t = sce::synth::Johns::default().rows)]
    pub(crate) rows: u64,
    /// How many patients.
    #[arg(long, value_name = "N", default_value_t = sce::synth::Johns::default().patients)]
    pub(crate) patients: u32,
    /// The seed of the random numbers.
    #[arg(long, value_name = "N", default_value_t = sce::synth::Johns::default().seed)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) format: Format,
}

impl From<Access> for AccessMode {
    fn from(access: Access) -> Self {
        match access {
            Access::SessionManager => Self::SessionManager,
            Access::Bastion => Self::Bastion,
            Access::InstanceConnect => Self::InstanceConnect,
        }
    }
}

/// A parser of one type, whose refusal carries the advice as well.
macro_rules! parser {
    ($name:ident, $type:ty) => {
        fn $name(text: &str) -> Result<$type, String> {
            text.parse::<$type>().map_err(|error| match error.help() {
                Some(help) => format!("{error}\n  help: {help}"),
                None => error.to_string(),
            })
        }
    };
}

parser!(account, AccountId);
parser!(cidr, Cidr);
parser!(dialect, Dialect);
parser!(hours_per_week, HoursPerWeek);
parser!(need, Need);
parser!(pit, Pit);
parser!(region, Region);

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_go_before_or_after_the_command() {
        for line in [
            ["sce", "--endpoint-url", "http://127.0.0.1:1", "verify", "a.toml"],
            ["sce", "verify", "a.toml", "--endpoint-url", "http://127.0.0.1:1"],
        ] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert_eq!(cli.global.endpoint_url, ["http://127.0.0.1:1"]);
        }
    }

    #[test]
    fn a_refused_value_comes_with_advice() {
        let error = Cli::try_parse_from(["sce", "init", "--pit", "Hipaa"]).unwrap_err();
        let expected = pit("Hipaa").unwrap_err();
        assert!(expected.contains("\n  help: "), "{expected}");
        assert!(error.to_string().contains(&expected), "{error}");
    }

    #[test]
    fn an_archive_is_protected_in_one_way() {
        let line = ["sce", "close-out", "hipaa", "--archive", "a", "--recipient", "age1x", "--dangerously-plain"];
        assert!(Cli::try_parse_from(line).is_err());
    }
}
