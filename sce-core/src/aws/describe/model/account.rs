//! What an account has once, and its log groups, filters and alarms.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Place;
use super::saved::{Saved, not_saved};
use super::stores::all_blocks;
use super::thing::{Thing, flag, items, known, map, number, optional, pairs, required, said, stated, text, texts};
use crate::aws::resource::{
    Alarm, ConfigRecorder, Detector, EbsEncryption, LogGroup, MetricFilter, PublicAccessBlock, Trail,
};
use crate::pit::Tags;
use crate::plan::Attributes;
use crate::value::Value;

type Things = Result<Vec<Thing>, String>;

/// The type of S3's objects in selectors.
const S3_OBJECTS: &str = "AWS::S3::Object";

/// Every trail that sees the region, an organisation's and those of other regions among them.
pub(super) fn trails(saved: &Saved) -> Things {
    let trails = saved.all("trailList", "cloudtrail describe-trails")?;
    let thing = |trail: &Json| {
        let (name, arn) = (text(trail, "Name"), text(trail, "TrailARN"));
        let listed = saved.with("ResourceTagList").flat_map(|document| items(document, "ResourceTagList"));
        let tags = listed.into_iter().find(|one| text(one, "ResourceId") == arn).map(|one| pairs(&one["TagsList"]));
        let tags = tags.ok_or_else(|| not_saved(&format!("cloudtrail list-tags --resource-id-list {arn}")));
        let attributes = Attributes { id: name.to_owned(), arn: Some(arn.to_owned()) };
        Thing::new(attributes, name, Tags::new(), read_trail(saved, trail)).tagged(tags)
    };
    Ok(trails.into_iter().map(thing).collect())
}

/// ARNs that the ARNs of recorded objects begin with, by the selectors of trails that are logging.
pub(super) fn data_events(saved: &Saved) -> BTreeSet<String> {
    let trails = saved.all("trailList", "cloudtrail describe-trails").unwrap_or_default().into_iter();
    let arns = trails.map(|trail| text(trail, "TrailARN"));
    let logging = arns.filter(|arn| is_logging(saved, arn) == Ok(true));
    logging.filter_map(|arn| selectors(saved, arn).ok()).flat_map(recorded_objects).collect()
}

/// The region's recorder; those that AWS services keep for themselves aside.
pub(super) fn recorders(saved: &Saved) -> Things {
    let recorders = saved.all("ConfigurationRecorders", "configservice describe-configuration-recorders")?.into_iter();
    let customers = recorders.filter(|one| said(one, "servicePrincipal").is_none());
    let thing = |recorder: &Json| {
        let name = text(recorder, "name");
        let arn = said(recorder, "arn").map(str::to_owned);
        // One whose ARN is not told has no tags that could be asked for.
        let tags = arn.as_deref().map_or(Ok(Tags::new()), |arn| {
            saved.of("config", arn, "list-tags-for-resource").map(|answer| pairs(&answer["Tags"]))
        });
        let attributes = Attributes { id: name.to_owned(), arn };
        Thing::new(attributes, name, Tags::new(), read_recorder(saved, recorder)).tagged(tags)
    };
    Ok(customers.map(thing).collect())
}

pub(super) fn ebs_encryption(saved: &Saved, place: &Place) -> Things {
    let key = "EbsEncryptionByDefault";
    let answer = saved.agreed(key, "the region", |document| document.get(key))?.and_then(Json::as_bool);
    let by_default = answer.ok_or_else(|| not_saved("ec2 get-ebs-encryption-by-default"))?;
    Ok(vec![Thing::plain(place.region.as_str(), Ok(EbsEncryption { by_default }))])
}

/// The account's block, which lies apart from those of buckets; an account that never set one has none.
pub(super) fn public_access_block(saved: &Saved, place: &Place) -> Things {
    let of_bucket = |path: &str| path.rsplit('/').nth(2) == Some("s3");
    let mut answers = saved.with_paths("PublicAccessBlockConfiguration").filter(|(path, _)| !of_bucket(path));
    let account = place.account.as_str();
    let Some((_, answer)) = answers.next() else {
        let asked = saved.of("s3control", account, "get-public-access-block");
        let call = format!("s3control get-public-access-block --account-id {account}");
        return asked.map(|_| Vec::new()).map_err(|_| not_saved(&call));
    };
    let blocked = all_blocks(&answer["PublicAccessBlockConfiguration"]);
    Ok(vec![Thing::plain(account, Ok(PublicAccessBlock { blocked }))])
}

