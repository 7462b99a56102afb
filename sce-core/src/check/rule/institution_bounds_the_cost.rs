//! What a month may cost is decided before it is spent (L26).

use super::{Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Institution, Severity, Status};

pub(super) static RULE: Rule = Rule {
    id: RuleId("institution-bounds-the-cost"),
    title: "The estimate for a month in use lies under the institution's ceiling",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[],
    nist80053: &[Control::judgement("SA-2")],
    document_line: Some(26),
    status: Law::InForce,
    rationale: "A budget is promised before the build, and the bill comes a month after it. The estimate is rough \
        and by list price, which is enough to see that an environment is twice as dear as was agreed. What has no \
        price is left out of it and said.",
    fix: "choose smaller machines, let `hours_per_week` of the policy say when they run, or have the ceiling raised",
    cost: "a budget once a study",
    bad: r#"# policy: cost.monthly_ceiling = "50"
[compute.private]
type = "m7i.large""#,
    good: r#"# policy: cost.monthly_ceiling = "500"
[compute.private]
type = "m7i.large""#,
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let Some(institution) = &facts.terms.institution else { return Vec::new() };
    let Some(ceiling) = institution.cost.monthly_ceiling else { return Vec::new() };
    let Some(estimate) = &facts.terms.estimate else {
        return vec![Observation::told("plan", Status::Unknown, "what a month costs is not known".to_owned())];
    };
    let (cost, Institution { name, .. }) = (estimate.states.running, institution);
    let beside = match estimate.left_out.len() {
        0 => String::new(),
        _ => ", without what has no price".to_owned(),
    };
    let told = |what: &str| {
        let (cost, ceiling) = (cost.to_cents(), ceiling.to_cents());
        format!("a month in use is estimated at {cost} USD{beside}, {what} the {ceiling} USD that {name} allows")
    };
    // What has no price might be what costs most.
    if cost <= ceiling && !estimate.unpriced.is_empty() {
        let message = format!("{}; no price is known of {}", told("within"), estimate.unpriced.join(", "));
        return vec![Observation::told("plan", Status::Unknown, message)];
    }
    vec![Observation::of("plan", cost <= ceiling, &told("within"), &told("above"))]
}
