//! EC2 Instance Connect Endpoints.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    Ec2InstanceConnectEndpoint as SdkEndpoint, Ec2InstanceConnectEndpointState as State, ResourceType,
};
use sce_core::aws::arn::InvalidId;
use sce_core::aws::resource::{Difference, InstanceConnectEndpoint};
use sce_core::plan::Node;
use sce_core::value::Value;

use super::{sent_once, tag_ec2};
use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Attributes;
use crate::provider::{Deleted, FRESH, Found, Wanted, only_ours, ours, patiently, poll};
use crate::session::Session;
use crate::tags;

/// Finds the endpoint by its tags. One that is being made, changed or deleted is waited for, since AWS allows one in a VPC; one that
/// failed to be made leads nowhere and is none.
pub(crate) async fn look(
    session: &Session,
    wanted: &Wanted<'_, InstanceConnectEndpoint>,
) -> Result<Option<Found>, CloudError> {
    let settled = || async {
        let found = live(session, wanted).await?;
        Ok((!found.as_ref().is_some_and(is_in_progress)).then_some(found))
    };
    let unsettled =
        || CloudError::plain(DESCRIBE, wanted.label(), Trouble::InUse, "still in progress after ten minutes");
    let found = poll(session, 2 * FRESH, settled).await?.ok_or_else(unsettled)?;
    let Some(endpoint) = found else { return Ok(None) };
    let unreadable = |what: String| CloudError::unreadable(DESCRIBE, wanted.label(), what);
    let groups = endpoint.security_group_ids().iter().map(|id| id.parse().map(Value::Known));
    let properties = InstanceConnectEndpoint {
        subnet: Value::Known(
            endpoint.subnet_id().unwrap_or_default().parse().map_err(|_| unreadable("no subnet id".to_owned()))?,
        ),
        groups: groups.collect::<Result<_, InvalidId>>().map_err(|error| unreadable(error.to_string()))?,
        preserve_client_ip: endpoint
            .preserve_client_ip()
            .ok_or_else(|| unreadable("not whether callers' addresses are kept".to_owned()))?,
    };
    let attributes = Attributes::id(id_of(&endpoint));
    Ok(Some(Found { attributes, properties: properties.into(), tags: tags::from_ec2(endpoint.tags()) }))
}

/// With our token, so that AWS recognises a second send. What an earlier run left as failed is cleared away first, and the token then
/// differs, or AWS would hand back what is gone. An endpoint that fails after the answer is told as what AWS says of it, with what is
/// left of it.
pub(crate) async fn make(session: &Session, wanted: &Wanted<'_, InstanceConnectEndpoint>) -> Result<(), CloudError> {
    let cleared = clear_failed(session, wanted).await?;
    let mut token = format!("{cleared}{}", wanted.token());
    token.truncate(64);
    let InstanceConnectEndpoint { subnet, groups, preserve_client_ip } = wanted.properties;
    let send = || async {
        let request = session.ec2.create_instance_connect_endpoint().subnet_id(subnet.to_string());
        let request = request.set_security_group_ids(Some(ids(groups))).preserve_client_ip(*preserve_client_ip);
        let tags = tags::specification(ResourceType::InstanceConnectEndpoint, &wanted.node.tags);
        let request = request.client_token(&token).tag_specifications(tags);
        let request = request.customize().config_override(sent_once());
        request.send().await.map_err(cloud(CREATE, wanted.label()))
    };
    // Whatever it names may be fresh, as for any endpoint.
    let passes = |error: &CloudError| matches!(error.trouble, Trouble::NotFound | Trouble::Throttled);
    let answer = patiently(session, FRESH, passes, send).await?;
    let id = answer.instance_connect_endpoint().map(id_of).unwrap_or_default().to_owned();
    let failure = poll(session, 2 * FRESH, || async { outcome(session, CREATE, wanted.label(), &id).await }).await?;
    match failure.flatten() {
        None => Ok(()),
        Some(why) => Err(CloudError::plain(
            CREATE,
            wanted.label(),
            Trouble::Refused,
            left(session, wanted.label(), &id, &why).await,
        )),
    }
}

