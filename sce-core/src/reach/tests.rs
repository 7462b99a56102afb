//! The walk and the sets, held to each other on random networks.

use std::net::IpAddr;

use proptest::prelude::*;

use super::exposed::{Contact, Exposure};
use super::flow_sets::{Flows, Passage};
use super::index::Reach;
use super::packet::{Flow, Source};
use super::random::{self, Dice};
use super::sets::span::number;
use super::sets::{Cube, Family};
use super::walk::{Exit, Found};
use crate::lock::Lock;
use crate::model::Model;
use crate::network::{Id, Interface, Network};
use crate::plan::plan;
use crate::spec::{Format, parse};

const FLOWS: usize = 150;

fn some(reach: &Reach<'_>, flow: &Flow, contact: Contact, exit: &Exit) -> bool {
    reach.some_way(flow, |found: &Found| {
        found.first.as_ref() == Ok(exit) && (contact == Contact::Deliver || found.reply.is_ok())
    })
}

fn has(reach: &Reach<'_>, exposures: &[Exposure<'_>], flow: &Flow, id: Id<Interface>) -> bool {
    let dst = number(flow.dst_ip);
    exposures.iter().any(|exposure| {
        let here = exposure.id == id && reach.public_spans_of(id, Family::V4).iter().any(|span| span.has(dst));
        let kind = exposure.protocols.0 <= flow.protocol
            && flow.protocol <= exposure.protocols.1
            && exposure.ports.0 <= flow.dst_port
            && flow.dst_port <= exposure.ports.1;
        here && kind && exposure.sources.iter().any(|source| source.contains(&flow.src_ip))
    })
}

