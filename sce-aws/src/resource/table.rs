//! DynamoDB tables.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, PointInTimeRecoverySpecification,
    PointInTimeRecoveryStatus, ScalarAttributeType, SseSpecification, SseStatus, SseType, TableDescription,
    TableStatus, Tag, TimeToLiveSpecification, TimeToLiveStatus,
};
use sce_core::aws::arn::Arn;
use sce_core::aws::resource::{Difference, Table};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::bucket::key_arn;
use super::kms_prefix;
use super::role::{gone, unless_own_work};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently, poll};
use crate::session::Session;

/// How long a table takes to be made, changed or deleted, and its backups to be ready, at worst (aws-behaviour 1d).
const SLOW: Duration = Duration::from_secs(1200);

/// Finds the table by its name. One that is being deleted is none.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Table>) -> Result<Option<Found>, CloudError> {
    let node = wanted.node;
    let Some(table) = described(session, node).await? else { return Ok(None) };
    match read(session, node, &table).await {
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// Encrypted, protected and tagged from the first moment. Many tables being made at once is a matter of waiting.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Table>) -> Result<(), CloudError> {
    let table = wanted.properties;
    let keys = [(Some(&table.partition_key), KeyType::Hash), (table.sort_key.as_ref(), KeyType::Range)];
    let keys: Vec<(&String, KeyType)> = keys.into_iter().filter_map(|(name, kind)| Some((name?, kind))).collect();
    let send = || async {
        let mut request = session.dynamodb.create_table().table_name(&wanted.node.name);
        for (name, kind) in &keys {
            let text = AttributeDefinition::builder().attribute_name(*name).attribute_type(ScalarAttributeType::S);
            let key = KeySchemaElement::builder().attribute_name(*name).key_type(kind.clone());
            request = request.attribute_definitions(text.build().expect("name and type are given"));
            request = request.key_schema(key.build().expect("name and type are given"));
        }
        let request = request.billing_mode(billing(table));
        let request = request.sse_specification(encryption(table));
        let request = request.deletion_protection_enabled(table.deletion_protection);
        let request = request.set_tags(Some(dynamodb_tags(&wanted.node.tags)));
        request.send().await.map_err(cloud("CreateTable", wanted.label()))
    };
    match patiently(session, SLOW, is_crowded, send).await {
        Err(error) if error.trouble == Trouble::InUse => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())
        }
        other => other.map(drop),
    }?;
    await_active(session, wanted.node).await
}

/// One change after another: DynamoDB takes none while another is under way.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Table>,
    found: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    for difference in differences {
        let passes = |error: &CloudError| error.trouble == Trouble::InUse || is_crowded(error);
        patiently(session, SLOW, passes, || change(session, wanted, found, &difference.field)).await?;
        await_active(session, wanted.node).await?;
    }
    Ok(())
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let request = session.dynamodb.tag_resource().set_resource_arn(found.attributes.arn.clone());
    let request = request.set_tags(Some(dynamodb_tags(&node.tags)));
    request.send().await.map(drop).map_err(cloud("TagResource", node.id.as_str()))
}

/// Takes off its protection and its recovery, then deletes it: with recovery on, AWS would keep a copy for 35 days (DynamoDB developer
/// guide, "Point-in-time recovery: deleting a table").
pub(crate) async fn delete(session: &Session, node: &Node, _: &Found) -> Result<Deleted, CloudError> {
    let passes = |error: &CloudError| error.trouble == Trouble::InUse || is_crowded(error);
    let send = || async {
        put_protection(session, node, false).await?;
        put_recovery(session, node, false).await?;
        let sent = session.dynamodb.delete_table().table_name(&node.name).send().await;
        sent.map(drop).map_err(cloud("DeleteTable", node.id.as_str()))
    };
    gone(patiently(session, SLOW, passes, send).await)?;
    let is_gone = || async { Ok(raw(session, node).await?.is_none().then_some(Deleted::Gone)) };
    let still_there =
        || CloudError::plain("DeleteTable", node.id.as_str(), Trouble::InUse, "still there after twenty minutes");
    poll(session, SLOW, is_gone).await?.ok_or_else(still_there)
}

async fn described(session: &Session, node: &Node) -> Result<Option<TableDescription>, CloudError> {
    Ok(raw(session, node).await?.filter(|table| table.table_status() != Some(&TableStatus::Deleting)))
}

async fn raw(session: &Session, node: &Node) -> Result<Option<TableDescription>, CloudError> {
    let sent = session.dynamodb.describe_table().table_name(&node.name).send().await;
    match sent.map_err(cloud("DescribeTable", node.id.as_str())) {
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        other => Ok(other?.table),
    }
}

async fn read(session: &Session, node: &Node, table: &TableDescription) -> Result<Found, CloudError> {
    let label = node.id.as_str();
    let arn = table.table_arn().ok_or_else(|| CloudError::unreadable("DescribeTable", label, "no ARN"))?;
    let (point_in_time_recovery, expiry, tags) =
        tokio::try_join!(recovery(session, node), expiry(session, node), tags_of(session, label, arn))?;
    let mut properties =
        properties(&kms_prefix(session), table).map_err(|why| CloudError::unreadable("DescribeTable", label, why))?;
    properties.point_in_time_recovery = point_in_time_recovery;
    properties.expiry = expiry;
    let attributes = Attributes { id: node.name.clone(), arn: Some(arn.to_owned()) };
    Ok(Found { attributes, properties: properties.into(), tags })
}

