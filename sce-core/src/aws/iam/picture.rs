//! An account as its policies see it: who there is, what stores and keys there are, and which policies are attached to each.
//!
//! What a model does not show is taken at its worst, which is everything allowed, and listed as unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::document::{Attachment, Document};
use super::principal::Principal;
use crate::aws::arn::Arn;
use crate::aws::policy::{self, Effect, Policy, Statement, text};
use crate::aws::resource::{Encryption, Instance, Properties, Role};
use crate::model::{Bystander, Model, Resource};
use crate::value::{Attribute, Reference, Value};

/// The account and region that a model is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The partition, such as `aws`.
    pub partition: String,
    /// The account's number.
    pub account: String,
    /// The region.
    pub region: String,
}

/// An account as its policies see it.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Where it is.
    pub home: Home,
    /// Its roles.
    pub roles: Vec<Holder>,
    /// Its users, as far as they are shown.
    pub users: Vec<Holder>,
    /// Whether all its users are shown.
    pub shows_users: bool,
    /// Whoever holds a policy of it that no role of it has.
    pub unattached: Vec<Holder>,
    /// Its buckets.
    pub stores: Vec<Store>,
    /// Its keys.
    pub keys: Vec<Key>,
    /// Its gateway endpoints for S3.
    pub gates: Vec<Gate>,
    /// Its machines that bear a role.
    pub machines: Vec<Machine>,
    /// ARNs of roles that its functions bear.
    pub function_roles: BTreeSet<String>,
    /// The administrators that are declared, who may do everything; `*` may stand for a part of a name.
    pub administrators: Vec<String>,
    /// What is not known, and was taken at its worst.
    pub unknown: Vec<String>,
}

/// Somebody who can ask, with the policies that bind them.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The place in the plan, or the name.
    pub label: String,
    /// Who it is.
    pub principal: Principal,
    /// What they may do.
    pub identity: Vec<Arc<Document>>,
    /// What they may at most do; nothing when there is no bound, or nobody knows it.
    pub boundary: Vec<Arc<Document>>,
    /// Who may take the role on; none for what is no role.
    pub trust: Option<Arc<Document>>,
    /// The ARNs of the policies attached.
    pub attached: BTreeSet<String>,
    /// The ARNs of the groups that a user is in.
    pub groups: BTreeSet<String>,
    /// Whether no plan made it.
    pub beside: bool,
}

/// A machine that bears a role.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The role's ARN.
    pub role: String,
    /// Its ARN; while AWS has not named it, or where its name stands as a reference, `instance/(PLACE)`.
    pub arn: String,
    /// The condition keys of its tags, in lower case, with their values.
    pub keys: BTreeMap<String, String>,
}

/// A bucket.
#[derive(Clone, Debug)]
pub struct Store {
    /// The place in the plan, or the name.
    pub label: String,
    /// The bucket's name.
    pub name: String,
    /// Its policy.
    pub policy: Option<Arc<Document>>,
    /// Whether all four public access blocks are on.
    pub public_access_blocked: bool,
    /// The ARN of the key that opens its objects; none for S3's own.
    pub key: Option<String>,
    /// Whether S3 asks for one key a bucket, rather than an object.
    pub bucket_key: bool,
}

/// A KMS key.
#[derive(Clone, Debug)]
pub struct Key {
    /// The place in the plan, or the name.
    pub label: String,
    /// Its ARN; of a key that AWS has not named, or whose name stands as a reference, `key/(PLACE)`.
    pub arn: String,
    /// Its policy.
    pub policy: Arc<Document>,
    /// Its aliases.
    pub aliases: BTreeSet<String>,
}

/// A gateway endpoint for S3.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Its id, or the reference to it.
    pub id: String,
    /// What may pass.
    pub policy: Arc<Document>,
}

impl Picture {
    /// The picture that a model gives, planned or live, with the administrators that are declared.
    #[must_use]
    pub fn from_model(model: &Model, home: Home, administrators: &[Arn]) -> Self {
        Self::drawn(model, home, administrators, true)
    }

    /// The same, where what is not shown allows nothing: what is possible then is possible whatever it may say, denials aside.
    #[must_use]
    pub fn as_shown(model: &Model, home: Home, administrators: &[Arn]) -> Self {
        Self::drawn(model, home, administrators, false)
    }

