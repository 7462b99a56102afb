//! S3 buckets.

use std::collections::BTreeMap;
use std::error::Error;

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint, BucketLoggingStatus,
    BucketVersioningStatus, CreateBucketConfiguration, Delete, ExpirationStatus, LifecycleExpiration,
    LifecycleRule as SdkLifecycleRule, LifecycleRuleFilter, LoggingEnabled, NoncurrentVersionExpiration,
    ObjectIdentifier, ObjectOwnership, OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    Tag, Tagging, VersioningConfiguration,
};
use sce_core::account::Region;
use sce_core::aws::arn::Arn;
use sce_core::aws::policy::Policy;
use sce_core::aws::resource::{AccessLog, Bucket, Difference, Encryption, LifecycleRule};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::{PASSING, gone, is_unseen_principal, unless_own_work};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, patiently, poll};
use crate::session::Session;

/// How many objects S3 lists, and deletes, in one call (S3 API reference, `DeleteObjects`).
const PAGE: i32 = 1000;

/// Finds the bucket by its name. One that goes while it is read is gone.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Bucket>) -> Result<Option<Found>, CloudError> {
    if !exists(session, wanted.node).await? {
        return Ok(None);
    }
    match read(session, wanted.node).await {
        Err(error) if error.has_code("NoSuchBucket") => Ok(None),
        other => other.map(Some),
    }
}

/// The same for one that this run has just made: a new bucket has its owner's settings and tags, and is taken to have no others, so
/// that each is made as planned, without reading first what AWS sets by itself today.
pub(crate) async fn look_at_new(session: &Session, wanted: &Wanted<'_, Bucket>) -> Result<Option<Found>, CloudError> {
    if !exists(session, wanted.node).await? {
        return Ok(None);
    }
    let properties = Bucket {
        encryption: Encryption::S3,
        versioning: false,
        ownership_enforced: wanted.properties.ownership_enforced,
        public_access_blocked: false,
        policy: None,
        access_log: None,
        lifecycle: BTreeMap::new(),
    };
    let attributes = attributes(session, wanted.node);
    Ok(Some(Found { attributes, properties: properties.into(), tags: wanted.node.tags.clone() }))
}

/// Created with owner and tags, so that it is never anybody's. A name just given up may be busy for a while.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Bucket>) -> Result<(), CloudError> {
    let configuration = CreateBucketConfiguration::builder()
        .set_location_constraint(location_constraint(session.region()))
        .set_tags(Some(s3_tags(&wanted.node.tags)))
        .build();
    let send = || async {
        let request = session.s3.create_bucket().bucket(&wanted.node.name);
        let request = request.create_bucket_configuration(configuration.clone());
        let request = request.object_ownership(ownership(wanted.properties));
        request.send().await.map_err(cloud("CreateBucket", wanted.label()))
    };
    match patiently(session, FRESH, |error| error.has_code("OperationAborted"), send).await {
        Err(error) if error.has_code("BucketAlreadyOwnedByYou") => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())
        }
        other => other.map(|_| ()),
    }
}

/// One setting after another, since S3 takes one change of a bucket at a time; closed to the public before a policy opens anything.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Bucket>,
    _: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    let order = [
        "ownership_enforced",
        "public_access_blocked",
        "encryption",
        "versioning",
        "lifecycle",
        "policy",
        "access_log",
    ];
    let changed = |field: &&str| differences.iter().any(|difference| difference.field == *field);
    for field in order.iter().filter(|field| changed(field)) {
        patiently(session, PASSING, is_passing, || change(session, wanted, field)).await?;
    }
    Ok(())
}

/// S3 replaces the whole set, so tags of others are sent along.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let mut tags = found.tags.clone();
    tags.extend(node.tags.clone());
    let tagging = Tagging::builder().set_tag_set(Some(s3_tags(&tags))).build().expect("a set of tags is given");
    let send = || async {
        let request = session.s3.put_bucket_tagging().bucket(&node.name).tagging(tagging.clone());
        request.send().await.map_err(cloud("PutBucketTagging", node.id.as_str()))
    };
    patiently(session, PASSING, is_passing, send).await.map(|_| ())
}

