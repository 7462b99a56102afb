//! Machines: their firewalls, keys, templates, disks, and the endpoints they are reached by.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Protocol, Tenancy};
use crate::account::Zone;
use crate::aws::arn::{Arn, ImageId, InstanceId, LaunchTemplateId, SecurityGroupId, SubnetId, VolumeId, VpcId};
use crate::aws::policy::Policy;
use crate::cidr::Cidr;
use crate::value::Value;

/// A security group, SG: the stateful filter around a machine (L501-L516).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    /// The VPC it belongs to.
    pub vpc: Value<VpcId>,
    /// What it is for; AWS never lets it be changed.
    pub description: String,
    /// What may come in; nothing else may.
    pub ingress: BTreeSet<GroupRule>,
    /// What may go out; nothing else may.
    pub egress: BTreeSet<GroupRule>,
}

/// One rule of a security group; all of them allow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRule {
    /// The protocol.
    pub protocol: Protocol,
    /// First and last destination port; none for protocols without ports.
    pub ports: Option<(u16, u16)>,
    /// The other side.
    pub peer: Peer,
    /// Why the rule is there.
    pub description: String,
}

/// The other side of a security group's rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// Addresses.
    Cidr(Cidr),
    /// Whatever is in that group.
    Group(Value<SecurityGroupId>),
    /// The addresses of a list that AWS keeps, such as S3's in a region.
    PrefixList(String),
    /// What no plan says, in a line: a group of another account, single types of ICMP.
    Other(String),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cidr(range) => range.fmt(f),
            Self::Group(group) => group.fmt(f),
            Self::PrefixList(text) | Self::Other(text) => f.write_str(text),
        }
    }
}

/// The public half of a key pair; AWS never sees the private one (L517-L518).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPair {
    /// Algorithm and key as OpenSSH writes them, without comment: `ssh-ed25519 AAAA…`.
    pub public_key: String,
}

/// What lends an instance a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceProfile {
    /// The name of the role; none while it lends nothing.
    pub role: Option<Value<String>>,
}

/// What an instance is launched from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaunchTemplate {
    /// The machine image.
    pub image: ImageId,
    /// The instance type, such as `m7i.large`.
    pub instance_type: String,
    /// The instance profile's ARN.
    pub profile: Option<Value<Arn>>,
    /// The name of the key pair of the image's own account, if ssh with it is a way in.
    pub key_pair: Option<Value<String>>,
    /// The security groups.
    pub groups: BTreeSet<Value<SecurityGroupId>>,
    /// Whether it gets a public address.
    pub public_address: bool,
    /// Whether the metadata service answers only to requests with a session token (IMDSv2).
    pub metadata_token_required: bool,
    /// How many hops the metadata service's answer lives: 1 keeps it on the machine itself, away from containers and proxies.
    pub metadata_hop_limit: u32,
    /// Whether metrics come every minute (L264).
    pub detailed_monitoring: bool,
    /// Whether its hardware is shared.
    pub tenancy: Tenancy,
    /// The volume it boots from; none leaves it to the image.
    pub root: Option<RootVolume>,
    /// The program that runs at first boot.
    pub user_data: String,
    /// What the template says that a plan never does, in a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
}

/// The volume an instance boots from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootVolume {
    /// The image's own name for it, such as `/dev/xvda`.
    pub device: String,
    /// Its size in GiB.
    pub size_gib: u32,
    /// Its type as AWS writes it, such as `gp3`.
    pub volume_type: String,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// The key it is encrypted with; none means the account's default key.
    pub key: Option<Value<Arn>>,
}

/// A machine: B, the bastion, or E, the private instance (L501-L508, L523). Whether it runs is its users' choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The template it was launched from; none when it was launched without one.
    pub template: Option<Value<LaunchTemplateId>>,
    /// The subnet it is in.
    pub subnet: Value<SubnetId>,
    /// The machine image.
    pub image: ImageId,
    /// The instance type.
    pub instance_type: String,
    /// The instance profile's ARN.
    pub profile: Option<Value<Arn>>,
    /// The name of its key pair.
    pub key_pair: Option<Value<String>>,
    /// The security groups.
    pub groups: BTreeSet<Value<SecurityGroupId>>,
    /// Whether it has a public address, or gets one when it starts.
    pub public_address: bool,
    /// Whether the metadata service answers only to requests with a session token (IMDSv2).
    pub metadata_token_required: bool,
    /// How many hops the metadata service's answer lives: 1 keeps it on the machine itself, away from containers and proxies.
    pub metadata_hop_limit: u32,
    /// Whether metrics come every minute.
    pub detailed_monitoring: bool,
    /// Whether its hardware is shared.
    pub tenancy: Tenancy,
    /// The volume it boots from, as that volume itself says: which key encrypts it shows nowhere else.
    pub root: Option<RootVolume>,
    /// Whether every volume attached to it is encrypted, root and data alike.
    pub volumes_encrypted: bool,
    /// SHA-256 of the program it ran at first boot, in hexadecimal.
    pub user_data_sha256: String,
}

/// An EBS volume apart from any instance: PHI's own partition (L586-L588).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Its availability zone.
    pub zone: Zone,
    /// Its size in GiB.
    pub size_gib: u32,
    /// Its type as AWS writes it, such as `gp3`.
    pub volume_type: String,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// The key it is encrypted with; none means the account's default key.
    pub key: Option<Value<Arn>>,
}

