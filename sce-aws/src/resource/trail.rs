//! CloudTrail trails, and what their event selectors say.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType, Tag, Trail as SdkTrail,
};
use sce_core::aws::arn::Arn;
use sce_core::aws::resource::{Difference, Properties, Trail};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::{PASSING, unless_own_work};
use super::stays;
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently};
use crate::session::Session;

/// CloudTrail takes one change a second (CloudTrail user guide, "Quotas in AWS CloudTrail").
const PACE: Duration = Duration::from_secs(1);

/// The type of S3's objects in selectors.
const S3_OBJECTS: &str = "AWS::S3::Object";

/// A trail as it was read: its ARN, its properties, and the objects whose data events it records.
pub(crate) struct Seen {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) trail: Trail,
    pub(crate) data_events: BTreeSet<String>,
}

/// Finds the trail by its name and home.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Trail>) -> Result<Option<Found>, CloudError> {
    let label = wanted.label();
    let (name, home) = (wanted.node.name.as_str(), session.region().as_str());
    let listed = described(session, label).await?;
    let ours = |trail: &&SdkTrail| trail.name() == Some(name) && trail.home_region() == Some(home);
    let Some(trail) = listed.iter().find(ours) else { return Ok(None) };
    let seen = read(session, label, trail).await?;
    let tags = tags_of(session, label, &seen.arn).await?;
    let attributes = Attributes { id: seen.name, arn: Some(seen.arn) };
    Ok(Some(Found { attributes, properties: seen.trail.into(), tags }))
}

/// Every trail that sees the session's region, an organisation's and those of other regions among them.
pub(crate) async fn all(session: &Session) -> Result<Vec<Seen>, CloudError> {
    let mut seen = Vec::new();
    for trail in described(session, "account-trail").await? {
        seen.push(read(session, "account-trail", &trail).await?);
    }
    Ok(seen)
}

/// CloudTrail tries bucket, key and role at once, and may not see yet what was just allowed (aws-behaviour 1c).
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Trail>) -> Result<(), CloudError> {
    let planned = wanted.properties;
    let send = || async {
        let request = session.cloudtrail.create_trail().name(&wanted.node.name).s3_bucket_name(&planned.bucket);
        let request = request.set_kms_key_id(planned.key.as_ref().map(ToString::to_string));
        let request = request.set_cloud_watch_logs_log_group_arn(streams(planned));
        let request = request.set_cloud_watch_logs_role_arn(planned.log_group_role.as_ref().map(ToString::to_string));
        let request = request.is_multi_region_trail(planned.all_regions);
        let request = request.include_global_service_events(planned.global_events);
        let request = request.enable_log_file_validation(planned.validated);
        let request = request.is_organization_trail(planned.organization);
        let request = request.set_tags_list(Some(trail_tags(&wanted.node.tags)));
        request.send().await.map_err(cloud("CreateTrail", wanted.label()))
    };
    match patiently(session, PASSING, is_passing, send).await {
        Err(error) if error.trouble == Trouble::AlreadyExists => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())
        }
        other => other.map(|_| ()),
    }
}