/// Deletes everything in it, every version, then it: for good. Records of requests may still come in, so it may take more than one
/// round. The bucket may show for a while after.
pub(crate) async fn delete(session: &Session, node: &Node, _: &Found) -> Result<Deleted, CloudError> {
    let again = |error: &CloudError| error.has_code("BucketNotEmpty") || error.has_code("OperationAborted");
    let empty_and_delete = || async {
        empty(session, node).await?;
        let sent = session.s3.delete_bucket().bucket(&node.name).send().await;
        sent.map(drop).map_err(cloud("DeleteBucket", node.id.as_str()))
    };
    gone(patiently(session, FRESH, again, empty_and_delete).await)?;
    let is_gone = || async { Ok((!exists(session, node).await?).then_some(Deleted::Gone)) };
    let still_there =
        || CloudError::plain("DeleteBucket", node.id.as_str(), Trouble::InUse, "still there after five minutes");
    poll(session, FRESH, is_gone).await?.ok_or_else(still_there)
}

/// Whether the account has the bucket. A bucket of that name in another account is refused, even one that lets us in.
async fn exists(session: &Session, node: &Node) -> Result<bool, CloudError> {
    let request = session.s3.head_bucket().bucket(&node.name).expected_bucket_owner(session.account().as_str());
    match request.send().await.map_err(cloud("HeadBucket", node.id.as_str())) {
        Ok(_) => Ok(true),
        Err(error) if error.trouble == Trouble::NotFound => Ok(false),
        // S3 itself said so, in a status without words.
        Err(mut error) if error.trouble == Trouble::Denied && error.source().is_none() => {
            let taken = format!("the name `{}` is taken by another account, or the caller may not see it", node.name);
            error.message = Some(taken);
            Err(error)
        }
        Err(error) => Err(error),
    }
}

async fn read(session: &Session, node: &Node) -> Result<Found, CloudError> {
    let (encryption, versioning, ownership_enforced, public_access_blocked, policy, access_log, lifecycle, tags) = tokio::try_join!(
        encryption(session, node),
        versioning(session, node),
        ownership_enforced(session, node),
        public_access_blocked(session, node),
        policy(session, node),
        access_log(session, node),
        lifecycle(session, node),
        tags_of(session, node),
    )?;
    let properties =
        Bucket { encryption, versioning, ownership_enforced, public_access_blocked, policy, access_log, lifecycle };
    let attributes = attributes(session, node);
    Ok(Found { attributes, properties: properties.into(), tags })
}

fn attributes(session: &Session, node: &Node) -> Attributes {
    let arn = format!("arn:{}:s3:::{}", session.region().partition(), node.name);
    Attributes { id: node.name.clone(), arn: Some(arn) }
}

/// A setting that was never made is answered with an error of its own; so is a bucket that is not there, which is not the same.
fn set<T>(answer: Result<T, CloudError>, unset: &str) -> Result<Option<T>, CloudError> {
    match answer {
        Err(error) if error.has_code(unset) => Ok(None),
        other => other.map(Some),
    }
}

async fn encryption(session: &Session, node: &Node) -> Result<Encryption, CloudError> {
    let sent = session.s3.get_bucket_encryption().bucket(&node.name).send().await;
    let answer = sent.map_err(cloud("GetBucketEncryption", node.id.as_str()));
    let answer = set(answer, "ServerSideEncryptionConfigurationNotFoundError")?;
    let configuration = answer.and_then(|answer| answer.server_side_encryption_configuration);
    let kms = format!("arn:{}:kms:{}:{}:", session.region().partition(), session.region(), session.account());
    let odd =
        || CloudError::unreadable("GetBucketEncryption", node.id.as_str(), "an encryption unknown to this version");
    match configuration.as_ref().and_then(|configuration| configuration.rules().first()) {
        Some(rule) => read_encryption(&kms, rule).ok_or_else(odd),
        None => Ok(Encryption::S3),
    }
}

async fn versioning(session: &Session, node: &Node) -> Result<bool, CloudError> {
    let sent = session.s3.get_bucket_versioning().bucket(&node.name).send().await;
    let answer = sent.map_err(cloud("GetBucketVersioning", node.id.as_str()))?;
    Ok(answer.status() == Some(&BucketVersioningStatus::Enabled))
}

