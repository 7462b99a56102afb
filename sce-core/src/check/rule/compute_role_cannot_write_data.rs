//! Role R reads the data and writes results; it does not change what came in (L1144).

use super::questions::{allowing, any_resource_matches, policies_of};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::Statement;
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("compute-role-cannot-write-data"),
    title: "The machines' roles can neither change nor delete the data that came in",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(c)(1)"), Citation::standard("164.312(a)(1)")],
    nist80053: &[Control::crosswalk("SI-7"), Control::crosswalk("AC-3"), Control::crosswalk("AC-6")],
    document_line: Some(1144),
    status: Law::InForce,
    rationale: "A script with a slip in it runs with the machine's role, and so does whoever breaks in. Data that the role can \
        only read stay as they were approved and counted. The list of people lies in the ancillary bucket: whoever could \
        write it could let himself in.",
    fix: "let the role write to the output bucket only",
    cost: "intermediate results go to the output bucket or the instance's own volume",
    bad: r#"{"Effect": "Allow",
 "Action": "s3:PutObject",
 "Resource": "arn:aws:s3:::hipaa-*/*"}"#,
    good: r#"{"Effect": "Allow",
 "Action": "s3:PutObject",
 "Resource": "arn:aws:s3:::hipaa-output-111122223333-us-west-2/*"}"#,
    looks_at: &[Kind::Role, Kind::ManagedPolicy, Kind::Bucket],
    examine,
};

/// Where the machines' roles stand in every plan that has them.
const MACHINES: [&str; 2] = ["bastion-role", "compute-role"];

/// What machines only read, and the records about them.
const READ_ONLY: [&str; 3] = ["bucket-accesslogs", "bucket-ancillary", "bucket-data"];

/// What changes an object or takes it away.
const WRITES: [&str; 4] = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject", "s3:PutObjectTagging"];

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let buckets = || facts.model.buckets().filter(|(resource, _)| READ_ONLY.contains(&resource.label()));
    let objects: Vec<String> = buckets().map(|(resource, _)| format!(":s3:::{}/any-object", resource.name)).collect();
    let of_data = |statement: &Statement| {
        let partitions = ["aws", "aws-us-gov", "aws-cn"].iter();
        let mut arns =
            partitions.flat_map(|partition| objects.iter().map(move |rest| format!("arn:{partition}{rest}")));
        !statement.not_resources.is_empty() || arns.any(|arn| any_resource_matches(&statement.resources, &arn))
    };
    let roles = facts.model.roles().filter(|(resource, _)| MACHINES.contains(&resource.label()));
    roles
        .map(|(resource, role)| {
            let allowed = allowing(policies_of(facts.model, role), &WRITES, of_data);
            let broken = format!("it may {} where it shall only read", allowed.join(", "));
            Observation::of(resource.label(), allowed.is_empty(), "it can write results only", &broken)
        })
        .collect()
}
