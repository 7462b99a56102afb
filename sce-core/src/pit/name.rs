//! The parts that follow a PIT in the name of a thing, as the document spells them.

/// What a name is for. The text of each is the document's own where it has one (L384-592).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Named {
    /// The network itself, V: `hipaa_vpc`.
    Vpc,
    /// The main route table, RT: `hipaa_routingtable`.
    RoutingTable,
    /// The default security group, SG: `hipaa_securitygroup`.
    SecurityGroup,
    /// The log group that flow logs go to: `hipaa_loggroup`.
    LogGroup,
    /// The internet gateway, IG: `hipaa_internetgateway`.
    InternetGateway,
    /// The NAT gateway, NG: `hipaa_natgateway`.
    NatGateway,
    /// The fixed public address of the NAT gateway.
    NatGatewayAddress,
    /// The public subnet, Spublic.
    PublicSubnet,
    /// The private subnet, Sprivate.
    PrivateSubnet,
    /// The public subnet's route table, RTpublic: `hipaa_publicroutes`.
    PublicRoutes,
    /// The private subnet's route table.
    PrivateRoutes,
    /// The public subnet's network access control list.
    PublicNetworkAcl,
    /// The private subnet's network access control list.
    PrivateNetworkAcl,
    /// The gateway endpoint to S3.
    S3Endpoint,
    /// The flow log, FL.
    FlowLog,
    /// The role that delivers the flow log.
    FlowLogRole,
    /// What that role may do.
    FlowLogPolicy,
    /// The security group that lets ssh reach the bastion, B: `hipaa_bastion_ssh_securitygroup`.
    BastionSshSecurityGroup,
    /// The bastion's key pair: `hipaa_bastion_keypair`.
    BastionKeyPair,
    /// The private instance's data volume: `hipaa_ebs_ec2_private`.
    PrivateVolume,
    /// The customer-managed KMS key.
    Key,
    /// The log group of sessions, ssh and audit.
    SessionsLogGroup,
    /// The private instance's security group.
    PrivateSecurityGroup,
    /// The security group of the interface endpoints.
    EndpointsSecurityGroup,
    /// The security group of the Instance Connect endpoint.
    ConnectSecurityGroup,
    /// The Instance Connect endpoint.
    ConnectEndpoint,
    /// The private instance's key pair.
    PrivateKeyPair,
    /// How Session Manager sessions go.
    SessionDocument,
    /// What the bastion is launched from.
    BastionTemplate,
    /// The bastion, B.
    Bastion,
    /// What the private instance is launched from.
    PrivateTemplate,
    /// The private instance, E: the document's volume is `hipaa_ebs_ec2_private`.
    PrivateInstance,
    /// The subnet in a second zone that RDS wants.
    SpareSubnet,
    /// Its network access control list, which lets nothing pass.
    SpareNetworkAcl,
    /// The databases' security group.
    DatabasesSecurityGroup,
    /// The table of uploaded files.
    FileTable,
    /// The function that fills it.
    FileTableFunction,
    /// The role that function runs as.
    FileTableRole,
    /// What that role may do.
    FileTablePolicy,
    /// The queue of work, Q (L581).
    Queue,
    /// The queue of what nobody could deal with.
    DeadLetters,
    /// The topic that people are told by (L582).
    Topic,
}

impl Named {
    /// Every part, once.
    pub const ALL: [Self; 42] = [
        Self::Vpc,
        Self::RoutingTable,
        Self::SecurityGroup,
        Self::LogGroup,
        Self::InternetGateway,
        Self::NatGateway,
        Self::NatGatewayAddress,
        Self::PublicSubnet,
        Self::PrivateSubnet,
        Self::PublicRoutes,
        Self::PrivateRoutes,
        Self::PublicNetworkAcl,
        Self::PrivateNetworkAcl,
        Self::S3Endpoint,
        Self::FlowLog,
        Self::FlowLogRole,
        Self::FlowLogPolicy,
        Self::BastionSshSecurityGroup,
        Self::BastionKeyPair,
        Self::PrivateVolume,
        Self::Key,
        Self::SessionsLogGroup,
        Self::PrivateSecurityGroup,
        Self::EndpointsSecurityGroup,
        Self::ConnectSecurityGroup,
        Self::ConnectEndpoint,
        Self::PrivateKeyPair,
        Self::SessionDocument,
        Self::BastionTemplate,
        Self::Bastion,
        Self::PrivateTemplate,
        Self::PrivateInstance,
        Self::SpareSubnet,
        Self::SpareNetworkAcl,
        Self::DatabasesSecurityGroup,
        Self::FileTable,
        Self::FileTableFunction,
        Self::FileTableRole,
        Self::FileTablePolicy,
        Self::Queue,
        Self::DeadLetters,
        Self::Topic,
    ];

