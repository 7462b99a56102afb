//! The journal of one environment: what was about to be done and what came of it, one document a run.
//!
//! Lines are noted at once and written together: whoever needs a line to be durable waits for the write that holds it, and one write
//! holds all that was noted before it began. So intents of things made side by side share a request, and results ride along.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{Span, Timestamp};
use sce_core::journal::{self, Event, IllegalMove, State};
use sce_core::value::NodeId;
use serde::{Deserialize, Serialize};

use super::{Registry, RegistryError};
use crate::ids::Attributes;

/// What is known of every thing, and this run's lines.
#[derive(Debug)]
pub(crate) struct Journal<'a> {
    pages: Pages<'a>,
    states: BTreeMap<NodeId, State<Attributes>>,
    /// When each thing was last written about.
    touched: BTreeMap<NodeId, Timestamp>,
    /// When anything was: lines of later runs are dated after it, whatever the clock of the machine they run on says.
    latest: Timestamp,
    /// Earlier runs by name, oldest first, and what each was about to create.
    runs: Vec<(String, BTreeSet<NodeId>)>,
}

/// One line of the journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    schema_version: u32,
    at: Timestamp,
    node: NodeId,
    event: Event<Attributes>,
}

/// This run's document: its lines, and how much of them is written.
#[derive(Clone, Debug)]
pub(crate) struct Pages<'a> {
    registry: &'a Registry<'a>,
    name: String,
    lines: Arc<Mutex<String>>,
    /// How many bytes of the lines are durable. Whoever holds it writes; the others wait, and mostly find that it was written for them.
    written: Arc<tokio::sync::Mutex<usize>>,
}

/// How far the document must be written for a line to be durable.
#[derive(Clone, Copy, Debug)]
#[must_use = "a line is durable once the pages are written up to it"]
pub(crate) struct Mark(usize);

impl<'a> Journal<'a> {
    /// Reads what earlier runs wrote, in the order in which they happened: runs follow each other, since each holds the lease, and a
    /// later one dates its lines after all that it read.
    pub(crate) async fn open(registry: &'a Registry<'a>, run: &str) -> Result<Self, RegistryError> {
        let names = registry.runs().await?;
        let texts = futures_util::future::try_join_all(names.iter().map(|name| registry.read(name))).await?;
        let texts = texts.into_iter().map(|text| String::from_utf8_lossy(&text.unwrap_or_default()).into_owned());
        Self::of(registry, run, names.into_iter().zip(texts))
    }