/// A volume's being attached to an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeAttachment {
    /// The volume.
    pub volume: Value<VolumeId>,
    /// The instance.
    pub instance: Value<InstanceId>,
    /// The device name asked for, such as `/dev/sdf`.
    pub device: String,
}

/// An interface endpoint: an AWS service at an address inside the VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterfaceEndpoint {
    /// The VPC it serves.
    pub vpc: Value<VpcId>,
    /// The service, such as `com.amazonaws.us-west-2.ssm`.
    pub service: String,
    /// The subnets it has an address in.
    pub subnets: BTreeSet<Value<SubnetId>>,
    /// The security groups around it.
    pub groups: BTreeSet<Value<SecurityGroupId>>,
    /// Whether the service's usual name resolves to it inside the VPC.
    pub private_dns: bool,
    /// What may pass through it.
    pub policy: Policy,
}

/// An EC2 Instance Connect Endpoint: where tunnels that AWS has authorised come out in a subnet, so that machines without a public
/// address are reached over TCP (EC2 user guide, "EC2 Instance Connect Endpoint"). AWS allows one in a VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceConnectEndpoint {
    /// The subnet it has its address in.
    pub subnet: Value<SubnetId>,
    /// The security groups around it.
    pub groups: BTreeSet<Value<SecurityGroupId>>,
    /// Whether machines see the address of the caller instead of the endpoint's. A rule that names the endpoint's group then admits
    /// nobody.
    pub preserve_client_ip: bool,
}

/// Preferences of Session Manager sessions, as a document of Systems Manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionDocument {
    /// The log group that gets what is typed and shown.
    pub log_group: Option<String>,
    /// The KMS key that the session's traffic is encrypted with, on top of TLS.
    pub key: Option<Value<Arn>>,
    /// Minutes without a keystroke after which a session ends.
    pub idle_minutes: u32,
    /// Minutes after which any session ends.
    pub max_minutes: Option<u32>,
    /// Whether everybody works as the account on the machine that the tag `SSMSessionRunAs` of the caller names, and nobody as the
    /// agent's own user, which may do anything.
    pub run_as_self: bool,
    /// What the document says that a plan never does, in a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
}

impl SessionDocument {
    /// Minutes without a keystroke where a document says nothing (Systems Manager user guide, "Specify an idle session timeout value").
    const USUAL_IDLE_MINUTES: u32 = 20;

    /// What a document means, whoever wrote it: an empty text says as little as none. `kms` is what the ARN of a key of its place
    /// begins with, such as `arn:aws:kms:us-west-2:111122223333:`.
    #[must_use]
    pub fn of_content(kms: &str, content: &Json) -> Self {
        let inputs = &content["inputs"];
        let text = |name: &str| inputs[name].as_str().filter(|text| !text.is_empty());
        let flag = |name: &str| inputs[name].as_bool();
        let minutes = |name: &str| match &inputs[name] {
            Json::String(text) => text.parse().ok(),
            other => other.as_u64().and_then(|minutes| u32::try_from(minutes).ok()),
        };
        let profile = |system: &str| inputs["shellProfile"][system].as_str().is_some_and(|profile| !profile.is_empty());
        let said = [
            (content["schemaVersion"] != "1.0").then(|| format!("is of schema {}", content["schemaVersion"])),
            (content["sessionType"] != "Standard_Stream").then(|| format!("is of type {}", content["sessionType"])),
            text("s3BucketName").map(|bucket| format!("records in the bucket `{bucket}`")),
            (flag("cloudWatchEncryptionEnabled") == Some(false)).then(|| "records in clear".to_owned()),
            (flag("cloudWatchStreamingEnabled") == Some(false)).then(|| "records only at the end".to_owned()),
            text("runAsDefaultUser").map(|user| format!("lets whoever has no account work as `{user}`")),
            (profile("linux") || profile("windows")).then(|| "runs a program when a session begins".to_owned()),
        ];
        let said: Vec<String> = said.into_iter().flatten().collect();
        Self {
            log_group: text("cloudWatchLogGroupName").map(str::to_owned),
            key: text("kmsKeyId").and_then(|key| key_arn(kms, key)).map(Value::Known),
            idle_minutes: minutes("idleSessionTimeout").unwrap_or(Self::USUAL_IDLE_MINUTES),
            max_minutes: minutes("maxSessionDuration"),
            run_as_self: flag("runAsEnabled").unwrap_or(false),
            other: (!said.is_empty()).then(|| said.join("; ")),
        }
    }
}

/// Systems Manager keeps a key as it was given: by ARN, alias or id.
fn key_arn(kms: &str, given: &str) -> Option<Arn> {
    let arn = match given {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        alias if alias.starts_with("alias/") => format!("{kms}{alias}"),
        id => format!("{kms}key/{id}"),
    };
    arn.parse().ok()
}

/// An object that configures something, in one of the environment's buckets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketObject {
    /// The bucket's name.
    pub bucket: Value<String>,
    /// The object's key.
    pub key: String,
    /// What it says; never a secret, never PHI.
    pub content: String,
    /// The KMS key that it is encrypted with; none means keys that are S3's own.
    pub encryption_key: Option<Value<Arn>>,
}
