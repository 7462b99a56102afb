//! EC2 instances. Whether one runs is its users' choice, so a stopped one is as planned.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ec2::error::ProvideErrorMetadata as _;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, AttributeValue, BlockDeviceMapping, EbsBlockDevice, Filter, HttpTokensState,
    IamInstanceProfileSpecification, Instance as SdkInstance, InstanceAttributeName, InstanceMetadataEndpointState,
    InstanceMetadataOptionsRequest, InstanceNetworkInterfaceSpecification, InstanceStateName,
    LaunchTemplateSpecification, MonitoringState, NetworkInterfaceAttribute, Placement, ResourceType,
    RunInstancesMonitoringEnabled, Tenancy as SdkTenancy, Volume as SdkVolume, VolumeType,
};
use aws_smithy_types::base64;
use sce_core::aws::resource::{Difference, Instance, RootVolume, Tenancy};
use sce_core::plan::Node;
use sce_core::value::Value;
use serde::Serialize;

use super::launch_template::{IN_FORCE, public_address as template_public_address, tenancy, version};
use super::role::{PASSING, gone};
use super::volume::{attached_to, key_of, kind, size};
use super::{sent_once, tag_ec2};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, patiently, poll};
use crate::session::Session;
use crate::tags;
use crate::transfer::Digest;

/// How long an instance may take from one state to the next (aws-behaviour 1a, 2b).
const CHANGING: Duration = Duration::from_secs(1200);

/// How often a token is exchanged because what it stands for has ended.
const LIVES: u32 = 10;

/// What AWS writes down of the template that an instance was launched from; nobody else can write tags that begin so.
const TEMPLATE_ID: &str = "aws:ec2launchtemplate:id";
const TEMPLATE_VERSION: &str = "aws:ec2launchtemplate:version";

/// How a machine is at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MachineState {
    /// The state, in AWS's own word, such as `running` or `stopped`.
    pub state: String,
    /// Its address inside the VPC.
    pub private_address: Option<String>,
    /// Its public address, while it has one.
    pub public_address: Option<String>,
}

/// Finds the instance by its tags; a terminated one stays visible for an hour and is none (aws-behaviour 2b). One that is coming or
/// going is waited for.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Instance>) -> Result<Option<Found>, CloudError> {
    let settled = || async {
        let found = live(session, wanted).await?;
        let state = found.as_ref().and_then(state_name);
        let passing = matches!(state, Some(InstanceStateName::Pending | InstanceStateName::ShuttingDown));
        Ok((!passing).then_some(found))
    };
    let found = poll(session, CHANGING, settled).await?;
    let found = found.ok_or_else(|| still_changing("DescribeInstances", wanted.label()))?;
    let Some(instance) = found else { return Ok(None) };
    let properties = read(session, wanted, &instance).await?;
    let attributes = Attributes::id(instance.instance_id().unwrap_or_default());
    Ok(Some(Found { attributes, properties: properties.into(), tags: tags::from_ec2(instance.tags()) }))
}

/// From the template, in the subnet, with our token; waits until it runs, and tells why one ended that never did.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Instance>) -> Result<(), CloudError> {
    let id = patiently(session, PASSING, is_unseen, || run(session, wanted)).await?;
    let outcome = || async { Ok(described(session, wanted.label(), &id).await?.and_then(|it| outcome(wanted, &it))) };
    let outcome = poll(session, CHANGING, outcome).await?;
    outcome.unwrap_or_else(|| Err(still_changing("RunInstances", wanted.label())))
}

/// Metadata service, monitoring, groups and profile can be changed while it runs, its type while it is stopped; the rest takes another
/// instance.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Instance>,
    found: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    let changed = |field: &str| differences.iter().any(|difference| difference.field.starts_with(field));
    let id = found.attributes.id.as_str();
    if changed("metadata") {
        modify_metadata(session, wanted, id).await?;
    }
    if changed("detailed_monitoring") {
        modify_monitoring(session, wanted, id).await?;
    }
    if changed("groups") {
        modify_groups(session, wanted, id).await?;
    }
    if changed("profile") {
        modify_profile(session, wanted, id).await?;
    }
    if changed("instance_type") {
        modify_type(session, wanted, id).await?;
    }
    Ok(())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// Waits until it is terminated: until then it holds its interface, and so its subnet and groups. Whoever protected it from
