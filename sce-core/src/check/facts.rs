//! What rules may know.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::terms::Terms;
use super::waived::JudgedWaiver;
use crate::account::Region;
use crate::aws::arn::Arn;
use crate::model::{Model, Resource};
use crate::plan::account::Settings;
use crate::plan::short_digest;
use crate::spec::{Access, AccessMode, Account, Egress, Machine, Packages, Profile, Reviewed, Spec, Waiver};

/// What rules may know: the model, and what no API tells.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// What will be or is there.
    pub model: &'a Model,
    /// What the spec declares.
    pub declared: &'a Declared,
    /// What the judgement rests on beside the facts.
    pub terms: &'a Terms,
    /// The spec's waivers and what came of them, once the other rules have spoken.
    pub waivers: &'a [JudgedWaiver],
    /// Digests of what findings are about, by label: many rules speak of one thing.
    pub(super) digests: Digests,
}

/// Digests of a model's things by label, each taken once.
#[derive(Clone, Debug, Default)]
pub(super) struct Digests(RefCell<BTreeMap<String, Option<String>>>);

impl Digests {
    /// The digest of what bears that label; none when nothing does.
    pub(super) fn of(&self, model: &Model, label: &str) -> Option<String> {
        if let Some(known) = self.0.borrow().get(label) {
            return known.clone();
        }
        let digests: Vec<String> = model.named(label).map(Resource::digest).collect();
        let digest = match digests.as_slice() {
            [] => None,
            [only] => Some(only.clone()),
            several => Some(short_digest(&several)),
        };
        self.0.borrow_mut().insert(label.to_owned(), digest.clone());
        digest
    }
}

/// What no API tells: the spec declares it, and a finding that rests on it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// The environment's owner.
    pub owner: String,
    /// The region.
    pub region: Option<Region>,
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
    /// The private machine that was asked for.
    pub machine: Option<Machine>,
    /// Where its packages shall come from.
    pub packages: Packages,
    /// Plan ids of the stores that will hold PHI.
    pub phi_stores: BTreeSet<String>,
    /// Days that logs shall be kept.
    pub logs_days: u32,
    /// Who looks after what is account-wide.
    pub account: Account,
    /// Names reviewed and found to be no PHI.
    pub reviewed: Vec<Reviewed>,
    /// Whether a role is taken on from outside, from the allowed ranges.
    pub roles_from_outside: bool,
    /// The bound that every role shall have.
    pub permissions_boundary: Option<Arn>,
    /// Sections of the spec that this version accepts and does not build.
    pub not_built: Vec<&'static str>,
    /// Risks that somebody accepts.
    pub waivers: Vec<Waiver>,
    /// The spec itself, so that what is accepted of it can be told apart from what it later says.
    pub spec: serde_json::Value,
}

impl Declared {
    /// Whether something lets people in from the allowed ranges: a bastion, or a role that is taken on from outside.
    #[must_use]
    pub fn uses_allowed_ranges(&self) -> bool {
        self.access.mode == AccessMode::Bastion || self.roles_from_outside
    }

    /// What the spec declares.
    #[must_use]
    pub fn of(spec: &Spec) -> Self {
        let approvals = &spec.approvals;
        Self {
            owner: spec.owner.clone(),
            region: Some(spec.region.clone()),
            profile: spec.profile,
            irb: approvals.irb.clone(),
            billing: approvals.billing.clone(),
            baa: approvals.baa,
            egress: spec.network.egress,
            access: spec.access.clone(),
            machine: spec.private_machine().cloned(),
            packages: spec.private_machine().map(|machine| spec.packages(machine)).unwrap_or_default(),
            phi_stores: ["bucket-data", "bucket-output"].map(str::to_owned).into(),
            logs_days: spec.retention.logs_days,
            account: spec.account.clone(),
            reviewed: spec.names.reviewed.clone(),
            roles_from_outside: spec.roles.from_outside(),
            permissions_boundary: spec.account.permissions_boundary.clone(),
            not_built: not_built(spec),
            waivers: spec.waiver.clone(),
            // A spec holds text, numbers, lists and maps with text keys, which JSON can always say.
            spec: serde_json::to_value(spec).unwrap_or_default(),
        }
    }

    /// The spec's value at a place such as `access.allow.0`; null when it says nothing there.
    pub(super) fn value(&self, place: &str) -> &serde_json::Value {
        const NOTHING: &serde_json::Value = &serde_json::Value::Null;
        self.spec.pointer(&format!("/{}", place.replace('.', "/"))).unwrap_or(NOTHING)
    }

    /// What is declared of an account without any project.
    #[must_use]
    pub fn of_account(settings: &Settings) -> Self {
        Self { account: settings.account.clone(), logs_days: settings.logs_days, ..Self::default() }
    }
}

/// What this version accepts and does not build; people, a bastion and an Instance Connect endpoint are for a machine, and wait for one.
fn not_built(spec: &Spec) -> Vec<&'static str> {
    let machine = spec.private_machine().is_some();
    let asked = [
        ("workers", spec.workers.is_some()),
        ("access.people", !spec.access.people.is_empty() && !machine),
        ("access.mode", spec.access.mode != AccessMode::SessionManager && !machine),
    ];
    asked.into_iter().filter(|(_, asked)| *asked).map(|(section, _)| section).collect()
}
