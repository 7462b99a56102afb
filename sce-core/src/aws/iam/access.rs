//! Who can read a bucket: everybody who may, and everybody who can become somebody who may.
//!
//! Reading takes two locks: the bucket's policies, and, where a key encrypts, the key's. What one principal may do to another closes
//! the circle: take a role on, lend it to a machine or a function, open a session on a machine that bears it, or rewrite the
//! policies of a role, a bucket or a key. The edges are those of PMapper. Every request told is one that [`evaluate`] allows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::document::{Attachment, Document, Who};
use super::evaluate::{Policies, Verdict, evaluate};
use super::pattern::{arn_glob, tokens};
use super::picture::{Holder, Picture, Store, everything, grant_of};
use super::principal::{Named, Principal};
use super::request::Request;
use super::search::{Possible, Question, possible};
use crate::aws::policy::Effect;

/// Actions that hand out what objects hold.
pub const READS: [&str; 4] =
    ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectVersionForReplication", "s3:GetObjectTorrent"];

/// Who can read a bucket.
#[derive(Clone, Debug)]
pub struct Readers {
    /// Everybody who can, each with how.
    pub readers: Vec<Reader>,
    /// The declared administrators, who can do everything and are not looked into.
    pub administrators: Vec<String>,
    /// What could not be decided, or was taken at its worst: as long as there is something, the list may be too long or too short.
    pub unknown: Vec<String>,
}

/// Somebody who can read a bucket.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Who.
    pub who: Somebody,
    /// What they do first, in order: each an act on somebody or something.
    pub steps: Vec<Step>,
    /// The requests that read: S3's, and the key's where there is one.
    pub reads: Vec<Proof>,
}

/// Who can do something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum Somebody {
    /// A role of the model, by its ARN.
    Role(String),
    /// Whoever holds a policy of the model that no role of it has, by its place.
    HolderOf(String),
    /// Somebody whom a policy names and the model does not show, by ARN. Their own policies are taken to let them read and take on
    /// roles; whether they let them administer is not known.
    Named(String),
    /// Anybody else in the account whose own policies let them read and take on roles.
    AnyoneInAccount,
    /// Somebody of another account.
    AnotherAccount,
    /// Somebody who signs nothing.
    Anonymous,
    /// An AWS service that a policy names.
    Service(String),
}

/// One act on the way.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is done.
    pub act: Act,
    /// To whom or what, by ARN.
    pub to: String,
    /// The requests that do it.
    pub proofs: Vec<Proof>,
}

/// What one principal can do to get at what another may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Take the role on.
    AssumeRole,
    /// Change who may take the role on, and take it on.
    RewriteTrust,
    /// Launch a machine that bears the role.
    LaunchMachine,
    /// Make a function that bears the role.
    CreateFunction,
    /// Get onto a machine that bears the role.
    EnterMachine,
    /// Change the program of a function that bears the role.
    RewriteFunction,
    /// Change what the role may do.
    RewritePolicies,
    /// Make a principal of one's own, with whatever policies.
    CreatePrincipal,
    /// Change the bucket's policy.
    RewriteBucketPolicy,
    /// Change the key's policy, or grant its use.
    OpenKey,
}

/// A request and the policies that allow it.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The request.
    pub request: Request,
    /// The policies that it meets.
    pub policies: Policies,
}

impl Proof {
    /// Whether the request is allowed, decided anew.
    #[must_use]
    pub fn holds(&self) -> bool {
        evaluate(&self.request, &self.policies).verdict == Verdict::Allow
    }
}

/// Who asks, with the policies that bind them.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who it is.
    pub principal: Principal,
    /// What they may do.
    pub identity: Vec<Arc<Document>>,
    /// What they may at most do.
    pub boundary: Vec<Arc<Document>>,
}

/// What is asked of an actor: an action on a resource, or on some of a pattern, of this account.
#[derive(Clone, Debug, Default)]
pub struct Asking<'a> {
    /// The action.
    pub action: &'a str,
    /// The ARN, or a pattern of ARNs.
    pub resource: &'a str,
    /// The resource's policy.
    pub policy: Option<&'a Arc<Document>>,
    /// Whether S3 cuts a public policy down.
    pub restricted: bool,
    /// Keys that are settled, with their values.
    pub settled: Vec<(&'a str, Vec<String>)>,
    /// Keys that the request says nothing of.
    pub absent: Vec<&'a str>,
    /// Whether an AWS service asks in the actor's name, as S3 asks for a key.
    pub through_service: bool,
}

