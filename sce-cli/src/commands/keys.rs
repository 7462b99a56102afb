//! `sce keys`

use std::io::{self, IsTerminal as _};
use std::path::Path;

use sce::SpecFile;
use sce::archive::{ExposeSecret as _, Identity, SecretString};
use sce::keys::{self, Dangerous, Folder, Protection, Recipients, Seen, State};
use sce::spec::{Person, Spec};
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
    keys: Vec<Key>,
}

/// One key.
#[derive(Serialize)]
struct Key {
    /// What it is for: `bastion`, `private` or a person's name.
    key: String,
    /// Its name, which is the private half's file name too.
    name: String,
    /// What was done: `made`, `mended`, `rotated`, `finished`, or nothing: `kept`.
    done: &'static str,
    /// How far it is: `missing`, `whole`, `handed-over`, `rotating`, `cut-short`, or `own` when the spec has the public half.
    state: &'static str,
    /// Whether the private half is encrypted; null when it is not here.
    encrypted: Option<bool>,
    /// Whether there is an escrow copy.
    escrow: bool,
    /// As `ssh-keygen -l` shows it.
    fingerprint: Option<String>,
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
    let folder = file.keys();
    let wanted = chosen(&file.spec, &asked.person)?;
    if wanted.is_empty() {
        return Err(Failure::usage("the spec wants no key: it has no people, and no bastion")
            .advise("add people to `[access]`, as `people = [{ name = \"r1\", email = \"r1@example.edu\" }]`"));
    }
    let escrow = escrow(&file.spec, &asked.escrow_to)?;
    let mut made = Vec::new();
    for key in wanted {
        let done = match folder.look(key)?.state {
            _ if owned(&file.spec, key) => "kept",
            State::Missing => {
                keys::make(&folder, key, &protection(&asked.protection, &folder.key_name(key))?, &escrow)?;
                "made"
            }
            State::CutShort if keys::mend(&folder, key)? => "mended",
            State::CutShort => return Err(keys::KeyError::CutShort(key.to_owned()).into()),
            State::Whole | State::HandedOver | State::Rotating => "kept",
        };
        made.push(entry(&file.spec, &folder, key, done)?);
    }
    let locked = file.refresh_keys()?;
    if !global.quiet && made.iter().any(|key| key.done == "made") {
        warn(&asked.protection, &escrow);
    }
    match asked.format.json {
        true => output::json(&document(&file, made))?,
        false => {
            let next = match locked {
                true => "the public halves are in `sce.lock`; `sce apply` takes them to the machines",
                false => "`sce lock` takes the public halves into `sce.lock`, and `sce apply` to the machines",
            };
            output::result(&format!("in `{}`:\n\n{}\n{next}\n", folder.path().display(), rows(&made)))?;
        }
    }
    Ok(Exit::Done)
}

fn rotate(asked: &KeysRotate, global: &Global) -> Result<Exit, Failure> {
    let (file, folder) = for_rotation(asked)?;
    let key = asked.key.as_str();
    if !keys::resume(&folder, key)? {
        // Before anybody is asked for a passphrase.
        match folder.look(key)?.state {
            State::Missing => return Err(missing(key, &folder)),
            State::Rotating => return Err(keys::KeyError::Rotating(key.to_owned()).into()),
            State::Whole | State::HandedOver | State::CutShort => {}
        }
        let escrow = escrow(&file.spec, &asked.escrow_to)?;
        keys::rotate(&folder, key, &protection(&asked.protection, &folder.key_name(key))?, &escrow)?;
        if !global.quiet {
            warn(&asked.protection, &escrow);
        }
    }
    file.refresh_keys()?;
    match asked.format.json {
        true => output::json(&document(&file, vec![entry(&file.spec, &folder, key, "rotated")?]))?,
        false => output::result(&rotated_text(&asked.spec, &folder, key))?,
    }
    Ok(Exit::Done)
}

