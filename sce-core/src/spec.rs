//! What is asked: the fifteen lines that a builder writes.
//!
//! Everything that is not said has a default, and every default is the careful one. Unknown keys, wrong types and impossible values
//! are refused with line, what was expected and the nearest valid word: see [`parse`].

mod defaults;
mod example;
mod existing;
mod locate;
mod parse;
mod validate;
mod waiver;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use defaults::Defaults;
pub use example::example;
pub use existing::UseExisting;
pub(crate) use locate::line_at;
pub use locate::line_of;
pub use parse::{Format, Problem, SpecError, parse};
pub(crate) use parse::{date, grammar_help, nearest};
pub(crate) use validate::{is_email, says_something, unknown_region};
pub use waiver::{Addressable, Waiver};

use crate::account::{Region, Zone};
use crate::aws::arn::Arn;
use crate::aws::resource::Tenancy;
use crate::cidr::Cidr;
use crate::pit::Pit;
use crate::ssh::PublicKey;

/// The version of the spec's format that this crate writes; it reads every version up to this one.
pub const SCHEMA_VERSION: u32 = 1;

/// The spec of one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The version of this format; absent means the current one.
    #[serde(default = "current_schema_version")]
    pub schema_version: u32,
    /// The Project Identifier Tag: names and tags everything (L337-L343).
    pub pit: Pit,
    /// The AWS region, such as `us-west-2`.
    pub region: Region,
    /// The e-mail address of the person who answers for the environment (L91, L1013).
    pub owner: String,
    /// Which generation of practice to follow.
    #[serde(default)]
    pub profile: Profile,
    /// The gates before anything is built (L25-L26, L357-L359).
    #[serde(default)]
    pub approvals: Approvals,
    /// Addresses and ways out.
    #[serde(default)]
    pub network: Network,
    /// Ways in.
    #[serde(default)]
    pub access: Access,
    /// Machines to work on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compute: Option<Compute>,
    /// Machines that work by themselves (L289-L315).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<Workers>,
    /// What goes on around the data: the table of uploaded files, and who is told.
    #[serde(default)]
    pub ancillary: Ancillary,
    /// Databases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub database: Vec<Database>,
    /// Who may take on which role.
    #[serde(default, skip_serializing_if = "Roles::is_empty")]
    pub roles: Roles,
    /// What no API tells about the account.
    #[serde(default)]
    pub account: Account,
    /// How long records are kept.
    #[serde(default)]
    pub retention: Retention,
    /// Names that look like PHI and were reviewed.
    #[serde(default)]
    pub names: Names,
    /// Who can open what close-out archives.
    #[serde(default)]
    pub archive: Archive,
    /// What exists already and is used instead of being made.
    #[serde(default, skip_serializing_if = "UseExisting::is_empty")]
    pub use_existing: UseExisting,
    /// Risks that somebody accepts (L1111).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiver: Vec<Waiver>,
}

/// Which generation of practice to follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Today's practice, which still honours the document.
    #[default]
    Modern,
    /// The document to the letter, judged by today's rules.
    CloudMaven2017,
}

/// The gates before anything is built. No API can check them: they are declared, and so reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Approvals {
    /// The Institutional Review Board's number for the study (L25, L98).
    pub irb: Option<String>,
    /// The budget that pays (L26, L100).
    pub billing: Option<String>,
    /// The day the account was designated for PHI under the Business Associate Agreement (L357-L359).
    #[serde(deserialize_with = "parse::optional_date")]
    #[schemars(with = "Option<String>")]
    pub baa: Option<Date>,
}

/// Addresses and ways out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// The VPC's range; `10.0.0.0/16` or the first free one beside `taken` when absent.
    pub cidr: Option<Cidr>,
    /// Spublic; planned from `public_hosts` when absent.
    pub public: Option<Cidr>,
    /// Sprivate; planned from `private_hosts` when absent.
    pub private: Option<Cidr>,
    /// Usable addresses wanted in Spublic.
    pub public_hosts: Option<u32>,
    /// Usable addresses wanted in Sprivate.
    pub private_hosts: Option<u32>,
    /// The availability zone; the region's first when absent (L193-L198).
    pub zone: Option<Zone>,
    /// The way out of Sprivate.
    pub egress: Egress,
    /// Ranges that the environment must not overlap: peered networks, VPNs, the campus (L187-L190).
    pub taken: Vec<NamedRange>,
    /// Whether machines share hardware with others.
    pub tenancy: Option<Tenancy>,
    /// Where the main route table, which rules every subnet without a table of its own, sends traffic.
    pub main_route: Option<MainRoute>,
}

