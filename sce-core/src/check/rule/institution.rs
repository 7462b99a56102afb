//! What the rules about an institution's policy have in common.

use super::Observation;
use crate::check::{Facts, Institution};

/// What a rule sees under a policy; nothing where there is none. Each of these says only what is against the policy, so that one
/// sentence tells when nothing is.
pub(super) fn against(
    facts: &Facts<'_>,
    kept: impl Fn(&Institution) -> Option<String>,
    broken: impl Fn(&Institution) -> Vec<Observation>,
) -> Vec<Observation> {
    let Some(institution) = &facts.terms.institution else { return Vec::new() };
    let broken = broken(institution);
    if !broken.is_empty() {
        return broken;
    }
    kept(institution).map(|kept| Observation::of("spec", true, &kept, "")).into_iter().collect()
}

/// Something that is against the policy.
pub(super) fn breach(resource: &str, message: &str) -> Observation {
    Observation::of(resource, false, "", message)
}
