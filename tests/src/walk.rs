//! Random operations on one environment (apply, change, drift by hand, killed half-way, close-out) against a model of a few lines: what
//! is asked last is what is there.

use std::collections::BTreeMap;
use std::fmt;

use fastrand::Rng;
use serde_json::Value;

use crate::proxy::Proxy;
use crate::reader::{Reader, differences};
use crate::{Emulators, Ran};

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// `sce apply` of one of the specs; the process may be killed.
    Apply {
        /// Which.
        spec: usize,
        /// Killed at this call.
        killed_at: Option<usize>,
    },
    /// Something is changed by hand.
    Drift(usize),
    /// `sce close-out`; the process may be killed.
    CloseOut {
        /// Killed at this call.
        killed_at: Option<usize>,
    },
}

/// Specs that differ in what AWS changes in place.
const SPECS: [&str; 3] = ["", "[retention]\nlogs_days = 3653\n", "[ancillary]\nnotify = [\"builder@example.edu\"]\n"];

/// Changes by hand, as `tests/reader.py do` makes them.
const DRIFTS: [&[&str]; 5] = [
    &["make_private_subnet_public", "walk"],
    &["route_private_subnet_to_internet", "walk"],
    &["delete_flow_log", "walk"],
    &["switch_off_recovery", "walk"],
    &["open_queue", "walk"],
];

const PIT: &str = "walk";

/// The model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    /// Nothing is there.
    Absent,
    /// What that spec asks for is there, but for changes by hand.
    Present(usize),
    /// A run was killed: anything may be there.
    Unsure,
}

/// A walk that went wrong, with what it takes to see it again.
#[derive(Debug)]
pub struct Wrong {
    /// The seed of the walk.
    pub seed: u64,
    /// What was done, the last of it wrongly.
    pub deeds: Vec<Deed>,
    /// What was wrong.
    pub why: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, after {:?}: {}", self.seed, self.deeds, self.why)
    }
}

/// Emulators to walk at, and what each spec leaves on an account where nothing was before.
pub struct Walker {
    emulators: Emulators,
    proxy: Proxy,
    reader: Reader,
    folder: tempfile::TempDir,
    references: BTreeMap<usize, Value>,
    archives: usize,
}

impl Walker {
    /// Builds each spec once.
    ///
    /// # Panics
    /// When one cannot be built.
    #[must_use]
    pub fn new() -> Self {
        let emulators = Emulators::start();
        let (proxy, reader) = (Proxy::before(&emulators), Reader::of(&emulators));
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut walker = Self { emulators, proxy, reader, folder, references: BTreeMap::new(), archives: 0 };
        for spec in 0..SPECS.len() {
            walker.reader.reset();
            walker.apply(spec, None, false).with_status(0);
            let reference = walker.account().0;
            walker.references.insert(spec, reference);
        }
        walker
    }

    /// One walk of so many steps from an empty account; it ends with a close-out that nothing disturbs.
    ///
    /// # Errors
    /// When the account is not what the model says.
    pub fn walk(&mut self, seed: u64, steps: usize) -> Result<Vec<Deed>, Wrong> {
        let mut dice = Rng::with_seed(seed);
        self.reader.reset();
        let (mut deeds, mut model) = (Vec::new(), Model::Absent);
        // Keys that AWS deletes in seven days: at least one a life that ended, at most one a close-out that was begun.
        let mut keys = (0, 0);
        for step in 0..=steps {
            let deed = if step == steps { Deed::CloseOut { killed_at: None } } else { drawn(&mut dice, model) };
            deeds.push(deed);
            let wrong = |why: String, deeds: &[Deed]| Wrong { seed, deeds: deeds.to_vec(), why };
            let ran = match deed {
                Deed::Apply { spec, killed_at } => self.apply(spec, killed_at, model == Model::Unsure),
                Deed::CloseOut { killed_at } => {
                    keys.1 += 1;
                    self.close_out(killed_at, model == Model::Unsure)
                }
                Deed::Drift(number) => {
                    self.reader.by_hand(DRIFTS[number]);
                    continue;
                }
            };
            model = match (deed, ran.status) {
                // Killed, as was asked for.
                (_, -1) => Model::Unsure,
                (Deed::Apply { spec, .. }, 0) => Model::Present(spec),
                (Deed::CloseOut { .. }, 0) => {
                    keys.0 += 1;
                    Model::Absent
                }
                // There is nothing to close out that anybody ever asked for.
                (Deed::CloseOut { .. }, _) if ran.stderr.contains("no environment") => Model::Absent,
                (_, status) => {
                    return Err(wrong(format!("exit status {status}: {}{}", ran.stdout, ran.stderr), &deeds));
                }
            };
            if let Err(why) = self.holds(model, keys) {
                return Err(wrong(why, &deeds));
            }
        }
        Ok(deeds)
    }

