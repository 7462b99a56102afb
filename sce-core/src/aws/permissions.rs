//! What each call that sce sends needs to be allowed: the table behind `sce permissions`.
//!
//! The permissions of a kind belong to what the kind is, so [`Kind::permissions`](crate::aws::resource::Kind::permissions) is an
//! exhaustive match: a kind without them does not compile. What no kind sends (sessions, locks, the registry, data, the last sweep) stands in [`common`]. An API operation and the
//! IAM action that allows it often have the same name, and often not, above all in S3; the action's name is the one in AWS's
//! Service Authorization Reference.

mod collection;
mod common;
mod kinds;

use serde::Serialize;

pub use collection::{Read, collection};
pub use common::common;
pub(crate) use common::{is_for_account, is_for_bypass};

/// What somebody is about when he calls sce: documents are handed out by duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Duty {
    /// `lock`, `verify`, `status`, `check --live`; everything else needs it too.
    Read,
    /// `apply`.
    Build,
    /// `data`, and the archive of `close-out`.
    Data,
    /// `close-out`.
    Teardown,
    /// `account apply`: what all projects of the account share. No project's operators have it.
    Account,
}

/// One action that somebody must be allowed, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Permission {
    /// Who needs it.
    pub duties: &'static [Duty],
    /// What needs it.
    pub need: Need,
    /// The IAM action, such as `s3:PutEncryptionConfiguration`.
    pub action: &'static str,
    /// To what, under which conditions.
    pub on: On,
}

/// Why an action must be allowed. Operations are written `SERVICE:Operation`, the service as endpoints and the SDK's clients name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// A call that every run sends.
    Sent(&'static str),
    /// A call that is sent only where something drifted, failed half-way or is large.
    SentAtNeed(&'static str),
    /// No call shows it: AWS asks for it along with this operation, for this reason.
    Unseen(&'static str, &'static str),
}

impl Need {
    /// The operation behind it.
    #[must_use]
    pub const fn operation(self) -> &'static str {
        match self {
            Self::Sent(operation) | Self::SentAtNeed(operation) | Self::Unseen(operation, _) => operation,
        }
    }
}

