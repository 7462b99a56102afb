//! The policies that somebody needs who runs sce: for one plan, by duty, as small as they can be said before ids exist.
//!
//! What a call needs is told by the table in [`crate::aws::permissions`]; here its rows become statements about one PIT in one region of
//! one account: by name where AWS limits by name, by the `sce:pit` tag where it limits by tag, by nothing only where it knows
//! neither.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::account::{AccountId, Partition, Region};
use crate::aws::arn::Arn;
use crate::aws::permissions::{Duty, On, Permission, collection, common, is_for_account, is_for_bypass};
use crate::aws::policy::{Policy, Statement, Text, text};
use crate::aws::resource::{Kind, Properties};
use crate::pit::{self, ACCOUNT_SCOPE, BucketRole, Pit, TAG_PIT, TAG_SCOPE};
use crate::plan::Plan;
use crate::plan::account::{self, NAMES, Present, RECORDER, Settings, TRAIL};

/// The version of the JSON that `sce permissions --json` writes.
pub const SCHEMA_VERSION: u32 = 1;

/// The most characters that a managed policy may have, white space not counted (IAM guide, "IAM and AWS STS quotas").
pub const MOST_CHARACTERS: usize = 6_144;

/// One policy, small enough to be a managed policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Document {
    /// What it may be called: not by the PIT first, or closing out would take it for a thing of the PIT's.
    pub name: String,
    /// Who needs it.
    pub duty: Duty,
    /// How many characters it has, white space not counted.
    pub characters: usize,
    /// What it allows.
    pub policy: Policy,
}

/// What running sce for one plan takes, or seeing to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Permissions {
    /// The version of this format.
    pub schema_version: u32,
    /// The project; none for what the whole account shares.
    pub pit: Option<Pit>,
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The policies, duty by duty.
    pub documents: Vec<Document>,
}

/// One line of the table, for readers: whose permission it is, and what it says.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Line {
    /// The kind; none for what every environment needs.
    pub kind: Option<Kind>,
    /// The permission.
    #[serde(flatten)]
    pub permission: &'static Permission,
}

/// What is granted only where somebody asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Whether close-out may delete objects that are locked in governance mode before their time
    /// (`sce close-out --dangerously-bypass-governance`): whoever may can undo any such lock in the environment's buckets.
    pub bypass_governance: bool,
}

/// The policies for a plan: what its kinds need, and what every environment needs.
#[must_use]
pub fn permissions(plan: &Plan, extras: Extras) -> Permissions {
    let place = Place::of(plan);
    let kinds: BTreeSet<Kind> = plan.nodes.iter().map(|node| node.properties.kind()).collect();
    let needed = kinds.iter().flat_map(|kind| kind.permissions()).chain(common());
    let needed: Vec<&Permission> = needed.filter(|one| extras.bypass_governance || !is_for_bypass(one)).collect();
    let duties = [Duty::Read, Duty::Build, Duty::Data, Duty::Teardown].map(|duty| (duty, vec![duty]));
    place.permissions(Some(plan.pit.clone()), &duties, &needed)
}

/// The policies for `sce account status` (read) and `sce account apply` (account): as if the account had nothing of it yet, so that
/// whatever these settings may ask for is allowed.
///
/// What all projects share is made as anything else is, so that the account's duty takes what building its kinds takes. Nothing of it is
/// ever torn down.
#[must_use]
pub fn of_account(settings: &Settings, at: &account::Place) -> Permissions {
    let plan = account::account(settings, at, &Present::default());
    let place = Place { whole_account: true, ..Place::of(&plan) };
    let kinds: BTreeSet<Kind> = plan.nodes.iter().map(|node| node.properties.kind()).collect();
    let shared = common().iter().filter(|permission| is_for_account(permission));
    let needed: Vec<&Permission> = kinds.iter().flat_map(|kind| kind.permissions()).chain(shared).collect();
    let duties = [(Duty::Read, vec![Duty::Read]), (Duty::Account, vec![Duty::Account, Duty::Build])];
    place.permissions(None, &duties, &needed)
}

