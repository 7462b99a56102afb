//! Looking for what is left of an environment: by tag, by name, and by where it stands.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Filter;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_sdk_ssm::types::DocumentKeyValuesFilter;
use sce_core::pit::{BucketRole, Pit, TAG_ID, TAG_PIT, Tags};

use crate::error::{CloudError, Trouble, cloud};
use crate::resource::database_subnet_group::from_rds_tags;
use crate::resource::{
    gateway_endpoint, instance, instance_connect_endpoint, launch_template, nat_gateway, network_acl, volume,
};
use crate::session::Session;
use crate::tags::filter;
use crate::transfer::timestamp;

/// Something that bears the PIT, by tag or by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Trace {
    /// What kind of thing AWS says it is.
    pub(crate) kind: String,
    /// Its id or name.
    pub(crate) id: String,
    /// Its `sce:id` tag, where it has one.
    pub(crate) node: Option<String>,
    /// When AWS deletes it by itself, where it will.
    pub(crate) until: Option<String>,
    /// Whether it shows by where it stands, and bears nothing.
    pub(crate) in_network: bool,
}

/// The word for a network interface.
pub(crate) const INTERFACE: &str = "network-interface";

/// The word for a log group.
pub(crate) const LOG_GROUP: &str = "log-group";

/// Everything in the region that bears the PIT; things that AWS still shows although they are gone are left out.
pub(crate) async fn traces(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let mut traces = tagged_in_ec2(session, pit).await?;
    traces.extend(buckets(session, pit).await?);
    traces.extend(log_groups(session, pit).await?);
    traces.extend(aliases(session, pit).await?);
    traces.extend(roles_and_policies(session, pit).await?);
    traces.extend(databases(session, pit).await?);
    traces.extend(instance_profiles(session, pit).await?);
    traces.extend(named_in_ec2(session, pit).await?);
    traces.extend(documents(session, pit).await?);
    traces.extend(tables(session, pit).await?);
    traces.extend(queues(session, pit).await?);
    traces.extend(topics(session, pit).await?);
    traces.extend(functions(session, pit).await?);
    traces.extend(keys(session, pit).await?);
    traces.extend(alarms(session, pit).await?);
    traces.sort();
    traces.dedup();
    Ok(traces)
}

async fn tagged_in_ec2(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let keys = Filter::builder().name("key").values(TAG_PIT).values(TAG_ID).build();
    let tags = session.ec2.describe_tags().filters(keys).into_paginator().items().send().try_collect().await;
    let mut found: BTreeMap<String, (String, Tags)> = BTreeMap::new();
    for tag in tags.map_err(cloud("DescribeTags", pit.as_str()))? {
        let (Some(id), Some(key), Some(value)) = (tag.resource_id, tag.key, tag.value) else { continue };
        let kind = tag.resource_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default();
        found.entry(id).or_insert_with(|| (kind, Tags::new())).1.insert(key, value);
    }
    // The PIT is compared here, as a whole: a filter that let another project's things through would not matter.
    let ours = found.into_iter().filter(|(_, (_, tags))| tags.get(TAG_PIT).map(String::as_str) == Some(pit.as_str()));
    let mut live = Vec::new();
    for (id, (kind, tags)) in ours {
        let trace = Trace { node: tags.get(TAG_ID).cloned(), ..trace(&kind, &id) };
        if !is_tombstone(session, &trace).await? {
            live.push(trace);
        }
    }
    Ok(live)
}

