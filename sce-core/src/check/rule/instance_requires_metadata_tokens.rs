//! The metadata service answers only to requests that carry a session token (IMDSv2).

use super::machines::observe_machines;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("instance-requires-metadata-tokens"),
    title: "Machines hand out their role only for a session token",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::standard("164.312(d)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::crosswalk("AC-6"), Control::crosswalk("IA-9")],
    document_line: None,
    status: Law::InForce,
    rationale: "Whoever can make a program on the machine fetch an address of their choice can fetch the credentials \
        of its role from the metadata service, if it answers to a plain request. Requests with a session token take a \
        method and a header that such a program does not send. A template that does not ask for tokens makes the next \
        machine weak.",
    fix: "require tokens in the template, and on the running machine with `aws ec2 modify-instance-metadata-options \
        --http-tokens required`",
    cost: "programs older than 2019 that read metadata the old way stop doing so",
    bad: "instance-private.metadata_token_required = false",
    good: "instance-private.metadata_token_required = true",
    looks_at: &[Kind::Instance, Kind::LaunchTemplate],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let kept = "its role is handed out for a session token only; whoever is logged in can still ask for one";
    let broken = "its role is handed out for a plain request, which a program can be tricked into making";
    observe_machines(facts, |machine| machine.metadata_token_required, kept, broken)
}
