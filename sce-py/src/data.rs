//! Data in and out of an environment's buckets.

use std::path::PathBuf;

use pyo3::prelude::*;
use sce::identifiers::{Allowed, Review};
use sce::transfer::{self, Details, Existing, Place, Progress};
use sce::{Session, Stores};
use serde_json::{Value, json};

use crate::account::{Named, Target};
use crate::errors::{Raise, input};
use crate::offline::to_python;
use crate::runtime::{Ending, Stop, Telling, wait};

/// Sends a file.
#[pyfunction]
pub(crate) fn data_put(
    py: Python<'_>,
    store: (String, Option<String>, String),
    target: &Target,
    file: PathBuf,
    name: (String, Option<String>),
    told: Option<Py<PyAny>>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let (named, store) = named(&store)?;
    let telling = Telling::new(told, stop);
    let (key, reviewed) = name;
    let opened = wait(py, stop, Ending::AtOnce, open(&named, target));
    let (session, stores) = opened?;
    let place = Place { bucket: bucket(&stores, store)?, key };
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // A review is of exactly the names at hand.
    let allow =
        |reason: &String| [&place.key, &name].map(|text| Allowed { pattern: text.clone(), reason: reason.clone() });
    let allowed: Vec<Allowed> = reviewed.iter().flat_map(allow).collect();
    let review = Review { allowed: &allowed, ..Review::default() };
    let listener = |progress| tell(&telling, &place, progress);
    let stored = wait(py, stop, Ending::AtOnce, async {
        transfer::put(&session, &file, &place, &stores.key_arn, &review, &listener).await
    });
    if stored.is_err() {
        // What was sent of a call that was stopped is taken back; of one that failed the library has done it.
        drop(wait(py, &Stop::default(), Ending::AtOnce, transfer::abandon(&session, &place)));
    }
    let stored = telling.end(stored)?;
    let Place { bucket, key } = &place;
    let (bytes, sha256, version) = (stored.bytes, stored.sha256, &stored.version_id);
    to_python(
        py,
        &json!({ "bucket": bucket, "key": key, "file": file, "bytes": bytes, "sha256": sha256, "version_id": version }),
    )
}

/// Fetches an object.
#[pyfunction]
pub(crate) fn data_get(
    py: Python<'_>,
    store: (String, Option<String>, String),
    target: &Target,
    key: String,
    output: (PathBuf, bool),
    told: Option<Py<PyAny>>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let (named, store) = named(&store)?;
    let telling = Telling::new(told, stop);
    let (file, overwrite) = output;
    let existing = if overwrite { Existing::Overwrite } else { Existing::Keep };
    let fetched = wait(py, stop, Ending::AtOnce, async {
        let (session, stores) = open(&named, target).await?;
        let place = Place { bucket: bucket(&stores, store)?, key };
        let listener = |progress| tell(&telling, &place, progress);
        let fetched = transfer::get(&session, &place, &file, existing, &listener).await?;
        Ok::<_, Raise>((fetched, place))
    });
    let (fetched, Place { bucket, key }) = telling.end(fetched)?;
    to_python(
        py,
        &json!({
            "bucket": bucket,
            "key": key,
            "file": file,
            "bytes": fetched.bytes,
            "sha256": fetched.sha256,
            "verified": fetched.verified,
            "version_id": fetched.version_id,
        }),
    )
}

/// Lists objects.
#[pyfunction]
pub(crate) fn data_ls(
    py: Python<'_>,
    store: (String, Option<String>, String),
    target: &Target,
    prefix: &str,
    digests: bool,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let (named, store) = named(&store)?;
    let details = if digests { Details::Digests } else { Details::Listing };
    let entries = wait(py, stop, Ending::AtOnce, async {
        let (session, stores) = open(&named, target).await?;
        let bucket = bucket(&stores, store)?;
        let (mut entries, mut next) = (Vec::new(), None);
        loop {
            let page = transfer::list(&session, &bucket, prefix, details, next.as_ref()).await?;
            entries.extend(page.entries);
            next = page.next;
            if next.is_none() {
                return Ok::<_, Raise>((bucket, entries));
            }
        }
    })?;
    let (bucket, entries) = entries;
    let told = entries.iter().map(|entry| {
        let modified = entry.modified.map(|time| time.to_string());
        json!({ "bucket": bucket, "key": entry.key, "bytes": entry.bytes, "modified": modified, "sha256": entry.sha256 })
    });
    to_python(py, &told.collect::<Vec<Value>>())
}

/// What the table of uploaded files tells.
#[pyfunction]
pub(crate) fn files(
    py: Python<'_>,
    pit: &str,
    target: &Target,
    region: Option<&str>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let named = Named::read(pit, region)?;
    let files = wait(py, stop, Ending::AtOnce, async {
        let session = named.open(target).await?;
        Ok::<_, Raise>(sce::files(&session, &named.pit).await?)
    })?;
    to_python(py, &files)
}

fn named((pit, region, store): &(String, Option<String>, String)) -> Result<(Named, &str), Raise> {
    Ok((Named::read(pit, region.as_deref())?, store))
}

async fn open(named: &Named, target: &Target) -> Result<(Session, Stores), Raise> {
    let session = named.open(target).await?;
    let stores = sce::stores(&session, &named.pit).await?;
    Ok((session, stores))
}

fn bucket(stores: &Stores, store: &str) -> Result<String, Raise> {
    match store {
        "data" => Ok(stores.data.clone()),
        "output" => Ok(stores.output.clone()),
        "ancillary" => Ok(stores.ancillary.clone()),
        other => Err(input(format!("`{other}` is no store: expected `data`, `output` or `ancillary`"))),
    }
}

fn tell(telling: &Telling<'_>, place: &Place, progress: Progress) {
    let (deed, done, total) = match progress {
        Progress::Hashing { done, total } => ("hashing", done, total),
        Progress::Sending { done, total } => ("sending", done, total),
        Progress::Receiving { done, total } => ("receiving", done, total),
        Progress::Checking { done, total } => ("checking", done, total),
    };
    telling.tell(&place.key, deed, done, total);
}