/// Whether something can be done.
#[derive(Clone, Debug)]
pub enum Can {
    /// It can, as this shows.
    Yes(Box<Proof>),
    /// It cannot.
    No,
    /// Nobody knows, and why.
    Unknown(&'static str),
}

impl From<&Holder> for Actor {
    fn from(holder: &Holder) -> Self {
        let (principal, identity) = (holder.principal.clone(), holder.identity.clone());
        Self { principal, identity, boundary: holder.boundary.clone() }
    }
}

impl Picture {
    /// Who can read objects of the bucket of that name or place; none when there is no such bucket.
    #[must_use]
    pub fn readers(&self, bucket: &str) -> Option<Readers> {
        let store = self.store(bucket)?;
        let mut unknown: BTreeSet<String> = self.unknown.iter().cloned().collect();
        let mut readers = Vec::new();
        for (who, actor) in self.everybody(store) {
            if self.is_administrator(&actor.principal) {
                continue;
            }
            let mut closure = Closure::new(self, actor, &mut unknown);
            closure.close(store);
            if let Some((steps, reads)) = closure.reads(store) {
                readers.push(Reader { who, steps, reads });
            }
        }
        let unknown = unknown.into_iter().collect();
        Some(Readers { readers, administrators: self.administrators.clone(), unknown })
    }

    /// Whether the principal is one of the declared administrators.
    #[must_use]
    pub fn is_administrator(&self, principal: &Principal) -> bool {
        let arn = principal.role_or_user_arn().unwrap_or_default();
        self.administrators.iter().any(|pattern| arn_glob(&tokens(pattern), &arn))
    }

    /// Whether the actor can do something in this account, whatever the request says of itself beside what is settled.
    ///
    /// A request to S3 comes by one way: over the internet, through an endpoint that the model shows, or through one that it does
    /// not; each way says so in the keys that AWS sets, and meets the endpoint's policy.
    #[must_use]
    pub fn can(&self, actor: &Actor, asking: &Asking<'_>) -> Can {
        let mut answer = Can::No;
        for (policies, question) in self.ways(actor, asking) {
            match possible(&question, &policies) {
                Possible::Yes(request) => return Can::Yes(Box::new(Proof { request: *request, policies })),
                Possible::Unknown(why) => answer = Can::Unknown(why),
                Possible::No => {}
            }
        }
        answer
    }

    fn ways(&self, actor: &Actor, asking: &Asking<'_>) -> Vec<(Policies, Question)> {
        let policies = Policies {
            identity: actor.identity.clone(),
            resource: asking.policy.cloned(),
            boundary: actor.boundary.clone(),
            restrict_public_buckets: asking.restricted,
            ..Policies::default()
        };
        let question = self.question(actor, asking);
        if asking.through_service {
            return vec![(policies, question)];
        }
        let settled = |key: &str| asking.settled.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
        let absent = |key: &str| asking.absent.iter().any(|known| known.eq_ignore_ascii_case(key));
        let off = ["aws:sourcevpce", "aws:sourcevpc", "aws:vpcsourceip"];
        let internet = off.iter().fold(question.clone(), |question, key| question.without(key));
        let mut ways = Vec::new();
        if !off.iter().any(|key| settled(key).is_some()) && !absent("aws:sourceip") {
            ways.push((policies.clone(), internet));
        }
        if settled("aws:sourceip").is_some() || absent("aws:sourcevpce") {
            return ways;
        }
        let inside = question.without("aws:sourceip");
        if !asking.action.starts_with("s3:") {
            ways.push((policies, inside));
            return ways;
        }
        let through = |id: &str, endpoint: Vec<Arc<Document>>| {
            let mut question = inside.clone();
            question.request.context.set("aws:sourcevpce", [id.to_owned()]);
            (Policies { endpoint, ..policies.clone() }, question)
        };
        let asked = settled("aws:sourcevpce").map(|(_, values)| values.as_slice());
        let leads = |id: &str| asked.is_none_or(|asked| asked == [id.to_owned()]);
        let gates = self.gates.iter().filter(|gate| leads(&gate.id));
        ways.extend(gates.map(|gate| through(&gate.id, vec![Arc::clone(&gate.policy)])));
        match asked {
            None => ways.push(through("vpce-0elsewhere", Vec::new())),
            Some([id]) if !self.gates.iter().any(|gate| gate.id == *id) => ways.push(through(id, Vec::new())),
            Some(_) => {}
        }
        ways
    }

