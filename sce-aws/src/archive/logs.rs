//! A log group into an archive: what CloudWatch Logs gives of it, event by event.

use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use serde::Serialize;

use super::ArchiveError;
use super::sink::{Archiver, Entry};
use crate::error::{CloudError, cloud};
use crate::session::Session;

/// One line of the document: times are milliseconds since 1970, as CloudWatch Logs tells them.
#[derive(Serialize)]
struct Line<'a> {
    stream: Option<&'a str>,
    timestamp: Option<i64>,
    ingested: Option<i64>,
    message: Option<&'a str>,
}

/// How large a log is taken to become, since nobody tells beforehand: 256 GiB.
const LARGE: u64 = 1 << 38;

/// Adds every event of a log group as a document, one line of JSON each, and says how many.
///
/// # Errors
/// When AWS or the disk fails, or somebody asked for an end; the archive is then as before.
pub(crate) async fn archive_log_group(
    session: &Session,
    archiver: &mut Archiver<'_>,
    group: &str,
    document: &str,
) -> Result<u64, ArchiveError> {
    let mut sink = archiver.begin(Entry::Document(document.to_owned()), LARGE)?;
    let (mut events, mut token) = (0, None);
    loop {
        let page = match page(session, group, token.clone()).await {
            Ok(page) => page,
            Err(error) => {
                sink.abandon().await;
                return Err(error.into());
            }
        };
        let mut lines = Vec::new();
        for event in page.events() {
            let line = Line {
                stream: event.log_stream_name(),
                timestamp: event.timestamp(),
                ingested: event.ingestion_time(),
                message: event.message(),
            };
            serde_json::to_writer(&mut lines, &line).expect("texts and numbers are JSON");
            lines.push(b'\n');
            events += 1;
        }
        if let Err(error) = sink.write(&lines).await {
            sink.abandon().await;
            return Err(error);
        }
        // The same token again is the end (CloudWatch Logs API reference, `FilterLogEvents`).
        if page.next_token().is_none() || page.next_token == token {
            sink.finish().await?;
            return Ok(events);
        }
        token = page.next_token;
    }
}

async fn page(session: &Session, group: &str, token: Option<String>) -> Result<FilterLogEventsOutput, CloudError> {
    session.interrupt.go_on(group)?;
    let request = session.logs.filter_log_events().log_group_name(group).set_next_token(token);
    request.send().await.map_err(cloud("FilterLogEvents", group))
}
