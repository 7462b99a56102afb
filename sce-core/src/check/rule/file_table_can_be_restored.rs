//! The table of files is neither lost by a slip nor past restoring.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("file-table-can-be-restored"),
    title: "The table of files can be restored and is not deleted by a slip",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::required("164.308(a)(7)(ii)(A)")],
    nist80053: &[Control::crosswalk("CP-9"), Control::judgement("CP-10")],
    document_line: Some(577),
    status: Law::InForce,
    rationale: "The table is the record of what came in and when, and S3 tells of each file once. Recovery to a point in time \
        gives back what a mistaken script wrote over, for up to 35 days. Deletion protection makes deleting the \
        table take two deliberate acts.",
    fix: "switch on point-in-time recovery and deletion protection",
    cost: "0.20 USD a GB and month for the recovery, next to nothing for a table of names",
    bad: "file-table.point_in_time_recovery = false",
    good: "file-table.point_in_time_recovery = true",
    looks_at: &[Kind::Table],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, recovery: bool, protection: bool| {
        let broken = if recovery { "it can be deleted by a slip" } else { "it cannot be restored to a point in time" };
        Observation::of(label, recovery && protection, "it can be restored, and is protected from deletion", broken)
    };
    let tables = facts.model.tables();
    tables
        .map(|(resource, table)| observe(resource.label(), table.point_in_time_recovery, table.deletion_protection))
        .collect()
}
