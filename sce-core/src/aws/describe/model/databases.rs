//! Databases from `aws rds describe-*`.

use serde_json::Value as Json;

use super::saved::Saved;
use super::thing::{Thing, each, flag, items, listed, number, pairs, parsed, said, stated, text, texts};
use crate::aws::resource::{DatabaseInstance, DatabaseParameterGroup, DatabaseSubnetGroup};
use crate::plan::Attributes;
use crate::value::Value;

type Things = Result<Vec<Thing>, String>;

pub(super) fn instances(saved: &Saved) -> Things {
    let instances = saved.all("DBInstances", "rds describe-db-instances")?;
    let thing = |one: &Json| {
        let name = text(one, "DBInstanceIdentifier");
        let attributes = Attributes { id: name.to_owned(), arn: said(one, "DBInstanceArn").map(str::to_owned) };
        Thing::new(attributes, name, pairs(&one["TagList"]), read(one))
    };
    Ok(instances.into_iter().map(thing).collect())
}

pub(super) fn subnet_groups(saved: &Saved) -> Things {
    let groups = saved.all("DBSubnetGroups", "rds describe-db-subnet-groups")?;
    let read = |group: &Json| {
        Ok(DatabaseSubnetGroup {
            description: text(group, "DBSubnetGroupDescription").to_owned(),
            subnets: each(listed(group, "Subnets")?.iter().map(|subnet| text(subnet, "SubnetIdentifier")))?,
        })
    };
    let thing = |group| tagged(saved, group, "DBSubnetGroupName", "DBSubnetGroupArn", read(group));
    Ok(groups.into_iter().map(thing).collect())
}

pub(super) fn parameter_groups(saved: &Saved) -> Things {
    let groups = saved.all("DBParameterGroups", "rds describe-db-parameter-groups")?;
    let read = |group: &Json| {
        let answer = saved.of("rds", text(group, "DBParameterGroupName"), "describe-db-parameters")?;
        // AWS tells the source of each; where somebody was asked for those of `user` alone and tells none, they are these.
        let by_hand =
            listed(answer, "Parameters")?.iter().filter(|one| said(one, "Source").unwrap_or("user") == "user");
        let pair =
            |one: &Json| Some((said(one, "ParameterName")?.to_owned(), one["ParameterValue"].as_str()?.to_owned()));
        let family = text(group, "DBParameterGroupFamily").to_owned();
        Ok(DatabaseParameterGroup { family, parameters: by_hand.filter_map(pair).collect() })
    };
    let thing = |group| tagged(saved, group, "DBParameterGroupName", "DBParameterGroupArn", read(group));
    // Those of AWS are no one's.
    let own = groups.into_iter().filter(|group| !text(group, "DBParameterGroupName").starts_with("default."));
    Ok(own.map(thing).collect())
}

/// A group with its tags, which RDS tells by ARN.
fn tagged<P: Into<crate::aws::resource::Properties>>(
    saved: &Saved,
    group: &Json,
    name: &str,
    arn: &str,
    properties: Result<P, String>,
) -> Thing {
    let (name, arn) = (text(group, name), text(group, arn));
    let attributes = Attributes { id: name.to_owned(), arn: Some(arn.to_owned()) };
    let tags = saved.of("rds", arn, "list-tags-for-resource").map(|answer| pairs(&answer["TagList"]));
    Thing::new(attributes, name, Default::default(), properties).tagged(tags)
}

fn read(instance: &Json) -> Result<DatabaseInstance, String> {
    let owned = |key: &str| text(instance, key).to_owned();
    let encrypted = flag(instance, "StorageEncrypted");
    let key = said(instance, "KmsKeyId").filter(|_| encrypted).map(str::parse).transpose();
    let groups = listed(instance, "VpcSecurityGroups")?.iter().map(|group| text(group, "VpcSecurityGroupId"));
    let parameters = items(instance, "DBParameterGroups").next().unwrap_or(&Json::Null);
    Ok(DatabaseInstance {
        engine: owned("Engine"),
        // Of PostgreSQL's versions the part before the point is the major one (PostgreSQL, "Versioning Policy").
        major_version: text(instance, "EngineVersion").split('.').next().unwrap_or_default().to_owned(),
        class: owned("DBInstanceClass"),
        storage_gib: number(&instance["AllocatedStorage"]).unwrap_or_default(),
        storage_type: owned("StorageType"),
        encrypted,
        key: key.map_err(|_| "no key ARN".to_owned())?.map(Value::Known),
        subnet_group: Value::Known(text(&instance["DBSubnetGroup"], "DBSubnetGroupName").to_owned()),
        zone: parsed(instance, "AvailabilityZone")?,
        groups: each(groups)?,
        parameter_group: Value::Known(text(parameters, "DBParameterGroupName").to_owned()),
        public: stated(instance, "PubliclyAccessible")?,
        iam_authentication: flag(instance, "IAMDatabaseAuthenticationEnabled"),
        master_password_managed: instance["MasterUserSecret"].is_object(),
        backup_days: number(&instance["BackupRetentionPeriod"]).unwrap_or_default(),
        deletion_protection: flag(instance, "DeletionProtection"),
        minor_upgrades: flag(instance, "AutoMinorVersionUpgrade"),
        exported_logs: texts(instance, "EnabledCloudwatchLogsExports").map(str::to_owned).collect(),
    })
}
