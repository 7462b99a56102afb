//! What the rules about waivers have in common: each speaks of one thing that can be the matter with a waiver.

use super::Observation;
use crate::check::{Facts, JudgedWaiver, Outcome, Status};

/// Of each waiver: broken if `matter` says what is the matter, kept if it accepts something, else nothing, since another rule speaks.
pub(super) fn each(
    facts: &Facts<'_>,
    kept: impl Fn(&JudgedWaiver) -> String,
    matter: impl Fn(&JudgedWaiver) -> Option<String>,
) -> Vec<Observation> {
    let observe = |judged: &JudgedWaiver| {
        let place = format!("waiver.{}", judged.index);
        let told = |status, message| Some(Observation::told("spec", status, message).at(place.as_str()));
        match (matter(judged), &judged.outcome) {
            (Some(message), _) => told(Status::Broken, message),
            (None, Outcome::Accepts) => told(Status::Kept, kept(judged)),
            (None, _) => None,
        }
    };
    facts.waivers.iter().filter_map(observe).collect()
}

/// How findings call a waiver.
pub(super) fn called(judged: &JudgedWaiver) -> String {
    format!("the waiver of `{}` for `{}`", judged.waiver.rule, judged.waiver.resource)
}
