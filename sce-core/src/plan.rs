//! The plan: every thing that shall be, with its name, tags, properties and order. Applying it decides nothing.

pub mod account;
mod design;
mod diff;
mod expected;
mod ids;
mod node;
mod show;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

#[cfg(test)]
pub(crate) use design::sample;
pub use diff::{Change, diff};
pub use expected::expected;
pub use ids::{Attributes, Ids, relabelled};
pub use node::{Node, Scope};
pub(crate) use node::{digest, short_digest};

use crate::account::{AccountId, Region, Zone};
use crate::cidr::AllocationError;
use crate::lock::{Architecture, Lock};
use crate::pit::Pit;
use crate::spec::Spec;
use crate::value::NodeId;

/// The version of the plan's JSON that this crate writes.
pub const SCHEMA_VERSION: u32 = 1;

/// A plan: nodes in an order in which each comes after all it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The version of this format.
    pub schema_version: u32,
    /// SHA-256 over everything below, in hexadecimal.
    pub digest: String,
    /// The project.
    pub pit: Pit,
    /// The account it is for.
    pub account: AccountId,
    /// The region it is for.
    pub region: Region,
    /// Whether it rests on placeholders, so that it can be looked at but not applied.
    pub offline: bool,
    /// What shall be.
    pub nodes: Vec<Node>,
}

/// Why a spec has no plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// The subnets do not fit.
    #[error("the subnets do not fit into `{block}`")]
    Addresses {
        /// The network's range.
        block: String,
        /// By how much.
        #[source]
        source: AllocationError,
    },
    /// Every private range overlaps something taken.
    #[error("no private network of 65,536 addresses is free beside the ranges taken")]
    NoFreeNetwork,
    /// The lock is for another region than the spec.
    #[error("the lock's zone `{zone}` is not in the spec's region `{region}`")]
    OtherRegion {
        /// The lock's zone.
        zone: String,
        /// The spec's region.
        region: Region,
    },
    /// The lock has no image for a machine.
    #[error("the lock has no image for {} machines", .architecture.as_str())]
    NoImage {
        /// The architecture.
        architecture: Architecture,
    },
    /// The lock names no second zone, which databases need.
    #[error("the lock names no second zone, which RDS wants for a database")]
    NoSecondZone,
    /// The lock does not tell of what the spec wants to use, or tells of something else.
    #[error("the lock does not tell of the existing things that the spec uses")]
    ExistingNotLocked,
    /// The spec says something of an existing thing that is not so.
    #[error("`{what}` is `{asked}` in the spec, and of what exists it is `{found}`")]
    ExistingDiffers {
        /// What the spec says.
        what: &'static str,
        /// How it is there.
        asked: String,
        /// How it is.
        found: String,
    },
    /// The existing VPC overlaps a range that is taken.
    #[error("the existing VPC `{block}` overlaps `{taken}`, taken by `{name}`")]
    ExistingOverlaps {
        /// The VPC's range.
        block: String,
        /// The range taken.
        taken: String,
        /// By whom.
        name: String,
    },
    /// The existing VPC has no endpoint for S3 where it is needed.
    #[error("the existing VPC has no gateway endpoint for S3 that serves the private subnet `{subnet}`")]
    NoEndpoint {
        /// The subnet.
        subnet: String,
    },
    /// Two subnets for databases lie in one zone.
    #[error(
        "subnet `{subnet}` lies in zone `{zone}`, as `{other}` does, and a database wants each of its subnets in a zone of its own"
    )]
    OneZone {
        /// The subnet.
        subnet: String,
        /// The one named before it.
        other: String,
        /// Where both lie.
        zone: Zone,
    },
    /// A bastion has no subnet to stand in.
    #[error("there is no public subnet for the bastion")]
    NoPublicSubnet,
    /// The lock has no public key for a machine.
    #[error("the lock has no public key for the {what} machine")]
    NoKey {
        /// What the key is for.
        what: &'static str,
    },
}

impl PlanError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Addresses { source, .. } => source.help(),
            Self::NoFreeNetwork => Some("give `network.cidr`, or narrow the ranges in `network.taken`".to_owned()),
            Self::OtherRegion { .. } | Self::NoImage { .. } | Self::NoSecondZone | Self::ExistingNotLocked => {
                Some("run `sce lock` again".to_owned())
            }
            Self::ExistingDiffers { .. } => {
                Some("what exists is not changed: leave it out of the spec, or name the thing that is meant".to_owned())
            }
            Self::ExistingOverlaps { .. } => {
                Some("use a VPC whose addresses are free, or correct `network.taken`".to_owned())
            }
            Self::NoEndpoint { .. } => Some(
                "ask those who look after the VPC for one, or set `use_existing.may_add_endpoint = true`: it puts one route into \
                 the subnet's table, and goes with the environment"
                    .to_owned(),
            ),
            Self::OneZone { .. } => Some(
                "RDS wants two zones at least: name a private subnet of another zone in `use_existing.database_subnets`, and run \
                 `sce lock` again"
                    .to_owned(),
            ),
            Self::NoPublicSubnet => Some("give `use_existing.public_subnet`".to_owned()),
            Self::NoKey { .. } => Some("make the pair with `sce keys make SPEC`, which tells the lock too; if it was made elsewhere, put the file ending in `.pub` into the folder `PIT-keys` beside the spec and run `sce lock` again".to_owned()),
        }
    }
}

