//! The table of uploaded files, which the environment's own function fills: one entry a version of an object.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::base64;
use sce_core::aws::resource::Kind;
use sce_core::pit::Pit;
use serde::Serialize;
use thiserror::Error;

use crate::error::{CloudError, cloud};
use crate::provider::poll;
use crate::registry::{Registry, RegistryError};
use crate::session::Session;

/// What the table says of one version of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FileEntry {
    /// The object's key.
    pub key: String,
    /// When S3 says that it happened.
    pub time: String,
    /// The version: S3's id of it, or `null` where the bucket keeps none. A deletion has a version of its own.
    pub version: String,
    /// What happened, such as `ObjectCreated:Put` or `ObjectRemoved:DeleteMarkerCreated`.
    pub event: String,
    /// The size, in bytes; none for a deletion.
    pub bytes: Option<u64>,
    /// The entity tag.
    pub etag: Option<String>,
    /// The bucket.
    pub bucket: String,
    /// S3's number in the order of events of this key, in hexadecimal.
    pub sequencer: String,
}

/// Why the table of files says nothing.
#[derive(Debug, Error)]
pub enum FileTableError {
    /// The registry could not be used, or does not know the environment.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The environment has none.
    #[error("`{pit}` has no table of files")]
    NoTable {
        /// The environment.
        pit: Pit,
    },
    /// AWS refused or failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

impl FileTableError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.help(),
            Self::NoTable { .. } => {
                Some("its spec says `file_table = false`; `sce data ls` lists what is in the bucket".to_owned())
            }
            Self::Cloud(error) => error.help().map(str::to_owned),
        }
    }
}

/// Every entry of the environment's table, by key and time: read-only.
///
/// # Errors
/// When the registry does not know the environment, it has no table, or AWS fails.
pub async fn files(session: &Session, pit: &Pit) -> Result<Vec<FileEntry>, FileTableError> {
    let table = table_of(session, pit).await?;
    let mut entries: Vec<FileEntry> = scan(session, &table).await?.iter().map(entry).collect();
    entries.sort();
    Ok(entries)
}

/// Waits until the table has an entry for this version of an object: S3 and the function take a second or so.
///
/// None when none has come in time.
///
/// # Errors
/// As [`files`].
pub async fn await_file(
    session: &Session,
    pit: &Pit,
    key: &str,
    version: Option<&str>,
    limit: Duration,
) -> Result<Option<FileEntry>, FileTableError> {
    let table = table_of(session, pit).await?;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let look = || async {
        let request = session.dynamodb.get_item().table_name(&table).consistent_read(true);
        let request = request.key("key", text(key)).key("version", text(version.unwrap_or("null")));
        let answer = request.send().await.map_err(cloud("GetItem", &table))?;
        Ok(answer.item().map(entry))
    };
    Ok(poll(session, limit, look).await?)
}

/// The table as it stands, a line an entry, every attribute in DynamoDB's own JSON; the same entries give the same text.
pub(crate) async fn lines(session: &Session, table: &str) -> Result<String, CloudError> {
    let items = scan(session, table).await?;
    let json = |item: &Item| {
        let fields = item.iter().map(|(name, value)| (name.clone(), json(value)));
        serde_json::Value::Object(fields.collect()).to_string()
    };
    let mut lines: Vec<String> = items.iter().map(json).collect();
    lines.sort();
    Ok(lines.into_iter().map(|line| line + "\n").collect())
}

type Item = std::collections::HashMap<String, AttributeValue>;

async fn table_of(session: &Session, pit: &Pit) -> Result<String, FileTableError> {
    let plan = Registry::new(session, pit).plan().await?;
    let table = plan.pit_nodes().find(|node| node.properties.kind() == Kind::Table);
    table.map(|node| node.name.clone()).ok_or_else(|| FileTableError::NoTable { pit: pit.clone() })
}

async fn scan(session: &Session, table: &str) -> Result<Vec<Item>, CloudError> {
    let request = session.dynamodb.scan().table_name(table).consistent_read(true);
    request.into_paginator().items().send().try_collect().await.map_err(cloud("Scan", table))
}

/// An attribute that is missing is empty: whoever wrote the entry, it is shown.
fn entry(item: &Item) -> FileEntry {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let known = |name: &str| text(name).unwrap_or_default();
    let bytes = item.get("size").and_then(|value| value.as_n().ok()?.parse().ok());
    FileEntry {
        key: known("key"),
        time: known("time"),
        version: known("version"),
        event: known("event"),
        bytes,
        etag: text("etag"),
        bucket: known("bucket"),
        sequencer: known("sequencer"),
    }
}

/// DynamoDB's own JSON, which loses nothing (DynamoDB API reference, `AttributeValue`). Sets are sorted, since they have no order.
fn json(value: &AttributeValue) -> serde_json::Value {
    let sorted = |values: &[String]| {
        let mut values = values.to_vec();
        values.sort();
        values
    };
    match value {
        AttributeValue::S(text) => serde_json::json!({ "S": text }),
        AttributeValue::N(number) => serde_json::json!({ "N": number }),
        AttributeValue::B(bytes) => serde_json::json!({ "B": base64::encode(bytes) }),
        AttributeValue::Bool(flag) => serde_json::json!({ "BOOL": flag }),
        AttributeValue::Null(flag) => serde_json::json!({ "NULL": flag }),
        AttributeValue::L(list) => serde_json::json!({ "L": list.iter().map(json).collect::<Vec<_>>() }),
        AttributeValue::M(map) => {
            let fields = map.iter().map(|(name, value)| (name.clone(), json(value)));
            serde_json::json!({ "M": fields.collect::<serde_json::Map<_, _>>() })
        }
        AttributeValue::Ss(texts) => serde_json::json!({ "SS": sorted(texts) }),
        AttributeValue::Ns(numbers) => serde_json::json!({ "NS": sorted(numbers) }),
        AttributeValue::Bs(list) => {
            let texts: Vec<String> = list.iter().map(base64::encode).collect();
            serde_json::json!({ "BS": sorted(&texts) })
        }
        // A type that this version of the SDK does not know: named, so that its loss shows.
        other => serde_json::json!({ "unknown": format!("{other:?}") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::Blob;

    #[test]
    fn an_entry_is_read_and_what_is_missing_is_empty() {
        let item = Item::from([
            ("key".to_owned(), AttributeValue::S("visits.csv".to_owned())),
            ("size".to_owned(), AttributeValue::N("7".to_owned())),
        ]);
        let read = entry(&item);
        assert_eq!((read.key.as_str(), read.bytes, read.etag), ("visits.csv", Some(7), None));
        assert_eq!(read.version, "");
    }

    #[test]
    fn every_type_is_written_as_dynamodb_writes_it() {
        let value = AttributeValue::L(vec![
            AttributeValue::Bool(true),
            AttributeValue::B(Blob::new(b"ab")),
            AttributeValue::Ns(vec!["2".to_owned(), "1".to_owned()]),
            AttributeValue::M([("n".to_owned(), AttributeValue::Null(true))].into()),
        ]);
        let expected = r#"{"L":[{"BOOL":true},{"B":"YWI="},{"NS":["1","2"]},{"M":{"n":{"NULL":true}}}]}"#;
        assert_eq!(json(&value).to_string(), expected);
    }
}
