//! What rules may know.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::model::Model;
use crate::plan::account::Settings;
use crate::spec::{Access, AccessMode, Account, Egress, Profile, Reviewed, Spec};

/// What rules may know: the model, and what no API tells.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What will be or is there.
    pub model: &'a Model,
    /// What the spec declares.
    pub declared: &'a Declared,
}

/// What no API tells: the spec declares it, and a finding that rests on it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// The environment's owner.
    pub owner: String,
    /// The generation of practice followed.
    pub profile: Profile,
    /// The review board's approval.
    pub irb: Option<String>,
    /// The budget.
    pub billing: Option<String>,
    /// The day of designation under the BAA.
    pub baa: Option<Date>,
    /// The way out that was asked for.
    pub egress: Egress,
    /// The way in that was asked for.
    pub access: Access,
    /// Plan ids of the stores that will hold PHI.
    pub phi_stores: BTreeSet<String>,
    /// Days that logs shall be kept.
    pub logs_days: u32,
    /// Who looks after what is account-wide.
    pub account: Account,
    /// Names reviewed and found to be no PHI.
    pub reviewed: Vec<Reviewed>,
    /// Sections of the spec that this version accepts and does not build.
    pub not_built: Vec<&'static str>,
}

impl Declared {
    /// What the spec declares.
    #[must_use]
    pub fn of(spec: &Spec) -> Self {
        let approvals = &spec.approvals;
        Self {
            owner: spec.owner.clone(),
            profile: spec.profile,
            irb: approvals.irb.clone(),
            billing: approvals.billing.clone(),
            baa: approvals.baa,
            egress: spec.network.egress,
            access: spec.access.clone(),
            phi_stores: ["bucket-data", "bucket-output"].map(str::to_owned).into(),
            logs_days: spec.retention.logs_days,
            account: spec.account.clone(),
            reviewed: spec.names.reviewed.clone(),
            not_built: not_built(spec),
        }
    }

    /// What is declared of an account without any project.
    #[must_use]
    pub fn of_account(settings: &Settings) -> Self {
        Self { account: settings.account.clone(), logs_days: settings.logs_days, ..Self::default() }
    }
}

fn not_built(spec: &Spec) -> Vec<&'static str> {
    let asked = [
        ("compute", spec.compute.is_some()),
        ("workers", spec.workers.is_some()),
        ("database", !spec.database.is_empty()),
        ("access.people", !spec.access.people.is_empty()),
        ("access.mode", spec.access.mode != AccessMode::SessionManager),
    ];
    asked.into_iter().filter(|(_, asked)| *asked).map(|(section, _)| section).collect()
}