/// What the description says; recovery and expiry are answers of their own.
fn properties(kms: &str, table: &TableDescription) -> Result<Table, String> {
    let key_of = |kind: &KeyType| {
        let name = table.key_schema().iter().find(|key| key.key_type() == kind)?.attribute_name();
        let is_this = |definition: &&AttributeDefinition| definition.attribute_name() == name;
        let kind = table.attribute_definitions().iter().find(is_this)?.attribute_type();
        // A key that is no text is none of ours; it shows as a name that no plan has.
        Some(if *kind == ScalarAttributeType::S { name.to_owned() } else { format!("{name} ({})", kind.as_str()) })
    };
    let billing = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
    let encryption = table.sse_description();
    let by_key = encryption.is_some_and(|encryption| {
        matches!(encryption.status(), Some(SseStatus::Enabled | SseStatus::Enabling | SseStatus::Updating))
            && encryption.sse_type() == Some(&SseType::Kms)
    });
    let key: Option<Arn> = match encryption.filter(|_| by_key).map(|encryption| encryption.kms_master_key_arn()) {
        None => None,
        Some(key) => Some(key.and_then(|key| key_arn(kms, Some(key))).ok_or_else(|| "its key has no name".to_owned())?),
    };
    Ok(Table {
        partition_key: key_of(&KeyType::Hash).ok_or_else(|| "no partition key".to_owned())?,
        sort_key: key_of(&KeyType::Range),
        on_demand: billing == Some(&BillingMode::PayPerRequest),
        key: key.map(Value::Known),
        point_in_time_recovery: false,
        deletion_protection: table.deletion_protection_enabled() == Some(true),
        expiry: None,
    })
}

async fn recovery(session: &Session, node: &Node) -> Result<bool, CloudError> {
    let sent = session.dynamodb.describe_continuous_backups().table_name(&node.name).send().await;
    let answer = sent.map_err(cloud("DescribeContinuousBackups", node.id.as_str()))?;
    let backups = answer.continuous_backups_description;
    let recovery = backups.and_then(|backups| backups.point_in_time_recovery_description);
    let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
    Ok(status == Some(PointInTimeRecoveryStatus::Enabled))
}

async fn expiry(session: &Session, node: &Node) -> Result<Option<String>, CloudError> {
    let sent = session.dynamodb.describe_time_to_live().table_name(&node.name).send().await;
    let answer = sent.map_err(cloud("DescribeTimeToLive", node.id.as_str()))?;
    let on = |status: Option<&TimeToLiveStatus>| {
        matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
    };
    let expiry = answer.time_to_live_description.filter(|expiry| on(expiry.time_to_live_status()));
    Ok(expiry.and_then(|expiry| expiry.attribute_name))
}

