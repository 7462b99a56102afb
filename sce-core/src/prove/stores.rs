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
        None => Some(vec![get]),
        Some(decrypt) => decrypt.is_allowed().then(|| vec![get, decrypt]),
    }
}

/// What a caller has to ask of the key to open an object of a bucket; none where S3 opens it for whoever may read.
pub(super) fn opening(grounds: &Grounds<'_>, caller: &Caller, bucket: &Bucket) -> Option<Question> {
    let Encryption::Kms { key, .. } = &bucket.encryption else { return None };
    // A key that nobody shows may open for anybody.
    let key = grounds.model.follow(key)?;
    Some(grounds.rights.ask_key(caller, "kms:Decrypt", key, Some("s3")))
}
