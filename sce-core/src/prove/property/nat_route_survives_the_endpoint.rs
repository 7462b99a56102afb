//! The document's warning: after the endpoint for S3 is put in, the way out is still there (L496-L500).

use std::net::{IpAddr, Ipv4Addr};

use super::{Examined, Grounds, Property, PropertyId, ROUTERS, standard};
use crate::network::{Id, Network, Subnet};
use crate::prove::Witness;
use crate::prove::grounds::{followed, with_s3_at};
use crate::reach::{Contact, Exit, Flow, Reach, Source, Vantage};
use crate::spec::Egress;

pub(super) static PROPERTY: Property = Property {
    id: PropertyId("nat-route-survives-the-endpoint"),
    claim: "Beside the endpoint for S3, the way out through the NAT gateway that was asked for is there",
    quantifier: "each private subnet: some packet of the web to the internet, and its reply",
    assumptions: &[ROUTERS],
    outside_claim: &[
        "whether the NAT gateway works, in which subnet one of others stands, and what is found at the other end",
    ],
    cfr: &[standard("164.312(e)(1)")],
    required: |declared| declared.egress == Egress::Nat,
    examine,
};

/// An address on the internet (RFC 5737) and the web's port.
const SOMEWHERE: [u8; 4] = [198, 51, 100, 1];
const WEB: u16 = 443;
/// Past the first addresses of a subnet, which AWS keeps.
const KEPT: u32 = 10;

fn examine(grounds: &Grounds<'_>) -> Examined {
    if grounds.intent.declared.egress == Egress::None {
        return Examined::holds("no way out was asked for");
    }
    let subnets = grounds.subnets_in_use();
    if subnets.is_empty() {
        return Examined::unknown("the model has no private subnet");
    }
    // Where S3 is not: what goes there takes the endpoint.
    let network = with_s3_at(grounds.network, Vec::new());
    let reach = Reach::of(&network);
    let by_nat = |subnet: &Id<Subnet>| {
        let ways = reach.ways_out(Vantage::Subnet(*subnet), Contact::Connect);
        ways.iter().any(|way| matches!(way.to, Exit::Internet { nat: Some(_), .. }))
    };
    let without = subnets.iter().find(|subnet| !by_nat(subnet));
    let counter_example = without.map(|subnet| {
        let name = grounds.network.subnets.name(*subnet);
        (format!("from {name} no packet of the web comes out at a NAT gateway"), web(&network, &reach, *subnet))
    });
    Examined::of(
        counter_example,
        &grounds.unread_network(),
        "packets of the web leave through the NAT gateway, and replies come back",
    )
    .assuming(grounds.network.taken_to_lead_out.iter().map(|subnet| {
        let name = grounds.network.subnets.name(*subnet);
        format!(
            "`{name}`, where a NAT gateway of others stands and which the spec does not name, leads to the internet"
        )
    }))
}

/// A packet that should get out, and what becomes of it.
fn web(network: &Network, reach: &Reach<'_>, subnet: Id<Subnet>) -> Option<Witness> {
    let block = network.subnets[subnet].blocks.first()?;
    let IpAddr::V4(first) = block.first() else { return None };
    let src_ip = Ipv4Addr::from_bits(first.to_bits().checked_add(KEPT)?).into();
    let from = Source::Id(network.subnets.name(subnet).into());
    let flow = Flow { from, src_ip, dst_ip: SOMEWHERE.into(), protocol: 6, src_port: None, dst_port: WEB };
    Some(followed(network, reach, &flow))
}

#[cfg(test)]
mod tests {
    use crate::prove::Status;
    use crate::prove::testing::{Scene, flow_of};
    use crate::reach::Verdict;

    const ID: &str = "nat-route-survives-the-endpoint";

    #[test]
    fn a_subnet_that_a_database_may_be_put_into_needs_no_way_out() {
        let scene = Scene::of("hipaa", "[[database]]\nengine = \"postgres\"\nphi_contact = true\n");
        assert_eq!(scene.proof(ID).status, Status::Holds);
    }

    #[test]
    fn it_holds_where_a_nat_gateway_was_asked_for_and_asks_nothing_elsewhere() {
        for (scene, required) in [(Scene::machine(), true), (Scene::bastion(), true), (Scene::shut(), false)] {
            let proof = scene.proof(ID);
            assert_eq!((proof.status, proof.required), (Status::Holds, required), "{}", proof.why);
        }
    }

    #[test]
    fn a_route_that_is_gone_shows() {
        let mut scene = Scene::machine();
        scene.remove("route-private-nat");
        let proof = scene.proof(ID);
        let (_, outcome) = flow_of(&proof);
        assert_eq!((proof.status, outcome.verdict), (Status::Violated, Verdict::NoRoute));
    }
}
