//! `sce archive`

use std::path::Path;

use sce::Session;
use sce::account::Region;
use sce::archive::{self, Identity, Pin, Problem, RestoreReport, Restored, SecretString, SignerKey, VerifyReport};
use sce::transfer::Digest;
use serde::Serialize;

use crate::cli::{Archive, ArchiveRestore, ArchiveVerify, Dest, Global};
use crate::failure::{Exit, Failure};
use crate::output::{self, counted};
use crate::progress::Progress;
use crate::target::Chosen;

/// What `archive verify --json` writes.
#[derive(Serialize)]
struct Verified {
    schema_version: u32,
    sound: bool,
    head: Digest,
    /// The fingerprint of the key that signed it.
    signer: Option<String>,
    /// Whether that is one of the keys given.
    signer_pinned: bool,
    documents: usize,
    objects: usize,
    delete_markers: usize,
    bytes: u128,
    /// Of an archive in a bucket: until when nobody may delete any of it.
    locked_until: Option<String>,
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

pub(crate) async fn run(asked: &Archive, global: &Global) -> Result<Exit, Failure> {
    match asked {
        Archive::Verify(asked) => verify(asked, global).await,
        Archive::Restore(asked) => restore(asked, global).await,
    }
}

/// The session that reads an archive in a bucket; an archive in a folder needs none.
async fn session(global: &Global, region: Option<&Region>) -> Result<Session, Failure> {
    let region = region.ok_or_else(|| {
        Failure::usage("the region of the archive's bucket is not named").advise("add `--region REGION`")
    })?;
    Chosen::from(global)?.open(region).await
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

async fn verify(asked: &ArchiveVerify, global: &Global) -> Result<Exit, Failure> {
    let pins = asked.key.iter().map(|key| pin(key)).collect::<Result<Vec<_>, _>>()?;
    let identity = identity(asked.identity.as_deref(), asked.passphrase_file.as_deref())?;
    let progress = Progress::new(global.quiet, "reading the archive");
    let report = match &asked.dest {
        Dest::Folder(folder) => archive::verify(folder, identity.as_ref())?,
        Dest::Bucket(place) => archive::verify_vault(&session(global, asked.region.as_ref()).await?, place).await?,
    };
    let report = report.signed_by(&pins);
    drop(progress);
    let sound = report.is_sound();
    match asked.format.json {
        true => output::json(&verified(report, &pins))?,
        false => output::result(&verified_text(&report, &pins))?,
    }
    Ok(Exit::findings(!sound))
}

async fn restore(asked: &ArchiveRestore, global: &Global) -> Result<Exit, Failure> {
    let identity = identity(asked.identity.as_deref(), asked.passphrase_file.as_deref())?;
    let progress = Progress::new(global.quiet, "restoring");
    let report = match &asked.dest {
        Dest::Folder(folder) => archive::restore(folder, identity.as_ref(), &asked.to)?,
        Dest::Bucket(place) => {
            archive::restore_vault(&session(global, asked.region.as_ref()).await?, place, &asked.to).await?
        }
    };
    drop(progress);
    match asked.format.json {
        true => output::json(&returned(&report))?,
        false => output::result(&restored_text(&report, &asked.to))?,
    }
    Ok(Exit::Done)
}

/// A fingerprint, a public key, or a file that holds one.
fn pin(text: &str) -> Result<Pin, Failure> {
    let told = |text: &str| text.parse::<Pin>();
    match told(text) {
        Ok(pin) => Ok(pin),
        Err(_) if Path::new(text).is_file() => {
            told(&sce::read_text(Path::new(text))?).map_err(|error| Failure::usage(error.to_string()))
        }
        Err(error) => {
            let help = "close-out printed it; it is in the certificate too, which `sce status PIT` shows";
            Err(Failure::usage(error.to_string()).advise(help))
        }
    }
}

fn identity(file: Option<&Path>, passphrase_file: Option<&Path>) -> Result<Option<Identity>, Failure> {
    let Some(file) = file else { return Ok(None) };
    let passphrase = passphrase_file.map(passphrase).transpose()?;
    Ok(Some(Identity::load(file, passphrase.as_ref())?))
}

fn verified(report: VerifyReport, pins: &[Pin]) -> Verified {
    let (sound, signer_pinned) = (report.is_sound(), is_pinned(&report, pins));
    let VerifyReport {
        head,
        signer,
        documents,
        objects,
        delete_markers,
        bytes,
        locked_until,
        contents_checked,
        problems,
    } = report;
    let wrong = |problem: Problem| Wrong { fault: problem.fault.to_string(), file: problem.file };
    Verified {
        schema_version: 1,
        sound,
        head,
        signer: signer.as_ref().map(SignerKey::fingerprint),
        signer_pinned,
        documents,
        objects,
        delete_markers,
        bytes,
        locked_until: locked_until.map(|until| until.to_string()),
        contents_checked,
        problems: problems.into_iter().map(wrong).collect(),
    }
}

fn is_pinned(report: &VerifyReport, pins: &[Pin]) -> bool {
    report.signer.as_ref().is_some_and(|signer| pins.iter().any(|pin| pin.is_of(signer)))
}

fn verified_text(report: &VerifyReport, pins: &[Pin]) -> String {
    let wrong: String = report.problems.iter().map(|problem| format!("  {problem}\n")).collect();
    let verdict = match (report.problems.len(), report.contents_checked) {
        (0, true) => "sound: every file and every content is as the manifest says\n".to_owned(),
        (0, false) => "sound as far as it was read: every file is as the manifest says; with `--identity` the contents are compared too\n".to_owned(),
        (count, _) => format!("not sound: {}\n", counted(count, "problem", "problems")),
    };
    let objects = counted(report.objects, "version of an object", "versions of objects");
    let documents = counted(report.documents, "document", "documents");
    let signer = match &report.signer {
        None => "not signed: an older version of sce made it".to_owned(),
        Some(signer) if is_pinned(report, pins) => format!("signed by {}, as it must be", signer.fingerprint()),
        Some(signer) => format!(
            "signed by {}; whether that is the right key, `--key` tells: whoever rewrites an archive signs it anew",
            signer.fingerprint()
        ),
    };
    let locked = report.locked_until.map(|until| format!("  nobody may delete any of it before {until}\n"));
    let locked = locked.unwrap_or_default();
    format!(
        "{verdict}{wrong}  {objects} and {documents}, {} bytes\n  head of the chain {}\n  {signer}\n{locked}",
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
