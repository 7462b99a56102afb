//! The four things that can be done with any kind of resource: look, make, settle, delete.
//!
//! *Look* reads identity, properties and tags. *Make* is the one call that creates, tags included. *Settle* changes what can be
//! changed in place until it is as planned; it is also what finishes a thing that was made by a run that did not live to finish it.
//! *Delete* asks AWS to delete and waits until it has, or says until when it will take.

use std::time::Duration;

use sce_core::aws::resource::{Difference, Properties};
use sce_core::pit::{TAG_ID, TAG_PIT, Tags};
use sce_core::plan::Node;

use crate::error::{CloudError, Trouble};
use crate::ids::{Attributes, Ids};
use crate::resource;
use crate::session::Session;

/// A thing as it is.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) attributes: Attributes,
    pub(crate) properties: Properties,
    pub(crate) tags: Tags,
}

/// How a deletion ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    /// It is gone.
    Gone,
    /// AWS deletes it at this time.
    Scheduled(String),
}

/// A node with everything it refers to resolved: what a provider works on.
pub(crate) struct Wanted<'a, P> {
    pub(crate) node: &'a Node,
    pub(crate) properties: &'a P,
    /// What the journal says that AWS calls it: decides where several things bear its tags.
    pub(crate) known: Option<&'a str>,
    /// Names this life of the environment: a token of a deleted thing must not be used again (aws-behaviour 0.5).
    pub(crate) life: &'a str,
}

impl<P> Wanted<'_, P> {
    /// What errors call it.
    pub(crate) fn label(&self) -> &str {
        self.node.id.as_str()
    }

    /// A token that AWS takes to recognise a call sent twice: the same for the same thing of the same PIT, also after a crash.
    pub(crate) fn token(&self) -> String {
        let mut token = format!("{}.{}.{}", self.life, self.node.digest(), self.node.id);
        token.truncate(64);
        token
    }
}

macro_rules! dispatch {
    ($($kind:ident => $module:ident,)*) => {
        /// Reads the thing of this node; none when it does not exist. While something it refers to does not exist, neither does it.
        pub(crate) async fn look(session: &Session, node: &Node, ids: &Ids) -> Result<Option<Found>, CloudError> {
            match ids.resolve(node) {
                $(Some(Properties::$kind(properties)) => {
                    resource::$module::look(session, &Wanted { node, properties: &properties, known: ids.known(&node.id), life: "" }).await
                })*
                None => Ok(None),
            }
        }

        /// Sends the one call that makes it.
        pub(crate) async fn make(
            session: &Session,
            node: &Node,
            properties: &Properties,
            life: &str,
        ) -> Result<(), CloudError> {
            match properties {
                $(Properties::$kind(properties) => {
                    resource::$module::make(session, &Wanted { node, properties, known: None, life }).await
                })*
            }
        }

        /// Changes what differs, where AWS can change it in place.
        pub(crate) async fn settle(
            session: &Session,
            node: &Node,
            properties: &Properties,
            found: &Found,
            differences: &[Difference],
        ) -> Result<(), CloudError> {
            match properties {
                $(Properties::$kind(properties) => {
                    resource::$module::settle(session, &Wanted { node, properties, known: None, life: "" }, found, differences).await
                })*
            }
        }

        /// Writes the node's tags.
        pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
            match &node.properties {
                $(Properties::$kind(_) => resource::$module::tag(session, node, found).await,)*
            }
        }

        /// Deletes it and waits until it is gone.
        pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
            match &node.properties {
                $(Properties::$kind(_) => resource::$module::delete(session, node, found).await,)*
            }
        }
    };
}

dispatch! {
    Vpc => vpc,
    Subnet => subnet,
    InternetGateway => internet_gateway,
    ElasticIp => elastic_ip,
    NatGateway => nat_gateway,
    RouteTable => route_table,
    Route => route,
    RouteTableAssociation => route_table_association,
    GatewayEndpoint => gateway_endpoint,
    DefaultSecurityGroup => default_security_group,
    NetworkAcl => network_acl,
    FlowLog => flow_log,
    LogGroup => log_group,
    Role => role,
    ManagedPolicy => managed_policy,
    KmsKey => kms_key,
    KmsAlias => kms_alias,
    Bucket => bucket,
    BucketObject => bucket_object,
    SecurityGroup => security_group,
    KeyPair => key_pair,
    InstanceProfile => instance_profile,
    InterfaceEndpoint => interface_endpoint,
    SessionDocument => session_document,
    LaunchTemplate => launch_template,
    Instance => instance,
    Volume => volume,
    VolumeAttachment => volume_attachment,
    Table => table,
    Queue => queue,
    Topic => topic,
    Subscription => subscription,
    Function => function,
    FunctionPermission => function_permission,
    BucketNotification => bucket_notification,
}