/// termination is overruled by whoever closes the environment out.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let (label, id) = (node.id.as_str(), found.attributes.id.as_str());
    match terminate(session, label, id).await {
        Err(error) if error.has_code("OperationNotPermitted") => {
            unprotect(session, label, id).await?;
            gone(terminate(session, label, id).await)?;
        }
        other => gone(other)?,
    }
    let is_gone = || async { Ok((!lives(session, label, id).await?).then_some(Deleted::Gone)) };
    let ended = poll(session, CHANGING, is_gone).await?;
    ended.ok_or_else(|| still_changing("TerminateInstances", label))
}

/// Whether an instance is there; a terminated one is not.
pub(crate) async fn lives(session: &Session, label: &str, id: &str) -> Result<bool, CloudError> {
    let state = described(session, label, id).await?.as_ref().and_then(state_name).cloned();
    Ok(!matches!(state, None | Some(InstanceStateName::Terminated)))
}

/// How it is now; none when it is not there.
pub(crate) async fn state(session: &Session, label: &str, id: &str) -> Result<Option<MachineState>, CloudError> {
    Ok(described(session, label, id).await?.map(|instance| MachineState {
        state: state_name(&instance).map(|state| state.as_str().to_owned()).unwrap_or_default(),
        private_address: instance.private_ip_address.clone().filter(|address| !address.is_empty()),
        public_address: public_addresses(&instance).next(),
    }))
}

/// Stops it and waits until it is stopped; says whether there was anything to stop.
pub(crate) async fn stop(session: &Session, label: &str, id: &str) -> Result<bool, CloudError> {
    change_power(session, label, id, InstanceStateName::Stopped).await
}

/// Starts it and waits until it runs; says whether there was anything to start.
pub(crate) async fn start(session: &Session, label: &str, id: &str) -> Result<bool, CloudError> {
    change_power(session, label, id, InstanceStateName::Running).await
}

async fn change_power(session: &Session, label: &str, id: &str, goal: InstanceStateName) -> Result<bool, CloudError> {
    let running = goal == InstanceStateName::Running;
    let operation = if running { "StartInstances" } else { "StopInstances" };
    let at_goal = || async {
        let state = described(session, label, id).await?.as_ref().and_then(state_name).cloned();
        // What has ended is neither started nor stopped any more.
        let ended = matches!(state, None | Some(InstanceStateName::Terminated | InstanceStateName::ShuttingDown));
        if ended && running {
            let message = "it is terminated, and cannot be started";
            return Err(CloudError::plain(operation, label, Trouble::NotFound, message));
        }
        Ok((ended || state.as_ref() == Some(&goal)).then_some(()))
    };
    if at_goal().await?.is_some() {
        return Ok(false);
    }
    let send = || async {
        if running {
            let sent = session.ec2.start_instances().instance_ids(id).send().await;
            sent.map(drop).map_err(cloud(operation, label))
        } else {
            let sent = session.ec2.stop_instances().instance_ids(id).send().await;
            sent.map(drop).map_err(cloud(operation, label))
        }
    };
    // One that is on its way to the other state has to get there first.
    patiently(session, CHANGING, |error| error.has_code("IncorrectInstanceState"), send).await?;
    poll(session, CHANGING, at_goal).await?.ok_or_else(|| still_changing(operation, label))?;
    Ok(true)
}

