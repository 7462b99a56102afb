//! Those whom the logs are about can add to them and alter nothing (L580-L632).

use super::{
    ADMINISTRATORS, EVALUATOR, Examined, Grounds, Property, PropertyId, UNSEEN_PRINCIPALS, required, standard,
};
use crate::aws::resource::Kind;
use crate::model::Resource;
use crate::prove::rights::{Caller, Question, Via, shown};

pub(super) static PROPERTY: Property = Property {
    id: PropertyId("logs-cannot-be-altered-by-those-they-log"),
    claim: "No role of the environment, and nobody who operates it, can alter or delete logs, stop them, or destroy their key",
    quantifier: "every role of the model and every holder of its policies; every log group, the access-log bucket and what is in it, flow \
        logs, trails, and the key that logs are encrypted with; every call that would change or end them, on every way to AWS",
    assumptions: &[EVALUATOR, ADMINISTRATORS],
    outside_claim: &[
        UNSEEN_PRINCIPALS,
        "what a role that writes a log says in it: it can add records, untrue ones among them",
        "the account's trail and its bucket where the model does not show them: the organisation's duty",
    ],
    cfr: &[standard("164.312(b)"), standard("164.312(c)(1)"), required("164.308(a)(1)(ii)(D)")],
    required: |_| true,
    examine,
};

/// What alters or ends logs.
const DEEDS: [(Kind, &[&str]); 5] = [
    (
        Kind::LogGroup,
        &[
            "logs:DeleteLogGroup",
            "logs:DeleteLogStream",
            "logs:PutRetentionPolicy",
            "logs:AssociateKmsKey",
            "logs:DisassociateKmsKey",
            "logs:PutDataProtectionPolicy",
        ],
    ),
    (
        Kind::Bucket,
        &[
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:PutLifecycleConfiguration",
            "s3:PutBucketPolicy",
            "s3:DeleteBucketPolicy",
            "s3:DeleteBucket",
            "s3:PutBucketVersioning",
        ],
    ),
    (Kind::FlowLog, &["ec2:DeleteFlowLogs"]),
    (
        Kind::Trail,
        &["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors"],
    ),
    (Kind::KmsKey, &["kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy"]),
];

fn examine(grounds: &Grounds<'_>) -> Examined {
    let logs = logs(grounds);
    let counter_example = grounds.rights.roles().iter().find_map(|caller| {
        let mut granted = logs.iter().flat_map(|(thing, actions)| {
            grounds.rights.granted(caller, actions, thing).into_iter().map(move |action| (*thing, action))
        });
        granted.find_map(|(thing, action)| {
            let question = question(grounds, caller, action, thing).into_iter().find(Question::is_allowed)?;
            let told = format!("{} may {action} on {}", caller.label, thing.label());
            Some((told.clone(), shown(told, &[question])))
        })
    });
    let kinds =
        [Kind::LogGroup, Kind::Bucket, Kind::FlowLog, Kind::Trail, Kind::KmsKey, Kind::Role, Kind::ManagedPolicy];
    let mut unread = grounds.rights.unread(&kinds);
    if grounds.model.log_groups().next().is_none() {
        unread.push("the model has no log group".to_owned());
    }
    let things = logs.len();
    let holding = format!(
        "{} callers can add to logs and alter none of {things} things they rest on",
        grounds.rights.roles().len()
    );
    Examined::of(counter_example, &unread, holding)
}

/// What the logs are, and what they rest on.
fn logs<'a>(grounds: &Grounds<'a>) -> Vec<(&'a Resource, &'static [&'static str])> {
    let targets: Vec<&str> =
        grounds.model.buckets().filter_map(|(_, bucket)| Some(bucket.access_log.as_ref()?.bucket.as_str())).collect();
    let is_log = |thing: &Resource| thing.properties.kind() != Kind::Bucket || targets.contains(&thing.name.as_str());
    let deeds =
        |thing: &Resource| DEEDS.iter().find(|(kind, _)| *kind == thing.properties.kind()).map(|(_, actions)| *actions);
    let things = grounds.model.resources.iter().filter(|thing| is_log(thing));
    things.filter_map(|thing| deeds(thing).map(|actions| (thing, actions))).collect()
}

/// The ways in which a call can be made.
fn question(grounds: &Grounds<'_>, caller: &Caller, action: &str, thing: &Resource) -> Vec<Question> {
    let rights = &grounds.rights;
    match thing.properties.kind() {
        Kind::Bucket => Via::ALL.map(|via| rights.ask_bucket(caller, action, thing, via)).into(),
        Kind::KmsKey => vec![rights.ask_key(caller, action, thing, None)],
        Kind::LogGroup => rights.ask_log_group(caller, action, thing),
        _ => vec![rights.ask_of(caller, action, thing, Via::Endpoint)],
    }
}

#[cfg(test)]
mod tests {
    use crate::prove::Status;
    use crate::prove::testing::{Scene, requests_of};

    const ID: &str = "logs-cannot-be-altered-by-those-they-log";

    #[test]
    fn it_holds_of_every_mode() {
        for scene in [Scene::machine(), Scene::shut(), Scene::bastion(), Scene::people()] {
            let proof = scene.proof(ID);
            assert_eq!(proof.status, Status::Holds, "{} {:?}", proof.why, proof.witness);
        }
    }

    #[test]
    fn each_way_of_altering_logs_is_found() {
        for (policy, action, resource, who) in [
            ("compute-policy", "logs:*", "*", "compute-role may logs:DeleteLogGroup on log-group"),
            (
                "compute-policy",
                "s3:DeleteObjectVersion",
                "*",
                "compute-role may s3:DeleteObjectVersion on bucket-accesslogs",
            ),
            (
                "access-policy",
                "ec2:DeleteFlowLogs",
                "*",
                "whoever holds access-policy may ec2:DeleteFlowLogs on flow-log",
            ),
            ("file-table-policy", "kms:ScheduleKeyDeletion", "*", "file-table-role may kms:ScheduleKeyDeletion on key"),
        ] {
            let mut scene = Scene::machine();
            scene.allow(policy, action, resource);
            let proof = scene.proof(ID);
            assert_eq!((proof.status, proof.why.as_str()), (Status::Violated, who));
            assert_eq!(requests_of(&proof).len(), 1);
        }
    }

    #[test]
    fn a_log_group_that_was_not_read_makes_it_unknown() {
        let mut scene = Scene::machine();
        scene.unread("log-group");
        assert_eq!(scene.proof(ID).status, Status::Unknown);
    }
}
