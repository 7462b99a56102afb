//! In which order a plan's things are done when several can be done at once: what may start now, what waits on what, and what a failure
//! holds up.
//!
//! It decides and nothing else: whoever does the work asks what may start, and tells what ended. It is generic over what it calls a
//! thing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use thiserror::Error;

use crate::plan::{Node, expected};
use crate::value::NodeId;

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task<I> {
    /// What it is called.
    pub id: I,
    /// What must be done before it. What is no task of the same schedule is taken to be done.
    pub needs: Vec<I>,
    /// How long it is expected to take: of what may start, that which begins the longest chain starts first.
    pub expected: Duration,
}

impl Task<NodeId> {
    /// Making a node of a plan.
    #[must_use]
    pub fn of(node: &Node) -> Self {
        Self { id: node.id.clone(), needs: node.needs.clone(), expected: expected(node.properties.kind()) }
    }
}

/// Things that need each other in a ring, so that none of them can ever start.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("these need each other in a ring: {}", .0.join(", "))]
pub struct Ring(pub Vec<String>);

/// How far each of several things is.
#[derive(Clone, Debug)]
pub struct Schedule<I> {
    waiting: BTreeMap<I, Waiting<I>>,
    started: BTreeSet<I>,
    failed: BTreeSet<I>,
    dependents: BTreeMap<I, Vec<I>>,
    stopped: bool,
}

/// Something that has not started.
#[derive(Clone, Debug)]
struct Waiting<I> {
    /// What of its needs is not done.
    on: BTreeSet<I>,
    /// The expected length of the longest chain that begins with it.
    chain: Duration,
    /// Its place among all, which decides between chains of one length.
    place: usize,
}

impl<I: Clone + Ord + std::fmt::Display> Schedule<I> {
    /// Of these things; of two of one name the first counts.
    ///
    /// # Errors
    /// When some need each other in a ring.
    pub fn new(tasks: impl IntoIterator<Item = Task<I>>) -> Result<Self, Ring> {
        let mut tasks: Vec<Task<I>> = tasks.into_iter().collect();
        let mut named = BTreeSet::new();
        tasks.retain(|task| named.insert(task.id.clone()));
        let mut dependents: BTreeMap<I, Vec<I>> = BTreeMap::new();
        let mut waiting = BTreeMap::new();
        for (place, task) in tasks.iter().enumerate() {
            let on: BTreeSet<I> = task.needs.iter().filter(|need| named.contains(need)).cloned().collect();
            for need in &on {
                dependents.entry(need.clone()).or_default().push(task.id.clone());
            }
            waiting.insert(task.id.clone(), Waiting { on, chain: Duration::ZERO, place });
        }
        let lengths: BTreeMap<&I, Duration> = tasks.iter().map(|task| (&task.id, task.expected)).collect();
        let mut schedule =
            Self { waiting, started: BTreeSet::new(), failed: BTreeSet::new(), dependents, stopped: false };
        for id in schedule.in_order()?.into_iter().rev() {
            let after = schedule.dependents.get(&id).into_iter().flatten();
            let longest = after.filter_map(|next| schedule.waiting.get(next)).map(|next| next.chain).max();
            let chain = longest.unwrap_or_default() + lengths.get(&id).copied().unwrap_or_default();
            if let Some(waiting) = schedule.waiting.get_mut(&id) {
                waiting.chain = chain;
            }
        }
        Ok(schedule)
    }

    /// What starts next, if anything may: of what waits on nothing, that which begins the longest chain. It counts as started.
    pub fn start(&mut self) -> Option<I> {
        if self.stopped {
            return None;
        }
        let ready = self.waiting.iter().filter(|(_, waiting)| waiting.on.is_empty());
        let (id, _) = ready.max_by_key(|(_, waiting)| (waiting.chain, std::cmp::Reverse(waiting.place)))?;
        let id = id.clone();
        self.waiting.remove(&id);
        self.started.insert(id.clone());
        Some(id)
    }

