//! What the world must supply before a plan is possible, resolved once and kept beside the spec.
//!
//! The plan is a pure function of spec and lock: same input, same bytes.

mod existing;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use existing::{Existing, Thing, spare, spare_subnet};

use crate::account::{AccountId, Partition, Zone};
use crate::aws::arn::{Arn, ImageId};
use crate::pit::Pit;
use crate::spec::Spec;
use crate::ssh::PublicKey;

/// The version of the lock file's format that this crate writes.
pub const SCHEMA_VERSION: u32 = 1;

/// What the account supplies to one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Whether these are placeholders, good for planning and checking but not for building.
    pub offline: bool,
    /// The account.
    pub account: AccountId,
    /// The partition its ARNs name.
    pub partition: Partition,
    /// The availability zone, one on purpose (L193-L198).
    pub zone: Zone,
    /// Who administers the key and may read data from outside the VPC.
    pub administrators: Vec<Arn>,
    /// The newest Amazon Linux 2023 image of each architecture that the spec's machines have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<Architecture, Image>,
    /// AWS's list of S3's addresses in the region, which firewalls name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_prefix_list: Option<String>,
    /// Another zone, which RDS wants beside the one where everything lies (C28).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_zone: Option<Zone>,
    /// Public halves of keys made with `sce keys make`, by what they are for: `bastion`, `private`, or a person's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, PublicKey>,
    /// Public halves of the keys that people had before, while a rotation is under way: both open until it is finished.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub previous_keys: BTreeMap<String, PublicKey>,
    /// What exists already and is used, as the account showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing: Option<Existing>,
}

/// A machine image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Its id.
    pub id: ImageId,
    /// Its name, which tells its version.
    pub name: String,
    /// What it calls the volume it boots from.
    pub root_device: String,
}

/// A processor architecture, as AWS writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86,
    /// Graviton.
    Arm64,
}

impl Architecture {
    /// The architecture of an instance type: those with a `g` after the generation's number are Graviton's (EC2 user guide,
    /// "Instance type naming conventions").
    ///
    /// ```
    /// use sce_core::lock::Architecture;
    /// assert_eq!(Architecture::of("m7g.large"), Architecture::Arm64);
    /// assert_eq!(Architecture::of("g5.xlarge"), Architecture::X86);
    /// ```
    #[must_use]
    pub fn of(instance_type: &str) -> Self {
        let family = instance_type.split('.').next().unwrap_or_default();
        let options = family.trim_start_matches(|c: char| !c.is_ascii_digit());
        if options.trim_start_matches(|c: char| c.is_ascii_digit()).contains('g') || family == "a1" {
            Self::Arm64
        } else {
            Self::X86
        }
    }

    /// The architecture as AWS writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

/// The file `sce.lock`: one lock for each PIT whose spec lies in the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockFile {
    /// The version of this format.
    pub schema_version: u32,
    /// The locks.
    #[serde(default)]
    pub pit: BTreeMap<Pit, Lock>,
}

impl Default for LockFile {
    fn default() -> Self {
        Self { schema_version: SCHEMA_VERSION, pit: BTreeMap::new() }
    }
}

impl Lock {
    /// Placeholders: the account of AWS's own examples, the region's first zone, and a role nobody has.
    #[must_use]
    pub fn offline(spec: &Spec) -> Self {
        let account: AccountId = "111122223333".parse().expect("twelve digits");
        let partition = spec.region.partition();
        let placeholder = format!("arn:{partition}:iam::{account}:role/administrator");
        let administrators = match spec.account.administrators.as_slice() {
            [] => placeholder.parse().into_iter().collect(),
            declared => declared.to_vec(),
        };
        let zone = spec.network.zone.clone().unwrap_or_else(|| spec.region.zone('a').expect("`a` is a letter"));
        let images = spec.machines().map(|machine| Architecture::of(&machine.instance_type));
        let images = images.map(|architecture| (architecture, placeholder_image(architecture))).collect();
        let s3_prefix_list = spec.machines().next().is_some().then(|| "pl-00000000".to_owned());
        let second_zone = spec
            .makes_spare_subnet()
            .then(|| {
                ['a', 'b'].into_iter().filter_map(|letter| spec.region.zone(letter).ok()).find(|other| *other != zone)
            })
            .flatten();
        Self {
            offline: true,
            account,
            partition,
            zone,
            administrators,
            images,
            s3_prefix_list,
            second_zone,
            keys: BTreeMap::new(),
            previous_keys: BTreeMap::new(),
            existing: Existing::placeholder(spec),
        }
    }
}

