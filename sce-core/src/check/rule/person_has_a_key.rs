//! Whoever has an account also has a key, or cannot log in.

use super::machines::people;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};
use crate::machine::Login;

pub(super) static RULE: Rule = Rule {
    id: RuleId("person-has-a-key"),
    title: "Everyone with an account can log in",
    severity_kept: Severity::Info,
    severity_broken: Severity::Low,
    cfr: &[Citation::addressable("164.308(a)(4)(ii)(C)")],
    nist80053: &[Control::crosswalk("AC-2"), Control::judgement("IA-5")],
    document_line: Some(225),
    status: Law::InForce,
    rationale: "Accounts have no passwords, so one without a key lets nobody in. Those who cannot log in borrow the \
        login of those who can. A key made too late is made in a hurry and sent by mail.",
    fix: "put the person's public key into `access.people`, or run `sce keys make`",
    cost: "a minute for each person",
    bad: "[compute.private]\n\
        type = \"m7i.large\"\n\
        [access]\n\
        people = [{ name = \"r1\", email = \"r1@example.edu\" }]",
    good: "[compute.private]\n\
        type = \"m7i.large\"\n\
        [access]\n\
        people = [{ name = \"r1\", email = \"r1@example.edu\", key = \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS\" }]",
    looks_at: &[Kind::BucketObject],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |(label, people): (&str, Option<Vec<Login>>)| {
        let without = people?.into_iter().find(|person| person.key.is_none()).map(|person| person.name);
        let broken =
            format!("`{}` has an account and no key, and cannot log in", without.as_deref().unwrap_or_default());
        Some(Observation::of(label, without.is_none(), "everyone on it has a key", &broken))
    };
    // A list that cannot be read is told by `people-have-an-account-each`.
    people(facts.model).filter_map(observe).collect()
}
