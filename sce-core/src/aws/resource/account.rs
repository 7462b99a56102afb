//! What an account has once, or once a region: no project's own, and never torn down with one (L647-L652).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::aws::arn::Arn;
use crate::value::Value;

/// A CloudTrail trail (L625-L632).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trail {
    /// The bucket that its files go to.
    pub bucket: String,
    /// The KMS key that its files are encrypted with; none means S3's own.
    pub key: Option<Value<Arn>>,
    /// The log group that its events go to as well.
    pub log_group: Option<Value<Arn>>,
    /// The role that writes there.
    pub log_group_role: Option<Value<Arn>>,
    /// Whether it records every region; else its home only (L629).
    pub all_regions: bool,
    /// Whether it records services without a region, IAM among them.
    pub global_events: bool,
    /// Whether each hour's files are hashed and the hashes signed.
    pub validated: bool,
    /// Whether it records calls that manage things, reading and writing ones alike.
    pub management_events: bool,
    /// Whether it is an organisation's, which only its management account can change.
    pub organization: bool,
    /// Whether it records at all: a new trail does not until it is told to.
    pub logging: bool,
}

impl Trail {
    /// Whether an account that has it needs no other: it sees every region, is logging, and what it wrote can be validated.
    #[must_use]
    pub const fn suffices(&self) -> bool {
        self.all_regions && self.global_events && self.validated && self.management_events && self.logging
    }
}

/// The AWS Config recorder of a region, and the channel that delivers what it records (L641-L652); AWS allows one of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigRecorder {
    /// The role it reads the account as.
    pub role: Value<Arn>,
    /// Whether it records every type of resource that Config knows in the region.
    pub everything: bool,
    /// Whether it records resources without a region, IAM's among them.
    pub global_resources: bool,
    /// The bucket that the channel delivers to; none while there is no channel.
    pub bucket: Option<String>,
    /// Whether it records at all: a new recorder does not until it is told to.
    pub recording: bool,
}

/// Whether new EBS volumes of a region are encrypted also when nobody asks (R98).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EbsEncryption {
    /// Whether they are.
    pub by_default: bool,
}

/// The account's S3 public access block, which holds over every bucket's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicAccessBlock {
    /// Whether all four blocks are on.
    pub blocked: bool,
}

/// What IAM asks of users' passwords.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordPolicy {
    /// The fewest characters.
    pub minimum_length: u32,
    /// Whether an upper-case letter is asked for.
    pub upper_case: bool,
    /// Whether a lower-case letter is asked for.
    pub lower_case: bool,
    /// Whether a digit is asked for.
    pub digits: bool,
    /// Whether some other character is asked for.
    pub symbols: bool,
    /// How many former passwords may not come again.
    pub remembered: u32,
    /// Days after which a password expires; none for never.
    pub expires_after_days: Option<u32>,
    /// Whether an expired password shuts its user out until an administrator resets it.
    pub hard_expiry: bool,
    /// Whether users may change their own.
    pub users_may_change: bool,
}

impl PasswordPolicy {
    /// Long and never reused, with every class of character (CIS AWS Foundations Benchmark 1.5, "1.8" and "1.9"; NIST SP 800-63B
    /// asks for no expiry).
    #[must_use]
    pub const fn strong() -> Self {
        Self {
            minimum_length: 14,
            upper_case: true,
            lower_case: true,
            digits: true,
            symbols: true,
            remembered: 24,
            expires_after_days: None,
            hard_expiry: false,
            users_may_change: true,
        }
    }

    /// Whether it asks for at least what `other` asks for. Expiry and who may change a password are the organisation's to choose.
    #[must_use]
    pub fn is_at_least(&self, other: &Self) -> bool {
        let asks = |mine: bool, theirs: bool| mine || !theirs;
        self.minimum_length >= other.minimum_length
            && self.remembered >= other.remembered
            && asks(self.upper_case, other.upper_case)
            && asks(self.lower_case, other.lower_case)
            && asks(self.digits, other.digits)
            && asks(self.symbols, other.symbols)
    }

    /// The stricter of both in each point; what is no matter of strictness stays as `present` has it.
    #[must_use]
    pub fn tightened(&self, present: &Self) -> Self {
        Self {
            minimum_length: self.minimum_length.max(present.minimum_length),
            upper_case: self.upper_case || present.upper_case,
            lower_case: self.lower_case || present.lower_case,
            digits: self.digits || present.digits,
            symbols: self.symbols || present.symbols,
            remembered: self.remembered.max(present.remembered),
            expires_after_days: present.expires_after_days,
            hard_expiry: present.hard_expiry,
            users_may_change: present.users_may_change,
        }
    }
}

/// A metric filter: counts the events of a log group that a pattern matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricFilter {
    /// The log group's name.
    pub log_group: Value<String>,
    /// What it counts, in CloudWatch Logs' filter syntax.
    pub pattern: String,
    /// The space that the metric lies in.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// What each event adds.
    pub value: String,
}

/// A CloudWatch alarm on the sum of a metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// The space that the metric lies in.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// How values of a period become one, such as `Sum`.
    pub statistic: String,
    /// A period's length in seconds.
    pub period_seconds: u32,
    /// How many periods count.
    pub periods: u32,
    /// How the value is compared with the threshold, such as `GreaterThanOrEqualToThreshold`.
    pub comparison: String,
    /// What it is compared with.
    pub threshold: String,
    /// What a period without values counts as, such as `notBreaching`.
    pub missing_data: String,
    /// Topics that are told.
    pub tells: BTreeSet<Arn>,
    /// Whether it tells them at all.
    pub enabled: bool,
}

/// GuardDuty's detector of a region; AWS allows one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// Whether it watches.
    pub enabled: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tightening_never_loosens() {
        let ours = PasswordPolicy::strong();
        let longer = PasswordPolicy {
            minimum_length: 20,
            symbols: false,
            remembered: 5,
            expires_after_days: Some(90),
            users_may_change: false,
            ..PasswordPolicy::strong()
        };
        let both = ours.tightened(&longer);
        assert!(both.is_at_least(&ours) && both.is_at_least(&longer));
        assert_eq!((both.minimum_length, both.remembered, both.symbols), (20, 24, true));
        assert_eq!((both.expires_after_days, both.users_may_change), (Some(90), false), "no matter of strictness");
        assert!(!longer.is_at_least(&ours));
    }

    #[test]
    fn a_trail_suffices_only_with_every_part() {
        let whole = Trail {
            bucket: "b".to_owned(),
            key: None,
            log_group: None,
            log_group_role: None,
            all_regions: true,
            global_events: true,
            validated: true,
            management_events: true,
            organization: true,
            logging: true,
        };
        assert!(whole.suffices());
        for part in [
            Trail { all_regions: false, ..whole.clone() },
            Trail { validated: false, ..whole.clone() },
            Trail { logging: false, ..whole.clone() },
            Trail { management_events: false, ..whole.clone() },
            Trail { global_events: false, ..whole },
        ] {
            assert!(!part.suffices(), "{part:?}");
        }
    }
}