    /// What the documents of earlier runs tell, each by its name.
    fn of(
        registry: &'a Registry<'a>,
        run: &str,
        written: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, RegistryError> {
        let mut documents: Vec<(Option<Timestamp>, String, Vec<Line>)> = Vec::new();
        for (name, text) in written {
            let lines: Result<Vec<Line>, _> = text.lines().map(serde_json::from_str).collect();
            let lines = lines.map_err(|error| registry.unreadable(&name, error))?;
            documents.push((lines.first().map(|line| line.at), name, lines));
        }
        documents.sort_by(|(at, name, _), (later, other, _)| (at, name).cmp(&(later, other)));
        let (mut events, mut touched, mut runs) = (Vec::new(), BTreeMap::new(), Vec::new());
        for (_, name, lines) in documents {
            let mut made = BTreeSet::new();
            for line in lines {
                touched.insert(line.node.clone(), line.at);
                if line.event == Event::Creating {
                    made.insert(line.node.clone());
                }
                events.push((line.node, line.event));
            }
            let run = name.trim_start_matches("journal/").trim_end_matches(".jsonl");
            runs.push((run.to_owned(), made));
        }
        let latest = touched.values().max().copied().unwrap_or_default();
        let states = journal::states(events).map_err(|error: IllegalMove| registry.unreadable("journal", error))?;
        let name = format!("journal/{run}.jsonl");
        let pages = Pages { registry, name, lines: Arc::default(), written: Arc::default() };
        Ok(Self { pages, states, touched, latest, runs })
    }

    /// One that knows nothing: of an account without a registry.
    pub(crate) fn empty(registry: &'a Registry<'a>) -> Self {
        let pages = Pages { registry, name: String::new(), lines: Arc::default(), written: Arc::default() };
        Self {
            pages,
            states: BTreeMap::new(),
            touched: BTreeMap::new(),
            latest: Timestamp::default(),
            runs: Vec::new(),
        }
    }

    /// Whether no run before this one wrote anything down.
    pub(crate) fn is_first(&self) -> bool {
        self.runs.is_empty()
    }

    /// What is known of a thing.
    pub(crate) fn state(&self, node: &NodeId) -> &State<Attributes> {
        self.states.get(node).unwrap_or(&State::Absent)
    }

    /// Things that exist, or may.
    pub(crate) fn present(&self) -> impl Iterator<Item = &NodeId> {
        let gone = |state: &State<Attributes>| matches!(state, State::Absent | State::Scheduled(_));
        self.states.iter().filter(move |(_, state)| !gone(state)).map(|(id, _)| id)
    }

    /// The latest run that made anything which is there, or may be, and what that is.
    pub(crate) fn latest_made(&self) -> Option<(String, BTreeSet<NodeId>)> {
        let present: BTreeSet<&NodeId> = self.present().collect();
        let of_run = |(run, made): &(String, BTreeSet<NodeId>)| {
            let there: BTreeSet<NodeId> = made.iter().filter(|id| present.contains(id)).cloned().collect();
            (!there.is_empty()).then(|| (run.clone(), there))
        };
        self.runs.iter().rev().find_map(of_run)
    }

    /// What AWS was last known to call a thing.
    pub(crate) fn attributes(&self, node: &NodeId) -> Option<&Attributes> {
        match self.state(node) {
            State::Present(attributes) | State::Changing(attributes) | State::Deleting(Some(attributes)) => {
                Some(attributes)
            }
            State::Absent | State::Creating | State::Deleting(None) | State::Scheduled(_) => None,
        }
    }

    /// When a run of ours last wrote about a thing that it had touched; none when none ever did.
    pub(crate) fn touched(&self, node: &NodeId) -> Option<Timestamp> {
        self.touched.get(node).copied()
    }

    /// Writes down what is about to happen or has happened, and waits until that is durable.
    pub(crate) async fn record(&mut self, node: &NodeId, event: Event<Attributes>) -> Result<(), RegistryError> {
        let mark = self.note(node, event)?;
        self.pages.write(mark).await
    }

    /// Notes what is about to happen or has happened; it is durable once the pages are written up to the mark.
    pub(crate) fn note(&mut self, node: &NodeId, event: Event<Attributes>) -> Result<Mark, RegistryError> {
        let registry = self.pages.registry;
        let state = self.state(node).after(&event).map_err(|error| registry.unreadable("journal", error))?;
        let (schema_version, at) = (journal::SCHEMA_VERSION, self.dated(registry.session.world.now()));
        let line = Line { schema_version, at, node: node.clone(), event };
        self.states.insert(node.clone(), state);
        self.touched.insert(node.clone(), at);
        Ok(self.pages.add(&serde_json::to_string(&line).unwrap_or_default()))
    }

    /// The time of the next line: now, or just after the last line that anybody wrote.
    fn dated(&mut self, now: Timestamp) -> Timestamp {
        let after = self.latest.saturating_add(Span::new().nanoseconds(1)).unwrap_or(now);
        self.latest = now.max(after);
        self.latest
    }

    /// This run's document.
    pub(crate) fn pages(&self) -> Pages<'a> {
        self.pages.clone()
    }
}

