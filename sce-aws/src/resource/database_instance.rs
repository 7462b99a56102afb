//! Database instances of RDS.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, DbInstance};
use sce_core::aws::arn::Arn;
use sce_core::aws::resource::{DatabaseInstance, Difference, Properties};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::database_subnet_group::{from_rds_tags, rds_tags, tag_rds};
use super::role::{PASSING, unless_own_work};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently, poll};
use crate::session::Session;

/// How long RDS may take to make or change a database: Terraform's longest (aws-behaviour 1d).
const MAKING: Duration = Duration::from_secs(80 * 60);

/// How long it may take to delete one.
const DELETING: Duration = Duration::from_secs(60 * 60);

/// States from which a database comes back by no waiting.
const DEAD: [&str; 5] = [
    "failed",
    "incompatible-network",
    "incompatible-parameters",
    "incompatible-restore",
    "inaccessible-encryption-credentials",
];

/// The name of the master account, whose password RDS keeps.
pub(crate) const MASTER: &str = "sce_master";

/// Finds the database by its identifier; one that is being deleted is there until it is gone.
pub(crate) async fn look(
    session: &Session,
    wanted: &Wanted<'_, DatabaseInstance>,
) -> Result<Option<Found>, CloudError> {
    let Some(instance) = describe(session, wanted.label(), &wanted.node.name).await? else { return Ok(None) };
    let properties = properties(wanted.label(), &instance)?;
    let attributes = Attributes { id: wanted.node.name.clone(), arn: instance.db_instance_arn().map(str::to_owned) };
    Ok(Some(Found { attributes, properties: properties.into(), tags: from_rds_tags(instance.tag_list()) }))
}

/// The identifier is the database's own: a second call of the same one makes no second database. Waits until it can be used.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, DatabaseInstance>) -> Result<(), CloudError> {
    let sent = create(session, wanted).await;
    match sent {
        Err(error) if error.trouble == Trouble::AlreadyExists => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())?;
        }
        other => other?,
    }
    available(session, wanted.label(), &wanted.node.name).await
}

/// One change for everything that differs, at once and not in the next window.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, DatabaseInstance>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let Properties::DatabaseInstance(present) = &found.properties else { return Ok(()) };
    let planned = wanted.properties;
    available(session, wanted.label(), &wanted.node.name).await?;
    let logs = |names: BTreeSet<&String>| {
        Some(names.into_iter().cloned().collect::<Vec<_>>()).filter(|names| !names.is_empty())
    };
    let exports = CloudwatchLogsExportConfiguration::builder()
        .set_enable_log_types(logs(planned.exported_logs.difference(&present.exported_logs).collect()))
        .set_disable_log_types(logs(present.exported_logs.difference(&planned.exported_logs).collect()))
        .build();
    let exports_differ = planned.exported_logs != present.exported_logs;
    let request = session.rds.modify_db_instance().db_instance_identifier(&wanted.node.name).apply_immediately(true);
    let request = request
        .set_backup_retention_period(number(planned.backup_days))
        .db_instance_class(&planned.class)
        .deletion_protection(planned.deletion_protection)
        .set_cloudwatch_logs_export_configuration(exports_differ.then_some(exports))
        .set_vpc_security_group_ids(Some(groups(planned)))
        .enable_iam_database_authentication(planned.iam_authentication)
        .auto_minor_version_upgrade(planned.minor_upgrades)
        .db_parameter_group_name(planned.parameter_group.to_string())
        .publicly_accessible(planned.public)
        .set_allocated_storage(number(planned.storage_gib).filter(|_| planned.storage_gib != present.storage_gib))
        .set_manage_master_user_password(
            (planned.master_password_managed != present.master_password_managed).then_some(true),
        );
    request.send().await.map_err(cloud("ModifyDBInstance", wanted.label()))?;
    available(session, wanted.label(), &wanted.node.name).await
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_rds(session, node, found).await
}