/// What an action may be done to: ARNs and conditions, told apart by what the Service Authorization Reference lets them name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// A call of the region that names no thing.
    Region,
    /// A call that names no thing, of a service without regions or whose region is not asked.
    Anything,
    /// A thing of EC2's of this ARN type, tagged with the PIT in the call that makes it.
    Made(&'static str),
    /// Things of EC2's that bear the PIT.
    Ours,
    /// A thing of EC2's of this ARN type that bears no PIT: what AWS made with the VPC.
    Nobodys(&'static str),
    /// A thing of EC2's of this ARN type that is bound by the other things of the same call.
    Along(&'static str),
    /// Tags given by the call that makes a thing of EC2's.
    CreatedBy(&'static str),
    /// Amazon's own machine images.
    AmazonImages,
    /// The PIT's roles, by their names.
    Roles,
    /// The same; where the organisation demands a permissions boundary, only within it.
    RolesWithin,
    /// The same, and only for the PIT's own policies.
    RolesOwnPolicies,
    /// The same, and only where no boundary is demanded.
    RolesUnbound,
    /// The PIT's roles, when this service gets them.
    PassedTo(&'static str),
    /// The PIT's managed policies, by their names.
    Policies,
    /// The PIT's instance profiles, by their names.
    Profiles,
    /// The role that this service makes for itself in the account.
    ServiceLinked(&'static str),
    /// A key, tagged with the PIT in the call that makes it.
    NewKey,
    /// Keys of the region: their metadata and tags, since KMS cannot be searched.
    AnyKey,
    /// The PIT's keys, by their tags.
    Keys,
    /// The PIT's keys, when this service uses them for the caller.
    KeysThrough(&'static str),
    /// The PIT's keys, lent by this service to what it makes.
    KeysLent(&'static str),
    /// The PIT's aliases, by their names.
    Aliases,
    /// The PIT's log groups, by their names.
    LogGroups,
    /// The PIT's documents of Systems Manager, by their names.
    Documents,
    /// The PIT's buckets, by their names.
    Buckets,
    /// The PIT's buckets and the registry.
    BucketsAndRegistry,
    /// What is in the PIT's buckets.
    Objects,
    /// The plan's own objects, by their keys.
    Configuration,
    /// The registry.
    Registry,
    /// What the registry keeps of the PIT.
    RegistryObjects,
    /// The PIT's custodian.
    Custodian,
    /// Hosted zones, for VPCs of the region.
    HostedZones,
    /// A database or what belongs to it, by the PIT's names and tagged with the PIT in the call that makes it.
    NewDatabases,
    /// The PIT's databases and what belongs to them, by their names and tags.
    Databases,
    /// What RDS keeps in Secrets Manager.
    DatabaseSecrets,
    /// The PIT's tables of DynamoDB, by their names.
    Tables,
    /// The PIT's queues, by their names.
    Queues,
    /// The PIT's topics and their subscriptions, by their names.
    Topics,
    /// The PIT's functions, by their names.
    Functions,
    /// The role that this service made for itself, when it gets it.
    ServiceLinkedPassed(&'static str),
    /// The trail that `sce account` makes.
    AccountTrail,
    /// The recorder that `sce account` makes.
    AccountRecorder,
    /// The log group that `sce account` makes.
    AccountLogGroup,
    /// The alarms that `sce account` makes.
    AccountAlarms,
    /// The region's detectors, of which AWS allows one.
    Detectors,
    /// What the registry keeps of the account.
    AccountRecords,
    /// The bucket that an archive goes to, outside the environment: no spec names it, so no document grants it.
    Vault,
    /// What is in that bucket.
    VaultObjects,
    /// The key that encrypts what is in it.
    VaultKey,
}

const fn sent(duties: &'static [Duty], operation: &'static str, action: &'static str, on: On) -> Permission {
    Permission { duties, need: Need::Sent(operation), action, on }
}

const fn at_need(duties: &'static [Duty], operation: &'static str, action: &'static str, on: On) -> Permission {
    Permission { duties, need: Need::SentAtNeed(operation), action, on }
}

const fn unseen(
    duties: &'static [Duty],
    operation: &'static str,
    why: &'static str,
    action: &'static str,
    on: On,
) -> Permission {
    Permission { duties, need: Need::Unseen(operation, why), action, on }
}

/// A call whose action has its own name, which is what most have.
macro_rules! same {
    ($how:ident, $duties:expr, $name:literal, $on:expr) => {
        $how($duties, $name, $name, $on)
    };
}
use same;

const READ: &[Duty] = &[Duty::Read];
const BUILD: &[Duty] = &[Duty::Build];
const DATA: &[Duty] = &[Duty::Data];
const TEARDOWN: &[Duty] = &[Duty::Teardown];
const ACCOUNT: &[Duty] = &[Duty::Account];
const BUILD_AND_TEARDOWN: &[Duty] = &[Duty::Build, Duty::Teardown];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::aws::resource::Kind;

    fn all() -> impl Iterator<Item = &'static Permission> {
        Kind::ALL.iter().flat_map(|kind| kind.permissions()).chain(common())
    }

    /// The Service Authorization Reference's word for each action of the table: access level, and the ARN types that it knows.
    fn reference() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        let lines = include_str!("../../data/iam/actions.csv").lines().skip_while(|line| line.starts_with('#')).skip(1);
        let read = |line: &'static str| {
            let (action, types) = line.split_once(',').unwrap();
            (action, types.split(';').filter(|name| !name.is_empty()).collect())
        };
        lines.map(read).collect()
    }

    #[test]
    fn every_action_is_one_that_aws_knows_and_none_of_the_reference_is_left_over() {
        let (known, used): (BTreeSet<&str>, BTreeSet<&str>) =
            (reference().into_keys().collect(), all().map(|permission| permission.action).collect());
        assert_eq!(used.difference(&known).collect::<Vec<_>>(), [&""; 0], "actions that the reference does not have");
        assert_eq!(known.difference(&used).collect::<Vec<_>>(), [&""; 0], "lines of the reference that nothing needs");
    }

    #[test]
    fn what_an_action_is_limited_to_is_what_aws_can_limit_it_to() {
        let reference = reference();
        let knows = |permission: &Permission, kind: &str| reference[permission.action].contains(kind);
        for permission in all() {
            let sound = match permission.on {
                On::Region | On::Anything => {
                    // Metadata of one thing may be asked with no thing named: a wider grant, of reading only.
                    reference[permission.action].is_empty() || permission.duties == READ
                }
                On::CreatedBy(_) => permission.action == "ec2:CreateTags",
                On::Made(kind) | On::Nobodys(kind) | On::Along(kind) => knows(permission, kind),
                On::AmazonImages => knows(permission, "image"),
                On::Ours => permission.action.starts_with("ec2:") && !reference[permission.action].is_empty(),
                On::Roles
                | On::RolesWithin
                | On::RolesOwnPolicies
                | On::RolesUnbound
                | On::PassedTo(_)
                | On::ServiceLinked(_)
                | On::ServiceLinkedPassed(_)
                | On::Custodian => knows(permission, "role"),
                On::Policies => knows(permission, "policy"),
                On::Profiles => knows(permission, "instance-profile"),
                On::NewKey => permission.action == "kms:CreateKey" || knows(permission, "key"),
                On::AnyKey | On::Keys | On::KeysThrough(_) | On::KeysLent(_) => knows(permission, "key"),
                On::HostedZones => knows(permission, "hostedzone"),
                On::Aliases => knows(permission, "alias"),
                On::NewDatabases | On::Databases => ["db", "pg", "subgrp"].iter().any(|kind| knows(permission, kind)),
                On::DatabaseSecrets => knows(permission, "Secret"),
                On::Tables => knows(permission, "table"),
                On::Queues => knows(permission, "queue"),
                On::Topics => knows(permission, "topic"),
                On::Functions => knows(permission, "function"),
                On::AccountTrail => knows(permission, "trail"),
                On::AccountRecorder => knows(permission, "ConfigurationRecorder"),
                On::AccountAlarms => knows(permission, "alarm"),
                On::Detectors => knows(permission, "detector"),
                On::LogGroups | On::AccountLogGroup => knows(permission, "log-group"),
                On::Documents => knows(permission, "document"),
                On::Buckets | On::BucketsAndRegistry | On::Registry | On::Vault => knows(permission, "bucket"),
                On::VaultObjects => knows(permission, "object"),
                On::VaultKey => knows(permission, "key"),
                On::Objects | On::Configuration | On::RegistryObjects | On::AccountRecords => {
                    knows(permission, "object")
                }
            };
            assert!(sound, "{permission:?}");
        }
    }

    /// Actions that are not called as their operations are: S3's, by its user guide ("Required permissions for Amazon S3 API
    /// operations").
    const OTHERWISE: [(&str, &str); 24] = [
        ("s3:CompleteMultipartUpload", "s3:PutObject"),
        ("s3:CreateMultipartUpload", "s3:PutObject"),
        ("s3:DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"),
        ("s3:DeleteObjects", "s3:DeleteObject"),
        ("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration"),
        ("s3:GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
        ("s3:GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
        ("s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
        ("s3:HeadBucket", "s3:ListBucket"),
        ("s3:HeadObject", "s3:GetObject"),
        ("s3:ListBuckets", "s3:ListAllMyBuckets"),
        ("s3:ListMultipartUploads", "s3:ListBucketMultipartUploads"),
        ("s3:ListObjectVersions", "s3:ListBucketVersions"),
        ("s3:ListObjectsV2", "s3:ListBucket"),
        ("s3:ListParts", "s3:ListMultipartUploadParts"),
        ("s3:PutBucketEncryption", "s3:PutEncryptionConfiguration"),
        ("s3:PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
        ("s3:PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
        ("s3:UploadPart", "s3:PutObject"),
        ("s3:DeleteObjects", "s3:DeleteObjectVersion"),
        ("s3:GetBucketNotificationConfiguration", "s3:GetBucketNotification"),
        ("s3:PutBucketNotificationConfiguration", "s3:PutBucketNotification"),
        ("s3control:GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock"),
        ("s3control:PutPublicAccessBlock", "s3:PutAccountPublicAccessBlock"),
    ];

    #[test]
    fn an_operation_needs_the_action_of_its_name_or_one_that_is_listed() {
        let otherwise: BTreeSet<(&str, &str)> = OTHERWISE.into();
        let mut needed = BTreeSet::new();
        for permission in all() {
            let pair = (permission.need.operation(), permission.action);
            match permission.need {
                Need::Unseen(operation, why) => assert!(!why.is_empty() && !operation.is_empty(), "{permission:?}"),
                _ if pair.0 == pair.1 => {
                    assert!(!OTHERWISE.iter().any(|(operation, _)| *operation == pair.0), "{pair:?}");
                }
                _ => {
                    // A version may be asked for as well as an object.
                    let version = pair.1.strip_suffix("Version").is_some_and(|plain| plain == pair.0);
                    assert!(version || otherwise.contains(&pair), "{pair:?}");
                    needed.insert(pair);
                }
            }
        }
        assert!(otherwise.is_subset(&needed), "{:?}", otherwise.difference(&needed));
    }

    #[test]
    fn nothing_is_granted_by_pattern_or_twice() {
        let mut seen = BTreeSet::new();
        for permission in Kind::ALL
            .iter()
            .flat_map(|kind| kind.permissions().iter().map(|one| (Some(*kind), one)))
            .chain(common().iter().map(|one| (None, one)))
        {
            let (kind, one) = permission;
            assert!(!one.action.contains(['*', '?']) && !one.duties.is_empty(), "{one:?}");
            assert!(seen.insert((kind, one.need.operation(), one.action, one.on, one.duties)), "{one:?}");
        }
    }
}
