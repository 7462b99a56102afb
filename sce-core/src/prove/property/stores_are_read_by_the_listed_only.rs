//! Stores of PHI are read by the listed roles, the custodian and the declared administrators, and by nobody else (L1137-L1144, C12).

use super::{
    ADMINISTRATORS, EVALUATOR, Examined, Grounds, Property, PropertyId, UNSEEN_PRINCIPALS, addressable, standard,
};
use crate::aws::resource::Kind;
use crate::model::Resource;
use crate::prove::Counter;
use crate::prove::rights::{Caller, Question, Rights, Via, shown};
use crate::prove::stores::{missing, phi_stores, reading};

pub(super) static PROPERTY: Property = Property {
    id: PropertyId("stores-are-read-by-the-listed-only"),
    claim: "Stores of PHI are read by the private machine through the endpoint, the custodian, and the declared administrators only",
    quantifier: "every role and policy holder of the model, everybody unsigned, of another account, of this account with whatever rights \
        its own policies give, and every service that a store names; every read of an object or an older version, on every way to S3; \
        and whoever can become or change one who reads",
    assumptions: &[EVALUATOR, ADMINISTRATORS],
    outside_claim: &[
        UNSEEN_PRINCIPALS,
        "whoever works on the private machine, which reads for them",
        "access points, replication and batch jobs of S3, and grants of the key: no plan makes any, and the model has no kind for them",
    ],
    cfr: &[standard("164.312(a)(1)"), addressable("164.308(a)(4)(ii)(B)"), addressable("164.308(a)(4)(ii)(C)")],
    required: |_| true,
    examine,
};

/// The roles that are meant to read: R of the document by the endpoint (L1144), the custodian from outside.
const READERS: [(&str, &[Via]); 2] = [("compute-role", &[Via::Endpoint]), ("custodian-role", &Via::ALL)];

/// What changes who reads: policies of stores, keys and roles, and lending a role.
const CHANGES: [(&str, Target); 12] = [
    ("iam:AttachRolePolicy", Target::Reader),
    ("iam:PutRolePolicy", Target::Reader),
    ("iam:UpdateAssumeRolePolicy", Target::Reader),
    ("iam:PassRole", Target::Reader),
    ("iam:CreatePolicyVersion", Target::Policy),
    ("iam:SetDefaultPolicyVersion", Target::Policy),
    ("s3:PutBucketPolicy", Target::Store),
    ("s3:DeleteBucketPolicy", Target::Store),
    ("s3:PutReplicationConfiguration", Target::Store),
    ("kms:PutKeyPolicy", Target::Key),
    ("kms:CreateGrant", Target::Key),
    ("ssm:SendCommand", Target::Machine),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// A role that reads.
    Reader,
    /// A managed policy.
    Policy,
    /// A store of PHI.
    Store,
    /// The key.
    Key,
    /// The private machine, which reads.
    Machine,
}

fn examine(grounds: &Grounds<'_>) -> Examined {
    let stores = phi_stores(grounds);
    let counter_example = read_by_others(grounds, &stores.iter().map(|(thing, _)| *thing).collect::<Vec<_>>())
        .or_else(|| becomes_a_reader(grounds))
        .or_else(|| changes_who_reads(grounds));
    let mut unread =
        grounds.rights.unread(&[Kind::Bucket, Kind::KmsKey, Kind::Role, Kind::ManagedPolicy, Kind::GatewayEndpoint]);
    unread.extend(missing(grounds));
    let listed: Vec<&str> = grounds.intent.administrators.iter().map(String::as_str).collect();
    let holding = "nobody reads but the private machine's role by the endpoint, the custodian if there is one, and administrators";
    Examined::of(counter_example, &unread, holding).assuming([format!(
        "the declared administrators are {}",
        if listed.is_empty() { "none".to_owned() } else { listed.join(", ") }
    )])
}