/// The region's detector.
pub(super) fn detectors(saved: &Saved) -> Things {
    let ids = saved.all("DetectorIds", "guardduty list-detectors")?;
    let thing = |id: &str| {
        let answer = saved.of("guardduty", id, "get-detector");
        let tags = answer.clone().map(|answer| map(&answer["Tags"]));
        let properties = answer.map(|answer| Detector { enabled: text(answer, "Status") == "ENABLED" });
        Thing::plain(id, properties).tagged(tags)
    };
    Ok(ids.into_iter().filter_map(Json::as_str).map(thing).collect())
}

pub(super) fn log_groups(saved: &Saved) -> Things {
    let groups = saved.all("logGroups", "logs describe-log-groups")?;
    let read = |group: &Json| {
        Ok(LogGroup { retention_days: number(&group["retentionInDays"]), key: optional(group, "kmsKeyId")? })
    };
    let thing = |group: &Json| {
        let name = text(group, "logGroupName");
        // Without the `:*` for the group's streams (Logs API reference, `LogGroup`).
        let arn = said(group, "logGroupArn").or(said(group, "arn"));
        let arn = arn.map(|arn| arn.strip_suffix(":*").unwrap_or(arn).to_owned());
        let tags = saved.of("logs", name, "list-tags-for-resource").map(|answer| map(&answer["tags"]));
        Thing::new(Attributes { id: name.to_owned(), arn }, name, Tags::new(), read(group)).tagged(tags)
    };
    Ok(groups.into_iter().map(thing).collect())
}

/// Filters with a metric; one without counts nothing.
pub(super) fn metric_filters(saved: &Saved) -> Things {
    let filters = saved.all("metricFilters", "logs describe-metric-filters")?;
    let thing = |filter: &Json| {
        let metric = items(filter, "metricTransformations").next()?;
        let properties = MetricFilter {
            log_group: Value::Known(text(filter, "logGroupName").to_owned()),
            pattern: text(filter, "filterPattern").to_owned(),
            namespace: text(metric, "metricNamespace").to_owned(),
            metric: text(metric, "metricName").to_owned(),
            value: text(metric, "metricValue").to_owned(),
        };
        Some(Thing::plain(text(filter, "filterName"), Ok(properties)))
    };
    Ok(filters.into_iter().filter_map(thing).collect())
}

/// Alarms on one metric; those on expressions are none of these.
pub(super) fn alarms(saved: &Saved) -> Things {
    let alarms = saved.all("MetricAlarms", "cloudwatch describe-alarms")?.into_iter();
    let on_metric = alarms.filter(|alarm| said(alarm, "MetricName").is_some() && said(alarm, "Namespace").is_some());
    let thing = |alarm: &Json| {
        let (name, arn) = (text(alarm, "AlarmName"), text(alarm, "AlarmArn"));
        let tags = saved.of("cloudwatch", arn, "list-tags-for-resource").map(|answer| pairs(&answer["Tags"]));
        let attributes = Attributes { id: name.to_owned(), arn: Some(arn.to_owned()) };
        Thing::new(attributes, name, Tags::new(), read_alarm(alarm)).tagged(tags)
    };
    Ok(on_metric.map(thing).collect())
}

fn read_trail(saved: &Saved, trail: &Json) -> Result<Trail, String> {
    let arn = text(trail, "TrailARN");
    let group = said(trail, "CloudWatchLogsLogGroupArn").map(|arn| arn.strip_suffix(":*").unwrap_or(arn));
    let group = group.map(|arn| arn.parse().map(Value::Known)).transpose();
    Ok(Trail {
        bucket: text(trail, "S3BucketName").to_owned(),
        key: optional(trail, "KmsKeyId")?,
        log_group: group.map_err(|error| format!("its log group: {error}"))?,
        log_group_role: optional(trail, "CloudWatchLogsRoleArn")?,
        all_regions: flag(trail, "IsMultiRegionTrail"),
        global_events: flag(trail, "IncludeGlobalServiceEvents"),
        validated: flag(trail, "LogFileValidationEnabled"),
        management_events: records_management(selectors(saved, arn)?)?,
        organization: stated(trail, "IsOrganizationTrail")?,
        logging: is_logging(saved, arn)?,
    })
}

fn is_logging(saved: &Saved, arn: &str) -> Result<bool, String> {
    saved.of("cloudtrail", arn, "get-trail-status").map(|answer| flag(answer, "IsLogging"))
}

fn selectors<'a>(saved: &'a Saved, arn: &str) -> Result<&'a Json, String> {
    let found = saved.agreed("TrailARN", arn, |document| Some(document).filter(|one| text(one, "TrailARN") == arn))?;
    found.ok_or_else(|| not_saved(&format!("cloudtrail get-event-selectors --trail-name {arn}")))
}

