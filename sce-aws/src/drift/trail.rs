//! Who did it, and when, from CloudTrail's event history: as far as it can be read, and never a wrong name.
//!
//! An event counts when it names the very thing, is a call that can have changed the very property, went through, and came after the
//! last time that we ourselves touched the thing. CloudTrail lags by minutes (user guide, "CloudTrail Event history"), so that no event
//! means no name, not that nobody did it.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use jiff::Timestamp;
use sce_core::aws::resource::Kind;
use sce_core::drift::{Doer, Drift, Drifted, What, events};
use serde::Serialize;
use serde_json::Value as Json;

use crate::error::{CloudError, cloud};
use crate::registry::Journal;
use crate::session::Session;

/// LookupEvents takes two requests a second of an account and region (CloudTrail user guide, "Quotas").
const PACE: Duration = Duration::from_millis(500);

/// How many pages of fifty events are read of one thing.
const PAGES: usize = 4;

/// How many events are told of one thing, the latest first.
const TOLD: usize = 5;

/// Whether CloudTrail could be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "asked")]
pub enum TrailRead {
    /// There was nothing to ask.
    NothingToAsk,
    /// It was asked; what it does not tell it does not know, or not yet.
    Read,
    /// It could not be.
    NotReadable {
        /// Why.
        why: String,
    },
}

/// Tells each finding who did it.
pub(super) async fn attribute(session: &Session, drift: &mut Drift, journal: &Journal<'_>) -> TrailRead {
    let mut read = TrailRead::NothingToAsk;
    for finding in &mut drift.findings {
        let Some(question) = Question::about(session, finding, journal) else { continue };
        if read == TrailRead::Read {
            session.world.sleep(PACE).await;
        }
        match question.ask(session).await {
            Ok(doers) => finding.by = doers,
            Err(error) => return TrailRead::NotReadable { why: error.to_string() },
        }
        read = TrailRead::Read;
    }
    read
}

/// What is asked about one finding.
struct Question {
    label: String,
    /// The thing, as events name it.
    resource: String,
    /// Calls that can have done it.
    events: BTreeSet<&'static str>,
    /// What a route's event must say of where packets want to go.
    destination: Option<String>,
    /// When we last touched it.
    since: Option<Timestamp>,
    /// Only the last of them did it: a thing is made, or deleted, once.
    only_last: bool,
}

impl Question {
    fn about(session: &Session, finding: &Drifted, journal: &Journal<'_>) -> Option<Self> {
        let id = finding.id.as_deref()?;
        let since = finding.node.as_ref().and_then(|node| journal.touched(node));
        // What we made ourselves and do not know when could be our own doing.
        if finding.what != What::Added && since.is_none() {
            return None;
        }
        let fields: Vec<&str> = match finding.what {
            What::Changed => finding.differences.iter().map(|one| one.field.as_str()).collect(),
            What::Gone | What::NotMade | What::Added => vec![""],
        };
        let events: BTreeSet<&str> =
            fields.iter().flat_map(|field| events(finding.kind, finding.what, field)).copied().collect();
        let (resource, destination) = match (finding.kind, id.split_once(' ')) {
            (Kind::Route, Some((table, destination))) => (table.to_owned(), Some(destination.to_owned())),
            (_, Some((first, _))) => (first.to_owned(), None),
            (Kind::KmsKey, None) => {
                let (partition, region, account) = (session.region().partition(), session.region(), session.account());
                (format!("arn:{}:kms:{region}:{account}:key/{id}", partition.as_str()), None)
            }
            (_, None) => (id.to_owned(), None),
        };
        let only_last = finding.what != What::Changed;
        let label = finding.node.as_ref().map_or_else(|| finding.name.clone(), ToString::to_string);
        (!events.is_empty()).then_some(Self { label, resource, events, destination, since, only_last })
    }