/// The trail itself, then what it records, then that it records at all. Other selectors stay.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Trail>,
    found: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    let (planned, label, name) = (wanted.properties, wanted.label(), wanted.node.name.as_str());
    let changed = |fields: &[&str]| differences.iter().any(|difference| fields.contains(&difference.field.as_str()));
    if matches!(&found.properties, Properties::Trail(trail) if trail.organization) {
        let message = "it is an organisation's trail, which only its owner changes";
        return Err(CloudError::plain("UpdateTrail", label, Trouble::Refused, message));
    }
    if changed(&["bucket", "key", "log_group", "log_group_role", "all_regions", "global_events", "validated"]) {
        let send = || async {
            let request = session.cloudtrail.update_trail().name(name).s3_bucket_name(&planned.bucket);
            let request = request.set_kms_key_id(planned.key.as_ref().map(ToString::to_string));
            let request = request.set_cloud_watch_logs_log_group_arn(streams(planned));
            let role = planned.log_group_role.as_ref().map(ToString::to_string);
            let request = request.set_cloud_watch_logs_role_arn(role);
            let request = request.is_multi_region_trail(planned.all_regions);
            let request = request.include_global_service_events(planned.global_events);
            let request = request.enable_log_file_validation(planned.validated);
            request.send().await.map_err(cloud("UpdateTrail", label))
        };
        patiently(session, PASSING, is_passing, send).await?;
        session.world.sleep(PACE).await;
    }
    if changed(&["management_events"]) {
        let selectors = selectors(session, label, name).await?;
        let mut kept = advanced(&selectors).ok_or_else(|| custom(label))?;
        if !kept.iter().any(is_all_management) {
            kept.insert(0, management());
        }
        put_selectors(session, label, name, kept).await?;
    }
    if changed(&["logging"]) {
        let sent = session.cloudtrail.start_logging().name(name).send().await;
        sent.map_err(cloud("StartLogging", label))?;
    }
    Ok(())
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let request = session.cloudtrail.add_tags().set_resource_id(found.attributes.arn.clone());
    let request = request.set_tags_list(Some(trail_tags(&node.tags)));
    request.send().await.map_err(cloud("AddTags", node.id.as_str()))?;
    Ok(())
}

/// It stays.
pub(crate) async fn delete(_: &Session, node: &Node, _: &Found) -> Result<Deleted, CloudError> {
    stays("DeleteTrail", node)
}

/// What the trail's selectors are.
pub(crate) async fn selectors(
    session: &Session,
    label: &str,
    trail: &str,
) -> Result<GetEventSelectorsOutput, CloudError> {
    let sent = session.cloudtrail.get_event_selectors().trail_name(trail).send().await;
    sent.map_err(cloud("GetEventSelectors", label))
}

/// Replaces the trail's selectors, and waits as long as CloudTrail asks between changes.
pub(crate) async fn put_selectors(
    session: &Session,
    label: &str,
    trail: &str,
    selectors: Vec<AdvancedEventSelector>,
) -> Result<(), CloudError> {
    let request = session.cloudtrail.put_event_selectors().trail_name(trail);
    let request = request.set_advanced_event_selectors(Some(selectors));
    request.send().await.map_err(cloud("PutEventSelectors", label))?;
    session.world.sleep(PACE).await;
    Ok(())
}

/// The selectors in their advanced form; none where they are of the basic form and say more than a new trail's, which no rule of
/// ours could say again without loss.
pub(crate) fn advanced(found: &GetEventSelectorsOutput) -> Option<Vec<AdvancedEventSelector>> {
    let basic = found.event_selectors();
    if basic.is_empty() || !found.advanced_event_selectors().is_empty() {
        return Some(found.advanced_event_selectors().to_vec());
    }
    let plain = |selector: &EventSelector| is_plain_management(selector) && selector.data_resources().is_empty();
    basic.iter().all(plain).then(|| vec![management()])
}

/// What to do where selectors are of the basic form.
pub(crate) fn custom(label: &str) -> CloudError {
    let message =
        "its event selectors are of the basic form and not a new trail's: change them to advanced ones by hand";
    CloudError::plain("PutEventSelectors", label, Trouble::Refused, message)
}

/// All calls that manage things.
pub(crate) fn management() -> AdvancedEventSelector {
    selector("management events", &[("eventCategory", "Management")], None)
}

/// All data events of the objects whose ARNs begin so.
pub(crate) fn data_events(name: &str, prefixes: Vec<String>) -> AdvancedEventSelector {
    selector(name, &[("eventCategory", "Data"), ("resources.type", S3_OBJECTS)], Some(prefixes))
}

fn selector(name: &str, equal: &[(&str, &str)], prefixes: Option<Vec<String>>) -> AdvancedEventSelector {
    let field = |name: &str| AdvancedFieldSelector::builder().field(name);
    let equal = equal.iter().map(|(name, value)| field(name).equals(*value).build());
    let begins = prefixes.map(|prefixes| field("resources.ARN").set_starts_with(Some(prefixes)).build());
    let fields: Result<Vec<_>, _> = equal.chain(begins).collect();
    let fields = fields.expect("each has the name of its field");
    let built = AdvancedEventSelector::builder().name(name).set_field_selectors(Some(fields)).build();
    built.expect("it has its fields")
}

