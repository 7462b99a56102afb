//! The four things that can be done with any kind of resource: look, make, settle, delete.
//!
//! *Look* reads identity, properties and tags. *Make* is the one call that creates, tags included. *Settle* changes what can be
//! changed in place until it is as planned; it is also what finishes a thing that was made by a run that did not live to finish it.
//! *Delete* asks AWS to delete and waits until it has, or says until when it will take.

use std::time::Duration;

use jiff::Timestamp;
use sce_core::aws::resource::{Difference, Kind, Properties};
use sce_core::change::in_place;
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

/// What the answer to a creating call said that AWS calls the thing, where that saves a search for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Made(Option<String>);

impl From<()> for Made {
    fn from((): ()) -> Self {
        Self(None)
    }
}

impl From<String> for Made {
    fn from(id: String) -> Self {
        Self(Some(id))
    }
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

        /// Reads the thing of a node whose references are not all there yet: whether it is there follows from its name or its tags.
        async fn look_unresolved(session: &Session, node: &Node) -> Result<Option<Found>, CloudError> {
            match &node.properties {
                $(Properties::$kind(properties) => {
                    resource::$module::look(session, &Wanted { node, properties, known: None, life: "" }).await
                })*
            }
        }

        async fn make_once(
            session: &Session,
            node: &Node,
            properties: &Properties,
            life: &str,
        ) -> Result<Made, CloudError> {
            match properties {
                $(Properties::$kind(properties) => {
                    resource::$module::make(session, &Wanted { node, properties, known: None, life }).await.map(Made::from)
                })*
            }
        }

        /// Changes what differs, where AWS can change it in place: each settles every property that `in_place` tells of its kind.
        pub(crate) async fn settle(
            session: &Session,
            node: &Node,
            properties: &Properties,
            found: &Found,
            differences: &[Difference],
        ) -> Result<(), CloudError> {
            hands_off("change", node)?;
            changeable(node, properties, found, differences)?;
            match properties {
                $(Properties::$kind(properties) => {
                    resource::$module::settle(session, &Wanted { node, properties, known: None, life: "" }, found, differences).await
                })*
            }
        }

        /// Writes the node's tags.
        pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
            hands_off("tag", node)?;
            match &node.properties {
                $(Properties::$kind(_) => resource::$module::tag(session, node, found).await,)*
            }
        }

        /// Deletes it and waits until it is gone.
        pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
            hands_off("delete", node)?;
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
    InstanceConnectEndpoint => instance_connect_endpoint,
    SessionDocument => session_document,
    LaunchTemplate => launch_template,
    Instance => instance,
    Volume => volume,
    VolumeAttachment => volume_attachment,
    DatabaseSubnetGroup => database_subnet_group,
    DatabaseParameterGroup => database_parameter_group,
    DatabaseInstance => database_instance,
    Trail => trail,
    ConfigRecorder => config_recorder,
    EbsEncryption => ebs_encryption,
    PublicAccessBlock => public_access_block,
    PasswordPolicy => password_policy,
    MetricFilter => metric_filter,
    Alarm => alarm,
    Detector => detector,
    Table => table,
    Queue => queue,
    Topic => topic,
    Subscription => subscription,
    Function => function,
    FunctionPermission => function_permission,
    BucketNotification => bucket_notification,
}

/// Whether AWS has nothing that could be the thing of this node, before all that it refers to is there. Nothing is said where that
/// cannot be told: something is there, the answer was an error, or a thing of this kind is found through what it belongs to.
pub(crate) async fn is_absent(session: &Session, node: &Node) -> bool {
    is_found_by_itself(&node.properties) && matches!(look_unresolved(session, node).await, Ok(None))
}

/// Whether a thing of this kind is found by its own name or its own tags, whatever it refers to.
fn is_found_by_itself(properties: &Properties) -> bool {
    if let Properties::RouteTable(table) = properties {
        return !table.main;
    }
    matches!(
        properties.kind(),
        Kind::Vpc
            | Kind::Subnet
            | Kind::InternetGateway
            | Kind::ElasticIp
            | Kind::NatGateway
            | Kind::GatewayEndpoint
            | Kind::InterfaceEndpoint
            | Kind::NetworkAcl
            | Kind::SecurityGroup
            | Kind::FlowLog
            | Kind::LogGroup
            | Kind::Role
            | Kind::ManagedPolicy
            | Kind::InstanceProfile
            | Kind::KmsKey
            | Kind::Bucket
            | Kind::LaunchTemplate
            | Kind::Instance
            | Kind::Volume
            | Kind::SessionDocument
            | Kind::Table
            | Kind::Queue
            | Kind::Topic
            | Kind::Function
    )
}

