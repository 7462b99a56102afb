//! What the private subnet sends to S3 goes by the endpoint, and never over the internet (L491-L495, C13).

use super::{Examined, Grounds, Property, PropertyId, ROUTERS, standard};
use crate::prove::grounds::{exit_name, shown_by, with_s3_at};
use crate::reach::{Contact, Exit, Reach};

pub(super) static PROPERTY: Property = Property {
    id: PropertyId("private-traffic-to-s3-takes-the-endpoint"),
    claim: "What the private subnet sends to S3 in its own region goes by the endpoint only",
    quantifier: "every host in the private subnets, described or not, every packet to every address that S3 may have in the region",
    assumptions: &[
        ROUTERS,
        "AWS's list of S3's addresses holds all of the region's; where it was not read, every public address is taken to be on it, in \
         blocks that any route but the default one beats",
    ],
    outside_claim: &[
        "buckets of other regions, S3 Transfer Acceleration and CloudFront: their addresses are not on the list, and go where the rest \
         of the internet goes",
        "which buckets are asked for: `no-way-out-for-phi` looks at the endpoint's policy",
    ],
    cfr: &[standard("164.312(e)(1)")],
    required: |_| true,
    examine,
};

fn examine(grounds: &Grounds<'_>) -> Examined {
    let vantages = grounds.private_vantages();
    if vantages.is_empty() {
        return Examined::unknown("the model has no private subnet");
    }
    // Halves of it, so that a default route does not beat them, and any other does.
    let halves = ["0.0.0.0/1", "128.0.0.0/1"].map(str::parse).into_iter().flatten().collect();
    let network = with_s3_at(grounds.network, halves);
    let reach = Reach::of(&network);
    let mut reached = false;
    let counter_example = vantages.iter().find_map(|vantage| {
        reach.ways_out(*vantage, Contact::Deliver).into_iter().find_map(|way| {
            if matches!(way.to, Exit::Service(_)) {
                reached = true;
                return None;
            }
            let why = format!("packets for S3 can go to {}", exit_name(&network, &way.to));
            Some((why, shown_by(&network, &reach, way)))
        })
    });
    let holding = match reached {
        true => "every packet for an address of S3 that leaves, leaves by the endpoint",
        false => "no packet for an address of S3 leaves at all",
    };
    Examined::of(counter_example, &grounds.unread_network(), holding)
}

#[cfg(test)]
mod tests {
    use crate::prove::Status;
    use crate::prove::testing::{Scene, flow_of};

    const ID: &str = "private-traffic-to-s3-takes-the-endpoint";

    #[test]
    fn it_holds_with_and_without_a_way_out() {
        for scene in [Scene::machine(), Scene::shut(), Scene::bastion()] {
            let proof = scene.proof(ID);
            assert_eq!(
                (proof.status, proof.why.contains("leaves by the endpoint")),
                (Status::Holds, true),
                "{}",
                proof.why
            );
        }
    }

    #[test]
    fn without_the_endpoints_route_it_goes_to_the_nat_gateway() {
        let mut scene = Scene::machine();
        scene.endpoint("s3-endpoint").route_tables.clear();
        let proof = scene.proof(ID);
        let (flow, outcome) = flow_of(&proof);
        assert_eq!((proof.status, flow.dst_port), (Status::Violated, 443));
        assert!(outcome.path.iter().any(|step| &**step == "nat-gateway"), "{outcome:?}");
    }

    #[test]
    fn a_subnet_that_a_database_may_be_put_into_is_private_too() {
        let mut scene = Scene::of("hipaa", "[[database]]\nengine = \"postgres\"\nphi_contact = true\n");
        scene.add_route("route-table-main", "0.0.0.0/0", scene.to_nat());
        assert_eq!(scene.proof(ID).status, Status::Holds, "its ACL lets nothing pass");
        let acl = scene.network_acl("network-acl-spare");
        acl.ingress.insert(10, Scene::open_entry());
        acl.egress.insert(10, Scene::open_entry());
        scene.network_acl("network-acl-public").ingress.insert(10, Scene::open_entry());
        let proof = scene.proof(ID);
        let (_, outcome) = flow_of(&proof);
        assert_eq!(proof.status, Status::Violated);
        assert!(outcome.path.iter().any(|step| step.contains("subnet-spare")), "{outcome:?}");
    }

    #[test]
    fn a_route_for_part_of_the_addresses_takes_them_away() {
        let mut scene = Scene::machine();
        scene.add_route("route-table-private", "52.216.0.0/15", scene.to_nat());
        let proof = scene.proof(ID);
        let (flow, _) = flow_of(&proof);
        assert_eq!(proof.status, Status::Violated);
        assert!(flow.dst_ip.to_string().starts_with("52.21"), "{flow:?}");
    }
}
