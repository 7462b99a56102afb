//! The fault campaign: one call of apply or of close-out goes wrong, the command is run again until it is done, and the account is held to
//! that of a run that nothing disturbed.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;
use serde_json::Value;

use crate::proxy::{Fault, Moment, Proxy, Rule, is_mutating};
use crate::reader::{Reader, differences};
use crate::{Emulators, Ran, run};

/// The command whose call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// `sce apply`.
    Apply,
    /// `sce close-out`.
    CloseOut,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mishap {
    /// The process is killed (SIGKILL) before the call arrives.
    KilledBefore,
    /// The process is killed when the call has been done and before its answer comes.
    KilledAfter,
    /// Every attempt of the call is throttled: the SDK gives up.
    Throttled,
    /// The call is done, and its answer is an internal error.
    ServerError,
    /// The call is done, and its answer never comes.
    TimedOut,
    /// The call is done, and the connection ends before its answer.
    Reset,
    /// The call is done, and half its answer comes.
    Truncated,
}

impl Mishap {
    /// All of them, the slow one last: it takes as long as the client waits for an answer.
    pub const ALL: [Self; 7] = [
        Self::KilledBefore,
        Self::KilledAfter,
        Self::Throttled,
        Self::ServerError,
        Self::Reset,
        Self::Truncated,
        Self::TimedOut,
    ];

    /// What reports call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KilledBefore => "killed-before",
            Self::KilledAfter => "killed-after",
            Self::Throttled => "throttled",
            Self::ServerError => "server-error",
            Self::TimedOut => "timed-out",
            Self::Reset => "reset",
            Self::Truncated => "truncated",
        }
    }

    fn rule(self, operation: &str, number: usize) -> Rule {
        let after = |fault| Rule::once(operation, number, Moment::After, fault);
        match self {
            Self::KilledBefore => Rule::once(operation, number, Moment::Before, Fault::Kill),
            Self::KilledAfter => after(Fault::Kill),
            Self::Throttled => {
                let (status, code) = throttling(operation);
                let rule = Rule::once(operation, number, Moment::Before, Fault::error(status, code));
                Rule { attempts: usize::MAX, ..rule }
            }
            Self::ServerError => after(Fault::error(500, "InternalError")),
            Self::TimedOut => after(Fault::Silence),
            Self::Reset => after(Fault::Reset),
            Self::Truncated => after(Fault::Truncated),
        }
    }
}

/// How a service says that it is asked too often (aws-behaviour 4).
#[must_use]
pub fn throttling(operation: &str) -> (u16, &'static str) {
    match operation.split(':').next().unwrap_or_default() {
        "ec2" => (503, "RequestLimitExceeded"),
        "s3" | "s3control" => (503, "SlowDown"),
        "iam" | "rds" | "sns" | "sts" => (400, "Throttling"),
        "lambda" => (429, "TooManyRequestsException"),
        "sqs" => (400, "RequestThrottled"),
        _ => (400, "ThrottlingException"),
    }
}

/// One call, and what goes wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// The command.
    pub phase: Phase,
    /// The operation, such as `ec2:CreateVpc`.
    pub operation: String,
    /// Which call of it, from 0.
    pub number: usize,
    /// What goes wrong.
    pub mishap: Mishap,
}

/// How a trial ended.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// What was tried.
    #[serde(flatten)]
    pub trial: Trial,
    /// Whether the call came, so that it could go wrong.
    pub reached: bool,
    /// How often the command was run until it was done.
    pub runs: usize,
    /// Places of the plan that are there twice.
    pub duplicates: Vec<String>,
    /// Lists of the account with more in them than an undisturbed run leaves, and what.
    pub orphans: Vec<String>,
    /// Every other difference from the account of an undisturbed run.
    pub differences: Vec<String>,
    /// What the last run said, when the command was never done.
    pub failure: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

impl Outcome {
    /// Whether the account is the one of an undisturbed run.
    #[must_use]
    pub fn converged(&self) -> bool {
        self.failure.is_none() && self.duplicates.is_empty() && self.orphans.is_empty() && self.differences.is_empty()
    }
}

