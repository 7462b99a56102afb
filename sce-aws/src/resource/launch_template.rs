//! Launch templates. One version is in force, the default one; a changed template is a new version put in force.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateEbsBlockDevice, LaunchTemplateEbsBlockDeviceRequest,
    LaunchTemplateHttpTokensState, LaunchTemplateIamInstanceProfileSpecification,
    LaunchTemplateIamInstanceProfileSpecificationRequest, LaunchTemplateInstanceMetadataEndpointState,
    LaunchTemplateInstanceMetadataOptionsRequest, LaunchTemplateInstanceNetworkInterfaceSpecification,
    LaunchTemplateInstanceNetworkInterfaceSpecificationRequest, LaunchTemplatePlacementRequest,
    LaunchTemplatesMonitoringRequest, RequestLaunchTemplateData, ResourceType, ResponseLaunchTemplateData,
    Tenancy as SdkTenancy, VolumeType,
};
use aws_smithy_types::base64;
use sce_core::aws::resource::{Difference, LaunchTemplate, RootVolume, Tenancy};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::gone;
use super::volume::key_of;
use super::{sent_once, tag_ec2};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, patiently};
use crate::session::Session;
use crate::tags;

/// The version that instances are launched from unless another is named.
pub(crate) const IN_FORCE: &str = "$Default";

/// Finds the template by its tags, and reads all of the version in force.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, LaunchTemplate>) -> Result<Option<Found>, CloudError> {
    let request = session.ec2.describe_launch_templates().set_filters(Some(tags::filters(wanted.node)));
    let found = request.into_paginator().items().send().try_collect().await;
    let Some(template) = only_ours(
        "DescribeLaunchTemplates",
        wanted,
        found.map_err(cloud("DescribeLaunchTemplates", wanted.label()))?,
        |template| template.tags(),
        |template| template.launch_template_id(),
    )?
    else {
        return Ok(None);
    };
    let id = template.launch_template_id().unwrap_or_default();
    let Some(data) = version(session, wanted.label(), id, IN_FORCE).await? else { return Ok(None) };
    let properties = read(session, wanted, &data).await?;
    let tags = tags::from_ec2(template.tags());
    Ok(Some(Found { attributes: Attributes::id(id), properties: properties.into(), tags }))
}

/// With our token, so that AWS recognises a second send.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, LaunchTemplate>) -> Result<(), CloudError> {
    let send = || async {
        let request = session.ec2.create_launch_template().launch_template_name(&wanted.node.name);
        let request = request.launch_template_data(written(wanted.properties)).client_token(wanted.token());
        let request = request.tag_specifications(tags::specification(ResourceType::LaunchTemplate, &wanted.node.tags));
        let request = request.customize().config_override(sent_once());
        request.send().await.map_err(cloud("CreateLaunchTemplate", wanted.label()))
    };
    patiently(session, FRESH, |error| error.trouble == Trouble::NotFound, send).await.map(|_| ())
}

/// A new version with everything in it, put in force; the old ones stay as a record.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, LaunchTemplate>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let (label, id) = (wanted.label(), found.attributes.id.as_str());
    let request = session.ec2.create_launch_template_version().launch_template_id(id);
    let request = request.launch_template_data(written(wanted.properties));
    let answer = request.send().await.map_err(cloud("CreateLaunchTemplateVersion", label))?;
    let number = answer.launch_template_version.and_then(|version| version.version_number);
    let number = number.ok_or_else(|| CloudError::unreadable("CreateLaunchTemplateVersion", label, "no number"))?;
    let request = session.ec2.modify_launch_template().launch_template_id(id).default_version(number.to_string());
    request.send().await.map_err(cloud("ModifyLaunchTemplate", label))?;
    Ok(())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// With every version of it; instances that were launched from it do not notice.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let sent = session.ec2.delete_launch_template().launch_template_id(&found.attributes.id).send().await;
    gone(sent.map_err(cloud("DeleteLaunchTemplate", node.id.as_str())))?;
    Ok(Deleted::Gone)
}

/// What a version says; none when there is no such template or version any more.
pub(crate) async fn version(
    session: &Session,
    label: &str,
    id: &str,
    version: &str,
) -> Result<Option<ResponseLaunchTemplateData>, CloudError> {
    let sent = session.ec2.describe_launch_template_versions().launch_template_id(id).versions(version).send().await;
    let answer = match sent.map_err(cloud("DescribeLaunchTemplateVersions", label)) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
        other => other?,
    };
    let found = answer.launch_template_versions.unwrap_or_default().into_iter().next();
    Ok(found.and_then(|version| version.launch_template_data))
}

/// Whether an instance launched from it gets a public address; none where it leaves that to the subnet.
pub(super) fn public_address(data: &ResponseLaunchTemplateData) -> Option<bool> {
    let first = data.network_interfaces().iter().find(|interface| interface.device_index().unwrap_or(0) == 0);
    first.and_then(LaunchTemplateInstanceNetworkInterfaceSpecification::associate_public_ip_address)
}

