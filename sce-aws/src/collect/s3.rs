//! S3 and its control plane, which answer in XML; a folder for each bucket, and no object read.

use aws_sdk_s3::types::{LifecycleRule, NotificationConfigurationFilter};
use serde_json::{Value as Json, json};

use super::{CollectError, Collector, list, object, time};
use crate::error::cloud;

pub(super) async fn collect(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    account_block(collector).await?;
    let sent = collector.session.s3.list_buckets().into_paginator().send().try_collect().await;
    let pages: Result<Vec<_>, _> = sent;
    let Some(pages) = collector.answer(pages.map_err(cloud("ListBuckets", "all")))? else { return Ok(()) };
    let buckets: Vec<_> = pages.iter().flat_map(|page| page.buckets()).collect();
    let listed = list(
        buckets.iter().copied(),
        |bucket| object!(bucket; "Name": name, "BucketRegion": bucket_region; ; "CreationDate" = time(bucket.creation_date())),
    );
    collector.save("s3/list-buckets.json", json!({ "Buckets": listed }))?;
    for name in buckets.iter().filter_map(|bucket| bucket.name()) {
        policies(collector, name).await?;
        settings(collector, name).await?;
    }
    Ok(())
}

/// What one call says of a bucket, or `{}` where S3 says by an error that nothing is set.
macro_rules! of_bucket {
    ($collector:expr, $name:expr, $call:literal, $request:ident, $operation:literal, $unset:expr, $read:expr) => {{
        let sent = $collector.session.s3.$request().bucket($name).send().await;
        let answered = sent.map_err(cloud($operation, $name)).map(|answer| $read(&answer));
        if let Some(json) = $collector.answer_or_nothing(answered, $unset)? {
            $collector.save_of("s3", $name, $call, json)?;
        }
    }};
}

async fn policies(collector: &mut Collector<'_>, name: &str) -> Result<(), CollectError> {
    use aws_sdk_s3::operation as op;
    of_bucket!(
        collector,
        name,
        "get-bucket-policy",
        get_bucket_policy,
        "GetBucketPolicy",
        &["NoSuchBucketPolicy"],
        |answer: &op::get_bucket_policy::GetBucketPolicyOutput| json!({ "Policy": answer.policy() })
    );
    of_bucket!(
        collector,
        name,
        "get-public-access-block",
        get_public_access_block,
        "GetPublicAccessBlock",
        &["NoSuchPublicAccessBlockConfiguration"],
        |answer: &op::get_public_access_block::GetPublicAccessBlockOutput| {
            let block = answer.public_access_block_configuration().map(|block| {
                object!(block; "BlockPublicAcls": block_public_acls, "IgnorePublicAcls": ignore_public_acls,
                    "BlockPublicPolicy": block_public_policy, "RestrictPublicBuckets": restrict_public_buckets)
            });
            json!({ "PublicAccessBlockConfiguration": block })
        }
    );
    of_bucket!(
        collector,
        name,
        "get-bucket-ownership-controls",
        get_bucket_ownership_controls,
        "GetBucketOwnershipControls",
        &["OwnershipControlsNotFoundError"],
        |answer: &op::get_bucket_ownership_controls::GetBucketOwnershipControlsOutput| {
            let rules = answer.ownership_controls().map(|controls| {
                json!({ "Rules": list(controls.rules(), |rule| json!({ "ObjectOwnership": rule.object_ownership().as_str() })) })
            });
            json!({ "OwnershipControls": rules })
        }
    );
    of_bucket!(
        collector,
        name,
        "get-bucket-encryption",
        get_bucket_encryption,
        "GetBucketEncryption",
        &["ServerSideEncryptionConfigurationNotFoundError"],
        |answer: &op::get_bucket_encryption::GetBucketEncryptionOutput| {
            let rules = answer.server_side_encryption_configuration().map(|it| {
                let rules = list(it.rules(), |rule| {
                    let default = rule.apply_server_side_encryption_by_default().map(|default| {
                        json!({ "SSEAlgorithm": default.sse_algorithm().as_str(), "KMSMasterKeyID": default.kms_master_key_id() })
                    });
                    object!(rule; "BucketKeyEnabled": bucket_key_enabled; ; "ApplyServerSideEncryptionByDefault" = default)
                });
                json!({ "Rules": rules })
            });
            json!({ "ServerSideEncryptionConfiguration": rules })
        }
    );
    Ok(())
}

