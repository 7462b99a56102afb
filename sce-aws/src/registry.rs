//! The registry: one bucket of account scope that keeps each environment's spec, lock, plan, journal and lease, and outlives it.
//!
//! The account is the state; the registry is what the account cannot say of itself: what was asked, and who made what.

mod journal;
mod lease;

use jiff::Timestamp;
use sce_core::account::Region;
use sce_core::lock::Lock;
use sce_core::pit::{Pit, registry_bucket};
use sce_core::plan::account::no_project;
use sce_core::plan::{InvalidPlan, Plan};
use sce_core::spec::{Format, Spec};
use thiserror::Error;

pub(crate) use self::journal::{Journal, Pages};
pub(crate) use self::lease::Held;

use crate::close_out::ArchiveRecord;
use crate::error::{CloudError, Trouble, cloud};
use crate::session::Session;

/// What the registry could not do or say.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// AWS refused or failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// No environment of that name is known.
    #[error("no environment `{pit}` is in the registry")]
    Unknown {
        /// The name asked for.
        pit: Pit,
        /// Names that are known.
        known: Vec<String>,
    },
    /// It has ended.
    #[error("`{pit}` was closed out, and nothing was built since")]
    ClosedOut {
        /// The environment.
        pit: Pit,
    },
    /// Somebody else is at work.
    #[error("another run holds the lease on `{pit}`: {holder}, since {since}, until {until} unless renewed")]
    Leased {
        /// The environment.
        pit: Pit,
        /// Whose run it is.
        holder: String,
        /// Since when.
        since: Timestamp,
        /// Until when, if it is not renewed.
        until: Timestamp,
    },
    /// The environment's key is not there, so nothing could be encrypted with it.
    #[error("the key of `{pit}` is not there")]
    NoKey {
        /// The environment.
        pit: Pit,
    },
    /// A document in it cannot be read.
    #[error("`{key}` in the registry cannot be read")]
    Unreadable {
        /// The document.
        key: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl RegistryError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Cloud(error) => error.help().map(str::to_owned),
            Self::Unknown { known, .. } if known.is_empty() => Some("the registry knows none yet: `sce apply SPEC` makes one".to_owned()),
            Self::Unknown { known, .. } => Some(format!("it knows {}", known.join(", "))),
            Self::ClosedOut { pit } => {
                Some(format!("`sce status {pit}` shows its certificate; `sce apply SPEC` begins a new life"))
            }
            Self::Leased { .. } => Some(
                "wait until it ends; if that run is dead, add `--take-over`. The lease warns of a second run, it does not stop one"
                    .to_owned(),
            ),
            Self::NoKey { .. } => Some("`sce status` tells what is there; `sce apply` makes what is missing".to_owned()),
            Self::Unreadable { .. } => Some("it was altered, or written by a later version of sce".to_owned()),
        }
    }
}

/// The registry's part about one environment.
#[derive(Debug)]
pub(crate) struct Registry<'a> {
    session: &'a Session,
    bucket: String,
    pit: Pit,
    /// Where its documents lie.
    folder: String,
}

impl<'a> Registry<'a> {
    pub(crate) fn new(session: &'a Session, pit: &Pit) -> Self {
        let bucket = registry_bucket(session.account(), session.region());
        Self { session, bucket, pit: pit.clone(), folder: format!("pits/{pit}") }
    }

    /// The part about what is account-wide, which is no environment's.
    pub(crate) fn of_account(session: &'a Session) -> Self {
        let bucket = registry_bucket(session.account(), session.region());
        Self { session, bucket, pit: no_project(), folder: "account".to_owned() }
    }

    /// Where it keeps a document, for messages.
    pub(crate) fn location(&self, name: &str) -> String {
        format!("s3://{}/{}", self.bucket, self.key(name))
    }

    /// The plan last applied.
    pub(crate) async fn plan(&self) -> Result<Plan, RegistryError> {
        match self.last_plan().await? {
            Some(plan) => Ok(plan),
            None => Err(RegistryError::Unknown { pit: self.pit.clone(), known: self.known().await? }),
        }
    }

    /// The same; none before the first apply.
    pub(crate) async fn last_plan(&self) -> Result<Option<Plan>, RegistryError> {
        let Some(text) = self.read("plan.json").await? else { return Ok(None) };
        let plan = Plan::from_json(&String::from_utf8_lossy(&text));
        plan.map(Some).map_err(|error: InvalidPlan| self.unreadable("plan.json", error))
    }

    /// Keeps a plan, unless it is the one of that digest, which was applied last; and beside it every plan that was ever applied.
    pub(crate) async fn keep_plan(&self, plan: &Plan, last: Option<&str>) -> Result<(), RegistryError> {
        if last == Some(plan.digest.as_str()) {
            return Ok(());
        }
        let text = plan.to_json();
        // Named by its content: over itself it can be written without a look.
        self.write(&format!("plans/{}.json", plan.digest), &text).await?;
        self.write("plan.json", &text).await
    }

    /// Every plan that was ever applied, in no order that means anything.
    pub(crate) async fn every_plan(&self) -> Result<Vec<Plan>, RegistryError> {
        let mut plans = Vec::new();
        for name in self.names_under("plans/").await? {
            let text = self.read(&name).await?.unwrap_or_default();
            let plan = Plan::from_json(&String::from_utf8_lossy(&text));
            plans.push(plan.map_err(|error| self.unreadable(&name, error))?);
        }
        Ok(plans)
    }

