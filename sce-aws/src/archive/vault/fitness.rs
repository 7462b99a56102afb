//! Whether a bucket and a key are fit to hold an archive: found out before anything is archived, let alone deleted.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_kms::types::KeyManagerType;
use aws_sdk_s3::types::{ObjectLockEnabled, ServerSideEncryption};
use sce_core::account::{AccountId, Region};
use sce_core::pit::{Pit, TAG_PIT};

use super::Vault;
use crate::archive::ArchiveError;
use crate::error::{CloudError, Trouble, cloud};
use crate::session::Session;

/// What belongs to the environment, or is otherwise no place for its archive.
#[derive(Clone, Debug)]
pub(crate) struct Outside {
    /// The environment.
    pub(crate) pit: Pit,
    /// Its buckets, and the registry.
    pub(crate) buckets: BTreeSet<String>,
    /// ARNs of its keys.
    pub(crate) keys: BTreeSet<String>,
}

/// Why a bucket or a key is not fit for an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is not there.
    NotThere,
    /// The bucket goes with the environment, or is the registry.
    OfThePit,
    /// It is another account's, or may not be looked at.
    OtherAccount,
    /// It is in another region.
    OtherRegion(String),
    /// It has no Object Lock.
    NotLocked,
    /// It encrypts nothing by default.
    NotEncrypted,
    /// It may be made public: not all of its four blocks of public access are on.
    Public,
    /// The key goes with the environment.
    KeyOfThePit,
    /// The key is AWS's own, which no policy of anybody's governs.
    KeyOfAws,
    /// The key is another account's than was said.
    KeyOfOtherAccount,
    /// The key cannot be used: its state, in AWS's word.
    KeyUnusable(String),
    /// There will be no such day.
    Retention,
}

/// What was read of a bucket and a key.
#[derive(Clone, Debug)]
struct Facts {
    in_pit: bool,
    region: Option<String>,
    locked: bool,
    encrypted: bool,
    public_access_blocked: bool,
    key_in_pit: bool,
    key_of_aws: bool,
    key_account: Option<String>,
    key_state: String,
}

/// Looks at bucket and key, and refuses what does not fit: all of it at once.
pub(super) async fn check(session: &Session, vault: &Vault, outside: &Outside) -> Result<(), ArchiveError> {
    let unfit = |problems| ArchiveError::Unfit { vault: vault.place.to_string(), problems };
    let in_pit = outside.buckets.contains(&vault.place.bucket);
    if in_pit {
        return Err(unfit(vec![Unfit::OfThePit]));
    }
    let owner = vault.account.as_ref().unwrap_or(session.account());
    let bucket = vault.place.bucket.as_str();
    let head = session.s3.head_bucket().bucket(bucket).expected_bucket_owner(owner.as_str()).send().await;
    let head = match head.map_err(cloud("HeadBucket", bucket)) {
        Ok(head) => head,
        Err(error) if error.trouble == Trouble::NotFound => return Err(unfit(vec![Unfit::NotThere])),
        Err(error) if error.trouble == Trouble::Denied => return Err(unfit(vec![Unfit::OtherAccount])),
        Err(error) => return Err(error.into()),
    };
    let (key_state, key_of_aws, key_account, key_in_pit) = key(session, vault, outside).await?;
    let facts = Facts {
        in_pit: in_pit || is_tagged(session, bucket, &outside.pit).await?,
        region: head.bucket_region().map(str::to_owned),
        locked: is_locked(session, bucket).await?,
        encrypted: is_encrypted(session, bucket).await?,
        public_access_blocked: is_closed(session, bucket).await?,
        key_in_pit,
        key_of_aws,
        key_account,
        key_state,
    };
    let mut problems = judge(&facts, owner, session.region());
    if vault.retention.until(session.world.now()).is_none() {
        problems.push(Unfit::Retention);
    }
    if problems.is_empty() { Ok(()) } else { Err(unfit(problems)) }
}