/// The only one of what was found; of several of the same PIT and place, the one that the journal knows. Where it knows none, that is a
/// fault from which no run may pick.
pub(crate) fn only<T, P>(
    operation: &'static str,
    wanted: &Wanted<'_, P>,
    found: Vec<T>,
    id: impl Fn(&T) -> Option<&str>,
) -> Result<Option<T>, CloudError> {
    if found.len() <= 1 {
        return Ok(found.into_iter().next());
    }
    let ids: Vec<&str> = found.iter().filter_map(&id).collect();
    let message = format!("{} things bear its tags: {}", found.len(), ids.join(", "));
    let fault = CloudError::plain(operation, wanted.label(), Trouble::AlreadyExists, message);
    let ours = found.into_iter().find(|thing| wanted.known.is_some() && id(thing) == wanted.known);
    ours.map(Some).ok_or(fault)
}

/// Of what a describe call handed back, that which bears the node's PIT and place, each compared as a whole: whatever is done to a
/// thing follows from its tags, not from a filter that somebody else applied.
pub(crate) fn ours<T>(node: &Node, found: Vec<T>, tags: impl Fn(&T) -> &[aws_sdk_ec2::types::Tag]) -> Vec<T> {
    let bears = |thing: &T, key: &str| {
        let value = tags(thing).iter().find(|tag| tag.key() == Some(key)).and_then(|tag| tag.value());
        value.is_some() && value == node.tags.get(key).map(String::as_str)
    };
    found.into_iter().filter(|thing| [TAG_PIT, TAG_ID].iter().all(|key| bears(thing, key))).collect()
}

/// The only one of them; see [`only`].
pub(crate) fn only_ours<T, P>(
    operation: &'static str,
    wanted: &Wanted<'_, P>,
    found: Vec<T>,
    tags: impl Fn(&T) -> &[aws_sdk_ec2::types::Tag],
    id: impl Fn(&T) -> Option<&str>,
) -> Result<Option<T>, CloudError> {
    only(operation, wanted, ours(wanted.node, found, tags), id)
}

/// What cannot be changed in place and is not as planned.
pub(crate) fn immutable(operation: &'static str, node: &Node, differences: &[Difference]) -> Result<(), CloudError> {
    let Some(first) = differences.first() else { return Ok(()) };
    let message =
        format!("`{}` is {} and shall be {}, which takes a replacement", first.field, first.found, first.planned);
    Err(CloudError::plain(operation, node.id.as_str(), Trouble::AlreadyExists, message))
}

/// Asks again, ever more slowly, until `done` answers something or the time is up.
pub(crate) async fn poll<T, F: Future<Output = Result<Option<T>, CloudError>>>(
    session: &Session,
    limit: Duration,
    mut done: impl FnMut() -> F,
) -> Result<Option<T>, CloudError> {
    let started = session.world.now();
    let mut pause = Duration::from_millis(250);
    loop {
        // One last look after the time is up: the machine may have slept.
        let last = session.world.now().duration_since(started).unsigned_abs() >= limit;
        if let Some(answer) = done().await? {
            return Ok(Some(answer));
        }
        if last {
            return Ok(None);
        }
        session.world.sleep(pause).await;
        pause = (pause * 3 / 2).min(Duration::from_secs(10));
    }
}

/// Sends again while the error is one that passes (fresh things not seen yet, others not yet gone), until the time is up.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, CloudError>>>(
    session: &Session,
    limit: Duration,
    passes: impl Fn(&CloudError) -> bool,
    mut send: impl FnMut() -> F,
) -> Result<T, CloudError> {
    let started = session.world.now();
    let mut pause = Duration::from_millis(250);
    loop {
        let last = session.world.now().duration_since(started).unsigned_abs() >= limit;
        match send().await {
            Err(error) if passes(&error) && !last => {}
            other => return other,
        }
        session.world.sleep(pause).await;
        pause = (pause * 3 / 2).min(Duration::from_secs(10));
    }
}

/// How long AWS may take to see what it has just made, by its own advice and Terraform's experience (aws-behaviour 0.10).
pub(crate) const FRESH: Duration = Duration::from_secs(300);