/// The whole campaign in figures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The version of this format.
    pub schema_version: u32,
    /// The seed that reading calls were drawn by.
    pub seed: u64,
    /// Calls of an undisturbed apply, and of them those that change something.
    pub apply_calls: (usize, usize),
    /// The same of close-out.
    pub close_out_calls: (usize, usize),
    /// Calls × faults that were tried.
    pub tried: usize,
    /// Of these, how many never came, so that nothing was shown.
    pub not_reached: usize,
    /// How many ended with the account of an undisturbed run.
    pub converged: usize,
    /// Places of a plan that were there twice, over all trials.
    pub duplicates: usize,
    /// Things that nothing accounts for, over all trials.
    pub orphans: usize,
    /// How many commands were run again after a mishap.
    pub reruns: usize,
    /// By mishap: tried and converged.
    pub by_mishap: BTreeMap<String, (usize, usize)>,
    /// Wall time.
    pub seconds: f64,
    /// Everything that did not converge.
    pub failures: Vec<Outcome>,
}

impl Report {
    fn count(&mut self, outcome: Outcome) {
        self.tried += 1;
        self.not_reached += usize::from(!outcome.reached);
        self.converged += usize::from(outcome.converged());
        self.duplicates += outcome.duplicates.len();
        self.orphans += outcome.orphans.len();
        self.reruns += outcome.runs.saturating_sub(1);
        let (tried, converged) = self.by_mishap.entry(outcome.trial.mishap.name().to_owned()).or_default();
        (*tried, *converged) = (*tried + 1, *converged + usize::from(outcome.converged()));
        if !outcome.converged() || !outcome.reached {
            self.failures.push(outcome);
        }
    }

    /// The figures in a line.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "{} calls × faults tried ({} of them never came), {} converged, {} duplicates, {} orphans, {} reruns, {:.0} s",
            self.tried, self.not_reached, self.converged, self.duplicates, self.orphans, self.reruns, self.seconds
        )
    }
}

/// What is tried.
#[derive(Clone, Debug)]
pub struct Selection {
    /// What goes wrong.
    pub mishaps: Vec<Mishap>,
    /// How many calls that only read are tried in each command, drawn by the seed.
    pub reads: usize,
    /// How many trials there are at most, drawn by the seed; none for all.
    pub most: Option<usize>,
    /// The seed.
    pub seed: u64,
}

/// A campaign on one spec.
#[derive(Debug)]
pub struct Campaign {
    /// What the spec says beside names and approvals.
    spec: String,
    /// What an undisturbed life leaves, and the calls it takes.
    undisturbed: Undisturbed,
}

#[derive(Debug)]
struct Undisturbed {
    /// After apply, and after close-out.
    applied: Value,
    closed: Value,
    /// Operation and number of each call.
    apply: Vec<(String, usize)>,
    close_out: Vec<(String, usize)>,
    lock: Vec<u8>,
}

/// The environment that campaigns build.
const PIT: &str = "hipaa";

/// A command that is not done after so many runs is stuck.
const RUNS: usize = 4;

impl Campaign {
    /// Two lives that nothing disturbs: what they leave, and that both leave the same.
    ///
    /// # Panics
    /// When they fail or differ: then nothing could be compared with them.
    #[must_use]
    pub fn on(spec: &str) -> Self {
        let mut worker = Worker::new(spec, None);
        let first = worker.undisturbed();
        let second = worker.undisturbed();
        for (first, second) in [(&first.applied, &second.applied), (&first.closed, &second.closed)] {
            let (missing, extra) = differences(first, second);
            assert!(missing.is_empty() && extra.is_empty(), "two lives differ: {missing:#?} {extra:#?}");
        }
        Self { spec: spec.to_owned(), undisturbed: first }
    }

