//! What a long piece of work tells while it goes on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sce_core::plan::{Node, expected};

/// A step of a long piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is about: a node of the plan, or a bucket.
    pub subject: String,
    /// What is being done, or was.
    pub deed: Deed,
    /// How many subjects are done, this one included when its deed is.
    pub done: usize,
    /// How many there are.
    pub total: usize,
    /// What it waits on, where it is told that it waits: subjects of other steps.
    pub on: Vec<String>,
    /// How long it is expected to take, by a table of estimates; none where there is none.
    pub expected: Option<Duration>,
}

/// What is being done, or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It waits until what it needs is there.
    Waiting,
    /// Looking whether it is there.
    Looking,
    /// A call that makes it is sent.
    Creating,
    /// It is made.
    Created,
    /// It was there, as planned.
    Kept,
    /// It was there and is being brought to the plan.
    Settling,
    /// It was there and is now as planned.
    Settled,
    /// Its content is copied out.
    Archiving,
    /// A call that deletes it is sent.
    Deleting,
    /// It is gone.
    Deleted,
    /// AWS will delete it later.
    Scheduled,
    /// It could not be deleted.
    Left,
    /// It stands in the environment's network, is somebody else's, and stays.
    Foreign,
    /// A machine is being stopped.
    Stopping,
    /// A machine is stopped.
    Stopped,
    /// A machine is being started.
    Starting,
    /// A machine runs.
    Started,
}

impl Deed {
    /// The deed as a word, in one width's reach for tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Looking => "looking",
            Self::Creating => "creating",
            Self::Created => "created",
            Self::Kept => "kept",
            Self::Settling => "settling",
            Self::Settled => "settled",
            Self::Archiving => "archiving",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
            Self::Scheduled => "scheduled",
            Self::Left => "left",
            Self::Foreign => "foreign",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Started => "started",
        }
    }

    /// Whether the subject is done with.
    #[must_use]
    pub fn is_final(self) -> bool {
        let begun = [Self::Waiting, Self::Looking, Self::Creating, Self::Settling, Self::Archiving, Self::Deleting];
        !begun.contains(&self) && !matches!(self, Self::Stopping | Self::Starting)
    }
}

/// Who listens to a long piece of work.
pub type Listener<'a> = &'a (dyn Fn(&Step) + Sync);

/// Counts subjects and tells the listener.
pub(crate) struct Teller<'a> {
    listener: Listener<'a>,
    done: AtomicUsize,
    total: usize,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(listener: Listener<'a>, total: usize) -> Self {
        Self { listener, done: AtomicUsize::new(0), total }
    }

    /// One for other subjects, which tells the same listener.
    pub(crate) fn anew(&self, total: usize) -> Self {
        Self::new(self.listener, total)
    }

    /// Something that is no subject of this work, and is told since it will be in its way.
    pub(crate) fn foreign(&self, thing: &str) {
        (self.listener)(&Step {
            subject: thing.to_owned(),
            deed: Deed::Foreign,
            done: self.done.load(Ordering::Relaxed),
            total: self.total,
            on: Vec::new(),
            expected: None,
        });
    }

    pub(crate) fn node(&self, node: &Node, deed: Deed) {
        let done = match deed.is_final() {
            true => self.done.fetch_add(1, Ordering::Relaxed) + 1,
            false => self.done.load(Ordering::Relaxed),
        };
        let expected = (deed == Deed::Creating).then(|| expected(node.properties.kind()));
        (self.listener)(&Step {
            subject: node.id.to_string(),
            deed,
            done,
            total: self.total,
            on: Vec::new(),
            expected,
        });
    }

    /// Tells that a node waits, and on what.
    pub(crate) fn waiting(&self, node: &Node) {
        let (subject, on) = (node.id.to_string(), node.needs.iter().map(ToString::to_string).collect());
        let (deed, done) = (Deed::Waiting, self.done.load(Ordering::Relaxed));
        (self.listener)(&Step { subject, deed, done, total: self.total, on, expected: None });
    }
}
