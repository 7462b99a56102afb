//! Each kind of record, as AWS writes it.

use std::net::IpAddr;

use crate::aws::describe::tree::{BrokenAnswer, File};
use crate::aws::describe::{Described, read};
use crate::cidr::Cidr;
use crate::network::{Address, Destination, Gateway, Holder, Network, Origin, Peer, Place, Target, Traffic, WayAround};

fn described<'a>(files: &[(&'a str, &'a str)]) -> Result<Described<'a>, BrokenAnswer> {
    read(files.iter().map(|(path, text)| File { path, bytes: text.as_bytes() }))
}

fn network(text: &str) -> Network {
    described(&[("a.json", text)]).unwrap_or_else(|error| panic!("{text}: {error}")).network
}

fn cidr(text: &str) -> Cidr {
    text.parse().expect(text)
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect(text)
}

/// Why a thing is unread; empty when it is not.
fn why(network: &Network, what: &str) -> String {
    let told: Vec<&str> =
        network.unread.iter().filter(|unread| &*unread.what == what).map(|unread| &*unread.why).collect();
    told.join("; ")
}

const VPC: &str = r#"{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "OwnerId": "111122223333",
  "CidrBlockAssociationSet": [
    {"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}},
    {"CidrBlock": "10.1.0.0/16", "CidrBlockState": {"State": "associated"}},
    {"CidrBlock": "10.2.0.0/16", "CidrBlockState": {"State": "disassociated"}}],
  "Ipv6CidrBlockAssociationSet": [
    {"Ipv6CidrBlock": "2600:1f00::/56", "Ipv6CidrBlockState": {"State": "associated"}}]}]}
 {"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24", "MapPublicIpOnLaunch": true,
    "AvailabilityZone": "us-west-2a"}]}"#;

/// The VPC above and whatever else.
fn with(further: &str) -> Network {
    network(&format!("{VPC}{further}"))
}

#[test]
fn vpcs_and_subnets() {
    let network = with("");
    let vpc = &network.vpcs[network.vpcs.find("vpc-1").unwrap()];
    assert_eq!(vpc.blocks, ["10.0.0.0/16", "10.1.0.0/16", "2600:1f00::/56"].map(cidr));
    assert_eq!((vpc.account.as_deref(), vpc.region.as_deref()), (Some("111122223333"), Some("us-west-2")));
    let subnet = &network.subnets[network.subnets.find("subnet-1").unwrap()];
    assert_eq!((subnet.blocks.as_slice(), subnet.public_on_launch), (&[cidr("10.0.1.0/24")][..], true));
}

#[test]
fn interfaces_of_machines() {
    let network = with(
        r#"{"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1", "VpcId": "vpc-1",
        "Groups": [{"GroupId": "sg-1", "GroupName": "x"}], "SourceDestCheck": false, "InterfaceType": "interface",
        "PrivateIpAddress": "10.0.1.4", "Attachment": {"InstanceId": "i-1", "DeviceIndex": 0},
        "PrivateIpAddresses": [
          {"PrivateIpAddress": "10.0.1.4", "Primary": true, "Association": {"PublicIp": "54.1.2.3"}},
          {"PrivateIpAddress": "10.0.1.5", "Primary": false}],
        "Ipv6Addresses": [{"Ipv6Address": "2600:1f00::4"}],
        "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.1.16/28"}], "Ipv6Prefixes": null}]}
        {"SecurityGroups": [{"GroupId": "sg-1", "VpcId": "vpc-1"}]}"#,
    );
    let interface = &network.interfaces[network.interfaces.find("eni-1").unwrap()];
    let addresses = [
        Address { private: Place::At(ip("10.0.1.4")), public: Some(ip("54.1.2.3")) },
        Address { private: Place::At(ip("10.0.1.5")), public: None },
        Address { private: Place::At(ip("2600:1f00::4")), public: None },
        Address { private: Place::Within(cidr("10.0.1.16/28")), public: None },
    ];
    assert_eq!(interface.addresses, addresses);
    assert_eq!(interface.holder, Holder::Instance("i-1".into()));
    assert!(!interface.checks_addresses);
    assert_eq!(&*interface.groups, &[network.groups.find("sg-1").unwrap()]);
}

#[test]
fn the_public_side_of_the_primary_address_may_stand_beside_the_list() {
    let network = with(
        r#"{"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1", "PrivateIpAddress": "10.0.1.4",
        "Association": {"PublicIp": "54.1.2.3"}, "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.5"},
          {"PrivateIpAddress": "10.0.1.4"}]}]}"#,
    );
    let public: Vec<_> =
        network.interfaces.iter().flat_map(|(_, one)| one.addresses.iter().map(|address| address.public)).collect();
    assert_eq!(public, [None, Some(ip("54.1.2.3"))]);
}

