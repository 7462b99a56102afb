//! What is told while a long piece of work goes on.

mod tree;

use std::io::{self, IsTerminal as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use sce::transfer::Progress as Transfer;
use sce::{Deed, Step};

use self::tree::Tree;
use crate::output::{note, printable};

/// No line below the bar is wider: terminals have 80 columns at least.
const WIDTH: usize = 78;

/// From what expected time on a plain line tells that something has begun: a log should not look as if nothing happened.
const LONG: Duration = Duration::from_secs(30);

/// A bar on a terminal, and below it what is under way and what waits; elsewhere one plain line for each finished step; nothing when
/// quiet.
pub(crate) enum Progress {
    /// Nothing is told.
    Silent,
    /// One line for each finished step.
    Lines,
    /// A bar, which goes when the work is done, and what stands below it.
    Bar(ProgressBar, Arc<Mutex<Tree>>),
}

impl Progress {
    /// For standard error as it is. `about` is what is being done.
    pub(crate) fn new(quiet: bool, about: &str) -> Self {
        match quiet {
            true => Self::Silent,
            false if io::stderr().is_terminal() => {
                let tree = Arc::default();
                Self::Bar(bar(about, &tree), tree)
            }
            false => Self::Lines,
        }
    }

    /// Tells of a step.
    pub(crate) fn step(&self, step: &Step) {
        match self {
            Self::Silent => {}
            Self::Lines if step.deed.is_final() => note(&line(step)),
            Self::Lines => {
                if let Some(expected) = step.expected.filter(|expected| *expected >= LONG) {
                    note(&format!("{} {}, about {}", step.deed.word(), step.subject, tree::told(expected)));
                }
            }
            // It is to be read after the bar has gone, too.
            Self::Bar(bar, _) if step.deed == Deed::Foreign => bar.suspend(|| note(&line(step))),
            Self::Bar(bar, tree) => {
                // A poisoned lock still holds a whole tree: a step is taken in at once.
                tree.lock().unwrap_or_else(PoisonError::into_inner).take(step, Instant::now());
                if step.deed == Deed::Waiting {
                    return;
                }
                bar.set_length(step.total as u64);
                bar.set_position(step.done as u64);
                bar.set_message(printable(&message(step)));
            }
        }
    }

    /// Tells how far a transfer is.
    pub(crate) fn transfer(&self, progress: Transfer) {
        let (deed, done, total) = match progress {
            Transfer::Hashing { done, total } => ("hashing", done, total),
            Transfer::Sending { done, total } => ("sending", done, total),
            Transfer::Receiving { done, total } => ("receiving", done, total),
            Transfer::Checking { done, total } => ("checking", done, total),
        };
        if let Self::Bar(bar, _) = self {
            bar.set_message(deed);
        }
        self.amount(done, total);
    }

    /// Tells how much of one thing is done, such as rows of a file; too often for lines.
    pub(crate) fn amount(&self, done: u64, total: u64) {
        if let Self::Bar(bar, _) = self {
            bar.set_length(total);
            bar.set_position(done);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Self::Bar(bar, _) = self {
            bar.finish_and_clear();
        }
    }
}

fn bar(about: &str, tree: &Arc<Mutex<Tree>>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {msg} [{bar:30}] {pos}/{len} {elapsed}{tree}");
    let tree = tree.clone();
    // Asked at each redraw, so that the times run on between steps.
    let below = move |_: &ProgressState, text: &mut dyn std::fmt::Write| {
        for line in tree.lock().unwrap_or_else(PoisonError::into_inner).lines(Instant::now(), WIDTH) {
            // The bar is redrawn in a moment; a line that is missing once is no loss.
            let _ = write!(text, "\n{}", printable(&line));
        }
    };
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).with_key("tree", below));
    bar.set_message(about.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// `created vpc (7/28)`
fn line(step: &Step) -> String {
    if step.deed == Deed::Foreign {
        return format!("not ours: {} stands in the network; it stays, and the VPC with it", step.subject);
    }
    format!("{} {} ({}/{})", step.deed.word(), step.subject, step.done, step.total)
}

/// What is going on now. After the last node apply has only the reading back left.
fn message(step: &Step) -> String {
    let built = matches!(step.deed, Deed::Created | Deed::Kept | Deed::Settled);
    match built && step.done == step.total {
        true => "reading everything back".to_owned(),
        false => format!("{} {}", step.deed.word(), step.subject),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(deed: Deed, done: usize) -> Step {
        Step { subject: "vpc".to_owned(), deed, done, total: 28, on: Vec::new(), expected: None }
    }

    #[test]
    fn a_step_is_told_with_its_place_among_all() {
        assert_eq!(line(&step(Deed::Created, 7)), "created vpc (7/28)");
        assert_eq!(message(&step(Deed::Creating, 6)), "creating vpc");
    }

    #[test]
    fn after_the_last_node_everything_is_read_back() {
        assert_eq!(message(&step(Deed::Kept, 28)), "reading everything back");
        assert_eq!(message(&step(Deed::Deleted, 28)), "deleted vpc");
    }
}