/// Sends the call, with another token while what the token stands for has ended (aws-behaviour 0.5). The id that AWS gave it.
///
/// The call says again what the template says: an instance is as its own node plans it, whatever version of the template somebody
/// put in force. Only the program that runs at first boot is the template's alone.
async fn run(session: &Session, wanted: &Wanted<'_, Instance>) -> Result<String, CloudError> {
    for life in 0..LIVES {
        let request = request(session, wanted).client_token(token(wanted, life));
        let request = request.customize().config_override(sent_once());
        let answer = match request.send().await.map_err(cloud("RunInstances", wanted.label())) {
            Err(error) if error.has_code("IdempotentInstanceTerminated") => continue,
            other => other?,
        };
        let instance = answer.instances().first();
        let ended = matches!(
            instance.and_then(state_name),
            Some(InstanceStateName::Terminated | InstanceStateName::ShuttingDown)
        );
        if !ended {
            let id = instance.and_then(SdkInstance::instance_id).map(str::to_owned);
            return id.ok_or_else(|| CloudError::unreadable("RunInstances", wanted.label(), "no instance id"));
        }
    }
    let message = format!("{LIVES} instances of this plan have ended within the last day: close out and apply again");
    Err(CloudError::plain("RunInstances", wanted.label(), Trouble::Refused, message))
}

/// The same for the same life of the same thing, also after a crash.
fn token(wanted: &Wanted<'_, Instance>, life: u32) -> String {
    if life == 0 {
        return wanted.token();
    }
    let mut token = format!("{life}.{}", wanted.token());
    token.truncate(64);
    token
}

fn request(
    session: &Session,
    wanted: &Wanted<'_, Instance>,
) -> aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder {
    let instance = wanted.properties;
    let template = instance
        .template
        .as_ref()
        .map(|id| LaunchTemplateSpecification::builder().launch_template_id(id.to_string()).version(IN_FORCE).build());
    // Subnet and groups are the interface's: AWS takes them there or for the whole instance, not both.
    let interface = InstanceNetworkInterfaceSpecification::builder()
        .device_index(0)
        .subnet_id(instance.subnet.to_string())
        .set_groups(Some(instance.groups.iter().map(ToString::to_string).collect()))
        .associate_public_ip_address(instance.public_address)
        .delete_on_termination(true);
    let metadata = InstanceMetadataOptionsRequest::builder()
        .http_endpoint(InstanceMetadataEndpointState::Enabled)
        .http_tokens(http_tokens(instance))
        .set_http_put_response_hop_limit(i32::try_from(instance.metadata_hop_limit).ok());
    let profile = instance.profile.as_ref();
    let profile = profile.map(|arn| IamInstanceProfileSpecification::builder().arn(arn.to_string()).build());
    let tagged = [ResourceType::Instance, ResourceType::Volume, ResourceType::NetworkInterface];
    let tags = tagged.map(|kind| tags::specification(kind, &wanted.node.tags));
    session
        .ec2
        .run_instances()
        .min_count(1)
        .max_count(1)
        .set_launch_template(template)
        .image_id(instance.image.as_str())
        .instance_type(instance.instance_type.as_str().into())
        .set_iam_instance_profile(profile)
        .set_key_name(instance.key_pair.as_ref().map(ToString::to_string))
        .network_interfaces(interface.build())
        .metadata_options(metadata.build())
        .monitoring(RunInstancesMonitoringEnabled::builder().enabled(instance.detailed_monitoring).build())
        .placement(Placement::builder().tenancy(tenancy(instance.tenancy)).build())
        .set_block_device_mappings(instance.root.as_ref().map(|root| vec![mapping(root)]))
        .set_tag_specifications(Some(tags.into()))
}

fn mapping(root: &RootVolume) -> BlockDeviceMapping {
    let ebs = EbsBlockDevice::builder()
        .set_volume_size(i32::try_from(root.size_gib).ok())
        .volume_type(VolumeType::from(root.volume_type.as_str()))
        .encrypted(root.encrypted)
        .set_kms_key_id(root.key.as_ref().map(ToString::to_string))
        .delete_on_termination(true);
    BlockDeviceMapping::builder().device_name(&root.device).ebs(ebs.build()).build()
}

fn http_tokens(instance: &Instance) -> HttpTokensState {
    if instance.metadata_token_required { HttpTokensState::Required } else { HttpTokensState::Optional }
}

