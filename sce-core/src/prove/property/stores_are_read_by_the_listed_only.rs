//! Stores of PHI are read by the listed roles, the custodian and the declared administrators, and by nobody else (L1137-L1144, C12).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ADMINISTRATORS, EVALUATOR, Examined, Grounds, Property, PropertyId, UNSEEN_PRINCIPALS, addressable, standard,
};
use crate::aws::arn::Arn;
use crate::aws::iam::{Act, Breach, Holder, Home, Meant, Picture, Proof, Request, Somebody, Step};
use crate::prove::Counter;
use crate::prove::stores::{missing, phi_stores};
use crate::prove::witness::{Asked, Witness};

pub(super) static PROPERTY: Property = Property {
    id: PropertyId("stores-are-read-by-the-listed-only"),
    claim: "Stores of PHI are read by the private machine through the endpoint, the custodian, and the declared administrators only",
    quantifier: "every role, user and policy holder of the model, everybody unsigned, of another account, of this account with whatever \
        rights to read and to take on roles its own policies give, and every service that a store names; every read of an object or an \
        older version, on every way to S3; by themselves, or by whomever they become or change, through any number of steps",
    assumptions: &[
        EVALUATOR,
        ADMINISTRATORS,
        "roles that an AWS service made for itself are that service's alone",
        "whoever may hand a role that reads to EC2 or Lambda, which take it up, finds a way of starting something there",
    ],
    outside_claim: &[
        UNSEEN_PRINCIPALS,
        "whoever works on the private machine, which reads for them",
        "joining groups, lifting boundaries, changing a machine's tags, federation, services other than EC2, Lambda and Systems Manager, and \
         machines and functions beside the plan",
        "access points, replication and batch jobs of S3, and grants of the key: no plan makes any, and the model has no kind for them",
    ],
    cfr: &[standard("164.312(a)(1)"), addressable("164.308(a)(4)(ii)(B)"), addressable("164.308(a)(4)(ii)(C)")],
    required: |_| true,
    examine,
};

/// The machine's role, R of the document, which reads by the endpoint (L1144).
const MACHINE: &str = "compute-role";
/// The role of the custodian, who reads from outside.
const CUSTODIAN: &str = "custodian-role";
/// The policy of those who work on the machine, and what it is for.
const WORKERS: (&str, &str) = ("access-policy", "ssm:StartSession");

fn examine(grounds: &Grounds<'_>) -> Examined {
    let intent = grounds.intent;
    let home = Home {
        partition: intent.partition.to_string(),
        account: intent.account.to_string(),
        region: intent.region.to_string(),
    };
    let administrators: Vec<Arn> = intent.administrators.iter().filter_map(|arn| arn.parse().ok()).collect();
    let picture = Picture::as_shown(grounds.model, home, &administrators);
    let meant = meant(grounds, &picture);
    let (mut counter_example, mut undecided) = (None, BTreeSet::new());
    for (store, _) in phi_stores(grounds) {
        let Some((breach, unknown)) = picture.breach(store.label(), &meant) else { continue };
        undecided.extend(unknown);
        counter_example = counter_example.or_else(|| breach.map(|breach| counter(&picture, store.label(), &breach)));
    }
    let unread: Vec<String> = picture.unknown.iter().cloned().chain(undecided).chain(missing(grounds)).collect();
    let listed: Vec<&str> = intent.administrators.iter().map(String::as_str).collect();
    let holding = "nobody reads but the private machine's role by the endpoint, the custodian if there is one, and administrators";
    let beside = grounds.model.bystanders.as_ref().map(|all| match all.len() {
        0 => "the account has no other role or user".to_owned(),
        1 => "the account's one other role or user has been judged too".to_owned(),
        more => format!("the account's {more} other roles and users have been judged too"),
    });
    Examined::of(counter_example, &unread, holding)
        .assuming([format!(
            "the declared administrators are {}",
            if listed.is_empty() { "none".to_owned() } else { listed.join(", ") }
        )])
        .assuming(beside)
}