/// The way out of Sprivate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Egress {
    /// Through a NAT gateway to anywhere (L441-L446): updates and packages come in, and so could data go out.
    #[default]
    Nat,
    /// None but endpoints.
    None,
}

/// Where the main route table sends traffic that is not local.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MainRoute {
    /// Nowhere: a subnet that nobody associated reaches nothing.
    Local,
    /// To the NAT gateway, as the document does (L465-L468).
    Nat,
}

/// A range of addresses with a name for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedRange {
    /// What it is, such as `campus-vpn`.
    pub name: String,
    /// Its addresses.
    pub cidr: Cidr,
}

/// Ways in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// How people get to the private machine.
    pub mode: AccessMode,
    /// From where (L503, L513-L516); needed by `bastion`.
    pub allow: Vec<NamedRange>,
    /// Who.
    pub people: Vec<Person>,
    /// Minutes without input after which a session ends (45 CFR 164.312(a)(2)(iii)).
    pub idle_minutes: u32,
    /// What is known of the laptops that people come from (L104 against L344-L345).
    pub laptop: Laptop,
}

impl Default for Access {
    /// Session Manager, nobody, a quarter of an hour, and laptops that nobody vouches for.
    fn default() -> Self {
        Self {
            mode: AccessMode::default(),
            allow: Vec::new(),
            people: Vec::new(),
            idle_minutes: 15,
            laptop: Laptop::default(),
        }
    }
}

/// What is known of the laptops that people come from; no API tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Laptop {
    /// The document's L in a coffee shop: nobody vouches for it (L345).
    #[default]
    Outside,
    /// The institution looks after it: its disk is encrypted, it is patched, and it locks itself.
    Managed,
}

/// How people get to the private machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessMode {
    /// AWS Systems Manager: no inbound port at all.
    #[default]
    SessionManager,
    /// The document's bastion B: ssh from named ranges.
    Bastion,
    /// EC2 Instance Connect Endpoint.
    InstanceConnect,
}

/// Someone with an account on the private machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The login name.
    pub name: String,
    /// Where the hand-over sheet goes.
    pub email: String,
    /// The public half of the person's key; `sce keys make` makes a pair for who has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PublicKey>,
    /// The public half of the key the person had before: it opens too, until it is taken out here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_key: Option<PublicKey>,
}

/// A name that no person of the spec has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("nobody in the spec is called `{name}`")]
pub struct UnknownPerson {
    /// The name.
    pub name: String,
    /// The names that there are.
    pub known: Vec<String>,
}

impl UnknownPerson {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match (nearest(&self.name, self.known.iter().map(String::as_str)), self.known.as_slice()) {
            (Some(word), _) => format!("did you mean `{word}`?"),
            (None, []) => {
                "the spec has no people: add them to `[access]`, as `people = [{ name = \"r1\", email = \"…\" }]`"
                    .to_owned()
            }
            (None, known) => format!("people in the spec: {}", known.join(", ")),
        }
    }
}

/// Machines to work on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Compute {
    /// The private machine E (L523).
    pub private: Option<Machine>,
    /// The bastion B (L501-L508).
    pub bastion: Option<Machine>,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The instance type, such as `m7i.large`.
    #[serde(rename = "type")]
    pub instance_type: String,
    /// The size of the encrypted data volume, in GiB.
    #[serde(default)]
    pub data_volume_gib: Option<u32>,
    /// The size of the encrypted root volume, in GiB.
    #[serde(default = "root_volume_gib")]
    pub root_volume_gib: u32,
    /// The size of the swap file on the encrypted root volume, in GiB; 0 for none.
    #[serde(default = "swap_gib")]
    pub swap_gib: u32,
    /// What is installed for people.
    #[serde(default = "software")]
    pub software: Vec<Software>,
    /// Where it comes from: when absent the internet where there is a way out, else nowhere but Amazon Linux's own repositories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<Packages>,
}

impl Machine {
    /// A machine of that type and otherwise as usual.
    #[must_use]
    pub fn of_type(instance_type: &str) -> Self {
        Self {
            instance_type: instance_type.to_owned(),
            data_volume_gib: None,
            root_volume_gib: root_volume_gib(),
            swap_gib: swap_gib(),
            software: software(),
            packages: None,
        }
    }
}

