//! Machines report their metrics every minute (L264-L265).

use super::machines::observe_machines;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("instance-is-monitored-in-detail"),
    title: "Machines report their metrics every minute",
    severity_kept: Severity::Info,
    severity_broken: Severity::Low,
    cfr: &[Citation::required("164.308(a)(1)(ii)(D)")],
    nist80053: &[Control::crosswalk("SI-4"), Control::crosswalk("CA-7")],
    document_line: Some(265),
    status: Law::InForce,
    rationale: "The document asks whether to tick the box for detailed monitoring and answers yes. With five minutes \
        between figures a short burst of copying disappears in an average. One minute shows it, and alarms act the \
        sooner.",
    fix: "switch detailed monitoring on in the template and on the machine",
    cost: "about two dollars a machine and month; more than one figure a minute stops paying",
    bad: "instance-private.detailed_monitoring = false",
    good: "instance-private.detailed_monitoring = true",
    looks_at: &[Kind::Instance, Kind::LaunchTemplate],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let kept = "its metrics come every minute";
    observe_machines(facts, |machine| machine.detailed_monitoring, kept, "its metrics come only every five minutes")
}
