//! One login for a group is not an option (L225).

use super::machines::people;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};
use crate::machine::Login;

pub(super) static RULE: Rule = Rule {
    id: RuleId("people-have-an-account-each"),
    title: "Everyone has an account and a key of their own",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::required("164.312(a)(2)(i)"), Citation::standard("164.312(d)")],
    nist80053: &[Control::crosswalk("AC-2"), Control::crosswalk("IA-2"), Control::crosswalk("IA-4")],
    document_line: Some(225),
    status: Law::InForce,
    rationale: "The document says that one login is not an option. Two people with one key are one person to the log, \
        and the key outlives the one who leaves. A login called after a team invites the whole team.",
    fix: "give each person a name and a key of their own; `sce keys make` makes a pair",
    cost: "a line of the spec for each person",
    bad: "[compute.private]\n\
        type = \"m7i.large\"\n\
        [access]\n\
        people = [{ name = \"shared\", email = \"lab@example.edu\" }]",
    good: "[compute.private]\n\
        type = \"m7i.large\"\n\
        [access]\n\
        people = [{ name = \"r1\", email = \"r1@example.edu\" }]",
    looks_at: &[Kind::BucketObject],
    examine,
};

/// Logins that are called after no one: accounts of the system, and words for a group.
const NOBODYS: [&str; 14] = [
    "admin",
    "all",
    "class",
    "everyone",
    "ec2-user",
    "group",
    "guest",
    "lab",
    "research",
    "researchers",
    "root",
    "shared",
    "team",
    "ubuntu",
];

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    people(facts.model)
        .map(|(label, people)| match people.as_deref() {
            None => Observation::unknown(label, "the list of people is not as sce writes it"),
            Some(people) => {
                let broken = fault(people);
                let kept = "everyone on it has a name and a key of their own";
                Observation::of(label, broken.is_none(), kept, &broken.unwrap_or_default())
            }
        })
        .collect()
}

/// Everything that is the matter with them, each person named.
fn fault(people: &[Login]) -> Option<String> {
    let named = |faulty: Vec<&Login>, one: &str, many: &str| match faulty.as_slice() {
        [] => None,
        [only] => Some(format!("`{}` {one}", only.name)),
        several => {
            let names: Vec<String> = several.iter().map(|person| format!("`{}`", person.name)).collect();
            Some(format!("{} {many}", names.join(", ")))
        }
    };
    let shares = |person: &&Login| {
        let mut others = people.iter().filter(|other| other.name != person.name);
        person.key.is_some() && others.any(|other| other.key == person.key)
    };
    let nobodys = people.iter().filter(|person| NOBODYS.contains(&person.name.as_str())).collect();
    let shared = people.iter().filter(shares).collect();
    let told = [
        named(nobodys, "is nobody's own login", "are nobody's own logins"),
        named(shared, "shares a key with somebody else", "share a key with somebody else"),
    ];
    let told: Vec<String> = told.into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join("; "))
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::rule::testing::Scene;

    #[test]
    fn a_shared_key_is_a_shared_account() {
        let mut scene = Scene::full();
        let content = scene.bucket_object("people").content.clone();
        let keys: Vec<&str> = content.split('"').filter(|text| text.starts_with("ssh-ed25519")).collect();
        assert_eq!(keys.len(), 2);
        scene.bucket_object("people").content = content.replace(keys[1], keys[0]);
        let findings = super::RULE.findings(&scene.facts());
        assert_eq!(findings[0].message, "`r1`, `r2` share a key with somebody else");
    }

    #[test]
    fn a_list_that_cannot_be_read_is_unknown() {
        let mut scene = Scene::full();
        scene.bucket_object("people").content = "{}".to_owned();
        assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Unknown);
    }
}