async fn described(session: &Session, label: &str) -> Result<Vec<SdkTrail>, CloudError> {
    let sent = session.cloudtrail.describe_trails().include_shadow_trails(true).send().await;
    Ok(sent.map_err(cloud("DescribeTrails", label))?.trail_list.unwrap_or_default())
}

async fn read(session: &Session, label: &str, trail: &SdkTrail) -> Result<Seen, CloudError> {
    let unreadable = |what: &str| CloudError::unreadable("DescribeTrails", label, what);
    let arn = trail.trail_arn().ok_or_else(|| unreadable("a trail without ARN"))?;
    let status = session.cloudtrail.get_trail_status().name(arn).send().await;
    let status = status.map_err(cloud("GetTrailStatus", label))?;
    let selectors = selectors(session, label, arn).await?;
    let parsed = |text: Option<&str>| -> Result<Option<Value<Arn>>, CloudError> {
        let text = text.filter(|text| !text.is_empty());
        text.map(|text| text.parse().map(Value::Known).map_err(|_| unreadable("a key, group or role without ARN")))
            .transpose()
    };
    let group = trail.cloud_watch_logs_log_group_arn().map(|arn| arn.strip_suffix(":*").unwrap_or(arn));
    let properties = Trail {
        bucket: trail.s3_bucket_name().unwrap_or_default().to_owned(),
        key: parsed(trail.kms_key_id())?,
        log_group: parsed(group)?,
        log_group_role: parsed(trail.cloud_watch_logs_role_arn())?,
        all_regions: trail.is_multi_region_trail().unwrap_or_default(),
        global_events: trail.include_global_service_events().unwrap_or_default(),
        validated: trail.log_file_validation_enabled().unwrap_or_default(),
        management_events: records_management(&selectors),
        organization: trail.is_organization_trail().unwrap_or_default(),
        logging: status.is_logging().unwrap_or_default(),
    };
    Ok(Seen {
        name: trail.name().unwrap_or(arn).to_owned(),
        arn: arn.to_owned(),
        trail: properties,
        data_events: recorded_objects(&selectors),
    })
}

async fn tags_of(session: &Session, label: &str, arn: &str) -> Result<Tags, CloudError> {
    let sent = session.cloudtrail.list_tags().resource_id_list(arn).send().await;
    let answer = sent.map_err(cloud("ListTags", label))?;
    let tags = answer.resource_tag_list().iter().flat_map(|one| one.tags_list());
    Ok(tags.map(|tag| (tag.key().to_owned(), tag.value().unwrap_or_default().to_owned())).collect())
}

/// CloudTrail wants the group's ARN with its streams (CloudTrail API reference, `CreateTrail`).
fn streams(trail: &Trail) -> Option<String> {
    trail.log_group.as_ref().map(|arn| format!("{arn}:*"))
}

fn trail_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

fn records_management(selectors: &GetEventSelectorsOutput) -> bool {
    selectors.event_selectors().iter().any(is_plain_management)
        || selectors.advanced_event_selectors().iter().any(is_all_management)
}

fn is_plain_management(selector: &EventSelector) -> bool {
    selector.include_management_events().unwrap_or(true)
        && selector.read_write_type().unwrap_or(&ReadWriteType::All) == &ReadWriteType::All
        && selector.exclude_management_event_sources().is_empty()
}

/// Whether it selects every call that manages things: any further field would leave some out.
fn is_all_management(selector: &AdvancedEventSelector) -> bool {
    matches!(selector.field_selectors(), [field] if field.field() == "eventCategory" && field.equals() == ["Management"])
}

