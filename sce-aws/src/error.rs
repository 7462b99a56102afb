//! What AWS answered when it did not do what was asked.

use std::error::Error;
use std::fmt;

use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

/// A call that AWS refused, that failed, or whose answer never came.
#[derive(Debug)]
pub struct CloudError {
    /// The API operation, such as `CreateVpc`.
    pub operation: &'static str,
    /// What it was about: a node of the plan, a bucket, a file.
    pub resource: String,
    /// What went wrong.
    pub trouble: Trouble,
    /// AWS's error code, such as `VpcLimitExceeded`.
    pub code: Option<String>,
    /// AWS's own words.
    pub message: Option<String>,
    /// AWS's id of the request, which its support asks for.
    pub request_id: Option<String>,
    /// What is there more than once, for [`Trouble::Twice`]: what AWS calls each.
    pub twins: Vec<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What went wrong, in kinds that call for different deeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is not there.
    NotFound,
    /// Something of that name or place is there already.
    AlreadyExists,
    /// The caller may not, or is nobody AWS knows.
    Denied,
    /// Something else still depends on it, or it is in a state that passes.
    InUse,
    /// A quota is used up.
    Quota,
    /// AWS has no such machine or address free; another day, zone or type may have.
    NoCapacity,
    /// Too many calls; the SDK gave up retrying.
    Throttled,
    /// Nothing answers at the endpoint.
    Unreachable,
    /// The call was sent and no whole answer came.
    NoAnswer,
    /// It was sent, and whether AWS has finished was not waited for: the run was interrupted.
    Interrupted,
    /// Several things say that they are the same.
    Twice,
    /// AWS's answer is not one that this version understands.
    Unreadable,
    /// Anything else that AWS says.
    Refused,
}

/// Whether a call that failed may have done its work all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did nothing.
    NotDone,
    /// Nobody knows.
    Unknown,
}

impl CloudError {
    /// An answer of AWS that makes no sense, in our own words.
    pub(crate) fn unreadable(operation: &'static str, resource: &str, message: impl Into<String>) -> Self {
        Self::plain(operation, resource, Trouble::Unreadable, message)
    }

    /// A trouble that no SDK error stands behind.
    pub(crate) fn plain(operation: &'static str, resource: &str, trouble: Trouble, message: impl Into<String>) -> Self {
        let message = Some(message.into());
        let (code, request_id, twins, source) = (None, None, Vec::new(), None);
        Self { operation, resource: resource.to_owned(), trouble, code, message, request_id, twins, source }
    }

    /// Several things that say that they are one.
    pub(crate) fn twice(operation: &'static str, resource: &str, twins: Vec<String>) -> Self {
        let message = format!("{} things bear its tags: {}", twins.len(), twins.join(", "));
        Self { twins, ..Self::plain(operation, resource, Trouble::Twice, message) }
    }

    /// Whether the call may have done its work all the same.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.trouble {
            Trouble::NoAnswer | Trouble::Unreadable | Trouble::Interrupted => Outcome::Unknown,
            _ => Outcome::NotDone,
        }
    }

    /// Whether AWS's code is this one.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self.trouble {
            Trouble::Denied => Some(
                "check the credentials, and that their policy allows this operation: `sce permissions` prints what is needed",
            ),
            Trouble::Unreachable => Some("check that the endpoint is right and that something listens there"),
            Trouble::Quota => Some("ask for more in the Service Quotas console, or free what is no longer used"),
            Trouble::NoCapacity => Some("run the same command again later, or choose another instance type or zone"),
            Trouble::Throttled | Trouble::NoAnswer | Trouble::Interrupted => {
                Some("run the same command again: it continues where it stopped")
            }
            _ => None,
        }
    }
}

