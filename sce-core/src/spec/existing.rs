//! What exists already and shall be used: central IT often forbids making it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::validate::{Violation, violation};
use super::{Egress, Spec};
use crate::aws::arn::{Arn, SubnetId, VpcId};

/// What exists already and is used: read, judged by the same rules, and never changed, tagged or deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UseExisting {
    /// The VPC, such as `vpc-0a1b2c3d`. Its route tables, ACLs and endpoint for S3 are taken as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub vpc: Option<VpcId>,
    /// Spublic, in that VPC; needed where there is a bastion.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub public_subnet: Option<SubnetId>,
    /// Sprivate, in that VPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub private_subnet: Option<SubnetId>,
    /// Further private subnets in that VPC, each in a zone of its own that is not Sprivate's: where databases may lie beside Sprivate. RDS
    /// wants two zones, so a database needs one at least.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub database_subnets: Vec<SubnetId>,
    /// The KMS key, by its ARN: an alias can be pointed elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Arn>,
    /// The bucket that access logs go to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bucket: Option<String>,
    /// Whether an endpoint for S3 may be put into that VPC, which adds a route to the private subnet's table. It goes with the
    /// environment.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub may_add_endpoint: bool,
}

impl UseExisting {
    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is asked of existing things and cannot be.
pub(super) fn violations(spec: &Spec, found: &mut Vec<Violation>) {
    let existing = &spec.use_existing;
    match &existing.vpc {
        Some(_) => in_a_network(spec, found),
        None => without_a_network(existing, found),
    }
    key(spec, found);
    log_bucket(spec, found);
}

fn without_a_network(existing: &UseExisting, found: &mut Vec<Violation>) {
    let given = [
        ("public_subnet", existing.public_subnet.is_some()),
        ("private_subnet", existing.private_subnet.is_some()),
        ("database_subnets", !existing.database_subnets.is_empty()),
        ("may_add_endpoint", existing.may_add_endpoint),
    ];
    for (name, _) in given.into_iter().filter(|(_, given)| *given) {
        let message = format!("`use_existing.{name}` is given without the VPC it is about");
        let help = "give `use_existing.vpc` too: this version puts no subnet of others into a VPC of its own";
        found.push(violation(&["use_existing", name], message, Some(help.to_owned())));
    }
}

fn in_a_network(spec: &Spec, found: &mut Vec<Violation>) {
    let (existing, network) = (&spec.use_existing, &spec.network);
    let mut refuse = |path: &[&str], message: String, help: &str| {
        found.push(violation(path, message, Some(help.to_owned())));
    };
    if existing.private_subnet.is_none() {
        let message = "an existing VPC is given without the private subnet".to_owned();
        refuse(
            &["use_existing", "vpc"],
            message,
            "add `private_subnet = \"subnet-…\"`: no subnet is made in a VPC of others",
        );
    }
    if existing.public_subnet.is_some() && existing.public_subnet == existing.private_subnet {
        let message = "the public and the private subnet are the same".to_owned();
        refuse(&["use_existing", "public_subnet"], message, "name another subnet, or leave the public one out");
    }
    if existing.public_subnet.is_none() && spec.bastion_machine().is_some() {
        let message = "a bastion is asked for, and no public subnet is given for it".to_owned();
        let help = "add `public_subnet = \"subnet-…\"`, or use `access.mode = \"session-manager\"`, which needs none";
        refuse(&["use_existing", "public_subnet"], message, help);
    }
    database_subnets(spec, &mut refuse);
    let chosen = [
        ("public_hosts", network.public_hosts.is_some()),
        ("private_hosts", network.private_hosts.is_some()),
        ("main_route", network.main_route.is_some()),
    ];
    for (name, _) in chosen.into_iter().filter(|(_, chosen)| *chosen) {
        let message = format!("`network.{name}` cannot be chosen in a VPC that exists");
        refuse(&["network", name], message, "leave it out: the VPC is taken as it is");
    }
    if network.egress == Egress::None && spec.private_machine().is_some() {
        let message =
            "machines without a way out need interface endpoints, and none are put into a VPC of others".to_owned();
        let help = "their private names would lead everything in that VPC to them; use a VPC of its own, or `egress = \"nat\"` \
                    where the VPC has a NAT gateway";
        refuse(&["network", "egress"], message, help);
    }
}

/// RDS wants a subnet group over two zones; which zone each is in, only the lock knows.
fn database_subnets(spec: &Spec, refuse: &mut impl FnMut(&[&str], String, &str)) {
    let existing = &spec.use_existing;
    let path = ["use_existing", "database_subnets"];
    match (spec.database.is_empty(), existing.database_subnets.is_empty()) {
        (true, false) => {
            let message = "subnets for databases are given, and the spec has no database".to_owned();
            refuse(&path, message, "leave them out, or add a `[[database]]`: what nothing stands in is not judged");
        }
        (false, true) => {
            let message = "a database in a VPC that exists needs a second private subnet, and none is given".to_owned();
            let help = "RDS wants subnets in two zones at least: add `database_subnets = [\"subnet-…\"]`, in another zone than \
                        `private_subnet`; no subnet is made in a VPC of others";
            refuse(&["use_existing", "vpc"], message, help);
        }
        _ => {}
    }
    let mut named: Vec<(&str, &SubnetId)> =
        existing.private_subnet.iter().map(|id| ("the private subnet", id)).collect();
    named.extend(existing.public_subnet.iter().map(|id| ("the public subnet", id)));
    for (index, id) in existing.database_subnets.iter().enumerate() {
        if let Some((what, _)) = named.iter().find(|(_, other)| *other == id) {
            let message = format!("`{id}` is given for databases and is {what} too");
            let help = "name another private subnet, in a zone of its own; Sprivate counts without being named again";
            refuse(&[path[0], path[1], &index.to_string()], message, help);
        }
        named.push(("another of them", id));
    }
}

fn key(spec: &Spec, found: &mut Vec<Violation>) {
    let Some(arn) = &spec.use_existing.key else { return };
    let path = ["use_existing", "key"];
    let fields: Vec<&str> = arn.as_str().splitn(6, ':').collect();
    let [_, partition, service, region, _, resource] = fields.as_slice() else { return };
    if *service != "kms" || !resource.starts_with("key/") || resource.len() == "key/".len() {
        let message = format!("`{arn}` is not the ARN of a KMS key");
        let help = match resource.starts_with("alias/") {
            true => "an alias can be pointed elsewhere: give the key's own ARN, which `aws kms describe-key` tells",
            false => "write it as `arn:aws:kms:REGION:ACCOUNT:key/ID`",
        };
        found.push(violation(&path, message, Some(help.to_owned())));
    } else if *region != spec.region.as_str() || *partition != spec.region.partition().to_string() {
        let message = format!("the key is in region `{region}`, and the spec's is `{}`", spec.region);
        let help = "buckets and log groups take a key of their own region only".to_owned();
        found.push(violation(&path, message, Some(help)));
    }
}

fn log_bucket(spec: &Spec, found: &mut Vec<Violation>) {
    let Some(name) = &spec.use_existing.log_bucket else { return };
    let path = ["use_existing", "log_bucket"];
    if !is_bucket_name(name) {
        let message = format!("`{name}` is no name of a bucket");
        let help = "a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens; it is no ARN and no URL";
        found.push(violation(&path, message, Some(help.to_owned())));
    } else if name.starts_with(&format!("{}-", spec.pit)) || name.starts_with("sce-registry-") {
        let message = format!("`{name}` is a name that sce gives to buckets of its own");
        found.push(violation(&path, message, Some("leave it out to have the log bucket made".to_owned())));
    }
}

/// S3 user guide, "General purpose bucket naming rules".
fn is_bucket_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.chars().all(|c| plain(c) || c == '-' || c == '.')
        && name.starts_with(plain)
        && name.ends_with(plain)
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use crate::spec::{Format, parse};

