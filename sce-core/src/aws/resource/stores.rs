//! S3 buckets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::aws::arn::Arn;
use crate::aws::policy::Policy;
use crate::value::Value;

/// An S3 bucket: S3D, S3O, S3L, S3A (L1131-L1135), or the account's registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// How new objects are encrypted unless the writer says otherwise.
    pub encryption: Encryption,
    /// Whether an overwritten or deleted object stays as an older version.
    pub versioning: bool,
    /// Whether access lists are off and every object belongs to the bucket's owner.
    pub ownership_enforced: bool,
    /// Whether all four public-access blocks are on.
    pub public_access_blocked: bool,
    /// Who may do what.
    pub policy: Option<Policy>,
    /// Where requests to it are recorded.
    pub access_log: Option<AccessLog>,
    /// What happens to objects with time, by rule id.
    pub lifecycle: BTreeMap<String, LifecycleRule>,
}

/// Default encryption of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// With S3's own keys (SSE-S3, AES256).
    S3,
    /// With a KMS key (SSE-KMS).
    Kms {
        /// The key.
        key: Value<Arn>,
        /// Whether a bucket key saves calls to KMS.
        bucket_key: bool,
    },
}

/// Server access logging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessLog {
    /// The bucket that gets the records.
    pub bucket: String,
    /// What their keys begin with.
    pub prefix: String,
}

/// A lifecycle rule over a whole bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifecycleRule {
    /// Days after which an unfinished multi-part upload is dropped.
    pub abort_upload_days: Option<i32>,
    /// Days after which an older version is dropped.
    pub expire_older_versions_days: Option<i32>,
    /// Days after which an object is dropped.
    pub expire_days: Option<i32>,
    /// Anything else that the rule does, as AWS describes it; a plan has none.
    pub other: Option<String>,
}
