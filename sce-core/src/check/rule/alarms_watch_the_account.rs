//! Somebody hears of what should not happen: root at work, failed sign-ins, changed policies, networks, trails and keys.

use super::account::{account_trail, nobody_read, promised};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Alarm, Kind};
use crate::check::{Facts, Severity, Status};
use crate::model::{Model, Source};
use crate::plan::account::{WATCHES, Watch};

pub(super) static RULE: Rule = Rule {
    id: RuleId("alarms-watch-the-account"),
    title: "Alarms watch what the trail records",
    severity_kept: Severity::Low,
    severity_broken: Severity::Medium,
    cfr: &[
        Citation::required("164.308(a)(1)(ii)(D)"),
        Citation::required("164.308(a)(6)(ii)"),
        Citation::addressable("164.308(a)(5)(ii)(C)"),
    ],
    nist80053: &[Control::crosswalk("SI-4"), Control::crosswalk("AU-6"), Control::crosswalk("IR-4")],
    document_line: Some(643),
    status: Law::InForce,
    rationale: "Logs that nobody reads tell of a breach when it is over. The document uses trail and Config together \
        to see whether something of concern is happening. Alarms that tell nobody still show in CloudWatch, \
        and nobody may look there.",
    fix: "run `sce account apply`, with `account.notify` set to an SNS topic that somebody reads",
    cost: "CloudWatch bills each alarm and each metric",
    bad: r#"alarm-root-use is missing"#,
    good: r#"alarm-root-use.metric = 'root-use'"#,
    looks_at: &[Kind::Alarm, Kind::MetricFilter, Kind::Trail],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let model = facts.model;
    let alarms: Vec<&Alarm> = model.alarms().map(|(_, alarm)| alarm).collect();
    let seen = !alarms.is_empty() || model.metric_filters().next().is_some();
    if !seen && [Kind::Alarm, Kind::MetricFilter, Kind::Trail].iter().any(|kind| nobody_read(model, *kind)) {
        return Vec::new();
    }
    if !seen && model.source == Source::Plan {
        return vec![match facts.declared.account.alarms {
            true => promised(facts, "alarms on the trail's events"),
            false => Observation::of("spec", false, "", "the spec does without alarms").at("account.alarms"),
        }];
    }
    if !seen && account_trail(model).is_some_and(|(_, trail)| trail.organization) {
        let message = "declared: the organisation watches its trail, which cannot be seen from here".to_owned();
        return vec![Observation::told("account", Status::Declared, message)];
    }
    vec![observe(model, &alarms)]
}

fn observe(model: &Model, alarms: &[&Alarm]) -> Observation {
    let missing: Vec<&str> =
        WATCHES.iter().filter(|watch| !is_watched(model, alarms, watch)).map(|watch| watch.title).collect();
    let heard = alarms.iter().any(|alarm| alarm.enabled && !alarm.tells.is_empty());
    let kept = if heard {
        "every class of events has its alarm"
    } else {
        "every class of events has its alarm, and none tells anybody"
    };
    Observation::of("account", missing.is_empty(), kept, &format!("no alarm watches {}", missing.join(", ")))
}

/// Whether some filter counts these events, and an alarm looks at the count.
fn is_watched(model: &Model, alarms: &[&Alarm], watch: &Watch) -> bool {
    model.metric_filters().filter(|(_, filter)| watch.is_counted_by(&filter.pattern)).any(|(_, filter)| {
        alarms.iter().any(|alarm| alarm.namespace == filter.namespace && alarm.metric == filter.metric)
    })
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::rule::testing::Scene;

    #[test]
    fn a_filter_without_an_alarm_watches_nothing() {
        let mut scene = Scene::clean();
        scene.add_alarms();
        assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Kept);
        scene.remove("alarm-root-use");
        let found = &super::RULE.findings(&scene.facts())[0];
        assert_eq!((found.status, found.message.as_str()), (Status::Broken, "no alarm watches use of the root user"));
    }

    #[test]
    fn an_organisations_trail_is_watched_elsewhere() {
        let mut scene = Scene::clean();
        scene.model.source = crate::model::Source::Account;
        scene.add_trail(|trail| trail.organization = true);
        assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Declared);
    }
}
