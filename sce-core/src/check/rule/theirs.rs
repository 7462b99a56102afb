//! What to do about what others made: sce changes nothing of it, so the help is what to ask for.

use std::borrow::Cow;

use super::Rule;
use crate::model::Model;
use crate::plan::Scope;

/// What to ask for, where a rule's own words speak of what sce makes or of what only the spec decides.
const ASKED: [(&str, &str); 10] = [
    (
        "default-security-group-is-empty",
        "remove every rule from the VPC's default security group; no machine of this environment uses it",
    ),
    (
        "egress-is-web-only",
        "let the subnet's network ACL allow only TCP 443 and 80 to anywhere, or name a subnet without a route out and set \
         `network.egress` to `none`",
    ),
    (
        "endpoint-policy-names-its-buckets",
        "list this environment's buckets and Amazon Linux's repositories in the endpoint's policy",
    ),
    (
        "main-route-table-is-local-only",
        "associate a route table of its own with the subnet, and take the routes out of the VPC's main one",
    ),
    (
        "nat-route-survives-endpoint",
        "add a route to 0.0.0.0/0 by a NAT gateway to the table that rules the subnet, or name a subnet without a way out and set \
         `network.egress` to `none`",
    ),
    (
        "no-route-leads-to-another-network",
        "take the route out of the table that rules the subnet, or name a subnet without it",
    ),
    (
        "private-subnet-has-no-internet-gateway-route",
        "take the route out of the table that rules the subnet, or name a subnet without it",
    ),
    (
        "subnet-has-network-acl",
        "associate a network ACL of its own with the subnet: the VPC's default one admits everything",
    ),
    (
        "subnets-lie-apart",
        "name subnets of theirs that do not overlap, in a VPC that overlaps nothing of `network.taken`",
    ),
    ("tenancy-is-shared", "name a VPC with default tenancy"),
];

/// Rules whose words are the builder's to follow, whosever the thing is.
const THE_BUILDERS: [&str; 1] = ["key-ends-with-project"];

/// What to do about a rule at a thing: the rule's own words, or, of what others made, what to ask them for.
pub(super) fn help(rule: &Rule, resource: &str, model: &Model) -> Cow<'static, str> {
    let foreign = model.named(resource).find(|thing| thing.scope == Scope::Existing).map(|thing| thing.name.as_str());
    // Of a placeholder no more is known than that it is theirs.
    let unasked = || model.unread.iter().any(|(node, unread)| node.as_str() == resource && unread.is_unasked());
    let is_theirs = foreign.is_some() || unasked();
    if !is_theirs || THE_BUILDERS.contains(&rule.id.0) {
        return Cow::Borrowed(rule.fix);
    }
    let ask = ASKED.iter().find(|(id, _)| *id == rule.id.0).map_or(rule.fix, |(_, ask)| ask);
    let name = foreign.unwrap_or(resource);
    Cow::Owned(format!(
        "`{name}` is somebody else's, and sce changes nothing of it: ask those who look after it to {ask}; then run `sce lock` again"
    ))
}

#[cfg(test)]
mod tests {
    use super::{ASKED, THE_BUILDERS};
    use crate::aws::resource::Encryption;
    use crate::check::rule::testing::{LEAST, Scene};
    use crate::check::{Finding, Status};
    use crate::plan::sample::{DATABASE, SPEC};
    use crate::value::Value;

    const MACHINE: &str = "[compute.private]\ntype = \"m7i.large\"\n";

    fn finding(scene: &Scene, rule: &str, resource: &str) -> Finding {
        let findings = scene.findings();
        findings.into_iter().find(|one| one.rule.0 == rule && one.resource == resource).unwrap()
    }

    #[test]
    fn every_rule_named_here_is_one() {
        for id in ASKED.iter().map(|(id, _)| *id).chain(THE_BUILDERS) {
            assert!(super::super::named(id).is_ok(), "{id}");
        }
    }

    #[test]
    fn what_is_not_ours_is_asked_for_and_not_set() {
        let mut scene = Scene::existing(&format!("{SPEC}{MACHINE}"));
        scene.network_acl("network-acl-private").subnets.clear();
        let open = finding(&scene, "subnet-has-network-acl", "subnet-private");
        assert_eq!(
            (open.status, &*open.help),
            (
                Status::Broken,
                "`subnet-0subnet-private` is somebody else's, and sce changes nothing of it: ask those who look after it to associate a \
                 network ACL of its own with the subnet: the VPC's default one admits everything; then run `sce lock` again"
            )
        );
        let mut ours = Scene::of_spec(&format!("{LEAST}{MACHINE}"));
        ours.network_acl("network-acl-private").subnets.clear();
        let open = finding(&ours, "subnet-has-network-acl", "subnet-private");
        assert_eq!(&*open.help, "associate the subnet with its planned network ACL, as `sce apply` does");
    }

    #[test]
    fn help_about_what_others_made_tells_nobody_to_run_apply_or_to_change_a_plan() {
        let scene = Scene::existing(&format!("{SPEC}{DATABASE}{MACHINE}"));
        let theirs = |one: &&Finding| one.help.contains("somebody else's");
        let findings = scene.findings();
        assert!(findings.iter().filter(theirs).count() > 20);
        for one in findings.iter().filter(theirs) {
            for wrong in ["sce apply", "planned", "in the spec", "sce account"] {
                assert!(!one.help.contains(wrong), "{} {}: {}", one.rule, one.resource, one.help);
            }
        }
    }

    #[test]
    fn nothing_is_called_broken_for_want_of_what_nobody_was_asked_about() {
        for further in ["", DATABASE] {
            let scene = Scene::of_spec(&format!("{SPEC}{further}{MACHINE}"));
            let broken = scene.findings().into_iter().filter(|one| one.status == Status::Broken);
            let told: Vec<String> =
                broken.map(|one| format!("{} {}: {}", one.rule, one.resource, one.message)).collect();
            // Laptops are declared, and are nobody's to lock.
            assert!(told.iter().all(|one| one.starts_with("laptop-is-managed")), "{told:#?}");
            let unknown: Vec<Finding> =
                scene.findings().into_iter().filter(|one| one.status == Status::Unknown).collect();
            let otherwise =
                unknown.iter().filter(|one| !one.advice().starts_with("run `sce lock` where the account can be asked"));
            let otherwise: Vec<String> =
                otherwise.map(|one| format!("{} {}: {}", one.rule, one.resource, one.message)).collect();
            assert!(otherwise.is_empty(), "{otherwise:#?}");
        }
    }

    #[test]
    fn what_is_broken_whatever_the_account_says_stays_broken() {
        let mut scene = Scene::of_spec(&format!("{SPEC}{MACHINE}"));
        scene.bucket("bucket-data").versioning = false;
        assert_eq!(finding(&scene, "bucket-is-versioned", "bucket-data").status, Status::Broken);
        let mut scene = Scene::of_spec(&format!("{LEAST}{MACHINE}"));
        let key = Value::Known("arn:aws:kms:us-west-2:111122223333:key/k".parse().unwrap());
        scene.bucket("bucket-data").encryption = Encryption::Kms { key, bucket_key: true };
        assert_eq!(finding(&scene, "store-is-encrypted-with-own-key", "bucket-data").status, Status::Broken);
    }
}