    fn drawn(model: &Model, home: Home, administrators: &[Arn], at_worst: bool) -> Self {
        let mut artist = Artist { model, home, at_worst, unknown: Vec::new() };
        let mut roles: Vec<Holder> = model.roles().map(|(resource, role)| artist.role(resource, role)).collect();
        let bystanders = model.bystanders.iter().flatten().map(|one| artist.bystander(one)).collect::<Vec<_>>();
        let (users, more): (Vec<Holder>, Vec<Holder>) =
            bystanders.into_iter().flatten().partition(|holder| matches!(holder.principal, Principal::User(_)));
        let attached: BTreeSet<String> = roles.iter().flat_map(|role| role.attached.clone()).collect();
        roles.extend(more);
        let unattached = model.managed_policies().filter_map(|(resource, managed)| {
            let arn = artist.arn("iam", &format!("policy/{}", resource.name));
            (!attached.contains(&arn)).then_some((resource, managed))
        });
        let unattached: Vec<_> = unattached.collect();
        let unattached =
            unattached.into_iter().map(|(resource, managed)| artist.holder_of(resource, &managed.document)).collect();
        let stores = model.buckets().map(|(resource, bucket)| {
            let (key, bucket_key) = match &bucket.encryption {
                Encryption::S3 => (None, false),
                Encryption::Kms { key, bucket_key } => (Some(artist.text(key)), *bucket_key),
            };
            let policy = bucket.policy.as_ref().map(|policy| artist.document(resource, policy, Attachment::Resource));
            let (label, name) = (resource.label().to_owned(), resource.name.clone());
            Store { label, name, policy, public_access_blocked: bucket.public_access_blocked, key, bucket_key }
        });
        let stores = stores.collect();
        let keys = model.keys().map(|(resource, key)| artist.key(resource, &key.policy)).collect();
        let s3 = |service: &str| service.ends_with(".s3");
        let gates = model.endpoints().filter(|(_, endpoint)| s3(&endpoint.service)).map(|(resource, endpoint)| Gate {
            id: reference(resource, Attribute::Id).map_or_else(|| resource.name.clone(), |to| to.to_string()),
            policy: artist.document(resource, &endpoint.policy, Attachment::Endpoint),
        });
        let gates = gates.collect();
        let machines =
            model.instances().filter_map(|(resource, instance)| artist.machine(resource, instance)).collect();
        let function_roles = model.functions().map(|(_, function)| artist.text(&function.role)).collect();
        for unread in model.unread.iter().filter(|(_, unread)| counts(unread.kind)) {
            artist.unknown.push(format!("{}: {}", unread.0, unread.1.why));
        }
        let administrators = administrators.iter().map(ToString::to_string).collect();
        let Artist { home, unknown, .. } = artist;
        let shows_users = model.bystanders.is_some();
        Self {
            home,
            roles,
            users,
            shows_users,
            unattached,
            stores,
            keys,
            gates,
            machines,
            function_roles,
            administrators,
            unknown,
        }
    }

    /// The bucket of that name or place.
    #[must_use]
    pub fn store(&self, name: &str) -> Option<&Store> {
        self.stores.iter().find(|store| store.name == name || store.label == name)
    }

    /// The key of that ARN or place.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.arn == name || key.label == name)
    }

    /// The role of that ARN or place.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Holder> {
        self.roles.iter().find(|role| role.label == name || role.principal.to_string() == name)
    }
}

/// Kinds whose absence from a picture makes it less than the account.
fn counts(kind: crate::aws::resource::Kind) -> bool {
    use crate::aws::resource::Kind;
    // Through machines and functions somebody may act as their role.
    let lends = matches!(kind, Kind::Instance | Kind::InstanceProfile | Kind::Function);
    lends || matches!(kind, Kind::Role | Kind::ManagedPolicy | Kind::Bucket | Kind::KmsKey | Kind::GatewayEndpoint)
}

/// A grant of everything to everybody whom the attachment lets it name.
pub(super) fn everything(attachment: Attachment) -> Arc<Document> {
    let statement = Statement { actions: [text("*")].into(), ..Statement::unnamed(Effect::Allow) };
    let names = attachment != Attachment::Identity;
    let statement = Statement { principal: names.then_some(policy::Principal::Everyone), ..statement };
    let resources = if attachment == Attachment::Trust { [].into() } else { [text("*")].into() };
    Arc::new(grant(Statement { resources, ..statement }, attachment))
}

