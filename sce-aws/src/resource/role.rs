//! IAM roles, and what IAM's kinds have in common.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_iam::types::{Role as SdkRole, Tag};
use sce_core::aws::arn::Arn;
use sce_core::aws::policy::Policy;
use sce_core::aws::resource::{Difference, Properties, Role};
use sce_core::pit::Tags;
use sce_core::plan::Node;
use sce_core::value::Value;

use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, Found, Wanted, patiently};
use crate::session::Session;

/// How long one service may take to know what another, or it itself, has just made (aws-behaviour 1b, 1c).
pub(super) const PASSING: Duration = Duration::from_secs(120);

/// Finds the role by its name. One that goes while it is read is gone.
pub(crate) async fn look(session: &Session, wanted: &Wanted<'_, Role>) -> Result<Option<Found>, CloudError> {
    match read(session, wanted.node).await {
        Err(error) if error.has_code("NoSuchEntity") => Ok(None),
        other => other.map(Some),
    }
}

/// IAM may not know a principal yet that has just been made.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, Role>) -> Result<(), CloudError> {
    let send = || async {
        let request = session.iam.create_role().role_name(&wanted.node.name);
        let request = request.assume_role_policy_document(wanted.properties.trust.to_json());
        let request =
            request.set_permissions_boundary(wanted.properties.permissions_boundary.as_ref().map(Arn::to_string));
        let request = request.max_session_duration(session_seconds(wanted.properties));
        let request = request.set_tags(Some(iam_tags(&wanted.node.tags)));
        request.send().await.map_err(cloud("CreateRole", wanted.label()))
    };
    match patiently(session, PASSING, is_unseen_principal, send).await {
        Err(error) if error.trouble == Trouble::AlreadyExists => {
            unless_own_work(error, wanted.node, look(session, wanted).await.ok().flatten())
        }
        other => other.map(|_| ()),
    }
}

/// The bound first, since the organisation may allow the rest only with it. Trust and the length of sessions are replaced, missing
/// policies attached, and what others attached is taken off: the rules judged the role without it.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, Role>,
    found: &Found,
    differences: &[Difference],
) -> Result<(), CloudError> {
    let Properties::Role(present) = &found.properties else { return Ok(()) };
    take_off(session, wanted, present).await?;
    let differs = |field| differences.iter().any(|difference| difference.field == field);
    if differs("permissions_boundary") {
        bound(session, wanted).await?;
    }
    if differs("trust") {
        replace_trust(session, wanted).await?;
    }
    if differs("max_session_seconds") {
        limit_sessions(session, wanted).await?;
    }
    for policy in wanted.properties.policies.difference(&present.policies) {
        attach(session, wanted, policy).await?;
    }
    Ok(())
}

/// Adds the node's tags; others stay.
pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    let request = session.iam.tag_role().role_name(&found.attributes.id).set_tags(Some(iam_tags(&node.tags)));
    request.send().await.map_err(cloud("TagRole", node.id.as_str()))?;
    Ok(())
}

/// IAM deletes a bare role only.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    match strip_and_delete(session, node, &found.attributes.id).await {
        Err(error) if error.has_code("NoSuchEntity") => Ok(Deleted::Gone),
        other => other.map(|()| Deleted::Gone),
    }
}

async fn read(session: &Session, node: &Node) -> Result<Found, CloudError> {
    let (name, label) = (node.name.as_str(), node.id.as_str());
    let role = async {
        let sent = session.iam.get_role().role_name(name).send().await;
        sent.map_err(cloud("GetRole", label))
    };
    let (answer, policies, inline_policies) =
        tokio::try_join!(role, attached(session, label, name), inline(session, label, name))?;
    let role = answer.role().ok_or_else(|| CloudError::unreadable("GetRole", label, "no role"))?;
    let properties = Role {
        trust: document("GetRole", label, role.assume_role_policy_document())?,
        policies: policies.into_iter().map(Value::Known).collect(),
        inline_policies,
        permissions_boundary: boundary(label, role)?,
        max_session_seconds: longest_session(label, role)?,
    };
    let attributes = Attributes { id: role.role_name().to_owned(), arn: Some(role.arn().to_owned()) };
    Ok(Found { attributes, properties: properties.into(), tags: from_iam_tags(role.tags()) })
}

fn boundary(label: &str, role: &SdkRole) -> Result<Option<Arn>, CloudError> {
    let arn = role.permissions_boundary().and_then(|attached| attached.permissions_boundary_arn());
    let unreadable = |error| CloudError::unreadable("GetRole", label, format!("its permissions boundary: {error}"));
    arn.map(|arn| arn.parse().map_err(unreadable)).transpose()
}

