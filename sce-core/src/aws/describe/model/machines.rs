//! Machines, their templates and disks, from `aws ec2 describe-*`; session documents from `aws ssm`.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Place;
use super::network::tenancy;
use super::saved::{Saved, not_saved};
use super::thing::{
    Thing, base64, each, flag, items, known, listed, number, optional, pairs, parsed, required, said, text, texts,
};
use crate::aws::arn::{Arn, SecurityGroupId};
use crate::aws::resource::{
    Instance, InstanceProfile, LaunchTemplate, RootVolume, SessionDocument, Volume, VolumeAttachment,
};
use crate::plan::{Attributes, hex_sha256};
use crate::value::Value;

type Things = Result<Vec<Thing>, String>;

/// What AWS writes down of the template that an instance was launched from; nobody else can write tags that begin so.
const TEMPLATE_ID: &str = "aws:ec2launchtemplate:id";
const TEMPLATE_VERSION: &str = "aws:ec2launchtemplate:version";

/// What stands before a digest in the place of a text that may hold secrets and was therefore not saved.
pub const DIGEST: &str = "sha256:";

/// Instances that have not ended.
pub(super) fn instances(saved: &Saved, place: &Place) -> Things {
    let reservations = saved.all("Reservations", "ec2 describe-instances")?;
    let mut instances = Vec::new();
    for reservation in reservations {
        instances.extend(listed(reservation, "Instances")?);
    }
    let live =
        instances.into_iter().filter(|one| !matches!(text(&one["State"], "Name"), "terminated" | "shutting-down"));
    Ok(live.map(|one| Thing::of_ec2(one, "InstanceId", instance(saved, place, one))).collect())
}

/// Volumes that are no instance's root: a machine tells of that itself.
pub(super) fn volumes(saved: &Saved, place: &Place) -> Things {
    let roots: BTreeSet<(&str, &str)> = saved
        .with("Reservations")
        .flat_map(|document| items(document, "Reservations"))
        .flat_map(|reservation| items(reservation, "Instances"))
        .map(|instance| (text(instance, "InstanceId"), text(instance, "RootDeviceName")))
        .collect();
    let is_root = |volume: &Json| {
        items(volume, "Attachments").any(|one| roots.contains(&(text(one, "InstanceId"), text(one, "Device"))))
    };
    let read = |volume: &Json| {
        if text(volume, "State") == "error" {
            return Err("it is in the state `error`: its hardware failed, or its key is not there".to_owned());
        }
        Ok(Volume {
            zone: parsed(volume, "AvailabilityZone")?,
            size_gib: number(&volume["Size"]).unwrap_or(0),
            volume_type: text(volume, "VolumeType").to_owned(),
            encrypted: flag(volume, "Encrypted"),
            key: key_of(saved, place, volume)?,
        })
    };
    let volumes = live_volumes(saved)?.into_iter().filter(|volume| !is_root(volume));
    Ok(volumes.map(|volume| Thing::of_ec2(volume, "VolumeId", read(volume))).collect())
}

pub(super) fn attachments(saved: &Saved) -> Things {
    let on = |one: &&Json| text(one, "State") != "detached";
    let read = |volume: &Json, one: &Json| {
        let (volume, instance) = (known(volume, "VolumeId")?, known(one, "InstanceId")?);
        Ok(VolumeAttachment { volume, instance, device: text(one, "Device").to_owned() })
    };
    let of_volume = |volume| {
        let name = move |one| format!("{} at {}", text(volume, "VolumeId"), text(one, "InstanceId"));
        items(volume, "Attachments").filter(on).map(move |one| Thing::plain(&name(one), read(volume, one)))
    };
    Ok(live_volumes(saved)?.into_iter().flat_map(of_volume).collect())
}

/// Templates, each as the version in force says.
pub(super) fn templates(saved: &Saved, place: &Place) -> Things {
    let templates = saved.all("LaunchTemplates", "ec2 describe-launch-templates")?;
    let read = |template: &Json| {
        let id = text(template, "LaunchTemplateId");
        let data = version(saved, id, |version| flag(version, "DefaultVersion"));
        let call = format!("ec2 describe-launch-template-versions --launch-template-id {id} --versions '$Default'");
        template_of(saved, place, data.ok_or_else(|| not_saved(&call))?)
    };
    Ok(templates.into_iter().map(|one| Thing::of_ec2(one, "LaunchTemplateId", read(one))).collect())
}