/// Whether what bears the tag is there itself. Tags outlive their things: those of deleted gateways for an hour (aws-behaviour 2c), and
/// a search by tag lags behind every deletion.
async fn is_tombstone(session: &Session, trace: &Trace) -> Result<bool, CloudError> {
    let id = trace.id.as_str();
    // The calls have no type in common, and differ only in their names.
    macro_rules! gone {
        ($call:ident, $operation:literal, $filters:ident, $filter:literal, $things:ident) => {{
            let sent = session.ec2.$call().$filters(filter($filter, id)).send().await;
            sent.map_err(cloud($operation, id))?.$things().is_empty()
        }};
    }
    let prefix = id.split_once('-').map_or(id, |(prefix, _)| prefix);
    Ok(match prefix {
        "vpce" => !gateway_endpoint::lives(session, id, id).await?,
        "eice" => !instance_connect_endpoint::lives(session, id, id).await?,
        "nat" => !nat_gateway::lives(session, id, id).await?,
        "acl" => !network_acl::lives(session, id, id).await?,
        "vpc" => gone!(describe_vpcs, "DescribeVpcs", filters, "vpc-id", vpcs),
        "subnet" => gone!(describe_subnets, "DescribeSubnets", filters, "subnet-id", subnets),
        "igw" => gone!(
            describe_internet_gateways,
            "DescribeInternetGateways",
            filters,
            "internet-gateway-id",
            internet_gateways
        ),
        "eipalloc" => gone!(describe_addresses, "DescribeAddresses", filters, "allocation-id", addresses),
        "rtb" => gone!(describe_route_tables, "DescribeRouteTables", filters, "route-table-id", route_tables),
        "fl" => gone!(describe_flow_logs, "DescribeFlowLogs", filter, "flow-log-id", flow_logs),
        "sg" => gone!(describe_security_groups, "DescribeSecurityGroups", filters, "group-id", security_groups),
        "i" => !instance::lives(session, id, id).await?,
        "vol" => !volume::stays(session, id, id).await?,
        "ami" => gone!(describe_images, "DescribeImages", filters, "image-id", images),
        "snap" => gone!(describe_snapshots, "DescribeSnapshots", filters, "snapshot-id", snapshots),
        "key" => gone!(describe_key_pairs, "DescribeKeyPairs", filters, "key-pair-id", key_pairs),
        "eni" => gone!(
            describe_network_interfaces,
            "DescribeNetworkInterfaces",
            filters,
            "network-interface-id",
            network_interfaces
        ),
        "lt" => launch_template::version(session, id, id, launch_template::IN_FORCE).await?.is_none(),
        // A kind that this version does not make: reported, whatever its state.
        _ => false,
    })
}

async fn buckets(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let mut traces = Vec::new();
    for role in BucketRole::ALL {
        let name = pit.bucket(role, session.account(), session.region());
        let request = session.s3.list_buckets().prefix(&name).max_buckets(1000);
        let answer = request.send().await.map_err(cloud("ListBuckets", &name))?;
        let same = answer.buckets().iter().filter(|bucket| bucket.name() == Some(name.as_str()));
        traces.extend(same.map(|_| trace("bucket", &name)));
    }
    Ok(traces)
}

/// Those of our own names, and those that Lambda gives its functions' groups.
async fn log_groups(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let mut traces = Vec::new();
    let of_services = [format!("/aws/lambda/{}", pit.name_prefix()), format!("/aws/rds/instance/{pit}-postgres/")];
    for prefix in [pit.name_prefix()].into_iter().chain(of_services) {
        let request = session.logs.describe_log_groups().log_group_name_prefix(prefix);
        let groups = request.into_paginator().items().send().try_collect().await;
        let groups = groups.map_err(cloud("DescribeLogGroups", pit.as_str()))?;
        traces.extend(groups.iter().filter_map(|group| group.log_group_name()).map(|name| trace(LOG_GROUP, name)));
    }
    Ok(traces)
}

/// DynamoDB lists all tables of the region.
async fn tables(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let names = session.dynamodb.list_tables().into_paginator().items().send().try_collect().await;
    let names = names.map_err(cloud("ListTables", pit.as_str()))?;
    let ours = names.iter().filter(|name| name.starts_with(&pit.name_prefix()));
    Ok(ours.map(|name| trace("dynamodb-table", name)).collect())
}

/// SQS lists a deleted queue for up to a minute; such a one has no attributes any more.
async fn queues(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let request = session.sqs.list_queues().queue_name_prefix(pit.name_prefix()).max_results(1000);
    let urls = request.into_paginator().items().send().try_collect().await;
    let mut traces = Vec::new();
    for url in urls.map_err(cloud("ListQueues", pit.as_str()))? {
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        let asked = session.sqs.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::QueueArn);
        match asked.send().await.map_err(cloud("GetQueueAttributes", &name)) {
            Err(error) if error.trouble == Trouble::NotFound => {}
            Err(error) => return Err(error),
            Ok(_) => traces.push(trace("queue", &name)),
        }
    }
    Ok(traces)
}

