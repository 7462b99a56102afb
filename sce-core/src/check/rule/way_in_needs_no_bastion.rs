//! A bastion is a single point of failure and a machine on the internet (L223, L228, C9).

use super::machines::is_bastion;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::Kind;
use crate::check::{Facts, Severity};

pub(super) static RULE: Rule = Rule {
    id: RuleId("way-in-needs-no-bastion"),
    title: "The way in needs no machine on the internet",
    severity_kept: Severity::Info,
    severity_broken: Severity::Low,
    cfr: &[Citation::standard("164.312(a)(1)"), Citation::required("164.312(a)(2)(ii)")],
    nist80053: &[
        Control::crosswalk("AC-3"),
        Control::crosswalk("CP-2"),
        Control::judgement("AC-17(3)"),
        Control::judgement("SC-7"),
    ],
    document_line: Some(223),
    status: Law::InForce,
    rationale: "The document names B a single point of failure that compromises the private machine, and asks whether \
        its address is vulnerable. It must be patched, watched and paid for, and when it is down nobody gets in. \
        Session Manager needs no machine on the internet, no open port and no key on B.",
    fix: "set `access.mode` to `session-manager`; with a bastion, keep its ranges narrow and its patches current",
    cost: "people need the AWS command line and its session plugin",
    bad: r#"access.mode = "bastion""#,
    good: r#"access.mode = "session-manager""#,
    looks_at: &[Kind::Instance],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observe = |label: &str, bastion: bool| {
        let broken = "it is the one way in, and it stands on the internet";
        Observation::of(label, !bastion, "people reach it without a machine on the internet", broken)
    };
    let bastions: Vec<_> = facts.model.instances().filter(|(resource, _)| is_bastion(resource.label())).collect();
    let unread = facts.model.unread.values().any(|unread| unread.kind == Kind::Instance);
    match bastions.as_slice() {
        // The one that could not be read may be the bastion.
        [] if unread => Vec::new(),
        [] => facts.model.instances().map(|(resource, _)| observe(resource.label(), false)).collect(),
        bastions => bastions.iter().map(|(resource, _)| observe(resource.label(), true)).collect(),
    }
}