fn placeholder_image(architecture: Architecture) -> Image {
    Image {
        id: "ami-00000000000000000".parse().expect("a prefix and digits"),
        name: format!("al2023-ami-placeholder-{}", architecture.as_str()),
        root_device: "/dev/xvda".to_owned(),
    }
}

impl LockFile {
    /// Reads a lock file.
    ///
    /// # Errors
    /// What the TOML reader says, with the line, or that the format is of a later version.
    pub fn from_toml(text: &str) -> Result<Self, InvalidLock> {
        let file: Self = toml::from_str(text).map_err(InvalidLock::Toml)?;
        match file.schema_version {
            1..=SCHEMA_VERSION => file.with_possible_administrators(),
            later => Err(InvalidLock::LaterVersion(later)),
        }
    }

    /// Whoever administers acts in IAM or STS; anything else was written here by nobody of ours.
    fn with_possible_administrators(self) -> Result<Self, InvalidLock> {
        let is_possible = |arn: &Arn| {
            let plain = arn.as_str().bytes().all(|byte| byte.is_ascii_graphic());
            plain && matches!(arn.service(), "iam" | "sts")
        };
        let mut all = self.pit.values().flat_map(|lock| &lock.administrators);
        match all.find(|arn| !is_possible(arn)) {
            Some(arn) => Err(InvalidLock::Administrator(arn.to_string())),
            None => Ok(self),
        }
    }

    /// The file's text.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let body = toml::to_string(self).unwrap_or_default();
        format!(
            "# Made by `sce lock`: what the account supplies. Keep it beside the spec, and under version control.\n{body}"
        )
    }
}

/// Why a lock file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidLock {
    /// It does not say what a lock says.
    #[error("the lock file is not as `sce lock` writes it")]
    Toml(#[source] toml::de::Error),
    /// A later version of sce wrote it.
    #[error("the lock file has schema version `{0}`, and this version of sce reads 1 to {SCHEMA_VERSION}")]
    LaterVersion(u32),
    /// What it calls an administrator can be none.
    #[error("administrator `{0}` is no user, role or session of IAM")]
    Administrator(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Format, parse};

    #[test]
    fn a_lock_file_reads_back_as_it_is_written() {
        let text = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n";
        let lock = Lock::offline(&parse(text, Format::Toml).unwrap());
        assert_eq!(lock.administrators[0].as_str(), "arn:aws:iam::111122223333:role/administrator");
        let mut file = LockFile::default();
        file.pit.insert("hipaa".parse().unwrap(), lock);
        assert_eq!(LockFile::from_toml(&file.to_toml()).unwrap(), file);
        let tampered = file.to_toml().replace("arn:aws:iam::111122223333:role/administrator", "arn:aws:s3:::x");
        assert!(matches!(LockFile::from_toml(&tampered), Err(InvalidLock::Administrator(_))));
    }

    #[test]
    fn a_foreign_lock_is_refused() {
        assert!(matches!(LockFile::from_toml("schema_version = 2"), Err(InvalidLock::LaterVersion(2))));
        assert!(matches!(LockFile::from_toml("schema_version = 1\nx = 1"), Err(InvalidLock::Toml(_))));
    }
}
