//! The machines: E where people work, B before it where the way in leads over a bastion, and what each needs.

use std::collections::BTreeSet;

use super::databases::POSTGRES;
use super::network::{Addresses, NetworkParts, anywhere};
use super::{Design, Handle, policies};
use crate::aws::resource::{
    BucketObject, GroupRule, Instance, InstanceConnectEndpoint, InstanceProfile, InterfaceEndpoint, KeyPair, Kind,
    KmsKey, LaunchTemplate, LogGroup, ManagedPolicy, Peer, Properties, Protocol, RootVolume, SecurityGroup,
    SessionDocument, Subnet, Volume, VolumeAttachment,
};
use crate::cidr::Cidr;
use crate::lock::Architecture;
use crate::machine::{self, Settings};
use crate::pit::{BucketRole, Named};
use crate::plan::{Node, PlanError, Scope, hex_sha256};
use crate::spec::{AccessMode, Egress, Machine, Profile};
use crate::value::{NodeId, Value};

/// Where the list of people lies in S3A.
pub(super) const PEOPLE: &str = "machine/people.json";

/// The device name of the data volume; Nitro instances show it under another name and keep this one as an alias.
const DATA_DEVICE: &str = "/dev/sdf";

/// Sessions end after half a day, whoever forgot them.
const SESSION_MINUTES: u32 = 720;

/// What a machine is made of, beside its own settings.
struct Surroundings<'a> {
    key: &'a Handle<KmsKey>,
    subnet: &'a Handle<Subnet>,
    group: &'a Handle<SecurityGroup>,
    profile: Handle<InstanceProfile>,
    key_pair: Option<Handle<KeyPair>>,
    people: NodeId,
    forward_to: Cidr,
}

