//! What a rule says of a resource.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::rule::{Citation, Control, Law, RuleId, Specification};
use crate::spec::Waiver;

/// What a rule says of a resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// The rule's title.
    pub title: &'static str,
    /// The resource, by its place in the plan; `spec` for what the spec itself says.
    pub resource: String,
    /// Whether the rule holds, and how it is known.
    pub status: Status,
    /// The severity that applies to the status.
    pub severity: Severity,
    /// The risk that remains when the rule is kept (L1111).
    pub severity_kept: Severity,
    /// The risk when it is broken (L1111).
    pub severity_broken: Severity,
    /// Whether the law it answers is in force.
    pub law: Law,
    /// The regulation it answers.
    pub cfr: &'static [Citation],
    /// The controls it answers.
    pub nist80053: &'static [Control],
    /// Where the document asks for it.
    pub document_line: Option<u32>,
    /// What is the matter: a lower-case sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Cow<'static, str>,
    /// Whether the risk was accepted by a waiver.
    pub waived: bool,
    /// The least severity that stops a plan under the terms it was judged by.
    #[serde(skip)]
    pub blocks_from: Severity,
    /// Whether it is unknown because the lock was made offline, and nobody has looked at what exists.
    #[serde(skip)]
    pub unasked: bool,
    /// The waiver that accepts it.
    pub waiver: Option<Waiver>,
    /// The digest of what it speaks about, by which a waiver accepts it: of the resource as [`crate::plan::Node::digest`] has it, else of
    /// the spec's value at `place`, else of the message.
    pub digest: String,
    /// The key of the spec that it speaks about, such as `access.allow.0`.
    pub place: Option<String>,
}

/// Whether a rule holds, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does not hold.
    Broken,
    /// What would tell could not be read.
    Unknown,
    /// It holds if what the spec declares is true; nothing can check that.
    Declared,
    /// It holds.
    Kept,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A small risk.
    Low,
    /// A risk to be managed.
    Medium,
    /// A risk that stops the plan.
    High,
    /// PHI would be exposed.
    Critical,
}

/// How many findings there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// By status.
    pub status: BTreeMap<Status, usize>,
    /// Open ones, by severity.
    pub open: BTreeMap<Severity, usize>,
    /// How many stop the plan.
    pub blocking: usize,
}

impl Finding {
    /// Whether something is to be done about it.
    #[must_use]
    pub fn open(&self) -> bool {
        matches!(self.status, Status::Broken | Status::Unknown) && !self.waived
    }

    /// Whether a waiver may accept it: no required specification of the Security Rule is answered by its rule.
    #[must_use]
    pub fn waivable(&self) -> bool {
        self.cfr.iter().all(|citation| citation.kind != Specification::Required)
    }

    /// What to do about it, for people: what could not be read has to be read before anything is mended.
    #[must_use]
    pub fn advice(&self) -> String {
        match self.status {
            Status::Unknown if self.unasked => {
                format!("run `sce lock` where the account can be asked, and judge again; were it broken: {}", self.help)
            }
            Status::Unknown => format!("have it read, or saved, and judge again; were it broken: {}", self.help),
            _ => self.help.clone().into_owned(),
        }
    }

    /// Why no waiver may accept it; none when one may.
    #[must_use]
    pub fn unwaivable(&self) -> Option<String> {
        let required = self.cfr.iter().find(|citation| citation.kind == Specification::Required)?;
        Some(format!("45 CFR {} is required (164.306(d)(2))", required.citation))
    }

    /// Whether it stops the plan: open, and high or above, or whatever less the institution stops at.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.open() && self.severity >= self.blocks_from
    }
}

impl Summary {
    pub(super) fn of(findings: &[Finding]) -> Self {
        let mut status = BTreeMap::new();
        for finding in findings {
            *status.entry(finding.status).or_default() += 1;
        }
        let blocking = findings.iter().filter(|finding| finding.blocks()).count();
        Self { status, open: super::open_by_severity(findings), blocking }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Broken => "broken",
            Self::Unknown => "unknown",
            Self::Declared => "declared",
            Self::Kept => "kept",
        })
    }
}