    fn question(&self, actor: &Actor, asking: &Asking<'_>) -> Question {
        let request = Request::new(actor.principal.clone(), asking.action, asking.resource);
        let mut question = Question::new(request.in_account(&self.home.account));
        for (key, values) in &asking.settled {
            question.request.context.set(key, values.iter().cloned());
        }
        question = asking.absent.iter().fold(question, |question, key| question.without(key));
        // What services alone say of themselves, and what only users have.
        if !matches!(actor.principal, Principal::Service(_)) {
            let of_services = ["aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:principalservicename"];
            question = of_services.iter().fold(question, |question, key| question.without(key));
        }
        match &actor.principal {
            Principal::User(arn) => {
                let name = arn.resource().rsplit('/').next().unwrap_or_default();
                question.request.context.set("aws:username", [name.to_owned()]);
            }
            _ => question = question.without("aws:username"),
        }
        if asking.through_service {
            return question;
        }
        question.request.context.set("aws:viaawsservice", ["false".to_owned()]);
        ["kms:viaservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"]
            .iter()
            .fold(question, |question, key| question.without(key))
    }

    /// Everybody whom a policy could mean, with their own policies, or what they are taken to be.
    fn everybody(&self, store: &Store) -> Vec<(Somebody, Actor)> {
        let reading = || vec![grant_of(&["s3:Get*", "s3:List*", "kms:Decrypt", "sts:*"])];
        let assumed = |principal| Actor { principal, identity: reading(), boundary: Vec::new() };
        let own = |holder: &Holder| Actor::from(holder);
        let mut all: Vec<(Somebody, Actor)> = Vec::new();
        all.extend(self.roles.iter().map(|role| (Somebody::Role(role.principal.to_string()), own(role))));
        all.extend(self.unattached.iter().map(|holder| (Somebody::HolderOf(holder.label.clone()), own(holder))));
        let shown: BTreeSet<String> = self.roles.iter().map(|role| role.principal.to_string()).collect();
        let (arns, services) = self.named(store);
        for arn in arns.iter().filter(|arn| !shown.contains(*arn)) {
            if let Ok(principal) = Principal::from_arn(arn) {
                all.push((Somebody::Named(arn.clone()), assumed(principal)));
            }
        }
        all.extend(services.into_iter().map(|name| {
            let actor =
                Actor { principal: Principal::Service(name.clone()), identity: Vec::new(), boundary: Vec::new() };
            (Somebody::Service(name), actor)
        }));
        let stranger = |account: &str| {
            let arn = format!("arn:{}:iam::{account}:role/somebody-else", self.home.partition);
            Principal::from_arn(&arn).unwrap_or(Principal::Anonymous)
        };
        all.push((Somebody::AnyoneInAccount, assumed(stranger(&self.home.account))));
        let elsewhere = if self.home.account == OTHER_ACCOUNT { "123456789013" } else { OTHER_ACCOUNT };
        all.push((Somebody::AnotherAccount, assumed(stranger(elsewhere))));
        let anonymous = Actor { principal: Principal::Anonymous, identity: Vec::new(), boundary: Vec::new() };
        all.push((Somebody::Anonymous, anonymous));
        all
    }

