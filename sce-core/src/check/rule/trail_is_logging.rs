//! A trail that is switched off records nothing and looks as if it were there (L629).

use super::account::on_trail;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("trail-is-logging"),
    title: "The account's trail is logging",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(b)"), Citation::required("164.308(a)(1)(ii)(D)")],
    nist80053: &[Control::crosswalk("AU-2"), Control::crosswalk("AU-6"), Control::judgement("AU-12")],
    document_line: Some(629),
    status: Law::InForce,
    rationale: "A new trail records nothing until it is told to, and one that was stopped looks the same in every \
        list. Switching the trail off is what an intruder does first. Reading calls count as much as writing \
        ones, since they tell what somebody learned.",
    fix: "run `sce account apply`, which starts it, or have its owner start it",
    cost: "none beyond the trail's",
    bad: r#"account-trail.logging = false"#,
    good: r#"account-trail.logging = true"#,
    looks_at: &[Kind::Trail],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    on_trail(facts, "a trail that is logging", |label, trail| {
        let broken = if trail.logging {
            "it leaves out calls that manage things"
        } else {
            "it was never started, or was stopped"
        };
        Observation::of(label, trail.logging && trail.management_events, "it is logging", broken)
    })
}