#[test]
fn interfaces_as_their_instances_have_them() {
    let instances = r#"{"Reservations": [{"Instances": [{"InstanceId": "i-1", "NetworkInterfaces": [
        {"NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1", "VpcId": "vpc-1", "Groups": [],
         "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.4"}], "Attachment": {"DeviceIndex": 0}}]}]}]}"#;
    let seen = with(instances);
    let interface = &seen.interfaces[seen.interfaces.find("eni-1").unwrap()];
    assert_eq!(interface.holder, Holder::Instance("i-1".into()));
    assert!(why(&seen, "`NetworkInterfaces`").contains("describe-network-interfaces"));
    // Who asked for interfaces has the better answer.
    let own = r#"{"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1", "VpcId": "vpc-1",
        "PrivateIpAddress": "10.0.1.9", "Description": "by hand"}]}"#;
    let seen = with(&format!("{instances}{own}"));
    let interface = &seen.interfaces[seen.interfaces.find("eni-1").unwrap()];
    assert_eq!(interface.addresses[0].private, Place::At(ip("10.0.1.9")));
    assert_eq!((&interface.holder, seen.interfaces.len()), (&Holder::Other("by hand".into()), 1));
}

#[test]
fn nat_gateways_and_endpoints_hold_interfaces() {
    let network = with(
        r#"{"NatGateways": [
          {"NatGatewayId": "nat-1", "SubnetId": "subnet-1", "VpcId": "vpc-1", "State": "available",
           "NatGatewayAddresses": [{"PrivateIp": "10.0.1.7", "PublicIp": "54.0.0.7", "NetworkInterfaceId": "eni-n"}]},
          {"NatGatewayId": "nat-2", "SubnetId": "subnet-1", "VpcId": "vpc-1", "State": "deleted"}]}
        {"VpcEndpoints": [
          {"VpcEndpointId": "vpce-g", "VpcEndpointType": "Gateway", "VpcId": "vpc-1", "State": "available",
           "ServiceName": "com.amazonaws.us-west-2.s3", "RouteTableIds": []},
          {"VpcEndpointId": "vpce-i", "VpcEndpointType": "Interface", "VpcId": "vpc-1", "State": "available",
           "ServiceName": "com.amazonaws.us-west-2.kms", "NetworkInterfaceIds": ["eni-e", "eni-lost"]}]}
        {"NetworkInterfaces": [
          {"NetworkInterfaceId": "eni-n", "SubnetId": "subnet-1", "PrivateIpAddress": "10.0.1.7", "Groups": []},
          {"NetworkInterfaceId": "eni-e", "SubnetId": "subnet-1", "PrivateIpAddress": "10.0.1.8", "Groups": []}]}"#,
    );
    let nat = network.gateways.find("nat-1").unwrap();
    let Gateway::Nat(of) = &network.gateways[nat] else { panic!("a NAT gateway") };
    assert_eq!((of.private, of.public), (Place::At(ip("10.0.1.7")), Some(ip("54.0.0.7"))));
    assert_eq!(network.gateways.find("nat-2"), None);
    let holder = |name| &network.interfaces[network.interfaces.find(name).unwrap()].holder;
    assert_eq!(holder("eni-n"), &Holder::NatGateway(nat));
    assert_eq!(holder("eni-e"), &Holder::Endpoint("vpce-i".into()));
    let Gateway::Endpoint(endpoint) = &network.gateways[network.gateways.find("vpce-g").unwrap()] else {
        panic!("a gateway endpoint")
    };
    assert_eq!(&*endpoint.service, "com.amazonaws.us-west-2.s3");
    assert_eq!(network.gateways.find("vpce-i"), None);
    assert!(why(&network, "eni-lost").contains("describe-network-interfaces"));
}

