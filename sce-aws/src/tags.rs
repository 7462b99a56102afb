//! Tags in the forms that each service wants them.

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use sce_core::aws::resource::Kind;
use sce_core::pit::{TAG_ID, TAG_PIT, Tags};
use sce_core::plan::Node;

/// The tags to send with the call that creates a thing of EC2's.
pub(crate) fn specification(kind: ResourceType, tags: &Tags) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).set_tags(Some(ec2(tags))).build()
}

/// Tags as EC2 takes them.
pub(crate) fn ec2(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags as EC2 hands them back.
pub(crate) fn from_ec2(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()))).collect()
}

/// Filters that find exactly what this node made: its PIT and its place, each compared as a whole; what exists already and is
/// somebody else's, by its id.
pub(crate) fn filters(node: &Node) -> Vec<Filter> {
    if node.is_existing() {
        return id_filter(node.properties.kind()).map(|name| filter(name, &node.name)).into_iter().collect();
    }
    [TAG_PIT, TAG_ID].into_iter().filter_map(|key| Some(filter(&format!("tag:{key}"), node.tags.get(key)?))).collect()
}

/// The filter that finds one thing of that kind by its id.
fn id_filter(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Vpc => Some("vpc-id"),
        Kind::Subnet => Some("subnet-id"),
        Kind::NatGateway => Some("nat-gateway-id"),
        Kind::RouteTable => Some("route-table-id"),
        // The others are found by their name, by what they belong to, or asked for by their id.
        _ => None,
    }
}

/// One filter of a describe call.
pub(crate) fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}