async fn ownership_enforced(session: &Session, node: &Node) -> Result<bool, CloudError> {
    let sent = session.s3.get_bucket_ownership_controls().bucket(&node.name).send().await;
    let answer = sent.map_err(cloud("GetBucketOwnershipControls", node.id.as_str()));
    let controls = set(answer, "OwnershipControlsNotFoundError")?.and_then(|answer| answer.ownership_controls);
    let enforced = |rule: &OwnershipControlsRule| *rule.object_ownership() == ObjectOwnership::BucketOwnerEnforced;
    Ok(controls.is_some_and(|controls| controls.rules().iter().any(enforced)))
}

async fn public_access_blocked(session: &Session, node: &Node) -> Result<bool, CloudError> {
    let sent = session.s3.get_public_access_block().bucket(&node.name).send().await;
    let answer = sent.map_err(cloud("GetPublicAccessBlock", node.id.as_str()));
    let block = set(answer, "NoSuchPublicAccessBlockConfiguration")?;
    let block = block.and_then(|answer| answer.public_access_block_configuration);
    Ok(block.is_some_and(|block| {
        let acls = block.block_public_acls() == Some(true) && block.ignore_public_acls() == Some(true);
        let policies = block.block_public_policy() == Some(true) && block.restrict_public_buckets() == Some(true);
        acls && policies
    }))
}

async fn policy(session: &Session, node: &Node) -> Result<Option<Policy>, CloudError> {
    let sent = session.s3.get_bucket_policy().bucket(&node.name).send().await;
    let answer = sent.map_err(cloud("GetBucketPolicy", node.id.as_str()));
    let text = set(answer, "NoSuchBucketPolicy")?.and_then(|answer| answer.policy);
    let policy = text.map(|text| Policy::from_json(&text)).transpose();
    policy.map_err(|error| CloudError::unreadable("GetBucketPolicy", node.id.as_str(), format!("its policy: {error}")))
}

async fn access_log(session: &Session, node: &Node) -> Result<Option<AccessLog>, CloudError> {
    let sent = session.s3.get_bucket_logging().bucket(&node.name).send().await;
    let answer = sent.map_err(cloud("GetBucketLogging", node.id.as_str()))?;
    Ok(answer.logging_enabled.map(|log| AccessLog { bucket: log.target_bucket, prefix: log.target_prefix }))
}

async fn lifecycle(session: &Session, node: &Node) -> Result<BTreeMap<String, LifecycleRule>, CloudError> {
    let sent = session.s3.get_bucket_lifecycle_configuration().bucket(&node.name).send().await;
    let answer = sent.map_err(cloud("GetBucketLifecycleConfiguration", node.id.as_str()));
    let rules = set(answer, "NoSuchLifecycleConfiguration")?.and_then(|answer| answer.rules).unwrap_or_default();
    Ok(rules.iter().map(|rule| (rule.id().unwrap_or_default().to_owned(), read_rule(rule))).collect())
}

