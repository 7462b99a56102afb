//! The tags that say whose a resource is.

use std::collections::BTreeMap;

use super::Pit;
use crate::value::NodeId;

/// Tags as AWS takes them: keys and values.
pub type Tags = BTreeMap<String, String>;

/// The project a resource belongs to.
pub const TAG_PIT: &str = "sce:pit";
/// The resource's place in the plan; the same in every version of it.
pub const TAG_ID: &str = "sce:id";
/// The digest of the resource's own properties, tags aside.
pub const TAG_NODE: &str = "sce:node";
/// Who is answerable for the project (document L1013: tag with the originator).
pub const TAG_OWNER: &str = "sce:owner";
/// Present instead of [`TAG_PIT`] on what the whole account shares.
pub const TAG_SCOPE: &str = "sce:scope";
/// The one value of [`TAG_SCOPE`].
pub const ACCOUNT_SCOPE: &str = "account";

/// The tags of a resource of one project, sent with the call that creates it.
///
/// ```
/// use sce_core::pit::ownership_tags;
/// let tags = ownership_tags(&"hipaa".parse().unwrap(), &"subnet-private".parse().unwrap(), "4f2a");
/// assert_eq!(tags["sce:pit"], "hipaa");
/// ```
#[must_use]
pub fn ownership_tags(pit: &Pit, id: &NodeId, node_digest: &str) -> Tags {
    tags([(TAG_PIT, pit.as_str()), (TAG_ID, id.as_str()), (TAG_NODE, node_digest)])
}

/// The tags of what the whole account shares: the registry, CloudTrail, Config. They carry no PIT (document L652), so no
/// project's close-out ever finds them by its tag.
#[must_use]
pub fn account_tags(id: &NodeId, node_digest: &str) -> Tags {
    tags([(TAG_SCOPE, ACCOUNT_SCOPE), (TAG_ID, id.as_str()), (TAG_NODE, node_digest)])
}

fn tags<const N: usize>(pairs: [(&str, &str); N]) -> Tags {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_account_shares_carries_no_pit() {
        let id: NodeId = "registry".parse().expect("an id");
        let shared = account_tags(&id, "4f2a");
        assert_eq!(shared.get(TAG_PIT), None);
        assert_eq!(shared[TAG_SCOPE], ACCOUNT_SCOPE);
        let owned = ownership_tags(&"hipaa".parse().expect("valid"), &id, "4f2a");
        assert_eq!(owned.get(TAG_SCOPE), None);
        assert_eq!(owned.len(), 3);
    }

    #[test]
    fn no_key_is_in_the_space_that_aws_keeps() {
        for key in [TAG_PIT, TAG_ID, TAG_NODE, TAG_OWNER, TAG_SCOPE] {
            assert!(!key.to_lowercase().starts_with("aws:") && key.len() <= 128);
        }
    }
}