    /// What is to be tried, in an order of the seed's.
    #[must_use]
    pub fn trials(&self, selection: &Selection) -> Vec<Trial> {
        let mut dice = fastrand::Rng::with_seed(selection.seed);
        let mut trials = Vec::new();
        for (phase, calls) in [(Phase::Apply, &self.undisturbed.apply), (Phase::CloseOut, &self.undisturbed.close_out)]
        {
            let (changes, mut reads): (Vec<_>, Vec<_>) =
                calls.iter().cloned().partition(|(operation, _)| is_mutating(operation));
            dice.shuffle(&mut reads);
            reads.truncate(selection.reads);
            for (operation, number) in changes.into_iter().chain(reads) {
                trials.extend(selection.mishaps.iter().map(|&mishap| {
                    let operation = operation.clone();
                    Trial { phase, operation, number, mishap }
                }));
            }
        }
        dice.shuffle(&mut trials);
        trials.truncate(selection.most.unwrap_or(usize::MAX));
        trials
    }

    /// Tries them, so many at a time, each worker with emulators of its own. `tell` hears of each outcome, with how many are done of all.
    ///
    /// # Panics
    /// When a worker does.
    #[must_use]
    pub fn run(
        &self,
        trials: Vec<Trial>,
        seed: u64,
        workers: usize,
        tell: &(dyn Fn(usize, usize, &Outcome) + Sync),
    ) -> Report {
        let begun = Instant::now();
        let all = trials.len();
        // A life has an apply and a close-out: one of each is tried in the same life.
        let (apply, close_out): (Vec<_>, Vec<_>) = trials.into_iter().partition(|trial| trial.phase == Phase::Apply);
        let queues = Mutex::new((VecDeque::from(apply), VecDeque::from(close_out)));
        let number = |calls: &[(String, usize)]| {
            (calls.len(), calls.iter().filter(|(operation, _)| is_mutating(operation)).count())
        };
        let report = Mutex::new(Report {
            schema_version: 1,
            seed,
            apply_calls: number(&self.undisturbed.apply),
            close_out_calls: number(&self.undisturbed.close_out),
            ..Report::default()
        });
        let count = |outcome: Outcome| {
            let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
            tell(report.tried + 1, all, &outcome);
            report.count(outcome);
        };
        std::thread::scope(|scope| {
            for _ in 0..workers.clamp(1, all.max(1)) {
                scope.spawn(|| {
                    let mut worker = Worker::new(&self.spec, Some(&self.undisturbed.lock));
                    loop {
                        let (apply, close_out) = {
                            let mut queues = queues.lock().unwrap_or_else(PoisonError::into_inner);
                            (queues.0.pop_front(), queues.1.pop_front())
                        };
                        if apply.is_none() && close_out.is_none() {
                            break;
                        }
                        worker.life(&self.undisturbed, apply, close_out, &count);
                    }
                });
            }
        });
        let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
        report.seconds = begun.elapsed().as_secs_f64();
        report
    }
}

/// Somebody who lives one life after another at emulators of his own.
struct Worker {
    emulators: Emulators,
    proxy: Proxy,
    reader: Reader,
    folder: tempfile::TempDir,
    spec: PathBuf,
    lives: usize,
    /// How many folders of archives could not be used again.
    archives: usize,
}

impl Worker {
    fn new(rest: &str, lock: Option<&[u8]>) -> Self {
        let emulators = Emulators::start();
        let folder = tempfile::tempdir().expect("a folder can be made");
        let spec = crate::spec(folder.path(), PIT, rest);
        if let Some(lock) = lock {
            fs::write(folder.path().join("sce.lock"), lock).expect("the lock is written");
        }
        let (proxy, reader) = (Proxy::before(&emulators), Reader::of(&emulators));
        Self { emulators, proxy, reader, folder, spec, lives: 0, archives: 0 }
    }

    fn undisturbed(&mut self) -> Undisturbed {
        self.begin();
        let mut command = self.command(Phase::Apply, false);
        let calls = |worker: &Self| {
            let mut calls: Vec<_> =
                worker.proxy.calls().into_iter().map(|call| (call.operation, call.number)).collect();
            calls.dedup();
            calls
        };
        // The lock is made by the first apply, whose calls for it are none of later ones'.
        if !self.lock().exists() {
            let mut lock = self.emulators.sce();
            run(lock.arg("lock").arg(&self.spec)).with_status(0);
        }
        self.proxy.rule([]);
        self.proxy.run(&mut command).with_status(0);
        let apply = calls(self);
        let applied = self.reader.whole().0;
        self.proxy.rule([]);
        let mut command = self.command(Phase::CloseOut, false);
        self.proxy.run(&mut command).with_status(0);
        let close_out = calls(self);
        let closed = self.reader.whole().0;
        let lock = fs::read(self.lock()).expect("apply leaves a lock");
        Undisturbed { applied, closed, apply, close_out, lock }
    }