/// Plans the environment that the spec asks for, in the account that the lock tells of.
///
/// # Errors
/// When the addresses do not suffice, or spec and lock disagree about the region.
pub fn plan(spec: &Spec, lock: &Lock) -> Result<Plan, PlanError> {
    if *lock.zone.region() != spec.region {
        return Err(PlanError::OtherRegion { zone: lock.zone.to_string(), region: spec.region.clone() });
    }
    let mut plan = Plan {
        schema_version: SCHEMA_VERSION,
        digest: String::new(),
        pit: spec.pit.clone(),
        account: lock.account.clone(),
        region: spec.region.clone(),
        offline: lock.offline,
        nodes: design::nodes(spec, lock)?,
    };
    plan.digest = plan.computed_digest();
    Ok(plan)
}

impl Plan {
    /// The node of that id.
    #[must_use]
    pub fn node(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == *id)
    }

    /// The node of that id, written as text.
    #[must_use]
    pub fn node_named(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id.as_str() == id)
    }

    /// What exists already and is used: somebody else's.
    pub fn existing_nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.is_existing())
    }

    /// The nodes that end with the project; the others belong to the account or to somebody else, and stay.
    pub fn pit_nodes(&self) -> impl DoubleEndedIterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.scope == Scope::Pit)
    }

    /// How many nodes there are of each kind, by the kind's word.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for node in &self.nodes {
            *counts.entry(node.properties.kind().word()).or_default() += 1;
        }
        counts
    }

    /// The plan as JSON; the same plan gives the same bytes.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Reads what [`Plan::to_json`] wrote, and whether it is what was written.
    ///
    /// # Errors
    /// When the text is no plan, of a later version, or its digest is not its content's.
    pub fn from_json(text: &str) -> Result<Self, InvalidPlan> {
        let plan: Self = serde_json::from_str(text).map_err(InvalidPlan::Json)?;
        if plan.schema_version > SCHEMA_VERSION {
            return Err(InvalidPlan::LaterVersion(plan.schema_version));
        }
        if plan.digest != plan.computed_digest() {
            return Err(InvalidPlan::Altered);
        }
        Ok(plan)
    }

    /// The plan for people, one line a node.
    #[must_use]
    pub fn to_text(&self) -> String {
        show::text(self)
    }

    fn computed_digest(&self) -> String {
        let content = (&self.pit, &self.account, &self.region, self.offline, &self.nodes);
        hex_sha256(serde_json::to_string(&content).unwrap_or_default().as_bytes())
    }
}

