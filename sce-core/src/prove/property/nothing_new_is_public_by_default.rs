//! Nothing that somebody adds becomes public unless somebody makes it so (L393-L402, L461).

use super::{Examined, Grounds, Property, PropertyId, ROUTERS, standard};
use crate::aws::policy::{Policy, Statement, text};
use crate::aws::resource::Kind;
use crate::cidr::Cidr;
use crate::network::{Address, Group, Holder, Id, Interface, Network, Peer, Place, Rule, Subnet, Traffic, Vpc};
use crate::prove::Counter;
use crate::prove::grounds::replayed;
use crate::prove::rights::{Rights, Via, shown};
use crate::reach::{Contact, Reach};

pub(super) static PROPERTY: Property = Property {
    id: PropertyId("nothing-new-is-public-by-default"),
    claim: "A machine, a subnet or a bucket policy that somebody adds is not public by default",
    quantifier: "a machine launched with what AWS presets in any subnet, for every packet; a machine of any settings in a subnet that \
        nobody gave a route table, for every conversation; a bucket policy that lets everyone read, for every store",
    assumptions: &[ROUTERS],
    outside_claim: &[
        "what somebody makes public on purpose: an open group together with a public address in the public subnet",
        "defaults of services of which the model has no kind",
    ],
    cfr: &[standard("164.312(a)(1)"), standard("164.308(a)(4)(i)")],
    required: |_| true,
    examine,
};

fn examine(grounds: &Grounds<'_>) -> Examined {
    let counter_example =
        launched_by_default(grounds).or_else(|| in_a_new_subnet(grounds)).or_else(|| opened_by_mistake(grounds));
    let mut unread = grounds.unread_network();
    unread.extend(grounds.rights.unread(&[Kind::Bucket, Kind::PublicAccessBlock]));
    if grounds.model.default_security_groups().next().is_none() {
        unread.push("the default security group is not in the model".to_owned());
    }
    let blocks: Vec<bool> = grounds.model.public_access_blocks().map(|(_, block)| block.blocked).collect();
    let of_account = match blocks.as_slice() {
        [] => "the account's own public access block of S3, which the model does not show".to_owned(),
        all if all.iter().all(|blocked| *blocked) => {
            "buckets of other projects: the account's public access block is on".to_owned()
        }
        _ => "buckets of other projects: the account's public access block is off".to_owned(),
    };
    let holding =
        "default groups let nothing in, a new subnet has no route to the internet, and S3 blocks public policies";
    Examined::of(counter_example, &unread, holding).outside([of_account])
}

/// A machine in each subnet, in the default group, with a public address where the subnet gives one.
fn launched_by_default(grounds: &Grounds<'_>) -> Option<Counter> {
    let mut network = grounds.network.clone();
    let subnets: Vec<Id<Subnet>> = network.subnets.iter().map(|(id, _)| id).collect();
    let groups: Vec<Id<Group>> =
        grounds.model.default_security_groups().filter_map(|(thing, _)| network.groups.find(thing.label())).collect();
    for subnet in subnets {
        let vpc = network.subnets[subnet].vpc;
        let around = groups.iter().copied().filter(|group| network.groups[*group].vpc == Some(vpc)).collect();
        let public = network.subnets[subnet].public_on_launch;
        let name = format!("a new machine in {}", network.subnets.name(subnet));
        add_machine(&mut network, &name, subnet, around, public);
    }
    exposed(&network, Contact::Deliver, "is reached from the internet as AWS presets it")
}

/// A machine with a public address and an open group, in a subnet that the main table rules.
fn in_a_new_subnet(grounds: &Grounds<'_>) -> Option<Counter> {
    let mut network = grounds.network.clone();
    let vpcs: Vec<Id<Vpc>> = network.vpcs.iter().map(|(id, _)| id).collect();
    for vpc in vpcs {
        let Some(block) = network.free_block(vpc) else { continue };
        let acl = network.vpcs[vpc].default_acl;
        let facts = Subnet { vpc, blocks: vec![block], table: None, acl, public_on_launch: false };
        let (subnet, group) =
            (format!("a new subnet of {}", network.vpcs.name(vpc)), format!("an open group of {vpc:?}"));
        let all: Option<Cidr> = "0.0.0.0/0".parse().ok();
        // A conversation takes a reply, and of ICMP most ask for none.
        let traffic = [6, 17].map(|protocol| Traffic::Ports { protocol, first: 0, last: u16::MAX });
        let rules = |block: Cidr| traffic.map(|traffic| Rule { traffic, peer: Peer::Block(block) });
        let open = || all.map(rules).into_iter().flatten().collect();
        let Ok(subnet) = network.subnets.add(&subnet, facts) else { continue };
        let Ok(group) = network.groups.add(&group, Group { vpc: Some(vpc), ingress: open(), egress: open() }) else {
            continue;
        };
        let name = format!("a new machine in {}", network.subnets.name(subnet));
        add_machine(&mut network, &name, subnet, vec![group], true);
    }
    exposed(&network, Contact::Connect, "converses with the internet, since the main route table leads there")
}