async fn tags_of(session: &Session, label: &str, arn: &str) -> Result<Tags, CloudError> {
    let (mut tags, mut next) = (Tags::new(), None);
    loop {
        let request = session.dynamodb.list_tags_of_resource().resource_arn(arn).set_next_token(next);
        let answer = request.send().await.map_err(cloud("ListTagsOfResource", label))?;
        tags.extend(answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
        next = answer.next_token;
        if next.is_none() {
            return Ok(tags);
        }
    }
}

async fn await_active(session: &Session, node: &Node) -> Result<(), CloudError> {
    let label = node.id.as_str();
    let active = || async {
        let table = raw(session, node).await?;
        let active = table.is_some_and(|table| {
            let settled = table.sse_description().and_then(|encryption| encryption.status());
            table.table_status() == Some(&TableStatus::Active)
                && !matches!(settled, Some(SseStatus::Enabling | SseStatus::Updating | SseStatus::Disabling))
        });
        Ok(active.then_some(()))
    };
    let slow = || CloudError::plain("DescribeTable", label, Trouble::InUse, "not active after twenty minutes");
    poll(session, SLOW, active).await?.ok_or_else(slow)
}

async fn change(session: &Session, wanted: &Wanted<'_, Table>, found: &Found, field: &str) -> Result<(), CloudError> {
    let (node, table) = (wanted.node, wanted.properties);
    match field {
        "point_in_time_recovery" => put_recovery(session, node, table.point_in_time_recovery).await,
        "deletion_protection" => put_protection(session, node, table.deletion_protection).await,
        "expiry" => {
            let present = match &found.properties {
                sce_core::aws::resource::Properties::Table(present) => present.expiry.clone(),
                _ => None,
            };
            put_expiry(session, node, table.expiry.as_ref(), present).await
        }
        "key" => {
            let request = session.dynamodb.update_table().table_name(&node.name).sse_specification(encryption(table));
            request.send().await.map(drop).map_err(cloud("UpdateTable", node.id.as_str()))
        }
        _ => {
            let request = session.dynamodb.update_table().table_name(&node.name).billing_mode(billing(table));
            request.send().await.map(drop).map_err(cloud("UpdateTable", node.id.as_str()))
        }
    }
}

/// Backups are ready some time after the table is.
async fn put_recovery(session: &Session, node: &Node, on: bool) -> Result<(), CloudError> {
    let setting = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(on);
    let setting = setting.build().expect("on or off is given");
    let send = || async {
        let request = session.dynamodb.update_continuous_backups().table_name(&node.name);
        let request = request.point_in_time_recovery_specification(setting.clone());
        request.send().await.map(drop).map_err(cloud("UpdateContinuousBackups", node.id.as_str()))
    };
    patiently(session, SLOW, |error| error.has_code("ContinuousBackupsUnavailableException"), send).await
}

async fn put_protection(session: &Session, node: &Node, on: bool) -> Result<(), CloudError> {
    let request = session.dynamodb.update_table().table_name(&node.name).deletion_protection_enabled(on);
    request.send().await.map(drop).map_err(cloud("UpdateTable", node.id.as_str()))
}

/// Switching expiry off names the attribute that it went by.
async fn put_expiry(
    session: &Session,
    node: &Node,
    wanted: Option<&String>,
    present: Option<String>,
) -> Result<(), CloudError> {
    let Some(attribute) = wanted.cloned().or(present) else { return Ok(()) };
    let setting = TimeToLiveSpecification::builder().enabled(wanted.is_some()).attribute_name(attribute);
    let setting = setting.build().expect("both are given");
    let request = session.dynamodb.update_time_to_live().table_name(&node.name).time_to_live_specification(setting);
    request.send().await.map(drop).map_err(cloud("UpdateTimeToLive", node.id.as_str()))
}

fn billing(table: &Table) -> BillingMode {
    if table.on_demand { BillingMode::PayPerRequest } else { BillingMode::Provisioned }
}

fn encryption(table: &Table) -> SseSpecification {
    let specification = SseSpecification::builder().enabled(table.key.is_some());
    match &table.key {
        Some(key) => specification.sse_type(SseType::Kms).kms_master_key_id(key.to_string()).build(),
        None => specification.build(),
    }
}

/// Too many changes of tables at once, in the words of a quota (aws-behaviour 0.6, 1d), or a key whose policy is not seen yet.
fn is_crowded(error: &CloudError) -> bool {
    let says = |words: &str| error.message.as_deref().is_some_and(|message| message.contains(words));
    (error.has_code("LimitExceededException") && says("simultaneous"))
        || error.trouble == Trouble::Throttled
        || (error.has_code("AccessDeniedException") && says("KMS"))
}

fn dynamodb_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::types::SseDescription;

    const KMS: &str = "arn:aws:kms:us-west-2:111122223333:";

    fn table(sort: ScalarAttributeType, encryption: Option<SseDescription>) -> TableDescription {
        let attribute = |name: &str, kind| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
        };
        let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
        TableDescription::builder()
            .attribute_definitions(attribute("key", ScalarAttributeType::S))
            .attribute_definitions(attribute("version", sort))
            .key_schema(key("key", KeyType::Hash))
            .key_schema(key("version", KeyType::Range))
            .set_sse_description(encryption)
            .build()
    }

    #[test]
    fn a_key_counts_only_while_it_encrypts() {
        let by = |status: SseStatus| {
            let key = format!("{KMS}key/k");
            SseDescription::builder().status(status).sse_type(SseType::Kms).kms_master_key_arn(key).build()
        };
        let key = |encryption| properties(KMS, &table(ScalarAttributeType::S, encryption)).unwrap().key;
        assert_eq!(key(Some(by(SseStatus::Enabled))).unwrap().to_string(), format!("{KMS}key/k"));
        assert_eq!(key(Some(by(SseStatus::Disabled))), None);
        assert_eq!(key(None), None);
    }

    #[test]
    fn a_key_attribute_of_another_type_shows() {
        let read = properties(KMS, &table(ScalarAttributeType::N, None)).unwrap();
        assert_eq!((read.partition_key.as_str(), read.sort_key.as_deref()), ("key", Some("version (N)")));
        assert!(!read.on_demand && !read.deletion_protection);
        assert!(properties(KMS, &TableDescription::builder().build()).is_err());
    }

    #[test]
    fn only_a_crowd_or_a_key_not_seen_yet_passes() {
        let error = |code: &str, message: &str| {
            let mut error = CloudError::plain("CreateTable", "t", Trouble::Quota, message);
            error.code = Some(code.to_owned());
            error
        };
        assert!(is_crowded(&error("LimitExceededException", "Too many simultaneous table changes")));
        assert!(!is_crowded(&error("LimitExceededException", "Subscriber limit exceeded: 2500 tables")));
        assert!(is_crowded(&error("AccessDeniedException", "KMS key access denied")));
        assert!(!is_crowded(&error("AccessDeniedException", "not authorized to perform dynamodb:CreateTable")));
    }
}