fn longest_session(label: &str, role: &SdkRole) -> Result<u32, CloudError> {
    let seconds = role.max_session_duration().and_then(|seconds| u32::try_from(seconds).ok());
    seconds.ok_or_else(|| CloudError::unreadable("GetRole", label, "no length of sessions"))
}

/// IAM counts in signed numbers; its own bound of half a day is far below where that would matter.
fn session_seconds(role: &Role) -> i32 {
    i32::try_from(role.max_session_seconds).unwrap_or(i32::MAX)
}

async fn attached(session: &Session, label: &str, name: &str) -> Result<BTreeSet<Arn>, CloudError> {
    let pages = session.iam.list_attached_role_policies().role_name(name).into_paginator().items().send();
    let listed = pages.try_collect().await.map_err(cloud("ListAttachedRolePolicies", label))?;
    let arns = listed.iter().map(|policy| policy.policy_arn().unwrap_or_default().parse());
    arns.collect::<Result<_, _>>()
        .map_err(|error| CloudError::unreadable("ListAttachedRolePolicies", label, format!("{error}")))
}

async fn inline(session: &Session, label: &str, name: &str) -> Result<BTreeSet<String>, CloudError> {
    let pages = session.iam.list_role_policies().role_name(name).into_paginator().items().send();
    let listed = pages.try_collect().await.map_err(cloud("ListRolePolicies", label))?;
    Ok(listed.into_iter().collect())
}

/// Takes off what the plan does not give: whoever put it there gave the role more than the rules judged.
async fn take_off(session: &Session, wanted: &Wanted<'_, Role>, present: &Role) -> Result<(), CloudError> {
    let (name, label) = (&wanted.node.name, wanted.label());
    for policy in present.policies.difference(&wanted.properties.policies) {
        detach(session, label, name, &policy.to_string()).await?;
    }
    for policy in present.inline_policies.difference(&wanted.properties.inline_policies) {
        delete_inline(session, label, name, policy).await?;
    }
    Ok(())
}

async fn detach(session: &Session, label: &str, role: &str, policy: &str) -> Result<(), CloudError> {
    let sent = session.iam.detach_role_policy().role_name(role).policy_arn(policy).send().await;
    gone(sent.map_err(cloud("DetachRolePolicy", label)))
}

async fn delete_inline(session: &Session, label: &str, role: &str, policy: &str) -> Result<(), CloudError> {
    let sent = session.iam.delete_role_policy().role_name(role).policy_name(policy).send().await;
    gone(sent.map_err(cloud("DeleteRolePolicy", label)))
}

async fn replace_trust(session: &Session, wanted: &Wanted<'_, Role>) -> Result<(), CloudError> {
    let send = || async {
        let request = session.iam.update_assume_role_policy().role_name(&wanted.node.name);
        let request = request.policy_document(wanted.properties.trust.to_json());
        request.send().await.map_err(cloud("UpdateAssumeRolePolicy", wanted.label()))
    };
    let passes = |error: &CloudError| is_passing(error) || is_unseen_principal(error);
    patiently(session, PASSING, passes, send).await.map(|_| ())
}

async fn bound(session: &Session, wanted: &Wanted<'_, Role>) -> Result<(), CloudError> {
    let (name, label) = (&wanted.node.name, wanted.label());
    let send = || async {
        match &wanted.properties.permissions_boundary {
            Some(arn) => {
                let request = session.iam.put_role_permissions_boundary().role_name(name);
                let sent = request.permissions_boundary(arn.as_str()).send().await;
                sent.map(drop).map_err(cloud("PutRolePermissionsBoundary", label))
            }
            None => {
                let sent = session.iam.delete_role_permissions_boundary().role_name(name).send().await;
                sent.map(drop).map_err(cloud("DeleteRolePermissionsBoundary", label))
            }
        }
    };
    patiently(session, PASSING, is_passing, send).await
}

async fn limit_sessions(session: &Session, wanted: &Wanted<'_, Role>) -> Result<(), CloudError> {
    let send = || async {
        let request = session.iam.update_role().role_name(&wanted.node.name);
        let sent = request.max_session_duration(session_seconds(wanted.properties)).send().await;
        sent.map_err(cloud("UpdateRole", wanted.label()))
    };
    patiently(session, PASSING, is_passing, send).await.map(|_| ())
}

