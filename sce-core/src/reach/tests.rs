//! The walk and the sets, held to each other on random networks.

mod bad_input;
mod planned;
mod semantics;

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
use crate::network::{Id, Interface, Network};

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

/// Replies go by a list that was not read, to something not understood.
const ROUTED_BY_AN_UNREAD_LIST: u64 = 4_697_770_452_449_745_233;

/// A machine that checks no addresses sends from one of another's, in whose subnet a member of a group is somewhere.
const SENT_FROM_ANOTHERS_ADDRESS: u64 = 11_844_615_412_741_232_012;

proptest! {
    // 192 cases, or three quarters of what PROPTEST_CASES says.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 3 / 4, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn what_is_exposed_is_what_arrives_from_the_internet(seed in prop_oneof![1 => Just(ROUTED_BY_AN_UNREAD_LIST), 50 => any::<u64>()]) {
        let mut dice = Dice::new(seed);
        let network = random::network(&mut dice);
        let reach = Reach::of(&network);
        for contact in [Contact::Deliver, Contact::Connect] {
            let exposures = reach.from_internet(contact);
            for exposure in &exposures {
                // Of a class one witness is walked and the others are told by it: each stands being walked on its own.
                let walked = exposure.witness.as_ref().is_some_and(|flow| some(&reach, flow, contact, &Exit::Interface(exposure.id)));
                prop_assert!(walked, "{seed}: {exposure:?} has no witness, or one that does not get there");
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
    fn sets_have_what_the_walk_delivers(seed in prop_oneof![1 => Just(SENT_FROM_ANOTHERS_ADDRESS), 50 => any::<u64>()]) {
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
