//! Log events stay as long as the spec says (L117: logs are preserved).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("log-group-keeps-logs-long-enough"),
    title: "Log groups keep events as long as the spec asks",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(b)"), Citation::required("164.308(a)(1)(ii)(D)")],
    nist80053: &[Control::crosswalk("AU-4"), Control::crosswalk("AU-6"), Control::judgement("AU-11")],
    document_line: Some(117),
    status: Law::InForce,
    rationale: "A breach is often found months after it happened, and then the logs of that day are wanted. Events \
        that have expired cannot be had back, and a shortened period deletes at once. Keeping them for ever is \
        longer than asked, and kept.",
    fix: "set the log group's retention to `retention.logs_days` or longer",
    cost: "storage, at CloudWatch Logs' price for each gigabyte and month",
    bad: "log-group.retention_days = 30   # and the spec asks for 2192",
    good: "log-group.retention_days = 2192",
    looks_at: &[Kind::LogGroup],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let asked = facts.declared.logs_days;
    let groups = facts.model.log_groups();
    groups.map(|(resource, group)| observe(resource.label(), group.retention_days, asked)).collect()
}

fn observe(label: &str, days: Option<u32>, asked: u32) -> Observation {
    match days {
        None => Observation::of(label, true, "events are kept for ever", ""),
        Some(days) => {
            let kept = format!("events are kept for {days} days");
            let broken = format!("events are kept for {days} days, and the spec asks for {asked}");
            Observation::of(label, days >= asked, &kept, &broken)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::Status;

    #[test]
    fn as_asked_or_longer_is_kept() {
        let cases =
            [(None, Status::Kept), (Some(365), Status::Kept), (Some(400), Status::Kept), (Some(364), Status::Broken)];
        for (days, status) in cases {
            assert_eq!(super::observe("log-group", days, 365).status, status, "{days:?}");
        }
    }
}
