//! Nobody of another account sends to, reads from or calls what goes on around the data.

use super::questions::{account, refuses_on_itself};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::policy::{Conditions, Policy, text};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};
use crate::model::Resource;

pub(super) static RULE: Rule = Rule {
    id: RuleId("ancillary-stays-in-the-account"),
    title: "Queues, topic and function take nothing from other accounts",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::addressable("164.308(a)(4)(ii)(B)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::crosswalk("AC-6")],
    document_line: Some(577),
    status: Law::InForce,
    rationale: "A queue or topic that another account may read tells that account of every file. One that it may write \
        to, or a function that it may call, lets it put entries into the table that nobody uploaded. A refusal by \
        account stands above whatever else a policy grants; a function's policy has grants only, so it may have no \
        other than ours.",
    fix: "deny everyone whose `aws:PrincipalAccount` is not the account's, and remove other statements from the function's policy",
    cost: "workers of another account need a queue of their own",
    bad: r#"{"Effect": "Allow", "Principal": "*",
 "Action": "sqs:SendMessage",
 "Resource": "arn:aws:sqs:us-west-2:111122223333:hipaa_queue"}"#,
    good: r#"{"Effect": "Deny", "Principal": "*",
 "Action": "sqs:*",
 "Resource": "arn:aws:sqs:us-west-2:111122223333:hipaa_queue",
 "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}}"#,
    looks_at: &[Kind::Queue, Kind::Topic, Kind::FunctionPermission],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let account = account(facts.model);
    let queue_actions = ["sqs:ReceiveMessage", "sqs:SendMessage"];
    let topic_actions = ["sns:Publish", "sns:Subscribe"];
    let queues = facts.model.queues();
    let queues = queues.map(|(resource, queue)| observe(resource, queue.policy.as_ref(), &queue_actions, account));
    let topics = facts.model.topics();
    let topics = topics.map(|(resource, topic)| observe(resource, topic.policy.as_ref(), &topic_actions, account));
    let permissions = facts.model.function_permissions().map(|(resource, permission)| {
        let kept = permission.others.is_empty() && account == Some(permission.source_account.as_str());
        let when_kept = "only the data bucket of this account may call it";
        Observation::of(resource.label(), kept, when_kept, "others than the data bucket of this account may call it")
    });
    queues.chain(topics).chain(permissions).collect()
}

fn observe(resource: &Resource, policy: Option<&Policy>, actions: &[&str], account: Option<&str>) -> Observation {
    let Some(account) = account else {
        return Observation::unknown(resource.label(), "the account is not known, since the registry is not there");
    };
    let others = of_another_account(account);
    let kept = refuses_on_itself(resource, policy, actions, |conditions| *conditions == others);
    let when_kept = "principals of other accounts are refused";
    Observation::of(resource.label(), kept, when_kept, "principals of other accounts are not refused")
}

/// This condition and no other: every further one would let somebody pass.
fn of_another_account(account: &str) -> Conditions {
    let values = [text(account)].into();
    [("StringNotEquals".to_owned(), [("aws:PrincipalAccount".to_owned(), values)].into())].into()
}

#[cfg(test)]
mod tests {
    use super::observe;
    use crate::aws::policy::{Policy, Statement, text};
    use crate::check::Status;
    use crate::check::rule::testing::Scene;
    use crate::value::{Reference, Value};

    #[test]
    fn a_refusal_counts_for_this_queue_and_this_account_only() {
        let mut scene = Scene::clean();
        let queue = scene.resource("queue").clone();
        let deny = |arn: &str, account: &str| {
            let arn = Reference::parse(arn).map_or_else(|| text(arn), Value::Ref);
            let deny = Statement::deny("D").everyone().actions(["sqs:*"]).resources([arn]);
            Policy::new(vec![deny.when("StringNotEquals", "aws:PrincipalAccount", [text(account)])])
        };
        let ours = "arn:aws:sqs:us-west-2:111122223333:hipaa_queue";
        let cases = [
            (deny(ours, "111122223333"), Status::Kept),
            (deny(ours, "444455556666"), Status::Broken),
            (deny("arn:aws:sqs:us-west-2:111122223333:other_queue", "111122223333"), Status::Broken),
            (deny("${queue.arn}", "111122223333"), Status::Kept),
            (deny("${topic.arn}", "111122223333"), Status::Broken),
        ];
        for (policy, expected) in cases {
            let observed = observe(&queue, Some(&policy), &["sqs:SendMessage"], Some("111122223333"));
            assert_eq!(observed.status, expected, "{policy:?}");
        }
        assert_eq!(observe(&queue, None, &["sqs:SendMessage"], Some("111122223333")).status, Status::Broken);
    }

    #[test]
    fn a_further_grant_on_the_function_shows() {
        let mut scene = Scene::clean();
        scene.function_permission("file-table-permission").others.insert("theirs".to_owned());
        assert_eq!(scene.open(), ["ancillary-stays-in-the-account"].into());
    }
}
