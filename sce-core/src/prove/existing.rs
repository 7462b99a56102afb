//! Claims about networks of others, as `sce lock` tells of them.

use super::testing::Scene;
use super::{Intent, Proof, Status, prove};
use crate::aws::resource::{Properties, RouteTarget};
use crate::lock::Lock;
use crate::model::Model;
use crate::plan::plan;
use crate::plan::sample::{DATABASE, SPEC};
use crate::spec::{Format, parse};
use crate::value::Value;

const MACHINE: &str = "[compute.private]\ntype = \"m7i.large\"\n";

/// With a machine in it, and without the public subnet, which only a bastion needs.
fn without_public_subnet() -> String {
    let spec = SPEC.replace("public_subnet = \"subnet-0subnet-public\"\n", "");
    assert!(!spec.contains("public"));
    format!("{spec}{MACHINE}")
}

fn proofs(scene: &Scene) -> Vec<Proof> {
    prove(&scene.model, &scene.intent)
}

fn assert_proved(scene: &Scene) {
    for proof in proofs(scene) {
        assert!(!proof.blocks() && proof.status != Status::Unknown, "{}: {}", proof.property.id.0, proof.why);
    }
}

fn proof(scene: &Scene, id: &str) -> Proof {
    proofs(scene).into_iter().find(|proof| proof.property.id.0 == id).unwrap()
}

#[test]
fn a_nat_gateway_may_stand_in_a_subnet_that_the_spec_does_not_name() {
    let scene = Scene::existing(&without_public_subnet());
    assert_proved(&scene);
    let nat = proof(&scene, "nat-route-survives-the-endpoint");
    let taken = "`subnet-0subnet-public`, where a NAT gateway of others stands and which the spec does not name, leads to the internet";
    assert!(nat.assumptions.iter().any(|told| told == taken), "{:?}", nat.assumptions);
    // It is a way out all the same.
    let out = proof(&scene, "no-way-out-for-phi");
    assert_eq!(
        (out.status, out.why.as_str()),
        (Status::Violated, "data can go out to the internet through nat-gateway")
    );
}

#[test]
fn a_nat_gateway_may_stand_beside_the_public_subnet_that_the_spec_names() {
    let mut scene = Scene::existing(&format!("{SPEC}{MACHINE}"));
    let Properties::NatGateway(nat) = &mut scene.resource("nat-gateway").properties else { panic!("no NAT gateway") };
    nat.subnet = Value::Known("subnet-0elsewhere".parse().unwrap());
    assert_proved(&scene);
    let network = crate::network::Network::of_model(&scene.model);
    let internet =
        network.gateways.iter().filter(|(_, one)| matches!(one, crate::network::Gateway::Internet(_))).count();
    assert_eq!(internet, 1, "a VPC has one internet gateway");
}

#[test]
fn a_table_of_theirs_may_lead_to_a_second_nat_gateway_that_nobody_read() {
    let mut scene = Scene::existing(&without_public_subnet());
    scene.add_route("route-table-main", "0.0.0.0/0", RouteTarget::NatGateway(Value::Known("nat-0b".parse().unwrap())));
    scene.model.resources.last_mut().unwrap().scope = crate::plan::Scope::Existing;
    assert_proved(&scene);
}

#[test]
fn an_acl_and_an_endpoint_of_theirs_may_serve_what_the_spec_does_not_use() {
    for more in ["", DATABASE] {
        let mut scene = Scene::existing(&format!("{SPEC}{more}{MACHINE}"));
        scene.network_acl("network-acl-private").subnets.insert(Value::Known("subnet-0other".parse().unwrap()));
        scene.endpoint("s3-endpoint").route_tables.insert(Value::Known("rtb-0other".parse().unwrap()));
        assert_proved(&scene);
    }
}

#[test]
fn one_acl_of_theirs_may_guard_every_private_subnet() {
    let mut scene = Scene::existing(&format!("{SPEC}{DATABASE}{MACHINE}"));
    let spare = scene.remove("network-acl-spare");
    let Properties::NetworkAcl(spare) = spare.properties else { panic!("no ACL") };
    scene.network_acl("network-acl-private").subnets.extend(spare.subnets);
    assert_proved(&scene);
}

#[test]
fn what_is_ours_and_refers_to_what_nobody_read_is_unread() {
    let mut scene = Scene::machine();
    scene.network_acl("network-acl-private").subnets.insert(Value::Known("subnet-0other".parse().unwrap()));
    assert_eq!(proof(&scene, "only-way-in-is-the-chosen-one").status, Status::Unknown);
}

#[test]
fn what_their_network_lacks_is_asked_for_by_its_name() {
    let mut scene = Scene::existing(&without_public_subnet());
    scene.remove("route-private-nat");
    let asked = proof(&scene, "nat-route-survives-the-endpoint");
    assert_eq!(asked.status, Status::Violated);
    let expected = "somebody else's, and sce changes nothing of it: `acl-0network-acl-private` (network-acl-private), \
                    `rtb-0route-table-private` (route-table-private), `subnet-0subnet-private` (subnet-private); ask those who look after it to give the private subnet's table a route to a \
                    NAT gateway that stands in a subnet with a route to an internet gateway, and to let its network ACL pass TCP 443 out and \
                    TCP 1024 to 65535 in (or write `egress = \"none\"`, if no way out is needed); then run `sce lock` again";
    assert_eq!(asked.help.as_deref(), Some(expected));

    let mut scene = Scene::existing(&without_public_subnet());
    scene.default_security_group("security-group-default").ingress.insert("all from anywhere".to_owned());
    let asked = proof(&scene, "nothing-new-is-public-by-default");
    let help = asked.help.unwrap();
    assert!(help.contains("`sg-0security-group-default` (security-group-default)"), "{help}");
    assert!(help.contains("empty the default security group"), "{help}");
}

#[test]
fn what_is_ours_is_not_asked_of_others() {
    let mut scene = Scene::existing(&without_public_subnet());
    scene.bucket("bucket-data").public_access_blocked = false;
    let proof = proof(&scene, "nothing-new-is-public-by-default");
    assert_eq!((proof.status, proof.help), (Status::Violated, None));
    assert!(proofs(&Scene::machine()).iter().all(|proof| proof.help.is_none()));
}

#[test]
fn a_lock_made_offline_asks_for_the_account() {
    let spec = parse(&without_public_subnet(), Format::Toml).unwrap();
    let lock = Lock::offline(&spec);
    let plan = plan(&spec, &lock).unwrap();
    let proofs = prove(&Model::planned(&plan), &Intent::of(&spec, &lock, &plan));
    let unknown: Vec<&Proof> = proofs.iter().filter(|proof| proof.blocks()).collect();
    let told: Vec<_> =
        unknown.iter().map(|proof| (proof.property.id.0, proof.status, &proof.why, &proof.help)).collect();
    assert!(told.len() > 3 && told.iter().all(|told| told.1 == Status::Unknown), "{told:#?}");
    let stores = told.iter().find(|told| told.0 == "stores-are-read-by-the-listed-only").unwrap();
    assert!(stores.2.starts_with("cannot be told before the account is asked: "), "{}", stores.2);
    let help = "run `sce lock` where the account can be asked: nobody has looked yet at what exists";
    assert!(told.iter().all(|told| told.3.as_deref() == Some(help)), "{told:#?}");
}
