//! Data in and out of an environment's buckets.

use std::path::PathBuf;

use pyo3::prelude::*;
use sce::Stores;
use sce::identifiers::{Allowed, Review};
use sce::transfer::{self, Details, Existing, Place, Progress};
use serde_json::{Value, json};

use crate::errors::{Raise, input};
use crate::offline::to_python;
use crate::runtime::{Ending, Stop, Telling, wait};
use crate::target::{AsCustodian, Named, Place as Where, Target, in_session};

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
    let pit = &named.pit;
    let (session, stores) = in_session(py, target, Where::Of(&named), stop, Ending::AtOnce, |session| async move {
        let stores = sce::stores(&session, pit).await?;
        Ok((session, stores))
    })?;
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
    custodian: AsCustodian,
    what: (String, PathBuf, bool),
    told: Option<Py<PyAny>>,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let (named, store) = named(&store)?;
    let telling = Telling::new(told, stop);
    let (key, file, overwrite) = what;
    let existing = if overwrite { Existing::Overwrite } else { Existing::Keep };
    let (pit, hear, to) = (&named.pit, &telling, &file);
    let fetched = in_session(py, target, Where::Of(&named), stop, Ending::AtOnce, |session| async move {
        let stores = sce::stores(&session, pit).await?;
        let session = custodian.take_on(session, &stores).await?;
        let place = Place { bucket: bucket(&stores, store)?, key };
        let listener = |progress| tell(hear, &place, progress);
        let fetched = transfer::get(&session, &place, to, existing, &listener).await?;
        Ok((fetched, place))
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
    custodian: AsCustodian,
    prefix: &str,
    digests: bool,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let (named, store) = named(&store)?;
    let details = if digests { Details::Digests } else { Details::Listing };
    let pit = &named.pit;
    let (bucket, entries) = in_session(py, target, Where::Of(&named), stop, Ending::AtOnce, |session| async move {
        let stores = sce::stores(&session, pit).await?;
        let session = custodian.take_on(session, &stores).await?;
        let bucket = bucket(&stores, store)?;
        let (mut entries, mut next) = (Vec::new(), None);
        loop {
            let page = transfer::list(&session, &bucket, prefix, details, next.as_ref()).await?;
            entries.extend(page.entries);
            next = page.next;
            if next.is_none() {
                return Ok((bucket, entries));
            }
        }
    })?;
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
    environment: (String, Option<String>),
    target: &Target,
    stop: &Stop,
) -> PyResult<Py<PyAny>> {
    let named = &Named::read(&environment)?;
    let files = in_session(py, target, Where::Of(named), stop, Ending::AtOnce, |session| async move {
        sce::files(&session, &named.pit).await.map_err(Raise::from)
    })?;
    to_python(py, &files)
}

fn named((pit, region, store): &(String, Option<String>, String)) -> Result<(Named, &str), Raise> {
    Ok((Named::read(&(pit.clone(), region.clone()))?, store))
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
