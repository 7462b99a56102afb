//! Databases that RDS runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::account::Zone;
use crate::aws::arn::{Arn, SecurityGroupId, SubnetId};
use crate::value::Value;

/// The subnets that databases may lie in; RDS wants two zones, also for a database that lies in one (RDS user guide, "Working with a
/// DB instance in a VPC").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSubnetGroup {
    /// What it is for.
    pub description: String,
    /// The subnets.
    pub subnets: BTreeSet<Value<SubnetId>>,
}

/// Settings of a database engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseParameterGroup {
    /// The engine and its major version, such as `postgres16`; AWS never lets it be changed.
    pub family: String,
    /// The settings that are not the engine's defaults.
    pub parameters: BTreeMap<String, String>,
}

/// A database instance (L30-L31, L146).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseInstance {
    /// The engine, such as `postgres`.
    pub engine: String,
    /// Its major version; AWS chooses the newest minor one and keeps it patched.
    pub major_version: String,
    /// The instance class, such as `db.t4g.medium`.
    pub class: String,
    /// Storage in GiB.
    pub storage_gib: u32,
    /// The storage's type as AWS writes it, such as `gp3`.
    pub storage_type: String,
    /// Whether storage, backups and logs on it are encrypted.
    pub encrypted: bool,
    /// The key they are encrypted with.
    pub key: Option<Value<Arn>>,
    /// The name of the subnet group.
    pub subnet_group: Value<String>,
    /// The zone it lies in.
    pub zone: Zone,
    /// The security groups around it.
    pub groups: BTreeSet<Value<SecurityGroupId>>,
    /// The name of the parameter group.
    pub parameter_group: Value<String>,
    /// Whether its name resolves to a public address.
    pub public: bool,
    /// Whether people and machines log in with IAM's short-lived tokens.
    pub iam_authentication: bool,
    /// Whether AWS makes, keeps and changes the master password, in Secrets Manager; nobody here ever sees it.
    pub master_password_managed: bool,
    /// Days that automatic backups are kept; 0 means none.
    pub backup_days: u32,
    /// Whether AWS refuses to delete it until this is switched off.
    pub deletion_protection: bool,
    /// Whether minor versions are installed by themselves.
    pub minor_upgrades: bool,
    /// The logs that go to CloudWatch.
    pub exported_logs: BTreeSet<String>,
}