/// All that does not fit.
fn judge(facts: &Facts, owner: &AccountId, region: &Region) -> Vec<Unfit> {
    let elsewhere = facts.region.as_ref().filter(|found| *found != region.as_str());
    let other_key = facts.key_account.as_deref().is_some_and(|account| account != owner.as_str());
    let checks = [
        facts.in_pit.then_some(Unfit::OfThePit),
        elsewhere.map(|found| Unfit::OtherRegion(found.clone())),
        (!facts.locked).then_some(Unfit::NotLocked),
        (!facts.encrypted).then_some(Unfit::NotEncrypted),
        (!facts.public_access_blocked).then_some(Unfit::Public),
        facts.key_in_pit.then_some(Unfit::KeyOfThePit),
        facts.key_of_aws.then_some(Unfit::KeyOfAws),
        other_key.then_some(Unfit::KeyOfOtherAccount),
        (facts.key_state != "Enabled").then(|| Unfit::KeyUnusable(facts.key_state.clone())),
    ];
    checks.into_iter().flatten().collect()
}

/// State, whether AWS's, whose, and whether the environment's.
async fn key(
    session: &Session,
    vault: &Vault,
    outside: &Outside,
) -> Result<(String, bool, Option<String>, bool), CloudError> {
    let arn = vault.kms_key.as_str();
    let answer = session.kms.describe_key().key_id(arn).send().await.map_err(cloud("DescribeKey", arn));
    let answer = match answer {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(("not there".to_owned(), false, None, false)),
        other => other?,
    };
    let unreadable = || CloudError::unreadable("DescribeKey", arn, "no metadata");
    let metadata = answer.key_metadata().ok_or_else(unreadable)?;
    let state = metadata.key_state().map(|state| state.as_str().to_owned()).unwrap_or_default();
    let of_aws = metadata.key_manager() == Some(&KeyManagerType::Aws);
    let account = metadata.aws_account_id().map(str::to_owned);
    let listed = metadata.arn().is_some_and(|arn| outside.keys.contains(arn)) || outside.keys.contains(arn);
    // Tags of another account's key cannot be read; it is not the environment's, which is in this one.
    let own = account.as_deref() == Some(session.account().as_str());
    let in_pit = listed || (own && key_is_tagged(session, arn, &outside.pit).await?);
    Ok((state, of_aws, account, in_pit))
}

async fn key_is_tagged(session: &Session, arn: &str, pit: &Pit) -> Result<bool, CloudError> {
    let pages = session.kms.list_resource_tags().key_id(arn).into_paginator().items().send().try_collect().await;
    let tags = pages.map_err(cloud("ListResourceTags", arn))?;
    Ok(tags.iter().any(|tag| tag.tag_key() == TAG_PIT && tag.tag_value() == pit.as_str()))
}

async fn is_tagged(session: &Session, bucket: &str, pit: &Pit) -> Result<bool, CloudError> {
    let answer = session.s3.get_bucket_tagging().bucket(bucket).send().await;
    let answer = answer.map_err(cloud("GetBucketTagging", bucket));
    let Some(answer) = unless(answer, "NoSuchTagSet")? else { return Ok(false) };
    Ok(answer.tag_set().iter().any(|tag| tag.key() == TAG_PIT && tag.value() == pit.as_str()))
}

async fn is_locked(session: &Session, bucket: &str) -> Result<bool, CloudError> {
    let answer = session.s3.get_object_lock_configuration().bucket(bucket).send().await;
    let answer = answer.map_err(cloud("GetObjectLockConfiguration", bucket));
    let answer = unless(answer, "ObjectLockConfigurationNotFoundError")?;
    let enabled = |answer: &aws_sdk_s3::operation::get_object_lock_configuration::GetObjectLockConfigurationOutput| {
        answer.object_lock_configuration()?.object_lock_enabled().cloned()
    };
    Ok(answer.as_ref().and_then(enabled) == Some(ObjectLockEnabled::Enabled))
}

async fn is_encrypted(session: &Session, bucket: &str) -> Result<bool, CloudError> {
    let answer = session.s3.get_bucket_encryption().bucket(bucket).send().await;
    let answer = answer.map_err(cloud("GetBucketEncryption", bucket));
    let Some(answer) = unless(answer, "ServerSideEncryptionConfigurationNotFoundError")? else { return Ok(false) };
    let rules = answer.server_side_encryption_configuration().map(|configuration| configuration.rules());
    let algorithm = |rule: &aws_sdk_s3::types::ServerSideEncryptionRule| {
        rule.apply_server_side_encryption_by_default().map(|default| default.sse_algorithm().clone())
    };
    let known = [ServerSideEncryption::Aes256, ServerSideEncryption::AwsKms, ServerSideEncryption::AwsKmsDsse];
    Ok(rules.unwrap_or_default().iter().filter_map(algorithm).any(|algorithm| known.contains(&algorithm)))
}

