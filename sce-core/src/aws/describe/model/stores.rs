//! Buckets from `aws s3api get-bucket-*`, one folder each.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Place;
use super::saved::Saved;
use super::thing::{Thing, flag, items, key_arn, known, listed, pairs, policy, required, said, set, text};
use crate::aws::resource::{AccessLog, Bucket, BucketNotification, Encryption, LifecycleRule};
use crate::plan::Attributes;
use crate::value::Value;

type Things = Result<Vec<Thing>, String>;

pub(super) fn buckets(saved: &Saved, place: &Place) -> Things {
    let listed = saved.all("Buckets", "s3api list-buckets")?;
    let thing = |listed: &Json| {
        let name = text(listed, "Name");
        let arn = format!("arn:{}:s3:::{name}", place.region.partition());
        let attributes = Attributes { id: name.to_owned(), arn: Some(arn) };
        let tags = saved.of("s3", name, "get-bucket-tagging").and_then(|answer| set(answer, "TagSet"));
        let tags = tags.map(|tags| tags.map(pairs).unwrap_or_default());
        Thing::new(attributes, name, Default::default(), bucket(saved, place, name)).tagged(tags)
    };
    Ok(listed.into_iter().map(thing).collect())
}

pub(super) fn notifications(saved: &Saved) -> Things {
    let mut things = Vec::new();
    for bucket in saved.all("Buckets", "s3api list-buckets")?.into_iter().map(|listed| text(listed, "Name")) {
        let told = match saved.of("s3", bucket, "get-bucket-notification-configuration") {
            Ok(told) => told,
            Err(why) => {
                things.push(Thing::plain::<BucketNotification>(bucket, Err(why)));
                continue;
            }
        };
        let functions: Vec<&Json> = items(told, "LambdaFunctionConfigurations").collect();
        for function in &functions {
            let id = text(function, "Id");
            things.push(Thing::plain(&format!("{bucket} {id}"), notification(told, &functions, bucket, function)));
        }
    }
    Ok(things)
}

fn bucket(saved: &Saved, place: &Place, name: &str) -> Result<Bucket, String> {
    let of = |call: &str| saved.of("s3", name, call);
    let set = |call: &str, key: &str| set(of(call)?, key);
    let block = set("get-public-access-block", "PublicAccessBlockConfiguration")?;
    let ownership = set("get-bucket-ownership-controls", "OwnershipControls")?;
    let rules = ownership.map(|ownership| listed(ownership, "Rules")).transpose()?.unwrap_or_default();
    let log = set("get-bucket-logging", "LoggingEnabled")?;
    let log =
        log.map(|log| Ok::<_, String>((required(log, "TargetBucket")?, text(log, "TargetPrefix")))).transpose()?;
    let document = set("get-bucket-policy", "Policy")?;
    Ok(Bucket {
        encryption: encryption(place, of("get-bucket-encryption")?)?,
        versioning: text(of("get-bucket-versioning")?, "Status") == "Enabled",
        ownership_enforced: rules.iter().any(|rule| rule["ObjectOwnership"] == "BucketOwnerEnforced"),
        public_access_blocked: block.is_some_and(all_blocks),
        policy: document.map(policy).transpose()?,
        access_log: log.map(|(target, prefix)| AccessLog {
            bucket: target.as_str().unwrap_or_default().to_owned(),
            prefix: prefix.to_owned(),
        }),
        lifecycle: lifecycle(set("get-bucket-lifecycle-configuration", "Rules")?),
    })
}

/// Whether all four blocks are on.
pub(super) fn all_blocks(block: &Json) -> bool {
    let blocks = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
    blocks.iter().all(|name| flag(block, name))
}

