//! Everything of a project carries its tag and its place in the plan (L341-L343).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};
use crate::model::Resource;
use crate::pit::{ACCOUNT_SCOPE, TAG_ID, TAG_PIT, TAG_SCOPE};
use crate::plan::Scope;

pub(super) static RULE: Rule = Rule {
    id: RuleId("everything-is-tagged"),
    title: "Everything that can carry tags says whose it is",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::addressable("164.310(d)(2)(iii)")],
    nist80053: &[Control::crosswalk("CM-8")],
    document_line: Some(341),
    status: Law::InForce,
    rationale: "The tag is how close-out finds what to delete, how a bill is split, and how a thing that nobody \
        planned is told apart. The document asks to tag everything with the PIT. What lost its tags is out of sight \
        when the environment is said to be gone.",
    fix: "put the tags `sce:pit` and `sce:id` back, as `sce apply` does",
    cost: "none",
    bad: r#"vpc.tags = { Name = "hipaa_vpc" }"#,
    good: r#"vpc.tags = { "sce:pit" = "hipaa", "sce:id" = "vpc" }"#,
    looks_at: &[
        Kind::Vpc,
        Kind::Subnet,
        Kind::InternetGateway,
        Kind::ElasticIp,
        Kind::NatGateway,
        Kind::RouteTable,
        Kind::GatewayEndpoint,
        Kind::DefaultSecurityGroup,
        Kind::NetworkAcl,
        Kind::FlowLog,
        Kind::LogGroup,
        Kind::Role,
        Kind::ManagedPolicy,
        Kind::KmsKey,
        Kind::Bucket,
        Kind::Table,
        Kind::Queue,
        Kind::Topic,
        Kind::Function,
    ],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let untagged = facts.model.resources.iter().filter(|resource| is_ours(resource) && !says_whose(resource));
    let broken = |resource: &Resource| Observation::of(resource.label(), false, "", "its tags do not say whose it is");
    let broken: Vec<Observation> = untagged.map(broken).collect();
    match broken.as_slice() {
        [] => vec![Observation::of("spec", true, "everything that can carry tags says whose it is", "")],
        _ => broken,
    }
}

fn is_ours(resource: &Resource) -> bool {
    resource.node.is_some() && resource.properties.kind().descriptor().taggable
}

fn says_whose(resource: &Resource) -> bool {
    let placed = resource.tags.get(TAG_ID).map(String::as_str) == Some(resource.label());
    let owned = match resource.scope {
        Scope::Pit => resource.tags.contains_key(TAG_PIT),
        Scope::Account => resource.tags.get(TAG_SCOPE).is_some_and(|scope| scope == ACCOUNT_SCOPE),
    };
    placed && owned
}
