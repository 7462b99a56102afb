//! Lambda functions.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{
    Architecture, DeadLetterConfig, Environment, FunctionCode, FunctionConfiguration, LastUpdateStatus, LoggingConfig,
    Runtime, State,
};
use aws_smithy_types::{Blob, base64};
use sce_core::aws::resource::{Difference, Function};
use sce_core::function::{package, package_sha256};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use super::role::{gone, unless_own_work};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, patiently, poll};
use crate::session::Session;

/// How long a function takes to be made or changed, at worst (aws-behaviour 1d).
const SLOW: Duration = Duration::from_secs(600);

/// Finds the function by its name. One that is being deleted is none.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Function>) -> Result<Option<Found>, CloudError> {
    let Some(answer) = raw(session, wanted.node).await? else { return Ok(None) };
    let unreadable = |why: &str| CloudError::unreadable("GetFunction", wanted.label(), why);
    let read = answer.configuration().ok_or_else(|| unreadable("no configuration"))?;
    if let Some(error) = answer.tags_error() {
        return Err(unreadable(&format!("its tags: {}", error.message())));
    }
    let concurrency = answer.concurrency().and_then(|concurrency| concurrency.reserved_concurrent_executions());
    let properties = properties(read, concurrency).map_err(|why| unreadable(&why))?;
    let attributes = Attributes { id: wanted.node.name.clone(), arn: read.function_arn().map(str::to_owned) };
    let tags: Tags = answer.tags().cloned().unwrap_or_default().into_iter().collect();
    Ok(Some(Found { attributes, properties: properties.into(), tags }))
}

/// Lambda may not be allowed at once to take on a role, or to use a key, that was just made.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Function>) -> Result<(), CloudError> {
    let function = wanted.properties;
    let code = FunctionCode::builder().zip_file(code(wanted)?).build();
    let send = || async {
        let request = session.lambda.create_function().function_name(&wanted.node.name);
        let request = request.role(function.role.to_string()).handler(&function.handler);
        let request = request.runtime(Runtime::from(function.runtime.as_str()));
        let request = request.architectures(Architecture::from(function.architecture.as_str()));
        let request = request.code(code.clone()).environment(environment(function));
        let request = request.timeout(number(function.timeout_seconds)).memory_size(number(function.memory_mib));
        let request = request.set_kms_key_arn(function.key.as_ref().map(ToString::to_string));
        let request = request.set_dead_letter_config(function.dead_letters.is_some().then(|| dead_letters(function)));
        let request = request.logging_config(LoggingConfig::builder().log_group(&function.log_group).build());
        let request = request.set_layers((!function.layers.is_empty()).then(|| layers(function)));
        let request = request.set_tags(Some(wanted.node.tags.clone().into_iter().collect()));
        request.send().await.map_err(cloud("CreateFunction", wanted.label()))
    };
    match patiently(session, FRESH, is_fresh, send).await {
        Err(error) if error.has_code("ResourceConflictException") => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())
        }
        other => other.map(drop),
    }?;
    settled(session, wanted.node).await
}

/// Code and settings are changed by calls of their own, one after another: Lambda takes none while another is under way.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Function>,
    _: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    let is_code = |field: &str| matches!(field, "code_sha256" | "architecture" | "active");
    let changed = |test: &dyn Fn(&str) -> bool| differences.iter().any(|difference| test(&difference.field));
    if changed(&|field| !is_code(field) && field != "reserved_concurrency") {
        patiently(session, FRESH, is_fresh, || put_settings(session, wanted)).await?;
        settled(session, wanted.node).await?;
    }
    // A function that failed comes back when its code is put again.
    if changed(&is_code) {
        patiently(session, FRESH, is_fresh, || put_code(session, wanted)).await?;
        settled(session, wanted.node).await?;
    }
    if changed(&|field| field == "reserved_concurrency") {
        put_concurrency(session, wanted).await?;
    }
    Ok(())
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let request = session.lambda.tag_resource().set_resource(found.attributes.arn.clone());
    let request = request.set_tags(Some(node.tags.clone().into_iter().collect()));
    request.send().await.map(drop).map_err(cloud("TagResource", node.id.as_str()))
}

/// Deletes the function and waits until it shows no more: its log group goes next, and it could still write there.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let send = || async {
        let sent = session.lambda.delete_function().function_name(&found.attributes.id).send().await;
        sent.map(drop).map_err(cloud("DeleteFunction", node.id.as_str()))
    };
    gone(patiently(session, FRESH, |error| error.has_code("ResourceConflictException"), send).await)?;
    let is_gone = || async { Ok(raw(session, node).await?.is_none().then_some(Deleted::Gone)) };
    let still_there =
        || CloudError::plain("DeleteFunction", node.id.as_str(), Trouble::InUse, "still there after five minutes");
    poll(session, FRESH, is_gone).await?.ok_or_else(still_there)
}