    const LEAST: &str = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n";

    fn refused(rest: &str) -> Vec<(Option<usize>, String)> {
        let problems = parse(&format!("{LEAST}{rest}"), Format::Toml).unwrap_err().problems;
        problems.into_iter().map(|problem| (problem.line, problem.message)).collect()
    }

    fn only(rest: &str) -> (usize, String) {
        let mut found = refused(rest);
        assert_eq!(found.len(), 1, "{found:?}");
        let (line, message) = found.remove(0);
        (line.unwrap(), message)
    }

    #[test]
    fn everything_that_exists_may_be_used() {
        let text = format!(
            "{LEAST}[use_existing]\nvpc = \"vpc-0a\"\npublic_subnet = \"subnet-0a\"\nprivate_subnet = \"subnet-0b\"\n\
             key = \"arn:aws:kms:us-west-2:111122223333:key/mrk-0a\"\nlog_bucket = \"central.logs\"\nmay_add_endpoint = true\n"
        );
        let spec = parse(&text, Format::Toml).unwrap();
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(parse(&json, Format::Json).unwrap(), spec);
        assert!(parse(LEAST, Format::Toml).unwrap().use_existing.is_empty());
    }

    #[test]
    fn ids_are_refused_at_their_line_with_what_was_expected() {
        let (line, message) = only("[use_existing]\nvpc = \"subnet-0a\"\n");
        assert_eq!(line, 5);
        assert!(message.contains("`subnet-0a` is no VPC id: expected an id such as `vpc-0a1b2c3d`"), "{message}");
        let (line, message) = only("[use_existing]\nvpc = \"vpc-0a\"\nprivate_subnet = \"10.0.0.0/24\"\n");
        assert_eq!(line, 6);
        assert!(message.contains("is no subnet id"), "{message}");
        let (_, message) = only("[use_existing]\nsubnet = \"subnet-0a\"\n");
        assert!(message.starts_with("unknown field `subnet`"), "{message}");
    }

