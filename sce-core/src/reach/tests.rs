//! The walk and the sets, held to each other on random networks.

use std::net::IpAddr;

use proptest::prelude::*;

use super::exposed::{Contact, Exposure};
use super::flow_sets::Flows;
use super::index::Reach;
use super::packet::{Flow, Source};
use super::random::{self, Dice};
use super::sets::Family;
use super::sets::span::number;
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
}

#[test]
fn debug_seed() {
    let mut dice = Dice::new(10983653766249387770);
    let network = random::network(&mut dice);
    let reach = Reach::of(&network);
    for contact in [Contact::Deliver, Contact::Connect] {
        for e in reach.from_internet(contact) {
            if e.witness.is_none() {
                println!("{contact:?} {e:?}");
                let i = &network.interfaces[e.id];
                println!("{:?}", i);
                println!("{:#?}", network.subnets[i.subnet]);
                println!("acl {:?}", reach.acl_of(i.subnet).map(|a| &network.acls[a]));
                println!("table {:?}", reach.table_of(i.subnet).map(|a| &network.route_tables[a]));
                for g in &i.groups { println!("{:?}", network.groups[*g]); }
                let mut f = random::flow(&mut dice, Source::Internet);
                f.src_ip = "1.0.0.1".parse().unwrap(); f.dst_ip = i.addresses[0].public.unwrap(); f.protocol = 6; f.dst_port = 0;
                println!("{:?}", reach.walk(&f));
            }
        }
    }
}
