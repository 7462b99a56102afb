//! What exists already: taken up as the lock tells it, in the place of what would be made.

use std::marker::PhantomData;

use super::network::{Addresses, NetworkParts};
use super::{Design, Handle};
use crate::account::Zone;
use crate::aws::resource::{Properties, RouteTable, Subnet, Tenancy, Vpc};
use crate::lock::{Existing, Lock, Thing, spare_subnet};
use crate::plan::{Node, PlanError, Scope};
use crate::spec::Spec;
use crate::value::{Attribute, Reference, references, substitute};

/// What the lock tells of what the spec wants to use; none when the spec wants none of it.
pub(super) fn locked<'a>(spec: &Spec, lock: &'a Lock) -> Result<Option<&'a Existing>, PlanError> {
    if spec.use_existing.is_empty() {
        return Ok(None);
    }
    let existing = lock.existing.as_ref().filter(|existing| existing.asked == spec.use_existing);
    existing.map(Some).ok_or(PlanError::ExistingNotLocked)
}

/// The ranges of a VPC that exists and of its subnets; none when the spec has a VPC made.
pub(super) fn addresses(spec: &Spec, lock: &Lock, existing: Option<&Existing>) -> Result<Option<Addresses>, PlanError> {
    let (Some(existing), Some(_)) = (existing, &spec.use_existing.vpc) else { return Ok(None) };
    let vpc = vpc(existing).ok_or(PlanError::ExistingNotLocked)?;
    let private = subnet(existing, "subnet-private").ok_or(PlanError::ExistingNotLocked)?;
    let public = subnet(existing, "subnet-public");
    let network = &spec.network;
    agree("network.cidr", network.cidr.as_ref(), Some(&vpc.cidr))?;
    agree("network.private", network.private.as_ref(), Some(&private.cidr))?;
    agree("network.public", network.public.as_ref(), public.map(|public| &public.cidr))?;
    agree("network.zone", network.zone.as_ref(), Some(&private.zone))?;
    agree("zone of the lock", Some(&lock.zone), Some(&private.zone))?;
    if let Some(asked) = network.tenancy.filter(|asked| *asked != vpc.tenancy) {
        return Err(disagree("network.tenancy", tenancy_word(asked), tenancy_word(vpc.tenancy)));
    }
    // The ranges of placeholders are nobody's.
    let taken = network.taken.iter().find(|range| !lock.offline && range.cidr.overlaps(&vpc.cidr));
    if let Some(range) = taken {
        let (block, name) = (vpc.cidr.to_string(), range.name.clone());
        return Err(PlanError::ExistingOverlaps { block, taken: range.cidr.to_string(), name });
    }
    zones_apart(existing)?;
    if existing.at("s3-endpoint").is_none() && !spec.use_existing.may_add_endpoint {
        return Err(PlanError::NoEndpoint {
            subnet: existing.at("subnet-private").map(|one| one.name.clone()).unwrap_or_default(),
        });
    }
    Ok(Some(Addresses { vpc: vpc.cidr, public: public.map(|public| public.cidr), private: private.cidr }))
}

/// Sprivate and the subnets for databases lie in a zone each: two zones are what RDS wants, and with one subnet a zone it is known where
/// a database lies.
fn zones_apart(existing: &Existing) -> Result<(), PlanError> {
    let mut seen: Vec<(&Zone, &Thing)> = Vec::new();
    for place in std::iter::once("subnet-private".to_owned()).chain(spares(existing)) {
        let (Some(thing), Some(subnet)) = (existing.at(&place), subnet(existing, &place)) else {
            return Err(PlanError::ExistingNotLocked);
        };
        if let Some((zone, other)) = seen.iter().find(|(zone, _)| **zone == subnet.zone) {
            let (subnet, other) = (thing.name.clone(), other.name.clone());
            return Err(PlanError::OneZone { subnet, other, zone: (*zone).clone() });
        }
        seen.push((&subnet.zone, thing));
    }
    Ok(())
}