impl fmt::Display for CloudError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for `{}` ", self.operation, self.resource)?;
        f.write_str(match self.trouble {
            Trouble::NotFound => "found nothing",
            Trouble::AlreadyExists => "found that it exists already",
            Trouble::Denied => "was denied",
            Trouble::InUse => "found it in use",
            Trouble::Quota => "hit a quota",
            Trouble::NoCapacity => "found no capacity",
            Trouble::Throttled => "was throttled",
            Trouble::Unreachable => "reached nobody",
            Trouble::NoAnswer => "got no whole answer; whether it was done is not known",
            Trouble::Interrupted => "was interrupted before AWS had finished",
            Trouble::Twice => "found more than one",
            Trouble::Unreadable => "got an answer that makes no sense",
            Trouble::Refused => "was refused",
        })?;
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, ": {code}: {message}")?,
            (Some(text), None) | (None, Some(text)) => write!(f, ": {text}")?,
            (None, None) => {}
        }
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

impl Error for CloudError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// Names the operation and the resource of an SDK error.
pub(crate) fn cloud<E>(operation: &'static str, resource: &str) -> impl FnOnce(SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let resource = resource.to_owned();
    move |error| {
        let code = error.code().map(str::to_owned);
        let message = error.message().map(str::to_owned);
        let request_id = request_id(&error);
        let trouble = trouble(&error, code.as_deref());
        // A service error's own text only repeats code and message; other causes are worth telling.
        let source: Option<Box<dyn Error + Send + Sync>> = match error {
            SdkError::ServiceError(_) if trouble != Trouble::Unreadable => None,
            other => other.into_source().ok(),
        };
        CloudError { operation, resource, trouble, code, message, request_id, twins: Vec::new(), source }
    }
}

fn request_id<E>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    let headers = error.raw_response()?.headers();
    ["x-amzn-requestid", "x-amz-request-id"].iter().find_map(|name| headers.get(*name)).map(str::to_owned)
}

fn trouble<E>(error: &SdkError<E, HttpResponse>, code: Option<&str>) -> Trouble {
    match error {
        SdkError::ConstructionFailure(_) => Trouble::Denied,
        SdkError::DispatchFailure(failure) if failure.as_connector_error().is_some_and(is_refused_connection) => {
            Trouble::Unreachable
        }
        SdkError::DispatchFailure(failure) if failure.is_user() => Trouble::Denied,
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) | SdkError::ResponseError(_) => Trouble::NoAnswer,
        SdkError::ServiceError(service) => of_answer(code.unwrap_or_default(), service.raw().status().as_u16()),
        _ => Trouble::NoAnswer,
    }
}

/// A connection that was never made cannot have done anything; anything later may have.
fn is_refused_connection(failure: &aws_smithy_runtime_api::client::result::ConnectorError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(failure);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::ConnectionRefused
        {
            return true;
        }
        cause = error.source();
    }
    false
}

