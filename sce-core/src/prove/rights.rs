//! What the principals of a model, and those it does not show, may do: each question is about every request of a kind, whatever it says
//! of itself beside what its way to AWS settles, and is decided by the evaluator's search.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::intent::Intent;
use super::witness::{Asked, Witness};
use crate::aws::iam::{
    self, Attachment, Document, Policies, Possible, Principal, Request, evaluate, is_granted_at_all, possible,
};
use crate::aws::policy::{Policy, Statement, text};
use crate::aws::resource::{Kind, Properties, Role};
use crate::model::{Model, Resource};
use crate::value::{Attribute, Reference};

/// What may be done in a model.
pub(super) struct Rights<'a> {
    model: &'a Model,
    intent: &'a Intent,
    /// The roles, and whoever holds a policy that no role has.
    roles: Vec<Caller>,
    /// Policies of resources, by label.
    resources: BTreeMap<String, Arc<Document>>,
    /// Policies of gateway and interface endpoints, by label.
    endpoints: BTreeMap<String, Arc<Document>>,
    unread: Vec<String>,
}

/// Somebody who asks.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// What people call him.
    pub(super) label: String,
    pub(super) principal: Principal,
    pub(super) identity: Vec<Arc<Document>>,
}

/// The way that a request takes to AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    /// The environment's own endpoint.
    Endpoint,
    /// Another endpoint, of another VPC.
    OtherEndpoint,
    /// The internet, from anywhere, allowed ranges among it.
    Internet,
}

/// Requests of a kind, with the policies that they meet.
#[derive(Clone, Debug)]
pub(super) struct Question {
    of: iam::Question,
    policies: Policies,
}

impl Via {
    pub(super) const ALL: [Self; 3] = [Self::Endpoint, Self::OtherEndpoint, Self::Internet];
}

/// An account that is not this one.
const ELSEWHERE: [&str; 2] = ["999988887777", "999988886666"];
/// What a request does not say that comes through an endpoint, and one that comes over the internet.
const INSIDE: &[&str] = &["aws:SourceIp"];
const OUTSIDE: &[&str] = &["aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp"];
/// What only services say of themselves, and only users.
const OF_SERVICES: &[&str] =
    &["aws:SourceArn", "aws:SourceAccount", "aws:SourceOwner", "aws:PrincipalServiceName", "aws:username"];
/// What a call says that a service makes in somebody's name.
const IN_NOBODYS_NAME: &[&str] = &["kms:ViaService", "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"];

impl<'a> Rights<'a> {
    pub(super) fn of(model: &'a Model, intent: &'a Intent) -> Self {
        let mut rights = Self {
            model,
            intent,
            roles: Vec::new(),
            resources: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            unread: Vec::new(),
        };
        rights.read_resources();
        rights.read_roles();
        rights
    }

    /// The roles of the model, and whoever holds a policy that no role of it has: those who operate.
    pub(super) fn roles(&self) -> &[Caller] {
        &self.roles
    }

    /// What could not be read of the kinds named, or at all of what decides requests.
    pub(super) fn unread(&self, kinds: &[Kind]) -> Vec<String> {
        let unread = self.model.unread.iter().filter(|(_, unread)| kinds.contains(&unread.kind));
        let unread = unread.map(|(id, unread)| format!("{id}: {}", unread.why));
        unread.chain(self.unread.iter().cloned()).collect()
    }

    /// Somebody who signs nothing.
    pub(super) fn anonymous() -> Caller {
        Caller { label: "anybody, unsigned".to_owned(), principal: Principal::Anonymous, identity: Vec::new() }
    }

    /// Somebody of another account, whom its own policies let do everything.
    pub(super) fn outsider(&self) -> Option<Caller> {
        let arn = self.elsewhere();
        let principal = Principal::from_arn(&format!("arn:{}:iam::{arn}:role/outsider", self.intent.partition)).ok()?;
        Some(Caller::of_everything("somebody of another account", principal))
    }

    /// Somebody of this account whom nobody lists, whatever his own policies let him do.
    pub(super) fn insider(&self) -> Option<Caller> {
        let Intent { partition, account, .. } = self.intent;
        let principal =
            Principal::from_arn(&format!("arn:{partition}:iam::{account}:role/somebody-not-listed")).ok()?;
        Some(Caller::of_everything("somebody of the account whom nobody lists", principal))
    }

