//! `sce data`

use std::path::Path;

use sce::identifiers::{Allowed, Review};
use sce::transfer::{self, Details, Digest, Entry, Existing, Fetched, Place, Stored};
use sce::{FileEntry, Mfa, Session, Stores};
use serde::Serialize;

use crate::cli::{AsCustodian, Data, Environment, Fetch, Global, List, Put, Store};
use crate::failure::{Exit, Failure};
use crate::output::{self, counted, note, table};
use crate::progress::Progress;
use crate::target;

/// What `data put --json` and `data get --json` write.
#[derive(Serialize)]
struct Moved<'a> {
    schema_version: u32,
    bucket: &'a str,
    key: &'a str,
    file: String,
    bytes: u64,
    sha256: Digest,
    /// Whether the SHA-256 of the file is the one that the object carries.
    verified: bool,
    version_id: Option<&'a str>,
}

/// What `data ls --json` writes.
#[derive(Serialize)]
struct Listing<'a> {
    schema_version: u32,
    bucket: &'a str,
    prefix: &'a str,
    objects: Vec<Object<'a>>,
}

/// What `data ls --table --json` writes.
#[derive(Serialize)]
struct Files<'a> {
    schema_version: u32,
    prefix: &'a str,
    files: Vec<FileEntry>,
}

/// One object of a listing.
#[derive(Serialize)]
struct Object<'a> {
    key: &'a str,
    bytes: u64,
    modified: Option<String>,
    sha256: Option<Digest>,
}

pub(crate) async fn run(data: &Data, global: &Global) -> Result<Exit, Failure> {
    match data {
        Data::Put(asked) => put(asked, global).await,
        Data::Get(asked) => get(asked, global).await,
        Data::Ls(asked) => ls(asked, global).await,
    }
}

async fn put(asked: &Put, global: &Global) -> Result<Exit, Failure> {
    let key = match &asked.key {
        Some(key) => key.clone(),
        None => file_name(&asked.file)?,
    };
    let (session, stores) = stores(&asked.environment, global).await?;
    let allowed = allowed(asked, &key);
    let place = Place { bucket: bucket(&stores, asked.to).to_owned(), key };
    let review = Review { allowed: &allowed, ..Review::default() };
    let progress = Progress::new(global.quiet, "sending");
    let listener = |done| progress.transfer(done);
    let sent = transfer::put(&session, &asked.file, &place, &stores.key_arn, &review, &listener);
    let stored = tokio::select! {
        stored = sent => stored?,
        _ = tokio::signal::ctrl_c() => return Err(interrupted(&session, &place).await),
    };
    drop(progress);
    let Stored { bytes, sha256, .. } = stored;
    let version_id = stored.version_id.as_deref();
    let moved = moved(&place, &asked.file, bytes, sha256, true, version_id);
    told(&moved, asked.format.json, &format!("`{}` is stored as `{place}`", asked.file.display()))
}

async fn get(asked: &Fetch, global: &Global) -> Result<Exit, Failure> {
    let (session, stores) = stores(&asked.environment, global).await?;
    let session = as_custodian(session, &stores, &asked.custodian).await?;
    let place = Place { bucket: bucket(&stores, asked.from).to_owned(), key: asked.key.clone() };
    let existing = if asked.overwrite { Existing::Overwrite } else { Existing::Keep };
    let progress = Progress::new(global.quiet, "receiving");
    let listener = |done| progress.transfer(done);
    let fetched = tokio::select! {
        fetched = transfer::get(&session, &place, &asked.output, existing, &listener) => fetched?,
        // The partial file goes with the work that is dropped here.
        _ = tokio::signal::ctrl_c() => return Err(Failure::cloud("interrupted: nothing was written")),
    };
    drop(progress);
    let Fetched { bytes, sha256, verified, .. } = fetched;
    if !verified {
        note("warning: the object carries no SHA-256, so nothing was there to compare the file with");
    }
    let moved = moved(&place, &asked.output, bytes, sha256, verified, fetched.version_id.as_deref());
    told(&moved, asked.format.json, &format!("`{place}` is in `{}`", asked.output.display()))
}

