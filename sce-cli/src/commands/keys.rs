//! `sce keys`

use std::io::{self, IsTerminal as _};
use std::path::Path;

use sce::archive::{ExposeSecret as _, Identity, SecretString};
use sce::keys::{self, Dangerous, Folder, Protection};
use sce::{SpecFile, SpecKey, SpecKeys};
use serde::Serialize;

use super::archive::passphrase;
use crate::cli::{Global, KeyProtection, Keys, KeysMake, KeysRecover, KeysRotate, SpecJson};
use crate::failure::{Exit, Failure};
use crate::output::{self, note, table};

/// The keys of machines.
const MACHINES: [&str; 2] = ["bastion", "private"];

/// What `--json` writes.
#[derive(Serialize)]
struct Document {
    schema_version: u32,
    pit: String,
    folder: String,
    keys: Vec<SpecKey>,
}

/// What `recover --json` writes.
#[derive(Serialize)]
struct Recovered {
    schema_version: u32,
    name: String,
    fingerprint: String,
    file: String,
}

pub(crate) fn run(asked: &Keys, global: &Global) -> Result<Exit, Failure> {
    match asked {
        Keys::Make(asked) => make(asked, global),
        Keys::Rotate(asked) if asked.finish => finish(asked),
        Keys::Rotate(asked) => rotate(asked, global),
        Keys::Ls(asked) => ls(asked),
        Keys::Recover(asked) => recover(asked),
    }
}

fn make(asked: &KeysMake, global: &Global) -> Result<Exit, Failure> {
    let file = SpecFile::read(&asked.spec)?;
    let SpecKeys { keys, locked } =
        sce::make_keys(&file, &asked.person, &asked.escrow_to, |name| protection(&asked.protection, name))?;
    if !global.quiet && keys.iter().any(|key| key.done == "made") {
        warn(&asked.protection, &file, &asked.escrow_to);
    }
    match asked.format.json {
        true => output::json(&document(&file, keys))?,
        false => {
            let next = match locked {
                true => "the public halves are in `sce.lock`; `sce apply` takes them to the machines",
                false => "`sce lock` takes the public halves into `sce.lock`, and `sce apply` to the machines",
            };
            output::result(&format!("in `{}`:\n\n{}\n{next}\n", file.keys().path().display(), rows(&keys)))?;
        }
    }
    Ok(Exit::Done)
}

fn rotate(asked: &KeysRotate, global: &Global) -> Result<Exit, Failure> {
    let (file, key) = (SpecFile::read(&asked.spec)?, asked.key.as_str());
    // A rotation that is only gone on with makes no key.
    let mut made = false;
    let rotated = sce::rotate_key(&file, key, &asked.escrow_to, |name| {
        made = true;
        protection(&asked.protection, name)
    })?;
    if !global.quiet && made {
        warn(&asked.protection, &file, &asked.escrow_to);
    }
    match asked.format.json {
        true => output::json(&document(&file, rotated.keys))?,
        false => output::result(&rotated_text(&asked.spec, &file.keys(), key))?,
    }
    Ok(Exit::Done)
}

fn finish(asked: &KeysRotate) -> Result<Exit, Failure> {
    let (file, key) = (SpecFile::read(&asked.spec)?, asked.key.as_str());
    let finished = sce::finish_key(&file, key)?;
    match asked.format.json {
        true => output::json(&document(&file, finished.keys))?,
        false if MACHINES.contains(&key) => output::result(&format!(
            "the key before of `{key}` is removed; the machine is made with the new one after the next close-out and apply"
        ))?,
        false => output::result(&format!(
            "the key before of `{key}` is removed; machines stop taking it once `sce apply {}` has told them",
            asked.spec.display()
        ))?,
    }
    Ok(Exit::Done)
}

fn ls(asked: &SpecJson) -> Result<Exit, Failure> {
    let file = SpecFile::read(&asked.spec)?;
    let keys = sce::list_keys(&file)?;
    match asked.format.json {
        true => output::json(&document(&file, keys))?,
        false => output::result(&format!("in `{}`:\n\n{}", file.keys().path().display(), rows(&keys)))?,
    }
    Ok(Exit::Done)
}