async fn read(
    session: &Session,
    wanted: &Wanted<'_, LaunchTemplate>,
    data: &ResponseLaunchTemplateData,
) -> Result<LaunchTemplate, CloudError> {
    let unreadable = |why: String| CloudError::unreadable("DescribeLaunchTemplateVersions", wanted.label(), why);
    let metadata = data.metadata_options();
    let of_interfaces = data.network_interfaces().iter().flat_map(|interface| interface.groups());
    let groups = of_interfaces.chain(data.security_group_ids()).map(|id| id.parse().map(Value::Known));
    Ok(LaunchTemplate {
        image: data.image_id().unwrap_or_default().parse().map_err(|error| unreadable(format!("{error}")))?,
        instance_type: data.instance_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        profile: data
            .iam_instance_profile()
            .and_then(|profile| profile_arn(session, profile))
            .map(|arn| arn.parse().map(Value::Known))
            .transpose()
            .map_err(|error| unreadable(format!("its profile: {error}")))?,
        key_pair: data.key_name().map(|name| Value::Known(name.to_owned())),
        groups: groups.collect::<Result<BTreeSet<_>, _>>().map_err(|error| unreadable(format!("{error}")))?,
        public_address: public_address(data).unwrap_or(false),
        metadata_token_required: metadata.and_then(|options| options.http_tokens())
            == Some(&LaunchTemplateHttpTokensState::Required),
        metadata_hop_limit: metadata
            .and_then(|options| options.http_put_response_hop_limit())
            .and_then(|limit| u32::try_from(limit).ok())
            .unwrap_or(1),
        detailed_monitoring: data.monitoring().and_then(|monitoring| monitoring.enabled()).unwrap_or(false),
        tenancy: match data.placement().and_then(|placement| placement.tenancy()) {
            Some(SdkTenancy::Dedicated) => Tenancy::Dedicated,
            _ => Tenancy::Default,
        },
        root: root(session, wanted, data).await?,
        user_data: data.user_data().map(decoded).unwrap_or_default(),
        other: beyond(data),
    })
}

/// A profile is named by its ARN, or by its name alone.
fn profile_arn(session: &Session, profile: &LaunchTemplateIamInstanceProfileSpecification) -> Option<String> {
    let of_name =
        |name: &str| format!("arn:{}:iam::{}:instance-profile/{name}", session.region().partition(), session.account());
    profile.arn().map(str::to_owned).or_else(|| profile.name().map(of_name))
}

async fn root(
    session: &Session,
    wanted: &Wanted<'_, LaunchTemplate>,
    data: &ResponseLaunchTemplateData,
) -> Result<Option<RootVolume>, CloudError> {
    let Some(mapping) = data.block_device_mappings().first() else { return Ok(None) };
    let Some(ebs) = mapping.ebs() else { return Ok(None) };
    let planned = wanted.properties.root.as_ref().and_then(|root| root.key.as_ref());
    Ok(Some(RootVolume {
        device: mapping.device_name().unwrap_or_default().to_owned(),
        size_gib: ebs.volume_size().and_then(|size| u32::try_from(size).ok()).unwrap_or(0),
        volume_type: ebs.volume_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        encrypted: ebs.encrypted().unwrap_or(false),
        key: key_of(session, wanted.label(), planned, ebs.kms_key_id()).await?,
    }))
}