#[test]
fn groups_and_their_peers() {
    let network = with(
        r#"{"SecurityGroups": [{"GroupId": "sg-1", "VpcId": "vpc-1", "GroupName": "x",
          "IpPermissions": [
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "128.95.0.9/16"}],
             "Ipv6Ranges": [{"CidrIpv6": "2607::/16"}], "PrefixListIds": [{"PrefixListId": "pl-1"}],
             "UserIdGroupPairs": [{"GroupId": "sg-1", "UserId": "111122223333"}, {"GroupId": "sg-far"},
               {"GroupId": "sg-old", "PeeringStatus": "deleted"}]},
            {"IpProtocol": "17", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            {"IpProtocol": "icmpv6", "FromPort": -1, "ToPort": -1, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
            {"IpProtocol": "50", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "UserIdGroupPairs": null}],
          "IpPermissionsEgress": [{"IpProtocol": "-1", "FromPort": 1, "ToPort": 2,
             "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}]}"#,
    );
    let id = network.groups.find("sg-1").unwrap();
    let group = &network.groups[id];
    let ssh = Traffic::Ports { protocol: 6, first: 22, last: 22 };
    let of_ssh: Vec<_> = group.ingress.iter().filter(|rule| rule.traffic == ssh).map(|rule| &rule.peer).collect();
    let expected = [
        &Peer::Block(cidr("128.95.0.0/16")),
        &Peer::Block(cidr("2607::/16")),
        &Peer::List(network.prefix_lists.find("pl-1").unwrap()),
        &Peer::Group(id),
        &Peer::Foreign("sg-far".into()),
    ];
    assert_eq!(of_ssh, expected);
    for traffic in [
        Traffic::Ports { protocol: 17, first: 0, last: 65535 },
        Traffic::Icmp { protocol: 1, kind: Some(8), code: None },
        Traffic::Icmp { protocol: 58, kind: None, code: None },
        Traffic::Protocol(50),
    ] {
        assert!(group.ingress.iter().any(|rule| rule.traffic == traffic), "{traffic:?}");
    }
    assert_eq!(group.egress[0].traffic, Traffic::All);
    assert!(why(&network, "pl-1").contains("get-managed-prefix-list-entries"));
    assert!(why(&network, "sg-far").contains("describe-security-groups"));
    assert!(why(&network, "sg-old").is_empty());
}

#[test]
fn network_acls() {
    let network = with(
        r#"{"NetworkAcls": [{"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": true,
          "Associations": [{"SubnetId": "subnet-1"}],
          "Entries": [
            {"RuleNumber": 32767, "RuleAction": "deny", "Egress": false, "Protocol": "-1", "CidrBlock": "0.0.0.0/0"},
            {"RuleNumber": 100, "RuleAction": "allow", "Egress": false, "Protocol": "6", "CidrBlock": "10.0.0.0/8",
             "PortRange": {"From": 22, "To": 23}},
            {"RuleNumber": 110, "RuleAction": "allow", "Egress": false, "Protocol": "1", "Ipv6CidrBlock": "::/0",
             "IcmpTypeCode": {"Type": 3, "Code": 4}},
            {"RuleNumber": 120, "RuleAction": "allow", "Egress": false, "Protocol": "17"},
            {"RuleNumber": 130, "RuleAction": "deny", "Egress": false, "Protocol": "6", "CidrBlock": "0.0.0.0/0"},
            {"RuleNumber": 100, "RuleAction": "allow", "Egress": true, "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}]}]}"#,
    );
    let id = network.acls.find("acl-1").unwrap();
    let told: Vec<_> =
        network.acls[id].ingress.iter().map(|entry| (entry.number, entry.allow, entry.traffic)).collect();
    let expected = [
        (100, true, Traffic::Ports { protocol: 6, first: 22, last: 23 }),
        (110, true, Traffic::Icmp { protocol: 1, kind: Some(3), code: Some(4) }),
        (32767, false, Traffic::All),
    ];
    assert_eq!(told, expected);
    assert_eq!(network.acls[id].egress.len(), 1);
    assert_eq!(network.subnets[network.subnets.find("subnet-1").unwrap()].acl, Some(id));
    assert_eq!(network.vpcs[network.vpcs.find("vpc-1").unwrap()].default_acl, Some(id));
    assert!(why(&network, "acl-1").contains("entry 120"));
    assert!(why(&network, "acl-1").contains("entry 130 does not tell its `PortRange`"));
}

#[test]
fn routes_lead_to_all_that_aws_has() {
    let network = with(
        r#"{"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1",
          "Associations": [{"Main": true, "AssociationState": {"State": "associated"}},
            {"SubnetId": "subnet-1", "Main": false}, {"GatewayId": "igw-1", "Main": false}],
          "Routes": [
            {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
            {"DestinationCidrBlock": "10.0.1.0/24", "GatewayId": "local", "State": "active"},
            {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "Origin": "CreateRoute", "State": "active"},
            {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "State": "active"},
            {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "State": "active"},
            {"DestinationCidrBlock": "10.9.0.0/16", "VpcPeeringConnectionId": "pcx-1", "State": "active"},
            {"DestinationCidrBlock": "10.8.0.0/16", "TransitGatewayId": "tgw-1", "State": "active"},
            {"DestinationCidrBlock": "10.7.0.0/16", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation"},
            {"DestinationCidrBlock": "10.6.0.0/16", "NetworkInterfaceId": "eni-1", "InstanceId": "i-1"},
            {"DestinationCidrBlock": "10.5.0.0/16", "NatGatewayId": "nat-gone", "State": "blackhole"},
            {"DestinationCidrBlock": "10.4.0.0/16", "CoreNetworkArn": "arn:aws:networkmanager::1:core-network/x"},
            {"DestinationCidrBlock": "10.3.0.0/16", "NatGatewayId": "nat-nobody"},
            {"DestinationCidrBlock": "10.2.0.0/16"},
            {"GatewayId": "igw-1"}]}]}
        {"InternetGateways": [{"InternetGatewayId": "igw-1", "Attachments": [{"State": "available", "VpcId": "vpc-1"}]}]}
        {"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "VpcEndpointType": "Gateway", "VpcId": "vpc-1",
          "ServiceName": "com.amazonaws.us-west-2.s3", "State": "available"}]}
        {"VpcPeeringConnections": [{"VpcPeeringConnectionId": "pcx-1", "Status": {"Code": "active"},
          "RequesterVpcInfo": {"VpcId": "vpc-1"}, "AccepterVpcInfo": {"VpcId": "vpc-far"}}]}
        {"TransitGatewayVpcAttachments": [{"TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": "tgw-1",
          "VpcId": "vpc-1", "State": "available"}]}
        {"VpnGateways": [{"VpnGatewayId": "vgw-1", "State": "available",
          "VpcAttachments": [{"State": "attached", "VpcId": "vpc-1"}]}]}
        {"PrefixLists": [{"PrefixListId": "pl-1", "PrefixListName": "com.amazonaws.us-west-2.s3",
          "Cidrs": ["52.92.0.0/17"]}]}
        {"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1", "PrivateIpAddress": "10.0.1.4"}]}"#,
    );
    let table = network.route_tables.find("rtb-1").unwrap();
    let to = |block: &str| {
        let destination = Destination::Block(cidr(block));
        network.route_tables[table].routes.iter().find(|route| route.destination == destination)
    };
    let gateway = |name: &str| Some(Target::Gateway(network.gateways.find(name).expect(name)));
    let target = |block: &str| to(block).map(|route| route.target.clone());
    assert_eq!(to("10.0.0.0/16"), None, "every table has it");
    assert_eq!(target("10.0.1.0/24"), Some(Target::Local));
    for (block, name) in [
        ("0.0.0.0/0", "igw-1"),
        ("::/0", "eigw-1"),
        ("10.9.0.0/16", "pcx-1"),
        ("10.8.0.0/16", "tgw-1"),
        ("10.7.0.0/16", "vgw-1"),
    ] {
        assert_eq!(target(block), gateway(name), "{block}");
    }
    assert_eq!(to("10.7.0.0/16").unwrap().origin, Origin::Propagated);
    assert_eq!(target("10.6.0.0/16"), Some(Target::Interface(network.interfaces.find("eni-1").unwrap())));
    assert_eq!(target("10.5.0.0/16"), Some(Target::Blackhole));
    for block in ["10.4.0.0/16", "10.3.0.0/16", "10.2.0.0/16"] {
        assert!(matches!(target(block), Some(Target::Unknown(_))), "{block}");
    }
    let list = Destination::List(network.prefix_lists.find("pl-1").unwrap());
    let by_list = network.route_tables[table].routes.iter().find(|route| route.destination == list).unwrap();
    assert_eq!(Some(by_list.target.clone()), gateway("vpce-1"));
    assert_eq!(network.vpcs[network.vpcs.find("vpc-1").unwrap()].main_table, Some(table));
    assert_eq!(network.subnets[network.subnets.find("subnet-1").unwrap()].table, Some(table));
    for told in ["without a destination", "core-network/x", "nothing that AWS names", "the route table of `igw-1`"] {
        assert!(why(&network, "rtb-1").contains(told), "{told}");
    }
    assert!(why(&network, "eigw-1").contains("describe-egress-only-internet-gateways"));
    assert!(why(&network, "nat-nobody").contains("describe-nat-gateways"));
    assert!(why(&network, "pcx-1").contains("a peering with a VPC that no file describes"));
}

