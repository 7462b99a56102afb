//! `sce close-out`

use std::path::{Path, PathBuf};

use sce::archive::{Dangerous, Identity, Protection, make_identity};
use sce::{CloseOutOptions, Closed, Left};
use serde::Serialize;

use super::archive::passphrase;
use super::data::as_custodian;
use crate::cli::{CloseOut, Global};
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

/// Who can open the archive.
struct Chosen {
    protection: Protection,
    /// The private key, when it is ours to hand over.
    identity: Option<PathBuf>,
    /// Whether this run made it.
    made_now: bool,
    /// What is risky about it. Told once there is an archive: a run that was refused has none to warn of.
    warning: Option<String>,
}

pub(crate) async fn run(asked: &CloseOut, global: &Global) -> Result<Exit, Failure> {
    let session = target::session(global, &asked.environment).await?;
    let recipients = match asked.recipient.as_slice() {
        [] => sce::kept_spec(&session, &asked.environment.pit).await?.archive.recipients,
        named => named.to_vec(),
    };
    let custodian = match asked.custodian.as_custodian {
        true => {
            let stores = sce::stores(&session, &asked.environment.pit).await?;
            Some(as_custodian(session.clone(), &stores, &asked.custodian).await?)
        }
        false => None,
    };
    let Chosen { protection, identity, made_now, warning } = chosen(asked, recipients)?;
    let options = CloseOutOptions {
        archive: asked.archive.clone(),
        protection,
        take_over: asked.take_over,
        discard_unarchived: asked.dangerously_discard_unarchived,
        custodian,
    };
    let progress = Progress::new(global.quiet, "closing out");
    let closed = sce::close_out(&session, &asked.environment.pit, &options, &|step| progress.step(step)).await;
    drop(progress);
    if let Some(warning) = warning.filter(|_| closed.is_ok() || has_archive(&asked.archive)) {
        note(&warning);
    }
    let closed = closed.inspect_err(|_| remove_unused(identity.as_deref().filter(|_| made_now), &asked.archive))?;
    match asked.format.json {
        true => {
            let identity = identity.map(|path| path.display().to_string());
            output::json(&Document { closed: &closed, identity })?;
        }
        false => output::result(&text(&closed, identity.as_deref()))?,
    }
    Ok(Exit::findings(!closed.left.is_empty()))
}

/// A key that this run made and that opens nothing is not left lying about: without a manifest there is no archive to open.
fn remove_unused(identity: Option<&Path>, archive: &Path) {
    if let Some(identity) = identity.filter(|_| !has_archive(archive)) {
        // What matters is the failure that is about to be told.
        drop(std::fs::remove_file(identity));
    }
}

fn has_archive(folder: &Path) -> bool {
    folder.join("manifest.json").exists()
}

/// Those named on the command line or in the spec; else a key that is made now.
fn chosen(asked: &CloseOut, recipients: Vec<String>) -> Result<Chosen, Failure> {
    if asked.dangerously_plain {
        let warning = "warning: the archive is not encrypted; whoever gets at the folder can read the data".to_owned();
        let protection = Protection::Plain(Dangerous::store_health_data_in_clear());
        return Ok(Chosen { protection, identity: None, made_now: false, warning: Some(warning) });
    }
    if !recipients.is_empty() {
        let protection = Protection::Recipients(recipients);
        return Ok(Chosen { protection, identity: None, made_now: false, warning: None });
    }
    let path = identity_path(&asked.archive);
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
    let protection = Protection::Recipients(vec![recipient]);
    Ok(Chosen { protection, identity: Some(path), made_now, warning })
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
        section(
            "bears the name and is not ours by plan and journal, so was not touched",
            closed.foreign.iter().map(why),
        ),
        section("deleted by AWS at a later time", pending),
        section("stays, since it belongs to the account or to somebody else", closed.stays.iter().cloned()),
        section("to know", closed.notes.iter().cloned()),
        section(
            "manifest of the archive",
            [closed.manifest.clone()].into_iter().filter(|manifest| !manifest.is_empty()),
        ),
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
            archived: Vec::new(),
            deleted: vec!["vpc".to_owned()],
            left: vec![Left { resource: "bucket-data".to_owned(), why: "denied".to_owned() }],
            pending: vec![Pending { resource: "key".to_owned(), until: "2026-12-01".to_owned() }],
            foreign: Vec::new(),
            stays: Vec::new(),
            notes: Vec::new(),
            manifest: "archive/manifest.json".to_owned(),
            archives: Vec::new(),
            manifest_head: String::new(),
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
