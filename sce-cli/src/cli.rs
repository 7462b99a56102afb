//! What may be asked, and how it is written.

mod account;
mod data;
mod ending;
mod judging;
mod people;
mod proving;

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use sce::account::{AccountId, Region};
use sce::cidr::{Cidr, Need};
use sce::cost::HoursPerWeek;
use sce::pit::Pit;
use sce::spec::AccessMode;
use sce::synth::Dialect;
use sce::value::NodeId;

pub(crate) use account::{Account, AccountApply, AccountAsked, AccountStatus, Permissions, RecorderCare, TrailCare};
pub(crate) use data::{AsCustodian, Data, Fetch, List, Put, Store};
pub(crate) use ending::{Archive, ArchiveRestore, ArchiveVerify, CloseOut, Dest, RetainMode, VaultSettings};
pub(crate) use judging::{Catalog, Judging, Looking, Source, View};
pub(crate) use people::{KeyProtection, Keys, KeysMake, KeysRecover, KeysRotate, PersonAccess};
pub(crate) use proving::Prove;

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
    /// Make, rotate and list the keys that machines and people are reached with.
    #[command(subcommand)]
    Keys(Keys),
    /// Show everything that will be built, in order; or what that would change in the account.
    Plan(PlanAsked),
    /// Judge the plan, or what is in the account, by every rule.
    Check(Check),
    /// Prove what is claimed of the plan, or of what is in the account, or show a counter-example.
    Prove(Prove),
    /// Save what the account says of itself, read-only, for work without credentials.
    Collect(Collect),
    /// Tell what a rule asks for, why, and what to do.
    Explain(Explain),
    /// Tell where packets go in networks that were saved as describe output.
    Reach(Reach),
    /// Decide requests by the IAM policies that they meet.
    Authorize(Authorize),
    /// List every risk with what remains of it, what is open and who accepted what, as Markdown.
    Register(View),
    /// Go through the Security Rule item by item: what is shown, and what cannot be, as Markdown.
    Coverage(View),
    /// Show which services may touch PHI, and what each kind of resource is of.
    Catalog(Catalog),
    /// Estimate what it will cost a month.
    Cost(Cost),
    /// Print the IAM policies that running sce for a spec takes, by duty.
    Permissions(Permissions),
    /// See to what is account-wide: the trail, Config, encryption by default, passwords, alarms.
    #[command(subcommand)]
    Account(Account),
    /// Build what is missing, then read everything back.
    Apply(Apply),
    /// Read everything back, and hold it to the plan, the rules and the claims.
    Verify(Verify),
    /// Tell what somebody changed in the account, what follows from it, and who did it; put it back with `--repair`.
    Drift(DriftAsked),
    /// Show what is there of an environment.
    Status(Status),
    /// Place a legal hold, or release one: while one is in force, nothing is closed out.
    Hold(Hold),
    /// Stop the machines, and wait until they are stopped; their volumes stay.
    Stop(Power),
    /// Start the machines, and wait until they run.
    Start(Power),
    /// Write what people need to get in: settings for ssh, and a sheet in plain words.
    Access(PersonAccess),
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
    /// How people get in: `session-manager`, unless the policy has another default.
    #[arg(long, value_name = "MODE", value_enum)]
    pub(crate) access: Option<Access>,
    /// The institution's policy (TOML), with the defaults that the spec starts with.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
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
    /// Take the newest machine images. Without it a lock that is made again keeps those that it has, since another image makes another
    /// machine.
    #[arg(long, conflicts_with = "offline")]
    pub(crate) update_images: bool,
}