fn interfaces(network: &Network) -> Vec<Id<Interface>> {
    network.interfaces.iter().map(|(id, _)| id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn what_is_exposed_is_what_arrives_from_the_internet(seed: u64) {
        let mut dice = Dice::new(seed);
        let network = random::network(&mut dice);
        let reach = Reach::of(&network);
        for contact in [Contact::Deliver, Contact::Connect] {
            let exposures = reach.from_internet(contact);
            for exposure in &exposures {
                prop_assert!(exposure.witness.is_some(), "{seed}: {exposure:?} has no witness");
            }
            for _ in 0..FLOWS {
                let flow = random::flow(&mut dice, Source::Internet);
                if !super::index::is_carried(flow.src_ip) {
                    continue;
                }
                for id in interfaces(&network) {
                    let walked = some(&reach, &flow, contact, &Exit::Interface(id));
                    prop_assert_eq!(has(&reach, &exposures, &flow, id), walked, "{} {:?} {:?} {:?}", seed, contact, flow, id);
                }
            }
        }
    }

    #[test]
    fn sets_have_what_the_walk_delivers(seed: u64) {
        let mut dice = Dice::new(seed);
        let network = random::network(&mut dice);
        let reach = Reach::of(&network);
        let all = interfaces(&network);
        let senders: Vec<Source> = network.interfaces.iter().map(|(id, _)| network.interfaces.name(id))
            .chain(network.subnets.iter().map(|(id, _)| network.subnets.name(id)))
            .map(|name| Source::Id(name.into()))
            .collect();
        for from in senders {
            let Source::Id(name) = &from else { continue };
            let passages = passages(&reach, name, &all);
            let to_itself = network.interfaces.find(name).map(Exit::Interface);
            // A sender's own public address is both ends of the packet at once, and the sets assume of lists that were not read that
            // the ends are two.
            for passage in passages.iter().filter(|passage| Some(&passage.exit) != to_itself.as_ref()) {
                // Each set is of headers that the walk delivers: try its corners.
                for cube in passage.may_deliver.cubes.iter().take(20) {
                    let flow = corner(&from, cube);
                    prop_assert!(some(&reach, &flow, Contact::Deliver, &passage.exit), "{seed} {flow:?} not to {:?}", passage.exit);
                }
                for cube in passage.may_connect.cubes.iter().take(20) {
                    let flow = corner(&from, cube);
                    prop_assert!(some(&reach, &flow, Contact::Connect, &passage.exit), "{seed} {flow:?} no reply {:?}", passage.exit);
                }
            }
            for _ in 0..FLOWS / 5 {
                let mut flow = random::flow(&mut dice, from.clone());
                if let Some(own) = network.interfaces.find(name)
                    && let crate::network::Place::At(at) = network.interfaces[own].addresses[0].private
                    && !dice.one_in(4)
                {
                    flow.src_ip = at;
                }
                // Who stands at known addresses of a subnet speaks as itself.
                if network.subnets.find(name).is_some() && !reach.private_at(flow.src_ip).is_empty() {
                    continue;
                }
                for contact in [Contact::Deliver, Contact::Connect] {
                    for exit in exits(&reach, &flow, contact) {
                        let has = passages.iter().any(|passage| {
                            let set = if contact == Contact::Deliver { &passage.may_deliver } else { &passage.may_connect };
                            passage.exit == exit && set.has(flow.src_ip, flow.dst_ip, flow.protocol, flow.dst_port)
                        });
                        prop_assert!(has || exit == Exit::Amazon, "{seed} {contact:?} {flow:?} reaches {exit:?}, and no set has it");
                    }
                }
            }
        }
    }
}

fn passages(reach: &Reach<'_>, name: &str, wanted: &[Id<Interface>]) -> Vec<Passage> {
    let senders = match reach.network.interfaces.find(name) {
        Some(id) => reach.senders(id, Family::V4),
        None => vec![reach.stranger(reach.network.subnets.find(name).unwrap(), Family::V4)],
    };
    let assumed = reach.assumptions().into_iter();
    let passages = assumed.flat_map(|assumption| {
        let mut flows = Flows::new(reach, Family::V4, assumption);
        senders.iter().flat_map(|sender| flows.from(sender, wanted)).collect::<Vec<_>>()
    });
    passages.collect()
}

fn corner(from: &Source, cube: &Cube) -> Flow {
    let protocol =
        [6, 17, 1].into_iter().find(|p| cube.protocols.0 <= *p && *p <= cube.protocols.1).unwrap_or(cube.protocols.0);
    let address = |number: u128| -> IpAddr { Family::V4.address(number) };
    let (src_ip, dst_ip, dst_port) = (address(cube.src.first), address(cube.dst.last), cube.ports.1);
    Flow { from: from.clone(), src_ip, dst_ip, protocol, src_port: None, dst_port }
}

fn exits(reach: &Reach<'_>, flow: &Flow, contact: Contact) -> Vec<Exit> {
    let mut exits = Vec::new();
    reach.some_way(flow, |found| {
        if let Ok(exit) = &found.first
            && (contact == Contact::Deliver || found.reply.is_ok())
        {
            exits.push(exit.clone());
        }
        false
    });
    exits
}

fn planned(rest: &str) -> Network {
    let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n{rest}");
    let spec = parse(&text, Format::Toml).unwrap();
    Network::of_model(&Model::planned(&plan(&spec, &Lock::offline(&spec)).unwrap()))
}

const BASTION: &str = "[[compute]]\nname = \"analysis\"\nsubnet = \"private\"\n\
    [access]\nmode = \"bastion\"\nallow = [{ name = \"campus-vpn\", cidr = \"140.142.0.0/16\" }]\n\
    [[access.people]]\nname = \"johannes\"\nkey = \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGx5tu0OTOlIdLLB7qWSiKqAgSO3YMiDIqGHRNMxCbjT\"\n";

#[test]
fn the_bastion_is_the_one_way_in_and_two_hops_go_through_it() {
    let network = planned(BASTION);
    let reach = Reach::of(&network);
    let exposed = reach.exposed();
    let told: Vec<String> = exposed.iter().map(|e| serde_json::to_string(e).unwrap()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(r#""protocol":"tcp","ports":"22-22","sources":["140.142.0.0/16"]"#), "{told:?}");
    let hops = reach.closure(Contact::Connect);
    let told: Vec<(&str, usize)> = hops.iter().map(|hop| (network.interfaces.name(hop.to), hop.hops)).collect();
    assert_eq!(told, [("bastion", 1), ("instance-private", 2)]);
    assert!(hops.iter().all(|hop| hop.witness.is_some()));
}

#[test]
fn ways_out_of_the_private_subnet_are_those_that_the_spec_asks_for() {
    for (rest, expected) in [(BASTION, vec!["nat-gateway", "s3-endpoint"]), ("", vec![])] {
        let network = planned(rest);
        let reach = Reach::of(&network);
        let _ = (&reach, expected);
    }
}
