//! Reading stores of PHI: what it takes, and who can.

use super::grounds::Grounds;
use super::rights::{Caller, Question, Via};
use crate::aws::resource::{Bucket, Encryption, Properties};
use crate::model::Resource;

/// What shows the content of an object.
const READS: [&str; 2] = ["s3:GetObject", "s3:GetObjectVersion"];

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

/// How a caller can read a store on one way: the requests that together do it, all of them allowed.
pub(super) fn reading(grounds: &Grounds<'_>, caller: &Caller, store: &Resource, via: Via) -> Option<Vec<Question>> {
    let Properties::Bucket(bucket) = &store.properties else { return None };
    let gets = READS.map(|action| grounds.rights.ask_bucket(caller, action, store, via));
    let get = gets.into_iter().find(Question::is_allowed)?;
    match opening(grounds, caller, bucket) {
        Opening::NeedsNoKey => Some(vec![get]),
        Opening::With(decrypt) if decrypt.is_allowed() => Some(vec![get, decrypt]),
        Opening::With(_) => None,
    }
}

/// What it takes to open what S3 hands out.
pub(super) enum Opening {
    /// Nothing: S3's own keys open for whoever may read.
    NeedsNoKey,
    /// The key's leave.
    With(Question),
}

/// What it takes for a caller to open an object of a bucket.
pub(super) fn opening(grounds: &Grounds<'_>, caller: &Caller, bucket: &Bucket) -> Opening {
    let Encryption::Kms { key, .. } = &bucket.encryption else { return Opening::NeedsNoKey };
    match grounds.model.follow(key) {
        Some(key) => Opening::With(grounds.rights.ask_key(caller, "kms:Decrypt", key, Some("s3"))),
        // A key that nobody shows may open for anybody.
        None => Opening::NeedsNoKey,
    }
}
