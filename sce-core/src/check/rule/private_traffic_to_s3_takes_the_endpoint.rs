//! Traffic between Sprivate and S3 takes the endpoint and never the internet (L495, L567).

use super::questions::{private_subnet, route_table_of};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{GatewayEndpoint, Kind};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("private-traffic-to-s3-takes-the-endpoint"),
    title: "The private subnet reaches S3 through the endpoint",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(e)(1)")],
    nist80053: &[Control::crosswalk("SC-8"), Control::judgement("SC-7(4)"), Control::judgement("AC-4")],
    document_line: Some(567),
    status: Law::InForce,
    rationale: "The document wants S3 traffic to go from the private subnet straight into S3 without crossing the \
        internet. An endpoint serves only the route tables it is given to, and a table that it misses sends the same \
        requests through the NAT gateway without a word. The stores also refuse reads that do not come by the \
        endpoint, so work would stop.",
    fix: "add the private subnet's route table to the S3 endpoint",
    cost: "none: gateway endpoints are free, and save the NAT gateway's charge",
    bad: "s3-endpoint.route_tables = []",
    good: r#"s3-endpoint.route_tables = ["${route-table-private.id}"]"#,
    looks_at: &[Kind::Subnet, Kind::RouteTable, Kind::RouteTableAssociation, Kind::GatewayEndpoint],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let Some((resource, subnet)) = private_subnet(facts.model) else { return Vec::new() };
    let table = route_table_of(facts.model, resource, subnet);
    let serves = |endpoint: &GatewayEndpoint| {
        let mut tables = endpoint.route_tables.iter().map(|table| facts.model.follow(table));
        endpoint.service.ends_with(".s3") && tables.any(|served| served.is_some() && served == table)
    };
    let kept = facts.model.endpoints().any(|(_, endpoint)| serves(endpoint));
    let when_kept =
        "it reaches S3 through the endpoint; from outside the VPC administrators still come over the internet";
    vec![Observation::of(resource.label(), kept, when_kept, "its route table has no endpoint for S3")]
}
