//! A function belongs to triggers and orchestration, and so does not read data (L280-L282).

use super::questions::any_action_matches;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::{Effect, Statement};
use crate::aws::resource::{Function, Kind, Properties, Role};
use crate::check::{Facts, Severity};
use crate::model::{Model, Resource};

pub(super) static RULE: Rule = Rule {
    id: RuleId("function-reads-no-objects"),
    title: "No function may read objects",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::addressable("164.308(a)(4)(ii)(B)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::crosswalk("AC-6")],
    document_line: Some(280),
    status: Law::InForce,
    rationale: "The document parts services into those that trigger and orchestrate, which never see PHI, and those that \
        hold it and compute with it. The function that keeps the table needs a notification, which has names and \
        sizes, and no content. A role that may read objects would move it, its logs and its dead letters into the \
        other class.",
    fix: "take `s3:GetObject` out of the role's policies; read data on the private instance instead",
    cost: "none",
    bad: r#"{"Effect": "Allow",
 "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::hipaa-data-111122223333-us-west-2/*"}"#,
    good: r#"{"Effect": "Allow",
 "Action": "dynamodb:PutItem",
 "Resource": "arn:aws:dynamodb:us-west-2:111122223333:table/hipaa_filetable"}"#,
    looks_at: &[Kind::Function, Kind::Role, Kind::ManagedPolicy],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    facts.model.functions().map(|(resource, function)| observe(facts.model, resource, function)).collect()
}

fn observe(model: &Model, resource: &Resource, function: &Function) -> Observation {
    let role = model.follow(&function.role).map(|role| &role.properties);
    let Some(Properties::Role(role)) = role else {
        return Observation::unknown(resource.label(), "its role is not the project's, so what it may do is not known");
    };
    match may_read(model, role) {
        None => Observation::unknown(resource.label(), "its role has a policy that is not the project's"),
        Some(reads) => {
            let when_kept = "its role may read no object";
            Observation::of(resource.label(), !reads, when_kept, "its role may read objects")
        }
    }
}

/// Whether the role's policies let it read objects; none where one of them is not known.
fn may_read(model: &Model, role: &Role) -> Option<bool> {
    let mut reads = false;
    for policy in &role.policies {
        let Properties::ManagedPolicy(policy) = &model.follow(policy)?.properties else { return None };
        reads |= policy.document.statements().iter().any(allows_reading);
    }
    (reads || role.inline_policies.is_empty()).then_some(reads)
}

fn allows_reading(statement: &Statement) -> bool {
    let reading = ["s3:GetObject", "s3:GetObjectVersion"];
    let named = reading.iter().any(|action| any_action_matches(&statement.actions, action));
    let left_in = !statement.not_actions.is_empty()
        && !reading.iter().all(|action| any_action_matches(&statement.not_actions, action));
    statement.effect == Effect::Allow && (named || left_in)
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::rule::testing::Scene;
    use crate::value::Value;

    #[test]
    fn what_its_role_may_do_is_unknown_with_a_policy_of_others() {
        let mut scene = Scene::clean();
        let theirs = Value::Known("arn:aws:iam::aws:policy/AdministratorAccess".parse().unwrap());
        scene.role("file-table-role").policies.insert(theirs);
        let findings = super::RULE.findings(&scene.facts());
        assert_eq!((findings.len(), findings[0].status), (1, Status::Unknown));
        let mut scene = Scene::clean();
        scene.role("file-table-role").inline_policies.insert("theirs".to_owned());
        assert_eq!(super::RULE.findings(&scene.facts())[0].status, Status::Unknown);
    }
}
