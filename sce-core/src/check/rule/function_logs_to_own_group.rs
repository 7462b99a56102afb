//! A function writes to a log group of the project's, which is encrypted and kept as long as others.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("function-logs-to-own-group"),
    title: "Every function writes to a log group of the project's",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(b)")],
    nist80053: &[Control::crosswalk("AU-4"), Control::judgement("AU-9")],
    document_line: Some(580),
    status: Law::InForce,
    rationale: "A function that finds no log group makes one, if it may: without the project's key, kept for ever, and \
        left behind at close-out. One that may not, and finds none, runs without a trace. The project's own group \
        is encrypted, kept as long as the law asks for, and ends with the project.",
    fix: "make the log group before the function, and name it in the function's logging settings",
    cost: "what the log group holds",
    bad: r#"file-table-function.log_group = "/aws/lambda/somewhere""#,
    good: r#"file-table-function.log_group = "/aws/lambda/hipaa_filetable_function""#,
    looks_at: &[Kind::Function, Kind::LogGroup],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let functions = facts.model.functions();
    functions
        .map(|(resource, function)| {
            let kept = facts.model.log_groups().any(|(group, _)| group.name == function.log_group);
            let when_kept = "it writes to a log group of the project's";
            Observation::of(resource.label(), kept, when_kept, "it writes to no log group of the project's")
        })
        .collect()
}