/// Groups, and whether callers' addresses are kept, can be changed in place.
pub(crate) async fn settle(
    session: &Session,
    wanted: &Wanted<'_, InstanceConnectEndpoint>,
    found: &Found,
    _: &[Difference],
) -> Result<(), CloudError> {
    let id = &found.attributes.id;
    let request = session.ec2.modify_instance_connect_endpoint().instance_connect_endpoint_id(id);
    let request = request.set_security_group_ids(Some(ids(&wanted.properties.groups)));
    let request = request.preserve_client_ip(wanted.properties.preserve_client_ip);
    request.send().await.map_err(cloud(MODIFY, wanted.label()))?;
    let failure = poll(session, 2 * FRESH, || async { outcome(session, MODIFY, wanted.label(), id).await }).await?;
    failure.flatten().map_or(Ok(()), |why| Err(CloudError::plain(MODIFY, wanted.label(), Trouble::Refused, why)))
}

pub(crate) async fn tag(session: &Session, node: &Node, found: &Found) -> Result<(), CloudError> {
    tag_ec2(session, node, &found.attributes.id).await
}

/// Waits until it is gone: until then its interface holds the subnet and the groups.
pub(crate) async fn delete(session: &Session, node: &Node, found: &Found) -> Result<Deleted, CloudError> {
    remove(session, node.id.as_str(), &found.attributes.id).await.map(|()| Deleted::Gone)
}

/// Whether an endpoint is there, tombstones aside; one that failed is, and so is one that is being deleted.
pub(crate) async fn lives(session: &Session, label: &str, id: &str) -> Result<bool, CloudError> {
    Ok(described(session, label, id).await?.is_some_and(|endpoint| endpoint.state() != Some(&State::DeleteComplete)))
}

const CREATE: &str = "CreateInstanceConnectEndpoint";
const DELETE: &str = "DeleteInstanceConnectEndpoint";
const DESCRIBE: &str = "DescribeInstanceConnectEndpoints";
const MODIFY: &str = "ModifyInstanceConnectEndpoint";

/// Ours, as far as it serves or may come to serve.
async fn live(
    session: &Session,
    wanted: &Wanted<'_, InstanceConnectEndpoint>,
) -> Result<Option<SdkEndpoint>, CloudError> {
    let found = all(session, wanted).await?;
    let live = found.into_iter().filter(|endpoint| !has_ended(endpoint)).collect();
    only_ours(DESCRIBE, wanted, live, |endpoint| endpoint.tags(), |endpoint| endpoint.instance_connect_endpoint_id())
}

/// Whatever bears the node's tags, in any state.
async fn all(session: &Session, wanted: &Wanted<'_, InstanceConnectEndpoint>) -> Result<Vec<SdkEndpoint>, CloudError> {
    let request = session.ec2.describe_instance_connect_endpoints().set_filters(Some(tags::filters(wanted.node)));
    let found = request.into_paginator().items().send().try_collect().await;
    found.map_err(cloud(DESCRIBE, wanted.label()))
}

/// Deletes what failed to be made; answers the id of the last of it, or nothing.
async fn clear_failed(session: &Session, wanted: &Wanted<'_, InstanceConnectEndpoint>) -> Result<String, CloudError> {
    let found = all(session, wanted).await?.into_iter().filter(|one| one.state() == Some(&State::CreateFailed));
    let failed = ours(wanted.node, found.collect(), SdkEndpoint::tags, SdkEndpoint::instance_connect_endpoint_id);
    for endpoint in &failed {
        remove(session, wanted.label(), id_of(endpoint)).await?;
    }
    Ok(failed.last().map(|endpoint| format!("{}.", id_of(endpoint))).unwrap_or_default())
}

/// Clears away what failed, and says whether that went well: whoever reads it knows what is left.
async fn left(session: &Session, label: &str, id: &str, why: &str) -> String {
    match remove(session, label, id).await {
        Ok(()) => format!("{why}; what was made of it is deleted"),
        Err(error) => format!("{why}; `{id}` is left, since {error}"),
    }
}

