//! POC A, the document's Part 2, from a spec to nothing left: the seven verbs in the order in which a builder uses them.
//!
//! ```text
//! make demo                                   on emulators, which it starts and stops
//! poc_a --endpoint-url http://127.0.0.1:5000  on emulators that run already
//! poc_a --real-account 111122223333           on a real account: builds, costs a few cents, and removes it again
//! ```
//!
//! The archive that close-out makes goes with the run, since its data are imaginary; `--archive FOLDER` keeps it.

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use sce::access::HandOver;
use sce::archive::{Protection, SecretString};
use sce::pit::Pit;
use sce::transfer::{Existing, Place};
use sce::{Deed, Endpoints, Session, SpecFile, Step, Target, Verification};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let outcome = Options::read(std::env::args().skip(1)).and_then(|options| {
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            tokio::select! {
                outcome = life_cycle(&options) => outcome,
                // Dropping the work leaves what was built: it is journalled, and the name is all it takes to remove it.
                _ = tokio::signal::ctrl_c() => Err(format!(
                    "interrupted: `sce status {0}` shows what is there, `sce close-out {0} --archive FOLDER` removes it",
                    options.pit
                ).into()),
            }
        })
    });
    match outcome {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            tell(&format!("error: {error}"));
            let mut cause = error.source();
            while let Some(error) = cause {
                tell(&format!("  caused by: {error}"));
                cause = error.source();
            }
            ExitCode::from(3)
        }
    }
}

/// What the command line says.
struct Options {
    pit: Pit,
    target: Target,
    divergences: Option<PathBuf>,
    archive: Option<PathBuf>,
}

impl Options {
    fn read(arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut pit: Pit = "hipaa".parse()?;
        let (mut flags, mut account, mut archive) = (Vec::new(), None, None);
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("`{argument}` needs a value"));
            match argument.as_str() {
                "--pit" => pit = value()?.parse()?,
                "--endpoint-url" => flags.push(value()?),
                "--archive" => archive = Some(PathBuf::from(value()?)),
                "--real-account" => account = Some(value()?.parse()?),
                other => {
                    return Err(format!(
                        "`{other}` is not known: --pit PIT, --endpoint-url URL, --real-account ID, --archive FOLDER"
                    )
                    .into());
                }
            }
        }
        let endpoints =
            Endpoints::from_flags(flags.iter().map(String::as_str))?.or(Endpoints::from_environment(std::env::vars())?);
        let target = match account {
            Some(_) if !endpoints.is_empty() => return Err("endpoints and a real account exclude each other".into()),
            Some(account) => Target::RealAccount(account),
            None if endpoints.is_empty() => {
                return Err("no endpoint and no `--real-account`: `make demo` starts emulators".into());
            }
            None => Target::Emulator(endpoints),
        };
        Ok(Self { pit, target, divergences: std::env::var_os("SCE_DIVERGENCES").map(PathBuf::from), archive })
    }
}

