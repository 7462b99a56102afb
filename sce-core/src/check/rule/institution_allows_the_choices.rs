//! What the spec offers, an institution may forbid.

use super::institution::{against, breach};
use super::machines::machines;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Tenancy;
use crate::check::{Facts, Institution, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("institution-allows-the-choices"),
    title: "No choice is one that the institution forbids",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.316(a)")],
    nist80053: &[Control::crosswalk("PL-1"), Control::crosswalk("RA-1"), Control::judgement("CM-6")],
    document_line: Some(351),
    status: Law::InForce,
    rationale: "A spec leaves choices open that suit one study and not an institution: a bastion, a way out, \
        hardware of a kind. Forbidden once, a choice need not be argued again in each environment. The rule tells \
        the builder before anything is built, not the auditor afterwards.",
    fix: "choose otherwise, or have the institution take it out of `forbid`",
    cost: "none",
    bad: r#"# policy: forbid.access = ["bastion"]
[access]
mode = "bastion""#,
    good: r#"# policy: forbid.access = ["bastion"]
[access]
mode = "session-manager""#,
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let kept = |institution: &Institution| {
        let forbid = &institution.forbid;
        let says = !(forbid.access.is_empty()
            && forbid.egress.is_empty()
            && forbid.profile.is_empty()
            && forbid.tenancy.is_empty()
            && forbid.laptop.is_empty()
            && forbid.instance_families.is_empty());
        says.then(|| format!("no choice is one that {} forbids", institution.name))
    };
    against(facts, kept, |institution| {
        choices(facts, institution).chain(tenancies(facts, institution)).chain(families(facts, institution)).collect()
    })
}

/// Of what the spec chooses.
fn choices<'a>(facts: &Facts<'a>, institution: &Institution) -> impl Iterator<Item = Observation> {
    let (declared, forbid) = (facts.declared, &institution.forbid);
    let chosen = [
        ("access.mode", forbid.access.contains(&declared.access.mode)),
        ("network.egress", forbid.egress.contains(&declared.egress)),
        ("profile", forbid.profile.contains(&declared.profile)),
        ("access.laptop", declared.machine.is_some() && forbid.laptop.contains(&declared.access.laptop)),
    ];
    let told = |place: &str| {
        let value = declared.value(place).as_str().unwrap_or_default();
        breach("spec", &format!("{} forbids `{place} = \"{value}\"`", institution.name)).at(place)
    };
    let told: Vec<Observation> =
        chosen.iter().filter(|(_, forbidden)| *forbidden).map(|(place, _)| told(place)).collect();
    told.into_iter()
}

/// Of networks, whose tenancy binds every machine in them.
fn tenancies(facts: &Facts<'_>, institution: &Institution) -> impl Iterator<Item = Observation> {
    let word = |tenancy| match tenancy {
        Tenancy::Default => "default",
        Tenancy::Dedicated => "dedicated",
    };
    facts.model.vpcs().filter(|(_, vpc)| institution.forbid.tenancy.contains(&vpc.tenancy)).map(
        move |(resource, vpc)| {
            breach(resource.label(), &format!("{} forbids {} tenancy", institution.name, word(vpc.tenancy)))
        },
    )
}

/// Of machines, and of the templates that make the next ones.
fn families(facts: &Facts<'_>, institution: &Institution) -> impl Iterator<Item = Observation> {
    machines(facts.model).filter_map(move |machine| {
        let family = machine.instance_type.split('.').next()?;
        let forbidden = institution.forbid.instance_families.iter().any(|other| other == family);
        let message = format!("{} forbids machines of family `{family}`", institution.name);
        forbidden.then(|| breach(machine.label, &message))
    })
}