#[test]
fn prefix_lists_from_three_calls() {
    let managed = r#"{"PrefixLists": [
        {"PrefixListId": "pl-s3", "PrefixListName": "com.amazonaws.us-west-2.s3", "AddressFamily": "IPv4"},
        {"PrefixListId": "pl-own", "PrefixListName": "campus", "AddressFamily": "IPv4"}]}"#;
    let aws = r#"{"PrefixLists": [{"PrefixListId": "pl-s3", "PrefixListName": "com.amazonaws.us-west-2.s3",
        "Cidrs": ["3.5.76.0/22", "52.92.0.0/17"]}]}"#;
    let files = [
        ("managed.json", managed),
        ("aws.json", aws),
        (
            "pl-own/get-managed-prefix-list-entries.json",
            r#"{"Entries": [{"Cidr": "128.95.0.0/16", "Description": "x"}]}"#,
        ),
        ("entries.pl-own.2.json", r#"{"Entries": [{"Cidr": "128.208.0.0/16"}]}"#),
        ("lost/entries.json", r#"{"Entries": [{"Cidr": "10.0.0.0/8"}]}"#),
    ];
    let network = described(&files).unwrap().network;
    let list = |name: &str| &network.prefix_lists[network.prefix_lists.find(name).unwrap()];
    assert_eq!(list("pl-s3").service.as_deref(), Some("com.amazonaws.us-west-2.s3"));
    assert_eq!(list("pl-s3").entries.as_ref().map(Vec::len), Some(2));
    assert_eq!((list("pl-own").service.as_deref(), list("pl-own").entries.as_ref().map(Vec::len)), (None, Some(2)));
    assert!(why(&network, "lost/entries.json").contains("`pl-` id"));
}

#[test]
fn ways_that_no_route_shows() {
    let network = with(
        r#"{"InstanceConnectEndpoints": [
            {"InstanceConnectEndpointId": "eice-1", "VpcId": "vpc-1", "State": "create-complete"}]}
        {"ClientVpnEndpoints": [{"ClientVpnEndpointId": "cvpn-1", "VpcId": "vpc-1", "Status": {"Code": "available"}},
            {"ClientVpnEndpointId": "cvpn-2", "Status": {"Code": "deleted"}}]}
        {"LoadBalancers": [{"LoadBalancerName": "web", "LoadBalancerArn": "arn:web", "Scheme": "internet-facing",
            "VpcId": "vpc-1"}, {"LoadBalancerName": "inner", "Scheme": "internal", "VpcId": "vpc-1"}]}
        {"LoadBalancerDescriptions": [{"LoadBalancerName": "old", "Scheme": "internet-facing", "VPCId": "vpc-1"}]}
        {"DBInstances": [{"DBInstanceIdentifier": "db", "PubliclyAccessible": true, "DBSubnetGroup": {"VpcId": "vpc-1"}}]}
        {"Clusters": [{"ClusterIdentifier": "dw", "PubliclyAccessible": true, "VpcId": "vpc-1"}, {"Name": "emr"}]}
        {"ServiceConfigurations": [{"ServiceName": "com.amazonaws.vpce.x", "ServiceState": "Available"}]}
        {"VerifiedAccessEndpoints": [{"VerifiedAccessEndpointId": "vae-1", "Status": {"Code": "active"}}]}
        {"VpnGateways": [{"VpnGatewayId": "vgw-1", "VpcAttachments": [{"State": "attached", "VpcId": "vpc-1"}]}]}
        {"TransitGatewayAttachments": [{"TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": "tgw-1",
            "ResourceType": "vpc", "ResourceId": "vpc-1", "State": "available"}]}
        {"VpcEndpoints": [{"VpcEndpointId": "vpce-lb", "VpcEndpointType": "GatewayLoadBalancer", "VpcId": "vpc-1"}]}"#,
    );
    let vpc = network.vpcs.find("vpc-1");
    let told: Vec<_> = network.ways_around.iter().map(|WayAround { name, vpc, .. }| (&**name, vpc.is_some())).collect();
    let expected = [
        ("eice-1", true),
        ("cvpn-1", true),
        ("web", true),
        ("old", true),
        ("db", true),
        ("dw", true),
        ("com.amazonaws.vpce.x", false),
        ("vae-1", false),
        ("vpce-lb", true),
        ("vgw-1", true),
        ("tgw-1", true),
    ];
    assert_eq!(told, expected);
    assert_eq!(network.gateways[network.gateways.find("tgw-1").unwrap()], Gateway::Transit(vpc.into_iter().collect()));
}