/// Deletes the endpoint and waits until it is gone.
async fn remove(session: &Session, label: &str, id: &str) -> Result<(), CloudError> {
    let sent = session.ec2.delete_instance_connect_endpoint().instance_connect_endpoint_id(id).send().await;
    match sent.map_err(cloud(DELETE, label)) {
        Err(error) if error.trouble == Trouble::NotFound => return Ok(()),
        // AWS is at it already.
        Err(error) if error.trouble == Trouble::InUse => {}
        other => drop(other?),
    }
    let gone = || async {
        match described(session, label, id).await? {
            None => Ok(Some(None)),
            Some(endpoint) => Ok(match endpoint.state() {
                Some(State::DeleteComplete) => Some(None),
                Some(State::DeleteFailed) => Some(Some(said(&endpoint))),
                _ => None,
            }),
        }
    };
    match poll(session, 2 * FRESH, gone).await? {
        Some(None) => Ok(()),
        Some(Some(why)) => Err(CloudError::plain(DELETE, label, Trouble::Refused, why)),
        None => Err(CloudError::plain(DELETE, label, Trouble::InUse, "still there after ten minutes")),
    }
}

/// The endpoint of that id, tombstones too.
async fn described(session: &Session, label: &str, id: &str) -> Result<Option<SdkEndpoint>, CloudError> {
    let sent = session.ec2.describe_instance_connect_endpoints().instance_connect_endpoint_ids(id).send().await;
    match sent.map_err(cloud(DESCRIBE, label)) {
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        other => Ok(other?.instance_connect_endpoints.unwrap_or_default().into_iter().next()),
    }
}

/// None while AWS is at work or the endpoint is not seen yet; then why it failed, if it did.
async fn outcome(
    session: &Session,
    operation: &'static str,
    label: &str,
    id: &str,
) -> Result<Option<Option<String>>, CloudError> {
    let Some(endpoint) = described(session, label, id).await? else { return Ok(None) };
    Ok(match endpoint.state() {
        _ if is_in_progress(&endpoint) => None,
        Some(State::CreateComplete | State::UpdateComplete) => Some(None),
        Some(_) => Some(Some(said(&endpoint))),
        None => return Err(CloudError::unreadable(operation, label, "no state")),
    })
}

/// Its state, in AWS's words.
fn said(endpoint: &SdkEndpoint) -> String {
    let (id, state) = (id_of(endpoint), endpoint.state().map(State::as_str).unwrap_or_default());
    match endpoint.state_message() {
        Some(message) => format!("`{id}` is {state}: {message}"),
        None => format!("`{id}` is {state}"),
    }
}

fn is_in_progress(endpoint: &SdkEndpoint) -> bool {
    matches!(endpoint.state(), Some(State::CreateInProgress | State::UpdateInProgress | State::DeleteInProgress))
}

fn has_ended(endpoint: &SdkEndpoint) -> bool {
    matches!(endpoint.state(), Some(State::CreateFailed | State::DeleteComplete))
}

fn id_of(endpoint: &SdkEndpoint) -> &str {
    endpoint.instance_connect_endpoint_id().unwrap_or_default()
}