async fn tags_of(session: &Session, node: &Node) -> Result<Tags, CloudError> {
    let sent = session.s3.get_bucket_tagging().bucket(&node.name).send().await;
    let answer = sent.map_err(cloud("GetBucketTagging", node.id.as_str()));
    let tags = set(answer, "NoSuchTagSet")?.map(|answer| answer.tag_set).unwrap_or_default();
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// None for an algorithm that no plan has. `kms` is what the ARN of a key of this place begins with.
fn read_encryption(kms: &str, rule: &ServerSideEncryptionRule) -> Option<Encryption> {
    let Some(default) = rule.apply_server_side_encryption_by_default() else { return Some(Encryption::S3) };
    match default.sse_algorithm() {
        ServerSideEncryption::Aes256 => Some(Encryption::S3),
        ServerSideEncryption::AwsKms => {
            let key = Value::Known(key_arn(kms, default.kms_master_key_id())?);
            Some(Encryption::Kms { key, bucket_key: rule.bucket_key_enabled().unwrap_or(false) })
        }
        _ => None,
    }
}

/// S3 hands a key back as it was given: by ARN, alias or id, or not at all, which means AWS's own for S3.
pub(super) fn key_arn(kms: &str, given: Option<&str>) -> Option<Arn> {
    let arn = match given {
        None | Some("") => format!("{kms}alias/aws/s3"),
        Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
        Some(alias) if alias.starts_with("alias/") => format!("{kms}{alias}"),
        Some(id) => format!("{kms}key/{id}"),
    };
    arn.parse().ok()
}

fn read_rule(rule: &SdkLifecycleRule) -> LifecycleRule {
    let uploads = rule.abort_incomplete_multipart_upload();
    LifecycleRule {
        abort_upload_days: uploads.and_then(AbortIncompleteMultipartUpload::days_after_initiation),
        expire_older_versions_days: rule
            .noncurrent_version_expiration()
            .and_then(NoncurrentVersionExpiration::noncurrent_days),
        expire_days: rule.expiration().and_then(LifecycleExpiration::days),
        other: beyond(rule),
    }
}

/// What a rule says that a plan never does.
fn beyond(rule: &SdkLifecycleRule) -> Option<String> {
    let expiration = rule.expiration();
    let newest = rule.noncurrent_version_expiration().and_then(NoncurrentVersionExpiration::newer_noncurrent_versions);
    let said = [
        (*rule.status() != ExpirationStatus::Enabled).then_some("is not in force"),
        (!covers_whole_bucket(rule)).then_some("covers only some objects"),
        (!rule.transitions().is_empty()).then_some("moves objects to another storage class"),
        (!rule.noncurrent_version_transitions().is_empty()).then_some("moves older versions to another storage class"),
        newest.map(|_| "keeps a number of older versions"),
        expiration.and_then(LifecycleExpiration::date).map(|_| "drops objects on a date"),
        expiration
            .is_some_and(|expiration| expiration.expired_object_delete_marker() == Some(true))
            .then_some("drops left-over delete markers"),
    ];
    let said: Vec<&str> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join("; "))
}

#[expect(deprecated, reason = "rules made long ago still have their prefix outside the filter")]
fn covers_whole_bucket(rule: &SdkLifecycleRule) -> bool {
    let filter = rule.filter();
    let by_size = |filter: &LifecycleRuleFilter| {
        filter.object_size_greater_than().is_some() || filter.object_size_less_than().is_some()
    };
    let narrow = filter.is_some_and(|filter| filter.tag().is_some() || filter.and().is_some() || by_size(filter));
    let prefixes = [rule.prefix(), filter.and_then(LifecycleRuleFilter::prefix)];
    !narrow && prefixes.into_iter().flatten().all(str::is_empty)
}

/// The region that S3 wants to be told; its first one it does not.
fn location_constraint(region: &Region) -> Option<BucketLocationConstraint> {
    (region.as_str() != "us-east-1").then(|| BucketLocationConstraint::from(region.as_str()))
}

fn ownership(bucket: &Bucket) -> ObjectOwnership {
    if bucket.ownership_enforced { ObjectOwnership::BucketOwnerEnforced } else { ObjectOwnership::BucketOwnerPreferred }
}

/// The one call that makes this property as planned.
async fn change(session: &Session, wanted: &Wanted<'_, Bucket>, field: &str) -> Result<(), CloudError> {
    match field {
        "ownership_enforced" => put_ownership(session, wanted).await,
        "public_access_blocked" => put_public_access_block(session, wanted).await,
        "encryption" => put_encryption(session, wanted).await,
        "versioning" => put_versioning(session, wanted).await,
        "lifecycle" => put_lifecycle(session, wanted).await,
        "policy" => put_policy(session, wanted).await,
        _ => put_access_log(session, wanted).await,
    }
}

async fn put_ownership(session: &Session, wanted: &Wanted<'_, Bucket>) -> Result<(), CloudError> {
    let rule = OwnershipControlsRule::builder().object_ownership(ownership(wanted.properties)).build();
    let rule = rule.expect("the owner is given");
    let controls = OwnershipControls::builder().rules(rule).build().expect("a rule is given");
    let request = session.s3.put_bucket_ownership_controls().bucket(&wanted.node.name).ownership_controls(controls);
    request.send().await.map(drop).map_err(cloud("PutBucketOwnershipControls", wanted.label()))
}