async fn raw(session: &Session, node: &Node) -> Result<Option<GetFunctionOutput>, CloudError> {
    let sent = session.lambda.get_function().function_name(&node.name).send().await;
    let answer = match sent.map_err(cloud("GetFunction", node.id.as_str())) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
        other => other?,
    };
    let going = answer.configuration().and_then(|read| read.state()) == Some(&State::Deleting);
    Ok((!going).then_some(answer))
}

/// Waits until nothing of it is under way; a change that failed is told with Lambda's reason.
async fn settled(session: &Session, node: &Node) -> Result<(), CloudError> {
    let label = node.id.as_str();
    let done = || async {
        let answer = raw(session, node).await?;
        let Some(read) = answer.as_ref().and_then(|answer| answer.configuration()) else { return Ok(None) };
        let under_way =
            read.state() == Some(&State::Pending) || read.last_update_status() == Some(&LastUpdateStatus::InProgress);
        let reason = match (read.state(), read.last_update_status()) {
            (Some(State::Failed), _) => read.state_reason(),
            (_, Some(LastUpdateStatus::Failed)) => read.last_update_status_reason(),
            _ => return Ok((!under_way).then_some(())),
        };
        Err(CloudError::plain("GetFunction", label, Trouble::Refused, reason.unwrap_or("it failed without a reason")))
    };
    let slow = || CloudError::plain("GetFunction", label, Trouble::InUse, "not ready after ten minutes");
    poll(session, SLOW, done).await?.ok_or_else(slow)
}

fn properties(read: &FunctionConfiguration, reserved: Option<i32>) -> Result<Function, String> {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let arn = |value: Option<&str>| -> Result<_, String> {
        let value = value.filter(|value| !value.is_empty());
        let arn = value.map(str::parse).transpose().map_err(|error: sce_core::aws::arn::InvalidId| error.to_string());
        Ok(arn?.map(Value::Known))
    };
    let count = |value: Option<i32>, what: &str| {
        value.and_then(|value| u32::try_from(value).ok()).ok_or_else(|| format!("no {what}"))
    };
    let variables = read.environment().and_then(|environment| environment.variables());
    let variables = variables.into_iter().flatten().map(|(name, value)| (name.clone(), Value::Known(value.clone())));
    let architectures: Vec<&str> = read.architectures().iter().map(Architecture::as_str).collect();
    Ok(Function {
        role: arn(read.role())?.ok_or_else(|| "no role".to_owned())?,
        runtime: text(read.runtime().map(Runtime::as_str)),
        architecture: architectures.join(" "),
        handler: text(read.handler()),
        code_sha256: hexadecimal(read.code_sha256().unwrap_or_default())?,
        layers: read.layers().iter().map(|layer| text(layer.arn())).collect(),
        timeout_seconds: count(read.timeout(), "time-out")?,
        memory_mib: count(read.memory_size(), "memory")?,
        environment: variables.collect::<BTreeMap<_, _>>(),
        key: arn(read.kms_key_arn())?,
        dead_letters: arn(read.dead_letter_config().and_then(|letters| letters.target_arn()))?,
        log_group: text(read.logging_config().and_then(|logging| logging.log_group())),
        reserved_concurrency: reserved.map(|reserved| count(Some(reserved), "concurrency")).transpose()?,
        // One that is not used for long is put aside, and wakes with the next event.
        active: !matches!(read.state(), Some(State::Failed | State::Deactivated | State::ActiveNonInvocable)),
    })
}

