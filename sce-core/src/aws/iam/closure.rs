//! What somebody can become and open: the edges between principals, followed until there is nobody new.

use std::collections::{BTreeMap, BTreeSet};

use super::access::{Act, Actor, Asking, Can, Deed, Meant, Proof, READS, Step, bucket_arn};
use super::document::Attachment;
use super::picture::{Holder, Machine, Picture, Store, everything};
use super::principal::Principal;

/// What somebody can become and open.
pub(super) struct Closure<'a> {
    picture: &'a Picture,
    store: &'a Store,
    meant: &'a Meant,
    /// Whether the first is nobody in particular, who cannot be anybody whom the picture shows beside the plan.
    nobody: bool,
    /// Everybody they can be, the first being themselves, with the steps that lead there.
    actors: Vec<(Actor, Vec<Step>)>,
    /// Principals whose policies they can rewrite, with the steps.
    rewritten: BTreeMap<String, Vec<Step>>,
    bucket_opened: Option<Vec<Step>>,
    key_opened: Option<Vec<Step>>,
    /// The first act found that lets others read, with the steps before it.
    changed: Option<Vec<Step>>,
    unknown: &'a mut BTreeSet<String>,
}

impl<'a> Closure<'a> {
    pub(super) fn new(
        picture: &'a Picture,
        store: &'a Store,
        meant: &'a Meant,
        actor: Actor,
        nobody: bool,
        unknown: &'a mut BTreeSet<String>,
    ) -> Self {
        let (rewritten, actors) = (BTreeMap::new(), vec![(actor, Vec::new())]);
        let (bucket_opened, key_opened, changed) = (None, None, None);
        Self { picture, store, meant, nobody, actors, rewritten, bucket_opened, key_opened, changed, unknown }
    }

    /// Follows every edge until there is nobody new: each actor is looked at once, and once more when its policies are rewritten.
    pub(super) fn close(&mut self) {
        let mut next = 0;
        while next < self.actors.len() {
            let (actor, steps) = self.actors[next].clone();
            self.of_principals(&actor, &steps);
            self.of_store(&actor, &steps);
            self.take_up_rewritten();
            next += 1;
        }
    }

    /// The first act by which others are let read who are not meant to, and the steps before it.
    pub(super) fn changes(self) -> Option<Vec<Step>> {
        self.changed.or(self.bucket_opened).or(self.key_opened)
    }

