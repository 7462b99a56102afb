//! A database is reached from inside only.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("database-is-private"),
    title: "Databases have no public address",
    severity_kept: Severity::Info,
    severity_broken: Severity::Critical,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("SC-7")],
    document_line: Some(218),
    status: Law::InForce,
    rationale: "A publicly accessible database is one password away from everybody. Its security group may be closed today; one \
        rule opens it, and nothing else stands before it. RDS gives no public address unless it is asked to.",
    fix: "set `PubliclyAccessible` to false",
    cost: "none: the private instance reaches it inside the VPC",
    bad: "database-postgres.public = true",
    good: "database-postgres.public = false",
    looks_at: &[Kind::DatabaseInstance],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, kept: bool| {
        Observation::of(label, kept, "its name leads to a private address", "its name leads to a public address")
    };
    facts.model.database_instances().map(|(resource, database)| observe(resource.label(), !database.public)).collect()
}
