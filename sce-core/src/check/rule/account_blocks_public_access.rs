//! No bucket of the account can be opened to the public, whoever makes it.

use super::account::setting;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("account-blocks-public-access"),
    title: "The account blocks public access to all its buckets",
    severity_kept: Severity::Info,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(a)(1)")],
    nist80053: &[Control::crosswalk("AC-3"), Control::judgement("SC-7")],
    document_line: None,
    status: Law::InForce,
    rationale: "Buckets of an environment block public access each by itself. The account's block holds over every \
        bucket, those of other people and other tools among them, and over a mistake in one of ours. Whoever \
        copies data out of a store copies it into a bucket that the project does not guard.",
    fix: "run `sce account apply`; buckets meant for the public go to another account",
    cost: "none",
    bad: r#"public-access-block.blocked = false"#,
    good: r#"public-access-block.blocked = true"#,
    looks_at: &[Kind::PublicAccessBlock],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let seen = facts.model.public_access_blocks().map(|(resource, block)| {
        Observation::of(
            resource.label(),
            block.blocked,
            "all four blocks are on",
            "a bucket could be opened to the public",
        )
    });
    setting(facts, Kind::PublicAccessBlock, seen.collect(), "the account's public access block")
}