/// The policy for `sce collect`, of whatever there is in an account: it reads, and nothing else. No resource is named, since what there is
/// is what it is to find out.
#[must_use]
pub fn of_collection() -> Policy {
    let mut services: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, action) in collection() {
        services.entry(action.split(':').next().unwrap_or_default()).or_default().insert(action);
    }
    let statement = |(service, actions): (&str, BTreeSet<&str>)| {
        Statement::allow(&format!("Collect{}", capital(service))).actions(actions).resources([text("*")])
    };
    Policy::new(services.into_iter().map(statement).collect())
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// The whole table: every kind's permissions, then what every environment needs.
#[must_use]
pub fn table() -> Vec<Line> {
    let of_kinds = Kind::ALL.iter().flat_map(|kind| kind.permissions().iter().map(|one| (Some(*kind), one)));
    let all = of_kinds.chain(common().iter().map(|one| (None, one)));
    all.map(|(kind, permission)| Line { kind, permission }).collect()
}

impl Permissions {
    /// For people: each policy under its name, its duty and its size.
    #[must_use]
    pub fn to_text(&self) -> String {
        let document = |document: &Document| {
            let policy = serde_json::to_string_pretty(&document.policy).unwrap_or_default();
            let (name, duty, characters) = (&document.name, document.duty, document.characters);
            format!("# {name}: {duty}, {characters} of {MOST_CHARACTERS} characters\n{policy}\n")
        };
        self.documents.iter().map(document).collect::<Vec<_>>().join("\n")
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl std::fmt::Display for Duty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Read => "read",
            Self::Build => "build",
            Self::Data => "data",
            Self::Teardown => "teardown",
            Self::Account => "account",
        })
    }
}

/// Whose things are meant, and where they are.
struct Place<'a> {
    plan: &'a Plan,
    partition: Partition,
    boundary: Option<&'a Arn>,
    /// Whether the things are those that all projects share.
    whole_account: bool,
}

impl<'a> Place<'a> {
    /// The documents of each duty, each for what the table has under any of its words.
    fn permissions(&self, pit: Option<Pit>, duties: &[(Duty, Vec<Duty>)], needed: &[&Permission]) -> Permissions {
        let documents = duties.iter().flat_map(|(duty, words)| {
            let held = |permission: &&Permission| permission.duties.iter().any(|one| words.contains(one));
            self.documents(*duty, packed(self.statements(needed.iter().copied().filter(held))))
        });
        Permissions {
            schema_version: SCHEMA_VERSION,
            pit,
            account: self.plan.account.clone(),
            region: self.plan.region.clone(),
            documents: documents.collect(),
        }
    }

    fn of(plan: &'a Plan) -> Self {
        let boundary = plan.nodes.iter().find_map(|node| match &node.properties {
            Properties::Role(role) => role.permissions_boundary.as_ref(),
            _ => None,
        });
        Self { plan, partition: plan.region.partition(), boundary, whole_account: false }
    }

