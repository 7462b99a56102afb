//! What a queue's workers or the function cannot deal with is kept in a queue of dead letters.

use super::questions::leads_to;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Kind, Queue};
use crate::check::{Facts, Severity};
use crate::model::{Model, Resource};

pub(super) static RULE: Rule = Rule {
    id: RuleId("failures-are-kept"),
    title: "What fails is kept in a queue of dead letters",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::required("164.308(a)(1)(ii)(D)")],
    nist80053: &[Control::judgement("AU-5"), Control::judgement("SI-11")],
    document_line: Some(581),
    status: Law::InForce,
    rationale: "A notification that the function cannot write into the table is tried three times and then dropped, and a \
        message that no worker can deal with comes back until it expires. Either way a file goes unrecorded and \
        nobody learns of it. A queue of dead letters keeps both for somebody to look into.",
    fix: "give the queue a redrive policy, and the function a dead-letter target",
    cost: "none while nothing fails",
    bad: "queue.redrive = null",
    good: r#"queue.redrive = { queue = "${dead-letters.arn}", max_receives = 3 }"#,
    looks_at: &[Kind::Queue, Kind::Function],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let model = facts.model;
    let queues = model.queues().filter(|(resource, _)| !takes_failures(model, resource));
    let queues = queues.map(|(resource, queue)| observe(resource, leads_on(model, queue)));
    let functions = model.functions().map(|(resource, function)| {
        let kept = function.dead_letters.as_ref().is_some_and(|queue| leads_to(model, queue, Kind::Queue));
        observe(resource, kept)
    });
    queues.chain(functions).collect()
}

fn observe(resource: &Resource, kept: bool) -> Observation {
    let when_kept = "what fails goes to a queue of dead letters";
    Observation::of(resource.label(), kept, when_kept, "what fails is dropped")
}

fn leads_on(model: &Model, queue: &Queue) -> bool {
    queue.redrive.as_ref().is_some_and(|redrive| leads_to(model, &redrive.queue, Kind::Queue))
}

/// Whether the queue is where the failures of others go.
fn takes_failures(model: &Model, queue: &Resource) -> bool {
    let of_queues = model.queues().filter_map(|(_, other)| Some(&other.redrive.as_ref()?.queue));
    let of_functions = model.functions().filter_map(|(_, function)| function.dead_letters.as_ref());
    of_queues.chain(of_functions).any(|target| model.follow(target).is_some_and(|other| std::ptr::eq(other, queue)))
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::Scene;

    #[test]
    fn a_function_without_a_queue_of_dead_letters_is_told() {
        let mut scene = Scene::clean();
        scene.function("file-table-function").dead_letters = None;
        assert_eq!(scene.open(), ["failures-are-kept"].into());
    }
}
