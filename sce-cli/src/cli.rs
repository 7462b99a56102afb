//! What may be asked, and how it is written.

mod judging;
mod proving;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use sce::account::{AccountId, Region};
use sce::archive::VaultPlace;
use sce::aws::arn::Arn;
use sce::cidr::{Cidr, Need};
use sce::cost::HoursPerWeek;
use sce::pit::Pit;
use sce::spec::AccessMode;
use sce::synth::Dialect;
use sce::value::NodeId;

pub(crate) use judging::{Catalog, Judging, Looking, Source, View};
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
    /// Read everything back and hold it to the plan.
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
}

/// `sce keys`
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make the pairs that are missing, in the folder `PIT-keys` beside the spec.
    Make(KeysMake),
    /// Make a new pair beside the old; both open until `--finish`.
    Rotate(KeysRotate),
    /// List the keys, and how each is kept.
    Ls(SpecJson),
    /// Get a private key back from its escrow copy.
    Recover(KeysRecover),
}

/// How private keys that are made are kept.
#[derive(Debug, Args)]
pub(crate) struct KeyProtection {
    /// A file whose first line encrypts the private key; asked for on the terminal when left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Keep the private key unencrypted, for rehearsals: anyone who gets at the file gets in.
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(crate) dangerously_unencrypted: bool,
}

/// `sce keys make`
#[derive(Debug, Args)]
pub(crate) struct KeysMake {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    /// Only this person's key.
    #[arg(long, value_name = "NAME")]
    pub(crate) person: Vec<String>,
    #[command(flatten)]
    pub(crate) protection: KeyProtection,
    /// Who can open the escrow copy, beside those in `[archive] recipients`: a public key (age1…).
    #[arg(long, value_name = "KEY")]
    pub(crate) escrow_to: Vec<String>,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce keys rotate`
#[derive(Debug, Args)]
pub(crate) struct KeysRotate {
    /// The spec: TOML, or JSON when its name ends so.
    pub(crate) spec: PathBuf,
    /// Whose key: a person's name, `bastion` or `private`.
    #[arg(long, value_name = "NAME")]
    pub(crate) key: String,
    /// Take the key before out of force and remove it, once a login with the new one has worked.
    #[arg(long, conflicts_with_all = ["passphrase_file", "dangerously_unencrypted", "escrow_to"])]
    pub(crate) finish: bool,
    #[command(flatten)]
    pub(crate) protection: KeyProtection,
    /// Who can open the escrow copy, beside those in `[archive] recipients`: a public key (age1…).
    #[arg(long, value_name = "KEY")]
    pub(crate) escrow_to: Vec<String>,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce keys recover`
#[derive(Debug, Args)]
pub(crate) struct KeysRecover {
    /// The escrow copy, a file ending in `.escrow.age`.
    pub(crate) file: PathBuf,
    /// The administrator's private key of age.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: PathBuf,
    /// A file whose first line opens the administrator's private key.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity_passphrase_file: Option<PathBuf>,
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) protection: KeyProtection,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// `sce access`
#[derive(Debug, Args)]
pub(crate) struct PersonAccess {
    /// The spec, a file ending in `.toml` or `.json`; or the Project Identifier Tag (PIT) of an environment that is built.
    #[arg(value_name = "SPEC|PIT")]
    pub(crate) environment: String,
    /// Only this person's.
    #[arg(long, value_name = "NAME")]
    pub(crate) person: Option<String>,
    /// A folder to write into, one folder a person; standard output when left out.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Ask no account: words in capitals stand for addresses and ids.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Its region, when several have a PIT of that name.
    #[arg(long, value_parser = region)]
    pub(crate) region: Option<Region>,
    /// The folder that the key is kept in, when it is not `~/.ssh/PIT`.
    #[arg(long, value_name = "DIR", value_parser = folder)]
    pub(crate) keys_in: Option<String>,
    #[command(flatten)]
    pub(crate) format: Format,
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

/// Reading as the custodian, from outside the VPC.
#[derive(Debug, Args)]
pub(crate) struct AsCustodian {
    /// Take on the environment's custodian role first.
    #[arg(long)]
    pub(crate) as_custodian: bool,
    /// The serial number of the MFA device: the ARN of a virtual one.
    #[arg(long, value_name = "SERIAL", requires = "as_custodian", requires = "mfa_code")]
    pub(crate) mfa_serial: Option<String>,
    /// The code that it shows.
    #[arg(long, value_name = "CODE", requires = "as_custodian", requires = "mfa_serial")]
    pub(crate) mfa_code: Option<String>,
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
    /// The environment's Project Identifier Tag (PIT); without it, every environment that the account's registries know is listed.
    #[arg(value_parser = pit)]
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
    #[command(flatten)]
    pub(crate) custodian: AsCustodian,
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
    #[command(flatten)]
    pub(crate) custodian: AsCustodian,
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
    /// Delete databases, data volumes and copies of volumes with what is in them. No archive holds it: copy it to the output bucket first.
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

fn node(text: &str) -> Result<NodeId, String> {
    text.parse().map_err(|error: sce::value::InvalidNodeId| error.to_string())
}

fn arn(text: &str) -> Result<Arn, String> {
    text.parse().map_err(|error: sce::aws::arn::InvalidId| error.to_string())
}

/// A folder that settings of ssh can name: they know no way to write a quotation mark, and a line ends a setting.
fn folder(text: &str) -> Result<String, String> {
    match text.chars().find(|c| *c == '"' || c.is_control()) {
        None if text.is_empty() => Err("no folder is given".to_owned()),
        None => Ok(text.trim_end_matches('/').to_owned()),
        Some(_) => Err("settings of ssh cannot name a folder with a quotation mark or an end of line".to_owned()),
    }
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
    fn a_refused_value_comes_with_advice() {
        let error = Cli::try_parse_from(["sce", "init", "--pit", "Hipaa"]).unwrap_err();
        let expected = pit("Hipaa").unwrap_err();
        assert!(expected.contains("\n  help: "), "{expected}");
        assert!(error.to_string().contains(&expected), "{error}");
    }

    #[test]
    fn a_folder_cannot_smuggle_settings_in() {
        for hostile in ["a\"\nProxyCommand x", "a\nb", "a\"", ""] {
            assert!(Cli::try_parse_from(["sce", "access", "hipaa", "--keys-in", hostile]).is_err(), "{hostile:?}");
        }
        assert_eq!(folder("/keys of mine/").unwrap(), "/keys of mine");
    }

    #[test]
    fn an_archive_is_protected_in_one_way() {
        let line = ["sce", "close-out", "hipaa", "--archive", "a", "--recipient", "age1x", "--dangerously-plain"];
        assert!(Cli::try_parse_from(line).is_err());
    }
}
