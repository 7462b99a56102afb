//! What exists already and is somebody else's: found by its id, and left as it is.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    RouteTable as SdkRouteTable, RouteTableAssociation as SdkAssociation,
    RouteTableAssociationStateCode as AssociationState, Subnet as SdkSubnet, VpcCidrBlockStateCode as RangeState,
    VpcEndpoint,
};
use aws_sdk_kms::types::{KeyManagerType, KeySpec, KeyState, KeyUsageType};
use sce_core::aws::arn::{Arn, SubnetId, VpcId};
use sce_core::aws::policy::Policy;
use sce_core::aws::resource::{
    Bucket, DefaultSecurityGroup, Encryption, GatewayEndpoint, KmsKey, NatGateway, NetworkAcl, Properties, RouteTable,
    RouteTableAssociation, RouteTarget, Subnet, Tenancy, Vpc,
};
use sce_core::cidr::Cidr;
use sce_core::lock::{Existing, Thing, spare};
use sce_core::pit::{TAG_PIT, Tags};
use sce_core::plan::{Node, Scope};
use sce_core::spec::Spec;
use sce_core::value::Value;
use thiserror::Error;

use crate::error::{CloudError, Trouble, cloud};
use crate::ids::Ids;
use crate::provider::{Found, look};
use crate::resource::gateway_endpoint::is_live;
use crate::resource::route;
use crate::session::Session;
use crate::tags::{self, filter};

/// Why something that exists cannot be used.
#[derive(Debug, Error)]
pub enum ExistingError {
    /// AWS refused or failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// It is not there.
    #[error("there is no {what} `{name}` in this account and region")]
    NotThere {
        /// What it should be.
        what: &'static str,
        /// What it was called.
        name: String,
    },
    /// It is another account's.
    #[error("{what} `{name}` belongs to account `{owner}`")]
    AnotherAccounts {
        /// What it is.
        what: &'static str,
        /// What it is called.
        name: String,
        /// Whose it is.
        owner: String,
    },
    /// It belongs to another environment, and goes when that is closed out.
    #[error("{what} `{name}` is of the environment `{pit}`")]
    AnotherEnvironments {
        /// What it is.
        what: &'static str,
        /// What it is called.
        name: String,
        /// The environment.
        pit: String,
    },
    /// It is there and cannot serve.
    #[error("{what} `{name}` cannot be used: {why}")]
    Unfit {
        /// What it is.
        what: &'static str,
        /// What it is called.
        name: String,
        /// What is in the way.
        why: String,
    },
}

impl ExistingError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Cloud(error) => error.help().map(str::to_owned),
            Self::NotThere { .. } => Some("check the id, and that account and region are those that are meant".to_owned()),
            Self::AnotherAccounts { .. } => Some(
                "this version uses what the environment's own account has; a VPC shared by another account is not among it"
                    .to_owned(),
            ),
            Self::AnotherEnvironments { .. } => {
                Some("it goes when that environment is closed out: use one that outlives both".to_owned())
            }
            Self::Unfit { .. } => Some("ask those who look after it, or use another".to_owned()),
        }
    }
}

/// Reads everything that the spec wants to use: read-only.
pub(crate) async fn read(session: &Session, spec: &Spec) -> Result<Option<Existing>, ExistingError> {
    let asked = &spec.use_existing;
    if asked.is_empty() {
        return Ok(None);
    }
    let mut reading = Reading { session, things: Vec::new() };
    if let (Some(vpc), Some(private)) = (&asked.vpc, &asked.private_subnet) {
        let mut used = vec![("private".to_owned(), private)];
        used.extend(asked.public_subnet.iter().map(|public| ("public".to_owned(), public)));
        used.extend(asked.database_subnets.iter().enumerate().map(|(index, subnet)| (spare(index), subnet)));
        reading.network(spec, vpc, private, &used).await?;
    }
    if let Some(key) = &asked.key {
        reading.key(key).await?;
    }
    if let Some(bucket) = &asked.log_bucket {
        reading.log_bucket(bucket).await?;
    }
    Ok(Some(Existing { asked: asked.clone(), things: reading.things }))
}

/// One reading of what exists.
struct Reading<'a> {
    session: &'a Session,
    things: Vec<Thing>,
}