/// SNS lists all topics of the region. Subscriptions go with their topics.
async fn topics(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let topics = session.sns.list_topics().into_paginator().items().send().try_collect().await;
    let topics = topics.map_err(cloud("ListTopics", pit.as_str()))?;
    let names = topics.iter().filter_map(|topic| topic.topic_arn()?.rsplit(':').next());
    let ours = names.filter(|name| name.starts_with(&pit.name_prefix()));
    Ok(ours.map(|name| trace("topic", name)).collect())
}

/// Lambda lists all functions of the region. What may call a function goes with it.
async fn functions(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let functions = session.lambda.list_functions().into_paginator().items().send().try_collect().await;
    let functions = functions.map_err(cloud("ListFunctions", pit.as_str()))?;
    let names = functions.iter().filter_map(|function| function.function_name());
    let ours = names.filter(|name| name.starts_with(&pit.name_prefix()));
    Ok(ours.map(|name| trace("function", name)).collect())
}

fn trace(kind: &str, name: &str) -> Trace {
    Trace { kind: kind.to_owned(), id: name.to_owned(), node: None, until: None, in_network: false }
}

/// Keys cannot be searched: each of the region is asked for its tags.
async fn keys(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let keys = session.kms.list_keys().into_paginator().items().send().try_collect().await;
    let mut traces = Vec::new();
    for id in keys.map_err(cloud("ListKeys", pit.as_str()))?.into_iter().filter_map(|key| key.key_id) {
        let tags = session.kms.list_resource_tags().key_id(&id).into_paginator().items().send().try_collect().await;
        let tags = match tags.map_err(cloud("ListResourceTags", &id)) {
            // Keys of AWS's own and of others say nothing to us.
            Err(error) if matches!(error.trouble, Trouble::NotFound | Trouble::Denied) => continue,
            other => other?,
        };
        let value = |key: &str| tags.iter().find(|tag| tag.tag_key() == key).map(|tag| tag.tag_value().to_owned());
        if value(TAG_PIT).as_deref() != Some(pit.as_str()) {
            continue;
        }
        let answer = session.kms.describe_key().key_id(&id).send().await.map_err(cloud("DescribeKey", &id))?;
        let date = answer.key_metadata().and_then(|key| timestamp(key.deletion_date()));
        let until = date.map(|date| date.to_string());
        traces.push(Trace { node: value(TAG_ID), until, ..trace("kms-key", &id) });
    }
    Ok(traces)
}

async fn alarms(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let request = session.cloudwatch.describe_alarms().alarm_name_prefix(pit.name_prefix());
    let mut pages = request.into_paginator().send();
    let mut traces = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(cloud("DescribeAlarms", pit.as_str()))?;
        let names = page.metric_alarms().iter().filter_map(|alarm| alarm.alarm_name());
        traces.extend(names.map(|name| trace("alarm", name)));
    }
    Ok(traces)
}