/// The SHA-256 of the package, which Lambda writes in base64.
fn hexadecimal(sha256: &str) -> Result<String, String> {
    let bytes = base64::decode(sha256).map_err(|_| "its code's SHA-256 is not in base64".to_owned())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The package that the plan names, if it is the one that this version has.
fn code(wanted: &Wanted<'_, Function>) -> Result<Blob, CloudError> {
    if wanted.properties.code_sha256 == package_sha256() {
        return Ok(Blob::new(package()));
    }
    let message = "the plan names code of another version of sce";
    Err(CloudError::plain("CreateFunction", wanted.label(), Trouble::Refused, message))
}

async fn put_settings(session: &Session, wanted: &Wanted<'_, Function>) -> Result<(), CloudError> {
    let function = wanted.properties;
    let request = session.lambda.update_function_configuration().function_name(&wanted.node.name);
    let request = request.role(function.role.to_string()).handler(&function.handler);
    let request = request.runtime(Runtime::from(function.runtime.as_str())).environment(environment(function));
    let request = request.timeout(number(function.timeout_seconds)).memory_size(number(function.memory_mib));
    // Empty takes a key or a queue away.
    let request = request.kms_key_arn(function.key.as_ref().map(ToString::to_string).unwrap_or_default());
    let request = request.dead_letter_config(dead_letters(function)).set_layers(Some(layers(function)));
    let request = request.logging_config(LoggingConfig::builder().log_group(&function.log_group).build());
    request.send().await.map(drop).map_err(cloud("UpdateFunctionConfiguration", wanted.label()))
}

async fn put_code(session: &Session, wanted: &Wanted<'_, Function>) -> Result<(), CloudError> {
    let request = session.lambda.update_function_code().function_name(&wanted.node.name).zip_file(code(wanted)?);
    let request = request.architectures(Architecture::from(wanted.properties.architecture.as_str()));
    request.send().await.map(drop).map_err(cloud("UpdateFunctionCode", wanted.label()))
}

async fn put_concurrency(session: &Session, wanted: &Wanted<'_, Function>) -> Result<(), CloudError> {
    let name = &wanted.node.name;
    match wanted.properties.reserved_concurrency {
        Some(reserved) => {
            let request = session.lambda.put_function_concurrency().function_name(name);
            let request = request.reserved_concurrent_executions(number(reserved));
            request.send().await.map(drop).map_err(cloud("PutFunctionConcurrency", wanted.label()))
        }
        None => {
            let sent = session.lambda.delete_function_concurrency().function_name(name).send().await;
            sent.map(drop).map_err(cloud("DeleteFunctionConcurrency", wanted.label()))
        }
    }
}

fn environment(function: &Function) -> Environment {
    let variables = function.environment.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
    Environment::builder().set_variables(Some(variables)).build()
}

fn dead_letters(function: &Function) -> DeadLetterConfig {
    let target = function.dead_letters.as_ref().map(ToString::to_string).unwrap_or_default();
    DeadLetterConfig::builder().target_arn(target).build()
}

fn layers(function: &Function) -> Vec<String> {
    function.layers.iter().cloned().collect()
}

/// Lambda's bounds on all of these are far below.
fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// A role, a key or a policy that Lambda does not see yet (aws-behaviour 1d), or another change that is under way.
fn is_fresh(error: &CloudError) -> bool {
    const UNSEEN: [&str; 4] = [
        "cannot be assumed by Lambda",
        "The provided execution role does not have permissions",
        "KMS key is invalid for CreateGrant",
        "throttled by EC2",
    ];
    let message = error.message.as_deref().unwrap_or_default();
    let unseen = error.has_code("InvalidParameterValueException") && UNSEEN.iter().any(|words| message.contains(words));
    let busy = error.has_code("ResourceConflictException") && message.contains("in progress");
    unseen || busy
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_lambda::types::EnvironmentResponse;

    fn configuration() -> aws_sdk_lambda::types::builders::FunctionConfigurationBuilder {
        let environment = EnvironmentResponse::builder().variables("TABLE", "hipaa_filetable").build();
        FunctionConfiguration::builder()
            .role("arn:aws:iam::111122223333:role/hipaa_filetable_role")
            .runtime(Runtime::from("python3.13"))
            .architectures(Architecture::X8664)
            .handler("file_table.handler")
            .code_sha256("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
            .timeout(30)
            .memory_size(128)
            .environment(environment)
            .kms_key_arn("")
            .state(State::Active)
    }

    #[test]
    fn what_lambda_says_is_read_as_planned() {
        let read = properties(&configuration().build(), Some(0)).unwrap();
        assert_eq!(read.code_sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!((read.architecture.as_str(), read.key, read.dead_letters), ("x86_64", None, None));
        assert_eq!(read.environment["TABLE"].to_string(), "hipaa_filetable");
        assert_eq!((read.reserved_concurrency, read.active), (Some(0), true));
        assert!(!properties(&configuration().state(State::Failed).build(), None).unwrap().active);
        assert!(properties(&configuration().code_sha256("?").build(), None).is_err());
        assert!(properties(&configuration().role("").build(), None).is_err());
    }

    #[test]
    fn only_what_lambda_does_not_see_yet_passes() {
        let error = |code: &str, message: &str| {
            let mut error = CloudError::plain("CreateFunction", "f", Trouble::Refused, message);
            error.code = Some(code.to_owned());
            error
        };
        let invalid = "InvalidParameterValueException";
        assert!(is_fresh(&error(invalid, "The role defined for the function cannot be assumed by Lambda.")));
        assert!(!is_fresh(&error(invalid, "Unzipped size must be smaller than 262144000 bytes")));
        assert!(is_fresh(&error(
            "ResourceConflictException",
            "The operation cannot be performed at this time. An update is in progress"
        )));
        assert!(!is_fresh(&error("ResourceConflictException", "Function already exist: hipaa_filetable_function")));
    }
}
