//! Every bucket keeps what is overwritten or deleted as an older version.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("bucket-is-versioned"),
    title: "Every bucket keeps older versions of its objects",
    severity_kept: Severity::Low,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(c)(1)"), Citation::required("164.308(a)(7)(ii)(A)")],
    nist80053: &[Control::crosswalk("CP-9"), Control::crosswalk("SI-7")],
    document_line: None,
    status: Law::InForce,
    rationale: "Integrity means that what was stored can be had back as it was. Versions undo a mistaken overwrite \
        and most ransomware, and show that something changed. They are kept in the same account, so they are no \
        backup against losing the account.",
    fix: "turn versioning on",
    cost: "older versions are stored and paid for until `retention.versions_days` ends",
    bad: "bucket-data.versioning = false",
    good: "bucket-data.versioning = true",
    looks_at: &[Kind::Bucket],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, kept: bool| {
        Observation::of(
            label,
            kept,
            "older versions stay; they are in the same account, and so no backup against losing it",
            "what is overwritten or deleted is gone",
        )
    };
    facts.model.buckets().map(|(resource, bucket)| observe(resource.label(), bucket.versioning)).collect()
}
