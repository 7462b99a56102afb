//! The bucket that access logs go to lets S3 put them there (L635-L640).

use super::questions::{any_action_matches, any_resource_matches, serves, values_of};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::Statement;
use crate::aws::resource::{AccessLog, Bucket, Kind};
use crate::check::{Facts, Severity};
use crate::model::Resource;

pub(super) static RULE: Rule = Rule {
    id: RuleId("access-log-target-admits-deliveries"),
    title: "The bucket of access logs lets S3 deliver them",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(b)")],
    nist80053: &[Control::crosswalk("AU-2"), Control::crosswalk("AU-4"), Control::judgement("AU-12")],
    document_line: Some(638),
    status: Law::InForce,
    rationale: "S3 takes the setting and says nothing when the target refuses its log service: the records are lost, \
        and nobody is told. A bucket that the organisation looks after has a policy of its own, which may not know \
        this environment's buckets. Access logs that never came are found missing when they are needed.",
    fix: "let `logging.s3.amazonaws.com` do `s3:PutObject` under the environment's prefix, for its buckets (`aws:SourceArn`)",
    cost: "none",
    bad: "central-logs.policy = null",
    good: r#"central-logs.policy = allow "logging.s3.amazonaws.com" "s3:PutObject" on "arn:aws:s3:::central-logs/hipaa/*""#,
    looks_at: &[Kind::Bucket],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let logged = facts.model.buckets().filter_map(|(source, bucket)| Some((source, bucket.access_log.as_ref()?)));
    logged
        .filter_map(|(source, log)| {
            let (target, bucket) = facts.model.buckets().find(|(target, _)| target.name == log.bucket)?;
            let kept = admits(bucket, source, log);
            let broken =
                format!("its policy does not let S3's log service write `{}` for `{}`", log.prefix, source.name);
            Some(Observation::of(target.label(), kept, "it takes what S3's log service brings", &broken))
        })
        .collect()
}

fn admits(target: &Bucket, source: &Resource, log: &AccessLog) -> bool {
    let statements = target.policy.iter().flat_map(|policy| policy.statements());
    let allows = |statement: &Statement| {
        let partition = statement.resources.iter().find_map(|arn| arn.known()?.split(':').nth(1)).unwrap_or("aws");
        let record = format!("arn:{partition}:s3:::{}/{}2026-11-24-00-00-00-0123456789ABCDEF", log.bucket, log.prefix);
        let sources = values_of(&statement.conditions, "aws:SourceArn");
        serves(statement, "logging.s3.amazonaws.com")
            && any_action_matches(&statement.actions, "s3:PutObject")
            && any_resource_matches(&statement.resources, &record)
            && (sources.is_empty() || any_resource_matches(sources, &format!("arn:{partition}:s3:::{}", source.name)))
    };
    statements.into_iter().any(allows)
}

#[cfg(test)]
mod tests {
    use super::admits;
    use crate::aws::policy::{Policy, Statement, text};
    use crate::check::rule::testing::Scene;

    #[test]
    fn the_grant_must_reach_the_prefix_and_the_bucket() {
        let mut scene = Scene::clean();
        let source = scene.resource("bucket-data").clone();
        let log = scene.bucket("bucket-data").access_log.clone().unwrap();
        let mut target = scene.bucket("bucket-accesslogs").clone();
        let grant = |resource: String| {
            Statement::allow("L")
                .service("logging.s3.amazonaws.com")
                .actions(["s3:PutObject"])
                .resources([text(resource)])
        };
        let all = || format!("arn:aws:s3:::{}/*", log.bucket);
        let mut admitted = |statement: Statement| {
            target.policy = Some(Policy::new(vec![statement]));
            admits(&target, &source, &log)
        };
        assert!(admitted(grant(all())));
        assert!(admitted(grant(format!("arn:aws:s3:::{}/data/*", log.bucket))));
        assert!(!admitted(grant(format!("arn:aws:s3:::{}/omop/*", log.bucket))));
        assert!(!admitted(grant(all()).when("ArnLike", "aws:SourceArn", [text("arn:aws:s3:::omop-data-1")])));
        assert!(admitted(grant(all()).when("ArnLike", "AWS:SourceARN", [text("arn:aws:s3:::hipaa-*")])));
        assert!(!admitted(Statement { principal: None, ..grant(all()) }));
        target.policy = None;
        assert!(!admits(&target, &source, &log));
    }
}
