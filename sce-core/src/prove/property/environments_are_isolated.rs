//! Two environments in one account do not touch (L337-L343, R12).

use super::{
    ADMINISTRATORS, EVALUATOR, Examined, Grounds, Property, PropertyId, ROUTERS, UNSEEN_PRINCIPALS, required, standard,
};
use crate::aws::resource::Kind;
use crate::model::{Model, Resource};
use crate::network::{Holder, Id, Interface, Network, Subnet};
use crate::plan::Scope;
use crate::prove::beside::{OTHER, together};
use crate::prove::grounds::replayed;
use crate::prove::rights::{Caller, Question, Rights, Via, shown};
use crate::prove::{Beside, Counter};
use crate::reach::{Contact, Exit, Reach, Vantage};

pub(super) static PROPERTY: Property = Property {
    id: PropertyId("environments-are-isolated"),
    claim: "Two environments in one account do not touch: no packet passes, and no role of one acts on what the other has",
    quantifier: "every host of either, every packet header to every interface of the other; every role and policy holder of either, every \
        call that reads, changes or uses a thing of the other, on every way to AWS",
    assumptions: &[ROUTERS, EVALUATOR, ADMINISTRATORS, "a peering that both route to is active"],
    outside_claim: &[
        UNSEEN_PRINCIPALS,
        "what is the account's and shared on purpose: the registry, the trail, a VPC that the spec uses with others",
        "lists of names, such as `logs:DescribeLogGroups` gives: they tell that the other exists",
        "limits of the account that one may use up for both",
    ],
    cfr: &[required("164.308(a)(4)(ii)(A)"), standard("164.312(a)(1)")],
    required: |_| true,
    examine,
};

/// What is done to a thing of each kind.
const DEEDS: [(Kind, &[&str]); 8] = [
    (
        Kind::Bucket,
        &["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:PutBucketPolicy", "s3:DeleteBucket"],
    ),
    (Kind::LogGroup, &["logs:PutLogEvents", "logs:GetLogEvents", "logs:DeleteLogGroup", "logs:CreateLogStream"]),
    (Kind::Role, &["sts:AssumeRole", "iam:PassRole", "iam:PutRolePolicy"]),
    (Kind::Queue, &["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteQueue"]),
    (Kind::Topic, &["sns:Publish", "sns:Subscribe"]),
    (Kind::Table, &["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:PutItem", "dynamodb:DeleteTable"]),
    (Kind::Function, &["lambda:InvokeFunction", "lambda:UpdateFunctionCode"]),
    (Kind::Instance, &["ssm:StartSession", "ssm:SendCommand", "ec2:StartInstances", "ec2:StopInstances"]),
];

/// What is done with the other's key, and through which services.
const KEY_DEEDS: [&str; 4] = ["kms:Decrypt", "kms:GenerateDataKey", "kms:ScheduleKeyDeletion", "kms:PutKeyPolicy"];
const THROUGH: [Option<&str>; 6] = [None, Some("s3"), Some("dynamodb"), Some("sqs"), Some("sns"), Some("lambda")];

fn examine(grounds: &Grounds<'_>) -> Examined {
    let (other, told) = match &grounds.intent.beside {
        Beside::Nothing => {
            return Examined::unknown("no second environment is known, and none could be planned from the spec");
        }
        Beside::Twin(twin) => (twin, "beside a twin: the same spec under another PIT"),
        Beside::Other(other) => (other, "beside the environment that was named"),
    };
    let both = together(grounds.model, other);
    let network = Network::of_model(&both);
    let rights = Rights::of(&both, grounds.intent);
    let counter_example = packets(&both, &network).or_else(|| deeds(&both, &rights));
    let unread: Vec<String> = network.unread.iter().map(|unread| format!("{}: {}", unread.what, unread.why)).collect();
    let unread: Vec<String> = unread
        .into_iter()
        .chain(rights.unread(&[Kind::Bucket, Kind::KmsKey, Kind::Role, Kind::ManagedPolicy]))
        .collect();
    Examined::of(counter_example, &unread, format!("{told}: no packet passes between the two, and no role acts across"))
}

fn is_others(label: &str) -> bool {
    label.starts_with(OTHER)
}

