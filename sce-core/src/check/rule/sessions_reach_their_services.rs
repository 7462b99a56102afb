//! Without a way out, the services that sessions need come to the subnet, or nobody gets in.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{InterfaceEndpoint, Kind};
use crate::check::{Facts, Severity};
use crate::spec::{AccessMode, Egress};

pub(super) static RULE: Rule = Rule {
    id: RuleId("sessions-reach-their-services"),
    title: "Session Manager reaches the machine, or nobody gets in",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::required("164.312(a)(2)(ii)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::crosswalk("CP-2")],
    document_line: None,
    status: Law::InForce,
    rationale: "The machine's agent calls Session Manager, and people come in by that call. With no way out the call \
        needs an endpoint for each service it takes, the key's and the log's among them. A machine that nobody can \
        enter is no safer, and its data are out of reach when they are needed.",
    fix: "add the missing endpoint in the private subnet, as `sce apply` does, or ask for a way out",
    cost: "about seven dollars a month for each endpoint and zone",
    bad: r#"endpoints = ["ssm", "kms", "logs"]   # without ssmmessages"#,
    good: r#"endpoints = ["ssm", "ssmmessages", "kms", "logs"]"#,
    looks_at: &[Kind::Instance, Kind::InterfaceEndpoint],
    examine,
};

/// What a session takes: the agent's own two services, the key that encrypts it and the log that records it.
const NEEDED: [&str; 4] = ["kms", "logs", "ssm", "ssmmessages"];

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    if facts.declared.egress != Egress::None || facts.declared.access.mode != AccessMode::SessionManager {
        return Vec::new();
    }
    // An endpoint serves the whole VPC, from whichever of its subnets it has an address in.
    let serves = |endpoint: &InterfaceEndpoint, service: &str| {
        endpoint.service.ends_with(&format!(".{service}")) && !endpoint.subnets.is_empty()
    };
    let served = |service: &&str| facts.model.interface_endpoints().any(|(_, endpoint)| serves(endpoint, service));
    let missing: Vec<&str> = NEEDED.into_iter().filter(|service| !served(service)).collect();
    let broken = format!("there is no way out and no endpoint for {}: nobody gets in", missing.join(", "));
    let kept = "each service that a session takes has an endpoint";
    let instances = facts.model.instances();
    instances.map(|(resource, _)| Observation::of(resource.label(), missing.is_empty(), kept, &broken)).collect()
}
