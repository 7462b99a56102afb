//! Reading an archive in a bucket: comparing it with its manifest, and getting out what it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use aws_sdk_s3::operation::get_object::GetObjectOutput;

use super::VaultPlace;
use crate::archive::files::{
    BESIDE, CERTIFICATE, CERTIFICATE_SIGNATURE, Hashed, MANIFEST, SIGNATURE, SIGNER, is_empty_or_absent,
};
use crate::archive::manifest::{LONGEST, Stored};
use crate::archive::restore::{self, RestoreReport};
use crate::archive::verify::{LONGEST_SIDE, ReadManifest};
use crate::archive::{Encryption, Fault, InvalidManifest, Manifest, Problem, RestoreError, VerifyError, VerifyReport};
use crate::error::{CloudError, Trouble, cloud};
use crate::session::Session;
use crate::transfer::{file, timestamp};

/// Reads an archive in a bucket to the end and compares it with its manifest, as [`verify`](crate::archive::verify) does in a folder;
/// each object must be encrypted with the key that the manifest names.
///
/// # Errors
/// When there is no archive, its manifest is none, or S3 fails.
pub async fn verify(session: &Session, place: &VaultPlace) -> Result<VerifyReport, VerifyError> {
    let ReadManifest { manifest, mut problems } = read_manifest(session, place).await?;
    let mut locked_until = None;
    for stored in manifest.files() {
        let mut wrong = |fault| problems.push(Problem { file: stored.file.to_owned(), fault });
        match check_file(session, place, &manifest, &stored, &mut std::io::sink()).await {
            Ok(until) => locked_until = Some(locked_until.map_or(until, |earliest| until.min(earliest))),
            Err(Refusal::Fault(fault)) => wrong(fault),
            Err(Refusal::Cloud(error)) => return Err(VerifyError::Cloud(Box::new(error))),
            // A sink takes everything.
            Err(Refusal::Output(source)) => {
                return Err(VerifyError::File { path: place.location(stored.file).into(), source });
            }
        }
    }
    problems.extend(extras(session, place, &manifest).await?);
    Ok(VerifyReport { locked_until: locked_until.flatten(), ..VerifyReport::of(&manifest, true, problems) })
}

/// Restores an archive in a bucket into a folder that is empty or not there yet, as [`restore`](crate::archive::restore) does from a
/// folder.
///
/// # Errors
/// As there, and when S3 fails.
pub async fn restore(session: &Session, place: &VaultPlace, target: &Path) -> Result<RestoreReport, RestoreError> {
    let ReadManifest { manifest, problems } = read_manifest(session, place).await?;
    if let Some(problem) = problems.into_iter().next() {
        return Err(RestoreError::Damaged(problem));
    }
    let paths = restore::plan(&manifest)?;
    if !is_empty_or_absent(target).map_err(RestoreError::file(target))? {
        return Err(RestoreError::NotEmpty(target.to_owned()));
    }
    file::create_private_folder(target).map_err(RestoreError::file(target))?;
    for (stored, (path, _)) in manifest.files().zip(&paths) {
        let partial = target.join(restore::PARTIAL);
        let written = write(session, place, &manifest, &stored, &partial).await;
        restore::keep(written, &partial, &target.join(path))?;
    }
    Ok(restore::report(&manifest, target, paths))
}

async fn write(
    session: &Session,
    place: &VaultPlace,
    manifest: &Manifest,
    stored: &Stored<'_>,
    partial: &Path,
) -> Result<(), RestoreError> {
    let mut output = file::create_private(partial).map_err(RestoreError::file(partial))?;
    check_file(session, place, manifest, stored, &mut output).await.map_err(|refusal| match refusal {
        Refusal::Fault(fault) => RestoreError::Damaged(Problem { file: stored.file.to_owned(), fault }),
        Refusal::Cloud(error) => RestoreError::Archive(VerifyError::Cloud(Box::new(error))),
        Refusal::Output(error) => RestoreError::file(partial)(error),
    })?;
    output.sync_all().map_err(RestoreError::file(partial))
}

/// The manifest of an archive in a bucket, where there is one.
pub(crate) async fn manifest(session: &Session, place: &VaultPlace) -> Result<Option<Manifest>, VerifyError> {
    match read_manifest(session, place).await {
        Err(VerifyError::NoManifest(_)) => Ok(None),
        read => read.map(|read| Some(read.manifest)),
    }
}