fn packets(both: &Model, network: &Network) -> Option<Counter> {
    let reach = Reach::of(network);
    let (others, ours): (Vec<Id<Interface>>, Vec<Id<Interface>>) =
        network.interfaces.iter().map(|(id, _)| id).partition(|id| is_others(network.interfaces.name(*id)));
    let sends =
        |id: &&Id<Interface>| !matches!(network.interfaces[**id].holder, Holder::NatGateway(_) | Holder::Endpoint(_));
    let hosts =
        |from: &[Id<Interface>]| from.iter().filter(sends).map(|id| Vantage::Interface(*id)).collect::<Vec<_>>();
    let subnets = |others: bool| {
        let mine =
            network.subnets.iter().map(|(id, _)| id).filter(move |id| is_others(network.subnets.name(*id)) == others);
        // Whoever else stands in a subnet that others gave to both is neither environment's.
        let own = |id: &Id<Subnet>| {
            both.resource(network.subnets.name(*id)).is_none_or(|subnet| subnet.scope != Scope::Existing)
                && !network.taken_to_lead_out.contains(id)
        };
        mine.filter(own).map(Vantage::Subnet).collect::<Vec<_>>()
    };
    let from = [(hosts(&ours), &others), (subnets(false), &others), (hosts(&others), &ours), (subnets(true), &ours)];
    from.iter().find_map(|(vantages, to)| {
        let ways = vantages.iter().flat_map(|vantage| reach.ways_to(*vantage, to, Contact::Deliver));
        ways.into_iter().next().map(|way| {
            let witness = way.witness.and_then(|flow| replayed(network, &reach, &flow));
            let to = match way.to {
                Exit::Interface(id) => network.interfaces.name(id),
                _ => "the other environment",
            };
            (format!("a packet gets across to {to}"), witness)
        })
    })
}

fn deeds(both: &Model, rights: &Rights<'_>) -> Option<Counter> {
    rights.roles().iter().find_map(|caller| {
        let is_other = is_others(&caller.label) || caller.label.contains(&format!(" {OTHER}"));
        let across = |thing: &&Resource| thing.scope == Scope::Pit && is_others(thing.label()) != is_other;
        both.resources.iter().filter(across).find_map(|thing| {
            let (action, question) =
                questions(rights, caller, thing).into_iter().find(|(_, question)| question.is_allowed())?;
            let told = format!("{} may {action} on {} of the other environment", caller.label, thing.label());
            Some((told.clone(), shown(told, &[question])))
        })
    })
}

fn questions(rights: &Rights<'_>, caller: &Caller, thing: &Resource) -> Vec<(&'static str, Question)> {
    let kind = thing.properties.kind();
    if kind == Kind::KmsKey {
        let mut granted = rights.granted(caller, &KEY_DEEDS, thing);
        granted.retain(|action| rights.ask_key_by_anybody(caller, action, thing).is_allowed());
        let ask = |action: &'static str| {
            THROUGH.iter().map(move |through| (action, rights.ask_key(caller, action, thing, *through)))
        };
        let session = "kms:EncryptionContext:aws:ssm:SessionId";
        let of_session = granted.contains(&"kms:Decrypt").then(|| {
            let question = rights.ask_key(caller, "kms:Decrypt", thing, None);
            ("kms:Decrypt", question.saying(session, "s-1"))
        });
        return granted.iter().flat_map(|action| ask(action)).chain(of_session).collect();
    }
    let actions = DEEDS.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, actions)| *actions);
    rights
        .granted(caller, actions, thing)
        .into_iter()
        .flat_map(|action| ways(rights, caller, action, thing).into_iter().map(move |question| (action, question)))
        .collect()
}