    fn begin(&mut self) {
        self.reader.reset();
        self.proxy.rule([]);
        self.lives += 1;
    }

    /// One life, in which one call of apply goes wrong, or one of close-out, or one of each.
    fn life(
        &mut self,
        undisturbed: &Undisturbed,
        apply: Option<Trial>,
        close_out: Option<Trial>,
        count: &dyn Fn(Outcome),
    ) {
        self.begin();
        let sound = match apply {
            Some(trial) => {
                let outcome = self.trial(trial, &undisturbed.applied);
                let sound = outcome.converged();
                count(outcome);
                sound
            }
            None => false,
        };
        let Some(trial) = close_out else { return };
        if !sound {
            self.begin();
            let mut command = self.command(Phase::Apply, false);
            self.proxy.run(&mut command).with_status(0);
        }
        count(self.trial(trial, &undisturbed.closed));
    }

    fn trial(&mut self, trial: Trial, expected: &Value) -> Outcome {
        let begun = Instant::now();
        let phase = trial.phase;
        self.proxy.rule([trial.mishap.rule(&trial.operation, trial.number)]);
        let mut command = self.command(phase, false);
        let mut ran = self.proxy.run(&mut command);
        let reached = self.proxy.fired() > 0;
        let mut runs = 1;
        while ran.status != 0 && runs < RUNS {
            self.proxy.rule([]);
            // A finished archive is never overwritten; whoever follows the advice names another folder.
            self.archives += usize::from(ran.stderr.contains("name a new or empty folder"));
            let mut command = self.command(phase, true);
            ran = self.proxy.run(&mut command);
            runs += 1;
        }
        let failure = (ran.status != 0).then(|| last_words(&ran));
        let (found, duplicates) = self.reader.whole();
        let (missing, mut extra) = differences(expected, &found);
        // What is there in another form stands in both lists; what is left then is too much.
        let mut orphans = Vec::new();
        for thing in std::mem::take(&mut extra) {
            let list = |thing: &str| thing.split(':').next().unwrap_or_default().to_owned();
            let changed = missing.iter().filter(|other| list(other) == list(&thing)).count();
            let so_far = extra.iter().filter(|other| list(other) == list(&thing)).count();
            if so_far < changed { extra.push(thing) } else { orphans.push(thing) }
        }
        let signed = |sign: char, things: Vec<String>| things.into_iter().map(move |thing| format!("{sign} {thing}"));
        let differences = signed('-', missing).chain(signed('+', extra)).collect();
        let seconds = begun.elapsed().as_secs_f64();
        Outcome { trial, reached, runs, duplicates, orphans, differences, failure, seconds }
    }

    fn command(&self, phase: Phase, again: bool) -> Command {
        let mut command = self.proxy.sce(&self.emulators);
        match phase {
            Phase::Apply => command.arg("apply").arg(&self.spec),
            Phase::CloseOut => {
                let archive = self.folder.path().join(format!("archive-{}-{}", self.lives, self.archives));
                command
                    .args(["close-out", PIT, "--dangerously-discard-unarchived", "--while-machines-run", "--archive"])
                    .arg(archive)
            }
        };
        // Whoever was killed still holds the lease.
        if again {
            command.arg("--take-over");
        }
        command
    }

    fn lock(&self) -> PathBuf {
        self.folder.path().join("sce.lock")
    }
}

/// The end of what a command said.
fn last_words(ran: &Ran) -> String {
    let words = format!("{}\n{}", ran.stdout.trim(), ran.stderr.trim());
    let lines: Vec<&str> = words.lines().collect();
    lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n")
}

/// Writes a report where tools find it.
///
/// # Errors
/// When it cannot be written.
pub fn keep(report: &Report, path: &Path) -> std::io::Result<()> {
    fs::write(path, serde_json::to_string_pretty(report).unwrap_or_default())
}
