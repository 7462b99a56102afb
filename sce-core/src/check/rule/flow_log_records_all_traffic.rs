//! Every VPC has a flow log, and it records accepted and rejected traffic alike (L414).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Kind, Traffic};
use crate::check::{Facts, Severity};
use crate::model::{Model, Resource};

pub(super) static RULE: Rule = Rule {
    id: RuleId("flow-log-records-all-traffic"),
    title: "Every VPC has a flow log of all traffic",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(b)"), Citation::required("164.308(a)(1)(ii)(D)")],
    nist80053: &[
        Control::crosswalk("AU-2"),
        Control::crosswalk("AU-3"),
        Control::crosswalk("AU-6"),
        Control::crosswalk("SI-4"),
        Control::judgement("AU-12"),
    ],
    document_line: Some(414),
    status: Law::InForce,
    rationale: "The document requires the filter to be All. Accepted traffic tells where data went, rejected traffic \
        tells who tried; either alone leaves a question open after an incident. What is not recorded at the time \
        cannot be had later.",
    fix: "give the VPC a flow log with `traffic_type` ALL",
    cost: "CloudWatch Logs charges for each gigabyte taken in",
    bad: r#"flow-log.traffic = "ACCEPT""#,
    good: r#"flow-log.traffic = "ALL""#,
    looks_at: &[Kind::Vpc, Kind::FlowLog],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let model = facts.model;
    let observe = |vpc: &Resource| {
        let recorded: Vec<Traffic> = traffic_recorded(model, vpc).collect();
        let broken =
            if recorded.is_empty() { "no flow log records its traffic" } else { "its flow log leaves out traffic" };
        let kept = "a flow log records all its traffic, as who spoke with whom, not what was said";
        Observation::of(vpc.label(), recorded.contains(&Traffic::All), kept, broken)
    };
    model.vpcs().map(|(vpc, _)| observe(vpc)).collect()
}

fn traffic_recorded(model: &Model, vpc: &Resource) -> impl Iterator<Item = Traffic> {
    let logs =
        model.flow_logs().filter(|(_, log)| model.follow(&log.vpc).is_some_and(|found| found.label() == vpc.label()));
    logs.map(|(_, log)| log.traffic)
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::Scene;

    #[test]
    fn a_missing_flow_log_is_told_from_a_partial_one() {
        let mut scene = Scene::clean();
        scene.remove("flow-log");
        assert_eq!(super::RULE.findings(&scene.facts())[0].message, "no flow log records its traffic");
    }
}
