//! Tables, queues, topics and functions, each described in a folder of its own.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Place;
use super::saved::{Saved, not_saved};
use super::thing::{
    Thing, base64, flag, items, key_arn, known, map, number, optional, pairs, policy, required, said, set, text,
};
use crate::aws::resource::{Function, FunctionPermission, Queue, Redrive, Subscription, Table, Topic};
use crate::plan::Attributes;
use crate::value::Value;

type Things = Result<Vec<Thing>, String>;

/// Tables that are not being deleted.
pub(super) fn tables(saved: &Saved, place: &Place) -> Things {
    let names = saved.all("TableNames", "dynamodb list-tables")?;
    let mut things = Vec::new();
    for name in names.into_iter().filter_map(Json::as_str) {
        let table = saved.agreed_within("Table", "TableName", name);
        let call = || not_saved(&format!("dynamodb describe-table --table-name {name}"));
        let table = match table.and_then(|table| table.ok_or_else(call)) {
            Ok(table) => table,
            Err(why) => {
                things.push(Thing::plain::<Table>(name, Err(why)));
                continue;
            }
        };
        if text(table, "TableStatus") == "DELETING" {
            continue;
        }
        let tags = saved.of("dynamodb", name, "list-tags-of-resource").map(|answer| pairs(&answer["Tags"]));
        let attributes = Attributes { id: name.to_owned(), arn: said(table, "TableArn").map(str::to_owned) };
        things
            .push(Thing::new(attributes, name, Default::default(), read_table(saved, place, name, table)).tagged(tags));
    }
    Ok(things)
}

pub(super) fn queues(saved: &Saved, place: &Place) -> Things {
    let mut things = Vec::new();
    for url in saved.all("QueueUrls", "sqs list-queues")?.into_iter().filter_map(Json::as_str) {
        let name = url.rsplit('/').next().unwrap_or(url);
        let answer = saved.of("sqs", name, "get-queue-attributes");
        let arn = answer.as_ref().ok().and_then(|answer| said(&answer["Attributes"], "QueueArn")).map(str::to_owned);
        let properties = answer.and_then(|answer| read_queue(place, required(answer, "Attributes")?));
        let tags = saved.of("sqs", name, "list-queue-tags").map(|answer| map(&answer["Tags"]));
        let attributes = Attributes { id: name.to_owned(), arn };
        things.push(Thing::new(attributes, name, Default::default(), properties).tagged(tags));
    }
    Ok(things)
}

pub(super) fn topics(saved: &Saved, place: &Place) -> Things {
    let topics = saved.all("Topics", "sns list-topics")?;
    let read = |attributes: &Json| {
        Ok(Topic {
            key: said(attributes, "KmsMasterKeyId").and_then(|key| key_arn(place, key)).map(Value::Known),
            policy: said(attributes, "Policy").map(|_| policy(&attributes["Policy"])).transpose()?,
        })
    };
    let thing = |topic: &Json| {
        let arn = text(topic, "TopicArn");
        let name = arn.rsplit(':').next().unwrap_or(arn);
        let answer = saved.of("sns", name, "get-topic-attributes");
        let tags = saved.of("sns", name, "list-tags-for-resource").map(|answer| pairs(&answer["Tags"]));
        let attributes = Attributes { id: name.to_owned(), arn: Some(arn.to_owned()) };
        let properties = answer.and_then(|answer| read(required(answer, "Attributes")?));
        Thing::new(attributes, name, Default::default(), properties).tagged(tags)
    };
    Ok(topics.into_iter().map(thing).collect())
}

/// A listing shows `PendingConfirmation` in the ARN's place; where it shows an ARN, the subscription itself says more.
pub(super) fn subscriptions(saved: &Saved) -> Things {
    let subscriptions = saved.all("Subscriptions", "sns list-subscriptions")?;
    let confirmed = |arn: &str| {
        if !arn.starts_with("arn:") {
            return Ok(false);
        }
        let found = saved.agreed_within("Attributes", "SubscriptionArn", arn)?;
        let call = format!("sns get-subscription-attributes --subscription-arn {arn}");
        found.map(|one| text(one, "PendingConfirmation") == "false").ok_or_else(|| not_saved(&call))
    };
    let thing = |one: &Json| {
        let arn = said(one, "SubscriptionArn").filter(|arn| arn.starts_with("arn:")).map(str::to_owned);
        let (protocol, endpoint) = (text(one, "Protocol").to_owned(), text(one, "Endpoint").to_owned());
        let id = format!("{protocol} {endpoint}");
        let properties = known(one, "TopicArn").and_then(|topic| {
            let confirmed = Some(confirmed(text(one, "SubscriptionArn"))?);
            Ok(Subscription { topic, protocol, endpoint, confirmed })
        });
        Thing::new(Attributes { id: id.clone(), arn }, &id, Default::default(), properties)
    };
    Ok(subscriptions.into_iter().map(thing).collect())
}

/// Functions that are not being deleted.
pub(super) fn functions(saved: &Saved) -> Things {
    let mut things = Vec::new();
    for name in function_names(saved)? {
        let whole = saved.of("lambda", name, "get-function");
        let configuration = whole.as_ref().map_or(&Json::Null, |whole| &whole["Configuration"]);
        if text(configuration, "State") == "Deleting" {
            continue;
        }
        let arn = said(configuration, "FunctionArn").map(str::to_owned);
        let tags = whole.clone().map(|whole| map(&whole["Tags"]));
        let attributes = Attributes { id: name.to_owned(), arn };
        things.push(Thing::new(attributes, name, Default::default(), whole.and_then(read_function)).tagged(tags));
    }
    Ok(things)
}

