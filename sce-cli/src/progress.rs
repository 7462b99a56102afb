//! What is told while a long piece of work goes on.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sce::transfer::Progress as Transfer;
use sce::{Deed, Step};

use crate::output::{note, printable};

/// A bar on a terminal; elsewhere one plain line for each finished step; nothing when quiet.
pub(crate) enum Progress {
    /// Nothing is told.
    Silent,
    /// One line for each finished step.
    Lines,
    /// A bar, which goes when the work is done.
    Bar(ProgressBar),
}

impl Progress {
    /// For standard error as it is. `about` is what is being done.
    pub(crate) fn new(quiet: bool, about: &str) -> Self {
        match quiet {
            true => Self::Silent,
            false if io::stderr().is_terminal() => Self::Bar(bar(about)),
            false => Self::Lines,
        }
    }

    /// Tells of a step.
    pub(crate) fn step(&self, step: &Step) {
        match self {
            Self::Silent => {}
            Self::Lines if step.deed.is_final() => note(&line(step)),
            Self::Lines => {}
            Self::Bar(bar) => {
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
        if let Self::Bar(bar) = self {
            bar.set_message(deed);
        }
        self.amount(done, total);
    }

    /// Tells how much of one thing is done, such as rows of a file; too often for lines.
    pub(crate) fn amount(&self, done: u64, total: u64) {
        if let Self::Bar(bar) = self {
            bar.set_length(total);
            bar.set_position(done);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn bar(about: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {msg} [{bar:30}] {pos}/{len} {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(about.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// `created vpc (7/28)`
fn line(step: &Step) -> String {
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
        Step { subject: "vpc".to_owned(), deed, done, total: 28 }
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
