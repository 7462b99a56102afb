//! Volumes that nobody thought of are encrypted too (R98).

use super::account::setting;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("ebs-is-encrypted-by-default"),
    title: "New EBS volumes are encrypted also when nobody asks",
    severity_kept: Severity::Info,
    severity_broken: Severity::Low,
    cfr: &[Citation::addressable("164.312(a)(2)(iv)")],
    nist80053: &[Control::crosswalk("SC-13"), Control::judgement("SC-28(1)")],
    document_line: None,
    status: Law::InForce,
    rationale: "Volumes of an environment ask for encryption by themselves. A snapshot copied by hand, a volume made \
        in a hurry or by another tool does not. The region's default closes that gap at no cost.",
    fix: "run `sce account apply`",
    cost: "none",
    bad: r#"ebs-encryption.by_default = false"#,
    good: r#"ebs-encryption.by_default = true"#,
    looks_at: &[Kind::EbsEncryption],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let seen = facts.model.ebs_encryptions().map(|(resource, ebs)| {
        Observation::of(
            resource.label(),
            ebs.by_default,
            "new volumes are encrypted",
            "new volumes are in clear unless asked for otherwise",
        )
    });
    setting(facts, Kind::EbsEncryption, seen.collect(), "EBS encryption by default")
}