/// Everybody who is asked about: whom the model shows, and whom it does not.
fn everybody(grounds: &Grounds<'_>) -> Vec<Caller> {
    let policies = phi_stores(grounds).into_iter().filter_map(|(_, bucket)| bucket.policy.as_ref());
    let services = grounds.rights.services(policies);
    let strangers = [Some(Rights::anonymous()), grounds.rights.outsider(), grounds.rights.insider()];
    let roles = grounds.rights.roles().iter().cloned();
    strangers.into_iter().flatten().chain(services).chain(roles).collect()
}

fn may_read(caller: &Caller, via: Via) -> bool {
    READERS.iter().any(|(label, ways)| *label == caller.label && ways.contains(&via))
}

fn is_reader(label: &str) -> bool {
    READERS.iter().any(|(reader, _)| *reader == label)
}

fn read_by_others(grounds: &Grounds<'_>, stores: &[&Resource]) -> Option<Counter> {
    everybody(grounds).iter().find_map(|caller| {
        let pairs = stores.iter().flat_map(|store| Via::ALL.map(|via| (*store, via)));
        pairs.filter(|(_, via)| !may_read(caller, *via)).find_map(|(store, via)| {
            let questions = reading(grounds, caller, store, via)?;
            let told = format!("{} may read {} {}", caller.label, store.label(), via.words());
            Some((told.clone(), shown(told, &questions)))
        })
    })
}

/// Somebody who may take on a role that reads.
fn becomes_a_reader(grounds: &Grounds<'_>) -> Option<Counter> {
    let roles = || grounds.model.roles().map(|(thing, _)| thing).filter(|thing| is_reader(thing.label()));
    let callers = everybody(grounds);
    callers.iter().filter(|caller| !is_reader(&caller.label)).find_map(|caller| {
        let ways = roles().flat_map(|role| [Via::Internet, Via::Endpoint].map(|via| (role, via)));
        ways.into_iter().find_map(|(role, via)| {
            let question = grounds.rights.ask_of(caller, "sts:AssumeRole", role, via);
            question.is_allowed().then(|| {
                let told = format!("{} may take on {}, which reads", caller.label, role.label());
                (told.clone(), shown(told, &[question]))
            })
        })
    })
}

/// A role of the environment that may change who reads, or make a reader do it.
fn changes_who_reads(grounds: &Grounds<'_>) -> Option<Counter> {
    let things = |target: Target| {
        grounds.model.resources.iter().filter(move |thing| match (target, thing.properties.kind()) {
            (Target::Reader, Kind::Role) => is_reader(thing.label()),
            (Target::Policy, Kind::ManagedPolicy) | (Target::Key, Kind::KmsKey) => true,
            (Target::Store, Kind::Bucket) => grounds.intent.declared.phi_stores.contains(thing.label()),
            (Target::Machine, Kind::Instance) => thing.label() == "instance-private",
            _ => false,
        })
    };
    grounds.rights.roles().iter().find_map(|caller| {
        let deeds = CHANGES.iter().flat_map(|(action, target)| things(*target).map(move |thing| (*action, thing)));
        deeds.into_iter().find_map(|(action, thing)| {
            let question = ways_to_do(grounds, caller, action, thing).into_iter().find(Question::is_allowed)?;
            let told = format!("{} may {action} on {}, and so change who reads", caller.label, thing.label());
            Some((told.clone(), shown(told, &[question])))
        })
    })
}

fn ways_to_do(grounds: &Grounds<'_>, caller: &Caller, action: &str, thing: &Resource) -> Vec<Question> {
    let rights = &grounds.rights;
    match (thing.properties.kind(), action) {
        (Kind::Bucket, _) => Via::ALL.map(|via| rights.ask_bucket(caller, action, thing, via)).into(),
        // A grant for AWS's own use of a volume opens nothing to who makes it; any other is what is asked about.
        (Kind::KmsKey, _) => {
            vec![rights.ask_key(caller, action, thing, None).saying("kms:GrantIsForAWSResource", "false")]
        }
        (_, "iam:PassRole") => {
            let to = ["ec2.amazonaws.com", "lambda.amazonaws.com"];
            to.map(|to| rights.ask_of(caller, action, thing, Via::Internet).saying("iam:PassedToService", to)).into()
        }
        _ => vec![rights.ask_of(caller, action, thing, Via::Internet)],
    }
}

