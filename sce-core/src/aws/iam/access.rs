//! Who can read a bucket: everybody who may, and everybody who can become somebody who may.
//!
//! Reading takes two locks: the bucket's policies, and, where a key encrypts, the key's. What one principal may do to another closes
//! the circle: take a role on, lend it to a machine or a function, open a session on a machine that bears it, or rewrite the
//! policies of a role, a bucket or a key. The edges are among those of PMapper; the claim says which are not followed. Every request told is one that [`evaluate`] allows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::closure::Closure;
use super::document::{Document, Who};
use super::evaluate::{Decision, Policies, Verdict, evaluate};
use super::pattern::{arn_glob, tokens};
use super::picture::{Holder, Picture, Store, grant_of};
use super::principal::{Named, Principal};
use super::request::Request;
use super::search::{Possible, Question, is_granted_at_all, possible};
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
    /// A user of the model, by its ARN.
    User(String),
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
    /// Change what the role, or the user, may do.
    RewritePolicies,
    /// Hand the role to a service that takes it up.
    LendRole,
    /// Make a user's access key or password.
    TakeCredentials,
    /// Make a principal of one's own, with whatever policies.
    CreatePrincipal,
    /// Change the bucket's policy.
    RewriteBucketPolicy,
    /// Change the key's policy, or grant its use.
    OpenKey,
}

/// What is meant to be, and so no breach: who reads, and who takes on a role that does. It is meant of the principal itself, and not of
/// whoever becomes it.
#[derive(Clone, Debug, Default)]
pub struct Meant {
    /// Roles that read, by ARN: through these endpoints only, or, where there is none, on any way.
    pub readers: BTreeMap<String, Option<Vec<String>>>,
    /// Who gets at such a role, the role, and by what action: principals by ARN.
    pub takers: BTreeSet<(String, String, &'static str)>,
}

/// A way to read.
#[derive(Clone, Debug)]
pub struct Deed {
    /// What comes first, in order.
    pub steps: Vec<Step>,
    /// The requests that read, the last of them the key's where there is one; none where others are let read by the last step.
    pub reads: Vec<Proof>,
}

/// What is not meant to be.
#[derive(Clone, Debug)]
pub struct Breach {
    /// Who does it.
    pub who: Somebody,
    /// How.
    pub deed: Deed,
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
    /// What is decided of the request, anew.
    #[must_use]
    pub fn decided(&self) -> Decision {
        evaluate(&self.request, &self.policies)
    }

    /// Whether the request is allowed, decided anew.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.decided().verdict == Verdict::Allow
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
    /// Endpoints that the request does not come through, by id.
    pub not_by: &'a [String],
}

impl Meant {
    /// How an actor is meant to read; none when it is not.
    pub(super) fn reader(&self, actor: &Actor) -> Option<&Option<Vec<String>>> {
        self.readers.get(&actor.principal.role_or_user_arn()?)
    }

    pub(super) fn reads_at_all(&self, arn: &str) -> bool {
        self.readers.contains_key(arn)
    }

    pub(super) fn takes(&self, actor: &Actor, role: &str, action: &str) -> bool {
        let who = actor.principal.role_or_user_arn().unwrap_or_default();
        self.takers.iter().any(|(taker, of, by)| *taker == who && of == role && *by == action)
    }
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
        let nothing = Meant::default();
        for (who, actor) in self.everybody(store) {
            let mut closure =
                Closure::new(self, store, &nothing, actor, who.is_nobody(&self.home.account), &mut unknown);
            closure.close();
            if let Some(Deed { steps, reads }) = closure.reads() {
                readers.push(Reader { who, steps, reads });
            }
        }
        let unknown = unknown.into_iter().collect();
        Some(Readers { readers, administrators: self.administrators.clone(), unknown })
    }

    /// The first who reads the bucket of that name or place, or lets others read, beside what is meant; and what could not be decided on
    /// the way there. None when there is no such bucket.
    #[must_use]
    pub fn breach(&self, bucket: &str, meant: &Meant) -> Option<(Option<Breach>, Vec<String>)> {
        let store = self.store(bucket)?;
        let mut unknown = BTreeSet::new();
        // Strangers first: that one of them reads tells most.
        let mut everybody = self.everybody(store);
        everybody.sort_by_key(|(who, _)| who.is_of_the_account());
        let breach = everybody.into_iter().find_map(|(who, actor)| {
            let mut closure = Closure::new(self, store, meant, actor, who.is_nobody(&self.home.account), &mut unknown);
            closure.close();
            let deed = closure.reads();
            let deed = deed.or_else(|| closure.changes().map(|steps| Deed { steps, reads: Vec::new() }))?;
            Some(Breach { who, deed })
        });
        Some((breach, unknown.into_iter().collect()))
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
        let who_grants = actor.identity.iter().chain(asking.policy);
        if !is_granted_at_all(who_grants, &actor.principal, asking.action, asking.resource) {
            return Can::No;
        }
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
        let gates = self.gates.iter().filter(|gate| leads(&gate.id) && !asking.not_by.contains(&gate.id));
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
        // A role that a service made for itself is nobody's to act by.
        let roles = self.roles.iter().filter(|role| !role.principal.is_service_linked());
        all.extend(roles.map(|role| (Somebody::Role(role.principal.to_string()), own(role))));
        all.extend(self.users.iter().map(|user| (Somebody::User(user.principal.to_string()), own(user))));
        all.extend(self.unattached.iter().map(|holder| (Somebody::HolderOf(holder.label.clone()), own(holder))));
        let shown: BTreeSet<String> =
            self.roles.iter().chain(&self.users).map(|holder| holder.principal.to_string()).collect();
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
        all.retain(|(_, actor)| !self.is_administrator(&actor.principal));
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

impl Somebody {
    /// Whether it is somebody that the account has and shows.
    const fn is_of_the_account(&self) -> bool {
        matches!(self, Self::Role(_) | Self::User(_) | Self::HolderOf(_) | Self::Named(_))
    }

    /// Whether it is nobody in particular of this account: whom they could become is shown beside them, one by one.
    fn is_nobody(&self, home: &str) -> bool {
        match self {
            Self::AnyoneInAccount => true,
            Self::Named(arn) => arn.split(':').nth(4) == Some(home),
            _ => false,
        }
    }
}

pub(super) fn bucket_arn(picture: &Picture, store: &Store) -> String {
    format!("arn:{}:s3:::{}", picture.home.partition, store.name)
}
