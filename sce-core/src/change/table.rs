//! What AWS changes in place, and what is lost with a thing.

use crate::aws::resource::{Kind, Properties};

impl Kind {
    /// The properties that AWS changes where the thing is, and that we know how to change; the others take a replacement.
    ///
    /// Source: the API reference of each service, and what Terraform's provider replaces (`ForceNew`). What somebody else decides
    /// ([`Kind::observed_only`]) is in neither list.
    #[must_use]
    pub const fn changed_in_place(self) -> &'static [&'static str] {
        match self {
            // A VPC may turn from dedicated to default tenancy, not back (ModifyVpcTenancy), and machines stay where they are: no use.
            Self::Vpc => &["dns_hostnames", "dns_support"],
            Self::Subnet => &["public_address_on_launch"],
            // Only while it is attached to nothing.
            Self::InternetGateway => &["vpc"],
            Self::ElasticIp | Self::NatGateway | Self::RouteTable | Self::KeyPair | Self::VolumeAttachment => &[],
            // FlowLogs user guide, "Work with flow logs": its configuration cannot be changed; delete it and create another.
            Self::FlowLog => &[],
            Self::Subscription => &[],
            Self::Route => &["target"],
            Self::RouteTableAssociation => &["table"],
            Self::GatewayEndpoint => &["policy", "route_tables"],
            Self::DefaultSecurityGroup | Self::SecurityGroup => &["egress", "ingress"],
            Self::NetworkAcl => &["egress", "ingress", "subnets"],
            Self::LogGroup => &["key", "retention_days"],
            Self::Role => &["inline_policies", "max_session_seconds", "permissions_boundary", "policies", "trust"],
            Self::ManagedPolicy => &["document"],
            Self::KmsKey => &["description", "enabled", "policy", "rotation"],
            Self::KmsAlias => &["key"],
            Self::Bucket => &[
                "access_log",
                "encryption",
                "lifecycle",
                "ownership_enforced",
                "policy",
                "public_access_blocked",
                "versioning",
            ],
            Self::BucketObject => &["content", "encryption_key"],
            Self::InstanceProfile => &["role"],
            Self::InterfaceEndpoint => &["groups", "policy", "private_dns", "subnets"],
            Self::InstanceConnectEndpoint => &["groups", "preserve_client_ip"],
            // A document gets another version, which becomes the default.
            Self::SessionDocument => &["idle_minutes", "key", "log_group", "max_minutes", "other", "run_as_self"],
            // Likewise; machines that run keep what they were launched with.
            Self::LaunchTemplate => &[
                "detailed_monitoring",
                "groups",
                "image",
                "instance_type",
                "key_pair",
                "metadata_hop_limit",
                "metadata_token_required",
                "other",
                "profile",
                "public_address",
                "root",
                "tenancy",
                "user_data",
            ],
            // User data could be changed while it is stopped, too; the program runs at the first boot only.
            Self::Instance => &[
                "detailed_monitoring",
                "groups",
                "instance_type",
                "metadata_hop_limit",
                "metadata_token_required",
                "profile",
            ],
            // It grows, and does not shrink.
            Self::Volume => &["size_gib", "volume_type"],
            Self::DatabaseSubnetGroup => &["description", "subnets"],
            Self::DatabaseParameterGroup => &["parameters"],
            Self::DatabaseInstance => &[
                "backup_days",
                "class",
                "deletion_protection",
                "exported_logs",
                "groups",
                "iam_authentication",
                "master_password_managed",
                "minor_upgrades",
                "parameter_group",
                "public",
                "storage_gib",
            ],
            Self::Trail => &[
                "all_regions",
                "bucket",
                "global_events",
                "key",
                "log_group",
                "log_group_role",
                "logging",
                "management_events",
                "validated",
            ],
            Self::ConfigRecorder => &["bucket", "everything", "global_resources", "recording", "role"],
            Self::EbsEncryption => &["by_default"],
            Self::PublicAccessBlock => &["blocked"],
            Self::PasswordPolicy => &[
                "digits",
                "expires_after_days",
                "hard_expiry",
                "lower_case",
                "minimum_length",
                "remembered",
                "symbols",
                "upper_case",
                "users_may_change",
            ],
            Self::MetricFilter => &["metric", "namespace", "pattern", "value"],
            Self::Alarm => &[
                "comparison",
                "enabled",
                "metric",
                "missing_data",
                "namespace",
                "period_seconds",
                "periods",
                "statistic",
                "tells",
                "threshold",
            ],
            Self::Detector => &["enabled"],
            Self::Table => &["deletion_protection", "expiry", "key", "on_demand", "point_in_time_recovery"],
            Self::Queue => &["key", "policy", "redrive", "retention_seconds", "visibility_seconds"],
            Self::Topic => &["key", "policy"],
            Self::Function => &[
                "active",
                "architecture",
                "code_sha256",
                "dead_letters",
                "environment",
                "handler",
                "key",
                "layers",
                "log_group",
                "memory_mib",
                "reserved_concurrency",
                "role",
                "runtime",
                "timeout_seconds",
            ],
            Self::FunctionPermission => &["others", "service", "source", "source_account"],
            Self::BucketNotification => &["events", "filter", "function", "others"],
        }
    }

    /// What is lost when a thing of the kind is deleted; none where it holds nothing that its plan does not say.
    #[must_use]
    pub const fn loses(self) -> Option<&'static str> {
        match self {
            Self::Bucket => Some("every object in it, older versions included"),
            Self::Volume => Some("the files on it"),
            Self::DatabaseInstance => Some("what is in it, and its automatic backups"),
            Self::Table => Some("its entries"),
            Self::KmsKey => Some("everything that was encrypted with it, once AWS has deleted it"),
            Self::Instance => Some("its root volume, with what people keep outside the data volume"),
            Self::LogGroup => Some("the records in it"),
            Self::Queue => Some("messages that nobody has taken yet"),
            Self::Vpc
            | Self::Subnet
            | Self::InternetGateway
            | Self::ElasticIp
            | Self::NatGateway
            | Self::RouteTable
            | Self::Route
            | Self::RouteTableAssociation
            | Self::GatewayEndpoint
            | Self::DefaultSecurityGroup
            | Self::NetworkAcl
            | Self::FlowLog
            | Self::Role
            | Self::ManagedPolicy
            | Self::KmsAlias
            | Self::BucketObject
            | Self::SecurityGroup
            | Self::KeyPair
            | Self::InstanceProfile
            | Self::InterfaceEndpoint
            | Self::InstanceConnectEndpoint
            | Self::SessionDocument
            | Self::LaunchTemplate
            | Self::VolumeAttachment
            | Self::DatabaseSubnetGroup
            | Self::DatabaseParameterGroup
            | Self::Trail
            | Self::ConfigRecorder
            | Self::EbsEncryption
            | Self::PublicAccessBlock
            | Self::PasswordPolicy
            | Self::MetricFilter
            | Self::Alarm
            | Self::Detector
            | Self::Topic
            | Self::Subscription
            | Self::Function
            | Self::FunctionPermission
            | Self::BucketNotification => None,
        }
    }

    /// Whether AWS changes that property only while the thing is stopped (EC2 user guide, "Change the instance type"). A machine of
    /// another architecture boots from another image, and is replaced for that.
    pub(super) fn stopped_for(self, field: &str) -> bool {
        self == Self::Instance && field == "instance_type"
    }

    /// Whether AWS refuses to delete a thing of this kind while a thing of that kind names it (aws-behaviour, order of deletion): it
    /// must then go first, even where it could be told of the successor in place.
    pub(super) const fn held_by(self, other: Self) -> bool {
        match self {
            Self::SecurityGroup => matches!(
                other,
                Self::SecurityGroup
                    | Self::Instance
                    | Self::InterfaceEndpoint
                    | Self::InstanceConnectEndpoint
                    | Self::DatabaseInstance
            ),
            Self::ManagedPolicy => matches!(other, Self::Role),
            Self::Role => matches!(other, Self::InstanceProfile),
            Self::Subnet => matches!(other, Self::InterfaceEndpoint | Self::InstanceConnectEndpoint),
            _ => false,
        }
    }
}

/// Whether a property that is not as planned can be changed where the thing is: by its kind, and by which way it is to change.
#[must_use]
pub fn in_place(planned: &Properties, found: &Properties, field: &str) -> bool {
    let this_way = match (planned, found) {
        (Properties::Volume(planned), Properties::Volume(found)) if field == "size_gib" => {
            planned.size_gib >= found.size_gib
        }
        (Properties::DatabaseInstance(planned), Properties::DatabaseInstance(found)) if field == "storage_gib" => {
            planned.storage_gib >= found.storage_gib
        }
        (Properties::InternetGateway(_), Properties::InternetGateway(found)) => found.vpc.is_none(),
        _ => true,
    };
    this_way && planned.kind().changed_in_place().contains(&field)
}
