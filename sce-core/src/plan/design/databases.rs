//! Databases: private, encrypted, over TLS, with IAM's tokens in place of passwords.

use std::collections::{BTreeMap, BTreeSet};

use super::machines::tcp;
use super::network::{Addresses, NetworkParts};
use super::{Design, Handle};
use crate::aws::resource::{
    DatabaseInstance, DatabaseParameterGroup, DatabaseSubnetGroup, KmsKey, LogGroup, NetworkAcl, Peer, SecurityGroup,
    Subnet,
};
use crate::cidr::{self, Need};
use crate::pit::Named;
use crate::plan::PlanError;
use crate::spec::Database;

/// PostgreSQL's port.
pub(super) const POSTGRES: u16 = 5432;

/// Hosts of the spare subnet: nothing lies in it, and a /28 is the least that AWS gives.
const SPARE_HOSTS: u32 = 11;

impl Design<'_> {
    /// What databases need, and the databases.
    pub(super) fn databases(
        &mut self,
        network: &NetworkParts,
        addresses: &Addresses,
        key: &Handle<KmsKey>,
        machines: Option<&Handle<SecurityGroup>>,
    ) -> Result<(), PlanError> {
        let spec = self.spec;
        if spec.database.is_empty() {
            return Ok(());
        }
        let spares = match self.existing_spares() {
            Some(spares) => spares,
            None => vec![self.spare_subnet(network, addresses)?],
        };
        let description = format!("where databases of {} may lie", spec.pit);
        let subnets = spares.iter().chain([&network.private]).map(Handle::id).collect();
        let group = DatabaseSubnetGroup { description, subnets };
        let subnets = self.add_named("database-subnets", format!("{}-databases", spec.pit), &[], group);
        let from_machines = machines.map(|group| tcp(POSTGRES, Peer::Group(group.id()), "from the private instance"));
        let group = SecurityGroup {
            vpc: network.vpc.id(),
            description: format!("databases of {}", spec.pit),
            ingress: from_machines.into_iter().collect(),
            egress: BTreeSet::new(),
        };
        let group = self.add("security-group-databases", Named::DatabasesSecurityGroup, &[], group);
        for database in &spec.database {
            self.database(database, key, &subnets, &group);
        }
        Ok(())
    }

    /// RDS wants a second zone (C28); the database stays in the first, so nothing may come or go here.
    fn spare_subnet(&mut self, network: &NetworkParts, addresses: &Addresses) -> Result<Handle<Subnet>, PlanError> {
        let failed = |source| PlanError::Addresses { block: addresses.vpc.to_string(), source };
        let need = [Need { name: "spare".to_owned(), hosts: SPARE_HOSTS }];
        let given: Vec<_> = addresses.public.into_iter().chain([addresses.private]).collect();
        let allocation = cidr::allocate(&addresses.vpc, &need, &given).map_err(failed)?;
        let cidr = allocation.subnets.first().map(|subnet| subnet.cidr).ok_or(PlanError::NoFreeNetwork)?;
        let zone = self.lock.second_zone.clone().ok_or(PlanError::NoSecondZone)?;
        let subnet = Subnet { vpc: network.vpc.id(), cidr, zone, public_address_on_launch: false };
        let subnet = self.add("subnet-spare", Named::SpareSubnet, &[], subnet);
        let closed = NetworkAcl {
            vpc: network.vpc.id(),
            subnets: BTreeSet::from([subnet.id()]),
            ingress: BTreeMap::new(),
            egress: BTreeMap::new(),
        };
        self.add("network-acl-spare", Named::SpareNetworkAcl, &[], closed);
        Ok(subnet)
    }

    fn database(
        &mut self,
        database: &Database,
        key: &Handle<KmsKey>,
        subnets: &Handle<DatabaseSubnetGroup>,
        group: &Handle<SecurityGroup>,
    ) {
        let (spec, what) = (self.spec, database.name());
        let identifier = format!("{}-{what}", spec.pit);
        // RDS would make the group itself, without key and for ever; a group that exists already it fills.
        let log_group = self.add_named(
            &format!("log-group-database-{what}"),
            database_log_group(&identifier),
            &[],
            LogGroup { retention_days: Some(spec.retention.logs_days), key: Some(key.arn()) },
        );
        let parameters = DatabaseParameterGroup {
            family: format!("{}{}", database.engine, database.version),
            parameters: [("log_connections", "1"), ("log_disconnections", "1"), ("rds.force_ssl", "1")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        let parameters =
            self.add_named(&format!("database-parameters-{what}"), format!("{identifier}-parameters"), &[], parameters);
        let instance = DatabaseInstance {
            engine: database.engine.clone(),
            major_version: database.version.clone(),
            class: database.class.clone(),
            storage_gib: database.storage_gib,
            storage_type: "gp3".to_owned(),
            encrypted: true,
            key: Some(key.arn()),
            subnet_group: subnets.id_text(),
            zone: self.lock.zone.clone(),
            groups: BTreeSet::from([group.id()]),
            parameter_group: parameters.id_text(),
            public: false,
            iam_authentication: true,
            master_password_managed: true,
            backup_days: database.backup_days,
            deletion_protection: true,
            minor_upgrades: true,
            exported_logs: BTreeSet::from(["postgresql".to_owned()]),
        };
        self.add_named(&format!("database-{what}"), identifier, &[&log_group.node], instance);
    }
}

/// Where RDS puts a PostgreSQL server's log (RDS user guide, "Publishing PostgreSQL logs to Amazon CloudWatch Logs").
pub(super) fn database_log_group(identifier: &str) -> String {
    format!("/aws/rds/instance/{identifier}/postgresql")
}
