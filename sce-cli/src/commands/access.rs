//! `sce access`

use std::path::{Path, PathBuf};

use sce::access::{HandOver, Machines, Sheet, TO_FILL_IN, sheet, ssh_config};
use sce::account::AccountId;
use sce::lock::Lock;
use sce::pit::Pit;
use sce::spec::{Person, Spec};
use sce::{Machine, SpecFile};
use serde::Serialize;

use crate::cli::{Global, PersonAccess};
use crate::failure::{Exit, Failure};
use crate::output::{self, note};
use crate::progress::Progress;
use crate::target::Chosen;

/// An environment, as far as it is known.
struct Known {
    spec: Spec,
    lock: Lock,
    /// The account, if it is known.
    account: Option<AccountId>,
    /// Whether it was asked.
    live: bool,
    /// The machines that are there.
    found: Vec<Machine>,
}

/// What `--json` writes.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    pit: &'a Pit,
    mode: String,
    /// Whether addresses and ids were read from the account.
    live: bool,
    machines: &'a [Machine],
    people: Vec<Handed>,
}

/// What one person is handed.
#[derive(Serialize)]
struct Handed {
    name: String,
    email: String,
    /// Whether there is a key to log in with.
    key: bool,
    /// Whether the key before opens too.
    rotating: bool,
    ssh_config: String,
    sheet: String,
    /// What was written.
    files: Vec<String>,
    #[serde(skip)]
    page: Sheet,
}

pub(crate) async fn run(asked: &PersonAccess, global: &Global) -> Result<Exit, Failure> {
    let known = known(asked, global).await?;
    let machines = sce::located(&known.found)?;
    let people = match &asked.person {
        Some(name) => vec![known.spec.person(name)?],
        None => known.spec.access.people.iter().collect(),
    };
    if people.is_empty() {
        return Err(Failure::usage("the spec has no people")
            .advise("add them to `[access]`, as `people = [{ name = \"r1\", email = \"r1@example.edu\" }]`"));
    }
    let mut handed: Vec<Handed> =
        people.into_iter().map(|person| hand(&known, &machines, person, asked.keys_in.as_deref())).collect();
    if let Some(folder) = &asked.output {
        for person in &mut handed {
            person.files = write(folder, &known.spec.pit, person)?;
        }
    }
    if !global.quiet {
        notes(&known, &handed);
    }
    match asked.format.json {
        true => output::json(&Document {
            schema_version: 1,
            pit: &known.spec.pit,
            mode: output::word(&known.spec.access.mode),
            live: known.live,
            machines: &known.found,
            people: handed,
        })?,
        false => output::result(&text(&handed))?,
    }
    Ok(Exit::Done)
}

/// From the spec if there is one, else from the registry; the machines from the account unless it is not to be asked.
async fn known(asked: &PersonAccess, global: &Global) -> Result<Known, Failure> {
    let path = Path::new(&asked.environment);
    if path.is_file() || path.extension().is_some_and(|ending| ending == "toml" || ending == "json") {
        let file = SpecFile::read(path)?;
        let (lock, _) = file.lock()?;
        if asked.offline {
            // The lock may know the account, and so the names of the buckets.
            let account = (!lock.offline).then(|| lock.account.clone());
            return Ok(Known { spec: file.spec, lock, account, live: false, found: Vec::new() });
        }
        let chosen = Chosen::from(global).map_err(or_offline)?;
        let _progress = Progress::new(global.quiet, "looking for the machines");
        let session = chosen.open(&file.spec.region).await?;
        let found = sce::machines(&session, &file.spec.pit).await?;
        return Ok(Known { spec: file.spec, lock, account: Some(session.account().clone()), live: true, found });
    }
    let pit: Pit = asked.environment.parse().map_err(|error: sce::pit::InvalidPit| {
        let failure = Failure::usage(format!("`{}` is neither a spec nor an environment", asked.environment));
        failure.because(&error)
    })?;
    if asked.offline {
        return Err(Failure::usage(format!("`{pit}` is known to its account only, and `--offline` asks none"))
            .advise("name the spec, or leave out `--offline`"));
    }
    let chosen = Chosen::from(global)?;
    let _progress = Progress::new(global.quiet, "looking for the environment");
    let session = chosen.find(&pit, asked.region.as_ref()).await?;
    let (spec, lock) = (sce::kept_spec(&session, &pit).await?, sce::kept_lock(&session, &pit).await?);
    let found = sce::machines(&session, &pit).await?;
    Ok(Known { spec, lock, account: Some(session.account().clone()), live: true, found })
}

