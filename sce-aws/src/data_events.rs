//! The S3 data events of an environment's stores, in the trail that all environments of the account share.
//!
//! CloudTrail replaces a trail's selectors as a whole, so each change reads them, changes the one selector that is the environment's
//! own, named for it, and writes them back, under the account's lease: two environments never write over one another.

use std::time::Duration;

use aws_sdk_cloudtrail::types::AdvancedEventSelector;
use sce_core::aws::resource::{Kind, Trail};
use sce_core::pit::{ACCOUNT_SCOPE, Pit, TAG_SCOPE};
use sce_core::plan::account::TRAIL;
use sce_core::plan::{Node, Plan};

use crate::error::{CloudError, Trouble};
use crate::provider::{Wanted, patiently};
use crate::registry::{Registry, RegistryError, run_name};
use crate::resource::trail;
use crate::session::Session;

/// What errors call it.
const LABEL: &str = "data-events";

/// The stores whose data events are recorded: those that hold PHI (C37).
const STORES: [&str; 2] = ["bucket-data", "bucket-output"];

/// How long another environment's change of the selectors is waited for.
const TURN: Duration = Duration::from_secs(60);

/// Adds the environment's selector where the account's trail is ours to change; an organisation's is only reported about, by rule
/// `data-events-of-stores-are-recorded`. A trail that cannot be read is not changed: the same rule answers `unknown`.
///
/// # Errors
/// When the trail is ours and cannot be changed.
pub(crate) async fn add(session: &Session, plan: &Plan) -> Result<bool, CloudError> {
    let partition = plan.region.partition();
    let store = |node: &&Node| node.properties.kind() == Kind::Bucket && STORES.contains(&node.id.as_str());
    let stores = plan.nodes.iter().filter(store);
    let prefixes: Vec<String> = stores.map(|node| format!("arn:{partition}:s3:::{}/", node.name)).collect();
    let wanted = trail::data_events(&name(&plan.pit), prefixes);
    match ours(session).await {
        Ok(true) => exchange(session, &plan.pit, Some(wanted)).await,
        Ok(false) => Ok(false),
        Err(error) if error.trouble == Trouble::Denied => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes the environment's selector, if it is there, and says whether it was.
///
/// # Errors
/// When the trail cannot be read, or is ours and cannot be changed.
pub(crate) async fn remove(session: &Session, pit: &Pit) -> Result<bool, CloudError> {
    if ours(session).await? { exchange(session, pit, None).await } else { Ok(false) }
}

/// The selector's name, by which the next run and the close-out know it.
fn name(pit: &Pit) -> String {
    format!("sce {pit}")
}

/// Whether the region has the trail that `sce account` made: by name, and by tag, which anybody's trail of that name would lack.
async fn ours(session: &Session) -> Result<bool, CloudError> {
    let node = Node {
        id: LABEL.parse().expect("a lower-case word with a hyphen"),
        name: TRAIL.to_owned(),
        scope: sce_core::plan::Scope::Account,
        needs: Vec::new(),
        tags: sce_core::pit::Tags::new(),
        properties: blank().into(),
    };
    let wanted = Wanted { node: &node, properties: &blank(), known: None, life: "" };
    let found = trail::look(session, &wanted).await?;
    Ok(found.is_some_and(|found| found.tags.get(TAG_SCOPE).map(String::as_str) == Some(ACCOUNT_SCOPE)))
}

fn blank() -> Trail {
    Trail {
        bucket: String::new(),
        key: None,
        log_group: None,
        log_group_role: None,
        all_regions: true,
        global_events: true,
        validated: true,
        management_events: true,
        organization: false,
        logging: true,
    }
}

/// Reads, changes and writes the selectors while the account's lease is held; writes nothing where nothing changes.
async fn exchange(session: &Session, pit: &Pit, wanted: Option<AdvancedEventSelector>) -> Result<bool, CloudError> {
    // Most runs change nothing, and need no lease to see that.
    if exchanged(&current(session).await?, pit, wanted.clone()).is_none() {
        return Ok(false);
    }
    let registry = Registry::of_account(session);
    let run = run_name(session);
    let take = || async { registry.lease(&run, false).await.map_err(busy) };
    let held = patiently(session, TURN, |error| error.trouble == Trouble::InUse, take).await?;
    let changed = match current(session).await.map(|selectors| exchanged(&selectors, pit, wanted)) {
        Ok(Some(selectors)) => trail::put_selectors(session, LABEL, TRAIL, selectors).await.map(|()| true),
        Ok(None) => Ok(false),
        Err(error) => Err(error),
    };
    let released = held.release().await.map_err(busy);
    changed.and_then(|changed| released.map(|()| changed))
}

async fn current(session: &Session) -> Result<Vec<AdvancedEventSelector>, CloudError> {
    let found = trail::selectors(session, LABEL, TRAIL).await?;
    trail::advanced(&found).ok_or_else(|| trail::custom(LABEL))
}

/// The selectors with the environment's own as wanted and all others as they are; none when they are so already.
///
/// A trail must keep some selector, and what records nothing else records what manages things.
fn exchanged(
    selectors: &[AdvancedEventSelector],
    pit: &Pit,
    wanted: Option<AdvancedEventSelector>,
) -> Option<Vec<AdvancedEventSelector>> {
    let name = name(pit);
    let others = selectors.iter().filter(|selector| selector.name() != Some(&name)).cloned();
    let mut after: Vec<AdvancedEventSelector> = others.collect();
    let own = selectors.iter().find(|selector| selector.name() == Some(&name));
    if own == wanted.as_ref() {
        return None;
    }
    after.extend(wanted);
    if after.is_empty() || selectors.is_empty() {
        after.insert(0, trail::management());
    }
    Some(after)
}

/// A lease that somebody holds is waited for; what else the registry says is its own.
fn busy(error: RegistryError) -> CloudError {
    match error {
        RegistryError::Cloud(error) => error,
        RegistryError::Leased { .. } => CloudError::plain("PutObject", LABEL, Trouble::InUse, error.to_string()),
        other => CloudError::plain("GetObject", LABEL, Trouble::Unreadable, other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(pit: &str) -> AdvancedEventSelector {
        trail::data_events(&format!("sce {pit}"), vec![format!("arn:aws:s3:::{pit}-data/")])
    }

    fn pit(text: &str) -> Pit {
        text.parse().unwrap()
    }

    #[test]
    fn two_environments_leave_each_others_selectors() {
        let theirs = trail::data_events("theirs", vec!["arn:aws:s3:::theirs/".to_owned()]);
        let before = vec![trail::management(), theirs.clone()];
        let one = exchanged(&before, &pit("omop"), Some(own("omop"))).unwrap();
        let two = exchanged(&one, &pit("omop-2"), Some(own("omop-2"))).unwrap();
        assert_eq!(two, [trail::management(), theirs.clone(), own("omop"), own("omop-2")]);
        let without = exchanged(&two, &pit("omop"), None).unwrap();
        assert_eq!(without, [trail::management(), theirs, own("omop-2")]);
        assert_eq!(exchanged(&without, &pit("omop-2"), None), Some(before));
    }

    #[test]
    fn what_is_so_already_is_not_written() {
        let there = [trail::management(), own("hipaa")];
        assert_eq!(exchanged(&there, &pit("hipaa"), Some(own("hipaa"))), None);
        assert_eq!(exchanged(&there[..1], &pit("hipaa"), None), None);
    }

    #[test]
    fn a_trail_never_loses_what_manages_things() {
        assert_eq!(exchanged(&[], &pit("hipaa"), Some(own("hipaa"))).unwrap()[0], trail::management());
        assert_eq!(exchanged(&[own("hipaa")], &pit("hipaa"), None), Some(vec![trail::management()]));
    }
}