/// The whole life of an environment; answers how many things are left.
async fn life_cycle(options: &Options) -> Outcome<usize> {
    let begun = Instant::now();
    let work = tempfile::tempdir()?;
    let mut summary = Summary::default();
    let whom = match &options.target {
        Target::Emulator(_) => "emulators on this machine stand in for AWS: nothing leaves it, nothing costs anything",
        Target::RealAccount(account) => &format!("the real account {account}: it costs a few cents"),
    };
    tell("POC A: a Secure Compute Environment from its spec to nothing left, with imaginary patients in it");
    tell(&format!("  {whom}"));

    stage("spec");
    let path = work.path().join("spec.toml");
    std::fs::write(&path, spec(&options.pit))?;
    let file = SpecFile::read(&path)?;
    let spec = file.spec.clone();
    tell(&format!("  `{}` in {}, {} profile, owned by {}", spec.pit, spec.region, "modern", spec.owner));

    stage("keys: a pair for the person who has none, made here and encrypted");
    make_keys(&file)?;

    stage("lock: what the account supplies");
    let mut session = Session::open(&options.target, &spec.region).await?;
    if let Some(path) = &options.divergences {
        session = session.with_divergences(sce::Divergences::from_toml(&std::fs::read_to_string(path)?)?);
    }
    let lock = file.with_keys(sce::resolve_lock(&session, &spec).await?)?;
    tell(&format!("  account {}, zone {}, administrator {}", lock.account, lock.zone, lock.administrators[0]));
    for image in lock.images.values() {
        tell(&format!("  image {} {}", image.id, image.name));
    }

    stage("account: what every environment in it shares, seen to once");
    see_to_the_account(&session, &options.target, &spec).await?;

    stage("plan: every choice, before anything is built");
    let plan = sce::plan(&spec, &lock)?;
    tell(&indented(&plan.to_text()));
    summary.planned = plan.nodes.len();

    stage("estimate: rough, per month, with forty hours a week of work");
    let assumptions = sce::cost::Assumptions { hours_per_week: "40".parse()?, ..Default::default() };
    tell(&indented(&sce::estimate(&plan, &assumptions, sce::cost::Prices::built_in())?.to_text()));

    stage("check: every rule, before anything is built");
    let checked = sce::check(plan, spec, lock, sce::Terms::on(sce::today()))?;
    let open: Vec<_> = checked.findings().iter().filter(|finding| finding.open()).collect();
    for finding in &open {
        tell(&format!("  {} {} {}: {}", finding.severity, finding.rule, finding.resource, finding.message));
    }
    tell(&format!("  {} findings, {} open, none of which stops the plan", checked.findings().len(), open.len()));
    summary.findings = (checked.findings().len(), open.len());

    stage("prove: what is claimed of it, from packets and requests");
    for proof in checked.proofs() {
        let asked = if proof.required { "" } else { " (given up by the spec)" };
        tell(&format!("  {:?}{asked}: {}", proof.status, proof.property.claim));
    }

    stage("apply: what is missing, then everything read back");
    let applied = sce::apply(&session, &checked, sce::ApplyOptions::default(), &show).await?;
    summary.created = applied.created.len();
    summary.calls = applied.calls;
    summary.verified(&applied.verification);
    if !applied.verified {
        tell(&serde_json::to_string_pretty(&applied.verification.nodes)?);
        return Err("what was built does not read back as planned".into());
    }

    stage("apply again: nothing to do");
    let again = sce::apply(&session, &checked, sce::ApplyOptions::default(), &|_| {}).await?;
    tell(&format!("  created {}, changed {}, kept {}", again.created.len(), again.changed.len(), again.kept.len()));

    stage("people: who gets in, by a sheet in plain words");
    summary.sheets = hand_over(&session, checked.spec(), work.path()).await?;

    stage("data: generated, put into S3D, read back");
    let stores = sce::stores(&session, &options.pit).await?;
    summary.data = data_in_and_out(&session, &stores, work.path()).await?;

    stage("the table of files: what the environment's own function recorded of each");
    summary.recorded = recorded(&session, &options.pit, &stores, &summary.data).await?;

    stage("evening and morning: the machine stops and starts, and is as planned meanwhile");
    let stopped = sce::stop(&session, &options.pit, sce::PowerOptions::default(), &|_| {}).await?;
    let declared = sce::Declared::of(checked.spec());
    let meanwhile = sce::verify(&session, checked.plan(), &declared, checked.terms()).await;
    let started = sce::start(&session, &options.pit, sce::PowerOptions::default(), &|_| {}).await?;
    for machine in stopped.machines.iter().chain(&started.machines) {
        tell(&format!("  {} {} is {}", machine.node, machine.id, machine.state.state));
    }
    if !meanwhile.verified {
        return Err("a stopped machine does not read back as planned".into());
    }

    stage("who touched the data: the settings that record it");
    logging(&checked, &applied.verification);

    stage("close out: archive, delete, sweep");
    let archive = options.archive.clone().unwrap_or_else(|| work.path().join("archive"));
    let identity = archive.with_extension("identity");
    let recipient = sce::archive::make_identity(&identity, None)?;
    let options_of_close_out = sce::CloseOutOptions {
        archive: sce::archive::Destination::Folder {
            path: archive.clone(),
            protection: Protection::Recipients(vec![recipient]),
        },
        take_over: false,
        // The data volume of a rehearsal: nobody ever wrote to it.
        discard_unarchived: true,
        // Nobody works in a rehearsal.
        while_machines_run: true,
        archive_again: false,
        bypass_governance: false,
        signer: None,
        custodian: None,
        interrupt: sce::Interrupt::default(),
    };
    let closed = sce::close_out(&session, &options.pit, &options_of_close_out, &show).await?;
    summary.archived = closed.archived.len();
    summary.deleted = closed.deleted.len();
    summary.left = closed.left.len();
    summary.pending =
        closed.pending.iter().map(|pending| format!("{} until {}", pending.resource, pending.until)).collect();
    for left in &closed.left {
        tell(&format!("  left: {} ({})", left.resource, left.why));
    }
    tell(&format!(
        "  the archive opens with the custodian's key: {} objects verified",
        verify_archive(&archive, &identity)?
    ));

    summary.show(begun);
    Ok(summary.left)
}

