//! An addressable specification is implemented, or it is written down why not (45 CFR 164.306(d)(3)).

use super::waivers::{called, each};
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, JudgedWaiver, Outcome, Severity};
use crate::spec::Addressable;

pub(super) static RULE: Rule = Rule {
    id: RuleId("waiver-reasons-why-not"),
    title: "Every waiver of an addressable specification says why, and what stands in its place",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::other("164.306(d)(3)"), Citation::standard("164.316(b)(1)")],
    nist80053: &[Control::judgement("RA-3"), Control::judgement("RA-7")],
    document_line: Some(1111),
    status: Law::InForce,
    rationale: "Addressable does not mean optional: what is not implemented has to be assessed, the assessment written down, and an \
        equivalent measure put in its place where one is reasonable. An auditor asks for exactly that text. Without it \
        the waiver accepts nothing.",
    fix: "add `addressable = { why = \"…\", instead = \"…\" }` to the waiver: why the specification is not reasonable and \
        appropriate here, and the equivalent measure if there is one",
    cost: "an hour of thought by the person who answers for risk",
    bad: r#"[access]
idle_minutes = 45
[[waiver]]
rule = "sessions-end-when-idle"
resource = "spec"
digest = "20ab60b69cda1c2f"
reason = "long computations are watched"
approver = "ciso@example.edu"
expires = 2027-03-01"#,
    good: r#"[access]
idle_minutes = 45
[[waiver]]
rule = "sessions-end-when-idle"
resource = "spec"
digest = "20ab60b69cda1c2f"
reason = "long computations are watched"
approver = "ciso@example.edu"
expires = 2027-03-01
addressable = { why = "a run of nine hours ends with its session", instead = "the room is locked" }"#,
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let kept = |judged: &JudgedWaiver| match &judged.waiver.addressable {
        Some(Addressable { why, instead: Some(instead) }) => format!("{}: {why}; instead: {instead}", called(judged)),
        Some(Addressable { why, instead: None }) => format!("{}: {why}", called(judged)),
        None => format!("{} needs no reasoning: the rule answers no addressable specification", called(judged)),
    };
    each(facts, kept, |judged| match judged.outcome {
        Outcome::Unreasoned(citation) => Some(format!(
            "{} accepts nothing: 45 CFR {citation} is addressable, and it is not written down why it is not implemented",
            called(judged)
        )),
        _ => None,
    })
}
