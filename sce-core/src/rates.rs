//! How fast requests may be sent: token buckets below what AWS allows, from one dated table.
//!
//! The table decides and a [`Pace`] counts; waiting is the caller's, who also knows the time.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

/// The table within the crate.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../data/rates.toml")).expect("the table within the crate is read by a test")
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[expect(dead_code, reason = "for whoever reads the file")]
    as_of: String,
    bucket: Vec<Rate>,
}

/// A row of the table: what its requests may do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The service, as endpoint settings name it.
    pub service: String,
    /// Operations, by name or by how it begins: `Describe*`.
    pub operations: Vec<String>,
    /// Whether each of them has a bucket of its own.
    #[serde(default)]
    pub each: bool,
    /// How many may be sent at once after a rest.
    pub burst: u32,
    /// How many a second in the long run.
    pub per_second: f64,
    /// What AWS allows.
    pub aws: String,
    /// Where AWS says so.
    pub source: String,
}

impl Rate {
    /// The row for an operation: the first of its service that names it; none when it is not paced.
    #[must_use]
    pub fn of(service: &str, operation: &str) -> Option<&'static Self> {
        Self::row(service, operation).map(|(_, rate)| rate)
    }

    fn row(service: &str, operation: &str) -> Option<(usize, &'static Self)> {
        Self::all().iter().enumerate().find(|(_, rate)| rate.service == service && rate.covers(operation))
    }

    /// Every row, in the order in which they are asked.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &TABLE.bucket
    }

    fn covers(&self, operation: &str) -> bool {
        self.operations.iter().any(|name| match name.strip_suffix('*') {
            Some(start) => operation.starts_with(start),
            None => name == operation,
        })
    }
}

/// The buckets of one account and region, as far as they were drawn on.
#[derive(Debug, Default)]
pub struct Pace {
    /// By row, and by operation where each has its own.
    buckets: BTreeMap<(usize, Option<String>), Level>,
}

/// How full a bucket was, and when.
#[derive(Clone, Copy, Debug)]
struct Level {
    tokens: f64,
    at: Duration,
}

impl Pace {
    /// Takes a place for a request at a time, counted from anywhere that stays: how long it has to wait before it is sent. Who asks
    /// first is sent first.
    pub fn take(&mut self, service: &str, operation: &str, now: Duration) -> Duration {
        let Some((row, rate)) = Rate::row(service, operation) else { return Duration::ZERO };
        let key = (row, rate.each.then(|| operation.to_owned()));
        let full = f64::from(rate.burst);
        let level = self.buckets.entry(key).or_insert(Level { tokens: full, at: now });
        // A clock that was set back gains nothing and loses nothing.
        let gained = now.saturating_sub(level.at).as_secs_f64() * rate.per_second;
        level.tokens = (level.tokens + gained).min(full) - 1.0;
        level.at = now;
        match level.tokens < 0.0 {
            true => Duration::from_secs_f64(-level.tokens / rate.per_second),
            false => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_goes_at_once_and_then_as_fast_as_the_table_says() {
        let mut pace = Pace::default();
        let waits: Vec<u64> =
            (0..6).map(|_| pace.take("ec2", "CreateVpcEndpoint", SECOND).as_millis() as u64).collect();
        assert_eq!(waits, [0, 0, 0, 4_000, 8_000, 12_000]);
        assert_eq!(pace.take("ec2", "ModifyVpcEndpoint", SECOND), Duration::ZERO, "each has a bucket of its own");
        assert_eq!(pace.take("s3", "PutObject", SECOND), Duration::ZERO, "objects are not paced");
    }

    #[test]
    fn some_operations_share_a_bucket() {
        let mut pace = Pace::default();
        assert_eq!(pace.take("cloudtrail", "CreateTrail", SECOND), Duration::ZERO);
        assert_eq!(pace.take("cloudtrail", "StartLogging", SECOND), Duration::from_millis(1_250));
    }

    #[test]
    fn the_first_row_that_names_an_operation_counts() {
        let row = |operation: &str| Rate::of("ec2", operation).map(|rate| (rate.burst, rate.aws.as_str()));
        assert_eq!(row("RunInstances"), Some((4, "5 / 2")));
        assert_eq!(row("CreateSubnet"), Some((40, "50 / 5")));
        assert!(Rate::of("sts", "GetCallerIdentity").is_none());
        for rate in Rate::all() {
            assert!(rate.burst > 0 && rate.per_second > 0.0 && !rate.source.is_empty() && !rate.aws.is_empty());
        }
    }

    proptest! {
        /// Whenever requests come, no span of time sees more sent than a burst and what the span itself allows.
        #[test]
        fn no_span_of_time_sees_more_than_is_allowed(gaps in proptest::collection::vec(0..3_000_u64, 1..80)) {
            let rate = Rate::of("ec2", "CreateNatGateway").unwrap();
            let (mut pace, mut now, mut sent) = (Pace::default(), SECOND, Vec::new());
            for gap in gaps {
                now += Duration::from_millis(gap);
                sent.push((now + pace.take("ec2", "CreateNatGateway", now)).as_secs_f64());
            }
            prop_assert!(sent.is_sorted(), "who asks first is sent first");
            for (first, begin) in sent.iter().enumerate() {
                for (last, end) in sent.iter().enumerate().skip(first) {
                    let allowed = f64::from(rate.burst) + (end - begin) * rate.per_second;
                    prop_assert!((last - first + 1) as f64 <= allowed + 1e-6);
                }
            }
        }
    }
}