/// `sce plan`
#[derive(Debug, Args)]
pub(crate) struct PlanAsked {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    /// Hold the plan against the account: what would be created, updated in place, replaced (with what is lost) and deleted. Read-only.
    #[arg(long)]
    pub(crate) against_account: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce drift`
#[derive(Debug, Args)]
pub(crate) struct DriftAsked {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    /// Put back in place what can be, once you have seen what that is and said yes.
    #[arg(long)]
    pub(crate) repair: bool,
    /// Say yes beforehand.
    #[arg(long, requires = "repair")]
    pub(crate) yes: bool,
    /// Take the lease over from a run that is dead.
    #[arg(long, requires = "repair")]
    pub(crate) take_over: bool,
    #[command(flatten)]
    pub(crate) judging: Judging,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// A command on a spec that has nothing to choose.
#[derive(Debug, Args)]
pub(crate) struct SpecJson {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce reach`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("asked").required(true))]
pub(crate) struct Reach {
    /// A folder of JSON files with what `aws … describe-…` answered, or one such file.
    #[arg(value_name = "DIR")]
    pub(crate) tree: PathBuf,
    /// What becomes of single flows: a file with one JSON object a line, or `-` for standard input. The answers are as many lines.
    #[arg(long, value_name = "FILE.jsonl", group = "asked")]
    pub(crate) flows: Option<PathBuf>,
    /// Everything that the internet can reach.
    #[arg(long, group = "asked")]
    pub(crate) exposed: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce verify`
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    /// Show what is kept or declared too: the risk that remains.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) judging: Judging,
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
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) looking: Looking,
    #[command(flatten)]
    pub(crate) format: Format,
    /// SARIF 2.1.0 on standard output, for code hosts and editors; what is waived is there as suppressed.
    #[arg(long, conflicts_with = "json")]
    pub(crate) sarif: bool,
}

/// `sce collect`
#[derive(Debug, Args)]
pub(crate) struct Collect {
    /// The folder to save it in, which is made.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// The region; without it, each region where `sce` has a registry, in a folder of its name when there are several.
    #[arg(long, value_parser = region)]
    pub(crate) region: Option<Region>,
    /// Replace what an earlier run saved in the folder.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce authorize`
#[derive(Debug, Args)]
pub(crate) struct Authorize {
    /// One JSON object a line, each a request with its policies; `-` for standard input.
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) requests: PathBuf,
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
    /// Every rule in full, as Markdown.
    #[arg(long, requires = "all", conflicts_with = "json")]
    pub(crate) markdown: bool,
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
    /// Delete these things with the data that they hold, where the spec replaces them or gave them up: places in the plan.
    /// `sce plan SPEC --against-account` shows which and what is lost.
    #[arg(long, value_name = "NODE", num_args = 1.., value_parser = node)]
    pub(crate) dangerously_replace: Vec<NodeId>,
    /// Stop machines that run where a change takes that, such as another type, and start them again: what works on them ends.
    #[arg(long)]
    pub(crate) may_stop_machines: bool,
    /// Build on where a close-out has begun: what it deleted is made anew, and empty.
    #[arg(long)]
    pub(crate) reopen: bool,
    /// When this run fails or is interrupted, delete what it made; what was there before stays.
    #[arg(long)]
    pub(crate) undo_on_failure: bool,
    /// Build nothing: delete what the latest run made that is still there; data stays.
    #[arg(long, conflicts_with = "undo_on_failure")]
    pub(crate) undo: bool,
    #[command(flatten)]
    pub(crate) judging: Judging,
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
    /// The environment's Project Identifier Tag (PIT), or its spec; without it, every environment that the account's registries know is
    /// listed.
    #[arg(value_parser = pit_or_spec, value_name = "PIT|SPEC")]
    pub(crate) pit: Option<Pit>,
    /// Its region, when several have one of that name; or the only region to list.
    #[arg(long, value_parser = region)]
    pub(crate) region: Option<Region>,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce hold`
#[derive(Debug, Args)]
pub(crate) struct Hold {
    #[command(flatten)]
    pub(crate) environment: Environment,
    /// Why: the matter's name, on one line. It is kept in the registry.
    #[arg(long, value_name = "REASON")]
    pub(crate) reason: String,
    /// Release instead: the hold of that number, or the only one in force.
    #[arg(long, value_name = "NUMBER", num_args = 0..=1)]
    #[allow(clippy::option_option, reason = "given, given with a number, or not given")]
    pub(crate) release: Option<Option<u32>>,
    /// Take the lease over from a run that is dead.
    #[arg(long)]
    pub(crate) take_over: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce stop` and `sce start`
#[derive(Debug, Args)]
pub(crate) struct Power {
    #[command(flatten)]
    pub(crate) environment: Environment,
    /// Take the lease over from a run that is dead.
    #[arg(long)]
    pub(crate) take_over: bool,
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
parser!(plain_pit, Pit);
parser!(region, Region);

/// A PIT; whoever names a spec instead is told the PIT that stands in it.
fn pit(text: &str) -> Result<Pit, String> {
    let said = |said: String| match names_a_spec(text) {
        false => said,
        true => {
            let named = pit_of_spec(text)
                .map_or_else(|_| "the spec gives it as `pit`".to_owned(), |pit| format!("name it: `{pit}`"));
            format!("`{text}` is a spec, and what is asked for is the environment's PIT\n  help: {named}")
        }
    };
    plain_pit(text).map_err(said)
}

/// A PIT, or the one that stands in a spec: for what only looks.
fn pit_or_spec(text: &str) -> Result<Pit, String> {
    match names_a_spec(text) {
        true => pit_of_spec(text),
        false => plain_pit(text),
    }
}

/// No PIT has a dot in it, so a file of either ending is never one.
fn names_a_spec(text: &str) -> bool {
    Path::new(text).extension().is_some_and(|ending| ending == "toml" || ending == "json")
}

fn pit_of_spec(text: &str) -> Result<Pit, String> {
    let read = sce::SpecFile::read(Path::new(text));
    read.map(|file| file.spec.pit).map_err(|error| {
        let help = format!("`sce check {text}` tells what is the matter with it, where it is there");
        format!("{error}\n  help: {help}")
    })
}

fn node(text: &str) -> Result<NodeId, String> {
    text.parse().map_err(|error: sce::value::InvalidNodeId| error.to_string())
}

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
    fn a_spec_in_the_place_of_a_pit_is_understood_or_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let spec = folder.path().join("hipaa.toml");
        std::fs::write(&spec, "pit = \"johns\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n").unwrap();
        let spec = spec.to_str().unwrap();
        assert_eq!(pit_or_spec(spec).unwrap().as_str(), "johns");
        assert_eq!(pit_or_spec("hipaa").unwrap().as_str(), "hipaa");
        assert!(pit_or_spec("none.toml").unwrap_err().contains("`sce check none.toml` tells"));
        // What stops, holds or ends an environment takes its name only.
        let told =
            format!("`{spec}` is a spec, and what is asked for is the environment's PIT\n  help: name it: `johns`");
        assert_eq!(pit(spec).unwrap_err(), told);
        assert!(pit("none.toml").unwrap_err().ends_with("help: the spec gives it as `pit`"));
        assert!(
            Cli::try_parse_from(["sce", "hold", spec, "--reason", "x"])
                .unwrap_err()
                .to_string()
                .contains("name it: `johns`")
        );
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
