//! What an environment leaves beside its plan: copies of its volumes, interfaces that stay behind, objects under a lock.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, NetworkInterfaceStatus};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use sce_core::aws::resource::Kind;
use sce_core::pit::{TAG_ID, TAG_PIT};
use sce_core::plan::Node;

use super::{CloseOutOptions, End, Left};
use crate::archive;
use crate::error::{CloudError, cloud};
use crate::resource::volume;
use crate::tags::{filter, from_ec2};

/// A snapshot of a volume of the environment's, or an image made of one: AWS itself says of which, so no tag has to be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Copy {
    /// An image, which goes before its snapshots.
    Image(String),
    /// A snapshot.
    Snapshot(String),
}

impl Copy {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Image(id) | Self::Snapshot(id) => id,
        }
    }
}

/// How many values a filter takes (EC2 API reference).
const FILTER_VALUES: usize = 200;

/// How many objects S3 deletes in one call (S3 API reference, `DeleteObjects`).
const PAGE: usize = 1000;

impl End<'_> {
    /// Copies of the volumes that are ours, those of our machines among them.
    pub(super) async fn find_copies(&self) -> Result<Vec<Copy>, CloudError> {
        let mut volumes: BTreeSet<String> = self.ids_of(Kind::Volume).into_iter().collect();
        let machines = self.ids_of(Kind::Instance);
        for machine in &machines {
            let attached = volume::attached_to(self.session, machine, machine).await?;
            volumes.extend(attached.into_iter().filter_map(|volume| volume.volume_id));
        }
        let snapshots = self.snapshots_of(volumes.into_iter().collect()).await?;
        let images = self.images_of(&machines, &snapshots).await?;
        let images = images.into_iter().map(Copy::Image);
        Ok(images.chain(snapshots.into_iter().map(Copy::Snapshot)).collect())
    }

    fn ids_of(&self, kind: Kind) -> Vec<String> {
        let found = self.ours_of(kind).into_iter().filter_map(|node| self.observed.found.get(&node.id));
        found.map(|found| found.attributes.id.clone()).collect()
    }

    async fn snapshots_of(&self, volumes: Vec<String>) -> Result<Vec<String>, CloudError> {
        let mut all = Vec::new();
        for some in volumes.chunks(FILTER_VALUES) {
            let of = Filter::builder().name("volume-id").set_values(Some(some.to_vec())).build();
            let request = self.session.ec2.describe_snapshots().owner_ids("self").filters(of);
            let found = request.into_paginator().items().send().try_collect().await;
            let found = found.map_err(cloud("DescribeSnapshots", self.plan.pit.as_str()))?;
            // Compared here: a filter that let others through would not matter.
            let ours = found.into_iter().filter(|one| one.volume_id.as_ref().is_some_and(|id| some.contains(id)));
            all.extend(ours.filter_map(|snapshot| snapshot.snapshot_id));
        }
        Ok(all)
    }

    /// One's own images are few, and are all asked for: of which machine or of which snapshots each was made is compared here. An image
    /// of our machine may name a snapshot of somebody else's as well, so snapshots are found by their volumes alone.
    async fn images_of(&self, machines: &[String], snapshots: &[String]) -> Result<Vec<String>, CloudError> {
        if machines.is_empty() && snapshots.is_empty() {
            return Ok(Vec::new());
        }
        let found =
            self.session.ec2.describe_images().owners("self").into_paginator().items().send().try_collect().await;
        let found = found.map_err(cloud("DescribeImages", self.plan.pit.as_str()))?;
        let is_ours = |image: &aws_sdk_ec2::types::Image| {
            let mut disks = image.block_device_mappings().iter().filter_map(|disk| disk.ebs()?.snapshot_id());
            let of_machine = image.source_instance_id().is_some_and(|id| machines.iter().any(|one| one == id));
            of_machine || disks.any(|id| snapshots.iter().any(|one| one == id))
        };
        Ok(found.into_iter().filter(is_ours).filter_map(|image| image.image_id).collect())
    }

    /// Deletes the copies; only reached where somebody said that what no archive holds may go.
    pub(super) async fn delete_copies(&mut self, options: &CloseOutOptions) {
        if !options.discard_unarchived {
            return;
        }
        for copy in std::mem::take(&mut self.copies) {
            let sent = match &copy {
                Copy::Image(id) => {
                    let sent = self.session.ec2.deregister_image().image_id(id).send().await;
                    sent.map(drop).map_err(cloud("DeregisterImage", id))
                }
                Copy::Snapshot(id) => {
                    let sent = self.session.ec2.delete_snapshot().snapshot_id(id).send().await;
                    sent.map(drop).map_err(cloud("DeleteSnapshot", id))
                }
            };
            let resource = format!("copy {}", copy.id());
            match sent {
                Ok(()) => self.closed.deleted.push(resource),
                Err(error) => {
                    self.closed.left.push(Left { resource, why: error.to_string() });
                    self.keep_sources();
                }
            }
        }
    }

    /// What copies are made of stays while a copy does: only by it does the next run find one that bears no tag.
    fn keep_sources(&mut self) {
        let sources =
            [Kind::Volume, Kind::Instance].map(|kind| self.ours_of(kind).into_iter().cloned().collect::<Vec<_>>());
        for node in sources.iter().flatten() {
            self.keep(node);
        }
    }

    /// Deletes interfaces that a thing of ours left in our network: free ones, whose tags name a place of the plan. Others keep their
    /// subnet and their group from going, and are told by the sweep.
    pub(super) async fn clear_interfaces(&mut self) {
        if std::mem::replace(&mut self.interfaces_cleared, true) {
            return;
        }
        let Some(vpc) = self.ids_of(Kind::Vpc).pop() else { return };
        let request = self.session.ec2.describe_network_interfaces().filters(filter("vpc-id", &vpc));
        let found = request.into_paginator().items().send().try_collect().await;
        let found = match found.map_err(cloud("DescribeNetworkInterfaces", &vpc)) {
            Ok(found) => found,
            Err(error) => {
                let resource = "leftover network interfaces".to_owned();
                self.closed.left.push(Left { resource, why: error.to_string() });
                return;
            }
        };
        for interface in found {
            let tags = from_ec2(interface.tag_set());
            let planned = tags.get(TAG_ID).is_some_and(|id| self.plan.pit_nodes().any(|node| node.id.as_str() == *id));
            let ours = tags.get(TAG_PIT).map(String::as_str) == Some(self.plan.pit.as_str()) && planned;
            let free = interface.status() == Some(&NetworkInterfaceStatus::Available);
            let Some(id) = interface.network_interface_id.filter(|_| ours && free) else { continue };
            let sent = self.session.ec2.delete_network_interface().network_interface_id(&id).send().await;
            let resource = format!("network-interface {id}");
            match sent.map_err(cloud("DeleteNetworkInterface", &id)) {
                Ok(_) => self.closed.deleted.push(resource),
                Err(error) => self.closed.left.push(Left { resource, why: error.to_string() }),
            }
        }
    }

    /// Deletes objects of a store of ours that are locked in governance mode. What is locked otherwise stays, and its bucket with it.
    pub(super) async fn bypass_lock(&mut self, node: &Node) {
        let ours = self.observed.found.get(&node.id).is_some_and(|found| self.foreign(node, found).is_none());
        if !ours || self.damaged.contains_key(&node.id) || self.kept.contains(&node.id) {
            return;
        }
        // That it did not work shows when the bucket is emptied.
        if let Err(error) = self.delete_locked(node).await {
            tracing::warn!(node = node.id.as_str(), %error, "locked objects stay");
        }
    }

    async fn delete_locked(&self, node: &Node) -> Result<(), CloudError> {
        let there = archive::versions(self.session, &node.name).await?;
        for page in there.chunks(PAGE) {
            let identifiers = page.iter().filter_map(|one| {
                let identifier = ObjectIdentifier::builder().key(&one.key).set_version_id(one.version_id.clone());
                identifier.build().ok()
            });
            let Ok(delete) = Delete::builder().set_objects(Some(identifiers.collect())).quiet(true).build() else {
                continue;
            };
            let request = self.session.s3.delete_objects().bucket(&node.name).delete(delete);
            let sent = request.bypass_governance_retention(true).send().await;
            sent.map_err(cloud("DeleteObjects", node.id.as_str()))?;
        }
        Ok(())
    }
}
