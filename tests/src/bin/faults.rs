//! The whole fault campaign, for `make faults`: every call that changes something × every mishap, and a sample of those that only read.
//!
//! ```text
//! faults [--walks N] [--steps N] [--workers N] [--reads N] [--most N] [--seed N] [--mishap NAME]... [--operation PART] [--part K/N] [--spec FILE] [--report FILE]
//! ```
//!
//! `--part 2/10` tries the second tenth of what the seed draws, so that a campaign of hours is run in parts, by several machines too. The
//! environment variable `SCE_UNDER_TEST` names another build of `sce`, such as the release one.
//!
//! `--operation` keeps the calls whose name holds that text; FILE says what a spec says beside names and approvals. Exit status 1 when
//! anything did not converge. With `--walks` random walks are made instead, one a seed, from `--seed` on.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use sce_tests::campaign::{Campaign, Mishap, Outcome, Report, Selection, keep};
use sce_tests::walk::Walker;

fn main() -> ExitCode {
    let asked = match Asked::read(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(wrong) => {
            say(&format!("{wrong}; see the head of tests/src/bin/faults.rs"));
            return ExitCode::from(2);
        }
    };
    if asked.walks > 0 {
        return walks(&asked);
    }
    say("faults: two lives that nothing disturbs, to compare with");
    let campaign = Campaign::on(&asked.spec);
    let mut trials = campaign.trials(&asked.selection);
    trials.retain(|trial| trial.operation.contains(&asked.operation));
    let (part, parts) = asked.part;
    let trials: Vec<_> = trials.into_iter().skip(part - 1).step_by(parts).collect();
    say(&format!("faults: {} calls × faults, {} workers, seed {}", trials.len(), asked.workers, asked.selection.seed));
    let report = campaign.run(trials, asked.selection.seed, asked.workers, &progress);
    tell(&report);
    if let Err(error) = keep(&report, &asked.report) {
        say(&format!("{}: {error}", asked.report.display()));
        return ExitCode::from(2);
    }
    say(&format!("faults: report in {}", asked.report.display()));
    if report.converged == report.tried && report.not_reached == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Random walks, one a seed; a seed that went wrong is told, so that it can be walked again.
fn walks(asked: &Asked) -> ExitCode {
    let mut walker = Walker::new();
    let mut wrong = 0;
    for seed in (asked.selection.seed..).take(asked.walks) {
        match walker.walk(seed, asked.steps) {
            Ok(deeds) => say(&format!("walk: seed {seed}: {} deeds", deeds.len())),
            Err(one) => {
                wrong += 1;
                say(&format!("walk: WRONG {one}"));
            }
        }
    }
    say(&format!("walk: {} walks of {} deeds and a close-out, {wrong} wrong", asked.walks, asked.steps));
    ExitCode::from(u8::from(wrong > 0))
}

struct Asked {
    walks: usize,
    steps: usize,
    workers: usize,
    selection: Selection,
    operation: String,
    /// Which part of how many, from 1.
    part: (usize, usize),
    spec: String,
    report: PathBuf,
}

impl Asked {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let selection = Selection { mishaps: Vec::new(), reads: 40, most: None, seed: 20_261_130 };
        let (operation, spec, report) = (String::new(), String::new(), PathBuf::from("target/faults.json"));
        let mut asked = Self { walks: 0, steps: 12, workers: cores, selection, operation, part: (1, 1), spec, report };
        let mut arguments = arguments.peekable();
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("`{name}` wants a value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("`{value}` is no number"));
            let count = || number().and_then(|count| usize::try_from(count).map_err(|error| error.to_string()));
            match name.as_str() {
                "--walks" => asked.walks = count()?,
                "--steps" => asked.steps = count()?,
                "--workers" => asked.workers = count()?,
                "--reads" => asked.selection.reads = count()?,
                "--most" => asked.selection.most = Some(count()?),
                "--seed" => asked.selection.seed = number()?,
                "--mishap" => asked.selection.mishaps.push(mishap(&value)?),
                "--operation" => asked.operation = value,
                "--part" => asked.part = part(&value)?,
                "--spec" => {
                    asked.spec = std::fs::read_to_string(&value).map_err(|error| format!("`{value}`: {error}"))?;
                }
                "--report" => asked.report = value.into(),
                _ => return Err(format!("`{name}` is no option")),
            }
        }
        if asked.selection.mishaps.is_empty() {
            asked.selection.mishaps = Mishap::ALL.to_vec();
        }
        Ok(asked)
    }
}

fn part(text: &str) -> Result<(usize, usize), String> {
    let numbers = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
    let whole = numbers.filter(|(part, of)| (1..=*of).contains(part));
    whole.ok_or_else(|| format!("`{text}` is no part; write `2/10` for the second of ten"))
}

fn mishap(name: &str) -> Result<Mishap, String> {
    let is_meant = |mishap: &Mishap| mishap.name() == name;
    let known = || Mishap::ALL.map(Mishap::name).join(", ");
    Mishap::ALL.into_iter().find(is_meant).ok_or_else(|| format!("`{name}` is no mishap; they are {}", known()))
}

fn progress(done: usize, all: usize, outcome: &Outcome) {
    let trial = &outcome.trial;
    let what = format!("{} #{} {}", trial.operation, trial.number, trial.mishap.name());
    if !outcome.converged() {
        say(&format!("NOT CONVERGED {what}, {} runs", outcome.runs));
        let lists = [("twice", &outcome.duplicates), ("orphan", &outcome.orphans), ("other", &outcome.differences)];
        for (how, things) in lists {
            for thing in things {
                say(&format!("  {how}: {}", thing.chars().take(160).collect::<String>()));
            }
        }
        if let Some(failure) = &outcome.failure {
            say(&format!("  {failure}"));
        }
    } else if !outcome.reached {
        say(&format!("never came: {what}"));
    }
    if done.is_multiple_of(10) || done == all {
        say(&format!("faults: {done} of {all}, last {what}, {:.1} s", outcome.seconds));
    }
}

fn tell(report: &Report) {
    let ((apply, changes), (close_out, deletions)) = (report.apply_calls, report.close_out_calls);
    say(&format!("faults: apply sends {apply} calls, {changes} of them changes; close-out {close_out}, {deletions}"));
    for (mishap, (tried, converged)) in &report.by_mishap {
        say(&format!("faults: {mishap:14} {converged} of {tried} converged"));
    }
    say(&format!("faults: {}", report.summary()));
}

/// On standard error, whole lines: workers speak at the same time.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
