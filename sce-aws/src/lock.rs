//! Asking the account what a plan needs.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::ImageState;
use sce_core::account::Zone;
use sce_core::aws::arn::Arn;
use sce_core::aws::resource::Properties;
use sce_core::lock::{Architecture, Existing, Image, Lock};
use sce_core::spec::Spec;
use thiserror::Error;

use crate::error::{CloudError, Trouble, cloud};
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

/// Which machine images a lock that is made again takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Images {
    /// Those that it has, while AWS offers them: another image makes another machine, and loses what is on the root volume of this one.
    #[default]
    Keep,
    /// The newest there are.
    Newest,
}

/// A machine image, and when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// The image.
    pub image: Image,
    /// When it was made, as AWS writes it; none where AWS does not show the image any more.
    pub created: Option<String>,
}

/// What came of a machine image, where the lock before had one and there is a newer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageNews {
    /// The architecture.
    pub architecture: Architecture,
    /// That of the lock before.
    pub before: Dated,
    /// The newest.
    pub newest: Dated,
    /// Whether the lock keeps the one before.
    pub kept: bool,
}

/// Resolves what the account must supply, with the newest images: read-only.
///
/// # Errors
/// When AWS does not answer, or the spec's zone is not available.
pub async fn resolve(session: &Session, spec: &Spec) -> Result<Lock, LockError> {
    resolve_again(session, spec, None, Images::Newest).await.map(|(lock, _)| lock)
}

/// Resolves it where there is a lock already, and tells of images that are not the newest or not those of the lock before: read-only.
///
/// # Errors
/// As [`resolve`].
pub async fn resolve_again(
    session: &Session,
    spec: &Spec,
    earlier: Option<&Lock>,
    images: Images,
) -> Result<(Lock, Vec<ImageNews>), LockError> {
    // A placeholder is no image.
    let before = earlier.filter(|lock| !lock.offline).map(|lock| lock.images.clone()).unwrap_or_default();
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
    let second_zone = spec
        .makes_spare_subnet()
        .then(|| available.iter().find(|other| **other != zone).and_then(|other| other.parse().ok()))
        .flatten();
    let zone = known.ok_or(LockError::NoSuchZone { zone, available })?;
    let (images, news) = chosen_images(session, spec, &before, images).await?;
    let lock = Lock {
        offline: false,
        account: session.account().clone(),
        partition: spec.region.partition(),
        zone,
        administrators: administrators(session, &spec.account.administrators).await,
        second_zone,
        images,
        s3_prefix_list: if spec.machines().next().is_some() { s3_prefix_list(session, spec).await? } else { None },
        keys: BTreeMap::new(),
        previous_keys: BTreeMap::new(),
        existing,
    };
    Ok((lock, news))
}

/// A subnet that exists has a zone already.
fn zone_of(existing: &Existing) -> Option<Zone> {
    match &existing.at("subnet-private")?.properties {
        Properties::Subnet(subnet) => Some(subnet.zone.clone()),
        _ => None,
    }
}

/// An Amazon Linux 2023 image of each architecture that the spec's machines have, and what there is to tell of those before.
async fn chosen_images(
    session: &Session,
    spec: &Spec,
    before: &BTreeMap<Architecture, Image>,
    asked: Images,
) -> Result<(BTreeMap<Architecture, Image>, Vec<ImageNews>), LockError> {
    let wanted: BTreeSet<Architecture> =
        spec.machines().map(|machine| Architecture::of(&machine.instance_type)).collect();
    let (mut images, mut news) = (BTreeMap::new(), Vec::new());
    for architecture in wanted {
        let newest = newest(session, architecture).await?;
        let Some(image) = before.get(&architecture).filter(|image| image.id != newest.image.id) else {
            images.insert(architecture, newest.image);
            continue;
        };
        let created = offered(session, image).await?;
        let kept = asked == Images::Keep && created.is_some();
        images.insert(architecture, if kept { image.clone() } else { newest.image.clone() });
        news.push(ImageNews { architecture, before: Dated { image: image.clone(), created }, newest, kept });
    }
    Ok((images, news))
}

/// The newest Amazon Linux 2023 image.
async fn newest(session: &Session, architecture: Architecture) -> Result<Dated, LockError> {
    let request = session.ec2.describe_images().owners("amazon").filters(filter("name", IMAGE_NAMES));
    let request = request.filters(filter("architecture", architecture.as_str()));
    let request = request.filters(filter("state", "available"));
    let answer = request.send().await.map_err(cloud("DescribeImages", architecture.as_str()))?;
    let newest = answer.images().iter().max_by_key(|image| image.creation_date().unwrap_or_default().to_owned());
    let found = newest.and_then(|image| {
        let created = image.creation_date().map(str::to_owned);
        let image = Image {
            id: image.image_id()?.parse().ok()?,
            name: image.name()?.to_owned(),
            root_device: image.root_device_name()?.to_owned(),
        };
        Some(Dated { image, created })
    });
    found.ok_or(LockError::NoImage { architecture })
}