    async fn ask(&self, session: &Session) -> Result<Vec<Doer>, CloudError> {
        let (mut doers, mut next) = (Vec::new(), None);
        for page in 0..PAGES {
            if page > 0 {
                session.world.sleep(PACE).await;
            }
            let named = LookupAttribute::builder().attribute_key(LookupAttributeKey::ResourceName);
            let named = named.attribute_value(&self.resource).build();
            let named =
                named.map_err(|error| CloudError::unreadable("LookupEvents", &self.label, error.to_string()))?;
            let request = session.cloudtrail.lookup_events().lookup_attributes(named).set_next_token(next);
            let since = self.since.map(|since| aws_smithy_types::DateTime::from_secs(since.as_second()));
            let answer = request.set_start_time(since).send().await;
            let answer = answer.map_err(cloud("LookupEvents", &self.label))?;
            doers.extend(answer.events().iter().filter_map(|event| self.doer(event)));
            next = answer.next_token;
            if next.is_none() {
                break;
            }
        }
        doers.sort_by(|a: &Doer, b: &Doer| b.when.cmp(&a.when));
        doers.truncate(if self.only_last { 1 } else { TOLD });
        Ok(doers)
    }

    /// Who did it, if this event did.
    fn doer(&self, event: &Event) -> Option<Doer> {
        let name = event.event_name()?;
        let at = Timestamp::from_second(event.event_time()?.secs()).ok()?;
        let names_it = event.resources().iter().any(|resource| {
            resource
                .resource_name()
                .is_some_and(|name| name == self.resource || name.ends_with(&format!("/{}", self.resource)))
        });
        let candidate = self.events.contains(name)
            && event.read_only() != Some("true")
            && names_it
            // Events have whole seconds: one in the second of our own last touch may be ours.
            && self.since.is_none_or(|since| at.as_second() > since.as_second());
        if !candidate {
            return None;
        }
        let told: Json = serde_json::from_str(event.cloud_trail_event()?).ok()?;
        let went_through = told["errorCode"].is_null();
        let of_route = self.destination.as_ref().is_none_or(|destination| {
            let asked = &told["requestParameters"];
            ["destinationCidrBlock", "destinationIpv6CidrBlock"].iter().any(|key| asked[*key] == destination.as_str())
        });
        if !went_through || !of_route {
            return None;
        }
        let identity = &told["userIdentity"];
        let text = |key: &str| identity[key].as_str().filter(|text| !text.is_empty());
        let who =
            text("arn").or_else(|| text("invokedBy")).or_else(|| event.username().filter(|name| !name.is_empty()))?;
        Some(Doer {
            who: who.to_owned(),
            when: at.to_string(),
            event: name.to_owned(),
            event_id: event.event_id().unwrap_or_default().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::replay::Replay;

    fn question() -> Question {
        Question {
            label: "route-private-nat".to_owned(),
            resource: "rtb-0a".to_owned(),
            events: events(Kind::Route, What::Changed, "target").iter().copied().collect(),
            destination: Some("0.0.0.0/0".to_owned()),
            since: Some("2026-11-30T10:00:00.4Z".parse().unwrap()),
            only_last: false,
        }
    }

    /// An event as CloudTrail's history has it.
    fn event(name: &str, at: &str, who: &str, destination: &str, change: impl FnOnce(&mut Json, &mut Json)) -> Json {
        let mut told = json!({
            "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::111122223333:user/{who}")},
            "requestParameters": {"routeTableId": "rtb-0a", "destinationCidrBlock": destination},
        });
        let mut event = json!({
            "EventId": format!("{who}-1"),
            "EventName": name,
            "ReadOnly": "false",
            "EventTime": at.parse::<Timestamp>().unwrap().as_second(),
            "EventSource": "ec2.amazonaws.com",
            "Username": who,
            "Resources": [{"ResourceType": "AWS::EC2::RouteTable", "ResourceName": "rtb-0a"}],
        });
        change(&mut event, &mut told);
        event["CloudTrailEvent"] = json!(told.to_string());
        event
    }

    fn plain(_: &mut Json, _: &mut Json) {}

    async fn asked(pages: &[Json]) -> Vec<Doer> {
        let replay = Replay::of("cloudtrail", pages.iter().map(|page| ("/", 200, page.to_string())));
        let doers = question().ask(&replay.session().await).await.unwrap();
        let requests = replay.finished();
        let first: Json = serde_json::from_str(&requests[0].body).unwrap();
        assert_eq!(first["LookupAttributes"], json!([{"AttributeKey": "ResourceName", "AttributeValue": "rtb-0a"}]));
        doers
    }

    #[tokio::test]
    async fn whoever_did_it_is_named_and_nobody_else() {
        let everywhere = "0.0.0.0/0";
        let events = [
            event("ReplaceRoute", "2026-11-30T11:00:00Z", "alice", everywhere, plain),
            event("ReplaceRoute", "2026-11-30T11:05:00Z", "other-destination", "10.9.0.0/16", plain),
            event("DescribeRouteTables", "2026-11-30T11:06:00Z", "reader", everywhere, |event, _| {
                event["ReadOnly"] = json!("true");
            }),
            event("CreateTags", "2026-11-30T11:07:00Z", "tagger", everywhere, plain),
            event("ReplaceRoute", "2026-11-30T11:08:00Z", "refused", everywhere, |_, told| {
                told["errorCode"] = json!("UnauthorizedOperation");
            }),
            event("ReplaceRoute", "2026-11-30T10:00:00Z", "ourselves", everywhere, plain),
            event("ReplaceRoute", "2026-11-30T11:09:00Z", "elsewhere", everywhere, |event, _| {
                event["Resources"] = json!([{"ResourceName": "rtb-0ab"}]);
            }),
            event("ReplaceRoute", "2026-11-30T11:10:00Z", "untold", everywhere, |event, told| {
                told["userIdentity"] = json!({});
                event["Username"] = json!("");
            }),
        ];
        let doers = asked(&[json!({ "Events": events })]).await;
        let expected = Doer {
            who: "arn:aws:iam::111122223333:user/alice".to_owned(),
            when: "2026-11-30T11:00:00Z".to_owned(),
            event: "ReplaceRoute".to_owned(),
            event_id: "alice-1".to_owned(),
        };
        assert_eq!(doers, [expected]);
    }

    #[tokio::test]
    async fn several_who_touched_it_are_all_named_the_latest_first_over_pages() {
        let by = |name: &str, at: &str| event("ReplaceRoute", at, name, "0.0.0.0/0", plain);
        let service = event("ReplaceRoute", "2026-11-30T13:00:00Z", "x", "0.0.0.0/0", |_, told| {
            told["userIdentity"] = json!({"type": "AWSService", "invokedBy": "networkmanager.amazonaws.com"});
        });
        let pages = [
            json!({"Events": [by("alice", "2026-11-30T11:00:00Z")], "NextToken": "next"}),
            json!({"Events": [by("bob", "2026-11-30T12:00:00Z"), service]}),
        ];
        let doers = asked(&pages).await;
        let who: Vec<&str> = doers.iter().map(|doer| doer.who.as_str()).collect();
        assert_eq!(
            who,
            [
                "networkmanager.amazonaws.com",
                "arn:aws:iam::111122223333:user/bob",
                "arn:aws:iam::111122223333:user/alice"
            ]
        );
    }

    #[tokio::test]
    async fn a_history_that_may_not_be_read_is_an_error_and_no_name() {
        let denied =
            json!({"__type": "AccessDeniedException", "message": "not authorized to perform cloudtrail:LookupEvents"});
        let replay = Replay::of("cloudtrail", [("/", 400, denied.to_string())]);
        let error = question().ask(&replay.session().await).await.unwrap_err();
        assert!(error.to_string().starts_with("LookupEvents for `route-private-nat` was denied"), "{error}");
    }
}
