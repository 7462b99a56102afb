//! Named claims about an environment, proved or refuted by a counter-example: from a plan before anything exists, and from an account.
//!
//! A rule looks at facts one by one; a property asks what follows from all of them together, by following packets
//! ([`reach`](crate::reach)) and deciding requests ([`iam`](crate::aws::iam)). Each says over what it quantifies, what it takes for
//! granted and what lies outside it. A counter-example has been replayed, by the walk or by the evaluator, before it is told. What could
//! not be read makes a claim `unknown`, never `holds`.

mod beside;
#[cfg(test)]
mod existing;
mod grounds;
mod intent;
mod property;
mod rights;
mod stores;
#[cfg(test)]
mod testing;
mod theirs;
mod witness;

use serde::{Serialize, Serializer};

pub use intent::{Beside, Intent};
pub use witness::{Asked, Witness};

use self::grounds::Grounds;
use crate::check::{Citation, Declared};
use crate::model::{Model, Unread};
use crate::network::Network;
use crate::reach::Reach;

/// A named claim.
#[derive(Debug)]
pub struct Property {
    /// Its name; never changes its meaning.
    pub id: PropertyId,
    /// What is claimed, in one line.
    pub claim: &'static str,
    /// Over what: for which packets, principals, requests it is claimed.
    pub quantifier: &'static str,
    /// What is taken for granted.
    pub assumptions: &'static [&'static str],
    /// What lies outside it, whatever the model says.
    pub outside_claim: &'static [&'static str],
    /// The regulation it answers.
    pub cfr: &'static [Citation],
    /// Whether what the spec declares asks for it; a plan that fails one it asks for is refused.
    pub required: fn(&Declared) -> bool,
    /// The examination.
    examine: fn(&Grounds<'_>) -> Examined,
}

/// The name of a property, such as `private-traffic-to-s3-takes-the-endpoint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PropertyId(pub &'static str);

/// What came of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It holds.
    Holds,
    /// It does not, and the witness shows it.
    Violated,
    /// Something that it rests on could not be read.
    Unknown,
}

/// A claim, and what came of it.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The claim.
    pub property: &'static Property,
    /// Whether the spec asks for it; one that the spec gives up openly is told and does not block.
    pub required: bool,
    /// What came of it.
    pub status: Status,
    /// Why, in a sentence.
    pub why: String,
    /// What lies outside the claim: always, and in this model.
    pub outside_claim: Vec<String>,
    /// What is taken for granted: always, and in this model.
    pub assumptions: Vec<String>,
    /// A replayed counter-example.
    pub witness: Option<Witness>,
    /// What to do about it, where what others made, or a lock made offline, decides a claim that the spec asks for.
    pub help: Option<String>,
}

/// What an examination found.
#[derive(Clone, Debug)]
struct Examined {
    status: Status,
    why: String,
    outside: Vec<String>,
    assumptions: Vec<String>,
    witness: Option<Witness>,
    /// Whether a counter-example was found where something was taken to be wide, since it could not be read.
    taken_wide: bool,
}

/// That a claim does not hold, in words, and what shows it: without an example that stands replaying, a claim is `unknown`.
type Counter = (String, Option<Witness>);

/// Every property, examined on a model, planned or live.
#[must_use]
pub fn prove(model: &Model, intent: &Intent) -> Vec<Proof> {
    prove_each(model, intent, properties())
}

fn prove_each(model: &Model, intent: &Intent, properties: &[&'static Property]) -> Vec<Proof> {
    let network = Network::of_model(model);
    let reach = Reach::of(&network);
    let grounds = Grounds::new(model, intent, &network, &reach);
    properties.iter().map(|property| property.proof(&grounds)).collect()
}

/// All properties, in the order of their telling.
#[must_use]
pub fn properties() -> &'static [&'static Property] {
    property::ALL
}