/// EC2 does not see a profile at once that IAM has just made, nor the role in it (aws-behaviour 1a).
fn is_unseen(error: &CloudError) -> bool {
    let said = error.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let profile = ["instance profile", "iaminstanceprofile", "no associated iam roles"];
    error.has_code("InvalidParameterValue") && profile.iter().any(|words| said.contains(words))
}

/// None while it is pending or unseen; then whether it came to run, and why not.
fn outcome(wanted: &Wanted<'_, Instance>, instance: &SdkInstance) -> Option<Result<(), CloudError>> {
    match state_name(instance)? {
        InstanceStateName::Pending => None,
        InstanceStateName::ShuttingDown | InstanceStateName::Terminated => {
            let reason = instance.state_reason();
            let said = [reason.and_then(|it| it.code()), reason.and_then(|it| it.message())];
            let said = said.into_iter().flatten().collect::<Vec<_>>().join(": ");
            let said = if said.is_empty() { "AWS does not say why".to_owned() } else { said };
            let trouble = if said.contains("Insufficient") { Trouble::NoCapacity } else { Trouble::Refused };
            let message = format!("it ended before it ran: {said}");
            Some(Err(CloudError::plain("RunInstances", wanted.label(), trouble, message)))
        }
        _ => Some(Ok(())),
    }
}

async fn live(session: &Session, wanted: &Wanted<'_, Instance>) -> Result<Option<SdkInstance>, CloudError> {
    let mut filters = tags::filters(wanted.node);
    let states = ["pending", "running", "shutting-down", "stopping", "stopped"].map(str::to_owned);
    filters.push(Filter::builder().name("instance-state-name").set_values(Some(states.into())).build());
    let pages = session.ec2.describe_instances().set_filters(Some(filters)).into_paginator().items().send();
    let found = pages.try_collect().await.map_err(cloud("DescribeInstances", wanted.label()))?;
    let found = found.into_iter().flat_map(|reservation| reservation.instances.unwrap_or_default()).collect();
    only_ours("DescribeInstances", wanted, found, |instance| instance.tags(), |instance| instance.instance_id())
}

/// The instance of that id, ended ones too; by a filter, since an id that is not seen yet fails the whole call.
async fn described(session: &Session, label: &str, id: &str) -> Result<Option<SdkInstance>, CloudError> {
    let request = session.ec2.describe_instances().filters(tags::filter("instance-id", id));
    let answer = request.send().await.map_err(cloud("DescribeInstances", label))?;
    let found = answer.reservations.unwrap_or_default().into_iter().flat_map(|it| it.instances.unwrap_or_default());
    Ok(found.into_iter().find(|instance| instance.instance_id() == Some(id)))
}

fn state_name(instance: &SdkInstance) -> Option<&InstanceStateName> {
    instance.state()?.name()
}

