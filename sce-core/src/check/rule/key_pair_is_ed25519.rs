//! Key pairs are of Ed25519, made where they are used (L517-L518).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};
use crate::ssh::PublicKey;

pub(super) static RULE: Rule = Rule {
    id: RuleId("key-pair-is-ed25519"),
    title: "Key pairs are of Ed25519 and were made outside AWS",
    severity_kept: Severity::Low,
    severity_broken: Severity::Medium,
    cfr: &[Citation::standard("164.312(d)"), Citation::addressable("164.312(e)(2)(ii)")],
    nist80053: &[Control::crosswalk("SC-12"), Control::crosswalk("SC-13"), Control::judgement("IA-5(2)")],
    document_line: Some(517),
    status: Law::InForce,
    rationale: "The document lets AWS make the pair and downloads the private half. A pair made locally is known to \
        AWS by its public half only, so that no copy of the other ever crossed a network. Ed25519 leaves no choice of \
        length or padding to get wrong.",
    fix: "make a pair with `sce keys make`",
    cost: "none; clients older than 2014 do not know the algorithm",
    bad: r#"key-pair-private.public_key = "ssh-rsa AAAAB3…""#,
    good: r#"key-pair-private.public_key = "ssh-ed25519 AAAAC3…""#,
    looks_at: &[Kind::KeyPair],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let pairs = facts.model.key_pairs();
    pairs
        .map(|(resource, pair)| {
            let kept = pair.public_key.parse::<PublicKey>().is_ok();
            let when_kept = "it is of Ed25519; whoever holds its private half may log in as the image's own account";
            Observation::of(resource.label(), kept, when_kept, "it is of another algorithm than Ed25519")
        })
        .collect()
}