async fn ls(asked: &List, global: &Global) -> Result<Exit, Failure> {
    if asked.table {
        return recorded(asked, global).await;
    }
    let (session, stores) = stores(&asked.environment, global).await?;
    let session = as_custodian(session, &stores, &asked.custodian).await?;
    let bucket = bucket(&stores, asked.from);
    let details = if asked.digests { Details::Digests } else { Details::Listing };
    let progress = Progress::new(global.quiet, "listing");
    let mut entries = Vec::new();
    let mut next = None;
    loop {
        let page = transfer::list(&session, bucket, &asked.prefix, details, next.as_ref()).await?;
        entries.extend(page.entries);
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    drop(progress);
    match asked.format.json {
        true => output::json(&listing(bucket, &asked.prefix, &entries))?,
        false => output::result(&text(bucket, &entries))?,
    }
    Ok(Exit::Done)
}

async fn recorded(asked: &List, global: &Global) -> Result<Exit, Failure> {
    let session = target::session(global, &asked.environment).await?;
    let mut files = sce::files(&session, &asked.environment.pit).await?;
    files.retain(|file| file.key.starts_with(&asked.prefix));
    match asked.format.json {
        true => output::json(&Files { schema_version: 1, prefix: &asked.prefix, files })?,
        false => output::result(&recorded_text(&files))?,
    }
    Ok(Exit::Done)
}

async fn stores(environment: &Environment, global: &Global) -> Result<(Session, Stores), Failure> {
    let session = target::session(global, environment).await?;
    let stores = sce::stores(&session, &environment.pit).await?;
    Ok((session, stores))
}

/// The session as it is, or as the custodian's where that was asked for.
pub(super) async fn as_custodian(session: Session, stores: &Stores, asked: &AsCustodian) -> Result<Session, Failure> {
    if !asked.as_custodian {
        return Ok(session);
    }
    let device = asked.mfa_serial.clone().zip(asked.mfa_code.clone());
    let mfa = device.map(|(serial, code)| Mfa { serial, code });
    Ok(sce::as_custodian(&session, stores, mfa.as_ref()).await?)
}

fn bucket(stores: &Stores, store: Store) -> &str {
    match store {
        Store::Data => &stores.data,
        Store::Output => &stores.output,
        Store::Ancillary => &stores.ancillary,
    }
}

fn file_name(file: &Path) -> Result<String, Failure> {
    let name = file.file_name().and_then(|name| name.to_str());
    let no_name =
        || Failure::usage(format!("`{}` has no name that can be a key", file.display())).advise("give `--key KEY`");
    name.map(str::to_owned).ok_or_else(no_name)
}

/// A review is of exactly the names at hand.
fn allowed(asked: &Put, key: &str) -> Vec<Allowed> {
    let Some(reason) = &asked.reviewed else { return Vec::new() };
    let name = asked.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let allowed = |pattern| Allowed { pattern, reason: reason.clone() };
    [key.to_owned(), name].map(allowed).into()
}

/// Takes back what was sent, as far as that is possible.
async fn interrupted(session: &Session, place: &Place) -> Failure {
    match transfer::abandon(session, place).await {
        Ok(_) => Failure::cloud(format!("interrupted; no part of `{place}` is left in the bucket")),
        Err(error) => Failure::cloud(format!("interrupted; parts of `{place}` may be left in the bucket"))
            .because(&error)
            .advise("they go with the bucket's lifecycle rule or at close-out; sending the file again is safe"),
    }
}

fn moved<'a>(
    place: &'a Place,
    file: &Path,
    bytes: u64,
    sha256: Digest,
    verified: bool,
    version_id: Option<&'a str>,
) -> Moved<'a> {
    let Place { bucket, key } = place;
    Moved { schema_version: 1, bucket, key, file: file.display().to_string(), bytes, sha256, verified, version_id }
}