#[test]
fn what_is_missing_is_as_wide_as_it_may_be_and_is_told() {
    let network = network(
        r#"{"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "SubnetId": "subnet-9", "VpcId": "vpc-9",
        "Groups": [{"GroupId": "sg-9"}], "PrivateIpAddress": "10.0.1.4"}, {"NetworkInterfaceId": "eni-2"}]}"#,
    );
    let group = &network.groups[network.groups.find("sg-9").unwrap()];
    assert!(group.ingress.iter().any(|rule| rule.peer == Peer::Block(cidr("0.0.0.0/0"))));
    assert!(group.egress.iter().any(|rule| rule.peer == Peer::Block(cidr("::/0"))));
    let cases = [
        ("vpc-9", "`a.json` refers to it and no file describes it; `aws ec2 describe-vpcs` does"),
        ("subnet-9", "describe-subnets"),
        ("sg-9", "describe-security-groups"),
        ("eni-2", "does not tell its subnet"),
        ("the main route table of `vpc-9`", "describe-route-tables"),
        ("the default network ACL of `vpc-9`", "describe-network-acls"),
        ("`RouteTables`", "no file has them; `aws ec2 describe-route-tables` does"),
        ("`InternetGateways`", "describe-internet-gateways"),
        ("`ClientVpnEndpoints`", "describe-client-vpn-endpoints"),
    ];
    for (what, told) in cases {
        assert!(why(&network, what).contains(told), "{what}: {:?}", network.unread);
    }
}

