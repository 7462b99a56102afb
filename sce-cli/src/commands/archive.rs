//! `sce archive`

use std::path::Path;

use sce::archive::{self, Identity, Problem, RestoreReport, Restored, SecretString, VerifyReport};
use sce::transfer::Digest;
use serde::Serialize;

use crate::cli::{Archive, ArchiveRestore, ArchiveVerify, Global};
use crate::failure::{Exit, Failure};
use crate::output::{self, counted};
use crate::progress::Progress;

/// What `archive verify --json` writes.
#[derive(Serialize)]
struct Verified {
    schema_version: u32,
    sound: bool,
    head: Digest,
    documents: usize,
    objects: usize,
    delete_markers: usize,
    bytes: u128,
    contents_checked: bool,
    problems: Vec<Wrong>,
}

/// Something in an archive that is not as its manifest says.
#[derive(Serialize)]
struct Wrong {
    file: String,
    fault: String,
}

/// What `archive restore --json` writes.
#[derive(Serialize)]
struct Returned<'a> {
    schema_version: u32,
    documents: Vec<String>,
    objects: Vec<Object<'a>>,
}

/// A version of an object that is a file now.
#[derive(Serialize)]
struct Object<'a> {
    bucket: &'a str,
    key: &'a str,
    version_id: Option<&'a str>,
    file: String,
    by_key: bool,
}

pub(crate) fn run(asked: &Archive, global: &Global) -> Result<Exit, Failure> {
    match asked {
        Archive::Verify(asked) => verify(asked, global),
        Archive::Restore(asked) => restore(asked, global),
    }
}

/// The first line of a file.
pub(crate) fn passphrase(file: &Path) -> Result<SecretString, Failure> {
    let text = sce::read_text(file)?;
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(SecretString::from(line)),
        None => {
            let message = format!("the first line of `{}` is empty", file.display());
            Err(Failure::usage(message).advise("write the passphrase there"))
        }
    }
}

fn verify(asked: &ArchiveVerify, global: &Global) -> Result<Exit, Failure> {
    let identity = identity(asked.identity.as_deref(), asked.passphrase_file.as_deref())?;
    let progress = Progress::new(global.quiet, "reading the archive");
    let report = archive::verify(&asked.dest, identity.as_ref())?;
    drop(progress);
    let sound = report.is_sound();
    match asked.format.json {
        true => output::json(&verified(report))?,
        false => output::result(&verified_text(&report))?,
    }
    Ok(Exit::findings(!sound))
}

fn restore(asked: &ArchiveRestore, global: &Global) -> Result<Exit, Failure> {
    let identity = identity(asked.identity.as_deref(), asked.passphrase_file.as_deref())?;
    let progress = Progress::new(global.quiet, "restoring");
    let report = archive::restore(&asked.dest, identity.as_ref(), &asked.to)?;
    drop(progress);
    match asked.format.json {
        true => output::json(&returned(&report))?,
        false => output::result(&restored_text(&report, &asked.to))?,
    }
    Ok(Exit::Done)
}

fn identity(file: Option<&Path>, passphrase_file: Option<&Path>) -> Result<Option<Identity>, Failure> {
    let Some(file) = file else { return Ok(None) };
    let passphrase = passphrase_file.map(passphrase).transpose()?;
    Ok(Some(Identity::load(file, passphrase.as_ref())?))
}

fn verified(report: VerifyReport) -> Verified {
    let sound = report.is_sound();
    let VerifyReport { head, documents, objects, delete_markers, bytes, contents_checked, problems } = report;
    let wrong = |problem: Problem| Wrong { fault: problem.fault.to_string(), file: problem.file };
    let problems = problems.into_iter().map(wrong).collect();
    Verified { schema_version: 1, sound, head, documents, objects, delete_markers, bytes, contents_checked, problems }
}

fn verified_text(report: &VerifyReport) -> String {
    let wrong: String = report.problems.iter().map(|problem| format!("  {problem}\n")).collect();
    let verdict = match (report.problems.len(), report.contents_checked) {
        (0, true) => "sound: every file and every content is as the manifest says\n".to_owned(),
        (0, false) => "sound as far as it was read: every file is as the manifest says; with `--identity` the contents are compared too\n".to_owned(),
        (count, _) => format!("not sound: {}\n", counted(count, "problem", "problems")),
    };
    let objects = counted(report.objects, "version of an object", "versions of objects");
    let documents = counted(report.documents, "document", "documents");
    format!(
        "{verdict}{wrong}  {objects} and {documents}, {} bytes\n  head of the chain {}\n",
        report.bytes, report.head
    )
}

fn returned(report: &RestoreReport) -> Returned<'_> {
    let documents = report.documents.iter().map(|path| path.display().to_string()).collect();
    Returned { schema_version: 1, documents, objects: report.objects.iter().map(object).collect() }
}

fn object(restored: &Restored) -> Object<'_> {
    let Restored { bucket, key, version_id, path, by_key } = restored;
    Object { bucket, key, version_id: version_id.as_deref(), file: path.display().to_string(), by_key: *by_key }
}

fn restored_text(report: &RestoreReport, target: &Path) -> String {
    let odd = report.objects.iter().filter(|restored| !restored.by_key);
    let odd: String = odd
        .map(|restored| format!("  `{}` is the key `{}`\n", restored.path.display(), restored.key.escape_debug()))
        .collect();
    let objects = counted(report.objects.len(), "version of an object", "versions of objects");
    let documents = counted(report.documents.len(), "document", "documents");
    format!("{objects} and {documents} are in `{}`, every one compared with its SHA-256\n{odd}", target.display())
}
