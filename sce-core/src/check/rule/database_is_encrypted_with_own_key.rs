//! Databases are encrypted with the project's key, backups and all (C4).

use super::questions::leads_to;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("database-is-encrypted-with-own-key"),
    title: "Databases are encrypted with the project's key",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::addressable("164.312(a)(2)(iv)")],
    nist80053: &[Control::crosswalk("SC-13"), Control::judgement("SC-28(1)")],
    document_line: Some(60),
    status: Law::InForce,
    rationale: "RDS encrypts a database when it is made or never: a database in clear can only be copied into another. \
        With the project's key its storage, backups and logs end with the project; with the account's default key \
        whoever may use RDS may read them, and nothing can be destroyed on its own.",
    fix: "make the database anew, encrypted with the project's key, and copy the data",
    cost: "none beyond the key that is there",
    bad: "database-postgres.encrypted = false",
    good: "database-postgres.encrypted = true",
    looks_at: &[Kind::DatabaseInstance, Kind::KmsKey],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let databases = facts.model.database_instances().map(|(resource, database)| {
        let own = database.key.as_ref().is_some_and(|key| leads_to(facts.model, key, Kind::KmsKey));
        let when_kept = "storage, backups and logs on it are encrypted with the project's key";
        Observation::of(
            resource.label(),
            database.encrypted && own,
            when_kept,
            "it is not encrypted with the project's key",
        )
    });
    databases.collect()
}
