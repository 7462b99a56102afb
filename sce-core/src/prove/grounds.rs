//! What examinations ask: the model, its network, and what its principals may do.

use std::collections::BTreeSet;

use super::intent::Intent;
use super::rights::Rights;
use super::witness::Witness;
use crate::cidr::Cidr;
use crate::model::Model;
use crate::network::{Id, Interface, Network, PrefixList, Subnet};
use crate::reach::{Exit, Flow, Reach, Vantage, Verdict, Way};

/// What examinations ask.
pub(super) struct Grounds<'a> {
    pub(super) model: &'a Model,
    pub(super) intent: &'a Intent,
    pub(super) network: &'a Network,
    pub(super) reach: &'a Reach<'a>,
    pub(super) rights: Rights<'a>,
}

impl<'a> Grounds<'a> {
    pub(super) fn new(model: &'a Model, intent: &'a Intent, network: &'a Network, reach: &'a Reach<'a>) -> Self {
        Self { model, intent, network, reach, rights: Rights::of(model, intent) }
    }

    /// Every subnet that shall be private: those that something stands in, and every other that databases may be put into.
    pub(super) fn private_subnets(&self) -> BTreeSet<Id<Subnet>> {
        let may_lie = self.model.database_subnet_groups().flat_map(|(_, group)| &group.subnets).filter_map(|subnet| {
            let label = self.model.follow(subnet).map_or_else(|| subnet.to_string(), |found| found.label().to_owned());
            self.network.subnets.find(&label)
        });
        self.subnets_in_use().into_iter().chain(may_lie).collect()
    }

    /// Sprivate, and wherever else the private machine and databases stand.
    pub(super) fn subnets_in_use(&self) -> BTreeSet<Id<Subnet>> {
        let named = self.network.subnets.find("subnet-private");
        let of_machine = self.network.interfaces.find("instance-private").map(|id| self.network.interfaces[id].subnet);
        let labels = self.model.database_instances().map(|(thing, _)| format!("{}/", thing.label()));
        let labels: Vec<String> = labels.collect();
        let of_databases = self.network.interfaces.iter().filter_map(|(id, interface)| {
            let name = self.network.interfaces.name(id);
            labels.iter().any(|label| name.starts_with(label)).then_some(interface.subnet)
        });
        named.into_iter().chain(of_machine).chain(of_databases).collect()
    }

    /// Where packets of the private subnets come from: hosts that nobody has described, and those that are there.
    pub(super) fn private_vantages(&self) -> Vec<Vantage> {
        let subnets = self.private_subnets();
        let inside = self.interfaces_in(&subnets).into_iter().map(Vantage::Interface);
        subnets.iter().map(|subnet| Vantage::Subnet(*subnet)).chain(inside).collect()
    }

    pub(super) fn interfaces_in(&self, subnets: &BTreeSet<Id<Subnet>>) -> Vec<Id<Interface>> {
        let inside = self.network.interfaces.iter().filter(|(_, interface)| subnets.contains(&interface.subnet));
        inside.map(|(id, _)| id).collect()
    }

    /// What of the network could not be read.
    pub(super) fn unread_network(&self) -> Vec<String> {
        self.network.unread.iter().map(|unread| format!("{}: {}", unread.what, unread.why)).collect()
    }

    /// A flow of the way, followed again.
    pub(super) fn shown_by(&self, way: Way) -> Option<Witness> {
        shown_by(self.network, self.reach, way)
    }

    /// The flow, followed again; none when it then gets nowhere, and so shows nothing.
    pub(super) fn replayed(&self, flow: &Flow) -> Option<Witness> {
        replayed(self.network, self.reach, flow)
    }
}

/// The same network, where S3 is at those addresses: its lists that were not read hold them.
pub(super) fn with_s3_at(network: &Network, addresses: Vec<Cidr>) -> Network {
    let mut network = network.clone();
    let is_s3 = |list: &PrefixList| list.service.as_deref().is_some_and(|service| service.ends_with(".s3"));
    let unread = network.prefix_lists.iter().filter(|(_, list)| is_s3(list) && list.entries.is_none());
    let unread: Vec<Id<PrefixList>> = unread.map(|(id, _)| id).collect();
    for list in unread {
        network.prefix_lists.change(list).entries = Some(addresses.clone());
    }
    network
}

/// A flow of the way, followed again: one of the web where the way has such, since it shows best.
pub(super) fn shown_by(network: &Network, reach: &Reach<'_>, way: Way) -> Option<Witness> {
    const WEB: u16 = 443;
    let flow = way.witness?;
    let of_the_web = Flow { dst_port: WEB, ..flow.clone() };
    let is_on_the_way = |flow: &Flow| reach.walk(flow).exit.as_ref() == Some(&way.to);
    let flows = [(flow.protocol == 6).then_some(of_the_web), Some(flow)];
    flows.into_iter().flatten().find(is_on_the_way).and_then(|flow| replayed(network, reach, &flow))
}

/// The flow, followed again in that network.
pub(super) fn replayed(network: &Network, reach: &Reach<'_>, flow: &Flow) -> Option<Witness> {
    let witness = followed(network, reach, flow);
    matches!(&witness, Witness::Flow { outcome, .. } if outcome.arrives).then_some(witness)
}

/// The flow and what becomes of it, whatever that is.
pub(super) fn followed(network: &Network, reach: &Reach<'_>, flow: &Flow) -> Witness {
    let outcome = reach.walk(flow);
    let end = match (&outcome.exit, outcome.verdict) {
        (Some(Exit::Interface(id)), _) => network.interfaces.name(*id).to_owned(),
        (Some(Exit::Internet { .. }), _) => "the internet".to_owned(),
        (Some(exit), _) => exit_name(network, exit),
        (None, Verdict::NoRoute) => "nowhere, since no route leads on".to_owned(),
        (None, _) => "nowhere".to_owned(),
    };
    let protocol = match flow.protocol {
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        1 | 58 => "icmp".to_owned(),
        other => format!("protocol {other}"),
    };
    let port = if matches!(flow.protocol, 6 | 17) { format!(" port {}", flow.dst_port) } else { String::new() };
    let path: Vec<&str> = outcome.path.iter().map(|step| &**step).collect();
    let told = format!(
        "{protocol}{port} from {} ({}) for {} gets to {end}, by {}",
        flow.from,
        flow.src_ip,
        flow.dst_ip,
        if path.is_empty() { "nothing".to_owned() } else { path.join(" → ") }
    );
    Witness::Flow { told, flow: flow.clone(), outcome }
}

/// Where a packet ends, by name.
pub(super) fn exit_name(network: &Network, exit: &Exit) -> String {
    match exit {
        Exit::Interface(id) | Exit::Middlebox(id) => network.interfaces.name(*id).to_owned(),
        Exit::Amazon => "Amazon's own addresses".to_owned(),
        Exit::Internet { gateway, nat } => match nat {
            Some(nat) => format!("the internet through {}", network.gateways.name(*nat)),
            None => format!("the internet through {}", network.gateways.name(*gateway)),
        },
        Exit::Service(id) | Exit::Peering(id) | Exit::VirtualPrivate(id) | Exit::Transit(id) => {
            format!("what lies behind {}", network.gateways.name(*id))
        }
        Exit::Unknown(name) => format!("`{name}`, which is not understood"),
    }
}
