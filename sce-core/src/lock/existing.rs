//! What exists already and is used, as the account showed it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::aws::arn::{RouteTableId, SubnetId, VpcEndpointId, VpcId};
use crate::aws::policy::Policy;
use crate::aws::resource::{
    Bucket, Encryption, GatewayEndpoint, Kind, KmsKey, Properties, RouteTable, RouteTableAssociation, Subnet, Tenancy,
    Vpc,
};
use crate::cidr::Cidr;
use crate::spec::{Spec, UseExisting};
use crate::value::{NodeId, Value};

/// What exists already and is used, as the account showed it when the lock was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Existing {
    /// What the spec asked for when this was looked up: a lock that answers another question is no answer.
    pub asked: UseExisting,
    /// The things, each after those it refers to.
    #[serde(default)]
    pub things: Vec<Thing>,
}

/// One thing that exists already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// Its place in the plan: that of the thing which would be made if this one did not exist.
    pub place: NodeId,
    /// What AWS calls it: an id, a bucket's name, a key's ARN.
    pub name: String,
    /// What it is like, with the account's own ids.
    pub properties: Properties,
}

/// The place of a subnet for databases beside Sprivate: the first takes that of the one which would be made.
#[must_use]
pub fn spare_subnet(index: usize) -> String {
    format!("subnet-{}", spare(index))
}

/// What the places of a subnet for databases end with, and those of what rules and guards it.
#[must_use]
pub fn spare(index: usize) -> String {
    match index {
        0 => "spare".to_owned(),
        _ => format!("spare-{}", index + 1),
    }
}

impl Existing {
    /// The thing at that place.
    #[must_use]
    pub fn at(&self, place: &str) -> Option<&Thing> {
        self.things.iter().find(|thing| thing.place.as_str() == place)
    }

    /// Placeholders of what the spec names: good for looking at a plan. What they are like, nobody knows.
    #[must_use]
    pub fn placeholder(spec: &Spec) -> Option<Self> {
        let asked = &spec.use_existing;
        if asked.is_empty() {
            return None;
        }
        let mut existing = Self { asked: asked.clone(), things: Vec::new() };
        if let (Some(vpc), Some(private)) = (&asked.vpc, &asked.private_subnet) {
            existing.network(spec, vpc, private);
        }
        if let Some(arn) = &asked.key {
            let key =
                KmsKey { description: String::new(), policy: Policy::new(Vec::new()), rotation: false, enabled: false };
            existing.put("key", arn.as_str(), key);
        }
        if let Some(name) = &asked.log_bucket {
            let bucket = Bucket {
                encryption: Encryption::S3,
                versioning: false,
                ownership_enforced: false,
                public_access_blocked: false,
                policy: None,
                access_log: None,
                lifecycle: std::collections::BTreeMap::new(),
            };
            existing.put("bucket-accesslogs", name, bucket);
        }
        Some(existing)
    }

