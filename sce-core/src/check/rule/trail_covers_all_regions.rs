//! The account has a trail, and it sees every region, those that nobody uses among them (L629).

use super::account::{account_trail, nobody_read, promised};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Kind, Trail};
use crate::check::{Facts, Severity};
use crate::model::Source;

pub(super) static RULE: Rule = Rule {
    id: RuleId("trail-covers-all-regions"),
    title: "A CloudTrail trail covers every region",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(b)"), Citation::required("164.308(a)(1)(ii)(D)")],
    nist80053: &[
        Control::crosswalk("AU-2"),
        Control::crosswalk("AU-3"),
        Control::crosswalk("AU-6"),
        Control::judgement("AU-12"),
    ],
    document_line: Some(629),
    status: Law::InForce,
    rationale: "The document says that either you are logging or it is gone. Whoever gets at keys of the account \
        works where nobody looks, and a trail of one region does not see the others. Services without a \
        region, IAM among them, are recorded only when the trail includes them.",
    fix: "run `sce account apply`, or have the organisation's trail changed to cover all regions",
    cost: "CloudTrail's first copy of management events is free; S3 bills what is stored",
    bad: r#"account-trail.all_regions = false"#,
    good: r#"account-trail.all_regions = true"#,
    looks_at: &[Kind::Trail],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    match account_trail(facts.model) {
        Some((resource, trail)) => vec![observe(resource.label(), trail)],
        None if nobody_read(facts.model, Kind::Trail) => Vec::new(),
        None if facts.model.source == Source::Plan => vec![promised(facts, "the trail of every region")],
        None => vec![Observation::of(
            "account-trail",
            false,
            "",
            "the account has no trail: what its users do is not recorded",
        )],
    }
}

fn observe(label: &str, trail: &Trail) -> Observation {
    let broken =
        if trail.all_regions { "it leaves out services without a region" } else { "it records its home region only" };
    Observation::of(label, trail.all_regions && trail.global_events, "every region is recorded", broken)
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::rule::testing::Scene;
    use crate::model::Source;

    #[test]
    fn no_trail_is_a_promise_of_a_plan_and_a_gap_of_an_account() {
        let mut scene = Scene::clean();
        assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Declared);
        scene.model.source = Source::Account;
        assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Broken);
    }

    #[test]
    fn a_trail_that_suffices_counts_whatever_others_are_like() {
        let mut scene = Scene::clean();
        scene.add_trail(|trail| trail.all_regions = false);
        scene.add_trail(|_| {});
        let findings = super::RULE.findings(&scene.facts());
        assert_eq!((findings.len(), findings[0].status), (1, Status::Kept));
    }
}
