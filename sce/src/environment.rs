//! Finding an environment by its name alone.

use sce_aws::registry::{RegistryError, environments, regions};
use sce_aws::status::{Known, overview};
use sce_aws::{CloudError, Session, SessionError, Target};
use sce_core::account::Region;
use sce_core::pit::Pit;
use thiserror::Error;

/// Why an environment was not found.
#[derive(Debug, Error)]
pub enum FindError {
    /// There is no session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// AWS does not list the registries.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// No registry knows it.
    #[error(transparent)]
    Unknown(#[from] RegistryError),
    /// Several regions have one of that name.
    #[error("environment `{pit}` is in several regions: {}", .regions.join(", "))]
    Ambiguous {
        /// The name.
        pit: Pit,
        /// The regions.
        regions: Vec<String>,
    },
}

impl FindError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Session(error) => error.help(),
            Self::Cloud(error) => error.help().map(str::to_owned),
            Self::Unknown(error) => error.help(),
            Self::Ambiguous { .. } => Some("name the region with `--region`".to_owned()),
        }
    }
}

/// Every environment that the registries of the account know, of one region or of all; read-only.
///
/// # Errors
/// When there is no session or a registry cannot be listed.
pub async fn known(target: &Target, region: Option<&Region>) -> Result<Vec<Known>, FindError> {
    let regions = match region {
        Some(region) => vec![region.clone()],
        None => {
            // Buckets are listed for the whole account from any region.
            let anywhere: Region = "us-east-1".parse().expect("us-east-1 is a region");
            regions(&Session::open(target, &anywhere).await?).await?
        }
    };
    let mut known = Vec::new();
    for region in regions {
        known.extend(overview(&Session::open(target, &region).await?).await?);
    }
    Ok(known)
}

/// Opens a session in the region whose registry knows the environment; read-only.
///
/// # Errors
/// When no registry of the account knows it, or several do.
pub async fn find(target: &Target, pit: &Pit, region: Option<&Region>) -> Result<Session, FindError> {
    if let Some(region) = region {
        return Ok(Session::open(target, region).await?);
    }
    // Buckets are listed for the whole account from any region.
    let anywhere: Region = "us-east-1".parse().expect("us-east-1 is a region");
    let session = Session::open(target, &anywhere).await?;
    let (mut homes, mut known) = (Vec::new(), Vec::new());
    for region in regions(&session).await? {
        let session = Session::open(target, &region).await?;
        let there = environments(&session).await?;
        if there.iter().any(|name| name == pit.as_str()) {
            homes.push(session);
        }
        known.extend(there);
    }
    match homes.len() {
        0 => Err(RegistryError::Unknown { pit: pit.clone(), known }.into()),
        1 => Ok(homes.remove(0)),
        _ => {
            let regions = homes.iter().map(|session| session.region().to_string()).collect();
            Err(FindError::Ambiguous { pit: pit.clone(), regions })
        }
    }
}
