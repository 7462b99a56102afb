//! The laptop is outside: what people see there is in nobody's hands but theirs (L204-L206, L344-L345, C7).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Severity};
use crate::spec::Laptop;

pub(super) static RULE: Rule = Rule {
    id: RuleId("laptop-is-managed"),
    title: "People come from laptops that the institution looks after",
    severity_kept: Severity::Info,
    severity_broken: Severity::Info,
    cfr: &[Citation::standard("164.310(b)"), Citation::standard("164.310(c)")],
    nist80053: &[Control::crosswalk("AC-17"), Control::crosswalk("AC-19")],
    document_line: Some(344),
    status: Law::InForce,
    rationale: "The document's L is a laptop in a coffee shop, on purpose a non-secure source, and elsewhere data come \
        from a secure device. No rule of a network sees what is on the laptop: a key without a passphrase, a screen \
        that does not lock, a file copied out. So it is declared, and until it is, the risk stands.",
    fix: "set `access.laptop` to `managed` if each laptop has an encrypted disk, current patches and a screen that \
        locks",
    cost: "what the institution spends on looking after laptops",
    bad: "[compute.private]\n\
        type = \"m7i.large\"\n\
        [access]\n\
        laptop = \"outside\"",
    good: "[compute.private]\n\
        type = \"m7i.large\"\n\
        [access]\n\
        laptop = \"managed\"",
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    if facts.declared.machine.is_none() {
        return Vec::new();
    }
    let declared = (facts.declared.access.laptop == Laptop::Managed)
        .then(|| "declared: the institution looks after the laptops; whether it does is not seen from here".to_owned());
    let missing = "the laptop is outside: nobody vouches for what people work from";
    vec![Observation::declaration("spec", declared, missing).at("access.laptop")]
}