/// Everything that stands in a VPC, whatever it bears, but what AWS made with it.
pub(crate) async fn in_network(session: &Session, pit: &Pit, vpc: &str) -> Result<Vec<Trace>, CloudError> {
    let mut traces = Vec::new();
    // The calls have no type in common, and differ only in their names.
    macro_rules! standing {
        ($kind:literal, $call:ident, $operation:literal, $filters:ident, $filter:literal, $id:ident, $is:expr) => {{
            let request = session.ec2.$call().$filters(filter($filter, vpc));
            let found = request.into_paginator().items().send().try_collect().await;
            let found = found.map_err(cloud($operation, pit.as_str()))?;
            let there = found.into_iter().filter($is).filter_map(|thing| thing.$id);
            traces.extend(there.map(|id| Trace { in_network: true, ..trace($kind, &id) }));
        }};
    }
    standing!("subnet", describe_subnets, "DescribeSubnets", filters, "vpc-id", subnet_id, |_| true);
    standing!(
        "route-table",
        describe_route_tables,
        "DescribeRouteTables",
        filters,
        "vpc-id",
        route_table_id,
        |table| !table.associations().iter().any(|association| association.main() == Some(true))
    );
    standing!(
        "security-group",
        describe_security_groups,
        "DescribeSecurityGroups",
        filters,
        "vpc-id",
        group_id,
        |group| group.group_name() != Some("default")
    );
    standing!(
        "network-acl",
        describe_network_acls,
        "DescribeNetworkAcls",
        filters,
        "vpc-id",
        network_acl_id,
        |acl| acl.is_default() != Some(true)
    );
    standing!(
        "internet-gateway",
        describe_internet_gateways,
        "DescribeInternetGateways",
        filters,
        "attachment.vpc-id",
        internet_gateway_id,
        |_| true
    );
    standing!(
        "nat-gateway",
        describe_nat_gateways,
        "DescribeNatGateways",
        filter,
        "vpc-id",
        nat_gateway_id,
        |gateway| gateway.state().is_none_or(|state| state.as_str() != "deleted")
    );
    standing!(
        "endpoint",
        describe_vpc_endpoints,
        "DescribeVpcEndpoints",
        filters,
        "vpc-id",
        vpc_endpoint_id,
        |endpoint| endpoint.state().is_none_or(|state| !state.as_str().eq_ignore_ascii_case("deleted"))
    );
    standing!(
        "network-interface",
        describe_network_interfaces,
        "DescribeNetworkInterfaces",
        filters,
        "vpc-id",
        network_interface_id,
        // Those of a service go when what they belong to goes.
        |interface| interface.requester_managed() != Some(true)
    );
    let request = session.ec2.describe_instances().filters(filter("vpc-id", vpc));
    let found = request.into_paginator().items().send().try_collect().await;
    for reservation in found.map_err(cloud("DescribeInstances", pit.as_str()))? {
        let lives = |instance: &aws_sdk_ec2::types::Instance| {
            let state = instance.state().and_then(|state| state.name());
            state.is_none_or(|state| !["terminated", "shutting-down"].contains(&state.as_str()))
        };
        let there = reservation.instances.unwrap_or_default().into_iter().filter(lives);
        let ids = there.filter_map(|instance| instance.instance_id);
        traces.extend(ids.map(|id| Trace { in_network: true, ..trace("instance", &id) }));
    }
    Ok(traces)
}

async fn aliases(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let prefix = format!("alias/{}", pit.name_prefix());
    let aliases = session.kms.list_aliases().into_paginator().items().send().try_collect().await;
    let aliases = aliases.map_err(cloud("ListAliases", pit.as_str()))?;
    let names = aliases.iter().filter_map(|alias| alias.alias_name()).filter(|name| name.starts_with(&prefix));
    Ok(names.map(|name| trace("kms-alias", name)).collect())
}

async fn roles_and_policies(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let prefix = pit.name_prefix();
    let roles = session.iam.list_roles().into_paginator().items().send().try_collect().await;
    let roles = roles.map_err(cloud("ListRoles", pit.as_str()))?;
    let scope = aws_sdk_iam::types::PolicyScopeType::Local;
    let policies = session.iam.list_policies().scope(scope).into_paginator().items().send().try_collect().await;
    let policies = policies.map_err(cloud("ListPolicies", pit.as_str()))?;
    let roles = roles.iter().map(|role| ("role", role.role_name()));
    let policies = policies.iter().filter_map(|policy| Some(("managed-policy", policy.policy_name()?)));
    let ours = roles.chain(policies).filter(|(_, name)| name.starts_with(&prefix));
    Ok(ours.map(|(kind, name)| trace(kind, name)).collect())
}