async fn attach(session: &Session, wanted: &Wanted<'_, Role>, policy: &Value<Arn>) -> Result<(), CloudError> {
    let send = || async {
        let request = session.iam.attach_role_policy().role_name(&wanted.node.name).policy_arn(policy.to_string());
        request.send().await.map_err(cloud("AttachRolePolicy", wanted.label()))
    };
    patiently(session, PASSING, is_passing, send).await.map(|_| ())
}

async fn strip_and_delete(session: &Session, node: &Node, name: &str) -> Result<(), CloudError> {
    let label = node.id.as_str();
    for policy in attached(session, label, name).await? {
        detach(session, label, name, policy.as_str()).await?;
    }
    for policy in inline(session, label, name).await? {
        delete_inline(session, label, name, &policy).await?;
    }
    let send = || async { session.iam.delete_role().role_name(name).send().await.map_err(cloud("DeleteRole", label)) };
    patiently(session, PASSING, |error| error.trouble == Trouble::InUse, send).await.map(|_| ())
}

/// What is gone already needs no deletion.
pub(super) fn gone<T>(sent: Result<T, CloudError>) -> Result<(), CloudError> {
    match sent {
        Err(error) if error.trouble == Trouble::NotFound => Ok(()),
        other => other.map(|_| ()),
    }
}

/// The SDK sends a call again when no answer came, and then finds its own work there: what bears all of the node's tags is that.
pub(super) fn unless_own_work(error: CloudError, node: &Node, found: Option<Found>) -> Result<(), CloudError> {
    let bears_tags = |found: &Found| node.tags.iter().all(|(key, value)| found.tags.get(key) == Some(value));
    if found.as_ref().is_some_and(bears_tags) { Ok(()) } else { Err(error) }
}

/// A thing just made that is not seen everywhere, or a change that crosses another.
fn is_passing(error: &CloudError) -> bool {
    matches!(error.trouble, Trouble::NotFound | Trouble::InUse)
}

/// A policy that names somebody just made is malformed until that one is known (aws-behaviour 1b, 1c). Other malformed policies stay so.
pub(super) fn is_unseen_principal(error: &CloudError) -> bool {
    let malformed = error.code.as_deref().is_some_and(|code| code.starts_with("MalformedPolicy"));
    malformed && error.message.as_deref().is_some_and(|message| message.to_lowercase().contains("principal"))
}

/// A policy document as IAM hands it back: percent-encoded JSON (RFC 3986; IAM API reference, `GetRole`). What begins
/// with a brace is not encoded: RFC 3986 has none.
pub(super) fn document(operation: &'static str, label: &str, text: Option<&str>) -> Result<Policy, CloudError> {
    let unreadable = |why: String| CloudError::unreadable(operation, label, format!("its policy: {why}"));
    let text = text.unwrap_or_default();
    let decoded = if text.trim_start().starts_with('{') { Some(text.to_owned()) } else { percent_decoded(text) };
    let json = decoded.ok_or_else(|| unreadable("not percent-encoded".to_owned()))?;
    Policy::from_json(&json).map_err(|error| unreadable(error.to_string()))
}

/// The text behind percent-encoding; a plus sign is itself. None when a percent sign begins no byte, or the bytes are not UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => (hex_digit(rest.next()?)? << 4) | hex_digit(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Tags as IAM takes them.
pub(super) fn iam_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