fn or_offline(failure: Failure) -> Failure {
    failure.advise(
        "name an emulator (`--endpoint-url`) or an account (`--real-account ID`) to have addresses read, or give `--offline` to have \
         words stand for them",
    )
}

fn hand(known: &Known, machines: &Machines, person: &Person, folder: Option<&str>) -> Handed {
    let Known { spec, lock, account, .. } = known;
    let rotating = person.key.is_none() && lock.previous_keys.contains_key(&person.name);
    let hand_over = HandOver { spec, account: account.as_ref(), machines, person, rotating, folder };
    let page = sheet(&hand_over);
    Handed {
        name: person.name.clone(),
        email: person.email.clone(),
        key: person.key.is_some() || lock.keys.contains_key(&person.name),
        rotating,
        ssh_config: ssh_config(&hand_over),
        sheet: page.to_markdown(),
        files: Vec::new(),
        page,
    }
}

/// `DIR/r1/config` and the sheet beside it, twice.
fn write(folder: &Path, pit: &Pit, person: &Handed) -> Result<Vec<String>, Failure> {
    let folder = folder.join(&person.name);
    make_private(&folder)?;
    let files: [(PathBuf, &str); 3] = [
        (folder.join("config"), &person.ssh_config),
        (folder.join(format!("{pit}-{}.md", person.name)), &person.sheet),
        (folder.join(format!("{pit}-{}.html", person.name)), &person.page.to_html()),
    ];
    for (path, content) in &files {
        sce::write_privately(path, content.as_bytes())?;
    }
    Ok(files.iter().map(|(path, _)| path.display().to_string()).collect())
}

fn make_private(folder: &Path) -> Result<(), Failure> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let failed = |error| Failure::usage(format!("`{}` cannot be made", folder.display())).because(&error);
    builder.create(folder).map_err(failed)
}

fn notes(known: &Known, handed: &[Handed]) {
    for person in handed.iter().filter(|person| !person.key) {
        note(&format!("note: `{0}` has no key yet: `sce keys make SPEC --person {0}`", person.name));
    }
    if !to_fill_in(handed).is_empty() {
        let words = to_fill_in(handed).join("`, `");
        note(&format!(
            "note: before you hand a sheet over, replace `{words}` in it: the organisation's sign-in is not known here, and nobody gets in without"
        ));
    }
    for machine in known.found.iter().filter(|machine| machine.state != "running") {
        let node = &machine.node;
        note(&format!("note: `{node}` is {}; a bastion that starts has another public address", machine.state));
    }
    if known.live && known.found.is_empty() {
        note("note: there are no machines yet, so words in capitals stand for addresses and ids");
    }
}

/// What sheets leave to whoever hands them over.
fn to_fill_in(handed: &[Handed]) -> Vec<&'static str> {
    TO_FILL_IN.into_iter().filter(|word| handed.iter().any(|person| person.sheet.contains(word))).collect()
}

fn text(handed: &[Handed]) -> String {
    let one = |person: &Handed| match person.files.as_slice() {
        [] => format!("{}\n## The file `config`\n\n```\n{}```\n", person.sheet, person.ssh_config),
        files => files.iter().map(|file| format!("{file}\n")).collect(),
    };
    handed.iter().map(one).collect::<Vec<_>>().join("\n")
}