/// Databases and what belongs to them, snapshots too: by their tags, which come with each list but for the groups'.
async fn databases(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let mut traces = Vec::new();
    let instances = session.rds.describe_db_instances().into_paginator().items().send().try_collect().await;
    for instance in instances.map_err(cloud("DescribeDBInstances", pit.as_str()))? {
        let tags = from_rds_tags(instance.tag_list());
        traces.extend(database_trace(pit, "database", instance.db_instance_identifier(), &tags));
    }
    let snapshots = session.rds.describe_db_snapshots().into_paginator().items().send().try_collect().await;
    for snapshot in snapshots.map_err(cloud("DescribeDBSnapshots", pit.as_str()))? {
        let tags = from_rds_tags(snapshot.tag_list());
        traces.extend(database_trace(pit, "database-snapshot", snapshot.db_snapshot_identifier(), &tags));
    }
    let prefix = format!("{pit}-");
    let groups = session.rds.describe_db_subnet_groups().into_paginator().items().send().try_collect().await;
    for group in groups.map_err(cloud("DescribeDBSubnetGroups", pit.as_str()))? {
        let named = group.db_subnet_group_name().filter(|name| name.starts_with(&prefix));
        let (Some(name), Some(arn)) = (named, group.db_subnet_group_arn()) else { continue };
        let tags = rds_tags_of(session, pit, arn).await?;
        traces.extend(database_trace(pit, "database-subnet-group", Some(name), &tags));
    }
    let groups = session.rds.describe_db_parameter_groups().into_paginator().items().send().try_collect().await;
    for group in groups.map_err(cloud("DescribeDBParameterGroups", pit.as_str()))? {
        let named = group.db_parameter_group_name().filter(|name| name.starts_with(&prefix));
        let (Some(name), Some(arn)) = (named, group.db_parameter_group_arn()) else { continue };
        let tags = rds_tags_of(session, pit, arn).await?;
        traces.extend(database_trace(pit, "database-parameter-group", Some(name), &tags));
    }
    Ok(traces)
}

async fn rds_tags_of(session: &Session, pit: &Pit, arn: &str) -> Result<Tags, CloudError> {
    let sent = session.rds.list_tags_for_resource().resource_name(arn).send().await;
    Ok(from_rds_tags(sent.map_err(cloud("ListTagsForResource", pit.as_str()))?.tag_list()))
}

fn database_trace(pit: &Pit, kind: &str, id: Option<&str>, tags: &Tags) -> Option<Trace> {
    let ours = tags.get(TAG_PIT).map(String::as_str) == Some(pit.as_str());
    let id = id.filter(|_| ours)?.to_owned();
    Some(Trace { node: tags.get(TAG_ID).cloned(), ..trace(kind, &id) })
}

async fn instance_profiles(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let profiles = session.iam.list_instance_profiles().into_paginator().items().send().try_collect().await;
    let profiles = profiles.map_err(cloud("ListInstanceProfiles", pit.as_str()))?;
    let names = profiles.iter().map(|profile| profile.instance_profile_name());
    Ok(named("instance-profile", names.filter(|name| name.starts_with(&pit.name_prefix()))))
}

/// Key pairs and launch templates: their names are the environment's alone, tagged or not.
async fn named_in_ec2(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let prefix = pit.name_prefix();
    let request = session.ec2.describe_key_pairs().filters(filter("key-name", &format!("{prefix}*")));
    let pairs = request.send().await.map_err(cloud("DescribeKeyPairs", pit.as_str()))?.key_pairs.unwrap_or_default();
    let templates = session.ec2.describe_launch_templates();
    let templates = templates.filters(filter("launch-template-name", &format!("{prefix}*")));
    let templates = templates.into_paginator().items().send().try_collect().await;
    let templates = templates.map_err(cloud("DescribeLaunchTemplates", pit.as_str()))?;
    let begins = |name: &&str| name.starts_with(&prefix);
    let mut traces = named("key-pair", pairs.iter().filter_map(|pair| pair.key_name()).filter(begins));
    let names = templates.iter().filter_map(|template| template.launch_template_name());
    traces.extend(named("launch-template", names.filter(begins)));
    Ok(traces)
}

async fn documents(session: &Session, pit: &Pit) -> Result<Vec<Trace>, CloudError> {
    let prefix = pit.name_prefix();
    let own = DocumentKeyValuesFilter::builder().key("Owner").values("Self").build();
    let documents = session.ssm.list_documents().filters(own).into_paginator().items().send().try_collect().await;
    let documents = documents.map_err(cloud("ListDocuments", pit.as_str()))?;
    let names = documents.iter().filter_map(|document| document.name());
    Ok(named("session-document", names.filter(|name| name.starts_with(&prefix))))
}

fn named<'a>(kind: &str, names: impl Iterator<Item = &'a str>) -> Vec<Trace> {
    names.map(|name| trace(kind, name)).collect()
}