/// Each statement of each function's policy, with the names of the others.
pub(super) fn permissions(saved: &Saved) -> Things {
    let mut things = Vec::new();
    for name in function_names(saved)? {
        let document = saved.of("lambda", name, "get-policy").and_then(|answer| set(answer, "Policy"));
        match document.and_then(|document| document.map(policy).transpose()) {
            // `{}` says that nobody may call it.
            Ok(None) => {}
            Ok(Some(document)) => {
                let sids = document.statements().iter().filter_map(|statement| statement.sid.as_deref());
                things.extend(sids.filter_map(|sid| {
                    let permission = FunctionPermission::of_policy(&document, sid, name)?;
                    Some(Thing::plain(&format!("{name} {sid}"), Ok(permission)))
                }));
            }
            Err(why) => things.push(Thing::plain::<FunctionPermission>(name, Err(why))),
        }
    }
    Ok(things)
}

fn function_names(saved: &Saved) -> Result<Vec<&str>, String> {
    let listed = saved.all("Functions", "lambda list-functions")?;
    Ok(listed.into_iter().map(|function| text(function, "FunctionName")).collect())
}

fn read_table(saved: &Saved, place: &Place, name: &str, table: &Json) -> Result<Table, String> {
    let key_of = |kind: &str| {
        let name =
            items(table, "KeySchema").find(|key| text(key, "KeyType") == kind).map(|key| text(key, "AttributeName"))?;
        let kind = items(table, "AttributeDefinitions").find(|it| text(it, "AttributeName") == name);
        // A key that is no text is none of ours; it shows as a name that no plan has.
        let kind = kind.map_or("", |kind| text(kind, "AttributeType"));
        Some(if kind == "S" { name.to_owned() } else { format!("{name} ({kind})") })
    };
    let encryption = &table["SSEDescription"];
    let by_key = matches!(text(encryption, "Status"), "ENABLED" | "ENABLING" | "UPDATING")
        && text(encryption, "SSEType") == "KMS";
    let key = said(encryption, "KMSMasterKeyArn").and_then(|key| key_arn(place, key)).map(Value::Known);
    let backups = saved.of("dynamodb", name, "describe-continuous-backups")?;
    let recovery = &backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
    let expiry = &saved.of("dynamodb", name, "describe-time-to-live")?["TimeToLiveDescription"];
    let expires = matches!(text(expiry, "TimeToLiveStatus"), "ENABLED" | "ENABLING");
    Ok(Table {
        partition_key: key_of("HASH").ok_or_else(|| "no partition key".to_owned())?,
        sort_key: key_of("RANGE"),
        on_demand: text(&table["BillingModeSummary"], "BillingMode") == "PAY_PER_REQUEST",
        key: match by_key {
            true => Some(key.ok_or_else(|| "its key has no name".to_owned())?),
            false => None,
        },
        point_in_time_recovery: text(recovery, "PointInTimeRecoveryStatus") == "ENABLED",
        deletion_protection: flag(table, "DeletionProtectionEnabled"),
        expiry: said(expiry, "AttributeName").filter(|_| expires).map(str::to_owned),
    })
}

fn read_queue(place: &Place, attributes: &Json) -> Result<Queue, String> {
    let count = |key: &str| number(&attributes[key]).ok_or_else(|| format!("`{key}` is no number"));
    Ok(Queue {
        key: said(attributes, "KmsMasterKeyId").and_then(|key| key_arn(place, key)).map(Value::Known),
        retention_seconds: count("MessageRetentionPeriod")?,
        visibility_seconds: count("VisibilityTimeout")?,
        redrive: said(attributes, "RedrivePolicy").map(redrive).transpose()?,
        policy: said(attributes, "Policy").map(|_| policy(&attributes["Policy"])).transpose()?,
    })
}

/// A redrive policy as SQS hands it back: the number may be text.
fn redrive(text: &str) -> Result<Redrive, String> {
    let read: Json = serde_json::from_str(text).map_err(|error| format!("its redrive policy: {error}"))?;
    let max_receives = number(&read["maxReceiveCount"]);
    let max_receives = max_receives.ok_or_else(|| "its redrive policy: no number of receives".to_owned())?;
    Ok(Redrive { queue: known(&read, "deadLetterTargetArn")?, max_receives })
}

fn read_function(whole: &Json) -> Result<Function, String> {
    let read = &whole["Configuration"];
    let count = |json: &Json, what: &str| number(json).ok_or_else(|| format!("no {what}"));
    let sha256 = base64(text(read, "CodeSha256")).ok_or_else(|| "its code's SHA-256 is not in base64".to_owned())?;
    let architectures: Vec<&str> = items(read, "Architectures").filter_map(Json::as_str).collect();
    let reserved = &whole["Concurrency"]["ReservedConcurrentExecutions"];
    let variables = map(&read["Environment"]["Variables"]).into_iter();
    Ok(Function {
        role: known(read, "Role")?,
        runtime: text(read, "Runtime").to_owned(),
        architecture: architectures.join(" "),
        handler: text(read, "Handler").to_owned(),
        code_sha256: sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
        layers: items(read, "Layers").map(|layer| text(layer, "Arn").to_owned()).collect(),
        timeout_seconds: count(&read["Timeout"], "time-out")?,
        memory_mib: count(&read["MemorySize"], "memory")?,
        environment: variables.map(|(name, value)| (name, Value::Known(value))).collect::<BTreeMap<_, _>>(),
        key: optional(read, "KMSKeyArn")?,
        dead_letters: optional(&read["DeadLetterConfig"], "TargetArn")?,
        log_group: text(&read["LoggingConfig"], "LogGroup").to_owned(),
        reserved_concurrency: if reserved.is_null() { None } else { Some(count(reserved, "concurrency")?) },
        active: !matches!(text(read, "State"), "Failed" | "Deactivated" | "ActiveNonInvocable"),
    })
}
