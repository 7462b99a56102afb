//! What is known of planned environments before any set is computed.

use crate::lock::Lock;
use crate::model::Model;
use crate::network::Network;
use crate::plan::plan;
use crate::reach::{Contact, Exit, Reach, Vantage};
use crate::spec::{Format, parse};

const MACHINE: &str = "[compute.private]\ntype = \"m7i.large\"\n";
const BASTION: &str = "mode = \"bastion\"\nallow = [{ name = \"campus-vpn\", cidr = \"140.142.0.0/16\" }]\n";
const PEOPLE: &str = "laptop = \"managed\"\npeople = [{ name = \"r1\", email = \"r1@example.edu\", \
    key = \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS\" }]\n";
const SHUT: &str = "packages = { mirror = \"https://pypi.example.edu/simple\" }\n[network]\negress = \"none\"\n";

fn planned(rest: &str) -> Network {
    let text = format!("pit = \"hipaa\"\nregion = \"us-west-2\"\nowner = \"builder@example.edu\"\n{rest}");
    let spec = parse(&text, Format::Toml).unwrap();
    Network::of_model(&Model::planned(&plan(&spec, &Lock::offline(&spec)).unwrap()))
}

fn exits(network: &Network, contact: Contact) -> Vec<String> {
    let reach = Reach::of(network);
    let private = network.interfaces.find("instance-private").unwrap();
    let ways = reach.ways_out(Vantage::Interface(private), contact);
    let name = |exit: &Exit| match exit {
        Exit::Internet { nat: Some(nat), .. } => network.gateways.name(*nat).to_owned(),
        Exit::Service(endpoint) => network.gateways.name(*endpoint).to_owned(),
        other => format!("{other:?}"),
    };
    assert!(ways.iter().all(|way| way.witness.is_some()), "{ways:?}");
    let mut names: Vec<String> = ways.iter().map(|way| name(&way.to)).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn the_bastion_is_the_one_way_in_and_two_hops_go_through_it() {
    let network = planned(&format!("{MACHINE}[access]\n{BASTION}{PEOPLE}"));
    let reach = Reach::of(&network);
    let told: Vec<String> = reach.exposed().iter().map(|e| serde_json::to_string(e).unwrap()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains(r#""protocol":"tcp","ports":"22-22","sources":["140.142.0.0/16"],"witness":{"#),
        "{told:?}"
    );
    let hops = reach.closure(Contact::Connect);
    let told: Vec<(&str, usize)> = hops.iter().map(|hop| (network.interfaces.name(hop.to), hop.hops)).collect();
    assert_eq!(told, [("instance-bastion", 1), ("instance-private", 2)]);
    assert!(hops.iter().all(|hop| hop.witness.is_some()));
    let private = network.subnets.find("subnet-private").unwrap();
    let ways = reach.ways_in(private, Contact::Connect);
    let bastion = network.interfaces.find("instance-bastion").map(Vantage::Interface);
    assert!(ways.iter().all(|way| Some(way.from) == bastion), "{ways:?}");
    assert!(ways.iter().all(|way| way.headers.iter().all(|box_| box_.ports == (22, 22))), "{ways:?}");
    assert!(!ways.is_empty());
}

#[test]
fn without_a_bastion_nothing_gets_in() {
    let network = planned(&format!("{MACHINE}[access]\n{PEOPLE}"));
    let reach = Reach::of(&network);
    assert_eq!(reach.exposed(), []);
    assert_eq!(reach.closure(Contact::Deliver), []);
    let private = network.subnets.find("subnet-private").unwrap();
    assert!(reach.ways_in(private, Contact::Deliver).is_empty());
}

#[test]
fn ways_out_are_those_that_the_spec_gives() {
    let open = planned(&format!("{MACHINE}[access]\n{PEOPLE}"));
    let shut = planned(&format!("{MACHINE}{SHUT}[access]\n{PEOPLE}"));
    for contact in [Contact::Deliver, Contact::Connect] {
        assert_eq!(exits(&open, contact), ["nat-gateway", "s3-endpoint"]);
        assert_eq!(exits(&shut, contact), ["s3-endpoint"]);
    }
}

#[test]
fn endpoints_inside_are_met_by_the_machine() {
    let network = planned(&format!("{MACHINE}{SHUT}[access]\n{PEOPLE}"));
    let reach = Reach::of(&network);
    let private = network.interfaces.find("instance-private").unwrap();
    let kms = network.interfaces.find("endpoint-kms").unwrap();
    let ways = reach.ways_to(Vantage::Interface(private), &[kms], Contact::Connect);
    assert!(ways.iter().any(|way| way.headers.iter().any(|packets| packets.ports == (443, 443))), "{ways:?}");
    assert!(reach.ways_to(Vantage::Internet, &[kms], Contact::Deliver).is_empty());
}
