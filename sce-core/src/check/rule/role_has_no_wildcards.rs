//! Roles may do what they are for, and policies say so by name (L234, L1144).

use super::questions::{any_action_matches, any_resource_matches, grants_everyone};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::{Effect, Statement};
use crate::aws::resource::{Kind, Role};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("role-has-no-wildcards"),
    title: "No role of the environment may do everything",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::addressable("164.308(a)(4)(ii)(C)")],
    nist80053: &[Control::crosswalk("AC-2"), Control::crosswalk("AC-3"), Control::crosswalk("AC-6")],
    document_line: Some(1144),
    status: Law::InForce,
    rationale: "A policy that allows every action of a service on every resource makes whoever gets hold of the role \
        its master. Inline policies hide grants where no list of policies shows them, and a trust policy for \
        everyone hands the role to any account. The plan has none of these, so one that appears was added by hand.",
    fix: "name the actions and resources that the role needs, in a managed policy",
    cost: "each new need takes a change of a policy",
    bad: r#"{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}"#,
    good: r#"{"Effect": "Allow",
 "Action": "logs:PutLogEvents",
 "Resource": "arn:aws:logs:us-west-2:111122223333:log-group:hipaa_loggroup:*"}"#,
    looks_at: &[Kind::Role, Kind::ManagedPolicy],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let roles = facts.model.roles().map(|(resource, role)| observe_role(resource.label(), role));
    let policies = facts.model.managed_policies().map(|(resource, policy)| {
        let kept = !policy.document.statements().iter().any(allows_everything);
        let when_kept = "it names the actions or the resources that it allows";
        Observation::of(resource.label(), kept, when_kept, "it allows every action of a service on every resource")
    });
    roles.chain(policies).collect()
}

fn observe_role(label: &str, role: &Role) -> Observation {
    let anyone =
        role.trust.statements().iter().any(|statement| grants_everyone(statement) && statement.conditions.is_empty());
    let broken = match role.inline_policies.len() {
        _ if anyone => "anybody may take it on".to_owned(),
        inline => format!("{inline} inline polic(ies) grant what no managed policy shows"),
    };
    let kept = !anyone && role.inline_policies.is_empty();
    Observation::of(label, kept, "its grants are all in managed policies", &broken)
}

/// An action pattern that fits an action which no service has fits them all.
fn allows_everything(statement: &Statement) -> bool {
    let services = statement.actions.iter().filter_map(|action| action.known()?.split(':').next());
    let mut probes = services.map(|service| format!("{service}:AnActionThatNoServiceHas"));
    let every_action =
        !statement.not_actions.is_empty() || probes.any(|probe| any_action_matches(&statement.actions, &probe));
    let every_resource =
        !statement.not_resources.is_empty() || any_resource_matches(&statement.resources, "a-resource-that-nobody-has");
    statement.effect == Effect::Allow && every_action && every_resource
}

#[cfg(test)]
mod tests {
    use super::allows_everything;
    use crate::aws::policy::{Statement, text};
    use crate::check::rule::testing::Scene;

    #[test]
    fn everything_of_a_service_is_everything() {
        let allow =
            |action: &'static str, resource: &str| Statement::allow("A").actions([action]).resources([text(resource)]);
        for action in ["*", "s3:*", "*:*", "S3:**"] {
            assert!(allows_everything(&allow(action, "*")), "{action}");
            assert!(!allows_everything(&allow(action, "arn:aws:s3:::b/*")), "{action}");
        }
        assert!(!allows_everything(&allow("s3:Get*", "*")));
        let but = Statement { actions: [].into(), not_actions: [text("iam:*")].into(), ..allow("s3:*", "*") };
        assert!(allows_everything(&but));
    }

    #[test]
    fn inline_policies_are_counted() {
        let mut scene = Scene::clean();
        scene.role("flow-log-role").inline_policies.insert("extra".to_owned());
        let findings = super::RULE.findings(&scene.facts());
        let open = findings.iter().find(|finding| finding.open()).unwrap();
        assert_eq!(open.message, "1 inline polic(ies) grant what no managed policy shows");
    }
}
