//! People work on a machine whose processor is there all the time (L94).

use super::machines::machines;
use super::{Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("machine-type-is-not-burstable"),
    title: "The machine that people work on has a whole processor",
    severity_kept: Severity::Info,
    severity_broken: Severity::Info,
    cfr: &[],
    nist80053: &[Control::judgement("CP-2")],
    document_line: Some(94),
    status: Law::InForce,
    rationale: "A t type has a fraction of a processor and credits for more. Analyses run for hours, use up the \
        credits, and then either crawl or cost extra by the hour. The document avoids t types for another reason, and \
        its advice still serves those who compute.",
    fix: "choose an m, r or c type for `compute.private`",
    cost: "an m7i.large costs about a fifth more than a t3.large",
    bad: "[compute.private]\n\
        type = \"t3.large\"",
    good: "[compute.private]\n\
        type = \"m7i.large\"",
    looks_at: &[Kind::Instance, Kind::LaunchTemplate],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    // A bastion forwards a few sessions, which is what burstable types are for.
    let worked_on = machines(facts.model).filter(|machine| !machine.bastion && !machine.cannot_start());
    worked_on
        .map(|machine| {
            let broken =
                format!("`{}` has a processor by credits: long analyses crawl or cost more", machine.instance_type);
            Observation::of(
                machine.label,
                !is_burstable(machine.family()),
                "its processor is there all the time",
                &broken,
            )
        })
        .collect()
}

/// Families named `t` and a number, such as `t3a` (EC2 user guide, "Burstable performance instances").
fn is_burstable(family: &str) -> bool {
    family.strip_prefix('t').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_t_and_a_number_is_burstable() {
        assert!(["t2", "t3a", "t4g"].iter().all(|family| super::is_burstable(family)));
        assert!(["trn1", "m7i", "", "t"].iter().all(|family| !super::is_burstable(family)));
    }
}
