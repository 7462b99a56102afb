//! Nothing goes to or from a database in clear.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("database-requires-tls"),
    title: "Databases refuse connections in clear",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(e)(1)"), Citation::addressable("164.312(e)(2)(ii)")],
    nist80053: &[Control::crosswalk("SC-8"), Control::judgement("SC-8(1)")],
    document_line: Some(60),
    status: Law::InForce,
    rationale: "The document wants PHI encrypted in transit. A PostgreSQL client that is not told otherwise takes a connection \
        in clear when the server offers it; only the server can rule that out.",
    fix: "set `rds.force_ssl` to 1 in the parameter group",
    cost: "none that anyone measures",
    bad: "database-parameters-postgres.parameters = {}",
    good: "database-parameters-postgres.parameters = { \"rds.force_ssl\" = \"1\" }",
    looks_at: &[Kind::DatabaseParameterGroup],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, kept: bool| {
        Observation::of(label, kept, "the server refuses what is not over TLS", "the server takes connections in clear")
    };
    facts
        .model
        .database_parameter_groups()
        .map(|(resource, group)| {
            observe(resource.label(), group.parameters.get("rds.force_ssl").is_some_and(|value| value == "1"))
        })
        .collect()
}
