//! Who uploads can put files in, and can neither read nor list what is there (L1137, C12).

use super::questions::{allowing, policies_of};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("uploader-cannot-read"),
    title: "The uploader's role can neither read, list nor delete",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::addressable("164.308(a)(4)(ii)(B)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::crosswalk("AC-6"), Control::crosswalk("AC-4")],
    document_line: Some(1137),
    status: Law::InForce,
    rationale: "Uploads come from machines that nobody calls secure: a laptop, a clinic's workstation. Credentials found on one \
        must be good for adding to the data and for nothing else. Versions keep what an uploader overwrites.",
    fix: "leave the uploader's policy as planned: put, and finish or drop its own multi-part uploads",
    cost: "an uploader cannot look whether a file arrived; the table of uploaded files and the logs tell",
    bad: r#"{"Effect": "Allow",
 "Action": ["s3:PutObject", "s3:GetObject"],
 "Resource": "arn:aws:s3:::hipaa-data-111122223333-us-west-2/*"}"#,
    good: r#"{"Effect": "Allow",
 "Action": "s3:PutObject",
 "Resource": "arn:aws:s3:::hipaa-data-111122223333-us-west-2/*"}"#,
    looks_at: &[Kind::Role, Kind::ManagedPolicy],
    examine,
};

/// Where the uploader's role stands in every plan that has one.
const UPLOADER: &str = "uploader-role";

/// What shows or takes away what a store holds.
const FORBIDDEN: [&str; 8] = [
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetObject",
    "s3:GetObjectTorrent",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListBucketVersions",
];

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let roles = facts.model.roles().filter(|(resource, _)| resource.label() == UPLOADER);
    roles
        .map(|(resource, role)| {
            let allowed = allowing(policies_of(facts.model, role), &FORBIDDEN, |_| true);
            let broken = format!("it may {}", allowed.join(", "));
            Observation::of(resource.label(), allowed.is_empty(), "it can put files in and see nothing", &broken)
        })
        .collect()
}
