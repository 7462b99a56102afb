//! What a judgement rests on beside the facts.

use std::borrow::Cow;

use jiff::civil::Date;

use super::finding::Severity;
use super::institution::Institution;
use crate::catalog::Catalogue;
use crate::cost::{Assumptions, Estimate, Prices, estimate};
use crate::plan::Plan;

/// What a judgement rests on beside the facts: the day, which no rule can know by itself, the catalogue of eligible services, and
/// what the institution allows.
///
/// ```
/// use sce_core::check::Terms;
/// let terms = Terms::on("2026-11-24".parse().unwrap());
/// let strict = terms.under("schema_version = 1\nname = \"Example University\"\n".parse().unwrap());
/// assert_eq!(strict.institution.unwrap().name, "Example University");
/// ```
#[derive(Clone, Debug)]
pub struct Terms {
    /// The day on which it is judged: waivers expire.
    pub today: Date,
    /// The services that may touch PHI.
    pub catalogue: Cow<'static, Catalogue>,
    /// What the institution allows, if it says.
    pub institution: Option<Institution>,
    /// What the plan costs, where the institution bounds it.
    pub estimate: Option<Estimate>,
}

impl Terms {
    /// The usual terms on that day.
    #[must_use]
    pub fn on(today: Date) -> Self {
        Self { today, catalogue: Cow::Borrowed(Catalogue::built_in()), institution: None, estimate: None }
    }

    /// The same by another catalogue.
    #[must_use]
    pub fn by(self, catalogue: Catalogue) -> Self {
        Self { catalogue: Cow::Owned(catalogue), ..self }
    }

    /// The same under an institution's policy.
    #[must_use]
    pub fn under(self, institution: Institution) -> Self {
        Self { institution: Some(institution), ..self }
    }

    /// The same, with what the plan costs where the institution bounds that: by the built-in prices, unless an estimate is there
    /// already.
    #[must_use]
    pub fn priced(self, plan: &Plan) -> Self {
        let Some(cost) = self.institution.as_ref().map(|institution| &institution.cost) else { return self };
        if cost.monthly_ceiling.is_none() || self.estimate.is_some() {
            return self;
        }
        let usual = Assumptions::default();
        let assumptions = Assumptions { hours_per_week: cost.hours_per_week.unwrap_or(usual.hours_per_week), ..usual };
        // What cannot be priced leaves the estimate out, and the rule says that it is not known.
        let estimate = estimate(plan, &assumptions, Prices::built_in()).ok();
        Self { estimate, ..self }
    }

    /// The least severity that stops a plan.
    pub(super) fn blocks_from(&self) -> Severity {
        self.institution.as_ref().map_or(Severity::High, |institution| institution.check.blocks_from.severity())
    }
}
