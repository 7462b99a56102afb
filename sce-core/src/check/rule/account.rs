//! What the rules about the account have in common.

use super::Observation;
use crate::aws::resource::{Kind, Trail};
use crate::check::{Facts, Status};
use crate::model::{Model, Resource, Source};
use crate::spec::CloudTrail;

/// The trail that the account relies on: of several the one that does most of what a trail should.
pub(super) fn account_trail(model: &Model) -> Option<(&Resource, &Trail)> {
    let worth = |trail: &Trail| {
        let parts = [trail.logging, trail.all_regions, trail.global_events, trail.validated, trail.management_events];
        (trail.suffices(), parts.into_iter().filter(|part| *part).count(), trail.key.is_some())
    };
    model.trails().max_by_key(|(_, trail)| worth(trail))
}

/// The observation at the account's trail. Where there is none, `trail-covers-all-regions` says so, once; in a plan it is promised.
pub(super) fn on_trail(
    facts: &Facts<'_>,
    what: &str,
    observe: impl Fn(&str, &Trail) -> Observation,
) -> Vec<Observation> {
    match account_trail(facts.model) {
        Some((resource, trail)) => vec![observe(resource.label(), trail)],
        None if facts.model.source == Source::Plan => vec![promised(facts, what)],
        None => Vec::new(),
    }
}

/// What was seen of a setting; where nothing was, a promise in a plan, and in an account a gap.
pub(super) fn setting(facts: &Facts<'_>, kind: Kind, seen: Vec<Observation>, what: &str) -> Vec<Observation> {
    match facts.model.source {
        _ if !seen.is_empty() || nobody_read(facts.model, kind) => seen,
        Source::Plan => vec![promised(facts, what)],
        Source::Account => vec![Observation::of("account", false, "", &format!("{what} was never set"))],
    }
}

/// Whether something of the kind could not be read, which is told already.
pub(super) fn nobody_read(model: &Model, kind: Kind) -> bool {
    model.unread.values().any(|unread| unread.kind == kind)
}

/// What a spec says of the account: no plan of a project has it, and an account tells.
pub(super) fn promised(facts: &Facts<'_>, what: &str) -> Observation {
    let who = match facts.declared.account.cloudtrail {
        Some(CloudTrail::Existing) => "the organisation or `sce account apply`",
        Some(CloudTrail::Managed) | None => "`sce account apply`",
    };
    let message = format!("declared: {who} sees to {what}; `sce account status` tells");
    Observation::told("spec", Status::Declared, message).at("account")
}
