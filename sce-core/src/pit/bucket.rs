//! Bucket names: the one place where a PIT needs the rules of DNS.

use super::Pit;
use crate::account::{AccountId, Region};

/// What a project's bucket is for (S3D, S3O, S3L and S3A in the document).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BucketRole {
    /// S3D: the data that comes in.
    Data,
    /// S3O: the results that go out.
    Output,
    /// S3L: server access logs of the other buckets (document L637: `hipaa-s3-access-logs`).
    AccessLogs,
    /// S3A: what workers and scripts need, never PHI.
    Ancillary,
}

impl BucketRole {
    /// Every role, once.
    pub const ALL: [Self; 4] = [Self::Data, Self::Output, Self::AccessLogs, Self::Ancillary];

    /// What the custodian may read: access logs tell of reading, and are not read by it.
    pub const READ_BY_CUSTODIAN: [Self; 3] = [Self::Data, Self::Output, Self::Ancillary];

    /// The word in the bucket's name. None has a hyphen: that is what lets a name be read back without doubt.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Output => "output",
            Self::AccessLogs => "accesslogs",
            Self::Ancillary => "ancillary",
        }
    }
}

impl Pit {
    /// A bucket's name: `hipaa-data-111122223333-us-west-2`.
    ///
    /// It is unique in the world as far as a name can be (bucket names share one space across all accounts of a partition),
    /// and two projects never share one. Reading from the right, a region ends the name and has no group of twelve digits, so
    /// the last such group is the account; before it stands a role without hyphen; what remains is the PIT.
    ///
    /// ```
    /// use sce_core::pit::{BucketRole, Pit};
    /// let pit: Pit = "hipaa".parse().unwrap();
    /// let name = pit.bucket(BucketRole::Data, &"111122223333".parse().unwrap(), &"us-west-2".parse().unwrap());
    /// assert_eq!(name, "hipaa-data-111122223333-us-west-2");
    /// ```
    #[must_use]
    pub fn bucket(&self, role: BucketRole, account: &AccountId, region: &Region) -> String {
        format!("{}{region}", self.bucket_prefix(role, account))
    }

    /// What the buckets of one role begin with in every region, and no bucket of another project in the account:
    /// `hipaa-data-111122223333-`.
    ///
    /// It is longer than a PIT may be, so no other PIT can begin with it.
    #[must_use]
    pub fn bucket_prefix(&self, role: BucketRole, account: &AccountId) -> String {
        format!("{self}-{}-{account}-", role.as_str())
    }
}

/// The registry's name: `sce-registry-ACCOUNT-REGION`. It belongs to the account and carries no PIT; `sce` is no valid PIT.
///
/// ```
/// use sce_core::pit::registry_bucket;
/// let name = registry_bucket(&"111122223333".parse().unwrap(), &"us-west-2".parse().unwrap());
/// assert_eq!(name, "sce-registry-111122223333-us-west-2");
/// ```
#[must_use]
pub fn registry_bucket(account: &AccountId, region: &Region) -> String {
    format!("sce-registry-{account}-{region}")
}

/// The name of the bucket that the account's trail and recorder write to: `sce-logs-ACCOUNT-REGION`. Like the registry it belongs to the
/// account and carries no PIT.
#[must_use]
pub fn account_log_bucket(account: &AccountId, region: &Region) -> String {
    format!("sce-logs-{account}-{region}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pit::Named;

    fn pit() -> impl Strategy<Value = Pit> {
        "[a-z][a-z0-9-]{1,15}".prop_filter_map("a valid tag", |text| text.parse().ok())
    }

    /// Two tags of which one begins the other: what collides if anything does.
    fn nested_pits() -> impl Strategy<Value = (Pit, Pit)> {
        let more = prop_oneof![
            "-(data|output|accesslogs|ancillary|[0-9]{1,12})(-[0-9]{1,12})?",
            "-[a-z0-9]{1,6}",
            "[a-z0-9]{1,6}",
        ];
        (pit(), more).prop_filter_map("both valid", |(short, more)| {
            let long = format!("{short}{more}").parse().ok()?;
            Some((short, long))
        })
    }

    fn account() -> impl Strategy<Value = AccountId> {
        "[0-9]{12}".prop_map(|text| text.parse().expect("twelve digits"))
    }

    fn region() -> impl Strategy<Value = Region> {
        let known =
            ["us-west-2", "ap-northeast-1", "us-gov-west-1", "ap-southeast-5", "mx-central-1", "cn-northwest-1"];
        prop::sample::select(known.to_vec()).prop_map(|text| text.parse().expect("a region"))
    }

    fn role() -> impl Strategy<Value = BucketRole> {
        prop::sample::select(BucketRole::ALL.to_vec())
    }

    fn is_legal_bucket(name: &str) -> bool {
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let reserved_start = ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|start| name.starts_with(start));
        let reserved_end =
            ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|end| name.ends_with(end));
        (3..=63).contains(&name.len())
            && name.chars().all(|c| word(c) || c == '-')
            && name.starts_with(word)
            && name.ends_with(word)
            && !reserved_start
            && !reserved_end
    }

    proptest! {
        #[test]
        fn every_bucket_name_is_legal(pit in pit(), role in role(), account in account(), region in region()) {
            let name = pit.bucket(role, &account, &region);
            prop_assert!(is_legal_bucket(&name), "{}", name);
            let registry = registry_bucket(&account, &region);
            prop_assert!(is_legal_bucket(&registry));
            prop_assert_ne!(registry, name);
        }

        #[test]
        fn nested_tags_never_share_a_bucket(
            pits in nested_pits(), roles in (role(), role()),
            accounts in (account(), account()), regions in (region(), region()),
        ) {
            let short = pits.0.bucket(roles.0, &accounts.0, &regions.0);
            let long = pits.1.bucket(roles.1, &accounts.1, &regions.1);
            prop_assert_ne!(&short, &long);
            prop_assert!(!long.starts_with(&pits.0.bucket_prefix(roles.0, &accounts.0)));
            prop_assert!(!short.starts_with(&pits.1.bucket_prefix(roles.1, &accounts.1)));
        }

        #[test]
        fn nested_tags_never_share_a_name(pits in nested_pits()) {
            for one in Named::ALL {
                prop_assert!(!pits.1.name(one).starts_with(&pits.0.name_prefix()));
                prop_assert!(!pits.0.name(one).starts_with(&pits.1.name_prefix()));
                for other in Named::ALL {
                    prop_assert_ne!(pits.0.name(one), pits.1.name(other));
                }
            }
        }
    }

    #[test]
    fn the_longest_name_fits() {
        let pit: Pit = "abcdefghijklmnop".parse().expect("valid");
        let region = "ap-northeast-1".parse().expect("a region");
        let name = pit.bucket(BucketRole::AccessLogs, &"111122223333".parse().expect("an account"), &region);
        assert_eq!(name.len(), 55);
    }
}