fn encryption(place: &Place, answer: &Json) -> Result<Encryption, String> {
    let Some(configuration) = set(answer, "ServerSideEncryptionConfiguration")? else { return Ok(Encryption::S3) };
    let Some(rule) = listed(configuration, "Rules")?.first() else { return Ok(Encryption::S3) };
    // A rule may be about the bucket's key alone.
    let default = &rule["ApplyServerSideEncryptionByDefault"];
    if default.is_null() {
        return Ok(Encryption::S3);
    }
    match required(default, "SSEAlgorithm")?.as_str() {
        None | Some("AES256") => Ok(Encryption::S3),
        Some("aws:kms") => {
            // A key that is not named is AWS's own for S3.
            let given = said(default, "KMSMasterKeyID").unwrap_or("alias/aws/s3");
            let key = key_arn(place, given).ok_or_else(|| format!("`{given}` is no key"))?;
            Ok(Encryption::Kms { key: Value::Known(key), bucket_key: flag(rule, "BucketKeyEnabled") })
        }
        Some(other) => Err(format!("an encryption unknown to this version: `{other}`")),
    }
}

fn lifecycle(rules: Option<&Json>) -> BTreeMap<String, LifecycleRule> {
    let days = |json: &Json| json.as_i64().and_then(|days| i32::try_from(days).ok());
    let read = |rule: &Json| LifecycleRule {
        abort_upload_days: days(&rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]),
        expire_older_versions_days: days(&rule["NoncurrentVersionExpiration"]["NoncurrentDays"]),
        expire_days: days(&rule["Expiration"]["Days"]),
        other: beyond(rule),
    };
    let rules = rules.and_then(Json::as_array).into_iter().flatten();
    rules.map(|rule| (text(rule, "ID").to_owned(), read(rule))).collect()
}

/// What a rule says that a plan never does.
fn beyond(rule: &Json) -> Option<String> {
    let any = |key: &str| items(rule, key).next().is_some();
    let expiration = &rule["Expiration"];
    let said_of = [
        (text(rule, "Status") != "Enabled", "is not in force"),
        (!covers_whole_bucket(rule), "covers only some objects"),
        (any("Transitions"), "moves objects to another storage class"),
        (any("NoncurrentVersionTransitions"), "moves older versions to another storage class"),
        (!rule["NoncurrentVersionExpiration"]["NewerNoncurrentVersions"].is_null(), "keeps a number of older versions"),
        (!expiration["Date"].is_null(), "drops objects on a date"),
        (flag(expiration, "ExpiredObjectDeleteMarker"), "drops left-over delete markers"),
    ];
    let said: Vec<&str> = said_of.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

fn covers_whole_bucket(rule: &Json) -> bool {
    let filter = &rule["Filter"];
    let narrow = ["Tag", "And", "ObjectSizeGreaterThan", "ObjectSizeLessThan"];
    let narrow = narrow.iter().any(|key| !filter[key].is_null());
    !narrow && said(rule, "Prefix").is_none() && said(filter, "Prefix").is_none()
}

fn notification(told: &Json, functions: &[&Json], bucket: &str, ours: &Json) -> Result<BucketNotification, String> {
    let id = |one: &Json| said(one, "Id").unwrap_or("(no name)").to_owned();
    let others = functions.iter().filter(|one| one["Id"] != ours["Id"]).map(|one| format!("function {}", id(one)));
    let queues = items(told, "QueueConfigurations").map(|one| format!("queue {}", id(one)));
    let topics = items(told, "TopicConfigurations").map(|one| format!("topic {}", id(one)));
    let bus = told["EventBridgeConfiguration"].is_object().then(|| "event bus".to_owned());
    let rules = items(&ours["Filter"]["Key"], "FilterRules");
    Ok(BucketNotification {
        bucket: bucket.to_owned(),
        function: known(ours, "LambdaFunctionArn")?,
        events: items(ours, "Events").filter_map(|event| event.as_str().map(str::to_owned)).collect(),
        filter: rules.map(|rule| (text(rule, "Name").to_ascii_lowercase(), text(rule, "Value").to_owned())).collect(),
        others: others.chain(queues).chain(topics).chain(bus).collect(),
    })
}