    /// Somebody whose policies are rewritten may do everything, once one is that principal.
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
            self.actors.push((actor, after(steps, step)));
        }
    }

    /// The proofs that the actor can do all of it.
    fn all(&mut self, actor: &Actor, askings: &[Asking<'_>]) -> Option<Vec<Proof>> {
        askings.iter().map(|asking| self.one(actor, asking)).collect()
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

    fn of_principals(&mut self, actor: &Actor, steps: &[Step]) {
        let home = &self.picture.home;
        let everywhere = |service: &str, what: &str| {
            format!("arn:{}:{service}:{}:{}:{what}", home.partition, home.region, home.account)
        };
        let (instances, functions) = (everywhere("ec2", "instance/*"), everywhere("lambda", "function:*"));
        let own = |kind: &str| format!("arn:{}:iam::{}:{kind}/*", home.partition, home.account);
        let (own_roles, own_users, own_policies, own_groups) = (own("role"), own("user"), own("policy"), own("group"));
        // Most can do nothing of the kind to anybody: that takes one question rather than one a role.
        let mut able = BTreeSet::new();
        for (action, resource) in EDGE_ACTIONS {
            let on = match resource {
                "instance" => &instances,
                "function" => &functions,
                "user" => &own_users,
                "group" => &own_groups,
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
        // Users who are not shown may have any rights.
        let keys = able.contains("iam:CreateAccessKey") && !matches!(actor.principal, Principal::User(_));
        if keys
            && !self.picture.shows_users
            && let Some(proofs) = self.all(actor, &[direct("iam:CreateAccessKey", &own_users)])
        {
            self.create_principal(steps, &own_users, proofs);
        }
        let (picture, nobody) = (self.picture, self.nobody);
        for role in picture.roles.iter().filter(|role| !(nobody && role.beside)) {
            self.of_role(actor, steps, role, &able, (&instances, &functions));
        }
        for user in picture.users.iter().filter(|_| !nobody) {
            self.of_user(actor, steps, user, &able);
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
        let assume = Asking { policy: role.trust.as_ref(), ..direct("sts:AssumeRole", &arn) };
        let passed = |service: &str| Asking {
            settled: vec![("iam:passedtoservice", vec![service.to_owned()])],
            ..direct("iam:PassRole", &arn)
        };
        let mut ways: Vec<(Act, Vec<Asking<'_>>)> = vec![(Act::AssumeRole, vec![assume])];
        for (service, act, launches) in LAUNCHES {
            let on = if act == Act::LaunchMachine { instances } else { functions };
            let possible = launches.iter().filter(|launch| able.contains(*launch));
            for launch in possible.filter(|_| self.is_lent_to(service, role)).collect::<Vec<_>>() {
                ways.push((act, vec![passed(service), direct(launch, on)]));
            }
        }
        let picture = self.picture;
        for machine in picture.machines.iter().filter(|machine| machine.role == arn) {
            for action in ENTRIES.into_iter().filter(|action| able.contains(action)) {
                ways.push((Act::EnterMachine, vec![on_machine(action, machine, actor)]));
            }
        }
        if picture.function_roles.contains(&arn) && able.contains("lambda:UpdateFunctionCode") {
            ways.push((Act::RewriteFunction, vec![direct("lambda:UpdateFunctionCode", functions)]));
        }
        if able.contains("iam:UpdateAssumeRolePolicy") {
            ways.push((Act::RewriteTrust, vec![direct("iam:UpdateAssumeRolePolicy", &arn)]));
        }
        for (act, askings) in ways {
            if steps.is_empty() && self.meant.takes(actor, &arn, askings[0].action) {
                continue;
            }
            if let Some(proofs) = self.all(actor, &askings) {
                self.become_one(Actor::from(role), steps, Step { act, to: arn.clone(), proofs });
            }
        }
        self.of_policies(actor, steps, role, able, ["iam:PutRolePolicy", "iam:AttachRolePolicy"]);
        self.lends(actor, steps, role);
    }

    /// Who hands a role that reads to a service that takes it up is taken to have a way of starting something there.
    fn lends(&mut self, actor: &Actor, steps: &[Step], role: &Holder) {
        let arn = role.principal.to_string();
        if self.changed.is_some() || !self.meant.reads_at_all(&arn) {
            return;
        }
        let services: Vec<&'static str> = LAUNCHES.iter().map(|(service, ..)| *service).collect();
        for service in services {
            let settled = vec![("iam:passedtoservice", vec![service.to_owned()])];
            let asking = Asking { settled, ..direct("iam:PassRole", &arn) };
            if self.is_lent_to(service, role)
                && let Some(proof) = self.one(actor, &asking)
            {
                self.changed = Some(after(steps, Step { act: Act::LendRole, to: arn, proofs: vec![proof] }));
                return;
            }
        }
    }

    fn of_user(&mut self, actor: &Actor, steps: &[Step], user: &Holder, able: &BTreeSet<&str>) {
        let arn = user.principal.to_string();
        if actor.principal != user.principal {
            for action in ["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"] {
                if able.contains(action)
                    && let Some(proofs) = self.all(actor, &[direct(action, &arn)])
                {
                    self.become_one(
                        Actor::from(user),
                        steps,
                        Step { act: Act::TakeCredentials, to: arn.clone(), proofs },
                    );
                }
            }
        }
        self.of_policies(actor, steps, user, able, ["iam:PutUserPolicy", "iam:AttachUserPolicy"]);
    }

    /// Whether the role trusts the service.
    fn is_lent_to(&mut self, service: &str, role: &Holder) -> bool {
        let principal = Principal::Service(service.to_owned());
        let actor = Actor { principal, identity: Vec::new(), boundary: Vec::new() };
        let arn = role.principal.to_string();
        let assume = Asking { policy: role.trust.as_ref(), ..direct("sts:AssumeRole", &arn) };
        self.one(&actor, &assume).is_some()
    }

    /// Policies of a principal, of its groups, and those attached.
    fn of_policies(
        &mut self,
        actor: &Actor,
        steps: &[Step],
        holder: &Holder,
        able: &BTreeSet<&str>,
        own: [&'static str; 2],
    ) {
        let arn = holder.principal.to_string();
        let on_itself = own.map(|action| (action, arn.clone()));
        let on_policies = holder.attached.iter().flat_map(|policy| {
            ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"].map(|action| (action, policy.clone()))
        });
        let on_groups = holder
            .groups
            .iter()
            .flat_map(|group| ["iam:PutGroupPolicy", "iam:AttachGroupPolicy"].map(|action| (action, group.clone())));
        let all = on_itself.into_iter().chain(on_policies).chain(on_groups);
        for (action, resource) in all.filter(|(action, _)| able.contains(action)) {
            if self.rewritten.contains_key(&arn) {
                return;
            }
            if let Some(proof) = self.one(actor, &Asking { action, resource: &resource, ..Asking::default() }) {
                let steps = after(steps, Step { act: Act::RewritePolicies, to: resource, proofs: vec![proof] });
                if self.changed.is_none() && (self.meant.reads_at_all(&arn) || self.opens_with_all_rights(holder)) {
                    self.changed = Some(steps.clone());
                }
                self.rewritten.insert(arn.clone(), steps);
            }
        }
    }

    /// Whether the holder, who may be somebody else than the one who rewrites, could open the store if its policies allowed everything.
    fn opens_with_all_rights(&mut self, holder: &Holder) -> bool {
        let all = Actor { identity: vec![everything(Attachment::Identity)], ..Actor::from(holder) };
        let store = self.store;
        let bucket = bucket_arn(self.picture, store);
        let open = Asking { policy: store.policy.as_ref(), ..direct("s3:PutBucketPolicy", &bucket) };
        if self.one(&all, &open).is_some() {
            return true;
        }
        let mut steps = Vec::new();
        let read = self.of_objects(&all, store, &mut steps);
        read.is_some_and(|read| self.of_key(&all, store, &read, &mut steps).is_some())
    }

    fn of_store(&mut self, actor: &Actor, steps: &[Step]) {
        let store = self.store;
        let bucket = bucket_arn(self.picture, store);
        let on_bucket = |action| Asking {
            action,
            resource: &bucket,
            policy: store.policy.as_ref(),
            restricted: store.public_access_blocked,
            ..Asking::default()
        };
        let step = |act, to: &str, proof| after(steps, Step { act, to: to.to_owned(), proofs: vec![proof] });
        if self.bucket_opened.is_none()
            && let Some(proof) = self.one(actor, &on_bucket("s3:PutBucketPolicy"))
        {
            self.bucket_opened = Some(step(Act::RewriteBucketPolicy, &bucket, proof));
        }
        for action in ["s3:DeleteBucketPolicy", "s3:PutReplicationConfiguration"] {
            if self.changed.is_none()
                && let Some(proof) = self.one(actor, &on_bucket(action))
            {
                self.changed = Some(step(Act::RewriteBucketPolicy, &bucket, proof));
            }
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

    /// How one of those they can be reads an object, with the steps before it: by a way that is not meant.
    pub(super) fn reads(&mut self) -> Option<Deed> {
        let store = self.store;
        for (actor, steps) in self.actors.clone() {
            let mut taken = steps;
            let Some(objects_read) = self.of_objects(&actor, store, &mut taken) else { continue };
            let Some(key_opened_by) = self.of_key(&actor, store, &objects_read, &mut taken) else { continue };
            return Some(Deed { steps: taken, reads: std::iter::once(objects_read).chain(key_opened_by).collect() });
        }
        None
    }

    fn of_objects(&mut self, actor: &Actor, store: &Store, steps: &mut Vec<Step>) -> Option<Proof> {
        let objects = format!("{}/*", bucket_arn(self.picture, store));
        let opened = everything(Attachment::Resource);
        let can_open = self.bucket_opened.is_some();
        let meant = if steps.is_empty() { self.meant.reader(actor) } else { None };
        let policies = [(store.policy.as_ref(), false), (Some(&opened), true)];
        for (policy, is_opened) in policies.into_iter().filter(|(_, is_opened)| can_open || !is_opened) {
            let not_by = match meant {
                Some(_) if is_opened => &[][..],
                Some(None) => continue,
                Some(Some(gates)) => gates.as_slice(),
                None => &[],
            };
            for action in READS {
                let (resource, restricted) = (objects.as_str(), store.public_access_blocked);
                let asking = Asking { action, resource, policy, restricted, not_by, ..Asking::default() };
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

/// A request that opens an object never says this.
const OF_A_SESSION: &str = "kms:encryptioncontext:aws:ssm:sessionid";

/// Services that take a role up for whoever passes it to them, what that is, and the actions that start it.
const LAUNCHES: [(&str, Act, &[&str]); 2] = [
    (
        "ec2.amazonaws.com",
        Act::LaunchMachine,
        &["ec2:RunInstances", "ec2:AssociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation"],
    ),
    ("lambda.amazonaws.com", Act::CreateFunction, &["lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"]),
];

/// What opens a machine.
const ENTRIES: [&str; 3] = ["ssm:StartSession", "ssm:SendCommand", "ec2-instance-connect:SendSSHPublicKey"];

/// The actions of the edges, and what each is on.
const EDGE_ACTIONS: [(&str, &str); 23] = [
    ("iam:CreateRole", "role"),
    ("iam:CreateUser", "user"),
    ("iam:PutRolePolicy", "role"),
    ("iam:AttachRolePolicy", "role"),
    ("iam:PutUserPolicy", "user"),
    ("iam:AttachUserPolicy", "user"),
    ("iam:PutGroupPolicy", "group"),
    ("iam:AttachGroupPolicy", "group"),
    ("iam:CreateAccessKey", "user"),
    ("iam:CreateLoginProfile", "user"),
    ("iam:UpdateLoginProfile", "user"),
    ("iam:CreatePolicyVersion", "policy"),
    ("iam:SetDefaultPolicyVersion", "policy"),
    ("iam:UpdateAssumeRolePolicy", "role"),
    ("ec2:RunInstances", "instance"),
    ("ec2:AssociateIamInstanceProfile", "instance"),
    ("ec2:ReplaceIamInstanceProfileAssociation", "instance"),
    ("lambda:CreateFunction", "function"),
    ("lambda:UpdateFunctionConfiguration", "function"),
    ("lambda:UpdateFunctionCode", "function"),
    ("ssm:StartSession", "instance"),
    ("ssm:SendCommand", "instance"),
    ("ec2-instance-connect:SendSSHPublicKey", "instance"),
];

fn direct<'q>(action: &'q str, resource: &'q str) -> Asking<'q> {
    Asking { action, resource, ..Asking::default() }
}

/// Something done to a machine, which is the one that it is: its tags are settled, and those that it does not have are not said.
fn on_machine<'q>(action: &'q str, machine: &'q Machine, actor: &'q Actor) -> Asking<'q> {
    let settled = machine.keys.iter().map(|(key, value)| (key.as_str(), vec![value.clone()])).collect();
    let asked = actor.identity.iter().chain(&actor.boundary).flat_map(|document| document.keys());
    let of_tags = asked.filter(|key| key.contains(":resourcetag/") && !machine.keys.contains_key(*key));
    Asking { settled, absent: of_tags.collect(), ..direct(action, &machine.arn) }
}

fn after(steps: &[Step], step: Step) -> Vec<Step> {
    steps.iter().cloned().chain([step]).collect()
}