/// By wire code, not by shape name (aws-behaviour 0.7); quotas before throttling (0.6).
fn of_answer(code: &str, status: u16) -> Trouble {
    const DENIED: &[&str] = &[
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    ];
    // Some of these come with status 500, where others mean that nobody knows (aws-behaviour 0.8).
    const NO_CAPACITY: &[&str] = &[
        "InsufficientCapacity",
        "InsufficientFreeAddressesInSubnet",
        "InsufficientHostCapacity",
        "InsufficientInstanceCapacity",
        "InsufficientVolumeCapacity",
    ];
    const EXISTS: &[&str] = &[
        "AlreadyExistsException",
        "BucketAlreadyOwnedByYou",
        "DBInstanceAlreadyExists",
        "DBParameterGroupAlreadyExists",
        "DBSubnetGroupAlreadyExists",
        "DocumentAlreadyExists",
        "EntityAlreadyExists",
        "FlowLogAlreadyExists",
        "InvalidGroup.Duplicate",
        "InvalidKeyPair.Duplicate",
        "InvalidLaunchTemplateName.AlreadyExistsException",
        "InvalidPermission.Duplicate",
        "NetworkAclEntryAlreadyExists",
        "QueueAlreadyExists",
        "QueueNameExists",
        "Resource.AlreadyAssociated",
        "ResourceAlreadyExistsException",
        "RouteAlreadyExists",
        "TrailAlreadyExistsException",
    ];
    const IN_USE: &[&str] = &[
        "BucketNotEmpty",
        "ConcurrentModification",
        "DeleteConflict",
        "DependencyViolation",
        "IncorrectInstanceState",
        "IncorrectModificationState",
        "IncorrectState",
        "InvalidBucketState",
        "InvalidDBInstanceState",
        "InvalidDBParameterGroupState",
        "InvalidDBSubnetGroupStateFault",
        "InvalidDBSubnetStateFault",
        "InvalidGroup.InUse",
        "InvalidIPAddress.InUse",
        "OperationAborted",
        "OperationAbortedException",
        "ResourceConflictException",
        "ResourceInUse",
        "ResourceInUseException",
        "VolumeInUse",
    ];
    const MISSING: &[&str] = &[
        "AWS.SimpleQueueService.NonExistentQueue",
        "DBInstanceNotFound",
        "DBParameterGroupNotFound",
        "DBSubnetGroupNotFoundFault",
        "InvalidDocument",
        "NatGatewayNotFound",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchKey",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchTagSet",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
        "TableNotFoundException",
        "TrailNotFoundException",
    ];
    const THROTTLED: &[&str] = &[
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    ];
    if THROTTLED.contains(&code) {
        Trouble::Throttled
    } else if NO_CAPACITY.contains(&code) {
        Trouble::NoCapacity
    } else if code.ends_with("LimitExceeded") || code == "LimitExceededException" || code == "TooManyBuckets" {
        Trouble::Quota
    } else if DENIED.contains(&code) {
        Trouble::Denied
    } else if EXISTS.contains(&code) {
        Trouble::AlreadyExists
    } else if IN_USE.contains(&code) {
        Trouble::InUse
    } else if MISSING.contains(&code)
        || [".NotFound", ".NotFoundException", "NotFoundError"].iter().any(|end| code.ends_with(end))
        || status == 404
    {
        Trouble::NotFound
    } else if (200..300).contains(&status) {
        // AWS did it, and the answer is one that the SDK cannot read.
        Trouble::Unreadable
    } else if status == 403 || status == 401 {
        Trouble::Denied
    } else if status >= 500 {
        // The request was read; how far the work got before the server failed is not known.
        Trouble::NoAnswer
    } else {
        Trouble::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_by_what_they_call_for() {
        let cases = [
            ("VpcLimitExceeded", 400, Trouble::Quota),
            ("LimitExceededException", 400, Trouble::Quota),
            ("RequestLimitExceeded", 503, Trouble::Throttled),
            ("InvalidVpcID.NotFound", 400, Trouble::NotFound),
            ("ServerSideEncryptionConfigurationNotFoundError", 404, Trouble::NotFound),
            ("InvalidLaunchTemplateName.NotFoundException", 400, Trouble::NotFound),
            ("InsufficientInstanceCapacity", 500, Trouble::NoCapacity),
            ("DependencyViolation", 400, Trouble::InUse),
            ("EntityAlreadyExists", 409, Trouble::AlreadyExists),
            ("BucketAlreadyOwnedByYou", 409, Trouble::AlreadyExists),
            // Of somebody else's: there is nothing of ours to wait for.
            ("BucketAlreadyExists", 409, Trouble::Refused),
            ("UnauthorizedOperation", 403, Trouble::Denied),
            ("InternalError", 500, Trouble::NoAnswer),
            ("InvalidParameterValue", 400, Trouble::Refused),
            ("", 200, Trouble::Unreadable),
        ];
        for (code, status, expected) in cases {
            assert_eq!(of_answer(code, status), expected, "{code}");
        }
    }

    #[test]
    fn the_message_names_operation_resource_code_and_request() {
        let mut error =
            CloudError::plain("CreateVpc", "vpc", Trouble::Quota, "the maximum number of VPCs has been reached");
        error.code = Some("VpcLimitExceeded".to_owned());
        error.request_id = Some("r-1".to_owned());
        let expected = "CreateVpc for `vpc` hit a quota: VpcLimitExceeded: the maximum number of VPCs has been reached (request r-1)";
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.outcome(), Outcome::NotDone);
    }
}
