//! What is in a database survives a slip.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("database-is-backed-up"),
    title: "Databases keep automatic backups, and are protected from deletion",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::required("164.308(a)(7)(ii)(A)")],
    nist80053: &[Control::crosswalk("CP-9")],
    document_line: Some(658),
    status: Law::InForce,
    rationale: "The document leaves disaster recovery at awareness. A database is the one store here whose earlier state nothing \
        else keeps: buckets have versions, files have their source. Backups are encrypted like the database, and end \
        with it; deletion protection makes its end a deed of its own.",
    fix: "set the backup retention to a week or more, and turn deletion protection on",
    cost: "backup storage up to the size of the database is free of charge",
    bad: "database-postgres.backup_days = 0",
    good: "database-postgres.backup_days = 35",
    looks_at: &[Kind::DatabaseInstance],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, kept: bool| {
        Observation::of(
            label,
            kept,
            "it can be put back to any moment of a week or more",
            "a slip in it, or with it, is for ever",
        )
    };
    facts
        .model
        .database_instances()
        .map(|(resource, database)| {
            observe(resource.label(), database.backup_days >= 7 && database.deletion_protection)
        })
        .collect()
}