async fn read_manifest(session: &Session, place: &VaultPlace) -> Result<ReadManifest, VerifyError> {
    let cloud = |error: CloudError| VerifyError::Cloud(Box::new(error));
    let path = || std::path::PathBuf::from(place.to_string());
    let text = small(session, place, MANIFEST, LONGEST).await.map_err(cloud)?;
    let text = text.ok_or_else(|| VerifyError::NoManifest(path()))?;
    let invalid = |source| VerifyError::Manifest { path: path(), source: Box::new(source) };
    if text.len() as u64 > LONGEST {
        return Err(invalid(InvalidManifest::TooLong));
    }
    let manifest = Manifest::from_json(&text).map_err(invalid)?;
    if manifest.encryption != Encryption::Kms {
        return Err(VerifyError::CopyOfFolder(place.to_string()));
    }
    let mut beside = BTreeMap::new();
    for file in [SIGNATURE, SIGNER, CERTIFICATE_SIGNATURE, CERTIFICATE] {
        if let Some(content) = small(session, place, file, LONGEST_SIDE).await.map_err(cloud)? {
            beside.insert(file, content);
        }
    }
    Ok(ReadManifest::of(manifest, &text, |name| beside.get(name).cloned()))
}

/// A file beside the contents, cut off a byte after the longest that it may be.
async fn small(session: &Session, place: &VaultPlace, file: &str, longest: u64) -> Result<Option<Vec<u8>>, CloudError> {
    let mut content = Vec::new();
    let Some(mut answer) = get(session, place, file).await? else { return Ok(None) };
    while let Some(chunk) = next(&mut answer, place, file).await? {
        content.extend_from_slice(chunk.as_ref());
        if content.len() as u64 > longest {
            content.truncate(usize::try_from(longest + 1).unwrap_or(usize::MAX));
            break;
        }
    }
    Ok(Some(content))
}

async fn get(session: &Session, place: &VaultPlace, file: &str) -> Result<Option<GetObjectOutput>, CloudError> {
    let request = session.s3.get_object().bucket(&place.bucket).key(place.key(file));
    match request.send().await.map_err(cloud("GetObject", &place.location(file))) {
        Err(error) if error.has_code("NoSuchKey") => Ok(None),
        answer => answer.map(Some),
    }
}

async fn next(
    answer: &mut GetObjectOutput,
    place: &VaultPlace,
    file: &str,
) -> Result<Option<impl AsRef<[u8]> + use<>>, CloudError> {
    let broken = |error: aws_sdk_s3::primitives::ByteStreamError| {
        CloudError::plain("GetObject", &place.location(file), Trouble::NoAnswer, error.to_string())
    };
    answer.body.next().await.transpose().map_err(broken)
}

/// Why a file of the archive is not taken.
enum Refusal {
    Fault(Fault),
    Cloud(CloudError),
    Output(std::io::Error),
}

/// Compares one file with the manifest while its content goes to the output, and says until when nobody may delete it.
async fn check_file(
    session: &Session,
    place: &VaultPlace,
    manifest: &Manifest,
    stored: &Stored<'_>,
    output: &mut (dyn Write + Send),
) -> Result<Option<jiff::Timestamp>, Refusal> {
    let answer = get(session, place, stored.file).await.map_err(Refusal::Cloud)?;
    let mut answer = answer.ok_or(Refusal::Fault(Fault::Missing))?;
    if answer.ssekms_key_id() != manifest.recipients.first().map(String::as_str) {
        return Err(Refusal::Fault(Fault::OtherKey));
    }
    let until = timestamp(answer.object_lock_retain_until_date());
    let mut output = Hashed::new(output);
    while let Some(chunk) = next(&mut answer, place, stored.file).await.map_err(Refusal::Cloud)? {
        output.write_all(chunk.as_ref()).map_err(Refusal::Output)?;
    }
    let (_, sha256, bytes) = output.finish();
    if (bytes, sha256) == stored.content { Ok(until) } else { Err(Refusal::Fault(Fault::Altered)) }
}

/// What lies there without being in the manifest.
async fn extras(session: &Session, place: &VaultPlace, manifest: &Manifest) -> Result<Vec<Problem>, VerifyError> {
    let mut known: BTreeSet<&str> = manifest.files().map(|stored| stored.file).collect();
    known.extend(BESIDE);
    let folder = place.folder();
    let mut pages = session.s3.list_objects_v2().bucket(&place.bucket).prefix(&folder).into_paginator().send();
    let mut problems = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(cloud("ListObjectsV2", &place.to_string()));
        let page = page.map_err(|error| VerifyError::Cloud(Box::new(error)))?;
        let files = page.contents().iter().filter_map(|object| object.key()?.strip_prefix(&folder));
        let extra = files.filter(|file| !known.contains(file));
        problems.extend(extra.map(|file| Problem { file: file.to_owned(), fault: Fault::Extra }));
    }
    Ok(problems)
}
