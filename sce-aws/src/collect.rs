//! Saving what an account says of itself: read-only, as the AWS CLI would print it, for work without credentials.
//!
//! Answers in JSON are kept as AWS sends them; those in XML are written with the CLI's own names. What may hold secrets is not
//! kept: no object of a bucket is read, and of programs that machines run at first boot and of functions' settings there is a digest.

mod ec2;
mod iam;
mod json;
mod messages;
mod plain;
mod rds;
mod s3;

use std::collections::BTreeSet;
use std::io;

use aws_smithy_types::date_time::{DateTime, Format};
use sce_core::aws::describe::model::folder;
use serde::Serialize;
use serde_json::{Value as Json, json};
use thiserror::Error;

use crate::error::{CloudError, Trouble};
use crate::session::Session;

/// An answer to be saved.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Where, below the tree's root: `SERVICE/CALL.json`, or `SERVICE/NAME/CALL.json` for what bears no name of its own.
    pub path: String,
    /// What AWS says.
    pub json: Json,
}

/// What was saved, and what could not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// The version of this format.
    pub schema_version: u32,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The caller's ARN.
    pub caller: String,
    /// Files that were written.
    pub files: usize,
    /// The operations that were sent, such as `ec2:DescribeVpcs`.
    pub calls: BTreeSet<String>,
    /// What could not be read, and is therefore unknown.
    pub unread: Vec<NotRead>,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotRead {
    /// The API operation.
    pub call: String,
    /// What it was about.
    pub resource: String,
    /// Why not.
    pub why: String,
}

/// Why nothing more was collected.
#[derive(Debug, Error)]
pub enum CollectError {
    /// Nobody answers any more.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// An answer could not be kept.
    #[error("`{path}` could not be kept")]
    Keep {
        /// Where it was to be kept.
        path: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl CollectError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Cloud(error) => error.help(),
            Self::Keep { .. } => Some("check that there is room, and that the folder may be written"),
        }
    }
}

/// Reads the account in the session's region, and hands each answer over as it comes. What may not be read is in the result, and
/// does not stop the rest.
///
/// # Errors
/// When nobody answers, or `keep` fails.
pub async fn collect(
    session: &Session,
    keep: &mut (dyn FnMut(&Answer) -> io::Result<()> + Send),
) -> Result<Collected, CollectError> {
    let mut collector = Collector { session, keep, files: 0, unread: Vec::new() };
    let identity = json!({ "Account": session.account().as_str(), "Arn": session.caller() });
    collector.save("sts/get-caller-identity.json", identity)?;
    ec2::collect(&mut collector).await?;
    iam::collect(&mut collector).await?;
    s3::collect(&mut collector).await?;
    rds::collect(&mut collector).await?;
    messages::collect(&mut collector).await?;
    plain::collect(&mut collector).await?;
    Ok(Collected {
        schema_version: 1,
        account: session.account().to_string(),
        region: session.region().to_string(),
        caller: session.caller().to_owned(),
        files: collector.files,
        calls: session.calls().operations(),
        unread: collector.unread,
    })
}

/// One collection under way.
struct Collector<'a> {
    session: &'a Session,
    keep: &'a mut (dyn FnMut(&Answer) -> io::Result<()> + Send),
    files: usize,
    unread: Vec<NotRead>,
}

impl<'a> Collector<'a> {
    /// Keeps an answer, without what it does not say.
    fn save(&mut self, path: &str, json: Json) -> Result<(), CollectError> {
        let answer = Answer { path: path.to_owned(), json: pruned(json) };
        (self.keep)(&answer).map_err(|source| CollectError::Keep { path: path.to_owned(), source })?;
        self.files += 1;
        Ok(())
    }

    /// Keeps what a call said of one thing.
    fn save_of(&mut self, service: &str, name: &str, call: &str, json: Json) -> Result<(), CollectError> {
        self.save(&format!("{service}/{}/{call}.json", folder(name)), json)
    }

    /// The answer, or none and a note why there is none.
    fn answer<T>(&mut self, answered: Result<T, CloudError>) -> Result<Option<T>, CollectError> {
        match answered {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.trouble == Trouble::Unreachable => Err(error.into()),
            Err(error) => {
                let (call, resource, why) = (error.operation.to_owned(), error.resource.clone(), error.to_string());
                self.unread.push(NotRead { call, resource, why });
                Ok(None)
            }
        }
    }

    /// The same, where AWS says by an error of its own that there is nothing, which is an answer: `{}`.
    fn answer_or_nothing(
        &mut self,
        answered: Result<Json, CloudError>,
        nothing: &[&str],
    ) -> Result<Option<Json>, CollectError> {
        match answered {
            Err(error) if nothing.iter().any(|code| error.has_code(code)) => Ok(Some(json!({}))),
            other => self.answer(other),
        }
    }
}

/// Without fields that say nothing, which the CLI leaves out.
fn pruned(json: Json) -> Json {
    match json {
        Json::Object(fields) => {
            let said = fields.into_iter().filter(|(_, value)| !value.is_null());
            said.map(|(key, value)| (key, pruned(value))).collect()
        }
        Json::Array(items) => items.into_iter().map(pruned).collect(),
        other => other,
    }
}

/// A time as the CLI prints it: RFC 3339.
fn time(time: Option<&DateTime>) -> Option<String> {
    time.and_then(|time| time.fmt(Format::DateTime).ok())
}

/// An object with the names that the CLI gives to fields: as they are, as the words of enumerations, and others.
macro_rules! object {
    ($from:expr; $($name:literal: $field:ident),*) => { $crate::collect::object!($from; $($name: $field),*; ;) };
    ($from:expr; $($name:literal: $field:ident),*; $($word:literal: $variant:ident),*) => {
        $crate::collect::object!($from; $($name: $field),*; $($word: $variant),*;)
    };
    ($from:expr; $($name:literal: $field:ident),*; $($word:literal: $variant:ident),*; $($key:literal = $value:expr),*) => {{
        let from = $from;
        serde_json::json!({
            $($name: from.$field(),)*
            $($word: from.$variant().map(|word| word.as_str()),)*
            $($key: $value,)*
        })
    }};
}
use object;

/// Items as a list.
fn list<T>(items: impl IntoIterator<Item = T>, each: impl FnMut(T) -> Json) -> Json {
    Json::Array(items.into_iter().map(each).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_left_out() {
        let said = json!({"A": null, "B": [{"C": null, "D": false}], "E": []});
        assert_eq!(pruned(said), json!({"B": [{"D": false}], "E": []}));
    }
}