    /// What stands after `PIT_`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vpc => "vpc",
            Self::RoutingTable => "routingtable",
            Self::SecurityGroup => "securitygroup",
            Self::LogGroup => "loggroup",
            Self::InternetGateway => "internetgateway",
            Self::NatGateway => "natgateway",
            Self::NatGatewayAddress => "natgateway_address",
            Self::PublicSubnet => "publicsubnet",
            Self::PrivateSubnet => "privatesubnet",
            Self::PublicRoutes => "publicroutes",
            Self::PrivateRoutes => "privateroutes",
            Self::PublicNetworkAcl => "public_networkacl",
            Self::PrivateNetworkAcl => "private_networkacl",
            Self::S3Endpoint => "s3endpoint",
            Self::FlowLog => "flowlog",
            Self::FlowLogRole => "flowlog_role",
            Self::FlowLogPolicy => "flowlog_policy",
            Self::BastionSshSecurityGroup => "bastion_ssh_securitygroup",
            Self::BastionKeyPair => "bastion_keypair",
            Self::PrivateVolume => "ebs_ec2_private",
            Self::Key => "key",
            Self::SessionsLogGroup => "sessions_loggroup",
            Self::PrivateSecurityGroup => "private_securitygroup",
            Self::EndpointsSecurityGroup => "endpoints_securitygroup",
            Self::ConnectSecurityGroup => "connect_securitygroup",
            Self::ConnectEndpoint => "connect_endpoint",
            Self::PrivateKeyPair => "private_keypair",
            Self::SessionDocument => "session_document",
            Self::BastionTemplate => "bastion_template",
            Self::Bastion => "bastion",
            Self::PrivateTemplate => "private_template",
            Self::PrivateInstance => "ec2_private",
            Self::SpareSubnet => "sparesubnet",
            Self::SpareNetworkAcl => "spare_networkacl",
            Self::DatabasesSecurityGroup => "databases_securitygroup",
            Self::FileTable => "filetable",
            Self::FileTableFunction => "filetable_function",
            Self::FileTableRole => "filetable_role",
            Self::FileTablePolicy => "filetable_policy",
            Self::Queue => "queue",
            Self::DeadLetters => "dead_letters",
            Self::Topic => "topic",
        }
    }
}

impl super::Pit {
    /// The alias of the project's KMS key: `alias/hipaa_key`.
    #[must_use]
    pub fn key_alias(&self) -> String {
        format!("alias/{}", self.name(Named::Key))
    }

    /// The log group of the function that fills the table of files, named as Lambda would name it.
    #[must_use]
    pub fn function_log_group(&self) -> String {
        format!("/aws/lambda/{}", self.name(Named::FileTableFunction))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::pit::Pit;

    const GOLDEN: &str = "\
hipaa_vpc
hipaa_routingtable
hipaa_securitygroup
hipaa_loggroup
hipaa_internetgateway
hipaa_natgateway
hipaa_natgateway_address
hipaa_publicsubnet
hipaa_privatesubnet
hipaa_publicroutes
hipaa_privateroutes
hipaa_public_networkacl
hipaa_private_networkacl
hipaa_s3endpoint
hipaa_flowlog
hipaa_flowlog_role
hipaa_flowlog_policy
hipaa_bastion_ssh_securitygroup
hipaa_bastion_keypair
hipaa_ebs_ec2_private
hipaa_key
hipaa_sessions_loggroup
hipaa_private_securitygroup
hipaa_endpoints_securitygroup
hipaa_connect_securitygroup
hipaa_connect_endpoint
hipaa_private_keypair
hipaa_session_document
hipaa_bastion_template
hipaa_bastion
hipaa_private_template
hipaa_ec2_private
hipaa_sparesubnet
hipaa_spare_networkacl
hipaa_databases_securitygroup
hipaa_filetable
hipaa_filetable_function
hipaa_filetable_role
hipaa_filetable_policy
hipaa_queue
hipaa_dead_letters
hipaa_topic";

    #[test]
    fn the_names_of_hipaa_are_the_documents() {
        let pit: Pit = "hipaa".parse().expect("valid");
        let names: Vec<String> = Named::ALL.iter().map(|&named| pit.name(named)).collect();
        assert_eq!(names.join("\n"), GOLDEN);
        assert_eq!(pit.key_alias(), "alias/hipaa_key");
    }

    #[test]
    fn each_name_is_its_own_and_fits_the_tightest_limit() {
        let pit: Pit = "abcdefghijklmnop".parse().expect("valid");
        let names: BTreeSet<String> = Named::ALL.iter().map(|&named| pit.name(named)).collect();
        assert_eq!(names.len(), Named::ALL.len());
        // IAM allows a role name the fewest: 64 characters of `[\w+=,.@-]`.
        for name in names {
            assert!(name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)), "{name}");
        }
    }
}
