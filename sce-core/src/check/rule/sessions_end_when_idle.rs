//! A session ends when nobody types any more (45 CFR 164.312(a)(2)(iii)).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("sessions-end-when-idle"),
    title: "Sessions end after half an hour without input at most",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::addressable("164.312(a)(2)(iii)")],
    nist80053: &[Control::crosswalk("AC-12"), Control::judgement("AC-11")],
    document_line: None,
    status: Law::InForce,
    rationale: "A session left open in a coffee shop is open to whoever sits down. The Security Rule asks for sessions \
        that end by themselves after a set time and leaves the time to the institution. Half an hour is the longest \
        that is still a precaution.",
    fix: "set `access.idle_minutes` to 30 or less",
    cost: "people log in again after a long lunch; long analyses belong into `tmux` or a batch job",
    bad: "[access]\n\
        idle_minutes = 60",
    good: "[access]\n\
        idle_minutes = 15",
    looks_at: &[Kind::SessionDocument],
    examine,
};

/// The longest idle time that this rule takes for one.
const MOST: u32 = 30;

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, minutes: u32| {
        let kept = format!("a session ends after {minutes} minute(s) without input");
        let broken = format!("a session stays open for {minutes} minutes without input");
        Observation::of(label, (1..=MOST).contains(&minutes), &kept, &broken)
    };
    let documents = facts.model.session_documents();
    let documents = documents.map(|(resource, document)| observe(resource.label(), document.idle_minutes));
    let asked = observe("spec", facts.declared.access.idle_minutes).at("access.idle_minutes");
    std::iter::once(asked).chain(documents).collect()
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::Scene;

    #[test]
    fn the_document_is_judged_beside_the_spec() {
        let mut scene = Scene::with_machine();
        scene.session_document("session-document").idle_minutes = 45;
        let findings = super::RULE.findings(&scene.facts());
        let open: Vec<&str> =
            findings.iter().filter(|finding| finding.open()).map(|finding| finding.resource.as_str()).collect();
        assert_eq!(open, ["session-document"]);
    }
}