pub(super) fn session_documents(saved: &Saved, place: &Place) -> Things {
    let listed = saved.all("DocumentIdentifiers", "ssm list-documents --filters Key=Owner,Values=Self")?;
    let kms = format!("arn:{}:kms:{}:{}:", place.region.partition(), place.region, place.account);
    let sessions = listed.into_iter().filter(|one| text(one, "DocumentType") == "Session");
    let thing = |one: &Json| {
        let name = text(one, "Name");
        let content = saved.agreed_beside("Content", "Name", name);
        let content = content.and_then(|it| it.ok_or_else(|| not_saved(&format!("ssm get-document --name {name}"))));
        let content = content.and_then(|content| {
            serde_json::from_str(content.as_str().unwrap_or_default()).map_err(|error| format!("its content: {error}"))
        });
        let properties = content.map(|content: Json| SessionDocument::of_content(&kms, &content));
        let tags = saved.of("ssm", name, "list-tags-for-resource").map(|answer| pairs(&answer["TagList"]));
        Thing::plain(name, properties).tagged(tags)
    };
    Ok(sessions.map(thing).collect())
}

fn live_volumes(saved: &Saved) -> Result<Vec<&Json>, String> {
    let volumes = saved.all("Volumes", "ec2 describe-volumes")?;
    // One that does not tell where it is attached may be any machine's.
    for volume in &volumes {
        listed(volume, "Attachments").map_err(|why| format!("{}: {why}", text(volume, "VolumeId")))?;
    }
    let volumes = volumes.into_iter();
    Ok(volumes.filter(|volume| !matches!(text(volume, "State"), "deleting" | "deleted")).collect())
}

fn instance(saved: &Saved, place: &Place, instance: &Json) -> Result<Instance, String> {
    let id = text(instance, "InstanceId");
    let tags = pairs(&instance["Tags"]);
    let on_it = |volume: &&Json| items(volume, "Attachments").any(|one| text(one, "InstanceId") == id);
    let volumes: Vec<&Json> = live_volumes(saved)?.into_iter().filter(on_it).collect();
    let metadata = &instance["MetadataOptions"];
    let template = tags.get(TEMPLATE_ID).map(|id| id.parse().map(Value::Known));
    // The groups of every interface: a second one may let in what the first does not.
    let mut groups: BTreeSet<&str> = BTreeSet::new();
    let all = [listed(instance, "SecurityGroups")].into_iter();
    for told in all.chain(listed(instance, "NetworkInterfaces")?.iter().map(|interface| listed(interface, "Groups"))) {
        groups.extend(told?.iter().filter_map(|group| said(group, "GroupId")));
    }
    for mapping in listed(instance, "BlockDeviceMappings")? {
        let named =
            said(&mapping["Ebs"], "VolumeId").filter(|id| !volumes.iter().any(|one| text(one, "VolumeId") == *id));
        if let Some(id) = named {
            return Err(format!("nothing that was saved describes its volume {id}"));
        }
    }
    Ok(Instance {
        template: template.transpose().map_err(|_| "its template's id cannot be read".to_owned())?,
        subnet: known(instance, "SubnetId")?,
        image: parsed(instance, "ImageId")?,
        instance_type: text(instance, "InstanceType").to_owned(),
        profile: optional(&instance["IamInstanceProfile"], "Arn")?,
        key_pair: optional(instance, "KeyName")?,
        groups: each::<SecurityGroupId, _>(groups)?,
        public_address: public_address(saved, instance)?,
        metadata_token_required: text(metadata, "HttpTokens") == "required",
        metadata_hop_limit: number(required(metadata, "HttpPutResponseHopLimit")?).unwrap_or(u32::MAX),
        detailed_monitoring: matches!(text(&instance["Monitoring"], "State"), "enabled" | "pending"),
        tenancy: tenancy(required(&instance["Placement"], "Tenancy")?),
        root: root(saved, place, instance, &volumes)?,
        volumes_encrypted: volumes.iter().all(|volume| flag(volume, "Encrypted")),
        user_data_sha256: user_data_sha256(saved, id)?,
    })
}

