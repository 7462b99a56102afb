//! What lies in the network and is in no plan: whose it is, and what AWS puts there by itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::pit::{Pit, TAG_ID, TAG_PIT};

/// A thing that lies in the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    /// What it is.
    pub kind: ResidentKind,
    /// AWS's id.
    pub id: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether AWS made it with the VPC: the default group, the default ACL, the main table.
    pub comes_with_vpc: bool,
    /// Whether a service of AWS made it and looks after it.
    pub of_service: bool,
    /// What it belongs to, as AWS itself says: the id of a machine, a gateway, an endpoint.
    pub attached_to: Option<String>,
    /// The security groups around it.
    pub groups: BTreeSet<String>,
    /// What whoever made it wrote about it: believed only where a service made it.
    pub description: String,
}

/// What lies in a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResidentKind {
    /// A network interface.
    Interface,
    /// A machine.
    Instance,
    /// A security group.
    SecurityGroup,
    /// A network ACL.
    NetworkAcl,
    /// An endpoint of a service.
    Endpoint,
    /// A peering with another VPC.
    Peering,
    /// A virtual private gateway, where a VPN or a direct line comes out.
    VpnGateway,
    /// An attachment of a transit gateway.
    TransitGatewayAttachment,
    /// A route table.
    RouteTable,
    /// A NAT gateway.
    NatGateway,
    /// An internet gateway.
    InternetGateway,
    /// An EC2 Instance Connect Endpoint.
    ConnectEndpoint,
}

impl ResidentKind {
    /// What people call it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Interface => "network interface",
            Self::Instance => "EC2 instance",
            Self::SecurityGroup => "security group",
            Self::NetworkAcl => "network ACL",
            Self::Endpoint => "endpoint",
            Self::Peering => "VPC peering",
            Self::VpnGateway => "VPN gateway",
            Self::TransitGatewayAttachment => "transit gateway attachment",
            Self::RouteTable => "route table",
            Self::NatGateway => "NAT gateway",
            Self::InternetGateway => "internet gateway",
            Self::ConnectEndpoint => "Instance Connect endpoint",
        }
    }
}

/// Something in the network that no plan has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Foreign {
    /// What it is.
    pub kind: ResidentKind,
    /// AWS's id.
    pub id: String,
    /// Whose it looks to be, and what it hangs on, in a sentence.
    pub message: String,
    /// Whether it lets nothing through as it lies there: a security group acts around interfaces only, and this one is around none. What
    /// it is found in is still not as planned; claims about packets do not rest on it.
    pub idle: bool,
}

/// Those residents that are no plan's, and not AWS's own additions to what is. `ours` are the ids that AWS gave to the plan's things.
#[must_use]
pub fn foreign(pit: &Pit, residents: &[Resident], ours: &BTreeSet<String>) -> Vec<Foreign> {
    let known = |resident: &&Resident| ours.contains(&resident.id);
    let not_ours: Vec<&Resident> =
        residents.iter().filter(|one| !known(one) && !one.comes_with_vpc && !is_added_to_ours(one, ours)).collect();
    // An interface of a machine that is told of already is no news.
    let told: BTreeSet<&str> = not_ours.iter().map(|one| one.id.as_str()).collect();
    let is_news = |one: &&&Resident| one.attached_to.as_deref().is_none_or(|id| !told.contains(id));
    let told = not_ours.iter().filter(is_news);
    let of = |one: &&Resident| {
        let idle = is_idle(one, residents);
        let so = if idle { "; it is around nothing, so it lets nothing through" } else { "" };
        Foreign { kind: one.kind, id: one.id.clone(), message: format!("{}{so}", message(pit, one)), idle }
    };
    told.map(of).collect()
}

/// Whether it is a security group around no interface of the network. Interfaces that cannot be listed are told as unread.
fn is_idle(one: &Resident, residents: &[Resident]) -> bool {
    let is_around_something = || residents.iter().any(|resident| resident.groups.contains(&one.id));
    one.kind == ResidentKind::SecurityGroup && !is_around_something()
}

/// What AWS puts beside a thing of the plan: the interface of a machine, of a NAT gateway, an endpoint, a database. A description is
/// anybody's to write; where a service looks after the interface, the service wrote it.
fn is_added_to_ours(resident: &Resident, ours: &BTreeSet<String>) -> bool {
    let attached = resident.attached_to.as_ref().is_some_and(|id| ours.contains(id));
    let described = names_one_of(&resident.description, |id| ours.contains(id));
    // RDS names no database, but lies in its groups alone.
    let of_database =
        resident.description == "RDSNetworkInterface" && !resident.groups.is_empty() && resident.groups.is_subset(ours);
    resident.kind == ResidentKind::Interface && (attached || (resident.of_service && (described || of_database)))
}

/// Whether a text names, as a whole word, something that is one of those.
fn names_one_of(text: &str, is_one: impl Fn(&str) -> bool) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).any(|word| !word.is_empty() && is_one(word))
}

