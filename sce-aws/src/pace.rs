//! Sending no faster than AWS allows: each request waits its turn in the bucket of its operation.
//!
//! The wait is in the connector, below the SDK's retries, so that what is sent again takes a turn as well. An interceptor tells the
//! connector which operation a request is of.
//!
//! The SDK's own adaptive mode is not used: it slows a whole client, from the first throttled answer on to half a request a second, while
//! EC2 counts each operation by itself, and the registry's lease and journal would wait behind what was throttled. Throttled requests
//! are sent again by the SDK's standard mode.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use sce_core::rates;

use crate::world::World;

/// The buckets of one account and region, which all sessions of it share.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    buckets: Arc<Mutex<rates::Pace>>,
    world: Arc<dyn World>,
}

/// The operation of a request, on its way from the interceptor to the connector.
#[derive(Clone, Debug)]
struct Operation {
    service: &'static str,
    name: String,
}

/// Tells the connector of which operation a request is.
#[derive(Clone, Debug)]
pub(crate) struct Named(pub(crate) &'static str);

/// A client that waits before it sends.
#[derive(Clone, Debug)]
struct Paced {
    pace: Pace,
    client: SharedHttpClient,
}

#[derive(Clone, Debug)]
struct PacedConnector {
    pace: Pace,
    connector: SharedHttpConnector,
}

impl Pace {
    pub(crate) fn new(world: Arc<dyn World>) -> Self {
        Self { buckets: Arc::default(), world }
    }

    /// The client, sending no faster than this.
    pub(crate) fn client(&self, client: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Paced { pace: self.clone(), client })
    }

    /// Takes a place, and says how long to wait for it.
    fn take(&self, operation: &Operation) -> Duration {
        let now = Duration::from_millis(u64::try_from(self.world.now().as_millisecond()).unwrap_or_default());
        // A poisoned lock still holds whole buckets: nothing is half-written under it.
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.take(operation.service, &operation.name, now)
    }
}

impl HttpClient for Paced {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let connector = self.client.http_connector(settings, components);
        SharedHttpConnector::new(PacedConnector { pace: self.pace.clone(), connector })
    }
}

impl HttpConnector for PacedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wait = request.extension::<Operation>().map(|operation| self.pace.take(operation)).unwrap_or_default();
        if wait.is_zero() {
            return self.connector.call(request);
        }
        let Self { pace, connector } = self.clone();
        HttpConnectorFuture::new(async move {
            pace.world.sleep(wait).await;
            connector.call(request).await
        })
    }
}

#[dyn_dispatch_hint]
impl Intercept for Named {
    fn name(&self) -> &'static str {
        "sce-operation"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let name = config.load::<Metadata>().map(Metadata::name).unwrap_or_default().to_owned();
        context.request_mut().add_extension(Operation { service: self.0, name });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::replay::Replay;

    #[tokio::test]
    async fn requests_of_one_operation_wait_their_turn_and_others_do_not() {
        let answer = |name: &'static str| (name, 200, format!("<{name}Response></{name}Response>"));
        let answers = (0..5).map(|_| answer("DeleteVpcEndpoints")).chain([answer("DescribeVpcEndpoints")]);
        let replay = Replay::of("ec2", answers);
        let session = replay.session().await;
        let begun = session.world.now();
        let waited = |since: jiff::Timestamp| session.world.now().duration_since(since).as_secs();
        for _ in 0..5 {
            session.ec2.delete_vpc_endpoints().vpc_endpoint_ids("vpce-1").send().await.unwrap();
        }
        assert_eq!(waited(begun), 8, "a burst of three, and then one every four seconds");
        let later = session.world.now();
        session.ec2.describe_vpc_endpoints().send().await.unwrap();
        assert_eq!(waited(later), 0);
    }
}
