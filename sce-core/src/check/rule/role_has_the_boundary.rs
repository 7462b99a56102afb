//! Where the organisation bounds what its roles may do, ours are bound too.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("role-has-the-boundary"),
    title: "Every role has the permissions boundary that the organisation demands",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.308(a)(4)(i)"), Citation::standard("164.312(a)(1)")],
    nist80053: &[Control::crosswalk("AC-6"), Control::crosswalk("AC-2")],
    document_line: Some(234),
    status: Law::InForce,
    rationale: "Whoever may make roles can make one that may do more than he. A permissions boundary on each of them is \
        how central IT lets others make roles without handing out the account. A role without it is a way round that, \
        whoever made it and however narrow its policies are today.",
    fix: "put the boundary on the role: `sce apply` does, where the spec's `account.permissions_boundary` names it",
    cost: "none while the boundary allows what the role's own policies do",
    bad: "a role without PermissionsBoundary, and in the spec account.permissions_boundary",
    good: "[account]\n\
        permissions_boundary = \"arn:aws:iam::111122223333:policy/Boundary\"",
    looks_at: &[Kind::Role],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let Some(boundary) = &facts.declared.permissions_boundary else { return Vec::new() };
    let observe = |label: &str, found: Option<&str>| {
        let when_broken = match found {
            Some(other) => format!("its boundary is `{other}`, and shall be `{boundary}`"),
            None => format!("it has no boundary, and shall have `{boundary}`"),
        };
        Observation::of(label, found == Some(boundary.as_str()), "it has the boundary that is demanded", &when_broken)
    };
    let boundary_of = |role: &crate::aws::resource::Role| role.permissions_boundary.as_ref().map(ToString::to_string);
    facts.model.roles().map(|(resource, role)| observe(resource.label(), boundary_of(role).as_deref())).collect()
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::Scene;

    const BOUND: &str = "[account]\npermissions_boundary = \"arn:aws:iam::111122223333:policy/Boundary\"\n";

    #[test]
    fn planned_roles_have_the_boundary_and_others_are_named() {
        let mut scene = Scene::of(BOUND);
        assert_eq!(scene.open(), [].into());
        scene.role("flow-log-role").permissions_boundary = "arn:aws:iam::111122223333:policy/Wide".parse().ok();
        let finding = super::RULE.findings(&scene.facts()).into_iter().find(crate::check::Finding::open).unwrap();
        assert_eq!(
            finding.message,
            "its boundary is `arn:aws:iam::111122223333:policy/Wide`, and shall be `arn:aws:iam::111122223333:policy/Boundary`"
        );
    }
}