#[test]
fn each_account_and_region_is_asked_for_itself() {
    let empty = r#"{"RouteTables": []}"#;
    let files = [("us-west-2/vpcs.json", VPC), ("us-west-2/routes.json", empty), ("us-east-1/vpcs.json", VPC)];
    let described = described(&files).unwrap();
    assert!(why(&described.network, "`RouteTables` in us-west-2").is_empty());
    assert!(!why(&described.network, "`RouteTables` in us-east-1").is_empty());
    assert!(why(&described.network, "vpc-1").is_empty(), "one thing in two files is one thing");
    let nothing = network("{}");
    assert!(why(&nothing, "everything").contains("no file describes a network"));
}

#[test]
fn what_two_files_tell_differently_is_told() {
    let group = |block: &str| {
        format!(
            r#"{{"SecurityGroups": [{{"GroupId": "sg-1", "IpPermissions": [
              {{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{{"CidrIp": "10.0.0.0/8"}}, {{"CidrIp": "{block}"}}]}},
              {{"IpProtocol": "-1", "IpRanges": [{{"CidrIp": "{block}"}}]}}]}}]}}"#
        )
    };
    let turned = r#"{"SecurityGroups": [{"GroupId": "sg-1", "OwnerId": "111122223333", "IpPermissions": [
          {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "172.16.0.0/12", "Description": "new"}]},
          {"IpProtocol": "6", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "172.16.0.0/12"}, {"CidrIp": "10.0.0.0/8"}]}]}]}"#;
    let (one, other) = (group("172.16.0.0/12"), group("0.0.0.0/0"));
    let same = described(&[("a.json", &one), ("b.json", turned)]).unwrap().network;
    assert!(!why(&same, "sg-1").contains("differently"), "AWS lists in any order: {:?}", same.unread);
    let two = described(&[("a.json", &one), ("b.json", &other)]).unwrap().network;
    assert_eq!(why(&two, "sg-1"), "`a.json` and `b.json` describe it differently; it is taken as wide as it may be");
    let twice = described(&[("a.json", &format!("{one}{other}"))]).unwrap().network;
    assert!(why(&twice, "sg-1").contains("`a.json` describes it twice"));
}

#[test]
fn an_answer_without_its_last_page_is_told() {
    let first = r#"{"NatGateways": [], "NextToken": "x"}"#;
    let last = r#"{"NatGateways": []}"#;
    let whole = described(&[("1.json", first), ("2.json", last)]).unwrap().network;
    assert!(why(&whole, "the rest of `NatGateways`").is_empty());
    let part = described(&[("1.json", first), ("2.json", first)]).unwrap().network;
    assert!(why(&part, "the rest of `NatGateways`").contains("`2.json` tells of another page"));
}

