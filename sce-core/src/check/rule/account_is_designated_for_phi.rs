//! Step 0 of the document: the account is designated for PHI under the Business Associate Agreement before anything
//! is built (L357-L359).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::check::{Facts, Severity, Status};

pub(super) static RULE: Rule = Rule {
    id: RuleId("account-is-designated-for-phi"),
    title: "The account is designated for PHI under the Business Associate Agreement",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[
        Citation::standard("164.308(b)(1)"),
        Citation::required("164.308(b)(3)"),
        Citation::standard("164.314(a)(1)"),
    ],
    nist80053: &[Control::crosswalk("SA-4"), Control::crosswalk("SA-9"), Control::crosswalk("CA-3")],
    document_line: Some(359),
    status: Law::InForce,
    rationale: "A cloud provider that holds PHI is a business associate, and PHI may go to it only under a written \
        contract. The document calls the designation the absolute first priority. No API tells whether it was done, \
        so the spec declares the day, and the finding says that it is a declaration.",
    fix: "accept the BAA in AWS Artifact, tell the reseller if there is one, and give the day as `approvals.baa`",
    cost: "a form and a signature, once an account",
    bad: "[approvals]\n\
        irb = \"STUDY00001234\"",
    good: "[approvals]\n\
        baa = \"2026-03-01\"",
    looks_at: &[],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let observation = match facts.declared.baa {
        Some(day) if day > facts.terms.today => {
            let message = format!("the account is designated for PHI on {day}, and today is {}", facts.terms.today);
            Observation::told("spec", Status::Broken, message)
        }
        day => {
            let day = day.map(|day| format!("declared: designated for PHI on {day}"));
            let missing = "no day is declared on which the account was designated for PHI";
            Observation::declaration("spec", day, missing)
        }
    };
    vec![observation.at("approvals.baa")]
}
