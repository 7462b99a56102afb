//! No name and no tag looks like an identifier of a person (L93, L257, L633).

use std::collections::BTreeMap;

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::Declared;
use crate::check::{Facts, Severity};
use crate::identifiers::{Allowed, Kind, Review, refused, scan};
use crate::model::Resource;
use crate::pit::TAG_NODE;

pub(super) static RULE: Rule = Rule {
    id: RuleId("names-carry-no-identifiers"),
    title: "Names and tags carry nothing that identifies a person",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[
        Citation::other("164.502(b)(1)"),
        Citation::other("164.514(b)(2)(i)"),
        Citation::required("164.308(a)(1)(ii)(B)"),
    ],
    nist80053: &[Control::judgement("PM-25"), Control::judgement("SI-12")],
    document_line: Some(93),
    status: Law::InForce,
    rationale: "Names and tags stand in logs, bills and listings that are not protected as data is. The document \
        forbids PHI in names three times. This is a lint: it knows identifiers by their shape and suspects; a person \
        decides.",
    fix: "rename it after a study code, or list it under `names.reviewed` with the reason why it is no PHI",
    cost: "a look at each suspicion",
    bad: r#"bucket-data.tags = { note = "ssn 123-45-6789" }"#,
    good: r#"bucket-data.tags = { note = "cohort B" }"#,
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let allowed = reviewed(facts.declared);
    let review = Review { owner: Some(&facts.declared.owner), allowed: &allowed, ..Review::default() };
    // Most things bear the same tags.
    let mut told = BTreeMap::new();
    let resources = facts.model.resources.iter();
    let logins = facts.declared.access.people.iter().enumerate();
    let broken: Vec<Observation> = resources
        .filter_map(|resource| suspicion(resource, &review, &mut told))
        .chain(logins.filter_map(|(index, person)| {
            let suspicious = suspicious_login(&person.name, &review)?;
            Some(suspicious.at(format!("access.people.{index}.name")))
        }))
        .collect();
    match broken.as_slice() {
        [] => vec![Observation::of(
            "spec",
            true,
            "no name or tag looks like an identifier, as far as its shape can tell",
            "",
        )],
        _ => broken,
    }
}

/// The first suspicion of a thing; what is told of a text is kept.
fn suspicion<'a>(
    resource: &'a Resource,
    review: &Review<'_>,
    told: &mut BTreeMap<&'a str, Option<String>>,
) -> Option<Observation> {
    let scanned = |text| refused(&scan(text, review)).next().map(ToString::to_string);
    let found = texts(resource).find_map(|text| told.entry(text).or_insert_with(|| scanned(text)).clone())?;
    Some(Observation::of(resource.label(), false, "", &format!("a name or tag {found}")))
}

/// Logins stand in every log. One made of its owner's name is none of a patient's, so that names alone are not suspected.
fn suspicious_login(login: &str, review: &Review<'_>) -> Option<Observation> {
    let suspicions = scan(login, review);
    let found = refused(&suspicions).find(|suspicion| suspicion.kind != Kind::PersonName)?;
    Some(Observation::of("spec", false, "", &format!("a login {found}")))
}

/// What people wrote. The digest in `sce:node` is not theirs, and its digits may look like anything.
fn texts(resource: &Resource) -> impl Iterator<Item = &str> {
    let tags = resource.tags.iter().filter(|(key, _)| *key != TAG_NODE);
    std::iter::once(resource.name.as_str()).chain(tags.flat_map(|(key, value)| [key.as_str(), value.as_str()]))
}

fn reviewed(declared: &Declared) -> Vec<Allowed> {
    let allowed = |name: &crate::spec::Reviewed| Allowed { pattern: name.pattern.clone(), reason: name.reason.clone() };
    declared.reviewed.iter().map(allowed).collect()
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::rule::testing::Scene;
    use crate::spec::Reviewed;

    fn noted() -> Scene {
        let mut scene = Scene::clean();
        scene.resource("bucket-data").tags.insert("note".to_owned(), "ssn 123-45-6789".to_owned());
        scene
    }

    #[test]
    fn account_numbers_in_names_are_not_suspected() {
        let accounts = (0..2000_u64).map(|n| format!("{:012}", n * 998_244_353_777 % 1_000_000_000_000));
        let mut scene = Scene::clean();
        scene.model.resources.truncate(1);
        for account in accounts {
            scene.model.resources[0].name = format!("hipaa-data-{account}-us-west-2");
            assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Kept, "{account}");
        }
    }

    #[test]
    fn logins_are_seen_and_their_owners_names_are_not_suspected() {
        let of = |login: &str| {
            let mut scene = Scene::full();
            scene.declared.access.people[0].name = login.to_owned();
            super::RULE.findings(&scene.facts())
        };
        let findings = of("ssn-123-45-6789");
        assert_eq!((findings[0].resource.as_str(), findings[0].status), ("spec", Status::Broken));
        assert!(findings[0].message.starts_with("a login ") && !findings[0].message.contains("123"));
        assert_eq!(of("james-smith")[0].status, Status::Kept);
    }

    #[test]
    fn what_was_seen_is_not_repeated() {
        let findings = super::RULE.findings(&noted().facts());
        assert_eq!((findings.len(), findings[0].resource.as_str()), (1, "bucket-data"));
        assert!(!findings[0].message.contains("123"), "{}", findings[0].message);
    }

    #[test]
    fn what_was_reviewed_may_stay() {
        let mut scene = noted();
        scene.declared.reviewed = vec![Reviewed { pattern: "ssn*".to_owned(), reason: "a test value".to_owned() }];
        assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Kept);
    }
}