async fn read(
    session: &Session,
    wanted: &Wanted<'_, Instance>,
    instance: &SdkInstance,
) -> Result<Instance, CloudError> {
    let unreadable = |why: String| CloudError::unreadable("DescribeInstances", wanted.label(), why);
    let id = instance.instance_id().unwrap_or_default();
    let tags = tags::from_ec2(instance.tags());
    let (volumes, public_address, user_data_sha256) = tokio::try_join!(
        attached_to(session, wanted.label(), id),
        public_address(session, wanted.label(), instance),
        user_data_sha256(session, wanted.label(), id),
    )?;
    let metadata = instance.metadata_options();
    let optional = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Instance {
        template: tags
            .get(TEMPLATE_ID)
            .map(|id| id.parse().map(Value::Known))
            .transpose()
            .map_err(|error| unreadable(format!("{error}")))?,
        subnet: Value::Known(
            instance.subnet_id().unwrap_or_default().parse().map_err(|_| unreadable("no subnet".to_owned()))?,
        ),
        image: instance.image_id().unwrap_or_default().parse().map_err(|_| unreadable("no image".to_owned()))?,
        instance_type: instance.instance_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        profile: optional(instance.iam_instance_profile().and_then(|profile| profile.arn()))
            .map(|arn| arn.parse().map(Value::Known))
            .transpose()
            .map_err(|error| unreadable(format!("its profile: {error}")))?,
        key_pair: optional(instance.key_name()).map(Value::Known),
        groups: groups(instance)
            .iter()
            .map(|id| id.parse().map(Value::Known))
            .collect::<Result<_, _>>()
            .map_err(|error| unreadable(format!("{error}")))?,
        public_address,
        metadata_token_required: metadata.and_then(|options| options.http_tokens()) == Some(&HttpTokensState::Required),
        metadata_hop_limit: metadata
            .and_then(|options| options.http_put_response_hop_limit())
            .and_then(|limit| u32::try_from(limit).ok())
            .unwrap_or(0),
        detailed_monitoring: matches!(
            instance.monitoring().and_then(|monitoring| monitoring.state()),
            Some(MonitoringState::Enabled | MonitoringState::Pending)
        ),
        tenancy: match instance.placement().and_then(|placement| placement.tenancy()) {
            Some(SdkTenancy::Dedicated) => Tenancy::Dedicated,
            _ => Tenancy::Default,
        },
        root: root(session, wanted, instance, &volumes).await?,
        volumes_encrypted: volumes.iter().all(|volume| volume.encrypted() == Some(true)),
        user_data_sha256,
    })
}

/// The groups of every interface: a second one may let in what the first does not.
fn groups(instance: &SdkInstance) -> BTreeSet<String> {
    let of_interfaces = instance.network_interfaces().iter().flat_map(|interface| interface.groups());
    let all = instance.security_groups().iter().chain(of_interfaces);
    all.filter_map(|group| group.group_id().map(str::to_owned)).collect()
}

/// Public addresses of the instance, of each interface and of each address on it.
fn public_addresses(instance: &SdkInstance) -> impl Iterator<Item = String> {
    let own = instance.public_ip_address().map(str::to_owned);
    let interfaces = instance.network_interfaces().iter().flat_map(|interface| {
        let primary = interface.association().and_then(|association| association.public_ip());
        let each = interface.private_ip_addresses().iter();
        let each = each.filter_map(|address| address.association()?.public_ip());
        primary.into_iter().chain(each).map(str::to_owned).collect::<Vec<_>>()
    });
    own.into_iter().chain(interfaces).filter(|address| !address.is_empty())
}

