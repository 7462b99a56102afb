//! `sce close-out`

use std::path::{Path, PathBuf};

use sce::archive::{
    Dangerous, Destination, Identity, Protection, Retention, RetentionMode, Signer, Vault, VaultPlace, make_identity,
};
use sce::{CloseOutOptions, Closed, Interrupt, Left};
use serde::Serialize;

use super::archive::passphrase;
use super::data::as_custodian;
use crate::cli::{CloseOut, Dest, Global, RetainMode, VaultSettings};
use crate::failure::{Exit, Failure};
use crate::output::{self, counted, note};
use crate::progress::Progress;
use crate::target;

/// What `--json` writes.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    closed: &'a Closed,
    /// The private key that was made, if one was.
    identity: Option<String>,
}

/// Where the archive goes, and who can open it.
struct Chosen {
    archive: Destination,
    /// The private key, when it is ours to hand over.
    identity: Option<PathBuf>,
    /// Whether this run made it.
    made_now: bool,
    /// What is risky about it. Told once there is an archive: a run that was refused has none to warn of.
    warning: Option<String>,
}

pub(crate) async fn run(asked: &CloseOut, global: &Global, interrupt: Interrupt) -> Result<Exit, Failure> {
    let session = target::session(global, &asked.environment).await?;
    let custodian = match asked.custodian.as_custodian {
        true => {
            let stores = sce::stores(&session, &asked.environment.pit).await?;
            Some(as_custodian(session.clone(), &stores, &asked.custodian).await?)
        }
        false => None,
    };
    let signer = signer(asked)?;
    let Chosen { archive, identity, made_now, warning } = match &asked.archive {
        Dest::Folder(folder) => {
            let recipients = match asked.recipient.as_slice() {
                [] => sce::kept_spec(&session, &asked.environment.pit).await?.archive.recipients,
                named => named.to_vec(),
            };
            in_folder(asked, folder, recipients)?
        }
        Dest::Bucket(place) => in_bucket(asked, place)?,
    };
    let folder = match &archive {
        Destination::Folder { path, .. } => Some(path.clone()),
        Destination::Vault(_) => None,
    };
    let options = CloseOutOptions {
        archive,
        take_over: asked.take_over,
        discard_unarchived: asked.dangerously_discard_unarchived,
        while_machines_run: asked.while_machines_run,
        archive_again: asked.archive_again,
        bypass_governance: asked.dangerously_bypass_governance,
        signer,
        custodian,
        interrupt,
    };
    // One that is finished there already has its own key, if any: this run makes no other.
    let had_archive = folder.as_deref().is_some_and(has_archive);
    let progress = Progress::new(global.quiet, "closing out");
    let closed = sce::close_out(&session, &asked.environment.pit, &options, &|step| progress.step(step)).await;
    drop(progress);
    let has_archive = folder.as_deref().is_some_and(has_archive);
    if let Some(warning) = warning.filter(|_| (closed.is_ok() || has_archive) && !had_archive) {
        note(&warning);
    }
    let closed = closed.inspect_err(|_| remove_unused(identity.as_deref().filter(|_| made_now && !has_archive)))?;
    // As is one that was made for an environment that had ended already.
    let opens_nothing = made_now && (had_archive || !has_archive);
    remove_unused(identity.as_deref().filter(|_| opens_nothing));
    let identity = identity.filter(|_| !opens_nothing);
    if let Some(page) = &asked.page {
        sce::write_privately(page, closed.to_html().as_bytes())?;
    }
    match asked.format.json {
        true => {
            let identity = identity.map(|path| path.display().to_string());
            output::json(&Document { closed: &closed, identity })?;
        }
        false => output::result(&text(&closed, identity.as_deref()))?,
    }
    Ok(Exit::findings(!closed.left.is_empty()))
}