impl Reading<'_> {
    /// The VPC, and of what is in it all that rules ask about the subnets used.
    async fn network(
        &mut self,
        spec: &Spec,
        vpc: &VpcId,
        private: &SubnetId,
        used: &[(String, &SubnetId)],
    ) -> Result<(), ExistingError> {
        self.vpc(vpc).await?;
        let group = DefaultSecurityGroup { vpc: of(vpc), ingress: BTreeSet::new(), egress: BTreeSet::new() };
        let id = self.default_security_group(vpc).await?;
        self.add("security-group-default", "default security group", &id, group).await?;
        for (which, id) in used {
            self.subnet(&format!("subnet-{which}"), vpc, id).await?;
        }
        let tables = self.tables(vpc).await?;
        self.table("route-table-main", vpc, tables.iter().find(|table| is_main(table))).await?;
        for (which, subnet) in used {
            self.ruled_by(which, vpc, subnet, &tables).await?;
        }
        self.nat_gateway().await?;
        for (which, subnet) in used {
            self.acl(which, vpc, subnet).await?;
        }
        self.endpoint(spec, vpc, private, &tables).await
    }

    async fn vpc(&mut self, id: &VpcId) -> Result<(), ExistingError> {
        let request = self.session.ec2.describe_vpcs().filters(filter("vpc-id", id.as_str()));
        let answer = request.send().await.map_err(cloud("DescribeVpcs", id.as_str()))?;
        let found = answer.vpcs().iter().find(|vpc| vpc.vpc_id() == Some(id.as_str()));
        let found = found.ok_or_else(|| absent("VPC", id.as_str()))?;
        if let Some(owner) = found.owner_id().filter(|owner| *owner != self.session.account().as_str()) {
            return Err(anothers("VPC", id.as_str(), owner));
        }
        // A range that was taken away stays listed, and holds nothing.
        let is_gone =
            |state: Option<&RangeState>| matches!(state, Some(RangeState::Disassociated | RangeState::Failed));
        let ranges = found.cidr_block_association_set().iter();
        let further = ranges
            .filter(|range| !is_gone(range.cidr_block_state().and_then(|state| state.state())))
            .any(|range| range.cidr_block() != found.cidr_block());
        let mut of_six = found.ipv6_cidr_block_association_set().iter();
        let six = of_six.any(|range| !is_gone(range.ipv6_cidr_block_state().and_then(|state| state.state())));
        if further || six {
            return Err(unfit(
                "VPC",
                id.as_str(),
                "it has more than one range of addresses, and this version judges one",
            ));
        }
        let blank = Vpc { cidr: nowhere(), tenancy: Tenancy::Default, dns_support: false, dns_hostnames: false };
        self.add("vpc", "VPC", id.as_str(), blank).await.map(drop)
    }

    async fn default_security_group(&self, vpc: &VpcId) -> Result<String, ExistingError> {
        let request = self.session.ec2.describe_security_groups().filters(filter("vpc-id", vpc.as_str()));
        let request = request.filters(filter("group-name", "default"));
        let answer = request.send().await.map_err(cloud("DescribeSecurityGroups", vpc.as_str()))?;
        let id = answer.security_groups().iter().find_map(|group| group.group_id());
        id.map(str::to_owned).ok_or_else(|| absent("default security group of VPC", vpc.as_str()))
    }

    async fn subnet(&mut self, place: &str, vpc: &VpcId, id: &SubnetId) -> Result<(), ExistingError> {
        let request = self.session.ec2.describe_subnets().filters(filter("subnet-id", id.as_str()));
        let answer = request.send().await.map_err(cloud("DescribeSubnets", id.as_str()))?;
        let found = answer.subnets().iter().find(|subnet| subnet.subnet_id() == Some(id.as_str()));
        let found = found.ok_or_else(|| absent("subnet", id.as_str()))?;
        let unreadable = || CloudError::unreadable("DescribeSubnets", id.as_str(), "no zone");
        let zone = found.availability_zone().unwrap_or_default().parse().map_err(|_| unreadable())?;
        unless_fit(found, vpc, self.session.account().as_str())?;
        let blank = Subnet { vpc: of(vpc), cidr: nowhere(), zone, public_address_on_launch: false };
        self.add(place, "subnet", id.as_str(), blank).await.map(drop)
    }

    async fn tables(&self, vpc: &VpcId) -> Result<Vec<SdkRouteTable>, ExistingError> {
        let request = self.session.ec2.describe_route_tables().filters(filter("vpc-id", vpc.as_str()));
        let tables = request.into_paginator().items().send().try_collect().await;
        Ok(tables.map_err(cloud("DescribeRouteTables", vpc.as_str()))?)
    }

    /// The table that a subnet is associated with, and the association; a subnet without one is ruled by the main table.
    async fn ruled_by(
        &mut self,
        which: &str,
        vpc: &VpcId,
        subnet: &SubnetId,
        tables: &[SdkRouteTable],
    ) -> Result<(), ExistingError> {
        let Some((table, id)) = tables.iter().find_map(|table| Some((table, association(table, subnet)?))) else {
            return Ok(());
        };
        self.table(&format!("route-table-{which}"), vpc, Some(table)).await?;
        let name = table.route_table_id().unwrap_or_default();
        let unreadable = |_| CloudError::unreadable("DescribeRouteTables", subnet.as_str(), "no route table id");
        let table = Value::Known(name.parse().map_err(unreadable)?);
        let association = RouteTableAssociation { table, subnet: Value::Known(subnet.clone()) };
        self.add(&format!("association-{which}"), "route table association", id, association).await.map(drop)
    }

    /// A table and its routes, once.
    async fn table(&mut self, place: &str, vpc: &VpcId, table: Option<&SdkRouteTable>) -> Result<(), ExistingError> {
        let table = table.ok_or_else(|| absent("main route table of VPC", vpc.as_str()))?;
        let id = table.route_table_id().unwrap_or_default();
        if self.things.iter().any(|thing| thing.name == id) {
            return Ok(());
        }
        self.add(place, "route table", id, RouteTable { vpc: of(vpc), main: is_main(table) }).await?;
        let which = place.trim_start_matches("route-table-");
        for route in route::routes_of(self.session, place, id).await? {
            let destination = route.destination.to_string().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
            let name = format!("{id} {}", route.destination);
            self.add(&format!("route-{which}-{destination}"), "route", &name, route).await?;
        }
        Ok(())
    }

    /// The NAT gateway that a subnet's way out leads to.
    async fn nat_gateway(&mut self) -> Result<(), ExistingError> {
        let leads_to = |thing: &Thing| match &thing.properties {
            Properties::Route(route) => match &route.target {
                RouteTarget::NatGateway(Value::Known(id)) => Some(id.clone()),
                _ => None,
            },
            _ => None,
        };
        let own = self.things.iter().filter(|thing| thing.place.as_str().starts_with("route-private-"));
        let Some(id) = own.chain(&self.things).find_map(leads_to) else { return Ok(()) };
        let unreadable = |_| CloudError::unreadable("DescribeNatGateways", id.as_str(), "no ids");
        let subnet = Value::Known("subnet-0".parse().map_err(unreadable)?);
        let blank = NatGateway { subnet, address: Value::Known("eipalloc-0".parse().map_err(unreadable)?) };
        match self.add("nat-gateway", "NAT gateway", id.as_str(), blank).await {
            // A route may outlive its gateway; then it leads nowhere, which a rule tells.
            Err(ExistingError::NotThere { .. }) => return Ok(()),
            other => other?,
        };
        // Routes refer to it, so it comes before them.
        let first = self.things.iter().position(|thing| matches!(thing.properties, Properties::Route(_)));
        if let (Some(first), Some(gateway)) = (first, self.things.pop()) {
            self.things.insert(first, gateway);
        }
        Ok(())
    }

    /// The ACL that guards a subnet, unless it is the VPC's default one, which rules count as none.
    async fn acl(&mut self, which: &str, vpc: &VpcId, subnet: &SubnetId) -> Result<(), ExistingError> {
        let request =
            self.session.ec2.describe_network_acls().filters(filter("association.subnet-id", subnet.as_str()));
        let answer = request.send().await.map_err(cloud("DescribeNetworkAcls", subnet.as_str()))?;
        let guards = answer
            .network_acls()
            .iter()
            .find(|acl| acl.associations().iter().any(|association| association.subnet_id() == Some(subnet.as_str())));
        let Some(acl) = guards.filter(|acl| acl.is_default() != Some(true)) else { return Ok(()) };
        let id = acl.network_acl_id().unwrap_or_default();
        if self.things.iter().any(|thing| thing.name == id) {
            return Ok(());
        }
        let blank = NetworkAcl {
            vpc: of(vpc),
            subnets: BTreeSet::new(),
            ingress: Default::default(),
            egress: Default::default(),
        };
        self.add(&format!("network-acl-{which}"), "network ACL", id, blank).await.map(drop)
    }

    /// The endpoint for S3 that serves the private subnet's table, if there is one.
    async fn endpoint(
        &mut self,
        spec: &Spec,
        vpc: &VpcId,
        private: &SubnetId,
        tables: &[SdkRouteTable],
    ) -> Result<(), ExistingError> {
        let own = tables.iter().find(|table| association(table, private).is_some());
        let table = own.or_else(|| tables.iter().find(|table| is_main(table))).and_then(|table| table.route_table_id());
        let service = format!("com.amazonaws.{}.s3", spec.region);
        let request = self.session.ec2.describe_vpc_endpoints().filters(filter("vpc-id", vpc.as_str()));
        let request = request.filters(filter("service-name", &service));
        let found = request.into_paginator().items().send().try_collect().await;
        let found = found.map_err(cloud("DescribeVpcEndpoints", vpc.as_str()))?;
        let serves = |endpoint: &&VpcEndpoint| {
            // One that is deleted stays listed for a while, with the tables that it served.
            let live = is_live(endpoint);
            let serves = table.is_some_and(|table| endpoint.route_table_ids().iter().any(|served| served == table));
            // What this environment put there itself is not somebody else's.
            let ours = tags::from_ec2(endpoint.tags()).get(TAG_PIT).map(String::as_str) == Some(spec.pit.as_str());
            live && serves && !ours
        };
        let Some(id) = found.iter().find(serves).and_then(|endpoint| endpoint.vpc_endpoint_id()) else { return Ok(()) };
        let policy = Policy::new(Vec::new());
        let blank = GatewayEndpoint { vpc: of(vpc), service, route_tables: BTreeSet::new(), policy };
        self.add("s3-endpoint", "S3 gateway endpoint", id, blank).await.map(drop)
    }

    async fn key(&mut self, arn: &Arn) -> Result<(), ExistingError> {
        let name = arn.as_str();
        if arn.account() != self.session.account().as_str() {
            return Err(anothers("KMS key", name, arn.account()));
        }
        let sent = self.session.kms.describe_key().key_id(name).send().await;
        let key = match sent.map_err(cloud("DescribeKey", name)) {
            Err(error) if error.trouble == Trouble::NotFound => return Err(absent("KMS key", name)),
            other => other?.key_metadata.ok_or_else(|| absent("KMS key", name))?,
        };
        let unfit = |why: &str| Err(unfit("KMS key", name, why));
        match key.key_state() {
            Some(KeyState::Enabled) | None => {}
            Some(KeyState::Disabled) => return unfit("it is disabled"),
            Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion) => {
                return unfit("it awaits its deletion");
            }
            Some(other) => return unfit(&format!("its state is `{}`", other.as_str())),
        }
        if key.key_usage().is_some_and(|usage| *usage != KeyUsageType::EncryptDecrypt)
            || key.key_spec().is_some_and(|spec| *spec != KeySpec::SymmetricDefault)
        {
            return unfit("it is not a symmetric key for encryption, and S3 and CloudWatch Logs take no other");
        }
        if key.key_manager() == Some(&KeyManagerType::Aws) {
            return unfit("AWS manages it, so its policy cannot name who may use it");
        }
        let policy = Policy::new(Vec::new());
        let blank = KmsKey { description: String::new(), policy, rotation: false, enabled: false };
        self.add("key", "KMS key", name, blank).await.map(drop)
    }

    async fn log_bucket(&mut self, name: &str) -> Result<(), ExistingError> {
        let blank = Bucket {
            encryption: Encryption::S3,
            versioning: false,
            ownership_enforced: false,
            public_access_blocked: false,
            policy: None,
            access_log: None,
            lifecycle: Default::default(),
        };
        self.add("bucket-accesslogs", "bucket", name, blank).await.map(drop)
    }

    /// Reads the thing the way that verification will read it, and takes it down.
    async fn add(
        &mut self,
        place: &str,
        what: &'static str,
        name: &str,
        blank: impl Into<Properties>,
    ) -> Result<Found, ExistingError> {
        let odd = |_| CloudError::unreadable("Describe", name, "no place in a plan can be named after it");
        let id = place.parse().map_err(odd)?;
        let node = Node {
            id,
            name: name.to_owned(),
            scope: Scope::Existing,
            needs: Vec::new(),
            tags: Tags::new(),
            properties: blank.into(),
        };
        let found = look(self.session, &node, &Ids::default()).await?.ok_or_else(|| absent(what, name))?;
        if let Some(pit) = found.tags.get(TAG_PIT) {
            return Err(ExistingError::AnotherEnvironments { what, name: name.to_owned(), pit: pit.clone() });
        }
        self.things.push(Thing { place: node.id, name: node.name, properties: found.properties.clone() });
        Ok(found)
    }
}

