//! The way into an account, or onto the emulators that stand in for one.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig};
use aws_sdk_sts::config::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::endpoint::EndpointFuture;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::endpoint::Endpoint;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use sce_core::account::{AccountId, Partition, Region};
use sce_core::aws::arn::Arn;
use thiserror::Error;

use crate::divergence::Divergences;
use crate::endpoint::{Endpoints, InvalidEndpoint};
use crate::error::{CloudError, cloud};
use crate::interrupt::Interrupt;
use crate::pace::{Named, Pace};
use crate::world::{SystemWorld, World};

/// Whom a session speaks to. There is no default: a client that merely starts would speak to AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Emulators on this machine; dummy keys, and no setting of the environment but these endpoints.
    Emulator(Endpoints),
    /// This account, with the credentials that the AWS tools would use; compared with the caller before anything else.
    RealAccount(AccountId),
}

/// A way into an account.
#[derive(Clone, Debug)]
pub struct Session {
    /// None in a partition without AWS Artifact.
    pub(crate) artifact: Option<aws_sdk_artifact::Client>,
    pub(crate) cloudtrail: aws_sdk_cloudtrail::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) config: aws_sdk_config::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) guardduty: aws_sdk_guardduty::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) kms: aws_sdk_kms::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) rds: aws_sdk_rds::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) s3control: aws_sdk_s3control::Client,
    pub(crate) service_quotas: aws_sdk_servicequotas::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) ssm: aws_sdk_ssm::Client,
    sts: aws_sdk_sts::Client,
    pub(crate) world: Arc<dyn World>,
    pub(crate) divergences: Arc<Divergences>,
    region: Region,
    account: AccountId,
    caller: String,
    target: Target,
    calls: Arc<Calls>,
    pace: Pace,
    /// By what waits are given up.
    pub(crate) interrupt: Interrupt,
    /// Whether machines that run may be stopped for a change.
    pub(crate) may_stop_machines: bool,
}

/// The requests that went out: how many, retries included, and of which operations.
#[derive(Debug, Default)]
pub struct Calls {
    all: AtomicU64,
    mutating: AtomicU64,
    operations: Mutex<BTreeSet<String>>,
}

/// A code from somebody's MFA device.
#[derive(Clone, Debug)]
pub struct Mfa {
    /// The device's serial number: the ARN of a virtual one.
    pub serial: String,
    /// The code that it shows now; it serves once.
    pub code: String,
}

/// Why there is no session.
#[derive(Debug, Error)]
pub enum SessionError {
    /// An endpoint is wrong or missing.
    #[error(transparent)]
    Endpoint(#[from] InvalidEndpoint),
    /// The credentials belong elsewhere.
    #[error("the credentials are for account `{found}`, not for `{asked}`")]
    OtherAccount {
        /// The account asked for.
        asked: AccountId,
        /// The account of the credentials.
        found: String,
    },
    /// AWS does not say who the caller is.
    #[error("the caller's identity could not be established")]
    Identity(#[source] CloudError),
    /// The caller may not take the role on.
    #[error("role `{role}` could not be taken on")]
    Role {
        /// The role.
        role: Arn,
        /// What STS says.
        #[source]
        source: CloudError,
    },
}

impl SessionError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Endpoint(error) => error.help(),
            Self::OtherAccount { .. } => {
                Some("choose another profile with `AWS_PROFILE`, or name the account that is meant".to_owned())
            }
            Self::Identity(error) => error.help().map(str::to_owned),
            Self::Role { .. } => Some(
                "its trust names who may, and may ask for a code of the last hour from an MFA device and for an allowed range"
                    .to_owned(),
            ),
        }
    }
}

impl Session {
    /// Opens a session and asks who the caller is: one read-only call.
    ///
    /// # Errors
    /// When an endpoint is missing, nobody answers, the credentials are refused, or they are another account's.
    pub async fn open(target: &Target, region: &Region) -> Result<Self, SessionError> {
        Self::open_in(target, region, Arc::new(SystemWorld)).await
    }