impl Property {
    fn proof(&'static self, grounds: &Grounds<'_>) -> Proof {
        let unasked = grounds.model.unread.values().any(Unread::is_unasked);
        let examined = (self.examine)(grounds).unless_unasked(unasked);
        let required = (self.required)(&grounds.intent.declared);
        let blocks = required && examined.status != Status::Holds;
        let help = blocks.then(|| theirs::help(self.id, &examined, grounds.model)).flatten();
        let Examined { status, why, outside, assumptions, witness, .. } = examined;
        let both =
            |always: &[&str], here: Vec<String>| always.iter().map(|&told| told.to_owned()).chain(here).collect();
        Proof {
            property: self,
            required,
            status,
            why,
            outside_claim: both(self.outside_claim, outside),
            assumptions: both(self.assumptions, assumptions),
            witness,
            help,
        }
    }
}

impl Proof {
    /// Whether a plan is refused for it: the spec asks for it, and it does not hold.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.required && self.status != Status::Holds
    }
}

impl Serialize for Proof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Record<'a> {
            id: PropertyId,
            claim: &'a str,
            required: bool,
            holds: bool,
            status: Status,
            why: &'a str,
            quantifier: &'a str,
            assumptions: &'a [String],
            outside_claim: &'a [String],
            cfr: &'a [Citation],
            witness: Option<&'a Witness>,
            help: Option<&'a str>,
        }
        let Property { id, claim, quantifier, cfr, .. } = self.property;
        Record {
            id: *id,
            claim,
            required: self.required,
            holds: self.status == Status::Holds,
            status: self.status,
            why: &self.why,
            quantifier,
            assumptions: &self.assumptions,
            outside_claim: &self.outside_claim,
            cfr,
            witness: self.witness.as_ref(),
            help: self.help.as_deref(),
        }
        .serialize(serializer)
    }
}

/// What `sce prove --json` writes.
#[derive(Clone, Debug, Serialize)]
pub struct Report<'a> {
    /// The version of this format.
    pub schema_version: u32,
    /// The claims, and what came of them.
    pub properties: &'a [Proof],
}

impl<'a> Report<'a> {
    /// A report of these proofs.
    #[must_use]
    pub const fn new(properties: &'a [Proof]) -> Self {
        Self { schema_version: 1, properties }
    }
}

impl Examined {
    fn holds(why: impl Into<String>) -> Self {
        Self::new(Status::Holds, why.into(), None)
    }

    fn violated(why: impl Into<String>, witness: Option<Witness>) -> Self {
        Self::new(Status::Violated, why.into(), witness)
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self::new(Status::Unknown, why.into(), None)
    }

    fn new(status: Status, why: String, witness: Option<Witness>) -> Self {
        Self { status, why, outside: Vec::new(), assumptions: Vec::new(), witness, taken_wide: false }
    }

    /// Violated if there is a counter-example; else unknown if something could not be read; else it holds.
    fn of(counter_example: Option<Counter>, unread: &[String], when_holding: impl Into<String>) -> Self {
        match (counter_example, unread) {
            (Some((why, None)), _) => {
                Self::unknown(format!("{why}, as it seems: no single example was found to show it"))
            }
            (Some((why, witness)), []) => Self::violated(why, witness),
            (Some((why, witness)), [first, ..]) => {
                let why = format!("{why}; what was not read in full is taken to be wide: {first}");
                Self { taken_wide: true, ..Self::violated(why, witness) }
            }
            (None, []) => Self::holds(when_holding),
            (None, [first, rest @ ..]) => {
                let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
                Self::unknown(format!(
                    "nothing speaks against it, and it rests on what was not read or followed: {first}{more}"
                ))
            }
        }
    }

    /// A counter-example that may rest on what nobody was asked about refutes nothing: the account may well hold what it lacks.
    fn unless_unasked(self, unasked: bool) -> Self {
        match unasked && self.taken_wide {
            true => {
                let why = format!("cannot be told before the account is asked: {}", self.why);
                Self { status: Status::Unknown, why, witness: None, ..self }
            }
            false => self,
        }
    }

    fn outside(mut self, told: impl IntoIterator<Item = String>) -> Self {
        self.outside.extend(told);
        self
    }

    fn assuming(mut self, told: impl IntoIterator<Item = String>) -> Self {
        self.assumptions.extend(told);
        self
    }
}