async fn put_public_access_block(session: &Session, wanted: &Wanted<'_, Bucket>) -> Result<(), CloudError> {
    let blocked = wanted.properties.public_access_blocked;
    let block = PublicAccessBlockConfiguration::builder().block_public_acls(blocked).ignore_public_acls(blocked);
    let block = block.block_public_policy(blocked).restrict_public_buckets(blocked).build();
    let request = session.s3.put_public_access_block().bucket(&wanted.node.name);
    let sent = request.public_access_block_configuration(block).send().await;
    sent.map(drop).map_err(cloud("PutPublicAccessBlock", wanted.label()))
}

async fn put_encryption(session: &Session, wanted: &Wanted<'_, Bucket>) -> Result<(), CloudError> {
    let rule = write_encryption(&wanted.properties.encryption);
    let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build().expect("a rule is given");
    let request = session.s3.put_bucket_encryption().bucket(&wanted.node.name);
    let sent = request.server_side_encryption_configuration(configuration).send().await;
    sent.map(drop).map_err(cloud("PutBucketEncryption", wanted.label()))
}

async fn put_versioning(session: &Session, wanted: &Wanted<'_, Bucket>) -> Result<(), CloudError> {
    let status = match wanted.properties.versioning {
        true => BucketVersioningStatus::Enabled,
        false => BucketVersioningStatus::Suspended,
    };
    let configuration = VersioningConfiguration::builder().status(status).build();
    let request = session.s3.put_bucket_versioning().bucket(&wanted.node.name).versioning_configuration(configuration);
    request.send().await.map(drop).map_err(cloud("PutBucketVersioning", wanted.label()))
}

/// S3 takes all rules at once, and none as a deletion.
async fn put_lifecycle(session: &Session, wanted: &Wanted<'_, Bucket>) -> Result<(), CloudError> {
    let (name, rules) = (&wanted.node.name, &wanted.properties.lifecycle);
    if rules.is_empty() {
        let sent = session.s3.delete_bucket_lifecycle().bucket(name).send().await;
        return sent.map(drop).map_err(cloud("DeleteBucketLifecycle", wanted.label()));
    }
    let rules = rules.iter().map(|(id, rule)| write_rule(id, rule)).collect();
    let configuration = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build();
    let request = session.s3.put_bucket_lifecycle_configuration().bucket(name);
    let sent = request.lifecycle_configuration(configuration.expect("rules are given")).send().await;
    sent.map(drop).map_err(cloud("PutBucketLifecycleConfiguration", wanted.label()))
}

async fn put_policy(session: &Session, wanted: &Wanted<'_, Bucket>) -> Result<(), CloudError> {
    let name = &wanted.node.name;
    let Some(policy) = &wanted.properties.policy else {
        let sent = session.s3.delete_bucket_policy().bucket(name).send().await;
        return sent.map(drop).map_err(cloud("DeleteBucketPolicy", wanted.label()));
    };
    let sent = session.s3.put_bucket_policy().bucket(name).policy(policy.to_json()).send().await;
    sent.map(drop).map_err(cloud("PutBucketPolicy", wanted.label()))
}

async fn put_access_log(session: &Session, wanted: &Wanted<'_, Bucket>) -> Result<(), CloudError> {
    let enabled = wanted.properties.access_log.as_ref().map(|log| {
        let enabled = LoggingEnabled::builder().target_bucket(&log.bucket).target_prefix(&log.prefix);
        enabled.build().expect("bucket and prefix are given")
    });
    let status = BucketLoggingStatus::builder().set_logging_enabled(enabled).build();
    let request = session.s3.put_bucket_logging().bucket(&wanted.node.name).bucket_logging_status(status);
    request.send().await.map(drop).map_err(cloud("PutBucketLogging", wanted.label()))
}

fn write_encryption(encryption: &Encryption) -> ServerSideEncryptionRule {
    let default = ServerSideEncryptionByDefault::builder();
    let (default, bucket_key) = match encryption {
        Encryption::S3 => (default.sse_algorithm(ServerSideEncryption::Aes256), false),
        Encryption::Kms { key, bucket_key } => {
            let default = default.sse_algorithm(ServerSideEncryption::AwsKms).kms_master_key_id(key.to_string());
            (default, *bucket_key)
        }
    };
    let default = default.build().expect("the algorithm is given");
    let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(default);
    rule.bucket_key_enabled(bucket_key).build()
}