    /// As [`Session::open`], with the clock, sleep and randomness given.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn open_in(target: &Target, region: &Region, world: Arc<dyn World>) -> Result<Self, SessionError> {
        let credentials = match target {
            Target::Emulator(_) => Some(dummy_credentials()),
            Target::RealAccount(_) => usual_credentials(region).await,
        };
        let pace = Pace::new(world.clone());
        Self::with_credentials(target, region, world, credentials, (Arc::default(), pace)).await
    }

    /// A session of the same account as this role, for an hour at most; its requests count with this session's.
    ///
    /// # Errors
    /// When the role's trust does not let the caller, or wants an MFA code that is not given or not good.
    pub async fn as_role(&self, role: &Arn, mfa: Option<&Mfa>) -> Result<Self, SessionError> {
        let request = self.sts.assume_role().role_arn(role.as_str()).role_session_name(SESSION_NAME);
        let request = request.duration_seconds(ROLE_SECONDS).set_serial_number(mfa.map(|mfa| mfa.serial.clone()));
        let sent = request.set_token_code(mfa.map(|mfa| mfa.code.clone())).send().await;
        let failed = |source| SessionError::Role { role: role.clone(), source };
        let answer = sent.map_err(cloud("AssumeRole", role.as_str())).map_err(failed)?;
        let lent = answer
            .credentials()
            .ok_or_else(|| failed(CloudError::unreadable("AssumeRole", role.as_str(), "no credentials")))?;
        let (key, secret, token) = (lent.access_key_id(), lent.secret_access_key(), lent.session_token().to_owned());
        let keys = aws_sdk_sts::config::Credentials::new(key, secret, Some(token), None, "sce-role");
        let credentials = Some(SharedCredentialsProvider::new(keys));
        let shared = (self.calls.clone(), self.pace.clone());
        let session =
            Self::with_credentials(&self.target, &self.region, self.world.clone(), credentials, shared).await?;
        Ok(Self { divergences: self.divergences.clone(), interrupt: self.interrupt.clone(), ..session })
    }

    async fn with_credentials(
        target: &Target,
        region: &Region,
        world: Arc<dyn World>,
        credentials: Option<SharedCredentialsProvider>,
        (calls, pace): (Arc<Calls>, Pace),
    ) -> Result<Self, SessionError> {
        let shared = config(region, credentials, &pace);
        let endpoint = |service: &str| match target {
            Target::Emulator(endpoints) => endpoints.of(service).map(|url| Some(url.to_owned())),
            Target::RealAccount(_) => Ok(None),
        };
        macro_rules! client {
            ($sdk:ident, $service:literal) => {{
                let count = Count { calls: calls.clone(), service: $service };
                let mut builder = $sdk::config::Builder::from(&shared).interceptor(count).interceptor(Named($service));
                builder.set_endpoint_url(endpoint($service)?);
                builder
            }};
        }
        let sts = aws_sdk_sts::Client::from_conf(client!(aws_sdk_sts, "sts").build());
        let (account, caller) = identity(&sts).await?;
        if let Target::RealAccount(asked) = target
            && *asked != account
        {
            return Err(SessionError::OtherAccount { asked: asked.clone(), found: account.to_string() });
        }
        let emulated = matches!(target, Target::Emulator(_));
        let agreements = artifact_region(region.partition()).map(|home| {
            Ok(aws_sdk_artifact::Client::from_conf(
                client!(aws_sdk_artifact, "artifact").region(SdkRegion::new(home)).build(),
            ))
        });
        Ok(Self {
            artifact: agreements.transpose().map_err(|error: InvalidEndpoint| SessionError::Endpoint(error))?,
            cloudtrail: aws_sdk_cloudtrail::Client::from_conf(client!(aws_sdk_cloudtrail, "cloudtrail").build()),
            cloudwatch: aws_sdk_cloudwatch::Client::from_conf(client!(aws_sdk_cloudwatch, "cloudwatch").build()),
            config: aws_sdk_config::Client::from_conf(client!(aws_sdk_config, "config").build()),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(client!(aws_sdk_dynamodb, "dynamodb").build()),
            ec2: aws_sdk_ec2::Client::from_conf(client!(aws_sdk_ec2, "ec2").build()),
            guardduty: aws_sdk_guardduty::Client::from_conf(client!(aws_sdk_guardduty, "guardduty").build()),
            iam: aws_sdk_iam::Client::from_conf(client!(aws_sdk_iam, "iam").build()),
            kms: aws_sdk_kms::Client::from_conf(client!(aws_sdk_kms, "kms").build()),
            lambda: aws_sdk_lambda::Client::from_conf(client!(aws_sdk_lambda, "lambda").build()),
            logs: aws_sdk_cloudwatchlogs::Client::from_conf(client!(aws_sdk_cloudwatchlogs, "logs").build()),
            rds: aws_sdk_rds::Client::from_conf(client!(aws_sdk_rds, "rds").build()),
            s3: aws_sdk_s3::Client::from_conf(client!(aws_sdk_s3, "s3").force_path_style(emulated).build()),
            s3control: {
                let builder = client!(aws_sdk_s3control, "s3control");
                let given = endpoint("s3control")?;
                aws_sdk_s3control::Client::from_conf(match given {
                    Some(url) => builder.endpoint_resolver(AsGiven(url)).build(),
                    None => builder.build(),
                })
            },
            service_quotas: aws_sdk_servicequotas::Client::from_conf(
                client!(aws_sdk_servicequotas, "servicequotas").build(),
            ),
            sns: aws_sdk_sns::Client::from_conf(client!(aws_sdk_sns, "sns").build()),
            sqs: aws_sdk_sqs::Client::from_conf(client!(aws_sdk_sqs, "sqs").build()),
            ssm: aws_sdk_ssm::Client::from_conf(client!(aws_sdk_ssm, "ssm").build()),
            sts,
            world,
            divergences: Arc::default(),
            region: region.clone(),
            account,
            caller,
            target: target.clone(),
            calls,
            pace,
            interrupt: Interrupt::default(),
            may_stop_machines: false,
        })
    }

    /// The session, knowing what those who answer cannot show.
    #[must_use]
    pub fn with_divergences(self, divergences: Divergences) -> Self {
        Self { divergences: Arc::new(divergences), ..self }
    }

    /// The session, giving up its waits when this is asked; calls in flight are finished all the same.
    pub(crate) fn interrupted_by(&self, interrupt: &Interrupt) -> Self {
        Self { interrupt: interrupt.clone(), ..self.clone() }
    }

    /// The session, for work that may stop machines where a change takes that, or may not.
    pub(crate) fn stopping_machines(&self, may_stop_machines: bool) -> Self {
        Self { may_stop_machines, ..self.clone() }
    }

    /// The region it works in.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The account it works in.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The caller's ARN.
    #[must_use]
    pub fn caller(&self) -> &str {
        &self.caller
    }

    /// Whether emulators stand in for the account.
    #[must_use]
    pub fn is_emulated(&self) -> bool {
        matches!(self.target, Target::Emulator(_))
    }

    /// How many requests went out so far.
    #[must_use]
    pub fn calls(&self) -> &Calls {
        &self.calls
    }
}

