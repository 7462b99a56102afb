//! Many nodes side by side, in an order that the core decides.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use sce_core::plan::Node;
use sce_core::schedule::{Schedule, Task};
use sce_core::value::NodeId;

use super::run::{Run, Work, registry};
use super::{ApplyError, LeftBehind};
use crate::progress::Teller;

/// How many nodes are worked on at once: enough that a plan's width is used, and few enough that a failure leaves little in flight. How
/// fast requests go out is not decided here, but by the service's rates.
const IN_FLIGHT: usize = 24;

impl Run<'_> {
    /// Builds these nodes, each as soon as all that it needs is there. At the first failure, or when it is interrupted, nothing new
    /// starts; what is in flight is finished and journalled, and what else failed is told as well.
    pub(crate) async fn walk(&self, nodes: &[&Node], work: &Work<'_>, teller: &Teller<'_>) -> Result<(), ApplyError> {
        let mut schedule = Schedule::new(nodes.iter().map(|node| Task::of(node))).map_err(ApplyError::NoOrder)?;
        for node in nodes {
            teller.waiting(node);
        }
        let failures = work.held.during(self.work_through(&mut schedule, nodes, work, teller)).await;
        let written = work.write_all().await;
        let mut not_begun: BTreeSet<NodeId> = schedule.waiting().map(|(id, _)| id.clone()).collect();
        let mut left = self.left();
        let (interrupted, failed): (Vec<_>, Vec<_>) = failures.into_iter().partition(|(_, error)| error.is_interrupt());
        let is_left = |id: &NodeId| left.present.iter().chain(&left.in_doubt).any(|other| other == id.as_str());
        not_begun.extend(interrupted.into_iter().map(|(id, _)| id).filter(|id| !is_left(id)));
        let mut failed = failed.into_iter().map(|(_, error)| error);
        let first = match failed.next() {
            Some(error) => error,
            None if work.held.is_lost() => ApplyError::TakenOver { left: LeftBehind::default() },
            None if not_begun.is_empty() && left.in_doubt.is_empty() => return written.map_err(registry),
            None => ApplyError::Interrupted { left: LeftBehind::default() },
        };
        left.also_failed = failed.map(|error| error.line()).collect();
        let in_order = nodes.iter().filter(|node| not_begun.contains(&node.id));
        left.not_begun = in_order.map(|node| node.id.to_string()).collect();
        Err(first.leaving(left))
    }

    /// Works until nothing is in flight and nothing may start; answers what failed, in the order in which it did.
    async fn work_through(
        &self,
        schedule: &mut Schedule<NodeId>,
        nodes: &[&Node],
        work: &Work<'_>,
        teller: &Teller<'_>,
    ) -> Vec<(NodeId, ApplyError)> {
        let (mut in_flight, mut failures) = (FuturesUnordered::new(), Vec::new());
        loop {
            if self.session.interrupt.is_asked() || work.held.is_lost() {
                schedule.stop();
            }
            while in_flight.len() < IN_FLIGHT
                && let Some(id) = schedule.start()
            {
                let node = nodes.iter().find(|node| node.id == id).expect("the schedule has these nodes only");
                in_flight.push(async move { (id, self.journalled(node, work, teller).await) });
            }
            match in_flight.next().await {
                None => break,
                Some((id, Ok(()))) => schedule.done(&id),
                Some((id, Err(error))) => {
                    schedule.failed(&id);
                    schedule.stop();
                    failures.push((id, error));
                }
            }
        }
        failures
    }
}