    /// One statement for all actions that are limited alike.
    fn statements<'p>(&self, needed: impl Iterator<Item = &'p Permission>) -> Vec<Statement> {
        let (mut actions, mut creating) = (BTreeMap::<On, BTreeSet<&str>>::new(), BTreeSet::new());
        for permission in needed {
            match permission.on {
                On::CreatedBy(operation) => drop(creating.insert(operation)),
                on => drop(actions.entry(on).or_default().insert(permission.action)),
            }
        }
        let statement = |(on, actions): (On, BTreeSet<&str>)| Some(self.limited(on)?.actions(actions));
        let mut statements: Vec<Statement> = actions.into_iter().filter_map(statement).collect();
        if !creating.is_empty() {
            let statement = Statement::allow("TagsAtBirth").actions(["ec2:CreateTags"]).resources([self.ec2("*")]);
            let statement = statement.when("StringEquals", "ec2:CreateAction", creating.into_iter().map(text));
            statements.push(self.tagged("RequestTag", statement));
        }
        statements
    }

    /// A statement without actions yet; none when nothing of the sort may be allowed here.
    fn limited(&self, on: On) -> Option<Statement> {
        let (partition, region, account) = (self.partition, &self.plan.region, &self.plan.account);
        let here = |service: &str, rest: &str| text(format!("arn:{partition}:{service}:{region}:{account}:{rest}"));
        let prefix = self.name_prefix();
        let named = |what: &str| text(format!("arn:{partition}:iam::{account}:{what}/{prefix}*"));
        let amazonaws = |service: &str| text(format!("{service}.amazonaws.com"));
        let through = |service: &str| text(format!("{service}.{region}.amazonaws.com"));
        let allow = |sid: &str, resources: Vec<Text>| Statement::allow(sid).resources(resources);
        let own_keys = |sid: &str| self.tagged("ResourceTag", allow(sid, vec![here("kms", "key/*")]));
        Some(match on {
            On::Region => {
                allow("Look", vec![text("*")]).when("StringEquals", "aws:RequestedRegion", [text(region.as_str())])
            }
            On::Anything => allow("LookAnywhere", vec![text("*")]),
            On::Made(kind) => self.tagged("RequestTag", allow(&sid("Make", kind), vec![self.ec2(kind)])),
            On::Ours => self.tagged("ResourceTag", allow("ChangeOwn", vec![self.ec2("*")])),
            On::Nobodys(kind) => allow(&sid("TakeUp", kind), vec![self.ec2(kind)]).when(
                "Null",
                &format!("aws:ResourceTag/{TAG_PIT}"),
                [text("true")],
            ),
            On::Along(kind) => allow(&sid("Along", kind), vec![self.ec2(kind)]),
            On::AmazonImages => {
                let images = text(format!("arn:{partition}:ec2:{region}::image/*"));
                allow("AmazonImages", vec![images]).when("StringEquals", "ec2:Owner", [text("amazon")])
            }
            On::Roles => allow("OwnRoles", vec![named("role")]),
            On::RolesWithin => self.within(allow("OwnRolesWithin", vec![named("role")])),
            On::RolesOwnPolicies => {
                let statement = self.within(allow("OwnPoliciesToRoles", vec![named("role")]));
                statement.when("ArnLike", "iam:PolicyARN", [named("policy")])
            }
            On::RolesUnbound if self.boundary.is_some() => return None,
            On::RolesUnbound => allow("OwnRolesUnbound", vec![named("role")]),
            On::PassedTo(service) => allow(&sid("PassTo", service), vec![named("role")]).when(
                "StringEquals",
                "iam:PassedToService",
                [amazonaws(service)],
            ),
            On::Policies => allow("OwnPolicies", vec![named("policy")]),
            On::Profiles => allow("OwnProfiles", vec![named("instance-profile")]),
            On::ServiceLinked(service) => {
                let role = format!("arn:{partition}:iam::{account}:role/aws-service-role/{service}.amazonaws.com/*");
                let statement = allow(&sid("RoleOf", service), vec![text(role)]);
                statement.when("StringEquals", "iam:AWSServiceName", [amazonaws(service)])
            }
            // KMS checks the making of a key before the key has an ARN.
            On::NewKey => self.tagged("RequestTag", allow("MakeKey", vec![text("*")])).when(
                "StringEquals",
                "aws:RequestedRegion",
                [text(region.as_str())],
            ),
            On::AnyKey => allow("FindKey", vec![here("kms", "key/*")]),
            On::Keys => own_keys("OwnKeys"),
            On::KeysThrough(service) => {
                own_keys(&sid("KeyThrough", service)).when("StringEquals", "kms:ViaService", [through(service)])
            }
            On::KeysLent(service) => {
                let statement = own_keys(&sid("LendKeyThrough", service));
                let statement = statement.when("Bool", "kms:GrantIsForAWSResource", [text("true")]);
                statement.when("StringEquals", "kms:ViaService", [through(service)])
            }
            On::Aliases => allow("OwnAliases", vec![here("kms", &format!("alias/{prefix}*"))]),
            On::LogGroups => {
                let groups = self.log_groups().into_iter();
                allow("OwnLogGroups", groups.map(|group| here("logs", &format!("log-group:{group}*"))).collect())
            }
            On::Documents => allow("OwnDocuments", vec![here("ssm", &format!("document/{prefix}*"))]),
            On::Buckets => allow("OwnBuckets", self.buckets("")),
            On::BucketsAndRegistry => {
                allow("OwnBucketsAndRegistry", self.buckets("").into_iter().chain([self.registry("")]).collect())
            }
            On::Objects => allow("OwnObjects", self.buckets("/*")),
            On::Configuration => allow("OwnConfiguration", self.configuration()?),
            On::Registry => allow("Registry", vec![self.registry("")]),
            On::RegistryObjects => allow("OwnRecords", vec![self.registry(&format!("/{}/*", self.plan.pit))]),
            On::Custodian => {
                allow("BeCustodian", vec![text(format!("arn:{partition}:iam::{account}:role/{prefix}custodian_role"))])
            }
            On::HostedZones => {
                let zones = text(format!("arn:{partition}:route53:::hostedzone/*"));
                let ours = text(format!("VPCId=*,VPCRegion={region}"));
                allow("ZonesOfEndpoints", vec![zones]).when("ForAllValues:StringLike", "route53:VPCs", [ours])
            }
            On::NewDatabases => self.tagged("RequestTag", allow("MakeDatabases", self.databases(&["og:default"]))),
            On::Databases => self.tagged("ResourceTag", allow("OwnDatabases", self.databases(&[]))),
            On::DatabaseSecrets => allow("PasswordsOfDatabases", vec![here("secretsmanager", "secret:rds!db-*")]),
            On::Tables => allow("OwnTables", vec![here("dynamodb", &format!("table/{prefix}*"))]),
            On::Queues => allow("OwnQueues", vec![here("sqs", &format!("{prefix}*"))]),
            On::Topics => allow("OwnTopics", vec![here("sns", &format!("{prefix}*"))]),
            On::Functions => allow("OwnFunctions", vec![here("lambda", &format!("function:{prefix}*"))]),
            On::ServiceLinkedPassed(service) => {
                let role = format!("arn:{partition}:iam::{account}:role/aws-service-role/{service}.amazonaws.com/*");
                let statement = allow(&sid("PassOwnRoleTo", service), vec![text(role)]);
                statement.when("StringEquals", "iam:PassedToService", [amazonaws(service)])
            }
            On::AccountTrail => allow("AccountTrail", vec![here("cloudtrail", &format!("trail/{TRAIL}"))]),
            On::AccountRecorder => {
                allow("AccountRecorder", vec![here("config", &format!("configuration-recorder/{RECORDER}/*"))])
            }
            On::AccountLogGroup => allow("AccountLogGroup", vec![here("logs", &format!("log-group:{TRAIL}*"))]),
            On::AccountAlarms => allow("AccountAlarms", vec![here("cloudwatch", &format!("alarm:{NAMES}*"))]),
            On::Detectors => allow("Detectors", vec![here("guardduty", "detector/*")]),
            On::AccountRecords => allow("AccountRecords", vec![self.registry("/account/*")]),
            // These are gathered into one statement, since they differ in a condition's value only.
            On::CreatedBy(_) => return None,
            // What is outside the environment is granted where it is: no spec knows its name.
            On::Vault | On::VaultObjects | On::VaultKey => return None,
        })
    }

    /// What the names of the things begin with.
    fn name_prefix(&self) -> String {
        if self.whole_account { NAMES.to_owned() } else { self.plan.pit.name_prefix() }
    }

    fn ec2(&self, kind: &str) -> Text {
        let kind = if kind == "*" { "*".to_owned() } else { format!("{kind}/*") };
        text(format!("arn:{}:ec2:{}:{}:{kind}", self.partition, self.plan.region, self.plan.account))
    }

    fn tagged(&self, which: &str, statement: Statement) -> Statement {
        let (key, value) = match self.whole_account {
            true => (TAG_SCOPE, ACCOUNT_SCOPE),
            false => (TAG_PIT, self.plan.pit.as_str()),
        };
        statement.when("StringEquals", &format!("aws:{which}/{key}"), [text(value)])
    }

    fn within(&self, statement: Statement) -> Statement {
        match self.boundary {
            Some(boundary) => statement.when("ArnEquals", "iam:PermissionsBoundary", [text(boundary.as_str())]),
            None => statement,
        }
    }

    /// What the names of the plan's log groups begin with: ours, and those that AWS gives the groups of functions and databases.
    fn log_groups(&self) -> Vec<String> {
        let has = |kind: Kind| self.plan.nodes.iter().any(|node| node.properties.kind() == kind);
        let (pit, prefix) = (&self.plan.pit, self.name_prefix());
        let of_functions = has(Kind::Function).then(|| format!("/aws/lambda/{prefix}"));
        let of_databases = has(Kind::DatabaseInstance).then(|| format!("/aws/rds/instance/{pit}-"));
        [Some(prefix), of_functions, of_databases].into_iter().flatten().collect()
    }

    /// Databases and their groups, by names that begin with the PIT, and others that come along.
    fn databases(&self, others: &[&str]) -> Vec<Text> {
        let own = ["db", "pg", "subgrp"].map(|what| format!("{what}:{}-", self.plan.pit));
        let (partition, region, account) = (self.partition, &self.plan.region, &self.plan.account);
        let all = own.into_iter().chain(others.iter().map(|&other| other.to_owned()));
        all.map(|name| text(format!("arn:{partition}:rds:{region}:{account}:{name}*"))).collect()
    }

    fn buckets(&self, suffix: &str) -> Vec<Text> {
        let (account, region) = (&self.plan.account, &self.plan.region);
        let names: Vec<String> = match self.whole_account {
            true => vec![pit::account_log_bucket(account, region)],
            false => BucketRole::ALL.map(|role| self.plan.pit.bucket(role, account, region)).into(),
        };
        names.into_iter().map(|name| text(format!("arn:{}:s3:::{name}{suffix}", self.partition))).collect()
    }

    /// The objects of the plan; none when it has none.
    fn configuration(&self) -> Option<Vec<Text>> {
        let object = |properties: &Properties| match properties {
            Properties::BucketObject(object) => Some((object.bucket.known()?.clone(), object.key.clone())),
            _ => None,
        };
        let objects = self.plan.nodes.iter().filter_map(|node| object(&node.properties));
        let arns: Vec<Text> =
            objects.map(|(bucket, key)| text(format!("arn:{}:s3:::{bucket}/{key}", self.partition))).collect();
        (!arns.is_empty()).then_some(arns)
    }

    fn registry(&self, suffix: &str) -> Text {
        let name = pit::registry_bucket(&self.plan.account, &self.plan.region);
        text(format!("arn:{}:s3:::{name}{suffix}", self.partition))
    }

    fn documents(&self, duty: Duty, policies: Vec<Policy>) -> Vec<Document> {
        let several = policies.len() > 1;
        let name = |index: usize| {
            let number = if several { format!("-{}", index + 1) } else { String::new() };
            match self.whole_account {
                true => format!("sce-{ACCOUNT_SCOPE}-{duty}{number}"),
                false => format!("sce-operator-{}-{duty}{number}", self.plan.pit),
            }
        };
        let document = |(index, policy): (usize, Policy)| Document {
            name: name(index),
            duty,
            characters: characters(&policy),
            policy,
        };
        policies.into_iter().enumerate().map(document).collect()
    }
}

