//! What is being made, since when and for how long, and what waits on what: the lines below the bar.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sce::{Deed, Step};

/// How many things are shown, of those under way and of those that wait.
const SHOWN: usize = 8;

/// The state of every subject that was told of.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    under_way: BTreeMap<String, UnderWay>,
    /// What each waits on that is not done.
    waiting: BTreeMap<String, BTreeSet<String>>,
    ended: BTreeSet<String>,
}

#[derive(Debug)]
struct UnderWay {
    deed: Deed,
    since: Instant,
    expected: Option<Duration>,
}

impl Tree {
    /// Takes a step in.
    pub(super) fn take(&mut self, step: &Step, now: Instant) {
        let subject = step.subject.clone();
        match step.deed {
            Deed::Waiting => {
                let on = step.on.iter().filter(|need| !self.ended.contains(*need)).cloned().collect();
                self.waiting.insert(subject, on);
            }
            deed if deed.is_final() => {
                self.under_way.remove(&subject);
                self.waiting.remove(&subject);
                for on in self.waiting.values_mut() {
                    on.remove(&subject);
                }
                self.ended.insert(subject);
            }
            deed => {
                self.waiting.remove(&subject);
                let under_way = UnderWay { deed, since: now, expected: step.expected };
                self.under_way.insert(subject, under_way);
            }
        }
    }

    /// The lines, longest under way first; none while nothing is under way. No line is wider than asked.
    pub(super) fn lines(&self, now: Instant, width: usize) -> Vec<String> {
        let mut under_way: Vec<(&String, &UnderWay)> = self.under_way.iter().collect();
        under_way.sort_by_key(|(_, one)| one.since);
        // Looking is over in a moment; what takes longer is worth a line.
        let shown = |deed: Deed| deed != Deed::Looking;
        let worth: Vec<_> = under_way.iter().filter(|(_, one)| shown(one.deed)).collect();
        let mut lines: Vec<String> =
            worth.iter().take(SHOWN).map(|(subject, one)| format!("├ {}", one.line(subject, now))).collect();
        if worth.len() > SHOWN {
            lines.push(format!("├ and {} more", worth.len() - SHOWN));
        }
        let looked_at = under_way.len() - worth.len();
        if looked_at > 0 {
            lines.push(format!("├ looking at {looked_at}"));
        }
        // What waits on what is under way says more than what waits on what waits itself.
        let next = |on: &BTreeSet<String>| !on.is_empty() && on.iter().all(|need| self.under_way.contains_key(need));
        let next: Vec<_> = self.waiting.iter().filter(|(_, on)| next(on)).collect();
        for (subject, on) in next.iter().take(SHOWN) {
            lines.push(format!("├ {subject} waits on {}", list(on)));
        }
        let others = self.waiting.len() - next.len().min(SHOWN);
        if others > 0 {
            lines.push(format!("├ {others} more wait"));
        }
        if let Some(last) = lines.last_mut() {
            *last = last.replacen('├', "└", 1);
        }
        lines.into_iter().map(|line| line.chars().take(width).collect()).collect()
    }
}

impl UnderWay {
    /// `creating nat-gateway, 12 s of about 1 min 40 s`
    fn line(&self, subject: &str, now: Instant) -> String {
        let elapsed = now.saturating_duration_since(self.since);
        let about = self.expected.map(|expected| format!(" of about {}", told(expected))).unwrap_or_default();
        format!("{} {subject}, {}{about}", self.deed.word(), told(elapsed))
    }
}

fn list(on: &BTreeSet<String>) -> String {
    on.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// `45 s`, `1 min 40 s`
pub(super) fn told(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(subject: &str, deed: Deed, on: &[&str], expected: Option<u64>) -> Step {
        let on = on.iter().map(|&need| need.to_owned()).collect();
        let expected = expected.map(Duration::from_secs);
        Step { subject: subject.to_owned(), deed, done: 0, total: 5, on, expected }
    }

    #[test]
    fn what_is_made_is_told_with_its_time_and_what_waits_with_what_it_waits_on() {
        let (begun, mut tree) = (Instant::now(), Tree::default());
        tree.take(&step("nat-gateway", Deed::Waiting, &["subnet", "route"], None), begun);
        tree.take(&step("route-nat", Deed::Waiting, &["nat-gateway", "table"], None), begun);
        tree.take(&step("attachment", Deed::Waiting, &["instance"], None), begun);
        for done in ["subnet", "route", "table"] {
            tree.take(&step(done, Deed::Created, &[], None), begun);
        }
        tree.take(&step("nat-gateway", Deed::Creating, &[], Some(100)), begun);
        tree.take(&step("bucket-data", Deed::Settling, &[], None), begun + Duration::from_secs(5));
        tree.take(&step("key", Deed::Looking, &[], None), begun + Duration::from_secs(6));
        let expected = [
            "├ creating nat-gateway, 12 s of about 1 min 40 s",
            "├ settling bucket-data, 7 s",
            "├ looking at 1",
            "├ route-nat waits on nat-gateway",
            "└ 1 more wait",
        ];
        assert_eq!(tree.lines(begun + Duration::from_secs(12), 80), expected);
        assert_eq!(tree.lines(begun, 10)[0], "├ creating");
        for done in ["nat-gateway", "bucket-data", "key", "route-nat", "attachment"] {
            tree.take(&step(done, Deed::Created, &[], None), begun);
        }
        assert!(tree.lines(begun, 80).is_empty());
    }

    #[test]
    fn there_are_never_many_lines() {
        let (begun, mut tree) = (Instant::now(), Tree::default());
        for number in 0..40 {
            tree.take(&step(&format!("made-{number}"), Deed::Creating, &[], None), begun);
            tree.take(&step(&format!("waits-{number}"), Deed::Waiting, &["made-1"], None), begun);
        }
        let lines = tree.lines(begun, 80);
        assert_eq!(lines.len(), 2 * SHOWN + 2, "{lines:#?}");
        assert!(lines.contains(&"├ and 32 more".to_owned()) && lines.contains(&"└ 32 more wait".to_owned()));
    }
}