/// A grant of these actions on everything.
pub(super) fn grant_of(actions: &[&str]) -> Arc<Document> {
    let statement = Statement { resources: [text("*")].into(), ..Statement::unnamed(Effect::Allow) };
    Arc::new(grant(statement.actions(actions.iter().copied()), Attachment::Identity))
}

/// A document of one statement that is written here, and so is well formed.
fn grant(statement: Statement, attachment: Attachment) -> Document {
    Document::of(&Policy::new(vec![statement]), attachment).unwrap_or_else(|_| Document::empty(attachment))
}

fn reference(resource: &Resource, attribute: Attribute) -> Option<Reference> {
    resource.node.clone().map(|node| Reference { node, attribute })
}

/// Draws the picture, and keeps what it could not see.
struct Artist<'a> {
    model: &'a Model,
    home: Home,
    /// Whether what is not shown is taken to allow everything, or nothing.
    at_worst: bool,
    unknown: Vec<String>,
}

impl Artist<'_> {
    fn arn(&self, service: &str, rest: &str) -> String {
        let region = if service == "iam" { "" } else { &self.home.region };
        format!("arn:{}:{service}:{region}:{}:{rest}", self.home.partition, self.home.account)
    }

    /// The ARN that a reference will be, where the name tells it.
    fn symbol(&self, reference: &Reference) -> Option<String> {
        let resource = self.model.resource(reference.node.as_str())?;
        match (&resource.properties, reference.attribute) {
            (Properties::Role(_), Attribute::Arn) => Some(self.arn("iam", &format!("role/{}", resource.name))),
            (Properties::ManagedPolicy(_), Attribute::Arn) => {
                Some(self.arn("iam", &format!("policy/{}", resource.name)))
            }
            (Properties::KmsKey(_), Attribute::Arn) => Some(self.arn("kms", &format!("key/({})", reference.node))),
            (Properties::Bucket(_), Attribute::Arn) => {
                Some(format!("arn:{}:s3:::{}", self.home.partition, resource.name))
            }
            _ => None,
        }
    }

    fn text<T: ToString>(&self, value: &Value<T>) -> String {
        match value {
            Value::Known(known) => known.to_string(),
            Value::Ref(reference) => self.symbol(reference).unwrap_or_else(|| reference.to_string()),
        }
    }

    /// What stands for a document that is not shown.
    fn guess(&self, attachment: Attachment) -> Arc<Document> {
        if self.at_worst { everything(attachment) } else { Arc::new(Document::empty(attachment)) }
    }

    fn document(&mut self, resource: &Resource, policy: &Policy, attachment: Attachment) -> Arc<Document> {
        match Document::with_symbols(policy, attachment, &|reference| self.symbol(reference)) {
            Ok(document) => Arc::new(document),
            Err(error) => {
                self.unknown.push(format!("{}: its policy cannot be read: {error}", resource.label()));
                self.guess(attachment)
            }
        }
    }

    fn role(&mut self, resource: &Resource, role: &Role) -> Holder {
        let mut identity = Vec::new();
        for attached in &role.policies {
            let arn = self.text(attached);
            let known = self
                .model
                .managed_policies()
                .find(|(policy, _)| self.arn("iam", &format!("policy/{}", policy.name)) == arn);
            match known {
                Some((policy, managed)) => {
                    identity.push(self.document(policy, &managed.document, Attachment::Identity));
                }
                None => {
                    self.unknown.push(format!("{}: what `{arn}` allows is not shown", resource.label()));
                    identity.push(self.guess(Attachment::Identity));
                }
            }
        }
        if !role.inline_policies.is_empty() {
            self.unknown.push(format!("{}: what its inline policies allow is not shown", resource.label()));
            identity.push(self.guess(Attachment::Identity));
        }
        Holder {
            label: resource.label().to_owned(),
            principal: self.role_principal(&resource.name),
            identity,
            boundary: Vec::new(),
            trust: Some(self.document(resource, &role.trust, Attachment::Trust)),
            attached: role.policies.iter().map(|policy| self.text(policy)).collect(),
            groups: BTreeSet::new(),
            beside: false,
        }
    }

    fn holder_of(&mut self, resource: &Resource, policy: &Policy) -> Holder {
        Holder {
            label: resource.label().to_owned(),
            principal: self.role_principal(&format!("holder-of-{}", resource.name)),
            identity: vec![self.document(resource, policy, Attachment::Identity)],
            boundary: Vec::new(),
            trust: None,
            attached: [self.arn("iam", &format!("policy/{}", resource.name))].into(),
            groups: BTreeSet::new(),
            beside: false,
        }
    }

    /// A role or user that no plan made; none when its ARN names neither.
    fn bystander(&mut self, one: &Bystander) -> Option<Holder> {
        let Ok(principal) = Principal::from_arn(&one.arn) else {
            self.unknown.push(format!("{}: it is no ARN of a role or user", one.arn));
            return None;
        };
        self.unknown.extend(one.unread.iter().map(|why| format!("{}: {why}", one.arn)));
        let mut compiled =
            |policy: &Policy, attachment, what: &str| match Document::with_symbols(policy, attachment, &|reference| {
                self.symbol(reference)
            }) {
                Ok(document) => Arc::new(document),
                Err(error) => {
                    self.unknown.push(format!("{}: {what} cannot be read: {error}", one.arn));
                    self.guess(attachment)
                }
            };
        let identity = one.policies.iter().map(|(name, policy)| compiled(policy, Attachment::Identity, name));
        let mut identity: Vec<_> = identity.collect();
        let boundary = one.boundary.iter().map(|policy| compiled(policy, Attachment::Identity, "its boundary"));
        let boundary = boundary.collect();
        let trust = one.trust.as_ref().map(|policy| compiled(policy, Attachment::Trust, "its trust policy"));
        if !one.unread.is_empty() {
            identity.push(self.guess(Attachment::Identity));
        }
        Some(Holder {
            label: one.arn.clone(),
            principal,
            identity,
            boundary,
            trust,
            attached: one
                .policies
                .iter()
                .map(|(name, _)| name.clone())
                .filter(|name| name.starts_with("arn:"))
                .collect(),
            groups: one.groups.clone(),
            beside: true,
        })
    }

    /// A machine with the role of its profile.
    fn machine(&self, resource: &Resource, instance: &Instance) -> Option<Machine> {
        let profile = instance.profile.as_ref()?;
        let name = match self.model.follow(profile).map(|found| &found.properties) {
            Some(Properties::InstanceProfile(profile)) => profile.role.as_ref()?.to_string(),
            _ => return None,
        };
        let arn = self.arn(
            "ec2",
            &match &resource.node {
                Some(node) => format!("instance/({node})"),
                None => format!("instance/{}", resource.name),
            },
        );
        let tags = resource.tags.iter().flat_map(|(key, value)| {
            ["aws", "ec2", "ssm"].map(|of| (format!("{of}:resourcetag/{key}").to_lowercase(), value.clone()))
        });
        Some(Machine { role: self.role_named(&name), arn, keys: tags.collect() })
    }

    fn role_principal(&self, name: &str) -> Principal {
        Principal::from_arn(&self.arn("iam", &format!("role/{name}"))).unwrap_or(Principal::Anonymous)
    }

    /// The ARN of the role that a profile names, by reference or by name.
    fn role_named(&self, name: &str) -> String {
        let node = Reference::parse(name).and_then(|reference| self.model.resource(reference.node.as_str()));
        let name = node.map_or(name, |resource| resource.name.as_str());
        if name.starts_with("arn:") { name.to_owned() } else { self.arn("iam", &format!("role/{name}")) }
    }

    fn key(&mut self, resource: &Resource, policy: &Policy) -> Key {
        let arn = match &resource.node {
            Some(node) => self.arn("kms", &format!("key/({node})")),
            None if resource.name.starts_with("arn:") => resource.name.clone(),
            None => self.arn("kms", &format!("key/{}", resource.name)),
        };
        let of_key = |key: &Value<crate::aws::arn::KeyId>| match (key, &resource.node) {
            (Value::Ref(reference), Some(node)) => reference.node == *node,
            (Value::Known(id), _) => id.as_str() == resource.name,
            (Value::Ref(_), None) => false,
        };
        let aliases = self.model.resources.iter().filter_map(|other| match &other.properties {
            Properties::KmsAlias(alias) if of_key(&alias.key) => Some(other.name.clone()),
            _ => None,
        });
        let aliases = aliases.collect();
        Key {
            label: resource.label().to_owned(),
            arn,
            policy: self.document(resource, policy, Attachment::Resource),
            aliases,
        }
    }
}