    fn network(&mut self, spec: &Spec, vpc: &VpcId, private: &SubnetId) {
        let range = |given: Option<Cidr>, usual: &str| given.unwrap_or_else(|| usual.parse().expect("a range"));
        let zone = spec.network.zone.clone().unwrap_or_else(|| spec.region.zone('a').expect("`a` is a letter"));
        let table: RouteTableId = "rtb-00000000000000000".parse().expect("a prefix and digits");
        let endpoint: VpcEndpointId = "vpce-00000000000000000".parse().expect("a prefix and digits");
        self.put(
            "vpc",
            vpc.as_str(),
            Vpc {
                cidr: range(spec.network.cidr, "10.0.0.0/16"),
                tenancy: spec.network.tenancy.unwrap_or(Tenancy::Default),
                dns_support: false,
                dns_hostnames: false,
            },
        );
        let public = self.asked.public_subnet.clone().map(|id| ("public", id, spec.network.public, "10.0.0.0/24"));
        let ruled = Value::Known(private.clone());
        let private = ("private", private.clone(), spec.network.private, "10.0.1.0/24");
        for (which, id, given, usual) in public.into_iter().chain([private]) {
            let cidr = range(given, usual);
            let (vpc, zone) = (Value::Known(vpc.clone()), zone.clone());
            let subnet = Subnet { vpc, cidr, zone, public_address_on_launch: false };
            self.put(&format!("subnet-{which}"), id.as_str(), subnet);
        }
        // Blocks and zones apart, so that such a plan can be looked at; there are fewer letters than a spec can name subnets.
        let others = ('a'..='z').filter_map(|letter| spec.region.zone(letter).ok()).filter(|other| *other != zone);
        for ((index, id), (zone, third)) in self.asked.database_subnets.clone().iter().enumerate().zip(others.zip(2..))
        {
            let (vpc, cidr) = (Value::Known(vpc.clone()), range(None, &format!("10.0.{third}.0/24")));
            let subnet = Subnet { vpc, cidr, zone, public_address_on_launch: false };
            self.put(&spare_subnet(index), id.as_str(), subnet);
        }
        let vpc = || Value::Known(vpc.clone());
        let own = Value::Known(table.clone());
        self.put("route-table-private", table.as_str(), RouteTable { vpc: vpc(), main: false });
        let association = RouteTableAssociation { table: own.clone(), subnet: ruled };
        self.put("association-private", "rtbassoc-00000000000000000", association);
        if !self.asked.may_add_endpoint {
            let service = format!("com.amazonaws.{}.s3", spec.region);
            let policy = Policy::new(Vec::new());
            let endpoint_of = GatewayEndpoint { vpc: vpc(), service, route_tables: [own].into(), policy };
            self.put("s3-endpoint", endpoint.as_str(), endpoint_of);
        }
    }

    fn put(&mut self, place: &str, name: &str, properties: impl Into<Properties>) {
        let place = place.parse().expect("lower-case words with hyphens");
        self.things.push(Thing { place, name: name.to_owned(), properties: properties.into() });
    }
}

/// A thing as a lock file has it: the properties as JSON text, since TOML has no word for what is absent.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    place: NodeId,
    name: String,
    kind: Kind,
    properties: String,
}

impl Serialize for Thing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { place, name, properties } = self.clone();
        let (kind, properties) = (properties.kind(), properties.to_json().to_string());
        Record { place, name, kind, properties }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Thing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Record { place, name, kind, properties } = Record::deserialize(deserializer)?;
        let json = serde_json::from_str(&properties).map_err(de::Error::custom)?;
        let properties = Properties::from_json(kind, json).map_err(de::Error::custom)?;
        Ok(Self { place, name, properties })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::{Lock, LockFile};
    use crate::spec::{Format, parse};

    #[test]
    fn a_lock_with_existing_things_reads_back_as_it_is_written() {
        let text = "pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n[use_existing]\nvpc = \"vpc-0a\"\n\
                    private_subnet = \"subnet-0a\"\nlog_bucket = \"central-logs\"\n\
                    key = \"arn:aws:kms:us-west-2:111122223333:key/0a\"\n";
        let spec = parse(text, Format::Toml).unwrap();
        let lock = Lock::offline(&spec);
        assert_eq!(lock.existing.as_ref().map(|existing| &existing.asked), Some(&spec.use_existing));
        let mut file = LockFile::default();
        file.pit.insert(spec.pit.clone(), lock);
        let written = file.to_toml();
        assert!(written.contains("vpc-0a"), "{written}");
        assert_eq!(LockFile::from_toml(&written).unwrap(), file);
        let altered = written.replace("\\\"tenancy\\\":", "\\\"tenansy\\\":").replace("\"tenancy\":", "\"tenansy\":");
        assert!(LockFile::from_toml(&altered).is_err());
    }

    #[test]
    fn nothing_asked_is_nothing_locked() {
        let spec = parse("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"b@example.edu\"\n", Format::Toml).unwrap();
        assert_eq!(Existing::placeholder(&spec), None);
    }
}