/// The places of the subnets for databases.
fn spares(existing: &Existing) -> impl Iterator<Item = String> {
    (0..existing.asked.database_subnets.len()).map(spare_subnet)
}

impl Design<'_> {
    /// Takes every existing thing up, before anything of ours.
    pub(super) fn take_up(&mut self) {
        let Some(existing) = self.existing else { return };
        for thing in &existing.things {
            let json = substitute(&thing.properties.to_json(), &|text| reference_to(existing, text));
            // A reference stands wherever an id may stand, so this reads back; if it did not, the ids themselves would do.
            let kind = thing.properties.kind();
            let properties = Properties::from_json(kind, json).unwrap_or_else(|_| thing.properties.clone());
            let needs = references(&properties.to_json()).into_iter().map(|reference| reference.node);
            self.nodes.push(Node {
                id: thing.place.clone(),
                name: thing.name.clone(),
                scope: Scope::Existing,
                needs: needs.filter(|need| *need != thing.place).collect(),
                tags: std::collections::BTreeMap::new(),
                properties,
            });
        }
    }

    /// The existing thing at that place, if there is one.
    pub(super) fn taken_up<K>(&self, place: &str) -> Option<Handle<K>> {
        let thing = self.existing?.at(place)?;
        Some(Handle { node: thing.place.clone(), kind: PhantomData })
    }

    /// The parts of a VPC that exists; none when one is made.
    pub(super) fn existing_network(&self) -> Option<NetworkParts> {
        let table = self.table_of_private_subnet();
        Some(NetworkParts {
            vpc: self.taken_up("vpc")?,
            public: self.taken_up("subnet-public"),
            private: self.taken_up("subnet-private")?,
            endpoint_tables: table.into_iter().collect(),
        })
    }

    /// The subnets of others where databases may lie beside Sprivate; none where the network is made.
    pub(super) fn existing_spares(&self) -> Option<Vec<Handle<Subnet>>> {
        let existing = self.existing?;
        existing.at("vpc")?;
        spares(existing).map(|place| self.taken_up(&place)).collect()
    }

    /// What hardware machines stand on: the VPC decides it, and a VPC that exists has decided.
    pub(super) fn tenancy(&self) -> Tenancy {
        let existing = self.existing.and_then(vpc);
        existing.map_or_else(|| self.spec.tenancy(), |vpc| vpc.tenancy)
    }

    /// The table associated with Sprivate, else the main one.
    fn table_of_private_subnet(&self) -> Option<Handle<RouteTable>> {
        let existing = self.existing?;
        let explicit = existing.at("association-private").and_then(|thing| match &thing.properties {
            Properties::RouteTableAssociation(association) => Some(association.table.to_string()),
            _ => None,
        });
        let is_table = |thing: &&Thing| match (&explicit, &thing.properties) {
            (Some(id), Properties::RouteTable(_)) => thing.name == *id,
            (None, Properties::RouteTable(table)) => table.main,
            _ => false,
        };
        let table = existing.things.iter().find(is_table)?;
        Some(Handle { node: table.place.clone(), kind: PhantomData })
    }
}

/// An id of the network, exchanged for the place of what bears it. Names of buckets and ARNs stay as they are: they may stand where
/// something else is meant.
fn reference_to(existing: &Existing, text: &str) -> Option<String> {
    let of_network = |thing: &&Thing| thing.properties.kind().descriptor().service == "ec2" && thing.name == text;
    let thing = existing.things.iter().find(of_network)?;
    Some(Reference { node: thing.place.clone(), attribute: Attribute::Id }.to_string())
}

fn vpc(existing: &Existing) -> Option<&Vpc> {
    match &existing.at("vpc")?.properties {
        Properties::Vpc(vpc) => Some(vpc),
        _ => None,
    }
}