fn add_machine(network: &mut Network, name: &str, subnet: Id<Subnet>, groups: Vec<Id<Group>>, public: bool) {
    let Some(block) = network.subnets[subnet].blocks.first().copied() else { return };
    // A public address that nobody else has: of class E (RFC 1112), and none of those that stand in for planned ones.
    let [third, fourth] = u16::try_from(network.interfaces.len()).unwrap_or(u16::MAX).to_be_bytes();
    let public = public.then(|| [254, 0, third, fourth].into());
    let addresses = vec![Address { private: Place::Within(block), public }];
    let holder = Holder::Instance(name.into());
    let interface = Interface { subnet, addresses, groups: groups.into(), checks_addresses: true, holder };
    // A name of several words is nobody's.
    let _added = network.interfaces.add(name, interface);
}

fn exposed(network: &Network, contact: Contact, what: &str) -> Option<Counter> {
    let reach = Reach::of(network);
    let found = reach.from_internet(contact);
    found.iter().find(|exposure| exposure.interface.starts_with("a new machine")).map(|exposure| {
        let witness = exposure.witness.as_ref().and_then(|flow| replayed(network, &reach, flow));
        (format!("{} {what}", exposure.interface), witness)
    })
}

/// A bucket whose policy, were it opened to everyone, would be.
fn opened_by_mistake(grounds: &Grounds<'_>) -> Option<Counter> {
    let mut stores =
        grounds.model.buckets().filter(|(thing, _)| grounds.intent.declared.phi_stores.contains(thing.label()));
    stores.find_map(|(thing, bucket)| {
        if bucket.public_access_blocked {
            return None;
        }
        let open = Statement::allow("Mistake").everyone().actions(["s3:GetObject"]).resources([text("*")]);
        let question = grounds.rights.ask_bucket(&Rights::anonymous(), "s3:GetObject", thing, Via::Internet);
        let question = question.under(&Policy::new(vec![open]))?;
        question.is_allowed().then(|| {
            let told = format!("anybody may read {}, once its policy says so by mistake", thing.label());
            (format!("{} does not block public policies", thing.label()), shown(told, &[question]))
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::prove::testing::{Scene, flow_of};
    use crate::prove::{Status, Witness};

    const ID: &str = "nothing-new-is-public-by-default";

    #[test]
    fn it_holds_of_every_mode() {
        for scene in [Scene::machine(), Scene::shut(), Scene::bastion()] {
            let proof = scene.proof(ID);
            assert_eq!(proof.status, Status::Holds, "{}", proof.why);
        }
    }

    #[test]
    fn a_main_table_that_leads_to_the_internet_makes_new_subnets_public() {
        let mut scene = Scene::machine();
        scene.add_route("route-table-main", "0.0.0.0/0", scene.to_internet());
        let proof = scene.proof(ID);
        let (flow, outcome) = flow_of(&proof);
        assert_eq!((proof.status, flow.from.to_string().as_str()), (Status::Violated, "internet"));
        assert!(outcome.path.iter().any(|step| step.contains("new machine in a new subnet")), "{outcome:?}");
    }

    #[test]
    fn a_default_group_with_rules_lets_the_internet_in() {
        let mut scene = Scene::machine();
        scene.default_security_group("security-group-default").ingress.insert("all from anywhere".to_owned());
        scene.network_acl("network-acl-public").ingress.insert(10, Scene::open_entry());
        let proof = scene.proof(ID);
        let (_, outcome) = flow_of(&proof);
        assert_eq!(proof.status, Status::Violated);
        assert!(outcome.path.iter().any(|step| step.contains("new machine in subnet-public")), "{outcome:?}");
    }

    #[test]
    fn a_store_without_its_block_is_one_mistake_from_public() {
        let mut scene = Scene::machine();
        scene.bucket("bucket-data").public_access_blocked = false;
        let proof = scene.proof(ID);
        let Some(Witness::Request { requests, .. }) = &proof.witness else { panic!("{proof:?}") };
        assert_eq!((proof.status, requests[0].principal.as_str()), (Status::Violated, "anonymous"));
    }
}