/// Whether it has a public address, or gets one when it starts: a stopped one has lost it, and its interface knows, or else the
/// version of the template that it was launched from.
fn public_address(saved: &Saved, instance: &Json) -> Result<bool, String> {
    let has = |association: &Json| said(association, "PublicIp").is_some();
    let at_interface = |interface: &Json| {
        let each = items(interface, "PrivateIpAddresses").any(|address| has(&address["Association"]));
        has(&interface["Association"]) || each
    };
    for interface in listed(instance, "NetworkInterfaces")? {
        listed(interface, "PrivateIpAddresses")?;
    }
    if said(instance, "PublicIpAddress").is_some() || items(instance, "NetworkInterfaces").any(at_interface) {
        return Ok(true);
    }
    if text(&instance["State"], "Name") == "running" {
        return Ok(false);
    }
    let interfaces: Vec<&str> =
        items(instance, "NetworkInterfaces").filter_map(|it| said(it, "NetworkInterfaceId")).collect();
    let answer = |id: &&str| {
        let found = saved.agreed_beside("AssociatePublicIpAddress", "NetworkInterfaceId", id);
        found.map(|found| found.and_then(Json::as_bool)).transpose()
    };
    let answers: Vec<bool> = interfaces.iter().filter_map(answer).collect::<Result<_, _>>()?;
    if answers.len() == interfaces.len() {
        return Ok(answers.contains(&true));
    }
    let tags = pairs(&instance["Tags"]);
    let launched = tags.get(TEMPLATE_ID).zip(tags.get(TEMPLATE_VERSION));
    let data = launched.and_then(|(id, number)| {
        version(saved, id, |version| version["VersionNumber"].as_u64() == number.parse().ok())
    });
    data.map(|data| launch_address(data).unwrap_or(false))
        .ok_or_else(|| not_saved("ec2 describe-network-interface-attribute --attribute associatePublicIpAddress"))
}

/// The volume that it boots from, as that volume says itself.
fn root(saved: &Saved, place: &Place, instance: &Json, volumes: &[&Json]) -> Result<Option<RootVolume>, String> {
    let device = text(instance, "RootDeviceName");
    let is_root = |volume: &&&Json| items(volume, "Attachments").any(|one| text(one, "Device") == device);
    let Some(volume) = volumes.iter().find(is_root) else { return Ok(None) };
    Ok(Some(RootVolume {
        device: device.to_owned(),
        size_gib: number(&volume["Size"]).unwrap_or(0),
        volume_type: text(volume, "VolumeType").to_owned(),
        encrypted: flag(volume, "Encrypted"),
        key: key_of(saved, place, volume)?,
    }))
}

/// The digest of the program that runs at first boot: as it was saved, or of what was saved.
fn user_data_sha256(saved: &Saved, id: &str) -> Result<String, String> {
    let digest = saved.agreed_beside("UserDataSha256", "InstanceId", id)?;
    if let Some(digest) = digest.and_then(Json::as_str).filter(|digest| !digest.is_empty()) {
        return Ok(digest.to_owned());
    }
    let call = format!("ec2 describe-instance-attribute --instance-id {id} --attribute userData");
    let data = saved.agreed_beside("UserData", "InstanceId", id)?.ok_or_else(|| not_saved(&call))?;
    let program = base64(text(data, "Value")).ok_or_else(|| "its user data is no base64".to_owned())?;
    Ok(hex_sha256(&program))
}

/// The key of a volume. AWS always names one; the account's default key, which nobody chose, is none.
fn key_of(saved: &Saved, place: &Place, volume: &Json) -> Result<Option<Value<Arn>>, String> {
    let Some(found) = said(volume, "KmsKeyId") else { return Ok(None) };
    let default = default_key(saved, place);
    if default.as_deref() == Ok(found) {
        return Ok(None);
    }
    let of_customer = saved.with("KeyMetadata").map(|document| &document["KeyMetadata"]);
    let of_customer = of_customer.filter(|key| text(key, "KeyManager") == "CUSTOMER");
    // Where the default is not known, a key that somebody made is one that somebody chose.
    if let Err(why) = default
        && !of_customer.into_iter().any(|key| text(key, "Arn") == found)
    {
        return Err(why);
    }
    found.parse().map(|key| Some(Value::Known(key))).map_err(|_| format!("`{found}` is no key's ARN"))
}