fn subnet<'a>(existing: &'a Existing, place: &str) -> Option<&'a Subnet> {
    match &existing.at(place)?.properties {
        Properties::Subnet(subnet) => Some(subnet),
        _ => None,
    }
}

/// What the spec says of an existing thing must be so, or it means another one.
fn agree<T: PartialEq + ToString>(what: &'static str, asked: Option<&T>, found: Option<&T>) -> Result<(), PlanError> {
    match asked {
        Some(asked) if Some(asked) != found => {
            Err(disagree(what, &asked.to_string(), &found.map_or_else(|| "not used".to_owned(), T::to_string)))
        }
        _ => Ok(()),
    }
}

fn disagree(what: &'static str, asked: &str, found: &str) -> PlanError {
    PlanError::ExistingDiffers { what, asked: asked.to_owned(), found: found.to_owned() }
}

const fn tenancy_word(tenancy: Tenancy) -> &'static str {
    match tenancy {
        Tenancy::Default => "default",
        Tenancy::Dedicated => "dedicated",
    }
}

#[cfg(test)]
pub(crate) mod sample;

#[cfg(test)]
mod tests {
    use super::sample::{DATABASE, KEY, SPEC, locked};
    use super::*;
    use crate::plan::{Plan, plan};

    fn planned(text: &str) -> Plan {
        let (spec, lock) = locked(text);
        plan(&spec, &lock).unwrap()
    }

    fn refused(change: impl FnOnce(&mut Spec, &mut Lock)) -> (String, Option<String>) {
        let (mut spec, mut lock) = locked(SPEC);
        change(&mut spec, &mut lock);
        let error = plan(&spec, &lock).unwrap_err();
        (error.to_string(), error.help())
    }

    #[test]
    fn nothing_of_a_network_is_made_where_one_exists() {
        let plan = planned(SPEC);
        let ancillary = ["file-table", "queue", "dead-letters", "topic"];
        let of_network = |id: &&str| !ancillary.iter().any(|part| id.contains(part));
        let made: Vec<&str> = plan.pit_nodes().map(|node| node.id.as_str()).filter(of_network).collect();
        let expected = [
            "log-group",
            "flow-log-policy",
            "flow-log-role",
            "flow-log",
            "bucket-data",
            "bucket-output",
            "bucket-ancillary",
        ];
        assert_eq!(made, expected);
        assert!(plan.existing_nodes().all(|node| node.tags.is_empty()), "none of ours on what is not ours");
        for (index, node) in plan.nodes.iter().enumerate() {
            for need in &node.needs {
                assert!(plan.nodes[..index].iter().any(|earlier| earlier.id == *need), "{} needs {need}", node.id);
            }
        }
    }

    #[test]
    fn what_is_ours_refers_to_what_exists_by_its_place() {
        let plan = planned(SPEC);
        let json = |id: &str| plan.node_named(id).unwrap().properties.to_json();
        assert_eq!(
            (json("flow-log")["vpc"].clone(), json("log-group")["key"].clone()),
            ("${vpc.id}".into(), "${key.arn}".into())
        );
        assert_eq!(json("subnet-private")["vpc"], "${vpc.id}");
        assert_eq!(json("association-private")["table"], "${route-table-private.id}");
        assert_eq!(
            json("bucket-data")["access_log"],
            serde_json::json!({"bucket": "central-logs", "prefix": "hipaa/data/"})
        );
        assert_eq!(
            (plan.node_named("vpc").unwrap().name.as_str(), plan.node_named("key").unwrap().name.as_str()),
            ("vpc-0vpc", KEY)
        );
        assert!(plan.to_text().contains("[exists, not touched]"));
        assert_eq!(Plan::from_json(&plan.to_json()).unwrap(), plan);
    }