/// A statement's name: letters only, as IAM wants it.
fn sid(verb: &str, what: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    format!("{verb}{}", what.split('-').map(capital).collect::<String>())
}

/// The statements in as few policies as take them in their order.
fn packed(statements: Vec<Statement>) -> Vec<Policy> {
    let mut policies: Vec<Vec<Statement>> = Vec::new();
    for statement in statements {
        let fits = policies.last().is_some_and(|last| {
            let more = last.iter().cloned().chain([statement.clone()]);
            characters(&Policy::new(more.collect())) <= MOST_CHARACTERS
        });
        match policies.last_mut() {
            Some(last) if fits => last.push(statement),
            _ => policies.push(vec![statement]),
        }
    }
    policies.into_iter().map(Policy::new).collect()
}

/// The JSON has white space nowhere but in names, of which none has any.
fn characters(policy: &Policy) -> usize {
    policy.to_json().chars().filter(|character| !character.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Lock;
    use crate::plan::plan;
    use crate::spec::{Format, parse};

    fn of(rest: &str) -> Permissions {
        let spec = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n{rest}");
        let spec = parse(&spec, Format::Toml).unwrap();
        permissions(&plan(&spec, &Lock::offline(&spec)).unwrap(), Extras::default())
    }

    #[test]
    fn a_lock_is_broken_only_by_whoever_asks_for_that() {
        const BYPASS: &str = "s3:BypassGovernanceRetention";
        assert!(statements(&of(MACHINE), BYPASS).is_empty());
        let spec = parse("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n", Format::Toml).unwrap();
        let plan = plan(&spec, &Lock::offline(&spec)).unwrap();
        let asked = permissions(&plan, Extras { bypass_governance: true });
        let granted: Vec<Duty> = asked
            .documents
            .iter()
            .filter(|document| document.policy.to_json().contains(BYPASS))
            .map(|document| document.duty)
            .collect();
        assert_eq!(granted, [Duty::Teardown]);
        let resources = format!("{:?}", statements(&asked, BYPASS)[0].resources);
        assert!(resources.contains("hipaa-data-") && !resources.contains("registry"), "{resources}");
    }

    fn statements<'a>(of: &'a Permissions, action: &str) -> Vec<&'a Statement> {
        let all = of.documents.iter().flat_map(|document| document.policy.statements());
        all.filter(|statement| statement.actions.contains(&text(action))).collect()
    }

    const MACHINE: &str = "[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n";

    #[test]
    fn the_policies_stay_as_reviewed() {
        insta::assert_snapshot!("permissions_hipaa", of(MACHINE).to_text());
    }

    fn for_account(guardduty: bool) -> Permissions {
        let at = account::Place {
            account: "111122223333".parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
            administrators: Vec::new(),
        };
        let account = crate::spec::Account { guardduty, ..crate::spec::Account::default() };
        of_account(&Settings { account, logs_days: 2192 }, &at)
    }

    #[test]
    fn the_policies_for_the_account_stay_as_reviewed() {
        insta::assert_snapshot!("permissions_account", for_account(true).to_text());
    }

    #[test]
    fn the_accounts_policies_reach_what_the_account_shares_and_no_project() {
        let text = for_account(true).to_json();
        assert!(!text.contains(TAG_PIT) && text.contains("aws:ResourceTag/sce:scope"), "{text}");
        for action in ["ec2:CreateVpc", "kms:ScheduleKeyDeletion", "s3:DeleteBucket", "iam:DeleteRole"] {
            assert!(!text.contains(&format!("\"{action}\"")), "{action}: nothing of the account's is torn down");
        }
        assert!(!for_account(false).to_json().contains("guardduty:CreateDetector"));
        let names: BTreeSet<String> = for_account(true).documents.into_iter().map(|document| document.name).collect();
        assert!(names.iter().any(|name| name.starts_with("sce-account-read")), "{names:?}");
        assert!(names.iter().any(|name| name.starts_with("sce-account-account")), "{names:?}");
    }

    #[test]
    fn each_policy_fits_a_managed_policy_and_names_each_statement_once() {
        for rest in ["", MACHINE, "[network]\negress = \"none\"\n[compute.private]\ntype = \"m7i.large\"\n"] {
            assert!(of(rest).documents.len() <= 10, "a role takes ten managed policies");
        }
        for permissions in ["", MACHINE, "[network]\negress = \"none\"\n[compute.private]\ntype = \"m7i.large\"\n"]
            .map(of)
            .into_iter()
            .chain([for_account(true)])
        {
            for document in &permissions.documents {
                assert!(document.characters <= MOST_CHARACTERS, "{}", document.name);
                let sids: BTreeSet<_> = document.policy.statements().iter().map(|one| one.sid.clone()).collect();
                assert_eq!(sids.len(), document.policy.statements().len(), "{}", document.name);
                let letters = |sid: &str| sid.chars().all(|letter| letter.is_ascii_alphanumeric());
                assert!(sids.iter().flatten().all(|sid| letters(sid)), "{sids:?}");
            }
        }
    }

    #[test]
    fn nothing_but_looking_is_allowed_without_a_limit() {
        let permissions = of(MACHINE);
        for statement in permissions.documents.iter().flat_map(|document| document.policy.statements()) {
            let everything = statement.resources.contains(&text("*")) && statement.conditions.is_empty();
            let looks = |action: &Text| {
                let name = action.known().and_then(|action| action.split(':').nth(1)).unwrap_or_default();
                ["List", "Get"].iter().any(|verb| name.starts_with(verb))
            };
            assert!(!everything || statement.actions.iter().all(looks), "{statement:?}");
        }
    }

    #[test]
    fn only_what_the_plan_has_is_allowed() {
        assert_eq!(statements(&of(""), "ec2:RunInstances").len(), 0);
        assert_eq!(statements(&of(MACHINE), "ec2:RunInstances").len(), 5);
    }

    #[test]
    fn a_boundary_that_is_demanded_cannot_be_left_off() {
        let bound = of("[account]\npermissions_boundary = \"arn:aws:iam::111122223333:policy/Boundary\"\n");
        for action in ["iam:CreateRole", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"] {
            let statements = statements(&bound, action);
            let within =
                |statement: &&Statement| statement.conditions["ArnEquals"].contains_key("iam:PermissionsBoundary");
            assert!(!statements.is_empty() && statements.iter().all(within), "{action}");
        }
        assert_eq!(statements(&bound, "iam:DeleteRolePermissionsBoundary").len(), 0);
        assert_eq!(statements(&of(""), "iam:DeleteRolePermissionsBoundary").len(), 1);
    }

    #[test]
    fn a_services_own_role_is_made_for_that_service_only() {
        let spec = parse("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n", Format::Toml).unwrap();
        let plan = plan(&spec, &Lock::offline(&spec)).unwrap();
        let statement = Place::of(&plan).limited(On::ServiceLinked("rds")).unwrap();
        assert_eq!(statement.sid.as_deref(), Some("RoleOfRds"));
        assert!(statement.conditions["StringEquals"]["iam:AWSServiceName"].contains(&text("rds.amazonaws.com")));
    }

    #[test]
    fn every_need_of_the_plans_kinds_is_met_in_its_dutys_documents() {
        let permissions = of(MACHINE);
        let kinds = [Kind::Vpc, Kind::Instance, Kind::Bucket, Kind::KmsKey, Kind::Role];
        // The bucket that an archive goes to is somebody else's, and its owner lets people in (docs/close-out.md).
        let of_plan =
            |one: &&Permission| !matches!(one.on, On::Vault | On::VaultObjects | On::VaultKey) && !is_for_bypass(one);
        for permission in kinds.iter().flat_map(|kind| kind.permissions()).chain(common()).filter(of_plan) {
            // What only the account's duty needs is in no document of a project's.
            for duty in permission.duties.iter().filter(|duty| **duty != Duty::Account) {
                let documents = permissions.documents.iter().filter(|document| document.duty == *duty);
                let mut all = documents.flat_map(|document| document.policy.statements());
                assert!(all.any(|one| one.actions.contains(&text(permission.action))), "{permission:?}");
            }
        }
    }
}