impl Calls {
    /// All requests.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.all.load(Ordering::Relaxed)
    }

    /// Requests that may change something.
    #[must_use]
    pub fn mutating(&self) -> u64 {
        self.mutating.load(Ordering::Relaxed)
    }

    /// The operations that were sent, such as `ec2:CreateVpc`; nothing of what was in them.
    #[must_use]
    pub fn operations(&self) -> BTreeSet<String> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, service: &str, operation: &str) {
        let reads = ["Describe", "Get", "List", "Head"];
        self.all.fetch_add(1, Ordering::Relaxed);
        if !reads.iter().any(|prefix| operation.starts_with(prefix)) {
            self.mutating.fetch_add(1, Ordering::Relaxed);
        }
        let mut operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        operations.insert(format!("{service}:{operation}"));
    }
}

/// What a session as a role is called in the logs.
const SESSION_NAME: &str = "sce";

/// How long it lasts: the shortest bound that a role can have.
const ROLE_SECONDS: i32 = 3_600;

/// Keys that open nothing: no profile, no metadata service, no environment is asked.
fn dummy_credentials() -> SharedCredentialsProvider {
    let keys = aws_sdk_sts::config::Credentials::new("sce-emulator", "sce-emulator", None, None, "sce");
    SharedCredentialsProvider::new(keys)
}