    #[test]
    fn each_thing_may_exist_alone() {
        let only =
            |line: &str| planned(&format!("{}[use_existing]\n{line}\n", SPEC.split("[use_existing]").next().unwrap()));
        let key = only(&format!("key = \"{KEY}\""));
        assert!(key.node_named("key-alias").is_none() && key.node_named("vpc").unwrap().scope == Scope::Pit);
        let logs = only("log_bucket = \"central-logs\"");
        let existing: Vec<&str> = logs.existing_nodes().map(|node| node.id.as_str()).collect();
        assert_eq!(existing, ["bucket-accesslogs"]);
        let private = only("vpc = \"vpc-0vpc\"\nprivate_subnet = \"subnet-0subnet-private\"");
        assert!(private.node_named("key-alias").is_some() && private.node_named("nat-gateway").unwrap().is_existing());
    }

    #[test]
    fn an_endpoint_is_added_only_where_that_is_allowed() {
        let plan = planned(&format!("{SPEC}may_add_endpoint = true\n"));
        let endpoint = plan.node_named("s3-endpoint").unwrap();
        assert_eq!(endpoint.scope, Scope::Pit);
        assert_eq!(endpoint.properties.to_json()["route_tables"], serde_json::json!(["${route-table-private.id}"]));
        let (message, help) = refused(|_, lock| {
            lock.existing.as_mut().unwrap().things.retain(|thing| thing.place.as_str() != "s3-endpoint");
        });
        assert!(
            message.ends_with("no gateway endpoint for S3 that serves the private subnet `subnet-0subnet-private`"),
            "{message}"
        );
        assert!(help.unwrap().contains("may_add_endpoint = true"));
    }

    #[test]
    fn an_endpoint_is_added_to_the_main_table_where_that_rules_the_subnet() {
        let (spec, mut lock) = locked(&format!("{SPEC}may_add_endpoint = true\n"));
        lock.existing.as_mut().unwrap().things.retain(|thing| thing.place.as_str() != "association-private");
        let plan = plan(&spec, &lock).unwrap();
        let tables = plan.node_named("s3-endpoint").unwrap().properties.to_json()["route_tables"].clone();
        assert_eq!(tables, serde_json::json!(["${route-table-main.id}"]));
    }

    #[test]
    fn a_lock_that_answers_another_question_is_none() {
        let expected = "the lock does not tell of the existing things that the spec uses";
        assert_eq!(refused(|_, lock| lock.existing = None).0, expected);
        let other = refused(|spec, _| spec.use_existing.vpc = "vpc-0other".parse().ok());
        assert_eq!(other, (expected.to_owned(), Some("run `sce lock` again".to_owned())));
        let half =
            refused(|_, lock| lock.existing.as_mut().unwrap().things.retain(|thing| thing.place.as_str() != "vpc"));
        assert_eq!(half.0, expected);
    }

    #[test]
    fn the_spec_may_repeat_what_is_so_and_nothing_else() {
        let range = |text: &str| text.parse().ok();
        let differs = |message: &str| message.contains(" in the spec, and of what exists it is ");
        assert!(differs(&refused(|spec, _| spec.network.cidr = range("10.9.0.0/16")).0));
        assert!(differs(&refused(|spec, _| spec.network.private = range("10.0.9.0/24")).0));
        assert!(differs(&refused(|spec, _| spec.network.public = range("10.0.9.0/24")).0));
        assert!(differs(&refused(|spec, _| spec.network.zone = "us-west-2c".parse().ok()).0));
        assert!(differs(&refused(|_, lock| lock.zone = "us-west-2c".parse().unwrap()).0));
        assert!(differs(&refused(|spec, _| spec.network.tenancy = Some(Tenancy::Dedicated)).0));
        let (mut spec, lock) = locked(SPEC);
        spec.network.cidr = range("10.0.0.0/16");
        spec.network.tenancy = Some(Tenancy::Default);
        assert!(plan(&spec, &lock).is_ok());
    }