fn told(moved: &Moved<'_>, json: bool, text: &str) -> Result<Exit, Failure> {
    match json {
        true => output::json(moved)?,
        false => output::result(&format!("{text}: {} bytes, SHA-256 {}\n", moved.bytes, moved.sha256))?,
    }
    Ok(Exit::Done)
}

fn listing<'a>(bucket: &'a str, prefix: &'a str, entries: &'a [Entry]) -> Listing<'a> {
    let object = |entry: &'a Entry| Object {
        key: &entry.key,
        bytes: entry.bytes,
        modified: entry.modified.map(|time| time.to_string()),
        sha256: entry.sha256,
    };
    Listing { schema_version: 1, bucket, prefix, objects: entries.iter().map(object).collect() }
}

fn text(bucket: &str, entries: &[Entry]) -> String {
    let row = |entry: &Entry| {
        let modified = entry.modified.map(|time| time.to_string()).unwrap_or_default();
        [entry.bytes.to_string(), modified, entry.key.clone()]
    };
    let rows: Vec<_> = entries.iter().map(row).collect();
    let bytes: u64 = entries.iter().map(|entry| entry.bytes).sum();
    let sum = format!("{} in `{bucket}`, {bytes} bytes", counted(entries.len(), "object", "objects"));
    if rows.is_empty() {
        return sum;
    }
    // S3's listing tells no digests: without `--digests` there is none, and no column for them.
    let rows = match entries.iter().any(|entry| entry.sha256.is_some()) {
        true => {
            let sha256 = entries.iter().map(|entry| entry.sha256.map(|digest| digest.to_string()).unwrap_or_default());
            let rows: Vec<_> = rows
                .into_iter()
                .zip(sha256)
                .map(|([bytes, modified, key], sha256)| [bytes, modified, key, sha256])
                .collect();
            table(["BYTES", "MODIFIED", "KEY", "SHA-256"], &rows)
        }
        false => table(["BYTES", "MODIFIED", "KEY"], &rows),
    };
    format!("{rows}\n{sum}\n")
}

fn recorded_text(files: &[FileEntry]) -> String {
    let row = |file: &FileEntry| {
        let bytes = file.bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
        [&file.time, &file.event, &bytes, &file.version, &file.key].map(String::clone)
    };
    let rows: Vec<_> = files.iter().map(row).collect();
    let sum = format!("{} in the table of files", counted(files.len(), "entry", "entries"));
    let columns = ["TIME", "EVENT", "BYTES", "VERSION", "KEY"];
    if rows.is_empty() { format!("{sum}\n") } else { format!("{}\n{sum}\n", table(columns, &rows)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_have_a_column_where_they_were_asked_for() {
        let entry = |sha256| Entry { key: "visits.csv".to_owned(), bytes: 7, modified: None, sha256 };
        assert!(!text("b", &[entry(None)]).contains("SHA-256"));
        let digest = "0".repeat(64);
        let shown = text("b", &[entry(None), entry(Some(digest.parse().unwrap()))]);
        assert!(shown.contains("SHA-256") && shown.contains(&digest), "{shown}");
    }

    #[test]
    fn the_table_of_files_says_what_came_and_what_went() {
        let entry = |event: &str, bytes| FileEntry {
            key: "visits.csv".to_owned(),
            time: "2026-11-24T10:00:00.000Z".to_owned(),
            version: "v1".to_owned(),
            event: event.to_owned(),
            bytes,
            etag: None,
            bucket: "hipaa-data-111122223333-us-west-2".to_owned(),
            sequencer: "0A".to_owned(),
        };
        let text =
            recorded_text(&[entry("ObjectCreated:Put", Some(7)), entry("ObjectRemoved:DeleteMarkerCreated", None)]);
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(text.ends_with("2 entries in the table of files\n"), "{text}");
        assert_eq!(recorded_text(&[]), "0 entries in the table of files\n");
    }

    #[test]
    fn a_folder_above_has_no_name() {
        assert_eq!(file_name(Path::new("in/visits.csv")).unwrap(), "visits.csv");
        assert!(file_name(Path::new("..")).unwrap_err().to_string().ends_with("help: give `--key KEY`"));
    }
}