/// When an image was made, if machines can still be launched of it: one that AWS has deprecated can, one that is taken back cannot.
async fn offered(session: &Session, image: &Image) -> Result<Option<String>, LockError> {
    let request = session.ec2.describe_images().image_ids(image.id.as_str()).include_deprecated(true);
    let answer = match request.send().await.map_err(cloud("DescribeImages", image.id.as_str())) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
        other => other?,
    };
    let found = answer.images().iter().find(|found| found.image_id() == Some(image.id.as_str()));
    let available = found.filter(|found| found.state() == Some(&ImageState::Available));
    Ok(available.map(|found| found.creation_date().unwrap_or_default().to_owned()))
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
    use crate::replay::Replay;

    const OLD: &str = "ami-00000000000000001";
    const NEW: &str = "ami-00000000000000002";

    fn answer(operation: &'static str, body: &str) -> (&'static str, u16, String) {
        (operation, 200, format!("<{operation}Response>{body}</{operation}Response>"))
    }

    fn described(images: &[(&str, &str, &str)]) -> (&'static str, u16, String) {
        let item = |(id, created, state): &(&str, &str, &str)| {
            format!(
                "<item><imageId>{id}</imageId><name>al2023-ami-{created}</name><rootDeviceName>/dev/xvda</rootDeviceName>\
                 <creationDate>{created}T00:00:00.000Z</creationDate><imageState>{state}</imageState></item>"
            )
        };
        let items: String = images.iter().map(item).collect();
        answer("DescribeImages", &format!("<imagesSet>{items}</imagesSet>"))
    }

    fn zones() -> (&'static str, u16, String) {
        let body = "<availabilityZoneInfo><item><zoneName>us-west-2a</zoneName></item></availabilityZoneInfo>";
        answer("DescribeAvailabilityZones", body)
    }

    fn spec() -> Spec {
        let text = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n[compute.private]\ntype = \"m7i.large\"\n";
        sce_core::spec::parse(text, sce_core::spec::Format::Toml).unwrap()
    }

    fn image(id: &str, created: &str) -> Image {
        let (id, root_device) = (id.parse().unwrap(), "/dev/xvda".to_owned());
        Image { id, name: format!("al2023-ami-{created}"), root_device }
    }

    /// A lock made again, where the one before had the old image and there is a newer one.
    async fn again(images: Images, of_the_old: (&'static str, u16, String)) -> (Image, Vec<ImageNews>) {
        let (newest, old) = (described(&[(NEW, "2026-11-20", "available")]), image(OLD, "2026-09-01"));
        let replay =
            Replay::of("ec2", [zones(), newest, of_the_old, answer("DescribeManagedPrefixLists", "<prefixListSet/>")]);
        let session = replay.session().await;
        let earlier = Lock { offline: false, images: [(Architecture::X86, old)].into(), ..Lock::offline(&spec()) };
        let (lock, news) = resolve_again(&session, &spec(), Some(&earlier), images).await.unwrap();
        replay.finished();
        (lock.images[&Architecture::X86].clone(), news)
    }

    fn news(created: Option<&str>, kept: bool) -> ImageNews {
        let created = created.map(str::to_owned);
        let newest = Dated { image: image(NEW, "2026-11-20"), created: Some("2026-11-20T00:00:00.000Z".to_owned()) };
        let before = Dated { image: image(OLD, "2026-09-01"), created };
        ImageNews { architecture: Architecture::X86, before, newest, kept }
    }

    #[tokio::test]
    async fn a_lock_that_is_made_again_keeps_its_image_and_tells_of_a_newer_one() {
        let there = || described(&[(OLD, "2026-09-01", "available")]);
        let created = Some("2026-09-01T00:00:00.000Z");
        assert_eq!(again(Images::Keep, there()).await, (image(OLD, "2026-09-01"), vec![news(created, true)]));
        assert_eq!(again(Images::Newest, there()).await, (image(NEW, "2026-11-20"), vec![news(created, false)]));
    }

    #[tokio::test]
    async fn an_image_that_aws_took_back_cannot_be_kept() {
        let code = "<Response><Errors><Error><Code>InvalidAMIID.NotFound</Code><Message>no</Message></Error></Errors></Response>";
        let gone = [
            ("DescribeImages", 400, code.to_owned()),
            described(&[]),
            described(&[(OLD, "2026-09-01", "deregistered")]),
        ];
        for gone in gone {
            assert_eq!(again(Images::Keep, gone).await, (image(NEW, "2026-11-20"), vec![news(None, false)]));
        }
    }

    #[tokio::test]
    async fn a_placeholder_is_no_image_to_keep() {
        let newest = described(&[(NEW, "2026-11-20", "available")]);
        let replay = Replay::of("ec2", [zones(), newest, answer("DescribeManagedPrefixLists", "<prefixListSet/>")]);
        let session = replay.session().await;
        let (lock, news) = resolve_again(&session, &spec(), Some(&Lock::offline(&spec())), Images::Keep).await.unwrap();
        replay.finished();
        assert_eq!((lock.images[&Architecture::X86].id.as_str(), news), (NEW, Vec::new()));
    }

    #[test]
    fn a_role_whose_path_is_not_known_is_named_with_and_without_one() {
        let session: Arn = "arn:aws:sts::111122223333:assumed-role/Admin/alice".parse().unwrap();
        let named: Vec<String> =
            with_any_path(&session.role_of_session(), "Admin").iter().map(Arn::to_string).collect();
        assert_eq!(named, ["arn:aws:iam::111122223333:role/Admin", "arn:aws:iam::111122223333:role/*/Admin"]);
    }
}