async fn settings(collector: &mut Collector<'_>, name: &str) -> Result<(), CollectError> {
    use aws_sdk_s3::operation as op;
    of_bucket!(
        collector,
        name,
        "get-bucket-versioning",
        get_bucket_versioning,
        "GetBucketVersioning",
        &[],
        |answer: &op::get_bucket_versioning::GetBucketVersioningOutput| {
            object!(answer; ; "Status": status, "MFADelete": mfa_delete)
        }
    );
    of_bucket!(
        collector,
        name,
        "get-bucket-logging",
        get_bucket_logging,
        "GetBucketLogging",
        &[],
        |answer: &op::get_bucket_logging::GetBucketLoggingOutput| {
            let log = answer.logging_enabled();
            json!({ "LoggingEnabled": log.map(|log| json!({ "TargetBucket": log.target_bucket(), "TargetPrefix": log.target_prefix() })) })
        }
    );
    of_bucket!(
        collector,
        name,
        "get-bucket-tagging",
        get_bucket_tagging,
        "GetBucketTagging",
        &["NoSuchTagSet"],
        |answer: &op::get_bucket_tagging::GetBucketTaggingOutput| {
            json!({ "TagSet": list(answer.tag_set(), |tag| json!({ "Key": tag.key(), "Value": tag.value() })) })
        }
    );
    of_bucket!(
        collector,
        name,
        "get-bucket-lifecycle-configuration",
        get_bucket_lifecycle_configuration,
        "GetBucketLifecycleConfiguration",
        &["NoSuchLifecycleConfiguration"],
        |answer: &op::get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput| {
            json!({ "Rules": list(answer.rules(), lifecycle_rule) })
        }
    );
    of_bucket!(
        collector,
        name,
        "get-bucket-notification-configuration",
        get_bucket_notification_configuration,
        "GetBucketNotificationConfiguration",
        &[],
        |answer: &op::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput| {
            let functions = list(answer.lambda_function_configurations(), |one| {
                let events = list(one.events(), |event| json!(event.as_str()));
                json!({ "Id": one.id(), "LambdaFunctionArn": one.lambda_function_arn(), "Events": events,
                    "Filter": one.filter().map(filter) })
            });
            let queues =
                list(answer.queue_configurations(), |one| json!({ "Id": one.id(), "QueueArn": one.queue_arn() }));
            let topics =
                list(answer.topic_configurations(), |one| json!({ "Id": one.id(), "TopicArn": one.topic_arn() }));
            json!({
                "LambdaFunctionConfigurations": functions,
                "QueueConfigurations": queues,
                "TopicConfigurations": topics,
                "EventBridgeConfiguration": answer.event_bridge_configuration().map(|_| json!({})),
            })
        }
    );
    Ok(())
}

async fn account_block(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let session = collector.session;
    let account = session.account().as_str();
    let sent = session.s3control.get_public_access_block().account_id(account).send().await;
    let answered = sent.map_err(cloud("GetPublicAccessBlock", account)).map(|answer| {
        let block = answer.public_access_block_configuration().map(|block| {
            object!(block; "BlockPublicAcls": block_public_acls, "IgnorePublicAcls": ignore_public_acls,
                "BlockPublicPolicy": block_public_policy, "RestrictPublicBuckets": restrict_public_buckets)
        });
        json!({ "PublicAccessBlockConfiguration": block })
    });
    match collector.answer_or_nothing(answered, &["NoSuchPublicAccessBlockConfiguration"])? {
        Some(json) => collector.save_of("s3control", account, "get-public-access-block", json),
        None => Ok(()),
    }
}

#[expect(deprecated, reason = "rules made long ago still have their prefix outside the filter")]
fn lifecycle_rule(rule: &LifecycleRule) -> Json {
    let expiration = rule.expiration().map(|it| {
        object!(it; "Days": days, "ExpiredObjectDeleteMarker": expired_object_delete_marker; ; "Date" = time(it.date()))
    });
    let older = rule
        .noncurrent_version_expiration()
        .map(|it| object!(it; "NoncurrentDays": noncurrent_days, "NewerNoncurrentVersions": newer_noncurrent_versions));
    let uploads =
        rule.abort_incomplete_multipart_upload().map(|it| object!(it; "DaysAfterInitiation": days_after_initiation));
    let filter = rule.filter().map(|it| {
        object!(it; "Prefix": prefix, "ObjectSizeGreaterThan": object_size_greater_than,
            "ObjectSizeLessThan": object_size_less_than; ; "Tag" = it.tag().map(|tag| json!({ "Key": tag.key() })),
            "And" = it.and().map(|_| json!({})))
    });
    let transitions = list(rule.transitions(), |it| object!(it; "Days": days; "StorageClass": storage_class));
    let of_older = list(
        rule.noncurrent_version_transitions(),
        |it| object!(it; "NoncurrentDays": noncurrent_days; "StorageClass": storage_class),
    );
    object!(rule; "ID": id, "Prefix": prefix; ; "Status" = rule.status().as_str(), "Filter" = filter, "Expiration" = expiration,
        "NoncurrentVersionExpiration" = older, "AbortIncompleteMultipartUpload" = uploads, "Transitions" = transitions,
        "NoncurrentVersionTransitions" = of_older)
}

fn filter(filter: &NotificationConfigurationFilter) -> Json {
    let rules = filter.key().map(
        |key| json!({ "FilterRules": list(key.filter_rules(), |rule| object!(rule; "Value": value; "Name": name)) }),
    );
    json!({ "Key": rules })
}
