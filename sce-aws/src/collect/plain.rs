//! Services that answer in JSON: KMS, logs, tables, queues, functions, session documents, the trail and the recorder.

use aws_sdk_sqs::types::QueueAttributeName;
use aws_sdk_ssm::types::{DocumentFormat, DocumentKeyValuesFilter, ResourceTypeForTagging};
use sce_core::aws::describe::model::DIGEST;
use serde_json::{Value as Json, json};

use super::json::{pages, sent};
use super::{CollectError, Collector};
use crate::transfer::Digest;

pub(super) async fn collect(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    keys(collector).await?;
    logs(collector).await?;
    tables(collector).await?;
    queues(collector).await?;
    functions(collector).await?;
    documents(collector).await?;
    trails(collector).await?;
    recorder(collector).await
}

/// Keeps what a call says of one thing.
macro_rules! one {
    ($collector:expr, $request:expr, $operation:literal, $service:literal, $name:expr, $call:literal) => {{
        let answered = sent!($request, $operation, $name);
        if let Some((_, json)) = $collector.answer(answered)? {
            $collector.save_of($service, $name, $call, json)?;
        }
    }};
}

/// The same, where an error of its own says that there is nothing.
macro_rules! one_or_nothing {
    ($collector:expr, $request:expr, $operation:literal, $service:literal, $name:expr, $call:literal, $nothing:expr) => {{
        let answered = sent!($request, $operation, $name).map(|(_, json)| json);
        if let Some(json) = $collector.answer_or_nothing(answered, $nothing)? {
            $collector.save_of($service, $name, $call, json)?;
        }
    }};
}

async fn keys(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let kms = &collector.session.kms;
    let keys = pages!(collector, kms.list_keys(), set_marker, next_marker, "ListKeys", "kms/list-keys", "Keys");
    for id in keys.iter().filter_map(|key| key["KeyId"].as_str()) {
        one!(collector, kms.describe_key().key_id(id), "DescribeKey", "kms", id, "describe-key");
        let policy = kms.get_key_policy().key_id(id).policy_name("default");
        one!(collector, policy, "GetKeyPolicy", "kms", id, "get-key-policy");
        one!(collector, kms.list_resource_tags().key_id(id), "ListResourceTags", "kms", id, "list-resource-tags");
        let status = kms.get_key_rotation_status().key_id(id);
        // A kind of key that has no rotation.
        let none = &["UnsupportedOperationException"];
        one_or_nothing!(collector, status, "GetKeyRotationStatus", "kms", id, "get-key-rotation-status", none);
    }
    pages!(collector, kms.list_aliases(), set_marker, next_marker, "ListAliases", "kms/list-aliases", "Aliases");
    Ok(())
}

async fn logs(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let logs = &collector.session.logs;
    let groups = pages!(
        collector,
        logs.describe_log_groups(),
        set_next_token,
        next_token,
        "DescribeLogGroups",
        "logs/describe-log-groups",
        "logGroups"
    );
    for group in &groups {
        let (name, arn) = (text(group, "logGroupName"), text(group, "arn"));
        let arn = arn.strip_suffix(":*").unwrap_or(arn);
        let tags = logs.list_tags_for_resource().resource_arn(arn);
        one!(collector, tags, "ListTagsForResource", "logs", name, "list-tags-for-resource");
    }
    pages!(
        collector,
        logs.describe_metric_filters(),
        set_next_token,
        next_token,
        "DescribeMetricFilters",
        "logs/describe-metric-filters",
        "metricFilters"
    );
    Ok(())
}

async fn tables(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let dynamodb = &collector.session.dynamodb;
    let tables = pages!(
        collector,
        dynamodb.list_tables(),
        set_exclusive_start_table_name,
        last_evaluated_table_name,
        "ListTables",
        "dynamodb/list-tables",
        "TableNames"
    );
    for name in tables.iter().filter_map(Json::as_str) {
        let answered = sent!(dynamodb.describe_table().table_name(name), "DescribeTable", name);
        let Some((answer, json)) = collector.answer(answered)? else { continue };
        collector.save_of("dynamodb", name, "describe-table", json)?;
        let backups = dynamodb.describe_continuous_backups().table_name(name);
        one!(collector, backups, "DescribeContinuousBackups", "dynamodb", name, "describe-continuous-backups");
        let expiry = dynamodb.describe_time_to_live().table_name(name);
        one!(collector, expiry, "DescribeTimeToLive", "dynamodb", name, "describe-time-to-live");
        let arn = answer.table().and_then(|table| table.table_arn()).unwrap_or_default();
        table_tags(collector, name, arn).await?;
    }
    Ok(())
}

async fn table_tags(collector: &mut Collector<'_>, name: &str, arn: &str) -> Result<(), CollectError> {
    let (mut tags, mut next) = (Vec::new(), None);
    loop {
        let request = collector.session.dynamodb.list_tags_of_resource().resource_arn(arn).set_next_token(next);
        let answered = sent!(request, "ListTagsOfResource", name);
        let Some((answer, json)) = collector.answer(answered)? else { return Ok(()) };
        tags.extend(json["Tags"].as_array().cloned().unwrap_or_default());
        next = answer.next_token;
        if next.is_none() {
            return collector.save_of("dynamodb", name, "list-tags-of-resource", json!({ "Tags": tags }));
        }
    }
}

async fn queues(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let sqs = &collector.session.sqs;
    let list = || sqs.list_queues().max_results(1000);
    let queues = pages!(collector, list(), set_next_token, next_token, "ListQueues", "sqs/list-queues", "QueueUrls");
    for url in queues.iter().filter_map(Json::as_str) {
        let name = url.rsplit('/').next().unwrap_or(url);
        let attributes = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
        one!(collector, attributes, "GetQueueAttributes", "sqs", name, "get-queue-attributes");
        one!(collector, sqs.list_queue_tags().queue_url(url), "ListQueueTags", "sqs", name, "list-queue-tags");
    }
    Ok(())
}

