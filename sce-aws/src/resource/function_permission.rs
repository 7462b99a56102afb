//! Who may call a Lambda function.

use sce_core::aws::policy::Policy;
use sce_core::aws::resource::{Difference, FunctionPermission, Properties};
use sce_core::pit::Tags;
use sce_core::plan::Node;

use super::role::gone;
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, patiently};
use crate::session::Session;

/// Finds our statement in the function's policy, and names the others.
pub(crate) async fn look(
    session: &Session,
    wanted: &Wanted<'_, FunctionPermission>,
) -> Result<Option<Found>, CloudError> {
    let (label, function) = (wanted.label(), wanted.properties.function.to_string());
    let sent = session.lambda.get_policy().function_name(&function).send().await;
    let policy = match sent.map_err(cloud("GetPolicy", label)) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(None),
        other => other?.policy.unwrap_or_default(),
    };
    let policy = Policy::from_json(&policy)
        .map_err(|error| CloudError::unreadable("GetPolicy", label, format!("its policy: {error}")))?;
    let Some(properties) = FunctionPermission::of_policy(&policy, label, &function) else { return Ok(None) };
    let attributes = Attributes::id(id(&function, label));
    Ok(Some(Found { attributes, properties: properties.into(), tags: Tags::new() }))
}

/// Lambda may not see the function at once, or be busy with another change of it. A statement of that name may only be ours.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, FunctionPermission>) -> Result<(), CloudError> {
    let permission = wanted.properties;
    let send = || async {
        let request = session.lambda.add_permission().function_name(permission.function.to_string());
        let request = request.statement_id(wanted.label()).action(ACTION).principal(&permission.service);
        let request = request.source_arn(permission.source.as_str()).source_account(&permission.source_account);
        request.send().await.map(drop).map_err(cloud("AddPermission", wanted.label()))
    };
    let passes = |error: &CloudError| {
        let exists = error.message.as_deref().is_some_and(|message| message.contains("already exists"));
        error.trouble == Trouble::NotFound || (error.has_code("ResourceConflictException") && !exists)
    };
    patiently(session, FRESH, passes, send).await
}

/// Statements cannot be changed, only taken out and put in; those of others are taken out.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, FunctionPermission>,
    found: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    let function = wanted.properties.function.to_string();
    if let Properties::FunctionPermission(present) = &found.properties {
        for other in present.others.difference(&wanted.properties.others) {
            remove(session, wanted.label(), &function, other).await?;
        }
    }
    if differences.iter().any(|difference| difference.field != "others") {
        remove(session, wanted.label(), &function, wanted.label()).await?;
        make(session, wanted).await?;
    }
    Ok(())
}

/// It has no tags.
pub(crate) async fn tag(_: &Session, _: &Node, _: &Found) -> Result<(), CloudError> {
    Ok(())
}

/// Takes our statement out.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    let label = node.id.as_str();
    let function = found.attributes.id.strip_suffix(label).unwrap_or_default().trim_end();
    remove(session, label, function, label).await.map(|()| Deleted::Gone)
}

const ACTION: &str = "lambda:InvokeFunction";

fn id(function: &str, statement: &str) -> String {
    format!("{function} {statement}")
}

async fn remove(session: &Session, label: &str, function: &str, statement: &str) -> Result<(), CloudError> {
    let send = || async {
        let request = session.lambda.remove_permission().function_name(function).statement_id(statement);
        request.send().await.map(drop).map_err(cloud("RemovePermission", label))
    };
    gone(patiently(session, FRESH, |error| error.has_code("ResourceConflictException"), send).await)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sce_core::aws::policy::Policy;
    use sce_core::value::Value;

    use super::*;

    const OURS: &str = r#"{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"p","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-west-2:111122223333:function:f","Condition":{"StringEquals":{"AWS:SourceAccount":"111122223333"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}}]}"#;

    fn read(json: &str) -> FunctionPermission {
        FunctionPermission::of_policy(&Policy::from_json(json).unwrap(), "p", "f").unwrap()
    }

    #[test]
    fn our_statement_is_read_as_lambda_writes_it() {
        let expected = FunctionPermission {
            function: Value::Known("f".to_owned()),
            service: "s3.amazonaws.com".to_owned(),
            source: "arn:aws:s3:::b".parse().unwrap(),
            source_account: "111122223333".to_owned(),
            others: BTreeSet::new(),
        };
        assert_eq!(read(OURS), expected);
        assert_eq!(FunctionPermission::of_policy(&Policy::from_json(OURS).unwrap(), "q", "f"), None);
    }

    #[test]
    fn a_statement_that_says_more_differs() {
        let wide = OURS
            .replace(r#""AWS:SourceArn":"arn:aws:s3:::b""#, r#""AWS:SourceArn":["arn:aws:s3:::b","arn:aws:s3:::c"]"#);
        assert_ne!(read(&wide), read(OURS));
        let anybody = OURS.replace(r#"{"Service":"s3.amazonaws.com"}"#, r#""*""#);
        assert_eq!(read(&anybody).service, "");
        let unbound = OURS.replace(r#""StringEquals":{"AWS:SourceAccount":"111122223333"},"#, "");
        assert_eq!(read(&unbound).source_account, "");
        let all = OURS.replace("lambda:InvokeFunction", "lambda:*");
        assert_eq!(read(&all).service, "");
    }

    #[test]
    fn others_are_named() {
        let more = OURS.replace("\"Statement\":[", r#""Statement":[{"Sid":"theirs","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"*"},"#);
        assert_eq!(read(&more).others, BTreeSet::from(["theirs".to_owned()]));
    }
}