/// Reads what this run has just made: its identity, and what there is to settle.
pub(crate) async fn look_at_new(
    session: &Session,
    node: &Node,
    ids: &Ids,
    made: &Made,
) -> Result<Option<Found>, CloudError> {
    match (ids.resolve(node), &made.0) {
        (Some(Properties::KmsKey(_)), Some(id)) => resource::kms_key::look_at_new(session, node, id).await,
        (Some(Properties::Bucket(properties)), _) => {
            let wanted = Wanted { node, properties: &properties, known: None, life: "" };
            resource::bucket::look_at_new(session, &wanted).await
        }
        _ => look(session, node, ids).await,
    }
}

/// Sends the one call that makes it. What AWS throttles is not done, so that it can be sent again without a look: calls that make
/// something are sent once by the SDK, which does not tell a throttled call from a lost answer.
pub(crate) async fn make(
    session: &Session,
    node: &Node,
    properties: &Properties,
    life: &str,
) -> Result<Made, CloudError> {
    hands_off("make", node)?;
    let throttled = |error: &CloudError| error.trouble == Trouble::Throttled;
    patiently(session, FRESH, throttled, || make_once(session, node, properties, life)).await
}

/// Stops whatever would be done to somebody else's thing, whoever asks for it: all that changes anything goes through here.
fn hands_off(deed: &'static str, node: &Node) -> Result<(), CloudError> {
    if node.is_existing() {
        let message = format!("`{}` is somebody else's, and is used as it is", node.name);
        return Err(CloudError::plain(deed, node.id.as_str(), Trouble::Refused, message));
    }
    Ok(())
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
    let fault = CloudError::twice(operation, wanted.label(), ids.into_iter().map(str::to_owned).collect());
    let ours = found.into_iter().find(|thing| wanted.known.is_some() && id(thing) == wanted.known);
    ours.map(Some).ok_or(fault)
}

/// Of what a describe call handed back, that which bears the node's PIT and place, each compared as a whole: whatever is done to a
/// thing follows from its tags, not from a filter that somebody else applied. Of what exists already and is somebody else's, that
/// which has the id.
pub(crate) fn ours<T>(
    node: &Node,
    found: Vec<T>,
    tags: impl Fn(&T) -> &[aws_sdk_ec2::types::Tag],
    id: impl Fn(&T) -> Option<&str>,
) -> Vec<T> {
    if node.is_existing() {
        return found.into_iter().filter(|thing| id(thing) == Some(node.name.as_str())).collect();
    }
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
    only(operation, wanted, ours(wanted.node, found, tags, &id), &id)
}

/// Stops a change that AWS does not make in place, by the table that plans go by, before anything is sent.
fn changeable(node: &Node, planned: &Properties, found: &Found, differences: &[Difference]) -> Result<(), CloudError> {
    let fixed = |difference: &&Difference| !in_place(planned, &found.properties, &difference.field);
    let Some(first) = differences.iter().find(fixed) else { return Ok(()) };
    let message =
        format!("`{}` is {} and shall be {}, which takes a replacement", first.field, first.found, first.planned);
    Err(CloudError::plain("change", node.id.as_str(), Trouble::AlreadyExists, message))
}

/// Asks again, ever more slowly, until `done` answers something or the time is up.
pub(crate) async fn poll<T, F: Future<Output = Result<Option<T>, CloudError>>>(
    session: &Session,
    limit: Duration,
    mut done: impl FnMut() -> F,
) -> Result<Option<T>, CloudError> {
    let mut waits = Waits::new(session, limit);
    loop {
        let last = waits.are_over();
        if let Some(answer) = done().await? {
            return Ok(Some(answer));
        }
        if last {
            return Ok(None);
        }
        waits.next().await?;
    }
}

/// Sends again while the error is one that passes (fresh things not seen yet, others not yet gone), until the time is up.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, CloudError>>>(
    session: &Session,
    limit: Duration,
    passes: impl Fn(&CloudError) -> bool,
    mut send: impl FnMut() -> F,
) -> Result<T, CloudError> {
    let mut waits = Waits::new(session, limit);
    loop {
        let last = waits.are_over();
        match send().await {
            Err(error) if passes(&error) && !last => {}
            other => return other,
        }
        waits.next().await?;
    }
}

