//! Holding waivers to what the rules found.

use super::finding::{Finding, Status};
use super::institution::Institution;
use super::rule::{Rule, Specification, about_waivers, named};
use super::terms::Terms;
use crate::spec::Waiver;

/// A waiver of the spec, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedWaiver {
    /// Its place among the spec's waivers.
    pub index: usize,
    /// The waiver.
    pub waiver: Waiver,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a waiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It accepts what the rule found.
    Accepts,
    /// There is no such rule, or it is one about waivers; the nearest name there is, if any is like it.
    UnknownRule(Option<&'static str>),
    /// The rule answers this required specification, which cannot be waived.
    Required(&'static str),
    /// The rule answers this addressable specification, and the reasoning is not there.
    Unreasoned(&'static str),
    /// The institution does not admit it; why.
    NotAdmitted(String),
    /// Its day is over.
    Expired,
    /// The rule found nothing there to accept.
    Unused,
    /// What is there is not what was accepted; this is its digest now.
    Outgrown(String),
}

/// Marks the findings that the waivers accept, and says what came of each waiver.
pub(super) fn waive(findings: &mut [Finding], waivers: &[Waiver], terms: &Terms) -> Vec<JudgedWaiver> {
    let judged = |(index, waiver): (usize, &Waiver)| {
        let outcome = outcome(findings, waiver, terms);
        JudgedWaiver { index, waiver: waiver.clone(), outcome }
    };
    waivers.iter().enumerate().map(judged).collect()
}

fn outcome(findings: &mut [Finding], waiver: &Waiver, terms: &Terms) -> Outcome {
    let rule = match named(&waiver.rule) {
        Ok(rule) if !about_waivers(rule) => rule,
        Ok(_) => return Outcome::UnknownRule(None),
        Err(nearest) => return Outcome::UnknownRule(nearest),
    };
    if let Some(citation) = cites(rule, Specification::Required) {
        return Outcome::Required(citation);
    }
    if let (Some(citation), None) = (cites(rule, Specification::Addressable), &waiver.addressable) {
        return Outcome::Unreasoned(citation);
    }
    if let Some(why) = terms.institution.as_ref().and_then(|institution| refusal(institution, waiver, terms)) {
        return Outcome::NotAdmitted(why);
    }
    if waiver.expires < terms.today {
        return Outcome::Expired;
    }
    accept(findings, waiver)
}

/// A paragraph of that kind that the rule answers.
fn cites(rule: &Rule, kind: Specification) -> Option<&'static str> {
    rule.cfr.iter().find(|citation| citation.kind == kind).map(|citation| citation.citation)
}

/// Why the institution does not admit a waiver, if it does not.
fn refusal(institution: &Institution, waiver: &Waiver, terms: &Terms) -> Option<String> {
    let (name, bounds) = (&institution.name, &institution.waivers);
    if bounds.never.contains(&waiver.rule) {
        return Some(format!("{name} lets nobody accept what `{}` finds", waiver.rule));
    }
    let is_approver = |approver: &String| approver.eq_ignore_ascii_case(&waiver.approver);
    if bounds.approvers.as_ref().is_some_and(|approvers| !approvers.iter().any(is_approver)) {
        return Some(format!("`{}` is none of those whom {name} lets accept risks", waiver.approver));
    }
    let days = terms.today.until(waiver.expires).map_or(i64::MAX, |span| i64::from(span.get_days()));
    let longest = bounds.longest_days.map(i64::from).filter(|longest| days > *longest)?;
    Some(format!("it expires in {days} days, and {name} admits {longest}"))
}

fn accept(findings: &mut [Finding], waiver: &Waiver) -> Outcome {
    let open = |finding: &&mut Finding| {
        let wanted = matches!(finding.status, Status::Broken | Status::Unknown);
        wanted && finding.rule.0 == waiver.rule && finding.resource == waiver.resource
    };
    let (mut accepted, mut other) = (false, None);
    for finding in findings.iter_mut().filter(open) {
        if finding.digest == waiver.digest {
            (finding.waived, finding.waiver) = (true, Some(waiver.clone()));
            accepted = true;
        } else {
            other.get_or_insert_with(|| finding.digest.clone());
        }
    }
    match (accepted, other) {
        (true, _) => Outcome::Accepts,
        (false, Some(now)) => Outcome::Outgrown(now),
        (false, None) => Outcome::Unused,
    }
}
