//! How long AWS takes to make things: estimates for progress and order, by which nothing waits and nothing gives up.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

use crate::aws::resource::Kind;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[expect(dead_code, reason = "for whoever reads the file")]
    as_of: String,
    other: u64,
    seconds: BTreeMap<Kind, u64>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/durations.toml")).expect("the table within the crate is read by a test")
});

/// How long making a thing of that kind is expected to take: an estimate.
#[must_use]
pub fn expected(kind: Kind) -> Duration {
    Duration::from_secs(TABLE.seconds.get(&kind).copied().unwrap_or(TABLE.other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_minutes_is_expected_to() {
        assert_eq!(expected(Kind::DatabaseInstance), Duration::from_secs(600));
        assert_eq!(expected(Kind::Vpc), Duration::from_secs(TABLE.other));
    }
}
