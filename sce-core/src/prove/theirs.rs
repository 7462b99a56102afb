//! What to ask of those who look after a network, a key or a bucket that the spec uses and sce does not change.

use std::collections::BTreeMap;

use super::{Examined, PropertyId, Status, Witness};
use crate::model::Model;
use crate::plan::Scope;

/// What each claim needs of what others made: words to follow "ask those who look after it to".
const ASKED: [(&str, &str); 10] = [
    (
        "no-path-from-internet-to-private-subnet",
        "take the route to an internet gateway out of the table that rules the private subnet, or to name a subnet that has none",
    ),
    (
        "only-way-in-is-the-chosen-one",
        "take out what lets others in: routes of the private subnet to an internet gateway, a peering, a transit or a VPN gateway",
    ),
    (
        "private-traffic-to-s3-takes-the-endpoint",
        "attach a gateway endpoint for S3 to the private subnet's route table and to take narrower routes to public addresses out of it (or \
         write `may_add_endpoint = true`, if only the endpoint is missing)",
    ),
    (
        "no-way-out-for-phi",
        "name a subnet whose table has no route but the local one and that of the endpoint for S3, which admits this environment's buckets only",
    ),
    (
        "nat-route-survives-the-endpoint",
        "give the private subnet's table a route to a NAT gateway that stands in a subnet with a route to an internet gateway, and to let its \
         network ACL pass TCP 443 out and TCP 1024 to 65535 in (or write `egress = \"none\"`, if no way out is needed)",
    ),
    (
        "nothing-new-is-public-by-default",
        "empty the default security group of its rules and to take the route to an internet gateway out of the VPC's main table",
    ),
    ("stores-are-read-by-the-listed-only", "let the key's policy name whom this environment lists and nobody else"),
    ("nothing-is-readable-without-the-key", "let the key's policy name whom this environment lists and nobody else"),
    (
        "logs-cannot-be-altered-by-those-they-log",
        "let nobody who works in this environment write, delete or set anything of the log bucket and the key",
    ),
    (
        "environments-are-isolated",
        "give each environment a subnet of its own, with an ACL that lets nothing pass from the other's",
    ),
];

/// What to do about a claim that does not hold where what others made decides it: their things that it names, and what to ask for. None
/// where it names none of theirs.
pub(super) fn help(property: PropertyId, examined: &Examined, model: &Model) -> Option<String> {
    let named = Named::in_words_of(examined);
    // A claim that does not even find what it is about names nothing.
    let is_unseen = |node: &str| examined.status == Status::Unknown || named.has(node);
    if model.unread.iter().any(|(node, unread)| unread.is_unasked() && is_unseen(node.as_str())) {
        return Some("run `sce lock` where the account can be asked: nobody has looked yet at what exists".to_owned());
    }
    let theirs: BTreeMap<&str, &str> = model
        .resources
        .iter()
        .filter(|thing| thing.scope == Scope::Existing && named.has(thing.label()))
        .map(|thing| (thing.name.as_str(), thing.label()))
        .collect();
    let (_, ask) = ASKED.iter().find(|(id, _)| *id == property.0).filter(|_| !theirs.is_empty())?;
    let things: Vec<String> = theirs.iter().map(|(name, label)| format!("`{name}` ({label})")).collect();
    Some(format!(
        "somebody else's, and sce changes nothing of it: {}; ask those who look after it to {ask}; then run `sce lock` again",
        things.join(", ")
    ))
}

/// The labels that an examination tells of.
struct Named<'a> {
    examined: &'a Examined,
}

impl<'a> Named<'a> {
    const fn in_words_of(examined: &'a Examined) -> Self {
        Self { examined }
    }

    /// Whether the reason or the counter-example tells of it, as a whole word.
    fn has(&self, label: &str) -> bool {
        let on_the_way = match &self.examined.witness {
            Some(Witness::Flow { outcome, .. }) => outcome.path.iter().any(|step| &**step == label),
            Some(Witness::Request { requests, .. }) => requests.iter().any(|asked| asked.resource.contains(label)),
            None => false,
        };
        let is_of_a_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        on_the_way || self.examined.why.split(|c| !is_of_a_word(c)).any(|word| word == label)
    }
}

#[cfg(test)]
mod tests {
    use super::ASKED;
    use crate::prove::properties;

    #[test]
    fn every_claim_says_what_it_needs_of_others() {
        let asked: Vec<&str> = ASKED.iter().map(|(id, _)| *id).collect();
        let mut claims: Vec<&str> = properties().iter().map(|property| property.id.0).collect();
        assert!(claims.iter().all(|id| asked.contains(id)), "{claims:?}");
        claims.dedup();
        assert_eq!(claims.len(), asked.len());
    }
}