/// The fifteen lines.
fn spec(pit: &Pit) -> String {
    format!(
        r#"pit = "{pit}"
region = "us-west-2"
owner = "builder@example.edu"
profile = "modern"

[approvals]
irb = "STUDY00001234"
billing = "BUDGET-77"
baa = "2026-03-01"

[network]
cidr = "10.0.0.0/16"
public = "10.0.0.0/24"
private = "10.0.1.0/24"
egress = "nat"

[access]
mode = "session-manager"
laptop = "managed"
people = [{{ name = "r1", email = "r1@example.edu" }}]

[compute.private]
type = "m7i.large"
data_volume_gib = 100
"#
    )
}

/// The trail, Config, the alarms and what is encrypted by default: made on an emulator if something of it is missing, and only looked at
/// in a real account, whose administrators run `sce account apply`.
async fn see_to_the_account(session: &Session, target: &Target, spec: &sce::spec::Spec) -> Outcome<()> {
    let settings = sce::AccountSettings::of(spec);
    let mut verification = sce::account_status(session, &settings).await.verification;
    if !verification.verified && matches!(target, Target::Emulator(_)) {
        let applied = sce::apply_account(session, &settings, sce::ApplyOptions::default(), &|_| {}).await?;
        tell(&format!("  created {}, adopted {}", applied.created.len(), applied.adopted.len()));
        verification = applied.verification;
    }
    let open: Vec<_> = verification.findings.iter().filter(|finding| finding.open()).collect();
    for finding in &open {
        tell(&format!("  {} {} {}: {}", finding.severity, finding.rule, finding.resource, finding.message));
    }
    tell(&format!("  {} findings, {} open", verification.findings.len(), open.len()));
    Ok(())
}

/// A pair for each person, in a folder beside the spec; the private half is encrypted and goes with the run.
fn make_keys(file: &SpecFile) -> Outcome<()> {
    let folder = file.keys();
    for person in &file.spec.access.people {
        // A rehearsal's passphrase protects a key that opens a machine which nobody ever boots.
        let passphrase = SecretString::from(format!("imaginary, of {}", person.name));
        let protection = sce::keys::Protection::Passphrase(passphrase);
        sce::keys::make(&folder, &person.name, &protection, &sce::keys::Recipients::default())?;
        let fingerprint = folder.look(&person.name)?.fingerprint.unwrap_or_default();
        tell(&format!("  {} {fingerprint}", folder.key_name(&person.name)));
    }
    Ok(())
}

/// Settings for ssh and a sheet for each person, written from where the machines are; answers how many.
async fn hand_over(session: &Session, spec: &sce::spec::Spec, work: &Path) -> Outcome<usize> {
    let machines = sce::located(&sce::machines(session, &spec.pit).await?)?;
    for person in &spec.access.people {
        let account = Some(session.account());
        let who = HandOver { spec, account, machines: &machines, person, rotating: false, folder: None };
        let (settings, sheet) = (sce::access::ssh_config(&who), sce::access::sheet(&who).to_markdown());
        sce::write_privately(&work.join(format!("{}.config", person.name)), settings.as_bytes())?;
        sce::write_privately(&work.join(format!("{}.md", person.name)), sheet.as_bytes())?;
        tell(&format!("  {} gets a sheet of {} lines, and these settings:", person.name, sheet.lines().count()));
        tell(&indented(&indented(&settings)));
    }
    Ok(spec.access.people.len())
}

/// POC A's three files, up and down again, compared; answers a line each.
async fn data_in_and_out(session: &Session, stores: &sce::Stores, work: &Path) -> Outcome<Vec<Moved>> {
    let source = work.join("johns");
    let manifest = sce::synth::write_johns(&source, &sce::synth::Johns::default(), &mut |_| {})?;
    let review = sce::identifiers::Review::default();
    let mut all = Vec::new();
    for file in &manifest.files {
        let place = Place { bucket: stores.data.clone(), key: format!("poc-a/{}", file.name) };
        let stored =
            sce::transfer::put(session, &source.join(&file.name), &place, &stores.key_arn, &review, &|_| {}).await?;
        let back = work.join("back").join(&file.name);
        std::fs::create_dir_all(work.join("back"))?;
        let fetched = sce::transfer::get(session, &place, &back, Existing::Keep, &|_| {}).await?;
        let made = file.sha256.as_deref().unwrap_or_default();
        let hashes = [stored.sha256.to_string(), fetched.sha256.to_string()];
        let same = hashes.iter().all(|hash| hash == made) && fetched.verified;
        if !same || std::fs::read(&back)? != std::fs::read(source.join(&file.name))? {
            return Err(format!("`{}` did not come back as it went in", file.name).into());
        }
        let line = format!("{:<22} {:>9} bytes  sha256 {}", file.name, file.bytes, made);
        tell(&format!("  {line}  in, out, the same"));
        all.push(Moved { key: place.key, version_id: stored.version_id, bytes: file.bytes, line });
    }
    Ok(all)
}

