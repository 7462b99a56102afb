//! Asking the account what a plan needs.

use std::collections::{BTreeMap, BTreeSet};

use sce_core::account::Zone;
use sce_core::aws::arn::Arn;
use sce_core::aws::resource::Properties;
use sce_core::lock::{Architecture, Existing, Image, Lock};
use sce_core::spec::Spec;
use thiserror::Error;

use crate::error::{CloudError, cloud};
use crate::existing::{self, ExistingError};
use crate::session::Session;
use crate::tags::filter;

/// Why there is no lock.
#[derive(Debug, Error)]
pub enum LockError {
    /// AWS refused or failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// Something that exists cannot be used.
    #[error(transparent)]
    Existing(#[from] ExistingError),
    /// The spec's zone is not one the account can use.
    #[error("zone `{zone}` is not available to this account")]
    NoSuchZone {
        /// The zone asked for.
        zone: String,
        /// Those it can use.
        available: Vec<String>,
    },
    /// The region has no image for a machine.
    #[error("the region has no Amazon Linux 2023 image for {} machines", .architecture.as_str())]
    NoImage {
        /// The architecture.
        architecture: Architecture,
    },
}

/// Names of Amazon Linux 2023's full images; the minimal ones, without the agent of Systems Manager, are named otherwise.
const IMAGE_NAMES: &str = "al2023-ami-2023.*";

impl LockError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Cloud(error) => error.help().map(str::to_owned),
            Self::Existing(error) => error.help(),
            Self::NoImage { .. } => {
                Some("choose an instance type of another architecture, or another region".to_owned())
            }
            Self::NoSuchZone { available, .. } => Some(format!("zones it can use: {}", available.join(", "))),
        }
    }
}

/// Resolves what the account must supply: read-only.
///
/// # Errors
/// When AWS does not answer, or the spec's zone is not available.
pub async fn resolve(session: &Session, spec: &Spec) -> Result<Lock, LockError> {
    let request = session.ec2.describe_availability_zones();
    let request = request.filters(filter("state", "available")).filters(filter("zone-type", "availability-zone"));
    let answer = request.send().await.map_err(cloud("DescribeAvailabilityZones", spec.region.as_str()))?;
    let mut available: Vec<String> =
        answer.availability_zones().iter().filter_map(|zone| zone.zone_name().map(str::to_owned)).collect();
    available.sort();
    let existing = existing::read(session, spec).await?;
    let given = existing.as_ref().and_then(zone_of).or_else(|| spec.network.zone.clone());
    let wanted = given.as_ref().map(ToString::to_string);
    let zone = wanted.clone().or_else(|| available.first().cloned()).unwrap_or_default();
    let known = available.contains(&zone).then(|| zone.parse().ok()).flatten();
    let second_zone = (!spec.database.is_empty())
        .then(|| available.iter().find(|other| **other != zone).and_then(|other| other.parse().ok()))
        .flatten();
    let zone = known.ok_or(LockError::NoSuchZone { zone, available })?;
    Ok(Lock {
        offline: false,
        account: session.account().clone(),
        partition: spec.region.partition(),
        zone,
        administrators: administrators(session, &spec.account.administrators).await,
        second_zone,
        images: images(session, spec).await?,
        s3_prefix_list: if spec.machines().next().is_some() { s3_prefix_list(session, spec).await? } else { None },
        keys: BTreeMap::new(),
        previous_keys: BTreeMap::new(),
        existing,
    })
}

/// A subnet that exists has a zone already.
fn zone_of(existing: &Existing) -> Option<Zone> {
    match &existing.at("subnet-private")?.properties {
        Properties::Subnet(subnet) => Some(subnet.zone.clone()),
        _ => None,
    }
}

/// The newest Amazon Linux 2023 image of each architecture that the spec's machines have.
async fn images(session: &Session, spec: &Spec) -> Result<BTreeMap<Architecture, Image>, LockError> {
    let wanted: BTreeSet<Architecture> =
        spec.machines().map(|machine| Architecture::of(&machine.instance_type)).collect();
    let mut images = BTreeMap::new();
    for architecture in wanted {
        let request = session.ec2.describe_images().owners("amazon").filters(filter("name", IMAGE_NAMES));
        let request = request.filters(filter("architecture", architecture.as_str()));
        let request = request.filters(filter("state", "available"));
        let answer = request.send().await.map_err(cloud("DescribeImages", architecture.as_str()))?;
        let newest = answer.images().iter().max_by_key(|image| image.creation_date().unwrap_or_default().to_owned());
        let found = newest.and_then(|image| {
            Some(Image {
                id: image.image_id()?.parse().ok()?,
                name: image.name()?.to_owned(),
                root_device: image.root_device_name()?.to_owned(),
            })
        });
        images.insert(architecture, found.ok_or(LockError::NoImage { architecture })?);
    }
    Ok(images)
}

async fn s3_prefix_list(session: &Session, spec: &Spec) -> Result<Option<String>, LockError> {
    let name = format!("com.amazonaws.{}.s3", spec.region);
    let request = session.ec2.describe_managed_prefix_lists().filters(filter("prefix-list-name", &name));
    let answer = request.send().await.map_err(cloud("DescribeManagedPrefixLists", &name))?;
    let ours = answer.prefix_lists().iter().find(|list| list.prefix_list_name() == Some(name.as_str()));
    Ok(ours.and_then(|list| list.prefix_list_id()).map(str::to_owned))
}

/// As declared; else whoever builds, so that nobody locks himself out.
pub(crate) async fn administrators(session: &Session, declared: &[Arn]) -> Vec<Arn> {
    if !declared.is_empty() {
        return declared.to_vec();
    }
    let Ok(caller) = session.caller().parse::<Arn>() else { return Vec::new() };
    let role = caller.role_of_session();
    let Some(name) = role.resource().strip_prefix("role/").filter(|_| role != caller) else { return vec![caller] };
    // A session's ARN leaves the role's path out, and roles of IAM Identity Center have one: IAM knows it.
    let asked = session.iam.get_role().role_name(name).send().await.ok().and_then(|answer| answer.role);
    match asked.and_then(|role| role.arn().parse().ok()) {
        Some(whole) => vec![whole],
        None => with_any_path(&role, name),
    }
}

/// The role of that name, under whatever path: names of roles are unique in an account.
fn with_any_path(role: &Arn, name: &str) -> Vec<Arn> {
    let pathed = role.as_str().replace(&format!(":role/{name}"), &format!(":role/*/{name}"));
    [Some(role.clone()), pathed.parse().ok()].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_whose_path_is_not_known_is_named_with_and_without_one() {
        let session: Arn = "arn:aws:sts::111122223333:assumed-role/Admin/alice".parse().unwrap();
        let named: Vec<String> =
            with_any_path(&session.role_of_session(), "Admin").iter().map(Arn::to_string).collect();
        assert_eq!(named, ["arn:aws:iam::111122223333:role/Admin", "arn:aws:iam::111122223333:role/*/Admin"]);
    }
}
