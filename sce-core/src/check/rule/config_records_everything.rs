//! AWS Config tells what changed, where CloudTrail tells what was called (L643, L652).

use super::account::{nobody_read, promised};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{ConfigRecorder, Kind};
use crate::check::{Facts, Severity};
use crate::model::Source;
use crate::spec::ConfigCare;

pub(super) static RULE: Rule = Rule {
    id: RuleId("config-records-everything"),
    title: "AWS Config records every type of resource",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::required("164.308(a)(1)(ii)(D)"), Citation::standard("164.308(a)(8)")],
    nist80053: &[Control::crosswalk("CA-7"), Control::judgement("CM-3"), Control::judgement("CM-8")],
    document_line: Some(652),
    status: Law::InForce,
    rationale: "The document uses both: the trail tells of calls, Config of what they changed. What Config leaves \
        out has no history, and the question after an incident is what a security group or a policy was like \
        that day. It is the account's, not a project's, and AWS allows one recorder a region.",
    fix: "run `sce account apply`, or have the organisation's recorder record every type and start it",
    cost: "Config bills each configuration item that it records",
    bad: r#"account-config.everything = false"#,
    good: r#"account-config.everything = true"#,
    looks_at: &[Kind::ConfigRecorder],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let recorders = facts.model.config_recorders();
    let seen: Vec<Observation> = recorders.map(|(resource, recorder)| observe(resource.label(), recorder)).collect();
    if !seen.is_empty() || nobody_read(facts.model, Kind::ConfigRecorder) {
        return seen;
    }
    match (facts.model.source, facts.declared.account.config) {
        (Source::Account, _) => vec![Observation::of("account-config", false, "", "the region has no Config recorder")],
        (Source::Plan, Some(ConfigCare::None)) => {
            vec![Observation::of("spec", false, "", "the spec does without Config").at("account.config")]
        }
        (Source::Plan, _) => vec![promised(facts, "Config's recorder")],
    }
}

fn observe(label: &str, recorder: &ConfigRecorder) -> Observation {
    let broken = match recorder {
        ConfigRecorder { recording: false, .. } => "it was never started, or was stopped",
        ConfigRecorder { bucket: None, .. } => "it delivers nowhere",
        _ => "it leaves out some types of resources",
    };
    let kept = recorder.recording && recorder.everything && recorder.bucket.is_some();
    Observation::of(label, kept, "every type of resource is recorded", broken)
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::rule::testing::Scene;

    #[test]
    fn to_do_without_it_is_told() {
        let without = Scene::of("[account]\nconfig = \"none\"\n");
        assert_eq!(super::RULE.findings(&without.facts())[0].status, Status::Broken);
    }
}