fn ways(rights: &Rights<'_>, caller: &Caller, action: &str, thing: &Resource) -> Vec<Question> {
    match thing.properties.kind() {
        Kind::Bucket => Via::ALL.map(|via| rights.ask_bucket(caller, action, thing, via)).into(),
        Kind::LogGroup => rights.ask_log_group(caller, action, thing),
        _ => {
            let question = rights.ask_of(caller, action, thing, Via::Endpoint);
            let tagged = thing.tags.iter().fold(question, |question, (key, value)| {
                question
                    .saying(&format!("aws:ResourceTag/{key}"), value)
                    .saying(&format!("ssm:resourceTag/{key}"), value)
            });
            vec![tagged.saying("ssm:SessionDocumentAccessCheck", "true")]
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::aws::resource::RouteTarget;
    use crate::prove::testing::{Scene, flow_of, requests_of, tcp};
    use crate::prove::{Beside, Status};

    const ID: &str = "environments-are-isolated";

    #[test]
    fn it_holds_beside_a_twin_and_beside_another() {
        for scene in [Scene::machine(), Scene::shut(), Scene::bastion(), Scene::people()] {
            let proof = scene.proof(ID);
            assert_eq!(proof.status, Status::Holds, "{} {:?}", proof.why, proof.witness);
        }
        let (mut scene, other) = (Scene::machine(), Scene::shut_as("births"));
        scene.intent.beside = Beside::Other(Box::new(other.model));
        let proof = scene.proof(ID);
        assert_eq!((proof.status, proof.why.contains("that was named")), (Status::Holds, true), "{}", proof.why);
    }

    #[test]
    fn a_policy_that_matches_beginnings_reaches_the_twin() {
        let mut scene = Scene::machine();
        scene.allow("file-table-policy", "dynamodb:PutItem", "arn:aws:dynamodb:us-west-2:111122223333:table/hipaa*");
        let proof = scene.proof(ID);
        assert_eq!(proof.status, Status::Violated);
        assert_eq!(proof.why, "file-table-role may dynamodb:PutItem on other-file-table of the other environment");
        assert!(requests_of(&proof)[0].resource.ends_with("table/hipaa2_filetable"));
    }

    /// Two environments whose tables lead to each other by a peering; each part that it takes for a packet can be left out.
    fn peered(there: bool, acl: bool, group: bool) -> Scene {
        let peering = || RouteTarget::Other("pcx-0a1b2c3d".to_owned());
        let block = "[network]\ncidr = \"10.1.0.0/16\"\npublic = \"10.1.0.0/24\"\nprivate = \"10.1.1.0/24\"\n";
        let (mut scene, mut other) = (Scene::machine(), Scene::machine_as("births", block));
        scene.add_route("route-table-private", "10.1.0.0/16", peering());
        if there {
            other.add_route("route-table-private", "10.0.0.0/16", peering());
        }
        if acl {
            other.network_acl("network-acl-private").ingress.insert(1, Scene::open_entry());
        }
        if group {
            other.security_group("security-group-private").ingress.insert(tcp(443, "10.0.0.0/16"));
        }
        scene.intent.beside = Beside::Other(Box::new(other.model));
        scene
    }

    #[test]
    fn a_packet_over_a_peering_reaches_the_other() {
        let proof = peered(true, true, true).proof(ID);
        assert_eq!(proof.status, Status::Violated, "{}", proof.why);
        assert_eq!(proof.why, "a packet gets across to other-instance-private");
        let (flow, outcome) = flow_of(&proof);
        assert!(flow.dst_ip.to_string().starts_with("10.1.1.") && flow.dst_port == 443, "{flow:?}");
        assert!(outcome.arrives && outcome.path.iter().any(|step| &**step == "pcx-0a1b2c3d"), "{outcome:?}");
    }

    #[test]
    fn a_peering_past_which_nothing_gets_leaves_them_apart() {
        for (acl, group) in [(false, true), (true, false)] {
            let proof = peered(true, acl, group).proof(ID);
            assert_eq!(proof.status, Status::Holds, "{acl} {group}: {}", proof.why);
        }
        // Where it ends, nobody knows.
        assert_eq!(peered(false, true, true).proof(ID).status, Status::Unknown);
    }

    #[test]
    fn operators_of_one_start_no_machine_of_the_other() {
        let mut scene = Scene::machine();
        scene.allow("access-policy", "ec2:StartInstances", "arn:aws:ec2:us-west-2:111122223333:instance/*");
        let proof = scene.proof(ID);
        assert_eq!(
            proof.why,
            "whoever holds access-policy may ec2:StartInstances on other-instance-private of the other environment"
        );
    }

    #[test]
    fn without_a_second_environment_nothing_is_said() {
        let mut scene = Scene::machine();
        scene.intent.beside = Beside::Nothing;
        assert_eq!(scene.proof(ID).status, Status::Unknown);
    }
}
