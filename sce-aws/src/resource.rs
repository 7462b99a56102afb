//! One kind of resource a file: how it is looked at, made, settled, tagged and deleted.

pub(crate) mod alarm;
pub(crate) mod bucket;
pub(crate) mod bucket_notification;
pub(crate) mod bucket_object;
pub(crate) mod config_recorder;
pub(crate) mod database_instance;
pub(crate) mod database_parameter_group;
pub(crate) mod database_subnet_group;
pub(crate) mod default_security_group;
pub(crate) mod detector;
pub(crate) mod ebs_encryption;
pub(crate) mod elastic_ip;
pub(crate) mod flow_log;
pub(crate) mod function;
pub(crate) mod function_permission;
pub(crate) mod gateway_endpoint;
pub(crate) mod instance;
pub(crate) mod instance_connect_endpoint;
pub(crate) mod instance_profile;
pub(crate) mod interface_endpoint;
pub(crate) mod internet_gateway;
pub(crate) mod key_pair;
pub(crate) mod kms_alias;
pub(crate) mod kms_key;
pub(crate) mod launch_template;
pub(crate) mod log_group;
pub(crate) mod managed_policy;
pub(crate) mod metric_filter;
pub(crate) mod nat_gateway;
pub(crate) mod network_acl;
pub(crate) mod password_policy;
pub(crate) mod public_access_block;
pub(crate) mod queue;
pub(crate) mod role;
pub(crate) mod route;
pub(crate) mod route_table;
pub(crate) mod route_table_association;
pub(crate) mod security_group;
pub(crate) mod session_document;
pub(crate) mod subnet;
pub(crate) mod subscription;
pub(crate) mod table;
pub(crate) mod topic;
pub(crate) mod trail;
pub(crate) mod volume;
pub(crate) mod volume_attachment;
pub(crate) mod vpc;

use sce_core::plan::Node;

use crate::error::{CloudError, Trouble, cloud};
use crate::provider::Deleted;
use crate::session::{Session, once};
use crate::tags;

/// What the ARN of a KMS key or alias of this place begins with.
fn kms_prefix(session: &Session) -> String {
    let region = session.region();
    format!("arn:{}:kms:{region}:{}:", region.partition(), session.account())
}

/// For a call that makes something of EC2's: one attempt. Where AWS takes a token it would know a second send for what it is; we look
/// before we send again all the same, since whoever does not know tokens would make a second thing. What AWS throttled was not done, and
/// [`provider::make`](crate::provider::make) sends it again.
fn sent_once() -> aws_sdk_ec2::config::Builder {
    aws_sdk_ec2::config::Builder::new().retry_config(once())
}

/// Writes tags on a thing of EC2's that exists already.
async fn tag_ec2(session: &Session, node: &Node, id: &str) -> Result<(), CloudError> {
    let request = session.ec2.create_tags().resources(id).set_tags(Some(tags::ec2(&node.tags)));
    request.send().await.map_err(cloud("CreateTags", node.id.as_str()))?;
    Ok(())
}

/// What is the account's is never deleted: no plan of a project has it, and `sce account` has no such verb.
fn stays(operation: &'static str, node: &Node) -> Result<Deleted, CloudError> {
    let message = "it is the account's, which outlives every project";
    Err(CloudError::plain(operation, node.id.as_str(), Trouble::Refused, message))
}