    #[test]
    fn a_network_is_given_whole() {
        assert_eq!(
            only("[use_existing]\nvpc = \"vpc-0a\"\n"),
            (5, "an existing VPC is given without the private subnet".into())
        );
        let orphan = "[use_existing]\nprivate_subnet = \"subnet-0a\"\n";
        assert_eq!(only(orphan), (5, "`use_existing.private_subnet` is given without the VPC it is about".into()));
        let same = "[use_existing]\nvpc = \"vpc-0a\"\nprivate_subnet = \"subnet-0a\"\npublic_subnet = \"subnet-0a\"\n";
        assert_eq!(only(same), (7, "the public and the private subnet are the same".into()));
    }

    #[test]
    fn a_bastion_needs_a_public_subnet() {
        let rest = "[access]\nmode = \"bastion\"\nallow = [{ name = \"campus\", cidr = \"140.142.0.0/16\" }]\n\
                    [compute.private]\ntype = \"m7i.large\"\n[use_existing]\nvpc = \"vpc-0a\"\nprivate_subnet = \"subnet-0a\"\n";
        assert_eq!(only(rest).1, "a bastion is asked for, and no public subnet is given for it");
        assert!(parse(&format!("{LEAST}{rest}public_subnet = \"subnet-0b\"\n"), Format::Toml).is_ok());
    }

    #[test]
    fn a_database_needs_private_subnets_of_others_in_a_second_zone() {
        let database = "[[database]]\nengine = \"postgres\"\nphi_contact = true\n";
        let network =
            "[use_existing]\nvpc = \"vpc-0a\"\nprivate_subnet = \"subnet-0a\"\npublic_subnet = \"subnet-0b\"\n";
        let given = |subnets: &str| format!("{database}{network}database_subnets = {subnets}\n");
        let spec = parse(&format!("{LEAST}{}", given("[\"subnet-0c\", \"subnet-0d\"]")), Format::Toml).unwrap();
        assert_eq!(spec.use_existing.database_subnets.len(), 2);
        let (_, message) = only(&format!("{database}{network}"));
        assert_eq!(message, "a database in a VPC that exists needs a second private subnet, and none is given");
        for (id, what) in [("a", "the private subnet"), ("b", "the public subnet")] {
            let message = only(&given(&format!("[\"subnet-0{id}\"]"))).1;
            assert_eq!(message, format!("`subnet-0{id}` is given for databases and is {what} too"));
        }
        let twice = only(&given("[\"subnet-0c\", \"subnet-0c\"]")).1;
        assert_eq!(twice, "`subnet-0c` is given for databases and is another of them too");
        let without = only(&format!("{network}database_subnets = [\"subnet-0c\"]\n")).1;
        assert_eq!(without, "subnets for databases are given, and the spec has no database");
        let orphan = only(&format!("{database}[use_existing]\ndatabase_subnets = [\"subnet-0c\"]\n")).1;
        assert_eq!(orphan, "`use_existing.database_subnets` is given without the VPC it is about");
    }

    #[test]
    fn what_is_taken_as_it_is_cannot_be_chosen() {
        let network = "[use_existing]\nvpc = \"vpc-0a\"\nprivate_subnet = \"subnet-0a\"\n[network]\n";
        let messages: Vec<String> = refused(&format!("{network}private_hosts = 9\nmain_route = \"local\"\n"))
            .into_iter()
            .map(|one| one.1)
            .collect();
        assert_eq!(
            messages,
            [
                "`network.private_hosts` cannot be chosen in a VPC that exists",
                "`network.main_route` cannot be chosen in a VPC that exists"
            ]
        );
        let alone = format!("{network}egress = \"none\"\n[compute.private]\ntype = \"m7i.large\"\n");
        assert!(only(&alone).1.starts_with("machines without a way out need interface endpoints"));
    }

    #[test]
    fn a_key_is_named_by_an_arn_of_the_region() {
        let key = |arn: &str| only(&format!("[use_existing]\nkey = \"{arn}\"\n"));
        assert!(key("alias/central").1.contains("is no ARN"));
        for arn in [
            "arn:aws:kms:us-west-2:111122223333:alias/central",
            "arn:aws:s3:::bucket",
            "arn:aws:kms:us-west-2:111122223333:key/",
        ] {
            assert_eq!(key(arn), (5, format!("`{arn}` is not the ARN of a KMS key")));
        }
        let elsewhere = key("arn:aws:kms:us-east-1:111122223333:key/0a");
        assert_eq!(elsewhere.1, "the key is in region `us-east-1`, and the spec's is `us-west-2`");
        assert_eq!(key("arn:aws-us-gov:kms:us-west-2:111122223333:key/0a").0, 5);
    }

    #[test]
    fn a_log_bucket_is_a_bucket_of_others() {
        let bucket = |name: &str| only(&format!("[use_existing]\nlog_bucket = \"{name}\"\n")).1;
        for name in ["", "ab", "Logs", "arn:aws:s3:::logs", "s3://logs", "-logs", "a..b"] {
            assert_eq!(bucket(name), format!("`{name}` is no name of a bucket"));
        }
        for name in ["hipaa-accesslogs-111122223333-us-west-2", "sce-registry-111122223333-us-west-2"] {
            assert_eq!(bucket(name), format!("`{name}` is a name that sce gives to buckets of its own"));
        }
    }
}
