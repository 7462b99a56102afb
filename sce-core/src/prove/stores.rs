//! Stores of PHI, and what it takes to open what is in them.

use super::grounds::Grounds;
use super::rights::{Caller, Question};
use crate::aws::resource::{Bucket, Encryption};
use crate::model::Resource;

/// The stores that hold PHI.
pub(super) fn phi_stores<'a>(grounds: &Grounds<'a>) -> Vec<(&'a Resource, &'a Bucket)> {
    let declared = &grounds.intent.declared.phi_stores;
    grounds.model.buckets().filter(|(thing, _)| declared.contains(thing.label())).collect()
}

/// Stores that are declared and that the model does not show.
pub(super) fn missing(grounds: &Grounds<'_>) -> Vec<String> {
    let declared = grounds.intent.declared.phi_stores.iter();
    let absent = declared.filter(|label| grounds.model.resource(label).is_none());
    absent.map(|label| format!("{label}: it is not in the model")).collect()
}

/// What a caller has to ask of the key to open an object of a bucket; none where S3 opens it for whoever may read.
pub(super) fn opening(grounds: &Grounds<'_>, caller: &Caller, bucket: &Bucket) -> Option<Question> {
    let Encryption::Kms { key, .. } = &bucket.encryption else { return None };
    // A key that nobody shows may open for anybody.
    let key = grounds.model.follow(key)?;
    Some(grounds.rights.ask_key(caller, "kms:Decrypt", key, Some("s3")))
}