/// Whether it has a public address, or gets one when it starts: a stopped one has lost it, and its interface knows.
async fn public_address(session: &Session, label: &str, instance: &SdkInstance) -> Result<bool, CloudError> {
    if public_addresses(instance).next().is_some() {
        return Ok(true);
    }
    if state_name(instance) == Some(&InstanceStateName::Running) {
        return Ok(false);
    }
    for interface in instance.network_interfaces().iter().filter_map(|interface| interface.network_interface_id()) {
        let request = session.ec2.describe_network_interface_attribute().network_interface_id(interface);
        let request = request.attribute(NetworkInterfaceAttribute::AssociatePublicIpAddress);
        let sent = request.send().await;
        // Not every partition knows this attribute, which is of 2024.
        if sent.as_ref().is_err_and(|error| error.code() == Some("InvalidParameterValue")) {
            return launched_public(session, label, instance).await;
        }
        let answer = sent.map_err(cloud("DescribeNetworkInterfaceAttribute", label))?;
        if answer.associate_public_ip_address() == Some(true) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the version of the template said that it was launched from: versions never change, and AWS itself writes down which it was.
async fn launched_public(session: &Session, label: &str, instance: &SdkInstance) -> Result<bool, CloudError> {
    let tags = tags::from_ec2(instance.tags());
    let (Some(template), Some(number)) = (tags.get(TEMPLATE_ID), tags.get(TEMPLATE_VERSION)) else { return Ok(false) };
    let data = version(session, label, template, number).await?;
    Ok(data.as_ref().and_then(template_public_address).unwrap_or(false))
}

/// The volume that it boots from, as that volume says itself.
async fn root(
    session: &Session,
    wanted: &Wanted<'_, Instance>,
    instance: &SdkInstance,
    volumes: &[SdkVolume],
) -> Result<Option<RootVolume>, CloudError> {
    let device = instance.root_device_name().unwrap_or_default();
    let is_root = |volume: &&SdkVolume| volume.attachments().iter().any(|one| one.device() == Some(device));
    let Some(volume) = volumes.iter().find(is_root) else { return Ok(None) };
    let planned = wanted.properties.root.as_ref().and_then(|root| root.key.as_ref());
    Ok(Some(RootVolume {
        device: device.to_owned(),
        size_gib: size(volume),
        volume_type: kind(volume),
        encrypted: volume.encrypted().unwrap_or(false),
        key: key_of(session, wanted.label(), planned, volume.kms_key_id()).await?,
    }))
}

async fn user_data_sha256(session: &Session, label: &str, id: &str) -> Result<String, CloudError> {
    let request = session.ec2.describe_instance_attribute().instance_id(id);
    let sent = request.attribute(InstanceAttributeName::UserData).send().await;
    let answer = sent.map_err(cloud("DescribeInstanceAttribute", label))?;
    let text = answer.user_data().and_then(|data| data.value()).unwrap_or_default();
    let program = base64::decode(text);
    let program = program.map_err(|_| CloudError::unreadable("DescribeInstanceAttribute", label, "no base64"))?;
    Ok(Digest::of(&program).to_string())
}

async fn modify_metadata(session: &Session, wanted: &Wanted<'_, Instance>, id: &str) -> Result<(), CloudError> {
    let request = session.ec2.modify_instance_metadata_options().instance_id(id);
    let request =
        request.http_endpoint(InstanceMetadataEndpointState::Enabled).http_tokens(http_tokens(wanted.properties));
    let request = request.set_http_put_response_hop_limit(i32::try_from(wanted.properties.metadata_hop_limit).ok());
    request.send().await.map(drop).map_err(cloud("ModifyInstanceMetadataOptions", wanted.label()))
}

async fn modify_monitoring(session: &Session, wanted: &Wanted<'_, Instance>, id: &str) -> Result<(), CloudError> {
    if wanted.properties.detailed_monitoring {
        let sent = session.ec2.monitor_instances().instance_ids(id).send().await;
        return sent.map(drop).map_err(cloud("MonitorInstances", wanted.label()));
    }
    let sent = session.ec2.unmonitor_instances().instance_ids(id).send().await;
    sent.map(drop).map_err(cloud("UnmonitorInstances", wanted.label()))
}

/// Of each interface: AWS changes those of a whole instance only while it has one.
async fn modify_groups(session: &Session, wanted: &Wanted<'_, Instance>, id: &str) -> Result<(), CloudError> {
    let Some(instance) = described(session, wanted.label(), id).await? else { return Ok(()) };
    let groups: Vec<String> = wanted.properties.groups.iter().map(ToString::to_string).collect();
    for interface in instance.network_interfaces().iter().filter_map(|interface| interface.network_interface_id()) {
        let request = session.ec2.modify_network_interface_attribute().network_interface_id(interface);
        let sent = request.set_groups(Some(groups.clone())).send().await;
        sent.map_err(cloud("ModifyNetworkInterfaceAttribute", wanted.label()))?;
    }
    Ok(())
}

async fn modify_profile(session: &Session, wanted: &Wanted<'_, Instance>, id: &str) -> Result<(), CloudError> {
    let label = wanted.label();
    let request = session.ec2.describe_iam_instance_profile_associations().filters(tags::filter("instance-id", id));
    let answer = request.send().await.map_err(cloud("DescribeIamInstanceProfileAssociations", label))?;
    let present = answer.iam_instance_profile_associations().first().and_then(|one| one.association_id());
    let planned = wanted.properties.profile.as_ref();
    let planned = planned.map(|arn| IamInstanceProfileSpecification::builder().arn(arn.to_string()).build());
    let send = || async {
        match (present, planned.clone()) {
            (Some(present), Some(planned)) => {
                let request = session.ec2.replace_iam_instance_profile_association().association_id(present);
                let sent = request.iam_instance_profile(planned).send().await;
                sent.map(drop).map_err(cloud("ReplaceIamInstanceProfileAssociation", label))
            }
            (None, Some(planned)) => {
                let request = session.ec2.associate_iam_instance_profile().instance_id(id);
                let sent = request.iam_instance_profile(planned).send().await;
                sent.map(drop).map_err(cloud("AssociateIamInstanceProfile", label))
            }
            (Some(present), None) => {
                let sent = session.ec2.disassociate_iam_instance_profile().association_id(present).send().await;
                sent.map(drop).map_err(cloud("DisassociateIamInstanceProfile", label))
            }
            (None, None) => Ok(()),
        }
    };
    patiently(session, PASSING, is_unseen, send).await
}

/// Stops it where it runs and may be stopped, and starts it again if so, with the type it had where AWS refuses the new one or has no room
/// for it. A run cut short meanwhile leaves it stopped, which is as planned as well: nobody is started who was not asked for.
async fn modify_type(session: &Session, wanted: &Wanted<'_, Instance>, id: &str) -> Result<(), CloudError> {
    let label = wanted.label();
    // One that is just being stopped is not started again.
    let did_run = runs(session, label, id).await?;
    if did_run && !session.may_stop_machines {
        return Err(CloudError::plain("ModifyInstanceAttribute", label, Trouble::InUse, STOPPED_ONLY));
    }
    let before = described(session, label, id).await?.and_then(|instance| instance.instance_type);
    stop(session, label, id).await?;
    let changed = set_type(session, label, id, &wanted.properties.instance_type).await;
    if !did_run {
        return changed;
    }
    let started = match changed {
        Ok(()) => start(session, label, id).await.map(drop),
        refused => refused,
    };
    match (started, before) {
        // Somebody asked for an end: what was begun is finished by whoever goes on.
        (Err(error), Some(before)) if error.trouble != Trouble::Interrupted => {
            // Why it has not the new type matters more than what becomes of the old one.
            if set_type(session, label, id, before.as_str()).await.is_ok() {
                drop(start(session, label, id).await);
            }
            Err(error)
        }
        (started, _) => started,
    }
}

async fn set_type(session: &Session, label: &str, id: &str, instance_type: &str) -> Result<(), CloudError> {
    let send = || async {
        let kind = AttributeValue::builder().value(instance_type).build();
        let sent = session.ec2.modify_instance_attribute().instance_id(id).instance_type(kind).send().await;
        sent.map(drop).map_err(cloud("ModifyInstanceAttribute", label))
    };
    patiently(session, PASSING, |error| error.has_code("IncorrectInstanceState"), send).await
}

const STOPPED_ONLY: &str = "it runs, and its type changes only while it is stopped: `sce stop PIT` first, or `sce apply SPEC --may-stop-machines`";

/// Whether it runs, or is about to: a change that takes it stopped would end what people do on it.
pub(crate) async fn runs(session: &Session, label: &str, id: &str) -> Result<bool, CloudError> {
    let state = described(session, label, id).await?.as_ref().and_then(state_name).cloned();
    Ok(matches!(state, Some(InstanceStateName::Pending | InstanceStateName::Running)))
}

async fn terminate(session: &Session, label: &str, id: &str) -> Result<(), CloudError> {
    let send = || async {
        let sent = session.ec2.terminate_instances().instance_ids(id).send().await;
        sent.map(drop).map_err(cloud("TerminateInstances", label))
    };
    patiently(session, FRESH, |error| error.trouble == Trouble::InUse, send).await
}

async fn unprotect(session: &Session, label: &str, id: &str) -> Result<(), CloudError> {
    let off = AttributeBooleanValue::builder().value(false).build();
    let sent = session.ec2.modify_instance_attribute().instance_id(id).disable_api_termination(off).send().await;
    sent.map(drop).map_err(cloud("ModifyInstanceAttribute", label))
}

fn still_changing(operation: &'static str, label: &str) -> CloudError {
    CloudError::plain(
        operation,
        label,
        Trouble::InUse,
        "still on its way from one state to another after twenty minutes",
    )
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{
        GroupIdentifier, InstanceNetworkInterface, InstanceNetworkInterfaceAssociation, InstanceState, StateReason,
    };

    use super::*;

    fn in_state(state: InstanceStateName) -> aws_sdk_ec2::types::builders::InstanceBuilder {
        SdkInstance::builder().state(InstanceState::builder().name(state).build())
    }

    fn profile_error(message: &str) -> CloudError {
        let mut error = CloudError::plain("RunInstances", "instance-private", Trouble::Refused, message);
        error.code = Some("InvalidParameterValue".to_owned());
        error
    }

    #[test]
    fn only_a_profile_that_is_not_seen_yet_is_waited_for() {
        let unseen = "Value (arn:aws:iam::1:instance-profile/p) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN";
        assert!(is_unseen(&profile_error(unseen)));
        assert!(!is_unseen(&profile_error("Value (xvda) for parameter device is invalid")));
        assert!(!is_unseen(&CloudError::plain("RunInstances", "i", Trouble::Denied, unseen)));
    }

    #[test]
    fn an_address_and_a_group_count_on_whatever_interface_they_are() {
        let association = InstanceNetworkInterfaceAssociation::builder().public_ip("198.51.100.7").build();
        let group = |id: &str| GroupIdentifier::builder().group_id(id).build();
        let second = InstanceNetworkInterface::builder().association(association).groups(group("sg-b")).build();
        let instance = in_state(InstanceStateName::Running).security_groups(group("sg-a"));
        let instance = instance.network_interfaces(second).build();
        assert_eq!(public_addresses(&instance).collect::<Vec<_>>(), ["198.51.100.7"]);
        assert_eq!(groups(&instance), BTreeSet::from(["sg-a".to_owned(), "sg-b".to_owned()]));
    }

    #[test]
    fn an_instance_that_ended_before_it_ran_is_a_failure_with_its_reason() {
        let properties: Instance = serde_json::from_value(serde_json::json!({
            "template": null, "subnet": "subnet-0a", "image": "ami-0a", "instance_type": "m7i.large", "profile": null,
            "key_pair": null, "groups": [], "public_address": false, "metadata_token_required": true,
            "metadata_hop_limit": 1, "detailed_monitoring": true, "tenancy": "default", "root": null,
            "volumes_encrypted": true, "user_data_sha256": ""
        }))
        .unwrap();
        let node = Node {
            id: "instance-private".parse().unwrap(),
            name: "hipaa_ec2_private".to_owned(),
            scope: sce_core::plan::Scope::Pit,
            needs: Vec::new(),
            tags: Default::default(),
            properties: properties.clone().into(),
        };
        let wanted = Wanted { node: &node, properties: &properties, known: None, life: "l" };
        assert!(outcome(&wanted, &in_state(InstanceStateName::Pending).build()).is_none());
        assert!(outcome(&wanted, &in_state(InstanceStateName::Running).build()).unwrap().is_ok());
        let reason = StateReason::builder().code("Client.InvalidKMSKey.InvalidState").message("the key is disabled");
        let ended = in_state(InstanceStateName::Terminated).state_reason(reason.build()).build();
        let error = outcome(&wanted, &ended).unwrap().unwrap_err();
        let expected = "it ended before it ran: Client.InvalidKMSKey.InvalidState: the key is disabled";
        assert!(error.to_string().ends_with(expected), "{error}");
        // Each life has a token of its own, the same each time, and none is longer than AWS takes.
        let tokens: BTreeSet<String> = (0..LIVES).map(|life| token(&wanted, life)).collect();
        assert_eq!(tokens.len(), LIVES as usize);
        assert!(tokens.iter().all(|token| token.len() <= 64));
    }
}