    pub(super) fn elsewhere(&self) -> &'static str {
        if self.intent.account.as_str() == ELSEWHERE[0] { ELSEWHERE[1] } else { ELSEWHERE[0] }
    }

    /// The ARN of a thing of the model, as it is or will be.
    pub(super) fn arn(&self, thing: &Resource) -> String {
        arn(self.intent, thing)
    }

    pub(super) fn role_arn(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role/{name}", self.intent.partition, self.intent.account)
    }

    /// Those of the actions on the thing that the caller's policies or the thing's own grant to somebody: nobody needs ask about others.
    pub(super) fn granted<'n>(&self, caller: &Caller, actions: &[&'n str], thing: &Resource) -> Vec<&'n str> {
        let (arn, own) = (self.arn(thing), self.resources.get(thing.label()));
        let who_grants = caller.identity.iter().chain(own);
        let is_granted = |action: &&&str| is_granted_at_all(who_grants.clone(), &caller.principal, action, &arn);
        actions.iter().filter(is_granted).copied().collect()
    }

    /// Calls on a log group: on itself, on all of it as AWS writes that, and on whichever of its streams.
    pub(super) fn ask_log_group(&self, caller: &Caller, action: &str, group: &Resource) -> Vec<Question> {
        let arn = self.arn(group);
        let arns = [arn.clone(), format!("{arn}:*"), format!("{arn}:log-stream:*")];
        arns.iter().map(|arn| self.ask(caller, action, arn, Via::Endpoint)).collect()
    }

    /// Requests of this account's things on that way. Whether there is MFA or TLS, what tags there are and whatever else policies ask
    /// about is left open: one request that is allowed is enough.
    pub(super) fn ask(&self, caller: &Caller, action: &str, resource: &str, via: Via) -> Question {
        let request = Request::new(caller.principal.clone(), action, resource)
            .in_account(self.intent.account.as_str())
            .with("aws:RequestedRegion", self.intent.region.as_str())
            .with("aws:ResourceAccount", self.intent.account.as_str())
            .with("kms:CallerAccount", caller.principal.account().unwrap_or_default())
            .with("aws:ViaAWSService", "false");
        let (request, absent) = match via {
            Via::Endpoint => match self.s3_endpoint() {
                Some(endpoint) => (
                    request
                        .with("aws:SourceVpce", &self.endpoint_id(endpoint))
                        .with("aws:SourceVpc", "the environment's VPC"),
                    INSIDE,
                ),
                None => (request.with("aws:SourceVpce", "vpce-of-ours"), INSIDE),
            },
            Via::OtherEndpoint => (
                request.with("aws:SourceVpce", "vpce-00000000000000000").with("aws:SourceVpc", "vpc-00000000000000000"),
                INSIDE,
            ),
            Via::Internet => (request, OUTSIDE),
        };
        // What services alone say of themselves, what only users have, and what a call in somebody's name says.
        let of_services = if matches!(caller.principal, Principal::Service(_)) { &[][..] } else { OF_SERVICES };
        let absent = absent.iter().chain(of_services).chain(IN_NOBODYS_NAME);
        let of = absent.fold(iam::Question::new(request), |question, key| question.without(key));
        let identity = caller.identity.clone();
        Question { of, policies: Policies { identity, ..Policies::default() } }
    }

    /// A request of a bucket or what is in it.
    pub(super) fn ask_bucket(&self, caller: &Caller, action: &str, bucket: &Resource, via: Via) -> Question {
        let object = if is_of_objects(action) { "/visits.csv" } else { "" };
        let resource = format!("{}{object}", self.arn(bucket));
        let mut question = self.ask(caller, action, &resource, via);
        question.policies.resource = self.resources.get(bucket.label()).cloned();
        if let Properties::Bucket(bucket) = &bucket.properties {
            question.policies.restrict_public_buckets = bucket.public_access_blocked;
        }
        if via == Via::Endpoint
            && let Some(endpoint) = self.s3_endpoint()
        {
            question.policies.endpoint = self.endpoints.get(endpoint.label()).cloned().into_iter().collect();
        }
        question
    }

    /// A call on the key, by the caller or by whichever service in the caller's name.
    pub(super) fn ask_key(&self, caller: &Caller, action: &str, key: &Resource, through: Option<&str>) -> Question {
        let question = self.ask_key_of(caller, action, key);
        match through {
            Some(service) => {
                let service = format!("{service}.{}.amazonaws.com", self.intent.region);
                question.by_services().saying("kms:ViaService", &service)
            }
            None => question,
        }
    }

    /// The same by anybody: what is not possible so is possible through no service, and not without one.
    pub(super) fn ask_key_by_anybody(&self, caller: &Caller, action: &str, key: &Resource) -> Question {
        self.ask_key_of(caller, action, key).by_services()
    }

    fn ask_key_of(&self, caller: &Caller, action: &str, key: &Resource) -> Question {
        let question = self.ask_of(caller, action, key, Via::Internet);
        let aliases = self.model.resources.iter().filter(|thing| match &thing.properties {
            Properties::KmsAlias(alias) => key.node.as_ref().is_some_and(|id| alias.key.refers_to(id)),
            _ => false,
        });
        let aliases: Vec<String> = aliases.map(|alias| alias.name.clone()).collect();
        match aliases.first() {
            Some(alias) => question.saying("kms:ResourceAliases", alias),
            None => question,
        }
    }

    /// A request of a thing itself, by its own policy if it has one.
    pub(super) fn ask_of(&self, caller: &Caller, action: &str, thing: &Resource, via: Via) -> Question {
        let mut question = self.ask(caller, action, &self.arn(thing), via);
        question.policies.resource = self.resources.get(thing.label()).cloned();
        question
    }

    /// A request of what another account has, and opens to everyone, through an endpoint of this environment.
    pub(super) fn ask_elsewhere(&self, caller: &Caller, action: &str, resource: &str, endpoint: &Resource) -> Question {
        let mut question = self.ask(caller, action, resource, Via::Endpoint);
        let open = Statement::allow("Open").everyone().actions(["*"]).resources([text("*")]);
        question.of.request =
            question.of.request.in_account(self.elsewhere()).with("aws:ResourceAccount", self.elsewhere());
        question.of.request.context.set("aws:SourceVpce", [self.endpoint_id(endpoint)]);
        question.policies.resource = document(&Policy::new(vec![open]), Attachment::Resource);
        question.policies.endpoint = self.endpoints.get(endpoint.label()).cloned().into_iter().collect();
        question
    }

    pub(super) fn s3_endpoint(&self) -> Option<&'a Resource> {
        let of_s3 = |service: &str| service.ends_with(".s3");
        self.model.endpoints().find(|(_, endpoint)| of_s3(&endpoint.service)).map(|(thing, _)| thing)
    }

    /// As policies name it: by reference where the model does.
    fn endpoint_id(&self, endpoint: &Resource) -> String {
        match &endpoint.node {
            Some(node) => Reference { node: node.clone(), attribute: Attribute::Id }.to_string(),
            None => endpoint.name.clone(),
        }
    }

    fn read_resources(&mut self) {
        for thing in &self.model.resources {
            let (policy, attachment) = match &thing.properties {
                Properties::Bucket(bucket) => (bucket.policy.as_ref(), Attachment::Resource),
                Properties::KmsKey(key) => (Some(&key.policy), Attachment::Resource),
                Properties::Queue(queue) => (queue.policy.as_ref(), Attachment::Resource),
                Properties::Topic(topic) => (topic.policy.as_ref(), Attachment::Resource),
                Properties::Role(role) => (Some(&role.trust), Attachment::Trust),
                Properties::GatewayEndpoint(endpoint) => (Some(&endpoint.policy), Attachment::Endpoint),
                Properties::InterfaceEndpoint(endpoint) => (Some(&endpoint.policy), Attachment::Endpoint),
                _ => continue,
            };
            let Some(policy) = policy else { continue };
            let Some(document) = self.compiled(policy, attachment) else {
                self.unread.push(format!("{}: its policy says what AWS would refuse", thing.label()));
                continue;
            };
            let kept = if attachment == Attachment::Endpoint { &mut self.endpoints } else { &mut self.resources };
            kept.insert(thing.label().to_owned(), document);
        }
    }

    fn read_roles(&mut self) {
        let mut held = BTreeSet::new();
        for (thing, role) in self.model.roles() {
            let identity = self.identity(thing, role, &mut held);
            let Ok(principal) = Principal::from_arn(&self.role_arn(&thing.name)) else { continue };
            self.roles.push(Caller { label: thing.label().to_owned(), principal, identity });
        }
        for (thing, policy) in self.model.managed_policies() {
            if held.contains(thing.label()) {
                continue;
            }
            let holder = self.role_arn(&format!("holder-of-{}", thing.name));
            let document = self.compiled(&policy.document, Attachment::Identity);
            let (Ok(principal), Some(document)) = (Principal::from_arn(&holder), document) else { continue };
            let label = format!("whoever holds {}", thing.label());
            self.roles.push(Caller { label, principal, identity: vec![document] });
        }
    }

    fn identity(&mut self, thing: &Resource, role: &Role, held: &mut BTreeSet<String>) -> Vec<Arc<Document>> {
        let mut identity = Vec::new();
        if !role.inline_policies.is_empty() {
            self.unread.push(format!("{}: it has inline policies, which the model does not show", thing.label()));
        }
        for policy in &role.policies {
            let found = self.model.follow(policy).map(|found| (found.label().to_owned(), &found.properties));
            let Some((label, Properties::ManagedPolicy(policy))) = found else {
                self.unread.push(format!("{}: it has a policy that the model does not show", thing.label()));
                continue;
            };
            held.insert(label);
            match self.compiled(&policy.document, Attachment::Identity) {
                Some(document) => identity.push(document),
                None => self.unread.push(format!("{}: a policy of it says what AWS would refuse", thing.label())),
            }
        }
        identity
    }

    fn compiled(&self, policy: &Policy, attachment: Attachment) -> Option<Arc<Document>> {
        let symbols = |reference: &Reference| {
            let thing = self.model.resource(reference.node.as_str())?;
            match reference.attribute {
                Attribute::Arn => Some(arn(self.intent, thing)),
                Attribute::Id => Some(reference.to_string()),
            }
        };
        Document::with_symbols(policy, attachment, &symbols).ok().map(Arc::new)
    }
}