fn recover(asked: &KeysRecover) -> Result<Exit, Failure> {
    let opens = asked.identity_passphrase_file.as_deref().map(passphrase).transpose()?;
    let identity = Identity::load(&asked.identity, opens.as_ref())?;
    let name = asked.output.display().to_string();
    let recovered = keys::recover(&asked.file, &identity, &asked.output, &protection(&asked.protection, &name)?)?;
    let keys::Recovered { name, fingerprint } = recovered;
    let file = asked.output.display().to_string();
    match asked.format.json {
        true => output::json(&Recovered { schema_version: 1, name, fingerprint, file })?,
        false => output::result(&format!("`{name}` is in `{file}`: {fingerprint}"))?,
    }
    Ok(Exit::Done)
}

fn protection(asked: &KeyProtection, name: &str) -> Result<Protection, Failure> {
    if asked.dangerously_unencrypted {
        return Ok(Protection::Unencrypted(Dangerous::keep_private_key_unencrypted()));
    }
    let passphrase = match &asked.passphrase_file {
        Some(file) => passphrase(file)?,
        None => ask(name)?,
    };
    keys::check_passphrase(&passphrase)?;
    Ok(Protection::Passphrase(passphrase))
}

/// Twice on the terminal, without echo.
fn ask(name: &str) -> Result<SecretString, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!("`{name}` needs a passphrase, and there is no terminal to ask for it on"))
            .advise("give `--passphrase-file FILE`; for a rehearsal, `--dangerously-unencrypted`"));
    }
    let read = |prompt: String| {
        let failed = |error: io::Error| Failure::usage("the passphrase could not be read").because(&error);
        rpassword::prompt_password(prompt).map(SecretString::from).map_err(failed)
    };
    let first = read(format!("passphrase for {name}: "))?;
    keys::check_passphrase(&first)?;
    match first.expose_secret() == read("the same again: ".to_owned())?.expose_secret() {
        true => Ok(first),
        false => Err(Failure::usage("the two passphrases differ").advise("try again; no key was made")),
    }
}

fn warn(protection: &KeyProtection, file: &SpecFile, escrow_to: &[String]) {
    if protection.dangerously_unencrypted {
        note("warning: private keys are not encrypted; whoever gets at a file gets in");
    }
    if escrow_to.is_empty() && file.spec.archive.recipients.is_empty() {
        note(
            "warning: no escrow copy was made, so nobody can get a private key back; name somebody in `[archive] recipients` or with `--escrow-to`",
        );
    }
}

fn document(file: &SpecFile, keys: Vec<SpecKey>) -> Document {
    let folder = file.keys().path().display().to_string();
    Document { schema_version: 1, pit: file.spec.pit.to_string(), folder, keys }
}

fn rows(keys: &[SpecKey]) -> String {
    let rows = keys.iter().map(|key| {
        let kept = match (key.state, key.encrypted) {
            ("own", _) => "by the person",
            (_, Some(true)) => "encrypted",
            (_, Some(false)) => "NOT ENCRYPTED",
            (_, None) => "-",
        };
        let escrow = if key.escrow { "yes" } else { "no" };
        let fingerprint = key.fingerprint.clone().unwrap_or_else(|| "-".to_owned());
        let done = if key.done == "kept" { String::new() } else { format!(", {}", key.done) };
        [key.key.clone(), format!("{}{done}", key.state), kept.to_owned(), escrow.to_owned(), fingerprint]
    });
    table(["KEY OF", "STATE", "PRIVATE HALF", "ESCROW", "FINGERPRINT"], &rows.collect::<Vec<_>>())
}

fn rotated_text(spec: &Path, folder: &Folder, key: &str) -> String {
    let (spec, file) = (spec.display(), folder.private_half(key).display().to_string());
    if MACHINES.contains(&key) {
        return format!(
            "`{key}` has a new key, `{file}`; the one before is `{file}.previous`\n\
             EC2 reads a key pair once, when a machine is made, so the machine that runs keeps the one before, and so does the plan.\n\
             Nobody needs it to get in: people log in with their own keys, which `sce apply` brings and takes away.\n\
             - If the one before is in wrong hands, remove its line from `/home/ec2-user/.ssh/authorized_keys` on the machine now.\n\
             - When the machine is to be made anew: `sce keys rotate {spec} --key {key} --finish`.\n"
        );
    }
    format!(
        "`{key}` has a new key, `{file}`; the one before opens too\n\
         1. `sce apply {spec}`: machines take both.\n\
         2. Hand over the new key and, by another way, its passphrase; `sce access {spec} --person {key}` writes the settings anew.\n\
         3. Once `{key}` has logged in with it: `sce keys rotate {spec} --key {key} --finish`, and `sce apply {spec}` again.\n"
    )
}
