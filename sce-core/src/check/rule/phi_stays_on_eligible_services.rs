//! Only services that AWS lists as eligible may touch PHI (L88-L90, L280-L282).

use super::{Citation, Control, Law, Observation, Rule, RuleId};
use crate::aws::resource::{Kind, PhiContact};
use crate::catalog::Edition;
use crate::check::{Facts, Severity, Status};

pub(super) static RULE: Rule = Rule {
    id: RuleId("phi-stays-on-eligible-services"),
    title: "Whatever touches PHI is of a service that AWS lists as HIPAA eligible",
    severity_kept: Severity::Info,
    severity_broken: Severity::High,
    cfr: &[Citation::standard("164.308(b)(1)")],
    nist80053: &[Control::crosswalk("SA-9"), Control::judgement("CM-7")],
    document_line: Some(90),
    status: Law::InForce,
    rationale: "The Business Associate Agreement covers PHI on the services that AWS lists, and on no others. A service that is not \
        on the list may trigger and orchestrate, as long as PHI never passes through it. The list of the day counts, whatever \
        profile the spec follows: it is the contract of today.",
    fix: "use a service that is on the list (`sce catalog` shows it), or give the list that your agreement names with `--catalog`",
    cost: "none while a listed service does the same",
    bad: r#"a FreeRTOS device gateway that patients' devices write to, judged by an edition that does not list it"#,
    good: r#"bucket-data, since Amazon Simple Storage Service is on the list"#,
    looks_at: &[],
    examine,
};

/// What could not be read is judged too: a kind tells its service.
fn examine(facts: &Facts<'_>) -> Vec<Observation> {
    let terms = facts.terms;
    let Some(edition) = terms.catalogue.edition_on(terms.today) else {
        let message = format!("the catalogue has no edition that held on {}", terms.today);
        return vec![Observation::told("catalogue", Status::Unknown, message)];
    };
    let read = facts.model.resources.iter().map(|resource| (resource.label(), resource.properties.kind()));
    let unread = facts.model.unread.iter().map(|(node, unread)| (node.as_str(), unread.kind));
    let touching = read.chain(unread).filter(|(_, kind)| kind.descriptor().phi_contact == PhiContact::DataAndCompute);
    let off: Vec<Observation> = touching.filter_map(|(label, kind)| off_list(label, kind, edition)).collect();
    if !off.is_empty() {
        return off;
    }
    let kept = format!("whatever touches PHI is of a service on the list of {}", edition.as_of);
    vec![Observation::of("catalogue", true, &kept, "")]
}

fn off_list(label: &str, kind: Kind, edition: &Edition) -> Option<Observation> {
    let service = kind.of_service().title();
    let message = format!("it touches PHI, and {service} is not on the list of {}", edition.as_of);
    (!edition.admits(kind)).then(|| Observation::of(label, false, "", &message))
}
