//! What nobody asked AWS for, or did not ask to the end.

use std::collections::{BTreeMap, HashSet};

use super::super::Answer;
use super::super::gather::{Conflict, Gathered, Pages, Record, Records};
use super::Join;

/// What it takes to know where packets go.
const NEEDED: [Answer; 11] = [
    Answer::Vpcs,
    Answer::Subnets,
    Answer::NetworkInterfaces,
    Answer::RouteTables,
    Answer::NetworkAcls,
    Answer::SecurityGroups,
    Answer::InternetGateways,
    Answer::EgressOnlyInternetGateways,
    Answer::NatGateways,
    Answer::VpcEndpoints,
    Answer::VpcPeeringConnections,
];

/// What it takes to know of ways in that no route shows; any one of a list will do.
const WAYS_IN: [&[Answer]; 8] = [
    &[Answer::TransitGatewayVpcAttachments, Answer::TransitGatewayAttachments],
    &[Answer::VpnGateways],
    &[Answer::ClientVpnEndpoints],
    &[Answer::InstanceConnectEndpoints],
    &[Answer::EndpointServices],
    &[Answer::VerifiedAccessEndpoints],
    &[Answer::LoadBalancers],
    &[Answer::ClassicLoadBalancers],
];

impl Join<'_, '_> {
    /// Tells what is missing as a whole, was not saved to its end, or is described in two ways.
    pub(super) fn coverage(&mut self) {
        let of = self.of;
        let anywhere = of.seen.get(&(None, None));
        let places: Vec<_> = of.seen.iter().filter(|(_, seen)| tells_of_networks(seen)).collect();
        if places.is_empty() {
            self.note("everything", format!("no file describes a network; `aws {}` does", Answer::Vpcs.call()));
        }
        for ((account, region), seen) in places {
            let has =
                |answer: &Answer| seen.contains_key(answer) || anywhere.is_some_and(|all| all.contains_key(answer));
            let place = place(*account, *region);
            for answers in NEEDED.each_ref().map(std::slice::from_ref).iter().chain(&WAYS_IN) {
                if !answers.iter().any(has) {
                    self.unasked(answers[0], &place);
                }
            }
        }
        self.unfinished();
        self.of_vpcs();
        self.of_endpoints();
        self.conflicts();
    }

    fn unasked(&mut self, answer: Answer, place: &str) {
        let key = answer.key().unwrap_or_default();
        self.note(&format!("`{key}`{place}"), format!("no file has them; `aws {}` does", answer.call()));
    }

    /// Of all pages of an answer one is the last; where every one of them tells of another, that is missing.
    fn unfinished(&mut self) {
        for ((account, region), seen) in &self.of.seen {
            for (answer, Pages { read, more, last }) in seen {
                if more >= read {
                    let what =
                        format!("the rest of `{}`{}", answer.key().unwrap_or_default(), place(*account, *region));
                    self.note(&what, format!("`{last}` tells of another page, and no file has it"));
                }
            }
        }
    }

    /// Every VPC has a main route table and an ACL of its own.
    fn of_vpcs(&mut self) {
        let mut without = Vec::new();
        for (id, vpc) in self.network.vpcs.iter() {
            let name = self.network.vpcs.name(id);
            let told = |answer| !self.uncertain.contains(&(id, answer));
            if vpc.main_table.is_none() && told(Answer::RouteTables) {
                without.push((format!("the main route table of `{name}`"), Answer::RouteTables));
            }
            if vpc.default_acl.is_none() && told(Answer::NetworkAcls) {
                without.push((format!("the default network ACL of `{name}`"), Answer::NetworkAcls));
            }
        }
        for (what, answer) in without {
            self.note(&what, format!("no file describes it; `aws {}` does", answer.call()));
        }
    }

    /// What endpoints hold must be among the interfaces, or what reaches them is not seen.
    fn of_endpoints(&mut self) {
        let of = self.of;
        for (endpoint, file) in of.endpoints.iter() {
            for interface in &endpoint.network_interface_ids {
                if self.network.interfaces.find(interface.as_str()).is_none() {
                    self.missing(interface.as_str(), file, Answer::NetworkInterfaces);
                }
            }
        }
    }

    fn conflicts(&mut self) {
        let of = self.of;
        for (name, Conflict { first, other, wide }) in conflicts(of) {
            let (first, other) = (of.path(first), of.path(other));
            let taken = if wide { "it is taken as wide as it may be" } else { "the first is taken" };
            let why = match first == other {
                true => format!("`{first}` describes it twice, differently; {taken}"),
                false => format!("`{first}` and `{other}` describe it differently; {taken}"),
            };
            self.note(name, why);
        }
    }
}

/// What is described in two ways.
pub(super) fn disputed<'g>(of: &'g Gathered<'_>) -> HashSet<&'g str> {
    conflicts(of).into_iter().map(|(name, _)| name).collect()
}

fn conflicts<'g>(of: &'g Gathered<'_>) -> Vec<(&'g str, Conflict)> {
    let mut all = Vec::new();
    add(&mut all, &of.vpcs);
    add(&mut all, &of.subnets);
    add(&mut all, &of.interfaces);
    add(&mut all, &of.route_tables);
    add(&mut all, &of.acls);
    add(&mut all, &of.groups);
    add(&mut all, &of.internet_gateways);
    add(&mut all, &of.egress_only);
    add(&mut all, &of.nat_gateways);
    add(&mut all, &of.endpoints);
    add(&mut all, &of.peerings);
    add(&mut all, &of.prefix_lists);
    add(&mut all, &of.transit_gateways);
    add(&mut all, &of.transit_attachments);
    add(&mut all, &of.vpc_attachments);
    add(&mut all, &of.vpn_gateways);
    add(&mut all, &of.client_vpns);
    add(&mut all, &of.instance_connect);
    add(&mut all, &of.load_balancers);
    add(&mut all, &of.databases);
    add(&mut all, &of.clusters);
    add(&mut all, &of.endpoint_services);
    add(&mut all, &of.verified_access);
    all
}

fn add<'g, 'a, T: Record<'a>>(all: &mut Vec<(&'g str, Conflict)>, records: &'g Records<'a, T>)
where
    'a: 'g,
{
    all.extend(records.conflicts().filter_map(|(thing, conflict)| Some((thing.id()?.as_str(), conflict))));
}

fn tells_of_networks(seen: &BTreeMap<Answer, Pages<'_>>) -> bool {
    NEEDED.iter().any(|answer| seen.contains_key(answer))
}

/// ` in us-west-2 of 111122223333`, as far as it is known.
fn place(account: Option<&str>, region: Option<&str>) -> String {
    let region = region.map(|region| format!(" in {region}")).unwrap_or_default();
    let account = account.map(|account| format!(" of {account}")).unwrap_or_default();
    format!("{region}{account}")
}
