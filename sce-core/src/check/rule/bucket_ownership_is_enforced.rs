//! Access lists are off, and every object belongs to the bucket's owner (AWS S3 guide, "Controlling ownership of
//! objects").

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("bucket-ownership-is-enforced"),
    title: "Every bucket has access lists switched off",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::addressable("164.308(a)(4)(ii)(C)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::crosswalk("AC-6")],
    document_line: None,
    status: Law::InForce,
    rationale: "An access list on a single object can let another account read it, and no bucket policy shows that \
        it does. With ownership enforced there is one place that says who may do what, and a reviewer can read it.",
    fix: "set object ownership to `BucketOwnerEnforced`",
    cost: "none; S3 has it so for new buckets since April 2023",
    bad: "bucket-data.ownership_enforced = false",
    good: "bucket-data.ownership_enforced = true",
    looks_at: &[Kind::Bucket],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, kept: bool| {
        Observation::of(
            label,
            kept,
            "access lists are off",
            "access lists are on: one object can be opened without the policy showing it",
        )
    };
    facts.model.buckets().map(|(resource, bucket)| observe(resource.label(), bucket.ownership_enforced)).collect()
}
