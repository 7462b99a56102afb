//! The main route table leads nowhere, so that a subnet which nobody associated reaches nothing (L218, L259, C15).

use super::questions::routes_of;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("main-route-table-is-local-only"),
    title: "The main route table has no route out of the VPC",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(a)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("SC-7(5)"), Control::judgement("CM-6")],
    document_line: Some(259),
    status: Law::InForce,
    rationale: "The main table rules every subnet that nobody gave a table, among them what is made by accident. The \
        document's own main table leads to the NAT gateway (L465-L468), so under the profile `cloudmaven2017` this \
        finding stands and is its own choice. With a local main table, a forgotten association shows as something \
        that cannot get out, rather than as something that can.",
    fix: "give the private subnet a table of its own, and set `network.main_route` to `local`",
    cost: "one more route table, at no charge",
    bad: "[network]\n\
        main_route = \"nat\"",
    good: "[network]\n\
        main_route = \"local\"",
    looks_at: &[Kind::RouteTable, Kind::Route],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let main = facts.model.route_tables().filter(|(_, table)| table.main);
    main.map(|(resource, _)| {
        let local = routes_of(facts.model, resource).next().is_none();
        let kept = "a subnet that nobody associated reaches nothing outside the VPC";
        Observation::of(resource.label(), local, kept, "a subnet that nobody associated gets a way out")
    })
    .collect()
}
