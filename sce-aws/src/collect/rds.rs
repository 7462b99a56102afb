//! RDS, which answers in XML.

use aws_sdk_rds::types::{DbInstance, Tag};
use serde_json::{Value as Json, json};

use super::{CollectError, Collector, list, object};
use crate::error::cloud;

pub(super) async fn collect(collector: &mut Collector<'_>) -> Result<(), CollectError> {
    let rds = &collector.session.rds;
    let sent = rds.describe_db_instances().into_paginator().items().send().try_collect().await;
    if let Some(instances) = collector.answer(sent.map_err(cloud("DescribeDBInstances", "all")))? {
        collector.save("rds/describe-db-instances.json", json!({ "DBInstances": list(&instances, instance) }))?;
    }
    let sent = rds.describe_db_subnet_groups().into_paginator().items().send().try_collect().await;
    if let Some(groups) = collector.answer(sent.map_err(cloud("DescribeDBSubnetGroups", "all")))? {
        let json = list(&groups, |group| {
            let subnets = list(group.subnets(), |subnet| object!(subnet; "SubnetIdentifier": subnet_identifier));
            object!(group; "DBSubnetGroupName": db_subnet_group_name, "DBSubnetGroupDescription": db_subnet_group_description,
                "VpcId": vpc_id, "DBSubnetGroupArn": db_subnet_group_arn; ; "Subnets" = subnets)
        });
        collector.save("rds/describe-db-subnet-groups.json", json!({ "DBSubnetGroups": json }))?;
        for arn in groups.iter().filter_map(|group| group.db_subnet_group_arn()) {
            tags_of(collector, arn).await?;
        }
    }
    let sent = rds.describe_db_parameter_groups().into_paginator().items().send().try_collect().await;
    if let Some(groups) = collector.answer(sent.map_err(cloud("DescribeDBParameterGroups", "all")))? {
        let json = list(&groups, |group| {
            object!(group; "DBParameterGroupName": db_parameter_group_name, "DBParameterGroupFamily": db_parameter_group_family,
                "Description": description, "DBParameterGroupArn": db_parameter_group_arn)
        });
        collector.save("rds/describe-db-parameter-groups.json", json!({ "DBParameterGroups": json }))?;
        let own = |name: &&str| !name.starts_with("default.");
        for group in groups.iter().filter(|group| group.db_parameter_group_name().as_ref().is_some_and(own)) {
            parameters(collector, group.db_parameter_group_name().unwrap_or_default()).await?;
            tags_of(collector, group.db_parameter_group_arn().unwrap_or_default()).await?;
        }
    }
    Ok(())
}

/// What was set by hand of any user, and not the engine's defaults.
async fn parameters(collector: &mut Collector<'_>, name: &str) -> Result<(), CollectError> {
    let request = collector.session.rds.describe_db_parameters().db_parameter_group_name(name).source("user");
    let sent = request.into_paginator().items().send().try_collect().await;
    let Some(parameters) = collector.answer(sent.map_err(cloud("DescribeDBParameters", name)))? else { return Ok(()) };
    let parameters = list(&parameters, |one| {
        // AWS was asked for these alone, and tells their source as well.
        object!(one; "ParameterName": parameter_name, "ParameterValue": parameter_value; ; "Source" = one.source().unwrap_or("user"))
    });
    collector.save_of("rds", name, "describe-db-parameters", json!({ "Parameters": parameters }))
}

async fn tags_of(collector: &mut Collector<'_>, arn: &str) -> Result<(), CollectError> {
    let sent = collector.session.rds.list_tags_for_resource().resource_name(arn).send().await;
    let Some(answer) = collector.answer(sent.map_err(cloud("ListTagsForResource", arn)))? else { return Ok(()) };
    collector.save_of("rds", arn, "list-tags-for-resource", json!({ "TagList": tags(answer.tag_list()) }))
}

fn instance(one: &DbInstance) -> Json {
    let groups = list(
        one.vpc_security_groups(),
        |it| object!(it; "VpcSecurityGroupId": vpc_security_group_id, "Status": status),
    );
    let parameters = list(
        one.db_parameter_groups(),
        |it| object!(it; "DBParameterGroupName": db_parameter_group_name, "ParameterApplyStatus": parameter_apply_status),
    );
    let subnets = one.db_subnet_group().map(|it| {
        let subnets = list(it.subnets(), |subnet| object!(subnet; "SubnetIdentifier": subnet_identifier));
        object!(it; "DBSubnetGroupName": db_subnet_group_name, "VpcId": vpc_id; ; "Subnets" = subnets)
    });
    let secret = one.master_user_secret().map(|it| object!(it; "SecretArn": secret_arn, "KmsKeyId": kms_key_id));
    let endpoint = one.endpoint().map(|it| object!(it; "Address": address, "Port": port));
    object!(one; "DBInstanceIdentifier": db_instance_identifier, "DBInstanceArn": db_instance_arn,
        "DBInstanceClass": db_instance_class, "DBInstanceStatus": db_instance_status, "Engine": engine,
        "EngineVersion": engine_version, "AllocatedStorage": allocated_storage, "StorageType": storage_type,
        "StorageEncrypted": storage_encrypted, "KmsKeyId": kms_key_id, "AvailabilityZone": availability_zone,
        "PubliclyAccessible": publicly_accessible, "IAMDatabaseAuthenticationEnabled": iam_database_authentication_enabled,
        "BackupRetentionPeriod": backup_retention_period, "DeletionProtection": deletion_protection,
        "AutoMinorVersionUpgrade": auto_minor_version_upgrade, "MultiAZ": multi_az,
        "EnabledCloudwatchLogsExports": enabled_cloudwatch_logs_exports; ;
        "VpcSecurityGroups" = groups, "DBParameterGroups" = parameters, "DBSubnetGroup" = subnets,
        "MasterUserSecret" = secret, "Endpoint" = endpoint, "TagList" = tags(one.tag_list()))
}

fn tags(tags: &[Tag]) -> Json {
    list(tags, |tag| object!(tag; "Key": key, "Value": value))
}