/// What is installed for people (L332, L682).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Software {
    /// Python 3 with pip and virtual environments.
    Python,
    /// R.
    R,
    /// JupyterLab, reached through the ssh tunnel.
    JupyterLab,
}

/// Where packages that Amazon Linux's own repositories do not have come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Packages {
    /// The public indexes, through the NAT gateway.
    #[default]
    Internet,
    /// A Python package index inside, by its URL.
    Mirror(String),
    /// Nowhere: Amazon Linux's own packages only, which come through the S3 endpoint.
    None,
}

/// What goes on around the data (L577-L582).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ancillary {
    /// Whether a table lists every file that is put into S3D, filled by a function of the environment's own.
    pub file_table: bool,
    /// E-mail addresses that are told of each new file by its name; each has to confirm.
    pub notify: Vec<String>,
}

impl Default for Ancillary {
    /// The table, and nobody told.
    fn default() -> Self {
        Self { file_table: true, notify: Vec::new() }
    }
}

/// Machines that work by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workers {
    /// How many at most.
    pub count: u32,
}

/// A database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// What it is called, beside the PIT; the engine when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The engine; `postgres` is the one that is built.
    pub engine: String,
    /// Its major version.
    #[serde(default = "database_version")]
    pub version: String,
    /// Whether it will hold PHI.
    pub phi_contact: bool,
    /// The instance class.
    #[serde(default = "database_class")]
    pub class: String,
    /// Storage in GiB.
    #[serde(default = "database_storage_gib")]
    pub storage_gib: u32,
    /// Days that automatic backups are kept.
    #[serde(default = "database_backup_days")]
    pub backup_days: u32,
}

impl Database {
    /// What it is called, beside the PIT.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.engine)
    }
}

/// What no API tells about the account, and what `sce account` shall see to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// Who may administer keys and read data from outside the VPC; the caller of `sce lock` when empty.
    pub administrators: Vec<Arn>,
    /// Whether the account's trail exists already or is managed by `sce account` (L625-L632).
    pub cloudtrail: Option<CloudTrail>,
    /// Whether AWS Config exists already, is managed by `sce account`, or is done without (L641-L652).
    pub config: Option<ConfigCare>,
    /// Whether `sce account` sees to the password policy of IAM users; not where nobody has a password.
    pub password_policy: bool,
    /// Whether `sce account` makes alarms on its trail's events.
    pub alarms: bool,
    /// The SNS topic that alarms tell; without one they only show in CloudWatch.
    pub notify: Option<Arn>,
    /// Whether `sce account` switches GuardDuty on, which AWS bills by what it analyses.
    pub guardduty: bool,
    /// The managed policy that the organisation demands as the bound of every role's permissions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<Arn>,
}

impl Default for Account {
    /// Nobody named; the password policy and the alarms, and no GuardDuty.
    fn default() -> Self {
        Self {
            administrators: Vec::new(),
            permissions_boundary: None,
            cloudtrail: None,
            config: None,
            password_policy: true,
            alarms: true,
            notify: None,
            guardduty: false,
        }
    }
}

/// Who looks after AWS Config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConfigCare {
    /// The organisation does.
    Existing,
    /// `sce account` does.
    Managed,
    /// Nobody does.
    None,
}

/// Who may take on which role. A role that nobody may take on is not made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Roles {
    /// Who may put files into S3D, and neither read nor list them (L104, L1137).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uploaders: Vec<Arn>,
    /// Who may read the stores from outside the VPC, with MFA, for an hour at a time: the one way round the endpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custodians: Vec<Arn>,
    /// Who starts and stops the machines and opens sessions on them (L225, L235): the holders of the access policy. `*` may stand
    /// for a part of a name, as in the roles that IAM Identity Center makes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operators: Vec<Arn>,
}

impl Roles {
    /// Whether nobody is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a role is taken on from outside, so that the allowed ranges count.
    #[must_use]
    pub fn from_outside(&self) -> bool {
        !self.uploaders.is_empty() || !self.custodians.is_empty()
    }
}

/// Who looks after CloudTrail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CloudTrail {
    /// The organisation does.
    Existing,
    /// `sce account` does.
    Managed,
}

