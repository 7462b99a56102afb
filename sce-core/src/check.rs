//! Judging a model by the rules, before anything exists or after: the same rules, the same findings; and, of a plan, proving what is
//! claimed of it.
//!
//! Only [`check`] makes a [`CheckedPlan`], and only a checked plan can be applied.

mod facts;
mod finding;
mod institution;
mod register;
mod rule;
mod rules_page;
mod sarif;
mod terms;
mod waived;

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

pub use facts::{Declared, Facts};
pub use finding::{Finding, Severity, Status, Summary};
pub use institution::{
    Allow, BlocksFrom, Check, Cost, Forbid, Institution, InvalidInstitution,
    SCHEMA_VERSION as INSTITUTION_SCHEMA_VERSION, Waivers,
};
pub(crate) use register::cell_text;
pub use register::{Register, Risk, RiskState, register};
pub use rule::{
    Citation, Control, Law, Mapping, Rule, RuleId, Specification, all as rules, named as rule,
    of_account as rules_of_account,
};
pub use rules_page::rules_markdown;
pub use sarif::{SpecText, sarif};
pub use terms::Terms;
pub use waived::{JudgedWaiver, Outcome};

use self::facts::Digests;
use crate::lock::Lock;
use crate::model::Model;
use crate::plan::Plan;
use crate::prove::{Intent, Proof, prove};
use crate::spec::Spec;

/// A plan that the rules let pass, with all that building it takes. Nothing else can be applied.
#[derive(Clone, Debug)]
pub struct CheckedPlan {
    plan: Plan,
    spec: Spec,
    lock: Lock,
    terms: Terms,
    findings: Vec<Finding>,
    proofs: Vec<Proof>,
}

/// Why a plan did not pass: every finding, the severe ones among them, and every proof.
#[derive(Clone, Debug, Error)]
#[error("{}", self.message())]
pub struct Refused {
    /// All findings, in order.
    pub findings: Vec<Finding>,
    /// What came of every claim; those that the spec asks for and that do not hold block.
    pub proofs: Vec<Proof>,
}

impl Refused {
    fn message(&self) -> String {
        let findings = self.findings.iter().filter(|finding| finding.blocks()).count();
        let claims: Vec<&str> =
            self.proofs.iter().filter(|proof| proof.blocks()).map(|proof| proof.property.id.0).collect();
        let open = format!("{findings} finding(s) that stop the plan are open");
        match (findings, claims.as_slice()) {
            (_, []) => open,
            (0, claims) => format!("not proved: `{}`", claims.join("`, `")),
            (_, claims) => format!("{open}, and not proved: `{}`", claims.join("`, `")),
        }
    }
}

/// Judges a plan by every rule, as things stand on that day, and proves what is claimed of it.
///
/// # Errors
/// When a finding is open that stops the plan (of severity high or above, or what the institution says), or a claim that the spec asks
/// for does not hold. All findings and proofs are in the error.
pub fn check(plan: Plan, spec: Spec, lock: Lock, terms: Terms) -> Result<CheckedPlan, Refused> {
    let terms = terms.priced(&plan);
    let model = Model::planned(&plan);
    let findings = judge(&model, &Declared::of(&spec), &terms);
    let proofs = prove(&model, &Intent::of(&spec, &lock, &plan));
    if findings.iter().any(Finding::blocks) || proofs.iter().any(Proof::blocks) {
        return Err(Refused { findings, proofs });
    }
    Ok(CheckedPlan { plan, spec, lock, terms, findings, proofs })
}

/// Every rule's findings on a model, planned or live: complete, and in a stable order (severity, rule, resource). What the spec's
/// waivers accept is marked, and what came of each waiver is a finding too.
#[must_use]
pub fn judge(model: &Model, declared: &Declared, terms: &Terms) -> Vec<Finding> {
    let facts = Facts { model, declared, terms, waivers: &[], digests: Digests::default() };
    let mut findings = by(rule::all(), &facts);
    let waivers = waived::waive(&mut findings, &declared.waivers, terms);
    findings.extend(by(rule::all_about_waivers(), &Facts { waivers: &waivers, ..facts }));
    in_order(findings)
}

/// The findings of the rules about the account alone.
#[must_use]
pub fn judge_account(model: &Model, declared: &Declared, terms: &Terms) -> Vec<Finding> {
    let facts = Facts { model, declared, terms, waivers: &[], digests: Digests::default() };
    in_order(by(rule::of_account(), &facts))
}

fn by(rules: &'static [&'static Rule], facts: &Facts<'_>) -> Vec<Finding> {
    rules.iter().flat_map(|rule| rule.findings(facts)).collect()
}

fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| {
            (!finding.open(), std::cmp::Reverse(finding.severity), finding.rule, finding.resource.clone())
        };
        key(a).cmp(&key(b))
    });
    findings
}

/// What `sce check --json` writes.
#[derive(Clone, Debug, Serialize)]
pub struct Report<'a> {
    /// The version of this format.
    pub schema_version: u32,
    /// The findings to show.
    pub findings: Vec<&'a Finding>,
    /// How many there are of each status and severity.
    pub summary: Summary,
}

impl<'a> Report<'a> {
    /// A report of the open findings, or of all.
    #[must_use]
    pub fn new(findings: &'a [Finding], all: bool) -> Self {
        let shown = findings.iter().filter(|finding| all || finding.open()).collect();
        Self { schema_version: 1, findings: shown, summary: Summary::of(findings) }
    }
}

impl CheckedPlan {
    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The spec it was made from.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The lock it was made with.
    #[must_use]
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// What it was judged by beside the facts.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// What the rules said, residual risk included.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What came of every claim.
    #[must_use]
    pub fn proofs(&self) -> &[Proof] {
        &self.proofs
    }
}

/// How many findings of each severity are open, by the severity's word.
#[must_use]
pub fn open_by_severity(findings: &[Finding]) -> BTreeMap<Severity, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.open()) {
        *counts.entry(finding.severity).or_default() += 1;
    }
    counts
}
