//! What the spec asks for and this version does not build is told, section by section.

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("spec-is-built-in-full"),
    title: "Everything that the spec asks for is built",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.308(a)(8)")],
    nist80053: &[Control::crosswalk("CA-2"), Control::judgement("CM-8")],
    document_line: None,
    status: Law::InForce,
    rationale: "A spec is written for the environment that somebody wants, and this version builds a part of it. \
        Whoever reads that a plan was applied takes the whole for done. So each section that is accepted and not \
        built is a finding until it is built, by this program or by hand.",
    fix: "build it by hand and record that, or take the section out of the spec",
    cost: "none",
    bad: "[workers]\n\
        count = 5",
    good: "[network]\n\
        egress = \"nat\"",
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let not_built = |section: &&str| {
        let message = format!("`{section}` is accepted, and not built by this version");
        Observation::of("spec", false, "", &message).at(*section)
    };
    match facts.declared.not_built.as_slice() {
        [] => vec![Observation::of("spec", true, "everything that the spec asks for is built", "")],
        sections => sections.iter().map(not_built).collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::Scene;

    #[test]
    fn each_section_is_named() {
        let scene = Scene::of("[workers]\ncount = 5\n[access]\nmode = \"instance-connect\"\n");
        let messages: Vec<String> =
            super::RULE.findings(&scene.facts()).into_iter().map(|finding| finding.message).collect();
        let expected =
            ["workers", "access.mode"].map(|section| format!("`{section}` is accepted, and not built by this version"));
        assert_eq!(messages, expected);
    }
}
