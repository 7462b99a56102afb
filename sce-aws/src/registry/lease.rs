//! The lease: who is at work on an environment.
//!
//! It warns others, it does not fence them: AWS does not ask for it, so a run that has lost it can still send what it was about to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Registry, RegistryError};
use crate::error::{CloudError, Trouble, cloud};

/// What the lease is called in the registry.
const DOCUMENT: &str = "lease.json";

/// How long a lease lasts unless it is renewed.
const LEASE: Duration = Duration::from_secs(120);

/// How old a lease may grow before its holder renews it.
const RENEW: Duration = Duration::from_secs(30);

/// A lease, as the registry has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lease {
    schema_version: u32,
    run: String,
    holder: String,
    since: Timestamp,
    until: Timestamp,
}

/// The right to work on an environment, for as long as it is renewed.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    registry: &'a Registry<'a>,
    lease: Mutex<Lease>,
    /// Whether another run took it over.
    lost: AtomicBool,
}

impl<'a> Registry<'a> {
    /// Takes the lease, or says who holds it.
    pub(crate) async fn lease(&'a self, run: &str, take_over: bool) -> Result<Held<'a>, RegistryError> {
        let now = self.session.world.now();
        let holder = self.session.caller().to_owned();
        let lease = Lease { schema_version: 1, run: run.to_owned(), holder, since: now, until: after(now) };
        match self.put_lease(&lease, true).await {
            Ok(()) => {}
            Err(error) if is_contested(&error) => {
                self.overrule(now, take_over).await?;
                self.put_lease(&lease, false).await?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Held { registry: self, lease: Mutex::new(lease), lost: AtomicBool::new(false) })
    }

    /// Writes the lease; if there shall be none, only where there is none.
    async fn put_lease(&self, lease: &Lease, only_if_free: bool) -> Result<(), CloudError> {
        let text = serde_json::to_string(lease).unwrap_or_default();
        let request = self.session.s3.put_object().bucket(&self.bucket).key(self.key(DOCUMENT));
        let request = request.set_if_none_match(only_if_free.then(|| "*".to_owned()));
        let sent = request.content_type("application/json").body(text.into_bytes().into()).send().await;
        sent.map(drop).map_err(cloud("PutObject", &self.location(DOCUMENT)))
    }

    /// Whose the lease is now.
    async fn present_lease(&self) -> Result<Option<Lease>, RegistryError> {
        let Some(text) = self.read(DOCUMENT).await? else { return Ok(None) };
        serde_json::from_slice(&text).map(Some).map_err(|error| self.unreadable(DOCUMENT, error))
    }

    /// Whether the lease that is there has run out, or is to be taken over.
    async fn overrule(&self, now: Timestamp, take_over: bool) -> Result<(), RegistryError> {
        if take_over {
            return Ok(());
        }
        match self.present_lease().await? {
            Some(other) if other.until >= now => Err(self.leased(other)),
            _ => Ok(()),
        }
    }

    fn leased(&self, other: Lease) -> RegistryError {
        let Lease { holder, since, until, .. } = other;
        RegistryError::Leased { pit: self.pit.clone(), holder, since, until }
    }
}

impl Held<'_> {
    /// Renews the lease when it is getting old. One that another run has taken over is left to it, and is lost.
    pub(crate) async fn renew(&self) -> Result<(), RegistryError> {
        let now = self.registry.session.world.now();
        // A poisoned lock still holds a whole lease: nothing is half-written under it.
        let mut renewed = self.lease.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fresh_until = renewed.until.checked_sub(LEASE - RENEW).unwrap_or(renewed.until);
        if now < fresh_until {
            return Ok(());
        }
        if let Some(other) = self.registry.present_lease().await?.filter(|other| other.run != renewed.run) {
            self.lost.store(true, Ordering::Relaxed);
            return Err(self.registry.leased(other));
        }
        renewed.until = after(now);
        self.registry.put_lease(&renewed, false).await?;
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }

    /// Whether another run was seen to have taken the lease over.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Does the work, and renews the lease as long as it takes: a database takes ten minutes to make, and a lease lasts two.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let renewing = async {
            loop {
                self.registry.session.world.sleep(RENEW).await;
                // The lease warns others; that it cannot be renewed is no reason to abandon a call half-way.
                if let Err(error) = self.renew().await {
                    tracing::warn!(%error, "the lease could not be renewed");
                }
            }
        };
        // The work goes on while the lease is being renewed.
        tokio::select! {
            done = &mut work => done,
            () = renewing => unreachable!("the lease is renewed until the work is done"),
        }
    }

    /// Gives the lease back, unless it is another run's by now.
    pub(crate) async fn release(self) -> Result<(), RegistryError> {
        match self.is_lost() {
            true => Ok(()),
            false => self.registry.remove(DOCUMENT).await,
        }
    }
}

/// Whether there is a lease already, or another run is about to write one.
fn is_contested(error: &CloudError) -> bool {
    error.has_code("PreconditionFailed")
        || error.has_code("ConditionalRequestConflict")
        || error.trouble == Trouble::AlreadyExists
}

fn after(now: Timestamp) -> Timestamp {
    now.checked_add(LEASE).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::Replay;

    const LEASE_JSON: &str = "/sce-registry-111122223333-us-west-2/pits/hipaa/lease.json";

    /// A lease as another run wrote it.
    fn others(until: &str) -> String {
        format!(
            r#"{{"schema_version":1,"run":"other","holder":"them","since":"1970-01-01T00:00:00Z","until":"{until}"}}"#
        )
    }

    fn taken() -> (&'static str, u16, String) {
        (LEASE_JSON, 412, "<Error><Code>PreconditionFailed</Code></Error>".to_owned())
    }

    #[tokio::test]
    async fn a_lease_is_refused_while_it_lasts_and_taken_when_it_has_run_out() {
        let done = || (LEASE_JSON, 200, String::new());
        let answers = [
            taken(),
            (LEASE_JSON, 200, others("1970-01-01T00:01:00Z")),
            taken(),
            (LEASE_JSON, 200, others("1969-12-31T23:59:00Z")),
            done(),
        ];
        let replay = Replay::of("s3", answers);
        let session = replay.session().await;
        let pit = "hipaa".parse().unwrap();
        let registry = Registry::new(&session, &pit);
        let refused = registry.lease("mine", false).await.unwrap_err();
        assert!(refused.to_string().contains("another run holds the lease on `hipaa`: them, since"), "{refused}");
        assert!(registry.lease("mine", false).await.is_ok());
        replay.finished();
    }

    #[tokio::test]
    async fn a_run_notices_when_another_has_taken_the_lease_over() {
        let answers = [(LEASE_JSON, 200, String::new()), (LEASE_JSON, 200, others("1970-01-01T00:09:00Z"))];
        let replay = Replay::of("s3", answers);
        let session = replay.session().await;
        let pit = "hipaa".parse().unwrap();
        let registry = Registry::new(&session, &pit);
        let held = registry.lease("mine", false).await.unwrap();
        held.renew().await.unwrap();
        assert!(!held.is_lost(), "it is fresh, so nothing was asked");
        session.world.sleep(RENEW * 2).await;
        assert!(held.renew().await.is_err() && held.is_lost());
        held.release().await.unwrap();
        replay.finished();
    }
}