/// Why a text is no plan.
#[derive(Debug, Error)]
pub enum InvalidPlan {
    /// It does not say what a plan says.
    #[error("the plan is not as `sce plan --json` writes it")]
    Json(#[source] serde_json::Error),
    /// A later version of sce wrote it.
    #[error("the plan has schema version `{0}`, and this version of sce reads 1 to {SCHEMA_VERSION}")]
    LaterVersion(u32),
    /// Its digest is not that of its content.
    #[error("the plan was altered after it was made: its digest does not fit its content")]
    Altered,
}

pub(crate) fn hex_sha256(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes).into_iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Format, parse};

    fn planned(rest: &str) -> Plan {
        let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n{rest}");
        let spec = parse(&text, Format::Toml).unwrap();
        plan(&spec, &Lock::offline(&spec)).unwrap()
    }

    #[test]
    fn the_same_spec_and_lock_give_the_same_bytes() {
        assert_eq!(planned("").to_json(), planned("").to_json());
    }

    #[test]
    fn every_node_comes_after_what_it_needs() {
        for rest in ["", "[network]\negress = \"none\"\n", "profile = \"cloudmaven2017\"\n"] {
            let plan = planned(rest);
            for (index, node) in plan.nodes.iter().enumerate() {
                for need in &node.needs {
                    let earlier = plan.nodes[..index].iter().any(|other| other.id == *need);
                    assert!(earlier, "{} needs {need} ({rest})", node.id);
                }
            }
        }
    }

    #[test]
    fn ids_and_names_are_unique() {
        let plan = planned("");
        let ids: std::collections::BTreeSet<_> = plan.nodes.iter().map(|node| &node.id).collect();
        let names: std::collections::BTreeSet<_> =
            plan.nodes.iter().map(|node| (&node.name, node.properties.kind())).collect();
        assert_eq!((ids.len(), names.len()), (plan.nodes.len(), plan.nodes.len()));
    }

    #[test]
    fn the_plan_reads_back_and_tampering_shows() {
        let plan = planned("");
        let json = plan.to_json();
        assert_eq!(Plan::from_json(&json).unwrap(), plan);
        let tampered = json.replace("\"public_access_blocked\": true", "\"public_access_blocked\": false");
        assert!(matches!(Plan::from_json(&tampered), Err(InvalidPlan::Altered)));
    }

    #[test]
    fn without_egress_there_is_no_nat_and_no_internet_gateway() {
        let plan = planned("[network]\negress = \"none\"\n");
        for kind in ["nat-gateway", "elastic-ip", "internet-gateway"] {
            assert!(!plan.counts().contains_key(kind), "{kind}");
        }
    }

    #[test]
    fn tunnels_come_out_at_an_endpoint_that_alone_reaches_the_machine() {
        let plan = planned("[access]\nmode = \"instance-connect\"\n[compute.private]\ntype = \"m7i.large\"\n");
        let json = |id: &str| plan.node_named(id).unwrap().properties.to_json();
        assert_eq!(
            json("connect-endpoint"),
            serde_json::json!({
                "subnet": "${subnet-private.id}",
                "groups": ["${security-group-connect.id}"],
                "preserve_client_ip": false,
            })
        );
        let rules = |id: &str, way: &str| json(id)[way].as_array().unwrap().clone();
        assert!(rules("security-group-connect", "ingress").is_empty());
        let to = json("subnet-private")["cidr"].clone();
        let peers = |rules: Vec<serde_json::Value>| -> Vec<_> {
            rules.into_iter().map(|rule| (rule["ports"].clone(), rule["peer"].clone())).collect()
        };
        let ssh = serde_json::json!([22, 22]);
        let expected = [(ssh.clone(), serde_json::json!({ "cidr": to }))];
        assert_eq!(peers(rules("security-group-connect", "egress")), expected);
        let expected = [(ssh, serde_json::json!({ "group": "${security-group-connect.id}" }))];
        assert_eq!(peers(rules("security-group-private", "ingress")), expected);
        assert!(plan.node_named("instance-bastion").is_none() && plan.node_named("session-document").is_none());
        assert!(plan.node_named("key-pair-private").is_none(), "people come with their own keys");
        let tunnel = json("access-policy")["document"]["Statement"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(tunnel["Action"], "ec2-instance-connect:OpenTunnel");
        let condition = &tunnel["Condition"];
        assert_eq!(condition["NumericEquals"]["ec2-instance-connect:remotePort"], "22");
        assert_eq!(condition["IpAddress"]["ec2-instance-connect:privateIpAddress"], json("subnet-private")["cidr"]);
        assert_eq!(condition["StringEquals"]["aws:ResourceTag/sce:pit"], "hipaa");
    }

    #[test]
    fn a_machine_comes_after_what_guards_its_subnet_and_leads_out_of_it() {
        let needs = |rest: &str, id: &str| {
            let plan = planned(&format!("{rest}[compute.private]\ntype = \"m7i.large\"\n"));
            plan.node_named(id).unwrap().needs.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let has = |needs: &[String], ids: &[&str]| {
            assert!(ids.iter().all(|id| needs.iter().any(|need| need == id)), "{ids:?} in {needs:?}");
        };
        let network = ["association-private", "network-acl-private", "s3-endpoint"];
        let modern = needs("", "instance-private");
        has(&modern, &network);
        has(&modern, &["route-private-nat"]);
        let closed = needs("[network]\negress = \"none\"\n", "instance-private");
        has(&closed, &network);
        has(&closed, &["endpoint-ssm", "endpoint-kms"]);
        has(&needs("profile = \"cloudmaven2017\"\n", "instance-private"), &["route-main-nat", "network-acl-private"]);
        let bastion = needs(
            "[access]\nmode = \"bastion\"\nallow = [{ name = \"campus\", cidr = \"198.51.100.0/24\" }]\n",
            "instance-bastion",
        );
        has(&bastion, &["association-public", "network-acl-public", "route-public-internet"]);
    }

    #[test]
    fn too_small_a_network_says_by_how_much() {
        let text =
            "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n[network]\ncidr = \"10.0.0.0/24\"\n";
        let spec = parse(text, Format::Toml).unwrap();
        let error = plan(&spec, &Lock::offline(&spec)).unwrap_err();
        assert_eq!(error.to_string(), "the subnets do not fit into `10.0.0.0/24`");
        assert!(error.help().is_some());
    }

    #[test]
    fn a_free_network_is_found_beside_those_taken() {
        let plan = planned("[network]\ntaken = [{ name = \"campus\", cidr = \"10.0.0.0/9\" }]\n");
        let crate::aws::resource::Properties::Vpc(vpc) = &plan.node_named("vpc").unwrap().properties else { panic!() };
        assert_eq!(vpc.cidr.to_string(), "10.128.0.0/16");
    }

    #[test]
    fn the_plan_for_people_stays_as_reviewed() {
        insta::assert_snapshot!("plan_hipaa", planned("").to_text());
    }
}
