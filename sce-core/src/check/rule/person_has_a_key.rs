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
    fix: "put each person's public key into `access.people`, or run `sce keys make`",
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
        let without =
            people?.into_iter().filter(|person| person.key.is_none()).map(|person| format!("`{}`", person.name));
        let without: Vec<String> = without.collect();
        let broken = match without.as_slice() {
            [only] => format!("{only} has an account and no key, and cannot log in"),
            several => format!("{} have an account and no key each, and cannot log in", several.join(", ")),
        };
        Some(Observation::of(label, without.is_empty(), "everyone on it has a key", &broken))
    };
    // A list that cannot be read is told by `people-have-an-account-each`.
    people(facts.model).filter_map(observe).collect()
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::{LEAST, Scene};

    fn message(keyless: &[&str]) -> String {
        let person = |name: &&str| format!("{{ name = \"{name}\", email = \"{name}@example.edu\" }}");
        let people = keyless.iter().map(person).collect::<Vec<_>>().join(", ");
        let scene =
            Scene::of_spec(&format!("{LEAST}[compute.private]\ntype = \"m7i.large\"\n[access]\npeople = [{people}]\n"));
        super::RULE.findings(&scene.facts())[0].message.clone()
    }

    #[test]
    fn everyone_without_a_key_is_named() {
        assert_eq!(message(&["r1"]), "`r1` has an account and no key, and cannot log in");
        let three = "`r1`, `r2`, `r3` have an account and no key each, and cannot log in";
        assert_eq!(message(&["r1", "r2", "r3"]), three);
    }
}