fn finish(asked: &KeysRotate) -> Result<Exit, Failure> {
    let (file, folder) = for_rotation(asked)?;
    let key = asked.key.as_str();
    keys::finish(&folder, key)?;
    file.refresh_keys()?;
    match asked.format.json {
        true => output::json(&document(&file, vec![entry(&file.spec, &folder, key, "finished")?]))?,
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
    let folder = file.keys();
    let entries: Result<Vec<Key>, Failure> =
        chosen(&file.spec, &[])?.into_iter().map(|key| entry(&file.spec, &folder, key, "kept")).collect();
    let entries = entries?;
    match asked.format.json {
        true => output::json(&document(&file, entries))?,
        false => output::result(&format!("in `{}`:\n\n{}", folder.path().display(), rows(&entries)))?,
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

/// What keys are for: all that the spec needs, or of those people only.
fn chosen<'a>(spec: &'a Spec, people: &[String]) -> Result<Vec<&'a str>, Failure> {
    if people.is_empty() {
        let machines = spec.bastion_machine().map(|_| MACHINES).into_iter().flatten();
        return Ok(machines.chain(spec.access.people.iter().map(|person| person.name.as_str())).collect());
    }
    people.iter().map(|name| only_made_here(spec.person(name)?)).collect()
}

fn only_made_here(person: &Person) -> Result<&str, Failure> {
    match person.key {
        None => Ok(&person.name),
        Some(_) => Err(Failure::usage(format!("`{}` has an own key: the spec says which", person.name)).advise(
            "to replace it, put the new public key into `key` and the old one into `previous_key`, apply, and take the old one out \
             once the new one has worked; to have one made here, take `key` out",
        )),
    }
}

fn owned(spec: &Spec, key: &str) -> bool {
    spec.person(key).is_ok_and(|person| person.key.is_some())
}

/// The spec's files, if it has a key of that name that is made here.
fn for_rotation(asked: &KeysRotate) -> Result<(SpecFile, Folder), Failure> {
    let file = SpecFile::read(&asked.spec)?;
    let folder = file.keys();
    let known = chosen(&file.spec, &[])?;
    if !known.contains(&asked.key.as_str()) {
        let help = format!("keys of the spec: {}", known.join(", "));
        return Err(Failure::usage(format!("the spec has no key of `{}`", asked.key)).advise(help));
    }
    if let Ok(person) = file.spec.person(&asked.key) {
        only_made_here(person)?;
    }
    Ok((file, folder))
}

fn missing(key: &str, folder: &Folder) -> Failure {
    keys::KeyError::Missing { what: key.to_owned(), folder: folder.path().to_owned() }.into()
}

/// Those in the spec who hold keys to archives, and those named now.
fn escrow(spec: &Spec, more: &[String]) -> Result<Recipients, Failure> {
    let all = spec.archive.recipients.iter().chain(more).map(String::as_str);
    Recipients::parse(all).map_err(|error| keys::KeyError::from(error).into())
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

fn warn(protection: &KeyProtection, escrow: &Recipients) {
    if protection.dangerously_unencrypted {
        note("warning: private keys are not encrypted; whoever gets at a file gets in");
    }
    if escrow.is_empty() {
        note(
            "warning: no escrow copy was made, so nobody can get a private key back; name somebody in `[archive] recipients` or with `--escrow-to`",
        );
    }
}

fn document(file: &SpecFile, keys: Vec<Key>) -> Document {
    let folder = file.keys().path().display().to_string();
    Document { schema_version: 1, pit: file.spec.pit.to_string(), folder, keys }
}

fn entry(spec: &Spec, folder: &Folder, key: &str, done: &'static str) -> Result<Key, Failure> {
    let Seen { state, encrypted, escrow, fingerprint, .. } = folder.look(key)?;
    let state = match state {
        _ if owned(spec, key) => "own",
        State::Missing => "missing",
        State::Whole => "whole",
        State::HandedOver => "handed-over",
        State::Rotating => "rotating",
        State::CutShort => "cut-short",
    };
    Ok(Key { key: key.to_owned(), name: folder.key_name(key), done, state, encrypted, escrow, fingerprint })
}

fn rows(keys: &[Key]) -> String {
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