/// ARNs that the ARNs of recorded objects begin with, where both reading and writing is recorded.
fn recorded_objects(selectors: &GetEventSelectorsOutput) -> BTreeSet<String> {
    let basic = selectors.event_selectors().iter();
    let basic =
        basic.filter(|selector| selector.read_write_type().unwrap_or(&ReadWriteType::All) == &ReadWriteType::All);
    let basic = basic.flat_map(|selector| selector.data_resources());
    let basic = basic.filter(|resource| resource.r#type() == Some(S3_OBJECTS)).flat_map(|resource| resource.values());
    let advanced = selectors.advanced_event_selectors().iter().flat_map(prefixes);
    basic.cloned().chain(advanced).collect()
}

fn prefixes(selector: &AdvancedEventSelector) -> Vec<String> {
    let fields = selector.field_selectors();
    let is = |name: &str, value: &str| fields.iter().any(|field| field.field() == name && field.equals() == [value]);
    let only =
        |field: &AdvancedFieldSelector| ["eventCategory", "resources.type", "resources.ARN"].contains(&field.field());
    if !is("eventCategory", "Data") || !is("resources.type", S3_OBJECTS) || !fields.iter().all(only) {
        return Vec::new();
    }
    match fields.iter().find(|field| field.field() == "resources.ARN") {
        None => vec!["arn:aws:s3".to_owned()],
        // A field that also excludes records less than its prefixes say.
        Some(field)
            if field.not_starts_with().is_empty()
                && field.not_equals().is_empty()
                && field.not_ends_with().is_empty() =>
        {
            field.starts_with().to_vec()
        }
        Some(_) => Vec::new(),
    }
}

/// What was just allowed and is not seen yet, or another change that is under way.
fn is_passing(error: &CloudError) -> bool {
    const PASSING_CODES: [&str; 6] = [
        "ConflictException",
        "InsufficientEncryptionPolicyException",
        "InsufficientS3BucketPolicyException",
        "InvalidCloudWatchLogsLogGroupArnException",
        "InvalidCloudWatchLogsRoleArnException",
        "KmsKeyNotFoundException",
    ];
    error.trouble == Trouble::Throttled || PASSING_CODES.iter().any(|code| error.has_code(code))
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudtrail::types::DataResource;

    use super::*;

    fn found(basic: Vec<EventSelector>, advanced: Vec<AdvancedEventSelector>) -> GetEventSelectorsOutput {
        GetEventSelectorsOutput::builder()
            .set_event_selectors(Some(basic))
            .set_advanced_event_selectors(Some(advanced))
            .build()
    }

    #[test]
    fn a_new_trails_selector_is_said_again_and_a_custom_one_is_not() {
        let plain = EventSelector::builder().include_management_events(true).read_write_type(ReadWriteType::All);
        let new = found(vec![plain.clone().build()], vec![]);
        assert_eq!(advanced(&new), Some(vec![management()]));
        assert!(records_management(&new));
        let objects = DataResource::builder().r#type(S3_OBJECTS).values("arn:aws:s3:::theirs/").build();
        let custom = found(vec![plain.data_resources(objects).build()], vec![]);
        assert_eq!(advanced(&custom), None);
        assert_eq!(recorded_objects(&custom), ["arn:aws:s3:::theirs/".to_owned()].into());
    }

    #[test]
    fn only_what_records_both_ways_and_leaves_nothing_out_counts() {
        let ours = data_events("sce hipaa", vec!["arn:aws:s3:::hipaa-data/".to_owned()]);
        assert_eq!(
            recorded_objects(&found(vec![], vec![ours.clone()])),
            ["arn:aws:s3:::hipaa-data/".to_owned()].into()
        );
        let writes = AdvancedFieldSelector::builder().field("readOnly").equals("false").build().unwrap();
        let fields = ours.field_selectors().iter().cloned().chain([writes]).collect();
        let half = AdvancedEventSelector::builder().set_field_selectors(Some(fields)).build().unwrap();
        assert!(recorded_objects(&found(vec![], vec![half])).is_empty());
        let everything = selector("all", &[("eventCategory", "Data"), ("resources.type", S3_OBJECTS)], None);
        assert_eq!(recorded_objects(&found(vec![], vec![everything])), ["arn:aws:s3".to_owned()].into());
    }

    #[test]
    fn management_events_with_a_filter_are_not_all_of_them() {
        let writes = selector("w", &[("eventCategory", "Management"), ("readOnly", "false")], None);
        assert!(!records_management(&found(vec![], vec![writes])));
        assert!(records_management(&found(vec![], vec![management()])));
    }
}
