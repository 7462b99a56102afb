//! Which answers of AWS are known, by the key that holds them.

macro_rules! answers {
    ($($name:ident $key:literal $call:literal;)*) => {
        /// What a member of a saved answer holds, told by its key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Answer {
            $(
                #[doc = concat!("`", $key, "`, as `aws ", $call, "` answers.")]
                $name,
            )*
            /// What a call said about one bucket: the whole file `s3/BUCKET/CALL.json`, which bears no name of its own.
            OfBucket,
            /// What a call said about one KMS key: the whole file `kms/KEY/CALL.json`.
            OfKey,
        }

        impl Answer {
            /// Every answer that a key tells, in the order of this list.
            pub const KEYED: &[Self] = &[$(Self::$name),*];

            /// The answer that a key at the top of a document tells.
            #[must_use]
            pub fn of_key(key: &str) -> Option<Self> {
                match key {
                    $($key => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The key it stands under; none for what its place tells.
            #[must_use]
            pub fn key(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some($key),)*
                    Self::OfBucket | Self::OfKey => None,
                }
            }

            /// The call that answers it, as the AWS CLI has it, without `aws` before it.
            #[must_use]
            pub fn call(self) -> &'static str {
                match self {
                    $(Self::$name => $call,)*
                    Self::OfBucket => "s3api get-bucket-policy",
                    Self::OfKey => "kms get-key-policy",
                }
            }
        }
    };
}

answers! {
    Account "Account" "sts get-caller-identity";
    // EC2: what decides where packets go.
    Vpcs "Vpcs" "ec2 describe-vpcs";
    Subnets "Subnets" "ec2 describe-subnets";
    NetworkInterfaces "NetworkInterfaces" "ec2 describe-network-interfaces";
    Reservations "Reservations" "ec2 describe-instances";
    RouteTables "RouteTables" "ec2 describe-route-tables";
    NetworkAcls "NetworkAcls" "ec2 describe-network-acls";
    SecurityGroups "SecurityGroups" "ec2 describe-security-groups";
    SecurityGroupRules "SecurityGroupRules" "ec2 describe-security-group-rules";
    InternetGateways "InternetGateways" "ec2 describe-internet-gateways";
    EgressOnlyInternetGateways "EgressOnlyInternetGateways" "ec2 describe-egress-only-internet-gateways";
    NatGateways "NatGateways" "ec2 describe-nat-gateways";
    VpcEndpoints "VpcEndpoints" "ec2 describe-vpc-endpoints";
    VpcPeeringConnections "VpcPeeringConnections" "ec2 describe-vpc-peering-connections";
    PrefixLists "PrefixLists" "ec2 describe-prefix-lists";
    ManagedPrefixLists "ManagedPrefixLists" "ec2 describe-managed-prefix-lists";
    PrefixListEntries "Entries" "ec2 get-managed-prefix-list-entries";
    TransitGateways "TransitGateways" "ec2 describe-transit-gateways";
    TransitGatewayAttachments "TransitGatewayAttachments" "ec2 describe-transit-gateway-attachments";
    TransitGatewayVpcAttachments "TransitGatewayVpcAttachments" "ec2 describe-transit-gateway-vpc-attachments";
    VpnGateways "VpnGateways" "ec2 describe-vpn-gateways";
    VpnConnections "VpnConnections" "ec2 describe-vpn-connections";
    ClientVpnEndpoints "ClientVpnEndpoints" "ec2 describe-client-vpn-endpoints";
    InstanceConnectEndpoints "InstanceConnectEndpoints" "ec2 describe-instance-connect-endpoints";
    EndpointServices "ServiceConfigurations" "ec2 describe-vpc-endpoint-service-configurations";
    VerifiedAccessEndpoints "VerifiedAccessEndpoints" "ec2 describe-verified-access-endpoints";
    // EC2: the rest.
    Addresses "Addresses" "ec2 describe-addresses";
    Volumes "Volumes" "ec2 describe-volumes";
    Snapshots "Snapshots" "ec2 describe-snapshots";
    Images "Images" "ec2 describe-images";
    KeyPairs "KeyPairs" "ec2 describe-key-pairs";
    FlowLogs "FlowLogs" "ec2 describe-flow-logs";
    DhcpOptions "DhcpOptions" "ec2 describe-dhcp-options";
    LaunchTemplates "LaunchTemplates" "ec2 describe-launch-templates";
    LaunchTemplateVersions "LaunchTemplateVersions" "ec2 describe-launch-template-versions";
    EbsEncryptionByDefault "EbsEncryptionByDefault" "ec2 get-ebs-encryption-by-default";
    EbsDefaultKey "KmsKeyId" "ec2 get-ebs-default-kms-key-id";
    // Other services with a foot in a network.
    LoadBalancers "LoadBalancers" "elbv2 describe-load-balancers";
    ClassicLoadBalancers "LoadBalancerDescriptions" "elb describe-load-balancers";
    DBInstances "DBInstances" "rds describe-db-instances";
    DBClusters "DBClusters" "rds describe-db-clusters";
    DBSubnetGroups "DBSubnetGroups" "rds describe-db-subnet-groups";
    DBSnapshots "DBSnapshots" "rds describe-db-snapshots";
    Clusters "Clusters" "redshift describe-clusters";
    ClusterSubnetGroups "ClusterSubnetGroups" "redshift describe-cluster-subnet-groups";
    FileSystems "FileSystems" "efs describe-file-systems";
    Functions "Functions" "lambda list-functions";
    // IAM.
    Users "UserDetailList" "iam get-account-authorization-details";
    Groups "GroupDetailList" "iam get-account-authorization-details";
    Roles "RoleDetailList" "iam get-account-authorization-details";
    Policies "Policies" "iam get-account-authorization-details";
    InstanceProfiles "InstanceProfiles" "iam list-instance-profiles";
    PasswordPolicy "PasswordPolicy" "iam get-account-password-policy";
    AccountSummary "SummaryMap" "iam get-account-summary";
    CredentialReport "Content" "iam get-credential-report";
    // S3 and KMS; what is said about one bucket or key has its place instead.
    Buckets "Buckets" "s3api list-buckets";
    AccountPublicAccessBlock "PublicAccessBlockConfiguration" "s3control get-public-access-block";
    Keys "Keys" "kms list-keys";
    KeyMetadata "KeyMetadata" "kms describe-key";
    Aliases "Aliases" "kms list-aliases";
    // What watches.
    LogGroups "logGroups" "logs describe-log-groups";
    LogResourcePolicies "resourcePolicies" "logs describe-resource-policies";
    MetricFilters "metricFilters" "logs describe-metric-filters";
    Trails "trailList" "cloudtrail describe-trails";
    MetricAlarms "MetricAlarms" "cloudwatch describe-alarms";
    ConfigurationRecorders "ConfigurationRecorders" "configservice describe-configuration-recorders";
    ConfigurationRecordersStatus "ConfigurationRecordersStatus" "configservice describe-configuration-recorder-status";
    DeliveryChannels "DeliveryChannels" "configservice describe-delivery-channels";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_answers_agree() {
        for answer in Answer::KEYED {
            let key = answer.key().expect("a keyed answer has a key");
            assert_eq!(Answer::of_key(key), Some(*answer));
            assert!(answer.call().split(' ').count() == 2, "{}", answer.call());
        }
        assert_eq!(Answer::of_key("vpcs"), None);
        assert_eq!(Answer::OfBucket.key(), None);
    }
}