/// Lifts the protection, deletes without a last snapshot and with the automatic backups, and waits until it is gone: whoever asked for
/// this has said that what is in it may go.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let (label, name) = (node.id.as_str(), found.attributes.id.as_str());
    let protected = matches!(&found.properties, Properties::DatabaseInstance(database) if database.deletion_protection);
    if protected {
        let request = session.rds.modify_db_instance().db_instance_identifier(name).apply_immediately(true);
        request.deletion_protection(false).send().await.map_err(cloud("ModifyDBInstance", label))?;
    }
    let send = || async {
        let request = session.rds.delete_db_instance().db_instance_identifier(name);
        let request = request.skip_final_snapshot(true).delete_automated_backups(true);
        request.send().await.map_err(cloud("DeleteDBInstance", label))
    };
    match patiently(session, PASSING, is_passing, send).await {
        Err(error) if error.trouble == Trouble::NotFound || is_deleting(&error) => {}
        other => drop(other?),
    }
    let gone = || async { Ok(describe(session, label, name).await?.is_none().then_some(())) };
    match poll(session, DELETING, gone).await? {
        Some(()) => Ok(Deleted::Gone),
        None => Err(CloudError::plain("DeleteDBInstance", label, Trouble::InUse, "it is still being deleted")),
    }
}

async fn describe(session: &Session, label: &str, name: &str) -> Result<Option<DbInstance>, CloudError> {
    let sent = session.rds.describe_db_instances().db_instance_identifier(name).send().await;
    match sent.map_err(cloud("DescribeDBInstances", label)) {
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        other => Ok(other?.db_instances.unwrap_or_default().into_iter().next()),
    }
}

/// The name by which the database is reached; none while it is being made.
pub(crate) async fn address(session: &Session, node: &Node) -> Result<Option<String>, CloudError> {
    let instance = describe(session, node.id.as_str(), &node.name).await?;
    Ok(instance.and_then(|instance| instance.endpoint?.address))
}

fn properties(label: &str, instance: &DbInstance) -> Result<DatabaseInstance, CloudError> {
    let unreadable = |what: &str| CloudError::unreadable("DescribeDBInstances", label, what);
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let count = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or_default();
    let key = instance.kms_key_id().filter(|_| instance.storage_encrypted() == Some(true));
    let group_ids = instance.vpc_security_groups().iter().map(|group| group.vpc_security_group_id());
    let groups = group_ids.map(|id| id.unwrap_or_default().parse().map(Value::Known));
    let parameters = instance.db_parameter_groups().first().and_then(|group| group.db_parameter_group_name());
    let subnets = instance.db_subnet_group().and_then(|group| group.db_subnet_group_name());
    Ok(DatabaseInstance {
        engine: text(instance.engine()),
        major_version: major(instance.engine_version().unwrap_or_default()),
        class: text(instance.db_instance_class()),
        storage_gib: count(instance.allocated_storage()),
        storage_type: text(instance.storage_type()),
        encrypted: instance.storage_encrypted() == Some(true),
        key: key.map(str::parse::<Arn>).transpose().map_err(|_| unreadable("no key ARN"))?.map(Value::Known),
        subnet_group: Value::Known(text(subnets)),
        zone: text(instance.availability_zone()).parse().map_err(|_| unreadable("no zone"))?,
        groups: groups.collect::<Result<_, _>>().map_err(|_| unreadable("a security group without id"))?,
        parameter_group: Value::Known(text(parameters)),
        public: instance.publicly_accessible() == Some(true),
        iam_authentication: instance.iam_database_authentication_enabled() == Some(true),
        master_password_managed: instance.master_user_secret().is_some(),
        backup_days: count(instance.backup_retention_period()),
        deletion_protection: instance.deletion_protection() == Some(true),
        minor_upgrades: instance.auto_minor_version_upgrade() == Some(true),
        exported_logs: instance.enabled_cloudwatch_logs_exports().iter().cloned().collect(),
    })
}