impl Pages<'_> {
    /// Makes everything up to the mark durable: by a write of its own, or by one that was under way for others.
    pub(crate) async fn write(&self, mark: Mark) -> Result<(), RegistryError> {
        let mut written = self.written.lock().await;
        if *written >= mark.0 {
            return Ok(());
        }
        let text = self.text().clone();
        self.registry.write(&self.name, &text).await?;
        *written = text.len();
        Ok(())
    }

    /// Makes everything that was noted durable.
    pub(crate) async fn write_all(&self) -> Result<(), RegistryError> {
        let mark = Mark(self.text().len());
        self.write(mark).await
    }

    fn add(&self, line: &str) -> Mark {
        let mut lines = self.text();
        lines.push_str(line);
        lines.push('\n');
        Mark(lines.len())
    }

    fn text(&self) -> std::sync::MutexGuard<'_, String> {
        // A poisoned lock still holds whole lines: nothing is half-written under it.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::Replay;

    const DOCUMENT: &str = "/sce-registry-111122223333-us-west-2/pits/hipaa/journal/run.jsonl";

    fn journal<'a>(registry: &'a Registry<'a>) -> Journal<'a> {
        let name = "journal/run.jsonl".to_owned();
        let pages = Pages { registry, name, lines: Arc::default(), written: Arc::default() };
        Journal {
            pages,
            states: BTreeMap::new(),
            touched: BTreeMap::new(),
            latest: Timestamp::default(),
            runs: Vec::new(),
        }
    }

    #[tokio::test]
    async fn one_write_makes_all_that_was_noted_before_it_durable() {
        let replay = Replay::of("s3", [(DOCUMENT, 200, String::new()), (DOCUMENT, 200, String::new())]);
        let session = replay.session().await;
        let pit = "hipaa".parse().unwrap();
        let registry = Registry::new(&session, &pit);
        let mut journal = journal(&registry);
        let (vpc, key): (NodeId, NodeId) = ("vpc".parse().unwrap(), "key".parse().unwrap());
        let (first, second) =
            (journal.note(&vpc, Event::Creating).unwrap(), journal.note(&key, Event::Creating).unwrap());
        let pages = journal.pages();
        let (one, other) = tokio::join!(pages.write(first), pages.write(second));
        assert!(one.is_ok() && other.is_ok());
        let _ = journal.note(&vpc, Event::Present(Attributes::id("vpc-1"))).unwrap();
        pages.write_all().await.unwrap();
        pages.write_all().await.unwrap();
        let written: Vec<usize> = replay.finished().iter().map(|request| lines(&request.body)).collect();
        assert_eq!(written, [2, 3], "two writes, the second with everything");
        assert_eq!(journal.attributes(&vpc).map(|attributes| attributes.id.as_str()), Some("vpc-1"));
    }

    #[tokio::test]
    async fn runs_are_read_as_they_happened_and_later_lines_are_dated_later_whatever_the_clock_says() {
        let session = Replay::of("s3", []).session().await;
        let pit = "hipaa".parse().unwrap();
        let registry = Registry::new(&session, &pit);
        let line = |at: &str, event: &str| {
            format!(r#"{{"schema_version":1,"at":"{at}","node":"vpc","event":{event}}}"#) + "\n"
        };
        // The second of two runs of one second, by a name that sorts first, on a machine whose clock is a century ahead.
        let first = line("2126-01-01T00:00:00.2Z", r#""creating""#)
            + &line("2126-01-01T00:00:00.3Z", r#"{"failed":"told to stop"}"#);
        let second = line("2126-01-01T00:00:00.4Z", r#"{"present":{"id":"vpc-1"}}"#)
            + &line("2126-01-01T00:00:00.5Z", r#""changing""#);
        let written = [("journal/r-b.jsonl", first), ("journal/r-a.jsonl", second)];
        let written = written.map(|(name, text)| (name.to_owned(), text));
        let mut journal = Journal::of(&registry, "r-c", written).unwrap();
        let vpc: NodeId = "vpc".parse().unwrap();
        assert_eq!(journal.state(&vpc).word(), "being changed");
        assert_eq!(journal.runs.iter().map(|(run, _)| run.as_str()).collect::<Vec<_>>(), ["r-b", "r-a"]);
        let _ = journal.note(&vpc, Event::Deleting).unwrap();
        assert_eq!(journal.touched(&vpc).unwrap().to_string(), "2126-01-01T00:00:00.500000001Z");
    }

    #[tokio::test]
    async fn what_was_not_written_is_written_with_the_next() {
        let refused = "<Error><Code>AccessDenied</Code></Error>".to_owned();
        let replay = Replay::of("s3", [(DOCUMENT, 403, refused), (DOCUMENT, 200, String::new())]);
        let session = replay.session().await;
        let pit = "hipaa".parse().unwrap();
        let registry = Registry::new(&session, &pit);
        let mut journal = journal(&registry);
        let vpc: NodeId = "vpc".parse().unwrap();
        assert!(
            journal.record(&vpc, Event::Creating).await.is_err(),
            "no call may follow an intent that is not durable"
        );
        journal.record(&vpc, Event::Failed("denied".to_owned())).await.unwrap();
        assert_eq!(lines(&replay.finished()[1].body), 2);
    }

    /// Lines of the journal in a request, which the SDK may have sent in chunks.
    fn lines(body: &str) -> usize {
        body.matches("\"schema_version\"").count()
    }
}