/// A file that went in and came out.
struct Moved {
    key: String,
    version_id: Option<String>,
    bytes: u64,
    line: String,
}

/// Each file's entry in the table, waited for; answers how many there are.
async fn recorded(session: &Session, pit: &Pit, stores: &sce::Stores, data: &[Moved]) -> Outcome<usize> {
    for moved in data {
        let (key, version) = (moved.key.as_str(), moved.version_id.as_deref());
        let entry = sce::await_file(session, pit, key, version, Duration::from_secs(60)).await?;
        let entry = entry.ok_or_else(|| format!("the table has no entry for `{key}` after a minute"))?;
        if entry.bucket != stores.data || entry.bytes != Some(moved.bytes) {
            return Err(format!("the table's entry for `{key}` is not what was put").into());
        }
        tell(&format!("  {:<28} {:>9} bytes  {} at {}", entry.key, moved.bytes, entry.event, entry.time));
    }
    Ok(sce::files(session, pit).await?.len())
}

/// What records access to the data, and whether it could be shown to work.
fn logging(checked: &sce::CheckedPlan, verification: &Verification) {
    for node in &checked.plan().nodes {
        let setting = match &node.properties {
            sce::aws::resource::Properties::Bucket(bucket) => {
                bucket.access_log.as_ref().map(|log| format!("access log to {}/{}", log.bucket, log.prefix))
            }
            sce::aws::resource::Properties::FlowLog(log) => Some(format!("{:?} traffic to the log group", log.traffic)),
            _ => None,
        };
        let Some(setting) = setting else { continue };
        let delivery = verification
            .not_shown
            .iter()
            .find(|not_shown| not_shown.node == node.id.as_str() && not_shown.what.contains("delivery"));
        let delivery = delivery.map_or("delivery not looked at", |_| "delivery not shown by this emulator");
        tell(&format!("  {:<18} {setting}; {delivery}", node.id.as_str()));
    }
}

fn verify_archive(archive: &Path, identity: &Path) -> Outcome<usize> {
    let identity = sce::archive::Identity::load(identity, None)?;
    let report = sce::archive::verify(archive, Some(&identity))?;
    if !report.is_sound() {
        return Err("the archive does not verify".into());
    }
    Ok(report.objects)
}

/// What the closing lines say.
#[derive(Default)]
struct Summary {
    planned: usize,
    created: usize,
    verified: usize,
    not_shown: Vec<String>,
    findings: (usize, usize),
    calls: u64,
    data: Vec<Moved>,
    sheets: usize,
    recorded: usize,
    archived: usize,
    deleted: usize,
    pending: Vec<String>,
    left: usize,
}

impl Summary {
    fn verified(&mut self, verification: &Verification) {
        self.verified =
            verification.nodes.iter().filter(|verdict| matches!(verdict.seen, sce::Seen::AsPlanned)).count();
        let mut kinds: Vec<String> = verification
            .not_shown
            .iter()
            .map(|not_shown| format!("{} of {}", not_shown.what, not_shown.kind))
            .collect();
        kinds.sort();
        kinds.dedup();
        self.not_shown = kinds;
        tell(&format!("  {} of {} read back as planned", self.verified, verification.nodes.len()));
        for what in &self.not_shown {
            tell(&format!("  not shown by this emulator: {what}"));
        }
    }

    fn show(&self, begun: Instant) {
        stage("summary");
        tell(&format!("  planned    {}", self.planned));
        tell(&format!("  created    {} with {} calls", self.created, self.calls));
        tell(&format!("  verified   {}", self.verified));
        tell(&format!(
            "  not shown  {}",
            if self.not_shown.is_empty() { "nothing".to_owned() } else { self.not_shown.join(", ") }
        ));
        tell(&format!("  findings   {}, {} open", self.findings.0, self.findings.1));
        for moved in &self.data {
            tell(&format!("  data       {}", moved.line));
        }
        tell(&format!("  people     {} with a sheet", self.sheets));
        tell(&format!("  recorded   {} entries in the table of files", self.recorded));
        tell(&format!("  archived   {} objects", self.archived));
        tell(&format!("  deleted    {}", self.deleted));
        for pending in &self.pending {
            tell(&format!("  pending    {pending}"));
        }
        tell(&format!("  left       {}", self.left));
        tell(&format!("  time       {:.1} s", begun.elapsed().as_secs_f64()));
    }
}

fn show(step: &Step) {
    if step.deed.is_final() || step.deed == Deed::Archiving {
        tell(&format!("  [{:>2}/{}] {:<9} {}", step.done, step.total, step.deed.word(), step.subject));
    }
}

fn stage(name: &str) {
    tell(&format!("\n{name}"));
}

fn indented(text: &str) -> String {
    text.trim_end().lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// A line for whoever watches; a closed pipe ends nothing.
fn tell(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