/// The ARN of the key that EBS takes where nobody names one; the setting is an alias, an id or an ARN.
fn default_key(saved: &Saved, place: &Place) -> Result<String, String> {
    let setting = saved.agreed("KmsKeyId", "EBS", |document| document.get("KmsKeyId").filter(|key| key.is_string()))?;
    let setting = setting.and_then(Json::as_str).filter(|key| !key.is_empty());
    let setting = setting.ok_or_else(|| not_saved("ec2 get-ebs-default-kms-key-id"))?;
    let kms = format!("arn:{}:kms:{}:{}:", place.region.partition(), place.region, place.account);
    let alias = setting.rsplit_once(":alias/").map_or(setting, |_| &setting[setting.len() - alias_length(setting)..]);
    if !alias.starts_with("alias/") {
        return Ok(if setting.starts_with("arn:") { setting.to_owned() } else { format!("{kms}key/{setting}") });
    }
    let aliases = saved.all("Aliases", "kms list-aliases")?;
    let target = aliases.into_iter().find(|one| text(one, "AliasName") == alias);
    let target = target.and_then(|one| said(one, "TargetKeyId"));
    target.map(|id| format!("{kms}key/{id}")).ok_or_else(|| format!("no alias `{alias}` was saved"))
}

/// How long the end of an ARN is that begins with `alias/`.
fn alias_length(arn: &str) -> usize {
    arn.find(":alias/").map_or(arn.len(), |place| arn.len() - place - 1)
}

/// What a version of a template says.
fn version<'a>(saved: &'a Saved, id: &str, is_this: impl Fn(&Json) -> bool) -> Option<&'a Json> {
    let versions = saved.with("LaunchTemplateVersions").flat_map(|it| items(it, "LaunchTemplateVersions"));
    let mut of_template = versions.filter(|version| text(version, "LaunchTemplateId") == id);
    of_template.find(|version| is_this(version)).map(|version| &version["LaunchTemplateData"])
}

/// Whether an instance launched from it gets a public address; none where it leaves that to the subnet.
fn launch_address(data: &Json) -> Option<bool> {
    let mut interfaces = items(data, "NetworkInterfaces");
    let first = interfaces.find(|interface| number(&interface["DeviceIndex"]).unwrap_or(0) == 0);
    first.and_then(|interface| interface["AssociatePublicIpAddress"].as_bool())
}

fn template_of(saved: &Saved, place: &Place, data: &Json) -> Result<LaunchTemplate, String> {
    let metadata = &data["MetadataOptions"];
    let of_interfaces = items(data, "NetworkInterfaces").flat_map(|interface| texts(interface, "Groups"));
    let groups: BTreeSet<&str> = of_interfaces.chain(texts(data, "SecurityGroupIds")).collect();
    let profile = &data["IamInstanceProfile"];
    let of_name =
        |name: &str| format!("arn:{}:iam::{}:instance-profile/{name}", place.region.partition(), place.account);
    let profile = said(profile, "Arn").map(str::to_owned).or_else(|| said(profile, "Name").map(of_name));
    let profile = profile.map(|arn| arn.parse().map(Value::Known)).transpose();
    Ok(LaunchTemplate {
        image: parsed(data, "ImageId")?,
        instance_type: text(data, "InstanceType").to_owned(),
        profile: profile.map_err(|error| format!("its profile: {error}"))?,
        key_pair: optional(data, "KeyName")?,
        groups: each(groups)?,
        public_address: launch_address(data).unwrap_or(false),
        metadata_token_required: text(metadata, "HttpTokens") == "required",
        metadata_hop_limit: number(&metadata["HttpPutResponseHopLimit"]).unwrap_or(1),
        detailed_monitoring: flag(&data["Monitoring"], "Enabled"),
        tenancy: tenancy(&data["Placement"]["Tenancy"]),
        root: template_root(saved, place, data)?,
        user_data: user_data(data),
        other: beyond(data),
    })
}