    /// The spec of the plan last applied.
    pub(crate) async fn spec(&self) -> Result<Spec, RegistryError> {
        let Some(text) = self.read("spec.json").await? else {
            return Err(RegistryError::Unknown { pit: self.pit.clone(), known: self.known().await? });
        };
        let spec = sce_core::spec::parse(&String::from_utf8_lossy(&text), Format::Json);
        spec.map_err(|error| self.unreadable("spec.json", error))
    }

    /// The lock of the plan last applied.
    pub(crate) async fn lock(&self) -> Result<Lock, RegistryError> {
        let Some(text) = self.read("lock.json").await? else {
            return Err(RegistryError::Unknown { pit: self.pit.clone(), known: self.known().await? });
        };
        serde_json::from_slice(&text).map_err(|error| self.unreadable("lock.json", error))
    }

    /// What the registry knows of the archives under a folder.
    pub(crate) async fn archives(&self, folder: &str) -> Result<Vec<ArchiveRecord>, RegistryError> {
        let mut records = Vec::new();
        for name in self.names_under(folder).await? {
            let text = self.read(&name).await?.unwrap_or_default();
            records.push(serde_json::from_slice(&text).map_err(|error| self.unreadable(&name, error))?);
        }
        Ok(records)
    }

    /// The document, if there is one.
    pub(crate) async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, RegistryError> {
        let request = self.session.s3.get_object().bucket(&self.bucket).key(self.key(name));
        let answer = match request.send().await.map_err(cloud("GetObject", &self.location(name))) {
            Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
            other => other?,
        };
        let body = answer.body.collect().await;
        let body = body.map_err(|error| {
            CloudError::plain("GetObject", &self.location(name), Trouble::NoAnswer, error.to_string())
        })?;
        Ok(Some(body.into_bytes().into()))
    }

    /// Writes a document, over what was there.
    pub(crate) async fn write(&self, name: &str, content: &str) -> Result<(), RegistryError> {
        let request = self.session.s3.put_object().bucket(&self.bucket).key(self.key(name));
        let request = request.content_type("application/json").body(content.as_bytes().to_vec().into());
        request.send().await.map_err(cloud("PutObject", &self.location(name)))?;
        Ok(())
    }

    /// Removes a document; its older versions stay.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), RegistryError> {
        let request = self.session.s3.delete_object().bucket(&self.bucket).key(self.key(name));
        request.send().await.map_err(cloud("DeleteObject", &self.location(name)))?;
        Ok(())
    }

    /// The name of the environment's present life; made at the first apply, ended by close-out.
    pub(crate) async fn life(&self) -> Result<String, RegistryError> {
        if let Some(life) = self.read("life").await? {
            return Ok(String::from_utf8_lossy(&life).into_owned());
        }
        let life = format!("{:016x}", self.session.world.random());
        self.write("life", &life).await?;
        Ok(life)
    }

    /// Names of the environments that the registry knows.
    pub(crate) async fn known(&self) -> Result<Vec<String>, RegistryError> {
        environments(self.session).await.map_err(RegistryError::Cloud)
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    pub(crate) fn unreadable(
        &self,
        name: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> RegistryError {
        RegistryError::Unreadable { key: self.location(name), source: source.into() }
    }
}

impl Registry<'_> {
    /// The names of the journal's documents, oldest first.
    pub(crate) async fn runs(&self) -> Result<Vec<String>, RegistryError> {
        self.names_under("journal/").await
    }

    /// The names of the documents in a folder, sorted.
    async fn names_under(&self, folder: &str) -> Result<Vec<String>, RegistryError> {
        let prefix = self.key(folder);
        let request = self.session.s3.list_objects_v2().bucket(&self.bucket).prefix(&prefix);
        let mut pages = request.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(cloud("ListObjectsV2", &self.location(folder)))?;
            let keys = page.contents().iter().filter_map(|object| object.key());
            names.extend(keys.filter_map(|key| key.strip_prefix(&prefix)).map(|name| format!("{folder}{name}")));
        }
        names.sort();
        Ok(names)
    }
}

/// The name of a run: the time, then something nobody else has.
pub(crate) fn run_name(session: &Session) -> String {
    let time = session.world.now().strftime("%Y%m%dt%H%M%S.%6fz");
    format!("{time}-{:08x}", session.world.random() >> 32)
}

/// The regions that have a registry in the session's account.
///
/// # Errors
/// When AWS does not list the buckets.
pub async fn regions(session: &Session) -> Result<Vec<Region>, CloudError> {
    let prefix = format!("sce-registry-{}-", session.account());
    let request = session.s3.list_buckets().prefix(&prefix).max_buckets(1000);
    let mut pages = request.into_paginator().send();
    let mut regions = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(cloud("ListBuckets", "registry"))?;
        let names = page.buckets().iter().filter_map(|bucket| bucket.name());
        regions.extend(names.filter_map(|name| name.strip_prefix(&prefix)?.parse::<Region>().ok()));
    }
    Ok(regions)
}

/// The environments that the registry of the session's region knows.
///
/// # Errors
/// When AWS does not list them; a region without a registry knows none.
pub async fn environments(session: &Session) -> Result<Vec<String>, CloudError> {
    let bucket = registry_bucket(session.account(), session.region());
    let request = session.s3.list_objects_v2().bucket(&bucket).prefix("pits/").delimiter("/");
    let mut pages = request.into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let page = match page.map_err(cloud("ListObjectsV2", &bucket)) {
            Err(error) if error.trouble == Trouble::NotFound => return Ok(names),
            other => other?,
        };
        let prefixes = page.common_prefixes().iter().filter_map(|prefix| prefix.prefix());
        names.extend(prefixes.filter_map(|prefix| prefix.strip_prefix("pits/")?.strip_suffix('/').map(str::to_owned)));
    }
    Ok(names)
}