/// Of PostgreSQL's versions the part before the point is the major one, since version 10 (PostgreSQL, "Versioning Policy").
fn major(version: &str) -> String {
    version.split('.').next().unwrap_or_default().to_owned()
}

async fn create(session: &Session, wanted: &Wanted<'_, DatabaseInstance>) -> Result<(), CloudError> {
    let planned = wanted.properties;
    let key = planned.key.as_ref().map(ToString::to_string);
    let request = session.rds.create_db_instance().db_instance_identifier(&wanted.node.name);
    let request = request
        .engine(&planned.engine)
        .engine_version(&planned.major_version)
        .db_instance_class(&planned.class)
        .set_allocated_storage(number(planned.storage_gib))
        .storage_type(&planned.storage_type)
        .storage_encrypted(planned.encrypted)
        .set_kms_key_id(key.clone())
        .db_subnet_group_name(planned.subnet_group.to_string())
        .availability_zone(planned.zone.to_string())
        .set_vpc_security_group_ids(Some(groups(planned)))
        .db_parameter_group_name(planned.parameter_group.to_string())
        .publicly_accessible(planned.public)
        .enable_iam_database_authentication(planned.iam_authentication)
        .master_username(MASTER)
        .manage_master_user_password(planned.master_password_managed)
        .set_master_user_secret_kms_key_id(key.filter(|_| planned.master_password_managed))
        .set_backup_retention_period(number(planned.backup_days))
        .deletion_protection(planned.deletion_protection)
        .auto_minor_version_upgrade(planned.minor_upgrades)
        .copy_tags_to_snapshot(true)
        .multi_az(false)
        .set_enable_cloudwatch_logs_exports(Some(planned.exported_logs.iter().cloned().collect()))
        .set_tags(Some(rds_tags(&wanted.node.tags)));
    request.send().await.map_err(cloud("CreateDBInstance", wanted.label()))?;
    Ok(())
}

/// Waits until the database can be used; one that failed never will.
async fn available(session: &Session, label: &str, name: &str) -> Result<(), CloudError> {
    let ready = || async {
        let instance = describe(session, label, name).await?;
        let state = instance.as_ref().and_then(|instance| instance.db_instance_status()).unwrap_or_default();
        if DEAD.contains(&state) {
            return Err(CloudError::plain("DescribeDBInstances", label, Trouble::Refused, format!("it is `{state}`")));
        }
        Ok((state == "available").then_some(()))
    };
    poll(session, MAKING, ready).await?.ok_or_else(|| {
        CloudError::plain(
            "DescribeDBInstances",
            label,
            Trouble::InUse,
            "it is not available yet: run the same command again",
        )
    })
}

fn groups(database: &DatabaseInstance) -> Vec<String> {
    database.groups.iter().map(ToString::to_string).collect()
}

fn number(value: u32) -> Option<i32> {
    i32::try_from(value).ok()
}

/// A change that is under way, or the protection's being lifted, is not seen at once.
fn is_passing(error: &CloudError) -> bool {
    let protected = error.message.as_deref().is_some_and(|message| message.contains("deletion protection"));
    !is_deleting(error) && (error.trouble == Trouble::InUse || protected)
}

fn is_deleting(error: &CloudError) -> bool {
    error.message.as_deref().is_some_and(|message| message.contains("already being deleted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_out_of_the_whole_one() {
        assert_eq!((major("16.4"), major("16")), ("16".to_owned(), "16".to_owned()));
    }

    #[test]
    fn a_deletion_under_way_is_not_asked_for_again() {
        let mut error =
            CloudError::plain("DeleteDBInstance", "d", Trouble::InUse, "Instance d is already being deleted.");
        assert!(is_deleting(&error) && !is_passing(&error));
        error.message =
            Some("Cannot delete protected DB Instance, please disable deletion protection and try again.".to_owned());
        error.trouble = Trouble::Refused;
        assert!(is_passing(&error));
    }
}