#[cfg(test)]
mod tests {
    use crate::aws::policy::{Policy, Statement, text};
    use crate::prove::Status;
    use crate::prove::testing::{Scene, requests_of};

    const ID: &str = "stores-are-read-by-the-listed-only";

    #[test]
    fn it_holds_of_every_mode_and_of_people_with_roles() {
        for scene in [Scene::machine(), Scene::shut(), Scene::bastion(), Scene::people()] {
            let proof = scene.proof(ID);
            assert_eq!(proof.status, Status::Holds, "{} {:?}", proof.why, proof.witness);
        }
    }

    #[test]
    fn an_uploader_who_reads_is_found() {
        let mut scene = Scene::people();
        scene.allow("uploader-policy", "s3:GetObject", "arn:aws:s3:::hipaa-data-111122223333-us-west-2/*");
        let proof = scene.proof(ID);
        let asked = requests_of(&proof);
        assert_eq!(
            (proof.status, asked[0].action.as_str(), asked[1].action.as_str()),
            (Status::Violated, "s3:GetObject", "kms:Decrypt")
        );
        assert!(proof.why.starts_with("uploader-role may read bucket-data"), "{}", proof.why);
    }

    #[test]
    fn a_read_under_a_condition_that_a_request_can_meet_is_found() {
        let mut scene = Scene::people();
        let policy = scene.managed_policy("uploader-policy");
        let read = Statement::allow("Audit")
            .actions(["s3:GetObject"])
            .resources([text("arn:aws:s3:::hipaa-data-111122223333-us-west-2/*")])
            .when("StringEquals", "aws:PrincipalTag/audit", [text("yes")]);
        policy.document = Policy::new(policy.document.statements().iter().cloned().chain([read]).collect());
        let proof = scene.proof(ID);
        assert_eq!(proof.status, Status::Violated, "{}", proof.why);
        assert_eq!(requests_of(&proof)[0].context["aws:principaltag/audit"], ["yes"]);
    }

    #[test]
    fn a_role_that_reads_off_the_endpoint_is_found() {
        let mut scene = Scene::machine();
        scene.without_statement("bucket-output", "DenyReadsOffEndpoint");
        let proof = scene.proof(ID);
        assert_eq!(proof.status, Status::Violated);
        assert!(
            proof.why.contains("compute-role may read bucket-output through an endpoint of another network"),
            "{}",
            proof.why
        );
    }

    #[test]
    fn whoever_may_take_on_the_role_reads() {
        let mut scene = Scene::machine();
        let open = Statement::allow("Open").everyone().actions(["sts:AssumeRole"]);
        scene.role("compute-role").trust = Policy::new(vec![open]);
        let proof = scene.proof(ID);
        let asked = requests_of(&proof);
        assert_eq!((proof.status, asked[0].action.as_str()), (Status::Violated, "sts:AssumeRole"));
    }

    #[test]
    fn whoever_may_change_who_reads_is_found() {
        for (action, resource) in
            [("s3:PutBucketPolicy", "arn:aws:s3:::hipaa-data-111122223333-us-west-2"), ("iam:*", "*")]
        {
            let mut scene = Scene::machine();
            scene.allow("flow-log-policy", action, resource);
            let proof = scene.proof(ID);
            assert_eq!(proof.status, Status::Violated, "{action}");
            assert!(proof.why.starts_with("flow-log-role may"), "{}", proof.why);
        }
    }

    #[test]
    fn a_policy_that_was_not_read_makes_it_unknown() {
        let mut scene = Scene::machine();
        scene.unread("compute-policy");
        assert_eq!(scene.proof(ID).status, Status::Unknown);
        let mut scene = Scene::machine();
        scene.bucket("bucket-data").policy = Some(Policy::new(vec![
            Statement::allow("Everyone")
                .everyone()
                .actions(["s3:GetObject"])
                .resources([text("arn:aws:s3:::hipaa-data-111122223333-us-west-2/*")]),
        ]));
        assert_eq!(scene.proof(ID).status, Status::Violated);
    }
}