/// The key that is given to sign with.
fn signer(asked: &CloseOut) -> Result<Option<Signer>, Failure> {
    let Some(path) = &asked.signing_key else { return Ok(None) };
    let passphrase = asked.signing_passphrase_file.as_deref().map(passphrase).transpose()?;
    Ok(Some(Signer::load(path, passphrase.as_ref())?))
}

/// A key that this run made and that opens nothing is not left lying about: without a manifest there is no archive to open.
fn remove_unused(identity: Option<&Path>) {
    if let Some(identity) = identity {
        // What matters is the failure that is about to be told.
        drop(std::fs::remove_file(identity));
    }
}

fn has_archive(folder: &Path) -> bool {
    folder.join("manifest.json").exists()
}

/// Opened by those named on the command line or in the spec; else with a key that is made now.
fn in_folder(asked: &CloseOut, folder: &Path, recipients: Vec<String>) -> Result<Chosen, Failure> {
    let VaultSettings { retain_days, kms_key, archive_account, .. } = &asked.vault;
    if retain_days.is_some() || kms_key.is_some() || archive_account.is_some() {
        let message = "`--retain-days`, `--kms-key` and `--archive-account` are for an archive in a bucket";
        return Err(Failure::usage(message).advise("name one: `--archive s3://BUCKET/PREFIX`"));
    }
    let to = |protection| Destination::Folder { path: folder.to_owned(), protection };
    if asked.dangerously_plain {
        let warning = "warning: the archive is not encrypted; whoever gets at the folder can read the data".to_owned();
        let archive = to(Protection::Plain(Dangerous::store_health_data_in_clear()));
        return Ok(Chosen { archive, identity: None, made_now: false, warning: Some(warning) });
    }
    if !recipients.is_empty() {
        let archive = to(Protection::Recipients(recipients));
        return Ok(Chosen { archive, identity: None, made_now: false, warning: None });
    }
    let path = identity_path(folder);
    let made_now = !path.exists();
    let recipient = own_key(&path, asked.passphrase_file.as_deref())?;
    let bare = asked.passphrase_file.is_none();
    let warning = bare.then(|| {
        let path = path.display();
        format!(
            "warning: the private key `{path}` is not protected: whoever has it can read the archive. Keep it apart from the archive, \
             or name recipients (`--recipient`) or a passphrase (`--passphrase-file`)"
        )
    });
    let archive = to(Protection::Recipients(vec![recipient]));
    Ok(Chosen { archive, identity: Some(path), made_now, warning })
}

/// Opened by whoever may use the KMS key, which is stated, as is the retention.
fn in_bucket(asked: &CloseOut, place: &VaultPlace) -> Result<Chosen, Failure> {
    if asked.dangerously_plain || asked.passphrase_file.is_some() || !asked.recipient.is_empty() {
        let message = "an archive in a bucket is encrypted with a KMS key, for no recipients of age's";
        return Err(Failure::usage(message).advise("name the key with `--kms-key`, or archive into a folder"));
    }
    let VaultSettings { retain_days, retain_mode, kms_key, archive_account } = &asked.vault;
    let missing =
        |flag: &str, help: &str| Failure::usage(format!("an archive in a bucket needs `{flag}`")).advise(help);
    let days = retain_days.ok_or_else(|| {
        missing(
            "--retain-days DAYS",
            "state for how long nobody may delete it; HIPAA's documentation is kept 6 years: 2192",
        )
    })?;
    let kms_key = kms_key.clone().ok_or_else(|| {
        missing("--kms-key ARN", "name a key that outlives the environment, and whom the archive's readers may use")
    })?;
    let mode = match retain_mode {
        Some(RetainMode::Compliance) => RetentionMode::Compliance,
        Some(RetainMode::Governance) | None => RetentionMode::Governance,
    };
    let (retention, account) = (Retention { days, mode }, archive_account.clone());
    let archive = Destination::Vault(Vault { place: place.clone(), kms_key, retention, account });
    Ok(Chosen { archive, identity: None, made_now: false, warning: None })
}