fn unless_fit(subnet: &SdkSubnet, vpc: &VpcId, account: &str) -> Result<(), ExistingError> {
    let name = subnet.subnet_id().unwrap_or_default();
    match (subnet.vpc_id(), subnet.owner_id()) {
        (_, Some(owner)) if owner != account => Err(anothers("subnet", name, owner)),
        (Some(other), _) if other == vpc.as_str() => Ok(()),
        (other, _) => {
            Err(unfit("subnet", name, &format!("it lies in `{}`, not in `{vpc}`", other.unwrap_or("no VPC"))))
        }
    }
}

/// The association by which a table rules a subnet.
fn association<'a>(table: &'a SdkRouteTable, subnet: &SubnetId) -> Option<&'a str> {
    let mut ruling = table.associations().iter().filter(|one| rules(one));
    let of_subnet = ruling.find(|one| one.subnet_id() == Some(subnet.as_str()));
    of_subnet.and_then(|one| one.route_table_association_id())
}

/// Whether an association is in force: one that failed or was taken away is not, and may be listed for a while.
fn rules(association: &SdkAssociation) -> bool {
    let state = association.association_state().and_then(|state| state.state());
    !matches!(
        state,
        Some(AssociationState::Disassociating | AssociationState::Disassociated | AssociationState::Failed)
    )
}