    /// One that started is done: what needs it waits on it no more.
    pub fn done(&mut self, id: &I) {
        if self.started.remove(id) {
            for dependent in self.dependents.get(id).into_iter().flatten() {
                if let Some(waiting) = self.waiting.get_mut(dependent) {
                    waiting.on.remove(id);
                }
            }
        }
    }

    /// One that started failed: what needs it never starts. Others may, unless all is stopped.
    pub fn failed(&mut self, id: &I) {
        if self.started.remove(id) {
            self.failed.insert(id.clone());
        }
    }

    /// From now on nothing starts; what is under way may still end.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether nothing is under way and nothing can start any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let may_start = || !self.stopped && self.waiting.values().any(|waiting| waiting.on.is_empty());
        self.started.is_empty() && !may_start()
    }

    /// What is under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.started.len()
    }

    /// What has not started, and of its needs those that are not done.
    pub fn waiting(&self) -> impl Iterator<Item = (&I, &BTreeSet<I>)> {
        self.waiting.iter().map(|(id, waiting)| (id, &waiting.on))
    }

    /// What has not started and cannot, since something it needs, or that needs in turn, failed.
    #[must_use]
    pub fn held_up(&self) -> BTreeSet<I> {
        let mut held = BTreeSet::new();
        let mut next: Vec<&I> = self.failed.iter().collect();
        while let Some(id) = next.pop() {
            for dependent in self.dependents.get(id).into_iter().flatten() {
                if held.insert(dependent.clone()) {
                    next.push(dependent);
                }
            }
        }
        held
    }

    /// All of them, each after what it needs.
    fn in_order(&self) -> Result<Vec<I>, Ring> {
        let mut missing: BTreeMap<&I, usize> =
            self.waiting.iter().map(|(id, waiting)| (id, waiting.on.len())).collect();
        let mut ready: Vec<&I> = missing.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
        let mut order = Vec::new();
        while let Some(id) = ready.pop() {
            missing.remove(id);
            order.push(id.clone());
            for dependent in self.dependents.get(id).into_iter().flatten() {
                if let Some((name, count)) = self.waiting.get_key_value(dependent).and_then(|(name, _)| {
                    let count = missing.get_mut(name)?;
                    *count -= 1;
                    Some((name, *count))
                }) && count == 0
                {
                    ready.push(name);
                }
            }
        }
        match missing.is_empty() {
            true => Ok(order),
            false => Err(Ring(missing.keys().map(ToString::to_string).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn task(id: &'static str, needs: &[&'static str], seconds: u64) -> Task<&'static str> {
        Task { id, needs: needs.to_vec(), expected: Duration::from_secs(seconds) }
    }

    fn network() -> Schedule<&'static str> {
        let tasks = [
            task("vpc", &["registry"], 2),
            task("subnet", &["vpc"], 1),
            task("acl", &["subnet"], 1),
            task("gateway", &["vpc"], 1),
            task("nat", &["subnet", "gateway"], 90),
            task("route", &["nat"], 1),
            task("key", &[], 2),
        ];
        Schedule::new(tasks).unwrap()
    }

    fn started(schedule: &mut Schedule<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| schedule.start()).collect()
    }

    #[test]
    fn what_waits_on_nothing_starts_and_the_longest_chain_first() {
        let mut schedule = network();
        assert_eq!(started(&mut schedule), ["vpc", "key"], "what is in no task is taken to be there");
        schedule.done(&"vpc");
        assert_eq!(started(&mut schedule), ["subnet", "gateway"]);
        schedule.done(&"subnet");
        let waits: Vec<_> = schedule.waiting().map(|(id, on)| (*id, on.iter().copied().collect::<Vec<_>>())).collect();
        assert_eq!(waits, [("acl", vec![]), ("nat", vec!["gateway"]), ("route", vec!["nat"])]);
        schedule.done(&"gateway");
        assert_eq!(started(&mut schedule), ["nat", "acl"], "what takes long does not hold up what does not need it");
    }

    #[test]
    fn a_failure_holds_up_what_needs_it_and_nothing_else() {
        let mut schedule = network();
        started(&mut schedule);
        schedule.done(&"vpc");
        started(&mut schedule);
        schedule.failed(&"gateway");
        assert_eq!(schedule.held_up(), BTreeSet::from(["nat", "route"]));
        schedule.done(&"subnet");
        assert_eq!(started(&mut schedule), ["acl"]);
        schedule.stop();
        assert_eq!((schedule.under_way(), schedule.is_over()), (2, false));
        schedule.done(&"acl");
        schedule.done(&"key");
        assert!(schedule.is_over());
    }

    #[test]
    fn things_that_need_each_other_are_told() {
        let ring = Schedule::new([task("a", &["b"], 1), task("b", &["a"], 1), task("c", &[], 1)]).unwrap_err();
        assert_eq!(ring.to_string(), "these need each other in a ring: a, b");
    }

    /// A graph without rings: each node needs some of those before it; and which of its nodes fail.
    fn graphs() -> impl Strategy<Value = (Vec<Vec<usize>>, BTreeSet<usize>)> {
        (1..24_usize).prop_flat_map(|size| {
            let needs = (0..size).map(|node| proptest::collection::vec(0..node.max(1), 0..4.min(node + 1)));
            let needs: Vec<_> = needs.collect();
            (needs, proptest::collection::btree_set(0..size, 0..3))
        })
    }

    fn schedule_of(graph: &[Vec<usize>]) -> Schedule<usize> {
        let tasks = graph.iter().enumerate().map(|(id, needs)| {
            let needs = needs.iter().copied().filter(|need| *need < id).collect();
            Task { id, needs, expected: Duration::from_secs(id as u64 % 7) }
        });
        Schedule::new(tasks).unwrap()
    }

    proptest! {
        /// Whatever ends first, and however many are under way: each comes once, after all it needs; what needs a failed one never
        /// starts, and everything else does.
        #[test]
        fn every_order_respects_what_is_needed(
            (graph, failing) in graphs(),
            width in 1..6_usize,
            picks in proptest::collection::vec(any::<prop::sample::Index>(), 24),
        ) {
            let mut schedule = schedule_of(&graph);
            let (mut under_way, mut done, mut seen) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
            let mut picks = picks.into_iter();
            loop {
                while under_way.len() < width && let Some(id) = schedule.start() {
                    prop_assert!(seen.insert(id), "{id} started twice");
                    let needs = graph[id].iter().filter(|need| **need < id);
                    prop_assert!(needs.clone().all(|need| done.contains(need)), "{id} started before what it needs");
                    under_way.push(id);
                }
                if under_way.is_empty() {
                    break;
                }
                let pick = picks.next().map_or(0, |pick| pick.index(under_way.len()));
                let id = under_way.swap_remove(pick);
                match failing.contains(&id) {
                    true => schedule.failed(&id),
                    false => {
                        schedule.done(&id);
                        done.insert(id);
                    }
                }
            }
            prop_assert!(schedule.is_over());
            let held = schedule.held_up();
            prop_assert!(held.is_disjoint(&seen));
            prop_assert_eq!(held.len() + seen.len(), graph.len());
        }

        /// Once stopped nothing starts, and it is over when what is under way has ended.
        #[test]
        fn what_is_stopped_only_ends((graph, _) in graphs(), before in 0..6_usize) {
            let mut schedule = schedule_of(&graph);
            let under_way: Vec<usize> = std::iter::from_fn(|| schedule.start()).take(before).collect();
            schedule.stop();
            prop_assert_eq!(schedule.under_way(), under_way.len());
            for id in under_way {
                prop_assert!(!schedule.is_over());
                schedule.done(&id);
                prop_assert_eq!(schedule.start(), None);
            }
            prop_assert!(schedule.is_over());
        }
    }
}