#[test]
fn what_aws_would_not_say_is_refused_with_its_place() {
    let cases = [
        ("{\"Vpcs\": 5}", "a.json:1:10: invalid type: integer `5`, expected a list"),
        ("{\"Vpcs\": [{}]}", "a.json:1:12: missing field `VpcId`"),
        ("{\"Vpcs\": [7]}", "expected a VPC"),
        (
            "{\"Vpcs\": [\n{\"VpcId\": \"v\", \"CidrBlock\": \"10.0/8\"}]}",
            "a.json:2:36: invalid value: string \"10.0/8\", expected a block such as",
        ),
        (
            "{\"NetworkInterfaces\": [{\"NetworkInterfaceId\": \"e\", \"PrivateIpAddress\": \"10.0.0\"}]}",
            "expected an address",
        ),
        ("{\"SecurityGroups\": [{\"GroupId\": \"s\", \"IpPermissions\": [{\"IpProtocol\": \"tpc\"}]}]}", "`icmpv6`"),
        (
            "{\"SecurityGroups\": [{\"GroupId\": \"s\", \"IpPermissions\": [{\"IpProtocol\": \"6\", \"FromPort\": 65536}]}]}",
            "65535",
        ),
        (
            "{\"NetworkAcls\": [{\"NetworkAclId\": \"a\", \"VpcId\": \"v\", \"Entries\": [{\"RuleNumber\": 70000}]}]}",
            "expected a number up to 65535",
        ),
        (
            "{\"SecurityGroups\": [{\"GroupId\": \"s\", \"IpPermissions\": [\n{\"IpProtocol\": \"tcp\", \"FromPort\": 90, \"ToPort\": 80}]}]}",
            "ports from 90 to 80",
        ),
        (
            "{\"NetworkAcls\": [{\"NetworkAclId\": \"a\", \"VpcId\": \"v\", \"Entries\": [{\"PortRange\": {\"From\": 2, \"To\": 1}}]}]}",
            "ports from 2 to 1",
        ),
        (
            "{\"NetworkAcls\": [{\"NetworkAclId\": \"a\", \"VpcId\": \"v\", \"Entries\": [{\"RuleAction\": \"permit\"}]}]}",
            "expected `allow` or `deny`",
        ),
    ];
    for (text, told) in cases {
        let error = described(&[("a.json", text)]).expect_err(text).to_string();
        assert!(error.contains(told), "{text}: {error}");
    }
    assert!(network(r#"{"Vpcs": null, "Subnets": []}"#).vpcs.is_empty());
}

/// Lists and flags that AWS always writes: the file that has them, where, and the member.
const ALWAYS: [(&str, &str, &str); 22] = [
    ("describe-vpcs", "Vpcs", "CidrBlockAssociationSet"),
    ("describe-subnets", "Subnets", "CidrBlock"),
    ("describe-subnets", "Subnets", "MapPublicIpOnLaunch"),
    ("describe-network-interfaces", "NetworkInterfaces", "Groups"),
    ("describe-network-interfaces", "NetworkInterfaces", "PrivateIpAddresses"),
    ("describe-network-interfaces", "NetworkInterfaces", "SourceDestCheck"),
    ("describe-instances", "Reservations", "Instances"),
    ("describe-instances", "Reservations/Instances", "NetworkInterfaces"),
    ("describe-route-tables", "RouteTables", "Routes"),
    ("describe-route-tables", "RouteTables", "Associations"),
    ("describe-route-tables", "RouteTables/Associations", "Main"),
    ("describe-network-acls", "NetworkAcls", "Entries"),
    ("describe-network-acls", "NetworkAcls", "Associations"),
    ("describe-security-groups", "SecurityGroups", "IpPermissions"),
    ("describe-security-groups", "SecurityGroups", "IpPermissionsEgress"),
    ("describe-security-groups", "SecurityGroups/IpPermissions", "IpRanges"),
    ("describe-security-groups", "SecurityGroups/IpPermissions", "Ipv6Ranges"),
    ("describe-security-groups", "SecurityGroups/IpPermissions", "PrefixListIds"),
    ("describe-security-groups", "SecurityGroups/IpPermissions", "UserIdGroupPairs"),
    ("describe-internet-gateways", "InternetGateways", "Attachments"),
    ("describe-nat-gateways", "NatGateways", "NatGatewayAddresses"),
    ("describe-db-instances", "DBInstances", "PubliclyAccessible"),
];

const TREES: [&str; 2] = [
    include_str!("../../../../../tests/fixtures/collected/bastion.json"),
    include_str!("../../../../../tests/fixtures/collected/shut.json"),
];

type Files = std::collections::BTreeMap<String, serde_json::Value>;

fn of_files(files: &Files) -> Network {
    let texts: Vec<(&String, String)> = files.iter().map(|(path, json)| (path, json.to_string())).collect();
    let files = texts.iter().map(|(path, text)| File { path, bytes: text.as_bytes() });
    read(files).unwrap_or_else(|error| panic!("{error}")).network
}

/// The objects that a path leads to, through every list on the way.
fn below<'j>(
    json: &'j mut serde_json::Value,
    steps: &[&str],
) -> Vec<&'j mut serde_json::Map<String, serde_json::Value>> {
    match (json, steps) {
        (serde_json::Value::Array(items), _) => items.iter_mut().flat_map(|item| below(item, steps)).collect(),
        (serde_json::Value::Object(fields), []) => vec![fields],
        (serde_json::Value::Object(fields), [step, rest @ ..]) => {
            fields.get_mut(*step).map_or_else(Vec::new, |inner| below(inner, rest))
        }
        _ => Vec::new(),
    }
}