fn is_main(table: &SdkRouteTable) -> bool {
    table.associations().iter().any(|association| association.main() == Some(true) && rules(association))
}

fn of(vpc: &VpcId) -> Value<VpcId> {
    Value::Known(vpc.clone())
}

/// Stands for a range until the range is read.
fn nowhere() -> Cidr {
    "0.0.0.0/32".parse().expect("one address is a range")
}

fn absent(what: &'static str, name: &str) -> ExistingError {
    ExistingError::NotThere { what, name: name.to_owned() }
}

fn anothers(what: &'static str, name: &str, owner: &str) -> ExistingError {
    ExistingError::AnotherAccounts { what, name: name.to_owned(), owner: owner.to_owned() }
}

fn unfit(what: &'static str, name: &str, why: &str) -> ExistingError {
    ExistingError::Unfit { what, name: name.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Attributes;
    use crate::replay::Replay;

    fn subnet(vpc: &str, owner: &str) -> SdkSubnet {
        SdkSubnet::builder().subnet_id("subnet-1").vpc_id(vpc).owner_id(owner).build()
    }

    #[test]
    fn a_subnet_is_of_the_vpc_and_the_account() {
        let (vpc, account): (VpcId, &str) = ("vpc-1".parse().unwrap(), "111122223333");
        assert!(unless_fit(&subnet("vpc-1", account), &vpc, account).is_ok());
        let elsewhere = unless_fit(&subnet("vpc-2", account), &vpc, account).unwrap_err();
        assert_eq!(elsewhere.to_string(), "subnet `subnet-1` cannot be used: it lies in `vpc-2`, not in `vpc-1`");
        let shared = unless_fit(&subnet("vpc-1", "444455556666"), &vpc, account).unwrap_err();
        assert_eq!(shared.to_string(), "subnet `subnet-1` belongs to account `444455556666`");
        assert!(shared.help().unwrap().contains("shared by another account"));
    }

    const SPEC: &str = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n[use_existing]\nvpc = \"vpc-1\"\n\
                        private_subnet = \"subnet-1\"\n";

    fn table_of(subnet: &str, state: AssociationState) -> SdkRouteTable {
        let state = aws_sdk_ec2::types::RouteTableAssociationState::builder().state(state).build();
        let association = SdkAssociation::builder().route_table_association_id("rtbassoc-1").subnet_id(subnet);
        SdkRouteTable::builder()
            .route_table_id("rtb-1")
            .associations(association.association_state(state).build())
            .build()
    }

    fn endpoints(states: &[(&str, &str)]) -> String {
        let policy = "{&quot;Version&quot;:&quot;2012-10-17&quot;,&quot;Statement&quot;:[]}";
        let item = |(id, state): &(&str, &str)| {
            format!(
                "<item><vpcEndpointId>{id}</vpcEndpointId><vpcId>vpc-1</vpcId><state>{state}</state>\
                 <serviceName>com.amazonaws.us-west-2.s3</serviceName><policyDocument>{policy}</policyDocument>\
                 <routeTableIdSet><item>rtb-1</item></routeTableIdSet></item>"
            )
        };
        let items: String = states.iter().map(item).collect();
        format!("<DescribeVpcEndpointsResponse><vpcEndpointSet>{items}</vpcEndpointSet></DescribeVpcEndpointsResponse>")
    }

    /// What is read of the endpoints there are.
    async fn endpoint_read(states: &[(&str, &str)]) -> Vec<Thing> {
        let live: Vec<(&str, &str)> = states.iter().copied().filter(|(_, state)| *state == "available").collect();
        let read_again = live.first().map(|one| ("DescribeVpcEndpoints", 200, endpoints(&[*one])));
        let answers = std::iter::once(("DescribeVpcEndpoints", 200, endpoints(states))).chain(read_again);
        let replay = Replay::of("ec2", answers);
        let session = replay.session().await;
        let spec = sce_core::spec::parse(SPEC, sce_core::spec::Format::Toml).unwrap();
        let mut reading = Reading { session: &session, things: Vec::new() };
        let tables = [table_of("subnet-1", AssociationState::Associated)];
        reading.endpoint(&spec, &"vpc-1".parse().unwrap(), &"subnet-1".parse().unwrap(), &tables).await.unwrap();
        replay.finished();
        reading.things
    }

    #[tokio::test]
    async fn an_endpoint_that_is_deleted_is_none() {
        for gone in ["deleted", "deleting", "Deleted", "failed", "expired"] {
            assert_eq!(endpoint_read(&[("vpce-1", gone)]).await, []);
            let read = endpoint_read(&[("vpce-1", gone), ("vpce-2", "available")]).await;
            assert_eq!(read.iter().map(|thing| thing.name.as_str()).collect::<Vec<_>>(), ["vpce-2"]);
        }
    }

    #[test]
    fn an_association_that_is_gone_rules_nothing() {
        let subnet: SubnetId = "subnet-1".parse().unwrap();
        let ruled = |state| association(&table_of("subnet-1", state), &subnet).is_some();
        assert!(ruled(AssociationState::Associated) && ruled(AssociationState::Associating));
        assert!(!ruled(AssociationState::Disassociated) && !ruled(AssociationState::Failed));
    }

    #[tokio::test]
    async fn a_range_that_was_taken_away_is_no_second_one() {
        let vpc = |state: &str| {
            format!(
                "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId><ownerId>111122223333</ownerId><cidrBlock>10.0.0.0/16</cidrBlock>\
                 <cidrBlockAssociationSet><item><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockState><state>associated</state>\
                 </cidrBlockState></item><item><cidrBlock>10.1.0.0/16</cidrBlock><cidrBlockState><state>{state}</state></cidrBlockState>\
                 </item></cidrBlockAssociationSet></item></vpcSet></DescribeVpcsResponse>"
            )
        };
        let refused = |state: &'static str| async move {
            let replay = Replay::of("ec2", [("DescribeVpcs", 200, vpc(state))]);
            let session = replay.session().await;
            let mut reading = Reading { session: &session, things: Vec::new() };
            let error = reading.vpc(&"vpc-1".parse().unwrap()).await.unwrap_err();
            error.to_string().contains("more than one range")
        };
        assert!(refused("associated").await);
        // Reading goes on, to what the script does not have.
        assert!(!refused("disassociated").await);
    }

    #[test]
    fn what_an_existing_thing_is_called_is_known_without_asking() {
        let key = "arn:aws:kms:us-west-2:111122223333:key/0a1b";
        let policy = Policy::new(Vec::new());
        let properties = KmsKey { description: String::new(), policy, rotation: true, enabled: true }.into();
        let (id, needs, tags) = ("key".parse().unwrap(), Vec::new(), Tags::new());
        let node = Node { id, name: key.to_owned(), scope: Scope::Existing, needs, tags, properties };
        assert_eq!(Attributes::of_existing(&node), Attributes { id: "0a1b".to_owned(), arn: Some(key.to_owned()) });
    }
}