    #[test]
    fn a_network_that_overlaps_what_is_taken_is_refused() {
        let (message, _) = refused(|spec, _| {
            let cidr = "10.0.0.0/9".parse().unwrap();
            spec.network.taken.push(crate::spec::NamedRange { name: "campus".to_owned(), cidr });
        });
        assert_eq!(message, "the existing VPC `10.0.0.0/16` overlaps `10.0.0.0/9`, taken by `campus`");
    }

    #[test]
    fn a_database_lies_in_the_subnets_of_others() {
        let plan = planned(&format!("{SPEC}{DATABASE}"));
        let json = |id: &str| plan.node_named(id).unwrap().properties.to_json();
        assert_eq!(
            json("database-subnets")["subnets"],
            serde_json::json!(["${subnet-private.id}", "${subnet-spare.id}"])
        );
        assert_eq!(json("security-group-databases")["vpc"], "${vpc.id}");
        assert_eq!(json("database-postgres")["zone"], json("subnet-private")["zone"]);
        for of_others in ["subnet-spare", "network-acl-spare"] {
            assert_eq!(plan.node_named(of_others).unwrap().scope, Scope::Existing, "{of_others}");
        }
        let made = |node: &&Node| matches!(node.properties, Properties::Subnet(_) | Properties::NetworkAcl(_));
        assert_eq!(plan.pit_nodes().filter(made).count(), 0, "no subnet and no ACL of ours in a VPC of others");
    }

    #[test]
    fn subnets_for_databases_lie_in_a_zone_each() {
        let (spec, mut lock) = locked(&format!("{SPEC}{DATABASE}"));
        let zone = lock.zone.clone();
        for thing in &mut lock.existing.as_mut().unwrap().things {
            if let (Properties::Subnet(subnet), "subnet-spare") = (&mut thing.properties, thing.place.as_str()) {
                subnet.zone = zone.clone();
            }
        }
        let error = plan(&spec, &lock).unwrap_err();
        let expected = "subnet `subnet-0subnet-spare` lies in zone `us-west-2a`, as `subnet-0subnet-private` does, and a database \
                        wants each of its subnets in a zone of its own";
        assert_eq!(error.to_string(), expected);
        assert!(error.help().unwrap().contains("use_existing.database_subnets"));
        lock.existing.as_mut().unwrap().things.retain(|thing| thing.place.as_str() != "subnet-spare");
        assert_eq!(plan(&spec, &lock).unwrap_err(), PlanError::ExistingNotLocked);
    }

    #[test]
    fn a_plan_with_a_database_can_be_looked_at_before_the_account_is() {
        let further = DATABASE.replace("-spare\"]", "-spare\", \"subnet-0third\"]");
        let spec = crate::spec::parse(&format!("{SPEC}{further}"), crate::spec::Format::Toml).unwrap();
        let plan = plan(&spec, &Lock::offline(&spec)).unwrap();
        let subnets = plan.node_named("database-subnets").unwrap().properties.to_json()["subnets"].clone();
        assert_eq!(subnets, serde_json::json!(["${subnet-private.id}", "${subnet-spare.id}", "${subnet-spare-2.id}"]));
    }

    #[test]
    fn machines_stand_on_the_hardware_of_the_vpc_that_exists() {
        let compute = "[compute.private]\ntype = \"m7i.large\"\n";
        let (spec, mut lock) = locked(&format!("{SPEC}{compute}"));
        for thing in &mut lock.existing.as_mut().unwrap().things {
            if let Properties::Vpc(vpc) = &mut thing.properties {
                vpc.tenancy = Tenancy::Dedicated;
            }
        }
        let plan = plan(&spec, &lock).unwrap();
        let json = |id: &str| plan.node_named(id).unwrap().properties.to_json();
        assert_eq!(
            (json("template-private")["tenancy"].clone(), json("instance-private")["subnet"].clone()),
            ("dedicated".into(), "${subnet-private.id}".into())
        );
    }
}