impl Design<'_> {
    /// The log group of sessions, ssh and audit; planned before the machines' role so that it outlives its writers.
    pub(super) fn session_log_group(&mut self, key: &Handle<KmsKey>) {
        if self.spec.private_machine().is_some() {
            let retention_days = Some(self.spec.retention.logs_days);
            self.add(
                "log-group-sessions",
                Named::SessionsLogGroup,
                &[],
                LogGroup { retention_days, key: Some(key.arn()) },
            );
        }
    }

    /// Everything that a machine needs, and the machines; answers the security group of the private one.
    pub(super) fn machines(
        &mut self,
        network: &NetworkParts,
        addresses: &Addresses,
        key: &Handle<KmsKey>,
    ) -> Result<Option<Handle<SecurityGroup>>, PlanError> {
        let spec = self.spec;
        let Some(private) = spec.private_machine() else { return Ok(None) };
        let people = self.list_of_people(key);
        let bastion_group = spec.bastion_machine().is_some().then(|| self.bastion_group(network, addresses));
        let connect_group =
            (spec.access.mode == AccessMode::InstanceConnect).then(|| self.connect_group(network, addresses));
        let from_bastion = bastion_group.as_ref().map(|group| ssh(Peer::Group(group.id()), "ssh from the bastion"));
        let from_tunnels =
            connect_group.as_ref().map(|group| ssh(Peer::Group(group.id()), "ssh through AWS's tunnels"));
        let ways_in = from_bastion.into_iter().chain(from_tunnels).collect();
        let group = self.private_group(network, addresses, ways_in);
        self.endpoints(network, &group);
        if let Some(connect_group) = &connect_group {
            self.connect_endpoint(network, connect_group);
        }
        if spec.access.mode == AccessMode::SessionManager {
            self.session_document(key);
        }
        if let (Some(machine), Some(group)) = (spec.bastion_machine(), &bastion_group) {
            let profile = self.profile("bastion", policies::bastion(self.spec, self.lock, &key.arn()));
            let key_pair = self.key_pair("bastion")?;
            let (subnet, people) = (network.public.as_ref().ok_or(PlanError::NoPublicSubnet)?, people.clone());
            let forward_to = addresses.private;
            let around = Surroundings { key, subnet, group, profile, key_pair: Some(key_pair), people, forward_to };
            self.machine(machine::Role::Bastion, &machine, around)?;
        }
        let profile = self.profile("compute", policies::compute(self.spec, self.lock, &key.arn()));
        let key_pair = (spec.access.mode == AccessMode::Bastion).then(|| self.key_pair("private")).transpose()?;
        let (subnet, forward_to) = (&network.private, addresses.private);
        let around = Surroundings { key, subnet, group: &group, profile, key_pair, people, forward_to };
        let instance = self.machine(machine::Role::Private, private, around)?;
        if let Some(size_gib) = private.data_volume_gib {
            self.data_volume(size_gib, key, &instance);
        }
        Ok(Some(group))
    }

    fn list_of_people(&mut self, key: &Handle<KmsKey>) -> NodeId {
        let bucket = self.bucket_name(BucketRole::Ancillary);
        let object = BucketObject {
            bucket: Value::Known(bucket.clone()),
            key: PEOPLE.to_owned(),
            content: machine::people(self.spec, self.lock),
            encryption_key: Some(key.arn()),
        };
        let after = super::node_id("bucket-ancillary");
        self.add_named("people", format!("{bucket}/{PEOPLE}"), &[&after], object).node
    }

    fn bastion_group(&mut self, network: &NetworkParts, addresses: &Addresses) -> Handle<SecurityGroup> {
        let allowed = self.spec.access.allow.iter();
        let ingress = allowed.map(|range| ssh(Peer::Cidr(range.cidr), &format!("ssh from {}", range.name))).collect();
        let mut egress = web("updates and AWS services");
        egress.insert(ssh(Peer::Cidr(addresses.private), "ssh to the private instance"));
        let description = format!("ssh to the bastion of {}", self.spec.pit);
        let group = SecurityGroup { vpc: network.vpc.id(), description, ingress, egress };
        self.add("security-group-bastion", Named::BastionSshSecurityGroup, &[], group)
    }

    /// The Instance Connect endpoint calls out to Sprivate and is called by nobody: tunnels come to it through AWS. It names Sprivate's
    /// addresses and not E's group, which names this one: two groups that name each other are neither made nor deleted in one order.
    fn connect_group(&mut self, network: &NetworkParts, addresses: &Addresses) -> Handle<SecurityGroup> {
        let egress = BTreeSet::from([ssh(Peer::Cidr(addresses.private), "ssh to the private instance")]);
        let description = format!("ssh through AWS's tunnels into {}", self.spec.pit);
        let group = SecurityGroup { vpc: network.vpc.id(), description, ingress: BTreeSet::new(), egress };
        self.add("security-group-connect", Named::ConnectSecurityGroup, &[], group)
    }

    /// Machines see the endpoint's own address, so that E's group can name the endpoint's.
    fn connect_endpoint(&mut self, network: &NetworkParts, group: &Handle<SecurityGroup>) {
        let endpoint = InstanceConnectEndpoint {
            subnet: network.private.id(),
            groups: BTreeSet::from([group.id()]),
            preserve_client_ip: false,
        };
        self.add("connect-endpoint", Named::ConnectEndpoint, &[], endpoint);
    }

    fn private_group(
        &mut self,
        network: &NetworkParts,
        addresses: &Addresses,
        ingress: BTreeSet<GroupRule>,
    ) -> Handle<SecurityGroup> {
        let mut egress: BTreeSet<GroupRule> = match self.spec.network.egress {
            Egress::Nat => web("updates and AWS services"),
            Egress::None => {
                let lists = self.lock.s3_prefix_list.iter();
                let to_s3 = lists.map(|list| https(Peer::PrefixList(list.clone()), "S3 through its endpoint"));
                to_s3.chain([https(Peer::Cidr(addresses.vpc), "endpoints of AWS services")]).collect()
            }
        };
        if !self.spec.database.is_empty() {
            egress.insert(tcp(POSTGRES, Peer::Cidr(addresses.private), "databases"));
        }
        let description = format!("the private instance of {}", self.spec.pit);
        let group = SecurityGroup { vpc: network.vpc.id(), description, ingress, egress };
        self.add("security-group-private", Named::PrivateSecurityGroup, &[], group)
    }

    /// Without a way out, AWS's services come to the subnet.
    fn endpoints(&mut self, network: &NetworkParts, machines: &Handle<SecurityGroup>) {
        if self.spec.network.egress == Egress::Nat {
            return;
        }
        let from_machines = https(Peer::Group(machines.id()), "from the private instance");
        let group = SecurityGroup {
            vpc: network.vpc.id(),
            description: format!("endpoints of AWS services in {}", self.spec.pit),
            ingress: BTreeSet::from([from_machines]),
            egress: BTreeSet::new(),
        };
        let group = self.add("security-group-endpoints", Named::EndpointsSecurityGroup, &[], group);
        for service in ["ec2messages", "kms", "logs", "monitoring", "ssm", "ssmmessages"] {
            let endpoint = InterfaceEndpoint {
                vpc: network.vpc.id(),
                service: format!("com.amazonaws.{}.{service}", self.spec.region),
                subnets: BTreeSet::from([network.private.id()]),
                groups: BTreeSet::from([group.id()]),
                private_dns: true,
                policy: policies::interface_endpoint(self.lock),
            };
            let name = format!("{}{service}_endpoint", self.spec.pit.name_prefix());
            self.add_named(&format!("endpoint-{service}"), name, &[], endpoint);
        }
    }

    fn session_document(&mut self, key: &Handle<KmsKey>) {
        let document = SessionDocument {
            log_group: Some(self.spec.pit.name(Named::SessionsLogGroup)),
            key: Some(key.arn()),
            idle_minutes: self.spec.access.idle_minutes,
            max_minutes: Some(SESSION_MINUTES),
            run_as_self: true,
            other: None,
        };
        let after = super::node_id("log-group-sessions");
        self.add("session-document", Named::SessionDocument, &[&after], document);
    }

    /// A role with its policy, and the profile that lends it to an instance.
    fn profile(&mut self, what: &str, document: crate::aws::policy::Policy) -> Handle<InstanceProfile> {
        let name = |part: &str| format!("{}{what}_{part}", self.spec.pit.name_prefix());
        let (policy_name, role_name, profile_name) = (name("policy"), name("role"), name("profile"));
        let after = super::node_id("log-group-sessions");
        let policy = self.add_named(&format!("{what}-policy"), policy_name, &[&after], ManagedPolicy { document });
        let role = self.role(policies::instance_trust(), BTreeSet::from([policy.arn()]));
        let role = self.add_named(&format!("{what}-role"), role_name, &[], role);
        self.add_named(&format!("{what}-profile"), profile_name, &[], InstanceProfile { role: Some(role.id_text()) })
    }

    fn key_pair(&mut self, what: &'static str) -> Result<Handle<KeyPair>, PlanError> {
        let placeholder = || self.lock.offline.then(placeholder_key);
        let public_key = self.lock.keys.get(what).map(ToString::to_string).or_else(placeholder);
        let public_key = public_key.ok_or(PlanError::NoKey { what })?;
        let name = if what == "bastion" { Named::BastionKeyPair } else { Named::PrivateKeyPair };
        Ok(self.add(&format!("key-pair-{what}"), name, &[], KeyPair { public_key }))
    }

    fn machine(
        &mut self,
        role: machine::Role,
        machine: &Machine,
        around: Surroundings<'_>,
    ) -> Result<Handle<Instance>, PlanError> {
        let (spec, bastion) = (self.spec, role == machine::Role::Bastion);
        let architecture = Architecture::of(&machine.instance_type);
        let image = self.lock.images.get(&architecture).ok_or(PlanError::NoImage { architecture })?;
        let encrypted = spec.profile == Profile::Modern;
        let bucket = self.bucket_name(BucketRole::Ancillary);
        let user_data = machine::user_data(&Settings {
            role,
            pit: spec.pit.as_str(),
            region: spec.region.as_str(),
            people: (&bucket, PEOPLE),
            log_group: &spec.pit.name(Named::SessionsLogGroup),
            data_volume: !bastion && machine.data_volume_gib.is_some(),
            swap_gib: (machine.swap_gib > 0).then_some(machine.swap_gib),
            idle_minutes: spec.access.idle_minutes,
            software: if bastion { &[] } else { &machine.software },
            packages: &spec.packages(machine),
            forward_to: around.forward_to,
        });
        let template = LaunchTemplate {
            image: image.id.clone(),
            instance_type: machine.instance_type.clone(),
            profile: Some(around.profile.arn()),
            key_pair: around.key_pair.as_ref().map(Handle::id_text),
            groups: BTreeSet::from([around.group.id()]),
            public_address: bastion,
            metadata_token_required: true,
            metadata_hop_limit: 1,
            detailed_monitoring: true,
            tenancy: self.tenancy(),
            root: Some(RootVolume {
                device: image.root_device.clone(),
                size_gib: machine.root_volume_gib,
                volume_type: volume_type(spec.profile).to_owned(),
                encrypted,
                key: encrypted.then(|| around.key.arn()),
            }),
            user_data,
            other: None,
        };
        let (place, template_name, name) = match role {
            machine::Role::Bastion => ("bastion", Named::BastionTemplate, Named::Bastion),
            machine::Role::Private => ("private", Named::PrivateTemplate, Named::PrivateInstance),
        };
        let planned = template.clone();
        let template = self.add(&format!("template-{place}"), template_name, &[], template);
        let instance = Instance {
            template: Some(template.id()),
            subnet: around.subnet.id(),
            image: planned.image,
            instance_type: planned.instance_type,
            profile: planned.profile,
            key_pair: planned.key_pair,
            groups: planned.groups,
            public_address: planned.public_address,
            metadata_token_required: planned.metadata_token_required,
            metadata_hop_limit: planned.metadata_hop_limit,
            detailed_monitoring: planned.detailed_monitoring,
            tenancy: planned.tenancy,
            volumes_encrypted: encrypted,
            root: planned.root,
            user_data_sha256: hex_sha256(planned.user_data.as_bytes()),
        };
        let around_it = self.around(around.subnet);
        let after: Vec<&NodeId> = [&around.people].into_iter().chain(&around_it).collect();
        Ok(self.add(&format!("instance-{place}"), name, &after, instance))
    }

    /// What guards a subnet and leads out of it, as far as it is designed: a machine that starts without would be unguarded for a while,
    /// and find no packages.
    fn around(&self, subnet: &Handle<Subnet>) -> Vec<NodeId> {
        let of_subnet = |node: &&Node| node.references().iter().any(|reference| reference.node == subnet.node);
        let guards = |node: &&Node| {
            let kind = node.properties.kind();
            matches!(kind, Kind::RouteTableAssociation | Kind::NetworkAcl | Kind::InterfaceEndpoint)
        };
        let direct: Vec<&Node> = self.nodes.iter().filter(guards).filter(of_subnet).collect();
        let associated = direct.iter().find_map(|node| match &node.properties {
            Properties::RouteTableAssociation(association) => Some(association.table.clone()),
            _ => None,
        });
        // A subnet that is associated with no table is under the main one.
        let is_its = |node: &&Node| match (&node.properties, &associated) {
            (Properties::RouteTable(_), Some(table)) => table.refers_to(&node.id),
            (Properties::RouteTable(table), None) => table.main,
            _ => false,
        };
        let tables: Vec<&NodeId> = self.nodes.iter().filter(is_its).map(|node| &node.id).collect();
        let through = |node: &&Node| {
            let leads = matches!(node.properties.kind(), Kind::Route | Kind::GatewayEndpoint);
            leads && node.references().iter().any(|reference| tables.contains(&&reference.node))
        };
        let ways = self.nodes.iter().filter(through);
        direct.into_iter().chain(ways).filter(|node| node.scope == Scope::Pit).map(|node| node.id.clone()).collect()
    }

    /// A volume of its own, so that data outlives the machine.
    fn data_volume(&mut self, size_gib: u32, key: &Handle<KmsKey>, instance: &Handle<Instance>) {
        let own_key = self.spec.profile == Profile::Modern;
        let volume = Volume {
            zone: self.lock.zone.clone(),
            size_gib,
            volume_type: volume_type(self.spec.profile).to_owned(),
            encrypted: true,
            key: own_key.then(|| key.arn()),
        };
        let volume = self.add("volume-private", Named::PrivateVolume, &[], volume);
        let attachment =
            VolumeAttachment { volume: volume.id(), instance: instance.id(), device: DATA_DEVICE.to_owned() };
        let name = format!("{} at {DATA_DEVICE}", self.spec.pit.name(Named::PrivateVolume));
        self.add_named("attachment-private", name, &[], attachment);
    }
}

/// The type of general purpose volumes, by the generation of practice.
const fn volume_type(profile: Profile) -> &'static str {
    match profile {
        Profile::Modern => "gp3",
        Profile::CloudMaven2017 => "gp2",
    }
}

/// The placeholder of an offline lock: a key whose private half nobody has.
fn placeholder_key() -> String {
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()
}

fn ssh(peer: Peer, description: &str) -> GroupRule {
    tcp(22, peer, description)
}

fn https(peer: Peer, description: &str) -> GroupRule {
    tcp(443, peer, description)
}

/// The web, both ways of asking for it: package repositories still redirect from port 80.
fn web(description: &str) -> BTreeSet<GroupRule> {
    [80, 443].map(|port| tcp(port, Peer::Cidr(anywhere()), description)).into()
}

pub(super) fn tcp(port: u16, peer: Peer, description: &str) -> GroupRule {
    GroupRule { protocol: Protocol::Tcp, ports: Some((port, port)), peer, description: description.to_owned() }
}
