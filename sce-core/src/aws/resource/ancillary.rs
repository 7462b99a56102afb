//! What goes on around the data (L577-L582): the table of uploaded files, the function that fills it, queues, a topic.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::aws::arn::Arn;
use crate::aws::policy::{Effect, Policy, Principal, Statement, text};
use crate::value::Value;

/// A DynamoDB table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The attribute that says where an entry lies, a text.
    pub partition_key: String,
    /// The attribute that orders entries of one partition, a text.
    pub sort_key: Option<String>,
    /// Whether reads and writes are paid by the request rather than provisioned.
    pub on_demand: bool,
    /// The KMS key it is encrypted with; none means a key that AWS owns.
    pub key: Option<Value<Arn>>,
    /// Whether it can be restored as it was at any second of the last weeks.
    pub point_in_time_recovery: bool,
    /// Whether AWS refuses to delete it.
    pub deletion_protection: bool,
    /// The attribute after whose time DynamoDB drops an entry; a plan has none.
    pub expiry: Option<String>,
}

/// An SQS queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The KMS key that messages are encrypted with; none means SQS's own, or no key at all.
    pub key: Option<Value<Arn>>,
    /// Seconds that a message is kept.
    pub retention_seconds: u32,
    /// Seconds that a message is hidden from others once somebody took it.
    pub visibility_seconds: u32,
    /// Where messages go that nobody can deal with.
    pub redrive: Option<Redrive>,
    /// Who may do what; none leaves it to IAM alone.
    pub policy: Option<Policy>,
}

/// Where a queue's messages go that nobody can deal with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redrive {
    /// The dead-letter queue.
    pub queue: Value<Arn>,
    /// How often a message may be taken before it goes there.
    pub max_receives: u32,
}

/// An SNS topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// The KMS key that messages are encrypted with until they are sent out; none means no encryption.
    pub key: Option<Value<Arn>>,
    /// Who may publish and subscribe.
    pub policy: Option<Policy>,
}

/// A subscription to a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The topic.
    pub topic: Value<Arn>,
    /// How messages go out, such as `email`.
    pub protocol: String,
    /// Where to.
    pub endpoint: String,
    /// Whether whoever is there has confirmed. Only they can, so a plan says nothing of it.
    pub confirmed: Option<bool>,
}

/// A Lambda function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// The role it runs as.
    pub role: Value<Arn>,
    /// What runs it, such as `python3.13`.
    pub runtime: String,
    /// The processor, `x86_64` or `arm64`.
    pub architecture: String,
    /// Where it is entered: module and function.
    pub handler: String,
    /// The SHA-256 of its package, in hexadecimal.
    pub code_sha256: String,
    /// Other packages that it loads; a plan has none.
    pub layers: BTreeSet<String>,
    /// Seconds after which it is stopped.
    pub timeout_seconds: u32,
    /// Its memory, in MiB.
    pub memory_mib: u32,
    /// Its settings.
    pub environment: BTreeMap<String, Value<String>>,
    /// The KMS key that its settings are encrypted with; none means Lambda's own.
    pub key: Option<Value<Arn>>,
    /// The queue that events go to which it failed to deal with.
    pub dead_letters: Option<Value<Arn>>,
    /// The log group it writes to.
    pub log_group: String,
    /// How many may run at once; none for as many as the account allows, zero stops it.
    pub reserved_concurrency: Option<u32>,
    /// Whether Lambda can run it.
    pub active: bool,
}

/// Who may call a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionPermission {
    /// The function, by name.
    pub function: Value<String>,
    /// The service that may call it.
    pub service: String,
    /// On behalf of what.
    pub source: Arn,
    /// Of which account.
    pub source_account: String,
    /// Names of other statements that let somebody in; a plan has none.
    pub others: BTreeSet<String>,
}

impl FunctionPermission {
    /// What the statement of that name says in a function's policy, and the names of the others. A statement of the name that says
    /// something else is read as what it says as far as it can be, so that it differs; none where there is no such statement.
    ///
    /// # Panics
    /// Never: the ARN of every bucket, which stands for no source, is one.
    #[must_use]
    pub fn of_policy(policy: &Policy, sid: &str, function: &str) -> Option<Self> {
        let ours = policy.statement(sid)?;
        let others = policy.statements().iter().filter(|statement| statement.sid.as_deref() != Some(sid));
        let name = |statement: &Statement| statement.sid.clone().unwrap_or_else(|| "(no name)".to_owned());
        let invoke = [text("lambda:InvokeFunction")].into();
        let plain = ours.effect == Effect::Allow && ours.actions == invoke && ours.not_principal.is_none();
        let service = match &ours.principal {
            Some(Principal::Listed(listed)) if plain && listed.len() == 1 => one(listed.get("Service")?.iter()),
            _ => None,
        };
        let condition = |operators: &[&str], key: &str| {
            let held = operators.iter().find_map(|operator| ours.conditions.get(*operator))?;
            one(held.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))?.1.iter())
        };
        let source = condition(&["ArnLike", "ArnEquals"], "aws:SourceArn").and_then(|arn| arn.parse::<Arn>().ok());
        let nobody = || "arn:aws:s3:::*".parse::<Arn>().expect("an ARN of every bucket");
        Some(Self {
            function: Value::Known(function.to_owned()),
            service: service.unwrap_or_default(),
            source: source.unwrap_or_else(nobody),
            source_account: condition(&["StringEquals"], "aws:SourceAccount").unwrap_or_default(),
            others: others.map(name).collect(),
        })
    }
}

fn one<'a>(mut values: impl Iterator<Item = &'a Value<String>>) -> Option<String> {
    let only = values.next()?.known().cloned();
    if values.next().is_some() { None } else { only }
}

/// What a bucket tells a function of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketNotification {
    /// The bucket.
    pub bucket: String,
    /// The function.
    pub function: Value<Arn>,
    /// Which events, such as `s3:ObjectCreated:*`.
    pub events: BTreeSet<String>,
    /// What keys have to be like, by `prefix` and `suffix`; a plan leaves none out.
    pub filter: BTreeMap<String, String>,
    /// Others whom the bucket tells; a plan has none.
    pub others: BTreeSet<String>,
}
