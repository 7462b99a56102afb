//! Where an environment's data is and what it was made from, by its name alone.

use sce_core::aws::arn::Arn;
use sce_core::lock::Lock;
use sce_core::pit::{BucketRole, Pit};
use sce_core::spec::Spec;
use serde::Serialize;

use crate::observe::observe;
use crate::registry::{Registry, RegistryError};
use crate::session::Session;

/// Where the custodian's role stands in every plan that has one.
const CUSTODIAN: &str = "custodian-role";

/// Where an environment's data is.
#[derive(Clone, Debug, Serialize)]
pub struct Stores {
    /// S3D: data that comes in.
    pub data: String,
    /// S3O: results.
    pub output: String,
    /// S3A: what is no PHI.
    pub ancillary: String,
    /// The key that everything written there is encrypted with.
    pub key_arn: String,
    /// The role that reads them from outside the endpoint, where the spec names custodians.
    pub custodian: Option<Arn>,
}

/// The spec that an environment was last applied from: read-only.
///
/// # Errors
/// When the registry does not know the environment.
pub async fn kept_spec(session: &Session, pit: &Pit) -> Result<Spec, RegistryError> {
    Registry::new(session, pit).spec().await
}

/// The lock that an environment was last applied with: read-only.
///
/// # Errors
/// When the registry does not know the environment.
pub async fn kept_lock(session: &Session, pit: &Pit) -> Result<Lock, RegistryError> {
    Registry::new(session, pit).lock().await
}

/// The stores of an environment that has been applied: read-only.
///
/// # Errors
/// When the registry does not know the environment, or its key is not there.
pub async fn stores(session: &Session, pit: &Pit) -> Result<Stores, RegistryError> {
    let plan = Registry::new(session, pit).plan().await?;
    let mut only_key = plan.clone();
    only_key.nodes.retain(|node| node.id.as_str() == "key");
    let observed = observe(session, &only_key).await;
    let key = observed.found.into_values().next().and_then(|found| found.attributes.arn);
    let custodian = plan.node_named(CUSTODIAN).map(|node| {
        let (partition, account) = (session.region().partition(), session.account());
        format!("arn:{partition}:iam::{account}:role/{}", node.name)
    });
    let bucket = |role| pit.bucket(role, session.account(), session.region());
    Ok(Stores {
        data: bucket(BucketRole::Data),
        output: bucket(BucketRole::Output),
        ancillary: bucket(BucketRole::Ancillary),
        custodian: custodian.and_then(|arn| arn.parse().ok()),
        key_arn: key.ok_or_else(|| RegistryError::NoKey { pit: pit.clone() })?,
    })
}