fn records_management(selectors: &Json) -> Result<bool, String> {
    for selector in items(selectors, "EventSelectors") {
        stated(selector, "IncludeManagementEvents")?;
        required(selector, "ReadWriteType")?;
    }
    Ok(items(selectors, "EventSelectors").any(is_plain_management)
        || items(selectors, "AdvancedEventSelectors").any(is_all_management))
}

fn reads_and_writes(selector: &Json) -> bool {
    text(selector, "ReadWriteType") == "All"
}

fn is_plain_management(selector: &Json) -> bool {
    flag(selector, "IncludeManagementEvents")
        && reads_and_writes(selector)
        && items(selector, "ExcludeManagementEventSources").next().is_none()
}

/// Whether it selects every call that manages things: any further field would leave some out.
fn is_all_management(selector: &Json) -> bool {
    let fields: Vec<&Json> = items(selector, "FieldSelectors").collect();
    matches!(fields.as_slice(), [field] if text(field, "Field") == "eventCategory" && equals(field, "Management"))
}

fn equals(field: &Json, value: &str) -> bool {
    texts(field, "Equals").eq([value])
}

/// ARNs that the ARNs of recorded objects begin with, where both reading and writing is recorded.
fn recorded_objects(selectors: &Json) -> Vec<String> {
    let basic = items(selectors, "EventSelectors").filter(|selector| reads_and_writes(selector));
    let basic = basic.flat_map(|selector| items(selector, "DataResources"));
    let basic = basic.filter(|resource| text(resource, "Type") == S3_OBJECTS).flat_map(|it| texts(it, "Values"));
    let advanced = items(selectors, "AdvancedEventSelectors").flat_map(prefixes);
    basic.map(str::to_owned).chain(advanced).collect()
}

fn prefixes(selector: &Json) -> Vec<String> {
    let fields = || items(selector, "FieldSelectors");
    let is = |name: &str, value: &str| fields().any(|field| text(field, "Field") == name && equals(field, value));
    let only = |field: &Json| ["eventCategory", "resources.type", "resources.ARN"].contains(&text(field, "Field"));
    if !is("eventCategory", "Data") || !is("resources.type", S3_OBJECTS) || !fields().all(only) {
        return Vec::new();
    }
    let excludes = |field: &Json| {
        ["NotStartsWith", "NotEquals", "NotEndsWith"].iter().any(|key| items(field, key).next().is_some())
    };
    match fields().find(|field| text(field, "Field") == "resources.ARN") {
        None => vec!["arn:aws:s3".to_owned()],
        // A field that also excludes records less than its prefixes say.
        Some(field) if !excludes(field) => texts(field, "StartsWith").map(str::to_owned).collect(),
        Some(_) => Vec::new(),
    }
}

fn read_recorder(saved: &Saved, recorder: &Json) -> Result<ConfigRecorder, String> {
    let group = &recorder["recordingGroup"];
    let channels = saved.all("DeliveryChannels", "configservice describe-delivery-channels")?;
    let call = "configservice describe-configuration-recorder-status";
    let states = saved.all("ConfigurationRecordersStatus", call)?;
    let state = states.into_iter().find(|state| state["name"] == recorder["name"]);
    Ok(ConfigRecorder {
        role: known(recorder, "roleARN")?,
        everything: flag(group, "allSupported"),
        global_resources: flag(group, "includeGlobalResourceTypes"),
        bucket: channels.first().and_then(|channel| said(channel, "s3BucketName")).map(str::to_owned),
        recording: state.is_some_and(|state| flag(state, "recording")),
    })
}

fn read_alarm(alarm: &Json) -> Result<Alarm, String> {
    let count = |key: &str| number(&alarm[key]).ok_or_else(|| format!("`{key}` is missing"));
    let tells = texts(alarm, "AlarmActions").map(str::parse);
    let threshold = alarm["Threshold"].as_f64().ok_or_else(|| "`Threshold` is missing".to_owned())?;
    Ok(Alarm {
        namespace: text(alarm, "Namespace").to_owned(),
        metric: text(alarm, "MetricName").to_owned(),
        statistic: text(alarm, "Statistic").to_owned(),
        period_seconds: count("Period")?,
        periods: count("EvaluationPeriods")?,
        comparison: text(alarm, "ComparisonOperator").to_owned(),
        threshold: threshold.to_string(),
        missing_data: said(alarm, "TreatMissingData").unwrap_or("missing").to_owned(),
        tells: tells.collect::<Result<_, _>>().map_err(|error| format!("whom it tells: {error}"))?,
        enabled: flag(alarm, "ActionsEnabled"),
    })
}