impl Caller {
    fn of_everything(label: &str, principal: Principal) -> Self {
        Self { label: label.to_owned(), principal, identity: everything() }
    }
}

impl Question {
    pub(super) fn saying(mut self, key: &str, value: &str) -> Self {
        self.of.absent.remove(&key.to_lowercase());
        self.of.request.context.set(key, [value.to_owned()]);
        self
    }

    /// The same, where services may make it in the caller's name.
    fn by_services(mut self) -> Self {
        self.of.request.context.remove("aws:ViaAWSService");
        for key in IN_NOBODYS_NAME {
            self.of.absent.remove(&key.to_lowercase());
        }
        self
    }

    /// The same, were that the resource's policy.
    pub(super) fn under(mut self, policy: &Policy) -> Option<Self> {
        self.policies.resource = Some(document(policy, Attachment::Resource)?);
        Some(self)
    }

    /// Whether one of the requests is allowed; what cannot be decided counts as allowed, and shows nothing.
    pub(super) fn is_allowed(&self) -> bool {
        possible(&self.of, &self.policies).is_not_excluded()
    }

    /// One that is allowed, as it was decided.
    fn asked(&self) -> Option<Asked> {
        match possible(&self.of, &self.policies) {
            Possible::Yes(request) => Some(Asked::new(&request, evaluate(&request, &self.policies))),
            Possible::No | Possible::Unknown(_) => None,
        }
    }
}