fn write_rule(id: &str, rule: &LifecycleRule) -> SdkLifecycleRule {
    let uploads = |days| AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build();
    let older = |days| NoncurrentVersionExpiration::builder().noncurrent_days(days).build();
    let objects = |days| LifecycleExpiration::builder().days(days).build();
    SdkLifecycleRule::builder()
        .id(id)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .set_abort_incomplete_multipart_upload(rule.abort_upload_days.map(uploads))
        .set_noncurrent_version_expiration(rule.expire_older_versions_days.map(older))
        .set_expiration(rule.expire_days.map(objects))
        .build()
        .expect("the status is given")
}

/// A bucket just made that is not seen everywhere, another change under way, or a principal just made.
fn is_passing(error: &CloudError) -> bool {
    error.has_code("NoSuchBucket") || error.has_code("OperationAborted") || is_unseen_principal(error)
}

/// A page at a time, always the first, so that a store of any size takes no more memory than a small one.
async fn empty(session: &Session, node: &Node) -> Result<(), CloudError> {
    abort_uploads(session, node).await?;
    let mut last = Vec::new();
    loop {
        let page = some_versions(session, node).await?;
        if page.is_empty() {
            return Ok(());
        }
        session.interrupt.go_on(node.id.as_str())?;
        if page == last {
            let message = "objects stay after their deletion";
            return Err(CloudError::plain("DeleteObjects", node.id.as_str(), Trouble::Refused, message));
        }
        patiently(session, PASSING, is_overload, || delete_versions(session, node, page.clone())).await?;
        last = page;
    }
}

async fn abort_uploads(session: &Session, node: &Node) -> Result<(), CloudError> {
    let (mut key, mut id) = (None, None);
    loop {
        let request = session.s3.list_multipart_uploads().bucket(&node.name).max_uploads(PAGE);
        let sent = request.set_key_marker(key).set_upload_id_marker(id).send().await;
        let page = sent.map_err(cloud("ListMultipartUploads", node.id.as_str()))?;
        for upload in page.uploads() {
            let request = session.s3.abort_multipart_upload().bucket(&node.name);
            let request = request.set_key(upload.key.clone()).set_upload_id(upload.upload_id.clone());
            gone(request.send().await.map_err(cloud("AbortMultipartUpload", node.id.as_str())))?;
        }
        if page.is_truncated() != Some(true) {
            return Ok(());
        }
        (key, id) = (page.next_key_marker, page.next_upload_id_marker);
    }
}