/// How long records are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Days that logs are kept; one of the periods that CloudWatch Logs offers.
    pub logs_days: u32,
    /// Days that older versions of data objects are kept.
    pub versions_days: u32,
}

/// Names that look like PHI and were reviewed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Names {
    /// What was reviewed, and why it may stay.
    pub reviewed: Vec<Reviewed>,
}

/// A name that looks like PHI and is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reviewed {
    /// The name; `*` stands for anything.
    pub pattern: String,
    /// Why it is no PHI.
    pub reason: String,
}

/// Who can open what close-out archives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Archive {
    /// Public keys (`age1…`) of the custodians; a key is made at close-out when there is none.
    pub recipients: Vec<String>,
}

impl Default for Retention {
    /// Six years of logs, rounded up to CloudWatch's next period, and ninety days of older versions.
    fn default() -> Self {
        Self { logs_days: 2192, versions_days: 90 }
    }
}

impl Spec {
    /// The main route table's way out: as asked, else what the profile has.
    #[must_use]
    pub fn main_route(&self) -> MainRoute {
        self.network.main_route.unwrap_or(match self.profile {
            Profile::Modern => MainRoute::Local,
            Profile::CloudMaven2017 => MainRoute::Nat,
        })
    }

    /// The private machine E, if one is asked for.
    #[must_use]
    pub fn private_machine(&self) -> Option<&Machine> {
        self.compute.as_ref()?.private.as_ref()
    }

    /// Whether a subnet in a second zone is made, for RDS; in a VPC that exists the spec names one.
    #[must_use]
    pub fn makes_spare_subnet(&self) -> bool {
        !self.database.is_empty() && self.use_existing.vpc.is_none()
    }

    /// The bastion B: where the way in leads over one and there is a machine to get to; small unless the spec says otherwise, the
    /// document's type in its own profile (L504).
    #[must_use]
    pub fn bastion_machine(&self) -> Option<Machine> {
        let wanted = self.access.mode == AccessMode::Bastion && self.private_machine().is_some();
        let small = || {
            Machine::of_type(match self.profile {
                Profile::Modern => "t3.micro",
                Profile::CloudMaven2017 => "m4.large",
            })
        };
        wanted.then(|| self.compute.as_ref().and_then(|compute| compute.bastion.clone()).unwrap_or_else(small))
    }

    /// Where a machine's packages come from: as asked, else the internet where there is a way out, else nowhere.
    #[must_use]
    pub fn packages(&self, machine: &Machine) -> Packages {
        machine.packages.clone().unwrap_or(match self.network.egress {
            Egress::Nat => Packages::Internet,
            Egress::None => Packages::None,
        })
    }

    /// The person of that login name.
    ///
    /// # Errors
    /// When there is none.
    pub fn person(&self, name: &str) -> Result<&Person, UnknownPerson> {
        self.access.people.iter().find(|person| person.name == name).ok_or_else(|| UnknownPerson {
            name: name.to_owned(),
            known: self.access.people.iter().map(|person| person.name.clone()).collect(),
        })
    }

    /// The machines there shall be.
    pub fn machines(&self) -> impl Iterator<Item = Machine> {
        self.private_machine().cloned().into_iter().chain(self.bastion_machine())
    }

    /// The VPC's tenancy: as asked, else what the profile has (L388 for the document's).
    #[must_use]
    pub fn tenancy(&self) -> Tenancy {
        self.network.tenancy.unwrap_or(match self.profile {
            Profile::Modern => Tenancy::Default,
            Profile::CloudMaven2017 => Tenancy::Dedicated,
        })
    }
}

/// The JSON Schema of a spec, for editors.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Spec).to_value()
}

/// Amazon Linux 2023's image takes 8 GiB; the rest is for software and swap.
const fn root_volume_gib() -> u32 {
    30
}

const fn swap_gib() -> u32 {
    4
}

fn software() -> Vec<Software> {
    vec![Software::Python, Software::R, Software::JupyterLab]
}

fn database_version() -> String {
    "16".to_owned()
}

fn database_class() -> String {
    "db.t4g.medium".to_owned()
}

/// The least that RDS gives of gp3.
const fn database_storage_gib() -> u32 {
    20
}

/// As long as RDS keeps them.
const fn database_backup_days() -> u32 {
    35
}

fn current_schema_version() -> u32 {
    SCHEMA_VERSION
}