fn message(pit: &Pit, resident: &Resident) -> String {
    let title = resident.kind.title();
    let whose = match (resident.tags.get(TAG_PIT), resident.tags.get(TAG_ID)) {
        (Some(other), _) if other != pit.as_str() => format!("bears the PIT `{other}`"),
        (Some(_), Some(node)) => {
            format!("calls itself `{node}` of this PIT, and is not what the registry knows as that")
        }
        (Some(_), None) => "bears this PIT, and is in no plan".to_owned(),
        (None, _) if resident.tags.is_empty() => "bears no tag".to_owned(),
        (None, _) => match resident.tags.get("Name") {
            Some(name) => format!("bears no PIT, and is called `{name}`"),
            None => "bears no PIT".to_owned(),
        },
    };
    let service = if resident.of_service { "; a service of AWS looks after it" } else { "" };
    let attached = resident.attached_to.as_ref().map(|id| format!("; it is attached to {id}")).unwrap_or_default();
    let described = match resident.description.as_str() {
        "" => String::new(),
        description => format!("; it is described as `{description}`"),
    };
    format!("{title} {} lies in the network and in no plan: it {whose}{service}{attached}{described}", resident.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resident(kind: ResidentKind, id: &str) -> Resident {
        Resident {
            kind,
            id: id.to_owned(),
            tags: BTreeMap::new(),
            comes_with_vpc: false,
            of_service: false,
            attached_to: None,
            groups: BTreeSet::new(),
            description: String::new(),
        }
    }

    fn told(residents: &[Resident]) -> Vec<String> {
        let ours = ["nat-0a", "i-0a", "vpce-0a", "eni-0a", "sg-0a", "hipaa-db"].map(str::to_owned).into();
        foreign(&"hipaa".parse().unwrap(), residents, &ours).into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn a_group_around_nothing_lets_nothing_through() {
        let group = resident(ResidentKind::SecurityGroup, "sg-1");
        let inside = Resident { groups: ["sg-1".to_owned()].into(), ..resident(ResidentKind::Interface, "eni-9") };
        let found =
            |residents: &[Resident]| foreign(&"hipaa".parse().unwrap(), residents, &["eni-9".to_owned()].into());
        let [alone] = found(std::slice::from_ref(&group)).try_into().unwrap();
        let told = "security group sg-1 lies in the network and in no plan: it bears no tag; it is around nothing, so it lets nothing through";
        assert_eq!((alone.idle, alone.message.as_str()), (true, told));
        // Around an interface of ours it counts, as around one of anybody's.
        let [around_ours] = found(&[group, inside]).try_into().unwrap();
        assert!(!around_ours.idle && !around_ours.message.contains("around nothing"));
        assert!(!found(&[resident(ResidentKind::Instance, "i-9")])[0].idle);
    }

    #[test]
    fn what_aws_adds_to_what_is_planned_is_no_drift() {
        let interface = |description: &str| Resident {
            description: description.to_owned(),
            of_service: true,
            ..resident(ResidentKind::Interface, "eni-1")
        };
        let attached =
            |to: &str| Resident { attached_to: Some(to.to_owned()), ..resident(ResidentKind::Interface, "eni-2") };
        let in_groups = |groups: &[&str]| Resident {
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..interface("RDSNetworkInterface")
        };
        let additions = [
            interface("Interface for NAT Gateway nat-0a"),
            interface("VPC Endpoint Interface vpce-0a"),
            attached("i-0a"),
            in_groups(&["sg-0a"]),
            resident(ResidentKind::Interface, "eni-0a"),
            Resident { comes_with_vpc: true, ..resident(ResidentKind::SecurityGroup, "sg-default") },
            Resident { comes_with_vpc: true, ..resident(ResidentKind::NetworkAcl, "acl-default") },
            Resident { comes_with_vpc: true, ..resident(ResidentKind::RouteTable, "rtb-main") },
        ];
        assert_eq!(told(&additions), [""; 0]);
        // A name that only begins like one of ours is another's.
        assert_eq!(told(&[interface("Interface for NAT Gateway nat-0ab")]).len(), 1);
        // Anybody can describe an interface so, and put it into our groups.
        let forged = Resident { of_service: false, ..interface("Interface for NAT Gateway nat-0a") };
        let grouped = Resident { of_service: false, ..in_groups(&["sg-0a"]) };
        assert_eq!(told(&[forged, grouped, in_groups(&["sg-0a", "sg-9"]), attached("i-9")]).len(), 4);
    }

    #[test]
    fn what_is_foreign_is_told_with_its_id_and_what_it_says_of_itself() {
        let tagged = |pairs: &[(&str, &str)]| Resident {
            tags: pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            ..resident(ResidentKind::Instance, "i-9")
        };
        let mount = Resident {
            description: "EFS mount target for fs-1".to_owned(),
            of_service: true,
            ..resident(ResidentKind::Interface, "eni-9")
        };
        let told = told(&[
            tagged(&[]),
            tagged(&[("Name", "test")]),
            tagged(&[(TAG_PIT, "omop")]),
            tagged(&[(TAG_PIT, "hipaa"), (TAG_ID, "instance-private")]),
            mount,
        ]);
        insta::assert_snapshot!(told.join("\n"), @r"
        EC2 instance i-9 lies in the network and in no plan: it bears no tag
        EC2 instance i-9 lies in the network and in no plan: it bears no PIT, and is called `test`
        EC2 instance i-9 lies in the network and in no plan: it bears the PIT `omop`
        EC2 instance i-9 lies in the network and in no plan: it calls itself `instance-private` of this PIT, and is not what the registry knows as that
        network interface eni-9 lies in the network and in no plan: it bears no tag; a service of AWS looks after it; it is described as `EFS mount target for fs-1`
        ");
    }

    #[test]
    fn the_interface_of_a_foreign_machine_is_told_once_with_the_machine() {
        let interface = Resident { attached_to: Some("i-9".to_owned()), ..resident(ResidentKind::Interface, "eni-9") };
        let told = told(&[resident(ResidentKind::Instance, "i-9"), interface]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("EC2 instance i-9"));
    }
}