/// These requests, decided again; none when one of them cannot be decided.
pub(super) fn shown(told: String, questions: &[Question]) -> Option<Witness> {
    let requests = questions.iter().map(Question::asked).collect::<Option<_>>()?;
    Some(Witness::Request { told, requests })
}

/// Where something is, by its kind: what AWS will say of it, its own id being its place in the plan until it has one.
fn arn(intent: &Intent, thing: &Resource) -> String {
    let Intent { partition, account, region, .. } = intent;
    let (name, label) = (&thing.name, thing.label());
    let here = |service: &str, rest: String| format!("arn:{partition}:{service}:{region}:{account}:{rest}");
    match thing.properties.kind() {
        Kind::Bucket => format!("arn:{partition}:s3:::{name}"),
        Kind::KmsKey => here("kms", format!("key/{label}")),
        Kind::LogGroup => here("logs", format!("log-group:{name}")),
        Kind::Role => format!("arn:{partition}:iam::{account}:role/{name}"),
        Kind::ManagedPolicy => format!("arn:{partition}:iam::{account}:policy/{name}"),
        Kind::InstanceProfile => format!("arn:{partition}:iam::{account}:instance-profile/{name}"),
        Kind::Queue => here("sqs", name.clone()),
        Kind::Topic => here("sns", name.clone()),
        Kind::Table => here("dynamodb", format!("table/{name}")),
        Kind::Function => here("lambda", format!("function:{name}")),
        Kind::Instance => here("ec2", format!("instance/{label}")),
        Kind::FlowLog => here("ec2", format!("vpc-flow-log/{label}")),
        Kind::Trail => here("cloudtrail", format!("trail/{name}")),
        _ => here("resource", label.to_owned()),
    }
}

fn is_of_objects(action: &str) -> bool {
    let of_a_bucket = ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation"];
    !of_a_bucket.contains(&action) && !action.contains("Bucket") && !action.contains("Configuration")
}

fn everything() -> Vec<Arc<Document>> {
    let all = Statement::allow("All").actions(["*"]).resources([text("*")]);
    document(&Policy::new(vec![all]), Attachment::Identity).into_iter().collect()
}

fn document(policy: &Policy, attachment: Attachment) -> Option<Arc<Document>> {
    Document::of(policy, attachment).ok().map(Arc::new)
}