/// The first page of versions and delete markers that has any; none when the bucket is empty.
async fn some_versions(session: &Session, node: &Node) -> Result<Vec<ObjectIdentifier>, CloudError> {
    let (mut key, mut version) = (None, None);
    loop {
        let request = session.s3.list_object_versions().bucket(&node.name).max_keys(PAGE);
        let sent = request.set_key_marker(key).set_version_id_marker(version).send().await;
        let page = sent.map_err(cloud("ListObjectVersions", node.id.as_str()))?;
        let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
        let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
        let found: Vec<ObjectIdentifier> = versions.chain(markers).filter_map(identifier).collect();
        if !found.is_empty() || page.is_truncated() != Some(true) {
            return Ok(found);
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
}

fn identifier((key, version): (Option<&str>, Option<&str>)) -> Option<ObjectIdentifier> {
    ObjectIdentifier::builder().key(key?).set_version_id(version.map(str::to_owned)).build().ok()
}

/// An answer of success may tell of objects that stay (aws-behaviour 0.9). Their names are not repeated: they may tell of patients.
async fn delete_versions(session: &Session, node: &Node, page: Vec<ObjectIdentifier>) -> Result<(), CloudError> {
    let all = page.len();
    let delete = Delete::builder().set_objects(Some(page)).quiet(true).build().expect("objects are given");
    let sent = session.s3.delete_objects().bucket(&node.name).delete(delete).send().await;
    let answer = sent.map_err(cloud("DeleteObjects", node.id.as_str()))?;
    let Some(first) = answer.errors().first() else { return Ok(()) };
    let trouble = if first.code() == Some("AccessDenied") { Trouble::Denied } else { Trouble::Refused };
    let message = format!("{} of {all} objects stay: {}", answer.errors().len(), first.message().unwrap_or_default());
    let mut error = CloudError::plain("DeleteObjects", node.id.as_str(), trouble, message);
    error.code = first.code().map(str::to_owned);
    Err(error)
}

fn is_overload(error: &CloudError) -> bool {
    ["InternalError", "ServiceUnavailable", "SlowDown"].iter().any(|code| error.has_code(code))
}

fn s3_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{Transition, TransitionStorageClass};

    use super::*;

    const KMS: &str = "arn:aws:kms:us-west-2:111122223333:";

    #[test]
    fn the_first_region_is_not_told() {
        let constraint = |region: &str| location_constraint(&region.parse().unwrap());
        assert_eq!(constraint("us-east-1"), None);
        assert_eq!(constraint("us-west-2"), Some(BucketLocationConstraint::UsWest2));
        assert_eq!(constraint("us-gov-east-1").unwrap().as_str(), "us-gov-east-1");
    }

    #[test]
    fn a_planned_rule_reads_back_as_it_is_written() {
        let rules = [
            LifecycleRule { abort_upload_days: Some(7), ..LifecycleRule::default() },
            LifecycleRule { expire_older_versions_days: Some(90), ..LifecycleRule::default() },
            LifecycleRule { expire_days: Some(2192), ..LifecycleRule::default() },
        ];
        for rule in rules {
            let written = write_rule("x", &rule);
            assert_eq!((written.id(), read_rule(&written)), (Some("x"), rule));
        }
    }

    #[test]
    fn what_a_plan_cannot_say_is_told_in_words() {
        let rule = || SdkLifecycleRule::builder().id("x").status(ExpirationStatus::Enabled);
        let only = |filter| read_rule(&rule().filter(filter).build().unwrap()).other;
        assert_eq!(read_rule(&rule().build().unwrap()).other, None);
        assert_eq!(only(LifecycleRuleFilter::builder().build()), None);
        assert_eq!(
            only(LifecycleRuleFilter::builder().prefix("a/").build()).as_deref(),
            Some("covers only some objects")
        );
        assert!(only(LifecycleRuleFilter::builder().object_size_less_than(9).build()).is_some());
        let glacier = Transition::builder().days(30).storage_class(TransitionStorageClass::Glacier).build();
        let odd = rule().status(ExpirationStatus::Disabled).transitions(glacier).build().unwrap();
        let expected = "is not in force; moves objects to another storage class";
        assert_eq!(read_rule(&odd).other.as_deref(), Some(expected));
    }

    #[test]
    fn an_old_rule_with_a_prefix_covers_only_some_objects() {
        #[expect(deprecated, reason = "it is the old form that is tested")]
        let rule =
            |prefix| SdkLifecycleRule::builder().status(ExpirationStatus::Enabled).prefix(prefix).build().unwrap();
        assert_eq!((covers_whole_bucket(&rule("")), covers_whole_bucket(&rule("a/"))), (true, false));
    }

    #[test]
    fn planned_encryption_reads_back_as_it_is_written() {
        let key = Value::Known(format!("{KMS}key/k").parse().unwrap());
        for encryption in [Encryption::S3, Encryption::Kms { key, bucket_key: true }] {
            assert_eq!(read_encryption(KMS, &write_encryption(&encryption)), Some(encryption));
        }
        let double = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::AwsKmsDsse);
        let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(double.build().unwrap());
        assert_eq!(read_encryption(KMS, &rule.build()), None);
    }

    #[test]
    fn a_key_is_known_by_its_arn_however_it_was_given() {
        let arn = |given| key_arn(KMS, given).unwrap().to_string();
        assert_eq!(arn(Some("arn:aws:kms:us-west-2:1:key/k")), "arn:aws:kms:us-west-2:1:key/k");
        assert_eq!(arn(Some("k")), format!("{KMS}key/k"));
        assert_eq!(arn(Some("alias/k")), format!("{KMS}alias/k"));
        assert_eq!(arn(None), format!("{KMS}alias/aws/s3"));
    }
}