    /// The ARNs that trusts, the store's policy and its key's policy grant something by name, and the services that the latter two do:
    /// a service that a role trusts acts by the role, which stands for itself.
    fn named(&self, store: &Store) -> (BTreeSet<String>, BTreeSet<String>) {
        let key = store.key.as_ref().and_then(|key| self.key(key)).map(|key| &key.policy);
        let trusts = self.roles.iter().filter_map(|role| role.trust.as_ref());
        let (mut arns, mut services) = (BTreeSet::new(), BTreeSet::new());
        for named in store.policy.iter().chain(key).flat_map(granted) {
            if let Named::Service(name) = named {
                services.insert(name.clone());
            }
        }
        for named in trusts.chain(&store.policy).chain(key).flat_map(granted) {
            match named {
                Named::Arn(arn) => drop(arns.insert(arn.clone())),
                // Somebody of another account stands for all of it.
                Named::Account(account) if *account != self.home.account => {
                    arns.insert(format!("arn:{}:iam::{account}:role/somebody", self.home.partition));
                }
                Named::Account(_) | Named::Everyone | Named::Nobody | Named::Service(_) => {}
            }
        }
        (arns, services)
    }
}

/// Whom the document grants something by name.
fn granted(document: &Arc<Document>) -> impl Iterator<Item = &Named> {
    let grants = document.statements.iter().filter(|rule| rule.effect == Effect::Allow);
    grants.flat_map(|rule| match &rule.who {
        Some(Who::These(listed)) => listed.as_slice(),
        _ => &[],
    })
}

/// An account that is nobody's here: AWS's own example.
const OTHER_ACCOUNT: &str = "123456789012";

/// What somebody can become and open.
struct Closure<'a> {
    picture: &'a Picture,
    /// Everybody they can be, the first being themselves, with the steps that lead there.
    actors: Vec<(Actor, Vec<Step>)>,
    /// Roles whose policies they can rewrite, with the steps.
    rewritten: BTreeMap<String, Vec<Step>>,
    bucket_opened: Option<Vec<Step>>,
    key_opened: Option<Vec<Step>>,
    unknown: &'a mut BTreeSet<String>,
}

impl<'a> Closure<'a> {
    fn new(picture: &'a Picture, actor: Actor, unknown: &'a mut BTreeSet<String>) -> Self {
        let (rewritten, actors) = (BTreeMap::new(), vec![(actor, Vec::new())]);
        Self { picture, actors, rewritten, bucket_opened: None, key_opened: None, unknown }
    }

    /// Follows every edge until there is nobody new: each actor is looked at once, and once more when its policies are rewritten.
    fn close(&mut self, store: &Store) {
        let mut next = 0;
        while next < self.actors.len() {
            let (actor, steps) = self.actors[next].clone();
            self.of_roles(&actor, &steps);
            self.of_store(&actor, &steps, store);
            self.take_up_rewritten();
            next += 1;
        }
    }

    /// A role whose policies somebody rewrites may do everything, once they are that role.
    fn take_up_rewritten(&mut self) {
        let powerful =
            |actor: &Actor| actor.identity.len() == 1 && actor.identity[0] == everything(Attachment::Identity);
        let added: Vec<_> = self
            .actors
            .iter()
            .filter(|(actor, _)| !powerful(actor))
            .filter_map(|(actor, steps)| {
                let rewrite = self.rewritten.get(&actor.principal.role_or_user_arn()?)?;
                let all = rewrite.iter().chain(steps).cloned().collect();
                let identity = vec![everything(Attachment::Identity)];
                Some((Actor { identity, ..actor.clone() }, all))
            })
            .filter(|(actor, _)| !self.is_reached(actor))
            .collect();
        self.actors.extend(added);
    }

    fn is_reached(&self, actor: &Actor) -> bool {
        self.actors.iter().any(|(known, _)| known.principal == actor.principal && known.identity == actor.identity)
    }

    fn become_one(&mut self, actor: Actor, steps: &[Step], step: Step) {
        if !self.is_reached(&actor) {
            let steps = steps.iter().cloned().chain([step]).collect();
            self.actors.push((actor, steps));
        }
    }

