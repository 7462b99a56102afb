//! What is typed and shown in a session goes to a log of the project (L254, 45 CFR 164.312(b)).

use super::questions::leads_to;
use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Kind, SessionDocument};
use crate::check::{Facts, Severity};
use crate::spec::AccessMode;

pub(super) static RULE: Rule = Rule {
    id: RuleId("sessions-are-recorded"),
    title: "Sessions are recorded in an encrypted log of the project",
    severity_kept: Severity::Low,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.312(b)"), Citation::required("164.308(a)(1)(ii)(D)")],
    nist80053: &[Control::crosswalk("AU-2"), Control::crosswalk("AU-3"), Control::judgement("AU-14")],
    document_line: Some(254),
    status: Law::InForce,
    rationale: "Session Manager logs that a session took place, and what happened in it only if its preferences name a \
        log. Preferences that name a group which is not there lose the record without a word. The record holds what \
        was shown, PHI among it, so the session is encrypted with the project's key as well.",
    fix: "let the session document name the log group of sessions and the project's key, as `sce apply` does",
    cost: "ingestion of what is typed and shown, which is little",
    bad: r#"session-document.log_group = """#,
    good: r#"session-document.log_group = "hipaa_sessions_loggroup""#,
    looks_at: &[Kind::SessionDocument, Kind::Instance, Kind::LogGroup, Kind::KmsKey],
    examine,
};

fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let is_there = |name: &str| facts.model.log_groups().any(|(group, _)| group.name == name);
    let observe = |label: &str, document: &SessionDocument| {
        let recorded = document.log_group.as_deref().is_some_and(is_there);
        let own_key = document.key.as_ref().is_some_and(|key| leads_to(facts.model, key, Kind::KmsKey));
        let kept = recorded && own_key;
        let broken = match recorded {
            true => "the session is not encrypted with the project's key",
            false => "it names no log group of the project, so nothing that happens in a session is recorded",
        };
        Observation::of(label, kept, "what is typed and shown is recorded; who may read the log reads it", broken)
    };
    let documents: Vec<Observation> =
        facts.model.session_documents().map(|(resource, document)| observe(resource.label(), document)).collect();
    let unread = facts.model.unread.values().any(|unread| unread.kind == Kind::SessionDocument);
    if unread || !documents.is_empty() || facts.declared.access.mode != AccessMode::SessionManager {
        return documents;
    }
    let broken = "no session document is there, so that its sessions follow the account's preferences, recorded or not";
    facts.model.instances().map(|(resource, _)| Observation::of(resource.label(), false, "", broken)).collect()
}

#[cfg(test)]
mod tests {
    use crate::check::rule::testing::Scene;

    #[test]
    fn a_machine_without_a_session_document_is_told() {
        let mut scene = Scene::with_machine();
        scene.remove("session-document");
        let findings = super::RULE.findings(&scene.facts());
        assert!(findings.len() == 1 && findings[0].open() && findings[0].resource == "instance-private");
    }

    #[test]
    fn an_unread_document_is_not_called_missing() {
        let mut scene = Scene::with_machine();
        scene.unread("session-document");
        let findings = super::RULE.findings(&scene.facts());
        assert!(findings.iter().all(|finding| finding.status == crate::check::Status::Unknown), "{findings:?}");
    }
}
