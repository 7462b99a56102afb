//! What an end is refused for, before anything is archived or deleted.

use sce_core::aws::resource::{Kind, Teardown};
use sce_core::pit::{BucketRole, TAG_PIT};

use super::{CloseOutError, CloseOutOptions, Dump, End};
use crate::archive::{self, ArchiveError};
use crate::error::{CloudError, cloud};
use crate::registry::Registry;
use crate::resource::database_instance;
use crate::tags::filter;

/// States in which a machine works, or is about to (EC2 API reference, `DescribeInstances`).
const RUNNING: [&str; 2] = ["pending", "running"];

impl End<'_> {
    /// Refuses what nobody said may go on.
    pub(super) async fn refuse(&self, registry: &Registry<'_>, options: &CloseOutOptions) -> Result<(), CloseOutError> {
        let things = self.unarchived();
        if !things.is_empty() && !options.discard_unarchived {
            let dumps = self.dumps().await.map_err(CloseOutError::Beside)?;
            return Err(CloseOutError::Unarchived { things, dumps });
        }
        if !options.while_machines_run {
            let machines = self.running().await?;
            if !machines.is_empty() {
                return Err(CloseOutError::Running { pit: self.plan.pit.clone(), machines });
            }
        }
        if !options.archive_again {
            self.refuse_newer(registry, options).await?;
        }
        Ok(())
    }

    /// What is ours and holds what no archive does.
    fn unarchived(&self) -> Vec<String> {
        let nodes = self.plan.pit_nodes();
        let holds = nodes.filter(|node| node.properties.kind().descriptor().teardown == Teardown::DeleteWhenDiscarded);
        let found = holds.filter_map(|node| Some((node, self.observed.found.get(&node.id)?)));
        let ours = found.filter(|(node, found)| self.foreign(node, found).is_none());
        let ours = ours.map(|(node, found)| format!("`{}` ({})", node.id, found.attributes.id));
        ours.chain(self.copies.iter().map(|copy| format!("`{}`", copy.id()))).collect()
    }

    /// How what is in each database of ours gets out.
    async fn dumps(&self) -> Result<Vec<Dump>, CloudError> {
        let plan = self.plan;
        let bucket = plan.pit.bucket(BucketRole::Output, &plan.account, &plan.region);
        let folder = match plan.pit_nodes().any(|node| node.properties.kind() == Kind::Volume) {
            true => format!("/{}", plan.pit),
            false => "~".to_owned(),
        };
        let mut dumps = Vec::new();
        for node in self.ours_of(Kind::DatabaseInstance) {
            let (bucket, folder) = (bucket.clone(), folder.clone());
            let address = database_instance::address(self.session, node).await?;
            let (node, identifier) = (node.id.to_string(), node.name.clone());
            dumps.push(Dump { node, identifier, address, user: database_instance::MASTER, folder, bucket });
        }
        Ok(dumps)
    }

    /// Machines that bear the PIT and run, workers that no plan names among them.
    async fn running(&self) -> Result<Vec<String>, CloseOutError> {
        let pit = self.plan.pit.as_str();
        let states = RUNNING.into_iter().fold(
            aws_sdk_ec2::types::Filter::builder().name("instance-state-name"),
            aws_sdk_ec2::types::builders::FilterBuilder::values,
        );
        let request = self.session.ec2.describe_instances();
        let request = request.filters(filter(&format!("tag:{TAG_PIT}"), pit)).filters(states.build());
        let sent = request.into_paginator().items().send().try_collect().await;
        let found = sent.map_err(cloud("DescribeInstances", pit)).map_err(CloseOutError::Beside)?;
        let ids = found.iter().flat_map(|reservation| reservation.instances()).filter_map(|one| one.instance_id());
        let place = |id: &str| {
            let node = self.observed.found.iter().find(|(_, found)| found.attributes.id == id);
            node.map_or_else(|| format!("`{id}`"), |(node, _)| format!("`{node}` ({id})"))
        };
        Ok(ids.map(place).collect())
    }

    /// Once an archive of this life is made, nobody should write any more: what is newer shows that somebody does.
    async fn refuse_newer(&self, registry: &Registry<'_>, options: &CloseOutOptions) -> Result<(), CloseOutError> {
        let archives = registry.archives(&self.archives).await?;
        let Some(last) = archives.iter().filter_map(|record| record.made_at).max() else { return Ok(()) };
        let stores =
            BucketRole::READ_BY_CUSTODIAN.map(|role| self.plan.pit.bucket(role, &self.plan.account, &self.plan.region));
        // What apply puts there is nobody's work, and is written anew whenever an environment is built on.
        let planned = |bucket: &str, key: &str| {
            let name = format!("{bucket}/{key}");
            self.plan.pit_nodes().any(|node| node.properties.kind() == Kind::BucketObject && node.name == name)
        };
        let mut newer = Vec::new();
        for node in self.plan.pit_nodes().filter(|node| node.properties.kind() == Kind::Bucket) {
            let Some(found) = self.observed.found.get(&node.id) else { continue };
            // Logs go on coming for hours after what they tell of.
            if !stores.contains(&node.name) || self.foreign(node, found).is_some() {
                continue;
            }
            let there = archive::versions(self.reader(node, options), &node.name).await.map_err(ArchiveError::from)?;
            let is_late = |version: &&archive::Listed| {
                version.last_modified.is_some_and(|time| time > last) && !planned(&node.name, &version.key)
            };
            let late = there.iter().filter(is_late).count();
            if late > 0 {
                newer.push((node.name.clone(), late));
            }
        }
        if newer.is_empty() { Ok(()) } else { Err(CloseOutError::Newer { stores: newer, made_at: last }) }
    }
}
