//! Every file that comes or goes is told to the function that records it.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{BucketNotification, Kind};
use crate::check::{Facts, Severity};
use crate::model::Resource;

pub(super) static RULE: Rule = Rule {
    id: RuleId("file-table-records-every-file"),
    title: "Every file that comes or goes is told to the table's function",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(b)"), Citation::required("164.308(a)(1)(ii)(D)")],
    nist80053: &[Control::crosswalk("AU-2"), Control::judgement("AU-12")],
    document_line: Some(579),
    status: Law::InForce,
    rationale: "The table answers which files are here, since when, and which of them went. A notification that leaves out \
        some events, or some keys, makes it answer wrongly without a sign of it. So all that is created and all that \
        is removed is told, whatever the key.",
    fix: "tell the function of `s3:ObjectCreated:*` and `s3:ObjectRemoved:*`, without a filter",
    cost: "one run of the function a file",
    bad: r#"file-table-notification.events = ["s3:ObjectCreated:Put"]"#,
    good: r#"file-table-notification.events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]"#,
    looks_at: &[Kind::Function, Kind::BucketNotification],
    examine,
};

const EVENTS: [&str; 2] = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"];

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let functions = facts.model.functions();
    functions
        .map(|(resource, _)| {
            let kept = facts.model.bucket_notifications().any(|(_, told)| tells_all(told, facts, resource));
            let when_kept = "it is told of every file that comes or goes";
            Observation::of(resource.label(), kept, when_kept, "it is not told of every file that comes or goes")
        })
        .collect()
}

fn tells_all(notification: &BucketNotification, facts: &Facts<'_>, function: &Resource) -> bool {
    let target = facts.model.follow(&notification.function);
    target.is_some_and(|target| std::ptr::eq(target, function))
        && EVENTS.iter().all(|event| notification.events.contains(*event))
        && notification.filter.is_empty()
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::Scene;

    #[test]
    fn a_filter_leaves_files_out_and_no_notification_leaves_out_all() {
        let mut scene = Scene::clean();
        scene.bucket_notification("file-table-notification").filter.insert("prefix".to_owned(), "in/".to_owned());
        assert_eq!(scene.open(), ["file-table-records-every-file"].into());
        scene.remove("file-table-notification");
        assert_eq!(scene.open(), ["file-table-records-every-file"].into());
    }
}