/// Text behind base64; what is none stays as it is, and is not as planned.
pub(super) fn decoded(text: &str) -> String {
    base64::decode(text).map_or_else(|_| text.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// What a template says that a plan never does. Tags are not among it: they are judged on the things that bear them.
fn beyond(data: &ResponseLaunchTemplateData) -> Option<String> {
    let interfaces = data.network_interfaces();
    let metadata = data.metadata_options();
    let endpoint = metadata.and_then(|options| options.http_endpoint());
    let placement = data.placement();
    let keeps = |ebs: &LaunchTemplateEbsBlockDevice| ebs.delete_on_termination() == Some(false);
    let said = [
        (data.block_device_mappings().len() > 1).then_some("has more volumes than the one it boots from"),
        data.block_device_mappings()
            .iter()
            .any(|mapping| mapping.ebs().is_some_and(keeps))
            .then_some("leaves its volume behind when it ends"),
        (interfaces.len() > 1).then_some("has several network interfaces"),
        interfaces.iter().any(|one| one.network_interface_id().is_some()).then_some("takes an interface that is there"),
        interfaces.iter().any(|one| one.subnet_id().is_some()).then_some("names a subnet"),
        public_address(data).is_none().then_some("leaves it to the subnet whether there is a public address"),
        (!data.security_groups().is_empty()).then_some("names groups by name"),
        (endpoint == Some(&LaunchTemplateInstanceMetadataEndpointState::Disabled)).then_some("has no metadata service"),
        placement
            .and_then(|place| place.tenancy())
            .is_some_and(|it| *it == SdkTenancy::Host)
            .then_some("runs on a host of its own"),
        placement.and_then(|place| place.availability_zone()).map(|_| "names a zone"),
        data.instance_market_options().map(|_| "buys on the spot market"),
        data.instance_requirements().map(|_| "leaves the instance type to AWS"),
        data.kernel_id().map(|_| "has a kernel of its own"),
        data.ram_disk_id().map(|_| "has a RAM disk of its own"),
        data.hibernation_options().and_then(|options| options.configured()).unwrap_or(false).then_some("hibernates"),
        data.disable_api_termination().unwrap_or(false).then_some("is protected from termination"),
        (!data.license_specifications().is_empty()).then_some("takes licences"),
    ];
    let said: Vec<&str> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// Everything the plan says. The groups are the interface's: AWS takes them there or for the whole instance, and whether there is a
/// public address can only be said of an interface.
fn written(template: &LaunchTemplate) -> RequestLaunchTemplateData {
    let groups = template.groups.iter().map(ToString::to_string).collect();
    let interface = LaunchTemplateInstanceNetworkInterfaceSpecificationRequest::builder().device_index(0);
    let interface = interface.set_groups(Some(groups)).associate_public_ip_address(template.public_address);
    let metadata = LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .http_endpoint(LaunchTemplateInstanceMetadataEndpointState::Enabled)
        .http_tokens(match template.metadata_token_required {
            true => LaunchTemplateHttpTokensState::Required,
            false => LaunchTemplateHttpTokensState::Optional,
        })
        .set_http_put_response_hop_limit(i32::try_from(template.metadata_hop_limit).ok());
    let profile = template
        .profile
        .as_ref()
        .map(|arn| LaunchTemplateIamInstanceProfileSpecificationRequest::builder().arn(arn.to_string()).build());
    RequestLaunchTemplateData::builder()
        .image_id(template.image.as_str())
        .instance_type(template.instance_type.as_str().into())
        .set_iam_instance_profile(profile)
        .set_key_name(template.key_pair.as_ref().map(ToString::to_string))
        .network_interfaces(interface.delete_on_termination(true).build())
        .metadata_options(metadata.build())
        .monitoring(LaunchTemplatesMonitoringRequest::builder().enabled(template.detailed_monitoring).build())
        .placement(LaunchTemplatePlacementRequest::builder().tenancy(tenancy(template.tenancy)).build())
        .set_block_device_mappings(template.root.as_ref().map(|root| vec![mapping(root)]))
        .user_data(base64::encode(&template.user_data))
        .build()
}

fn mapping(root: &RootVolume) -> LaunchTemplateBlockDeviceMappingRequest {
    let ebs = LaunchTemplateEbsBlockDeviceRequest::builder()
        .set_volume_size(i32::try_from(root.size_gib).ok())
        .volume_type(VolumeType::from(root.volume_type.as_str()))
        .encrypted(root.encrypted)
        .set_kms_key_id(root.key.as_ref().map(ToString::to_string))
        .delete_on_termination(true);
    LaunchTemplateBlockDeviceMappingRequest::builder().device_name(&root.device).ebs(ebs.build()).build()
}

pub(super) const fn tenancy(tenancy: Tenancy) -> SdkTenancy {
    match tenancy {
        Tenancy::Default => SdkTenancy::Default,
        Tenancy::Dedicated => SdkTenancy::Dedicated,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::LaunchTemplateBlockDeviceMapping;

    use super::*;

    fn interface(public: Option<bool>) -> LaunchTemplateInstanceNetworkInterfaceSpecification {
        LaunchTemplateInstanceNetworkInterfaceSpecification::builder()
            .device_index(0)
            .set_associate_public_ip_address(public)
            .build()
    }

    #[test]
    fn what_no_plan_says_is_told() {
        let plain = ResponseLaunchTemplateData::builder().network_interfaces(interface(Some(false)));
        assert_eq!(beyond(&plain.clone().build()), None);
        let ebs = LaunchTemplateEbsBlockDevice::builder().delete_on_termination(false).build();
        let kept = LaunchTemplateBlockDeviceMapping::builder().ebs(ebs).build();
        let odd = plain.block_device_mappings(kept).disable_api_termination(true).build();
        let expected = "leaves its volume behind when it ends; is protected from termination";
        assert_eq!(beyond(&odd).as_deref(), Some(expected));
    }

    #[test]
    fn a_public_address_is_said_or_left_open() {
        let data = |public| ResponseLaunchTemplateData::builder().network_interfaces(interface(public)).build();
        assert_eq!(
            [Some(true), Some(false), None].map(|said| public_address(&data(said))),
            [Some(true), Some(false), None]
        );
        assert_eq!(public_address(&ResponseLaunchTemplateData::builder().build()), None);
    }

    #[test]
    fn user_data_comes_out_of_base64() {
        assert_eq!(decoded(&base64::encode("#!/bin/bash\n")), "#!/bin/bash\n");
        assert_eq!(decoded("#!"), "#!");
    }
}