/// Makes the key, or takes the one that an earlier run made for the same archive.
fn own_key(path: &Path, passphrase_file: Option<&Path>) -> Result<String, Failure> {
    let passphrase = passphrase_file.map(passphrase).transpose()?;
    Ok(match path.exists() {
        true => Identity::load(path, passphrase.as_ref())?.recipient(),
        false => make_identity(path, passphrase.as_ref())?,
    })
}

/// Beside the archive, never in it: `DEST.identity`.
fn identity_path(archive: &Path) -> PathBuf {
    // Components leave a slash at the end out, which would put the key into the archive.
    let mut name = archive.components().as_path().as_os_str().to_owned();
    name.push(".identity");
    name.into()
}

/// For people: what went, what is left, what stays.
pub(super) fn text(closed: &Closed, identity: Option<&Path>) -> String {
    let pit = &closed.pit;
    let archived = counted(closed.archived.len(), "version of an object is", "versions of objects are");
    let deleted = counted(closed.deleted.len(), "thing is", "things are");
    let verdict = match closed.left.len() {
        0 => format!("`{pit}` is closed out: {archived} archived, {deleted} deleted, nothing is left"),
        left => format!("`{pit}` is not closed out: {archived} archived, {deleted} deleted, {left} left"),
    };
    let pending = closed.pending.iter().map(|pending| format!("{} until {}", pending.resource, pending.until));
    let why = |left: &Left| format!("{}: {}", left.resource, left.why);
    let key = identity.map(|path| path.display().to_string());
    [
        format!("{verdict}\n"),
        section("left", closed.left.iter().map(why)),
        section("not ours by plan and journal, so not touched", closed.foreign.iter().map(why)),
        section("deleted by AWS at a later time", pending),
        section("stays, since it belongs to the account or to somebody else", closed.stays.iter().cloned()),
        section("to know", closed.notes.iter().cloned()),
        section(
            "manifest of the archive",
            [closed.manifest.clone()].into_iter().filter(|manifest| !manifest.is_empty()),
        ),
        section("signed by", closed.signed_by.iter().map(|by| format!("{} ({})", by.fingerprint, by.public_key))),
        section("private key that opens the archive", key.into_iter()),
    ]
    .concat()
}

fn section(title: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| format!("  {line}\n")).collect();
    if lines.is_empty() { lines } else { format!("{title}:\n{lines}") }
}

#[cfg(test)]
mod tests {
    use sce::Pending;

    use super::*;

    #[test]
    fn the_key_is_beside_the_archive() {
        for archive in ["out/hipaa", "out/hipaa/", "out/hipaa//"] {
            assert_eq!(identity_path(Path::new(archive)), Path::new("out/hipaa.identity"));
        }
    }

    #[test]
    fn what_is_left_and_pending_is_told() {
        let closed = Closed {
            schema_version: 1,
            pit: "hipaa".parse().unwrap(),
            ending: None,
            archived: Vec::new(),
            documents: Vec::new(),
            deleted: vec!["vpc".to_owned()],
            left: vec![Left { resource: "bucket-data".to_owned(), why: "denied".to_owned() }],
            pending: vec![Pending { resource: "key".to_owned(), until: "2026-12-01".to_owned() }],
            foreign: Vec::new(),
            stays: Vec::new(),
            notes: Vec::new(),
            manifest: "archive/manifest.json".to_owned(),
            archives: Vec::new(),
            manifest_head: String::new(),
            signed_by: None,
        };
        insta::assert_snapshot!(text(&closed, Some(Path::new("archive.identity"))), @r"
        `hipaa` is not closed out: 0 versions of objects are archived, 1 thing is deleted, 1 left
        left:
          bucket-data: denied
        deleted by AWS at a later time:
          key until 2026-12-01
        manifest of the archive:
          archive/manifest.json
        private key that opens the archive:
          archive.identity
        ");
    }
}
