//! The key of a log group lets CloudWatch Logs use it (L414-L420).

use super::questions::{any_action_matches, serves_prefix};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::Statement;
use crate::aws::resource::{Kind, KmsKey, LogGroup};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("key-serves-its-log-groups"),
    title: "The key of a log group lets CloudWatch Logs use it",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(b)"), Citation::addressable("164.312(a)(2)(iv)")],
    nist80053: &[Control::crosswalk("AU-4"), Control::judgement("AU-9"), Control::judgement("SC-12")],
    document_line: Some(414),
    status: Law::InForce,
    rationale: "CloudWatch Logs encrypts with the key under its own name, so the key's policy has to let that service in: \
        no role of the account can do it instead. Without that, AWS refuses the log group; if it is taken away later, \
        records are neither written nor read. A key that the organisation looks after may know nothing of this.",
    fix: "let `logs.REGION.amazonaws.com` encrypt and decrypt with the key, for these log groups \
          (`kms:EncryptionContext:aws:logs:arn`)",
    cost: "none",
    bad: r#"key.policy = allow root "kms:*""#,
    good: r#"key.policy = allow "logs.us-west-2.amazonaws.com" "kms:Decrypt", "kms:GenerateDataKey*""#,
    looks_at: &[Kind::KmsKey, Kind::LogGroup],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let model = facts.model;
    model
        .keys()
        .filter_map(|(resource, key)| {
            let has_it = |group: &LogGroup| {
                let used = group.key.as_ref().and_then(|key| model.follow(key));
                used.is_some_and(|used| used.label() == resource.label())
            };
            let (group, _) = model.log_groups().find(|(_, group)| has_it(group))?;
            let broken = format!("its policy does not let CloudWatch Logs encrypt and decrypt for `{}`", group.label());
            Some(Observation::of(resource.label(), lets_logs_in(key), "CloudWatch Logs may use it", &broken))
        })
        .collect()
}

fn lets_logs_in(key: &KmsKey) -> bool {
    let allowed = |action: &str| {
        let allows =
            |statement: &Statement| serves_prefix(statement, "logs.") && any_action_matches(&statement.actions, action);
        key.policy.statements().iter().any(allows)
    };
    ["kms:Decrypt", "kms:GenerateDataKey"].into_iter().all(allowed)
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::Scene;

    #[test]
    fn a_key_that_no_log_group_has_is_not_asked() {
        let mut scene = Scene::clean();
        for group in ["log-group", "log-group-file-table"] {
            scene.log_group(group).key = None;
        }
        assert!(super::RULE.findings(&scene.facts()).is_empty());
    }
}
