//! Nothing lies in the environment's network that its plan does not have.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity, Status};
use crate::model::Source;

pub(super) static RULE: Rule = Rule {
    id: RuleId("network-holds-only-what-is-planned"),
    title: "Nothing lies in the network that the plan does not have",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(e)(1)")],
    nist80053: &[
        Control::crosswalk("AC-3"),
        Control::judgement("CM-8"),
        Control::judgement("CM-8(3)"),
        Control::judgement("SC-7"),
    ],
    document_line: Some(218),
    status: Law::InForce,
    rationale: "A machine, an endpoint or a peering that somebody put into the network stands beside PHI, and no plan says \
        what it lets in and out. Neither what is claimed of packets nor what an estimate says covers it, so no claim about \
        packets is proved while it is there.",
    fix: "find out whose it is (`sce drift` asks CloudTrail), and take it out of the network",
    cost: "none",
    bad: "i-0abc1234 = { kind = \"instance\", vpc = \"${vpc.id}\", tags = {} }",
    good: "instance-private = { kind = \"instance\", vpc = \"${vpc.id}\", tags = { \"sce:id\" = \"instance-private\" } }",
    looks_at: &[Kind::Vpc],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let model = facts.model;
    let mut found: Vec<Observation> = model
        .foreign
        .iter()
        .map(|foreign| Observation::told(&foreign.id, Status::Broken, foreign.message.clone()))
        .collect();
    if found.is_empty()
        && let Some((vpc, _)) = model.vpcs().next()
    {
        let kept = match model.source {
            Source::Plan => "a plan has only what it plans",
            Source::Account => "nothing lies in it that is not the plan's, or AWS's own addition to what is",
        };
        found.push(Observation::told(vpc.label(), Status::Kept, kept.to_owned()));
    }
    found
}
