//! What S3 calls public, and what its public access block does about it.
//!
//! Source: S3 user guide, "Blocking public access to your Amazon S3 storage", "The meaning of public".

use ipnet::IpNet;

use super::condition::{Base, Set, Test, Values};
use super::document::{Document, Rule, Who};
use super::pattern::Pattern;
use super::principal::Named;
use crate::aws::policy::Effect;

/// The four settings of a public access block, of a bucket or an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PublicAccessBlock {
    /// New public access lists are refused.
    pub block_public_acls: bool,
    /// Public access lists are as good as absent.
    pub ignore_public_acls: bool,
    /// A public policy is refused.
    pub block_public_policy: bool,
    /// Of a bucket with a public policy, only the owner's account and AWS services get anything.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// All four on.
    pub const ALL: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    /// What holds where the account and the bucket each have a say: whatever either blocks.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self {
            block_public_acls: self.block_public_acls || other.block_public_acls,
            ignore_public_acls: self.ignore_public_acls || other.ignore_public_acls,
            block_public_policy: self.block_public_policy || other.block_public_policy,
            restrict_public_buckets: self.restrict_public_buckets || other.restrict_public_buckets,
        }
    }
}

/// Whether S3 calls a bucket policy public: whether some grant is bound neither to fixed principals nor by a condition to fixed
/// values of a key that says where a request comes from.
#[must_use]
pub fn is_public(document: &Document) -> bool {
    document.statements.iter().any(|rule| rule.effect == Effect::Allow && names_anybody(rule) && !is_bound(rule))
}

fn names_anybody(rule: &Rule) -> bool {
    match &rule.who {
        None | Some(Who::AllBut(_)) => true,
        Some(Who::These(named)) => named.contains(&Named::Everyone),
    }
}

fn is_bound(rule: &Rule) -> bool {
    rule.tests.iter().any(binds)
}

/// Keys whose fixed values bind a grant.
const FIXED: [&str; 11] = [
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

fn binds(test: &Test) -> bool {
    let operator = test.operator();
    // An absent key satisfies these, so anybody does.
    if operator.if_exists() || operator.set() == Some(Set::All) {
        return false;
    }
    match (operator.base(), test.values()) {
        (Base::IpAddress, Values::Networks(networks)) => {
            test.key() == "aws:sourceip" && networks.iter().all(|network| !is_broad(network))
        }
        (
            Base::StringEquals | Base::StringEqualsIgnoreCase | Base::StringLike | Base::ArnEquals | Base::ArnLike,
            Values::Texts(patterns) | Values::Caseless(patterns),
        ) => patterns.iter().all(|pattern| is_fixed(test.key(), pattern)),
        _ => false,
    }
}

fn is_fixed(key: &str, pattern: &Pattern) -> bool {
    match key {
        // A name may be wild as long as the account is fixed.
        "s3:dataaccesspointarn" => {
            let account = pattern.text().split(':').nth(4).unwrap_or_default();
            !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => FIXED.contains(&key) && pattern.is_fixed(),
    }
}

/// Wider than /8, or /32 of IPv6, is the public; what RFC 1918 keeps private is no wider.
fn is_broad(network: &IpNet) -> bool {
    match network {
        IpNet::V4(network) => network.prefix_len() < 8,
        IpNet::V6(network) => network.prefix_len() < 32,
    }
}
