//! The stores: the registry, S3D, S3O, S3A and the bucket that their access logs go to.

use std::collections::BTreeMap;

use super::{Design, Handle, node_id, policies};
use crate::account::{AccountId, Region};
use crate::aws::policy::Policy;
use crate::aws::resource::{AccessLog, Bucket, Encryption, GatewayEndpoint, KmsKey, LifecycleRule};
use crate::pit::{self, BucketRole};
use crate::plan::{Node, node};

/// Days after which an unfinished multi-part upload is dropped.
const ABORT_UPLOAD_DAYS: i32 = 7;

impl Design<'_> {
    pub(super) fn registry(&mut self) {
        self.nodes.push(registry(&self.lock.account, &self.spec.region));
    }

    pub(super) fn buckets(&mut self, key: &Handle<KmsKey>, endpoint: &Handle<GatewayEndpoint>) {
        let existing = self.spec.use_existing.log_bucket.clone();
        let shared = existing.is_some();
        let logs = existing.unwrap_or_else(|| self.bucket_name(BucketRole::AccessLogs));
        let target = self.taken_up("bucket-accesslogs").unwrap_or_else(|| self.log_bucket(&logs));
        // A bucket of others takes the logs of others too.
        let prefix = if shared { format!("{}/", self.spec.pit) } else { String::new() };
        for role in [BucketRole::Data, BucketRole::Output, BucketRole::Ancillary] {
            let name = self.bucket_name(role);
            let older = days(self.spec.retention.versions_days);
            let bucket = Bucket {
                encryption: Encryption::Kms { key: key.arn(), bucket_key: true },
                policy: Some(policies::store(&name, self.spec, self.lock, &key.arn(), &endpoint.id_text())),
                access_log: Some(AccessLog { bucket: logs.clone(), prefix: format!("{prefix}{}/", role.as_str()) }),
                lifecycle: BTreeMap::from([
                    (
                        "abort-uploads".to_owned(),
                        LifecycleRule { abort_upload_days: Some(ABORT_UPLOAD_DAYS), ..LifecycleRule::default() },
                    ),
                    (
                        "older-versions".to_owned(),
                        LifecycleRule { expire_older_versions_days: older, ..LifecycleRule::default() },
                    ),
                ]),
                ..private_bucket()
            };
            self.add_named(&format!("bucket-{}", role.as_str()), name, &[&target.node], bucket);
        }
    }

    /// The bucket that access logs go to.
    fn log_bucket(&mut self, name: &str) -> Handle<Bucket> {
        let logging = Bucket {
            encryption: Encryption::S3,
            policy: Some(policies::access_logs(name, self.spec, self.lock)),
            lifecycle: BTreeMap::from([
                (
                    "abort-uploads".to_owned(),
                    LifecycleRule { abort_upload_days: Some(ABORT_UPLOAD_DAYS), ..LifecycleRule::default() },
                ),
                (
                    "expire".to_owned(),
                    LifecycleRule { expire_days: days(self.spec.retention.logs_days), ..LifecycleRule::default() },
                ),
            ]),
            ..private_bucket()
        };
        self.add_named("bucket-accesslogs", name.to_owned(), &[], logging)
    }

    pub(super) fn bucket_name(&self, role: BucketRole) -> String {
        self.spec.pit.bucket(role, &self.lock.account, &self.spec.region)
    }
}

/// The registry: the account's own, and in every plan, since no plan is built without it.
pub(in crate::plan) fn registry(account: &AccountId, region: &Region) -> Node {
    let name = pit::registry_bucket(account, region);
    let lifecycle = LifecycleRule { abort_upload_days: Some(ABORT_UPLOAD_DAYS), ..LifecycleRule::default() };
    let bucket = Bucket {
        policy: Some(policies::registry(&name, region.partition())),
        lifecycle: BTreeMap::from([("abort-uploads".to_owned(), lifecycle)]),
        ..private_bucket()
    };
    node::of_account(node_id("registry"), name, &[], bucket.into())
}

/// The bucket for the account's trail and recorder, which keeps what they write as long as other logs.
pub(in crate::plan) fn account_logs(policy: Policy, logs_days: u32) -> Bucket {
    let rule = LifecycleRule::default;
    let lifecycle = [
        ("abort-uploads", LifecycleRule { abort_upload_days: Some(ABORT_UPLOAD_DAYS), ..rule() }),
        ("expire", LifecycleRule { expire_days: days(logs_days), ..rule() }),
        ("older-versions", LifecycleRule { expire_older_versions_days: days(logs_days), ..rule() }),
    ];
    Bucket {
        policy: Some(policy),
        lifecycle: lifecycle.map(|(id, rule)| (id.to_owned(), rule)).into(),
        ..private_bucket()
    }
}

/// A bucket as all of ours are: nothing public, nothing of somebody else's, nothing overwritten for good.
fn private_bucket() -> Bucket {
    Bucket {
        encryption: Encryption::S3,
        versioning: true,
        ownership_enforced: true,
        public_access_blocked: true,
        policy: None,
        access_log: None,
        lifecycle: BTreeMap::new(),
    }
}

/// Days as S3 takes them; the spec's bounds keep them in range.
fn days(days: u32) -> Option<i32> {
    i32::try_from(days).ok()
}