/// Without the address that the package can be loaded from, and with digests for settings: both may be secrets.
async fn functions(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let lambda = &collector.session.lambda;
    let (mut names, mut next) = (Vec::new(), None);
    loop {
        let sent = lambda.list_functions().set_marker(next).send().await;
        let answered = sent.map_err(crate::error::cloud("ListFunctions", "all"));
        let Some(page) = collector.answer(answered)? else { return Ok(()) };
        names.extend(page.functions().iter().filter_map(|one| one.function_name().map(str::to_owned)));
        next = page.next_marker;
        if next.is_none() {
            break;
        }
    }
    let listed: Vec<Json> = names.iter().map(|name| json!({ "FunctionName": name })).collect();
    collector.save("lambda/list-functions.json", json!({ "Functions": listed }))?;
    for name in &names {
        let answered = sent!(lambda.get_function().function_name(name), "GetFunction", name);
        if let Some((_, json)) = collector.answer(answered)? {
            collector.save_of("lambda", name, "get-function", without_secrets(json))?;
        }
        let policy = lambda.get_policy().function_name(name);
        one_or_nothing!(collector, policy, "GetPolicy", "lambda", name, "get-policy", &["ResourceNotFoundException"]);
    }
    Ok(())
}

fn without_secrets(mut function: Json) -> Json {
    if let Some(fields) = function.as_object_mut() {
        fields.remove("Code");
    }
    let variables = function["Configuration"]["Environment"]["Variables"].as_object_mut();
    for value in variables.into_iter().flat_map(|variables| variables.values_mut()) {
        let text = value.as_str().unwrap_or_default();
        *value = Json::String(format!("{DIGEST}{}", Digest::of(text.as_bytes())));
    }
    function
}

/// The account's own session documents; others may be programs.
async fn documents(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let ssm = &collector.session.ssm;
    let owner = DocumentKeyValuesFilter::builder().key("Owner").values("Self").build();
    let list = || ssm.list_documents().filters(owner.clone());
    let documents = pages!(
        collector,
        list(),
        set_next_token,
        next_token,
        "ListDocuments",
        "ssm/list-documents",
        "DocumentIdentifiers"
    );
    let sessions = documents.iter().filter(|one| text(one, "DocumentType") == "Session");
    for name in sessions.map(|one| text(one, "Name")) {
        let content = ssm.get_document().name(name).document_format(DocumentFormat::Json);
        one!(collector, content, "GetDocument", "ssm", name, "get-document");
        let tags = ssm.list_tags_for_resource().resource_type(ResourceTypeForTagging::Document).resource_id(name);
        one!(collector, tags, "ListTagsForResource", "ssm", name, "list-tags-for-resource");
    }
    Ok(())
}

async fn trails(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let cloudtrail = &collector.session.cloudtrail;
    let answered = sent!(cloudtrail.describe_trails().include_shadow_trails(true), "DescribeTrails", "all");
    let Some((_, json)) = collector.answer(answered)? else { return Ok(()) };
    let trails = json["trailList"].as_array().cloned().unwrap_or_default();
    collector.save("cloudtrail/describe-trails.json", json!({ "trailList": trails.clone() }))?;
    for arn in trails.iter().map(|trail| text(trail, "TrailARN")) {
        one!(
            collector,
            cloudtrail.get_trail_status().name(arn),
            "GetTrailStatus",
            "cloudtrail",
            arn,
            "get-trail-status"
        );
        let selectors = cloudtrail.get_event_selectors().trail_name(arn);
        one!(collector, selectors, "GetEventSelectors", "cloudtrail", arn, "get-event-selectors");
        one!(collector, cloudtrail.list_tags().resource_id_list(arn), "ListTags", "cloudtrail", arn, "list-tags");
    }
    Ok(())
}

async fn recorder(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let config = &collector.session.config;
    let answered = sent!(config.describe_configuration_recorders(), "DescribeConfigurationRecorders", "all");
    if let Some((_, json)) = collector.answer(answered)? {
        let recorders = json["ConfigurationRecorders"].as_array().cloned().unwrap_or_default();
        collector.save(
            "config/describe-configuration-recorders.json",
            json!({ "ConfigurationRecorders": recorders.clone() }),
        )?;
        for arn in recorders.iter().filter_map(|recorder| recorder["arn"].as_str()) {
            let tags = config.list_tags_for_resource().resource_arn(arn);
            one!(collector, tags, "ListTagsForResource", "config", arn, "list-tags-for-resource");
        }
    }
    let answered = sent!(config.describe_delivery_channels(), "DescribeDeliveryChannels", "all");
    if let Some((_, json)) = collector.answer(answered)? {
        collector.save("config/describe-delivery-channels.json", json)?;
    }
    let answered = sent!(config.describe_configuration_recorder_status(), "DescribeConfigurationRecorderStatus", "all");
    if let Some((_, json)) = collector.answer(answered)? {
        collector.save("config/describe-configuration-recorder-status.json", json)?;
    }
    Ok(())
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_the_packages_address_are_not_kept() {
        let function = json!({
            "Code": { "Location": "https://example.org/?X-Amz-Signature=1" },
            "Configuration": { "FunctionName": "f", "Environment": { "Variables": { "TOKEN": "hunter2" } } },
        });
        let kept = without_secrets(function).to_string();
        assert!(!kept.contains("hunter2") && !kept.contains("Signature"), "{kept}");
        assert!(
            kept.contains("\"TOKEN\":\"sha256:f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7\""),
            "{kept}"
        );
    }
}