    /// The proofs that the actor can do all of it.
    fn all(&mut self, actor: &Actor, askings: &[Asking<'_>]) -> Option<Vec<Proof>> {
        let mut proofs = Vec::new();
        for asking in askings {
            proofs.push(self.one(actor, asking)?);
        }
        Some(proofs)
    }

    fn one(&mut self, actor: &Actor, asking: &Asking<'_>) -> Option<Proof> {
        match self.picture.can(actor, asking) {
            Can::Yes(proof) => Some(*proof),
            Can::No => None,
            Can::Unknown(why) => {
                self.unknown
                    .insert(format!("{}: `{}` on `{}`: {why}", actor.principal, asking.action, asking.resource));
                None
            }
        }
    }

    fn of_roles(&mut self, actor: &Actor, steps: &[Step]) {
        let home = &self.picture.home;
        let everywhere = |service: &str, what: &str| {
            format!("arn:{}:{service}:{}:{}:{what}", home.partition, home.region, home.account)
        };
        let (instances, functions) = (everywhere("ec2", "instance/*"), everywhere("lambda", "function:*"));
        let own = |kind: &str| format!("arn:{}:iam::{}:{kind}/*", home.partition, home.account);
        let (own_roles, own_users, own_policies) = (own("role"), own("user"), own("policy"));
        let direct = |action, resource| Asking { action, resource, ..Asking::default() };
        // Most can do nothing of the kind to anybody: that takes one question rather than one a role.
        let mut able = BTreeSet::new();
        for (action, resource) in EDGE_ACTIONS {
            let on = match resource {
                "instance" => &instances,
                "function" => &functions,
                "user" => &own_users,
                "policy" => &own_policies,
                _ => &own_roles,
            };
            if self.one(actor, &direct(action, on)).is_some() {
                able.insert(action);
            }
        }
        let created = [
            ["iam:CreateRole", "iam:PutRolePolicy"],
            ["iam:CreateRole", "iam:AttachRolePolicy"],
            ["iam:CreateUser", "iam:PutUserPolicy"],
            ["iam:CreateUser", "iam:AttachUserPolicy"],
        ];
        for pair in created.iter().filter(|pair| pair.iter().all(|action| able.contains(action))) {
            let on = if pair[0] == "iam:CreateRole" { &own_roles } else { &own_users };
            if let Some(proofs) = self.all(actor, &pair.map(|action| direct(action, on))) {
                self.create_principal(steps, on, proofs);
            }
        }
        let others = able.contains("iam:CreateAccessKey") && !matches!(actor.principal, Principal::User(_));
        if others && let Some(proofs) = self.all(actor, &[direct("iam:CreateAccessKey", &own_users)]) {
            self.create_principal(steps, &own_users, proofs);
        }
        for role in &self.picture.roles {
            self.of_role(actor, steps, role, &able, (&instances, &functions));
        }
    }

    fn create_principal(&mut self, steps: &[Step], on: &str, proofs: Vec<Proof>) {
        let home = &self.picture.home;
        let arn = format!("arn:{}:iam::{}:role/of-their-own", home.partition, home.account);
        let Ok(principal) = Principal::from_arn(&arn) else { return };
        let actor = Actor { principal, identity: vec![everything(Attachment::Identity)], boundary: Vec::new() };
        self.become_one(actor, steps, Step { act: Act::CreatePrincipal, to: on.to_owned(), proofs });
    }

    fn of_role(&mut self, actor: &Actor, steps: &[Step], role: &Holder, able: &BTreeSet<&str>, places: (&str, &str)) {
        let arn = role.principal.to_string();
        if actor.principal == role.principal && able.is_empty() {
            return;
        }
        let (instances, functions) = places;
        let direct = |action, resource| Asking { action, resource, ..Asking::default() };
        let assume = Asking { policy: role.trust.as_ref(), ..direct("sts:AssumeRole", &arn) };
        let passed = |service: &str| Asking {
            settled: vec![("iam:passedtoservice", vec![service.to_owned()])],
            ..direct("iam:PassRole", &arn)
        };
        let mut ways: Vec<(Act, Vec<Asking<'_>>)> = vec![(Act::AssumeRole, vec![assume])];
        if able.contains("ec2:RunInstances") && self.is_lent_to("ec2.amazonaws.com", role) {
            ways.push((Act::LaunchMachine, vec![passed("ec2.amazonaws.com"), direct("ec2:RunInstances", instances)]));
        }
        if able.contains("lambda:CreateFunction") && self.is_lent_to("lambda.amazonaws.com", role) {
            ways.push((
                Act::CreateFunction,
                vec![passed("lambda.amazonaws.com"), direct("lambda:CreateFunction", functions)],
            ));
        }
        if self.picture.machine_roles.contains(&arn) {
            for action in ["ssm:StartSession", "ssm:SendCommand", "ec2-instance-connect:SendSSHPublicKey"] {
                if able.contains(action) {
                    ways.push((Act::EnterMachine, vec![direct(action, instances)]));
                }
            }
        }
        if self.picture.function_roles.contains(&arn) && able.contains("lambda:UpdateFunctionCode") {
            ways.push((Act::RewriteFunction, vec![direct("lambda:UpdateFunctionCode", functions)]));
        }
        if able.contains("iam:UpdateAssumeRolePolicy") {
            ways.push((Act::RewriteTrust, vec![direct("iam:UpdateAssumeRolePolicy", &arn)]));
        }
        for (act, askings) in ways {
            if let Some(proofs) = self.all(actor, &askings) {
                self.become_one(Actor::from(role), steps, Step { act, to: arn.clone(), proofs });
            }
        }
        self.of_policies(actor, steps, role, able);
    }

    /// Whether the role trusts the service.
    fn is_lent_to(&mut self, service: &str, role: &Holder) -> bool {
        let principal = Principal::Service(service.to_owned());
        let actor = Actor { principal, identity: Vec::new(), boundary: Vec::new() };
        let arn = role.principal.to_string();
        let assume = Asking {
            policy: role.trust.as_ref(),
            ..Asking { action: "sts:AssumeRole", resource: &arn, ..Asking::default() }
        };
        self.one(&actor, &assume).is_some()
    }

    fn of_policies(&mut self, actor: &Actor, steps: &[Step], role: &Holder, able: &BTreeSet<&str>) {
        let arn = role.principal.to_string();
        let on_role = ["iam:PutRolePolicy", "iam:AttachRolePolicy"].map(|action| (action, arn.clone()));
        let on_policies = role.attached.iter().flat_map(|policy| {
            ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"].map(|action| (action, policy.clone()))
        });
        for (action, resource) in on_role.into_iter().chain(on_policies).filter(|(action, _)| able.contains(action)) {
            if self.rewritten.contains_key(&arn) {
                return;
            }
            if let Some(proof) = self.one(actor, &Asking { action, resource: &resource, ..Asking::default() }) {
                let step = Step { act: Act::RewritePolicies, to: resource, proofs: vec![proof] };
                self.rewritten.insert(arn.clone(), steps.iter().cloned().chain([step]).collect());
            }
        }
    }

    fn of_store(&mut self, actor: &Actor, steps: &[Step], store: &Store) {
        let step = |act, to: &str, proof| {
            steps.iter().cloned().chain([Step { act, to: to.to_owned(), proofs: vec![proof] }]).collect()
        };
        let bucket = bucket_arn(self.picture, store);
        let on_bucket = |action| Asking {
            action,
            resource: &bucket,
            policy: store.policy.as_ref(),
            restricted: store.public_access_blocked,
            ..Asking::default()
        };
        if self.bucket_opened.is_none()
            && let Some(proof) = self.one(actor, &on_bucket("s3:PutBucketPolicy"))
        {
            self.bucket_opened = Some(step(Act::RewriteBucketPolicy, &bucket, proof));
        }
        let Some(key) = store.key.as_ref().and_then(|key| self.picture.key(key)) else { return };
        for action in ["kms:PutKeyPolicy", "kms:CreateGrant"] {
            let settled = vec![
                ("kms:grantisforawsresource", vec!["false".to_owned()]),
                ("kms:resourcealiases", key.aliases.iter().cloned().collect()),
            ];
            let asking = Asking { action, resource: &key.arn, policy: Some(&key.policy), settled, ..Asking::default() };
            if self.key_opened.is_none()
                && let Some(proof) = self.one(actor, &asking)
            {
                self.key_opened = Some(step(Act::OpenKey, &key.arn, proof));
            }
        }
    }

    /// How one of those they can be reads an object, with the steps before it.
    fn reads(&mut self, store: &Store) -> Option<(Vec<Step>, Vec<Proof>)> {
        for (actor, steps) in self.actors.clone() {
            let mut taken = steps;
            let Some(objects_read) = self.of_objects(&actor, store, &mut taken) else { continue };
            let Some(key_opened_by) = self.of_key(&actor, store, &objects_read, &mut taken) else { continue };
            return Some((taken, std::iter::once(objects_read).chain(key_opened_by).collect()));
        }
        None
    }

    fn of_objects(&mut self, actor: &Actor, store: &Store, steps: &mut Vec<Step>) -> Option<Proof> {
        let objects = format!("{}/*", bucket_arn(self.picture, store));
        let opened = everything(Attachment::Resource);
        let can_open = self.bucket_opened.is_some();
        let policies = [(store.policy.as_ref(), false), (Some(&opened), true)];
        for (policy, is_opened) in policies.into_iter().filter(|(_, is_opened)| can_open || !is_opened) {
            for action in READS {
                let (resource, restricted) = (objects.as_str(), store.public_access_blocked);
                let asking = Asking { action, resource, policy, restricted, ..Asking::default() };
                if let Some(proof) = self.one(actor, &asking) {
                    if is_opened {
                        steps.extend(self.bucket_opened.clone().unwrap_or_default());
                    }
                    return Some(proof);
                }
            }
        }
        None
    }

    /// The request that opens the key, if there is one to open; nothing when it stays shut.
    fn of_key(&mut self, actor: &Actor, store: &Store, read: &Proof, steps: &mut Vec<Step>) -> Option<Option<Proof>> {
        let Some(arn) = &store.key else { return Some(None) };
        let Some(key) = self.picture.key(arn) else {
            self.unknown.insert(format!("{}: the policy of its key `{arn}` is not shown", store.label));
            return Some(None);
        };
        let of = if store.bucket_key { bucket_arn(self.picture, store) } else { read.request.resource.clone() };
        let account = actor.principal.account().unwrap_or_default().to_owned();
        let through = format!("s3.{}.amazonaws.com", self.picture.home.region);
        let opened = everything(Attachment::Resource);
        for (policy, is_opened) in [(&key.policy, false), (&opened, true)] {
            if is_opened && self.key_opened.is_none() {
                break;
            }
            let asking = Asking {
                action: "kms:Decrypt",
                resource: &key.arn,
                policy: Some(policy),
                settled: vec![
                    ("kms:viaservice", vec![through.clone()]),
                    ("kms:calleraccount", vec![account.clone()]),
                    ("kms:encryptioncontext:aws:s3:arn", vec![of.clone()]),
                    ("kms:encryptioncontextkeys", vec!["aws:s3:arn".to_owned()]),
                    ("kms:resourcealiases", key.aliases.iter().cloned().collect()),
                ],
                absent: vec!["kms:grantisforawsresource", OF_A_SESSION],
                through_service: true,
                ..Asking::default()
            };
            if let Some(proof) = self.one(actor, &asking) {
                if is_opened {
                    steps.extend(self.key_opened.clone().unwrap_or_default());
                }
                return Some(Some(proof));
            }
        }
        None
    }
}

/// What a request that opens an object never says.
const OF_A_SESSION: &str = "kms:encryptioncontext:aws:ssm:sessionid";

/// The actions of the edges, and what each is on.
const EDGE_ACTIONS: [(&str, &str); 16] = [
    ("iam:CreateRole", "role"),
    ("iam:CreateUser", "user"),
    ("iam:PutRolePolicy", "role"),
    ("iam:AttachRolePolicy", "role"),
    ("iam:PutUserPolicy", "user"),
    ("iam:AttachUserPolicy", "user"),
    ("iam:CreateAccessKey", "user"),
    ("iam:CreatePolicyVersion", "policy"),
    ("iam:SetDefaultPolicyVersion", "policy"),
    ("iam:UpdateAssumeRolePolicy", "role"),
    ("ec2:RunInstances", "instance"),
    ("lambda:CreateFunction", "function"),
    ("lambda:UpdateFunctionCode", "function"),
    ("ssm:StartSession", "instance"),
    ("ssm:SendCommand", "instance"),
    ("ec2-instance-connect:SendSSHPublicKey", "instance"),
];

fn bucket_arn(picture: &Picture, store: &Store) -> String {
    format!("arn:{}:s3:::{}", picture.home.partition, store.name)
}