/// The machine reads by the endpoint, and those who hold its policy work on it; the custodian reads, and those named take on its role.
fn meant(grounds: &Grounds<'_>, picture: &Picture) -> Meant {
    let role =
        |label: &str| picture.roles.iter().find(|role| role.label == label).map(|role| role.principal.to_string());
    let gates = picture.gates.iter().map(|gate| gate.id.clone()).collect();
    let (machine, custodian) = (role(MACHINE), role(CUSTODIAN));
    let readers = [(machine.clone(), Some(gates)), (custodian.clone(), None)];
    let readers: BTreeMap<_, _> = readers.into_iter().filter_map(|(role, ways)| Some((role?, ways))).collect();
    let custodians = custodian.iter().flat_map(|role| {
        grounds.intent.custodians.iter().map(move |arn| (arn.clone(), role.clone(), "sts:AssumeRole"))
    });
    let (policy, entry) = WORKERS;
    let held = grounds.model.resource(policy).map(|policy| grounds.rights.arn(policy));
    let works = |holder: &&Holder| held.as_ref().is_some_and(|arn| holder.attached.contains(arn));
    let holders = picture.roles.iter().chain(&picture.users).chain(&picture.unattached).filter(works);
    let workers = machine
        .iter()
        .flat_map(|role| holders.clone().map(move |holder| (holder.principal.to_string(), role.clone(), entry)));
    let takers = custodians.chain(workers).collect();
    Meant { readers, takers }
}

fn counter(picture: &Picture, store: &str, breach: &Breach) -> Counter {
    let Breach { who, deed } = breach;
    let mut told = name(picture, who);
    for (at, step) in deed.steps.iter().enumerate() {
        told.push_str(if at == 0 { " may " } else { " and then may " });
        told.push_str(&words(picture, step));
    }
    match (deed.reads.first(), deed.steps.is_empty()) {
        (None, _) => told.push_str(", and so change who reads"),
        (Some(read), true) => told.push_str(&format!(" may read {store} {}", way(picture, &read.request))),
        (Some(read), false) => told.push_str(&format!(", which reads {store} {}", way(picture, &read.request))),
    }
    let proofs = deed.steps.iter().flat_map(|step| &step.proofs).chain(&deed.reads);
    let requests: Option<Vec<Asked>> = proofs.map(replayed).collect();
    let witness = requests.map(|requests| Witness::Request { told: told.clone(), requests });
    (told, witness)
}

/// The request, decided again; none when it is then not allowed, and so shows nothing.
fn replayed(proof: &Proof) -> Option<Asked> {
    proof.holds().then(|| Asked::new(&proof.request, proof.decided()))
}

fn name(picture: &Picture, who: &Somebody) -> String {
    match who {
        Somebody::Role(arn) => role_name(picture, arn),
        Somebody::User(arn) | Somebody::Named(arn) => arn.clone(),
        Somebody::HolderOf(policy) => format!("whoever holds {policy}"),
        Somebody::AnyoneInAccount => "somebody of the account whom nobody lists".to_owned(),
        Somebody::AnotherAccount => "somebody of another account".to_owned(),
        Somebody::Anonymous => "anybody, unsigned".to_owned(),
        Somebody::Service(name) => format!("the service {name}"),
    }
}

fn role_name(picture: &Picture, arn: &str) -> String {
    picture.role(arn).map_or_else(|| arn.to_owned(), |role| role.label.clone())
}

fn words(picture: &Picture, step: &Step) -> String {
    let to = role_name(picture, &step.to);
    let by = step.proofs.last().map_or("", |proof| proof.request.action.as_str());
    match step.act {
        Act::AssumeRole => format!("take on {to}"),
        Act::RewriteTrust => format!("let itself take on {to} ({by})"),
        Act::LaunchMachine => format!("launch a machine that bears {to} ({by})"),
        Act::CreateFunction => format!("make a function that bears {to} ({by})"),
        Act::EnterMachine => format!("get onto a machine that bears {to} ({by})"),
        Act::RewriteFunction => format!("change the program of a function that bears {to} ({by})"),
        Act::RewritePolicies => format!("change policies ({by} on {to})"),
        Act::LendRole => format!("hand {to} to a service ({by})"),
        Act::TakeCredentials => format!("make credentials of {to} ({by})"),
        Act::CreatePrincipal => format!("make a principal of its own with any rights ({by})"),
        Act::RewriteBucketPolicy | Act::OpenKey => format!("{by} on {to}"),
    }
}