/// Tags as IAM hands them back.
pub(super) fn from_iam_tags(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::types::AttachedPermissionsBoundary;

    use super::*;
    use crate::provider;
    use crate::replay::Replay;

    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"vpc-flow-logs.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

    fn role(policies: &[&str], inline: &[&str]) -> Role {
        Role {
            trust: Policy::from_json(TRUST).unwrap(),
            policies: policies.iter().map(|arn| Value::Known(arn.parse().unwrap())).collect(),
            inline_policies: inline.iter().map(|name| (*name).to_owned()).collect(),
            permissions_boundary: None,
            max_session_seconds: Role::SHORTEST_SESSION_SECONDS,
        }
    }

    fn node(properties: &Role) -> Node {
        Node {
            id: "flow-log-role".parse().unwrap(),
            name: "hipaa_flowlog_role".to_owned(),
            scope: sce_core::plan::Scope::Pit,
            needs: Vec::new(),
            tags: Tags::from([("sce:pit".to_owned(), "hipaa".to_owned())]),
            properties: properties.clone().into(),
        }
    }

    #[test]
    fn percent_encoding_is_undone_and_nothing_else() {
        assert_eq!(percent_decoded("%7B%22a%22%3a%20%22b+c%22%7D").as_deref(), Some(r#"{"a": "b+c"}"#));
        assert_eq!(percent_decoded("caf%C3%A9 100%25").as_deref(), Some("café 100%"));
        for bad in ["%", "%7", "%zz", "%FF", "%+1"] {
            assert_eq!(percent_decoded(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_document_is_read_encoded_and_plain() {
        let json = TRUST.replace("vpc-flow-logs", "%41");
        let encoded: String = json.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let plain = document("GetRole", "role", Some(&json)).unwrap();
        assert!(plain.to_json().contains("%41.amazonaws.com"));
        assert_eq!(document("GetRole", "role", Some(&encoded)).unwrap(), plain);
        assert_eq!(document("GetRole", "role", None).unwrap_err().trouble, Trouble::Unreadable);
    }

    #[tokio::test]
    async fn what_others_attached_is_taken_off_and_what_is_ours_stays() {
        let ours = "arn:aws:iam::111122223333:policy/hipaa_flowlog_policy";
        let planned = role(&[ours], &[]);
        let present = role(&[ours, "arn:aws:iam::aws:policy/AdministratorAccess"], &["extra"]);
        let answer = |operation: &str| {
            format!(
                "<{operation}Response><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>"
            )
        };
        let done = ["DetachRolePolicy", "DeleteRolePolicy"].map(|operation| (operation, 200, answer(operation)));
        let replay = Replay::of("iam", done);
        let found =
            Found { attributes: Attributes::id("hipaa_flowlog_role"), properties: present.into(), tags: Tags::new() };
        let planned: Properties = planned.into();
        let differences = planned.differences(&found.properties);
        let Properties::Role(properties) = &planned else { panic!() };
        provider::settle(&replay.session().await, &node(properties), &planned, &found, &differences).await.unwrap();
        let requests = replay.finished();
        assert_eq!(requests[0].field("PolicyArn").as_deref(), Some("arn:aws:iam::aws:policy/AdministratorAccess"));
        assert_eq!(requests[1].field("PolicyName").as_deref(), Some("extra"));
    }

    #[test]
    fn boundary_and_length_of_sessions_are_read_and_never_guessed() {
        let role = |arn: Option<&str>, seconds: Option<i32>| {
            let boundary = AttachedPermissionsBoundary::builder().set_permissions_boundary_arn(arn.map(str::to_owned));
            let role = SdkRole::builder()
                .path("/")
                .role_name("r")
                .role_id("AROAEXAMPLE")
                .arn("arn:aws:iam::111122223333:role/r");
            let role = role.create_date(aws_smithy_types::DateTime::from_secs(0)).set_max_session_duration(seconds);
            role.permissions_boundary(boundary.build()).build().unwrap()
        };
        let bound = role(Some("arn:aws:iam::111122223333:policy/Boundary"), Some(3600));
        assert_eq!(boundary("r", &bound).unwrap().unwrap().resource(), "policy/Boundary");
        assert_eq!(longest_session("r", &bound).unwrap(), 3600);
        assert_eq!(boundary("r", &role(None, None)).unwrap(), None);
        assert!(boundary("r", &role(Some("Boundary"), None)).is_err());
        assert_eq!(longest_session("r", &role(None, None)).unwrap_err().trouble, Trouble::Unreadable);
    }

    #[test]
    fn only_what_bears_the_tags_is_own_work() {
        let planned = role(&[], &[]);
        let node = node(&planned);
        let found = |tags| Found { attributes: Attributes::id("r"), properties: planned.clone().into(), tags };
        let exists = || CloudError::plain("CreateRole", "flow-log-role", Trouble::AlreadyExists, "it exists");
        let more = Tags::from([("team".to_owned(), "a".to_owned()), ("sce:pit".to_owned(), "hipaa".to_owned())]);
        assert!(unless_own_work(exists(), &node, Some(found(more))).is_ok());
        assert!(unless_own_work(exists(), &node, Some(found(Tags::new()))).is_err());
        assert!(unless_own_work(exists(), &node, None).is_err());
    }

    #[test]
    fn only_a_policy_with_an_unknown_principal_passes() {
        let mut error = CloudError::plain("PutBucketPolicy", "b", Trouble::Refused, "Invalid principal in policy");
        assert!(!is_unseen_principal(&error));
        error.code = Some("MalformedPolicy".to_owned());
        assert!(is_unseen_principal(&error));
        error.message = Some("Policies must be valid JSON".to_owned());
        assert!(!is_unseen_principal(&error));
    }
}