    /// Whether the account is what the model says.
    fn holds(&mut self, model: Model, (least, most): (usize, usize)) -> Result<(), String> {
        let (account, twice, pending) = self.account();
        if !twice.is_empty() {
            return Err(format!("there twice: {twice:?}"));
        }
        if pending < least || pending > most {
            return Err(format!("{pending} keys wait for their deletion, not {least} to {most}"));
        }
        let expected = match model {
            Model::Unsure => return Ok(()),
            Model::Present(spec) => self.references.get(&spec).cloned().unwrap_or_default(),
            Model::Absent => return self.nothing_is_left(),
        };
        let (missing, extra) = differences(&expected, &account);
        if missing.is_empty() && extra.is_empty() {
            return Ok(());
        }
        Err(format!("it is not as planned; missing {missing:#?}, too much {extra:#?}"))
    }

    fn nothing_is_left(&self) -> Result<(), String> {
        let left: Vec<_> =
            self.emulators.traces(PIT).into_iter().filter(|line| line != "kms-key PendingDeletion").collect();
        if left.is_empty() { Ok(()) } else { Err(format!("left: {left:?}")) }
    }

    /// The account without the registry, which remembers every life, and without keys that wait for their deletion, which are counted.
    fn account(&mut self) -> (Value, Vec<String>, usize) {
        let (mut account, twice) = self.reader.whole();
        let mut pending = 0;
        if let Some(keys) = account["Keys"].as_array_mut() {
            let before = keys.len();
            keys.retain(|key| key["state"] != "PendingDeletion");
            pending = before - keys.len();
        }
        if let Some(buckets) = account["Buckets"].as_array_mut() {
            buckets.retain(|bucket| !bucket["name"].as_str().unwrap_or_default().starts_with("sce-registry-"));
        }
        (account, twice, pending)
    }

    fn apply(&mut self, spec: usize, killed_at: Option<usize>, again: bool) -> Ran {
        let path = crate::spec(self.folder.path(), PIT, SPECS[spec]);
        let mut command = self.proxy.sce(&self.emulators);
        command.arg("apply").arg(path).arg("--reopen");
        if again {
            command.arg("--take-over");
        }
        self.proxy.rule([]);
        self.proxy.kill_at(killed_at);
        self.proxy.run(&mut command)
    }

    fn close_out(&mut self, killed_at: Option<usize>, again: bool) -> Ran {
        self.archives += 1;
        let archive = self.folder.path().join(format!("archive-{}", self.archives));
        let mut command = self.proxy.sce(&self.emulators);
        command
            .args(["close-out", PIT, "--dangerously-discard-unarchived", "--while-machines-run", "--archive"])
            .arg(archive);
        if again {
            command.arg("--take-over");
        }
        self.proxy.rule([]);
        self.proxy.kill_at(killed_at);
        self.proxy.run(&mut command)
    }
}

impl Default for Walker {
    fn default() -> Self {
        Self::new()
    }
}

/// A deed that makes sense where the model is; half the runs are killed somewhere.
fn drawn(dice: &mut Rng, model: Model) -> Deed {
    let killed_at = dice.bool().then(|| dice.usize(20..320));
    match (model, dice.usize(0..10)) {
        (Model::Present(_), 0..=3) => Deed::Drift(dice.usize(0..DRIFTS.len())),
        (Model::Present(_) | Model::Unsure, 4..=5) => Deed::CloseOut { killed_at },
        _ => Deed::Apply { spec: dice.usize(0..SPECS.len()), killed_at },
    }
}