fn template_root(saved: &Saved, place: &Place, data: &Json) -> Result<Option<RootVolume>, String> {
    let Some(mapping) = items(data, "BlockDeviceMappings").next() else { return Ok(None) };
    let ebs = &mapping["Ebs"];
    if !ebs.is_object() {
        return Ok(None);
    }
    Ok(Some(RootVolume {
        device: text(mapping, "DeviceName").to_owned(),
        size_gib: number(&ebs["VolumeSize"]).unwrap_or(0),
        volume_type: text(ebs, "VolumeType").to_owned(),
        encrypted: flag(ebs, "Encrypted"),
        key: key_of(saved, place, ebs)?,
    }))
}

/// The program, or its digest where only that was saved.
fn user_data(data: &Json) -> String {
    if let Some(digest) = said(data, "UserDataSha256") {
        return format!("{DIGEST}{digest}");
    }
    let text = text(data, "UserData");
    base64(text).map_or_else(|| text.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// What a template says that a plan never does. Tags are not among it: they are judged on the things that bear them.
fn beyond(data: &Json) -> Option<String> {
    let interfaces = || items(data, "NetworkInterfaces");
    let mappings = || items(data, "BlockDeviceMappings");
    let placement = &data["Placement"];
    let keeps = |mapping: &Json| mapping["Ebs"]["DeleteOnTermination"].as_bool() == Some(false);
    let said_of = [
        (mappings().count() > 1, "has more volumes than the one it boots from"),
        (mappings().any(keeps), "leaves its volume behind when it ends"),
        (interfaces().count() > 1, "has several network interfaces"),
        (interfaces().any(|one| said(one, "NetworkInterfaceId").is_some()), "takes an interface that is there"),
        (interfaces().any(|one| said(one, "SubnetId").is_some()), "names a subnet"),
        (launch_address(data).is_none(), "leaves it to the subnet whether there is a public address"),
        (items(data, "SecurityGroups").next().is_some(), "names groups by name"),
        (text(&data["MetadataOptions"], "HttpEndpoint") == "disabled", "has no metadata service"),
        (text(placement, "Tenancy") == "host", "runs on a host of its own"),
        (said(placement, "AvailabilityZone").is_some(), "names a zone"),
        (data["InstanceMarketOptions"].is_object(), "buys on the spot market"),
        (data["InstanceRequirements"].is_object(), "leaves the instance type to AWS"),
        (said(data, "KernelId").is_some(), "has a kernel of its own"),
        (said(data, "RamDiskId").is_some(), "has a RAM disk of its own"),
        (flag(&data["HibernationOptions"], "Configured"), "hibernates"),
        (flag(data, "DisableApiTermination"), "is protected from termination"),
        (items(data, "LicenseSpecifications").next().is_some(), "takes licences"),
    ];
    let said: Vec<&str> = said_of.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// What IAM calls an instance profile's role, and the profile itself.
pub(super) fn profiles(saved: &Saved) -> Things {
    let profiles = saved.all("InstanceProfiles", "iam list-instance-profiles")?;
    let thing = |one: &Json| {
        let name = text(one, "InstanceProfileName");
        let attributes = Attributes { id: name.to_owned(), arn: said(one, "Arn").map(str::to_owned) };
        let read = || {
            let role = listed(one, "Roles")?.first().map(|role| Value::Known(text(role, "RoleName").to_owned()));
            Ok(InstanceProfile { role })
        };
        // The list leaves tags out (IAM API reference, `ListInstanceProfiles`).
        let call = format!("iam get-instance-profile --instance-profile-name {name}");
        let whole = saved.agreed_within("InstanceProfile", "InstanceProfileName", name);
        let tags = whole.and_then(|whole| whole.ok_or_else(|| not_saved(&call))).map(|whole| pairs(&whole["Tags"]));
        Thing::new(attributes, name, Default::default(), read()).tagged(tags)
    };
    Ok(profiles.into_iter().map(thing).collect())
}
