//! Every request to a store of PHI is recorded (L635-L640).

use super::questions::phi_stores;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{AccessLog, Kind};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("store-logs-access"),
    title: "Stores of PHI record who asked for what",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(b)"), Citation::required("164.308(a)(1)(ii)(D)")],
    nist80053: &[
        Control::crosswalk("AU-2"),
        Control::crosswalk("AU-3"),
        Control::crosswalk("AU-6"),
        Control::judgement("AU-12"),
    ],
    document_line: Some(638),
    status: Law::InForce,
    rationale: "All transactions around PHI are to be logged so that it can be shown who had access (L60). Access \
        logs say who asked for which object, from where and with what answer. S3 delivers them on a best effort, \
        some hours late: for proof, CloudTrail's data events stand beside them.",
    fix: "turn on server access logging to the project's log bucket",
    cost: "storage of the records; they arrive late and are not guaranteed",
    bad: "bucket-data.access_log = null",
    good: r#"bucket-data.access_log = { bucket = "hipaa-accesslogs-111122223333-us-west-2", prefix = "data/" }"#,
    looks_at: &[Kind::Bucket],
    examine,
};

/// The place of the log bucket.
const LOGS: &str = "bucket-accesslogs";

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let there = |log: &AccessLog| facts.model.buckets().any(|(resource, _)| resource.name == log.bucket);
    // Where it exists and nobody has looked at it, its name is known all the same, and nothing else is.
    let unread = facts.model.unread.keys().any(|node| node.as_str() == LOGS);
    phi_stores(facts)
        .map(|(resource, bucket)| {
            if unread && bucket.access_log.is_some() {
                return Observation::unknown(
                    resource.label(),
                    "cannot be told, because `bucket-accesslogs` could not be read",
                );
            }
            let broken = match &bucket.access_log {
                None => "requests to it are not recorded",
                Some(_) => "requests to it are recorded in a bucket that is not the environment's",
            };
            let kept = bucket.access_log.as_ref().is_some_and(there);
            Observation::of(
                resource.label(),
                kept,
                "requests to it are recorded, on a best effort and hours late",
                broken,
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::Scene;

    #[test]
    fn a_log_bucket_of_somebody_else_is_told_apart() {
        let mut scene = Scene::clean();
        scene.bucket("bucket-data").access_log.as_mut().unwrap().bucket = "elsewhere".to_owned();
        let findings = super::RULE.findings(&scene.facts());
        let open = findings.iter().find(|finding| finding.open()).unwrap();
        assert_eq!(open.message, "requests to it are recorded in a bucket that is not the environment's");
    }
}
