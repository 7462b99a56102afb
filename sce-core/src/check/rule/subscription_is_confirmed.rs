//! Whoever is to be told has confirmed the address (L582).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity, Status};

pub(super) static RULE: Rule = Rule {
    id: RuleId("subscription-is-confirmed"),
    title: "Whoever shall be told has confirmed",
    severity_kept: Severity::Info,
    severity_broken: Severity::Low,
    cfr: &[Citation::required("164.308(a)(6)(ii)")],
    nist80053: &[Control::crosswalk("IR-6")],
    document_line: Some(582),
    status: Law::InForce,
    rationale: "SNS sends nothing to an address until somebody there has followed the link in its mail, and forgets the \
        subscription after some days. Until then nobody is told of anything, and nothing else shows it. So an \
        unconfirmed address is no channel to rely on.",
    fix: "follow the link in the mail from AWS Notifications; `sce apply` sends it again once it has expired",
    cost: "none",
    bad: "subscription-abcdefgh.confirmed = false",
    good: "subscription-abcdefgh.confirmed = true",
    looks_at: &[Kind::Subscription],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, confirmed: Option<bool>| {
        let (status, message) = match confirmed {
            Some(true) => (Status::Kept, "the address is confirmed"),
            Some(false) => (Status::Broken, "the address is not confirmed, so nothing is sent to it"),
            None => (Status::Declared, "whoever is there has to confirm by mail once it is built"),
        };
        Observation::told(label, status, message.to_owned())
    };
    let subscriptions = facts.model.subscriptions();
    subscriptions.map(|(resource, subscription)| observe(resource.label(), subscription.confirmed)).collect()
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::rule::testing::Scene;

    #[test]
    fn a_plan_knows_that_people_have_to_confirm() {
        let scene = Scene::of("ancillary = { notify = [\"a@b.edu\"] }\n");
        let findings = super::RULE.findings(&scene.facts());
        assert_eq!((findings.len(), findings[0].status), (1, Status::Declared));
        assert!(scene.open().is_empty());
    }
}
