//! Every bucket has all four public access blocks (AWS S3 guide, "Blocking public access").

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("bucket-blocks-public-access"),
    title: "Every bucket blocks public access",
    severity_kept: Severity::Info,
    severity_broken: Severity::Critical,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.308(a)(4)(i)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::crosswalk("AC-6"), Control::judgement("SC-7")],
    document_line: Some(215),
    status: Law::InForce,
    rationale: "Public buckets are how most PHI in clouds was lost: one policy or access list, written by mistake, \
        is enough. The four blocks hold against such a mistake, because S3 then ignores what would make anything \
        public. Nothing in a Secure Compute Environment is meant for the public.",
    fix: "turn on all four settings of the bucket's public access block",
    cost: "none: nothing here is public",
    bad: "bucket-data.public_access_blocked = false",
    good: "bucket-data.public_access_blocked = true",
    looks_at: &[Kind::Bucket],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, kept: bool| {
        Observation::of(label, kept, "all four public access blocks are on", "not all four public access blocks are on")
    };
    facts.model.buckets().map(|(resource, bucket)| observe(resource.label(), bucket.public_access_blocked)).collect()
}