/// Whether the internet reaches anything.
fn is_exposed(network: &Network) -> bool {
    !crate::reach::Reach::of(network).exposed().is_empty()
}

#[test]
fn a_member_that_is_not_there_is_unread_and_shuts_nothing() {
    for tree in TREES {
        let files: Files = serde_json::from_str(tree).expect("the fixture has it");
        let whole = of_files(&files);
        let always = |network: &Network| network.unread.iter().filter(|one| one.why.contains("always writes")).count();
        assert_eq!(always(&whole), 0, "{:?}", whole.unread);
        let mut tried = 0;
        for (file, at, member) in ALWAYS {
            let Some(path) = files.keys().find(|path| path.ends_with(&format!("{file}.json"))).cloned() else {
                continue;
            };
            // Taken away, and written in another case.
            for renamed in [None, Some(member.to_lowercase())] {
                let mut files = files.clone();
                let steps: Vec<&str> = at.split('/').collect();
                let mut taken = 0;
                for fields in below(files.get_mut(&path).expect("it was found"), &steps) {
                    let Some(value) = fields.remove(member) else { continue };
                    taken += 1;
                    fields.extend(renamed.clone().map(|name| (name, value)));
                }
                if taken == 0 {
                    continue;
                }
                tried += 1;
                let network = of_files(&files);
                let told = network.unread.iter().any(|one| one.why.contains(&format!("`{member}`")));
                assert!(told, "{at} without {member}: {:?}", network.unread);
                assert!(is_exposed(&network) || !is_exposed(&whole), "{at} without {member}");
            }
        }
        assert!(tried > 30, "{tried}");
    }
}

#[test]
fn an_address_that_only_the_instance_tells_of_counts() {
    let mut files: Files = serde_json::from_str(TREES[0]).expect("the fixture has it");
    for fields in
        below(files.get_mut("ec2/describe-network-interfaces.json").expect("it has them"), &["NetworkInterfaces"])
    {
        fields.remove("Association");
    }
    let network = of_files(&files);
    assert!(is_exposed(&network));
    assert!(network.unread.iter().any(|one| one.why.contains("tells its instance's public address")));
    for at in [&["Reservations", "Instances"][..], &["Reservations", "Instances", "NetworkInterfaces"]] {
        for fields in below(files.get_mut("ec2/describe-instances.json").expect("it has them"), at) {
            fields.remove("PublicIpAddress");
            fields.remove("Association");
            fields.remove("PrivateIpAddresses");
        }
    }
    assert!(!is_exposed(&of_files(&files)), "an interface without a public address has no `Association`");
}

#[test]
fn neither_of_two_descriptions_hides_what_the_other_opens() {
    let files: Files = serde_json::from_str(TREES[0]).expect("the fixture has it");
    let lists = [
        ("describe-security-groups", "SecurityGroups", "IpPermissions"),
        ("describe-network-acls", "NetworkAcls", "Entries"),
        ("describe-route-tables", "RouteTables", "Routes"),
        ("describe-network-interfaces", "NetworkInterfaces", "Groups"),
        ("describe-internet-gateways", "InternetGateways", "Attachments"),
    ];
    for (file, key, member) in lists {
        // The first file of a tree is the one that comes first by name.
        for shut in ["ec2/a.json", "ec2/z.json"] {
            let mut files = files.clone();
            let mut empty = files[&format!("ec2/{file}.json")].clone();
            for fields in below(&mut empty, &[key]) {
                fields.insert(member.to_owned(), serde_json::json!([]));
            }
            files.insert(shut.to_owned(), empty);
            let network = of_files(&files);
            let told =
                network.unread.iter().any(|one| one.why.contains("describe it differently; it is taken as wide"));
            assert!(told && is_exposed(&network), "{key} in {shut}: {:?}", network.unread);
        }
    }
}

#[test]
fn other_answers_are_handed_back() {
    let files = [("iam.json", r#"{"RoleDetailList": [{"RoleName": "r"}]}"#), ("vpcs.json", VPC), ("notes.txt", "x")];
    let described = described(&files).unwrap();
    assert_eq!(described.documents.len(), 1);
    assert_eq!(described.documents[0].json.get(), r#"[{"RoleName": "r"}]"#);
    assert_eq!(described.not_understood[0].path, "notes.txt");
}