/// Pauses that grow, within a time limit. An interrupt ends them: whoever waits has no call in flight.
struct Waits<'a> {
    session: &'a Session,
    started: Timestamp,
    limit: Duration,
    pause: Duration,
}

impl<'a> Waits<'a> {
    fn new(session: &'a Session, limit: Duration) -> Self {
        Self { session, started: session.world.now(), limit, pause: Duration::from_millis(250) }
    }

    /// Whether what is asked now is the last: one more after the time is up, since the machine may have slept.
    fn are_over(&self) -> bool {
        self.session.world.now().duration_since(self.started).unsigned_abs() >= self.limit
    }

    async fn next(&mut self) -> Result<(), CloudError> {
        let pause = self.pause;
        self.pause = (pause * 3 / 2).min(Duration::from_secs(10));
        tokio::select! {
            biased;
            () = self.session.interrupt.asked() => {
                Err(CloudError::plain("Wait", "AWS", Trouble::Interrupted, "nothing was waited for any longer"))
            }
            () = self.session.world.sleep(pause) => Ok(()),
        }
    }
}

/// How long AWS may take to see what it has just made, by its own advice and Terraform's experience (aws-behaviour 0.10).
pub(crate) const FRESH: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use sce_core::aws::resource::{RouteTable, Tenancy, Vpc};
    use sce_core::plan::Scope;
    use sce_core::value::Value;

    use super::*;
    use crate::endpoint::Endpoints;
    use crate::session::Target;

    /// A session with somebody who knows the caller and answers nothing else.
    async fn session() -> Session {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 8192];
                let _ = stream.read(&mut request).unwrap();
                let body = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                    <GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/a</Arn><UserId>A</UserId>\
                    <Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
            }
        });
        let endpoints = Endpoints::from_flags([url.as_str()]).unwrap();
        Session::open(&Target::Emulator(endpoints), &"us-west-2".parse().unwrap()).await.unwrap()
    }

    fn node(scope: Scope, properties: Properties) -> Node {
        let (id, needs) = ("vpc".parse().unwrap(), Vec::new());
        Node { id, name: "vpc-0a".to_owned(), scope, needs, tags: Tags::new(), properties }
    }

    fn vpc() -> Properties {
        let cidr = "10.0.0.0/16".parse().unwrap();
        Vpc { cidr, tenancy: Tenancy::Default, dns_support: true, dns_hostnames: true }.into()
    }

    #[tokio::test]
    async fn nothing_is_sent_that_would_change_somebody_elses_thing() {
        let session = session().await;
        let theirs = node(Scope::Existing, vpc());
        let attributes = Attributes::id("vpc-0a");
        let found = Found { attributes, properties: vpc(), tags: Tags::new() };
        let before = session.calls().all();
        let refusals = [
            make(&session, &theirs, &vpc(), "life").await.unwrap_err(),
            settle(&session, &theirs, &vpc(), &found, &[]).await.unwrap_err(),
            tag(&session, &theirs, &found).await.unwrap_err(),
            delete(&session, &theirs, &found).await.unwrap_err(),
        ];
        for (refusal, deed) in refusals.iter().zip(["make", "change", "tag", "delete"]) {
            let expected = format!("{deed} for `vpc` was refused: `vpc-0a` is somebody else's, and is used as it is");
            assert_eq!((refusal.trouble, refusal.to_string()), (Trouble::Refused, expected));
        }
        assert_eq!(session.calls().all(), before, "nothing was sent");
        // The same of ours goes out, so that it is the scope that stops it.
        let ours = node(Scope::Pit, vpc());
        drop(delete(&session, &ours, &found).await);
        assert!(session.calls().all() > before);
    }

    /// Plans that have every kind of a project's own things between them.
    fn plans() -> Vec<sce_core::plan::Plan> {
        let machine = "[compute.private]\ntype = \"m7i.large\"\ndata_volume_gib = 100\n[ancillary]\nnotify = [\"a@example.edu\"]\n\
            [[database]]\nengine = \"postgres\"\nphi_contact = true\n";
        let allow = "allow = [{ name = \"campus\", cidr = \"140.142.0.0/16\" }]";
        let ways = [
            String::new(),
            "[network]\negress = \"none\"\n".to_owned(),
            format!("[access]\nmode = \"bastion\"\n{allow}\n"),
            "[access]\nmode = \"instance-connect\"\n".to_owned(),
        ];
        let planned = |way: &String| {
            let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n{way}{machine}");
            let spec = sce_core::spec::parse(&text, sce_core::spec::Format::Toml).unwrap();
            sce_core::plan::plan(&spec, &sce_core::lock::Lock::offline(&spec)).unwrap()
        };
        ways.iter().map(planned).collect()
    }

    /// The same with another value of one field; none where no other of the same type comes to mind.
    fn otherwise(properties: &Properties, field: &str) -> Option<Properties> {
        use serde_json::{Value as Json, json};
        let mut json = properties.to_json();
        let candidates = match &json[field] {
            Json::Bool(value) => vec![json!(!value)],
            Json::Number(value) => vec![json!(value.as_u64()? - 1)],
            Json::String(value) => vec![json!(format!("{value}x")), json!("10.250.0.0/16"), json!("us-west-2d")],
            Json::Array(_) => vec![json!([])],
            Json::Object(_) => vec![json!({}), json!(null)],
            Json::Null => vec![json!(1), json!("x")],
        };
        candidates.into_iter().find_map(|other| {
            json[field] = other;
            let read = Properties::from_json(properties.kind(), json.clone()).ok()?;
            (!properties.differences(&read).is_empty()).then_some(read)
        })
    }

    #[tokio::test]
    async fn what_is_found_by_itself_is_asked_for_without_a_word_of_what_it_refers_to() {
        let mut tried = std::collections::BTreeSet::new();
        for node in plans().iter().flat_map(|plan| plan.pit_nodes()) {
            let refers = !node.references().is_empty();
            if !refers || !is_found_by_itself(&node.properties) || !tried.insert(node.properties.kind()) {
                continue;
            }
            let replay = crate::replay::Replay::of("ec2", []);
            drop(look_unresolved(&replay.session().await, node).await);
            let asked = replay.strays();
            assert!(!asked.is_empty(), "`{}` is looked for", node.id);
            for request in asked {
                let text = format!("{} {}", request.line, request.body);
                assert!(!text.contains("${") && !text.contains("%24%7B"), "`{}`: {text}", node.id);
            }
        }
        assert!(tried.len() > 12, "{tried:?}");
    }

    #[tokio::test]
    async fn settling_does_what_the_table_says_and_sends_nothing_where_it_says_that_nothing_can_be_done() {
        let (mut tried, mut refused) = (std::collections::BTreeSet::new(), 0);
        for node in plans().iter().flat_map(|plan| plan.pit_nodes()) {
            let kind = node.properties.kind();
            for field in node.properties.to_json().as_object().unwrap().keys() {
                let Some(properties) = otherwise(&node.properties, field) else { continue };
                if !tried.insert((kind, field.clone())) {
                    continue;
                }
                let session = crate::replay::Replay::of("ec2", []).session().await;
                let found = Found { attributes: Attributes::id("x-0a"), properties, tags: Tags::new() };
                let differences = node.properties.differences(&found.properties);
                let before = session.calls().all();
                let settled = settle(&session, node, &node.properties, &found, &differences).await;
                let (sent, told) = (session.calls().all() - before, settled.map_err(|error| error.to_string()));
                if in_place(&node.properties, &found.properties, field) {
                    assert!(sent > 0, "{kind:?}.{field} is changed in place, and nothing was sent: {told:?}");
                    assert!(!told.is_err_and(|told| told.contains("takes a replacement")), "{kind:?}.{field}");
                } else {
                    assert_eq!(sent, 0, "{kind:?}.{field} takes a replacement, and something was sent");
                    assert!(told.unwrap_err().contains("which takes a replacement"), "{kind:?}.{field}");
                    refused += 1;
                }
            }
        }
        assert!(tried.len() > 100 && refused > 30, "{} fields were tried, {refused} refused", tried.len());
    }

    #[test]
    fn what_exists_is_told_by_its_id_and_what_is_ours_by_its_tags() {
        let table = |id: &str| aws_sdk_ec2::types::RouteTable::builder().route_table_id(id).build();
        let vpc = Value::Known("vpc-0a".parse().unwrap());
        let theirs = Node { name: "rtb-2".to_owned(), ..node(Scope::Existing, RouteTable { vpc, main: false }.into()) };
        let chosen = |node: &Node| {
            let found = vec![table("rtb-1"), table("rtb-2")];
            let chosen = ours(node, found, |table| table.tags(), |table| table.route_table_id());
            chosen.iter().filter_map(|table| table.route_table_id().map(str::to_owned)).collect::<Vec<_>>()
        };
        assert_eq!(chosen(&theirs), ["rtb-2"]);
        assert!(chosen(&Node { scope: Scope::Pit, ..theirs }).is_empty());
    }
}
