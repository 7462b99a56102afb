//! VPCs.

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Tenancy as SdkTenancy, VpcAttributeName};
use sce_core::aws::resource::{Difference, Tenancy, Vpc};
use sce_core::plan::Node;

use super::{sent_once, tag_ec2};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, patiently};
use crate::session::Session;
use crate::tags;

/// Finds the VPC by its tags.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Vpc>) -> Result<Option<Found>, CloudError> {
    let request = session.ec2.describe_vpcs().set_filters(Some(tags::filters(wanted.node)));
    let pages = request.into_paginator().items().send().try_collect().await;
    let found = only_ours(
        "DescribeVpcs",
        wanted,
        pages.map_err(cloud("DescribeVpcs", wanted.label()))?,
        |vpc| vpc.tags(),
        |vpc| vpc.vpc_id(),
    )?;
    let Some(vpc) = found else { return Ok(None) };
    let id = vpc.vpc_id().unwrap_or_default();
    let unreadable = |what: &str| CloudError::unreadable("DescribeVpcs", wanted.label(), what.to_owned());
    let (dns_support, dns_hostnames) = tokio::try_join!(
        attribute(session, wanted, id, VpcAttributeName::EnableDnsSupport),
        attribute(session, wanted, id, VpcAttributeName::EnableDnsHostnames),
    )?;
    let properties = Vpc {
        cidr: vpc.cidr_block().unwrap_or_default().parse().map_err(|_| unreadable("no address range"))?,
        tenancy: match vpc.instance_tenancy() {
            Some(SdkTenancy::Dedicated) => Tenancy::Dedicated,
            _ => Tenancy::Default,
        },
        dns_support,
        dns_hostnames,
    };
    Ok(Some(Found { attributes: Attributes::id(id), properties: properties.into(), tags: tags::from_ec2(vpc.tags()) }))
}

/// One attempt: AWS takes no token, and a second call makes a second VPC.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Vpc>) -> Result<(), CloudError> {
    let tenancy = match wanted.properties.tenancy {
        Tenancy::Default => SdkTenancy::Default,
        Tenancy::Dedicated => SdkTenancy::Dedicated,
    };
    let request = session.ec2.create_vpc().cidr_block(wanted.properties.cidr.to_string()).instance_tenancy(tenancy);
    let request = request.tag_specifications(tags::specification(ResourceType::Vpc, &wanted.node.tags));
    let request = request.customize().config_override(sent_once());
    request.send().await.map_err(cloud("CreateVpc", wanted.label()))?;
    Ok(())
}

/// The DNS settings are calls of their own, one attribute each.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Vpc>,
    found: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    let changed = |field: &str| differences.iter().any(|difference| difference.field == field);
    let modify = || session.ec2.modify_vpc_attribute().vpc_id(&found.attributes.id);
    let flag = |value: bool| AttributeBooleanValue::builder().value(value).build();
    if changed("dns_support") {
        let send = || modify().enable_dns_support(flag(wanted.properties.dns_support)).send();
        settled(session, wanted, send).await?;
    }
    if changed("dns_hostnames") {
        let send = || modify().enable_dns_hostnames(flag(wanted.properties.dns_hostnames)).send();
        settled(session, wanted, send).await?;
    }
    Ok(())
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// What still depends on it may take AWS minutes to let go.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let send = || async {
        let sent = session.ec2.delete_vpc().vpc_id(&found.attributes.id).send().await;
        sent.map_err(cloud("DeleteVpc", node.id.as_str()))
    };
    match patiently(session, FRESH, |error| error.trouble == Trouble::InUse, send).await {
        Err(error) if error.trouble == Trouble::NotFound => Ok(Deleted::Gone),
        other => other.map(|_| Deleted::Gone),
    }
}

async fn attribute(
    session: &Session,
    wanted: &Wanted<'_, Vpc>,
    id: &str,
    name: VpcAttributeName,
) -> Result<bool, CloudError> {
    let sent = session.ec2.describe_vpc_attribute().vpc_id(id).attribute(name.clone()).send().await;
    let answer = sent.map_err(cloud("DescribeVpcAttribute", wanted.label()))?;
    let value = match name {
        VpcAttributeName::EnableDnsSupport => answer.enable_dns_support(),
        _ => answer.enable_dns_hostnames(),
    };
    Ok(value.and_then(AttributeBooleanValue::value).unwrap_or(false))
}

type Modified = Result<
    aws_sdk_ec2::operation::modify_vpc_attribute::ModifyVpcAttributeOutput,
    aws_sdk_ec2::error::SdkError<aws_sdk_ec2::operation::modify_vpc_attribute::ModifyVpcAttributeError>,
>;

/// A VPC just made may not be seen everywhere yet.
async fn settled<F: Future<Output = Modified>>(
    session: &Session,
    wanted: &Wanted<'_, Vpc>,
    send: impl Fn() -> F,
) -> Result<(), CloudError> {
    let send = || async { send().await.map_err(cloud("ModifyVpcAttribute", wanted.label())) };
    patiently(session, FRESH, |error| error.trouble == Trouble::NotFound, send).await.map(|_| ())
}
