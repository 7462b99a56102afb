//! Who logs in to a database shows, and no password is kept by people.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("database-authenticates-with-tokens"),
    title: "Databases take IAM's short-lived tokens, and AWS keeps the master password",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(d)"), Citation::required("164.312(a)(2)(i)")],
    nist80053: &[Control::crosswalk("IA-2"), Control::judgement("IA-5")],
    document_line: None,
    status: Law::InForce,
    rationale: "A password that people share or keep in scripts tells nobody who used it, and outlives whoever leaves. A token of \
        IAM lasts a quarter of an hour, names the role that asked for it, and needs no keeping. The master password \
        exists all the same: AWS makes it, keeps it encrypted, and changes it.",
    fix: "turn on IAM database authentication, and let RDS manage the master password",
    cost: "none; a connection takes a token, which clients fetch",
    bad: "database-postgres.iam_authentication = false",
    good: "database-postgres.iam_authentication = true",
    looks_at: &[Kind::DatabaseInstance],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, kept: bool| {
        Observation::of(
            label,
            kept,
            "it takes tokens, and nobody here knows a password",
            "somebody keeps a password for it",
        )
    };
    facts
        .model
        .database_instances()
        .map(|(resource, database)| {
            observe(resource.label(), database.iam_authentication && database.master_password_managed)
        })
        .collect()
}
