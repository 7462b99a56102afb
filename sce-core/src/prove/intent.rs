//! What a proof is held to beside the model: what was declared, and whom the plan lists.

use std::collections::BTreeSet;

use crate::account::{AccountId, Partition, Region};
use crate::aws::policy::{Conditions, Principal};
use crate::aws::resource::Properties;
use crate::check::Declared;
use crate::lock::{Existing, Lock, Thing};
use crate::model::Model;
use crate::pit::Pit;
use crate::plan::{Plan, plan};
use crate::spec::Spec;

/// What a proof is held to beside the model.
#[derive(Clone, Debug)]
pub struct Intent {
    /// What no API tells.
    pub declared: Declared,
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The partition that ARNs name.
    pub partition: Partition,
    /// Who administers the key and reads from outside, by ARN: whom the plan lists, whatever the account says later.
    pub administrators: BTreeSet<String>,
    /// Whom the plan lets be custodian, by ARN, whatever the account says later.
    pub custodians: BTreeSet<String>,
    /// The environment beside which this one is isolated.
    pub beside: Beside,
}

/// An environment in the same account.
#[derive(Clone, Debug, Default)]
pub enum Beside {
    /// None is known, so that nothing can be said.
    #[default]
    Nothing,
    /// The same spec under another PIT: no particular one, and as alike as one can be.
    Twin(Box<Model>),
    /// This one.
    Other(Box<Model>),
}

impl Intent {
    /// What a plan is held to, before it is applied.
    #[must_use]
    pub fn of(spec: &Spec, lock: &Lock, plan: &Plan) -> Self {
        let twin = twin(spec, lock).map_or(Beside::Nothing, |model| Beside::Twin(Box::new(model)));
        Self { beside: twin, ..Self::of_plan(&Declared::of(spec), plan) }
    }

    /// What an account is held to, when only the plan and what was declared are at hand.
    #[must_use]
    pub fn of_applied(declared: &Declared, plan: &Plan) -> Self {
        let spec: Option<Spec> = serde_json::from_value(declared.spec.clone()).ok();
        let twin = spec.and_then(|spec| twin(&spec, &lock_of(&spec, plan)));
        let beside = twin.map_or(Beside::Nothing, |model| Beside::Twin(Box::new(model)));
        Self { beside, ..Self::of_plan(declared, plan) }
    }

    /// The same, beside a certain environment.
    #[must_use]
    pub fn beside(self, other: Model) -> Self {
        Self { beside: Beside::Other(Box::new(other)), ..self }
    }

    fn of_plan(declared: &Declared, plan: &Plan) -> Self {
        let planned = Model::planned(plan);
        Self {
            declared: declared.clone(),
            account: plan.account.clone(),
            region: plan.region.clone(),
            partition: plan.region.partition(),
            administrators: administrators(declared, &planned),
            custodians: custodians(&planned),
            beside: Beside::Nothing,
        }
    }
}

/// Those whom the custodian's role trusts in the plan.
fn custodians(planned: &Model) -> BTreeSet<String> {
    let roles = planned.roles().filter(|(thing, _)| thing.label() == "custodian-role");
    let trusted =
        roles.flat_map(|(_, role)| role.trust.statements()).filter_map(|statement| match &statement.principal {
            Some(Principal::Listed(listed)) => listed.get("AWS"),
            _ => None,
        });
    trusted.flatten().filter_map(|arn| arn.known().cloned()).collect()
}

/// Those declared; else those whom the plan has the key's policy name for S3, whom the lock has chosen.
fn administrators(declared: &Declared, planned: &Model) -> BTreeSet<String> {
    let spec = declared.account.administrators.iter().map(ToString::to_string);
    let named: BTreeSet<String> = spec.collect();
    if !named.is_empty() {
        return named;
    }
    let of = |conditions: &Conditions| {
        let values = conditions.get("ArnLike").and_then(|keys| keys.get("aws:PrincipalArn")).into_iter().flatten();
        values.filter_map(|value| value.known().cloned()).collect::<Vec<_>>()
    };
    let statements = planned.keys().filter_map(|(_, key)| key.policy.statement("AdministratorsUseKeyThroughS3"));
    statements.flat_map(|statement| of(&statement.conditions)).collect()
}

/// The same environment under another PIT. Its name begins with this one's, so that a policy which matches beginnings shows.
/// A lock that names what the plan does; the rest are placeholders. What exists already is as the plan has it.
fn lock_of(spec: &Spec, plan: &Plan) -> Lock {
    let mut lock = Lock { account: plan.account.clone(), partition: plan.region.partition(), ..Lock::offline(spec) };
    let existing = plan.nodes.iter().filter(|node| node.is_existing());
    let things: Vec<Thing> = existing
        .map(|node| Thing { place: node.id.clone(), name: node.name.clone(), properties: node.properties.clone() })
        .collect();
    let zone = things.iter().find_map(|thing| match &thing.properties {
        Properties::Subnet(subnet) => Some(subnet.zone.clone()),
        _ => None,
    });
    if let (Some(zone), None) = (zone, &spec.network.zone) {
        lock.zone = zone;
    }
    if !things.is_empty() {
        lock.offline = plan.offline;
        lock.existing = Some(Existing { asked: spec.use_existing.clone(), things });
    }
    lock
}

fn twin(spec: &Spec, lock: &Lock) -> Option<Model> {
    let names = [format!("{}2", spec.pit), "twin".to_owned()];
    let pit = names.iter().find_map(|name| name.parse::<Pit>().ok().filter(|pit| *pit != spec.pit))?;
    let twin = Spec { pit, ..spec.clone() };
    plan(&twin, lock).ok().map(|plan| Model::planned(&plan))
}