/// The way of a request to S3.
fn way(picture: &Picture, request: &Request) -> &'static str {
    match request.context.values("aws:sourcevpce") {
        [] => "over the internet",
        [id] if picture.gates.iter().any(|gate| gate.id == *id) => "through the environment's endpoint",
        _ => "through an endpoint of another network",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::aws::policy::{Policy, Statement, text};
    use crate::model::Bystander;
    use crate::prove::testing::{Scene, requests_of};
    use crate::prove::{Proof, Status};

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
        assert_eq!(proof.why, "compute-role may read bucket-output over the internet");
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
        // Through a machine somebody may read as its role.
        let mut scene = Scene::machine();
        scene.unread("instance-private");
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

    const COMPUTE: &str = "arn:aws:iam::111122223333:role/hipaa_compute_role";

    fn own(name: &str) -> String {
        format!("arn:aws:iam::111122223333:{name}")
    }

    /// A role or user beside the plan that may do these things, each on what.
    fn bystander(name: &str, grants: &[(&'static str, &str)]) -> Bystander {
        let grant =
            |(action, on): &(&'static str, &str)| Statement::allow("").actions([*action]).resources([text(*on)]);
        let statements = grants.iter().map(grant).map(|statement| Statement { sid: None, ..statement });
        Bystander {
            arn: own(name),
            trust: name.starts_with("role/").then(|| Policy::new(Vec::new())),
            policies: vec![("inline policy `own`".to_owned(), Policy::new(statements.collect()))],
            boundary: None,
            groups: BTreeSet::new(),
            unread: Vec::new(),
        }
    }

    fn trusting(name: &str) -> Policy {
        Policy::new(vec![Statement::allow("Trust").principals([text(own(name))]).actions(["sts:AssumeRole"])])
    }

    /// The proof beside these, and the actions of its witness; what it shows has been decided again, and is allowed.
    fn beside(mut scene: Scene, others: Vec<Bystander>) -> (Proof, Vec<String>) {
        scene.model.bystanders = Some(others);
        let proof = scene.proof(ID);
        let actions = match proof.status {
            Status::Violated => requests_of(&proof).iter().map(|asked| asked.action.clone()).collect(),
            _ => Vec::new(),
        };
        (proof, actions)
    }

    #[test]
    fn a_reader_two_steps_away_is_found() {
        let mut scene = Scene::machine();
        scene.role("compute-role").trust = trusting("role/second");
        let mut second = bystander("role/second", &[]);
        second.trust = Some(trusting("role/first"));
        let (proof, actions) = beside(scene, vec![bystander("role/first", &[]), second]);
        assert_eq!(proof.status, Status::Violated);
        assert_eq!(
            proof.why,
            "arn:aws:iam::111122223333:role/first may take on arn:aws:iam::111122223333:role/second and then may take on \
             compute-role, which reads bucket-data through the environment's endpoint"
        );
        assert_eq!(actions, ["sts:AssumeRole", "sts:AssumeRole", "s3:GetObject", "kms:Decrypt"]);
    }

    #[test]
    fn whoever_may_pass_a_reader_to_a_service_is_found_behind_another_role() {
        let mut lender = bystander("role/lender", &[("iam:PassRole", COMPUTE), ("ec2:RunInstances", "*")]);
        lender.trust = Some(trusting("user/climber"));
        let (proof, actions) = beside(Scene::machine(), vec![lender.clone(), bystander("user/climber", &[])]);
        assert_eq!(actions, ["iam:PassRole", "ec2:RunInstances", "s3:GetObject", "kms:Decrypt"], "{}", proof.why);
        // The role itself trusted, the user is left.
        lender.arn = scene_administrator();
        lender.trust = Some(trusting("user/climber"));
        let (proof, actions) = beside(Scene::machine(), vec![lender, bystander("user/climber", &[])]);
        assert_eq!(actions[..2], ["sts:AssumeRole", "iam:PassRole"], "{}", proof.why);
        assert!(proof.why.starts_with("arn:aws:iam::111122223333:user/climber may take on"), "{}", proof.why);
        let half = [bystander("role/half", &[("ec2:RunInstances", "*")])];
        assert_eq!(beside(Scene::machine(), half.into()).0.status, Status::Holds);
    }

    /// Whom the offline lock declares.
    fn scene_administrator() -> String {
        Scene::machine().intent.administrators.first().unwrap().clone()
    }

    #[test]
    fn a_writer_of_policies_is_found() {
        // A role of the plan that may rewrite its own policies, and so give itself all rights.
        let mut scene = Scene::machine();
        let own_role = own("role/hipaa_flowlog_role");
        scene.allow("flow-log-policy", "iam:PutRolePolicy", &own_role);
        let proof = scene.proof(ID);
        assert_eq!((proof.status, requests_of(&proof)[0].action.as_str()), (Status::Violated, "iam:PutRolePolicy"));
        // A role beside it that may rewrite the policies of any role, or those of its own group.
        let writers = bystander("role/writer", &[("iam:AttachRolePolicy", "*")]);
        let mut member = bystander("user/member", &[("iam:PutGroupPolicy", "*")]);
        member.groups.insert(own("group/team"));
        for one in [writers, member, bystander("user/maker", &[("iam:CreateRole", "*"), ("iam:PutRolePolicy", "*")])] {
            let arn = one.arn.clone();
            let (proof, _) = beside(Scene::machine(), vec![one]);
            assert_eq!(proof.status, Status::Violated, "{arn}");
            assert!(proof.why.starts_with(&arn), "{}", proof.why);
        }
        // Within bounds that leave no way to a store, policies of its own are no matter.
        let mut bounded = bystander("user/bounded", &[("iam:PutUserPolicy", "*")]);
        bounded.boundary =
            bystander("user/any", &[("iam:PutUserPolicy", "*")]).policies.pop().map(|(_, policy)| policy);
        let (proof, _) = beside(Scene::machine(), vec![bounded]);
        assert_eq!(proof.status, Status::Holds, "{}", proof.why);
    }

    #[test]
    fn who_works_on_the_machine_is_listed_and_who_else_gets_onto_it_is_found() {
        let pit = |value: &str| {
            let start = Statement::allow("Start").actions(["ssm:StartSession"]).resources([text("*")]);
            let policy = Policy::new(vec![start.when("StringEquals", "aws:ResourceTag/sce:pit", [text(value)])]);
            Bystander { policies: vec![("inline policy `s`".to_owned(), policy)], ..bystander("role/s", &[]) }
        };
        let (proof, actions) = beside(Scene::machine(), vec![pit("hipaa")]);
        assert_eq!(actions, ["ssm:StartSession", "s3:GetObject", "kms:Decrypt"], "{}", proof.why);
        assert!(
            proof.why.contains("may get onto a machine that bears compute-role (ssm:StartSession)"),
            "{}",
            proof.why
        );
        assert_eq!(beside(Scene::machine(), vec![pit("births")]).0.status, Status::Holds);
        let mut scene = Scene::machine();
        let policy = scene.managed_policy("access-policy").document.clone();
        let name = scene.resource("access-policy").name.clone();
        let worker = |more: &[(&'static str, &str)]| {
            let mut worker = bystander("role/worker", more);
            worker.policies.push((own(&format!("policy/{name}")), policy.clone()));
            worker
        };
        let (proof, _) = beside(Scene::machine(), vec![worker(&[])]);
        assert_eq!(proof.status, Status::Holds, "{}", proof.why);
        let (proof, actions) = beside(Scene::machine(), vec![worker(&[("ssm:SendCommand", "*")])]);
        assert_eq!(actions[0], "ssm:SendCommand", "{}", proof.why);
        // Whoever becomes one who works on it is not listed.
        let mut worker = worker(&[]);
        worker.trust = Some(trusting("user/visitor"));
        let (proof, actions) = beside(Scene::machine(), vec![worker, bystander("user/visitor", &[])]);
        assert_eq!(actions[..2], ["sts:AssumeRole", "ssm:StartSession"], "{}", proof.why);
        // Nor is one of another account, whom nothing here shows.
        let mut worker = bystander("role/worker", &[]);
        worker.policies.push((own(&format!("policy/{name}")), policy));
        let stranger = Statement::allow("Trust").principals([text("arn:aws:iam::999988887777:role/x")]);
        worker.trust = Some(Policy::new(vec![stranger.actions(["sts:AssumeRole"])]));
        let (proof, actions) = beside(Scene::machine(), vec![worker]);
        assert_eq!(actions[..2], ["sts:AssumeRole", "ssm:StartSession"], "{}", proof.why);
    }

    #[test]
    fn custodians_are_those_of_the_plan() {
        let take = |name: &str| bystander(name, &[("sts:AssumeRole", "*")]);
        let (proof, _) = beside(Scene::people(), vec![take("user/custodian"), take("user/mallory")]);
        assert_eq!(proof.status, Status::Holds, "{}", proof.why);
        assert!(proof.assumptions.iter().any(|told| told.contains("2 other roles and users have been judged")));
        let mut scene = Scene::people();
        let trust = &mut scene.role("custodian-role").trust;
        let more = trusting("user/mallory").statements().to_vec();
        *trust = Policy::new(trust.statements().iter().cloned().chain(more).collect());
        let (proof, _) = beside(scene, vec![take("user/custodian"), take("user/mallory")]);
        assert_eq!(proof.status, Status::Violated);
        assert!(
            proof.why.starts_with("arn:aws:iam::111122223333:user/mallory may take on custodian-role"),
            "{}",
            proof.why
        );
    }

    #[test]
    fn others_of_the_account_read_and_what_is_not_read_of_them_is_unknown() {
        let reads = bystander("user/root-like", &[("*", "*")]);
        let (proof, _) = beside(Scene::machine(), vec![reads]);
        assert_eq!(proof.status, Status::Violated);
        let mut hidden = bystander("user/hidden", &[]);
        hidden.unread.push("what `arn:aws:iam::aws:policy/Any` says is not among what was saved".to_owned());
        let (proof, _) = beside(Scene::machine(), vec![hidden]);
        assert_eq!(proof.status, Status::Unknown);
        assert!(proof.why.contains("user/hidden"), "{}", proof.why);
    }
}