/// The credentials that the AWS tools would use; none when there are none.
async fn usual_credentials(region: &Region) -> Option<SharedCredentialsProvider> {
    let loader = aws_config::defaults(BehaviorVersion::latest()).region(SdkRegion::new(region.as_str().to_owned()));
    loader.http_client(http_client()).load().await.credentials_provider()
}

/// Nothing of the environment but the credentials: a profile's endpoint would take a real account's calls elsewhere.
fn config(region: &Region, credentials: Option<SharedCredentialsProvider>, pace: &Pace) -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(SdkRegion::new(region.as_str().to_owned()))
        .http_client(pace.client(http_client()))
        .retry_config(retries())
        .timeout_config(timeouts())
        .stalled_stream_protection(patience_with_streams())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()));
    config.set_credentials_provider(credentials);
    config.build()
}

/// AWS Artifact answers for the whole account in one region of a partition (AWS General Reference, "AWS Artifact endpoints and quotas").
fn artifact_region(partition: Partition) -> Option<&'static str> {
    match partition {
        Partition::Aws => Some("us-east-1"),
        Partition::GovCloud => Some("us-gov-west-1"),
        Partition::China => None,
    }
}

fn http_client() -> aws_smithy_runtime_api::client::http::SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(200))
}

/// For a call that AWS would do twice if it were sent twice: one attempt, whatever happens (aws-behaviour 0.1, 0.2).
pub(crate) fn once() -> RetryConfig {
    RetryConfig::disabled()
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).read_timeout(Duration::from_secs(60)).build()
}

/// An answer that stands still is waited for as long as one that has not begun: by default it would be five seconds, and what makes
/// something may take longer.
fn patience_with_streams() -> StalledStreamProtectionConfig {
    StalledStreamProtectionConfig::enabled().grace_period(Duration::from_secs(60)).build()
}

async fn identity(sts: &aws_sdk_sts::Client) -> Result<(AccountId, String), SessionError> {
    let sent = sts.get_caller_identity().send().await;
    let answer = sent.map_err(cloud("GetCallerIdentity", "caller")).map_err(SessionError::Identity)?;
    let account = answer.account().unwrap_or_default();
    let account = account.parse().map_err(|_| {
        SessionError::Identity(CloudError::unreadable("GetCallerIdentity", "caller", format!("account `{account}`")))
    })?;
    Ok((account, answer.arn().unwrap_or_default().to_owned()))
}

/// An endpoint taken as it was given. S3's control plane puts the account before the host's name, and a name such as
/// `111122223333.localhost` is one that not every resolver knows; the account travels in a header as well.
#[derive(Debug)]
struct AsGiven(String);

impl aws_sdk_s3control::config::endpoint::ResolveEndpoint for AsGiven {
    fn resolve_endpoint<'a>(&'a self, _: &'a aws_sdk_s3control::config::endpoint::Params) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(Endpoint::builder().url(self.0.clone()).build()))
    }
}

/// Counts requests by what their operation's name says of them.
#[derive(Clone, Debug)]
struct Count {
    calls: Arc<Calls>,
    service: &'static str,
}

#[dyn_dispatch_hint]
impl Intercept for Count {
    fn name(&self) -> &'static str {
        "sce-count"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map(Metadata::name).unwrap_or_default();
        tracing::debug!(operation, "request");
        self.calls.count(self.service, operation);
        Ok(())
    }
}