async fn is_closed(session: &Session, bucket: &str) -> Result<bool, CloudError> {
    let answer = session.s3.get_public_access_block().bucket(bucket).send().await;
    let answer = answer.map_err(cloud("GetPublicAccessBlock", bucket));
    let Some(answer) = unless(answer, "NoSuchPublicAccessBlockConfiguration")? else { return Ok(false) };
    Ok(answer.public_access_block_configuration().is_some_and(|block| {
        [
            block.block_public_acls(),
            block.ignore_public_acls(),
            block.block_public_policy(),
            block.restrict_public_buckets(),
        ]
        .into_iter()
        .all(|on| on == Some(true))
    }))
}

/// What there is to read; none where S3 says by this code that there is nothing.
fn unless<T>(answer: Result<T, CloudError>, code: &str) -> Result<Option<T>, CloudError> {
    match answer {
        Err(error) if error.has_code(code) => Ok(None),
        other => other.map(Some),
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThere => f.write_str("the bucket is not there"),
            Self::OfThePit => f.write_str("the bucket goes with the environment, or is the registry"),
            Self::OtherAccount => f.write_str("the bucket is another account's, or the caller may not see it"),
            Self::OtherRegion(region) => write!(f, "the bucket is in `{region}`"),
            Self::NotLocked => f.write_str("the bucket has no Object Lock"),
            Self::NotEncrypted => f.write_str("the bucket has no default encryption"),
            Self::Public => f.write_str("the bucket may be made public: not all four blocks of public access are on"),
            Self::KeyOfThePit => f.write_str("the key goes with the environment"),
            Self::KeyOfAws => f.write_str("the key is AWS's own"),
            Self::KeyOfOtherAccount => f.write_str("the key is another account's"),
            Self::KeyUnusable(state) => write!(f, "the key cannot be used: it is {state}"),
            Self::Retention => f.write_str("the retention ends after the end of time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit() -> Facts {
        Facts {
            in_pit: false,
            region: Some("us-west-2".to_owned()),
            locked: true,
            encrypted: true,
            public_access_blocked: true,
            key_in_pit: false,
            key_of_aws: false,
            key_account: Some("111122223333".to_owned()),
            key_state: "Enabled".to_owned(),
        }
    }

    #[test]
    fn each_thing_that_does_not_fit_is_told_and_all_at_once() {
        let (owner, region) = ("111122223333".parse().unwrap(), "us-west-2".parse().unwrap());
        assert_eq!(judge(&fit(), &owner, &region), []);
        let cases = [
            (Facts { in_pit: true, ..fit() }, Unfit::OfThePit),
            (Facts { region: Some("us-east-1".to_owned()), ..fit() }, Unfit::OtherRegion("us-east-1".to_owned())),
            (Facts { locked: false, ..fit() }, Unfit::NotLocked),
            (Facts { encrypted: false, ..fit() }, Unfit::NotEncrypted),
            (Facts { public_access_blocked: false, ..fit() }, Unfit::Public),
            (Facts { key_in_pit: true, ..fit() }, Unfit::KeyOfThePit),
            (Facts { key_of_aws: true, ..fit() }, Unfit::KeyOfAws),
            (Facts { key_account: Some("444455556666".to_owned()), ..fit() }, Unfit::KeyOfOtherAccount),
            (Facts { key_state: "Disabled".to_owned(), ..fit() }, Unfit::KeyUnusable("Disabled".to_owned())),
        ];
        for (facts, expected) in cases {
            assert_eq!(judge(&facts, &owner, &region), [expected]);
        }
        let facts = Facts { locked: false, encrypted: false, ..fit() };
        assert_eq!(judge(&facts, &owner, &region), [Unfit::NotLocked, Unfit::NotEncrypted]);
    }
}
