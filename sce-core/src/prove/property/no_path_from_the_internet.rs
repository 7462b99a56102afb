//! Nothing on the internet gets a packet to the private subnet (L277, L441-L446).

use super::{Examined, Grounds, Property, PropertyId, ROUTERS, standard};
use crate::reach::Contact;

pub(super) static PROPERTY: Property = Property {
    id: PropertyId("no-path-from-internet-to-private-subnet"),
    claim: "No packet that a host on the internet sends first arrives in the private subnet",
    quantifier: "every sender on the internet, every packet header of both families, every network interface in the private \
        subnets; answered or not",
    assumptions: &[ROUTERS],
    outside_claim: &[
        "replies to what the inside asked for: they are of conversations that the inside began",
        "ways in that are no packets to an interface: see `only-way-in-is-the-chosen-one`",
    ],
    cfr: &[standard("164.312(a)(1)"), standard("164.312(e)(1)")],
    required: |_| true,
    examine,
};

fn examine(grounds: &Grounds<'_>) -> Examined {
    let private = grounds.private_subnets();
    if private.is_empty() {
        return Examined::unknown("the model has no private subnet");
    }
    let exposed = grounds.reach.from_internet(Contact::Deliver);
    let mut inside =
        exposed.iter().filter(|exposure| private.contains(&grounds.network.interfaces[exposure.id].subnet));
    let counter_example = inside.next().map(|exposure| {
        let witness = exposure.witness.as_ref().and_then(|flow| grounds.replayed(flow));
        let (protocol, ports) = (exposure.protocol(), exposure.port_range());
        (format!("the internet reaches {} at {protocol} {ports}", exposure.interface), witness)
    });
    let interfaces = grounds.interfaces_in(&private).len();
    let holding =
        format!("no packet from the internet reaches an interface there, of which the model has {interfaces}");
    Examined::of(counter_example, &grounds.unread_network(), holding)
}

#[cfg(test)]
mod tests {
    use crate::prove::Status;
    use crate::prove::testing::{Scene, flow_of, tcp};

    const ID: &str = "no-path-from-internet-to-private-subnet";

    #[test]
    fn it_holds_of_every_mode() {
        for scene in [Scene::machine(), Scene::shut(), Scene::bastion()] {
            assert_eq!(scene.proof(ID).status, Status::Holds);
        }
    }

    #[test]
    fn a_machine_with_public_address_route_and_open_group_is_reached() {
        let mut scene = Scene::machine();
        scene.instance("instance-private").public_address = true;
        scene.security_group("security-group-private").ingress.insert(tcp(5432, "0.0.0.0/0"));
        scene.network_acl("network-acl-private").ingress.insert(10, Scene::open_entry());
        let proof = scene.proof(ID);
        let (flow, outcome) = flow_of(&proof);
        assert_eq!((proof.status, flow.dst_port), (Status::Violated, 5432));
        assert!(outcome.arrives && outcome.path.iter().any(|step| &**step == "instance-private"), "{outcome:?}");
    }

    #[test]
    fn what_was_not_read_makes_it_unknown() {
        let mut scene = Scene::machine();
        scene.unread("instance-private");
        assert_eq!(scene.proof(ID).status, Status::Unknown);
    }
}