fn ids<T: std::fmt::Display>(values: &BTreeSet<Value<T>>) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use sce_core::aws::resource::Properties;
    use sce_core::pit::{TAG_ID, TAG_PIT, Tags};
    use sce_core::plan::Scope;

    use super::*;
    use crate::ids::Ids;
    use crate::provider;
    use crate::replay::{Replay, Request};

    /// The endpoint as EC2 describes it.
    fn endpoint(state: &str) -> String {
        format!(
            "<ownerId>111122223333</ownerId><instanceConnectEndpointId>eice-0a</instanceConnectEndpointId>\
             <state>{state}</state><stateMessage>no address is free</stateMessage><vpcId>vpc-0a</vpcId>\
             <subnetId>subnet-0a</subnetId><preserveClientIp>false</preserveClientIp>\
             <securityGroupIdSet><item>sg-0a</item></securityGroupIdSet>\
             <tagSet><item><key>{TAG_PIT}</key><value>hipaa</value></item>\
             <item><key>{TAG_ID}</key><value>connect-endpoint</value></item></tagSet>"
        )
    }

    fn described(state: &str) -> (&'static str, u16, String) {
        let set = format!("<instanceConnectEndpointSet><item>{}</item></instanceConnectEndpointSet>", endpoint(state));
        (DESCRIBE, 200, answer(DESCRIBE, &set))
    }

    fn nothing() -> (&'static str, u16, String) {
        (DESCRIBE, 200, answer(DESCRIBE, "<instanceConnectEndpointSet/>"))
    }

    fn whole(operation: &'static str, state: &str) -> (&'static str, u16, String) {
        let body = format!("<instanceConnectEndpoint>{}</instanceConnectEndpoint>", endpoint(state));
        (operation, 200, answer(operation, &body))
    }

    fn unknown(operation: &'static str) -> (&'static str, u16, String) {
        let body = "<Response><Errors><Error><Code>InvalidInstanceConnectEndpointId.NotFound</Code>\
            <Message>The endpoint ID does not exist</Message></Error></Errors><RequestID>r</RequestID></Response>";
        (operation, 400, body.to_owned())
    }

    fn answer(operation: &str, body: &str) -> String {
        format!(
            "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>{body}</{operation}Response>"
        )
    }

    fn properties(group: &str) -> InstanceConnectEndpoint {
        InstanceConnectEndpoint {
            subnet: Value::Known("subnet-0a".parse().unwrap()),
            groups: BTreeSet::from([Value::Known(group.parse().unwrap())]),
            preserve_client_ip: false,
        }
    }

    fn node() -> Node {
        let tags =
            Tags::from([(TAG_PIT, "hipaa"), (TAG_ID, "connect-endpoint")].map(|(k, v)| (k.to_owned(), v.to_owned())));
        Node {
            id: "connect-endpoint".parse().unwrap(),
            name: "hipaa_connect_endpoint".to_owned(),
            scope: Scope::Pit,
            needs: Vec::new(),
            tags,
            properties: properties("sg-0a").into(),
        }
    }

    fn found() -> Found {
        Found { attributes: Attributes::id("eice-0a"), properties: properties("sg-0a").into(), tags: node().tags }
    }

    fn of<'a>(requests: &'a [Request], operation: &str) -> Vec<&'a Request> {
        requests.iter().filter(|request| request.field("Action").as_deref() == Some(operation)).collect()
    }

    #[tokio::test]
    async fn it_is_made_with_its_tags_and_a_token_and_waited_for() {
        let answers = [
            nothing(),
            whole(CREATE, "create-in-progress"),
            unknown(DESCRIBE),
            described("create-in-progress"),
            described("create-complete"),
        ];
        let replay = Replay::of("ec2", answers);
        let session = replay.session().await;
        provider::make(&session, &node(), &node().properties, "life").await.unwrap();
        let requests = replay.finished();
        let created = of(&requests, CREATE);
        assert_eq!(created.len(), 1);
        let field = |name: &str| created[0].field(name);
        assert_eq!(field("SubnetId").as_deref(), Some("subnet-0a"));
        assert_eq!(field("SecurityGroupId.1").as_deref(), Some("sg-0a"));
        assert_eq!(field("PreserveClientIp").as_deref(), Some("false"));
        assert!(field("ClientToken").unwrap().starts_with("life."), "{:?}", field("ClientToken"));
        assert_eq!(field("TagSpecification.1.ResourceType").as_deref(), Some("instance-connect-endpoint"));
        let tags: Vec<_> = (1..=2)
            .map(|at| ["Key", "Value"].map(|part| field(&format!("TagSpecification.1.Tag.{at}.{part}")).unwrap()))
            .collect();
        assert_eq!(tags, [[TAG_ID, "connect-endpoint"], [TAG_PIT, "hipaa"]]);
        assert_eq!(of(&requests, DESCRIBE)[2].field("InstanceConnectEndpointId.1").as_deref(), Some("eice-0a"));
    }

    #[tokio::test]
    async fn one_that_fails_is_cleared_away_and_what_is_left_is_said() {
        let begun = [nothing(), whole(CREATE, "create-in-progress"), described("create-failed")];
        let ended = [whole(DELETE, "delete-in-progress"), described("delete-in-progress"), unknown(DESCRIBE)];
        let replay = Replay::of("ec2", begun.clone().into_iter().chain(ended));
        let error = provider::make(&replay.session().await, &node(), &node().properties, "life").await.unwrap_err();
        replay.finished();
        assert_eq!(
            error.to_string(),
            "CreateInstanceConnectEndpoint for `connect-endpoint` was refused: `eice-0a` is create-failed: no address is free; what was made of it is deleted"
        );
        let stays = [whole(DELETE, "delete-in-progress"), described("delete-failed")];
        let replay = Replay::of("ec2", begun.into_iter().chain(stays));
        let error = provider::make(&replay.session().await, &node(), &node().properties, "life").await.unwrap_err();
        replay.finished();
        assert!(error.to_string().contains("; `eice-0a` is left, since DeleteInstanceConnectEndpoint for"), "{error}");
    }

    #[tokio::test]
    async fn what_failed_before_is_cleared_away_first_and_the_token_is_another() {
        let answers = [
            described("create-failed"),
            whole(DELETE, "delete-in-progress"),
            described("delete-complete"),
            whole(CREATE, "create-in-progress"),
            described("create-complete"),
        ];
        let replay = Replay::of("ec2", answers);
        provider::make(&replay.session().await, &node(), &node().properties, "life").await.unwrap();
        let requests = replay.finished();
        let token = of(&requests, CREATE)[0].field("ClientToken").unwrap();
        assert!(token.starts_with("eice-0a.life.") && token.len() <= 64, "{token}");
    }

    #[tokio::test]
    async fn what_is_there_is_read_from_aws_once_it_has_settled() {
        let replay = Replay::of("ec2", [described("update-in-progress"), described("create-complete")]);
        let looked = provider::look(&replay.session().await, &node(), &Ids::default()).await.unwrap().unwrap();
        let requests = replay.finished();
        assert_eq!(
            (looked.attributes, looked.properties, looked.tags),
            (found().attributes, found().properties, node().tags)
        );
        assert_eq!(requests[0].field("Filter.1.Value.1").as_deref(), Some("hipaa"));
        for ended in ["create-failed", "delete-complete"] {
            let replay = Replay::of("ec2", [described(ended)]);
            assert!(
                provider::look(&replay.session().await, &node(), &Ids::default()).await.unwrap().is_none(),
                "{ended}"
            );
        }
    }

    #[tokio::test]
    async fn what_drifted_is_told_and_groups_are_changed_in_place() {
        let replay = Replay::of("ec2", [described("create-complete")]);
        let looked = provider::look(&replay.session().await, &node(), &Ids::default()).await.unwrap().unwrap();
        let planned: Properties = properties("sg-0b").into();
        let differences = planned.differences(&looked.properties);
        assert_eq!(differences.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(), ["groups"]);
        let modified = (MODIFY, 200, answer(MODIFY, "<return>true</return>"));
        let replay = Replay::of("ec2", [modified, described("update-in-progress"), described("update-complete")]);
        provider::settle(&replay.session().await, &node(), &planned, &looked, &differences).await.unwrap();
        let requests = replay.finished();
        assert_eq!(of(&requests, MODIFY)[0].field("SecurityGroupId.1").as_deref(), Some("sg-0b"));
        let elsewhere = Difference { field: "subnet".to_owned(), ..differences[0].clone() };
        let session = Replay::of("ec2", []).session().await;
        let error = provider::settle(&session, &node(), &planned, &looked, &[elsewhere]).await.unwrap_err();
        assert!(error.to_string().contains("which takes a replacement"), "{error}");
    }

    #[tokio::test]
    async fn it_is_gone_when_aws_says_so_or_does_not_know_it() {
        let ways = [
            vec![whole(DELETE, "delete-in-progress"), described("delete-in-progress"), described("delete-complete")],
            vec![whole(DELETE, "delete-in-progress"), unknown(DESCRIBE)],
            vec![unknown(DELETE)],
        ];
        for answers in ways {
            let replay = Replay::of("ec2", answers);
            let deleted = provider::delete(&replay.session().await, &node(), &found()).await.unwrap();
            assert_eq!(deleted, Deleted::Gone);
            let requests = replay.finished();
            assert_eq!(of(&requests, DELETE)[0].field("InstanceConnectEndpointId").as_deref(), Some("eice-0a"));
        }
        let never =
            std::iter::once(whole(DELETE, "delete-in-progress")).chain(vec![described("delete-in-progress"); 80]);
        let session = Replay::of("ec2", never).session().await;
        let error = provider::delete(&session, &node(), &found()).await.unwrap_err();
        assert!(error.to_string().ends_with("still there after ten minutes"), "{error}");
    }
}
